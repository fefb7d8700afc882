"""What the coming days hold, from documents alone: windows less what rules bar, instants, holidays, and what is not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest

from reconciler.calendar import DAY_MIN
from reconciler.plan.reached import Way
from reconciler.policies.settings import Settings
from reconciler.policies.spans import intersection, minute_of
from reconciler.policies.timeline import Span, Timeline, timeline
from reconciler.resource import Address, Desired, Origin
from reconciler.target import Target
from tests.policies import opinion

NOW: Final = datetime(2026, 12, 4, 15, 0, tzinfo=UTC)  # Friday, 10:00 in Bogotá; Tuesday the 8th is a holiday there
NONE: Final = Settings(lawpacks=())


def target(name: str = "co", country: str = "CO", zone: str = "America/Bogota", **more: Any) -> Target:
    return Target(
        name=name,
        platform="wolkvox",
        url="https://example.invalid",
        account=name,
        country=country,
        timezone=zone,
        platform_timezone=zone,
        origin=Origin("reconciler.yaml"),
        **more,
    )


def wish(kind: str = "campaign", name: str = "mora", on: str = "co", **fields: Any) -> Desired:
    if kind == "campaign":
        fields = {"state": "started", "channel": "voice"} | fields
    return Desired(
        address=Address(on, kind, name), platform="wolkvox", fields=fields, origin=Origin("specs/a.yaml", 3), origins={}
    )


def started(desired: Desired) -> Span | None:
    return Span() if desired.get("state") == "started" else None


def line(
    *documents: Desired,
    targets: Sequence[Target] = (),
    settings: Settings | None = None,
    days: int = 7,
    now: datetime = NOW,
    runs: Any = started,
) -> Timeline:
    known: Mapping[str, Target] = {one.name: one for one in (target(), *targets)}
    return timeline(documents, lambda _wish: True, known, settings or Settings(), runs, now, days)


def told(found: Timeline) -> list[str]:
    """Each entry as its day, times and rules."""
    return [
        f"{entry.start:%m-%d %H:%M}"
        + (f"-{entry.end:%d %H:%M}" if entry.end else "")
        + "".join(f" {rule}" for rule in entry.barred)
        + ("" if entry.judged else " ?")
        for entry in found.entries
        if entry.start
    ]


WINDOW: Final = {"from": "08:00", "to": "18:00"}


def test_a_window_within_the_law_is_shown_as_it_is() -> None:
    """From now on; a holiday and a weekend that the window keeps are no days of it."""
    found = line(wish(purpose="collection", window=[WINDOW]))

    assert told(found) == [
        *("12-04 10:00-04 18:00", "12-07 08:00-07 18:00", "12-09 08:00-09 18:00", "12-10 08:00-10 18:00"),
        "12-11 08:00-11 10:00",
    ]
    assert {(one.way, one.zone, one.purpose, one.purpose_said, one.channel, one.country) for one in found.entries} == {
        (Way.DIAL, "America/Bogota", "collection", True, "voice", "CO")
    }
    assert [(one.day, one.country, one.name) for one in found.holidays] == [(date(2026, 12, 8), "CO", "Immaculate Conception")]
    assert found.unknown == ()
    assert (found.start, found.end) == (NOW, NOW + timedelta(days=7))
    assert found.start.isoformat() == "2026-12-04T10:00:00-05:00"


def test_what_rules_bar_is_cut_out_and_named() -> None:
    """A daily window that minds no holiday, against Colombia's hours, which end five minutes early."""
    daily = {"days": ["fri", "sat", "sun", "mon", "tue"], "from": "06:00", "to": "20:00", "holidays": "on"}

    assert told(line(wish(purpose="collection", window=[daily]), days=4)) == [
        "12-04 10:00-04 18:55",
        "12-04 18:55-04 20:00 CO-1",
        "12-05 06:00-05 08:00 CO-1",
        "12-05 08:00-05 14:55",
        "12-05 14:55-05 20:00 CO-1",
        "12-06 06:00-06 20:00 CO-1",
        "12-07 06:00-07 07:00 CO-1",
        "12-07 07:00-07 18:55",
        "12-07 18:55-07 20:00 CO-1",
        "12-08 06:00-08 10:00 CO-1",
    ]


