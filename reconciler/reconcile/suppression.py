"""The project's lists in a plan: read, held against every row and message, and against whoever waits in a campaign.

Own lists come first: they take the whole row, and every row of its person. A register takes the number, and the row goes on
with its others. A list that cannot be read whole ends the plan: nobody is contacted past a list that nobody could look at.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconciler.catalogue import say
from reconciler.diagnostics import CODES, Finding, Severity
from reconciler.kinds.sources import ADDRESS
from reconciler.plan.suppression import ListUsed
from reconciler.policies.settings import Suppress
from reconciler.project import Project
from reconciler.resource import Address, Desired
from reconciler.rows.prepared import LIST
from reconciler.rows.sheet import Column, Sheet
from reconciler.rows.spec import RowsSpec

if TYPE_CHECKING:
    from reconciler.reconcile.documents import Documents
    from reconciler.reconcile.listed import Read, Waiting
    from reconciler.reconcile.session import Session

CACHE: Final = Path(".reconciler") / "cache"
_ADDRESS: Final = Address("policies", "suppress", "")


@dataclass(frozen=True, slots=True, kw_only=True)
class Lists:
    """The lists in the engine as (reason, table), the strongest first, and what is to be told of them. `looked` is false where
    nobody was to be contacted, and no list was read.
    """

    looked: bool = False
    own: tuple[tuple[str, str], ...] = ()
    registers: tuple[tuple[str, str], ...] = ()
    read: tuple[ListUsed, ...] = ()
    findings: tuple[Finding, ...] = ()

    @property
    def every(self) -> tuple[tuple[str, str], ...]:
        """All lists."""
        return (*self.own, *self.registers)


def read_lists(session: Session, wishes: Sequence[Suppress]) -> Lists:
    """Read every list. SourceBroken with everything that is wrong with any of them."""
    from reconciler.rows.kept import KeptColumns

    kept = KeptColumns(session.project.root / CACHE)
    kept.only([wish.name for wish in wishes])
    if not wishes:
        return Lists(looked=True)
    from reconciler.rows.errors import SourceBroken
    from reconciler.rows.lists import read_list

    wrong: list[Finding] = []
    found: list[tuple[Suppress, str]] = []
    read, told = [], []
    for wish in wishes:
        spec = list_spec(wish, session.project)
        if isinstance(spec, Finding):
            wrong.append(spec)
            continue
        try:
            numbers = read_list(session.engine, spec, wish.column, kept)
        except SourceBroken as broken:
            wrong += [_of_list(wish, finding) for finding in broken.findings]
            continue
        if numbers.count and numbers.unparsable == numbers.count:
            wrong.append(_no_number(wish, numbers.count))
            continue
        found.append((wish, numbers.table))
        read.append(ListUsed(name=wish.name, digest=numbers.digest, count=numbers.count, fetched_at=wish.fetched_at))
        told += [_odd(wish, numbers.unparsable, numbers.useless)] if numbers.unparsable else []
    if wrong:
        raise SourceBroken(wrong)
    return Lists(
        looked=True,
        own=tuple((LIST + wish.name, table) for wish, table in found if not wish.register),
        registers=tuple((LIST + wish.name, table) for wish, table in found if wish.register),
        read=tuple(read),
        findings=tuple(told),
    )


def wrong_lists(project: Project, wishes: Sequence[Suppress]) -> Iterator[Finding]:
    """What can be said of the lists without reading their entries: path, ending, encoding, header, first rows."""
    for wish in wishes:
        from reconciler.rows.reader import peek  # only a project with lists pays for its room

        spec = list_spec(wish, project)
        yield from [spec] if isinstance(spec, Finding) else (_of_list(wish, finding) for finding in peek(spec))


def list_spec(wish: Suppress, project: Project) -> RowsSpec | Finding:
    """Where a list lies and how it is read. Without a country it has that of the targets; SUP004 where they have several.

    PTH003 for an address: nobody says what has to lie there, and what a list must not lose cannot depend on a server.
    """
    if ADDRESS.match(wish.file):
        words = say("the list {name}: '{file}' is an address, and a list is a file", name=wish.name, file=wish.file)
        remedy = say("fetch it before, and name the file that it was kept in")
        return Finding(code="PTH003", severity=Severity.ERROR, message=words, remedy=remedy, origin=wish.origin)
    countries = {target.country for target in project.targets.values()}
    if not wish.country and len(countries) != 1:
        words = say("the list {name} does not say its country, and the targets are of several", name=wish.name)
        return Finding(code="SUP004", severity=Severity.ERROR, message=words, remedy=CODES["SUP004"].remedy, origin=wish.origin)
    return RowsSpec(
        address=replace(_ADDRESS, name=wish.name),
        sheet=Sheet(columns=(Column(name="phone", phone=True),), identity=(), readable=False, others=True),
        source={"file": wish.file, "delimiter": wish.delimiter, "encoding": wish.encoding},
        folder=project.root,
        root=project.root,
        data_roots=project.data_roots,
        country=wish.country or countries.pop(),
        origin=wish.origin,
    )


def unseen(desired: Desired, lists: int) -> Finding:
    """The finding for a file that is passed through as it is: nobody knows who is in it, and so many lists bar people."""
    return Finding(
        code="SUP011",
        severity=Severity.DENY,
        message=say("whether anybody of {count} list(s) is in this file cannot be known", count=lists),
        remedy=CODES["SUP011"].remedy,
        address=desired.address,
        origin=desired.origin_of("source"),
    )


def still_there(documents: Documents) -> Iterator[Finding]:
    """Who is on a list and would be dialled all the same, because a campaign dials whoever is in it.

    Whom the platform bars, and whom the plan takes out, it does not dial. Where a plan neither starts a campaign nor adds to
    it, that is told and denies nothing.
    """
    lists = documents.listing.lists
    if not lists.every:
        return
    adding = {_home(read) for read in documents.reads if _adds(documents, read)}
    for home, rows in [*documents.waiting(), *documents.running()]:
        for reason, count in _waiting(documents, lists, home, rows):
            yield _told(home, reason, count, dials=home in documents.starting or home in adding)
    managed = bool(documents.platform.supports["campaign"].actions)
    for read in documents.reads:
        place = _home(read)
        if place and not read.prepared.spec.sheet.readable and (place in documents.starting or not managed):
            for reason, count in _loaded(documents, place, read):
                yield _told(place, reason, count, dials=place in documents.starting, seen=False)


def _home(read: Read) -> Address | None:
    """The campaign that a document's rows go into; messages have none."""
    name = read.desired.get("campaign") if read.desired.address.kind == "contacts" else None
    return Address(read.desired.address.target, "campaign", name) if name else None


