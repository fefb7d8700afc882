"""A journal in a PostgreSQL database: for teams, and for pipelines that keep no disk.

`postgresql://user@host/db?schema=NAME`: the journal has a schema to itself (`reconciler` where none is named), so that
several projects share a database. Everything else in the URL, the environment and `~/.pgpass` means what libpq says. The
connection is encrypted unless it stays on this machine or the URL says otherwise (`sslmode`).

A commit is on the server's disk before it counts. A connection that is lost is not made again: whether its last commit
arrived is not known, and the next opening reads it. A session lock of the server, one for each epoch, says whether the
holder of a lease lives, wherever it runs; so the connection must be one session, not one of a pool by transaction. Leases
are measured by the server's clock.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import parse_qsl, quote, urlencode

from reconciler.catalogue import say
from reconciler.errors import JournalBroken, Mistaken
from reconciler.journal.database import BUSY_S, MayBegin, unreadable, unwritable
from reconciler.journal.lease import Lease, Moment

try:
    import psycopg
    from psycopg import pq
    from psycopg.conninfo import conninfo_to_dict, make_conninfo
except ImportError as missing:
    raise Mistaken(
        say("the library for a journal in PostgreSQL is not installed"),
        code="JRN005",
        remedy="pip install 'campaign-reconciler[postgres]'",
    ) from missing

SCHEMES: Final = ("postgresql", "postgres")
SCHEMA: Final = "reconciler"
CONNECT_S: Final = 10
IDLE_S: Final = 60.0  # a process that froze within a transaction would keep everybody out

_SCHEMA_NAME: Final = re.compile(r"[a-z_][a-z0-9_]{0,62}")
_FORMS: Final = {
    "host": re.compile(r"@?[A-Za-z0-9._:/,%-]*"),
    "dbname": re.compile(r"[^@:/]*"),
    "port": re.compile(r"[0-9,]*"),
}
_TYPES: Final = {"BLOB": "BYTEA", "INTEGER": "BIGINT", "REAL": "DOUBLE PRECISION"}
_FORM: Final = re.compile(r"\b(?:BLOB|INTEGER|REAL)\b|\)\s*STRICT(?:, WITHOUT ROWID)?\s*$")

# What a server says that cannot be written now: connection, resources, limits, a shutdown, its disk; others are damage.
_CANNOT_WRITE: Final = ("08", "25", "28", "3D", "42501", "53", "54", "55", "57", "58", "40")


class PostgresDatabase:
    """See `database.Database`."""

    guards: tuple[str, ...] = (
        """CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN RAISE EXCEPTION 'the journal is append-only'; END $$""",
        """CREATE FUNCTION follow() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN
             IF NEW.number IS DISTINCT FROM (SELECT coalesce(max(number), 0) + 1 FROM entries) THEN
               RAISE EXCEPTION 'the journal is append-only';
             END IF;
             RETURN NEW;
           END $$""",
        """CREATE FUNCTION belong() RETURNS trigger LANGUAGE plpgsql AS
           $$ BEGIN
             IF NEW.number IS DISTINCT FROM (SELECT max(number) FROM entries) THEN
               RAISE EXCEPTION 'the journal is append-only';
             END IF;
             RETURN NEW;
           END $$""",
        *(
            f"CREATE TRIGGER {table}_{verb.lower()} BEFORE {verb} ON {table} FOR EACH STATEMENT EXECUTE FUNCTION refuse()"
            for table in ("entries", "columns", "key")
            for verb in ("UPDATE", "DELETE", "TRUNCATE")
        ),
        "CREATE TRIGGER entries_insert BEFORE INSERT ON entries FOR EACH ROW EXECUTE FUNCTION follow()",
        "CREATE TRIGGER columns_insert BEFORE INSERT ON columns FOR EACH ROW EXECUTE FUNCTION belong()",
    )

    def __init__(self, url: str, emergency: Path, begin: MayBegin) -> None:
        """Connect. Mistaken (JRN005) for a URL that cannot be one, JournalBroken (JRN004) where the server cannot be used."""
        options, self._schema = _parsed(url)
        where = f"{options.get('host') or 'localhost'}/{options.get('dbname', '')}"
        self.name = where if self._schema == SCHEMA else f"{where}?schema={self._schema}"
        self.emergency = emergency
        try:
            self._connection = psycopg.connect(make_conninfo("", **options), autocommit=True)
        except psycopg.Error as error:
            raise unwritable(self.name, _why(error, options.get("password", ""))) from None
        try:
            with self._explained():
                self._prepare()
                self._there = bool(self.execute("SELECT 1 FROM pg_namespace WHERE nspname = ?", (self._schema,)))
                if not self._there:
                    begin(self.name, emergency)
        except BaseException:
            self._connection.close()
            raise

    def execute(self, query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """See `database.Database`."""
        cursor = self._connection.execute(query.replace("?", "%s"), values, binary=True)
        return cursor.fetchall() if cursor.description else []

    def execute_each(self, query: str, values: Sequence[Sequence[Any]]) -> None:
        """See `database.Database`."""
        with self._connection.cursor(binary=True) as cursor:
            cursor.executemany(query.replace("?", "%s"), values)

    def lay(self, statement: str) -> None:
        """See `database.Database`."""
        self._connection.execute(_FORM.sub(lambda found: _TYPES.get(found[0], ")"), statement))

    def laid_out(self) -> bool:
        """See `database.Database`."""
        found = self.execute("SELECT tablename FROM pg_tables WHERE schemaname = ?", (self._schema,))
        tables = {name for (name,) in found}
        if tables and not {"schema_version", "entries", "columns", "key"} <= tables:
            message = say("{path} holds tables and no journal", path=self.name)
            raise JournalBroken(message, code="JRN003", remedy=say("name another schema in `journal`: ?schema=NAME"))
        return bool(tables)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """See `database.Database`."""
        with self._explained(), self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"):
            yield

    @contextmanager
    def writing(self, *, synced: bool = True) -> Iterator[None]:
        """See `database.Database`. Who waits for the only writer sees what it wrote."""
        begin = f"BEGIN ISOLATION LEVEL READ COMMITTED; SELECT pg_advisory_xact_lock({self._number('writer')})"
        if not synced:
            begin += "; SET LOCAL synchronous_commit = off"
        with self._explained(), self._transaction(begin):
            if not self._there:
                self._connection.execute(f"CREATE SCHEMA IF NOT EXISTS {self._schema}")
                self._there = True
            yield

    def moment(self, local: Moment) -> Moment:
        """See `database.Database`: by the server's clock, which everybody shares."""
        ((now,),) = self.execute("SELECT clock_timestamp()")
        return replace(local, now=now, boot="", clock_s=0.0)

    def alive(self, lease: Lease) -> bool:
        """See `database.Database`."""
        number = self._number(f"epoch {lease.epoch}")
        ((free,),) = self.execute("SELECT pg_try_advisory_lock(?)", (number,))
        if free:
            self.execute("SELECT pg_advisory_unlock(?)", (number,))
        return not free

    @contextmanager
    def own(self, epoch: int) -> Iterator[None]:
        """See `database.Database`. The lock is of the session: it ends with the connection."""
        number = self._number(f"epoch {epoch}")
        self.execute("SELECT pg_advisory_lock(?)", (number,))
        try:
            yield
        finally:
            with suppress(psycopg.Error):
                self.execute("SELECT pg_advisory_unlock(?)", (number,))

    def close(self) -> None:
        """See `database.Database`."""
        self._connection.close()

    def _prepare(self) -> None:
        """Settings of the session, and what a server must promise."""
        ((fsync, commit, encoding),) = self.execute(
            "SELECT current_setting('fsync'), current_setting('synchronous_commit'), current_setting('server_encoding')"
        )
        if fsync != "on":
            raise unwritable(self.name, say("the server runs with fsync off: what it says is kept may be lost"))
        if encoding != "UTF8":
            raise unwritable(self.name, say("the database is not in UTF8"))
        settings = {
            "search_path": self._schema,
            "lock_timeout": f"{BUSY_S:.0f}s",
            "idle_in_transaction_session_timeout": f"{IDLE_S:.0f}s",
        }
        if commit in ("off", "local"):  # what is stricter stays
            settings["synchronous_commit"] = "on"
        for setting, value in settings.items():
            self.execute("SELECT set_config(?, ?, false)", (setting, value))

    def _number(self, what: str) -> int:
        """The number of an advisory lock, which all journals of a database share."""
        return int.from_bytes(hashlib.sha256(f"reconciler {self._schema} {what}".encode()).digest()[:8], signed=True)

    @contextmanager
    def _transaction(self, begin: str) -> Iterator[None]:
        try:
            self._connection.execute(begin)
            yield
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(psycopg.Error):
                self._connection.execute("ROLLBACK")
            raise

    @contextmanager
    def _explained(self) -> Iterator[None]:
        """Turn what the server says into JournalBroken; never with a row in it, or a value."""
        try:
            yield
        except psycopg.Error as error:
            state = error.sqlstate or ""
            if isinstance(error, psycopg.OperationalError | psycopg.InterfaceError) or state.startswith(_CANNOT_WRITE):
                raise unwritable(self.name, _why(error)) from error
            raise unreadable(self.name, _why(error)) from error


