"""Reading YAML: text stays text, everything has a place, and hostile files cost a message and no more."""

from __future__ import annotations

import string
from collections.abc import Mapping
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler import document
from reconciler.document import BYTES_MAX, DEPTH_MAX, Node, parse
from reconciler.kinds.fields import plain
from reconciler.resource import Origin

FILE: Final = "specs/prueba.yaml"


def only(text: str) -> Node:
    """The one document of a right text."""
    nodes, findings = parse(text.encode(), FILE)
    assert findings == []
    (node,) = nodes
    return node


def codes(data: str | bytes) -> list[str]:
    """The codes of what is wrong with a file."""
    return [finding.code for finding in parse(data.encode() if isinstance(data, str) else data, FILE)[1]]


@pytest.mark.parametrize(
    "text",
    [
        "18:00",
        "+573001234567",
        "0573001",
        "no",
        "0010",
        "yes",
        "null",
        "~",
        "1e3",
        "0x1F",
        "1_000",
        "2026-12-01",
        ".inf",
        "12:30:45",
    ],
)
def test_a_scalar_is_the_text_that_was_written(text: str) -> None:
    """YAML 1.1 would make a number of minutes, an octal number, a boolean or nothing of these."""
    assert plain(only(f"a: {text}\nb: [{text}]\n")) == {"a": text, "b": [text]}


def test_quotes_and_blocks_are_forms_of_text() -> None:
    """Quoting decides where a text begins and ends, never what it is."""
    node = only("a: '0010'\nb: \"no\\tme\"\nc: |\n  uno\n  dos\nd: >\n  uno\n  dos\ne:\n")

    assert plain(node) == {"a": "0010", "b": "no\tme", "c": "uno\ndos\n", "d": "uno dos\n", "e": ""}


def test_every_node_has_its_place() -> None:
    """Lines and columns count from 1, as editors do; a key has its own place beside its value's."""
    node = only("# nota\nwindow:\n  - {from: 08:00,  to: 18:00}\ntags: [á, b]\n")
    entries = node.entries
    assert entries is not None
    slot = entries["window"].node.items
    assert slot is not None

    assert node.origin == Origin(FILE, 2, 1)
    assert entries["window"].key == Origin(FILE, 2, 1)
    assert entries["window"].node.origin == Origin(FILE, 3, 3)
    assert node.at(iter(["window", 0, "to"])).origin == Origin(FILE, 3, 24)
    assert node.at(iter(["tags", 1])).origin == Origin(FILE, 4, 11)


def test_a_path_that_does_not_exist_leads_as_far_as_it_can() -> None:
    """A mistake about what is missing is shown where it is missing."""
    node = only("window: {from: 08:00}\n")

    assert node.at(iter(["window", "to"])).origin == Origin(FILE, 1, 9)
    assert node.at(iter(["window", 0, "from"])).origin == Origin(FILE, 1, 16)  # a single item stands for a list of it
    assert node.at(iter(["window", 1, "from"])).origin == Origin(FILE, 1, 9)


def test_several_documents_keep_the_lines_of_their_file() -> None:
    """A file may hold any number of documents; empty ones are empty text."""
    nodes, findings = parse(b"a: 1\n---\nb: 2\n---\n---\n- c\n...\n", FILE)

    assert findings == []
    assert [plain(node) for node in nodes] == [{"a": "1"}, {"b": "2"}, "", ["c"]]
    assert [node.origin.line for node in nodes] == [1, 3, 5, 6]


@pytest.mark.parametrize("data", [b"", b"\n\n", b"# nada\n", b"\xef\xbb\xbf"])
def test_an_empty_file_wishes_nothing(data: bytes) -> None:
    """Neither a document nor a mistake."""
    assert parse(data, FILE) == ([], [])


def test_a_byte_order_mark_moves_no_place() -> None:
    """Windows editors put one in front; it is no part of the first key."""
    nodes, findings = parse(b"\xef\xbb\xbfkind: campaign\n", FILE)

    assert findings == []
    assert nodes[0].entries is not None
    assert nodes[0].entries["kind"].key == Origin(FILE, 1, 1)


def test_other_documents_of_a_broken_file_are_still_read() -> None:
    """What stands before the break is checked, too: all mistakes at once, as far as they can be seen."""
    nodes, findings = parse(b"a: 1\n---\nb: &x 2\n---\nc: 3\n", FILE)

    assert [plain(node) for node in nodes] == [{"a": "1"}]
    assert [(finding.code, finding.origin) for finding in findings] == [("YML003", Origin(FILE, 3, 4))]


def test_of_a_repeated_key_the_first_stays() -> None:
    """So that the rest of the document is still checked."""
    nodes, findings = parse(b"a: 1\nb: {c: 2, c: 3}\na: 4\n", FILE)

    assert [plain(node) for node in nodes] == [{"a": "1", "b": {"c": "2"}}]
    assert [(finding.code, finding.origin) for finding in findings] == [
        ("YML002", Origin(FILE, 2, 11)),
        ("YML002", Origin(FILE, 3, 1)),
    ]


