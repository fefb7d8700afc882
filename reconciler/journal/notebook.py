"""What follows from the last entries, noted in memory before it is put into the tables.

An entry costs one row that way, and the tables change once for many entries: a call that was begun and has ended in between
never stands there as pending. Nothing depends on a notebook being kept: whoever finds the tables behind the entries folds in
what is missing.
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.journal.recall import Attempt, final
from reconciler.journal.tables import Tables
from reconciler.plan.known import Owned
from reconciler.plan.suppression import ListUsed
from reconciler.resource import Address


class Notebook:
    """A `Shelf` of recall over the tables."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self.clear()

    def clear(self) -> None:
        """Know nothing but the tables."""
        self.weight = 0
        self._operations: dict[tuple[str, str], list[Attempt]] = {}
        self._changed: dict[int, tuple[Attempt, Attempt | None]] = {}
        self._owned: dict[Address, tuple[Owned | None, Owned | None]] = {}  # now, and in the tables
        self._baselines: list[tuple[int, str]] = []
        self._manual: list[str] = []
        self._plans: list[str] = []
        self._lists: Sequence[ListUsed] | None = None
        self._sources: dict[Address, int] = {}

    def put(self) -> None:
        """Put everything into the tables."""
        self._tables.put_attempts(self._changed.values())
        self._tables.put_owned(self._owned.values())
        self._tables.put_baselines(self._baselines)
        self._tables.put_manual(self._manual)
        self._tables.put_plans(self._plans)
        if self._lists is not None:
            self._tables.put_lists(self._lists)
        self._tables.put_sources(self._sources)
        self.clear()

    def attempts(self, container: str, operation: str) -> list[Attempt]:
        """See `Shelf`."""
        key = container, operation
        if key not in self._operations:
            self._operations[key] = self._tables.attempts(container, operation)
        found = self._operations[key]
        return [attempt for attempt in found if not final(attempt.event) or attempt is found[-1]]

    def keep_attempt(self, attempt: Attempt, before: Attempt | None) -> None:
        """See `Shelf`."""
        self.weight += 1
        key = attempt.container, attempt.operation
        if key not in self._operations:
            self.attempts(*key)
        found = self._operations[key]
        if before is None:
            found.append(attempt)
        else:
            found[:] = [attempt if one.number == attempt.number else one for one in found]
        _now, first = self._changed.get(attempt.number, (None, before))
        self._changed[attempt.number] = attempt, first

    def owned(self, address: Address) -> Owned | None:
        """See `Shelf`."""
        if address not in self._owned:
            found = self._tables.owned(address)
            self._owned[address] = found, found
        return self._owned[address][0]

    def keep_owned(self, owned: Owned) -> None:
        """See `Shelf`."""
        self._own(owned.address, owned)

    def drop_owned(self, address: Address) -> None:
        """See `Shelf`."""
        self._own(address, None)

    def keep_baseline(self, number: int, container: str) -> None:
        """See `Shelf`."""
        self.weight += 1
        self._baselines.append((number, container))

    def keep_manual(self, key: str) -> None:
        """See `Shelf`."""
        self.weight += 1
        self._manual.append(key)

    def keep_plan(self, seal: str) -> None:
        """See `Shelf`."""
        self.weight += 1
        self._plans.append(seal)

    def keep_lists(self, lists: Sequence[ListUsed]) -> None:
        """See `Shelf`."""
        self.weight += 1
        self._lists = lists

    def keep_source(self, address: Address, rows: int) -> None:
        """See `Shelf`."""
        self.weight += 1
        self._sources[address] = rows

    def _own(self, address: Address, owned: Owned | None) -> None:
        self.weight += 1
        self.owned(address)
        self._owned[address] = owned, self._owned[address][1]
