"""The program as people run it: killed, interrupted, started twice, without a terminal, read by nobody."""

from __future__ import annotations

import json
import os
import signal
from collections import Counter
from contextlib import closing
from typing import Final

import pytest

from tests.faults.processes import called, ended, started, wait_for
from tests.faults.stories import loaded, lynn_campaign, messages, wolkvox_campaign
from tests.house import AT, House

SLOW_MS: Final = 4_000
APPLY: Final = ("apply", "--at", AT, "--auto-approve", "--allow-irreversible", "1", "--format", "json")


@pytest.fixture
def house(house: House) -> House:
    """Calls of a process that was killed may still be in flight when the next one begins."""
    house.control.limits("wolkvox", calls_in_flight=50)
    return house


def _nobody_twice(house: House) -> int:
    """How many people were reached."""
    people = Counter((one["container_id"] or one["container"], one["recipient"]) for one in house.control.effects())

    assert set(people.values()) <= {1}
    return len(people)


def _killed(house: House, operation: str, *, times: int = 1) -> None:
    """Apply in a process, and kill it when the platform has taken a call of that operation and not answered it yet."""
    before = len([call for call in house.control.calls() if call["operation"].endswith(operation)])
    house.control.fault("slow", operation=operation, after=times - 1, ms=SLOW_MS)
    with started(house, *APPLY) as process:
        wait_for(called(house, operation, before + times), process)
        process.send_signal(signal.SIGKILL)
        process.wait()

    assert process.returncode == -signal.SIGKILL


def _settled_by_hand(house: House, verdict: str) -> None:
    doubt = house.run("resolve", "--format", "json").json["unknown"][0]
    house.run("resolve", doubt["run"], doubt["operation"], "--verdict", verdict, "--reason", "seen in the console")


# --- kill -9 -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("platform", ["wolkvox", "ucontact"])
def test_killed_with_a_message_in_flight(house: House, platform: str) -> None:
    house.spec(messages(platform, "on_apply", 1, 2, 3))
    _killed(house, {"wolkvox": "send_sms", "ucontact": "SendSMSv2"}[platform], times=2)

    assert _nobody_twice(house) == 2

    again = house.run(*APPLY)

    assert again.code == 6
    assert "DEP001" in again.out
    assert _nobody_twice(house) == 2

    _settled_by_hand(house, "done")

    assert house.run(*APPLY).code == 0
    assert _nobody_twice(house) == 3
    assert house.run("audit", "verify").code == 0


def test_killed_with_an_upload_in_flight_loads_no_row_twice(house: House) -> None:
    project = (house.root / "reconciler.yaml").read_text("utf-8")
    house.write("reconciler.yaml", project.replace("{settle_s: 0}", "{settle_s: 0, rows_per_upload: 2}", 1))
    house.spec(wolkvox_campaign("started"))
    assert house.apply().code == 0
    house.spec(wolkvox_campaign("started") + "---\n" + loaded("wolkvox", 1, 2, 3, 4, 5))
    _killed(house, "add_record", times=2)
    again = house.run(*APPLY)

    assert again.code == 6
    run = house.run("resolve", "--format", "json").json["unknown"][0]["run"]
    assert house.run("resolve", run).code == 0
    assert house.run(*APPLY).code == 0
    assert _nobody_twice(house) == 5
    house.settled()


@pytest.mark.parametrize(
    ("operation", "times", "code"),
    [
        ("information.campaigns", 1, 0),  # while it reads
        ("information.campaigns", 2, 0),  # between two uploads
        ("campaign_15", 2, 0),  # while it reads back
    ],
)
def test_killed_between_calls_goes_on_where_it_was(house: House, operation: str, times: int, code: int) -> None:
    project = (house.root / "reconciler.yaml").read_text("utf-8")
    house.write("reconciler.yaml", project.replace("{settle_s: 0}", "{settle_s: 0, rows_per_upload: 2}", 1))
    house.spec(wolkvox_campaign("started"))
    assert house.apply().code == 0
    house.spec(wolkvox_campaign("started") + "---\n" + loaded("wolkvox", 1, 2, 3, 4, 5))
    _killed(house, operation, times=times)

    assert house.run(*APPLY).code == code
    assert _nobody_twice(house) == 5
    house.settled()
    assert house.run("audit", "verify").code == 0


def test_killed_while_a_task_is_at_work_is_doubt_and_its_end_settles_it(house: House) -> None:
    """A task that was taken is not done: the next run asks how it ended before anything else is sent."""
    house.control.limits("lynn/1234", task_polls=1)
    house.spec(lynn_campaign("stopped"))
    assert house.apply().code == 0
    house.spec(lynn_campaign("stopped") + "---\n" + loaded("lynn", 1, 2))
    _killed(house, "GetTaskStatus")

    assert house.run(*APPLY).code == 6

    run = house.run("resolve", "--format", "json").json["unknown"][0]["run"]
    assert house.run("resolve", run).code == 0
    house.settled()


