"""The do-not-call list. Entries are added and, where somebody asked for it, lifted one by one.

The platform empties the whole list when `telephones` is the word All instead of a list: every call made here carries a
list of digit strings, or is not made at all.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import product
from typing import Final

from reconciler.call import Batch, Call, Flow
from reconciler.catalogue import say
from reconciler.platforms.platform import Certainty, Evidence, NotDone, NotReadable, RowsSeen, Step
from reconciler.platforms.wolkvox import wire
from reconciler.platforms.wolkvox.pages import Shown, shown
from reconciler.platforms.wolkvox.records import export
from reconciler.platforms.wolkvox.replies import NoSuchApi
from reconciler.resource import Action, Desired
from reconciler.rows.sheet import Column, RowsFeed, Sheet, Verb
from reconciler.target import Target

COLUMNS: Final = (Column(name="phone", phone=True, required=True),)


def sheet(desired: Desired, target: Target) -> Sheet:
    """The account's list in one direction. Records of predictive campaigns may be in the dialler's hands already, and are
    marked too.
    """
    most = int(min(wire.ROWS_PER_REMOVAL_MAX, target.limit("rows_per_upload", wire.ROWS_PER_REMOVAL_MAX)))
    return Sheet(
        columns=COLUMNS,
        identity=("phone",),
        readable=True,
        natural=True,
        add_max=most,
        remove_max=most,
        marks_in={"type": wire.PREDICTIVE} if "outbound" in _types_blocked(desired) else None,
    )


def direction(desired: Desired) -> str:
    """Which calls the entries block. Entries for a number of days have no selector."""
    if desired.get("days"):
        return wire.DIRECTION_OF_DAYS
    return str(desired.get("scope", {}).get("direction") or wire.DIRECTION_DEFAULT)


def _types_read(desired: Desired) -> tuple[str, ...]:
    """The lists that an entry must be in. Where entries for days go is assumed only, so they are looked for in all."""
    if desired.get("days"):
        return ("all",)
    wished = direction(desired)
    return ("inbound", "outbound") if wished == "all" else (wished,)


def _lists(desired: Desired, target: Target) -> Flow[list[Shown]]:
    pages = []
    for type_ in _types_read(desired):
        reply = yield wire.list_dnc(type_)
        pages.append(_of_direction(shown(reply, target)))
    return pages


def _of_direction(page: Shown) -> Shown:
    """A page whose rows do not say for which direction they are shows nothing of the one that was asked for."""
    if not page.untold:
        return page
    return Shown(note=say("{count:,} entries of the list do not say whether they are for calls in or out", count=page.untold))


def read(desired: Desired, target: Target) -> Flow[RowsSeen]:
    """The live entries; for both directions an entry counts when it is in both lists."""
    pages = yield from _lists(desired, target)
    note = next((page.note for page in pages if page.note), "")
    tables = tuple(table for page in pages for table in page.tables)
    return RowsSeen(tables=tables, count=min(page.count for page in pages), complete=not note, note=note)


def write(step: Step) -> Flow[Mapping[str, str]]:
    """Add entries and mark the live records that hold their numbers; or lift the entries that somebody asked to lift."""
    desired, feed = step.desired, step.feed
    if desired is None or feed is None:
        raise ValueError("a step about the do-not-call list needs its document and rows")
    most = sheet(desired, step.target).add_max
    if step.action is Action.BLACKLIST_REMOVE:
        for batch in feed.batches(Verb.LIFT, most):
            yield lift_call(batch, direction(desired))
        return {"lifted": str(feed.count(Verb.LIFT))}
    for batch in feed.batches(Verb.ADD, most):
        days = desired.get("days")
        yield add_for_days_call(batch, days) if days else add_call(batch, direction(desired))
    marked = (yield from _mark_records(step, feed)) if "outbound" in _types_blocked(desired) else 0
    return {"added": str(feed.count(Verb.ADD)), "marked": str(marked)}


def _types_blocked(desired: Desired) -> tuple[str, ...]:
    wished = direction(desired)
    return ("inbound", "outbound") if wished == "all" else (wished,)


def _mark_records(step: Step, feed: RowsFeed) -> Flow[int]:
    """Mark the records of our predictive campaigns that hold a number just added, or one whose marking came to nothing before.

    All campaigns are tried before a failure to read one is told.
    """
    marked, unread = 0, []
    for live in step.managed:
        if live.native.get("type") != wire.PREDICTIVE or live.native.get("records") == 0:
            continue
        try:
            page = yield from export(live.id, step.target)
        except NoSuchApi:
            continue
        except NotReadable as unreadable:
            unread.append(f"{live.id}: {unreadable.why}")
            continue
        for table, verb in product(page.tables, (Verb.ADD, Verb.MARK)):
            for batch in feed.matches(verb, table, wire.ROWS_PER_REMOVAL_MAX):
                yield block_call(live.id, batch)
                marked += len(batch)
    if unread:
        why = say("the entries were added; records that hold them could not be looked for: {why}", why="; ".join(unread))
        raise NotDone(why)
    return marked


def telephones(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """The numbers of rows as the list that the platform takes. ValueError when there is none, or one is not digits alone."""
    numbers = [row.get("phone", "") for row in rows]
    if not numbers or len(numbers) > wire.ROWS_PER_REMOVAL_MAX or not all(re.fullmatch(r"[0-9]+", one) for one in numbers):
        raise ValueError(f"a do-not-call list takes 1 to {wire.ROWS_PER_REMOVAL_MAX} numbers of digits alone")
    return numbers


def add_call(batch: Batch, direction: str) -> Call:
    """Entries in one direction, or in both, without an end."""
    body = {"type_call": _known(direction), "telephones": telephones(batch.rows)}
    return wire.ADD_DNC.call(json=body, batch=batch, facts={"count": str(len(batch))})


def add_for_days_call(batch: Batch, days: int) -> Call:
    """Entries that end by themselves."""
    body = [{"telephone": number, "days_block": str(days)} for number in telephones(batch.rows)]
    return wire.ADD_DNC_FOR_DAYS.call(json=body, batch=batch, facts={"count": str(len(batch)), "days": str(days)})


def lift_call(batch: Batch, direction: str) -> Call:
    """Take the named entries off the list. `telephones` is a list by construction: see the top of this file."""
    body = {"telephones": telephones(batch.rows), "type": _known(direction)}
    return wire.REMOVE_DNC.call(json=body, batch=batch, facts={"count": str(len(batch))})


def block_call(identifier: str, batch: Batch) -> Call:
    """Mark records of one predictive campaign as do-not-call, by their keys."""
    keys = [row.get("key", "") for row in batch.rows]
    if not keys or not all(keys):
        raise ValueError("block_predictive_dnc takes keys of records")
    body = {"id_campaing": identifier, "id_cliente": keys}
    return wire.BLOCK_RECORDS.call(json=body, facts={"id": identifier, "count": str(len(keys))})


def _known(direction: str) -> str:
    if direction not in wire.DIRECTIONS:
        raise ValueError(f"no direction of the do-not-call list: {direction!r}")
    return direction


def verify(step: Step) -> Flow[Evidence]:
    """Read the list again: what was added must be in it, what was lifted must not."""
    if step.desired is None or step.feed is None:
        raise ValueError("a step about the do-not-call list needs its document and rows")
    pages = yield from _lists(step.desired, step.target)
    lifting = step.action is Action.BLACKLIST_REMOVE
    verb = Verb.LIFT if lifting else Verb.ADD
    seen = [step.feed.presence(verb, table) for page in pages for table in page.tables]
    wrong = max((one.present if lifting else one.missing for one in seen), default=0)
    note = next((page.note for page in pages if page.note), "")
    facts = {"wrong": str(wrong)}
    if lifting and wrong:
        return Evidence(certainty=Certainty.WRONG, why=say("{count:,} entries are still there", count=wrong), facts=facts)
    if note and (lifting or wrong or len(seen) < len(pages)):
        return Evidence(certainty=Certainty.UNKNOWN, why=note, facts=facts)
    if wrong:
        return Evidence(certainty=Certainty.WRONG, why=say("{count:,} entries are not there", count=wrong), facts=facts)
    return Evidence(certainty=Certainty.VERIFIED, facts=facts)
