"""What documents alone tell of where people are and when they are reached: zones and instants that are written, not read."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime

from reconciler.calendar import instant, known_zone
from reconciler.resource import Desired
from reconciler.target import Target


def zones_written(wish: Desired) -> tuple[str, ...]:
    """The zones that a document gives to its rows: as a constant, or each row that stands in it; "" where a row has none."""
    mapped = (wish.get("columns") or {}).get("timezone")
    if isinstance(mapped, Mapping) and "value" in mapped:
        return (str(mapped["value"]),)
    return tuple(dict.fromkeys(row.get(_column(wish, "timezone"), "") for row in _inline(wish)))


def zones_of(wishes: Iterable[Desired], target: Target) -> tuple[str, ...]:
    """The zones in which the people of some documents may be: the target's for rows of which none is written."""
    named = (zone or target.timezone for wish in wishes for zone in zones_written(wish) or ("",))
    return tuple(dict.fromkeys(zone for zone in named if known_zone(zone))) or (target.timezone,)


def rows_have_zones(wish: Desired) -> bool:
    """Whether rows that do not stand in the document say zones of their own."""
    mapped = wish.get("columns") is not None and _column(wish, "timezone")
    return bool(mapped) and not _inline(wish)


def instants_written(wish: Desired) -> tuple[datetime, ...]:
    """The instants of messages, in their order; of rows, those that stand in the document, but for what is no instant."""
    at = wish.fields["at"]
    if isinstance(at, str):
        return tuple(_instants((at,)))
    column = _column(wish, at["column"]) or at["column"]
    return tuple(sorted(set(_instants(row.get(column, "") for row in _inline(wish)))))


def _instants(texts: Iterable[str]) -> Iterator[datetime]:
    for text in texts:
        try:
            yield instant(text)
        except ValueError:
            continue


def _column(wish: Desired, name: str) -> str:
    """The source's column for one of ours; natural names are taken where nothing is mapped."""
    columns = wish.get("columns")
    mapped = name if columns is None else columns.get(name, "")
    return str(mapped.get("column", "")) if isinstance(mapped, Mapping) else str(mapped)


def _inline(wish: Desired) -> Sequence[Mapping[str, str]]:
    return (wish.get("source") or {}).get("rows") or ()
