"""Quiet hours: every rule at every edge, every holiday, clocks that jump, and two years against a second opinion."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from reconciler.calendar import WEEKDAYS, Slot
from reconciler.diagnostics import CODES, Severity
from reconciler.policies import hours
from reconciler.policies.contact import Contact
from reconciler.policies.hours import allowed, barred, week, window
from reconciler.policies.lawpacks import Reading, rules
from reconciler.policies.spans import holds, minute_of
from tests.policies import opinion

MINUTE: Final = timedelta(minutes=1)
CAPITALS: Final = {
    "AR": "America/Argentina/Buenos_Aires",
    "BR": "America/Sao_Paulo",
    "CL": "America/Santiago",
    "CO": "America/Bogota",
    "EC": "America/Guayaquil",
    "MX": "America/Mexico_City",
    "PE": "America/Lima",
    "US": "America/New_York",
    "UY": "America/Montevideo",
}
NONE: Final = frozenset[date]()


def contact(
    country: str = "CO",
    purpose: str = "collection",
    *zones: str,
    service: str = "",
    sector: str = "",
    channel: str = "voice",
    extra: frozenset[date] = NONE,
) -> Contact:
    """Somebody who is contacted by voice, in the capital when no zone is said."""
    return Contact(
        countries=(country,),
        purpose=purpose,
        channel=channel,
        zones=zones or (CAPITALS[country],),
        service=service,
        sector=sector,
        extra_holidays=extra,
    )


def at(text: str, zone: str = "America/Bogota") -> datetime:
    """A wall clock in a zone."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


# --- each rule at each edge ----------------------------------------------------------------------------------------------

# Of 2026: 11-20 is a Friday, 11-21 a Saturday, 11-22 a Sunday, and none is a holiday anywhere here.
EDGES: Final = [
    ("CO-1", contact("CO", "collection"), "2026-11-20", "07:00", "19:00"),
    ("CO-1", contact("CO", "marketing"), "2026-11-21", "08:00", "15:00"),
    ("CO-1", contact("CO", "marketing"), "2026-11-22", "", ""),
    ("MX-3", contact("MX", "collection", sector="finance"), "2026-11-20", "07:00", "22:00"),
    ("MX-4", contact("MX", "collection", sector="finance"), "2026-11-21", "", ""),
    ("MX-4", contact("MX", "collection", sector="finance"), "2026-11-22", "", ""),
    ("CL-2", contact("CL", "collection"), "2026-11-20", "08:00", "20:00"),
    ("CL-2", contact("CL", "collection"), "2026-11-21", "10:00", "13:00"),
    ("CL-2", contact("CL", "collection"), "2026-11-22", "", ""),
    ("PE-2", contact("PE", "collection"), "2026-11-20", "07:00", "20:00"),
    ("PE-2", contact("PE", "collection"), "2026-11-21", "", ""),
    ("PE-2", contact("PE", "collection"), "2026-11-22", "", ""),
    ("BR-2", contact("BR", "marketing", sector="telecom"), "2026-11-19", "09:00", "21:00"),
    ("BR-2", contact("BR", "marketing", sector="telecom"), "2026-11-21", "10:00", "16:00"),
    ("BR-2", contact("BR", "marketing", sector="telecom"), "2026-11-22", "", ""),
    ("EC-1", contact("EC", "collection"), "2026-11-20", "07:00", "20:00"),
    ("EC-1", contact("EC", "collection"), "2026-11-21", "", ""),
    ("EC-1", contact("EC", "collection"), "2026-11-22", "", ""),
    ("US-1", contact("US", "marketing"), "2026-11-20", "08:00", "21:00"),
    ("US-1", contact("US", "marketing"), "2026-11-21", "08:00", "21:00"),
    ("US-1", contact("US", "marketing"), "2026-11-22", "08:00", "21:00"),
    ("HOUSE-1", contact("UY", "marketing"), "2026-11-20", "09:00", "18:00"),
    ("HOUSE-1", contact("AR", "collection"), "2026-11-21", "10:00", "13:00"),
    ("HOUSE-1", contact("US", "collection"), "2026-11-22", "", ""),
    ("HOUSE-3", contact("CO", "service"), "2026-11-20", "07:00", "21:00"),
    ("HOUSE-3", contact("BR", "service", service="other"), "2026-11-22", "07:00", "21:00"),
]


