"""Pages into tables, digests inside the engine, and nothing of a row in what goes wrong."""

from __future__ import annotations

import hmac
import os
import subprocess
import sys
import traceback
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.call import Sink
from reconciler.rows import digest, sql
from reconciler.rows.engine import Engine
from reconciler.rows.errors import EngineFailed, PageBroken
from reconciler.rows.reader import peek
from tests.rows.conftest import KEY, Specs

SINK = Sink(rows_at="records", columns={"key": "id", "name": "nombre"}, total_at="total")


def test_a_page_becomes_a_table_of_text_under_our_names(engine: Engine) -> None:
    """Numbers stay as they are written, null becomes empty, unknown keys are left out, the envelope's scalars are kept."""
    body = b'{"code": "200", "extra": {"a": 1}, "total": "3", "records": [{"id": 573001234567, "x": [1]},\r\n {"id": null,'
    body += ' "nombre": "Ñandú \\"Q\\""}, {"id": "007", "nombre": true}]}'.encode()

    page = engine.ingest(body, SINK)

    assert page.count == 3
    assert page.envelope == {"code": "200", "total": "3"}
    rows = engine.run(f"SELECT key, name FROM {page.table}")
    assert sorted(rows) == [("", 'Ñandú "Q"'), ("007", "true"), ("573001234567", "")]


def test_a_bare_array_and_pointers_into_rows_are_pages_too(engine: Engine) -> None:
    """A native key that begins with a slash looks into the row."""
    sink = Sink(rows_at="", columns={"key": "id", "first": "/links/0", "odd": "a/b"})

    page = engine.ingest(b'[{"id": 1, "links": ["x", "y"], "a/b": "z"}, {"id": 2}]', sink)

    assert sorted(engine.run(f"SELECT key, first, odd FROM {page.table}")) == [("1", "x", "z"), ("2", "", "")]


def test_an_empty_page_is_a_table_without_rows(engine: Engine) -> None:
    """No rows, and a total of none, agree."""
    page = engine.ingest(b'{"records": [], "total": 0}', SINK)

    assert (page.count, engine.count(page.table), engine.columns(page.table)) == (0, 0, ["key", "name"])


def test_native_keys_that_differ_only_in_case_are_told_apart(engine: Engine) -> None:
    """The engine's own columns would not."""
    page = engine.ingest(b'[{"Id": "big", "id": "small"}]', Sink(rows_at="", columns={"one": "Id", "two": "id"}))

    assert engine.run(f"SELECT one, two FROM {page.table}") == [("big", "small")]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (b"<html>3001234567</html>", "not JSON"),
        (b'{"records": [{"id": "3001234567"}', "not JSON"),
        (b'{"code": "200", "data": []}', "no 'records'"),
        (b'{"records": {"id": "3001234567"}}', "not"),
        (b'{"code": "200", "records": null}', "'records' is not a list"),
        (b'{"records": [{"id": "1"}, "3001234567"]}', "element 2"),
        (b'{"records": [{"id": "1"}], "total": "2"}', "says 2 rows and holds 1"),
        (b'{"records": [{"id": "1"}], "total": 0}', "says 0 rows and holds 1"),
        (b'{"records": [{"id": "1"}], "total": "many"}', "not a number"),
        (b'{"records": [{"id": "\xff3001234567"}]}', "whole JSON"),
        (b'{"records": [{"id": "3001234567", "id": "3001234567"}]}', "whole JSON"),
    ],
)
def test_a_page_that_does_not_fit_is_refused_without_quoting_it(engine: Engine, body: bytes, says: str) -> None:
    """The reason is for a person, and no number is in it, nor in anything chained to it."""
    with pytest.raises(PageBroken) as broken:
        engine.ingest(body, SINK)

    assert says in broken.value.reason
    assert "3001234567" not in "".join(traceback.format_exception(broken.value))
    assert broken.value.__context__ is None


def test_a_page_that_is_cut_anywhere_is_refused(engine: Engine) -> None:
    """At every byte: a shorter list would look like people who are gone."""
    body = b'{"code": "200", "records": [{"id": "1", "nombre": "x},{y"}, {"id": "2"},{"id": "3"}]}'
    assert engine.ingest(body, SINK).count == 3

    for length in range(len(body)):
        with pytest.raises(PageBroken):
            engine.ingest(body[:length], SINK)


