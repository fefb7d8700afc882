"""The promise, sentence by sentence: nobody twice, opt-outs first, what is not ours left alone, nothing painted green."""

from __future__ import annotations

from typing import Any

from tests.house import AT, House, actions

CAMPAIGN = "kind: campaign\ntarget: wolkvox-co\nname: lista\n{more}purpose: service\nwolkvox: {{skill: cobranza}}\n---\n"
LYNN = (
    "kind: campaign\ntarget: lynn-cl\nname: lista\nstate: {state}\npurpose: service\n"
    "lynn: {{division: Ventas, category: c}}\n---\n"
)
BLACKLIST = 'kind: blacklist\ntarget: wolkvox-co\nname: no\nsource: {rows: [{phone: "3001230002"}]}\n---\n'
LATE = "2026-11-25T20:00:00-03:00"


def campaign(more: str = "state: stopped\n") -> str:
    """A campaign on wolkvox."""
    return CAMPAIGN.format(more=more)


def contacts(*indexes: int, name: str = "base", more: str = "") -> str:
    """Rows for it."""
    rows = "".join(f'    - {{key: "K{index}", phone: "300123{index:04d}"}}\n' for index in indexes)
    source = f"source:\n  rows:\n{rows}" if rows else "source: {rows: []}\n"
    return f"kind: contacts\ntarget: wolkvox-co\nname: {name}\ncampaign: lista\n{more}{source}---\n"


def messages(*rows: str, name: str = "aviso", at: str = "2026-12-01T10:00:00-03:00", text: str = "Hola", more: str = "") -> str:
    """Messages of uContact, a mapping of flow style each."""
    return (
        f'kind: scheduled_sms\ntarget: ucontact-uy\nname: {name}\ncampaign: "Recordatorios->"\npurpose: service\n'
        f"at: {at}\nmessage: {text}\n{more}source: {{rows: [{', '.join(rows)}]}}\n---\n"
    )


ONE, TWO = '{phone: "094123001"}', '{phone: "094123002"}'


def codes(plan: dict[str, Any]) -> list[tuple[str, str]]:
    """(severity, code) of every finding."""
    return [(finding["severity"], finding["code"]) for finding in plan["findings"]]


def counts(plan: dict[str, Any], address: str) -> dict[str, Any]:
    """The rows of an address."""
    return next(rows for rows in plan["rows"] if rows["address"] == address)


# --- nobody twice


def test_a_copied_document_sends_nothing_again_not_even_in_the_same_plan(house: House) -> None:
    house.spec(messages(ONE) + messages(ONE, TWO, name="copia"))

    plan = house.plan()

    copied = counts(plan, "ucontact-uy/scheduled_sms/copia")
    assert (copied["to_add"], copied["suppressed"]) == (1, {"duplicate": 1})
    assert plan["people"]["total"] == 2

    house.applied()

    assert len(house.control.effects()) == 2
    house.settled()


def test_a_row_of_two_documents_is_loaded_once(house: House) -> None:
    house.spec(campaign())
    house.applied()
    house.spec(campaign() + contacts(1, 2) + contacts(2, 3, name="otra"))
    house.applied()

    house.settled()
    records = [each["counts"]["records"] for each in house.control.status()["accounts"] if each["account"] == "wolkvox"]
    assert records == [3]


def test_a_past_instant_whose_row_went_out_is_silent_beside_one_that_is_due(house: House) -> None:
    def rows(second: str) -> str:
        first = '{phone: "094123001", cuando: "2026-11-24T18:00:00-03:00"}'
        return messages(first, f'{{phone: "094123002", cuando: "{second}"}}', at="{column: cuando}", more="horizon: 24h\n")

    house.spec(rows("2026-11-26T18:00:00-03:00"))

    assert counts(house.plan(), "ucontact-uy/scheduled_sms/aviso")["suppressed"] == {"later": 1}

    house.applied()
    due = house.run("plan", "--format", "json", "--at", LATE)

    assert due.code == 0, due.out
    assert counts(due.json, "ucontact-uy/scheduled_sms/aviso")["to_add"] == 1

    house.spec(rows("2026-11-24T19:00:00-03:00"))
    late = house.run("plan", "--format", "json", "--at", LATE)

    assert late.code == 3
    assert ("deny", "EXP001") in codes(late.json)
