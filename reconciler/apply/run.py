"""What came of carrying out a plan: an outcome for every change, and the exit code that follows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from reconciler.errors import ReconcilerError
from reconciler.plan.values import Change


class Result(Enum):
    """How a change ended."""

    VERIFIED = "verified"
    UNVERIFIABLE = "unverifiable"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    FAILED = "failed"
    SKIPPED = "skipped"
    PENDING = "pending"

    @property
    def done(self) -> bool:
        """Whether the change is carried out as far as anybody can know."""
        return self in (Result.VERIFIED, Result.UNVERIFIABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOutcome:
    """One change and how it ended. `sent` = rows whose call was acknowledged; `begun` = some call of it was."""

    change: Change
    result: Result
    why: str = ""
    calls: int = 0
    sent: int = 0
    begun: bool = False
    operations: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The outcome as the run's JSON knows it."""
        return {
            "address": str(self.change.address),
            "action": self.change.action.value,
            "outcome": self.result.value,
            "why": self.why,
            "count": self.sent or self.change.count,
            "calls": self.calls,
            "operations": list(self.operations) if self.result is Result.UNKNOWN else [],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One apply and what came of it. `broke` is what ended it before its time: the journal, or a bug."""

    id: str
    digest: str
    started_at: datetime
    ended_at: datetime
    outcomes: tuple[ChangeOutcome, ...] = ()
    interrupted: bool = False
    broke: Exception | None = None

    @property
    def exit_code(self) -> int:
        """0 done, 6 something unknown, 5 done in part, 1 refused with nothing done, 130 interrupted with nothing unknown.

        A run that broke before anything was done ends as what broke it.
        """
        results = [outcome.result for outcome in self.outcomes]
        if Result.UNKNOWN in results:
            return 6
        whole = all(result.done for result in results)
        if whole and not self.broke:
            return 0
        if self.interrupted and not self.broke:
            return 130
        if not whole and any(outcome.result.done or outcome.begun for outcome in self.outcomes):
            return 5
        return self.broke.exit_code if isinstance(self.broke, ReconcilerError) else 1

    @property
    def unknown(self) -> list[str]:
        """The operations whose outcome is unknown."""
        return [name for outcome in self.outcomes if outcome.result is Result.UNKNOWN for name in outcome.operations]
