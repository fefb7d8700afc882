"""An apply, as the command and `reconcile.carry` run it: lock, plan again, refuse what is unsettled, carry out, close."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any, Final

from reconciler.apply import Effect, Intend, Lanes, Now, Pause, Read, Run, Send, Settle, Work
from reconciler.apply.run import Result
from reconciler.call import InDoubt
from reconciler.errors import JournalBroken, Stale
from reconciler.journal.entry import Columns, Entry, Event
from reconciler.journal.moves import IllegalMove
from reconciler.plan.known import Unsettled
from reconciler.platforms.platform import NotReadable
from reconciler.resource import Action, Address, Live
from reconciler.wire import LostError
from tests.simulation.process import End, Points, Process
from tests.simulation.proposing import Proposal, propose
from tests.simulation.world import Violation

_UNSETTLED: Final = frozenset({"DEP001", "DEP002", "SND002"})


def applying(process: Process) -> Points[End]:
    """The command `apply --auto-approve`."""
    try:
        process.open()
        yield
        process.lock()
    except JournalBroken:
        return End.BROKEN
    except Stale:
        return End.LOCKED
    try:
        end = yield from _applied(process)
    except JournalBroken:
        end = End.BROKEN
    except Stale:
        end = End.STALE
    process.let_go()  # not in a `finally`: who is killed gives nothing back
    return end


def _applied(process: Process) -> Points[End]:
    for account in process.place.accounts.values():
        account.oracle.begins(process.run, account.wishes.barred)
    yield
    process.planning = True
    proposal = yield from propose(process)
    process.planning = False
    plan = proposal.plan
    process.world.tell(process.name, process.run, "plan", *(f"{change.key}:{change.count}" for change in plan.changes))
    if any(finding.code in _UNSETTLED for finding in plan.findings):
        return End.UNSETTLED
    if plan.blocked:
        process.world.tell(process.name, "blocked", *(finding.code for finding in plan.findings if finding.severity.blocks))
        return End.BLOCKED
    if not proposal.seen:
        return End.UNREAD
    yield
    process.journal.append(Entry(event=Event.RUN_STARTED, at=process.world.now(), run=process.run))
    for unread in proposal.memory.unread:
        yield
        conclude(process, unread, Event.VERIFIED_WEAK, unread.facts)
    for address, container, packed in proposal.enforced:
        yield
        _note_entries(process, address, container, packed)
    work = Work(
        plan=plan,
        run=process.run,
        jobs=proposal.jobs,
        seen=proposal.seen,
        read_at=proposal.read_at,
        managed={target: _managed(proposal, target) for target in proposal.seen},
    )
    run = yield from _driven(process, work)
    for account in process.place.accounts.values():
        account.oracle.ended(run)
    if isinstance(run.broke, IllegalMove) or not isinstance(run.broke, JournalBroken | Stale | None):
        raise Violation(f"the run broke: {run.broke!r}")
    try:
        process.journal.append(Entry(event=Event.RUN_ENDED, at=process.world.now(), run=process.run))
    except JournalBroken:
        return End.BROKEN
    if run.broke:
        return End.BROKEN
    if not plan.changes:
        return End.NOTHING if plan.complete and not _waits(proposal) else End.UNREAD
    return End.UNSETTLED if any(outcome.result is Result.UNKNOWN for outcome in run.outcomes) else End.DONE


def _note_entries(process: Process, address: Address, container: str, packed: bytes) -> None:
    """`carry._note_entries`."""
    entry = Entry(
        event=Event.LISTED,
        at=process.world.now(),
        run=process.run,
        operation=f"{process.run}:{packed.hex()}",
        address=address,
        action=Action.BLACKLIST_ADD,
        container=container,
        count=len(packed) // 16,
    )
    process.journal.append(_stamped(process, entry), Columns(recipients=packed))


def conclude(process: Process, doubt: Unsettled, event: Event, facts: Mapping[str, Any]) -> None:
    """`carry.conclude`."""
    entry = Entry(
        event=event,
        at=process.world.now(),
        run=doubt.run,
        operation=doubt.operation,
        address=doubt.address,
        action=doubt.action,
        call=doubt.call,
        container=doubt.container,
        count=doubt.count,
        facts=facts,
    )
    process.journal.append(entry)
    process.world.tell(process.name, event.value, doubt.call, doubt.operation[:6], facts.get("verdict", ""))


def _waits(proposal: Proposal) -> bool:
    return any(finding.code == "PLT002" for finding in proposal.plan.findings)


def _managed(proposal: Proposal, target: str) -> tuple[Live, ...]:
    ours = (owned for address, owned in proposal.memory.owned.items() if address.target == target)
    found = (proposal.seen[target].by_id(owned.id) for owned in ours)
    return tuple(live for live in found if live)


def _driven(process: Process, work: Work) -> Points[Run]:
    """`carry._drive`: whatever cannot be done is thrown into the run. Which lane goes on at a point, the script says; there are
    more orders here than there, where calls alone are made at once.
    """
    lanes = Lanes(work, process.world.now())
    acts: dict[str, Points[Any]] = {}
    while asks := lanes.asks:
        for target, effect in asks.items():
            if target not in acts:
                acts[target] = _act(process, effect)
        target = process.place.world.turn(list(acts))
        try:
            next(acts[target])
        except StopIteration as done:
            del acts[target]
            lanes.answer(target, done.value)
        except Violation:
            raise
        except Exception as broken:  # noqa: BLE001 - thrown into the run, as the product does
            del acts[target]
            lanes.fail(target, broken)
        else:
            yield
    return lanes.run(process.world.now())


def _act(process: Process, effect: Effect) -> Points[Any]:
    """`carry._act`."""
    match effect:
        case Now():
            return process.world.now()
        case Pause():
            process.world.pass_s(effect.seconds)
            yield
            return None
        case Intend():
            yield
            if process.asked_to_stop:
                return False
            process.journal.append(_stamped(process, effect.entry), effect.columns)
            process.world.tell(process.name, "intent", effect.entry.call, effect.entry.operation[:6])
            yield
            return True
        case Send():
            if effect.meanwhile:
                effect.meanwhile()
            return (yield from process.send(effect.target, effect.call))
        case Read():
            if effect.task and process.asked_to_stop:
                return InDoubt(reason="asked to stop while a task was at work")
            try:
                return (yield from process.ask(effect.target, effect.call))
            except (LostError, NotReadable) as failure:
                return InDoubt(reason=str(failure))
        case Settle():
            yield
            _record(process, effect)
            yield
    return None


def _record(process: Process, effect: Settle) -> None:
    """`carry._record`: outcomes that the journal cannot take are kept beside it."""
    entries = [_stamped(process, entry) for entry in effect.entries]
    try:
        process.journal.append_all(entries, synced=effect.synced)
    except (JournalBroken, Stale):
        for entry in entries:
            process.journal.append_emergency(entry)
        raise
    process.world.tell(process.name, *(f"{entry.event.value} {entry.call} {entry.operation[:6]}" for entry in entries))


def _stamped(process: Process, entry: Entry) -> Entry:
    boot, clock_s = process.world.boot()
    return replace(entry, boot=boot, clock_s=clock_s)
