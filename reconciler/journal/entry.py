"""What the journal holds: one frozen entry an event, and packed columns of who it was about.

An entry never holds a token, a phone, a person's name or a text. Its `facts` are ids, counts, statuses and the values of
campaign settings that no platform shows again.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Final, NamedTuple

from reconciler.resource import Action, Address


class Event(Enum):
    """What happened. The first group are the states of an operation (reliability.md of the design)."""

    INTENT = "intent"  # about to be sent; durable before the first byte leaves
    ACKED = "acked"  # the platform said it was done
    REFUSED = "refused"  # surely without effect
    AMBIGUOUS = "ambiguous"  # perhaps with effect
    VERIFIED = "verified"  # read back, and so
    VERIFIED_WEAK = "verified_weak"  # taken, and never shown by the platform
    NO_EFFECT = "no_effect"  # settled: it did not happen
    PARTIAL = "partial"  # settled: it happened for some rows
    HUMAN = "human"  # settled by a person's verdict: facts hold verdict, reason, by

    GENESIS = "genesis"  # the first entry: id, check value of the key
    RUN_STARTED = "run_started"
    RUN_ENDED = "run_ended"
    ADOPTED = "adopted"  # an import: the live object is ours from now on
    FORGOTTEN = "forgotten"  # no longer managed
    PLAN_USED = "plan_used"  # a saved plan's digest and id, so that it is used once
    MANUAL_DONE = "manual_done"  # a person did a step that no API can do
    LISTED = "listed"  # entries of a blacklist that no platform keeps: we enforce them from now on
    LEFT_OUT = "left_out"  # whom a list, an opt-out or a cap kept from being contacted: facts hold the reason
    LOCKED = "locked"  # a person locked the project: facts hold id, reason, by
    UNLOCKED = "unlocked"  # a person lifted a lock or a lease: facts hold id, reason, by, holder
    MOVED = "moved"  # the journal was copied and lies elsewhere from now on: facts hold id, to, by

    __hash__ = object.__hash__  # a member is itself alone; Enum's own is asked for with every entry, and is slow


SENT: Final = frozenset({Event.ACKED, Event.VERIFIED, Event.VERIFIED_WEAK})
OPEN: Final = frozenset({Event.INTENT, Event.AMBIGUOUS})


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One event. `operation` groups the events of one call; it is empty for events of runs and addresses.

    `container` = platform, account and live campaign, as text; `count` = rows of the call; `boot` and `clock_s` = boot id and
    seconds on the boot clock, on which settling waits. Nobody changes `facts` once they are given.
    """

    event: Event
    at: datetime
    run: str = ""
    operation: str = ""
    address: Address | None = None
    action: Action | None = None
    call: str = ""
    container: str = ""
    generation: int = 1
    count: int = 0
    boot: str = ""
    clock_s: float = 0.0
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Columns:
    """Packed 16-byte HMACs beside an entry, one a row, bound to it by their digests."""

    recipients: bytes = b""
    persons: bytes = b""
    contents: bytes = b""

    def by_name(self) -> dict[str, bytes]:
        """The columns that hold something."""
        named = {"recipients": self.recipients, "persons": self.persons, "contents": self.contents}
        return {name: packed for name, packed in named.items() if packed}


@dataclass(frozen=True, slots=True, kw_only=True)
class Contacted:
    """The `persons` (packed HMACs) whom one call contacted, or perhaps did, in a container at an instant.

    `channel` is None where the journal does not know it: such a contact may have been on any.
    """

    at: datetime
    channel: str | None
    container: str
    persons: bytes


NO_COLUMNS: Final = Columns()
HMAC_BYTES: Final = 16


class Stored(NamedTuple):
    """An entry as it stands in the journal: its number from 1, the hash before it and its own, in hex."""

    number: int
    entry: Entry
    previous: str
    hash: str
    digests: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Verified:
    """What verifying the chain gave. `broken` is the number of the first entry that does not verify, 0 when all do."""

    entries: int
    head: str
    broken: int = 0
    why: str = ""
