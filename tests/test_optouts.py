"""An opt-out that arrives on one account is kept on all of them, and is not forgotten."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st

from reconciler.reconcile import session
from reconciler.reconcile.session import World
from reconciler.sandbox.server import Running
from tests.contract.test_enforced import notes
from tests.contract.test_promise import counts, messages
from tests.house import AT, House, actions

SMS = "ucontact-uy/scheduled_sms/aviso"
NO = "wolkvox-co/blacklist/no"
BASE = "wolkvox-co/contacts/base"
LISTA = "wolkvox-co/campaign/lista"

ANA, LUZ, EVA, SOL = "3001230001", "3001230002", "3001230003", "3001230004"


@pytest.fixture
def house(house: House) -> House:
    """A project whose Uruguayan account sends to numbers of other countries too."""
    project = house.root / "reconciler.yaml"
    text = project.read_text("utf-8")
    project.write_text(text.replace("    country: UY\n", "    country: UY\n    phone_format: digits\n"), "utf-8")
    return house


def campaign(state: str = "stopped") -> str:
    return (
        f"kind: campaign\ntarget: wolkvox-co\nname: lista\nstate: {state}\npurpose: service\nservice: requested\n"
        "wolkvox: {skill: cobranza}\n---\n"
    )


def contacts(*numbers: str, more: str = "") -> str:
    rows = ", ".join(f'{{key: K{number[-2:]}, phone: "{number}"}}' for number in numbers)
    return f"kind: contacts\ntarget: wolkvox-co\nname: base\ncampaign: lista\n{more}source: {{rows: [{rows}]}}\n---\n"


def barred(*numbers: str, more: str = "") -> str:
    rows = ", ".join(f'{{phone: "{number}"}}' for number in numbers)
    return f"kind: blacklist\ntarget: wolkvox-co\nname: no\n{more}source: {{rows: [{rows}]}}\n---\n"


def told(*numbers: str) -> str:
    """Messages of another platform to these Colombian numbers."""
    return messages(*(f'{{phone: "+57{number}"}}' for number in numbers))


def says_no(house: House, number: str, direction: str = "outbound") -> None:
    """Somebody in the console puts a number on the list."""
    house.control.drift("wolkvox", "add-dnc", phone=number, direction=direction)


def found(plan: dict[str, Any], code: str) -> list[dict[str, Any]]:
    return [finding for finding in plan["findings"] if finding["code"] == code]


def reached(house: House) -> list[str]:
    return sorted(effect["recipient"].removeprefix("57") for effect in house.control.effects())


# --- wherever it arrives


def test_who_said_no_on_one_platform_gets_no_message_from_another(house: House) -> None:
    says_no(house, LUZ)
    house.spec(campaign() + barred(SOL) + told(ANA, LUZ))
    plan = house.plan()

    assert counts(plan, SMS)["suppressed"] == {"opt_out": 1}
    (note,) = found(plan, "OPT001")
    assert (note["severity"], note["address"]) == ("info", NO)
    assert "1 opt-out(s) arrived at wolkvox-co" in note["message"]
    assert f"1 row(s) of {SMS}" in note["message"]
    assert f"blacklist pull {NO}" in note["remedy"]
    assert LUZ not in str(plan)

    house.applied()

    assert reached(house) == [ANA]
    house.settled()


def test_without_a_blacklist_document_it_is_kept_all_the_same(house: House) -> None:
    says_no(house, LUZ)
    house.spec(campaign() + told(ANA, LUZ))
    plan = house.plan()

    assert counts(plan, SMS)["suppressed"] == {"opt_out": 1}
    assert [(note["address"], note["file"]) for note in found(plan, "OPT001")] == [(None, "reconciler.yaml")]


def test_a_number_that_is_none_blocks_on_its_last_digits(house: House) -> None:
    says_no(house, "999030012300029"[:13] + LUZ[-2:])
    says_no(house, f"0{LUZ[-8:]}")
    house.spec(campaign() + told(ANA, LUZ))

    assert counts(house.plan(), SMS)["suppressed"] == {"opt_out": 1}


def test_what_bars_calls_that_come_in_is_no_opt_out(house: House) -> None:
    says_no(house, LUZ, "inbound")
    house.spec(campaign() + told(ANA, LUZ))
    plan = house.plan()

    assert counts(plan, SMS)["suppressed"] == {}
    assert found(plan, "OPT001") == []


def test_the_rows_of_its_own_account_are_blacklisted_and_nothing_else(house: House) -> None:
    says_no(house, LUZ)
    house.spec(campaign() + contacts(ANA, LUZ))

    assert counts(house.plan(), BASE)["suppressed"] == {"blacklist": 1}

    house.applied()

    assert counts(house.plan(), BASE)["suppressed"] == {"blacklist": 1}
    house.settled()


def test_what_a_document_wishes_or_we_put_there_has_not_arrived(house: House) -> None:
    house.spec(campaign() + barred(LUZ, SOL))
    house.applied()
    house.spec(campaign() + barred(SOL) + told(LUZ, SOL))
    plan = house.plan()

    assert found(plan, "OPT001") == []
    assert counts(plan, SMS)["suppressed"] == {}


def test_a_result_of_a_call_is_an_opt_out_with_every_number_of_its_row(house: House) -> None:
    rows = f'{{key: A, phone: "{ANA}"}}, {{key: B, phone: "{EVA}", phone2: "{LUZ}"}}'
    base = f"kind: contacts\ntarget: wolkvox-co\nname: base\ncampaign: lista\nsource: {{rows: [{rows}]}}\n---\n"
    house.spec(campaign() + base)
    house.applied()
    house.control.drift("wolkvox", "dial", key="B", result="DO-NOT-CALL")
    house.spec(campaign() + base + told(ANA, LUZ, EVA))
    plan = house.plan()

    assert counts(plan, SMS)["suppressed"] == {"opt_out": 2}
    assert [note["address"] for note in found(plan, "OPT001")] == [BASE]

    house.applied()

    assert reached(house) == [ANA]
    house.settled()


def test_records_that_we_marked_for_a_document_are_no_news(house: House) -> None:
    house.spec(campaign() + contacts(ANA, LUZ))
    house.applied()
    house.spec(campaign() + contacts(ANA, LUZ) + barred(LUZ))
    house.applied()
    house.spec(campaign() + contacts(ANA, LUZ) + barred(LUZ) + told(LUZ))

    assert counts(house.plan(), SMS)["suppressed"] == {}


def test_who_said_no_in_the_console_stays_out_elsewhere_when_a_document_wishes_it_too(house: House) -> None:
    says_no(house, LUZ)
    house.spec(campaign() + barred(LUZ, SOL) + told(ANA, LUZ))
    plan = house.plan()

    assert counts(plan, SMS)["suppressed"] == {"opt_out": 1}
    assert found(plan, "OPT001") == []


def test_a_row_that_we_marked_for_one_number_says_nothing_of_its_others(house: House) -> None:
    rows = f'{{key: B, phone: "{EVA}", phone2: "{LUZ}"}}'
    base = f"kind: contacts\ntarget: wolkvox-co\nname: base\ncampaign: lista\nsource: {{rows: [{rows}]}}\n---\n"
    house.spec(campaign() + base)
    house.applied()
    house.spec(campaign() + base + barred(LUZ))
    house.applied()
    house.spec(campaign() + base + barred(LUZ) + told(EVA))

    assert counts(house.plan(), SMS)["suppressed"] == {}


def test_a_partial_plan_hears_the_others_too(house: House) -> None:
    says_no(house, LUZ)
    house.spec(campaign() + barred(SOL) + told(ANA, LUZ))

    assert counts(house.plan("--only", SMS), SMS)["suppressed"] == {"opt_out": 1}


# --- it is not forgotten


def test_the_journal_remembers_what_the_console_forgets(house: House) -> None:
    says_no(house, LUZ)
    house.spec(campaign() + told(ANA))
    house.applied()
    house.control.drift("wolkvox", "lift-dnc", phone=LUZ)
    house.spec(campaign() + told(ANA, LUZ))
    plan = house.plan()

    assert counts(plan, SMS)["suppressed"] == {"already_sent": 1, "opt_out": 1}
    assert found(plan, "OPT001") == []


def test_not_even_with_its_target(house: House) -> None:
    says_no(house, LUZ)
    house.spec(campaign() + told(ANA))
    house.applied()
    house.spec(told(ANA, LUZ))
    project = house.root / "reconciler.yaml"
    lines = project.read_text("utf-8")
    project.write_text(lines[: lines.index("  wolkvox-co:")] + lines[lines.index("  lynn-cl:") :], "utf-8")

    assert counts(house.plan(), SMS)["suppressed"] == {"already_sent": 1, "opt_out": 1}


def test_a_plan_alone_remembers_nobody_and_an_apply_each_once(house: House) -> None:
    says_no(house, LUZ)
    house.spec(campaign() + told(ANA))
    house.plan()
    house.applied()
    house.applied()

    assert notes(house) == [("blacklist_add", 1)]

    files = [path.read_bytes() for path in (house.root / ".reconciler").rglob("*") if path.is_file()]

    assert not [body for body in files if LUZ.encode() in body]


def test_lifts_forget_it_once_nobody_says_no_any_more(house: House) -> None:
    lifts = f'lifts: {{rows: [{{phone: "{LUZ}"}}]}}\n'
    says_no(house, LUZ)
    house.spec(campaign() + told(ANA))
    house.applied()
    house.spec(campaign() + barred(SOL, more=lifts) + told(ANA, LUZ))

    assert counts(house.plan(), NO)["to_lift"] == 0  # the console's entry still stands

    house.control.drift("wolkvox", "lift-dnc", phone=LUZ)
    plan = house.plan()

    assert counts(plan, NO)["to_lift"] == 1
    assert [finding["severity"] for finding in found(plan, "VOL008")] == ["approve", "info"]

    house.applied("--ack", f"max_lifts=1@{plan['digest'][:8]}")
    house.applied()

    assert reached(house) == [ANA, LUZ]
    house.settled()


def test_who_says_no_between_review_and_apply_is_left_out(house: House) -> None:
    house.spec(campaign() + told(ANA, LUZ))
    assert house.run("plan", "--at", AT, "--out", "plan.json").code == 0
    says_no(house, LUZ)
    said = house.run("apply", "plan.json")

    assert said.code == 0, said.out + said.err
    assert "narrowed" in said.err
    assert reached(house) == [ANA]


def test_a_reviewed_lift_of_an_opt_out_is_carried_out(house: House) -> None:
    says_no(house, LUZ)
    house.spec(campaign() + told(ANA))
    house.applied()
    house.control.drift("wolkvox", "lift-dnc", phone=LUZ)
    house.spec(campaign() + barred(SOL, more=f'lifts: {{rows: [{{phone: "{LUZ}"}}]}}\n'))
    digest = house.plan()["digest"][:8]
    assert house.run("plan", "--at", AT, "--out", "plan.json", "--ack", f"max_lifts=1@{digest}").code == 0
    said = house.run("apply", "plan.json")

    assert said.code == 0, said.out + said.err
    assert notes(house) == [("blacklist_add", 1), ("blacklist_remove", 1)]
    house.settled()


# --- what is not known


def unreadable(house: House) -> None:
    house.control.fault("html", platform="wolkvox", operation="information.*", rate=1.0)


def test_an_account_that_heard_opt_outs_and_is_silent_holds_all_contacts_back(house: House) -> None:
    says_no(house, LUZ)
    house.spec(campaign() + told(ANA))
    house.applied()
    house.spec(campaign() + told(ANA, LUZ, EVA))
    unreadable(house)
    said = house.run("plan", "--format", "json", "--at", AT)

    assert said.code == 7
    assert said.json["changes"] == []
    assert [finding["severity"] for finding in found(said.json, "OPT002")] == ["warn"]
    assert counts(said.json, SMS)["suppressed"] == {"already_sent": 1, "opt_out": 1}

    house.control.clear_faults()
    house.applied()

    assert reached(house) == [ANA, EVA]


def test_meanwhile_nothing_starts_and_what_contacts_nobody_goes_on(house: House) -> None:
    def lynn(name: str, state: str) -> str:
        return (
            f"kind: campaign\ntarget: lynn-cl\nname: {name}\nstate: {state}\npurpose: service\nservice: requested\n"
            "lynn: {division: Ventas, category: c}\n---\n"
        )

    says_no(house, LUZ)
    house.spec(campaign() + lynn("una", "stopped") + lynn("dos", "started") + told(ANA))
    house.applied()
    house.spec(campaign() + lynn("una", "started") + lynn("dos", "stopped") + lynn("tres", "started") + told(ANA))
    unreadable(house)

    assert actions(house.plan()) == [("stop", "lynn-cl/campaign/dos"), ("create", "lynn-cl/campaign/tres")]

    house.control.clear_faults()

    assert ("start", "lynn-cl/campaign/una") in actions(house.plan())


def test_a_partial_plan_needs_no_secret_of_the_others_until_they_heard_one(house: House) -> None:
    says_no(house, LUZ)
    house.spec(campaign() + told(ANA))
    project = house.root / "reconciler.yaml"
    text = project.read_text("utf-8")
    project.write_text(text.replace("token: {env: SANDBOX_TOKEN}", "token: {env: NOT_SET_ANYWHERE}"), "utf-8")

    assert actions(house.plan("--only", SMS)) == [("schedule", SMS)]

    project.write_text(text, "utf-8")
    house.applied()
    house.spec(campaign() + told(ANA, EVA))
    project.write_text(text.replace("token: {env: SANDBOX_TOKEN}", "token: {env: NOT_SET_ANYWHERE}"), "utf-8")

    assert actions(house.plan("--only", SMS)) == []
    assert len(found(house.plan("--only", SMS), "OPT002")) == 1


def test_an_account_that_never_heard_one_holds_nothing_back(house: House) -> None:
    house.spec(campaign() + told(ANA))
    unreadable(house)
    said = house.run("plan", "--format", "json", "--at", AT)

    assert actions(said.json) == [("schedule", SMS)]
    assert said.code == 7
    assert found(said.json, "OPT002") == []


def test_a_list_that_may_not_be_whole_is_said_and_what_is_known_is_kept(house: House) -> None:
    project = house.root / "reconciler.yaml"
    limit = "    limits: {settle_s: 0, rows_per_download: 2}\n"
    project.write_text(project.read_text("utf-8").replace("    limits: {settle_s: 0}\n", limit, 1), "utf-8")
    for number in (ANA, LUZ):
        says_no(house, number)
    house.spec(barred(SOL) + told(ANA, EVA))
    plan = house.plan()

    assert [finding["severity"] for finding in found(plan, "OPT002")] == ["warn"]
    assert counts(plan, SMS)["suppressed"] == {"opt_out": 1}


# --- whoever waits already


def test_a_campaign_with_somebody_who_said_no_elsewhere_does_not_start(house: House) -> None:
    """The account that heard it and the one that dials are two of wolkvox."""
    project = house.root / "reconciler.yaml"
    text = project.read_text("utf-8")
    other = text[text.index("  wolkvox-co:") : text.index("  lynn-cl:")].replace("wolkvox-co", "wolkvox-dos")
    project.write_text(text.replace("  lynn-cl:", other.replace("/wolkvox\n", "/wolkvox-2\n") + "  lynn-cl:"), "utf-8")
    second = (campaign() + contacts(ANA, LUZ)).replace("wolkvox-co", "wolkvox-dos")
    house.spec(campaign() + second)
    house.applied()
    says_no(house, LUZ)
    house.spec(campaign() + second.replace("state: stopped", "state: started"))
    plan = house.plan()

    assert [(finding["severity"], finding["address"]) for finding in found(plan, "OPT003")] == [
        ("deny", "wolkvox-dos/campaign/lista")
    ]

    house.spec(campaign() + second.replace("state: stopped", "state: started") + barred(LUZ).replace("-co", "-dos"))
    plan = house.plan()

    assert found(plan, "OPT003") == []
    assert plan["people"]["total"] == 1

    house.applied()

    assert reached(house) == [ANA]


# --- what is added to a list comes first


@pytest.mark.parametrize("fault", ["403-maintenance", "drop-after", "drop-before", "500-after"])
def test_nobody_is_reached_while_an_addition_to_a_list_is_open(house: House, fault: str) -> None:
    house.spec(campaign() + contacts(ANA))
    house.applied()
    house.spec(campaign("started") + contacts(ANA, EVA) + barred(LUZ) + told(SOL))
    house.control.fault(fault, platform="wolkvox", operation="add_dnc", rate=1.0)
    plan = house.plan()
    said = house.run("apply", "--at", AT, "--format", "json", "--digest", plan["digest"])

    outcomes = {change["action"]: change["outcome"] for change in said.json["changes"]}
    assert outcomes.pop("blacklist_add") in ("refused", "unknown", "failed")
    assert outcomes == {"start": "skipped", "rows_add": "skipped", "schedule": "skipped"}
    assert reached(house) == []
    assert all(f"blacklist_add {NO}" in change["depends_on"] for change in plan["changes"][1:])


def test_an_addition_that_the_platform_did_not_make_holds_back_too(house: House) -> None:
    house.spec(campaign() + contacts(ANA))
    house.applied()
    house.spec(campaign("started") + contacts(ANA) + barred(LUZ, SOL) + told(EVA))
    house.control.fault("partial", platform="wolkvox", operation="add_dnc", count=9)
    said = house.apply()

    assert said.code in (1, 5, 6)
    assert reached(house) == []


def test_nobody_is_reached_on_readings_of_more_than_an_hour_ago(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The clock goes on while the entries are added: what was known of the lists is old by then."""
    house.spec(campaign() + contacts(ANA))
    house.applied()
    house.spec(campaign("started") + contacts(ANA) + barred(LUZ) + told(EVA))
    begun = datetime.now(UTC)

    def now() -> datetime:
        added = any("add_dnc" in call["operation"] for call in house.control.calls())
        return begun + timedelta(minutes=61 if added else 0)

    digest = house.plan()["digest"]
    monkeypatch.setattr(session, "World", partial(World, now=now))
    said = house.run("apply", "--at", AT, "--format", "json", "--digest", digest)

    outcomes = {change["action"]: change["outcome"] for change in said.json["changes"]}
    assert outcomes == {"blacklist_add": "verified", "start": "pending", "schedule": "pending"}
    assert reached(house) == []


