"""From files, live state and memory to a judged plan, and to the jobs that would carry it out."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from reconciler.catalogue import say
from reconciler.diagnostics import Finding, Severity
from reconciler.errors import Mistaken
from reconciler.kinds import KINDS
from reconciler.plan.known import Memory, Seen
from reconciler.plan.make import Setting, make_plan
from reconciler.plan.manual import Manual
from reconciler.plan.suppression import Suppression
from reconciler.plan.values import Change, People, Permissions, Plan, Source, Wish
from reconciler.policies.acks import Ack
from reconciler.policies.edges import first_edge
from reconciler.policies.judging import judge
from reconciler.policies.meant import campaigns_of, home_of, meant, reaches_people
from reconciler.policies.settings import Settings, Suppress, parse
from reconciler.project import Project
from reconciler.reconcile.caps import Frequency
from reconciler.reconcile.listed import Listing
from reconciler.reconcile.listing import list_rows
from reconciler.reconcile.openings import opening
from reconciler.reconcile.reach import container_of
from reconciler.reconcile.reached import Facts
from reconciler.reconcile.reading import TargetReading, looked_again, read_targets
from reconciler.reconcile.session import Session
from reconciler.reconcile.unread import list_readable, without_broken_rows
from reconciler.resource import Address, Desired, Live, Shape, State
from reconciler.revision import revision
from reconciler.settle import settle
from reconciler.specs import Specs, load
from reconciler.target import Target

if TYPE_CHECKING:
    from reconciler.apply import Job

SHAPES = {name: kind.shape for name, kind in KINDS.items()}


class SpecsWrong(Mistaken):
    """Documents hold mistakes; every one of them is in `findings`."""

    def __init__(self, findings: Sequence[Finding]) -> None:
        count = sum(finding.severity.blocks for finding in findings)
        super().__init__(
            say("{count} mistake(s) in the documents", count=count), code="SPC000", remedy=say("run 'reconciler validate'")
        )
        self.findings = tuple(findings)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What the caller wants of a plan. `reviewed` is the digest of a saved plan that this one may be less than; `applying` says
    that it is about to be carried out, `protecting` that only what protects people will be (`protecting` below).
    """

    only: tuple[str, ...] = ()
    allow_delete: int | None = None
    acks: tuple[str, ...] = ()
    at: datetime | None = None
    reviewed: str = ""
    applying: bool = False
    protecting: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """A judged plan, and what carrying it out needs. `read_at` is the clock's time, whenever it is judged for. `whole` is false
    where only what protects people is left of it, `partial` where `--only` chose some of the documents.
    """

    plan: Plan
    wishes: Mapping[Address, Wish]
    seen: Mapping[str, Seen]
    memory: Memory
    listing: Listing
    read_at: datetime
    jobs: tuple[Job, ...] = field(default=())
    whole: bool = True
    partial: bool = False

    @property
    def unreachable(self) -> bool:
        """Whether some target did not show its whole state."""
        unread = any(finding.code == "PLT002" for finding in self.plan.findings)
        return unread or not self.plan.complete or bool(self.listing.unheard)


def written(session: Session) -> tuple[Specs, Settings]:
    """The project's documents and policies as they stand in its files; SpecsWrong when anything in them is not right."""
    specs, settings, _aside = _right(session, protecting=False)
    return specs, settings


def _right(session: Session, *, protecting: bool) -> tuple[Specs, Settings, Sequence[Finding]]:
    """The same; where only what protects people matters, mistakes in rows are set aside."""
    specs = load(session.project, KINDS, session.platforms)
    specs, aside = without_broken_rows(specs) if protecting else (specs, [])
    settings, mistakes = parse(session.project.policies)
    if mistakes or not specs.right:
        raise SpecsWrong([*mistakes, *specs.findings, *aside])
    return specs, settings, aside


