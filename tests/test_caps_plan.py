"""How often people are contacted, through whole plans: what the journal remembers, over targets, until the day is over."""

from __future__ import annotations

import json
from typing import Any, Final

import pytest

from tests.house import PROJECT, House

MONDAY: Final = "2026-11-23T10:00:00-05:00"
LATE: Final = "2026-11-24T23:59:00-05:00"
TOMORROW: Final = "2026-11-25T00:00:00-05:00"
WEEK: Final = "2026-11-30T10:00:00-05:00"
CAMPAIGN: Final = (
    "kind: campaign\ntarget: wolkvox-co\nname: {name}\nstate: {state}\npurpose: {purpose}\nwolkvox: {{skill: cobranza}}\n---\n"
)
CONTACTS: Final = "kind: contacts\ntarget: wolkvox-co\nname: {name}\ncampaign: {name}\n{more}source:\n  rows:\n{rows}---\n"
FIRST: Final = "wolkvox-co/contacts/a"
SECOND: Final = "wolkvox-co/contacts/b"


def policies(house: House, text: str) -> None:
    """What the project's policies say instead."""
    project = PROJECT.format(url=house.url).replace("policies: {lawpacks: off}", f"policies: {text}")
    house.write("reconciler.yaml", project.replace("country: UY\n", "country: UY\n    phone_format: e164\n"))


def campaign(name: str = "a", state: str = "stopped", purpose: str = "service") -> str:
    return CAMPAIGN.format(name=name, state=state, purpose=purpose)


def contacts(*people: int, name: str = "a", more: str = "") -> str:
    rows = "".join(f'    - {{key: "{name}{person}", phone: "300123{person:04}"}}\n' for person in people)
    return CONTACTS.format(name=name, rows=rows, more=more)


def messages(*people: int, at: str = "on_apply", name: str = "avisos") -> str:
    """Messages to the same numbers, on another platform: a number of Colombia is a person there too."""
    rows = "".join(f'    - {{phone: "+57300123{person:04}"}}\n' for person in people)
    return (
        f'kind: scheduled_sms\ntarget: ucontact-uy\nname: {name}\ncampaign: "Recordatorios->"\npurpose: service\nat: {at}\n'
        f"message: Su cita es hoy.\nsource:\n  rows:\n{rows}---\n"
    )


def plan(house: House, at: str = MONDAY) -> dict[str, Any]:
    return house.run("plan", "--format", "json", "--at", at).json


def applied(house: House, at: str = MONDAY) -> dict[str, Any]:
    """Apply what is planned for that moment, and be sure that it ended well."""
    made = plan(house, at)
    said = house.run("apply", "--format", "json", "--at", at, "--digest", made["digest"])
    assert said.code == 0, said.out + said.err
    return made


def loaded(made: dict[str, Any], address: str) -> tuple[int, int]:
    """Rows that are added, and rows that are one contact too many."""
    row = next(rows for rows in made["rows"] if rows["address"] == address)
    return row["to_add"], row["suppressed"].get("cap", 0)


def codes(made: dict[str, Any], code: str) -> list[tuple[str, str | None]]:
    return [(finding["severity"], finding["address"]) for finding in made["findings"] if finding["code"] == code]


def test_nobody_is_loaded_twice_a_day_whatever_the_campaign(house: House) -> None:
    """The next day begins at midnight where the person is."""
    policies(house, "{lawpacks: off, caps: {per_day: 1}}")
    house.spec(campaign() + contacts(1, 2))
    applied(house)
    house.spec(campaign() + contacts(1, 2) + campaign("b") + contacts(2, 3, name="b"))

    today = plan(house, MONDAY)

    assert (loaded(today, SECOND), today["people"]["total"]) == ((1, 1), 1)
    assert codes(today, "CAP003") == [("info", SECOND)]
    assert codes(today, "CAP002") == [("info", None)]
    assert loaded(plan(house, "2026-11-23T23:59:00-05:00"), SECOND) == (1, 1)
    assert loaded(plan(house, "2026-11-24T00:00:00-05:00"), SECOND) == (2, 0)

    applied(house, MONDAY)
    assert not plan(house, MONDAY)["changes"]
    applied(house, "2026-11-24T00:00:00-05:00")
    house.spec(campaign() + contacts(1, 2) + campaign("b") + contacts(2, 3, 1, name="b"))
    assert loaded(plan(house, LATE), SECOND) == (1, 0), "two of them are there, and the third was loaded the day before"


