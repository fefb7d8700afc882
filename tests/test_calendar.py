"""Windows and zones: every edge at −1, 0 and +1 second, the hours that come twice or not at all, and a slow second opinion."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler import calendar
from reconciler.calendar import (
    CLOCKS_KNOWN,
    WEEKDAYS,
    Slot,
    clock,
    duration,
    holiday_names,
    holidays_around,
    holidays_of,
    instant,
    is_open,
    jumps,
    known_country,
    known_day,
    known_zone,
    naive_in,
    national_holidays,
    next_edge,
    next_turn,
    repeated,
    shown_twice,
    slots,
    told_in,
)
from tests import holidays

BOGOTA: Final = "America/Bogota"
SANTIAGO: Final = "America/Santiago"  # DST: 2026-04-05 00:00 goes back to 23:00, 2026-09-06 00:00 goes on to 01:00
NEW_YORK: Final = "America/New_York"  # DST: 2026-03-08 02:00 goes on to 03:00, 2026-11-01 02:00 goes back to 01:00
NONE: Final = frozenset[date]()
SECOND: Final = timedelta(seconds=1)


def window(*written: Mapping[str, Any], zone: str = BOGOTA, every_day: bool = False) -> tuple[Slot, ...]:
    """Slots as documents write them."""
    return slots(written, zone, every_day=every_day)


def at(text: str, zone: str = BOGOTA) -> datetime:
    """A wall clock in a zone."""
    return datetime.fromisoformat(text).replace(tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize(
    ("moment", "held"),
    [
        ("2026-11-20T07:59:59", False),
        ("2026-11-20T08:00:00", True),
        ("2026-11-20T08:00:01", True),
        ("2026-11-20T17:59:59", True),
        ("2026-11-20T18:00:00", False),
        ("2026-11-20T18:00:01", False),
        ("2026-11-21T12:00:00", False),  # a Saturday
    ],
)
def test_a_slot_holds_from_its_start_to_before_its_end(moment: str, held: bool) -> None:
    """Mon to Fri when no days are said."""
    assert is_open(window({"from": "08:00", "to": "18:00"}), at(moment), NONE) is held


def test_days_default_to_all_for_a_service() -> None:
    """The same words, another purpose."""
    saturday = at("2026-11-21T12:00")

    assert is_open(window({"from": "08:00", "to": "18:00"}, every_day=True), saturday, NONE)
    assert not is_open(window({"days": ["fri"], "from": "08:00", "to": "18:00"}, every_day=True), saturday, NONE)


def test_a_slot_may_last_until_midnight() -> None:
    """24:00 is the end of its day, not the start."""
    late = window({"from": "20:00", "to": "24:00"})

    assert is_open(late, at("2026-11-20T23:59:59"), NONE)
    assert not is_open(late, at("2026-11-21T00:00:00"), NONE)
    assert next_edge(late, at("2026-11-20T21:00"), NONE) == at("2026-11-21T00:00")


def test_any_slot_of_several_holds() -> None:
    """A night is two slots, a Saturday its own."""
    several = window(
        {"from": "08:00", "to": "12:00"}, {"from": "14:00", "to": "18:00"}, {"days": ["sat"], "from": "08:00", "to": "13:00"}
    )

    assert [is_open(several, at(f"2026-11-20T{hour:02}:00"), NONE) for hour in (9, 12, 13, 14, 18)] == [
        True,
        False,
        False,
        True,
        False,
    ]
    assert is_open(several, at("2026-11-21T12:59"), NONE)


def test_a_slot_may_have_another_zone_than_its_target() -> None:
    """It is judged by the clock that it names."""
    chilean = window({"from": "09:00", "to": "10:00", "timezone": SANTIAGO})

    assert is_open(chilean, at("2026-11-20T09:30", SANTIAGO), NONE)
    assert is_open(chilean, at("2026-11-20T07:30"), NONE)
    assert not is_open(chilean, at("2026-11-20T09:30"), NONE)


def test_the_day_is_that_of_the_slots_zone() -> None:
    """Friday evening in Bogotá is Saturday in UTC."""
    evening = window({"from": "19:00", "to": "21:00"})

    assert is_open(evening, datetime(2026, 11, 21, 1, 0, tzinfo=UTC), NONE)
    assert not is_open(evening, datetime(2026, 11, 20, 1, 0, tzinfo=UTC) + timedelta(days=2), NONE)


def test_holidays_are_off_unless_they_are_on() -> None:
    """`holidays: off` is the default."""
    christmas = frozenset({date(2026, 12, 25)})
    noon = at("2026-12-25T12:00")

    assert not is_open(window({"from": "08:00", "to": "18:00"}), noon, christmas)
    assert not is_open(window({"from": "08:00", "to": "18:00", "holidays": "off"}), noon, christmas)
    assert is_open(window({"from": "08:00", "to": "18:00", "holidays": "on"}), noon, christmas)


def test_the_next_edge_skips_days_without_a_slot() -> None:
    """Friday 18:00 is followed by Monday 08:00, or Tuesday when Monday is a holiday."""
    week = window({"from": "08:00", "to": "18:00"})
    evening = at("2026-11-20T18:00")

    assert next_edge(week, at("2026-11-20T17:59:59"), NONE) == at("2026-11-20T18:00")
    assert next_edge(week, evening, NONE) == at("2026-11-23T08:00")
    assert next_edge(week, evening, frozenset({date(2026, 11, 23)})) == at("2026-11-24T08:00")


def test_the_next_edge_is_after_now_and_may_be_missing() -> None:
    """At an edge the next one counts; a week without any has none."""
    week = window({"days": ["mon"], "from": "08:00", "to": "18:00"})
    monday = at("2026-11-23T08:00")

    assert next_edge(week, monday - SECOND, NONE) == monday
    assert next_edge(week, monday, NONE) == at("2026-11-23T18:00")
    assert next_edge(week, at("2026-11-23T18:00"), NONE) == at("2026-11-30T08:00")
    assert next_edge(week, at("2026-11-23T18:00"), frozenset({date(2026, 11, 30)})) is None
    assert next_edge((), monday, NONE) is None


def test_an_hour_that_comes_twice_ends_at_its_first_end() -> None:
    """The cautious reading: after 01:30 came once, a slot to 01:30 is over, in whichever way now is written."""
    night = window({"days": ["sun"], "from": "00:00", "to": "01:30"}, zone=NEW_YORK)
    second = at("2026-11-01T01:15", NEW_YORK).replace(fold=1)

    assert is_open(night, at("2026-11-01T01:15", NEW_YORK), NONE)
    assert not is_open(night, second, NONE)
    assert not is_open(night, second.astimezone(UTC), NONE)
    assert next_edge(night, second, NONE) == at("2026-11-08T00:00", NEW_YORK)


def test_an_hour_that_does_not_come_has_no_slot() -> None:
    """02:00 to 03:00 on the night when clocks go from 02:00 to 03:00: no moment belongs to it."""
    night = window({"days": ["sun"], "from": "02:00", "to": "03:00"}, zone=NEW_YORK)
    before = at("2026-03-08T01:00", NEW_YORK).astimezone(UTC)

    assert not any(is_open(night, before + timedelta(minutes=minute), NONE) for minute in range(180))


def test_a_day_that_begins_at_one_begins_then() -> None:
    """In Santiago a day in September has no midnight: its slot begins with the day."""
    morning = window({"days": ["sun"], "from": "00:00", "to": "08:00"}, zone=SANTIAGO)
    start = datetime(2026, 9, 6, 4, 0, tzinfo=UTC)

    assert not is_open(morning, start - SECOND, NONE)
    assert is_open(morning, start, NONE)
    assert is_open(morning, at("2026-09-06T07:59:59", SANTIAGO), NONE)


def test_a_day_that_has_its_last_hour_twice() -> None:
    """In Santiago a Saturday in April has 23:00 twice; a slot to 24:00 lasts through both."""
    late = window({"days": ["sat"], "from": "22:00", "to": "24:00"}, zone=SANTIAGO)
    start = at("2026-04-04T22:00", SANTIAGO).astimezone(UTC)

    held = [is_open(late, start + timedelta(minutes=minute), NONE) for minute in range(-1, 182)]

    assert held == [False] + [True] * 180 + [False, False]


def brute(window_: tuple[Slot, ...], now: datetime, holidays: frozenset[date]) -> bool:
    """The second opinion: the wall clock in the slot's zone, by hand."""
    for slot in window_:
        local = now.astimezone(ZoneInfo(slot.zone))
        clock = local.time().replace(tzinfo=None)
        day = WEEKDAYS[local.weekday()] in slot.days and (slot.on_holidays or local.date() not in holidays)
        if day and slot.start <= clock and (slot.end is None or clock < slot.end):
            return True
    return False


