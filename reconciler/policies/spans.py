"""Sets of minutes: sorted, disjoint stretches of whole UTC minutes since 1970, from the first to before the second.

The edges of every law lie on whole minutes of every zone, and UTC has no hour that is missing or comes twice, so that all
questions about hours are questions about such sets.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Final

Spans = tuple[tuple[int, int], ...]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def minute_of(moment: datetime) -> int:
    """The UTC minute in which `moment` lies."""
    return (moment - _EPOCH) // timedelta(minutes=1)


def moment_of(minute: int) -> datetime:
    """The beginning of a UTC minute."""
    return _EPOCH + timedelta(minutes=minute)


def union(pieces: Iterable[tuple[int, int]]) -> Spans:
    """What any of `pieces` holds; neighbours become one, and empty pieces vanish."""
    joined: list[tuple[int, int]] = []
    for start, end in sorted(piece for piece in pieces if piece[0] < piece[1]):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return tuple(joined)


def intersection(one: Spans, other: Spans) -> Spans:
    """What both hold."""
    shared, here, there = [], 0, 0
    while here < len(one) and there < len(other):
        start, end = max(one[here][0], other[there][0]), min(one[here][1], other[there][1])
        if start < end:
            shared.append((start, end))
        if one[here][1] <= other[there][1]:
            here += 1
        else:
            there += 1
    return tuple(shared)


def outside(spans: Spans, start: int, end: int) -> Spans:
    """What `spans` leave out between `start` and `end`."""
    edges = [start, *(edge for span in intersection(spans, ((start, end),)) for edge in span), end]
    return tuple((a, b) for a, b in zip(edges[::2], edges[1::2], strict=True) if a < b)


def shortened(spans: Spans, minutes: int) -> Spans:
    """Every stretch ends so many minutes earlier."""
    return tuple((start, end - minutes) for start, end in spans if start < end - minutes)


def holds(spans: Spans, minute: int) -> bool:
    """Whether `minute` is in the set."""
    place = bisect_right(spans, minute, key=lambda span: span[0]) - 1
    return place >= 0 and minute < spans[place][1]


def next_change(spans: Spans, minute: int) -> int | None:
    """The first edge after `minute`; None where the set has none."""
    return min((edge for span in spans for edge in span if edge > minute), default=None)
