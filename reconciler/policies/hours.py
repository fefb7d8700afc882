"""Quiet hours: whether people may be contacted at an instant or throughout a window, wherever they may be.

Every rule in every zone leaves a set of minutes, and a contact is allowed in those that all of them leave. An instant is
allowed from the first minute of a stretch on, and no more in its last five: what begins there is not over in time, and a
stop has to reach the platform first. Nothing that this program sends is early, so the first minutes need no such margin.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import reduce
from itertools import product
from typing import Final
from zoneinfo import ZoneInfo

from reconciler.calendar import DAY_MIN, Slot, clock, holidays_of
from reconciler.catalogue import say
from reconciler.diagnostics import Finding, Severity
from reconciler.policies.contact import Contact, binding, denied, exceptions, looks_at, stale, unknown, worded
from reconciler.policies.lawpacks import Rule, Stretch
from reconciler.policies.spans import (
    Spans,
    holds,
    intersection,
    minute_of,
    moment_of,
    next_change,
    outside,
    shortened,
    union,
)

MARGIN_MIN: Final = 5
HORIZON: Final = timedelta(days=14)
_DAY: Final = timedelta(days=1)
_YEAR: Final = timedelta(days=366)
_MINUTE: Final = timedelta(minutes=1)
_INSTANT: Final = timedelta(microseconds=1)
_WHOLE: Final[tuple[Stretch, ...]] = ((0, DAY_MIN),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """Whether it is allowed; `rules` are those that bar it, or else those that were looked at.

    `findings` say why, with warnings beside. `next_edge` is the next moment at which the answer may be another; None where
    the coming 14 days have none.
    """

    allowed: bool
    rules: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    next_edge: datetime | None = None

    @property
    def why(self) -> str:
        """The findings' words."""
        return "; ".join(finding.message for finding in self.findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """From `start` to before `end`, in UTC, the `rules` bar contact in `zones`; none where something is not known."""

    start: datetime
    end: datetime
    rules: tuple[Rule, ...] = ()
    zones: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BarredDay:
    """A day of which rules bar the whole window or a part of it."""

    day: date
    holiday: bool
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Week:
    """What the law bars of a window in the days to come, and by when it has to be stopped; None where never."""

    days: tuple[BarredDay, ...] = ()
    stop_by: datetime | None = None
    findings: tuple[Finding, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Limit:
    """The minutes that one rule leaves in one zone."""

    rule: Rule
    zone: str
    spans: Spans


# --- questions -----------------------------------------------------------------------------------------------------------


def allowed(contact: Contact, at: datetime, *, only: Rule | None = None) -> Verdict:
    """Whether a contact is allowed at an instant; with `only`, as far as this one rule goes."""
    at = _utc(at)
    until = at + HORIZON
    wrong = _unjudged(contact, at, until)
    if wrong:
        return Verdict(allowed=False, findings=wrong)
    minute, last = minute_of(at), minute_of(until)
    limits = _limits(contact, minute, last, only)
    bars = {limit.rule.id: limit for limit in reversed(limits) if not holds(limit.spans, minute)}
    looked = _looked(contact, (at,), only)
    found = [
        denied("HRS002", say("barred at {at}: {rule}", at=_shown(at, limit.zone), rule=worded(limit.rule)), limit.rule.id)
        for limit in reversed(bars.values())
    ]
    edge = next_change(_left(limits, minute, last), minute)
    return Verdict(
        allowed=not bars,
        rules=tuple(reversed(bars)) or tuple(rule.id for rule in looked),
        findings=(*found, *stale(looked, at.date())),
        next_edge=moment_of(edge) if edge is not None and edge < last else None,
    )


def barred(contact: Contact, start: datetime, end: datetime) -> tuple[Bar, ...]:
    """Which minutes between two instants are barred, and by which rules; a minute that is begun counts whole."""
    pieces = _piece(start, end)
    if _unjudged(contact, start, end):
        return tuple(Bar(start=moment_of(first), end=moment_of(last)) for first, last in pieces)
    return _bars(contact, pieces)


def window(contact: Contact, slots: Sequence[Slot], day: date, holidays: frozenset[date]) -> Verdict:
    """Whether a campaign's window is allowed on `day` from start to end; `holidays` are those that the window itself keeps.

    Its `next_edge` is the first moment of the day at which the window runs and a rule bars it.
    """
    pieces = _pieces(slots, day, holidays)
    if not pieces:
        return Verdict(allowed=True)
    opens, closes = moment_of(pieces[0][0]), moment_of(pieces[-1][1])
    wrong = _unjudged(contact, opens, closes)
    if wrong:
        return Verdict(allowed=False, findings=wrong)
    bars = _bars(contact, pieces)
    looked = _looked(contact, (opens, closes - _MINUTE))
    found = [
        denied("HRS003", say("the window is barred {start} to {end}: {rule}", start=start, end=end, rule=worded(rule)), rule.id)
        for bar in bars
        for start, end in ((_shown(bar.start, bar.zones[0]), _shown(bar.end, bar.zones[0])),)
        for rule in bar.rules
    ]
    barring = dict.fromkeys(rule.id for bar in bars for rule in bar.rules)
    return Verdict(
        allowed=not bars,
        rules=tuple(barring or (rule.id for rule in looked)),
        findings=(*found, *stale(looked, day)),
        next_edge=bars[0].start if bars else None,
    )


def between(contact: Contact, start: datetime, end: datetime, now: datetime) -> Verdict:
    """Whether a campaign is allowed that runs by itself, day and night, between two instants; as far as a year ahead."""
    start, end = max(_utc(start), _utc(now)), min(_utc(end), _utc(now) + _YEAR)
    if start >= end:
        return Verdict(allowed=True)
    wrong = _unjudged(contact, start, end)
    bars = () if wrong else _bars(contact, _piece(start, end))
    rules = _distinct(rule for bar in bars for rule in bar.rules)
    found = [denied("HRS003", _barring(rule, [bar for bar in bars if rule in bar.rules]), rule.id) for rule in rules]
    return Verdict(allowed=not (bars or wrong), rules=tuple(rule.id for rule in rules), findings=(*wrong, *found))


def _barring(rule: Rule, bars: Sequence[Bar]) -> str:
    """The first stretch that a rule bars, and how many more there are."""
    start, end = (_shown(moment, bars[0].zones[0]) for moment in (bars[0].start, bars[0].end))
    told = say("it runs by itself, and is barred {start} to {end}: {rule}", start=start, end=end, rule=worded(rule))
    return say("{told} (and {count:,} more times)", told=told, count=len(bars) - 1) if len(bars) > 1 else told


def week(contact: Contact, slots: Sequence[Slot], now: datetime, holidays: frozenset[date], days: int = 7) -> Week:
    """Which of the coming days, and which holidays, the law bars of a window that goes on running, and when to stop it."""
    now = _utc(now)
    end = now + (days + 1) * _DAY
    wrong = _unjudged(contact, now, end)
    if wrong:
        return Week(findings=wrong)
    barring: dict[date, dict[str, None]] = {}
    starts: list[datetime] = []
    today = now.astimezone(ZoneInfo(contact.zones[0])).date()
    for ahead in range(-1, days + 1):  # where the window's zone is behind, its yesterday may still run
        day = today + ahead * _DAY
        pieces = intersection(_pieces(slots, day, holidays), _piece(now, end))
        for bar in _bars(contact, pieces):
            starts.append(bar.start)
            barring.setdefault(day, {}).update(dict.fromkeys(rule.id for rule in bar.rules))
    if not starts:
        return Week()
    stop_by = min(starts)
    public = frozenset[date]().union(*(_holidays(contact, country, now, end) or () for country in contact.countries))
    found = tuple(BarredDay(day=day, holiday=day in public, rules=tuple(rules)) for day, rules in barring.items())
    by = _shown(stop_by, contact.zones[0])
    message = say("barred in the coming days: {days}; to be stopped by {by}", days=", ".join(map(_told, found)), by=by)
    guard = f"stop_by={stop_by.isoformat(timespec='minutes')}"
    return Week(
        days=found,
        stop_by=stop_by,
        findings=(Finding(code="HRS004", severity=Severity.APPROVE, message=message, remedy=guard),),
    )


# --- sets of minutes -----------------------------------------------------------------------------------------------------


def _limits(contact: Contact, first: int, last: int, only: Rule | None = None) -> list[_Limit]:
    """What each rule leaves of the minutes from `first` to before `last`, in each zone of each country."""
    start, end = moment_of(first), moment_of(last)
    # Two days more at each end: one for zones, one so that no stretch ends only because the days do.
    days = [start.date() + ahead * _DAY for ahead in range(-2, (end.date() - start.date()).days + 3)]
    found = []
    for country in contact.countries:
        holidays = holidays_of(country, {day.year for day in days}, contact.extra_holidays)
        assert holidays is not None, "a contact whose holidays are not known is denied before"
        by_day = [(day, _binding(contact, country, day, only)) for day in days]
        for rule in _distinct(rule for _day, bound in by_day for rule in bound):
            stretches = [(day, _open(rule, day, holidays) if rule in bound else _WHOLE) for day, bound in by_day]
            for zone in contact.zones:
                pieces = union(_minutes(day, stretch, zone) for day, open_on in stretches for stretch in open_on)
                found.append(_Limit(rule=rule, zone=zone, spans=shortened(pieces, MARGIN_MIN)))
    return found


def _open(rule: Rule, day: date, holidays: frozenset[date]) -> Spans:
    """The stretches of a day's clock in which every reading of the rule allows contact."""
    return reduce(intersection, (union(reading.on(day, holidays)) for reading in rule.hours), _WHOLE)


def _minutes(day: date, stretch: Stretch, zone: str) -> tuple[int, int]:
    """A stretch of a day's clock as UTC minutes; of an hour that comes twice, no more than all readings of it hold."""
    start, end = stretch
    return minute_of(clock(day, start, zone, later=start > 0)), minute_of(clock(day, end, zone, later=False))


def _pieces(slots: Sequence[Slot], day: date, holidays: frozenset[date]) -> Spans:
    """The UTC minutes of a window on a day."""
    edges = (slot.edges(day) for slot in slots if slot.on(day, holidays))
    return union(piece for start, end in edges for piece in _piece(start, end))


def _piece(start: datetime, end: datetime) -> Spans:
    """The minutes between two instants; one that is begun counts whole."""
    start, end = _utc(start), _utc(end)
    return ((minute_of(start), minute_of(end - _INSTANT) + 1),) if start < end else ()


def _utc(moment: datetime) -> datetime:
    """The same instant in UTC: in any one zone Python compares and adds wall clocks. ValueError without an offset."""
    if moment.tzinfo is None:
        raise ValueError("an instant needs an offset")
    return moment.astimezone(UTC)


def _left(limits: Iterable[_Limit], first: int, last: int) -> Spans:
    """What all limits leave."""
    return reduce(intersection, (limit.spans for limit in limits), ((first, last),))


def _bars(contact: Contact, pieces: Spans) -> tuple[Bar, ...]:
    """What of `pieces` is barred, and by which rules."""
    if not pieces:
        return ()
    first, last = pieces[0][0], pieces[-1][1]
    limits = _limits(contact, first, last)
    return tuple(
        _bar(start, end, [limit for limit in limits if outside(limit.spans, start, end)])
        for start, end in intersection(pieces, outside(_left(limits, first, last), first, last))
    )


def _bar(start: int, end: int, limits: Sequence[_Limit]) -> Bar:
    rules, zones = _distinct(limit.rule for limit in limits), dict.fromkeys(limit.zone for limit in limits)
    return Bar(start=moment_of(start), end=moment_of(end), rules=rules, zones=tuple(zones))


# --- rules and days ------------------------------------------------------------------------------------------------------


def _binding(contact: Contact, country: str, day: date, only: Rule | None) -> tuple[Rule, ...]:
    if only is None:
        return binding("hours", country, contact, day)
    return (only,) if looks_at(only, contact) and only.valid_on(day) else ()


def _looked(contact: Contact, instants: Iterable[datetime], only: Rule | None = None) -> tuple[Rule, ...]:
    """The rules that speak of these instants, those by which others do not apply included."""
    days = {at.astimezone(ZoneInfo(zone)).date() for at, zone in product(instants, contact.zones)}
    places = list(product(contact.countries, sorted(days)))
    lifting = (rule for country, day in places if not only for rule in exceptions("hours", country, contact, day))
    return _distinct((*lifting, *(rule for country, day in places for rule in _binding(contact, country, day, only))))


def _distinct(rules: Iterable[Rule]) -> tuple[Rule, ...]:
    return tuple({rule.id: rule for rule in rules}.values())


def _holidays(contact: Contact, country: str, start: datetime, end: datetime) -> frozenset[date] | None:
    """The holidays of every year that days around these instants may lie in; None where a year is not known."""
    years = range((start - 3 * _DAY).year, (end + 3 * _DAY).year + 1)
    return holidays_of(country, years, contact.extra_holidays)


def _unjudged(contact: Contact, start: datetime, end: datetime) -> tuple[Finding, ...]:
    """Why nothing can be said of the contact between two instants."""
    wrong = unknown(contact)
    if wrong:
        return wrong
    missing = (country for country in contact.countries if _holidays(contact, country, start, end) is None)
    return tuple(
        denied("LAW004", say("the holidays of '{country}' are not known for {year}", country=country, year=start.year))
        for country in missing
    )


def _shown(moment: datetime, zone: str) -> str:
    return f"{moment.astimezone(ZoneInfo(zone)):%Y-%m-%d %H:%M} {zone}"


def _told(barred_day: BarredDay) -> str:
    day, ids = barred_day.day.isoformat(), ", ".join(barred_day.rules)
    return say("{day} (a holiday: {rules})", day=day, rules=ids) if barred_day.holiday else f"{day} ({ids})"
