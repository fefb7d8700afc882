"""What all tests share: one sandbox a process, emptied for each test, a project to work on, and a database server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from reconciler.sandbox.server import Running, running
from tests import postgres as servers
from tests.house import House

# A test never depends on the machine's speed: no deadline, and slow drawing is no failure.
settings.register_profile("house", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--update-goldens` writes what the code says now into tests/golden/ instead of comparing with it."""
    parser.addoption("--update-goldens", action="store_true", help="write tests/golden/ anew")


def pytest_report_header() -> str:
    """Which server the tests of journals in PostgreSQL run on; they fail without one."""
    try:
        return f"server: {servers.version()} in {servers.programs()}"
    except RuntimeError as none:
        return f"server: {none}"


@pytest.fixture(scope="session")
def postgres() -> Iterator[servers.Server]:
    """A PostgreSQL server, once a process."""
    with servers.server() as running:
        yield running


@pytest.fixture(scope="session")
def one_sandbox() -> Iterator[Running]:
    """The simulated platforms, once a process."""
    with running(port=0) as sandbox:
        yield sandbox


@pytest.fixture
def house(one_sandbox: Running, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> House:
    """A project on an empty sandbox."""
    one_sandbox.world.reset()
    return House(tmp_path, one_sandbox.url, capsys)
