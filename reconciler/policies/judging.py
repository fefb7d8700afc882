"""Every rule asked of a plan, and what was waived or acknowledged of what they found."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from reconciler import __version__
from reconciler.catalogue import say
from reconciler.diagnostics import Finding, Severity
from reconciler.plan.values import Plan
from reconciler.policies import applying as hours_of_applying
from reconciler.policies import caps, edits, law, lists, partial, rules, schedule, sms, volume, waivers
from reconciler.policies.acks import Ack, acknowledged
from reconciler.policies.looked import Rule, evaluated, versions
from reconciler.policies.settings import Settings

POLICIES: Final[tuple[Rule, ...]] = (volume.judge, schedule.judge, law.judge, caps.judge, lists.judge, edits.judge, sms.judge)


def judge(
    plan: Plan, settings: Settings, now: datetime, acks: Sequence[Ack] = (), reviewed: str = "", *, applying: bool = False
) -> Plan:
    """The plan with what the policies say of it; `applying` where it is about to be carried out.

    What was acknowledged for the plan of the digest `reviewed` holds for what is left of it; whoever gives one makes sure that
    this plan does no more.
    """
    plan = replace(plan, cost=volume.spend(plan, settings))
    digest = plan.digest
    used: set[waivers.Waiver] = set()

    def settled(finding: Finding) -> Finding:
        finding, waiver = waivers.waived(finding, settings.waivers, now)
        if waiver:
            used.add(waiver)
        return acknowledged(finding, acks, digest, reviewed)

    asked = [look for rule in POLICIES for look in rule(plan, settings, now)]
    asked.append(hours_of_applying.judge(plan, settings, now, applying=applying))
    if settings.rules:
        asked += rules.judge(settings.rules, plan.to_json(__version__))
    looks = [replace(look, findings=tuple(map(settled, look.findings))) for look in asked]
    found = {*plan.findings, *(finding for look in looks for finding in look.findings)}
    found |= {*waivers.told(settings.waivers, used, now), *_passing(plan, found)}
    return replace(
        plan,
        findings=tuple(sorted(found, key=lambda finding: (finding.severity.rank, finding.order))),
        evaluated=tuple(evaluated(looks)),
        versions=versions(),
        waivers=tuple(waiver.to_json(used=waiver in used) for waiver in settings.waivers),
    )


def _passing(plan: Plan, found: set[Finding]) -> tuple[Finding, ...]:
    """What of a denied plan could be applied by itself."""
    words = partial.passing(plan, found)
    if not words:
        return ()
    message = say("what is denied holds the whole plan back; the rest passes with {only}", only=words)
    return (Finding(code="POL004", severity=Severity.INFO, message=message),)
