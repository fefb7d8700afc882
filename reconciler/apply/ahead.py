"""Rows made ready while others are on their way, so that an upload waits for its platform alone."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.call import Batch
from reconciler.rows.sheet import Presence, RowsFeed, Verb


class Ahead:
    """A `RowsFeed` over another one, of which `make_next` makes the next batch before it is asked for.

    However long the list, two batches are there at most: the one on its way and the one after it.
    """

    def __init__(self, feed: RowsFeed) -> None:
        self._feed = feed
        self._latest: _Coming | None = None

    def make_next(self) -> None:
        """Make the batch that is asked for next, where one comes."""
        if self._latest is not None:
            self._latest.make()

    def count(self, verb: Verb) -> int:
        """See `RowsFeed`."""
        return self._feed.count(verb)

    def batches(self, verb: Verb, rows_max: int) -> Iterator[Batch]:
        """See `RowsFeed`."""
        self._latest = _Coming(self._feed.batches(verb, rows_max))
        return self._latest

    def attach(self, table: str) -> None:
        """See `RowsFeed`."""
        self._feed.attach(table)

    def matches(self, verb: Verb, table: str, rows_max: int) -> Iterator[Batch]:
        """See `RowsFeed`."""
        return self._feed.matches(verb, table, rows_max)

    def presence(self, verb: Verb, table: str) -> Presence:
        """See `RowsFeed`."""
        return self._feed.presence(verb, table)


class _Coming(Iterator[Batch]):
    """Batches one after another, the next of which may be made already."""

    def __init__(self, source: Iterator[Batch]) -> None:
        self._source = source
        self._made: Batch | None = None
        self._failure: Exception | None = None

    def make(self) -> None:
        """Make the next one. What goes wrong is told to whoever asks for it."""
        if self._made is not None or self._failure is not None:
            return
        try:
            self._made = next(self._source, None)
        except Exception as failure:  # noqa: BLE001 - raised where the batch is asked for
            self._failure = failure

    def __next__(self) -> Batch:
        self.make()
        if self._failure is not None:
            raise self._failure
        if self._made is None:
            raise StopIteration
        batch, self._made = self._made, None
        return batch
