"""Ways past the law that plans once took: each is closed, and stays so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.house import AT, PROJECT, House, actions
from tests.test_law_in_plans import CAMPAIGN, SUNDAY, campaign, contacts, found, governed

NIGHT: Final = "2026-11-24T22:00:00-05:00"
MONDAY: Final = "2026-11-30T10:00:00-05:00"
ROWS: Final = "wolkvox-co/contacts/base"
PROOF: Final = ', consent: "c-1", consent_at: "2026-01-02"'
BY_ITSELF: Final = (
    "kind: campaign\ntarget: lynn-cl\nname: lista\npurpose: collection\nwindow: {{from: 10:00, to: 12:00}}\n"
    "caller_id: '60012345'\nlynn: {{division: Ventas, category: c, execution_mode: {mode}}}\n---\n"
)


def plan(house: House, at: str, *words: str) -> dict[str, Any]:
    return house.run("plan", "--format", "json", "--at", at, *words).json


def denied(made: Mapping[str, Any]) -> set[tuple[str, str | None, str | None]]:
    """(code, rule, address) of everything that is denied."""
    return {(one["code"], one["rule"], one["address"]) for each in found(made, "deny").values() for one in each}


def in_peru(house: House, policies: str = "{stopper: cron}") -> None:
    """Where a law asks for consent."""
    text = PROJECT.format(url=house.url).replace("country: CO", "country: PE").replace("America/Bogota", "America/Lima")
    house.write("reconciler.yaml", text.replace("policies: {lawpacks: off}", f"policies: {policies}"))


def unmanaged(**fields: str) -> str:
    """A campaign whose run state nobody manages."""
    return campaign(**fields).replace("state: started\n", "")


# --- what runs while the law bars it


def test_rows_are_not_loaded_into_what_runs_on_a_sunday(house: House) -> None:
    """`--only` leaves out the campaign's document, and with it the stop that comes first; the platform knows no Sunday."""
    governed(house, "{stopper: cron}")
    house.spec(campaign())
    house.applied()
    house.spec(campaign() + contacts("3001230001"))

    assert denied(plan(house, SUNDAY, "--only", ROWS)) == {("HRS002", "CO-1", ROWS)}
    said = house.run("apply", "--at", SUNDAY, "--only", ROWS, "--auto-approve", "--allow-irreversible", "1")
    assert said.code == 3
    assert not plan(house, NIGHT, "--only", ROWS)["blocked"], "at night the platform keeps the hours"
    assert not plan(house, AT, "--only", ROWS)["blocked"]


def test_rows_wait_for_the_stop_of_their_campaign(house: House) -> None:
    """A stop that is refused leaves it running: whoever is loaded then is dialled."""
    governed(house, "{stopper: cron}")
    house.spec(campaign())
    house.applied()
    house.spec(campaign() + contacts("3001230001"))
    made = plan(house, SUNDAY)
    assert actions(made) == [("stop", CAMPAIGN), ("rows_add", ROWS)]
    assert made["changes"][1]["depends_on"] == [f"stop {CAMPAIGN}"]

    house.control.fault("429", platform="wolkvox", operation="stop", count=9)
    said = house.run("apply", "--format", "json", "--at", SUNDAY, "--digest", made["digest"])

    assert [change["outcome"] for change in said.json["changes"]] == ["refused", "skipped"]
    assert house.control.effects() == []


@pytest.mark.parametrize("edit", ["rows", "fields"])
def test_a_run_state_that_nobody_manages_is_stopped_by_nobody(house: House, edit: str) -> None:
    """A stopper stops what the documents want started; what they leave alone goes on, on Sundays too."""
    governed(house, "{stopper: cron}")
    house.spec(campaign())
    house.applied()
    text = unmanaged()
    house.spec(text + contacts("3001230001") if edit == "rows" else text.replace("cobranza, ", "cobranza, speed: 3, "))

    weekday, sunday = plan(house, AT), plan(house, SUNDAY)

    assert [finding["severity"] for finding in found(weekday)["HRS004"]] == ["approve"]
    assert ("HRS002", "CO-1", CAMPAIGN) in denied(sunday)
    house.spec(text)
    (left,) = found(plan(house, SUNDAY))["HRS004"]
    assert (left["severity"], left["remedy"]) == ("warn", "stop it in the console by then: no apply does")


