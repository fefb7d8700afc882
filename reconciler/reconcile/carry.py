"""The runtime of an apply: does what its effects say, with the journal, the wires and the clock.

Nothing is decided here. An intent is on disk before the call leaves; a reply that the journal cannot take goes to the
emergency file, and the run stops. Whatever cannot be done is thrown into the run, which ends with what it knows.
"""

from __future__ import annotations

import getpass
import hashlib
import os
import secrets
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import partial
from typing import Any, Final

from reconciler.apply import Effect, Forget, Intend, Lanes, Now, Pause, Read, Run, Send, Settle, Tell, Work
from reconciler.call import Answer, Call, InDoubt, Refused
from reconciler.catalogue import say
from reconciler.errors import JournalBroken, Stale
from reconciler.journal.emergency import append_emergency
from reconciler.journal.entry import HMAC_BYTES, Columns, Entry, Event
from reconciler.journal.lease import LIFE_S, Claim, Held
from reconciler.plan.known import Unsettled
from reconciler.plan.narrow import Difference
from reconciler.platforms.platform import NotReadable
from reconciler.policies.lists import contacting
from reconciler.reconcile.abreast import UnderWay
from reconciler.reconcile.fence import LeaseFence
from reconciler.reconcile.listed import Enforced
from reconciler.reconcile.propose import Proposal
from reconciler.reconcile.session import Session
from reconciler.resource import Action, Live
from reconciler.wire import TIMEOUT_S, LostError

ENTRIES_MAX: Final = 10_000  # of a list, in one entry of the journal
LEAVES_S: Final = 0.02  # a request has left by then: what comes next is made ready, and does not hold it up


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """Who watches a run: told every event, and asked before each call whether to go on."""

    tell: Callable[[Tell], None] = lambda _event: None
    go_on: Callable[[], bool] = lambda: True


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """The saved plan that a run uses up: its seal and digest, and what is done less than it says."""

    seal: str
    digest: str
    narrowed: Sequence[Difference] = ()


def new_run() -> str:
    """A run's name: short, unique, without meaning."""
    return secrets.token_hex(5)


def claim(run: str, life_s: float | None = LIFE_S, reason: str = "") -> Claim:
    """The claim of this process to be the only one at work on the project."""
    return Claim(run=run, holder=holder(), host=socket.gethostname(), reason=reason, life_s=life_s)


