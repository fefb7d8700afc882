"""Doubts settled by reading, as `reconcile.doubts` does it, and by a person who looked at the platform's console."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.call import Safety, Verdict
from reconciler.errors import JournalBroken, Stale
from reconciler.journal.entry import OPEN, Event
from reconciler.journal.lease import LIFE_S
from reconciler.plan.known import Seen, Unsettled
from reconciler.platforms.platform import NotReadable
from reconciler.reconcile.doubts import STEP_S
from reconciler.rows.sheet import Presence
from reconciler.settle import (
    LOOKS_MAX,
    Instant,
    Settlement,
    agreed,
    apart,
    held,
    rests_on_one_reading,
    seconds_left,
    settle,
    settling_s,
)
from reconciler.target import SETTLE_S
from reconciler.wire import LostError
from tests.simulation.applying import conclude
from tests.simulation.process import End, Points, Process
from tests.simulation.proposing import read
from tests.simulation.rows import presence_of


def resolving(process: Process) -> Points[End]:
    """The command `resolve RUN`, for every run with a doubt."""
    return (yield from _locked(process, by_person=False))


def judging(process: Process) -> Points[End]:
    """A person waits as long as the program would, looks, and tells what is there: `resolve RUN OP --verdict`."""
    return (yield from _locked(process, by_person=True))


def _locked(process: Process, *, by_person: bool) -> Points[End]:
    try:
        process.open()
        yield
        process.lock()
    except JournalBroken:
        return End.BROKEN
    except Stale:
        return End.LOCKED
    try:
        yield
        end = yield from (_judged(process) if by_person else _settled(process))
    except JournalBroken:
        end = End.BROKEN
    except Stale:
        end = End.STALE
    process.let_go()  # not in a `finally`: who is killed gives nothing back
    return end


def _settled(process: Process) -> Points[End]:
    """`doubts.settle_by_reading`."""
    doubts = process.journal.memory().unsettled
    if not doubts:
        return End.NOTHING
    yield from _wait(process, doubts)
    settled: list[Settlement] = []
    for target in dict.fromkeys(doubt.address.target for doubt in doubts):
        settled += yield from _settle_at(process, [doubt for doubt in doubts if doubt.address.target == target])
    for settlement in settled:
        if settlement.event is not None:
            yield
            facts = {**settlement.doubt.facts, **settlement.facts, "why": settlement.why}
            conclude(process, settlement.doubt, settlement.event, facts)
    return End.DONE if not process.journal.memory().unsettled else End.UNSETTLED


def _settle_at(process: Process, doubts: Sequence[Unsettled]) -> Points[list[Settlement]]:
    """`doubts._settle_at`."""
    begun = _instant(process)
    first = yield from _read_and_settle(process, doubts)
    looked = _instant(process)
    for _again in range(LOOKS_MAX):
        if not any(map(rests_on_one_reading, first)):
            return first
        process.world.pass_s(STEP_S)
        yield
        second = yield from _read_and_settle(process, doubts)
        now = _instant(process)
        if not apart(looked.clock_s - begun.clock_s, now.clock_s - looked.clock_s, STEP_S):
            return [agreed(*pair) for pair in zip(first, second, strict=True)]
        begun, first, looked = looked, second, now
    return [held(one.doubt, "the readings lie too far apart: run it again") for one in first]


def _judged(process: Process) -> Points[End]:
    """`doubts.judge_by_person`, for what reading cannot tell."""
    doubts = process.journal.memory().unsettled
    if not doubts:
        return End.NOTHING
    yield from _wait(process, doubts)
    for doubt in doubts:
        yield
        account = process.place.accounts[doubt.address.target]
        verdict = account.oracle.seen_by_person(process.place.disk, account.server, doubt)
        if verdict is None:
            continue
        facts = {**doubt.facts, "verdict": "done" if verdict else "not-done", "reason": "looked", "by": process.name}
        conclude(process, doubt, Event.HUMAN, facts)
    return End.DONE


def _wait(process: Process, doubts: Sequence[Unsettled]) -> Points[None]:
    """Until the youngest doubt is ripe (`doubts._wait`)."""
    first_seen = _instant(process)
    for doubt in doubts:
        stamped, known = _last(process, doubt)
        settle_s = settling_s(SETTLE_S, known, LIFE_S)
        while (left := seconds_left(settle_s, stamped=stamped, first_seen=first_seen, now=_instant(process))) > 0:
            yield
            process.world.pass_s(max(left, 1.0))


def _instant(process: Process) -> Instant:
    boot, clock_s = process.world.boot()
    return Instant(boot=boot, clock_s=clock_s)


def _last(process: Process, doubt: Unsettled) -> tuple[Instant, Event]:
    """When the doubt was last written down, and as what (`doubts._last`)."""
    for stored in reversed(process.place.disk.entries):
        entry = stored.entry
        if entry.run == doubt.run and entry.operation == doubt.operation and entry.event in OPEN:
            return Instant(boot=entry.boot, clock_s=entry.clock_s), entry.event
    return Instant(boot="", clock_s=0.0), Event.INTENT


def _read_and_settle(process: Process, doubts: Sequence[Unsettled]) -> Points[list[Settlement]]:
    shown: dict[str, Seen | None] = {}
    for target in sorted({doubt.address.target for doubt in doubts}):
        shown[target] = yield from read(process, target, process.world.now())
    found = []
    for doubt in doubts:
        seen = shown[doubt.address.target]
        if seen is None:
            found.append(held(doubt, "the target could not be read"))
            continue
        presence = yield from _presence(process, doubt, seen)
        task = yield from _task(process, doubt)
        found.append(settle(doubt, seen, presence, task))
    return found


def _presence(process: Process, doubt: Unsettled, seen: Seen) -> Points[Presence | None]:
    """How the recipients of an upload stand in the live rows (`listing.presence_of`)."""
    account = process.place.accounts[doubt.address.target]
    desired = next((one for one in account.wishes.documents() if one.address == doubt.address), None)
    live = seen.by_id(doubt.container.rsplit("|", 1)[-1])
    listed = doubt.facts.get("safety") in (Safety.MARKER.value, Safety.CREATE.value)
    if desired is None or desired.address.kind == "campaign" or not listed:
        return None
    if live is None and desired.get("campaign"):
        return None
    try:
        rows, complete = yield from process.reading(doubt.address.target, account.model.rows(desired, live))
    except (NotReadable, LostError):
        return None
    if rows is None or not complete:
        return None
    entries = [
        stored.entry
        for stored in process.place.disk.entries
        if stored.entry.run == doubt.run and stored.entry.operation == doubt.operation
    ]
    generation = entries[-1].generation if entries else 1
    return presence_of(process.journal.held_back(doubt.container), rows, doubt.container, generation)


def _task(process: Process, doubt: Unsettled) -> Points[Verdict | None]:
    if doubt.facts.get("safety") != Safety.TASK.value:
        return None
    facts = {name: str(value) for name, value in doubt.facts.items()}
    try:
        polling = process.place.accounts[doubt.address.target].model.poll(doubt.call, facts)
        return (yield from process.reading(doubt.address.target, polling))
    except (NotReadable, LostError):
        return None
