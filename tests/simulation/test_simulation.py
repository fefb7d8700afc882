"""Histories of the ordinary suite; `make simulate` plays many more of them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Final

from tests.simulation.history import play, shown
from tests.simulation.script import Fault, draw
from tests.simulation.tally import Tally

ROOT: Final = Path(__file__).parents[2]
HISTORIES: Final = 1_000
TOLD: Final = "from tests.simulation.history import *; from tests.simulation.script import draw; "


def test_nothing_that_may_not_happen_happens() -> None:
    tally = Tally()
    for seed in range(HISTORIES):
        tally.add(play(draw(seed)))

    assert tally.failed == []
    assert list(tally.lacking()) == []
    assert [fault.title for fault in Fault if not tally.faults[fault]] == []


def test_a_seed_gives_the_same_trace() -> None:
    """In another process too, whose sets are in another order."""
    code = TOLD + "print(*(line for seed in range(40) for line in play(draw(seed)).trace()), sep='\\n')"
    traces = [
        subprocess.run(
            [sys.executable, "-c", code],
            cwd=ROOT,
            env={**os.environ, "PYTHONHASHSEED": order, "PYTHONPATH": str(ROOT)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for order in ("1", "2")
    ]

    assert traces[0] == traces[1]
    assert traces[0].splitlines() == [line for seed in range(40) for line in play(draw(seed)).trace()]


def test_a_script_can_be_told() -> None:
    scripts = [draw(seed) for seed in range(20)]

    assert [shown(script) for script in scripts] == [shown(draw(script.seed)) for script in scripts]
    assert len({tuple(shown(script)) for script in scripts}) > 10
