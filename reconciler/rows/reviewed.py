"""Rows as a review remembers them: short names of those that would be touched, and one digest of a whole source.

A name is the first 8 bytes of what a row's recipient and content give together under the journal's key: the same recipient
with another text has another name, and so has a live row that somebody edits before it is replaced. 64 bits suffice, since a
name is only ever looked for in a set that one reviewer saw.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from reconciler.rows import digest, sql
from reconciler.rows.engine import Engine
from reconciler.rows.prepared import Prepared

_HEX: Final = 16


def row_names(engine: Engine, rows: str) -> Iterator[bytes]:
    """The sorted names of the rows of a verb (`Feed.reviewed`), each once, in pieces."""
    both = f"lower(lpad(to_hex((coalesce(xor(recipient, content), recipient) >> 64)::UBIGINT), {_HEX}, '0'))"
    return _sorted(engine, f"SELECT DISTINCT {both} AS name FROM ({rows})")


def person_names(engine: Engine, tables: Sequence[str]) -> Iterator[bytes]:
    """The sorted names of the persons of several tables of (person, known), each once, in pieces."""
    union = " UNION ALL ".join(f"SELECT person FROM {table} WHERE person IS NOT NULL" for table in tables)
    return _sorted(engine, f"SELECT DISTINCT left({digest.as_hex('person')}, {_HEX}) AS name FROM ({union})")


def _sorted(engine: Engine, names: str) -> Iterator[bytes]:
    for piece in engine.pieces(f"SELECT name FROM ({names}) ORDER BY name"):
        yield bytes.fromhex("".join(name for (name,) in piece))


def source_digest(engine: Engine, prepared: Prepared, *, takes_away: bool) -> str:
    """Keyed digest, in hex, of a document's rows as they were understood, whatever their order.

    It covers what is sent, whose it is, what stands beside it, and of rows that were taken out what still has an effect: the
    entries of a blacklist that are no numbers, and, where live rows that the source lacks are taken away, their identities.
    """
    rows = digest.as_hex("_content")
    if prepared.beside:  # else it is all in the content, and a second digest a row would tell nothing more
        beside = [("_person", "coalesce(_person, '')"), *((name, sql.name(name)) for name in prepared.beside)]
        rows = digest.content([("_content", rows), *beside])
    parts = [_sum(engine, f"SELECT {rows}::UUID AS name FROM {prepared.table}")]
    if prepared.named and takes_away:
        parts.append(engine.one(f"SELECT bit_xor(id) FROM {prepared.named}"))
    if prepared.rejected:
        parts.append(_sum(engine, f"SELECT keyed(value)::UUID AS name FROM {prepared.rejected}"))
    return digest.keyed(engine.key, digest.UNIT.join(["source", *map(str, parts)])).hex()


def _sum(engine: Engine, names: str) -> str:
    count, total = engine.run(f"SELECT count(*), bit_xor({digest.as_number('name')}) FROM ({names})")[0]
    return f"{count}:{total}"
