"""A journal that moves: from a file to a server, back again, whole on both sides, and of use on one."""

from __future__ import annotations

import signal
from typing import Final

import pytest

from reconciler.errors import JournalBroken, Mistaken, Stale
from reconciler.journal.copying import copy
from reconciler.journal.emergency import append_emergency
from reconciler.journal.entry import Event
from reconciler.journal.store import Journal, copy_journal
from tests.journal.histories import claim, clock, history, saying, started
from tests.journal.places import (
    File,
    Place,
    Schema,
    emergency,
    fail_to_commit,
    journal_at,
    opened,
    refusal,
    run_python,
)


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, place: Place, postgres: object) -> Place:
    """Another place, where nothing is."""
    if request.param == "sqlite":
        return File(place.root, "elsewhere/journal.db")
    address = postgres.url("copied")  # type: ignore[attr-defined]  # a server
    return Schema(place.root, f"{address}{abs(hash(str(place.root)))}")


MOVING: Final = claim("move-1", "eva")


def copied(source: Journal, target: Place) -> str:
    """A copy there, which has not arrived; the place's name."""
    return copy_journal(source, target.location, target.root, MOVING, clock)


def moved(source: Journal, target: Place) -> None:
    """The journal lies there from now on."""
    with source.lock(MOVING, clock):
        copied(source, target)
        source.move("there", MOVING, clock)
    with journal_at(target, expected_id=source.id, create=False) as journal:
        journal.arrive(MOVING.run)


def test_a_copy_says_what_the_journal_says(place: Place, target: Place) -> None:
    with journal_at(place) as source:
        history(source)
        name = copied(source, target)
        known, verified = saying(source), source.verify()
    assert "@" not in name

    with journal_at(target, expected_id=known[0], create=False) as journal:
        assert journal.verify() == verified
        assert saying(journal) == known
        assert not journal.fresh
        journal.arrive(MOVING.run)
        journal.append(started())
    with target.guarded() as execute, pytest.raises(RuntimeError, match="append-only"):
        execute("DELETE FROM entries")
    with journal_at(place) as source:
        assert saying(source) == known


def test_a_key_that_is_kept_outside_stays_there(place: Place, target: Place) -> None:
    key = bytes(range(32))
    with journal_at(place, key=key) as source:
        copied(source, target)
    with target.guarded() as execute:
        assert execute("SELECT * FROM key") == []
    opened(target, key=key).close()


def test_a_place_that_holds_a_journal_is_left_alone(place: Place, target: Place) -> None:
    with journal_at(target) as other:
        known = saying(other)
    with journal_at(place) as source:
        history(source)
        for taken in (target, place):
            with pytest.raises(Mistaken) as caught:
                copied(source, taken)
            assert caught.value.code == "JRN006"
    with journal_at(target) as other:
        assert saying(other) == known