CLOCKS: Final = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 1, 30, 59]))
SLOTS: Final = st.builds(
    lambda days, first, last, holidays, zone: {
        "days": sorted(days),
        "from": min(first, last),
        "to": max(first, last) if first != last else "24:00",
        "holidays": holidays,
        "timezone": zone,
    },
    st.sets(st.sampled_from(WEEKDAYS), min_size=1),
    CLOCKS,
    CLOCKS,
    st.sampled_from(["on", "off"]),
    st.sampled_from([BOGOTA, "America/Montevideo", "Asia/Kolkata", "UTC", "Pacific/Kiritimati"]),
)


@settings(deadline=None)
@given(
    st.lists(SLOTS, min_size=1, max_size=3),
    st.integers(0, 365 * 1440),
    st.sets(st.dates(date(2026, 1, 1), date(2026, 12, 31)), max_size=3),
)
def test_windows_agree_with_a_slow_second_opinion(written: list[dict[str, Any]], minute: int, off: set[date]) -> None:
    """In zones without DST, at any minute of a year; and nothing changes before the next edge."""
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    held = window(*written)
    holidays = frozenset(off)

    assert is_open(held, now, holidays) == brute(held, now, holidays)
    edge = next_edge(held, now, holidays)
    assert edge is None or edge > now
    last = (edge or now + timedelta(days=7)) - SECOND
    assert is_open(held, last, holidays) == is_open(held, now, holidays)


