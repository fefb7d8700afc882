"""Edits of somebody else: what the plan says of them, and what a write finds right before it and right after."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

import pytest

from reconciler.diff import Drift, value_at
from reconciler.plan.known import Unsettled
from reconciler.plan.values import Plan, Wish
from reconciler.policies.acks import Ack
from reconciler.policies.judging import judge
from reconciler.policies.settings import Settings
from reconciler.reports.plans import render_plan
from reconciler.reports.report import of_plan
from reconciler.reports.style import Style
from reconciler.resource import Live, State
from tests.test_plan import (
    COBRANZA,
    LYNN,
    NOW,
    PLACE,
    address,
    campaign,
    doubt,
    live,
    on_lynn,
    ours,
    plan,
    remembered,
    said,
    steps,
)

APPLIED: Final[dict[str, Any]] = {"speed": 60, "skill": "ventas", "labels": {"opt1": "a", "opt2": "b"}, "state": "stopped"}


def drift(made: Plan) -> list[tuple[str, Any, Any, Any]]:
    """(path, applied, live, wished) of every edit."""
    return [(one.path, one.applied, one.live, one.wished) for one in made.drift]


def planned(wish: Wish | None, there: Live | None, applied: Mapping[str, Any] = APPLIED, **more: Any) -> Plan:
    """The plan for one campaign of ours, as it was applied and as it is."""
    return plan([wish] if wish else [], [there] if there else [], remembered(ours(applied=applied, name="cobranza", **more)))


def as_applied(**changed: Any) -> Live:
    """The campaign as it was applied, but for these."""
    state = changed.pop("state", State.STOPPED)
    return live(state=state, **{name: value for name, value in {**APPLIED, **changed}.items() if name != "state"})


# --- what a plan says


def test_what_is_as_we_left_it_is_no_drift() -> None:
    made = planned(campaign(state="stopped", speed=60, skill="ventas"), as_applied())

    assert (made.drift, made.empty) == ((), True)


def test_a_change_of_the_file_alone_is_no_drift() -> None:
    made = planned(campaign(speed=80), as_applied())

    assert (made.drift, steps(made)) == ((), ["update fields"])


def test_an_edit_in_the_console_is_drift_and_the_file_wins() -> None:
    made = planned(campaign(speed=60), as_applied(speed=75))
    (one,) = made.drift

    assert steps(made) == ["update fields"]
    assert drift(made) == [("speed", 60, 75, 60)]
    assert (one.address, one.contested, one.origin and one.origin.line) == (COBRANZA, False, 9)


def test_an_edit_of_what_no_file_wishes_is_shown_and_left() -> None:
    made = planned(campaign(speed=60), as_applied(skill="soporte"))

    assert made.empty
    assert drift(made) == [("skill", "ventas", "soporte", None)]


def test_the_file_may_have_come_to_the_same() -> None:
    made = planned(campaign(speed=75), as_applied(speed=75))

    assert made.empty
    assert drift(made) == [("speed", 60, 75, 75)]
    assert not made.drift[0].contested


def test_both_may_change_different_leaves_of_one_setting() -> None:
    made = planned(campaign(labels={"opt1": "a", "opt2": "B"}), as_applied(labels={"opt1": "A", "opt2": "b"}))

    assert drift(made) == [("labels.opt1", "a", "A", "a")]
    assert not made.drift[0].contested


@pytest.mark.parametrize("wished", [{"opt1": "x", "opt2": "b"}, {"opt2": "b"}])
def test_both_changed_one_leaf(wished: Mapping[str, str]) -> None:
    """Taking it out of the file is a change as well."""
    made = planned(campaign(labels=wished), as_applied(labels={"opt1": "A", "opt2": "b"}))

    assert [one.contested for one in made.drift] == [True]


@pytest.mark.parametrize(
    ("applied", "now", "shown"),
    [
        ("started", State.STOPPED, [("state", "started", "stopped")]),
        ("started", State.STOPPING, [("state", "started", "stopped")]),
        ("stopped", State.STARTED, [("state", "stopped", "started")]),
        ("stopped", State.STARTING, [("state", "stopped", "started")]),
        ("started", State.STARTED, []),
        ("started", State.FINISHED, []),
        ("started", State.UNKNOWN, []),
        (None, State.STARTED, []),
    ],
)
def test_a_start_or_stop_by_somebody_is_drift(applied: str | None, now: State, shown: list[tuple[str, str, str]]) -> None:
    made = planned(campaign(speed=60), as_applied(state=now), {**APPLIED, "state": applied})

    assert [(one.path, one.applied, one.live) for one in made.drift] == shown


@pytest.mark.parametrize(
    ("state", "open_", "wished"),
    [("started", True, "started"), ("started", False, "stopped"), ("stopped", True, "stopped"), (None, True, None)],
)
def test_the_run_state_is_wished_by_the_window_too(state: str | None, open_: bool, wished: str | None) -> None:
    made = planned(campaign(state=state, open_=open_), as_applied(), {**APPLIED, "state": "started"})

    assert drift(made) == [("state", "started", "stopped", wished)]
    assert not made.drift[0].contested


def test_a_run_state_that_is_only_supposed_is_no_edit() -> None:
    made = planned(campaign(), replace(as_applied(state=State.STARTED), supposed=True))

    assert made.drift == ()


def test_a_window_that_closed_is_no_drift() -> None:
    """It runs as we left it: that it is to stand still now is a change of ours."""
    wish = campaign(state="started", open_=False)
    made = planned(wish, as_applied(state=State.STARTED), {**APPLIED, "state": "started"})

    assert (made.drift, steps(made)) == ((), ["stop window"])


def test_what_runs_by_itself_has_no_run_state_of_its_own() -> None:
    """Its dates say when it runs, and they pass."""
    wish = campaign(LYNN, alone=True, execution_mode="scheduled", start_at="2026-11-20")
    memory = remembered(
        ours(LYNN, applied={"execution_mode": "scheduled", "start_at": "2026-11-20", "state": "stopped"}, name="cobranza")
    )
    made = plan([wish], memory=memory, seen=on_lynn(State.STARTED, execution_mode="scheduled", start_at="2026-11-20"))

    assert (made.drift, made.empty) == ((), True)


def test_fields_that_are_never_shown_are_no_drift() -> None:
    made = planned(campaign(), as_applied(), {**APPLIED, "window": {"from": "08:00"}})

    assert made.drift == ()


def test_a_field_that_is_shown_no_more_is_drift() -> None:
    there = live(state=State.STOPPED, speed=60, labels=APPLIED["labels"])

    assert drift(planned(campaign(), there)) == [("skill", "ventas", None, None)]


def test_a_campaign_of_ours_that_is_gone_is_drift() -> None:
    made = planned(campaign(speed=60), None)

    assert drift(made) == [("", "cobranza", None, "cobranza")]
    assert (steps(made), made.drift[0].contested, made.drift[0].origin) == (["create gone"], False, PLACE)


def test_absence_is_believed_only_of_a_whole_reading() -> None:
    made = plan([campaign()], [], remembered(ours(applied=APPLIED)), complete=False)

    assert made.drift == ()


def test_that_nobody_wishes_what_is_gone_is_no_drift() -> None:
    assert planned(None, None).drift == ()


def test_a_campaign_whose_document_is_gone_may_have_been_edited() -> None:
    made = planned(None, as_applied(speed=75))

    assert drift(made) == [("speed", 60, 75, None)]
    assert made.drift[0].origin is None


def test_a_partial_plan_says_nothing_of_what_it_was_not_shown() -> None:
    assert plan([], [as_applied(speed=75)], remembered(ours(applied=APPLIED)), partial=True).drift == ()


def test_another_account_is_not_compared() -> None:
    assert planned(campaign(), as_applied(speed=75), container="wolkvox|otra").drift == ()


def test_a_target_that_was_not_read_or_manages_no_campaigns_has_no_drift() -> None:
    there, elsewhere = address("u"), address(kind="contacts", name="base")
    memory = remembered(ours(there, applied=APPLIED), ours(elsewhere, applied=APPLIED))

    assert plan([], [], memory).drift == ()


def test_a_campaign_that_two_addresses_had_is_told_once() -> None:
    """The document was renamed, and the campaign adopted under the new address."""
    old = address(name="vieja")
    memory = remembered(ours(applied=APPLIED), ours(old, applied={"speed": 1}))
    made = plan([campaign()], [as_applied(speed=75)], memory)

    assert [(one.address, one.path) for one in made.drift] == [(COBRANZA, "speed")]


def test_where_an_outcome_is_unknown_nobody_is_accused() -> None:
    memory = remembered(ours(applied=APPLIED), unsettled=[doubt(COBRANZA)])

    assert plan([campaign()], [as_applied(speed=75)], memory).drift == ()


def unread(**readable: Any) -> Unsettled:
    return replace(doubt(COBRANZA), facts={"readable": readable})


@pytest.mark.parametrize(
    ("call", "there", "found"),
    [
        (unread(speed=75), as_applied(speed=75), []),
        (unread(speed=80), as_applied(speed=75), ["speed"]),
        (unread(editable="yes"), as_applied(speed=75), ["speed"]),
        (unread(state="started"), as_applied(state=State.STARTED), []),
        (unread(state="stopped"), as_applied(state=State.STARTED), ["state"]),
        (replace(unread(), facts={}), as_applied(speed=75, state=State.STARTED), ["speed", "state"]),
        (replace(unread(speed=75), address=LYNN), as_applied(speed=75), ["speed"]),
    ],
)
def test_what_a_platform_took_from_us_and_nobody_read_back_is_our_own(call: Unsettled, there: Live, found: list[str]) -> None:
    made = plan([campaign()], [there], remembered(ours(applied=APPLIED), unread=[call]))

    assert [one.path for one in made.drift] == found


def test_drift_is_no_part_of_the_digest() -> None:
    """What would be sent is the same, whoever changed what."""
    drifted = planned(campaign(speed=60), as_applied(speed=75))

    assert drifted.drift
    assert drifted.digest == planned(campaign(speed=60), as_applied(speed=75), {}).digest


def test_what_stands_at_a_path() -> None:
    fields = {"a": 1, "labels": {"x.y": {"z": 2}, "list": [{"k": 3}, 4]}, "text": "abc"}

    assert value_at(fields, "a") == 1
    assert value_at(fields, "labels.x.y.z") == 2
    assert value_at(fields, "labels.list.0.k") == 3
    assert value_at(fields, "labels.list.1") == 4
    assert value_at(fields, "labels.list.9") is None
    assert value_at(fields, "text.a") is None
    assert value_at(fields, "b") is None


# --- both changed


def judged(made: Plan, *acks: str) -> Plan:
    return judge(made, Settings(), NOW, [Ack.parse(ack) for ack in acks])


def test_where_both_sides_changed_a_field_a_person_decides() -> None:
    made = judged(planned(campaign(speed=80), as_applied(speed=75)))
    (finding,) = [one for one in made.findings if one.code == "DRF001"]

    assert made.blocked
    assert finding.message == "both sides changed speed: applied 60, in the console 75, in the file 80"
    assert finding.remedy == f"if it is meant: --ack both_changed=1@{made.digest[:8]}"
    assert (finding.address, finding.origin and finding.origin.line) == (COBRANZA, 9)


def test_an_acknowledgement_names_how_many_addresses_and_which_plan() -> None:
    made = planned(campaign(speed=80, skill="caja"), as_applied(speed=75, skill="soporte"))
    passes = f"both_changed=1@{made.digest[:8]}"

    assert len([one for one in judged(made).findings if one.code == "DRF001"]) == 2
    assert not judged(made, passes).blocked
    assert judged(made, passes.replace("=1", "=2")).blocked
    assert judged(made, f"both_changed=1@{'0' * 8}").blocked


@pytest.mark.parametrize("there", [as_applied(), as_applied(speed=80), as_applied(skill="soporte")])
def test_where_one_side_changed_it_nobody_is_asked(there: Live) -> None:
    assert not judged(planned(campaign(speed=80), there)).blocked


def test_what_the_plan_does_not_touch_needs_nobody() -> None:
    """A reading that is not whole holds the update back; there is nothing to acknowledge."""
    memory = remembered(ours(applied=APPLIED))
    made = judged(plan([campaign(speed=80)], [as_applied(speed=75)], memory, complete=False))

    assert [one.contested for one in made.drift] == [True]
    assert "DRF001" not in [code for code, _severity in said(made)]


def test_values_in_a_message_are_short_and_without_numbers_of_people() -> None:
    wished = {"text": "llamar al +57 300 123 4567 " + "x" * 200}
    made = judged(planned(campaign(skill=wished), as_applied(skill="")))
    message = next(one.message for one in made.findings if one.code == "DRF001")

    assert "123 4567" not in message
    assert len(message) < 260


# --- shown


def remarks(made: Plan) -> list[str]:
    report = of_plan(made.to_json("1"))
    return [item.remark for section in report.sections if section.name == "drift" for item in section.items]


def test_drift_comes_before_the_changes() -> None:
    made = planned(campaign(speed=60), as_applied(speed=75))
    report = of_plan(made.to_json("1"))

    assert [section.name for section in report.sections] == ["drift", "update"]
    assert remarks(made) == ["speed 60 → 75 in the console; this plan sets it to 60"]
    text = render_plan(made.to_json("1"), "text", Style())
    assert text.index("DRIFT · 1") < text.index("UPDATE · 1")
    assert "  ≠ w/campaign/cobranza   speed 60 → 75 in the console" in text
    assert "DRIFT · 1" in render_plan(made.to_json("1"), "markdown", Style())


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (planned(campaign(), as_applied(speed=75)), "speed 60 → 75 in the console; the file leaves it"),
        (planned(campaign(speed=75), as_applied(speed=75)), "speed 60 → 75 in the console, as the file has it"),
        (planned(campaign(state="started"), as_applied(), {"state": "started"}), "this plan sets it to started"),
        (planned(campaign(speed=60), None), "gone from the console; this plan makes it again"),
        (
            planned(campaign(labels={"opt2": "b"}), as_applied(labels={"opt1": "A", "opt2": "b"})),
            "labels.opt1 a → A in the console; this plan sets it to –",
        ),
        (
            plan([campaign(speed=60)], [as_applied(speed=75)], remembered(ours(applied=APPLIED)), complete=False),
            "speed 60 → 75 in the console; the file has 60",
        ),
    ],
)
def test_what_becomes_of_an_edit_is_said(made: Plan, words: str) -> None:
    (remark,) = remarks(made)

    assert words in remark


def test_what_is_gone_and_not_made_again_is_said() -> None:
    """Another campaign of that name stands in the way."""
    memory = remembered(ours(applied=APPLIED, id_="6", name="cobranza"))

    assert remarks(plan([campaign()], [live("8")], memory)) == ["gone from the console"]


def test_drift_in_json() -> None:
    (one,) = planned(campaign(speed=60), as_applied(speed=75)).to_json("1")["drift"]

    assert one == {
        "address": "w/campaign/cobranza",
        "path": "speed",
        "applied": 60,
        "live": 75,
        "wished": 60,
        "file": "specs/a.yaml",
        "line": 9,
    }
    assert json.dumps(Drift(address=COBRANZA, path="x", applied=1, live=2).to_json())
