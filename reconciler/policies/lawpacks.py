"""The law packs: what a country's law, a trade's own code or the house says about contacting people, as data.

One file a pack under `laws/`, read like any document: every mistake has a line. The files are part of the program, so a
broken one is a failing test and never a user's problem. What is written there helps; it is no legal advice.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import date
from functools import cache
from typing import Any, Final

from reconciler.calendar import WEEKDAYS, known_day
from reconciler.catalogue import say
from reconciler.checking import Checker
from reconciler.diagnostics import Finding, error
from reconciler.document import Node, parse
from reconciler.kinds.fields import CLOCK, CODE, COUNTRY, DAY, Boolean, Either, Field, Integer, ListOf, Record, Text
from reconciler.kinds.kind import SECTORS
from reconciler.policies.terms import CHANNELS, HOUSE, LANGUAGES, PACKS, PURPOSES, REGISTERS, SERVICES
from reconciler.resource import Origin

Stretch = tuple[int, int]  # minutes of a day's clock: from the first to before the second


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """One way to read a rule on hours: for each weekday, Monday first, the stretches in which it allows contact."""

    week: tuple[tuple[Stretch, ...], ...]
    on_holidays: bool

    def on(self, day: date, holidays: frozenset[date]) -> tuple[Stretch, ...]:
        """What is allowed on `day`."""
        return () if day in holidays and not self.on_holidays else self.week[day.weekday()]


@dataclass(frozen=True, slots=True, kw_only=True)
class Caps:
    """How often a person may be contacted by `channels`, counted together or each by itself; None where nothing is said.

    `spacing_days` is the least distance of two contacts; `channels_per_week` how many channels may be used in a week.
    """

    channels: tuple[str, ...]
    each_channel: bool = False
    per_day: int | None = None
    per_week: int | None = None
    per_month: int | None = None
    spacing_days: int | None = None
    channels_per_week: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Register:
    """A do-not-call register that must be consulted; a copy counts for `valid_days`, None where no age is said."""

    name: str
    valid_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Which number people must see: one with one of `prefixes`, where there are any, and a hidden one only if `hidden`."""

    prefixes: tuple[str, ...] = ()
    hidden: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """The services to which rules of the kinds in `lifts` do not apply, the house's included."""

    services: tuple[str, ...]
    lifts: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule: whom it is for, where it was read, and what of it a program can judge.

    Empty `purposes`, `channels` and `sectors` mean every one. `leaves_open` names the kinds in which it only forbids
    something and settles nothing, so that the house's rule stands beside it. `consent` and `channel` are columns of evidence;
    `note` is shown and not judged.
    """

    id: str
    text: Mapping[str, str]
    basis: str
    citation: Mapping[str, str]
    source: Mapping[str, str]
    read_on: str
    confidence: str
    valid_from: date | None
    valid_to: date | None
    review_by: date
    purposes: tuple[str, ...]
    channels: tuple[str, ...]
    sectors: tuple[str, ...]
    leaves_open: tuple[str, ...]
    hours: tuple[Reading, ...] = ()
    caps: tuple[Caps, ...] = ()
    register: Register | None = None
    consent: tuple[str, ...] = ()
    channel: str = ""
    sender: Sender | None = None
    exception: Exemption | None = None
    note: str = ""

    @property
    def kinds(self) -> tuple[str, ...]:
        """What the rule is about, such as hours and sender."""
        return tuple(kind for kind in KINDS if getattr(self, kind))

    def valid_on(self, day: date) -> bool:
        """Whether the rule is in force on `day`."""
        return (self.valid_from is None or self.valid_from <= day) and (self.valid_to is None or day <= self.valid_to)

    def stale_on(self, day: date) -> bool:
        """Whether somebody should have read it again before `day`."""
        return day > self.review_by

    def to_json(self) -> dict[str, Any]:
        """The rule for machines. Parts that it does not have are left out."""
        plain = {field.name: getattr(self, field.name) for field in fields(self)}
        shown = {name: _json(value) for name, value in plain.items() if name not in KINDS}
        return shown | {kind: _json(plain[kind]) for kind in self.kinds}


@dataclass(frozen=True, slots=True, kw_only=True)
class Pack:
    """The rules of one country; of the house, with no country."""

    id: str
    country: str
    version: str
    digest: str
    name: Mapping[str, str]
    rules: tuple[Rule, ...]

    @property
    def edition(self) -> str:
        """Its version, and the first digits of the SHA-256 of its file: no two texts share it."""
        return f"{self.version}+{self.digest[:12]}"


def _json(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Reading):
        week = {day: [f"{_clock(a)}-{_clock(b)}" for a, b in value.week[number]] for number, day in enumerate(WEEKDAYS)}
        return {"week": week, "holidays": "on" if value.on_holidays else "off"}
    if isinstance(value, Caps | Register | Sender | Exemption):
        return {field.name: _json(getattr(value, field.name)) for field in fields(value)}
    if isinstance(value, tuple):
        return [_json(item) for item in value]
    return dict(value) if isinstance(value, Mapping) else value


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


# --- what a file may hold ------------------------------------------------------------------------------------------------

_TOLD: Final = Record(tuple(Field(name=code, type=Text(), required=True, doc="In that language.") for code in LANGUAGES))
_COUNT: Final = Integer(least=1, most=1000)
_HOURS: Final = Record(
    (
        Field(
            name="slots",
            type=ListOf(
                Record(
                    (
                        Field(
                            name="days", type=ListOf(Text(choices=WEEKDAYS), least=1), required=True, doc="Days of the week."
                        ),
                        Field(name="from", type=CLOCK, required=True, doc="The first minute."),
                        Field(name="to", type=CLOCK, required=True, doc="The minute after the last."),
                    )
                ),
                least=1,
            ),
            required=True,
            doc="When contact is allowed.",
        ),
        Field(name="holidays", type=Text(choices=("on", "off")), required=True, doc="Whether public holidays count."),
    )
)
_CAPS: Final = Record(
    (
        Field(name="channels", type=ListOf(Text(choices=CHANNELS), least=1), doc="Every one when left out."),
        Field(name="each_channel", type=Boolean(), doc="Each channel is counted by itself."),
        *(
            Field(name=name, type=_COUNT, doc="A number.")
            for name in ("per_day", "per_week", "per_month", "spacing_days", "channels_per_week")
        ),
    )
)
_PARTS: Final = (
    Field(name="hours", type=ListOf(_HOURS, one=True, least=1), doc="One reading, or several that must all allow it."),
    Field(name="caps", type=ListOf(_CAPS, least=1), doc="How often."),
    Field(
        name="register",
        type=Record(
            (
                Field(name="name", type=Text(choices=REGISTERS), required=True, doc="The register."),
                Field(name="valid_days", type=_COUNT, doc="How long a copy counts."),
            )
        ),
        doc="A register to consult.",
    ),
    Field(
        name="consent",
        type=Record((Field(name="columns", type=ListOf(CODE, least=1), required=True, doc="Columns of evidence."),)),
        doc="Consent that rows must prove.",
    ),
    Field(
        name="channel",
        type=Record((Field(name="column", type=CODE, required=True, doc="The column that names the authorised channel."),)),
        doc="The channel that the person authorised.",
    ),
    Field(
        name="sender",
        type=Record(
            (
                Field(
                    name="prefixes", type=ListOf(Text(pattern=r"^\d{1,6}$", form="digits"), least=1), doc="Of the shown number."
                ),
                Field(name="hidden", type=Boolean(), doc="Whether the number may be hidden."),
            )
        ),
        doc="Which number people must see.",
    ),
    Field(
        name="exception",
        type=Record(
            (
                Field(name="services", type=ListOf(Text(choices=SERVICES), least=1), required=True, doc="Excepted services."),
                Field(
                    name="lifts",
                    type=ListOf(Text(choices=("hours", "caps")), least=1),
                    required=True,
                    doc="Kinds of rules that do not apply to them.",
                ),
            )
        ),
        doc="To whom rules do not apply.",
    ),
    Field(name="note", type=Text(choices=("revocation", "suspension", "personal_data")), doc="Shown, not judged."),
)
KINDS: Final = tuple(part.name for part in _PARTS)

_RULE: Final = Record(
    (
        Field(
            name="id",
            type=Text(pattern=r"^([A-Z]{2}|HOUSE)-[1-9][0-9]?$", form="a rule's id, such as CO-1"),
            required=True,
            doc="Its name for ever.",
        ),
        Field(name="text", type=_TOLD, required=True, doc="The rule in plain words."),
        Field(name="basis", type=Text(choices=("law", "self-rule", "house")), required=True, doc="What it rests on."),
        Field(name="citation", type=Either(Text(), _TOLD), required=True, doc="The law and article, as far as known."),
        Field(name="source", type=_TOLD, required=True, doc="What was read."),
        Field(
            name="read_on",
            type=Text(pattern=r"^\d{4}-(0[1-9]|1[0-2])$", form="a month, YYYY-MM"),
            required=True,
            doc="When it was read.",
        ),
        Field(name="confidence", type=Text(choices=("H", "M", "L", "-")), required=True, doc="How sure the reading is."),
        Field(name="valid_from", type=DAY, doc="First day in force; left out where not known."),
        Field(name="valid_to", type=DAY, doc="Last day in force."),
        Field(name="review_by", type=DAY, required=True, doc="Last day on which it counts as freshly read."),
        Field(name="purposes", type=ListOf(Text(choices=PURPOSES), least=1), doc="Every one when left out."),
        Field(name="channels", type=ListOf(Text(choices=CHANNELS), least=1), doc="Every one when left out."),
        Field(name="sectors", type=ListOf(Text(choices=SECTORS), least=1), doc="Every one when left out."),
        Field(name="leaves_open", type=ListOf(Text(choices=("hours", "caps")), least=1), doc="Kinds that it does not settle."),
        *_PARTS,
    )
)
_PACK: Final = Record(
    (
        Field(name="pack", type=Text(choices=PACKS), required=True, doc="The pack's name."),
        Field(name="country", type=COUNTRY, doc="Left out for the house's rules."),
        Field(name="version", type=Text(pattern=r"^\d{4}\.\d{1,2}$", form="a version, YYYY.M"), required=True, doc="Version."),
        Field(name="name", type=_TOLD, required=True, doc="For people."),
        Field(name="rules", type=ListOf(_RULE, least=1), required=True, doc="The rules."),
    )
)


# --- reading -------------------------------------------------------------------------------------------------------------


@cache
def packs() -> Mapping[str, Pack]:
    """Every pack of this version by its name; the house's is the last."""
    from importlib.resources import files

    found = {}
    for name in PACKS:
        pack, findings = read_pack(files("reconciler.policies").joinpath("laws", f"{name}.yaml").read_bytes(), f"{name}.yaml")
        assert pack is not None, findings
        found[name] = pack
    return found


