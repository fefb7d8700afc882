"""The command line: the only place that knows click, the terminal, the environment and the clock.

Commands live in one file a family and are imported when they are called, so that `--help` costs nothing; so is what tells
of errors. `run` turns every ending into an exit code.
"""

from __future__ import annotations

import errno
import importlib
import sys
from collections.abc import Sequence
from typing import Any, Final

import click

from reconciler import __version__
from reconciler.catalogue import say
from reconciler.cli import exits
from reconciler.cli.options import Shared, common
from reconciler.errors import Mistaken, ReconcilerError

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG})  # a disk that takes nothing more

# name -> (module, attribute, one line of help)
COMMANDS: Final[dict[str, tuple[str, str, str]]] = {
    "demo": ("demo", "demo", "Make a working project in a folder and show plan, apply and drift on the sandbox."),
    "init": ("start", "init", "Scaffold a project of your own."),
    "validate": ("validating", "validate", "Check every file, offline; all problems at once."),
    "plan": ("planning", "plan", "Show what would change and how many people would be contacted; changes nothing."),
    "show": ("planning", "show", "Render a saved plan."),
    "apply": ("applying", "apply", "Carry out what was reviewed."),
    "drift": ("drift", "drift", "Show what somebody changed in a console since the last apply; changes nothing."),
    "blacklist": ("blacklist", "blacklist", "Write opt-outs that arrived on a platform back into the files."),
    "resolve": ("resolving", "resolve", "List and settle unknown outcomes."),
    "lock": ("locking", "lock", "Keep everybody from applying."),
    "unlock": ("locking", "unlock", "Lift a lock."),
    "when": ("when", "when", "A timeline of what will dial and send in the coming days; offline."),
    "import": ("start", "import_", "Adopt a live object and write it as YAML."),
    "audit": ("audit", "audit", "The journal, for auditors."),
    "journal": ("journal", "journal", "Move the journal to another place."),
    "doctor": ("help", "doctor", "Check reachability and credentials of every target."),
    "policy": ("policy", "policy", "The law packs: list their rules, check documents, test cases of your own."),
    "fmt": ("fmt", "fmt", "Propose a wording of messages that costs fewer segments."),
    "explain": ("help", "explain", "Explain a code or a rule."),
    "schema": ("help", "schema", "Write the JSON Schemas."),
    "completion": ("help", "completion", "Print the completion script of a shell."),
    "sandbox": ("sandbox", "sandbox", "The three simulated platforms on loopback."),
}


class Lazy(click.Group):
    """A group whose commands are imported when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        module, attribute, _help = COMMANDS[cmd_name]
        command: click.Command = getattr(importlib.import_module(f"reconciler.cli.{module}"), attribute)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section(say("Commands")):
            formatter.write_dl([(name, say(entry[2])) for name, entry in COMMANDS.items()])

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in COMMANDS and not args[0].startswith("-"):
            from reconciler.diagnostics import did_you_mean

            raise click.UsageError(
                say("there is no command '{name}'; {hint}", name=args[0], hint=did_you_mean(args[0], COMMANDS)), ctx
            )
        return super().resolve_command(ctx, args)


@click.group(cls=Lazy, context_settings={"auto_envvar_prefix": "RECONCILER", "help_option_names": ["-h", "--help"]})
@click.version_option(__version__, "--version", prog_name="reconciler")
@common
def cli(shared: Shared) -> None:
    """Campaigns as code for contact centers: Lynn, wolkvox and uContact.

    What is wished is YAML in git; a plan shows what would change and how many people would be contacted; an apply carries
    it out, records every call first, and contacts nobody twice.
    """
    click.get_current_context().obj = shared


def run(arguments: Sequence[str]) -> int:
    """Run one command; gives the exit code. Nothing leaves here as a traceback."""
    context: dict[str, Any] = {"arguments": list(arguments), "commands": frozenset(COMMANDS)}
    try:
        code = cli.main(args=list(arguments), prog_name="reconciler", standalone_mode=False)
        return code if isinstance(code, int) else exits.DONE
    except click.exceptions.Exit as leaving:
        return leaving.exit_code
    except click.ClickException as wrong:
        from reconciler.cli.output import tell_ending

        tell_ending(wrong.format_message(), arguments)
        wrong.show(sys.stderr)
        return exits.USAGE if isinstance(wrong, click.UsageError) else exits.ERROR
    except (click.Abort, KeyboardInterrupt):
        from reconciler.cli.output import say_aside, tell_ending

        tell_ending(say("interrupted"), arguments, code="INT001")
        say_aside(say("interrupted"))
        return exits.INTERRUPTED
    except ReconcilerError as known:
        from reconciler.cli.output import tell_error

        tell_error(known, list(arguments))
        return known.exit_code
    except BrokenPipeError:
        from reconciler.cli.output import stop_quietly

        stop_quietly()
        return exits.DONE
    except Exception as bug:  # noqa: BLE001 - the last door: a person sees one line, the details are saved masked
        from reconciler.cli.output import tell_bug, tell_error

        if isinstance(bug, OSError) and bug.errno in FULL:
            full = Mistaken(
                say("a file cannot be written: {why}", why=bug.strerror or ""),
                code="DSK001",
                remedy=say("free space, or mend the disk or its permissions, and run again"),
            )
            tell_error(full, list(arguments))
        else:
            tell_bug(bug, context)
        return exits.ERROR


__all__ = ["cli", "run"]
