"""Rows of a plan: read, cleaned, taken out where a list says so, and compared, document by document.

Blacklists come first: what they wish and what is live in them takes rows out of every other document of their target. They
do so even when `--only` leaves them out: who said no is not contacted because of how a plan was cut.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

from reconciler.calendar import duration, instant
from reconciler.catalogue import say
from reconciler.diagnostics import Finding, Severity
from reconciler.journal.entry import Columns
from reconciler.plan.values import Manual, Memory, People, Seen, Unsettled, Wish
from reconciler.platforms.platform import NotReadable, RowsSeen
from reconciler.reconcile.listed import Block, Listed, Listing
from reconciler.reconcile.reach import Reach, container_of
from reconciler.reconcile.session import Session
from reconciler.resource import Address, Desired, Live
from reconciler.rows.sheet import Presence, RowsDiff, Sheet
from reconciler.specs import rows_spec
from reconciler.target import Target
from reconciler.wire import LostError

if TYPE_CHECKING:
    from reconciler.rows.compare import Compared
    from reconciler.rows.prepared import Prepared

BLACKLIST = "blacklist"


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
        target = session.project.targets[name]
        here = [wish for wish in everything if wish.address.target == name]
        _Lister(session, target, here, seen[name], memory, now, listing, starting, entering).through(addresses)
    for address in sorted(starting - listing.counted):
        reach = Reach(session=session, target=session.project.targets[address.target], seen=seen[address.target], memory=memory)
        table, finding = reach.of_start(address, [wish for wish in everything if wish.address.target == address.target])
        listing.dialable += [table] if table else []
        listing.findings += [finding] if finding else []
    if not (listing.listed or listing.dialable):
        return listing
    from reconciler.rows.people import unique

    people = {wish.address for wish in selected if _reaches_people(wish)}
    reached = [listed.compared.persons for address, listed in listing.listed.items() if address in people]
    found = unique(session.engine, [*reached, *listing.dialable])
    listing.people = People(total=found.total, first_time=found.first_time)
    return listing


def _reaches_people(desired: Desired) -> bool:
    """Whether rows of a document get a call or a message; an address book and a blacklist only know people."""
    return desired.address.kind == "scheduled_sms" or bool(desired.address.kind == "contacts" and desired.get("campaign"))


class _Lister:
    """One target's documents with rows, on their way into the plan."""

    def __init__(
        self,
        session: Session,
        target: Target,
        documents: Sequence[Desired],
        seen: Seen,
        memory: Memory,
        now: datetime,
        listing: Listing,
        starting: frozenset[Address],
        entering: frozenset[Address],
    ) -> None:
        self.session = session
        self.platform = session.platform(target)
        self.target = target
        self.documents = documents
        self.seen = seen
        self.memory = memory
        self.now = now
        self.listing = listing
        self.starting = starting
        self.entering = entering
        self.wished: dict[Address, str] = {}
        self.books: list[Prepared] = []
        self.adding: dict[str, list[str]] = {}
        self.campaigns = {wish.address.name: wish for wish in documents if wish.address.kind == "campaign"}

    def through(self, selected: set[Address]) -> None:
        """Address books, which contact nobody; then blacklists, then everything that they take rows out of."""
        blocks: list[Block] = []
        for desired in self.documents:
            if desired.address.kind == "contacts" and not desired.get("campaign") and desired.address in selected:
                self.books.append(self._list(desired, blocks))
        lists = [wish for wish in self.documents if wish.address.kind == "blacklist"]
        prepared = [self._wishes(desired) for desired in lists]  # a lift has to know what every other list wishes
        for desired, rows in zip(lists, prepared, strict=True):
            blocks += self._blacklist(desired, rows, wanted=desired.address in selected)
        blocks += self._live_blocks()
        for desired in self.documents:
            if desired.address in selected and _reaches_people(desired):
                self._list(desired, blocks)

    def _live_blocks(self) -> list[Block]:
        """What the platform's own list shows, where the whole account's list was read with the campaigns."""
        table = self.seen.tables.get(BLACKLIST)
        return [Block(table=self._numbers(table))] if table else []

    def _numbers(self, table: str) -> str:
        from reconciler.rows.suppress import numbers

        engine = self.session.engine
        column = next(name for name in ("phone", "identifier") if name in engine.columns(table))
        return numbers(engine, table, column, self.target.country, self.target.dial_prefix)

    def _wishes(self, desired: Desired) -> Prepared:
        from reconciler.rows.prepare import prepare
        from reconciler.rows.suppress import wished

        engine = self.session.engine
        sheet = self.platform.sheet(desired, self.target)
        prepared = prepare(engine, rows_spec(desired, self.target, self.session.project, sheet))
        self.wished[desired.address] = wished(engine, prepared)
        return prepared

    def _blacklist(self, desired: Desired, prepared: Prepared, *, wanted: bool) -> list[Block]:
        from reconciler.rows.suppress import unparsable

        engine, sheet = self.session.engine, prepared.spec.sheet
        scope = desired.get("scope") or {}
        where = {"campaign": scope.get("campaign", ""), "category": scope.get("category", "")}
        inbound = scope.get("direction") == "inbound"
        table = self.wished[desired.address]
        blocks = [] if inbound else [Block(table=table, **where)]
        odd = unparsable(engine, table)
        findings = [self._odd(desired, odd)] if odd else []
        enforced = not self.platform.supports["blacklist"].actions
        asks = not enforced and (wanted or sheet.readable or bool(self.starting))
        rows_seen = self._read_rows(desired, prepared, sheet) if asks else RowsSeen()
        blocks += [] if inbound else [Block(table=self._numbers(table), **where) for table in rows_seen.tables]
        if wanted:
            self._conclude(desired, sheet, prepared, rows_seen, findings, enforced=enforced)
        elif not (enforced or inbound):
            self._left_out(desired, prepared, rows_seen, Block(table=table, **where))
        return blocks

    def _left_out(self, desired: Desired, prepared: Prepared, rows_seen: RowsSeen, block: Block) -> None:
        """A list that this plan leaves out: while it has entries to add, no campaign that it is for may start."""
        barred = [address for address in sorted(self.starting) if self._covered(address, block)]
        if not barred:
            return
        container = container_of(self.target, desired, self._live(desired))
        compared = self._compare(desired, prepared, container, rows_seen, live_table=self._table(rows_seen))
        for address in barred if compared.diff.to_add else ():
            message = say(
                "{count:,} entries of {list} are not added yet, and '--only' leaves it out",
                count=compared.diff.to_add,
                list=desired.address,
            )
            remedy = say("add --only '{list}'", list=desired.address)
            self.listing.findings.append(
                Finding(code="DEP004", severity=Severity.DENY, message=message, remedy=remedy, address=address)
            )

    def _anew(self, desired: Desired) -> bool:
        """Whether every entry is written again: a campaign that the list is for has nobody barred in it yet."""
        scope = desired.get("scope") or {}
        if not (scope.get("campaign") or scope.get("category")):
            return False
        block = Block(table="", campaign=scope.get("campaign", ""), category=scope.get("category", ""))
        return any(self._covered(address, block) for address in self.entering)

    def _covered(self, address: Address, block: Block) -> bool:
        campaign = self.campaigns.get(address.name)
        category = campaign.block.get("category", "") if campaign else ""
        return address.target == self.target.name and block.covers(address.name, category)

    def _odd(self, desired: Desired, count: int) -> Finding:
        message = say("{count:,} entries are not numbers; they block on their last 8 digits", count=count)
        return self._finding("SUP001", Severity.WARN, message, desired, say("correct them: the platform does not get them"))

    def _list(self, desired: Desired, blocks: Sequence[Block]) -> Prepared:
        from reconciler.rows.prepare import prepare
        from reconciler.rows.suppress import later, suppress

        engine = self.session.engine
        sheet = self.platform.sheet(desired, self.target)
        prepared = prepare(engine, rows_spec(desired, self.target, self.session.project, sheet))
        if blocks:
            name = desired.get("campaign", "")
            campaign = self.campaigns.get(name)
            category = campaign.block.get("category", "") if campaign else ""
            suppress(engine, prepared, [(BLACKLIST, block.table) for block in blocks if block.covers(name, category)])
        if desired.get("horizon") and isinstance(desired.fields["at"], dict):
            later(engine, prepared, self.now + duration(desired.fields["horizon"]))
        self._conclude(desired, sheet, prepared, self._read_rows(desired, prepared, sheet), [], enforced=False)
        return prepared

    def _live(self, desired: Desired) -> Live | None:
        """The live campaign that rows belong to: ours by the journal, never by a name that somebody else's may have."""
        name = desired.get("campaign") or (desired.get("scope") or {}).get("campaign")
        owned = self.memory.owned.get(Address(self.target.name, "campaign", name)) if name else None
        return self.seen.by_id(owned.id) if owned and owned.container == self.target.container else None

    def _read_rows(self, desired: Desired, prepared: Prepared, sheet: Sheet) -> RowsSeen:
        """What is live, or a reading that is not complete and says why."""
        live = self._live(desired)
        if sheet.readable and desired.get("campaign") and live is None:
            return RowsSeen()
        asks = desired.address.kind == BLACKLIST and not sheet.readable and not self._anew(desired)
        asked = self._asked(desired, prepared, live) if asks else iter(())
        try:
            return self.session.wire(self.target).run(self.platform.read_rows(desired, self.target, live, self.seen, asked))
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
        container = container_of(self.target, desired, live)
        compared = self._compare(desired, prepared, container, RowsSeen(), live_table=None)
        return asked(self.session.engine, compared)

    def _conclude(
        self,
        desired: Desired,
        sheet: Sheet,
        prepared: Prepared,
        rows_seen: RowsSeen,
        findings: list[Finding],
        *,
        enforced: bool,
    ) -> None:
        """Compare, and make the wish."""
        live = self._live(desired)
        container = container_of(self.target, desired, live)
        table = self._table(rows_seen)
        adding = () if sheet.natural else self.adding.setdefault(container, [])
        compared = self._compare(desired, prepared, container, rows_seen, live_table=table, adding=adding)
        if compared.adds and not sheet.natural:
            self.adding[container].append(compared.adds)
        if desired.get("lifts"):
            compared = self._lifted(desired, sheet, compared, table, findings)
        address = desired.address
        home = Address(self.target.name, "campaign", desired.get("campaign") or "")
        if table and home in self.starting:
            from reconciler.rows.people import dialable

            self.listing.counted.add(home)
            self.listing.dialable.append(dialable(self.session.engine, table, prepared, self.session.journal.persons()))
        self.listing.listed[address] = Listed(
            prepared=prepared,
            compared=compared,
            again=lambda other: self._compare(desired, prepared, other, rows_seen, live_table=table),
        )
        note = rows_seen.note
        diff = compared.diff
        if sheet.listed_max and diff.to_add and diff.live + diff.to_add >= sheet.listed_max:
            message = say(
                "{count:,} rows could not be read back: the platform lists fewer than {most:,}",
                count=diff.live + diff.to_add,
                most=sheet.listed_max,
            )
            remedy = say("split the list over several campaigns")
            findings.append(self._finding("PLT004", Severity.DENY, message, desired, remedy))
        if compared.twice and not sheet.natural:
            message = say("{count:,} keys are live more than once", count=compared.twice)
            findings.append(
                self._finding("PLT002", Severity.WARN, message, desired, say("look in the console; nothing is removed"))
            )
        if enforced:
            diff = replace(diff, to_add=0, unchanged=diff.to_add + diff.unchanged)
        at = desired.get("at")
        self.listing.wishes.append(
            Wish(
                desired=desired,
                rows=diff,
                rows_note=note,
                rows_complete=rows_seen.complete,
                enforced_by_us=enforced,
                verifiable=sheet.readable or address.kind == "blacklist",
                at=self._earliest(compared, at),
                container=container,
                manual=tuple(self._by_hand(desired, diff, enforced=enforced)),
                findings=(*findings, *self.platform.check_live(desired, self.seen, self.target)),
            )
        )

    def _lifted(
        self, desired: Desired, sheet: Sheet, compared: Compared, table: str | None, findings: list[Finding]
    ) -> Compared:
        """With the entries that are taken off again because their people asked; the others say why they stay."""
        from reconciler.rows.lifts import lifts
        from reconciler.rows.prepare import prepare

        engine = self.session.engine
        asked = prepare(engine, rows_spec(desired, self.target, self.session.project, sheet, lifts=True))
        others = [table for address, table in self.wished.items() if address != desired.address]
        loaded = self.session.journal.listed(compared.container)
        found = lifts(engine, compared, asked, live=table, loaded=loaded, wished=others)
        for reason, count in found.lifts_kept.items():
            message = say("{count:,} lifts are not carried out: {reason}", count=count, reason=reason)
            remedy = say("only entries that we added and nobody wishes any more are lifted")
            findings.append(self._finding("VOL008", Severity.INFO, message, desired, remedy))
        return found

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

    def _table(self, rows_seen: RowsSeen) -> str | None:
        from reconciler.rows.recipients import in_all

        if not rows_seen.tables:
            return None
        return in_all(self.session.engine, rows_seen.tables)

    def _compare(
        self,
        desired: Desired,
        prepared: Prepared,
        container: str,
        rows_seen: RowsSeen,
        *,
        live_table: str | None,
        adding: Sequence[str] = (),
    ) -> Compared:
        from reconciler.rows.compare import compare
        from reconciler.rows.recipients import names_of

        journal, engine = self.session.journal, self.session.engine
        generation = desired.get("generation", 1)
        natural = desired.address.kind == "blacklist"
        sent: list[Columns] = list(journal.listed(container) if natural else journal.sent(container))
        if natural and live_table is None and self._anew(desired):
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
            persons=journal.persons(),
            adding=adding,
            lapsed=list(journal.listed(container)) if desired.get("expires") == "lapse" else (),
        )

    def _finding(self, code: str, severity: Severity, message: str, desired: Desired, remedy: str) -> Finding:
        return Finding(
            code=code,
            severity=severity,
            message=message,
            remedy=remedy,
            address=desired.address,
            origin=desired.origin_of("source"),
        )


