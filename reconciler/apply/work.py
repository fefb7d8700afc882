"""What is to be carried out, and how a run stands while it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.apply.limits import Limits
from reconciler.catalogue import say
from reconciler.plan.known import Seen
from reconciler.plan.values import Change, Plan, Wish
from reconciler.platforms.platform import Platform
from reconciler.resource import Address, Live, Support
from reconciler.rows.sheet import RowsFeed
from reconciler.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A change with everything that its platform needs to carry it out.

    `container` names where recipients are remembered, once the live campaign is known; `feed` gives the rows for it. `channel`
    is that of the people in them, "" where they are not contacted, None where it is not known.
    """

    change: Change
    platform: Platform
    target: Target
    support: Support
    wish: Wish | None = None
    live: Live | None = None
    feed: Callable[[str], RowsFeed] | None = None
    container: Callable[[Live | None], str]
    channel: str | None = None

    @property
    def place(self) -> str:
        """The container as the plan knows it."""
        return self.container(self.live)


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A plan, its jobs in the same order, and what was seen when it was made, at `read_at` by the runtime's clock."""

    plan: Plan
    run: str
    jobs: Sequence[Job]
    seen: Mapping[str, Seen]
    read_at: datetime
    managed: Mapping[str, tuple[Live, ...]] = field(default_factory=dict)
    rested_on: frozenset[str] = field(init=False)
    """The changes whose object a later one looks at: what that finds there has to be proven by then."""

    def __post_init__(self) -> None:
        places = {job.change.key: job.change.address for job in self.jobs}
        found = (key for job in self.jobs for key in job.change.depends_on if places.get(key) == job.change.address)
        object.__setattr__(self, "rested_on", frozenset(found))


@dataclass(slots=True)
class Progress:
    """What changes while a plan is carried out: live objects as last read, what is done, which addresses are stuck."""

    limits: Limits
    live: dict[Address, Live] = field(default_factory=dict)
    stuck: dict[Address, str] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    interrupted: bool = False
    broke: Exception | None = None

    @property
    def over(self) -> str:
        """Why nothing more may begin in this run, at any target; "" while it may."""
        if self.broke:
            return say("the run broke off before it")
        return say("the run was asked to stop") if self.interrupted else ""
