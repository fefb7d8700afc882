"""A source as the engine reads it: one part a file, and each part's cells as text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from reconciler.rows import sql
from reconciler.rows.engine import json_rows
from reconciler.rows.places import Place
from reconciler.rows.source import Head

NESTED: Final = "nested value"
JSON_LINE_MAX_BYTES: Final = 16 * 1024**2
_NOTHING: Final = "\0"
"""A text that no cell is. What the engine takes for no value it also leaves away behind a row's last cell, where a value too
many is a mistake; and in a file of one column an empty cell in quotes is a row, and a blank line is none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A file that the engine can read. `types` are the engine's for parquet; everything else is text.

    A csv that is `in_order` is read from its beginning, by one thread.
    """

    path: Path
    place: Place | None
    head: Head
    types: Mapping[str, str]
    in_order: bool = False

    @property
    def columns(self) -> tuple[str, ...]:
        """Its column names."""
        return self.head.columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """A relation over a part, and the SQL text expression of each wanted column."""

    relation: str
    columns: Mapping[str, str]


def cells(values: sql.Bound, part: Part, wanted: Sequence[tuple[str, str]]) -> Cells:
    """How to read the wanted (column, format) pairs as text, keyed by column and format alike; an empty cell is NULL or ''."""
    names = list(dict.fromkeys(column for column, _ in wanted))
    if part.types:
        relation = f"read_parquet({values(str(part.path))}, hive_partitioning = false, filename = false)"
        return Cells(relation=relation, columns={name: sql.name(name) for name in names})
    if part.place is None or part.place.form == "jsonl":
        return _json_cells(values, part, names)
    columns = {name: f"c{part.columns.index(name)}" for name in names}
    return Cells(relation=csv_relation(values, part), columns=columns)


def csv_relation(values: sql.Bound, part: Part, options: str = "") -> str:
    """A csv part as the engine reads it: every cell text, under the names c0, c1 and so on."""
    typed = values({f"c{index}": "VARCHAR" for index in range(len(part.columns))})
    if part.in_order:
        options += ", parallel = false"
    return (
        f"read_csv({values(str(part.path))}, columns = {typed}, delim = {values(part.head.delimiter)}, "
        f"quote = '\"', escape = '\"', header = true, auto_detect = false, "
        f"strict_mode = true, null_padding = false, nullstr = {values(_NOTHING)}, allow_quoted_nulls = false, "
        f"hive_partitioning = false, compression = 'none'{options})"
    )


def _json_cells(values: sql.Bound, part: Part, names: Sequence[str]) -> Cells:
    """JSON cells: scalars as text; a list or an object in a wanted column stops the reading."""
    rows = json_rows(values, part.path, names, kind="JSON")
    columns = {
        name: f"CASE WHEN json_type({cell}) IN ('OBJECT', 'ARRAY') THEN error({sql.literal(f'{NESTED} of <{name}>.')}) "
        f"ELSE json_extract_string({cell}, '$') END"
        for name, cell in rows.columns.items()
    }
    return Cells(relation=rows.relation, columns=columns)