def propose(session: Session, asked: Asked) -> Proposal:
    """Read everything and make the plan. Sends nothing but reads."""
    project = session.project
    specs, settings, aside = _right(session, protecting=asked.protecting)
    acks = _acks(asked.acks)
    read_at = session.world.now()
    now = asked.at or read_at
    memory = session.journal.memory()
    desired = [wish for wish in specs.desired if selected(wish, asked.only)]
    readings = read_targets(session, desired, memory, now, partial=bool(asked.only))
    readings = [looked_again(session, reading, desired, memory, now) for reading in readings]
    seen = {reading.target.name: reading.seen for reading in readings if reading.seen}
    wishes = {
        wish.address: object_wish(session, wish, seen[wish.address.target], settings, now)
        for wish in desired
        if _is_object(wish, seen)
    }
    starting, entering = _starting(session, wishes.values(), seen, memory), _entering(wishes.values(), seen, memory)
    suppress: Sequence[Suppress] = settings.suppress
    if asked.protecting:  # nobody is contacted, whatever the documents wish, and nobody is held against a list
        starting, suppress = frozenset(), ()
    frequency = Frequency(session=session, settings=settings, documents=specs.desired, now=now)

    def listed(documents: Sequence[Desired]) -> Listing:
        rows = [wish for wish in documents if selected(wish, asked.only) and _has_rows(wish, seen)]
        return list_rows(session, rows, seen, memory, now, documents, starting, entering, suppress, frequency)

    listing = list_readable(listed, specs.desired, aside) if asked.protecting else listed(specs.desired)
    for wish in listing.wishes:
        wishes[wish.desired.address] = wish
    ordered = [wishes[wish.address] for wish in desired if wish.address in wishes]
    setting = Setting(
        shapes=SHAPES,
        supports={name: platform.supports for name, platform in session.platforms.items()},
        containers={name: target.container for name, target in project.targets.items()},
        append_only=frozenset(
            name for name, target in project.targets.items() if not session.platform(target).supports["campaign"].actions
        ),
        states=[listing.states.get(reading.target.name, reading.state) for reading in readings],
        calls=lambda change: _calls(session, change, wishes),
        as_read=lambda doubt, shown: settle(doubt, shown, None, None).verdict,
        people=listing.people,
        source=_source(project.root),
        permissions=Permissions(allow_delete=asked.allow_delete, acks=asked.acks),
        policy_inputs=settings.inputs,
        partial=bool(asked.only),
        unheard=bool(listing.unheard),
        findings=[
            *_given(session, readings, specs),
            *_unmatched(specs, asked.only),
            *_without_purpose(desired, specs.desired, project),
            *listing.findings,
        ],
    )
    plan = make_plan(ordered, seen, memory, setting, now)
    facts = Facts(
        session=session, documents=specs.desired, seen=seen, memory=memory, listing=listing, starting=starting, now=now
    )
    plan = replace(
        plan,
        reached=tuple(facts.reached(desired, wishes, plan.changes)),
        people=facts.people(),  # of all those who were looked at just now
        capped=tuple(frequency.capped),
        suppression=Suppression(looked=listing.lists.looked, read=listing.lists.read, before=memory.lists),
    )
    edge = first_edge(plan, settings, now)
    plan = replace(plan, valid_until=edge.at, valid_until_why=edge.why)
    plan = judge(_within_quota(plan), settings, now, acks, asked.reviewed, applying=asked.applying)
    return Proposal(
        plan=plan,
        wishes=wishes,
        seen=seen,
        memory=memory,
        listing=listing,
        read_at=read_at,
        jobs=tuple(_job(session, change, wishes, seen, listing, memory) for change in plan.changes),
        partial=bool(asked.only),
    )


def protecting(proposal: Proposal) -> Proposal:
    """The part of a plan that protects people: stops and blacklist additions. What holds the rest back does not hold it."""
    changes = tuple(change for change in proposal.plan.changes if change.protects)
    addresses = {change.address for change in changes}
    left = len(proposal.plan.changes) - len(changes)
    message = say("only stops and blacklist additions are carried out; {count} other change(s) are left", count=left)
    plan = replace(
        proposal.plan,
        changes=changes,
        rows=tuple(rows for rows in proposal.plan.rows if rows.address in addresses),
        manual=(),
        people=People(),
        findings=(
            Finding(code="SAF001", severity=Severity.INFO, message=message),
            *(finding for finding in proposal.plan.findings if not finding.severity.blocks),
        ),
    )
    wishes = {address: wish for address, wish in proposal.wishes.items() if address in addresses or address.kind == "blacklist"}
    jobs = tuple(job for job in proposal.jobs if job.change in changes)
    return replace(proposal, whole=False, plan=plan, wishes=wishes, jobs=jobs)