def baseline(session: Session, desired: Desired, target: Target, live: Live, seen: Seen) -> tuple[Columns, int, str]:
    """Every row that is in a campaign now, by HMAC: packed columns, how many, and the container they are remembered in."""
    from reconciler.rows.recipients import names_of_table

    platform = session.platform(target)
    sheet = platform.sheet(desired, target)
    container = container_of(target, desired, live)
    if not sheet.readable:
        return Columns(), 0, container
    rows_seen = session.wire(target).run(platform.read_rows(desired, target, live, seen, iter(())))
    if not rows_seen.tables:
        return Columns(), 0, container
    spec = rows_spec(desired, target, session.project, sheet)
    packed = names_of_table(session.engine, spec, rows_seen.tables[0], container)
    return Columns(recipients=packed), len(packed) // 16, container


def presence_of(session: Session, desired: Desired, target: Target, doubt: Unsettled, seen: Seen) -> Presence | None:
    """How the recipients of an upload in doubt stand in the live rows; None where they cannot be listed now."""
    from reconciler.rows.recipients import presence_in

    platform = session.platform(target)
    sheet = platform.sheet(desired, target)
    live = seen.by_id(doubt.container.rsplit("|", 1)[-1])
    if not sheet.readable or live is None:
        return None
    try:
        rows_seen = session.wire(target).run(platform.read_rows(desired, target, live, seen, iter(())))
    except (NotReadable, LostError):
        return None
    if not rows_seen.tables or not rows_seen.complete:
        return None
    spec = rows_spec(desired, target, session.project, sheet)
    entries = [stored for stored in session.journal.entries(doubt.run) if stored.entry.operation == doubt.operation]
    generation = entries[-1].entry.generation if entries else 1
    held = [columns.recipients for columns in session.journal.held(doubt.container)]
    return presence_in(session.engine, spec, rows_seen.tables[0], doubt.container, generation, held)
