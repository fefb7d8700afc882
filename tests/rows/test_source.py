"""Files: which may be read, in which forms, and what is said of those that cannot be."""

from __future__ import annotations

import csv
import gzip
import io
import os
import traceback
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reconciler.rows.engine import Engine
from reconciler.rows.errors import SourceBroken
from reconciler.rows.prepare import prepare
from reconciler.rows.reader import peek
from reconciler.rows.sheet import Column, Sheet
from tests.rows.conftest import RECORDS, Specs

PLAIN = "key,phone,name\n1,3001234567,Ana\n2,3011234567,Luis\n"
COLUMNS = {"key": "key", "phone": "phone", "name": "name"}


def broken(engine: Engine, specs: Specs, **fields: object) -> list[str]:
    """The findings of a source that cannot be read, as `CODE message`; none of them quotes a number."""
    with pytest.raises(SourceBroken) as raised:
        prepare(engine, specs(**fields))
    assert "3001234567" not in "".join(traceback.format_exception(raised.value))
    assert raised.value.__context__ is None
    assert all(finding.address and finding.origin for finding in raised.value.findings)
    return [f"{finding.code} {finding.message}" for finding in raised.value.findings]


def people(engine: Engine, specs: Specs, **fields: object) -> list[tuple[str, str, str]]:
    prepared = prepare(engine, specs(**fields))
    return sorted(engine.run(f"SELECT key, phone, name FROM {prepared.table}"))


ANA_AND_LUIS = [("1", "3001234567", "Ana"), ("2", "3011234567", "Luis")]


@pytest.mark.parametrize(
    "text",
    [
        PLAIN,
        PLAIN.replace(",", ";"),
        PLAIN.replace(",", "\t"),
        PLAIN.replace(",", "|"),
        PLAIN.replace("\n", "\r\n"),
        PLAIN.replace("\n", "\r"),
        "\n\r\n" + PLAIN,
        "\ufeff" + PLAIN,
        PLAIN.rstrip("\n"),
        PLAIN + "\n\n",
        '"key","phone","name"\n"1","3001234567","Ana"\n"2"," 3011234567 ",Luis\n',
        "key;name;phone\n1;Ana;300,123,45.67\n2;Luis;3011234567\n".replace(",", " ").replace(".", "-"),
    ],
)
def test_a_csv_is_read_however_it_is_written(engine: Engine, specs: Specs, text: str) -> None:
    """Delimiter, line ends, mark, quotes, blank lines and blanks around values make no difference."""
    assert peek(specs(text=text)) == []
    assert people(engine, specs, text=text) == ANA_AND_LUIS


def test_a_declared_delimiter_and_encoding_count(engine: Engine, specs: Specs) -> None:
    """Letters of Windows arrive as what they are."""
    text = "key:phone:name\n1:3001234567:Muñoz €\n".encode("cp1252")
    source = {"delimiter": ":", "encoding": "cp1252"}

    assert peek(specs(text=text, source=source)) == []
    assert people(engine, specs, text=text, source=source) == [("1", "3001234567", "Muñoz €")]
    assert people(engine, specs, text=text.replace(b"\x80", b""), source=source | {"encoding": "latin-1"})[0][2] == "Muñoz"


@pytest.mark.parametrize("encoding", ["cp1252", "latin-1"])
def test_utf8_that_is_declared_as_something_else_is_refused(engine: Engine, specs: Specs, encoding: str) -> None:
    """Each of its bytes is a letter there too, and nobody is called MuÃ±oz."""
    source = {"encoding": encoding}
    words = f"SRC002 '../data/people.csv': it is UTF-8, and the document says {encoding}"
    near = PLAIN + "3,3021234567,Muñoz\n"
    far = PLAIN + "3,3021234567,Munoz\n" * 20_000 + "4,3031234567,Muñoz\n"

    assert [f"{finding.code} {finding.message}" for finding in peek(specs(text=near, source=source))] == [words]
    assert broken(engine, specs, text=near, source=source) == [words]
    assert broken(engine, specs, text=far, source=source) == [words]
    assert list(engine.folder.iterdir()) == []
    assert prepare(engine, specs(text=far.encode("latin-1"), source=source)).rows == 4
    assert prepare(engine, specs(text=PLAIN, source=source)).rows == 2
    assert prepare(engine, specs(text=PLAIN.encode() + b"3,3021234567,Jos\xe9", source=source)).rows == 3
    mixed = far.encode() + "5,3041234567,Muñoz\n".encode("latin-1")
    assert prepare(engine, specs(text=mixed, source=source)).rows == 5


