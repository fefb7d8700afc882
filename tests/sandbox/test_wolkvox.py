"""wolkvox's dialect: shapes against the vendor's own examples, then what each call does."""

from __future__ import annotations

import json
import threading
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest

from reconciler.sandbox.control import Control
from reconciler.sandbox.server import Running
from tests.sandbox.conftest import Wolkvox

VECTORS = json.loads((Path(__file__).parent.parent / "data" / "wolkvox-vectors.json").read_text(encoding="utf-8"))
ROW = {"customer_id": "c1", "tel1": "3005550101", "customer_name": "Ana"}
NAMES = {type(None): "null", str: "str", int: "int"}


def shape(value: Any) -> Any:
    """A value in the vectors' own terms; of a list only the first entry counts."""
    if isinstance(value, dict):
        return {name: shape(one) for name, one in value.items()}
    if isinstance(value, list):
        return [shape(one) for one in value[:1]]
    return NAMES[type(value)]


def filled(body: Any, values: dict[str, Any]) -> Any:
    """The vendor's example body, with values that make sense."""
    if isinstance(body, list):
        return [filled(one, values) for one in body]
    if isinstance(body, dict):
        return {name: values.get(name, filled(one, values)) for name, one in body.items()}
    return ""


VALUES: dict[str, Any] = {
    "telephone": "3005550177",
    "telephones": ["3005550178"],
    "days_block": "15",
    "type_call": "outbound",
    "type": "all",
    "customer_id": "c1",
    "tel1": "3005550101",
    "campaign_name": "nombre",
    "skill_id": "101",
    "start_time": "080000",
    "end_time": "180000",
    "enable_edition": "yes",
    "cod_act": "PAGO",
    "recall_date": "20260424160000",
    "recall_telephone": "3005550101",
    "speed": "80",
    "filter_active": "no",
    "connector": "and",
    "operator": "=",
    "field": "Cod_Machine",
    "value": "NO-ANSWER",
    "id_cliente": ["c1"],
    "message": "Hola",
    "campaign_ids": [],
    "type_camp": "Predictive",
    "amd_conf": "COL",
    "turbo_dial": "no",
    "routing_recall": "yes",
    "camp_dial_order": "linear",
}


@pytest.mark.parametrize("vector", VECTORS["operations"], ids=lambda one: one["operation"])
def test_answers_have_the_shape_of_the_vendors_examples(wolkvox: Wolkvox, control: Control, vector: dict[str, Any]) -> None:
    control.clock(freeze="2026-11-20T15:00:00+00:00")
    type_ = "preview" if "(preview)" in vector["operation"] else "predictive"
    campaign = wolkvox.create(type_campaign=type_)
    wolkvox.add(campaign, [ROW], type_campaign=type_)
    control.drift("wolkvox", "dial")
    wolkvox.api("POST", "configuration", "add_dnc", json_body={"type_call": "outbound", "telephones": ["3005550199"]})
    wolkvox.api("POST", "sms", "send_sms", json_body={"telephone": "3005550101", "message": "Hola"})
    api = vector["query"]["api"]
    query = {"campaign_id": campaign, "type_campaign": type_, "type": "outbound", "detail": "all", "campaign_status": "stop"}
    query |= {"customer_phone": "3005550101", "customer_id": "c1"}
    query |= {"date_ini": "20261120000000", "date_end": "20261120235959"}
    values = VALUES | {"id_campaing": campaign, "campaign_ids": [campaign]}
    if api == "create_campaign":
        values |= {f"opt{n}": "" for n in range(1, 13)}
    if api in ("add_record", "campaign_filter"):
        values |= {"recall_date": "", "recall_telephone": "", "field": "opt1"}
    if api == "remove_dnc":
        values["telephones"] = ["3005550199"]
    if api == "edit_campaign":
        values |= {"start_time": "08:00:00", "end_time": "18:00:00", "optional_labels": {"opt1": "saldo", "opt2": "fecha"}}
    body = None if vector["body_shape"] is None else filled(vector["body_shape"], values)
    wanted = {name: query[name] for name in vector["query"] if name != "api"}
    if api == "delete_campaign":
        wanted.pop("campaign_id")
    script = vector["path"].removeprefix("/api/v2/").removesuffix(".php")
    reply = wolkvox.api(vector["method"], script, api, json_body=body, documented=False, **wanted)

    expected = vector["response"]["shape"]
    assert shape(reply.json()) == expected
    code = vector["response"]["code"]
    if isinstance(expected, dict) and code not in ("", "None"):
        assert str(reply.json()["code"]) == code
        assert reply.status_code == int(code)


