"""Lists that arrive as tables: the export of a campaign and the do-not-call list, and whether they are whole."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from reconciler.call import Reply
from reconciler.catalogue import say
from reconciler.platforms.platform import NotReadable
from reconciler.platforms.wolkvox import wire
from reconciler.platforms.wolkvox.replies import NotFound, code_of, envelope, refusal
from reconciler.target import Target


@dataclass(frozen=True, slots=True, kw_only=True)
class Shown:
    """The rows of a list in the engine's tables; `note` says why they may not be all, `untold` how many tell no direction."""

    tables: tuple[str, ...] = ()
    count: int = 0
    note: str = ""
    untold: int = 0


def shown(reply: Reply, target: Target, *, total_at: str = "") -> Shown:
    """The page of a reply. A 404 is no empty list; NoSuchApi and other refusals are raised."""
    page = reply.page
    if page is None:
        try:
            body = envelope(reply)
        except NotFound as missing:
            return Shown(note=missing.why)
        if not total_at and not body.get("data"):  # a list is emptied rarely, and never believed to be from this alone
            return Shown(note=say("the platform says yes and shows no list"))
        raise NotReadable(reply.misfit or say("the reply has no list of rows"))
    refused = refusal(reply.status, page.envelope)
    if isinstance(refused, NotFound):
        return Shown(note=refused.why)
    if refused:
        raise refused
    if reply.status != 200 or code_of(page.envelope) not in wire.READ_CODES or not (page.count or page.envelope):
        raise NotReadable(say("the reply (HTTP {status}) is not in wolkvox's own form", status=reply.status))
    note = ""
    total = _number(page.envelope.get(total_at)) if total_at else None
    if total is not None and total != page.count:
        note = say("the platform speaks of {total:,} records and showed {count:,}", total=total, count=page.count)
    elif page.count >= target.limit("rows_per_download", wire.ROWS_VERIFIABLE_MAX):
        note = say("{count:,} rows are as many as one call may return: there may be more", count=page.count)
    return Shown(tables=(page.table,), count=page.count, note=note, untold=page.untold)


def _number(value: Any) -> int | None:
    text = str(value).strip()
    return int(text) if text.isdecimal() else None
