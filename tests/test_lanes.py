"""Several targets at once: what goes side by side, what waits, and what stops all of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from random import Random
from types import SimpleNamespace
from typing import Any, Final, cast

import pytest

from reconciler.apply import Effect, Forget, Intend, Job, Lanes, Now, Pause, Read, Result, Run, Send, Settle, Tell, Work
from reconciler.apply.ahead import Ahead
from reconciler.call import Answer, Batch, Call, Ending, Flow, InDoubt, Judgement, Page, Reply, Safety
from reconciler.errors import JournalBroken
from reconciler.journal.entry import Entry, Event
from reconciler.plan.known import Quota, Seen
from reconciler.plan.values import Change, Plan, Reason
from reconciler.platforms.platform import Certainty, Evidence, Platform, Step
from reconciler.reconcile import carry, fence
from reconciler.reconcile.fence import GAP_S, LeaseFence
from reconciler.reconcile.session import Session
from reconciler.resource import Action, Address, Origin, Reading, Support
from reconciler.rows.sheet import Presence, Verb
from reconciler.target import READ_AGAIN_S, Target

NOW: Final = datetime(2026, 11, 24, 10, tzinfo=UTC)
OK: Final = Reply(status=200)
LOST: Final = InDoubt(reason="no answer")
PATIENCE_S: Final = 60.0  # only a failure waits that long


def call(name: str) -> Call:
    return Call(operation=name, method="POST", path=f"/{name}", safety=Safety.SET)


class Script:
    """A platform that makes these calls for a change."""

    def __init__(self, *calls: str) -> None:
        self.calls = calls

    def write(self, step: Step) -> Flow[Mapping[str, str]]:
        del step
        for name in self.calls:
            yield call(name)
        return {}

    def verify(self, step: Step, facts: Mapping[str, str]) -> Flow[Evidence]:
        del step, facts
        yield from ()
        return Evidence(certainty=Certainty.VERIFIED)

    def judge(self, call: Call, reply: Reply) -> Judgement:
        del call, reply
        return Judgement(ending=Ending.DONE)


def job(target: str, name: str, *calls: str, action: Action = Action.UPDATE, after: Sequence[Job] = ()) -> Job:
    kind = "blacklist" if action is Action.BLACKLIST_ADD else "campaign"
    return Job(
        change=Change(
            action=action,
            address=Address(target, kind, name),
            reason=Reason.FIELDS,
            depends_on=tuple(other.change.key for other in after),
        ),
        platform=cast("Platform", Script(*(calls or (f"{target}-{name}",)))),
        target=Target(
            name=target,
            platform="wolkvox",
            url="http://127.0.0.1/x",
            account=target,
            country="CO",
            timezone="America/Bogota",
            platform_timezone="America/Bogota",
            origin=Origin(""),
        ),
        support=Support(kind=kind),
        container=lambda _live: f"box|{target}",
    )


def work(*jobs: Job, quotas: Mapping[str, Quota] | None = None) -> Work:
    plan = Plan(changes=tuple(one.change for one in jobs), created_at=NOW, valid_until=NOW + timedelta(hours=24))
    seen = {one.target.name: Seen(campaigns=Reading(read_at=NOW), quota=(quotas or {}).get(one.target.name)) for one in jobs}
    return Work(plan=plan, run="run-1", jobs=jobs, seen=seen, read_at=NOW)


class Driven:
    """Lanes that the test lets go on, one effect of one target at a time."""

    def __init__(self, *jobs: Job, quotas: Mapping[str, Quota] | None = None) -> None:
        self.lanes = Lanes(work(*jobs, quotas=quotas), NOW)
        self.sent: list[str] = []
        self.entries: list[Entry] = []
        self.pauses: list[float] = []
        self.stopped = False

    def step(self, target: str, answer: Answer | Exception = OK) -> Effect:
        """One effect of a target, which comes to `answer` where it is a call or fails."""
        effect = self.lanes.asks[target]
        if isinstance(answer, Exception):
            self.lanes.fail(target, answer)
            return effect
        match effect:
            case Intend():
                given: Any = not self.stopped
                self.entries += [effect.entry] if given else []
            case Send() | Read():
                given = answer
                self.sent.append(effect.call.operation)
            case Settle():
                given = None
                self.entries += effect.entries
            case Now():
                given = NOW
            case Pause():
                given = None
                self.pauses.append(effect.seconds)
            case _:
                given = None
        self.lanes.answer(target, given)
        return effect

    def until(self, target: str, kind: type[Effect]) -> None:
        """Up to an effect of that kind, which is not done yet."""
        while not isinstance(self.lanes.asks[target], kind):
            self.step(target)

    def through(self, *order: str) -> Run:
        """To the end, the first of `order` that can go on first."""
        while asks := self.lanes.asks:
            self.step(next(target for target in (*order, *asks) if target in asks))
        return self.lanes.run(NOW)


def results(run: Run) -> list[Result]:
    return [outcome.result for outcome in run.outcomes]


def test_every_target_has_a_call_on_its_way_at_the_same_time() -> None:
    driven = Driven(job("a", "x"), job("b", "x"), job("c", "x"))
    for target in "abc":
        driven.until(target, Send)

    assert [type(effect) for effect in driven.lanes.asks.values()] == [Send, Send, Send]


@pytest.mark.parametrize("order", list(permutations("abc")))
def test_outcomes_stand_in_the_plans_order_whoever_ends_first(order: Sequence[str]) -> None:
    jobs = [job("b", "1"), job("a", "1"), job("c", "1"), job("a", "2"), job("b", "2")]

    run = Driven(*jobs).through(*order)

    assert [str(outcome.change.address) for outcome in run.outcomes] == [str(one.change.address) for one in jobs]
    assert set(results(run)) == {Result.VERIFIED}


def test_within_a_target_the_plans_order_holds() -> None:
    driven = Driven(job("a", "2"), job("b", "1"), job("a", "1"), job("a", "3"))
    driven.through("b", "a")

    assert [name for name in driven.sent if name.startswith("a")] == ["a-2", "a-1", "a-3"]


def test_a_call_that_reaches_people_waits_for_the_list_of_another_target() -> None:
    barred = job("a", "out", "bar-1", "bar-2", action=Action.BLACKLIST_ADD)
    driven = Driven(barred, job("b", "club", action=Action.START, after=[barred]), job("c", "free"))

    assert set(driven.lanes.asks) == {"a", "c"}
    driven.until("c", Send)
    while "b" not in driven.lanes.asks:
        driven.step("a")
    verified = [(entry.call, entry.event) for entry in driven.entries if entry.event is Event.VERIFIED]

    assert verified == [("bar-1", Event.VERIFIED), ("bar-2", Event.VERIFIED)]
    assert set(results(driven.through())) == {Result.VERIFIED}


def test_where_the_list_did_not_end_well_nobody_is_reached_anywhere() -> None:
    barred = job("a", "out", action=Action.BLACKLIST_ADD)
    driven = Driven(barred, job("b", "club", action=Action.START, after=[barred]), job("b", "other"))
    driven.until("a", Send)
    driven.step("a", LOST)
    run = driven.through()

    assert results(run) == [Result.UNKNOWN, Result.SKIPPED, Result.VERIFIED]
    assert "b-club" not in driven.sent


def test_two_lanes_never_wait_for_each_other() -> None:
    """A plan is in an order in which nothing waits for what comes later; where it is not, what waits is skipped."""
    later = job("b", "later", action=Action.STOP)
    driven = Driven(job("a", "first", after=[later]), later)

    assert results(driven.through("a", "b")) == [Result.SKIPPED, Result.VERIFIED]


def test_a_run_that_is_asked_to_stop_stops_every_lane_before_its_next_intent() -> None:
    driven = Driven(job("a", "x", "a1", "a2"), job("b", "x", "b1", "b2"), job("b", "y"))
    driven.until("a", Send)
    driven.until("b", Intend)
    driven.stopped = True
    driven.step("b")
    run = driven.through("a")

    assert driven.sent == ["a1"]
    assert (results(run), run.interrupted, run.exit_code) == ([Result.PENDING] * 3, True, 130)
    assert [(entry.call, entry.event) for entry in driven.entries] == [("a1", Event.INTENT), ("a1", Event.ACKED)]


@pytest.mark.parametrize("failure", [JournalBroken("the disk is full", code="JRN004"), ValueError("a bug")])
def test_what_breaks_one_lane_stops_every_other_before_its_next_intent(failure: Exception) -> None:
    driven = Driven(job("a", "x", "a1", "a2"), job("b", "x", "b1", "b2"), job("a", "y"), job("b", "y"))
    driven.until("a", Send)
    driven.until("b", Settle)
    driven.step("b", failure)
    run = driven.through("a")

    assert driven.sent == ["b1", "a1"]
    assert results(run) == [Result.PENDING, Result.UNKNOWN, Result.PENDING, Result.PENDING]
    assert run.broke is failure
    assert run.outcomes[0].begun  # what was taken is told, and read back by the next run
    assert ("a1", Event.ACKED) in [(entry.call, entry.event) for entry in driven.entries]


def test_what_fails_outside_of_any_change_leaves_nobody_waiting() -> None:
    barred = job("a", "out", action=Action.BLACKLIST_ADD)
    driven = Driven(barred, job("a", "z"), job("b", "club", action=Action.START, after=[barred]))
    failure = ValueError("a bug in whoever watches")
    while not (isinstance(effect := driven.lanes.asks["a"], Tell) and effect.outcome):
        driven.step("a")
    driven.step("a", failure)
    run = driven.through()

    assert (results(run), run.broke) == ([Result.VERIFIED, Result.PENDING, Result.PENDING], failure)
    assert driven.sent == ["a-out"]


def test_failures_and_quotas_are_those_of_one_target() -> None:
    driven = Driven(job("a", "x"), job("a", "y"), job("b", "x"), quotas={"a": Quota(limit=10, left=2)})

    run = driven.through()

    assert results(run) == [Result.VERIFIED, Result.PENDING, Result.VERIFIED]


class Exported(Script):
    """A platform whose read-back shows pages of rows."""

    def verify(self, step: Step, facts: Mapping[str, str]) -> Flow[Evidence]:
        for number in range(2):
            yield replace(call(f"page-{number}"), method="GET", safety=Safety.READ)
        return (yield from super().verify(step, facts))


def test_what_was_read_back_does_not_stay_in_memory() -> None:
    exported = replace(job("a", "x"), platform=cast("Platform", Exported("a1")))
    driven = Driven(exported)
    forgotten: list[str] = []
    while asks := driven.lanes.asks:
        effect = asks["a"]
        forgotten += effect.tables if isinstance(effect, Forget) else []
        page = effect.call.operation if isinstance(effect, Read) else ""
        driven.step("a", Reply(status=200, page=Page(table=page, count=1, envelope={})) if page else OK)

    assert forgotten == ["page-0", "page-1"]


# --- several calls of one target at once ---------------------------------------------------------------------------------


def placed(one: Job, place: str = "", *, at_once: int = 2) -> Job:
    """The same change at a target that takes so many calls at a time; its rows belong in `place`."""
    target = replace(one.target, calls_in_flight=at_once)
    return replace(one, target=target, container=lambda _live: place or f"box|{one.change.address}")


def loading(name: str, place: str, *, action: Action = Action.ROWS_ADD) -> Job:
    one = job("a", name, action=action)
    kind = "blacklist" if action is Action.BLACKLIST_ADD else "contacts"
    return placed(replace(one, change=replace(one.change, address=Address("a", kind, name))), place)


def beginning(driven: Driven) -> set[str]:
    """The addresses that have a call on its way once every lane has come as far as it can."""
    for lane in list(driven.lanes.asks):
        driven.until(lane, Send)
    return {effect.call.operation for effect in driven.lanes.asks.values() if isinstance(effect, Send)}


@pytest.mark.parametrize(
    ("at_once", "calls"), [(1, {"a-1"}), (2, {"a-1", "a-2"}), (3, {"a-1", "a-2", "a-3"}), (8, {"a-1", "a-2", "a-3"})]
)
def test_a_target_is_called_as_often_at_once_as_it_takes(at_once: int, calls: set[str]) -> None:
    driven = Driven(*(placed(job("a", name, action=Action.CREATE), at_once=at_once) for name in "123"))

    assert beginning(driven) == calls
    assert results(driven.through()) == [Result.VERIFIED] * 3


def test_what_is_of_another_kind_waits_until_what_comes_earlier_has_ended() -> None:
    """A stop is there before anything is made, and a start comes after everything that the plan has before it."""
    stops = [placed(job("a", name, action=Action.STOP)) for name in ("s1", "s2")]
    stops = [replace(one, target=replace(one.target, limits={"settle_s": 0})) for one in stops]
    driven = Driven(*stops, placed(job("a", "c1", action=Action.CREATE)), placed(job("a", "c2", action=Action.CREATE)))

    assert beginning(driven) == {"a-s1", "a-s2"}
    while "a-s1" not in driven.sent or any(entry.event is Event.INTENT and entry.call == "a-c1" for entry in driven.entries):
        driven.step("a")
    while "a" in driven.lanes.asks:
        driven.step("a")
    assert driven.sent == ["a-s1"]  # its lane waits for the other stop
    driven.through()

    assert driven.sent[:2] == ["a-s1", "a-s2"]
    assert set(driven.sent[2:]) == {"a-c1", "a-c2"}


@pytest.mark.parametrize("action", [Action.ROWS_ADD, Action.BLACKLIST_ADD])
def test_rows_of_one_place_are_loaded_one_document_after_another(action: Action) -> None:
    one, other = loading("x", "box|7", action=action), loading("y", "box|7", action=action)
    apart = loading("z", "box|8", action=action)

    assert beginning(Driven(one, other)) == {"a-x"}
    assert beginning(Driven(one, apart)) == {"a-x", "a-z"}


def test_within_a_target_too_a_change_waits_for_what_it_depends_on() -> None:
    first = placed(job("a", "first"))
    driven = Driven(first, placed(job("a", "second", after=[first])))

    assert beginning(driven) == {"a-first"}
    assert results(driven.through()) == [Result.VERIFIED] * 2


def mixed() -> list[Job]:
    """A plan of everything, at a target that takes three calls at a time, and at another one."""
    barred = loading("out", "list", action=Action.BLACKLIST_ADD)
    made = [job("a", f"made-{number}", action=Action.CREATE) for number in range(4)]
    loads = [loading(f"load-{number}", f"box|{number // 2}") for number in range(4)]
    starts = [
        job("a", f"made-{number}", f"start-{number}", action=Action.START, after=[barred, made[number]]) for number in range(3)
    ]
    elsewhere = job("b", "club", action=Action.START, after=[barred])
    jobs = [
        job("a", "old", action=Action.STOP),
        *made,
        barred,
        *loads,
        elsewhere,
        *starts,
        job("a", "gone", action=Action.DELETE),
    ]
    limits = {"settle_s": 0}
    every = (one if one.change.address.kind != "campaign" else placed(one) for one in jobs)
    return [replace(one, target=replace(one.target, calls_in_flight=3, limits=limits)) for one in every]


@pytest.mark.parametrize("seed", range(40))
def test_whatever_ends_first_what_is_under_way_at_once_may_be(seed: int) -> None:
    """Every call of a change comes after all that the plan has before it, but for changes of its own kind elsewhere."""
    order, jobs = Random(seed), mixed()  # noqa: S311 - chance that can be told again, no secret
    driven, places = Driven(*jobs), {one.change.key: place for place, one in enumerate(jobs)}
    by_key = {one.change.key: one for one in jobs}
    under_way: dict[str, Job] = {}
    ended: set[str] = set()
    most = 0
    while asks := driven.lanes.asks:
        lane = order.choice(sorted(asks))
        effect = driven.step(lane)
        if isinstance(effect, Intend):
            assert effect.entry.action
            mine = by_key[f"{effect.entry.action.value} {effect.entry.address}"]
            same = [one for one in jobs if one.target.name == mine.target.name and one is not mine]
            for other in same:
                if places[other.change.key] < places[mine.change.key] and other.change.key not in ended:
                    assert (other.change.action, other.change.address.kind) == (mine.change.action, mine.change.address.kind)
                    assert other.change.address != mine.change.address
                    assert other.place != mine.place
            assert ended >= set(mine.change.depends_on)
            under_way[lane] = mine
            most = max(most, sum(one.target.name == "a" for one in under_way.values()))
        for name, asked in driven.lanes.asks.items():
            if isinstance(asked, Tell) and asked.outcome:
                under_way.pop(name, None)
                ended.add(asked.outcome.change.key)
    run = driven.lanes.run(NOW)

    assert results(run) == [Result.VERIFIED] * len(jobs)
    assert [outcome.change for outcome in run.outcomes] == [one.change for one in jobs]
    assert most <= 3


def test_what_breaks_one_lane_of_a_target_stops_its_others_before_their_next_intent() -> None:
    driven = Driven(*(placed(job("a", name, f"{name}1", f"{name}2")) for name in "xyz"))
    driven.until("a", Settle)
    driven.until("a#2", Send)
    driven.step("a", JournalBroken("the disk is full", code="JRN004"))
    run = driven.through()

    assert driven.sent == ["x1", "y1"]
    assert results(run) == [Result.UNKNOWN, Result.PENDING, Result.PENDING]


def test_what_fails_outside_of_any_change_ends_every_lane_of_its_target() -> None:
    driven = Driven(*(placed(job("a", name)) for name in "xyz"))
    driven.until("a#2", Send)
    while not (isinstance(effect := driven.lanes.asks["a"], Tell) and effect.outcome):
        driven.step("a")
    driven.step("a", ValueError("a bug in whoever watches"))
    run = driven.through()

    assert driven.sent == ["a-x", "a-y"]
    assert results(run) == [Result.VERIFIED, Result.VERIFIED, Result.PENDING]


def test_a_quota_is_kept_by_all_lanes_together() -> None:
    jobs = [placed(job("a", name)) for name in "wxyz"]
    run = Driven(*jobs, quotas={"a": Quota(limit=10, left=3)}).through("a#2", "a")

    assert results(run).count(Result.VERIFIED) == 2
    assert results(run).count(Result.PENDING) == 2


# --- rows made ready -----------------------------------------------------------------------------------------------------


class Rows:
    """A feed of batches that counts which were made."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.made = 0
        self.attached = ""
        self.failure: Exception | None = None

    def batches(self, verb: Verb, rows_max: int) -> Iterator[Batch]:
        del verb, rows_max
        for number in range(self.left):
            if self.failure:
                raise self.failure
            self.made += 1
            yield Batch(rows=[{"key": str(number)}], recipients=bytes(16), digest=f"d{number}")

    def count(self, verb: Verb) -> int:
        del verb
        return self.left

    def attach(self, table: str) -> None:
        self.attached = table

    def matches(self, verb: Verb, table: str, rows_max: int) -> Iterator[Batch]:
        del verb, table, rows_max
        return iter(())

    def presence(self, verb: Verb, table: str) -> Presence:
        del verb, table
        return Presence(present=self.left, missing=0, twice=0)


