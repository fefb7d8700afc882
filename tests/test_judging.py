"""Judging at work: what is denied or asks for approval is shown whole, sends nothing, and what it names lets it pass."""

from __future__ import annotations

import shlex
from typing import Any, Final

from tests.faults.stories import barred, loaded, messages, wolkvox_campaign
from tests.house import AT, PROJECT, House, actions

EVENING: Final = "2026-11-24T19:00:00-05:00"
APPLY: Final = ("apply", "--auto-approve", "--allow-irreversible", "1", "--at", AT)
SAFE: Final = ("apply", "--safe-only", "--auto-approve", "--format", "json", "--at")


def policies(house: House, text: str) -> None:
    """Other policies for the project."""
    head = PROJECT.format(url=house.url).partition("policies:")[0]
    house.write("reconciler.yaml", f"{head}policies:\n  lawpacks: off\n{text}")


def codes(plan: dict[str, Any], *severities: str) -> set[str]:
    """The codes of a plan's findings."""
    return {one["code"] for one in plan["findings"] if not severities or one["severity"] in severities}


def started(house: House) -> list[dict[str, Any]]:
    """What the journal keeps of the beginning of each run."""
    entries = house.run("audit", "log", "--format", "json").json["entries"]
    return [entry["facts"] for entry in entries if entry["event"] == "run_started"]


WRITES: Final = frozenset({"create_campaign", "start", "add_record"})


def writes(house: House) -> list[str]:
    """What was sent to wolkvox that is not a read."""
    sent = (call["operation"].rpartition(".")[2] for call in house.control.calls())
    return [operation for operation in sent if operation in WRITES]


WINDOW: Final = "  apply_windows: [{allow: mon-fri 08:00-17:00, zone: America/Bogota}]\n"


def test_outside_the_hours_of_applying_nothing_is_carried_out(house: House) -> None:
    """A plan may be made and says when; its apply is refused, with the plan in full."""
    policies(house, WINDOW)
    house.spec(wolkvox_campaign())

    planned = house.run("plan", "--format", "json", "--at", EVENING)
    said = house.run("apply", "--auto-approve", "--at", EVENING)

    assert (planned.code, planned.json["blocked"], codes(planned.json)) == (0, False, {"APW001", "JRN001"})
    assert said.code == 3
    assert "wolkvox-co/campaign/lista" in said.out
    assert "APW001" in said.out
    assert writes(house) == []
    assert house.run(*APPLY).code == 0
    assert writes(house) == ["create_campaign"]


def test_what_protects_people_is_carried_out_at_any_hour(house: House) -> None:
    """A campaign is stopped in the evening, and somebody who said no is barred."""
    house.spec(wolkvox_campaign("started"))
    house.applied()
    policies(house, WINDOW)
    house.spec("---\n".join((wolkvox_campaign("stopped"), barred("wolkvox", "{direction: outbound}", 1))))

    said = house.run(*SAFE, EVENING)

    assert said.code == 0, said.out + said.err
    assert {(one["action"], one["outcome"]) for one in said.json["changes"]} == {
        ("stop", "verified"),
        ("blacklist_add", "verified"),
    }


RULE: Final = """\
  rules:
    - name: sin-arranques
      expression: |
        changes.exists(c, c.action == "start" &&
          c.address.startsWith("wolkvox-co/"))
      level: {level}
      message: No start on wolkvox without a word.
"""


def test_a_rule_of_the_projects_own_refuses_a_plan(house: House) -> None:
    """It is shown in full; exit 3, and nothing is sent."""
    policies(house, RULE.format(level="deny"))
    house.spec("---\n".join((wolkvox_campaign("started"), loaded("wolkvox", 1))))

    plan = house.plan()
    said = house.run(*APPLY)

    assert said.code == 3
    assert "No start on wolkvox without a word." in said.out
    assert ("start", "wolkvox-co/campaign/lista") in actions(plan)
    assert writes(house) == []
    verdict = next(one for one in plan["evaluated"] if one["rule"] == "rule:sin-arranques")
    assert verdict["result"] == "deny"


