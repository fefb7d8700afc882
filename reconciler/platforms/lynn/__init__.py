"""Lynn: campaigns, an address book, rows that are messages, and do-not-disturb entries.

`dialect` holds every uncertain choice about the wire in its tables, `replies` says what answers mean; `campaigns`,
`contacts`, `loads` (rows into a campaign) and `blacklist` each carry out one subject; `checks` says what cannot be done.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from reconciler.call import Call, Flow, Judgement, Reply, Verdict
from reconciler.catalogue import say
from reconciler.diagnostics import Finding
from reconciler.kinds.fields import INSTANT, NAME, SECRET, Field, Integer, MapOf, Text
from reconciler.personal import Secret
from reconciler.plan.known import Seen
from reconciler.plan.manual import Manual
from reconciler.platforms.lynn import blacklist, campaigns, checks, contacts, loads, replies
from reconciler.platforms.lynn.dialect import POLLS_USUAL, ROWS_MAX, TOKEN, call, part
from reconciler.platforms.platform import Certainty, Evidence, NotReadable, Platform, RowsSeen, Step
from reconciler.resource import Action, Desired, Live, Reading, Support
from reconciler.rows.sheet import Sheet
from reconciler.target import Target, TargetKeys

_TENANT: Final = Text(pattern=r"^[1-9]\d{0,8}$", form="digits")
_GUID: Final = Text(
    pattern=r"^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}$",
    form="a GUID, such as 3c6f10ec-0000-4000-8000-210008f00900",
)

_CAMPAIGN_BLOCK: Final = (
    Field(name="division", type=NAME, required=True, doc="The division of the tenant that the campaign belongs to."),
    Field(
        name="type",
        type=Text(choices=("single", "multiple")),
        default="single",
        doc="single: the session opens with the answer; multiple: with the message.",
    ),
    Field(
        name="execution_mode",
        type=Text(choices=("manual", "scheduled", "always_on")),
        default="manual",
        doc="manual: started and stopped by order; scheduled: by its dates; always_on: rows go out as they come.",
    ),
    Field(name="start_at", type=INSTANT, doc="With scheduled: when it starts by itself."),
    Field(name="stop_at", type=INSTANT, doc="With scheduled: when it stops by itself."),
    Field(name="category", type=NAME, required=True, doc="Groups campaigns; blacklists can be for a whole category."),
    Field(name="valid_until", type=INSTANT, doc="When the campaign expires."),
)

_CONTACTS_BLOCK: Final = (
    Field(name="template", type=_GUID, doc="The id of the load template; for rows of a campaign."),
    Field(name="fields", type=MapOf(Text()), doc="The template's further columns: their name there, and our or the source's."),
    Field(name="type_of_data", type=Integer(), default=0, doc="Passed on as it is; only 0 is known."),
)

_ROWS: Final = frozenset({Action.ROWS_ADD, Action.ROWS_REMOVE})
_ENTRIES: Final = frozenset({Action.BLACKLIST_ADD, Action.BLACKLIST_REMOVE})


class Lynn:
    """The platform; stateless. See the Protocol for what each method promises."""

    name = "lynn"
    keys = TargetKeys(
        fields=(
            Field(name="tenant", type=_TENANT, required=True, doc="The tenant's number."),
            Field(
                name="access_token",
                type=SECRET,
                required=True,
                secret=True,
                doc="The token of the tenant's API credential, as {env: NAME} or {file: PATH}.",
            ),
            Field(
                name="access_token_secret",
                type=SECRET,
                required=True,
                secret=True,
                doc="The secret token of the same credential, as {env: NAME} or {file: PATH}.",
            ),
        ),
        url="https://premium-{environment}.lynn.cx",
        account="tenant",
    )
    blocks: Mapping[str, tuple[Field, ...]] = {"campaign": _CAMPAIGN_BLOCK, "contacts": _CONTACTS_BLOCK}
    supports: Mapping[str, Support] = {
        "campaign": Support(
            kind="campaign",
            actions=frozenset({Action.CREATE, Action.UPDATE, Action.DELETE, Action.START, Action.STOP}),
            fields=campaigns.FIELDS,
            running_fields=campaigns.RUNNING_FIELDS,
            edits_while_started=True,
        ),
        "contacts": Support(kind="contacts", actions=_ROWS, batch_max=ROWS_MAX),
        "blacklist": Support(kind="blacklist", actions=_ENTRIES, batch_max=ROWS_MAX),
        "scheduled_sms": Support(kind="scheduled_sms"),
    }

    # --- offline

    def check(self, desired: Desired, target: Target) -> Iterable[Finding]:
        del target
        return checks.offline(desired)

    def as_stored(self, desired: Desired, seen: Seen, target: Target) -> Mapping[str, Any]:
        del seen
        return campaigns.as_stored(desired, target) if desired.address.kind == "campaign" else {}

    def marker(self, desired: Desired, target: Target) -> str:
        """Lynn's objects have no place for a mark: ours are known by the ids in the journal."""
        del desired, target
        return ""

    def runs_by_itself(self, stored: Mapping[str, Any]) -> bool:
        return stored.get("execution_mode") in campaigns.BY_ITSELF

    def sheet(self, desired: Desired, target: Target) -> Sheet:
        match desired.address.kind:
            case "contacts":
                return loads.sheet(desired, target) if desired.get("campaign") else contacts.sheet(desired)
            case "blacklist":
                return blacklist.sheet(desired, target)
            case _:
                return Sheet(columns=(), identity=("phone",), readable=False, others=True)

    def check_live(self, desired: Desired, seen: Seen, target: Target) -> Iterable[Finding]:
        return checks.live(desired, seen, target)

    def manual(self, desired: Desired, seen: Seen, target: Target) -> Iterable[Manual]:
        del desired, seen, target
        return ()

    def calls(self, action: Action, rows: int, target: Target, desired: Desired | None = None) -> int:
        """Without `desired` the larger of what the action can mean: contacts one by one, dates that need a whole object."""
        batches = -(-rows // loads.rows_max(target))
        by_task = batches * (1 + POLLS_USUAL)
        match action:
            case Action.CREATE | Action.DELETE:
                return 2
            case Action.UPDATE:
                return 3
            case Action.START | Action.STOP:
                by_order = desired is not None and desired.block.get("execution_mode", "manual") == "manual"
                return 2 if by_order else 3
            case Action.ROWS_ADD if desired is not None and desired.get("campaign"):
                return 1 + (1 + POLLS_USUAL if loads.is_file(desired) else by_task)
            case Action.ROWS_ADD | Action.ROWS_REMOVE:
                return rows + 1
            case Action.BLACKLIST_ADD | Action.BLACKLIST_REMOVE:
                read_back = blacklist.to_read(rows, desired)
                contacts = 1  # which ids the numbers have now
                if desired is None or desired.get("scope", {}).get("category"):
                    return contacts + (rows + 1 if action is Action.BLACKLIST_ADD else 2 + by_task) + read_back
                return contacts + by_task + read_back
            case _:
                return 0

    # --- session

    def login(self, target: Target, secrets: Mapping[str, Secret]) -> Flow[Mapping[str, Secret | str]]:
        credential = {"accessToken": secrets["access_token"], "accessTokenSecret": secrets["access_token_secret"]}
        reply = yield call(target, "CreateToken", json={**credential, "tenant": int(target.settings["tenant"])})
        value = replies.content(reply)
        token = part(value, TOKEN) if isinstance(value, dict) else None
        if not isinstance(token, str) or not token.strip():
            raise NotReadable(say("the answer to the login holds no token"))
        return {"Authorization": Secret(token.strip()).prefixed("bearer ")}

    def logout(self, target: Target, headers: Mapping[str, Secret | str]) -> Flow[None]:
        """Nothing: Lynn names no call that ends a session."""
        del target, headers
        yield from ()

    def session_over(self, reply: Reply) -> bool:
        return reply.status == 401

    def busy(self, reply: Reply) -> bool:
        """No page of the vendor's names such a refusal."""
        del reply
        return False

    # --- reading

    def read(self, target: Target, wanted: frozenset[str], now: datetime) -> Flow[Seen]:
        live = yield from campaigns.read_list(target, now)
        listed = {one.id.casefold() for one in live}
        for known in sorted(word.removeprefix("id:") for word in wanted if word.startswith("id:")):
            if known.casefold() not in listed:
                found = yield from campaigns.read_one(target, known, now)
                live += [found] if found else []
        tables, references = {}, {}
        if wanted & {"contacts", "blacklist"}:
            table, count = yield from contacts.read_all(target)
            tables[contacts.TABLE] = table
            references[contacts.TABLE] = {"count": str(count)}
        return Seen(campaigns=Reading(live=tuple(live), read_at=now), references=references, tables=tables)

    def read_rows(
        self, desired: Desired, target: Target, campaign: Live | None, seen: Seen, asked: Iterator[Mapping[str, str]]
    ) -> Flow[RowsSeen]:
        if desired.address.kind == "blacklist":
            meant = campaigns.scoped(desired, campaign, seen.campaigns.live)
            return (yield from blacklist.read_rows(desired, target, meant, asked))
        if desired.address.kind == "contacts" and not desired.get("campaign"):
            return contacts.read_rows(seen)
        return RowsSeen()

    # --- writing

    def write(self, step: Step) -> Flow[Mapping[str, str]]:
        if step.action in _ENTRIES:
            return (yield from blacklist.write(step))
        if step.action not in _ROWS:
            return (yield from campaigns.write(step))
        if step.desired is None or not step.desired.get("campaign"):
            return (yield from contacts.write(step))
        if step.action is Action.ROWS_REMOVE:
            raise ValueError("rows of a campaign cannot be taken back")
        return (yield from loads.write(step))

    def verify(self, step: Step, facts: Mapping[str, str]) -> Flow[Evidence]:
        try:
            if step.action in _ENTRIES:
                return (yield from blacklist.verify(step, facts))
            if step.action not in _ROWS:
                return (yield from campaigns.verify(step, facts))
            if step.desired is None or not step.desired.get("campaign"):
                return (yield from contacts.verify(step))
            return loads.verify(step, facts)
        except NotReadable as unreadable:
            return Evidence(certainty=Certainty.UNKNOWN, why=unreadable.why, facts=facts)

    def judge(self, call: Call, reply: Reply) -> Judgement:
        return replies.judge(call, reply)

    def poll(self, target: Target, call: str, facts: Mapping[str, str]) -> Flow[Verdict]:
        return replies.polled(target, call, facts)


LYNN: Final[Platform] = Lynn()