def test_without_a_purpose_the_strictest_is_judged() -> None:
    (first, *_rest) = line(wish(window=[WINDOW])).entries

    assert (first.purpose, first.purpose_said) == ("marketing", False)


def test_a_campaign_without_a_window_runs_all_day() -> None:
    """And the law bars its nights."""
    found = line(wish(purpose="service", service="fraud_alert"), days=2)

    assert told(found) == ["12-04 10:00-05 00:00", "12-05 00:00-06 00:00", "12-06 00:00-06 10:00"]
    assert told(line(wish(purpose="service"), days=1)) == [
        *("12-04 10:00-04 20:55", "12-04 20:55-05 00:00 HOUSE-3", "12-05 00:00-05 07:00 HOUSE-3", "12-05 07:00-05 10:00"),
    ]


def test_slots_of_one_day_that_meet_are_one() -> None:
    slots = [{"from": "08:00", "to": "12:00"}, {"from": "11:00", "to": "13:00"}, {"from": "14:00", "to": "15:00"}]

    assert told(line(wish(purpose="collection", window=slots), days=1)) == ["12-04 10:00-04 13:00", "12-04 14:00-04 15:00"]


@pytest.mark.parametrize("state", ["stopped", None])
def test_what_is_not_wished_to_run_does_not_dial(state: str | None) -> None:
    """Where nobody says whether it runs, that is said."""
    found = line(wish(state=state))

    assert found.entries == ()
    assert [gap.why for gap in found.unknown] == (
        ["whether it runs is not written: it dials whenever somebody starts it"] if state is None else []
    )


def test_a_campaign_that_runs_by_itself_runs_between_its_dates() -> None:
    span = Span(first=NOW + timedelta(hours=1), last=NOW + timedelta(hours=3))

    found = line(wish(state=None, purpose="collection", window=[WINDOW]), runs=lambda _wish: span)

    assert told(found) == ["12-04 11:00-04 13:00"]
    assert told(line(wish(purpose="collection"), runs=lambda _wish: Span(first=NOW + timedelta(days=9)))) == []


def test_nobody_keeps_the_window_of_what_runs_by_itself() -> None:
    """It runs on after the window has closed; the law bars it five minutes before nine in the evening."""
    kept, unkept = (
        line(wish(state=state, purpose="service", window=[WINDOW]), runs=lambda _wish: Span()) for state in ("started", None)
    )

    ends = [f"{found.entries[0].end:%H:%M}" for found in (kept, unkept)]
    assert ends == ["18:00", "20:55"]


# --- where people are ----------------------------------------------------------------------------------------------------


def base(**fields: Any) -> Desired:
    return wish("contacts", "base", campaign="mora", **({"source": {"file": "a.csv"}} | fields))


MEXICO: Final = target("mx", "MX", "America/Mexico_City")


def test_times_are_those_of_whoever_is_reached() -> None:
    """By the zone that the rows' document names for all of them: a day in Tijuana begins two hours later."""
    campaign = wish(on="mx", purpose="collection", sector="finance", window=[{"from": "07:00", "to": "18:00"}])
    rows = wish(
        "contacts",
        "base",
        "mx",
        campaign="mora",
        source={"file": "a.csv"},
        columns={"phone": "t", "timezone": {"value": "America/Tijuana"}},
    )
    monday = datetime(2026, 12, 7, 6, 0, tzinfo=UTC)

    found = line(campaign, rows, targets=[MEXICO], days=1, now=monday)

    assert told(found) == ["12-07 05:00-07 07:00 MX-3", "12-07 07:00-07 16:00"]
    assert {entry.zone for entry in found.entries} == {"America/Tijuana"}
    assert found.start.isoformat() == "2026-12-06T22:00:00-08:00"


def test_people_of_several_zones_are_told_in_each_and_barred_by_all() -> None:
    """Rows that stand in the document say their zones; those without one are in the target's."""
    campaign = wish(on="mx", purpose="collection", sector="finance", window=[{"from": "07:00", "to": "09:30"}])
    inline = [{"phone": "1", "timezone": "America/Tijuana"}, {"phone": "2"}]
    rows = wish("contacts", "base", "mx", campaign="mora", source={"rows": inline})
    monday = datetime(2026, 12, 7, 6, 0, tzinfo=UTC)

    found = line(campaign, rows, targets=[MEXICO], days=1, now=monday)

    assert sorted((entry.zone.partition("/")[2], f"{entry.start:%H:%M}", entry.barred) for entry in found.entries) == [
        ("Mexico_City", "07:00", ("MX-3",)),
        ("Mexico_City", "09:00", ()),
        ("Tijuana", "05:00", ("MX-3",)),
        ("Tijuana", "07:00", ()),
    ]


