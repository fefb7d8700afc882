"""One applier a project; what the former one may still do; and a person's lock."""

from __future__ import annotations

import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.errors import Mistaken, Stale
from reconciler.journal.emergency import append_emergency
from reconciler.journal.entry import Event
from reconciler.journal.lease import LIFE_S, Lease, Moment, bars
from reconciler.journal.store import Journal
from reconciler.resource import Action
from tests.journal.histories import ACCOUNT, CAMPAIGN, HOST, NOW, call, claim, clock, started
from tests.journal.places import REPOSITORY, File, Place, Schema, emergency, journal_at, run_python, source


@contextmanager
def held_elsewhere(place: Place, words: str = "claim('run-9')") -> Iterator[subprocess.Popen[str]]:
    """Another process that holds the lock until its input ends."""
    program = f"with journal.lock({words}, clock):\n    print('held', flush=True)\n    sys.stdin.read()\n"
    command = [sys.executable, "-c", source(place, program)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=REPOSITORY) as process:
        assert process.stdin
        assert process.stdout
        assert process.stdout.readline() == "held\n"
        try:
            yield process
        finally:
            with suppress(BrokenPipeError):
                process.stdin.close()
            process.send_signal(signal.SIGCONT)


def refused(journal: Journal) -> Stale:
    """Why the lock is not given."""
    with pytest.raises(Stale) as caught, journal.lock(claim("run-10", "eva"), clock):
        pass
    assert (caught.value.code, caught.value.exit_code) == ("LCK001", 4)
    return caught.value


class TestHolding:
    def test_a_lock_held_by_another_process_names_it(self, place: Place, journal: Journal) -> None:
        with held_elsewhere(place):
            error = refused(journal)
            with pytest.raises(Stale) as caught:
                journal.append(started())
            assert caught.value.code == "LCK001"
            assert journal.lease().run == "run-9"

        year = "since 2" if "postgres" in place.location else NOW.isoformat()  # by the server's clock, or ours
        assert all(word in error.message for word in ("ana", "run-9", HOST, year))
        with journal.lock(claim("run-10", "eva"), clock):
            journal.append(started())
        assert journal.lease() == Lease(epoch=2)

    def test_a_process_that_died_holds_nothing(self, place: Place, journal: Journal) -> None:
        program = "with journal.lock(claim('run-9'), clock):\n    os.kill(os.getpid(), signal.SIGKILL)"
        assert run_python(place, program).returncode == -signal.SIGKILL
        assert journal.lease().run == "run-9"

        journal.append(started())  # nobody is at work
        with journal.lock(claim("run-10", "eva"), clock):
            journal.append(started())

    def test_it_is_given_back_after_an_error(self, place: Place, journal: Journal) -> None:
        with pytest.raises(ZeroDivisionError), journal.lock(claim("run-1"), clock):
            raise ZeroDivisionError
        with journal_at(place) as other, other.lock(claim("run-2", "eva"), clock):
            refused(journal)

    def test_it_is_not_given_twice_in_one_process(self, place: Place, journal: Journal) -> None:
        with journal.lock(claim("run-1"), clock):
            refused(journal)
            with journal_at(place) as other:
                refused(other)
                with pytest.raises(Stale):
                    other.append(started())
            journal.append(started())

    def test_one_held_on_another_host_is_believed_to_its_end(self, file: File) -> None:
        """A file cannot tell whether a process of another machine lives; a server can."""
        program = "with journal.lock(claim('run-9', host='another'), clock):\n    os.kill(os.getpid(), signal.SIGKILL)"
        assert run_python(file, program).returncode == -signal.SIGKILL
        with journal_at(file) as journal:
            assert "another" in refused(journal).message
            later = replace(clock(), clock_s=clock().clock_s + LIFE_S + 1)
            with journal.lock(claim("run-10"), lambda: later):
                assert journal.lease().run == "run-10"

    def test_a_server_knows_that_a_process_of_another_host_is_gone(self, schema: Schema) -> None:
        program = "with journal.lock(claim('run-9', host='another'), clock):\n    os.kill(os.getpid(), signal.SIGKILL)"
        assert run_python(schema, program).returncode == -signal.SIGKILL
        with journal_at(schema) as journal, journal.lock(claim("run-10"), clock):
            assert journal.lease().run == "run-10"


