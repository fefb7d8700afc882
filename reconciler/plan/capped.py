"""What became of a limit on how often people are contacted, as policies look at it: counts, and nobody's name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reconciler.resource import Address, Origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Capped:
    """One limit (`policies.caps.Cap`) that was held against the contacts of an address.

    `left_out` are rows that are not loaded because of it. `over` are people whom the plan contacts all the same: who waits in a
    campaign that starts, or whose limit is waived. `known` is false where not everybody who is reached is known.
    """

    address: Address
    measure: str
    most: int
    channels: frozenset[str]
    rules: tuple[str, ...]
    left_out: int = 0
    over: int = 0
    known: bool = True
    origin: Origin | None = None

    def to_json(self) -> dict[str, Any]:
        """The limit and its counts as plain values."""
        return {
            "address": str(self.address),
            "measure": self.measure,
            "most": self.most,
            "channels": sorted(self.channels),
            "left_out": self.left_out,
            "over": self.over,
            "known": self.known,
        }
