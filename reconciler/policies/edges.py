"""Until when a plan is true: the moments at which a window, a rule, a schedule, a list, a quota or the plan itself ends.

A plan that outlives one of them would be carried out as something else than what was reviewed.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from functools import lru_cache

from reconciler.calendar import is_open, next_turn, told_in
from reconciler.catalogue import say
from reconciler.plan.make import LIFE
from reconciler.plan.reached import Reached, Way
from reconciler.plan.values import Plan
from reconciler.policies.applying import closes
from reconciler.policies.law import contact_of, open_now
from reconciler.policies.lists import too_old
from reconciler.policies.schedule import LEAD
from reconciler.policies.settings import Settings


@dataclass(frozen=True, slots=True, kw_only=True)
class Edge:
    """A moment at which a plan stops being true, and why then."""

    at: datetime
    why: str


def first_edge(plan: Plan, settings: Settings, now: datetime) -> Edge:
    """The end of a plan that was made at `now`: the earliest of its edges, the one told first where several are at once."""
    return min(edges(plan, settings, now), key=lambda edge: edge.at)


def edges(plan: Plan, settings: Settings, now: datetime) -> Iterator[Edge]:
    """Every edge after `now`; the plan's own life is always one of them."""
    for reached in plan.reached:
        yield from _window(reached, now)
        yield from _law(reached, settings, now)
        yield from _schedule(reached, now)
    yield from _lists(plan, settings, now)
    yield from _waivers(plan, settings, now)
    yield from _quotas(plan, now)
    if (over := closes(settings, now)) is not None:
        yield Edge(at=over, why=say("the time for applies is over then"))
    yield Edge(at=now + LIFE, why=say("a plan is good for {hours} hours", hours=LIFE // timedelta(hours=1)))


def _dials(reached: Reached) -> bool:
    """Whether it dials by a window of its own, now or later: a campaign, and rows in one that runs and is not judged itself."""
    return reached.way is Way.DIAL and reached.campaign is None and (reached.runs or reached.address.kind == "campaign")


def _window(reached: Reached, now: datetime) -> Iterator[Edge]:
    if not _dials(reached) or not reached.hours:
        return
    edge = _turn(reached.hours, now, reached.window_holidays)
    if edge is None:
        return
    if is_open(reached.hours, now, reached.window_holidays):
        yield Edge(at=edge, why=say("the window of {address} closes", address=reached.address))
    else:
        yield Edge(at=edge, why=say("the window of {address} opens", address=reached.address))


_turn = lru_cache(maxsize=4096)(next_turn)  # a thousand campaigns share a few windows


def _law(reached: Reached, settings: Settings, now: datetime) -> Iterator[Edge]:
    """Where hours that a rule bars begin or end. Instants that are scheduled do not move with the clock."""
    if not (_dials(reached) or reached.way is Way.SEND):
        return
    for place in reached.places:
        edge = open_now(contact_of(reached, place), settings, now).next_edge
        if edge is not None:
            why = say("what rules say of {address} changes with the hour", address=reached.address)
            yield Edge(at=told_in(edge, place.zones[0]), why=why)


def _schedule(reached: Reached, now: datetime) -> Iterator[Edge]:
    if reached.way is Way.SCHEDULE and reached.at is not None and reached.at[0] - LEAD > now:
        why = say("the messages of {address} could not be handed over in time any more", address=reached.address)
        yield Edge(at=reached.at[0] - LEAD, why=why)


def _lists(plan: Plan, settings: Settings, now: datetime) -> Iterator[Edge]:
    for one in settings.suppress if plan.reached else ():
        over = too_old(one, now)
        if over is not None and over > now:
            yield Edge(at=over, why=say("the list '{name}' is too old then", name=one.name))


def _waivers(plan: Plan, settings: Settings, now: datetime) -> Iterator[Edge]:
    for one in settings.waivers if plan.reached else ():
        if one.holds(now):
            yield Edge(at=datetime.combine(one.expires, time.max, UTC), why=say("the waiver of {rule} ends", rule=one.rule))


def _quotas(plan: Plan, now: datetime) -> Iterator[Edge]:
    """The end of the day whose calls a plan counted on."""
    for target in plan.targets:
        ends = target.quota.ends
        if ends is not None and ends > now and plan.calls.get(target.name):
            yield Edge(at=ends, why=say("the day of {target}'s quota ends", target=target.name))