class TestEnds:
    def test_an_end_that_passed_frees_it_whatever_its_holder_does(self, place: Place, journal: Journal) -> None:
        with held_elsewhere(place, "claim('run-9', life_s=0)") as frozen:
            frozen.send_signal(signal.SIGSTOP)
            with journal.lock(claim("run-10", "eva"), clock), journal_at(place) as third:
                assert "run-10" in refused(third).message  # a third sees that the new holder lives
                frozen.send_signal(signal.SIGCONT)

    def test_the_former_holder_writes_nothing_more(self, place: Place, journal: Journal) -> None:
        with journal_at(place) as former, former.lock(claim("run-9", life_s=0), clock) as lease:
            former.append(started())
            with journal.lock(claim("run-10", "eva"), clock):
                head = journal.head
                for attempt in (
                    lambda: former.append(started()),
                    lambda: former.append_all([started()], synced=False),
                    lease.renew,
                ):
                    with pytest.raises(Stale) as caught:
                        attempt()
                    assert caught.value.code == "LCK002"
                    assert "run-10" in caught.value.message
                assert journal.head == head
                journal.append(started())
        assert journal.lease().epoch == 2

    def test_giving_it_back_never_touches_a_newer_one(self, place: Place, journal: Journal) -> None:
        with journal_at(place) as former:
            with former.lock(claim("run-9", life_s=0), clock):
                taking = journal.lock(claim("run-10", "eva"), clock)
                taking.__enter__()
            assert journal.lease().run == "run-10"
            refused(former)
            taking.__exit__(None, None, None)
        assert journal.lease().free

    def test_renewing_begins_its_life_anew(self, place: Place, journal: Journal) -> None:
        moments = Moments()
        with journal.lock(claim("run-9", life_s=100), moments) as held:
            first = journal.lease()
            moments.pass_s(60)
            assert held.left_s() == pytest.approx(40)
            held.renew()
            assert held.left_s() == pytest.approx(100)
            again = journal.lease()
            assert (again.epoch, again.run) == (first.epoch, "run-9")
            assert again.until
            assert first.until
            assert again.until > first.until
            moments.pass_s(101)
            assert held.left_s() < 0

    def test_the_boot_clock_counts_where_it_can(self) -> None:
        """A wall's clock that somebody sets back does not give a dead lease new life, nor take one away."""
        lease = Lease(epoch=1, run="r", since=NOW, until=NOW + timedelta(seconds=100), boot="b", until_clock_s=200.0)
        back, on = NOW - timedelta(days=1), NOW + timedelta(days=1)

        assert lease.left_s(Moment(now=back, boot="b", clock_s=201)) == -1
        assert lease.left_s(Moment(now=on, boot="b", clock_s=150)) == 50
        assert lease.left_s(Moment(now=NOW, boot="another", clock_s=999)) == 100
        assert not bars(lease, Moment(now=back, boot="b", clock_s=201), alive=True)
        assert bars(lease, Moment(now=on, boot="b", clock_s=150), alive=True)
        assert not bars(lease, Moment(now=on, boot="b", clock_s=150), alive=False)
        assert replace(lease, until=None).left_s(Moment(now=on)) == float("inf")

    def test_what_arrives_late_is_taken_in_while_somebody_is_at_work(self, place: Place, journal: Journal) -> None:
        journal.append(call(Event.INTENT, "op", Action.CREATE, CAMPAIGN, ACCOUNT))
        with journal.lock(claim("run-9"), clock):
            append_emergency(emergency(place), call(Event.ACKED, "op", Action.CREATE, CAMPAIGN, ACCOUNT, id="7"))
            with journal_at(place) as other:
                assert other.memory().owned[CAMPAIGN].id == "7"
            journal.append(started())


