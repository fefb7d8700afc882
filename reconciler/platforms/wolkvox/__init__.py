"""wolkvox: campaigns, their records, the do-not-call list and SMS, over its REST API version 2.

`wire` is the one table of what the vendor's pages say and leave open; `replies` and `pages` read answers; `campaigns`,
`records`, `blacklist` and `sms` turn changes into calls; `wishes` says what cannot be done. There is no session: a token
stands in a header of every call.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from reconciler.call import Call, Flow, Judgement, Reply, Verdict
from reconciler.catalogue import say
from reconciler.diagnostics import Finding
from reconciler.kinds.fields import SECRET, Boolean, Field, Integer, Record, Text
from reconciler.personal import Secret
from reconciler.plan.known import Seen
from reconciler.plan.manual import Manual
from reconciler.platforms.platform import Certainty, Evidence, NotReadable, Platform, RowsSeen, Step
from reconciler.platforms.wolkvox import blacklist, campaigns, records, replies, sms, wire, wishes
from reconciler.platforms.wolkvox.wire import ROWS_VERIFIABLE_MAX, marker
from reconciler.resource import Action, Desired, Live, Support
from reconciler.rows.sheet import Sheet
from reconciler.target import Target, TargetKeys

__all__ = ["ROWS_VERIFIABLE_MAX", "WOLKVOX", "Wolkvox", "marker"]

_LABEL: Final = Text(length_min=0, length_max=100)
_KEYS: Final = TargetKeys(
    fields=(
        Field(
            name="server",
            type=Text(pattern=r"^[0-9]{4}$", form="the server's code, four digits"),
            required=True,
            doc="The server's code as the vendor gave it, with its leading zeros: 0010 for wv0010.",
        ),
        Field(name="token", type=SECRET, required=True, secret=True, doc="The API token of the operation."),
    ),
    url="https://wv{server}.wolkvox.com",
    account="server",
    calls_in_flight_max=2,  # by token; the vendor advises one after another (wolkvox.md, limits)
)
_CAMPAIGN: Final = (
    Field(
        name="type",
        type=Text(choices=(wire.PREDICTIVE, wire.PREVIEW)),
        default=wire.PREDICTIVE,
        doc="Whether the platform dials, or an agent does who sees the record first.",
    ),
    Field(name="skill", type=Text(), required=True, doc="Name or id of the skill that takes the calls; VAGENT for none."),
    Field(name="speed", type=Integer(least=0, most=100), doc="How fast it dials, 0 to 100."),
    Field(name="amd", type=Text(choices=wire.AMD), doc="Detection of answering machines: default, none or a country."),
    Field(name="editable", type=Boolean(), doc="Whether agents may edit records."),
    Field(
        name="labels",
        type=Record(tuple(Field(name=label, type=_LABEL, doc=f"Title of the column {label}.") for label in wire.LABELS)),
        doc="Titles of the free columns opt1 to opt12; those left out are emptied.",
    ),
    Field(name="recall_routing", type=Boolean(), doc="Whether recalls go back to the agent who had the call."),
    Field(name="dial_order", type=Text(choices=wire.DIAL_ORDERS), doc="In which order records are dialled."),
    Field(name="turbo_dial", type=Boolean(), doc="The platform's turbo dial service."),
)
_SUPPORTS: Final = {
    support.kind: support
    for support in (
        Support(
            kind="campaign",
            actions=frozenset({Action.STOP, Action.DELETE, Action.CREATE, Action.UPDATE, Action.START}),
            fields=wire.READABLE | wire.UNREADABLE,
            unreadable=wire.UNREADABLE,
            marked=True,
        ),
        Support(
            kind="contacts",
            actions=frozenset({Action.ROWS_REMOVE, Action.ROWS_ADD}),
            fields=frozenset(column.name for column in records.COLUMNS),
            batch_max=wire.ROWS_PER_UPLOAD_MAX,
        ),
        Support(
            kind="blacklist",
            actions=frozenset({Action.BLACKLIST_ADD, Action.BLACKLIST_REMOVE}),
            fields=frozenset({"phone"}),
            batch_max=wire.ROWS_PER_REMOVAL_MAX,
        ),
        Support(kind="scheduled_sms", actions=frozenset({Action.SCHEDULE}), fields=frozenset({"phone"}), batch_max=1),
    )
}
_ROWS: Final = frozenset({Action.ROWS_ADD, Action.ROWS_REMOVE})
_BLACKLIST: Final = frozenset({Action.BLACKLIST_ADD, Action.BLACKLIST_REMOVE})


class Wolkvox:
    """The platform; it holds no state."""

    name = "wolkvox"
    keys = _KEYS
    blocks: Mapping[str, tuple[Field, ...]] = {"campaign": _CAMPAIGN}
    supports: Mapping[str, Support] = _SUPPORTS

    def check(self, desired: Desired, target: Target) -> Iterable[Finding]:
        return wishes.check(desired, target)

    def check_live(self, desired: Desired, seen: Seen, target: Target) -> Iterable[Finding]:
        return wishes.check_live(desired, seen, target)

    def manual(self, desired: Desired, seen: Seen, target: Target) -> Iterable[Manual]:
        del seen, target
        return wishes.manual(desired)

    def marker(self, desired: Desired, target: Target) -> str:
        """The mark that shows a live campaign to be this document's."""
        return marker(target, desired.address.name) if desired.address.kind == "campaign" else ""

    def as_stored(self, desired: Desired, seen: Seen, target: Target) -> Mapping[str, Any]:
        return campaigns.as_stored(desired, seen, target) if desired.address.kind == "campaign" else {}

    def runs_by_itself(self, stored: Mapping[str, Any]) -> bool:
        """Every campaign here has to be started."""
        del stored
        return False

    def sheet(self, desired: Desired, target: Target) -> Sheet:
        kind = desired.address.kind
        if kind == "contacts":
            return records.sheet(target)
        return blacklist.sheet(desired, target) if kind == "blacklist" else sms.sheet(desired)

    def calls(self, action: Action, rows: int, target: Target, desired: Desired | None = None) -> int:
        """The usual case: create, speed and a reading; one other write and a reading; for rows their batches and a reading,
        and one more of the run state after the first upload. Settings that only an edit can say cost a call more.
        """
        if action is Action.CREATE:
            return 3
        if action is Action.SCHEDULE:
            return rows
        if action is Action.ROWS_ADD:
            return -(-rows // records.added_max(target)) + 2
        if action in (Action.ROWS_REMOVE, *_BLACKLIST):
            most = records.sheet(target).remove_max
            return -(-rows // most) + 1
        return 2

    def login(self, target: Target, secrets: Mapping[str, Secret]) -> Flow[Mapping[str, Secret | str]]:
        """The token stands in a header of every call: nothing is asked."""
        del target
        yield from ()
        if "token" not in secrets:
            raise NotReadable(say("the target has no token"), "PLT008")
        return {"wolkvox-token": secrets["token"]}

    def logout(self, target: Target, headers: Mapping[str, Secret | str]) -> Flow[None]:
        """There is no session to end."""
        del target, headers
        yield from ()

    def session_over(self, reply: Reply) -> bool:
        """A token that was refused stays refused."""
        del reply
        return False

    def busy(self, reply: Reply) -> bool:
        return replies.busy(reply)

    def read(self, target: Target, wanted: frozenset[str], now: datetime) -> Flow[Seen]:
        return campaigns.read(target, wanted, now)

    def read_rows(
        self, desired: Desired, target: Target, campaign: Live | None, seen: Seen, asked: Iterator[Mapping[str, str]]
    ) -> Flow[RowsSeen]:
        del seen, asked
        kind = desired.address.kind
        if kind == "contacts":
            return (yield from records.read(campaign, target, desired))
        return (yield from blacklist.read(desired, target)) if kind == "blacklist" else RowsSeen()

    def write(self, step: Step) -> Flow[Mapping[str, str]]:
        if step.action in _ROWS:
            return records.write(step)
        if step.action in _BLACKLIST:
            return blacklist.write(step)
        return sms.write(step) if step.action is Action.SCHEDULE else campaigns.write(step)

    def verify(self, step: Step, facts: Mapping[str, str]) -> Flow[Evidence]:
        try:
            if step.action in _ROWS:
                return (yield from records.verify(step))
            if step.action in _BLACKLIST:
                return (yield from blacklist.verify(step))
            if step.action is not Action.SCHEDULE:
                return (yield from campaigns.verify(step, facts))
        except NotReadable as unreadable:
            return Evidence(certainty=Certainty.UNKNOWN, why=unreadable.why)
        return Evidence(certainty=Certainty.WEAK, why=say("the platform does not show what it sent"))

    def judge(self, call: Call, reply: Reply) -> Judgement:
        return replies.judge(call, reply)

    def poll(self, target: Target, call: str, facts: Mapping[str, str]) -> Flow[Verdict]:
        """Nothing here works in the background."""
        del target, call, facts
        yield from ()
        return Verdict.ASK


WOLKVOX: Final[Platform] = Wolkvox()
