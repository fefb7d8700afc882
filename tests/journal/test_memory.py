"""Each rule of what follows from the entries."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from reconciler.journal.entry import Columns, Entry, Event
from reconciler.journal.recall import recall
from reconciler.journal.store import Journal
from reconciler.plan.suppression import ListUsed
from reconciler.resource import Action
from tests.journal.histories import (
    ACCOUNT,
    BASE,
    CAMPAIGN,
    LIST,
    NOW,
    PLACE,
    SMS,
    call,
    history,
    loaded,
    own,
    packed,
    recipients,
    rows,
)


@pytest.mark.parametrize("event", [Event.ACKED, Event.VERIFIED, Event.VERIFIED_WEAK])
def test_what_we_created_is_ours(journal: Journal, event: Event) -> None:
    journal.append(call(Event.INTENT, "op", Action.CREATE, CAMPAIGN, ACCOUNT))
    assert journal.memory().owned == {}
    facts: dict[str, Any] = {"id": "7", "name": "Mora", "fields": {"amd": True}, "protect": True}

    journal.append(call(event, "op", Action.CREATE, CAMPAIGN, ACCOUNT, **facts))

    owned = journal.memory().owned[CAMPAIGN]
    assert (owned.id, owned.name, owned.container, owned.protect, owned.adopted) == (
        "7",
        "Mora",
        ACCOUNT,
        True,
        False,
    )
    assert owned.fields == ({} if event is Event.ACKED else {"amd": True})


def test_what_the_intent_and_the_reply_said_counts_when_it_is_verified(journal: Journal) -> None:
    journal.append(call(Event.INTENT, "op", Action.CREATE, CAMPAIGN, name="Mora", fields={"amd": True}, protect=True))
    journal.append(call(Event.ACKED, "op", Action.CREATE, CAMPAIGN, id=7))
    journal.append(call(Event.VERIFIED, "op", Action.CREATE, CAMPAIGN))

    owned = journal.memory().owned[CAMPAIGN]
    assert (owned.id, owned.name, owned.fields, owned.protect) == ("7", "Mora", {"amd": True}, True)


@pytest.mark.parametrize("action", [Action.UPDATE, Action.START])
@pytest.mark.parametrize("event", [Event.VERIFIED, Event.VERIFIED_WEAK])
def test_an_update_adds_what_it_wrote(journal: Journal, action: Action, event: Event) -> None:
    own(journal, fields={"amd": True, "window": "8-20"}, protect=True)
    written: dict[str, Any] = {"fields": {"window": "8-18"}, "name": "Mora 30", "protect": False}
    journal.append(call(Event.INTENT, "op", action, CAMPAIGN, **written))
    journal.append(call(Event.ACKED, "op", action, CAMPAIGN))
    assert journal.memory().owned[CAMPAIGN].fields == {"amd": True, "window": "8-20"}

    journal.append(call(event, "op", action, CAMPAIGN))

    owned = journal.memory().owned[CAMPAIGN]
    assert (owned.name, owned.protect) == ("Mora 30", False)
    assert owned.fields == {"amd": True, "window": "8-18"}
    assert owned.id == "7"


@pytest.mark.parametrize("event", [Event.REFUSED, Event.AMBIGUOUS, Event.NO_EFFECT, Event.PARTIAL])
def test_a_write_that_is_not_known_to_be_done_makes_nothing_ours(journal: Journal, event: Event) -> None:
    journal.append(call(Event.INTENT, "op", Action.CREATE, CAMPAIGN))
    journal.append(call(event, "op", Action.CREATE, CAMPAIGN, id="7"))

    assert journal.memory().owned == {}


@pytest.mark.parametrize("event", [Event.ACKED, Event.VERIFIED])
def test_what_we_deleted_is_not_ours(journal: Journal, event: Event) -> None:
    own(journal)
    journal.append(call(Event.INTENT, "op", Action.DELETE, CAMPAIGN))
    assert CAMPAIGN in journal.memory().owned

    journal.append(call(event, "op", Action.DELETE, CAMPAIGN))

    assert journal.memory().owned == {}


def test_what_was_adopted_is_ours_until_it_is_forgotten(journal: Journal) -> None:
    own(journal, fields={"speed": 60})
    owned = journal.memory().owned[CAMPAIGN]
    assert (owned.id, owned.adopted, owned.container, owned.fields) == ("7", True, ACCOUNT, {"speed": 60})

    journal.append(Entry(event=Event.FORGOTTEN, at=NOW, address=CAMPAIGN))

    assert journal.memory().owned == {}


def test_a_verdict_counts_like_a_reading(journal: Journal) -> None:
    journal.append(call(Event.INTENT, "op", Action.CREATE, CAMPAIGN, container=ACCOUNT))
    journal.append(call(Event.AMBIGUOUS, "op", Action.CREATE, CAMPAIGN, container=ACCOUNT))
    journal.append(call(Event.HUMAN, "op", Action.CREATE, CAMPAIGN, ACCOUNT, id="7", verdict="done", reason="seen"))

    memory = journal.memory()
    assert memory.owned[CAMPAIGN].id == "7"
    assert memory.unsettled == ()
    assert memory.occurrences == {CAMPAIGN: 1}


@pytest.mark.parametrize(
    ("events", "state"),
    [
        ([], "held"),
        ([Event.AMBIGUOUS], "held"),
        ([Event.ACKED, Event.AMBIGUOUS], "held"),
        ([Event.ACKED], "sent"),
        ([Event.ACKED, Event.VERIFIED], "sent"),
        ([Event.VERIFIED_WEAK], "sent"),
        ([Event.AMBIGUOUS, Event.VERIFIED], "sent"),
        ([Event.REFUSED], "free"),
        ([Event.AMBIGUOUS, Event.NO_EFFECT], "free"),
        ([Event.NO_EFFECT, Event.INTENT], "held"),
        ([Event.REFUSED, Event.INTENT, Event.ACKED], "sent"),
        # The refusal of a repeated call says nothing of the first; a reading says it of both.
        ([Event.AMBIGUOUS, Event.INTENT, Event.REFUSED], "held"),
        ([Event.AMBIGUOUS, Event.INTENT, Event.REFUSED, Event.NO_EFFECT], "free"),
        ([Event.AMBIGUOUS, Event.INTENT, Event.NO_EFFECT], "free"),
        # What was sent stays sent, whatever comes of a second time.
        ([Event.VERIFIED, Event.INTENT, Event.REFUSED], "sent"),
        ([Event.PARTIAL], "sent"),
    ],
)
def test_the_events_of_an_operation_decide_about_its_rows(journal: Journal, events: list[Event], state: str) -> None:
    for event in (Event.INTENT, *events):
        columns = rows("a") if event is Event.INTENT else Columns()
        journal.append(call(event, "op", Action.ROWS_ADD, count=1 if event is Event.INTENT else 0, safety="set"), columns)

    memory = journal.memory()
    there = packed("ra")
    assert (there in recipients(journal.sent(PLACE))) == (state == "sent")
    assert (there in recipients(journal.held(PLACE))) == (state == "held")
    assert (there in recipients(journal.rows_loaded(PLACE))) == (state == "sent")
    assert (packed("pa") in set(journal.persons())) == (state != "free")
    assert loaded(memory) == ({BASE: 1} if state == "sent" else {})
    assert len(memory.holds(BASE)) == (state == "held")
    assert (BASE in memory.occurrences) == (state != "free")


@pytest.mark.parametrize(("verdict", "state"), [("done", "sent"), ("not-done", "free"), ("perhaps", "sent")])
def test_a_person_frees_rows_only_by_saying_so(journal: Journal, verdict: str, state: str) -> None:
    journal.append(call(Event.INTENT, "op", Action.SCHEDULE, SMS, count=1), rows("a"))
    journal.append(call(Event.HUMAN, "op", Action.SCHEDULE, SMS, verdict=verdict, reason="asked the vendor", by="ana"))

    assert recipients(journal.sent(PLACE)) == (packed("ra") if state == "sent" else b"")
    assert recipients(journal.held()) == b""
    assert journal.memory().occurrences == ({SMS: 1} if state == "sent" else {})


def test_a_part_that_happened_is_named_by_its_own_columns(journal: Journal) -> None:
    journal.append(call(Event.INTENT, "op", Action.ROWS_ADD, count=3), rows("a", "b", "c"))
    journal.append(call(Event.PARTIAL, "op", Action.ROWS_ADD, count=2), rows("a", "c"))

    assert recipients(journal.sent(PLACE)) == packed("ra", "rc")
    assert loaded(journal.memory()) == {BASE: 2}


def test_start_stop_start_is_three_occurrences(journal: Journal) -> None:
    for operation, action in (("op-1", Action.START), ("op-2", Action.STOP), ("op-1", Action.START)):
        journal.append(call(Event.INTENT, operation, action, CAMPAIGN))
        journal.append(call(Event.VERIFIED, operation, action, CAMPAIGN))
    assert journal.memory().occurrences == {CAMPAIGN: 3}

    journal.append(call(Event.INTENT, "op-2", Action.STOP, CAMPAIGN))

    assert journal.memory().occurrences == {CAMPAIGN: 4}


def test_a_doubt_says_what_is_in_doubt(journal: Journal) -> None:
    journal.append(call(Event.INTENT, "op", Action.ROWS_ADD, count=2, first="x"), rows("a", "b"))
    later = call(Event.AMBIGUOUS, "op", Action.ROWS_ADD, why="no answer", task_id="t-1")
    journal.append(later)

    (doubt,) = journal.memory().unsettled
    assert (doubt.operation, doubt.run, doubt.address, doubt.action) == ("op", "run-1", BASE, Action.ROWS_ADD)
    assert (doubt.container, doubt.count, doubt.since, doubt.why) == (PLACE, 2, NOW, "no answer")
    assert doubt.facts == {"first": "x", "why": "no answer", "task_id": "t-1"}


def test_a_repeated_doubt_is_one_doubt_that_counts_from_the_last_call(journal: Journal) -> None:
    intent = call(Event.INTENT, "op", Action.STOP, CAMPAIGN, safety="set")
    again = NOW + timedelta(minutes=1)
    journal.append(intent)
    journal.append(replace(intent, at=again))

    assert [doubt.since for doubt in journal.memory().unsettled] == [again]


def test_later_entries_need_not_repeat_the_address(journal: Journal) -> None:
    journal.append(call(Event.INTENT, "op", Action.CREATE, CAMPAIGN, ACCOUNT))
    journal.append(Entry(event=Event.ACKED, at=NOW, operation="op", container=ACCOUNT, facts={"id": "7"}))

    assert {address: owned.container for address, owned in journal.memory().owned.items()} == {CAMPAIGN: ACCOUNT}


def test_who_was_blacklisted_or_taken_away_was_not_contacted(journal: Journal) -> None:
    for number, action in enumerate((Action.ROWS_REMOVE, Action.BLACKLIST_ADD, Action.BLACKLIST_REMOVE)):
        journal.append(call(Event.INTENT, f"op-{number}", action), rows("a"))
    assert len(list(journal.held(PLACE))) == 3

    for number, action in enumerate((Action.ROWS_REMOVE, Action.BLACKLIST_ADD, Action.BLACKLIST_REMOVE)):
        journal.append(call(Event.ACKED, f"op-{number}", action))

    assert recipients(journal.sent(PLACE)) + recipients(journal.rows_loaded(PLACE)) + b"".join(journal.persons()) == b""


def test_containers_are_told_apart(journal: Journal) -> None:
    for number, container in enumerate((PLACE, "wolkvox|acme|8")):
        journal.append(call(Event.INTENT, f"op-{number}", Action.ROWS_ADD, container=container), rows(f"{number}"))
    assert recipients(journal.held("wolkvox|acme|8")) == packed("r1")
    assert len(list(journal.held())) == 2
    journal.append(call(Event.ACKED, "op-1", Action.ROWS_ADD, container="wolkvox|acme|8"))

    assert recipients(journal.sent(PLACE)) == b""
    assert recipients(journal.sent("wolkvox|acme|8")) == packed("r1")


def test_rows_that_were_there_at_adoption_may_be_removed_and_were_not_sent(journal: Journal) -> None:
    journal.append(Entry(event=Event.ADOPTED, at=NOW, address=BASE, container=PLACE), rows("a"))

    assert recipients(journal.rows_loaded(PLACE)) == packed("ra")
    assert recipients(journal.sent(PLACE)) == b""
    assert loaded(journal.memory()) == {}


def test_plans_and_manual_steps(journal: Journal) -> None:
    assert not journal.plan_used("5ea1")
    history(journal)

    assert journal.plan_used("5ea1")
    assert not journal.plan_used("run-1")
    assert journal.memory().manual_done == {"activate"}


def used(*names: str) -> list[ListUsed]:
    """Lists, as a run used them."""
    return [ListUsed(name=name, digest=name * 8, count=len(name)) for name in names]


def run_with(journal: Journal, lists: list[ListUsed] | None) -> None:
    """The beginning of a run that used these lists; None = it used none, because it contacted nobody."""
    facts = {} if lists is None else {"lists": [one.to_json() for one in lists]}
    journal.append(Entry(event=Event.RUN_STARTED, at=NOW, run="run-9", facts=facts))


def test_the_lists_are_those_of_the_last_run_that_used_any(journal: Journal) -> None:
    assert journal.memory().lists == ()
    history(journal)
    assert [one.name for one in journal.memory().lists] == ["rne"]

    run_with(journal, used("rne", "own"))
    run_with(journal, None)
    assert journal.memory().lists == tuple(used("own", "rne"))
    assert journal.memory() == recall(journal.entries())

    run_with(journal, [])
    assert journal.memory().lists == ()


def test_who_was_left_out_is_kept_and_nothing_follows_from_it(journal: Journal) -> None:
    """As evidence: neither sent nor held, nor an occurrence of its document."""
    history(journal)
    before = replace(journal.memory(), head="")
    entry = Entry(event=Event.LEFT_OUT, at=NOW, run="run-1", address=BASE, container=PLACE, count=2, facts={"reason": "cap"})

    stored = journal.append(entry, Columns(recipients=packed("x", "y")))

    assert replace(journal.memory(), head="") == before
    assert set(stored.digests) == {"recipients"}
    assert journal.verify().broken == 0
    assert packed("x") not in recipients(journal.sent(PLACE)) + recipients(journal.held())


def test_a_whole_history(journal: Journal) -> None:
    history(journal)

    memory = journal.memory()
    assert memory.head == journal.head
    assert set(memory.owned) == {CAMPAIGN, BASE}
    assert [doubt.operation for doubt in memory.unsettled] == ["op-doubt", "op-sms"]
    assert memory.occurrences == {CAMPAIGN: 1, BASE: 4, LIST: 1, SMS: 1}
    assert loaded(memory) == {BASE: 5}
    assert b"".join(columns.recipients for columns in journal.sent(PLACE)) == packed("ra", "rb", "rc", "rg", "rh")
    assert sorted(journal.persons()) == sorted([packed("pa", "pb"), packed("pg", "ph"), *map(packed, ("pc", "pf", "ps"))])


def test_what_is_repeated_while_it_is_in_doubt_is_one_thing_that_is_read_back(journal: Journal) -> None:
    """Every attempt was at the same: what the last one shows of it is so for all, and nothing more is expected of any."""
    other = replace(CAMPAIGN, name="renamed")
    journal.append(call(Event.INTENT, "op", Action.STOP, CAMPAIGN, safety="set"))
    journal.append(call(Event.AMBIGUOUS, "op", Action.STOP, CAMPAIGN))
    journal.append(call(Event.INTENT, "op", Action.STOP, other, safety="set"))
    journal.append(call(Event.ACKED, "op", Action.STOP, other))
    assert [unread.operation for unread in journal.memory().unread] == ["op"]

    journal.append(call(Event.VERIFIED, "op", Action.STOP, other))

    assert (journal.memory().unread, journal.memory().unsettled) == ((), ())


@pytest.mark.parametrize("ending", [Event.ACKED, Event.VERIFIED, Event.NO_EFFECT, Event.AMBIGUOUS])
def test_what_was_taken_and_never_read_back_is_unread(journal: Journal, ending: Event) -> None:
    journal.append(call(Event.INTENT, "op", Action.UPDATE, CAMPAIGN, ACCOUNT, first="x"))
    assert journal.memory().unread == ()
    journal.append(call(Event.ACKED, "op", Action.UPDATE, CAMPAIGN, ACCOUNT, task_id="t-1"))
    if ending is not Event.ACKED:
        journal.append(call(ending, "op", Action.UPDATE, CAMPAIGN, ACCOUNT))

    memory = journal.memory()
    assert [unread.operation for unread in memory.unread] == (["op"] if ending is Event.ACKED else [])
    assert all(unread.facts == {"first": "x", "task_id": "t-1"} for unread in memory.unread)
    assert len(memory.unsettled) == (ending is Event.AMBIGUOUS)


@pytest.mark.parametrize("event", [Event.VERIFIED, Event.VERIFIED_WEAK])
def test_what_a_platform_showed_of_what_we_applied_is_remembered(journal: Journal, event: Event) -> None:
    own(journal, readable={"speed": 60, "state": "stopped"})
    assert journal.memory().owned[CAMPAIGN].applied == {"speed": 60, "state": "stopped"}
    journal.append(call(Event.INTENT, "op", Action.UPDATE, CAMPAIGN, readable={"speed": 80}))
    journal.append(call(Event.ACKED, "op", Action.UPDATE, CAMPAIGN))
    assert journal.memory().owned[CAMPAIGN].applied["speed"] == 60

    journal.append(call(event, "op", Action.UPDATE, CAMPAIGN))

    assert journal.memory().owned[CAMPAIGN].applied == {"speed": 80, "state": "stopped"}


def test_what_a_new_campaign_showed_is_remembered(journal: Journal) -> None:
    journal.append(call(Event.INTENT, "op", Action.CREATE, CAMPAIGN, readable={"speed": 60}))
    journal.append(call(Event.ACKED, "op", Action.CREATE, CAMPAIGN, id="7"))
    assert journal.memory().owned[CAMPAIGN].applied == {}

    journal.append(call(Event.VERIFIED, "op", Action.CREATE, CAMPAIGN))

    assert journal.memory().owned[CAMPAIGN].applied == {"speed": 60}


def test_entries_that_we_list_ourselves_count_at_once(journal: Journal) -> None:
    journal.append(call(Event.LISTED, "op-1", Action.BLACKLIST_ADD, LIST, count=2), rows("a", "b"))
    assert recipients(journal.listed(PLACE)) == packed("ra", "rb")
    assert journal.memory().unsettled == ()

    journal.append(call(Event.LISTED, "op-2", Action.BLACKLIST_REMOVE, LIST, count=1), rows("a"))
    assert recipients(journal.listed(PLACE)) == packed("rb")

    later = NOW + timedelta(hours=1)
    journal.append(replace(call(Event.LISTED, "op-3", Action.BLACKLIST_ADD, LIST, count=1), at=later), rows("a"))
    assert sorted(columns.recipients for columns in journal.listed(PLACE)) == sorted([packed("ra"), packed("rb")])
    assert recipients(journal.listed(PLACE, later)) == packed("ra")


def test_when_something_was_last_placed(journal: Journal) -> None:
    later = NOW + timedelta(hours=1)
    journal.append(call(Event.INTENT, "op-1", Action.ROWS_ADD, count=1), rows("a"))
    journal.append(call(Event.VERIFIED, "op-1", Action.ROWS_ADD))
    journal.append(replace(call(Event.INTENT, "op-2", Action.ROWS_ADD, count=2), at=later), rows("b", "c"))
    journal.append(call(Event.ACKED, "op-2", Action.ROWS_ADD))
    assert [(placed.count, placed.latest) for placed in journal.memory().placed] == [(3, later)]

    journal.append(call(Event.NO_EFFECT, "op-2", Action.ROWS_ADD))

    assert [(placed.count, placed.latest) for placed in journal.memory().placed] == [(1, NOW)]
