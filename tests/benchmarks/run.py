"""`make bench`: measures what this project promises of its speed, beside peers where they are installed.

Peers are found on PATH: `terraform`, and in an environment of their own (`python -m venv DIR && DIR/bin/pip install octodns
pandas polars`, then `PATH="$PATH:DIR/bin" make bench`) `octodns-sync` and a `python` that has pandas and Polars. Everything is
made from a seed in a temporary folder. The page is RESULTS.md beside this file, made of RESULTS.json. With names, only those
subjects are measured, and printed; with `--keep-figures` they replace what the page said of them before.
"""

from __future__ import annotations

import argparse
import importlib
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parents[2]))  # run as a file, from anywhere

SUBJECTS: Final = ("start", "campaigns", "rows", "lists", "sets", "suppression", "upload", "journal", "reports")
RESULTS: Final = Path(__file__).with_name("RESULTS.md")
PARTS: Final = RESULTS.with_suffix(".json")


def main() -> None:
    """Measure, print what came out, and keep it when all was measured, or when it is asked for."""
    from tests.benchmarks import results
    from tests.benchmarks.place import Place

    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("subjects", nargs="*", help=f"of {', '.join(SUBJECTS)}; all when left out")
    parser.add_argument("--runs", type=int, default=5, help="of each contender (default: 5)")
    parser.add_argument("--long", action="store_true", help="ten million rows too: half an hour more")
    parser.add_argument(
        "--programs", type=Path, default=Path(sys.executable).parent, help="where what is measured is installed"
    )
    parser.add_argument("--keep-figures", action="store_true", help="of the subjects that are named")
    parser.add_argument("--keep", action="store_true", help="keep the temporary folder")
    options = parser.parse_args()
    if unknown := set(options.subjects) - set(SUBJECTS):
        parser.error(f"there is no subject {', '.join(sorted(unknown))}")
    folder = Path(tempfile.mkdtemp(prefix="reconciler-bench-"))
    words = [*options.subjects, *(["--long"] if options.long else [])]
    command = " ".join(["tests/benchmarks/run.py", *words]) if words else "make bench"
    measured: list[results.Part] = []
    try:
        for name in options.subjects or SUBJECTS:
            begun = time.monotonic()
            place = Place(folder=folder, runs=options.runs, long=options.long, programs=options.programs.absolute())
            sections = importlib.import_module(f"tests.benchmarks.{name}").measure(place)
            measured.append(results.part(name, sections, command))
            sys.stderr.write(f"{name}: {time.monotonic() - begun:.0f} s\n")
    finally:
        if not options.keep:
            shutil.rmtree(folder, ignore_errors=True)
    sys.stdout.write(results.page(measured) + "\n")
    if not options.subjects or options.keep_figures:
        known = {**results.kept(PARTS), **{one.subject: one for one in measured}}
        parts = [known[name] for name in SUBJECTS if name in known]
        results.keep(PARTS, parts)
        RESULTS.write_text(results.page(parts), "utf-8")


if __name__ == "__main__":
    main()
