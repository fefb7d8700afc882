"""Unique persons behind rows, over several documents, and how many of them the journal has never seen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

from reconciler.rows import digest, numbers, sql
from reconciler.rows.engine import Engine
from reconciler.rows.keys import keyed_live
from reconciler.rows.prepared import Prepared
from reconciler.rows.sheet import Column
from reconciler.rows.spec import RowsSpec

COUNTED_ROWS: Final = 2_000_000  # of which names take some 100 MB while they are counted
_NAME_BITS: Final = 128
_PHONE: Final = re.compile(r"phone(\d+|_extra)?")

NEVER_AGAIN: Final = ("do-not-call", "dnc", "wrong-number")
"""Results after which a live row is never removed, replaced, added again or dialled, blanks and underscores read as hyphens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Persons:
    """Unique persons, and how many of them the journal has never seen."""

    total: int = 0
    first_time: int = 0


def final(engine: Engine, live: str) -> str:
    """SQL: whether a row `l` of a live table is marked do-not-call or wrong number, whatever spelling the platform uses."""
    if "_result" not in engine.columns(live):
        return "false"
    plain = "lower(regexp_replace(trim(coalesce(l._result, '')), '[ _-]+', '-', 'g'))"
    return f"{plain} IN ({', '.join(map(sql.literal, NEVER_AGAIN))})"


class Known:
    """Everybody whom the journal has seen: brought into the engine once, and not before the first person is looked for."""

    def __init__(self, engine: Engine, persons: Iterable[bytes]) -> None:
        """`persons` are packed HMACs."""
        self._engine = engine
        self._persons = persons
        self._table = ""

    @property
    def table(self) -> str:
        """A table (`name`)."""
        if not self._table:
            self._table = self._engine.packed((blob, b"") for blob in self._persons)
        return self._table


def known_persons(engine: Engine, rows: str, persons: Known) -> str:
    """A table (person, known) of the persons that a query gives."""
    reached = engine.fresh("reached")
    engine.run(f"CREATE TABLE {reached} AS SELECT DISTINCT person, false AS known FROM ({rows})")
    if engine.count(reached):
        engine.run(f"UPDATE {reached} SET known = true WHERE person IN (SELECT name FROM {persons.table})")
    return reached


def unique(engine: Engine, tables: Sequence[str]) -> Persons:
    """Unique persons over tables of (person, known)."""
    if not tables:
        return Persons()
    total = fresh = 0
    everybody = together(engine, [f"SELECT person, known FROM {table}" for table in tables])
    for share in shares(engine, everybody):
        once = f"SELECT person, bool_or(known) AS known FROM {everybody} WHERE {share} GROUP BY person"
        some, new = engine.run(f"SELECT count(*), count(*) FILTER (WHERE NOT known) FROM ({once})")[0]
        total, fresh = total + some, fresh + new
    engine.drop(everybody)
    return Persons(total=total, first_time=fresh)


def together(engine: Engine, queries: Sequence[str]) -> str:
    """A table of what queries give, one after the other: over a union the engine would keep buffers for each of them."""
    table = engine.fresh("together")
    for place, query in enumerate(queries):
        engine.run(f"INSERT INTO {table} {query}" if place else f"CREATE TABLE {table} AS {query}")
    return table


