"""What may not be, judged before anything is sent: one file a rule, pure, over the plan and the clock.

A rule adds findings and changes nothing else. `judge` runs them all; an acknowledgement (`--ack GUARD=VALUE@DIGEST`) turns
the one finding that it names into a note.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Final

from reconciler.catalogue import say
from reconciler.diagnostics import Finding, Severity
from reconciler.plan.values import Plan
from reconciler.policies import edits, law, schedule, volume
from reconciler.policies.settings import Settings, parse

Rule = Callable[[Plan, Settings, datetime], Iterator[Finding]]

POLICIES: Final[tuple[Rule, ...]] = (volume.judge, schedule.judge, law.judge, edits.judge)

DIGEST_SHOWN: Final = 8


@dataclass(frozen=True, slots=True)
class Ack:
    """One acknowledgement: the guard, the value that was seen, and the beginning of the plan's digest."""

    guard: str
    value: str
    digest: str

    @classmethod
    def parse(cls, text: str) -> Ack:
        """Read `GUARD=VALUE@DIGEST`; ValueError where a part is missing."""
        guard, _, rest = (part.strip() for part in text.partition("="))
        value, _, digest = (part.strip() for part in rest.rpartition("@"))
        digest = digest.removeprefix("sha256:")
        if not (guard and value and len(digest) >= DIGEST_SHOWN):
            raise ValueError(text)
        return cls(guard, value, digest)

    def passes(self, guard: str, value: str, digest: str, reviewed: str) -> bool:
        """Whether it was given for this value of this plan; or, for the plan that was reviewed, for this value or a greater."""
        if self.guard != guard:
            return False
        if self.value == value:
            return digest.startswith(self.digest) or reviewed.startswith(self.digest)
        fewer = value.isdecimal() and self.value.isdecimal() and int(value) < int(self.value)
        return fewer and reviewed.startswith(self.digest)


def judge(plan: Plan, settings: Settings, now: datetime, acks: Sequence[Ack] = (), reviewed: str = "") -> Plan:
    """The plan with what the policies say of it. What was acknowledged for the plan of the digest `reviewed` holds for what
    is left of it; whoever gives one makes sure that this plan does no more.
    """
    found = [finding for rule in POLICIES for finding in rule(plan, settings, now)]
    digest = plan.digest
    judged = [_acknowledged(finding, acks, digest, reviewed) for finding in found]
    findings = sorted({*plan.findings, *judged}, key=lambda finding: (finding.severity.rank, finding.order))
    return replace(plan, findings=tuple(findings), evaluated=tuple(_verdicts(judged)))


def _verdicts(judged: Sequence[Finding]) -> Iterator[Mapping[str, str]]:
    """What every rule said, passes too: the strongest severity of its findings, or `pass`."""
    for code in sorted({*volume.CODES, *schedule.CODES, *law.CODES, *edits.CODES}):
        found = [finding.severity for finding in judged if finding.code == code]
        worst = min(found, key=lambda severity: severity.rank, default=None)
        yield {"rule": code, "result": worst.value if worst else "pass"}


def _acknowledged(finding: Finding, acks: Sequence[Ack], digest: str, reviewed: str) -> Finding:
    """A tripped guard says which acknowledgement passes it; with that one given it is a note."""
    if finding.severity is not Severity.APPROVE:
        return finding
    guard, _, value = finding.remedy.partition("=")
    if any(ack.passes(guard, value, digest, reviewed) for ack in acks):
        return replace(finding, severity=Severity.INFO, remedy=say("acknowledged"))
    return replace(
        finding,
        remedy=say("if it is meant: --ack {guard}={value}@{digest}", guard=guard, value=value, digest=digest[:DIGEST_SHOWN]),
    )


__all__ = ["POLICIES", "Ack", "Settings", "judge", "parse"]