def test_instants_have_an_offset() -> None:
    """A time that could be anywhere is no instant."""
    assert instant("2026-12-01T10:00:00-05:00") == datetime(2026, 12, 1, 15, tzinfo=UTC)
    assert instant("2026-12-01T10:00Z") == datetime(2026, 12, 1, 10, tzinfo=UTC)
    for wrong in ("2026-12-01T10:00:00", "2026-12-01", "mañana", "2026-02-30T10:00:00Z"):
        with pytest.raises(ValueError, match=r"."):
            instant(wrong)


@pytest.mark.parametrize(
    "text", ["0001-01-01T00:00:00+14:00", "1969-12-31T23:59:59Z", "2200-01-01T00:00Z", "9999-12-31T23:59:59-12:00"]
)
def test_instants_lie_where_weeks_can_be_counted(text: str) -> None:
    """At the ends of the calendar there is no week before, or after."""
    with pytest.raises(ValueError, match=r"."):
        instant(text)


@pytest.mark.parametrize("text", ["1970-01-01T00:00:00+14:00", "2199-12-31T23:59:59-12:00"])
def test_the_first_and_the_last_instant_have_weeks_around_them(text: str) -> None:
    moment = instant(text)

    assert {moment.astimezone(ZoneInfo(zone)) for zone in (BOGOTA, SANTIAGO)} == {moment}
    assert moment.year in calendar.YEARS
    assert isinstance(holidays_around("CO", moment), frozenset)


def test_naive_times_are_the_platforms_wall_clock() -> None:
    """For platforms that take a time without its offset."""
    assert naive_in(instant("2026-12-01T10:00:00-03:00"), BOGOTA) == "2026-12-01 08:00:00"
    assert naive_in(instant("2026-12-01T01:00:00Z"), "America/Montevideo") == "2026-11-30 22:00:00"


