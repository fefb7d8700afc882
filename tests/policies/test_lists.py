"""How old a list may be, and what it must not pretend: each edge a day, or an entry, before, at and after."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest

from reconciler.diagnostics import Finding, Severity
from reconciler.plan.suppression import ListUsed, Suppression
from reconciler.plan.values import Change, Plan, Reason
from reconciler.policies import lists
from reconciler.policies.settings import Settings, Suppress
from reconciler.resource import Action, Address, Origin

NOW = datetime(2026, 11, 24, 15, 0, tzinfo=UTC)
TODAY = NOW.date()
BASE = Address("wolkvox-co", "contacts", "base")
OWN = Suppress(name="own", file="own.csv", origin=Origin("reconciler.yaml", 9))
USED = ListUsed(name="own", digest="a" * 64, count=1_000, fetched_at=TODAY - timedelta(days=3))


def plan(*actions: Action, read: tuple[ListUsed, ...] = (), before: tuple[ListUsed, ...] = ()) -> Plan:
    changes = tuple(Change(action=action, address=BASE, reason=Reason.ROWS) for action in actions)
    suppression = Suppression(looked=True, read=read, before=before)
    return Plan(changes=changes, created_at=NOW, valid_until=NOW, suppression=suppression)


def found(
    *wishes: Suppress, read: tuple[ListUsed, ...] = (), before: tuple[ListUsed, ...] = (), action: Action = Action.ROWS_ADD
) -> list[Finding]:
    settings = Settings(suppress=wishes)
    looks = lists.judge(plan(action, read=read, before=before), settings, NOW)
    return [finding for look in looks for finding in look.findings]


def codes(findings: list[Finding]) -> list[tuple[str, str]]:
    return [(finding.severity.value, finding.code) for finding in findings]


@pytest.mark.parametrize(("days", "denied"), [(29, False), (30, False), (31, True)])
def test_a_list_counts_as_long_as_the_project_says(days: int, denied: bool) -> None:
    wish = replace(OWN, max_age_days=30, fetched_at=TODAY - timedelta(days=days))

    assert codes(found(wish)) == ([("deny", "SUP005")] if denied else [])


@pytest.mark.parametrize(
    ("register", "valid_days"), [("repep", 30), ("no_llame_ar", 30), ("no_llame_uy", 30), ("no_molestar", 1), ("rne", None)]
)
def test_a_register_counts_no_longer_than_the_law_says(register: str, valid_days: int | None) -> None:
    for days in range(valid_days - 1, valid_days + 2) if valid_days else (1, 400):
        wish = replace(OWN, register=register, fetched_at=TODAY - timedelta(days=days))
        assert codes(found(wish)) == ([("deny", "SUP005")] if valid_days and days > valid_days else [])


def test_the_shorter_of_both_counts() -> None:
    of_law = replace(OWN, register="repep", max_age_days=90)
    of_project = replace(OWN, register="repep", max_age_days=7)

    assert [lists.valid_days(one, TODAY) for one in (of_law, of_project, OWN)] == [30, 7, None]


@pytest.mark.parametrize(("days", "denied"), [(-1, False), (0, False), (1, True)])
def test_a_list_fetched_in_the_future_is_denied(days: int, denied: bool) -> None:
    wish = replace(OWN, fetched_at=TODAY + timedelta(days=days))

    assert codes(found(wish)) == ([("deny", "SUP006")] if denied else [])


@pytest.mark.parametrize(
    ("digest", "days", "denied"), [("a", 2, True), ("a", 3, False), ("a", 4, False), ("b", 2, False), ("b", 3, False)]
)
def test_the_same_file_under_a_newer_date_is_denied(digest: str, days: int, denied: bool) -> None:
    """It was not fetched again, whatever the date says."""
    read = replace(USED, digest=digest * 64, fetched_at=TODAY - timedelta(days=days))

    assert codes(found(OWN, read=(read,), before=(USED,))) == ([("deny", "SUP007")] if denied else [])


@pytest.mark.parametrize(("count", "trips"), [(1_001, False), (951, False), (950, False), (949, True), (1, True)])
def test_a_list_that_lost_more_than_a_twentieth_has_to_be_acknowledged(count: int, trips: bool) -> None:
    read = replace(USED, digest="b" * 64, count=count)

    findings = found(OWN, read=(read,), before=(USED,))

    assert codes(findings) == ([("approve", "SUP008")] if trips else [])
    assert [finding.remedy for finding in findings] == ([f"list_shrunk:own={count}/1000"] if trips else [])


def test_a_list_that_became_empty_is_denied_and_so_is_an_empty_register() -> None:
    empty = replace(USED, digest="b" * 64, count=0)

    assert codes(found(OWN, read=(empty,), before=(USED,))) == [("deny", "SUP009")]
    assert codes(found(OWN, read=(empty,))) == []
    assert codes(found(replace(OWN, register="rne"), read=(empty,))) == [("deny", "SUP009")]


def test_a_list_that_is_no_longer_named_has_to_be_acknowledged() -> None:
    other = replace(OWN, name="other")

    assert [(one.code, one.remedy) for one in found(before=(USED,))] == [("SUP010", "list_gone:own=1000")]
    assert codes(found(other, read=(replace(USED, name="other", digest="b" * 64),), before=(USED,))) == [("approve", "SUP010")]


def test_a_list_under_a_new_name_is_the_same_list() -> None:
    other = replace(OWN, name="other")

    assert codes(found(other, read=(replace(USED, name="other"),), before=(USED,))) == []


@pytest.mark.parametrize("action", Action)
def test_only_what_may_contact_somebody_is_denied(action: Action) -> None:
    """Nothing holds back a stop or a blacklist addition."""
    old = replace(OWN, max_age_days=1, fetched_at=TODAY - timedelta(days=9))
    shrunk = replace(USED, digest="b" * 64, count=10)
    contacts = action in (Action.UPDATE, Action.ROWS_ADD, Action.START, Action.SCHEDULE)

    findings = found(old, read=(shrunk,), before=(USED,), action=action)

    assert [finding.code for finding in findings] == ["SUP005", "SUP008"]
    assert all(finding.severity.blocks for finding in findings) == contacts
    assert contacts or {finding.severity for finding in findings} == {Severity.WARN}


@pytest.mark.parametrize("days", [0, 1, 2])
def test_a_list_is_too_old_from_the_very_moment_that_is_told(days: int) -> None:
    wish = replace(OWN, max_age_days=2, fetched_at=TODAY - timedelta(days=days))
    end = lists.too_old(wish, NOW)

    assert end == datetime(2026, 11, 27, tzinfo=UTC) - timedelta(days=days)
    said = [
        sum(len(look.findings) for look in lists.judge(plan(Action.START), Settings(suppress=(wish,)), moment))
        for moment in (end - timedelta(microseconds=1), end, end + timedelta(days=1))
    ]
    assert said == [0, 1, 1]
    assert lists.too_old(OWN, NOW) is None


def test_every_look_is_told_without_anybody_in_it() -> None:
    looks = list(lists.judge(plan(Action.START, read=(USED,), before=(USED,)), Settings(suppress=(OWN,)), NOW))

    assert {look.rule for look in looks} == {"SUP005", "SUP006", "SUP007", "SUP008", "SUP010"}
    assert date.fromisoformat(USED.to_json()["fetched_at"]) == USED.fetched_at
    assert ListUsed.from_json(USED.to_json()) == USED
