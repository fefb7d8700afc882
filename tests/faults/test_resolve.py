"""Settling: when a lost call can no longer take effect, by which clock that is known, and what stays a doubt."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from reconciler.journal.entry import Entry, Event
from reconciler.journal.ledger import Ledger
from reconciler.reconcile import doubts, reading, session
from reconciler.target import READ_AGAIN_S
from tests.faults.stories import loaded, messages, wolkvox_campaign
from tests.house import AT, House

APPLY: Final = ("apply", "--at", AT, "--auto-approve", "--allow-irreversible", "1", "--format", "json")
REAL: Final = session.World


@dataclass
class Machine:
    """A machine whose clocks are moved by hand, and by sleeping."""

    boot: str = "boot-1"
    up_s: float = 1_000.0
    wall: datetime = datetime(2026, 11, 24, 15, tzinfo=UTC)
    slept: list[float] = field(default_factory=list)

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.up_s += seconds
        self.wall += timedelta(seconds=seconds)

    def world(self, environ: Mapping[str, str]) -> session.World:
        return REAL(environ=environ, now=lambda: self.wall, boot=lambda: (self.boot, self.up_s), sleep=self.sleep)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Machine:
    made = Machine()
    monkeypatch.setattr(session, "World", made.world)
    return made


@pytest.fixture
def house(house: House) -> House:
    """A project that waits as long as a real one."""
    text = (house.root / "reconciler.yaml").read_text("utf-8")
    house.write("reconciler.yaml", text.replace("    limits: {settle_s: 0}\n", ""))
    return house


@contextmanager
def dying_before(patch: pytest.MonkeyPatch, event: Event) -> Iterator[None]:
    """Leave the journal as a run does that is killed before it writes such an entry."""
    append_all = Ledger.append_all

    def dies(journal: Ledger, entries: Sequence[Entry], **how: Any) -> None:
        if not any(entry.event in (event, Event.RUN_ENDED) for entry in entries):
            append_all(journal, entries, **how)

    with patch.context() as patched:
        patched.setattr(Ledger, "append_all", dies)
        yield


def doubtful(house: House) -> str:
    """A campaign whose creation got no answer; gives the run."""
    house.spec(wolkvox_campaign())
    house.control.fault("drop-after", platform="wolkvox", operation="create_campaign")
    said = house.run(*APPLY)
    assert said.code == 6, said.out + said.err
    run: str = said.json["run"]
    return run


def test_a_doubt_is_not_settled_before_a_lost_call_can_no_longer_take_effect(house: House, machine: Machine) -> None:
    run = doubtful(house)
    machine.slept.clear()
    said = house.run("resolve", run)

    assert said.code == 0
    assert sum(machine.slept) == pytest.approx(180 + READ_AGAIN_S)  # what was found is looked at twice
    assert "waiting 180 s more" in said.err
    assert "waiting 5 s more" in said.err


def test_a_clock_that_is_set_forward_settles_nothing_early(house: House, machine: Machine) -> None:
    run = doubtful(house)
    machine.slept.clear()
    machine.wall += timedelta(days=2)
    machine.up_s += 100

    assert house.run("resolve", run).code == 0
    assert sum(machine.slept) == pytest.approx(80 + READ_AGAIN_S)  # what was found is looked at twice


def test_a_machine_that_was_started_again_waits_from_when_it_saw_the_doubt(house: House, machine: Machine) -> None:
    run = doubtful(house)
    machine.slept.clear()
    machine.boot, machine.up_s = "boot-2", 5_000.0
    machine.wall += timedelta(days=2)

    assert house.run("resolve", run).code == 0
    assert sum(machine.slept) == pytest.approx(180 + READ_AGAIN_S)  # what was found is looked at twice


def test_a_machine_without_such_a_clock_waits_by_the_wall(house: House, machine: Machine) -> None:
    machine.boot = ""
    run = doubtful(house)
    machine.slept.clear()

    assert house.run("resolve", run).code == 0
    assert sum(machine.slept) == pytest.approx(180 + READ_AGAIN_S)  # what was found is looked at twice


def test_of_an_intent_alone_nobody_knows_when_its_request_left(
    house: House, machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may have left as late as the lease of its run lasted, and takes as long as any from then on."""
    with dying_before(monkeypatch, Event.AMBIGUOUS):
        run = doubtful(house)
    machine.slept.clear()
    machine.up_s += 181

    assert house.run("resolve", run).code == 0
    assert sum(machine.slept) == pytest.approx(2 * 180 - 181 + READ_AGAIN_S)


def test_what_cannot_be_read_stays_a_doubt(house: House, machine: Machine) -> None:
    run = doubtful(house)
    machine.up_s += 200
    house.control.fault("html", platform="wolkvox", operation="information.campaigns", rate=1.0)
    said = house.run("resolve", run)

    assert said.code == 6
    assert "hold" in said.err

    house.control.clear_faults()

    assert house.run("resolve", run).code == 0


def test_an_export_that_is_not_whole_settles_nothing(house: House, machine: Machine) -> None:
    """It shows none of the rows, and the list of campaigns counts them: taken for not loaded they would be loaded once more."""
    house.spec(wolkvox_campaign("stopped"))
    house.applied()
    house.control.fault("stale", platform="wolkvox", operation="campaign_15", rate=1.0)
    house.spec(wolkvox_campaign("stopped") + "---\n" + loaded("wolkvox", 1, 2))
    house.control.fault("drop-after", platform="wolkvox", operation="add_record")
    said = house.run(*APPLY)
    assert said.code == 6
    machine.up_s += 400

    assert house.run("resolve", said.json["run"]).code == 6

    house.control.clear_faults()
    machine.up_s += 400

    assert house.run("resolve", said.json["run"]).code == 0
    assert house.plan()["changes"] == []