@pytest.mark.parametrize(
    ("moment", "twice"),
    [
        ("2026-04-05T01:59:59Z", False),
        ("2026-04-05T02:00:00Z", True),
        ("2026-04-05T03:00:00Z", True),
        ("2026-04-05T03:59:59Z", True),
        ("2026-04-05T04:00:00Z", False),
        ("2026-09-06T04:00:00Z", False),
    ],
)
def test_a_time_that_comes_twice_has_no_naive_form(moment: str, twice: bool) -> None:
    """Santiago's 23:00 to 24:00 of 4 April: whoever reads it without an offset could be an hour early."""
    assert shown_twice(instant(moment), SANTIAGO) is twice
    if twice:
        with pytest.raises(ValueError, match="twice"):
            naive_in(instant(moment), SANTIAGO)
    else:
        assert naive_in(instant(moment), SANTIAGO)
    assert not shown_twice(instant(moment), BOGOTA)


def test_durations() -> None:
    """Seconds, minutes, hours and days."""
    assert [duration(text) for text in ("90s", "15m", "24h", "7d")] == [
        timedelta(seconds=90),
        timedelta(minutes=15),
        timedelta(days=1),
        timedelta(days=7),
    ]


@pytest.mark.parametrize("name", ["localtime", "posixrules", "Factory", "posix/America/Bogota", "right/America/Bogota"])
def test_what_lies_beside_the_zones_is_no_zone(name: str) -> None:
    """Files that some machines have: the machine's own clock, which is nobody's, and clocks that differ by leap seconds."""
    assert not known_zone(name)


def test_zones_and_days_that_exist() -> None:
    """Names from the time zone database only, and no path into it."""
    assert [
        known_zone(name) for name in (BOGOTA, "UTC", "America/Bogata", "", "../zoneinfo/UTC", "/etc/localtime", "America")
    ] == [
        True,
        True,
        False,
        False,
        False,
        False,
        False,
    ]
    assert [known_day(text) for text in ("2026-12-24", "2026-02-31", "hoy")] == [True, False, False]


def test_national_holidays() -> None:
    """Colombia's moved Mondays, too; a country that the calendar does not know has none."""
    assert date(2026, 7, 20) in national_holidays("CO", 2026)
    assert date(2026, 7, 13) in national_holidays("CO", 2026)  # older calendars miss it
    assert national_holidays("QZ", 2026) == NONE


def test_the_table_of_holidays_says_what_the_calendar_says() -> None:
    """`make holidays` writes it anew after another version of the calendar was installed."""
    assert holidays.FILE.read_text("utf-8") == holidays.taken_down()


def test_a_table_that_was_taken_down_from_another_calendar_is_not_believed(monkeypatch: pytest.MonkeyPatch) -> None:
    year, other = holidays.YEARS[0], date(holidays.YEARS[0], 2, 3)
    monkeypatch.setattr(calendar, "holiday_names", lambda _country, _year: {other: "another calendar's"})
    try:
        for version, believed in ((calendar.holidays_version(), True), ("0.1", False)):
            monkeypatch.setattr(calendar, "holidays_version", lambda version=version: version)
            calendar._tabled.cache_clear()

            assert (national_holidays.__wrapped__("CO", year) == {other}) is not believed
    finally:
        calendar._tabled.cache_clear()


def test_holidays_reach_over_new_year_and_take_additions() -> None:
    """The week that begins in December sees January's."""
    around = holidays_around("CO", datetime(2026, 12, 28, tzinfo=UTC), ["2026-12-31"])

    assert {date(2026, 12, 25), date(2027, 1, 1), date(2026, 12, 31)} <= around
    assert date(2026, 12, 30) not in around


def test_a_slot_knows_its_edges() -> None:
    """As moments in its own zone."""
    slot = Slot(frozenset({"fri"}), time(8), None, BOGOTA, on_holidays=False)

    assert slot.edges(date(2026, 11, 20)) == (at("2026-11-20T08:00"), at("2026-11-21T00:00"))


