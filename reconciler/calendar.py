"""Zones, instants and weekly windows. Every clock is an argument; nothing here knows what time it is."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, timezone
from functools import cache, lru_cache
from pathlib import Path
from typing import Any, Final
from zoneinfo import TZPATH, ZoneInfo, ZoneInfoNotFoundError

WEEKDAYS: Final = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MIN: Final = 1440
_NOWHERE: Final = ("localtime", "posixrules", "Factory")  # files beside the zones: a machine's own, and none at all
_OTHER_CLOCKS: Final = ("posix/", "right/")  # the zones again, and the zones on a clock with leap seconds
YEARS: Final = (1970, 2199)  # of instants that are believed: from any of them, weeks can be counted to both sides
CLOCKS_KNOWN: Final = (date(2020, 1, 1), date(2049, 12, 31))  # the days for which a table of jumps is worth its time
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


@cache
def zones_version() -> str:
    """Which time zone database the clocks are read from: the machine's own where it has one, else the installed package's;
    `unknown` where the machine's does not say which it is.
    """
    from importlib.metadata import version

    for folder in map(Path, TZPATH):
        if (folder / "Etc" / "UTC").exists():
            named = folder / "tzdata.zi"
            told = named.read_bytes()[:40].decode("ascii", "replace").split() if named.exists() else []
            return told[2] if told[:2] == ["#", "version"] and len(told) > 2 else "unknown"
    return version("tzdata")


@lru_cache(maxsize=1024)
def known_zone(name: str) -> bool:
    """Whether the zone is one of the time zone database: where somebody is, the same on every machine."""
    if name in _NOWHERE or name.startswith(_OTHER_CLOCKS):
        return False
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
    """An ISO 8601 instant with its offset, as written in documents; ValueError without an offset, or outside YEARS."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError("an instant needs an offset")
    if not YEARS[0] <= moment.year <= YEARS[1]:
        raise ValueError("an instant lies in years whose days can be counted on")
    return moment


def shown_twice(moment: datetime, zone: str) -> bool:
    """Whether the clock of `zone` shows the time of `moment` twice, so that it means nothing without its offset."""
    local = moment.astimezone(ZoneInfo(zone))
    return local.replace(fold=0).utcoffset() != local.replace(fold=1).utcoffset()


def repeated(zone: str, first: date, last: date) -> tuple[tuple[datetime, datetime], ...]:
    """The stretches of instants (UTC), from the first to before the second, whose times the clock of `zone` shows twice."""
    back = ((jump.at, jump.before - jump.after) for jump in jumps(zone, first, last) if not jump.forward)
    return tuple((at - length, at + length) for at, length in back)


def naive_in(moment: datetime, zone: str) -> str:
    """The wall clock of `moment` in `zone` as `YYYY-MM-DD HH:MM:SS`, for platforms that take times without an offset.

    ValueError where the clock shows that time twice: whoever reads it could be an hour early.
    """
    if shown_twice(moment, zone):
        raise ValueError("a time that the clock shows twice means nothing without its offset")
    return moment.astimezone(ZoneInfo(zone)).strftime("%Y-%m-%d %H:%M:%S")


def told_in(moment: datetime, zone: str) -> datetime:
    """The same instant with the time and offset that `zone` has then.

    The offset is a plain one: Python takes instants of one zone for equal where its clock shows the same time, and one in an
    hour that comes twice for equal to nothing.
    """
    local = moment.astimezone(ZoneInfo(zone))
    return local.replace(tzinfo=timezone(local.utcoffset() or timedelta()), fold=0)


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
        """Start and end of the slot on `day`, in UTC; the end is not after the start where the clock leaves nothing of it.

        An edge that the clock jumps over lies at the jump. Of one that comes twice, a slot opens at the later and closes at the
        earlier: the cautious reading. A day begins with its first minute and ends with the next day's.
        """
        start = _minute(self.start)
        end = _minute(self.end) if self.end else DAY_MIN
        return clock(day, start, self.zone, later=start > 0), clock(day, end, self.zone, later=False)

    def on(self, day: date, holidays: frozenset[date]) -> bool:
        """Whether the slot exists on `day`."""
        return WEEKDAYS[day.weekday()] in self.days and (self.on_holidays or day not in holidays)


def _minute(of_day: time) -> int:
    return of_day.hour * 60 + of_day.minute


def slots(window: Sequence[Mapping[str, Any]], zone: str, *, every_day: bool) -> tuple[Slot, ...]:
    """A document's `window` as slots; `every_day` is the default of days for purpose: service."""
    usual = WEEKDAYS if every_day else WEEKDAYS[:5]
    return tuple(
        _slot(
            tuple(slot.get("days") or usual),
            slot["from"],
            slot["to"],
            slot.get("timezone") or zone,
            on_holidays=slot.get("holidays") == "on",
        )
        for slot in window
    )