def holder() -> str:
    """Who is applying: user, host and process, for the lock and the journal."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}:{os.getpid()}"


def carry(session: Session, proposal: Proposal, run: str, watching: Watching, *, held: Held, use: Use | None = None) -> Run:
    """Carry out a plan, under the lock that the caller holds. The caller has been allowed to. A saved plan is used up before
    the first call, however the run ends.
    """
    journal, world = session.journal, session.world
    plan = proposal.plan
    facts = {"digest": plan.digest, "commit": plan.source.commit, "dirty": plan.source.dirty, "by": holder()}
    if plan.waivers:
        facts |= {"waivers": [dict(waiver) for waiver in plan.waivers]}
    if contacting(plan) and plan.suppression.looked and (plan.suppression.read or plan.suppression.before):
        facts |= {"lists": [one.to_json() for one in plan.suppression.read]}
    if use:
        facts |= {"reviewed": use.digest, "narrowed": [difference.to_json() for difference in use.narrowed]}
    if proposal.whole and plan.rows:
        facts |= {"sources": {str(rows.address): rows.diff.in_source for rows in plan.rows}}
    begun = [Entry(event=Event.RUN_STARTED, at=world.now(), run=run, facts=facts)]
    if use:
        used = {"seal": use.seal, "digest": use.digest}
        begun.append(Entry(event=Event.PLAN_USED, at=world.now(), run=run, facts=used))
    journal.append_all(begun)
    for unread in filter(partial(_looked_at, proposal), proposal.memory.unread):
        why = say("taken; its run ended before it was read back, and this run's reading is what counts")
        conclude(session, unread, Event.VERIFIED_WEAK, {**unread.facts, "why": why})
    for kept in proposal.listing.enforced:
        note_entries(session, kept, Action.BLACKLIST_ADD, run)
    _note_left_out(session, proposal, run)
    fence: LeaseFence | None = None
    for target in {job.target.name: job.target for job in proposal.jobs}.values():
        fence = LeaseFence(held, target.limit("timeout_s", TIMEOUT_S), beside=fence)
        session.wire(target).writable(fence)
    work = Work(
        plan=plan,
        run=run,
        jobs=proposal.jobs,
        seen=proposal.seen,
        read_at=proposal.read_at,
        managed=_managed(session, proposal),
    )
    done = _drive(session, work, watching)
    try:
        _forget_lifted(session, proposal, done)
        _close(session, proposal, done)
    except (JournalBroken, Stale) as broken:
        done = replace(done, broke=done.broke or broken)
    return done


def note_entries(session: Session, kept: Enforced, action: Action, run: str) -> None:
    """Write entries of a list that no platform keeps into the journal, its only memory: added, or lifted."""
    table = kept.added if action is Action.BLACKLIST_ADD else kept.lifted
    if not table:
        return
    from reconciler.rows.digest import batch_digest
    from reconciler.rows.enforced import packed

    for names in packed(session.engine, table, ENTRIES_MAX):
        # What was lifted may be listed again: the run tells the one from the other.
        parts = (kept.container, action.value, batch_digest(session.engine.key, names, b""), run)
        entry = Entry(
            event=Event.LISTED,
            at=session.world.now(),
            run=run,
            operation=hashlib.sha256("\x1f".join(parts).encode()).hexdigest()[:32],
            address=kept.address,
            action=action,
            container=kept.container,
            count=len(names) // HMAC_BYTES,
        )
        session.journal.append(_stamped(session, entry), Columns(recipients=names))


def _note_left_out(session: Session, proposal: Proposal, run: str) -> None:
    """Write down, before anybody is contacted at an address, who is not, and by which list."""
    touched = {change.address for change in proposal.plan.changes}
    for address, listed in proposal.listing.listed.items():
        if address not in touched or not listed.prepared.left:
            continue
        from reconciler.rows import left

        prepared, container = listed.prepared, listed.compared.container
        for reason in left.reasons(session.engine, prepared):
            for names in left.names(session.engine, prepared, reason, container, ENTRIES_MAX):
                entry = Entry(
                    event=Event.LEFT_OUT,
                    at=session.world.now(),
                    run=run,
                    address=address,
                    container=container,
                    generation=listed.compared.generation,
                    count=len(names) // HMAC_BYTES,
                    facts={"reason": reason},
                )
                session.journal.append(entry, Columns(recipients=names))


def _forget_lifted(session: Session, proposal: Proposal, done: Run) -> None:
    """Lifts come last, and only those that the run came to: whoever said no stays out until then."""
    lifted = {
        outcome.change.address
        for outcome in done.outcomes
        if outcome.change.action is Action.BLACKLIST_REMOVE and outcome.result.done
    }
    for kept in proposal.listing.enforced:
        if kept.address in lifted:
            note_entries(session, kept, Action.BLACKLIST_REMOVE, done.id)


def conclude(session: Session, doubt: Unsettled, event: Event, facts: Mapping[str, Any]) -> None:
    """Record what became of a call of an earlier run."""
    entry = Entry(
        event=event,
        at=session.world.now(),
        run=doubt.run,
        operation=doubt.operation,
        address=doubt.address,
        action=doubt.action,
        call=doubt.call,
        container=doubt.container,
        count=doubt.count,
        facts=facts,
    )
    session.journal.append(entry)


def _close(session: Session, proposal: Proposal, done: Run) -> None:
    """The last entries of a run."""
    _remember_protection(session, proposal, done)
    counts: dict[str, int] = {}
    for outcome in done.outcomes:
        counts[outcome.result.value] = counts.get(outcome.result.value, 0) + 1
    ending = {"outcomes": counts, "exit_code": done.exit_code}
    session.journal.append(Entry(event=Event.RUN_ENDED, at=session.world.now(), run=done.id, facts=ending))


def _remember_protection(session: Session, proposal: Proposal, done: Run) -> None:
    """A document that gained or lost `protect` and nothing else: no call is made for it, and a later delete must know.

    An address that is not as wished yet keeps the protection that was applied last.
    """
    remembered = session.journal.memory().owned
    open_still = {outcome.change.address for outcome in done.outcomes if not outcome.result.done}
    for address, wish in proposal.wishes.items():
        owned = remembered.get(address)
        if owned and owned.protect != wish.desired.protect and address not in open_still:
            facts = {
                "id": owned.id,
                "name": owned.name,
                "container": owned.container,
                "fields": dict(owned.fields),
                "readable": dict(owned.applied),
                "protect": wish.desired.protect,
            }
            entry = Entry(
                event=Event.ADOPTED,
                at=session.world.now(),
                run=done.id,
                address=address,
                container=owned.container,
                facts=facts,
            )
            session.journal.append(entry)


def _managed(session: Session, proposal: Proposal) -> dict[str, tuple[Live, ...]]:
    """The live campaigns of each target that are ours."""
    managed: dict[str, list[Live]] = {}
    for address, owned in proposal.memory.owned.items():
        seen = proposal.seen.get(address.target)
        live = seen.by_id(owned.id) if seen and address.kind == "campaign" else None
        if live and owned.container == session.project.targets[address.target].container:
            managed.setdefault(address.target, []).append(live)
    return {target: tuple(lives) for target, lives in managed.items()}


def _drive(session: Session, work: Work, watching: Watching) -> Run:
    """Do what the lanes ask for, until they ask for nothing. Calls are made in threads, one a lane; everything else happens
    here, one thing after another, so that the journal's order is the order in which things were decided.
    """
    lanes = Lanes(work, session.world.now())
    calls: UnderWay[Answer | None] = UnderWay()
    ahead: list[Callable[[], None]] = []
    while asked := lanes.asks:
        free = {lane: effect for lane, effect in asked.items() if lane not in calls}
        for lane, effect in free.items():
            if isinstance(effect, Send | Read) and not _given_up(effect, watching):
                calls.begin(lane, partial(_sent, session, effect.target, effect.call))
                ahead += [effect.meanwhile] if isinstance(effect, Send) and effect.meanwhile else []
            elif isinstance(effect, Pause) and watching.go_on():
                calls.begin(lane, partial(session.world.sleep, effect.seconds))
            else:
                _tell_lane(session, lanes, lane, partial(_act, session, effect, watching))
        if free:
            continue
        if ended := calls.take(LEAVES_S if ahead else None):
            lane, result = ended
            _tell_lane(session, lanes, lane, partial(_given, result))
        else:
            with session.turn:
                ahead.pop(0)()
    return lanes.run(session.world.now())


def _tell_lane(session: Session, lanes: Lanes, lane: str, act: Callable[[], Any]) -> None:
    """Do what a lane asked for, and tell it what came of it. Whatever goes wrong is thrown into it: it says what was sent."""
    try:
        answer = act()
    except Exception as broken:  # noqa: BLE001 - see above
        with session.turn:
            lanes.fail(lane, broken)
    else:
        with session.turn:
            lanes.answer(lane, answer)


def _given(result: Answer | Exception | None) -> Answer | None:
    if isinstance(result, Exception):
        raise result
    return result


def _given_up(effect: Send | Read, watching: Watching) -> bool:
    """Whether nobody waits any longer for the end of a task."""
    return isinstance(effect, Read) and effect.task and not watching.go_on()


def _act(session: Session, effect: Effect, watching: Watching) -> Any:
    """Whatever is no call."""
    match effect:
        case Intend():
            if not watching.go_on():
                return False
            session.journal.append(_stamped(session, effect.entry), effect.columns)
            return True
        case Settle():
            _record(session, [_stamped(session, entry) for entry in effect.entries], synced=effect.synced)
            return None
        case Forget():
            with session.turn:
                session.engine.drop(*effect.tables)
            return None
        case Now():
            return session.world.now()
        case Tell():
            with suppress(OSError):  # that nobody listens any more ends no run
                watching.tell(effect)
            return None
        case Read() | Send():
            return InDoubt(reason=say("the run was asked to stop while a task was at work"))
        case Pause():
            return None


def _sent(session: Session, target: str, call: Call) -> Answer:
    """The answer to a call. A session that cannot be opened, or opened again, means that the call itself was not taken."""
    try:
        return session.wire(session.project.targets[target]).send(call)
    except LostError as failure:
        return Refused(reason=failure.reason)
    except NotReadable as failure:
        return Refused(reason=failure.why)


def _looked_at(proposal: Proposal, call: Unsettled) -> bool:
    """Whether the plan's readings showed whole what a call has written. Another target's say nothing of it, and neither do
    rows of which a part was not shown.
    """
    if any(finding.code == "PLT002" and finding.address == call.address for finding in proposal.plan.findings):
        return False
    seen = proposal.seen.get(call.address.target)
    everything = proposal.whole and not proposal.partial
    return seen is not None and seen.campaigns.complete and (everything or call.address in proposal.wishes)


def _stamped(session: Session, entry: Entry) -> Entry:
    boot, clock_s = session.world.boot()
    return replace(entry, boot=boot, clock_s=clock_s)


def _record(session: Session, entries: Sequence[Entry], *, synced: bool) -> None:
    """Outcomes that the journal cannot take are kept beside it; the next opening takes them in first."""
    try:
        session.journal.append_all(entries, synced=synced)
    except (JournalBroken, Stale):
        for entry in entries:
            append_emergency(session.emergency, entry)
        raise
