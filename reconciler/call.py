"""What to send, said without sending it.

A platform yields `Call`s and receives `Reply`s (a `Flow`); one door, the wire, turns them into requests. Each call names
its safety class, and there is no default: whoever adds a call has to decide what an unknown outcome of it would mean.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from enum import Enum
from typing import Any, TypeAlias, TypeVar

T = TypeVar("T")


class Safety(Enum):
    """What may be done about a call whose outcome is unknown (platforms.md of the design, "safety class")."""

    READ = "read"  # changes nothing: repeat
    SESSION = "session"  # opens or closes a session: repeat
    SET = "set"  # sets a state: read, repeat if it is not as wished
    CREATE = "create"  # makes one object: list and look for it
    MARKER = "marker"  # adds rows that are listed by key: list, add the missing
    TASK = "task"  # starts a background task: poll it when its id is known, else a person
    UPLOAD = "upload"  # a named file nobody can list: a person
    BLIND = "blind"  # reaches people at once and cannot be read: a person

    @property
    def writes(self) -> bool:
        """Whether a call of this class may change something on the platform."""
        return self not in (Safety.READ, Safety.SESSION)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sink:
    """How the rows of a reply become columns.

    `rows_at` names the top-level key that holds the array ("" = the body is the array); `columns` maps our column name to
    the native key. `total_at` names a top-level count that must agree with the rows received. With `empty_without` an answer
    that has no array, or null in its place, has no rows; whether it is a good answer is for the platform to say. `only` names
    one of our columns, the words in it of rows that are meant, and those of rows that are not, which are left out.

    A server may change the shape of its rows: of our columns each row must show those that are `needed`, as a text or a
    number, and some row those that are `expected`. An empty value is shown.
    """

    rows_at: str
    columns: Mapping[str, str]
    total_at: str = ""
    empty_without: bool = False
    only: tuple[str, tuple[str, ...], tuple[str, ...]] | None = None
    needed: tuple[str, ...] = ()
    expected: tuple[str, ...] = ()

    def narrowed(self, wanted: Set[str]) -> Sink:
        """The same rows with no other columns than those."""
        columns = {ours: native for ours, native in self.columns.items() if ours in wanted}
        needed, expected = (tuple(name for name in names if name in wanted) for names in (self.needed, self.expected))
        return replace(self, columns=columns, needed=needed, expected=expected)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """The rows of one call: native field values by our column names, and who they are for.

    `recipients`, `persons` and `contents` are packed 16-byte HMACs, one a row, in the order of `rows`: of the row's identity
    inside its container and generation, of the person, and of what is sent. They are what the journal keeps; the rows
    themselves are never kept. `digest` (hex) names the batch: equal rows for equal recipients give an equal digest.
    `content` is a file that is passed through as it is, where the platform takes files whose format is not public.
    """

    rows: Sequence[Mapping[str, str]]
    recipients: bytes = b""
    persons: bytes = b""
    contents: bytes = b""
    digest: str = ""
    content: bytes = b""

    def __len__(self) -> int:
        return len(self.rows)


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One request. `operation` is the vendor's name for it; `query`, `json` and `form` may hold `Secret`s.

    `facts` is what the journal keeps of a write besides its digest, so that a lost outcome can be settled later; it holds
    nothing personal. `after_s` is a wait before sending, for polling.
    """

    operation: str
    method: str
    path: str
    safety: Safety
    query: Mapping[str, str] = field(default_factory=dict)
    json: Any = None
    form: Mapping[str, Any] | None = None
    file: tuple[str, str, bytes] | None = None  # form field, file name, content
    sink: Sink | None = None
    batch: Batch | None = None
    facts: Mapping[str, str] = field(default_factory=dict)
    after_s: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """Rows that a sink took from a reply: the engine's table, how many came, and the rest of the envelope.

    `untold` of them have none of the words that the sink's `only` knows; they are in the table.
    """

    table: str
    count: int
    envelope: Mapping[str, Any]
    untold: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Reply:
    """What came back, whole. `page` is set instead of `body` when the call named a sink and the reply fitted it; when it did
    not fit, `misfit` says why. Of every answer, `again` is how many requests were made besides the first until it came.
    """

    status: int
    body: bytes = b""
    content_type: str = ""
    page: Page | None = None
    misfit: str = ""
    again: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Refused:
    """Surely without effect: no byte of the request was taken. `final` = asking again at once would not help."""

    reason: str
    final: bool = False
    again: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class InDoubt:
    """Perhaps with effect: the request left and no whole answer came back."""

    reason: str
    again: int = 0


Answer: TypeAlias = Reply | Refused | InDoubt


class Ending(Enum):
    """What a reply to a write says."""

    DONE = "done"
    REFUSED = "refused"
    LATER = "later"
    DOUBT = "doubt"


class Verdict(Enum):
    """What settling an unknown outcome says."""

    DONE = "done"
    NOT_DONE = "not_done"
    HOLD = "hold"
    ASK = "ask"


@dataclass(frozen=True, slots=True, kw_only=True)
class Judgement:
    """How a platform reads the reply to a write: `why` is fit for a person, `evidence` for the journal."""

    ending: Ending
    why: str = ""
    evidence: Mapping[str, str] = field(default_factory=dict)


Flow: TypeAlias = Generator[Call, Reply, T]
