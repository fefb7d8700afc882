"""What every platform offers, and the values that pass between it and the rest of the house.

A platform never sends: it yields calls and reads replies. It is pure in everything else, so that what it says about a wish
can be tested without a network, and so that a simulator can play its other side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Protocol

from reconciler.call import Call, Flow, Judgement, Reply, Verdict
from reconciler.diagnostics import Finding
from reconciler.kinds.fields import Field
from reconciler.personal import Secret
from reconciler.plan.known import Seen
from reconciler.plan.manual import Manual
from reconciler.resource import Action, Desired, Live, Support
from reconciler.rows.sheet import RowsFeed, Sheet
from reconciler.target import Target, TargetKeys


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsSeen:
    """The live rows of one document, and whether all were shown.

    `tables` are the engine's tables, in our column names; a row is live when it is in all of them. Empty where the platform
    cannot list rows. `known` are identities that were asked for one by one and found.
    """

    tables: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    count: int = 0
    complete: bool = True
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """One change as its platform has to carry it out.

    `stored` is the wish in the platform's own form (`as_stored`), `changed` the top-level names in it that differ. `live` is
    the object as it was just read: a campaign, or for rows the campaign that they belong to; None when it is not there.
    `managed` are the live campaigns of the target that are ours. `feed` gives the rows.
    """

    action: Action
    target: Target
    desired: Desired | None
    stored: Mapping[str, Any] = field(default_factory=dict)
    changed: frozenset[str] = frozenset()
    live: Live | None
    managed: tuple[Live, ...] = ()
    feed: RowsFeed | None = None
    seen: Seen
    now: datetime


class Certainty(Enum):
    """What a read-back proved."""

    VERIFIED = "verified"
    WEAK = "weak"  # the platform took it and cannot show it
    WRONG = "wrong"  # the platform shows something else
    UNKNOWN = "unknown"  # the read-back itself failed or was incomplete


@dataclass(frozen=True, slots=True, kw_only=True)
class Evidence:
    """The result of a read-back. `live` is the object as it is now; `facts` are counts and ids for the journal."""

    certainty: Certainty
    why: str = ""
    live: Live | None = None
    facts: Mapping[str, str] = field(default_factory=dict)


class NotReadable(Exception):
    """A read was answered, but not with what it asks for. `code` is a finding's code (PLT002, PLT006, PLT007, PLT008)."""

    def __init__(self, why: str, code: str = "PLT006") -> None:
        super().__init__(why)
        self.why = why
        self.code = code


class NotDone(Exception):
    """A later reading shows that an accepted call did not do what it was to do (a task that failed, fewer rows than sent)."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


class Platform(Protocol):
    """One platform. Methods without a Flow are pure; Flows yield calls and receive replies."""

    name: str
    keys: TargetKeys
    blocks: Mapping[str, tuple[Field, ...]]
    supports: Mapping[str, Support]

    def check(self, desired: Desired, target: Target) -> Iterable[Finding]:
        """What can be known offline to be impossible or incomplete, with the place in the document."""

    def marker(self, desired: Desired, target: Target) -> str:
        """The ownership mark that the live object of this wish carries; "" where the platform has no room for one."""

    def as_stored(self, desired: Desired, seen: Seen, target: Target) -> Mapping[str, Any]:
        """The wish in the form in which this platform would show it: what `decode(encode(desired))` gives.

        Fields that are not wished are left out. Idempotent: storing what is stored changes nothing.
        """

    def runs_by_itself(self, stored: Mapping[str, Any]) -> bool:
        """Whether an object with these stored fields runs without being started."""

    def sheet(self, desired: Desired, target: Target) -> Sheet:
        """How the rows of a contacts, blacklist or scheduled_sms document are held here."""

    def check_live(self, desired: Desired, seen: Seen, target: Target) -> Iterable[Finding]:
        """What only the live platform shows to be impossible: an unknown skill, a full tenant, a name that is not visible."""

    def manual(self, desired: Desired, seen: Seen, target: Target) -> Iterable[Manual]:
        """Steps of this wish that only a person can do."""

    def calls(self, action: Action, rows: int, target: Target, desired: Desired | None = None) -> int:
        """How many calls carrying out `action` takes, read-back included; `rows` = rows moved, 0 for objects."""

    def login(self, target: Target, secrets: Mapping[str, Secret]) -> Flow[Mapping[str, Secret | str]]:
        """The headers that authorise later calls."""

    def logout(self, target: Target, headers: Mapping[str, Secret | str]) -> Flow[None]:
        """End the session, where there is one."""

    def session_over(self, reply: Reply) -> bool:
        """Whether a reply says that the session ended: the call was refused, and may be repeated after a new login."""

    def busy(self, reply: Reply) -> bool:
        """Whether a reply says that the call was refused only because it came too close to another one."""

    def read(self, target: Target, wanted: frozenset[str], now: datetime) -> Flow[Seen]:
        """Campaigns, references and quota. `wanted`: kinds of the documents, and `id:…` of campaigns we know."""

    def read_rows(
        self, desired: Desired, target: Target, campaign: Live | None, seen: Seen, asked: Iterator[Mapping[str, str]]
    ) -> Flow[RowsSeen]:
        """The live rows of one document. `asked` gives the rows that the journal does not vouch for, for platforms that
        can only be asked row by row; others leave it alone.
        """

    def write(self, step: Step) -> Flow[Mapping[str, str]]:
        """Carry out one change; gives facts for the journal (`id` of what was created).

        A reply is handed back only when the call ended DONE or LATER; at any other ending the flow is closed. Raises NotDone.
        """

    def verify(self, step: Step, facts: Mapping[str, str]) -> Flow[Evidence]:
        """Read back what `write` did."""

    def judge(self, call: Call, reply: Reply) -> Judgement:
        """What the reply to a write says; 200 is no proof."""

    def poll(self, target: Target, call: str, facts: Mapping[str, str]) -> Flow[Verdict]:
        """How a background task of operation `call` stands, by the id in `facts`; ASK where there is none."""
