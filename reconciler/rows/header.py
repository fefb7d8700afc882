"""What a source's header alone tells: which of the columns that are judged and never sent its rows would have."""

from __future__ import annotations

from typing import Final

from reconciler.diagnostics import Finding
from reconciler.rows import remote
from reconciler.rows.engine import Engine
from reconciler.rows.errors import SourceBroken
from reconciler.rows.mapping import mapped
from reconciler.rows.places import locate
from reconciler.rows.reader import open_source
from reconciler.rows.source import head, rows_head
from reconciler.rows.spec import BESIDE, RowsSpec

_NO_KEY: Final = bytes(32)


def judged_columns(spec: RowsSpec) -> frozenset[str] | None:
    """Those of the columns in BESIDE that the rows have; None where only reading the source tells."""
    if spec.columns is not None:
        return frozenset(spec.columns) & frozenset(BESIDE)
    names = _names(spec)
    if names is None:
        return None
    return frozenset(take.name for take in mapped(spec, names, {}).takes) & frozenset(BESIDE)


def _names(spec: RowsSpec) -> tuple[str, ...] | None:
    """The names of a source's columns, as far as it can be told without asking a database or opening an address."""
    if spec.source.get("rows") is not None:
        return rows_head(spec).columns
    if spec.source.get("sql") is not None or remote.is_address(spec):
        return None
    places = locate(spec)
    if isinstance(places, Finding):
        return None
    if places[0].form == "parquet":
        return _of_parquet(spec)
    if places[0].form == "whole":
        return None
    heads = [head(spec, place) for place in places]
    if places[0].form == "jsonl" and not all(found.whole for found in heads):  # later rows may have further names
        return None
    return tuple(dict.fromkeys(name for found in heads for name in found.columns))


def _of_parquet(spec: RowsSpec) -> tuple[str, ...] | None:
    with Engine(key=_NO_KEY) as engine:
        try:
            opened = open_source(engine, spec)
        except SourceBroken:
            return None
        opened.close()
        return opened.columns
