"""What is kept of judging: every rule that looked, at what, and what came of it; and what of a denied plan would pass."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from importlib.metadata import version
from pathlib import Path
from typing import Any, Final

import pytest

from reconciler import __version__, calendar
from reconciler.diagnostics import Finding, Severity
from reconciler.plan.values import Change, Plan, Reason
from reconciler.policies import partial
from reconciler.policies.judging import judge
from reconciler.policies.looked import Looked, digest, evaluated, guard, versions
from reconciler.policies.settings import Settings
from reconciler.resource import Action, Address

NOW: Final = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
NOTE: Final = Finding(code="HRS003", severity=Severity.INFO, message="m")
DENIED: Final = Finding(code="HRS003", severity=Severity.DENY, message="m")


def test_one_entry_a_rule_with_the_strongest_of_what_it_found() -> None:
    """However often it looked, in the order of their names."""
    told = evaluated(
        (
            Looked(rule="CO-2", version="2026.11", inputs="a"),
            Looked(rule="CO-1", version="2026.11", inputs="a", findings=(NOTE,)),
            Looked(rule="CO-1", version="2026.11", inputs="b", findings=(NOTE, DENIED)),
            Looked(rule="VOL001", inputs=3),
        )
    )

    assert [(one["rule"], one["version"], one["result"]) for one in told] == [
        ("CO-1", "2026.11", "deny"),
        ("CO-2", "2026.11", "pass"),
        ("VOL001", __version__, "pass"),
    ]


def test_two_versions_of_a_rule_are_two_entries() -> None:
    """No verdict is taken for another's."""
    told = evaluated((Looked(rule="CO-1", version="1", inputs=1), Looked(rule="CO-1", version="2", inputs=1)))

    assert [one["version"] for one in told] == ["1", "2"]


def test_the_digest_is_that_of_canonical_json() -> None:
    """So that anybody can work it out again: RFC 8785, SHA-256, 16 hex digits."""
    assert digest([{"b": 1, "a": "é"}]) == hashlib.sha256('{"a":"é","b":1}'.encode()).hexdigest()[:16]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ([1, 2], [2, 1], True),  # the order of looking says nothing
        ([[1, 2]], [[2, 1]], False),  # that of what was looked at does
        ([{"x", "y"}], [{"y", "x"}], True),
        ([{"a": 1, "b": 2}], [{"b": 2, "a": 1}], True),
        ([1], ["1"], False),
        ([None], [False], False),
        ([Decimal("0.10")], ["0.10"], True),
        ([date(2026, 11, 20)], ["2026-11-20"], True),
        ([Address("t", "k", "n")], ["t/k/n"], True),
        ([(1, 2)], [[1, 2]], True),
        ([1], [1, 1], False),
    ],
)
def test_equal_inputs_alone_have_equal_digests(one: list[Any], other: list[Any], same: bool) -> None:
    """Whatever they are made of."""
    assert (digest(one) == digest(other)) is same


def test_a_guard_holds_what_will_be_acknowledged() -> None:
    """Until the plan's digest is known."""
    found = guard("VOL004", "max_people", 11926, "m")

    assert (found.severity, found.remedy) == (Severity.APPROVE, "max_people=11926")


def test_a_plan_names_what_its_rules_look_things_up_in() -> None:
    """Clocks, holidays and numbers change with their data, not with this program."""
    judged = judge(plan(), Settings(), NOW)

    assert judged.versions == versions()
    assert judged.versions.keys() == {"tzdata", "holidays", "phonenumbers"}
    assert all(judged.versions.values())


# --- what would pass -----------------------------------------------------------------------------------------------------


def plan(*changes: Change) -> Plan:
    """A plan of these changes."""
    return Plan(created_at=NOW, valid_until=NOW + timedelta(hours=24), changes=changes)


def change(text: str, *needs: str, action: Action = Action.UPDATE, campaign: str = "") -> Change:
    """A change of an address, after those of others."""
    return Change(
        action=action,
        address=Address.parse(text),
        reason=Reason.FIELDS,
        depends_on=tuple(f"update {need}" for need in needs),
        campaign=Address.parse(campaign) if campaign else None,
    )


def passing(plan_: Plan, *denied: str | None, severity: Severity = Severity.DENY) -> str:
    """The words that leave out what is denied."""
    found = [replace(DENIED, severity=severity, address=Address.parse(one) if one else None) for one in denied]
    return partial.passing(plan_, found)


