"""Sets of minutes behave as sets do."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from hypothesis import given
from hypothesis import strategies as st

from reconciler.policies.spans import (
    Spans,
    holds,
    intersection,
    minute_of,
    moment_of,
    next_change,
    outside,
    shortened,
    union,
)

PIECES: Final = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40)), max_size=6)


def members(spans: Spans) -> set[int]:
    """The minutes, one by one."""
    return {minute for start, end in spans for minute in range(start, end)}


def well_formed(spans: Spans) -> bool:
    """Sorted, apart, and none empty."""
    edges = [edge for span in spans for edge in span]
    return edges == sorted(set(edges))


@given(PIECES, PIECES)
def test_they_are_sets(one: list[tuple[int, int]], other: list[tuple[int, int]]) -> None:
    first, second = union(one), union(other)
    both, rest = intersection(first, second), outside(first, 5, 30)

    assert members(first) == {minute for start, end in one for minute in range(start, end)}
    assert members(both) == members(first) & members(second)
    assert members(rest) == set(range(5, 30)) - members(first)
    assert all(map(well_formed, (first, both, rest)))
    assert [minute for minute in range(-1, 42) if holds(first, minute)] == sorted(members(first))


@given(PIECES, st.integers(0, 9))
def test_what_is_shortened_has_the_rest_inside(pieces: list[tuple[int, int]], minutes: int) -> None:
    whole = union(pieces)

    assert members(shortened(whole, minutes)) == {
        minute for minute in members(whole) if set(range(minute, minute + minutes + 1)) <= members(whole)
    }


@given(PIECES, st.integers(-2, 42))
def test_nothing_changes_before_the_next_change(pieces: list[tuple[int, int]], minute: int) -> None:
    whole = union(pieces)
    edge = next_change(whole, minute)
    last = 45 if edge is None else edge

    assert {holds(whole, later) for later in range(minute, last)} == {holds(whole, minute)}
    assert edge is None or holds(whole, edge) is not holds(whole, minute)


def test_minutes_are_counted_from_1970_in_utc() -> None:
    assert minute_of(datetime(1970, 1, 1, 0, 1, 59, tzinfo=UTC)) == 1
    assert minute_of(datetime(1969, 12, 31, 23, 59, 59, tzinfo=UTC)) == -1
    assert moment_of(60) == datetime(1970, 1, 1, 1, tzinfo=UTC)