@pytest.mark.parametrize(
    ("rule", "who", "day", "start", "end"), EDGES, ids=lambda value: value if isinstance(value, str) else ""
)
def test_each_edge_of_each_rule(rule: str, who: Contact, day: str, start: str, end: str) -> None:
    """Open from the first minute on, and for five minutes less than the law allows; by itself and among all that bind."""
    (zone,) = who.zones
    for only in (None, rules()[rule]):
        if not start:
            assert not any(allowed(who, at(f"{day}T{hour:02}:30", zone), only=only).allowed for hour in range(0, 24, 3))
            assert allowed(who, at(f"{day}T12:00", zone), only=only).rules == (rule,)
            continue
        first, last = at(f"{day}T{start}", zone), at(f"{day}T{end}", zone)
        found = {
            moment: allowed(who, moment, only=only)
            for edge in (first, last - 5 * MINUTE, last)
            for moment in (edge - MINUTE, edge, edge + MINUTE)
        }
        assert [moment for moment, verdict in found.items() if verdict.allowed] == [first, first + MINUTE, last - 6 * MINUTE]
        assert all(rule in verdict.rules for verdict in found.values())
        assert found[first].next_edge == last - 5 * MINUTE
        assert found[first - MINUTE].next_edge == first


def test_every_rule_on_hours_has_its_edges_here() -> None:
    assert {rule for rule, *_rest in EDGES} == {rule.id for rule in rules().values() if rule.hours} == set(opinion.RULES)


def test_seconds_count_with_their_minute() -> None:
    """18:54:59 is the last second in which a contact may begin."""
    assert allowed(contact(), at("2026-11-20T18:54:59.999")).allowed
    assert not allowed(contact(), at("2026-11-20T06:59:59.999")).allowed


@pytest.mark.parametrize("service", ["transaction", "requested", "fraud_alert"])
def test_what_colombia_excepts_is_allowed_at_any_hour(service: str) -> None:
    night = at("2026-11-22T03:00")
    verdict = allowed(contact("CO", "service", service=service), night)

    assert (verdict.allowed, verdict.rules, verdict.next_edge) == (True, ("CO-5",), None)
    assert barred(contact("CO", "service", service=service), night, night + timedelta(days=9)) == ()
    assert not allowed(contact("CO", "service", service="other"), night).allowed
    assert not allowed(contact("CO", "service"), night).allowed
    assert not allowed(contact("PE", "service", service=service), night).allowed
    assert not allowed(contact("CO", "marketing", service=service), night).allowed, "no word makes marketing a service"


# --- holidays ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("country", sorted(opinion.HOLIDAYS))
def test_every_holiday_of_two_years(country: str) -> None:
    """Barred all day where the rule keeps holidays, and as any other day where it does not."""
    zone = CAPITALS[country]
    for day in sorted(opinion.holidays(country)):
        noon = datetime.combine(day, time(11), ZoneInfo(zone))
        for purpose in ("collection", "marketing"):
            verdict = allowed(contact(country, purpose), noon)
            keeps = (country, purpose) != ("US", "marketing")
            assert verdict.allowed is not keeps, day
            if keeps:
                start, end = (noon.replace(hour=0) + timedelta(days=ahead) for ahead in (0, 1))
                (bar,) = barred(contact(country, purpose), start, end)
                assert (bar.start, bar.end) == (start, end), day
        assert allowed(contact(country, "service"), noon).allowed, day