def test_a_new_operation_has_no_campaigns_and_says_so_with_200(wolkvox: Wolkvox) -> None:
    reply = wolkvox.api("GET", "information", "campaigns")

    assert reply.status_code == 200
    assert reply.json() == {"code": "", "error": None, "msg": "0 records were found", "data": []}


def test_a_campaign_begins_stopped_and_shows_an_empty_description_as_a_space(wolkvox: Wolkvox) -> None:
    created = wolkvox.create()

    (campaign,) = wolkvox.campaigns()

    assert campaign["campaign_id"] == created
    assert campaign["campaign_description"] == " "
    assert campaign["status"] == "Stopped"
    assert campaign["records"] == "0"


def test_names_are_not_unique(wolkvox: Wolkvox) -> None:
    assert wolkvox.create("igual") != wolkvox.create("igual")
    assert [one["campaign_name"] for one in wolkvox.campaigns()] == ["igual", "igual"]


def test_the_other_spelling_of_the_reply_can_be_had(wolkvox: Wolkvox, control: Control) -> None:
    control.limits("wolkvox", created_spelling="campaing")

    wish = {"campaign_name": "a", "skill_id": "101"}
    reply = wolkvox.api("POST", "campaign", "create_campaign", json_body=wish, type_campaign="preview")

    assert set(reply.json()["data"][0]) == {"id_campaing", "name_campaing"}


@pytest.mark.parametrize(
    "wish",
    [
        {"skill_id": "999"},
        {"start_time": "08:00:00"},
        {"start_time": "20260101080000"},
        {"end_time": "250000"},
        {"amd": "FRA"},
        {"enable_edition": "si"},
        {"campaign_name": " "},
        {"speed": "50"},
    ],
    ids=str,
)
def test_create_refuses(wolkvox: Wolkvox, wish: dict[str, str]) -> None:
    body = {"campaign_name": "a", "skill_id": "101"} | wish
    reply = wolkvox.api("POST", "campaign", "create_campaign", json_body=body, type_campaign="predictive", documented=False)

    assert reply.status_code == 400
    assert reply.json()["code"] == 400
    assert wolkvox.campaigns() == []


@pytest.mark.parametrize(
    "wish",
    [
        {},
        {"start_time": "080000"},
        {"start_time": "18:00:00", "end_time": "08:00:00"},
        {"type_camp": "predictive"},
        {"amd": "COL"},
        {"amd_conf": "FRA"},
        {"routing_recall": "true"},
        {"skill_id": "999"},
        {"optional_labels": {"opt13": "a"}},
        {"optional_labels": {"saldo": "opt1"}},
        {"campaign_name": 7},
    ],
    ids=str,
)
def test_edit_refuses(wolkvox: Wolkvox, wish: dict[str, Any]) -> None:
    campaign = wolkvox.create()
    before = wolkvox.campaigns()

    reply = wolkvox.api("PUT", "campaign", "edit_campaign", json_body=wish, campaign_id=campaign, documented=False)

    assert reply.status_code == 400
    assert reply.json()["code"] == "400"
    assert wolkvox.campaigns() == before


def test_edit_changes_only_what_was_sent_and_echoes_nothing_else(wolkvox: Wolkvox) -> None:
    campaign = wolkvox.create("antes", campaign_description="queda")

    wish = {"campaign_name": "despues", "start_time": "08:00:00", "skill_id": "VAGENT"}
    reply = wolkvox.api("PUT", "campaign", "edit_campaign", json_body=wish, campaign_id=campaign)

    (live,) = wolkvox.campaigns()
    assert (live["campaign_name"], live["campaign_description"], live["skill_id"]) == ("despues", "queda", "VAGENT")
    assert reply.json()["data"][0]["end_time"] == ""


