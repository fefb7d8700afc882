"""Rows and sends: what compared rows mean as changes, and what a reviewer has to know about them."""

from __future__ import annotations

from collections.abc import Iterator

from reconciler.catalogue import say
from reconciler.diagnostics import Finding, Severity
from reconciler.plan.values import Change, Reason, Wish
from reconciler.resource import Action, Address, Shape
from reconciler.rows.sheet import RowsDiff


def row_changes(wish: Wish, campaign: Address | None, shape: Shape) -> Iterator[Change]:
    """The changes of one document's rows. What is added to a list that we enforce is no change: nothing is sent for it."""
    rows = wish.rows
    if rows is None:
        return
    kind = wish.desired.address.kind
    if kind == "blacklist":
        if (added := rows.to_add + rows.to_mark) and not wish.enforced_by_us:
            yield _rows(wish, Action.BLACKLIST_ADD, Reason.ROWS, added, campaign=campaign)
        if rows.to_lift:
            yield _rows(wish, Action.BLACKLIST_REMOVE, Reason.LIFT, rows.to_lift, campaign=campaign)
        return
    if shape is Shape.SEND:
        if rows.to_add:
            yield _rows(wish, Action.SCHEDULE, Reason.ROWS, rows.to_add, reversible=False, campaign=campaign)
        return
    gone = rows.to_remove + rows.to_close + (0 if wish.replaced_in_place else rows.to_replace)
    if gone:
        yield _rows(wish, Action.ROWS_REMOVE, Reason.ROWS, gone, reversible=campaign is None, campaign=campaign)
    if rows.to_add + rows.to_replace:
        before = (f"{Action.ROWS_REMOVE.value} {wish.desired.address}",) if gone else ()
        added = rows.to_add + rows.to_replace
        yield _rows(wish, Action.ROWS_ADD, Reason.ROWS, added, reversible=campaign is None, campaign=campaign, after=before)


def row_findings(wish: Wish) -> Iterator[Finding]:
    """What the counts alone do not say: rows sent before with other content, and recipients that are held."""
    rows = wish.rows
    if rows is None:
        return
    if wish.rows_note:
        yield _note(wish, "UNV001", Severity.INFO, wish.rows_note)
    yield from _sent_before(wish, rows)
    if rows.again and wish.desired.address.kind != "blacklist":
        message = say(
            "{count:,} row(s) that were loaded before are gone; loading them again contacts their people again",
            count=rows.again,
        )
        yield _note(wish, "SND003", Severity.WARN, message, say("find out who removed them"))
    if held := rows.suppressed.get("in_doubt", 0):
        message = say("{count:,} recipients are held: an earlier call to them has an unknown outcome", count=held)
        yield _note(wish, "SND002", Severity.WARN, message, say("run 'reconciler resolve'"))


def _sent_before(wish: Wish, rows: RowsDiff) -> Iterator[Finding]:
    if not rows.old_content:
        return
    message = say("{count:,} rows went out before with another content; they are not sent again", count=rows.old_content)
    remedy = say("raise 'generation' to send to everybody again")
    if (wish.at or wish.desired.get("at", "on_apply")) != "on_apply":
        remedy += say("; what is scheduled cannot be taken back by any API")
    yield _note(wish, "SND001", Severity.WARN, message, remedy)


def _rows(
    wish: Wish,
    action: Action,
    reason: Reason,
    count: int,
    *,
    reversible: bool = True,
    campaign: Address | None = None,
    after: tuple[str, ...] = (),
) -> Change:
    return Change(
        action=action,
        address=wish.desired.address,
        reason=reason,
        reversible=reversible,
        verifiable=wish.verifiable,
        depends_on=after,
        count=count,
        origin=wish.desired.origin,
        campaign=campaign,
    )


def _note(wish: Wish, code: str, severity: Severity, message: str, remedy: str = "") -> Finding:
    desired = wish.desired
    return Finding(code=code, severity=severity, message=message, remedy=remedy, address=desired.address, origin=desired.origin)
