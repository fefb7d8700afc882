"""Carrying out a plan, as effects.

`carry_out` decides and never acts: it yields what has to happen (write an intent, send a call, read back, record an
outcome) and is told what came of it. A runtime does the acting; a simulator can do it as well. The order is always the
same: the intent is durable, then the call leaves, then its outcome is recorded, then it is read back.

What is not a clear success stops its address: later changes of it, and whatever depends on it, are skipped. Other addresses
go on. A call of unknown outcome is named as unknown and is not repeated by anything in here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import Enum
from typing import Any, TypeAlias, TypeVar

import rfc8785

from reconciler.call import Answer, Call, Ending, Flow, InDoubt, Judgement, Refused, Reply, Safety
from reconciler.catalogue import say
from reconciler.journal.entry import Columns, Entry, Event
from reconciler.personal import Secret, mask_text
from reconciler.plan.values import Change, Plan, Seen, Wish
from reconciler.platforms.platform import Certainty, Evidence, NotDone, NotReadable, Platform, Step
from reconciler.project import Target
from reconciler.resource import Address, Live, Support
from reconciler.rows.sheet import RowsFeed

T = TypeVar("T")


# --- effects -------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Intend:
    """Make the intent durable. Answered with False when the run was asked to stop: then nothing is sent."""

    entry: Entry
    columns: Columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Send:
    """Send one write, whose intent is durable. Answered with an `Answer`."""

    target: str
    call: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Read:
    """Send one read. Answered with an `Answer`."""

    target: str
    call: Call


@dataclass(frozen=True, slots=True, kw_only=True)
class Settle:
    """Record outcomes of operations; durable when answered."""

    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Now:
    """Answered with the time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Tell:
    """Something that a person watching wants to know; answered with nothing."""

    outcome: ChangeOutcome | None = None
    change: Change | None = None
    rows_done: int = 0


Effect: TypeAlias = Intend | Send | Read | Settle | Now | Tell
Acting: TypeAlias = Generator[Effect, Any, T]


# --- results -------------------------------------------------------------------------------------------------------------


class Result(Enum):
    """How a change ended."""

    VERIFIED = "verified"
    UNVERIFIABLE = "unverifiable"
    UNKNOWN = "unknown"
    REFUSED = "refused"
    FAILED = "failed"
    SKIPPED = "skipped"
    PENDING = "pending"

    @property
    def done(self) -> bool:
        """Whether the change is carried out as far as anybody can know."""
        return self in (Result.VERIFIED, Result.UNVERIFIABLE)


