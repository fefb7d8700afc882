"""Lists that no platform keeps: who said no stays out when the line, or the whole document, is gone."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.journal.entry import Event
from reconciler.journal.store import open_journal
from tests.contract.test_promise import codes, counts, messages
from tests.house import AT, House, actions

ADDRESS = "ucontact-uy/scheduled_sms/aviso"
LIST = "ucontact-uy/blacklist/no"


def barred(*numbers: str, more: str = "", name: str = "no") -> str:
    """A blacklist of these numbers."""
    rows = ", ".join(f'{{phone: "{number}"}}' for number in numbers)
    return f"kind: blacklist\ntarget: ucontact-uy\nname: {name}\n{more}source: {{rows: [{rows}]}}\n---\n"


def people(*numbers: str) -> str:
    """Messages to these numbers."""
    return messages(*(f'{{phone: "{number}"}}' for number in numbers))


def reached(house: House) -> list[str]:
    """The numbers that a message went to."""
    return sorted(effect["recipient"] for effect in house.control.effects())


def acknowledged(house: House, *guards: str) -> Any:
    """Apply with these guards acknowledged."""
    digest = house.plan()["digest"][:8]
    return house.applied(*[word for guard in guards for word in ("--ack", f"{guard}@{digest}")])


def notes(house: House) -> list[tuple[str, int]]:
    """(action, count) of every entry of the journal about a list."""
    journal = open_journal(".reconciler/journal.db", house.root, now=datetime.now(UTC))
    try:
        entries = [stored.entry for stored in journal.entries()]
    finally:
        journal.close()
    return sorted((one.action.value, one.count) for one in entries if one.event is Event.LISTED and one.action)


def test_a_line_that_leaves_the_file_is_still_enforced(house: House) -> None:
    house.spec(barred("094123001", "094123002"))
    house.applied()
    house.settled()
    house.spec(barred("094123002") + people("094123001", "094123003"))

    assert counts(house.plan(), ADDRESS)["suppressed"] == {"blacklist": 1}

    house.applied()

    assert reached(house) == ["094123003"]
    house.settled()


def test_a_document_that_is_gone_is_still_enforced_and_the_plan_says_for_how_many(house: House) -> None:
    house.spec(barred("094123001"))
    house.applied()
    house.spec(people("094123001", "094123003"))
    plan = house.plan()

    assert counts(plan, ADDRESS)["suppressed"] == {"blacklist": 1}
    assert [finding["message"] for finding in plan["findings"] if finding["code"] == "SUP002"] == [
        "1 people who said no are in no file any more; the journal keeps them out"
    ]

    house.applied()

    assert reached(house) == ["094123003"]


def test_a_renamed_target_and_document_forget_nobody(house: House) -> None:
    house.spec(barred("094123001"))
    house.applied()
    project = house.root / "reconciler.yaml"
    project.write_text(project.read_text("utf-8").replace("  ucontact-uy:", "  otro-uy:"), "utf-8")
    house.spec(people("094123001").replace("ucontact-uy", "otro-uy"))

    assert counts(house.plan(), ADDRESS.replace("ucontact-uy", "otro-uy"))["suppressed"] == {"blacklist": 1}


def test_entries_are_recorded_once_before_anything_is_sent_and_a_plan_records_none(house: House) -> None:
    house.spec(barred("094123001", "094123002") + barred("094123002", "094123004", name="otra"))
    house.plan()
    plan = house.plan()

    assert plan["changes"] == []
    assert notes(house) == []

    house.applied()

    assert notes(house) == [("blacklist_add", 1), ("blacklist_add", 2)]

    house.applied()

    assert len(notes(house)) == 2
    assert not [call for call in house.control.calls() if "sms" in call["operation"].lower()]


def test_a_further_number_of_a_row_and_an_entry_that_is_no_number_bar_too(house: House) -> None:
    house.spec(barred("094123001", "999 0000 94123005"))
    house.applied()
    rows = ['{key: A, phone: "094123009", phone2: "094123001"}', '{key: B, phone: "094123005"}', '{key: C, phone: "094123008"}']
    house.spec(
        'kind: contacts\ntarget: ucontact-uy\nname: base\ncampaign: "Cobranza<-"\npurpose: service\n'
        f"ucontact: {{channel: voice}}\nsource: {{rows: [{', '.join(rows)}]}}\n"
    )

    row = counts(house.plan(), "ucontact-uy/contacts/base")

    assert (row["to_add"], row["suppressed"]) == (1, {"blacklist": 2})


def test_an_emptied_file_is_asked_about(house: House) -> None:
    house.spec(barred("094123001"))
    house.applied()
    house.spec(barred())

    said = house.run("plan", "--format", "json", "--at", AT)

    assert said.code == 3
    assert ("approve", "VOL007") in codes(said.json)
    assert counts(said.json, LIST)["kept"] == 1


def test_only_who_asked_and_whom_we_listed_and_nobody_wishes_is_lifted(house: House) -> None:
    house.spec(barred("094123001", "094123002"))
    house.applied()
    lifts = 'lifts: {rows: [{phone: "+598 94 123 001"}, {phone: "094123002"}, {phone: "094123007"}]}\n'
    house.spec(barred("094123002", more=lifts) + people("094123001"))
    plan = house.plan()

    assert actions(plan) == [("blacklist_remove", LIST)]
    assert counts(plan, LIST)["to_lift"] == 1
    assert [finding["message"] for finding in plan["findings"] if finding["code"] == "VOL008"] == [
        "1 blacklist entries would be lifted; the project allows 0",
        "1 lifts are not carried out: not ours",
        "1 lifts are not carried out: still wished",
    ]

    acknowledged(house, "max_lifts=1")

    assert reached(house) == []  # the plan that lifts was made before

    house.applied()

    assert reached(house) == ["094123001"]
    house.settled()


def test_who_was_lifted_and_says_no_again_is_listed_again(house: House) -> None:
    lifts = 'lifts: {rows: [{phone: "094123001"}]}\n'
    house.spec(barred("094123001", "094123002"))
    house.applied()
    house.spec(barred("094123002", more=lifts))
    acknowledged(house, "max_lifts=1")
    house.settled()
    house.spec(barred("094123001", "094123002"))
    house.applied()
    house.spec(people("094123001"))

    assert counts(house.plan(), ADDRESS)["suppressed"] == {"blacklist": 1}


@pytest.mark.parametrize("only", [ADDRESS, "*/scheduled_sms/*"])
def test_a_list_that_a_partial_apply_leaves_out_is_recorded_too(house: House, only: str) -> None:
    house.spec(barred("094123001") + people("094123001", "094123003"))
    plan = house.plan("--only", only)
    house.run("apply", "--at", AT, "--only", only, "--digest", plan["digest"])

    assert reached(house) == ["094123003"]

    house.spec(people("094123001", "094123003"))

    assert counts(house.plan(), ADDRESS)["suppressed"] == {"already_sent": 1, "blacklist": 1}


def test_no_number_of_a_list_is_in_the_journal(house: House) -> None:
    house.spec(barred("094123001"))
    house.applied()

    files = [path.read_bytes() for path in (house.root / ".reconciler").rglob("*") if path.is_file()]

    assert not [body for body in files if b"94123001" in body]
