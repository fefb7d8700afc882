"""The promise, sentence by sentence: nobody twice, opt-outs first, what is not ours left alone, nothing painted green."""

from __future__ import annotations

from typing import Any

import pytest

from tests.house import AT, House, actions, reach

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


@pytest.mark.parametrize(
    ("due", "suppressed"),
    [("2026-11-25T12:00:00-03:00", {}), ("2026-11-25T12:00:01-03:00", {"later": 1}), ("on_apply", {})],
)
def test_a_horizon_holds_for_one_instant_as_for_those_of_rows(house: House, due: str, suppressed: dict[str, int]) -> None:
    """A scheduled message cannot be taken back: what is due after 24 hours waits for a later apply."""
    house.spec(messages(ONE, at=due, more="horizon: 24h\n"))

    assert counts(house.plan(), "ucontact-uy/scheduled_sms/aviso")["suppressed"] == suppressed


# --- opt-outs


def test_nobody_is_lifted_whom_another_document_wishes_whatever_its_file_is_called(house: House) -> None:
    lifting = BLACKLIST.replace("name: no", "name: levanta").replace("0002", "0009")
    lifting = lifting.replace("---\n", 'lifts: {rows: [{phone: "3001230002"}]}\n---\n')
    house.spec(BLACKLIST.replace("name: no", "name: levanta"))
    house.applied()

    for first, second in ((lifting, BLACKLIST), (BLACKLIST, lifting)):
        house.spec(first + second)

        assert counts(house.plan(), "wolkvox-co/blacklist/levanta")["to_lift"] == 0


# --- who is reached, and what stays


def test_a_start_counts_everybody_who_can_still_be_dialled(house: House) -> None:
    records = [{"customer_id": "A", "tel1": "3001230001"}, {"customer_id": "B", "tel1": "3001230002"}]
    house.control.seed({"wolkvox": {"campaigns": [{"name": "lista", "records": records}]}})
    house.spec(campaign())
    house.run("import", "wolkvox-co/campaign/lista")
    house.applied()
    house.spec(campaign("state: started\n"))

    assert reach(house.plan()) == (2, 2)


def test_a_start_on_lynn_counts_our_rows_and_says_that_others_are_unknown(house: House) -> None:
    rows = (
        "kind: contacts\ntarget: lynn-cl\nname: base\ncampaign: lista\n"
        'lynn: {template: 3c6f10ec-0000-4000-8000-210008f00900}\nsource: {rows: [{key: K1, phone: "+56961230001"}]}\n'
    )
    house.spec(LYNN.format(state="stopped") + rows)
    house.applied()
    house.spec(LYNN.format(state="started") + rows)

    plan = house.plan()

    assert actions(plan) == [("start", "lynn-cl/campaign/lista")]
    assert reach(plan) == (1, 0)
    assert ("info", "UNV001") in codes(plan)


def test_removed_documents_take_nothing_back_and_the_plan_says_so(house: House) -> None:
    house.spec(campaign() + contacts(1, 3) + BLACKLIST + messages(ONE))
    house.applied()
    house.spec(campaign())

    plan = house.plan()

    assert plan["empty"]
    told = {finding["address"]: finding["message"] for finding in plan["findings"] if finding["code"] == "LFT001"}
    assert set(told) == {"wolkvox-co/contacts/base", "wolkvox-co/blacklist/no", "ucontact-uy/scheduled_sms/aviso"}
    assert "2 row(s)" in told["wolkvox-co/contacts/base"]


def test_what_another_document_wishes_now_is_not_told_as_left(house: House) -> None:
    house.spec(campaign() + contacts(1, 2))
    house.applied()
    house.spec(campaign() + contacts(1, 2, name="otra"))

    plan = house.plan()

    assert plan["empty"]
    assert "LFT001" not in [code for _, code in codes(plan)]


def test_rows_of_a_campaign_that_is_gone_are_not_told_as_left(house: House) -> None:
    house.spec(campaign() + contacts(1))
    house.applied()
    house.spec("")

    assert "LFT001" not in [code for _, code in codes(house.plan())]

    house.applied()

    assert "LFT001" not in [code for _, code in codes(house.plan())]


