"""`make simulate N=100000 [JOBS=2] [SEED=…]`: many histories, or one told in full.

Exit 1 when anything happened that may never happen, or when so many histories did not meet what they should have met.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed

from tests.simulation.history import Played, play, shown
from tests.simulation.script import draw
from tests.simulation.shrink import shrunk
from tests.simulation.tally import Tally

_PIECE = 500
_TOLD_MAX = 5


def played(seeds: range) -> Tally:
    """The sums of some histories."""
    tally = Tally()
    for seed in seeds:
        tally.add(play(draw(seed)))
    return tally


def many(histories: int, jobs: int, first: int) -> Tally:
    """Play histories from a first seed on, in several processes."""
    pieces = [range(start, min(start + _PIECE, first + histories)) for start in range(first, first + histories, _PIECE)]
    tally = Tally()
    if jobs == 1:
        for piece in pieces:
            tally.join(played(piece))
        return tally
    with ProcessPoolExecutor(jobs) as pool:
        for done in as_completed([pool.submit(played, piece) for piece in pieces]):
            tally.join(done.result())
    tally.failed.sort()
    return tally


def tell(story: Played) -> None:
    """One history, its script first."""
    print(f"seed {story.script.seed}")
    print("\n".join(shown(story.script)))
    print("\n".join(f"    {line}" for line in story.trace()))
    print(f"  => {story.violation or 'all is well'}")


def main() -> int:
    """See the module."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation")
    parser.add_argument("-n", "--histories", type=int, default=10_000)
    parser.add_argument("-j", "--jobs", type=int, default=2)
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--seed", type=int, help="tell this history alone")
    asked = parser.parse_args()
    if asked.seed is not None:
        story = play(draw(asked.seed))
        tell(shrunk(story) if story.violation else story)
        return int(bool(story.violation))
    began = time.perf_counter()
    tally = many(asked.histories, asked.jobs, asked.first)
    seconds = time.perf_counter() - began
    print("\n".join(tally.lines()))
    lacking = list(tally.lacking())
    for seed, violation in tally.failed[:_TOLD_MAX]:
        print(f"\nFAILED: seed {seed}: {violation}\n  again: make simulate SEED={seed}\n")
    if tally.failed:
        print("The first of them, shortened:")
        tell(shrunk(play(draw(tally.failed[0][0]))))
    for lack in lacking:
        print(f"LACKING: {lack}")
    speed = f"{tally.histories:,} histories in {seconds:.0f} s, {tally.histories / seconds:,.0f} a second"
    print(f"\n{speed}; {len(tally.failed)} failed")
    return int(bool(tally.failed or lacking))


if __name__ == "__main__":
    sys.exit(main())
