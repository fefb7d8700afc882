"""One target's documents with rows: prepared from their source, compared with what is live, concluded as wishes."""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from reconciler.calendar import instant
from reconciler.catalogue import say
from reconciler.diagnostics import Finding, Severity
from reconciler.journal.entry import Columns
from reconciler.plan.known import Memory, Seen
from reconciler.plan.make import LIFE
from reconciler.plan.manual import Manual
from reconciler.plan.values import Wish
from reconciler.platforms.platform import NotReadable, Platform, RowsSeen
from reconciler.reconcile.caps import Frequency
from reconciler.reconcile.listed import Block, Listed, Listing, Read, Waiting
from reconciler.reconcile.reach import container_of
from reconciler.reconcile.session import Session
from reconciler.resource import Address, Desired, Live, State
from reconciler.rows.sheet import RowsDiff, Sheet, Verb
from reconciler.specs import rows_spec
from reconciler.target import Target
from reconciler.wire import LostError

if TYPE_CHECKING:
    from reconciler.rows.compare import Compared, Ending
    from reconciler.rows.people import Barred
    from reconciler.rows.prepared import Prepared
    from reconciler.rows.spec import RowsSpec

BLACKLIST: Final = "blacklist"


@dataclass(slots=True, kw_only=True)
class Documents:
    """What planning knows of one target, and what its documents have told so far.

    `starting` and `entering` are as in `listing.list_rows`. `fetched` are live rows that nobody has asked for yet, by document
    and the id of the live campaign that they are in; one address may be read for two of them. `books` are the address books
    that were prepared, `exports` the tables of live rows by the id of their campaign, `adding` those of rows to add by
    container. `blocks` are the numbers that the target's own lists bar, `reads` the documents that reach people, read and not
    judged yet.
    """

    session: Session
    target: Target
    documents: Sequence[Desired]
    seen: Seen
    memory: Memory
    now: datetime
    listing: Listing
    starting: frozenset[Address]
    entering: frozenset[Address]
    frequency: Frequency
    platform: Platform = field(init=False)
    campaigns: Mapping[str, Desired] = field(init=False)
    fetched: dict[tuple[Address, str], RowsSeen] = field(default_factory=dict)
    books: list[Prepared] = field(default_factory=list)
    exports: dict[str, tuple[str, ...]] = field(default_factory=dict)
    adding: dict[str, list[str]] = field(default_factory=dict)
    blocks: Sequence[Block] = ()
    reads: list[Read] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.platform = self.session.platform(self.target)
        self.campaigns = {wish.address.name: wish for wish in self.documents if wish.address.kind == "campaign"}

    # --- where rows belong

    def live(self, desired: Desired) -> Live | None:
        """The live campaign that rows belong to: ours by the journal, never by a name that somebody else's may have."""
        name = desired.get("campaign") or (desired.get("scope") or {}).get("campaign")
        owned = self.memory.owned.get(Address(self.target.name, "campaign", name)) if name else None
        return self.seen.by_id(owned.id) if owned and owned.container == self.target.container else None

    def managed(self) -> Iterator[tuple[Address, Live]]:
        """The campaigns of the target that are ours and there."""
        for address, owned in self.memory.owned.items():
            ours = address.target == self.target.name and owned.container == self.target.container
            live = self.seen.by_id(owned.id) if ours and address.kind == "campaign" else None
            if live:
                yield address, live

    def covered(self, address: Address, block: Block) -> bool:
        """Whether a block is about that campaign."""
        campaign = self.campaigns.get(address.name)
        category = campaign.block.get("category", "") if campaign else ""
        return address.target == self.target.name and block.covers(address.name, category)

    def barring(self, campaign: str) -> list[Block]:
        """The blocks that are about a campaign of that name, managed or not."""
        managed = self.campaigns.get(campaign)
        category = managed.block.get("category", "") if managed else ""
        return [block for block in self.blocks if block.covers(campaign, category)]

    def barred(self, address: Address) -> Barred:
        """Whom the platform will not dial in a campaign once its lists are as they are wished."""
        from reconciler.rows.people import Barred

        owned = self.memory.owned.get(address)
        live = self.seen.by_id(owned.id) if owned else None
        numbers: list[str] = []
        rows: list[str] = []
        for block in self.barring(address.name):
            if block.container or not (self.platform.supports[BLACKLIST].actions and self.session.engine.count(block.table)):
                continue
            marked = live is not None and block.marks is not None and block.marks.items() <= live.fields.items()
            (rows if marked else numbers).append(block.table)
        return Barred(numbers=numbers, rows=rows)

    def silent(self, address: Address, spec: RowsSpec, live_table: str) -> tuple[str, ...]:
        """The tables (`live`) of live rows that the platform will not dial in a campaign."""
        from reconciler.rows.people import silent_rows

        found = silent_rows(self.session.engine, spec, live_table, self.barred(address))
        return (found,) if found else ()

    def waiting(self) -> list[tuple[Address, Waiting]]:
        """The live rows of the target's campaigns that start, as far as they were read."""
        found = self.listing.waiting.items()
        return [(address, rows) for address, every in found if address.target == self.target.name for rows in every]

    def running(self) -> Iterator[tuple[Address, Waiting]]:
        """The live rows of the target's campaigns that run already, as far as they were read."""
        started = {address for address, live in self.managed() if live.state is State.STARTED}
        for read in self.reads:
            home = Address(self.target.name, "campaign", read.desired.get("campaign") or "")
            if read.live_table and home in started - self.starting:
                listed = self.listing.listed.get(read.desired.address)
                gone = _gone(listed.compared, read.rows_seen) if listed else ()
                yield home, Waiting(prepared=read.prepared, live=read.live_table, gone=gone)

    def anew(self, desired: Desired) -> bool:
        """Whether every entry of a list is written again: a campaign that it is for has nobody barred in it yet."""
        scope = desired.get("scope") or {}
        if not (scope.get("campaign") or scope.get("category")):
            return False
        block = Block(table="", campaign=scope.get("campaign", ""), category=scope.get("category", ""))
        return any(self.covered(address, block) for address in self.entering)

    # --- reading

    def make_ready(self, selected: Collection[Address]) -> None:
        """Prepare the rows of the selected documents, and of every list: what is wrong with their sources is told before any
        platform is asked.
        """
        for desired in self.documents:
            if desired.address.kind == BLACKLIST or (desired.address in selected and desired.address.kind != "campaign"):
                self.session.ready[desired.address, False] = self.prepare(desired)

    def prepare(self, desired: Desired, *, lifts: bool = False) -> Prepared:
        """A document's rows, or those of its lifts, in the engine."""
        from reconciler.rows.prepare import prepare

        if ready := self.session.ready.pop((desired.address, lifts), None):
            return ready
        sheet = self.platform.sheet(desired, self.target)
        return prepare(self.session.engine, rows_spec(desired, self.target, self.session.project, sheet, lifts=lifts))

    def read(self, desired: Desired, prepared: Prepared) -> RowsSeen:
        """What is live, or a reading that is not complete and says why."""
        live, sheet = self.live(desired), prepared.spec.sheet
        if sheet.readable and desired.get("campaign") and live is None:
            return RowsSeen()
        asks = desired.address.kind == BLACKLIST and not sheet.readable and not self.anew(desired)
        return self.read_live(desired, live, self._asked(desired, prepared, live) if asks else None)

    def fetch(self, desired: Desired, live: Live | None) -> None:
        """Read what is live of a document before anybody asks for it. May run beside others of its kind."""
        self.fetched[desired.address, live.id if live else ""] = self._shown(desired, live)

    def read_live(self, desired: Desired, live: Live | None, asked: Iterator[Mapping[str, str]] | None = None) -> RowsSeen:
        """The platform's rows of a document, whatever came of asking for them: what was fetched, once, and else what is there
        now.
        """
        fetched = self.fetched.pop((desired.address, live.id if live else ""), None)
        rows_seen = fetched or self._shown(desired, live, asked)
        if live and desired.address.kind == "contacts":
            self.exports[live.id] = rows_seen.tables
        return rows_seen

    def _shown(self, desired: Desired, live: Live | None, asked: Iterator[Mapping[str, str]] | None = None) -> RowsSeen:
        flow = self.platform.read_rows(desired, self.target, live, self.seen, asked or iter(()))
        try:
            return self.session.wire(self.target).run(flow)
        except NotReadable as failure:
            return RowsSeen(complete=False, note=failure.why)
        except LostError as failure:
            return RowsSeen(complete=False, note=failure.reason)

    def _asked(self, desired: Desired, prepared: Prepared, live: Live | None) -> Iterator[Mapping[str, str]]:
        """The entries that the journal does not vouch for, with the ids of the contacts that they mean."""
        from reconciler.rows.attach import attach
        from reconciler.rows.recipients import asked

        contacts = self.seen.tables.get("contacts")
        if contacts is None:
            return iter(())
        attach(self.session.engine, prepared, contacts, self.books)
        return asked(self.session.engine, self.compare(desired, prepared, container_of(self.target, desired, live), RowsSeen()))

    def table(self, rows_seen: RowsSeen) -> str | None:
        """The live rows as one table; None where the platform lists none."""
        from reconciler.rows.recipients import in_all

        return in_all(self.session.engine, rows_seen.tables) if rows_seen.tables else None

    # --- comparing

    def compare(
        self,
        desired: Desired,
        prepared: Prepared,
        container: str,
        rows_seen: RowsSeen,
        *,
        live_table: str | None = None,
        adding: Sequence[str] = (),
        reviewed: Compared | None = None,
    ) -> Compared:
        """A document's rows against a live table, and against what the journal knows of their container, and of everybody.

        `reviewed` is what they came to in another container; what was weighed there is not weighed again.
        """
        from reconciler.rows.compare import compare
        from reconciler.rows.recipients import names_of

        journal, engine = self.session.journal, self.session.engine
        generation = desired.get("generation", 1)
        natural = desired.address.kind == BLACKLIST
        sent: list[Columns] = list(journal.listed(container) if natural else journal.sent(container))
        if natural and live_table is None and self.anew(desired):
            sent = []
        if rows_seen.known:
            sent.append(Columns(recipients=names_of(engine, rows_seen.known, container, generation)))
        return compare(
            engine,
            prepared,
            live=live_table,
            container=container,
            generation=generation,
            missing=desired.get("missing", "keep"),
            changed=desired.get("changed", "report"),
            sent=sent,
            held=() if natural else journal.held(container),
            loaded=journal.rows_loaded(container),
            persons=self.session.known,
            adding=adding,
            lapsed=list(journal.listed(container)) if desired.get("expires") == "lapse" else (),
            ending=self._ending(desired, container) if desired.get("expires") == "renew" else None,
            over=None if reviewed else self.frequency.over(desired, self.target, container, prepared),
            reviewed=reviewed,
        )

    def _ending(self, desired: Desired, container: str) -> Ending:
        """The entries of ours that end before a plan made now does, counted from when we wrote them: no platform tells.

        Where entries hold for a day or two, half of that is soon enough.
        """
        from reconciler.rows.compare import Ending

        span = timedelta(days=desired.get("days"))
        fresh_since = self.session.world.now() - span + min(LIFE, span / 2)
        journal = self.session.journal
        return Ending(listed=list(journal.listed(container)), fresh=list(journal.listed(container, fresh_since)))

    # --- concluding

    def conclude(
        self, desired: Desired, prepared: Prepared, rows_seen: RowsSeen, compared: Compared, findings: Sequence[Finding] = ()
    ) -> None:
        """Put a document's compared rows into the listing, with its wish."""
        sheet, diff, live_table = prepared.spec.sheet, compared.diff, compared.feed.live
        found = list(findings)
        if sheet.listed_max and diff.to_add and diff.live + diff.to_add >= sheet.listed_max:
            message = say(
                "{count:,} rows could not be read back: the platform lists fewer than {most:,}",
                count=diff.live + diff.to_add,
                most=sheet.listed_max,
            )
            found.append(self.finding("PLT004", Severity.DENY, message, desired, say("split the list over several campaigns")))
        if compared.twice and not sheet.natural:
            message = say("{count:,} keys are live more than once", count=compared.twice)
            remedy = say("look in the console; nothing is removed")
            found.append(self.finding("PLT002", Severity.WARN, message, desired, remedy))
        self.listing.listed[desired.address] = Listed(
            prepared=prepared,
            compared=compared,
            again=lambda other: self.compare(desired, prepared, other, rows_seen, live_table=live_table, reviewed=compared),
            channel=self.frequency.channel(desired, self.target),
        )
        home = Address(self.target.name, "campaign", desired.get("campaign") or "")
        if live_table and home in self.starting:
            from reconciler.rows.people import dialable

            gone = (*_gone(compared, rows_seen), *self.silent(home, prepared.spec, live_table))
            reached = dialable(self.session.engine, live_table, prepared, self.session.known, gone)
            self.listing.dialable.setdefault(home, []).append(reached)
            self.listing.waiting.setdefault(home, []).append(Waiting(prepared=prepared, live=live_table, gone=gone))
        self.wish(desired, diff, rows_seen, found, sheet=sheet, at=self._earliest(compared, desired.get("at")))

    def wish(
        self,
        desired: Desired,
        diff: RowsDiff,
        rows_seen: RowsSeen,
        findings: Sequence[Finding],
        *,
        sheet: Sheet,
        at: str = "",
        enforced: bool = False,
    ) -> None:
        """Put the wish of a document with rows into the listing."""
        self.listing.wishes.append(
            Wish(
                desired=desired,
                rows=diff,
                rows_note=rows_seen.note,
                rows_complete=rows_seen.complete,
                replaced_in_place=sheet.replaced_in_place,
                enforced_by_us=enforced,
                verifiable=sheet.readable or desired.address.kind == BLACKLIST,
                at=at,
                container=container_of(self.target, desired, self.live(desired)),
                manual=tuple(self._by_hand(desired, diff, enforced=enforced)),
                findings=(*findings, *self.platform.check_live(desired, self.seen, self.target)),
            )
        )

    def _by_hand(self, desired: Desired, diff: RowsDiff, *, enforced: bool) -> Iterator[Manual]:
        """Steps that only a person can do, while there is something to do them for. Each upload needs its own."""
        at = desired.get("at", "on_apply")
        if diff.old_content and at != "on_apply" and (isinstance(at, dict) or instant(at) > self.now):
            wish = repr([desired.fields.get("message"), at, desired.get("generation")])
            yield Manual(
                address=desired.address,
                key=f"{desired.address}#changed={hashlib.sha256(wish.encode()).hexdigest()[:8]}",
                what=say(
                    "{count:,} message(s) are scheduled with the old text or time, and no API takes them back: delete them "
                    "in the portal, or let them go out",
                    count=diff.old_content,
                ),
                origin=desired.origin_of("message"),
            )
        uploads = self.memory.occurrences.get(desired.address, 0) + bool(diff.to_add)
        if enforced or uploads:
            for step in self.platform.manual(desired, self.seen, self.target):
                yield step if enforced else replace(step, key=f"{step.key}@{uploads}")

    def _earliest(self, compared: Compared, at: Any) -> str:
        """The document's instant; with an instant a row, the earliest of those that would be sent."""
        if not isinstance(at, dict) or not compared.adds:
            return str(at or "") if isinstance(at, str) else ""
        rows = f"{compared.adds} m JOIN {compared.feed.prepared.table} p ON p._row = m.row"
        return str(self.session.engine.one(f'SELECT arg_min(p."at", try_cast(p."at" AS TIMESTAMPTZ)) FROM {rows}'))

    def finding(self, code: str, severity: Severity, message: str, desired: Desired, remedy: str) -> Finding:
        """A finding at a document's source."""
        origin = desired.origin_of("source")
        return Finding(code=code, severity=severity, message=message, remedy=remedy, address=desired.address, origin=origin)


def _gone(compared: Compared, rows_seen: RowsSeen) -> tuple[str, ...]:
    """The tables (`live`) of rows that the plan takes away; nothing is taken away on a reading that is not complete."""
    marked = (compared.feed.marked.get(verb) for verb in (Verb.REMOVE, Verb.CLOSE))
    return tuple(one.table for one in marked if one) if rows_seen.complete else ()
