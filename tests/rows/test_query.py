"""Rows of a query: what arrives, what is refused, and what is said of it, against a real server."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest

from reconciler.errors import Mistaken
from reconciler.kinds import KINDS
from reconciler.kinds.sources import source_rules
from reconciler.rows import query
from reconciler.rows.engine import Engine
from reconciler.rows.errors import SourceBroken
from reconciler.rows.prepare import prepare
from reconciler.rows.reader import peek
from reconciler.rows.sheet import Column, Sheet
from reconciler.rows.spec import RowsSpec
from tests.house import House, actions
from tests.postgres import Server
from tests.rows.conftest import KEY, Specs, digest_of

SETUP = """
CREATE TABLE people (key text, phone text, name text, due date, balance numeric(9, 2));
INSERT INTO people VALUES ('1', '3001234567', 'Ana, "la" Muñoz', '2026-03-09', 12.50),
    ('2', '3011234567', E'Luis\\nPérez', NULL, NULL), ('3', '', 'Nadie', NULL, 0);
CREATE SEQUENCE counter;
CREATE FUNCTION writes() RETURNS integer LANGUAGE plpgsql AS $$ BEGIN DELETE FROM people; RETURN 1; END $$;
"""
QUERY = "SELECT key, phone, name FROM people"

Asked = Callable[..., RowsSpec]


@pytest.fixture
def address(postgres: Server) -> Iterator[str]:
    """Where a new database with three people is; it is gone afterwards."""
    place = f"postgresql://reconciler@/{{}}?host={postgres.folder}"
    with psycopg.connect(place.format("postgres"), autocommit=True) as owner:
        owner.execute("CREATE DATABASE lists")
        try:
            with psycopg.connect(place.format("lists"), autocommit=True) as connection:
                connection.execute(SETUP)
            yield place.format("lists")
        finally:
            owner.execute("DROP DATABASE lists WITH (FORCE)")


@pytest.fixture
def engine(address: str) -> Iterator[Engine]:
    with Engine(key=KEY, memory="512MB", environ={"BASE": address, "NOWHERE": "postgresql://ana:hidden@127.0.0.1:1/x"}) as made:
        yield made


@pytest.fixture
def asked(specs: Specs) -> Asked:
    def make(query: str = QUERY, connection: str = "BASE", **fields: Any) -> RowsSpec:
        return specs(source={"sql": query, "connection": {"env": connection}}, **fields)

    return make


def refused(engine: Engine, spec: RowsSpec) -> str:
    """The one finding as `CODE message`; neither it nor anything chained to it quotes a row, a name or a password."""
    with pytest.raises(SourceBroken) as broken:
        prepare(engine, spec)
    whole = "".join(traceback.format_exception(broken.value))
    for hidden in ("3001234567", "Ana", "hidden", "somebody", "127.0.0.1", "host="):
        assert hidden not in whole + repr(broken.value.findings)
    assert list(engine.folder.iterdir()) == []
    (finding,) = broken.value.findings
    assert finding.remedy
    return f"{finding.code} {finding.message}"


def test_a_querys_rows_are_rows(engine: Engine, asked: Asked) -> None:
    """Commas, quotes, line ends and letters arrive; NULL is empty; numbers and dates are plain text."""
    rows = prepare(engine, asked())
    assert sorted(engine.run(f"SELECT key, phone, name FROM {rows.table}")) == [
        ("1", "3001234567", 'Ana, "la" Muñoz'),
        ("2", "3011234567", "Luis\nPérez"),
    ]
    assert (rows.in_source, rows.reasons) == (3, {"empty phone": 1})
    query = "SELECT key, phone, due || '' AS due, balance FROM people -- the end;"
    columns = {"key": "key", "phone": "phone", "name": "due", "opt1": "balance"}
    rows = prepare(engine, asked(query, columns=columns))
    assert sorted(engine.run(f"SELECT key, name, opt1 FROM {rows.table}")) == [("1", "2026-03-09", "12.50"), ("2", "", "")]
    assert prepare(engine, asked(f"{QUERY} WHERE name LIKE 'A%' AND '{{}}' = '{{}}' ;\n")).rows == 1
    assert list(engine.folder.iterdir()) == []


def test_a_single_column_loses_no_row(engine: Engine, asked: Asked) -> None:
    """Neither an empty text nor NULL is a blank line."""
    sheet = Sheet(columns=(Column(name="phone", phone=True, required=True),), identity=("phone",), readable=True)
    query = "SELECT phone FROM (VALUES ('3001234567'), (''), (NULL), (' ')) v(phone)"

    rows = prepare(engine, asked(query, sheet=sheet))

    assert (rows.in_source, rows.reasons, rows.rows) == (4, {"empty phone": 3}, 1)


def test_the_digest_is_that_of_the_rows(engine: Engine, asked: Asked, specs: Specs) -> None:
    """However they are asked for, and in which order; a file with the same rows has the same."""
    by_query = [digest_of(engine, prepare(engine, asked(f"{QUERY} ORDER BY key {way}"))) for way in ("ASC", "DESC")]
    text = 'phone;name;key\n3011234567;"Luis\nPérez";2\n;Nadie;3\n3001234567;"Ana, ""la"" Muñoz";1\n'
    by_file = digest_of(engine, prepare(engine, specs(text=text)))

    assert by_query[0] == by_query[1] == by_file


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ("DELETE FROM people RETURNING key, phone", "SRC002 the query would write"),
        ("WITH gone AS (DELETE FROM people RETURNING *) SELECT * FROM gone", "SRC002 the query would write"),
        ("SELECT key, phone, writes() AS name FROM people", "SRC002 the query would write"),
        ("SELECT nextval('counter') AS key, '3001234567' AS phone", "SRC002 the query would write"),
        ("SELECT * INTO copied FROM people", "SRC002 'sql': it gives no rows"),
        ("SELECT key FROM people FOR UPDATE", "SRC002 the query would write"),
        ("SELECT 1; DELETE FROM people", "SRC002 the query is not right, or more than one (SQLSTATE 42601)"),
        ("SELECT 1; COMMIT; DELETE FROM people", "SRC002 the query is not right, or more than one"),
        ("SELECT 1) TO PROGRAM 'touch /tmp/x' --", "SRC002 the query is not right"),
        ("SELECT 1) TO STDOUT; DELETE FROM people; SELECT (1", "SRC002 the query is not right"),
        ("COMMIT", "SRC002 'sql': it gives no rows"),
        ("SELECT set_config('transaction_read_only', 'off', false), writes()", "SRC002 the query would write"),
        ("SELECT key FROM people WHERE key = $1", "SRC002 'sql': it gives no rows"),
        ("SELECT key FROM nowhere", "SRC002 there is no such table (SQLSTATE 42P01, character 17)"),
        ("SELECT cedula FROM people", "SRC002 there is no such column (SQLSTATE 42703, character 8)"),
        ("SELECT name::integer AS key FROM people", "SRC002 a value does not convert as the query asks (SQLSTATE 22P02)"),
        (
            "SELECT 1 / (key::integer - 1) AS key FROM people",
            "SRC002 a value does not convert as the query asks (SQLS",
        ),
        ("SELECT key, phone, name AS phone FROM people", "SRC002 'sql', line 1: the column 'phone' stands twice"),
        ("SELECT key, name FROM people", "SRC001 the source has no column 'phone'"),
        ("SELECT FROM people", "SRC002 'sql': it gives no rows"),
    ],
)
def test_a_query_that_does_not_only_read_is_refused(engine: Engine, asked: Asked, address: str, query: str, says: str) -> None:
    """Nothing is written, whatever it tries; and what is said has a class and no value."""
    assert refused(engine, asked(query)).startswith(says)
    with psycopg.connect(address) as connection:
        assert connection.execute("SELECT count(*) FROM people").fetchone() == (3,)
        assert connection.execute("SELECT is_called FROM counter").fetchone() == (False,)


def test_a_query_that_takes_too_long_is_stopped(engine: Engine, asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """By the server, so that nothing goes on running there."""
    monkeypatch.setattr(query, "STATEMENT_S", 1)

    assert refused(engine, asked("SELECT pg_sleep(60)::text AS key")).startswith("SRC007 the query took too long")


def test_a_database_that_does_not_answer_is_said_to(engine: Engine, asked: Asked, address: str) -> None:
    """Without its address; a reference that leads nowhere is a missing secret."""
    assert refused(engine, asked(connection="NOWHERE")).startswith("SRC007 the database cannot be reached")
    engine.environ = {"BASE": address.replace("reconciler@", "somebody@"), "ODD": "postgresql://x:hidden@[Ana"}
    assert refused(engine, asked()).startswith("SRC007 the database cannot be reached, or does not accept the user")
    assert refused(engine, asked(connection="ODD")).startswith("SRC007 the database cannot be reached")
    with pytest.raises(Mistaken) as missing:
        prepare(engine, asked(connection="NONE"))
    assert missing.value.code == "SEC002"


def test_without_the_library_it_is_said_how_to_install_it(
    engine: Engine, asked: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an extra: who reads files only does not need it."""
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(SourceBroken) as broken:
        prepare(engine, asked())

    assert (broken.value.code, "campaign-reconciler[postgres]" in broken.value.remedy) == ("SRC007", True)


