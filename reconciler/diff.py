"""Mappings of fields, field by field: what would change, and what somebody else changed.

All sides must have been through the platform's own form before.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from reconciler.resource import Address, Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldDiff:
    """One field that would change. `before` is None where it was never set or never seen by us."""

    path: str
    before: Any
    after: Any
    verifiable: bool
    origin: Origin | None = None

    def to_json(self) -> dict[str, Any]:
        """The difference as the plan's JSON knows it."""
        return {
            "path": self.path,
            "before": self.before,
            "after": self.after,
            "verifiable": self.verifiable,
            "line": self.origin.line if self.origin else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """What somebody else changed at an address of ours: a field as we last wrote or adopted it, and as it is now.

    `path` is `state` for the run state, and "" where the whole object is gone; `applied` is then its name. `managed` = a
    document says what it should be, which is `wished`.
    """

    address: Address
    path: str
    applied: Any
    live: Any
    wished: Any = None
    managed: bool = False
    origin: Origin | None = None

    @property
    def contested(self) -> bool:
        """Whether the file wishes something new as well, and something else than was set in the console."""
        return bool(self.path) and self.managed and self.wished not in (self.applied, self.live)

    def to_json(self) -> dict[str, Any]:
        """The drift as the plan's JSON knows it."""
        return {
            "address": str(self.address),
            "path": self.path,
            "applied": self.applied,
            "live": self.live,
            "wished": self.wished,
            "file": self.origin.file if self.origin else None,
            "line": self.origin.line if self.origin else None,
        }


def value_at(fields: Mapping[str, Any], path: str) -> Any:
    """What stands at a path of `differences`; None where nothing does."""
    for name, value in fields.items():
        if path == name:
            return value
        if path.startswith(f"{name}."):
            inside = dict(enumerate(value)) if isinstance(value, list) else value
            if isinstance(inside, Mapping):
                return value_at({str(key): item for key, item in inside.items()}, path[len(name) + 1 :])
    return None


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """What of `after` is not so in `before`, as (dotted path, before, after). What `after` does not name is not compared.

    Nested mappings are compared inside; lists as wholes, since the platforms set them as wholes. Nested lists of mappings
    say where they differ, by deepdiff's paths, only in how they are shown: the whole list is what would be sent.
    """
    for name, wished in after.items():
        known = before.get(name)
        if known == wished:
            continue
        if isinstance(known, Mapping) and isinstance(wished, Mapping):
            yield from _nested(name, known, wished)
        else:
            yield name, known, wished


def _nested(name: str, known: Mapping[str, Any], wished: Mapping[str, Any]) -> Iterator[tuple[str, Any, Any]]:
    """The differing leaves of a nested setting, by deepdiff."""
    from deepdiff import DeepDiff

    # Without the threshold deepdiff tells of mappings with few names in common only that they differ, not where.
    found = DeepDiff(known, wished, view="tree", ignore_order=False, threshold_to_diff_deeper=0)
    leaves = [leaf for group in found.values() for leaf in group]
    for leaf in sorted(leaves, key=lambda leaf: str(leaf.path(output_format="list"))):
        path = ".".join(str(step) for step in leaf.path(output_format="list"))
        yield f"{name}.{path}", _value(leaf.t1), _value(leaf.t2)


def _value(side: Any) -> Any:
    return None if repr(side) == "not present" else side