# --- whatever is on the lists

PEOPLE = range(1, 6)
FIRST, SECOND = "30012300{}1", "30012300{}2"
NUMBERS = [form.format(person) for person in PEOPLE for form in (FIRST, SECOND)]


@dataclass(frozen=True)
class Case:
    """Who waits in a campaign (some with a second number), whom a plan adds and writes to, and who is on which list."""

    waiting: frozenset[int]
    twofold: frozenset[int]
    added: frozenset[int]
    written: frozenset[int]
    live: frozenset[str]
    wished: frozenset[str]

    def numbers(self, person: int) -> frozenset[str]:
        forms = (FIRST, SECOND) if person in self.twofold else (FIRST,)
        return frozenset(form.format(person) for form in forms)

    def rows(self, people: frozenset[int]) -> str:
        cells = []
        for person in sorted(people):
            second = f', phone2: "{SECOND.format(person)}"' if person in self.twofold else ""
            cells.append(f'{{key: K{person}, phone: "{FIRST.format(person)}"{second}}}')
        return f"kind: contacts\ntarget: wolkvox-co\nname: base\ncampaign: lista\nsource: {{rows: [{', '.join(cells)}]}}\n---\n"


_some = st.frozensets(st.sampled_from(PEOPLE))
_listed = st.frozensets(st.sampled_from(NUMBERS), max_size=3)
_cases = st.builds(Case, waiting=_some, twofold=_some, added=_some, written=_some, live=_listed, wished=_listed)


