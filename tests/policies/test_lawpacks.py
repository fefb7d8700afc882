"""The packs hold every rule that was read, whole and in both languages; a broken file is refused with its place."""

from __future__ import annotations

import hashlib
import json
from datetime import date, timedelta
from importlib.resources import files
from typing import Final

import pytest

from reconciler.policies.lawpacks import KINDS, pack_of, packs, read_pack, rules
from reconciler.policies.terms import LANGUAGES, PACKS

# What was read, as the table of rules has it: id, purposes, confidence, and what of it can be judged.
READ: Final = {
    "CO-1": ("collection marketing", "H", "hours"),
    "CO-2": ("collection marketing", "H", "caps channel"),
    "CO-3": ("marketing", "H", "register"),
    "CO-5": ("service", "M", "exception"),
    "MX-1": ("marketing", "H", "register"),
    "MX-2": ("marketing", "H", "register"),
    "MX-3": ("collection", "H", "hours sender"),
    "MX-4": ("collection", "L", "hours"),
    "CL-1": ("collection", "H", "caps"),
    "CL-2": ("collection", "L", "hours"),
    "CL-4": ("", "H", "sender"),
    "CL-5": ("marketing", "H", "register note"),
    "CL-6": ("", "H", "note"),
    "AR-1": ("marketing", "H", "register"),
    "PE-1": ("marketing", "H", "consent"),
    "PE-2": ("collection", "H", "hours"),
    "BR-2": ("marketing", "H", "hours caps"),
    "UY-1": ("marketing", "H", "register"),
    "EC-1": ("collection", "H", "hours caps sender"),
    "US-1": ("marketing", "M", "hours"),
    "US-2": ("", "H", "note"),
    "HOUSE-1": ("collection marketing", "-", "hours"),
    "HOUSE-2": ("collection marketing", "-", "caps"),
    "HOUSE-3": ("service", "-", "hours"),
}
IN_FORCE: Final = {
    "CO-1": "2023-10-10",
    "CO-2": "2023-10-10",
    "CO-5": "2023-10-10",
    "CO-3": "2024-04-10",
    "CL-4": "2025-08-13",
    "PE-1": "2025-05-10",
    "CL-6": "2026-12-01",
}


def test_every_rule_that_was_read_is_there() -> None:
    found = {rule.id: (" ".join(rule.purposes), rule.confidence, " ".join(rule.kinds)) for rule in rules().values()}

    assert found == READ
    assert {rule.id: str(rule.valid_from) for rule in rules().values() if rule.valid_from} == IN_FORCE
    assert {rule.id: rule.sectors for rule in rules().values() if rule.sectors} == {
        "MX-2": ("finance",),
        "MX-3": ("finance",),
        "BR-2": ("telecom",),
    }
    assert {rule.id: rule.channels for rule in rules().values() if rule.channels} == {
        "CL-4": ("voice",),
        "US-2": ("voice", "sms"),
    }


@pytest.mark.parametrize("rule", sorted(READ))
def test_every_rule_says_where_it_is_from(rule: str) -> None:
    """In both languages, with a day on which it must be read again."""
    found = rules()[rule]

    assert all(found.text[language] and found.source[language] and found.citation[language] for language in LANGUAGES)
    assert found.text["en"] != found.text["es"]
    assert found.text["en"].endswith(".")
    assert found.text["es"].endswith(".")
    assert found.read_on == "2026-11"
    assert str(found.review_by) == ("2027-02-28" if found.confidence in "ML" else "2027-05-31")
    assert not found.stale_on(found.review_by)
    assert found.stale_on(found.review_by + timedelta(days=1))
    assert (found.basis == "house") is found.id.startswith("HOUSE-")
    assert json.loads(json.dumps(found.to_json()))["id"] == rule


def test_packs_are_of_their_countries() -> None:
    assert tuple(packs()) == PACKS
    for pack in packs().values():
        data = files("reconciler.policies").joinpath("laws", f"{pack.id}.yaml").read_bytes()
        assert pack.edition == f"2026.11+{hashlib.sha256(data).hexdigest()[:12]}"
        assert set(pack.name) == set(LANGUAGES)
        if pack.country:
            assert pack.id == pack.country.lower()
            assert pack_of(pack.country) is pack
    assert [pack_of(country) for country in ("", "house", "HOUSE", "co", "PA")] == [None] * 5