# --- signals -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_lets_the_call_in_flight_end_and_begins_no_other(house: House, number: signal.Signals) -> None:
    house.spec(messages("wolkvox", "on_apply", 1, 2, 3))
    house.control.fault("slow", operation="send_sms", ms=600)
    with started(house, *APPLY) as process:
        wait_for(called(house, "send_sms"), process)
        process.send_signal(number)
        code, out, err = ended(process)

    assert code == 130, err
    run = json.loads(out)
    assert (run["exit_code"], run["unknown"]) == (130, [])
    assert _nobody_twice(house) == 1
    assert house.run("resolve").code == 0
    assert house.run("audit", "verify").code == 0
    assert house.run(*APPLY).code == 0
    assert _nobody_twice(house) == 3


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_before_the_first_call_ends_at_once(house: House, number: signal.Signals) -> None:
    house.spec(messages("wolkvox", "on_apply", 1))
    house.control.fault("slow", operation="information.campaigns", ms=SLOW_MS)
    with started(house, *APPLY) as process:
        wait_for(called(house, "information.campaigns"), process)
        process.send_signal(number)
        code, out, err = ended(process)

    assert (code, json.loads(out)["error"]["code"]) == (130, "INT001")
    assert "Traceback" not in err
    assert house.control.effects() == []


def test_a_signal_does_not_wait_for_a_task(house: House) -> None:
    """A quarter of an hour of asking would outlive the patience of whoever sent it: the task is named as unknown."""
    house.control.limits("lynn/1234", task_polls=3)
    house.spec(lynn_campaign())
    assert house.apply().code == 0
    house.spec(lynn_campaign() + "---\n" + loaded("lynn", 1, 2))
    house.control.fault("slow", operation="GetTaskStatus", ms=600)
    with started(house, *APPLY) as process:
        wait_for(called(house, "GetTaskStatus"), process)
        process.send_signal(signal.SIGTERM)
        code, out, err = ended(process)

    assert (code, len(json.loads(out)["unknown"])) == (6, 1), err
    assert [call["operation"] for call in house.control.calls()].count("GetTaskStatus") == 1

    run = json.loads(out)["run"]
    assert [house.run("resolve", run).code for _ in range(3)] == [6, 6, 0]
    house.settled()


# --- two at once, and nobody there ---------------------------------------------------------------------------------------


def test_a_second_apply_is_told_who_is_at_work(house: House) -> None:
    house.spec(messages("wolkvox", "on_apply", 1, 2))
    house.control.fault("slow", operation="send_sms", ms=SLOW_MS)
    with started(house, *APPLY) as process:
        wait_for(called(house, "send_sms"), process)
        second = house.run(*APPLY)
        other = house.run("resolve", "x", "y", "--verdict", "done", "--reason", "guessed")
        code, _out, err = ended(process)

    assert code == 0, err
    assert second.code == 4
    assert f":{process.pid}" in second.err
    assert second.json["error"]["code"] == "LCK001"
    assert other.code == 4
    assert _nobody_twice(house) == 2


def test_without_a_terminal_nothing_is_asked_and_nothing_is_sent(house: House) -> None:
    house.spec(messages("wolkvox", "on_apply", 1))
    with started(house, "apply", "--at", AT) as process:
        code, _out, err = ended(process)

    assert code == 3
    assert "APR001" in err
    assert house.control.effects() == []


def _read_by_nobody() -> int:
    """The end of a pipe whose reader has gone."""
    reader, writer = os.pipe()
    os.close(reader)
    return writer


@pytest.mark.parametrize("words", [("plan",), ("plan", "--format", "json"), ("validate", "--format", "json")])
def test_a_reader_who_has_gone_is_no_mistake(house: House, words: tuple[str, ...]) -> None:
    house.spec(messages("wolkvox", "on_apply", 1))
    with open(_read_by_nobody(), "w") as nobody, started(house, *words, stdout=nobody) as process:
        code, _out, err = ended(process)

    assert (code, "Traceback" in err, "BUG" in err) == (0, False, False)


@pytest.mark.parametrize("stream", ["stdout", "stderr"])
def test_how_an_apply_ends_does_not_depend_on_who_reads_it(house: House, stream: str) -> None:
    house.spec(messages("wolkvox", "on_apply", 1, 2))
    house.control.fault("drop-after", operation="send_sms", after=1)
    with (
        open(_read_by_nobody(), "w") as nobody,
        started(house, *APPLY, **{stream: nobody}) as process,
    ):
        code, _out, err = ended(process)

    assert code == 6
    assert "Traceback" not in err
    assert _nobody_twice(house) == 2


def test_a_sandbox_that_is_gone_leaves_the_journal_as_it_was(house: House) -> None:
    """A platform that nobody answers for: exit 7, and the next apply does everything."""
    house.spec(messages("wolkvox", "on_apply", 1))
    text = (house.root / "reconciler.yaml").read_text("utf-8")
    with closing(_listener()) as silent:
        house.write("reconciler.yaml", text.replace(house.url, f"http://127.0.0.1:{silent.port}"))
        silent.close()
        with started(house, *APPLY) as process:
            code, _out, _err = ended(process)

    assert code == 7
    house.write("reconciler.yaml", text)
    assert house.run(*APPLY).code == 0


class _Listener:
    """A port on which nobody answers once it is closed."""

    def __init__(self) -> None:
        import socket

        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]

    def close(self) -> None:
        self._socket.close()


def _listener() -> _Listener:
    return _Listener()
