"""Documents known again by their file's digest: the same wishes, and nothing rests on it."""

from __future__ import annotations

import hashlib
import os
import stat
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from reconciler import document, remembered, specs
from reconciler.kinds import KINDS
from reconciler.platforms import PLATFORMS
from reconciler.project import Project
from reconciler.remembered import NAME
from reconciler.resource import Desired
from tests.test_specs import CAMPAIGN, LYNN, project

__all__ = ["project"]

FILES = {
    "a.yaml": CAMPAIGN + "tags: [uno, dos]\nwindow:\n  - {days: [mon], from: 08:00, to: 09:30}\n",
    "sub/b.yaml": LYNN + "protect: true\n---\n" + LYNN.replace("name: cobranza", "name: otra"),
}


@pytest.fixture(autouse=True)
def even_small_ones(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "FILES_MIN", 1)


@pytest.fixture
def store(project: Project) -> Path:
    """The store of a project whose documents were read once."""
    for name, text in FILES.items():
        written(project, name, text)
    assert load(project).right
    return project.root / ".reconciler" / "cache" / NAME


def test_it_is_read_by_its_owner_alone(store: Path) -> None:
    """Rows may stand in documents, and people in rows."""
    assert stat.S_IMODE(store.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.parent.stat().st_mode) == 0o700


def written(project: Project, name: str, text: str) -> None:
    path = project.root / "specs" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, "utf-8")


def load(project: Project) -> specs.Specs:
    return specs.load(project, KINDS, PLATFORMS)


def said(desired: Desired) -> tuple[Any, ...]:
    places = dict(desired.origins)
    return (
        desired.address,
        desired.platform,
        desired.fields,
        desired.block,
        desired.origin,
        places,
        desired.protect,
        desired.tags,
    )


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are parsed from now on."""
    return counting(monkeypatch)


def counting(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The files that are parsed from now on."""
    names: list[str] = []
    real: Callable[..., Any] = document.parse

    def parse(data: bytes, name: str) -> Any:
        names.append(name)
        return real(data, name)

    monkeypatch.setattr(document, "parse", parse)
    return names


def test_unchanged_files_are_not_parsed_again_and_wish_the_same(project: Project, store: Path, parsed: list[str]) -> None:
    again = load(project)
    assert parsed == []
    store.unlink()
    anew = load(project)

    assert sorted(parsed) == ["specs/a.yaml", "specs/sub/b.yaml"]
    assert list(map(said, again.desired)) == list(map(said, anew.desired))
    assert len(again.desired) == 3
    assert again.findings == anew.findings == ()


def test_a_place_is_found_without_parsing(project: Project, store: Path, parsed: list[str]) -> None:
    desired = load(project).desired[0]

    assert str(desired.origin_of("window.0.to")) == "specs/a.yaml:7"
    assert desired.origin_of("window.0.to").column > 1
    assert parsed == []


@pytest.mark.parametrize("change", ["# a comment\n", "\n"])
def test_one_byte_more_is_another_file(project: Project, store: Path, parsed: list[str], change: str) -> None:
    written(project, "a.yaml", FILES["a.yaml"] + change)
    load(project)

    assert parsed == ["specs/a.yaml"]
    parsed.clear()
    load(project)
    assert parsed == []


def test_a_moved_file_is_another_file(project: Project, store: Path, parsed: list[str]) -> None:
    """Its findings would name the old place."""
    (project.root / "specs" / "a.yaml").rename(project.root / "specs" / "c.yaml")
    desired = next(wish for wish in load(project).desired if wish.platform == "wolkvox")

    assert parsed == ["specs/c.yaml"]
    assert desired.origin.file == "specs/c.yaml"


def test_what_the_project_says_now_counts(project: Project, store: Path, parsed: list[str]) -> None:
    targets = {name: target for name, target in project.targets.items() if name != "lynn-cl"}
    found = load(replace(project, targets=targets))

    assert parsed == ["specs/sub/b.yaml"]  # for the places of its mistakes
    assert [finding.code for finding in found.findings] == ["SPC007", "SPC007"]
    assert {str(finding.origin) for finding in found.findings} == {"specs/sub/b.yaml:2", "specs/sub/b.yaml:8"}