def test_json_lines_packed_files_and_inline_rows_are_read_alike(engine: Engine, specs: Specs) -> None:
    """Numbers of JSON are text; a packed csv is a csv; quotes and line ends inside values stay."""
    lines = b'{"key": 1, "phone": 3001234567, "name": "Ana"}\n\n{"phone": "3011234567", "name": "Luis", "key": "2", "x": [1]}\n'
    inline = [{"key": "1", "phone": "3001234567", "name": "Ana"}, {"key": "2", "phone": "3011234567", "name": "Luis"}]

    assert people(engine, specs, text=lines, name="people.jsonl") == ANA_AND_LUIS
    assert people(engine, specs, text=b"\xef\xbb\xbf" + lines, name="people.jsonl", columns=COLUMNS) == ANA_AND_LUIS
    assert people(engine, specs, text=gzip.compress(PLAIN.encode()), name="people.csv.gz") == ANA_AND_LUIS
    assert people(engine, specs, rows=inline) == ANA_AND_LUIS
    assert list(engine.folder.iterdir()) == []


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("key,phone\n1,3001234567\n2\n", "SRC002 '../data/people.csv', line 3: it has 1 cells and the header has 2"),
        ("key,phone\n1,3001234567\n2,3001234567,x\n", "SRC002 '../data/people.csv', line 3: it has 3 cells"),
        ('key,phone\n1,"3001234567\n2,3\n', "SRC002 '../data/people.csv', line 2: a quoted value is not closed"),
        ('\nkey,phone\n1,"30\n01"\n2,"3001234567"x\n', "SRC002 '../data/people.csv', line 5: a quoted value is not closed"),
        ("key,phone\n1,3001234567\x00\n", "SRC002 '../data/people.csv', line 2: it holds a NUL byte"),
        ("key,phone\n1,3001234567\n2,\xf1\n".encode("latin-1"), "SRC002 '../data/people.csv', line 3: it is not utf-8"),
        ("key,phone\n1,3001234567\n".encode("utf-16"), "SRC002 '../data/people.csv': it is UTF-16"),
        ("", "SRC003 '../data/people.csv' is empty"),
        ("\n \n", "SRC003 '../data/people.csv' is empty"),
        ("key,phone,phone\n1,3001234567,3\n", "SRC002 '../data/people.csv', line 1: the column 'phone' stands twice"),
        ("1,3001234567\n2,3011234567\n", "SRC002 '../data/people.csv', line 1: its first line looks like a row"),
        (",,\n1,3001234567,\n", "SRC002 '../data/people.csv', line 1: its header has no names"),
        ("key,phone\r\n1,3001234567\n2,3011234567\r\n", "SRC002 '../data/people.csv', line 2: lines end in different ways"),
        ("cedula,phone\n1,3001234567\n", "SRC001 the source has no column 'key'"),
    ],
)
def test_a_csv_that_cannot_be_read_whole_is_not_read_at_all(engine: Engine, specs: Specs, text: str | bytes, says: str) -> None:
    """With the file and the line, and without the line's content."""
    assert broken(engine, specs, text=text)[0].startswith(says)


def test_mistakes_far_below_the_head_are_found_when_rows_are_read(engine: Engine, specs: Specs) -> None:
    """`validate` looks at the head only; `plan` reads everything, and lists several broken lines."""
    good = "".join(f"{number},3001234567\n" for number in range(30_000))
    late = specs(text="key,phone\n" + good + "x\ny,1,2\n" + good)

    assert peek(late) == []
    found = broken(engine, specs, text="key,phone\n" + good + "x\ny,1,2\n" + good)
    assert [text.split(": ")[0] for text in found] == [
        "SRC002 '../data/people.csv', line 30,002",
        "SRC002 '../data/people.csv', line 30,003",
    ]
    for wrong, says in (
        (b"\x00\n", "line 30,002: it holds a NUL byte"),
        (b"x,\xff\n", "line 30,002: it is not utf-8"),
        (b'x,"3001234567\n', "line 30,002: a quoted value is not closed"),
    ):
        assert says in broken(engine, specs, text=b"key,phone\n" + good.encode() + wrong)[0]
    text = ("key,phone\n" + good).encode() + b"\x81,3001234567\n"
    assert "line 30,002: it is not cp1252" in broken(engine, specs, text=text, source={"encoding": "cp1252"})[0]
    packed = gzip.compress(("key,phone\n" + good).encode())
    assert "cannot be read to its end" in broken(engine, specs, text=packed[:-20], name="people.csv.gz")[0]