# --- a part of the project


def test_rows_wait_for_a_campaign_that_a_partial_plan_leaves_out(house: House) -> None:
    house.spec(campaign() + contacts(1))

    said = house.run("plan", "--format", "json", "--at", AT, "--only", "*/contacts/*")

    assert said.code == 3
    assert said.json["changes"] == []
    assert ("deny", "DEP003") in codes(said.json)

    both = ("--only", "*/contacts/*", "--only", "wolkvox-co/campaign/lista")

    assert house.run("plan", "--at", AT, *both).code == 0


def test_nothing_starts_while_a_partial_plan_leaves_out_who_said_no(house: House) -> None:
    house.spec(campaign() + contacts(1, 2))
    house.applied()
    house.spec(campaign("state: started\n") + contacts(1, 2) + BLACKLIST)

    said = house.run("plan", "--format", "json", "--at", AT, "--only", "*/campaign/*")

    assert said.code == 3
    assert ("deny", "DEP004") in codes(said.json)

    house.run("apply", "--auto-approve", "--at", AT, "--only", "*/blacklist/*")

    assert house.run("plan", "--at", AT, "--only", "*/campaign/*").code == 0


def test_a_glob_that_names_nothing_is_told(house: House) -> None:
    house.spec(campaign())

    said = house.run("plan", "--format", "json", "--at", AT, "--only", "wolkvox-co/campaing/*")

    assert ("warn", "SEL001") in codes(said.json)


# --- protect


def test_a_protected_campaign_is_not_stopped_by_a_wish(house: House) -> None:
    house.spec(campaign("state: started\nprotect: true\n"))
    house.applied()
    house.spec(campaign("state: stopped\nprotect: true\n"))

    assert ("deny", "PRO001") in codes(house.plan())

    house.spec(campaign("state: stopped\n"))

    assert house.run("plan", "--at", AT).code == 3

    house.spec(campaign("state: started\n"))
    house.applied()
    house.spec(campaign("state: stopped\n"))
    house.applied()
    house.settled()


def test_protect_does_not_hold_back_a_stop_that_its_window_asks_for(house: House) -> None:
    house.spec(campaign("state: started\nprotect: true\nwindow: {from: 08:00, to: 18:00}\n"))
    house.applied()

    night = house.run("plan", "--format", "json", "--at", "2026-11-24T20:00:00-05:00")

    assert night.code == 0
    assert actions(night.json) == [("stop", "wolkvox-co/campaign/lista")]


# --- what is said


def test_who_has_the_old_text_is_counted_and_a_step_for_a_person(house: House) -> None:
    house.spec(messages(ONE))
    house.applied()
    house.spec(messages(ONE, text="Otro"))

    plan = house.plan()

    assert plan["empty"]
    assert ("warn", "SND001") in codes(plan)
    key = next(step["key"] for step in plan["manual"])

    house.run("resolve", key, "--verdict", "done", "--reason", "deleted in the portal")

    assert house.plan()["manual"] == []


def test_a_purpose_that_nobody_says_is_said(house: House) -> None:
    house.spec(campaign().replace("purpose: service\n", "") + contacts(1))

    told = [(each["severity"], each["address"]) for each in house.plan()["findings"] if each["code"] == "PUR001"]

    assert told == [("info", "wolkvox-co/campaign/lista")]