def test_speed_start_and_stop_are_202_and_can_be_repeated(wolkvox: Wolkvox) -> None:
    campaign = wolkvox.create()

    assert wolkvox.api("PUT", "campaign", "speed", json_body={"speed": "80"}, campaign_id=campaign).status_code == 202
    too_fast = wolkvox.api("PUT", "campaign", "speed", json_body={"speed": "101"}, campaign_id=campaign, documented=False)
    assert too_fast.status_code == 400
    assert [wolkvox.start(campaign).status_code for _ in range(2)] == [202, 202]
    assert wolkvox.campaigns()[0] | {"status": "Started", "speed": "80"} == wolkvox.campaigns()[0]
    assert wolkvox.api("PUT", "campaign", "stop", campaign_id=campaign, type_campaign="predictive").status_code == 202
    assert wolkvox.campaigns()[0]["status"] == "Stopped"


def test_delete_takes_an_id_or_a_list_and_counts_failures_in_the_text(wolkvox: Wolkvox) -> None:
    first, second, third = (wolkvox.create(name) for name in "abc")

    one = wolkvox.api("DELETE", "campaign", "delete_campaign", type_campaign="predictive", campaign_id=first)
    many = wolkvox.api(
        "DELETE", "campaign", "delete_campaign", type_campaign="predictive", json_body={"campaign_ids": [second, "1"]}
    )

    assert one.json()["msg"] == "1 campaigns deleted successfully. 0 operations failed."
    assert many.json()["msg"] == "1 campaigns deleted successfully. 1 operations failed."
    assert [campaign["campaign_id"] for campaign in wolkvox.campaigns()] == [third]


def test_ids_that_are_no_numbers_are_unknown(wolkvox: Wolkvox) -> None:
    kept = wolkvox.create()

    body = {"campaign_ids": ["²", "9" * 5000, kept + "0"]}
    reply = wolkvox.api("DELETE", "campaign", "delete_campaign", type_campaign="predictive", json_body=body, documented=False)

    assert reply.json()["msg"] == "0 campaigns deleted successfully. 3 operations failed."
    for odd in ("²", "-1", "9" * 400, "1 OR 1=1"):
        assert wolkvox.api("PUT", "campaign", "start", campaign_id=odd, documented=False).status_code == 404
    assert len(wolkvox.campaigns()) == 1


def test_a_type_that_is_not_the_campaigns_is_refused(wolkvox: Wolkvox) -> None:
    campaign = wolkvox.create(type_campaign="preview")
    assert wolkvox.add(campaign, [ROW]).status_code == 400

    agents = wolkvox.add(campaign, [ROW | {"agent_id": "7"}], type_campaign="preview")

    assert agents.status_code == 201
    assert wolkvox.export(campaign)[0]["id_agent"] == "7"
    marked = {"id_campaing": campaign, "id_cliente": ["c1"]}
    assert wolkvox.api("PUT", "configuration", "block_predictive_dnc", json_body=marked).status_code == 400


def test_so_many_campaigns_may_run_at_once(wolkvox: Wolkvox, control: Control) -> None:
    control.limits("wolkvox", started_campaigns=1)
    first, second = wolkvox.create("a"), wolkvox.create("b")

    assert [wolkvox.start(one).status_code for one in (first, first, second)] == [202, 202, 400]


def test_a_planned_recall_is_dialled_again_and_listed(wolkvox: Wolkvox, control: Control) -> None:
    campaign = wolkvox.create()
    wolkvox.add(campaign, [ROW])
    wolkvox.start(campaign)

    wish = {"recall_date": "20261201100000", "recall_telephone": "3005550101", "customer_id": "c1"}
    reply = wolkvox.api("PUT", "campaign", "recall", json_body=wish, campaign_id=campaign, documented=False)
    listed = wolkvox.api("GET", "real_time", "recall", type="all", documented=False).json()["data"]

    assert reply.status_code == 202
    assert [(one["date_recall"], one["id_campaing"]) for one in listed] == [("20261201100000", campaign)]
    assert len(control.effects()) == 2
    assert wolkvox.export(campaign)[0]["rellamada"] == "20261201100000"


