"""Lifts: people who asked to be reachable again. Absence from a list never lifts anybody; this is the only way."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from reconciler.rows import numbers
from reconciler.rows.compare import Compared, Comparison, Remembered, set_digest
from reconciler.rows.engine import Engine
from reconciler.rows.keys import keyed_live
from reconciler.rows.prepared import Prepared
from reconciler.rows.sheet import Verb


def lifts(
    engine: Engine,
    compared: Compared,
    asked: Prepared,
    *,
    live: str | None,
    loaded: Iterable[Remembered],
    wished: Sequence[str] = (),
) -> Compared:
    """`compared` with the lifts of its blacklist. `asked` are the rows of the document's `lifts`.

    An entry is lifted when it is live (where that can be seen), we added it, and nobody wishes it any more: neither this
    document's rows nor the `suppress.numbers` tables in `wished`. `lifts_kept` counts the others by reason.
    """
    feed = compared.feed
    work = Comparison(engine, asked, live, compared.container, compared.generation, feed.live_identity)
    candidates = engine.fresh("asked")
    rows = "SELECT _row AS row, NULL::BIGINT AS live, _id AS id, _number AS number"
    if live is None:
        engine.run(f"CREATE TABLE {candidates} AS {rows} FROM {asked.table}")
    else:
        seen = keyed_live(engine, asked.spec, live, feed.live_identity)
        first = f"SELECT key, min(live) AS live FROM {seen} GROUP BY key"
        rows = rows.replace("NULL::BIGINT AS live", "s.live")
        engine.run(f"CREATE TABLE {candidates} AS {rows} FROM {asked.table} a LEFT JOIN ({first}) s ON s.key = a._id")
        engine.drop(seen)
    kept: dict[str, int] = {}

    def leave(reason: str, condition: str) -> None:
        if gone := int(engine.one(f"DELETE FROM {candidates} WHERE {condition}")):
            kept[reason] = kept.get(reason, 0) + gone

    if live is not None:
        leave("not live", "live IS NULL")
    leave("still wished", f"id IN (SELECT _id FROM {feed.prepared.table})")
    for table in wished:
        leave("still wished", f"{numbers.canonical('number')} IN (SELECT number FROM {table} WHERE NOT odd)")
    ours = work.ours(f"SELECT id FROM {candidates}", loaded)
    leave("not ours", f"id NOT IN (SELECT id FROM {ours})")
    feed.live = live if live is not None else feed.live
    feed.asked = asked
    count = feed.mark(Verb.LIFT, work.named(f"SELECT row, live, id FROM {candidates}", wished=False))
    engine.drop(candidates, ours)
    diff = replace(compared.diff, to_lift=count, digest=set_digest(feed, compared.container, compared.generation))
    return replace(compared, diff=diff, lifts_kept=kept)