def test_validate_never_connects(asked: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """The mapping is looked at as far as it can be without the rows."""
    monkeypatch.setitem(sys.modules, "psycopg", None)

    assert peek(asked(connection="NONE")) == []
    assert peek(asked(columns={"key": "a", "phone": "b"})) == []
    assert [finding.code for finding in peek(asked(columns={"key": "a", "phone": "b", "other": "c"}))] == ["SPC013"]
    assert [finding.code for finding in peek(asked(columns={"key": "a"}))] == ["SPC002"]


@pytest.mark.parametrize(
    "query", ["DELETE FROM x", "  ; SELECT 1", "COPY x TO STDOUT", "-- SELECT\nDROP TABLE x", "SELECTED", ""]
)
def test_what_cannot_be_a_query_is_found_before_it_is_asked(query: str) -> None:
    """In `validate`, with the place of the query."""
    rules = list(source_rules({"source": {"sql": query, "connection": {"env": "BASE"}}}))

    assert [(path, code) for path, code, _, _ in rules] == [("source.sql", "SPC012")]
    assert all(KINDS[kind].rules is not None for kind in ("contacts", "blacklist", "scheduled_sms"))


def test_many_rows_are_streamed(engine: Engine, asked: Asked) -> None:
    """A hundred thousand, without an object each: the copy is counted in pieces, not in rows."""
    query = "SELECT n AS key, 3000000000 + n AS phone, repeat('x', 20) AS name FROM generate_series(1, 100000) n"

    rows = prepare(engine, asked(query))

    assert (rows.in_source, rows.rows) == (100_000, 100_000)


def test_a_list_in_a_database_is_planned_and_loaded_like_any_other(
    house: House, address: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From the document to the platform, through every command; a missing variable is said before anything is asked."""
    house.spec(
        "kind: campaign\ntarget: wolkvox-co\nname: cobranza\nstate: stopped\n"
        "wolkvox: {type: predictive, skill: cobranza}\n---\n"
        "kind: contacts\ntarget: wolkvox-co\nname: base\ncampaign: cobranza\ncolumns: {key: key, phone: phone, name: key}\n"
        "source: {sql: 'SELECT key, phone FROM people', connection: {env: LISTAS}}\n"
    )
    assert house.run("validate").code == 0
    assert house.run("plan").code == 1
    monkeypatch.setenv("LISTAS", address)
    plan = house.plan()
    assert actions(plan)[1:] == [("rows_add", "wolkvox-co/contacts/base")]
    assert (plan["rows"][0]["in_source"], plan["rows"][0]["to_add"]) == (3, 2)
    house.applied()
    house.settled()
