"""The hours of applying, at each edge and where clocks are set."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from reconciler.diagnostics import Finding, Severity
from reconciler.document import parse as parse_document
from reconciler.plan.values import Change, Plan, Reason
from reconciler.policies.judging import judge
from reconciler.policies.settings import Settings, parse
from reconciler.resource import Action, Address, Origin

BOGOTA: Final = ("mon-fri 08:00-17:00", "America/Bogota")
SANTIAGO: Final = ("sat-mon 00:00-24:00", "America/Santiago")
CHANGE: Final = Change(action=Action.UPDATE, address=Address("wolkvox-co", "campaign", "c"), reason=Reason.FIELDS)


def found(now: str, *windows: tuple[str, str], applying: bool = True, **parts: Any) -> Finding | None:
    """What is said of an apply, or of a plan, at an instant."""
    moment = datetime.fromisoformat(now)
    plan = Plan(created_at=moment, valid_until=moment + timedelta(hours=24), **({"changes": (CHANGE,)} | parts))
    judged = judge(plan, Settings(apply_windows=windows), moment, applying=applying)
    return next((finding for finding in judged.findings if finding.code == "APW001"), None)


# 2026-11-20 is a Friday; Bogotá is five hours behind UTC all year.
@pytest.mark.parametrize(
    ("now", "allowed"),
    [
        ("2026-11-20T12:59:00Z", False),
        ("2026-11-20T12:59:59.999999Z", False),
        ("2026-11-20T13:00:00Z", True),
        ("2026-11-20T13:01:00Z", True),
        ("2026-11-20T21:59:00Z", True),
        ("2026-11-20T22:00:00Z", False),
        ("2026-11-20T22:01:00Z", False),
        ("2026-11-20T08:00:00-05:00", True),
        ("2026-11-21T15:00:00Z", False),
        ("2026-11-22T15:00:00Z", False),
        ("2026-11-23T15:00:00Z", True),
    ],
)
def test_an_apply_runs_in_a_window_alone(now: str, allowed: bool) -> None:
    """From its first minute to before its end, on its days, on its own clock."""
    finding = found(now, BOGOTA)

    assert (finding is None) is allowed
    assert finding is None or finding.severity is Severity.DENY


def test_a_plan_says_when_it_may_be_applied() -> None:
    """It is not held back: on Friday evening it says Monday morning."""
    finding = found("2026-11-20T22:00:00Z", BOGOTA, applying=False)

    assert finding is not None
    assert finding.severity is Severity.INFO
    assert "2026-11-23T08:00-05:00" in finding.message
    assert found("2026-11-20T14:00:00Z", BOGOTA, applying=False) is None


def test_any_window_will_do() -> None:
    """Two windows are one after the other, each in its zone."""
    evening = ("sat 09:00-10:00", "America/Montevideo")

    assert found("2026-11-21T12:30:00Z", BOGOTA, evening) is None
    assert found("2026-11-21T13:00:00Z", BOGOTA, evening) is not None


def test_days_may_go_over_the_weeks_end() -> None:
    """From Saturday to Monday."""
    allowed = [day for day in range(16, 23) if found(f"2026-11-{day}T15:00:00Z", SANTIAGO) is None]

    assert allowed == [16, 21, 22]


@pytest.mark.parametrize(
    ("now", "allowed"),
    [
        # Santiago sets its clock forward at midnight of 2026-09-06: the day begins at 01:00, 04:00 UTC.
        ("2026-09-06T03:59:00Z", False),
        ("2026-09-06T04:00:00Z", True),
        ("2026-09-06T04:01:00Z", True),
        # And back at midnight of 2026-04-05: 23:00 of the Saturday comes twice, 02:00 and 03:00 UTC.
        ("2026-04-05T02:30:00Z", False),
        ("2026-04-05T03:30:00Z", False),
        ("2026-04-05T04:00:00Z", True),
    ],
)
def test_where_clocks_are_set(now: str, allowed: bool) -> None:
    """An hour that never comes opens nothing early, and one that comes twice ends no day twice."""
    assert (found(now, ("sun 00:00-12:00", "America/Santiago")) is None) is allowed


def test_an_hour_that_comes_twice_is_not_in_a_window_that_ends_in_it() -> None:
    """Closed at the first of the two, the cautious reading: New York's 01:30 of 2026-11-01."""
    window = ("sun 00:00-01:30", "America/New_York")

    assert found("2026-11-01T05:29:00Z", window) is None
    assert found("2026-11-01T05:30:00Z", window) is not None
    assert found("2026-11-01T06:00:00Z", window) is not None


def test_without_windows_and_without_changes_nothing_is_said() -> None:
    """Nothing is carried out by an apply that changes nothing."""
    assert found("2026-11-21T15:00:00Z") is None
    assert found("2026-11-21T15:00:00Z", BOGOTA, changes=()) is None


def test_a_window_that_never_opens_is_refused() -> None:
    """Written backwards, no apply could ever run."""
    nodes, _ = parse_document(b"apply_windows:\n  - {allow: mon-fri 17:00-08:00, zone: America/Bogota}\n", "reconciler.yaml")

    _settings, findings = parse(nodes[0])

    assert [(one.code, one.origin) for one in findings] == [("SPC004", Origin("reconciler.yaml", 2, 13))]


def test_the_verdict_is_there_when_it_passes() -> None:
    """Whoever asks later sees that it was looked at."""
    now = datetime(2026, 11, 20, 14, 0, tzinfo=UTC)
    plan = Plan(created_at=now, valid_until=now, changes=(CHANGE,))

    judged = judge(plan, Settings(apply_windows=(BOGOTA,)), now, applying=True)

    assert {"rule": "APW001", "result": "pass"}.items() <= next(
        one.items() for one in judged.evaluated if one["rule"] == "APW001"
    )
