"""What follows from the entries: what is ours, what is in doubt, what was sent and to whom.

One fold, `take_in`, decides it, entry by entry; where its notes are kept (`Shelf`) is the store's choice. Kept in tables
beside the entries they make opening fast; kept in memory (`recall`) they are the reference that the tables are tested
against.

Every INTENT begins an **attempt** at its operation; later entries of the operation concern the attempts still open, and
when none is, the latest. A refusal or a new doubt concerns the latest only: that a repeated call was refused says nothing
of the first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from enum import Enum
from typing import Any, Final, NamedTuple, Protocol

from reconciler.call import Safety
from reconciler.journal import moves
from reconciler.journal.entry import OPEN, Entry, Event, Stored
from reconciler.plan.known import Memory, Owned, Placed, Unsettled
from reconciler.plan.suppression import ListUsed
from reconciler.resource import Action, Address

RULES: Final = 6  # raised with every change of what is derived here, so that stores derive again

# Their rows were taken away or blacklisted, which contacts nobody.
NOT_REACHED: Final = (Action.ROWS_REMOVE, Action.BLACKLIST_ADD, Action.BLACKLIST_REMOVE)

# What puts rows, messages or entries somewhere, where they stay when their document goes.
PLACING: Final = (Action.ROWS_ADD, Action.SCHEDULE, Action.BLACKLIST_ADD)

# What makes a live object ours, changes it, or takes it away.
_OWNING: Final = (Action.CREATE, Action.UPDATE, Action.START, Action.STOP, Action.DELETE)

# What may be asked for once more while an earlier asking is in doubt: twice is as once.
_NATURAL: Final = (Action.BLACKLIST_ADD, Action.BLACKLIST_REMOVE)

# What nobody can read back and somebody gets at once: the same call for the same people is made once, whoever asks for it.
_ONCE: Final = (Safety.UPLOAD.value, Safety.BLIND.value)

NOT_DONE: Final = "not-done"


class Outcome(Enum):
    """What an attempt came to. OPEN rows are held, DONE rows were sent, NOT_DONE rows may be sent."""

    OPEN = "open"
    DONE = "done"
    NOT_DONE = "not_done"


class Attempt(NamedTuple):
    """One call, from its intent on. `number` is the intent's entry; it is about so many `rows`, which the columns of entry
    `rows_at` name (0: of none).

    `facts` are those of all its entries together, the later ones winning; they are dropped once nothing more can follow.
    """

    number: int
    operation: str
    run: str
    address: Address
    action: Action
    call: str
    container: str
    rows: int
    since: datetime
    event: Event
    outcome: Outcome
    rows_at: int
    facts: Mapping[str, Any]


def final(event: Event) -> bool:
    """Whether nothing more is expected of an attempt in that state: it is neither open nor taken and unread."""
    return event not in OPEN and event is not Event.ACKED


class Shelf(Protocol):
    """Where the notes are kept. What is kept under a key replaces what was there."""

    def attempts(self, container: str, operation: str) -> list[Attempt]:
        """The unfinished attempts of an operation and its latest one, oldest first. An operation lies in one container."""

    def keep_attempt(self, attempt: Attempt, before: Attempt | None) -> None:
        """Keep it under its number; `before` is what is kept under it now."""

    def owned(self, address: Address) -> Owned | None:
        """What is ours there."""

    def keep_owned(self, owned: Owned) -> None:
        """Keep it under its address."""

    def drop_owned(self, address: Address) -> None:
        """It is not ours any more."""

    def keep_baseline(self, number: int, container: str) -> None:
        """Entry `number` names rows that were in `container` when it was adopted."""

    def keep_manual(self, key: str) -> None:
        """A person did that step."""

    def keep_plan(self, seal: str) -> None:
        """That saved plan was used."""

    def keep_lists(self, lists: Sequence[ListUsed]) -> None:
        """These lists were used, and no others."""

    def keep_source(self, address: Address, rows: int) -> None:
        """The source at an address had so many rows when an apply of it began."""


def take_in(shelf: Shelf, stored: Stored) -> None:
    """Note what one more entry says."""
    entry = stored.entry
    facts = entry.facts
    match entry.event:
        case Event.ADOPTED if entry.address:
            shelf.keep_owned(_adopted(entry, entry.address))
            if stored.digests:
                shelf.keep_baseline(stored.number, _container(entry, facts))
        case Event.FORGOTTEN if entry.address:
            shelf.drop_owned(entry.address)
        case Event.MANUAL_DONE if facts.get("key"):
            shelf.keep_manual(str(facts["key"]))
        case Event.PLAN_USED if facts.get("seal"):
            shelf.keep_plan(str(facts["seal"]))
        case Event.RUN_STARTED:
            if "lists" in facts:
                shelf.keep_lists([ListUsed.from_json(one) for one in facts["lists"]])
            for address, rows in facts.get("sources", {}).items():
                shelf.keep_source(Address.parse(address), int(rows))
        case _ if entry.operation:
            _attempted(shelf, stored)


def check(shelf: Shelf, entry: Entry) -> None:
    """IllegalMove unless `entry` may follow what is noted; the last guard before anything is sent twice.

    What arrives late, out of an emergency file, is not asked: it happened, and what it says has to be known.
    """
    if not entry.operation:
        return
    before = shelf.attempts(entry.container, entry.operation)
    if entry.event is not Event.INTENT:
        concerned = _concerned(before, entry)
        moves.check(entry.operation, [attempt.event for attempt in concerned] or [None], entry.event)
        return
    safety = entry.facts.get("safety")
    repeatable = entry.action in _NATURAL or safety == Safety.SET.value
    if any(attempt.outcome is Outcome.OPEN for attempt in before) and not repeatable:
        raise moves.IllegalMove(f"operation {entry.operation[:12]} is in doubt")
    if entry.count and safety in _ONCE and any(attempt.outcome is Outcome.DONE for attempt in before):
        raise moves.IllegalMove(f"operation {entry.operation[:12]} was done")


def memory(shelf: Notes, head: str) -> Memory:
    """What planning needs to know, from notes in memory."""
    attempts = shelf.by_number.values()
    occurrences = Counter(attempt.address for attempt in attempts if attempt.outcome is not Outcome.NOT_DONE)
    placed: dict[tuple[Address, str], list[Attempt]] = {}
    for attempt in attempts:
        if attempt.outcome is Outcome.DONE and attempt.action in PLACING:
            placed.setdefault((attempt.address, attempt.container), []).append(attempt)
    return Memory(
        owned=dict(shelf.by_address),
        unsettled=unsettled(attempt for attempt in attempts if attempt.outcome is Outcome.OPEN),
        unread=unsettled(attempt for attempt in attempts if attempt.event is Event.ACKED),
        occurrences=dict(occurrences),
        manual_done=frozenset(shelf.manual),
        placed=tuple(
            Placed(
                address=address,
                container=container,
                count=sum(attempt.rows for attempt in found),
                latest=max(attempt.since for attempt in found),
            )
            for (address, container), found in sorted(placed.items())
        ),
        lists=tuple(shelf.lists),
        sources=dict(shelf.sources),
        head=head,
    )


def unsettled(attempts: Iterable[Attempt]) -> tuple[Unsettled, ...]:
    """Open attempts, given in the order of their numbers, as doubts: one an operation, its latest attempt."""
    latest = {attempt.operation: attempt for attempt in attempts}
    return tuple(
        Unsettled(
            operation=attempt.operation,
            run=attempt.run,
            address=attempt.address,
            action=attempt.action,
            call=attempt.call,
            container=attempt.container,
            count=attempt.rows,
            since=attempt.since,
            why=str(attempt.facts.get("why", "")),
            facts=attempt.facts,
        )
        for attempt in sorted(latest.values(), key=lambda attempt: attempt.number)
    )


def recall(entries: Iterable[Stored]) -> Memory:
    """What the entries of a whole journal say, derived from nothing but them."""
    shelf, head = Notes(), ""
    for stored in entries:
        take_in(shelf, stored)
        head = stored.hash
    return memory(shelf, head)


class Notes:
    """A `Shelf` in memory."""

    def __init__(self) -> None:
        self.by_number: dict[int, Attempt] = {}
        self.by_operation: dict[tuple[str, str], list[int]] = {}
        self.by_address: dict[Address, Owned] = {}
        self.baselines: dict[int, str] = {}
        self.manual: set[str] = set()
        self.plans: set[str] = set()
        self.lists: list[ListUsed] = []
        self.sources: dict[Address, int] = {}

    def attempts(self, container: str, operation: str) -> list[Attempt]:
        """See `Shelf`."""
        numbers = self.by_operation.get((container, operation), [])
        attempts = [self.by_number[number] for number in numbers]
        return [attempt for attempt in attempts if not final(attempt.event) or attempt is attempts[-1]]

    def keep_attempt(self, attempt: Attempt, before: Attempt | None) -> None:
        """See `Shelf`."""
        if before is None:
            self.by_operation.setdefault((attempt.container, attempt.operation), []).append(attempt.number)
        self.by_number[attempt.number] = attempt

    def owned(self, address: Address) -> Owned | None:
        """See `Shelf`."""
        return self.by_address.get(address)

    def keep_owned(self, owned: Owned) -> None:
        """See `Shelf`."""
        self.by_address[owned.address] = owned

    def drop_owned(self, address: Address) -> None:
        """See `Shelf`."""
        self.by_address.pop(address, None)

    def keep_baseline(self, number: int, container: str) -> None:
        """See `Shelf`."""
        self.baselines[number] = container

    def keep_manual(self, key: str) -> None:
        """See `Shelf`."""
        self.manual.add(key)

    def keep_plan(self, seal: str) -> None:
        """See `Shelf`."""
        self.plans.add(seal)

    def keep_lists(self, lists: Sequence[ListUsed]) -> None:
        """See `Shelf`."""
        self.lists = sorted(lists, key=lambda one: one.name)

    def keep_source(self, address: Address, rows: int) -> None:
        """See `Shelf`."""
        self.sources[address] = rows


def _attempted(shelf: Shelf, stored: Stored) -> None:
    """Note what an entry of an operation says of its attempts and of what is ours."""
    entry = stored.entry
    known = [] if entry.event is Event.INTENT else shelf.attempts(entry.container, entry.operation)
    if not known and entry.address and entry.action:
        begun = _begun(stored, entry.address, entry.action)
        _owning(shelf, begun, entry, entry.facts)
        shelf.keep_attempt(begun, None)
    for attempt in _concerned(known, entry):
        facts = {**attempt.facts, **entry.facts}
        now = _after(attempt, stored, facts)
        _owning(shelf, now, entry, facts)
        shelf.keep_attempt(now, attempt)


def _concerned(attempts: list[Attempt], entry: Entry) -> list[Attempt]:
    """The attempts at its operation that an entry is about."""
    if entry.event in (Event.REFUSED, Event.AMBIGUOUS):
        return attempts[-1:]
    of_taken = entry.event in moves.LEGAL[Event.ACKED]  # one reading shows what became of all that were taken
    return [
        attempt for attempt in attempts if attempt.outcome is Outcome.OPEN or (of_taken and attempt.event is Event.ACKED)
    ] or attempts[-1:]


def _begun(stored: Stored, address: Address, action: Action) -> Attempt:
    """An attempt after the first entry about it."""
    entry = stored.entry
    return Attempt(
        number=stored.number,
        operation=entry.operation,
        run=entry.run,
        address=address,
        action=action,
        call=entry.call,
        container=entry.container,
        rows=entry.count,
        since=entry.at,
        event=entry.event,
        outcome=_outcome(entry),
        rows_at=stored.number if stored.digests else 0,
        facts={} if final(entry.event) else entry.facts,
    )


def _after(attempt: Attempt, stored: Stored, facts: Mapping[str, Any]) -> Attempt:
    """An attempt after one more entry about it.

    PARTIAL with columns names the rows that it happened for; without them all rows count as sent, since nobody may be
    contacted twice.
    """
    entry = stored.entry
    named = stored.digests and (entry.event is Event.PARTIAL or not attempt.rows_at)
    return attempt._replace(
        rows=(entry.count if named else 0) or attempt.rows,
        event=entry.event,
        outcome=_outcome(entry),
        rows_at=stored.number if named else attempt.rows_at,
        facts={} if final(entry.event) else facts,
    )


def _outcome(entry: Entry) -> Outcome:
    """What an event says about the rows. A person's verdict frees them only when it says so: anything else counts as done."""
    if entry.event in OPEN:
        return Outcome.OPEN
    refuted = entry.event is Event.HUMAN and entry.facts.get("verdict") == NOT_DONE
    if refuted or entry.event in (Event.REFUSED, Event.NO_EFFECT):
        return Outcome.NOT_DONE
    return Outcome.DONE


