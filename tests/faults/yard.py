"""Where the program is killed: a project, the sandbox, a nursery, and what is true about both.

A story is begun once and kept as a picture of the project's files and of the sandbox; every kill starts from that picture.
`recovered` does what people do afterwards: plan, apply, settle by reading, tell the truth where reading cannot, apply again.
What it checks are the promises; `Broken` names the one that did not hold.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final
from unittest.mock import patch

from starlette.requests import ClientDisconnect
from starlette.types import Receive, Scope, Send

from reconciler.sandbox import server
from reconciler.sandbox.control import Control
from reconciler.sandbox.server import App, Running, running
from reconciler.sandbox.store import Store
from reconciler.sandbox.world import World
from tests.faults.nursery import NO_STRIKE, Child, Ended, Nursery, Strike, nursery
from tests.faults.stories import STORIES, Story, barred, book, loaded, lynn_campaign, wolkvox_campaign
from tests.house import AT, PROJECT

TURNS_MAX: Final = 8  # of applying and settling, after which it should have come to an end
LOOKS_MAX: Final = 20_000_000  # each gives way to whoever is at work; only a hang takes so many
TASK_S: Final = 120.0  # after which Lynn's tasks have ended, whoever asked
LEAP_S: Final = 3_600.0  # beyond any lease
JOURNAL: Final = ".reconciler/journal.db"
RESOLVE: Final = "resolve:"
APPLY: Final = ("apply", "--at", AT, "--auto-approve", "--allow-delete", "1", "--allow-irreversible", "1", "--format", "json")
PLAN: Final = ("plan", "--at", AT, "--format", "json")
LAVISH: Final = """\
policies:
  lawpacks: off
  max_lifts: 9
  max_row_removals: {share: 100%, floor: 0}