class Uploads(Script):
    """A platform that sends every batch in a call of its own."""

    def write(self, step: Step) -> Flow[Mapping[str, str]]:
        assert step.feed is not None
        for batch in step.feed.batches(Verb.ADD, 1):
            yield replace(call(f"add-{batch.rows[0]['key']}"), batch=batch, safety=Safety.MARKER)
        return {}


def upload(rows: Rows) -> Job:
    plain = job("a", "base", action=Action.ROWS_ADD)
    return replace(plain, platform=cast("Platform", Uploads()), feed=lambda _container: rows)


@pytest.mark.parametrize("ahead", [False, True])
def test_rows_are_made_one_batch_ahead_of_the_call_at_most(ahead: bool) -> None:
    rows = Rows(50)
    driven = Driven(upload(rows))
    most = 0
    while asks := driven.lanes.asks:
        if isinstance(effect := asks["a"], Send) and ahead:
            assert effect.meanwhile
            effect.meanwhile()
            effect.meanwhile()
        most = max(most, rows.made - len(driven.sent))
        driven.step("a")

    assert driven.sent == [f"add-{number}" for number in range(50)]
    assert (rows.made, most) == (50, 2 if ahead else 1)


def test_what_fails_while_rows_are_made_ahead_is_told_where_they_are_asked_for() -> None:
    rows = Rows(3)
    driven = Driven(upload(rows))
    driven.until("a", Send)
    rows.failure = ValueError("the engine failed")
    effect = driven.lanes.asks["a"]
    assert isinstance(effect, Send)
    assert effect.meanwhile
    effect.meanwhile()
    run = driven.through()

    assert (driven.sent, run.broke) == (["add-0"], rows.failure)
    assert [(entry.call, entry.event) for entry in driven.entries][:2] == [("add-0", Event.INTENT), ("add-0", Event.ACKED)]


