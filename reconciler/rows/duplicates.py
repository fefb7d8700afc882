"""Rows that share a key or a primary number: one of them stays, whichever order they came in.

Rows are taken in the order of their content digest: a row stays unless it shares a key or a number with one that stays
before it. Both are decided at once for all rows that lead their groups, round by round, over duplicates alone.
"""

from __future__ import annotations

from reconciler.rows import numbers, sql
from reconciler.rows.engine import Engine
from reconciler.rows.prepared import DUPLICATE, Prepared


def drop_duplicates(engine: Engine, prepared: Prepared) -> int:
    """Take duplicates out of the stored table; gives how many, and counts them."""
    view, sheet = prepared.table, prepared.spec.sheet
    # A blacklist keeps both forms of a line, since its platform may know numbers in one form only.
    line = "_number" if sheet.natural else numbers.canonical("_number")
    shared = f"SELECT {line} FROM {view} WHERE _number IS NOT NULL GROUP BY 1 HAVING count(*) > 1"
    groups = [f"SELECT _row FROM {view} WHERE {line} IN ({shared})"]
    if sheet.identity != (prepared.primary,):
        groups.append(f"SELECT _row FROM {view} WHERE _id IN (SELECT _id FROM {view} GROUP BY _id HAVING count(*) > 1)")
    twice = engine.fresh("twice")
    beside = " || chr(31) || ".join(sql.name(name) for name in prepared.beside) or "''"
    engine.run(
        f"CREATE TABLE {twice} AS SELECT _row, _id, {line} AS line, "
        f"row_number() OVER (ORDER BY _content, {beside}, _row) AS place "
        f"FROM {view} WHERE _row IN ({' UNION '.join(groups)})"
    )
    first, gone = engine.fresh("first"), 0
    while engine.count(twice):
        engine.run(
            f"CREATE TABLE {first} AS SELECT _row, _id, line FROM {twice} "
            "QUALIFY place = min(place) OVER (PARTITION BY _id) "
            "AND (line IS NULL OR place = min(place) OVER (PARTITION BY line))"
        )
        engine.run(f"DELETE FROM {twice} WHERE _row IN (SELECT _row FROM {first})")
        shares = f"_id IN (SELECT _id FROM {first}) OR line IN (SELECT line FROM {first} WHERE line IS NOT NULL)"
        gone += engine.one(f"SELECT count(*) FROM {twice} WHERE {shares}")
        engine.run(f"DELETE FROM {prepared.stored} WHERE rowid IN (SELECT _row FROM {twice} WHERE {shares})")
        engine.run(f"DELETE FROM {twice} WHERE {shares}")
        engine.drop(first)
    engine.drop(twice)
    return prepared.took(DUPLICATE, gone)
