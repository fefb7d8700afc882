"""The law in plans: what the packs say of whom a plan reaches, at the hours, places and purposes that it really has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import pytest

from tests.house import AT, House, actions

CAMPAIGN: Final = "wolkvox-co/campaign/lista"
SUNDAY: Final = "2026-11-29T10:00:00-05:00"
WINDOW: Final = "{from: 08:00, to: 18:00}"


@pytest.fixture
def lawful(house: House) -> House:
    """A project that leaves its policies to their defaults."""
    return governed(house, "{}")


def governed(house: House, policies: str) -> House:
    """The project under these policies."""
    path = house.root / "reconciler.yaml"
    path.write_text(path.read_text("utf-8").replace("policies: {lawpacks: off}", f"policies: {policies}"), "utf-8")
    return house


def campaign(*, window: str = WINDOW, purpose: str = "collection", state: str = "started", more: str = "") -> str:
    """A campaign on wolkvox."""
    said = f"purpose: {purpose}\n" if purpose else ""
    kept = f"window: {window}\n" if window else ""
    return (
        f"kind: campaign\ntarget: wolkvox-co\nname: lista\nstate: {state}\n{said}{kept}{more}"
        "wolkvox: {skill: cobranza, type: predictive}\n---\n"
    )


def contacts(*phones: str, more: str = "", beside: str = "") -> str:
    """Rows for it."""
    rows = "".join(f'    - {{key: "K{index}", phone: "{phone}"{beside}}}\n' for index, phone in enumerate(phones))
    return f"kind: contacts\ntarget: wolkvox-co\nname: base\ncampaign: lista\n{more}source:\n  rows:\n{rows}---\n"


def message(at: str, *, purpose: str = "service", target: str = "ucontact-uy", rows: str = '{phone: "094123001"}') -> str:
    """One message."""
    home = 'campaign: "Recordatorios->"\n' if target == "ucontact-uy" else ""
    return (
        f"kind: scheduled_sms\ntarget: {target}\nname: aviso\n{home}purpose: {purpose}\nat: {at}\n"
        f'message: "Hola. BAJA para salir."\nsource: {{rows: [{rows}]}}\n---\n'
    )


def found(plan: Mapping[str, Any], *severities: str) -> dict[str, list[dict[str, Any]]]:
    """Findings by code."""
    codes: dict[str, list[dict[str, Any]]] = {}
    for finding in plan["findings"]:
        if not severities or finding["severity"] in severities:
            codes.setdefault(finding["code"], []).append(finding)
    return codes


# --- hours of campaigns


def test_a_campaign_without_a_window_would_dial_all_day(lawful: House) -> None:
    lawful.spec(campaign(window="") + contacts("3001230001"))

    plan = lawful.plan()

    assert [finding["rule"] for finding in found(plan, "deny")["HRS003"]] == ["CO-1", "CO-1"]
    assert lawful.run("plan", "--at", AT).code == 3
    said = lawful.run("apply", "--at", AT, "--auto-approve", "--allow-irreversible", "1")
    assert said.code == 3
    assert lawful.control.effects() == []


def test_a_lawful_window_still_needs_somebody_who_stops_it(lawful: House) -> None:
    """The platform keeps the hours, and knows neither Saturdays nor holidays."""
    lawful.spec(campaign() + contacts("3001230001"))

    plan = lawful.plan()

    (waiting,) = found(plan, "approve")["HRS004"]
    assert "2026-11-28 14:55 America/Bogota" in waiting["message"]
    assert f"--ack stop_by=2026-11-28T19:55+00:00@{plan['digest'][:8]}" in waiting["remedy"]
    assert "deny" not in {finding["severity"] for finding in plan["findings"]}
    acknowledged = lawful.plan("--ack", f"stop_by=2026-11-28T19:55+00:00@{plan['digest'][:8]}")
    assert not acknowledged["blocked"]


def test_whoever_is_named_as_the_stopper_stops_it(house: House) -> None:
    governed(house, "{stopper: cron}")
    house.spec(campaign() + contacts("3001230001"))

    plan = house.plan()

    assert not plan["blocked"]
    assert found(plan)["HRS004"][0]["severity"] == "info"
    house.applied()
    house.settled()


@pytest.mark.parametrize(
    ("at", "runs"),
    [
        ("2026-11-28T14:54:00-05:00", True),
        ("2026-11-28T14:55:00-05:00", False),
        (SUNDAY, False),
        ("2026-12-08T10:00:00-05:00", False),  # a holiday
        ("2026-12-09T07:00:00-05:00", True),
    ],
)
def test_what_runs_is_stopped_where_the_law_begins_to_bar_it(house: House, at: str, runs: bool) -> None:
    """By any apply, and by `--safe-only`, which nothing holds back; and not started before it is lawful again."""
    governed(house, "{stopper: cron}")
    window = "{days: [mon, tue, wed, thu, fri, sat, sun], from: 07:00, to: '18:56', holidays: on}"
    house.spec(campaign(window=window))
    assert found(house.plan(), "deny")  # within five minutes of the law's end
    house.spec(campaign(window=window.replace("18:56", "18:55")))
    house.applied()

    plan = house.run("plan", "--format", "json", "--at", at).json

    assert [action for action, _ in actions(plan)] == ([] if runs else ["stop"])
    assert bool(found(plan).get("HRS005")) is not runs
    house.run("apply", "--safe-only", "--auto-approve", "--at", at)
    again = house.run("plan", "--format", "json", "--at", "2026-12-09T10:00:00-05:00").json
    assert [action for action, _ in actions(again)] == ([] if runs else ["start"])


def test_an_unlawful_window_is_denied_and_the_stop_goes_through(house: House) -> None:
    """A campaign that ran before the law was looked at: the plan is denied, the protection is not."""
    house.spec(campaign(window=""))
    house.applied()
    governed(house, "{stopper: cron}")

    plan = house.run("plan", "--format", "json", "--at", SUNDAY).json

    assert plan["blocked"]
    assert actions(plan) == [("stop", CAMPAIGN)]
    assert house.run("apply", "--at", SUNDAY, "--auto-approve").code == 3
    assert house.run("apply", "--at", SUNDAY, "--safe-only", "--auto-approve").code == 0


def test_a_stopped_campaign_may_have_any_window(lawful: House) -> None:
    """Nothing dials."""
    lawful.spec(campaign(state="stopped", window="") + contacts("3001230001"))

    assert not lawful.plan()["blocked"]


def test_rows_into_a_campaign_that_runs_are_judged_without_its_document(house: House) -> None:
    """`--only` may leave the campaign's document out; it dials all the same."""
    house.spec(campaign(window=""))
    house.applied()
    governed(house, "{stopper: cron}")
    house.spec(campaign(window="") + contacts("3001230001"))

    plan = house.plan("--only", "wolkvox-co/contacts/*")

    assert found(plan, "deny").keys() == {"HRS003"}
    assert not house.plan("--only", "lynn-cl/*")["blocked"]


