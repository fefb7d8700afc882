"""Where words go: data to stdout, messages and progress to stderr; errors in one form; bugs in one line."""

from __future__ import annotations

import hashlib
import json
import os
import sys
import traceback
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from reconciler import __version__
from reconciler.catalogue import say
from reconciler.cli.options import Shared
from reconciler.errors import ReconcilerError
from reconciler.personal import mask_text
from reconciler.reports import Style

FORMAT_VERSION: Final = "1.0"


def style(shared: Shared) -> Style:
    """How reports look for this call."""
    return Style(colour=shared.coloured, verbose=shared.verbose, quiet=shared.quiet)


def data(text: str) -> None:
    """Print data to stdout, whole."""
    click.echo(text.rstrip("\n"))


def note(shared: Shared | None, text: str) -> None:
    """Say something beside the data, unless asked to be quiet."""
    if shared is None or not shared.quiet:
        click.echo(text, err=True)


def tell_error(error: ReconcilerError, arguments: Sequence[str]) -> None:
    """An error of the tree: what, where, what to do; and on stdout as JSON where JSON was asked for."""
    if wants_json(arguments):
        shown = {"code": error.code, "message": error.message, "remedy": error.remedy, "place": error.place or None}
        findings = [finding.to_json() for finding in getattr(error, "findings", ())]
        data(json.dumps({"format_version": FORMAT_VERSION, "error": shown, "findings": findings}, indent=2, ensure_ascii=False))
    place = f"{error.place}: " if error.place else ""
    click.echo(f"{say('error')} {error.code}: {place}{error.message}", err=True)
    if error.remedy:
        click.echo(f"  {say('help')}: {error.remedy}", err=True)


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether the call asked for JSON, by option or environment."""
    words = list(arguments)
    for index, word in enumerate(words):
        if word == "--format" and words[index + 1 : index + 2] == ["json"]:
            return True
        if word == "--format=json":
            return True
    return os.environ.get("RECONCILER_FORMAT") == "json" and "--format" not in words


def tell_bug(bug: Exception, context: dict[str, Any]) -> None:
    """A mistake of this program's: one line for the person, and a masked file for whoever mends it."""
    frames = traceback.extract_tb(bug.__traceback__)
    places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    name = hashlib.sha256("\n".join([type(bug).__name__, *places]).encode()).hexdigest()[:8]
    lines = [
        f"reconciler {__version__}, Python {sys.version.split()[0]}, {datetime.now(UTC).isoformat(timespec='seconds')}",
        f"command: {(context['arguments'] or ['-'])[0]}",
        f"{type(bug).__name__}: {mask_text(_without_values(bug))}",
        *places,
    ]
    folder = Path(".reconciler")
    path = folder / f"bug-{name}.txt"
    try:
        folder.mkdir(exist_ok=True)
        path.write_text("\n".join(lines) + "\n", "utf-8")
        where = say("details, masked: {path}", path=path)
    except OSError:
        where = say("the details could not be saved")
    click.echo(f"{say('error')} BUG001-{name}: {say('a bug in this program; nothing more was sent')}. {where}", err=True)


def _without_values(bug: Exception) -> str:
    """The words of an exception of ours; those of others may quote people's data."""
    return str(bug) if type(bug).__module__.startswith("reconciler") or isinstance(bug, AssertionError) else ""


def stop_quietly() -> None:
    """Nobody reads stdout any more: give the interpreter something harmless to flush."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def write_file(path: Path, text: str) -> None:
    """Write a file whole or not at all."""
    part = path.with_name(f".{path.name}.part")
    path.parent.mkdir(parents=True, exist_ok=True)
    part.write_text(text, "utf-8")
    part.replace(path)


def lines_of(root: Path) -> Callable[[str], list[str] | None]:
    """The lines of a project's file, for showing a place; None where it cannot be read."""

    def read(name: str) -> list[str] | None:
        try:
            return (root / name).read_text("utf-8", errors="replace").splitlines()
        except OSError:
            return None

    return read
