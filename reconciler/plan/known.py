"""What planning knows: what targets showed, and what the journal remembers. Values, without a file or a platform."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from reconciler.plan.suppression import ListUsed
from reconciler.resource import Action, Address, Live, Reading


@dataclass(frozen=True, slots=True, kw_only=True)
class Quota:
    """Calls of the account: used and left today, of the limit, until the day `ends`; None where the platform does not say."""

    used: int | None = None
    left: int | None = None
    limit: int | None = None
    ends: datetime | None = None

    @property
    def free(self) -> int | None:
        """What a plan may use: a tenth of the day stays for stops and blacklist additions."""
        return None if self.left is None else max(0, self.left - (self.limit or self.left) // 10)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one target showed: its campaigns, what names refer to (`{"skill": {name: id}}`) and its quota.

    `tables` names the engine's tables of what is listed for the whole account (`contacts`, `blacklist`), `notes` says of what
    was asked for why it may not be everything, "" where it is.
    """

    campaigns: Reading
    references: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    quota: Quota | None = None
    tables: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, str] = field(default_factory=dict)
    _by_id: Mapping[str, Live] = field(init=False, repr=False, compare=False)
    _by_name: Mapping[str, list[Live]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        # Every wish is looked up here: without an index a plan would take the square of its campaigns.
        by_name: dict[str, list[Live]] = {}
        for live in self.campaigns.live:
            by_name.setdefault(live.name, []).append(live)
        object.__setattr__(self, "_by_id", {live.id: live for live in reversed(self.campaigns.live)})
        object.__setattr__(self, "_by_name", by_name)

    def campaign(self, name: str) -> list[Live]:
        """The live campaigns of that display name."""
        return self._by_name.get(name, [])

    def by_id(self, identifier: str) -> Live | None:
        """The live campaign of that id."""
        return self._by_id.get(identifier)


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """What the journal knows of an address that we created or adopted: its live id and what we last wrote.

    `fields` are the confirmed values of fields that the platform never shows, `applied` what it showed of the others when we
    last wrote or adopted them (`state` among them): what differs from it now, somebody else changed. `protect` is as last
    applied.
    """

    address: Address
    id: str
    container: str
    name: str = ""
    fields: Mapping[str, Any] = field(default_factory=dict)
    applied: Mapping[str, Any] = field(default_factory=dict)
    protect: bool = False
    adopted: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Unsettled:
    """A write whose outcome is unknown. `container` is where its recipients are held back."""

    operation: str
    run: str
    address: Address
    action: Action
    call: str
    container: str
    count: int
    since: datetime
    why: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Placed:
    """Rows added, messages sent or entries listed by one document in one container, `count` of them, the last at `latest`."""

    address: Address
    container: str
    count: int
    latest: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Memory:
    """What the journal knows, as values. `occurrences` counts what was ever carried out at an address.

    `unread` are calls that a platform took and that nobody read back, because the run ended before it could. `lists` are the
    suppression lists of the last run that could contact anybody, `sources` the rows of each source when it was last applied.
    """

    owned: Mapping[Address, Owned] = field(default_factory=dict)
    unsettled: Sequence[Unsettled] = ()
    unread: Sequence[Unsettled] = ()
    occurrences: Mapping[Address, int] = field(default_factory=dict)
    manual_done: frozenset[str] = frozenset()
    placed: Sequence[Placed] = ()
    lists: tuple[ListUsed, ...] = ()
    sources: Mapping[Address, int] = field(default_factory=dict)
    head: str = ""

    def holds(self, address: Address) -> list[Unsettled]:
        """The unknown outcomes at an address."""
        return [doubt for doubt in self.unsettled if doubt.address == address]
