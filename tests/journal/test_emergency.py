"""What the journal cannot take is kept beside it and taken in first."""

from __future__ import annotations

import fcntl
import hashlib
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from reconciler.errors import JournalBroken
from reconciler.journal import canonical, chain
from reconciler.journal.emergency import UNNAMED, Emergency, append_emergency, take_emergency
from reconciler.journal.entry import Entry, Event
from reconciler.resource import Action
from tests.journal.histories import ACCOUNT, CAMPAIGN, NOW, call
from tests.journal.places import Place, emergency, journal_at, opened, refusal


@pytest.fixture
def kept(place: Place) -> Emergency:
    """Where what this journal cannot take is kept."""
    with journal_at(place) as journal:
        journal.append(call(Event.INTENT, "op", Action.CREATE, CAMPAIGN, ACCOUNT))
    found = emergency(place)
    found.folder.mkdir(exist_ok=True)
    return found


ANSWERED: Final = call(Event.ACKED, "op", Action.CREATE, CAMPAIGN, ACCOUNT, id="7")
OTHER: Final = "0" * 32


def test_the_next_opening_takes_it_in_first(place: Place, kept: Emergency) -> None:
    acked = call(Event.ACKED, "op", Action.CREATE, CAMPAIGN, ACCOUNT, id="7", score=5.0)
    append_emergency(kept, acked)
    append_emergency(kept, Entry(event=Event.RUN_ENDED, at=NOW))
    assert stat.S_IMODE(kept.path.stat().st_mode) == 0o600

    with journal_at(place) as journal:
        assert [stored.entry for stored in journal.entries()][2] == acked
        assert journal.memory().owned[CAMPAIGN].id == "7"
        head = journal.head

    assert not kept.path.exists()
    assert taken(kept) == [f"{kept.path.name}.taken-1"]
    with journal_at(place) as journal:
        assert journal.head == head


def taken(kept: Emergency) -> list[str]:
    return sorted(path.name for path in kept.folder.glob("*.taken-*"))


def test_each_file_is_put_away_under_its_own_name(place: Place, kept: Emergency) -> None:
    for _ in range(2):
        append_emergency(kept, Entry(event=Event.RUN_ENDED, at=NOW))
        opened(place).close()

    assert taken(kept) == [f"{kept.path.name}.taken-1", f"{kept.path.name}.taken-2"]


@pytest.mark.parametrize("keep", [1, 40, -1])
def test_an_unfinished_last_line_was_never_kept(place: Place, kept: Emergency, keep: int) -> None:
    append_emergency(kept, call(Event.ACKED, "op", Action.CREATE, CAMPAIGN, id="7"))
    whole = kept.path.read_bytes()
    kept.path.write_bytes(whole + whole[:keep])
    with journal_at(place) as journal:
        assert journal.verify().entries == 3


def test_a_line_after_an_unfinished_one_is_whole(place: Place, kept: Emergency) -> None:
    kept.path.write_bytes(b'{"entry":{"at"')
    append_emergency(kept, call(Event.ACKED, "op", Action.CREATE, CAMPAIGN, id="7"))
    with journal_at(place) as journal:
        assert journal.verify().entries == 3


@pytest.mark.parametrize(
    "damage", [lambda line: line.replace(b"acked", b"refused"), lambda _: b"{}\n", lambda _: b"[]\n", lambda _: b"\xff\n"]
)
def test_a_damaged_line_stops_everything(place: Place, kept: Emergency, damage: Callable[[bytes], bytes]) -> None:
    append_emergency(kept, call(Event.ACKED, "op", Action.CREATE, CAMPAIGN, id="7"))
    kept.path.write_bytes(damage(kept.path.read_bytes()))

    assert refusal(place).code == "JRN003"
    assert kept.path.exists()


@pytest.mark.usefixtures("kept")
def test_a_file_that_cannot_be_read(place: Place) -> None:
    emergency(place).path.mkdir()

    assert refusal(place).code == "JRN004"