@pytest.mark.parametrize(
    ("mode", "at"),
    [
        ("always_on", AT),
        ("always_on", SUNDAY),
        ("scheduled, start_at: '2026-11-23T10:00:00-03:00', stop_at: '2026-12-10T18:00:00-03:00'", AT),
        ("scheduled, start_at: '2026-11-29T10:00:00-03:00', stop_at: '2026-11-29T12:00:00-03:00'", AT),  # a Sunday
    ],
)
def test_a_window_that_nobody_keeps_is_none(house: House, mode: str, at: str) -> None:
    """What runs by itself runs day and night, or between its dates, whatever window is written beside it."""
    governed(house, "{stopper: cron}")
    house.spec(BY_ITSELF.format(mode=mode))

    made = plan(house, at)

    assert {(code, rule) for code, rule, _ in denied(made)} == {("HRS003", "CL-2")}
    assert all("nobody keeps its window" in finding["remedy"] for finding in found(made, "deny")["HRS003"])
    assert house.run("apply", "--at", at, "--auto-approve").code == 3


def test_between_lawful_dates_it_may_run_by_itself(house: House) -> None:
    governed(house, "{}")
    house.spec(BY_ITSELF.format(mode="scheduled, start_at: '2026-11-25T10:00:00-03:00', stop_at: '2026-11-25T18:00:00-03:00'"))

    assert found(plan(house, AT), "deny", "approve") == {}


# --- rows that are meant for something else than their campaign


ROUND_THE_CLOCK: Final = "{days: [mon, tue, wed, thu, fri, sat, sun], from: 00:00, to: '24:00', holidays: on}"


def test_rows_are_held_against_the_hours_of_their_own_purpose(house: House) -> None:
    """Money transfers may be confirmed at night; what is sold to the same people may not."""
    governed(house, "{stopper: cron}")
    exempt = campaign(purpose="service", window=ROUND_THE_CLOCK, more="service: transaction\n")
    house.spec(exempt + contacts("3001230001"))
    assert not plan(house, NIGHT)["blocked"]

    house.spec(exempt + contacts("3001230001", more="purpose: collection\n"))

    assert ("HRS003", "CO-1", ROWS) in denied(plan(house, NIGHT))


def test_rows_that_wait_are_held_against_it_too(house: House) -> None:
    exempt = campaign(purpose="service", window=ROUND_THE_CLOCK, more="service: transaction\n")
    rows = contacts("3001230001", more="purpose: collection\n")
    house.spec(exempt.replace("started", "stopped") + rows)
    house.applied()
    governed(house, "{stopper: cron}")
    house.spec(exempt + rows)

    made = plan(house, NIGHT)

    assert actions(made) == [("start", CAMPAIGN)]
    assert ("HRS003", "CO-1", ROWS) in denied(made)


# --- evidence and places of those who wait


@pytest.mark.parametrize("more", [False, True])
def test_whoever_waits_has_the_consent_that_the_documents_show(house: House, more: bool) -> None:
    """The morning after a stop it starts again, with a row more or not; who took back their consent is not called."""
    in_peru(house)
    head = campaign(purpose="marketing", window="{from: 09:00, to: 17:30}")
    house.spec(head + contacts("912345678", "912345679", beside=PROOF))
    house.applied()
    assert house.run("apply", "--safe-only", "--auto-approve", "--at", "2026-11-28T10:00:00-05:00").code == 0
    numbers = ("912345678", "912345679", "912345670") if more else ("912345678", "912345679")
    rows = contacts(*numbers, beside=PROOF)
    house.spec(head + rows)
    assert found(plan(house, MONDAY), "deny") == {}

    house.spec(head + rows.replace("c-1", "", 1))

    (finding,) = found(plan(house, MONDAY), "deny")["CON001"]
    assert finding["address"] == CAMPAIGN
    assert "1 row(s) leave 'consent' empty" in finding["message"]
    house.spec(head + contacts(numbers[0], beside=PROOF))
    assert "CON001" in found(plan(house, MONDAY), "deny"), "whom no document names any more has shown nothing"


