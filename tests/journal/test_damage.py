"""Every change to what was written is seen: entries, columns, the key, one by one and byte by byte."""

from __future__ import annotations

import hashlib
from typing import Any

import pytest
import rfc8785

from reconciler.errors import JournalBroken
from reconciler.journal import ledger
from reconciler.journal.entry import Event
from reconciler.journal.store import Journal
from reconciler.resource import Action
from tests.journal.histories import HISTORY_ENTRIES, NOW, PLACE, call, history, rows, started
from tests.journal.places import Place, journal_at, opened, refusal


@pytest.mark.parametrize("table", ["entries", "columns", "key"])
@pytest.mark.parametrize("verb", ["UPDATE", "DELETE", "TRUNCATE", "INSERT"])
def test_the_database_refuses_to_change_what_was_written(place: Place, journal: Journal, table: str, verb: str) -> None:
    history(journal)
    file = "postgres" not in place.location
    column = {"entries": "hash", "columns": "recipients", "key": "value"}[table]
    statement = {
        "UPDATE": f"UPDATE {table} SET {column} = {column}",
        "DELETE": f"DELETE FROM {table}",
        "TRUNCATE": f"DELETE FROM {table}" if file else f"TRUNCATE {table} CASCADE",
        "INSERT": f"INSERT {'OR REPLACE' if file else ''} INTO {table} SELECT * FROM {table} LIMIT 1",
    }[verb]
    if table == "key" and verb == "INSERT":
        statement = "DELETE FROM key"

    with place.guarded() as execute, pytest.raises(RuntimeError, match="append-only"):
        execute(statement)

    assert journal.verify().broken == 0


def test_the_database_refuses_an_entry_out_of_turn(place: Place, journal: Journal) -> None:
    with place.guarded() as execute:
        for number in (0, 1, 3, 900):
            with pytest.raises(RuntimeError, match="append-only"):
                execute("INSERT INTO entries VALUES (?, ?, ?)", (number, b"{}", bytes(32)))
    assert journal.verify().entries == 1


