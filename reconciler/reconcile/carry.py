"""The runtime of an apply: does what its effects say, with the journal, the wires and the clock.

Nothing is decided here. An intent is on disk before the call leaves; a reply that the journal cannot take goes to the
emergency file, and the run stops.
"""

from __future__ import annotations

import getpass
import os
import secrets
import socket
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from reconciler.apply import Effect, Intend, Now, Read, Run, Send, Settle, Tell, Work, carry_out
from reconciler.errors import JournalBroken
from reconciler.journal.emergency import append_emergency
from reconciler.journal.entry import Entry, Event
from reconciler.reconcile.propose import Proposal
from reconciler.reconcile.session import Session
from reconciler.resource import Live


@dataclass(frozen=True, slots=True, kw_only=True)
class Watching:
    """Who watches a run: told every event, and asked before each call whether to go on."""

    tell: Callable[[Tell], None] = lambda _event: None
    go_on: Callable[[], bool] = lambda: True


def new_run() -> str:
    """A run's name: short, unique, without meaning."""
    return secrets.token_hex(5)


def holder() -> str:
    """Who is applying: user, host and process, for the lock and the journal."""
    try:
        user = getpass.getuser()
    except (KeyError, OSError):
        user = str(os.getuid())
    return f"{user}@{socket.gethostname()}:{os.getpid()}"


def carry(session: Session, proposal: Proposal, run: str, watching: Watching, *, seal: str = "") -> Run:
    """Carry out a plan. The caller holds the journal's lock, and has been allowed to."""
    journal, world = session.journal, session.world
    plan = proposal.plan
    facts = {"digest": plan.digest, "commit": plan.source.commit, "dirty": plan.source.dirty, "by": holder()}
    journal.append(Entry(event=Event.RUN_STARTED, at=world.now(), run=run, facts=facts))
    if seal:
        journal.append(Entry(event=Event.PLAN_USED, at=world.now(), run=run, facts={"seal": seal, "digest": plan.digest}))
    for job in proposal.jobs:
        session.wire(job.target).writable()
    work = Work(plan=plan, run=run, jobs=proposal.jobs, seen=proposal.seen, managed=_managed(session, proposal))
    done = _drive(session, work, watching)
    _remember_protection(session, proposal, run)
    counts: dict[str, int] = {}
    for outcome in done.outcomes:
        counts[outcome.result.value] = counts.get(outcome.result.value, 0) + 1
    ending = {"outcomes": counts, "exit_code": done.exit_code}
    journal.append(Entry(event=Event.RUN_ENDED, at=world.now(), run=run, facts=ending))
    return done


def _remember_protection(session: Session, proposal: Proposal, run: str) -> None:
    """A document that gained or lost `protect` and nothing else: no call is made for it, and a later delete must know."""
    remembered = session.journal.memory().owned
    for address, wish in proposal.wishes.items():
        owned = remembered.get(address)
        if owned and owned.protect != wish.desired.protect:
            facts = {
                "id": owned.id,
                "name": owned.name,
                "container": owned.container,
                "fields": dict(owned.fields),
                "protect": wish.desired.protect,
            }
            entry = Entry(
                event=Event.ADOPTED, at=session.world.now(), run=run, address=address, container=owned.container, facts=facts
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
    acting = carry_out(work)
    answer: Any = None
    while True:
        try:
            effect = acting.send(answer)
        except StopIteration as done:
            run: Run = done.value
            return run
        answer = _act(session, effect, watching)


def _act(session: Session, effect: Effect, watching: Watching) -> Any:
    match effect:
        case Intend():
            if not watching.go_on():
                return False
            session.journal.append(_stamped(session, effect.entry), effect.columns)
            return True
        case Send() | Read():
            return session.wire(session.project.targets[effect.target]).send(effect.call)
        case Settle():
            for entry in effect.entries:
                _record(session, _stamped(session, entry))
            return None
        case Now():
            return session.world.now()
        case Tell():
            watching.tell(effect)
            return None


def _stamped(session: Session, entry: Entry) -> Entry:
    boot, clock_s = session.world.boot()
    return replace(entry, boot=boot, clock_s=clock_s)


def _record(session: Session, entry: Entry) -> None:
    """An outcome that the journal cannot take is kept beside it; the next opening takes it in first."""
    try:
        session.journal.append(entry)
    except JournalBroken:
        folder = (session.project.root / session.project.journal).parent
        append_emergency(folder, entry)
        raise
