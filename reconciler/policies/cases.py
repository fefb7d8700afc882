"""A user's own cases for the law packs: what is expected to be allowed and what to be denied, kept beside the specs.

A file holds a list of cases. Everything that a case names must exist: a misspelt zone would be denied, and the case would
pass for a wrong reason.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Final

from reconciler.calendar import instant, known_zone
from reconciler.catalogue import say
from reconciler.checking import Checker
from reconciler.diagnostics import Finding, did_you_mean, error
from reconciler.document import Node, parse
from reconciler.kinds.fields import COUNTRY, DAY, INSTANT, ZONE, Field, ListOf, Record, Text
from reconciler.kinds.kind import SECTORS
from reconciler.personal import mask_text
from reconciler.policies.contact import Contact
from reconciler.policies.hours import Verdict, allowed
from reconciler.policies.lawpacks import Rule, pack_of, packs, rules
from reconciler.policies.terms import CHANNELS, PURPOSES, SERVICES
from reconciler.resource import Origin
from reconciler.rows.numbers import understood
from reconciler.rows.zones import possible

RECORD: Final = Record(
    (
        Field(name="name", type=Text(length_max=200), doc="What the case is about, for people."),
        Field(name="rule", type=Text(), doc="A rule's id: the case asks this rule alone."),
        Field(name="country", type=COUNTRY, doc="The country whose law is asked; of a rule, its own when left out."),
        Field(name="purpose", type=Text(choices=PURPOSES), doc="What the contact is for; needed with a country."),
        Field(name="service", type=Text(choices=SERVICES), doc="Which service, where purpose is service."),
        Field(name="channel", type=Text(choices=CHANNELS), doc="How people are reached; voice when left out."),
        Field(name="sector", type=Text(choices=SECTORS), doc="The sender's sector; any when left out."),
        Field(name="zone", type=ZONE, doc="The zone in which the person is."),
        Field(name="number", type=Text(length_max=60), personal=True, doc="Or a number, whose zones count."),
        Field(name="at", type=INSTANT, required=True, doc="The instant, with its offset."),
        Field(name="extra_holidays", type=ListOf(DAY), doc="Holidays beside those of the country."),
        Field(name="expect", type=Text(choices=("allowed", "denied")), required=True, doc="What the answer should be."),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """One case, ready to be judged. `only` is the rule that is asked; None asks all that bind."""

    name: str
    only: Rule | None
    contact: Contact
    at: str
    expected: bool
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """A case and its answer."""

    case: Case
    verdict: Verdict

    @property
    def passed(self) -> bool:
        """Whether the answer is the expected one."""
        return self.verdict.allowed is self.case.expected

    def to_json(self) -> dict[str, Any]:
        """The outcome for machines; no number is in it."""
        return {
            "name": self.case.name,
            "file": self.case.origin.file,
            "line": self.case.origin.line,
            "expected": _word(allowed_=self.case.expected),
            "found": _word(allowed_=self.verdict.allowed),
            "passed": self.passed,
            "rules": list(self.verdict.rules),
            "findings": [finding.to_json() for finding in self.verdict.findings],
            "next_edge": self.verdict.next_edge.isoformat() if self.verdict.next_edge else None,
        }


def _word(*, allowed_: bool) -> str:
    return "allowed" if allowed_ else "denied"


def judge(case: Case) -> Outcome:
    """What the law packs say of a case."""
    return Outcome(case=case, verdict=allowed(case.contact, instant(case.at), only=case.only))


def read_cases(data: bytes, file: str) -> tuple[list[Case], list[Finding]]:
    """The cases of a file, and every mistake in it."""
    nodes, findings = parse(data, file)
    if findings:
        return [], findings
    cases: list[Case] = []
    for node in nodes:
        if node.items is None:
            findings.append(error("SPC003", say("a file of cases holds a list"), node.origin, say("begin each case with '- '")))
        for item in node.items or ():
            values, mistakes = _checker().read(item)
            mistakes = mistakes or list(_mistakes(values, item))
            findings += mistakes
            if not mistakes:
                cases.append(_case(values, item.origin))
    if not cases and not findings:  # a file that lost its cases would pass for ever
        findings.append(error("TST001", say("the file holds no case"), Origin(file), say("write one, or remove the file")))
    return cases, findings


@cache
def _checker() -> Checker:
    return Checker(RECORD)


def _mistakes(values: Mapping[str, Any], node: Node) -> Iterator[Finding]:
    """What a case that is well formed asks for and does not exist."""
    name, country = values.get("rule"), _country(values)
    rule = rules().get(name or "")
    if name and rule is None:
        remedy = did_you_mean(name, rules()) or say("'reconciler policy list' lists them")
        yield error("TST001", say("there is no rule '{name}'", name=name), _place(node, "rule"), remedy)
    elif rule and not rule.hours:
        message = say("{rule} says nothing about hours", rule=rule.id)
        yield error("TST001", message, _place(node, "rule"), say("ask a rule on hours"))
    elif not country:
        yield error("TST001", say("no country is said"), node.origin, say("add 'country', or the 'rule' of a country"))
    elif pack_of(country) is None or (rule and rule not in (*_rules_of(country), *_rules_of(""))):
        message = say("'{country}' is not the country of a pack that has this rule", country=country)
        yield error("TST001", message, _place(node, "country"), say("'reconciler policy list' lists the packs"))
    elif values.get("number") and understood(values["number"], country) is None:
        yield error("TST001", say("this is no number of {country}", country=country), _place(node, "number"), say("correct it"))
    if not name and "purpose" not in values:
        yield error("TST001", say("no purpose is said"), node.origin, say("add 'purpose'"))
    if values.get("service") and values.get("purpose") != "service":
        yield error(
            "TST001", say("'service' goes with 'purpose: service'"), _place(node, "service"), say("correct one of them")
        )
    if ("zone" in values) == ("number" in values):
        yield error("TST001", say("a case says 'zone' or 'number'"), node.origin, say("write one of them"))
    if "zone" in values and not known_zone(values["zone"]):
        message = say("'{zone}' is not a zone", zone=values["zone"])
        yield error("TST001", message, _place(node, "zone"), say("use a name such as America/Bogota"))
    for key, text in (("at", values["at"]), *(("extra_holidays", f"{day}T00:00Z") for day in values.get("extra_holidays", ()))):
        try:
            instant(text)
        except ValueError:
            yield error("TST001", say("there is no such day"), _place(node, key), say("correct the date"))


def _place(node: Node, key: str) -> Origin:
    return node.at(iter((key,))).origin


def _rules_of(country: str) -> tuple[Rule, ...]:
    return next(pack.rules for pack in packs().values() if pack.country == country)


def _country(values: Mapping[str, Any]) -> str:
    """The country that a case says, or that of its rule."""
    found = (pack.country for pack in packs().values() for rule in pack.rules if rule.id == values.get("rule"))
    return values.get("country") or next(found, "")


def _case(values: Mapping[str, Any], origin: Origin) -> Case:
    rule, country = rules().get(values.get("rule", "")), _country(values)
    number = understood(values["number"], country) if "number" in values else None
    contact = Contact(
        countries=(country,),
        purpose=values.get("purpose") or _first(rule.purposes if rule else (), PURPOSES[0]),
        channel=values.get("channel") or _first(rule.channels if rule else (), CHANNELS[0]),
        zones=possible(values.get("zone", ""), number, ""),
        service=values.get("service", ""),
        sector=values.get("sector", ""),
        extra_holidays=frozenset(date.fromisoformat(day) for day in values.get("extra_holidays", ())),
    )
    at, expected = values["at"], values["expect"] == "allowed"
    return Case(name=mask_text(values.get("name", "")), only=rule, contact=contact, at=at, expected=expected, origin=origin)


def _first(words: tuple[str, ...], otherwise: str) -> str:
    return words[0] if words else otherwise
