"""The SQLite layout: entries and their columns, which nothing changes, and tables derived from them, which anybody may rebuild.

The derived tables are what `memory()` reads, so a flipped bit there matters as much as one in an entry. They carry a sum:
the digests of all their rows added up, sealed with the journal's key together with the entry up to which they were derived.
It is kept up to date with every entry and compared when the journal is opened.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import sqlite3
from collections.abc import Iterable
from datetime import datetime
from typing import Any, Final

from reconciler.journal.entry import Event
from reconciler.journal.recall import PLACING, RULES, Attempt, Outcome, unsettled
from reconciler.plan.values import Memory, Owned, Placed
from reconciler.resource import Action, Address

# Forward only: a published step is never edited, a new one is added at the end. Version n has the first n steps.
STEPS: Final[tuple[tuple[str, ...], ...]] = (
    (
        "CREATE TABLE schema_version (version INTEGER NOT NULL) STRICT",
        "CREATE TABLE entries (number INTEGER PRIMARY KEY, body BLOB NOT NULL, hash BLOB NOT NULL) STRICT",
        """CREATE TABLE columns (number INTEGER PRIMARY KEY REFERENCES entries (number),
           recipients BLOB NOT NULL, persons BLOB NOT NULL, contents BLOB NOT NULL) STRICT""",
        "CREATE TABLE key (value BLOB NOT NULL) STRICT",
        *(
            f"""CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table}
                BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END"""
            for table in ("entries", "columns", "key")
            for verb in ("UPDATE", "DELETE")
        ),
        # INSERT OR REPLACE deletes without asking the triggers above.
        """CREATE TRIGGER entries_insert BEFORE INSERT ON entries
           WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM entries)
           BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END""",
        """CREATE TRIGGER columns_insert BEFORE INSERT ON columns
           WHEN NEW.number IS NOT (SELECT max(number) FROM entries)
             OR EXISTS (SELECT 1 FROM columns WHERE number = NEW.number)
           BEGIN SELECT RAISE(ABORT, 'the journal is append-only'); END""",
        """CREATE TABLE attempts (number INTEGER PRIMARY KEY, operation TEXT NOT NULL, run TEXT NOT NULL,
           address TEXT NOT NULL, action TEXT NOT NULL, call TEXT NOT NULL, container TEXT NOT NULL, count INTEGER NOT NULL,
           since TEXT NOT NULL, event TEXT NOT NULL, outcome TEXT NOT NULL, rows_at INTEGER NOT NULL, facts TEXT NOT NULL)
           STRICT""",
        "CREATE INDEX attempts_operation ON attempts (operation)",
        "CREATE INDEX attempts_container ON attempts (container, outcome)",
        "CREATE INDEX attempts_open ON attempts (number) WHERE outcome = 'open'",
        """CREATE TABLE owned (address TEXT PRIMARY KEY, id TEXT NOT NULL, container TEXT NOT NULL, name TEXT NOT NULL,
           fields TEXT NOT NULL, protect INTEGER NOT NULL, adopted INTEGER NOT NULL) STRICT""",
        "CREATE TABLE baselines (number INTEGER PRIMARY KEY, container TEXT NOT NULL) STRICT",
        "CREATE TABLE manual (key TEXT PRIMARY KEY) STRICT",
        "CREATE TABLE plans (seal TEXT PRIMARY KEY) STRICT",
        """CREATE TABLE derived (one INTEGER PRIMARY KEY, rules INTEGER NOT NULL, number INTEGER NOT NULL, head BLOB NOT NULL,
           sum BLOB NOT NULL, seal BLOB NOT NULL) STRICT""",
        "CREATE TABLE checkpoints (number INTEGER PRIMARY KEY, hash BLOB NOT NULL, seal BLOB NOT NULL) STRICT",
        """CREATE TABLE lease (one INTEGER PRIMARY KEY, holder TEXT NOT NULL, host TEXT NOT NULL, run TEXT NOT NULL,
           since TEXT NOT NULL) STRICT""",
    ),
)
VERSION: Final = len(STEPS)

# Every derived table, with the column that its rows are kept under.
DERIVED: Final = {"attempts": "number", "owned": "address", "baselines": "number", "manual": "key", "plans": "seal"}


class Tables:
    """The derived tables: a `Shelf` of recall, and what is read from it. Works inside its caller's transaction."""

    def __init__(self, connection: sqlite3.Connection, key: bytes) -> None:
        self._connection = connection
        self._key = key
        self._sum = 0

    def load(self) -> None:
        """Take up the sum where the last entry left it; before the first note of a transaction."""
        row = self._connection.execute("SELECT sum FROM derived").fetchone()
        self._sum = int.from_bytes(row[0]) if row else 0

    def save(self, number: int, head: bytes) -> None:
        """Say up to which entry the tables are derived; after the last note of a transaction."""
        total = self._sum.to_bytes(32)
        seal = self.seal(RULES, number, head, total)
        self._connection.execute("INSERT OR REPLACE INTO derived VALUES (1, ?, ?, ?, ?, ?)", (RULES, number, head, total, seal))

    def seal(self, *parts: object) -> bytes:
        """A keyed digest over `parts`."""
        return hmac.digest(self._key, repr(parts).encode(), "sha256")

    def derived_to(self) -> int:
        """The number of the entry up to which the tables were derived; 0 when they do not say so credibly."""
        row = self._connection.execute("SELECT rules, number, head, sum, seal FROM derived").fetchone()
        return int(row[1]) if row and row[4] == self.seal(*row[:4]) else 0

    def sound(self, number: int, head: bytes) -> bool:
        """Whether the tables are what follows, by these rules, from the entries up to `number`, each row as it was written."""
        try:
            row = self._connection.execute("SELECT rules, number, head, sum FROM derived").fetchone()
            if row is None or row[:3] != (RULES, number, head) or self.derived_to() != number:
                return False
            return self._whole() and self._counted() == int.from_bytes(row[3])
        except sqlite3.DatabaseError:
            return False

    def _whole(self) -> bool:
        """Whether SQLite finds every row of the tables, by their indexes too."""
        checks = (self._connection.execute(f"PRAGMA integrity_check({table})").fetchall() for table in DERIVED)
        return all(check == [("ok",)] for check in checks)

    def _counted(self) -> int:
        """The sum, from the rows themselves."""
        total = 0
        for table in DERIVED:
            for row in self._connection.execute(f"SELECT * FROM {table} NOT INDEXED"):
                total += _digest(table, row)
        return total % _MODULUS

    def clear(self) -> None:
        """Forget all notes, before deriving them again."""
        for table in DERIVED:
            self._connection.execute(f"DELETE FROM {table}")
        self._sum = 0

    def memory(self, head: str) -> Memory:
        """What planning needs to know."""
        still_open = self._attempts("outcome = ?", (Outcome.OPEN.value,))
        occurrences = self._connection.execute(
            "SELECT address, count(*) FROM attempts WHERE outcome <> ? GROUP BY address", (Outcome.NOT_DONE.value,)
        ).fetchall()
        placing = tuple(action.value for action in PLACING)
        placed = self._connection.execute(
            "SELECT address, container, sum(count), max(since) FROM attempts "
            f"WHERE outcome = ? AND action IN ({', '.join('?' * len(placing))}) GROUP BY address, container",
            (Outcome.DONE.value, *placing),
        ).fetchall()
        owned = [_owned(row) for row in self._connection.execute("SELECT * FROM owned ORDER BY address")]
        return Memory(
            owned={one.address: one for one in owned},
            unsettled=unsettled(still_open),
            occurrences={Address.parse(address): count for address, count in occurrences},
            manual_done=frozenset(key for (key,) in self._connection.execute("SELECT key FROM manual")),
            placed=tuple(sorted(map(_placed, placed), key=lambda one: (one.address, one.container))),
            head=head,
        )

    def attempts(self, operation: str) -> list[Attempt]:
        """See `Shelf`."""
        latest = "number = (SELECT max(number) FROM attempts WHERE operation = ?)"
        return self._attempts(f"operation = ? AND (outcome = 'open' OR {latest})", (operation, operation))

    def keep_attempt(self, attempt: Attempt) -> None:
        """See `Shelf`."""
        values = (
            attempt.number,
            attempt.operation,
            attempt.run,
            str(attempt.address),
            attempt.action.value,
            attempt.call,
            attempt.container,
            attempt.count,
            attempt.since.isoformat(),
            attempt.event.value,
            attempt.outcome.value,
            attempt.rows_at,
            json.dumps(attempt.facts),
        )
        self._keep("attempts", values)

    def owned(self, address: Address) -> Owned | None:
        """See `Shelf`."""
        row = self._connection.execute("SELECT * FROM owned WHERE address = ?", (str(address),)).fetchone()
        return _owned(row) if row else None

    def keep_owned(self, owned: Owned) -> None:
        """See `Shelf`."""
        fields = json.dumps(owned.fields)
        address = str(owned.address)
        self._keep("owned", (address, owned.id, owned.container, owned.name, fields, int(owned.protect), int(owned.adopted)))

    def drop_owned(self, address: Address) -> None:
        """See `Shelf`."""
        self._drop("owned", str(address))

    def keep_baseline(self, number: int, container: str) -> None:
        """See `Shelf`."""
        self._keep("baselines", (number, container))

    def keep_manual(self, key: str) -> None:
        """See `Shelf`."""
        self._keep("manual", (key,))

    def keep_plan(self, seal: str) -> None:
        """See `Shelf`."""
        self._keep("plans", (seal,))

    def plan_used(self, seal: str) -> bool:
        """Whether a saved plan of that seal was used."""
        return self._connection.execute("SELECT 1 FROM plans WHERE seal = ?", (seal,)).fetchone() is not None

    def _keep(self, table: str, values: tuple[Any, ...]) -> None:
        self._drop(table, values[0])
        self._connection.execute(f"INSERT INTO {table} VALUES ({', '.join('?' * len(values))})", values)
        self._sum = (self._sum + _digest(table, values)) % _MODULUS

    def _drop(self, table: str, key: Any) -> None:
        where = f"{DERIVED[table]} = ?"
        row = self._connection.execute(f"SELECT * FROM {table} WHERE {where}", (key,)).fetchone()
        if row:
            self._connection.execute(f"DELETE FROM {table} WHERE {where}", (key,))
            self._sum = (self._sum - _digest(table, row)) % _MODULUS

    def _attempts(self, where: str, values: Iterable[Any]) -> list[Attempt]:
        query = f"SELECT * FROM attempts WHERE {where} ORDER BY number"
        return [_attempt(row) for row in self._connection.execute(query, tuple(values))]


_MODULUS: Final = 2**256


def _digest(table: str, row: tuple[Any, ...]) -> int:
    return int.from_bytes(hashlib.sha256(repr((table, row)).encode()).digest())


def _attempt(row: tuple[Any, ...]) -> Attempt:
    number, operation, run, address, action, call, container, count, since, event, outcome, rows_at, facts = row
    return Attempt(
        number=number,
        operation=operation,
        run=run,
        address=Address.parse(address),
        action=Action(action),
        call=call,
        container=container,
        count=count,
        since=datetime.fromisoformat(since),
        event=Event(event),
        outcome=Outcome(outcome),
        rows_at=rows_at,
        facts=json.loads(facts),
    )


def _placed(row: tuple[str, str, int, str]) -> Placed:
    address, container, count, latest = row
    return Placed(address=Address.parse(address), container=container, count=count, latest=datetime.fromisoformat(latest))


def _owned(row: tuple[Any, ...]) -> Owned:
    address, identifier, container, name, fields, protect, adopted = row
    return Owned(
        address=Address.parse(address),
        id=identifier,
        container=container,
        name=name,
        fields=json.loads(fields),
        protect=bool(protect),
        adopted=bool(adopted),
    )
