"""What is noted, as rows of the derived tables, and as it was when it is read again."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from reconciler.journal import canonical
from reconciler.journal.entry import Event
from reconciler.journal.recall import Attempt, Outcome
from reconciler.plan.known import Owned
from reconciler.plan.suppression import ListUsed
from reconciler.resource import Action, Address

Row = tuple[Any, ...]


class Call(NamedTuple):
    """An attempt, as far as who it was about depends on it; `rows_at` is the entry that names its rows (0: none)."""

    number: int
    action: Action
    outcome: Outcome
    rows_at: int
    since: datetime


def attempt_row(attempt: Attempt) -> Row:
    """An attempt, as a row of `pending` or `settled`."""
    return (
        attempt.container,
        attempt.operation,
        attempt.number,
        attempt.run,
        str(attempt.address),
        attempt.action.value,
        attempt.call,
        attempt.rows,
        attempt.since.isoformat(),
        attempt.event.value,
        attempt.outcome.value,
        attempt.rows_at,
        canonical.text(attempt.facts) if attempt.facts else "{}",
    )


def attempt_of(row: Row) -> Attempt:
    """The attempt in a row of `pending` or `settled`."""
    container, operation, number, run, address, action, call, rows, since, event, outcome, rows_at, facts = row
    return Attempt(
        number=number,
        operation=operation,
        run=run,
        address=Address.parse(address),
        action=Action(action),
        call=call,
        container=container,
        rows=rows,
        since=datetime.fromisoformat(since),
        event=Event(event),
        outcome=Outcome(outcome),
        rows_at=rows_at,
        facts=json.loads(facts),
    )


def calls_of(rows: Iterable[Row]) -> list[Call]:
    """What rows of `pending` and `settled` say of who was reached, oldest first."""
    calls = (
        Call(
            number=row[2],
            action=Action(row[5]),
            outcome=Outcome(row[10]),
            rows_at=row[11],
            since=datetime.fromisoformat(row[8]),
        )
        for row in rows
    )
    return sorted(calls, key=lambda call: call.number)


def list_row(used: ListUsed) -> Row:
    """A list that was used, as a row of `lists`."""
    return used.name, canonical.text(used.to_json())


def list_of(row: Row) -> ListUsed:
    """The list in a row of `lists`."""
    return ListUsed.from_json(json.loads(row[1]))


def owned_row(owned: Owned) -> Row:
    """What is ours, as a row of `owned`."""
    facts = {
        "id": owned.id,
        "container": owned.container,
        "name": owned.name,
        "fields": owned.fields,
        "applied": owned.applied,
        "protect": owned.protect,
        "adopted": owned.adopted,
    }
    return str(owned.address), canonical.text(facts)


def owned_of(row: Row) -> Owned:
    """What is ours by a row of `owned`."""
    import msgspec  # a fifth of the time, and a project may own ten thousand

    address, facts = row
    return Owned(address=Address.parse(address), **msgspec.json.decode(facts))
