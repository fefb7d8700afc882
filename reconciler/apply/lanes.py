"""A plan on its way in lanes, all of them under way at once: one for each target, or as many as it takes calls at a time.

Targets are slow and do not know each other, so that nothing waits for another target but what the plan says: whoever said no
on one is barred there before another calls anybody. The lanes of one target take its changes in the plan's order. Side by side
are only changes of one kind to different places, which are to each other what changes of two targets are; whatever else comes
earlier in the plan ends first, so that more lanes are never more than the same steps in less time.

Nothing here acts, waits or runs by itself. `Lanes` says what every lane that can go on asks for, and takes answers in
whichever order they come, one at a time; so a simulator can try every order, and what the lanes share needs no lock.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeAlias

from reconciler.apply.carrying import Carrying
from reconciler.apply.effects import Acting, Effect, Pause, Tell
from reconciler.apply.limits import Limits
from reconciler.apply.run import ChangeOutcome, Result, Run
from reconciler.apply.work import Job, Progress, Work
from reconciler.catalogue import say
from reconciler.plan.values import Change


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wait:
    """Goes on once each of these changes has an outcome, whichever it is."""

    keys: frozenset[str]


_Walking: TypeAlias = Generator[Effect | _Wait, Any, None]


@dataclass(slots=True, kw_only=True)
class _Queue:
    """The changes of one target: those that no lane has taken yet, and those that have, by key, until they have an outcome."""

    jobs: Sequence[Job]
    left: deque[Job]
    taken: dict[str, Job] = field(default_factory=dict)


@dataclass(slots=True, kw_only=True)
class _Lane:
    """One change after another of a queue, and what they ask for now; None when there are no more."""

    queue: _Queue
    walking: _Walking
    asks: Effect | _Wait | None = None


class Lanes:
    """A run, from its first effect to its last. It began at `started_at`."""

    def __init__(self, work: Work, started_at: datetime) -> None:
        self._work = work
        self._started_at = started_at
        self._progress = Progress(limits=Limits(work.seen))
        self._places = {job.change.key: place for place, job in enumerate(work.jobs)}
        self._outcomes: dict[str, ChangeOutcome] = {}
        self._lanes: dict[str, _Lane] = {}
        for target in {job.target.name: job.target for job in work.jobs}.values():
            jobs = [job for job in work.jobs if job.target.name == target.name]
            queue = _Queue(jobs=jobs, left=deque(jobs))
            for number in range(1, min(target.calls_in_flight, len(jobs)) + 1):
                name = target.name if number == 1 else f"{target.name}#{number}"
                self._lanes[name] = _Lane(queue=queue, walking=self._walk(queue))
        for lane in self._lanes.values():
            self._go_on(lane, next)
        self._wake()

    @property
    def asks(self) -> Mapping[str, Effect]:
        """What the runtime has to do next, by lane; nothing is left to do when it is empty."""
        return {
            name: lane.asks for name, lane in self._lanes.items() if lane.asks is not None and not isinstance(lane.asks, _Wait)
        }

    def answer(self, lane: str, answer: Any) -> None:
        """What a lane asked for was done, and came to that."""
        self._go_on(self._lanes[lane], lambda walking: walking.send(answer))
        self._wake()

    def fail(self, lane: str, failure: Exception) -> None:
        """What a lane asked for could not be done."""
        self._go_on(self._lanes[lane], lambda walking: walking.throw(failure))
        self._wake()

    def run(self, ended_at: datetime) -> Run:
        """What came of it all, change by change as the plan has them."""
        return Run(
            id=self._work.run,
            digest=self._work.plan.digest,
            started_at=self._started_at,
            ended_at=ended_at,
            outcomes=tuple(self._outcomes[job.change.key] for job in self._work.jobs),
            interrupted=self._progress.interrupted,
            broke=self._progress.broke,
        )

    def _go_on(self, lane: _Lane, step: Callable[[_Walking], Effect | _Wait]) -> None:
        """One step of a lane. One that fails outside of any change ends the run, and leaves nobody waiting."""
        try:
            lane.asks = step(lane.walking)
        except StopIteration:
            lane.asks = None
        except Exception as failure:  # noqa: BLE001 - the run ends here, and people must know what was sent before
            lane.asks = None
            self._progress.broke = self._progress.broke or failure
            for job in lane.queue.jobs:
                self._outcomes.setdefault(job.change.key, _pending(job, self._progress.over))

    def _wake(self) -> None:
        """Let every lane go on whose waiting is over."""
        while ready := [lane for lane in self._lanes.values() if self._may_go_on(lane)]:
            for lane in ready:
                self._go_on(lane, next)

    def _may_go_on(self, lane: _Lane) -> bool:
        return isinstance(lane.asks, _Wait) and self._outcomes.keys() >= lane.asks.keys

    def _walk(self, queue: _Queue) -> _Walking:
        """One change of a target after another; then once more those that one look does not prove."""
        open_still: list[Carrying] = []
        while queue.left:
            job = queue.left.popleft()
            change = job.change
            waits = self._waits(change) | _in_the_way(job, queue.taken.values())
            queue.taken[change.key] = job
            if waits:
                yield _Wait(keys=waits)
            carrying = Carrying(job, self._work, self._progress)
            outcome = yield from self._change(carrying)
            self._outcomes[change.key] = outcome
            del queue.taken[change.key]
            open_still += [carrying] if carrying.shown else []
            if outcome.result.done:
                self._progress.done.add(change.key)
            else:
                self._progress.stuck.setdefault(change.address, outcome.why)
            yield Tell(outcome=outcome, change=change)
        if open_still and not self._progress.over:
            yield Pause(seconds=max(carrying.job.target.read_again_s for carrying in open_still))
        for carrying in open_still:
            yield from self._look_again(carrying)

    def _look_again(self, carrying: Carrying) -> Acting[None]:
        """The second look at a change. Where the run is over, it stays as one look has shown it."""
        change, before = carrying.job.change, self._outcomes[carrying.job.change.key]
        if why := self._progress.over:
            outcome = replace(before, result=Result.UNVERIFIABLE, why=why)
        else:
            outcome = yield from carrying.looked_again()
        self._outcomes[change.key] = outcome
        if outcome.result is not before.result:
            yield Tell(outcome=outcome, change=change)

    def _waits(self, change: Change) -> frozenset[str]:
        """What has to end first. Only what the plan has before it, so that two lanes never wait for each other."""
        earlier = {key for key in change.depends_on if self._places.get(key, len(self._places)) < self._places[change.key]}
        return frozenset(earlier - self._outcomes.keys())

    def _change(self, carrying: Carrying) -> Acting[ChangeOutcome]:
        job, change, progress = carrying.job, carrying.job.change, self._progress
        if progress.over:
            return _pending(job, progress.over)
        if not change.protects and (why := self._why_not(change)):
            return ChangeOutcome(change=change, result=Result.SKIPPED, why=why)
        return (yield from carrying.through())

    def _why_not(self, change: Change) -> str:
        """What did not end well of what a change builds on. What protects people comes after others, and builds on none."""
        missing = [key for key in change.depends_on if key in self._places and key not in self._progress.done]
        if missing:
            return say("waits for: {what}", what=missing[0])
        return say("an earlier change of this address did not end well") if change.address in self._progress.stuck else ""


def _in_the_way(job: Job, taken: Iterable[Job]) -> frozenset[str]:
    """Those of the changes of a target that are under way which have to end before this one begins."""
    return frozenset(other.change.key for other in taken if not _side_by_side(other, job))


def _side_by_side(one: Job, other: Job) -> bool:
    """Whether two changes of a target may be under way at once: of one kind, and neither does anything in the other's place."""
    if one.change.action is not other.change.action or one.change.address.kind != other.change.address.kind:
        return False
    return one.change.address != other.change.address and (one.change.address.kind == "campaign" or one.place != other.place)


def _pending(job: Job, why: str) -> ChangeOutcome:
    return ChangeOutcome(change=job.change, result=Result.PENDING, why=why)
