"""What Lynn's adapter makes of every answer to a write, and how it waits for tasks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.call import Batch, Call, Ending, Reply, Safety, Verdict
from reconciler.platforms.lynn import LYNN, dialect, replies
from tests.platforms.lynn_wishes import FAILED, FINISHED, GONE, HTML, ID, OTHER, RUNNING, TASK, drive, native, ok, target

# --- replies


def written(operation: str, identifier: str = "", **words: Any) -> Call:
    return dialect.call(target(), operation, identifier, **words)


POST, PUT = written("PostCampaign"), written("PutCampaign", ID)
START, DELETE = written("StartCampaignExecution", ID), written("DeleteCampaign", ID)
LOAD, BAR = written("AddCampaingData"), written("ManageDnDByCampaign")


@pytest.mark.parametrize(
    ("call", "reply", "ending"),
    [
        (POST, ok(native()), Ending.DONE),
        (POST, ok(native(), 201), Ending.DONE),
        (POST, ok({"Id": 17}), Ending.DONE),
        (POST, ok({"idV3": ID}), Ending.DOUBT),
        (POST, ok({"id": ""}), Ending.DOUBT),
        (POST, ok(), Ending.DOUBT),
        (POST, ok(None, 204), Ending.DOUBT),
        (POST, ok([native()]), Ending.DOUBT),
        (POST, HTML, Ending.DOUBT),
        (POST, Reply(status=200, body=b'{"id": "1111'), Ending.DOUBT),
        (POST, ok(native(), 500), Ending.DOUBT),
        (POST, ok(None, 502), Ending.DOUBT),
        (POST, ok(None, 302), Ending.DOUBT),
        (POST, ok({"message": "full"}, 400), Ending.REFUSED),
        (POST, Reply(status=400, body=b"full", content_type="text/plain"), Ending.REFUSED),
        (POST, replace(HTML, status=400), Ending.DOUBT),
        (POST, replace(HTML, status=404), Ending.DOUBT),
        (POST, replace(HTML, status=403), Ending.REFUSED),
        (POST, ok(None, 401), Ending.REFUSED),
        (POST, ok(None, 429), Ending.REFUSED),
        (POST, ok({"message": "conflict"}, 409), Ending.REFUSED),
        (POST, ok(None, 409), Ending.DOUBT),
        (POST, ok({"message": "late"}, 408), Ending.DOUBT),
        (PUT, ok(native()), Ending.DONE),
        (PUT, ok(native(id=ID.upper())), Ending.DONE),
        (PUT, ok(native(id=OTHER)), Ending.DOUBT),
        (PUT, ok(None, 204), Ending.DONE),
        (PUT, ok(), Ending.DOUBT),
        (PUT, GONE, Ending.REFUSED),
        (START, ok(), Ending.DONE),
        (START, ok(True), Ending.DONE),
        (START, ok({"status": "200"}), Ending.DONE),
        (START, ok(False), Ending.DOUBT),
        (START, ok({"Status": "500"}), Ending.DOUBT),
        (START, ok({"message": "odd"}), Ending.DOUBT),
        (START, HTML, Ending.DOUBT),
        (START, ok({"message": "Only manual"}, 400), Ending.REFUSED),
        (DELETE, ok(), Ending.DONE),
        (DELETE, GONE, Ending.DONE),
        (DELETE, replace(HTML, status=404), Ending.DOUBT),
        (LOAD, ok({"taskId": TASK}), Ending.LATER),
        (LOAD, ok({"TaskID": 42}), Ending.LATER),
        (LOAD, ok(TASK), Ending.LATER),
        (LOAD, ok(), Ending.DOUBT),
        (LOAD, ok("OK"), Ending.DOUBT),
        (LOAD, ok(True), Ending.DOUBT),
        (LOAD, ok({"taskId": ""}), Ending.DOUBT),
        (LOAD, ok({"taskIdV3": TASK}), Ending.DOUBT),
        (LOAD, HTML, Ending.DOUBT),
        (LOAD, ok(None, 500), Ending.DOUBT),
        (LOAD, ok({"message": "no"}, 400), Ending.REFUSED),
        (BAR, ok({"taskId": TASK}), Ending.LATER),
    ],
)
def test_a_write_is_done_only_by_its_own_proof(call: Call, reply: Reply, ending: Ending) -> None:
    assert LYNN.judge(call, reply).ending is ending


def test_evidence_names_what_was_made_and_nobody() -> None:
    contact = written("PostContact", batch=Batch(rows=[{"identifier": "56966666666"}]))

    assert LYNN.judge(POST, ok(native())).evidence == {"id": ID}
    assert LYNN.judge(LOAD, ok({"taskId": TASK})).evidence == {"task": TASK}
    assert LYNN.judge(contact, ok({"id": "56966666666"})).evidence == {}
    assert "6666" not in LYNN.judge(POST, ok({"message": "56966666666 is known"}, 400)).why


@given(
    st.sampled_from([name for name, route in dialect.ROUTES.items() if route.proof]),
    st.integers(100, 599),
    st.binary(max_size=60) | st.sampled_from([b"", b"[]", b"{}", b"null", b'{"id":1}', b'{"taskId":"x"}', b'"1"']),
)
def test_whatever_comes_back_is_judged_and_only_success_is_success(operation: str, status: int, body: bytes) -> None:
    wants_id = "{id}" in dialect.ROUTES[operation].path
    judged = LYNN.judge(written(operation, "1" if wants_id else ""), Reply(status=status, body=body))

    if judged.ending in (Ending.DONE, Ending.LATER):
        assert 200 <= status < 300 or (status == 404 and operation.startswith("Delete"))
    if 200 <= status < 300 or status >= 500:
        assert judged.ending is not Ending.REFUSED


# --- tasks


def test_a_task_is_polled_with_growing_waits_and_not_for_ever() -> None:
    calls, stands = drive(replies.awaited(target(), "AddCampaingData", TASK), *([ok(RUNNING)] * 33))

    assert stands is replies.Progress.RUNNING
    assert [call.after_s for call in calls[:6]] == [2, 4, 8, 16, 30, 30]
    assert sum(call.after_s for call in calls) == 900
    assert {call.safety for call in calls} == {Safety.READ}


@pytest.mark.parametrize(
    ("answers", "stands"),
    [
        ([RUNNING, FINISHED], "done"),
        ([{"status": 200}], "done"),
        ([{"Status": "InProgress"}, {"Status": "201"}, FINISHED], "done"),
        (["200"], "done"),
        ([RUNNING, FAILED], "failed"),
        ([{"Status": 404}], "failed"),
        ([{}, [], {"Status": True}], "running"),
        ([{}, {}, RUNNING, {}, {}, FINISHED], "done"),
    ],
)
def test_only_its_status_says_how_a_task_stands(answers: list[Any], stands: str) -> None:
    _, found = drive(replies.awaited(target(), "AddCampaingData", TASK), *map(ok, answers))

    assert found.value == stands


@pytest.mark.parametrize(
    ("operation", "facts", "answer", "verdict"),
    [
        ("AddCampaingData", {"task": TASK}, ok(FINISHED), Verdict.DONE),
        ("AddCampaingData", {"task": TASK}, ok(RUNNING), Verdict.HOLD),
        ("AddCampaingData", {"task": TASK}, ok(FAILED), Verdict.ASK),
        ("AddCampaingData", {"task": TASK}, GONE, Verdict.ASK),
        ("AddCampaingData", {}, None, Verdict.ASK),
        ("PostContact", {"task": TASK}, None, Verdict.ASK),
        ("ManageDnDByCampaign", {"task": TASK}, ok(FINISHED), Verdict.DONE),
        ("ManageDnDByCampaign", {"task": TASK}, ok(FAILED), Verdict.NOT_DONE),
        ("ManageDnDByCampaign", {}, None, Verdict.NOT_DONE),
    ],
)
def test_a_lost_task_is_settled_by_what_it_did(operation: str, facts: dict[str, str], answer: Any, verdict: Verdict) -> None:
    _, found = drive(LYNN.poll(target(), operation, facts), *([answer] if answer else []))

    assert found is verdict
