"""The tables derived from the entries: what `memory()` and the columns of rows are read from.

A flipped bit there matters as much as one in an entry, so every row is under a sum: the digests of all rows of a table added
up. What a journal needs at once (calls not settled, what is ours, what was placed) is small, and is counted when it is
opened. Settled calls are many: they have a sum for each container, which is counted when that container is first used. The
sums of all containers are added up in turn, so that none can be lost; the whole is sealed with the journal's key, together
with the entry up to which it was derived. Entries after that one are folded in when they are needed (`notebook`).
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from reconciler.journal import canonical
from reconciler.journal.database import Database
from reconciler.journal.entry import Event
from reconciler.journal.noted import Call, Row, attempt_of, attempt_row, calls_of, list_of, list_row, owned_of, owned_row
from reconciler.journal.recall import PLACING, RULES, Attempt, Outcome, final, unsettled
from reconciler.plan.known import Memory, Owned, Placed
from reconciler.plan.suppression import ListUsed
from reconciler.resource import Address

# What is counted at opening, in the order of their sums, with the columns of their primary keys.
_SMALL: Final[Mapping[str, tuple[str, ...]]] = {
    "pending": ("container", "operation", "number"),
    "tallies": ("address", "container"),
    "owned": ("address",),
    "baselines": ("container", "number"),
    "manual": ("key",),
    "plans": ("seal",),
    "lists": ("name",),
    "sources": ("address",),
    "sums": ("container",),
}
_KEYS: Final = {**_SMALL, "settled": ("container", "operation", "number")}
_COLUMNS: Final = {
    "pending": 13,
    "settled": 13,
    "tallies": 6,
    "owned": 2,
    "baselines": 2,
    "manual": 1,
    "plans": 1,
    "lists": 2,
    "sources": 2,
    "sums": 2,
}
_INSERT: Final = {table: f"INSERT INTO {table} VALUES ({', '.join('?' * count)})" for table, count in _COLUMNS.items()}
_WHERE: Final = {table: " AND ".join(f"{name} = ?" for name in names) for table, names in _KEYS.items()}
_SAME: Final = {table: f"SELECT * FROM {table} WHERE {where}" for table, where in _WHERE.items()}
_DELETE: Final = {table: f"DELETE FROM {table} WHERE {where}" for table, where in _WHERE.items()}
_SUM_BYTES: Final = 32
_MARK: Final = """INSERT INTO tail VALUES (1, ?, ?, ?)
    ON CONFLICT (one) DO UPDATE SET number = excluded.number, hash = excluded.hash, seal = excluded.seal"""
_MODULUS: Final = 2 ** (8 * _SUM_BYTES)


class Unsound(Exception):
    """The tables are not what was derived from the entries; they are derived again."""


class Tables:
    """The derived tables: what is put into them, and what is read from them. Works inside its caller's transaction."""

    def __init__(self, database: Database, key: bytes) -> None:
        self._database = database
        self._key = key
        self.forget()

    def forget(self) -> None:
        """Nothing is known of what the tables hold."""
        self.base: int | None = None  # the entry up to which they are derived
        self._sums = dict.fromkeys(_SMALL, 0)

    def load(self) -> tuple[int, bytes] | None:
        """Take up the sums where they were saved; number and hash of the entry up to which the tables are derived, None where
        they do not say so credibly.
        """
        self.forget()
        row = self._sealed()
        if row is None or row[0] != RULES or len(row[3]) != _SUM_BYTES * len(_SMALL):
            return None
        _rules, number, head, total = row
        if self._database.execute("SELECT hash FROM entries WHERE number = ?", (number,)) != [(head,)]:
            return None
        parts = (total[start : start + _SUM_BYTES] for start in range(0, len(total), _SUM_BYTES))
        self._sums = {table: int.from_bytes(part) for table, part in zip(_SMALL, parts, strict=True)}
        self.base = number
        return number, head

    def save(self, number: int, head: bytes) -> None:
        """Say up to which entry the tables are derived; after the last row of a transaction."""
        total = b"".join(part.to_bytes(_SUM_BYTES) for part in self._sums.values())
        seal = self.seal(RULES, number, head, total)
        self._database.execute(
            "INSERT INTO derived VALUES (1, ?, ?, ?, ?, ?) ON CONFLICT (one) DO UPDATE SET rules = excluded.rules, "
            "number = excluded.number, head = excluded.head, sum = excluded.sum, seal = excluded.seal",
            (RULES, number, head, total, seal),
        )
        self.base = number

    def mark(self, number: int, own: bytes) -> None:
        """Say which entry is the last, so that it is missed when it is gone."""
        self._database.execute(_MARK, (number, own, self._tail_seal(number, own)))

    def seal(self, *parts: object) -> bytes:
        """A keyed digest over `parts`."""
        return hmac.digest(self._key, repr(parts).encode(), "sha256")

    def known_to(self) -> int:
        """The number of the last entry that there was, as far as the tables say so credibly."""
        row = self._sealed()
        tail = self._database.execute("SELECT number, hash, seal FROM tail")
        marked = [number for number, own, seal in tail if seal == self._tail_seal(number, own)]
        known: int = max([row[1] if row else 0, *marked])
        return known

    def current(self) -> bool:
        """Whether they are derived from all entries there are."""
        last = "SELECT d.number = (SELECT max(number) FROM entries) FROM derived d"
        return [bool(one) for (one,) in self._database.execute(last)] == [True]

    def sound(self) -> bool:
        """Whether what is needed at once is there, each row as it was written."""
        return self.load() is not None and all(self._counted(table) == self._sums[table] for table in _SMALL)

    def sound_in(self, container: str) -> bool:
        """Whether the settled calls of a container are there, each as it was written."""
        settled = self._database.execute("SELECT * FROM settled WHERE container = ?", (container,))
        return sum(_digest("settled", row) for row in settled) % _MODULUS == self._sum_in(container)

    def clear(self) -> None:
        """Forget all notes, before deriving them again."""
        for table in (*_KEYS, "derived"):
            self._database.execute(f"DELETE FROM {table}")
        self.forget()

    def memory(self, head: str) -> Memory:
        """What planning needs to know."""
        pending = sorted(map(attempt_of, self._database.execute("SELECT * FROM pending")), key=lambda one: one.number)
        tallies = self._database.execute("SELECT address, container, begun, placings, rows, latest FROM tallies")
        occurrences: dict[Address, int] = {}
        placed = []
        for text, container, begun, placings, count, latest in tallies:
            address = Address.parse(text)
            if begun:
                occurrences[address] = occurrences.get(address, 0) + begun
            if placings:
                latest_at = datetime.fromisoformat(latest)
                placed.append(Placed(address=address, container=container, count=count, latest=latest_at))
        owned = sorted(map(owned_of, self._database.execute("SELECT * FROM owned")), key=lambda one: one.address)
        return Memory(
            owned={one.address: one for one in owned},
            unsettled=unsettled(attempt for attempt in pending if attempt.outcome is Outcome.OPEN),
            unread=unsettled(attempt for attempt in pending if attempt.event is Event.ACKED),
            occurrences=occurrences,
            manual_done=frozenset(key for (key,) in self._database.execute("SELECT key FROM manual")),
            placed=tuple(sorted(placed, key=lambda one: (one.address, one.container))),
            lists=tuple(list_of(row) for row in self._database.execute("SELECT * FROM lists ORDER BY name")),
            sources={Address.parse(text): rows for text, rows in self._database.execute("SELECT * FROM sources")},
            head=head,
        )

    def calls(self, container: str) -> list[Call]:
        """The calls in a container, oldest first; Unsound when one that is settled is not there as it was written."""
        settled = self._database.execute("SELECT * FROM settled WHERE container = ?", (container,))
        if sum(_digest("settled", row) for row in settled) % _MODULUS != self._sum_in(container):
            raise Unsound
        pending = self._database.execute("SELECT * FROM pending WHERE container = ?", (container,))
        return calls_of((*settled, *pending))

    def containers(self) -> list[str]:
        """Where something was begun; Unsound when that is not everywhere."""
        known = [container for (container,) in self._database.execute("SELECT container FROM sums")]
        there = self._database.execute("SELECT container FROM settled UNION SELECT container FROM pending")
        found = {container for (container,) in there}
        if not found.issuperset(known):
            raise Unsound
        return sorted(found)

    def open_calls(self, container: str = "") -> list[Call]:
        """The calls whose outcome is unknown, in a container or (without one) in all; oldest first."""
        rows = self._database.execute("SELECT * FROM pending WHERE ? IN ('', container)", (container,))
        return [call for call in calls_of(rows) if call.outcome is Outcome.OPEN]

    def baselines(self, container: str) -> list[int]:
        """The entries that name rows which were in `container` when it was adopted."""
        query = "SELECT number FROM baselines WHERE container = ?"
        return [number for (number,) in self._database.execute(query, (container,))]

    def attempts(self, container: str, operation: str) -> list[Attempt]:
        """The unfinished attempts of an operation and its latest one, oldest first."""
        one = "SELECT * FROM {} WHERE container = ? AND operation = ?"
        query = f"{one.format('pending')} UNION ALL {one.format('settled')} ORDER BY number"
        found = list(map(attempt_of, self._database.execute(query, (container, operation, container, operation))))
        return [attempt for attempt in found if not final(attempt.event) or attempt is found[-1]]

    def owned(self, address: Address) -> Owned | None:
        """What is ours there."""
        rows = self._same("owned", [(str(address),)])
        return owned_of(rows[0]) if rows else None

    def put_attempts(self, changes: Iterable[tuple[Attempt, Attempt | None]]) -> None:
        """Put attempts where they were before, or where they were not; a call once settled is never pending again."""
        gone: dict[str, list[Row]] = {"pending": [], "settled": []}
        there: dict[str, list[Row]] = {"pending": [], "settled": []}
        tallies: dict[Row, _Tally] = {}
        for now, before in changes:
            there[_shelf(now)].append(attempt_row(now))
            if before is not None:
                gone[_shelf(before)].append(attempt_row(before))
            tallies.setdefault((str(now.address), now.container), _Tally()).count(now, before)
        self._drop("pending", gone["pending"])
        self._put("pending", there["pending"])
        self._delete("settled", gone["settled"])
        self._insert("settled", there["settled"])
        self._sum_up(gone["settled"], there["settled"])
        self._tally(tallies)

    def put_owned(self, changes: Iterable[tuple[Owned | None, Owned | None]]) -> None:
        """Put what is ours where it was before, or where nothing was; None: nothing is."""
        changed = [(now, before) for now, before in changes if now is not before]
        self._drop("owned", [owned_row(before) for _now, before in changed if before])
        self._put("owned", [owned_row(now) for now, _before in changed if now])

    def put_baselines(self, baselines: Iterable[tuple[int, str]]) -> None:
        """These entries name rows that were in a container when it was adopted."""
        self._keep("baselines", [(container, number) for number, container in baselines])

    def put_manual(self, keys: Iterable[str]) -> None:
        """A person did these steps."""
        self._keep("manual", [(key,) for key in dict.fromkeys(keys)])

    def put_plans(self, seals: Iterable[str]) -> None:
        """These saved plans were used."""
        self._keep("plans", [(seal,) for seal in dict.fromkeys(seals)])

    def put_lists(self, lists: Iterable[ListUsed]) -> None:
        """These lists were used last, and no others."""
        self._drop("lists", self._database.execute("SELECT * FROM lists"))
        self._put("lists", [list_row(one) for one in lists])

    def put_sources(self, sources: Mapping[Address, int]) -> None:
        """The sources at these addresses had so many rows when an apply of them began."""
        self._keep("sources", [(str(address), rows) for address, rows in sources.items()])

    def plan_used(self, seal: str) -> bool:
        """Whether a saved plan of that seal was used."""
        return bool(self._database.execute("SELECT 1 FROM plans WHERE seal = ?", (seal,)))

    def _tail_seal(self, number: object, own: object) -> bytes:
        """A keyed digest that is quickly made: it is written with every entry."""
        return hashlib.blake2b(repr((number, own)).encode(), key=self._key, digest_size=32).digest()

    def _sealed(self) -> Row | None:
        """Rules, number, head and sums, where they are what was sealed."""
        rows = self._database.execute("SELECT rules, number, head, sum, seal FROM derived")
        return rows[0][:4] if len(rows) == 1 and rows[0][4] == self.seal(*rows[0][:4]) else None

    def _counted(self, table: str) -> int:
        """The sum, from the rows themselves."""
        return sum(_digest(table, row) for row in self._database.execute(f"SELECT * FROM {table}")) % _MODULUS

    def _sum_in(self, container: str) -> int:
        """What the settled calls of a container add up to, as it was kept."""
        rows = self._database.execute("SELECT sum FROM sums WHERE container = ?", (container,))
        return int.from_bytes(rows[0][0]) if rows else 0

    def _sum_up(self, gone: Iterable[Row], there: Iterable[Row]) -> None:
        """Count settled calls in the sums of their containers, or out of them."""
        changes: dict[str, int] = {}
        for rows, sign in ((gone, -1), (there, 1)):
            for row in rows:
                changes[row[0]] = changes.get(row[0], 0) + sign * _digest("settled", row)
        totals = {container: (self._sum_in(container) + change) % _MODULUS for container, change in changes.items()}
        self._keep("sums", [(container, total.to_bytes(_SUM_BYTES)) for container, total in totals.items()])

    def _tally(self, changes: Mapping[Row, _Tally]) -> None:
        """Count what became of attempts at addresses in containers."""
        found = {row[:2]: row for row in self._same("tallies", list(changes))}
        counted = []
        for key, change in changes.items():
            _address, _container, begun, placings, rows, latest = found.get(key, (*key, 0, 0, 0, ""))
            if change.undone:
                latest = self._latest(*key)
            elif change.latest:
                latest = max(latest, change.latest, key=_instant)
            counted.append((*key, begun + change.begun, placings + change.placings, rows + change.rows, latest))
        self._drop("tallies", list(found.values()))
        self._put("tallies", counted)

    def _same(self, table: str, keys: Sequence[Row]) -> list[Row]:
        """The rows that are there under keys."""
        return [row for key in keys for row in self._database.execute(_SAME[table], key)]

    def _keep(self, table: str, rows: Sequence[Row]) -> None:
        """Put rows where others of the same keys may be."""
        self._drop(table, self._same(table, [row[: len(_KEYS[table])] for row in rows]))
        self._put(table, rows)

    def _put(self, table: str, rows: Sequence[Row]) -> None:
        self._insert(table, rows)
        self._sums[table] = (self._sums[table] + sum(_digest(table, row) for row in rows)) % _MODULUS

    def _drop(self, table: str, rows: Sequence[Row]) -> None:
        self._delete(table, rows)
        self._sums[table] = (self._sums[table] - sum(_digest(table, row) for row in rows)) % _MODULUS

    def _insert(self, table: str, rows: Sequence[Row]) -> None:
        if rows:
            self._database.execute_each(_INSERT[table], rows)

    def _delete(self, table: str, rows: Sequence[Row]) -> None:
        if rows:
            self._database.execute_each(_DELETE[table], [row[: len(_KEYS[table])] for row in rows])

    def _latest(self, address: str, container: str) -> str:
        """When something was last placed, now that one placing turned out to be none."""
        one = "SELECT * FROM {} WHERE container = ? AND address = ?"
        query = f"{one.format('pending')} UNION ALL {one.format('settled')}"
        found = map(attempt_of, self._database.execute(query, (container, address) * 2))
        return max((attempt.since.isoformat() for attempt in found if _placing(attempt)), key=_instant, default="")


