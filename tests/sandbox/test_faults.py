"""Each fault does what its line in the table says, and the log of effects tells the truth about it."""

from __future__ import annotations

import json

import httpx
import pytest

from reconciler.sandbox.control import Control, ControlError
from reconciler.sandbox.faults import FAULTS
from reconciler.sandbox.server import Running
from tests.sandbox.conftest import Lynn, Ucontact, Wolkvox


def sms(wolkvox: Wolkvox) -> httpx.Response:
    body = {"telephone": "3005550101", "message": "Hola"}
    return wolkvox.api("POST", "sms", "send_sms", json_body=body, documented=False)


def listing(wolkvox: Wolkvox) -> httpx.Response:
    return wolkvox.api("GET", "information", "campaigns", documented=False)


@pytest.mark.parametrize(("kind", "reached"), [("drop-before", 0), ("drop-after", 1)])
def test_a_dropped_connection_says_nothing(wolkvox: Wolkvox, control: Control, kind: str, reached: int) -> None:
    control.fault(kind, platform="wolkvox")

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        sms(wolkvox)

    assert len(control.effects()) == reached
    assert control.calls()[-1]["status"] is None
    assert sms(wolkvox).status_code == 201


@pytest.mark.parametrize(
    ("kind", "status", "reached"),
    [
        ("500-before", 500, 0),
        ("500-after", 500, 1),
        ("429", 429, 0),
        ("html", 200, 0),
        ("html-after", 200, 1),
        ("403-quota", 403, 0),
        ("403-concurrency", 403, 0),
        ("403-token", 403, 0),
        ("403-maintenance", 403, 0),
        ("token-expired", 403, 0),
        ("quota-gone", 403, 0),
        ("truncated", 201, 1),
        ("empty", 201, 1),
        ("shape", 201, 1),
    ],
)
def test_what_is_answered_and_what_was_done(wolkvox: Wolkvox, control: Control, kind: str, status: int, reached: int) -> None:
    control.fault(kind, platform="wolkvox")

    reply = sms(wolkvox)

    assert reply.status_code == status
    assert len(control.effects()) == reached
    assert control.calls()[-1]["fault"] == kind
    assert sms(wolkvox).status_code == (403 if kind == "quota-gone" else 201)


def test_the_words_of_the_refusals_are_the_vendors(wolkvox: Wolkvox, control: Control) -> None:
    said = {}
    for kind in ("403-quota", "403-concurrency", "403-token", "403-maintenance"):
        control.fault(kind)
        said[kind] = listing(wolkvox).json()["msg"]

    assert said == {
        "403-quota": "TOKEN LIMIT EXCEEDED",
        "403-concurrency": "EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)",
        "403-token": "PLEASE VALIDATE TOKEN",
        "403-maintenance": "SERVER UNDER MAINTENANCE, APIS ARE DISABLED",
    }


def test_spoilt_bodies(wolkvox: Wolkvox, control: Control) -> None:
    control.fault("truncated")
    with pytest.raises(json.JSONDecodeError):
        listing(wolkvox).json()
    control.fault("empty")
    assert listing(wolkvox).content == b""
    control.fault("shape")
    assert set(listing(wolkvox).json()) == {"codeV3", "errorV3", "msgV3", "dataV3"}
    control.fault("429", retry_after_s=7)
    assert listing(wolkvox).headers["retry-after"] == "7"


def test_a_day_that_is_used_up_stays_so(wolkvox: Wolkvox, control: Control) -> None:
    control.clock(freeze="2026-11-20T15:00:00+00:00")
    control.fault("quota-gone", platform="wolkvox")

    assert [listing(wolkvox).status_code for _ in range(3)] == [403, 403, 403]
    control.clock(advance_s=86_400)
    assert listing(wolkvox).status_code == 200


def test_a_part_is_stored_and_the_whole_is_claimed_unless_told_to_be_honest(wolkvox: Wolkvox, control: Control) -> None:
    campaign = wolkvox.create()
    rows = [{"customer_id": f"c{n}", "tel1": "3005550101"} for n in range(4)]

    control.fault("partial", platform="wolkvox", operation="add_record")
    assert wolkvox.add(campaign, rows).json()["data"] == [{"total_registers": "4"}]
    assert [one["id_cliente"] for one in wolkvox.export(campaign)] == ["c0", "c1"]
    control.fault("partial", platform="wolkvox", operation="add_record", share=0.25, honest=True)
    assert wolkvox.add(campaign, rows).json()["data"] == [{"total_registers": "1"}]
    assert len(wolkvox.export(campaign)) == 3

    numbers = ["3005550110", "3005550111"]
    control.fault("partial", operation="configuration.add_dnc")
    added = wolkvox.api("POST", "configuration", "add_dnc", json_body={"type_call": "outbound", "telephones": numbers})
    assert added.json()["msg"] == "2 telephones were added"
    assert len(wolkvox.api("GET", "information", "get_dnc", type="outbound").json()["data"]) == 1