def test_the_holidays_of_years() -> None:
    """Known for every year that is asked for, or not at all."""
    known = holidays_of("CO", (2026, 2027), [date(2026, 3, 2)])

    assert known is not None
    assert {date(2026, 7, 13), date(2027, 12, 25), date(2026, 3, 2)} <= known
    assert date(2028, 1, 1) not in known
    assert holidays_of("CO", (2026, 2101)) is None
    assert holidays_of("QZ", (2026,), [date(2026, 3, 2)]) is None


@pytest.mark.parametrize(
    ("day", "minute", "zone", "first", "second"),
    [
        ("2026-11-20", 480, BOGOTA, "2026-11-20T13:00", "2026-11-20T13:00"),
        ("2026-11-20", 1440, BOGOTA, "2026-11-21T05:00", "2026-11-21T05:00"),
        ("2026-11-01", 90, NEW_YORK, "2026-11-01T05:30", "2026-11-01T06:30"),  # comes twice
        ("2026-03-08", 119, NEW_YORK, "2026-03-08T06:59", "2026-03-08T06:59"),
        ("2026-03-08", 120, NEW_YORK, "2026-03-08T07:00", "2026-03-08T07:00"),  # never comes: the jump
        ("2026-03-08", 150, NEW_YORK, "2026-03-08T07:00", "2026-03-08T07:00"),
        ("2026-03-08", 179, NEW_YORK, "2026-03-08T07:00", "2026-03-08T07:00"),
        ("2026-03-08", 180, NEW_YORK, "2026-03-08T07:00", "2026-03-08T07:00"),
        ("2026-04-04", 1400, SANTIAGO, "2026-04-05T02:20", "2026-04-05T03:20"),
        ("2026-04-04", 1440, SANTIAGO, "2026-04-05T04:00", "2026-04-05T04:00"),
        ("2026-09-05", 1440, SANTIAGO, "2026-09-06T04:00", "2026-09-06T04:00"),
        ("2026-09-06", 30, SANTIAGO, "2026-09-06T04:00", "2026-09-06T04:00"),
    ],
)
def test_a_clock_in_utc(day: str, minute: int, zone: str, first: str, second: str) -> None:
    """At both of its times where it has two, and at the jump where it has none."""
    found = [clock(date.fromisoformat(day), minute, zone, later=later) for later in (False, True)]

    assert found == [datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (first, second)]


def test_a_country_is_one_of_iso_3166() -> None:
    """Every region whose numbers can be understood, but for three that have no code of the standard."""
    import phonenumbers

    unknown = {code for code in phonenumbers.SUPPORTED_REGIONS if not known_country(code)}
    assert unknown == {"AC", "TA", "XK"}
    assert not any(known_country(code) for code in ("ZZ", "", "co", "CO CL", "COL"))


# --- clocks that jump ----------------------------------------------------------------------------------------------------

# Each zone of the packs' countries whose clock is set in 2026 to 2028: (instant in UTC, from, to), as the tz database has it.
CHILE: Final = "2026-04-05 2026-09-06 2027-04-04 2027-09-05 2028-04-02 2028-09-03"
NORTH: Final = "2026-03-08 2026-11-01 2027-03-14 2027-11-07 2028-03-12 2028-11-05"
SET: Final = {
    SANTIAGO: (CHILE, "03:00 00:00 23:00", "04:00 00:00 01:00"),
    "Pacific/Easter": (CHILE, "03:00 22:00 21:00", "04:00 22:00 23:00"),
    NEW_YORK: (NORTH, "07:00 02:00 03:00", "06:00 02:00 01:00"),
    "America/Chicago": (NORTH, "08:00 02:00 03:00", "07:00 02:00 01:00"),
    "America/Denver": (NORTH, "09:00 02:00 03:00", "08:00 02:00 01:00"),
    "America/Los_Angeles": (NORTH, "10:00 02:00 03:00", "09:00 02:00 01:00"),
    "America/Anchorage": (NORTH, "11:00 02:00 03:00", "10:00 02:00 01:00"),
    "America/Tijuana": (NORTH, "10:00 02:00 03:00", "09:00 02:00 01:00"),
    "America/Ciudad_Juarez": (NORTH, "09:00 02:00 03:00", "08:00 02:00 01:00"),
    "America/Ojinaga": (NORTH, "08:00 02:00 03:00", "07:00 02:00 01:00"),
    "America/Matamoros": (NORTH, "08:00 02:00 03:00", "07:00 02:00 01:00"),
}
NEVER_SET: Final = (
    "America/Argentina/Buenos_Aires America/Sao_Paulo America/Manaus America/Punta_Arenas America/Coyhaique America/Bogota "
    "America/Guayaquil Pacific/Galapagos America/Mexico_City America/Cancun America/Hermosillo America/Lima America/Phoenix "
    "Pacific/Honolulu America/Montevideo America/Asuncion"
)
SPAN: Final = (date(2026, 1, 1), date(2028, 12, 31))
MINUTE: Final = timedelta(minutes=1)


