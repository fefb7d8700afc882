"""What every journal offers, whichever store keeps it, and the one place that opens one."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, closing
from datetime import datetime
from functools import partial
from pathlib import Path
from typing import Final, Protocol

from reconciler.journal.chain import KEY_BYTES
from reconciler.journal.database import Database
from reconciler.journal.emergency import Emergency
from reconciler.journal.entry import NO_COLUMNS, Columns, Contacted, Entry, Stored, Verified
from reconciler.journal.lease import Claim, Clock, Held, Lease
from reconciler.plan.known import Memory

# Where the emergency file of a journal goes that is no file itself, seen from the project.
EMERGENCY_FOLDER: Final = ".reconciler"


class Journal(Protocol):
    """An open journal. It may be used from several threads.

    Whatever is read is checked first: JournalBroken (JRN003) names the entry that does not verify. JRN004 says that the
    store cannot take entries; after that this opening takes none.
    """

    id: str  # uuid, hex
    key: bytes  # 32 bytes, under which recipients are remembered
    fresh: bool  # made by this opening: nothing is remembered
    emergency: Emergency  # the file of what it could not take

    @property
    def head(self) -> str:
        """The hash of the last entry, in hex."""

    def append(self, entry: Entry, columns: Columns = NO_COLUMNS) -> Stored:
        """Add an entry; returns when it is durable.

        ValueError or TypeError for what is no entry (`chain.write`), IllegalMove for one that may not follow what is there,
        Stale when this journal held the lock and somebody has taken it over (LCK002), or holds none and somebody else does
        (LCK001). Nothing is added then.
        """

    def append_all(self, entries: Sequence[Entry], *, synced: bool = True) -> None:
        """Add entries, all or none. Not `synced`: they outlive this process at once, and a loss of power only after the
        next entry that is; what is lost so is in doubt again, never forgotten as sent. Where a later append fails, those
        that may not be on disk go to the emergency file by themselves.
        """

    def memory(self) -> Memory:
        """What planning needs to know."""

    def sent(self, container: str) -> Iterator[Columns]:
        """Who was sent what in a container, an attempt at a time: done for all we know, and not taken away or blacklisted."""

    def held(self, container: str = "") -> Iterator[Columns]:
        """Whose outcome is unknown, of whatever action; "" = in every container."""

    def listed(self, container: str, since: datetime | None = None) -> Iterator[Columns]:
        """The entries of a blacklist that we added, at `since` or later, and have not lifted since."""

    def rows_loaded(self, container: str) -> Iterator[Columns]:
        """The rows of a container that may be removed: loaded by us, or there when it was adopted."""

    def persons(self) -> Iterator[bytes]:
        """Packed HMACs of everybody who was ever sent something, or perhaps was."""

    def contacts(self, since: datetime) -> Iterator[Contacted]:
        """Who was contacted at `since` or later, or will be, in every container; what is in doubt counts as done.

        Rows count when they are loaded, messages when they are due. Rows of address books contact nobody.
        """

    def entries(self, run: str = "") -> Iterator[Stored]:
        """All entries, or those of a run, oldest first."""

    def verify(self) -> Verified:
        """Check the whole chain, columns included."""

    def rebuild(self) -> None:
        """Derive again what `memory` and the columns are read from; the entries alone decide it."""

    def lock(self, claim: Claim, clock: Clock) -> AbstractContextManager[Held]:
        """Be the only applier of the project (`lease.taken` has the rules); Stale (LCK001) says who is.

        Whoever dies gives the lock back. While it is held, entries are refused once somebody else has a newer epoch.
        """

    def seize(self, claim: Claim, clock: Clock) -> Lease:
        """Lock the project for a person, until `unlock`; it outlives the process. The claim has no end (`life_s` None).

        Stale (LCK001) says who holds the lock. LOCKED is journaled in the same transaction (facts id, reason, by); the id is
        the lease's run.
        """

    def unlock(self, run: str, claim: Claim, clock: Clock) -> Lease:
        """Lift the lease or the person's lock of that id, whoever holds it; gives what was lifted.

        The epoch rises, so that its former holder writes no more. `claim` says who lifts it and why; UNLOCKED is journaled in
        the same transaction (facts id, reason, by, holder). Mistaken (LCK003) where nothing of that id is held.
        """

    def lease(self) -> Lease:
        """Who holds the lock, as the journal has it."""

    def copy_to(self, database: Database, claim: Claim, clock: Clock) -> None:
        """Put every entry, byte for byte, into an empty database (`copy_journal`)."""

    def arrive(self, run: str) -> None:
        """Lift the lock under which `copy_journal` left this copy: it is whole, and its source says that it has moved."""

    def move(self, to: str, claim: Claim, clock: Clock) -> None:
        """Say that the journal lies at `to` from now on, durably, with MOVED in the same transaction (facts id, to, by).

        The caller holds the lock. Nobody may record here any more, or open it but to read (JRN008), until a person lifts the
        lock of that id (`unlock`). Nothing that is secret may stand in `to`.
        """

    def plan_used(self, seal: str) -> bool:
        """Whether a PLAN_USED entry has that seal."""

    def close(self) -> None:
        """Let go of the store."""


def open_journal(
    location: str,
    root: Path,
    *,
    expected_id: str = "",
    key: bytes | None = None,
    now: datetime,
    create: bool = True,
    evidence: bool = False,
) -> Journal:
    """The journal at `location`, a path seen from `root` or the URL of a PostgreSQL database (`postgres` has its form); made
    new when nothing is there, nothing is expected and `create`.

    `expected_id` is the project's `journal_id`, `key` its `journal_key` where it has one (32 bytes; without, the key lies in
    the journal). The chain is verified, and what its emergency file holds is taken in. JournalBroken: JRN001 missing, JRN002
    foreign or another key, JRN003 does not verify, JRN004 cannot be reached or written, JRN007 nobody knows whose answers are
    beside it, JRN008 it has moved. Mistaken (JRN005): no such location can be, or the library for it is not installed.

    As `evidence` one that has moved is opened too, to be read, or taken back by `unlock`.
    """
    if key is not None and len(key) != KEY_BYTES:
        raise ValueError(f"a journal's key has {KEY_BYTES} bytes")
    from reconciler.journal.opening import open_ledger

    database = _database(location, root, expected_id=expected_id, create=create)
    return open_ledger(database, expected_id=expected_id, key=key, now=now, create=create, evidence=evidence)


def copy_journal(source: Journal, location: str, root: Path, claim: Claim, clock: Clock) -> str:
    """Copy a journal to an empty place, byte for byte and all or nothing; gives the place's name for messages.

    The caller holds the lock of `source`. The copy is locked, under the id of `claim`, until it is told to `arrive`; between
    the two `source` is told that it has moved, so that at no moment both take entries. Mistaken (JRN006) where something is
    there; else as `open_journal`.
    """
    database = _database(location, root, expected_id="", create=True)
    with closing(database):
        source.copy_to(database, claim, clock)
    return database.name


def _database(location: str, root: Path, *, expected_id: str, create: bool) -> Database:
    """A connection. Only a command that needs the journal pays for its database's library."""
    from reconciler.journal.opening import may_begin

    begin = partial(may_begin, expected_id=expected_id, create=create)
    if "://" in location:
        from reconciler.journal.postgres import PostgresDatabase

        return PostgresDatabase(location, root / EMERGENCY_FOLDER, begin)
    from reconciler.journal.sqlite import SqliteDatabase

    return SqliteDatabase(root / location, begin)
