"""Acknowledgements: a tripped guard passes when somebody names it, the value that was seen and the plan it was seen in.

There is no blanket force. What was acknowledged for one plan says nothing of the next.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Final

from reconciler.catalogue import say
from reconciler.diagnostics import Finding, Severity

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


def acknowledged(finding: Finding, acks: Iterable[Ack], digest: str, reviewed: str) -> Finding:
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