def test_a_file_with_a_mistake_is_parsed_each_time(project: Project, store: Path, parsed: list[str]) -> None:
    written(project, "a.yaml", CAMPAIGN + "speeed: 1\n")
    first = load(project)
    second = load(project)

    assert first.findings == second.findings != ()
    assert parsed == ["specs/a.yaml"] * 2


@pytest.mark.parametrize("damage", [b"", b"x", b"\x00" * 100], ids=["empty", "short", "zeros"])
def test_a_damaged_store_is_as_none(project: Project, store: Path, parsed: list[str], damage: bytes) -> None:
    store.write_bytes(damage)

    assert load(project).right
    assert len(parsed) == len(FILES)


@pytest.mark.parametrize("mode", [0o620, 0o602, 0o644, 0o640])
def test_a_store_that_is_not_ours_alone_is_as_none(project: Project, store: Path, parsed: list[str], mode: int) -> None:
    assert (store.stat().st_mode & 0o777, store.parent.stat().st_mode & 0o777) == (0o600, 0o700)
    store.chmod(mode)

    assert load(project).right
    assert len(parsed) == len(FILES)


def test_a_store_of_somebody_else_is_as_none(
    project: Project, store: Path, parsed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: store.stat().st_uid + 1)

    assert load(project).right
    assert len(parsed) == len(FILES)


def test_a_project_of_many_files_parses_none_of_them_twice(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """As users have it; one that changes is parsed alone."""
    monkeypatch.undo()
    names = [f"c{number:04d}.yaml" for number in range(remembered.FILES_MIN)]
    for name in names:
        written(project, name, CAMPAIGN.replace("name: ", f"name: {name[:5]}-"))
    first = load(project)
    names_parsed = counting(monkeypatch)

    again = load(project)

    assert names_parsed == []
    assert list(map(said, again.desired)) == list(map(said, first.desired))
    assert len(again.desired) == len(names)
    written(project, names[7], CAMPAIGN.replace("name: ", "name: other-"))
    load(project)
    assert names_parsed == [f"specs/{names[7]}"]


def test_every_flipped_byte_is_noticed(project: Project, store: Path, parsed: list[str]) -> None:
    whole = store.read_bytes()
    for place in range(0, len(whole), max(1, len(whole) // 60)):
        store.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        parsed.clear()

        assert load(project).right
        assert len(parsed) == len(FILES)


def test_another_version_or_other_rules_trust_nothing(
    project: Project, store: Path, parsed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(specs, "__version__", "9.9.9")
    load(project)

    assert len(parsed) == len(FILES)


def test_documents_that_were_kept_in_another_form_are_parsed_again(project: Project, store: Path, parsed: list[str]) -> None:
    """Whole, sealed and by the same rules, and still not what is read now."""
    stored = msgspec.msgpack.decode(store.read_bytes()[32:])
    stored["files"] = {key: [document[:5] for document in documents] for key, documents in stored["files"].items()}
    payload = msgspec.msgpack.encode(stored)
    store.write_bytes(hashlib.sha256(payload).digest() + payload)

    assert load(project).right
    assert len(parsed) == len(FILES)


def test_what_is_gone_is_forgotten(project: Project, store: Path) -> None:
    size = store.stat().st_size
    (project.root / "specs" / "a.yaml").unlink()
    load(project)

    assert store.stat().st_size < size


def test_a_number_that_only_text_can_hold_is_parsed_each_time(
    project: Project, store: Path, parsed: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    real = specs._written

    def huge(*words: Any) -> Any:
        found = real(*words)
        return replace(found, fields={**found.fields, "huge": 10**30}) if found else None

    monkeypatch.setattr(specs, "_written", huge)
    written(project, "a.yaml", CAMPAIGN)
    load(project)
    load(project)

    assert parsed == ["specs/a.yaml"] * 2


def test_a_folder_that_cannot_be_written_is_no_error(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    written(project, "a.yaml", CAMPAIGN)
    (project.root / ".reconciler").write_text("no folder", "utf-8")

    assert load(project).right


def test_a_small_project_leaves_no_trace(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remembered, "FILES_MIN", 200)
    written(project, "a.yaml", CAMPAIGN)
    load(project)

    assert not (project.root / ".reconciler").exists()