def test_without_limits_nothing_is_weighed(house: House) -> None:
    house.spec(campaign() + contacts(1) + campaign("b") + contacts(1, name="b"))

    made = plan(house)

    assert (loaded(made, FIRST), loaded(made, SECOND)) == ((1, 0), (1, 0))
    assert not [finding for finding in made["findings"] if finding["code"].startswith("CAP")]


def test_in_one_plan_the_document_of_the_first_address_has_the_person(house: House) -> None:
    """Whatever the order of files; and what is applied is what was planned, into campaigns that are made on the way."""
    policies(house, "{lawpacks: off, caps: {per_day: 1}}")
    house.spec(campaign("b") + contacts(1, 2, name="b"), "a-first-file")
    house.spec(campaign() + contacts(1, 3), "b-second-file")

    made = applied(house)

    assert (loaded(made, FIRST), loaded(made, SECOND), made["people"]["total"]) == ((2, 0), (1, 1), 3)
    assert not plan(house)["changes"]
    house.spec(campaign(state="started") + contacts(1, 3), "b-second-file")
    house.spec(campaign("b", state="started") + contacts(1, 2, name="b"), "a-first-file")
    applied(house)
    called = [effect["recipient"] for effect in house.control.effects()]
    assert len(called) == len(set(called)) == 3


def test_a_person_counts_once_for_all_targets(house: House) -> None:
    """A call in Colombia and a message out of Uruguay reach the same person."""
    policies(house, "{lawpacks: off, caps: {per_day: 1}}")
    house.spec(campaign() + contacts(1, 2))
    applied(house)
    house.spec(campaign() + contacts(1, 2) + messages(2, 3))

    made = plan(house)

    assert loaded(made, "ucontact-uy/scheduled_sms/avisos") == (1, 1)
    applied(house)
    log = json.loads(house.run("audit", "log", "--format", "json").out)["entries"]
    left_out = [entry for entry in log if entry["event"] == "left_out"]
    assert [(entry["facts"]["reason"], entry["count"]) for entry in left_out] == [("cap", 1)]
    house.spec(campaign() + contacts(1, 2, 4) + messages(3, 4))
    made = plan(house)
    assert (loaded(made, "ucontact-uy/scheduled_sms/avisos"), loaded(made, FIRST)) == ((1, 0), (0, 1))


def test_a_message_counts_on_the_day_on_which_it_is_due(house: House) -> None:
    policies(house, "{lawpacks: off, caps: {per_day: 1}}")
    house.spec(messages(1, at=TOMORROW))
    applied(house)
    house.spec(messages(1, at=TOMORROW) + campaign() + contacts(1))

    assert loaded(plan(house, LATE), FIRST) == (1, 0)
    assert loaded(plan(house, "2026-11-25T09:00:00-05:00"), FIRST) == (0, 1)
    assert loaded(plan(house, "2026-11-26T00:00:00-05:00"), FIRST) == (1, 0)


def test_a_raised_generation_sends_to_nobody_too_often(house: House) -> None:
    policies(house, "{lawpacks: off, caps: {per_week: 1}}")
    text = messages(1, 2)
    house.spec(text)
    applied(house)
    house.spec(text.replace("at: on_apply", "at: on_apply\ngeneration: 2"))

    assert loaded(plan(house), "ucontact-uy/scheduled_sms/avisos") == (0, 2)
    assert loaded(plan(house, "2026-11-29T23:59:00-05:00"), "ucontact-uy/scheduled_sms/avisos") == (0, 2)
    assert loaded(plan(house, WEEK), "ucontact-uy/scheduled_sms/avisos") == (2, 0)


