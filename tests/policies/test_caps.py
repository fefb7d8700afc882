"""How often: which limits hold, and that the strictest of several is what counts."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.diagnostics import Severity
from reconciler.plan.capped import Capped
from reconciler.plan.values import Plan
from reconciler.policies.caps import MEASURES, OWN, Cap, caps, judge
from reconciler.policies.contact import Contact
from reconciler.policies.settings import Settings
from reconciler.policies.terms import CHANNELS
from reconciler.resource import Address

DAY: Final = date(2026, 11, 20)
EVERY: Final = frozenset(CHANNELS)
WRITTEN: Final = frozenset({"sms", "whatsapp", "email"})


def contact(country: str, purpose: str, channel: str = "voice", sector: str = "", service: str = "") -> Contact:
    """Somebody in that country; hours and zones do not matter here."""
    return Contact(countries=(country,), purpose=purpose, channel=channel, zones=("UTC",), sector=sector, service=service)


def held(who: Contact, own: dict[str, int] | None = None) -> list[tuple[str, int, frozenset[str], tuple[str, ...]]]:
    """The limits as plain values."""
    return [(cap.measure, cap.most, cap.channels, cap.rules) for cap in caps(who, DAY, own)]


HOUSE: Final = [("per_day", 1, EVERY, ("HOUSE-2",)), ("per_week", 2, EVERY, ("HOUSE-2",))]


@pytest.mark.parametrize(
    ("who", "limits"),
    [
        (contact("CO", "marketing"), [("per_day", 1, EVERY, ("CO-2",)), ("channels_per_week", 1, EVERY, ("CO-2",))]),
        (contact("CO", "collection", "sms"), [("per_day", 1, EVERY, ("CO-2",)), ("channels_per_week", 1, EVERY, ("CO-2",))]),
        (contact("CL", "collection"), [("per_week", 1, frozenset({"voice"}), ("CL-1",))]),
        (
            contact("CL", "collection", "sms"),
            [("per_week", 2, WRITTEN, ("CL-1",)), ("spacing_days", 2, WRITTEN, ("CL-1",))],
        ),
        (contact("EC", "collection", "email"), [("per_day", 1, frozenset({"email"}), ("EC-1",))]),
        (contact("BR", "marketing", sector="telecom"), [("per_day", 2, EVERY, ("BR-2",)), ("per_month", 15, EVERY, ("BR-2",))]),
        (
            contact("BR", "marketing"),
            [*HOUSE, ("per_month", 15, EVERY, ("BR-2",))],
        ),
        (contact("BR", "marketing", sector="finance"), HOUSE),
        (contact("MX", "collection", sector="finance"), HOUSE),
        (contact("PE", "collection"), HOUSE),
        (contact("US", "marketing"), HOUSE),
        (contact("CL", "marketing"), HOUSE),
        (contact("CL", "service"), []),
        (contact("CO", "service", service="transaction"), []),
    ],
)
def test_what_holds_where(who: Contact, limits: list[tuple[str, int, frozenset[str], tuple[str, ...]]]) -> None:
    assert held(who) == limits


def test_before_a_law_was_in_force_the_house_fills() -> None:
    assert [cap.rules for cap in caps(contact("CO", "marketing"), date(2023, 10, 9))] == [("HOUSE-2",), ("HOUSE-2",)]
    assert caps(contact("CO", "marketing"), date(2023, 10, 10))[0].rules == ("CO-2",)


def test_the_projects_own_limits_count_where_they_are_stricter() -> None:
    """An equal one is named beside the rule, a milder one not at all."""
    who = contact("PE", "collection")

    assert held(who, {"per_day": 1, "per_week": 1}) == [
        ("per_day", 1, EVERY, ("HOUSE-2", OWN)),
        ("per_week", 1, EVERY, (OWN,)),
    ]
    assert held(who, {"per_day": 3, "per_week": 9}) == HOUSE
    assert held(contact("PE", "service"), {"per_day": 3}) == [("per_day", 3, EVERY, (OWN,))]
    assert held(contact("CL", "collection"), {"per_week": 1}) == [("per_week", 1, EVERY, (OWN,))]
    assert held(contact("CL", "collection"), {"per_week": 5}) == [
        ("per_week", 5, EVERY, (OWN,)),
        ("per_week", 1, frozenset({"voice"}), ("CL-1",)),
    ]


def test_several_countries_bring_all_their_limits() -> None:
    both = replace(contact("EC", "collection"), countries=("EC", "PE"))

    assert held(both) == HOUSE


@given(st.sampled_from(MEASURES), st.integers(1, 9), st.integers(1, 9), st.sets(st.sampled_from(CHANNELS), min_size=1))
def test_who_keeps_a_covering_limit_keeps_the_other(measure: str, one: int, other: int, channels: set[str]) -> None:
    wide = Cap(measure=measure, most=one, channels=EVERY, rules=("A",))
    narrow = Cap(measure=measure, most=other, channels=frozenset(channels), rules=("B",))

    kept = [value for value in range(12) if not wide.exceeded(value)]
    assert wide.covers(narrow) is all(not narrow.exceeded(value) for value in kept)
    assert narrow.covers(wide) is (channels == EVERY and all(not wide.exceeded(v) for v in range(12) if not narrow.exceeded(v)))
    assert not wide.covers(replace(narrow, measure="another"))


def test_a_contact_too_many_is_denied_by_name() -> None:
    daily = Cap(measure="per_day", most=2, channels=EVERY, rules=("BR-2", OWN))
    apart = Cap(measure="spacing_days", most=2, channels=EVERY, rules=("CL-1",))
    finding = daily.exceeded(3)

    assert finding is not None
    assert (finding.code, finding.message) == ("CAP001", "3 where per_day is 2: BR-2, policies.caps")
    assert [bool(daily.exceeded(value)) for value in (1, 2, 3)] == [False, False, True]
    assert [bool(apart.exceeded(value)) for value in (1, 2, 3)] == [True, False, False]


def test_what_is_waived_sets_no_limit_and_uncovers_milder_ones() -> None:
    """The project's own limits stay, unless all of them are waived by their code."""
    who = contact("CO", "collection")

    assert [cap.rules for cap in caps(who, DAY, {"per_day": 3}, waived=["CO-2"])] == [(OWN,)]
    assert caps(who, DAY, {"per_day": 3})[0].rules == ("CO-2",)
    assert caps(who, DAY, {"per_day": 3}, waived=["CAP001"]) == ()


