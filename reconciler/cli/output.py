"""Where words go: data to stdout, messages and progress to stderr; errors in one form; bugs in one line."""

from __future__ import annotations

import hashlib
import json
import os
import sys
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

import click

from reconciler import __version__
from reconciler.catalogue import say
from reconciler.cli.options import Shared
from reconciler.errors import ReconcilerError
from reconciler.personal import mask_text
from reconciler.reports.style import Style

FORMAT_VERSION: Final = "1.0"


def style(shared: Shared) -> Style:
    """How reports look for this call."""
    return Style(colour=shared.coloured, verbose=shared.verbose, quiet=shared.quiet)


def data(text: str) -> None:
    """Print data to stdout, whole. A reader who has gone changes nothing about how the command ends."""
    try:
        click.echo(text.rstrip("\n"))
    except BrokenPipeError:
        _abandon(sys.stdout)


def note(shared: Shared | None, text: str) -> None:
    """Say something beside the data, unless asked to be quiet."""
    if shared is None or not shared.quiet:
        say_aside(text)


def say_aside(text: str, *, end: str = "\n") -> None:
    """Write to stderr; that nobody can read it there any more ends nothing."""
    try:
        click.echo(text + end, err=True, nl=False)
    except OSError:
        _abandon(sys.stderr)


def tell_error(error: ReconcilerError, arguments: Sequence[str]) -> None:
    """An error of the tree: what, where, what to do; and on stdout as JSON where JSON was asked for."""
    findings = [finding.to_json() for finding in getattr(error, "findings", ())]
    tell_ending(error.message, arguments, code=error.code, remedy=error.remedy, place=error.place, findings=findings)
    place = f"{error.place}: " if error.place else ""
    if findings and not wants_json(arguments):
        from reconciler.reports.findings import render_findings
        from reconciler.reports.style import Style

        say_aside(render_findings(findings, lambda _file: None, Style()))  # the folder may be another project's
    say_aside(f"{say('error')} {error.code}: {place}{error.message}")
    if error.remedy:
        say_aside(f"  {say('help')}: {error.remedy}")


def tell_ending(
    message: str,
    arguments: Sequence[str],
    *,
    code: str | None = None,
    remedy: str = "",
    place: str = "",
    findings: Sequence[dict[str, Any]] = (),
) -> None:
    """Why a command ended without its data, on stdout, where JSON was asked for; `code` is one that `explain` knows."""
    if wants_json(arguments):
        shown = {"code": code, "message": message, "remedy": remedy, "place": place or None}
        whole = {"format_version": FORMAT_VERSION, "error": shown, "findings": list(findings)}
        data(json.dumps(whole, indent=2, ensure_ascii=False))


def wants_json(arguments: Sequence[str]) -> bool:
    """Whether the call asked for JSON, by option or environment, as click would read them: the last and the narrowest win."""
    given = [word.partition("=")[2] or following for word, following in _options(arguments) if word.startswith("--format")]
    if given:
        return given[-1] == "json"
    command = next((word for word in arguments if not word.startswith("-")), "").upper()
    return (os.environ.get(f"RECONCILER_{command}_FORMAT") or os.environ.get("RECONCILER_FORMAT")) == "json"


def _options(arguments: Sequence[str]) -> list[tuple[str, str]]:
    """Each word with the one after it, up to `--`."""
    words = list(arguments)
    words = words[: words.index("--")] if "--" in words else words
    return list(pairwise([*words, ""]))


def tell_bug(bug: Exception, context: dict[str, Any]) -> None:
    """A mistake of this program's: one line for the person, and a masked file for whoever mends it."""
    import traceback

    frames = traceback.extract_tb(bug.__traceback__)
    places = [f"{Path(frame.filename).name}:{frame.lineno} {frame.name}" for frame in frames]
    name = hashlib.sha256("\n".join([type(bug).__name__, *places]).encode()).hexdigest()[:8]
    lines = [
        f"reconciler {__version__}, Python {sys.version.split()[0]}, {datetime.now(UTC).isoformat(timespec='seconds')}",
        f"command: {next((word for word in context['arguments'] if word in context.get('commands', ())), '-')}",
        f"{type(bug).__name__}: {mask_text(_without_values(bug))}",
        *places,
    ]
    folder = Path(".reconciler")
    path = folder / f"bug-{name}.txt"
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        path.write_text("\n".join(lines) + "\n", "utf-8")
        where = say("details, masked: {path}", path=path)
    except OSError:
        where = say("the details could not be saved")
    message = say("a bug in this program; nothing more was sent")
    tell_ending(message, context["arguments"], code="BUG001", remedy=where)
    say_aside(f"{say('error')} BUG001-{name}: {message}. {where}")


def _without_values(bug: Exception) -> str:
    """The words of an exception of ours; those of others may quote people's data."""
    return str(bug) if type(bug).__module__.startswith("reconciler") or isinstance(bug, AssertionError) else ""


def stop_quietly() -> None:
    """Nobody reads stdout any more."""
    _abandon(sys.stdout)


def _abandon(stream: Any) -> None:
    """Give the interpreter something harmless to flush into."""
    with suppress(OSError, ValueError, AttributeError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


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
