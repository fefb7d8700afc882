"""No row that any list matches is in an upload, however numbers are written; and a longer list never reaches more people.

The oracle knows the lines by themselves: it spells them, and never reads a number.
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.resource import Address, Origin
from reconciler.rows.compare import Compared, compare
from reconciler.rows.engine import Engine
from reconciler.rows.kept import KeptColumns
from reconciler.rows.lists import read_list
from reconciler.rows.prepare import prepare
from reconciler.rows.sheet import Sheet, Verb
from reconciler.rows.spec import RowsSpec
from reconciler.rows.suppress import suppress
from tests.rows.conftest import KEY, RECORDS

# How people write a mobile of eight digits `n` in each country: as rows have it, and as lists may.
ROWS = {"CO": "30{n}", "MX": "55{n}", "AR": "+549 11 {n}", "BR": "+55 11 9{n}", "CL": "+569{n}"}
LISTS = {
    "CO": ("30{n}", "+57 30{n}", "5730{n}", "(30{n})", "030{n}", "0057 30{n}", "+57-30{n}", "30{n}.0", " 30{n} "),
    "MX": ("55{n}", "+52 55 {n}", "+521 55{n}", "52155{n}", "044 55 {n}", "045 55{n}", "01 55{n}", "(55) {n}"),
    "AR": ("+54911{n}", "+5411{n}", "11 15 {n}", "011 15-{n}", "54 9 11 {n}", "5411{n}", "11{n}", "0054 9 11{n}"),
    "BR": ("+55119{n}", "119{n}", "(11) 9{n}", "+5511{n}", "11{n}", "5511{n}", "0 11 9{n}", "+55 11 9 {n}"),
    "CL": ("+569{n}", "9{n}", "569{n}", "09 {n}", "00569{n}", "+56 (9) {n}", "9{n},0"),
}


@dataclass(frozen=True)
class Row:
    """A row: the lines of its numbers, the first one its main number, and whose it is."""

    lines: tuple[int, ...]
    person: str


def digits(line: int) -> str:
    """Eight digits of a line, which begin as mobiles do."""
    return f"8{line:02d}{(line * 37_813 + 12_345) % 100_000:05d}"


rows = st.lists(
    st.builds(
        Row,
        lines=st.lists(st.integers(0, 14), min_size=1, max_size=2, unique=True).map(tuple),
        person=st.sampled_from(["", "", "ana", "luis"]),
    ),
    min_size=1,
    max_size=8,
)
entries = st.lists(st.tuples(st.integers(0, 14), st.integers(0, 8)), max_size=4)


def upload(
    engine: Engine, root: Path, country: str, wished: Sequence[Row], lists: Sequence[tuple[bool, Sequence[tuple[int, int]]]]
) -> Compared:
    """What the engine would send, past lists (register?, entries) whose entries lie in a file each."""
    written = [
        {"key": f"K{place}", "person": row.person}
        | {name: ROWS[country].format(n=digits(line)) for name, line in zip(("phone", "phone2"), row.lines, strict=False)}
        for place, row in enumerate(wished)
    ]
    place: dict[str, Any] = {"folder": root, "root": root, "country": country, "origin": Origin("a.yaml")}
    address = Address("here", "contacts", "base")
    prepared = prepare(engine, RowsSpec(address=address, sheet=RECORDS, source={"rows": written}, phone_format="e164", **place))
    own: list[tuple[str, str]] = []
    registers: list[tuple[str, str]] = []
    for number, (register, listed) in enumerate(lists):
        (root / f"list-{number}").mkdir(exist_ok=True)
        spelled = [LISTS[country][form % len(LISTS[country])].format(n=digits(line)) for line, form in listed]
        for file, text in enumerate(spelled or [""]):
            (root / f"list-{number}" / f"{file}.csv").write_text(f'numero\n"{text}"\n', "utf-8")
        spec = RowsSpec(
            address=Address("policies", "suppress", f"list-{number}"),
            sheet=Sheet(columns=(), identity=(), readable=False, others=True),
            source={"file": f"list-{number}/*.csv"},
            **place,
        )
        (registers if register else own).append(
            (f"suppress:{number}", read_list(engine, spec, "", KeptColumns(root / "c")).table)
        )
    suppress(engine, prepared, own)
    suppress(engine, prepared, registers, registers=[reason for reason, _ in registers])
    return compare(engine, prepared, live=None, container="here", generation=1)


@settings(max_examples=40)
@given(
    country=st.sampled_from(sorted(ROWS)),
    wished=rows,
    lists=st.lists(st.tuples(st.booleans(), entries), min_size=1, max_size=3),
    more=st.tuples(st.integers(0, 14), st.integers(0, 8)),
)
def test_nobody_on_a_list_is_in_an_upload(
    country: str,
    wished: list[Row],
    lists: list[tuple[bool, list[tuple[int, int]]]],
    more: tuple[int, int],
) -> None:
    """Whatever the formats, the kinds of lists, their number and order; and one entry more reaches nobody more."""
    with tempfile.TemporaryDirectory() as folder, Engine(key=KEY, memory="512MB") as engine:
        found = upload(engine, Path(folder), country, wished, lists)
        longer = [
            (register, [*listed, more]) if not place else (register, listed) for place, (register, listed) in enumerate(lists)
        ]
        after = upload(engine, Path(folder), country, wished, longer)
        sent = [dict(row) for batch in found.feed.batches(Verb.ADD, 100) for row in batch.rows]

    listed = {line for _, every in lists for line, _ in every}
    own = {line for register, every in lists if not register for line, _ in every}
    whole = {loaded["key"] for loaded in sent}
    for loaded in sent:
        told = "".join(loaded.get(name, "") for name in ("phone", "phone2"))
        assert not [line for line in listed if digits(line) in told]
    persons = {row.person for row in wished if row.person and own & {*row.lines} and _first(wished, row)}
    for place, row in enumerate(wished):
        if f"K{place}" in whole:
            assert not own & {*row.lines}
            assert row.person not in persons
    assert after.diff.people <= found.diff.people


def _first(wished: Sequence[Row], row: Row) -> bool:
    """Whether no other row shares its main number: of those that do, one is taken before lists are looked at."""
    return sum(other.lines[0] == row.lines[0] for other in wished) == 1
