"""Who was left out, and by which list: rows that a list, an opt-out or a cap took away, until an apply tells the journal.

They are gone from their document's table. What stays of each is the reason, its identity and its primary number; the journal
gets the identity as an HMAC under its key, as it knows everybody else.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from reconciler.rows import digest, numbers, sql
from reconciler.rows.engine import Engine
from reconciler.rows.prepared import Prepared


def note(engine: Engine, prepared: Prepared, reason: str, rows: str) -> None:
    """Remember rows that are about to go, given as a query of `id` (the identity) and `number` (E.164 as BIGINT, or NULL)."""
    if not prepared.left:
        prepared.left = engine.fresh("left")
        engine.run(f"CREATE TABLE {prepared.left} (reason VARCHAR, id VARCHAR, number BIGINT)")
    engine.run(f"INSERT INTO {prepared.left} SELECT {sql.literal(reason)}, id, number FROM ({rows})")


def reasons(engine: Engine, prepared: Prepared) -> tuple[str, ...]:
    """The reasons for which rows were left out, in order."""
    if not prepared.left:
        return ()
    return tuple(name for (name,) in engine.run(f"SELECT DISTINCT reason FROM {prepared.left} ORDER BY reason"))


def names(engine: Engine, prepared: Prepared, reason: str, container: str, rows_max: int) -> Iterator[bytes]:
    """The packed recipients of the rows that a reason left out, in an order of their own, at most `rows_max` a piece."""
    ordered, values = engine.fresh("ordered"), sql.Bound()
    recipient = digest.recipient("id", values(container), values(str(prepared.spec.generation)))
    engine.run(
        f"CREATE TABLE {ordered} AS SELECT name, row_number() OVER (ORDER BY name) - 1 AS place FROM "
        f"(SELECT DISTINCT {recipient} AS name FROM {prepared.left} WHERE reason = {values(reason)})",
        values.values,
    )
    piece = f"SELECT {digest.as_hex('name')} FROM {ordered} WHERE place >= $1 AND place < $2 ORDER BY place"
    for start in range(0, engine.count(ordered), rows_max):
        yield bytes.fromhex("".join(name for (name,) in engine.run(piece, [start, start + rows_max])))
    engine.drop(ordered)


def known(engine: Engine, prepared: Prepared, reason: str, container: str, sent: str, barred: Sequence[str]) -> int:
    """How many rows that a reason left out are in `sent`, a table (`name`) of what a container was sent, and not on `barred`,
    `suppress.numbers` tables of whom the platform does not dial.
    """
    values = sql.Bound()
    recipient = digest.recipient("id", values(container), values(str(prepared.spec.generation)))
    line = numbers.canonical("number")
    count = engine.one(
        f"SELECT count(*) FROM {prepared.left} WHERE reason = {values(reason)} AND {recipient} IN (SELECT name FROM {sent}) "
        + " ".join(f"AND coalesce({line} NOT IN (SELECT number FROM {table} WHERE NOT odd), true)" for table in barred),
        values.values,
    )
    return int(count)
