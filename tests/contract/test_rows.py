"""Contacts, blacklists and messages on every platform: what is sent, to whom, once; and then a plan that is empty."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.reconcile import carry
from tests.house import AT, House, actions, reach

CAMPAIGNS = {
    "wolkvox-co": "kind: campaign\ntarget: wolkvox-co\nname: lista\nstate: stopped\npurpose: service\n"
    "wolkvox: {skill: cobranza}\n---\n",
    "lynn-cl": "kind: campaign\ntarget: lynn-cl\nname: lista\nstate: stopped\npurpose: service\n"
    "lynn: {division: Ventas, category: c}\n---\n",
    "ucontact-uy": "",
}
NUMBERS = {"wolkvox-co": "300123{:04d}", "lynn-cl": "+5696123{:04d}", "ucontact-uy": "09412{:04d}"}
EXTRA = {
    "wolkvox-co": "",
    "lynn-cl": "lynn: {template: 3c6f10ec-0000-4000-8000-210008f00900}\n",
    "ucontact-uy": "ucontact: {channel: voice}\n",
}
CAMPAIGN_OF = {"wolkvox-co": "lista", "lynn-cl": "lista", "ucontact-uy": "Cobranza<-"}
TARGETS = pytest.mark.parametrize("target", ["wolkvox-co", "lynn-cl", "ucontact-uy"])


def _number(target: str, index: int) -> str:
    number = NUMBERS[target].format(index)
    return number[:9] if target == "ucontact-uy" else number


def _contacts(target: str, *indexes: int, more: str = "") -> str:
    rows = "".join(f'    - {{key: "K{index}", phone: "{_number(target, index)}"}}\n' for index in indexes)
    return (
        f"{CAMPAIGNS[target]}kind: contacts\ntarget: {target}\nname: base\ncampaign: {CAMPAIGN_OF[target]}\npurpose: service\n"
        f"{EXTRA[target]}{more}source:\n  rows:\n{rows}"
    )


def _row(plan: dict[str, Any], address: str) -> dict[str, Any]:
    return next(rows for rows in plan["rows"] if rows["address"] == address)


@TARGETS
def test_rows_are_added_once(house: House, target: str) -> None:
    house.spec(_contacts(target, 1, 2, 3))
    house.applied()
    house.settled()
    house.spec(_contacts(target, 1, 2, 3, 4))

    plan = house.plan()

    assert _row(plan, f"{target}/contacts/base")["to_add"] == 1
    assert reach(plan) == (1, 1)

    house.applied()
    house.settled()


@TARGETS
def test_duplicates_and_invalid_numbers_are_counted_and_left_out(house: House, target: str) -> None:
    text = _contacts(target, 1, 2)
    same = f'    - {{key: "K9", phone: "{_number(target, 1)}"}}\n    - {{key: "K8", phone: "12"}}\n'
    house.spec(text + same)

    row = _row(house.plan(), f"{target}/contacts/base")

    assert (row["in_source"], row["to_add"], row["suppressed"]) == (4, 2, {"duplicate": 1, "invalid": 1})

    house.applied()
    house.settled()


@TARGETS
def test_who_is_blacklisted_is_left_out_and_counted(house: House, target: str) -> None:
    scope = "scope: {campaign: lista}\n" if target == "lynn-cl" else ""
    head = f"---\nkind: blacklist\ntarget: {target}\nname: no\n{scope}"
    blacklist = f"{head}source: {{rows: [{{phone: '{_number(target, 2)}'}}]}}\n"
    house.spec(_contacts(target, 1, 2, 3) + blacklist)

    plan = house.plan()

    row = _row(plan, f"{target}/contacts/base")
    assert (row["to_add"], row["suppressed"]) == (2, {"blacklist": 1})

    house.applied()
    house.settled()
    assert not [effect for effect in house.control.effects() if effect["recipient"].endswith(_number(target, 2)[-6:])]


def test_wolkvox_rows_are_removed_closed_and_replaced(house: House) -> None:
    target = "wolkvox-co"
    house.spec(_contacts(target, 1, 2, 3))
    house.applied()
    house.spec(_contacts(target, 1, 2, more="missing: remove\n"))

    assert _row(house.plan(), f"{target}/contacts/base")["to_remove"] == 1

    house.applied("--ack", f"max_row_removals=1@{house.plan()['digest'][:8]}")
    house.settled()
    house.spec(_contacts(target, 1, more="missing: close\nclose: {code: PAGO}\n"))

    assert _row(house.plan(), f"{target}/contacts/base")["to_close"] == 1

    house.applied()
    house.settled()


def test_wolkvox_rows_that_others_loaded_are_not_taken_away(house: House) -> None:
    target = "wolkvox-co"
    house.spec(_contacts(target, 1))
    house.applied()
    house.control.drift("wolkvox", "add-record")
    house.spec(_contacts(target, 1, more="missing: remove\n"))

    row = _row(house.plan(), f"{target}/contacts/base")

    assert (row["to_remove"], row["kept"]) == (0, 1)


def test_wolkvox_numbers_are_listed_lifted_and_listed_again(house: House) -> None:
    def spec(lifts: str, *numbers: str) -> str:
        rows = "".join(f'    - {{phone: "{number}"}}\n' for number in numbers)
        source = f"source:\n  rows:\n{rows}" if rows else "source: {rows: []}\n"
        return f"kind: blacklist\ntarget: wolkvox-co\nname: no\nscope: {{direction: outbound}}\n{source}{lifts}"

    house.spec(spec("", "3001230001", "3001230002"))

    assert actions(house.plan()) == [("blacklist_add", "wolkvox-co/blacklist/no")]

    house.applied()
    house.settled()
    house.spec(spec("", "3001230001"))
    house.settled()  # absence lifts nobody
    house.spec(spec('lifts: {rows: [{phone: "3001230002"}]}\n', "3001230001"))
    plan = house.plan()

    assert _row(plan, "wolkvox-co/blacklist/no")["to_lift"] == 1
    assert plan["blocked"]

    house.apply("--ack", f"max_lifts=1@{plan['digest'][:8]}")
    house.settled()


def test_wolkvox_marks_live_records_of_who_says_no(house: House) -> None:
    house.spec(_contacts("wolkvox-co", 1, 2))
    house.applied()
    blacklist = '---\nkind: blacklist\ntarget: wolkvox-co\nname: no\nsource: {rows: [{phone: "3001230002"}]}\n'
    house.spec(_contacts("wolkvox-co", 1, 2) + blacklist)
    house.applied()

    operations = [call["operation"] for call in house.control.calls()]

    assert any("block_predictive_dnc" in operation for operation in operations)


def test_wolkvox_25000_rows_are_three_uploads(house: House) -> None:
    lines = "".join(f"K{index},300{index:07d}\n" for index in range(1_000_000, 1_025_000))
    house.write("data/many.csv", "key,phone\n" + lines)
    head = _contacts("wolkvox-co", 1).partition("source:")[0]
    house.spec(head + "source: {file: ../data/many.csv}\ncolumns: {key: key, phone: phone}\n")

    house.applied()

    uploads = [call for call in house.control.calls() if "add_record" in call["operation"]]
    assert len(uploads) == 3
    house.settled()


def _book(name: str, *indexes: int) -> str:
    contacts = [f"identifier: '{_number('lynn-cl', i)}', name: {name}, correlation1: R{i}" for i in indexes]
    rows = "".join(f"    - {{channel: whatsapp, {contact}}}\n" for contact in contacts)
    rules = "changed: replace\nmissing: remove\n"
    return f"kind: contacts\ntarget: lynn-cl\nname: clientes\n{rules}source:\n  rows:\n{rows}"


def test_lynn_address_book(house: House) -> None:
    spec = _book
    house.spec(spec("Persona", 1, 2))
    house.applied()
    house.settled()
    house.spec(spec("Otra", 1, 2))

    assert _row(house.plan(), "lynn-cl/contacts/clientes")["to_replace"] == 2

    house.applied()
    house.settled()
    house.spec(spec("Otra", 1))
    house.applied()
    house.settled()


@pytest.mark.parametrize("way", ["plan", "digest"])
@pytest.mark.parametrize("wish", [("Otra", 1, 2), ("Persona", 1)])
def test_lynn_what_somebody_corrects_after_the_review_is_decided_by_a_person(
    house: House, way: str, wish: tuple[str, int]
) -> None:
    """A contact that would be replaced, or removed, shows something else than the reviewer saw."""
    house.spec(_book("Persona", 1, 2))
    house.applied()
    house.spec(_book(*wish))
    plan = house.run("plan", "--at", AT, "--out", "plan.json", "--format", "json").json
    words = ["plan.json"] if way == "plan" else ["--digest", plan["digest"], "--at", AT, "--allow-delete", str(plan["deletes"])]
    house.control.drift("lynn", "edit-contact", phone=_number("lynn-cl", 2).lstrip("+"), name="Corregida")
    before = len(house.control.calls())

    said = house.run("apply", *words)

    assert said.code == 4
    asked = {call["operation"].rpartition(".")[2] for call in house.control.calls()[before:]}
    assert asked.isdisjoint({"PostContact", "PutContact", "DeleteContact"})
    assert house.plan()["changes"]  # a person sees it as it is now, and decides


def test_lynn_what_somebody_corrects_during_the_run_is_left_as_it_is(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Between the reading and the writing of a long address book there may be hours."""
    house.spec(_book("Persona", 1, 2))
    house.applied()
    house.spec(_book("Otra", 1, 2))

    def drives(*given: Any, **named: Any) -> Any:
        for index in (1, 2):
            house.control.drift("lynn", "edit-contact", phone=_number("lynn-cl", index).lstrip("+"), name="Corregida")
        return real(*given, **named)

    real = carry._drive
    with monkeypatch.context() as patch:
        patch.setattr(carry, "_drive", drives)
        said = house.apply()

    assert said.code == 1
    assert "somebody changed a contact after it was read" in said.out
    assert _row(house.plan(), "lynn-cl/contacts/clientes")["to_replace"] == 2
    house.applied()  # a person has seen it as it is now
    house.settled()