@pytest.mark.parametrize("far", [0, 30_000])
@pytest.mark.parametrize("delimiter", [",", ";", "|"])
@pytest.mark.parametrize(
    ("wrong", "why", "column"),
    [
        (b"x,3001234567,a\x00b\n", "it holds a NUL byte", 3),
        (b"\x00,3001234567,a\n", "it holds a NUL byte", 1),
        (b'"x, ""y""",3001234567,"a\x00"\n', "it holds a NUL byte", 3),
        (b"x,\xf13001234567,a\n", "it is not utf-8", 2),
        (b'x,3001234567,"Eva\n', "a quoted value is not closed, or goes on after its closing quote", 3),
        (b'x,"3001234567"0,Eva\n', "a quoted value is not closed, or goes on after its closing quote", 2),
        (b'x,3001234567,"Eva\n' + b"x" * 2_000_001 + b"\n", "the line is longer than 2,000,000 bytes", 0),
        (b"x,30" + b"1" * 2_000_001 + b",Eva\n", "the line is longer than 2,000,000 bytes", 2),
    ],
)
def test_the_column_of_what_is_wrong_is_told(
    engine: Engine, specs: Specs, wrong: bytes, why: str, column: int, delimiter: str, far: int
) -> None:
    """By its number; not where its line begins within quotes."""
    good = "key,phone,name\n" + "".join(f'k{number},3001234567,"Ana, ""la"" {number}"\n' for number in range(far))
    found = broken(engine, specs, text=(good.encode() + wrong + b"z,3001234567,Sol\n").replace(b",", delimiter.encode()))

    assert found[0].endswith(f": {why} (column {column})" if column else f": {why}")


@pytest.mark.parametrize("delimiter", ",;")
def test_a_long_cell_is_read_near_the_head_as_further_down(engine: Engine, specs: Specs, delimiter: str) -> None:
    """The standard reader, which looks at the head, has a limit of its own."""
    sheet = replace(RECORDS, columns=tuple(replace(column, length_max=0) for column in RECORDS.columns))
    text = (PLAIN + f'3,3021234567,"{"x, " * 50_000}"\n').replace(",", delimiter)

    assert peek(specs(text=text, sheet=sheet)) == []
    rows = prepare(engine, specs(text=text, sheet=sheet))
    assert engine.run(f"SELECT length(name) FROM {rows.table} WHERE key = '3'") == [(149_999,)]


@pytest.mark.parametrize(
    "more", ["900,3109999999,Perez, Ana,\n", '900,3109999999,Perez, Ana,""\n', "900,3109999999,Perez, Ana,\x1f\n"]
)
def test_a_row_with_an_empty_cell_too_many_is_refused_wherever_it_stands(engine: Engine, specs: Specs, more: str) -> None:
    """The engine alone would leave that cell away, and take what stands before it for what the header says."""
    text = "key,phone,name,opt1\n" + "".join(f"{n},{3_001_000_000 + n},Ana,\n" for n in range(299))

    assert prepare(engine, specs(text=text)).rows == 299
    found = broken(engine, specs, text=text + more + text.partition("\n")[2])
    assert found == ["SRC002 '../data/people.csv', line 301: it has 5 cells and the header has 4"]


ROW_LIKE = "see below\n" + "9,3009999999,Eva\n" * 6_000


def test_a_large_file_with_line_ends_in_quotes_is_read_whole(engine: Engine, specs: Specs) -> None:
    """Also where what stands in quotes looks like rows, and a thread of the engine begins in the middle of it."""
    text = "key,phone,name\n" + "".join(f'k{n},{3_001_000_000 + n},"{ROW_LIKE}"\n' for n in range(120))
    assert len(text) > 12_000_000
    sheet = replace(RECORDS, columns=tuple(replace(column, length_max=0) for column in RECORDS.columns))

    prepared = prepare(engine, specs(text=text, sheet=sheet))

    assert (prepared.in_source, prepared.rows, prepared.reasons) == (120, 120, {})
    assert engine.run(f"SELECT DISTINCT name FROM {prepared.table}") == [(ROW_LIKE.strip(),)]
    found = broken(engine, specs, text=text + "x,3009999999\n", sheet=sheet)
    assert found == ["SRC002 '../data/people.csv', line 720,242: it has 2 cells and the header has 3"]
    found = broken(engine, specs, text=text + 'x,3009999999,"Eva\n', sheet=sheet)
    assert found[0].startswith("SRC002 '../data/people.csv', line 720,242: a quoted value is not closed")


