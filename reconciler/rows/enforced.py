"""Lists that no platform keeps: their entries by the names under which the journal remembers them.

The journal is such a list's only memory, so that a line that leaves the file, or the file itself, lifts nobody. An entry is
named by its number in one form a line (`numbers.canonical`); one that is no number by the last digits on which it blocks. A
row is left out when any of its numbers has such a name. Rows and entries stay columns.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from reconciler.rows import digest, numbers, sql
from reconciler.rows.compare import Remembered
from reconciler.rows.engine import Engine
from reconciler.rows.prepared import Prepared
from reconciler.rows.suppress import take

_GENERATION: Final = "'1'"  # whoever says no says it for every generation
_NONE: Final = "SELECT NULL::BIGINT AS number, NULL::VARCHAR AS tail"
_TAILS_END: Final = "'00000001-0000-0000-0000-000000000000'::UUID"


def _name(number: str, box: str) -> str:
    """SQL: the name of a number, given in one form a line."""
    return digest.recipient(numbers.e164(number), box, _GENERATION)


def _tail_name(tail: str, box: str) -> str:
    """SQL: the name of last digits. It begins with four bytes of nothing, so that a list without such names is known by it."""
    return f"('00000000' || right({digest.as_hex(digest.recipient(tail, box, _GENERATION))}, 24))::UUID"


def entries(engine: Engine, tables: Sequence[str], container: str) -> str:
    """A table (`name`) of the entries in `suppress.numbers` tables. What has too few digits to block anybody has no name."""
    values = sql.Bound()
    box = values(container)
    found = engine.fresh("entries")
    union = " UNION ALL ".join(f"SELECT number, tail FROM {table}" for table in tables) or _NONE
    name = f"CASE WHEN tail IS NULL THEN {_name('number', box)} ELSE {_tail_name('tail', box)} END"
    engine.run(
        f"CREATE TABLE {found} AS SELECT DISTINCT {name} AS name FROM ({union}) WHERE number IS NOT NULL OR tail IS NOT NULL",
        values.values,
    )
    return found


def remembered(engine: Engine, listed: Iterable[Remembered]) -> str:
    """A table (`name`) of the entries that the journal lists."""
    names, found = engine.packed((part.recipients, b"") for part in listed), engine.fresh("remembered")
    engine.run(f"CREATE TABLE {found} AS SELECT DISTINCT name FROM {names}")
    engine.drop(names)
    return found


def without(engine: Engine, table: str, others: Sequence[str]) -> str:
    """A table of the names in `table` that none of the others has."""
    found = engine.fresh("names")
    lacking = [f"name NOT IN (SELECT name FROM {other})" for other in others]
    engine.run(f"CREATE TABLE {found} AS SELECT name FROM {table} WHERE {' AND '.join(lacking) or 'true'}")
    return found


def packed(engine: Engine, table: str, rows_max: int) -> Iterator[bytes]:
    """The names of a table as packed HMACs, in their own order, at most `rows_max` a piece."""
    ordered = engine.fresh("ordered")
    engine.run(f"CREATE TABLE {ordered} AS SELECT name, row_number() OVER (ORDER BY name) - 1 AS place FROM {table}")
    piece = f"SELECT {digest.as_hex('name')} FROM {ordered} WHERE place >= $1 AND place < $2 ORDER BY place"
    for start in range(0, engine.count(ordered), rows_max):
        yield bytes.fromhex("".join(name for (name,) in engine.run(piece, [start, start + rows_max])))
    engine.drop(ordered)


def set_digest(engine: Engine, table: str, container: str) -> str:
    """The name of a set of entries, in hex, whatever their order; "" for none."""
    count, names = engine.run(f"SELECT count(*), bit_xor({digest.as_number('name')}) FROM {table}")[0]
    words = digest.UNIT.join(["entries", container, str(count), str(names)])
    return hmac.digest(engine.key, words.encode(), "sha256").hex() if count else ""


def names_of(engine: Engine, number: str, box: str, memory: str) -> list[str]:
    """SQL: the names under which `memory`, a table of `remembered`, may hold a number; by its last digits only where it has any
    such entry.
    """
    tails = numbers.tail_lengths() if engine.one(f"SELECT min(name) < {_TAILS_END} FROM {memory}") else ()
    named = [_tail_name(f"right({number}::VARCHAR, {length})", box) for length in tails]
    return [_name(numbers.canonical(number), box), *named]


def hold_against(engine: Engine, prepared: Prepared, reason: str, memory: str, container: str) -> int:
    """Take out the rows that have a number in `memory`, a table of `remembered`; gives how many."""
    if not prepared.phones or not engine.count(memory):
        return 0
    values = sql.Bound()
    box = values(container)
    hits = [
        f"SELECT s.rowid AS row FROM {prepared.stored} s WHERE s.{number} IS NOT NULL AND {name} IN (SELECT name FROM {memory})"
        for number in prepared.phones.values()
        for name in names_of(engine, f"s.{number}", box, memory)
    ]
    return take(engine, prepared, reason, " UNION ".join(hits), values)
