"""What holds a run back at a target: calls that keep failing, and the day's quota.

Neither ever holds back what protects people: a stop, or an addition to a blacklist.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Final

from reconciler.catalogue import say
from reconciler.plan.known import Seen
from reconciler.resource import Action

FAILURES_MAX: Final = 3  # in a row, at one target: a platform that is down is not given a doubt for every address


class Limits:
    """One run's count of calls and failures, by target. `seen` has each target's quota as it was before the run.

    What is on its way when a target is found to be down comes to its end: with several calls at a time, as many more may fail.
    """

    def __init__(self, seen: Mapping[str, Seen]) -> None:
        self._quotas = {name: shown.quota for name, shown in seen.items() if shown.quota}
        self._calls: Counter[str] = Counter()
        self._failures: Counter[str] = Counter()

    def why_not(self, target: str, action: Action) -> str:
        """Why no further write of `action` may be sent to `target` in this run; "" while one may."""
        if action.protects:
            return ""
        if self._failures[target] >= FAILURES_MAX:
            return say("{count} calls in a row failed there; nothing more is sent in this run", count=FAILURES_MAX)
        quota = self._quotas.get(target)
        free = quota.free if quota else None
        if free is not None and self._calls[target] >= free:
            return say("the day's quota is used up, but for what is kept for stops and blacklists")
        return ""

    def called(self, target: str, times: int = 1) -> None:
        """So many requests, reads or writes, were made."""
        self._calls[target] += times

    def ended(self, target: str, *, failed: bool) -> None:
        """A write ended. `failed` = nobody answered, or nobody can tell; that a platform said no is no failure of its."""
        self._failures[target] = self._failures[target] + 1 if failed else 0