def test_what_was_taken_and_never_read_back_is_closed_by_a_run_that_looks_at_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A run of another target has read nothing of it."""
    with dying_before(monkeypatch, Event.VERIFIED):
        house.spec(wolkvox_campaign("stopped"))
        house.run(*APPLY)
    house.spec(messages("ucontact", "on_apply", 5), "sms")

    def closed(*words: str) -> bool:
        assert house.run(*APPLY, *words).code == 0
        entries = house.run("audit", "log", "--format", "json").json["entries"]
        return any(entry["event"] == "verified_weak" and "wolkvox" in (entry.get("address") or "") for entry in entries)

    assert not closed("--only", "ucontact-uy/*")
    assert closed()


def test_what_was_taken_is_not_closed_by_a_reading_that_was_not_whole(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The platform shows as many rows as it shows at most: whether those that were loaded are all there is not known."""
    house.spec(wolkvox_campaign("stopped"))
    house.applied()
    with dying_before(monkeypatch, Event.VERIFIED):
        house.spec(wolkvox_campaign("stopped") + "---\n" + loaded("wolkvox", 1, 2, 3))
        house.run(*APPLY)
    project = (house.root / "reconciler.yaml").read_text("utf-8")
    house.spec(messages("ucontact", "on_apply", 5), "sms")  # something to apply meanwhile

    def closed() -> bool:
        entries = house.run("audit", "log", "--format", "json").json["entries"]
        return any(entry["event"] == "verified_weak" and "wolkvox" in (entry.get("address") or "") for entry in entries)

    lines = "    platform: wolkvox\n"
    assert lines in project
    house.write("reconciler.yaml", project.replace(lines, lines + "    limits: {rows_per_download: 3}\n", 1))
    assert house.run(*APPLY).code == 7
    assert not closed()

    house.write("reconciler.yaml", project)
    assert house.run(*APPLY).code == 0
    assert closed()


@pytest.mark.parametrize(("took_s", "code"), [((0, 0), 0), ((0, 100, 0), 0), ((0, 100, 200, 400), 6)])
def test_two_readings_that_lie_far_apart_do_not_count_together(
    house: House, machine: Machine, monkeypatch: pytest.MonkeyPatch, took_s: tuple[float, ...], code: int
) -> None:
    """A process may be frozen between them, and each be answered by another server that is behind."""
    run = doubtful(house)
    left, read = list(took_s), reading.read_target

    def reads(*given: Any, **named: Any) -> Any:
        machine.up_s += left.pop(0)
        return read(*given, **named)

    monkeypatch.setattr(doubts, "read_target", reads)

    assert (house.run("resolve", run).code, left) == (code, [])


def test_a_target_that_is_gone_leaves_the_word_to_a_person(house: House, machine: Machine) -> None:
    run = doubtful(house)
    machine.up_s += 200
    text = (house.root / "reconciler.yaml").read_text("utf-8")
    house.write("reconciler.yaml", text.replace("  wolkvox-co:", "  wolkvox-new:"))
    house.spec("")
    said = house.run("resolve", run)

    assert said.code == 6
    assert "is not a target any more" in said.err


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("no-such-run",), 1),
        (("{run}", "zzzz", "--verdict", "done", "--reason", "x"), 1),
        (("{run}", "{op}", "--verdict", "done"), 64),
        (("{run}", "--verdict", "done", "--reason", "x"), 64),
        (("wolkvox-co/campaign/x#1", "--verdict", "not-done", "--reason", "x"), 1),
        (("wolkvox-co/campaign/x#1", "--verdict", "done", "--reason", "x"), 6),  # closed; the doubt is still there
        (("{run}", "{op}", "--verdict", "not-done", "--reason", "it is not in the console"), 0),
    ],
)
def test_a_verdict_names_what_it_is_about_and_why(house: House, machine: Machine, words: tuple[str, ...], code: int) -> None:
    run = doubtful(house)
    operation = house.run("resolve", "--format", "json").json["unknown"][0]["operation"]
    said = house.run("resolve", *(word.format(run=run, op=operation[:8]) for word in words))

    assert said.code == code, said.out + said.err


def test_a_verdict_is_kept_with_its_reason_and_its_author(house: House, machine: Machine) -> None:
    run = doubtful(house)
    operation = house.run("resolve", "--format", "json").json["unknown"][0]["operation"]
    house.run("resolve", run, operation, "--verdict", "not-done", "--reason", "it is not in the console")
    last = [entry for entry in house.run("audit", "log", "--format", "json").json["entries"] if entry["event"] == "human"]

    assert [entry["facts"]["reason"] for entry in last] == ["it is not in the console"]
    assert "@" in last[0]["facts"]["by"]


def test_two_runs_in_doubt_are_settled_one_by_one(house: House, machine: Machine) -> None:
    first = doubtful(house)
    house.spec(messages("ucontact", "on_apply", 1), "sms")
    house.control.fault("drop-after", platform="ucontact", operation="SendSMSv2")
    second = house.run(*APPLY, "--only", "ucontact-uy/*").json["run"]
    machine.up_s += 200

    assert house.run("resolve", first).code == 6
    assert {doubt["run"] for doubt in house.run("resolve", "--format", "json").json["unknown"]} == {second}
