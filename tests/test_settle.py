"""What a reading says of a call whose outcome is unknown: every class of call against everything that can be read."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, Final

import pytest

from reconciler.call import Safety, Verdict
from reconciler.journal.entry import OPEN, Event
from reconciler.plan.known import Seen, Unsettled
from reconciler.resource import Action, Address, Live, Reading, State
from reconciler.rows.sheet import Presence
from reconciler.settle import (
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

NOW: Final = datetime(2026, 11, 24, 10, tzinfo=UTC)
ASK: Final = (Verdict.ASK, None)
HOLD: Final = (Verdict.HOLD, None)
VERIFIED: Final = (Verdict.DONE, Event.VERIFIED)
WEAK: Final = (Verdict.DONE, Event.VERIFIED_WEAK)
NO_EFFECT: Final = (Verdict.NOT_DONE, Event.NO_EFFECT)
PARTIAL: Final = (Verdict.DONE, Event.PARTIAL)


def doubt(safety: Safety | None, action: Action = Action.UPDATE, kind: str = "campaign", **facts: Any) -> Unsettled:
    return Unsettled(
        operation="op",
        run="run",
        address=Address("t", kind, "n"),
        action=action,
        call="call",
        container="c",
        count=3,
        since=NOW,
        facts={**({"safety": safety.value} if safety else {}), **facts},
    )


def live(identifier: str = "7", *, name: str = "n", state: State = State.STOPPED, marker: str = "", **fields: Any) -> Live:
    return Live(id=identifier, name=name, fields=fields, state=state, marker=marker)


def seen(*campaigns: Live, complete: bool = True) -> Seen:
    return Seen(campaigns=Reading(live=campaigns, complete=complete, read_at=NOW))


def judged(settlement: Settlement) -> tuple[Verdict, Event | None]:
    assert settlement.why
    return settlement.verdict, settlement.event


@pytest.mark.parametrize("safety", [*Safety, None])
def test_what_was_not_shown_whole_settles_nothing(safety: Safety | None) -> None:
    presence = Presence(present=3, missing=0, twice=0)
    settlement = settle(doubt(safety, id="7"), seen(live(), complete=False), presence, Verdict.DONE)

    assert judged(settlement) == HOLD


@pytest.mark.parametrize("safety", [Safety.BLIND, Safety.UPLOAD, Safety.READ, Safety.SESSION, None])
@pytest.mark.parametrize("presence", [None, Presence(present=3, missing=0, twice=0), Presence(present=0, missing=3, twice=0)])
@pytest.mark.parametrize("task", [None, *Verdict])
def test_what_nobody_can_read_is_asked_of_a_person(
    safety: Safety | None, presence: Presence | None, task: Verdict | None
) -> None:
    """Above all a call whose class is not known: it is taken for the worst."""
    assert judged(settle(doubt(safety, Action.SCHEDULE, "scheduled_sms"), seen(), presence, task)) == ASK


@pytest.mark.parametrize(
    ("action", "facts", "there", "outcome"),
    [
        (Action.UPDATE, {"readable": {"speed": 60}}, live(speed=60), VERIFIED),
        (Action.UPDATE, {"readable": {"speed": 60}}, live(speed=80), NO_EFFECT),
        (Action.UPDATE, {"readable": {"speed": 60, "name": "x"}}, live(speed=60), NO_EFFECT),
        (Action.UPDATE, {}, live(), NO_EFFECT),
        (Action.UPDATE, {"readable": {"speed": 60}}, None, NO_EFFECT),
        (Action.CREATE, {"readable": {"speed": 60}}, live(speed=60), VERIFIED),
        (Action.START, {}, live(state=State.STARTED), VERIFIED),
        (Action.START, {}, live(state=State.STOPPED), NO_EFFECT),
        (Action.START, {}, live(state=State.STARTING), NO_EFFECT),
        (Action.START, {}, live(state=State.UNKNOWN), ASK),
        (Action.START, {}, replace(live(state=State.STARTED), supposed=True), ASK),
        (Action.STOP, {}, replace(live(state=State.STOPPED), supposed=True), NO_EFFECT),
        (Action.START, {"readable": {"mode": "on"}}, live(mode="on"), VERIFIED),
        (Action.START, {"readable": {"mode": "on"}}, live(mode="off", state=State.STARTED), NO_EFFECT),
        (Action.START, {}, None, NO_EFFECT),
        (Action.STOP, {}, live(state=State.STOPPED), VERIFIED),
        (Action.STOP, {}, live(state=State.STARTED), NO_EFFECT),
        (Action.DELETE, {}, live(), NO_EFFECT),
        (Action.DELETE, {}, None, VERIFIED),
        # with what was there before
        (Action.UPDATE, {"readable": {"speed": 60}, "before": {"speed": 40}}, live(speed=60), VERIFIED),
        (Action.UPDATE, {"readable": {"speed": 60}, "before": {"speed": 40}}, live(speed=40), NO_EFFECT),
        (Action.UPDATE, {"readable": {"speed": 60}, "before": {"speed": 40}}, live(speed=50), ASK),
        (Action.UPDATE, {"readable": {"speed": 60}, "before": {"speed": None}}, live(), NO_EFFECT),
        (
            Action.UPDATE,
            {"readable": {"speed": 6, "amd": 1}, "before": {"speed": 4, "amd": 0}},
            live(speed=6, amd=0),
            NO_EFFECT,
        ),
        (Action.UPDATE, {"readable": {"speed": 6, "amd": 1}, "before": {"speed": 4, "amd": 0}}, live(speed=6, amd=2), ASK),
        (Action.START, {"readable": {"mode": "on"}, "before": {"mode": "off"}}, live(mode="dates"), ASK),
        # with the run state that it was to leave
        (Action.START, {"readable": {"state": "started"}}, live(state=State.STARTED), VERIFIED),
        (Action.START, {"readable": {"state": "started"}}, live(state=State.STOPPED), NO_EFFECT),
        (Action.START, {"readable": {"mode": "on", "state": None}}, live(mode="on"), VERIFIED),
        (Action.STOP, {"readable": {"state": "stopped"}}, live(state=State.STOPPED), VERIFIED),
        (Action.STOP, {"readable": {"mode": "off", "state": "stopped"}}, live(mode="off", state=State.STARTED), NO_EFFECT),
        (Action.STOP, {"readable": {"mode": "off", "state": "stopped"}}, live(mode="off"), VERIFIED),
        (Action.CREATE, {"readable": {"speed": 60, "state": "stopped"}}, live(speed=60, state=State.UNKNOWN), VERIFIED),
        (Action.CREATE, {"readable": {"state": "stopped"}}, live(), NO_EFFECT),
    ],
)
def test_a_state_is_compared(
    action: Action, facts: dict[str, Any], there: Live | None, outcome: tuple[Verdict, Event | None]
) -> None:
    settlement = settle(doubt(Safety.SET, action, id="7", **facts), seen(*([there] if there else [])), None, None)

    assert judged(settlement) == outcome


@pytest.mark.parametrize("kind", ["contacts", "blacklist"])
@pytest.mark.parametrize("safety", [Safety.SET, Safety.CREATE])
def test_a_list_is_compared_again_by_the_next_plan(kind: str, safety: Safety) -> None:
    assert judged(settle(doubt(safety, Action.ROWS_REMOVE, kind), seen(), None, None)) == NO_EFFECT


@pytest.mark.parametrize(
    ("facts", "there", "outcome"),
    [
        ({"marker": "ab", "name": "n", "namesakes": ""}, [live(marker="ab")], VERIFIED),
        ({"marker": "ab", "name": "n", "namesakes": ""}, [live(marker="cd"), live("8")], NO_EFFECT),
        ({"marker": "ab", "name": "n", "namesakes": ""}, [live(marker="ab"), live("8", marker="ab")], ASK),
        ({"marker": "ab", "name": "n", "namesakes": "7"}, [live(marker="ab")], NO_EFFECT),
        ({"marker": "", "name": "n", "namesakes": ""}, [live()], VERIFIED),
        ({"marker": "", "name": "n", "namesakes": "7"}, [live()], NO_EFFECT),
        ({"marker": "", "name": "n", "namesakes": "7"}, [live(), live("8")], VERIFIED),
        ({"marker": "", "name": "n", "namesakes": ""}, [live(), live("8")], ASK),
        ({"marker": "", "name": "n", "namesakes": ""}, [live(name="other")], NO_EFFECT),
        ({}, [], NO_EFFECT),
    ],
)
def test_what_was_created_is_looked_for(
    facts: dict[str, Any], there: list[Live], outcome: tuple[Verdict, Event | None]
) -> None:
    settlement = settle(doubt(Safety.CREATE, Action.CREATE, **facts), seen(*there), None, None)

    assert judged(settlement) == outcome
    if outcome is VERIFIED:
        assert settlement.facts["id"] == there[-1].id


@pytest.mark.parametrize("safety", [Safety.MARKER, Safety.CREATE])
@pytest.mark.parametrize(
    ("presence", "outcome"),
    [
        (Presence(present=3, missing=0, twice=0), VERIFIED),
        (Presence(present=0, missing=3, twice=0), NO_EFFECT),
        (Presence(present=1, missing=2, twice=0), PARTIAL),
        (Presence(present=3, missing=0, twice=1), ASK),
        (Presence(present=1, missing=2, twice=1), ASK),
    ],
)
def test_rows_are_counted_by_their_keys(safety: Safety, presence: Presence, outcome: tuple[Verdict, Event | None]) -> None:
    """Records of a campaign, and contacts of an address book."""
    assert judged(settle(doubt(safety, Action.ROWS_ADD, "contacts"), seen(), presence, None)) == outcome


def test_rows_that_cannot_be_listed_now_are_asked_of_a_person() -> None:
    assert judged(settle(doubt(Safety.MARKER, Action.ROWS_ADD, "contacts"), seen(), None, None)) == ASK


@pytest.mark.parametrize(
    ("task", "outcome"),
    [(Verdict.DONE, WEAK), (Verdict.NOT_DONE, NO_EFFECT), (Verdict.HOLD, HOLD), (Verdict.ASK, ASK), (None, ASK)],
)
def test_a_task_is_asked_how_it_ended(task: Verdict | None, outcome: tuple[Verdict, Event | None]) -> None:
    assert judged(settle(doubt(Safety.TASK, Action.ROWS_ADD, "contacts"), seen(), None, task)) == outcome


# --- two readings --------------------------------------------------------------------------------------------------------


def test_a_state_that_one_reading_shows_as_set_is_read_once_more() -> None:
    """An older state may be shown: that a stop is proven is worth a second look, that it is repeated is not."""
    about = doubt(Safety.SET)

    assert rests_on_one_reading(Settlement(doubt=about, verdict=Verdict.DONE, event=Event.VERIFIED, why=""))
    assert not rests_on_one_reading(Settlement(doubt=about, verdict=Verdict.NOT_DONE, event=Event.NO_EFFECT, why=""))


def test_rows_of_which_nobody_is_known_are_asked_of_a_person() -> None:
    settlement = settle(doubt(Safety.MARKER, Action.ROWS_ADD), seen(live()), Presence(present=0, missing=0, twice=0), None)

    assert (settlement.verdict, settlement.event) == (Verdict.ASK, None)


def test_what_would_be_done_again_rests_on_two_readings_that_agree() -> None:
    created = doubt(Safety.CREATE, Action.CREATE, marker="ab")
    gone, found = settle(created, seen(), None, None), settle(created, seen(live(marker="ab")), None, None)

    assert rests_on_one_reading(gone)
    assert rests_on_one_reading(found)  # one that was made and deleted before looks the same in an older state
    assert judged(agreed(gone, found)) == HOLD
    assert agreed(gone, gone) is gone

    state = settle(doubt(Safety.SET, Action.START, id="7"), seen(live()), None, None)

    assert not rests_on_one_reading(state)


def test_a_part_that_grows_between_two_readings_is_not_settled() -> None:
    uploaded = doubt(Safety.MARKER, Action.ROWS_ADD, "contacts")
    some, more = (settle(uploaded, seen(), Presence(present=n, missing=3 - n, twice=0), None) for n in (1, 2))

    assert rests_on_one_reading(some)
    assert judged(agreed(some, more)) == HOLD


def test_a_doubt_may_stay() -> None:
    assert judged(held(doubt(Safety.SET), "later")) == HOLD
    assert judged(asked(doubt(Safety.SET), "a person")) == ASK


# --- when ----------------------------------------------------------------------------------------------------------------


def at(boot: str, clock_s: float) -> Instant:
    return Instant(boot=boot, clock_s=clock_s)


@pytest.mark.parametrize(("first_s", "between_s", "far"), [(0, 25, False), (0, 25.1, True), (60, 85, False), (60, 86, True)])
def test_two_readings_count_together_where_little_else_lies_between(first_s: float, between_s: float, far: bool) -> None:
    assert apart(first_s, between_s, 5) is far


def test_an_intent_alone_takes_as_much_longer_as_its_request_could_leave() -> None:
    assert {event: settling_s(180, event, 60) for event in OPEN} == {
        event: 240 if event is Event.INTENT else 180 for event in OPEN
    }


@pytest.mark.parametrize(
    ("stamped", "first_seen", "now", "left"),
    [
        (at("a", 100), at("a", 150), at("a", 150), 130),  # the same boot: since it was written down
        (at("a", 100), at("a", 150), at("a", 280), 0),
        (at("a", 100), at("b", 10), at("b", 10), 180),  # another: since it was first seen here
        (at("a", 100), at("b", 10), at("b", 100), 90),
        (at("", 0), at("", 1e9), at("", 1e9), 180),  # a machine without such a clock
        (at("a", 100), at("", 1e9), at("", 1e9 + 30), 150),
    ],
)
def test_a_call_can_still_take_effect_for_a_while(stamped: Instant, first_seen: Instant, now: Instant, left: float) -> None:
    assert left == seconds_left(180, stamped=stamped, first_seen=first_seen, now=now)
