"""A million people in files against a million live ones, with ten million numbers that nobody may contact."""

from __future__ import annotations

import math
import sys
from pathlib import Path
from typing import Any, Final

from tests.benchmarks import data
from tests.benchmarks.measure import Beside, Command, Sample, beside, once
from tests.benchmarks.place import ROOT, Place, counted, emptied
from tests.benchmarks.results import Goal, Section, ratio

SIZES: Final = ((100_000, 1_000_000), (1_000_000, 10_000_000))
"""(rows, numbers that nobody may contact)"""
LONG: Final = (10_000_000, 10_000_000)
RATIO_MAX: Final = 2.5
PEAK_MAX_MB: Final = 600
FRUGAL: Final = "limits: {memory: 256MB}\n"
FRUGAL_MAX_MB: Final = 450
LONG_MAX_MB: Final = 512
_OURS: Final = "reconciler plan"
_SPARING: Final = "reconciler plan, memory: 256MB"
_BARE: Final = "bare DuckDB and msgspec"
_DICTS: Final = "Python's csv, json and dictionaries"
_FRAMES: Final = {"pandas": "pandas", "Polars": "polars"}
_SCRIPTS: Final = ROOT / "tests" / "benchmarks"


def measure(place: Place) -> list[Section]:
    """Load the rows, change a few of them and plan again; beside scripts that read the same bytes."""
    sections = []
    costs: dict[int, Sample] = {}
    with place.sandbox() as control:
        for rows, barred in (*SIZES, LONG) if place.long else SIZES:
            emptied(control)
            folder = data.project(place.folder / f"lists-{rows}", place.url())
            data.campaigns_of_rows(folder, rows)
            if (rows, barred) == LONG:
                _spare(folder)
            plan = place.said(place.ours("plan", "--format", "json", folder=folder))
            once(place.ours("apply", "--digest", plan["digest"], "-q", folder=folder))
            expected = data.campaigns_of_rows(folder, rows, drifted=True)
            listed = data.register(folder, barred, rows)
            last = control.calls()[-1]["seq"]
            plan = place.said(place.ours("plan", "--format", "json", folder=folder))
            _right(plan, expected, listed)
            calls = counted(control.calls(after=last))
            section = _long(place, folder, calls) if (rows, barred) == LONG else _beside(place, folder, rows, barred, calls)
            costs[rows] = next(iter(section.tables[0].samples.values()))
            sections.append(section)
    return [*sections, _growth(costs)]


def _spare(folder: Path) -> None:
    """Allow the project little memory."""
    with (folder / "reconciler.yaml").open("a", encoding="utf-8") as settings:
        settings.write(FRUGAL)


def _beside(place: Place, folder: Path, rows: int, barred: int, calls: dict[str, int]) -> Section:
    """Our plan in turns with the bare script; then the slow ones once, and ours with little memory."""
    script = ("data/base-*.csv", "data/registro.csv", f"{place.url()}/wolkvox")
    ours = place.ours("plan", folder=folder)
    table = beside(
        {_OURS: ours, _BARE: place.command(sys.executable, _SCRIPTS / "bare_rows.py", *script, folder=folder)},
        place.runs_for(rows),
    )
    slow = beside(_slow(place, folder, script), 1, warm=False)
    _spare(folder)
    return _section(table, slow, beside({_SPARING: ours}, 1, warm=False), rows, barred, calls)


def _long(place: Place, folder: Path, calls: dict[str, int]) -> Section:
    """Ten million against ten million: once, and alone, since a script that holds them all would take twenty gigabytes."""
    table = beside({_SPARING: place.ours("plan", folder=folder)}, 1, warm=False)
    rows, barred = LONG
    peak_mb = table.samples[_SPARING].peak_mb
    return Section(
        title=f"plan of {rows:,} rows × {rows:,} live",
        tables=(table,),
        goals=(Goal(what=f"peak, {rows:,} rows × {rows:,} live, {_SPARING}", most=LONG_MAX_MB, found=peak_mb, unit="MB"),),
        facts=_facts(rows, barred, calls),
    )