def test_lynn_do_not_disturb_by_category(house: House) -> None:
    contacts = (
        "---\nkind: contacts\ntarget: lynn-cl\nname: clientes\nsource:\n  rows:\n"
        '    - {identifier: "+56961230001", channel: whatsapp, name: Persona}\n'
    )
    head = "---\nkind: blacklist\ntarget: lynn-cl\nname: no\nscope: {category: c}\n"
    blacklist = head + 'source: {rows: [{phone: "+56961230001"}]}\n'
    house.spec(CAMPAIGNS["lynn-cl"].rstrip("-\n") + "\n" + contacts)
    house.applied()
    house.spec(CAMPAIGNS["lynn-cl"].rstrip("-\n") + "\n" + contacts + blacklist)

    assert actions(house.plan()) == [("blacklist_add", "lynn-cl/blacklist/no")]

    house.applied()
    house.settled()


MESSAGES = {
    "wolkvox-co": "at: on_apply\n",
    "ucontact-uy": 'campaign: "Recordatorios->"\nat: 2026-12-01T10:00:00-03:00\n',
}


@pytest.mark.parametrize("target", ["wolkvox-co", "ucontact-uy"])
def test_messages_go_out_once_a_generation(house: House, target: str) -> None:
    def spec(text: str, generation: int, *indexes: int) -> str:
        rows = "".join(f'    - {{phone: "{_number(target, i)}", nombre: Persona{i}}}\n' for i in indexes)
        return (
            f"kind: scheduled_sms\ntarget: {target}\nname: aviso\npurpose: service\n{MESSAGES[target]}"
            f'message: "{text} {{nombre}}"\ngeneration: {generation}\nsource:\n  rows:\n{rows}'
        )

    house.spec(spec("Hola", 1, 1, 2))
    house.applied()
    house.settled()

    assert len(house.control.effects()) == 2

    house.spec(spec("Otro texto", 1, 1, 2, 3))
    plan = house.plan()

    assert plan["people"]["total"] == 1
    assert "SND001" in [finding["code"] for finding in plan["findings"]]

    house.applied()
    house.spec(spec("Otro texto", 2, 1, 2, 3))

    assert reach(house.plan()) == (3, 0)


