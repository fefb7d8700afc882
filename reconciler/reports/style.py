"""How a report is shown, and the only escape sequences that ever reach a terminal: our own, and only where wished."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True, kw_only=True)
class Style:
    """`width` in columns. `verbose` counts -v: from 1 on nothing is shortened. `quiet` leaves what a decision needs."""

    colour: bool = False
    verbose: int = 0
    quiet: bool = False
    width: int = 100

    def paint(self, text: str, tone: str) -> str:
        """`text` in a tone (a symbol, a severity, an outcome, `strong` or `faint`); unchanged without colour."""
        code = _TONES.get(tone) if self.colour and text else None
        return f"\x1b[{code}m{text}\x1b[0m" if code else text


_TONES: Final[Mapping[str, str]] = {
    "strong": "1",
    "faint": "2",
    "+": "32",
    "~": "33",
    "-": "31",
    ">": "36",
    "=": "35",
    "≠": "33",
    "»": "1;33",
    "!": "1;35",
    "?": "33",
    "×": "1;31",
    "error": "1;31",
    "deny": "1;31",
    "approve": "1;33",
    "warn": "33",
    "info": "34",
    "✓": "32",
    "‼": "1;31",
    "✗": "31",
}
