"""Campaigns: which live object a wish means, what differs, and the changes that follow."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from reconciler.call import Verdict
from reconciler.catalogue import say
from reconciler.diagnostics import Finding, Severity
from reconciler.diff import FieldDiff, differences
from reconciler.plan.known import Memory, Owned, Seen, Unsettled
from reconciler.plan.values import Change, Reason, Wish
from reconciler.resource import Action, Address, Desired, Live, Origin, State, Support

AsRead: TypeAlias = Callable[[Unsettled, Seen], Verdict]

_RUNNING = frozenset({State.STARTED, State.STARTING})
_STANDING = frozenset({State.STOPPED, State.STOPPING})


@dataclass(slots=True)
class Outcome:
    """What comparing one object gave. `live` is what it is bound to; `blocked` = nothing may be done at this address."""

    changes: list[Change] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)
    live: Live | None = None
    blocked: bool = False
    waits: bool = False


def compare_object(wish: Wish, seen: Seen, support: Support, memory: Memory, container: str, as_read: AsRead) -> Outcome:
    """One campaign: bind it, then compare fields and run state. `as_read` says how a doubt looks by this reading."""
    outcome = Outcome()
    desired = wish.desired
    address = desired.address
    if doubts := memory.holds(address):
        message = _doubted(doubts, seen, as_read)
        outcome.findings.append(_finding("DEP001", Severity.WARN, message, wish, say("run 'reconciler resolve'")))
        outcome.blocked = True
    elif twin := _in_the_making(name_of(desired), memory, container):
        message = say("a campaign of that name may have been made already, as {address}", address=twin.address)
        outcome.findings.append(_finding("DEP001", Severity.WARN, message, wish, say("run 'reconciler resolve'"), "name"))
        outcome.blocked = True
    owned = memory.owned.get(address)
    if owned and owned.container != container:
        owned = None
    if not support.actions:
        return outcome
    doubtful = outcome.blocked
    if doubtful:  # whose it is, and what else differs, is not known before the doubt is settled
        outcome.changes += _spared(wish, seen, owned, support)
        return outcome
    _bind(wish, seen, owned, outcome)
    if outcome.blocked:
        return outcome
    if outcome.live is None:
        if not seen.campaigns.complete:
            outcome.waits = True
            return outcome
        reason = Reason.GONE if owned else Reason.NEW
        outcome.changes += _creation(wish, support, reason)
        if owned:
            message = say("it was ours and is no longer there: somebody deleted it")
            outcome.findings.append(
                _finding("OWN003", Severity.WARN, message, wish, say("remove the document if that was meant"))
            )
    else:
        outcome.changes += _alteration(wish, outcome.live, owned, support, outcome)
        protected = desired.protect or (owned is not None and owned.protect)
        stops = (change for change in outcome.changes if change.action is Action.STOP)
        if protected and any(change.reason is not Reason.WINDOW for change in stops):
            message = say("it is protected, and would be stopped")
            remedy = say("apply it once without 'protect', with nothing else changed")
            outcome.findings.append(_finding("PRO001", Severity.DENY, message, wish, remedy, "protect"))
    return outcome


def _spared(wish: Wish, seen: Seen, owned: Owned | None, support: Support) -> Iterator[Change]:
    """The stop of a campaign that runs and should not: no doubt holds it back, since to stop twice is to stop once."""
    live = seen.by_id(owned.id) if owned else None
    wished = wish.desired.get("state")
    if live is None or live.state not in _RUNNING or wished is None or Action.STOP not in support.actions:
        return
    closed = wished == "started" and not wish.open
    protected = wish.desired.protect or (owned is not None and owned.protect)
    if closed or (wished == "stopped" and not protected):
        yield _stop(wish, live, Reason.WINDOW if closed else Reason.STATE)


def compare_removed(owned: Owned, seen: Seen, support: Support, memory: Memory, as_read: AsRead) -> Outcome:
    """A campaign of ours whose document is gone: stop it if it runs, then delete it."""
    outcome = Outcome()
    if doubts := memory.holds(owned.address):
        message = say("its document is gone; {doubt}", doubt=_doubted(doubts, seen, as_read))
        outcome.findings.append(Finding(code="DEP001", severity=Severity.WARN, message=message, address=owned.address))
        outcome.blocked = True
        return outcome
    live = seen.by_id(owned.id)
    if live is None or Action.DELETE not in support.actions:
        return outcome
    outcome.live = live
    if owned.protect:
        message = say("its document is gone, and it was protected when last applied")
        finding = Finding(
            code="PRO001",
            severity=Severity.DENY,
            message=message,
            address=owned.address,
            remedy=say("apply it once without 'protect'"),
        )
        outcome.findings.append(finding)
        return outcome
    stop: tuple[Change, ...] = ()
    if live.state in _RUNNING:
        stop = (Change(action=Action.STOP, address=owned.address, reason=Reason.REMOVED, live_id=live.id),)
    delete = Change(
        action=Action.DELETE,
        address=owned.address,
        reason=Reason.REMOVED,
        reversible=False,
        live_id=live.id,
        depends_on=tuple(change.key for change in stop),
    )
    outcome.changes += [*stop, delete]
    return outcome


def untold(_doubt: Unsettled, _seen: Seen) -> Verdict:
    """Nothing is said of how a doubt looks."""
    return Verdict.ASK


def name_of(desired: Desired) -> str:
    """The name that a campaign is wished to have on its platform."""
    name: str = desired.get("display_name") or desired.address.name
    return name


def written_at(desired: Desired, path: str) -> Origin:
    """Where a field of the stored form was written: among the kind's own fields, else in the platform's block."""
    return desired.origin_of(path if path in desired.origins else f"{desired.platform}.{path}")


def _doubted(doubts: Sequence[Unsettled], seen: Seen, as_read: AsRead) -> str:
    """What is unknown, and how it looks by this one reading, which settles nothing."""
    verdicts = {as_read(doubt, seen) for doubt in doubts}
    if verdicts == {Verdict.DONE}:
        return say("{count} call(s) to it have an unknown outcome; as it reads now: it was done", count=len(doubts))
    if verdicts == {Verdict.NOT_DONE}:
        return say("{count} call(s) to it have an unknown outcome; as it reads now: it was not done", count=len(doubts))
    return say("{count} call(s) to it have an unknown outcome", count=len(doubts))


def _in_the_making(name: str, memory: Memory, container: str) -> Unsettled | None:
    """A creation of unknown outcome, by whichever document, that may have made a campaign of this name there."""
    for doubt in memory.unsettled:
        made = (doubt.facts.get("container"), str(doubt.facts.get("name", "")).strip())
        if doubt.action is Action.CREATE and made == (container, name.strip()):
            return doubt
    return None


def _bind(wish: Wish, seen: Seen, owned: Owned | None, outcome: Outcome) -> None:
    """Decide which live object is meant; nothing is guessed, and what is not ours blocks the address."""
    desired = wish.desired
    name = name_of(desired)
    namesakes = seen.campaign(name)
    mine = seen.by_id(owned.id) if owned else None
    if len(namesakes) > 1:
        message = say("{count} live campaigns are called '{name}'", count=len(namesakes), name=name)
        outcome.findings.append(
            _finding("OWN002", Severity.DENY, message, wish, say("rename one of them in the console"), "name")
        )
        outcome.blocked = True
    elif mine is not None:
        outcome.live = mine
        if namesakes and namesakes[0].id != mine.id:
            outcome.findings.append(_not_ours(wish, name))
            outcome.blocked = True
    elif namesakes:
        live = namesakes[0]
        if wish.marker and live.marker == wish.marker:
            message = say("the live campaign '{name}' carries our marker, and the journal does not know it", name=name)
            remedy = say("restore the journal, or run 'reconciler import {address}'", address=desired.address)
            outcome.findings.append(_finding("OWN003", Severity.DENY, message, wish, remedy, "name"))
        else:
            outcome.findings.append(_not_ours(wish, name))
        outcome.blocked = True


def _not_ours(wish: Wish, name: str) -> Finding:
    message = say("a live campaign '{name}' exists that this project did not create", name=name)
    remedy = say("run 'reconciler import {address}' to adopt it, or choose another name", address=wish.desired.address)
    return _finding("OWN001", Severity.DENY, message, wish, remedy, "name")


def _creation(wish: Wish, support: Support, reason: Reason) -> Iterator[Change]:
    """A campaign is created standing still; what makes it run comes last, as a start of its own."""
    plain = {
        name: value for name, value in wish.stored.items() if name not in support.running_fields or not wish.runs_by_itself
    }
    create = _change(wish, Action.CREATE, reason, diff=_diffs(wish, {}, plain, support))
    yield create
    if wish.runs_by_itself:
        running = {name: value for name, value in wish.stored.items() if name in support.running_fields}
        yield _change(wish, Action.START, Reason.GOES_LIVE, diff=_diffs(wish, {}, running, support), depends_on=(create.key,))
    elif wish.desired.get("state") == "started" and wish.open:
        yield _change(wish, Action.START, Reason.STATE, depends_on=(create.key,), diff=(_state(wish, None, "started"),))


def _alteration(wish: Wish, live: Live, owned: Owned | None, support: Support, outcome: Outcome) -> Iterator[Change]:
    known = {
        **live.fields,
        **{name: value for name, value in (owned.fields if owned else {}).items() if name in support.unreadable},
    }
    found = [(path, before, after) for path, before, after in differences(known, wish.stored)]
    running = tuple(d for d in _as_diffs(wish, found, support) if d.path.split(".")[0] in support.running_fields)
    plain = tuple(d for d in _as_diffs(wish, found, support) if d.path.split(".")[0] not in support.running_fields)
    wished = wish.desired.get("state")
    target = State.STARTED if wished == "started" and wish.open else State.STOPPED if wished else None
    runs = live.state in _RUNNING
    if target and live.supposed:
        message = say(
            "the platform does not show whether it runs: it is taken to be {state}, as last set", state=live.state.value
        )
        outcome.findings.append(_finding("UNV001", Severity.INFO, message, wish, say("look in the console"), "state"))
    if target and live.state is State.UNKNOWN:
        message = say("the platform shows a run state that is not known")
        outcome.findings.append(_finding("PLT003", Severity.DENY, message, wish, say("look in the console"), "state"))
        return
    if target is State.STARTED and live.state is State.FINISHED:
        message = say("the campaign has finished; starting it again could reach the same people")
        outcome.findings.append(_finding("PLT003", Severity.DENY, message, wish, say("create a new campaign"), "state"))
        return
    stop: tuple[str, ...] = ()
    if target is State.STOPPED and runs:
        yield from (change := [_stop(wish, live, Reason.WINDOW if wished == "started" else Reason.STATE)])
        stop = (change[0].key,)
        runs = False
    elif running and not wish.runs_by_itself:
        change = [_change(wish, Action.STOP, Reason.STATE, live=live, diff=running)]
        yield from change
        stop = (change[0].key,)
        runs = False
    around = bool(plain) and runs and not support.edits_while_started and Action.STOP in support.actions
    if around:
        change = [_stop(wish, live, Reason.EDIT)]
        yield from change
        stop = (change[0].key,)
    update: tuple[str, ...] = ()
    if plain:
        changed = _change(wish, Action.UPDATE, Reason.FIELDS, live=live, diff=plain, depends_on=stop)
        yield changed
        update = (changed.key,)
    if running and wish.runs_by_itself:
        yield _change(wish, Action.START, Reason.GOES_LIVE, live=live, diff=running, depends_on=update)
    elif around and target is not State.STOPPED:
        started = (_state(wish, "stopped", "started", live),)
        yield _change(wish, Action.START, Reason.EDIT, live=live, depends_on=update, diff=started)
    elif target is State.STARTED and live.state in _STANDING:
        started = (_state(wish, "stopped", "started", live),)
        yield _change(wish, Action.START, Reason.STATE, live=live, depends_on=update, diff=started)


def _stop(wish: Wish, live: Live, reason: Reason) -> Change:
    return _change(wish, Action.STOP, reason, live=live, diff=(_state(wish, "started", "stopped", live),))


def _state(wish: Wish, before: Any, after: Any, live: Live | None = None) -> FieldDiff:
    shown = live is None or not live.supposed
    return FieldDiff(path="state", before=before, after=after, verifiable=shown, origin=wish.desired.origin_of("state"))


def _change(
    wish: Wish,
    action: Action,
    reason: Reason,
    *,
    live: Live | None = None,
    diff: tuple[FieldDiff, ...] = (),
    depends_on: tuple[str, ...] = (),
) -> Change:
    return Change(
        action=action,
        address=wish.desired.address,
        reason=reason,
        diff=diff,
        depends_on=depends_on,
        verifiable=all(difference.verifiable for difference in diff),
        origin=wish.desired.origin,
        live_id=live.id if live else "",
    )


def _diffs(wish: Wish, before: Mapping[str, Any], after: Mapping[str, Any], support: Support) -> tuple[FieldDiff, ...]:
    return _as_diffs(wish, list(differences(before, after)), support)


def _as_diffs(wish: Wish, found: list[tuple[str, Any, Any]], support: Support) -> tuple[FieldDiff, ...]:
    return tuple(
        FieldDiff(
            path=path,
            before=before,
            after=after,
            verifiable=path.split(".")[0] not in support.unreadable,
            origin=written_at(wish.desired, path),
        )
        for path, before, after in found
    )


def _finding(code: str, severity: Severity, message: str, wish: Wish, remedy: str = "", path: str = "") -> Finding:
    origin = wish.desired.origin_of(path) if path else wish.desired.origin
    return Finding(code=code, severity=severity, message=message, remedy=remedy, address=wish.desired.address, origin=origin)


def incomplete(address: Address, note: str, wish: Wish | None = None) -> Finding:
    """Something waits, because a reading did not show everything (exit 7)."""
    origin = wish.desired.origin if wish else None
    message = say("the reading is not complete: {note}", note=note or say("the platform did not say why"))
    return Finding(
        code="PLT002",
        severity=Severity.WARN,
        message=message,
        remedy=say("run again; nothing that depends on it is done"),
        address=address,
        origin=origin,
    )