def test_what_is_in_doubt_counts_as_a_contact(house: House) -> None:
    """Who perhaps got a message is not called the same day."""
    policies(house, "{lawpacks: off, caps: {per_day: 1}}")
    house.control.fault("500-after", platform="ucontact")
    house.spec(messages(1))
    made = plan(house)
    assert house.run("apply", "--at", MONDAY, "--digest", made["digest"]).code != 0
    house.spec(messages(1) + campaign() + contacts(1))

    assert loaded(plan(house), FIRST) == (0, 1)


def test_the_law_of_the_country_holds_where_nobody_turns_it_off(house: House) -> None:
    """CO-2: one channel a week, once a day. It does not hold for service, nor where a waiver lifts it, which is said."""
    policies(house, "{lawpacks: [co, house]}")
    head = campaign(purpose="collection")
    house.spec(head + contacts(1))
    applied_rows = plan(house)
    assert loaded(applied_rows, FIRST) == (1, 0)
    second = campaign("b", purpose="collection") + contacts(1, name="b")
    house.spec(head + contacts(1) + second)

    made = plan(house)

    assert (loaded(made, FIRST), loaded(made, SECOND)) == ((1, 0), (0, 1))
    assert {one["rule"] for one in made["evaluated"]} >= {"CO-2", "CAP002"}
    house.spec(head + contacts(1) + second.replace("purpose: collection", "purpose: service"))
    assert loaded(plan(house), SECOND) == (1, 0)
    waiver = "waivers: [{rule: CO-2, address: '*/contacts/b', reason: agreed, owner: ana, expires: 2026-12-31}]"
    policies(house, f"{{lawpacks: [co, house], {waiver}}}")
    house.spec(head + contacts(1) + second)
    made = plan(house)
    assert loaded(made, SECOND) == (1, 0)
    assert codes(made, "CAP001") == [("info", SECOND)] * 1
    assert [one["used"] for one in made["waivers"]] == [True]


def test_a_campaign_does_not_start_while_somebody_in_it_was_contacted_often_enough(house: House) -> None:
    """Rows that wait cannot be left out where they are: it is a deny that counts them. The day after, it starts."""
    policies(house, "{lawpacks: off, caps: {per_day: 1}}")
    house.spec(campaign() + contacts(1, 2))
    applied(house, "2026-11-22T10:00:00-05:00")
    house.spec(campaign() + contacts(1, 2) + campaign("b") + contacts(2, 3, name="b"))
    applied(house, MONDAY)
    house.spec(campaign(state="started") + contacts(1, 2) + campaign("b") + contacts(2, 3, name="b"))

    made = plan(house, MONDAY)

    assert codes(made, "CAP001") == [("deny", "wolkvox-co/campaign/a")]
    assert made["blocked"]
    told = next(finding for finding in made["findings"] if finding["code"] == "CAP001")
    assert told["message"].startswith("1 people would be contacted once too often: per_day is 1 (policies.caps)")
    tomorrow = plan(house, "2026-11-24T10:00:00-05:00")
    assert codes(tomorrow, "CAP001") == []
    assert not tomorrow["blocked"]


def test_who_waits_and_is_not_shown_is_said_to_be_unknown(house: House) -> None:
    """A platform that lists no rows leaves open who else waits in a campaign that starts."""
    policies(house, "{lawpacks: off, caps: {per_day: 1}}")
    text = (
        "kind: campaign\ntarget: lynn-cl\nname: lista\nstate: {state}\npurpose: service\n"
        "lynn: {{division: Ventas, category: c}}\n"
    )
    house.spec(text.format(state="stopped"))
    applied(house)
    house.spec(text.format(state="started"))

    assert codes(plan(house), "CAP001") == [("warn", "lynn-cl/campaign/lista")]


@pytest.mark.parametrize("caps", ["{per_day: 1}", "{per_day: 2}"])
def test_the_digest_covers_the_limits(house: House, caps: str) -> None:
    house.spec(campaign() + contacts(1))
    without = plan(house)["digest"]
    policies(house, f"{{lawpacks: off, caps: {caps}}}")

    assert plan(house)["digest"] != without
