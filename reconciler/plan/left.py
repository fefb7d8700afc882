"""What stays where it is when its document goes: rows, messages and blacklist entries. A removed document takes nothing back,
and a reviewer has to know what will still be dialled.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Final

from reconciler.catalogue import say
from reconciler.diagnostics import Finding, Severity
from reconciler.plan.known import Memory, Placed, Seen
from reconciler.plan.values import Wish

MESSAGES_TOLD_FOR: Final = timedelta(days=90)  # the journal does not say for when; later than that few still wait


def left_behind(
    wishes: Sequence[Wish],
    seen: Mapping[str, Seen],
    memory: Memory,
    *,
    containers: Mapping[str, str],
    append_only: frozenset[str],
    going: frozenset[str],
    now: datetime,
) -> Iterator[Finding]:
    """A note for each removed document, or changed scope, whose rows stay. `containers` names each target's account,
    `append_only` the targets whose platform has no campaigns of ours, `going` the campaigns that are deleted now.

    Rows that another document wishes in the same place are that document's, whatever it is called.
    """
    wished = {(wish.desired.address.kind, wish.container) for wish in wishes} | {("contacts", place) for place in going}
    for placed in memory.placed:
        account = containers.get(placed.address.target)
        if account is None or not placed.container.startswith(f"{account}|"):
            continue
        if (placed.address.kind, placed.container) not in wished and _may_matter(placed, seen, append_only, now):
            yield Finding(code="LFT001", severity=Severity.INFO, message=_message(placed), address=placed.address)


def _may_matter(placed: Placed, seen: Mapping[str, Seen], append_only: frozenset[str], now: datetime) -> bool:
    """Whether what was placed can still be there: a campaign that is gone took its rows along."""
    if placed.address.kind == "scheduled_sms":
        return now - placed.latest < MESSAGES_TOLD_FOR
    home = placed.container.rpartition("|")[2]
    shown = seen.get(placed.address.target)
    if placed.address.kind == "blacklist" or home == "contacts" or placed.address.target in append_only:
        return True
    return shown is not None and (shown.by_id(home) is not None or not shown.campaigns.complete)


def _message(placed: Placed) -> str:
    match placed.address.kind:
        case "blacklist":
            return say("no document wishes this list any more: its entries stay, and nobody is lifted")
        case "scheduled_sms":
            return say(
                "its document is gone: none of the {count:,} message(s) that it sent or scheduled is taken back",
                count=placed.count,
            )
        case _ if placed.container.endswith("|contacts"):
            return say("its document is gone: the contacts that it made stay")
        case _:
            return say(
                "its document is gone: the {count:,} row(s) that it loaded stay, and those not dialled yet still will be",
                count=placed.count,
            )
