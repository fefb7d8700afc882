"""How an operation may move from one state to the next: the table that every entry of an operation is held against.

A state is the event that was recorded last. Two states of the design have no entry of their own. *Sent* and *intent* mean
the same to whoever finds them after a crash, and a third synced commit a call would buy nothing. *Settling* is a resolver
that reads: it leaves a verdict or nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from reconciler.journal.entry import Event

_SETTLED: Final = frozenset({Event.VERIFIED, Event.VERIFIED_WEAK, Event.NO_EFFECT, Event.PARTIAL, Event.HUMAN})

# From each state, where it may go. What ended never moves again; that a lost call is repeated is a new attempt.
LEGAL: Final[Mapping[Event | None, frozenset[Event]]] = {
    None: frozenset({Event.INTENT, Event.LISTED}),
    Event.INTENT: _SETTLED | {Event.ACKED, Event.REFUSED, Event.AMBIGUOUS},
    Event.AMBIGUOUS: _SETTLED | {Event.ACKED, Event.AMBIGUOUS},
    Event.ACKED: frozenset({Event.VERIFIED, Event.VERIFIED_WEAK, Event.NO_EFFECT, Event.AMBIGUOUS}),
    Event.REFUSED: frozenset(),
    Event.VERIFIED: frozenset(),
    Event.VERIFIED_WEAK: frozenset(),
    Event.NO_EFFECT: frozenset(),
    Event.PARTIAL: frozenset(),
    Event.HUMAN: frozenset(),
    Event.LISTED: frozenset(),
}


class IllegalMove(ValueError):
    """An entry that may not follow what is in the journal: a mistake of this program's, and nothing was recorded or sent."""


def check(operation: str, states: Iterable[Event | None], event: Event) -> None:
    """IllegalMove unless `event` may follow each of `states`, the states of the attempts that it concerns."""
    for state in states:
        if event not in LEGAL[state]:
            before = state.value if state else "nothing"
            raise IllegalMove(f"operation {operation[:12]}: {event.value} may not follow {before}")
