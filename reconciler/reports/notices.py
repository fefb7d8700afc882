"""A finding as it is shown, wherever it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from reconciler.diagnostics import Severity
from reconciler.reports.printable import plain, sentence
from reconciler.reports.words import place

_BLOCKING: Final = frozenset(severity.value for severity in Severity if severity.blocks)


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """One finding. `severity` is the code of a Severity."""

    severity: str
    code: str
    message: str
    remedy: str = ""
    address: str = ""
    place: str = ""

    @property
    def blocks(self) -> bool:
        """Whether nothing may be sent while it stands."""
        return self.severity in _BLOCKING


def notice(finding: Mapping[str, Any]) -> Notice:
    """A finding's JSON as it is shown."""
    return Notice(
        severity=str(finding["severity"]),
        code=plain(finding["code"]),
        message=sentence(finding["message"]),
        remedy=sentence(finding.get("remedy") or ""),
        address=plain(finding.get("address") or ""),
        place=place(finding),
    )
