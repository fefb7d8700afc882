"""The journal over any database: entries appended and chained, checked whenever they are used, and never changed.

Everything here is the same whichever database keeps it (`database.Database`): one transaction an append, the lease asked
inside it, every entry and column verified before it is believed.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import replace
from datetime import datetime
from functools import partial
from itertools import pairwise
from typing import Final, TypeVar

from reconciler.catalogue import say
from reconciler.errors import JournalBroken, Mistaken
from reconciler.journal import checkpoints, reading
from reconciler.journal.chain import START, Break, write
from reconciler.journal.copying import copy
from reconciler.journal.database import Database, broken, explained
from reconciler.journal.emergency import Emergency, append_emergency
from reconciler.journal.entry import HMAC_BYTES, NO_COLUMNS, Columns, Contacted, Entry, Event, Stored, Verified
from reconciler.journal.lease import Claim, Clock, Held, Lease, Moment, bars, extended, held, moved, released, taken
from reconciler.journal.locks import Holding, keep_lease, kept_lease
from reconciler.journal.notebook import Notebook
from reconciler.journal.noted import Call
from reconciler.journal.recall import NOT_REACHED, Outcome, check, take_in
from reconciler.journal.tables import Tables, Unsound
from reconciler.plan.known import Memory
from reconciler.resource import Action

WHOLE_MAX: Final = 50_000  # entries up to which every opening verifies the whole chain
CHECKPOINT_EVERY: Final = 1_000  # beyond that: entries verified anew that are worth a checkpoint
NOTES_MAX: Final = 256  # notes kept in memory before they are put into the tables

_T = TypeVar("_T")
_R = TypeVar("_R")


class Ledger:
    """See `store.Journal`. `key` is known to be the journal's own (`opening`)."""

    def __init__(self, database: Database, *, identity: str, key: bytes, fresh: bool) -> None:
        self._database = database
        self._process = os.getpid()
        self._turn = threading.RLock()
        self._closed = False
        self._stopped: JournalBroken | None = None
        self._held: Holding | None = None
        self._unsynced: tuple[Entry, ...] = ()
        self._counted: set[str] = set()  # containers whose settled calls this opening counted
        self._tables = Tables(database, key)
        self._notebook = Notebook(self._tables)
        self._noted = 0  # the entry up to which tables and notebook together say what follows
        self.id = identity
        self.key = key
        self.fresh = fresh
        self.emergency = Emergency(folder=database.emergency, journal=identity)
        self._checkpoint, self._last = 0, (0, START)
        self._open()

    @property
    def head(self) -> str:
        """See `store.Journal`."""
        with self._reading():
            return reading.last(self._database)[1].hex()

    def append(self, entry: Entry, columns: Columns = NO_COLUMNS) -> Stored:
        """See `store.Journal`."""
        self._count([entry])
        with self._adding():
            self._allow(entry)
            return self._add(entry, columns)

    def append_all(self, entries: Sequence[Entry], *, synced: bool = True) -> None:
        """See `store.Journal`."""
        self._count(entries)
        with self._adding(synced=synced):
            for entry in entries[:1]:
                self._allow(entry)
            for entry in entries:
                self._add(entry)
        if not synced:
            self._unsynced += tuple(entries)

    def append_late(self, entry: Entry) -> None:
        """Add what an emergency file kept, whoever is at work and whatever follows from it."""
        with self._adding():
            self._add(entry, late=True)

    def memory(self) -> Memory:
        """See `store.Journal`."""
        return self._ask(lambda: self._tables.memory(reading.last(self._database)[1].hex()))

    def sent(self, container: str) -> Iterator[Columns]:
        """See `store.Journal`."""
        calls = self._calls(container)
        return self._columns(call for call in calls if call.outcome is Outcome.DONE and call.action not in NOT_REACHED)

    def held(self, container: str = "") -> Iterator[Columns]:
        """See `store.Journal`."""
        return self._columns(self._ask(lambda: self._tables.open_calls(container)))

    def listed(self, container: str, since: datetime | None = None) -> Iterator[Columns]:
        """See `store.Journal`."""
        done = [call for call in self._calls(container) if call.outcome is Outcome.DONE]
        lifts = [call for call in done if call.action is Action.BLACKLIST_REMOVE]
        for start, end in pairwise([0, *(lift.number for lift in lifts), 0]):
            later = self._columns(lift for lift in lifts if lift.number > start)
            gone = {name for columns in later for name in _names(columns.recipients)}
            added = (call for call in done if call.action is Action.BLACKLIST_ADD and (since is None or call.since >= since))
            between = (call for call in added if call.number > start and (not end or call.number <= end))
            for columns in self._columns(between):
                kept = b"".join(name for name in _names(columns.recipients) if name not in gone) if gone else columns.recipients
                yield Columns(recipients=kept)

    def rows_loaded(self, container: str) -> Iterator[Columns]:
        """See `store.Journal`."""
        calls, there = self._ask(lambda: (self._tables.calls(container), self._tables.baselines(container)))
        loaded = [call.rows_at for call in calls if call.outcome is Outcome.DONE and call.action is Action.ROWS_ADD]
        return self._columns_at({*loaded, *there})

    def persons(self) -> Iterator[bytes]:
        """See `store.Journal`."""
        for calls in self._reached():
            yield from (columns.persons for columns in self._columns(calls) if columns.persons)

    def contacts(self, since: datetime) -> Iterator[Contacted]:
        """See `store.Journal`."""
        for calls in self._reached():
            yield from self._in_pieces(calls, partial(reading.contacted, since=since))

    def entries(self, run: str = "") -> Iterator[Stored]:
        """See `store.Journal`."""
        with self._reading():
            end, _head = reading.last(self._database)
        number, previous, wanted = 0, START, run.encode()
        while number < end:
            with self._reading():
                rows = reading.bodies(self._database, number)
            for at, body, own in rows:
                if wanted in body:
                    with explained(self._database.name):
                        stored = reading.stored(at, previous, body, own)
                    if run in ("", stored.entry.run):
                        yield stored
                number, previous = at, own

    def copy_to(self, database: Database, claim: Claim, clock: Clock) -> None:
        """See `store.Journal`."""
        name = self._database.name
        reason = say("a copy that was not finished: lift this only when {path} says that it has moved here", path=name)
        with self._turn:
            self._usable()
            copy(self._database, database, taken(Lease(), replace(claim, life_s=None, reason=reason), clock(), alive=False))

    def arrive(self, run: str) -> None:
        """See `store.Journal`."""
        with self._writing():
            lease = kept_lease(self._database)
            if lease.run == run:
                keep_lease(self._database, released(lease))

    def move(self, to: str, claim: Claim, clock: Clock) -> None:
        """See `store.Journal`."""
        with self._adding():
            before, local = kept_lease(self._database), clock()
            if self._held is None:
                raise ValueError("a journal is moved by whoever holds its lock")
            self._held.check(before)
            lease = moved(before, replace(claim, life_s=None), to, local)
            keep_lease(self._database, lease)
            facts = {"id": lease.run, "to": to, "by": lease.holder}
            self._add(Entry(event=Event.MOVED, at=local.now, run=lease.run, facts=facts))

    def verify(self) -> Verified:
        """See `store.Journal`."""
        number, previous = 0, START
        checked: list[Stored] = []
        try:
            while True:
                with self._reading():
                    checked = []
                    for at, body, own in reading.bodies(self._database, number):
                        checked.append(reading.stored(at, previous, body, own))
                        number, previous = at, own
                    if not checked:
                        reading.no_columns_but_of(self._database, number)
                        return Verified(entries=number, head=previous.hex())
                    reading.check_columns(self._database, checked)
        except JournalBroken as found:
            broken = int(found.place or number + 1)
            head = next((stored.previous for stored in checked if stored.number == broken), previous.hex())
            return Verified(entries=broken - 1, head=head, broken=broken, why=found.message)

    def rebuild(self) -> None:
        """See `store.Journal`."""
        with self._writing(synced=False):
            self._tables.clear()
            self._fold()

    @contextmanager
    def lock(self, claim: Claim, clock: Clock) -> Iterator[Held]:
        """See `store.Journal`."""
        with ExitStack() as own:
            with self._writing():
                local = clock()
                row = self._taken(claim, local)
                own.enter_context(self._database.own(row.epoch))
            self._held = Holding(lease=extended(row, claim, local), claim=claim, clock=clock, renewed=self._renew)
            try:
                yield self._held
            finally:
                self._held = None
                # A lease left behind misleads nobody: its holder is gone, or its end passes.
                with suppress(JournalBroken), self._writing():
                    if kept_lease(self._database).epoch == row.epoch:
                        keep_lease(self._database, released(row))

    def seize(self, claim: Claim, clock: Clock) -> Lease:
        """See `store.Journal`."""
        if claim.life_s is not None:
            raise ValueError("a person's lock has no end")
        with self._adding():
            local = clock()
            lease = self._taken(claim, local)
            facts = {"id": lease.run, "reason": lease.reason, "by": lease.holder}
            self._add(Entry(event=Event.LOCKED, at=local.now, run=lease.run, facts=facts))
        return lease

    def unlock(self, run: str, claim: Claim, clock: Clock) -> Lease:
        """See `store.Journal`."""
        with self._adding():
            lease = kept_lease(self._database)
            if lease.free or lease.run != run:
                message = say("no lock has the id '{id}'", id=run)
                raise Mistaken(message, code="LCK003", remedy=say("a refused apply, or the audit log, tells the id"))
            keep_lease(self._database, Lease(epoch=lease.epoch + 1))
            facts = {"id": run, "reason": claim.reason, "by": claim.holder, "holder": lease.holder}
            self._add(Entry(event=Event.UNLOCKED, at=clock().now, run=claim.run, facts=facts))
        return lease

    def lease(self) -> Lease:
        """See `store.Journal`."""
        with self._reading():
            return kept_lease(self._database)

    def plan_used(self, seal: str) -> bool:
        """See `store.Journal`."""
        return self._ask(lambda: self._tables.plan_used(seal))

    def close(self) -> None:
        """See `store.Journal`."""
        with self._turn:
            if self._notebook.weight and not self._stopped:
                with suppress(JournalBroken):  # whoever opens it next folds in what is missing
                    self._bring_up(lambda: None)
            self._closed = True
            self._database.close()

    def _open(self) -> None:
        """Verify the chain, and see that the derived tables are what follows from it."""
        with self._reading():
            end, _head = reading.last(self._database)
            self._checkpoint, own = checkpoints.latest(self._database, self._tables) if end > WHOLE_MAX else (0, START)
            self._last = reading.follow(self._database, self._checkpoint, own)
            if self._tables.known_to() > self._last[0]:
                raise Break(self._last[0] + 1, say("it is missing, it was there before"))
            sound, current = self._tables.sound(), self._tables.current()
            self._noted = self._last[0] if current else 0
        if not sound:
            self.rebuild()
        elif not current:
            self._bring_up(lambda: None)
        if self._worth_a_checkpoint():
            with self._writing():
                self._mark()

    def _worth_a_checkpoint(self) -> bool:
        number, _own = self._last
        return number > WHOLE_MAX and number - self._checkpoint >= CHECKPOINT_EVERY

    def _mark(self) -> None:
        """Remember that everything up to the last entry was verified."""
        checkpoints.keep(self._database, self._tables, *self._last)
        self._checkpoint = self._last[0]

    def _catch_up(self) -> None:
        """Verify what another process wrote since we looked, and note it; inside a transaction."""
        now = "SELECT e.number, e.hash, (SELECT number FROM derived) FROM entries e ORDER BY e.number DESC LIMIT 1"
        if self._noted == self._last[0] and self._database.execute(now) == [(*self._last, self._tables.base)]:
            return
        self._last = reading.follow(self._database, *self._last)
        if self._last != reading.last(self._database):
            raise Break(reading.last(self._database)[0] + 1, say("it is missing, it was there before"))
        self._fold()

    def _fold(self) -> None:
        """Note what follows from the entries that the tables do not have yet; inside a transaction."""
        self._notebook.clear()
        number, previous = self._tables.load() or (0, START)
        if not number:
            self._tables.clear()
        while rows := reading.bodies(self._database, number):
            for at, body, own in rows:
                take_in(self._notebook, reading.stored(at, previous, body, own))
                number, previous = at, own
            self._put(number, previous)
        self._noted = number

    def _put(self, number: int, own: bytes) -> None:
        """Put what was noted up to an entry into the tables; inside a transaction."""
        self._notebook.put()
        self._tables.save(number, own)

    def _bring_up(self, ask: Callable[[], _T]) -> _T:
        """Bring the tables up to the last entry, and ask them. What a loss of power takes of them is derived again."""
        with self._writing(synced=False):
            self._catch_up()
            self._put(*self._last)
            self._tables.mark(*self._last)
            return ask()

    @contextmanager
    def _adding(self, *, synced: bool = True) -> Iterator[None]:
        """A transaction that adds entries after the last one."""
        with self._writing(synced=synced):
            self._catch_up()
            yield
            self._tables.mark(*self._last)
            if self._notebook.weight >= NOTES_MAX:
                self._put(*self._last)
            if self._worth_a_checkpoint():
                self._mark()
        if synced:
            self._unsynced = ()

    def _add(self, entry: Entry, columns: Columns = NO_COLUMNS, *, late: bool = False) -> Stored:
        """Add one entry, inside `_adding`."""
        number, previous = self._last
        if not late:
            check(self._notebook, entry)
        body, stored = write(number + 1, previous, entry, columns)
        own = bytes.fromhex(stored.hash)
        self._database.execute("INSERT INTO entries VALUES (?, ?, ?)", (number + 1, body, own))
        if stored.digests:
            packed = (number + 1, columns.recipients, columns.persons, columns.contents)
            self._database.execute("INSERT INTO columns VALUES (?, ?, ?, ?)", packed)
        take_in(self._notebook, stored)
        self._last, self._noted = (number + 1, own), number + 1
        return stored

    def _allow(self, entry: Entry) -> None:
        """Stale unless this opening holds the lock (LCK002 when it has lost it), or nobody does (`lease.held`)."""
        ((epoch, free),) = self._database.execute("SELECT epoch, run = '' FROM lease") or [(0, True)]
        if epoch == self._held.lease.epoch if self._held else free:
            return
        lease = kept_lease(self._database)
        if self._held:
            self._held.check(lease)
        else:
            at = self._database.moment(Moment(now=entry.at, boot=entry.boot, clock_s=entry.clock_s))
            if bars(lease, at, alive=lease.by_person or self._database.alive(lease)):
                raise held(lease)

    def _taken(self, claim: Claim, local: Moment) -> Lease:
        """Take the lease for `claim`; `lease.held` says who has it."""
        before = kept_lease(self._database)
        alive = self._held is not None or (not before.free and self._database.alive(before))
        lease = taken(before, claim, self._database.moment(local), alive=alive)
        keep_lease(self._database, lease)
        return lease

    def _renew(self, holding: Holding) -> Lease:
        """Begin a lease's life anew, in the journal and in the holder's hands."""
        with self._writing():
            lease = kept_lease(self._database)
            holding.check(lease)
            local = holding.clock()
            keep_lease(self._database, extended(lease, holding.claim, self._database.moment(local)))
        return extended(holding.lease, holding.claim, local)

    def _ask(self, ask: Callable[[], _T]) -> _T:
        """What the tables say of all entries; they are brought up first, or derived again, where they do not know."""
        with self._turn:
            try:
                with self._reading():
                    if self._tables.current():
                        return ask()
                return self._bring_up(ask)
            except Unsound:
                self.rebuild()
            with self._reading():
                return ask()

    def _calls(self, container: str) -> list[Call]:
        """The calls in a container, counted."""
        return self._ask(lambda: self._tables.calls(container))

    def _count(self, entries: Sequence[Entry]) -> None:
        """See that what was settled before in their containers is all there: it says what may not be done again."""
        for container in {entry.container for entry in entries if entry.operation} - self._counted:
            with self._reading():
                sound = self._tables.sound_in(container)
            if not sound:
                self.rebuild()
            self._counted.add(container)

    def _reached(self) -> Iterator[Sequence[Call]]:
        """The calls that reached people, or perhaps did, a container at a time."""
        for container in self._ask(self._tables.containers):
            calls = self._calls(container)
            yield [call for call in calls if call.outcome is not Outcome.NOT_DONE and call.action not in NOT_REACHED]

    def _columns(self, calls: Iterable[Call]) -> Iterator[Columns]:
        return self._columns_at(call.rows_at for call in calls)

    def _columns_at(self, numbers: Iterable[int]) -> Iterator[Columns]:
        """The columns of entries, oldest first."""
        return self._in_pieces(sorted({number for number in numbers if number}), reading.columns)

    def _in_pieces(self, wanted: Sequence[_T], read: Callable[[Database, Sequence[_T]], Iterator[_R]]) -> Iterator[_R]:
        """What is read of many entries, a few at a time, each time in a transaction of its own."""
        for start in range(0, len(wanted), reading.COLUMNS_MAX):
            with self._reading():
                found = list(read(self._database, wanted[start : start + reading.COLUMNS_MAX]))
            yield from found

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """One snapshot for everything that is read inside."""
        with self._turn, explained(self._database.name):
            self._usable()
            with self._database.reading():
                yield

    @contextmanager
    def _writing(self, *, synced: bool = True) -> Iterator[None]:
        """All or nothing. A store that failed once is not written again: after a failed sync nobody knows what it holds."""
        with self._turn:
            self._usable()
            if self._stopped:
                raise JournalBroken(self._stopped.message, code=self._stopped.code, remedy=self._stopped.remedy)
            known = self._last, self._checkpoint
            try:
                with self._database.writing(synced=synced):
                    yield
            except BaseException as failure:
                self._last, self._checkpoint = known
                self._noted = 0
                self._notebook.clear()
                self._tables.forget()
                if not isinstance(failure, JournalBroken | Break):
                    raise
                self._stopped = found = broken(self._database.name, failure) if isinstance(failure, Break) else failure
                self._rescue()
                raise found from failure.__cause__

    def _usable(self) -> None:
        """ValueError on a closed journal; RuntimeError in a forked process, which would share the connection."""
        if self._closed:
            raise ValueError("the journal is closed")
        if os.getpid() != self._process:
            raise RuntimeError("a journal is of the process that opened it")

    def _rescue(self) -> None:
        """Keep beside the journal what it took and may not have on disk, now that it takes nothing more."""
        unsynced, self._unsynced = self._unsynced, ()
        with suppress(JournalBroken):  # their intents are durable: they are in doubt, and that is what the failure says
            for entry in unsynced:
                append_emergency(self.emergency, entry)


def _names(packed: bytes) -> Iterator[bytes]:
    """The HMACs of a packed column, one by one."""
    return (packed[start : start + HMAC_BYTES] for start in range(0, len(packed), HMAC_BYTES))
