"""What will dial and send in the coming days, from documents alone, in the time of those whom it reaches.

Nobody is asked here: not who waits in a campaign, nor what was sent. Rows that say their own zone or instant are counted and
judged in a plan; where only they know, that is told and not guessed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from reconciler.calendar import Slot, holiday_names, holidays_of, known_zone, told_in
from reconciler.catalogue import language, say
from reconciler.plan.reached import Way
from reconciler.policies import hours
from reconciler.policies.contact import Contact, unknown
from reconciler.policies.law import all_day
from reconciler.policies.lawpacks import pack_of
from reconciler.policies.meant import ON_APPLY, Meant, campaigns_of, contact_with, meant, reaches_people
from reconciler.policies.settings import Settings
from reconciler.policies.spans import minute_of, moment_of, union
from reconciler.policies.written import instants_written, rows_have_zones, zones_of, zones_written
from reconciler.resource import Address, Desired, Origin
from reconciler.target import Target

_DAY: Final = timedelta(days=1)
_MINUTE: Final = timedelta(minutes=1)


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """From when until when a campaign runs, as far as documents say; None where there is no such end."""

    first: datetime | None = None
    last: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One document that reaches people from `start` to before `end`, in one `zone` in which they may be.

    A message has no `end`; what goes out with the next apply has neither. `barred` are the rules that bar it then; `judged` is
    false where no rule can tell.
    """

    address: Address
    way: Way
    start: datetime | None
    end: datetime | None
    zone: str
    barred: tuple[str, ...]
    judged: bool
    country: str
    purpose: str
    purpose_said: bool
    channel: str
    origin: Origin

    def to_json(self) -> dict[str, Any]:
        """The entry for machines; times have the zone's offset."""
        return {
            "address": str(self.address),
            "way": self.way.value,
            "start": self.start.isoformat() if self.start else None,
            "end": self.end.isoformat() if self.end else None,
            "zone": self.zone,
            "barred": list(self.barred),
            "judged": self.judged,
            "country": self.country,
            "purpose": self.purpose,
            "purpose_said": self.purpose_said,
            "channel": self.channel,
            **_place(self.origin),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Holiday:
    """A day on which a country of the timeline does not work; `name` is "" for one that a target adds."""

    day: date
    country: str
    name: str

    def to_json(self) -> dict[str, Any]:
        """The holiday for machines."""
        return {"date": self.day.isoformat(), "country": self.country, "name": self.name}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unknown:
    """A document that reaches people, and why it cannot be said when, or where they are."""

    address: Address
    why: str
    origin: Origin

    def to_json(self) -> dict[str, Any]:
        """The gap for machines."""
        return {"address": str(self.address), "why": self.why, **_place(self.origin)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Timeline:
    """All entries from `start` to before `end`, by time, with the holidays between and what cannot be told."""

    start: datetime
    end: datetime
    entries: tuple[Entry, ...]
    holidays: tuple[Holiday, ...]
    unknown: tuple[Unknown, ...]

    def to_json(self) -> dict[str, Any]:
        """The timeline for machines."""
        return {
            "start": self.start.isoformat(),
            "end": self.end.isoformat(),
            "entries": [entry.to_json() for entry in self.entries],
            "holidays": [holiday.to_json() for holiday in self.holidays],
            "unknown": [gap.to_json() for gap in self.unknown],
        }


def timeline(
    documents: Sequence[Desired],
    chosen: Callable[[Desired], bool],
    targets: Mapping[str, Target],
    settings: Settings,
    runs: Callable[[Desired], Span | None],
    now: datetime,
    days: int,
) -> Timeline:
    """What the `chosen` ones of all `documents` do in so many days.

    `runs` says from when until when a campaign runs; None where nothing that is written makes it run.
    """
    lines = _Lines(
        campaigns=campaigns_of(documents),
        documents=documents,
        targets=targets,
        settings=settings,
        runs=runs,
        start=now.astimezone(UTC),
        end=now.astimezone(UTC) + days * _DAY,
    )
    found = [line for desired in documents if reaches_people(desired) and chosen(desired) for line in lines.of(desired)]
    entries = sorted((one for one in found if isinstance(one, Entry)), key=_order)
    home = _home(entries, documents, targets)
    return Timeline(
        start=told_in(lines.start, home),
        end=told_in(lines.end, home),
        entries=tuple(entries),
        holidays=tuple(lines.holidays({entry.address.target for entry in entries})),
        unknown=tuple(sorted((one for one in found if isinstance(one, Unknown)), key=lambda gap: (gap.address, gap.why))),
    )


def _order(entry: Entry) -> tuple[Any, ...]:
    start = entry.start.timestamp() if entry.start else 0.0
    return (start, entry.address, entry.zone, entry.end.timestamp() if entry.end else start)


def _home(entries: Iterable[Entry], documents: Iterable[Desired], targets: Mapping[str, Target]) -> str:
    """The zone in which the timeline's own ends are told: that of its first entry, else of the first document."""
    named = (targets[document.address.target].timezone for document in documents)
    return next((entry.zone for entry in entries), None) or next(named, "UTC")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lines:
    """What all documents are looked at with."""

    campaigns: Mapping[tuple[str, str], Desired]
    documents: Sequence[Desired]
    targets: Mapping[str, Target]
    settings: Settings
    runs: Callable[[Desired], Span | None]
    start: datetime
    end: datetime

    def of(self, desired: Desired) -> Iterator[Entry | Unknown]:
        """What one document does."""
        target = self.targets[desired.address.target]
        said = meant(desired, self.campaigns, target)
        match desired.address.kind:
            case "campaign":
                yield from self._campaign(desired, target, said)
            case "scheduled_sms":
                yield from self._messages(desired, target, said)
            case _ if said.campaign is None:
                why = say("its rows are dialled whenever '{name}' runs there", name=desired.get("campaign"))
                yield Unknown(address=desired.address, why=why, origin=desired.origin)

    def holidays(self, names: Iterable[str]) -> Iterator[Holiday]:
        """The holidays of some targets' countries that any of their zones sees between start and end."""
        known: dict[tuple[date, str], str] = {}
        for name in sorted(names):
            target = self.targets[name]
            day, last = (moment.astimezone(ZoneInfo(target.timezone)).date() for moment in (self.start, self.end - _MINUTE))
            while day <= last:
                called = holiday_names(target.country, day.year, language()).get(day)
                if called is not None or day.isoformat() in target.extra_holidays:
                    known[day, target.country] = called or known.get((day, target.country), "")
                day += _DAY
        yield from (Holiday(day=day, country=country, name=name) for (day, country), name in sorted(known.items()))

    # --- campaigns

    def _campaign(self, desired: Desired, target: Target, said: Meant) -> Iterator[Entry | Unknown]:
        span = self.runs(desired)
        if span is None:
            if desired.get("state") is None:
                why = say("whether it runs is not written: it dials whenever somebody starts it")
                yield Unknown(address=desired.address, why=why, origin=desired.origin)
            return
        loaders = [wish for wish in self.documents if self._loads(wish, desired)]
        zones = zones_of(loaders, target)
        yield from self._untold(loaders)
        kept = said.window if desired.get("state") == "started" else ()  # nobody keeps the window of what runs by itself
        window = kept or all_day(target.timezone)
        first = max(self.start, span.first.astimezone(UTC)) if span.first else self.start
        last = min(self.end, span.last.astimezone(UTC)) if span.last else self.end
        contact = contact_with(said, (target.country,), zones)
        for start, end in self._pieces(window, target, first, last):
            for piece_start, piece_end, rules, judged in self._judged(contact, start, end):
                for zone in zones:
                    yield self._entry(desired, target, said, Way.DIAL, zone, piece_start, piece_end, rules, judged=judged)

    def _loads(self, wish: Desired, campaign: Desired) -> bool:
        """Whether a document's rows go into that campaign."""
        named = (wish.address.target, wish.get("campaign") or "")
        return wish.address.kind == "contacts" and self.campaigns.get(named) is campaign

    def _pieces(
        self, window: Sequence[Slot], target: Target, first: datetime, last: datetime
    ) -> Iterator[tuple[datetime, datetime]]:
        """The window's own stretches between two instants, day by day; slots of one day that meet are one."""
        extra = [date.fromisoformat(day) for day in target.extra_holidays]
        off = holidays_of(target.country, range(first.year - 1, last.year + 2), extra) or frozenset(extra)
        day = (first - _DAY).date()
        while first < last and day <= (last + _DAY).date():
            edges = [slot.edges(day) for slot in window if slot.on(day, off)]
            clipped = ((max(start, first), min(end, last)) for start, end in edges)
            whole = union((minute_of(start), minute_of(end)) for start, end in clipped)
            yield from ((moment_of(start), moment_of(end)) for start, end in whole)
            day += _DAY

    def _judged(
        self, contact: Contact, start: datetime, end: datetime
    ) -> Iterator[tuple[datetime, datetime, tuple[str, ...], bool]]:
        """A stretch cut where rules begin or cease to bar it: (start, end, rules, whether anybody could tell)."""
        if not self._can_judge(contact):
            yield start, end, (), self.settings.lawpacks == ()
            return
        at = start
        for bar in hours.barred(contact, start, end):
            if at < bar.start:
                yield at, bar.start, (), True
            yield bar.start, bar.end, tuple(rule.id for rule in bar.rules), bool(bar.rules)
            at = bar.end
        if at < end:
            yield at, end, (), True

    def _can_judge(self, contact: Contact) -> bool:
        """Whether the packs that the project looks at are those of the people."""
        packs = self.settings.lawpacks
        named = packs is None or all(_pack(country) in packs for country in contact.countries)
        return packs != () and named and not unknown(contact)

    # --- messages

    def _messages(self, desired: Desired, target: Target, said: Meant) -> Iterator[Entry | Unknown]:
        zones = zones_of((desired,), target)
        contact = contact_with(said, (target.country,), zones)
        yield from self._untold((desired,))
        at = desired.fields["at"]
        if at == ON_APPLY:
            rules, judged = self._at(contact, self.start)
            for zone in zones:
                yield self._entry(desired, target, said, Way.SEND, zone, None, None, rules, judged=judged)
            return
        due = instants_written(desired)
        if isinstance(at, Mapping) and not due:
            why = say("each row has its own instant, in the column '{column}'", column=at["column"])
            yield Unknown(address=desired.address, why=why, origin=desired.origin_of("at"))
        for moment in dict.fromkeys(one.astimezone(UTC) for one in due):
            if self.start <= moment < self.end:
                rules, judged = self._at(contact, moment)
                for zone in zones:
                    yield self._entry(desired, target, said, Way.SCHEDULE, zone, moment, None, rules, judged=judged)

    def _at(self, contact: Contact, moment: datetime) -> tuple[tuple[str, ...], bool]:
        """The rules that bar an instant, and whether anybody could tell."""
        if not self._can_judge(contact):
            return (), self.settings.lawpacks == ()
        verdict = hours.allowed(contact, moment)
        return (() if verdict.allowed else verdict.rules), verdict.allowed or bool(verdict.rules)

    # --- both

    def _untold(self, wishes: Iterable[Desired]) -> Iterator[Unknown]:
        """Rows whose zones are not written in documents, or are none."""
        for wish in wishes:
            if not all(map(known_zone, filter(None, zones_written(wish)))):
                why = say("a zone is written there that is none")  # what stands in a row is not quoted
                yield Unknown(address=wish.address, why=why, origin=wish.origin_of("columns.timezone"))
            if rows_have_zones(wish):
                why = say("rows have zones of their own: each is judged in a plan")
                yield Unknown(address=wish.address, why=why, origin=wish.origin_of("columns.timezone"))

    def _entry(
        self,
        desired: Desired,
        target: Target,
        said: Meant,
        way: Way,
        zone: str,
        start: datetime | None,
        end: datetime | None,
        barred: tuple[str, ...],
        *,
        judged: bool,
    ) -> Entry:
        return Entry(
            address=desired.address,
            way=way,
            start=told_in(start, zone) if start else None,
            end=told_in(end, zone) if end else None,
            zone=zone,
            barred=barred,
            judged=judged,
            country=target.country,
            purpose=said.purpose,
            purpose_said=said.said,
            channel=said.channel,
            origin=desired.origin,
        )


def _pack(country: str) -> str:
    pack = pack_of(country)
    return pack.id if pack else ""


def _place(origin: Origin) -> dict[str, Any]:
    return {"file": origin.file, "line": origin.line}
