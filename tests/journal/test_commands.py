"""A journal on a server, and one that moves, as people use them: through the command line, against the simulated platforms."""

from __future__ import annotations

import signal
from collections import Counter
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest

from reconciler.journal.entry import Entry, Event
from reconciler.journal.store import Journal, copy_journal
from reconciler.platforms import PLATFORMS
from reconciler.project import load
from reconciler.reconcile import relocate
from tests.faults.processes import called, ended, started, wait_for
from tests.faults.stories import messages
from tests.house import AT, House
from tests.journal.histories import NOW
from tests.journal.places import File, let_go
from tests.postgres import Server

APPLY: Final = ("apply", "--at", AT, "--auto-approve", "--allow-irreversible", "1", "--format", "json")
SLOW_MS: Final = 4_000


def name_journal(house: House, place: str) -> None:
    """Let the project say where its journal is."""
    path = house.root / "reconciler.yaml"
    lines = [line for line in path.read_text("utf-8").splitlines() if not line.startswith("journal:")]
    path.write_text("\n".join([lines[0], f'journal: "{place}"', *lines[1:]]) + "\n", "utf-8")


@pytest.fixture
def url(postgres: Server) -> str:
    """Where no journal is yet."""
    return postgres.url(f"h{uuid4().hex}")


@pytest.fixture
def shared(house: House, url: str) -> House:
    """A project whose journal is on a server."""
    house.control.limits("wolkvox", calls_in_flight=50)
    name_journal(house, url)
    return house


def reached(house: House) -> Counter[tuple[str, str]]:
    """How often each person was reached."""
    return Counter((one["container_id"] or one["container"], one["recipient"]) for one in house.control.effects())


def test_what_was_applied_is_remembered(shared: House) -> None:
    shared.spec(messages("wolkvox", "on_apply", 1, 2))
    shared.applied("--allow-irreversible", "1")

    shared.settled()
    assert set(reached(shared).values()) == {1}
    assert len(reached(shared)) == 2
    assert shared.run("audit", "verify").code == 0
    assert not (shared.root / ".reconciler" / "journal.db").exists()


def test_a_kill_between_intent_and_answer_is_a_doubt_that_a_reading_or_a_person_settles(shared: House, url: str) -> None:
    shared.spec(messages("wolkvox", "on_apply", 1, 2))
    shared.control.fault("slow", operation="send_sms", ms=SLOW_MS)
    with started(shared, *APPLY) as process:
        wait_for(called(shared, "send_sms"), process)
        process.send_signal(signal.SIGKILL)
        process.wait()
    let_go(url)

    assert shared.run(*APPLY).code == 6  # the lock went with the process; the doubt did not
    (doubt,) = shared.run("resolve", "--format", "json").json["unknown"]
    verdict = ("--verdict", "done", "--reason", "seen in the console")
    assert shared.run("resolve", doubt["run"], doubt["operation"], *verdict).code == 0
    assert shared.run(*APPLY).code == 0
    shared.settled()
    assert set(reached(shared).values()) == {1}
    assert shared.run("audit", "verify").code == 0


def test_a_second_applier_is_told_who_is_at_work(shared: House) -> None:
    shared.spec(messages("wolkvox", "on_apply", 1, 2))
    shared.control.fault("slow", operation="send_sms", ms=SLOW_MS)
    with started(shared, *APPLY) as process:
        wait_for(called(shared, "send_sms"), process)
        second = shared.run(*APPLY)
        moved = shared.run("journal", "copy", "elsewhere.db")
        code, _out, err = ended(process)

    assert code == 0, err
    assert second.code == moved.code == 4
    assert f":{process.pid}" in second.err
    assert not (shared.root / "elsewhere.db").exists()
    assert set(reached(shared).values()) == {1}


def test_a_journal_moves_to_a_server_and_back(house: House, url: str) -> None:
    house.spec(messages("wolkvox", "on_apply", 1, 2))
    house.applied("--allow-irreversible", "1")
    heads = []
    for place in (url, "back/journal.db"):
        said = house.run("journal", "copy", place, "--format", "json")
        assert said.code == 0, said.err
        assert "no more than evidence" in said.err
        heads.append(said.json["head"])
        name_journal(house, place)
        house.settled()
        assert house.run("audit", "verify").code == 0
    assert heads[0] == heads[1]
    assert set(reached(house).values()) == {1}

    taken = house.run("journal", "copy", url)
    assert taken.code == 1
    assert "JRN006" in taken.err


def test_a_journal_that_is_not_whole_is_not_copied(house: House) -> None:
    house.spec(messages("wolkvox", "on_apply", 1, 2))
    house.applied("--allow-irreversible", "1")
    with File(house.root).raw() as execute:
        execute("UPDATE columns SET recipients = ?", (bytes(16),))

    said = house.run("journal", "copy", "elsewhere.db")
    assert said.code == 8
    assert "JRN003" in said.err
    assert not (house.root / "elsewhere.db").exists()


