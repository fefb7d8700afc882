"""Settling unknown outcomes: by reading, once a lost call can no longer take effect, else by a person's verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final, Literal

from reconciler.call import Safety, Verdict
from reconciler.catalogue import say
from reconciler.errors import Mistaken
from reconciler.journal.entry import OPEN, Entry, Event
from reconciler.journal.lease import LIFE_S
from reconciler.kinds import KINDS
from reconciler.plan.known import Memory, Seen, Unsettled
from reconciler.platforms.platform import NotReadable
from reconciler.reconcile.carry import conclude, holder
from reconciler.reconcile.presence import presence_of
from reconciler.reconcile.reading import read_target
from reconciler.reconcile.session import Session
from reconciler.resource import Desired
from reconciler.rows.sheet import Presence
from reconciler.settle import (
    LOOKS_MAX,
    Instant,
    Settlement,
    agreed,
    apart,
    asked,
    held,
    rests_on_one_reading,
    seconds_left,
    settle,
    settling_s,
)
from reconciler.specs import load
from reconciler.target import SETTLE_S, Target
from reconciler.wire import LostError

STEP_S: Final = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Waiting:
    """A doubt that is too young to be settled: told once a step."""

    doubt: Unsettled
    seconds_left: float


def settle_by_reading(
    session: Session, run: str = "", tell: Callable[[Waiting], None] = lambda _waiting: None
) -> list[Settlement]:
    """Settle every doubt of a run (all runs when empty) that reading can settle; waits until each is ripe."""
    memory = session.journal.memory()
    doubts = [doubt for doubt in memory.unsettled if run in ("", doubt.run)]
    if not doubts:
        return []
    _wait(session, doubts, tell)
    desired = load(session.project, KINDS, session.platforms).desired
    settled: list[Settlement] = []
    for name in dict.fromkeys(doubt.address.target for doubt in doubts):
        here = [doubt for doubt in doubts if doubt.address.target == name]
        target = session.project.targets.get(name)
        if target is None:
            settled += [asked(doubt, say("'{target}' is not a target any more", target=name)) for doubt in here]
        else:
            settled += _settle_at(session, target, here, [wish for wish in desired if wish.address.target == name], memory)
    for settlement in settled:
        if settlement.event is not None:
            facts = {**settlement.doubt.facts, **settlement.facts, "why": settlement.why}
            conclude(session, settlement.doubt, settlement.event, facts)
    return settled


def judge_by_person(session: Session, run: str, operation: str, verdict: Literal["done", "not-done"], reason: str) -> Unsettled:
    """Record a person's verdict on one doubt: who, when and why."""
    found = [
        doubt for doubt in session.journal.memory().unsettled if doubt.run == run and doubt.operation.startswith(operation)
    ]
    if len(found) != 1:
        message = (
            say("run {run} has no unknown outcome '{operation}'", run=run, operation=operation)
            if not found
            else say("'{operation}' names several", operation=operation)
        )
        raise Mistaken(message, code="DEP001", remedy=say("'reconciler resolve' lists them"))
    facts = {**found[0].facts, "verdict": verdict, "reason": reason, "by": holder()}
    conclude(session, found[0], Event.HUMAN, facts)
    return found[0]


def close_step(session: Session, key: str, reason: str) -> None:
    """Record that a person did a step that no API can do."""
    facts = {"key": key, "reason": reason, "by": holder()}
    session.journal.append(Entry(event=Event.MANUAL_DONE, at=session.world.now(), facts=facts))


def _wait(session: Session, doubts: Iterable[Unsettled], tell: Callable[[Waiting], None]) -> None:
    """Until the youngest doubt is ripe."""
    first_seen = _instant(session)
    for doubt in doubts:
        stamped, known = _last(session, doubt)
        settle_s = _settling_s(session.project.targets.get(doubt.address.target), known)
        while (left := seconds_left(settle_s, stamped=stamped, first_seen=first_seen, now=_instant(session))) > 0:
            tell(Waiting(doubt=doubt, seconds_left=left))
            session.world.sleep(min(left, STEP_S))


def _instant(session: Session) -> Instant:
    """Now, on the clock of this boot; where the machine has none, on the wall's."""
    boot, clock_s = session.world.boot()
    return Instant(boot=boot, clock_s=clock_s if boot else session.world.now().timestamp())


def _settling_s(target: Target | None, known: Event) -> float:
    """In a sandbox nothing takes longer than it is told to."""
    if target is None:
        return settling_s(SETTLE_S, known, LIFE_S)
    return settling_s(target.settle_s, known, min(LIFE_S, target.settle_s) if target.sandbox else LIFE_S)


def _last(session: Session, doubt: Unsettled) -> tuple[Instant, Event]:
    """When the doubt was last written down, and as what."""
    entries = [
        stored.entry
        for stored in session.journal.entries(doubt.run)
        if stored.entry.operation == doubt.operation and stored.entry.event in OPEN
    ]
    if not entries:
        return Instant(boot="", clock_s=0.0), Event.INTENT
    return Instant(boot=entries[-1].boot, clock_s=entries[-1].clock_s), entries[-1].event


def _settle_at(
    session: Session, target: Target, doubts: Sequence[Unsettled], desired: Sequence[Desired], memory: Memory
) -> list[Settlement]:
    """Settle the doubts of one target; read once more where somebody could be contacted again on the word of one reading."""
    begun = _instant(session)
    first, looked = _read_and_settle(session, target, doubts, desired, memory), _instant(session)
    for _again in range(LOOKS_MAX):
        if not any(map(rests_on_one_reading, first)):
            return first
        session.world.sleep(target.read_again_s)
        second, now = _read_and_settle(session, target, doubts, desired, memory), _instant(session)
        if not apart(looked.clock_s - begun.clock_s, now.clock_s - looked.clock_s, target.read_again_s):
            return [agreed(*pair) for pair in zip(first, second, strict=True)]
        begun, first, looked = looked, second, now
    return [held(one.doubt, say("the readings lie too far apart: run it again")) for one in first]


def _read_and_settle(
    session: Session, target: Target, doubts: Sequence[Unsettled], desired: Sequence[Desired], memory: Memory
) -> list[Settlement]:
    reading = read_target(session, target, desired, memory, session.world.now())
    if reading.seen is None:
        return [
            held(doubt, say("{target} could not be read: {why}", target=target.name, why=reading.state.note))
            for doubt in doubts
        ]
    return [
        settle(doubt, reading.seen, _presence(session, target, doubt, desired, reading.seen), _task(session, target, doubt))
        for doubt in doubts
    ]


def _presence(session: Session, target: Target, doubt: Unsettled, desired: Sequence[Desired], seen: Seen) -> Presence | None:
    """How the recipients of an upload stand in the live rows; None where they cannot be listed now."""
    wish = next((wish for wish in desired if wish.address == doubt.address), None)
    if wish is None or doubt.facts.get("safety") not in (Safety.MARKER.value, Safety.CREATE.value):
        return None
    return presence_of(session, wish, target, doubt, seen)


def _task(session: Session, target: Target, doubt: Unsettled) -> Verdict | None:
    if doubt.facts.get("safety") != Safety.TASK.value:
        return None
    facts = {name: str(value) for name, value in doubt.facts.items()}
    try:
        return session.wire(target).run(session.platform(target).poll(target, doubt.call, facts))
    except (NotReadable, LostError):
        return None
