"""Lynn's dialect, as the project assumes it."""

from __future__ import annotations

import json
from contextlib import closing
from typing import Any

import httpx
import pytest

from reconciler.sandbox.control import Control
from reconciler.sandbox.server import Running
from tests.sandbox.conftest import Lynn

NOBODY = "00000000-0000-4000-8000-000000000000"


def test_wrong_credentials_and_dead_tokens_are_401_without_a_body(sandbox: Running, lynn: Lynn) -> None:
    url = f"{sandbox.url}/lynn/api/LynnService"

    wrong = httpx.post(f"{url}/CreateToken", json={"accessToken": "x", "accessTokenSecret": "sandbox", "tenant": 1234})
    text_tenant = httpx.post(
        f"{url}/CreateToken", json={"accessToken": "sandbox", "accessTokenSecret": "sandbox", "tenant": "1234"}
    )
    without = httpx.get(f"{url}/GetCampaigns/1234")
    another = httpx.get(f"{url}/GetCampaigns/77", headers=lynn.headers)

    assert [(one.status_code, one.content) for one in (wrong, text_tenant, without, another)] == [(401, b"")] * 4


def test_tenants_are_separate(sandbox: Running, lynn: Lynn) -> None:
    lynn.create()
    with closing(Lynn(sandbox.url, tenant=77)) as other:
        assert other.method("GET", "GetCampaigns").json() == []


def test_a_campaign_is_stored_with_an_id_and_can_be_read_back(lynn: Lynn) -> None:
    id_ = lynn.create(description="hola", validUntil="2030-12-31T23:59:00-03:00")

    stored = lynn.method("GET", "GetCampaign", id_).json()

    assert stored == lynn.method("GET", "GetCampaigns").json()[0]
    assert (stored["name"], stored["description"], stored["running"]) == ("bienvenida", "hola", False)
    assert lynn.method("GET", "GetCampaign", NOBODY).status_code == 404


def test_put_replaces_the_whole_object(lynn: Lynn) -> None:
    id_ = lynn.create(description="hola")
    wish = {"division": "Otra", "name": "b", "category": "c", "campaignType": "SingleMessage", "executionMode": "Manual"}

    lynn.method("PUT", "PutCampaign", id_, json_body=wish)

    stored = lynn.method("GET", "GetCampaign", id_).json()
    assert (stored["division"], stored["description"]) == ("Otra", "")
    assert lynn.method("PUT", "PutCampaign", NOBODY, json_body=wish).status_code == 404


@pytest.mark.parametrize(
    "wish",
    [
        {"name": ""},
        {"category": None},
        {"campaignType": "Single"},
        {"executionMode": "Automatic"},
        {"executionMode": "Scheduled"},
        {"executionMode": "Scheduled", "startDate": "2026-12-02T00:00:00Z", "endDate": "2026-12-01T00:00:00Z"},
        {"validUntil": "2026-12-31"},
        {"validUntil": "mañana"},
        {"description": 7},
    ],
    ids=str,
)
def test_post_campaign_refuses(lynn: Lynn, wish: dict[str, Any]) -> None:
    body = {"division": "V", "name": "a", "category": "c", "campaignType": "SingleMessage", "executionMode": "Manual"}

    reply = lynn.method("POST", "PostCampaign", json_body=body | wish, documented=False)

    assert (reply.status_code, set(reply.json())) == (400, {"message"})
    assert lynn.method("GET", "GetCampaigns").json() == []


def test_a_tenant_holds_fifteen_campaigns(lynn: Lynn) -> None:
    for number in range(15):
        lynn.create(f"c{number}")
    body = {"division": "V", "name": "a", "category": "c", "campaignType": "SingleMessage", "executionMode": "Manual"}

    assert lynn.method("POST", "PostCampaign", json_body=body).status_code == 400
    assert len(lynn.method("GET", "GetCampaigns").json()) == 15


def test_only_manual_campaigns_can_be_started_and_stopped(lynn: Lynn) -> None:
    manual, always = lynn.create("m"), lynn.create("a", executionMode="AlwaysOn")

    assert lynn.method("POST", "StartCampaignExecution", manual).status_code == 200
    assert lynn.method("GET", "GetCampaign", manual).json()["running"] is True
    assert lynn.method("POST", "StopCampaignExecution", manual).status_code == 200
    assert lynn.method("GET", "GetCampaign", manual).json()["running"] is False
    assert lynn.method("GET", "GetCampaign", always).json()["running"] is True
    assert lynn.method("POST", "StartCampaignExecution", always).status_code == 400
    assert lynn.method("POST", "StopCampaignExecution", always).status_code == 400
    assert lynn.method("POST", "StartCampaignExecution", NOBODY).status_code == 404