def test_an_effect_may_come_after_so_many_calls(wolkvox: Wolkvox, control: Control) -> None:
    control.fault("late", platform="wolkvox", calls=2)

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        wolkvox.create("tarde")

    assert [len(wolkvox.campaigns()) for _ in range(4)] == [0, 0, 1, 1]


def test_an_effect_may_come_after_so_many_seconds(wolkvox: Wolkvox, control: Control) -> None:
    control.clock(freeze="2026-11-20T15:00:00+00:00")
    control.fault("late", platform="wolkvox", seconds=90)

    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        sms(wolkvox)

    assert control.status()["late"] == 1
    control.clock(advance_s=89)
    assert control.effects() == []
    control.clock(advance_s=1)
    assert [one["at"] for one in control.effects()] == ["2026-11-20T15:01:30.000000+00:00"]
    assert control.status()["late"] == 0


def test_stale_reads_show_the_moment_of_the_order(wolkvox: Wolkvox, control: Control) -> None:
    wolkvox.create("vieja")
    control.fault("stale", platform="wolkvox", count=2)
    wolkvox.create("nueva")

    assert [len(wolkvox.campaigns()) for _ in range(3)] == [1, 1, 2]


def test_a_slow_answer_is_slow_and_whole(wolkvox: Wolkvox, control: Control) -> None:
    control.fault("slow", platform="wolkvox", ms=150)

    reply = listing(wolkvox)

    assert reply.elapsed.total_seconds() >= 0.15
    assert reply.json()["data"] == []


def test_it_waits_for_its_operation_lets_some_pass_and_strikes_so_often(wolkvox: Wolkvox, control: Control) -> None:
    control.fault("500-before", platform="wolkvox", operation="information.*", after=1, count=2)

    assert sms(wolkvox).status_code == 201
    assert [listing(wolkvox).status_code for _ in range(4)] == [200, 500, 500, 200]
    assert control.faults()[0] | {"left": 0, "fired": 2} == control.faults()[0]


def test_faults_about_effects_wait_for_a_write(wolkvox: Wolkvox, control: Control) -> None:
    control.fault("500-after")

    assert listing(wolkvox).status_code == 200
    assert sms(wolkvox).status_code == 500


def test_a_rate_is_drawn_from_a_seed(wolkvox: Wolkvox, control: Control) -> None:
    seen = []
    for _ in range(2):
        control.reset()
        control.fault("500-before", platform="wolkvox", rate=0.4, seed=7)
        seen.append([listing(wolkvox).status_code for _ in range(30)])

    assert seen[0] == seen[1]
    assert set(seen[0]) == {200, 500}
    assert control.clear_faults() == 1
    assert {listing(wolkvox).status_code for _ in range(10)} == {200}


def test_sessions_end_on_order(lynn: Lynn, ucontact: Ucontact, control: Control) -> None:
    control.fault("token-expired", platform="lynn/1234")
    control.fault("token-expired", platform="ucontact")

    for _ in range(2):
        assert lynn.method("GET", "GetCampaigns").status_code == 401
        assert ucontact.schedule().status_code == 401
    lynn.login()
    ucontact.login()
    assert lynn.method("GET", "GetCampaigns").status_code == 200
    assert ucontact.schedule().text == "1"


@pytest.mark.parametrize("kind", [kind for kind in FAULTS if kind.startswith("403")])
def test_the_others_refuse_in_their_own_way(lynn: Lynn, ucontact: Ucontact, control: Control, kind: str) -> None:
    control.fault(kind, count=2)

    statuses = {lynn.method("GET", "GetContacts").status_code, ucontact.post("/x", documented=False).status_code}

    assert statuses == ({401} if kind == "403-token" else {403})


@pytest.mark.parametrize(
    "wish",
    [
        {"kind": "nothing"},
        {"kind": "slow", "platform": "genesys"},
        {"kind": "slow", "share": 1},
        {"kind": "slow", "rate": 2},
        {"kind": "slow", "count": 0},
        {"kind": "slow", "after": -1},
        {"kind": "slow", "only": "some"},
        {"kind": "partial", "share": 3},
    ],
    ids=str,
)
def test_an_order_that_makes_no_sense_is_refused(sandbox: Running, wish: dict[str, object]) -> None:
    reply = httpx.post(f"{sandbox.url}/_sandbox/fault", json=wish)

    assert reply.status_code == 400
    assert Control(sandbox.url).faults() == []
    with pytest.raises(ControlError):
        Control(sandbox.url).fault("nothing")
