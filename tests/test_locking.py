"""lock and unlock at the command line: who holds the project, and that nobody else applies meanwhile."""

from __future__ import annotations

import pytest

from tests.faults.stories import wolkvox_campaign
from tests.house import AT, House

APPLY = ("apply", "--auto-approve", "--format", "json", "--at", AT)


def locked(house: House, reason: str = "migration of the base") -> str:
    said = house.run("lock", "--reason", reason, "--format", "json")
    assert said.code == 0, said.err
    return str(said.json["id"])


def test_a_locked_project_is_planned_and_not_applied(house: House) -> None:
    house.spec(wolkvox_campaign())
    identifier = locked(house)

    assert house.run("plan", "--at", AT).code == 0
    said = house.run(*APPLY)

    assert said.code == 4
    error = said.json["error"]
    assert error["code"] == "LCK001"
    assert "migration of the base" in error["message"]
    assert identifier in error["remedy"]
    assert house.control.calls() == [call for call in house.control.calls() if call["method"] == "GET"]


def test_a_lock_outlives_its_process_and_is_lifted_by_its_id(house: House) -> None:
    house.spec(wolkvox_campaign())
    identifier = locked(house)
    assert house.run("unlock", "another", "--reason", "x").code == 1
    assert house.run(*APPLY).code == 4

    said = house.run("unlock", identifier, "--reason", "the base is moved")

    assert said.code == 0
    assert identifier in said.out
    assert house.run(*APPLY).code == 0
    assert house.run("unlock", identifier, "--reason", "once more").code == 1


def test_nobody_locks_what_is_locked(house: House) -> None:
    locked(house)
    said = house.run("lock", "--reason", "me too")

    assert said.code == 4
    assert "migration of the base" in said.err


def test_who_locked_and_lifted_and_why_is_in_the_journal(house: House) -> None:
    identifier = locked(house)
    house.run("unlock", identifier, "--reason", "all is well")
    log = house.run("audit", "log", "--format", "json").out

    assert '"locked"' in log
    assert '"unlocked"' in log
    assert "migration of the base" in log
    assert "all is well" in log
    assert house.run("audit", "verify").code == 0


def test_a_locked_project_records_nothing_else(house: House) -> None:
    """A verdict is an entry too."""
    locked(house)

    assert house.run("resolve", "run", "op", "--verdict", "done", "--reason", "seen").code == 4


@pytest.mark.parametrize("words", [("lock",), ("lock", "--reason", " "), ("unlock", "x"), ("unlock", "--reason", "y")])
def test_a_lock_needs_its_words(house: House, words: tuple[str, ...]) -> None:
    assert house.run(*words).code == 64
