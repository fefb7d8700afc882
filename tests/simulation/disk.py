"""The journal's store as a disk sees it: what was synced stays, the rest may go with the power; and its emergency file.

The rules are the real ones: `recall.take_in` notes what entries say, `recall.check` refuses what may not follow, `lease` says
who may write. Hashes and JSON are left out; they have tests of their own.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from reconciler.errors import JournalBroken
from reconciler.journal import lease as leases
from reconciler.journal import recall
from reconciler.journal.entry import NO_COLUMNS, Columns, Entry, Event, Stored
from reconciler.journal.lease import Claim, Lease
from reconciler.journal.recall import Attempt, Notes, Outcome
from reconciler.plan.known import Memory
from reconciler.resource import Action
from tests.simulation.oracle import Oracle
from tests.simulation.script import Fault, Site
from tests.simulation.world import Killed, World

_WIDTH: Final = 16
_CONTACTS: Final = frozenset({Action.ROWS_ADD, Action.START, Action.SCHEDULE})
_COLUMNS: Final = {"recipients": "-"}  # a real store keeps their digests; here it only matters that there are some


class Disk:
    """What is on the disk, whoever has it open."""

    def __init__(self, world: World, oracles: Mapping[str, Oracle]) -> None:
        self.world = world
        self.oracles = oracles
        self.entries: list[Stored] = []
        self.epochs: list[int] = []  # under which epoch each entry was written; 0 = by nobody who held the lock
        self.columns: dict[int, Columns] = {}
        self.synced = 0
        self.lease = Lease()
        self.notes = Notes()
        self.emergency: list[Entry] = []
        self.intents: dict[tuple[str, str], list[int]] = defaultdict(list)  # by run and target
        self.contacting: set[str] = set()  # runs that began to contact people

    def lose_power(self) -> None:
        """Whatever was not synced is gone."""
        if self.synced < len(self.entries):
            self.world.tell("disk", "lost", len(self.entries) - self.synced, "entries")
            del self.entries[self.synced :]
            del self.epochs[self.synced :]
            self.intents.clear()  # whoever wrote them is gone with the power
            self.notes = Notes()
            for stored in self.entries:
                recall.take_in(self.notes, stored)

    def add(self, entry: Entry, columns: Columns, epoch: int, *, late: bool = False) -> None:
        """One more entry, and what follows from it."""
        number = len(self.entries) + 1
        stored = Stored(number=number, entry=entry, previous="", hash="", digests=_COLUMNS if columns.recipients else {})
        if columns.recipients:
            self.columns[number] = columns
        else:
            self.columns.pop(number, None)
        if not late:
            for oracle in self.oracles.values():
                oracle.in_order(epoch)
        if entry.address:
            self.oracles[entry.address.target].recorded(self, stored, late=late)
        self.entries.append(stored)
        if entry.event is Event.INTENT and entry.address:
            self.intents[entry.run, entry.address.target].append(number)
            if entry.action in _CONTACTS and entry.call != "post_contact":
                self.contacting.add(entry.run)
        self.epochs.append(epoch)
        recall.take_in(self.notes, stored)

    def sync(self) -> None:
        """Everything up to here stays."""
        self.synced = len(self.entries)

    def open_intents(self, run: str, target: str) -> Iterator[int]:
        """The intents of a run whose calls have no outcome yet: those on their way, and the one that leaves now."""
        for number in self.intents[run, target]:
            entry = self.entries[number - 1].entry
            if self.notes.attempts(entry.container, entry.operation)[-1].event is Event.INTENT:
                yield number

    @property
    def doubtful(self) -> bool:
        """Whether some outcome is unknown, or an emergency file has to be taken in."""
        return bool(self.emergency) or any(one.outcome is Outcome.OPEN for one in self.notes.by_number.values())

    def recipients(self, attempts: Iterator[Attempt]) -> Iterator[bytes]:
        """The packed recipients of attempts."""
        for attempt in attempts:
            if attempt.rows_at:
                yield self.columns[attempt.rows_at].recipients


class Opened:
    """The journal as one process has it open (`store.Journal`, as far as an apply uses it)."""

    def __init__(self, disk: Disk) -> None:
        self.disk = disk
        self.held: HeldLease | None = None
        self.broken: JournalBroken | None = None
        lines, disk.emergency = disk.emergency, []
        for entry in lines:
            disk.add(entry, NO_COLUMNS, 0, late=True)
        if lines:
            disk.sync()

    def append(self, entry: Entry, columns: Columns = NO_COLUMNS) -> None:
        """See `store.Journal`."""
        self._write([(entry, columns)], synced=True)

    def append_all(self, entries: Sequence[Entry], *, synced: bool) -> None:
        """See `store.Journal`."""
        self._write([(entry, NO_COLUMNS) for entry in entries], synced=synced)

    def _write(self, entries: Sequence[tuple[Entry, Columns]], *, synced: bool) -> None:
        if self.broken:
            raise self.broken
        disk = self.disk
        strike = disk.world.strike(Site.DISK)
        if strike and strike.fault is not Fault.EIO_KEPT:
            disk.world.hit(strike.fault)
            raise self._stopped(strike.fault)
        if self.held:
            self.held.check()
        for entry, columns in entries:
            recall.check(disk.notes, entry)
            disk.add(entry, columns, self.held.lease.epoch if self.held else 0)
        if strike:
            disk.world.hit(strike.fault)
            raise self._stopped(strike.fault)
        if synced:
            disk.sync()

    def _stopped(self, fault: Fault) -> JournalBroken:
        """A store that failed once is not written again; what it held and had not synced goes to the emergency file too."""
        disk = self.disk
        if fault in (Fault.ENOSPC, Fault.EIO_LOST, Fault.EIO_KEPT):
            disk.emergency += [stored.entry for stored in disk.entries[disk.synced :]]
        self.broken = JournalBroken(fault.title, code="JRN004")
        return self.broken

    def append_emergency(self, entry: Entry) -> None:
        """Keep an entry beside the store; JournalBroken where that fails too."""
        if self.broken and self.broken.message == Fault.EMERGENCY_FULL.title:
            raise self.broken
        if self.broken and self.broken.message == Fault.EMERGENCY_TORN.title:
            raise Killed
        self.disk.emergency.append(entry)

    def memory(self) -> Memory:
        """See `store.Journal`."""
        return recall.memory(self.disk.notes, "")

    def lock(self, claim: Claim, *, alive: bool) -> None:
        """Take the lease; Stale says who has it."""
        self.disk.lease = leases.taken(self.disk.lease, claim, self.disk.world.moment(), alive=alive)
        self.disk.sync()
        self.held = HeldLease(self, self.disk.lease, claim)

    def release(self) -> None:
        """Give the lease back, unless somebody else has it."""
        mine, self.held = self.held, None
        if mine and not self.broken and self.disk.lease.epoch == mine.lease.epoch:
            self.disk.lease = leases.released(mine.lease)
            self.disk.sync()

    # --- what rows are compared with; the queries of the real stores

    def sent(self, container: str) -> set[bytes]:
        """See `store.Journal`."""
        return self._names(
            one for one in self._attempts(container) if one.outcome is Outcome.DONE and one.action not in recall.NOT_REACHED
        )

    def held_back(self, container: str) -> set[bytes]:
        """`held` of `store.Journal`."""
        return self._names(one for one in self._attempts(container) if one.outcome is Outcome.OPEN)

    def loaded(self, container: str) -> set[bytes]:
        """`rows_loaded` of `store.Journal`."""
        return self._names(
            one for one in self._attempts(container) if one.outcome is Outcome.DONE and one.action is Action.ROWS_ADD
        )

    def listed(self, container: str) -> set[bytes]:
        """See `store.Journal`; nothing is lifted here."""
        return self._names(
            one for one in self._attempts(container) if one.outcome is Outcome.DONE and one.action is Action.BLACKLIST_ADD
        )

    def _attempts(self, container: str) -> Iterator[Attempt]:
        return (attempt for attempt in self.disk.notes.by_number.values() if attempt.container == container)

    def _names(self, attempts: Iterator[Attempt]) -> set[bytes]:
        return {
            packed[start : start + _WIDTH]
            for packed in self.disk.recipients(attempts)
            for start in range(0, len(packed), _WIDTH)
        }


class HeldLease:
    """See `lease.Held`."""

    def __init__(self, opened: Opened, lease: Lease, claim: Claim) -> None:
        self.opened = opened
        self.lease = lease
        self.claim = claim

    def left_s(self) -> float:
        """See `lease.Held`."""
        return self.lease.left_s(self.opened.disk.world.moment())

    def renew(self) -> None:
        """See `lease.Held`."""
        if self.opened.broken:
            raise self.opened.broken
        self.check()
        disk = self.opened.disk
        disk.lease = self.lease = leases.extended(self.lease, self.claim, disk.world.moment())
        disk.sync()

    def check(self) -> None:
        """Stale (LCK002) when somebody else has the lease."""
        now = self.opened.disk.lease
        if now.epoch != self.lease.epoch:
            raise leases.lost(now)
