"""Whether campaigns may run at this moment: by their windows, and by the law."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime

from reconciler.calendar import holidays_around, is_open, next_edge
from reconciler.catalogue import say
from reconciler.diagnostics import CODES, Finding, Severity
from reconciler.policies.law import open_now
from reconciler.policies.meant import contact_with, meant
from reconciler.policies.settings import Settings
from reconciler.resource import Desired
from reconciler.target import Target


def opening(desired: Desired, target: Target, settings: Settings, now: datetime) -> tuple[bool, list[Finding]]:
    """Whether a campaign that is wished to run may run at this moment: by its window, and by the law where the account is."""
    if desired.get("state") != "started":
        return True, []
    said = meant(desired, {}, target)
    holidays = _holidays(target, now)
    if said.window and not is_open(said.window, now, holidays):
        after = next_edge(said.window, now, holidays)
        when = after.isoformat(timespec="minutes") if after else say("no day of the coming week")
        message = say("now is outside its window, so it stands still; it opens {when}", when=when)
        return False, [_note("HRS001", message, desired)]
    verdict = open_now(contact_with(said, (target.country,), (target.timezone,)), settings, now)
    if verdict.allowed:
        return True, []
    until = verdict.next_edge.isoformat(timespec="minutes") if verdict.next_edge else say("no day of the coming weeks")
    message = say("{rules} bars it now, so it stands still until {when}", rules=", ".join(verdict.rules), when=until)
    return False, [replace(_note("HRS005", message, desired), remedy=CODES["HRS005"].remedy)]


def _holidays(target: Target, now: datetime) -> frozenset[date]:
    return holidays_around(target.country, now, target.extra_holidays)


def _note(code: str, message: str, desired: Desired) -> Finding:
    return Finding(
        code=code, severity=Severity.INFO, message=message, address=desired.address, origin=desired.origin_of("window")
    )