def _owning(shelf: Shelf, attempt: Attempt, entry: Entry, facts: Mapping[str, Any]) -> None:
    """Note what a done write makes of what is ours; `facts` are those of all its entries.

    An acknowledged write counts for identity, so that a crash before the read-back loses nothing; its fields count only
    once they were read back or could not be.
    """
    if attempt.outcome is not Outcome.DONE or entry.event is Event.PARTIAL or attempt.action not in _OWNING:
        return
    confirmed = {} if entry.event is Event.ACKED else facts
    fields, applied = confirmed.get("fields") or {}, confirmed.get("readable") or {}
    held = shelf.owned(attempt.address)
    match attempt.action:
        case Action.CREATE if facts.get("id"):
            identifier = str(facts["id"])
            known = held if held and held.id == identifier else None
            shelf.keep_owned(
                Owned(
                    address=attempt.address,
                    id=identifier,
                    container=_container(entry, facts) or attempt.container,
                    name=str(facts.get("name") or (known.name if known else "")),
                    fields={**(known.fields if known else {}), **fields},
                    applied={**(known.applied if known else {}), **applied},
                    protect=bool(facts.get("protect", known.protect if known else False)),
                )
            )
        case Action.UPDATE | Action.START | Action.STOP if held:
            shelf.keep_owned(
                replace(
                    held,
                    name=str(facts.get("name") or held.name),
                    fields={**held.fields, **fields},
                    applied={**held.applied, **applied},
                    protect=bool(facts.get("protect", held.protect)),
                )
            )
        case Action.DELETE:
            shelf.drop_owned(attempt.address)


def _adopted(entry: Entry, address: Address) -> Owned:
    facts = entry.facts
    return Owned(
        address=address,
        id=str(facts.get("id", "")),
        container=_container(entry, facts),
        name=str(facts.get("name", "")),
        fields=dict(facts.get("fields") or {}),
        applied=dict(facts.get("readable") or {}),
        protect=bool(facts.get("protect", False)),
        adopted=True,
    )


def _container(entry: Entry, facts: Mapping[str, Any]) -> str:
    return str(facts.get("container") or entry.container)
