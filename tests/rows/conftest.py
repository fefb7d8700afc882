"""An engine, and documents of made-up people, for the tests of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.resource import Address, Origin
from reconciler.rows.compare import compare
from reconciler.rows.engine import Engine
from reconciler.rows.prepared import Prepared
from reconciler.rows.sheet import Column, Sheet
from reconciler.rows.spec import RowsSpec
from tests.postgres import Server, server

KEY = b"a key of thirty-two bytes, no le"[:32]
RECORDS = Sheet(
    columns=(
        Column(name="key", required=True, length_max=20),
        Column(name="phone", phone=True, required=True),
        Column(name="phone2", phone=True),
        Column(name="name", length_max=30),
        Column(name="opt1"),
    ),
    identity=("key",),
    readable=True,
)
NUMBERS = Sheet(columns=(Column(name="phone", phone=True, required=True),), identity=("phone",), readable=True, natural=True)
MESSAGES = Sheet(
    columns=(Column(name="key"), Column(name="phone", phone=True, required=True)), identity=("phone",), readable=False
)

Specs = Callable[..., RowsSpec]


def digest_of(engine: Engine, prepared: Prepared) -> str:
    """The set digest of rows that are all to be added."""
    return compare(engine, prepared, live=None, container="here|1", generation=1).diff.digest


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(key=KEY, memory="512MB") as made:
        yield made


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """One server for all tests of a process that ask a database."""
    with server("fsync=off") as started:
        yield started


@pytest.fixture
def specs(tmp_path: Path) -> Specs:
    """See `specs_in`."""
    return specs_in(tmp_path)


def specs_in(tmp_path: Path) -> Specs:
    """Make a document's rows: `text` becomes its data file, `rows` stand inline; everything else is a field of RowsSpec.

    `source` replaces the file where it says another way.
    """

    def make(
        *, text: str | bytes | None = None, rows: list[dict[str, str]] | None = None, name: str = "people.csv", **fields: Any
    ) -> RowsSpec:
        (tmp_path / "specs").mkdir(exist_ok=True)
        (tmp_path / "data").mkdir(exist_ok=True)
        source: dict[str, Any] = {"file": f"../data/{name}"} if rows is None else {"rows": rows}
        if text is not None:
            path = tmp_path / "data" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text if isinstance(text, bytes) else text.encode())
        said = fields.pop("source", {})
        source = said if said.keys() & {"sql", "sha256"} else source | said
        settled: dict[str, Any] = {
            "address": Address("here", "contacts", "list"),
            "sheet": RECORDS,
            "source": source,
            "folder": tmp_path / "specs",
            "root": tmp_path,
            "target": "here",
            "country": "CO",
            "phone_format": "national",
            "origin": Origin("specs/list.yaml", 3),
        }
        return RowsSpec(**(settled | fields))

    return make
