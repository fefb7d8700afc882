"""Any small table, written in any form, order and packing and split over files, is the same list: a plain oracle says which."""

from __future__ import annotations

import csv
import gzip
import io
import json
import tempfile
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, Literal, TypeAlias

import duckdb
import zstandard
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.resource import Address, Origin
from reconciler.rows import digest
from reconciler.rows.engine import Engine
from reconciler.rows.prepare import prepare
from reconciler.rows.reader import peek
from reconciler.rows.spec import RowsSpec
from tests.rows.conftest import KEY, RECORDS, digest_of

Row: TypeAlias = tuple[str, str, str]

COLUMNS: Final = ("key", "phone", "name")
NUMBERS: Final = {
    "3001234567": "3001234567",
    "+57 301 123 4567": "3011234567",
    "300-123-45-67": "3001234567",
    " 3021234567 ": "3021234567",
}
WRONG: Final = {"": "empty phone", "12": "number", "5.69667E+10": "scientific notation", "3001234567.0": "decimal number"}
ROWS: Final = st.lists(
    st.tuples(
        st.sampled_from(["", "1", "2", " 2 ", "3", "ñ", "5", "6"]),
        st.sampled_from([*NUMBERS, *WRONG]),
        st.sampled_from(["", "Ana", 'Lu"is', "a,b;c|d", " Ñandú ", "l1\nl2", "\\", "null", "01"]),
    ),
    max_size=12,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to write a table."""

    form: str
    packing: str
    delimiter: str
    encoding: str
    line_end: str
    mark: bool
    quoted: Literal[0, 1]
    bare_empties: bool


WAYS: Final = st.builds(
    Way,
    form=st.sampled_from(["csv", "jsonl", "parquet", "inline"]),
    packing=st.sampled_from(["", ".gz", ".zst"]),
    delimiter=st.sampled_from(",;\t|"),
    encoding=st.sampled_from(["utf-8", "cp1252", "latin-1"]),
    line_end=st.sampled_from(["\n", "\r\n"]),
    mark=st.booleans(),
    quoted=st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
    bare_empties=st.booleans(),
)


def oracle(rows: list[Row]) -> tuple[dict[str, int], int, set[Row]]:
    """Invalid rows by reason, duplicates, and the rows that stay: by content, unless one before has the key or the number."""
    reasons: Counter[str] = Counter()
    whole: list[tuple[bytes, Row]] = []
    for key, phone, name in ((key.strip(), phone, name.strip()) for key, phone, name in rows):
        if not key or phone in WRONG:
            reasons["no key" if not key else WRONG[phone]] += 1
            continue
        number = NUMBERS[phone]
        said = [("_id", key), ("key", key), ("name", name), ("phone", number)]
        text = "content\x1f" + "".join(f"{what}:{len(value.encode())}:{value}" for what, value in said if value)
        whole.append((digest.keyed(KEY, text), (key, number, name)))
    stay: set[Row] = set()
    keys: set[str] = set()
    numbers: set[str] = set()
    for _, row in sorted(whole):
        if row[0] not in keys and row[1] not in numbers:
            stay.add(row)
            keys.add(row[0])
            numbers.add(row[1])
    return dict(reasons), len(whole) - len(stay), stay


def written(path: Path, rows: list[Row], order: list[int], way: Way) -> None:
    """A table into a file, its columns in the given order."""
    if way.form == "parquet":
        names = ", ".join(f"column{place} AS {COLUMNS[place]}" for place in order)
        cells = [[None if way.bare_empties and not cell else cell for cell in row] for row in rows or [("", "", "")]]
        marks = ", ".join("(?::VARCHAR, ?::VARCHAR, ?::VARCHAR)" for _ in cells)
        table = f"(SELECT {names} FROM (VALUES {marks}) v(column0, column1, column2) LIMIT {len(rows)})"
        duckdb.execute(f"COPY {table} TO '{path}' (FORMAT parquet)", [cell for row in cells for cell in row])
        return
    if way.form == "csv":
        out = io.StringIO(newline="")
        writer = csv.writer(out, delimiter=way.delimiter, lineterminator=way.line_end, quoting=way.quoted)
        writer.writerow([COLUMNS[place] for place in order])
        writer.writerows([row[place] for place in order] for row in rows)
        data = out.getvalue().encode("utf-8-sig" if way.mark and way.encoding == "utf-8" else way.encoding)
    else:
        objects = [{COLUMNS[place]: row[place] for place in order if row[place] or not way.bare_empties} for row in rows]
        text = "".join(json.dumps(row, ensure_ascii=way.mark) + way.line_end for row in objects)
        data = text.encode()
    packed = {"": data, ".gz": gzip.compress(data), ".zst": zstandard.ZstdCompressor().compress(data)}
    path.write_bytes(packed[way.packing])


@settings(max_examples=40)
@given(rows=ROWS, way=WAYS, data=st.data())
def test_the_way_in_which_a_table_is_written_makes_no_difference(rows: list[Row], way: Way, data: st.DataObject) -> None:
    """Rows, reasons, duplicates and the digest are those of the table."""
    reasons, twice, stay = oracle(rows)
    with tempfile.TemporaryDirectory() as name, Engine(key=KEY, memory="512MB") as engine:
        root = Path(name)
        source: dict[str, object] = {"rows": [dict(zip(COLUMNS, row, strict=True)) for row in rows]}
        plain = digest_of(engine, prepare(engine, made(root, source)))
        if way.form != "inline":
            mixed = data.draw(st.permutations(rows))
            cut = data.draw(st.lists(st.integers(0, len(rows)), max_size=3).map(sorted))
            parts = [mixed[first:last] for first, last in zip([0, *cut], [*cut, len(rows)], strict=True)]
            if way.form == "jsonl":  # without rows it would be an empty file, which is a mistake
                parts = [part for part in parts if part] or [[("", "", "")]]
                rows = [row for part in parts for row in part]
                reasons, twice, stay = oracle(rows)
                if not all(any(column) for column in zip(*rows, strict=True)):  # the source would not have the column at all
                    way = replace(way, bare_empties=False)
            ending = f".{way.form}{way.packing if way.form != 'parquet' else ''}"
            for place, part in enumerate(parts):
                order = data.draw(st.permutations(range(3)))
                written(root / f"{data.draw(st.integers(0, 99))}-{place}{ending}", part, order, way)
            source = {"file": f"*{ending}", "encoding": way.encoding if way.form == "csv" else "utf-8"}
        spec = made(root, source)

        assert peek(spec) == []
        found = prepare(engine, spec)

        assert found.in_source == len(rows)
        assert found.reasons == reasons
        assert found.out.get("duplicate", 0) == twice
        assert set(engine.run(f"SELECT key, phone, name FROM {found.table}")) == stay
        assert digest_of(engine, found) == plain
        assert list(engine.folder.iterdir()) == []


def made(root: Path, source: dict[str, object]) -> RowsSpec:
    """A document with that source."""
    return RowsSpec(
        address=Address("here", "contacts", "list"),
        sheet=RECORDS,
        source=source,
        columns={name: name for name in COLUMNS},
        folder=root,
        root=root,
        target="here",
        country="CO",
        phone_format="national",
        origin=Origin("list.yaml", 1),
    )
