"""Findings: one shape for every mistake, warning and hint, and the registry of their codes.

A finding has a place, a reason and a remedy. `explain CODE` prints what the registry knows about its code, so that a code
in a log of last year still has a meaning.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final

from reconciler.diagnostics.code import Code
from reconciler.diagnostics.files import FILES
from reconciler.diagnostics.law import LAW
from reconciler.diagnostics.messages import MESSAGES
from reconciler.diagnostics.plans import PLANS
from reconciler.diagnostics.running import RUNNING
from reconciler.diagnostics.suppression import SUPPRESSION
from reconciler.resource import Address, Origin


class Severity(Enum):
    """How much a finding matters, strongest first. ERROR and DENY stop an apply, APPROVE waits for an acknowledgement."""

    ERROR = "error"
    DENY = "deny"
    APPROVE = "approve"
    WARN = "warn"
    INFO = "info"

    @property
    def rank(self) -> int:
        """0 for the strongest."""
        return _RANKS[self]

    @property
    def blocks(self) -> bool:
        """Whether nothing may be sent while such a finding stands."""
        return self in (Severity.ERROR, Severity.DENY, Severity.APPROVE)


_RANKS: Final = {severity: rank for rank, severity in enumerate(Severity)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing to know. `message` and `remedy` are for people and never hold a secret or an unmasked personal value.

    `rule` is the id of the law's or the project's rule that was held against it; "" where the code is the rule.
    """

    code: str
    rule: str = ""
    severity: Severity
    message: str
    remedy: str = ""
    address: Address | None = None
    origin: Origin | None = None

    @property
    def order(self) -> tuple[Any, ...]:
        """Sort key: by file and place, then by weight."""
        place = (self.origin.file, self.origin.line, self.origin.column) if self.origin else ("", 0, 0)
        return (*place, self.severity.rank, self.code, self.message)

    def to_json(self) -> dict[str, Any]:
        """The finding as the plan, `validate --format json` and SARIF know it; absent parts are null."""
        return {
            "code": self.code,
            "rule": self.rule or None,
            "severity": self.severity.value,
            "message": self.message,
            "remedy": self.remedy,
            "address": str(self.address) if self.address else None,
            "file": self.origin.file if self.origin else None,
            "line": self.origin.line if self.origin else None,
            "column": self.origin.column if self.origin else None,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Finding:
        """The inverse of `to_json`."""
        place = Origin(data["file"], data["line"], data["column"]) if data.get("file") else None
        return cls(
            code=data["code"],
            rule=data.get("rule") or "",
            severity=Severity(data["severity"]),
            message=data["message"],
            remedy=data.get("remedy") or "",
            address=Address.parse(data["address"]) if data.get("address") else None,
            origin=place,
        )


def error(code: str, message: str, origin: Origin | None, remedy: str = "", address: Address | None = None) -> Finding:
    """A finding of severity ERROR."""
    return Finding(code=code, severity=Severity.ERROR, message=message, remedy=remedy, origin=origin, address=address)


def in_order(findings: Iterable[Finding]) -> list[Finding]:
    """Findings by file and line, each once."""
    return sorted(dict.fromkeys(findings), key=lambda finding: finding.order)


def worst(findings: Iterable[Finding]) -> Severity | None:
    """The strongest severity among them; None when there are none."""
    return min((finding.severity for finding in findings), key=lambda severity: severity.rank, default=None)


def did_you_mean(word: str, known: Iterable[str], *, listed: bool = True) -> str:
    """A remedy that names the nearest known word, or lists few that may be `listed`; "" when neither helps."""
    from difflib import get_close_matches

    choices = sorted(known)
    near = get_close_matches(word, choices, n=1, cutoff=0.6)
    if near:
        return f"did you mean '{near[0]}'?"
    return f"known: {', '.join(choices)}" if listed and 0 < len(choices) <= 24 else ""


CODES: Final[Mapping[str, Code]] = {**FILES, **PLANS, **LAW, **MESSAGES, **SUPPRESSION, **RUNNING}

__all__ = ["CODES", "Code", "Finding", "Severity", "did_you_mean", "error", "in_order", "worst"]
