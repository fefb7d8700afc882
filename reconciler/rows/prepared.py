"""The rows of one document inside the engine, and the account of those that were taken out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from reconciler.rows.spec import RowsSpec

INVALID: Final = "invalid"
DUPLICATE: Final = "duplicate"
LIST: Final = "suppress:"  # and the list's name: a list of the project's


@dataclass(slots=True, kw_only=True)
class Prepared:
    """The rows of one document inside the engine. `out` and `reasons` grow while rows are taken out.

    `table` shows `_row` (rowid of `stored`), `_id`, `_e164`, `_number`, `_numbers`, `_person`, `_content`, and every column
    by its name. `sent` names what is sent, `phones` gives the stored number of each phone column, the primary one first.
    `named` holds the identities of all rows of the source (`id`, hashed), where live rows are compared with them: a row that
    was taken out is in the source all the same, unless a list of the project's bars it.
    `left` holds whom lists, opt-outs and caps left out (`reason`, `id`, `number`); "" while there is nobody.
    `derived` is the SQL of every column of the view over `stored`. Names cost more than everything else about a row: who needs
    them of a few rows joins `stored` and derives then, for behind the view the engine may derive them of all rows.
    `bare` is the view before ids of contacts were attached.
    `examples` are a few masked rows of each reason that took rows out.
    `rejected` holds the texts of numbers that were none (`value`), for blacklists, which block on what is left of them.
    `file` is a private copy of a file that is passed through as it is.
    """

    spec: RowsSpec
    table: str
    stored: str
    sent: tuple[str, ...]
    beside: tuple[str, ...]
    phones: Mapping[str, str]
    in_source: int
    out: dict[str, int] = field(default_factory=dict)
    reasons: dict[str, int] = field(default_factory=dict)
    examples: Mapping[str, Sequence[str]] = field(default_factory=dict)
    derived: Mapping[str, str] = field(default_factory=dict)
    rejected: str = ""
    bare: str = ""
    named: str = ""
    left: str = ""
    file: Path | None = None

    @property
    def primary(self) -> str:
        """Our name of the primary phone column; "" where rows have none."""
        return next(iter(self.phones), "")

    @property
    def rows(self) -> int:
        """Rows that are still in."""
        return self.in_source - sum(self.out.values())

    def took(self, reason: str, count: int) -> int:
        """Count rows taken out for a reason."""
        if count:
            self.out[reason] = self.out.get(reason, 0) + count
        return count
