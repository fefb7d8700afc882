"""The simulator bites: each deliberate breakage of a guard makes it fail within a few thousand histories.

A breakage is put in where the guard stands, in the real code wherever that is where it is; the histories are those of
every other run. What is expected is part of the violation's words, so that one breakage is not found by another's symptom.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import Any, Final

import pytest

from reconciler import settle
from reconciler.apply import Acting, ChangeOutcome, Lanes, carrying
from reconciler.apply.carrying import Carrying
from reconciler.call import Answer, Call, Flow, InDoubt, Refused, Verdict
from reconciler.journal import lease, recall
from reconciler.journal.entry import NO_COLUMNS, Columns, Entry, Event
from reconciler.journal.lease import Claim, Lease, Moment
from reconciler.journal.recall import Outcome
from reconciler.platforms.platform import Certainty, Evidence
from reconciler.rows.sheet import Presence
from tests.simulation import process, proposing, resolving, rows
from tests.simulation.disk import HeldLease, Opened
from tests.simulation.history import play
from tests.simulation.platforms import Tasks
from tests.simulation.process import Points, Process
from tests.simulation.script import draw

HISTORIES_MAX: Final = 4_000
Patch = pytest.MonkeyPatch


def blind_retry(patch: Patch) -> None:
    """A call without an answer is simply made again."""
    patch.setattr(process, "_may_repeat", lambda _safety, answer: isinstance(answer, InDoubt))


def no_intent(patch: Patch) -> None:
    """What is about to be sent is not written down before."""
    real = Opened.append

    def append(self: Opened, entry: Entry, columns: Columns = NO_COLUMNS) -> None:
        if entry.event is not Event.INTENT:
            real(self, entry, columns)

    patch.setattr(Opened, "append", append)


def intent_not_synced(patch: Patch) -> None:
    """The intent is written, and nobody waits until it is on the disk."""

    def append(self: Opened, entry: Entry, columns: Columns = NO_COLUMNS) -> None:
        self._write([(entry, columns)], synced=entry.event is not Event.INTENT)

    patch.setattr(Opened, "append", append)


def trust_a_200(patch: Patch) -> None:
    """What a platform acknowledges counts as proven."""
    real = carrying.Carrying._concluded

    def concluded(self: Any, _evidence: Evidence, facts: Any) -> Any:
        return real(self, Evidence(certainty=Certainty.VERIFIED), facts)

    patch.setattr(carrying.Carrying, "_concluded", concluded)


def no_settle_time(patch: Patch) -> None:
    """A doubt is settled at once, while its call may still be at work."""
    patch.setattr(resolving, "seconds_left", lambda _settle_s, **_instants: 0.0)


def one_reading(patch: Patch) -> None:
    """One reading is enough to make something once more."""
    patch.setattr(resolving, "rests_on_one_reading", lambda _settlement: False)


def hold_nothing(patch: Patch) -> None:
    """Recipients of a call in doubt are not held back, only its document is."""
    patch.setattr(Opened, "held_back", lambda _self, _container: set())


def nobody_is_asked_for_the_lock(patch: Patch) -> None:
    """The lock is given to whoever comes."""

    def taken(before: Lease, claim: Claim, at: Moment, *, alive: bool) -> Lease:
        del alive
        return lease.extended(Lease(epoch=before.epoch + 1, run=claim.run, holder=claim.holder, boot=at.boot), claim, at)

    patch.setattr(lease, "taken", taken)


def epoch_not_checked(patch: Patch) -> None:
    """Whoever lost the lease goes on writing."""
    patch.setattr(HeldLease, "check", lambda _self: None)


def fence_ignored(patch: Patch) -> None:
    """A process that wakes past its lease sends what it was about to send."""
    patch.setattr(Process, "overdue", False)


def one_look_at_the_lease(patch: Patch) -> None:
    """The fence's timer is started from a look at the lease that may be old by then."""

    def arm(self: Process, target: str) -> Points[str]:
        del target
        assert self.journal.held is not None
        left_s = self.journal.held.left_s()
        yield
        self.dies_s = self.world.clock_s + left_s
        return ""

    patch.setattr(Process, "arm", arm)


