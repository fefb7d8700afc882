"""Entries and columns read back from a database, each verified before anybody sees it.

They never change once they are there, so what is long is read in pieces, each in a transaction of its own, and others may
append meanwhile. Break says at which entry the chain does not hold.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, Final

from reconciler.catalogue import say
from reconciler.journal import chain
from reconciler.journal.chain import Break
from reconciler.journal.database import Database
from reconciler.journal.entry import Columns, Contacted, Stored
from reconciler.journal.noted import Call, Row

ENTRIES_MAX: Final = 1_000  # at a time
COLUMNS_MAX: Final = 16  # at a time: a batch of 10,000 rows has half a megabyte of them


def last(database: Database) -> tuple[int, bytes]:
    """Number and hash of the last entry."""
    rows = database.execute("SELECT number, hash FROM entries ORDER BY number DESC LIMIT 1")
    if not rows or not isinstance(rows[0][1], bytes):
        raise Break(rows[0][0] if rows else 1, say("it is missing"))
    number, own = rows[0]
    return number, own


def bodies(database: Database, after: int) -> list[Row]:
    """The next entries after one, as (number, body, hash); Break where one is missing."""
    query = "SELECT number, body, hash FROM entries WHERE number > ? ORDER BY number LIMIT ?"
    rows = database.execute(query, (after, ENTRIES_MAX))
    for number, (at, body, own) in enumerate(rows, start=after + 1):
        if at != number or not isinstance(body, bytes) or not isinstance(own, bytes):
            raise Break(number, say("it is missing"))
    return rows


def follow(database: Database, number: int, previous: bytes) -> tuple[int, bytes]:
    """Verify the hashes of all entries after one that is verified; number and hash of the last."""
    while rows := bodies(database, number):
        for at, body, own in rows:
            if chain.link(previous, body) != own:
                raise Break(at, say("its hash does not agree with its content"))
            number, previous = at, own
    return number, previous


def stored(number: int, previous: Any, body: Any, own: Any) -> Stored:
    """An entry as read; Break when it, or the one before it, is not there. A damaged database may give any type."""
    before = chain.START if number == 1 else previous
    if not (isinstance(before, bytes) and isinstance(body, bytes) and isinstance(own, bytes)):
        raise Break(number, say("it is missing"))
    try:
        found = chain.read(before, body, own)
    except Break as broken:
        raise Break(number, broken.why) from broken
    if found.number != number:
        raise Break(number, say("it stands in another's place"))
    return found


def columns(database: Database, numbers: Sequence[int]) -> Iterator[Columns]:
    """The columns of a few entries, each checked against its entry, and that against the one before it."""
    marks = ", ".join("?" * len(numbers))
    query = f"""SELECT e.number, p.hash, e.body, e.hash, c.recipients, c.persons, c.contents
                FROM entries e LEFT JOIN entries p ON p.number = e.number - 1 LEFT JOIN columns c ON c.number = e.number
                WHERE e.number IN ({marks})"""
    rows = {row[0]: row for row in database.execute(query, numbers)}
    for number in numbers:
        _number, previous, body, own, *packed = rows.get(number, (number, *[None] * 6))
        yield bound(stored(number, previous, body, own), packed)


def contacted(database: Database, calls: Sequence[Call], since: datetime) -> Iterator[Contacted]:
    """Whom a few calls contact at `since` or later: intents say how and when, the entries that name their rows say whom."""
    found = []
    for call, intent in zip(calls, entries_at(database, [call.number for call in calls]), strict=True):
        channel, due = intent.entry.facts.get("channel"), intent.entry.facts.get("due", ())
        instants = [datetime.fromisoformat(at) for at in due] or [intent.entry.at]
        if call.rows_at and channel != "":
            found += [(call.rows_at, at, channel, intent.entry.container) for at in instants if at >= since]
    if not found:
        return
    numbers = sorted({rows_at for rows_at, *_ in found})
    persons = {number: one.persons for number, one in zip(numbers, columns(database, numbers), strict=True)}
    for rows_at, at, channel, container in found:
        if persons[rows_at]:
            yield Contacted(at=at, channel=channel, container=container, persons=persons[rows_at])


def entries_at(database: Database, numbers: Sequence[int]) -> Iterator[Stored]:
    """A few entries, each checked against the one before it."""
    marks = ", ".join("?" * len(numbers))
    query = f"""SELECT e.number, p.hash, e.body, e.hash FROM entries e LEFT JOIN entries p ON p.number = e.number - 1
                WHERE e.number IN ({marks})"""
    rows = {row[0]: row for row in database.execute(query, numbers)}
    for number in numbers:
        yield stored(*rows.get(number, (number, None, None, None)))


def check_columns(database: Database, entries: Sequence[Stored]) -> None:
    """Verify the columns of all of these entries, which follow each other; Break too where an entry has some that it does
    not name."""
    query = "SELECT number FROM columns WHERE number BETWEEN ? AND ?"
    there = {number for (number,) in database.execute(query, (entries[0].number, entries[-1].number))}
    with_columns = [entry.number for entry in entries if entry.digests or entry.number in there]
    for start in range(0, len(with_columns), COLUMNS_MAX):
        for _columns in columns(database, with_columns[start : start + COLUMNS_MAX]):
            pass


def no_columns_but_of(database: Database, last: int) -> None:
    """Break where columns are kept of an entry that is not among the first `last`."""
    if database.execute("SELECT 1 FROM columns WHERE number NOT BETWEEN 1 AND ? LIMIT 1", (last,)):
        raise Break(last + 1, say("it is missing, and its columns are there"))


def bound(entry: Stored, packed: Sequence[Any]) -> Columns:
    """The columns of an entry, checked against the digests in it."""
    recipients, persons, contents = (column if isinstance(column, bytes) else b"" for column in packed)
    found = Columns(recipients=recipients, persons=persons, contents=contents)
    if chain.digests(found) != entry.digests:
        raise Break(entry.number, say("its columns do not agree with it"))
    return found
