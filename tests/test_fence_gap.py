"""The fence's timer never rings after the lease's end, however long the process stands still before it runs."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from reconciler.errors import JournalBroken, Stale
from reconciler.reconcile import fence
from reconciler.reconcile.fence import GAP_S, MARGIN_S, LeaseFence

CALL_S = 5.0


@dataclass
class Lease:
    """A lease of which `left` seconds are left; each look at it takes as long as `looks` says."""

    left: float
    life: float = 100.0
    looks: list[float] = field(default_factory=list)
    renewals: int = 0
    failure: Exception | None = None

    def left_s(self) -> float:
        self.left -= self.looks.pop(0) if self.looks else 0.0
        return self.left

    def renew(self) -> None:
        self.renewals += 1
        if self.failure:
            raise self.failure
        self.left = self.life


class Timer:
    """What the kernel was asked for."""

    def __init__(self) -> None:
        self.rings: float | None = None
        self.started: list[float] = []

    def start(self, seconds: float) -> None:
        self.rings = seconds
        self.started.append(seconds)

    def stop(self) -> None:
        self.rings = None


@pytest.fixture
def timer(monkeypatch: pytest.MonkeyPatch) -> Timer:
    made = Timer()
    monkeypatch.setattr(fence, "_Timer", lambda: made)
    return made


def test_the_timer_rings_before_the_lease_ends(timer: Timer) -> None:
    lease = Lease(left=50.0)

    assert LeaseFence(lease, CALL_S).arm() == ""
    assert timer.rings == 50.0 - GAP_S
    assert lease.renewals == 0


def test_frozen_between_looking_and_starting_it_looks_again(timer: Timer) -> None:
    """40 s pass before the timer runs: started as if they had not, it would ring 40 s late."""
    lease = Lease(left=60.0, looks=[0.0, 0.0, 40.0])

    assert LeaseFence(lease, CALL_S).arm() == ""
    assert timer.started == [60.0 - GAP_S, 20.0 - GAP_S]


def test_frozen_past_the_end_nothing_may_leave(timer: Timer) -> None:
    lease = Lease(left=60.0, looks=[0.0, 0.0, 70.0])

    assert LeaseFence(lease, CALL_S).arm() != ""
    assert timer.rings is None


def test_what_is_left_must_be_enough_for_a_call(timer: Timer) -> None:
    lease = Lease(left=CALL_S + MARGIN_S - 1)

    assert LeaseFence(lease, CALL_S).arm() == ""
    assert (lease.renewals, timer.rings) == (1, lease.life - GAP_S)


@pytest.mark.parametrize("failure", [Stale("taken over", code="LCK002"), JournalBroken("full", code="JRN004")])
def test_a_lease_that_cannot_be_renewed_lets_nothing_leave(timer: Timer, failure: Exception) -> None:
    assert LeaseFence(Lease(left=1.0, failure=failure), CALL_S).arm() == failure.args[0]
    assert timer.rings is None


def test_down_it_harms_nobody(timer: Timer) -> None:
    guard = LeaseFence(Lease(left=50.0), CALL_S)
    guard.arm()
    guard.disarm()

    assert timer.rings is None
