"""The address book: contacts of the tenant, known by channel and identifier, one call a contact.

Contacts arise by themselves when people write in. What the list shows beside ours is normal, and left alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import zip_longest
from typing import Any, Final

from reconciler.call import Flow
from reconciler.catalogue import say
from reconciler.plan.known import Seen
from reconciler.platforms.lynn.dialect import CONTACT, CONTACTS, CORRELATION, CORRELATIONS, CORRELATIONS_MAX, call, merged, part
from reconciler.platforms.lynn.replies import absent, content, shown, single
from reconciler.platforms.platform import Certainty, Evidence, NotDone, NotReadable, RowsSeen, Step
from reconciler.resource import Action, Desired
from reconciler.rows.sheet import BEFORE, Column, RowsFeed, Sheet, Verb
from reconciler.target import Target

TABLE: Final = "contacts"
NUMBERED: Final = frozenset({"whatsapp", "voice", "sms"})  # channels whose identifier is a phone number
COLUMNS: Final = frozenset({*CONTACT, *CORRELATION})


def identifying(desired: Desired) -> tuple[Column, Column]:
    """The columns that tell contacts apart. The identifier is a number unless one other channel is written down."""
    channel = (desired.get("columns") or {}).get("channel")
    constant = channel.get("value") if isinstance(channel, Mapping) else None
    numbered = constant is None or constant.casefold() in NUMBERED
    return Column(name="channel", required=True), Column(name="identifier", phone=numbered, required=True)


def sheet(desired: Desired) -> Sheet:
    """How the address book holds rows: each of them is a call of its own."""
    return Sheet(
        columns=(*identifying(desired), Column(name="name"), *(Column(name=name) for name in CORRELATION)),
        identity=("channel", "identifier"),
        readable=True,
        add_max=1,
        remove_max=1,
        replaced_in_place=True,
    )


def read_all(target: Target) -> Flow[tuple[str, int]]:
    """The engine's table of all contacts of the tenant, and how many there are."""
    reply = yield call(target, "GetContacts", sink=CONTACTS)
    if reply.page is None:
        content(reply)
        raise NotReadable(reply.misfit or say("the answer is not a list of contacts"))
    return reply.page.table, reply.page.count


def read_rows(seen: Seen) -> RowsSeen:
    """The address book, as it was read with the campaigns."""
    table = seen.tables.get(TABLE)
    if table is None:
        return RowsSeen(complete=False, note=say("the contacts were not read"))
    return RowsSeen(tables=(table,), count=counted(seen))


def counted(seen: Seen) -> int:
    """How many contacts the tenant's list showed."""
    return int(seen.references.get(TABLE, {}).get("count", "0"))


def write(step: Step) -> Flow[Mapping[str, str]]:
    """Post, put or delete contacts, one a call."""
    feed = _feed(step)
    if step.action is Action.ROWS_REMOVE:
        return {"deleted": str((yield from _delete(step.target, feed)))}
    created = yield from _post(step.target, feed)
    replaced = yield from _replace(step, feed)
    return {"created": str(created), "replaced": str(replaced)}


def _post(target: Target, feed: RowsFeed) -> Flow[int]:
    count = 0
    for batch in feed.batches(Verb.ADD, 1):
        yield call(target, "PostContact", json=_native(batch.rows[0], {}, COLUMNS), batch=batch)
        count += 1
    return count


def _replace(step: Step, feed: RowsFeed) -> Flow[int]:
    """Put contacts back whole, with what the document maps; an empty cell of a mapped column empties the field. NotDone where
    one does not show any more what it showed when it was read: a person decides about it.
    """
    mapped = COLUMNS & frozenset((step.desired.get("columns") if step.desired else None) or ())
    count = 0
    for batch in feed.batches(Verb.REPLACE, 1):
        row = batch.rows[0]
        identifier = row["_contact_id"]
        reply = yield call(step.target, "GetContact", identifier)
        if absent(reply):
            raise NotDone(say("a contact to be replaced is no longer there"))
        stands, wished = single(reply), mapped or COLUMNS & frozenset(row)
        if any(value != row.get(BEFORE + name, "") for name, value in _columns(stands).items() if name in wished):
            raise NotDone(say("somebody changed a contact after it was read; it is left as it is: plan again"))
        body = _native(row, stands, wished)
        reply = yield call(step.target, "PutContact", identifier, json=body, batch=batch)
        if _contradicts(shown(reply), body):
            raise NotDone(say("the platform shows another contact than was sent"))
        count += 1
    return count


def _delete(target: Target, feed: RowsFeed) -> Flow[int]:
    count = 0
    for batch in feed.batches(Verb.REMOVE, 1):
        identifier = batch.rows[0]["_contact_id"]
        yield call(target, "DeleteContact", identifier, batch=batch)
        count += 1
    return count


def _columns(contact: Mapping[str, Any]) -> dict[str, str]:
    """What a contact shows in our columns, as its reading has it."""
    known = part(contact, CORRELATIONS)
    values = {ours: part(contact, native) for ours, native in CONTACT.items()}
    values |= dict(zip_longest(CORRELATION, known[:CORRELATIONS_MAX] if isinstance(known, list) else []))
    return {name: "" if value is None else str(value) for name, value in values.items()}


def _native(row: Mapping[str, str], before: Mapping[str, Any], wished: frozenset[str]) -> dict[str, Any]:
    """A contact as it is sent: `before` with the `wished` columns of `row`."""
    fields: dict[str, Any] = {native: row.get(ours, "") for ours, native in CONTACT.items() if ours in wished}
    if wished & frozenset(CORRELATION):
        known = part(before, CORRELATIONS)
        old = list(known) if isinstance(known, list) else []
        old += [""] * (CORRELATIONS_MAX - len(old))
        new = [row.get(name, "") if name in wished else old[place] for place, name in enumerate(CORRELATION)]
        while new and not new[-1]:
            new.pop()
        fields[CORRELATIONS] = new
    return merged(before, fields)


def _contradicts(answer: Mapping[str, Any], sent: Mapping[str, Any]) -> bool:
    """Whether an answer shows another value of something that was sent."""
    shown_keys = {name.casefold() for name in answer}
    return any((part(answer, name) or None) != (value or None) for name, value in sent.items() if name.casefold() in shown_keys)


def verify(step: Step) -> Flow[Evidence]:
    """Read the address book once more, and look for what was sent."""
    feed = _feed(step)
    table, _ = yield from read_all(step.target)
    if step.action is Action.ROWS_REMOVE:
        left = feed.presence(Verb.REMOVE, table).present
        certainty = Certainty.WRONG if left else Certainty.VERIFIED
        return Evidence(certainty=certainty, why=say("{count} contacts are still there", count=left) if left else "")
    added, replaced = feed.presence(Verb.ADD, table), feed.presence(Verb.REPLACE, table)
    missing, twice = added.missing + replaced.missing, added.twice + replaced.twice
    facts = {"present": str(added.present + replaced.present), "missing": str(missing), "twice": str(twice)}
    if missing:
        return Evidence(certainty=Certainty.WRONG, why=say("{count} contacts are not there", count=missing), facts=facts)
    if twice:
        return Evidence(certainty=Certainty.WRONG, why=say("{count} contacts are there twice", count=twice), facts=facts)
    return Evidence(certainty=Certainty.VERIFIED, facts=facts)


def _feed(step: Step) -> RowsFeed:
    if step.feed is None:
        raise ValueError("rows without a feed")
    return step.feed
