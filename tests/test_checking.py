"""Checking a node against its fields: the quick validator and the one that explains agree, and every mistake has its place."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import jsonschema_rs
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from reconciler import document
from reconciler.checking import Checker, places
from reconciler.diagnostics import CODES, Finding
from reconciler.document import Node, parse
from reconciler.kinds import KINDS
from reconciler.kinds.fields import (
    CLOCK,
    CODE,
    COUNTRY,
    DURATION,
    INSTANT,
    NAME,
    SECRET,
    SHARE,
    ZONE,
    Boolean,
    Either,
    Field,
    Integer,
    ListOf,
    MapOf,
    Number,
    Record,
    Text,
    with_defaults,
)
from reconciler.platforms import PLATFORMS
from reconciler.policies.settings import RECORD as POLICIES
from reconciler.project import project_record
from reconciler.resource import Origin
from reconciler.specs import document_record

FILE: Final = "prueba.yaml"
RECORDS: Final[Mapping[str, Record]] = {
    **{name: document_record(kind, PLATFORMS) for name, kind in KINDS.items()},
    "project": project_record({name: platform.keys for name, platform in PLATFORMS.items()}),
    "policies": POLICIES,
}
SMALL: Final = Record(
    (
        Field(name="name", type=NAME, required=True, doc="Its name."),
        Field(name="speed", type=Integer(least=0, most=100), doc="Its speed."),
        Field(
            name="slots", type=ListOf(Record((Field(name="from", type=CLOCK, required=True, doc="Start."),)), one=True), doc=""
        ),
        Field(name="token", type=SECRET, doc="Its token."),
        Field(name="labels", type=MapOf(Text(), names=r"^[a-z]+$"), doc="Its labels."),
    )
)


def node(text: str) -> Node:
    """The one document of a text."""
    (found,), _ = parse(text.encode(), FILE)
    return found


def check(record: Record, text: str) -> list[tuple[str, int, int, str, str]]:
    """What is wrong with a text, by place."""
    _, findings = Checker(record).read(node(text))
    places = [finding.origin or Origin("") for finding in findings]
    told = [
        (finding.code, place.line, place.column, finding.message, finding.remedy)
        for finding, place in zip(findings, places, strict=True)
    ]
    return sorted(told, key=lambda one: one[1:])


def test_a_right_node_gives_its_values() -> None:
    """Typed as the fields say, and untouched where they are text."""
    values, findings = Checker(SMALL).read(node("name: 0010\nspeed: 080\nslots: {from: 08:00}\ntoken: {env: TOKEN}\n"))

    assert findings == []
    assert values == {"name": "0010", "speed": 80, "slots": [{"from": "08:00"}], "token": {"env": "TOKEN"}}


def test_every_mistake_is_told_at_its_place() -> None:
    """All of them in one go, each once."""
    text = "nam: x\nspeed: 101\nslots:\n  - {from: 8}\n  - {}\ntoken: {env: A, file: b}\nlabels: {OPT: 1, a: [b]}\n"

    assert check(SMALL, text) == [
        ("SPC001", 1, 1, "'nam' is not a key here", "did you mean 'name'?"),
        ("SPC002", 1, 1, "'name' is missing", "Its name."),
        ("SPC004", 2, 8, "'speed' must be at most 100", "it is '101'"),
        ("SPC005", 4, 12, "'from' must be a time of day, HH:MM", "it is '8'"),
        ("SPC002", 5, 5, "'from' is missing", "Start."),
        ("SPC012", 6, 8, "'token' takes one of 'env', 'file', not both", "remove one of them"),
        ("SPC005", 7, 10, "'OPT' is not allowed as a name here", "use letters, digits and '_'"),
        ("SPC003", 7, 21, "'a' must be text", "it is a list"),
    ]


def test_a_single_item_has_its_own_places() -> None:
    """Where one item may stand for a list, a mistake inside it is shown inside it."""
    assert check(SMALL, "name: x\nslots: {from: 8}\n") == [
        ("SPC005", 2, 15, "'from' must be a time of day, HH:MM", "it is '8'"),
    ]


def test_entries_of_a_list_are_told_apart() -> None:
    """The words name the entry that is meant, and what it is instead."""
    assert check(SMALL, "name: x\nslots: [{from: 08:00}, hoy]\n") == [
        ("SPC003", 2, 24, "entry 2 of 'slots' must be a mapping", "it is 'hoy'"),
    ]


def test_what_is_no_mapping_is_told_so() -> None:
    """A document or block of the wrong shape."""
    assert check(SMALL, "- name: x\n") == [("SPC003", 1, 1, "the document must be a mapping", "it is a list")]


def test_the_words_show_no_number_of_a_person() -> None:
    """What stands where it should not may be somebody's phone."""
    (finding,) = check(SMALL, "name: x\nspeed: +57 300 123 0042\n")

    assert finding[-1] == "it is '+57 ••• ••• ••42'"