@cache
def rules() -> Mapping[str, Rule]:
    """Every rule of every pack by its id."""
    return {rule.id: rule for pack in packs().values() for rule in pack.rules}


def pack_of(country: str) -> Pack | None:
    """The pack of a country; None where nobody has read its law."""
    return next((pack for pack in packs().values() if pack.country and pack.country == country), None)


def read_pack(data: bytes, file: str) -> tuple[Pack | None, list[Finding]]:
    """A pack from the bytes of its file, and what is wrong with it."""
    nodes, findings = parse(data, file)
    if findings or len(nodes) != 1:
        return None, findings or [error("SPC003", say("a law pack is exactly one document"), Origin(file))]
    (node,) = nodes
    values, findings = _checker().read(node)
    if not findings:
        findings = list(_mistakes(values, node))
    if findings:
        return None, findings
    return Pack(
        id=values["pack"],
        country=values.get("country", ""),
        version=values["version"],
        digest=hashlib.sha256(data).hexdigest(),
        name=values["name"],
        rules=tuple(_rule(rule) for rule in values["rules"]),
    ), []


@cache
def _checker() -> Checker:
    return Checker(_PACK)


def _mistakes(values: Mapping[str, Any], node: Node) -> Iterator[Finding]:
    """What the fields, each right by itself, do wrong together."""
    pack, wanted = values["pack"], values["pack"].upper()
    if values.get("country", HOUSE.upper()) != wanted:
        yield error("SPC012", say("the pack '{pack}' is not of this country", pack=pack), node.at(iter(("country",))).origin)
    seen = set[str]()
    for number, rule in enumerate(values["rules"]):
        place = node.at(iter(("rules", number))).origin
        for mistake in _wrong(rule):
            yield error("SPC012", mistake, place)
        if not rule["id"].startswith(f"{wanted}-") or rule["id"] in seen:
            yield error("SPC008", say("the id {id} is of another pack, or taken", id=rule["id"]), place)
        seen.add(rule["id"])