@lru_cache(maxsize=4096)
def _slot(days: tuple[str, ...], start: str, end: str, zone: str, *, on_holidays: bool) -> Slot:
    """One of them; a thousand campaigns have the same few."""
    return Slot(
        days=frozenset(days),
        start=time.fromisoformat(start),
        end=None if end == "24:00" else time.fromisoformat(end),
        zone=zone,
        on_holidays=on_holidays,
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
    """The next moment at which a slot begins or ends, within `days`, on the slot's clock; None when there is none."""
    now = now.astimezone(UTC)
    found = []
    for slot in window:
        today = now.astimezone(ZoneInfo(slot.zone)).date()
        for day in (today + timedelta(days=ahead) for ahead in range(days)):
            start, end = slot.edges(day)
            if slot.on(day, holidays) and start < end:
                found += [told_in(edge, slot.zone) for edge in (start, end) if edge > now]
    return min(found, default=None)


def next_turn(window: Sequence[Slot], now: datetime, holidays: frozenset[date]) -> datetime | None:
    """The next moment at which the window as a whole opens or closes; None when there is none in the coming week.

    Where one slot ends and another goes on, nothing turns.
    """
    held, edge = is_open(window, now, holidays), next_edge(window, now, holidays)
    last = now + timedelta(days=8)
    while edge is not None and edge <= last and is_open(window, edge, holidays) is held:
        edge = next_edge(window, edge, holidays)
    return edge if edge is not None and edge <= last else None


@lru_cache(maxsize=64)
def holiday_names(country: str, year: int, language: str = "en") -> Mapping[date, str]:
    """The public holidays of a country in a year by name, in its own language where the calendar does not speak the asked one;
    {} where it does not know the country.
    """
    import holidays

    spoken = {"en": "en_US"}.get(language, language)
    try:
        return dict(holidays.country_holidays(country, years=year, language=spoken))
    except NotImplementedError:
        return {}


@lru_cache(maxsize=64)
def national_holidays(country: str, year: int) -> frozenset[date]:
    """The public holidays of a country in a year; empty where the calendar does not know the country."""
    known = _tabled().get(country, {}).get(str(year))
    if known is None:
        return frozenset(holiday_names(country, year))
    return frozenset(date(year, *map(int, day.split("-"))) for day in known)


@cache
def holidays_version() -> str:
    """Which calendar of holidays is installed."""
    from importlib.metadata import version

    return version("holidays")


@cache
def _tabled() -> Mapping[str, Mapping[str, Sequence[str]]]:
    """Days by country and year, taken down from the calendar: to import it takes longer than most plans. Another version than
    the one that is installed is not believed.
    """
    table: dict[str, Any] = json.loads(Path(__file__).with_name("holidays.json").read_bytes())
    days: Mapping[str, Mapping[str, Sequence[str]]] = table["days"]
    return days if table["version"] == holidays_version() else {}


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Jump:
    """A moment (UTC) at which a zone's clock is set from `before` to `after`, wall clocks both.

    Set forward, the times from `before` to `after` never come; set back, those from `after` to `before` come twice.
    """

    at: datetime
    before: datetime
    after: datetime

    @property
    def forward(self) -> bool:
        """Whether the clock is set forward."""
        return self.before < self.after

    def holds(self, wall: datetime) -> bool:
        """Whether a wall clock's time never comes, or comes twice."""
        return min(self.before, self.after) <= wall < max(self.before, self.after)


@lru_cache(maxsize=256)
def jumps(zone: str, first: date, last: date) -> tuple[Jump, ...]:
    """When the clock of `zone` is set, from the UTC day `first` to the end of `last`. No zone sets it twice in a day."""
    found, info = [], ZoneInfo(zone)
    start = datetime.combine(first, time(), UTC)
    for _ in range((last - first).days + 1):
        end = start + timedelta(days=1)
        if start.astimezone(info).utcoffset() != end.astimezone(info).utcoffset():
            found.append(_jump(start, end, info))
        start = end
    return tuple(found)


def _jump(early: datetime, late: datetime, zone: ZoneInfo) -> Jump:
    """The jump between two instants in UTC, to the minute."""
    before, after = (moment.astimezone(zone).utcoffset() or timedelta() for moment in (early, late))
    while late - early > timedelta(minutes=1):
        middle = early + (late - early) // timedelta(minutes=2) * timedelta(minutes=1)
        early, late = (middle, late) if middle.astimezone(zone).utcoffset() == before else (early, middle)
    wall = late.replace(tzinfo=None)
    return Jump(at=late, before=wall + before, after=wall + after)


def holidays_around(country: str, now: datetime, extra: Sequence[str] = ()) -> frozenset[date]:
    """The holidays of the years that the coming week can touch, and those that the target adds."""
    years = {now.year, (now + timedelta(days=8)).year, (now - timedelta(days=1)).year}
    known = frozenset().union(*(national_holidays(country, year) for year in years))
    return known | {date.fromisoformat(day) for day in extra}
