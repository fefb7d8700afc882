"""The real program as a process of its own, and a way to wait for what it does without sleeping."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, Final

from tests.house import House

LOOKS_MAX: Final = 20_000  # each look is a call to the sandbox, which takes a millisecond or more


@contextmanager
def started(house: House, *words: str, **streams: Any) -> Iterator[subprocess.Popen[str]]:
    """`reconciler …` in the project's folder, on pipes unless told otherwise; killed at the end where it still runs."""
    pipes = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, **streams}
    environ = {**os.environ, "SANDBOX_TOKEN": "sandbox", "NO_COLOR": "1"}
    process = subprocess.Popen(
        [sys.executable, "-m", "reconciler", *words], cwd=house.root, env=environ, text=True, encoding="utf-8", **pipes
    )
    try:
        yield process
    finally:
        process.kill()
        process.communicate()


def ended(process: subprocess.Popen[str]) -> tuple[int, str, str]:
    """Exit code, stdout and stderr of a process that is to end by itself."""
    out, err = process.communicate(timeout=60)
    return process.returncode, out or "", err or ""


def called(house: House, operation: str, times: int = 1) -> Callable[[], bool]:
    """Whether the platform has taken so many calls of an operation."""

    def seen() -> bool:
        return [call["operation"].endswith(operation) for call in house.control.calls()].count(True) >= times

    return seen


def wait_for(condition: Callable[[], bool], process: subprocess.Popen[str]) -> None:
    """Look until it is so. Fails when the process ends before, or after very many looks."""
    for _ in range(LOOKS_MAX):
        if condition():
            return
        assert process.poll() is None, process.communicate()
    raise AssertionError("it did not come to that")
