"""The sandbox as a program: its page, its control interface, its file, its end."""

from __future__ import annotations

import ast
import base64
import hashlib
import os
import re
import signal
import socket
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest

import reconciler.sandbox
from reconciler.sandbox.__main__ import main
from reconciler.sandbox.control import Control, ControlError
from reconciler.sandbox.drift import ACTIONS
from reconciler.sandbox.server import Running, listening, running
from tests.sandbox.conftest import Lynn, Ucontact, Wolkvox

ROW = {"customer_id": "cedula-77", "tel1": "3005550101", "customer_name": "Ana"}


def test_it_imports_nothing_of_the_program() -> None:
    home = Path(str(reconciler.sandbox.__file__)).parent
    imported = set()
    for file in home.rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom):
                imported.add(str(node.module))
            elif isinstance(node, ast.Import):
                imported |= {one.name for one in node.names}

    assert {name for name in imported if name.startswith("reconciler") and not name.startswith("reconciler.sandbox")} == set()


def test_the_page_shows_what_is_there_and_no_number(
    sandbox: Running, control: Control, wolkvox: Wolkvox, lynn: Lynn, ucontact: Ucontact
) -> None:
    campaign = wolkvox.create("<script>alert(1)</script>")
    wolkvox.add(campaign, [ROW])
    wolkvox.start(campaign)
    wolkvox.api("POST", "configuration", "add_dnc", json_body={"type_call": "outbound", "telephones": ["3005550199"]})
    wolkvox.api("GET", "campaign", "find_record", customer_phone="3005550101")
    wolkvox.api("POST", "sms", "send_sms", json_body={"telephone": "3005550102", "message": "Texto privado"})
    lynn.contact("56955550101")
    lynn.load(lynn.create(executionMode="AlwaysOn"), "56955550102")
    ucontact.schedule("098344484")
    control.fault("500-before", platform="wolkvox", after=9)

    page = httpx.get(f"{sandbox.url}/")

    policy = page.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text
    for known in ("wolkvox", "lynn/1234", "bienvenida", "Recordatorios-&gt;", "••• ••01", "500-before", "SIMULATED"):
        assert known in page.text
    assert not re.search(r"\d{6,}", page.text)
    for secret in ("Texto privado", "Ana", "cedula-77", "sandbox-"):
        assert secret not in page.text
    assert "http" not in re.sub(r"http-equiv", "", page.text)
    assert "refresh" in httpx.get(f"{sandbox.url}/?live").text


