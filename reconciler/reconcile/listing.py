"""Rows of a plan: read, cleaned, taken out where a list says so, and compared.

First every target is read: address books, which contact nobody; blacklists; live rows. Then, with everybody known who said no
anywhere, the rows that would reach people are judged, target by target.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING, Final

from reconciler.calendar import duration
from reconciler.catalogue import say
from reconciler.plan.known import Memory, Seen
from reconciler.plan.values import People
from reconciler.platforms.platform import RowsSeen
from reconciler.policies.meant import reaches_people
from reconciler.policies.settings import Suppress
from reconciler.reconcile.blacklists import Blacklists
from reconciler.reconcile.caps import Frequency
from reconciler.reconcile.documents import BLACKLIST, Documents
from reconciler.reconcile.fetching import fetch, listen
from reconciler.reconcile.listed import Listing, Read
from reconciler.reconcile.optouts import Heard, OptOuts
from reconciler.reconcile.reach import Reach, container_of, no_rows
from reconciler.reconcile.reading import read_target
from reconciler.reconcile.session import Session
from reconciler.reconcile.suppression import read_lists, still_there, unseen
from reconciler.resource import Address, Desired, Reading
from reconciler.target import Target

if TYPE_CHECKING:
    from reconciler.rows.compare import Compared
    from reconciler.rows.prepared import Prepared

_NOT_ALL: Final = ("PLT002", "UNV001")  # what tells that not everybody in a campaign is known


def list_rows(
    session: Session,
    selected: Sequence[Desired],
    seen: Mapping[str, Seen],
    memory: Memory,
    now: datetime,
    everything: Sequence[Desired],
    starting: frozenset[Address],
    entering: frozenset[Address],
    suppress: Sequence[Suppress],
    frequency: Frequency,
) -> Listing:
    """Prepare and compare the rows of the selected documents. A plan without rows needs no engine.

    `starting` are the campaigns that would be started: everybody still dialable in them counts as reached, and none is
    started while a blacklist of theirs, which this plan leaves out, has entries to add. `entering` are campaigns that are made,
    or get another category: what barred people in others bars nobody in them yet. `suppress` are the project's lists; where
    nobody is contacted, they are not read. `frequency` weighs how often people are contacted.
    """
    listing = Listing()
    addresses = {wish.address for wish in selected}
    opt_outs = OptOuts(session, memory)
    contacting = bool(starting) or any(reaches_people(wish) or wish.get("lifts") for wish in selected)
    if contacting:
        listing.lists = read_lists(session, suppress)
        listing.findings += listing.lists.findings
    accounts = [
        Documents(
            session=session,
            target=session.project.targets[name],
            documents=[wish for wish in everything if wish.address.target == name],
            seen=seen[name],
            memory=memory,
            now=now,
            listing=listing,
            starting=starting,
            entering=entering,
            frequency=frequency,
        )
        for name in dict.fromkeys((*(wish.address.target for wish in selected), *sorted(one.target for one in starting)))
    ]
    for documents in accounts:
        documents.make_ready(addresses)
    known = [documents.target.name for documents in accounts]
    elsewhere = sorted({wish.address.target for wish in everything} - {*known}) if contacting else []
    heard = listen(session, [*known, *elsewhere], seen) if contacting else dict.fromkeys(known, Heard())
    fetch(accounts, addresses)
    read = [(documents, _read(documents, addresses, opt_outs, heard[documents.target.name])) for documents in accounts]
    for documents, blacklists in read:
        _wait(documents)
        opt_outs.take_in(documents, blacklists, heard[documents.target.name])
    for name in elsewhere:
        _listen(only_heard(session, session.project.targets[name], everything, memory, now, frequency), opt_outs, heard[name])
    refused = _refused(session, [one.prepared for documents in accounts for one in documents.reads], listing.lists.own)
    for documents, blacklists in sorted(read, key=lambda account: account[0].target.name):
        _judge(documents, blacklists, opt_outs, refused)
    for documents in accounts:
        _weigh_starts(documents)
    listing.findings += [*opt_outs.findings, *opt_outs.told()]
    listing.enforced += opt_outs.learned()
    listing.unheard = opt_outs.unheard
    if not (listing.listed or listing.dialable):
        return listing
    from reconciler.rows.people import unique

    people = {wish.address for wish in selected if reaches_people(wish)}
    reached = [listed.compared.persons for address, listed in listing.listed.items() if address in people]
    found = unique(session.engine, [*reached, *chain.from_iterable(listing.dialable.values())])
    listing.people = People(total=found.total, first_time=found.first_time)
    return listing


def _read(documents: Documents, selected: set[Address], opt_outs: OptOuts, heard: Heard) -> Blacklists:
    """One target's documents, in the order in which they bear on one another, up to those that reach people."""
    chosen = [desired for desired in documents.documents if desired.address in selected]
    for desired in chosen:
        if desired.address.kind == "contacts" and not reaches_people(desired):
            documents.books.append(_document(documents, _at_hand(documents, desired)))
    blacklists = Blacklists(documents, opt_outs)
    documents.blocks = blacklists.blocks(selected, heard)
    documents.reads += [_at_hand(documents, desired) for desired in chosen if reaches_people(desired)]
    return blacklists


