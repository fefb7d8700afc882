"""A year by the minute of the week: what the packs allow, against the slow second opinion, in every zone of their countries.

Every minute of the week is asked about, each in another week of the year, so that all weeks, holidays and nights on which
clocks are set have their turn. Which week a minute gets is fixed: a failure is the same on every machine.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from reconciler.calendar import jumps
from reconciler.policies.hours import barred
from reconciler.policies.spans import Spans, holds, minute_of
from tests.policies import opinion
from tests.policies.test_hours import CAPITALS, contact

MINUTE: Final = timedelta(minutes=1)
WEEK_MIN: Final = 7 * 1440
START: Final = datetime(2026, 1, 5, tzinfo=UTC)  # a Monday
WEEKS: Final = 52
STRIDE: Final = 11  # has no factor in common with the weeks of a year, so that neighbours are asked about in far weeks

# Zones beside the capitals', with a purpose whose rules have most edges there.
ELSEWHERE: Final = (
    ("MX", "collection", "finance", "America/Tijuana"),
    ("MX", "collection", "finance", "America/Cancun"),
    ("MX", "marketing", "", "America/Hermosillo"),
    ("CL", "collection", "", "Pacific/Easter"),
    ("CL", "collection", "", "America/Punta_Arenas"),
    ("BR", "marketing", "telecom", "America/Manaus"),
    ("BR", "marketing", "telecom", "America/Noronha"),
    ("EC", "collection", "", "Pacific/Galapagos"),
    ("US", "marketing", "", "America/Los_Angeles"),
    ("US", "marketing", "", "America/Phoenix"),
    ("US", "marketing", "", "Pacific/Honolulu"),
    ("US", "collection", "", "America/Anchorage"),
)


def bars(country: str, purpose: str, sector: str, zone: str) -> Spans:
    """What is barred in the year, as one set of minutes."""
    found = barred(
        contact(country, purpose, zone, sector=sector), START - timedelta(days=1), START + timedelta(weeks=WEEKS + 1)
    )
    return tuple((minute_of(bar.start), minute_of(bar.end)) for bar in found)


def disagreements(country: str, purpose: str, sector: str, zone: str, moments: list[datetime]) -> list[datetime]:
    """The moments of which the two opinions differ."""
    rules, off = opinion.BINDING[country, purpose, sector], opinion.holidays(country)
    known = bars(country, purpose, sector, zone)
    return [at for at in moments if holds(known, minute_of(at)) is opinion.free(rules, at, (zone,), off)]


def swept(step: int = 1) -> list[datetime]:
    """Every `step`-th minute of the week, each in the week that is its own."""
    return [START + timedelta(weeks=minute * STRIDE % WEEKS) + minute * MINUTE for minute in range(0, WEEK_MIN, step)]


def test_the_sweep_has_every_minute_of_the_week_and_every_week() -> None:
    found = swept()

    assert {(at - START) // MINUTE % WEEK_MIN for at in found} == set(range(WEEK_MIN))
    assert {(at - START) // timedelta(weeks=1) for at in found} == set(range(WEEKS))


@pytest.mark.parametrize(("country", "purpose", "sector"), sorted(opinion.BINDING))
def test_every_minute_of_the_week(country: str, purpose: str, sector: str) -> None:
    assert disagreements(country, purpose, sector, CAPITALS[country], swept()) == []


@pytest.mark.parametrize(("country", "purpose", "sector", "zone"), ELSEWHERE)
def test_every_fifth_minute_of_the_week_elsewhere(country: str, purpose: str, sector: str, zone: str) -> None:
    """Five minutes are the margin before an edge, and no edge lies between them."""
    assert disagreements(country, purpose, sector, zone, swept(5)) == []


@pytest.mark.parametrize(
    ("country", "purpose", "sector", "zone"),
    [("CL", "collection", "", "America/Santiago"), ("US", "marketing", "", "America/New_York"), *ELSEWHERE],
)
def test_every_minute_around_each_jump_of_a_clock(country: str, purpose: str, sector: str, zone: str) -> None:
    """Two days around each, where the zone's clock is set at all."""
    year = (START.date(), (START + timedelta(weeks=WEEKS)).date())
    moments = [jump.at + minute * MINUTE for jump in jumps(zone, *year) for minute in range(-1440, 1440, 3)]

    assert disagreements(country, purpose, sector, zone, moments) == []
