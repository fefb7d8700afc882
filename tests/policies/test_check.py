"""`policy check`: the law held against documents alone, with the place of what it bars, and without a network or a secret."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

import pytest

from reconciler.cli import run
from tests.policies.test_when import MESSAGE, MORA, PROJECT

AT: Final = "2026-11-23T10:00:00-05:00"  # a Monday; none of the week's days is a holiday in Colombia
OTHERS: Final = """\
  lynn-pe:
    platform: lynn
    tenant: 5678
    access_token: {env: NOT_SET_ANYWHERE}
    access_token_secret: {env: NOT_SET_ANYWHERE}
    country: PE
    timezone: America/Lima
  lynn-mx:
    platform: lynn
    tenant: 91011
    access_token: {env: NOT_SET_ANYWHERE}
    access_token_secret: {env: NOT_SET_ANYWHERE}
    country: MX
    timezone: America/Mexico_City
    sector: finance
  lynn-pa:
    platform: lynn
    tenant: 121314
    access_token: {env: NOT_SET_ANYWHERE}
    access_token_secret: {env: NOT_SET_ANYWHERE}
    country: PA
    timezone: America/Panama
policies:"""
LAWFUL: Final = MORA.replace("to: 20:00", "to: 18:55")
LYNN: Final = """\
kind: campaign
target: {target}
name: uno
state: started
purpose: {purpose}
window: {{from: 09:00, to: 17:00}}
caller_id: "{caller}"
lynn: {{division: Ventas, type: single, category: a}}
"""
ROWS: Final = """\
kind: contacts
target: {target}
name: base
campaign: {campaign}
lynn: {{template: 3c6f10ec-0000-4000-8000-210008f00900}}
source: {source}
"""

Told = tuple[str, str, str, int | None]


class Check:
    """A project whose documents are checked; `messages` are those of the last time."""

    def __init__(self, root: Path, capsys: pytest.CaptureFixture[str]) -> None:
        self.root = root
        self.messages: list[str] = []
        self._capsys = capsys

    def __call__(
        self, *documents: str, policies: str = "{}", at: str = AT, words: tuple[str, ...] = ()
    ) -> tuple[int, list[Told]]:
        """The exit code, and (code, severity, rule, line) of each finding."""
        (self.root / "reconciler.yaml").write_text(PROJECT.replace("policies: {}", f"{OTHERS} {policies}"), "utf-8")
        (self.root / "specs" / "a.yaml").write_text("---\n".join(documents), "utf-8")
        code = run(["policy", "check", "--at", at, "--format", "json", *words])
        shown = json.loads(self._capsys.readouterr().out)["findings"]
        self.messages = [one["message"] for one in shown]
        return code, [(one["code"], one["severity"], one["rule"] or "", one["line"]) for one in shown]


@pytest.fixture
def check(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Check:
    """A project in the present folder."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "specs").mkdir()
    return Check(tmp_path, capsys)


def test_a_lawful_campaign_passes(check: Check) -> None:
    assert check(LAWFUL) == (0, [])


def test_a_window_that_ends_too_late_is_denied_where_it_is_written(check: Check) -> None:
    """Today's is told, and not the same of every other day."""
    assert check(MORA) == (3, [("HRS003", "deny", "CO-1", 6)])


def test_the_coming_days_are_judged_too(check: Check) -> None:
    """A Saturday that begins too early, looked at on a Monday; every weekday of a week is one finding."""
    saturday = LAWFUL.replace("{from: 08:00, to: 18:55}", "{days: [sat], from: 07:00, to: 12:00}")
    late = MORA.replace("{from: 08:00", "{days: [tue, wed, fri], from: 08:00")

    assert check(saturday) == (3, [("HRS003", "deny", "CO-1", 6)])
    assert check(late) == (3, [("HRS003", "deny", "CO-1", 6)])
    assert check.messages[0].startswith("the window is barred 2026-11-24 18:55")
    assert check.messages[0].endswith("(and on 2 more of the coming days)")


@pytest.mark.parametrize(("end", "code"), [("18:54", 0), ("18:55", 0), ("18:56", 3), ("19:00", 3)])
def test_the_edge_of_a_window(check: Check, end: str, code: int) -> None:
    assert check(MORA.replace("20:00", end))[0] == code


def test_rows_of_a_campaign_are_judged_by_its_window_and_told_once(check: Check) -> None:
    rows = "kind: contacts\ntarget: wolkvox-co\nname: base\ncampaign: m\n"
    rows += 'source: {rows: [{key: "1", phone: "3001234567", consent_channel: voice}]}\n'

    assert check(LAWFUL, rows) == (0, [])
    assert check(MORA, rows) == (3, [("HRS003", "deny", "CO-1", 6)])


