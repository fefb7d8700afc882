"""Rows on their way out: one query however many batches, one batch in memory, and after a break the missing rows alone."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

import pytest

from reconciler.rows.engine import Engine
from reconciler.rows.sheet import Verb
from tests.rows.conftest import Specs
from tests.rows.test_compare import Kept, against
from tests.rows.test_prepare import row

ROWS: Final = 60


def people(count: int = ROWS) -> list[dict[str, str]]:
    return [row(str(number), f"300{1_000_000 + number}") for number in range(count)]


class Watched:
    """What the engine is asked while batches are taken, and how many rows it hands out at once."""

    def __init__(self, engine: Engine, patch: pytest.MonkeyPatch) -> None:
        self.run = 0
        self.pieces: list[int] = []
        self.streams = 0
        run, stream = engine.run, engine.stream

        def running(*words: Any, **named: Any) -> list[tuple[Any, ...]]:
            self.run += 1
            return run(*words, **named)

        def streaming(*words: Any, **named: Any) -> Iterator[list[tuple[Any, ...]]]:
            self.streams += 1
            for piece in stream(*words, **named):
                self.pieces.append(len(piece))
                yield piece

        patch.setattr(engine, "run", running)
        patch.setattr(engine, "stream", streaming)


@pytest.mark.parametrize("rows_max", [1, 7, ROWS, ROWS + 1])
def test_rows_are_put_in_order_once_and_taken_a_batch_at_a_time(
    engine: Engine, specs: Specs, monkeypatch: pytest.MonkeyPatch, rows_max: int
) -> None:
    compared = against(engine, specs, people(), None)
    watched = Watched(engine, monkeypatch)
    taken = 0
    for batch in compared.feed.batches(Verb.ADD, rows_max):
        taken += len(batch)
        assert sum(watched.pieces) == taken

    assert (taken, watched.streams, watched.run) == (ROWS, 1, 0)
    assert max(watched.pieces) == min(rows_max, ROWS)


def test_what_else_is_asked_in_between_changes_no_batch(engine: Engine, specs: Specs) -> None:
    compared = against(engine, specs, people(), None)
    alone = [batch.digest for batch in compared.feed.batches(Verb.ADD, 7)]
    disturbed = []
    for batch in compared.feed.batches(Verb.ADD, 7):
        disturbed.append(batch.digest)
        engine.run("CREATE OR REPLACE TABLE beside AS SELECT range AS number FROM range(1000)")
        assert len(list(engine.pieces("SELECT number FROM beside", size=100))) == 10

    assert disturbed == alone
    assert len(alone) == -(-ROWS // 7)


@pytest.mark.parametrize("sent", [0, 1, 5, 9])
def test_an_upload_that_broke_off_goes_on_with_the_missing_rows(engine: Engine, specs: Specs, sent: int) -> None:
    """Whichever batches the journal has, however the list is cut afterwards, everybody is in exactly one of them."""
    first = list(against(engine, specs, people(), None).feed.batches(Verb.ADD, 7))
    remembered = [Kept(batch.recipients, batch.contents) for batch in first[:sent]]

    rest = list(against(engine, specs, people(), None, sent=remembered).feed.batches(Verb.ADD, 5))

    keys = [cells["key"] for batch in (*first[:sent], *rest) for cells in batch.rows]
    assert len(keys) == len(set(keys)) == ROWS


def test_who_stops_half_way_leaves_nothing_open(engine: Engine, specs: Specs) -> None:
    compared = against(engine, specs, people(), None)
    some = compared.feed.batches(Verb.ADD, 7)
    next(some)
    del some

    engine.drop(compared.feed.marked[Verb.ADD].table)
    assert engine.one("SELECT 1") == 1
