"""Input that means harm, or was made by a tool that does: a clear error, or rows counted with their reason; never a loss."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
import traceback
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from reconciler.rows import packing, places, reader, source
from reconciler.rows.engine import Engine
from reconciler.rows.errors import SourceBroken
from reconciler.rows.prepare import prepare
from reconciler.rows.reader import peek
from reconciler.rows.sheet import Column, Sheet
from reconciler.rows.spill import Writer
from tests.rows.conftest import Specs

PLAIN = b"key,phone,name\n1,3001234567,Ana\n2,3011234567,Luis\n"
LINES = b'{"key": "1", "phone": "3001234567"}\n'
KEYED = {"key": "key", "phone": "phone"}


def broken(engine: Engine, specs: Specs, **fields: object) -> list[str]:
    """The findings as `CODE message`; none quotes a number, and nothing is left in the private folder."""
    with pytest.raises(SourceBroken) as raised:
        prepare(engine, specs(**fields))
    assert "3001234567" not in "".join(traceback.format_exception(raised.value))
    assert raised.value.__context__ is None
    assert all(finding.address and finding.origin and finding.remedy for finding in raised.value.findings)
    assert list(engine.folder.iterdir()) == []
    return [f"{finding.code} {finding.message}" for finding in raised.value.findings]


def zst(data: bytes) -> bytes:
    return zstandard.ZstdCompressor(write_checksum=True).compress(data)  # as the zstd program writes it


# Files that belong together


def test_several_files_are_one_list(engine: Engine, specs: Specs, tmp_path: Path) -> None:
    """Each in its own delimiter, order of columns and packing; a file of another name is none of them."""
    (tmp_path / "data").mkdir()
    for name, text in (
        ("base-1.csv", PLAIN),
        ("base-2.csv", b"name;phone;key\nEva;3021234567;3\nIv\xc3\xa1n;3031234567;4\n"),
        (".base-3.csv", b"hidden"),
        ("other.csv", b"phone\n3041234567\n"),
    ):
        (tmp_path / "data" / name).write_bytes(text)

    for pattern in ("base-*.csv", "base-?.csv", "base-[12].csv"):
        spec = specs(source={"file": f"../data/{pattern}"})
        assert peek(spec) == []
        rows = prepare(engine, spec)
        assert sorted(engine.run(f"SELECT key, name FROM {rows.table}")) == [
            ("1", "Ana"),
            ("2", "Luis"),
            ("3", "Eva"),
            ("4", "Iván"),
        ]
    assert list(engine.folder.iterdir()) == []


def test_files_that_do_not_belong_together_are_named(engine: Engine, specs: Specs, tmp_path: Path) -> None:
    """With the columns in which they differ from the first; JSON lines have no header to differ in."""
    (tmp_path / "data").mkdir()
    files = {"base-1.csv": PLAIN, "base-2.csv": b"key,telefono,name\n3,3021234567,Eva\n", "base-3.csv": b"key,phone,name,key\n"}
    for name, text in files.items():
        (tmp_path / "data" / name).write_bytes(text)
    lacks = "SRC002 '../data/base-2.csv': it lacks 'phone'; it alone has 'telefono'"

    source = {"file": "../data/base-[12].csv"}
    assert broken(engine, specs, source=source) == [lacks]
    assert [f"{finding.code} {finding.message}" for finding in peek(specs(source=source))] == [lacks]
    assert broken(engine, specs, source={"file": "../data/base-*.csv"}) == [
        "SRC002 '../data/base-3.csv', line 1: the column 'key' stands twice in the header"
    ]
    for number in (1, 2):
        engine.run(
            f"COPY (SELECT 'k{number}' AS key, '300123456{number}' AS phone{number}) TO '{tmp_path}/data/p{number}.parquet'"
        )
        (tmp_path / "data" / f"l{number}.jsonl").write_bytes(LINES.replace(b"}", b', "more%d": 1}' % number))
    assert broken(engine, specs, source={"file": "../data/p*.parquet"})[0].startswith(
        "SRC002 '../data/p2.parquet': it lacks 'phone1'"
    )
    assert prepare(engine, specs(source={"file": "../data/l*.jsonl"}, columns=KEYED | {"name": "more2"})).in_source == 2


def test_a_mistake_in_one_of_several_files_has_its_name(engine: Engine, specs: Specs, tmp_path: Path) -> None:
    """Also when it is far below the head, where the engine finds it."""
    (tmp_path / "data").mkdir()
    good = PLAIN + b"5,3001234567,x\n" * 30_000
    (tmp_path / "data" / "a.csv").write_bytes(good)
    (tmp_path / "data" / "b.csv").write_bytes(good + b"6,3001234567\n")
    (tmp_path / "data" / "c.csv").write_bytes(good)

    assert broken(engine, specs, source={"file": "../data/?.csv"}) == [
        "SRC002 '../data/b.csv', line 30,004: it has 2 cells and the header has 3"
    ]


def test_a_pattern_stays_inside_and_fits_something(
    engine: Engine, specs: Specs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing of what lies outside is told, not even that it is there; a link that a pattern finds is judged as any other."""
    outside = tmp_path / "outside"
    root = tmp_path / "project"
    for folder in (outside, root / "specs", root / "data"):
        folder.mkdir(parents=True)
    (outside / "people.csv").write_bytes(PLAIN)
    (root / "data" / "a.csv").write_bytes(PLAIN)
    here = {"root": root, "folder": root / "specs"}

    def codes(file: str) -> list[str]:
        return [finding.code for finding in peek(specs(source={"file": file}, **here))]

    assert codes("../../outside/*.csv") == codes("../data/b*.csv") == codes("../none/*.csv") == codes("*/a.csv") == ["PTH002"]
    assert codes("../data/*.csv") == []
    assert codes("../data/*.xlsx") == codes("../data/*") == ["SRC004"]
    (root / "data" / "b.csv").symlink_to(outside / "people.csv")
    assert codes("../data/*.csv") == ["PTH001"]
    (root / "data" / "b.csv").unlink()
    (root / "data" / "b.csv").mkdir()
    assert codes("../data/*.csv") == ["SRC002"]
    monkeypatch.setattr(places, "FILES_MAX", 1)
    assert codes("../data/*.csv") == ["SRC006"]