def carried_out(house: House, case: Case) -> tuple[int | None, set[int]]:
    """How many people the plan counts, None where it is denied; and who was really reached by the apply."""
    house.spec(campaign() + case.rows(case.waiting))
    house.applied()
    for number in sorted(case.live):
        says_no(house, number)
    house.spec(
        campaign("started")
        + case.rows(case.waiting | case.added)
        + barred("3009990000", *sorted(case.wished))  # an empty list would be asked about
        + told(*(FIRST.format(person) for person in sorted(case.written)))
    )
    plan = house.plan()
    if plan["blocked"]:
        assert {finding["code"] for finding in plan["findings"] if finding["severity"] == "deny"} == {"OPT003"}
    else:
        house.applied()
    people = {int(effect["recipient"][-2]) for effect in house.control.effects()}
    return None if plan["blocked"] else plan["people"]["total"], people


@settings(
    max_examples=5,
    phases=[Phase.explicit, Phase.generate],  # a smaller case takes as many applies to find as a first one
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@example(
    case=Case(
        waiting=frozenset({1, 3}),
        twofold=frozenset({1}),
        added=frozenset({1, 2}),
        written=frozenset({1}),
        live=frozenset({FIRST.format(1)}),
        wished=frozenset(),
    ),
    number=FIRST.format(1),
    live=False,
)
@given(case=_cases, number=st.sampled_from(NUMBERS), live=st.booleans())
def test_a_number_more_on_a_list_reaches_nobody_more_and_the_plan_says_how_many(
    one_sandbox: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str], case: Case, number: str, live: bool
) -> None:
    """Those who wait in the campaign already are among them, and nobody who is on a list, at whichever of their numbers."""
    more = replace(case, live=case.live | {number}) if live else replace(case, wished=case.wished | {number})
    results = []
    for each in (case, more):
        one_sandbox.world.reset()
        root = tmp_path / str(len(list(tmp_path.iterdir())))
        root.mkdir()
        home = House(root, one_sandbox.url, capsys)
        project = (root / "reconciler.yaml").read_text("utf-8")
        home.write("reconciler.yaml", project.replace("    country: UY\n", "    country: UY\n    phone_format: digits\n"))
        counted, people = carried_out(home, each)

        called = {int(effect["recipient"][-2]) for effect in home.control.effects() if effect["platform"] == "wolkvox"}
        assert counted in (None, len(people))
        assert not {person for person in called if each.numbers(person) & (each.live | each.wished)}
        assert not {person for person in people & each.written if FIRST.format(person) in each.live}
        results.append((counted, people))
    (before, first), (_after, second) = results
    assert second <= first or before is None  # what a denied plan would have reached nobody knows
