"""What people have to do themselves, because no API can."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reconciler.resource import Address, Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Manual:
    """A step that no API can do. `key` tells it from every other, so that it can be closed by `resolve`."""

    address: Address
    key: str
    what: str
    origin: Origin | None = None

    def to_json(self) -> dict[str, Any]:
        """The step as the plan's JSON knows it."""
        return {"address": str(self.address), "key": self.key, "what": self.what, **place(self.origin)}


def place(origin: Origin | None) -> dict[str, Any]:
    """Where something is written, as the plan's JSON knows it."""
    return {"file": origin.file if origin else None, "line": origin.line if origin else None}