def test_a_holiday_of_the_target_counts() -> None:
    """`extra_holidays`, such as a carnival that no law names."""
    day = date(2026, 11, 20)

    assert not allowed(contact(extra=frozenset({day})), at("2026-11-20T10:00")).allowed
    assert allowed(contact("CO", "service", extra=frozenset({day})), at("2026-11-20T10:00")).allowed


def test_a_year_without_known_holidays_is_denied() -> None:
    """The calendar ends in 2100; a day near its end is denied too, because the days after it are asked for."""
    for moment in (at("2101-06-01T10:00"), at("2100-12-30T10:00"), at("1890-06-02T10:00")):
        verdict = allowed(contact(), moment)
        assert not verdict.allowed
        assert [finding.code for finding in verdict.findings] == ["LAW004"]
    assert allowed(contact(), at("2100-06-01T10:00")).allowed
    far = at("2101-06-01T10:00")
    (bar,) = barred(contact(), far, far + 90 * MINUTE)
    assert (bar.start, bar.end, bar.rules) == (far, far + 90 * MINUTE, ())
    assert week(contact(), (), far, NONE).findings[0].code == "LAW004"


def test_a_law_binds_from_its_first_day_on() -> None:
    """Colombia's hours are in force since Tuesday, 2023-10-10; the day before, the house's."""
    assert not allowed(contact(), at("2023-10-09T08:30")).allowed
    assert not allowed(contact(), at("2023-10-09T18:30")).allowed
    assert allowed(contact(), at("2023-10-09T09:00")).rules == ("HOUSE-1",)
    assert allowed(contact(), at("2023-10-10T07:00")).rules == ("CO-1",)
    assert allowed(contact(), at("2023-10-10T18:30")).allowed


# --- what is not known is denied -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"countries": ()}, "LAW001"),
        ({"countries": ("PA",)}, "LAW001"),
        ({"countries": ("",)}, "LAW001"),
        ({"countries": ("co",)}, "LAW001"),
        ({"countries": ("HOUSE",)}, "LAW001"),
        ({"countries": ("CO", "XX")}, "LAW001"),
        ({"purpose": ""}, "LAW002"),
        ({"purpose": "advertising"}, "LAW002"),
        ({"channel": "fax"}, "LAW002"),
        ({"service": "anything"}, "LAW002"),
        ({"sector": "mining"}, "LAW002"),
        ({"zones": ()}, "LAW003"),
        ({"zones": ("America/Bogota", "America/Bogata")}, "LAW003"),
        ({"zones": ("",)}, "LAW003"),
    ],
)
def test_what_is_not_known_is_denied(change: dict[str, object], code: str) -> None:
    """At an hour that every rule allows."""
    noon = at("2026-11-20T11:00")
    who = replace(contact(), **change)  # type: ignore[arg-type]  # the table holds fields of several types
    verdict = allowed(who, noon)

    assert allowed(contact(), noon).allowed
    assert not verdict.allowed
    assert {(finding.code, finding.severity) for finding in verdict.findings} == {(code, Severity.DENY)}
    assert all(finding.remedy == CODES[code].remedy for finding in verdict.findings)
    assert verdict.why
    assert [bar.rules for bar in barred(who, noon, noon + MINUTE)] == [()]
    slots = (Slot(frozenset(WEEKDAYS), time(10), time(12), "America/Bogota", on_holidays=True),)
    assert not window(who, slots, noon.date(), NONE).allowed
    assert week(who, slots, noon, NONE).findings == verdict.findings


# --- several places ------------------------------------------------------------------------------------------------------


def test_all_zones_must_allow_it() -> None:
    """Guayaquil is an hour ahead of the Galápagos."""
    both = contact("EC", "collection", "America/Guayaquil", "Pacific/Galapagos")
    open_at = [
        minute for minute in range(24 * 60) if allowed_at(both, at("2026-11-20T00:00", "America/Guayaquil") + minute * MINUTE)
    ]

    assert (open_at[0], open_at[-1], len(open_at)) == (8 * 60, 20 * 60 - 6, 12 * 60 - 5)


