"""A journal in one SQLite file: WAL with synchronous=FULL, so that a commit is on disk before it counts.

Triggers refuse to change or remove what was written; the chain shows it where somebody goes around them. Other processes may
read, and append, at the same time. The operating system's lock on a small file beside, one for each epoch, says whether the
holder of a lease lives.
"""

from __future__ import annotations

import fcntl
import os
import sqlite3
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from reconciler.catalogue import say
from reconciler.errors import JournalBroken
from reconciler.journal.database import BUSY_S, MayBegin, unreadable, unwritable
from reconciler.journal.emergency import make_folder, sync_folder
from reconciler.journal.lease import Lease, Moment

# What a store that cannot be written says; every other failure is taken for damage.
_CANNOT_WRITE: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_PERM,
        sqlite3.SQLITE_READONLY,
    }
)
_PRAGMAS: Final = ("foreign_keys=ON", "trusted_schema=OFF", "cell_size_check=ON")
_AGAIN_S: Final = 0.01  # until another process has turned a new file's log on
_REFUSED: Final = "SELECT RAISE(ABORT, 'the journal is append-only')"


class SqliteDatabase:
    """See `database.Database`."""

    guards: tuple[str, ...] = (
        *(
            f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} BEGIN {_REFUSED}; END"
            for table in ("entries", "columns", "key")
            for verb in ("UPDATE", "DELETE")
        ),
        # INSERT OR REPLACE deletes without asking the triggers above.
        f"""CREATE TRIGGER entries_insert BEFORE INSERT ON entries
            WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM entries) BEGIN {_REFUSED}; END""",
        f"""CREATE TRIGGER columns_insert BEFORE INSERT ON columns
            WHEN NEW.number IS NOT (SELECT max(number) FROM entries)
              OR EXISTS (SELECT 1 FROM columns WHERE number = NEW.number) BEGIN {_REFUSED}; END""",
    )

    def __init__(self, path: Path, begin: MayBegin) -> None:
        """Open the file, and make it, readable by its owner only, where there is none."""
        self.name = path.name
        self._path = path.resolve()  # a link beside another file would have locks of its own
        self.emergency = self._path.parent
        self._synchronous = ""
        with self._explained():
            if not self._path.exists():
                begin(self.name, self.emergency)
                _make(self._path)
            address = f"{self._path.as_uri()}?mode=rw"
            self._connection = sqlite3.connect(address, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)
        try:
            with self._explained():
                self._log_ahead()
                for pragma in _PRAGMAS:
                    self._connection.execute(f"PRAGMA {pragma}")
        except JournalBroken:
            self._connection.close()
            raise

    def execute(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """See `database.Database`."""
        return self._connection.execute(query, values).fetchall()

    def execute_each(self, query: str, values: Sequence[Sequence[Any]]) -> None:
        """See `database.Database`."""
        self._connection.executemany(query, values)

    def lay(self, statement: str) -> None:
        """See `database.Database`."""
        self._connection.execute(statement)

    def laid_out(self) -> bool:
        """See `database.Database`."""
        tables = {name for (name,) in self.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if tables and not {"schema_version", "entries", "columns", "key"} <= tables:
            message = say("{path} is an SQLite file and no journal", path=self.name)
            raise JournalBroken(message, code="JRN003", remedy=say("name another path in `journal`"))
        return bool(tables)

    def reading(self) -> AbstractContextManager[None]:
        """See `database.Database`."""
        return _Transaction(self._connection, "BEGIN", self._said)

    def writing(self, *, synced: bool = True) -> AbstractContextManager[None]:
        """See `database.Database`. Without a sync a commit is in the log already, where another process finds it."""
        synchronous = "FULL" if synced else "NORMAL"
        if synchronous != self._synchronous:
            with self._explained():
                self._connection.execute(f"PRAGMA synchronous={synchronous}")
            self._synchronous = synchronous
        return _Transaction(self._connection, "BEGIN IMMEDIATE", self._said)

    def moment(self, local: Moment) -> Moment:
        """See `database.Database`: everybody who shares the file shares the clocks too, or nearly."""
        return local

    def alive(self, lease: Lease) -> bool:
        """See `database.Database`. A holder on another host cannot be asked from here."""
        if lease.host not in ("", os.uname().nodename):
            return True
        try:
            descriptor = os.open(self._lock_file(lease.epoch), os.O_RDWR)
        except FileNotFoundError:
            return False
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        finally:
            os.close(descriptor)
        return False

    @contextmanager
    def own(self, epoch: int) -> Iterator[None]:
        """See `database.Database`. Each epoch has a file of its own: who was frozen and lost the lease keeps the old one."""
        with self._explained():
            descriptor = os.open(self._lock_file(epoch), os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                for old in self._path.parent.iterdir():
                    if old.name.startswith(f"{self._path.name}.lock-") and old != self._lock_file(epoch):
                        old.unlink(missing_ok=True)
            except OSError:
                os.close(descriptor)
                raise
        try:
            yield
        finally:
            with suppress(OSError):
                self._lock_file(epoch).unlink(missing_ok=True)
            os.close(descriptor)

    def close(self) -> None:
        """See `database.Database`."""
        self._connection.close()

    def _log_ahead(self) -> None:
        """Turn the write-ahead log on. Where two processes do so at once on a new file, SQLite waits for neither."""
        end = time.monotonic() + BUSY_S
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode=WAL")
            except sqlite3.OperationalError as failure:
                if failure.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() >= end:
                    raise
                time.sleep(_AGAIN_S)
            else:
                return

    def _lock_file(self, epoch: int) -> Path:
        return self._path.with_name(f"{self._path.name}.lock-{epoch}")

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except (OSError, sqlite3.Error, UnicodeDecodeError) as failure:
            raise self._said(failure) from failure

    def _said(self, failure: BaseException) -> BaseException:
        """What went wrong with the file, as JournalBroken; anything else as it is, a wrong statement too."""
        if isinstance(failure, OSError):
            return unwritable(self.name, failure.strerror or "")
        if isinstance(failure, UnicodeDecodeError):
            return unreadable(self.name, say("damaged text"))  # SQLite quotes what it cannot read, byte for byte
        if not isinstance(failure, sqlite3.Error) or isinstance(failure, sqlite3.ProgrammingError):
            return failure
        cannot_write = getattr(failure, "sqlite_errorcode", 0) & 0xFF in _CANNOT_WRITE
        return (unwritable if cannot_write else unreadable)(self.name, str(failure))


class _Transaction(AbstractContextManager[None]):
    """All or nothing; `said` makes of what went wrong what the caller is told."""

    def __init__(self, connection: sqlite3.Connection, begin: str, said: Callable[[BaseException], BaseException]) -> None:
        self._connection = connection
        self._begin = begin
        self._said = said

    def __enter__(self) -> None:
        self._execute(self._begin)

    def __exit__(self, _kind: object, failure: BaseException | None, _trace: object) -> None:
        if failure is None:
            self._execute("COMMIT")
        elif (told := self._undone(failure)) is not failure:
            raise told from failure

    def _execute(self, statement: str) -> None:
        try:
            self._connection.execute(statement)
        except BaseException as failure:
            raise self._undone(failure) from failure

    def _undone(self, failure: BaseException) -> BaseException:
        if self._connection.in_transaction:
            with suppress(sqlite3.Error):
                self._connection.execute("ROLLBACK")
        return self._said(failure)


def _make(path: Path) -> None:
    """An empty file, which survives a loss of power."""
    make_folder(path.parent)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    sync_folder(path.parent)
