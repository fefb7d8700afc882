"""Messages in a plan: weighed over the rows that would be sent, told in its JSON and its findings, and never quoted."""

from __future__ import annotations

from typing import Any

from tests.house import AT, House

SMS = """\
kind: scheduled_sms
target: {target}
name: aviso
{campaign}purpose: marketing
at: on_apply
message: "Última oferta para {{nombre}}, aproveche hoy en su tienda y gane muchos puntos con su compra"
source: {{rows: [{{phone: "{first}", nombre: María}}, {{phone: "{second}", nombre: Ana}}, {{phone: "12", nombre: "😀"}}]}}
columns: {{phone: phone, nombre: nombre}}
"""
UCONTACT = SMS.format(target="ucontact-uy", campaign="campaign: Recordatorios->\n", first="099123456", second="099123457")
WOLKVOX = SMS.format(target="wolkvox-co", campaign="", first="3001234567", second="3001234568")
BASE = """\
kind: contacts
target: ucontact-uy
name: {name}
campaign: {campaign}
purpose: service
service: requested
source: {{rows: [{{phone: "099123451", email: jose@example.uy, nombre: José}}]}}
columns: {columns}
ucontact: {block}
"""


def wordings(plan: dict[str, Any]) -> dict[str, Any]:
    """What the plan says of the messages of each address."""
    return {one["address"]: one["wording"] for one in plan["reached"] if one["wording"]}


def findings(plan: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The findings about messages, by code."""
    return {one["code"]: one for one in plan["findings"] if one["code"].startswith("SMS")}


def test_a_plan_tells_what_its_messages_weigh(house: House) -> None:
    """Rows that are not sent weigh nothing, and bring no character."""
    house.spec(UCONTACT)

    plan = house.plan()

    assert wordings(plan) == {
        "ucontact-uy/scheduled_sms/aviso": {
            "messages": 2,
            "segments": 4,
            "longest": 2,
            "segments_plain": 2,
            "longest_plain": 1,
            "unicode": 2,
            "unicode_plain": 0,
            "costly": [
                {"character": "Ú (U+00DA)", "column": "", "messages": 2, "plain": "U"},
                {"character": "í (U+00ED)", "column": "nombre", "messages": 1, "plain": "i"},
            ],
            "opt_out": False,
        }
    }
    assert set(findings(plan)) == {"SMS001", "SMS002"}


def test_nothing_of_a_text_or_a_person_is_in_a_plan(house: House) -> None:
    house.spec(WOLKVOX)

    for shape in ("text", "markdown", "json"):
        said = house.run("plan", "--at", AT, "--format", shape)
        assert not [word for word in ("oferta", "aproveche", "María", "Ana") if word in said.out + said.err], shape


def test_a_message_that_a_platform_is_not_known_to_take_is_warned_of(house: House) -> None:
    house.spec(WOLKVOX)

    assert "SMS004" in findings(house.plan())


def test_bases_of_messages_are_weighed_and_others_are_not(house: House) -> None:
    text = 'message: "Hola {nombre}, lo esperamos"'
    phone, mail = "{phone: phone, nombre: nombre}", "{email: email, nombre: nombre}"
    house.spec(BASE.format(name="base", campaign="Recordatorios->", columns=phone, block=f"{{channel: sms, {text}}}"), "base")
    house.spec(BASE.format(name="correo", campaign="Boletin", columns=mail, block=f"{{channel: email, {text}}}"), "correo")
    house.spec(BASE.format(name="voz", campaign="Cobranza<-", columns=phone, block="{channel: voice}"), "voz")
    project = (house.root / "reconciler.yaml").read_text("utf-8")
    house.write("reconciler.yaml", project.replace("country: UY\n", "country: UY\n    email_base: assumed\n"))

    plan = house.plan()

    assert {one["address"].rpartition("/")[2] for one in plan["reached"]} == {"base", "correo", "voz"}
    assert {address: wording["segments"] for address, wording in wordings(plan).items()} == {"ucontact-uy/contacts/base": 1}


def test_after_the_apply_nothing_is_weighed_again(house: House) -> None:
    house.spec(UCONTACT)
    house.applied()

    plan = house.plan()

    assert wordings(plan) == {}
    assert findings(plan) == {}


def test_what_fmt_writes_costs_what_was_told(house: House) -> None:
    house.spec(UCONTACT)
    told = next(iter(wordings(house.plan()).values()))

    assert house.run("fmt", "--fix", "SMS", "--write").code == 0

    found = next(iter(wordings(house.plan()).values()))
    assert [one["column"] for one in found["costly"]] == ["nombre"]  # what a column brings stays
    assert told["segments_plain"] <= found["segments"] < told["segments"]
