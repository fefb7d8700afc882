"""Lists that cannot be read whole, lifts where the journal is the only memory, and numbers as a country dials them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from functools import partial

import pytest

from reconciler.reconcile import session
from reconciler.reconcile.session import World
from tests.house import AT, House, actions

LYNN = (
    "kind: campaign\ntarget: lynn-cl\nname: lista\nstate: stopped\npurpose: service\nlynn: {division: Ventas, category: c}\n"
    "---\nkind: contacts\ntarget: lynn-cl\nname: clientes\nsource:\n  rows:\n"
    '    - {identifier: "+56961230001", channel: whatsapp, name: Persona}\n'
)
BARRED = (
    '---\nkind: blacklist\ntarget: lynn-cl\nname: no\nscope: {campaign: lista}\nsource: {rows: [{phone: "+56961230001"}]}\n'
)
LIFTED = (
    "---\nkind: blacklist\ntarget: lynn-cl\nname: no\nscope: {campaign: lista}\nsource: {rows: []}\n"
    'lifts: {rows: [{phone: "+56961230001"}]}\n'
)


def test_lynn_lifts_who_asked_and_bars_again_who_says_no_again(house: House) -> None:
    house.spec(LYNN + BARRED)
    house.applied()
    house.settled()
    house.spec(LYNN + LIFTED)
    plan = house.plan()

    assert actions(plan) == [("blacklist_remove", "lynn-cl/blacklist/no")]

    digest = plan["digest"][:8]
    guards = [finding["remedy"].rpartition("--ack ")[2] for finding in plan["findings"] if "--ack" in finding["remedy"]]
    assert all(guard.endswith(digest) for guard in guards)
    house.applied(*[word for guard in guards for word in ("--ack", guard)])
    house.settled()
    house.spec(LYNN + BARRED)

    assert actions(house.plan()) == [("blacklist_add", "lynn-cl/blacklist/no")]

    house.applied()
    house.settled()


def test_messages_wait_while_the_campaign_list_is_not_complete(house: House) -> None:
    project = house.root / "reconciler.yaml"
    limit = "    limits: {settle_s: 0, rows_per_download: 1}\n"
    project.write_text(project.read_text("utf-8").replace("    limits: {settle_s: 0}\n", limit, 1), "utf-8")
    house.control.seed({"wolkvox": {"campaigns": [{"name": "una"}, {"name": "otra"}]}})
    house.spec(
        "kind: campaign\ntarget: wolkvox-co\nname: lista\npurpose: service\nwolkvox: {skill: cobranza}\n---\n"
        "kind: scheduled_sms\ntarget: wolkvox-co\nname: aviso\npurpose: service\nat: on_apply\nmessage: Hola\n"
        'source: {rows: [{phone: "3001230001"}]}\n'
    )

    said = house.run("plan", "--format", "json")

    assert said.code == 7
    assert said.json["changes"] == []


def test_uruguay_keeps_its_leading_zero(house: House) -> None:
    house.spec(
        'kind: scheduled_sms\ntarget: ucontact-uy\nname: aviso\ncampaign: "Recordatorios->"\npurpose: service\n'
        'at: 2026-12-01T10:00:00-03:00\nmessage: Hola\nsource: {rows: [{phone: "+598 94 123 001"}]}\n'
    )
    house.applied()

    assert [effect["recipient"] for effect in house.control.effects()] == ["094123001"]


def test_plan_shows_mistakes_of_documents_as_text_too(house: House) -> None:
    house.spec("kind: campaign\ntarget: wolkvox-co\nname: lista\nbogus: 1\n")

    said = house.run("plan")

    assert said.code == 1
    assert "specs/case.yaml:4" in said.err


def test_doctor_refuses_a_foreign_journal(house: House) -> None:
    house.spec(LYNN)
    house.applied()
    project = house.root / "reconciler.yaml"
    project.write_text("journal_id: ffff\n" + project.read_text("utf-8"), "utf-8")
    before = len(house.control.calls())

    assert house.run("doctor").code == 8
    assert len(house.control.calls()) == before


# --- the do-not-call list of wolkvox

RECORDS = (
    "kind: campaign\ntarget: wolkvox-co\nname: lista\nstate: stopped\npurpose: service\nwolkvox: {skill: cobranza}\n---\n"
    "kind: contacts\ntarget: wolkvox-co\nname: base\ncampaign: lista\nsource:\n  rows:\n"
    '    - {key: K1, phone: "3001230001"}\n    - {key: K2, phone: "3001230009", phone2: "3001230002"}\n---\n'
)
NO = "wolkvox-co/blacklist/no"


def barred(*numbers: str, more: str = "") -> str:
    """A do-not-call list."""
    rows = ", ".join(f'{{phone: "{number}"}}' for number in numbers)
    return f"kind: blacklist\ntarget: wolkvox-co\nname: no\n{more}source: {{rows: [{rows}]}}\n---\n"


def operations(house: House, name: str) -> int:
    """How often an operation was asked for."""
    return sum(name in call["operation"] for call in house.control.calls())


@pytest.mark.parametrize("fault", ["403-maintenance", "drop-before"])
def test_records_whose_marking_came_to_nothing_are_marked_by_the_next_apply(house: House, fault: str) -> None:
    house.spec(RECORDS)
    house.applied()
    house.spec(RECORDS + barred("3001230002"))
    house.control.fault(fault, operation="block_predictive_dnc", count=3)

    assert house.apply().code in (1, 5, 6)

    house.control.clear_faults()
    for run in {row["run"] for row in house.run("resolve", "--format", "json").json["unknown"]}:
        house.run("resolve", run)
    plan = house.plan()

    assert actions(plan) == [("blacklist_add", NO)]
    assert [finding["code"] for finding in plan["findings"] if finding["address"] == NO] == ["SUP003"]

    added = operations(house, "add_dnc")
    house.applied()

    assert operations(house, "add_dnc") == added  # the entry stands already
    house.settled()


@pytest.mark.parametrize(("state", "order"), [("started", ["blacklist_add"]), ("stopped", ["blacklist_add", "start"])])
def test_records_of_others_are_looked_at_where_they_are_dialled_or_soon_will_be(
    house: House, state: str, order: list[str]
) -> None:
    records = [{"customer_id": "A", "tel1": "3001230002"}]
    shape = {"name": "lista", "state": state, "records": records}
    house.control.seed({"wolkvox": {"dnc": [{"phone": "3001230002"}], "campaigns": [shape]}})
    document = RECORDS.partition("---")[0]
    house.spec(document.replace("state: stopped", f"state: {state}"))
    house.run("import", "wolkvox-co/campaign/lista")
    house.applied()
    house.spec(document.replace("state: stopped", "state: started") + "---\n" + barred("3001230002"))

    assert [action for action, _ in actions(house.plan())] == order

    house.applied()
    house.settled()


def test_a_server_that_overlooks_the_direction_shows_no_inbound_number_as_outbound(house: House) -> None:
    house.spec(barred("3001230001", more="scope: {direction: inbound}\n"))
    house.applied()
    house.control.limits("wolkvox", dnc_type="overlooked")
    house.spec(RECORDS + barred("3001230001", "3001230002"))
    house.applied()

    house.settled()
    assert operations(house, "add_dnc") == 2


def test_a_list_whose_rows_tell_no_direction_is_not_whole(house: House) -> None:
    house.control.limits("wolkvox", dnc_type="untold")
    house.control.seed({"wolkvox": {"dnc": [{"phone": "3001230001"}]}})
    house.spec(RECORDS + barred("3001230001"))

    said = house.run("plan", "--format", "json", "--at", AT)

    assert said.code == 7
    assert ("blacklist_add", NO) in actions(said.json)
    base = next(rows for rows in said.json["rows"] if rows["address"] == "wolkvox-co/contacts/base")
    assert base["suppressed"] == {"blacklist": 1}


@pytest.mark.parametrize("count", [1, 2])
def test_a_read_that_came_too_close_to_another_is_made_again(house: House, count: int) -> None:
    house.spec(RECORDS)
    house.control.fault("403-concurrency", platform="wolkvox", operation="campaigns", count=count)

    assert house.run("plan", "--at", AT).code == 0


def test_a_list_that_renews_its_entries_does_so_before_they_end(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.control.limits("wolkvox", dnc_again="renewed")
    house.spec(barred("3001230001", more="days: 3\nexpires: renew\n"))
    house.applied()
    house.settled()
    start = datetime.now(UTC)

    def at(hours: int) -> None:
        moment = start + timedelta(hours=hours)
        house.control.clock(freeze=moment.isoformat())
        monkeypatch.setattr(session, "World", partial(World, now=lambda: moment))

    at(47)
    house.settled()
    at(49)

    assert actions(house.plan()) == [("blacklist_add", NO)]

    house.applied()
    house.settled()
    at(96)  # a day after the first end
    house.settled()
    at(98)

    assert actions(house.plan()) == [("blacklist_add", NO)]

    house.control.clock(real=True)


# --- what Lynn shows of itself


def test_lynn_that_does_not_show_whether_a_campaign_runs_is_started_once(house: House) -> None:
    started = LYNN.partition("---")[0].replace("state: stopped", "state: started")
    house.control.limits("lynn/1234", running="hidden")
    house.spec(started)

    assert actions(house.plan()) == [("create", "lynn-cl/campaign/lista"), ("start", "lynn-cl/campaign/lista")]

    house.applied()
    plan = house.plan()

    assert plan["changes"] == []
    assert ("UNV001", "info") in [(finding["code"], finding["severity"]) for finding in plan["findings"]]
    assert operations(house, "StartCampaignExecution") == 1

    house.spec(started.replace("state: started", "state: stopped"))
    plan = house.plan()

    assert actions(plan) == [("stop", "lynn-cl/campaign/lista")]
    assert not plan["changes"][0]["fields"][0]["verifiable"]

    house.applied()
    house.settled()


def test_lynn_start_of_unknown_outcome_is_left_to_a_person_where_nothing_shows_it(house: House) -> None:
    house.control.limits("lynn/1234", running="hidden")
    house.spec(LYNN.partition("---")[0])
    house.applied()
    house.spec(LYNN.partition("---")[0].replace("state: stopped", "state: started"))
    house.control.fault("drop-after", operation="StartCampaignExecution")
    house.apply()
    unknown = house.run("resolve", "--format", "json").json["unknown"]
    house.run("resolve", unknown[0]["run"])

    assert len(house.run("resolve", "--format", "json").json["unknown"]) == 1


def test_lynn_replaces_a_contact_in_one_step(house: House) -> None:
    book = LYNN.partition("---\n")[2].replace("name: clientes\n", "name: clientes\nchanged: replace\n")
    house.spec(book)
    house.applied()
    house.spec(book.replace("Persona", "Otra"))

    assert actions(house.plan()) == [("rows_add", "lynn-cl/contacts/clientes")]

    house.applied()
    house.settled()
