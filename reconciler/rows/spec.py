"""What one document wishes of its rows, as values: where they come from, what its platform takes, how numbers are written."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal

from reconciler.diagnostics import Finding, Severity
from reconciler.resource import Address, Origin
from reconciler.rows.sheet import Sheet

PhoneFormat = Literal["national", "digits", "e164"]

BESIDE: Final = ("consent", "consent_at", "consent_channel", "timezone", "person")
"""Columns that every document may have: judged, kept beside the row, never sent."""
BESIDE_NATURAL: Final = ("since", "reason", "via", "asked_at")
"""What a blacklist may say about its entries besides; kept, never sent."""
COMPUTED: Final = ("text", "at")
"""Columns of a message that are made from the document and not read from the source."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsSpec:
    """The rows of one document, or of its `lifts`.

    `source` and `columns` are the document's own, read and with defaults. `folder` is the document's, `root` the project's;
    `target` fills `{target}` in paths. `template` is a message with `{placeholders}`, `at` its instant, or `at_column` the
    source's column that holds each row's. `test_numbers` are the only numbers that may be reached, where given.
    `within` is "lifts" where the rows are those of the document's lifts. `loopback` lets addresses lead to this machine,
    which only a project of sandboxes may.
    """

    address: Address
    sheet: Sheet
    source: Mapping[str, Any] = field(repr=False)  # inline rows are people
    columns: Mapping[str, Any] | None = None
    folder: Path
    root: Path
    data_roots: tuple[Path, ...] = ()
    target: str = ""
    country: str = ""
    phone_format: PhoneFormat = "digits"
    dial_prefix: str = ""
    generation: int = 1
    template: str = field(default="", repr=False)
    at: str = ""
    at_column: str = ""
    test_numbers: tuple[str, ...] | None = field(default=None, repr=False)
    origin: Origin
    origins: Mapping[str, Origin] = field(default_factory=dict)
    within: str = ""
    loopback: bool = False

    @property
    def beside(self) -> tuple[str, ...]:
        """The names that are accepted and never sent."""
        return BESIDE + BESIDE_NATURAL if self.sheet.natural else BESIDE

    def origin_of(self, path: str) -> Origin:
        """Where `path` of the document was written; the nearest enclosing place when it was not."""
        if self.within:
            path = f"{self.within}.{path.removeprefix('source.')}" if path != "source" else self.within
        while path:
            if found := self.origins.get(path):
                return found
            path = path.rpartition(".")[0]
        return self.origin

    def mistake(self, code: str, message: str, path: str, remedy: str = "") -> Finding:
        """An error at a path of the document."""
        return Finding(
            code=code,
            severity=Severity.ERROR,
            message=message,
            remedy=remedy,
            address=self.address,
            origin=self.origin_of(path),
        )
