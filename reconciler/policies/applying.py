"""When an apply may run: outside `policies.apply_windows` nothing is carried out but what protects people.

A plan may be made at any time, and says then when it may be applied.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import datetime, time
from typing import Final

from reconciler.calendar import WEEKDAYS, Slot, is_open, next_edge, next_turn
from reconciler.catalogue import say
from reconciler.diagnostics import CODES, Finding, Severity
from reconciler.plan.values import Plan
from reconciler.policies.looked import Looked
from reconciler.policies.settings import Settings

CODE: Final = "APW001"
_ALLOW: Final = re.compile(r"(?P<first>\w{3})(?:-(?P<last>\w{3}))? (?P<start>\d\d:\d\d)-(?P<end>\d\d:\d\d)")


def judge(plan: Plan, settings: Settings, now: datetime, *, applying: bool) -> Looked:
    """Whether `now` lies in a window: outside of all, an apply is denied, and a plan that changes something says when next."""
    inputs = {"windows": settings.apply_windows, "now": now, "applying": applying}
    windows = [_slot(allow, zone) for allow, zone in settings.apply_windows]
    if not windows or plan.empty or is_open(windows, now, frozenset()):
        return Looked(rule=CODE, inputs=inputs)
    when = _next(windows, now)
    finding = Finding(
        code=CODE,
        severity=Severity.DENY if applying else Severity.INFO,
        message=say("no apply may run now; from {when} on one may", when=when)
        if applying
        else say("this plan may be applied from {when} on", when=when),
        remedy=CODES[CODE].remedy if applying else "",
    )
    return Looked(rule=CODE, inputs=inputs, findings=(finding,))


def closes(settings: Settings, now: datetime) -> datetime | None:
    """When the time for applies that runs now, or comes next, is over; None where every time is one."""
    windows = [_slot(allow, zone) for allow, zone in settings.apply_windows]
    turn = next_turn(windows, now, frozenset())
    if turn is None or is_open(windows, now, frozenset()):
        return turn
    return next_turn(windows, turn, frozenset())


def _next(windows: Sequence[Slot], now: datetime) -> str:
    opens = next_edge(windows, now, frozenset())
    return opens.isoformat(timespec="minutes") if opens else say("no day of the coming week")


def _slot(allow: str, zone: str) -> Slot:
    """`mon-fri 08:00-17:00` as a slot, holidays included; a range of days may go over the week's end."""
    found = _ALLOW.fullmatch(allow)
    assert found, "settings take no other form"
    first = WEEKDAYS.index(found["first"])
    count = (WEEKDAYS.index(found["last"] or found["first"]) - first) % 7 + 1
    return Slot(
        days=frozenset(WEEKDAYS[(first + ahead) % 7] for ahead in range(count)),
        start=time.fromisoformat(found["start"]),
        end=None if found["end"] == "24:00" else time.fromisoformat(found["end"]),
        zone=zone,
        on_holidays=True,
    )
