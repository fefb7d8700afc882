"""What every journal offers, whichever store keeps it, and the one place that opens one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager
from datetime import datetime
from pathlib import Path
from typing import Protocol

from reconciler.catalogue import say
from reconciler.errors import JournalBroken, Mistaken
from reconciler.journal.emergency import NAME as EMERGENCY
from reconciler.journal.entry import NO_COLUMNS, Columns, Entry, Stored, Verified
from reconciler.plan.values import Memory


class Journal(Protocol):
    """An open journal. It may be used from several threads.

    Whatever is read is checked first: JournalBroken (JRN003) names the entry that does not verify. JRN004 says that the
    store cannot take entries; after that this opening takes none.
    """

    id: str  # uuid, hex
    key: bytes  # 32 bytes, under which recipients are remembered
    fresh: bool  # made by this opening: nothing is remembered

    @property
    def head(self) -> str:
        """The hash of the last entry, in hex."""

    def append(self, entry: Entry, columns: Columns = NO_COLUMNS) -> Stored:
        """Add an entry; returns when it is durable. ValueError or TypeError for what is no entry (`chain.write`)."""

    def memory(self) -> Memory:
        """What planning needs to know."""

    def sent(self, container: str) -> Iterator[Columns]:
        """Who was sent what in a container, an attempt at a time: done for all we know, and not taken away or blacklisted."""

    def held(self, container: str = "") -> Iterator[Columns]:
        """Whose outcome is unknown, of whatever action; "" = in every container."""

    def listed(self, container: str) -> Iterator[Columns]:
        """The entries of a blacklist that we added and have not lifted since."""

    def rows_loaded(self, container: str) -> Iterator[Columns]:
        """The rows of a container that may be removed: loaded by us, or there when it was adopted."""

    def persons(self) -> Iterator[bytes]:
        """Packed HMACs of everybody who was ever sent something, or perhaps was."""

    def entries(self, run: str = "") -> Iterator[Stored]:
        """All entries, or those of a run, oldest first."""

    def verify(self) -> Verified:
        """Check the whole chain, columns included."""

    def rebuild(self) -> None:
        """Derive again what `memory` and the columns are read from; the entries alone decide it."""

    def lock(self, run: str, holder: str, now: datetime) -> AbstractContextManager[None]:
        """Be the only applier of the project; Stale (LCK001) says who is. Whoever dies gives the lock back."""

    def plan_used(self, seal: str) -> bool:
        """Whether a PLAN_USED entry has that seal."""

    def close(self) -> None:
        """Let go of the store."""


def open_journal(
    location: str, root: Path, *, expected_id: str = "", key: bytes | None = None, now: datetime, create: bool = True
) -> Journal:
    """The journal at `location`, a path seen from `root`; made new when nothing is there, nothing is expected and `create`.

    `expected_id` is the project's `journal_id`, `key` its `journal_key` where it has one (32 bytes; without, the key lies in
    the journal). The chain is verified, and what an emergency file holds is taken in. JournalBroken: JRN001 missing, JRN002
    foreign or another key, JRN003 does not verify, JRN004 cannot be written.
    """
    if "://" in location:
        raise Mistaken(
            say("a journal in a database server is not built in this version"),
            code="JRN001",
            remedy=say("name a path in `journal`, such as .reconciler/journal.db"),
        )
    # Only a command that needs the journal pays for sqlite3.
    from reconciler.journal.sqlite import open_sqlite

    path = root / location
    if not path.exists():
        _may_begin(path, location, expected_id, create=create)
    return open_sqlite(path, expected_id=expected_id, key=key, now=now, create=create)


def _may_begin(path: Path, location: str, expected_id: str, *, create: bool) -> None:
    """JournalBroken unless a new journal may be made: whatever hints at a lost one forbids it."""
    remedy = say("restore the journal from a copy; without its memory people would be contacted again")
    if expected_id:
        message = say("the journal {location} is missing; the project names one of id {id}", location=location, id=expected_id)
        raise JournalBroken(message, code="JRN001", remedy=remedy)
    if not create:
        raise JournalBroken(say("there is no journal at {location}", location=location), code="JRN001", remedy=remedy)
    if (path.parent / EMERGENCY).exists():
        message = say("the journal {location} is missing, and its emergency file is there", location=location)
        raise JournalBroken(message, code="JRN001", remedy=remedy)
