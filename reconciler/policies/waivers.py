"""Waivers: a rule that does not hold for an address until a day, with the name of who answers for it.

What a rule says is never silenced: a waived finding stays in the plan as a note. Some rules can be waived by nobody: who
said no, whom a test may not reach, what is out of date and what nobody knows are no matter of somebody's reasons.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from typing import TYPE_CHECKING, Any, Final

from reconciler.catalogue import say
from reconciler.diagnostics import CODES, Finding, Severity
from reconciler.personal import mask_text
from reconciler.resource import Origin

if TYPE_CHECKING:
    from reconciler.policies.lawpacks import Rule

MAY: Final = ("CAP", "CON", "HRS", "RUL", "SID", "SMS", "VOL")
"""The families of codes that judge how people are contacted and how much changes; a code of no other can be waived."""

NEVER: Final = ("RUL002", "RUL003", "VOL008")
"""Those among them that guard who said no, or say that a rule has no answer."""

_EVERYWHERE: Final = ("*", "*/*", "*/*/*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiver:
    """A rule that does not hold for the addresses that `address` matches, until the end of `expires` (UTC)."""

    rule: str
    address: str
    reason: str
    owner: str
    expires: date
    origin: Origin

    def holds(self, now: datetime) -> bool:
        """Whether it has not expired."""
        return now.astimezone(UTC).date() <= self.expires

    def covers(self, finding: Finding) -> bool:
        """Whether it is about what was found; what is found of the whole plan is covered by a waiver for every address."""
        if self.rule not in (finding.code, finding.rule, finding.rule.removeprefix("rule:")):
            return False
        return finding.address.matches(self.address) if finding.address else self.address in _EVERYWHERE

    def to_json(self, *, used: bool) -> dict[str, Any]:
        """The waiver as the plan's JSON knows it."""
        return {
            "rule": self.rule,
            "address": self.address,
            "reason": mask_text(self.reason),
            "owner": mask_text(self.owner),
            "expires": self.expires.isoformat(),
            "used": used,
        }


def refusal(rule: str, own: Collection[str]) -> str:
    """Why nobody may waive a rule, in words; "" where it may be waived. `own` are the names of the project's own rules."""
    law = _law(rule)
    if rule in CODES:
        may = rule.startswith(MAY) and rule not in NEVER
        return "" if may else say("{rule} guards what no reason outweighs: {title}", rule=rule, title=CODES[rule].title)
    if law is not None:
        return say("{rule} keeps out who is in a register", rule=rule) if law.register else ""
    return "" if rule in own else say("there is no rule '{name}'", name=rule)


def _law(name: str) -> Rule | None:
    """The law's rule of that name."""
    from reconciler.policies.lawpacks import rules  # only a project with waivers pays for its room

    return rules().get(name)


def waived(finding: Finding, waivers: Iterable[Waiver], now: datetime) -> tuple[Finding, Waiver | None]:
    """A finding, as a note where a waiver covers it, and that waiver."""
    covering = (waiver for waiver in waivers if waiver.holds(now) and waiver.covers(finding))
    waiver = next(covering, None)
    if waiver is None or not _waivable(finding):
        return finding, None
    message = say(
        "waived by {owner} until {day} ({reason}): {message}",
        owner=mask_text(waiver.owner),
        day=waiver.expires,
        reason=mask_text(waiver.reason),
        message=finding.message,
    )
    return replace(finding, severity=Severity.INFO, message=message, remedy=""), waiver


def _waivable(finding: Finding) -> bool:
    """Whether it holds anything back that may be waived: neither by its code nor by the law's rule that it is held against."""
    law = _law(finding.rule)
    held = finding.severity in (Severity.DENY, Severity.APPROVE)
    return held and not refusal(finding.code, ()) and (law is None or law.register is None)


def told(waivers: Sequence[Waiver], used: Collection[Waiver], now: datetime) -> Iterator[Finding]:
    """What is to be said of the waivers themselves: those that have expired, and those that nothing needed."""
    for waiver in waivers:
        if not waiver.holds(now):
            message = say("the waiver of {rule} for {address} expired on {day} and does nothing", **_named(waiver))
            remedy = say("remove it, or have its reasons looked at again and write another day")
            yield Finding(code="WAV001", severity=Severity.WARN, message=message, remedy=remedy, origin=waiver.origin)
        elif waiver not in used:
            message = say("the waiver of {rule} for {address} until {day} was not needed", **_named(waiver))
            yield Finding(
                code="WAV002",
                severity=Severity.INFO,
                message=message,
                remedy=say("remove it if no plan needs it"),
                origin=waiver.origin,
            )


def _named(waiver: Waiver) -> dict[str, object]:
    return {"rule": waiver.rule, "address": waiver.address, "day": waiver.expires}
