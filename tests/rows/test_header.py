"""Which columns of evidence a source's header shows, whatever the source is, and where only reading it could tell."""

from __future__ import annotations

from pathlib import Path

import duckdb
import pytest

from reconciler.rows.header import judged_columns
from tests.rows.conftest import Specs


@pytest.mark.parametrize(
    ("columns", "found"),
    [
        ({"key": "cedula", "phone": "t"}, set()),
        ({"key": "cedula", "phone": "t", "consent": "c", "timezone": {"value": "America/Lima"}}, {"consent", "timezone"}),
    ],
)
def test_what_is_mapped_is_there(specs: Specs, columns: dict[str, object], found: set[str]) -> None:
    """The source is not opened: a column that it does not have is told elsewhere."""
    assert judged_columns(specs(columns=columns, name="missing.csv")) == frozenset(found)


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("a.csv", "key,phone,consent,consent_at,note\n1,3001234567,c,2026-01-01,x\n"),
        ("a.csv", "key;phone;consent;consent_at\n1;3001234567;c;2026-01-01\n"),
        ("a.jsonl", '{"key": "1", "phone": "3001234567", "consent": "c", "consent_at": "2026-01-01"}\n'),
    ],
)
def test_the_header_of_a_file(specs: Specs, name: str, text: str) -> None:
    assert judged_columns(specs(name=name, text=text, columns=None)) == frozenset({"consent", "consent_at"})


def test_the_columns_of_parquet(specs: Specs, tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    path = tmp_path / "data" / "a.parquet"
    duckdb.sql("SELECT '1' AS key, '3001234567' AS phone, 'x' AS person").write_parquet(str(path))

    assert judged_columns(specs(name="a.parquet", columns=None)) == frozenset({"person"})
    path.write_bytes(b"PAR1 and nothing more")
    assert judged_columns(specs(name="a.parquet", columns=None)) is None


def test_rows_that_stand_in_the_document(specs: Specs) -> None:
    rows = [{"key": "1", "phone": "3001234567"}, {"key": "2", "phone": "3001234568", "timezone": "America/Lima"}]

    assert judged_columns(specs(rows=rows, columns=None)) == frozenset({"timezone"})


def test_what_only_reading_tells(specs: Specs) -> None:
    """A database, an address, a file that is not there, and lines of which later ones may have further names."""
    lines = '{"key": "1", "phone": "3001234567"}\n' * 20_000

    assert judged_columns(specs(source={"sql": "select 1"}, columns=None)) is None
    assert judged_columns(specs(source={"file": "https://example.com/a.csv", "sha256": "0" * 64}, columns=None)) is None
    assert judged_columns(specs(name="missing.csv", columns=None)) is None
    assert judged_columns(specs(name="long.jsonl", text=lines, columns=None)) is None