"""

# What an account holds, by table; without numbers, ids and times, which differ from run to run.
HELD: Final = {
    "wolkvox_campaign": "name, description, type, status, speed, dial_mode, skill_id",
    "wolkvox_record": "customer_id, phones, closed, reached",
    "wolkvox_dnc": "phone, direction",
    "wolkvox_sms": "telephone, message",
    "lynn_campaign": "json_remove(body, '$.Id', '$.id'), mode, running",
    "lynn_contact": "name, channel, identifier",
    "lynn_dnd": "contact IS NULL",
    "lynn_row": "phone, template, data, state",
    "ucontact_base": "channel, dialer, rows, active",
    "ucontact_row": "dialer, destination, text, sent",
}

# Whole campaigns beside the single writes: a list with somebody on it who is barred in the same plan.
WHOLE: Final = (
    Story(
        platform="wolkvox",
        operation="whole",
        before="",
        after="---\n".join(
            (wolkvox_campaign("started"), loaded("wolkvox", 1, 2, 3), barred("wolkvox", "{direction: outbound}", 3))
        ),
        reached=2,
    ),
    Story(
        platform="lynn",
        operation="whole",
        before="",
        after="---\n".join(
            (lynn_campaign("started"), book(1, 2, 3), barred("lynn", "{campaign: lista}", 3), loaded("lynn", 1, 2, 3))
        ),
        reached=2,
    ),
)
ALL: Final = (*STORIES, *WHOLE)
BARRED: Final = {"whole": "3"}


class Broken(AssertionError):
    """A promise that did not hold."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """How a story stands before its wish is applied, and how it must stand afterwards.

    `effects` counts (container, recipient, what) of everybody reached in the unbroken run, `state` is what the account holds;
    `points` are all the points that it passes, as (point, occurrence, operation).
    """

    story: Story
    files: Path
    store: Store
    effects: Mapping[tuple[str, str, str], int] = field(default_factory=dict)
    state: Mapping[str, Any] = field(default_factory=dict)
    points: Sequence[tuple[str, int, str]] = ()


@dataclass(slots=True)
class Yard:
    """One project at work. `root` is its folder."""

    sandbox: Running
    nursery: Nursery
    folder: Path
    in_flight: InFlight
    url: str  # where projects find the platforms: the sandbox, or a proxy before it
    pictures: dict[str, Picture] = field(default_factory=dict)
    clock_s: float = 0.0

    @property
    def root(self) -> Path:
        """The project's folder."""
        return self.folder / "project"

    # --- stories

    def picture(self, story: Story) -> Picture:
        """The story, begun: taken once, with an unbroken run of it to compare with."""
        name = f"{story.platform}-{story.operation}"
        if name not in self.pictures:
            self._begin(story)
            files = self.folder / "pictures" / name
            shutil.copytree(self.root, files)
            begun = Picture(story=story, files=files, store=self.sandbox.world.store.snapshot())
            census = self.folder / f"{name}.census"
            said = self.run(*APPLY, strike=Strike(how="census", census=str(census)))
            must(said.code == 0, f"the unbroken run ended with {said.code}: {said.out}{said.err}")
            self._tasks_end()
            points = [tuple(json.loads(line)) for line in census.read_text("utf-8").splitlines()]
            self.pictures[name] = replace(begun, effects=self.effects(), state=self.state(), points=points)
            must(sum(self.effects().values()) == story.reached, "the unbroken run reached others than it should")
        return self.pictures[name]

    def restore(self, picture: Picture) -> None:
        """Back to where the story begins."""
        shutil.rmtree(self.root, ignore_errors=True)
        shutil.copytree(picture.files, self.root)
        world = self.sandbox.world
        with world.store._lock:
            picture.store._db.backup(world.store._db)
        self.clock_s = 0.0

    def _begin(self, story: Story) -> None:
        shutil.rmtree(self.root, ignore_errors=True)
        (self.root / "specs").mkdir(parents=True)
        (self.root / "data").mkdir()
        (self.root / "data" / "base.cpg").write_text("formato propio\n", "utf-8")
        (self.root / "reconciler.yaml").write_text(project(self.url, story), "utf-8")
        self.sandbox.world.reset()
        self.sandbox.world.limits("wolkvox", {"calls_in_flight": 50})  # what was killed may still be counted as in flight
        if story.before:
            self.spec(story.before)
            said = self.run(*APPLY)
            must(said.code == 0, f"{story.operation} does not begin: {said.out}{said.err}")
        self.spec(story.after)

    def spec(self, text: str) -> None:
        """What is wished."""
        (self.root / "specs" / "case.yaml").write_text(text, "utf-8")

    # --- commands

    def start(self, *words: str, strike: Strike = NO_STRIKE) -> Child:
        """One command in the project's folder, on the clock of this yard."""
        return self.nursery.start(self.root, words, replace(strike, clock_s=self.clock_s))

    def run(self, *words: str, strike: Strike = NO_STRIKE) -> Ended:
        """One command to its end; it may be killed, and never shows a traceback."""
        said = self.start(*words, strike=strike).end()
        details = [path.read_text("utf-8") for path in (self.root / ".reconciler").glob("bug-*.txt")]
        must(not details, f"a bug: {details} {said.err[-800:]}")
        return spotless(said)

    def quiet(self) -> None:
        """Wait until the platform has done with whatever was in flight: bytes that came before this call were read before it
        is answered, and what they asked for is counted until it is carried out or dropped.
        """
        Control(self.sandbox.url).clock()
        for _ in range(LOOKS_MAX):
            if not self.in_flight.now:
                break
            os.sched_yield()
        else:
            raise Broken("the sandbox still has a call in flight")
        self._tasks_end()

    def _tasks_end(self) -> None:
        self.sandbox.world.turn_clock({"advance_s": TASK_S})

    # --- what is true

    def effects(self) -> Counter[tuple[str, str, str]]:
        """Who was reached, how often."""
        return Counter((one["container"], one["recipient"], one["what"]) for one in self.sandbox.world.effects())

    def state(self) -> dict[str, Any]:
        """What the accounts hold."""
        with self.sandbox.world.store.transaction() as db:
            return {
                table: sorted(map(repr, db.execute(f"SELECT {columns} FROM {table}").fetchall()))
                for table, columns in HELD.items()
            }

    def taken(self, operation: str) -> int:
        """How many calls of an operation the platform has carried out."""
        calls = self.sandbox.world.calls()
        return sum(_same(call["operation"], operation) and (call["status"] or 500) < 300 for call in calls)

    def journalled(self) -> list[dict[str, Any]]:
        """The entries of the journal, as they lie in the file."""
        with closing(sqlite3.connect(f"file:{self.root / JOURNAL}?mode=ro", uri=True)) as connection:
            return [json.loads(body) for (body,) in connection.execute("SELECT body FROM entries ORDER BY number")]

    def happened(self, operation: str) -> bool:
        """Whether a call that nobody heard an answer to was carried out: the platform took more than are known as done."""
        known = {
            (entry["operation"], entry["run"]) for entry in self.journalled() if entry.get("call") == operation and _done(entry)
        }
        return self.taken(operation) > len(known)

    # --- afterwards

    def recovered(self, picture: Picture, *, planned: bool = True, strikes: Sequence[Strike] = ()) -> int:
        """Everything that people do after a run that died, until nothing is left to do; then the promises.

        `strikes` hit the commands that recover, in turn: an apply, or with "resolve:" before the point a resolve. Gives how
        many of them no command came by.
        """
        left = list(strikes)
        for _ in range(TURNS_MAX + len(left)):
            if planned:
                self.expect(self.run(*PLAN), 0, 6)
            struck = bool(left) and not left[0].point.startswith(RESOLVE)
            said = self.run(*APPLY, strike=left[0] if struck else NO_STRIKE)
            if said.code == -signal.SIGKILL and struck:
                left.pop(0)
                self.quiet()
                continue
            self.expect(said, 0, 6)
            if said.code == 0:
                break
            self._settle(left)
        else:
            raise Broken("it does not come to an end")
        self.promises(picture)
        return len(left)

    def _settle(self, left: list[Strike]) -> None:
        """Every doubt, by reading, and by a person's word."""
        doubts = self.doubts()
        must(bool(doubts), "something is unknown, and nothing is named")
        for run in dict.fromkeys(doubt["run"] for doubt in doubts):
            self._resolve(left, run)
            for doubt in self.doubts():
                if doubt["run"] == run:
                    verdict = "done" if self.happened(doubt["call"]) else "not-done"
                    self._resolve(left, run, doubt["operation"], "--verdict", verdict, "--reason", "seen in the console")

    def _resolve(self, left: list[Strike], *words: str) -> None:
        """One resolve; when it is killed it is begun again, unless it had done its work."""
        struck = bool(left) and left[0].point.startswith(RESOLVE)
        strike = replace(left[0], point=left[0].point.removeprefix(RESOLVE)) if struck else NO_STRIKE
        said = self.run("resolve", *words, "--format", "json", strike=strike)
        if said.code == -signal.SIGKILL and struck:
            left.pop(0)
            if any(doubt["run"] == words[0] for doubt in self.doubts()):
                said = self.run("resolve", *words, "--format", "json")
            else:
                return
        self.expect(said, 0, 6)

    def doubts(self) -> list[dict[str, Any]]:
        said = self.run("resolve", "--format", "json")
        self.expect(said, 0, 6)
        unknown: list[dict[str, Any]] = said.json["unknown"]
        return unknown

    def expect(self, said: Ended, *codes: int) -> None:
        must(said.code in codes, f"exit code {said.code}, not one of {codes}: {told(said)}")

    def promises(self, picture: Picture) -> None:
        effects = self.effects()
        twice = [
            what for (_where, _who, what), times in effects.items() if times > picture.effects.get((_where, _who, what), 1)
        ]
        must(not twice, f"{len(twice)} reached more than once")
        must(effects == picture.effects, f"reached: {sum(effects.values())}, wished: {sum(picture.effects.values())}")
        if end := BARRED.get(picture.story.operation):
            must(not [who for _where, who, _what in effects if who.endswith(f"000{end}")], "somebody barred was reached")
        state = self.state()
        for table, rows in picture.state.items():
            must(state[table] == rows, f"{table} is not as after an unbroken run: {len(state[table])} rows, not {len(rows)}")
        said = self.run(*PLAN)
        must(said.code == 0 and said.json["empty"], f"the second plan is not empty: {told(said)}")
        must(self.run("audit", "verify").code == 0, "the journal does not verify")


