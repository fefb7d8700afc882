"""plan, show: what changes nothing."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler import __version__
from reconciler.catalogue import say
from reconciler.cli import exits
from reconciler.cli.options import Shared, common, format_among
from reconciler.cli.output import data, note, style, write_file
from reconciler.cli.workspace import moment, open_project, open_session
from reconciler.diagnostics import Severity
from reconciler.reports.plans import FORMATS, render_plan
from reconciler.reports.style import Style

if TYPE_CHECKING:
    from reconciler.cli.planfile import Making
    from reconciler.reconcile.propose import Asked, Proposal
    from reconciler.reconcile.session import Session


@click.command()
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Save the plan, for `show` and `apply`.")
@click.option(
    "--output-file", "files", multiple=True, metavar="FORMAT=FILE", help="Write the plan in that format too; repeatable."
)
@click.option("--detailed-exitcode", is_flag=True, help="Exit 2 when there are changes or drift.")
@click.option("--at", metavar="TIME", help="Judge as if it were then.")
@click.option(
    "--allow-delete", type=click.IntRange(min=0), metavar="N", help="Allow exactly N deletes; travels with the saved plan."
)
@click.option("--ack", "acks", multiple=True, metavar="GUARD=VALUE@DIGEST", help="Acknowledge one guard; repeatable.")
@common
def plan(
    shared: Shared,
    out: Path | None,
    files: tuple[str, ...],
    detailed_exitcode: bool,
    at: str | None,
    allow_delete: int | None,
    acks: tuple[str, ...],
) -> int:
    """Show what would change, and how many people would be contacted. Sends nothing but reads."""
    from reconciler.reconcile.propose import Asked, propose

    wanted = [_output_file(word) for word in files]
    shape = format_among(shared, FORMATS)
    project = open_project(shared)
    asked = Asked(only=shared.only, allow_delete=allow_delete, acks=acks, at=moment(at, project, "plan"))
    with open_session(project) as session:
        proposal, made = _to_save(session, asked, at) if out is not None else (propose(session, asked), None)
    shown = proposal.plan.to_json(__version__)
    data(render_plan(shown, shape, style(shared)))
    for name, path in wanted:
        write_file(path, render_plan(shown, name, Style(verbose=shared.verbose)).rstrip("\n") + "\n")
    if out is not None and made is not None:
        from reconciler.cli.planfile import sealed

        write_file(out, sealed(shown, made))
        note(shared, say("saved: {path}", path=out))
    return plan_exit(
        proposal.plan.worst(),
        blocked=proposal.plan.blocked,
        unreachable=proposal.unreachable,
        changes=detailed_exitcode and bool(proposal.plan.changes or proposal.plan.drift),
    )


def _to_save(session: Session, asked: Asked, at: str | None) -> tuple[Proposal, Making]:
    """A plan, and what a saved one keeps beside it: what it is made from is looked at first."""
    from reconciler.cli.reviewed import making
    from reconciler.reconcile.propose import propose
    from reconciler.reconcile.reviewing import basis_of

    basis = basis_of(session, asked.only)
    proposal = propose(session, asked)
    return proposal, making(session, proposal, basis, asked.only, at)


def plan_exit(worst: Severity | None, *, blocked: bool, unreachable: bool, changes: bool) -> int:
    """The exit code of a plan: unreachable before blocked before changes present."""
    codes = [exits.DONE]
    if unreachable:
        codes.append(exits.UNREACHABLE)
    if blocked:
        codes.append(exits.ERROR if worst is Severity.ERROR else exits.BLOCKED)
    if changes:
        codes.append(exits.CHANGES)
    return exits.strongest(*codes)


@click.command()
@click.argument("saved", metavar="PLAN", type=click.Path(path_type=Path, dir_okay=False))
@common
def show(shared: Shared, saved: Path) -> int:
    """Render a saved plan in any format."""
    from reconciler.cli.planfile import read_plan

    plan = read_plan(saved)
    data(render_plan(plan.shown, format_among(shared, FORMATS), style(shared)))
    return exits.DONE


def _output_file(word: str) -> tuple[str, Path]:
    name, _, path = word.partition("=")
    if name not in FORMATS or not path:
        raise click.UsageError(say("--output-file takes FORMAT=FILE; formats: {names}", names=", ".join(FORMATS)))
    return name, Path(path)
