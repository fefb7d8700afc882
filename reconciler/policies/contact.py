"""A contact as the law looks at it, and which rules bind it on a day.

The house's rules fill what a country's pack leaves open, kind by kind. Where the sector is not said the contact may be of any:
a rule for one sector binds it then, and the house's does too.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date

from reconciler.calendar import known_zone
from reconciler.catalogue import language, say
from reconciler.diagnostics import CODES, Finding, Severity
from reconciler.kinds.kind import SECTORS
from reconciler.policies.lawpacks import Rule, pack_of, packs
from reconciler.policies.terms import CHANNELS, HOUSE, PURPOSES, SERVICES


@dataclass(frozen=True, slots=True, kw_only=True)
class Contact:
    """Whom a contact may reach, and what for. `countries` and `zones` are all that the recipients may be in.

    `service` and `sector` are "" where nobody says them. `extra_holidays` are those that the target adds.
    """

    countries: tuple[str, ...]
    purpose: str
    channel: str
    zones: tuple[str, ...]
    service: str = ""
    sector: str = ""
    extra_holidays: frozenset[date] = frozenset()


def denied(code: str, message: str, rule: str = "") -> Finding:
    """A finding that stops an apply, with its code's remedy, and the id of the rule that it is held against."""
    return Finding(code=code, rule=rule, severity=Severity.DENY, message=message, remedy=CODES[code].remedy)


def unknown(contact: Contact) -> tuple[Finding, ...]:
    """What of the contact no rule can be held against: each is a deny."""
    return tuple(_unknown(contact))


def _unknown(contact: Contact) -> Iterator[Finding]:
    if not contact.countries:
        yield denied("LAW001", say("no country is known whose law could be looked at"))
    for country in contact.countries:
        if pack_of(country) is None:
            yield denied("LAW001", say("there is no law pack for '{country}'", country=country))
    words = (
        (say("purpose"), contact.purpose, PURPOSES),
        (say("channel"), contact.channel, CHANNELS),
        (say("service"), contact.service, ("", *SERVICES)),
        (say("sector"), contact.sector, ("", *SECTORS)),
    )
    for what, word, choices in words:
        if word not in choices:
            yield denied("LAW002", say("'{word}' is no {what} that a rule knows", word=word, what=what))
    if not contact.zones:
        yield denied("LAW003", say("no zone is known in which the people could be"))
    for zone in contact.zones:
        if not known_zone(zone):
            yield denied("LAW003", say("'{zone}' is not a zone", zone=zone))


def looks_at(rule: Rule, contact: Contact) -> bool:
    """Whether a rule is for such a contact, whatever the day."""
    return (
        (not rule.purposes or contact.purpose in rule.purposes)
        and (not rule.channels or contact.channel in rule.channels)
        and (not rule.sectors or contact.sector in ("", *rule.sectors))
    )


def exceptions(kind: str, country: str, contact: Contact, day: date) -> tuple[Rule, ...]:
    """The rules by which the rules of a kind do not apply to this contact."""
    pack = pack_of(country)
    return tuple(
        rule
        for rule in (pack.rules if pack else ())
        if rule.exception
        and kind in rule.exception.lifts
        and contact.service in rule.exception.services
        and looks_at(rule, contact)
        and rule.valid_on(day)
    )


def binding(kind: str, country: str, contact: Contact, day: date) -> tuple[Rule, ...]:
    """The rules of a kind that bind the contact in a country on `day`, a day of the recipient's own calendar."""
    pack = pack_of(country)
    if pack is None or exceptions(kind, country, contact, day):
        return ()
    own = tuple(_of(kind, pack.rules, contact, day))
    settled = any(kind not in rule.leaves_open and (not rule.sectors or contact.sector) for rule in own)
    return own if settled else (*own, *_of(kind, packs()[HOUSE].rules, contact, day))


def _of(kind: str, rules: Iterable[Rule], contact: Contact, day: date) -> Iterator[Rule]:
    return (rule for rule in rules if getattr(rule, kind) and looks_at(rule, contact) and rule.valid_on(day))


def stale(rules: Iterable[Rule], day: date) -> tuple[Finding, ...]:
    """A warning for each rule that should have been read again before `day`."""
    return tuple(
        Finding(
            code="LAW005",
            rule=rule.id,
            severity=Severity.WARN,
            message=say("{rule} was to be read again by {day}", rule=rule.id, day=rule.review_by),
            remedy=CODES["LAW005"].remedy,
        )
        for rule in rules
        if rule.stale_on(day)
    )


def worded(rule: Rule) -> str:
    """A rule's id and text, in the language of this process."""
    return f"{rule.id}: {rule.text[language()]}"