@pytest.mark.parametrize("zone", sorted(SET))
def test_when_clocks_are_set(zone: str) -> None:
    days, *ways = SET[zone]
    expected = [(f"{day} {way}") for day, way in zip(days.split(), ways * 3, strict=True)]

    assert [f"{jump.at:%Y-%m-%d %H:%M} {jump.before:%H:%M} {jump.after:%H:%M}" for jump in jumps(zone, *SPAN)] == expected


def test_clocks_that_are_never_set() -> None:
    assert [zone for zone in NEVER_SET.split() if jumps(zone, *SPAN)] == []


@pytest.mark.parametrize("zone", sorted(SET))
def test_edges_on_the_night_of_each_jump(zone: str) -> None:
    """Slots that begin or end in the hour that is skipped or repeated, minute by minute on the wall's clock.

    What is open shows a time of the slot on every clock, and what shows one without a doubt is open.
    """
    for jump in jumps(zone, *SPAN):
        night = min(jump.before, jump.after)
        for first, last in ((-90, 30), (0, 60), (15, 45), (30, 150), (-90, 0), (60, 150)):
            start, end = night + first * MINUTE, night + last * MINUTE
            if start.date() != end.date():
                continue
            slot = Slot(frozenset(WEEKDAYS), start.time(), end.time(), zone, on_holidays=True)
            for minute in range(-240, 240):
                moment = jump.at + minute * MINUTE
                wall = moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)
                shows = start <= wall < end
                doubtful = jump.holds(wall)
                held = is_open((slot,), moment, NONE)
                assert shows or not held, (moment, start, end)
                assert held or doubtful or not shows, (moment, start, end)


@pytest.mark.parametrize(
    ("slot", "day", "opens", "closes"),
    [
        # New York, 2026-03-08: 02:00 to 03:00 never come.
        (("02:30", "04:00"), "2026-03-08", "2026-03-08T07:00", "2026-03-08T08:00"),
        (("01:00", "02:30"), "2026-03-08", "2026-03-08T06:00", "2026-03-08T07:00"),
        (("01:59", "03:01"), "2026-03-08", "2026-03-08T06:59", "2026-03-08T07:01"),
        # 2026-11-01: 01:00 to 02:00 come twice. It opens at the later and closes at the earlier.
        (("01:30", "04:00"), "2026-11-01", "2026-11-01T06:30", "2026-11-01T09:00"),
        (("00:30", "01:30"), "2026-11-01", "2026-11-01T04:30", "2026-11-01T05:30"),
        (("00:59", "02:00"), "2026-11-01", "2026-11-01T04:59", "2026-11-01T07:00"),
    ],
)
def test_the_edges_of_a_slot_on_such_a_night(slot: tuple[str, str], day: str, opens: str, closes: str) -> None:
    """Worked out by hand, each at −1, 0 and +1 minute."""
    night = window({"days": ["sun"], "from": slot[0], "to": slot[1]}, zone=NEW_YORK)
    start, end = (datetime.fromisoformat(text).replace(tzinfo=UTC) for text in (opens, closes))

    assert night[0].edges(date.fromisoformat(day)) == (start, end)
    assert [is_open(night, edge + step * MINUTE, NONE) for edge in (start, end) for step in (-1, 0, 1)] == [
        *(False, True, end - start > MINUTE),
        *(True, False, False),
    ]
    assert next_edge(night, start - MINUTE, NONE) == start
    assert next_edge(night, start, NONE) == end