def test_clearing_takes_records_by_result_or_all(wolkvox: Wolkvox, control: Control) -> None:
    campaign = wolkvox.create()
    wolkvox.add(campaign, [ROW, ROW | {"customer_id": "c2"}])
    control.drift("wolkvox", "dial", key="c2", result="NO ANSWER")
    where: dict[str, Any] = {"type_campaign": "predictive", "campaign_id": campaign, "documented": False}

    wolkvox.api("DELETE", "campaign", "clear_campaign", result="no-answer", **where)
    assert [one["id_cliente"] for one in wolkvox.export(campaign)] == ["c1"]
    wolkvox.api("DELETE", "campaign", "clear_campaign", **where)
    assert wolkvox.export(campaign) == []


@pytest.mark.parametrize(
    ("method", "script", "api", "body"),
    [
        ("POST", "configuration", "add_dnc", {"type_call": "up", "telephones": ["3005550101"]}),
        ("POST", "configuration", "add_dnc", {"type_call": "all", "telephones": []}),
        ("POST", "configuration", "add_dnc", {"type_call": "all", "telephones": ["+57300"]}),
        ("POST", "campaign", "add_dnc", [{"telephone": "3005550101", "days_block": "two"}]),
        ("POST", "campaign", "add_dnc", [{"phone": "3005550101"}]),
        ("DELETE", "configuration", "remove_dnc", {"telephones": "3005550101", "type": "all"}),
        ("DELETE", "configuration", "remove_dnc", {"telephones": ["3005550101"], "type": "up"}),
        ("PUT", "configuration", "block_predictive_dnc", {"id_campaing": "1", "id_cliente": "c1"}),
        ("POST", "sms", "send_sms", {"telephone": "3005550101", "message": ""}),
        ("GET", "information", "get_dnc", None),
        ("GET", "reports_manager", "cdr_3", None),
        ("GET", "campaign", "find_record", None),
    ],
    ids=str,
)
def test_calls_that_do_not_fit_are_400(wolkvox: Wolkvox, method: str, script: str, api: str, body: Any) -> None:
    reply = wolkvox.api(method, script, api, json_body=body, documented=False)

    assert (reply.status_code, reply.json()["error"]) == (400, "BAD REQUEST")


def test_records_are_appended_and_never_compared(wolkvox: Wolkvox) -> None:
    campaign = wolkvox.create()

    reply = wolkvox.add(campaign, [ROW, ROW])

    assert reply.json()["data"] == [{"total_registers": "2"}]
    exported = wolkvox.export(campaign)
    assert [one["id_cliente"] for one in exported] == ["c1", "c1"]
    assert exported[0]["nombre_cliente"] == "Ana"
    assert exported[0]["resultado"] == "CLEAN"
    assert all(isinstance(value, str) for value in exported[0].values())


@pytest.mark.parametrize(
    "row",
    [
        {"customer_id": ""},
        {"tel1": ""},
        {"tel1": "+573005550101"},
        {"opt1": "x" * 101},
        {"opt7": "x" * 201},
        {"saldo": "1"},
        {"agent_id": "7"},
        {"age": 30},
        {"recall_date": "2026-01-01"},
    ],
    ids=str,
)
def test_one_bad_record_refuses_them_all(wolkvox: Wolkvox, row: dict[str, Any]) -> None:
    campaign = wolkvox.create()

    reply = wolkvox.api(
        "POST", "campaign", "add_record", json_body=[ROW, ROW | row], documented=False,
        type_campaign="predictive", campaign_id=campaign,
    )  # fmt: skip

    assert reply.status_code == 400
    assert wolkvox.export(campaign) == []