@pytest.mark.parametrize(("window", "barred"), [("{from: 09:00, to: 17:00}", 0), ("{from: 09:00, to: 22:00}", 1), ("", 2)])
def test_rows_of_a_dialer_that_is_run_in_the_portal_are_judged_themselves(check: Check, window: str, barred: int) -> None:
    """By the window that a document says of it; where none does they are dialled all day, morning and evening."""
    rows = "kind: contacts\ntarget: ucontact-uy\nname: base\ncampaign: Cobros<-\npurpose: collection\n"
    rows += 'ucontact: {channel: voice}\nsource: {rows: [{phone: "098344484"}]}\n'
    dialer = f"kind: campaign\ntarget: ucontact-uy\nname: Cobros<-\nwindow: {window}\n"

    assert check(*([rows, dialer] if window else [rows])) == (3 if barred else 0, [("HRS003", "deny", "HOUSE-1", 7)] * barred)


def test_a_campaign_that_stands_still_is_judged_by_the_window_that_it_has(check: Check) -> None:
    stopped = MORA.replace("state: started", "state: stopped")

    assert check(stopped)[0] == 3
    assert check(stopped.replace("window: {from: 08:00, to: 20:00}\n", "")) == (0, [])


def test_a_holiday_ahead_has_to_be_stopped(check: Check) -> None:
    """Tuesday, the 8th of December: nobody is named who stops it."""
    assert check(LAWFUL, at="2026-12-04T10:00:00-05:00") == (0, [("HRS004", "warn", "", 6)])
    assert check(LAWFUL, at="2026-12-04T10:00:00-05:00", policies="{stopper: cron}")[1][0][1] == "info"


@pytest.mark.parametrize(
    ("at", "expected"),
    [
        ("2026-11-24T20:54:00-03:00", []),
        ("2026-11-24T20:55:00-03:00", [("HRS002", "deny", "HOUSE-3", 6)]),
        ("2026-11-24T06:59:00-03:00", [("HRS002", "deny", "HOUSE-3", 6)]),
        ("2026-11-24T07:00:00-03:00", []),
    ],
)
def test_messages_at_a_barred_instant_are_denied(check: Check, at: str, expected: list[Any]) -> None:
    assert check(MESSAGE.format(at=at)) == (3 if expected else 0, expected)


def test_messages_that_go_out_with_an_apply_are_not_denied_for_the_hour_of_the_check(check: Check) -> None:
    """It is said; the apply has an hour of its own."""
    assert check(MESSAGE.format(at="on_apply"), at="2026-11-23T23:00:00-03:00") == (0, [("HRS002", "info", "HOUSE-3", 8)])
    assert check(MESSAGE.format(at="on_apply")) == (0, [])


def test_instants_of_rows(check: Check, tmp_path: Path) -> None:
    """Those in the document are judged; those of a file are left to a plan."""
    rows = '{rows: [{phone: "1", cuando: "2026-11-24T23:00:00-03:00"}, {phone: "2", cuando: "2026-11-25T23:00:00-03:00"}]}'
    inside = MESSAGE.format(at="{column: cuando}").replace('{rows: [{phone: "098344484"}]}', rows)
    (tmp_path / "specs" / "a.csv").write_text("phone,cuando\n098344484,2026-11-24T23:00:00-03:00\n", "utf-8")
    outside = MESSAGE.format(at="{column: cuando}").replace('{rows: [{phone: "098344484"}]}', "{file: a.csv}")

    assert check(inside) == (3, [("HRS002", "deny", "HOUSE-3", 6)])
    assert check(outside) == (0, [("LAW006", "info", "", 6)])


def marketing(target: str, source: str, caller: str = "x1") -> tuple[str, str]:
    campaign = LYNN.format(target=target, purpose="marketing", caller=caller)
    return campaign, ROWS.format(target=target, campaign="uno", source=source)


def test_consent_is_looked_for_in_the_header(check: Check, tmp_path: Path) -> None:
    """Peru asks for it; a csv shows its columns, and a database only when it is asked."""
    (tmp_path / "specs" / "bare.csv").write_text("key,phone,name\n1,987654321,a\n", "utf-8")
    (tmp_path / "specs" / "proven.csv").write_text("key,phone,name,consent,consent_at\n1,987654321,a,c1,2026-01-01\n", "utf-8")

    assert check(*marketing("lynn-pe", "{file: bare.csv}")) == (3, [("CON001", "deny", "PE-1", 15)])
    assert check(*marketing("lynn-pe", "{file: proven.csv}")) == (0, [])
    code, found = check(*marketing("lynn-pe", '{sql: "select 1", connection: {env: NOT_SET_ANYWHERE}}'))
    assert (code, found) == (0, [("LAW006", "info", "", 15)])
    half = '{rows: [{key: "1", phone: "987654321", consent: c1}]}'
    assert check(*marketing("lynn-pe", half)) == (3, [("CON001", "deny", "PE-1", 15)])