def test_a_key_in_another_case_is_found_in_whichever_row_it_stands_first(engine: Engine) -> None:
    """Also where values look like it, and behind as many rows as are looked at in one go."""
    rows = [{"id": str(number), "other": "nombre"} for number in range(5_000)] + [{"id": "last", "NOMBRE": "Ana"}]

    page = engine.ingest(msgspec.json.encode({"records": rows}), SINK)

    assert engine.run(f"SELECT name FROM {page.table} WHERE key = 'last'") == [("Ana",)]


SHAPED = Sink(rows_at="", columns={"key": "id", "mark": "resultado"}, needed=("key",), expected=("mark",))


@pytest.mark.parametrize(
    ("rows", "lacking"),
    [
        ([{"id": "1", "resultado": "CLEAN"}, {"id": "2", "resultado": ""}], ""),
        ([{"id": "", "resultado": "CLEAN"}, {"id": None, "resultado": "CLEAN"}, {"id": 3}], ""),
        ([{"id": "{1}", "resultado": ""}, {"id": "[", "resultado": ""}], ""),
        ([{"ID": "1", "Resultado": ""}, {"ID": "", "Resultado": ""}], ""),
        ([], ""),
        ([{"cedula": "1", "resultado": "CLEAN"}, {"cedula": "2", "resultado": "CLEAN"}], "2 of its 2 rows show no 'id'"),
        ([{"id": "1", "resultado": "CLEAN"}, {"resultado": "CLEAN"}], "1 of its 2 rows show no 'id'"),
        ([{"id": {"v": "1"}, "resultado": "CLEAN"}, {"id": "2"}], "1 of its 2 rows show no 'id'"),
        ([{"id": ["1"], "resultado": "CLEAN"}, {"id": "2"}], "1 of its 2 rows show no 'id'"),
        ([{"id": "1", "result": "CLEAN"}, {"id": "2"}], "2 of its 2 rows show no 'resultado'"),
        ([{"id": "1", "resultado": {"v": "CLEAN"}}], "1 of its 1 rows show no 'resultado'"),
    ],
)
def test_rows_of_another_shape_are_no_rows_without_a_key(engine: Engine, rows: list[object], lacking: str) -> None:
    """Somebody whose key is no longer shown is there all the same, and would be loaded once more."""
    body = msgspec.json.encode(rows)
    if not lacking:
        assert engine.ingest(body, SHAPED).count == len(rows)
        return

    with pytest.raises(PageBroken) as broken:
        engine.ingest(body, SHAPED)

    assert broken.value.reason == lacking


def test_a_sink_is_narrowed_with_what_it_relies_on() -> None:
    narrow = SHAPED.narrowed({"key"})

    assert (narrow.columns, narrow.needed, narrow.expected) == ({"key": "id"}, ("key",), ())


def test_the_engines_own_words_are_never_shown(engine: Engine) -> None:
    """DuckDB's messages quote the value that does not convert."""
    with pytest.raises(EngineFailed) as failed:
        engine.run("SELECT $1::INTEGER", ["phone 3001234567"])

    assert "3001234567" not in str(failed.value) + repr(failed.value.__context__)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.text(st.characters(exclude_categories=["Cs"]), max_size=200), min_size=1, max_size=20))
def test_digests_made_inside_agree_with_hmac(texts: list[str]) -> None:
    """For any text, any length, across the block size of SHA-256."""
    with Engine(key=KEY, memory="512MB") as engine:
        found = engine.run("SELECT text, keyed(text) FROM (SELECT unnest($1::VARCHAR[]) AS text)", [texts])

    for text, inside in found:
        assert inside == hmac.new(KEY, text.encode(), "sha256").digest()[:16].hex()
        assert inside == digest.keyed(KEY, text).hex()


def test_a_recipient_is_container_generation_and_identity(engine: Engine) -> None:
    """As written down for everybody who has to find a recipient again."""
    values = sql.Bound()
    named = digest.recipient("'id'", values("wolkvox|0010|77"), values("2"))

    found = engine.one(f"SELECT {digest.as_hex(named)}", values.values)

    assert found == hmac.new(KEY, b"wolkvox|0010|77\x1f2\x1fid", "sha256").digest()[:16].hex()
    assert engine.one(f"SELECT {digest.as_hex(digest.person(chr(39) + 'Ana' + chr(39)))}") == (
        hmac.new(KEY, b"person\x1fAna", "sha256").digest()[:16].hex()
    )


def test_packed_names_come_back_in_pairs(engine: Engine) -> None:
    """Two packed columns stay side by side; without a second one it is unknown."""
    names = [os.urandom(16) for _ in range(6)]

    table = engine.packed([(names[0] + names[1], names[2] + names[3]), (b"", b""), (names[4], b"")])

    found = {(name.bytes, content and content.bytes) for name, content in engine.run(f"SELECT name, content FROM {table}")}
    assert found == {(names[0], names[2]), (names[1], names[3]), (names[4], None)}


