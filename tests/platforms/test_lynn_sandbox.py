"""Lynn's flows over real HTTP against the sandbox; every call and answer is held against the OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import replace
from typing import Any

import httpx
import pytest

from reconciler.call import Batch, Call, Ending, Flow, Judgement, Reply, T
from reconciler.personal import Secret
from reconciler.plan.known import Seen
from reconciler.platforms.lynn import LYNN, Lynn
from reconciler.platforms.platform import Certainty, Evidence, NotDone, NotReadable, Step
from reconciler.resource import Action, Desired, Live, State
from reconciler.rows.engine import Engine
from reconciler.rows.sheet import BEFORE, Presence, Verb
from reconciler.sandbox.control import Control
from reconciler.sandbox.server import Running, running
from tests.openapi import check_request, check_response
from tests.platforms.lynn_wishes import NOW, TEMPLATE, Feed, by, campaign, load, target, wish

CREDENTIALS = {"access_token": Secret("sandbox"), "access_token_secret": Secret("sandbox")}
EVERYTHING = frozenset({"campaign", "contacts", "blacklist"})


class Stopped(Exception):
    """A write that ended neither DONE nor LATER."""

    def __init__(self, judgement: Judgement) -> None:
        super().__init__(judgement.why)
        self.ending = judgement.ending


class Line:
    """Carries flows out over HTTP, as the wire will: judges writes, takes pages into the engine, logs in once more."""

    def __init__(self, url: str, engine: Engine) -> None:
        self.http = httpx.Client(base_url=f"{url}/lynn", timeout=20)
        self.engine = engine
        self.headers: Mapping[str, Secret | str] = {}
        self.documented = True
        self.sent: list[str] = []

    def run(self, flow: Flow[T]) -> T:
        try:
            call = next(flow)
            while True:
                self.sent.append(call.operation)
                reply = self.send(call)
                if LYNN.session_over(reply) and self.headers:
                    self.login()
                    reply = self.send(call)
                if call.safety.writes:
                    judgement = LYNN.judge(call, reply)
                    if judgement.ending not in (Ending.DONE, Ending.LATER):
                        flow.close()
                        raise Stopped(judgement)
                call = flow.send(reply)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # a generator's value has no type here

    def login(self) -> None:
        self.headers = {}
        self.headers = self.run(LYNN.login(target(), CREDENTIALS))

    def send(self, call: Call) -> Reply:
        headers = {name.lower(): _plain(value) for name, value in self.headers.items()}
        files = {call.file[0]: (call.file[1], call.file[2], "application/octet-stream")} if call.file else None
        content = None if call.json is None else json.dumps(call.json, default=_plain).encode()
        kind = {"content-type": "application/json"} if content else {}
        request = self.http.build_request(call.method, call.path, content=content, files=files, headers=headers | kind)
        body, kind_sent = request.read(), request.headers.get("content-type")
        if call.file is None:
            check_request("lynn", call.method, call.path, headers, body, kind_sent)
        reply = self.http.send(request)
        kind_back = reply.headers.get("content-type", "")
        if self.documented:
            check_response("lynn", call.method, call.path, reply.status_code, reply.content, kind_back)
        if call.sink and reply.status_code == 200:
            return Reply(status=200, page=self.engine.ingest(reply.content, call.sink))
        return Reply(status=reply.status_code, body=reply.content, content_type=kind_back)

    def seen(self, *wanted: str) -> Seen:
        return self.run(LYNN.read(target(), EVERYTHING | set(wanted), NOW))

    def carry(self, action: Action, desired: Desired | None, live: Live | None = None, **words: Any) -> Evidence:
        """Write, and read back with an adapter that shares nothing with the first but what the journal would keep."""
        stored = LYNN.as_stored(desired, self.seen(), target()) if desired else {}
        step = Step(
            action=action, target=target(), desired=desired, stored=stored, live=live, seen=self.seen(), now=NOW, **words
        )
        self.sent.clear()
        facts = self.run(LYNN.write(step))
        return self.run(Lynn().verify(step, facts))

    def one(self, name: str = "bienvenida") -> Live:
        (live,) = self.seen().campaign(name)
        return live


def _plain(value: Any) -> str:
    return value.reveal() if isinstance(value, Secret) else str(value)


class Book(Feed):
    """Rows whose presence is looked up in the engine's table of contacts."""

    def __init__(self, engine: Engine, **rows: Sequence[Mapping[str, str]]) -> None:
        super().__init__(None, b"", **rows)
        self.engine = engine

    def presence(self, verb: Verb, table: str) -> Presence:
        there = self.engine.run(f"SELECT channel, identifier FROM {table}")
        counts = [there.count((row["channel"], row["identifier"])) for row in self.rows.get(verb, ())]
        return Presence(present=sum(map(bool, counts)), missing=counts.count(0), twice=sum(count > 1 for count in counts))


