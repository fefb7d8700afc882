"""A history that fails is told short, and told again by its seed."""

from __future__ import annotations

import sys

import pytest

from tests.simulation import __main__ as program
from tests.simulation.history import play
from tests.simulation.script import Script, draw
from tests.simulation.shrink import shrunk
from tests.simulation.test_teeth import HISTORIES_MAX, hold_nothing


@pytest.fixture
def failing(monkeypatch: pytest.MonkeyPatch) -> int:
    """The first seed that fails while recipients in doubt are not held."""
    hold_nothing(monkeypatch)
    return next(seed for seed in range(HISTORIES_MAX) if play(draw(seed)).violation)


def size(script: Script) -> int:
    """Everything of a script that could be left out."""
    return bool(script.beside) + script.rows + sum(1 + len(step.strikes) + len(step.turns) for step in script.steps)


def test_a_failing_history_is_made_short_and_fails_alike(failing: int) -> None:
    """Nothing can be left out of it any more."""
    whole = play(draw(failing))
    short = shrunk(whole)

    assert size(short.script) < size(whole.script)
    assert short.violation.split(" ")[:2] == whole.violation.split(" ")[:2]
    assert shrunk(short).script == short.script


def test_a_seed_tells_its_history(failing: int, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """Shortened, with what may never happen in its last line; the exit code says that it did."""
    monkeypatch.setattr(sys, "argv", ["simulation", "--seed", str(failing)])

    assert program.main() == 1

    told = capsys.readouterr().out
    assert told.startswith(f"seed {failing}\n")
    assert f"=> {shrunk(play(draw(failing))).violation}" in told