def test_zones_of_rows_in_files_are_left_to_a_plan() -> None:
    found = line(wish(purpose="collection", window=[WINDOW]), base(columns={"phone": "t", "timezone": "zona"}))

    assert [(str(gap.address), gap.why) for gap in found.unknown] == [
        ("co/contacts/base", "rows have zones of their own: each is judged in a plan")
    ]
    assert {entry.zone for entry in found.entries} == {"America/Bogota"}


def test_a_zone_that_is_none_is_said() -> None:
    rows = base(columns={"phone": "t", "timezone": {"value": "America/Bogata"}})
    found = line(wish(purpose="collection", window=[WINDOW]), rows)

    assert [gap.why for gap in found.unknown] == ["a zone is written there that is none"]
    assert {entry.zone for entry in found.entries} == {"America/Bogota"}


def test_rows_of_a_campaign_that_no_document_describes() -> None:
    found = line(base())

    assert [gap.why for gap in found.unknown] == ["its rows are dialled whenever 'mora' runs there"]


def test_what_nobody_can_judge_is_not_called_allowed() -> None:
    """A country without a pack, one whose pack the project does not name, and a year whose holidays nobody knows."""
    panama = target("pa", "PA", "America/Panama")
    elsewhere = line(wish(on="pa", window=[WINDOW]), targets=[panama], days=1)
    unnamed = line(wish(purpose="collection", window=[WINDOW]), settings=Settings(lawpacks=("mx",)), days=1)
    far = line(wish(purpose="collection", window=[WINDOW]), now=datetime(2101, 6, 1, 12, tzinfo=UTC), days=1)

    assert told(elsewhere) == told(unnamed) == ["12-04 10:00-04 18:00 ?"]
    assert told(far) == ["06-01 08:00-01 18:00 ?"]
    message_far = line(message("2101-06-01T10:00:00-05:00"), now=datetime(2101, 6, 1, 12, tzinfo=UTC), days=1)
    assert told(message_far) == ["06-01 10:00 ?"]
    assert told(line(wish(purpose="collection", window=[WINDOW]), settings=NONE, days=1)) == ["12-04 10:00-04 18:00"]


def test_a_holiday_of_the_target_has_no_name() -> None:
    found = line(wish(purpose="collection", window=[WINDOW]), targets=[target(extra_holidays=("2026-12-07",))])

    assert [(one.day.day, one.name) for one in found.holidays] == [(7, ""), (8, "Immaculate Conception")]
    assert "12-07 08:00-07 18:00" not in told(found)


# --- messages ------------------------------------------------------------------------------------------------------------


def message(at: Any, **fields: Any) -> Desired:
    usual = {"purpose": "collection", "message": "x", "source": {"file": "a.csv"}, "columns": {"phone": "t"}}
    return wish("scheduled_sms", "aviso", at=at, **(usual | fields))


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        ("2026-12-04T14:59:59Z", []),
        ("2026-12-04T10:00:00-05:00", ["12-04 10:00"]),
        ("2026-12-04T18:54:59-05:00", ["12-04 18:54"]),
        ("2026-12-04T18:55:00-05:00", ["12-04 18:55 CO-1"]),
        ("2026-12-08T10:00:00-05:00", ["12-08 10:00 CO-1"]),
        ("2026-12-11T09:59:59-05:00", ["12-11 09:59"]),
        ("2026-12-11T10:00:00-05:00", []),
    ],
)
def test_messages_at_an_instant(at: str, shown: list[str]) -> None:
    found = line(message(at))

    assert told(found) == shown
    assert all((entry.way, entry.end, entry.channel) == (Way.SCHEDULE, None, "sms") for entry in found.entries)


