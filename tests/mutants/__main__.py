"""Try every mutant, or those whose names are given: `python -m tests.mutants [NAME …]`."""

from __future__ import annotations

import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue

from tests.mutants.breakages import MUTANTS
from tests.mutants.mutant import PASSED, Mutant, copy_to, killed, tried

JOBS = 2


def main(names: list[str]) -> int:
    """How many mutants lived: 0 is what is wanted."""
    chosen = [mutant for mutant in MUTANTS if not names or mutant.name in names]
    if unknown := set(names) - {mutant.name for mutant in chosen}:
        print(f"there is no mutant called {', '.join(sorted(unknown))}")
        return 1
    tests = sorted({mutant.killed_by for mutant in chosen if mutant.killed_by})
    with tempfile.TemporaryDirectory() as scratch:
        copies: SimpleQueue[Path] = SimpleQueue()
        for number in range(JOBS):
            copy = Path(scratch) / str(number)
            copy_to(copy)
            copies.put(copy)
        whole = tried(Path(scratch) / "0", *tests)
        if whole.returncode != PASSED:
            print(whole.stdout[-3000:], "the tests fail on the whole program too", sep="\n")
            return 1
        with ThreadPoolExecutor(JOBS) as pool:
            lived = sum(not died for died in pool.map(lambda mutant: _try(mutant, copies), chosen))
    guarded = sum(bool(mutant.guard) for mutant in chosen)
    print(f"{len(chosen)} mutants: {len(chosen) - lived - guarded} killed, {guarded} covered by another guard, {lived} lived")
    return 1 if lived else 0


def _try(mutant: Mutant, copies: SimpleQueue[Path]) -> bool:
    if mutant.guard:
        print(f"  covered  {mutant.name}: {mutant.guard}", flush=True)
        return True
    copy = copies.get()
    began = time.monotonic()
    try:
        died, words = killed(mutant, copy)
    finally:
        copies.put(copy)
    print(f"  {'killed ' if died else 'LIVED  '}  {mutant.name}  {time.monotonic() - began:.1f} s  {words}", flush=True)
    return died


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
