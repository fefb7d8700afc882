"""explain, completion and doctor: help that needs no journal, sends only reads and shows no secret."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from reconciler.cli import run
from reconciler.diagnostics import CODES
from reconciler.sandbox.control import Control
from reconciler.sandbox.server import running

TOKEN: Final = "sandbox"
PROJECT: Final = """\
version: 1
targets:
  one:
    platform: wolkvox
    sandbox: true
    url: {url}/wolkvox
    token: {{env: SANDBOX_TOKEN}}
    country: CO
    timezone: America/Bogota
  two:
    platform: lynn
    sandbox: true
    url: {url}/lynn
    tenant: 1234
    access_token: {{env: SANDBOX_TOKEN}}
    access_token_secret: {{file: secret}}
    country: CL
    timezone: America/Santiago
  three:
    platform: ucontact
    sandbox: true
    url: {url}/ucontact
    user: {{env: SANDBOX_TOKEN}}
    password: {{env: SANDBOX_TOKEN}}
    country: UY
    timezone: America/Montevideo
"""


def test_a_code_is_explained_in_any_case(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "own001"]) == 0
    said = capsys.readouterr().out

    assert said.startswith("OWN001  not ours\n")
    assert CODES["OWN001"].why in said
    assert CODES["OWN001"].remedy in said


def test_the_code_of_a_bug_is_explained_with_its_name(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "BUG001-1a2b3c4d"]) == 0
    assert capsys.readouterr().out.startswith("BUG001")


def test_an_unknown_code_has_a_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "OWN01"]) == 1
    assert "did you mean 'OWN0" in capsys.readouterr().err


def test_all_codes_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(CODES)
    assert run(["explain", "--format", "json"]) == 0
    assert [entry["code"] for entry in json.loads(capsys.readouterr().out)["codes"]] == list(CODES)


def test_help_knows_two_formats(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "--format", "markdown"]) == 64
    assert "text, json" in capsys.readouterr().err


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_a_script_for_the_shell(shell: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["completion", shell]) == 0
    script = capsys.readouterr().out

    assert "_RECONCILER_COMPLETE" in script
    assert shell in script


# --- doctor --------------------------------------------------------------------------------------------------------------


@pytest.fixture
def url() -> Iterator[str]:
    with running(token=TOKEN) as sandbox:
        yield sandbox.url


@pytest.fixture
def project(tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Three targets on a sandbox, with the right credentials."""
    (tmp_path / "reconciler.yaml").write_text(PROJECT.format(url=url), "utf-8")
    (tmp_path / "secret").write_text(TOKEN, "utf-8")
    (tmp_path / "secret").chmod(0o600)
    monkeypatch.setenv("SANDBOX_TOKEN", TOKEN)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def examined(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, dict[str, dict[str, Any]]]:
    capsys.readouterr()
    code = run(["doctor", "--format", "json", *words])
    return code, {target["target"]: target for target in json.loads(capsys.readouterr().out)["targets"]}


def test_a_healthy_target_says_what_it_confirmed(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, targets = examined(capsys)

    assert code == 0
    assert all(target["ok"] and target["simulated"] for target in targets.values())
    assert targets["one"]["confirmed"] == ["campaigns", "skills", "token_info"]
    assert targets["one"]["state"]["calls_left"] is not None
    assert targets["two"]["confirmed"] == ["CreateToken", "GetCampaigns"]
    assert targets["two"]["credentials"] == [
        {"key": "access_token", "place": "env SANDBOX_TOKEN", "present": True},
        {"key": "access_token_secret", "place": "file secret", "present": True},
    ]


def test_a_target_that_lists_nothing_is_logged_in_to_and_out_of(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, targets = examined(capsys, "--only", "three/*")

    assert code == 0
    assert list(targets) == ["three"]
    assert targets["three"]["confirmed"] == ["getUserToken", "EndSession"]


def test_doctor_only_reads(project: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
    examined(capsys)

    assert Control(url).status()["effects"] == 0
    assert not (project / ".reconciler").exists(), "no journal is made"


def test_a_missing_secret_is_named_and_the_others_go_on(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / "secret").chmod(0o644)
    code, targets = examined(capsys)

    assert code == 1
    assert [name for name, target in targets.items() if target["ok"]] == ["one", "three"]
    assert [finding["code"] for finding in targets["two"]["findings"]] == ["SEC003"]
    monkeypatch.delenv("SANDBOX_TOKEN")
    code, targets = examined(capsys, "--only", "one/*")
    assert code == 1
    assert targets["one"]["findings"][0]["code"] == "SEC002"
    assert targets["one"]["state"] is None


def test_refused_credentials_and_silence_are_told_apart(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SANDBOX_TOKEN", "another-word")
    code, targets = examined(capsys)

    assert code == 7
    assert {finding["code"] for target in targets.values() for finding in target["findings"]} == {"PLT008"}


def test_nobody_at_home(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """Port 9 of loopback, where nothing listens."""
    (tmp_path / "reconciler.yaml").write_text(PROJECT.format(url="http://127.0.0.1:9"), "utf-8")
    monkeypatch.setenv("SANDBOX_TOKEN", TOKEN)
    monkeypatch.chdir(tmp_path)
    code, targets = examined(capsys, "--only", "three/*")

    assert code == 7
    assert targets["three"]["findings"][0]["code"] == "PLT007"


def test_the_text_shows_places_and_never_secrets(
    project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run(["doctor"]) == 0
    said = capsys.readouterr().out
    assert "✓ one  wolkvox" in said
    assert said.count("SIMULATED") == 3
    assert "calls left of 1,000 today" in said
    monkeypatch.setenv("SANDBOX_TOKEN", "a-word-of-nobody")
    assert run(["doctor"]) == 7
    said = capsys.readouterr().out
    assert "✗ one  wolkvox" in said
    assert "error PLT008" in said
    assert "a-word-of-nobody" not in said