def test_what_is_barred_is_told_by_the_clock_that_bars_it() -> None:
    """Half past seven in Guayaquil is half past six where it matters."""
    both = contact("EC", "collection", "America/Guayaquil", "Pacific/Galapagos")
    early = at("2026-11-20T07:30", "America/Guayaquil")
    slots = [slot("07:30", "09:00", zone="America/Guayaquil")]

    assert "2026-11-20 06:30 Pacific/Galapagos" in allowed(both, early).why
    assert "2026-11-20 06:30 Pacific/Galapagos to 2026-11-20 07:00" in window(both, slots, early.date(), NONE).why
    (bar,) = barred(both, early, early + MINUTE)
    assert bar.zones == ("Pacific/Galapagos",)


def allowed_at(who: Contact, moment: datetime) -> bool:
    """Through the other question."""
    return barred(who, moment, moment + MINUTE) == ()


def test_all_countries_must_allow_it() -> None:
    """Each with its own holidays."""
    both = replace(contact("CO", "collection"), countries=("CO", "PE"))

    assert allowed(both, at("2026-11-20T18:00")).allowed
    assert allowed(both, at("2026-11-20T18:00")).rules == ("CO-1", "PE-2")
    assert allowed(both, at("2026-11-21T10:00")).rules == ("PE-2",)
    assert not allowed(both, at("2026-06-15T10:00")).allowed, "a holiday in Colombia"
    assert not allowed(both, at("2026-07-28T10:00")).allowed, "a holiday in Peru"


def test_bars_name_the_rules_that_bar() -> None:
    """Nothing else: at noon of a Saturday the hours are right and the day is not."""
    who = contact("MX", "collection", sector="finance")
    noon = at("2026-11-21T12:00", "America/Mexico_City")
    friday = at("2026-11-20T21:00", "America/Mexico_City")

    assert allowed(who, noon).rules == ("MX-4",)
    assert allowed(who, at("2026-11-21T23:00", "America/Mexico_City")).rules == ("MX-3", "MX-4")
    assert [tuple(rule.id for rule in bar.rules) for bar in barred(who, noon, noon + MINUTE)] == [("MX-4",)]
    (bar,) = barred(who, friday, friday + timedelta(days=2))
    assert (bar.start, bar.end) == (friday + 55 * MINUTE, friday + timedelta(days=2))
    assert barred(who, noon, noon) == ()


