"""How much one plan may change, and how many people it may reach."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

from reconciler.catalogue import say
from reconciler.diagnostics import Finding, Severity
from reconciler.plan.values import Plan
from reconciler.policies.settings import Settings
from reconciler.resource import Action

CODES: Final = ("VOL001", "VOL002", "VOL003", "VOL004", "VOL005", "VOL006", "VOL007", "VOL008", "VOL009")


def judge(plan: Plan, settings: Settings, _now: datetime) -> Iterator[Finding]:
    """Each limit that the plan exceeds, with the value that an acknowledgement must name."""
    live = sum(target.campaigns for target in plan.targets)
    counts = plan.summary
    shares = (
        ("VOL001", "max_deletes", settings.max_deletes, counts.get(Action.DELETE.value, 0), live, say("deletes")),
        ("VOL002", "max_updates", settings.max_updates, counts.get(Action.UPDATE.value, 0), live, say("updates")),
        (
            "VOL003",
            "max_row_removals",
            settings.max_row_removals,
            sum(rows.diff.to_remove + rows.diff.to_close + rows.diff.to_replace for rows in plan.rows),
            sum(rows.diff.live for rows in plan.rows),
            say("row removals"),
        ),
    )
    for code, guard, limit, count, of, what in shares:
        if limit.exceeded(count, of):
            message = say(
                "{count:,} {what} of {of:,} live are more than {share:.0%}", count=count, what=what, of=of, share=limit.share
            )
            yield _guard(code, guard, count, message)
    totals = (
        ("VOL004", "max_people", settings.max_people, plan.people.total, say("people would be contacted")),
        (
            "VOL005",
            "max_new_people",
            settings.max_new_people,
            plan.people.first_time,
            say("people would be contacted for the first time"),
        ),
        ("VOL006", "max_calls", settings.max_calls, sum(plan.calls.values()), say("calls would be made")),
        (
            "VOL008",
            "max_lifts",
            settings.max_lifts,
            sum(rows.diff.to_lift for rows in plan.rows),
            say("blacklist entries would be lifted"),
        ),
    )
    for code, guard, most, count, what in totals:
        if most is not None and count > most:
            yield _guard(
                code, guard, count, say("{count:,} {what}; the project allows {most:,}", count=count, what=what, most=most)
            )
    dialled = sum(rows.diff.dialled for rows in plan.rows)
    if dialled:
        yield _guard(
            "VOL009",
            "erase_history",
            dialled,
            say("{count:,} rows to be taken away were dialled: their history goes with them", count=dialled),
        )
    for rows in plan.rows:
        if rows.diff.in_source == 0 and (rows.diff.live or plan.occurrences.get(str(rows.address))):
            message = say("the source is empty, and the list was not")
            finding = _guard("VOL007", "empty_wish", str(rows.address), message)
            yield Finding(
                code=finding.code,
                severity=finding.severity,
                message=message,
                remedy=finding.remedy,
                address=rows.address,
                origin=rows.origin,
            )


def _guard(code: str, guard: str, value: int | str, message: str) -> Finding:
    """A tripped guard. Its remedy holds `guard=value` until the digest is known."""
    return Finding(code=code, severity=Severity.APPROVE, message=message, remedy=f"{guard}={value}")
