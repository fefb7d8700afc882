"""What a code means, in words."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Code:
    """What stands behind a code: what it means, why it matters here, what to do."""

    title: str
    why: str
    remedy: str