def test_the_private_folder_is_private_and_goes_away(tmp_path: Path) -> None:
    """What was made is removed, and nothing else."""
    (tmp_path / "kept").mkdir()
    with Engine(key=KEY, folder=tmp_path / "spill") as engine:
        assert engine.folder.parent == tmp_path / "spill"
        assert engine.folder.stat().st_mode & 0o777 == 0o700
        assert (tmp_path / "spill").stat().st_mode & 0o777 == 0o700
        engine.ingest(b"[]", Sink(rows_at="", columns={"key": "id"}))
        assert list(engine.folder.iterdir()) == []

    assert sorted(path.name for path in tmp_path.iterdir()) == ["kept"]


def test_a_page_is_read_within_the_memory_that_is_allowed(engine: Engine) -> None:
    """A page of many rows goes through in one piece, every row of it."""
    rows = [{"id": number, "nombre": f"name {number}", "more": "x" * 50} for number in range(20_000)]

    page = engine.ingest(msgspec.json.encode({"total": str(len(rows)), "records": rows}), SINK)

    assert engine.one(f"SELECT count(DISTINCT key) FROM {page.table}") == 20_000


def test_rows_that_are_not_meant_are_left_out_and_those_that_do_not_tell_are_counted(engine: Engine) -> None:
    """All that came are counted, so that a list that was cut short is seen."""
    sink = Sink(rows_at="", columns={"key": "id", "way": "type"}, only=("way", ("out", "both"), ("in",)))
    rows = [{"id": str(place), "type": word} for place, word in enumerate(("out", " Out ", "BOTH", "in", "IN", "", "salida"))]

    page = engine.ingest(msgspec.json.encode([*rows, {"id": "7"}]), sink)

    assert (page.count, page.untold) == (8, 3)
    assert engine.run(f"SELECT key FROM {page.table} ORDER BY key") == [("0",), ("1",), ("2",), ("5",), ("6",), ("7",)]


def test_values_alone_import_no_engine() -> None:
    """Whoever needs the plain values does not pay for DuckDB, nor for the metadata of numbers."""
    code = "import sys, reconciler.rows.sheet, reconciler.rows.prepare, reconciler.rows.compare, reconciler.rows.lifts; "
    code += "sys.exit(bool({'duckdb', 'phonenumbers'} & set(sys.modules)))"

    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_looking_at_a_csv_makes_no_engine(specs: Specs, monkeypatch: pytest.MonkeyPatch) -> None:
    """`validate` of many documents stays quick."""
    monkeypatch.setitem(sys.modules, "duckdb", None)

    assert peek(specs(text="key,phone\n1,3001234567\n")) == []
    assert peek(specs(rows=[{"key": "1", "phone": "3001234567"}])) == []


def test_rows_keep_their_places_whatever_is_done_beside_them(engine: Engine) -> None:
    """An engine that tidies deleted rows away moves others: whoever was known by a place would be taken for somebody else."""
    engine.run("CREATE TABLE people AS SELECT i FROM range(500000) x(i)")
    engine.run("DELETE FROM people WHERE i % 10 >= 5")
    engine.run("CREATE TABLE places AS SELECT rowid AS place, i FROM people")
    for _ in range(10):
        engine.run("CREATE TABLE other AS SELECT i FROM range(2000000) x(i)")
        engine.run("DELETE FROM other WHERE i % 2 = 0")
        engine.drop("other")

    moved = "SELECT count(*) FROM people p JOIN places k ON p.i = k.i WHERE p.rowid <> k.place"
    assert engine.one(moved) == 0


def test_work_that_needs_little_memory_takes_little() -> None:
    """Only while it goes on, however it ends; and never more than is allowed."""

    def limit(engine: Engine) -> str:
        return str(engine.one("SELECT current_setting('memory_limit')"))

    with Engine(key=KEY, memory="1.5GB") as engine:
        before = limit(engine)
        for threads, little in ((1, "95.3 MiB"), (3, "286.1 MiB"), (40, before)):
            engine.run(f"SET threads = {threads}")
            with engine.sparing(100_000_000):
                assert limit(engine) == little
            assert limit(engine) == before
            with pytest.raises(ValueError, match="a bug"), engine.sparing(100_000_000):
                raise ValueError("a bug")
            assert limit(engine) == before