def test_what_is_written_weighs_more_than_the_environment(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.spec(campaign())
    monkeypatch.setenv("RECONCILER_FORMAT", "json")
    monkeypatch.setenv("RECONCILER_PLAN_DETAILED_EXITCODE", "1")

    assert house.run("--format", "text", "plan", "--at", AT).out.startswith("wolkvox-co (SIMULATED)")
    assert house.run("plan", "--format", "text", "--at", AT).out.startswith("wolkvox-co (SIMULATED)")

    said = house.run("plan", "--at", AT)

    assert (said.code, len(said.json["changes"])) == (2, 1)

    monkeypatch.setenv("RECONCILER_PLAN_FORMAT", "markdown")

    assert not house.run("plan", "--at", AT).out.startswith("{"), "the narrower variable wins"


@pytest.mark.parametrize(
    ("words", "variables", "coloured"),
    [
        ((), {}, False),
        ((), {"FORCE_COLOR": "1"}, True),
        ((), {"FORCE_COLOR": "1", "NO_COLOR": "1"}, False),
        (("--color", "always"), {"NO_COLOR": "1"}, True),
        (("--color", "never"), {"FORCE_COLOR": "1"}, False),
    ],
)
def test_colours_as_asked(
    house: House, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], variables: dict[str, str], coloured: bool
) -> None:
    for name in ("FORCE_COLOR", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    house.spec(campaign())

    assert ("\x1b" in house.run("plan", "--at", AT, *words).out) is coloured


# --- what was reviewed


def test_the_digest_covers_windows_that_no_platform_takes(house: House) -> None:
    house.spec(LYNN.format(state="stopped"))
    house.applied()
    digests = set()
    for window in ("", "window: {from: 08:00, to: 18:00}\n", "window: {from: 08:00, to: 20:00}\n"):
        house.spec(LYNN.format(state="started\n" + window.rstrip("\n")))
        digests.add(house.plan()["digest"])

    assert len(digests) == 3


def test_a_plan_is_valid_no_longer_than_what_it_schedules_can_be_handed_over(house: House) -> None:
    house.spec(messages(ONE, at="2026-11-24T12:00:00-03:00"))

    plan = house.plan("--at", "2026-11-24T10:00:00-03:00")

    assert plan["valid_until"] == "2026-11-24T11:58:00-03:00"
    assert (
        plan["valid_until_why"] == "the messages of ucontact-uy/scheduled_sms/aviso could not be handed over in time any more"
    )


def test_what_is_written_to_files_is_whole_and_as_show_says_it(house: House) -> None:
    house.spec(campaign() + contacts(1))
    files = [word for name in ("text", "json", "markdown") for word in ("--output-file", f"{name}=shown/{name}")]

    house.run("plan", "-q", "--color", "always", "--at", AT, "--out", "saved", *files)

    for name in ("text", "json", "markdown"):
        assert (house.root / "shown" / name).read_text("utf-8") == house.run("show", "saved", "--format", name).out


# --- do-not-disturb of campaigns that come later

BOOK = (
    "kind: contacts\ntarget: lynn-cl\nname: clientes\nsource:\n  rows:\n"
    '    - {identifier: "+56961230002", channel: whatsapp, name: Persona}\n---\n'
)


@pytest.mark.parametrize("scope", ["{category: c}", "{campaign: lista}"])
def test_who_said_no_is_barred_in_a_campaign_that_comes_later_before_it_starts(house: House, scope: str) -> None:
    no = f'kind: blacklist\ntarget: lynn-cl\nname: no\nscope: {scope}\nsource: {{rows: [{{phone: "+56961230002"}}]}}\n---\n'
    house.spec(LYNN.format(state="stopped") + BOOK + no)
    house.applied()
    house.settled()
    later = "" if "campaign" in scope else LYNN.format(state="started").replace("lista", "nueva")
    if not later:
        house.control.drift("lynn", "delete")
    house.spec(LYNN.format(state="started") + later + BOOK + no)

    done = [action for action, _ in actions(house.plan())]

    assert "blacklist_add" in done
    assert done.index("create") < done.index("blacklist_add") < done.index("start")

    house.applied()
    house.settled()
    barred = [each["counts"]["dnd"] for each in house.control.status()["accounts"] if each["platform"] == "lynn"]
    assert barred == [2 if later else 1]


@pytest.mark.parametrize(("expires", "again"), [("lapse", []), ("renew", [("blacklist_add", "wolkvox-co/blacklist/no")])])
def test_entries_that_end_are_added_again_only_where_that_is_wished(
    house: House, expires: str, again: list[tuple[str, str]]
) -> None:
    house.spec(BLACKLIST.replace("name: no\n", f"name: no\ndays: 3\nexpires: {expires}\n"))
    house.applied()
    house.settled()
    house.control.clock(advance_s=4 * 86_400)

    plan = house.plan()

    house.control.clock(real=True)
    assert actions(plan) == again
    assert "SND003" not in [code for _, code in codes(plan)]
