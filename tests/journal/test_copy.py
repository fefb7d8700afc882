"""A journal that moves: from a file to a server, back again, and whole on both sides."""

from __future__ import annotations

import pytest

from reconciler.errors import JournalBroken, Mistaken
from reconciler.journal.copying import copy
from reconciler.journal.store import copy_journal
from tests.journal.histories import history, saying, started
from tests.journal.places import File, Place, Schema, fail_to_commit, journal_at, opened


@pytest.fixture(params=["sqlite", "postgresql"])
def target(request: pytest.FixtureRequest, place: Place, postgres: object) -> Place:
    """Another place, where nothing is."""
    if request.param == "sqlite":
        return File(place.root, "elsewhere/journal.db")
    address = postgres.url("copied")  # type: ignore[attr-defined]  # a server
    return Schema(place.root, f"{address}{abs(hash(str(place.root)))}")


def test_a_copy_says_what_the_journal_says(place: Place, target: Place) -> None:
    with journal_at(place) as source:
        history(source)
        name = copy_journal(source, target.location, target.root)
        known, verified = saying(source), source.verify()
    assert "@" not in name

    with journal_at(target, expected_id=known[0], create=False) as journal:
        assert journal.verify() == verified
        assert saying(journal) == known
        assert not journal.fresh
        journal.append(started())
    with target.guarded() as execute, pytest.raises(RuntimeError, match="append-only"):
        execute("DELETE FROM entries")
    with journal_at(place) as source:
        assert saying(source) == known


def test_a_key_that_is_kept_outside_stays_there(place: Place, target: Place) -> None:
    key = bytes(range(32))
    with journal_at(place, key=key) as source:
        copy_journal(source, target.location, target.root)
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
                copy_journal(source, taken.location, taken.root)
            assert caught.value.code == "JRN006"
    with journal_at(target) as other:
        assert saying(other) == known


def test_a_copy_that_fails_leaves_nothing(place: Place, target: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with journal_at(place) as source:
        history(source)
        with monkeypatch.context() as patched:
            patched.setattr("reconciler.journal.ledger.copy", failing(target, patched))
            with pytest.raises(JournalBroken):
                copy_journal(source, target.location, target.root)
        copy_journal(source, target.location, target.root)
        assert source.verify().broken == 0


def failing(target: Place, monkeypatch: pytest.MonkeyPatch) -> object:
    """A copy whose last step fails."""

    class Copying:
        def __init__(self, database: object) -> None:
            self._database = database

    def copying(source: object, database: object) -> None:
        fail_to_commit(target, Copying(database), monkeypatch)  # type: ignore[arg-type]  # what holds a database
        copy(source, database)  # type: ignore[arg-type]  # as it was called

    return copying