def test_whoever_waits_is_where_their_row_says(house: House) -> None:
    """In a zone of its own, that a document says, and not where its number would be."""
    house.spec(campaign(state="stopped") + contacts("3001230001", beside=', timezone: "Europe/Madrid"'))
    house.applied()
    governed(house, "{stopper: cron}")
    house.spec(campaign() + contacts("3001230001", beside=', timezone: "Europe/Madrid"'))

    made = plan(house, AT)

    assert actions(made) == [("start", CAMPAIGN)]
    assert "Europe/Madrid" in found(made, "deny")["HRS003"][0]["message"]


def test_rows_that_are_replaced_are_people_somewhere(house: House) -> None:
    """They are dialled again, with whatever the new row says of where and why."""
    house.spec(campaign(state="stopped") + contacts("3001230001", more="changed: replace\n", beside=', name: "x"'))
    house.applied()
    governed(house, "{stopper: cron}")
    changed = ', name: "y", timezone: "Europe/Madrid"'
    house.spec(campaign() + contacts("3001230001", more="changed: replace\n", beside=changed))

    made = plan(house, AT)

    assert "Europe/Madrid" in found(made, "deny")["HRS003"][0]["message"]


# --- a stop waits for nobody's file

OWN: Final = "{stopper: cron, suppress: [{name: own, file: data/own.csv, column: telefono, country: CO}]}"
FROM_FILE: Final = (
    "kind: contacts\ntarget: wolkvox-co\nname: base\ncampaign: lista\nsource: {file: ../data/base.csv}\n---\n"
    "kind: blacklist\ntarget: wolkvox-co\nname: no\nsource: {file: ../data/no.csv}\n---\n"
    'kind: blacklist\ntarget: wolkvox-co\nname: more\nsource: {rows: [{phone: "3001239999"}]}\n---\n'
)
MANY: Final = "".join(f"300{index:07}\n" for index in range(3000))


@pytest.mark.parametrize(
    ("name", "text", "aside"),
    [
        ("own", None, 0),  # a list that nobody is held against, since nobody is contacted
        ("own", "a,b\n1\n", 0),
        ("base", None, 1),
        ("base", 'key,phone\n"a\n', 1),
        ("base", "key,phone" + f"\n{MANY}".replace("\n300", "\nK,300") + '"a\n', 1),
        ("no", None, 1),
        ("no", f'phone\n{MANY}"a\n', 1),
    ],
)
def test_no_broken_file_holds_a_stop_back(house: House, name: str, text: str | None, aside: int) -> None:
    """On the evening before a Sunday nobody is there to mend it. What is set aside is told, and the exit code says so."""
    house.write("data/own.csv", "telefono\n3009999999\n")
    house.write("data/base.csv", "key,phone\nK1,3001230001\n")
    house.write("data/no.csv", "phone\n3001238888\n")
    governed(house, OWN)
    house.spec(campaign() + FROM_FILE.partition("kind: blacklist")[0])
    house.applied()
    house.spec(campaign() + FROM_FILE)
    if text is None:
        (house.root / f"data/{name}.csv").unlink()
    else:
        house.write(f"data/{name}.csv", text)
    assert house.run("apply", "--auto-approve", "--at", SUNDAY).code == 1

    said = house.run("apply", "--safe-only", "--auto-approve", "--format", "json", "--at", SUNDAY)

    done = {(change["action"], change["address"]): change["outcome"] for change in said.json["changes"]}
    assert done.pop(("stop", CAMPAIGN)) == "verified"
    assert done.pop(("blacklist_add", "wolkvox-co/blacklist/more")) == "verified"
    assert len(done) == (name != "no")
    assert said.code == (1 if aside else 0)
    assert said.err.count("set aside: ") == aside


# --- persons