def test_the_rest_is_named() -> None:
    """A whole target where nothing of it is denied, else as much as is free."""
    three = plan(change("a/campaign/x"), change("a/campaign/y"), change("a/blacklist/z"), change("b/campaign/x"))

    assert passing(three, "a/campaign/x") == "--only 'a/blacklist/*' --only a/campaign/y --only 'b/*'"


def test_what_needs_the_denied_is_left_out_too() -> None:
    """And what needs that, and rows of a denied campaign."""
    chain = plan(
        change("a/campaign/x"),
        change("a/contacts/x", "a/campaign/x"),
        change("a/campaign/z", "a/contacts/x"),
        change("a/contacts/w", campaign="a/campaign/x"),
        change("a/campaign/y"),
    )

    assert passing(chain, "a/campaign/x") == "--only a/campaign/y"


def test_the_denied_need_not_be_changed_to_be_left_out() -> None:
    """A campaign that runs as it is may be what is denied."""
    assert passing(plan(change("a/campaign/y")), "a/campaign/x") == "--only a/campaign/y"


@pytest.mark.parametrize(
    ("denied", "severity"),
    [
        ((None,), Severity.DENY),
        (("a/campaign/x", None), Severity.DENY),
        ((), Severity.DENY),
        (("a/campaign/x",), Severity.APPROVE),
    ],
)
def test_nothing_is_named_that_would_not_pass_or_need_not(denied: tuple[str | None, ...], severity: Severity) -> None:
    """A denial of the whole plan, no denial, or a guard that is acknowledged."""
    assert passing(plan(change("a/campaign/x"), change("a/campaign/y")), *denied, severity=severity) == ""


def test_nothing_is_named_when_nothing_is_left_or_it_would_be_too_long() -> None:
    """Nobody types a hundred names."""
    many = plan(*(change(f"a/campaign/x{number}") for number in range(100)))

    assert passing(plan(change("a/campaign/x")), "a/campaign/x") == ""
    assert passing(many, "a/campaign/x1") == ""


def test_names_are_quoted_for_the_shell_and_for_patterns() -> None:
    """A name may hold blanks, and signs that patterns are made of."""
    odd = plan(change("a/campaign/uno [dos] *"), change("a/campaign/x"))
    words = passing(odd, "a/campaign/x")

    assert words == "--only 'a/campaign/uno [[]dos] [*]'"
    assert Address.parse("a/campaign/uno [dos] *").matches("a/campaign/uno [[]dos] [*]")


def test_a_denied_plan_says_what_would_pass() -> None:
    """As a note beside what is denied."""
    made = replace(
        plan(change("a/campaign/x"), change("b/campaign/y")), schedules={"a/scheduled_sms/s": "2026-11-20T14:00:00Z"}
    )

    judged = judge(made, Settings(), NOW)

    assert [one.message for one in judged.findings if one.code == "POL004"] == [
        "what is denied holds the whole plan back; the rest passes with --only 'a/campaign/*' --only 'b/*'"
    ]


# --- which clocks --------------------------------------------------------------------------------------------------------


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A machine whose time zones lie in a folder of their own."""
    monkeypatch.setattr(calendar, "TZPATH", (str(tmp_path / "nowhere"), str(tmp_path)))
    calendar.zones_version.cache_clear()
    yield tmp_path
    calendar.zones_version.cache_clear()


def test_the_machines_own_clocks_are_named(machine: Path) -> None:
    """They are read before those of the package."""
    (machine / "Etc").mkdir()
    (machine / "Etc" / "UTC").write_bytes(b"TZif2")
    (machine / "tzdata.zi").write_bytes(b"# version 2026f\n# This zic input file is in the public domain.\n")

    assert calendar.zones_version() == "2026f"


@pytest.mark.parametrize("told", [None, b"", b"Z\xff\xfe", b"# redo posix_only\n"])
def test_clocks_that_do_not_say_which_they_are_are_not_taken_for_the_packages(machine: Path, told: bytes | None) -> None:
    """Unknown is called unknown."""
    (machine / "Etc").mkdir()
    (machine / "Etc" / "UTC").write_bytes(b"TZif2")
    if told is not None:
        (machine / "tzdata.zi").write_bytes(told)

    assert calendar.zones_version() == "unknown"


@pytest.mark.usefixtures("machine")
def test_without_them_the_packages_are_named() -> None:
    """As the library falls back to them."""
    assert calendar.zones_version() == version("tzdata")