def test_long_values_are_cut() -> None:
    """A message pasted into the wrong key is not repeated whole."""
    (finding,) = check(SMALL, f"name: x\nspeed: {'a' * 200}\n")

    assert finding[-1] == f"it is '{'a' * 40}…'"


@pytest.mark.parametrize("form", [NAME, CODE, CLOCK, COUNTRY, DURATION, INSTANT, SHARE, ZONE])
@pytest.mark.parametrize("end", ["\n", "\r", "\u2028", "\x85", " ", "\0", "\ufeff"])
def test_no_form_takes_a_line_break_at_its_end(form: Text, end: str) -> None:
    """Python's `$` would: a country of three characters, or a host's name with a line break, is none."""
    right = {
        NAME: "cobranza",
        CODE: "wolkvox-co",
        CLOCK: "08:00",
        COUNTRY: "CO",
        DURATION: "24h",
        INSTANT: "2026-12-01T10:00:00-05:00",
        SHARE: "30%",
        ZONE: "America/Bogota",
    }[form]
    record = Record((Field(name="a", type=form, doc=""),))

    def mistakes(text: str) -> list[Finding]:
        root = Node({"a": document.Entry(1, 1, Node(text, FILE, 1, 1))}, FILE, 1, 1)
        return Checker(record).read(root)[1]

    assert mistakes(right) == []
    if form is not NAME or end not in "\0\x85":  # these are no blanks, and a name may hold any other character
        assert [finding.code for finding in mistakes(right + end)] == ["SPC005"]


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        (CLOCK, ["24:01", "8:00", "08:60", "0800", "٠٨:٠٠", ""]),
        (
            INSTANT,
            ["2026-12-01", "2026-12-01T10:00:00", "2026-13-01T10:00:00Z", "2026-12-01 10:00:00Z", "2026-12-01T10:00:00-0500"],
        ),
        (DURATION, ["0h", "1w", "h", "1.5h", "-1h", "100000s", "1H"]),
        (SHARE, ["101%", "30", "%", "-1%", "1000%"]),
        (COUNTRY, ["co", "COL", "C", "C0"]),
        (ZONE, ["UTC-5:00", "America//Bogota", "/Bogota", "America/Bogota/", "America Bogota"]),
        (CODE, ["-a", ".a", "a b", "ñ", "a/b", "{target}"]),
        (NAME, [" a", "a ", "\ta", "a" * 201]),
    ],
)
def test_what_a_form_does_not_take(form: Text, wrong: list[str]) -> None:
    """Beside the edges of each form."""
    validator = jsonschema_rs.Draft202012Validator(form.schema())

    assert [text for text in wrong if validator.is_valid(text)] == []


# Nodes of any shape, made of the words that the records know, so that many of them are nearly right.
WORDS: Final = sorted({field.name for record in RECORDS.values() for field in record.fields})
RIGHT: Final = (
    "wolkvox-co",
    "08:00",
    "18:00",
    "CO",
    "America/Bogota",
    "80",
    "true",
    "no",
    "30%",
    "24h",
    "started",
    "keep",
    "on_apply",
    "1",
)
SCALARS: Final = st.sampled_from(RIGHT) | st.sampled_from(WORDS) | st.text(max_size=6).filter(lambda text: "\0" not in text)


