"""One target's blacklists: whom they bar from every other document, what has to be added, marked and lifted.

They bar even where `--only` leaves them out: who said no is not contacted because of how a plan was cut. Where a platform
keeps no such list, the journal does, and whoever it lists stays out when the line, or the whole document, is gone.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.catalogue import say
from reconciler.diagnostics import Finding, Severity
from reconciler.platforms.platform import RowsSeen
from reconciler.reconcile.documents import BLACKLIST, Documents
from reconciler.reconcile.listed import Block, Enforced
from reconciler.reconcile.optouts import Heard, OptOuts
from reconciler.reconcile.reach import container_of, no_rows
from reconciler.resource import Address, Desired, State
from reconciler.rows.sheet import RowsDiff

if TYPE_CHECKING:
    from reconciler.rows.compare import Compared
    from reconciler.rows.prepared import Prepared


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A selected list as it was read, until everything that it is compared with was read too."""

    desired: Desired
    prepared: Prepared
    rows_seen: RowsSeen
    findings: tuple[Finding, ...]


class Blacklists:
    """See the module. `blocks` comes before the documents that they bar, `conclude` after them."""

    def __init__(self, documents: Documents, opt_outs: OptOuts) -> None:
        self.documents = documents
        self.opt_outs = opt_outs
        self.session = documents.session
        self.target = documents.target
        self.lists = [wish for wish in documents.documents if wish.address.kind == BLACKLIST]
        self.enforced = not documents.platform.supports[BLACKLIST].actions
        self.wished: dict[Address, str] = {}
        self.asked: list[_Asked] = []
        self.learned: list[Enforced] = []
        self.known: dict[str, str] = {}

    def wish(self) -> dict[Address, Prepared]:
        """The entries that the documents wish, all of them: a lift has to know what every other list wishes."""
        from reconciler.rows.suppress import wished

        prepared = {desired.address: self.documents.prepare(desired) for desired in self.lists}
        self.wished = {address: wished(self.session.engine, rows) for address, rows in prepared.items()}
        return prepared

    def blocks(self, selected: Collection[Address], heard: Heard) -> list[Block]:
        """Whom the files, the platform's own lists and, where it has none, the journal bar."""
        prepared = self.wish()
        blocks = []
        for desired in self.lists:
            blocks += self._blocks(desired, prepared[desired.address], wanted=desired.address in selected)
        blocks += [Block(table=self._numbers(heard.table))] if heard.table else []
        if self.enforced:
            blocks += self._remembered({container_of(self.target, desired, None) for desired in self.lists})
            for desired in self.lists:
                self.learned.append(self._to_learn(desired))
        return blocks

    @property
    def home(self) -> Address | None:
        """The list for what bars people on the whole target: the first document that can take an entry of it."""
        return next((one.address for one in self.lists if not _inbound(one)), None)

    @property
    def barring(self) -> list[str]:
        """What the documents wish barred of calls that go out, as `suppress.numbers` tables."""
        return [self.wished[one.address] for one in self.lists if not _inbound(one)]

    def containers(self) -> list[str]:
        """Where the journal has entries of the account's lists, from whichever document."""
        prefix, memory = f"{self.target.container}|{BLACKLIST}|", self.documents.memory
        known = {one.container for one in memory.placed} | {doubt.container for doubt in memory.unsettled}
        return sorted(container for container in known if container.startswith(prefix))

    def _blocks(self, desired: Desired, prepared: Prepared, *, wanted: bool) -> list[Block]:
        from reconciler.rows.suppress import unparsable

        scope = desired.get("scope") or {}
        where = {"campaign": scope.get("campaign", ""), "category": scope.get("category", "")}
        inbound = _inbound(desired)
        block = Block(table=self.wished[desired.address], marks=prepared.spec.sheet.marks_in, **where)
        odd = unparsable(self.session.engine, block.table)
        asks = not self.enforced and (wanted or prepared.spec.sheet.readable or bool(self.documents.starting))
        rows_seen = self.documents.read(desired, prepared) if asks else RowsSeen()
        if wanted:
            findings = (self._odd(desired, odd),) if odd else ()
            self.asked.append(_Asked(desired=desired, prepared=prepared, rows_seen=rows_seen, findings=findings))
        elif not (self.enforced or inbound):
            self._left_out(desired, prepared, rows_seen, block)
        return [] if inbound else [block, *(Block(table=self._numbers(table), **where) for table in rows_seen.tables)]

    def _numbers(self, table: str) -> str:
        from reconciler.rows.suppress import numbers

        engine = self.session.engine
        column = next(name for name in ("phone", "identifier") if name in engine.columns(table))
        return numbers(engine, table, column, self.target.country, self.target.dial_prefix)

    def _left_out(self, desired: Desired, prepared: Prepared, rows_seen: RowsSeen, block: Block) -> None:
        """A list that this plan leaves out: while it has entries to add, no campaign that it is for may start."""
        documents = self.documents
        barred = [address for address in sorted(documents.starting) if documents.covered(address, block)]
        if not barred:
            return
        container = container_of(self.target, desired, documents.live(desired))
        compared = documents.compare(desired, prepared, container, rows_seen, live_table=documents.table(rows_seen))
        for address in barred if compared.diff.to_add else ():
            message = say(
                "{count:,} entries of {list} are not added yet, and '--only' leaves it out",
                count=compared.diff.to_add,
                list=desired.address,
            )
            remedy = say("add --only '{list}'", list=desired.address)
            documents.listing.findings.append(
                Finding(code="DEP004", severity=Severity.DENY, message=message, remedy=remedy, address=address)
            )

    def _odd(self, desired: Desired, count: int) -> Finding:
        message = say("{count:,} entries are not numbers; they block on their last 8 digits", count=count)
        remedy = say("correct them: the platform does not get them")
        return self.documents.finding("SUP001", Severity.WARN, message, desired, remedy)

    # --- lists that the platform keeps

    def conclude(self) -> None:
        """Compare the selected lists, now that the rows of the campaigns are known too."""
        for one in self.asked:
            if self.enforced:
                self._conclude_enforced(one)
            else:
                self._conclude(one)
        self.documents.listing.enforced += self.learned

    def _conclude(self, one: _Asked) -> None:
        documents, desired = self.documents, one.desired
        live_table = documents.table(one.rows_seen)
        container = container_of(self.target, desired, documents.live(desired))
        compared = documents.compare(desired, one.prepared, container, one.rows_seen, live_table=live_table)
        findings = list(one.findings)
        if desired.get("lifts"):
            compared = self._lifted(desired, compared, live_table, findings)
        if (fields := one.prepared.spec.sheet.marks_in) is not None:
            compared = self._marked(desired, compared, fields, findings)
        compared = replace(compared, diff=self._forgotten(desired, compared.diff, findings))
        documents.conclude(desired, one.prepared, one.rows_seen, compared, findings)

    def _lifted(self, desired: Desired, compared: Compared, live_table: str | None, findings: list[Finding]) -> Compared:
        """With the entries that are taken off again because their people asked; the others say why they stay."""
        from reconciler.rows.lifts import lifts

        others = [table for address, table in self.wished.items() if address != desired.address]
        loaded = self.session.journal.listed(compared.container)
        asked = self.documents.prepare(desired, lifts=True)
        found = lifts(self.session.engine, compared, asked, live=live_table, loaded=loaded, wished=others)
        findings += self._not_lifted(desired, found.lifts_kept)
        return found

    def _forgotten(self, desired: Desired, diff: RowsDiff, findings: list[Finding]) -> RowsDiff:
        """With the opt-outs that the journal remembers and shall forget, because their people asked."""
        diff, kept = self.opt_outs.lifted(self.documents, desired, self.wished.values(), diff)
        findings += self._not_lifted(desired, kept)
        return diff

    def _not_lifted(self, desired: Desired, kept: Mapping[str, int]) -> Iterator[Finding]:
        for reason, count in kept.items():
            message = say("{count:,} lifts are not carried out: {reason}", count=count, reason=reason)
            remedy = say("only entries that we added and nobody wishes any more are lifted")
            yield self.documents.finding("VOL008", Severity.INFO, message, desired, remedy)

    def _marked(self, desired: Desired, compared: Compared, fields: Mapping[str, object], findings: list[Finding]) -> Compared:
        """With the entries whose live records can still be dialled: marking them was refused or lost once."""
        from reconciler.rows.marks import marks

        found = marks(self.session.engine, compared, list(self._records(fields, findings)))
        if count := found.diff.to_mark:
            message = say("records that hold {count:,} of its entries can still be dialled; they are marked now", count=count)
            findings.append(self.documents.finding("SUP003", Severity.WARN, message, desired, ""))
        return found

    def _records(self, fields: Mapping[str, object], findings: list[Finding]) -> Iterator[str]:
        """The live records of our campaigns with these fields: as this plan read them, and in any case of those that run, or
        are to be started.
        """
        documents = self.documents
        for address, live in documents.managed():
            if any(live.fields.get(name) != value for name, value in fields.items()):
                continue
            dials = live.state is State.STARTED or address in documents.starting
            if live.id not in documents.exports and dials:
                rows_seen = documents.read_live(no_rows(self.target, live.name), live)
                if not rows_seen.complete:
                    message = say("whether all its records are marked is not known: {note}", note=rows_seen.note)
                    findings.append(Finding(code="PLT002", severity=Severity.WARN, message=message, address=address))
            yield from documents.exports.get(live.id, ())

    # --- lists that no platform keeps

    def _remembered(self, homes: set[str]) -> Iterator[Block]:
        """Whom the journal lists on this account, from whichever document; said where no file names them any more.

        `homes` are the containers of the documents that stand: those say it themselves.
        """
        placed = {one.container for one in self.documents.memory.placed if one.address.kind == BLACKLIST}
        for container in self.containers():
            if container not in placed:
                continue
            table = self._journalled(container)
            yield Block(table=table, container=container)
            count = self.session.engine.count(table)
            if count and container not in homes:
                message = say("{count:,} people who said no are in no file any more; the journal keeps them out", count=count)
                remedy = say("name in the 'lifts' of a blacklist who asked to be reachable again")
                origin = self.target.origin
                self.documents.listing.findings.append(
                    Finding(code="SUP002", severity=Severity.INFO, message=message, remedy=remedy, origin=origin)
                )

    def _journalled(self, container: str) -> str:
        """A table of what the journal lists in a container, read once."""
        from reconciler.rows.enforced import remembered

        if container not in self.known:
            self.known[container] = remembered(self.session.engine, self.session.journal.listed(container))
        return self.known[container]

    def _to_learn(self, desired: Desired) -> Enforced:
        """The entries of a list that the journal does not know yet, nor learns from another document."""
        from reconciler.rows import enforced

        engine, container = self.session.engine, container_of(self.target, desired, None)
        mine = enforced.entries(engine, [self.wished[desired.address]], container)
        known = [self._journalled(container), *(other.added for other in self.learned if other.container == container)]
        return Enforced(address=desired.address, container=container, added=enforced.without(engine, mine, known))

    def _conclude_enforced(self, one: _Asked) -> None:
        """How a list stands beside the journal, and what the journal may forget because somebody asked for it."""
        from reconciler.rows import enforced

        engine, desired, prepared = self.session.engine, one.desired, one.prepared
        container = container_of(self.target, desired, None)
        known = self._journalled(container)
        wished = enforced.entries(engine, list(self.wished.values()), container)
        forgotten = enforced.without(engine, known, [wished])
        lifted, kept = self._to_lift(desired, container, wished, forgotten)
        diff = RowsDiff(
            in_source=prepared.in_source,
            unchanged=prepared.rows,
            to_lift=engine.count(lifted),
            live=engine.count(known),
            kept=engine.count(forgotten) - engine.count(lifted),
            suppressed={reason: count for reason, count in prepared.out.items() if count},
            reasons=dict(prepared.reasons),
            examples=prepared.examples,
            digest=enforced.set_digest(engine, lifted, container),
        )
        self.learned = [replace(each, lifted=lifted) if each.address == desired.address else each for each in self.learned]
        findings = [*one.findings, *self._not_lifted(desired, kept)]
        diff = self._forgotten(desired, diff, findings)
        self.documents.wish(desired, diff, one.rows_seen, findings, sheet=prepared.spec.sheet, enforced=True)

    def _to_lift(self, desired: Desired, container: str, wished: str, forgotten: str) -> tuple[str, Mapping[str, int]]:
        """The names to lift: asked for, listed by us, and in no file. And how many others are not lifted, by reason."""
        from reconciler.rows import enforced
        from reconciler.rows.suppress import wished as numbers_of

        engine = self.session.engine
        if not desired.get("lifts"):
            return enforced.entries(engine, (), container), {}
        asked = enforced.entries(engine, [numbers_of(engine, self.documents.prepare(desired, lifts=True))], container)
        foreign = enforced.without(engine, asked, [wished])
        unknown = enforced.without(engine, foreign, [forgotten])
        lifted = enforced.without(engine, foreign, [unknown])
        kept = {"still wished": engine.count(asked) - engine.count(foreign), "not ours": engine.count(unknown)}
        return lifted, {reason: count for reason, count in kept.items() if count}


def _inbound(desired: Desired) -> bool:
    """Whether a list is about calls that come in alone: it bars nobody from being called."""
    return (desired.get("scope") or {}).get("direction") == "inbound"
