"""Rows, contacts and do-not-disturb entries on Lynn: what is sent, and what proves it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.call import Reply, Safety
from reconciler.diagnostics import Severity
from reconciler.platforms.lynn import LYNN, blacklist
from reconciler.platforms.platform import Certainty, NotDone, NotReadable
from reconciler.resource import Action
from reconciler.rows.sheet import Presence
from tests.platforms.lynn_wishes import (
    BOOK,
    FAILED,
    FINISHED,
    GONE,
    HTML,
    ID,
    NOW,
    OTHER,
    PERSON,
    ROWS,
    RUNNING,
    TASK,
    TEMPLATE,
    Feed,
    barred,
    by,
    check,
    dnd,
    drive,
    live,
    load,
    native,
    ok,
    operations,
    page,
    seen,
    step,
    target,
    wish,
)

# --- rows of a campaign


def test_rows_are_loaded_in_batches_whose_tasks_are_awaited() -> None:
    change = step(Action.ROWS_ADD, load(), live(), feed=Feed(add=ROWS))
    task = [ok({"taskId": TASK}), ok(RUNNING), ok(FINISHED)]
    calls, facts = drive(LYNN.write(change), ok(native()), *task, *task, *task)
    loads = [call for call in calls if call.operation == "AddCampaingData"]

    assert [len(call.batch or ()) for call in loads] == [500, 500, 1]
    assert loads[2].json == {
        "campaingId": ID,
        "templateId": TEMPLATE,
        "typeOfData": 0,
        "data": [{"Nombre": "Ana Prueba", "Telefono": "56966661001", "Etiquetas": "", "numeropedido": "1001"}],
    }
    assert {call.safety for call in loads} == {Safety.TASK}
    assert facts == {"rows": "1001", "tasks": "3", "status": "done"}
    assert len(calls) == LYNN.calls(Action.ROWS_ADD, 1001, target(), load())
    assert drive(LYNN.verify(change, facts))[1].certainty is Certainty.WEAK


@pytest.mark.parametrize(
    "words",
    [
        {"running": True},
        {"running": None},
        {"executionMode": "AlwaysOn"},
        {"executionMode": "Scheduled", "startDate": "2027-01-01T00:00:00Z", "endDate": "2027-02-01T00:00:00Z"},
    ],
)
def test_rows_that_may_go_out_at_once_are_blind(words: dict[str, Any]) -> None:
    change = step(Action.ROWS_ADD, load(), live(**words), feed=Feed(add=ROWS[:1]))
    calls, _ = drive(LYNN.write(change), ok(native(**words)), ok({"taskId": TASK}), ok(FINISHED))

    assert calls[1].safety is Safety.BLIND


@pytest.mark.parametrize("words", [{"running": True}, {"executionMode": "AlwaysOn"}, {"campaignType": "MultipleMessage"}])
def test_a_campaign_that_changed_meanwhile_gets_no_rows(words: dict[str, Any]) -> None:
    with pytest.raises(NotDone):
        drive(LYNN.write(step(Action.ROWS_ADD, load(), live(), feed=Feed(add=ROWS[:1]))), ok(native(**words)))
    with pytest.raises(NotDone):
        drive(LYNN.write(step(Action.ROWS_ADD, load(), live(), feed=Feed(add=ROWS[:1]))), GONE)
    with pytest.raises(NotDone):
        drive(LYNN.write(step(Action.ROWS_ADD, load(), None, feed=Feed(add=ROWS[:1]))))


def test_a_failed_task_is_not_done_and_a_slow_one_is_unknown() -> None:
    change = step(Action.ROWS_ADD, load(), live(), feed=Feed(add=ROWS[:600]))

    with pytest.raises(NotDone):
        drive(LYNN.write(change), ok(native()), ok({"taskId": TASK}), ok(FAILED))
    calls, facts = drive(LYNN.write(change), ok(native()), ok({"taskId": TASK}), *([ok(RUNNING)] * 33))

    assert operations(calls).count("AddCampaingData") == 1
    assert facts == {"rows": "0", "tasks": "0", "status": "running"}
    assert drive(LYNN.verify(change, facts))[1].certainty is Certainty.UNKNOWN


def test_a_file_of_the_vendors_is_passed_through_as_it_is_and_blind() -> None:
    desired = wish("contacts", "carga", {"type_of_data": 0}, campaign="bienvenida", source={"file": "../data/Pedidos.CPG"})
    change = step(Action.ROWS_ADD, desired, live(), feed=Feed(content=b"\x00\x01"))
    calls, _ = drive(LYNN.write(change), ok(native()), ok({"taskId": TASK}), ok(FINISHED))

    assert check(desired) == []
    assert LYNN.sheet(desired, target()).whole_file
    assert calls[1].operation == "UploadCampaignDataByTenant"
    assert calls[1].file == ("file", "Pedidos.cpg", b"\x00\x01")
    assert calls[1].safety is Safety.BLIND


def test_the_rows_of_a_campaign_are_known_by_the_journal_alone() -> None:
    sheet = LYNN.sheet(load(), target(limits={"rows_per_upload": 100}))
    given = wish("contacts", campaign="uno", source={"rows": [{"key": "1", "phone": "2"}]})
    mapped = wish("contacts", campaign="uno", columns={"phone": "telefono"}, source={"rows": [{"key": "1"}]})

    assert (sheet.identity, sheet.readable, sheet.natural, sheet.add_max) == (("key",), False, False, 100)
    assert [column.name for column in sheet.columns] == ["key", "phone", "name", "tags", "pedido"]
    assert [column.name for column in sheet.columns if column.required] == ["phone", "pedido"]
    assert LYNN.sheet(given, target()).identity == ("key",)
    assert LYNN.sheet(mapped, target()).identity == ("phone",)
    assert drive(LYNN.read_rows(load(), target(), live(), seen(), iter(())))[1].tables == ()


# --- the address book


def test_contacts_are_posted_one_a_call_and_found_again() -> None:
    rows = [{"channel": "whatsapp", "identifier": "56966666666", "name": "Ana Prueba", "correlation2": "1-9"}]
    change = step(Action.ROWS_ADD, BOOK, feed=Feed(Presence(present=1, missing=0, twice=0), add=rows))
    calls, facts = drive(LYNN.write(change), ok({"id": PERSON + "1"}))

    assert calls[0].safety is Safety.CREATE
    assert calls[0].json == {
        "name": "Ana Prueba",
        "channel": "whatsapp",
        "identifier": "56966666666",
        "correlationIds": ["", "1-9"],
    }
    assert calls[0].facts == {}
    assert facts == {"created": "1", "replaced": "0"}
    _, evidence = drive(LYNN.verify(change, facts), page(1))
    assert evidence.certainty is Certainty.VERIFIED
    assert LYNN.calls(Action.ROWS_ADD, 1, target()) == 2


@pytest.mark.parametrize("stands", [Presence(present=0, missing=1, twice=0), Presence(present=1, missing=0, twice=1)])
def test_contacts_that_are_missing_or_twice_are_not_as_wished(stands: Presence) -> None:
    change = step(Action.ROWS_ADD, BOOK, feed=Feed(stands, add=[{"channel": "whatsapp", "identifier": "1"}]))

    assert drive(LYNN.verify(change, {}), page(1))[1].certainty is Certainty.WRONG
    assert drive(LYNN.verify(change, {}), HTML)[1].certainty is Certainty.UNKNOWN


def test_a_replaced_contact_keeps_what_the_document_does_not_map() -> None:
    seen = {"_before_channel": "whatsapp", "_before_identifier": "+56966666666", "_before_correlation2": "b"}
    row = {"_contact_id": PERSON + "1", "channel": "whatsapp", "identifier": "56966666666"} | seen
    known = {"channel": "whatsapp", "identifier": "+56966666666", "correlationIds": ["a", "b", "c"]}
    before = {"Id": PERSON + "1", "Name": "Ana", "Tags": ["x"], **known}
    change = step(Action.ROWS_ADD, BOOK, feed=Feed(replace=[row]))
    after = before | {"identifier": "56966666666", "correlationIds": ["a", "", "c"]}
    calls, facts = drive(LYNN.write(change), ok(before), ok(after))

    assert operations(calls) == ["GetContact", "PutContact"]
    assert calls[1].json == before | {"identifier": "56966666666", "correlationIds": ["a", "", "c"]}
    assert facts["replaced"] == "1"
    with pytest.raises(NotDone, match="another contact"):
        drive(LYNN.write(change), ok(before), ok(before))
    with pytest.raises(NotDone, match="no longer there"):
        drive(LYNN.write(change), GONE)


@pytest.mark.parametrize(
    "edited",
    [
        {"Name": "Eva"},
        {"Name": None},
        {"Name": 7},
        {"correlationIds": ["a", "otro"]},
        {"correlationIds": []},
        {"identifier": "56977777777"},
    ],
)
def test_a_contact_that_somebody_edits_after_it_was_read_is_left_as_it_is(edited: dict[str, object]) -> None:
    """The plan says what it replaces; the platform is asked once more before each contact."""
    mapped = {name: name for name in ("name", "channel", "identifier", "correlation2")}
    seen = {"_before_name": "Ana", "_before_channel": "sms", "_before_identifier": "+1", "_before_correlation2": "b"}
    row = {"_contact_id": PERSON, "name": "Ana Sol", "channel": "sms", "identifier": "1", **seen}
    there = {"Id": PERSON, "Name": "Ana", "correlationIds": ["a", "b"], "channel": "sms", "identifier": "+1"}
    change = step(Action.ROWS_ADD, replace(BOOK, fields={**BOOK.fields, "columns": mapped}), feed=Feed(replace=[row]))

    calls, _ = drive(LYNN.write(change), ok(there | {"correlationIds": ["other", "b"]}), ok({"Id": PERSON}))
    assert operations(calls) == ["GetContact", "PutContact"]  # somebody else's field is theirs
    with pytest.raises(NotDone, match="somebody changed a contact"):
        drive(LYNN.write(change), ok(there | edited))


def test_a_contact_is_deleted_by_its_id_and_gone_from_the_list() -> None:
    rows = [{"_contact_id": PERSON + "1"}, {"_contact_id": PERSON + "2"}]
    change = step(Action.ROWS_REMOVE, BOOK, feed=Feed(remove=rows))
    calls, facts = drive(LYNN.write(change), ok(), GONE)

    assert [call.path.rpartition("/")[2] for call in calls] == [PERSON + "1", PERSON + "2"]
    assert facts == {"deleted": "2"}
    assert drive(LYNN.verify(change, facts), page(0))[1].certainty is Certainty.VERIFIED
    left = replace(change, feed=Feed(Presence(present=1, missing=1, twice=0), remove=rows))
    assert drive(LYNN.verify(left, facts), page(1))[1].certainty is Certainty.WRONG
    with pytest.raises(ValueError, match="DeleteContact"):
        drive(LYNN.write(replace(change, feed=Feed(remove=[{"_contact_id": ""}]))))


@pytest.mark.parametrize(
    ("channel", "numbered"), [({"value": "WhatsApp"}, True), ({"value": "webchat"}, False), ("canal", True)]
)
def test_the_identifier_is_a_number_on_channels_of_numbers(channel: Any, numbered: bool) -> None:
    sheet = LYNN.sheet(wish("contacts", columns={"identifier": "id", "channel": channel}), target())
    identifier = sheet.column("identifier")

    assert (sheet.identity, sheet.readable, sheet.add_max) == (("channel", "identifier"), True, 1)
    assert identifier is not None
    assert identifier.phone is numbered


def test_the_address_book_is_read_with_the_campaigns() -> None:
    _, known = drive(LYNN.read(target(), frozenset({"contacts"}), NOW), ok([]), page(1_000))
    _, rows = drive(LYNN.read_rows(BOOK, target(), None, known, iter(())))
    _, unread = drive(LYNN.read_rows(BOOK, target(), None, seen(), iter(())))

    assert (rows.tables, rows.count, rows.complete) == (("t1",), 1_000, True)
    assert not unread.complete
    assert [(found.code, found.severity) for found in LYNN.check_live(BOOK, known, target())] == [("PLT002", Severity.WARN)]


# --- do not disturb


def test_an_entry_is_known_when_every_contact_is_barred_from_every_campaign() -> None:
    asked = [barred("a,b", 1), barred("a", 2), barred("c", 3), barred("", 4)]
    known = seen(native(), native(id=OTHER, name="dos"), native(id=TASK, name="tres", category="otra"))
    answers = [dnd(ID.upper(), OTHER), dnd(ID), GONE]
    calls, found = drive(LYNN.read_rows(by(category="alta"), target(), None, known, iter(asked)), *answers)

    assert [call.path.rpartition("/")[2] for call in calls] == ["a", "b", "c"]
    assert found.known == ("e2",)
    _, found = drive(LYNN.read_rows(by(campaign="bienvenida"), target(), live(), known, iter(asked[:1])), dnd(ID), dnd(ID))
    assert found.known == ("e1",)
    assert drive(LYNN.read_rows(by(campaign="nueva"), target(), None, known, iter(asked)))[1].known == ()


@pytest.mark.parametrize("reply", [HTML, ok([{"campaign": ID}]), ok({}), ok(None, 500), replace(HTML, status=404)])
def test_do_not_disturb_that_is_not_shown_is_not_read(reply: Reply) -> None:
    with pytest.raises(NotReadable):
        drive(LYNN.read_rows(by(campaign="bienvenida"), target(), live(), seen(), iter([barred("a")])), reply)


def test_contacts_are_barred_from_a_campaign_by_a_task_and_read_back() -> None:
    change = step(Action.BLACKLIST_ADD, by(campaign="bienvenida"), live(), feed=Feed(add=[barred("a,b"), barred("b,c")]))
    calls, facts = drive(LYNN.write(change), page(1), ok({"taskId": TASK}), ok(RUNNING), ok(FINISHED))

    assert operations(calls) == ["GetContacts", "ManageDnDByCampaign", "GetDndTaskStatus", "GetDndTaskStatus"]
    assert calls[1].json == {"campaignId": ID, "data": [{"contactId": one, "doNotDisturb": True} for one in "abc"]}
    assert (calls[1].safety, len(calls[1].batch or ())) == (Safety.TASK, 2)
    _, evidence = drive(LYNN.verify(change, facts), dnd(ID), dnd(OTHER, ID), dnd(ID))
    assert (evidence.certainty, evidence.facts["read"]) == (Certainty.VERIFIED, "3")
    _, evidence = drive(LYNN.verify(change, facts), dnd(ID), dnd(OTHER), dnd(ID))
    assert (evidence.certainty, evidence.facts["wrong"]) == (Certainty.WRONG, "1")
    assert drive(LYNN.verify(change, facts), HTML)[1].certainty is Certainty.UNKNOWN
    assert drive(LYNN.verify(change, {"status": "running"}))[1].certainty is Certainty.UNKNOWN


def test_more_contacts_than_a_call_takes_are_split_and_only_the_last_call_closes_the_rows() -> None:
    rows = [barred(f"c{n},d{n}") for n in range(300)]
    task = [ok({"taskId": TASK}), ok(FINISHED)]
    change = step(Action.BLACKLIST_ADD, by(campaign="bienvenida"), live(), feed=Feed(add=rows))
    calls, facts = drive(LYNN.write(change), page(1), *task, *task)
    sent = [call for call in calls if call.operation == "ManageDnDByCampaign"]

    assert [len(call.json["data"]) for call in sent] == [500, 100]
    assert [len(call.batch or ()) for call in sent] == [0, 300]
    assert facts["contacts"] == "600"


def test_a_category_is_barred_contact_by_contact_and_read_back_over_its_campaigns() -> None:
    change = step(Action.BLACKLIST_ADD, by(category="alta"), feed=Feed(add=[barred("a,b")]))
    calls, facts = drive(LYNN.write(change), page(1), ok(), ok())

    assert [call.json for call in calls[1:]] == [{"contactId": one, "category": "alta"} for one in "ab"]
    assert [len(call.batch or ()) for call in calls[1:]] == [0, 1]
    listed = ok([native(), native(id=OTHER, name="dos")])
    _, evidence = drive(LYNN.verify(change, facts), listed, dnd(ID, OTHER), dnd(ID, OTHER))
    assert evidence.certainty is Certainty.VERIFIED
    _, evidence = drive(LYNN.verify(change, facts), listed, dnd(ID, OTHER), dnd(ID))
    assert evidence.certainty is Certainty.WRONG
    assert drive(LYNN.verify(change, facts), ok([]))[1].certainty is Certainty.WRONG


def test_a_lift_takes_the_bar_away_from_every_campaign_of_the_category() -> None:
    change = step(Action.BLACKLIST_REMOVE, by(category="alta"), feed=Feed(lift=[barred("a")]))
    listed = ok([native(), native(id=OTHER, name="dos")])
    task = [ok({"taskId": TASK}), ok(FINISHED)]
    calls, facts = drive(LYNN.write(change), page(1), listed, *task, *task)
    sent = [call for call in calls if call.operation == "ManageDnDByCampaign"]

    assert [call.json["campaignId"] for call in sent] == [ID, OTHER]
    assert all(entry == {"contactId": "a", "doNotDisturb": False} for call in sent for entry in call.json["data"])
    assert [len(call.batch or ()) for call in sent] == [0, 1]
    assert drive(LYNN.verify(change, facts), listed, dnd())[1].certainty is Certainty.VERIFIED
    assert drive(LYNN.verify(change, facts), listed, dnd(OTHER))[1].certainty is Certainty.WRONG


def test_a_campaign_made_in_this_run_is_found_by_name() -> None:
    change = step(Action.BLACKLIST_ADD, by(campaign="bienvenida"), None, feed=Feed(add=[barred("a")]))
    calls, _ = drive(LYNN.write(change), page(1), ok([native()]), ok({"taskId": TASK}), ok(FINISHED))

    assert calls[2].json["campaignId"] == ID
    with pytest.raises(NotDone):
        drive(LYNN.write(change), page(1), ok([native(), native(id=OTHER)]))
    with pytest.raises(NotDone):
        drive(LYNN.write(replace(change, live=live())), page(1), ok({"taskId": TASK}), ok(FAILED))


@pytest.mark.parametrize(
    ("rows", "verify", "read_back"),
    [(3, None, 3), (2_001, None, 200), (3, "sample", 3), (300, "sample", 200), (2_001, "all", 2_001)],
)
def test_long_lists_are_read_back_by_a_spread_sample(rows: int, verify: str | None, read_back: int) -> None:
    fields: dict[str, Any] = {"verify": verify} if verify else {}
    desired = wish("blacklist", scope={"campaign": "bienvenida"}, columns={"phone": "t"}, **fields)
    feed = Feed(add=[barred(f"c{n}") for n in range(rows)])
    change = step(Action.BLACKLIST_ADD, desired, live(), feed=feed)
    calls, evidence = drive(LYNN.verify(change, {"status": "done"}), *([dnd(ID)] * read_back))
    numbers = [int(call.path.rpartition("/c")[2]) for call in calls]

    assert evidence.certainty is Certainty.VERIFIED
    assert evidence.facts.get("sampled") == (None if read_back == rows else str(read_back))
    assert (len(set(numbers)), numbers[0]) == (read_back, 0)
    assert max(numbers) >= rows - rows // read_back - 1
    assert read_back == blacklist.to_read(rows, desired)


def test_a_blacklist_is_numbers_or_contacts() -> None:
    numbers = LYNN.sheet(by(campaign="uno"), target())
    contacts = LYNN.sheet(wish("blacklist", scope={}, columns={"identifier": "i", "channel": {"value": "webchat"}}), target())

    assert (numbers.identity, numbers.natural, numbers.readable) == (("phone",), True, False)
    assert contacts.identity == ("channel", "identifier")
    assert [column.phone for column in contacts.columns] == [False, False]
