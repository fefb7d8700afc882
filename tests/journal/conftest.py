"""Every test that asks for a `place` runs once over each database."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from reconciler.journal.store import Journal
from tests.journal.places import File, Place, Schema, journal_at
from tests.postgres import Server


@pytest.fixture(params=["sqlite", "postgresql"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    """Where no journal is yet."""
    if request.param == "sqlite":
        return File(tmp_path)
    server: Server = request.getfixturevalue("postgres")
    return Schema(tmp_path, server.url(f"t{uuid4().hex}"))


@pytest.fixture
def file(tmp_path: Path) -> File:
    """Where no journal is yet, on disk."""
    return File(tmp_path)


@pytest.fixture
def schema(postgres: Server, tmp_path: Path) -> Schema:
    """Where no journal is yet, on the server."""
    return Schema(tmp_path, postgres.url(f"t{uuid4().hex}"))


@pytest.fixture
def journal(place: Place) -> Iterator[Journal]:
    """A new journal."""
    with journal_at(place) as journal:
        yield journal
