"""A colleague at the console while a change is carried out: right before the write, and between the write and its read-back."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final

import pytest

from reconciler.apply import Job, Result, looks_first
from reconciler.call import Flow, Safety
from reconciler.diff import FieldDiff
from reconciler.journal.entry import Entry, Event
from reconciler.plan.known import Quota
from reconciler.plan.values import Change, Reason, Wish
from reconciler.platforms.platform import Certainty, Evidence, NotReadable, Step
from reconciler.resource import Action, Address, Live, State, Support
from tests.test_apply import LOST, Played, Script, change, job, play, read, send, wish

SUPPORT: Final = Support(
    kind="campaign", unreadable=frozenset({"window"}), running_fields=frozenset({"execution_mode", "start_at"})
)
RIGHT: Final = Certainty.VERIFIED


def live(state: State = State.STOPPED, **fields: Any) -> Live:
    return Live(id="7", name="a", fields={"speed": 60, "description": "x"} | fields, state=state)


def shows(now: Live | None, certainty: Certainty = RIGHT, why: str = "") -> Evidence:
    return Evidence(certainty=certainty, why=why, live=now)


@dataclass
class Console(Script):
    """A platform that shows, one reading after the other, what a colleague made of it."""

    shown: Sequence[Evidence | Exception] = ()
    seen: list[Step] = field(default_factory=list)

    def verify(self, step: Step, facts: Mapping[str, str]) -> Flow[Evidence]:
        del facts
        yield read(f"look {len(self.seen) + 1}")
        self.seen.append(step)
        evidence = self.shown[len(self.seen) - 1]
        if isinstance(evidence, Exception):
            raise evidence
        return evidence


def update(action: Action = Action.UPDATE, live_id: str = "7", **fields: tuple[Any, Any]) -> Change:
    """A change of these fields: (before, after)."""
    diff = tuple(
        FieldDiff(path=path, before=before, after=after, verifiable=path != "window")
        for path, (before, after) in fields.items()
    )
    verifiable = all(one.verifiable for one in diff)
    return change(action, diff=diff, live_id=live_id, verifiable=verifiable)


FASTER: Final = update(speed=(60, 80))
STORED: Final[dict[str, Any]] = {"speed": 80}


def at_work(
    *shown: Evidence | Exception, of: Change = FASTER, wished: Wish | None = None, planned: Live | None = None, **more: Any
) -> tuple[Console, Job]:
    """One change of the campaign that the plan saw as `planned`, and what the platform shows while it is carried out."""
    console = Console(calls=[send("edit")], shown=shown, **more)
    one = job(console, of, wish=wished or wish(**STORED), live=planned or live())
    return console, replace(one, support=SUPPORT)


def carried(*shown: Evidence | Exception, **more: Any) -> Played:
    return play(at_work(*shown, **more)[1])


def last(played: Played) -> Entry:
    return played.entries[-1]


# --- when it looks


@pytest.mark.parametrize(
    ("of", "looks"),
    [
        (FASTER, True),
        (update(window=("a", "b")), True),
        (update(Action.DELETE), True),
        (update(Action.START, execution_mode=("manual", "always_on")), True),
        (update(Action.START, state=("stopped", "started")), False),
        (update(Action.START), False),
        (update(Action.START, "", execution_mode=(None, "always_on")), False),
        (update(Action.STOP), False),
        (update(Action.CREATE, "", speed=(None, 80)), False),
        (Change(action=Action.ROWS_ADD, address=Address("t", "contacts", "a"), reason=Reason.ROWS, live_id="7"), False),
    ],
)
def test_it_looks_before_it_sets_fields_of_what_is_there_and_before_it_deletes(of: Change, looks: bool) -> None:
    assert looks_first(of) is looks


def test_the_look_is_the_last_call_before_the_write_and_is_counted() -> None:
    console, one = at_work(shows(live(description="y"), Certainty.WRONG), shows(live(speed=80, description="y")))
    played = play(one)

    assert played.trace == ["read look 1", "intend edit", "send edit", "acked edit", "read look 2", "verified edit"]
    assert played.run.outcomes[0].calls == 3
    assert console.steps[0].live is not None
    assert console.steps[0].live.fields["description"] == "y", "what is put back is what is there now"


# --- between plan and write


def nothing_sent(played: Played, result: Result) -> str:
    """The change was not made, and nothing was written down; says why."""
    assert (played.results, played.entries) == ([result], [])
    assert played.run.exit_code == 1
    return played.run.outcomes[0].why


def test_what_somebody_set_since_the_plan_is_not_overwritten() -> None:
    why = nothing_sent(carried(shows(live(speed=75), Certainty.WRONG)), Result.FAILED)

    assert why == "somebody changed speed since the plan was made: plan again"


@pytest.mark.parametrize("there", [live(speed=80), live(description="other"), live(State.STARTED), live(window="z")])
def test_what_is_as_wished_already_or_is_not_touched_is_no_obstacle(there: Live) -> None:
    after = replace(there, fields={**there.fields, "speed": 80})

    assert carried(shows(there, Certainty.WRONG), shows(after)).results == [Result.VERIFIED]


@pytest.mark.parametrize(
    ("evidence", "why"),
    [
        (NotReadable("no list"), "no list"),
        (shows(None, Certainty.UNKNOWN, "not in the list"), "not in the list"),
        (shows(None, Certainty.WRONG), "the platform does not show it"),
    ],
)
def test_what_cannot_be_looked_at_is_not_changed(evidence: Evidence | Exception, why: str) -> None:
    assert nothing_sent(carried(evidence), Result.PENDING) == why


def test_a_lost_look_sends_nothing() -> None:
    played = play(at_work()[1], answers={"look 1": LOST})

    assert nothing_sent(played, Result.PENDING)


def test_without_quota_nobody_looks() -> None:
    played = play(at_work()[1], quota=Quota(used=10, left=0, limit=10))

    assert (played.results, played.trace) == ([Result.PENDING], [])


DELETE: Final = update(Action.DELETE)


@pytest.mark.parametrize(
    ("now", "paths"),
    [
        (live(speed=75), "speed"),
        (live(State.STARTED), "state"),
        (live(State.STARTED, speed=75, labels={}), "labels, speed, state"),
        (Live(id="7", name="a", fields={"speed": 60}, state=State.STOPPED), "description"),
        (live(execution_mode="always_on"), "execution_mode"),
    ],
)
def test_what_was_edited_since_the_plan_is_not_deleted(now: Live, paths: str) -> None:
    why = nothing_sent(carried(shows(now, Certainty.WRONG), of=DELETE), Result.FAILED)

    assert why == f"somebody changed {paths} since the plan was made: plan again"


@pytest.mark.parametrize("now", [live(), live(State.UNKNOWN), live(State.STOPPING), live(window="never shown")])
def test_what_was_not_edited_is_deleted(now: Live) -> None:
    assert carried(shows(now, Certainty.WRONG), shows(None), of=DELETE).results == [Result.VERIFIED]


def test_what_is_gone_already_needs_no_delete() -> None:
    played = carried(shows(None), of=DELETE)

    assert (played.results, played.entries, played.run.exit_code) == ([Result.VERIFIED], [], 0)
    assert played.run.outcomes[0].why == "it was gone already"


@pytest.mark.parametrize(
    ("after_stop", "now", "result"),
    [
        (live(execution_mode="manual"), live(execution_mode="manual"), Result.VERIFIED),
        (live(execution_mode="manual"), live(execution_mode="always_on"), Result.FAILED),
        (live(execution_mode="manual"), live(State.STARTED, execution_mode="manual"), Result.FAILED),
        (live(execution_mode="manual", speed=75), live(execution_mode="manual", speed=75), Result.FAILED),
    ],
)
def test_our_own_stop_before_a_delete_is_nobody_elses_edit(after_stop: Live, now: Live, result: Result) -> None:
    ran = live(State.STARTED, execution_mode="always_on")
    stop = update(Action.STOP)
    console = Console(calls=[send("edit")], shown=[shows(after_stop), shows(now, Certainty.WRONG), shows(None)])
    delete = replace(DELETE, depends_on=(stop.key,))
    played = play(*(replace(job(console, of, live=ran), support=SUPPORT) for of in (stop, delete)))

    assert played.results == [Result.VERIFIED, result]


# --- between write and read-back


def test_a_third_value_in_a_field_of_ours_is_for_a_person() -> None:
    """Neither what was there nor what was sent: nobody knows who came last."""
    played = carried(shows(live(), Certainty.WRONG), shows(live(speed=75), Certainty.WRONG, "another speed"))

    assert (played.results, played.run.exit_code, last(played).event) == ([Result.UNKNOWN], 6, Event.AMBIGUOUS)
    assert played.run.outcomes[0].why == "somebody changed speed in between: look in the console"
    assert last(played).facts["before"] == {"speed": 60}
    assert last(played).facts["readable"] == {"speed": 80}


def test_a_third_value_is_believed_before_a_verdict() -> None:
    played = carried(shows(live()), shows(live(speed=75), Certainty.VERIFIED))

    assert played.results == [Result.UNKNOWN]


def test_a_field_that_shows_what_was_there_was_not_set() -> None:
    played = carried(shows(live(), Certainty.WRONG), shows(live(), Certainty.WRONG, "another speed"))

    assert (played.results, last(played).event) == ([Result.FAILED], Event.NO_EFFECT)


@pytest.mark.parametrize(("certainty", "why"), [(Certainty.VERIFIED, ""), (Certainty.WRONG, "another description")])
def test_another_field_may_change_meanwhile(certainty: Certainty, why: str) -> None:
    """Also where the platform's read-back looks at the whole object, and calls it wrong for that."""
    after = live(State.STARTED, speed=80, description="edited")
    played = carried(shows(live(), Certainty.WRONG), shows(after, certainty, why))

    assert (played.results, played.run.exit_code, last(played).event) == ([Result.VERIFIED], 0, Event.VERIFIED)
    assert played.run.outcomes[0].why == "somebody changed description, state meanwhile"
    assert last(played).facts["meanwhile"] == ["description", "state"]
    assert last(played).facts["readable"] == {"speed": 80}, "what somebody else set is not ours"