# --- clocks that jump ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "country", "zone", "day", "first", "last"),
    [
        # Chile goes back in the night to 2026-04-05 and forward in the night to 2026-09-06.
        ("HOUSE-3", "CL", "America/Santiago", "2026-04-04", "10:00", "23:55"),
        ("HOUSE-3", "CL", "America/Santiago", "2026-04-05", "11:00", "24:55"),
        ("HOUSE-3", "CL", "America/Santiago", "2026-09-05", "11:00", "24:55"),
        ("HOUSE-3", "CL", "America/Santiago", "2026-09-06", "10:00", "23:55"),
        ("HOUSE-3", "CL", "America/Punta_Arenas", "2026-09-05", "10:00", "23:55"),
        # The United States: 2026-03-08 and 2026-11-01, and so the towns on Mexico's border, but nobody else in Mexico.
        ("US-1", "US", "America/New_York", "2026-03-07", "13:00", "25:55"),
        ("US-1", "US", "America/New_York", "2026-03-08", "12:00", "24:55"),
        ("US-1", "US", "America/New_York", "2026-10-31", "12:00", "24:55"),
        ("US-1", "US", "America/New_York", "2026-11-01", "13:00", "25:55"),
        ("US-1", "US", "America/Phoenix", "2026-03-08", "15:00", "27:55"),
        ("MX-3", "MX", "America/Tijuana", "2026-03-07", "15:00", "29:55"),
        ("MX-3", "MX", "America/Tijuana", "2026-03-08", "14:00", "28:55"),
        ("MX-3", "MX", "America/Ciudad_Juarez", "2026-03-08", "13:00", "27:55"),
        ("MX-3", "MX", "America/Ojinaga", "2026-03-08", "12:00", "26:55"),
        ("MX-3", "MX", "America/Matamoros", "2026-11-01", "13:00", "27:55"),
        ("MX-3", "MX", "America/Mexico_City", "2026-03-08", "13:00", "27:55"),
        ("MX-3", "MX", "America/Hermosillo", "2026-03-08", "14:00", "28:55"),
    ],
)
def test_days_on_which_clocks_jump(rule: str, country: str, zone: str, day: str, first: str, last: str) -> None:
    """The first and the last minute in UTC, worked out by hand; hours past 24 are of the next day."""
    only = rules()[rule]
    who = contact(country, only.purposes[0], zone)
    midnight = datetime.fromisoformat(f"{day}T00:00:00+00:00")
    start, end = (midnight + timedelta(hours=int(text[:2]), minutes=int(text[3:])) for text in (first, last))

    found = [allowed(who, edge + step * MINUTE, only=only).allowed for edge in (start, end) for step in (-1, 0, 1)]
    assert found == [False, True, True, True, False, False]
    assert allowed(who, start, only=only).next_edge == end


def test_a_day_without_edges_is_whole_even_when_clocks_jump_at_midnight() -> None:
    """MX-4 leaves weekdays alone; in no zone may a jump at midnight cut a hole into them."""
    only = rules()["MX-4"]
    for zone, day in (("America/Santiago", "2026-09-04"), ("America/Havana", "2026-10-30"), ("America/Asuncion", "2024-10-04")):
        who = contact("MX", "collection", zone)
        monday = at(f"{day}T00:00", zone) - timedelta(days=4)
        assert [allowed(who, monday + hour * timedelta(hours=1), only=only).allowed for hour in range(0, 24 * 4, 5)] == [
            True
        ] * 20


def test_an_hour_that_comes_twice_is_read_the_cautious_way() -> None:
    """A quarter past one to a quarter to two: on the night when it comes twice, in neither of them."""
    only = replace(rules()["US-1"], hours=(Reading(week=(((75, 105),),) * 7, on_holidays=True),))
    who = contact("US", "marketing")
    night = datetime(2026, 11, 1, 5, 20, tzinfo=UTC)

    assert allowed(who, night - timedelta(days=1), only=only).allowed
    assert [allowed(who, night + hours * timedelta(hours=1), only=only).allowed for hours in (0, 1)] == [False, False]


def test_an_instant_has_an_offset() -> None:
    """The machine's own zone is never taken for it."""
    naive = datetime(2026, 11, 20, 10)  # noqa: DTZ001 - the mistake that is tested

    for question in (
        lambda: allowed(contact(), naive),
        lambda: barred(contact(), naive, naive),
        lambda: week(contact(), (), naive, NONE),
    ):
        with pytest.raises(ValueError, match="offset"):
            question()


# --- two years against the second opinion --------------------------------------------------------------------------------

CLOCKS: Final = {
    "CO-1": (420, 480, 900, 1140),
    "MX-3": (420, 1320),
    "MX-4": (0,),
    "CL-2": (480, 600, 780, 1200),
    "PE-2": (420, 1200),
    "EC-1": (420, 1200),
    "BR-2": (540, 600, 960, 1260),
    "US-1": (480, 1260),
    "HOUSE-1": (540, 600, 780, 1080),
    "HOUSE-3": (420, 1260),
}