def test_the_style_is_the_one_that_the_policy_allows(sandbox: Running) -> None:
    page = httpx.get(f"{sandbox.url}/")

    (style,) = re.findall(r"<style>(.*?)</style>", page.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    assert f"'sha256-{digest}'" in page.headers["content-security-policy"]


def test_calls_are_logged_without_bodies_or_values(wolkvox: Wolkvox, control: Control) -> None:
    wolkvox.api("GET", "campaign", "find_record", customer_phone="3005550101")

    (call,) = control.calls()

    assert (call["method"], call["path"], call["operation"]) == ("GET", "/api/v2/campaign.php", "campaign.find_record")
    assert "3005550101" not in str(control.calls())
    assert control.calls(after=call["seq"]) == []


def test_effects_can_be_read_from_where_one_left_off(ucontact: Ucontact, control: Control) -> None:
    for number in ("098344481", "098344482", "098344483"):
        ucontact.schedule(number)

    first = control.effects()

    assert [one["seq"] for one in control.effects(after=first[0]["seq"])] == [one["seq"] for one in first[1:]]
    assert [one["recipient"] for one in control.effects(last=1)] == ["098344483"]
    assert control.effects(what="call") == []
    assert control.effects(account="wolkvox") == []


def test_reset_leaves_the_standard_accounts(wolkvox: Wolkvox, control: Control) -> None:
    wolkvox.create()
    control.fault("slow", ms=1)
    control.clock(freeze="2026-11-20T15:00:00+00:00")

    status = control.reset()

    assert [one["account"] for one in status["accounts"]] == ["ucontact", "wolkvox"]
    assert (status["calls"], status["effects"], status["faults_waiting"], status["clock"]["frozen"]) == (0, 0, 0, False)
    assert wolkvox.api("GET", "information", "skills").json()["data"][0]["skill_name"] == "cobranza"


def test_seeded_content_is_there_and_reached_nobody(wolkvox: Wolkvox, lynn: Lynn, control: Control) -> None:
    seeded = control.seed(
        {
            "wolkvox": {
                "skills": [{"id": 104, "name": "cartera"}],
                "campaigns": [{"name": "vieja", "status": "Started", "speed": 70, "records": [ROW]}],
                "dnc": [{"phone": "3005550199", "direction": "all"}],
                "limits": {"calls_per_day": 50},
            },
            "lynn/1234": {"campaigns": [{"name": "l", "running": True}], "contacts": [{"channel": "w", "identifier": "569"}]},
        }
    )

    (campaign,) = wolkvox.campaigns()
    assert seeded["wolkvox"]["campaigns"] == [campaign["campaign_id"]]
    assert (campaign["status"], campaign["speed"], campaign["records"]) == ("Started", "70", "1")
    assert lynn.method("GET", "GetCampaign", seeded["lynn/1234"]["campaigns"][0]).json()["running"] is True
    wolkvox.start(campaign["campaign_id"])
    assert control.effects() == []


@pytest.mark.parametrize(
    "content",
    [
        {"genesys": {}},
        {"wolkvox": {"campagnes": []}},
        {"wolkvox": {"campaigns": [{"name": "a", "records": [{"tel1": "x"}]}]}},
        {"wolkvox": {"limits": {"calls": 1}}},
        {"wolkvox": {"limits": {"calls_per_day": "many"}}},
        {"lynn/1": {"campaigns": [{"name": ""}]}},
        {"ucontact": {"dialers": [{"channel": "fax", "name": "a"}]}},
    ],
    ids=str,
)
def test_a_seed_that_does_not_fit_is_refused_whole(control: Control, content: dict[str, object]) -> None:
    before = control.status()

    with pytest.raises(ControlError):
        control.seed(content)

    assert control.status()["accounts"] == before["accounts"]


def test_drift_without_words_makes_one_visible_change(wolkvox: Wolkvox, lynn: Lynn, control: Control) -> None:
    with pytest.raises(ControlError, match="there is no such campaign"):
        control.drift()
    lynn.create()
    assert control.drift() == {
        "account": "lynn/1234",
        "action": "description",
        "did": "A colleague rewrote the description of bienvenida.",
    }
    wolkvox.create()
    before = wolkvox.campaigns()[0]

    did = control.drift()

    after = wolkvox.campaigns()[0]
    assert {name for name in after if after[name] != before[name]} == {"speed"}
    assert did["did"] == "A colleague set the speed of cobranza from 50 to 65."


@pytest.mark.parametrize(
    ("platform", "action"), [(platform, action) for platform, actions in ACTIONS.items() for action in actions]
)
def test_every_drift_says_in_a_sentence_what_it_did(
    wolkvox: Wolkvox, lynn: Lynn, ucontact: Ucontact, control: Control, platform: str, action: str
) -> None:
    wolkvox.add(wolkvox.create(), [ROW])
    wolkvox.api("POST", "configuration", "add_dnc", json_body={"type_call": "outbound", "telephones": ["3005550198"]})
    lynn.create()
    lynn.contact("56955550101")
    row = base64.b64encode(b"Cobranza<-;23660444;;;1").decode()
    path = "/Integra/resources/Dialers/uploadbase"
    ucontact.post(path, filename="a.csv", fileb64=row, campaign="Cobranza<-", cant="1", username="api")

    did = control.drift(platform, action)

    assert did["action"] == action
    assert did["did"].endswith(".")
    assert not re.search(r"\d{6,}", did["did"])


def test_drift_refuses_what_it_does_not_know(wolkvox: Wolkvox, lynn: Lynn, control: Control) -> None:
    always = lynn.create(executionMode="AlwaysOn")

    for words in ({"action": "dance"}, {"platform": "genesys"}, {"platform": "lynn", "action": "start", "campaign": always}):
        with pytest.raises(ControlError):
            control.drift(**words)


def test_the_console_is_in_the_audit_log(wolkvox: Wolkvox, control: Control) -> None:
    control.clock(freeze="2026-11-20T15:00:00+00:00")
    wolkvox.create()
    control.drift("wolkvox", "rename", name="otra")

    span: dict[str, Any] = {"date_ini": "20261120000000", "date_end": "20261120235959"}
    rows = wolkvox.api("GET", "information", "audit_log", **span).json()["data"]

    assert [one["user"] for one in rows] == ["api", "console"]


def test_the_clock_can_be_frozen_set_advanced_and_released(control: Control) -> None:
    frozen = control.clock(freeze="2026-12-01T10:00:00-03:00")
    assert frozen == {"now": "2026-12-01T13:00:00.000000+00:00", "frozen": True}
    assert control.clock(advance_s=60)["now"] == "2026-12-01T13:01:00.000000+00:00"
    assert control.clock(real=True)["frozen"] is False
    assert control.clock(set="2030-01-01T00:00:00Z")["now"].startswith("2030-01-01T00:00:00")
    for order in ({"set": "2030-01-01T00:00:00"}, {"stop": True}, {"advance_s": "x"}):
        with pytest.raises(ControlError):
            control.clock(**order)


def test_the_control_interface_is_not_for_web_pages(sandbox: Running) -> None:
    url = f"{sandbox.url}/_sandbox/reset"

    assert httpx.post(url, headers={"origin": "https://example.com"}).status_code == 403
    assert httpx.post(url, headers={"host": "rebound.example.com"}).status_code == 421
    assert httpx.get(f"{sandbox.url}/_sandbox/nothing").status_code == 404
    assert httpx.post(f"{sandbox.url}/_sandbox/seed", content=b"[1]").status_code == 400
    assert httpx.get(f"{sandbox.url}/genesys/api").status_code == 404


def test_no_sandbox_there_is_said(control: Control) -> None:
    with listening("127.0.0.1", 0) as sock:
        port = sock.getsockname()[1]

    with pytest.raises(ControlError, match="no sandbox answers"):
        Control(f"http://127.0.0.1:{port}").status()
    with pytest.raises(ControlError, match="not the address"):
        Control("https://example.com")


def test_answers_are_not_held_back(sandbox: Running) -> None:
    with listening("127.0.0.1", 0) as sock:
        assert sock.proto == socket.IPPROTO_TCP
        assert sock.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)
    with httpx.Client() as client:
        client.get(sandbox.url)
        times = sorted(client.get(f"{sandbox.url}/_sandbox/clock").elapsed.total_seconds() for _ in range(20))

    assert times[10] < 0.02