# --- where people are


def test_hours_hold_in_every_zone_of_the_people(house: House) -> None:
    """A Mexican number in Colombia's base is Mexican: another law, another clock."""
    governed(house, "{stopper: cron}")
    text = (house.root / "reconciler.yaml").read_text("utf-8")
    house.write("reconciler.yaml", text.replace("    country: CO\n", "    country: CO\n    phone_format: digits\n"))
    house.spec(campaign(more="sector: other\n") + contacts("3001230001", "+52 664 123 4567"))

    plan = house.plan()

    places = {(place["country"], *place["zones"]) for one in plan["reached"] for place in one["places"]}
    assert places == {("CO", "America/Bogota"), ("MX", "America/Tijuana")}
    assert plan["people"]["by_country"] == {"CO": 1, "MX": 1}
    denied = found(plan, "deny")["HRS003"]
    assert all("America/Tijuana" in finding["message"] for finding in denied)


def test_a_row_says_where_its_person_is(house: House) -> None:
    governed(house, "{stopper: cron}")
    house.spec(campaign() + contacts("3001230001", beside=', timezone: "Europe/Madrid"'))

    assert "Europe/Madrid" in found(house.plan(), "deny")["HRS003"][0]["message"]


def test_a_zone_that_is_none_is_denied_without_being_repeated(house: House) -> None:
    """Whatever stands in that column may be anything."""
    governed(house, "{stopper: cron}")
    house.spec(campaign() + contacts("3001230001", beside=', timezone: "Ana Gomez"'))

    said = house.run("plan", "--at", AT)

    assert said.code == 3
    assert "LAW003" in said.out
    assert "Gomez" not in said.out + said.err


