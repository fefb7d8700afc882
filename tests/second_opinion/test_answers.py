"""Single answers that the pages allow, and what the adapters make of them."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.call import Call, Ending, Reply
from reconciler.platforms import PLATFORMS
from reconciler.platforms.lynn import dialect
from reconciler.platforms.ucontact.dialect import ROUTES
from reconciler.platforms.wolkvox import wire
from tests.house import House
from tests.platforms.lynn_wishes import ID, target
from tests.second_opinion import wolkvox
from tests.second_opinion.simulator import Simulator
from tests.second_opinion.stories import AT

BAR = {"contactId": "7", "category": "ventas"}


def answered(body: Any) -> Reply:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status=200, body=content, content_type="application/json")


def lynn(operation: str, body: Any) -> Ending:
    route = dialect.ROUTES[operation]
    call = dialect.call(target(), operation, ID if "{id}" in route.path else "", json=BAR if "Category" in operation else None)
    return PLATFORMS["lynn"].judge(call, answered(body)).ending


@pytest.mark.parametrize(
    ("operation", "body", "ending"),
    [
        ("PostCampaign", ID, Ending.DONE),
        ("PostCampaign", ID.encode(), Ending.DONE),
        ("PostCampaign", 17, Ending.DONE),
        ("PostCampaign", "created", Ending.DOUBT),
        ("PostCampaign", b"created", Ending.DOUBT),
        ("PutCampaign", ID.upper(), Ending.DONE),
        ("PutCampaign", {"Id": ID}, Ending.DONE),
        ("StartCampaignExecution", {"Id": ID, "Running": True}, Ending.DONE),
        ("StartCampaignExecution", {"id": "another"}, Ending.DOUBT),
        ("StartCampaignExecution", b"OK", Ending.DONE),
        ("StartCampaignExecution", {}, Ending.DONE),
        ("StartCampaignExecution", {"success": True}, Ending.DONE),
        ("StartCampaignExecution", {"success": False}, Ending.DOUBT),
        ("StartCampaignExecution", {"success": True, "status": 500}, Ending.DOUBT),
        ("StartCampaignExecution", {"status": "ok"}, Ending.DONE),
        ("StartCampaignExecution", "no", Ending.DOUBT),
        ("DeleteContact", {"id": ID}, Ending.DONE),
        ("SetDnDContactByCategory", {"ContactId": "7", "Category": "ventas"}, Ending.DONE),
        ("SetDnDContactByCategory", {"contactId": "7", "category": "otra"}, Ending.DOUBT),
        ("ManageDnDByCampaign", ID.encode(), Ending.LATER),
        ("ManageDnDByCampaign", b"OK", Ending.DOUBT),
    ],
)
def test_lynn_says_yes_in_several_ways(operation: str, body: Any, ending: Ending) -> None:
    assert lynn(operation, body) is ending


@pytest.mark.parametrize("operation", ["SMS/uploadbase", "Dialers/uploadbase", "uploadDialerBase"])
@pytest.mark.parametrize(
    ("text", "ending"),
    [
        ('{"id":"7"}\n', Ending.DONE),
        ('{ id:"7" }', Ending.DONE),
        ('{"result":"OK","rows":3}', Ending.DONE),
        ('["OK"]', Ending.DONE),
        ('{"result":"ERROR"}', Ending.DOUBT),
        ('{"ok":false}', Ending.DOUBT),
        ('["0"]', Ending.DOUBT),
        ('{"result":"OK"', Ending.DOUBT),
    ],
)
def test_an_upload_may_be_answered_in_json(operation: str, text: str, ending: Ending) -> None:
    route = ROUTES[operation]
    call = Call(operation=operation, method="POST", path=route.path, safety=route.safety, form={})

    assert PLATFORMS["ucontact"].judge(call, answered(text.encode())).ending is ending


@pytest.mark.parametrize(
    ("words", "ending"),
    [
        ("X campaigns deleted successfully. 0 operations failed.", Ending.DONE),
        ("1 campaign deleted successfully. 0 operations failed.", Ending.DONE),
        ("X campaigns deleted successfully. 1 operations failed.", Ending.DOUBT),
    ],
)
def test_wolkvox_counts_of_deletes(words: str, ending: Ending) -> None:
    said = answered({"code": "200", "error": None, "msg": words})

    assert PLATFORMS["wolkvox"].judge(wire.DELETE.call(), said).ending is ending


@pytest.mark.parametrize("skills", ["404", "400"])
def test_wolkvox_without_a_list_of_skills_wants_an_id(house: House, simulator: Simulator, skills: str) -> None:
    simulator.wolkvox.ways = wolkvox.Ways(skills=skills)
    house.spec("kind: campaign\ntarget: wolkvox-co\nname: a\nstate: stopped\npurpose: service\nwolkvox: {skill: cobranza}\n")

    said = house.run("plan", "--at", AT)

    assert said.code == 1
    assert "lists no skills" in said.out + said.err


@pytest.mark.parametrize("http", ["mirrors", "200"])
def test_wolkvox_refusals_are_known_by_either_status(house: House, simulator: Simulator, http: str) -> None:
    simulator.wolkvox.ways = wolkvox.Ways(http=http)
    simulator.wolkvox.limit = 0
    house.spec("kind: blacklist\ntarget: wolkvox-co\nname: no\nsource: {rows: [{phone: '3001230001'}]}\n")

    said = house.run("plan", "--at", AT)

    assert said.code in (3, 7)
    assert "used up" in said.out + said.err
