"""Carrying out, driven by hand: what is asked of the runtime, in which order, and what every answer comes to."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import Any, Final, cast

import pytest

from reconciler.apply import (
    ChangeOutcome,
    Effect,
    Intend,
    Job,
    Lanes,
    Now,
    Read,
    Result,
    Run,
    Send,
    Settle,
    Tell,
    Work,
    operation_id,
    too_late,
)
from reconciler.call import Answer, Batch, Call, Ending, Flow, InDoubt, Judgement, Refused, Reply, Safety
from reconciler.diff import FieldDiff
from reconciler.errors import JournalBroken
from reconciler.journal.entry import Entry, Event
from reconciler.personal import Secret
from reconciler.plan.known import Quota, Seen
from reconciler.plan.values import Change, Plan, Reason, Wish
from reconciler.platforms.platform import Certainty, Evidence, NotDone, NotReadable, Platform, Step
from reconciler.resource import Action, Address, Desired, Live, Origin, Reading, Support
from reconciler.target import Target

NOW: Final = datetime(2026, 11, 24, 10, tzinfo=UTC)
RUN: Final = "run-1"
OK: Final = Reply(status=200, body=b"ok")
LATER: Final = Reply(status=200, body=b"task")
NO: Final = Reply(status=400)
ODD: Final = Reply(status=500)
LOST: Final = InDoubt(reason="no answer")
UNSENT: Final = Refused(reason="no connection")
BROKEN: Final = JournalBroken("the disk is full", code="JRN004")
ORIGIN: Final = Origin("reconciler.yaml", 1)


def batch(*rows: Mapping[str, str], digest: str = "") -> Batch:
    return Batch(rows=rows, recipients=bytes(16) * len(rows), persons=bytes(16) * len(rows), digest=digest or f"d{len(rows)}")


def send(name: str = "send", safety: Safety = Safety.SET, rows: int = 0, **more: Any) -> Call:
    some = batch(*({"phone": f"57300{index}"} for index in range(rows)), digest=f"{name}{rows}") if rows else None
    return Call(operation=name, method="POST", path=f"/{name}", safety=safety, batch=some, **more)


def read(name: str = "list", after_s: float = 0.0) -> Call:
    return Call(operation=name, method="GET", path=f"/{name}", safety=Safety.READ, after_s=after_s)


@dataclass
class Script:
    """A platform that makes these calls for a change, and whose read-back says this."""

    calls: Sequence[Call | Exception] = (send(),)
    facts: Mapping[str, str] = field(default_factory=dict)
    evidence: Evidence | Exception = field(default_factory=lambda: Evidence(certainty=Certainty.VERIFIED))
    reads_back: bool = True

    supports: Mapping[str, Support] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    def write(self, step: Step) -> Flow[Mapping[str, str]]:
        self.steps.append(step)
        for call in self.calls:
            if isinstance(call, Exception):
                raise call
            yield call
        return self.facts

    def verify(self, step: Step, facts: Mapping[str, str]) -> Flow[Evidence]:
        del step, facts
        if self.reads_back:
            yield read("back")
        if isinstance(self.evidence, Exception):
            raise self.evidence
        return self.evidence

    def judge(self, call: Call, reply: Reply) -> Judgement:
        if reply is LATER:
            return Judgement(ending=Ending.LATER, why="taken as a task", evidence={"task": "t1"})
        if reply.status == 599:
            raise ValueError("a bug")
        ending = {200: Ending.DONE, 400: Ending.REFUSED}.get(reply.status, Ending.DOUBT)
        return Judgement(ending=ending, why="" if ending is Ending.DONE else f"{call.operation} of 57300123456: Ana Pérez")


def target(name: str = "t") -> Target:
    return Target(
        name=name,
        platform="wolkvox",
        url="http://127.0.0.1/x",
        account=name,
        country="CO",
        timezone="America/Bogota",
        platform_timezone="America/Bogota",
        settings={},
        limits={"settle_s": 0},  # one look is enough where nothing takes time to show
        origin=ORIGIN,
    )


def change(action: Action = Action.UPDATE, name: str = "a", kind: str = "campaign", **more: Any) -> Change:
    return Change(action=action, address=Address("t", kind, name), reason=Reason.FIELDS, **more)


def job(script: Script, of: Change | None = None, **more: Any) -> Job:
    made = of or change()
    return Job(
        change=made,
        platform=cast("Platform", script),
        target=target(),
        support=Support(kind=made.address.kind, unreadable=frozenset({"labels"})),
        container=lambda live: f"box|{live.id if live else ''}",
        **more,
    )


def wish(name: str = "a", kind: str = "campaign", generation: int = 1, **stored: Any) -> Wish:
    desired = Desired(
        address=Address("t", kind, name), platform="wolkvox", fields={"generation": generation}, origin=ORIGIN, protect=True
    )
    return Wish(desired=desired, stored=stored)


Answers = Callable[[Effect], Any]


@dataclass
class Played:
    """A run and every effect that it asked for, in order."""

    run: Run
    effects: list[Effect]

    @property
    def trace(self) -> list[str]:
        """The effects that change something or ask somebody, in words."""
        return list(self._words())

    def _words(self) -> Iterator[str]:
        for effect in self.effects:
            match effect:
                case Intend():
                    yield f"intend {effect.entry.call}"
                case Send() | Read():
                    yield f"{type(effect).__name__.lower()} {effect.call.operation}"
                case Settle():
                    yield from (f"{entry.event.value} {entry.call}" for entry in effect.entries)

    @property
    def entries(self) -> list[Entry]:
        """Everything that was written down."""
        found: list[Entry] = []
        for effect in self.effects:
            if isinstance(effect, Intend):
                found.append(effect.entry)
            elif isinstance(effect, Settle):
                found += effect.entries
        return found

    @property
    def results(self) -> list[Result]:
        return [outcome.result for outcome in self.run.outcomes]


def play(
    *jobs: Job,
    answers: Mapping[str, Answer | Exception] | None = None,
    stop_at: str = "",
    fail_at: Mapping[str, Exception] | None = None,
    now: Callable[[], datetime] = lambda: NOW,
    plan: Plan | None = None,
    quota: Quota | None = None,
) -> Played:
    """Carry out. `answers` by call; the run is asked to stop before the intent of `stop_at`; `fail_at` is what the runtime
    throws instead of an answer to `intend …`, `send …` or `<event> …`.
    """
    given, thrown = answers or {}, fail_at or {}
    changes = tuple(one.change for one in jobs)
    made = plan or Plan(changes=changes, created_at=NOW, valid_until=NOW + timedelta(hours=24))
    seen = Seen(campaigns=Reading(read_at=NOW), quota=quota)
    work = Work(plan=made, run=RUN, jobs=jobs, seen={"t": seen}, read_at=NOW)
    lanes, effects = Lanes(work, now()), list[Effect]()
    while asks := lanes.asks:
        name, effect = next(iter(asks.items()))
        effects.append(effect)
        answer: Any = None
        failure: Exception | None = None
        match effect:
            case Intend():
                failure = thrown.get(f"intend {effect.entry.call}")
                answer = effect.entry.call != stop_at
            case Send() | Read():
                reply = thrown.get(f"send {effect.call.operation}") or given.get(effect.call.operation, OK)
                failure, answer = (reply, None) if isinstance(reply, Exception) else (None, reply)
            case Settle():
                failure = next(
                    (thrown[key] for one in effect.entries if (key := f"{one.event.value} {one.call}") in thrown), None
                )
            case Now():
                answer = now()
            case Tell():
                pass
        if failure:
            lanes.fail(name, failure)
        else:
            lanes.answer(name, answer)
    return Played(lanes.run(now()), effects)


# --- order ---------------------------------------------------------------------------------------------------------------


def test_the_intent_is_durable_before_the_call_leaves_and_its_outcome_before_the_next() -> None:
    played = play(job(Script(calls=[send("one"), read("look"), send("two")])))

    assert played.trace == [
        "intend one",
        "send one",
        "acked one",
        "read look",
        "intend two",
        "send two",
        "acked two",
        "read back",
        "verified one",
        "verified two",
    ]
    assert (played.run.exit_code, played.results) == (0, [Result.VERIFIED])
    assert (played.run.id, played.run.outcomes[0].calls) == (RUN, 4)


@pytest.mark.parametrize("answer", [OK, LATER, NO, ODD, LOST, UNSENT])
def test_nothing_is_ever_sent_without_an_intent_right_before(answer: Answer) -> None:
    played = play(job(Script(calls=[send("one"), send("two")])), answers={"one": answer})
    acts = [effect for effect in played.effects if not isinstance(effect, Now | Tell)]

    for before, effect in pairwise([None, *acts]):
        if isinstance(effect, Send):
            assert isinstance(before, Intend)
            assert before.entry.event is Event.INTENT
            assert before.entry.call == effect.call.operation


def test_changes_are_carried_out_in_the_plans_order() -> None:
    played = play(*(job(Script(calls=[send(name)]), change(name=name)) for name in "cab"))

    assert [word for word in played.trace if word.startswith("send")] == ["send c", "send a", "send b"]
    assert [outcome.change.address.name for outcome in played.run.outcomes] == ["c", "a", "b"]


def test_recipients_are_written_down_with_the_intent() -> None:
    played = play(job(Script(calls=[send(rows=2)]), change(Action.ROWS_ADD, kind="contacts")))
    intent = next(effect for effect in played.effects if isinstance(effect, Intend))

    assert (intent.entry.count, len(intent.columns.recipients), len(intent.columns.persons)) == (2, 32, 32)
    assert played.run.outcomes[0].sent == 2


# --- endings of a call ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "event", "result", "code"),
    [
        (NO, Event.REFUSED, Result.REFUSED, 1),
        (UNSENT, Event.REFUSED, Result.REFUSED, 1),
        (ODD, Event.AMBIGUOUS, Result.UNKNOWN, 6),
        (LOST, Event.AMBIGUOUS, Result.UNKNOWN, 6),
    ],
)
def test_a_call_that_did_not_end_well_ends_its_change(answer: Answer, event: Event, result: Result, code: int) -> None:
    played = play(job(Script(calls=[send("one"), send("two")])), answers={"one": answer})

    assert played.trace == ["intend one", "send one", f"{event.value} one"]
    assert (played.results, played.run.exit_code) == ([result], code)
    assert played.run.unknown == ([played.entries[0].operation] if code == 6 else [])


@pytest.mark.parametrize(("answer", "result", "code"), [(NO, Result.REFUSED, 5), (LOST, Result.UNKNOWN, 6)])
def test_what_was_taken_before_stays_taken(answer: Answer, result: Result, code: int) -> None:
    script = Script(calls=[send("one", Safety.MARKER, rows=2), send("two", Safety.MARKER, rows=1)])
    played = play(job(script, change(Action.ROWS_ADD, kind="contacts")), answers={"two": answer})

    assert [(entry.call, entry.event) for entry in played.entries[:2]] == [("one", Event.INTENT), ("one", Event.ACKED)]
    assert len([entry for entry in played.entries if entry.call == "one"]) == 2
    assert (played.results, played.run.exit_code) == ([result], code)
    assert (played.run.outcomes[0].sent, played.run.outcomes[0].begun) == (2, True)


def test_what_a_platform_says_is_kept_without_numbers_and_without_what_the_row_holds() -> None:
    row = {"phone": "57300123456", "name": "Ana Pérez"}
    call = Call(operation="send", method="POST", path="/x", safety=Safety.BLIND, batch=batch(row))
    played = play(job(Script(calls=[call]), change(Action.SCHEDULE, kind="scheduled_sms")), answers={"send": NO})

    for words in (played.run.outcomes[0].why, str(played.entries[-1].facts)):
        assert "send of" in words
        assert "57300123456" not in words
        assert "Ana" not in words


# --- tasks ---------------------------------------------------------------------------------------------------------------


def test_a_task_is_not_done_until_its_writer_goes_on() -> None:
    calls = [send("one", Safety.TASK, rows=2), read("poll"), send("two", Safety.TASK, rows=1), read("poll")]
    script = Script(calls=calls, evidence=Evidence(certainty=Certainty.WEAK), reads_back=False)
    played = play(job(script, change(Action.ROWS_ADD, kind="contacts")), answers={"one": LATER, "two": LATER})

    assert played.trace == [
        "intend one",
        "send one",
        "ambiguous one",
        "read poll",
        "acked one",
        "intend two",
        "send two",
        "ambiguous two",
        "read poll",
        "verified_weak one",
        "verified_weak two",
    ]
    assert [effect.task for effect in played.effects if isinstance(effect, Read)] == [True, True]
    assert played.entries[1].facts["task"] == "t1"
    assert (played.results, played.run.exit_code) == ([Result.UNVERIFIABLE], 0)


@pytest.mark.parametrize("ended", [NotDone("it failed"), NotReadable("no status"), LOST])
def test_only_the_task_that_has_not_ended_is_unknown(ended: Answer | Exception) -> None:
    calls = [send("one", Safety.TASK, rows=2), read("poll"), send("two", Safety.TASK, rows=1)]
    more = [ended] if isinstance(ended, Exception) else [read("lost")]
    played = play(
        job(Script(calls=[*calls, *more]), change(Action.ROWS_ADD, kind="contacts")),
        answers={"one": LATER, "two": LATER, "lost": LOST},
    )

    assert played.run.exit_code == 6
    assert [entry.call for entry in played.entries if entry.event is Event.AMBIGUOUS] == ["one", "two", "two"]
    assert len(played.run.unknown) == 1


# --- reading back --------------------------------------------------------------------------------------------------------

_SET: Final = frozenset({Safety.SET})


@pytest.mark.parametrize("safety", [safety for safety in Safety if safety.writes])
@pytest.mark.parametrize(
    "evidence",
    [
        Evidence(certainty=Certainty.VERIFIED, facts={"id": "9"}),
        Evidence(certainty=Certainty.WEAK, why="never shown"),
        Evidence(certainty=Certainty.WRONG, why="something else"),
        Evidence(certainty=Certainty.UNKNOWN, why="cut short"),
        NotReadable("no list"),
    ],
)
def test_what_a_read_back_means(safety: Safety, evidence: Evidence | Exception) -> None:
    played = play(job(Script(calls=[send("one", safety)], facts={"rows": "2"}, evidence=evidence)))
    certainty = evidence.certainty if isinstance(evidence, Evidence) else Certainty.UNKNOWN
    result, event, code = {
        Certainty.VERIFIED: (Result.VERIFIED, Event.VERIFIED, 0),
        Certainty.WEAK: (Result.UNVERIFIABLE, Event.VERIFIED_WEAK, 0),
        Certainty.UNKNOWN: (Result.UNKNOWN, Event.AMBIGUOUS, 6),
        Certainty.WRONG: (
            (Result.FAILED, Event.NO_EFFECT, 5) if safety is Safety.SET else (Result.UNKNOWN, Event.AMBIGUOUS, 6)
        ),
    }[certainty]

    assert (played.results, played.entries[-1].event, played.run.exit_code) == ([result], event, code)
    if certainty is Certainty.VERIFIED:
        assert played.entries[-1].facts.items() >= {"rows": "2", "id": "9", "safety": safety.value}.items()


@pytest.mark.parametrize("action", [Action.BLACKLIST_ADD, Action.BLACKLIST_REMOVE])
@pytest.mark.parametrize("certainty", [Certainty.WRONG, Certainty.UNKNOWN])
def test_an_entry_that_is_not_shown_on_the_list_is_wished_again(action: Action, certainty: Certainty) -> None:
    """A task that ended well proves nothing where the list shows otherwise: who said no must be asked about again."""
    script = Script(calls=[send("bar", Safety.TASK)], evidence=Evidence(certainty=certainty, why="not there"))
    played = play(job(script, change(action, kind="blacklist")), answers={"bar": LATER})

    if certainty is Certainty.WRONG:
        assert (played.entries[-1].event, played.run.exit_code) == (Event.NO_EFFECT, 5)
    else:
        assert (played.entries[-1].event, played.run.exit_code) == (Event.AMBIGUOUS, 6)


@pytest.mark.parametrize("evidence", [Evidence(certainty=Certainty.WRONG), Evidence(certainty=Certainty.UNKNOWN)])
def test_where_nothing_was_sent_nothing_is_unknown(evidence: Evidence) -> None:
    played = play(job(Script(calls=[], evidence=evidence)))

    assert (played.results, played.run.exit_code, played.entries) == ([Result.FAILED], 1, [])


@pytest.mark.parametrize(
    ("safety", "result", "event", "code"),
    [(Safety.SET, Result.FAILED, Event.NO_EFFECT, 5), (Safety.MARKER, Result.UNKNOWN, Event.AMBIGUOUS, 6)],
)
def test_a_platform_that_takes_its_word_back(safety: Safety, result: Result, event: Event, code: int) -> None:
    played = play(job(Script(calls=[send("one", safety), NotDone("it stopped")])))

    assert (played.results, played.entries[-1].event, played.run.exit_code) == ([result], event, code)
    assert played.entries[-1].facts["why"] == "it stopped"


@pytest.mark.parametrize("ended", [NotDone("it is gone"), NotReadable("no list")])
def test_what_ends_before_the_first_call_has_failed(ended: Exception) -> None:
    played = play(job(Script(calls=[ended, send()])))

    assert (played.results, played.run.exit_code, played.entries) == ([Result.FAILED], 1, [])


@pytest.mark.parametrize("safety", [Safety.SET, Safety.CREATE])
def test_a_read_on_the_way_that_fails_leaves_what_was_taken_unproven(safety: Safety) -> None:
    """It was taken, so it is never written down as if it had not happened."""
    played = play(job(Script(calls=[send("one", safety), read("look"), send("two")])), answers={"look": LOST})

    assert played.trace == ["intend one", "send one", "acked one", "read look", "ambiguous one"]
    assert played.run.exit_code == 6


# --- what depends on what ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("answer", [NO, LOST])
def test_what_did_not_end_well_holds_back_its_address_and_its_dependants_and_nothing_else(answer: Answer) -> None:
    first = change(name="a")
    waits = change(Action.START, name="b", depends_on=(first.key,))
    chained = change(Action.UPDATE, name="c", depends_on=(waits.key,))
    played = play(
        job(Script(calls=[send("one")]), first),
        job(Script(), change(Action.START, name="a")),
        job(Script(), waits),
        job(Script(), chained),
        job(Script(calls=[send("other")]), change(name="z")),
        job(Script(calls=[send("absent")]), change(name="y", depends_on=("create t/campaign/nowhere",))),
        answers={"one": answer},
    )
    first_result = Result.UNKNOWN if answer is LOST else Result.REFUSED

    assert played.results == [first_result, *[Result.SKIPPED] * 3, Result.VERIFIED, Result.VERIFIED]
    assert played.run.exit_code == (6 if answer is LOST else 5)
    assert [word for word in played.trace if word.startswith("send")] == ["send one", "send other", "send absent"]


def test_what_is_only_taken_lets_its_dependants_go_on() -> None:
    first = change(Action.BLACKLIST_ADD, kind="blacklist")
    played = play(
        job(Script(evidence=Evidence(certainty=Certainty.WEAK)), first),
        job(Script(), change(Action.START, name="b", depends_on=(first.key,))),
    )

    assert played.results == [Result.UNVERIFIABLE, Result.VERIFIED]


def test_a_later_change_sees_the_object_as_it_was_last_read() -> None:
    made = Live(id="9", name="a", fields={})
    rows = Script(calls=[])
    played = play(
        job(Script(evidence=Evidence(certainty=Certainty.VERIFIED, live=made)), change(Action.CREATE)),
        job(rows, change(Action.ROWS_ADD, kind="contacts", campaign=Address("t", "campaign", "a"))),
    )

    assert played.run.exit_code == 0
    assert rows.steps[0].live is made


# --- stopping ------------------------------------------------------------------------------------------------------------


def test_a_run_that_is_asked_to_stop_ends_between_two_calls() -> None:
    played = play(job(Script(calls=[send("one"), send("two")])), job(Script(), change(name="b")), stop_at="two")

    assert played.trace == ["intend one", "send one", "acked one", "intend two"]
    assert (played.results, played.run.exit_code, played.run.interrupted) == ([Result.PENDING] * 2, 130, True)


def test_a_run_that_is_asked_to_stop_still_names_what_is_unknown() -> None:
    played = play(
        job(Script(calls=[send("one")])),
        job(Script(calls=[send("two")]), change(name="b")),
        answers={"one": LOST},
        stop_at="two",
    )

    assert (played.results, played.run.exit_code) == ([Result.UNKNOWN, Result.PENDING], 6)


# --- time ----------------------------------------------------------------------------------------------------------------


def plan(life: timedelta, created_at: datetime = NOW) -> Plan:
    return Plan(created_at=created_at, valid_until=created_at + life)


@pytest.mark.parametrize("action", list(Action))
@pytest.mark.parametrize(
    ("passed", "life", "late"),
    [
        (timedelta(minutes=59), timedelta(hours=24), False),
        (timedelta(minutes=61), timedelta(hours=24), True),
        (timedelta(minutes=20), timedelta(minutes=19), True),
        (timedelta(minutes=19), timedelta(minutes=20), False),
    ],
)
def test_what_reaches_people_rests_on_what_was_just_read(
    action: Action, passed: timedelta, life: timedelta, late: bool
) -> None:
    reaches = action in (Action.START, Action.ROWS_ADD, Action.SCHEDULE)

    assert bool(too_late(plan(life), action, passed)) == (late and reaches)


def test_messages_stop_where_the_plans_time_is_over() -> None:
    times = iter([NOW] * 4 + [NOW + timedelta(minutes=30)] * 20)
    script = Script(calls=[send("one", Safety.BLIND, rows=1), send("two", Safety.BLIND, rows=1)])
    only = change(Action.SCHEDULE, kind="scheduled_sms")
    made = replace(plan(timedelta(minutes=20), NOW - timedelta(days=300)), changes=(only,))
    played = play(job(script, only), now=lambda: next(times), plan=made)

    assert [word for word in played.trace if word.startswith("send")] == ["send one"]
    assert (played.results, played.run.exit_code, played.run.outcomes[0].sent) == ([Result.PENDING], 5, 1)


# --- what breaks ---------------------------------------------------------------------------------------------------------


def test_without_a_durable_intent_nothing_is_sent() -> None:
    played = play(job(Script(calls=[send("one")])), job(Script(), change(name="b")), fail_at={"intend one": BROKEN})

    assert played.trace == ["intend one"]
    assert (played.results, played.run.exit_code) == ([Result.FAILED, Result.PENDING], 8)
    assert played.run.broke is BROKEN


def test_what_was_done_before_the_journal_broke_is_told() -> None:
    played = play(
        job(Script(calls=[send("one")])), job(Script(calls=[send("two")]), change(name="b")), fail_at={"intend two": BROKEN}
    )

    assert (played.results, played.run.exit_code) == ([Result.VERIFIED, Result.FAILED], 5)


def test_an_outcome_that_cannot_be_recorded_is_unknown_and_ends_the_run() -> None:
    played = play(job(Script(calls=[send("one"), send("two")])), job(Script(), change(name="b")), fail_at={"acked one": BROKEN})

    assert played.trace == ["intend one", "send one", "acked one"]
    assert (played.results, played.run.exit_code) == ([Result.UNKNOWN, Result.PENDING], 6)
    assert played.run.unknown == [played.entries[0].operation]


def test_evidence_that_cannot_be_recorded_is_unknown() -> None:
    played = play(job(Script(calls=[send("one", Safety.BLIND, rows=1)])), fail_at={"verified one": BROKEN})

    assert (played.results, played.run.exit_code) == ([Result.UNKNOWN], 6)
    assert played.run.unknown == [played.entries[0].operation]


@pytest.mark.parametrize("place", ["judge", "send", "verify"])
def test_a_bug_after_a_call_names_the_call_and_sends_nothing_more(place: str) -> None:
    bug = ValueError("a bug")
    evidence = bug if place == "verify" else Evidence(certainty=Certainty.VERIFIED)
    played = play(
        job(Script(calls=[send("one", Safety.BLIND, rows=1)], evidence=cast("Evidence", evidence)), change(Action.SCHEDULE)),
        job(Script(), change(name="b")),
        answers={"one": Reply(status=599)} if place == "judge" else {},
        fail_at={"send one": bug} if place == "send" else {},
    )

    assert played.entries[-1].event is Event.AMBIGUOUS
    assert (played.results, played.run.exit_code) == ([Result.UNKNOWN, Result.PENDING], 6)
    assert isinstance(played.run.broke, ValueError)


def test_a_bug_before_the_first_call_has_no_effect() -> None:
    played = play(job(Script(calls=[ValueError("a bug")])), job(Script(), change(name="b")))

    assert (played.results, played.run.exit_code, played.entries) == ([Result.FAILED, Result.PENDING], 1, [])


def test_a_journal_that_breaks_while_a_bug_is_recorded_is_told_as_the_journals() -> None:
    played = play(job(Script(calls=[send("one")])), answers={"one": Reply(status=599)}, fail_at={"ambiguous one": BROKEN})

    assert (played.results, played.run.broke, played.run.exit_code) == ([Result.UNKNOWN], BROKEN, 6)


# --- exit codes ----------------------------------------------------------------------------------------------------------


def outcome(result: Result, *, begun: bool = False) -> ChangeOutcome:
    return ChangeOutcome(change=change(), result=result, begun=begun, operations=("op",))


@pytest.mark.parametrize(
    ("results", "more", "code"),
    [
        ([], {}, 0),
        ([Result.VERIFIED, Result.UNVERIFIABLE], {}, 0),
        ([Result.VERIFIED], {"interrupted": True}, 0),
        ([Result.VERIFIED, Result.PENDING], {"interrupted": True}, 130),
        ([Result.UNKNOWN, Result.PENDING], {"interrupted": True}, 6),
        ([Result.REFUSED], {}, 1),
        ([Result.FAILED, Result.SKIPPED], {}, 1),
        ([Result.VERIFIED, Result.REFUSED], {}, 5),
        ([Result.VERIFIED, Result.FAILED, Result.UNKNOWN], {}, 6),
        ([Result.FAILED, Result.PENDING], {"broke": BROKEN}, 8),
        ([Result.FAILED], {"broke": ValueError()}, 1),
        ([Result.VERIFIED, Result.PENDING], {"broke": BROKEN}, 5),
        ([Result.VERIFIED, Result.PENDING], {"broke": BROKEN, "interrupted": True}, 5),
        ([Result.UNKNOWN, Result.PENDING], {"broke": BROKEN}, 6),
        ([Result.VERIFIED], {"broke": BROKEN}, 8),
    ],
)
def test_exit_codes(results: list[Result], more: dict[str, Any], code: int) -> None:
    run = Run(id=RUN, digest="d", started_at=NOW, ended_at=NOW, outcomes=tuple(map(outcome, results)), **more)

    assert run.exit_code == code


def test_a_refusal_after_the_first_batch_is_a_part() -> None:
    run = Run(id=RUN, digest="d", started_at=NOW, ended_at=NOW, outcomes=(outcome(Result.REFUSED, begun=True),))

    assert run.exit_code == 5


# --- what is written down ------------------------------------------------------------------------------------------------


def test_an_intent_says_what_a_lost_outcome_is_settled_with() -> None:
    diff = tuple(FieldDiff(path=path, before=1, after=2, verifiable=True, origin=ORIGIN) for path in ("speed", "labels.opt1"))
    script = Script(calls=[send(facts={"marker": "ab"})])
    of = change(diff=diff, live_id="7")
    played = play(job(script, of, wish=wish(speed=60, labels={"opt1": "x"}, type="predictive")))
    intent = played.entries[0]

    assert intent.facts == {
        "marker": "ab",
        "safety": "set",
        "id": "7",
        "name": "a",
        "container": target().container,
        "protect": True,
        "readable": {"speed": 60},
        "fields": {"labels": {"opt1": "x"}},
    }
    assert (intent.run, intent.address, intent.action, intent.container) == (RUN, of.address, Action.UPDATE, "box|")
    assert script.steps[0].changed == {"speed", "labels"}


def test_an_operation_is_known_by_what_is_sent_where_and_not_by_who_asks() -> None:
    """A plan made again, a renamed document, a copied target find the same operation."""
    first = play(job(Script(), change(name="a"), wish=wish("a"))).entries[0]
    second = play(job(Script(), change(name="b"), wish=wish("b"))).entries[0]

    assert first.operation == second.operation
    assert len(first.operation) == 32


def test_operations_differ_in_place_content_call_and_generation() -> None:
    base = send(json={"a": 1}, query={"q": "1"}, form={"f": "1"})
    some = {
        operation_id("box", base, 1),
        operation_id("other", base, 1),
        operation_id("box", base, 2),
        operation_id("box", replace(base, operation="edit"), 1),
        operation_id("box", replace(base, json={"a": 2}), 1),
        operation_id("box", replace(base, query={"q": "2"}), 1),
        operation_id("box", replace(base, form={"f": "2"}), 1),
        operation_id("box", send(rows=1), 1),
        operation_id("box", send(rows=2), 1),
    }

    assert len(some) == 9


def test_a_batch_is_known_by_its_digest_and_a_secret_by_nothing() -> None:
    call = send(rows=1)
    with_secret = replace(call, batch=None, form={"token": Secret("one"), "n": 1.5, "list": [None, True]})

    assert operation_id("box", call, 1) == operation_id("box", replace(call, json={"other": "form"}), 1)
    assert operation_id("box", with_secret, 1) == operation_id(
        "box", replace(with_secret, form={"token": Secret("two"), "n": 1.5, "list": [None, True]}), 1
    )


def test_a_generation_is_part_of_the_intent() -> None:
    script = Script(calls=[send(rows=1)])
    one, two = (
        play(job(script, change(Action.SCHEDULE, kind="scheduled_sms"), wish=wish(kind="scheduled_sms", generation=number)))
        for number in (1, 2)
    )

    assert [played.entries[0].generation for played in (one, two)] == [1, 2]
    assert one.entries[0].operation != two.entries[0].operation


def test_progress_is_told() -> None:
    script = Script(calls=[send("one", rows=2), send("two", rows=1)])
    played = play(job(script, change(Action.ROWS_ADD, kind="contacts")))
    told = [effect for effect in played.effects if isinstance(effect, Tell)]

    assert [one.rows_done for one in told] == [0, 2, 3, 0]
    assert told[-1].outcome is played.run.outcomes[0]


# --- what holds a run back -----------------------------------------------------------------------------------------------


def one_each(*actions: Action) -> list[Job]:
    kinds = {Action.BLACKLIST_ADD: "blacklist", Action.ROWS_ADD: "contacts"}
    return [
        job(Script(calls=[send(f"call-{number}")]), change(action, name=str(number), kind=kinds.get(action, "campaign")))
        for number, action in enumerate(actions)
    ]


def sends(played: Played) -> list[str]:
    return [effect.call.operation for effect in played.effects if isinstance(effect, Send)]


@pytest.mark.parametrize("failure", [LOST, UNSENT, ODD])
def test_a_platform_that_is_down_is_not_called_for_every_address(failure: Answer) -> None:
    jobs = one_each(*[Action.UPDATE] * 6)
    played = play(*jobs, answers={f"call-{number}": failure for number in range(6)})

    assert sends(played) == ["call-0", "call-1", "call-2"]
    assert played.results[3:] == [Result.PENDING] * 3
    assert "in a row" in played.run.outcomes[3].why


def test_one_answer_in_between_starts_the_count_anew() -> None:
    jobs = one_each(*[Action.UPDATE] * 6)
    lost = {f"call-{number}": LOST for number in (0, 1, 3, 4)}

    assert len(sends(play(*jobs, answers=lost))) == 6


def test_that_a_platform_says_no_is_no_failure_of_its() -> None:
    jobs = one_each(*[Action.UPDATE] * 6)

    assert len(sends(play(*jobs, answers={f"call-{number}": NO for number in range(6)}))) == 6


def test_failures_never_hold_back_a_stop_or_a_blacklist_addition() -> None:
    jobs = one_each(*[Action.UPDATE] * 3, Action.START, Action.STOP, Action.BLACKLIST_ADD)
    played = play(*jobs, answers={f"call-{number}": LOST for number in range(3)})

    assert sends(played)[3:] == ["call-4", "call-5"]
    assert played.results[3:] == [Result.PENDING, Result.VERIFIED, Result.VERIFIED]


def test_the_quota_keeps_a_tenth_for_stops_and_blacklist_additions() -> None:
    """Each change takes a write and a read-back: of 9 calls left of 50, 4 may be used."""
    jobs = one_each(*[Action.UPDATE] * 3, Action.STOP, Action.BLACKLIST_ADD)
    played = play(*jobs, quota=Quota(used=41, left=9, limit=50))

    assert played.results == [Result.VERIFIED, Result.VERIFIED, Result.PENDING, Result.VERIFIED, Result.VERIFIED]
    assert "quota" in played.run.outcomes[2].why


@pytest.mark.parametrize("often", ["call-0", "back"])
def test_requests_that_are_made_again_count_for_the_quota(often: str) -> None:
    """The platform counts each of them: with two more the first change has used what may be used."""
    jobs = one_each(*[Action.UPDATE] * 3, Action.STOP)
    played = play(*jobs, quota=Quota(used=41, left=9, limit=50), answers={often: replace(OK, again=2)})

    assert played.results == [Result.VERIFIED, Result.PENDING, Result.PENDING, Result.VERIFIED]


def test_a_quota_that_ends_in_the_middle_of_a_change_leaves_nothing_unknown() -> None:
    script = Script(calls=[send("one", rows=1), send("two", rows=1)])
    played = play(job(script, change(Action.ROWS_ADD, kind="contacts")), quota=Quota(used=0, left=1, limit=1))

    assert sends(played) == ["one"]
    assert (played.results, played.run.exit_code) == ([Result.PENDING], 5)


def test_without_a_known_quota_nothing_is_held_back() -> None:
    assert len(sends(play(*one_each(*[Action.UPDATE] * 20), quota=Quota()))) == 20
