"""The layout of a journal, the same in every database: entries and their columns, which nothing changes, and tables derived
from them, which anybody may rebuild.

It is written as SQLite knows it; `Database.lay` says it in its own words. Derived tables are stored by the very key that
they are looked up by, so that a row which the sums vouch for is a row that is found (see `tables`).
"""

from __future__ import annotations

from typing import Final

from reconciler.catalogue import say
from reconciler.errors import JournalBroken
from reconciler.journal.database import Database

_ATTEMPT: Final = """(container TEXT NOT NULL, operation TEXT NOT NULL, number INTEGER NOT NULL, run TEXT NOT NULL,
    address TEXT NOT NULL, action TEXT NOT NULL, call TEXT NOT NULL, count INTEGER NOT NULL, since TEXT NOT NULL,
    event TEXT NOT NULL, outcome TEXT NOT NULL, rows_at INTEGER NOT NULL, facts TEXT NOT NULL,
    PRIMARY KEY (container, operation, number)) STRICT, WITHOUT ROWID"""

# Forward only: a published step is never edited, a new one is added at the end. Version n has the first n steps.
STEPS: Final[tuple[tuple[str, ...], ...]] = (
    (
        "CREATE TABLE schema_version (version INTEGER NOT NULL) STRICT",
        "CREATE TABLE entries (number INTEGER PRIMARY KEY, body BLOB NOT NULL, hash BLOB NOT NULL) STRICT",
        """CREATE TABLE columns (number INTEGER PRIMARY KEY REFERENCES entries (number),
           recipients BLOB NOT NULL, persons BLOB NOT NULL, contents BLOB NOT NULL) STRICT""",
        "CREATE TABLE key (value BLOB NOT NULL) STRICT",
        """CREATE TABLE attempts (number INTEGER PRIMARY KEY, operation TEXT NOT NULL, run TEXT NOT NULL,
           address TEXT NOT NULL, action TEXT NOT NULL, call TEXT NOT NULL, container TEXT NOT NULL, count INTEGER NOT NULL,
           since TEXT NOT NULL, event TEXT NOT NULL, outcome TEXT NOT NULL, rows_at INTEGER NOT NULL, facts TEXT NOT NULL)
           STRICT""",
        "CREATE INDEX attempts_operation ON attempts (operation)",
        "CREATE INDEX attempts_container ON attempts (container, outcome)",
        "CREATE INDEX attempts_open ON attempts (number) WHERE outcome = 'open'",
        """CREATE TABLE owned (address TEXT PRIMARY KEY, id TEXT NOT NULL, container TEXT NOT NULL, name TEXT NOT NULL,
           fields TEXT NOT NULL, protect INTEGER NOT NULL, adopted INTEGER NOT NULL) STRICT""",
        "CREATE TABLE baselines (number INTEGER PRIMARY KEY, container TEXT NOT NULL) STRICT",
        "CREATE TABLE manual (key TEXT PRIMARY KEY) STRICT",
        "CREATE TABLE plans (seal TEXT PRIMARY KEY) STRICT",
        """CREATE TABLE derived (one INTEGER PRIMARY KEY, rules INTEGER NOT NULL, number INTEGER NOT NULL, head BLOB NOT NULL,
           sum BLOB NOT NULL, seal BLOB NOT NULL) STRICT""",
        "CREATE TABLE checkpoints (number INTEGER PRIMARY KEY, hash BLOB NOT NULL, seal BLOB NOT NULL) STRICT",
        """CREATE TABLE lease (one INTEGER PRIMARY KEY, holder TEXT NOT NULL, host TEXT NOT NULL, run TEXT NOT NULL,
           since TEXT NOT NULL) STRICT""",
    ),
    (
        # What is derived can change its form: it is dropped, and derived again from the entries. `derived` stays, because it
        # says how many entries there were.
        *(f"DROP TABLE {table}" for table in ("attempts", "owned", "baselines", "manual", "plans", "lease")),
        f"CREATE TABLE pending {_ATTEMPT}",
        f"CREATE TABLE settled {_ATTEMPT}",
        "CREATE TABLE tail (one INTEGER PRIMARY KEY, number INTEGER NOT NULL, hash BLOB NOT NULL, seal BLOB NOT NULL) STRICT",
        "CREATE TABLE sums (container TEXT PRIMARY KEY, sum BLOB NOT NULL) STRICT, WITHOUT ROWID",
        """CREATE TABLE tallies (address TEXT NOT NULL, container TEXT NOT NULL, begun INTEGER NOT NULL,
           placings INTEGER NOT NULL, rows INTEGER NOT NULL, latest TEXT NOT NULL, PRIMARY KEY (address, container))
           STRICT, WITHOUT ROWID""",
        "CREATE TABLE owned (address TEXT PRIMARY KEY, facts TEXT NOT NULL) STRICT, WITHOUT ROWID",
        """CREATE TABLE baselines (container TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (container, number))
           STRICT, WITHOUT ROWID""",
        "CREATE TABLE manual (key TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",
        "CREATE TABLE plans (seal TEXT PRIMARY KEY) STRICT, WITHOUT ROWID",
        """CREATE TABLE lease (one INTEGER PRIMARY KEY, epoch INTEGER NOT NULL, run TEXT NOT NULL, holder TEXT NOT NULL,
           host TEXT NOT NULL, reason TEXT NOT NULL, since TEXT, until TEXT, boot TEXT NOT NULL, until_clock_s REAL NOT NULL)
           STRICT""",
    ),
    (
        "CREATE TABLE lists (name TEXT PRIMARY KEY, facts TEXT NOT NULL) STRICT, WITHOUT ROWID",
        "CREATE TABLE sources (address TEXT PRIMARY KEY, rows INTEGER NOT NULL) STRICT, WITHOUT ROWID",
    ),
    ("ALTER TABLE lease ADD COLUMN moved TEXT NOT NULL DEFAULT ''",),
)
VERSION: Final = len(STEPS)


def version(database: Database) -> int:
    """How many steps the layout has taken, 0 for none; JournalBroken (JRN003) when a newer program took more."""
    if not database.laid_out():
        return 0
    taken = database.execute("SELECT version FROM schema_version")
    if len(taken) != 1 or not isinstance(taken[0][0], int) or taken[0][0] > VERSION:
        message = say("the journal {path} was made by a newer version of this program", path=database.name)
        raise JournalBroken(message, code="JRN003", remedy=say("install that version"))
    found: int = taken[0][0]
    return found


def migrate(database: Database, taken: int) -> None:
    """Take the steps that are missing after the first `taken`, inside the caller's transaction."""
    for step in STEPS[taken:]:
        for statement in step:
            database.lay(statement)
    if not taken:
        for statement in database.guards:
            database.execute(statement)
    database.execute("DELETE FROM schema_version")
    database.execute("INSERT INTO schema_version VALUES (?)", (VERSION,))
