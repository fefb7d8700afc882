"""The journal in one SQLite file: an entry is in it, synced to disk, before `append` returns.

WAL with synchronous=FULL, so that a commit is durable. Triggers refuse to change or remove what was written; the chain shows
it where somebody goes around them. Other processes may read, and append, at the same time.
"""

from __future__ import annotations

import fcntl
import hmac
import os
import secrets
import sqlite3
import threading
import uuid
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from reconciler import __version__
from reconciler.catalogue import say
from reconciler.errors import JournalBroken, Stale
from reconciler.journal import chain
from reconciler.journal.chain import Break
from reconciler.journal.emergency import sync_folder, take_emergency
from reconciler.journal.entry import HMAC_BYTES, NO_COLUMNS, Columns, Entry, Event, Stored, Verified
from reconciler.journal.recall import NOT_REACHED, Outcome, take_in
from reconciler.journal.tables import STEPS, VERSION, Tables
from reconciler.plan.values import Memory
from reconciler.resource import Action

WHOLE_MAX: Final = 50_000  # entries up to which every opening verifies the whole chain
CHECKPOINT_EVERY: Final = 1_000  # beyond that: entries verified anew that are worth a checkpoint
BUSY_S: Final = 30.0  # another process' commit takes milliseconds, its rebuilding seconds

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
_PRAGMAS: Final = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "trusted_schema=OFF", "cell_size_check=ON")
_REACHES_SOMEBODY: Final = f"action NOT IN ({', '.join(repr(action.value) for action in NOT_REACHED)})"


_LAST: Final = 2**62


def _names(packed: bytes) -> Iterator[bytes]:
    """The HMACs of a packed column, one by one."""
    return (packed[start : start + HMAC_BYTES] for start in range(0, len(packed), HMAC_BYTES))


def open_sqlite(path: Path, *, expected_id: str, key: bytes | None, now: datetime, create: bool) -> SqliteJournal:
    """See `store.open_journal`, which has decided whether a file that is not there may be made."""
    if key is not None and len(key) != chain.KEY_BYTES:
        raise ValueError(f"a journal's key has {chain.KEY_BYTES} bytes")
    with _explained(path):
        _prepare(path)
        connection = _connect(path, "rw")
    try:
        with _explained(path):
            for pragma in _PRAGMAS:
                connection.execute(f"PRAGMA {pragma}")
            fresh = _lay_out(connection, path, expected_id=expected_id, key=key, now=now, create=create)
        journal = SqliteJournal(connection, path, expected_id=expected_id, key=key, fresh=fresh)
        take_emergency(path.parent, journal.append)
    except BaseException:
        connection.close()
        raise
    return journal


