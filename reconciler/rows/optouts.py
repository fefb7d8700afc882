"""Who said no where a platform heard it: numbers of its own list, and of live rows that are marked do-not-call.

What is there because we put it there is no news. The rest came from people, whether a document wishes it by now or not: they
asked an agent, answered a message, or somebody in the console did it for them. Numbers are compared in one form a line, as
everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from reconciler.rows import digest, enforced, numbers, sql
from reconciler.rows.compare import Remembered
from reconciler.rows.engine import Engine
from reconciler.rows.keys import keyed_live
from reconciler.rows.people import dialable_numbers, final, numbers_in
from reconciler.rows.spec import RowsSpec
from reconciler.rows.suppress import numbers as understood

Ours = Sequence[tuple[str, Sequence[Remembered]]]
"""The entries that the journal has of each container of an account's lists."""

_DIGITS: Final = "try_cast(ltrim(value, '+') AS BIGINT)"


def listed(engine: Engine, spec: RowsSpec, live: str) -> str:
    """A table (`key`) of the numbers on a platform's list, those that are none as they are written."""
    keyed = keyed_live(engine, spec, live)
    found = engine.fresh("listed")
    engine.run(f"CREATE TABLE {found} AS SELECT DISTINCT key FROM {keyed} WHERE key <> ''")
    engine.drop(keyed)
    return found


def marked(engine: Engine, spec: RowsSpec, live: str, ours: Ours = ()) -> str:
    """A table (`key`) of every number of the live rows that are marked do-not-call or wrong number.

    Which of its numbers was called a row does not say: its person said no. A row that holds an entry of `ours` is left out: it
    was marked for that one.
    """
    those, found = engine.fresh("those"), engine.fresh("marked")
    engine.run(f"CREATE TABLE {those} AS SELECT l.* FROM {sql.name(live)} l WHERE {final(engine, live)}")  # few of many
    rows = numbers_in(engine, spec, those, "true")
    for own in _named(engine, rows, "key", ours):
        engine.run(f"DELETE FROM {rows} WHERE live IN (SELECT live FROM {rows} WHERE {own})")
    engine.run(f"CREATE TABLE {found} AS SELECT DISTINCT key FROM {rows}")
    engine.drop(those, rows)
    return found


def not_ours(engine: Engine, keys: str, ours: Ours) -> str:
    """A table (`value`) of what in a `key` table we did not add ourselves."""
    found = engine.fresh("values")
    engine.run(f"CREATE TABLE {found} AS SELECT DISTINCT key AS value FROM {keys}")
    for own in _named(engine, found, "value", ours):
        engine.run(f"DELETE FROM {found} WHERE {own}")
    return found


def _named(engine: Engine, table: str, column: str, ours: Ours) -> Iterator[str]:
    """SQL: for each container of `ours`, whether what a row of `table` has in a column is remembered there."""
    for container, parts in ours:
        memory = engine.packed((part.recipients, b"") for part in parts)
        if engine.count(memory) and engine.count(table):
            name = digest.recipient(column, sql.literal(container), "'1'")
            yield f"{name} IN (SELECT name FROM {memory})"
        engine.drop(memory)


def without_those(engine: Engine, entries: str, others: Sequence[str]) -> str:
    """What of a `value` table stands in none of these tables of `suppress.numbers`."""
    found = engine.fresh("values")
    engine.run(f"CREATE TABLE {found} AS SELECT value FROM {entries}")
    line, tail = numbers.canonical(_DIGITS), numbers.tails("value")
    for other in others:
        engine.run(f"DELETE FROM {found} WHERE {line} IN (SELECT number FROM {other} WHERE NOT odd)")
        engine.run(
            f"DELETE FROM {found} WHERE NOT starts_with(value, '+') "
            f"AND {tail} IN (SELECT tail FROM {other} WHERE odd AND tail IS NOT NULL)"
        )
    return found


def blocking(engine: Engine, entries: str, country: str) -> str:
    """A `value` table as a table of `suppress.numbers`, without what has too few digits to bar anybody."""
    taken = understood(engine, entries, "value", country)
    rest = without(engine, taken, ())
    engine.drop(taken)
    return rest


def texts(engine: Engine, entries: str) -> list[str]:
    """The entries of a `value` table that can bar somebody, in their own order."""
    barring = f"{numbers.tails('value')} IS NOT NULL"
    return [text for (text,) in engine.run(f"SELECT value FROM {entries} WHERE {barring} ORDER BY value")]


def without(engine: Engine, table: str, others: Sequence[str]) -> str:
    """The entries of a `suppress.numbers` table that none of the others has."""
    rest = engine.fresh("numbers")
    lacking = [
        f"(odd OR number NOT IN (SELECT number FROM {other} WHERE NOT odd)) "
        f"AND (NOT odd OR tail IS NULL OR tail NOT IN (SELECT tail FROM {other} WHERE odd AND tail IS NOT NULL))"
        for other in others
    ]
    blocking = "number IS NOT NULL OR tail IS NOT NULL"
    engine.run(f"CREATE TABLE {rest} AS SELECT * FROM {table} WHERE {' AND '.join([f'({blocking})', *lacking])}")
    return rest


def names_left(engine: Engine, memory: str, tables: Sequence[str], container: str) -> str:
    """The names in `memory` (of `enforced.remembered`) of those who stand in none of these `suppress.numbers` tables."""
    if not tables:
        return memory
    known = enforced.entries(engine, tables, container)
    rest = enforced.without(engine, memory, [known])
    engine.drop(known)
    return rest


def waiting(
    engine: Engine,
    spec: RowsSpec,
    live: str,
    tables: Sequence[str],
    memories: Sequence[tuple[str, str]],
    *,
    gone: Sequence[str] = (),
    unless: Sequence[str] = (),
) -> int:
    """How many live rows will be dialled though one of their numbers is in these tables, or in a (memory, container).

    `gone` are tables (`live`) of rows that are not; a number in one of the tables in `unless` does not count.
    """
    if not (tables or memories):
        return 0
    held = dialable_numbers(engine, spec, live)
    found = engine.fresh("values")
    spared = " AND ".join(f"live NOT IN (SELECT live FROM {table})" for table in gone) or "true"
    engine.run(
        f"CREATE TABLE {found} AS SELECT live, {numbers.canonical('number')} AS number FROM "
        f"(SELECT live, try_cast(ltrim(key, '+') AS BIGINT) AS number FROM {held} WHERE {spared}) WHERE number IS NOT NULL"
    )
    for table in unless:
        engine.run(f"DELETE FROM {found} WHERE number IN (SELECT number FROM {table} WHERE NOT odd)")
    parts = []
    for table in tables:
        parts.append(f"SELECT live FROM {found} WHERE number IN (SELECT number FROM {table} WHERE NOT odd)")
        parts += [
            f"SELECT live FROM {found} WHERE right(number::VARCHAR, {length}) IN "
            f"(SELECT tail FROM {table} WHERE odd AND strlen(tail) = {length})"
            for length in numbers.tail_lengths()
        ]
    values = sql.Bound()
    for memory, container in memories:
        for name in enforced.names_of(engine, "number", values(container), memory):
            parts.append(f"SELECT live FROM {found} WHERE {name} IN (SELECT name FROM {memory})")
    union = " UNION ".join(parts) or "SELECT NULL AS live WHERE false"
    count = int(engine.one(f"SELECT count(*) FROM ({union})", values.values))
    engine.drop(held, found)
    return count
