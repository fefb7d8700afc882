"""What is derived from the entries says what they say, and is mended from them."""

from __future__ import annotations

import random
import signal
from contextlib import suppress
from typing import Any, cast

import pytest

from reconciler.journal.entry import Columns, Entry, Event
from reconciler.journal.ledger import Ledger
from reconciler.journal.moves import IllegalMove
from reconciler.journal.recall import recall
from reconciler.journal.store import Journal
from reconciler.journal.tables import Unsound
from reconciler.resource import Action
from tests.journal.histories import BASE, CAMPAIGN, PLACE, call, history, recipients, rows, saying
from tests.journal.places import Place, journal_at, opened, refusal, run_python


def test_they_say_what_the_entries_say(journal: Journal) -> None:
    history(journal)
    assert journal.memory() == recall(journal.entries())

    before = saying(journal)
    journal.rebuild()

    assert saying(journal) == before


@pytest.mark.parametrize(("seed", "notes_max"), [(11, 256), (12, 1), (13, 7)])
@pytest.mark.parametrize("late", [False, True])
def test_every_order_of_events_gives_the_same_in_tables_and_in_memory(
    place: Place, seed: int, notes_max: int, late: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Entries out of an emergency file are taken in whatever order they come; notes are put away as late as they like."""
    monkeypatch.setattr("reconciler.journal.ledger.NOTES_MAX", notes_max)
    chance = random.Random(seed)  # noqa: S311 - a sample, not a secret
    with journal_at(place) as journal:
        ledger = cast("Ledger", journal)
        for _ in range(200):
            entry, columns = anything(chance)
            if late:
                ledger.append_late(entry)
            else:
                with suppress(IllegalMove):
                    journal.append(entry, columns)
        before = saying(journal)
        assert journal.memory() == recall(journal.entries())
        assert journal.verify().broken == 0
    with journal_at(place) as journal:
        assert saying(journal) == before
        journal.rebuild()
        assert saying(journal) == before


def anything(chance: random.Random) -> tuple[Entry, Columns]:
    """An entry that nobody would write."""
    facts: dict[str, Any] = {"id": chance.choice("78"), "fields": {chance.choice("ab"): 1}, "key": "k", "seal": "s"}
    facts["verdict"] = chance.choice(["done", "not-done"])
    facts["safety"] = chance.choice(["set", "blind"])
    events = [Event.INTENT, *(event for event in Event if event is not Event.GENESIS)]
    container = chance.choice([PLACE, "wolkvox|acme|8"])
    columns = rows(chance.choice("abc")) if chance.random() < 0.5 else Columns()
    operation, action, address = chance.choice("1234"), chance.choice(list(Action)), chance.choice([CAMPAIGN, BASE])
    return call(chance.choice(events), operation, action, address, container, chance.randrange(3), **facts), columns


def test_two_that_write_in_turn_note_what_the_other_wrote(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.journal.ledger.NOTES_MAX", 5)
    chance = random.Random(14)  # noqa: S311 - a sample, not a secret
    with journal_at(place) as one, journal_at(place) as other:
        for number in range(120):
            with suppress(IllegalMove):
                chance.choice([one, other]).append(*anything(chance))
            if number % 40 == 0:
                assert chance.choice([one, other]).memory() == recall(one.entries())
        assert saying(one) == saying(other)
        assert one.memory() == recall(one.entries())


def test_notes_of_a_process_that_was_killed_are_taken_from_the_entries(place: Place) -> None:
    program = """
for number in range(5):
    journal.append(call(Event.INTENT, f"op-{number}", Action.ROWS_ADD, count=1), rows(str(number)))
journal.append(call(Event.ACKED, "op-1", Action.ROWS_ADD))
os.kill(os.getpid(), signal.SIGKILL)
"""
    assert run_python(place, program).returncode == -signal.SIGKILL
    with place.guarded() as execute:
        assert execute("SELECT number FROM derived") == [(1,)]

    with journal_at(place) as journal:
        assert journal.memory() == recall(journal.entries())
        assert recipients(journal.sent(PLACE)) == rows("1").recipients
    with place.guarded() as execute:
        assert execute("SELECT number FROM derived") == [(7,)]


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE pending SET outcome = 'not_done' WHERE operation = 'op-doubt'",
        "UPDATE pending SET facts = '{}'",
        "DELETE FROM pending WHERE operation = 'op-doubt'",
        "INSERT INTO settled SELECT * FROM pending",
        "UPDATE settled SET outcome = 'not_done' WHERE operation = 'op-sent'",
        "UPDATE settled SET rows_at = 1 WHERE operation = 'op-sent'",
        "UPDATE settled SET container = 'wolkvox|acme|8' WHERE operation = 'op-sent'",
        "DELETE FROM settled WHERE operation = 'op-sent'",
        "DELETE FROM settled",
        "DELETE FROM sums",
        "UPDATE sums SET container = 'wolkvox|acme|8' WHERE container = 'wolkvox|acme|7'",
        "UPDATE tallies SET begun = begun + 1",
        "DELETE FROM tallies",
        "UPDATE owned SET facts = replace(facts, 'false', 'true')",
        "DELETE FROM owned",
        "UPDATE baselines SET number = 2",
        "DELETE FROM baselines",
        "UPDATE manual SET key = 'another'",
        "DELETE FROM plans",
        "DELETE FROM lists",
        "UPDATE lists SET facts = replace(facts, '3', '4')",
        "DELETE FROM derived",
        "UPDATE derived SET sum = hash FROM entries WHERE entries.number = 1",
        "UPDATE derived SET rules = rules + 1",
        "UPDATE derived SET number = number + 5",
        "UPDATE derived SET head = seal",
    ],
)
def test_damage_to_them_is_mended_from_the_entries(place: Place, statement: str) -> None:
    with journal_at(place) as journal:
        history(journal)
        known = saying(journal)
    with place.raw() as execute:
        execute(statement)

    with journal_at(place) as journal:
        assert saying(journal) == known


def test_damage_that_is_done_while_the_journal_is_open_is_mended_too(place: Place, journal: Journal) -> None:
    history(journal)
    known = saying(journal)
    with place.raw() as execute:
        execute("DELETE FROM settled")
    assert saying(journal) == known

    with place.raw() as execute:
        execute("DELETE FROM derived")
    journal.append(call(Event.INTENT, "op-new", Action.UPDATE, CAMPAIGN))
    assert journal.memory() == recall(journal.entries())


def test_what_was_settled_is_counted_before_it_may_be_done_again(place: Place) -> None:
    """An operation that is done must not be forgotten by a row that is gone."""
    intent = call(Event.INTENT, "op-blind", Action.SCHEDULE, count=1, safety="blind")
    with journal_at(place) as journal:
        journal.append(intent)
        journal.append(call(Event.VERIFIED_WEAK, "op-blind", Action.SCHEDULE))
    with place.raw() as execute:
        execute("DELETE FROM settled")

    with journal_at(place) as journal:
        with pytest.raises(IllegalMove):
            journal.append(intent)
        assert journal.verify().entries == 3


def test_everybody_is_asked_for_only_where_everybody_is_there(place: Place, journal: Journal) -> None:
    history(journal)
    known = sorted(journal.persons())
    with place.raw() as execute:
        execute("DELETE FROM settled")

    assert sorted(journal.persons()) == known


def test_tables_that_follow_from_other_entries_are_derived_again(place: Place) -> None:
    """A seal of ours, over entries that are not there: somebody put back a copy of half the journal."""
    with journal_at(place) as journal:
        history(journal)
        known, tables = saying(journal), vars(journal)["_tables"]
        with vars(journal)["_database"].writing():
            tables.save(5, bytes(32))
    with journal_at(place) as journal:
        assert saying(journal) == known


def test_a_table_that_is_gone_is_seen(place: Place) -> None:
    opened(place).close()
    with place.raw() as execute:
        execute("DROP TABLE manual")

    assert refusal(place).code == "JRN003"


def test_what_is_counted_is_what_is_used(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    with journal_at(place) as journal:
        for number in range(3):
            journal.append(call(Event.INTENT, "op", Action.ROWS_ADD, container=f"c{number}"), rows(str(number)))
            journal.append(call(Event.VERIFIED, "op", Action.ROWS_ADD, container=f"c{number}"))
    with place.raw() as execute:
        execute("UPDATE settled SET outcome = 'not_done' WHERE container = 'c2'")
    rebuilt: list[Ledger] = []
    monkeypatch.setattr(Ledger, "rebuild", lambda journal: rebuilt.extend([journal]))

    with journal_at(place) as journal:
        assert recipients(journal.sent("c1")) == rows("1").recipients
        assert rebuilt == []
        with pytest.raises(Unsound):
            list(journal.sent("c2"))
        assert rebuilt == [journal]


def test_listed_rows_follow_their_order(journal: Journal) -> None:
    add, remove = Action.BLACKLIST_ADD, Action.BLACKLIST_REMOVE
    for number, (action, names) in enumerate([(add, "ab"), (remove, "a"), (add, "a"), (remove, "b")]):
        journal.append(call(Event.INTENT, f"op-{number}", action), rows(*names))
        journal.append(call(Event.VERIFIED, f"op-{number}", action))

    assert recipients(journal.listed(PLACE)) == rows("a").recipients
