"""What is appended is kept, in order, whoever appends and however this ends."""

from __future__ import annotations

import hashlib
import json
import os
import signal
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime

import pytest
import rfc8785

from reconciler.errors import JournalBroken
from reconciler.journal.entry import Columns, Entry, Event, Verified
from reconciler.journal.store import Journal
from reconciler.personal import Secret
from reconciler.resource import Action
from tests.journal.histories import BASE, CAMPAIGN, NOW, PLACE, call, history, loaded, packed, recipients, rows, started
from tests.journal.places import Place, emergency, fail_to_commit, journal_at, opened, run_python


def test_an_entry_comes_back_as_it_was(journal: Journal) -> None:
    entry = Entry(
        event=Event.INTENT,
        at=datetime(2026, 3, 2, 5, 0, 0, 123456, tzinfo=UTC).astimezone(),
        run="run-1",
        operation="op-1",
        address=CAMPAIGN,
        action=Action.UPDATE,
        call="edit_campaign",
        container=PLACE,
        generation=3,
        count=12,
        boot="b00t",
        clock_s=12.5,
        facts={"fields": {"label": "ñandú \u2028", "from": None}, "ids": ["1", "2"], "ratio": 0.1},
    )

    stored = journal.append(entry, rows("a"))

    assert stored.entry == entry
    assert list(journal.entries())[-1] == stored
    assert stored.hash == journal.head
    assert set(stored.digests) == {"recipients", "persons", "contents"}


def test_what_a_platform_said_can_be_recorded_whatever_it_holds(journal: Journal) -> None:
    facts = {"why": "half \ud800 and \x00", "big": 2**60, "nan": float("nan"), "pair": (1, 2), "yes": True}

    stored = journal.append(Entry(event=Event.RUN_ENDED, at=NOW, facts=facts))

    assert stored.entry.facts == {
        "why": "half \ufffd and \x00",
        "big": str(2**60),
        "nan": "nan",
        "pair": [1, 2],
        "yes": True,
    }
    assert list(journal.entries())[-1] == stored


@pytest.mark.parametrize(
    ("entry", "columns"),
    [
        (Entry(event=Event.RUN_ENDED, at=datetime(2026, 3, 2)), Columns()),  # noqa: DTZ001 - the mistake under test
        (Entry(event=Event.RUN_ENDED, at=NOW, facts={"token": Secret("abc")}), Columns()),
        (Entry(event=Event.INTENT, at=NOW, operation="op"), Columns()),
        (Entry(event=Event.RUN_ENDED, at=NOW, container="a\0b"), Columns()),
        (Entry(event=Event.RUN_ENDED, at=NOW), Columns(recipients=b"17 bytes are not!")),
    ],
)
def test_what_is_no_entry_is_refused_and_leaves_nothing(journal: Journal, entry: Entry, columns: Columns) -> None:
    before = journal.head

    with pytest.raises((TypeError, ValueError)):
        journal.append(entry, columns)

    assert journal.head == before
    journal.append(Entry(event=Event.RUN_ENDED, at=NOW))


def test_each_entry_holds_the_hash_of_the_one_before(place: Place, journal: Journal) -> None:
    history(journal)
    previous = "00" * 32
    with place.guarded() as execute:
        bodies = [body for (body,) in execute("SELECT body FROM entries ORDER BY number")]
    for stored, body in zip(journal.entries(), bodies, strict=True):
        assert stored.previous == previous
        assert body == rfc8785.dumps(json.loads(body))
        assert stored.hash == hashlib.sha256(bytes.fromhex(previous) + body).hexdigest()
        previous = stored.hash
    assert journal.verify() == Verified(entries=len(bodies), head=previous)


def test_entries_of_one_run(journal: Journal) -> None:
    history(journal)
    journal.append(Entry(event=Event.RUN_STARTED, at=NOW, run="run-10", facts={"after": "run-1"}))

    assert [stored.entry.run for stored in journal.entries("run-10")] == ["run-10"]
    assert {stored.entry.run for stored in journal.entries("run-1")} == {"run-1"}


def test_two_processes_may_write_in_turn(place: Place, journal: Journal) -> None:
    with journal_at(place) as other:
        for writer in (journal, other, other, journal):
            writer.append(Entry(event=Event.RUN_STARTED, at=NOW))

        assert journal.head == other.head
        assert journal.verify().entries == 5
        assert not other.fresh


def test_threads_may_append_at_once(journal: Journal) -> None:
    def write(name: str) -> None:
        for number in range(20):
            journal.append(call(Event.INTENT, f"{name}-{number}", Action.ROWS_ADD, count=1), rows(name))
            journal.append(call(Event.ACKED, f"{name}-{number}", Action.ROWS_ADD))
            assert loaded(journal.memory())[BASE] > number

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(write, "abcd"))

    assert journal.verify() == Verified(entries=161, head=journal.head)
    assert loaded(journal.memory()) == {BASE: 80}


