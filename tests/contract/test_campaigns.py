"""Campaigns on every platform that manages them: each action, and after each of them a plan that is empty."""

from __future__ import annotations

import pytest

from tests.house import House, actions

WOLKVOX = """\
kind: campaign
target: wolkvox-co
name: cobranza
state: {state}
description: {description}
purpose: collection
wolkvox: {{type: predictive, skill: cobranza, speed: {number}, amd: COL, labels: {{opt1: saldo}}, dial_order: random}}
"""

LYNN = """\
kind: campaign
target: lynn-cl
name: cobranza
state: {state}
description: {description}
purpose: service
lynn: {{division: Ventas, category: c{number}}}
"""

PLATFORM = {"wolkvox-co": "wolkvox", "lynn-cl": "lynn"}
EACH = pytest.mark.parametrize(("target", "document"), [("wolkvox-co", WOLKVOX), ("lynn-cl", LYNN)])


def _document(text: str, *, state: str = "stopped", description: str = "Una campaña", number: int = 10) -> str:
    return text.format(state=state, description=description, number=number)


@EACH
def test_create_update_start_edit_stop_delete(house: House, target: str, document: str) -> None:
    address = f"{target}/campaign/cobranza"
    house.spec(_document(document))

    assert actions(house.plan()) == [("create", address)]

    house.applied()
    house.settled()
    house.spec(_document(document, description="Otra cosa", number=20))

    assert actions(house.plan()) == [("update", address)]

    house.applied()
    house.settled()
    house.spec(_document(document, state="started", description="Otra cosa", number=20))

    assert actions(house.plan()) == [("start", address)]

    house.applied()
    house.settled()
    house.spec(_document(document, state="started", description="Tercera", number=20))
    house.applied()
    house.settled()
    house.spec(_document(document, description="Tercera", number=20))

    assert actions(house.plan()) == [("stop", address)]

    house.applied()
    house.settled()
    house.spec("")

    assert actions(house.plan()) == [("delete", address)]

    house.applied()
    house.settled()


@EACH
def test_started_from_the_first_apply(house: House, target: str, document: str) -> None:
    house.spec(_document(document, state="started"))

    assert [action for action, _ in actions(house.plan())] == ["create", "start"]

    house.applied()
    house.settled()


@EACH
def test_a_running_campaign_is_stopped_before_it_is_deleted(house: House, target: str, document: str) -> None:
    house.spec(_document(document, state="started"))
    house.applied()
    house.spec("")

    assert [action for action, _ in actions(house.plan())] == ["stop", "delete"]

    house.applied()
    house.settled()


@EACH
def test_a_delete_needs_its_exact_number(house: House, target: str, document: str) -> None:
    house.spec(_document(document))
    house.applied()
    house.spec("")
    digest = house.plan()["digest"]

    refused = house.run("apply", "--digest", digest, "--allow-delete", "2", "--at", "2026-11-24T10:00:00-05:00")

    assert refused.code == 3
    assert "APR002" in refused.err
    assert house.plan()["deletes"] == 1


@EACH
def test_an_unowned_namesake_blocks_until_it_is_imported(house: House, target: str, document: str) -> None:
    platform = PLATFORM[target]
    account = {"wolkvox": "wolkvox", "lynn": "lynn/1234"}[platform]
    shape = {"name": "cobranza"} if platform == "wolkvox" else {"name": "cobranza", "division": "Ventas", "category": "c10"}
    house.control.seed({account: {"campaigns": [shape]}})
    house.spec(_document(document))

    blocked = house.run("plan")

    assert blocked.code == 3
    assert "OWN001" in blocked.out

    adopted = house.run("import", f"{target}/campaign/cobranza")

    assert adopted.code == 0, adopted.err
    assert [action for action, _ in actions(house.plan())] in (["update"], ["create"], ["stop", "update"])

    house.applied()
    house.settled()


@EACH
def test_what_is_not_ours_is_left_alone(house: House, target: str, document: str) -> None:
    platform = PLATFORM[target]
    house.spec(_document(document))
    house.applied()
    house.control.drift(platform, "add-campaign")

    house.settled()

    house.spec("")
    house.applied()

    house.settled()
    account = {"wolkvox": "wolkvox", "lynn": "lynn/1234"}[platform]
    left = {each["account"]: each["counts"]["campaigns"] for each in house.control.status()["accounts"]}
    assert left[account] == 1


@EACH
def test_drift_by_a_colleague_is_found_and_mended(house: House, target: str, document: str) -> None:
    platform = PLATFORM[target]
    house.spec(_document(document))
    house.applied()
    house.control.drift(platform, "description")

    assert actions(house.plan()) == [("update", f"{target}/campaign/cobranza")]

    house.applied()
    house.settled()


@EACH
def test_one_that_a_colleague_deleted_is_created_again_with_a_warning(house: House, target: str, document: str) -> None:
    house.spec(_document(document))
    house.applied()
    house.control.drift(PLATFORM[target], "delete")

    plan = house.plan()

    assert actions(plan) == [("create", f"{target}/campaign/cobranza")]
    assert "gone" in [change["reason"] for change in plan["changes"]]

    house.applied()
    house.settled()


def test_lynn_runs_by_itself_only_after_everything_else(house: House) -> None:
    house.spec(
        "kind: campaign\ntarget: lynn-cl\nname: siempre\npurpose: service\n"
        "lynn: {division: Ventas, category: c, execution_mode: always_on}\n"
    )

    plan = house.plan()

    assert [action for action, _ in actions(plan)] == ["create", "start"]
    assert [field["path"] for field in plan["changes"][1]["fields"]] == ["execution_mode"]

    house.applied()
    house.settled()


def test_protect_refuses_the_delete(house: House) -> None:
    text = _document(WOLKVOX)
    house.spec(text + "protect: true\n")
    house.applied()
    house.spec("")

    said = house.run("plan")

    assert said.code == 3
    assert "PRO001" in said.out


def test_an_update_of_write_only_fields_alone_is_sent_once(house: House) -> None:
    house.spec(_document(WOLKVOX))
    house.applied()
    house.spec(_document(WOLKVOX).replace("dial_order: random", "dial_order: zigzag"))

    plan = house.plan()

    assert [field["path"] for change in plan["changes"] for field in change["fields"]] == ["dial_order"]
    assert not plan["changes"][0]["fields"][0]["verifiable"]

    house.applied()
    house.settled()


def test_protect_that_came_alone_is_remembered(house: House) -> None:
    house.spec(_document(WOLKVOX))
    house.applied()
    house.spec(_document(WOLKVOX) + "protect: true\n")
    house.applied()
    house.spec("")

    assert "PRO001" in house.run("plan").out
