"""Options that every command has, given before or after its name, and their environment variables.

A common option reads `RECONCILER_<COMMAND>_<OPTION>` and then `RECONCILER_<OPTION>`: where both are set the narrower wins.
"""

from __future__ import annotations

import functools
import os
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Final

import click
from click.core import ParameterSource

from reconciler.catalogue import say, speak

if TYPE_CHECKING:
    from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Shared:
    """The common options of one call."""

    project: Path | None = None
    only: tuple[str, ...] = ()
    format: str = "text"
    color: str = "auto"
    quiet: bool = False
    verbose: int = 0
    lang: str = "en"

    @property
    def forced(self) -> bool:
        """Whether colours are wanted whatever stdout is."""
        if self.color != "auto":
            return self.color == "always"
        return not os.environ.get("NO_COLOR") and os.environ.get("FORCE_COLOR", "") not in ("", "0")

    @property
    def coloured(self) -> bool:
        """Whether stdout gets colours: as asked, else by NO_COLOR, FORCE_COLOR and whether it is a terminal."""
        if self.forced or self.color == "never" or os.environ.get("NO_COLOR"):
            return self.forced
        return sys.stdout.isatty()


class _Common(click.Option):
    """A common option: the command's own variable before the one for all commands."""

    def resolve_envvar_value(self, ctx: click.Context) -> str | None:
        narrow = f"{ctx.auto_envvar_prefix}_{(self.name or '').upper()}" if ctx.auto_envvar_prefix else ""
        for name in (narrow, f"RECONCILER_{(self.name or '').upper()}"):
            if name and os.environ.get(name):
                return os.environ[name]
        return None


def _overruled(context: click.Context, name: str) -> bool:
    """Whether an option comes from the environment, and was written before the command's name, which weighs more."""
    before, sources = context.parent, []
    while before is not None:
        sources.append(before.get_parameter_source(name))
        before = before.parent
    written = ParameterSource.COMMANDLINE
    return context.get_parameter_source(name) is not written and written in sources


def common(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the common options, as one `shared` argument."""

    @functools.wraps(command)
    def with_shared(**values: Any) -> Any:
        context = click.get_current_context()
        outer = context.find_object(Shared) or Shared()
        given = {name: values.pop(name) for name in ("project", "only", "format", "color", "quiet", "verbose", "lang")}
        said = {name: value for name, value in given.items() if value not in (None, (), False, 0)}
        if "project" in said:
            from pathlib import Path  # `--help` has no use for it

            said["project"] = Path(said["project"])
        shared = replace(outer, **{name: value for name, value in said.items() if not _overruled(context, name)})
        context.color = True if shared.forced else None  # click takes colours out again where stdout is no terminal
        speak(shared.lang)
        return command(shared=shared, **values)

    options = (
        click.option(
            "-p",
            "--project",
            cls=_Common,
            type=click.Path(),
            help="The project file; found upwards when left out.",
        ),
        click.option(
            "--only", cls=_Common, multiple=True, metavar="GLOB", help="Only addresses that match, or tag:WORD; repeatable."
        ),
        click.option("--format", "format", cls=_Common, metavar="FORMAT", help="text (default), json, …"),
        click.option("--color", cls=_Common, type=click.Choice(["auto", "always", "never"]), help="Colours."),
        click.option("-q", "--quiet", cls=_Common, is_flag=True, default=None, help="Only what must be said."),
        click.option("-v", "--verbose", cls=_Common, count=True, help="Say more; repeatable."),
        click.option("--lang", cls=_Common, type=click.Choice(["en", "es"]), help="The language of messages."),
    )
    for option in reversed(options):
        with_shared = option(with_shared)
    return with_shared


TEXT_OR_JSON: Final = ("text", "json")


def format_among(shared: Shared, known: Iterable[str]) -> str:
    """The format that was asked for, which has to be one of the command's."""
    names = list(known)
    if shared.format not in names:
        raise click.UsageError(
            say("'{format}' is not a format here; known: {names}", format=shared.format, names=", ".join(names))
        )
    return shared.format