def test_what_is_wrong_for_another_reason_stays_wrong() -> None:
    wrong = shows(live(speed=60, description="edited"), Certainty.WRONG, "another speed")
    played = carried(shows(live(), Certainty.WRONG), wrong)

    assert (played.results, played.run.outcomes[0].why) == ([Result.FAILED], "another speed")
    assert last(played).facts["meanwhile"] == ["description"]


def test_what_is_never_shown_stays_on_the_platforms_word() -> None:
    both = update(speed=(60, 80), window=("a", "b"))
    wished = wish(speed=80, window="b")
    weak = shows(live(speed=80, description="edited"), Certainty.WEAK, "window is not shown")
    wrong = replace(weak, certainty=Certainty.WRONG, why="another description")
    first, second = (carried(shows(live()), evidence, of=both, wished=wished) for evidence in (weak, wrong))

    assert first.results == second.results == [Result.UNVERIFIABLE]
    assert first.run.outcomes[0].why == "window is not shown; somebody changed description meanwhile"
    assert second.run.outcomes[0].why == "somebody changed description meanwhile"
    assert last(first).facts["fields"] == {"window": "b"}


def test_unreadable_fields_alone_prove_nothing_against_another_edit() -> None:
    hidden = update(window=("a", "b"))
    wrong = shows(live(description="edited"), Certainty.WRONG, "another description")

    assert carried(shows(live()), wrong, of=hidden, wished=wish(window="b")).results == [Result.FAILED]


