"""Opt-outs that arrived on an account, written back into the file of its blacklist: what is live becomes what is wished.

The journal is told first. Once a document names them they are no news any more, and who said no stays out on every target.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from reconciler.catalogue import say
from reconciler.diagnostics import did_you_mean
from reconciler.errors import Mistaken, Unreachable
from reconciler.personal import mask_number
from reconciler.plan.known import Memory
from reconciler.reconcile.blacklists import Blacklists
from reconciler.reconcile.caps import Frequency
from reconciler.reconcile.carry import claim, new_run, note_entries
from reconciler.reconcile.documents import BLACKLIST, Documents
from reconciler.reconcile.listing import only_heard
from reconciler.reconcile.optouts import OptOuts, hear, no_entries
from reconciler.reconcile.propose import written
from reconciler.reconcile.session import Session
from reconciler.resource import Action, Address, Desired
from reconciler.specs import rows_spec
from reconciler.target import Target

if TYPE_CHECKING:
    from reconciler.rows.spec import RowsSpec
    from reconciler.rows.writeback import Book

SAMPLE: Final = 5
REASON: Final = "opt-out"


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulled:
    """What one document's file lacks: how many entries, some of them masked, how many were added, and what is not known.

    `file` is "" where no entry is missing and no file was looked at.
    """

    address: Address
    file: str = ""
    count: int = 0
    sample: tuple[str, ...] = ()
    added: int = 0
    note: str = ""


def pull(session: Session, addresses: Sequence[Address], *, write: bool) -> Iterator[Pulled]:
    """For each blacklist that is asked for, or for every one that its platform lists, what it lacks; with `write` it is added.

    Mistaken for an address that is none of these, and where a file cannot be added to (OPT004); Unreachable where a list
    cannot be read; Stale where a file changed meanwhile, or somebody applies.
    """
    specs, settings = written(session)
    chosen = _chosen(session, [wish for wish in specs.desired if wish.address.kind == BLACKLIST], addresses)
    frequency = Frequency(session=session, settings=settings, documents=specs.desired, now=session.world.now())
    run = new_run() if write else ""
    with session.journal.lock(claim(run), session.moment) if run else nullcontext():
        memory = session.journal.memory()
        for desired in chosen:
            yield _one(session, specs.desired, desired, memory, frequency, run)


def _chosen(session: Session, lists: Sequence[Desired], addresses: Sequence[Address]) -> list[Desired]:
    """One document a target: what arrived there goes into one file."""
    known = {wish.address: wish for wish in lists}
    able = [wish for wish in lists if _shown(session, wish)]
    for address in addresses:
        if address not in known:
            message = say("no blacklist document has the address {address}", address=address)
            raise Mistaken(message, code="SPC010", remedy=did_you_mean(str(address), map(str, known)) or say("write it first"))
        if known[address] not in able:
            message = say("{address}: its platform shows no list of who must not be called", address=address)
            raise Mistaken(message, code="OPT004", remedy=say("add who said no to its file by hand"))
    found: dict[str, Desired] = {}
    for wish in [known[address] for address in addresses] or able:
        found.setdefault(wish.address.target, wish)
    return list(found.values())


def _shown(session: Session, desired: Desired) -> bool:
    """Whether a list is about calls that go out, and its platform shows all that is on it."""
    target = session.project.targets[desired.address.target]
    readable = session.platform(target).sheet(no_entries(target), target).readable
    return readable and (desired.get("scope") or {}).get("direction") != "inbound"


def _one(
    session: Session, everything: Sequence[Desired], desired: Desired, memory: Memory, frequency: Frequency, run: str
) -> Pulled:
    """One document's list; written back only within a run."""
    from reconciler.rows import optouts, writeback

    target, platform = session.project.targets[desired.address.target], session.platforms[desired.platform]
    spec = rows_spec(desired, target, session.project, platform.sheet(desired, target))
    into = _book(spec)  # before its rows are read: what is added to is what was compared
    heard = hear(session, target, None)
    if heard.lost:
        message = say("{target} could not be read: {why}", target=target.name, why=heard.lost)
        raise Unreachable(message, code="PLT007", remedy=say("run 'reconciler doctor'; nothing was written"))
    documents = only_heard(session, target, everything, memory, session.world.now(), frequency)
    opt_outs = OptOuts(session, memory)
    blacklists = Blacklists(documents, opt_outs)
    blacklists.wish()
    opt_outs.take_in(documents, blacklists, heard)
    lifted = _lifted(documents)
    rest = [optouts.without_those(session.engine, arrival.entries, lifted) for arrival in opt_outs.arrivals]
    entries = [text for table in rest for text in optouts.texts(session.engine, table)]
    if not entries:
        return Pulled(address=desired.address, note=heard.note)
    if isinstance(into, Mistaken):
        raise into
    added = 0
    if run:
        for kept in opt_outs.learned():
            note_entries(session, kept, Action.BLACKLIST_ADD, run)
        said = {"since": _today(session, target).isoformat(), "reason": REASON, "via": target.platform}
        added = writeback.append(session.engine, spec, into, entries, said)
    return Pulled(
        address=desired.address,
        file=into.place.shown,
        count=len(entries),
        sample=tuple(mask_number(text) for text in entries[:SAMPLE]),
        added=added,
        note=heard.note,
    )


def _book(spec: RowsSpec) -> Book | Mistaken:
    """The file that is added to, or why there is none: that matters once there is something to add."""
    from reconciler.rows.writeback import book

    try:
        return book(spec)
    except Mistaken as refusal:
        return refusal


def _lifted(documents: Documents) -> list[str]:
    """Who asked to be reachable again: they are not written back, whatever the platform's list still says."""
    from reconciler.rows.suppress import wished

    asked = [wish for wish in documents.documents if wish.address.kind == BLACKLIST and wish.get("lifts")]
    return [wished(documents.session.engine, documents.prepare(wish, lifts=True)) for wish in asked]


def _today(session: Session, target: Target) -> date:
    """The day on which the entries are written back, where the account is: the platform does not say since when they stand."""
    return session.world.now().astimezone(ZoneInfo(target.timezone)).date()