def _source(root: Path) -> Source:
    commit, dirty = revision(root)
    return Source(commit=commit, dirty=dirty)


def selected(desired: Desired, only: Sequence[str]) -> bool:
    """Whether `--only` names this document, by address or by `tag:WORD`."""
    if not only:
        return True
    return any(glob[4:] in desired.tags if glob.startswith("tag:") else desired.address.matches(glob) for glob in only)


def _unmatched(specs: Specs, only: Iterable[str]) -> Iterable[Finding]:
    """The globs of `--only` that name no document: a plan of nothing would look like nothing to do."""
    for glob in only:
        if not any(selected(wish, (glob,)) for wish in specs.desired):
            message = say("no document matches --only '{glob}'", glob=glob)
            yield Finding(code="SEL001", severity=Severity.WARN, message=message, remedy=say("a partial plan deletes nothing"))


def _without_purpose(wishes: Iterable[Desired], everything: Iterable[Desired], project: Project) -> Iterable[Finding]:
    """Documents that reach people and do not say what for. Rows are meant for what their campaign is: that is told there."""
    campaigns = campaigns_of(everything)
    for wish in filter(reaches_people, wishes):
        found = meant(wish, campaigns, project.targets[wish.address.target])
        if not found.said and not (found.campaign and home_of(wish)):
            message = say("no purpose is said: it is judged as marketing, the strictest")
            remedy = say("write 'purpose: marketing', 'collection' or 'service'")
            yield Finding(
                code="PUR001",
                severity=Severity.INFO,
                message=message,
                remedy=remedy,
                address=wish.address,
                origin=wish.origin,
            )


def _acks(texts: Iterable[str]) -> list[Ack]:
    acks = []
    for text in texts:
        try:
            acks.append(Ack.parse(text))
        except ValueError:
            message = say("'{text}' is not an acknowledgement", text=text)
            raise Mistaken(message, code="POL002", remedy=say("write GUARD=VALUE@DIGEST, as the plan prints it")) from None
    return acks


def _starting(session: Session, wishes: Iterable[Wish], seen: Mapping[str, Seen], memory: Memory) -> frozenset[Address]:
    """The campaigns that do not run, or are not there yet, and are wished to run now."""
    starting = set()
    for wish in wishes:
        owned = memory.owned.get(wish.desired.address)
        live = seen[wish.desired.address.target].by_id(owned.id) if owned else None
        support = session.platforms[wish.desired.platform].supports["campaign"]
        if wish.runs_by_itself:
            shown = live.fields if live else {}
            goes = any(shown.get(name) != wish.stored.get(name) for name in support.running_fields)
        else:
            wished = wish.desired.get("state") == "started" and wish.open
            goes = wished and (live is None or live.state is not State.STARTED)
        if support.actions and goes:
            starting.add(wish.desired.address)
    return frozenset(starting)


def _entering(wishes: Iterable[Wish], seen: Mapping[str, Seen], memory: Memory) -> frozenset[Address]:
    """The campaigns that are made now, or get another category."""
    found = set()
    for wish in wishes:
        owned = memory.owned.get(wish.desired.address)
        live = seen[wish.desired.address.target].by_id(owned.id) if owned else None
        if live is None or live.fields.get("category") != wish.stored.get("category"):
            found.add(wish.desired.address)
    return frozenset(found)


def _is_object(desired: Desired, seen: Mapping[str, Seen]) -> bool:
    return SHAPES[desired.address.kind] is Shape.OBJECT and desired.address.target in seen