@dataclass(frozen=True, slots=True, kw_only=True)
class ChangeOutcome:
    """One change and how it ended. `sent` = rows whose call was acknowledged; `begun` = some call of it was."""

    change: Change
    result: Result
    why: str = ""
    calls: int = 0
    sent: int = 0
    begun: bool = False
    operations: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The outcome as the run's JSON knows it."""
        return {
            "address": str(self.change.address),
            "action": self.change.action.value,
            "outcome": self.result.value,
            "why": self.why,
            "count": self.sent or self.change.count,
            "calls": self.calls,
            "operations": list(self.operations) if self.result is Result.UNKNOWN else [],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """One apply and what came of it."""

    id: str
    digest: str
    started_at: datetime
    ended_at: datetime
    outcomes: tuple[ChangeOutcome, ...] = ()
    interrupted: bool = False

    @property
    def exit_code(self) -> int:
        """0 done, 6 something unknown, 5 done in part, 1 refused with nothing done, 130 interrupted with nothing unknown."""
        results = [outcome.result for outcome in self.outcomes]
        if Result.UNKNOWN in results:
            return 6
        if all(result.done for result in results):
            return 0
        if self.interrupted:
            return 130
        return 5 if any(outcome.result.done or outcome.begun for outcome in self.outcomes) else 1

    @property
    def unknown(self) -> list[str]:
        """The operations whose outcome is unknown."""
        return [name for outcome in self.outcomes if outcome.result is Result.UNKNOWN for name in outcome.operations]


# --- what there is to do -------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A change with everything that its platform needs to carry it out.

    `container` names where recipients are remembered, once the live campaign is known; `feed` gives the rows for it.
    """

    change: Change
    platform: Platform
    target: Target
    support: Support
    wish: Wish | None = None
    live: Live | None = None
    feed: Callable[[str], RowsFeed] | None = None
    container: Callable[[Live | None], str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A plan, its jobs in the same order, and what was seen when it was made."""

    plan: Plan
    run: str
    jobs: Sequence[Job]
    seen: Mapping[str, Seen]
    managed: Mapping[str, tuple[Live, ...]] = field(default_factory=dict)


@dataclass(slots=True)
class _Progress:
    """What changes while a plan is carried out: live objects as they were last read, and which addresses are stuck."""

    live: dict[Address, Live] = field(default_factory=dict)
    stuck: dict[Address, str] = field(default_factory=dict)
    done: set[str] = field(default_factory=set)
    interrupted: bool = False


def carry_out(work: Work) -> Acting[Run]:
    """Carry out every change in the plan's order; gives the run with an outcome for each."""
    started = yield Now()
    progress = _Progress()
    keys = {job.change.key for job in work.jobs}
    outcomes = []
    for job in work.jobs:
        outcome = yield from _change(job, work, progress, keys)
        outcomes.append(outcome)
        if outcome.result.done:
            progress.done.add(job.change.key)
        else:
            progress.stuck.setdefault(job.change.address, outcome.why)
        yield Tell(outcome=outcome, change=job.change)
    ended = yield Now()
    return Run(
        id=work.run,
        digest=work.plan.digest,
        started_at=started,
        ended_at=ended,
        outcomes=tuple(outcomes),
        interrupted=progress.interrupted,
    )


def _change(job: Job, work: Work, progress: _Progress, keys: set[str]) -> Acting[ChangeOutcome]:
    change = job.change
    if progress.interrupted:
        return ChangeOutcome(change=change, result=Result.PENDING, why=say("the run was asked to stop"))
    missing = [key for key in change.depends_on if key in keys and key not in progress.done]
    if missing:
        return ChangeOutcome(change=change, result=Result.SKIPPED, why=say("waits for: {what}", what=missing[0]))
    if change.address in progress.stuck:
        return ChangeOutcome(
            change=change, result=Result.SKIPPED, why=say("an earlier change of this address did not end well")
        )
    return (yield from _Carrying(job, work, progress).through())


class _Carrying:
    """One change on its way: its calls, what they were answered, and what the read-back said."""

    def __init__(self, job: Job, work: Work, progress: _Progress) -> None:
        self.job = job
        self.work = work
        self.progress = progress
        self.container = ""
        self.calls = 0
        self.sent = 0
        self.open: list[tuple[Entry, Safety]] = []  # acknowledged operations that are not yet read back

    def through(self) -> Acting[ChangeOutcome]:
        """Write, then read back."""
        change, platform = self.job.change, self.job.platform
        yield Tell(change=change)
        now = yield Now()
        step = self._step(now)
        try:
            facts = yield from self._written(platform.write(step))
        except _EndedError as ended:
            return ended.outcome
        try:
            evidence = yield from self._reading(platform.verify(step, facts))
        except NotReadable as failure:
            evidence = Evidence(certainty=Certainty.UNKNOWN, why=failure.why)
        return (yield from self._concluded(evidence, facts))

    def _step(self, now: datetime) -> Step:
        job, change = self.job, self.job.change
        home = change.campaign or change.address
        live = self.progress.live.get(home) or job.live
        self.container = job.container(live)
        return Step(
            action=change.action,
            target=job.target,
            desired=job.wish.desired if job.wish else None,
            stored=job.wish.stored if job.wish else {},
            changed=frozenset(difference.path.split(".")[0] for difference in change.diff),
            live=live,
            managed=self.work.managed.get(job.target.name, ()),
            feed=job.feed(self.container) if job.feed else None,
            seen=self.work.seen[job.target.name],
            now=now,
        )

    def _written(self, flow: Flow[Mapping[str, str]]) -> Acting[Mapping[str, str]]:
        """Drive the write to its end. Raises `_EndedError` where a call did not end well."""
        reply: Reply | None = None
        while True:
            try:
                call = next(flow) if reply is None else flow.send(reply)
            except StopIteration as done:
                return dict(done.value or {})
            except NotDone as failure:
                raise _EndedError((yield from self._not_done(failure.why))) from None
            except NotReadable as failure:
                raise _EndedError((yield from self._unread(failure.why))) from None
            self.calls += 1
            if call.safety.writes:
                reply = yield from self._call(call, flow)
            else:
                answer = yield Read(target=self.job.target.name, call=call)
                if not isinstance(answer, Reply):
                    flow.close()
                    raise _EndedError((yield from self._unread(answer.reason)))
                reply = answer

    def _call(self, call: Call, flow: Flow[Mapping[str, str]]) -> Acting[Reply]:
        """One write: intent, send, outcome. Gives the reply only when the platform took it."""
        intent = self._intent(call, (yield Now()))
        batch = call.batch
        columns = Columns(recipients=batch.recipients, persons=batch.persons, contents=batch.contents) if batch else Columns()
        if not (yield Intend(entry=intent, columns=columns)):
            flow.close()
            self.progress.interrupted = True
            raise _EndedError(self._outcome(Result.PENDING, say("the run was asked to stop")))
        answer: Answer = yield Send(target=self.job.target.name, call=call)
        judgement = self._judged(call, answer)
        event = _EVENTS[judgement.ending]
        facts = {**intent.facts, **judgement.evidence, **({"why": judgement.why} if judgement.why else {})}
        outcome = replace(intent, event=event, at=(yield Now()), facts=facts)
        yield Settle(entries=(outcome,))
        if event is Event.ACKED:
            self.open.append((outcome, call.safety))
            self.sent += len(batch) if batch else 0
            yield Tell(change=self.job.change, rows_done=self.sent)
            assert isinstance(answer, Reply)
            return answer
        flow.close()
        if event is Event.REFUSED:
            raise _EndedError(self._outcome(Result.REFUSED, judgement.why))
        raise _EndedError(self._outcome(Result.UNKNOWN, judgement.why, (intent.operation,)))

    def _judged(self, call: Call, answer: Answer) -> Judgement:
        if isinstance(answer, Reply):
            judgement = self.job.platform.judge(call, answer)
            return replace(judgement, why=mask_text(judgement.why))
        ending = Ending.REFUSED if isinstance(answer, Refused) else Ending.DOUBT
        assert isinstance(answer, Refused | InDoubt)
        return Judgement(ending=ending, why=answer.reason)

    def _intent(self, call: Call, now: datetime) -> Entry:
        wish = self.job.wish
        generation = wish.desired.get("generation", 1) if wish else 1
        return Entry(
            event=Event.INTENT,
            at=now,
            run=self.work.run,
            operation=operation_id(self.container, call, generation),
            address=self.job.change.address,
            action=self.job.change.action,
            call=call.operation,
            container=self.container,
            generation=generation,
            count=len(call.batch) if call.batch else 0,
            facts={**call.facts, "safety": call.safety.value, **self._wished()},
        )

    def _wished(self) -> dict[str, Any]:
        """What the intent says of an object, so that a lost outcome can be settled by comparing."""
        change, wish = self.job.change, self.job.wish
        facts: dict[str, Any] = {"id": change.live_id} if change.live_id else {}
        if wish and change.address.kind == "campaign":
            unreadable = self.job.support.unreadable
            changed = {difference.path.split(".")[0] for difference in change.diff}
            facts["name"] = wish.desired.get("display_name") or change.address.name
            facts["container"] = self.job.target.container
            facts["protect"] = wish.desired.protect
            facts["readable"] = {name: wish.stored[name] for name in changed if name in wish.stored and name not in unreadable}
            facts["fields"] = {name: wish.stored[name] for name in wish.stored if name in unreadable}
        return facts

    def _reading(self, flow: Flow[T]) -> Acting[T]:
        """Drive a flow of reads. Raises NotReadable where a call gets no reply."""
        reply: Reply | None = None
        while True:
            try:
                call = next(flow) if reply is None else flow.send(reply)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]  # a generator's value is untyped here
            self.calls += 1
            answer = yield Read(target=self.job.target.name, call=call)
            if not isinstance(answer, Reply):
                flow.close()
                raise NotReadable(answer.reason, "PLT007")
            reply = answer

    def _concluded(self, evidence: Evidence, facts: Mapping[str, str]) -> Acting[ChangeOutcome]:
        """What the read-back means. A platform that shows something else than it acknowledged is believed in what it shows."""
        if evidence.live is not None:
            self.progress.live[self.job.change.address] = evidence.live
        found = {**facts, **evidence.facts}
        if evidence.certainty is Certainty.VERIFIED:
            yield from self._close_open(Event.VERIFIED, "", found)
            return self._outcome(Result.VERIFIED)
        if evidence.certainty is Certainty.WEAK:
            yield from self._close_open(Event.VERIFIED_WEAK, "", found)
            return self._outcome(Result.UNVERIFIABLE, evidence.why)
        why = evidence.why or say("the read-back shows something else")
        repeatable = all(safety is Safety.SET for _entry, safety in self.open)
        if evidence.certainty is Certainty.WRONG and repeatable:
            yield from self._close_open(Event.NO_EFFECT, why, found)
            return self._outcome(Result.FAILED, why)
        yield from self._close_open(Event.AMBIGUOUS, why, found)
        return self._outcome(Result.UNKNOWN, why, tuple(entry.operation for entry, _safety in self.open))

    def _not_done(self, why: str) -> Acting[ChangeOutcome]:
        """The platform accepted a call and later said that it failed: nobody knows how far it got, unless it sets a state."""
        repeatable = all(safety is Safety.SET for _entry, safety in self.open)
        yield from self._close_open(Event.NO_EFFECT if repeatable else Event.AMBIGUOUS, why)
        if repeatable:
            return self._outcome(Result.FAILED, why)
        return self._outcome(Result.UNKNOWN, why, tuple(entry.operation for entry, _safety in self.open))

    def _unread(self, why: str) -> Acting[ChangeOutcome]:
        """A read on the way failed. What was acknowledged before is not yet proven."""
        if not self.open:
            return self._outcome(Result.FAILED, why)
        return (yield from self._not_done(why))

    def _close_open(self, event: Event, why: str, facts: Mapping[str, Any] | None = None) -> Acting[None]:
        """Record the same outcome for every acknowledged operation of this change."""
        now = yield Now()
        said = {**(facts or {}), **({"why": why} if why else {})}
        if self.open:
            yield Settle(
                entries=tuple(replace(entry, event=event, at=now, facts={**entry.facts, **said}) for entry, _s in self.open)
            )

    def _outcome(self, result: Result, why: str = "", operations: tuple[str, ...] = ()) -> ChangeOutcome:
        return ChangeOutcome(
            change=self.job.change,
            result=result,
            why=why,
            calls=self.calls,
            sent=self.sent,
            begun=bool(self.open),
            operations=operations,
        )


class _EndedError(Exception):
    """A change ended before its read-back; carries how."""

    def __init__(self, outcome: ChangeOutcome) -> None:
        super().__init__(outcome.result.value)
        self.outcome = outcome


_EVENTS: Mapping[Ending, Event] = {
    Ending.DONE: Event.ACKED,
    Ending.LATER: Event.ACKED,
    Ending.REFUSED: Event.REFUSED,
    Ending.DOUBT: Event.AMBIGUOUS,
}


def operation_id(container: str, call: Call, generation: int) -> str:
    """The identity of a write: where, what and which generation; never which plan or document (32 hex digits).

    A batch is named by its keyed digest; a call without rows by its request, secrets left out.
    """
    payload = call.batch.digest if call.batch and call.batch.digest else _request(call)
    return hashlib.sha256(rfc8785.dumps([container, call.operation, payload, generation])).hexdigest()[:32]


def _request(call: Call) -> list[Any]:
    return [call.method, call.path, _open(call.query), _open(call.json), _open(call.form)]


def _open(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _open(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_open(item) for item in value]
    return "" if isinstance(value, Secret) else value if value is None or isinstance(value, bool | int | str) else str(value)
