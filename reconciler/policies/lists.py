"""How old suppression lists are, and whether they are honest: an old, a cut or a redated list bars too few.

A list's age is counted in days of UTC, from the day on which it was fetched; in the Americas that day begins early, never late.
What a list was is what the last run that could contact anybody used.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final

from reconciler.catalogue import say
from reconciler.diagnostics import CODES, Finding, Severity
from reconciler.plan.suppression import ListUsed
from reconciler.plan.values import Plan
from reconciler.policies.lawpacks import rules
from reconciler.policies.looked import Looked, guard
from reconciler.policies.settings import Settings, Suppress
from reconciler.resource import Action

SHRUNK: Final = "list_shrunk"
GONE: Final = "list_gone"
_KEPT: Final = 95  # per cent of its entries; below that a list was probably cut
_CONTACTING: Final = (Action.UPDATE, Action.ROWS_ADD, Action.START, Action.SCHEDULE)


def judge(plan: Plan, settings: Settings, now: datetime) -> Iterator[Looked]:
    """Each list of the project. Where nobody can be contacted, what would be denied is a warning."""
    denies = contacting(plan)
    for look in _looked(plan, settings, now.astimezone(UTC).date()):
        yield look if denies else replace(look, findings=tuple(map(_warned, look.findings)))


def _looked(plan: Plan, settings: Settings, today: date) -> Iterator[Looked]:
    before = {one.name: one for one in plan.suppression.before}
    named = {one.name: one for one in settings.suppress}
    for wish in named.values():
        yield _aged(wish, today)
        yield _dated(wish, today)
    for read in plan.suppression.read:
        yield _same(named[read.name], read, before)
        yield _counted(named[read.name], read, before)
    if before:
        yield _gone(plan, named)


def contacting(plan: Plan) -> bool:
    """Whether carrying out the plan may bring about a contact."""
    return any(change.action in _CONTACTING for change in plan.changes)


def valid_days(wish: Suppress, day: date) -> int | None:
    """For how many days a list counts: as the project says, and no longer than the law gives its register; None = for ever."""
    of_register = (
        rule.register.valid_days
        for rule in rules().values()
        if rule.register and rule.register.name == wish.register and rule.valid_on(day)
    )
    return min((days for days in (wish.max_age_days, *of_register) if days is not None), default=None)


def too_old(wish: Suppress, now: datetime) -> datetime | None:
    """The first moment at which a list does not count any more, past or to come; None where it always does."""
    days = valid_days(wish, now.astimezone(UTC).date())
    if wish.fetched_at is None or days is None:
        return None
    try:
        return datetime.combine(wish.fetched_at + timedelta(days=days + 1), time(), UTC)
    except OverflowError:  # the calendar ends before it does
        return None


def _denied(code: str, message: str, wish: Suppress, remedy: str = "") -> Finding:
    remedy = remedy or CODES[code].remedy
    return Finding(code=code, severity=Severity.DENY, message=message, remedy=remedy, origin=wish.origin)


def _warned(finding: Finding) -> Finding:
    return replace(finding, severity=Severity.WARN, remedy=CODES[finding.code].remedy) if finding.severity.blocks else finding


def _aged(wish: Suppress, today: date) -> Looked:
    days = valid_days(wish, today)
    inputs = {"name": wish.name, "fetched_at": wish.fetched_at, "today": today, "valid_days": days}
    if wish.fetched_at is None or days is None or (age := (today - wish.fetched_at).days) <= days:
        return Looked(rule="SUP005", inputs=inputs)
    message = say("the list {name} is {age:,} days old, and counts for {days:,}", name=wish.name, age=age, days=days)
    return Looked(rule="SUP005", inputs=inputs, findings=(_denied("SUP005", message, wish),))


def _dated(wish: Suppress, today: date) -> Looked:
    inputs = {"name": wish.name, "fetched_at": wish.fetched_at, "today": today}
    if wish.fetched_at is None or wish.fetched_at <= today:
        return Looked(rule="SUP006", inputs=inputs)
    message = say(
        "the list {name} says that it was fetched on {day}, which is still to come", name=wish.name, day=wish.fetched_at
    )
    return Looked(rule="SUP006", inputs=inputs, findings=(_denied("SUP006", message, wish),))


def _same(wish: Suppress, read: ListUsed, before: dict[str, ListUsed]) -> Looked:
    """The very bytes that were used under an older date were not fetched again."""
    old = before.get(read.name)
    inputs = {"name": read.name, "digest": read.digest, "fetched_at": read.fetched_at, "before": old.to_json() if old else None}
    newer = old and old.fetched_at and read.fetched_at and read.fetched_at > old.fetched_at
    if not (old and newer and read.digest == old.digest):
        return Looked(rule="SUP007", inputs=inputs)
    message = say(
        "the list {name} is said to be fetched on {day}, and is the same file that was used as of {before}",
        name=read.name,
        day=read.fetched_at,
        before=old.fetched_at,
    )
    return Looked(rule="SUP007", inputs=inputs, findings=(_denied("SUP007", message, wish),))


def _counted(wish: Suppress, read: ListUsed, before: dict[str, ListUsed]) -> Looked:
    """A list that lost its entries, or more than a twentieth of them."""
    had = before[read.name].count if read.name in before else 0
    inputs = {"name": read.name, "count": read.count, "before": had}
    if not read.count and (had or wish.register):
        words = say("the list {name} is empty, and had {count:,} entries", name=read.name, count=had)
        message = words if had else say("the register {name} is empty", name=read.name)
        return Looked(rule="SUP009", inputs=inputs, findings=(_denied("SUP009", message, wish),))
    if 100 * read.count >= _KEPT * had:
        return Looked(rule="SUP008", inputs=inputs)
    message = say("the list {name} has {count:,} entries, and had {had:,}", name=read.name, count=read.count, had=had)
    # Both counts: what was acknowledged for fewer entries would be taken for less, and bars fewer people.
    found = guard("SUP008", f"{SHRUNK}:{read.name}", f"{read.count}/{had}", message, origin=wish.origin)
    return Looked(rule="SUP008", inputs=inputs, findings=(found,))


def _gone(plan: Plan, named: Collection[str]) -> Looked:
    """A list that barred people and is named no more; one that only changed its name is the same file under another."""
    files = {one.digest for one in plan.suppression.read}
    gone = [one for one in plan.suppression.before if one.name not in named and one.digest not in files and one.count]
    inputs = {"named": sorted(named), "before": sorted(one.name for one in plan.suppression.before)}
    found = tuple(
        guard(
            "SUP010",
            f"{GONE}:{one.name}",
            one.count,
            say(
                "the list {name} barred {count:,} entries in the last run, and is no longer named",
                name=one.name,
                count=one.count,
            ),
        )
        for one in gone
    )
    return Looked(rule="SUP010", inputs=inputs, findings=found)