@pytest.mark.parametrize(("country", "purpose", "sector"), sorted(opinion.BINDING))
def test_two_years_agree_with_a_second_opinion(country: str, purpose: str, sector: str) -> None:
    """Every day, at each edge and beside it, and at minutes drawn by chance."""
    bound = opinion.BINDING[country, purpose, sector]
    zone = CAPITALS[country]
    start, end = datetime(2026, 1, 1, 12, tzinfo=UTC), datetime(2027, 12, 31, tzinfo=UTC)
    bars = tuple(
        (minute_of(bar.start), minute_of(bar.end)) for bar in barred(contact(country, purpose, zone, sector=sector), start, end)
    )
    off = opinion.holidays(country)
    chance = random.Random(f"{country}{purpose}{sector}")  # noqa: S311 - minutes to look at, no secret
    edges = sorted({clock for rule in bound for clock in CLOCKS[rule]})
    wrong = []
    for number in range(1, 728):
        day = datetime.combine(date(2026, 1, 1) + timedelta(days=number), time(), ZoneInfo(zone)).astimezone(UTC)
        minutes = {edge + step for edge in edges for step in (-6, -5, -1, 0, 1)} | {chance.randrange(1440) for _ in range(2)}
        for minute in minutes:
            moment = day + minute * MINUTE
            if holds(bars, minute_of(moment)) is opinion.free(bound, moment, (zone,), off):
                wrong.append(moment)

    assert wrong == []


# --- properties ----------------------------------------------------------------------------------------------------------

COUNTRIES: Final = st.sampled_from(sorted(CAPITALS))
PURPOSES: Final = st.sampled_from(["collection", "marketing", "service"])
ZONES: Final = st.sampled_from([*CAPITALS.values(), "America/Tijuana", "Pacific/Easter", "Pacific/Honolulu", "Asia/Kolkata"])
MOMENTS: Final = st.integers(0, 2 * 365 * 1440 - 30_000).map(lambda minute: datetime(2026, 1, 5, tzinfo=UTC) + minute * MINUTE)


@given(COUNTRIES, PURPOSES, st.lists(ZONES, min_size=1, max_size=3, unique=True), MOMENTS)
def test_more_zones_never_allow_more(country: str, purpose: str, zones: list[str], moment: datetime) -> None:
    together = allowed(contact(country, purpose, *zones), moment).allowed

    assert together is all(allowed(contact(country, purpose, zone), moment).allowed for zone in zones)


@given(COUNTRIES, COUNTRIES, PURPOSES, MOMENTS)
def test_more_countries_never_allow_more(one: str, other: str, purpose: str, moment: datetime) -> None:
    zone = CAPITALS[one]
    both = replace(contact(one, purpose), countries=(one, other))
    each = (allowed(contact(country, purpose, zone), moment).allowed for country in (one, other))

    assert allowed(both, moment).allowed is all(each)


@given(COUNTRIES, PURPOSES, MOMENTS)
def test_an_unsaid_sector_never_allows_more_than_any(country: str, purpose: str, moment: datetime) -> None:
    if allowed(contact(country, purpose), moment).allowed:
        assert all(allowed(contact(country, purpose, sector=word), moment).allowed for word in ("finance", "telecom", "other"))


@given(COUNTRIES, PURPOSES, st.sets(st.dates(date(2026, 1, 1), date(2027, 12, 31)), max_size=9), MOMENTS)
def test_more_holidays_never_allow_more(country: str, purpose: str, extra: set[date], moment: datetime) -> None:
    if allowed(contact(country, purpose, extra=frozenset(extra)), moment).allowed:
        assert allowed(contact(country, purpose), moment).allowed


@given(COUNTRIES, st.sampled_from(["collection", "marketing"]), MOMENTS)
def test_the_houses_hours_never_allow_more_than_any_law(country: str, purpose: str, moment: datetime) -> None:
    """Who keeps them keeps the law of every country, weekends of the strictest aside."""
    assume(moment.astimezone(ZoneInfo(CAPITALS[country])).isoweekday() < 6)
    if allowed(contact(country, purpose), moment, only=rules()["HOUSE-1"]).allowed:
        assert allowed(contact(country, purpose), moment).allowed


