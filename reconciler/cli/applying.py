"""apply: carries out what was reviewed."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import click

from reconciler import __version__
from reconciler.apply import Run, Tell, too_late
from reconciler.catalogue import say
from reconciler.cli import exits
from reconciler.cli.options import Shared, common, format_among
from reconciler.cli.output import FORMAT_VERSION, data, note, say_aside, style, tell_bug, tell_error
from reconciler.cli.planfile import Making, SavedPlan, read_plan
from reconciler.cli.planning import plan_exit
from reconciler.cli.progress import Progress
from reconciler.cli.workspace import moment, open_project, open_session
from reconciler.errors import Blocked, ReconcilerError, Stale
from reconciler.reports.plans import render_plan
from reconciler.reports.run import RUN_FORMATS, event_line, narrowed_line, render_run

if TYPE_CHECKING:
    from reconciler.plan.narrow import Difference
    from reconciler.plan.values import Change
    from reconciler.reconcile.propose import Proposal

# Findings that say: an earlier outcome is unknown, and this plan would touch it.
_UNSETTLED: Final = frozenset({"DEP001", "DEP002", "SND002"})
_DIGEST_MIN, _DIGEST_MAX = 8, 64  # hex digits


@click.command()
@click.argument("saved", metavar="[PLAN]", required=False, type=click.Path(path_type=Path, dir_okay=False))
@click.option("--digest", metavar="SHA", help="Carry out only the plan of that digest.")
@click.option("--auto-approve", is_flag=True, help="Ask nobody.")
@click.option("--allow-delete", type=click.IntRange(min=0), metavar="N", help="Allow exactly N deletes.")
@click.option(
    "--allow-irreversible",
    type=click.IntRange(min=0),
    metavar="N",
    help="With --auto-approve: allow exactly N irreversible steps.",
)
@click.option("--ack", "acks", multiple=True, metavar="GUARD=VALUE@DIGEST", help="Acknowledge one guard; repeatable.")
@click.option("--safe-only", is_flag=True, help="Carry out only stops and blacklist additions, whatever else is held back.")
@click.option("--at", metavar="TIME", help="Judge as if it were then; only where every target is the sandbox.")
@common
def apply(
    shared: Shared,
    saved: Path | None,
    digest: str | None,
    auto_approve: bool,
    allow_delete: int | None,
    allow_irreversible: int | None,
    acks: tuple[str, ...],
    safe_only: bool,
    at: str | None,
) -> int:
    """Plan again, refuse if it is not what was reviewed, and carry it out; every call is recorded before it is sent."""
    from reconciler.cli.reviewed import narrowed, still_good
    from reconciler.reconcile.carry import Use, Watching, carry, claim, new_run
    from reconciler.reconcile.propose import Asked, propose, protecting

    if safe_only and (saved or digest):
        raise click.UsageError(say("--safe-only carries out no reviewed plan: give --auto-approve, or answer at a terminal"))
    format_among(shared, RUN_FORMATS)
    plan_file = read_plan(saved) if saved else None
    reviewed = _reviewed(plan_file, digest)
    made = plan_file.made if plan_file else None
    if made and shared.only not in ((), made.only):
        raise click.UsageError(say("a saved plan is carried out as it was reviewed: make it with --only"))
    project = open_project(shared)
    when = moment(at or (made.at if made else None), project, "apply")
    asked = Asked(
        only=made.only if made else shared.only,
        allow_delete=plan_file.allow_delete if plan_file and allow_delete is None else allow_delete,
        acks=(*(plan_file.acks if plan_file else ()), *acks),
        at=when,
        reviewed=plan_file.digest if plan_file else "",
        applying=True,
        protecting=safe_only,
    )
    with open_session(project) as session, _polite_stop() as stop:
        run = new_run()
        with session.journal.lock(claim(run), session.moment) as held:
            if plan_file:
                still_good(session, plan_file, when)
            proposal = propose(session, asked)
            if safe_only:
                proposal = protecting(proposal)
            plan = proposal.plan
            shown = plan.to_json(__version__)
            if not safe_only and any(finding.code in _UNSETTLED for finding in plan.findings):
                _show_instead(shared, shown, say("an earlier outcome is unknown, so nothing is sent: run 'reconciler resolve'"))
                return exits.UNKNOWN
            other = bool(reviewed) and not plan.digest.startswith(reviewed)
            if other and proposal.unreachable:
                _show_instead(shared, shown, say("a target did not show its whole state; nothing was sent"))
                return exits.UNREACHABLE
            try:
                if other and plan_file is None:
                    raise _not_reviewed(plan.digest, reviewed)
                less = narrowed(session, plan_file, proposal) if plan_file else ()
            except Stale:
                if shared.format != "json":
                    _show_instead(shared, shown, "")
                raise
            if plan.blocked:
                _show_instead(shared, shown, say("blocked: nothing was sent"))
                return plan_exit(plan.worst(), blocked=True, unreachable=proposal.unreachable, changes=False)
            if not plan.empty:
                _allowed(
                    plan.deletes,
                    plan.irreversible,
                    _deletes_left(plan.deletes, asked.allow_delete, made),
                    allow_irreversible,
                    auto_approve=auto_approve,
                    reviewed=bool(reviewed),
                )
                _asked(shared, shown, auto_approve=auto_approve, reviewed=bool(reviewed))
                _in_time(proposal, session.world.now())
            _tell_less(shared, less)
            use = Use(seal=plan_file.seal, digest=plan_file.digest, narrowed=less) if plan_file else None
            with _progress(shared, plan.changes, session.world.now) as tell:
                done = carry(session, proposal, run, Watching(tell=tell, go_on=stop.go_on), held=held, use=use)
            left = () if done.broke else session.journal.memory().unsettled
            head = "" if done.broke else session.journal.head
    aside = proposal.listing.aside
    code = exits.strongest(
        done.exit_code,
        *([exits.UNREACHABLE] if proposal.unreachable else []),
        *([exits.UNKNOWN] if left else []),
        *([exits.ERROR] if aside else []),
    )
    data(render_run({**_run_json(done, shown, head, less), "exit_code": code}, shared.format, style(shared)))
    if len(left) > len(done.unknown):
        note(None, say("outcomes of earlier runs are unknown: run 'reconciler resolve'"))
    for finding in aside:
        note(None, say("set aside: {place}: {message}", place=finding.origin or finding.address, message=finding.message))
    _tell_what_broke(done)
    return code


def _tell_what_broke(run: Run) -> None:
    """Why a run ended before its time, after what it did."""
    if isinstance(run.broke, ReconcilerError):
        tell_error(run.broke, ())
    elif run.broke:
        tell_bug(run.broke, {"arguments": ["apply"], "commands": ["apply"]})


def _not_reviewed(now: str, then: str) -> Stale:
    message = say("what would be done now is not what was reviewed: {now} is not {then}", now=now[:12], then=then[:12])
    return Stale(message, code="STL001", remedy=say("plan and review again"))


def _in_time(proposal: Proposal, now: datetime) -> None:
    """Stale where the answer came so late that what was shown may not be true any more."""
    for change in proposal.plan.changes:
        if why := too_late(proposal.plan, change.action, now - proposal.read_at):
            raise Stale(why, code="STL003", remedy=say("plan and review again"))


def _reviewed(plan_file: SavedPlan | None, digest: str | None) -> str:
    """The digest that was reviewed, by file or by word; "" when nothing was."""
    word = (digest or "").removeprefix("sha256:").lower()
    if digest is not None and (not _DIGEST_MIN <= len(word) <= _DIGEST_MAX or set(word) - set("0123456789abcdef")):
        raise click.UsageError(say("--digest takes 8 to 64 hex digits of a plan's sha256"))
    if plan_file and word and not plan_file.digest.startswith(word):
        raise Stale(say("the plan file has another digest than --digest"), code="STL001", remedy=say("plan and review again"))
    return plan_file.digest if plan_file else word


def _deletes_left(deletes: int, allowed: int | None, made: Making | None) -> int | None:
    """The number of deletes that is allowed. What was allowed for a reviewed plan holds for what is left of it."""
    return deletes if made and allowed is not None and deletes <= allowed <= made.extent.deletes else allowed


def _tell_less(shared: Shared, less: Sequence[Difference]) -> None:
    for difference in less:
        note(shared, say("narrowed: {what}", what=narrowed_line(difference.to_json())))


def _show_instead(shared: Shared, shown: dict[str, Any], why: str) -> None:
    """The plan that is not carried out, and why."""
    if shared.format == "json":
        data(json.dumps(shown, indent=2, ensure_ascii=False))
    else:
        data(render_plan(shown, "text", style(shared)))
    if why:
        note(None, why)


def _allowed(
    deletes: int,
    irreversible: int,
    allow_delete: int | None,
    allow_irreversible: int | None,
    *,
    auto_approve: bool,
    reviewed: bool,
) -> None:
    if deletes and allow_delete != deletes:
        message = say("the plan deletes {count}, and that number is not allowed", count=deletes)
        raise Blocked(message, code="APR002", remedy=say("give --allow-delete {count}", count=deletes))
    if auto_approve and not reviewed and irreversible and allow_irreversible != irreversible:
        message = say("the plan has {count} irreversible step(s), and that number is not allowed", count=irreversible)
        raise Blocked(message, code="APR003", remedy=say("give --allow-irreversible {count}", count=irreversible))


def _asked(shared: Shared, shown: dict[str, Any], *, auto_approve: bool, reviewed: bool) -> None:
    """A yes: from a reviewed digest, from --auto-approve, or from a person at a terminal."""
    if reviewed or auto_approve:
        return
    if not (sys.stdin.isatty() and sys.stderr.isatty()):
        message = say("nobody can be asked here: there is no terminal")
        raise Blocked(message, code="APR001", remedy=say("give a reviewed PLAN, --digest SHA or --auto-approve"))
    click.echo(render_plan(shown, "text", style(shared)), err=True)
    answer = click.prompt(say("Type 'yes' to carry it out"), default="", show_default=False, err=True)
    if answer.strip().lower() != say("yes"):
        raise Blocked(say("not approved; nothing was sent"), code="APR001", remedy="")


class _Stop:
    """Whether somebody asked the run to stop. Before the first call that is an end at once; after it, the call in flight is
    finished and recorded first.
    """

    asked = False
    sending = False

    def go_on(self) -> bool:
        """Asked before every call that is sent."""
        self.sending = True
        return not self.asked

    def ask(self, _number: int, _frame: object) -> None:
        """A signal came. Nothing here may write through a stream that the signal may have interrupted."""
        if not self.sending:
            raise KeyboardInterrupt
        self.asked = True
        with suppress(OSError):
            os.write(2, (say("stopping after the call in flight …") + "\n").encode())


@contextmanager
def _polite_stop() -> Iterator[_Stop]:
    stop = _Stop()
    before = {number: signal.signal(number, stop.ask) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def _progress(shared: Shared, changes: Sequence[Change], now: Callable[[], datetime]) -> Iterator[Callable[[Tell], None]]:
    """Tells on stderr how a run goes, unless nobody is there to read it."""
    if shared.quiet or shared.format == "json":
        yield lambda _event: None
        return
    progress = Progress(
        changes,
        now=now,
        line_of=lambda outcome: event_line(outcome.to_json(), style(shared)),
        write=say_aside,
        live=sys.stderr.isatty(),
    )
    try:
        yield progress.tell
    finally:
        progress.end()


def _run_json(run: Run, plan: dict[str, Any], head: str, less: Sequence[Difference] = ()) -> dict[str, Any]:
    return {
        "format_version": FORMAT_VERSION,
        "tool_version": __version__,
        "run": run.id,
        "digest": run.digest,
        "exit_code": run.exit_code,
        "started_at": run.started_at.isoformat(),
        "ended_at": run.ended_at.isoformat(),
        "changes": [outcome.to_json() for outcome in run.outcomes],
        "people": plan["people"],
        "unknown": run.unknown,
        "narrowed": [difference.to_json() for difference in less],
        "simulated": [target["name"] for target in plan["targets"] if target["simulated"]],
        "journal_head": head,
    }
