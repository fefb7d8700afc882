"""policy list, policy test and explain RULE: the packs through the commands that show them."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reconciler.catalogue import speak
from reconciler.cli import run
from reconciler.policies.cases import read_cases
from reconciler.policies.lawpacks import packs, rules


@pytest.fixture(autouse=True)
def english_again() -> Any:
    """The language belongs to the process."""
    yield
    speak("en")


Try = Callable[..., tuple[int, str]]


@pytest.fixture
def tried(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Try:
    """Write cases into a file and try them."""
    monkeypatch.chdir(tmp_path)

    def attempt(text: str, *words: str) -> tuple[int, str]:
        (tmp_path / "law.yaml").write_text(text, "utf-8")
        code = run(["policy", "test", "law.yaml", *words])
        return code, capsys.readouterr().out

    return attempt


# --- list and explain ----------------------------------------------------------------------------------------------------


def test_every_pack_and_rule_is_listed(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "list"]) == 0
    said = capsys.readouterr()

    assert all(pack.edition in said.out for pack in packs().values())
    assert all(f"  {rule.id} " in said.out and rule.text["en"] in said.out for rule in rules().values())
    assert "not legal advice" in said.err


def test_one_country_is_listed_with_the_house(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "list", "--country", "mx", "--format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)

    assert [pack["pack"] for pack in shown["packs"]] == ["mx", "house"]
    assert [rule["id"] for rule in shown["packs"][0]["rules"]] == ["MX-1", "MX-2", "MX-3", "MX-4"]
    assert shown["packs"][1]["country"] is None
    assert "not legal advice" in shown["advice"]


def test_the_list_speaks_spanish(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "list", "--country", "CO", "--lang", "es"]) == 0
    assert rules()["CO-1"].text["es"] in capsys.readouterr().out


def test_a_country_without_a_pack_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "list", "--country", "PA"]) == 1
    assert "LAW001" in capsys.readouterr().err
    assert run(["policy", "list", "--format", "markdown"]) == 64


def test_a_rule_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "co-1"]) == 0
    said = capsys.readouterr().out

    assert said.startswith(f"CO-1  {rules()['CO-1'].text['en']}\n")
    for words in (
        f"pack: co {packs()['co'].edition}",
        "basis: law · Ley 2300 de 2023, art. 3",
        "source: law firms, regulators and press, read 2026-11",
        "confidence: high",
        "valid: from 2023-10-10\n",
        "review by: 2027-05-31",
        "purposes: collection, marketing",
        "channels: every one",
        "help, not legal advice",
    ):
        assert f"  {words}" in said


def test_a_rule_is_explained_in_spanish(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "MX-4", "--lang", "es"]) == 0
    said = capsys.readouterr().out

    assert said.startswith(f"MX-4  {rules()['MX-4'].text['es']}\n")
    assert "no se nombró artículo" in said
    assert "since when is not known" in said


def test_a_rule_that_ends_says_when(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    from dataclasses import replace
    from datetime import date

    from reconciler.policies import lawpacks

    ending = replace(rules()["CO-1"], valid_to=date(2027, 1, 31))
    pack = replace(packs()["co"], rules=(ending,))
    monkeypatch.setattr(lawpacks, "rules", lambda: {"CO-1": ending})
    monkeypatch.setattr(lawpacks, "packs", lambda: {"co": pack})

    assert run(["explain", "CO-1"]) == 0
    assert "valid: from 2023-10-10 to 2027-01-31" in capsys.readouterr().out


def test_a_rule_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "HOUSE-1", "--format", "json"]) == 0
    shown = json.loads(capsys.readouterr().out)

    assert [(rule["id"], rule["pack"], rule["basis"]) for rule in shown["rules"]] == [("HOUSE-1", "house", "house")]
    assert shown["rules"][0]["edition"] == packs()["house"].edition


def test_an_unknown_rule_has_a_nearest_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["explain", "CO-11"]) == 1
    assert "did you mean 'CO-1'" in capsys.readouterr().err
    assert run(["explain", "§"]) == 1
    assert "policy list" in capsys.readouterr().err


# --- test ----------------------------------------------------------------------------------------------------------------

RIGHT = """\
- {rule: CO-1, zone: America/Bogota, at: "2026-11-20T18:54:00-05:00", expect: allowed}
- {name: one minute later, rule: CO-1, zone: America/Bogota, at: "2026-11-20T18:55:00-05:00", expect: denied}
- {name: by its number, country: MX, purpose: collection, sector: finance, number: "+52 664 123 4567",
   at: "2026-11-20T07:00:00-06:00", expect: denied}