def test_a_copy_of_something_else_is_told(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """An emergency file that somebody takes in between two looks."""

    def late(source: Journal, location: str, root: Path, *moving: Any) -> str:
        source.append(Entry(event=Event.RUN_ENDED, at=NOW))
        return copy_journal(source, location, root, *moving)

    monkeypatch.setattr(relocate, "copy_journal", late)
    said = house.run("journal", "copy", "elsewhere.db")

    assert said.code == 8
    assert "another head" in said.err
    assert house.run("resolve").code == 0  # it has not moved
    name_journal(house, "elsewhere.db")
    assert "LCK001" in house.run("lock", "--reason", "x").err  # and the copy is of no use


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_the_one_that_is_left_sends_nothing_and_says_where_it_lies_now(house: House, url: str, kind: str) -> None:
    """Whoever still names it, on another branch or runner, would contact everybody again whom the copy knows."""
    old = url if kind == "postgresql" else ".reconciler/journal.db"
    name_journal(house, old)
    house.spec(messages("wolkvox", "on_apply", 1, 2))
    assert house.run("journal", "pin").code == 0
    assert house.run("journal", "copy", "new/journal.db").code == 0
    name_journal(house, "new/journal.db")
    house.applied("--allow-irreversible", "1")
    name_journal(house, old)
    calls = len(house.control.calls())
    for words in (APPLY, ("plan", "--at", AT), ("resolve",), ("lock", "--reason", "x"), ("journal", "copy", "third.db")):
        said = house.run(*words)
        assert said.code == 8, said.out + said.err
        assert "JRN008" in said.err
        assert "new/journal.db" in said.err
    assert len(house.control.calls()) == calls
    assert len(house.control.effects()) == 2

    assert house.run("audit", "verify").code == 0
    last = house.run("audit", "log", "--format", "json").json["entries"][-1]
    assert last["event"] == "moved"
    assert last["facts"]["to"] == "new/journal.db"
    lifted = house.run("unlock", last["facts"]["id"], "--reason", "the copy was removed")
    assert lifted.code == 0
    assert "never use both" in lifted.err
    assert house.run("plan", "--at", AT).code == 0


def test_a_place_is_named_without_what_stands_before_it(house: House, url: str, tmp_path: Path) -> None:
    """Neither who connects to a server, nor whose folder it is."""
    for place in (str(tmp_path / "far" / "journal.db"), url):
        to = house.run("journal", "copy", place, "--format", "json").json["to"]
        said = house.run("journal", "pin")

        assert to in said.err
        assert not any(word in to for word in ("@", str(tmp_path)))
        name_journal(house, place)
    assert house.run("journal", "pin").code == 0


def test_a_url_may_be_a_secret_of_the_pipeline(house: House, url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("JOURNAL_URL", url)
    house.spec(messages("wolkvox", "on_apply", 1))
    house.applied("--allow-irreversible", "1")
    assert house.run("journal", "copy", "env:JOURNAL_URL").code == 0
    path = house.root / "reconciler.yaml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("version: 1\n", "version: 1\njournal: {env: JOURNAL_URL}\n"), "utf-8")

    house.settled()
    monkeypatch.delenv("JOURNAL_URL")
    missing = house.run("plan", "--at", AT)
    assert missing.code == 1
    assert "SEC002" in missing.err


def test_a_password_stands_neither_in_the_project_nor_in_a_command(house: House) -> None:
    for bad in ("postgresql://ana:s3cr3t@db.example/db", "postgresql://ana@db.example/db?password=s3cr3t"):
        said = house.run("journal", "copy", bad)
        assert said.code == 1
        assert "SEC001" in said.err
        assert "s3cr3t" not in said.out + said.err

        name_journal(house, bad)
        said = house.run("validate")
        assert said.code == 1
        assert "SEC001" in said.out + said.err
        assert "s3cr3t" not in said.out + said.err
        name_journal(house, ".reconciler/journal.db")


@pytest.mark.parametrize(
    ("place", "code"),
    [
        ("postgresql://ana@db.example/db", ""),
        ("postgresql:///db?schema=team", ""),
        ("mysql://ana@db.example/db", "JRN005"),
        ("memoria/diario.db", ""),
    ],
)
def test_where_a_project_may_say_its_journal_is(house: House, place: str, code: str) -> None:
    name_journal(house, place)
    keys = {name: platform.keys for name, platform in PLATFORMS.items()}
    project, findings = load(Path(house.root / "reconciler.yaml"), keys)

    assert [finding.code for finding in findings] == ([code] if code else [])
    assert project is None or project.journal == place