# --- what is remembered


def readable(of: Change, after: Live, *, wished: Wish | None = None, planned: Live | None = None) -> Any:
    """What the journal takes for applied once it was read back."""
    looks = [shows(planned or live())] if looks_first(of) else []
    one = at_work(*looks, shows(after), of=of, wished=wished, planned=planned)[1]
    if of.action is Action.CREATE:
        one = replace(one, live=None)
    played = play(one)
    assert played.results == [Result.VERIFIED], played.run
    return last(played).facts.get("readable")


ALWAYS_ON: Final[dict[str, Any]] = {"speed": 80, "execution_mode": "always_on"}


def test_a_creation_leaves_everything_that_is_shown_and_a_campaign_that_stands() -> None:
    made = update(Action.CREATE, "", speed=(None, 80), window=(None, "b"))

    assert readable(made, live(speed=80), wished=wish(speed=80, window="b")) == {"speed": 80, "state": "stopped"}
    assert readable(made, live(State.STARTED, speed=80)) == {"speed": 80, "state": "started"}, "what was shown counts"
    assert readable(made, live(State.UNKNOWN, speed=80)) == {"speed": 80, "state": "stopped"}
    assert readable(made, replace(live(State.STARTED, speed=80), supposed=True)) == {"speed": 80, "state": "stopped"}


