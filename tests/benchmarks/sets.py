"""A million rows of a file against a million live ones, without a platform: reading, cleaning, naming and comparing alone.

Run as a module it does one step inside a process of its own and prints JSON:
`python -m tests.benchmarks.sets FOLDER STEP`.
"""

from __future__ import annotations

import json
import random
import statistics
import sys
import time
from pathlib import Path
from typing import Any, Final

import duckdb

from reconciler.resource import Address, Origin
from reconciler.rows.compare import compare
from reconciler.rows.engine import Engine
from reconciler.rows.prepare import prepare
from reconciler.rows.sheet import Column, Sheet
from reconciler.rows.spec import RowsSpec
from tests.benchmarks.measure import Watch, own_peak_mb
from tests.benchmarks.place import Place
from tests.benchmarks.results import Goal, Section

ROWS: Final = 1_000_000
KEY: Final = bytes(range(32))
MEMORY: Final = "256MB"
C_JOIN_S: Final = 0.42
"""A hash join in C on one thread, over two csv files of as many rows, seen once on a machine of 2 CPUs and 24 GB."""
C_JOINS: Final = {"csv": 3.0, "parquet": 2.0}
PEAK_MAX_MB: Final = 450
_COLUMNS: Final = ("key", "phone", "name", "last_name", "opt1", "opt2", "opt3", "city")
_CITIES: Final = ("Bogotá", "Medellín", "Cali", "Barranquilla")
_PREFIXES: Final = (300, 301, 302, 303, 304, 305, 310, 311, 312, 313)
_SEED: Final = 20_261_122
_CHANGED: Final = 50  # one row in so many
_ADDED: Final = 100


def measure(place: Place) -> list[Section]:
    """Both forms of file, in turns with the same comparison in bare SQL."""
    watch = Watch()
    folder = place.folder / "sets"
    place.inside("sets", folder, "make")
    steps = ("csv", "parquet", "bare-csv", "bare-parquet")
    found: dict[str, list[dict[str, float]]] = {step: [] for step in steps}
    for _turn in range(place.runs):
        for step in steps:
            found[step].append(place.inside("sets", folder, step))
    wall_s = {step: statistics.median(one["wall_s"] for one in runs) for step, runs in found.items()}
    peak_mb = {step: max(one["peak_mb"] for one in runs) for step, runs in found.items()}
    goals = [
        Goal(what=f"{ROWS:,} rows of {form} × {ROWS:,}, without a platform / a hash join in C", most=most, found=found_ratio)
        for form, most in C_JOINS.items()
        for found_ratio in [wall_s[form] / C_JOIN_S]
    ]
    most_mb = max(peak_mb[form] for form in C_JOINS)
    goals.append(Goal(what=f"the same, peak, memory: {MEMORY}", most=PEAK_MAX_MB, found=most_mb, unit="MB"))
    facts = (
        f"The hash join is a constant: {C_JOIN_S} s on one thread, from csv, seen elsewhere on a machine of this size.",
        *(
            f"{form}: {wall_s[form]:.2f} s and {peak_mb[form]:.0f} MB; the join alone in bare DuckDB "
            f"{wall_s[f'bare-{form}']:.2f} s and {peak_mb[f'bare-{form}']:.0f} MB."
            for form in C_JOINS
        ),
        "Ours also cleans the numbers, finds bad and repeated ones, names whom it reaches by HMAC and digests the set.",
        f"2 % of the rows differ, 1 % are new. Medians of {place.runs}, without the start of Python.",
    )
    return [Section(title="Two sets, without a platform", goals=goals, facts=facts, others=watch.others())]


def main(folder: Path, step: str) -> None:
    """Do one step, and print what was found."""
    folder.mkdir(parents=True, exist_ok=True)
    form = step.removeprefix("bare-")
    found = make(folder) if step == "make" else (joined if step != form else compared)(folder, form)
    sys.stdout.write(json.dumps(found | {"peak_mb": own_peak_mb()}))


def make(folder: Path) -> dict[str, float]:
    """The rows as they shall be and as they are, each as csv and as Parquet."""
    draw = random.Random(_SEED)  # noqa: S311 - the same people each time
    with (
        (folder / "wished.csv").open("w", encoding="utf-8") as wished,
        (folder / "live.csv").open("w", encoding="utf-8") as live,
    ):
        for file in (wished, live):
            file.write(",".join(_COLUMNS) + "\n")
        for place in range(ROWS):
            line = _line(place, draw)
            live.write(line)
            if place % _CHANGED == 7:
                line = line.replace(",2026-12-", "1,2026-12-")
            elif place % _ADDED == 9:
                line = _line(ROWS + place, draw)
            wished.write(line)
    for name in ("wished", "live"):
        source = f"read_csv('{folder / name}.csv', all_varchar = true)"
        duckdb.execute(f"COPY (SELECT * FROM {source}) TO '{folder / name}.parquet'")
    return {}


def _line(place: int, draw: random.Random) -> str:
    number = _PREFIXES[place % len(_PREFIXES)] * 10_000_000 + 1_000_000 + place // len(_PREFIXES)
    return (
        f"CC{10_000_000 + place},+57{number},Persona{draw.randrange(10_000)},Ejemplo{draw.randrange(10_000)},"
        f"{draw.randrange(20_000, 900_000)},2026-12-{draw.randrange(1, 29):02d},crédito,{_CITIES[place % len(_CITIES)]}\n"
    )


def compared(folder: Path, form: str) -> dict[str, Any]:
    """Ours, from two files to counts, persons and a digest."""
    spec = RowsSpec(
        address=Address("here", "contacts", "base"),
        sheet=Sheet(
            columns=tuple(Column(name=name, phone=name == "phone", required=name in ("key", "phone")) for name in _COLUMNS),
            identity=("key",),
            readable=True,
        ),
        source={"file": f"wished.{form}"},
        folder=folder,
        root=folder,
        country="CO",
        phone_format="e164",
        origin=Origin("reconciler.yaml"),
    )
    with Engine(key=KEY, memory=MEMORY) as engine:
        begun = time.perf_counter()
        live = engine.fresh("live")
        engine.run(f"CREATE TABLE {live} AS SELECT * FROM {_read(folder / 'live', form)}")
        found = compare(engine, prepare(engine, spec), live=live, container="here|1", generation=1).diff
        wall_s = time.perf_counter() - begun
    assert (found.to_add, found.changed, len(found.digest)) == (ROWS // _ADDED, ROWS // _CHANGED, 64), found
    return {"wall_s": wall_s}


def joined(folder: Path, form: str) -> dict[str, Any]:
    """The comparison alone, in SQL."""
    database = duckdb.connect(config={"memory_limit": MEMORY})
    begun = time.perf_counter()
    differ = " OR ".join(f"w.{name} <> l.{name}" for name in _COLUMNS[1:])
    found = database.execute(
        f"SELECT count(*) FILTER (WHERE l.key IS NULL), count(*) FILTER (WHERE {differ}) "
        f"FROM {_read(folder / 'wished', form)} w FULL OUTER JOIN {_read(folder / 'live', form)} l USING (key)"
    ).fetchone()
    wall_s = time.perf_counter() - begun
    assert found == (ROWS // _ADDED, ROWS // _CHANGED), found
    return {"wall_s": wall_s}


def _read(path: Path, form: str) -> str:
    return f"read_csv('{path}.csv', all_varchar = true)" if form == "csv" else f"read_parquet('{path}.parquet')"


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
