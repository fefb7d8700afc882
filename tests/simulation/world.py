"""Clocks that nobody waits for, the strikes that are due, and the trace of what happened."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any, Final

from reconciler.journal.lease import Moment
from tests.simulation.script import Fault, Site, Strike

BEGAN: Final = datetime(2026, 3, 2, 9, tzinfo=UTC)


class Violation(AssertionError):
    """Something that may never happen did."""


class Killed(BaseException):
    """The process that does this is killed by it."""


class World:
    """The one world of a history."""

    def __init__(self, order: int = 0) -> None:
        self._order = Random(order)  # noqa: S311 - chance that can be told again, no secret
        self.clock_s = 0.0  # since the first boot; nobody can set it
        self.booted_s = 0.0
        self.boots = 1
        self.wall_ahead_s = 0.0
        self.trace: list[tuple[Any, ...]] = []
        self.met: Counter[Fault] = Counter()
        self._due: list[dict[int, Strike]] = [{} for _ in Site]
        self._seen = [0] * len(Site)

    def now(self) -> datetime:
        """What the wall's clock says."""
        return BEGAN + timedelta(seconds=self.clock_s + self.wall_ahead_s)

    def boot(self) -> tuple[str, float]:
        """Which boot this is, and the seconds since."""
        return f"boot-{self.boots}", self.clock_s - self.booted_s

    def moment(self) -> Moment:
        """Now, on both clocks."""
        boot, clock_s = self.boot()
        return Moment(now=self.now(), boot=boot, clock_s=clock_s)

    def turn(self, lanes: Sequence[str]) -> str:
        """Which of some lanes goes on."""
        return lanes[0] if len(lanes) == 1 else self._order.choice(lanes)

    def pass_s(self, seconds: float) -> None:
        """Let time pass."""
        self.clock_s += seconds

    def reboot(self) -> None:
        """The machine comes up again, a minute later."""
        self.clock_s += 60.0
        self.booted_s = self.clock_s
        self.boots += 1

    def aim(self, strikes: Iterable[Strike]) -> None:
        """From now on these strikes are due, counted from here."""
        self._seen = [0] * len(Site)
        self._due = [{} for _ in Site]
        for strike in strikes:
            self._due[strike.fault.site][strike.at] = strike

    def strike(self, site: Site) -> Strike | None:
        """What hits this occasion, if anything."""
        number = self._seen[site]
        self._seen[site] = number + 1
        return self._due[site].get(number)

    def postpone(self, strike: Strike) -> None:
        """A strike that has nothing to hit here hits the next occasion instead, unless another one is due there."""
        site = strike.fault.site
        self._due[site].setdefault(self._seen[site], strike)

    def hit(self, fault: Fault) -> None:
        """A strike did what it is there for."""
        self.met[fault] += 1
        self.trace.append(("fault", fault.title))

    def tell(self, *words: Any) -> None:
        """Add a line to the trace."""
        self.trace.append(words)

    def lines(self) -> list[str]:
        """The trace for people."""
        return [" ".join(str(word) for word in words) for words in self.trace]
