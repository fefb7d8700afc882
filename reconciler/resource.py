"""The nouns that every floor speaks: addresses, origins, states, actions, and what is wished and seen.

All of them are frozen values. Field values are JSON-like (text, numbers, booleans, lists, mappings), already checked
against the fields that the kind declares, so that comparing, hashing and printing them needs no further knowledge.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from fnmatch import fnmatchcase
from typing import Any, Final

NO_FIELDS: Final[Mapping[str, Any]] = {}


@dataclass(frozen=True, slots=True, order=True)
class Address:
    """Where a wish lives: `target/kind/name`. Names may hold slashes; targets and kinds cannot."""

    target: str
    kind: str
    name: str

    def __str__(self) -> str:
        return f"{self.target}/{self.kind}/{self.name}"

    @classmethod
    def parse(cls, text: str) -> Address:
        """Read `target/kind/name`; ValueError when a part is missing."""
        target, kind, name = [*text.split("/", 2), "", ""][:3]
        if not (target and kind and name):
            raise ValueError(text)
        return cls(target, kind, name)

    def matches(self, glob: str) -> bool:
        """Whether a shell-style pattern (`wolkvox-co/*`, `*/campaign/cobranza-*`) names this address."""
        return fnmatchcase(str(self), glob)


@dataclass(frozen=True, slots=True, order=True)
class Origin:
    """A place in a file of the user's; lines and columns count from 1. `file` is relative to the project."""

    file: str
    line: int = 1
    column: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


class State(Enum):
    """Run state of a campaign. Only STOPPED and STARTED can be wished; the others are only ever seen."""

    STOPPED = "stopped"
    STARTED = "started"
    STARTING = "starting"
    STOPPING = "stopping"
    FINISHED = "finished"
    UNKNOWN = "unknown"


class Action(Enum):
    """What a change does. The order of members is the order of carrying out where dependencies leave a choice."""

    STOP = "stop"
    BLACKLIST_ADD = "blacklist_add"
    DELETE = "delete"
    CREATE = "create"
    UPDATE = "update"
    ROWS_REMOVE = "rows_remove"
    ROWS_ADD = "rows_add"
    START = "start"
    SCHEDULE = "schedule"
    BLACKLIST_REMOVE = "blacklist_remove"

    @property
    def rank(self) -> int:
        """Position in the order of carrying out, from 0."""
        return _RANKS[self]

    @property
    def protects(self) -> bool:
        """Whether it can only spare people a contact."""
        return self in (Action.STOP, Action.BLACKLIST_ADD)


_RANKS: Final = {action: rank for rank, action in enumerate(Action)}


class Shape(Enum):
    """How a kind is compared: fields with a run state, a keyed set of rows, or sends remembered by the journal."""

    OBJECT = "object"
    SET = "set"
    SEND = "send"


@dataclass(frozen=True, slots=True, kw_only=True)
class Desired:
    """One wish. `fields` holds the kind's own fields, `block` those of the target's platform; both with defaults.

    `origins` maps a dotted path inside the document (`wolkvox.speed`, `window.0.to`) to where it was written.
    """

    address: Address
    platform: str
    fields: Mapping[str, Any]
    block: Mapping[str, Any] = field(default_factory=dict)
    origin: Origin
    origins: Mapping[str, Origin] = field(default_factory=dict)
    protect: bool = False
    tags: tuple[str, ...] = ()

    def get(self, name: str, default: Any = None) -> Any:
        """The kind's own field `name`; `default` where it was left out."""
        value = self.fields.get(name)
        return default if value is None else value

    def origin_of(self, path: str) -> Origin:
        """Where `path` was written; the nearest enclosing place that was, when it was defaulted."""
        while path:
            if found := self.origins.get(path):
                return found
            path = path.rpartition(".")[0]
        return self.origin


@dataclass(frozen=True, slots=True, kw_only=True)
class Live:
    """One object as a platform showed it. `marker` is our ownership mark where the platform can carry one.

    `supposed` = the platform does not show the run state, and `state` is the one that we last set.
    """

    id: str
    name: str
    fields: Mapping[str, Any]
    state: State = State.UNKNOWN
    supposed: bool = False
    marker: str = ""
    native: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What one read of a kind showed. Absence is believed only when `complete`; `note` says why it is not."""

    live: Sequence[Live] = ()
    complete: bool = True
    read_at: datetime
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Support:
    """What a platform can do for a kind, as data. `unreadable` fields can be written and never read back.

    `running_fields` make the object run by themselves (Lynn's execution mode and dates): setting them is a start. `marked`
    says that our ownership mark can be carried by the object.
    """

    kind: str
    actions: frozenset[Action] = frozenset()
    fields: frozenset[str] = frozenset()
    unreadable: frozenset[str] = frozenset()
    running_fields: frozenset[str] = frozenset()
    marked: bool = False
    edits_while_started: bool = False
    read_lag_s_max: int = 0
    batch_max: int = 0
