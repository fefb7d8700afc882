"""A colleague edits in the console: before the plan, between plan and apply, and at every moment of a change being carried out.

Nothing that somebody else set is overwritten without a word, and where two people wish different things, a person decides.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import pytest
from jsonschema import Draft7Validator

from reconciler.call import Answer, Call
from reconciler.schema import schemas
from reconciler.wire import Fence, Wire
from tests.house import AT, House, Said, actions

WOLKVOX: Final = """\
kind: campaign
target: wolkvox-co
name: {name}
state: {state}
description: {description}
purpose: collection
wolkvox: {{type: predictive, skill: cobranza, speed: {speed}}}
"""
LYNN: Final = """\
kind: campaign
target: lynn-cl
name: {name}
state: {state}
description: {description}
purpose: service
lynn: {{division: Ventas, category: c{speed}}}
"""
EACH: Final = pytest.mark.parametrize(
    ("platform", "text"), [pytest.param("wolkvox", WOLKVOX, id="wolkvox"), pytest.param("lynn", LYNN, id="lynn")]
)
TARGET: Final = {"wolkvox": "wolkvox-co", "lynn": "lynn-cl"}
SPEED: Final = "wolkvox-co/campaign/cobranza"
WRITES: Final = ("create_campaign", "edit_campaign", "speed", "start", "stop", "delete_campaign")


def document(
    text: str = WOLKVOX, *, name: str = "cobranza", state: str = "stopped", description: str = "Uno", speed: int = 60
) -> str:
    return text.format(name=name, state=state, description=description, speed=speed)


class Colleague:
    """Somebody who edits at a moment of an apply: `after plan`, `before write` or `after write`, once each."""

    def __init__(self) -> None:
        self.waiting: dict[str, Callable[[], object]] = {}

    def edits(self, moment: str, house: House, action: str, platform: str = "wolkvox", **words: Any) -> None:
        """Order an edit for that moment of the next apply."""
        self.waiting[moment] = lambda: house.control.drift(platform, action, **words)

    def at(self, moment: str) -> None:
        """The moment has come."""
        self.waiting.pop(moment, lambda: None)()


@pytest.fixture
def colleague(monkeypatch: pytest.MonkeyPatch) -> Colleague:
    somebody = Colleague()
    send, writable = Wire.send, Wire.writable

    def sent(wire: Wire, call: Call) -> Answer:
        if call.safety.writes:
            somebody.at("before write")
        answer = send(wire, call)
        if call.safety.writes:
            somebody.at("after write")
        return answer

    def opened(wire: Wire, fence: Fence) -> None:
        somebody.at("after plan")
        writable(wire, fence)

    monkeypatch.setattr(Wire, "send", sent)
    monkeypatch.setattr(Wire, "writable", opened)
    return somebody


def drift(house: House) -> list[tuple[str, Any, Any, Any]]:
    """(path, applied, live, wished) of every edit in the plan."""
    return [(one["path"], one["applied"], one["live"], one["wished"]) for one in house.plan()["drift"]]


def written(house: House) -> list[str]:
    """The writes that reached wolkvox."""
    calls = (call["operation"].rpartition(".")[2] for call in house.control.calls())
    return [name for name in calls if name in WRITES]


def apply(house: House, *words: str) -> Said:
    return house.run("apply", "--format", "json", "--at", AT, "--auto-approve", *words)


# --- before the plan


@EACH
def test_an_edit_is_a_section_of_its_own_and_the_file_wins(house: House, platform: str, text: str) -> None:
    house.spec(document(text))
    house.applied()

    assert drift(house) == []

    house.control.drift(platform, "description", description="de un colega")
    shown = house.run("plan", "--at", AT).out

    assert drift(house) == [("description", "Uno", "de un colega", "Uno")]
    assert "DRIFT · 1" in shown
    assert "description Uno → de un colega in the console; this plan sets it to Uno" in shown

    house.applied()
    house.settled()


@EACH
def test_a_start_by_somebody_is_drift(house: House, platform: str, text: str) -> None:
    house.spec(document(text))
    house.applied()
    house.control.drift(platform, "start")

    assert drift(house) == [("state", "stopped", "started", "stopped")]

    house.applied()
    house.settled()


def test_a_started_campaign_that_somebody_stopped_is_drift(house: House) -> None:
    house.spec(document(state="started"))
    house.applied()
    house.settled()
    house.control.drift("wolkvox", "stop")

    assert drift(house) == [("state", "started", "stopped", "started")]


def test_a_window_that_closed_is_no_drift(house: House) -> None:
    house.spec(document(state="started") + 'window: {from: "08:00", to: "12:00"}\n')
    house.applied()
    evening = house.run("plan", "--format", "json", "--at", "2026-11-24T20:00:00-05:00").json

    assert [(change["action"], change["reason"]) for change in evening["changes"]] == [("stop", "window")]
    assert evening["drift"] == []


def test_an_edit_of_what_no_file_wishes_is_shown_and_left(house: House) -> None:
    house.spec(document())
    house.applied()
    house.spec(document().replace("description: Uno\n", ""))
    house.control.drift("wolkvox", "description", description="suya")
    plan = house.plan("--detailed-exitcode")

    assert (plan["changes"], plan["empty"]) == ([], True)
    assert drift(house) == [("description", "Uno", "suya", None)]
    assert house.run("plan", "--at", AT, "--detailed-exitcode").code == 2
    assert "; the file leaves it" in house.run("plan", "--at", AT).out

    house.run("import", SPEED)

    assert drift(house) == [], "what is adopted anew is as it should be"


def test_what_was_adopted_is_compared_with_how_it_was_found(house: House) -> None:
    house.control.seed({"wolkvox": {"campaigns": [{"name": "cobranza", "speed": 30}]}})
    house.run("import", SPEED)

    assert drift(house) == []

    house.control.drift("wolkvox", "speed", speed=35)
    house.control.drift("wolkvox", "start")

    assert [one[:3] for one in drift(house)] == [("speed", 30, 35), ("state", "stopped", "started")]


def test_a_protection_that_came_alone_forgets_nothing(house: House) -> None:
    house.spec(document())
    house.applied()
    house.spec(document() + "protect: true\n")
    house.applied()
    house.control.drift("wolkvox", "speed", speed=75)

    assert drift(house) == [("speed", 60, 75, 60)]


@EACH
def test_a_campaign_that_is_gone_is_drift(house: House, platform: str, text: str) -> None:
    house.spec(document(text))
    house.applied()
    house.control.drift(platform, "delete")

    assert drift(house) == [("", "cobranza", None, "cobranza")]
    assert "gone from the console; this plan makes it again" in house.run("plan", "--at", AT).out


# --- both changed


def test_where_file_and_console_changed_the_same_a_person_decides(house: House) -> None:
    house.spec(document())
    house.applied()
    house.spec(document(speed=80))
    house.control.drift("wolkvox", "speed", speed=75)
    plan = house.plan()
    before = written(house)
    refused = house.run("apply", "--at", AT, "--digest", plan["digest"])

    assert refused.code == 3
    assert "both sides changed speed: applied 60, in the console 75, in the file 80" in refused.out
    assert written(house) == before

    said = house.run("apply", "--at", AT, "--digest", plan["digest"], "--ack", f"both_changed=1@{plan['digest'][:8]}")

    assert said.code == 0, said.out + said.err
    house.settled()


def test_different_fields_of_one_campaign_may_be_changed_by_both(house: House) -> None:
    house.spec(document())
    house.applied()
    house.spec(document(speed=80))
    house.control.drift("wolkvox", "description", description="suya")

    assert not house.plan()["blocked"]
    assert drift(house) == [("description", "Uno", "suya", "Uno")]


# --- between plan and apply


def test_a_campaign_that_was_as_wished_and_is_edited_after_the_review_makes_the_plan_stale(house: House) -> None:
    house.spec(document())
    house.applied()
    house.spec(document() + "---\n" + document(name="otra"))
    digest = house.plan()["digest"]
    house.control.drift("wolkvox", "speed", speed=75)
    before = written(house)

    assert house.run("apply", "--at", AT, "--digest", digest).code == 4
    assert written(house) == before


def test_what_is_edited_after_the_review_of_the_same_field_is_asked_about(house: House) -> None:
    house.spec(document())
    house.applied()
    house.spec(document(speed=80))
    digest = house.plan()["digest"]
    house.control.drift("wolkvox", "speed", speed=75)
    before = written(house)
    refused = house.run("apply", "--at", AT, "--digest", digest)

    assert refused.code == 3
    assert "DRF001" in refused.out
    assert written(house) == before


# --- between the apply's reading and its look


@EACH
def test_what_is_edited_since_the_reading_is_not_overwritten(
    house: House, colleague: Colleague, platform: str, text: str
) -> None:
    house.spec(document(text))
    house.applied()
    house.spec(document(text, description="Dos"))
    colleague.edits("after plan", house, "description", platform, description="suya")
    before = house.control.calls()
    said = apply(house)

    assert said.code == 1
    assert said.json["changes"][0]["outcome"] == "failed"
    assert said.json["changes"][0]["why"] == "somebody changed description since the plan was made: plan again"
    assert _sent(house, len(before)) == []
    assert house.plan()["blocked"], "now a person decides"


@EACH
def test_what_is_edited_since_the_reading_is_not_deleted(house: House, colleague: Colleague, platform: str, text: str) -> None:
    house.spec(document(text))
    house.applied()
    house.spec("")
    colleague.edits("after plan", house, "start", platform)
    before = house.control.calls()
    said = apply(house, "--allow-delete", "1")

    assert said.code == 1
    assert "somebody changed state since" in said.json["changes"][0]["why"]
    assert _sent(house, len(before)) == []


def test_what_is_deleted_since_the_reading_needs_no_delete(house: House, colleague: Colleague) -> None:
    house.spec(document())
    house.applied()
    house.spec("")
    colleague.edits("after plan", house, "delete")
    said = apply(house, "--allow-delete", "1")

    assert said.code == 0, said.out
    assert said.json["changes"][0]["why"] == "it was gone already"
    house.settled()


def test_a_look_that_fails_sends_nothing(house: House, colleague: Colleague) -> None:
    house.spec(document())
    house.applied()
    house.spec(document(speed=80))
    colleague.waiting["after plan"] = lambda: house.control.fault("html", platform="wolkvox", operation="information.campaigns")
    before = written(house)
    said = apply(house)

    assert (said.code, said.json["changes"][0]["outcome"]) == (1, "pending")
    assert written(house) == before
    assert apply(house).code == 0
    house.settled()


def _sent(house: House, after: int) -> list[str]:
    """The calls since then that were not reads."""
    reads = ("get", "campaigns", "skills", "token_info", "createtoken")
    names = [str(call["operation"]).rpartition(".")[2].lower() for call in house.control.calls()[after:]]
    return [name for name in names if not name.startswith(reads)]


# --- between look and read-back


@pytest.mark.parametrize(
    ("platform", "text", "moment"),
    [
        pytest.param("wolkvox", WOLKVOX, "before write", id="wolkvox-before"),
        pytest.param("wolkvox", WOLKVOX, "after write", id="wolkvox-after"),
        # Lynn takes whole objects: what is edited between its last read and the write is overwritten, and cannot be seen
        pytest.param("lynn", LYNN, "after write", id="lynn-after"),
    ],
)
def test_another_field_that_is_edited_meanwhile_is_said_and_is_drift_then(
    house: House, colleague: Colleague, platform: str, text: str, moment: str
) -> None:
    house.spec(document(text))
    house.applied()
    house.spec(document(text, speed=80))
    colleague.edits(moment, house, "description", platform, description="suya")
    said = apply(house)

    assert said.code == 0, said.out
    assert said.json["changes"][0]["outcome"] == "verified"
    assert said.json["changes"][0]["why"] == "somebody changed description meanwhile"
    entries = house.run("audit", "log", "--format", "json").json["entries"]
    assert [one["facts"]["meanwhile"] for one in entries if one.get("facts", {}).get("meanwhile")] == [["description"]]
    assert drift(house) == [("description", "Uno", "suya", "Uno")]

    house.applied()
    house.settled()


@EACH
def test_the_same_field_that_is_edited_after_the_write_is_for_a_person(
    house: House, colleague: Colleague, platform: str, text: str
) -> None:
    house.spec(document(text))
    house.applied()
    house.spec(document(text, description="Dos"))
    colleague.edits("after write", house, "description", platform, description="suya")
    said = apply(house)

    assert said.code == 6, said.out
    assert "somebody changed description in between" in said.json["changes"][0]["why"]

    run = said.json["run"]
    asked = house.run("resolve", run, "--format", "json")

    assert asked.code == 6
    operation = asked.json["unknown"][0]["operation"]
    assert house.run("drift").code == 6
    assert house.run("resolve", run, operation, "--verdict", "done", "--reason", "asked her").code == 0
    assert drift(house) == [("description", "Dos", "suya", "Dos")], "ours was set, and hers came after it"

    house.applied()
    house.settled()


def test_an_edit_that_a_person_says_came_instead_of_ours(house: House, colleague: Colleague) -> None:
    house.spec(document())
    house.applied()
    house.spec(document(speed=80))
    colleague.edits("after write", house, "speed", speed=75)
    run = apply(house).json["run"]
    operation = house.run("resolve", "--format", "json").json["unknown"][0]["operation"]
    house.run("resolve", run, operation, "--verdict", "not-done", "--reason", "the console shows hers alone")

    assert drift(house) == [("speed", 60, 75, 80)]
    assert house.plan()["blocked"]


# --- doubts


@pytest.mark.parametrize(
    ("fault", "words"), [("drop-after", "as it reads now: it was done"), ("500-before", "as it reads now: it was not done")]
)
def test_a_doubt_says_how_it_reads_now(house: House, fault: str, words: str) -> None:
    house.spec(document())
    house.control.fault(fault, platform="wolkvox", operation="create_campaign")

    assert apply(house).code == 6

    head = house.plan()["journal_head"]
    shown = house.run("plan", "--at", AT)

    assert words in shown.out
    assert house.plan()["journal_head"] == head, "nothing is recorded"
    assert apply(house).code == 6, "and nothing is let go"


@pytest.mark.parametrize("moved", ["document", "target"])
def test_a_campaign_in_doubt_is_not_made_again_under_another_address(house: House, moved: str) -> None:
    """A document that was renamed or copied, a target that has another name now: no campaign twice."""
    house.spec(document())
    house.control.fault("drop-after", platform="wolkvox", operation="create_campaign")

    assert apply(house).code == 6

    if moved == "target":
        text = (house.root / "reconciler.yaml").read_text("utf-8")
        house.write("reconciler.yaml", text.replace("wolkvox-co", "wolkvox-dos"))
        house.spec(document().replace("wolkvox-co", "wolkvox-dos"))
    else:
        house.spec(document(name="otra") + "display_name: cobranza\n")

    assert apply(house).code == 6
    assert written(house).count("create_campaign") == 1

    assert _campaigns(house) == 1


def _campaigns(house: House) -> int:
    return int(next(one["counts"]["campaigns"] for one in house.control.status()["accounts"] if one["account"] == "wolkvox"))


# --- reconciler drift


def shown(said: Said) -> Mapping[str, Any]:
    """What the command prints, as its schema says."""
    found = said.json
    assert list(Draft7Validator(schemas()["drift.schema.json"]).iter_errors(found)) == []
    return found


def test_drift_reports_and_changes_nothing(house: House) -> None:
    house.spec(document() + "---\n" + document(LYNN))
    house.applied()
    clean = house.run("drift")

    assert clean.code == 0
    assert "No drift: what we wrote last is what is there." in clean.out

    house.control.drift("wolkvox", "speed", speed=75)
    house.control.drift("lynn", "description", description="suya")
    before = house.control.calls()
    said = house.run("drift")

    assert said.code == 2
    assert "DRIFT · 2" in said.out
    assert "speed 60 → 75 in the console; the file has 60" in said.out
    assert _sent(house, len(before)) == []

    found = shown(house.run("drift", "--format", "json"))
    assert found["drift"] == house.plan()["drift"]
    assert [target["name"] for target in found["targets"]] == ["wolkvox-co", "lynn-cl"]

    one = shown(house.run("drift", "--format", "json", "--only", "lynn-cl/*"))
    assert [(item["address"], item["path"]) for item in one["drift"]] == [("lynn-cl/campaign/cobranza", "description")]
    assert house.run("drift", "--only", "*/otra").code == 0


def test_drift_tells_of_campaigns_whose_document_is_gone(house: House) -> None:
    house.spec(document())
    house.applied()
    house.spec("")
    house.control.drift("wolkvox", "speed", speed=75)

    assert [item["wished"] for item in shown(house.run("drift", "--format", "json"))["drift"]] == [None]
    assert shown(house.run("drift", "--format", "json", "--only", "wolkvox-co/*"))["drift"]
    assert house.run("drift", "--only", "lynn-cl/*").code == 0


def test_drift_of_what_could_not_be_read_is_not_said_to_be_none(house: House) -> None:
    house.spec(document())
    house.applied()
    house.control.fault("html", platform="wolkvox", operation="information.campaigns", rate=1.0)
    said = house.run("drift")

    assert said.code == 7
    assert "No drift found, but not everything could be read." in said.out
    assert "PLT" in said.err


def test_drift_says_nothing_where_an_outcome_is_unknown(house: House) -> None:
    house.spec(document())
    house.applied()
    house.spec(document(speed=80))
    house.control.fault("drop-after", platform="wolkvox", operation="speed")
    apply(house)
    said = house.run("drift")

    assert said.code == 6
    assert "run 'reconciler resolve'" in said.out
    assert SPEED in said.out
    assert shown(house.run("drift", "--format", "json"))["in_doubt"] == [SPEED]
    assert house.run("drift", "--only", "lynn-cl/*").code == 0


def test_drift_knows_its_formats(house: House) -> None:
    said = house.run("drift", "--format", "markdown")

    assert said.code == 64
    assert "text, json" in said.err


# --- what a plan counts


@EACH
def test_a_plan_counts_the_look(house: House, platform: str, text: str) -> None:
    """What is planned is what is called: an update takes a look, its writes and a read-back."""
    house.spec(document(text))
    house.applied()
    house.spec(document(text, speed=80))
    plan = house.plan()
    said = house.apply()

    assert said.code == 0, said.out
    assert actions(plan) == [("update", f"{TARGET[platform]}/campaign/cobranza")]
    assert said.json["changes"][0]["calls"] == plan["changes"][0]["calls"]

    house.spec("")
    plan = house.plan()
    said = house.apply()

    assert said.json["changes"][0]["calls"] == plan["changes"][0]["calls"]
