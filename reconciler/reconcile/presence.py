"""Rows that are in a campaign already, by HMAC: those that were there when it was adopted, and those of a call in doubt."""

from __future__ import annotations

from reconciler.journal.entry import Columns
from reconciler.plan.known import Seen, Unsettled
from reconciler.platforms.platform import NotReadable
from reconciler.reconcile.reach import container_of
from reconciler.reconcile.session import Session
from reconciler.resource import Desired, Live
from reconciler.rows.sheet import Presence
from reconciler.specs import rows_spec
from reconciler.target import Target
from reconciler.wire import LostError


def baseline(session: Session, desired: Desired, target: Target, live: Live, seen: Seen) -> tuple[Columns, int, str]:
    """Every row that is in a campaign now, by HMAC: packed columns, how many, and the container they are remembered in."""
    from reconciler.rows.recipients import names_of_table

    platform = session.platform(target)
    sheet = platform.sheet(desired, target)
    container = container_of(target, desired, live)
    if not sheet.readable:
        return Columns(), 0, container
    rows_seen = session.wire(target).run(platform.read_rows(desired, target, live, seen, iter(())))
    if not rows_seen.tables:
        return Columns(), 0, container
    spec = rows_spec(desired, target, session.project, sheet)
    packed = names_of_table(session.engine, spec, rows_seen.tables[0], container)
    return Columns(recipients=packed), len(packed) // 16, container


def presence_of(session: Session, desired: Desired, target: Target, doubt: Unsettled, seen: Seen) -> Presence | None:
    """How the recipients of an upload in doubt stand in the live rows; None where they cannot be listed now."""
    from reconciler.rows.recipients import presence_in

    if desired.address.kind == "campaign":
        return None
    platform = session.platform(target)
    sheet = platform.sheet(desired, target)
    live = seen.by_id(doubt.container.rsplit("|", 1)[-1])
    if not sheet.readable or (live is None and desired.get("campaign")):
        return None
    try:
        rows_seen = session.wire(target).run(platform.read_rows(desired, target, live, seen, iter(())))
    except (NotReadable, LostError):
        return None
    if not rows_seen.tables or not rows_seen.complete:
        return None
    spec = rows_spec(desired, target, session.project, sheet)
    entries = [stored for stored in session.journal.entries(doubt.run) if stored.entry.operation == doubt.operation]
    generation = entries[-1].entry.generation if entries else 1
    held = [columns.recipients for columns in session.journal.held(doubt.container)]
    return presence_in(session.engine, spec, rows_seen.tables[0], doubt.container, generation, held)