def test_more_than_the_limit_of_rows_is_refused(wolkvox: Wolkvox, control: Control) -> None:
    control.limits("wolkvox", rows_up=2, rows_down=3)
    campaign = wolkvox.create()

    assert wolkvox.add(campaign, [ROW] * 3).status_code == 400
    assert wolkvox.add(campaign, [ROW] * 2).status_code == 201
    assert wolkvox.add(campaign, [ROW] * 2).status_code == 201
    export = wolkvox.api("GET", "campaign", "campaign_15", campaign_id=campaign).json()
    assert (len(export["records"]), export["total_records"]) == (3, "4")


def test_the_status_sent_with_records_sets_the_state(wolkvox: Wolkvox, control: Control) -> None:
    campaign = wolkvox.create()

    wolkvox.add(campaign, [ROW], campaign_status="start")

    assert wolkvox.campaigns()[0]["status"] == "Started"
    assert [one["recipient"] for one in control.effects()] == ["3005550101"]


def test_a_record_is_dialled_once_when_its_campaign_starts(wolkvox: Wolkvox, control: Control) -> None:
    campaign = wolkvox.create()
    wolkvox.add(campaign, [ROW, ROW | {"customer_id": "c2", "tel1": "3005550102"}])
    assert control.effects() == []

    wolkvox.start(campaign)
    wolkvox.api("PUT", "campaign", "stop", campaign_id=campaign)
    wolkvox.start(campaign)
    wolkvox.add(campaign, [ROW | {"customer_id": "c3", "tel1": "3005550103"}])

    assert [(one["what"], one["key"]) for one in control.effects()] == [("call", "c1"), ("call", "c2"), ("call", "c3")]
    assert {one["container_id"] for one in control.effects()} == {campaign}


def test_closed_marked_and_listed_records_are_not_dialled(wolkvox: Wolkvox, control: Control) -> None:
    campaign = wolkvox.create()
    rows = [ROW | {"customer_id": f"c{n}", "tel1": f"300555010{n}"} for n in range(5)]
    rows[3] |= {"tel2": "3005550110"}
    wolkvox.add(campaign, rows)
    wolkvox.api(
        "PUT", "campaign", "codify", type_campaign="predictive", campaign_id=campaign,
        json_body={"cod_act": "PAGO", "cod_act_2": "", "comment": "", "customer_id": "c0"},
    )  # fmt: skip
    marked = wolkvox.api(
        "PUT", "configuration", "block_predictive_dnc", json_body={"id_campaing": campaign, "id_cliente": ["c1"]}
    )
    numbers = ["3005550102", "3005550103"]
    wolkvox.api("POST", "configuration", "add_dnc", json_body={"type_call": "outbound", "telephones": numbers})
    wolkvox.api("POST", "configuration", "add_dnc", json_body={"type_call": "inbound", "telephones": ["3005550104"]})

    wolkvox.start(campaign)

    assert marked.json()["msg"] == f"1 records were successfully marked as DO-NOT-CALL in campaign {campaign}"
    assert [one["recipient"] for one in control.effects()] == ["3005550110", "3005550104"]
    exported = {one["id_cliente"]: one for one in wolkvox.export(campaign)}
    assert exported["c0"]["cod_rslt1"] == "PAGO"
    assert exported["c1"]["resultado"] == "DO-NOT-CALL"


def test_lifting_a_number_lets_a_started_campaign_dial_it(wolkvox: Wolkvox, control: Control) -> None:
    campaign = wolkvox.create()
    wolkvox.add(campaign, [ROW])
    wolkvox.api("POST", "configuration", "add_dnc", json_body={"type_call": "outbound", "telephones": ["3005550101"]})
    wolkvox.start(campaign)
    assert control.effects() == []

    wolkvox.api("DELETE", "configuration", "remove_dnc", json_body={"telephones": ["3005550101"], "type": "outbound"})

    assert len(control.effects()) == 1