@pytest.fixture(scope="module")
def shared_sandbox() -> Iterator[Running]:
    with running() as started:
        yield started


@pytest.fixture
def control(shared_sandbox: Running) -> Control:
    shared_sandbox.world.reset()
    return Control(shared_sandbox.url)


@pytest.fixture
def line(shared_sandbox: Running, control: Control) -> Iterator[Line]:
    del control
    with Engine(key=bytes(32)) as engine:
        line = Line(shared_sandbox.url, engine)
        with closing(line.http):
            line.login()
            yield line


def made(line: Line, desired: Desired | None = None) -> Live:
    evidence = line.carry(Action.CREATE, desired or campaign())
    assert evidence.certainty is Certainty.VERIFIED
    assert evidence.live is not None
    return evidence.live


def rows_for(numbers: Sequence[str]) -> list[dict[str, str]]:
    return [{"key": number, "phone": number, "name": "Ana Prueba", "pedido": "7"} for number in numbers]


def test_a_campaign_from_its_creation_to_its_end(line: Line, control: Control) -> None:
    desired = campaign(fields={"description": "uno", "state": "started"}, valid_until="2026-12-31T23:59:00-03:00")
    live = made(line, desired)
    assert line.one().fields == LYNN.as_stored(desired, line.seen(), target())
    assert live.state is State.STOPPED

    edited = campaign(fields={"description": "dos", "state": "started"}, category="baja", valid_until="2026-12-30T23:59:00Z")
    changed = frozenset({"description", "category", "valid_until"})
    assert line.carry(Action.UPDATE, edited, live, changed=changed).certainty is Certainty.VERIFIED
    assert len(line.sent) == LYNN.calls(Action.UPDATE, 0, target())
    assert line.one().fields == LYNN.as_stored(edited, line.seen(), target())

    loaded = line.carry(Action.ROWS_ADD, load(), line.one(), feed=Feed(add=rows_for(["56966666661", "56966666662"])))
    assert loaded.certainty is Certainty.WEAK
    assert line.sent == ["GetCampaign", "AddCampaingData", "GetTaskStatus", "GetTaskStatus"]
    assert len(line.sent) == LYNN.calls(Action.ROWS_ADD, 2, target(), load())
    assert control.effects() == []

    assert line.carry(Action.START, edited, line.one(), changed=frozenset({"state"})).certainty is Certainty.VERIFIED
    assert sorted(effect["recipient"] for effect in control.effects()) == ["56966666661", "56966666662"]
    assert line.one().state is State.STARTED

    assert line.carry(Action.STOP, edited, line.one(), changed=frozenset({"state"})).certainty is Certainty.VERIFIED
    assert line.carry(Action.DELETE, None, line.one()).certainty is Certainty.VERIFIED
    assert line.seen(f"id:{live.id}").campaigns.live == ()


@pytest.mark.parametrize("mode", ["always_on", "scheduled"])
def test_what_runs_by_itself_begins_last_and_ends_by_manual_mode(line: Line, control: Control, mode: str) -> None:
    control.clock(freeze=NOW.isoformat())
    between = {"start_at": "2026-11-20T12:00:00Z", "stop_at": "2026-12-01T12:00:00Z"}
    dates: dict[str, Any] = between if mode == "scheduled" else {}
    desired = campaign(execution_mode=mode, **dates)
    live = made(line, desired)
    line.carry(Action.ROWS_ADD, load(), live, feed=Feed(add=rows_for(["56966666661"])))
    assert control.effects() == []

    changed = frozenset({"execution_mode", *dates})
    begun = line.carry(Action.START, desired, live, changed=changed)
    assert (begun.certainty, begun.live and begun.live.state) == (Certainty.VERIFIED, State.STARTED)
    assert line.one().fields.items() >= LYNN.as_stored(desired, line.seen(), target()).items()
    assert len(control.effects()) == 1

    ended = line.carry(Action.STOP, None, line.one())
    assert (ended.certainty, ended.live and ended.live.state) == (Certainty.VERIFIED, State.STOPPED)


