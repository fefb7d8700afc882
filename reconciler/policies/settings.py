"""`policies:` of reconciler.yaml: limits, lists, packs, waivers and rules of the user's own, read with their places."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from decimal import Decimal
from typing import Any, Final

from reconciler.calendar import known_country, known_day, known_zone
from reconciler.catalogue import say
from reconciler.checking import Checker
from reconciler.diagnostics import Finding, error
from reconciler.document import Node
from reconciler.kinds.fields import CODE, COUNTRY, DAY, SHARE, ZONE, Field, Integer, ListOf, Number, Record
from reconciler.kinds.fields import Text as Words
from reconciler.personal import mask_text
from reconciler.policies.expressions import mistakes
from reconciler.policies.terms import PACKS, REGISTERS
from reconciler.policies.waivers import Waiver, refusal
from reconciler.resource import Origin

OFF: Final = "off"
_DAYS: Final = r"(mon|tue|wed|thu|fri|sat|sun)"
_TIME: Final = r"([01]\d|2[0-3]):[0-5]\d"
_ALLOW: Final = re.compile(rf"^{_DAYS}(-{_DAYS})? {_TIME}-({_TIME}|24:00)$")

_LIMIT: Final = Record(
    (
        Field(name="share", type=SHARE, required=True, doc="Refused above this share of the live objects."),
        Field(name="floor", type=Integer(least=0), default=0, doc="Not looked at below so many live objects."),
    )
)
_COST: Final = Record(
    (
        Field(name="amount", type=Number(least=0), required=True, doc="The most that one plan may cost."),
        Field(
            name="currency",
            type=Words(pattern=r"^[A-Z]{3}$", form="a currency, such as USD"),
            required=True,
            doc="ISO 4217.",
        ),
        Field(name="per_segment", type=Number(least=0), required=True, doc="What one segment of a message costs."),
    )
)
_CAPS: Final = Record(
    (
        Field(name="per_day", type=Integer(least=1), doc="Contacts a person and day."),
        Field(name="per_week", type=Integer(least=1), doc="Contacts a person in seven days."),
        Field(name="per_month", type=Integer(least=1), doc="Contacts a person in thirty days."),
    )
)
_SUPPRESS: Final = Record(
    (
        Field(name="name", type=CODE, required=True, doc="What the list is called in plans, as suppress:NAME."),
        Field(
            name="register",
            type=Words(choices=REGISTERS),
            doc="The register that it is a copy of; left out: our own list.",
        ),
        Field(name="file", type=Words(), required=True, doc="csv, parquet or jsonl, seen from reconciler.yaml."),
        Field(name="column", type=Words(), doc="The column of numbers; left out: the file's only one."),
        Field(name="delimiter", type=Words(length_max=1), doc="The csv separator; found by itself when left out."),
        Field(name="encoding", type=Words(choices=("utf-8", "cp1252", "latin-1")), default="utf-8", doc="The csv encoding."),
        Field(name="country", type=COUNTRY, doc="How national numbers are understood; left out: the targets' only country."),
        Field(name="max_age_days", type=Integer(least=0), doc="Older than so many days it denies whatever reaches people."),
        Field(name="fetched_at", type=DAY, doc="The day on which it was fetched; needed with max_age_days or register."),
    )
)
_WINDOW: Final = Record(
    (
        Field(
            name="allow",
            type=Words(pattern=_ALLOW.pattern, form="days and times, such as mon-fri 08:00-17:00"),
            required=True,
            doc="When an apply may run.",
        ),
        Field(name="zone", type=ZONE, required=True, doc="The zone of these times."),
    )
)
_WAIVER: Final = Record(
    (
        Field(name="rule", type=CODE, required=True, doc="The code or the rule's id that is waived."),
        Field(name="address", type=Words(), required=True, doc="The address, or a pattern of addresses."),
        Field(name="reason", type=Words(length_max=500), required=True, doc="Why; shown in every plan."),
        Field(name="owner", type=Words(length_max=200), required=True, doc="Who answers for it."),
        Field(name="expires", type=DAY, required=True, doc="The last day on which it holds."),
    )
)
_RULE: Final = Record(
    (
        Field(name="name", type=CODE, required=True, doc="What findings call it."),
        Field(name="expression", type=Words(length_max=4000), required=True, doc="CEL over the plan; true where it trips."),
        Field(name="level", type=Words(choices=("deny", "approve", "warn")), required=True, doc="What a plan is then."),
        Field(name="message", type=Words(length_max=500), required=True, doc="What is said then."),
    )
)

RECORD: Final = Record(
    (
        Field(name="max_deletes", type=_LIMIT, doc="Campaigns deleted by one plan."),
        Field(name="max_updates", type=_LIMIT, doc="Campaigns updated by one plan."),
        Field(name="max_row_removals", type=_LIMIT, doc="Rows removed, closed or replaced by one plan."),
        Field(name="max_people", type=Integer(least=0), doc="People contacted by one plan."),
        Field(name="max_new_people", type=Integer(least=0), doc="People contacted for the first time by one plan."),
        Field(name="max_lifts", type=Integer(least=0), default=0, doc="Blacklist entries lifted by one plan."),
        Field(name="max_calls", type=Integer(least=0), doc="Calls to the platforms by one plan."),
        Field(name="max_cost", type=_COST, doc="What the messages of one plan may cost."),
        Field(name="caps", type=_CAPS, doc="Contacts a person, over every target and campaign of the project."),
        Field(name="suppress", type=ListOf(_SUPPRESS), doc="Lists that no row and no message may contain, on any target."),
        Field(
            name="lawpacks",
            type=ListOf(Words(choices=(*PACKS, OFF)), one=True, least=1),
            doc="The law packs that are looked at; left out: those of the countries that are reached. off: none.",
        ),
        Field(name="apply_windows", type=ListOf(_WINDOW, one=True, least=1), doc="When an apply may run."),
        Field(
            name="stopper",
            type=Words(choices=("cron", "controller")),
            doc="Who stops what the law will bar: cron with 'apply --safe-only', or the controller.",
        ),
        Field(name="waivers", type=ListOf(_WAIVER), doc="Rules that do not hold for an address, for a time."),
        Field(name="rules", type=ListOf(_RULE), doc="Rules of your own, as expressions over the plan."),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Refused above `share` (0 to 1) of the live objects; not looked at below `floor` of them."""

    share: Decimal  # exact, since a limit must not trip at its own value
    floor: int

    def exceeded(self, count: int, live: int) -> bool:
        """Whether `count` of `live` objects is too much."""
        return live >= self.floor and count > self.share * live


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """The most that one plan may cost, in `currency`, and the price of one segment."""

    amount: Decimal
    currency: str
    per_segment: Decimal


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppress:
    """A list of numbers that nobody of the project may contact; with `register` it is a copy of a regulator's."""

    name: str
    register: str = ""
    file: str
    column: str = ""
    delimiter: str = ""
    encoding: str = "utf-8"
    country: str = ""
    max_age_days: int | None = None
    fetched_at: date | None = None
    origin: Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class OwnRule:
    """A rule of the user's own: `expression` (CEL) is true where it trips."""

    name: str
    expression: str
    level: str
    message: str
    origin: Origin

    @property
    def id(self) -> str:
        """What findings and acknowledgements call it."""
        return f"rule:{self.name}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The policies of a project; None or () where nothing is set. `inputs` is what the plan's digest covers.

    `lawpacks` is None where the packs are those of the countries reached, () where the project turned them off.
    """

    max_deletes: Limit = Limit(share=Decimal("0.3"), floor=10)
    max_updates: Limit = Limit(share=Decimal("0.3"), floor=10)
    max_row_removals: Limit = Limit(share=Decimal("0.1"), floor=50)
    max_people: int | None = None
    max_new_people: int | None = None
    max_lifts: int = 0
    max_calls: int | None = None
    max_cost: Cost | None = None
    caps: Mapping[str, int] = field(default_factory=dict)
    suppress: tuple[Suppress, ...] = ()
    lawpacks: tuple[str, ...] | None = None
    apply_windows: tuple[tuple[str, str], ...] = ()  # (allow, zone)
    stopper: str = ""
    waivers: tuple[Waiver, ...] = ()
    rules: tuple[OwnRule, ...] = ()
    inputs: Mapping[str, Any] = field(default_factory=dict)


def parse(node: Node | None) -> tuple[Settings, list[Finding]]:
    """The settings, and what is wrong with them."""
    if node is None or node.text == "":
        return Settings(), []
    values, findings = Checker(RECORD).read(node)
    findings = findings or list(_mistakes(values, node))
    if findings:
        return Settings(), findings
    limits: dict[str, Any] = {
        name: Limit(share=Decimal(values[name]["share"].rstrip("%")) / 100, floor=values[name].get("floor", 0))
        for name in ("max_deletes", "max_updates", "max_row_removals")
        if name in values
    }
    plain: dict[str, Any] = {
        name: values[name]
        for name in ("max_people", "max_new_people", "max_lifts", "max_calls", "caps", "stopper")
        if name in values
    }
    if cost := values.get("max_cost"):
        plain["max_cost"] = Cost(
            amount=Decimal(str(cost["amount"])), currency=cost["currency"], per_segment=Decimal(str(cost["per_segment"]))
        )
    if packs := values.get("lawpacks"):
        plain["lawpacks"] = () if packs == [OFF] else tuple(packs)
    plain["suppress"] = tuple(
        Suppress(**{**one, **_day(one, "fetched_at")}, origin=place) for one, place in _placed(values, node, "suppress")
    )
    plain["apply_windows"] = tuple((one["allow"], one["zone"]) for one in values.get("apply_windows", ()))
    plain["waivers"] = tuple(
        Waiver(**{**one, **_day(one, "expires")}, origin=place) for one, place in _placed(values, node, "waivers")
    )
    plain["rules"] = tuple(OwnRule(**one, origin=place) for one, place in _placed(values, node, "rules"))
    return replace(Settings(inputs=_inputs(values)), **{**limits, **plain}), []


def _inputs(values: Mapping[str, Any]) -> dict[str, Any]:
    """What was set, as a plan's digest covers it and a saved plan shows it: words without numbers, expressions by a digest."""
    covered = dict(values)
    for key, hidden in (("waivers", ("reason", "owner")), ("rules", ("message",))):
        if key in values:
            covered[key] = [one | {name: mask_text(one[name]) for name in hidden} for one in values[key]]
    for rule in covered.get("rules", ()):
        rule["expression"] = hashlib.sha256(rule["expression"].encode()).hexdigest()
    return covered


