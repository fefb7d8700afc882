"""Lists that cannot be read whole, lifts where the journal is the only memory, and numbers as a country dials them."""

from __future__ import annotations

from tests.house import House, actions

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