def spotless(said: Ended) -> Ended:
    """Whatever a command said, it was no traceback."""
    must("Traceback" not in said.err and "BUG001" not in said.err, f"a traceback:\n{said.err[-3000:]}")
    return said


def told(said: Ended) -> str:
    """What a command said, in short: its findings that are no mere information, its changes, and stderr."""
    try:
        shown = said.json
    except ValueError:
        return f"{said.out}\n{said.err}"
    findings = [(one["code"], one["severity"], one["message"]) for one in shown.get("findings", [])]
    changes = [(one["address"], one["action"], one.get("outcome", "")) for one in shown.get("changes", [])]
    return f"{[one for one in findings if one[1] != 'info']} {changes}\n{said.err}"


def project(url: str, story: Story) -> str:
    """The project file of a story: every limit out of the way, every way to reach somebody open."""
    text = PROJECT.format(url=url).replace("policies: {lawpacks: off}\n", LAVISH)
    more = "    email_base: assumed\n" + ("    sms_api: v1\n" if story.operation == "SendSMS" else "")
    return text.replace("    country: UY", f"{more}    country: UY")


def _done(entry: Mapping[str, Any]) -> bool:
    """Whether an entry says that a call was carried out."""
    if entry["event"] == "human":
        return bool(entry["facts"]["verdict"] == "done")
    return entry["event"] in ("acked", "verified", "verified_weak", "partial")


def _same(operation: str, call: str) -> bool:
    """Whether the sandbox's name for an operation (SMS.uploadbase) and the journal's (SMS/uploadbase) mean the same."""
    theirs, ours = operation.replace("/", "."), call.replace("/", ".")
    return theirs == ours or theirs.endswith(f".{ours}")


def must(holds: bool, otherwise: str) -> None:
    """Raises Broken unless it holds."""
    if not holds:
        raise Broken(otherwise)


class InFlight:
    """How many requests the sandbox has begun and not ended."""

    def __init__(self) -> None:
        self.now = 0

    def counting(self, world: World, *, latency_s: float = 0.0) -> App:
        """The sandbox's application, counted."""
        here = self

        class Counted(App):
            async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
                here.now += 1
                try:
                    with suppress(ClientDisconnect):  # whoever asked has died in the middle of a request
                        await super().__call__(scope, receive, send)
                finally:
                    here.now -= 1

        return Counted(world, latency_s=latency_s)


@contextmanager
def yard(folder: Path) -> Iterator[Yard]:
    """A yard of its own: sandbox, nursery and folder."""
    in_flight = InFlight()
    with nursery(folder / "streams") as children:
        with patch.object(server, "App", in_flight.counting):
            opened = running(port=0)
            sandbox = opened.__enter__()
        try:
            yield Yard(sandbox=sandbox, nursery=children, folder=folder, in_flight=in_flight, url=sandbox.url)
        finally:
            opened.__exit__(None, None, None)