def _placed(values: Mapping[str, Any], node: Node, key: str) -> Iterator[tuple[dict[str, Any], Origin]]:
    """The entries of a list with their places."""
    for index, one in enumerate(values.get(key, ())):
        yield one, node.at(iter((key, index))).origin


def _day(values: Mapping[str, Any], key: str) -> dict[str, date]:
    return {key: date.fromisoformat(values[key])} if key in values else {}


def _mistakes(values: Mapping[str, Any], node: Node) -> Iterator[Finding]:
    """What settings, each right by itself, do wrong together."""

    def place(*path: str | int) -> Origin:
        return node.at(iter(path)).origin

    packs = values.get("lawpacks", [])
    if OFF in packs and len(packs) > 1:
        yield error("SPC012", say("'off' stands alone"), place("lawpacks"), say("remove it, or the packs"))
    for key, names in (("suppress", "name"), ("rules", "name")):
        seen: set[str] = set()
        for index, one in enumerate(values.get(key, ())):
            if one[names] in seen:
                message = say("the name '{name}' stands twice", name=one[names])
                yield error("SPC008", message, place(key, index, names), say("rename or remove one"))
            seen.add(one[names])
    for key, inner in (("suppress", "fetched_at"), ("waivers", "expires")):
        for index, one in enumerate(values.get(key, ())):
            if inner in one and not known_day(one[inner]):
                yield error(
                    "SPC005", say("there is no day '{day}'", day=one[inner]), place(key, index, inner), say("correct the date")
                )
    for index, one in enumerate(values.get("suppress", ())):
        if "country" in one and not known_country(one["country"]):
            message = say("'{code}' is not a country", code=one["country"])
            yield error("SPC004", message, place("suppress", index, "country"), say("write its ISO 3166 code, such as CO"))
        if (one.get("register") or "max_age_days" in one) and "fetched_at" not in one:
            message = say("'{key}' needs 'fetched_at'", key="register" if one.get("register") else "max_age_days")
            yield error("SPC002", message, place("suppress", index), say("write the day on which the list was fetched"))
    for index, one in enumerate(values.get("apply_windows", ())):
        if not known_zone(one["zone"]):
            message = say("'{zone}' is not a zone", zone=one["zone"])
            yield error("PRJ004", message, place("apply_windows", index, "zone"), say("use a name such as America/Bogota"))
        start, _, end = one["allow"].rpartition(" ")[2].partition("-")
        if end <= start:
            message = say("the window ends before it begins")
            yield error("SPC004", message, place("apply_windows", index, "allow"), say("write two windows, one for each day"))
    for index, one in enumerate(values.get("rules", ())):
        yield from mistakes(one["name"], node.at(iter(("rules", index, "expression"))))
    own = [one["name"] for one in values.get("rules", ())]
    for index, one in enumerate(values.get("waivers", ())):
        if why := refusal(one["rule"], own):
            yield error("WAV003", why, place("waivers", index, "rule"), say("remove the waiver"))


__all__ = ["OFF", "RECORD", "Cost", "Limit", "OwnRule", "Settings", "Suppress", "Waiver", "parse"]
