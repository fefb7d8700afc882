"""What listing the rows of a plan gives: wishes, how to get at their rows, whom they reach; and lists that bar people."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from reconciler.diagnostics import Finding
from reconciler.plan.values import People, TargetState, Wish
from reconciler.platforms.platform import RowsSeen
from reconciler.reconcile.suppression import Lists
from reconciler.resource import Address, Desired
from reconciler.rows.sheet import RowsFeed

if TYPE_CHECKING:
    from reconciler.rows.compare import Compared
    from reconciler.rows.prepared import Prepared


@dataclass(slots=True, kw_only=True)
class Listed:
    """One document's rows, prepared and compared. `again` compares them anew for another container. `channel` is that of their
    people, "" where nobody is contacted.
    """

    prepared: Prepared
    compared: Compared
    again: Callable[[str], Compared]
    channel: str

    def feed_in(self, container: str) -> RowsFeed:
        """The rows for a writer, named for the container that they really go into."""
        found = self.compared if container == self.compared.container else self.again(container)
        return found.feed


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """Live rows of a campaign that starts: the table, and the document that tells how it is read.

    `gone` are tables (`live`) of those that are not dialled: the plan takes them away before, or the platform bars them.
    """

    prepared: Prepared
    live: str
    gone: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """A document whose rows were read and are not judged yet; `live_table` is None where the platform lists none."""

    desired: Desired
    prepared: Prepared
    rows_seen: RowsSeen
    live_table: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Spread:
    """Persons who are reached together: a table (`person`, `country`), by which channel, and what for."""

    table: str
    channel: str
    purpose: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Enforced:
    """What an apply has to tell the journal of a list that no platform keeps: tables of names to add, and to lift."""

    address: Address
    container: str
    added: str
    lifted: str = ""


@dataclass(slots=True)
class Listing:
    """The wishes of all documents with rows, and how to get at their rows.

    `dialable` are tables of the persons whom the start of a campaign reaches, beside those that this plan loads; `waiting` are
    the live rows themselves, where the platform lists them. `spread` tells how those who are reached are reached. `unheard` are
    the accounts, with the reason, that may know of more people who said no: nobody may be contacted meanwhile. `lists` are the
    project's own lists and registers. `aside` says whose rows could not be read, where only what protects people matters.
    """

    wishes: list[Wish] = field(default_factory=list)
    states: dict[str, TargetState] = field(default_factory=dict)
    people: People = field(default_factory=People)
    listed: dict[Address, Listed] = field(default_factory=dict)
    dialable: dict[Address, list[str]] = field(default_factory=dict)
    waiting: dict[Address, list[Waiting]] = field(default_factory=dict)
    spread: list[Spread] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    enforced: list[Enforced] = field(default_factory=list)
    lists: Lists = field(default_factory=Lists)
    unheard: Mapping[str, str] = field(default_factory=dict)
    aside: list[Finding] = field(default_factory=list)

    def channel(self, address: Address) -> str | None:
        """The channel of the people in the rows of an address; None for an object."""
        found = self.listed.get(address)
        return None if found is None else found.channel

    def feed(self, address: Address) -> Callable[[str], RowsFeed] | None:
        """The rows of an address for its writer, once the container is known; None for an object."""
        found = self.listed.get(address)
        return None if found is None else found.feed_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Numbers that must not be contacted, and of what: everything on the target, one campaign, or one category.

    `table` holds numbers (`suppress.numbers`), or where a container is named what the journal remembers of them there.
    `marks` says on which live rows an entry is marked too (`Sheet.marks_in`).
    """

    table: str
    campaign: str = ""
    category: str = ""
    container: str = ""
    marks: Mapping[str, Any] | None = None

    @property
    def everywhere(self) -> bool:
        """Whether its numbers are barred on the whole target."""
        return not (self.campaign or self.category or self.container)

    def covers(self, campaign: str, category: str) -> bool:
        """Whether rows of that campaign are meant."""
        if self.campaign:
            return self.campaign == campaign
        return self.category == category if self.category else True
