"""When a record becomes a call: the ground truth of whom wolkvox would dial.

A record of a started campaign is dialled once unless it was closed, is marked do-not-call, or has no number outside the
do-not-call list. The hours of a campaign are not simulated: a started campaign counts as dialling at any hour, which is
the worst that can happen. The console's record filter is kept and not applied, for the same reason.
"""

from __future__ import annotations

from reconciler.sandbox.effects import Reached, log
from reconciler.sandbox.exchange import Turn, iso

DO_NOT_CALL = "DO-NOT-CALL"


def dial(turn: Turn, campaign_id: int) -> None:
    """Log a call for every record of the campaign that waits and may be dialled, if the campaign is started."""
    campaign = turn.db.execute(
        "SELECT name FROM wolkvox_campaign WHERE account = ? AND id = ? AND status = 'Started'",
        (turn.account, campaign_id),
    ).fetchone()
    if campaign is None:
        return
    waiting = turn.db.execute(
        "SELECT seq, customer_id, phones FROM wolkvox_record "
        "WHERE account = ? AND campaign = ? AND reached = 0 AND closed = 0 AND result != ? ORDER BY seq",
        (turn.account, campaign_id, DO_NOT_CALL),
    ).fetchall()
    if not waiting:
        return
    barred = {
        phone
        for (phone,) in turn.db.execute(
            "SELECT phone FROM wolkvox_dnc WHERE account = ? AND direction = 'outbound'", (turn.account,)
        )
    }
    reached: list[Reached] = []
    seqs: list[tuple[int]] = []
    for seq, customer_id, phones in waiting:
        callable_ = next((phone for phone in phones.split() if phone not in barred), None)
        if callable_ is not None:
            reached.append(
                Reached(
                    container=campaign[0],
                    container_id=str(campaign_id),
                    recipient=callable_,
                    what="call",
                    key=customer_id,
                )
            )
            seqs.append((seq,))
    log(turn, reached)
    turn.db.executemany("UPDATE wolkvox_record SET reached = 1 WHERE seq = ?", seqs)


def dial_started(turn: Turn) -> None:
    """The same for every started campaign of the account: a number left the do-not-call list."""
    for (campaign_id,) in turn.db.execute(
        "SELECT id FROM wolkvox_campaign WHERE account = ? AND status = 'Started' ORDER BY id", (turn.account,)
    ).fetchall():
        dial(turn, campaign_id)


def expire(turn: Turn) -> None:
    """Numbers blocked for days leave the list when their days are over."""
    over = turn.db.execute(
        "DELETE FROM wolkvox_dnc WHERE expires_at IS NOT NULL AND expires_at <= ? AND account = ?",
        (iso(turn.now), turn.account),
    )
    if over.rowcount:
        dial_started(turn)
