"""What stands beside rows, judged and never sent: which rows leave it empty, and what documents say of rows that are live."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from reconciler.rows import digest, sql
from reconciler.rows.engine import Engine
from reconciler.rows.keys import keyed_live
from reconciler.rows.people import dialled_no_more
from reconciler.rows.prepared import Prepared
from reconciler.rows.spec import BESIDE


@dataclass(frozen=True, slots=True, kw_only=True)
class Beside:
    """The `columns` that are there, and how many rows leave one of them `empty`."""

    columns: frozenset[str] = frozenset()
    empty: Mapping[str, int] = field(default_factory=dict)


def of_rows(engine: Engine, prepared: Prepared, rows: str) -> Beside:
    """What stands beside the rows of a table (`row`); "" for none."""
    columns = [name for name in prepared.beside if name in BESIDE]
    if not columns or not rows:
        return Beside(columns=frozenset(columns), empty={})
    counts = ", ".join(f"count(*) FILTER (WHERE coalesce(p.{sql.name(name)}, '') = '')" for name in columns)
    found = engine.run(f"SELECT {counts} FROM {rows} m JOIN {prepared.table} p ON p._row = m.row")[0]
    return Beside(columns=frozenset(columns), empty={name: count for name, count in zip(columns, found, strict=True) if count})


def names_of_live(engine: Engine, prepared: Prepared, live: str, gone: Sequence[str] = ()) -> str:
    """A table (`name`) of the live rows that can still be dialled, by their identity; `gone` are tables (`live`) of others."""
    seen, found = keyed_live(engine, prepared.spec, live), engine.fresh("names")
    spared = "".join(f" AND l.rowid NOT IN (SELECT live FROM {table})" for table in gone)
    engine.run(
        f"CREATE TABLE {found} AS SELECT DISTINCT s.key AS name FROM {seen} s JOIN {sql.name(live)} l ON l.rowid = s.live "
        f"WHERE NOT {dialled_no_more(engine, live)}{spared}"
    )
    engine.drop(seen)
    return found


def of_names(engine: Engine, tables: Sequence[str], documents: Sequence[Prepared], *, name: str = "name") -> Beside:
    """What documents say of those in some tables: rows by their identity (`name`), or by their `person`.

    Whoever is in no document leaves every column empty: whoever else loaded them cannot be asked.
    """
    everybody = " UNION ".join(f"SELECT {name} AS name FROM {table}" for table in tables)
    known = digest.person("_person") if name == "person" else "_id"

    def empty(column: str) -> int:
        those = (prepared.table for prepared in documents if column in prepared.beside)
        filled = f"coalesce({sql.name(column)}, '') <> ''"
        unsaid = " AND ".join(f"name NOT IN (SELECT {known} FROM {table} WHERE {filled})" for table in those)
        return int(engine.one(f"SELECT count(*) FROM ({everybody}) WHERE {unsaid}"))

    columns = sorted({column for prepared in documents for column in prepared.beside if column in BESIDE})
    counts = {column: empty(column) for column in columns}
    return Beside(columns=frozenset(columns), empty={column: count for column, count in counts.items() if count})