def test_made_ahead_a_feed_says_what_it_said_before() -> None:
    rows = Rows(3)
    ahead = Ahead(rows)
    ahead.make_next()
    ahead.attach("contacts")

    assert (rows.made, rows.attached) == (0, "contacts")
    assert ahead.count(Verb.ADD) == 3
    assert list(ahead.matches(Verb.ADD, "page", 1)) == []
    assert ahead.presence(Verb.ADD, "page").present == 3


# --- the runtime ---------------------------------------------------------------------------------------------------------


class Journal:
    """Takes entries, and knows in which thread."""

    def __init__(self) -> None:
        self.events: list[tuple[str, Event]] = []
        self.threads: set[threading.Thread] = set()

    def append(self, entry: Entry, columns: object) -> None:
        del columns
        self.append_all([entry])

    def append_all(self, entries: Sequence[Entry], *, synced: bool = True) -> None:
        del synced
        self.threads.add(threading.current_thread())
        self.events += [(entry.call, entry.event) for entry in entries]


def session(sending: Callable[[str, Call], Answer], journal: Journal, *targets: str) -> Session:
    """As much of a session as carrying out needs."""
    world = SimpleNamespace(now=lambda: NOW, boot=lambda: ("boot", 1.0))
    made = SimpleNamespace(
        project=SimpleNamespace(targets={name: name for name in targets}),
        wire=lambda name: SimpleNamespace(send=lambda call: sending(name, call)),
        journal=journal,
        world=world,
        turn=threading.Lock(),
    )
    return cast("Session", made)