def _slow(place: Place, folder: Path, script: tuple[str, ...]) -> dict[str, Command]:
    """Who is run once, and not with ten million rows: they hold all of them as objects."""
    found = {_DICTS: place.command(sys.executable, _SCRIPTS / "plain_rows.py", *script, folder=folder)}
    for name, library in _FRAMES.items():
        if python := place.python_with(library):
            found[name] = place.command(python, _SCRIPTS / f"{library}_rows.py", *script, folder=folder)
    return found


def _right(plan: Any, expected: data.Expected, listed: int) -> None:
    """A fast plan that counts wrongly is worth nothing."""
    rows = plan["rows"]
    found = data.Expected(
        in_source=sum(one["in_source"] for one in rows),
        to_add=sum(one["to_add"] for one in rows),
        changed=sum(one["changed"] for one in rows),
        listed=sum(one["suppressed"].get("suppress:registro", 0) for one in rows),
    )
    wanted = data.Expected(in_source=expected.in_source, to_add=expected.to_add, changed=expected.changed, listed=listed)
    assert found == wanted, f"{found} is not {wanted}"


def _section(table: Beside, plain: Beside, sparing: Beside, rows: int, barred: int, calls: dict[str, int]) -> Section:
    goals = [
        Goal(what=f"plan of {rows:,} rows × {rows:,} live / {_BARE}", most=RATIO_MAX, found=ratio(table, _OURS, _BARE)),
        Goal(what="the same, CPU", most=RATIO_MAX, found=ratio(table, _OURS, _BARE, "cpu_s")),
    ]
    if rows == max(size for size, _ in SIZES):
        dicts = table.samples[_OURS].cpu_s / plain.samples[_DICTS].cpu_s
        goals.append(Goal(what=f"the same / {_DICTS}, CPU", most=0.4, found=dicts))
        if frames := plain.samples.get("pandas"):
            found = table.samples[_OURS].wall_s / frames.wall_s
            goals.append(Goal(what="the same / pandas", most=1 / 3, found=found))
        goals.append(Goal(what="the same, peak", most=PEAK_MAX_MB, found=table.samples[_OURS].peak_mb, unit="MB"))
        least = sparing.samples[_SPARING].peak_mb
        goals.append(Goal(what=f"peak, {_SPARING}", most=FRUGAL_MAX_MB, found=least, unit="MB"))
    title = f"plan of {rows:,} rows × {rows:,} live"
    return Section(title=title, tables=(table, plain, sparing), goals=tuple(goals), facts=_facts(rows, barred, calls))


def _facts(rows: int, barred: int, calls: dict[str, int]) -> tuple[str, ...]:
    return (
        f"{rows:,} rows of 8 columns, files of {data.CAMPAIGN_ROWS:,}, each for a campaign with as many live records of 50.",
        f"2 % of the rows differ, 1 % are new; {barred:,} numbers that nobody may contact, 1,000 of them in the rows.",
        f"Calls: {', '.join(f'{count} {name}' for name, count in calls.items())}.",
        "Everybody live was loaded by us before, so the journal knows them all by keyed names; the scripts know no journal.",
        "The list of numbers was prepared as a column by the plan before; the scripts read and clean it as text each time.",
        "The sandbox makes the pages for everybody; that is in the wall, and not in the CPU.",
    )


def _growth(costs: dict[int, Sample]) -> Section:
    least, most = min(costs), max(costs)
    cpu = costs[most].cpu_s / costs[least].cpu_s
    memory = costs[most].peak_mb / costs[least].peak_mb
    goals = (
        Goal(what="growth of CPU with rows and live rows", most=1.05, found=math.log(cpu, most / least), unit="(exponent)"),
        Goal(what="growth of memory", most=0.5, found=math.log(memory, most / least), unit="(exponent)"),
    )
    facts = (f"From {least:,} to {most:,}: CPU × {cpu:.1f}, memory × {memory:.1f}.",)
    return Section(title="Growth with rows and live rows", goals=goals, facts=facts)
