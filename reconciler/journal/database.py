"""What a journal needs of the database that keeps it, and nothing more.

The statements are the same everywhere and are written once, with `?` for values; what differs is how one connects, how a
transaction begins and becomes durable, what an error means, and how one sees whether the holder of a lease still lives.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, Final, Protocol

from reconciler.catalogue import say
from reconciler.errors import JournalBroken
from reconciler.journal.chain import Break
from reconciler.journal.lease import Lease, Moment

BUSY_S: Final = 30.0  # another process' commit takes milliseconds, its rebuilding seconds


# Asked, with the place's name and the folder of emergency files, before a new one is made; raises where none may be.
MayBegin = Callable[[str, Path], None]


class Database(Protocol):
    """One connection. What goes wrong inside `reading` and `writing` leaves them as JournalBroken: JRN003 for what cannot be
    understood, JRN004 for what cannot be reached or written.
    """

    name: str  # what messages call the journal; holds no secret
    emergency: Path  # the folder of emergency files
    guards: tuple[str, ...]  # statements that make `entries`, `columns` and `key` append-only, run once

    def execute(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Run one statement inside a transaction; the rows that it gives."""

    def execute_each(self, query: str, values: Sequence[Sequence[Any]]) -> None:
        """Run one statement for each of the values, inside a transaction."""

    def lay(self, statement: str) -> None:
        """Run one statement of the layout, which is written as SQLite knows it, in this database's own dialect."""

    def laid_out(self) -> bool:
        """Whether there are tables; JournalBroken (JRN003) when they are somebody else's."""

    def reading(self) -> AbstractContextManager[None]:
        """One snapshot for everything that is read inside."""

    def writing(self, *, synced: bool = True) -> AbstractContextManager[None]:
        """The only writer, all or nothing; durable at its end. Not `synced`: it outlives this process at once, and a loss of
        power only after the next transaction that is.
        """

    def moment(self, local: Moment) -> Moment:
        """Now, as leases in this database are measured, given this machine's clocks."""

    def alive(self, lease: Lease) -> bool:
        """Whether the holder's process may still be there. Inside `writing`."""

    def own(self, epoch: int) -> AbstractContextManager[None]:
        """Show, until its end or that of this process, that the holder of the lease of that epoch lives."""

    def close(self) -> None:
        """Let go of it."""


def unwritable(name: str, why: str) -> JournalBroken:
    """JRN004: the database cannot be reached, or takes nothing."""
    message = say("the journal {path} cannot be written: {why}", path=name, why=why)
    return JournalBroken(message, code="JRN004", remedy=say("free space, or mend the disk, its permissions or the connection"))


def unreadable(name: str, why: str) -> JournalBroken:
    """JRN003: what is there is no journal, or a damaged one."""
    message = say("the journal {path} cannot be read: {why}", path=name, why=why)
    remedy = say("restore the journal from a copy, or name another place in `journal` when this one holds none")
    return JournalBroken(message, code="JRN003", remedy=remedy)


def broken(name: str, found: Break) -> JournalBroken:
    """JRN003: the chain does not hold, at the entry that it names."""
    at = found.number
    message = say("the journal {path} does not verify at entry {number}: {why}", path=name, number=at, why=found.why)
    remedy = say("restore the journal from a copy and keep the damaged one; nothing is sent without it")
    return JournalBroken(message, code="JRN003", remedy=remedy, place=str(at))


@contextmanager
def explained(name: str) -> Iterator[None]:
    """Turn a break of the chain into JournalBroken, which names the entry."""
    try:
        yield
    except Break as found:
        raise broken(name, found) from found