def test_a_register_that_is_not_consulted(check: Check) -> None:
    """Mexico's for advertising: with the list named in the project it is."""
    documents = marketing("lynn-mx", '{rows: [{key: "1", phone: "5512345678"}]}', caller="5512345678")
    entry = "{{name: {0}, register: {0}, file: {0}.csv, fetched_at: 2026-11-20}}"
    named = f"{{suppress: [{entry.format('repep')}, {entry.format('reus')}]}}"

    code, found = check(*documents)
    assert (code, found) == (3, [("REG001", "deny", "MX-1", 15), ("REG001", "deny", "MX-2", 15)])
    assert check(*documents, policies=named) == (0, [])
    assert check(*documents, policies=named, at="2026-12-22T10:00:00-06:00")[1][0][:2] == ("SUP005", "warn")


def test_the_number_that_people_see(check: Check) -> None:
    """Chile's calls show a prefix; a service's, too."""
    service = LYNN.format(target="lynn-cl", purpose="service", caller="226001234")

    assert check(service) == (3, [("SID001", "deny", "CL-4", 6)])
    assert check(service.replace("226001234", "600 123 4567")) == (0, [])


def test_a_country_without_a_pack_is_denied(check: Check) -> None:
    assert check(LYNN.format(target="lynn-pa", purpose="service", caller="1")) == (3, [("LAW001", "deny", "", 6)])


def test_zones_that_documents_name_count(check: Check) -> None:
    """Nine in Mexico City is seven in Tijuana, which the law allows; half an hour earlier it does not."""
    campaign = LYNN.format(target="lynn-mx", purpose="collection", caller="5512345678")
    rows = ROWS.format(target="lynn-mx", campaign="uno", source='{rows: [{key: "1", phone: "6641234567"}]}')
    tijuana = rows + "columns: {key: key, phone: phone, timezone: {value: America/Tijuana}}\n"

    assert check(campaign, tijuana) == (0, [])
    early = campaign.replace("from: 09:00", "from: 08:30")
    assert check(early, rows) == (0, [])
    assert check(early, tijuana) == (3, [("HRS003", "deny", "MX-3", 6)])


def test_a_waiver_lets_it_pass_and_is_told(check: Check) -> None:
    waiver = "{rule: HRS003, address: wolkvox-co/campaign/m, reason: asked for, owner: Ana, expires: 2026-12-31}"

    code, found = check(MORA, policies=f"{{waivers: [{waiver}]}}")

    assert (code, found) == (0, [("HRS003", "info", "CO-1", 6)])
    assert "waived by Ana" in check.messages[0]


def test_packs_that_are_off_and_packs_that_are_not_named(check: Check) -> None:
    assert check(MORA, policies="{lawpacks: off}") == (0, [("LAW000", "warn", "", None)])
    assert check(LAWFUL, policies="{lawpacks: [mx]}") == (3, [("LAW001", "deny", "", 6)])


def test_only_what_is_asked_for(check: Check) -> None:
    assert check(MORA, LYNN.format(target="lynn-pa", purpose="service", caller="1"), words=("--only", "lynn-*/*/*"))[1] == [
        ("LAW001", "deny", "", 14)
    ]


def test_what_clocks_will_do_is_told_too(check: Check) -> None:
    night = LYNN.format(target="lynn-cl", purpose="service", caller="600").replace("from: 09:00", "days: [sun], from: 00:30")

    assert check(night.replace("purpose: service", "purpose: service\nservice: requested"))[1][-1][:2] == ("CLK001", "warn")


def test_wrong_documents_are_exit_1(tmp_path: Path, capsys: pytest.CaptureFixture[str], check: Check) -> None:
    del check
    (tmp_path / "reconciler.yaml").write_text(PROJECT, "utf-8")
    (tmp_path / "specs" / "a.yaml").write_text("kind: campain\n", "utf-8")

    assert run(["policy", "check"]) == 1
    assert "SPC006" in capsys.readouterr().err
    assert run(["policy", "check", "--format", "markdown"]) == 64


def test_people_read_places_and_remedies(tmp_path: Path, capsys: pytest.CaptureFixture[str], check: Check) -> None:
    check(MORA)

    assert run(["policy", "check", "--at", AT]) == 3
    said = capsys.readouterr()
    assert "specs/a.yaml:6:9: deny HRS003: the window is barred 2026-11-23 18:55 America/Bogota" in said.out
    assert "not legal advice" in said.err
    assert not (tmp_path / ".reconciler" / "journal.db").exists()
