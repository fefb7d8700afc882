"""The one maker of plans."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from reconciler.catalogue import say
from reconciler.diagnostics import Finding, Severity
from reconciler.plan.drift import find_drift
from reconciler.plan.known import Memory, Owned, Seen, Unsettled
from reconciler.plan.left import left_behind
from reconciler.plan.lists import row_changes, row_findings
from reconciler.plan.objects import AsRead, Outcome, compare_object, compare_removed, incomplete, untold
from reconciler.plan.order import ordered, reaches_people
from reconciler.plan.values import Change, People, Permissions, Plan, RowsChange, Source, TargetState, Wish
from reconciler.resource import Action, Address, Desired, Shape, Support

LIFE: Final = timedelta(hours=24)

_JUDGED: Final = ("window", "purpose", "service", "sector", "channel", "caller_id")


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """What planning knows beside wishes, live state and memory: all of it values."""

    shapes: Mapping[str, Shape]
    supports: Mapping[str, Mapping[str, Support]]
    containers: Mapping[str, str]
    append_only: frozenset[str] = frozenset()  # targets whose campaigns are not ours to manage
    states: Sequence[TargetState]
    calls: Callable[[Change], int]
    as_read: AsRead = untold
    people: People = field(default_factory=People)
    source: Source = field(default_factory=Source)
    permissions: Permissions = field(default_factory=Permissions)
    policy_inputs: Mapping[str, Any] = field(default_factory=dict)
    partial: bool = False
    findings: Sequence[Finding] = ()
    unheard: bool = False  # an account that heard people say no could not be read: nobody is contacted

    def platform(self, target: str) -> str:
        """The platform of a target that was read."""
        return next(state.platform for state in self.states if state.name == target)


def make_plan(wishes: Sequence[Wish], seen: Mapping[str, Seen], memory: Memory, setting: Setting, now: datetime) -> Plan:
    """Compare everything that is wished with everything that was seen; pure, and the same for the same values."""
    findings: list[Finding] = list(setting.findings)
    changes: list[Change] = []
    outcomes: dict[Address, Outcome] = {}
    for wish in wishes:
        desired = wish.desired
        if setting.shapes[desired.address.kind] is Shape.OBJECT and desired.address.target in seen:
            support = setting.supports[desired.platform][desired.address.kind]
            target = desired.address.target
            outcomes[desired.address] = compare_object(
                wish, seen[target], support, memory, setting.containers[target], setting.as_read
            )
    outcomes |= _removed(wishes, seen, memory, setting, outcomes)
    for address, outcome in outcomes.items():
        findings += outcome.findings
        if outcome.waits:
            findings.append(incomplete(address, seen[address.target].campaigns.note))
        changes += _allowed(outcome.changes, complete=seen[address.target].campaigns.complete)
    rows: list[RowsChange] = []
    for wish in wishes:
        address = wish.desired.address
        findings += wish.findings
        if setting.shapes[address.kind] is Shape.OBJECT or address.target not in seen:
            continue
        if wish.rows is not None:
            rows.append(
                RowsChange(address=address, diff=wish.rows, origin=wish.desired.origin, enforced_by_us=wish.enforced_by_us)
            )
        found, said = _rows_of(wish, outcomes, seen[address.target], memory, setting)
        changes += found
        findings += said
    changes, held = _starts_that_may(changes, memory, setting)
    findings += held
    if setting.unheard:
        changes = _contacting_nobody(changes)
    if not setting.partial:
        deletes = (change for change in changes if change.action is Action.DELETE)
        findings += left_behind(
            wishes,
            seen,
            memory,
            containers=setting.containers,
            append_only=setting.append_only,
            going=frozenset(f"{setting.containers[change.address.target]}|{change.live_id}" for change in deletes),
            now=now,
        )
    drift = find_drift(
        wishes,
        seen,
        memory,
        supports={state.name: setting.supports[state.platform]["campaign"] for state in setting.states},
        containers=setting.containers,
        partial=setting.partial,
    )
    counted = [replace(change, calls=setting.calls(change)) for change in changes]
    manual = tuple(step for wish in wishes for step in wish.manual if step.key not in memory.manual_done)
    return Plan(
        changes=ordered(counted),
        rows=tuple(sorted(rows, key=lambda change: change.address)),
        manual=tuple(sorted(manual, key=lambda step: (step.address, step.key))),
        findings=tuple(sorted(dict.fromkeys(findings), key=lambda finding: (finding.severity.rank, finding.order))),
        targets=tuple(sorted(setting.states, key=lambda state: state.name)),
        drift=drift,
        people=setting.people,
        source=setting.source,
        permissions=setting.permissions,
        created_at=now,
        valid_until=now + LIFE,
        policy_inputs=setting.policy_inputs,
        sources_before={change.address: memory.sources[change.address] for change in rows if change.address in memory.sources},
        occurrences={str(address): memory.occurrences.get(address, 0) for address in _touched(counted, rows)},
        journal_head=memory.head,
        judged=_judged(wishes, counted),
        schedules={str(wish.desired.address): wish.at for wish in wishes if wish.at and wish.rows and not wish.rows.empty},
    )


def _removed(
    wishes: Sequence[Wish], seen: Mapping[str, Seen], memory: Memory, setting: Setting, bound: Mapping[Address, Outcome]
) -> dict[Address, Outcome]:
    """Campaigns of ours whose documents are gone. One that another document is bound to now is not touched.

    A partial run was shown only some of the documents, so that it knows of none that it is gone.
    """
    if setting.partial:
        return {}
    wished = {wish.desired.address for wish in wishes}
    taken = {(address.target, outcome.live.id) for address, outcome in bound.items() if outcome.live}
    gone: dict[Address, Outcome] = {}
    for address, owned in memory.owned.items():
        if address in wished or not _ours_here(owned, seen, setting) or (address.target, owned.id) in taken:
            continue
        support = setting.supports[setting.platform(address.target)].get(address.kind)
        if support is None:
            continue
        gone[address] = compare_removed(owned, seen[address.target], support, memory, setting.as_read)
    return gone


def _ours_here(owned: Owned, seen: Mapping[str, Seen], setting: Setting) -> bool:
    target = owned.address.target
    return target in seen and owned.container == setting.containers.get(target)


def _allowed(changes: Iterable[Change], *, complete: bool) -> list[Change]:
    """What may be done on an incomplete reading: only what protects people.

    A stop for the sake of an edit is none of it: without the edit and the start after it, the campaign would only stand.
    """
    return [change for change in changes if complete or change.protects]


def _rows_of(
    wish: Wish, outcomes: Mapping[Address, Outcome], seen: Seen, memory: Memory, setting: Setting
) -> tuple[list[Change], list[Finding]]:
    """The changes of one document's rows, held back where they, their campaign or their reading are not clear."""
    desired = wish.desired
    address = desired.address
    findings = list(row_findings(wish))
    name = (desired.get("scope") or {}).get("campaign") if address.kind == "blacklist" else desired.get("campaign")
    campaign = Address(address.target, "campaign", name) if name and address.kind != "scheduled_sms" else None
    home = outcomes.get(campaign) if campaign else None
    changes = list(row_changes(wish, campaign, setting.shapes[address.kind]))
    if not seen.campaigns.complete:
        changes = _allowed(changes, complete=False)
    if not wish.rows_complete:
        findings.append(incomplete(address, wish.rows_note, wish))
        changes = _allowed(changes, complete=False)
    doubts = memory.holds(address) or _in_the_same_campaign(wish, memory)
    if doubts:
        message = say("{count} call(s) to it have an unknown outcome", count=len(doubts))
        findings.append(_at(wish, "DEP001", Severity.WARN, message, say("run 'reconciler resolve'")))
        changes = [change for change in changes if change.action.protects]
    if home and (home.blocked or home.waits):
        changes = _allowed(changes, complete=False)
    if changes and campaign and home is None and _managed(desired, setting) and not _is_there(campaign, seen, memory):
        message = say("its campaign {campaign} is not there yet, and '--only' leaves it out", campaign=campaign)
        remedy = say("add --only '{campaign}'", campaign=campaign)
        findings.append(_at(wish, "DEP003", Severity.DENY, message, remedy))
        changes = []
    return changes, findings