@given(COUNTRIES, PURPOSES, MOMENTS, st.integers(0, 10_000))
def test_nothing_changes_before_the_next_edge(country: str, purpose: str, moment: datetime, ahead: int) -> None:
    now = allowed(contact(country, purpose), moment)
    later = moment + ahead * MINUTE
    assert now.next_edge is not None
    assert now.next_edge > moment
    assume(later < now.next_edge)
    assert allowed(contact(country, purpose), later).allowed is now.allowed
    assert allowed(contact(country, purpose), now.next_edge).allowed is not now.allowed


# --- words ---------------------------------------------------------------------------------------------------------------


def test_a_verdict_names_the_rule_and_its_text() -> None:
    verdict = allowed(contact(), at("2026-11-22T10:00"))

    assert [(finding.code, finding.severity) for finding in verdict.findings] == [("HRS002", Severity.DENY)]
    assert verdict.why == f"barred at 2026-11-22 10:00 America/Bogota: CO-1: {rules()['CO-1'].text['en']}"


def test_a_rule_past_its_review_warns_beside_its_verdict() -> None:
    """On its last day not yet."""
    last, after = at("2027-05-31T10:00"), at("2027-06-01T10:00")

    assert allowed(contact("PE", "collection"), last.replace(day=28)).findings == ()
    verdict = allowed(contact("PE", "collection"), after)
    assert verdict.allowed
    assert [(finding.code, finding.severity) for finding in verdict.findings] == [("LAW005", Severity.WARN)]
    assert "PE-2" in verdict.why
    assert "2027-05-31" in verdict.why


# --- windows -------------------------------------------------------------------------------------------------------------


def slot(
    start: str, end: str, days: str = "mon tue wed thu fri", zone: str = "America/Bogota", *, on_holidays: bool = False
) -> Slot:
    """One slot of a window."""
    return Slot(frozenset(days.split()), time.fromisoformat(start), time.fromisoformat(end), zone, on_holidays)


@pytest.mark.parametrize(
    ("start", "end", "fits"),
    [
        ("07:00", "18:55", True),
        ("06:59", "18:00", False),
        ("07:00", "18:56", False),
        ("07:00", "19:00", False),
        ("06:00", "06:30", False),
    ],
)
def test_a_window_is_judged_from_start_to_end(start: str, end: str, fits: bool) -> None:
    verdict = window(contact(), [slot(start, end)], date(2026, 11, 20), NONE)

    assert verdict.allowed is fits
    assert verdict.rules == ("CO-1",)
    assert {finding.code for finding in verdict.findings} == (set() if fits else {"HRS003"})


def test_a_window_says_what_of_it_is_barred() -> None:
    """The lunch break is no part of it."""
    slots = [slot("06:00", "08:00"), slot("18:00", "20:00")]
    verdict = window(contact(), slots, date(2026, 11, 20), NONE)
    told = [finding.message.partition(": ")[0] for finding in verdict.findings]

    assert told == [
        "the window is barred 2026-11-20 06:00 America/Bogota to 2026-11-20 07:00 America/Bogota",
        "the window is barred 2026-11-20 18:55 America/Bogota to 2026-11-20 20:00 America/Bogota",
    ]
    assert verdict.next_edge == at("2026-11-20T06:00")


def test_a_day_without_the_window_has_nothing_to_judge() -> None:
    """A Saturday, a holiday that the window keeps, and slots that are empty because the clock jumps over them."""
    holiday = date(2026, 12, 8)
    gap = slot("02:00", "03:00", "sun", "America/New_York")

    assert window(contact(), [slot("03:00", "04:00")], date(2026, 11, 21), NONE).allowed
    assert window(contact(), [slot("08:00", "18:00")], holiday, frozenset({holiday})).allowed
    assert not window(contact(), [slot("08:00", "18:00")], holiday, NONE).allowed
    assert window(contact("US", "marketing"), [gap], date(2026, 3, 8), NONE).allowed


