"""What a call costs in the journal: an intent and a reply, each synced, beside two bare commits of SQLite.

Run as a module it measures inside its own process and prints JSON: `python -m tests.benchmarks.journal FOLDER RUNS`.
"""

from __future__ import annotations

import json
import sqlite3
import statistics
import sys
import time
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

from reconciler.journal.entry import Entry, Event
from reconciler.journal.store import Journal, open_journal
from reconciler.resource import Action, Address
from tests.benchmarks.measure import Watch
from tests.benchmarks.place import Place
from tests.benchmarks.results import Goal, Section

CALLS: Final = 300  # a turn
_AT: Final = datetime(2026, 11, 22, 10, 0, tzinfo=UTC)
_FACTS: Final[dict[str, Any]] = {
    "name": "cobranza",
    "readable": {"description": "Cobranza mora", "skill": "101", "speed": 60, "type": "predictive"},
    "fields": {"amd": "COL", "editable": True, "labels": {"opt1": "saldo", "opt2": "vencimiento"}},
}


def measure(place: Place) -> list[Section]:
    """Turns of both, in one process, on the disk of the temporary folder."""
    watch = Watch()
    found = place.inside("journal", place.folder / "journal", str(place.runs))
    goal = Goal(what="journal, a call / two bare SQLite commits", most=3, found=found["journal_ms"] / found["bare_ms"])
    facts = (
        f"A call, which is an intent and a reply, each durable: {found['journal_ms']:.2f} ms.",
        f"Two bare commits of as many bytes, WAL and synchronous=FULL: {found['bare_ms']:.2f} ms.",
        f"Medians of {found['turns']} turns of {CALLS} calls.",
        f"Of a call, {found['cpu_ms']:.2f} ms are CPU.",
        "Where a sync waits for a disk both take that much longer, and the ratio falls towards 1.",
        f"Opening and verifying {found['entries']:,} entries: {found['open_ms']:.0f} ms.",
    )
    return [Section(title="Journal", goals=(goal,), facts=facts, others=watch.others())]


def main(folder: Path, turns: int) -> None:
    """Measure, and print what was found."""
    folder.mkdir(parents=True)
    ours, bare, cpu = [], [], []
    with closing(open_journal("journal.db", folder, now=_AT)) as journal, closing(_bare(folder / "bare.db")) as db:
        for turn in range(turns):
            begun, worked = time.perf_counter(), time.process_time()
            _calls(journal, turn)
            ours.append((time.perf_counter() - begun) / CALLS)
            cpu.append((time.process_time() - worked) / CALLS)
            begun = time.perf_counter()
            _commits(db)
            bare.append((time.perf_counter() - begun) / CALLS)
        entries = sum(1 for _entry in journal.entries())
    begun = time.perf_counter()
    open_journal("journal.db", folder, now=_AT).close()
    found = {
        "journal_ms": statistics.median(ours) * 1000,
        "bare_ms": statistics.median(bare) * 1000,
        "cpu_ms": statistics.median(cpu) * 1000,
        "open_ms": (time.perf_counter() - begun) * 1000,
        "entries": entries,
        "turns": turns,
    }
    sys.stdout.write(json.dumps(found))


def _calls(journal: Journal, turn: int) -> None:
    """Each call as `apply` writes it: the intent synced, the answer not, the read-back synced."""
    for number in range(CALLS):
        intent = Entry(
            event=Event.INTENT,
            at=_AT,
            run="run-1",
            operation=f"{turn:04x}{number:028x}",
            address=Address("wolkvox-co", "campaign", f"cobranza-{turn}-{number}"),
            action=Action.CREATE,
            call="create_campaign",
            container="wolkvox|acme",
            facts=_FACTS,
        )
        journal.append(intent)
        journal.append_all([replace(intent, event=Event.ACKED)], synced=False)
        journal.append_all([replace(intent, event=Event.VERIFIED)])


def _bare(path: Path) -> sqlite3.Connection:
    db = sqlite3.connect(path, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=FULL")
    db.execute("CREATE TABLE entries (number INTEGER PRIMARY KEY, body BLOB)")
    return db


def _commits(db: sqlite3.Connection) -> None:
    body = json.dumps(_FACTS).encode() * 3  # as many bytes as an entry of ours
    for _commit in range(2 * CALLS):
        db.execute("BEGIN IMMEDIATE")
        db.execute("INSERT INTO entries (body) VALUES (?)", (body,))
        db.execute("COMMIT")


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
