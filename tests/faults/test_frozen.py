"""A process that is stopped past its lease, and two that start at once: there is one applier, and nothing comes late.

Nobody waits for a lease here: while a process is stopped, time leaps by an hour on its clocks and for its kernel timer, and
whoever comes after it lives an hour later.
"""

from __future__ import annotations

import re
import signal
from typing import Final

import pytest

from reconciler.journal.emergency import left_in
from tests.faults.kills import freezing, frozen
from tests.faults.nursery import Strike
from tests.faults.points import ARMED, LEFT
from tests.faults.yard import ALL, APPLY, LEAP_S, Yard

PAIRS: Final = 20
STORIES: Final = {story.operation: story for story in ALL}
RULED_BY_THE_JOURNAL: Final = ("lock.after", "reading", "begin.before", "intent.before", "intent.after", "fence.arming")
AFTERWARDS: Final = ("outcome.after", "readback.before", "verdict.before", "end.before", "unlock.after")


@pytest.mark.parametrize("operation", ["send_sms", "add_record"])
@pytest.mark.parametrize("point", ARMED)
def test_frozen_with_a_request_on_its_way_out_it_is_ended_by_the_kernel(place: Yard, operation: str, point: str) -> None:
    picture = place.picture(STORIES[operation])
    place.restore(picture)

    assert frozen(place, picture, freezing(point, 0)) == "frozen: ended by the timer"

    place.recovered(picture)


@pytest.mark.parametrize("operation", ["SendSMSv2", "AddCampaingData"])
@pytest.mark.parametrize("point", LEFT)
def test_frozen_after_its_request_has_left_it_lives_and_is_not_believed(place: Yard, operation: str, point: str) -> None:
    """What it was told is kept beside the journal, and taken in by whoever opens it next."""
    picture = place.picture(STORIES[operation])
    place.restore(picture)
    first = place.start(*APPLY, strike=freezing(point, 0))
    assert first.stopped()
    place.quiet()
    place.clock_s = LEAP_S
    second = place.run(*APPLY)
    taken = place.taken(operation)

    assert second.code == 6
    assert [doubt["call"] for doubt in place.doubts()] == [operation]

    first.go_on()
    said = first.end()

    assert said.code in (4, 6), said.err
    assert "LCK002" in said.err
    assert place.taken(operation) == taken
    assert left_in(place.root / ".reconciler")

    place.recovered(picture)
    assert not left_in(place.root / ".reconciler")


@pytest.mark.parametrize("point", [*RULED_BY_THE_JOURNAL, *AFTERWARDS, "intent.inside", "outcome.inside"])
def test_frozen_anywhere_else_it_sends_nothing_more(place: Yard, point: str) -> None:
    picture = place.picture(STORIES["add_record"])
    place.restore(picture)

    assert frozen(place, picture, freezing(point, 0)) != "not reached"

    place.recovered(picture)


def test_of_two_that_start_at_once_one_applies_and_the_other_says_who(place: Yard) -> None:
    """Both stand before the lock; both go on; the winner stands still until the other has been told."""
    picture = place.picture(STORIES["SendSMSv2"])
    together = Strike(point="lock.before", then="begin.before", how="stop")
    for _ in range(PAIRS):
        place.restore(picture)
        pair = [place.start(*APPLY, strike=together) for _ in range(2)]
        assert all(child.stopped() for child in pair)
        for child in pair:
            child.go_on()
        stood = [child.stopped() for child in pair]
        assert sorted(stood) == [False, True]
        winner, loser = (pair[stood.index(wins)] for wins in (True, False))
        refused = loser.end()

        assert refused.code == 4
        assert refused.json["error"]["code"] == "LCK001"
        run = re.search(rf":{winner.pid} on \S+ is applying: run ([0-9a-f]+), since \d{{4}}-\d\d-\d\dT", refused.err)
        assert run, refused.err

        winner.go_on()
        done = winner.end()

        assert (done.code, done.json["run"]) == (0, run[1])
        place.promises(picture)


def test_a_stopped_process_that_still_has_its_lease_goes_on_as_if_nothing_had_been(place: Yard) -> None:
    picture = place.picture(STORIES["SendSMSv2"])
    for point in ("request.half", "reply.first"):
        place.restore(picture)
        first = place.start(*APPLY, strike=Strike(point=point, how="stop"))
        assert first.stopped()

        assert place.run(*APPLY).code == 4

        first.go_on()

        assert first.end().code == 0
        place.promises(picture)


def test_killed_is_not_frozen_the_lock_of_the_dead_is_free_at_once(place: Yard) -> None:
    picture = place.picture(STORIES["SendSMSv2"])
    place.restore(picture)

    assert place.run(*APPLY, strike=Strike(point="intent.before")).code == -signal.SIGKILL
    assert place.run(*APPLY).code == 0
    place.promises(picture)
