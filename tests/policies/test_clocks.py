"""What clocks that jump make of documents: said for the coming year, with the place of the edge or of the instant."""

from __future__ import annotations

from datetime import date
from typing import Any, Final

import pytest

from reconciler.diagnostics import Severity
from reconciler.policies.clocks import clock_findings
from reconciler.resource import Address, Desired, Origin
from reconciler.target import Target

TODAY: Final = date(2026, 11, 20)
ALL: Final = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]


def target(zone: str, country: str = "CL", extra: tuple[str, ...] = ()) -> Target:
    return Target(
        name="t",
        platform="lynn",
        url="https://example.invalid",
        account="1",
        country=country,
        timezone=zone,
        platform_timezone=zone,
        extra_holidays=extra,
        origin=Origin("reconciler.yaml"),
    )


def wish(kind: str, **fields: Any) -> Desired:
    places = [*fields, "window.0.from", "window.0.to", "window.1.from", "window.1.to"]
    return Desired(
        address=Address("t", kind, "uno"),
        platform="lynn",
        fields=fields,
        origin=Origin("specs/a.yaml", 1),
        origins={path: Origin("specs/a.yaml", line) for line, path in enumerate(places, 10)},
    )


def told(desired: Desired, on: Target, today: date = TODAY) -> list[tuple[str, str, int]]:
    found = list(clock_findings(desired, on, today))
    assert all(one.severity is Severity.WARN and one.remedy and one.address == desired.address for one in found)
    return [(one.code, one.message, one.origin.line if one.origin else 0) for one in found]


def slot(start: str, end: str, **more: Any) -> dict[str, Any]:
    return {"days": ALL, "from": start, "to": end, "holidays": "on"} | more


@pytest.mark.parametrize(
    ("start", "end", "expected"),
    [
        ("22:00", "23:00", [("to", "shows 23:00 twice on 2027-04-03: the window closes at the first")]),
        ("23:00", "24:00", [("from", "shows 23:00 twice on 2027-04-03: the window opens at the second")]),
        ("22:59", "24:00", []),
        ("23:59", "24:00", [("from", "shows 23:59 twice on 2027-04-03: the window opens at the second")]),
        ("00:00", "24:00", []),
        ("00:00", "01:00", []),
        ("00:01", "01:01", [("from", "skips 00:01 on 2027-09-05: the window opens at 01:00")]),
        ("00:59", "09:00", [("from", "skips 00:59 on 2027-09-05: the window opens at 01:00")]),
        ("01:00", "09:00", []),
        ("08:00", "18:00", []),
    ],
)
def test_edges_that_chiles_clock_skips_or_repeats(start: str, end: str, expected: list[tuple[str, str]]) -> None:
    """A day's own beginning and end are where the day begins and ends, whatever the clock does at midnight."""
    found = told(wish("campaign", window=[slot(start, end)]), target("America/Santiago"))

    lines = {"from": 11, "to": 12}
    assert found == [("CLK001", f"the clock of America/Santiago {words}", lines[edge]) for edge, words in expected]


def test_a_window_of_which_nothing_is_left() -> None:
    """Both edges lie in the hour."""
    found = told(wish("campaign", window=[slot("00:15", "00:45")]), target("America/Santiago"))

    assert [(code, line) for code, _message, line in found] == [("CLK001", 11), ("CLK001", 12)]
    assert {message for _code, message, _line in found} == {
        "the clock of America/Santiago jumps on 2027-09-05 at 00:15, and leaves nothing of the window",
        "the clock of America/Santiago jumps on 2027-09-05 at 00:45, and leaves nothing of the window",
    }


def test_only_days_on_which_the_slot_stands() -> None:
    """The clocks of New York jump on Sundays; a holiday that the slot keeps is no day of it."""
    on = target("America/New_York", "US")

    assert told(wish("campaign", window=[slot("01:30", "05:00", days=["mon"])]), on) == []
    assert told(wish("campaign", window=[{"from": "01:30", "to": "05:00"}]), on) == []
    assert len(told(wish("campaign", purpose="service", window=[{"from": "01:30", "to": "05:00"}]), on)) == 1
    free = target("America/New_York", "US", extra=("2027-11-07",))
    assert told(wish("campaign", window=[slot("01:30", "05:00", holidays="off")]), free) == []
    assert len(told(wish("campaign", window=[slot("01:30", "05:00")]), free)) == 1


def test_a_slot_in_another_zone_has_that_zones_nights() -> None:
    second = slot("02:30", "05:00", timezone="America/Tijuana")

    (found,) = told(wish("campaign", window=[slot("08:00", "18:00"), second]), target("America/Mexico_City", "MX"))

    assert found == ("CLK001", "the clock of America/Tijuana skips 02:30 on 2027-03-14: the window opens at 03:00", 13)


def test_the_coming_366_days_are_looked_at() -> None:
    """The night of 2027-04-03 is 366 days after 2026-04-03, and a day too far from the day before."""
    desired, on = wish("campaign", window=[slot("23:30", "24:00")]), target("America/Santiago")

    nights = [
        [message.partition(" on ")[2][:10] for _code, message, _line in told(desired, on, date(2026, 4, day))]
        for day in (2, 3, 6)
    ]

    assert nights == [["2026-04-04"], ["2026-04-04", "2027-04-03"], ["2027-04-03"]]


@pytest.mark.parametrize(
    ("at", "shown"),
    [
        ("2026-12-01T10:00:00-03:00", ""),
        ("2026-12-01T13:00:00Z", ""),
        (
            "2026-12-01T10:00:00-04:00",
            "10:00:00-04:00 is not on the clock of America/Santiago that day, which then shows 11:00-03:00",
        ),
        (
            "2026-12-01T10:00:00-05:00",
            "10:00:00-05:00 is not on the clock of America/Santiago that day, which then shows 12:00-03:00",
        ),
        (
            "2026-09-06T00:30:00-04:00",
            "00:30:00-04:00 is not on the clock of America/Santiago that day, which then shows 01:30-03:00",
        ),
        (
            "2026-09-06T00:30:00-03:00",
            "00:30:00-03:00 is not on the clock of America/Santiago that day, which then shows 23:30-04:00",
        ),
        ("2026-04-04T23:30:00-03:00", ""),
        ("2026-04-04T23:30:00-04:00", ""),
        ("on_apply", ""),
        ("2026-02-30T10:00:00-03:00", ""),
        ("9999-12-31T23:00:00-14:00", ""),
    ],
)
def test_an_instants_offset_is_that_of_the_clock(at: str, shown: str) -> None:
    """Both offsets of an hour that comes twice are; the hour that never comes has none."""
    found = told(wish("scheduled_sms", at=at), target("America/Santiago"))

    assert found == ([("CLK002", shown, 10)] if shown else [])


def test_instants_of_rows_are_not_in_the_document() -> None:
    assert told(wish("scheduled_sms", at={"column": "cuando"}), target("America/Santiago")) == []
