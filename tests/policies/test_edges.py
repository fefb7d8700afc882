"""Until when a plan is true: each kind of edge, alone and against the others, and nothing that has passed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final

import pytest

from reconciler.calendar import WEEKDAYS, Slot
from reconciler.plan.known import Quota
from reconciler.plan.reached import Place, Reached, Way
from reconciler.plan.values import Change, Plan, Reason, TargetState
from reconciler.policies.edges import Edge, edges, first_edge
from reconciler.policies.lists import too_old
from reconciler.policies.settings import Settings, Suppress
from reconciler.policies.waivers import Waiver
from reconciler.resource import Action, Address, Origin

NOW: Final = datetime(2026, 11, 20, 15, 0, tzinfo=UTC)  # Friday, 10:00 in Bogotá
HOUR: Final = timedelta(hours=1)
CAMPAIGN: Final = Address("wolkvox-co", "campaign", "mora")
SMS: Final = Address("ucontact-uy", "scheduled_sms", "aviso")
BOGOTA: Final = (Place(country="CO", zones=("America/Bogota",), people=5),)
ALWAYS: Final = Settings(lawpacks=())


def bogota(hour: int, minute: int = 0, day: int = 20) -> datetime:
    """A time of that clock in UTC."""
    return datetime(2026, 11, day, hour, minute, tzinfo=UTC) + 5 * HOUR


def slot(start: str, end: str, days: Sequence[str] = WEEKDAYS) -> Slot:
    return Slot(frozenset(days), time.fromisoformat(start), time.fromisoformat(end), "America/Bogota", on_holidays=True)


def reached(way: Way = Way.DIAL, **fields: Any) -> Reached:
    """Colombians who are called by a campaign, or get messages."""
    address = SMS if way is not Way.DIAL else CAMPAIGN
    usual: dict[str, Any] = {"address": address, "way": way, "purpose": "collection", "places": BOGOTA, "stops": True}
    return Reached(**(usual | fields))


def plan(*found: Reached, quota: Quota | None = None, calls: int = 0) -> Plan:
    target = TargetState(
        name="wolkvox-co",
        platform="wolkvox",
        url="",
        account="",
        simulated=True,
        complete=True,
        read_at=NOW,
        campaigns=0,
        quota=quota or Quota(),
    )
    change = Change(action=Action.START, address=CAMPAIGN, reason=Reason.FIELDS, calls=calls)
    return Plan(created_at=NOW, valid_until=NOW, targets=(target,), reached=found, changes=(change,) if calls else ())


def told(plan_: Plan, settings: Settings = ALWAYS, now: datetime = NOW) -> list[tuple[datetime, str]]:
    """All edges but the plan's own life, which is always there."""
    found = list(edges(plan_, settings, now))
    assert found[-1] == Edge(at=now + 24 * HOUR, why="a plan is good for 24 hours")
    assert all(edge.at > now for edge in found)
    return [(edge.at, edge.why) for edge in found[:-1]]


def test_a_plan_of_nothing_lives_its_life() -> None:
    assert told(plan()) == []
    assert first_edge(plan(), ALWAYS, NOW).at == NOW + 24 * HOUR


@pytest.mark.parametrize(
    ("now", "at", "word"),
    [
        (bogota(7, 59), bogota(8), "opens"),
        (bogota(8), bogota(18), "closes"),
        (bogota(17, 59), bogota(18), "closes"),
        (bogota(18), bogota(8, day=21), "opens"),
    ],
)
def test_the_window_of_a_campaign(now: datetime, at: datetime, word: str) -> None:
    """At each of its edges, a minute before and at it."""
    found = told(plan(reached(window=(slot("08:00", "18:00"),))), now=now)

    assert found == [(at, f"the window of wolkvox-co/campaign/mora {word}")]


def test_slots_that_go_on_into_one_another_have_no_edge_between() -> None:
    window = (slot("08:00", "12:00"), slot("12:00", "18:00"), slot("09:00", "11:00"))

    assert told(plan(reached(window=window)))[0][0] == bogota(18)


def test_rows_of_a_campaign_that_is_judged_itself_have_no_edge_of_their_own() -> None:
    """Nor have windows without one, and windows of messages."""
    window = (slot("08:00", "18:00"),)
    rows = reached(address=Address("ucontact-uy", "contacts", "base"), window=window)

    assert told(plan(replace(rows, campaign=CAMPAIGN, runs=True)), Settings()) == []
    assert told(plan(rows), Settings()) == [], "a campaign that stands still dials nobody"
    assert [why for _at, why in told(plan(replace(rows, runs=True)), Settings())] == [
        "the window of ucontact-uy/contacts/base closes",
        "what rules say of ucontact-uy/contacts/base changes with the hour",
    ]
    assert told(plan(reached())) == []
    assert told(plan(reached(Way.SEND, window=window))) == []
    assert told(plan(reached(window=(slot("08:00", "18:00", ()),)))) == []


@pytest.mark.parametrize("way", [Way.DIAL, Way.SEND])
def test_the_law(way: Way) -> None:
    """Colombia's hours end at 19:00, five minutes early; at night they begin on Saturday at eight."""
    open_, shut = plan(reached(way)), plan(reached(way))

    (found,) = told(open_, Settings())
    assert found == (bogota(18, 55), f"what rules say of {open_.reached[0].address} changes with the hour")
    assert found[0].isoformat() == "2026-11-20T18:55:00-05:00"
    assert told(shut, Settings(), bogota(18, 55))[0][0] == bogota(8, day=21)


