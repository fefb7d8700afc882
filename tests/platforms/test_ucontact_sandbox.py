"""uContact's flows over real HTTP against the sandbox; every call and answer is held against the OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from reconciler.call import Call, Ending, Flow, Judgement, Reply, T
from reconciler.personal import Secret
from reconciler.platforms.platform import Certainty, NotReadable
from reconciler.platforms.ucontact import UCONTACT
from reconciler.resource import Action
from reconciler.sandbox.control import Control
from reconciler.sandbox.server import Running, running
from tests.openapi import check_request, check_response
from tests.platforms.ucontact_wishes import NOW, step, target, wish

FORM = "application/x-www-form-urlencoded"
CREDENTIALS = {"user": Secret("sandbox"), "password": Secret("sandbox")}


class Stopped(Exception):
    """A write that did not end DONE."""

    def __init__(self, judgement: Judgement) -> None:
        super().__init__(judgement.why)
        self.ending = judgement.ending


class Line:
    """Carries flows out over HTTP, as the wire will: judges writes, and logs in once more at the end of a session."""

    def __init__(self, url: str) -> None:
        self.http = httpx.Client(base_url=f"{url}/ucontact", timeout=20)
        self.headers: Mapping[str, Secret | str] = {}
        self.documented = True

    def run(self, flow: Flow[T]) -> T:
        try:
            call = next(flow)
            while True:
                reply = self.send(call)
                if UCONTACT.session_over(reply) and self.headers:
                    self.headers = {}
                    self.headers = self.run(UCONTACT.login(target(), CREDENTIALS))
                    reply = self.send(call)
                if call.safety.writes:
                    judgement = UCONTACT.judge(call, reply)
                    if judgement.ending is not Ending.DONE:
                        flow.close()
                        raise Stopped(judgement)
                call = flow.send(reply)
        except StopIteration as end:
            return end.value  # type: ignore[no-any-return]  # a generator's value has no type here

    def send(self, call: Call) -> Reply:
        headers = {name: _plain(value) for name, value in self.headers.items()}
        body = urlencode({name: _plain(value) for name, value in (call.form or {}).items()}).encode()
        check_request("ucontact", call.method, call.path, headers, body, FORM)
        reply = self.http.request(call.method, call.path, content=body, headers=headers | {"content-type": FORM})
        kind = reply.headers.get("content-type", "")
        if self.documented:
            check_response("ucontact", call.method, call.path, reply.status_code, reply.content, kind)
        return Reply(status=reply.status_code, body=reply.content, content_type=kind)


def _plain(value: Any) -> str:
    return value.reveal() if isinstance(value, Secret) else str(value)


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
    line = Line(shared_sandbox.url)
    with closing(line.http):
        line.headers = line.run(UCONTACT.login(target(), CREDENTIALS))
        yield line


def reached(control: Control) -> list[tuple[str, str, str, str]]:
    return [(one["what"], one["container"], one["recipient"], one["text"]) for one in control.effects()]


def test_session_and_campaigns(line: Line) -> None:
    seen = line.run(UCONTACT.read(target(agent="ana"), frozenset({"campaign"}), NOW))
    assert sorted(live.name for live in seen.campaigns.live) == ["Boletin", "Cobranza<-", "Recordatorios->"]

    line.run(UCONTACT.logout(target(), line.headers))
    ended, line.headers = line.headers, {}
    authorization = ended["Authorization"]
    assert isinstance(authorization, Secret)

    reply = line.http.post(
        "/IntegraChannels/resources/AgentResources/GetCampaigns",
        data={"agent": "ana", "channel": ""},
        headers={"authorization": authorization.reveal()},
    )
    assert reply.status_code == 401


def test_wrong_password(shared_sandbox: Running) -> None:
    line = Line(shared_sandbox.url)
    with closing(line.http), pytest.raises(NotReadable) as raised:
        line.run(UCONTACT.login(target(), CREDENTIALS | {"password": Secret("otra")}))

    assert raised.value.code == "PLT008"


def test_a_session_that_ends_is_opened_again(line: Line, control: Control) -> None:
    control.fault("token-expired", platform="ucontact")

    seen = line.run(UCONTACT.read(target(agent="ana"), frozenset({"campaign"}), NOW))

    assert len(seen.campaigns.live) == 3


def test_messages_at_an_instant(line: Line, control: Control) -> None:
    at = datetime(2026, 12, 1, 13, 0, tzinfo=UTC).isoformat()
    desired = wish("scheduled_sms", campaign="Recordatorios->", message="Hola {nombre}", at=at)
    rows = [{"phone": f"09834448{digit}", "text": f"Hola Ñ=&+%; {digit}", "at": at} for digit in range(3)]
    change = step(Action.SCHEDULE, desired, rows, target())

    facts = line.run(UCONTACT.write(change))

    assert facts == {"calls": str(UCONTACT.calls(Action.SCHEDULE, 3, target()))}
    assert line.run(UCONTACT.verify(change, facts)).certainty is Certainty.WEAK
    assert reached(control) == [("scheduled_sms", "Recordatorios->", row["phone"], row["text"]) for row in rows]
    assert {one["due"] for one in control.effects()} == {"2026-12-01 10:00:00"}


@pytest.mark.parametrize("sms_api", ["v2", "v1"])
def test_messages_now(line: Line, control: Control, sms_api: str) -> None:
    desired = wish("scheduled_sms", campaign="Recordatorios->", message="Hola", at="on_apply")
    rows = [{"phone": "098344484", "text": "Hola", "at": ""}]

    facts = line.run(UCONTACT.write(step(Action.SCHEDULE, desired, rows, target(sms_api=sms_api))))

    assert ("last_id" in facts) is (sms_api == "v2")
    assert reached(control) == [("sms", "Recordatorios->", "098344484", "Hola")]


def test_sms_base_goes_out_at_once(line: Line, control: Control) -> None:
    block = {"channel": "sms", "message": "Hola {nombre}"}
    desired = wish("contacts", "Avisos de Ñandú", block=block, campaign="Recordatorios->")
    rows = [{"phone": "098344484", "nombre": "Ana", "text": "Hola Ana: +=&"}, {"phone": "098344485", "text": "Hola B"}]

    line.run(UCONTACT.write(step(Action.ROWS_ADD, desired, rows, target())))

    assert reached(control) == [("sms", "Recordatorios->", row["phone"], row["text"]) for row in rows]


def test_voice_base_waits_for_a_person(line: Line, control: Control) -> None:
    desired = wish("contacts", "cobranza", campaign="Cobranza<-")
    rows = [
        {"key": "1", "phone": "098344484", "phone2": "24001122", "phone3": "24001123", "nombre": "Ana Ñ", "saldo": "1.200,50"},
        {"key": "2", "phone": "098344485", "priority": "1", "agent": "4004"},
        {"key": "3", "phone": "098344486"},
    ]
    on = target(limits={"rows_per_upload": 2})

    facts = line.run(UCONTACT.write(step(Action.ROWS_ADD, desired, rows, on)))

    assert facts == {"calls": "2"}
    assert reached(control) == []

    for _ in range(2):
        control.drift("ucontact", "activate")

    assert [(what, to) for what, _, to, _ in reached(control)] == [("call", row["phone"]) for row in rows]


def test_email_base(line: Line, control: Control) -> None:
    block = {"channel": "email", "message": "Hola"}
    desired = wish("contacts", "boletin", block=block, campaign="Boletin")
    rows = [{"email": "ana@example.com", "text": "Hola", "saldo": '1"0'}, {"email": "beto@example.com", "text": "Hola"}]

    line.run(UCONTACT.write(step(Action.ROWS_ADD, desired, rows, target(email_base="assumed"))))

    assert reached(control) == [("email", "Boletin", row["email"], row["text"]) for row in rows]


def test_an_unknown_dialer_is_refused(line: Line, control: Control) -> None:
    message = wish("scheduled_sms", campaign="Nadie->", message="Hola", at="on_apply")
    base = wish("contacts", campaign="Nadie<-")

    for change in (
        step(Action.SCHEDULE, message, [{"phone": "098344484", "text": "Hola", "at": ""}], target()),
        step(Action.ROWS_ADD, base, [{"phone": "098344484"}], target()),
    ):
        with pytest.raises(Stopped) as raised:
            line.run(UCONTACT.write(change))

        assert raised.value.ending is Ending.REFUSED
    assert reached(control) == []


@pytest.mark.parametrize("kind", ["500-before", "500-after", "html", "html-after", "truncated", "empty"])
@pytest.mark.parametrize("operation", ["SendSMSv2", "SMS.uploadbase"])
def test_faults_leave_a_doubt(line: Line, control: Control, kind: str, operation: str) -> None:
    """Whatever a fault makes of the answer, it is neither called done nor surely nothing."""
    desired = wish("scheduled_sms", campaign="Recordatorios->", message="Hola", at="on_apply")
    if operation == "SMS.uploadbase":
        desired = wish("contacts", block={"channel": "sms", "message": "Hola"}, campaign="Recordatorios->")
    action = Action.SCHEDULE if operation == "SendSMSv2" else Action.ROWS_ADD
    control.fault(kind, platform="ucontact", operation=operation)
    line.documented = False

    with pytest.raises(Stopped) as raised:
        line.run(UCONTACT.write(step(action, desired, [{"phone": "098344484", "text": "Hola", "at": ""}], target())))

    assert raised.value.ending is Ending.DOUBT


@pytest.mark.parametrize("kind", ["429", "403-token"])
def test_faults_that_are_surely_nothing(line: Line, control: Control, kind: str) -> None:
    desired = wish("scheduled_sms", campaign="Recordatorios->", message="Hola", at="on_apply")
    control.fault(kind, platform="ucontact", operation="SendSMSv2", count=2)
    line.documented = False

    with pytest.raises(Stopped) as raised:
        line.run(UCONTACT.write(step(Action.SCHEDULE, desired, [{"phone": "098344484", "text": "Hola", "at": ""}], target())))

    assert raised.value.ending is Ending.REFUSED
    assert reached(control) == []