class SqliteJournal:
    """See `store.Journal`."""

    def __init__(self, connection: sqlite3.Connection, path: Path, *, expected_id: str, key: bytes | None, fresh: bool) -> None:
        self._connection = connection
        self._path = path
        self._turn = threading.RLock()
        self._stopped: JournalBroken | None = None
        self.fresh = fresh
        with _explained(path):
            self.id, self.key = self._recognise(expected_id, key)
            self._tables = Tables(connection, self.key)
            self._number, self._hash = self._trusted()

    @property
    def head(self) -> str:
        """See `store.Journal`."""
        with self._reading():
            return self._last()[1].hex()

    def append(self, entry: Entry, columns: Columns = NO_COLUMNS) -> Stored:
        """See `store.Journal`."""
        with self._turn:
            with self._writing():
                number, previous = self._last()
                if (number, previous) != (self._number, self._hash):
                    self._follow(self._number, self._hash)  # another process wrote since we looked
                body = chain.write(number + 1, entry, columns)
                own = chain.link(previous, body)
                stored = chain.read(previous, body, own)
                self._connection.execute("INSERT INTO entries VALUES (?, ?, ?)", (number + 1, body, own))
                if stored.digests:
                    packed = (number + 1, columns.recipients, columns.persons, columns.contents)
                    self._connection.execute("INSERT INTO columns VALUES (?, ?, ?, ?)", packed)
                self._tables.load()
                take_in(self._tables, stored)
                self._tables.save(number + 1, own)
            self._number, self._hash = number + 1, own
        return stored

    def memory(self) -> Memory:
        """See `store.Journal`."""
        with self._reading():
            return self._tables.memory(self._last()[1].hex())

    def sent(self, container: str) -> Iterator[Columns]:
        """See `store.Journal`."""
        where = f"container = ? AND outcome = ? AND {_REACHES_SOMEBODY}"
        return self._columns(f"SELECT rows_at AS at FROM attempts WHERE {where}", container, Outcome.DONE.value)

    def held(self, container: str = "") -> Iterator[Columns]:
        """See `store.Journal`."""
        where = "outcome = 'open' AND (? = '' OR container = ?)"
        return self._columns(f"SELECT rows_at AS at FROM attempts WHERE {where}", container, container)

    def listed(self, container: str) -> Iterator[Columns]:
        """See `store.Journal`."""
        where = "container = ? AND outcome = ? AND action = ?"
        query = f"SELECT rows_at AS at FROM attempts WHERE {where} AND number BETWEEN ? AND ? ORDER BY number"
        done = "SELECT number FROM attempts WHERE container = ? AND outcome = ? AND action = ? ORDER BY number"
        of = (container, Outcome.DONE.value)
        with self._reading():
            lifts = [number for (number,) in self._connection.execute(done, (*of, Action.BLACKLIST_REMOVE.value))]
        edges = [0, *lifts, _LAST]
        for start, end in pairwise(edges):
            later = self._columns(query, *of, Action.BLACKLIST_REMOVE.value, start + 1, _LAST)
            gone = {name for columns in later for name in _names(columns.recipients)}
            for columns in self._columns(query, *of, Action.BLACKLIST_ADD.value, start + 1, end):
                kept = b"".join(name for name in _names(columns.recipients) if name not in gone) if gone else columns.recipients
                yield Columns(recipients=kept)

    def rows_loaded(self, container: str) -> Iterator[Columns]:
        """See `store.Journal`."""
        loaded = "SELECT rows_at AS at FROM attempts WHERE container = ? AND outcome = ? AND action = ?"
        there = "SELECT number FROM baselines WHERE container = ?"
        values = (container, Outcome.DONE.value, Action.ROWS_ADD.value, container)
        return self._columns(f"{loaded} UNION {there}", *values)

    def persons(self) -> Iterator[bytes]:
        """See `store.Journal`."""
        where = f"outcome <> ? AND {_REACHES_SOMEBODY}"
        found = self._columns(f"SELECT rows_at AS at FROM attempts WHERE {where}", Outcome.NOT_DONE.value)
        return (columns.persons for columns in found if columns.persons)

    def entries(self, run: str = "") -> Iterator[Stored]:
        """See `store.Journal`."""
        # A run's id stands in the body as it is; bodies that only mention it are sorted out afterwards.
        query = """SELECT e.number, p.hash, e.body, e.hash FROM entries e LEFT JOIN entries p ON p.number = e.number - 1
                   WHERE ? = '' OR instr(e.body, CAST(? AS BLOB)) ORDER BY e.number"""
        with _explained(self._path), closing(_connect(self._path, "ro")) as reader:
            for number, previous, body, own in reader.execute(query, (run, run)):
                stored = _stored(number, previous, body, own)
                if run in ("", stored.entry.run):
                    yield stored

    def verify(self) -> Verified:
        """See `store.Journal`."""
        query = """SELECT e.number, e.body, e.hash, c.recipients, c.persons, c.contents
                   FROM entries e LEFT JOIN columns c ON c.number = e.number ORDER BY e.number"""
        number, previous = 0, chain.START
        try:
            with _explained(self._path), closing(_connect(self._path, "ro")) as reader:
                for at, body, own, *packed in reader.execute(query):
                    if at != number + 1:
                        raise Break(number + 1, say("it is missing"))
                    _bound(_stored(at, previous, body, own), packed)
                    number, previous = at, own
                if reader.execute("SELECT count(*) FROM columns WHERE number NOT IN (SELECT number FROM entries)").fetchone()[
                    0
                ]:
                    raise Break(number + 1, say("it is missing, and its columns are there"))
        except JournalBroken as found:
            return Verified(entries=number, head=previous.hex(), broken=number + 1, why=found.message)
        return Verified(entries=number, head=previous.hex())

    def rebuild(self) -> None:
        """See `store.Journal`."""
        with self._writing():
            number, previous = 0, chain.START
            self._tables.clear()
            for at, body, own in self._connection.execute("SELECT number, body, hash FROM entries ORDER BY number"):
                if at != number + 1:
                    raise Break(number + 1, say("it is missing"))
                take_in(self._tables, _stored(at, previous, body, own))
                number, previous = at, own
            self._tables.save(number, previous)

    @contextmanager
    def lock(self, run: str, holder: str, now: datetime) -> Iterator[None]:
        """See `store.Journal`. The lock is the operating system's, on a file beside; the lease row only says whose it is."""
        with self._lock_file() as descriptor:
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise self._held() from None
            with self._writing():
                lease = (holder, os.uname().nodename, run, now.isoformat())
                self._connection.execute("INSERT OR REPLACE INTO lease VALUES (1, ?, ?, ?, ?)", lease)
            try:
                yield
            finally:
                # A lease left behind misleads nobody: without the lock it is not read.
                with suppress(JournalBroken), self._writing():
                    self._connection.execute("DELETE FROM lease")

    def plan_used(self, seal: str) -> bool:
        """See `store.Journal`."""
        with self._reading():
            return self._tables.plan_used(seal)

    def close(self) -> None:
        """See `store.Journal`."""
        with self._turn:
            self._connection.close()

    def _recognise(self, expected_id: str, key: bytes | None) -> tuple[str, bytes]:
        """The id and the key, once both are known to be the journal's own."""
        first = self._connection.execute("SELECT number, NULL, body, hash FROM entries WHERE number = 1").fetchone()
        if first is None:
            raise Break(1, say("it is missing"))
        genesis = _stored(*first).entry
        name, check = str(genesis.facts.get("id", "")), str(genesis.facts.get("key_check", ""))
        remedy = say("name the right journal and key in reconciler.yaml, or restore the journal that it names")
        if expected_id not in ("", name):
            message = say(
                "the journal {path} has the id {id}, the project names {expected}",
                path=self._path.name,
                id=name,
                expected=expected_id,
            )
            raise JournalBroken(message, code="JRN002", remedy=remedy)
        kept = self._connection.execute("SELECT value FROM key").fetchone()
        if key is None and kept is None:
            message = say("the key of the journal {path} is kept outside it, and none was given", path=self._path.name)
            raise JournalBroken(message, code="JRN002", remedy=say("set `journal_key` in reconciler.yaml"))
        used = key if key is not None else kept[0]
        if not isinstance(used, bytes) or not hmac.compare_digest(chain.key_check(used), check):
            if key is None:
                raise Break(1, say("the key beside it is not the one that it was made with"))
            message = say("the key given is not the one of the journal {path}", path=self._path.name)
            raise JournalBroken(message, code="JRN002", remedy=remedy)
        return name, used

    def _trusted(self) -> tuple[int, bytes]:
        """Number and hash of the last entry, once the chain is verified and the derived tables are what follows from it."""
        with self._reading():
            verified = self._checkpoint() if self._last()[0] > WHOLE_MAX else (0, chain.START)
            number, own = self._follow(*verified)
            if self._tables.derived_to() > number:
                raise Break(number + 1, say("it is missing, it was there before"))
            sound = self._tables.sound(number, own)
        if not sound:
            self.rebuild()
        if number > WHOLE_MAX and number - verified[0] >= CHECKPOINT_EVERY:
            with self._writing():
                values = (number, own, self._tables.seal(number, own))
                self._connection.execute("INSERT OR REPLACE INTO checkpoints VALUES (?, ?, ?)", values)
        return number, own

    def _checkpoint(self) -> tuple[int, bytes]:
        """The last entry up to which an earlier opening verified the chain."""
        query = """SELECT c.number, c.hash, c.seal FROM checkpoints c JOIN entries e ON e.number = c.number AND e.hash = c.hash
                   ORDER BY c.number DESC"""
        for number, own, seal in self._connection.execute(query):
            if seal == self._tables.seal(number, own):
                return number, own
        return 0, chain.START

    def _follow(self, number: int, previous: bytes) -> tuple[int, bytes]:
        """Verify the entries after one that is verified; number and hash of the last."""
        query = "SELECT number, body, hash FROM entries WHERE number > ? ORDER BY number"
        for at, body, own in self._connection.execute(query, (number,)):
            if at != number + 1:
                raise Break(number + 1, say("it is missing"))
            if not isinstance(body, bytes) or chain.link(previous, body) != own:
                raise Break(at, say("its hash does not agree with its content"))
            number, previous = at, own
        return number, previous

    def _last(self) -> tuple[int, bytes]:
        number, own = self._connection.execute("SELECT number, hash FROM entries ORDER BY number DESC LIMIT 1").fetchone()
        return number, own

    def _columns(self, query: str, *values: Any) -> Iterator[Columns]:
        """The columns of the entries that `query` numbers (as `at`), each checked against its entry."""
        joined = f"""SELECT w.at, p.hash, e.body, e.hash, c.recipients, c.persons, c.contents
                     FROM (SELECT DISTINCT at FROM ({query}) WHERE at > 0 ORDER BY at) w
                     LEFT JOIN entries e ON e.number = w.at LEFT JOIN entries p ON p.number = w.at - 1
                     LEFT JOIN columns c ON c.number = w.at"""
        with _explained(self._path), closing(_connect(self._path, "ro")) as reader:
            for number, previous, body, own, *packed in reader.execute(joined, values):
                yield _bound(_stored(number, previous, body, own), packed)

    @contextmanager
    def _lock_file(self) -> Iterator[int]:
        with _explained(self._path):
            descriptor = os.open(f"{self._path}.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            yield descriptor
        finally:
            os.close(descriptor)

    def _held(self) -> Stale:
        with self._reading():
            lease = self._connection.execute("SELECT holder, host, run, since FROM lease").fetchone()
        holder, host, run, since = lease or ("?", "?", "?", "?")
        return Stale(
            say("{holder} on {host} is applying: run {run}, since {since}", holder=holder, host=host, run=run, since=since),
            code="LCK001",
            remedy=say("wait for it; when that process is gone, so is the lock"),
        )

    @contextmanager
    def _reading(self) -> Iterator[None]:
        """One snapshot for everything that is read inside."""
        with self._turn, _explained(self._path), _transaction(self._connection, "BEGIN"):
            yield

    @contextmanager
    def _writing(self) -> Iterator[None]:
        """All or nothing. A store that failed once is not written again: after a failed sync nobody knows what it holds."""
        with self._turn:
            if self._stopped:
                raise JournalBroken(self._stopped.message, code=self._stopped.code, remedy=self._stopped.remedy)
            try:
                with _explained(self._path), _transaction(self._connection, "BEGIN IMMEDIATE"):
                    yield
            except JournalBroken as failure:
                self._stopped = failure
                raise


def _connect(path: Path, mode: str) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode={mode}"
    return sqlite3.connect(address, uri=True, timeout=BUSY_S, isolation_level=None, check_same_thread=False)


@contextmanager
def _transaction(connection: sqlite3.Connection, begin: str) -> Iterator[None]:
    connection.execute(begin)
    try:
        yield
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            with suppress(sqlite3.Error):
                connection.execute("ROLLBACK")
        raise


def _prepare(path: Path) -> None:
    """Make the file, readable by its owner only; one that is there is left as it is."""
    if path.exists():
        return
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    sync_folder(path.parent)


def _lay_out(
    connection: sqlite3.Connection, path: Path, *, expected_id: str, key: bytes | None, now: datetime, create: bool
) -> bool:
    """Lay out an empty file as a new journal, or bring an older layout up to date; whether the journal is new."""
    with _transaction(connection, "BEGIN IMMEDIATE"):
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        if tables and not {"schema_version", "entries", "columns", "key"} <= tables:
            message = say("{path} is an SQLite file and no journal", path=path.name)
            raise JournalBroken(message, code="JRN003", remedy=say("name another path in `journal`"))
        if not tables and (expected_id or not create):
            message = say("the journal {path} is empty", path=path.name)
            raise JournalBroken(message, code="JRN003", remedy=say("restore the journal from a copy"))
        version = connection.execute("SELECT version FROM schema_version").fetchone()[0] if tables else 0
        if not isinstance(version, int) or version > VERSION:
            message = say("the journal {path} was made by a newer version of this program", path=path.name)
            raise JournalBroken(message, code="JRN003", remedy=say("install that version"))
        for step in STEPS[version:]:
            for statement in step:
                connection.execute(statement)
        if version < VERSION:
            connection.execute("DELETE FROM schema_version")
            connection.execute("INSERT INTO schema_version VALUES (?)", (VERSION,))
        if not tables:
            _begin(connection, key, now)
        return not tables


def _begin(connection: sqlite3.Connection, key: bytes | None, now: datetime) -> None:
    """Write the first entry; the key is kept in the file unless it is kept elsewhere."""
    used = key or secrets.token_bytes(chain.KEY_BYTES)
    if key is None:
        connection.execute("INSERT INTO key VALUES (?)", (used,))
    facts = {"id": uuid.uuid4().hex, "schema": VERSION, "key_check": chain.key_check(used), "tool": __version__}
    body = chain.write(1, Entry(event=Event.GENESIS, at=now, facts=facts), NO_COLUMNS)
    own = chain.link(chain.START, body)
    connection.execute("INSERT INTO entries VALUES (1, ?, ?)", (body, own))
    Tables(connection, used).save(1, own)


def _stored(number: int, previous: Any, body: Any, own: Any) -> Stored:
    """An entry as read, checked; Break when it, or the one before it, is not there. A damaged file may give any type."""
    before = chain.START if number == 1 else previous
    if not (isinstance(before, bytes) and isinstance(body, bytes) and isinstance(own, bytes)):
        raise Break(number, say("it is missing"))
    try:
        stored = chain.read(before, body, own)
    except Break as found:
        raise Break(number, found.why) from found
    if stored.number != number:
        raise Break(number, say("it stands in another's place"))
    return stored


def _bound(stored: Stored, packed: list[Any]) -> Columns:
    """The columns of an entry, checked against the digests in it."""
    recipients, persons, contents = (column if isinstance(column, bytes) else b"" for column in packed)
    columns = Columns(recipients=recipients, persons=persons, contents=contents)
    if chain.digests(columns) != stored.digests:
        raise Break(stored.number, say("its columns do not agree with it"))
    return columns


@contextmanager
def _explained(path: Path) -> Iterator[None]:
    """Turn what went wrong with the store into JournalBroken."""
    try:
        yield
    except Break as found:
        message = say(
            "the journal {path} does not verify at entry {number}: {why}", path=path.name, number=found.number, why=found.why
        )
        remedy = say("restore the journal from a copy and keep the damaged file; nothing is sent without it")
        raise JournalBroken(message, code="JRN003", remedy=remedy, place=str(found.number)) from found
    except OSError as error:
        raise _unwritable(path, error.strerror or "") from error
    except sqlite3.ProgrammingError:
        raise  # a closed journal, a wrong statement: not the store's fault
    except sqlite3.Error as error:
        if getattr(error, "sqlite_errorcode", 0) & 0xFF in _CANNOT_WRITE:
            raise _unwritable(path, str(error)) from error
        raise _unreadable(path, str(error)) from error
    except UnicodeDecodeError as error:
        raise _unreadable(path, say("damaged text")) from error  # SQLite quotes what it cannot read, byte for byte


def _unwritable(path: Path, why: str) -> JournalBroken:
    message = say("the journal {path} cannot be written: {why}", path=path.name, why=why)
    return JournalBroken(message, code="JRN004", remedy=say("free space, or mend the disk or its permissions"))


def _unreadable(path: Path, why: str) -> JournalBroken:
    message = say("the journal {path} cannot be read: {why}", path=path.name, why=why)
    remedy = say("restore the journal from a copy, or name another path in `journal` when this file is none")
    return JournalBroken(message, code="JRN003", remedy=remedy)