def test_a_country_without_a_pack_is_denied(house: House) -> None:
    text = governed(house, "{stopper: cron}").root / "reconciler.yaml"
    text.write_text(text.read_text("utf-8").replace("country: CO", "country: CR").replace("Bogota", "Costa_Rica"), "utf-8")
    house.spec(campaign() + contacts("8888 1234"))

    assert found(house.plan(), "deny").keys() == {"LAW001"}


def test_packs_that_are_named_are_all_that_count(house: House) -> None:
    """A country that the project leaves out is nobody's law."""
    governed(house, "{lawpacks: [cl, uy], stopper: cron}")
    house.spec(campaign() + contacts("3001230001"))

    assert found(house.plan(), "deny").keys() == {"LAW001"}


def test_with_the_packs_off_every_plan_says_so(house: House) -> None:
    house.spec(campaign(window="") + contacts("3001230001"))

    plan = house.plan()

    assert not plan["blocked"]
    assert found(plan)["LAW000"][0]["severity"] == "warn"


# --- messages


@pytest.mark.parametrize(
    ("at", "allowed"),
    [
        ("2026-12-01T06:59:00-03:00", False),
        ("2026-12-01T07:00:00-03:00", True),
        ("2026-12-01T20:54:00-03:00", True),
        ("2026-12-01T20:55:00-03:00", False),
    ],
)
def test_scheduled_messages_are_held_against_the_hours(lawful: House, at: str, allowed: bool) -> None:
    """The house's hours for services, since no rule of Uruguay says any."""
    lawful.spec(message(at))

    assert ("HRS002" in found(lawful.plan(), "deny")) is not allowed


def test_messages_that_leave_now_are_held_against_this_moment(lawful: House) -> None:
    lawful.spec(message("on_apply", target="wolkvox-co", rows='{phone: "3001230001"}', purpose="collection"))

    assert not lawful.plan()["blocked"]
    night = lawful.run("plan", "--format", "json", "--at", "2026-11-24T22:00:00-05:00")
    assert found(night.json, "deny").keys() == {"HRS002"}
    assert night.code == 3
    late = lawful.run("apply", "--at", "2026-11-24T22:00:00-05:00", "--auto-approve", "--allow-irreversible", "1")
    assert late.code == 3
    assert lawful.control.effects() == []


def test_each_row_s_own_instant_counts(lawful: House) -> None:
    rows = (
        '{phone: "094123001", cuando: "2026-12-01T10:00:00-03:00"}, '
        '{phone: "094123002", cuando: "2026-12-01T23:00:00-03:00"}, '
        '{phone: "094123003", cuando: "2026-12-01T23:30:00-03:00"}'
    )
    lawful.spec(message("{column: cuando}", rows=rows))

    (finding,) = found(lawful.plan(), "deny")["HRS002"]
    assert "2026-12-01 23:00" in finding["message"]
    assert "1 other instant" in finding["message"]


# --- purposes and evidence


def test_where_nobody_says_a_purpose_the_strictest_counts(house: House) -> None:
    """Marketing needs the register in Colombia."""
    governed(house, "{stopper: cron}")
    house.spec(campaign(purpose="") + contacts("3001230001"))

    plan = house.plan()

    assert {one["purpose"] for one in plan["reached"]} == {"marketing"}
    assert "PUR001" in found(plan)
    (finding,) = found(plan, "deny")["REG001"]
    assert finding["rule"] == "CO-3"
    assert "rne" in finding["message"]