def test_what_goes_out_with_an_apply_has_no_time() -> None:
    """It is judged for now."""
    (now,), (night,) = (line(message("on_apply"), now=moment).entries for moment in (NOW, NOW + timedelta(hours=12)))

    assert (now.way, now.start, now.end, now.barred, now.judged) == (Way.SEND, None, None, (), True)
    assert night.barred == ("CO-1",)


def test_instants_of_rows() -> None:
    """Those that stand in the document are told, each once; a file's are not read."""
    rows = [{"t": "1", "cuando": f"2026-12-07T{hour:02}:00:00-05:00"} for hour in (12, 9, 12, 23)] + [{"t": "2"}]
    mapped = {"phone": "t", "due": {"column": "cuando"}}
    inside = line(message({"column": "cuando"}, source={"rows": rows}))

    assert told(inside) == ["12-07 09:00", "12-07 12:00", "12-07 23:00 CO-1"]
    assert told(line(message({"column": "due"}, source={"rows": rows}, columns=mapped))) == told(inside)
    assert [gap.why for gap in line(message({"column": "cuando"})).unknown] == [
        "each row has its own instant, in the column 'cuando'"
    ]


# --- all of it -----------------------------------------------------------------------------------------------------------


def test_entries_are_in_the_order_of_time() -> None:
    found = line(wish(purpose="collection", window=[WINDOW]), message("2026-12-07T09:00:00-05:00"), days=4)

    assert [(str(one.address.kind), f"{one.start:%d %H}") for one in found.entries] == [
        *(("campaign", "04 10"), ("campaign", "07 08"), ("scheduled_sms", "07 09"))
    ]


def test_only_what_is_chosen_is_told_though_all_of_it_is_known() -> None:
    """Rows say the zone of a campaign that alone was asked for."""
    documents = [
        wish(purpose="collection", window=[WINDOW]),
        wish(name="otra", window=[WINDOW]),
        base(columns={"timezone": {"value": "America/Lima"}}),
    ]
    found = timeline(documents, lambda one: one.address.name == "mora", {"co": target()}, Settings(), started, NOW, 1)

    assert {(str(entry.address), entry.zone) for entry in found.entries} == {("co/campaign/mora", "America/Lima")}


def test_the_timeline_as_json() -> None:
    shown = line(wish(purpose="collection", window=[WINDOW]), base(columns={"timezone": "z"}), days=1).to_json()

    assert shown == {
        "start": "2026-12-04T10:00:00-05:00",
        "end": "2026-12-05T10:00:00-05:00",
        "entries": [
            {
                "address": "co/campaign/mora",
                "way": "dial",
                "start": "2026-12-04T10:00:00-05:00",
                "end": "2026-12-04T18:00:00-05:00",
                "zone": "America/Bogota",
                "barred": [],
                "judged": True,
                "country": "CO",
                "purpose": "collection",
                "purpose_said": True,
                "channel": "voice",
                "file": "specs/a.yaml",
                "line": 3,
            }
        ],
        "holidays": [],
        "unknown": [
            {
                "address": "co/contacts/base",
                "why": "rows have zones of their own: each is judged in a plan",
                "file": "specs/a.yaml",
                "line": 3,
            }
        ],
    }


def test_a_year_of_a_campaign_agrees_with_a_slow_second_opinion() -> None:
    """All day, every day, over a night on which Chile's clock is set: what is shown as allowed is what the rules leave."""
    chile = target("cl", "CL", "America/Santiago")
    start = datetime(2026, 8, 30, 4, 0, tzinfo=UTC)
    found = line(wish(on="cl", purpose="collection"), targets=[chile], now=start, days=14)
    shown = tuple(
        (minute_of(one.start), minute_of(one.end)) for one in found.entries if one.start and one.end and not one.barred
    )
    off = opinion.holidays("CL")
    wrong = []
    for minute in range(0, 14 * DAY_MIN, 5):
        moment = start + timedelta(minutes=minute)
        held = bool(intersection(shown, ((minute_of(moment), minute_of(moment) + 1),)))
        if held is not opinion.free(("CL-2",), moment, ("America/Santiago",), off):
            wrong.append(moment)

    assert wrong == []
    whole = sum(minute_of(one.end) - minute_of(one.start) for one in found.entries if one.start and one.end)
    assert whole == 14 * DAY_MIN, "nothing is left out, and nothing told twice"
