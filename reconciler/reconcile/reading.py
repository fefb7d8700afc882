"""Asking a target for everything that a plan needs, and what it means when it does not answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from reconciler.catalogue import say
from reconciler.diagnostics import Finding, Severity
from reconciler.plan.known import Memory, Quota, Seen
from reconciler.plan.values import TargetState
from reconciler.platforms.platform import NotReadable
from reconciler.reconcile.abreast import abreast
from reconciler.reconcile.session import Session
from reconciler.resource import Address, Desired, State
from reconciler.target import Target
from reconciler.wire import LostError


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetReading:
    """What one target showed; `seen` is None when it showed nothing, and a finding says why."""

    target: Target
    seen: Seen | None
    state: TargetState
    finding: Finding | None = None


def read_target(session: Session, target: Target, desired: Iterable[Desired], memory: Memory, now: datetime) -> TargetReading:
    """Read a target's campaigns, references and quota as of `now`. Missing credentials are Mistaken; all else is a finding."""
    wanted = frozenset({wish.address.kind for wish in desired} | {f"id:{owned}" for owned in _known_ids(memory, target)})
    platform = session.platform(target)
    wire = session.wire(target)
    try:
        seen = wire.run(platform.read(target, wanted, now))
    except NotReadable as failure:
        return _unread(target, failure.code, failure.why, now)
    except LostError as failure:
        return _unread(target, "PLT007", failure.reason, now)
    return TargetReading(target=target, seen=_with_states_set(seen, target, memory), state=state_of(session, target, seen))


def _with_states_set(seen: Seen, target: Target, memory: Memory) -> Seen:
    """What was seen, with the run state that we last set where the platform shows none: it is all that anybody knows."""
    last = {
        owned.id: State(owned.applied["state"])
        for owned in memory.owned.values()
        if owned.container == target.container and owned.applied.get("state")
    }
    if not any(live.state is State.UNKNOWN and live.id in last for live in seen.campaigns.live):
        return seen
    live = tuple(
        replace(one, state=last[one.id], supposed=True) if one.state is State.UNKNOWN and one.id in last else one
        for one in seen.campaigns.live
    )
    return replace(seen, campaigns=replace(seen.campaigns, live=live))


def read_targets(
    session: Session, desired: Sequence[Desired], memory: Memory, now: datetime, *, partial: bool
) -> list[TargetReading]:
    """Every target that a document names or that holds something of ours, all at once."""
    names = {wish.address.target for wish in desired}
    if not partial:
        names |= {address.target for address in memory.owned}
    targets = [target for name, target in session.project.targets.items() if name in names]
    for target in targets:
        session.wire(target)  # a secret that is missing is told in the project's order
    return abreast(
        lambda target: read_target(
            session, target, [wish for wish in desired if wish.address.target == target.name], memory, now
        ),
        targets,
    )


def looked_again(
    session: Session, reading: TargetReading, desired: Sequence[Desired], memory: Memory, now: datetime
) -> TargetReading:
    """A reading in which a campaign of ours is gone that a document wishes is taken twice: a platform that shows an older state
    would have it made once more, with everybody in it.
    """
    target = reading.target
    gone = _gone(reading, desired, memory)
    if reading.seen is None or not gone or not target.read_again_s:
        return reading
    session.world.sleep(target.read_again_s)
    second = read_target(session, target, [wish for wish in desired if wish.address.target == target.name], memory, now)
    if second.seen is None or _gone(second, desired, memory) == gone:
        return second
    note = say("two readings in a row differ: run it again")
    campaigns = replace(second.seen.campaigns, complete=False, note=note)
    return replace(
        second, seen=replace(second.seen, campaigns=campaigns), state=replace(second.state, complete=False, note=note)
    )


def _gone(reading: TargetReading, desired: Iterable[Desired], memory: Memory) -> set[Address]:
    """The campaigns of ours that documents wish, and that a whole reading does not show."""
    seen = reading.seen
    if seen is None or not seen.campaigns.complete:
        return set()
    ours = ((wish.address, memory.owned.get(wish.address)) for wish in desired if wish.address.target == reading.target.name)
    return {
        address for address, owned in ours if owned and owned.container == reading.target.container and not seen.by_id(owned.id)
    }


def state_of(session: Session, target: Target, seen: Seen) -> TargetState:
    """The target's line in the plan."""
    campaigns = session.platform(target).supports.get("campaign")
    return TargetState(
        name=target.name,
        platform=target.platform,
        url=target.url,
        account=target.account,
        simulated=target.sandbox,
        complete=seen.campaigns.complete,
        read_at=seen.campaigns.read_at,
        campaigns=len(seen.campaigns.live),
        quota=_within(seen.quota or Quota(), target.limits.get("calls_per_day")),
        note=seen.campaigns.note,
        append_only=not (campaigns and campaigns.actions),
    )


def _within(quota: Quota, calls_per_day: int | None) -> Quota:
    """What the platform says is left today, or less where the target's own limit is lower."""
    if calls_per_day is None:
        return quota
    left = calls_per_day - (quota.used or 0)
    return replace(quota, left=left if quota.left is None else min(quota.left, left), limit=calls_per_day)


def _known_ids(memory: Memory, target: Target) -> list[str]:
    return [
        owned.id
        for address, owned in memory.owned.items()
        if address.target == target.name and owned.container == target.container and address.kind == "campaign"
    ]


def _unread(target: Target, code: str, why: str, now: datetime) -> TargetReading:
    message = say("{target} could not be read: {why}", target=target.name, why=why)
    state = TargetState(
        name=target.name,
        platform=target.platform,
        url=target.url,
        account=target.account,
        simulated=target.sandbox,
        complete=False,
        read_at=now,
        note=why,
    )
    remedy = (
        say("check the credentials") if code == "PLT008" else say("run 'reconciler doctor'; nothing is done at this target")
    )
    finding = Finding(code=code, severity=Severity.WARN, message=message, remedy=remedy, origin=target.origin)
    return TargetReading(target=target, seen=None, state=state, finding=finding)