def test_the_word_all_empties_the_list(wolkvox: Wolkvox) -> None:
    wolkvox.api("POST", "configuration", "add_dnc", json_body={"type_call": "all", "telephones": ["3005550101"]})
    listed = wolkvox.api("GET", "information", "get_dnc", type="all").json()["data"]
    assert {one["type"] for one in listed} == {"inbound", "outbound"}
    assert len(listed[0]["date_delete"]) == 19

    wiped = wolkvox.api(
        "DELETE", "configuration", "remove_dnc", json_body={"telephones": "all", "type": "inbound"}, documented=False
    )
    assert wiped.json() == {"code": 202, "error": None, "msg": "1 telephones were deleted"}
    wolkvox.api("DELETE", "configuration", "remove_dnc", json_body={"telephones": "All"}, documented=False)

    assert wolkvox.api("GET", "information", "get_dnc", type="all").json()["data"] == []


def test_numbers_blocked_for_days_are_counted_and_lapse(wolkvox: Wolkvox, control: Control) -> None:
    entries = [{"telephone": "573005550110", "days_block": "15"}]

    first = wolkvox.api("POST", "campaign", "add_dnc", json_body=entries)
    again = wolkvox.api("POST", "campaign", "add_dnc", json_body=entries)

    assert first.json()["data"] == [{"total_added": "1", "total_rejected": "0", "total_sent": "1"}]
    assert again.json()["data"] == [{"total_added": "0", "total_rejected": "1", "total_sent": "1"}]
    assert wolkvox.api("GET", "information", "get_dnc", type="outbound").json()["data"][0]["type"] == "outbound"
    control.clock(advance_s=15 * 86_400 + 1)
    assert wolkvox.api("GET", "information", "get_dnc", type="outbound").json()["data"] == []


def test_removing_is_by_ids_joined_with_commas(wolkvox: Wolkvox) -> None:
    campaign = wolkvox.create()
    wolkvox.add(campaign, [ROW | {"customer_id": f"c{n}"} for n in range(4)])
    where: dict[str, Any] = {"type_campaign": "predictive", "campaign_id": campaign}

    reply = wolkvox.api("DELETE", "campaign", "remove_record", json_body={"customer_id": "c0,c2"}, **where)

    assert reply.json() == {"code": 202, "error": None, "msg": "customer_id c0,c2 has been deleted successfully"}
    assert [one["id_cliente"] for one in wolkvox.export(campaign)] == ["c1", "c3"]
    gone = wolkvox.api("DELETE", "campaign", "remove_record", json_body={"customer_id": "c0"}, **where)
    empty = wolkvox.api("DELETE", "campaign", "remove_record", json_body={"customer_id": ""}, documented=False, **where)
    assert (gone.status_code, empty.status_code) == (404, 400)


def test_redial_makes_records_dialable_again(wolkvox: Wolkvox, control: Control) -> None:
    campaign = wolkvox.create()
    wolkvox.add(campaign, [ROW])
    wolkvox.start(campaign)
    control.drift("wolkvox", "dial", result="NO ANSWER")

    reply = wolkvox.api(
        "PUT", "campaign", "recall_records", json_body={"field": "Cod_Machine", "value": "NO-ANSWER"}, campaign_id=campaign
    )

    assert reply.json()["data"][0]["affected_records"] == "1"
    assert len(control.effects()) == 2


def test_sms_goes_out_at_once_and_is_in_the_report(wolkvox: Wolkvox, control: Control) -> None:
    control.clock(freeze="2026-11-20T15:00:00+00:00")

    reply = wolkvox.api("POST", "sms", "send_sms", json_body={"telephone": "3005550101", "message": "Hola ñandú"})

    assert reply.json() == {"code": 201, "error": None, "msg": "Message has been sent successfully"}
    (effect,) = control.effects(what="sms")
    assert (effect["recipient"], effect["text"]) == ("3005550101", "Hola ñandú")
    span: dict[str, Any] = {"date_ini": "20261120095900", "date_end": "20261120100000"}
    (sent,) = wolkvox.api("GET", "reports_manager", "cdr_3", **span).json()["data"]
    assert (sent["date"], sent["message"], sent["channel"]) == ("2026-11-20 10:00:00", "Hola ñandú", "SMS")
    wide: dict[str, Any] = {"date_ini": "20261001000000", "date_end": "20261120100000"}
    assert wolkvox.api("GET", "reports_manager", "cdr_3", **wide).status_code == 400