class Moments:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.at = clock()

    def __call__(self) -> Moment:
        return self.at

    def pass_s(self, seconds: float) -> None:
        self.at = replace(self.at, now=self.at.now + timedelta(seconds=seconds), clock_s=self.at.clock_s + seconds)


class TestAPersonsLock:
    CLAIM = claim("lock-1", "eva", life_s=None, reason="audit")

    def test_it_outlives_its_process_and_keeps_everybody_out(self, place: Place, journal: Journal) -> None:
        program = "print(journal.seize(claim('lock-1', 'eva', life_s=None, reason='audit'), clock).epoch)"
        assert run_python(place, program).stdout == "1\n"

        error = refused(journal)
        assert all(word in error.message for word in ("eva", "audit"))
        assert "lock-1" in error.remedy
        with pytest.raises(Stale):
            journal.append(started())
        with pytest.raises(Stale):
            journal.seize(claim("lock-2", life_s=None), clock)
        assert journal.lease().by_person
        stored = list(journal.entries())[-1]
        assert stored.entry.event is Event.LOCKED
        assert stored.entry.facts == {"id": "lock-1", "reason": "audit", "by": "eva"}

    def test_it_is_lifted_by_its_id(self, journal: Journal) -> None:
        journal.seize(self.CLAIM, clock)
        head = journal.head
        with pytest.raises(Mistaken) as caught:
            journal.unlock("lock-2", claim("unlock-1", reason="done"), clock)
        assert caught.value.code == "LCK003"
        assert journal.head == head

        lifted = journal.unlock("lock-1", claim("unlock-1", reason="done"), clock)

        assert (lifted.run, lifted.holder, lifted.reason) == ("lock-1", "eva", "audit")
        assert journal.lease() == Lease(epoch=2)
        stored = list(journal.entries())[-1]
        assert stored.entry.event is Event.UNLOCKED
        assert stored.entry.facts == {"id": "lock-1", "reason": "done", "by": "ana", "holder": "eva"}
        with journal.lock(claim("run-1"), clock):
            journal.append(started())
        with pytest.raises(Mistaken):
            journal.unlock("lock-1", claim("unlock-2", reason="again"), clock)

    def test_lifting_the_lease_of_a_run_stops_it(self, place: Place, journal: Journal) -> None:
        with journal_at(place) as other, other.lock(claim("run-9"), clock) as lease:
            journal.unlock("run-9", claim("unlock-1", "eva", reason="it hangs"), clock)
            with pytest.raises(Stale) as caught:
                other.append(started())
            assert caught.value.code == "LCK002"
            with pytest.raises(Stale):
                lease.renew()
            with journal.lock(claim("run-10"), clock):
                journal.append(started())
        assert journal.lease().epoch == 3

    def test_it_is_not_taken_while_somebody_is_at_work(self, place: Place, journal: Journal) -> None:
        with held_elsewhere(place), pytest.raises(Stale):
            journal.seize(self.CLAIM, clock)
        journal.seize(self.CLAIM, clock)

    def test_it_has_no_end(self, journal: Journal) -> None:
        with pytest.raises(ValueError, match="no end"):
            journal.seize(claim("lock-1"), clock)
        assert journal.lease().free

    def test_nothing_is_locked_when_it_cannot_be_journaled(
        self, place: Place, journal: Journal, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with monkeypatch.context() as patched:
            patched.setattr("reconciler.journal.ledger.take_in", lambda *_: 1 / 0)
            with pytest.raises(ZeroDivisionError):
                journal.seize(self.CLAIM, clock)
        assert journal.lease().free
        with journal_at(place) as other:
            other.append(started())
