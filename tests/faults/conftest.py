"""One yard a process, for every test that kills or freezes the program."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.faults.yard import Yard, yard


@pytest.fixture(scope="session")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Yard]:
    """Sandbox, nursery and folder, shared: each test restores the picture that it begins with."""
    with yard(tmp_path_factory.mktemp("yard")) as made:
        yield made
