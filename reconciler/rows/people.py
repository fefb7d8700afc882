"""Unique persons behind rows, over several documents, and how many of them the journal has never seen."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Final

from reconciler.rows import digest, sql
from reconciler.rows.engine import Engine
from reconciler.rows.keys import keyed_live
from reconciler.rows.prepared import Prepared
from reconciler.rows.sheet import Column
from reconciler.rows.spec import RowsSpec

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


def known_persons(engine: Engine, rows: str, persons: Iterable[bytes]) -> str:
    """A table (person, known) of the persons that a query gives; `persons` are the packed HMACs that the journal has seen."""
    reached = engine.fresh("reached")
    engine.run(f"CREATE TABLE {reached} AS SELECT DISTINCT person, false AS known FROM ({rows})")
    if engine.count(reached):
        memory = engine.packed((blob, b"") for blob in persons)
        engine.run(f"UPDATE {reached} SET known = true WHERE person IN (SELECT name FROM {memory})")
        engine.drop(memory)
    return reached


def unique(engine: Engine, tables: Sequence[str]) -> Persons:
    """Unique persons over tables of (person, known)."""
    if not tables:
        return Persons()
    union = " UNION ALL ".join(f"SELECT person, known FROM {table}" for table in tables)
    unique = f"SELECT person, bool_or(known) AS known FROM ({union}) GROUP BY person"
    total, fresh = engine.run(f"SELECT count(*), count(*) FILTER (WHERE NOT known) FROM ({unique})")[0]
    return Persons(total=total, first_time=fresh)


def dialable(engine: Engine, live: str, prepared: Prepared, persons: Iterable[bytes] = ()) -> str:
    """Who can still be reached in a live table that a START would dial: a table for `compare.people`.

    A live row that a document knows by identity is that document's person; another one is its own number, else its key.
    """
    spec = prepared.spec
    seen = keyed_live(engine, spec, live)
    name = prepared.primary or "phone"
    number, own, joined = "", "NULL", ""
    if name in engine.columns(live):
        number = keyed_live(engine, replace(spec, sheet=replace(spec.sheet, identity=(name,))), live)
        own, joined = "nullif(n.key, '')", f"LEFT JOIN {number} n ON n.live = s.live"
    reached = known_persons(
        engine,
        f"SELECT {digest.person(f'coalesce(p._person, {own}, s.key)')} AS person FROM {seen} s "
        f"JOIN {sql.name(live)} l ON l.rowid = s.live {joined} LEFT JOIN {prepared.table} p ON p._id = s.key "
        f"WHERE NOT {final(engine, live)}",
        persons,
    )
    engine.drop(seen, *([number] if number else []))
    return reached


def dialable_numbers(engine: Engine, spec: RowsSpec, live: str) -> str:
    """A table (`live` rowid, `key`) of every number, in whichever phone column, of the live rows that can still be dialled."""
    numbered = []
    for name in engine.columns(live):
        if _PHONE.fullmatch(name):
            sheet = replace(spec.sheet, columns=(Column(name=name, phone=True),), identity=(name,))
            numbered.append(keyed_live(engine, replace(spec, sheet=sheet), live))
    found = engine.fresh("dialable")
    union = " UNION ".join(f"SELECT live, key FROM {table}" for table in numbered) or "SELECT NULL AS live, NULL AS key"
    still = f"SELECT l.rowid FROM {sql.name(live)} l WHERE NOT {final(engine, live)}"
    engine.run(f"CREATE TABLE {found} AS SELECT live, key FROM ({union}) WHERE key <> '' AND live IN ({still})")
    engine.drop(*numbered)
    return found