def test_one_may_append_while_reading(journal: Journal) -> None:
    history(journal)
    found = journal.sent(PLACE)
    first = next(found)
    journal.append(call(Event.INTENT, "op-new", Action.ROWS_ADD), rows("new"))

    assert recipients(iter([first, *found])) == recipients(journal.sent(PLACE))


def test_a_closed_journal_is_not_a_damaged_one(place: Place) -> None:
    journal = opened(place)
    journal.close()

    with pytest.raises(ValueError, match="closed"):
        journal.memory()
    with pytest.raises(ValueError, match="closed"):
        journal.append(started())


def test_what_was_appended_survives_a_kill(place: Place) -> None:
    program = """
journal.append(call(Event.INTENT, "op-1", Action.ROWS_ADD), rows("a"))
journal.append_all([call(Event.ACKED, "op-1", Action.ROWS_ADD)], synced=False)
os.kill(os.getpid(), signal.SIGKILL)
"""
    done = run_python(place, program)

    assert done.returncode == -signal.SIGKILL, done.stderr
    with journal_at(place) as journal:
        assert recipients(journal.sent(PLACE)) == packed("ra")


def test_several_entries_are_added_all_or_none(journal: Journal) -> None:
    before = journal.head
    broken = Entry(event=Event.RUN_ENDED, at=datetime(2026, 3, 2))  # noqa: DTZ001 - the mistake under test
    for entries in ([started(), broken], [started(), call(Event.ACKED, "never begun", Action.ROWS_ADD)]):
        with pytest.raises(ValueError, match=r"offset|may not follow"):
            journal.append_all(entries)
        assert journal.head == before

    journal.append_all([])
    assert journal.head == before
    journal.append_all([started(), started()])
    assert journal.verify() == Verified(entries=3, head=journal.head)


def test_a_forked_process_has_no_journal(journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    journal.append(started())
    child = os.fork()
    if not child:
        try:
            journal.append(started())
        except RuntimeError:
            os._exit(7)
        os._exit(1)

    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    with monkeypatch.context() as patched:
        patched.setattr(os, "getpid", lambda: child)
        with pytest.raises(RuntimeError):
            journal.append(started())
    journal.append(started())
    assert journal.verify().entries == 3


class TestWhatIsNotSynced:
    """Outcomes that a loss of power may take back, and nothing else may."""

    def test_it_is_there_for_everybody_at_once(self, place: Place, journal: Journal) -> None:
        journal.append(call(Event.INTENT, "op", Action.ROWS_ADD, count=1), rows("a"))
        journal.append_all([call(Event.ACKED, "op", Action.ROWS_ADD)], synced=False)

        with journal_at(place) as other:
            assert recipients(other.sent(PLACE)) == packed("ra")
            assert other.head == journal.head

    def test_only_that_commit_is_not_synced(self, place: Place, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
        said: list[tuple[bool, str]] = []
        database = vars(journal)["_database"]
        writing = type(database).writing

        def asked(self: object, *, synced: bool = True) -> object:
            said.append((synced, place.location))
            return writing(self, synced=synced)

        monkeypatch.setattr(type(database), "writing", asked)
        journal.append(call(Event.INTENT, "op", Action.ROWS_ADD))
        journal.append_all([call(Event.ACKED, "op", Action.ROWS_ADD)], synced=False)
        journal.append_all([call(Event.VERIFIED, "op", Action.ROWS_ADD)])

        assert [synced for synced, _place in said] == [True, False, True]

    def test_it_goes_to_the_emergency_file_when_a_later_entry_cannot_be_kept(
        self, place: Place, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with journal_at(place) as journal:
            for operation in ("op-1", "op-2"):
                journal.append(call(Event.INTENT, operation, Action.ROWS_ADD, count=1), rows(operation))
                journal.append_all([call(Event.ACKED, operation, Action.ROWS_ADD)], synced=False)
            with monkeypatch.context() as patched:
                fail_to_commit(place, journal, patched)
                with pytest.raises(JournalBroken) as caught:
                    journal.append(call(Event.INTENT, "op-3", Action.ROWS_ADD, count=1), rows("op-3"))
            assert caught.value.code == "JRN004"
            kept = emergency(place).path.read_text("utf-8")
            assert (kept.count("op-1"), kept.count("op-2"), kept.count("op-3")) == (0, 1, 0)
            with pytest.raises(JournalBroken):
                journal.append(started())
            assert emergency(place).path.read_text("utf-8") == kept

        with journal_at(place) as journal:
            assert recipients(journal.sent(PLACE)) == recipients(iter([rows("op-1"), rows("op-2")]))
            assert journal.verify().broken == 0

    def test_what_a_synced_entry_followed_is_on_disk(self, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
        with journal_at(place) as journal:
            journal.append(call(Event.INTENT, "op", Action.ROWS_ADD))
            journal.append_all([call(Event.ACKED, "op", Action.ROWS_ADD)], synced=False)
            journal.append_all([call(Event.VERIFIED, "op", Action.ROWS_ADD)])
            fail_to_commit(place, journal, monkeypatch)
            with pytest.raises(JournalBroken):
                journal.append(started())

        assert not emergency(place).path.exists()
