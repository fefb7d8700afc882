"""Lists that nobody may be on: read whole or not at all, kept as prepared columns, and never trusted when damaged."""

from __future__ import annotations

import gzip
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.resource import Address, Origin
from reconciler.rows import digest, kept, left
from reconciler.rows.engine import Engine
from reconciler.rows.errors import SourceBroken
from reconciler.rows.kept import KeptColumns
from reconciler.rows.lists import NumberList, read_list
from reconciler.rows.prepare import prepare
from reconciler.rows.sheet import Sheet
from reconciler.rows.spec import RowsSpec
from reconciler.rows.suppress import suppress, take
from tests.rows.conftest import KEY, RECORDS, Specs
from tests.rows.test_prepare import row, shown

Read = Callable[..., NumberList]


@pytest.fixture
def read(engine: Engine, tmp_path: Path) -> Read:
    """Write a list's file and read it."""

    def done(
        text: str | bytes = "",
        name: str = "list.csv",
        *,
        column: str = "",
        country: str = "CO",
        folder: str = "cache",
        **source: str,
    ) -> NumberList:
        if text:
            (tmp_path / name).write_bytes(text.encode() if isinstance(text, str) else text)
        return read_list(engine, spec(tmp_path, name, country=country, **source), column, KeptColumns(tmp_path / folder))

    return done


def spec(root: Path, name: str, *, country: str = "CO", **source: str) -> RowsSpec:
    return RowsSpec(
        address=Address("policies", "suppress", "own"),
        sheet=Sheet(columns=(), identity=(), readable=False, others=True),
        source={"file": name, "encoding": "utf-8", **source},
        folder=root,
        root=root,
        country=country,
        origin=Origin("reconciler.yaml", 12),
    )


def entries(engine: Engine, found: NumberList) -> tuple[list[int], list[str]]:
    """The numbers and the last digits of a list."""
    rows = engine.run(f"SELECT number, tail FROM {found.table} ORDER BY number, tail")
    return [number for number, _ in rows if number], [tail for number, tail in rows if number is None]


def said(read: Read, *words: object, **more: object) -> list[tuple[str, str]]:
    with pytest.raises(SourceBroken) as broken:
        read(*words, **more)
    return [(finding.code, finding.message) for finding in broken.value.findings]


@pytest.mark.parametrize(
    "text",
    [
        "telefono\n+57 300 123 4567\n(601) 234-5678\n",
        "telefono\n3001234567\n003001234567\n6012345678\n\n",
        'telefono;x\n"3001234567";1\n57 601 2345678;2\n',
        'telefono\n3001234567.0\n"6012345678,00"\n',
    ],
)
def test_numbers_are_one_however_they_are_written(engine: Engine, read: Read, text: str) -> None:
    found = read(text, column="telefono")

    numbers, tails = entries(engine, found)
    assert {573001234567, 576012345678} <= {*numbers}
    assert found.unparsable == len(tails) == found.count - len(numbers)


def test_every_form_of_file_gives_the_same_list(engine: Engine, read: Read, tmp_path: Path) -> None:
    """Numbers as text and as integers, packed or not, in one file or in several."""
    text = "telefono\n3001234567\n3011234567\n"
    engine.run(f"COPY (SELECT unnest([3001234567, 3011234567]) AS telefono) TO '{tmp_path / 'ints.parquet'}' (FORMAT parquet)")
    engine.run(
        f"COPY (SELECT unnest([3001234567.0, 3011234567]::DOUBLE[]) AS t) TO '{tmp_path / 'floats.parquet'}' (FORMAT parquet)"
    )
    read("telefono\n3011234567\n", "part-1.csv")
    read("telefono\n3001234567\n", "part-2.csv")
    lists = [
        read(text),
        read(gzip.compress(text.encode()), "list.csv.gz"),
        read('{"telefono": "3001234567"}\n{"telefono": 3011234567}\n', "list.jsonl"),
        read("\ufefftelefono\r\n3001234567\r\n3011234567\r\n", "bom.csv"),
        read(name="ints.parquet"),
        read(name="floats.parquet"),
        read(name="part-*.csv"),
    ]

    assert [entries(engine, one) for one in lists] == [([573001234567, 573011234567], [])] * len(lists)
    assert [one.count for one in lists] == [2] * len(lists)
    assert len({one.digest for one in lists}) == len(lists)


