"""Comparing fields: what is not wished is not compared, nested settings leaf by leaf, lists as wholes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.diff import FieldDiff, differences
from reconciler.resource import Origin


@pytest.mark.parametrize(
    ("before", "after", "found"),
    [
        ({}, {}, []),
        ({"speed": 60}, {"speed": 60}, []),
        ({"speed": 60}, {"speed": 80}, [("speed", 60, 80)]),
        ({}, {"speed": 80}, [("speed", None, 80)]),
        ({"speed": 60, "skill": "ventas"}, {"skill": "ventas"}, []),
        ({"speed": 60}, {"speed": "60"}, [("speed", 60, "60")]),
        ({"days": ["mon"]}, {"days": ["mon", "tue"]}, [("days", ["mon"], ["mon", "tue"])]),
        ({"days": ["mon", "tue"]}, {"days": ["tue", "mon"]}, [("days", ["mon", "tue"], ["tue", "mon"])]),
        ({"labels": {"opt1": "a", "opt2": "b"}}, {"labels": {"opt1": "a", "opt2": "c"}}, [("labels.opt2", "b", "c")]),
        ({"labels": {"opt1": "a"}}, {"labels": {"opt1": "a", "opt2": "b"}}, [("labels.opt2", None, "b")]),
        ({"labels": {"opt1": "a", "opt2": "b"}}, {"labels": {"opt1": "a"}}, [("labels.opt2", "b", None)]),
        ({"labels": {"opt1": "a"}}, {"labels": {"opt1": 1}}, [("labels.opt1", "a", 1)]),
        ({"labels": None}, {"labels": {"opt1": "a"}}, [("labels", None, {"opt1": "a"})]),
        ({"a": {"b": {"c": 1, "d": 2}}}, {"a": {"b": {"c": 2, "d": 3}}}, [("a.b.c", 1, 2), ("a.b.d", 2, 3)]),
    ],
)
def test_differences(before: Mapping[str, Any], after: Mapping[str, Any], found: list[tuple[str, Any, Any]]) -> None:
    """As (path, before, after), in the order of the wish."""
    assert list(differences(before, after)) == found


def test_differences_come_in_the_order_of_the_wish() -> None:
    """And inside a nested setting by path, so that a plan reads the same every time."""
    after = {"b": 1, "a": 1, "labels": {"opt3": "x", "opt1": "y"}}

    assert [path for path, _, _ in differences({"labels": {"opt2": "z"}}, after)] == [
        "b",
        "a",
        "labels.opt1",
        "labels.opt2",
        "labels.opt3",
    ]


VALUES = st.recursive(
    st.none() | st.integers(0, 3) | st.sampled_from(["", "a", "b"]),
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.sampled_from("xyz"), inner, max_size=3),
    max_leaves=6,
)


@settings(deadline=None)
@given(st.dictionaries(st.sampled_from("abc"), VALUES), st.dictionaries(st.sampled_from("abc"), VALUES))
def test_no_difference_means_that_the_wish_holds(before: dict[str, Any], after: dict[str, Any]) -> None:
    """And the other way round: every name that differs is told, and no other."""
    paths = [path for path, _, _ in differences(before, after)]

    assert all(all(path.split(".")) for path in paths)
    assert len(set(paths)) == len(paths)
    assert {path.split(".")[0] for path in paths} == {name for name in after if before.get(name) != after[name]}
    assert list(differences(after, after)) == []


def test_a_difference_names_the_line_of_its_wish() -> None:
    """In the plan's JSON; null where the wish was a default."""
    shown = FieldDiff(path="speed", before=60, after=80, verifiable=True, origin=Origin("specs/a.yaml", 12, 3)).to_json()

    assert shown == {"path": "speed", "before": 60, "after": 80, "verifiable": True, "line": 12}
    assert FieldDiff(path="speed", before=None, after=80, verifiable=False).to_json()["line"] is None
