"""Entries, whole histories, and everything that a journal says: what the tests of the journal write and compare."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, Final

from reconciler.journal.entry import Columns, Entry, Event
from reconciler.journal.lease import LIFE_S, Claim, Moment
from reconciler.journal.store import Journal
from reconciler.plan.known import Memory
from reconciler.resource import Action, Address

NOW: Final = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
HOST: Final = os.uname().nodename
CAMPAIGN: Final = Address("wolkvox-co", "campaign", "cobranza/mora-30")
BASE: Final = Address("wolkvox-co", "contacts", "base")
LIST: Final = Address("wolkvox-co", "blacklist", "no-llamar")
SMS: Final = Address("ucontact-uy", "scheduled_sms", "citas")
PLACE: Final = "wolkvox|acme|7"
ACCOUNT: Final = "wolkvox|acme"


def packed(*names: str) -> bytes:
    """Made-up HMACs."""
    return b"".join(hashlib.sha256(name.encode()).digest()[:16] for name in names)


def rows(*names: str) -> Columns:
    """The columns of made-up rows."""
    return Columns(
        recipients=packed(*(f"r{name}" for name in names)),
        persons=packed(*(f"p{name}" for name in names)),
        contents=packed(*(f"c{name}" for name in names)),
    )


def call(
    event: Event, operation: str, action: Action, address: Address = BASE, container: str = PLACE, count: int = 0, **facts: Any
) -> Entry:
    """An entry of an operation."""
    return Entry(
        event=event,
        at=NOW,
        run="run-1",
        operation=operation,
        address=address,
        action=action,
        call=action.value,
        container=container,
        count=count,
        facts=facts,
    )


def started() -> Entry:
    """An entry that concerns no operation."""
    return Entry(event=Event.RUN_STARTED, at=NOW, run="run-1")


def own(journal: Journal, **facts: Any) -> None:
    """Make a campaign ours."""
    facts = {"id": "7", "name": "Mora", **facts}
    journal.append(Entry(event=Event.ADOPTED, at=NOW, address=CAMPAIGN, container=ACCOUNT, facts=facts))


HISTORY_ENTRIES: Final = 24  # the first entry of the journal among them


def history(journal: Journal) -> None:
    """A run that uses every rule of what follows from entries."""
    add, create = Action.ROWS_ADD, Action.CREATE
    lists = [{"name": "rne", "digest": "ab", "count": 3, "fetched_at": "2026-03-01"}]
    used = {"lists": lists, "sources": {str(BASE): 9, str(LIST): 1}}
    journal.append(Entry(event=Event.RUN_STARTED, at=NOW, run="run-1", facts=used))
    journal.append(Entry(event=Event.PLAN_USED, at=NOW, run="run-1", facts={"seal": "5ea1"}))
    journal.append(call(Event.INTENT, "op-create", create, CAMPAIGN, ACCOUNT, protect=True))
    journal.append(call(Event.ACKED, "op-create", create, CAMPAIGN, ACCOUNT, id="7", name="Mora", fields={"amd": True}))
    journal.append(call(Event.VERIFIED, "op-create", create, CAMPAIGN, ACCOUNT))
    for operation, names, ending in (
        ("op-sent", ("a", "b"), Event.VERIFIED),
        ("op-weak", ("c",), Event.VERIFIED_WEAK),
        ("op-refused", ("d",), Event.REFUSED),
        ("op-nothing", ("e",), Event.NO_EFFECT),
        ("op-doubt", ("f",), Event.AMBIGUOUS),
    ):
        journal.append(call(Event.INTENT, operation, add, count=len(names)), rows(*names))
        journal.append(call(ending, operation, add, why="as the platform said"))
    journal.append(call(Event.INTENT, "op-part", add, count=3), rows("g", "h", "i"))
    journal.append(call(Event.PARTIAL, "op-part", add, count=2), rows("g", "h"))
    journal.append(call(Event.INTENT, "op-listed", Action.BLACKLIST_ADD, LIST, count=1), rows("z"))
    journal.append(call(Event.ACKED, "op-listed", Action.BLACKLIST_ADD, LIST))
    journal.append(call(Event.INTENT, "op-sms", Action.SCHEDULE, SMS, "ucontact|acme", count=1), rows("s"))
    journal.append(Entry(event=Event.ADOPTED, at=NOW, address=BASE, container=PLACE, facts={"name": "base"}), rows("there"))
    journal.append(Entry(event=Event.MANUAL_DONE, at=NOW, address=SMS, facts={"key": "activate"}))
    journal.append(Entry(event=Event.RUN_ENDED, at=NOW, run="run-1"))


def loaded(memory: Memory) -> dict[Address, int]:
    """Rows of contacts by address."""
    return {placed.address: placed.count for placed in memory.placed if placed.address.kind == "contacts"}


def recipients(found: Iterable[Columns]) -> bytes:
    """All recipients, in an order of their own."""
    return b"".join(sorted(columns.recipients for columns in found))


def saying(journal: Journal) -> tuple[Any, ...]:
    """Everything that a journal says."""
    asked = (journal.rows_loaded(PLACE), journal.sent(PLACE), journal.held(), journal.listed(PLACE))
    return (
        journal.id,
        journal.key,
        journal.memory(),
        *map(recipients, asked),
        b"".join(sorted(journal.persons())),
        journal.plan_used("5ea1"),
        list(journal.entries()),
    )


def claim(run: str, holder: str = "ana", host: str = HOST, life_s: float | None = LIFE_S, reason: str = "") -> Claim:
    """A wish to be the only one. With a life of 0 it has ended as soon as it is taken, whatever clock measures it."""
    return Claim(run=run, holder=holder, host=host, life_s=life_s, reason=reason)


def clock() -> Moment:
    """A clock that stands still."""
    return Moment(now=NOW, boot="boot-1", clock_s=100.0)