def test_a_large_list_with_line_ends_in_quotes_is_read_whole(engine: Engine, read: Read) -> None:
    """What stands in quotes may look like rows, and is none."""
    notes = "see below\n" + "3009999999,x\n" * 8_000
    found = read("telefono,notes\n" + "".join(f'{3_001_000_000 + n},"{notes}"\n' for n in range(120)), column="telefono")

    assert entries(engine, found) == ([573_001_000_000 + n for n in range(120)], [])


def test_a_value_that_is_no_number_of_any_length_ends_the_reading(engine: Engine, read: Read, tmp_path: Path) -> None:
    """Before its rows are made."""
    long = "CASE i WHEN 5 THEN repeat('1', 1_000_001) ELSE '3001234567' END AS t"
    engine.run(f"COPY (SELECT {long} FROM range(10) r(i)) TO '{tmp_path / 'long.parquet'}' (FORMAT parquet)")

    words = "'long.parquet': the column 't' holds a value of more than 1,000,000 bytes"
    assert said(read, name="long.parquet") == [("SRC002", words)]


def test_one_line_in_two_forms_is_one_entry(engine: Engine, read: Read) -> None:
    """Argentina's mobiles with and without their 9, Brazil's with and without theirs."""
    assert read("t\n+5491123456789\n+541123456789\n", "ar.csv", country="AR").count == 1
    assert read("t\n+5511987654321\n", "br.csv", country="BR").count == 1
    assert entries(engine, read("t\n+52 1 55 1234 5678\n", "mx.csv", country="MX")) == ([], ["12345678"])


def test_what_is_no_number_blocks_on_its_last_digits_and_is_counted(engine: Engine, read: Read) -> None:
    found = read("t\n999 0000 01234567\n123-4568\nsomeone\n3001234567\n")

    assert (found.count, found.unparsable, found.useless) == (4, 3, 1)
    assert entries(engine, found) == ([573001234567], ["01234567", "1234568", None])


def test_a_number_that_has_lost_digits_spoils_the_list(read: Read, engine: Engine, tmp_path: Path) -> None:
    """Whom it means cannot be known: file, line and remedy are told, and no entry is shown."""
    text = "t,x\n3001234567,a\n5.73001E+11,b\n3011234567,c\n5.73002E+11,d\n"
    words = "'list.csv', line 3: 2 numbers were written as 5.69667E+10, which has lost digits"
    assert said(read, text, column="t") == [("SUP012", words)]
    packed = '{"t": "3001234567"}\n\n{"t": "5,7E+11"}\n'
    assert said(read, packed, "list.jsonl") == [
        ("SUP012", "'list.jsonl', line 3: 1 numbers were written as 5.69667E+10, which has lost digits")
    ]
    bare = '{"t": 3001234567.0}\n{"t": 5.73001E+11}\n'
    assert said(read, bare, "bare.jsonl") == [
        ("SUP012", "'bare.jsonl', line 2: 1 numbers were written as 5.69667E+10, which has lost digits")
    ]
    engine.run(f"COPY (SELECT 573001200000::DOUBLE AS t) TO '{tmp_path / 'lost.parquet'}' (FORMAT parquet)")
    assert said(read, name="lost.parquet") == [
        ("SUP012", "'lost.parquet': 1 numbers were written as 5.69667E+10, which has lost digits")
    ]


def test_a_list_that_is_not_there_or_not_whole_ends_everything(read: Read, tmp_path: Path) -> None:
    assert [code for code, _ in said(read, name="none.csv")] == ["PTH002"]
    assert [code for code, _ in said(read, name="../none.csv")] == ["PTH001"]
    assert [code for code, _ in said(read, "\n", "empty.csv")] == ["SRC003"]
    assert [code for code, _ in said(read, 't\n"3001234567\n', "quote.csv")] == ["SRC002"]
    assert [code for code, _ in said(read, gzip.compress(b"t\n3001234567\n")[:-9], "cut.csv.gz")] == ["SRC002"]
    assert [code for code, _ in said(read, "3001234567\n3011234567\n", "bare.csv")] == ["SRC002"]