def not_done_by_default(patch: Patch) -> None:
    """Whatever a person says, the rows may be sent again."""
    real = recall._outcome
    patch.setattr(recall, "_outcome", lambda entry: Outcome.NOT_DONE if entry.event is Event.HUMAN else real(entry))


def sent_by_batch(patch: Patch) -> None:
    """What was sent is known by whole batches, so that one row more makes others of them."""
    real = rows.compare

    def compare(
        wished: Sequence[int], *, container: str, generation: int, sent: Collection[bytes], **more: Any
    ) -> rows.Compared:
        names = sorted(rows.recipient(container, generation, key) for key in wished)
        batches = [names[start : start + 2] for start in range(0, len(names), 2)]
        whole = {name for batch in batches if all(name in sent for name in batch) for name in batch}
        return real(wished, container=container, generation=generation, sent=whole, **more)

    patch.setattr(rows, "compare", compare)


def opt_outs_ignored(patch: Patch) -> None:
    """Who opted out stays in the rows."""
    patch.setattr(proposing._Lister, "barred", property(lambda _self: set(), lambda _self, _value: None), raising=False)


def a_running_task_counts_as_failed(patch: Patch) -> None:
    """A task that is still at work is given up, and its rows are sent again."""

    def poll(_self: Tasks, _call: str, _facts: Any) -> Flow[Verdict]:
        yield from ()
        return Verdict.NOT_DONE

    patch.setattr(Tasks, "poll", poll)


def twice_is_not_seen(patch: Patch) -> None:
    """Rows that are listed twice count as listed."""
    real = settle._marker

    def marker(doubt: Any, presence: Presence) -> Any:
        return real(doubt, Presence(present=presence.present, missing=presence.missing, twice=0))

    patch.setattr(settle, "_marker", marker)


def a_refusal_for_every_error(patch: Patch) -> None:
    """A call without an answer counts as one that did nothing."""
    real = Process.send

    def send(self: Process, target: str, call: Call) -> Points[Answer]:
        answer = yield from real(self, target, call)
        return Refused(reason=answer.reason) if isinstance(answer, InDoubt) else answer

    patch.setattr(Process, "send", send)


def lanes_that_do_not_wait(patch: Patch) -> None:
    """A target contacts people while another one still bars some."""
    real = Lanes._change
    patch.setattr(Lanes, "_waits", lambda _self, _change: frozenset())

    def change(self: Lanes, carrying: Carrying) -> Acting[ChangeOutcome]:
        carrying.job = replace(carrying.job, change=replace(carrying.job.change, depends_on=()))
        return real(self, carrying)

    patch.setattr(Lanes, "_change", change)


BREAKAGES: Final[dict[Callable[[Patch], None], str]] = {
    blind_retry: "a second time",
    no_intent: "before its intent was durable|under another call's intent",
    intent_not_synced: "before its intent was durable",
    trust_a_200: "is VERIFIED",
    no_settle_time: "a second time|is NO_EFFECT",
    one_reading: "is NO_EFFECT",
    hold_nothing: "a second time|in doubt",
    nobody_is_asked_for_the_lock: "has the lease|epoch",
    epoch_not_checked: "epoch|has the lease",
    fence_ignored: "has the lease",
    one_look_at_the_lease: "has the lease",
    not_done_by_default: "a second time",
    sent_by_batch: "a second time",
    opt_outs_ignored: "who had opted out",
    a_running_task_counts_as_failed: "a second time",
    twice_is_not_seen: "is VERIFIED, and",
    a_refusal_for_every_error: "a second time",
    lanes_that_do_not_wait: "after it began to contact",
}


@pytest.mark.parametrize("breakage", BREAKAGES, ids=lambda breakage: breakage.__name__)
def test_a_breakage_is_found(breakage: Callable[[Patch], None], monkeypatch: Patch) -> None:
    breakage(monkeypatch)

    found = (play(draw(seed)).violation for seed in range(HISTORIES_MAX))

    assert any(re.search(BREAKAGES[breakage], violation) for violation in found)
