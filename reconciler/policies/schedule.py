"""Schedules against the clock: nothing is scheduled into the past, or nearer than the platform moves its queue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from reconciler.calendar import instant
from reconciler.catalogue import say
from reconciler.diagnostics import Finding, Severity
from reconciler.plan.values import Plan
from reconciler.policies.settings import Settings
from reconciler.resource import Address

CODES: Final = ("EXP001", "EXP002")
LEAD: Final = timedelta(minutes=2)  # uContact moves due messages once a minute (ucontact.md, gap 6)


def judge(plan: Plan, _settings: Settings, now: datetime) -> Iterator[Finding]:
    """Deny what would be scheduled too early to be meant. What went out before is silent: nothing of it is in the plan."""
    origins = {str(rows.address): rows.origin for rows in plan.rows}
    for name, at in plan.schedules.items():
        if at == "on_apply":
            continue
        moment = instant(at)
        if moment >= now + LEAD:
            continue
        past = moment < now
        message = say("{at} has passed", at=at) if past else say("{at} is less than two minutes away", at=at)
        yield Finding(
            code="EXP001" if past else "EXP002",
            severity=Severity.DENY,
            message=message,
            remedy=say("choose a later moment"),
            address=Address.parse(name),
            origin=origins.get(name),
        )
