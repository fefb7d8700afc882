"""A user's project in a folder, worked on through the command line in this process, against a sandbox over real HTTP."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from reconciler.cli import run
from reconciler.sandbox.control import Control

AT = "2026-11-24T10:00:00-05:00"  # a Tuesday morning in every country of the tests

PROJECT = """\
version: 1
targets:
  wolkvox-co:
    platform: wolkvox
    sandbox: true
    url: {url}/wolkvox
    token: {{env: SANDBOX_TOKEN}}
    country: CO
    timezone: America/Bogota
    limits: {{settle_s: 0}}
  lynn-cl:
    platform: lynn
    sandbox: true
    url: {url}/lynn
    tenant: 1234
    access_token: {{env: SANDBOX_TOKEN}}
    access_token_secret: {{env: SANDBOX_TOKEN}}
    country: CL
    timezone: America/Santiago
    limits: {{settle_s: 0}}
  ucontact-uy:
    platform: ucontact
    sandbox: true
    url: {url}/ucontact
    user: {{env: SANDBOX_TOKEN}}
    password: {{env: SANDBOX_TOKEN}}
    country: UY
    timezone: America/Montevideo
    limits: {{settle_s: 0}}
policies: {{lawpacks: off}}
"""


@dataclass(frozen=True)
class Said:
    """What one command said, and how it ended."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> dict[str, Any]:
        """stdout as JSON."""
        value: dict[str, Any] = json.loads(self.out)
        return value


class House:
    """One project. `control` orders the sandbox about."""

    def __init__(self, root: Path, url: str, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self.url = url
        self.control = Control(url)
        self._capsys = capsys
        self.write("reconciler.yaml", PROJECT.format(url=url))

    def write(self, name: str, text: str) -> Path:
        """A file of the project."""
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
        return path

    def spec(self, text: str, name: str = "case") -> Path:
        """A document file under specs/."""
        return self.write(f"specs/{name}.yaml", text)

    def run(self, *words: str) -> Said:
        """One command in the project's folder, with the sandbox's word as every secret."""
        self._capsys.readouterr()
        with _inside(self.root, {"SANDBOX_TOKEN": "sandbox"}):
            code = run(words)
        out, err = self._capsys.readouterr()
        return Said(code, out, err)

    def plan(self, *words: str) -> dict[str, Any]:
        """The plan's JSON, whatever its exit code."""
        return self.run("plan", "--format", "json", "--at", AT, *words).json

    def apply(self, *words: str) -> Said:
        """Plan, and apply exactly that."""
        plan = self.plan()
        given = ["--allow-delete", str(plan["deletes"])] if plan["deletes"] else []
        return self.run("apply", "--format", "json", "--at", AT, "--digest", plan["digest"], *given, *words)

    def applied(self, *words: str) -> dict[str, Any]:
        """Apply, and be sure that it ended well."""
        said = self.apply(*words)
        assert said.code == 0, said.out + said.err
        return said.json

    def settled(self) -> None:
        """Nothing is left to do."""
        plan = self.plan()
        assert plan["changes"] == []
        assert plan["drift"] == []
        assert plan["empty"]


@contextmanager
def _inside(folder: Path, variables: Mapping[str, str]) -> Iterator[None]:
    before = Path.cwd()
    kept = {name: os.environ.get(name) for name in variables}
    os.chdir(folder)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.chdir(before)
        for name, value in kept.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value


def actions(plan: Mapping[str, Any]) -> list[tuple[str, str]]:
    """(action, address) of every change, in order."""
    return [(change["action"], change["address"]) for change in plan["changes"]]


def reach(plan: Mapping[str, Any]) -> tuple[int, int]:
    """How many people a plan reaches, and how many of them for the first time."""
    return plan["people"]["total"], plan["people"]["first_time"]
