"""One change on its way: its writes, the record of each, and the read-back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, Final, TypeVar

from reconciler.apply.ahead import Ahead
from reconciler.apply.baseline import changed_since, facts_of, looks_first, looks_twice, names_of, weighed
from reconciler.apply.contacts import contact_facts
from reconciler.apply.effects import Acting, Forget, Intend, Now, Pause, Read, Send, Settle, Tell
from reconciler.apply.identity import operation_id
from reconciler.apply.run import ChangeOutcome, Result
from reconciler.apply.work import Job, Progress, Work
from reconciler.call import Answer, Batch, Call, Ending, Flow, InDoubt, Judgement, Refused, Reply, Safety
from reconciler.catalogue import say
from reconciler.errors import JournalBroken, Stale
from reconciler.journal.entry import Columns, Entry, Event
from reconciler.personal import HIDDEN, mask_text
from reconciler.plan.values import Plan
from reconciler.platforms.platform import Certainty, Evidence, NotDone, NotReadable, Step
from reconciler.resource import Action, Live

T = TypeVar("T")

READING_LIFE: Final = timedelta(minutes=60)  # starting, loading and sending rest on readings that are no older

_REACH_PEOPLE: Final = frozenset({Action.START, Action.ROWS_ADD, Action.SCHEDULE})
_NATURAL: Final = frozenset({Action.BLACKLIST_ADD, Action.BLACKLIST_REMOVE})  # twice is as once
_TOLD_MIN: Final = 3  # characters from which a row's value is looked for in a platform's words

# What a platform takes as a task is not done yet: until the task ends, its rows are held and nobody is told otherwise.
_EVENTS: Final[Mapping[Ending, Event]] = {
    Ending.DONE: Event.ACKED,
    Ending.LATER: Event.AMBIGUOUS,
    Ending.REFUSED: Event.REFUSED,
    Ending.DOUBT: Event.AMBIGUOUS,
}


def too_late(plan: Plan, action: Action, passed: timedelta) -> str:
    """Why an action that reaches people may not be done `passed` after the readings of its plan; "" while it may.

    A plan may be judged as of another moment than the clock's, so that only what has passed since then counts.
    """
    if action not in _REACH_PEOPLE:
        return ""
    if plan.created_at + passed > plan.valid_until:
        return say("the plan's time is over")
    return say("what it rests on was read more than an hour ago") if passed > READING_LIFE else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Taken:
    """A write that the platform took, and that is not read back yet. `later` = as a task whose end is not known."""

    entry: Entry
    safety: Safety
    later: bool


class Carrying:
    """One change on its way: its calls, what they were answered, and what the read-back said."""

    def __init__(self, job: Job, work: Work, progress: Progress) -> None:
        self.job = job
        self.work = work
        self.progress = progress
        self.container = ""
        self.calls = 0
        self.sent = 0
        self.flying: Sequence[Entry] = ()  # operations whose outcome is known here alone, or not at all
        self.taken: list[_Taken] = []
        self.looked: Live | None = None  # the object as it was right before the first write
        self.feed: Ahead | None = None
        self.shown: tuple[Step, Mapping[str, str]] | None = None  # what one look has shown, and a second one has to prove

    def through(self) -> Acting[ChangeOutcome]:
        """Write, then read back. Whatever goes wrong on the way, what is known of the calls is told."""
        return (yield from self._told(self._carried()))

    def looked_again(self) -> Acting[ChangeOutcome]:
        """Read a change back once more that one look has `shown` as done; only then is that written down."""
        return (yield from self._told(self._proven()))

    def _told(self, acting: Acting[ChangeOutcome]) -> Acting[ChangeOutcome]:
        try:
            return (yield from acting)
        except _EndedError as ended:
            return ended.outcome
        except Exception as failure:  # noqa: BLE001 - the run ends here, and people must know what was sent before
            return (yield from self._broken(failure))

    def _carried(self) -> Acting[ChangeOutcome]:
        change, platform = self.job.change, self.job.platform
        yield Tell(change=change)
        now = yield Now()
        self._in_time(now)
        step = self._step(now)
        if looks_first(change) and step.live is not None:
            step = yield from self._looked(step, step.live)
        facts = yield from self._written(platform.write(step))
        evidence = yield from self._evidence(step, facts)
        if evidence.certainty is Certainty.VERIFIED and looks_twice(change, self.job.target):
            self.shown = (step, facts)
            if change.key not in self.work.rested_on:  # nobody looks at it before the lane's end
                return self._outcome(Result.VERIFIED, evidence.why)
            yield Pause(seconds=self.job.target.read_again_s)
            return (yield from self._proven())
        return (yield from self._concluded(evidence, facts))

    def _evidence(self, step: Step, facts: Mapping[str, str]) -> Acting[Evidence]:
        try:
            return (yield from self._reading(self.job.platform.verify(step, facts)))
        except NotReadable as failure:
            return Evidence(certainty=Certainty.UNKNOWN, why=failure.why)

    def _proven(self) -> Acting[ChangeOutcome]:
        """What a second look says. One that fails leaves what the first has shown, which is less than proof."""
        assert self.shown is not None, "a first look has shown it"
        step, facts = self.shown
        self.shown = None
        evidence = yield from self._evidence(step, facts)
        if evidence.certainty is Certainty.UNKNOWN:
            evidence = Evidence(certainty=Certainty.WEAK, why=say("seen once; the second look failed: {why}", why=evidence.why))
        return (yield from self._concluded(evidence, facts))

    def _looked(self, step: Step, planned: Live) -> Acting[Step]:
        """The step with the object as it is now. Raises `_EndedError` where that is not what the plan was made from."""
        job, change = self.job, self.job.change
        self._within_limits()
        try:
            evidence = yield from self._reading(job.platform.verify(step, {}))
        except NotReadable as failure:
            raise _EndedError(self._outcome(Result.PENDING, failure.why)) from None
        now = evidence.live
        if now is None:
            if change.action is Action.DELETE and evidence.certainty is Certainty.VERIFIED:
                raise _EndedError(self._outcome(Result.VERIFIED, say("it was gone already")))
            raise _EndedError(self._outcome(Result.PENDING, evidence.why or say("the platform does not show it")))
        last = self.progress.live.get(change.address)
        if paths := changed_since(change, job.live or planned, last, now, step.stored, job.support):
            why = say("somebody changed {paths} since the plan was made: plan again", paths=", ".join(paths))
            raise _EndedError(self._outcome(Result.FAILED, why))
        self.looked = now
        return replace(step, live=now)

    def _step(self, now: datetime) -> Step:
        job, change = self.job, self.job.change
        home = change.campaign or change.address
        live = self.progress.live.get(home) or job.live
        self.container = job.container(live)
        self.feed = Ahead(job.feed(self.container)) if job.feed else None
        return Step(
            action=change.action,
            target=job.target,
            desired=job.wish.desired if job.wish else None,
            stored=job.wish.stored if job.wish else {},
            changed=names_of(change),
            live=live,
            managed=self.work.managed.get(job.target.name, ()),
            feed=self.feed,
            seen=self.work.seen[job.target.name],
            now=now,
        )

    def _in_time(self, now: datetime) -> None:
        """Raises `_EndedError` when the change may not reach people any more."""
        if why := too_late(self.work.plan, self.job.change.action, now - self.work.read_at):
            raise _EndedError(self._outcome(Result.PENDING, why))

    def _within_limits(self) -> None:
        """Raises `_EndedError` when the target gets no further write of this kind in this run."""
        if why := self.progress.limits.why_not(self.job.target.name, self.job.change.action):
            raise _EndedError(self._outcome(Result.PENDING, why))

    def _not_over(self, flow: Flow[Mapping[str, str]]) -> None:
        """Raises `_EndedError` when another target's lane ended the run. What was taken is read back by the next one."""
        if why := self.progress.over:
            flow.close()
            raise _EndedError(self._outcome(Result.PENDING, why))

    # --- writing

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
                waiting = any(taken.later for taken in self.taken)
                answer = yield from self._read(call, task=waiting)
                if not isinstance(answer, Reply):
                    flow.close()
                    raise _EndedError((yield from self._unread(answer.reason)))
                reply = answer

    def _call(self, call: Call, flow: Flow[Mapping[str, str]]) -> Acting[Reply]:
        """One write: intent, send, outcome. Gives the reply only when the platform took it."""
        yield from self._tasks_ended()
        now = yield Now()
        self._in_time(now)
        self._within_limits()
        self._not_over(flow)
        intent = self._intent(call, now)
        batch = call.batch
        columns = Columns(recipients=batch.recipients, persons=batch.persons, contents=batch.contents) if batch else Columns()
        if not (yield Intend(entry=intent, columns=columns)):
            flow.close()
            self.progress.interrupted = True
            raise _EndedError(self._outcome(Result.PENDING, say("the run was asked to stop")))
        self.flying = (intent,)
        limits, target = self.progress.limits, self.job.target.name
        limits.called(target)
        answer: Answer = yield Send(target=target, call=call, meanwhile=self.feed.make_next if self.feed else None)
        limits.called(target, answer.again)
        judgement = self._judged(call, answer)
        limits.ended(target, failed=judgement.ending is Ending.DOUBT or isinstance(answer, Refused))
        facts = {**intent.facts, **judgement.evidence, **({"why": judgement.why} if judgement.why else {})}
        outcome = replace(intent, event=_EVENTS[judgement.ending], at=(yield Now()), facts=facts)
        yield Settle(entries=(outcome,), synced=judgement.ending is not Ending.DONE)
        self.flying = ()
        if isinstance(answer, Reply) and judgement.ending in (Ending.DONE, Ending.LATER):
            self.taken.append(_Taken(entry=outcome, safety=call.safety, later=judgement.ending is Ending.LATER))
            self.sent += len(batch) if batch else 0
            yield Tell(change=self.job.change, rows_done=self.sent)
            return answer
        flow.close()
        if judgement.ending is Ending.REFUSED:
            raise _EndedError(self._outcome(Result.REFUSED, judgement.why))
        raise _EndedError(self._outcome(Result.UNKNOWN, judgement.why, (intent.operation,)))

    def _tasks_ended(self) -> Acting[None]:
        """A writer that goes on to its next call has seen its tasks end: they are acknowledged now."""
        ended = [taken for taken in self.taken if taken.later]
        if ended:
            yield from self._settle([taken.entry for taken in ended], Event.ACKED)
            self.taken = [replace(taken, later=False) for taken in self.taken]

    def _judged(self, call: Call, answer: Answer) -> Judgement:
        if isinstance(answer, Reply):
            judgement = self.job.platform.judge(call, answer)
            return replace(judgement, why=_impersonal(judgement.why, call.batch))
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
            facts={**call.facts, "safety": call.safety.value, **self._contacts(call, now), **self._wished()},
        )

    def _contacts(self, call: Call, now: datetime) -> dict[str, Any]:
        """How and when the people of a call are contacted."""
        return contact_facts(self.job.channel, call, now, self.work.plan.created_at + (now - self.work.read_at))

    def _wished(self) -> dict[str, Any]:
        """What the intent says of an object, so that a lost outcome can be settled by comparing."""
        job = self.job
        return facts_of(job.change, job.wish, job.support, job.target.container, self.looked or job.live)

    # --- reading back

    def _read(self, call: Call, *, task: bool = False) -> Acting[Answer]:
        """One read, with all its requests counted."""
        limits, target = self.progress.limits, self.job.target.name
        limits.called(target)
        answer: Answer = yield Read(target=target, call=call, task=task)
        limits.called(target, answer.again)
        return answer

    def _reading(self, flow: Flow[T]) -> Acting[T]:
        """Drive a flow of reads; its pages are gone when it ends. Raises NotReadable where a call gets no reply."""
        reply: Reply | None = None
        pages: list[str] = []
        while True:
            try:
                call = next(flow) if reply is None else flow.send(reply)
            except StopIteration as done:
                if pages:
                    yield Forget(tables=tuple(pages))
                return done.value  # type: ignore[no-any-return]  # a generator's value is untyped here
            self.calls += 1
            answer = yield from self._read(call)
            if not isinstance(answer, Reply):
                flow.close()
                raise NotReadable(answer.reason, "PLT007")
            reply = answer
            pages += [answer.page.table] if answer.page and answer.page.table else []

    def _concluded(self, evidence: Evidence, facts: Mapping[str, str]) -> Acting[ChangeOutcome]:
        """What the read-back means. A platform that shows something else than it acknowledged is believed in what it shows."""
        found: dict[str, Any] = {**facts, **evidence.facts}
        if evidence.live is not None:
            job = self.job
            self.progress.live[job.change.address] = evidence.live
            stored = job.wish.stored if job.wish else {}
            evidence, more = weighed(evidence, evidence.live, job.change, self._wished(), self.looked, stored, job.support)
            found |= more
        entries = [taken.entry for taken in self.taken]
        if evidence.certainty is Certainty.VERIFIED:
            yield from self._settle(entries, Event.VERIFIED, facts=found)
            return self._outcome(Result.VERIFIED, evidence.why)
        if evidence.certainty is Certainty.WEAK:
            yield from self._settle(entries, Event.VERIFIED_WEAK, facts=found)
            return self._outcome(Result.UNVERIFIABLE, evidence.why)
        why = evidence.why or say("the read-back shows something else")
        if evidence.certainty is Certainty.WRONG and self._repeatable:
            yield from self._settle(entries, Event.NO_EFFECT, why, found)
            return self._outcome(Result.FAILED, why)
        return (yield from self._unproven(self.taken, why, found))

    @property
    def _repeatable(self) -> bool:
        """Whether everything that was taken may be done once more without anybody noticing."""
        return self.job.change.action in _NATURAL or all(taken.safety is Safety.SET for taken in self.taken)

    def _not_done(self, why: str) -> Acting[ChangeOutcome]:
        """The platform accepted a call and later said that it failed: nobody knows how far it got, unless it sets a state."""
        if self._repeatable:
            yield from self._settle([taken.entry for taken in self.taken], Event.NO_EFFECT, why)
            return self._outcome(Result.FAILED, why)
        return (yield from self._unread(why))

    def _unread(self, why: str) -> Acting[ChangeOutcome]:
        """A read on the way failed. What was taken before is not yet proven; of tasks, those that have not ended."""
        running = [taken for taken in self.taken if taken.later]
        return (yield from self._unproven(running or self.taken, why))

    def _unproven(self, taken: Sequence[_Taken], why: str, facts: Mapping[str, Any] | None = None) -> Acting[ChangeOutcome]:
        """Taken, and not known to be done. Where nothing was taken, nothing is unknown."""
        if not taken:
            return self._outcome(Result.FAILED, why)
        entries = [one.entry for one in taken]
        yield from self._settle(entries, Event.AMBIGUOUS, why, facts)
        return self._outcome(Result.UNKNOWN, why, tuple(entry.operation for entry in entries))

    # --- the end

    def _broken(self, failure: Exception) -> Acting[ChangeOutcome]:
        """The journal takes no more, or not from this run, or this program made a mistake: nothing more is sent."""
        self.progress.broke = self.progress.broke or failure
        why = say("the run broke off here")
        lost = list(self.flying)
        if not isinstance(failure, JournalBroken | Stale):
            lost += [taken.entry for taken in self.taken]
            try:
                yield from self._settle(lost, Event.AMBIGUOUS, why)
            except (JournalBroken, Stale) as worse:  # the intents are open anyway
                self.progress.broke = worse
        result = Result.UNKNOWN if lost else Result.FAILED
        return self._outcome(result, why, tuple(dict.fromkeys(entry.operation for entry in lost)))

    def _settle(
        self, entries: Sequence[Entry], event: Event, why: str = "", facts: Mapping[str, Any] | None = None
    ) -> Acting[None]:
        """Record the same outcome for several operations."""
        now = yield Now()
        said = {**(facts or {}), **({"why": why} if why else {})}
        if entries:
            self.flying = entries
            yield Settle(entries=tuple(replace(one, event=event, at=now, facts={**one.facts, **said}) for one in entries))
            self.flying = ()

    def _outcome(self, result: Result, why: str = "", operations: tuple[str, ...] = ()) -> ChangeOutcome:
        return ChangeOutcome(
            change=self.job.change,
            result=result,
            why=why,
            calls=self.calls,
            sent=self.sent,
            begun=bool(self.taken),
            operations=operations,
        )


class _EndedError(Exception):
    """A change ended before its read-back; carries how."""

    def __init__(self, outcome: ChangeOutcome) -> None:
        super().__init__(outcome.result.value)
        self.outcome = outcome


def _impersonal(words: str, batch: Batch | None) -> str:
    """A platform's words without what the rows of the call hold, which it may repeat, and without numbers."""
    if batch is not None and words:
        told = {value for row in batch.rows for value in row.values() if len(value) >= _TOLD_MIN and value in words}
        for value in sorted(told, key=len, reverse=True):
            words = words.replace(value, HIDDEN)
    return mask_text(words)
