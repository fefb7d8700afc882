"""The lists that nobody may be on, as a plan has read them, and as the last apply that contacted anybody used them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any


@dataclass(frozen=True, slots=True, kw_only=True)
class ListUsed:
    """A list: the SHA-256 of its bytes in hex, how many different entries it has, and the day on which it was fetched."""

    name: str
    digest: str
    count: int
    fetched_at: date | None = None

    def to_json(self) -> dict[str, Any]:
        """The list as the journal and the plan's JSON know it."""
        return {
            "name": self.name,
            "digest": self.digest,
            "count": self.count,
            "fetched_at": self.fetched_at.isoformat() if self.fetched_at else None,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ListUsed:
        """The inverse of `to_json`."""
        day = data.get("fetched_at")
        return cls(
            name=str(data["name"]),
            digest=str(data["digest"]),
            count=int(data["count"]),
            fetched_at=date.fromisoformat(day) if day else None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Suppression:
    """Every list that was read for a plan, and those that the last run used which could contact anybody.

    `looked` is false where nothing of a plan reaches people: then no list is read.
    """

    looked: bool = False
    read: tuple[ListUsed, ...] = ()
    before: tuple[ListUsed, ...] = ()