def test_an_update_leaves_what_it_changed() -> None:
    assert readable(FASTER, live(speed=80), wished=wish(speed=80, description="x")) == {"speed": 80}


def test_a_start_and_a_stop_leave_a_run_state() -> None:
    start = update(Action.START, state=("stopped", "started"))

    assert readable(start, live(State.STARTED)) == {"state": "started"}
    assert readable(update(Action.STOP), live()) == {"state": "stopped"}


def test_what_runs_by_itself_leaves_no_run_state() -> None:
    start = update(Action.START, execution_mode=("manual", "always_on"))
    after = live(State.STARTED, execution_mode="always_on")

    assert readable(start, after, wished=wish(**ALWAYS_ON), planned=live(execution_mode="manual")) == {
        "execution_mode": "always_on",
        "state": None,
    }


def test_a_stop_that_takes_running_fields_along_says_so() -> None:
    """It puts what runs by itself into manual mode; nobody else did that."""
    after = live(execution_mode="manual", start_at="2026-12-01")

    assert readable(update(Action.STOP), after, wished=wish(**ALWAYS_ON)) == {"execution_mode": "manual", "state": "stopped"}


def test_a_stop_without_a_document_is_remembered_too() -> None:
    console = Console(calls=[send("edit")], shown=[shows(live())])
    played = play(replace(job(console, update(Action.STOP), live=live(State.STARTED)), support=SUPPORT))

    assert played.entries[0].facts == {"id": "7", "safety": "set", "readable": {"state": "stopped"}}


def test_a_start_does_not_take_its_own_effects_for_edits() -> None:
    start = update(Action.START, execution_mode=("manual", "always_on"))
    before, after = live(execution_mode="manual"), live(State.STARTED, execution_mode="always_on", start_at="2026-12-01")
    played = carried(shows(before), shows(after), of=start, wished=wish(**ALWAYS_ON), planned=before)

    assert (played.results, played.run.outcomes[0].why) == ([Result.VERIFIED], "")


def test_rows_have_no_fields() -> None:
    rows = Change(action=Action.ROWS_REMOVE, address=Address("t", "contacts", "a"), reason=Reason.ROWS, live_id="7")
    console = Console(calls=[send("edit", Safety.SET)], shown=[shows(live())])
    played = play(replace(job(console, rows, live=live()), support=SUPPORT))

    assert played.entries[-1].facts == {"id": "7", "safety": "set"}