# Packed files


def test_packed_files_are_read_as_what_is_in_them(engine: Engine, specs: Specs) -> None:
    """Also from several frames, and as JSON lines."""
    lines = LINES + LINES.replace(b'"1"', b'"2"').replace(b"4567", b"4568")
    for name, data in (
        ("a.csv.zst", zst(PLAIN)),
        ("b.csv.zst", zst(PLAIN[:20]) + zst(b"") + zst(PLAIN[20:])),
        ("c.jsonl.zst", zst(lines)),
        ("d.jsonl.gz", gzip.compress(lines)),
        ("e.csv.gz", gzip.compress(PLAIN[:20]) + gzip.compress(PLAIN[20:])),
        ("F.CSV.ZST", zst(PLAIN)),
    ):
        assert peek(specs(text=data, name=name, columns=KEYED)) == []
        assert prepare(engine, specs(text=data, name=name, columns=KEYED)).rows == 2
    latin = "key,phone,name\n1,3001234567,Muñoz\n".encode("latin-1")
    rows = prepare(engine, specs(text=zst(latin), name="g.csv.zst", source={"encoding": "latin-1"}))
    assert engine.one(f"SELECT name FROM {rows.table}") == "Muñoz"


@pytest.mark.parametrize("pack", [gzip.compress, zst], ids=["gz", "zst"])
def test_a_packed_file_that_is_cut_or_no_packed_file_is_not_a_shorter_list(
    engine: Engine, specs: Specs, pack: Callable[[bytes], bytes]
) -> None:
    """Wherever it is cut, and whatever was turned in it."""
    ending = "gz" if pack is gzip.compress else "zst"
    rows = b"".join(b"%d,30%08d,%s\n" % (n, n, os.urandom(8).hex().encode()) for n in range(20_000))
    whole = pack(b"key,phone,name\n" + rows)
    for at in (1, 10, len(whole) // 2, len(whole) - 9, len(whole) - 1):
        found = broken(engine, specs, text=whole[:at], name=f"people.csv.{ending}")
        assert found[0].startswith(f"SRC002 '../data/people.csv.{ending}': it cannot be")
    turned = bytearray(whole)
    turned[len(whole) // 2] ^= 0xFF
    assert broken(engine, specs, text=bytes(turned), name=f"people.csv.{ending}")[0].startswith("SRC002")
    for wrong in (PLAIN, b"", b"\x00" * 100):
        assert broken(engine, specs, text=wrong, name=f"people.csv.{ending}")[0][:6] in ("SRC002", "SRC003")


@pytest.mark.parametrize("ending", ["gz", "zst"])
def test_a_bomb_stops_early(engine: Engine, specs: Specs, monkeypatch: pytest.MonkeyPatch, ending: str) -> None:
    """By its ratio; what was written of it is gone."""
    monkeypatch.setattr(packing, "UNPACKED_FREE_BYTES", 4 * 1024**2)
    text = PLAIN + b"3,3021234567,Eva\n" * 2_000_000
    bomb = zlib_gz(text) if ending == "gz" else zst(text)
    written: list[int] = []
    wrote = Writer.write

    def counted(out: Writer, data: bytes) -> None:
        written.append(len(data))
        wrote(out, data)

    monkeypatch.setattr(Writer, "write", counted)

    found = broken(engine, specs, text=bomb, name=f"people.csv.{ending}")

    assert found == [f"SRC006 '../data/people.csv.{ending}': it unpacks to more than {max(4, 200 * len(bomb) // 1024**2)} MB"]
    assert sum(written) <= max(4 * 1024**2, 200 * len(bomb))


def zlib_gz(text: bytes) -> bytes:
    return zlib.compress(text, 9, wbits=31)


def test_parquet_that_repeats_one_row_is_not_read(
    engine: Engine, specs: Specs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its end says how many rows there are; a few kilobytes may say a thousand million."""
    monkeypatch.setattr(packing, "UNPACKED_FREE_BYTES", 4 * 1024**2)
    path = tmp_path / "many.parquet"
    for rows, said in ((500_000, []), (1_000_000, ["SRC006 '../data/people.parquet': it unpacks to more than 4 MB"])):
        engine.run(f"COPY (SELECT 1 AS key, 3001234567 AS phone FROM range({rows})) TO '{path}' (FORMAT parquet)")
        text = path.read_bytes()
        assert 200 * len(text) < 4 * 1024**2
        if said:
            assert broken(engine, specs, text=text, name="people.parquet") == said
        else:
            assert prepare(engine, specs(text=text, name="people.parquet")).in_source == rows


@pytest.mark.parametrize(
    ("bytes_each", "rows", "says"),
    [
        (5_000_000, 1_000, "SRC002 '../data/people.parquet': the column 'name' holds a value of more than 1,000,000 bytes"),
        (1_000_000, 1_500, "SRC006 '../data/people.parquet': it unpacks to more than 256 MB"),
    ],
)
def test_long_values_of_parquet_stay_on_the_disk(tmp_path: Path, bytes_each: int, rows: int, says: str) -> None:
    """A value that is repeated stands there once; what its rows would take is known before any of them is made."""
    (tmp_path / "data").mkdir()
    name = "../data/people.parquet"
    cells = f"i::VARCHAR AS key, (3001000000 + i)::VARCHAR AS phone, repeat('x', {bytes_each}) AS name"
    with Engine(key=bytes(32), memory="512MB") as engine:
        engine.run(f"COPY (SELECT {cells} FROM range({rows}) t(i)) TO '{tmp_path}/data/people.parquet' (FORMAT parquet)")
    assert (tmp_path / "data" / "people.parquet").stat().st_size < 300_000
    (tmp_path / "specs").mkdir()

    done = subprocess.run(
        [sys.executable, "-c", LONG, str(tmp_path / "specs"), name, str(tmp_path)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=True,
    )

    message, megabytes = done.stdout.splitlines()
    assert message == says.partition(" ")[2]
    assert int(megabytes) < 128


def test_long_values_that_nobody_asked_for_may_be_there(engine: Engine, specs: Specs, tmp_path: Path) -> None:
    """What is not mapped is not read."""
    (tmp_path / "data").mkdir()
    cells = "'1' AS key, '3001234567' AS phone, repeat('x', 2_000_000) AS notes, repeat('y', 1_000_000) AS name"
    engine.run(f"COPY (SELECT {cells}) TO '{tmp_path}/data/people.parquet' (FORMAT parquet)")

    assert prepare(engine, specs(name="people.parquet", columns=KEYED)).rows == 1
    assert prepare(engine, specs(name="people.parquet", columns=KEYED | {"name": "name"})).reasons == {"too long": 1}
    found = broken(engine, specs, name="people.parquet", columns=KEYED | {"name": "notes"})
    assert found == ["SRC002 '../data/people.parquet': the column 'notes' holds a value of more than 1,000,000 bytes"]


def test_a_zst_file_never_unpacks_more_than_a_piece_at_once(tmp_path: Path) -> None:
    """Zeros come out in tens of megabytes for a few bytes; the next ones wait until these are taken."""
    bomb = zst(bytes(128 * 1024**2))
    assert len(bomb) > packing._ZST_PIECE
    (tmp_path / "bomb.zst").write_bytes(bomb)

    raw = packing._Zst(tmp_path / "bomb.zst")
    assert len(raw.read(1 << 20)) <= 1 << 20
    assert raw._ready.nbytes < 72 * 1024**2
    raw.close()


# Long lines


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("people.csv", PLAIN + b'3,3021234567,"' + b"x" * 5_000),
        ("people.csv", PLAIN + b"3,3021234567," + b"x" * 5_000 + b"\n4,3,y\n"),
        ("people.csv", PLAIN.replace(b"\n", b"\r") + b"3,3021234567," + b"x" * 5_000 + b"\r"),
        ("people.jsonl", LINES + LINES + b'{"key": "' + b"x" * 5_000 + b'"}\n'),
        ("people.jsonl", LINES + LINES + b'{"key": "' + b"\r" * 5_000),
    ],
)
def test_a_line_that_does_not_end_is_never_held(
    engine: Engine, specs: Specs, monkeypatch: pytest.MonkeyPatch, name: str, text: bytes
) -> None:
    """Its number is told before it is whole in memory."""
    monkeypatch.setattr(source, "HEAD_BYTES", 64)
    monkeypatch.setattr(reader, "CSV_LINE_MAX_BYTES", 1_000)
    monkeypatch.setattr(reader, "JSON_LINE_MAX_BYTES", 1_000)
    monkeypatch.setattr(reader, "_CHUNK", 100)

    found = broken(engine, specs, text=text, name=name, columns=KEYED)

    line = 1 if b"\n" not in text else 1 + text[:200].count(b"\n")
    column = " (column 3)" if name.endswith("csv") else ""
    assert found == [f"SRC002 '../data/{name}', line {line:,}: the line is longer than 1,000 bytes{column}"]


def test_a_first_line_longer_than_the_head_is_said_to_be(engine: Engine, specs: Specs) -> None:
    """A header of that length is none; a first object of that length may be one."""
    found = broken(engine, specs, text=b"key,phone," + b"x" * 300_000 + b"\n1,3001234567,x\n")
    assert found == ["SRC002 '../data/people.csv', line 1: the line is longer than 262,144 bytes (column 3)"]
    text = b'{"key": "1", "phone": "3001234567", "more": "' + b"x" * 300_000 + b'"}\n'
    assert peek(specs(text=text, name="people.jsonl", columns=KEYED)) == []
    assert prepare(engine, specs(text=text, name="people.jsonl", columns=KEYED)).rows == 1


LONG = """
import resource, sys
from pathlib import Path
from reconciler.resource import Address, Origin
from reconciler.rows.engine import Engine
from reconciler.rows.errors import SourceBroken
from reconciler.rows.prepare import prepare
from reconciler.rows.reader import peek
from reconciler.rows.spec import RowsSpec
from tests.rows.conftest import RECORDS
root = Path(sys.argv[1])
spec = RowsSpec(address=Address("here", "contacts", "list"), sheet=RECORDS, source={"file": sys.argv[2]}, folder=root,
    columns={"key": "key", "phone": "phone"} | ({"name": "name"} if "parquet" in sys.argv[2] else {}),
    root=Path(sys.argv[-1]) if len(sys.argv) > 3 else root, target="here", country="CO", origin=Origin("list.yaml", 1))
peek(spec)
with Engine(key=bytes(32), memory="512MB", folder=root / "spill") as engine:
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    try:
        prepare(engine, spec)
    except SourceBroken as broken:
        print(broken.findings[0].message)
    print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


@pytest.mark.parametrize(("name", "limit"), [("people.csv", "2,000,000"), ("people.jsonl", "16,777,216")])
def test_three_hundred_megabytes_in_one_line_stay_on_the_disk(tmp_path: Path, name: str, limit: str) -> None:
    """The real limits, a real file, and what it took."""
    path = tmp_path / name
    path.write_bytes(PLAIN if name.endswith("csv") else LINES)
    with path.open("ab") as file:
        file.write(b'3,3021234567,"' if name.endswith("csv") else b'{"key": "')
        for _ in range(300):
            file.write(b"x" * 1_000_000)

    done = subprocess.run(
        [sys.executable, "-c", LONG, str(tmp_path), name],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[2],
        check=True,
    )

    message, megabytes = done.stdout.splitlines()
    assert f"the line is longer than {limit} bytes" in message
    assert int(megabytes) < 64


# Files that move


def test_a_file_that_changes_while_it_is_read_is_not_used(
    engine: Engine, specs: Specs, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Written on, replaced, cut or removed, and in whichever moment: between its head, its bytes and its rows."""
    file = tmp_path / "data" / "people.csv"
    larger = PLAIN + b"3,3021234567,Eva\n" * 50_000

    def grow() -> None:
        with file.open("ab") as out:
            out.write(b"4,3031234567,Iv\n")

    def replaced() -> None:
        other = file.with_name("new")
        other.write_bytes(larger)
        other.replace(file)

    def cut() -> None:
        os.truncate(file, 100)

    def gone() -> None:
        file.unlink()

    heads, looks, reads = source.head, reader._looked_at, Engine.attempt
    for change in (grow, replaced, cut, gone):
        for moment in ("head", "looked", "read"):
            done: list[str] = []

            def once(name: str, moment: str = moment, done: list[str] = done, change: Callable[[], None] = change) -> None:
                if name == moment and not done:
                    done.append(name)
                    change()

            with monkeypatch.context() as patch:
                patch.setattr(reader, "head", lambda *given, once=once: (heads(*given), once("head"))[0])
                patch.setattr(reader, "_looked_at", lambda *a, once=once, **k: (looks(*a, **k), once("looked"))[0])
                patch.setattr(Engine, "attempt", lambda *given, once=once: (reads(*given), once("read"))[0])
                found = broken(engine, specs, text=larger)
            assert done == [moment]
            assert found == ["SRC005 '../data/people.csv' changed while it was read"], (change, moment)


def test_a_device_or_pipe_is_never_opened(specs: Specs, tmp_path: Path) -> None:
    """It would give bytes for ever, or wait for ever; also behind a link into a folder that may be read."""
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "zero.csv").symlink_to("/dev/zero")
    os.mkfifo(tmp_path / "data" / "pipe.csv")

    for name, roots in (("zero.csv", (Path("/dev"),)), ("pipe.csv", ())):
        assert [finding.code for finding in peek(specs(name=name, data_roots=roots))] == ["SRC002"]


# Typed columns


def test_numbers_that_a_spreadsheet_rounded_are_nobodys(engine: Engine, specs: Specs, tmp_path: Path) -> None:
    """As text and as a number: each is left out with the reason, and whole numbers of the same type stay."""
    (tmp_path / "data").mkdir()
    values = "('1', 5.69667E+10::DOUBLE), ('2', 3001234567.0), ('3', 3.0012E+09), ('4', NULL), ('5', 'nan'::DOUBLE)"
    engine.run(f"COPY (SELECT * FROM (VALUES {values}) v(key, phone)) TO '{tmp_path}/data/people.parquet'")
    rows = prepare(engine, specs(name="people.parquet"))
    assert engine.run(f"SELECT key, phone FROM {rows.table}") == [("2", "3001234567")]
    assert rows.reasons == {"scientific notation": 2, "empty phone": 2}

    formatted = {"key": "key", "phone": {"column": "phone", "format": "0"}}
    assert prepare(engine, specs(name="people.parquet", columns=formatted)).reasons["scientific notation"] == 2
    engine.run(f"COPY (SELECT '1' AS key, 3001234567::FLOAT AS phone) TO '{tmp_path}/data/single.parquet'")
    assert prepare(engine, specs(name="single.parquet")).reasons == {"scientific notation": 1}
    text = 'key,phone,phone2\n1,5.69667E+10,\n2,3001234567,3.00123E+09\n3,"5,69667E+10",\n'
    assert prepare(engine, specs(text=text)).reasons == {"scientific notation": 2, "further number": 1}


def test_a_key_that_a_spreadsheet_has_rounded_is_nobody(engine: Engine, specs: Specs) -> None:
    """Different people would have one key, and all but one be left out as repeated. Codes of people's own look alike."""
    text = "key,phone,person\n1.01523E+09,3001234567,\n1.01523E+09,3001234568,\n1,01523E+09,3001234569,\n"
    text = text.replace("\n1,01523E+09", '\n"1,01523E+09"') + "1E+12,3001234560,\n9,3001234561,1.2E+10\n12E5,3001234562,4E10\n"

    rows = prepare(engine, specs(text=text, columns={"key": "key", "phone": "phone", "person": "person"}))

    assert (rows.rows, rows.reasons) == (1, {"scientific notation": 5})


def test_a_rounded_number_that_lost_its_sign_is_no_other_number(engine: Engine, specs: Specs) -> None:
    text = "key,phone\n1,5.69667E 10\n2,5.73001E 11\n3,3001234567\n"

    for country in ("CO", "CR", "PE", "EC"):
        found = prepare(engine, specs(text=text, country=country, phone_format="e164"))
        assert found.reasons["scientific notation"] == 2


NAMELESS = (("1020304050", "3001234567", "Ana Perez"), ("52123", "", "Ana Perez"), ("Ana Perez", "Luis Rojas", "Eva Paz"))


@pytest.mark.parametrize("names", NAMELESS)
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_first_row_in_place_of_a_header_is_not_quoted(
    engine: Engine, specs: Specs, tmp_path: Path, names: tuple[str, ...], form: str
) -> None:
    """Alone, beside a right file, and with a name that comes twice."""
    (tmp_path / "data").mkdir()
    for number, header in enumerate((("key", "phone", "name"), names, (*names, names[2])), 1):
        path = tmp_path / "data" / f"p{number}.{form}"
        if form == "csv":
            path.write_text(",".join(header) + "\n" + ",".join("x" * len(header)) + "\n", "utf-8")
        elif len(set(header)) == len(header):
            cells = ", ".join(f"'x' AS \"{name or 'empty'}\"" for name in header)
            engine.run(f"COPY (SELECT {cells}) TO '{path}'")

    for pattern in (f"p2.{form}", f"p[12].{form}", *([f"p3.{form}"] if form == "csv" else [])):
        spec = specs(source={"file": f"../data/{pattern}"}, columns={"key": "key", "phone": "phone", "name": "name"})
        told = " ".join(f"{finding.message} {finding.remedy}" for finding in peek(spec))
        assert told
        assert not [name for name in names if name and name in told]


def test_nested_and_repeated_columns_of_parquet(engine: Engine, specs: Specs, tmp_path: Path) -> None:
    """Nested ones may be there and not be mapped; two of one name, in any case of letters, leave open which is meant."""
    (tmp_path / "data").mkdir()
    nested = "SELECT '1' AS key, '3001234567' AS phone, {'a': {'b': 1}} AS name, [1, 2] AS tags, MAP {'x': 1} AS more"
    engine.run(f"COPY ({nested}) TO '{tmp_path}/data/people.parquet'")

    assert prepare(engine, specs(name="people.parquet", columns=KEYED)).rows == 1
    for column in ("name", "tags", "more"):
        found = broken(engine, specs, name="people.parquet", columns=KEYED | {"name": column})
        assert found == [f"SRC002 the column '{column}' holds neither text, numbers nor dates"]
    data = (tmp_path / "data" / "people.parquet").read_bytes()
    engine.run(f"COPY (SELECT '1' AS key, '3001234567' AS phone, '3011234567' AS phonx) TO '{tmp_path}/data/twice.parquet'")
    twice = (tmp_path / "data" / "twice.parquet").read_bytes().replace(b"phonx", b"Phone")
    found = broken(engine, specs, text=twice, name="twice.parquet", columns=KEYED)
    assert found == ["SRC002 '../data/twice.parquet': the column 'Phone' stands twice in the header"]
    for at in range(0, len(data), 7):
        spec = specs(text=data[:at] + bytes([data[at] ^ 0xFF]) + data[at + 1 :], name="people.parquet", columns=KEYED)
        codes: set[str] = set()
        try:
            assert prepare(engine, spec).in_source <= 1
        except SourceBroken as wrong:
            codes = {finding.code for finding in wrong.findings}
        assert codes <= {"SRC001", "SRC002"}


def test_files_without_rows(engine: Engine, specs: Specs) -> None:
    """A header alone is a list of nobody; nothing at all is a mistake."""
    assert prepare(engine, specs(text="key,phone,name\n")).in_source == 0
    assert prepare(engine, specs(text=zst(b"key,phone,name\n"), name="a.csv.zst")).in_source == 0
    for name, data in (("b.csv", b""), ("b.csv.gz", gzip.compress(b"")), ("b.csv.zst", zst(b"")), ("b.jsonl", b"\n\n")):
        assert broken(engine, specs, text=data, name=name)[0].startswith("SRC003")


def test_a_row_that_is_one_empty_cell_in_quotes_is_counted(engine: Engine, specs: Specs) -> None:
    """In a file of one column a blank line is no row, and an empty cell is an invalid one."""
    sheet = Sheet(columns=(Column(name="phone", phone=True, required=True),), identity=("phone",), readable=True)

    rows = prepare(engine, specs(text='phone\n3001234567\n\n""\n3011234567\n', sheet=sheet))

    assert (rows.in_source, rows.rows, rows.reasons) == (3, 2, {"empty phone": 1})
