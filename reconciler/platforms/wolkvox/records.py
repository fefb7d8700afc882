"""Records of a campaign: what a row may hold, the export that shows all of them, and adding, removing and closing.

There is no way to edit a record. Nothing here can clear a campaign: removal always names the ids it means.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import replace
from itertools import chain
from typing import Any, Final

from reconciler.call import Batch, Call, Flow
from reconciler.catalogue import say
from reconciler.platforms.platform import Certainty, Evidence, NotDone, NotReadable, RowsSeen, Step
from reconciler.platforms.wolkvox import wire
from reconciler.platforms.wolkvox.campaigns import now_live, there
from reconciler.platforms.wolkvox.pages import Shown, shown
from reconciler.platforms.wolkvox.replies import NoSuchApi
from reconciler.resource import Action, Desired, Live, State
from reconciler.rows.sheet import Column, RowsFeed, Sheet, Verb
from reconciler.target import Target

_KEY: Final = r"^[^\s,]+$"  # removal sends keys as one comma-joined text
_PHONES: Final = frozenset(
    ["phone", *(f"phone{number}" for number in range(2, 11)), "phone_extra", "recall_phone"],
)
_LENGTHS: Final = {label: 100 if number <= 6 else 200 for number, label in enumerate(wire.LABELS, 1)} | {
    "key": wire.KEY_LENGTH_MAX
}
_PATTERNS: Final = {
    "key": (_KEY, "a key without blanks and commas"),
    "recall_at": (r"^[0-9]{14}$", "a moment as YYYYMMDDhhmmss"),
}
COLUMNS: Final = tuple(
    Column(
        name=name,
        phone=name in _PHONES,
        required=name in ("key", "phone"),
        length_max=_LENGTHS.get(name, 0),
        pattern=_PATTERNS.get(name, ("", ""))[0],
        why=_PATTERNS.get(name, ("", ""))[1],
    )
    for name in wire.EXPORTED
    if not name.startswith("_")
)
_NAMES: Final = frozenset(column.name for column in COLUMNS)
_ALWAYS: Final = _PHONES | {"key", *(name for name in wire.EXPORTED if name.startswith("_"))}
"""Columns of an export that are looked at whatever a document maps: who may be dialled, and what became of the record."""


def sheet(target: Target) -> Sheet:
    """The records of one campaign, told apart by their key (customer_id)."""
    return Sheet(
        columns=COLUMNS,
        identity=("key",),
        readable=True,
        add_max=added_max(target),
        remove_max=min(wire.ROWS_PER_REMOVAL_MAX, added_max(target)),
        listed_max=int(target.limit("rows_per_download", wire.ROWS_VERIFIABLE_MAX)),
    )


def added_max(target: Target) -> int:
    """Rows of one add_record."""
    return int(min(wire.ROWS_PER_UPLOAD_MAX, target.limit("rows_per_upload", wire.ROWS_PER_UPLOAD_MAX)))


def not_taken(columns: Iterable[str], type_: str) -> list[str]:
    """Columns that records of this type of campaign do not have, though those of the other type do."""
    return sorted(name for name in columns if name in _NAMES and name not in wire.ADDED[type_])


def read(campaign: Live | None, target: Target, desired: Desired) -> Flow[RowsSeen]:
    """The export of the campaign. Rows fewer or more than the platform counts itself make the reading incomplete."""
    if campaign is None:
        return RowsSeen()
    mapped = desired.get("columns")
    try:
        page = yield from export(campaign.id, target, None if mapped is None else _ALWAYS | set(mapped))
    except NoSuchApi:
        return RowsSeen(note=say("this server cannot list records (campaign_15): rows are compared with the journal only"))
    listed = campaign.native.get("records")
    note = page.note
    if not note and listed is not None and listed != page.count:
        note = say("the list of campaigns counts {listed:,} records and the export {count:,}", listed=listed, count=page.count)
    return RowsSeen(tables=page.tables, count=page.count, complete=not note, note=note)


def export(identifier: str, target: Target, wanted: Set[str] | None = None) -> Flow[Shown]:
    """Every record of a campaign as a table, of these columns or of all."""
    call = wire.EXPORT.call(campaign_id=identifier)
    if call.sink is not None and wanted is not None:
        call = replace(call, sink=call.sink.narrowed(wanted))
    reply = yield call
    return shown(reply, target, total_at=wire.EXPORT_TOTAL)


def write(step: Step) -> Flow[Mapping[str, str]]:
    """Load, remove or close rows. A replaced row is removed with the others and added with the others."""
    live, feed = there(step), _feed(step)
    if step.action is Action.ROWS_ADD:
        return (yield from _add(step, live, feed))
    return (yield from _remove(step, live, feed))


def _feed(step: Step) -> RowsFeed:
    if step.feed is None:
        raise ValueError("a step about rows needs their feed")
    return step.feed


def _add(step: Step, live: Live, feed: RowsFeed) -> Flow[Mapping[str, str]]:
    """Upload in batches. The first one shows whether `campaign_status` or a colleague changed the run state: then no more."""
    rows_max, added = added_max(step.target), 0
    for batch in chain(feed.batches(Verb.REPLACE, rows_max), feed.batches(Verb.ADD, rows_max)):
        yield add_call(live, batch)
        if not added and live.native["type"] == wire.PREDICTIVE:
            yield from _still(live, len(batch))
        added += len(batch)
    return {"id": live.id, "rows": str(added)}


def _still(live: Live, sent: int) -> Flow[None]:
    try:
        now = yield from now_live(live.id)
    except NotReadable as unreadable:
        why = say("the campaign's state could not be read after the first {sent:,} rows: {why}", sent=sent, why=unreadable.why)
        raise NotDone(why) from unreadable
    if now is None or now.state is not live.state:
        shown_state = now.state.value if now else say("gone")
        why = say("after the first {sent:,} rows the campaign is {state}; no more were sent", sent=sent, state=shown_state)
        raise NotDone(why)


def add_call(live: Live, batch: Batch) -> Call:
    """One add_record: every field as text, unused ones empty. `campaign_status` is the state that it shall be left in."""
    type_ = live.native["type"]
    native = wire.ADDED[type_]
    if not 0 < len(batch) <= wire.ROWS_PER_UPLOAD_MAX:
        raise ValueError(f"add_record takes 1 to {wire.ROWS_PER_UPLOAD_MAX} rows, not {len(batch)}")
    foreign = not_taken(set[str]().union(*batch.rows), type_)
    if foreign:
        raise NotDone(say("records of a {type} campaign have no {names}", type=type_, names=", ".join(foreign)))
    unused = dict.fromkeys(native.values(), "")
    status = "" if type_ == wire.PREVIEW else "start" if live.state is State.STARTED else "stop"
    return wire.ADD_RECORD.call(
        type_campaign=type_,
        campaign_id=live.id,
        campaign_status=status,
        json=[_record(row, native, unused) for row in batch.rows],
        batch=batch,
        facts={"id": live.id, "count": str(len(batch))},
    )


def _record(row: Mapping[str, str], native: Mapping[str, str], unused: dict[str, str]) -> dict[str, str]:
    record = unused.copy()
    for ours, value in row.items():
        if ours in native:
            record[native[ours]] = value
    return record


def _remove(step: Step, live: Live, feed: RowsFeed) -> Flow[Mapping[str, str]]:
    rows_max, removed, closed = sheet(step.target).remove_max, 0, 0
    for batch in feed.batches(Verb.CLOSE, 1):
        yield close_call(live, batch, (step.desired.get("close") if step.desired else None) or {})
        closed += len(batch)
    for batch in chain(feed.batches(Verb.REMOVE, rows_max), feed.batches(Verb.REPLACE, rows_max)):
        yield remove_call(live, batch)
        removed += len(batch)
    return {"id": live.id, "removed": str(removed), "closed": str(closed)}


def remove_call(live: Live, batch: Batch) -> Call:
    """One remove_record by keys. ValueError for no keys, and for keys that would not mean themselves in the joined text."""
    keys = [row.get("key", "") for row in batch.rows]
    if not keys or len(keys) > wire.ROWS_PER_REMOVAL_MAX or not all(re.fullmatch(_KEY, key) for key in keys):
        raise ValueError(f"remove_record takes 1 to {wire.ROWS_PER_REMOVAL_MAX} keys without blanks and commas")
    return wire.REMOVE_RECORD.call(
        type_campaign=live.native["type"],
        campaign_id=live.id,
        json={"customer_id": ",".join(keys)},
        batch=batch,
        facts={"id": live.id, "count": str(len(keys))},
    )


def close_call(live: Live, batch: Batch, close: Mapping[str, Any]) -> Call:
    """One codify: the record is dialled no more and keeps its history. ValueError without a code, or for more than one row."""
    if len(batch) != 1 or not close.get("code") or not batch.rows[0].get("key"):
        raise ValueError("codify takes one record and a code")
    body = {"cod_act": close["code"], "comment": close.get("comment") or "", "customer_id": batch.rows[0]["key"]}
    if close.get("code2"):
        body["cod_act_2"] = close["code2"]
    return wire.CODIFY.call(
        type_campaign=live.native["type"], campaign_id=live.id, json=body, batch=batch, facts={"id": live.id, "count": "1"}
    )


def verify(step: Step) -> Flow[Evidence]:
    """Read the export once more. Two things end weak at best: a closed row is still there, and of a replaced one its feed
    knows only whether the new content is there, not whether the old is gone.
    """
    live, feed = there(step), _feed(step)
    adding = step.action is Action.ROWS_ADD
    verbs = [verb for verb in (Verb.REPLACE, Verb.ADD if adding else Verb.REMOVE) if feed.count(verb)]
    if not verbs:
        return Evidence(certainty=Certainty.WEAK, why=say("closed on the platform's word"), facts={"id": live.id})
    try:
        page = yield from export(live.id, step.target, _shown_back(step, verbs))
    except NoSuchApi:
        return Evidence(certainty=Certainty.WEAK, why=say("this server cannot list records"), facts={"id": live.id})
    if not page.tables:
        return Evidence(certainty=Certainty.UNKNOWN, why=page.note, facts={"id": live.id})
    seen = [feed.presence(verb, table) for verb in verbs for table in page.tables]
    present, missing, twice = (sum(getattr(one, name) for one in seen) for name in ("present", "missing", "twice"))
    facts = {"id": live.id, "present": str(present), "missing": str(missing), "twice": str(twice)}
    wrong = unknown = ""
    if adding:
        wrong = say("{count:,} rows are there twice", count=twice) if twice else ""
        wrong = wrong or (say("{count:,} rows are not there", count=missing) if missing and not page.note else "")
        unknown = page.note if missing else ""
    else:
        wrong = say("{count:,} rows are still there", count=present) if present else ""
        unknown = page.note or _too_many(live, feed, page)
    if wrong:
        return Evidence(certainty=Certainty.WRONG, why=wrong, facts=facts)
    if unknown:
        return Evidence(certainty=Certainty.UNKNOWN, why=unknown, facts=facts)
    if not adding and (feed.count(Verb.CLOSE) or feed.count(Verb.REPLACE)):
        return Evidence(certainty=Certainty.WEAK, why=say("closed or replaced on the platform's word"), facts=facts)
    return Evidence(certainty=Certainty.VERIFIED, facts=facts)


def _shown_back(step: Step, verbs: Sequence[Verb]) -> Set[str] | None:
    """What a read-back looks at: who is there, and of replaced records what a document maps."""
    mapped = step.desired.get("columns") if step.desired else None
    if Verb.REPLACE not in verbs:
        return {"key"}
    return None if mapped is None else {"key", *mapped}


def _too_many(live: Live, feed: RowsFeed, page: Shown) -> str:
    """Why old rows that are being replaced seem to be there still, by their number; "" where nothing points to it."""
    before = live.native.get("records")
    if not feed.count(Verb.REPLACE) or before is None:
        return ""
    left = before - feed.count(Verb.REPLACE) - feed.count(Verb.REMOVE)
    if page.count <= left:
        return ""
    return say("{count:,} rows are left where {left:,} were expected", count=page.count, left=left)
