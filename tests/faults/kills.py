"""Many deaths of the real program, one after another: `make kills N=2000`.

First every named point of every story, at every write call; then whatever a seed draws: two deaths in a row, deaths while a
doubt is settled, processes that freeze past their lease, answers that the journal cannot take. Every scenario can be played
again alone: a violation prints how.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from multiprocessing import get_context
from multiprocessing.util import Finalize
from pathlib import Path
from typing import Any, Final

from tests.faults.nursery import Strike
from tests.faults.points import EMERGENCY_POINTS, HUMAN_POINTS, LEFT, RUN_POINTS, WRITE_POINTS
from tests.faults.yard import ALL, APPLY, LEAP_S, RESOLVE, Broken, Picture, Yard, must, spotless, yard

REFUSED: Final = (0, 4, 5, 6, 8)  # how a process may end that was overtaken, beside by the kernel's timer
SETTLING_POINTS: Final = (
    "lock.before",
    "lock.flocked",
    "lock.inside",
    "lock.after",
    "reading",
    "verdict.before",
    "verdict.inside",
    "verdict.after",
    *HUMAN_POINTS,
    "unlock.inside",
    "unlock.after",
)
DOUBTFUL: Final = ("intent.after", "fence.armed", "request.first", "request.head", "request.half", *LEFT, "outcome.inside")
BATCH: Final = 50  # drawn scenarios between two looks at how many have died
KILLS_A_FREEZE: Final = 20  # among so many deaths at least one process freezes past its lease
FAMILIES: Final = {"again": 4, "resolve": 3, "frozen": 3, "emergency": 1}  # how often each is drawn


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """What happens to one apply of a story (by its place in `ALL`) and to the commands after it."""

    story: int
    family: str
    strikes: tuple[Strike, ...]

    def to_json(self) -> str:
        """As it is given to `--replay`."""
        return json.dumps({"story": self.story, "family": self.family, "strikes": [_short(one) for one in self.strikes]})


def scenario(text: str) -> Scenario:
    """The inverse of `Scenario.to_json`."""
    told = json.loads(text)
    return Scenario(story=told["story"], family=told["family"], strikes=tuple(Strike(**one) for one in told["strikes"]))


def _short(strike: Strike) -> dict[str, Any]:
    return {name: value for name, value in asdict(strike).items() if value != getattr(Strike(), name)}


@dataclass(slots=True)
class Tally:
    """What was played and what came of it."""

    points: Counter[str] = field(default_factory=Counter)
    calls: Counter[str] = field(default_factory=Counter)
    ends: Counter[str] = field(default_factory=Counter)
    verdicts: Counter[str] = field(default_factory=Counter)
    broken: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Take in another's counts."""
        self.points += other.points
        self.calls += other.calls
        self.ends += other.ends
        self.verdicts += other.verdicts
        self.broken += other.broken

    @property
    def deaths(self) -> int:
        """How many processes were killed, by SIGKILL or by the fence's timer."""
        return self.ends["killed"] + self.ends["frozen: ended by the timer"]

    @property
    def freezes(self) -> int:
        """How many processes slept past their lease and went on afterwards."""
        return sum(count for end, count in self.ends.items() if end.startswith("frozen: "))


def play(place: Yard, one: Scenario, *, planned: bool = True) -> Tally:
    """One scenario to its end. Raises Broken when a promise did not hold."""
    picture = place.picture(ALL[one.story])
    place.restore(picture)
    tally = Tally()
    first, *others = one.strikes
    if one.family == "frozen":
        _count(tally, first, frozen(place, picture, first), picture)
    else:
        said = place.run(*APPLY, strike=first)
        must(said.code == -signal.SIGKILL or bool(first.broken), f"not killed: exit code {said.code}")
        _count(tally, first, "killed" if said.code < 0 else "not reached", picture)
        place.quiet()
    begun = len(place.journalled())
    unspent = place.recovered(picture, planned=planned, strikes=others)
    for strike in others[: len(others) - unspent]:
        _count(tally, strike, "killed", picture)
    tally.ends["not reached"] += unspent
    for entry in place.journalled()[begun:]:
        if entry["event"] in ("no_effect", "partial", "human"):
            tally.verdicts[entry["event"] if entry["event"] != "human" else f"human: {entry['facts']['verdict']}"] += 1
    return tally


def _count(tally: Tally, strike: Strike, end: str, picture: Picture) -> None:
    tally.ends[end] += 1
    if end != "not reached":
        tally.points[strike.point] += 1
        reached = {(point, occurrence): call for point, occurrence, call in picture.points}
        tally.calls[f"{picture.story.platform}.{reached.get((strike.point, strike.occurrence)) or 'run'}"] += 1


def frozen(place: Yard, picture: Picture, strike: Strike) -> str:
    """An apply freezes past its lease, another takes over, the first goes on: nothing of it may leave. Says how it ended."""
    first = place.start(*APPLY, strike=strike)
    if not first.stopped():
        # Beside other work the fence's timer may ring before the process has stopped itself: nothing left then either.
        must(first.end().code in (0, 6, -signal.SIGALRM), "it ended before it froze, and badly")
        place.quiet()
        return "not reached"
    if strike.point in LEFT:
        place.quiet()
    place.clock_s = LEAP_S
    inside = strike.point.endswith(
        (".inside", ".flocked")
    )  # the journal's file is locked: nobody takes over, and nothing is lost
    second = place.run(*APPLY, strike=Strike(busy_s=0.1) if inside else Strike())
    must(second.code == 8 if inside else second.code in (0, 6), f"the second one ended with {second.code}: {second.err}")
    operations = {call for _point, _occurrence, call in picture.points if call}
    taken = {operation: place.taken(operation) for operation in operations}
    first.go_on()
    said = spotless(first.end())
    place.quiet()
    if not inside:
        after = {operation: place.taken(operation) for operation in operations}
        must(after == taken, "the first one was overtaken, and something of it still left")
        must(said.code in (-signal.SIGALRM, *REFUSED), f"the first one ended with {said.code}: {said.err[-800:]}")
    return "frozen: ended by the timer" if said.code == -signal.SIGALRM else f"frozen: ended with {said.code}"


