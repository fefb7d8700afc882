"""`apply --safe-only`: stops and blacklist additions are carried out, whatever holds everything else back."""

from __future__ import annotations

import pytest

from tests.faults.stories import barred, book, loaded, lynn_campaign, messages, wolkvox_campaign
from tests.house import AT, House

SAFE = ("apply", "--safe-only", "--auto-approve", "--format", "json", "--at", AT)
NO_CALLS = "{direction: outbound}"


def together(*documents: str) -> str:
    return "---\n".join(documents)


def outcomes(run: dict[str, list[dict[str, str]]]) -> list[tuple[str, str]]:
    return [(change["action"], change["outcome"]) for change in run["changes"]]


@pytest.fixture
def running(house: House) -> House:
    """A campaign with a row in it runs."""
    house.spec(together(wolkvox_campaign("started"), loaded("wolkvox", 1)))
    house.applied()
    return house


def test_only_what_protects_people_is_carried_out(running: House) -> None:
    running.spec(together(wolkvox_campaign("stopped"), loaded("wolkvox", 1, 2), barred("wolkvox", NO_CALLS, 9)))
    before = running.control.effects()
    said = running.run(*SAFE)

    assert said.code == 0, said.out + said.err
    assert outcomes(said.json) == [("stop", "verified"), ("blacklist_add", "verified")]
    assert running.control.effects() == before
    assert [change["action"] for change in running.plan()["changes"]] == ["rows_add"]


def test_a_denied_plan_does_not_hold_it_back(running: House) -> None:
    running.spec(
        together(
            wolkvox_campaign("stopped"),
            loaded("wolkvox", 1).replace("campaign: lista", "campaign: lista\nmissing: remove").replace("K1", "K7"),
            messages("ucontact", "2020-01-01T10:00:00-05:00", 5),
        )
    )
    assert running.run("apply", "--auto-approve", "--at", AT).code == 3

    said = running.run(*SAFE)

    assert (said.code, outcomes(said.json)) == (0, [("stop", "verified")])


def test_an_unknown_outcome_elsewhere_does_not_hold_it_back(running: House) -> None:
    running.spec(together(wolkvox_campaign("started"), loaded("wolkvox", 1), messages("ucontact", "on_apply", 3)))
    running.control.fault("drop-after", platform="ucontact", operation="SendSMSv2")
    assert running.apply().code == 6
    running.spec(together(wolkvox_campaign("stopped"), loaded("wolkvox", 1), messages("ucontact", "on_apply", 3)))
    assert running.run("apply", "--auto-approve", "--at", AT).code == 6
    reached = running.control.effects()

    said = running.run(*SAFE)

    assert said.code == 6  # what is unknown stays so, and is said
    assert outcomes(said.json) == [("stop", "verified")]
    assert running.control.effects() == reached


def test_a_stop_for_the_sake_of_an_edit_is_left(house: House) -> None:
    """Without the edit and the start after it, the campaign would only stand."""
    house.spec(lynn_campaign("started"))
    house.applied()
    house.spec(lynn_campaign("started", category="d"))
    said = house.run(*SAFE)

    assert (said.code, said.json["changes"]) == (0, [])
    assert house.plan()["changes"] != []


def test_it_takes_no_reviewed_plan(running: House) -> None:
    assert running.run("apply", "--safe-only", "--digest", "0123456789").code == 64


def test_somebody_has_to_say_yes(running: House) -> None:
    running.spec(together(wolkvox_campaign("stopped"), loaded("wolkvox", 1)))

    assert running.run("apply", "--safe-only", "--at", AT).code == 3


def test_an_ended_protection_is_not_remembered_by_it(house: House) -> None:
    """What a safe apply leaves aside is not applied: its document's `protect` neither."""
    house.spec(together(wolkvox_campaign("started") + "protect: true\n", loaded("wolkvox", 1)))
    house.applied()
    house.spec(together(wolkvox_campaign("started"), loaded("wolkvox", 1)))
    assert house.run(*SAFE).code == 0
    house.spec("")
    plan = house.plan()

    assert "PRO001" in {finding["code"] for finding in plan["findings"]}


APPLY = ("apply", "--at", AT, "--auto-approve", "--allow-irreversible", "9", "--format", "json")


def test_a_new_campaign_does_not_hold_it_back(house: House) -> None:
    """Nor does a new contact of the address book, for those who stand in it already."""
    house.spec(together(wolkvox_campaign("stopped"), barred("wolkvox", NO_CALLS, 9)))

    assert outcomes(house.run(*SAFE).json) == [("blacklist_add", "verified")]
    assert [change["action"] for change in house.plan()["changes"]] == ["create"]


def test_a_new_contact_does_not_hold_back_those_who_are_there(house: House) -> None:
    house.spec(lynn_campaign("stopped"))
    house.applied()
    house.spec(together(lynn_campaign("stopped"), book(1)))
    house.applied()
    house.spec(together(lynn_campaign("stopped"), book(1, 2), barred("lynn", "{campaign: lista}", 1)))

    assert outcomes(house.run(*SAFE).json) == [("blacklist_add", "verified")]


@pytest.mark.parametrize("fault", ["drop-after", "500-before"])
def test_whoever_says_no_is_barred_though_campaigns_could_not_be_made(house: House, fault: str) -> None:
    """An unknown outcome, and calls that fail until the target gets no further one."""
    campaigns = (wolkvox_campaign("stopped").replace("name: lista", f"name: lista-{number}") for number in range(4))
    house.spec(together(*campaigns, barred("wolkvox", NO_CALLS, 9)))
    house.control.fault(fault, platform="wolkvox", operation="create_campaign", count=9)

    found = outcomes(house.run(*APPLY).json)

    assert ("blacklist_add", "verified") in found
    assert ("create", "verified") not in found
