"""when: a timeline of what will dial and send in the coming days, from the files alone."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final

import click

from reconciler import __version__
from reconciler.calendar import instant
from reconciler.catalogue import say
from reconciler.cli import exits
from reconciler.cli.options import Shared, common, format_among
from reconciler.cli.output import FORMAT_VERSION, data, note, style
from reconciler.cli.workspace import moment, open_project, open_session
from reconciler.plan.known import Seen
from reconciler.policies.timeline import Span, timeline
from reconciler.reports.timeline import TIMELINE_FORMATS, render_timeline
from reconciler.resource import Desired, Reading

if TYPE_CHECKING:
    from reconciler.reconcile.session import Session

DAYS_MAX: Final = 366


@click.command()
@click.option("--days", type=click.IntRange(1, DAYS_MAX), default=7, show_default=True, metavar="N", help="How many days.")
@click.option("--at", metavar="TIME", help="Begin then instead of now.")
@common
def when(shared: Shared, days: int, at: str | None) -> int:
    """Show what will dial and send in the coming days, in the time of those whom it reaches. Offline; needs no secret.

    Hours that a rule bars, holidays, and what cannot be told from the files are named. Who waits in a campaign, and rows that
    say their own zone, are judged in a plan.
    """
    from reconciler.reconcile.propose import selected, written

    format_among(shared, TIMELINE_FORMATS)
    project = open_project(shared)
    begin = moment(at, project, "when")
    with open_session(project) as session:
        specs, settings = written(session)
        now = begin or session.world.now()
        found = timeline(
            specs.desired,
            lambda wish: selected(wish, shared.only),
            project.targets,
            settings,
            lambda wish: _running(wish, session, now),
            now,
            days,
        )
    shown = {
        "format_version": FORMAT_VERSION,
        "tool_version": __version__,
        "simulated": sorted(name for name, target in project.targets.items() if target.sandbox),
        **found.to_json(),
    }
    data(render_timeline(shown, shared.format, style(shared)))
    note(shared, say("numbers, and zones of rows, are judged in a plan"))
    if settings.lawpacks == ():
        note(shared, say("no law is looked at: the project turned its law packs off"))
    return exits.DONE


def _running(desired: Desired, session: Session, now: datetime) -> Span | None:
    """From when until when a campaign runs as it is written: while it is started, or by fields that make it run by itself."""
    target = session.project.targets[desired.address.target]
    platform = session.platform(target)
    stored = platform.as_stored(desired, Seen(campaigns=Reading(read_at=now)), target)
    if not platform.runs_by_itself(stored):
        return Span() if desired.get("state") == "started" else None
    first, last = (stored.get(name) for name in ("start_at", "stop_at"))
    return Span(first=instant(first) if first else None, last=instant(last) if last else None)
