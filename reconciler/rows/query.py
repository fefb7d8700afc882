"""Rows of a query on PostgreSQL: streamed by the server as csv into the private folder, and read from there like any file.

The query can only read: it is parsed alone first, so that it is one statement and nothing can be closed early around it,
and it runs in a read-only transaction that sees one moment. One row's bytes are held at a time. The server's own messages
quote values, so only their class is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from reconciler.catalogue import say
from reconciler.diagnostics import Finding
from reconciler.rows.engine import Engine
from reconciler.rows.errors import TooMuch
from reconciler.rows.places import Place
from reconciler.rows.source import too_much, unreadable
from reconciler.rows.spec import RowsSpec
from reconciler.rows.spill import Writer
from reconciler.target import SecretRef

if TYPE_CHECKING:
    from psycopg import Connection, Error

CONNECT_S: Final = 15
STATEMENT_S: Final = 1_800
"""Ten million rows take a minute; a query that takes half an hour holds the server's snapshot for as long."""
_BEGIN: Final = "BEGIN TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_COPY: Final = "COPY (\n{query}\n) TO STDOUT (FORMAT csv, HEADER, NULL ' ', FORCE_QUOTE *, ENCODING 'UTF8')"


def connection_of(engine: Engine, spec: RowsSpec) -> str:
    """The value that `connection` refers to. Mistaken where it is not there."""
    reference = SecretRef(**spec.source["connection"], origin=spec.origin_of("source.connection"))
    return reference.resolve(engine.environ, spec.root).reveal()


def queried(engine: Engine, spec: RowsSpec) -> Place | Finding:
    """The rows of the source's query as a private csv file, or why there are none (SRC002, SRC006, SRC007)."""
    try:
        import psycopg
    except ImportError:
        remedy = say("install it: pip install 'campaign-reconciler[postgres]'")
        return spec.mistake("SRC007", say("the library for PostgreSQL is not installed"), "source.sql", remedy)
    place = Place(path=engine.folder / f"{engine.fresh('query')}.csv", shown="sql", form="csv")
    address = connection_of(engine, spec)
    wrong: Finding | None = None
    try:
        with psycopg.connect(
            address, connect_timeout=CONNECT_S, autocommit=True, application_name="reconciler", client_encoding="UTF8"
        ) as connection:
            wrong = _copied(connection, spec, place)
    except psycopg.Error as broken:
        wrong = _refused(spec, broken)
    except TooMuch as much:
        wrong = too_much(spec, place, much)
    if wrong is not None:
        place.path.unlink(missing_ok=True)
    return wrong or place


def _copied(connection: Connection[Any], spec: RowsSpec, place: Place) -> Finding | None:
    from psycopg.errors import error_from_result
    from psycopg.pq import ExecStatus

    query = str(spec.source["sql"]).strip().rstrip(";")
    connection.execute(_BEGIN)
    # A query and not SET, so that the transaction has its snapshot and can no longer be made one that writes.
    connection.execute("SELECT set_config('statement_timeout', %s, true)", [f"{STATEMENT_S}s"])
    parsed = connection.pgconn.prepare(b"source", query.encode())
    if parsed.status != ExecStatus.COMMAND_OK:
        raise error_from_result(parsed)
    shape = connection.pgconn.describe_prepared(b"source")
    if shape.nparams or not shape.nfields:
        return unreadable(spec, place, say("it gives no rows"), remedy=say("write one SELECT without parameters"))
    with connection.cursor() as cursor, cursor.copy(_COPY.format(query=query).encode()) as copy, Writer(place.path) as out:
        for piece in copy:
            out.write(bytes(piece))
    return None


def _refused(spec: RowsSpec, broken: Error) -> Finding:
    """The class of a server's refusal; its message may quote the rows."""
    state = broken.sqlstate or ""
    classes = {
        "": say("the database cannot be reached, or does not accept the user"),
        "08": say("the connection broke"),
        "22": say("a value does not convert as the query asks"),
        "25": say("the query would write, and may only read"),
        "28": say("the user or password is not accepted"),
        "3D": say("there is no such database"),
        "42": say("the query is not right, or more than one"),
        "42P01": say("there is no such table"),
        "42501": say("the user may not read this"),
        "42703": say("there is no such column"),
        "53": say("the server has no room left"),
        "57": say("the query took too long, or the server is shutting down"),
    }
    why = classes.get(state) or classes.get(state[:2]) or say("the database refused the query")
    if not state or state[:2] in ("08", "28", "3D", "53", "57"):
        remedy = say("look at the value that `connection` names, and at the server")
        return spec.mistake("SRC007", f"{why} ({state})" if state else why, "source.connection", remedy)
    at = broken.diag.statement_position
    place = say("SQLSTATE {state}, character {at}", state=state, at=at) if at else say("SQLSTATE {state}", state=state)
    return spec.mistake("SRC002", f"{why} ({place})", "source.sql", say("try the query as that user, with one SELECT"))
