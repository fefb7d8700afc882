"""What a mutant is, and how one is tried."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
TIMEOUT_S: Final = 300.0
FAILED, PASSED = 1, 0  # pytest's exit codes for "some failed" and "all passed"

_COPIED: Final = ("reconciler", "tests", "specs", "schema", "examples")
_FILES: Final = ("pyproject.toml", "reconciler.yaml", "README.md", "Makefile")


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutant:
    """One breakage: `before` stands exactly once in `file` and becomes `after`; `killed_by` names the test that notices.

    `guard` is set where nothing can notice, because another guard holds: it says which.
    """

    name: str
    file: str
    before: str
    after: str
    killed_by: str = ""
    guard: str = ""


class StaleMutantError(Exception):
    """The place that a mutant changes is not there, or not once."""


def source_of(mutant: Mutant, root: Path = ROOT) -> str:
    """The file's text with the breakage in it."""
    text = (root / mutant.file).read_text("utf-8")
    found = text.count(mutant.before)
    if found != 1:
        raise StaleMutantError(f"{mutant.name}: its place stands {found} times in {mutant.file}")
    return text.replace(mutant.before, mutant.after)


def copy_to(folder: Path) -> None:
    """A copy of the project that can be broken."""
    for name in _COPIED:
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in _FILES:
        shutil.copy2(ROOT / name, folder / name)


def tried(folder: Path, *tests: str) -> subprocess.CompletedProcess[str]:
    """Run tests on the copy in `folder`."""
    words = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", "-p", "no:xdist", *tests]
    environ = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": str(folder)}
    return subprocess.run(words, cwd=folder, env=environ, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)


def killed(mutant: Mutant, folder: Path) -> tuple[bool, str]:
    """Whether the named test fails on the broken copy, and its last words. The copy is mended afterwards."""
    path = folder / mutant.file
    whole = path.read_text("utf-8")
    path.write_text(source_of(mutant, folder), "utf-8")
    try:
        done = tried(folder, mutant.killed_by)
    except subprocess.TimeoutExpired:
        return True, "it never ended"
    finally:
        path.write_text(whole, "utf-8")
    lines = [line for line in done.stdout.splitlines() if line.strip()]
    return done.returncode == FAILED, lines[-1] if lines else done.stderr[-200:]