def test_targets_are_called_at_once_and_the_journal_is_written_by_one_thread() -> None:
    together, journal = threading.Barrier(3, timeout=PATIENCE_S), Journal()

    def sending(_target: str, _call: Call) -> Answer:
        together.wait()
        return OK

    jobs = [job(target, "x", f"{target}1", f"{target}2") for target in "abc"]
    run = carry._drive(session(sending, journal, *"abc"), work(*jobs), carry.Watching())

    assert results(run) == [Result.VERIFIED] * 3
    assert journal.threads == {threading.current_thread()}
    for target in "abc":
        mine = [event for name, event in journal.events if name == f"{target}1"]
        assert mine == [Event.INTENT, Event.ACKED, Event.VERIFIED]


def test_a_target_that_takes_two_calls_has_two_on_their_way() -> None:
    together, journal = threading.Barrier(2, timeout=PATIENCE_S), Journal()

    def sending(target: str, _call: Call) -> Answer:
        assert target == "a"
        together.wait()
        return OK

    jobs = [placed(job("a", name, action=Action.CREATE)) for name in "1234"]
    run = carry._drive(session(sending, journal, "a"), work(*jobs), carry.Watching())

    assert results(run) == [Result.VERIFIED] * 4
    assert journal.threads == {threading.current_thread()}


