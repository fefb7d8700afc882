"""Live rows and entries by the names under which the journal remembers them, and rows that are asked for one by one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Final

from reconciler.rows import digest, sql
from reconciler.rows.attach import CONTACT_IDS
from reconciler.rows.compare import Compared
from reconciler.rows.engine import Engine
from reconciler.rows.keys import keyed_live
from reconciler.rows.sheet import Presence, Verb
from reconciler.rows.spec import RowsSpec

ASKED_MAX: Final = 2_000


def asked(engine: Engine, compared: Compared) -> Iterator[Mapping[str, str]]:
    """The rows that would be added, as (`_id`, `contact_ids`); none where they are too many to be asked for one by one."""
    marked = compared.feed.marked.get(Verb.ADD)
    if marked is None or marked.count > ASKED_MAX:
        return
    view = compared.feed.prepared.table
    found = engine.run(f"SELECT p._id, p.{CONTACT_IDS} FROM {marked.table} m JOIN {view} p ON p._row = m.row ORDER BY p._id")
    for identity, ids in found:
        if ids:
            yield {"_id": identity, CONTACT_IDS: ids}


def in_all(engine: Engine, tables: Sequence[str]) -> str:
    """The rows of the first table whose phone is in all of them: an entry blocks in both directions when both lists have it."""
    if len(tables) == 1:
        return tables[0]
    both = engine.fresh("both")
    others = " AND ".join(f"phone IN (SELECT phone FROM {sql.name(table)})" for table in tables[1:])
    engine.run(f"CREATE TABLE {both} AS SELECT * FROM {sql.name(tables[0])} WHERE {others}")
    return both


def names_of(engine: Engine, identities: Iterable[str], container: str, generation: int) -> bytes:
    """The packed recipients of identities that are known one by one (a few thousand at most)."""
    unit = digest.UNIT
    return b"".join(digest.keyed(engine.key, f"{container}{unit}{generation}{unit}{identity}") for identity in identities)


def names_of_table(engine: Engine, spec: RowsSpec, live: str, container: str) -> bytes:
    """The packed recipients of every row of a live table."""
    keyed = keyed_live(engine, spec, live)
    values = sql.Bound()
    recipient = digest.recipient("key", values(container), values(str(spec.generation)))
    packed = b"".join(
        bytes.fromhex("".join(name for (name,) in piece))
        for piece in engine.pieces(f"SELECT {digest.as_hex(recipient)} FROM {keyed}", values.values)
    )
    engine.drop(keyed)
    return packed


def presence_in(engine: Engine, spec: RowsSpec, live: str, container: str, generation: int, held: Iterable[bytes]) -> Presence:
    """How recipients that are known only by HMAC stand in a live table."""
    keyed = keyed_live(engine, spec, live)
    doubt = engine.packed((blob, b"") for blob in held)
    values = sql.Bound()
    recipient = digest.recipient("key", values(container), values(str(generation)))
    times = f"SELECT {recipient} AS name, count(*) AS times FROM {keyed} GROUP BY ALL"
    present, twice = engine.run(
        f"SELECT count(*), count(*) FILTER (WHERE times > 1) FROM ({times}) l WHERE l.name IN (SELECT name FROM {doubt})",
        values.values,
    )[0]
    wanted = int(engine.one(f"SELECT count(DISTINCT name) FROM {doubt}"))
    engine.drop(keyed, doubt)
    return Presence(present=present, missing=wanted - present, twice=twice)
