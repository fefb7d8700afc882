"""Facts about the repository that a plan is made from: the commit, and whether files differ from it."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Final

_GIT: Final = ("git", "-c", "core.fsmonitor=false", "-c", "core.hooksPath=/dev/null", "--no-optional-locks")
_SECONDS_MAX: Final = 5


def revision(root: Path) -> tuple[str, bool]:
    """The commit that is checked out in `root` and whether tracked files differ; ("", False) outside git."""
    commit = _git(root, "rev-parse", "--verify", "HEAD")
    if not commit:
        return "", False
    return commit, bool(_git(root, "status", "--porcelain", "--untracked-files=no", "--", "."))


def _git(root: Path, *words: str) -> str:
    try:
        done = subprocess.run(  # noqa: S603 - fixed program and words, no shell
            [*_GIT, *words], cwd=root, capture_output=True, text=True, timeout=_SECONDS_MAX, check=False
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip() if done.returncode == 0 else ""