def _in_the_same_campaign(wish: Wish, memory: Memory) -> list[Unsettled]:
    """Loads in doubt into the campaign of a document, whatever document asked for them: rows that may still arrive there would
    meet the same people under another generation or another name.
    """
    if wish.desired.address.kind != "contacts" or not wish.desired.get("campaign"):
        return []
    loads = (doubt for doubt in memory.unsettled if doubt.action is Action.ROWS_ADD and doubt.address.kind == "contacts")
    return [doubt for doubt in loads if doubt.container == wish.container]


def _managed(desired: Desired, setting: Setting) -> bool:
    """Whether campaigns of that platform are made by us."""
    support = setting.supports[desired.platform].get("campaign")
    return bool(support and support.actions)


def _is_there(campaign: Address, seen: Seen, memory: Memory) -> bool:
    owned = memory.owned.get(campaign)
    return bool(owned and seen.by_id(owned.id))


def _at(wish: Wish, code: str, severity: Severity, message: str, remedy: str = "") -> Finding:
    desired = wish.desired
    return Finding(code=code, severity=severity, message=message, remedy=remedy, address=desired.address, origin=desired.origin)


def _starts_that_may(changes: Sequence[Change], memory: Memory, setting: Setting) -> tuple[list[Change], list[Finding]]:
    """Starts, without those of campaigns into which an upload has an unknown outcome."""
    doubtful = {doubt.container for doubt in memory.unsettled if doubt.address.kind == "contacts"}
    kept, findings = [], []
    for change in changes:
        home = f"{setting.containers[change.address.target]}|{change.live_id}"
        if change.action is Action.START and home in doubtful:
            message = say("it is not started: an upload into it has an unknown outcome")
            remedy = say("run 'reconciler resolve'")
            findings.append(
                Finding(
                    code="DEP002",
                    severity=Severity.WARN,
                    message=message,
                    remedy=remedy,
                    address=change.address,
                    origin=change.origin,
                )
            )
        else:
            kept.append(change)
    return kept, findings


def _contacting_nobody(changes: Sequence[Change]) -> list[Change]:
    """Changes without those that reach people, and without what else happens at their addresses: rows that are replaced would
    only be gone. What protects people, and making what is not there yet, goes on.
    """
    held = {change.address for change in changes if reaches_people(change)}
    going = _allowed((change for change in changes if change.address in held), complete=False)
    return [change for change in changes if change.address not in held or change in going or change.action is Action.CREATE]


def _judged(wishes: Iterable[Wish], changes: Sequence[Change]) -> dict[str, dict[str, Any]]:
    """What a reviewer judged of the documents that would be carried out, and no change shows: windows, and what for."""
    touched = {change.address for change in changes} | {change.campaign for change in changes}
    return {
        str(wish.desired.address): {name: wish.desired.fields[name] for name in _JUDGED if wish.desired.get(name)}
        for wish in wishes
        if wish.desired.address in touched
    }


def _touched(changes: Iterable[Change], rows: Iterable[RowsChange]) -> set[Address]:
    return {change.address for change in changes} | {change.address for change in rows}