def _adds(documents: Documents, read: Read) -> bool:
    listed = documents.listing.listed.get(read.desired.address)
    return bool(listed and (listed.compared.diff.to_add or listed.compared.diff.to_replace))


def _waiting(documents: Documents, lists: Lists, home: Address, rows: Waiting) -> Iterator[tuple[str, int]]:
    """How many live rows that can still be dialled are on each list."""
    from reconciler.rows.optouts import waiting

    barred = documents.barred(home)
    for reason, table in lists.every:
        count = waiting(
            documents.session.engine,
            rows.prepared.spec,
            rows.live,
            [table],
            (),
            gone=rows.gone,
            unless=[*barred.numbers, *barred.rows],
        )
        if count:
            yield reason, count


def _loaded(documents: Documents, home: Address, read: Read) -> Iterator[tuple[str, int]]:
    """Where a platform lists no rows: who was loaded into the campaign before, and is on a list and in the source now."""
    from reconciler.rows import left
    from reconciler.rows.enforced import remembered

    engine, listed = documents.session.engine, documents.listing.listed.get(read.desired.address)
    reasons = [reason for reason in left.reasons(engine, read.prepared) if reason.startswith(LIST)]
    if listed is None or not reasons:
        return
    container, barred = listed.compared.container, documents.barred(home)
    sent = remembered(engine, documents.session.journal.sent(container))
    for reason in reasons:
        count = left.known(engine, read.prepared, reason, container, sent, [*barred.numbers, *barred.rows])
        if count:
            yield reason, count
    engine.drop(sent)


def _told(home: Address, reason: str, count: int, *, dials: bool, seen: bool = True) -> Finding:
    name = reason.removeprefix(LIST)
    if seen:
        words = say("{count:,} live rows of people on the list {name} can still be dialled", count=count, name=name)
    else:
        words = say("{count:,} people on the list {name} were loaded into it before", count=count, name=name)
    remedy = say("name them in a blacklist of {target}, or take their rows out", target=home.target)
    severity = Severity.DENY if dials else Severity.WARN
    return Finding(code="SUP014", severity=severity, message=words, remedy=remedy, address=home)


def _of_list(wish: Suppress, finding: Finding) -> Finding:
    """A finding of the reader's, who takes every source for a document's."""
    message = say("the list {name}: {message}", name=wish.name, message=finding.message)
    return replace(finding, message=message, address=None, origin=wish.origin)


def _no_number(wish: Suppress, count: int) -> Finding:
    words = say("the list {name} has {count:,} entries, and none of them is a number", name=wish.name, count=count)
    return Finding(code="SUP015", severity=Severity.ERROR, message=words, remedy=CODES["SUP015"].remedy, origin=wish.origin)


def _odd(wish: Suppress, count: int, useless: int) -> Finding:
    message = say(
        "{count:,} entries of the list {name} are not numbers; they block on their last 8 digits", count=count, name=wish.name
    )
    if useless:
        message += say("; {count:,} of them have too few, and bar nobody", count=useless)
    return Finding(code="SUP001", severity=Severity.WARN, message=message, remedy=CODES["SUP001"].remedy, origin=wish.origin)