def _at_hand(documents: Documents, desired: Desired) -> Read:
    """The rows of one document, and what is live of them."""
    prepared = documents.prepare(desired)
    rows_seen = documents.read(desired, prepared)
    return Read(desired=desired, prepared=prepared, rows_seen=rows_seen, live_table=documents.table(rows_seen))


def _wait(documents: Documents) -> None:
    """Who is in the campaigns of a target that start, where no document of this plan reads their rows."""
    target, listing = documents.target, documents.listing
    read = {Address(target.name, "campaign", one.desired.get("campaign") or "") for one in documents.reads if one.live_table}
    reach = Reach(
        session=documents.session,
        target=target,
        seen=documents.seen,
        memory=documents.memory,
        waiting=listing.waiting,
        read=documents.read_live,
        silent=documents.silent,
    )
    for address in sorted(documents.starting - read):
        if address.target != target.name:
            continue
        table, finding = reach.of_start(address, documents.documents)
        if table:
            listing.dialable[address] = [table]
        listing.findings += [finding] if finding else []


def _listen(documents: Documents, opt_outs: OptOuts, heard: Heard) -> None:
    """Another account of the project, however the plan was cut: who said no there is not contacted here."""
    blacklists = Blacklists(documents, opt_outs)
    if heard.table:
        blacklists.wish()
    opt_outs.take_in(documents, blacklists, heard)


def only_heard(
    session: Session, target: Target, everything: Sequence[Desired], memory: Memory, now: datetime, frequency: Frequency
) -> Documents:
    """The documents of a target none of whose rows are judged: what they wish barred tells opt-outs from old news."""
    return Documents(
        session=session,
        target=target,
        documents=[wish for wish in everything if wish.address.target == target.name],
        seen=Seen(campaigns=Reading(complete=False, read_at=now)),
        memory=memory,
        now=now,
        listing=Listing(),
        starting=frozenset(),
        entering=frozenset(),
        frequency=frequency,
    )


def _refused(session: Session, documents: Sequence[Prepared], own: Sequence[tuple[str, str]]) -> Sequence[tuple[str, str]]:
    """(reason, persons) of those who are on a list of ours by a number that any of these documents has: whoever said no is a
    person, and may have another number in another document.
    """
    known = [prepared for prepared in documents if "person" in prepared.beside]
    if len(known) < 2:  # within one document `suppress` sees to it
        return ()
    from reconciler.rows.suppress import persons_on

    return [(reason, persons_on(session.engine, known, [table])) for reason, table in own]


def _judge(documents: Documents, blacklists: Blacklists, opt_outs: OptOuts, refused: Sequence[tuple[str, str]]) -> None:
    """The documents of one target that reach people, and then its blacklists, which bar live rows too."""
    for read in sorted(documents.reads, key=lambda read: read.desired.address):
        _leave_out(documents, read.desired, read.prepared, opt_outs, refused)
        _document(documents, read, lists=len(documents.listing.lists.every) + any(opt_outs.against(documents)))
    blacklists.conclude()
    documents.listing.findings += opt_outs.still_waiting(documents)
    documents.listing.findings += still_there(documents)


