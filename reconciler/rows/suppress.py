"""Who is not contacted: rows taken out by lists of numbers, by sends in doubt, and by being due later.

An own opt-out on any of a row's numbers takes the row, and every row of its person; a register takes the number and leaves
the row its others. Numbers are compared in one form a line (`numbers.canonical`). An entry that is no number blocks on its
last digits: better one person too many than an opt-out ignored.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Final

from reconciler.rows import digest, left, sql
from reconciler.rows import numbers as phones
from reconciler.rows.duplicates import drop_duplicates
from reconciler.rows.engine import Engine
from reconciler.rows.prepared import LIST, Prepared

LATER: Final = "later"


def numbers(engine: Engine, table: str, column: str, country: str, dial_prefix: str = "") -> str:
    """A table of numbers to suppress, from a text column: `number` (one form a line) or, for entries that are none, `tail`.

    Where an entry begins with the dial prefix and both readings are numbers, both are taken.
    """
    cell = f"trim(coalesce({sql.name(column)}::VARCHAR, ''))"
    values = sql.Bound()
    prefix = values(dial_prefix) if dial_prefix else ""
    bare = f"CASE WHEN starts_with(t0, {prefix}) THEN substr(t0, {len(dial_prefix) + 1}) ELSE '' END" if dial_prefix else "''"
    raw = engine.fresh("entries")
    engine.run(
        f"CREATE TABLE {raw} AS SELECT *, {phones.quick(values, 't0', country)} AS q0, "
        f"{phones.quick(values, 't1', country)} AS q1 FROM (SELECT t0, {bare} AS t1 FROM "
        f"(SELECT DISTINCT {cell} AS t0 FROM {sql.name(table)}) WHERE t0 <> '')",
        values.values,
    )
    odd = phones.ask(engine, raw, [("t0", "q0"), ("t1", "q1")], country)
    first, second, joins = "nullif(q0, 0)", "nullif(q1, 0)", ""
    if odd is not None:
        joins = f" LEFT JOIN {odd} a ON q0 IS NULL AND t0 = a.value LEFT JOIN {odd} b ON q1 IS NULL AND t1 = b.value"
        first, second = f"coalesce({first}, a.number)", f"coalesce({second}, b.number)"
    read = f"SELECT t0, {first} AS n0, {second} AS n1 FROM {raw}{joins}"
    taken = engine.fresh("numbers")
    engine.run(
        f"CREATE TABLE {taken} AS WITH found AS ({read}) "
        f"SELECT DISTINCT {phones.canonical('n')} AS number, NULL::VARCHAR AS tail, false AS odd "
        f"FROM (SELECT n0 AS n FROM found UNION ALL SELECT n1 FROM found) WHERE n IS NOT NULL "
        f"UNION ALL SELECT NULL, {phones.tails('t0')}, true FROM found WHERE n0 IS NULL AND n1 IS NULL"
    )
    engine.drop(raw, *([odd] if odd else []))
    return taken


def wished(engine: Engine, prepared: Prepared) -> str:
    """The numbers that a blacklist document wishes blocked, those that are no numbers included."""
    spec = prepared.spec
    union = engine.fresh("wished")
    parts = [f"SELECT {phones.e164(number)} AS value FROM {prepared.stored}" for number in prepared.phones.values()]
    if prepared.rejected:
        parts.append(f"SELECT value FROM {prepared.rejected}")
    engine.run(f"CREATE VIEW {union} AS {' UNION ALL '.join(parts) or 'SELECT NULL AS value WHERE false'}")
    taken = numbers(engine, union, "value", spec.country)
    engine.run(f"DROP VIEW {union}")
    return taken


def unparsable(engine: Engine, table: str) -> int:
    """How many entries of a `numbers` table are no numbers."""
    return int(engine.one(f"SELECT count(*) FROM {table} WHERE odd"))


def suppress(
    engine: Engine, prepared: Prepared, lists: Sequence[tuple[str, str]], *, registers: Collection[str] = ()
) -> dict[str, int]:
    """Take rows out by (reason, `numbers` table), strongest first; gives how many went by each reason.

    The reasons in `registers` take numbers, and the row only when none is left for it.
    """
    took: dict[str, int] = {}
    moved = False
    for reason, table in lists:
        if not prepared.phones:
            break
        if reason in registers:
            count, again = _by_number(engine, prepared, reason, table)
            moved = moved or again
        else:
            count = take(engine, prepared, reason, f"SELECT row FROM ({hits(prepared, table)})")
        took[reason] = took.get(reason, 0) + count
    if moved:
        drop_duplicates(engine, prepared)
    return took


def hold(engine: Engine, prepared: Prepared, reason: str, packed: Iterable[bytes], container: str, generation: int) -> int:
    """Take out the rows whose recipient is in packed HMACs, such as those of sends in doubt; gives how many."""
    held = engine.packed((blob, b"") for blob in packed)
    gone = 0
    if engine.count(held):
        values = sql.Bound()
        recipient = digest.recipient("_id", values(container), values(str(generation)))
        hit = f"SELECT _row FROM {prepared.table} WHERE {recipient} IN (SELECT name FROM {held})"
        gone = _delete(engine, prepared, hit, values)
    engine.drop(held)
    return prepared.took(reason, gone)


def later(engine: Engine, prepared: Prepared, until: datetime) -> int:
    """Take out messages that are due after `until`; they wait for a later apply. Gives how many."""
    values = sql.Bound()
    due = f'SELECT _row FROM {prepared.table} WHERE try_cast("at" AS TIMESTAMPTZ) > {values(until.isoformat())}::TIMESTAMPTZ'
    return prepared.took(LATER, _delete(engine, prepared, due, values))


def take(engine: Engine, prepared: Prepared, reason: str, rows: str, values: sql.Bound | None = None) -> int:
    """Take out, for a reason, the rows that a query (`row`) gives, and every row of their persons where the source says who is
    who. Gives how many; who they were is kept for the journal.
    """
    hit = engine.fresh("hit")
    engine.run(f"CREATE TABLE {hit} AS SELECT DISTINCT row FROM ({rows})", values.values if values else ())
    if "person" in prepared.beside:
        persons = f"SELECT _person FROM {prepared.table} WHERE _row IN (SELECT row FROM {hit})"
        others = f"SELECT _row FROM {prepared.table} WHERE _person IN ({persons}) AND _row NOT IN (SELECT row FROM {hit})"
        engine.run(f"INSERT INTO {hit} {others}")
    count = engine.count(hit)
    if count:
        going = f"_row IN (SELECT row FROM {hit})"
        _leave(engine, prepared, reason, f"SELECT _id AS id, _number AS number FROM {prepared.table} WHERE {going}")
        engine.run(f"DELETE FROM {prepared.stored} WHERE rowid IN (SELECT row FROM {hit})")
    engine.drop(hit)
    return prepared.took(reason, count)


def persons_on(engine: Engine, documents: Iterable[Prepared], tables: Sequence[str]) -> str:
    """A table (`person`) of those of whom some document has a number that a list holds (`numbers` tables), where the documents
    say who is who.
    """
    parts = [
        f"SELECT p._person AS person FROM {prepared.table} p SEMI JOIN ({hits(prepared, table)}) h ON h.row = p._row"
        for prepared in documents
        if "person" in prepared.beside and prepared.phones
        for table in tables
    ]
    found = engine.fresh("refusing")
    engine.run(f"CREATE TABLE {found} AS {' UNION '.join(parts) or 'SELECT NULL::VARCHAR AS person WHERE false'}")
    return found


def take_persons(engine: Engine, prepared: Prepared, reason: str, persons: str) -> int:
    """Take out the rows of some persons (a table `person`), where the source says who is who; gives how many."""
    if "person" not in prepared.beside or not engine.count(persons):
        return 0
    rows = f"SELECT _row AS row FROM {prepared.table} WHERE _person IN (SELECT person FROM {persons})"
    return take(engine, prepared, reason, rows)


def _leave(engine: Engine, prepared: Prepared, reason: str, rows: str) -> None:
    """Keep who is barred. Whom the project's lists bar counts as not named by the source either: where live rows that it lacks
    are taken away, theirs are too.
    """
    left.note(engine, prepared, reason, rows)
    if prepared.named and reason.startswith(LIST):
        engine.run(f"DELETE FROM {prepared.named} WHERE id IN (SELECT hash(id) FROM ({rows}))")


def _delete(engine: Engine, prepared: Prepared, rows: str, values: sql.Bound | None = None) -> int:
    bound = values.values if values else ()
    return int(engine.one(f"DELETE FROM {prepared.stored} WHERE rowid IN ({rows})", bound))


def hits(prepared: Prepared, table: str) -> str:
    """SQL: (row, position of the phone column) of every number that a list holds."""
    parts = []
    for place, number in enumerate(prepared.phones.values()):
        source = f"SELECT s.rowid AS row, {place} AS place FROM {prepared.stored} s"
        line = phones.canonical(f"s.{number}")
        parts.append(f"{source} SEMI JOIN (SELECT number FROM {table} WHERE NOT odd) l ON {line} = l.number")
        parts += [
            f"{source} SEMI JOIN (SELECT tail FROM {table} WHERE odd AND strlen(tail) = {length}) l "
            f"ON right(s.{number}::VARCHAR, {length}) = l.tail"
            for length in phones.tail_lengths()
        ]
    return " UNION ".join(parts)


def _by_number(engine: Engine, prepared: Prepared, reason: str, table: str) -> tuple[int, bool]:
    """Take numbers off rows. A row that loses its primary number goes on with the next, unless that number is its identity."""
    hit, before = engine.fresh("hit"), engine.fresh("before")
    engine.run(f"CREATE TABLE {hit} AS {hits(prepared, table)}")
    # Who a row is may be the very number that it loses.
    engine.run(
        f"CREATE TABLE {before} AS SELECT _row AS row, _id AS id, _number AS number FROM {prepared.table} "
        f"WHERE _row IN (SELECT row FROM {hit} WHERE place = 0)"
    )
    columns = list(prepared.phones.values())
    first = columns[0]
    for place, number in enumerate(columns):
        engine.run(f"UPDATE {prepared.stored} SET {number} = NULL WHERE rowid IN (SELECT row FROM {hit} WHERE place = {place})")
    lost = f"rowid IN (SELECT row FROM {before}) AND {first} IS NULL"
    moved = 0
    if prepared.primary not in prepared.spec.sheet.identity:
        for number in columns[1:]:
            moved += engine.one(
                f"UPDATE {prepared.stored} SET {first} = {number}, {number} = NULL WHERE {lost} AND {number} IS NOT NULL"
            )
    gone = f"SELECT rowid FROM {prepared.stored} WHERE {lost}"
    _leave(engine, prepared, reason, f"SELECT id, number FROM {before} WHERE row IN ({gone})")
    count = int(engine.one(f"DELETE FROM {prepared.stored} WHERE {lost}"))
    engine.drop(hit, before)
    return prepared.took(reason, count), moved > 0