@pytest.mark.parametrize("number", [HISTORY_ENTRIES, HISTORY_ENTRIES // 2, 1])
@pytest.mark.parametrize("column", ["body", "hash"])
def test_a_flipped_bit_in_an_entry_is_seen(place: Place, number: int, column: str) -> None:
    with journal_at(place) as journal:
        history(journal)
    with place.raw() as execute:
        ((whole,),) = execute(f"SELECT {column} FROM entries WHERE number = ?", (number,))
        for at in range(0, len(whole), 3 if column == "hash" else 23):
            flipped = bytearray(whole)
            flipped[at] ^= 1 << at % 8
            execute(f"UPDATE entries SET {column} = ? WHERE number = ?", (bytes(flipped), number))
            error = refusal(place)
            assert (error.code, error.place) == ("JRN003", str(number))
        execute(f"UPDATE entries SET {column} = ? WHERE number = ?", (whole, number))
    opened(place).close()


@pytest.mark.parametrize(
    ("statement", "number"),
    [
        ("DELETE FROM entries WHERE number = 4", 4),
        ("DELETE FROM entries WHERE number = 1", 1),
        ("DELETE FROM entries WHERE number > 20", 21),
        ("UPDATE entries SET number = 900 WHERE number = 9", 9),
        ("UPDATE entries SET number = 0 WHERE number = 9", 9),
        ("INSERT INTO entries SELECT 900, body, hash FROM entries WHERE number = 3", 25),
        ("UPDATE entries SET (body, hash) = (SELECT body, hash FROM entries WHERE number = 3) WHERE number = 9", 9),
    ],
)
def test_entries_cannot_be_removed_moved_or_added_unseen(place: Place, statement: str, number: int) -> None:
    with journal_at(place) as journal:
        history(journal)
        assert journal.verify().entries == HISTORY_ENTRIES
    with place.raw() as execute:
        execute(statement)

    assert (refusal(place).code, refusal(place).place) == ("JRN003", str(number))


@pytest.mark.parametrize("column", ["recipients", "persons", "contents"])
def test_columns_are_bound_to_their_entry(place: Place, column: str) -> None:
    with journal_at(place) as journal:
        stored = journal.append(call(Event.INTENT, "op-1", Action.ROWS_ADD), rows("a", "b"))
        journal.append(call(Event.ACKED, "op-1", Action.ROWS_ADD))
    with place.raw() as execute:
        ((whole,),) = execute(f"SELECT {column} FROM columns")
        for at in range(0, len(whole), 5):
            flipped = bytearray(whole)
            flipped[at] ^= 0x10
            execute(f"UPDATE columns SET {column} = ?", (bytes(flipped),))
            with journal_at(place) as journal:
                assert journal.verify().broken == stored.number
                with pytest.raises(JournalBroken) as caught:
                    list(journal.sent(PLACE))
                assert caught.value.place == str(stored.number)
        execute("DELETE FROM columns")
    with journal_at(place) as journal:
        found = journal.verify()
        assert (found.broken, found.entries, found.head) == (stored.number, stored.number - 1, stored.previous)


def test_columns_of_no_entry_are_seen(place: Place) -> None:
    with journal_at(place) as journal:
        journal.append(started())
    with place.raw() as execute:
        execute("INSERT INTO columns VALUES (?, ?, ?, ?)", (2, bytes(16), b"", b""))
    with journal_at(place) as journal:
        assert journal.verify().broken == 2
    for number in (77, 0):
        with place.raw() as execute:
            execute("UPDATE columns SET number = ?", (number,))
        with journal_at(place) as journal:
            assert journal.verify().broken == 3


def test_an_entry_that_another_process_damaged_stops_the_next_append(place: Place, journal: Journal) -> None:
    with journal_at(place) as other:
        other.append(started())
    with place.raw() as execute:
        ((body,),) = execute("SELECT body FROM entries WHERE number = 2")
        execute("UPDATE entries SET body = ? WHERE number = 2", (body.replace(b"run_started", b"run_ended"),))

    with pytest.raises(JournalBroken) as caught:
        journal.append(started())
    assert (caught.value.code, caught.value.place) == ("JRN003", "2")
    with pytest.raises(JournalBroken, match="entry 2"):
        journal.append(started())


def test_a_tail_that_another_process_removed_stops_the_next_append(place: Place, journal: Journal) -> None:
    history(journal)
    with place.raw() as execute:
        execute("DELETE FROM entries WHERE number > 20")

    with pytest.raises(JournalBroken, match="entry 21"):
        journal.append(started())


def test_an_entry_removed_while_the_journal_is_open_is_seen(place: Place, journal: Journal) -> None:
    history(journal)
    with place.raw() as execute:
        execute("DELETE FROM entries WHERE number = 4")

    assert journal.verify().broken == 4
    with pytest.raises(JournalBroken, match="entry 4"):
        list(journal.entries())
    with pytest.raises(JournalBroken, match="entry 4"):
        journal.rebuild()


def test_entries_that_are_all_gone_while_the_journal_is_open_are_seen(place: Place, journal: Journal) -> None:
    history(journal)
    with place.raw() as execute:
        for number in (7, 6):  # what was sent, and what it follows
            execute("DELETE FROM entries WHERE number = ?", (number,))
            with pytest.raises(JournalBroken, match="entry 7"):
                list(journal.sent(PLACE))
        execute("DELETE FROM entries")

    for ask in (lambda: journal.head, journal.memory, lambda: journal.append(started())):
        with pytest.raises(JournalBroken) as caught:
            ask()
        assert caught.value.code == "JRN003"


@pytest.mark.parametrize("change", [{"event": "invented later"}, {"number": 77}, {"at": None}])
def test_an_entry_that_is_not_understood_is_not_passed_over(place: Place, change: dict[str, Any]) -> None:
    with journal_at(place) as journal:
        stored = journal.append(started())
    previous = bytes.fromhex(stored.hash)
    body = rfc8785.dumps({"number": 3, "event": "run_ended", "at": NOW.isoformat(), **change})
    with place.raw() as execute:
        execute("INSERT INTO entries VALUES (3, ?, ?)", (body, hashlib.sha256(previous + body).digest()))

    assert refusal(place).place == "3"


def test_a_damaged_key_is_seen(place: Place) -> None:
    opened(place).close()
    with place.raw() as execute:
        execute("UPDATE key SET value = ?", (bytes(32),))

    assert refusal(place).code == "JRN003"


def test_a_long_journal_is_verified_from_its_checkpoint(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ledger, "WHOLE_MAX", 10)
    monkeypatch.setattr(ledger, "CHECKPOINT_EVERY", 5)
    with journal_at(place) as journal:
        history(journal)
    with place.raw() as execute:
        assert execute("SELECT max(number) FROM checkpoints") == [(21,)]
        execute("UPDATE entries SET hash = ? WHERE number = 8", (bytes(32),))
        with journal_at(place) as journal:
            assert journal.verify().broken == 8
            with pytest.raises(JournalBroken):
                list(journal.sent(PLACE))  # uses the entry
        execute("UPDATE entries SET hash = ? WHERE number = 23", (bytes(32),))
        assert refusal(place).place == "23"
        execute("UPDATE checkpoints SET seal = ?", (bytes(32),))

    assert refusal(place).place == "8"


def test_a_long_journal_that_was_verified_leaves_a_checkpoint(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with journal_at(place) as journal:
        history(journal)
    monkeypatch.setattr(ledger, "WHOLE_MAX", 10)
    monkeypatch.setattr(ledger, "CHECKPOINT_EVERY", 5)
    for _opening in range(2):
        opened(place).close()

    with place.raw() as execute:
        assert execute("SELECT number FROM checkpoints") == [(HISTORY_ENTRIES,)]
