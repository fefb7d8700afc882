"""How often a person may be contacted: which limits hold for a contact, the project's own beside those of the law.

Of what holds the strictest is said. How often somebody was contacted is in the journal; what came of holding the two against
each other stands in the plan (`Plan.capped`), and is judged here.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Final

from reconciler.catalogue import say
from reconciler.diagnostics import Finding, Severity
from reconciler.plan.capped import Capped
from reconciler.plan.values import Plan
from reconciler.policies.contact import Contact, binding, denied
from reconciler.policies.lawpacks import packs
from reconciler.policies.looked import Looked
from reconciler.policies.settings import Settings
from reconciler.policies.terms import CHANNELS

OWN: Final = "policies.caps"
MEASURES: Final = ("per_day", "per_week", "per_month", "spacing_days", "channels_per_week")


@dataclass(frozen=True, slots=True, kw_only=True)
class Cap:
    """One limit: contacts per day, week or month, channels a week, or the least days between two contacts.

    Contacts by all of `channels` are counted together. `rules` are the ids of those that set it this strictly.
    """

    measure: str
    most: int
    channels: frozenset[str]
    rules: tuple[str, ...]

    def covers(self, other: Cap) -> bool:
        """Whether whoever keeps this one keeps the other."""
        strict = self.most >= other.most if self.measure == "spacing_days" else self.most <= other.most
        # Of fewer channels fewer contacts are counted, and their distances are no shorter.
        return self.measure == other.measure and strict and self.channels >= other.channels

    def exceeded(self, value: int) -> Finding | None:
        """What is wrong where one more contact would make the count `value`, or come `value` days after the last one."""
        kept = value >= self.most if self.measure == "spacing_days" else value <= self.most
        if kept:
            return None
        told = say("{value} where {measure} is {most}", value=value, measure=self.measure, most=self.most)
        return denied("CAP001", f"{told}: {', '.join(self.rules)}", self.rules[0])


def judge(plan: Plan, settings: Settings, _now: datetime) -> Iterator[Looked]:
    """Every limit that was held against somebody's contacts, by the rules that set it; and what they cannot see."""
    del settings
    for capped in plan.capped:
        for place, rule in enumerate(capped.rules):
            found = () if place else tuple(_found(capped))
            yield Looked(rule=rule, inputs=capped.to_json(), findings=found, **_edition(rule))
    if plan.capped:
        message = say(
            "how often people are contacted is counted by this project's journal: what is sent from the console, and how often "
            "a platform dials again, is not seen"
        )
        seen = Finding(code="CAP002", severity=Severity.INFO, message=message)
        yield Looked(rule="CAP002", inputs=len(plan.capped), findings=(seen,))


def _found(capped: Capped) -> Iterator[Finding]:
    """What is to be said of a limit, at the address that it was held against."""
    told = say("{measure} is {most} ({rules})", measure=capped.measure, most=capped.most, rules=", ".join(capped.rules))
    if capped.left_out:
        message = say("{count:,} row(s) are left out, being one contact too many: {limit}", count=capped.left_out, limit=told)
        yield _at(capped, replace(denied("CAP003", message, capped.rules[0]), severity=Severity.INFO))
    if capped.over:
        message = say("{count:,} people would be contacted once too often: {limit}", count=capped.over, limit=told)
        yield _at(capped, denied("CAP001", message, capped.rules[0]))
    if not capped.known:
        message = say("not everybody who is contacted is known, nor how often they were: {limit}", limit=told)
        yield _at(capped, replace(denied("CAP001", message, capped.rules[0]), severity=Severity.WARN))


def _at(capped: Capped, finding: Finding) -> Finding:
    return replace(finding, address=capped.address, origin=capped.origin)


def _edition(rule: str) -> dict[str, str]:
    """The edition of the pack that a law's rule stands in; the project's own limits have this program's."""
    return next(({"version": pack.edition} for pack in packs().values() for one in pack.rules if one.id == rule), {})


def caps(contact: Contact, day: date, own: Mapping[str, int] | None = None, waived: Collection[str] = ()) -> tuple[Cap, ...]:
    """The limits that hold for a contact on `day`, `own` (`policies.caps`) among them; none that another one covers.

    The contact must be one that rules know: see `contact.unknown`. Rules that are `waived` set none, and nothing holds where
    the code of all of them is.
    """
    if "CAP001" in waived:
        return ()
    found = [*(cap for cap in _of_rules(contact, day) if not {*cap.rules} & {*waived}), *_of_project(own or {})]
    merged: dict[tuple[str, int, frozenset[str]], list[str]] = {}
    for cap in found:
        merged.setdefault((cap.measure, cap.most, cap.channels), []).extend(cap.rules)
    distinct = [
        Cap(measure=measure, most=most, channels=channels, rules=tuple(dict.fromkeys(ids)))
        for (measure, most, channels), ids in merged.items()
    ]
    return tuple(sorted(_uncovered(distinct), key=lambda cap: (MEASURES.index(cap.measure), sorted(cap.channels))))


def _of_rules(contact: Contact, day: date) -> Iterator[Cap]:
    for country in contact.countries:
        for rule in binding("caps", country, contact, day):
            for told in rule.caps:
                if contact.channel not in told.channels:
                    continue
                counted = frozenset((contact.channel,) if told.each_channel else told.channels)
                for measure in MEASURES:
                    most = getattr(told, measure)
                    if most is not None:
                        yield Cap(measure=measure, most=most, channels=counted, rules=(rule.id,))


def _of_project(own: Mapping[str, int]) -> Iterator[Cap]:
    for measure, most in own.items():
        yield Cap(measure=measure, most=most, channels=frozenset(CHANNELS), rules=(OWN,))


def _uncovered(found: Iterable[Cap]) -> list[Cap]:
    every = list(found)
    return [cap for cap in every if not any(other is not cap and other.covers(cap) for other in every)]