@pytest.mark.parametrize(
    ("text", "says"),
    [
        (b'{"key": "1", "phone": "3001234567"}\n{"key": "2",\n', "line 2: it is not a JSON object"),
        (b'{"key": "1", "phone": "3001234567"}\n["3001234567"]\n', "line 2: it is not a JSON object"),
        (b'{"key": "1", "phone": "3001234567"}\nnull\n', "line 2: it is not a JSON object"),
        (b'{"key": "1", "phone": "3001234567"} {"key": "2"}\n', "line 1: it is not a JSON object"),
        (b'{"key": "1", "phone": "3001234567", "phone": "3001234567"}\n', "line 1: a key stands twice"),
        (b'{"key": "1"}\n{"key": "1", "phone": ["3001234567"]}\n', "line 2: the column 'phone' holds a list or an object"),
        (b'{"key": {"a": "3001234567"}, "phone": []}\n', "line 1: the column 'key' holds a list or an object"),
        (b'{"key": "1", "phone": "3001234567\xff"}\n', "line 1: it is not utf-8"),
        (b'{"key": "1", "phone": "3001234567\x00"}\n', "line 1: it holds a NUL byte"),
        (b"\n", "is empty"),
    ],
)
def test_json_lines_that_are_not_whole_are_not_read_at_all(engine: Engine, specs: Specs, text: bytes, says: str) -> None:
    """One object a line, each key once, scalars in mapped columns."""
    assert says in broken(engine, specs, text=text, name="people.jsonl", columns={"key": "key", "phone": "phone"})[0]


def test_a_broken_line_far_down_in_json_lines_is_named(engine: Engine, specs: Specs) -> None:
    """Also where a line begins rightly and ends wrongly."""
    good = b'{"key": "1", "phone": "3001234567"}\n' * 20_000

    for wrong in (b'{"key": "2", "phone": 3001234567\n', b"3001234567\n"):
        found = broken(engine, specs, text=good + wrong + good, name="people.jsonl")
        assert "line 20,001: it is not a JSON object" in found[0]


def test_a_key_that_only_later_rows_have_is_a_column_too(engine: Engine, specs: Specs) -> None:
    """JSON lines have no header; nothing is lost because the first rows lack a key."""
    first = b'{"key": "%d", "phone": "3%09d"}\n'
    text = b"".join(first % (number, number) for number in range(3_000))
    text += b'{"key": "x", "phone": "3109999999", "name": "Ana"}\n'
    mapping = COLUMNS

    assert peek(specs(text=text, name="people.jsonl", columns=mapping)) == []
    prepared = prepare(engine, specs(text=text, name="people.jsonl", columns=mapping))
    assert engine.run(f"SELECT key FROM {prepared.table} WHERE name = 'Ana'") == [("x",)]
    assert "SRC001" in broken(engine, specs, text=text, name="people.jsonl", columns=mapping | {"name": "nombre"})[0]


