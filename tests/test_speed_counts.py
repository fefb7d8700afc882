"""What speed rests on, as counts that no machine changes: imports, parses, calls, commits, look-ups.

How long it takes is measured by `make bench` (tests/benchmarks).
"""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reconciler import document
from reconciler.document import Node
from reconciler.journal.entry import Event
from reconciler.journal.store import open_journal
from reconciler.plan.known import Seen
from reconciler.resource import Live, Reading
from tests.house import AT, House

ROOT = Path(__file__).parents[1]
HEAVY = frozenset(
    {
        "asyncio", "deepdiff", "duckdb", "holidays", "httpx", "jinja2", "jsonschema", "jsonschema_rs", "msgspec",
        "pathlib", "phonenumbers", "pyarrow", "rfc8785", "socket", "sqlite3", "ssl", "starlette", "subprocess", "uvicorn",
        "yaml",
    }
)  # fmt: skip
NETWORK = frozenset({"httpx", "sqlite3", "ssl"})
ROWS_ENGINE = frozenset({"duckdb", "pyarrow", "phonenumbers", "reconciler.rows.engine"})
# What a process imported besides what the interpreter had, after a command ended with the code that was expected.
PROBE = """
import io, json, sys, contextlib
before = set(sys.modules)
from reconciler.cli import run
with contextlib.redirect_stdout(io.StringIO()):
    code = run(sys.argv[1:])
print(json.dumps([code, sorted(set(sys.modules) - before)]))
"""
CAMPAIGN = """\
kind: campaign
target: {target}
name: cobranza-{number}
state: stopped
purpose: service
window:
  - {{days: [mon, tue, wed, thu, fri], from: 08:00, to: 18:00}}
  - {{days: [sat], from: 08:00, to: 13:00}}
{block}
"""
BLOCKS = {
    "wolkvox-co": "wolkvox: {skill: cobranza, speed: 10, labels: {opt1: saldo}}",
    "lynn-cl": "lynn: {division: Ventas, category: c}",
}


def modules(*words: str, folder: Path = ROOT, code: int = 0) -> set[str]:
    """What a command imports in a process of its own."""
    environ = {**os.environ, "SANDBOX_TOKEN": "sandbox", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", PROBE, *words], cwd=folder, env=environ, capture_output=True, text=True, check=True
    )
    ended, found = json.loads(done.stdout)
    assert ended == code, done.stderr
    return set(found)


def write_campaigns(house: House, target: str, count: int) -> None:
    for number in range(count):
        house.spec(CAMPAIGN.format(target=target, number=number, block=BLOCKS[target]), f"c{number}")


def test_help_imports_click_and_next_to_nothing_of_ours() -> None:
    found = modules("--help")

    assert not found & HEAVY
    assert {name for name in found if name.split(".")[0] == "reconciler"} == {
        "reconciler",
        "reconciler.catalogue",
        "reconciler.cli",
        "reconciler.cli.exits",
        "reconciler.cli.options",
        "reconciler.errors",
    }


def test_validate_imports_no_network_journal_or_rows_engine(house: House) -> None:
    write_campaigns(house, "wolkvox-co", 1)

    found = modules("validate", folder=house.root)

    assert not found & (NETWORK | ROWS_ENGINE)
    assert "jsonschema" not in found  # it words mistakes, and there are none


@pytest.mark.parametrize("target", list(BLOCKS))
def test_a_plan_without_rows_imports_no_rows_engine(house: House, target: str) -> None:
    write_campaigns(house, target, 2)
    house.applied()

    found = modules("plan", "--at", AT, folder=house.root)

    assert not found & (ROWS_ENGINE | {"deepdiff", "jsonschema", "holidays", "reconciler.apply", "reconciler.cli.planfile"})


def test_each_file_is_parsed_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    write_campaigns(house, "wolkvox-co", 5)
    parsed: Counter[str] = Counter()
    parse = document.parse

    def counting(data: bytes, file: str) -> tuple[list[Node], list[Any]]:
        parsed[file] += 1
        return parse(data, file)

    monkeypatch.setattr(document, "parse", counting)

    for words in (("validate",), ("plan", "--at", AT)):
        parsed.clear()
        house.run(*words)

        assert parsed == dict.fromkeys(["reconciler.yaml", *(f"specs/c{number}.yaml" for number in range(5))], 1)


@pytest.mark.parametrize(
    ("target", "calls"),
    [
        ("wolkvox-co", ["information.campaigns", "information.skills", "information.token_info"]),
        ("lynn-cl", ["CreateToken", "GetCampaigns"]),
    ],
)
def test_a_plan_with_nothing_to_do_makes_as_many_calls_for_ten_campaigns_as_for_one(
    house: House, target: str, calls: list[str]
) -> None:
    for count in (1, 10):
        write_campaigns(house, target, count)
        house.applied()
        last = house.control.calls()[-1]["seq"]

        house.settled()

        assert [call["operation"] for call in house.control.calls(after=last)] == calls


def test_an_apply_syncs_each_intent_and_one_ending_for_each_change(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    write_campaigns(house, "wolkvox-co", 3)
    statements: list[str] = []
    connect = sqlite3.connect

    def traced(*words: Any, **named: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*words, **named)
        connection.set_trace_callback(statements.append)
        return connection

    digest = house.plan()["digest"]  # makes the journal
    monkeypatch.setattr(sqlite3, "connect", traced)
    last = house.control.calls()[-1]["seq"]

    house.run("apply", "--digest", digest, "--at", AT)

    synced, commits = True, Counter[bool]()
    for statement in statements:
        synced = statement.endswith("FULL") if statement.startswith("PRAGMA synchronous") else synced
        commits[synced] += statement == "BEGIN IMMEDIATE"
    writes = sum(call["method"] != "GET" for call in house.control.calls(after=last))
    with closing(open_journal(".reconciler/journal.db", house.root, now=datetime.now(UTC))) as journal:
        events = Counter(stored.entry.event for stored in journal.entries())
    assert events[Event.INTENT] == events[Event.ACKED] == events[Event.VERIFIED] + events[Event.VERIFIED_WEAK] == writes
    changes = 3  # read back once each
    of_a_run = 4  # begun and ended, the lease of the lock taken and given back
    brought_up = 2  # the tables that follow from the entries, which need no sync
    assert commits == {True: writes + changes + of_a_run, False: writes + brought_up}
    assert "ROLLBACK" not in statements


class Counted(Sequence[Live]):
    """Live campaigns that know how often one of them was looked at."""

    def __init__(self, count: int) -> None:
        self.looks = 0
        self._live = [Live(id=f"i{number}", name=f"n{number}", fields={}) for number in range(count)]

    def __getitem__(self, index: Any) -> Any:
        self.looks += 1
        return self._live[index]

    def __iter__(self) -> Iterator[Live]:
        for live in self._live:
            self.looks += 1
            yield live

    def __len__(self) -> int:
        return len(self._live)


def test_looking_up_live_campaigns_walks_them_once_not_once_a_wish() -> None:
    live = Counted(50)
    seen = Seen(campaigns=Reading(live=live, read_at=datetime(2026, 11, 24, tzinfo=UTC)))
    walked = live.looks

    found = [(seen.by_id(f"i{number}"), seen.campaign(f"n{number}")) for number in range(50)]

    assert all(mine is not None and [mine] == namesakes for mine, namesakes in found)
    assert seen.by_id("other") is None
    assert live.looks == walked <= 2 * len(live)
