"""The wheel works where nothing else is installed: with the pinned runtime dependencies alone, away from the sources."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import venv
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from reconciler import __version__
from reconciler.cli import COMMANDS
from reconciler.policies.terms import PACKS

ROOT: Final = Path(__file__).parents[1]

# One worker builds and installs for all of them.
pytestmark = pytest.mark.xdist_group("wheel")


@dataclass(frozen=True, slots=True, kw_only=True)
class Installed:
    """A wheel, and the folder of programs of the environment that it is installed in."""

    wheel: Path
    programs: Path
    elsewhere: Path

    def run(self, program: str, *words: str) -> subprocess.CompletedProcess[str]:
        """Run an installed program in an empty folder, with nothing of the tests' surroundings."""
        environ = {"PATH": os.defpath, "HOME": str(self.elsewhere), "SANDBOX_TOKEN": "sandbox"}
        return subprocess.run(
            [self.programs / program, *words], cwd=self.elsewhere, env=environ, capture_output=True, text=True, check=False
        )


def quietly(*words: str | Path) -> None:
    done = subprocess.run([*words], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Installed:
    folder = tmp_path_factory.mktemp("wheel")
    quietly(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", folder / "dist", ".")
    (wheel,) = (folder / "dist").glob("*.whl")
    venv.create(folder / "venv", with_pip=True)
    programs = folder / "venv" / "bin"
    pip = (programs / "python", "-m", "pip", "--disable-pip-version-check", "install", "-qq")
    quietly(*pip, "--require-hashes", "-r", ROOT / "requirements.lock")
    quietly(*pip, "--no-deps", wheel)
    (folder / "elsewhere").mkdir()
    return Installed(wheel=wheel, programs=programs, elsewhere=folder / "elsewhere")


def test_dependencies_are_whole_and_no_more(installed: Installed) -> None:
    quietly(installed.programs / "python", "-m", "pip", "check")
    done = installed.run("python", "-m", "pip", "--disable-pip-version-check", "list", "--format", "json")
    names = {package["name"].lower() for package in json.loads(done.stdout)}

    assert "campaign-reconciler" in names
    assert names.isdisjoint({"pytest", "hypothesis", "mypy", "ruff", "hatchling", "coverage"})


@pytest.mark.parametrize("program", ["reconciler", "campaign-reconciler"])
def test_both_programs_start(installed: Installed, program: str) -> None:
    version, usage, code = (
        installed.run(program, *words) for words in (["--version"], ["--help"], ["explain", "OWN001", "--format", "json"])
    )

    assert version.stdout.strip().endswith(__version__)
    assert all(name in usage.stdout for name in COMMANDS)
    assert json.loads(code.stdout)["codes"][0]["code"] == "OWN001"
    assert [done.returncode for done in (version, usage, code)] == [0, 0, 0]
    assert version.stderr + usage.stderr + code.stderr == ""


def test_every_command_can_be_loaded(installed: Installed) -> None:
    """No command needs a library that only developers have."""
    failed = {name: done.stderr for name in COMMANDS if (done := installed.run("reconciler", name, "--help")).returncode}

    assert failed == {}


def test_schemas_are_written_without_the_sources(installed: Installed) -> None:
    assert installed.run("reconciler", "schema", "--out", "schemas").returncode == 0

    for path in (ROOT / "schema").glob("*.schema.json"):
        assert (installed.elsewhere / "schemas" / path.name).read_bytes() == path.read_bytes()


def test_the_demo_runs_without_the_sources(installed: Installed) -> None:
    done = installed.run("reconciler", "demo", "shown")

    assert done.returncode == 0, done.stdout[-3000:] + done.stderr
    assert "leaked" not in done.stderr  # what a library says of itself when a process ends is nothing for people
    assert (installed.elsewhere / "shown" / "reconciler.yaml").is_file()


def test_the_wheel_holds_the_program_and_what_the_demo_needs(installed: Installed) -> None:
    names = zipfile.ZipFile(installed.wheel).namelist()

    assert {"reconciler/_demo/reconciler.yaml", "reconciler/_demo/schema/document.schema.json"} <= set(names)
    assert any(name.startswith("reconciler/_demo/specs/") for name in names)
    assert {f"reconciler/policies/laws/{name}.yaml" for name in PACKS} <= set(names)
    assert any(name.endswith(".dist-info/licenses/LICENSE") for name in names)
    assert {name.split("/", 1)[0] for name in names if ".dist-info" not in name} == {"reconciler"}
    assert not [name for name in names if "__pycache__" in name or name.endswith((".db", ".log"))]