def test_only_loopback_is_listened_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--host", "192.0.2.1", "--port", "0"]) == 1
    assert capsys.readouterr().err == "sandbox: the sandbox listens on loopback only, not on 192.0.2.1\n"


def test_a_file_keeps_everything_over_a_restart(tmp_path: Path) -> None:
    file = str(tmp_path / "sandbox.db")
    with running(store=file) as first:
        control = Control(first.url)
        control.clock(freeze="2026-11-20T15:00:00+00:00")
        with closing(Wolkvox(first.url)) as caller:
            campaign = caller.create()
            caller.add(campaign, [ROW])
            caller.start(campaign)
        control.fault("500-before", platform="wolkvox", operation="skills")
        control.limits("wolkvox", calls_per_day=500)
        before = control.status()
        effects = control.effects()

    with running(store=file) as second:
        control = Control(second.url)
        assert control.status() == before | {"store": "file"}
        assert control.effects() == effects
        with closing(Wolkvox(second.url)) as caller:
            assert caller.export(campaign)[0]["id_cliente"] == "cedula-77"
            assert caller.create() == str(int(campaign) + 1)
            assert caller.api("GET", "information", "skills", documented=False).status_code == 500
            quota = caller.api("GET", "information", "token_info").json()["data"][0]
    assert quota["token_limit"] == "500"


