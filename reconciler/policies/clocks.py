"""Documents against clocks that jump: edges of windows that a clock skips or repeats, instants with another clock's offset.

Nothing here is barred. An edge has one meaning (`calendar.Slot.edges`) and an instant too; both are said, so that nobody has to
find out at three in the morning.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from reconciler.calendar import Jump, Slot, holidays_of, instant, jumps, slots
from reconciler.catalogue import say
from reconciler.diagnostics import CODES, Finding, Severity
from reconciler.resource import Desired
from reconciler.target import Target

DAYS: Final = 366
_ON_APPLY: Final = "on_apply"


def clock_findings(desired: Desired, target: Target, today: date) -> Iterator[Finding]:
    """What clocks make of a document's times in the coming 366 days."""
    yield from _edges(desired, target, today)
    yield from _offset(desired, target)


def _edges(desired: Desired, target: Target, today: date) -> Iterator[Finding]:
    window = desired.get("window") or ()
    for index, slot in enumerate(slots(window, target.timezone, every_day=desired.get("purpose") == "service")):
        for jump in jumps(slot.zone, today, today + timedelta(days=DAYS)):
            for name, edge in (("from", slot.start), ("to", slot.end)):
                day = _day_of(jump, edge)
                if day and edge and slot.on(day, _holidays(target, day)):
                    # A single slot may be written without a list.
                    path = f"window.{name}" if f"window.{name}" in desired.origins else f"window.{index}.{name}"
                    yield _warning("CLK001", _told(slot, jump, day, edge, opens=name == "from"), desired, path)


def _day_of(jump: Jump, edge: time | None) -> date | None:
    """The day on which a jump leaves out or repeats an edge. A day's own first minute is where the day begins."""
    if edge is None or edge == time():
        return None
    days = sorted({jump.before.date(), jump.after.date()})
    return next((day for day in days if jump.holds(datetime.combine(day, edge))), None)


def _holidays(target: Target, day: date) -> frozenset[date]:
    extra = (date.fromisoformat(text) for text in target.extra_holidays)
    return holidays_of(target.country, (day.year,), extra) or frozenset()


def _told(slot: Slot, jump: Jump, day: date, edge: time, *, opens: bool) -> str:
    start, end = slot.edges(day)
    facts = {"zone": slot.zone, "day": day, "edge": f"{edge:%H:%M}"}
    if start >= end:
        return say("the clock of {zone} jumps on {day} at {edge}, and leaves nothing of the window", **facts)
    if jump.forward:
        at = f"{jump.after:%H:%M}"
        if opens:
            return say("the clock of {zone} skips {edge} on {day}: the window opens at {at}", at=at, **facts)
        return say("the clock of {zone} skips {edge} on {day}: the window closes at {at}", at=at, **facts)
    if opens:
        return say("the clock of {zone} shows {edge} twice on {day}: the window opens at the second", **facts)
    return say("the clock of {zone} shows {edge} twice on {day}: the window closes at the first", **facts)


def _offset(desired: Desired, target: Target) -> Iterator[Finding]:
    """An instant whose offset is not the one that the target's clock has then; `Z` speaks of no clock."""
    at = desired.get("at")
    if desired.address.kind != "scheduled_sms" or not isinstance(at, str) or at == _ON_APPLY or at.endswith("Z"):
        return
    try:
        moment = instant(at)
        there = moment.astimezone(ZoneInfo(target.timezone))
    except (ValueError, OverflowError):  # no such moment: the platform's own check says so
        return
    if there.utcoffset() != moment.utcoffset():
        message = say(
            "{written} is not on the clock of {zone} that day, which then shows {shown}",
            written=at[11:],
            zone=target.timezone,
            shown=there.isoformat(timespec="minutes")[11:],
        )
        yield _warning("CLK002", message, desired, "at")


def _warning(code: str, message: str, desired: Desired, path: str) -> Finding:
    return Finding(
        code=code,
        severity=Severity.WARN,
        message=message,
        remedy=CODES[code].remedy,
        address=desired.address,
        origin=desired.origin_of(path),
    )
