"""Rows of ours that a reading does not show: one reading may be old, and nobody is contacted again on its word."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from reconciler.reconcile import reading, session
from reconciler.reconcile.reading import TargetReading
from tests.faults.stories import loaded, wolkvox_campaign
from tests.house import AT, House

SPEC = wolkvox_campaign() + "---\n" + loaded("wolkvox", 1, 2)


@pytest.fixture
def patient(house: House) -> House:
    """A project on platforms that may take their time to show things; two rows are loaded."""
    project = (house.root / "reconciler.yaml").read_text("utf-8")
    house.write("reconciler.yaml", project.replace("    limits: {settle_s: 0}\n", ""))
    house.spec(SPEC)
    house.applied()
    return house


@pytest.fixture
def pauses(monkeypatch: pytest.MonkeyPatch) -> Callable[[Callable[[], object]], list[float]]:
    """Instead of waiting, something happens; gives the pauses."""

    def instead(happens: Callable[[], object]) -> list[float]:
        waited: list[float] = []

        def sleep(seconds: float) -> None:
            waited.append(seconds)
            happens()

        real = session.World
        monkeypatch.setattr(session, "World", lambda **words: replace(real(**words), sleep=sleep))
        return waited

    return instead


def test_what_two_readings_do_not_show_was_taken_away(
    patient: House, pauses: Callable[[Callable[[], object]], list[float]]
) -> None:
    waited = pauses(lambda: None)
    patient.control.drift("wolkvox", "remove-record")
    plan = patient.plan()

    assert waited == [5.0]
    assert plan["changes"][0]["count"] == 1
    assert "SND003" in {finding["code"] for finding in plan["findings"]}


def test_what_one_reading_does_not_show_and_the_next_does_is_left_alone(
    patient: House, pauses: Callable[[Callable[[], object]], list[float]]
) -> None:
    waited = pauses(lambda: patient.control.drift("wolkvox", "add-record", key="K2", phone="3001230002"))
    patient.control.drift("wolkvox", "remove-record", key="K2")
    said = patient.run("plan", "--format", "json", "--at", AT)

    assert waited == [5.0]
    assert said.code == 7
    assert said.json["changes"] == []
    assert patient.plan()["changes"] == []


def test_a_campaign_that_two_readings_do_not_show_was_deleted(
    patient: House, pauses: Callable[[Callable[[], object]], list[float]]
) -> None:
    waited = pauses(lambda: None)
    patient.control.drift("wolkvox", "delete")
    plan = patient.plan()

    assert waited == [5.0]
    assert [change["action"] for change in plan["changes"]] == ["create", "rows_add"]
    assert "OWN003" in {finding["code"] for finding in plan["findings"]}


def test_a_campaign_that_one_reading_does_not_show_is_not_made_once_more(
    patient: House, pauses: Callable[[Callable[[], object]], list[float]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody who is in it is loaded into a second one."""
    waited = pauses(lambda: None)
    real, readings = reading.read_target, list[TargetReading]()

    def read(*words: Any) -> TargetReading:
        found = real(*words)
        readings.append(found)
        if len(readings) > 1 or found.seen is None:
            return found
        return replace(found, seen=replace(found.seen, campaigns=replace(found.seen.campaigns, live=())))

    monkeypatch.setattr(reading, "read_target", read)
    said = patient.run("plan", "--format", "json", "--at", AT)

    assert waited == [5.0]
    assert (said.code, said.json["changes"]) == (7, [])
    assert any("two readings" in target["note"] for target in said.json["targets"])


def test_a_new_row_waits_for_nothing(patient: House, pauses: Callable[[Callable[[], object]], list[float]]) -> None:
    waited = pauses(lambda: None)
    patient.spec(wolkvox_campaign() + "---\n" + loaded("wolkvox", 1, 2, 3))

    assert patient.plan()["changes"][0]["count"] == 1
    assert waited == []
