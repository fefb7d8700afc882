"""uContact's older generation: everything in the body, nothing to read back."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest

from reconciler.sandbox.control import Control, ControlError
from reconciler.sandbox.server import Running
from tests.sandbox.conftest import Ucontact

SMS = "/Integra/resources/SMS"
VOICE = "/Integra/resources/Dialers/uploadbase"
EMAIL = "/IntegraChannels/resources/DialersResources/uploadDialerBase"
SENT: dict[str, Any] = {
    "destination": "098344484",
    "message": "Hola",
    "campaign": "Recordatorios->",
    "agent": "api",
    "source": "1",
}
VOICE_ROW = "Cobranza<-;23660444;var1=123:var2=Ana;099123456:H=0=999555555;1"


def in_base64(*lines: str) -> str:
    return base64.b64encode("\n".join(lines).encode()).decode()


def test_the_token_is_a_json_string_and_0_is_a_refusal_with_200(ucontact: Ucontact) -> None:
    assert base64.b64decode(ucontact.token).decode().startswith("sandbox:")

    refused = ucontact.post("/Integra/resources/auth/getUserToken", user="sandbox", password="otra")

    assert (refused.status_code, refused.text) == (200, "0")


def test_a_session_that_ended_is_401(ucontact: Ucontact) -> None:
    end = "/Integra/resources/auth/EndSession"

    assert ucontact.post(end, user="sandbox", token=ucontact.token).text == "1"

    assert ucontact.schedule().status_code == 401
    ucontact.login()
    assert ucontact.post(end, user="sandbox", token="otro").text == "0"
    assert ucontact.schedule().text == "1"


def test_an_agents_campaigns_are_listed_by_channel(ucontact: Ucontact, control: Control) -> None:
    control.seed({"ucontact": {"dialers": [{"channel": "sms", "name": "Solo->", "agent": "ana"}]}})
    path = "/IntegraChannels/resources/AgentResources/GetCampaigns"

    everything = ucontact.post(path, agent="api", channel="").json()
    hers = ucontact.post(path, agent="ana", channel="sms").json()

    assert everything == [
        {"channel": "email", "campaigns": ["Boletin"]},
        {"channel": "sms", "campaigns": ["Recordatorios->"]},
        {"channel": "telephony", "campaigns": ["Cobranza<-"]},
    ]
    assert hers == [{"channel": "sms", "campaigns": ["Recordatorios->", "Solo->"]}]


def test_a_scheduled_sms_answers_1_and_cannot_be_seen_again(ucontact: Ucontact, control: Control) -> None:
    assert ucontact.schedule(data="Hola ñandú").text == "1"
    assert ucontact.schedule(data="Hola ñandú").text == "1"

    effects = control.effects(account="ucontact")
    assert [(one["what"], one["due"]) for one in effects] == [("scheduled_sms", "2026-12-01 10:00:00")] * 2
    assert effects[0]["text"] == "Hola ñandú"


@pytest.mark.parametrize(
    "words",
    [
        {"calldate": "2026-12-01T10:00:00"},
        {"calldate": "2026-13-01 10:00:00"},
        {"campaign": "Recordatorios"},
        {"campaign": "Otra->"},
        {"destination": "09 834"},
        {"data": ""},
        {"extra": "1"},
    ],
    ids=str,
)
def test_a_schedule_that_does_not_fit_answers_0(ucontact: Ucontact, control: Control, words: dict[str, str]) -> None:
    order = {"calldate": "2026-12-01 10:00:00", "campaign": "Recordatorios->", "destination": "098344484", "data": "Hola"}

    reply = ucontact.post(f"{SMS}/ScheduleDialerSMS", sms=json.dumps(order | words), documented=False)

    assert (reply.status_code, reply.text) == (200, "0")
    assert control.effects() == []


def test_an_sms_at_once_gives_an_id_in_text_that_is_no_json(ucontact: Ucontact, control: Control) -> None:
    second = ucontact.post(f"{SMS}/SendSMSv2", **SENT).text
    first = ucontact.post(f"{SMS}/SendSMS", **SENT).text

    assert second.startswith('{ id:"')
    assert second.endswith('" }')
    assert first == "OK"
    assert [one["what"] for one in control.effects()] == ["sms", "sms"]
    for wish in ({"campaign": "Otra"}, {"message": ""}, {"destination": "x"}):
        assert ucontact.post(f"{SMS}/SendSMS", documented=False, **(SENT | wish)).text == "ERROR"
        assert ucontact.post(f"{SMS}/SendSMSv2", documented=False, **(SENT | wish)).text == "ERROR"
    assert len(control.effects()) == 2


def test_an_older_server_does_not_have_the_second_version(ucontact: Ucontact, control: Control) -> None:
    control.limits("ucontact", missing_paths=["SMS/SendSMSv2"])

    assert ucontact.post(f"{SMS}/SendSMSv2", **SENT).status_code == 404
    assert ucontact.post(f"{SMS}/SendSMS", **SENT).text == "OK"


def test_an_sms_base_goes_out_at_once_while_its_dialer_plays(ucontact: Ucontact, control: Control) -> None:
    file = in_base64("Recordatorios;091111111;Hola Ana;9999", "Recordatorios;092222222;Hola Eva;1", "")

    assert ucontact.post(f"{SMS}/uploadbase", filename="op_1.csv", fileb64=file, campaign="Recordatorios").text == "OK"
    assert [(one["recipient"], one["text"]) for one in control.effects()] == [
        ("091111111", "Hola Ana"),
        ("092222222", "Hola Eva"),
    ]
    control.drift("ucontact", "stop", campaign="Recordatorios->")
    ucontact.post(f"{SMS}/uploadbase", filename="op_2.csv", fileb64=file, campaign="Recordatorios")
    assert len(control.effects()) == 2
    control.drift("ucontact", "play", campaign="Recordatorios->")
    assert len(control.effects()) == 4


def test_a_voice_base_waits_for_a_person(ucontact: Ucontact, control: Control) -> None:
    base: dict[str, Any] = {
        "filename": "op_1.csv",
        "fileb64": in_base64(VOICE_ROW, f"{VOICE_ROW};4004"),
        "campaign": "Cobranza<-",
    }

    assert ucontact.post(VOICE, **base, cant="2", username="api").text == "OK"
    assert control.effects() == []
    did = control.drift("ucontact", "activate")["did"]

    assert did == "A colleague activated the base op_1.csv: 2 people are called."
    assert [one["what"] for one in control.effects()] == ["call", "call"]
    with pytest.raises(ControlError, match="no base waits"):
        control.drift("ucontact", "activate")


@pytest.mark.parametrize(
    "wish",
    [
        {"filename": "Rojo.csv"},
        {"filename": "con espacio.csv"},
        {"filename": f"{'x' * 51}.csv"},
        {"filename": "a.txt"},
        {"cant": "2"},
        {"cant": ""},
        {"username": ""},
        {"campaign": "Otra<-"},
        {"fileb64": "no es base64"},
        {"fileb64": in_base64("")},
        {"fileb64": in_base64(VOICE_ROW.replace(";1", ";0"))},
        {"fileb64": in_base64(VOICE_ROW.replace("Ana", "A=n"))},
        {"fileb64": in_base64(VOICE_ROW.replace("Cobranza<-", "Cobranza"))},
        {"fileb64": in_base64(VOICE_ROW + "\r")},
        {"fileb64": in_base64(VOICE_ROW + ";4004;x")},
    ],
    ids=str,
)
def test_a_base_that_breaks_a_rule_is_refused_whole(ucontact: Ucontact, control: Control, wish: dict[str, str]) -> None:
    base: dict[str, Any] = {
        "filename": "op.csv",
        "fileb64": in_base64(VOICE_ROW),
        "campaign": "Cobranza<-",
        "cant": "1",
        "username": "api",
    }

    assert ucontact.post(VOICE, documented=False, **(base | wish)).text == "ERROR"
    (account,) = (one for one in control.status()["accounts"] if one["account"] == "ucontact")
    assert account["counts"]["bases"] == 0


def test_an_email_base_goes_out_at_once(ucontact: Ucontact, control: Control) -> None:
    row = 'Boletin;ana@example.com;Hola;;"Var1":"a","Var2":"b";9999'
    base: dict[str, Any] = {
        "channel": "email",
        "filename": "mail.csv",
        "fileb64": in_base64(row),
        "dialer": "Boletin",
        "cant": "1",
    }

    assert ucontact.post(EMAIL, **base).text == "OK"
    assert ucontact.post(EMAIL, documented=False, **(base | {"channel": "sms"})).text == "ERROR"
    broken = base | {"fileb64": in_base64(row.replace('"Var1"', "Var1"))}
    assert ucontact.post(EMAIL, documented=False, **broken).text == "ERROR"
    assert [(one["what"], one["recipient"]) for one in control.effects()] == [("email", "ana@example.com")]


def test_other_paths_and_verbs_are_404_and_no_token_is_401(sandbox: Running, ucontact: Ucontact) -> None:
    url = f"{sandbox.url}/ucontact"

    assert ucontact.post("/Integra/resources/Nada", documented=False).status_code == 404
    assert httpx.get(f"{url}{SMS}/SendSMS", headers=ucontact.headers).status_code == 404
    assert httpx.post(f"{url}{SMS}/SendSMS", data=SENT).status_code == 401
    json_sent = httpx.post(f"{url}{SMS}/SendSMS", json=SENT, headers=ucontact.headers)
    assert json_sent.text == "ERROR"