def _has_rows(desired: Desired, seen: Mapping[str, Seen]) -> bool:
    return SHAPES[desired.address.kind] is not Shape.OBJECT and desired.address.target in seen


def object_wish(session: Session, desired: Desired, seen: Seen, settings: Settings, now: datetime) -> Wish:
    """The wish of one campaign, in the form of its platform, as of `now`."""
    target = session.project.targets[desired.address.target]
    platform = session.platform(target)
    stored = platform.as_stored(desired, seen, target)
    open_now, findings = opening(desired, target, settings, now)
    return Wish(
        desired=desired,
        stored=stored,
        open=open_now,
        runs_by_itself=platform.runs_by_itself(stored),
        marker=platform.marker(desired, target),
        container=target.container,
        manual=tuple(platform.manual(desired, seen, target)),
        findings=(*platform.check_live(desired, seen, target), *findings),
    )


def _given(session: Session, readings: Iterable[TargetReading], specs: Specs) -> list[Finding]:
    """What is known before comparing: unread targets, a fresh journal, hints of the documents."""
    findings = [reading.finding for reading in readings if reading.finding]
    findings += specs.findings
    if session.journal.fresh:
        message = say("the journal is new: nothing is remembered")
        findings.append(
            Finding(code="JRN001", severity=Severity.INFO, message=message, remedy=say("restore the old one, if there was one"))
        )
    return findings


def _calls(session: Session, change: Change, wishes: Mapping[Address, Wish]) -> int:
    from reconciler.apply import looks_first, looks_twice  # met with the first change: a plan of none takes no time for it

    target = session.project.targets[change.address.target]
    wish = wishes.get(change.address)
    calls = session.platform(target).calls(change.action, change.count, target, wish.desired if wish else None)
    return calls + looks_first(change) + looks_twice(change, target)


def _within_quota(plan: Plan) -> Plan:
    """A plan that does not fit the day's quota is blocked; a tenth stays free for stops and blacklist additions."""
    found = []
    for target in plan.targets:
        needed = sum(
            change.calls for change in plan.changes if change.address.target == target.name and not change.action.protects
        )
        free = target.quota.free
        if free is not None and needed > free:
            message = say(
                "{target}: the plan needs {needed:,} calls, and {free:,} may be used today",
                target=target.name,
                needed=needed,
                free=free,
            )
            found.append(
                Finding(
                    code="PLT005",
                    severity=Severity.DENY,
                    message=message,
                    remedy=say("wait for the next quota day, or use --only"),
                )
            )
    return replace(plan, findings=(*found, *plan.findings)) if found else plan


def _job(
    session: Session,
    change: Change,
    wishes: Mapping[Address, Wish],
    seen: Mapping[str, Seen],
    listing: Listing,
    memory: Memory,
) -> Job:
    from reconciler.apply import Job

    target = session.project.targets[change.address.target]
    wish = wishes.get(change.address)
    platform = session.platform(target)
    return Job(
        change=change,
        platform=platform,
        target=target,
        support=platform.supports[change.address.kind],
        wish=wish,
        live=_bound(change, wish, seen[target.name], memory),
        feed=listing.feed(change.address),
        container=lambda live: _container(target, wish, live),
        channel=listing.channel(change.address),
    )


def _container(target: Target, wish: Wish | None, live: Live | None) -> str:
    if wish is None or SHAPES[wish.desired.address.kind] is Shape.OBJECT:
        return f"{target.container}|{live.id if live else ''}"
    return container_of(target, wish.desired, live)


def _bound(change: Change, wish: Wish | None, seen: Seen, memory: Memory) -> Live | None:
    """The live campaign of a change: the object itself, or the campaign that rows go into."""
    if change.live_id:
        return seen.by_id(change.live_id)
    home = change.campaign or change.address
    owned = memory.owned.get(home)
    return seen.by_id(owned.id) if owned else None


__all__ = [
    "Asked",
    "Manual",
    "Proposal",
    "Settings",
    "SpecsWrong",
    "object_wish",
    "propose",
    "protecting",
    "selected",
    "written",
]
