"""demo: a working project in a folder, walked through from the first plan to the drift that a colleague made."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from reconciler.catalogue import say
from reconciler.cli import exits
from reconciler.cli.options import Shared, common
from reconciler.cli.sandbox import PORT, start, stop
from reconciler.errors import Mistaken, ReconcilerError
from reconciler.project import FILE_NAME

# A Tuesday morning inside every window of the demo's documents, so that the demo shows the same on any day.
AT: Final = "2026-11-24T10:00:00-05:00"
TOKEN: Final = "sandbox"  # noqa: S105 - the word that the sandbox accepts; nobody's secret
CONTENT: Final = (FILE_NAME, "specs", "schema")


class DemoFailed(ReconcilerError):
    """A step of the demo did not end as it should."""


@click.command()
@click.argument("folder", required=False, default="reconciler-demo", type=click.Path(path_type=Path, file_okay=False))
@click.option("--port", type=click.IntRange(0, 65_535), default=0, help="Of the sandbox; a free one when left out.")
@click.option("--keep-running", is_flag=True, help="Leave the sandbox running.")
@common
def demo(shared: Shared, folder: Path, port: int, keep_running: bool) -> int:
    """Make a project in FOLDER, start the sandbox, and run validate, plan, apply, plan, drift, plan."""
    if folder.exists() and any(folder.iterdir()):
        message = say("the folder {folder} is not empty", folder=folder)
        raise Mistaken(message, code="PRJ001", remedy=say("name another one; nothing was written"))
    folder.mkdir(parents=True, exist_ok=True)
    _copy(folder)
    _title(say("A project in {folder}: three simulated platforms, every kind of document", folder=folder))
    with _at_work(folder):
        url = start(["--port", str(port), "--store", ".reconciler/sandbox.db"])
        try:
            _walk(url)
        finally:
            if not keep_running:
                stop()
    _farewell(folder, url, running=keep_running)
    return exits.DONE


def _walk(url: str) -> None:
    from reconciler.sandbox.control import Control

    control = Control(url)
    control.clock(set=AT)
    _point_to(url)
    click.echo(say("Time used by the demo: {at}", at=AT))
    _step(say("1. Is everything written right? No network, no secrets."), ["validate"])
    _step(say("2. What would happen, and how many people would be contacted?"), ["plan", "--at", AT, "--out", "plan.json"])
    _legend()
    _step(say("3. Carry out exactly what was reviewed. Each call is recorded before it is sent."), ["apply", "plan.json"])
    _step(say("4. Plan again: no changes. What only a person can do stays listed."), ["plan", "--at", AT])
    _title(say("5. A colleague edits in the console …"))
    for action in ("speed", "remove-record"):
        click.echo(f"   {control.drift('wolkvox', action)['did']}")
    _step(say("   … and the next plan finds it."), ["plan", "--at", AT])
    _step(say("6. The record: every call, chained by hashes."), ["audit", "verify"])


def _legend() -> None:
    """How to read the plan that was just shown."""
    _title(say("How to read it"))
    click.echo(f"   {say('The line to read first: People contacted by this plan. Numbers are never shown whole.')}")
    for sign, meaning in (
        ("+ ~ -", say("create, change, delete")),
        ("> =", say("start, stop")),
        ("» ×", say("cannot be taken back")),
        ("!", say("a step that no API can do: a person does it in the platform's console")),
        ("?", say("the platform takes it and never shows it, so nobody can verify it")),
    ):
        click.echo(f"   {sign:<6}{meaning}")


def _step(title: str, words: list[str]) -> None:
    from reconciler.cli import run

    _title(title)
    click.secho(f"$ reconciler {' '.join(words)}", bold=True)
    code = run(words)
    if code != exits.DONE:
        raise DemoFailed(say("'reconciler {command}' ended with exit code {code}", command=words[0], code=code), code="BUG001")


def _title(text: str) -> None:
    click.echo()
    click.secho(text, fg="cyan", bold=True)


@contextmanager
def _at_work(folder: Path) -> Iterator[None]:
    """Inside the folder, with the sandbox's word as every secret."""
    before, token = Path.cwd(), os.environ.get("SANDBOX_TOKEN")
    os.chdir(folder)
    os.environ["SANDBOX_TOKEN"] = TOKEN
    try:
        yield
    finally:
        os.chdir(before)
        if token is None:
            del os.environ["SANDBOX_TOKEN"]
        else:
            os.environ["SANDBOX_TOKEN"] = token


def _copy(folder: Path) -> None:
    package = Path(__file__).resolve().parent.parent
    home = package / "_demo" if (package / "_demo").is_dir() else package.parent
    for name in CONTENT:
        source = home / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=shutil.ignore_patterns("platforms", "imported"))
        else:
            shutil.copy(source, folder / name)
    (folder / ".gitignore").write_text(".reconciler/\nplan.json\n", "utf-8")


def _point_to(url: str) -> None:
    """The project's targets to where the sandbox runs."""
    path = Path(FILE_NAME)
    path.write_text(path.read_text("utf-8").replace(f"http://127.0.0.1:{PORT}", url), "utf-8")


def _farewell(folder: Path, url: str, *, running: bool) -> None:
    words = [(f"cd {folder}", ""), (f"export SANDBOX_TOKEN={TOKEN}", say("the word that opens the sandbox"))]
    if shutil.which("reconciler") is None:
        words.append((f'export PATH="{Path(sys.executable).parent}:$PATH"', say("where this program is installed")))
    if not running:
        port = url.rsplit(":", 1)[1]
        words.append((f"reconciler sandbox up --port {port} --store .reconciler/sandbox.db", ""))
    words += [
        (f"reconciler plan --at {AT}", say("the drift is still there")),
        (f"reconciler apply --at {AT}", say("asks before it acts")),
        ("$EDITOR specs/cobranza.yaml", say("change the speed, stop the campaign; then plan again")),
        ("reconciler sandbox drift", say("play the colleague yourself")),
        ("reconciler sandbox down", say("stop the simulated platforms")),
    ]
    _title(say("Go on by yourself"))
    for command, meaning in words:
        click.echo(f"   {command:<56}  # {meaning}" if meaning else f"   {command}")
    click.echo(f"   {say('While the sandbox runs, look at {url}/', url=url)}")
