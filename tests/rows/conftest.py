"""An engine, and documents of made-up people, for the tests of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reconciler.resource import Address, Origin
from reconciler.rows.engine import Engine
from reconciler.rows.sheet import Column, Sheet
from reconciler.rows.spec import RowsSpec

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


@pytest.fixture
def engine() -> Iterator[Engine]:
    with Engine(key=KEY, memory="512MB") as made:
        yield made


@pytest.fixture
def specs(tmp_path: Path) -> Specs:
    """Make a document's rows: `text` becomes its data file, `rows` stand inline; everything else is a field of RowsSpec."""

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
        source |= fields.pop("source", {})
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
