"""A project whose three targets are the second simulator."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler import wire
from reconciler.platforms.lynn import replies
from tests.house import House
from tests.second_opinion.simulator import Server, Simulator, serving

POLICIES = "policies: {lawpacks: off, max_lifts: 5, max_row_removals: {share: 100%, floor: 50}}"


@pytest.fixture(scope="session")
def server() -> Iterator[Server]:
    """One server a process."""
    with serving() as running:
        yield running


@pytest.fixture
def simulator(server: Server) -> Simulator:
    """The three platforms, empty; a test sets the ways in which they answer."""
    server.simulator = Simulator()
    return server.simulator


@pytest.fixture
def house(
    server: Server,
    simulator: Simulator,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> House:
    """A project on the second simulator. Nobody waits between two polls or two tries."""
    del simulator
    monkeypatch.setattr(replies, "POLL_WAITS_S", (0.0,))
    monkeypatch.setattr(wire, "PAUSES_S", (0.0, 0.0))
    house = House(tmp_path, server.url, capsys)
    project = tmp_path / "reconciler.yaml"
    text = project.read_text("utf-8").replace("policies: {lawpacks: off}", POLICIES)
    extra = "    agent: sandbox\n    email_base: assumed\n    country: UY"
    project.write_text(text.replace("    country: UY", extra), "utf-8")
    return house
