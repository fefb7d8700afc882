"""The same work for several targets at once, one thread each: platforms are slow, and do not know each other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def abreast(work: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """`work` of each item, in the order of `items`. The first failure in that order is raised when all have ended.

    An interrupt does not wait: the threads are left behind and end with the process, so they may only read.
    """
    if len(items) == 1:
        return [work(items[0])]
    results: dict[int, R] = {}
    failures: dict[int, BaseException] = {}

    def one(place: int) -> None:
        try:
            results[place] = work(items[place])
        except BaseException as failure:  # noqa: BLE001 - raised again by who waits
            failures[place] = failure

    threads = [threading.Thread(target=one, args=(place,), daemon=True) for place in range(len(items))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if failures:
        raise failures[min(failures)]
    return [results[place] for place in range(len(items))]