HOSTILE: Final = {
    "open lists": "[" * 200_000,
    "open mappings": "{a: " * 200_000,
    "nested entries": "- " * 200_000,
    "nested keys": "? " * 200_000,
    "closing brackets": "]" * 200_000,
    "laughs": 'a: &a ["ja", "ja"]\n'
    + "".join(f"{n}: &{n} [*{o}, *{o}, *{o}]\n" for o, n in zip("abcdefg", "bcdefgh", strict=True)),
    "an alias of itself": "a: &a [*a]\n",
    "an alias to nothing": "a: *b\n",
    "tags": "!!python/object/new:os.system [true]\n",
    "a directive of tags": "%TAG ! tag:example.com,2026:\n---\na: !b c\n",
    "another YAML": "%YAML 3.0\n---\na: 1\n",
    "anchors": "".join(f"a{number}: &a{number} b\n" for number in range(40_000)),
    "merge keys": "a: {<<: {b: 1}}\n",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_file_is_one_finding(text: str) -> None:
    """No depth, reference or tag takes the process down, or its memory."""
    nodes, findings = parse(text.encode(), FILE)

    assert nodes == []
    assert len(findings) == 1
    assert findings[0].code.startswith("YML")
    assert findings[0].remedy


def test_the_depth_that_is_allowed_is_allowed() -> None:
    """One level more is a finding."""
    assert codes("[" * DEPTH_MAX + "]" * DEPTH_MAX) == []
    assert codes("[" * (DEPTH_MAX + 1) + "]" * (DEPTH_MAX + 1)) == ["YML007"]


def test_the_size_that_is_allowed_is_read() -> None:
    """One byte more is a finding."""
    line = "a{:07}: b\n"
    data = "".join(line.format(number) for number in range(BYTES_MAX // len(line.format(0)))).encode()
    data += b"#" * (BYTES_MAX - len(data))
    nodes, findings = parse(data, FILE)

    assert findings == []
    assert nodes[0].entries is not None
    assert len(nodes[0].entries) == 83_333
    assert codes(data + b"#") == ["YML006"]


@pytest.mark.parametrize(
    ("data", "line", "column"),
    [
        (b"a: b\n\0", 2, 1),
        ("# ñandú\na: 'ñ\x07'\n".encode(), 2, 6),
        ("a: \ud800".encode("utf-8", "surrogatepass"), 1, 1),
        (b"a: b\nc: \xff\n", 2, 1),
        ("a: \ufffe\n".encode(), 1, 4),
    ],
)
def test_characters_that_are_none_have_their_line(data: bytes, line: int, column: int) -> None:
    """Also where letters of several bytes stand before them."""
    _, (finding,) = parse(data, FILE)

    assert finding.origin == Origin(FILE, line, column)


def test_no_bytes_at_all_make_it_fail() -> None:
    """A file of every byte is a finding, not an exception."""
    assert codes(bytes(range(256))) == ["YML008"]


@settings(deadline=None)
@given(st.binary(max_size=200))
def test_any_bytes_are_documents_or_findings(data: bytes) -> None:
    """Never an exception, and every finding has its place."""
    _, findings = parse(data, FILE)

    for finding in findings:
        assert finding.origin is not None
        assert finding.origin.line >= 1


@settings(deadline=None)
@given(st.text(alphabet="ab:-[]{}&*!<>|'\"%#?, \n\t", max_size=80))
def test_any_text_of_signs_is_documents_or_findings(text: str) -> None:
    """The signs that mean something to YAML, in any order."""
    nodes, findings = parse(text.encode(), FILE)

    assert len(findings) <= 1 or all(finding.code == "YML002" for finding in findings[:-1])
    for node in nodes:
        assert node.origin.line <= text.count("\n") + 1


# A letter's case, a colon, a quote: whatever people may write into a name or a message.
TEXTS: Final = st.one_of(
    st.text(max_size=30).filter(lambda text: "\0" not in text),
    st.text(alphabet="abñ .:,#-?&*!|>'\"%@`{}[]\n\t0=~<\\", max_size=20),
    st.sampled_from(
        ["18:00", "+573001234567", "0573001", "no", "0010", "~", "null", "", " ", "- a", "a: b", "---", "...", "#", "'"]
    ),
)
NAMES: Final = st.one_of(
    st.text(alphabet=string.ascii_letters + "_", min_size=1, max_size=10), TEXTS.filter(lambda text: text != "<<")
)
VALUES: Final = st.recursive(
    TEXTS | st.integers() | st.booleans() | st.none(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=12,
)


def as_text(value: Any) -> Any:
    """A value as our reader gives it back: every scalar is text."""
    if isinstance(value, Mapping):
        return {str(key): as_text(item) for key, item in value.items()}
    if isinstance(value, list):
        return [as_text(item) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


@settings(deadline=None)
@given(st.lists(st.dictionaries(NAMES, VALUES, min_size=1, max_size=5), min_size=1, max_size=3))
def test_what_is_written_reads_back_the_same(documents: list[dict[str, Any]]) -> None:
    """`import` and `fmt` write documents: no name, number or message may become another by it."""
    text = document.write(documents)
    nodes, findings = parse(text.encode(), FILE)

    assert findings == []
    assert [plain(node) for node in nodes] == [as_text(written) for written in documents]


def test_written_documents_are_plain_where_they_can_be() -> None:
    """No quotes that a person would not have written."""
    text = document.write(
        [
            {"kind": "campaign", "window": [{"from": "08:00", "to": "18:00"}], "protect": True, "name": "no"},
            {"wolkvox": {"server": "0010", "labels": {}}},
        ]
    )

    assert text == (
        "kind: campaign\nwindow:\n  - from: 08:00\n    to: 18:00\nprotect: true\nname: no\n"
        "---\nwolkvox:\n  server: 0010\n  labels: {}\n"
    )
