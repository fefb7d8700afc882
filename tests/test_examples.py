"""Every lesson does what it says: its page is followed word for word, in a copy, on an empty sandbox."""

from __future__ import annotations

import re
import shutil
from pathlib import Path
from typing import Final

import pytest

from reconciler.cli.sandbox import PORT
from reconciler.sandbox.server import Running
from tests.lessons import Command, Reader, steps, unmatched

EXAMPLES: Final = Path(__file__).parents[1] / "examples"
LESSONS: Final = sorted(path.parent.name for path in EXAMPLES.glob("*/README.md"))


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_does_what_it_says(lesson: str, one_sandbox: Running, tmp_path: Path) -> None:
    one_sandbox.world.reset()
    folder = tmp_path / lesson
    shutil.copytree(EXAMPLES / lesson, folder, ignore=shutil.ignore_patterns(".reconciler", "plan.json"))
    project = folder / "reconciler.yaml"
    project.write_text(project.read_text("utf-8").replace(f"http://127.0.0.1:{PORT}", one_sandbox.url), "utf-8")

    Reader(folder, one_sandbox.url).follow((folder / "README.md").read_text("utf-8"))


@pytest.mark.parametrize("lesson", LESSONS)
def test_a_lesson_begins_and_ends_with_a_sandbox_of_its_own(lesson: str) -> None:
    """Each can be read alone: the secret is set, the sandbox is started first and stopped last."""
    typed = [step.words for step in steps((EXAMPLES / lesson / "README.md").read_text("utf-8")) if isinstance(step, Command)]

    assert typed[0] == ("export", "SANDBOX_TOKEN=sandbox")
    assert typed[1] == ("reconciler", "sandbox", "up")
    assert typed[-1] == ("reconciler", "sandbox", "down")


def test_lessons_are_numbered_and_listed() -> None:
    """The list of lessons names each once, in order."""
    listed = re.findall(r"\]\((\d\d-[a-z0-9-]+)/", (EXAMPLES / "README.md").read_text("utf-8"))

    assert listed == LESSONS
    assert [int(lesson[:2]) for lesson in LESSONS] == list(range(1, len(LESSONS) + 1))


@pytest.mark.parametrize(
    ("expected", "said", "missing"),
    [
        (["a", "b"], "a\nb\n", None),
        (["a", "b"], "a\nx\nb\n", "b"),
        (["a", "...", "b"], "a\nx\nb\n", None),
        (["a"], "a\nb\n", "b"),
        (["a", "..."], "a\nb\n", None),
        (["a ... c"], "a   b  c\n", None),
        (["a ... c"], "a b d\n", "a ... c"),
        ([], "anything\n", None),
    ],
)
def test_what_is_seen_is_compared_line_by_line(expected: list[str], said: str, missing: str | None) -> None:
    assert unmatched(expected, said) == missing