# --- which scenarios -----------------------------------------------------------------------------------------------------


def crossed(place: Yard, story: int) -> Iterator[Scenario]:
    """Every point of a story at every write call."""
    for point, occurrence, _call in place.picture(ALL[story]).points:
        yield Scenario(story=story, family="once", strikes=(Strike(point=point, occurrence=occurrence),))


def drawn(place: Yard, seed: int) -> Scenario:
    """What a seed draws; the same for the same seed."""
    chance = random.Random(seed)  # noqa: S311 - repeatable, not secret
    story = chance.randrange(len(ALL))
    picture = place.picture(ALL[story])
    family = chance.choices(tuple(FAMILIES), tuple(FAMILIES.values()))[0]
    if family == "frozen":
        point, occurrence, _ = chance.choice(picture.points)
        return Scenario(story=story, family=family, strikes=(freezing(point, occurrence),))
    if family == "emergency":
        strike = Strike(point=chance.choice(EMERGENCY_POINTS), broken=chance.choice(("outcome", "verdict")))
        return Scenario(story=story, family=family, strikes=(strike,))
    points = [one for one in picture.points if family == "again" or one[0] in DOUBTFUL]
    point, occurrence, _ = chance.choice(points)
    first = Strike(point=point, occurrence=occurrence)
    if family == "again":
        second = Strike(point=chance.choice((*WRITE_POINTS, *RUN_POINTS)), occurrence=chance.choice((0, 0, 1)))
    else:
        second = Strike(point=RESOLVE + chance.choice(SETTLING_POINTS), occurrence=0)
    return Scenario(story=story, family=family, strikes=(first, second))


def freezing(point: str, occurrence: int) -> Strike:
    """Frozen at a point until long after the lease's end."""
    return Strike(point=point, occurrence=occurrence, how="stop", leap_s=LEAP_S)


# --- the command ---------------------------------------------------------------------------------------------------------

_PLACE: dict[str, Yard] = {}
_STACK: Final = ExitStack()


def _settle_in() -> None:
    """A yard for this process, which it keeps."""
    folder = Path(_STACK.enter_context(tempfile.TemporaryDirectory()))
    _PLACE["yard"] = _STACK.enter_context(yard(folder))
    Finalize(None, _STACK.close, exitpriority=1)


def _played(job: tuple[str, str]) -> Tally:
    """One job of a worker: ("story", number), ("seed", number) or ("replay", text)."""
    what, word = job
    place = _PLACE["yard"]
    tally = Tally()
    if what == "story":
        scenarios: Sequence[Scenario] = list(crossed(place, int(word)))
    else:
        scenarios = [drawn(place, int(word)) if what == "seed" else scenario(word)]
    for number, one in enumerate(scenarios):
        try:
            tally.add(play(place, one, planned=(number + len(word)) % 3 == 0))
        except Broken as broken:
            tally.broken.append(f"{broken}\n  again with: python -m tests.faults.kills --replay '{one.to_json()}'")
    return tally


def main(words: Sequence[str]) -> int:
    """Play until enough have died; 1 when a promise did not hold."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.kills", description=__doc__)
    parser.add_argument("--kills", type=int, default=2_000, help="how many deaths are wanted, at least")
    parser.add_argument("--seed", type=int, default=1, help="where the drawn scenarios begin")
    parser.add_argument("--jobs", type=int, default=2, help="how many at once")
    parser.add_argument("--replay", default="", help="one scenario, as it was printed")
    given = parser.parse_args(words)
    total = Tally()
    with ProcessPoolExecutor(given.jobs, mp_context=get_context("spawn"), initializer=_settle_in) as workers:
        if given.replay:
            total.add(workers.submit(_played, ("replay", given.replay)).result())
        else:
            for tally in workers.map(_played, [("story", str(number)) for number in range(len(ALL))]):
                total.add(tally)
                _progress(total)
            print(f"every point at every write call: {total.deaths:,} deaths, {len(total.broken)} violations", flush=True)
            seed = given.seed
            while total.deaths < given.kills or total.freezes < given.kills // KILLS_A_FREEZE:
                for tally in workers.map(_played, [("seed", str(number)) for number in range(seed, seed + BATCH)]):
                    total.add(tally)
                seed += BATCH
                _progress(total)
            print(f"seeds {given.seed} to {seed - 1}")
    for title, counts in (("point", total.points), ("call", total.calls), ("end", total.ends), ("verdict", total.verdicts)):
        print(f"\nby {title}")
        for name, count in sorted(counts.items()):
            print(f"  {count:6,}  {name}")
    print(f"\n{total.deaths:,} deaths, {total.freezes:,} frozen past their lease, {len(total.broken)} violations")
    for number, text in enumerate(total.broken, start=1):
        print(f"\nviolation {number}: {text}")
    return 1 if total.broken else 0


def _progress(total: Tally) -> None:
    print(f"{total.deaths:,} deaths, {len(total.broken)} violations so far", file=sys.stderr, flush=True)
    if total.broken:
        print(total.broken[-1], file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