def _why(error: psycopg.Error, secret: str = "") -> str:
    """The first line of what the server or libpq said."""
    words = error.diag.message_primary or (str(error).strip().splitlines() or [type(error).__name__])[0]
    return words.replace(secret, "***") if secret else words


def _parsed(url: str) -> tuple[dict[str, str], str]:
    """libpq's options, and the schema. Nothing of a URL that cannot be understood is shown: a password may stand anywhere."""
    address, _mark, words = url.partition("?")
    query = parse_qsl(words, keep_blank_values=True)
    schemas = [value for name, value in query if name == "schema"]
    schema = schemas[-1] if schemas else SCHEMA
    if address.partition("://")[0] not in SCHEMES or not _SCHEMA_NAME.fullmatch(schema) or schema.startswith("pg_"):
        raise _not_a_place()
    rest = urlencode([(name, value) for name, value in query if name != "schema"], quote_via=quote)
    try:
        options = conninfo_to_dict(f"{address}?{rest}")
    except psycopg.Error:
        raise _not_a_place() from None
    given = {name: str(value) for name, value in options.items() if value is not None}
    # A password with a character of its own that was not encoded leaks into its neighbours.
    if not all(form.fullmatch(given.get(name, "")) for name, form in _FORMS.items()):
        raise _not_a_place()
    defaults = {
        "application_name": "reconciler",
        "client_encoding": "utf8",
        "connect_timeout": str(CONNECT_S),
        "keepalives_idle": "30",
        "tcp_user_timeout": "60000",
    }
    if not _stays_here(given):
        defaults["sslmode"] = "require"
    return {**defaults, **given}, schema


def _not_a_place() -> Mistaken:
    return Mistaken(
        say("the journal's URL cannot be understood"),
        code="JRN005",
        remedy=say("write it like postgresql://user@host/db?schema=name"),
    )


def _stays_here(options: dict[str, str]) -> bool:
    """Whether the connection does not leave this machine; libpq's own defaults and variables say it where the URL does not."""
    defaults = {option.keyword.decode(): (option.val or b"").decode() for option in pq.Conninfo.get_defaults()}
    known = {**{name: value for name, value in defaults.items() if value}, **options}
    hosts = known.get("hostaddr") or known.get("host") or ""
    return "service" not in known and all(map(_is_here, hosts.split(",")))


def _is_here(host: str) -> bool:
    if not host or host == "localhost" or host.startswith(("/", "@")):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
