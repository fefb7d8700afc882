"""Entries that stand in their list while live rows that hold them can still be dialled: the marking that came to nothing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from reconciler.rows.compare import Compared, Comparison, set_digest
from reconciler.rows.engine import Engine
from reconciler.rows.people import dialable_numbers
from reconciler.rows.sheet import Verb


def marks(engine: Engine, compared: Compared, live: Sequence[str]) -> Compared:
    """`compared` with the entries to be marked in the tables of live rows in `live`. Those that are added are marked anyway."""
    feed = compared.feed
    held = [dialable_numbers(engine, feed.prepared.spec, table) for table in live]
    if not held:
        return compared
    work = Comparison(engine, feed.prepared, None, compared.container, compared.generation, feed.live_identity)
    union = " UNION ".join(f"SELECT key FROM {table}" for table in held)
    rows = f"SELECT _row AS row, NULL::BIGINT AS live, _id AS id FROM {feed.prepared.table} WHERE _id IN ({union})"
    if compared.adds:
        rows += f" AND _row NOT IN (SELECT row FROM {compared.adds})"
    count = feed.mark(Verb.MARK, work.named(rows, wished=True))
    engine.drop(*held)
    digest = set_digest(feed, compared.container, compared.generation)
    return replace(compared, diff=replace(compared.diff, to_mark=count, digest=digest))