- {country: CO, purpose: service, service: fraud_alert, zone: America/Bogota, at: "2026-11-22T03:00Z", expect: allowed}
- {rule: HOUSE-1, country: CO, zone: America/Bogota, at: "2026-11-20T18:30:00-05:00", expect: denied}
- {rule: CO-1, purpose: service, channel: sms, zone: America/Bogota, at: "2026-11-20T23:30:00-05:00", expect: allowed}
- {rule: CO-1, zone: America/Bogota, at: "2026-11-20T10:00:00-05:00", extra_holidays: [2026-11-20], expect: denied}
"""


def test_cases_that_hold(tried: Try) -> None:
    code, said = tried(RIGHT)

    assert code == 0
    assert said.splitlines() == [
        "✓ law.yaml:1  2026-11-20T18:54:00-05:00  allowed (CO-1)",
        "✓ law.yaml:2  one minute later  denied (CO-1)",
        "✓ law.yaml:3  by its number  denied (MX-3)",
        "✓ law.yaml:5  2026-11-22T03:00Z  allowed (CO-5)",
        "✓ law.yaml:6  2026-11-20T18:30:00-05:00  denied (HOUSE-1)",
        "✓ law.yaml:7  2026-11-20T23:30:00-05:00  allowed (no rule)",
        "✓ law.yaml:8  2026-11-20T10:00:00-05:00  denied (CO-1)",
        "7 case(s): 7 as expected, 0 not, 0 mistake(s)",
    ]


def test_a_case_that_does_not_hold_is_exit_1_and_says_why(tried: Try) -> None:
    sunday = '- {name: Sunday, rule: CO-1, zone: America/Bogota, at: "2026-11-22T10:00:00-05:00", expect: allowed}\n'
    code, said = tried(sunday)

    assert code == 1
    assert "✗ law.yaml:1  Sunday  denied (CO-1)\n    HRS002: barred at 2026-11-22 10:00 America/Bogota: CO-1:" in said
    assert "the next edge is 2026-11-23T12:00+00:00" in said
    code, said = tried(sunday, "--format", "json")
    shown = json.loads(said)
    assert code == 1
    assert [(case["expected"], case["found"], case["passed"]) for case in shown["cases"]] == [("allowed", "denied", False)]
    assert shown["cases"][0]["rules"] == ["CO-1"]
    assert shown["cases"][0]["next_edge"] == "2026-11-23T12:00:00+00:00"


def test_a_rule_that_does_not_look_at_the_case_has_no_edge(tried: Try) -> None:
    code, said = tried(
        '- {rule: CO-1, purpose: service, zone: America/Bogota, at: "2026-11-22T10:00:00-05:00", expect: denied}\n'
    )

    assert code == 1
    assert "allowed (no rule)" in said
    assert "next edge" not in said
    _code, said = tried(
        '- {country: CO, purpose: service, service: requested, zone: UTC, at: "2026-11-22T10:00Z", expect: allowed}',
        "--format",
        "json",
    )
    assert json.loads(said)["cases"][0]["next_edge"] is None


AT = 'at: "2026-11-20T10:00:00-05:00", expect: allowed'


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("cases: []", [("SPC003", 1)]),
        ("", [("TST001", 1)]),
        ("[]", [("TST001", 1)]),
        ("# - {rule: CO-1}", [("TST001", 1)]),
        ("- 'unclosed", [("YML001", 1)]),
        (f"- {{rule: CO-1, zone: America/Bogota, {AT}, date: today}}", [("SPC001", 1)]),
        ("- {rule: CO-1, zone: America/Bogota, expect: allowed}", [("SPC002", 1)]),
        (f"- {{rule: CO-9, zone: America/Bogota, {AT}}}", [("TST001", 1)]),
        (f"- {{rule: CO-3, zone: America/Bogota, {AT}}}", [("TST001", 1)]),
        (f"- {{rule: HOUSE-1, zone: America/Bogota, {AT}}}", [("TST001", 1)]),
        (f"- {{rule: CO-1, country: PE, zone: America/Bogota, {AT}}}", [("TST001", 1)]),
        (f"- {{country: PA, purpose: marketing, zone: America/Panama, {AT}}}", [("TST001", 1)]),
        (f"- {{zone: America/Bogota, purpose: marketing, {AT}}}", [("TST001", 1)]),
        (f"- {{country: CO, zone: America/Bogota, {AT}}}", [("TST001", 1)]),
        (f"- {{country: CO, purpose: collection, service: requested, zone: America/Bogota, {AT}}}", [("TST001", 1)]),
        (f"- {{country: CO, purpose: marketing, {AT}}}", [("TST001", 1)]),
        (f'- {{country: CO, purpose: marketing, zone: America/Bogota, number: "3001234567", {AT}}}', [("TST001", 1)]),
        (f'- {{country: CO, purpose: marketing, number: "12", {AT}}}', [("TST001", 1)]),
        (f"- {{country: CO, purpose: marketing, zone: America/Bogata, {AT}}}", [("TST001", 1)]),
        (
            f"- {{rule: CO-1, zone: UTC, {AT}}}\n- {{rule: CO-1, zone: UTC, at: 2026-02-30T10:00Z, expect: denied}}",
            [("TST001", 2)],
        ),
        (f"- {{rule: CO-1, zone: UTC, {AT}, extra_holidays: [2026-02-30]}}", [("TST001", 1)]),
    ],
)
def test_a_bad_case_is_a_mistake_with_its_place(tried: Try, text: str, found: list[tuple[str, int]]) -> None:
    """It never passes for a wrong reason."""
    code, said = tried(text, "--format", "json")

    assert code == 1
    assert [(finding["code"], finding["line"]) for finding in json.loads(said)["findings"]] == found


def test_mistakes_are_shown_beside_the_cases_that_are_right(tried: Try) -> None:
    code, said = tried(
        f'- {{rule: CO-1, zone: UTC, {AT}}}\n- {{country: CO, purpose: marketing, number: "300 123 45", {AT}}}\n'
    )

    assert code == 1
    assert "law.yaml:2" in said
    assert "this is no number of CO" in said
    assert "1 case(s): 1 as expected, 0 not, 1 mistake(s)" in said
    assert "300 123" not in said, "a number is hidden in what is shown of the file"


def test_a_number_in_a_name_is_masked() -> None:
    """People write what they like."""
    (case,), _findings = read_cases(f'- {{name: "calls 3001234567", rule: CO-1, zone: UTC, {AT}}}'.encode(), "law.yaml")

    assert "3001234" not in case.name


def test_a_file_that_is_not_there(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["policy", "test", str(tmp_path / "none.yaml")]) == 1
    assert "PTH002" in capsys.readouterr().err
    assert run(["policy", "test"]) == 64
