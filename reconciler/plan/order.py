"""The order of carrying out: what must come before what, and the tie-break by action and address."""

from __future__ import annotations

import heapq
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from reconciler.plan.values import Change
from reconciler.resource import Action, Address

_REACH_PEOPLE = frozenset({Action.START, Action.SCHEDULE, Action.ROWS_ADD})
_MOVE_ROWS = frozenset({Action.ROWS_ADD, Action.ROWS_REMOVE})


@dataclass(frozen=True, slots=True)
class _Index:
    """What others wait for, by what they know it by."""

    blacklists: tuple[str, ...]
    books_at: dict[str, list[str]]
    creations: dict[Address, str]
    creations_at: dict[str, list[str]]
    rows_into: dict[Address, list[str]]
    stops: dict[Address, str]


def ordered(changes: Sequence[Change]) -> tuple[Change, ...]:
    """Changes with all their dependencies written into them, in a topological order; ties by action, then address.

    Every blacklist addition comes before anything that contacts people, on every target: who said no on one is not called
    by another. A start waits for the rows of its campaign, rows for the creation of theirs, or for its stop: while it runs,
    they would be dialled.
    """
    index = _index(changes)
    linked = {change.key: replace(change, depends_on=tuple(dict.fromkeys(_before(change, index)))) for change in changes}
    waits = {key: {other for other in change.depends_on if other in linked} for key, change in linked.items()}
    followers: dict[str, list[str]] = defaultdict(list)
    for key, others in waits.items():
        for other in others:
            followers[other].append(key)
    ready = [_place(change) for key, change in linked.items() if not waits[key]]
    heapq.heapify(ready)
    result: list[Change] = []
    while ready:
        key = heapq.heappop(ready)[-1]
        result.append(linked[key])
        for follower in followers[key]:
            waits[follower].discard(key)
            if not waits[follower]:
                heapq.heappush(ready, _place(linked[follower]))
    assert len(result) == len(linked), "changes wait for each other"
    return tuple(result)


def _place(change: Change) -> tuple[int, str, str]:
    return change.action.rank, str(change.address), change.key


def reaches_people(change: Change) -> bool:
    """Whether people are contacted by it, at once or later. An address book contacts nobody, and a platform may need its rows
    before it can bar them.
    """
    return change.action in _REACH_PEOPLE and not (change.action is Action.ROWS_ADD and change.campaign is None)


def _index(changes: Sequence[Change]) -> _Index:
    creations_at: dict[str, list[str]] = defaultdict(list)
    rows_into: dict[Address, list[str]] = defaultdict(list)
    books_at: dict[str, list[str]] = defaultdict(list)
    for change in changes:
        if change.action is Action.CREATE:
            creations_at[change.address.target].append(change.key)
        elif change.action in _MOVE_ROWS and change.campaign:
            rows_into[change.campaign].append(change.key)
        elif change.action is Action.ROWS_ADD:
            books_at[change.address.target].append(change.key)
    return _Index(
        blacklists=tuple(change.key for change in changes if change.action is Action.BLACKLIST_ADD),
        creations={change.address: change.key for change in changes if change.action is Action.CREATE},
        books_at=books_at,
        creations_at=creations_at,
        rows_into=rows_into,
        stops={change.address: change.key for change in changes if change.action is Action.STOP},
    )


def _before(change: Change, index: _Index) -> Iterator[str]:
    yield from change.depends_on
    if reaches_people(change):
        yield from index.blacklists
    if change.action is Action.BLACKLIST_ADD:
        yield from index.creations_at.get(change.address.target, ())
        yield from index.books_at.get(change.address.target, ())
    elif change.action is not Action.CREATE:
        created = index.creations.get(change.campaign or change.address)
        if created:
            yield created
    if change.action is Action.ROWS_ADD and change.campaign in index.stops:
        yield index.stops[change.campaign]
    if change.action is Action.START:
        yield from index.rows_into.get(change.address, ())
