"""uContact, older generation: a platform that takes in and never shows.

Rows and messages are compared with the journal; nothing written can be read back, changed or taken back. `dialect` is the
wire, `bases` the files of rows, `wishes` what is impossible or left for a person.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final

from reconciler.calendar import instant, shown_twice
from reconciler.call import Batch, Call, Flow, Judgement, Reply, Verdict
from reconciler.catalogue import say
from reconciler.diagnostics import Finding
from reconciler.kinds.fields import CODE, NAME, SECRET, Field, ListOf, Text
from reconciler.personal import Secret
from reconciler.plan.known import Seen
from reconciler.plan.manual import Manual
from reconciler.platforms.platform import Certainty, Evidence, NotDone, Platform, RowsSeen, Step
from reconciler.platforms.ucontact import bases, dialect, wishes
from reconciler.resource import Action, Desired, Live, Reading, Support
from reconciler.rows.sheet import Column, Sheet, Verb
from reconciler.target import Target, TargetKeys

_COLUMN_NAME: Final = Text(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", form="the name of a column: letters, digits and '_'")

KEYS: Final = TargetKeys(
    fields=(
        Field(name="domain", type=CODE, required=True, doc="What stands before .ucontactcloud.com."),
        Field(name="user", type=SECRET, secret=True, required=True, doc="The API user; uContact wants a SuperUser."),
        Field(name="password", type=SECRET, secret=True, required=True, doc="The API user's password."),
        Field(name="agent", type=NAME, doc="The agent who is recorded as sender, and whose campaigns are looked up."),
        Field(name="source", type=NAME, doc="The caller id or port that messages are sent from."),
        Field(name="username", type=NAME, doc="Who is recorded as uploading voice bases; the agent when left out."),
        Field(
            name="sms_api",
            type=Text(choices=("v2", "v1")),
            default="v2",
            doc="The call for at: on_apply; v1 where SendSMSv2 is not served.",
        ),
        Field(
            name="email_base",
            type=Text(choices=("assumed",)),
            doc="assumed: fill e-mail bases, whose columns are known from one sample only.",
        ),
    ),
    url="https://{domain}.ucontactcloud.com",
    account="domain",
)

CONTACTS_BLOCK: Final = (
    Field(
        name="channel", type=Text(choices=("voice", "sms", "email")), default="voice", doc="The kind of base that is filled."
    ),
    Field(
        name="message",
        type=Text(length_max=2000),
        personal=True,
        doc="sms and email: the text; {name} stands for a mapped column.",
    ),
    Field(
        name="data",
        type=ListOf(_COLUMN_NAME),
        doc="Columns that are sent as data. Left out: every column without a place of its own.",
    ),
)

_PHONE: Final = Column(name="phone", phone=True, required=True)
_READ_FOR: Final = frozenset({"campaign", "contacts", "scheduled_sms"})


class Ucontact:
    """The adapter. It remembers nothing between calls."""

    name = "ucontact"
    keys = KEYS
    blocks: Mapping[str, tuple[Field, ...]] = {"campaign": (), "contacts": CONTACTS_BLOCK, "blacklist": (), "scheduled_sms": ()}
    supports: Mapping[str, Support] = {
        "campaign": Support(kind="campaign"),
        "contacts": Support(kind="contacts", actions=frozenset({Action.ROWS_ADD}), batch_max=dialect.ROWS_MAX),
        "blacklist": Support(kind="blacklist"),
        "scheduled_sms": Support(kind="scheduled_sms", actions=frozenset({Action.SCHEDULE}), batch_max=1),
    }

    # --- pure

    def check(self, desired: Desired, target: Target) -> Iterable[Finding]:
        """What is impossible or incomplete, with its place."""
        return wishes.checked(desired, target)

    def as_stored(self, desired: Desired, seen: Seen, target: Target) -> Mapping[str, Any]:
        """Nothing: no field of any object is managed here."""
        del desired, seen, target
        return {}

    def runs_by_itself(self, stored: Mapping[str, Any]) -> bool:
        """Never: no field here makes anything run."""
        del stored
        return False

    def marker(self, desired: Desired, target: Target) -> str:
        """Nothing here can carry an ownership mark."""
        del desired, target
        return ""

    def sheet(self, desired: Desired, target: Target) -> Sheet:
        """How the rows of a document are held; none of them can be listed."""
        match desired.address.kind:
            case "contacts":
                return bases.sheet_of(desired, target)
            case "blacklist":
                return Sheet(columns=(_PHONE,), identity=("phone",), readable=False, natural=True)
            case _:
                return _messages(desired, target)

    def check_live(self, desired: Desired, seen: Seen, target: Target) -> Iterable[Finding]:
        """Campaigns that the target's agent does not see: said, and never an obstacle."""
        return wishes.checked_live(desired, seen, target)

    def manual(self, desired: Desired, seen: Seen, target: Target) -> Iterable[Manual]:
        """What is left for a person in the portal."""
        del seen, target
        return wishes.manual_steps(desired)

    def calls(self, action: Action, rows: int, target: Target, desired: Desired | None = None) -> int:
        """A file for each batch, a call for each message; there is no read-back."""
        if action is Action.ROWS_ADD:
            return -(-rows // bases.rows_max(target))
        return rows if action is Action.SCHEDULE else 0

    def judge(self, call: Call, reply: Reply) -> Judgement:
        """What the text of the reply says."""
        return dialect.judged(call, reply)

    def session_over(self, reply: Reply) -> bool:
        """401: the call was refused, and may be made again after a new login."""
        return reply.status == 401

    def busy(self, reply: Reply) -> bool:
        """No page of the vendor's names such a refusal."""
        del reply
        return False

    # --- flows

    def login(self, target: Target, secrets: Mapping[str, Secret]) -> Flow[Mapping[str, Secret | str]]:
        """Ask for a token. Raises NotReadable PLT008 when user and password are refused."""
        del target
        reply = yield dialect.log_in(secrets["user"], secrets["password"])
        return {"Authorization": dialect.Session(dialect.token_in(reply), secrets["user"])}

    def logout(self, target: Target, headers: Mapping[str, Secret | str]) -> Flow[None]:
        """End the session; whatever is answered, there is nothing more to do."""
        del target
        session = headers.get("Authorization")
        if isinstance(session, dialect.Session):
            yield dialect.log_out(session)

    def read(self, target: Target, wanted: frozenset[str], now: datetime) -> Flow[Seen]:
        """The campaigns of the target's agent, where one is named and the list is served; nothing else is ever shown."""
        agent = target.settings.get("agent")
        visible = None
        if agent and wanted & _READ_FOR:
            visible = dialect.campaigns_in((yield dialect.ask_campaigns(agent)))
        live = tuple(
            Live(id=name, name=name, fields={}, native={"channels": channels}) for name, channels in (visible or {}).items()
        )
        references = {} if visible is None else {wishes.VISIBLE: {name: name for name in visible}}
        return Seen(campaigns=Reading(live=live, read_at=now), references=references)

    def read_rows(
        self, desired: Desired, target: Target, campaign: Live | None, seen: Seen, asked: Iterator[Mapping[str, str]]
    ) -> Flow[RowsSeen]:
        """Nothing: rows are compared with the journal."""
        del desired, target, campaign, seen, asked
        yield from ()
        return RowsSeen()

    def write(self, step: Step) -> Flow[Mapping[str, str]]:
        """Upload the rows in files, or hand over the messages one by one. Gives how many calls were taken.

        Lifting sends nothing: the lists that we enforce are the journal's.
        """
        if step.action is Action.BLACKLIST_REMOVE:
            return {}
        if step.desired is None or step.feed is None or step.action not in (Action.ROWS_ADD, Action.SCHEDULE):
            raise ValueError(f"uContact has no call for {step.action.value}")
        build = _upload if step.action is Action.ROWS_ADD else _message
        size = bases.rows_max(step.target) if step.action is Action.ROWS_ADD else 1
        taken, last = 0, ""
        for batch in step.feed.batches(Verb.ADD, size):
            call = build(batch, step, step.desired)
            reply = yield call
            taken, last = taken + 1, self.judge(call, reply).evidence.get("id", last)
        return {"calls": str(taken)} | ({"last_id": last} if last else {})

    def verify(self, step: Step, facts: Mapping[str, str]) -> Flow[Evidence]:
        """Taken by the platform, and never shown by it; what the journal alone keeps needs no showing."""
        yield from ()
        if step.action is Action.BLACKLIST_REMOVE:
            return Evidence(certainty=Certainty.VERIFIED)
        return Evidence(certainty=Certainty.WEAK, facts=facts)

    def poll(self, target: Target, call: str, facts: Mapping[str, str]) -> Flow[Verdict]:
        """There are no background tasks here."""
        del target, call, facts
        yield from ()
        return Verdict.ASK


def _messages(desired: Desired, target: Target) -> Sheet:
    """A message a row: a number, a text, and perhaps an instant of its own."""
    at, mapped = desired.get("at"), desired.get("columns") or {}
    instants = (Column(name=at["column"]),) if isinstance(at, Mapping) and at["column"] in mapped else ()
    identity = bases.identity(desired, "phone")
    return Sheet(
        columns=(Column(name="key"), _PHONE, *instants),
        identity=identity,
        readable=False,
        add_max=1,
        naive_zone=target.platform_timezone,
    )


def _campaign(step: Step, desired: Desired) -> str:
    """The campaign's name as the portal shows it."""
    return step.live.name if step.live else str(desired.fields["campaign"])


def _upload(batch: Batch, step: Step, desired: Desired) -> Call:
    campaign, channel = _campaign(step, desired), bases.channel_of(desired)
    file = bases.file_of(batch, desired, campaign)
    if channel == "sms":
        return dialect.upload_sms(batch, dialect.without_arrow(campaign), file)
    if channel == "email":
        return dialect.upload_email(batch, campaign, file)
    return dialect.upload_voice(batch, campaign, file, step.target.settings)


def _message(batch: Batch, step: Step, desired: Desired) -> Call:
    campaign = _campaign(step, desired)
    if desired.fields["at"] == "on_apply":
        return dialect.send_sms(batch, campaign, step.target.settings)
    at, zone = batch.rows[0]["at"], step.target.platform_timezone
    if shown_twice(instant(at), zone):
        raise NotDone(say("clocks in {zone} show that time twice, and uContact takes no offset; nothing was sent", zone=zone))
    return dialect.schedule_sms(batch, campaign, at, zone)


UCONTACT: Final[Platform] = Ucontact()