def test_the_column_is_named_or_the_only_one(read: Read) -> None:
    assert said(read, "a,b\n1,3001234567\n") == [
        ("SUP013", "the list has 2 columns, and nobody says which one holds the numbers")
    ]
    assert said(read, "telefono,b\n1,3001234567\n", column="telefon") == [("SRC001", "the list has no column 'telefon'")]
    assert read("telefono\n3001234567\n", "one.csv").count == 1
    assert read("telefono\n", "none.csv").count == 0


def test_a_first_row_of_people_is_never_quoted_as_a_header(read: Read) -> None:
    """A list without a header: what stands there may be somebody's name."""
    for column, code in (("", "SUP013"), ("telefono", "SRC001")):
        with pytest.raises(SourceBroken) as broken:
            read("Ana Ruiz,x1\nEva Sol,y2\n", column=column)
        (found,) = broken.value.findings
        assert found.code == code
        assert found.remedy
        assert "Ana" not in found.message + found.remedy

    with pytest.raises(SourceBroken) as broken:
        read("telefono,motivo\n3001234567,x\n")
    assert "motivo, telefono" in broken.value.findings[0].remedy or "telefono, motivo" in broken.value.findings[0].remedy


# --- prepared columns


def test_a_prepared_column_is_used_again_and_says_the_same(
    engine: Engine, read: Read, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = read("t\n3001234567\n123-4568\n")
    monkeypatch.setattr("reconciler.rows.lists._read", lambda *_: pytest.fail("the file was read again"))

    second = read()

    assert replace(second, table="") == replace(first, table="")
    assert entries(engine, second) == entries(engine, first) == ([573001234567], ["1234568"])


def test_it_is_readable_by_its_owner_alone_and_shows_no_number_in_its_name(read: Read, tmp_path: Path) -> None:
    read("t\n3001234567\n")

    (path,) = (tmp_path / "cache").iterdir()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert "3001234567" not in path.name


@pytest.mark.parametrize("other", [{"country": "MX"}, {"column": "t"}, {"delimiter": ";"}])
def test_another_way_of_reading_is_another_column(read: Read, tmp_path: Path, other: dict[str, str]) -> None:
    read("t\n3001234567\n")
    (before,) = (tmp_path / "cache").iterdir()
    read(**other)

    (after,) = (tmp_path / "cache").iterdir()
    assert after.name != before.name


def test_only_the_newest_column_of_a_list_stays_and_none_of_a_list_that_went(read: Read, tmp_path: Path) -> None:
    read("t\n3001234567\n")
    read("t\n3011234567\n")
    cache = tmp_path / "cache"
    assert len(list(cache.iterdir())) == 1

    KeptColumns(cache).only(["own"])
    assert len(list(cache.iterdir())) == 1
    KeptColumns(cache).only(["other"])
    assert not list(cache.iterdir())


@pytest.mark.parametrize("place", [0.0, 0.1, 0.5, 0.9, 1.0])
def test_a_damaged_column_is_made_again(engine: Engine, read: Read, tmp_path: Path, place: float) -> None:
    read("t\n" + "".join(f"300123{index:04d}\n" for index in range(2_000)))
    (path,) = (tmp_path / "cache").iterdir()
    data = bytearray(path.read_bytes())
    data[int(place * (len(data) - 1))] ^= 1
    path.write_bytes(data)

    assert len(entries(engine, read())[0]) == 2_000
    assert path.read_bytes() != bytes(data)


def test_a_column_that_somebody_else_made_is_not_trusted(read: Read, tmp_path: Path, engine: Engine) -> None:
    """A restored cache of another project, whose journal has another key, may say that nobody is on the list."""
    text = "t\n3001234567\n"
    (tmp_path / "list.csv").write_text(text)
    with Engine(key=bytes(32), memory="512MB") as other:
        read_list(other, spec(tmp_path, "list.csv"), "", KeptColumns(tmp_path / "cache"))
    (foreign,) = (tmp_path / "cache").iterdir()

    assert read().count == 1
    assert [path.name for path in (tmp_path / "cache").iterdir()] != [foreign.name]


def test_a_link_in_the_place_of_a_column_is_not_followed(engine: Engine, read: Read, tmp_path: Path) -> None:
    """Not even to the column itself: it may lead to a file that never ends."""
    read("t\n3001234567\n")
    (path,) = (tmp_path / "cache").iterdir()
    path.rename(tmp_path / "elsewhere")
    path.symlink_to(tmp_path / "elsewhere")

    assert entries(engine, read()) == ([573001234567], [])
    (again,) = (tmp_path / "cache").iterdir()
    assert not again.is_symlink()


def test_numbers_are_kept_where_only_their_owner_looks(read: Read, tmp_path: Path) -> None:
    """In a folder that was open to others before, and in none that is somewhere else."""
    (tmp_path / "open").mkdir(mode=0o755)
    (tmp_path / "public").mkdir()
    (tmp_path / "link").symlink_to("public")

    assert read("t\n3001234567\n", folder="open").count == 1
    assert stat.S_IMODE((tmp_path / "open").stat().st_mode) == 0o700
    assert read("t\n3001234567\n", folder="link").count == 1
    assert list((tmp_path / "public").iterdir()) == []


def test_a_folder_that_cannot_be_written_is_no_failure(engine: Engine, read: Read, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("here is no folder")

    assert entries(engine, read("t\n3001234567\n", folder="file")) == ([573001234567], [])


def test_other_rules_make_another_column(read: Read, monkeypatch: pytest.MonkeyPatch) -> None:
    before = kept.Reading(name="own", digest="d").key
    monkeypatch.setattr(kept, "RULES", kept.RULES + 1)

    assert kept.Reading(name="own", digest="d").key != before


# --- against rows


def test_a_read_list_takes_rows_like_any_other(engine: Engine, specs: Specs, read: Read) -> None:
    rows = [row("1"), row("2", "3011234567"), row("3", "3021234568"), row("4", "3031234567", phone2="3001234567")]
    prepared = prepare(engine, specs(rows=rows))

    assert suppress(engine, prepared, [("suppress:own", read("t\n3001234567\n21234568\n").table)]) == {"suppress:own": 3}
    assert shown(engine, prepared, "key") == [("2",)]


def test_who_was_left_out_is_kept_by_reason_as_the_journal_names_them(engine: Engine, specs: Specs, read: Read) -> None:
    """Own lists with every row of their persons, registers with the rows that have no number left."""
    rows = [
        row("1") | {"person": "ana"},
        row("2", "3011234567") | {"person": "ana"},
        row("3", "3021234567", phone2="3031234567"),
        row("4", "3041234567"),
        row("5", "3051234567"),
    ]
    prepared = prepare(engine, specs(rows=rows))
    own, register = read("t\n3001234567\n", "own.csv").table, read("t\n3021234567\n3041234567\n", "rne.csv").table

    suppress(engine, prepared, [("suppress:own", own), ("suppress:rne", register)], registers=("suppress:rne",))

    def packed(reason: str, rows_max: int = 10) -> list[bytes]:
        return list(left.names(engine, prepared, reason, "box", rows_max))

    assert left.reasons(engine, prepared) == ("suppress:own", "suppress:rne")
    assert packed("suppress:own") == [b"".join(sorted([name_of("1"), name_of("2")]))]
    assert packed("suppress:own", rows_max=1) == sorted([name_of("1"), name_of("2")])
    assert packed("suppress:rne") == [name_of("4")]


def name_of(identity: str) -> bytes:
    """The recipient of a row, as the journal knows it."""
    return digest.keyed(KEY, f"box\x1f1\x1f{identity}")


def test_a_number_that_is_the_identity_is_named_though_a_register_took_it(engine: Engine, specs: Specs, read: Read) -> None:
    prepared = prepare(engine, specs(rows=[row(phone2="3101234567")], sheet=replace(RECORDS, identity=("phone",))))
    table = read("t\n3001234567\n").table

    suppress(engine, prepared, [("suppress:rne", table)], registers=("suppress:rne",))

    assert list(left.names(engine, prepared, "suppress:rne", "box", 10)) == [name_of("+573001234567")]


def test_who_is_barred_counts_as_not_wished(engine: Engine, specs: Specs) -> None:
    """So that a document which takes away what its source lacks takes them away too."""
    prepared = prepare(engine, specs(rows=[row("1"), row("2", "3011234567")]))
    assert engine.count(prepared.named) == 2

    take(engine, prepared, "suppress:own", f"SELECT _row AS row FROM {prepared.table} WHERE key = '1'")

    assert engine.count(prepared.named) == 1
