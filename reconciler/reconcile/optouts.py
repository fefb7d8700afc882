"""Opt-outs that arrive where people are: on a platform's own list, or as the result of a call.

Whoever said no on one account is left out on every target, whatever the files say, and stays out: an apply journals who it
was, under the account where they said it, so that neither a console that forgets them nor an account that cannot be read
makes them reachable again. Only a document's `lifts` does.

What an account that heard people say no would tell now, and does not, is unknown: until it is read, nobody is contacted.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from reconciler.catalogue import say
from reconciler.diagnostics import Finding, Severity
from reconciler.errors import Mistaken
from reconciler.plan.known import Memory, Seen
from reconciler.platforms.platform import NotReadable
from reconciler.reconcile.listed import Enforced
from reconciler.reconcile.session import Session
from reconciler.resource import Address, Desired, Origin, Reading
from reconciler.rows.sheet import RowsDiff
from reconciler.specs import rows_spec
from reconciler.target import Target
from reconciler.wire import LostError

if TYPE_CHECKING:
    from reconciler.reconcile.blacklists import Blacklists
    from reconciler.reconcile.documents import Documents
    from reconciler.rows.prepared import Prepared

OPT_OUT: Final = "opt_out"
_BOX: Final = "opt-outs"
_BLACKLIST: Final = "blacklist"


def box_of(container: str) -> str:
    """Where the journal remembers who said no on an account. It is no container of rows: it stays when the account goes."""
    return f"{_BOX}|{container}"


def no_entries(target: Target) -> Desired:
    """A blacklist document of a target that has none: it wishes no entries, and knows how the account's list is read."""
    place = Address(target.name, _BLACKLIST, _BOX)
    return Desired(address=place, platform=target.platform, fields={"source": {"rows": []}}, origin=Origin(""))


@dataclass(frozen=True, slots=True, kw_only=True)
class Heard:
    """What an account showed of its list: the live table, "" where it shows none, and why that is not everything.

    `lost` says why it could not be asked at all.
    """

    table: str = ""
    note: str = ""
    lost: str = ""


def hear(session: Session, target: Target, seen: Seen | None) -> Heard:
    """The account's list of who must not be contacted, as it was read with the account, or else as it is now."""
    if seen is not None and _BLACKLIST in seen.notes:
        return Heard(table=seen.tables.get(_BLACKLIST, ""), note=seen.notes[_BLACKLIST])
    platform, wish = session.platform(target), no_entries(target)
    if not platform.sheet(wish, target).readable:
        return Heard()
    nothing = Seen(campaigns=Reading(complete=False, read_at=session.world.now()))
    try:
        found = session.wire(target).run(platform.read_rows(wish, target, None, nothing, iter(())))
    except NotReadable as failure:
        return Heard(lost=failure.why)
    except LostError as failure:
        return Heard(lost=failure.reason)
    except Mistaken as failure:  # a partial plan does not need the secrets of the other targets
        return Heard(lost=failure.message)
    return Heard(table=found.tables[0] if found.tables else "", note=found.note)


@dataclass(slots=True, kw_only=True)
class Arrival:
    """Opt-outs of one account: where they arrived, all of them as a table of `suppress.numbers`, and whom they took out.

    `entries` are those that no document wishes, as the platform has them (`value`), `count` of them can bar somebody.
    """

    address: Address
    target: Target
    entries: str
    table: str
    count: int
    on_list: bool
    took: dict[Address, int] = field(default_factory=dict)