def test_the_address_book(line: Line) -> None:
    desired = wish("contacts", columns={"channel": {"value": "whatsapp"}, "identifier": "t", "correlation1": "rut"})
    row = {"channel": "whatsapp", "identifier": "56966666661", "name": "Ana Prueba", "correlation1": "1-9"}
    other = row | {"identifier": "56966666662"}
    assert line.carry(Action.ROWS_ADD, desired, feed=Book(line.engine, add=[row, other])).certainty is Certainty.VERIFIED
    assert len(line.sent) == LYNN.calls(Action.ROWS_ADD, 2, target())

    contact = _contacts(line)["56966666661"]
    assert contact[1:] == ("Ana Prueba", "1-9", "")
    before = {f"{BEFORE}{name}": row[name] for name in ("channel", "identifier", "correlation1")}
    changed = {"_contact_id": contact[0], "channel": "whatsapp", "identifier": "56966666661", "correlation1": "2-7", **before}
    assert line.carry(Action.ROWS_ADD, desired, feed=Book(line.engine, replace=[changed])).certainty is Certainty.VERIFIED
    assert _contacts(line)["56966666661"] == (contact[0], "Ana Prueba", "2-7", "")

    gone = Book(line.engine, remove=[changed])
    assert line.carry(Action.ROWS_REMOVE, desired, feed=gone).certainty is Certainty.VERIFIED
    assert list(_contacts(line)) == ["56966666662"]

    line.carry(Action.ROWS_ADD, desired, feed=Book(line.engine, add=[other]))
    again = line.carry(Action.ROWS_ADD, desired, feed=Book(line.engine, add=[row]))
    assert again.certainty is Certainty.VERIFIED
    twice = line.carry(Action.ROWS_ADD, desired, feed=Book(line.engine, add=[other]))
    assert twice.certainty is Certainty.WRONG


def _contacts(line: Line) -> dict[str, tuple[str, ...]]:
    table = line.seen().tables["contacts"]
    rows = line.engine.run(f"SELECT identifier, _contact_id, name, correlation1, correlation2 FROM {table} ORDER BY identifier")
    return {identifier: tuple(rest) for identifier, *rest in rows}


def test_who_is_not_to_be_disturbed_gets_nothing(line: Line, control: Control) -> None:
    one, two = made(line), made(line, campaign("dos"))
    people = control.seed(
        {"lynn/1234": {"contacts": [{"channel": "whatsapp", "identifier": f"5696666666{n}"} for n in range(4)]}}
    )["lynn/1234"]["contacts"]
    entry = {"_id": "e0", "phone": "56966666660", "contact_ids": people[0]}
    both = {"_id": "e1", "phone": "56966666661", "contact_ids": f"{people[1]},{people[3]}"}
    assert _known(line, by(campaign="bienvenida"), one, entry) == ()

    added = line.carry(Action.BLACKLIST_ADD, by(campaign="bienvenida"), one, feed=Feed(add=[entry]))
    assert added.certainty is Certainty.VERIFIED
    assert len(line.sent) == LYNN.calls(Action.BLACKLIST_ADD, 1, target(), by(campaign="bienvenida"))
    assert _known(line, by(campaign="bienvenida"), one, entry) == ("e0",)
    assert _known(line, by(category="alta"), None, entry) == ()

    added = line.carry(Action.BLACKLIST_ADD, by(category="alta"), feed=Feed(add=[both]))
    assert added.certainty is Certainty.VERIFIED
    assert _known(line, by(category="alta"), None, entry, both) == ("e1",)
    made(line, campaign("tres"))
    assert _known(line, by(category="alta"), None, both) == ()

    line.carry(Action.ROWS_ADD, load(), one, feed=Feed(add=rows_for([f"5696666666{n}" for n in range(4)])))
    line.carry(Action.START, campaign(fields={"state": "started"}), one, changed=frozenset({"state"}))
    assert [effect["recipient"] for effect in control.effects()] == ["56966666662"]

    lifted = line.carry(Action.BLACKLIST_REMOVE, by(category="alta"), feed=Feed(lift=[both]))
    assert lifted.certainty is Certainty.VERIFIED
    assert _known(line, by(campaign="dos"), two, both) == ()


def _known(line: Line, desired: Desired, live: Live | None, *asked: Mapping[str, str]) -> tuple[str, ...]:
    return line.run(LYNN.read_rows(desired, target(), live, line.seen(), iter(asked))).known


def test_a_file_is_passed_through(line: Line, control: Control) -> None:
    desired = wish("contacts", block={"type_of_data": 0}, campaign="bienvenida", source={"file": "a/Pedidos.CPG"})
    evidence = line.carry(Action.ROWS_ADD, desired, made(line), feed=Feed(content=b"\x00whatever"))

    assert evidence.certainty is Certainty.WEAK
    assert [(effect["what"], effect["key"]) for effect in control.effects()] == [("upload", "Pedidos.cpg")]


def test_a_session_that_ended_is_opened_once_more(line: Line, control: Control) -> None:
    made(line)
    control.fault("token-expired", platform="lynn")

    assert line.one().name == "bienvenida"
    line.headers = {}
    with pytest.raises(NotReadable) as failure:
        line.run(LYNN.login(target(), CREDENTIALS | {"access_token": Secret("wrong")}))
    assert failure.value.code == "PLT008"