def shares(engine: Engine, table: str) -> Iterator[str]:
    """SQL: conditions that cut a table by its column `person`, each of whom is in one share, and each share small enough to be
    counted in little memory. Names are made by HMAC, and so they are spread evenly.
    """
    bits = max(0, (engine.count(table) // COUNTED_ROWS).bit_length())
    bounds = [f"'{share << _NAME_BITS - bits:032x}'::UUID" for share in range(1 << bits)]
    for first, after in zip(bounds, [*bounds[1:], ""], strict=True):
        yield f"person >= {first} AND person < {after}" if after else f"person >= {first}"


def closed(engine: Engine, live: str) -> str:
    """SQL: whether a row `l` of a live table was closed, by us or by an agent: it is not dialled, and not closed again."""
    return "coalesce(l._code, '') <> ''" if "_code" in engine.columns(live) else "false"


def dialled_no_more(engine: Engine, live: str) -> str:
    """SQL: whether a row `l` of a live table is not dialled any more."""
    return f"({final(engine, live)} OR {closed(engine, live)})"


@dataclass(frozen=True, slots=True, kw_only=True)
class Barred:
    """What a platform will not dial in a campaign, as tables of `suppress.numbers`.

    A row goes on with its other numbers where one is in `numbers`; where one is in `rows`, the whole row is marked.
    """

    numbers: Sequence[str] = ()
    rows: Sequence[str] = ()


def dialable(
    engine: Engine,
    live: str,
    prepared: Prepared,
    persons: Known,
    gone: Sequence[str] = (),
) -> str:
    """Who can still be reached in a live table that a START would dial: a table for `compare.people`.

    A live row that a document knows by identity is that document's person; another one is its own number, else its key.
    `gone` are tables (`live`) of rows that are taken away before, or not dialled (`silent_rows`).
    """
    spec = prepared.spec
    seen = keyed_live(engine, spec, live)
    name = prepared.primary or "phone"
    number, own, joined = "", "NULL", ""
    if name in engine.columns(live):
        number = keyed_live(engine, replace(spec, sheet=replace(spec.sheet, identity=(name,))), live)
        own, joined = "nullif(n.key, '')", f"LEFT JOIN {number} n ON n.live = s.live"
    spared = "".join(f" AND l.rowid NOT IN (SELECT live FROM {table})" for table in gone)
    reached = known_persons(
        engine,
        f"SELECT {digest.person(f'coalesce(p._person, {own}, s.key)')} AS person FROM {seen} s "
        f"JOIN {sql.name(live)} l ON l.rowid = s.live {joined} LEFT JOIN {prepared.table} p ON p._id = s.key "
        f"WHERE NOT {dialled_no_more(engine, live)}{spared}",
        persons,
    )
    engine.drop(seen, *([number] if number else []))
    return reached


def silent_rows(engine: Engine, spec: RowsSpec, live: str, barred: Barred) -> str:
    """A table (`live`) of the rows that are not dialled because of whom the platform bars; "" where it bars nobody."""
    if not (barred.numbers or barred.rows):
        return ""
    held, silent = dialable_numbers(engine, spec, live), engine.fresh("silent")
    line = numbers.canonical("try_cast(ltrim(key, '+') AS BIGINT)")

    def within(tables: Sequence[str]) -> str:
        hits = [f"coalesce({line} IN (SELECT number FROM {table} WHERE NOT odd), false)" for table in tables]
        return " OR ".join(hits) or "false"

    engine.run(
        f"CREATE TABLE {silent} AS SELECT live FROM {held} GROUP BY live "
        f"HAVING bool_or({within(barred.rows)}) OR bool_and({within([*barred.numbers, *barred.rows])})"
    )
    engine.drop(held)
    return silent


def dialable_numbers(engine: Engine, spec: RowsSpec, live: str) -> str:
    """A table (`live` rowid, `key`) of every number, in whichever phone column, of the live rows that can still be dialled."""
    return numbers_in(engine, spec, live, f"NOT {dialled_no_more(engine, live)}")


def numbers_in(engine: Engine, spec: RowsSpec, live: str, which: str) -> str:
    """A table (`live` rowid, `key`) of every number of the live rows `l` that an SQL condition means."""
    held, found = engine.fresh("held"), engine.fresh("numbered")
    # Most phone columns of most rows are empty: what is in them is gathered first, and understood in one go.
    columns = [f"l.{sql.name(name)}" for name in engine.columns(live) if _PHONE.fullmatch(name)]
    meant = f"FROM {sql.name(live)} l WHERE ({which}) AND"
    cells = [f"SELECT l.rowid AS live, {column} AS phone {meant} {column} <> ''" for column in columns]
    engine.run(
        f"CREATE TABLE {held} AS {' UNION ALL '.join(cells) or 'SELECT NULL::BIGINT AS live, NULL AS phone WHERE false'}"
    )
    sheet = replace(spec.sheet, columns=(Column(name="phone", phone=True),), identity=("phone",))
    keyed = keyed_live(engine, replace(spec, sheet=sheet), held, row="live")
    engine.run(f"CREATE TABLE {found} AS SELECT DISTINCT live, key FROM {keyed} WHERE key <> ''")
    engine.drop(held, keyed)
    return found