def _wrong(rule: Mapping[str, Any]) -> Iterator[str]:
    days = [rule[name] for name in ("valid_from", "valid_to", "review_by") if name in rule]
    if not all(map(known_day, days)):
        yield say("a day that does not exist")
    if "valid_from" in rule and rule.get("valid_to", rule["valid_from"]) < rule["valid_from"]:
        yield say("the rule ends before it begins")
    if rule["review_by"] < rule["read_on"]:
        yield say("the review lies before the reading")
    if not any(kind in rule for kind in KINDS):
        yield say("the rule says nothing that could be shown or judged")
    if any(kind not in rule for kind in rule.get("leaves_open", ())):
        yield say("'leaves_open' names what the rule does not speak of")
    if any(slot["from"] >= slot["to"] for reading in rule.get("hours", ()) for slot in reading["slots"]):
        yield say("a slot ends before it starts")


def _rule(values: Mapping[str, Any]) -> Rule:
    citation = values["citation"]
    register, sender, exception = (values.get(name) for name in ("register", "sender", "exception"))
    return Rule(
        id=values["id"],
        text=values["text"],
        basis=values["basis"],
        citation=citation if isinstance(citation, dict) else dict.fromkeys(LANGUAGES, citation),
        source=values["source"],
        read_on=values["read_on"],
        confidence=values["confidence"],
        valid_from=_day(values.get("valid_from")),
        valid_to=_day(values.get("valid_to")),
        review_by=date.fromisoformat(values["review_by"]),
        purposes=tuple(values.get("purposes", ())),
        channels=tuple(values.get("channels", ())),
        sectors=tuple(values.get("sectors", ())),
        leaves_open=tuple(values.get("leaves_open", ())),
        hours=tuple(_reading(reading) for reading in values.get("hours", ())),
        caps=tuple(Caps(**{**caps, "channels": tuple(caps.get("channels", CHANNELS))}) for caps in values.get("caps", ())),
        register=Register(**register) if register else None,
        consent=tuple(values.get("consent", {}).get("columns", ())),
        channel=values.get("channel", {}).get("column", ""),
        sender=Sender(**{**sender, "prefixes": tuple(sender.get("prefixes", ()))}) if sender else None,
        exception=Exemption(**{name: tuple(words) for name, words in exception.items()}) if exception else None,
        note=values.get("note", ""),
    )


def _day(text: str | None) -> date | None:
    return date.fromisoformat(text) if text else None


def _reading(values: Mapping[str, Any]) -> Reading:
    slots: Sequence[Mapping[str, Any]] = values["slots"]
    week = tuple(
        tuple(sorted((_minute(slot["from"]), _minute(slot["to"])) for slot in slots if day in slot["days"])) for day in WEEKDAYS
    )
    return Reading(week=week, on_holidays=values["holidays"] == "on")


def _minute(clock: str) -> int:
    return int(clock[:2]) * 60 + int(clock[3:])
