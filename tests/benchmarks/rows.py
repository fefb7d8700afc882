"""Lists of people: a plan over many rows, and how few uploads carry them."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any, Final

from tests.benchmarks import data
from tests.benchmarks.measure import beside
from tests.benchmarks.place import ROOT, Place, counted, emptied
from tests.benchmarks.results import Goal, Section, ratio

COUNTS: Final = (10_000, 100_000, 1_000_000)
LONG: Final = 10_000_000
SPILLING: Final = "limits: {memory: 600MB}\n"
"""What the plan of the longest list is allowed: the engine takes some 350 MB more than it is told."""
UPLOADED: Final = 25_000
UPLOADS: Final = 3  # of at most 10,000 rows each
_BARE: Final = ROOT / "tests" / "benchmarks" / "bare_rows.py"


def measure(place: Place) -> list[Section]:
    """Uploads counted, then plans of growing lists against an empty campaign."""
    return [_uploads(place), *_plans(place)]


def _uploads(place: Place) -> Section:
    with place.sandbox() as control:
        folder = data.project(place.folder / "uploads", place.url())
        data.rows(folder, UPLOADED, clean=True)
        plan = place.said(place.ours("plan", "--format", "json", folder=folder))
        table = beside(
            {"reconciler apply": place.ours("apply", "--digest", plan["digest"], "-q", folder=folder)}, 1, warm=False
        )
        calls = counted(control.calls())
        uploads = next(count for name, count in calls.items() if name.endswith("add_record"))
        rest = place.said(place.ours("plan", "--format", "json", folder=folder))
        assert rest["empty"], "the plan after an apply is not empty"
    facts = (f"Calls of plan, apply and plan: {', '.join(f'{count} {name}' for name, count in calls.items())}.",)
    goal = Goal(what=f"uploads for {UPLOADED:,} rows on wolkvox", most=UPLOADS, found=uploads, unit="uploads")
    return Section(title=f"{UPLOADED:,} rows on wolkvox", tables=(table,), goals=(goal,), facts=facts)


def _plans(place: Place) -> list[Section]:
    sections = []
    costs: dict[int, tuple[float, float]] = {}
    with place.sandbox() as control:
        for count in (*COUNTS, LONG) if place.long else COUNTS:
            emptied(control)
            folder = data.project(place.folder / f"rows-{count}", place.url())
            if count == LONG:
                with (folder / "reconciler.yaml").open("a", encoding="utf-8") as settings:
                    settings.write(SPILLING)
            (folder / "specs" / "lista.yaml").write_text(data.HOME_CAMPAIGN.format(part=""), "utf-8")
            place.said(place.ours("apply", "--auto-approve", "--format", "json", folder=folder))
            expected = data.rows(folder, count)
            _right(place, folder, expected)
            section = _plan(place, folder, count)
            sections.append(section)
            sample = section.tables[0].samples["reconciler plan"]
            costs[count] = (sample.cpu_s, sample.peak_mb)
    least, most = min(costs), max(costs)
    cpu, memory = (costs[most][part] / costs[least][part] for part in (0, 1))
    goals = (
        Goal(what=f"growth of CPU, 10,000 to {most:,} rows", most=1.05, found=math.log(cpu, most / least), unit="(exponent)"),
        Goal(
            what=f"growth of memory, 10,000 to {most:,} rows", most=0.5, found=math.log(memory, most / least), unit="(exponent)"
        ),
    )
    facts = (f"From {least:,} to {most:,} rows: CPU × {cpu:.1f}, memory × {memory:.1f}.",)
    return [*sections, Section(title="Growth with the rows", goals=goals, facts=facts)]


def _right(place: Place, folder: Path, expected: data.Expected) -> None:
    """A fast plan that counts wrongly is worth nothing. More than 59,000 rows in one campaign are denied: exit 3."""
    plan = place.said(place.ours("plan", "--format", "json", folder=folder, codes=(0, 3)))
    found: dict[str, Any] = next(rows for rows in plan["rows"] if rows["address"].endswith("/contacts/base"))
    suppressed = found["suppressed"]
    counts = data.Expected(
        in_source=found["in_source"],
        to_add=found["to_add"],
        invalid=suppressed.get("invalid", 0),
        duplicate=suppressed.get("duplicate", 0),
        blacklist=suppressed.get("blacklist", 0),
    )
    assert counts == expected, f"{counts} is not {expected}"


def _plan(place: Place, folder: Path, count: int) -> Section:
    ours, bare = "reconciler plan", "bare DuckDB script"
    table = beside(
        {
            ours: place.ours("plan", folder=folder, codes=(0, 3)),
            bare: place.command(sys.executable, _BARE, "data/base.csv", "data/no-llamar.csv", folder=folder),
        },
        place.runs_for(count),
    )
    size_mb = (folder / "data" / "base.csv").stat().st_size / 1e6
    goals = [Goal(what=f"plan of {count:,} rows / bare DuckDB script", most=2.5, found=ratio(table, ours, bare))]
    if count >= max(COUNTS):
        allowed = 600 if count < LONG else 1024
        goals.append(Goal(what=f"peak, {count:,} rows", most=allowed, found=table.samples[ours].peak_mb, unit="MB"))
    facts = (
        f"{count:,} rows of 8 columns, {size_mb:.0f} MB of csv, against an empty campaign; 10,000 numbers not to be called.",
        "The bare script reads the same files, cleans numbers by a regular expression, drops repeated and barred ones, counts.",
        "Every row is new, so each gets three names by HMAC-SHA256, which the script does not make.",
    )
    return Section(title=f"plan of {count:,} rows", tables=(table,), goals=goals, facts=facts)
