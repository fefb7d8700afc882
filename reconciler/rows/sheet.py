"""What a platform holds of a document's rows, and what comparing them gives. Plain values; imports no engine."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum
from typing import Any, Final, Protocol

from reconciler.call import Batch


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column that a platform takes. A `phone` column is understood as a number and sent in the target's form."""

    name: str
    phone: bool = False
    required: bool = False
    length_max: int = 0
    pattern: str = ""  # RE2; a value that does not match takes its row out
    why: str = ""  # what the pattern wants, in words


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """How the rows of one document live on its platform.

    `identity` names the columns that tell one row from another there; `readable` whether the platform can list them (else
    the journal is the live side). `others` allows columns that are not in `columns` (they are data). `forbidden` is an RE2
    class of characters that no value may hold. `add_max` and `remove_max` are rows a call. `listed_max` is how many rows the
    platform can list without being cut short (0: no bound). `natural` says that adding a
    row twice changes nothing (a blacklist), so that no send is remembered. `whole_file`: the source is a file that is passed
    through as it is, once per content. `replaced_in_place`: a row is replaced without being removed. `marks_in`: an entry is
    also marked on the live rows that hold it, in campaigns of ours whose fields have these values (None: nowhere).
    `naive_zone`: of a row's instant the platform is told only what the clock of this zone shows ("": it takes offsets, or no
    instants).
    """

    columns: tuple[Column, ...]
    identity: tuple[str, ...]
    readable: bool
    others: bool = False
    forbidden: str = ""
    add_max: int = 500
    remove_max: int = 500
    listed_max: int = 0
    natural: bool = False
    whole_file: bool = False
    replaced_in_place: bool = False
    marks_in: Mapping[str, Any] | None = None
    naive_zone: str = ""

    def column(self, name: str) -> Column | None:
        """The column of that name."""
        return next((column for column in self.columns if column.name == name), None)


BEFORE: Final = "_before_"
"""Prefix of what a live row showed in a column when it was read, in a row that replaces it in place."""


class Verb(Enum):
    """What is done with a row."""

    ADD = "add"
    REMOVE = "remove"
    CLOSE = "close"
    REPLACE = "replace"
    LIFT = "lift"
    MARK = "mark"

    @property
    def touches(self) -> bool:
        """Whether a live row is written over or taken away: what it showed belongs to what was reviewed."""
        return self in (Verb.REMOVE, Verb.CLOSE, Verb.REPLACE)


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsDiff:
    """What comparing one document's rows gave. Counts are rows, except `people`, `first_time` and `persons`' packed HMACs.

    `in_source` = all rows read. `suppressed` counts rows not contacted, each once, by reason: `invalid`, `duplicate`,
    `blacklist`, `suppress:<name>`, `cap`, `already_sent`, `in_doubt`, `later`, `lapsed`. `kept` = live rows that the
    source lacks and that stay. `changed` counts live rows that differ, whatever is done about them; `to_replace` those
    replaced, `changed_columns` in how many each column differs. `reasons` tells the invalid ones apart, `examples` shows a few
    of each, masked. `digest` names the set of rows that would be added, removed or replaced.
    `again` = rows to add that were loaded before and are no longer live. `old_content` = rows already sent whose content
    differs now. `dialled` = rows to remove that were dialled. `to_mark` = entries that are listed already, while live rows
    that hold them can still be dialled.
    """

    in_source: int = 0
    to_add: int = 0
    to_remove: int = 0
    to_close: int = 0
    to_replace: int = 0
    to_lift: int = 0
    to_mark: int = 0
    changed: int = 0
    changed_columns: Mapping[str, int] = field(default_factory=dict)
    unchanged: int = 0
    live: int = 0
    kept: int = 0
    suppressed: Mapping[str, int] = field(default_factory=dict)
    reasons: Mapping[str, int] = field(default_factory=dict)
    examples: Mapping[str, Sequence[str]] = field(default_factory=dict)
    people: int = 0
    first_time: int = 0
    old_content: int = 0
    again: int = 0
    dialled: int = 0
    digest: str = ""
    sample: tuple[str, ...] = ()

    @property
    def empty(self) -> bool:
        """Whether nothing would be sent."""
        return not (self.to_add or self.to_remove or self.to_close or self.to_replace or self.to_lift or self.to_mark)


@dataclass(frozen=True, slots=True, kw_only=True)
class Presence:
    """What a read-back showed of the rows of a verb: how many are there, how many are not, how many are there twice."""

    present: int
    missing: int
    twice: int


class RowsFeed(Protocol):
    """The rows of one document for its writer, cut into batches; and their read-back."""

    def count(self, verb: Verb) -> int:
        """Rows under `verb`."""

    def batches(self, verb: Verb, rows_max: int) -> Iterator[Batch]:
        """The rows under `verb` in a fixed order, at most `rows_max` a batch; made as they are asked for.

        A row is a mapping of our column names to the text that is sent; empty values are left out.
        """

    def attach(self, table: str) -> None:
        """Look up anew which contacts of `table` the rows mean, as `contact_ids`; for rows whose contacts were just made."""

    def matches(self, verb: Verb, table: str, rows_max: int) -> Iterator[Batch]:
        """Live rows of `table` (our column names) that can still be dialled and hold a number of the rows under `verb`; each
        row is just its `key`.
        """

    def presence(self, verb: Verb, table: str) -> Presence:
        """How the rows under `verb` stand in a live table that a sink filled (its columns are our names)."""


NO_ROWS: Mapping[str, Any] = {}
