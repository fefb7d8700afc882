"""What listing the rows of a plan gives: wishes, how to get at their rows, whom they reach; and lists that bar people."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from reconciler.diagnostics import Finding
from reconciler.plan.values import People, TargetState, Wish
from reconciler.resource import Address
from reconciler.rows.sheet import RowsFeed

if TYPE_CHECKING:
    from reconciler.rows.compare import Compared
    from reconciler.rows.prepared import Prepared


@dataclass(slots=True, kw_only=True)
class Listed:
    """One document's rows, prepared and compared. `again` compares them anew for another container."""

    prepared: Prepared
    compared: Compared
    again: Callable[[str], Compared]

    def feed_in(self, container: str) -> RowsFeed:
        """The rows for a writer, named for the container that they really go into."""
        found = self.compared if container == self.compared.container else self.again(container)
        return found.feed


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

    `dialable` are tables of the persons whom the start of a campaign reaches, beside those that this plan loads.
    """

    wishes: list[Wish] = field(default_factory=list)
    states: dict[str, TargetState] = field(default_factory=dict)
    people: People = field(default_factory=People)
    listed: dict[Address, Listed] = field(default_factory=dict)
    dialable: dict[Address, list[str]] = field(default_factory=dict)
    counted: set[Address] = field(default_factory=set)
    findings: list[Finding] = field(default_factory=list)
    enforced: list[Enforced] = field(default_factory=list)

    def feed(self, address: Address) -> Callable[[str], RowsFeed] | None:
        """The rows of an address for its writer, once the container is known; None for an object."""
        found = self.listed.get(address)
        return None if found is None else found.feed_in


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Numbers that must not be contacted, and of what: everything on the target, one campaign, or one category.

    `table` holds numbers (`suppress.numbers`), or where a container is named what the journal remembers of them there.
    """

    table: str
    campaign: str = ""
    category: str = ""
    container: str = ""

    def covers(self, campaign: str, category: str) -> bool:
        """Whether rows of that campaign are meant."""
        if self.campaign:
            return self.campaign == campaign
        return self.category == category if self.category else True
