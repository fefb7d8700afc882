"""Live rows by the identity that our rows have: the same columns, with numbers in E.164."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.rows import digest, numbers, sql
from reconciler.rows.engine import Engine
from reconciler.rows.spec import RowsSpec

NO_NAMES: Mapping[str, str] = {}


def keyed_live(engine: Engine, spec: RowsSpec, live: str, names: Mapping[str, str] = NO_NAMES) -> str:
    """A table (`live` rowid, `key`) over the live table. `names` says under which column an identity column is shown there.

    A live number that is none stays as it is written; one that begins with the dial prefix is read without it if it can.
    """
    declared = {name: spec.sheet.column(name) for name in spec.sheet.identity}
    phones = {name for name, column in declared.items() if column is not None and column.phone}
    cells = {name: f"trim(coalesce({sql.name(names.get(name, name))}, ''))" for name in spec.sheet.identity}
    table = engine.fresh("keyed")
    joined = f" || {sql.literal(digest.UNIT)} || "
    if not phones:
        key = joined.join(cells.values())
        engine.run(f"CREATE TABLE {table} AS SELECT rowid AS live, {key} AS key FROM {sql.name(live)}")
        return table
    values = sql.Bound()
    order = list(cells)
    texts = [f"{cells[name]} AS t{place}" for place, name in enumerate(order)]
    number_places = [place for place, name in enumerate(order) if name in phones]
    bare, quick = [], []
    for place in number_places:
        if spec.dial_prefix:
            prefix = values(spec.dial_prefix)
            cut = f"CASE WHEN starts_with(t{place}, {prefix}) THEN substr(t{place}, {len(spec.dial_prefix) + 1}) ELSE '' END"
        else:
            cut = "''"
        bare.append(f"{cut} AS b{place}")
        quick.append(f"{numbers.quick(values, f't{place}', spec.country)} AS q{place}")
        quick.append(f"{numbers.quick(values, f'b{place}', spec.country)} AS p{place}")
    raw = engine.fresh("raw")
    engine.run(
        f"CREATE TABLE {raw} AS SELECT *, {', '.join(quick)} FROM (SELECT *, {', '.join(bare)} FROM "
        f"(SELECT rowid AS live, {', '.join(texts)} FROM {sql.name(live)}))",
        values.values,
    )
    pairs = [pair for place in number_places for pair in ((f"t{place}", f"q{place}"), (f"b{place}", f"p{place}"))]
    odd = numbers.ask(engine, raw, pairs, spec.country)
    joins, found = "", {}
    for place in number_places:
        plain, cut = f"nullif(q{place}, 0)", f"nullif(p{place}, 0)"
        if odd is not None:
            joins += f" LEFT JOIN {odd} o{place} ON q{place} IS NULL AND t{place} = o{place}.value"
            joins += f" LEFT JOIN {odd} u{place} ON p{place} IS NULL AND b{place} = u{place}.value"
            plain, cut = f"coalesce({plain}, o{place}.number)", f"coalesce({cut}, u{place}.number)"
        found[place] = f"coalesce({numbers.e164(cut)}, {numbers.e164(plain)}, t{place})"
    key = joined.join(found.get(place, f"t{place}") for place in range(len(order)))
    engine.run(f"CREATE TABLE {table} AS SELECT live, {key} AS key FROM {raw}{joins}")
    engine.drop(raw, *([odd] if odd else []))
    return table
