"""How far an apply has come: rows done of rows to do, how fast, and how long the rest will take.

On a terminal one line is written over and over; elsewhere a line comes now and then, so that a log stays short. Progress is
counts alone: nothing in it can name a person.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Final, Protocol

from reconciler.apply import ChangeOutcome, Tell
from reconciler.catalogue import say
from reconciler.plan.values import Change

RATE_S: Final = 30.0  # the rate is that of the last half minute
EVERY_S: Final = 10.0  # between two lines where they are kept

_CLEAR: Final = "\r\x1b[K"
_MINUTE_S, _HOUR_S = 60, 3600


class Writes(Protocol):
    """Writes text to the reader, closed by `end`."""

    def __call__(self, text: str, *, end: str = "\n") -> None:
        """See the class."""


class Progress:
    """What a run tells, as lines for a person. `live` = the reader is a terminal, where a line can be written over."""

    def __init__(
        self,
        changes: Iterable[Change],
        *,
        now: Callable[[], datetime],
        line_of: Callable[[ChangeOutcome], str],
        write: Writes,
        live: bool,
    ) -> None:
        self._to_do = {change.key: change.count for change in changes}
        self._done: dict[str, int] = {}
        self._now = now
        self._line_of = line_of
        self._write = write
        self._live = live
        self._seen: deque[tuple[datetime, int]] = deque([(now(), 0)])
        self._told_at = now()
        self._shown = False

    def tell(self, event: Tell) -> None:
        """Take in what happened, and say what is worth saying."""
        if event.outcome is not None:
            self._ended(event.outcome)
        elif event.change is not None and event.rows_done:
            self._reached(event.change.key, event.rows_done)
        self._show()

    def end(self) -> None:
        """Nothing more will be told."""
        self._wipe()

    def _ended(self, outcome: ChangeOutcome) -> None:
        """What a change left undone is no more to do."""
        key = outcome.change.key
        if outcome.result.done:
            self._reached(key, self._to_do.get(key, 0))
        else:
            self._reached(key, outcome.sent)
            self._to_do[key] = self._done.get(key, 0)
        self._wipe()
        self._write(self._line_of(outcome))

    def _reached(self, key: str, rows: int) -> None:
        """A row may take several calls; it is done once."""
        self._done[key] = min(rows, self._to_do.get(key, 0))
        now = self._now()
        if now < self._seen[-1][0]:  # the clock was set back: the rate begins anew
            self._seen.clear()
        self._seen.append((now, sum(self._done.values())))
        while len(self._seen) > 2 and (now - self._seen[1][0]).total_seconds() >= RATE_S:
            self._seen.popleft()

    def _show(self) -> None:
        done, to_do = sum(self._done.values()), sum(self._to_do.values())
        if done >= to_do:
            return
        if self._live:
            self._write(_CLEAR + self._line(done, to_do), end="")
            self._shown = True
            return
        now = self._now()
        if abs((now - self._told_at).total_seconds()) >= EVERY_S:
            self._told_at = now
            self._write(self._line(done, to_do))

    def _line(self, done: int, to_do: int) -> str:
        (first, before), (last, after) = self._seen[0], self._seen[-1]
        passed_s = (last - first).total_seconds()
        rate = (after - before) / passed_s if passed_s > 0 else 0.0
        if rate <= 0:
            return say("{done:,} of {to_do:,} rows", done=done, to_do=to_do)
        left = _spoken((to_do - done) / rate)
        return say("{done:,} of {to_do:,} rows, {rate:,.0f} rows/s, {left} left", done=done, to_do=to_do, rate=rate, left=left)

    def _wipe(self) -> None:
        if self._shown:
            self._write(_CLEAR, end="")
            self._shown = False


def _spoken(seconds: float) -> str:
    """A time in two words at most, rounded up."""
    whole = int(seconds) + 1
    if whole < _MINUTE_S:
        return say("{seconds} s", seconds=whole)
    if whole < _HOUR_S:
        return say("{minutes} min", minutes=-(-whole // _MINUTE_S))
    return say("{hours} h {minutes} min", hours=whole // _HOUR_S, minutes=whole % _HOUR_S // _MINUTE_S)
