"""Settling unknown outcomes: by reading, once a lost call can no longer take effect, else by a person's verdict."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

from reconciler.call import Safety, Verdict
from reconciler.catalogue import say
from reconciler.errors import Mistaken, Unreachable
from reconciler.journal.entry import Entry, Event
from reconciler.kinds import KINDS
from reconciler.plan.values import Memory, Seen, Unsettled
from reconciler.platforms.platform import NotReadable
from reconciler.project import Target
from reconciler.reconcile.carry import holder
from reconciler.reconcile.listing import presence_of
from reconciler.reconcile.reading import read_target
from reconciler.reconcile.session import Session
from reconciler.resource import Desired
from reconciler.rows.sheet import Presence
from reconciler.settle import Settlement, ripe_at, settle
from reconciler.specs import load
from reconciler.wire import LostError

SETTLE_S: Final = 180.0  # the vendors' 60 s call limit, its tail, and a margin
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
        target = session.project.targets.get(name)
        if target is None:
            raise Mistaken(
                say("'{target}' is not a target any more", target=name), code="SPC007", remedy=say("settle it by a verdict")
            )
        here = [doubt for doubt in doubts if doubt.address.target == name]
        settled += _settle_at(session, target, here, [wish for wish in desired if wish.address.target == name], memory)
    for settlement in settled:
        if settlement.event is not None:
            _record(
                session,
                settlement.doubt,
                settlement.event,
                {**settlement.doubt.facts, **settlement.facts, "why": settlement.why},
            )
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
    _record(session, found[0], Event.HUMAN, facts)
    return found[0]


def close_step(session: Session, key: str, reason: str) -> None:
    """Record that a person did a step that no API can do."""
    facts = {"key": key, "reason": reason, "by": holder()}
    session.journal.append(Entry(event=Event.MANUAL_DONE, at=session.world.now(), facts=facts))


def _wait(session: Session, doubts: Iterable[Unsettled], tell: Callable[[Waiting], None]) -> None:
    """Until the youngest doubt is ripe. On the same boot the machine's own clock counts, which nobody can set."""
    for doubt in doubts:
        target = session.project.targets.get(doubt.address.target)
        settle_s = target.limit("settle_s", SETTLE_S) if target else SETTLE_S
        while (left := (ripe_at(doubt, settle_s) - session.world.now()) / timedelta(seconds=1)) > 0:
            tell(Waiting(doubt=doubt, seconds_left=left))
            session.world.sleep(min(left, STEP_S))


def _settle_at(
    session: Session, target: Target, doubts: Sequence[Unsettled], desired: Sequence[Desired], memory: Memory
) -> list[Settlement]:
    reading = read_target(session, target, desired, memory, session.world.now())
    if reading.seen is None:
        raise Unreachable(
            reading.state.note, code=reading.finding.code if reading.finding else "PLT007", remedy=say("run again")
        )
    return [
        settle(doubt, reading.seen, _presence(session, target, doubt, desired, reading.seen), _task(session, target, doubt))
        for doubt in doubts
    ]


def _presence(session: Session, target: Target, doubt: Unsettled, desired: Sequence[Desired], seen: Seen) -> Presence | None:
    """How the recipients of an upload stand in the live rows; None where they cannot be listed now."""
    wish = next((wish for wish in desired if wish.address == doubt.address), None)
    if wish is None or doubt.facts.get("safety") != Safety.MARKER.value:
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


def _record(session: Session, doubt: Unsettled, event: Event, facts: dict[str, object]) -> None:
    session.journal.append(
        Entry(
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
    )
