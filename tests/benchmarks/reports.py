"""How long it takes to show a large plan, in each format.

Run as a module it measures inside its own process and prints JSON: `python -m tests.benchmarks.reports PLAN RUNS`.
"""

from __future__ import annotations

import json
import statistics
import sys
import time
from pathlib import Path
from typing import Final

from reconciler.reports.plans import FORMATS, render_plan
from reconciler.reports.style import Style
from tests.benchmarks import data
from tests.benchmarks.measure import Watch
from tests.benchmarks.place import Place
from tests.benchmarks.results import Goal, Section

CHANGES: Final = 3_000


def measure(place: Place) -> list[Section]:
    """A plan that creates 3,000 campaigns."""
    with place.sandbox():
        folder = data.project(place.folder / "reports", place.url())
        data.campaigns(folder, CHANGES)
        plan = place.said(place.ours("plan", "--format", "json", folder=folder))
    assert len(plan["changes"]) == CHANGES
    path = folder / "plan.json"
    path.write_text(json.dumps(plan), "utf-8")
    fields = sum(len(change["fields"]) for change in plan["changes"])
    del plan
    watch = Watch()
    found: dict[str, float] = place.inside("reports", path, str(place.runs))
    goals = [Goal(what=f"{CHANGES:,} changes as {name}", most=1, found=seconds, unit="s") for name, seconds in found.items()]
    facts = (f"{CHANGES:,} changes with {fields:,} fields.",)
    return [Section(title="Rendering", goals=goals, facts=facts, others=watch.others())]


def main(path: Path, runs: int) -> None:
    """Render, and print the median seconds of each format."""
    plan = json.loads(path.read_text("utf-8"))
    found = {}
    for name in FORMATS:
        taken = []
        for _run in range(runs):
            begun = time.perf_counter()
            render_plan(plan, name, Style())
            taken.append(time.perf_counter() - begun)
        found[name] = statistics.median(taken)
    sys.stdout.write(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