def test_ucontact_on_apply(house: House) -> None:
    house.spec(
        'kind: scheduled_sms\ntarget: ucontact-uy\nname: aviso\ncampaign: "Recordatorios->"\npurpose: service\nat: on_apply\n'
        'message: "Hola"\nsource: {rows: [{phone: "094123001"}]}\n'
    )
    house.applied()
    house.settled()

    assert [effect["what"] for effect in house.control.effects()] == ["sms"]


@pytest.mark.parametrize("channel", ["sms", "email"])
def test_ucontact_other_bases(house: House, channel: str) -> None:
    if channel == "email":
        project = house.root / "reconciler.yaml"
        text = project.read_text("utf-8")
        project.write_text(text.replace("    country: UY", "    email_base: assumed\n    country: UY"), "utf-8")
    campaign, row = {
        "sms": ("Recordatorios->", '{key: K1, phone: "094123001"}'),
        "email": ("Boletin", "{key: K1, email: persona@example.com}"),
    }[channel]
    house.spec(
        f'kind: contacts\ntarget: ucontact-uy\nname: base\ncampaign: "{campaign}"\npurpose: service\n'
        f'ucontact: {{channel: {channel}, message: "Hola"}}\nsource: {{rows: [{row}]}}\n'
    )
    house.applied()
    house.settled()


