"""A million rows against ten million numbers that nobody may contact: preparing the list once, and holding rows against it.

Run as a module it measures one step inside its own process and prints JSON:
`python -m tests.benchmarks.suppression FOLDER STEP`.
"""

from __future__ import annotations

import json
import random
import sys
import time
from pathlib import Path
from typing import Final

from reconciler.resource import Address, Origin
from reconciler.rows import left
from reconciler.rows.engine import Engine
from reconciler.rows.kept import KeptColumns
from reconciler.rows.lists import read_list
from reconciler.rows.prepare import Prepared, prepare
from reconciler.rows.sheet import Column, Sheet
from reconciler.rows.spec import RowsSpec
from reconciler.rows.suppress import suppress
from tests.benchmarks.measure import Watch, own_peak_mb
from tests.benchmarks.place import Place
from tests.benchmarks.results import Goal, Section

ROWS: Final = 1_000_000
NUMBERS: Final = 10_000_000
BARRED: Final = ROWS // 5  # of the rows are on the list
KEY: Final = bytes(range(32))
MEMORY: Final = "1GB"
_PREFIXES: Final = (*range(300, 306), *range(310, 322))  # of Colombia's mobiles; seven digits follow
_EACH: Final = 10_000_000
_SLOTS: Final = NUMBERS + ROWS - BARRED
_ROOM: Final = len(_PREFIXES) * _EACH // _SLOTS
_STRIDE: Final = 73_856_093  # shares no factor with how many slots there are
_SEED: Final = 20_261_122
_CHUNK: Final = 100_000


def measure(place: Place) -> list[Section]:
    """Each step in a process of its own, so that its peak is its own."""
    watch = Watch()
    folder = place.folder / "suppression"
    made = place.inside("suppression", folder, "make")
    prepared = place.inside("suppression", folder, "prepare")
    alone = place.inside("suppression", folder, "rows")
    held = [place.inside("suppression", folder, "hold") for _ in range(place.runs)]
    hold_s = sorted(one["hold_s"] for one in held)[place.runs // 2]
    peak_mb = max(one["peak_mb"] for one in held)
    goals = (
        Goal(what=f"{ROWS:,} rows against {NUMBERS:,} prepared numbers", most=1, found=hold_s, unit="s"),
        Goal(what="memory that the list adds to the rows", most=450, found=peak_mb - alone["peak_mb"], unit="MB"),
    )
    facts = (
        f"{made['megabytes']:,.0f} MB of csv are prepared once, in {prepared['prepare_s']:.1f} s.",
        f"{prepared['kept_mb']:.1f} MB are kept of it.",
        f"Preparing peaks at {prepared['peak_mb']:,.0f} MB, with {MEMORY} allowed.",
        "Held against: the file digested, the prepared column verified and joined, rows taken out and written down.",
        f"{held[0]['out']:,} rows were left out, whose names for the journal took {held[0]['names_s']:.2f} s more.",
        f"The rows alone peak at {alone['peak_mb']:,.0f} MB.",
    )
    return [Section(title="Suppression", goals=goals, facts=facts, others=watch.others())]


def main(folder: Path, step: str) -> None:
    """Do one step, and print what was found."""
    folder.mkdir(parents=True, exist_ok=True)
    steps = {"make": make, "prepare": prepare_list, "rows": rows_alone, "hold": hold}
    sys.stdout.write(json.dumps(steps[step](folder) | {"peak_mb": own_peak_mb()}))


def make(folder: Path) -> dict[str, float]:
    """A list of numbers, and rows of which every fifth is on it."""
    jitter = random.Random(_SEED).randbytes(_SLOTS)  # noqa: S311 - the same numbers each time
    with (folder / "list.csv").open("w", encoding="ascii") as file:
        file.write("telefono\n")
        for start in range(0, NUMBERS, _CHUNK):
            file.writelines(f"{_written(place, jitter)}\n" for place in range(start, start + _CHUNK))
    with (folder / "rows.csv").open("w", encoding="ascii") as file:
        file.write("key,phone\n")
        file.writelines(f"{place},{_written(NUMBERS - BARRED + place, jitter)}\n" for place in range(ROWS))
    return {"megabytes": (folder / "list.csv").stat().st_size / 1e6}


def _written(place: int, jitter: bytes) -> str:
    """A number for each place, in no order, at uneven distances, and none for two."""
    slot = place * _STRIDE % _SLOTS
    each = slot * _ROOM + jitter[slot] % _ROOM
    return f"{_PREFIXES[each // _EACH]}{each % _EACH:07d}"


def prepare_list(folder: Path) -> dict[str, float]:
    """The list, for the first time."""
    begun = time.perf_counter()
    with Engine(key=KEY, memory=MEMORY) as engine:
        found = read_list(engine, _spec(folder, "list.csv"), "", KeptColumns(folder / "cache"))
    assert (found.count, found.unparsable) == (NUMBERS, 0), found
    kept = sum(path.stat().st_size for path in (folder / "cache").iterdir())
    return {"prepare_s": time.perf_counter() - begun, "kept_mb": kept / 1e6}


def rows_alone(folder: Path) -> dict[str, float]:
    """The rows, without any list."""
    with Engine(key=KEY, memory=MEMORY) as engine:
        return {"rows": float(_rows(engine, folder).rows)}


def hold(folder: Path) -> dict[str, float]:
    """The rows against the list, which was prepared before."""
    with Engine(key=KEY, memory=MEMORY) as engine:
        prepared = _rows(engine, folder)
        begun = time.perf_counter()
        found = read_list(engine, _spec(folder, "list.csv"), "", KeptColumns(folder / "cache"))
        took = suppress(engine, prepared, [("suppress:rne", found.table)])
        held = time.perf_counter()
        assert took == {"suppress:rne": BARRED}, took
        names = sum(map(len, left.names(engine, prepared, "suppress:rne", "here", 10_000)))
        return {"hold_s": held - begun, "names_s": time.perf_counter() - held, "out": names // 16}


def _rows(engine: Engine, folder: Path) -> Prepared:
    return prepare(engine, _spec(folder, "rows.csv"))


def _spec(folder: Path, name: str) -> RowsSpec:
    columns = (Column(name="key", required=True), Column(name="phone", phone=True, required=True))
    return RowsSpec(
        address=Address("here", "contacts", "rne"),
        sheet=Sheet(columns=columns, identity=("key",), readable=False),
        source={"file": name},
        folder=folder,
        root=folder,
        country="CO",
        phone_format="national",
        origin=Origin("reconciler.yaml"),
    )


if __name__ == "__main__":
    main(Path(sys.argv[1]), sys.argv[2])
