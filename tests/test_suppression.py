"""Lists that nobody may be on, through the command line: who is left out, what is denied, and what the journal keeps of it."""

from __future__ import annotations

import json
from typing import Any

import pytest

from tests.house import House, actions

TARGET = "wolkvox-co"
BASE = f"{TARGET}/contacts/base"
CAMPAIGN = (
    "kind: campaign\ntarget: wolkvox-co\nname: lista\nstate: {state}\npurpose: service\nwolkvox: {{skill: cobranza}}\n---\n"
)
CONTACTS = "kind: contacts\ntarget: wolkvox-co\nname: base\ncampaign: lista\npurpose: service\n{more}source:\n  rows:\n{rows}"
BLACKLIST = "---\nkind: blacklist\ntarget: wolkvox-co\nname: no\nsource: {rows: [{phone: '3001230002'}]}\n"
CODES = ("PTH002", "SUP004", "SUP012")
OWN = "name: own, file: data/own.csv, country: CO"


def base(*rows: str, state: str = "stopped", more: str = "") -> str:
    """A campaign and its rows, given as the inside of YAML mappings."""
    return CAMPAIGN.format(state=state) + CONTACTS.format(more=more, rows="".join(f"    - {{{row}}}\n" for row in rows))


def row(index: int, more: str = "") -> str:
    return f'key: "K{index}", phone: "{number(index)}"{more}'


def number(index: int) -> str:
    return f"300123{index:04d}"


def listed(house: House, *indexes: int, name: str = "own") -> None:
    """The file of a list."""
    house.write(f"data/{name}.csv", "telefono\n" + "".join(f"{number(index)}\n" for index in indexes))


def lists(house: House, *entries: str) -> None:
    """The project's lists, given as the inside of YAML mappings."""
    path = house.root / "reconciler.yaml"
    head, _, _ = path.read_text("utf-8").partition("policies:")
    body = "".join(f"    - {{{entry}}}\n" for entry in entries)
    path.write_text(f"{head}policies:\n  lawpacks: off\n" + (f"  suppress:\n{body}" if entries else ""), "utf-8")


def rows_of(plan: dict[str, Any], address: str = BASE) -> dict[str, Any]:
    return next(rows for rows in plan["rows"] if rows["address"] == address)


def told(plan: dict[str, Any], lead: str = "SUP") -> list[tuple[str, str]]:
    return sorted((one["code"], one["severity"]) for one in plan["findings"] if one["code"].startswith(lead))


def log(house: House, event: str) -> list[dict[str, Any]]:
    """The journal's entries of an event."""
    lines = house.run("audit", "log", "--format", "json").json["entries"]
    return [line for line in lines if line["event"] == event]


def test_own_lists_take_rows_and_registers_take_numbers(house: House) -> None:
    listed(house, 1)
    house.write("data/rne.csv", "numero,fecha\n+573001230001,x\n573001230002,x\n3001230003,x\n")
    lists(house, "name: rne, register: rne, file: data/rne.csv, column: numero, country: CO, fetched_at: 2026-11-20", OWN)
    house.spec(base(row(1, ', phone2: "3101230001"'), row(2, ', phone2: "3101230002"'), row(3), row(4)))

    plan = house.plan()

    assert rows_of(plan)["suppressed"] == {"suppress:own": 1, "suppress:rne": 1}
    assert rows_of(plan)["to_add"] == 2
    assert [(one["name"], one["count"]) for one in plan["lists"]] == [("rne", 3), ("own", 1)]

    house.applied()
    house.settled()
    loaded = {effect["recipient"][-10:] for effect in house.control.effects()}
    assert not loaded & {number(1), "3101230001", number(2), number(3)}
    left = log(house, "left_out")
    assert max(line["number"] for line in left) < min(line["number"] for line in log(house, "intent"))
    assert [(line["address"], line["count"], line["facts"]) for line in left] == [
        (BASE, 1, {"reason": "suppress:own"}),
        (BASE, 1, {"reason": "suppress:rne"}),
    ]
    began = log(house, "run_started")[-1]["facts"]["lists"]
    assert [(one["name"], one["count"], one["fetched_at"]) for one in began] == [("rne", 3, "2026-11-20"), ("own", 1, None)]
    assert house.run("audit", "verify").code == 0
    assert number(1) not in house.run("audit", "export").out


