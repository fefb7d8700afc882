"""Rows that share a key or a primary number: one of them stays, whichever order they came in.

Rows are taken in the order of their content digest: a row stays unless it shares a key or a number with one that stays
before it. Both are decided at once for all rows that lead their groups, round by round, over duplicates alone.
"""

from __future__ import annotations

from reconciler.rows import numbers
from reconciler.rows.engine import Engine
from reconciler.rows.prepared import DUPLICATE, Prepared


def drop_duplicates(engine: Engine, prepared: Prepared) -> int:
    """Take duplicates out of the stored table; gives how many, and counts them."""
    sheet, stored, derived = prepared.spec.sheet, prepared.stored, prepared.derived
    number, identity = derived["_number"], derived["_id"]
    # A blacklist keeps both forms of a line, since its platform may know numbers in one form only.
    line = number if sheet.natural else numbers.canonical(number)
    shared = f"SELECT {line} FROM {stored} WHERE {number} IS NOT NULL GROUP BY 1 HAVING count(*) > 1"
    groups = [f"SELECT rowid AS row FROM {stored} WHERE {line} IN ({shared})"]
    # As many hashed identities as rows: no two rows share one, and nothing has to be grouped by texts.
    unlike = bool(prepared.named) and engine.count(prepared.named) == prepared.in_source
    if sheet.identity != (prepared.primary,) and not unlike:
        named = f"SELECT {identity} FROM {stored} GROUP BY 1 HAVING count(*) > 1"
        groups.append(f"SELECT rowid FROM {stored} WHERE {identity} IN ({named})")
    alike, twice = engine.fresh("alike"), engine.fresh("twice")
    engine.run(f"CREATE TABLE {alike} AS {' UNION '.join(groups)}")
    if not engine.count(alike):
        engine.drop(alike)
        return 0
    beside = " || chr(31) || ".join(derived[name] for name in prepared.beside) or "''"
    engine.run(
        f"CREATE TABLE {twice} AS SELECT _row, _id, line, row_number() OVER (ORDER BY content, beside, _row) AS place FROM "
        f"(SELECT rowid AS _row, {identity} AS _id, {line} AS line, {derived['_content']} AS content, {beside} AS beside "
        f"FROM {stored} WHERE rowid IN (SELECT row FROM {alike}))"
    )
    engine.drop(alike)
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
        engine.run(f"DELETE FROM {stored} WHERE rowid IN (SELECT _row FROM {twice} WHERE {shares})")
        engine.run(f"DELETE FROM {twice} WHERE {shares}")
        engine.drop(first)
    engine.drop(twice)
    return prepared.took(DUPLICATE, gone)
