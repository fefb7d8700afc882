"""A project's beginning: what is written, where the journal lies, and that nothing of somebody else's is overwritten."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from reconciler.cli import run
from reconciler.cli.pipelines import JOURNAL, PIPELINES
from tests.postgres import Server, server


@pytest.fixture(scope="module")
def postgres() -> Iterator[Server]:
    with server() as started:
        yield started


@pytest.mark.parametrize("ci", sorted(PIPELINES))
def test_a_pipeline_comes_with_a_journal_that_runners_share(
    ci: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Runners keep no disk. Without a database to be reached yet, the journal is pinned later, and that is said."""
    monkeypatch.delenv(JOURNAL, raising=False)

    assert run(["init", str(tmp_path), "--ci", ci]) == 0

    project = yaml.safe_load((tmp_path / "reconciler.yaml").read_text("utf-8"))
    name, _text = PIPELINES[ci]
    assert project["journal"] == {"env": JOURNAL}
    assert "journal_id" not in project
    assert "journal pin" in capsys.readouterr().err
    text = (tmp_path / name).read_text("utf-8")
    assert yaml.safe_load(text)
    assert "campaign-reconciler[postgres]" in text
    assert JOURNAL in text
    assert run(["validate", "--project", str(tmp_path / "reconciler.yaml")]) == 0


def test_a_database_that_can_be_reached_is_pinned_at_once_or_later(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], postgres: Server
) -> None:
    """And another one is refused from then on."""
    first, second = postgres.url("first"), postgres.url("second")
    monkeypatch.setenv(JOURNAL, first)
    project = tmp_path / "one" / "reconciler.yaml"
    assert run(["init", str(project.parent), "--ci", "github"]) == 0
    pinned = yaml.safe_load(project.read_text("utf-8"))["journal_id"]
    assert run(["journal", "pin", "--project", str(project)]) == 0
    assert f"{pinned} was pinned before" in capsys.readouterr().out

    monkeypatch.setenv(JOURNAL, second)
    assert run(["journal", "pin", "--project", str(project)]) == 8

    monkeypatch.delenv(JOURNAL)
    later = tmp_path / "two" / "reconciler.yaml"
    assert run(["init", str(later.parent), "--ci", "gitlab"]) == 0
    monkeypatch.setenv(JOURNAL, second)
    assert run(["journal", "pin", "--project", str(later)]) == 0
    assert yaml.safe_load(later.read_text("utf-8"))["journal_id"] != pinned


def test_without_a_pipeline_the_journal_is_a_file(tmp_path: Path) -> None:
    assert run(["init", str(tmp_path)]) == 0

    project = yaml.safe_load((tmp_path / "reconciler.yaml").read_text("utf-8"))
    assert project["journal"] == ".reconciler/journal.db"
    assert project["journal_id"]


def test_what_is_there_is_left_alone(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "reconciler.yaml").write_text("mine", "utf-8")

    assert run(["init", str(tmp_path), "--ci", "azure"]) == 1

    assert [path.name for path in tmp_path.iterdir()] == ["reconciler.yaml"]
    assert "nothing was written" in capsys.readouterr().err
