"""The same work several times at once, in a thread each: platforms are slow, and do not know each other."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from queue import Empty, SimpleQueue
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


def abreast(work: Callable[[T], R], items: Sequence[T]) -> list[R]:
    """`work` of each item, in the order of `items`. The first failure in that order is raised when all have ended.

    An interrupt does not wait: the threads are left behind and end with the process, so they may only read.
    """
    if len(items) <= 1:
        return [work(item) for item in items]
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


class UnderWay(Generic[R]):
    """Work that was begun, one piece for each name at a time, and is taken back in the order in which it ends.

    Threads are left behind where an interrupt comes in between, and end with the process.
    """

    def __init__(self) -> None:
        self._names: set[str] = set()
        self._ended: SimpleQueue[tuple[str, R | Exception]] = SimpleQueue()

    def __contains__(self, name: str) -> bool:
        return name in self._names

    def begin(self, name: str, work: Callable[[], R]) -> None:
        """Begin a piece of work in a thread of its own."""

        def one() -> None:
            try:
                result: R | Exception = work()
            except Exception as failure:  # noqa: BLE001 - given to who takes it back
                result = failure
            self._ended.put((name, result))

        self._names.add(name)
        threading.Thread(target=one, daemon=True).start()

    def take(self, patience_s: float | None = None) -> tuple[str, R | Exception] | None:
        """The next piece that has ended: its name, and what it gave or how it failed. None where none ends within `patience_s`
        (without: it waits).
        """
        try:
            name, result = self._ended.get(timeout=patience_s)
        except Empty:
            return None
        self._names.discard(name)
        return name, result