def capped(**counts: Any) -> Capped:
    """What became of a limit of two rules."""
    return Capped(
        address=Address("t", "contacts", "c"), measure="per_day", most=1, channels=EVERY, rules=("CO-2", OWN), **counts
    )


@pytest.mark.parametrize(
    ("counts", "found"),
    [
        ({}, []),
        ({"left_out": 3}, [("CAP003", Severity.INFO)]),
        ({"over": 2}, [("CAP001", Severity.DENY)]),
        ({"known": False}, [("CAP001", Severity.WARN)]),
        ({"left_out": 3, "over": 2}, [("CAP003", Severity.INFO), ("CAP001", Severity.DENY)]),
    ],
)
def test_what_became_of_a_limit_is_told_once_and_by_every_rule_that_set_it(
    counts: dict[str, Any], found: list[tuple[str, Severity]]
) -> None:
    """That a partial view is partial is said whenever a limit was held against somebody."""
    now = datetime(2026, 11, 20, 15, tzinfo=UTC)
    plan = Plan(created_at=now, valid_until=now, capped=(capped(**counts),))

    looks = list(judge(plan, Settings(), now))

    assert [look.rule for look in looks] == ["CO-2", OWN, "CAP002"]
    assert [(finding.code, finding.severity) for finding in looks[0].findings] == found
    assert {(finding.rule, finding.address) for finding in looks[0].findings} <= {("CO-2", Address("t", "contacts", "c"))}
    assert looks[1].findings == ()
    assert [finding.severity for finding in looks[2].findings] == [Severity.INFO]
    assert looks[0].version != looks[1].version
    assert list(judge(replace(plan, capped=()), Settings(), now)) == []
