"""The law: what the packs of the countries that a plan reaches say of it, rule by rule, passes too.

Hours are judged for every zone in which the people may be. What a campaign would do in the coming days, left alone, needs
somebody who stops it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time
from functools import cache, lru_cache
from typing import Any, Final
from zoneinfo import ZoneInfo

from reconciler import __version__
from reconciler.calendar import WEEKDAYS, Slot
from reconciler.catalogue import say
from reconciler.diagnostics import Finding, Severity
from reconciler.plan.reached import Place, Reached, Way
from reconciler.plan.values import Plan
from reconciler.policies import evidence, hours
from reconciler.policies.contact import Contact, binding, denied, stale, unknown
from reconciler.policies.lawpacks import pack_of, packs
from reconciler.policies.looked import Looked
from reconciler.policies.settings import Settings

_KINDS: Final = ("hours", "consent", "channel", "sender", "register")


def judge(plan: Plan, settings: Settings, now: datetime) -> Iterator[Looked]:
    """Every rule of every pack that looks at somebody whom the plan reaches."""
    if settings.lawpacks == ():
        yield Looked(rule="LAW000", inputs=settings.lawpacks, findings=(_off(),) if plan.reached else ())
        return
    alike: dict[tuple[Any, ...], list[Reached]] = {}
    for reached in plan.reached:
        alike.setdefault(_as_judged(reached), []).append(reached)
    told: dict[str, _Told] = {}
    for same in alike.values():
        trial = _Trial(same[0], settings, now)
        trial.hold()
        for rule, findings in trial.found.items():
            one = told.setdefault(rule, _Told())
            one.inputs.append([_inputs(same[0]), [reached.address for reached in same]])
            one.findings += [
                replace(each, address=reached.address, origin=reached.origin) for reached in same for each in findings
            ]
    for rule, one in sorted(told.items()):
        version = _editions().get(rule, __version__)
        yield Looked(rule=rule, inputs=one.inputs, findings=tuple(dict.fromkeys(one.findings)), version=version)


@dataclass(slots=True)
class _Told:
    """What one rule looked at, and what it found."""

    inputs: list[Any] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def _as_judged(reached: Reached) -> tuple[Any, ...]:
    """All of an address that rules look at: a thousand campaigns that are alike in it are judged once."""
    said = (reached.way, reached.purpose, reached.service, reached.sector, reached.channel, reached.caller_id)
    when = (reached.window, reached.window_holidays, reached.kept, reached.extra_holidays, reached.at, reached.between)
    state = (reached.runs, reached.begins, reached.stops, reached.campaign is None)
    return (said, when, state, reached.places, reached.columns, frozenset(reached.empty.items()))


def _inputs(reached: Reached) -> dict[str, Any]:
    """What the rules look at, for the digest of it."""
    left_out = ("address", "people", "first_time", "known", "wording")
    shown = {name: value for name, value in reached.to_json().items() if name not in left_out}
    hours_of = [[_slot(slot) for slot in slots] for slots in (reached.hours, reached.kept)]
    times = {"at": reached.at, "between": reached.between, "hours": hours_of, "runs": reached.runs, "stops": reached.stops}
    return shown | times | {"caller_id": bool(reached.caller_id), "columns": reached.columns, "empty": reached.empty}


def _slot(slot: Slot) -> list[Any]:
    return [slot.days, slot.start, slot.end, slot.zone, slot.on_holidays]


def _off() -> Finding:
    message = say("no law is looked at: the project turned its law packs off")
    remedy = say("have hours, holidays, registers and how often people are contacted checked by somebody who knows the law")
    return Finding(code="LAW000", severity=Severity.WARN, message=message, remedy=remedy)


def contact_of(reached: Reached, place: Place) -> Contact:
    """The contact of some people as the rules look at it."""
    return Contact(
        countries=(place.country,) if place.country else (),
        purpose=reached.purpose,
        channel=reached.channel,
        zones=place.zones,
        service=reached.service,
        sector=reached.sector,
        extra_holidays=reached.extra_holidays,
    )


def all_day(zone: str) -> tuple[Slot, ...]:
    """The window of a campaign that has none."""
    return (Slot(days=frozenset(WEEKDAYS), start=time(), end=None, zone=zone, on_holidays=True),)


@dataclass(slots=True)
class _Trial:
    """One address on trial. `found` are findings by rule; what no rule gave stands under its code."""

    reached: Reached
    settings: Settings
    now: datetime
    found: dict[str, list[Finding]] = field(default_factory=dict)

    def hold(self) -> None:
        """Hold it against every rule that looks at it."""
        for place in self.reached.places:
            self._place(place)

    def _place(self, place: Place) -> None:
        contact = contact_of(self.reached, place)
        wrong = (*unknown(contact), *self._left_out(place))
        for finding in wrong:
            self._add(finding.code, finding)
        if wrong:
            return
        day = self._day(place)
        for kind in _KINDS:
            for rule in binding(kind, place.country, contact, day):
                self.found.setdefault(rule.id, list(stale((rule,), day)))
        self._hours(contact, place)
        if self.reached.campaign is None:
            self._take(evidence.sender(contact, day, self.reached.caller_id))
        if self.reached.columns is not None:
            self._take(evidence.consent(contact, day, self.reached.columns))
            self._unproven(contact, place)
        if self.reached.columns is not None or not self.reached.known:
            self._registers(contact, day)

    def _day(self, place: Place) -> date:
        """The day of the people's own calendar."""
        return self.now.astimezone(ZoneInfo(place.zones[0])).date()

    def _left_out(self, place: Place) -> Iterator[Finding]:
        """A country whose pack the project does not name is judged by nobody."""
        pack = pack_of(place.country) if place.country else None
        names = {name for name, one in packs().items() if one is pack}
        if self.settings.lawpacks is not None and pack and not names & set(self.settings.lawpacks):
            message = say("people of '{country}' are reached, and 'lawpacks' does not name its pack", country=place.country)
            yield denied("LAW001", message)

    # --- hours

    def _hours(self, contact: Contact, place: Place) -> None:
        reached = self.reached
        if reached.way is Way.SEND:
            self._take(_allowed(contact, self.now).findings)
        elif reached.way is Way.SCHEDULE:
            self._instants(contact, place)
        elif reached.runs or reached.address.kind == "campaign":
            self._window(contact, place)

    def _instants(self, contact: Contact, place: Place) -> None:
        """Every instant at which messages are due; those that one rule bars are told together."""
        due = place.instants or (self.reached.at or ())[:1]
        barred: dict[str, tuple[Finding, int]] = {}
        for moment in due:
            for finding in _allowed(contact, moment).findings:
                name = finding.rule or finding.code
                first, count = barred.get(name, (finding, 0))
                barred[name] = (first, count + 1)
        for name, (finding, count) in barred.items():
            more = say("{message} (and {count:,} other instants)", message=finding.message, count=count - 1)
            self._add(name, replace(finding, message=more) if count > 1 else finding)

    def _window(self, contact: Contact, place: Place) -> None:
        """The window of the day from start to end, and what runs on after it."""
        reached = self.reached
        if reached.between:
            self._take(map(self._unkept, _between(contact, *reached.between, self.now).findings))
            return
        zone = reached.hours[0].zone if reached.hours else place.zones[0]
        day = self.now.astimezone(ZoneInfo(zone)).date()
        slots = reached.hours or all_day(zone)
        verdict = _window(contact, slots, day, reached.window_holidays)
        self._take(map(self._unkept, verdict.findings))
        if not reached.runs or not verdict.allowed:
            return
        kept = reached.kept or all_day(zone)
        ahead = _week(contact, kept, self.now)
        if reached.begins and ahead.stop_by is not None and ahead.stop_by <= self.now:
            self._take(_allowed(contact, self.now).findings)
        for finding in ahead.findings:
            self._add(finding.rule or finding.code, self._stopped(finding))

    def _unkept(self, finding: Finding) -> Finding:
        """What is denied although a window is written, which nobody keeps."""
        if not (finding.severity.blocks and self.reached.window and not self.reached.hours):
            return finding
        remedy = say("nobody keeps its window: let it run by 'state: started', which an apply outside the window stops")
        return replace(finding, remedy=remedy)

    def _stopped(self, finding: Finding) -> Finding:
        """What has to be stopped in the coming days needs nobody's approval where somebody is named who stops it."""
        if finding.severity is not Severity.APPROVE:
            return finding
        who = self.settings.stopper if self.reached.stops else ""
        if who:
            return replace(finding, severity=Severity.INFO, remedy=say("'stopper: {who}' stops it", who=who))
        if self.reached.begins:
            return finding
        by_us, by_hand = say("run 'apply --safe-only' by then"), say("stop it in the console by then: no apply does")
        return replace(finding, severity=Severity.WARN, remedy=by_us if self.reached.stops else by_hand)

    # --- evidence

    def _unproven(self, contact: Contact, place: Place) -> None:
        """Rows that have the column of a consent that a law asks for, and nothing in it."""
        for rule in binding("consent", place.country, contact, self._day(place)):
            for column in rule.consent:
                if count := self.reached.empty.get(column, 0):
                    message = say("{count:,} row(s) leave '{column}' empty: {rule}", count=count, column=column, rule=rule.id)
                    self._add(rule.id, replace(denied("CON001", message), rule=rule.id))

    def _registers(self, contact: Contact, day: date) -> None:
        """A register that a law asks for, and the project does not consult."""
        have = {one.register for one in self.settings.suppress}
        for rule, register in evidence.registers(contact, day):
            if register.name not in have:
                message = say("the register '{register}' is not consulted: {rule}", register=register.name, rule=rule.id)
                remedy = say("add it to policies.suppress with register: {register}", register=register.name)
                self._add(rule.id, replace(denied("REG001", message), remedy=remedy, rule=rule.id))

    # --- keeping

    def _take(self, findings: Iterable[Finding]) -> None:
        for finding in findings:
            self._add(finding.rule or finding.code, finding)

    def _add(self, rule: str, finding: Finding) -> None:
        told = self.found.setdefault(rule, [])
        if finding not in told:
            told.append(finding)


def open_now(contact: Contact, settings: Settings, now: datetime) -> hours.Verdict:
    """Whether the law lets a campaign run at this moment; one that nobody can judge is left to `judge`."""
    if settings.lawpacks == () or unknown(contact):
        return hours.Verdict(allowed=True)
    return _allowed(contact, now)


# A thousand campaigns ask the same few questions.
_allowed = lru_cache(maxsize=65_536)(hours.allowed)
_window = lru_cache(maxsize=4096)(hours.window)
_between = lru_cache(maxsize=4096)(hours.between)


@lru_cache(maxsize=4096)
def _week(contact: Contact, kept: tuple[Slot, ...], now: datetime) -> hours.Week:
    """What lies ahead of a campaign that goes on running on its platform, which knows no holiday."""
    return hours.week(contact, kept, now, frozenset())


@cache
def _editions() -> Mapping[str, str]:
    """The pack of each rule, as it stands in plans."""
    return {rule.id: pack.edition for pack in packs().values() for rule in pack.rules}