def test_messages_are_held_against_the_lists_of_other_targets_too(house: House) -> None:
    house.write("data/own.csv", "telefono\n094123001\n")
    lists(house, "name: own, file: data/own.csv, country: UY")
    rows = '{phone: "094 123 001"}, {phone: "094123002"}'
    house.spec(
        "kind: scheduled_sms\ntarget: ucontact-uy\nname: aviso\ncampaign: Recordatorios->\npurpose: service\n"
        f"at: 2026-12-01T10:00:00-03:00\nmessage: Hola\nsource: {{rows: [{rows}]}}\n"
    )

    plan = house.plan()

    assert rows_of(plan, "ucontact-uy/scheduled_sms/aviso")["suppressed"] == {"suppress:own": 1}
    assert plan["people"]["total"] == 1


def test_a_list_that_cannot_be_read_whole_ends_everything(house: House) -> None:
    """Before anything is sent, and with every list that is wrong."""
    house.write("data/lost.csv", "telefono\n3001230001\n5.73001E+11\n")
    lists(house, OWN, "name: lost, file: data/lost.csv, country: CO", "name: no_country, file: data/lost.csv")
    house.spec(base(row(1), row(2)))

    # What only the entries show, a validation does not look for.
    for words, codes in ((("validate",), ("PTH002", "SUP004")), (("plan",), CODES), (("apply", "--auto-approve"), CODES)):
        said = house.run(*words)
        assert said.code == 1, said.out + said.err
        assert [code for code in codes if code not in said.out + said.err] == []
        assert "5.73001" not in said.out + said.err
    assert not [call for call in house.control.calls() if "record" in call["operation"]]


@pytest.mark.parametrize(
    ("entry", "code"),
    [
        ("name: own, file: data/dates.csv, column: fecha, country: CO", "SUP015"),
        ("name: own, file: data/dates.csv, column: numero, country: CL", "SUP015"),
        ("name: own, file: data/dates.csv, column: numero, country: XX", "SPC004"),
        ("name: own, file: https://lists.example/own.csv, country: CO", "PTH003"),
        ("name: own, file: s3://lists/own.csv, country: CO", "PTH003"),
    ],
)
def test_a_list_that_would_bar_somebody_else_ends_everything(house: House, entry: str, code: str) -> None:
    """Its wrong column, its wrong country, and whatever lies at an address today."""
    house.write("data/dates.csv", "numero,fecha\n3001230001,2026-11-20\n3001230002,2026-11-21\n")
    lists(house, entry)
    house.spec(base(row(1), row(2)))

    said = house.run("apply", "--auto-approve")

    assert said.code == 1, said.out
    assert f"error {code}: " in said.err
    assert "reconciler.yaml:33:" in said.err
    assert house.control.effects() == []


def test_the_age_of_a_list_is_counted_to_the_end_of_the_calendar(house: House) -> None:
    listed(house, 1)
    lists(house, f"{OWN}, fetched_at: 2026-11-20, max_age_days: 999999999999")
    house.spec(base(row(1), row(2)))

    assert rows_of(house.plan())["suppressed"] == {"suppress:own": 1}


def test_a_shrunk_list_waits_for_the_exact_number_and_is_then_what_counts(house: House) -> None:
    listed(house, *range(100, 140))
    lists(house, f"{OWN}, fetched_at: 2026-11-20")
    house.spec(base(row(1)))
    house.applied()
    listed(house, *range(100, 137))
    lists(house, f"{OWN}, fetched_at: 2026-11-21")
    house.spec(base(row(1), row(2)))

    plan = house.plan()

    assert told(plan) == [("SUP008", "approve")]
    assert house.apply().code == 3
    assert house.apply("--ack", f"list_shrunk:own=37@{plan['digest'][:8]}").code == 3
    assert house.apply("--ack", f"list_shrunk:own=37/40@{plan['digest'][:8]}").code == 0

    house.spec(base(row(1), row(2), row(3)))
    assert told(house.plan()) == []
    lists(house, f"{OWN}, fetched_at: 2026-11-22")
    assert told(house.plan()) == [("SUP007", "deny")]
    assert house.apply().code == 3