def test_consent_that_a_law_asks_for_is_in_every_row(house: House) -> None:
    """Peru, marketing: the column, and something in it."""
    path = governed(house, "{stopper: cron}").root / "reconciler.yaml"
    path.write_text(path.read_text("utf-8").replace("country: CO", "country: PE").replace("Bogota", "Lima"), "utf-8")
    window = "{from: 09:00, to: 17:30}"
    house.spec(campaign(purpose="marketing", window=window) + contacts("912345678"))
    assert "CON001" in found(house.plan(), "deny")

    proof = ', consent: "c-1", consent_at: "2026-01-02", consent_channel: voice'
    house.spec(campaign(purpose="marketing", window=window) + contacts("912345678", beside=proof))
    assert found(house.plan(), "deny") == {}

    house.spec(campaign(purpose="marketing", window=window) + contacts("912345678", beside=proof.replace("c-1", "")))
    (finding,) = found(house.plan(), "deny")["CON001"]
    assert "1 row(s) leave 'consent' empty" in finding["message"]


def test_who_waits_in_a_campaign_that_starts_is_judged_too(house: House) -> None:
    """Rows that somebody else put there have no consent that anybody could show."""
    path = governed(house, "{stopper: cron}").root / "reconciler.yaml"
    text = path.read_text("utf-8").replace("country: CO", "country: PE").replace("Bogota", "Lima")
    path.write_text(text.replace("stopper: cron", "lawpacks: off"), "utf-8")
    window = "{from: 09:00, to: 17:30}"
    house.spec(campaign(purpose="marketing", window=window, state="stopped") + contacts("912345678", "912345679"))
    house.applied()
    path.write_text(text, "utf-8")
    house.spec(campaign(purpose="marketing", window=window))

    plan = house.plan()

    assert plan["people"] | {"by_country": {"PE": 2}} == plan["people"]
    assert plan["people"]["total"] == 2
    assert [finding["address"] for finding in found(plan, "deny")["CON001"]] == [CAMPAIGN]


# --- evidence of judging


def test_every_rule_that_looked_is_told_passes_too(house: House) -> None:
    governed(house, "{stopper: cron}")
    house.spec(campaign() + contacts("3001230001"))

    evaluated = {one["rule"]: one for one in house.plan()["evaluated"]}

    assert evaluated["CO-1"]["result"] == "pass"
    assert evaluated["CO-2"]["result"] == "warn"
    assert evaluated["HRS004"]["result"] == "info"
    assert "+" in evaluated["CO-1"]["version"]


def test_a_plan_is_over_where_the_law_changes_its_mind(house: House) -> None:
    """Five minutes before the hours end, whatever the window says."""
    governed(house, "{stopper: cron}")
    house.spec(message("on_apply", target="wolkvox-co", rows='{phone: "3001230001"}', purpose="collection"))

    assert house.plan()["valid_until"] == "2026-11-24T18:55:00-05:00"


def test_rows_of_an_append_only_platform_need_the_window_of_their_dialer(lawful: House) -> None:
    """What dials there, and when, only a document can say."""
    rows = (
        "kind: contacts\ntarget: ucontact-uy\nname: base\ncampaign: Cobranza<-\npurpose: collection\n"
        "ucontact: {channel: voice}\nsource: {rows: [{key: a, phone: 094123001}]}\n---\n"
    )
    lawful.spec(rows)
    assert "HRS003" in found(lawful.plan(), "deny")

    dialer = (
        "kind: campaign\ntarget: ucontact-uy\nname: Cobranza<-\npurpose: collection\nwindow: {from: 09:00, to: 17:30}\n---\n"
    )
    lawful.spec(dialer + rows)
    assert found(lawful.plan(), "deny", "approve") == {}