def test_a_file_of_another_version_is_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "sandbox.db"
    other = sqlite3.connect(file)
    other.execute("PRAGMA user_version = 99")
    other.close()

    assert main(["--port", "0", "--store", str(file)]) == 1
    assert "of version 99" in capsys.readouterr().err


def test_a_file_serves_one_sandbox(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = str(tmp_path / "sandbox.db")

    with running(store=file):
        assert main(["--port", "0", "--store", file]) == 1

    assert capsys.readouterr().err == "sandbox: database is locked\n"


def test_a_port_that_is_taken_is_said(sandbox: Running, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--port", sandbox.url.rpartition(":")[2]]) == 1
    assert "in use" in capsys.readouterr().err


def test_latency_is_added_to_every_call_of_a_platform() -> None:
    with running(latency_s=0.05) as slow, closing(Wolkvox(slow.url)) as caller:
        assert caller.api("GET", "information", "skills").elapsed.total_seconds() >= 0.05


@pytest.fixture
def program(tmp_path: Path) -> Iterator[tuple[subprocess.Popen[bytes], Path]]:
    """The sandbox as its own process, on a free port."""
    port_file = tmp_path / "port"
    command = [sys.executable, "-m", "reconciler.sandbox", "--port", "0", "--port-file", str(port_file), "--token", "otro"]
    started = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": "."}, stderr=subprocess.PIPE)
    try:
        while not port_file.exists() and started.poll() is None:
            with suppress(subprocess.TimeoutExpired):
                started.wait(0.01)
        yield started, port_file
    finally:
        started.kill()
        started.wait()
        assert started.stderr is not None
        started.stderr.close()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_as_a_program_it_says_its_port_and_ends_cleanly(
    program: tuple[subprocess.Popen[bytes], Path], number: signal.Signals
) -> None:
    started, port_file = program
    url = f"http://127.0.0.1:{int(port_file.read_text())}"
    path = f"{url}/wolkvox/api/v2/information.php?api=campaigns"

    assert httpx.get(path, headers={"wolkvox-token": "otro"}).status_code == 200
    assert httpx.get(path, headers={"wolkvox-token": "sandbox"}).status_code == 403
    started.send_signal(number)

    assert started.wait(10) == 0
    assert started.stderr is not None
    assert started.stderr.read() == b""


def test_it_is_fast_enough_to_be_the_other_side_of_a_benchmark(wolkvox: Wolkvox, control: Control) -> None:
    campaign = wolkvox.create()
    where: dict[str, Any] = {"type_campaign": "predictive", "campaign_id": campaign, "campaign_status": "stop"}
    uploads = []
    for part in range(5):
        rows = [ROW | {"customer_id": f"c{part}-{n}", "opt1": "saldo 120.000"} for n in range(10_000)]
        reply = wolkvox.api("POST", "campaign", "add_record", json_body=rows, **where)
        uploads.append(reply.elapsed.total_seconds())
    export = wolkvox.api("GET", "campaign", "campaign_15", campaign_id=campaign, documented=False)
    control.seed({"wolkvox": {"campaigns": [{"name": f"c{n}"} for n in range(1_000)]}})
    listed = wolkvox.api("GET", "information", "campaigns")

    assert export.json()["total_records"] == "50000"
    assert (min(uploads) < 1, export.elapsed.total_seconds() < 2, listed.elapsed.total_seconds() < 0.5) == (True,) * 3
