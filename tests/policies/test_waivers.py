"""Waivers: one rule, some addresses, until a day; and what nobody may waive."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import pytest

from reconciler.diagnostics import CODES, Finding, Severity
from reconciler.document import parse as parse_document
from reconciler.plan.values import People, Plan
from reconciler.policies import waivers
from reconciler.policies.contact import denied
from reconciler.policies.judging import judge
from reconciler.policies.lawpacks import rules
from reconciler.policies.looked import Looked
from reconciler.policies.settings import Settings, parse
from reconciler.policies.waivers import Waiver
from reconciler.resource import Address, Origin

NOW: Final = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
CAMPAIGN: Final = Address("wolkvox-co", "campaign", "cobranza-mora-30")
PLACE: Final = Origin("reconciler.yaml", 4, 5)


def plan(**parts: Any) -> Plan:
    """A plan of nothing but what is given."""
    return Plan(created_at=NOW, valid_until=NOW + timedelta(hours=24), **parts)


def waiver(rule: str = "CO-1", address: str = "wolkvox-co/campaign/*", **parts: Any) -> Waiver:
    """A waiver that holds."""
    usual: dict[str, Any] = {
        "reason": "acuerdo con el regulador",
        "owner": "cumplimiento",
        "expires": date(2026, 11, 30),
        "origin": PLACE,
    }
    return Waiver(rule=rule, address=address, **(usual | parts))


def barred(rule: str = "CO-1", code: str = "HRS002", address: Address | None = CAMPAIGN) -> Finding:
    """What a rule of the law says."""
    return Finding(code=code, rule=rule, severity=Severity.DENY, message="barred", remedy="wait", address=address)


def settled(finding: Finding, *held: Waiver, now: datetime = NOW) -> Finding:
    """The finding after the waivers."""
    return waivers.waived(finding, held, now)[0]


def test_a_waived_finding_is_a_note_that_keeps_its_words() -> None:
    """By whom, until when, why, and what would have been said."""
    found = settled(barred(), waiver())

    assert found.severity is Severity.INFO
    assert found.message == "waived by cumplimiento until 2026-11-30 (acuerdo con el regulador): barred"
    assert (found.code, found.rule, found.address) == ("HRS002", "CO-1", CAMPAIGN)


@pytest.mark.parametrize("rule", ["CO-1", "HRS002"])
def test_a_rule_is_named_by_its_id_or_its_code(rule: str) -> None:
    """Of all that a code says, or of one rule of the law."""
    assert settled(barred(), waiver(rule)).severity is Severity.INFO


@pytest.mark.parametrize(
    ("rule", "address"),
    [
        ("MX-3", "*"),
        ("HRS003", "*"),
        ("CO-1", "wolkvox-co/campaign/otra"),
        ("CO-1", "wolkvox-mx/*"),
        ("CO-1", "campaign/*"),
        ("CO-1", "wolkvox-co"),
    ],
)
def test_another_rule_or_address_stays_as_it_is(rule: str, address: str) -> None:
    """No more is waived than is written."""
    assert settled(barred(), waiver(rule, address)) == barred()


@pytest.mark.parametrize(
    ("after_s", "holds"),
    [(-86_400, True), (-1, True), (0, False), (1, False)],
)
def test_a_waiver_ends_with_its_last_day(after_s: int, holds: bool) -> None:
    """At midnight UTC, wherever the clock hangs."""
    midnight = datetime(2026, 12, 1, tzinfo=UTC)

    now = midnight + timedelta(seconds=after_s)

    assert (settled(barred(), waiver(), now=now).severity is Severity.INFO) is holds


def test_two_rules_need_two_waivers() -> None:
    """What one rule allows, another may bar."""
    assert settled(barred("MX-3"), waiver()) == barred("MX-3")


@pytest.mark.parametrize(("address", "covered"), [("*", True), ("*/*/*", True), ("wolkvox-co/*", False)])
def test_what_is_said_of_the_whole_plan_is_waived_for_every_address(address: str, covered: bool) -> None:
    """A limit on people is no matter of one address."""
    judged = judge(plan(people=People(total=101)), Settings(max_people=100, waivers=(waiver("VOL004", address),)), NOW)

    assert judged.blocked is not covered
    assert judged.to_json("0")["waivers"] == [
        {
            "rule": "VOL004",
            "address": address,
            "reason": "acuerdo con el regulador",
            "owner": "cumplimiento",
            "expires": "2026-11-30",
            "used": covered,
        }
    ]


@pytest.mark.parametrize("severity", [Severity.WARN, Severity.INFO])
def test_what_holds_nothing_back_is_not_waived(severity: Severity) -> None:
    """A warning is read, not waived."""
    warning = Finding(code="HRS003", rule="CO-1", severity=severity, message="m", address=CAMPAIGN)

    assert settled(warning, waiver()) == warning


def test_an_expired_waiver_does_nothing_and_says_so() -> None:
    """A warning at its place; and the rule holds."""
    old = waiver("VOL004", "*", expires=date(2026, 11, 19))

    judged = judge(plan(people=People(total=101)), Settings(max_people=100, waivers=(old,)), NOW)

    assert judged.blocked
    assert [(one.severity, one.origin) for one in judged.findings if one.code == "WAV001"] == [(Severity.WARN, PLACE)]


def test_a_waiver_that_nothing_needed_is_noted() -> None:
    """It would hide something one day."""
    judged = judge(plan(), Settings(waivers=(waiver("VOL004", "*"),)), NOW)

    assert [(one.severity, one.origin) for one in judged.findings if one.code == "WAV002"] == [(Severity.INFO, PLACE)]


def test_numbers_in_a_reason_are_masked() -> None:
    """Whoever writes a reason may write a number into it."""
    found = settled(barred(), waiver(reason="pidió al 3001234567", owner="ana +57 300 123 4567"))

    assert "3001234567" not in found.message
    assert "300 123" not in found.message
    assert "3001234567" not in str(waiver(reason="pidió al 3001234567").to_json(used=True))


# --- what nobody may waive -----------------------------------------------------------------------------------------------

WAIVABLE: Final = {"CAP", "CON", "HRS", "RUL", "SID", "SMS", "VOL"}


@pytest.mark.parametrize("code", sorted(code for code in CODES if code[:3] not in WAIVABLE))
def test_who_said_no_and_what_is_stale_or_unknown_is_never_waived(code: str) -> None:
    """Suppression and registers, opt-outs, test numbers, staleness, what is not known or in doubt: refused, and without
    effect; and so is every family of codes that is still to come, until somebody decides that it may be waived.
    """
    assert waivers.refusal(code, ())
    assert settled(barred("", code), waiver(code, "*")).severity is Severity.DENY


@pytest.mark.parametrize("code", ["VOL008", "RUL002", "RUL003"])
def test_lifts_and_rules_without_an_answer_are_never_waived(code: str) -> None:
    """Though others of their family are."""
    assert waivers.refusal(code, ())
    assert settled(barred("", code), waiver(code, "*")).severity is Severity.DENY


REGISTERS: Final = sorted(rule.id for rule in rules().values() if rule.register)


@pytest.mark.parametrize("rule", REGISTERS)
def test_a_register_is_never_waived(rule: str) -> None:
    """Not by its rule, and not by the code of what it says."""
    assert waivers.refusal(rule, ())
    assert settled(denied("HRS002", "m", rule), waiver(rule, "*"), waiver("HRS002", "*")).severity is Severity.DENY


def test_there_are_registers_and_codes_of_each_kind() -> None:
    """So that the tests above look at something."""
    assert {"CO-3", "MX-1"} <= set(REGISTERS)
    assert {"SUP001", "SND002", "EXP001", "STL001", "LAW001", "OWN001", "DEP001", "PRO001"} <= CODES.keys()


@pytest.mark.parametrize("code", ["HRS002", "HRS003", "HRS004", "CAP001", "CON001", "SID001", "VOL001", "VOL010", "RUL001"])
def test_what_may_be_waived(code: str) -> None:
    """How people are contacted, and how much changes."""
    assert waivers.refusal(code, ()) == ""
    assert settled(barred("", code), waiver(code)).severity is Severity.INFO


def settings(rule: str, *, own: str = "") -> list[Finding]:
    """What settings with a waiver of that rule are told."""
    text = (
        "waivers:\n"
        f"  - rule: {rule}\n"
        "    address: 'wolkvox-co/*'\n"
        "    reason: porque sí\n"
        "    owner: cumplimiento\n"
        "    expires: 2026-12-31\n"
    )
    named = f"rules:\n  - {{name: {own}, expression: people.total > 1, level: deny, message: m}}\n" if own else ""
    nodes, _ = parse_document((text + named).encode(), "reconciler.yaml")
    return parse(nodes[0])[1]


@pytest.mark.parametrize("rule", ["SUP001", "EXP001", "CO-3", "VOL008", "NADA-1", "pocos"])
def test_settings_refuse_a_waiver_that_could_do_nothing(rule: str) -> None:
    """With its place, when they are read and not when people are contacted."""
    assert [(one.code, one.severity, one.origin) for one in settings(rule)] == [
        ("WAV003", Severity.ERROR, Origin("reconciler.yaml", 2, 11))
    ]


@pytest.mark.parametrize("rule", ["CO-1", "HRS002", "VOL004"])
def test_settings_take_the_others(rule: str) -> None:
    """Codes and rules of the law."""
    assert settings(rule) == []


def test_a_rule_of_the_projects_own_is_waived_by_its_name() -> None:
    """Without what findings put before it."""
    assert settings("pocos", own="pocos") == []
    finding = Finding(code="RUL001", rule="rule:pocos", severity=Severity.APPROVE, message="m", remedy="rule:pocos=1")
    assert settled(finding, waiver("pocos", "*")).severity is Severity.INFO


def test_what_is_waived_has_been_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    """The verdict is a note; the rule is not missing from what was evaluated."""
    found = (Looked(rule="CO-1", inputs=str(CAMPAIGN), findings=(barred(),)),)
    monkeypatch.setattr("reconciler.policies.judging.POLICIES", (lambda *_: iter(found),))

    judged = judge(plan(), Settings(waivers=(waiver(),)), NOW)

    assert [(one["rule"], one["result"]) for one in judged.evaluated if one["rule"] == "CO-1"] == [("CO-1", "info")]
    assert not judged.blocked
