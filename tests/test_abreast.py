"""Targets at once: all of them are under way together, and what comes back is in order."""

from __future__ import annotations

import threading

import pytest

from reconciler.reconcile.abreast import UnderWay, abreast

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


def test_what_is_under_way_is_taken_back_as_it_ends() -> None:
    may_end = threading.Event()
    work: UnderWay[int] = UnderWay()
    work.begin("slow", lambda: may_end.wait(PATIENCE_S) and 1)
    work.begin("quick", lambda: 2)

    assert work.take() == ("quick", 2)
    assert ("slow" in work, "quick" in work) == (True, False)
    assert work.take(0.001) is None
    may_end.set()
    assert work.take() == ("slow", 1)


def test_how_a_piece_of_work_failed_is_given_to_who_takes_it_back() -> None:
    failure = ValueError("a bug")
    work: UnderWay[int] = UnderWay()

    def failing() -> int:
        raise failure

    work.begin("a", failing)

    assert work.take() == ("a", failure)
    assert "a" not in work