def test_a_rule_that_asks_is_passed_with_what_the_plan_prints(house: House) -> None:
    """Copied from the plan, and for this plan alone."""
    policies(house, RULE.format(level="approve"))
    house.spec("---\n".join((wolkvox_campaign("started"), loaded("wolkvox", 1))))
    found = next(one for one in house.plan()["findings"] if one["code"] == "RUL001")
    ack = found["remedy"].partition("--ack ")[2]

    assert house.run(*APPLY).code == 3
    assert house.run(*APPLY, "--ack", ack).code == 0


def test_validate_points_at_what_is_wrong_in_a_rule(house: House) -> None:
    """Offline: file, line, column, and the line with a caret."""
    policies(house, RULE.format(level="deny").replace("c.action", "c.actoin"))
    house.spec(wolkvox_campaign())

    said = house.run("validate")
    line = said.out.splitlines().index(next(line for line in said.out.splitlines() if "changes.exists" in line and "|" in line))

    assert said.code == 1
    assert "reconciler.yaml:35:28" in said.out
    assert said.out.splitlines()[line + 1].index("^") == said.out.splitlines()[line].index(".actoin")


def test_a_waiver_is_in_the_plan_and_in_the_journal(house: House) -> None:
    """What is waived is still said; who answers for it is kept."""
    limit = "  max_people: 0\n"
    waiver = (
        "  waivers:\n    - {rule: VOL004, address: '*', reason: prueba acordada, owner: cumplimiento, expires: 2026-11-30}\n"
    )
    house.spec("---\n".join((wolkvox_campaign("started"), loaded("wolkvox", 1))))
    policies(house, limit)
    assert house.run(*APPLY).code == 3
    policies(house, limit + waiver)

    plan = house.plan()
    said = house.run(*APPLY)

    assert [one["severity"] for one in plan["findings"] if one["code"] == "VOL004"] == ["info"]
    assert plan["waivers"][0]["used"] is True
    assert said.code == 0, said.out + said.err
    assert started(house)[-1]["waivers"] == plan["waivers"]


def test_a_source_that_shrank_since_it_was_applied(house: House) -> None:
    """An export that broke off; acknowledged, it is the measure of the next."""
    whole, half = (loaded("wolkvox", *range(1, count)) for count in (21, 6))
    house.spec("---\n".join((wolkvox_campaign(), whole)))
    house.applied()
    assert started(house)[-1]["sources"] == {"wolkvox-co/contacts/base": 20}
    house.spec("---\n".join((wolkvox_campaign(), half)))

    plan = house.plan()
    found = [one for one in plan["findings"] if one["code"] == "VOL011"]
    assert [one["address"] for one in found] == ["wolkvox-co/contacts/base"]
    assert house.run(*APPLY).code == 3
    ack = found[0]["remedy"].partition("--ack ")[2]
    assert house.run(*APPLY, "--ack", ack).code == 0
    assert "VOL011" not in codes(house.plan())


def test_a_safe_apply_is_no_measure_of_a_source(house: House) -> None:
    """It passes guards by, so that nothing of what it saw was approved."""
    listed = barred("wolkvox", "{direction: outbound}", *range(1, 21))
    house.spec(listed)
    house.applied()
    house.spec(barred("wolkvox", "{direction: outbound}", 30))

    assert house.run(*SAFE, AT).code == 0

    assert "sources" not in started(house)[-1]
    assert "VOL011" in codes(house.plan(), "approve")


def test_what_a_denied_plan_names_passes(house: House) -> None:
    """The words that it prints are words of the command line."""
    house.spec("---\n".join((wolkvox_campaign(), messages("ucontact", "2026-11-24T09:00:00-05:00", 1))))
    found = next(one for one in house.plan()["findings"] if one["code"] == "POL004")
    words = shlex.split(found["message"].partition(" with ")[2])

    assert house.run(*APPLY).code == 3
    said = house.run(*APPLY, "--format", "json", *words)

    assert (said.code, actions(said.json)) == (0, [("create", "wolkvox-co/campaign/lista")])
