"""How an operation may move, edge by edge; the last guard before anything is done twice."""

from __future__ import annotations

from itertools import product

import pytest

from reconciler.call import Safety
from reconciler.journal import moves
from reconciler.journal.emergency import append_emergency
from reconciler.journal.entry import Columns, Event
from reconciler.journal.moves import LEGAL, IllegalMove
from reconciler.journal.store import Journal
from reconciler.resource import Action
from tests.journal.histories import NOW, PLACE, call, recipients, rows
from tests.journal.places import Place, emergency, journal_at

# Every event of an operation that may follow another one; what begins an attempt is asked elsewhere.
FOLLOWING = tuple(event for event in Event if event in LEGAL and event not in (Event.INTENT, Event.LISTED))
STATES: tuple[Event | None, ...] = tuple(LEGAL)


def test_the_states_are_those_of_the_design() -> None:
    ended = {state for state, after in LEGAL.items() if not after}
    settled = {Event.VERIFIED, Event.VERIFIED_WEAK, Event.NO_EFFECT, Event.PARTIAL, Event.HUMAN}

    assert ended == {*settled, Event.REFUSED, Event.LISTED}
    assert LEGAL[None] == {Event.INTENT, Event.LISTED}
    assert LEGAL[Event.INTENT] == {*settled, Event.ACKED, Event.REFUSED, Event.AMBIGUOUS}
    assert LEGAL[Event.AMBIGUOUS] == {*settled, Event.ACKED, Event.AMBIGUOUS}
    assert LEGAL[Event.ACKED] == {*settled - {Event.HUMAN, Event.PARTIAL}, Event.AMBIGUOUS}


def test_every_legal_move_is_taken_and_every_other_refused(journal: Journal) -> None:
    taken = refused = 0
    for state, event in product(STATES, FOLLOWING):
        operation = f"{state.value if state else 'nothing'}-{event.value}"
        for before in path(state):
            columns = rows(operation) if before is Event.INTENT else Columns()
            journal.append(call(before, operation, Action.ROWS_ADD, count=1), columns)
        head = journal.head
        if event in LEGAL[state]:
            journal.append(call(event, operation, Action.ROWS_ADD))
            moves.check(operation, [state], event)
            taken += 1
            continue
        with pytest.raises(IllegalMove):
            journal.append(call(event, operation, Action.ROWS_ADD))
        with pytest.raises(IllegalMove):
            moves.check(operation, [state], event)
        assert journal.head == head
        refused += 1

    assert taken == sum(len(LEGAL[state] & set(FOLLOWING)) for state in STATES)
    assert taken + refused == len(STATES) * len(FOLLOWING)
    assert journal.verify().broken == 0


def path(state: Event | None) -> tuple[Event, ...]:
    """How an operation gets there."""
    if state is None:
        return ()
    return (state,) if state in (Event.INTENT, Event.LISTED) else (Event.INTENT, state)


@pytest.mark.parametrize("open_in", [Event.INTENT, Event.AMBIGUOUS])
def test_a_doubt_is_repeated_only_where_twice_is_as_once(place: Place, journal: Journal, open_in: Event) -> None:
    natural = (Action.BLACKLIST_ADD, Action.BLACKLIST_REMOVE)
    with journal_at(place) as other:
        for safety, action in product(Safety, (Action.ROWS_ADD, Action.START, *natural)):
            operation = f"{safety.value}-{action.value}"
            intent = call(Event.INTENT, operation, action, count=1, safety=safety.value)
            journal.append(intent, rows("a"))
            if open_in is not Event.INTENT:
                journal.append(call(open_in, operation, action))
            for asking in (journal, other):
                if safety is Safety.SET or action in natural:
                    asking.append(intent, rows("a"))
                else:
                    with pytest.raises(IllegalMove, match="in doubt"):
                        asking.append(intent, rows("a"))
        assert len(journal.memory().unsettled) == len(Safety) * 4


@pytest.mark.parametrize("ending", [Event.ACKED, Event.VERIFIED, Event.VERIFIED_WEAK, Event.PARTIAL, Event.HUMAN])
def test_what_reached_people_and_cannot_be_seen_is_done_once(journal: Journal, ending: Event) -> None:
    for safety in Safety:
        intent = call(Event.INTENT, f"op-{safety.value}", Action.SCHEDULE, count=1, safety=safety.value)
        journal.append(intent, rows("a"))
        journal.append(call(ending, f"op-{safety.value}", Action.SCHEDULE, verdict="done"))
        if safety in (Safety.UPLOAD, Safety.BLIND):
            with pytest.raises(IllegalMove, match="was done"):
                journal.append(intent, rows("a"))
        else:
            journal.append(intent, rows("a"))


def test_a_lost_call_is_made_again_as_a_new_attempt(journal: Journal) -> None:
    intent = call(Event.INTENT, "op", Action.SCHEDULE, count=1, safety="blind")
    for ending in (Event.REFUSED, Event.NO_EFFECT, Event.HUMAN):
        journal.append(intent, rows("a"))
        journal.append(call(ending, "op", Action.SCHEDULE, verdict="not-done"))
    journal.append(intent, rows("a"))
    journal.append(call(Event.VERIFIED_WEAK, "op", Action.SCHEDULE))

    assert recipients(journal.sent(PLACE)) == rows("a").recipients


@pytest.mark.parametrize("event", FOLLOWING)
def test_what_arrives_late_is_taken_in_whatever_it_follows(place: Place, event: Event) -> None:
    states = [state for state in STATES if state is not Event.LISTED]
    with journal_at(place) as journal:
        for state in states:
            for before in path(state):
                journal.append(call(before, f"op-{state}", Action.ROWS_ADD))
        known = journal.verify().entries
    for state in states:
        append_emergency(emergency(place), call(event, f"op-{state}", Action.ROWS_ADD))

    with journal_at(place) as journal:
        assert journal.verify().entries == known + len(states)
        assert [stored.entry.event for stored in journal.entries()][-len(states) :] == [event] * len(states)
        assert all(stored.entry.at == NOW for stored in journal.entries())