@dataclass(slots=True)
class _Tally:
    """How the counts of an address change. `undone` says that something which was placed is not placed any more."""

    begun: int = 0
    placings: int = 0
    rows: int = 0
    latest: str = ""
    undone: bool = False

    def count(self, now: Attempt, before: Attempt | None) -> None:
        """Count what an attempt came to, instead of what it was."""
        placed, had = _placing(now), before is not None and _placing(before)
        self.begun += _begun(now) - (_begun(before) if before else 0)
        self.placings += placed - had
        self.rows += placed * now.rows - (had * before.rows if before else 0)
        self.undone = self.undone or (had and not placed)
        if placed and not had:
            self.latest = max(self.latest, now.since.isoformat(), key=_instant)


def _instant(text: str) -> tuple[bool, datetime | None]:
    return (True, datetime.fromisoformat(text)) if text else (False, None)


def _begun(attempt: Attempt) -> int:
    """1 when it counts as an occurrence at its address."""
    return int(attempt.outcome is not Outcome.NOT_DONE)


def _placing(attempt: Attempt) -> bool:
    """Whether it put rows, messages or entries somewhere."""
    return attempt.outcome is Outcome.DONE and attempt.action in PLACING


def _shelf(attempt: Attempt) -> str:
    return "settled" if final(attempt.event) else "pending"


def _digest(table: str, row: Row) -> int:
    return int.from_bytes(hashlib.sha256(canonical.text((table, *row)).encode()).digest())