def test_rows_are_made_ready_while_the_call_before_them_is_on_its_way() -> None:
    """The first call is answered only once the rows of the second are there."""
    rows, journal = Rows(2), Journal()
    second = threading.Event()
    making = rows.batches

    def batches(verb: Verb, rows_max: int) -> Iterator[Batch]:
        for batch in making(verb, rows_max):
            if rows.made == 2:
                second.set()
            yield batch

    rows.batches = batches  # type: ignore[method-assign]  # watched

    def sending(_target: str, _call: Call) -> Answer:
        return OK if second.wait(PATIENCE_S) else LOST

    run = carry._drive(session(sending, journal, "a"), work(upload(rows)), carry.Watching())

    assert results(run) == [Result.VERIFIED]


def test_a_call_that_goes_wrong_in_its_thread_is_told_to_its_own_lane() -> None:
    journal = Journal()
    failure = ValueError("a bug")

    def sending(target: str, _call: Call) -> Answer:
        if target == "a":
            raise failure
        return OK

    run = carry._drive(session(sending, journal, "a", "b"), work(job("a", "x"), job("b", "x", "b1")), carry.Watching())

    assert (results(run)[0], run.broke) == (Result.UNKNOWN, failure)
    assert ("a-x", Event.AMBIGUOUS) in journal.events


