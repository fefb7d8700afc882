"""Schedules against the clock: nothing is scheduled into the past, or nearer than the platform moves its queue."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final

from reconciler.calendar import instant
from reconciler.catalogue import say
from reconciler.diagnostics import Finding, Severity
from reconciler.plan.values import Plan
from reconciler.policies.looked import Looked
from reconciler.policies.settings import Settings
from reconciler.resource import Address, Origin

LEAD: Final = timedelta(minutes=2)  # uContact moves due messages once a minute (ucontact.md, gap 6)


def judge(plan: Plan, _settings: Settings, now: datetime) -> Iterator[Looked]:
    """Deny what would be scheduled too early to be meant. What went out before is silent: nothing of it is in the plan."""
    due = {name: at for name, at in plan.schedules.items() if at != "on_apply"}
    origins = {str(rows.address): rows.origin for rows in plan.rows}
    late = {name: at for name, at in due.items() if instant(at) < now}
    near = {name: at for name, at in due.items() if now <= instant(at) < now + LEAD}
    yield Looked(
        rule="EXP001",
        inputs=due,
        findings=tuple(_denied("EXP001", say("{at} has passed", at=at), name, origins.get(name)) for name, at in late.items()),
    )
    yield Looked(
        rule="EXP002",
        inputs=due,
        findings=tuple(
            _denied("EXP002", say("{at} is less than two minutes away", at=at), name, origins.get(name))
            for name, at in near.items()
        ),
    )


def _denied(code: str, message: str, name: str, origin: Origin | None) -> Finding:
    return Finding(
        code=code,
        severity=Severity.DENY,
        message=message,
        remedy=say("choose a later moment"),
        address=Address.parse(name),
        origin=origin,
    )