def test_whoever_said_no_is_a_person_in_every_document(house: House) -> None:
    """By one number on our list; by another in another document, and of another target."""
    house.write("data/own.csv", "telefono\n3001230001\n")
    governed(house, "{lawpacks: off, suppress: [{name: own, file: data/own.csv, column: telefono, country: CO}]}")
    other = campaign(state="stopped").replace("name: lista", "name: b")
    rows = contacts("3001230001", beside=', person: "P1"'), contacts("3001230009", "3001230008", beside=', person: "P1"')
    elsewhere = (
        'kind: scheduled_sms\ntarget: ucontact-uy\nname: aviso\ncampaign: "Recordatorios->"\npurpose: service\nat: on_apply\n'
        'message: Hola\nsource: {rows: [{phone: "094123001", person: "P1"}, {phone: "094123002", person: "P2"}]}\n---\n'
    )
    second = rows[1].replace("name: base\ncampaign: lista", "name: b\ncampaign: b").replace('person: "P1"', 'person: "P3"', 1)
    house.spec(campaign(state="stopped") + rows[0] + other + second.replace('"K', '"Z') + elsewhere)

    made = plan(house, AT)

    left = {one["address"]: (one["to_add"], one["suppressed"]) for one in made["rows"]}
    assert left == {
        ROWS: (0, {"suppress:own": 1}),
        "wolkvox-co/contacts/b": (1, {"suppress:own": 1}),
        "ucontact-uy/scheduled_sms/aviso": (1, {"suppress:own": 1}),
    }
    assert made["people"]["total"] == 2


# --- what nobody knows


def test_a_file_that_nobody_can_look_into_may_hold_whoever_said_no_elsewhere(house: House) -> None:
    """An opt-out on one account bars on all, and a file that is passed through as it is cannot be held against it."""
    house.write("data/base.cpg", "whatever the vendor puts in here")
    text = (
        "kind: campaign\ntarget: lynn-cl\nname: lista\nstate: stopped\npurpose: service\n"
        "lynn: {division: Ventas, category: c}\n---\n"
        "kind: contacts\ntarget: lynn-cl\nname: base\ncampaign: lista\nsource: {file: ../data/base.cpg}\n---\n"
    )
    house.spec(text + campaign(state="stopped"))
    assert not house.plan()["blocked"]

    house.control.drift("wolkvox", "add-dnc", phone="573001230001", direction="outbound")

    assert denied(house.plan()) == {("SUP011", None, "lynn-cl/contacts/base")}


def test_a_register_is_asked_for_before_rows_of_others_are_dialled(house: House) -> None:
    """Lynn lists no rows: who else is in a campaign that starts is not known, and what is sold to them needs the register."""
    text = (
        "kind: campaign\ntarget: lynn-cl\nname: lista\nstate: {state}\npurpose: marketing\ncaller_id: '60912345'\n"
        "window: {{from: 10:00, to: 16:00}}\nlynn: {{division: Ventas, category: c}}\n---\n"
    )
    house.spec(text.format(state="stopped"))
    house.applied()
    governed(house, "{stopper: cron}")
    house.spec(text.format(state="started"))

    made = plan(house, AT)

    assert actions(made) == [("start", "lynn-cl/campaign/lista")]
    assert ("REG001", "CL-5", "lynn-cl/campaign/lista") in denied(made)


@pytest.mark.parametrize("words", [(), ("--only", "lynn-cl/campaign/*")])
def test_whom_only_the_journal_knows_is_where_the_document_says(house: House, words: tuple[str, ...]) -> None:
    """Lynn lists no rows; the document that loaded them has their zones, whether a plan is about it or not."""
    head = (
        "kind: campaign\ntarget: lynn-cl\nname: lista\nstate: {state}\npurpose: collection\ncaller_id: '60012345'\n"
        "window: {{from: 10:00, to: 18:00}}\nlynn: {{division: Ventas, category: c}}\n---\n"
    )
    rows = (
        "kind: contacts\ntarget: lynn-cl\nname: base\ncampaign: lista\nlynn: {template: 3c6f10ec-0000-4000-8000-210008f00900}\n"
        'source: {rows: [{key: a, phone: "+56961230001", timezone: "Europe/Madrid"}]}\n---\n'
    )
    house.spec(head.format(state="stopped") + rows)
    house.applied()
    governed(house, "{stopper: cron}")
    house.spec(head.format(state="started") + rows)

    made = plan(house, "2026-11-26T10:00:00-03:00", *words)

    assert actions(made) == [("start", "lynn-cl/campaign/lista")]
    assert "Europe/Madrid" in found(made, "deny")["HRS003"][0]["message"]