def test_an_old_list_holds_back_no_stop(house: House) -> None:
    listed(house, 9)
    lists(house, OWN)
    house.spec(base(row(1), state="started"))
    house.applied()
    lists(house, f"{OWN}, fetched_at: 2026-11-01, max_age_days: 7")
    house.spec(base(row(1), row(2), state="stopped"))

    assert told(house.plan()) == [("SUP005", "deny")]
    assert house.apply().code == 3

    said = house.run("apply", "--safe-only", "--auto-approve", "--at", "2026-11-24T10:00:00-05:00", "--format", "json")
    assert said.code == 0, said.out + said.err
    assert ("stop", f"{TARGET}/campaign/lista") not in actions(house.plan())


def test_who_waits_in_a_campaign_is_not_dialled_past_a_list(house: House) -> None:
    """Loaded before they were on it: a start dials whoever is in the campaign."""
    house.spec(base(row(1), row(2), row(3)))
    house.applied()
    listed(house, 2)
    lists(house, OWN)
    house.spec(base(row(1), row(2), row(3), state="started"))

    plan = house.plan()

    assert told(plan) == [("SUP014", "deny")]
    assert rows_of(plan)["suppressed"] == {"suppress:own": 1}
    assert house.apply().code == 3

    house.spec(base(row(1), row(2), row(3), state="started") + BLACKLIST)
    barred = house.plan()
    assert told(barred) == []
    assert ("blacklist_add", f"{TARGET}/blacklist/no") in actions(barred)

    house.spec(base(row(1), row(2), row(3), state="started", more="missing: remove\n"))
    taken = house.plan()
    assert told(taken) == []
    assert rows_of(taken)["to_remove"] == 1
    house.applied("--ack", f"max_row_removals=1@{taken['digest'][:8]}")
    house.settled()


def test_a_running_campaign_that_gets_rows_is_looked_at_too(house: House) -> None:
    house.spec(base(row(1), row(2), state="started"))
    house.applied()
    listed(house, 2)
    lists(house, OWN)

    assert told(house.plan()) == [("SUP014", "warn")]

    house.spec(base(row(1), row(2), row(3), state="started"))
    assert told(house.plan()) == [("SUP014", "deny")]


def test_a_file_that_nobody_can_look_into_is_not_loaded_past_a_list(house: House) -> None:
    house.write("data/base.cpg", "whatever the vendor puts in here")
    house.write("data/own.csv", "telefono\n+56961230001\n")
    campaign = (
        "kind: campaign\ntarget: lynn-cl\nname: lista\nstate: stopped\npurpose: service\n"
        "lynn: {division: Ventas, category: c}\n---\n"
    )
    contacts = (
        "kind: contacts\ntarget: lynn-cl\nname: base\ncampaign: lista\npurpose: service\nsource: {file: ../data/base.cpg}\n"
    )
    house.spec(campaign + contacts)
    assert told(house.plan()) == []

    lists(house, "name: own, file: data/own.csv, country: CL")
    assert told(house.plan()) == [("SUP011", "deny")]


def test_rows_of_a_platform_that_lists_none_are_known_by_the_journal(house: House) -> None:
    """Lynn: what waits in a campaign that stands still was loaded by us, and is on a list now."""
    campaign = (
        "kind: campaign\ntarget: lynn-cl\nname: lista\nstate: {state}\npurpose: service\n"
        "lynn: {{division: Ventas, category: c, execution_mode: manual}}\n---\n"
    )
    rows = "".join(f'    - {{key: "K{index}", phone: "+5696123000{index}"}}\n' for index in (1, 2))
    contacts = (
        "kind: contacts\ntarget: lynn-cl\nname: base\ncampaign: lista\npurpose: service\n"
        f"lynn: {{template: 3c6f10ec-0000-4000-8000-210008f00900}}\nsource:\n  rows:\n{rows}"
    )
    house.spec(campaign.format(state="stopped") + contacts)
    house.applied()
    house.write("data/own.csv", "telefono\n961230002\n")
    lists(house, "name: own, file: data/own.csv, country: CL")
    assert told(house.plan()) == []

    house.spec(campaign.format(state="started") + contacts)
    assert told(house.plan()) == [("SUP014", "deny")]


def test_a_list_that_vanished_from_the_project_is_missed(house: House) -> None:
    listed(house, 2)
    lists(house, OWN)
    house.spec(base(row(1), row(2)))
    house.applied()
    lists(house)

    plan = house.plan()

    assert told(plan) == [("SUP010", "approve")]
    assert house.apply("--ack", f"list_gone:own=1@{plan['digest'][:8]}").code == 0
    assert told(house.plan()) == []
    assert json.dumps(plan["lists"]) == "[]"
