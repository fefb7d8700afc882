"""What rows and campaigns must show: consent, the authorised channel, the sender, registers."""

from __future__ import annotations

from datetime import date
from typing import Final

import pytest

from reconciler.diagnostics import CODES, Finding
from reconciler.policies.contact import Contact
from reconciler.policies.evidence import consent, registers, sender
from reconciler.policies.lawpacks import rules

DAY: Final = date(2026, 11, 20)


def contact(country: str, purpose: str, channel: str = "voice", sector: str = "") -> Contact:
    """Somebody in that country."""
    return Contact(countries=(country,), purpose=purpose, channel=channel, zones=("UTC",), sector=sector)


def told(findings: tuple[Finding, ...]) -> list[tuple[str, str]]:
    """Code and weight of each; each has its remedy."""
    assert all(finding.remedy == CODES[finding.code].remedy for finding in findings)
    return [(finding.code, finding.severity.value) for finding in findings]


@pytest.mark.parametrize(
    ("who", "columns", "expected"),
    [
        (contact("PE", "marketing"), set[str](), [("CON001", "deny")]),
        (contact("PE", "marketing"), {"consent"}, [("CON001", "deny")]),
        (contact("PE", "marketing"), {"consent", "consent_at"}, []),
        (contact("PE", "collection"), set[str](), []),
        (contact("CO", "marketing"), {"phone"}, [("CON002", "warn")]),
        (contact("CO", "collection"), {"consent_channel"}, []),
        (contact("CO", "service"), set[str](), []),
    ],
)
def test_evidence_in_columns(who: Contact, columns: set[str], expected: list[tuple[str, str]]) -> None:
    assert told(consent(who, DAY, columns)) == expected


def test_what_is_missing_is_named_with_the_rule() -> None:
    (finding,) = consent(contact("PE", "marketing"), DAY, {"consent"})

    assert finding.message == f"no column consent_at: PE-1: {rules()['PE-1'].text['en']}"
    assert consent(contact("PE", "marketing"), date(2025, 5, 9), ()) == ()


@pytest.mark.parametrize(
    ("who", "caller_id", "expected"),
    [
        (contact("CL", "collection"), "600 123 456", []),
        (contact("CL", "marketing"), "809123456", []),
        (contact("CL", "service"), "+56 809 123 456", []),
        (contact("CL", "marketing"), "+56 2 2123 4567", [("SID001", "deny")]),
        (contact("CL", "marketing"), "", [("SID001", "deny")]),
        (contact("CL", "marketing", "sms"), "", []),
        (contact("MX", "collection"), "55 1234 5678", []),
        (contact("MX", "collection"), "", [("SID003", "warn")]),
        (contact("MX", "collection"), "anónimo", [("SID002", "deny")]),
        (contact("MX", "collection", sector="telecom"), "anónimo", []),
        (contact("MX", "marketing"), "anónimo", []),
        (contact("EC", "collection"), "private", [("SID002", "deny")]),
        (contact("CO", "collection"), "", []),
    ],
)
def test_senders(who: Contact, caller_id: str, expected: list[tuple[str, str]]) -> None:
    assert told(sender(who, DAY, caller_id)) == expected


@pytest.mark.parametrize(
    ("who", "expected"),
    [
        (contact("CO", "marketing"), [("CO-3", "rne", None)]),
        (contact("MX", "marketing"), [("MX-1", "repep", 30), ("MX-2", "reus", None)]),
        (contact("MX", "marketing", sector="other"), [("MX-1", "repep", 30)]),
        (contact("CL", "marketing"), [("CL-5", "no_molestar", 1)]),
        (contact("AR", "marketing", "sms"), [("AR-1", "no_llame_ar", 30)]),
        (contact("UY", "marketing"), [("UY-1", "no_llame_uy", 30)]),
        (contact("UY", "collection"), []),
        (contact("US", "marketing"), []),
    ],
)
def test_registers(who: Contact, expected: list[tuple[str, str, int | None]]) -> None:
    assert [(rule.id, register.name, register.valid_days) for rule, register in registers(who, DAY)] == expected