def test_what_another_journal_of_the_folder_could_not_take_stays_where_it_is(place: Place, kept: Emergency) -> None:
    others = emergency(place, OTHER)
    append_emergency(others, ANSWERED)
    lines = others.path.read_bytes()
    with journal_at(place) as journal:
        assert not journal.memory().owned
        assert journal.verify().entries == 2

    assert others.path.read_bytes() == lines
    assert not kept.path.exists()
    assert not taken(kept)


def test_a_line_of_another_journal_is_refused_whatever_the_file_is_called(place: Place, kept: Emergency) -> None:
    append_emergency(emergency(place, OTHER), ANSWERED)
    emergency(place, OTHER).path.rename(kept.path)
    said = refusal(place)

    assert said.code == "JRN002"
    assert kept.path.name in said.message
    assert kept.path.exists()


def test_a_line_whose_journal_was_written_over_does_not_verify(place: Place, kept: Emergency) -> None:
    append_emergency(emergency(place, OTHER), ANSWERED)
    emergency(place, OTHER).path.rename(kept.path)
    for journal in (b'"journal":"%b",' % kept.journal.encode(), b""):
        line = kept.path.read_bytes()
        kept.path.write_bytes(line.replace(b'"journal":"%b",' % OTHER.encode(), journal))

        assert refusal(place).code == "JRN003"
        kept.path.write_bytes(line)


def test_an_old_file_that_does_not_say_whose_it_is_waits_for_a_person(place: Place, kept: Emergency) -> None:
    """It is taken in by nobody, and not lost: given the journal's name, it is that journal's."""
    content = chain.entry_json(ANSWERED)
    line = canonical.dumps({"entry": content, "sha256": hashlib.sha256(canonical.dumps(content)).hexdigest()})
    old = kept.folder / UNNAMED
    old.write_bytes(line + b"\n")
    append_emergency(kept, Entry(event=Event.RUN_ENDED, at=NOW))
    said = refusal(place)

    assert said.code == "JRN007"
    assert UNNAMED in said.message
    assert kept.path.name in said.remedy
    assert not kept.path.exists()  # nothing that the old one could be written over
    assert old.read_bytes() == line + b"\n"

    old.rename(kept.path)
    with journal_at(place) as journal:
        assert journal.memory().owned[CAMPAIGN].id == "7"
        assert journal.verify().entries == 4


def test_an_old_file_that_holds_no_whole_line_holds_nothing(place: Place, kept: Emergency) -> None:
    (kept.folder / UNNAMED).write_bytes(b'{"entry":{"at"')
    opened(place).close()


def test_taking_it_in_twice_changes_nothing(place: Place, kept: Emergency) -> None:
    append_emergency(kept, call(Event.ACKED, "op", Action.CREATE, CAMPAIGN, ACCOUNT, id="7"))
    lines = kept.path.read_bytes()
    with journal_at(place) as journal:
        once = journal.memory()
    kept.path.write_bytes(lines)
    with journal_at(place) as journal:
        twice = journal.memory()

    assert (once.owned, once.unsettled, once.occurrences) == (twice.owned, twice.unsettled, twice.occurrences)


def test_a_file_that_another_process_took_in_first(kept: Emergency, monkeypatch: pytest.MonkeyPatch) -> None:
    append_emergency(kept, Entry(event=Event.RUN_ENDED, at=NOW))
    monkeypatch.setattr(fcntl, "flock", lambda *_: kept.path.rename(kept.folder / "taken"))

    assert take_emergency(kept, lambda _: pytest.fail("it was taken in already")) == 0


def test_a_folder_that_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JournalBroken) as caught:
        append_emergency(Emergency(folder=tmp_path / "file", journal=OTHER), Entry(event=Event.RUN_ENDED, at=NOW))

    assert caught.value.code == "JRN004"
