"""Who was contacted when and how, as whoever counts how often is told it: over all containers, doubts among them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from reconciler.journal.entry import Columns, Event
from reconciler.journal.store import Journal
from reconciler.resource import Action
from tests.journal.histories import BASE, LIST, NOW, PLACE, SMS, call, history, own, packed, rows
from tests.journal.places import Place, journal_at

EARLY = NOW - timedelta(days=400)


def told(journal: Journal, since: datetime = EARLY) -> list[tuple[datetime, str | None, str, bytes]]:
    found = [(one.at, one.channel, one.container, one.persons) for one in journal.contacts(since)]
    return sorted(found, key=lambda one: (one[0], one[2], one[3]))


def begin(journal: Journal, name: str, action: Action = Action.ROWS_ADD, *people: str, **facts: Any) -> None:
    journal.append(call(Event.INTENT, name, action, BASE, PLACE, len(people), **facts), rows(*people))


@pytest.mark.parametrize(
    ("events", "contacted"),
    [
        ([], True),
        ([Event.AMBIGUOUS], True),
        ([Event.ACKED], True),
        ([Event.ACKED, Event.VERIFIED], True),
        ([Event.VERIFIED_WEAK], True),
        ([Event.REFUSED], False),
        ([Event.NO_EFFECT], False),
        ([Event.AMBIGUOUS, Event.NO_EFFECT], False),
    ],
)
def test_what_may_have_reached_somebody_counts(journal: Journal, events: list[Event], contacted: bool) -> None:
    begin(journal, "op", Action.ROWS_ADD, "a", "b", channel="voice")
    for event in events:
        journal.append(call(event, "op", Action.ROWS_ADD))

    assert told(journal) == ([(NOW, "voice", PLACE, packed("pa", "pb"))] if contacted else [])


@pytest.mark.parametrize(("verdict", "contacted"), [("done", True), ("not-done", False), ("aborted", True)])
def test_a_person_may_say_that_nobody_was_reached(journal: Journal, verdict: str, contacted: bool) -> None:
    begin(journal, "op", Action.ROWS_ADD, "a", channel="sms")
    journal.append(call(Event.AMBIGUOUS, "op", Action.ROWS_ADD))
    journal.append(call(Event.HUMAN, "op", Action.ROWS_ADD, verdict=verdict, reason="seen", by="ana"))

    assert bool(told(journal)) is contacted


def test_of_what_happened_in_part_those_count_for_whom_it_did(journal: Journal) -> None:
    """Channel and moment are those of the intent."""
    begin(journal, "op", Action.ROWS_ADD, "a", "b", "c", channel="whatsapp")
    journal.append(call(Event.PARTIAL, "op", Action.ROWS_ADD, count=1), rows("b"))

    assert told(journal) == [(NOW, "whatsapp", PLACE, packed("pb"))]


def test_messages_count_when_they_are_due(journal: Journal) -> None:
    """However long ago they were scheduled; each instant of a call counts for all of it, since nobody can tell them apart."""
    due = [NOW + timedelta(days=40), NOW + timedelta(days=41)]
    begin(journal, "op", Action.SCHEDULE, "a", channel="sms", due=[at.isoformat() for at in due])
    begin(journal, "op2", Action.SCHEDULE, "b", channel="sms")

    assert [at for at, *_ in told(journal)] == [NOW, *due]
    assert [at for at, *_ in told(journal, due[0])] == due
    assert [at for at, *_ in told(journal, due[1])] == due[1:]
    assert told(journal, due[1] + timedelta(seconds=1)) == []


def test_contacts_count_from_the_moment_that_is_asked_for(journal: Journal) -> None:
    begin(journal, "op", Action.ROWS_ADD, "a", channel="voice")

    assert len(told(journal, NOW)) == 1
    assert told(journal, NOW + timedelta(microseconds=1)) == []


def test_a_channel_that_nobody_said_is_not_known_and_none_is_no_contact(journal: Journal) -> None:
    begin(journal, "op", Action.ROWS_ADD, "a")
    begin(journal, "op2", Action.ROWS_ADD, "b", channel="")

    assert told(journal) == [(NOW, None, PLACE, packed("pa"))]


@pytest.mark.parametrize("action", [Action.ROWS_REMOVE, Action.BLACKLIST_ADD, Action.BLACKLIST_REMOVE])
def test_who_was_taken_out_or_barred_was_not_contacted(journal: Journal, action: Action) -> None:
    journal.append(call(Event.INTENT, "op", action, LIST, count=1), rows("a"))
    journal.append(call(Event.ACKED, "op", action, LIST))

    assert told(journal) == []


def test_a_whole_history_over_every_container(place: Place) -> None:
    """As after opening it again: nothing of it depends on what was noted."""
    with journal_at(place) as journal:
        own(journal)
        history(journal)
        before = told(journal)
    with journal_at(place) as journal:
        journal.rebuild()
        assert told(journal) == before
    names = b"".join(persons for *_, persons in before)
    assert {container for _, _, container, _ in before} == {PLACE, "ucontact|acme"}
    assert sorted(names[start : start + 16] for start in range(0, len(names), 16)) == sorted(
        map(packed, ("pa", "pb", "pc", "pf", "pg", "ph", "ps"))
    )


def test_calls_without_people_are_passed_over(journal: Journal) -> None:
    """A file that is passed through names nobody."""
    entry = call(Event.INTENT, "op", Action.ROWS_ADD, SMS, count=1, channel="voice")
    journal.append(entry, Columns(recipients=packed("file")))

    assert list(journal.contacts(EARLY)) == []
