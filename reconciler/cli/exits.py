"""The exit codes, in one table. When several apply, the first of `PRECEDENCE` wins."""

from __future__ import annotations

from typing import Final

DONE: Final = 0
ERROR: Final = 1
CHANGES: Final = 2
BLOCKED: Final = 3
STALE: Final = 4
PARTIAL: Final = 5
UNKNOWN: Final = 6
UNREACHABLE: Final = 7
JOURNAL: Final = 8
USAGE: Final = 64
INTERRUPTED: Final = 130

PRECEDENCE: Final = (UNKNOWN, PARTIAL, JOURNAL, UNREACHABLE, STALE, BLOCKED, ERROR, CHANGES)


def strongest(*codes: int) -> int:
    """The exit code of a run to which several apply."""
    return next((code for code in PRECEDENCE if code in codes), max(codes, default=DONE))