def test_a_window_counts_wherever_its_people_are() -> None:
    """A window by Mexico City's clock begins at five in Tijuana."""
    slots = [slot("07:00", "19:00", zone="America/Mexico_City")]
    day = date(2026, 12, 1)

    assert window(contact("MX", "collection", sector="finance"), slots, day, NONE).allowed
    verdict = window(contact("MX", "collection", "America/Tijuana", sector="finance"), slots, day, NONE)
    assert not verdict.allowed
    assert verdict.next_edge == at("2026-12-01T07:00", "America/Mexico_City")


def test_a_service_that_is_excepted_may_run_at_night() -> None:
    verdict = window(contact("CO", "service", service="fraud_alert"), [slot("00:00", "05:00")], date(2026, 11, 20), NONE)

    assert (verdict.allowed, verdict.rules) == (True, ("CO-5",))


def test_the_coming_week_names_days_holidays_and_when_to_stop() -> None:
    """A platform without weekdays runs a daily window on Sundays and holidays too."""
    daily = [slot("09:00", "14:00", " ".join(WEEKDAYS), on_holidays=True)]
    thursday = at("2026-12-03T10:00")
    found = week(contact(), daily, thursday, NONE)

    assert [(barred_day.day, barred_day.holiday, barred_day.rules) for barred_day in found.days] == [
        (date(2026, 12, 6), False, ("CO-1",)),
        (date(2026, 12, 8), True, ("CO-1",)),
    ]
    assert found.stop_by == at("2026-12-06T09:00")
    (finding,) = found.findings
    assert (finding.code, finding.severity) == ("HRS004", Severity.APPROVE)
    assert finding.remedy == "stop_by=2026-12-06T14:00+00:00"
    assert finding.message == (
        "barred in the coming days: 2026-12-06 (CO-1), 2026-12-08 (a holiday: CO-1); "
        "to be stopped by 2026-12-06 09:00 America/Bogota"
    )


def test_a_week_in_which_nothing_is_barred_needs_no_stop() -> None:
    """The window keeps to working days by itself."""
    kept = [slot("09:00", "14:00")]

    assert week(contact(), kept, at("2026-11-23T10:00"), NONE) == hours.Week()
    assert week(contact(), kept, at("2026-12-03T10:00"), NONE).stop_by == at("2026-12-08T09:00")


def test_only_what_is_left_of_today_counts() -> None:
    """What was barred this morning is past."""
    long_ = [slot("05:00", "14:00")]

    assert week(contact(), long_, at("2026-11-23T10:00"), NONE, days=0) == hours.Week()
    assert week(contact(), long_, at("2026-11-23T06:30"), NONE, days=0).stop_by == at("2026-11-23T06:30")
    assert week(contact(), long_, at("2026-11-23T10:00"), NONE, days=1).stop_by == at("2026-11-24T05:00")


def test_a_window_of_a_zone_behind_may_still_be_yesterdays() -> None:
    """Friday evening in Honolulu is Saturday's night in Bogotá."""
    evening = [slot("20:00", "23:00", "fri", "Pacific/Honolulu")]
    now = at("2026-11-21T02:00")

    assert week(contact(), evening, now, NONE, days=0).stop_by == now


def moments() -> Iterator[datetime]:
    """Every fifth minute of a week."""
    start = at("2026-11-16T00:00")
    yield from (start + step * 5 * MINUTE for step in range(7 * 24 * 12))


def test_the_two_questions_give_one_answer() -> None:
    """What is barred in a week is what is not allowed at its minutes."""
    start = at("2026-11-16T00:00")
    bars = barred(contact(), start, start + timedelta(days=7))

    for moment in list(moments())[::7]:
        assert allowed(contact(), moment).allowed is not any(bar.start <= moment < bar.end for bar in bars)
