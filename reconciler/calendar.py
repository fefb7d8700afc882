"""Zones, instants and weekly windows. Every clock is an argument; nothing here knows what time it is."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_UNITS_S: Final = {"s": 1, "m": 60, "h": 3600, "d": 86_400}
# ISO 3166-1, two letters, as of 2026.
_COUNTRIES: Final = (
    "AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ "
    "CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO "
    "FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE "
    "JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO "
    "MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW "
    "PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM "
    "TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW"
)


@lru_cache(maxsize=1024)
def known_zone(name: str) -> bool:
    """Whether the zone exists in the time zone database."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True


def known_country(code: str) -> bool:
    """Whether two capital letters are a country's code."""
    return code in _COUNTRIES.split()


def known_day(text: str) -> bool:
    """Whether `YYYY-MM-DD` is a day of the calendar."""
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return True


def instant(text: str) -> datetime:
    """An ISO 8601 instant with its offset, as written in documents; ValueError without an offset."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("an instant needs an offset")
    return moment


def naive_in(moment: datetime, zone: str) -> str:
    """The wall clock of `moment` in `zone` as `YYYY-MM-DD HH:MM:SS`, for platforms that take times without an offset."""
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")


def duration(text: str) -> timedelta:
    """`90s`, `15m`, `24h` or `7d`."""
    return timedelta(seconds=int(text[:-1]) * _UNITS_S[text[-1]])


@dataclass(frozen=True, slots=True)
class Slot:
    """A weekly slot: from `start` to `end` (exclusive) on `days`, in `zone`; on holidays too when `on_holidays`."""

    days: frozenset[str]
    start: time
    end: time | None  # None: the end of the day
    zone: str
    on_holidays: bool

    def edges(self, day: date) -> tuple[datetime, datetime]:
        """Start and end of the slot on `day`."""
        zone = ZoneInfo(self.zone)
        start = datetime.combine(day, self.start, zone)
        end = datetime.combine(day, self.end, zone) if self.end else datetime.combine(day + timedelta(days=1), time(), zone)
        return start, end

    def on(self, day: date, holidays: frozenset[date]) -> bool:
        """Whether the slot exists on `day`."""
        return WEEKDAYS[day.weekday()] in self.days and (self.on_holidays or day not in holidays)


def slots(window: Sequence[Mapping[str, Any]], zone: str, *, every_day: bool) -> tuple[Slot, ...]:
    """A document's `window` as slots; `every_day` is the default of days for purpose: service."""
    usual = WEEKDAYS if every_day else WEEKDAYS[:5]
    return tuple(
        Slot(
            days=frozenset(slot.get("days") or usual),
            start=time.fromisoformat(slot["from"]),
            end=None if slot["to"] == "24:00" else time.fromisoformat(slot["to"]),
            zone=slot.get("timezone") or zone,
            on_holidays=slot.get("holidays") == "on",
        )
        for slot in window
    )


def is_open(window: Sequence[Slot], now: datetime, holidays: frozenset[date]) -> bool:
    """Whether any slot holds at `now`."""
    now = now.astimezone(UTC)  # in one zone Python compares wall clocks, and an hour that comes twice would be one
    for slot in window:
        day = now.astimezone(ZoneInfo(slot.zone)).date()
        start, end = slot.edges(day)
        if slot.on(day, holidays) and start <= now < end:
            return True
    return False


def next_edge(window: Sequence[Slot], now: datetime, holidays: frozenset[date], days: int = 8) -> datetime | None:
    """The next moment at which a slot begins or ends, within `days`; None when there is none."""
    now = now.astimezone(UTC)
    edges = []
    for slot in window:
        today = now.astimezone(ZoneInfo(slot.zone)).date()
        for day in (today + timedelta(days=ahead) for ahead in range(days)):
            if slot.on(day, holidays):
                edges += [edge for edge in slot.edges(day) if edge > now]
    return min(edges, key=datetime.timestamp, default=None)


@lru_cache(maxsize=64)
def national_holidays(country: str, year: int) -> frozenset[date]:
    """The public holidays of a country in a year; empty where the calendar does not know the country."""
    import holidays

    try:
        return frozenset(holidays.country_holidays(country, years=year))
    except NotImplementedError:
        return frozenset()


def holidays_of(country: str, years: Iterable[int], extra: Iterable[date] = ()) -> frozenset[date] | None:
    """A country's public holidays in `years` and the `extra` ones; None where any of these years is not known.

    No country is without a holiday for a year: an empty year is one that the calendar does not know.
    """
    known = [national_holidays(country, year) for year in years]
    return frozenset(extra).union(*known) if all(known) else None


@lru_cache(maxsize=65_536)
def clock(day: date, minute: int, zone: str, *, later: bool) -> datetime:
    """The UTC instant at which the clock of `zone` shows a minute of `day`; 1440 is the end of the day.

    Where the clock shows it twice, `later` says which; where it never does, the instant at which the clock jumps over it.
    """
    wall = datetime.combine(day + timedelta(days=minute // 1440), time(minute % 1440 // 60, minute % 60), ZoneInfo(zone))
    first, second = wall.astimezone(UTC), wall.replace(fold=1).astimezone(UTC)
    if first <= second:
        return second if later else first
    # `first` counts with the offset before the jump and so lies after it, `second` before it.
    while first - second > timedelta(minutes=1):
        middle = second + (first - second) // timedelta(minutes=2) * timedelta(minutes=1)
        jumped = middle.astimezone(wall.tzinfo).replace(tzinfo=None) >= wall.replace(tzinfo=None)
        first, second = (middle, second) if jumped else (first, middle)
    return first


def holidays_around(country: str, now: datetime, extra: Sequence[str] = ()) -> frozenset[date]:
    """The holidays of the years that the coming week can touch, and those that the target adds."""
    years = {now.year, (now + timedelta(days=8)).year, (now - timedelta(days=1)).year}
    known = frozenset().union(*(national_holidays(country, year) for year in years))
    return known | {date.fromisoformat(day) for day in extra}
