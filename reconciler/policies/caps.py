"""How often a person may be contacted: which limits hold for a contact, the project's own beside those of the law.

Only what holds is said here, and the strictest of it; how often somebody was contacted is in the journal.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from reconciler.catalogue import say
from reconciler.diagnostics import Finding
from reconciler.policies.contact import Contact, binding, denied
from reconciler.policies.lawpacks import CHANNELS

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
        return denied("CAP001", f"{told}: {', '.join(self.rules)}")


def caps(contact: Contact, day: date, own: Mapping[str, int] | None = None) -> tuple[Cap, ...]:
    """The limits that hold for a contact on `day`, `own` (`policies.caps`) among them; none that another one covers.

    The contact must be one that rules know: see `contact.unknown`.
    """
    found = [*_of_rules(contact, day), *_of_project(own or {})]
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