# --- one lease, one timer ------------------------------------------------------------------------------------------------


class Timer:
    """What the kernel was asked for."""

    def __init__(self) -> None:
        self.rings: float | None = None

    def start(self, seconds: float) -> None:
        self.rings = seconds

    def stop(self) -> None:
        self.rings = None


class Lease:
    def __init__(self, left: float) -> None:
        self.left = left

    def left_s(self) -> float:
        return self.left

    def renew(self) -> None:
        self.left = 180.0


def test_the_timer_runs_until_the_last_request_has_left(monkeypatch: pytest.MonkeyPatch) -> None:
    timer = Timer()
    monkeypatch.setattr(fence, "_Timer", lambda: timer)
    lease = Lease(100.0)
    one = LeaseFence(lease, 5.0)
    other = LeaseFence(lease, 95.0, beside=one)

    assert one.arm() == ""
    assert timer.rings == 100.0 - GAP_S
    assert other.arm() == ""  # needs more than is left: the lease begins anew, for both
    assert timer.rings == 180.0 - GAP_S
    other.disarm()
    other.disarm()
    assert timer.rings is not None
    one.disarm()
    assert timer.rings is None


def test_of_two_requests_to_one_target_the_timer_runs_until_both_have_left(monkeypatch: pytest.MonkeyPatch) -> None:
    timer = Timer()
    monkeypatch.setattr(fence, "_Timer", lambda: timer)
    one = LeaseFence(Lease(100.0), 5.0)

    def beside() -> None:
        assert one.arm() == ""
        one.disarm()

    assert one.arm() == ""
    other = threading.Thread(target=beside)
    other.start()
    other.join()

    assert timer.rings is not None
    one.disarm()
    assert timer.rings is None