def test_a_slot_of_which_the_clock_leaves_nothing_has_no_edge() -> None:
    """A quarter past one to a quarter to two, on the night when both come twice; a week later it is there again."""
    night = window({"days": ["sun"], "from": "01:15", "to": "01:45"}, zone=NEW_YORK)
    before = at("2026-11-01T00:00", NEW_YORK).astimezone(UTC)

    assert not any(is_open(night, before + minute * MINUTE, NONE) for minute in range(300))
    assert next_edge(night, before, NONE) == at("2026-11-08T01:15", NEW_YORK)


def test_a_day_whose_midnight_comes_twice_begins_with_the_first() -> None:
    """Havana, 2026-11-01: the clock goes back from 01:00 to 00:00."""
    morning = window({"days": ["sun"], "from": "00:00", "to": "08:00"}, zone="America/Havana")
    start = datetime(2026, 11, 1, 4, 0, tzinfo=UTC)

    assert morning[0].edges(date(2026, 11, 1)) == (start, start + 9 * 60 * MINUTE)
    assert [is_open(morning, start + step * MINUTE, NONE) for step in (-1, 0, 59, 60, 61)] == [False, True, True, True, True]


def test_stretches_whose_times_come_twice() -> None:
    """An hour before the jump to an hour after it, for every jump back of the years that are looked at."""
    found = repeated(SANTIAGO, *SPAN)

    assert found[0] == (datetime(2026, 4, 5, 2, tzinfo=UTC), datetime(2026, 4, 5, 4, tzinfo=UTC))
    assert len(found) == 3
    assert all(shown_twice(start, SANTIAGO) and not shown_twice(end, SANTIAGO) for start, end in found)
    assert repeated(BOGOTA, *CLOCKS_KNOWN) == ()


def test_a_window_turns_where_it_opens_or_closes_as_a_whole() -> None:
    """Slots that go on into one another turn nothing; nor does a week without slots, or one that is always open."""
    several = window(
        {"from": "08:00", "to": "12:00"}, {"from": "12:00", "to": "18:00"}, {"from": "09:00", "to": "11:00", "timezone": "UTC"}
    )

    assert next_turn(several, at("2026-11-20T07:00"), NONE) == at("2026-11-20T08:00")
    assert next_turn(several, at("2026-11-20T08:00"), NONE) == at("2026-11-20T18:00")
    assert next_turn(several, at("2026-11-20T18:00"), NONE) == at("2026-11-23T04:00")
    always = window({"days": list(WEEKDAYS), "from": "00:00", "to": "24:00", "holidays": "on"})
    assert next_edge(always, at("2026-11-20T18:00"), NONE) == at("2026-11-21T00:00")
    assert next_turn(always, at("2026-11-20T18:00"), NONE) is None
    assert next_turn((), at("2026-11-20T18:00"), NONE) is None


def test_an_instant_is_told_with_the_offset_that_a_clock_has_then() -> None:
    """Instants of an hour that comes twice are told apart, and each is equal to itself."""
    first, second = (datetime(2026, 11, 1, hour, 30, tzinfo=UTC) for hour in (5, 6))

    assert [told_in(moment, NEW_YORK).isoformat() for moment in (first, second)] == [
        "2026-11-01T01:30:00-04:00",
        "2026-11-01T01:30:00-05:00",
    ]
    assert told_in(second, NEW_YORK) == second


def test_holidays_have_names() -> None:
    """In the language that is asked for where the calendar speaks it, else in the country's own; the days are the same."""
    christmas = date(2026, 12, 25)

    assert holiday_names("CO", 2026)[christmas] == "Christmas Day"
    assert holiday_names("CO", 2026, "es")[christmas] == "Navidad"
    assert set(holiday_names("BR", 2026, "es")) == set(holiday_names("BR", 2026)) == national_holidays("BR", 2026)
    assert holiday_names("QZ", 2026) == {}
