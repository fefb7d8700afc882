"""A failing script made short: strikes, steps and turns left out one by one while it still fails in the same way."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

from tests.simulation.history import Played, play
from tests.simulation.script import Script

_PLAYED_MAX: Final = 400
_NUMBERS: Final = re.compile(r"\d+")


def shrunk(failed: Played) -> Played:
    """The shortest script found that fails like `failed`."""
    best, played = failed, 0
    improved = True
    while improved and played < _PLAYED_MAX:
        improved = False
        for shorter in _shorter(best.script):
            played += 1
            found = play(shorter)
            if _kind(found.violation) == _kind(failed.violation):
                best, improved = found, True
                break
    return best


def _kind(violation: str) -> str:
    return _NUMBERS.sub("#", violation)


def _shorter(script: Script) -> Iterator[Script]:
    """Scripts with one thing less, the most at once first."""
    steps = script.steps
    if script.beside:
        yield replace(script, beside=None)
    for place in range(len(steps)):
        yield replace(script, steps=steps[:place] + steps[place + 1 :])
    for place, step in enumerate(steps):
        for number in range(len(step.strikes)):
            fewer = replace(step, strikes=step.strikes[:number] + step.strikes[number + 1 :])
            yield replace(script, steps=(*steps[:place], fewer, *steps[place + 1 :]))
        if step.turns:
            yield replace(script, steps=(*steps[:place], replace(step, turns=()), *steps[place + 1 :]))
        if step.wait_s:
            yield replace(script, steps=(*steps[:place], replace(step, wait_s=0.0), *steps[place + 1 :]))
    if script.rows > 1:
        yield replace(script, rows=script.rows - 1)
    if script.started:
        yield replace(script, started=False)
    if script.removes:
        yield replace(script, removes=False)
    if script.named_tasks:
        yield replace(script, named_tasks=False)
    if script.barred:
        yield replace(script, barred=0)
