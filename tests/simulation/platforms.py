"""Our side of the three families: tiny adapters that keep the `Platform` protocol, with the habits of the real ones.

KEYS lists campaigns and rows by key; TASKS takes rows as background tasks that nobody can list, and contacts one by one;
BLIND takes uploads and messages, shows nothing, and has no campaigns of ours.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from reconciler.call import Batch, Call, Ending, Flow, Judgement, Reply, Safety, Verdict
from reconciler.plan.known import Seen
from reconciler.platforms.platform import Certainty, Evidence, NotDone, NotReadable, Step
from reconciler.resource import Action, Desired, Live, Reading, State, Support
from reconciler.rows.sheet import RowsFeed
from reconciler.rows.sheet import Verb as Rows
from tests.simulation.oracle import WHOLE_ACCOUNT
from tests.simulation.script import Family, Script

_POLLS_MAX: Final = 3
_OBJECT: Final = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE, Action.START, Action.STOP})
_VERIFIED: Final = Evidence(certainty=Certainty.VERIFIED)
_WEAK: Final = Evidence(certainty=Certainty.WEAK, why="it is never shown")


def campaign_support(*, marked: bool, edits_while_started: bool) -> Support:
    """What can be done with campaigns where there are some."""
    return Support(
        kind="campaign",
        actions=_OBJECT,
        fields=frozenset({"speed", "label"}),
        unreadable=frozenset({"label"}),
        marked=marked,
        edits_while_started=edits_while_started,
    )


def _read(operation: str, order: Mapping[str, Any] | None = None, after_s: float = 0.0) -> Call:
    return Call(operation=operation, method="GET", path="/", safety=Safety.READ, json=order or {}, after_s=after_s)


def _write(
    operation: str, safety: Safety, order: Mapping[str, Any], batch: Batch | None = None, facts: Mapping[str, str] | None = None
) -> Call:
    return Call(operation=operation, method="POST", path="/", safety=safety, json=order, batch=batch, facts=facts or {})


def _shown(reply: Reply) -> Mapping[str, Any]:
    """The envelope of a good read."""
    if reply.page is None or reply.status != 200 or reply.page.envelope["code"] != "200":
        raise NotReadable("not in the platform's own form")
    return reply.page.envelope


class Model:
    """What the families have in common. `pages` keeps rows that were shown under a name, as the rows engine does."""

    family: Family

    def __init__(self, script: Script) -> None:
        self.script = script
        self.supports = self.supported()
        self.pages: dict[str, Mapping[int, int]] = {}

    def table(self, rows: Mapping[int, int]) -> str:
        """A name for rows that were shown."""
        name = f"page-{len(self.pages)}"
        self.pages[name] = rows
        return name

    def supported(self) -> Mapping[str, Support]:
        """`supports` of `Platform`."""
        raise NotImplementedError

    def marker(self, desired: Desired) -> str:
        """See `Platform`."""
        return f"ours:{desired.address.name}" if self.script.marked and self.family is Family.KEYS else ""

    def as_stored(self, desired: Desired) -> Mapping[str, Any]:
        """See `Platform`."""
        return desired.block

    def judge(self, call: Call, reply: Reply) -> Judgement:
        """See `Platform`: a clear no is a no, a clear yes a yes, and everything else is doubt."""
        envelope = reply.page.envelope if reply.page else None
        if reply.status in (401, 403, 429) or (envelope and envelope["code"][0] == "4"):
            return Judgement(ending=Ending.REFUSED, why="it says no")
        if reply.status != 200 or envelope is None:
            return Judgement(ending=Ending.DOUBT, why="not in the platform's own form")
        if task := envelope.get("task"):
            return Judgement(ending=Ending.LATER, evidence={"task": task})
        if call.batch and envelope["rows"] != len(call.batch):
            return Judgement(ending=Ending.DOUBT, why="it took another number of rows")
        return Judgement(ending=Ending.DONE, evidence={"id": envelope["id"]} if "id" in envelope else {})

    def read(self, now: datetime) -> Flow[Seen]:
        """See `Platform`."""
        envelope = _shown((yield _read("campaigns")))
        live, whole = tuple(_live(campaign) for campaign in envelope["campaigns"]), envelope["whole"]
        return Seen(campaigns=Reading(live=live, complete=whole, read_at=now, note="" if whole else "cut"))

    def rows(self, desired: Desired, live: Live | None) -> Flow[tuple[Mapping[int, int] | None, bool]]:
        """The live rows of a document (None where they cannot be listed), and whether they are all."""
        del desired, live
        yield from ()
        return None, True

    def write(self, step: Step) -> Flow[Mapping[str, str]]:
        """See `Platform`."""
        raise NotImplementedError

    def verify(self, step: Step, facts: Mapping[str, str]) -> Flow[Evidence]:
        """See `Platform`."""
        raise NotImplementedError

    def poll(self, call: str, facts: Mapping[str, str]) -> Flow[Verdict]:
        """See `Platform`."""
        del call, facts
        yield from ()
        return Verdict.ASK

    # --- campaigns

    def _object(self, step: Step) -> Flow[Mapping[str, str]]:
        if step.action is Action.CREATE:
            assert step.desired is not None
            name, marker = step.desired.address.name, self.marker(step.desired)
            namesakes = ",".join(live.id for live in step.seen.campaign(name))
            order = {"name": name, "marker": marker, "fields": dict(step.stored)}
            facts = {"name": name, "marker": marker, "namesakes": namesakes}
            envelope = _shown((yield _write("create", Safety.CREATE, order, facts=facts)))
            return {"id": envelope["id"]}
        live = _there(step)
        operation = {Action.UPDATE: "edit"}.get(step.action, step.action.value)
        fields = {name: step.stored[name] for name in sorted(step.changed) if name in step.stored}
        order = {"id": live.id, **({"fields": fields} if operation == "edit" else {})}
        yield _write(operation, Safety.SET, order, facts={"id": live.id})
        return {"id": live.id}

    def _object_as_wished(self, step: Step, identifier: str) -> Flow[Evidence]:
        envelope = _shown((yield _read("campaigns")))
        live = next((_live(campaign) for campaign in envelope["campaigns"] if campaign.id == identifier), None)
        if live is None and not envelope["whole"]:
            return Evidence(certainty=Certainty.UNKNOWN, why="cut")
        if step.action is Action.DELETE:
            return _VERIFIED if live is None else _wrong(live)
        if live is None:
            return _wrong(None)
        wished = {name: value for name, value in step.stored.items() if name != "label"}
        right = {
            Action.START: live.state is State.STARTED,
            Action.STOP: live.state is State.STOPPED,
        }.get(step.action, all(live.fields.get(name) == value for name, value in wished.items()))
        return Evidence(certainty=Certainty.VERIFIED, live=live, facts={"id": live.id}) if right else _wrong(live)


class Keys(Model):
    """Rows are listed by key, campaigns may carry our mark, and the account has one list of who is barred."""

    family = Family.KEYS

    def supported(self) -> Mapping[str, Support]:
        """`supports` of `Platform`."""
        rows = frozenset({Action.ROWS_ADD, Action.ROWS_REMOVE})
        return {
            "campaign": campaign_support(marked=self.script.marked, edits_while_started=False),
            "contacts": Support(kind="contacts", actions=rows),
            "blacklist": Support(kind="blacklist", actions=frozenset({Action.BLACKLIST_ADD})),
        }

    def rows(self, desired: Desired, live: Live | None) -> Flow[tuple[Mapping[int, int] | None, bool]]:
        """The export of a campaign, whole when it is as long as the list of campaigns says; or who is barred."""
        if desired.address.kind == "blacklist":
            envelope = _shown((yield _read("barred", {"scope": WHOLE_ACCOUNT})))
            return envelope["rows"], envelope["whole"]
        if live is None:
            return None, True
        envelope = _shown((yield _read("records", {"id": live.id})))
        rows: Mapping[int, int] = envelope["rows"]
        return rows, envelope["whole"] and sum(rows.values()) == live.native["records"]

    def write(self, step: Step) -> Flow[Mapping[str, str]]:
        """See `Platform`."""
        if step.action in _OBJECT:
            return (yield from self._object(step))
        feed = _feed(step)
        if step.action is Action.BLACKLIST_ADD:
            for batch in feed.batches(Rows.ADD, self.script.rows_max):
                yield _write("bar", Safety.SET, {}, batch)
            return {}
        live = _there(step)
        adding = step.action is Action.ROWS_ADD
        for batch in feed.batches(Rows.ADD if adding else Rows.REMOVE, self.script.rows_max):
            operation, safety = ("add_record", Safety.MARKER) if adding else ("remove_record", Safety.SET)
            yield _write(operation, safety, {"id": live.id}, batch, {"id": live.id, "count": str(len(batch))})
        return {"id": live.id}

    def verify(self, step: Step, facts: Mapping[str, str]) -> Flow[Evidence]:
        """See `Platform`."""
        if step.action in _OBJECT:
            return (yield from self._object_as_wished(step, facts.get("id") or _there(step).id))
        where = {"scope": WHOLE_ACCOUNT} if step.action is Action.BLACKLIST_ADD else {"id": _there(step).id}
        envelope = _shown((yield _read("barred" if step.action is Action.BLACKLIST_ADD else "records", where)))
        table = self.table(envelope["rows"])
        removing = step.action is Action.ROWS_REMOVE
        presence = _feed(step).presence(Rows.REMOVE if removing else Rows.ADD, table)
        if removing:
            if presence.present:
                return _wrong(None)
            return _VERIFIED if envelope["whole"] else Evidence(certainty=Certainty.UNKNOWN, why="cut")
        if presence.twice:
            return _wrong(None)
        if presence.missing:
            return _wrong(None) if envelope["whole"] else Evidence(certainty=Certainty.UNKNOWN, why="cut")
        return _VERIFIED


class Tasks(Model):
    """Rows go in as tasks, or at once where the campaign runs, and are never listed; contacts are made one by one."""

    family = Family.TASKS

    def supported(self) -> Mapping[str, Support]:
        """`supports` of `Platform`."""
        return {
            "campaign": campaign_support(marked=False, edits_while_started=True),
            "contacts": Support(kind="contacts", actions=frozenset({Action.ROWS_ADD})),
            "blacklist": Support(kind="blacklist", actions=frozenset({Action.BLACKLIST_ADD})),
        }

    def rows(self, desired: Desired, live: Live | None) -> Flow[tuple[Mapping[int, int] | None, bool]]:
        """The address book; rows of a campaign and entries of a list are known by the journal alone."""
        del live
        if desired.address.kind == "contacts" and not desired.get("campaign"):
            envelope = _shown((yield _read("book")))
            return envelope["rows"], envelope["whole"]
        return None, True

    def write(self, step: Step) -> Flow[Mapping[str, str]]:
        """See `Platform`."""
        if step.action in _OBJECT:
            return (yield from self._object(step))
        feed = _feed(step)
        assert step.desired is not None
        if step.action is Action.ROWS_ADD and not step.desired.get("campaign"):
            for batch in feed.batches(Rows.ADD, 1):
                yield _write("post_contact", Safety.CREATE, {}, batch)
            return {}
        live = step.live and (yield from self._fresh(step.live.id))
        if not live:
            raise NotDone("the campaign is not there")
        if step.action is Action.BLACKLIST_ADD:
            operation, safety = "manage_dnd", Safety.TASK
        else:
            operation, safety = "add_data", Safety.BLIND if live.state is State.STARTED else Safety.TASK
            if safety is Safety.BLIND and step.live and step.live.state is State.STOPPED:
                raise NotDone("the campaign was started by somebody else meanwhile")
        for batch in feed.batches(Rows.ADD, self.script.rows_max):
            named = {"task": f"named-{batch.digest}"} if self.script.named_tasks else {}
            reply = yield _write(operation, safety, {"id": live.id}, batch, {"campaign": live.id, **named})
            stands = yield from self._awaited(str(_shown(reply).get("task", "")))
            if stands in ("failed", "unknown"):
                raise NotDone("the platform says that the task failed")
            if stands != "done":
                return {"status": stands}
        return {"status": "done"}

    def _fresh(self, identifier: str) -> Flow[Live | None]:
        found = _shown((yield _read("campaign", {"id": identifier})))["campaigns"]
        return _live(found[0]) if found else None

    def _awaited(self, task: str) -> Flow[str]:
        stands = "running"
        for turn in range(_POLLS_MAX):
            reply = yield _read("task", {"task": task}, after_s=1.0 + turn)
            try:
                stands = _shown(reply)["task"]
            except NotReadable:
                continue
            if stands != "running":
                break
        return stands

    def verify(self, step: Step, facts: Mapping[str, str]) -> Flow[Evidence]:
        """See `Platform`."""
        if step.action in _OBJECT:
            return (yield from self._object_as_wished(step, facts.get("id") or _there(step).id))
        assert step.desired is not None
        if step.action is Action.ROWS_ADD and step.desired.get("campaign"):
            return _WEAK if facts["status"] == "done" else Evidence(certainty=Certainty.UNKNOWN, why="still at work")
        if step.action is Action.BLACKLIST_ADD:
            if facts["status"] != "done":
                return Evidence(certainty=Certainty.UNKNOWN, why="still at work")
            call = _read("barred", {"scope": _there(step).id})
        else:
            call = _read("book")
        envelope = _shown((yield call))
        presence = _feed(step).presence(Rows.ADD, self.table(envelope["rows"]))
        if not presence.missing and not presence.twice:
            return _VERIFIED
        return _wrong(None) if envelope["whole"] else Evidence(certainty=Certainty.UNKNOWN, why="cut")

    def poll(self, call: str, facts: Mapping[str, str]) -> Flow[Verdict]:
        """Who is barred is a state, and is wished again; rows are messages, and a person is asked."""
        settled = Verdict.NOT_DONE if call == "manage_dnd" else Verdict.ASK
        if not facts.get("task"):
            return settled
        stands = _shown((yield _read("task", {"task": facts["task"]})))["task"]
        return {"done": Verdict.DONE, "running": Verdict.HOLD}.get(stands, settled)


class Blind(Model):
    """Uploads and messages that nobody can list; no campaigns, and lists that only we enforce."""

    family = Family.BLIND

    def supported(self) -> Mapping[str, Support]:
        """`supports` of `Platform`."""
        return {
            "campaign": Support(kind="campaign"),
            "contacts": Support(kind="contacts", actions=frozenset({Action.ROWS_ADD})),
            "blacklist": Support(kind="blacklist"),
            "scheduled_sms": Support(kind="scheduled_sms", actions=frozenset({Action.SCHEDULE})),
        }

    def read(self, now: datetime) -> Flow[Seen]:
        """See `Platform`: nothing is shown, and that is everything."""
        yield from ()
        return Seen(campaigns=Reading(read_at=now))

    def write(self, step: Step) -> Flow[Mapping[str, str]]:
        """See `Platform`."""
        feed, messages = _feed(step), step.action is Action.SCHEDULE
        for batch in feed.batches(Rows.ADD, 1 if messages else self.script.rows_max):
            yield _write("send" if messages else "upload", Safety.BLIND if messages else Safety.UPLOAD, {}, batch)
        return {}

    def verify(self, step: Step, facts: Mapping[str, str]) -> Flow[Evidence]:
        """See `Platform`."""
        del step, facts
        yield from ()
        return _WEAK


MODELS: Final[Mapping[Family, type[Model]]] = {Family.KEYS: Keys, Family.TASKS: Tasks, Family.BLIND: Blind}


def _live(campaign: Any) -> Live:
    """A campaign as the list shows it: its label is never shown."""
    return Live(
        id=campaign.id,
        name=campaign.name,
        marker=campaign.marker,
        fields={name: value for name, value in campaign.fields.items() if name != "label"},
        state=State.STARTED if campaign.started else State.STOPPED,
        native={"records": sum(campaign.rows.values())},
    )


def _there(step: Step) -> Live:
    if step.live is None:
        raise NotDone("the campaign is not there")
    return step.live


def _feed(step: Step) -> RowsFeed:
    assert step.feed is not None
    return step.feed


def _wrong(live: Live | None) -> Evidence:
    return Evidence(certainty=Certainty.WRONG, why="it shows something else", live=live)