def test_rows_wait_for_the_start_and_then_go_out_at_once(lynn: Lynn, control: Control) -> None:
    id_ = lynn.create()
    lynn.load(id_, "56955550101", "56955550101")
    assert control.effects() == []

    lynn.method("POST", "StartCampaignExecution", id_)
    lynn.load(id_, "56955550102")
    lynn.method("POST", "StartCampaignExecution", id_)

    effects = control.effects()
    assert [one["recipient"] for one in effects] == ["56955550101", "56955550101", "56955550102"]
    assert {(one["what"], one["container_id"], one["account"]) for one in effects} == {("whatsapp", id_, "lynn/1234")}


def test_a_scheduled_campaign_sends_when_its_time_comes_and_always_on_sends_at_once(lynn: Lynn, control: Control) -> None:
    control.clock(freeze="2026-12-01T12:00:00+00:00")
    dates = {"startDate": "2026-12-01T10:00:00-03:00", "endDate": "2026-12-01T18:00:00-03:00"}
    later = lynn.create("l", executionMode="Scheduled", **dates)
    lynn.load(later, "56955550101")
    assert control.effects() == []

    control.clock(advance_s=3600)
    assert len(control.effects()) == 1
    lynn.load(lynn.create("a", executionMode="AlwaysOn"), "56955550102")
    assert len(control.effects()) == 2
    lynn.load(lynn.create("o", executionMode="AlwaysOn", validUntil="2026-12-01T09:00:00-03:00"), "56955550103")
    assert len(control.effects()) == 2


def test_turning_a_manual_campaign_to_always_on_sends_what_waits(lynn: Lynn, control: Control) -> None:
    id_ = lynn.create()
    lynn.load(id_, "56955550101")

    body = lynn.method("GET", "GetCampaign", id_).json() | {"executionMode": "AlwaysOn"}
    lynn.method("PUT", "PutCampaign", id_, json_body=body)

    assert len(control.effects()) == 1


def test_a_task_is_under_way_and_then_done(lynn: Lynn, control: Control) -> None:
    control.limits("lynn/1234", task_polls=2)
    task = lynn.load(lynn.create(), "56955550101").json()["taskId"]

    polls = [lynn.method("GET", "GetTaskStatus", task).json() for _ in range(4)]

    assert polls == [{"Status": "102"}, {"Status": "102"}, {"Status": "200"}, {"Status": "200"}]
    assert lynn.method("GET", "GetDndTaskStatus", task).status_code == 404


def test_a_failed_task_did_nothing(lynn: Lynn, control: Control) -> None:
    id_ = lynn.create(executionMode="AlwaysOn")
    control.fault("task-failed", platform="lynn")

    task = lynn.load(id_, "56955550101").json()["taskId"]

    assert [lynn.method("GET", "GetTaskStatus", task).json()["Status"] for _ in range(2)] == ["102", "500"]
    assert control.effects() == []


@pytest.mark.parametrize(
    "wish",
    [
        {"campaingId": ""},
        {"templateId": "x"},
        {"typeOfData": 1},
        {"data": []},
        {"data": [{"Telefono": "56955550101"}]},
        {"data": [{"Nombre": "A", "Telefono": "+56955550101", "Etiquetas": ""}]},
        {"data": [{"Nombre": "A", "Telefono": "56955550101", "Etiquetas": 5000}]},
    ],
    ids=str,
)
def test_rows_that_do_not_fit_are_refused(lynn: Lynn, control: Control, wish: dict[str, Any]) -> None:
    row = {"Nombre": "A", "Telefono": "56955550101", "Etiquetas": ""}
    order = {"campaingId": lynn.create(executionMode="AlwaysOn"), "templateId": NOBODY, "typeOfData": 0, "data": [row]}

    reply = lynn.method("POST", "AddCampaingData", json_body=order | wish, documented=False)

    assert reply.status_code == 400
    assert control.effects() == []


def test_template_rows_go_into_single_message_campaigns_only(lynn: Lynn) -> None:
    assert lynn.load(lynn.create(campaignType="MultipleMessage"), "56955550101").status_code == 400
    assert lynn.load(NOBODY, "56955550101").status_code == 404


def test_contacts_are_kept_apart_even_when_they_are_the_same(lynn: Lynn) -> None:
    first, second = lynn.contact("56955550101"), lynn.contact("56955550101")
    assert first != second

    wish = {"name": "Eva", "channel": "whatsapp", "identifier": "56955550109"}
    lynn.method("PUT", "PutContact", second, json_body=wish)
    lynn.method("DELETE", "DeleteContact", first)

    assert lynn.method("GET", "GetContacts").json() == [wish | {"id": second, "correlationIds": []}]
    assert lynn.method("GET", "GetContact", first).status_code == 404
    assert lynn.method("DELETE", "DeleteContact", first).status_code == 404
    four = wish | {"correlationIds": ["1", "2", "3", "4"]}
    assert lynn.method("POST", "PostContact", json_body=four, documented=False).status_code == 400


