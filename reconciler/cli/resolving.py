"""resolve: what is unknown, settled by reading or by a person's word."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from reconciler.catalogue import say
from reconciler.cli import exits
from reconciler.cli.options import Shared, common
from reconciler.cli.output import FORMAT_VERSION, data, note
from reconciler.cli.workspace import open_project, open_session
from reconciler.errors import Mistaken

if TYPE_CHECKING:
    from reconciler.reconcile.session import Session


@click.command()
@click.argument("run", required=False, default="")
@click.argument("operation", required=False, default="", metavar="[OP]")
@click.option("--verdict", type=click.Choice(["done", "not-done"]), help="What a person found out.")
@click.option("--reason", default="", help="Why; kept in the journal.")
@common
def resolve(shared: Shared, run: str, operation: str, verdict: str | None, reason: str) -> int:
    """List unknown outcomes; settle those of RUN by reading, one OP by a verdict; or close a `!` step by its key."""
    from reconciler.reconcile.carry import claim, new_run

    if verdict and not reason.strip():
        raise click.UsageError(say("a verdict needs --reason: auditors will ask"))
    if verdict and not operation and "#" not in run:
        raise click.UsageError(say("a verdict names RUN and OP"))
    with open_session(open_project(shared)) as session:
        if verdict or run:
            with session.journal.lock(claim(new_run()), session.moment):
                _resolve(session, shared, run, operation, verdict, reason)
        left = session.journal.memory().unsettled
    rows = [
        {
            "run": doubt.run,
            "operation": doubt.operation,
            "address": str(doubt.address),
            "action": doubt.action.value,
            "call": doubt.call,
            "count": doubt.count,
            "since": doubt.since.isoformat(),
            "why": doubt.why,
        }
        for doubt in left
    ]
    if shared.format == "json":
        data(json.dumps({"format_version": FORMAT_VERSION, "unknown": rows}, indent=2, ensure_ascii=False))
    else:
        data(_unknown_text(rows))
    return exits.UNKNOWN if left else exits.DONE


def _resolve(session: Session, shared: Shared, run: str, operation: str, verdict: str | None, reason: str) -> None:
    """Record what a person says, or settle a run by reading. An apply at work keeps its own calls to itself."""
    from reconciler.reconcile.doubts import close_step, judge_by_person, settle_by_reading

    if verdict and operation:
        doubt = judge_by_person(session, run, operation, "done" if verdict == "done" else "not-done", reason)
        note(shared, say("recorded for {address}: {verdict}", address=doubt.address, verdict=verdict))
    elif verdict == "done":
        close_step(session, run, reason)
        note(shared, say("closed: {key}", key=run))
    elif verdict:
        raise Mistaken(say("a step is closed with --verdict done"), code="MAN001", remedy=say("leave it open otherwise"))
    else:
        if run not in {doubt.run for doubt in session.journal.memory().unsettled}:
            message = say("run '{run}' has no unknown outcome", run=run)
            raise Mistaken(message, code="DEP001", remedy=say("'reconciler resolve' lists them"))
        for settlement in settle_by_reading(session, run, lambda waiting: _countdown(shared, waiting.seconds_left)):
            doubt = settlement.doubt
            note(shared, f"{doubt.address} {doubt.call}: {settlement.verdict.value} – {settlement.why}")


def _countdown(shared: Shared, seconds: float) -> None:
    note(shared, say("waiting {seconds:.0f} s more, until a lost call can no longer take effect", seconds=seconds))


def _unknown_text(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return say("Nothing is unknown.")
    lines = [say("{count} outcome(s) unknown:", count=len(rows))]
    for row in rows:
        lines.append(f"  ‼ {row['address']}  {row['action']} · {row['call']} · {row['count']:,} rows · {row['since']}")
        lines.append(f"      run {row['run']}  op {row['operation']}  {row['why']}")
    lines.append(say("settle by reading:   reconciler resolve {run}", run=rows[0]["run"]))
    lines.append(
        say(
            "or by a verdict:     reconciler resolve {run} {op} --verdict done|not-done --reason TEXT",
            run=rows[0]["run"],
            op=rows[0]["operation"][:8],
        )
    )
    return "\n".join(lines)