def test_parquet_cells_are_written_plainly_or_in_the_format_asked_for(engine: Engine, specs: Specs, tmp_path: Path) -> None:
    """Whole floats lose their point, dates are ISO, formats are those of spreadsheets."""
    (tmp_path / "data").mkdir()
    engine.run(
        "COPY (SELECT 7::BIGINT AS k, 3001234567.0::DOUBLE AS tel, DATE '2026-03-09' AS d, -1234567.5::DOUBLE AS n, "
        "TIMESTAMP '2026-03-09 14:05:00' AS t, 12.50::DECIMAL(9,2) AS c, NULL::INTEGER AS e, true AS b) "
        f"TO '{tmp_path}/data/people.parquet' (FORMAT parquet)"
    )
    columns = {"key": "k", "phone": "tel"}

    def cell(column: str, pattern: str = "") -> str:
        wish = {"column": column, "format": pattern} if pattern else column
        prepared = prepare(engine, specs(name="people.parquet", columns=columns | {"name": wish}))
        return str(engine.one(f"SELECT phone || ' ' || name FROM {prepared.table}")).removeprefix("3001234567 ")

    assert cell("d") == "2026-03-09"
    assert cell("d", "dd/MM/yyyy") == "09/03/2026"
    assert cell("d", "d.M.yy") == "9.3.26"
    assert cell("t") == "2026-03-09T14:05:00"
    assert cell("t", "dd/MM HH:mm") == "09/03 14:05"
    assert cell("n") == "-1234567.5"
    assert cell("n", "#.##0") == "-1.234.568"
    assert cell("n", "#.##0,00") == "-1.234.567,50"
    assert cell("n", "0.0") == "-1234567.5"
    assert cell("c") == "12.50"
    assert cell("c", "#,##0.0") == "12.5"
    assert cell("e") == ""
    assert cell("b") == "true"
    for column, pattern in (("d", "#.##0"), ("n", "dd/MM/yyyy"), ("n", "#.##0.00"), ("b", "0"), ("d", "QQQ")):
        wish = columns | {"name": {"column": column, "format": pattern}}
        assert [finding.code for finding in peek(specs(name="people.parquet", columns=wish))] == ["SPC012"]


@pytest.mark.parametrize(
    ("value", "pattern", "shown"),
    [
        ("1e39::DOUBLE", "0", "1e+39"),
        ("-1e39::DOUBLE", "#.##0,00", "-1e+39"),
        ("3e38::FLOAT", "0", "3e+38"),
        (f"{'9' * 38}::DECIMAL(38, 0)", "0.00", "9" * 38),
        (f"{'9' * 38}::DECIMAL(38, 0)", "0", "9" * 38),
        ("NULL::DOUBLE", "0", ""),
        ("'inf'::DOUBLE", "0", ""),
    ],
)
def test_a_number_too_large_for_its_format_is_shown_as_it_is(
    engine: Engine, specs: Specs, tmp_path: Path, value: str, pattern: str, shown: str
) -> None:
    """It is one cell, and the others of the file are formatted."""
    (tmp_path / "data").mkdir()
    rows = f"SELECT 1 AS key, 3001234567 AS phone, {value} AS n UNION ALL SELECT 2, 3011234567, 5"
    engine.run(f"COPY ({rows}) TO '{tmp_path}/data/people.parquet' (FORMAT parquet)")
    columns = {"key": "key", "phone": "phone", "opt1": {"column": "n", "format": pattern}}

    prepared = prepare(engine, specs(name="people.parquet", columns=columns))

    assert engine.run(f"SELECT opt1 FROM {prepared.table} ORDER BY key")[0] == (shown,)
    assert engine.run(f"SELECT opt1 FROM {prepared.table} ORDER BY key")[1][0][0] == "5"


def test_what_is_not_parquet_is_said_to_be_none(engine: Engine, specs: Specs) -> None:
    """Before and while reading."""
    assert [finding.code for finding in peek(specs(text="3001234567", name="people.parquet"))] == ["SRC002"]
    assert "not a whole parquet file" in broken(engine, specs, text="3001234567", name="people.parquet")[0]


def test_paths_stay_inside_the_project_and_its_data_roots(specs: Specs, tmp_path: Path) -> None:
    """By where they really lead: dots and links are followed first."""
    root, outside = tmp_path / "project", tmp_path / "outside"
    (root / "specs").mkdir(parents=True)
    outside.mkdir()
    (outside / "people.csv").write_text(PLAIN)
    (root / "link.csv").symlink_to(outside / "people.csv")
    (root / "folder").symlink_to(outside)
    (root / "fine.csv").write_text(PLAIN)
    (root / "inner.csv").symlink_to(root / "fine.csv")
    here = {"folder": root / "specs", "root": root}

    def codes(file: str, **fields: object) -> list[str]:
        return [finding.code for finding in peek(specs(source={"file": file}, **(here | fields)))]

    for file in (
        "../../outside/people.csv",
        "../link.csv",
        "../folder/people.csv",
        str(outside / "people.csv"),
        "/etc/passwd.csv",
    ):
        assert codes(file) == ["PTH001"], file
    assert codes("../fine.csv") == codes("../inner.csv") == codes(str(root / "fine.csv")) == []
    assert codes(str(outside / "people.csv"), data_roots=(outside,)) == []
    assert codes("../../outside/people.csv", data_roots=(Path("../outside"),)) == []
    assert codes(str(tmp_path / "elsewhere.csv"), data_roots=(outside,)) == ["PTH001"]
    assert codes("../none.csv") == ["PTH002"]
    assert codes("../people.xlsx") == codes("../people") == codes("../people.parquet.gz") == ["SRC004"]
    os.mkfifo(root / "pipe.csv")
    (root / "folder.csv").mkdir()
    assert codes("../pipe.csv") == codes("../folder.csv") == ["SRC002"]


