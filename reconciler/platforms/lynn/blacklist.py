"""Do not disturb: which contacts a campaign, or every campaign of a category, must leave alone.

The platform bars contacts, not numbers: the engine attaches to each row the ids of all contacts with its number. It can be
read only contact by contact, so entries that the journal vouches for are not read again.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from reconciler.call import Batch, Flow
from reconciler.catalogue import say
from reconciler.platforms.lynn import campaigns
from reconciler.platforms.lynn.contacts import identifying, read_all
from reconciler.platforms.lynn.dialect import DND_CAMPAIGN, ID, ROWS_MAX, call, part
from reconciler.platforms.lynn.loads import mapped, rows_max
from reconciler.platforms.lynn.replies import Progress, absent, awaited, listed, task_in
from reconciler.platforms.platform import Certainty, Evidence, NotDone, NotReadable, RowsSeen, Step
from reconciler.resource import Action, Desired, Live
from reconciler.rows.sheet import Column, RowsFeed, Sheet, Verb
from reconciler.target import Target

READ_BACK_MAX: Final = 2_000  # entries that are all read back
SAMPLE: Final = 200  # entries read back of a longer list


def by_identifier(desired: Desired) -> bool:
    """Whether entries are contacts of a channel rather than numbers."""
    return "identifier" in mapped(desired)


def sheet(desired: Desired, target: Target) -> Sheet:
    """How entries are held. Adding one twice changes nothing."""
    own = identifying(desired) if by_identifier(desired) else (Column(name="phone", phone=True, required=True),)
    return Sheet(
        columns=own,
        identity=tuple(column.name for column in own),
        readable=False,
        add_max=rows_max(target),
        remove_max=rows_max(target),
        natural=True,
    )


def contacts_of(rows: Sequence[Mapping[str, str]]) -> list[str]:
    """The ids of the contacts behind some rows, each once."""
    return list(dict.fromkeys(contact for row in rows for contact in row.get("contact_ids", "").split(",") if contact))


# --- reading


def read_rows(desired: Desired, target: Target, live: tuple[Live, ...], asked: Iterator[Mapping[str, str]]) -> Flow[RowsSeen]:
    """Of the rows that are asked about, those whose every contact is barred from every campaign meant."""
    del desired
    if not live:
        return RowsSeen()
    wanted = _ids(live)
    barred: dict[str, bool] = {}
    known = []
    for row in asked:
        contacts = contacts_of([row])
        for contact in contacts:
            if contact not in barred:
                barred[contact] = wanted <= (yield from _barring(target, contact))
        if contacts and all(barred[contact] for contact in contacts):
            known.append(row["_id"])
    return RowsSeen(known=tuple(known), count=len(known))


def _ids(live: Sequence[Live]) -> frozenset[str]:
    return frozenset(one.id.casefold() for one in live)


def _barring(target: Target, contact: str) -> Flow[frozenset[str]]:
    """The campaigns that must leave a contact alone."""
    reply = yield call(target, "GetDnDContact", contact)
    if absent(reply):
        return frozenset()
    found = [part(item, DND_CAMPAIGN) or part(item, ID) for item in listed(reply)]  # an entry, or the campaign itself
    if not all(found):
        raise NotReadable(say("a do-not-disturb entry is shown without its campaign"))
    return frozenset(str(one).casefold() for one in found)


# --- writing


def write(step: Step) -> Flow[Mapping[str, str]]:
    """Bar contacts, or lift what barred them.

    Raises NotDone when the scope means no live campaign, or a task failed.
    """
    desired, feed = _wish(step)
    lifts = step.action is Action.BLACKLIST_REMOVE
    table, _ = yield from read_all(step.target)
    feed.attach(table)
    category = str(desired.get("scope", {}).get("category") or "")
    verb = Verb.LIFT if lifts else Verb.ADD
    if category and not lifts:
        count = yield from _by_category(step.target, feed, category)
        return {"contacts": str(count), "status": Progress.DONE.value}
    live = yield from _meant(step)
    if not live:
        raise NotDone(say("no campaign of that name or category is there"))
    count = 0
    for batch in feed.batches(verb, rows_max(step.target)):
        contacts = contacts_of(batch.rows)
        if not contacts:  # nothing would be sent, and nothing read back: that is no success
            raise NotDone(say("the platform has no contact for these entries"))
        stands = yield from _by_campaigns(step.target, live, batch, contacts, barred=not lifts)
        if stands is not Progress.DONE:
            return {"contacts": str(count), "status": stands.value}
        count += len(contacts)
    return {"contacts": str(count), "status": Progress.DONE.value}


def _by_category(target: Target, feed: RowsFeed, category: str) -> Flow[int]:
    count = 0
    for batch in feed.batches(Verb.ADD, 1):
        contacts = contacts_of(batch.rows)
        for contact, mark in zip(contacts, _last_marked(batch, len(contacts)), strict=True):
            body = {"contactId": contact, "category": category}
            yield call(target, "SetDnDContactByCategory", json=body, batch=mark)
            count += 1
    return count


def _by_campaigns(target: Target, live: Sequence[Live], batch: Batch, contacts: list[str], *, barred: bool) -> Flow[Progress]:
    """One task for each campaign and 500 contacts; RUNNING as soon as one of them does not end."""
    parts = [contacts[start : start + ROWS_MAX] for start in range(0, len(contacts), ROWS_MAX)]
    orders = [(campaign, some) for campaign in live for some in parts]
    for (campaign, some), mark in zip(orders, _last_marked(batch, len(orders)), strict=True):
        data = [{"contactId": contact, "doNotDisturb": barred} for contact in some]
        body: dict[str, Any] = {"campaignId": campaign.id, "data": data}
        facts = {"campaign": campaign.id, "contacts": str(len(some))}
        reply = yield call(target, "ManageDnDByCampaign", json=body, batch=mark, facts=facts)
        stands = yield from awaited(target, "ManageDnDByCampaign", task_in(reply))
        if stands is Progress.FAILED:
            raise NotDone(say("the platform says that setting do-not-disturb failed"))
        if stands is not Progress.DONE:
            return stands
    return Progress.DONE


def _last_marked(batch: Batch, calls: int) -> list[Batch | None]:
    """Where a batch takes several calls, only the last one says that its rows are done."""
    return [None] * (calls - 1) + [batch] if calls else []


def _meant(step: Step) -> Flow[tuple[Live, ...]]:
    """The campaigns of the scope. What is not known yet is looked for anew: this run may have made one of them."""
    desired, _ = _wish(step)
    if step.live is not None and not desired.get("scope", {}).get("category"):
        return campaigns.scoped(desired, step.live, step.seen.campaigns.live)
    live = yield from campaigns.read_list(step.target, step.now)
    return campaigns.scoped(desired, None, live)


# --- reading back


def verify(step: Step, facts: Mapping[str, str]) -> Flow[Evidence]:
    """Read the contacts written: all of them up to 2,000 entries, else a sample, as the document's `verify` says."""
    desired, feed = _wish(step)
    if facts.get("status") != Progress.DONE.value:
        return Evidence(certainty=Certainty.UNKNOWN, why=say("the platform is still at work on it"), facts=facts)
    lifts = step.action is Action.BLACKLIST_REMOVE
    verb = Verb.LIFT if lifts else Verb.ADD
    wanted = _ids((yield from _meant(step)))
    if not wanted:
        return Evidence(certainty=Certainty.WRONG, why=say("no campaign of that name or category is there"), facts=facts)
    rows = feed.count(verb)
    take = to_read(rows, desired)
    read = wrong = 0
    for contact in contacts_of(list(_spread(feed, verb, rows_max(step.target), rows, take))):
        barring = yield from _barring(step.target, contact)
        read += 1
        wrong += bool(wanted & barring) if lifts else not wanted <= barring
    shown = {**facts, "read": str(read), **({"sampled": str(take)} if take < rows else {})}
    if wrong:
        why = say("{count} of {read} contacts are shown otherwise", count=wrong, read=read)
        return Evidence(certainty=Certainty.WRONG, why=why, facts={**shown, "wrong": str(wrong)})
    return Evidence(certainty=Certainty.VERIFIED, facts=shown)


def to_read(rows: int, desired: Desired | None) -> int:
    """How many entries of `rows` are read back."""
    wish = desired.get("verify") if desired else None
    everything = wish == "all" or (wish is None and rows <= READ_BACK_MAX)
    return rows if everything else min(rows, SAMPLE)


def _spread(feed: RowsFeed, verb: Verb, most: int, rows: int, take: int) -> Iterator[Mapping[str, str]]:
    """`take` of `rows`, evenly spread, without holding the others."""
    number = 0
    for batch in feed.batches(verb, most):
        for row in batch.rows:
            if number * take // rows != (number - 1) * take // rows:
                yield row
            number += 1


def _wish(step: Step) -> tuple[Desired, RowsFeed]:
    if step.desired is None or step.feed is None:
        raise ValueError("a blacklist without a document or a feed")
    return step.desired, step.feed