def test_a_barred_contact_is_left_out(lynn: Lynn, control: Control) -> None:
    campaign, contact = lynn.create(), lynn.contact("56955550101")
    order = {"contactId": contact, "campaignId": campaign}
    assert lynn.method("POST", "SetDnDContactByCampaign", json_body=order).status_code == 200
    assert lynn.method("POST", "SetDnDContactByCampaign", json_body=order).status_code == 200
    lynn.load(campaign, "56955550101", "56955550102")

    lynn.method("POST", "StartCampaignExecution", campaign)

    assert [one["recipient"] for one in control.effects()] == ["56955550102"]
    barred = lynn.method("GET", "GetDnDContact", contact).json()
    assert barred == [{"campaignId": campaign, "name": "bienvenida", "category": "alta"}]


def test_a_category_is_spread_over_the_campaigns_that_have_it_now(lynn: Lynn) -> None:
    first, second = lynn.create("a"), lynn.create("b")
    lynn.create("c", category="baja")
    contact = lynn.contact("56955550101")

    order = {"contactId": contact, "category": "alta"}
    assert lynn.method("POST", "SetDnDContactByCategory", json_body=order).status_code == 200
    lynn.create("d")

    assert [one["campaignId"] for one in lynn.method("GET", "GetDnDContact", contact).json()] == [first, second]
    unknown = lynn.method("POST", "SetDnDContactByCategory", json_body=order | {"category": "x"})
    assert unknown.status_code == 404


def test_bulk_orders_take_effect_when_their_task_is_done(lynn: Lynn, control: Control) -> None:
    campaign = lynn.create()
    people = [lynn.contact(f"5695555010{n}") for n in range(2)]
    lynn.method("POST", "SetDnDContactByCampaign", json_body={"contactId": people[1], "campaignId": campaign})
    data = [{"contactId": people[0], "doNotDisturb": True}, {"contactId": people[1], "doNotDisturb": False}]

    task = lynn.method("POST", "ManageDnDByCampaign", json_body={"campaignId": campaign, "data": data}).json()["taskId"]
    assert lynn.method("GET", "GetDndTaskStatus", task).json() == {"Status": "102"}
    assert lynn.method("GET", "GetDnDContact", people[0]).json() == []
    control.clock(advance_s=61)

    assert len(lynn.method("GET", "GetDnDContact", people[0]).json()) == 1
    assert lynn.method("GET", "GetDnDContact", people[1]).json() == []
    assert lynn.method("GET", "GetDndTaskStatus", task).json() == {"Status": "200"}


def test_a_file_is_passed_through_and_counted_by_its_digest(sandbox: Running, lynn: Lynn, control: Control) -> None:
    url = f"{sandbox.url}/lynn/api/LynnService/UploadCampaignDataByTenant/1234"

    good = httpx.post(url, headers=lynn.headers, files={"file": ("base.cpg", b"a;b")})
    bad = httpx.post(url, headers=lynn.headers, files={"file": ("base.csv", b"a;b")})
    no_form = httpx.post(url, headers=lynn.headers, json={})

    assert (good.status_code, set(good.json())) == (200, {"taskId"})
    assert (bad.status_code, no_form.status_code) == (400, 400)
    assert [(one["what"], one["key"]) for one in control.effects()] == [("upload", "base.cpg")]


def test_a_deleted_campaign_is_gone_with_its_rows(lynn: Lynn, control: Control) -> None:
    campaign = lynn.create()
    lynn.load(campaign, "56955550101")

    assert lynn.method("DELETE", "DeleteCampaign", campaign).status_code == 200
    assert lynn.method("DELETE", "DeleteCampaign", campaign).status_code == 404
    assert control.status()["accounts"][0]["counts"]["rows"] == 0


def test_other_methods_are_not_there(lynn: Lynn) -> None:
    for verb, name in (("GET", "Nada"), ("POST", "GetCampaigns"), ("GET", "GetCampaign")):
        reply = lynn.method(verb, name, documented=False)
        assert (reply.status_code, reply.headers["content-type"]) == (404, "text/html; charset=utf-8")


def test_a_body_that_is_no_object_is_refused(lynn: Lynn) -> None:
    path = "/api/LynnService/PostCampaign/1234"
    for body in (b"{", json.dumps([1]).encode()):
        assert lynn.call("POST", path, body=body, documented=False).status_code == 400
