"""kill -9 at every named point, and at every kind of write; then everything is as if nobody had been killed.

Here each story dies at some of its points, so that all points and all stories have their turn; `make kills` plays every point
of every story, and many more in a row.
"""

from __future__ import annotations

from itertools import cycle, islice
from typing import Final

import pytest

from tests.faults.kills import Scenario, play
from tests.faults.nursery import Strike
from tests.faults.points import EMERGENCY_POINTS, RUN_POINTS, WRITE_POINTS
from tests.faults.yard import ALL, RESOLVE, Yard

KILLS_MIN: Final = 200
CHEAP: Final = 10  # kills of a story without rows, which takes a third of the time
DEAR: Final = 4


def _rows(number: int) -> bool:
    return "rows:" in ALL[number].before + ALL[number].after


def _points() -> list[list[str]]:
    """The points of each story: dealt out in turn, as cards are."""
    cards = cycle((*WRITE_POINTS, *RUN_POINTS))
    return [list(islice(cards, DEAR if _rows(number) else CHEAP)) for number in range(len(ALL))]


DEALT: Final = _points()
EACH: Final = pytest.mark.parametrize("number", range(len(ALL)), ids=[f"{one.platform}-{one.operation}" for one in ALL])


def _name(operation: str) -> int:
    return next(number for number, story in enumerate(ALL) if story.operation == operation)


FULL: Final = ("send_sms", "create_campaign", "AddCampaingData")
WHILE_SETTLING: Final = (
    ("add_record", "reading"),
    ("add_record", "verdict.inside"),
    ("add_record", "verdict.after"),
    ("send_sms", "lock.inside"),
    ("send_sms", "human.before"),
    ("send_sms", "human.inside"),
    ("send_sms", "human.after"),
    ("create_campaign", "unlock.inside"),
)
AGAIN: Final = (
    ("whole", "intent.after", "intent.after"),
    ("send_sms", "outcome.inside", "request.sent"),
    ("SMS.uploadbase", "intent.before", "reply.half"),
    ("PostCampaign", "begin.inside", "outcome.before"),
    ("remove_record", "reading", "request.half"),
)


def test_enough_are_killed_and_everywhere() -> None:
    twice = 2 * len(WHILE_SETTLING) + 2 * len(AGAIN)

    assert sum(map(len, DEALT)) + len(FULL) * len(EMERGENCY_POINTS) + twice >= KILLS_MIN
    assert {point for points in DEALT for point in points} == {*WRITE_POINTS, *RUN_POINTS}


@EACH
def test_killed_there_it_goes_on_and_nobody_is_reached_twice(place: Yard, number: int) -> None:
    passed: dict[str, list[int]] = {}
    for point, occurrence, _call in place.picture(ALL[number]).points:
        passed.setdefault(point, []).append(occurrence)
    for turn, dealt in enumerate(DEALT[number]):
        # A story that never passes a point (what nobody can read is not read back) dies at another.
        point = dealt if dealt in passed else ("reply.first", "outcome.inside", "intent.after")[turn % 3]
        occurrence = passed[point][-1 if turn % 2 else 0]
        strike = Strike(point=point, occurrence=occurrence)
        tally = play(place, Scenario(story=number, family="once", strikes=(strike,)), planned=turn % 3 == 0)

        assert tally.deaths == 1, point


@pytest.mark.parametrize("operation", FULL)
def test_killed_while_an_answer_is_kept_beside_a_full_journal(place: Yard, operation: str) -> None:
    for point in EMERGENCY_POINTS:
        strike = Strike(point=point, broken="outcome")
        tally = play(place, Scenario(story=_name(operation), family="emergency", strikes=(strike,)))

        assert tally.deaths == 1, point


@pytest.mark.parametrize(("operation", "point"), WHILE_SETTLING)
def test_killed_while_a_doubt_is_settled(place: Yard, operation: str, point: str) -> None:
    strikes = (Strike(point="reply.first"), Strike(point=f"{RESOLVE}{point}"))
    tally = play(place, Scenario(story=_name(operation), family="resolve", strikes=strikes))

    assert tally.deaths == 2


@pytest.mark.parametrize(("operation", "first", "second"), AGAIN)
def test_killed_and_killed_again(place: Yard, operation: str, first: str, second: str) -> None:
    strikes = (Strike(point=first), Strike(point=second))
    tally = play(place, Scenario(story=_name(operation), family="again", strikes=strikes))

    assert tally.deaths == 2
