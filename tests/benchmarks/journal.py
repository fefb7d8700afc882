"""What a call costs in the journal beside bare SQLite, and what a long journal costs to open, to verify and to ask.

A call is an intent, synced, and its ending, synced; the answer between the two is written without a sync. Run as a module it
measures inside its own process and prints JSON: `python -m tests.benchmarks.journal FOLDER RUNS`.
"""

from __future__ import annotations

import json
import os
import sqlite3
import statistics
import sys
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from reconciler.journal.entry import Columns, Entry, Event
from reconciler.journal.lease import Claim, Moment
from reconciler.journal.store import Journal, open_journal
from reconciler.resource import Action, Address
from tests.benchmarks.measure import Watch
from tests.benchmarks.place import Place
from tests.benchmarks.results import Goal, Section

CALLS: Final = 300  # a turn
TURNS: Final = 8  # a run: a turn takes the twentieth part of a second, and a machine hesitates for longer
ENTRIES: Final = 1_000_000
CAMPAIGNS: Final = 1_000  # that those entries are about
RECIPIENTS: Final = 10_000_000
BATCH: Final = 10_000  # recipients of a call
_AT: Final = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
_FACTS: Final[dict[str, Any]] = {
    "id": "4711",
    "name": "cobranza",
    "readable": {"description": "Cobranza mora", "skill": "101", "speed": 60, "type": "predictive"},
    "fields": {"amd": "COL", "editable": True, "labels": {"opt1": "saldo", "opt2": "vencimiento"}},
}
_PLACE: Final = "wolkvox|acme|7"


def measure(place: Place) -> list[Section]:
    """Turns of both, in one process, on the disk of the temporary folder; then one long journal and one with many people."""
    watch = Watch()
    found = place.inside("journal", place.folder / "journal", str(place.runs * TURNS))
    goals = (
        Goal(what="journal, a call / two bare SQLite commits", most=3, found=found["ratio"]),
        Goal(what=f"journal, {ENTRIES:,} entries opened, s", most=1, found=found["open_s"]),
        Goal(what=f"journal, {ENTRIES:,} entries verified whole, s", most=20, found=found["verify_s"]),
    )
    facts = (
        f"A call, which is an intent and an ending, each durable: {found['journal_ms']:.3f} ms.",
        f"With the answer between the two, which is not synced: {found['answered_ms']:.3f} ms.",
        f"Two bare commits of as many bytes, WAL and synchronous=FULL: {found['bare_ms']:.3f} ms.",
        f"Medians of {found['turns']} turns of {CALLS} calls, each of a new campaign; the ratio is taken turn by turn.",
        f"Of a call, {found['cpu_ms']:.3f} ms are CPU.",
        "Where a sync waits for a disk both take that much longer, and the ratio falls towards 1.",
        f"{ENTRIES:,} entries, three a call, of {CAMPAIGNS:,} campaigns: {found['megabytes']:,.0f} MB.",
        f"{RECIPIENTS:,} recipients in calls of {BATCH:,}, all verified while they are read: {found['sent_s']:.2f} s.",
    )
    return [Section(title="Journal", goals=goals, facts=facts, others=watch.others())]


def main(folder: Path, turns: int) -> None:
    """Measure, and print what was found."""
    folder.mkdir(parents=True)
    ours, answered, bare, cpu = [], [], [], []
    with (
        closing(open_journal("journal.db", folder, now=_AT)) as journal,
        closing(_bare(folder / "bare.db")) as db,
        journal.lock(Claim(run="run-1", holder="ana", host="host"), lambda: Moment(now=_AT)),
    ):
        for turn in range(turns):
            worked = time.process_time()
            ours.append(_calls(journal, turn, answer=False))
            cpu.append((time.process_time() - worked) / CALLS)
            bare.append(_commits(db))
            answered.append(_calls(journal, turns + turn, answer=True))
    found = {
        "ratio": statistics.median(one / other for one, other in zip(ours, bare, strict=True)),
        "journal_ms": statistics.median(ours) * 1000,
        "answered_ms": statistics.median(answered) * 1000,
        "bare_ms": statistics.median(bare) * 1000,
        "cpu_ms": statistics.median(cpu) * 1000,
        "turns": turns,
        **_long(folder),
        **_many_people(folder),
    }
    sys.stdout.write(json.dumps(found))


def _long(folder: Path) -> dict[str, float]:
    """A journal of many entries: opened as the second command of a day opens it, and verified whole."""
    path = folder / "long.db"
    with closing(open_journal(path.name, folder, now=_AT)) as journal:
        for batch in range(-(-ENTRIES // 3_000)):
            intents = [_intent(batch * 1_000 + number, f"cobranza-{number % CAMPAIGNS}") for number in range(1_000)]
            for event in (Event.INTENT, Event.ACKED, Event.VERIFIED):
                journal.append_all([replace(intent, event=event) for intent in intents], synced=False)
    megabytes = path.stat().st_size / 1e6
    begun = time.perf_counter()
    with closing(open_journal(path.name, folder, now=_AT)) as journal:
        opened = time.perf_counter()
        assert journal.verify().broken == 0
        verified = time.perf_counter()
    path.unlink()
    return {"open_s": opened - begun, "verify_s": verified - opened, "megabytes": megabytes}


def _many_people(folder: Path) -> dict[str, float]:
    """Everybody who was ever sent something in a container, asked in one pass."""
    path = folder / "people.db"
    with closing(open_journal(path.name, folder, now=_AT)) as journal:
        for number in range(RECIPIENTS // BATCH):
            intent = replace(_intent(number, "base"), action=Action.ROWS_ADD, container=_PLACE, count=BATCH, facts={})
            journal.append(intent, Columns(recipients=os.urandom(16 * BATCH)))
            journal.append_all([replace(intent, event=Event.VERIFIED)], synced=False)
        begun = time.perf_counter()
        asked = sum(len(columns.recipients) for columns in journal.sent(_PLACE))
        assert asked == 16 * RECIPIENTS
        took = time.perf_counter() - begun
    path.unlink()
    return {"sent_s": took}


def _intent(number: int, name: str) -> Entry:
    return Entry(
        event=Event.INTENT,
        at=_AT,
        run="run-1",
        operation=f"{number:032x}",
        address=Address("wolkvox-co", "campaign", name),
        action=Action.CREATE,
        call="create_campaign",
        container="wolkvox|acme",
        facts=_FACTS,
    )


def _calls(journal: Journal, turn: int, *, answer: bool) -> float:
    """Seconds a call, as `apply` records it."""
    intents = [_intent(turn * CALLS + number, f"cobranza-{turn}-{number}") for number in range(CALLS)]
    answers = [replace(intent, event=Event.ACKED) for intent in intents]
    endings = [replace(intent, event=Event.VERIFIED) for intent in intents]
    begun = time.perf_counter()
    for number in range(CALLS):
        journal.append(intents[number])
        if answer:
            journal.append_all(answers[number : number + 1], synced=False)
        journal.append_all(endings[number : number + 1])
    return (time.perf_counter() - begun) / CALLS


def _bare(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE entries (number INTEGER PRIMARY KEY, body BLOB)")
    return db


def _commits(db: sqlite3.Connection) -> float:
    """Seconds for two commits."""
    body = json.dumps(_FACTS).encode() * 3  # as many bytes as an entry of ours
    begun = time.perf_counter()
    for _commit in range(2 * CALLS):
        db.execute("BEGIN IMMEDIATE")
        db.execute("INSERT INTO entries (body) VALUES (?)", (body,))
        db.execute("COMMIT")
    return (time.perf_counter() - begun) / CALLS


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