def test_lynn_cpg_file_is_passed_through_once(house: House) -> None:
    house.write("data/base.cpg", "formato propio\n")
    load = "kind: contacts\ntarget: lynn-cl\nname: base\ncampaign: lista\nsource: {file: ../data/base.cpg}\n"
    house.spec(CAMPAIGNS["lynn-cl"] + load)
    house.applied()
    house.settled()


def test_wolkvox_a_row_that_a_colleague_removed_is_found_with_a_warning(house: House) -> None:
    house.spec(_contacts("wolkvox-co", 1, 2))
    house.applied()
    house.control.drift("wolkvox", "remove-record")

    plan = house.plan()

    assert _row(plan, "wolkvox-co/contacts/base")["to_add"] == 1
    assert reach(plan) == (1, 0)
    assert "SND003" in [finding["code"] for finding in plan["findings"]]


def test_wolkvox_rows_that_the_source_has_are_not_removed_because_they_were_taken_out(house: House) -> None:
    target = "wolkvox-co"
    house.spec(_contacts(target, 1, 2))
    house.applied()
    blacklist = '---\nkind: blacklist\ntarget: wolkvox-co\nname: no\nsource: {rows: [{phone: "3001230002"}]}\n'
    house.spec(_contacts(target, 1, 2, more="missing: remove\n") + blacklist)

    row = _row(house.plan(), f"{target}/contacts/base")

    assert (row["to_remove"], row["kept"], row["suppressed"]) == (0, 0, {"blacklist": 1})


def test_wolkvox_more_rows_than_can_be_read_back_are_denied(house: House) -> None:
    project = house.root / "reconciler.yaml"
    limit = "    limits: {settle_s: 0, rows_per_download: 4}\n"
    project.write_text(project.read_text("utf-8").replace("    limits: {settle_s: 0}\n", limit, 1), "utf-8")
    house.spec(_contacts("wolkvox-co", 1, 2, 3, 4))

    said = house.run("plan")

    assert said.code == 3
    assert "split the list" in said.out