def test_a_rule_is_in_force_from_its_first_to_its_last_day() -> None:
    data = PACK.replace("purposes:", "valid_from: 2026-02-01\n    valid_to: 2026-02-03\n    purposes:")
    pack, _findings = read_pack(data.encode(), "pe.yaml")
    assert pack is not None

    assert [pack.rules[0].valid_on(date(2026, 2, day)) for day in (1, 3, 4)] == [True, True, False]
    assert not pack.rules[0].valid_on(date(2026, 1, 31))
    assert pack.rules[0].to_json()["valid_to"] == "2026-02-03"


def test_a_rule_as_json() -> None:
    shown = rules()["CL-2"].to_json()

    assert [reading["week"]["sat"] for reading in shown["hours"]] == [["08:00-20:00"], ["10:00-13:00"]]
    assert shown["hours"][0]["holidays"] == "off"
    assert shown["review_by"] == "2027-02-28"
    assert "caps" not in shown
    assert set(rules()["CO-2"].to_json()) & set(KINDS) == {"caps", "channel"}
    assert rules()["CO-5"].to_json()["exception"]["services"] == ["transaction", "requested", "fraud_alert"]
    assert rules()["MX-3"].to_json()["hours"][0]["holidays"] == "on"


# --- broken files --------------------------------------------------------------------------------------------------------

PACK: Final = """\
pack: pe
country: PE
version: "2026.11"
name: {en: Peru, es: Perú}
rules:
  - id: PE-2
    text: {en: "No.", es: "Ninguna."}
    basis: law
    citation: Código
    source: {en: press, es: prensa}
    read_on: 2026-11
    confidence: H
    review_by: 2027-05-31
    purposes: [collection]
    hours: {slots: [{days: [mon], from: 07:00, to: 20:00}], holidays: off}
"""


def test_the_pack_of_these_tests_is_right() -> None:
    pack, findings = read_pack(PACK.encode(), "pe.yaml")

    assert findings == []
    assert pack is not None
    assert pack.rules[0].citation == {"en": "Código", "es": "Código"}


@pytest.mark.parametrize(
    ("right", "wrong", "code", "line"),
    [
        ("pack: pe", "pack: pe\npack: pe", "YML002", 2),
        ("pack: pe", "---\n---\npack: pe", "SPC003", 1),
        ("pack: pe", "pack: xx", "SPC004", 1),
        ("country: PE", "country: CO", "SPC012", 2),
        ("country: PE\n", "", "SPC012", 1),
        ('version: "2026.11"', "version: new", "SPC005", 3),
        ('text: {en: "No.", es: "Ninguna."}', 'text: {en: "No."}', "SPC002", 7),
        ("id: PE-2", "id: PE2", "SPC005", 6),
        ("id: PE-2", "id: CO-2", "SPC008", 6),
        ("review_by: 2027-05-31", "review_by: 2027-02-31", "SPC012", 6),
        ("review_by: 2027-05-31", "review_by: 2026-10-31", "SPC012", 6),
        ("purposes:", "valid_from: 2026-02-02\n    valid_to: 2026-02-01\n    purposes:", "SPC012", 6),
        ("purposes: [collection]", "purposes: []", "SPC002", 14),
        ("purposes: [collection]", "purposes: [anything]", "SPC004", 14),
        ("purposes:", "leaves_open: [caps]\n    purposes:", "SPC012", 6),
        ("to: 20:00", "to: 07:00", "SPC012", 6),
        ("holidays: off", "holidays: perhaps", "SPC004", 15),
        ("    hours: {slots: [{days: [mon], from: 07:00, to: 20:00}], holidays: off}\n", "", "SPC012", 6),
        ("confidence: H", "confidence: H\n    certainty: H", "SPC001", 13),
    ],
)
def test_a_broken_pack_is_refused_with_its_place(right: str, wrong: str, code: str, line: int) -> None:
    assert right in PACK
    pack, findings = read_pack(PACK.replace(right, wrong).encode(), "pe.yaml")

    assert pack is None
    assert [(finding.code, finding.origin.line if finding.origin else 0) for finding in findings] == [(code, line)]


def test_an_id_is_used_once() -> None:
    twice = PACK + PACK.partition("rules:\n")[2]
    _pack, findings = read_pack(twice.encode(), "pe.yaml")

    assert [finding.code for finding in findings] == ["SPC008"]
