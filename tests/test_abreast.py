"""Targets at once: all of them are under way together, and what comes back is in order."""

from __future__ import annotations

import threading

import pytest

from reconciler.reconcile.abreast import abreast

PATIENCE_S = 60.0  # only a failure waits that long


def test_all_are_under_way_at_the_same_time_and_answers_keep_their_order() -> None:
    together = threading.Barrier(3, timeout=PATIENCE_S)

    def work(item: int) -> int:
        together.wait()
        return item * 2

    assert abreast(work, [3, 1, 2]) == [6, 2, 4]


def test_one_needs_no_thread() -> None:
    assert abreast(lambda _item: threading.current_thread(), ["a"]) == [threading.current_thread()]
    assert abreast(lambda item: item, list[str]()) == []


def test_the_first_failure_is_told_when_all_have_ended() -> None:
    ended: list[int] = []
    together = threading.Barrier(3, timeout=PATIENCE_S)

    def work(item: int) -> None:
        together.wait()
        ended.append(item)
        if item:
            raise ValueError(item)

    with pytest.raises(ValueError, match="1"):
        abreast(work, [0, 1, 2])
    assert sorted(ended) == [0, 1, 2]
