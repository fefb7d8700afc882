"""The state of the three platforms in one SQLite database, in memory or in a file that survives a restart.

One connection behind one lock: the sandbox answers calls one after another inside, which makes every call a
transaction and keeps the order of effects unambiguous.
"""

from __future__ import annotations

import json
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from reconciler.sandbox.limits import LIMITS

VERSION = 1

SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS account (name TEXT PRIMARY KEY, platform TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS allowance (account TEXT, name TEXT, value TEXT NOT NULL, PRIMARY KEY (account, name))
  WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS counter (account TEXT, name TEXT, value INTEGER NOT NULL, PRIMARY KEY (account, name))
  WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS call (
  seq INTEGER PRIMARY KEY, at TEXT, platform TEXT, account TEXT, method TEXT, path TEXT, operation TEXT,
  status INTEGER, fault TEXT);
CREATE TABLE IF NOT EXISTS effect (
  seq INTEGER PRIMARY KEY, at TEXT, platform TEXT, account TEXT, container TEXT, container_id TEXT,
  recipient TEXT, what TEXT, text TEXT, key TEXT, due TEXT);
CREATE TABLE IF NOT EXISTS fault (
  id INTEGER PRIMARY KEY, platform TEXT, kind TEXT, operation TEXT, only TEXT, skip INTEGER, left INTEGER,
  rate REAL, seed INTEGER, draws INTEGER, fired INTEGER, details TEXT);
CREATE TABLE IF NOT EXISTS late (
  id INTEGER PRIMARY KEY, account TEXT, calls_left INTEGER, due TEXT, ask BLOB);

CREATE TABLE IF NOT EXISTS wolkvox_quota (account TEXT, token TEXT, day TEXT, used INTEGER NOT NULL,
  PRIMARY KEY (account, token, day)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS wolkvox_skill (account TEXT, id TEXT, name TEXT, description TEXT, PRIMARY KEY (account, id))
  WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS wolkvox_campaign (
  account TEXT, id INTEGER, name TEXT, description TEXT, type TEXT, status TEXT DEFAULT 'Stopped', speed INTEGER,
  dial_mode TEXT, last_use TEXT, recycled INTEGER DEFAULT 0, turbo_dial TEXT, skill_id TEXT, hidden TEXT,
  PRIMARY KEY (account, id)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS wolkvox_record (
  seq INTEGER PRIMARY KEY, account TEXT, campaign INTEGER, customer_id TEXT, phones TEXT, result TEXT, calls INTEGER,
  closed INTEGER, reached INTEGER, worked BLOB, shown BLOB);
CREATE INDEX IF NOT EXISTS wolkvox_record_key ON wolkvox_record (account, campaign, customer_id);
CREATE INDEX IF NOT EXISTS wolkvox_record_waiting ON wolkvox_record (account, campaign) WHERE reached = 0;
CREATE TABLE IF NOT EXISTS wolkvox_dnc (
  account TEXT, phone TEXT, direction TEXT, entered_at TEXT, expires_at TEXT, PRIMARY KEY (account, phone, direction))
  WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS wolkvox_dnc_expiry ON wolkvox_dnc (expires_at) WHERE expires_at IS NOT NULL;
CREATE TABLE IF NOT EXISTS wolkvox_sms (seq INTEGER PRIMARY KEY, account TEXT, at TEXT, telephone TEXT, message TEXT);
CREATE TABLE IF NOT EXISTS wolkvox_audit (seq INTEGER PRIMARY KEY, account TEXT, at TEXT, user TEXT, action TEXT);

CREATE TABLE IF NOT EXISTS lynn_token (token TEXT PRIMARY KEY, account TEXT, expired INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS lynn_campaign (
  seq INTEGER PRIMARY KEY, account TEXT, id TEXT UNIQUE, body TEXT, mode TEXT, running INTEGER);
CREATE TABLE IF NOT EXISTS lynn_contact (
  seq INTEGER PRIMARY KEY, account TEXT, id TEXT UNIQUE, name TEXT, channel TEXT, identifier TEXT, correlation TEXT);
CREATE INDEX IF NOT EXISTS lynn_contact_account ON lynn_contact (account, identifier);
CREATE TABLE IF NOT EXISTS lynn_dnd (account TEXT, contact TEXT, campaign TEXT, PRIMARY KEY (account, contact, campaign))
  WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS lynn_dnd_campaign ON lynn_dnd (account, campaign);
CREATE TABLE IF NOT EXISTS lynn_row (
  seq INTEGER PRIMARY KEY, account TEXT, campaign TEXT, phone TEXT, template TEXT, data TEXT, state TEXT);
CREATE INDEX IF NOT EXISTS lynn_row_ready ON lynn_row (account, campaign) WHERE state = 'Ready';
CREATE TABLE IF NOT EXISTS lynn_task (
  id TEXT PRIMARY KEY, account TEXT, kind TEXT, polls INTEGER, due TEXT, status TEXT, ends TEXT, work TEXT) WITHOUT ROWID;

CREATE TABLE IF NOT EXISTS ucontact_session (token TEXT PRIMARY KEY, account TEXT, expired INTEGER) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ucontact_dialer (
  account TEXT, channel TEXT, name TEXT, agent TEXT, playing INTEGER, PRIMARY KEY (account, channel, name)) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS ucontact_base (
  seq INTEGER PRIMARY KEY, account TEXT, channel TEXT, dialer TEXT, filename TEXT, rows INTEGER, active INTEGER);
CREATE TABLE IF NOT EXISTS ucontact_row (
  seq INTEGER PRIMARY KEY, account TEXT, base INTEGER, dialer TEXT, destination TEXT, text TEXT, sent INTEGER);
CREATE INDEX IF NOT EXISTS ucontact_row_base ON ucontact_row (base) WHERE sent = 0;
"""

TABLES = tuple(line.split()[5] for line in SCHEMA.splitlines() if line.startswith("CREATE TABLE"))


class Store:
    """The database and its lock. `path` is a file or `:memory:`."""

    def __init__(self, path: str = ":memory:") -> None:
        self.path = path
        self._lock = threading.RLock()
        self._db = _opened(path)

    @contextmanager
    def transaction(self) -> Iterator[sqlite3.Connection]:
        """The connection, alone, inside a transaction that is undone when the block raises."""
        with self._lock:
            self._db.execute("BEGIN")
            try:
                yield self._db
            except BaseException:
                self._db.execute("ROLLBACK")
                raise
            self._db.execute("COMMIT")

    def snapshot(self) -> Store:
        """A copy in memory of everything as it is now, for stale reads. The caller holds no transaction open."""
        copy = Store()
        with self._lock:
            self._db.backup(copy._db)
        return copy

    def close(self) -> None:
        with self._lock:
            self._db.close()


def _opened(path: str) -> sqlite3.Connection:
    """A connection to the file or to memory, with the tables made; one sandbox a file, a second one finds it locked."""
    db = sqlite3.connect(path, timeout=0.5, check_same_thread=False, isolation_level=None, cached_statements=512)
    try:
        if path != ":memory:":
            db.execute("PRAGMA locking_mode = EXCLUSIVE")
            db.execute("PRAGMA journal_mode = WAL")
        db.execute("PRAGMA synchronous = OFF")  # a killed process loses nothing by it, and power is not what is tested here
        _check_version(db)
        db.executescript(SCHEMA)
        db.execute(f"PRAGMA user_version = {VERSION}")
    except BaseException:
        db.close()
        raise
    return db


def _check_version(db: sqlite3.Connection) -> None:
    found = db.execute("PRAGMA user_version").fetchone()[0]
    if found not in (0, VERSION):
        raise ValueError(f"the sandbox file is of version {found}, this program reads {VERSION}: remove the file")


def ensure_account(db: sqlite3.Connection, platform: str, account: str) -> bool:
    """Make the account known; true when it was not."""
    added = db.execute("INSERT OR IGNORE INTO account (name, platform) VALUES (?, ?)", (account, platform))
    return added.rowcount == 1


def limits_of(db: sqlite3.Connection, platform: str, account: str) -> dict[str, Any]:
    """The platform's limits with the account's own settings over them."""
    own = db.execute("SELECT name, value FROM allowance WHERE account = ?", (account,)).fetchall()
    return LIMITS[platform] | {name: json.loads(value) for name, value in own}


def set_limits(db: sqlite3.Connection, account: str, wished: dict[str, Any]) -> None:
    db.executemany(
        "INSERT OR REPLACE INTO allowance (account, name, value) VALUES (?, ?, ?)",
        [(account, name, json.dumps(value)) for name, value in wished.items()],
    )


def next_number(db: sqlite3.Connection, account: str, name: str, first: int = 1) -> int:
    """The next number of a counter that is the account's own, so that ids are the same in every run."""
    row = db.execute(
        "INSERT INTO counter (account, name, value) VALUES (?, ?, ?) "
        "ON CONFLICT (account, name) DO UPDATE SET value = value + 1 RETURNING value",
        (account, name, first),
    ).fetchone()
    return int(row[0])


def meta(db: sqlite3.Connection, name: str, default: str = "") -> str:
    row = db.execute("SELECT value FROM meta WHERE name = ?", (name,)).fetchone()
    return default if row is None else str(row[0])


def set_meta(db: sqlite3.Connection, name: str, value: str) -> None:
    db.execute("INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)", (name, value))
