"""How rows go wrong: a source unread or too large, a page that is not what it should be, an engine that gave up.

None of them carries a row: the engine's own messages quote the data, so they are read for their line numbers and dropped.
"""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.diagnostics import Finding
from reconciler.errors import Mistaken, ReconcilerError


class SourceBroken(Mistaken):
    """A source, or its mapping, cannot be carried out. `findings` say everything that was found, at least one."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        first = findings[0]
        place = str(first.origin) if first.origin else ""
        super().__init__(first.message, code=first.code, remedy=first.remedy, place=place)
        self.findings = tuple(findings)


class TooMuch(Exception):
    """More bytes than are believed or than there is room for. `reason` and `remedy` are fit for a person."""

    def __init__(self, reason: str, remedy: str) -> None:
        super().__init__(reason)
        self.reason = reason
        self.remedy = remedy


class PageBroken(Exception):
    """A reply is not the page of rows that was asked for. `reason` is fit for a person and holds no row."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class EngineFailed(ReconcilerError):
    """The engine could not do its work; nothing is known of the rows, and nothing was sent."""