def test_a_lease_that_has_ended_keeps_the_timer_for_what_is_still_on_its_way(monkeypatch: pytest.MonkeyPatch) -> None:
    timer = Timer()
    monkeypatch.setattr(fence, "_Timer", lambda: timer)
    lease = Lease(100.0)
    one = LeaseFence(lease, 5.0)
    other = LeaseFence(lease, 5.0, beside=one)
    assert one.arm() == ""
    lease.left = 0.0
    monkeypatch.setattr(lease, "renew", lambda: None)

    assert other.arm() != ""
    assert timer.rings is not None


# --- run states are looked at twice


class Looks(Script):
    """A platform that shows, look by look, what the test says."""

    def __init__(self, *certainties: Certainty) -> None:
        super().__init__("stop")
        self.certainties = list(certainties)

    def verify(self, step: Step, facts: Mapping[str, str]) -> Flow[Evidence]:
        del step, facts
        yield from ()
        return Evidence(certainty=self.certainties.pop(0), why="so it is")


def stopping(*certainties: Certainty, reason: Reason = Reason.STATE, action: Action = Action.STOP) -> Job:
    of = job("a", "stop", action=action)
    return replace(of, platform=cast("Platform", Looks(*certainties)), change=replace(of.change, reason=reason))


@pytest.mark.parametrize("action", [Action.STOP, Action.START])
@pytest.mark.parametrize("reason", [Reason.STATE, Reason.EDIT])
@pytest.mark.parametrize(
    ("second", "result", "event"),
    [
        (Certainty.VERIFIED, Result.VERIFIED, Event.VERIFIED),
        (Certainty.WRONG, Result.FAILED, Event.NO_EFFECT),
        (Certainty.UNKNOWN, Result.UNVERIFIABLE, Event.VERIFIED_WEAK),
    ],
)
def test_a_run_state_is_proven_by_a_second_look_alone(
    action: Action, reason: Reason, second: Certainty, result: Result, event: Event
) -> None:
    """An older reading may show the wished state just as well; one look is written down as nothing."""
    driven = Driven(stopping(Certainty.VERIFIED, second, reason=reason, action=action))

    while not isinstance(driven.lanes.asks.get("a"), Pause):
        driven.step("a")
    assert [entry.event for entry in driven.entries] == [Event.INTENT, Event.ACKED]
    pause = driven.step("a")
    assert isinstance(pause, Pause)
    assert pause.seconds == READ_AGAIN_S
    driven.through()

    assert driven.entries[-1].event is event
    assert [outcome.result for outcome in driven.lanes.run(NOW).outcomes] == [result]