def test_a_copy_that_fails_leaves_nothing(place: Place, target: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with journal_at(place) as source:
        history(source)
        with monkeypatch.context() as patched:
            patched.setattr("reconciler.journal.ledger.copy", failing(target, patched))
            with pytest.raises(JournalBroken):
                copied(source, target)
        copied(source, target)
        assert source.verify().broken == 0


def failing(target: Place, monkeypatch: pytest.MonkeyPatch) -> object:
    """A copy whose last step fails."""

    class Copying:
        def __init__(self, database: object) -> None:
            self._database = database

    def copying(source: object, database: object, lock: object) -> None:
        fail_to_commit(target, Copying(database), monkeypatch)  # type: ignore[arg-type]  # what holds a database
        copy(source, database, lock)  # type: ignore[arg-type]  # as it was called

    return copying


# --- the one that is left ------------------------------------------------------------------------------------------------


def test_a_journal_that_has_moved_is_no_more_than_evidence(place: Place, target: Place) -> None:
    with journal_at(place) as source:
        history(source)
        known = saying(source)
        moved(source, target)
        head = source.head

    said = refusal(place)
    assert said.code == "JRN008"
    assert all(word in said.message for word in ("there", "eva"))
    assert MOVING.run in said.remedy
    with journal_at(place, evidence=True) as source:
        assert source.head == head
        assert source.verify().broken == 0
        last = list(source.entries())[-1].entry
        assert (last.event, last.facts) == (Event.MOVED, {"id": MOVING.run, "to": "there", "by": "eva"})
        nobody_records(source)
    with journal_at(target, expected_id=known[0], create=False) as journal:
        assert saying(journal) == known
        assert journal.lease().free
        journal.append(started())
        assert journal.verify().broken == 0


def nobody_records(source: Journal) -> None:
    """Neither with the lock, which nobody gets, nor without."""
    for _attempt in range(2):
        with pytest.raises(JournalBroken) as caught, source.lock(claim("run-1"), clock):
            pytest.fail("nobody may believe to hold it")
        assert caught.value.code == "JRN008"
    with pytest.raises(JournalBroken):
        source.append(started())


def test_who_had_opened_it_before_is_refused_as_well(place: Place, target: Place) -> None:
    with journal_at(place) as locking, journal_at(place) as recording, journal_at(place) as source:
        moved(source, target)
        nobody_records(locking)
        with pytest.raises(JournalBroken) as caught:
            recording.append(started())

    assert caught.value.code == "JRN008"
    assert not emergency(place).path.exists()


def test_a_person_takes_it_back(place: Place, target: Place) -> None:
    with journal_at(place) as source:
        moved(source, target)
    with journal_at(place, evidence=True) as source:
        lifted = source.unlock(MOVING.run, claim("unlock-1", reason="the server is gone"), clock)
        assert lifted.moved == "there"

    with journal_at(place) as source, source.lock(claim("run-1"), clock):
        source.append(started())
        assert [stored.entry.event for stored in source.entries()][-3:] == [Event.MOVED, Event.UNLOCKED, started().event]
        assert source.verify().broken == 0


def test_what_waits_beside_it_is_left_to_the_copy(place: Place, target: Place) -> None:
    """They have the same id, and may share the folder."""
    with journal_at(place) as source:
        moved(source, target)
        append_emergency(source.emergency, started())
    with journal_at(place, evidence=True) as source:
        assert source.emergency.path.exists()
        source.unlock(MOVING.run, claim("unlock-1", reason="the server is gone"), clock)
    with journal_at(place) as source:
        assert not source.emergency.path.exists()


def test_a_copy_takes_nothing_before_it_has_arrived(place: Place, target: Place) -> None:
    with journal_at(place) as source:
        copied(source, target)
    with journal_at(target, create=False) as journal:
        journal.arrive("another")
        with pytest.raises(Stale) as caught, journal.lock(claim("run-1"), clock):
            pytest.fail("nobody may believe to hold it")
        assert caught.value.code == "LCK001"
        assert "not finished" in caught.value.message
        assert MOVING.run in caught.value.remedy
        with pytest.raises(Stale):
            journal.append(started())
        journal.arrive(MOVING.run)
        journal.append(started())


@pytest.mark.parametrize("then", ["", "journal.move('there', moving, clock)"], ids=["not-told", "told"])
def test_killed_in_between_one_of_them_is_of_use(place: Place, target: Place, then: str) -> None:
    program = f"""
from reconciler.journal.store import copy_journal
moving = claim('move-1', 'eva')
with journal.lock(moving, clock):
    copy_journal(journal, {target.location!r}, Path({str(target.root)!r}), moving, clock)
    {then}
    os.kill(os.getpid(), signal.SIGKILL)
"""
    assert run_python(place, program).returncode == -signal.SIGKILL
    with journal_at(target, create=False) as journal:
        with pytest.raises(Stale), journal.lock(claim("run-1"), clock):
            pytest.fail("nobody may believe to hold it")
        if not then:
            with journal_at(place) as source, source.lock(claim("run-2"), clock):
                source.append(started())
            return
        assert refusal(place).code == "JRN008"
        journal.unlock(MOVING.run, claim("unlock-1", reason="the old one says that it has moved"), clock)
        with journal.lock(claim("run-3"), clock):
            journal.append(started())
        assert journal.verify().broken == 0


def test_it_is_moved_by_whoever_holds_its_lock(place: Place) -> None:
    with journal_at(place) as source:
        with pytest.raises(ValueError, match="holds its lock"):
            source.move("there", MOVING, clock)
        with journal_at(place) as other, source.lock(MOVING, clock):
            other.unlock(MOVING.run, claim("unlock-1", reason="it hangs"), clock)
            with pytest.raises(Stale) as caught:
                source.move("there", MOVING, clock)
        assert caught.value.code == "LCK002"
    opened(place).close()


def test_a_lock_that_is_damaged_is_seen(place: Place) -> None:
    with journal_at(place) as journal:
        journal.seize(claim("lock-1", life_s=None), clock)
    with place.raw() as execute:
        execute("UPDATE lease SET since = 'x'")

    assert refusal(place).code == "JRN003"
