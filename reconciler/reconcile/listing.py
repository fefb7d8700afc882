"""Rows of a plan: read, cleaned, taken out where a list says so, and compared, target by target.

Address books come first, which contact nobody; then blacklists, then everything that they take rows out of.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from typing import TYPE_CHECKING

from reconciler.calendar import duration
from reconciler.catalogue import say
from reconciler.plan.values import Memory, People, Seen
from reconciler.platforms.platform import RowsSeen
from reconciler.reconcile.blacklists import Blacklists
from reconciler.reconcile.documents import BLACKLIST, Documents, reaches_people
from reconciler.reconcile.listed import Block, Listing
from reconciler.reconcile.reach import Reach, container_of
from reconciler.reconcile.reading import read_target
from reconciler.reconcile.session import Session
from reconciler.resource import Address, Desired

if TYPE_CHECKING:
    from reconciler.rows.compare import Compared
    from reconciler.rows.prepared import Prepared


def list_rows(
    session: Session,
    selected: Sequence[Desired],
    seen: Mapping[str, Seen],
    memory: Memory,
    now: datetime,
    everything: Sequence[Desired],
    starting: frozenset[Address],
    entering: frozenset[Address] = frozenset(),
) -> Listing:
    """Prepare and compare the rows of the selected documents. A plan without rows needs no engine.

    `starting` are the campaigns that would be started: everybody still dialable in them counts as reached, and none is
    started while a blacklist of theirs, which this plan leaves out, has entries to add. `entering` are campaigns that are made,
    or get another category: what barred people in others bars nobody in them yet.
    """
    listing = Listing()
    addresses = {wish.address for wish in selected}
    left_out = {
        wish.address.target for wish in everything if wish.address.kind == BLACKLIST and wish.address not in addresses
    } & {address.target for address in starting}
    for name in dict.fromkeys((*(wish.address.target for wish in selected), *sorted(left_out))):
        documents = Documents(
            session=session,
            target=session.project.targets[name],
            documents=[wish for wish in everything if wish.address.target == name],
            seen=seen[name],
            memory=memory,
            now=now,
            listing=listing,
            starting=starting,
            entering=entering,
        )
        _list(documents, addresses)
    for address in sorted(starting - listing.counted):
        reach = Reach(session=session, target=session.project.targets[address.target], seen=seen[address.target], memory=memory)
        table, finding = reach.of_start(address, [wish for wish in everything if wish.address.target == address.target])
        if table:
            listing.dialable[address] = [table]
        listing.findings += [finding] if finding else []
    if not (listing.listed or listing.dialable):
        return listing
    from reconciler.rows.people import unique

    people = {wish.address for wish in selected if reaches_people(wish)}
    reached = [listed.compared.persons for address, listed in listing.listed.items() if address in people]
    found = unique(session.engine, [*reached, *chain.from_iterable(listing.dialable.values())])
    listing.people = People(total=found.total, first_time=found.first_time)
    return listing


def _list(documents: Documents, selected: set[Address]) -> None:
    """One target's documents, in the order in which they bear on one another."""
    chosen = [desired for desired in documents.documents if desired.address in selected]
    for desired in chosen:
        if desired.address.kind == "contacts" and not reaches_people(desired):
            documents.books.append(_document(documents, desired, ()))
    blacklists = Blacklists(documents)
    blocks = blacklists.blocks(selected)
    for desired in chosen:
        if reaches_people(desired):
            _document(documents, desired, blocks)
    blacklists.conclude()


def _document(documents: Documents, desired: Desired, blocks: Sequence[Block]) -> Prepared:
    """The rows of one document that is no blacklist: those that may be contacted, compared."""
    prepared = documents.prepare(desired)
    _leave_out(documents, desired, prepared, blocks)
    rows_seen = documents.read(desired, prepared)
    container = container_of(documents.target, desired, documents.live(desired))
    adding = documents.adding.setdefault(container, [])
    live_table = documents.table(rows_seen)
    compared = documents.compare(desired, prepared, container, rows_seen, live_table=live_table, adding=adding)
    if compared.diff.again and documents.target.read_again_s:
        rows_seen = _read_again(documents, desired, prepared, rows_seen, compared, adding)
    if compared.adds:
        adding.append(compared.adds)
    documents.conclude(desired, prepared, rows_seen, compared)
    return prepared


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


def _leave_out(documents: Documents, desired: Desired, prepared: Prepared, blocks: Sequence[Block]) -> None:
    """Take out whom a list bars, and what is due only later."""
    from reconciler.rows.enforced import hold_against
    from reconciler.rows.suppress import later, suppress

    engine, name = documents.session.engine, desired.get("campaign", "")
    campaign = documents.campaigns.get(name)
    category = campaign.block.get("category", "") if campaign else ""
    barring = [block for block in blocks if block.covers(name, category)]
    suppress(engine, prepared, [(BLACKLIST, block.table) for block in barring if not block.container])
    for block in barring:
        if block.container:
            hold_against(engine, prepared, BLACKLIST, block.table, block.container)
    if desired.get("horizon") and isinstance(desired.fields["at"], dict):
        later(engine, prepared, documents.now + duration(desired.fields["horizon"]))