def test_all_run_states_of_a_target_wait_together() -> None:
    """Nobody who is to be stopped waits for the proof of another stop."""
    jobs = [stopping(Certainty.VERIFIED, Certainty.VERIFIED) for _ in range(3)]
    jobs = [replace(one, change=replace(one.change, address=Address("a", "campaign", str(n)))) for n, one in enumerate(jobs)]
    driven = Driven(*jobs)
    driven.through()

    assert driven.sent == ["stop"] * 3
    assert len(driven.pauses) == 1
    assert {outcome.result for outcome in driven.lanes.run(NOW).outcomes} == {Result.VERIFIED}


@pytest.mark.parametrize("at_once", [1, 2])
@pytest.mark.parametrize("action", [Action.DELETE, Action.UPDATE])
def test_what_a_later_change_of_an_object_rests_on_is_proven_before_that_begins(at_once: int, action: Action) -> None:
    """Else it would be looked at again while, or after, something else was done to it."""
    stop = stopping(Certainty.VERIFIED, Certainty.VERIFIED)
    later = job("a", "stop", "later", action=action, after=[stop])
    driven = Driven(*(replace(one, target=replace(one.target, calls_in_flight=at_once)) for one in (stop, later)))
    run = driven.through("a#2", "a")
    told = [(entry.call, entry.event) for entry in driven.entries]

    assert results(run) == [Result.VERIFIED] * 2
    assert told.index(("stop", Event.VERIFIED)) < told.index(("later", Event.INTENT))


def test_a_run_that_is_over_proves_nothing_more() -> None:
    """What one look has shown is less than proof, and said so."""
    driven = Driven(stopping(Certainty.VERIFIED, Certainty.VERIFIED), job("b", "other"))
    while not isinstance(driven.lanes.asks.get("a"), Pause):
        driven.step("a")
    while not isinstance(driven.lanes.asks.get("b"), Intend):
        driven.step("b")
    driven.step("b", JournalBroken("no", code="JRN004"))
    driven.through()

    assert driven.lanes.run(NOW).outcomes[0].result is Result.UNVERIFIABLE
    assert Event.VERIFIED not in {entry.event for entry in driven.entries}


def test_where_nothing_takes_time_to_show_one_look_is_enough() -> None:
    of = stopping(Certainty.VERIFIED)
    driven = Driven(replace(of, target=replace(of.target, limits={"settle_s": 0})))
    driven.through()

    assert driven.pauses == []
    assert driven.entries[-1].event is Event.VERIFIED
