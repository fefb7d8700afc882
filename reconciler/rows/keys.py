"""Live rows by the identity that our rows have: the same columns, with numbers in E.164."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.rows import digest, numbers, sql
from reconciler.rows.engine import Engine
from reconciler.rows.spec import RowsSpec

NO_NAMES: Mapping[str, str] = {}


def keyed_live(engine: Engine, spec: RowsSpec, live: str, names: Mapping[str, str] = NO_NAMES, *, row: str = "rowid") -> str:
    """A table (`live` rowid, `key`) over the live table. `names` says under which column an identity column is shown there;
    `row` is the column that tells the rows of `live` apart.

    A live number that is none stays as it is written; one that begins with the dial prefix is read without it if it can.
    """
    declared = {name: spec.sheet.column(name) for name in spec.sheet.identity}
    phones = {name for name, column in declared.items() if column is not None and column.phone}
    cells = {name: f"trim(coalesce({sql.name(names.get(name, name))}, ''))" for name in spec.sheet.identity}
    table = engine.fresh("keyed")
    joined = f" || {sql.literal(digest.UNIT)} || "
    if not phones:
        key = joined.join(cells.values())
        engine.run(f"CREATE TABLE {table} AS SELECT {row} AS live, {key} AS key FROM {sql.name(live)}")
        return table
    values = sql.Bound()
    order = list(cells)
    texts = [f"{cells[name]} AS t{place}" for place, name in enumerate(order)]
    number_places = [place for place, name in enumerate(order) if name in phones]
    bare, quick, pairs = ["*"], ["*"], []
    for place in number_places:
        quick.append(f"{numbers.quick(values, f't{place}', spec.country)} AS q{place}")
        pairs.append((f"t{place}", f"q{place}"))
        if spec.dial_prefix:
            prefix = values(spec.dial_prefix)
            cut = f"CASE WHEN starts_with(t{place}, {prefix}) THEN substr(t{place}, {len(spec.dial_prefix) + 1}) ELSE '' END"
            bare.append(f"{cut} AS b{place}")
            quick.append(f"{numbers.quick(values, f'b{place}', spec.country)} AS p{place}")
            pairs.append((f"b{place}", f"p{place}"))
    raw = engine.fresh("raw")
    engine.run(
        f"CREATE TABLE {raw} AS SELECT {', '.join(quick)} FROM (SELECT {', '.join(bare)} FROM "
        f"(SELECT {row} AS live, {', '.join(texts)} FROM {sql.name(live)}))",
        values.values,
    )
    odd = numbers.ask(engine, raw, pairs, spec.country)
    joins, found = "", {}
    for place in number_places:
        readings = []
        for text, number, other in ((f"b{place}", f"p{place}", f"u{place}"), (f"t{place}", f"q{place}", f"o{place}")):
            if (text, number) not in pairs:
                continue
            plain = f"nullif({number}, 0)"
            if odd is not None:
                joins += f" LEFT JOIN {odd} {other} ON {number} IS NULL AND {text} = {other}.value"
                plain = f"coalesce({plain}, {other}.number)"
            readings.append(numbers.e164(plain))
        found[place] = f"coalesce({', '.join(readings)}, t{place})"
    key = joined.join(found.get(place, f"t{place}") for place in range(len(order)))
    engine.run(f"CREATE TABLE {table} AS SELECT live, {key} AS key FROM {raw}{joins}")
    engine.drop(raw, *([odd] if odd else []))
    return table
