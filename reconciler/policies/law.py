"""The law: this version looks at none of it, and says so wherever people would be reached."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from reconciler.catalogue import say
from reconciler.diagnostics import Finding, Severity
from reconciler.plan.values import Plan
from reconciler.policies.settings import Settings
from reconciler.resource import Action

CODES: Final = ("LAW000",)


def judge(plan: Plan, _settings: Settings, _now: datetime) -> Iterator[Finding]:
    """A note in every plan that reaches people."""
    if plan.people.total or any(change.action is Action.START for change in plan.changes):
        message = say("no law is looked at: hours, holidays, registers and how often people are contacted are yours to check")
        yield Finding(code="LAW000", severity=Severity.INFO, message=message, remedy=say("have somebody look who knows them"))
