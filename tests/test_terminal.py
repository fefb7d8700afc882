"""What a person at a terminal sees and types: the question before an apply, and progress instead of lines."""

from __future__ import annotations

import os
import pty
import select
import subprocess
import sys

import pytest

from tests.house import AT, House

SPEC = "kind: campaign\ntarget: wolkvox-co\nname: lista\nstate: stopped\npurpose: service\nwolkvox: {skill: cobranza}\n"


def _converse(house: House, answer: str) -> tuple[int, str]:
    """Run `apply` on a terminal of its own and answer its question; gives exit code and everything shown."""
    ours, theirs = pty.openpty()
    program = subprocess.Popen(
        [sys.executable, "-m", "reconciler", "apply", "--at", AT],
        cwd=house.root,
        env={**os.environ, "SANDBOX_TOKEN": "sandbox", "TERM": "xterm"},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
        start_new_session=True,
    )
    os.close(theirs)
    shown, asked = b"", False
    while True:
        ready, _, _ = select.select([ours], [], [], 60)
        assert ready, "the program is silent"
        try:
            piece = os.read(ours, 65_536)
        except OSError:  # the other end is closed
            piece = b""
        if not piece:
            break
        shown += piece
        if not asked and b"'yes'" in shown:
            asked = True
            os.write(ours, answer.encode() + b"\n")
    os.close(ours)
    return program.wait(timeout=60), shown.decode("utf-8", errors="replace")


def test_a_yes_carries_the_plan_out(house: House) -> None:
    house.spec(SPEC)
    code, shown = _converse(house, "yes")

    assert code == 0
    assert "People contacted by this plan: 0" in shown
    house.settled()


@pytest.mark.parametrize("answer", ["no", "", "y", "sí"])
def test_anything_else_sends_nothing(house: House, answer: str) -> None:
    house.spec(SPEC)
    code, shown = _converse(house, answer)

    assert code == 3
    assert "APR001" in shown
    assert not [call for call in house.control.calls() if "create_campaign" in call["operation"]]


def test_without_a_terminal_it_refuses_instead_of_hanging(house: House) -> None:
    house.spec(SPEC)

    said = house.run("apply", "--at", AT)

    assert said.code == 3
    assert "--auto-approve" in said.err
