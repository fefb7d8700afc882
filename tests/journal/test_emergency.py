"""What the journal cannot take is kept beside it and taken in first."""

from __future__ import annotations

import fcntl
import stat
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.errors import JournalBroken
from reconciler.journal.emergency import NAME as EMERGENCY
from reconciler.journal.emergency import append_emergency, take_emergency
from reconciler.journal.entry import Entry, Event
from reconciler.resource import Action
from tests.journal import places
from tests.journal.histories import ACCOUNT, CAMPAIGN, NOW, call
from tests.journal.places import Place, journal_at, opened, refusal


@pytest.fixture
def folder(place: Place) -> Path:
    with journal_at(place) as journal:
        journal.append(call(Event.INTENT, "op", Action.CREATE, CAMPAIGN, ACCOUNT))
    places.folder(place).mkdir(exist_ok=True)
    return places.folder(place)


def test_the_next_opening_takes_it_in_first(place: Place, folder: Path) -> None:
    acked = call(Event.ACKED, "op", Action.CREATE, CAMPAIGN, ACCOUNT, id="7", score=5.0)
    append_emergency(folder, acked)
    append_emergency(folder, Entry(event=Event.RUN_ENDED, at=NOW))
    assert stat.S_IMODE((folder / EMERGENCY).stat().st_mode) == 0o600

    with journal_at(place) as journal:
        assert [stored.entry for stored in journal.entries()][2] == acked
        assert journal.memory().owned[CAMPAIGN].id == "7"
        head = journal.head

    assert not (folder / EMERGENCY).exists()
    assert (folder / f"{EMERGENCY}.taken-1").exists()
    with journal_at(place) as journal:
        assert journal.head == head


def test_each_file_is_put_away_under_its_own_name(place: Place, folder: Path) -> None:
    for _ in range(2):
        append_emergency(folder, Entry(event=Event.RUN_ENDED, at=NOW))
        opened(place).close()

    assert sorted(path.name for path in folder.glob("*.taken-*")) == [f"{EMERGENCY}.taken-1", f"{EMERGENCY}.taken-2"]


@pytest.mark.parametrize("keep", [1, 40, -1])
def test_an_unfinished_last_line_was_never_kept(place: Place, folder: Path, keep: int) -> None:
    append_emergency(folder, call(Event.ACKED, "op", Action.CREATE, CAMPAIGN, id="7"))
    whole = (folder / EMERGENCY).read_bytes()
    (folder / EMERGENCY).write_bytes(whole + whole[:keep])
    with journal_at(place) as journal:
        assert journal.verify().entries == 3


def test_a_line_after_an_unfinished_one_is_whole(place: Place, folder: Path) -> None:
    (folder / EMERGENCY).write_bytes(b'{"entry":{"at"')
    append_emergency(folder, call(Event.ACKED, "op", Action.CREATE, CAMPAIGN, id="7"))
    with journal_at(place) as journal:
        assert journal.verify().entries == 3


@pytest.mark.parametrize("damage", [lambda line: line.replace(b"acked", b"refused"), lambda _: b"{}\n", lambda _: b"\xff\n"])
def test_a_damaged_line_stops_everything(place: Place, folder: Path, damage: Callable[[bytes], bytes]) -> None:
    append_emergency(folder, call(Event.ACKED, "op", Action.CREATE, CAMPAIGN, id="7"))
    (folder / EMERGENCY).write_bytes(damage((folder / EMERGENCY).read_bytes()))

    assert refusal(place).code == "JRN003"
    assert (folder / EMERGENCY).exists()


def test_taking_it_in_twice_changes_nothing(place: Place, folder: Path) -> None:
    append_emergency(folder, call(Event.ACKED, "op", Action.CREATE, CAMPAIGN, ACCOUNT, id="7"))
    lines = (folder / EMERGENCY).read_bytes()
    with journal_at(place) as journal:
        once = journal.memory()
    (folder / EMERGENCY).write_bytes(lines)
    with journal_at(place) as journal:
        twice = journal.memory()

    assert (once.owned, once.unsettled, once.occurrences) == (twice.owned, twice.unsettled, twice.occurrences)


def test_a_file_that_another_process_took_in_first(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    append_emergency(folder, Entry(event=Event.RUN_ENDED, at=NOW))
    monkeypatch.setattr(fcntl, "flock", lambda *_: (folder / EMERGENCY).rename(folder / "taken"))

    assert take_emergency(folder, lambda _: pytest.fail("it was taken in already")) == 0


def test_a_file_that_cannot_be_read(place: Place, folder: Path) -> None:
    (folder / EMERGENCY).mkdir()

    assert refusal(place).code == "JRN004"


def test_a_folder_that_takes_nothing(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(JournalBroken) as caught:
        append_emergency(tmp_path / "file", Entry(event=Event.RUN_ENDED, at=NOW))

    assert caught.value.code == "JRN004"