@pytest.mark.parametrize("name", ["it's; DROP TABLE x --.csv", "[a]*?.csv", 'quo"te.csv', "ñandú 人.csv", "here/{target}.csv"])
def test_names_of_files_are_never_patterns_or_statements(engine: Engine, specs: Specs, tmp_path: Path, name: str) -> None:
    """Quotes, semicolons and stars are letters; `{target}` is the target's name."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "a.csv").write_text("key,phone,name\n9,3109999999,Otra\n")

    spec = specs(text=PLAIN, name=name.format(target="here") if "{target}" in name else name)
    spec = specs(source={"file": f"../data/{name}"})

    assert peek(spec) == []
    assert prepare(engine, spec).rows == 2


def test_names_of_columns_are_never_statements(engine: Engine, specs: Specs) -> None:
    """Whatever a header holds is a name, in csv and in JSON lines."""
    hostile = "a\"b'; DROP TABLE x; --/~ñ人"
    header = hostile.replace('"', '""')
    mapping = {"key": "key", "phone": "phone", "name": hostile}

    assert people(engine, specs, text=f'key,phone,"{header}"\n1,3001234567,Ana\n', columns=mapping) == ANA_AND_LUIS[:1]
    rows = [{"key": "1", "phone": "3001234567", hostile: "Ana", hostile.upper(): "other"}]
    assert people(engine, specs, rows=rows, columns=mapping) == ANA_AND_LUIS[:1]


CELLS = st.text(st.sampled_from(list("ab1,;\"' \n\r#\\")), max_size=6)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.lists(CELLS, min_size=2, max_size=2), max_size=6), st.lists(st.sampled_from(["\n", "\r\n", "\r"]), min_size=1)
)
def test_a_csv_is_read_as_it_was_written_or_not_at_all(
    engine: Engine, specs: Specs, cells: list[list[str]], ends: list[str]
) -> None:
    """Whatever cells hold and lines end with: every row arrives with its cells, or the file is refused."""
    out = io.StringIO(newline="")
    for place, row in enumerate([["key", "name"], *cells]):
        csv.writer(out, lineterminator=ends[place % len(ends)]).writerow(row)
    sheet = Sheet(columns=(Column(name="key"), Column(name="name")), identity=("key",), readable=True)
    spec = specs(text=out.getvalue(), sheet=sheet, source={"delimiter": ","})
    try:
        raw = None if peek(spec) else prepare(engine, spec)
    except SourceBroken:
        return
    if raw is not None:
        assert raw.in_source == len(cells)
        found = set(engine.run(f"SELECT key, name FROM {raw.table}"))
        assert found <= {(key.strip(" \r\n"), name.strip(" \r\n")) for key, name in cells}
        assert {key for key, _ in found} == {key.strip(" \r\n") for key, _ in cells} - {""}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(st.sampled_from(list('ab1,"\n\r ')), max_size=40), st.sampled_from([0, 300]))
@example("1,a,\n", 300)
def test_any_text_is_read_like_the_standard_reader_or_not_at_all(engine: Engine, specs: Specs, text: str, before: int) -> None:
    """Broken csv never loses a row silently: what is accepted has as many rows as Python's own strict reader finds, each of
    the header's width; also below the head."""
    # The engine takes a blank beside a quote for nothing, which the standard reader, and so the head, does not.
    text = "k,n\n" * before + (text.replace(" ", "") if before else text)
    spec = specs(
        text="key,name\n" + text,
        sheet=Sheet(columns=(Column(name="key"), Column(name="name")), identity=("key",), readable=True),
        source={"delimiter": ","},
    )
    try:
        prepared = None if peek(spec) else prepare(engine, spec)
    except SourceBroken:
        return
    if prepared is not None:
        rows = [row for row in csv.reader(io.StringIO(text, newline=""), strict=True) if row]
        assert prepared.in_source == len(rows)
        assert {len(row) for row in rows} <= {2}