def test_unknown_ids_are_404_and_unknown_operations_400(wolkvox: Wolkvox, control: Control) -> None:
    control.limits("wolkvox", missing_apis=["campaign_15"])

    assert wolkvox.start("99").status_code == 404
    assert wolkvox.api("GET", "campaign", "campaign_15", campaign_id="99").status_code == 400
    unknown = wolkvox.api("GET", "campaign", "nada", documented=False)
    assert unknown.json() == {"code": "400", "error": "BAD REQUEST", "msg": "THE API YOU WANT TO CONSULT DOES NOT EXIST"}
    assert wolkvox.api("POST", "information", "campaigns", documented=False).status_code == 400


def test_credentials_are_refused_in_the_vendors_words(wolkvox: Wolkvox) -> None:
    path = "/api/v2/information.php?api=campaigns"

    without = wolkvox.call("GET", path, headers={}, documented=False)
    wrong = wolkvox.call("GET", path, headers={"wolkvox-token": "otro"})

    assert (without.status_code, without.json()["msg"]) == (401, "PLEASE ENTER THE WOLKVOX-TOKEN")
    assert (wrong.status_code, wrong.json()["msg"]) == (403, "PLEASE VALIDATE TOKEN")


def test_the_day_has_so_many_calls(wolkvox: Wolkvox, control: Control) -> None:
    control.clock(freeze="2026-11-20T15:00:00+00:00")
    control.limits("wolkvox", calls_per_day=2)

    quota = wolkvox.api("GET", "information", "token_info").json()["data"][0]
    assert (quota["token_limit"], quota["all_token_today"], quota["available_consumption_options"]) == ("2", "1", "1")
    wolkvox.campaigns()
    refused = wolkvox.api("GET", "information", "campaigns")

    assert (refused.status_code, refused.json()["msg"]) == (403, "TOKEN LIMIT EXCEEDED")
    control.clock(set="2026-11-21T04:59:00+00:00")
    assert wolkvox.api("GET", "information", "campaigns").status_code == 403
    control.clock(set="2026-11-21T05:00:00+00:00")
    assert wolkvox.api("GET", "information", "campaigns").status_code == 200


def test_a_third_call_in_flight_is_refused(sandbox: Running, control: Control) -> None:
    control.fault("slow", platform="wolkvox", ms=400, count=2)
    statuses: list[str] = []
    url = f"{sandbox.url}/wolkvox/api/v2/information.php?api=campaigns"
    gate = threading.Barrier(3)

    def one() -> None:
        gate.wait()
        statuses.append(httpx.get(url, headers={"wolkvox-token": "sandbox"}).json()["msg"])

    threads = [threading.Thread(target=one) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sorted(statuses) == ["0 records were found"] * 2 + ["EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)"]


def test_calls_in_flight_before_a_reset_are_nobodys(sandbox: Running, control: Control) -> None:
    """Whoever begins on an emptied sandbox is not refused for the sake of who was there before."""
    control.fault("slow", platform="wolkvox", ms=1_000, count=2)
    url = f"{sandbox.url}/wolkvox/api/v2/information.php?api=campaigns"

    def one() -> int:
        return httpx.get(url, headers={"wolkvox-token": "sandbox"}).status_code

    with ThreadPoolExecutor(2) as pool:
        slow = [pool.submit(one), pool.submit(one)]
        while len(control.calls()) < len(slow):
            assert not any(call.done() for call in slow)
        control.reset()

        assert one() == 200
        assert [call.result() for call in slow] == [200, 200]
    assert one() == 200


def test_operations_beside_each_other_know_nothing_of_each_other(sandbox: Running, wolkvox: Wolkvox) -> None:
    wolkvox.create()
    with closing(Wolkvox(sandbox.url, "wolkvox-2")) as other:
        assert other.campaigns() == []