def test_the_earliest_of_several_places_counts() -> None:
    """Tijuana's day begins when it is nine in Mexico City, and ends two hours later."""
    east, west = (Place(country="MX", zones=(zone,), people=1) for zone in ("America/Mexico_City", "America/Tijuana"))
    both = reached(sector="finance", places=(west, east))

    assert first_edge(plan(both), Settings(), NOW + 2 * HOUR).at == datetime(2026, 11, 21, 3, 55, tzinfo=UTC)


def test_what_no_rule_can_look_at_has_no_edge_of_the_law() -> None:
    """It is denied anyway; and where the packs are off nobody looks."""
    assert told(plan(reached(places=(Place(country="PA", zones=("America/Panama",), people=1),))), Settings()) == []
    assert told(plan(reached(places=(Place(country="CO", zones=(), people=1),))), Settings()) == []
    assert told(plan(reached()), ALWAYS) == []


def test_messages_are_handed_over_two_minutes_before_the_first_is_due() -> None:
    """Their instants do not move with the clock, so that no rule's hours are an edge of theirs."""
    first = NOW + 3 * HOUR
    due = plan(reached(Way.SCHEDULE, at=(first, first + HOUR)))
    lead = timedelta(minutes=2)

    assert told(due, Settings()) == [
        (first - lead, "the messages of ucontact-uy/scheduled_sms/aviso could not be handed over in time any more")
    ]
    assert told(due, now=first - lead - timedelta(seconds=1))
    assert told(due, now=first - lead) == []
    assert told(plan(reached(Way.SCHEDULE))) == []


def listed(**fields: Any) -> Suppress:
    """A list that was fetched on the first of the month."""
    usual: dict[str, Any] = {"name": "rne", "file": "rne.csv", "fetched_at": date(2026, 11, 1), "origin": Origin("a.yaml")}
    return Suppress(**(usual | fields))


def test_a_list_counts_through_its_last_day() -> None:
    """A day has 24 hours in UTC; what reaches nobody needs no list."""
    settings = Settings(lawpacks=(), suppress=(listed(max_age_days=19), listed(name="ours", fetched_at=None)))

    assert told(plan(reached()), settings) == [(datetime(2026, 11, 21, tzinfo=UTC), "the list 'rne' is too old then")]
    assert told(plan(), settings) == []
    assert told(plan(reached()), settings, datetime(2026, 11, 20, 23, 59, tzinfo=UTC))
    assert told(plan(reached()), settings, datetime(2026, 11, 21, tzinfo=UTC)) == []


@pytest.mark.parametrize(
    ("register", "own", "last"),
    [
        ("", None, None),
        ("", 3, "2026-11-04"),
        ("rne", None, None),
        ("rne", 30, "2026-12-01"),
        ("repep", None, "2026-12-01"),
        ("repep", 10, "2026-11-11"),
        ("repep", 90, "2026-12-01"),
        ("no_molestar", None, "2026-11-02"),
        ("no_llame_ar", None, "2026-12-01"),
        ("no_llame_uy", 31, "2026-12-01"),
    ],
)
def test_the_last_day_of_a_list(register: str, own: int | None, last: str | None) -> None:
    """The shorter of its own limit and of that of the rules which ask for its register; the list is too old the day after."""
    found = too_old(listed(register=register, max_age_days=own), NOW)

    assert found == (datetime.fromisoformat(f"{last}T00:00:00Z") + timedelta(days=1) if last else None)
    assert too_old(listed(register=register, max_age_days=own, fetched_at=None), NOW) is None


def test_the_day_of_a_quota_ends_for_a_plan_that_calls() -> None:
    ends = bogota(0, day=21)
    quota = Quota(used=1, left=9, limit=10, ends=ends)

    assert told(plan(quota=quota, calls=1)) == [(ends, "the day of wolkvox-co's quota ends")]
    assert told(plan(quota=quota)) == []
    assert told(plan(quota=replace(quota, ends=None), calls=1)) == []
    assert told(plan(quota=quota, calls=1), now=ends) == []


@pytest.mark.parametrize(
    ("now", "closes"),
    [(bogota(10), bogota(17)), (bogota(16, 59), bogota(17)), (bogota(17), bogota(17, day=23)), (bogota(7), bogota(17))],
)
def test_the_time_for_applies(now: datetime, closes: datetime) -> None:
    """That which runs, or that which comes next: after it the plan would wait for another."""
    settings = Settings(lawpacks=(), apply_windows=(("mon-fri 08:00-17:00", "America/Bogota"),))

    assert told(plan(), settings, now) == [(closes, "the time for applies is over then")]


def test_the_earliest_of_all_is_the_end() -> None:
    """And it says why."""
    ends = bogota(17, 30)
    settings = Settings(suppress=(listed(max_age_days=40),), apply_windows=(("fri 08:00-18:30", "America/Bogota"),))
    found = first_edge(plan(reached(window=(slot("08:00", "18:00"),)), quota=Quota(ends=ends), calls=2), settings, NOW)

    assert found == Edge(at=ends, why="the day of wolkvox-co's quota ends")


@pytest.mark.parametrize(("expires", "ends"), [("2026-11-19", False), ("2026-11-20", True), ("9999-12-31", True)])
def test_a_waiver_ends_with_its_last_day(expires: str, ends: bool) -> None:
    """Of UTC; what it lets pass is barred again from then on."""
    day = date.fromisoformat(expires)
    waiver = Waiver(rule="CO-1", address="*", reason="", owner="", expires=day, origin=Origin("reconciler.yaml"))
    end = (datetime.combine(day, time.max, UTC), "the waiver of CO-1 ends")

    assert told(plan(reached()), replace(ALWAYS, waivers=(waiver,))) == ([end] if ends else [])
    assert told(plan(), replace(ALWAYS, waivers=(waiver,))) == []