class OptOuts:
    """See the module. All accounts are heard before the rows of any are judged."""

    def __init__(self, session: Session, memory: Memory) -> None:
        self.session = session
        self.arrivals: list[Arrival] = []
        self.findings: list[Finding] = []
        self.unheard: dict[str, str] = {}
        self._boxes = sorted({one.container for one in memory.placed if one.container.startswith(f"{_BOX}|")})
        self._remembered: dict[str, str] = {}
        self._against: dict[str, tuple[list[tuple[Arrival, str]], list[tuple[str, str]]]] = {}

    # --- hearing

    def take_in(self, documents: Documents, blacklists: Blacklists, heard: Heard) -> None:
        """What one account showed: its list, and live rows that are marked do-not-call."""
        target, session = documents.target, self.session
        self._say_what_is_unknown(target, heard)
        if not (heard.table or documents.reads or documents.waiting()):
            return
        from reconciler.rows import optouts

        engine, journal = session.engine, session.journal
        ours = [(box, [*journal.listed(box), *journal.held(box)]) for box in blacklists.containers()]
        if heard.table:
            platform, wish = session.platform(target), no_entries(target)
            spec = rows_spec(wish, target, session.project, platform.sheet(wish, target))
            place = blacklists.home or wish.address
            entries = optouts.not_ours(engine, optouts.listed(engine, spec, heard.table), ours)
            self._arrived(target, blacklists, place, entries, on_list=True)
        for read in documents.reads:
            if read.live_table:
                keys = optouts.marked(engine, read.prepared.spec, read.live_table, ours)
                self._arrived(target, blacklists, read.desired.address, optouts.not_ours(engine, keys, ()), on_list=False)
        for address, rows in documents.waiting():
            keys = optouts.marked(engine, rows.prepared.spec, rows.live, ours)
            self._arrived(target, blacklists, address, optouts.not_ours(engine, keys, ()), on_list=False)

    def _arrived(self, target: Target, blacklists: Blacklists, address: Address, entries: str, *, on_list: bool) -> None:
        """Take in what people said no by. It counts on the other targets whether a document wishes it or not, or else a line
        more in a file would make them reachable there; it is news only while none does.
        """
        from reconciler.rows import optouts

        engine = self.session.engine
        table = optouts.blocking(engine, entries, target.country)
        if engine.count(table):
            news = optouts.without_those(engine, entries, blacklists.barring)
            count = engine.count(optouts.blocking(engine, news, target.country))
            arrival = Arrival(address=address, target=target, entries=news, table=table, count=count, on_list=on_list)
            self.arrivals.append(arrival)

    def _say_what_is_unknown(self, target: Target, heard: Heard) -> None:
        """An account that is silent may have heard more people say no. Nobody is contacted where it did so before."""
        known = self._known(box_of(target.container))
        if heard.lost and known:
            message = say(
                "who said no at {target} since it was last read is not known: {why}; nobody is contacted until it is",
                target=target.name,
                why=heard.lost,
            )
            self.unheard[target.name] = heard.lost
            remedy = say("run it again when it can be read; {count:,} who said no there before are left out", count=known)
        elif heard.note and (heard.table or known):
            message = say("not all who said no at {target} are known: {note}", target=target.name, note=heard.note)
            remedy = say("{count:,} who said no there before are left out all the same", count=known)
        else:
            return
        finding = Finding(code="OPT002", severity=Severity.WARN, message=message, remedy=remedy, origin=target.origin)
        self.findings.append(finding)

    # --- what the journal remembers

    def _memory(self, box: str) -> str:
        """A table of the names that the journal has in a box."""
        from reconciler.rows.enforced import remembered

        if box not in self._remembered:
            self._remembered[box] = remembered(self.session.engine, self.session.journal.listed(box))
        return self._remembered[box]

    def _known(self, box: str) -> int:
        return self.session.engine.count(self._memory(box)) if box in self._boxes else 0

    def learned(self) -> Iterator[Enforced]:
        """Those whom the journal does not know yet; an apply tells it before anything is sent."""
        if not self.arrivals:
            return
        from reconciler.rows import enforced

        engine = self.session.engine
        accounts = {arrival.target.container: arrival.target for arrival in self.arrivals}
        for container, target in sorted(accounts.items()):
            box = box_of(container)
            names = enforced.entries(engine, [one.table for one in self.arrivals if one.target.container == container], box)
            added = enforced.without(engine, names, [self._memory(box)] if box in self._boxes else [])
            if engine.count(added):
                yield Enforced(address=no_entries(target).address, container=box, added=added)

    # --- leaving out

    def leave_out(self, documents: Documents, desired: Desired, prepared: Prepared) -> None:
        """Take out whoever said no, anywhere. Whom the target's own lists bar is left to those."""
        arrived, remembered = self.against(documents)
        if not (arrived or remembered):
            return
        from reconciler.rows.enforced import hold_against
        from reconciler.rows.suppress import suppress

        engine = self.session.engine
        for arrival, table in arrived:
            if count := suppress(engine, prepared, [(OPT_OUT, table)]).get(OPT_OUT, 0):
                arrival.took[desired.address] = arrival.took.get(desired.address, 0) + count
        for memory, box in remembered:
            hold_against(engine, prepared, OPT_OUT, memory, box)

    def against(self, documents: Documents) -> tuple[list[tuple[Arrival, str]], list[tuple[str, str]]]:
        """What is held against a target's rows beside its own lists: arrivals with their numbers, and (memory, box) pairs."""
        from reconciler.rows import optouts

        name = documents.target.name
        if not (self.arrivals or self._boxes):
            return [], []
        if name not in self._against:
            engine, own = self.session.engine, [block.table for block in documents.blocks if block.everywhere]
            tables = [(arrival, optouts.without(engine, arrival.table, own)) for arrival in self.arrivals]
            elsewhere = [*own, *(arrival.table for arrival in self.arrivals)]
            memories = [(optouts.names_left(engine, self._memory(box), elsewhere, box), box) for box in self._boxes]
            self._against[name] = (
                [(arrival, table) for arrival, table in tables if engine.count(table)],
                [(memory, box) for memory, box in memories if engine.count(memory)],
            )
        return self._against[name]

    def still_waiting(self, documents: Documents) -> Iterator[Finding]:
        """Campaigns that hold live rows of people who said no and will be dialled: the platform does not know, or bars one of
        their numbers and dials another.
        """
        for address, rows in [*documents.waiting(), *documents.running()]:
            from reconciler.rows import optouts

            arrived, remembered = self.against(documents)
            barred, starts = documents.barred(address), address in documents.starting
            count = optouts.waiting(
                self.session.engine,
                rows.prepared.spec,
                rows.live,
                [*(barred.numbers if starts else ()), *(table for _, table in arrived)],
                remembered,
                gone=rows.gone,
            )
            if count:
                message = say("{count:,} of its live rows are of people who said no, and would be dialled", count=count)
                remedy = say(
                    "run 'reconciler blacklist pull', name them in a blacklist of {target}, or take their rows out",
                    target=documents.target.name,
                )
                severity = Severity.DENY if starts else Severity.WARN
                yield Finding(code="OPT003", severity=severity, message=message, remedy=remedy, address=address)

    # --- lifting

    def lifted(
        self, documents: Documents, desired: Desired, wished: Iterable[str], diff: RowsDiff
    ) -> tuple[RowsDiff, dict[str, int]]:
        """`diff` with those whom the journal forgets because the document's `lifts` name them, and how many others it keeps.

        Who still stands on some account's list, or in a blacklist of the target, has not been lifted there.
        """
        from reconciler.rows import enforced
        from reconciler.rows.suppress import wished as numbers_of

        engine = self.session.engine
        if not desired.get("lifts") or not self._boxes:
            return diff, {}
        asked = numbers_of(engine, documents.prepare(desired, lifts=True))
        standing = [*wished, *(arrival.table for arrival in self.arrivals)]
        count, digests, kept = 0, [diff.digest], 0
        for box in self._boxes:
            named = enforced.entries(engine, [asked], box)
            known = enforced.without(engine, named, [enforced.without(engine, named, [self._memory(box)])])
            gone = enforced.without(engine, known, [enforced.entries(engine, standing, box)])
            kept += engine.count(known) - engine.count(gone)
            if found := engine.count(gone):
                count += found
                digests.append(enforced.set_digest(engine, gone, box))
                documents.listing.enforced.append(Enforced(address=desired.address, container=box, added="", lifted=gone))
        if not count:
            return diff, {"still said no": kept} if kept else {}
        digest = hashlib.sha256("\x1f".join(digests).encode()).hexdigest()
        return replace(diff, to_lift=diff.to_lift + count, digest=digest), {"still said no": kept} if kept else {}

    # --- telling

    def told(self) -> Iterator[Finding]:
        """One note for each place where opt-outs arrived, with whom of the plan they take out."""
        news = (arrival for arrival in self.arrivals if arrival.count)
        for arrival in sorted(news, key=lambda one: (one.address, one.on_list)):
            name = arrival.target.name
            message = say(
                "{count:,} opt-out(s) arrived at {target} that no document wishes: they are left out on every target",
                count=arrival.count,
                target=name,
            )
            if arrival.took:
                parts = [
                    say("{count:,} row(s) of {address}", count=count, address=address)
                    for address, count in sorted(arrival.took.items())
                ]
                message += f" ({'; '.join(parts)})"
            if not arrival.on_list:
                remedy = say("name them in a blacklist of {target}: the rows are marked, and no list has them", target=name)
            elif arrival.address.name == _BOX:
                remedy = say("write a blacklist document for {target}, then run 'reconciler blacklist pull'", target=name)
            else:
                remedy = say("run 'reconciler blacklist pull {address} --write'", address=arrival.address)
            yield Finding(
                code="OPT001",
                severity=Severity.INFO,
                message=message,
                remedy=remedy,
                address=None if arrival.address.name == _BOX else arrival.address,
                origin=arrival.target.origin if arrival.address.name == _BOX else None,
            )


__all__ = ["OPT_OUT", "Arrival", "Heard", "OptOuts", "box_of", "hear", "no_entries"]
