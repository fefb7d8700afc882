"""Campaigns on Lynn: what is sent to create, change, start, stop and delete them, and what proves it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.call import Safety
from reconciler.platforms.lynn import LYNN, dialect
from reconciler.platforms.platform import Certainty, NotDone
from reconciler.resource import Action
from tests.platforms.lynn_wishes import (
    GONE,
    HTML,
    ID,
    OTHER,
    campaign,
    drive,
    live,
    native,
    ok,
    operations,
    seen,
    step,
    target,
    wish,
)

# --- campaigns, written


def test_a_campaign_is_created_in_manual_mode_whatever_it_is_to_become() -> None:
    dates: dict[str, Any] = {"start_at": "2026-12-01T10:00:00-03:00", "stop_at": "2026-12-02T10:00:00-03:00"}
    desired = campaign(execution_mode="scheduled", valid_until="2026-12-31T00:00:00-03:00", **dates)
    known = seen(native(name="otra"), native(id=OTHER))
    calls, facts = drive(LYNN.write(step(Action.CREATE, desired, seen=known)), ok(native()))

    assert calls[0].safety is Safety.CREATE
    assert calls[0].json == {
        "name": "bienvenida",
        "division": "Ventas",
        "category": "alta",
        "campaignType": "SingleMessage",
        "executionMode": "Manual",
        "validUntil": "2026-12-31T03:00:00+00:00",
    }
    assert calls[0].facts == {"name": "bienvenida", "marker": "", "namesakes": OTHER}
    assert facts == {"id": ID}


@pytest.mark.parametrize(
    ("shown", "certainty"),
    [
        ({}, Certainty.VERIFIED),
        ({"category": "otra"}, Certainty.WRONG),
        ({"running": True}, Certainty.WRONG),
        ({"executionMode": "AlwaysOn"}, Certainty.WRONG),
    ],
)
def test_a_new_campaign_is_verified_standing_still(shown: dict[str, Any], certainty: Certainty) -> None:
    made = step(Action.CREATE, campaign(execution_mode="always_on"))
    _, evidence = drive(LYNN.verify(made, {"id": ID}), ok(native(**shown)))

    assert evidence.certainty is certainty
    assert evidence.live is not None


def test_an_update_reads_the_object_and_puts_the_whole_back() -> None:
    fresh = native(extra=[1], running=True, executionMode="AlwaysOn")
    change = step(
        Action.UPDATE, campaign(fields={"description": "nueva"}), live(), changed=frozenset({"description", "start_at"})
    )
    calls, _ = drive(LYNN.write(change), ok(fresh), ok(fresh))

    assert operations(calls) == ["GetCampaign", "PutCampaign"]
    assert calls[1].path.endswith(f"/PutCampaign/1234/{ID}")
    assert calls[1].json == {name: value for name, value in fresh.items() if name != "running"} | {"description": "nueva"}


@pytest.mark.parametrize("mode", ["scheduled", "always_on"])
def test_an_update_never_makes_a_campaign_run_by_itself(mode: str) -> None:
    desired = campaign(execution_mode=mode, start_at="2026-12-01T10:00:00Z", stop_at="2026-12-02T10:00:00Z")
    changed = frozenset({"execution_mode", "start_at", "stop_at", "category"})
    calls, _ = drive(LYNN.write(step(Action.UPDATE, desired, live(category="x"), changed=changed)), ok(native()), ok(native()))

    assert calls[1].json["executionMode"] == "Manual"
    assert calls[1].json["startDate"] is None


def test_an_update_of_nothing_that_it_may_set_sends_nothing() -> None:
    change = step(Action.UPDATE, campaign(execution_mode="always_on"), live(), changed=frozenset({"execution_mode"}))

    assert drive(LYNN.write(change)) == ([], {"id": ID})


def test_an_update_of_what_is_gone_is_not_done() -> None:
    with pytest.raises(NotDone):
        drive(LYNN.write(step(Action.UPDATE, campaign(), live(), changed=frozenset({"category"}))), GONE)


def test_setting_mode_and_dates_is_the_start_of_what_runs_by_itself() -> None:
    desired = campaign(execution_mode="scheduled", start_at="2026-12-01T10:00:00Z", stop_at="2026-12-02T10:00:00Z")
    change = step(Action.START, desired, live(), changed=frozenset({"stop_at", "execution_mode", "start_at"}))
    after = native(executionMode="Scheduled", startDate="2026-12-01T07:00:00-03:00", endDate="2026-12-02T10:00:00Z")
    calls, facts = drive(LYNN.write(change), ok(native()), ok(after))

    assert operations(calls) == ["GetCampaign", "PutCampaign"]
    assert calls[1].json["executionMode"] == "Scheduled"
    assert calls[1].json["endDate"] == "2026-12-02T10:00:00+00:00"
    assert drive(LYNN.verify(change, facts), ok(after))[1].certainty is Certainty.VERIFIED
    assert drive(LYNN.verify(change, facts), ok(native()))[1].certainty is Certainty.WRONG


def test_in_manual_mode_a_start_is_ordered() -> None:
    change = step(Action.START, campaign(fields={"state": "started"}), live(), changed=frozenset({"state"}))
    calls, facts = drive(LYNN.write(change), ok())

    assert operations(calls) == ["StartCampaignExecution"]
    assert drive(LYNN.verify(change, facts), ok(native(running=True)))[1].certainty is Certainty.VERIFIED
    assert drive(LYNN.verify(change, facts), ok(native()))[1].certainty is Certainty.WRONG
    assert drive(LYNN.verify(change, facts), ok(native(running=None)))[1].certainty is Certainty.WEAK
    assert drive(LYNN.verify(change, facts), GONE)[1].certainty is Certainty.WRONG
    assert drive(LYNN.verify(change, facts), HTML)[1].certainty is Certainty.UNKNOWN


@pytest.mark.parametrize(("state", "sent"), [("started", ["StartCampaignExecution"]), (None, [])])
def test_back_in_manual_mode_only_a_wish_to_run_starts(state: str | None, sent: list[str]) -> None:
    change = step(
        Action.START,
        campaign(fields={"state": state} if state else {}),
        live(executionMode="AlwaysOn"),
        changed=frozenset({"execution_mode"}),
    )
    calls, facts = drive(LYNN.write(change), ok(native(executionMode="AlwaysOn")), ok(native()), *([ok()] if sent else []))

    assert operations(calls) == ["GetCampaign", "PutCampaign", *sent]
    certainty = drive(LYNN.verify(change, facts), ok(native()))[1].certainty
    assert certainty is (Certainty.WRONG if sent else Certainty.VERIFIED)


def test_in_manual_mode_a_stop_is_ordered() -> None:
    change = step(Action.STOP, campaign(), live(running=True), changed=frozenset({"state"}))
    calls, facts = drive(LYNN.write(change), ok())

    assert operations(calls) == ["StopCampaignExecution"]
    assert drive(LYNN.verify(change, facts), ok(native()))[1].certainty is Certainty.VERIFIED
    assert drive(LYNN.verify(change, facts), ok(native(running=True)))[1].certainty is Certainty.WRONG


@pytest.mark.parametrize("still_runs", [False, True])
@pytest.mark.parametrize("mode", ["Scheduled", "AlwaysOn", "Nightly"])
def test_what_runs_by_itself_is_stopped_by_manual_mode_and_by_order_if_it_still_runs(mode: str, still_runs: bool) -> None:
    changed = frozenset({"execution_mode"}) if mode == "Nightly" else frozenset[str]()
    change = step(Action.STOP, None, live(executionMode=mode), changed=changed)
    after = [ok(native(executionMode=mode)), ok(native(running=still_runs)), *([ok()] if still_runs else [])]
    calls, facts = drive(LYNN.write(change), *after)

    assert operations(calls) == ["GetCampaign", "PutCampaign", *(["StopCampaignExecution"] if still_runs else [])]
    assert calls[1].json["executionMode"] == "Manual"
    assert drive(LYNN.verify(change, facts), ok(native()))[1].certainty is Certainty.VERIFIED
    assert drive(LYNN.verify(change, facts), ok(native(executionMode=mode)))[1].certainty is Certainty.WRONG


def test_a_delete_names_one_campaign_and_is_proven_by_its_absence() -> None:
    change = step(Action.DELETE, None, live())
    calls, facts = drive(LYNN.write(change), ok())

    assert [(call.method, call.path) for call in calls] == [("DELETE", f"/api/LynnService/DeleteCampaign/1234/{ID}")]
    assert drive(LYNN.verify(change, facts), GONE)[1].certainty is Certainty.VERIFIED
    assert drive(LYNN.verify(change, facts), ok(native()))[1].certainty is Certainty.WRONG
    assert drive(LYNN.verify(change, facts), replace(HTML, status=404))[1].certainty is Certainty.UNKNOWN


@pytest.mark.parametrize("identifier", ["", ".", "..", "a\nb", "a b"])
def test_a_path_without_its_id_cannot_be_made(identifier: str) -> None:
    with pytest.raises(ValueError, match="DeleteCampaign"):
        dialect.call(target(), "DeleteCampaign", identifier)


def test_an_id_cannot_leave_its_place_in_the_path() -> None:
    assert dialect.call(target(), "GetContact", "a/../b?c").path.endswith("/GetContact/1234/a%2F..%2Fb%3Fc")


@pytest.mark.parametrize("action", [Action.UPDATE, Action.DELETE, Action.START, Action.STOP])
def test_nothing_is_sent_to_a_campaign_that_is_not_there(action: Action) -> None:
    with pytest.raises(NotDone):
        drive(LYNN.write(step(action, campaign(), None, changed=frozenset({"category"}))))


def test_what_lynn_cannot_do_is_never_sent() -> None:
    with pytest.raises(ValueError, match="SCHEDULE"):
        drive(LYNN.write(step(Action.SCHEDULE, wish("scheduled_sms"))))
    with pytest.raises(ValueError, match="cannot be taken back"):
        drive(LYNN.write(step(Action.ROWS_REMOVE, wish("contacts", campaign="uno"), live())))