@pytest.mark.parametrize(
    ("fault", "ending"),
    [
        ("500-before", Ending.DOUBT),
        ("500-after", Ending.DOUBT),
        ("html", Ending.DOUBT),
        ("html-after", Ending.DOUBT),
        ("truncated", Ending.DOUBT),
        ("empty", Ending.DOUBT),
        ("shape", Ending.DOUBT),
        ("429", Ending.REFUSED),
        ("403-quota", Ending.REFUSED),
        ("403-maintenance", Ending.REFUSED),
    ],
)
@pytest.mark.parametrize("operation", ["PostCampaign", "AddCampaingData", "ManageDnDByCampaign", "PutCampaign", "PostContact"])
def test_a_spoilt_answer_to_a_write_is_never_success(
    line: Line, control: Control, operation: str, fault: str, ending: Ending
) -> None:
    live = made(line)
    (person,) = control.seed({"lynn/1234": {"contacts": [{"channel": "sms", "identifier": "1"}]}})["lynn/1234"]["contacts"]
    steps: dict[str, tuple[Action, Desired, dict[str, Any]]] = {
        "PostCampaign": (Action.CREATE, campaign("dos"), {}),
        "PutCampaign": (Action.UPDATE, campaign(category="baja"), {"changed": frozenset({"category"})}),
        "AddCampaingData": (Action.ROWS_ADD, load(), {"feed": Feed(add=rows_for(["56966666661"]))}),
        "ManageDnDByCampaign": (
            Action.BLACKLIST_ADD,
            by(campaign="bienvenida"),
            {"feed": Feed(add=[{"_id": "e", "contact_ids": person}])},
        ),
        "PostContact": (
            Action.ROWS_ADD,
            wish("contacts"),
            {"feed": Feed(add=[{"channel": "sms", "identifier": "2"}])},
        ),
    }
    action, desired, words = steps[operation]
    line.documented = False
    control.fault(fault, platform="lynn", operation=operation)

    with pytest.raises(Stopped) as stopped:
        line.carry(action, desired, live, **words)

    assert stopped.value.ending is ending


@pytest.mark.parametrize("fault", ["500-before", "html", "truncated", "empty", "shape", "403-quota", "429"])
def test_a_spoilt_answer_to_a_read_is_no_reading(line: Line, control: Control, fault: str) -> None:
    live = made(line)
    line.documented = False
    change = Step(action=Action.START, target=target(), desired=campaign(), live=live, seen=line.seen(), now=NOW)
    control.fault(fault, platform="lynn", operation="GetCampaign")
    control.fault(fault, platform="lynn", operation="GetCampaigns")

    assert line.run(LYNN.verify(change, {})).certainty is Certainty.UNKNOWN
    with pytest.raises(NotReadable):
        line.run(LYNN.read(target(), frozenset(), NOW))


@pytest.mark.parametrize("fault", ["html", "shape", "500-before"])
def test_one_odd_answer_to_a_poll_is_not_the_end_of_a_task(line: Line, control: Control, fault: str) -> None:
    live = made(line)
    line.documented = False
    control.fault(fault, platform="lynn", operation="GetTaskStatus")

    loaded = line.carry(Action.ROWS_ADD, load(), live, feed=Feed(add=rows_for(["56966666661"])))
    assert loaded.certainty is Certainty.WEAK


def test_a_colleague_who_started_the_campaign_meanwhile_holds_the_rows_back(line: Line, control: Control) -> None:
    live = made(line)
    control.drift("lynn", "start")

    with pytest.raises(NotDone):
        line.carry(Action.ROWS_ADD, load(), live, feed=Feed(add=rows_for(["56966666661"])))
    assert control.effects() == []
    assert replace(live, state=line.one().state).state is State.STARTED


def test_a_full_tenant_refuses_and_is_known_before(line: Line, control: Control) -> None:
    control.seed({"lynn/1234": {"campaigns": [{"name": f"c{n}"} for n in range(15)]}})
    assert [found.code for found in LYNN.check_live(campaign(), line.seen(), target())] == ["PLT004"]

    with pytest.raises(Stopped) as stopped:
        line.carry(Action.CREATE, campaign())
    assert stopped.value.ending is Ending.REFUSED
    assert "maximum" in str(stopped.value)


def test_batches_reach_the_platform_whole(line: Line) -> None:
    numbers = [f"569666{n:05}" for n in range(1_001)]
    evidence = line.carry(Action.ROWS_ADD, load(block={"template": TEMPLATE}), made(line), feed=Feed(add=rows_for(numbers)))

    assert evidence.facts == {"rows": "1001", "tasks": "3", "status": "done"}
    assert isinstance(next(Feed(add=rows_for(numbers)).batches(Verb.ADD, 500)), Batch)