def made(type_: Any, draw: st.DrawFn) -> Any:
    """A value that mostly fits a type."""
    if draw(st.integers(0, 9)) == 0:
        return draw(SCALARS | st.lists(SCALARS, max_size=2) | st.dictionaries(st.sampled_from(WORDS), SCALARS, max_size=2))
    match type_:
        case Record():
            kept = [field for field in type_.fields if field.required or draw(st.booleans())]
            extra = draw(st.dictionaries(SCALARS, SCALARS, max_size=1)) if draw(st.integers(0, 9)) == 0 else {}
            return {field.name: made(field.type, draw) for field in kept} | extra
        case ListOf():
            return [made(type_.item, draw) for _ in range(draw(st.integers(0, 2)))]
        case MapOf():
            return {name: made(type_.value, draw) for name in draw(st.lists(SCALARS, max_size=2, unique=True))}
        case Either():
            return made(draw(st.sampled_from([type_.scalar, type_.record])), draw)
        case Integer() | Number():
            return str(draw(st.integers(-1, 101)))
        case Boolean():
            return draw(st.sampled_from(["true", "no", "On", "2"]))
        case Text(choices=choices) if choices:
            return draw(st.sampled_from(choices))
    return draw(SCALARS)


@st.composite
def documents(draw: st.DrawFn) -> tuple[Record, Node]:
    """A record, and a document that is right or nearly so."""
    record = draw(st.sampled_from(list(RECORDS.values())))
    value = made(record, draw)
    return record, node(document.write([value])) if isinstance(value, dict) else node("- a\n")


CHECKERS: Final = {id(record): Checker(record) for record in RECORDS.values()}


@settings(deadline=None, max_examples=150)
@given(documents())
def test_both_validators_agree_and_every_mistake_has_a_place(drawn: tuple[Record, Node]) -> None:
    """What the quick one refuses is explained, what it takes is right for the other, and all has a place."""
    record, root = drawn
    values, findings = CHECKERS[id(record)].read(root)
    quick = jsonschema_rs.Draft202012Validator(record.schema()).is_valid(values)

    assert quick == (not findings)
    assert not quick or Draft202012Validator(record.schema()).is_valid(values)
    there = {root.origin, *places(root).values()} | keys(root)
    for finding in findings:
        assert finding.code in CODES
        assert finding.origin in there
        assert finding.message
        assert finding.remedy


def keys(root: Node) -> set[Origin]:
    """The places of all keys below a node."""
    found: set[Origin] = set()
    for entry in (root.entries or {}).values():
        found |= {entry.key} | keys(entry.node)
    for item in root.items or ():
        found |= keys(item)
    return found


def test_origins_name_every_value() -> None:
    """By dotted paths, list entries by their number."""
    found = dict(places(node("window:\n  - {from: 08:00}\nname: x\n")))

    assert {path: (place.line, place.column) for path, place in found.items()} == {
        "window": (2, 3),
        "window.0": (2, 5),
        "window.0.from": (2, 12),
        "name": (3, 7),
    }


def test_defaults_fill_what_is_left_out_and_nothing_else() -> None:
    """Inside nested records and lists of them, too; a written value stays."""
    inner = Record((Field(name="a", type=Text(), default="x", doc=""), Field(name="b", type=Text(), doc="")))
    fields = (
        Field(name="one", type=inner, doc=""),
        Field(name="many", type=ListOf(inner), doc=""),
        Field(name="number", type=Integer(), default=1, doc=""),
        Field(name="off", type=Boolean(), default=False, doc=""),
    )

    assert with_defaults({"one": {"b": "y"}, "many": [{}, {"a": "z"}]}, fields) == {
        "one": {"a": "x", "b": "y"},
        "many": [{"a": "x"}, {"a": "z"}],
        "number": 1,
        "off": False,
    }
    assert with_defaults({"number": 0}, fields) == {"number": 0, "off": False}