def _document(documents: Documents, read: Read, *, lists: int = 0) -> Prepared:
    """The rows of one document that is no blacklist, compared with what is live, and held against so many `lists`."""
    desired, prepared, rows_seen, live_table = read.desired, read.prepared, read.rows_seen, read.live_table
    container = container_of(documents.target, desired, documents.live(desired))
    adding = documents.adding.setdefault(container, [])
    compared = documents.compare(desired, prepared, container, rows_seen, live_table=live_table, adding=adding)
    if compared.diff.again and documents.target.read_again_s:
        rows_seen = _read_again(documents, desired, prepared, rows_seen, compared, adding)
    if compared.adds:
        adding.append(compared.adds)
    passed = prepared.spec.sheet.whole_file and compared.diff.to_add
    findings = [unseen(desired, lists)] if passed and lists else []
    documents.frequency.take_in(desired, documents.target, prepared, compared)
    documents.conclude(desired, prepared, rows_seen, compared, findings)
    return prepared


def _weigh_starts(documents: Documents) -> None:
    """How often those are contacted who wait in the campaigns of a target that start."""
    listing, target = documents.listing, documents.target
    homes = ((Address(target.name, "campaign", wish.desired.get("campaign") or ""), wish) for wish in listing.wishes)
    unread = {home for home, wish in homes if wish.desired.address.target == target.name and not wish.rows_complete}
    unread |= {finding.address for finding in listing.findings if finding.code in _NOT_ALL and finding.address}
    for address in sorted(documents.starting):
        owned = documents.memory.owned.get(address)
        live = documents.seen.by_id(owned.id) if owned and address.target == target.name else None
        if live:
            container = container_of(target, no_rows(target, address.name), live)
            tables = listing.dialable.get(address, [])
            documents.frequency.take_in_start(address, container, tables, known=address not in unread)


def _read_again(
    documents: Documents, desired: Desired, prepared: Prepared, first: RowsSeen, compared: Compared, adding: Sequence[str]
) -> RowsSeen:
    """Rows of ours that are not shown any more would be sent once more: that does not rest on one reading, which may be old.

    The reading is not complete unless a second one, a moment later, comes to the same.
    """
    documents.session.world.sleep(documents.target.read_again_s)
    if not reaches_people(desired):  # an address book is read with its target
        here = read_target(documents.session, documents.target, documents.documents, documents.memory, documents.now)
        if here.seen is None:
            return replace(first, complete=False, note=here.state.note)
        documents.seen = here.seen
    second = documents.read(desired, prepared)
    table = documents.table(second)
    again = documents.compare(desired, prepared, compared.container, second, live_table=table, adding=adding)
    if second.complete and again.diff.digest == compared.diff.digest:
        return first
    return replace(first, complete=False, note=second.note or say("two readings in a row differ: run it again"))


def _leave_out(
    documents: Documents, desired: Desired, prepared: Prepared, opt_outs: OptOuts, refused: Sequence[tuple[str, str]]
) -> None:
    """Take out whom a list bars, and what is due only later."""
    from reconciler.rows.enforced import hold_against
    from reconciler.rows.suppress import later, suppress, take_persons

    engine, barring, lists = documents.session.engine, documents.barring(desired.get("campaign", "")), documents.listing.lists
    suppress(engine, prepared, lists.own)
    for reason, persons in refused:
        take_persons(engine, prepared, reason, persons)
    opt_outs.leave_out(documents, desired, prepared)
    suppress(engine, prepared, lists.registers, registers=[reason for reason, _table in lists.registers])
    suppress(engine, prepared, [(BLACKLIST, block.table) for block in barring if not block.container])
    for block in barring:
        if block.container:
            hold_against(engine, prepared, BLACKLIST, block.table, block.container)
    if desired.get("horizon"):
        later(engine, prepared, documents.now + duration(desired.fields["horizon"]))
