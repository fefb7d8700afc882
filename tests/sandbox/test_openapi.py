"""The checker that adapters and sandbox are held against lets through what is described, and nothing else."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest

from tests.openapi import check_request, check_response, document

TOKEN = {"Wolkvox-Token": "x"}
BASIC = {"Authorization": "Basic x"}
FORM = "application/x-www-form-urlencoded; charset=UTF-8"
START = "/api/v2/campaign.php?api=start&campaign_id=1"
REMOVE = "/api/v2/configuration.php?api=remove_dnc"
ADD = "/api/v2/campaign.php?api=add_record&type_campaign=predictive&campaign_id=1"
LYNN = "/api/LynnService/GetCampaign/1234/3c6f10ec-0000-4000-8000-210008f00900"
SCHEDULE = "/Integra/resources/SMS/ScheduleDialerSMS"


def scheduled(**words: str) -> bytes:
    order = {"calldate": "2026-12-01 10:00:00", "campaign": "R->", "destination": "098344484", "data": "Hola"} | words
    return urlencode({"sms": json.dumps(order)}).encode()


@pytest.mark.parametrize("platform", ["wolkvox", "lynn", "ucontact"])
def test_every_operation_has_a_name_of_its_own_a_summary_and_answers(platform: str) -> None:
    operations = [one for item in document(platform)["paths"].values() for one in item.values()]

    assert document(platform)["openapi"] == "3.1.0"
    assert len({one["operationId"] for one in operations}) == len(operations)
    assert all(one["summary"] and one["responses"] for one in operations)


def test_described_calls_pass() -> None:
    check_request("wolkvox", "PUT", START, TOKEN)
    check_request("wolkvox", "DELETE", REMOVE, TOKEN, b'{"telephones": ["1"], "type": "all"}', "application/json")
    check_request("lynn", "GET", LYNN, {"authorization": "bearer x"})
    check_request("ucontact", "POST", SCHEDULE, BASIC, scheduled(), FORM)
    check_response("ucontact", "POST", SCHEDULE, 200, b"1", "text/plain")
    check_response("lynn", "GET", LYNN, 401, b"", None)


@pytest.mark.parametrize(
    ("platform", "method", "path", "headers", "body", "kind"),
    [
        ("wolkvox", "PUT", START, {}, b"", None),
        ("wolkvox", "POST", START, TOKEN, b"", None),
        ("wolkvox", "PUT", START + "&more=1", TOKEN, b"", None),
        ("wolkvox", "PUT", "/api/v2/campaign.php?api=start", TOKEN, b"", None),
        ("wolkvox", "PUT", START, TOKEN, b"{}", "application/json"),
        ("wolkvox", "DELETE", "/api/v2/campaign.php?api=clear_campaign&campaign_id=1", TOKEN, b"", None),
        ("wolkvox", "DELETE", REMOVE, TOKEN, b"", None),
        ("wolkvox", "DELETE", REMOVE, TOKEN, b'{"telephones": "All", "type": "all"}', "application/json"),
        ("wolkvox", "DELETE", REMOVE, TOKEN, b'{"telephones": [], "type": "all"}', "application/json"),
        ("wolkvox", "DELETE", REMOVE, TOKEN, b'{"telephones": ["1"], "type": "all"}', "text/plain"),
        ("wolkvox", "POST", ADD, TOKEN, b'[{"customer_id": "a,b", "tel1": "1"}]', "application/json"),
        ("wolkvox", "POST", ADD, TOKEN, b'[{"customer_id": "a", "tel1": 1}]', "application/json"),
        (
            "wolkvox",
            "POST",
            ADD,
            TOKEN,
            b'[{"customer_id": "a", "tel1": "1", "agent_id": "1", "email": ""}]',
            "application/json",
        ),
        ("lynn", "GET", LYNN, BASIC, b"", None),
        ("lynn", "GET", LYNN + "0", {"authorization": "bearer x"}, b"", None),
        ("ucontact", "POST", SCHEDULE, BASIC, scheduled(calldate="2026-12-01T10:00:00"), FORM),
        ("ucontact", "POST", SCHEDULE, BASIC, b"sms=%7B", FORM),
        ("ucontact", "POST", SCHEDULE, BASIC, scheduled() + b"&more=1", FORM),
    ],
)
def test_other_calls_fail(
    platform: str, method: str, path: str, headers: dict[str, str], body: bytes, kind: str | None
) -> None:
    with pytest.raises(AssertionError):
        check_request(platform, method, path, headers, body, kind)


@pytest.mark.parametrize(
    ("platform", "path", "status", "body", "kind"),
    [
        ("wolkvox", "/api/v2/information.php?api=campaigns", 200, {"code": "", "error": None, "msg": ""}, "application/json"),
        ("wolkvox", "/api/v2/information.php?api=campaigns", 200, {}, "text/html"),
        ("lynn", LYNN, 200, {"id": "1"}, "application/json"),
        ("lynn", LYNN, 500, {}, "application/json"),
    ],
)
def test_other_answers_fail(platform: str, path: str, status: int, body: Any, kind: str) -> None:
    with pytest.raises(AssertionError):
        check_response(platform, "GET", path, status, json.dumps(body).encode(), kind)


def test_a_failure_does_not_repeat_the_value() -> None:
    body = b'[{"customer_id": "a", "tel1": "tel-3005550101"}]'

    with pytest.raises(AssertionError) as failure:
        check_request("wolkvox", "POST", ADD, TOKEN, body, "application/json")

    assert "3005550101" not in str(failure.value)
    assert "tel1" in str(failure.value)
