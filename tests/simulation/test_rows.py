"""The model of bulk rows and the product's own comparison say the same, on small inputs of every kind."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.call import Sink
from reconciler.resource import Address, Origin
from reconciler.rows import digest
from reconciler.rows.compare import Compared, compare
from reconciler.rows.engine import Engine
from reconciler.rows.prepare import prepare
from reconciler.rows.recipients import presence_in
from reconciler.rows.sheet import Column, Sheet, Verb
from reconciler.rows.spec import RowsSpec
from tests.simulation import rows

KEY: Final = b"a key of thirty-two bytes, no le"[:32]
BOX: Final = "keys|a|c01"
COLUMNS: Final = (Column(name="key", required=True), Column(name="phone", phone=True, required=True))
SENT_MAX: Final = 6

few = st.sets(st.integers(1, SENT_MAX))
lives = st.none() | st.dictionaries(st.integers(1, SENT_MAX), st.integers(1, 2))
named = st.sets(st.tuples(st.integers(1, 2), st.integers(1, SENT_MAX)))  # generation and key


@dataclass(frozen=True)
class Kept:
    """What a journal gives back."""

    recipients: bytes
    contents: bytes = b""


def row(key: int) -> dict[str, str]:
    return {"key": str(key), "phone": f"300123456{key}"}


def remembered(names: set[tuple[int, int]]) -> list[Kept]:
    packed = (digest.keyed(KEY, f"{BOX}\x1f{generation}\x1f{key}") for generation, key in sorted(names))
    return [Kept(b"".join(packed))] if names else []


def modelled(names: set[tuple[int, int]]) -> set[bytes]:
    return {rows.recipient(BOX, generation, key) for generation, key in names}


def spec(wished: set[int], generation: int, *, readable: bool, natural: bool) -> RowsSpec:
    sheet = Sheet(columns=COLUMNS, identity=("key",), readable=readable, natural=natural)
    return RowsSpec(
        address=Address("here", "contacts", "list"),
        sheet=sheet,
        source={"rows": [row(key) for key in sorted(wished)]},
        folder=Path("/"),
        root=Path("/"),
        target="here",
        country="CO",
        phone_format="national",
        generation=generation,
        origin=Origin("list.yaml"),
    )


def listed(engine: Engine, live: Mapping[int, int]) -> str:
    shown = [row(key) for key, times in live.items() for _ in range(times)]
    return engine.ingest(msgspec.json.encode(shown), Sink(rows_at="", columns={"key": "key", "phone": "phone"})).table


def keys_of(compared: Compared, verb: Verb) -> list[int]:
    return sorted(int(one["key"]) for batch in compared.feed.batches(verb, 100) for one in batch.rows)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    wished=few,
    live=lives,
    generation=st.integers(1, 2),
    sent=named,
    held=named,
    loaded=named,
    removes=st.booleans(),
    natural=st.booleans(),
)
def test_the_model_compares_as_the_product_does(
    wished: set[int],
    live: dict[int, int] | None,
    generation: int,
    sent: set[tuple[int, int]],
    held: set[tuple[int, int]],
    loaded: set[tuple[int, int]],
    removes: bool,
    natural: bool,
) -> None:
    with Engine(key=KEY, memory="256MB") as engine:
        prepared = prepare(engine, spec(wished, generation, readable=live is not None, natural=natural))
        real = compare(
            engine,
            prepared,
            live=None if live is None else listed(engine, live),
            container=BOX,
            generation=generation,
            missing="remove" if removes else "keep",
            sent=remembered(sent),
            held=remembered(held),
            loaded=remembered(loaded),
        )

        model = rows.compare(
            wished,
            live=live,
            container=BOX,
            generation=generation,
            sent=modelled(sent),
            held=modelled(held),
            loaded=modelled(loaded),
            named=wished,
            removes=removes,
            natural=natural,
        )

        assert (sorted(model.adds), sorted(model.removes)) == (keys_of(real, Verb.ADD), keys_of(real, Verb.REMOVE))
        for count in ("in_source", "to_add", "to_remove", "unchanged", "live", "again", "suppressed"):
            assert getattr(model.diff, count) == getattr(real.diff, count), count
        assert bool(model.diff.digest) == bool(real.diff.digest)


@settings(max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(live=st.dictionaries(st.integers(1, SENT_MAX), st.integers(1, 2)), held=named, generation=st.integers(1, 2))
def test_the_model_sees_presence_as_the_product_does(live: dict[int, int], held: set[tuple[int, int]], generation: int) -> None:
    with Engine(key=KEY, memory="256MB") as engine:
        blobs = [kept.recipients for kept in remembered(held)]
        real = presence_in(
            engine, spec(set(), generation, readable=True, natural=False), listed(engine, live), BOX, generation, blobs
        )

    assert rows.presence_of(modelled(held), live, BOX, generation) == real
