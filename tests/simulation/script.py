"""What happens in a history, all of it decided before it begins: a script, drawn from one seed.

A strike names a fault and where it hits: the n-th call, read, commit or point of its step. Where a step has fewer of them,
the strike misses. So a script is data, and one that fails can be shortened by leaving things out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from enum import Enum, IntEnum
from random import Random
from typing import Final


class Site(IntEnum):
    """Where a fault hits: a write, a read, a commit of the journal, or any point between two effects."""

    CALL = 0
    READ = 1
    DISK = 2
    POINT = 3


class Fault(Enum):
    """Everything that goes wrong, by the site that it hits."""

    # the network, and a platform that fails without lying
    NO_CONNECTION = ("call", "no connection")
    LOST_REQUEST = ("call", "request lost")
    LOST_RESPONSE = ("call", "response lost")
    LATE = ("call", "timed out, takes effect late")
    SLOW = ("call", "answer after a minute")
    UNAUTHORISED = ("call", "401")
    FORBIDDEN = ("call", "403")
    BUSY = ("call", "429")
    QUOTA = ("call", "quota exhausted")
    OWN_NO = ("call", "4xx of its own")
    ERROR_IN_BODY = ("call", "200 with an error in the body")
    FAILED_BEFORE = ("call", "5xx without effect")
    FAILED_AFTER = ("call", "5xx with effect")
    HTML_BEFORE = ("call", "HTML without effect")
    HTML_AFTER = ("call", "HTML with effect")
    CUT = ("call", "answer cut off")
    PARTIAL_LOST = ("call", "partial effect, response lost")
    PARTIAL_LATE = ("call", "partial effect now, the rest late")
    FEWER_SAID = ("call", "200 that says fewer")
    KILLED_BEFORE = ("call", "killed in a call that did nothing")
    KILLED_HALFWAY = ("call", "killed in a call that did a part")
    KILLED_AFTER = ("call", "killed in a call that did everything")
    # a platform that lies
    NOTHING = ("call", "200 that did nothing")
    FEWER = ("call", "200 with fewer")
    TWICE = ("call", "applied twice")
    TASK_STUCK = ("call", "task does not end")
    TASK_FAILED = ("call", "task failed in the middle")
    TASK_FORGOTTEN = ("call", "task not known any more")
    # reading
    READ_LOST = ("read", "read without answer")
    READ_FAILED = ("read", "read answered with 5xx")
    READ_HTML = ("read", "read answered with HTML")
    STALE = ("read", "a stale replica for a moment")
    LAG = ("read", "readings lag behind")
    INCOMPLETE = ("read", "incomplete reading")
    # the disk
    ENOSPC = ("disk", "ENOSPC")
    EIO_LOST = ("disk", "EIO at a sync, entry lost")
    EIO_KEPT = ("disk", "EIO at a sync, entry kept")
    EMERGENCY_FULL = ("disk", "ENOSPC, emergency file too")
    EMERGENCY_TORN = ("disk", "ENOSPC, killed in the emergency line")
    # processes, people, clocks
    KILL = ("point", "kill -9")
    POWER = ("point", "power loss and reboot")
    FREEZE = ("point", "frozen past its lease")
    NAP = ("point", "frozen within its lease")
    SECOND = ("point", "a second applier")
    STOP = ("point", "asked to stop")
    CLOCK_BACK = ("point", "wall clock back")
    CLOCK_AHEAD = ("point", "wall clock ahead")
    EDIT = ("point", "console: fields edited")
    SWITCH = ("point", "console: started or stopped")
    DELETE = ("point", "console: campaign deleted")
    UNLOAD = ("point", "console: row removed")
    BAR = ("point", "console: blacklist entry")

    def __init__(self, site: str, title: str) -> None:
        self.site = Site[site.upper()]
        self.title = title


class Family(Enum):
    """The three families of platforms: what can be listed, what is a task, what is never seen again."""

    KEYS = "keys"
    TASKS = "tasks"
    BLIND = "blind"


class Verb(Enum):
    """What a step does."""

    APPLY = "apply"
    RESOLVE = "resolve"
    JUDGE = "judge"


class Turn(Enum):
    """How the wish changes before a step."""

    GROW = "rows grow"
    SHRINK = "rows shrink"
    ONE_MORE = "one row more"
    RENAME = "document renamed"
    COPY = "document copied"
    GENERATION = "generation raised"
    FIELDS = "fields changed"
    STATE = "state changed"
    BAR = "somebody opts out"
    DROP = "documents removed"
    BACK = "documents back"


@dataclass(frozen=True, slots=True)
class Strike:
    """A fault at the `at`-th occasion of its site in a step (from 0). `size` says how much, where the fault has a measure."""

    fault: Fault
    at: int
    size: int = 0


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that somebody does, after the wish has changed and some time has passed, and what strikes meanwhile."""

    verb: Verb
    turns: tuple[Turn, ...] = ()
    wait_s: float = 0.0
    strikes: tuple[Strike, ...] = ()


@dataclass(frozen=True, slots=True)
class Script:
    """A whole history. `rows` are wished at first, in calls of at most `rows_max`."""

    seed: int
    family: Family
    rows: int
    rows_max: int
    steps: tuple[Step, ...]
    started: bool = False  # the campaign is wished to run from the first
    marked: bool = True  # campaigns carry our mark
    removes: bool = False  # rows that are no longer wished are taken away
    barred: int = 0  # how many of the rows' people have opted out from the first
    named_tasks: bool = False  # tasks are named by who orders them
    beside: Script | None = None  # what is wished of a second target at the same time; its steps are these
    order: int = 0  # from which follows the order in which the lanes of two targets go on

    @property
    def at_once(self) -> int:
        """How many calls a target takes at a time: two in half of the histories."""
        return 1 + self.seed % 2

    @property
    def strikes(self) -> tuple[Strike, ...]:
        """Every strike of every step."""
        return tuple(strike for step in self.steps for strike in step.strikes)


# What needs a task, several rows or a row that is there finds less to hit, and is aimed more often.
_OFTEN: Final = frozenset(
    {
        *(Fault.PARTIAL_LOST, Fault.PARTIAL_LATE, Fault.FEWER_SAID, Fault.KILLED_HALFWAY, Fault.FEWER),
        *(Fault.TASK_STUCK, Fault.TASK_FAILED, Fault.TASK_FORGOTTEN, Fault.UNLOAD),
    }
)
_FAULTS: Final = {
    site: tuple(fault for fault in Fault if fault.site is site for _ in range(3 if fault in _OFTEN else 1)) for site in Site
}
_SITES: Final = (Site.CALL,) * 12 + (Site.READ,) * 2 + (Site.DISK,) * 2 + (Site.POINT,) * 6
_SITES_UNWRITTEN: Final = (Site.READ,) * 3 + (Site.DISK,) + (Site.POINT,) * 2  # of a step that only reads
_REACH: Final = (6, 8, 16, 60)  # how far into a step strikes are aimed, by site
_REACH_UNWRITTEN: Final = (0, 3, 4, 16)
_TURNS: Final = tuple(Turn)
_STRIKES: Final = (0, 1, 1, 2, 2, 3, 4)
_BESIDE_SHARE: Final = 0.35  # of histories have a second target
_WAITS_S: Final = (0.0, 0.0, 1.0, 30.0, 400.0)


def draw(seed: int) -> Script:
    """The script of a seed; the same one for ever."""
    random = Random(seed)  # noqa: S311 - chance that can be told again, no secret
    chance, pick = random.random, random.choice
    family = pick((Family.KEYS, Family.KEYS, Family.TASKS, Family.TASKS, Family.BLIND))
    steps = []
    for number in range(pick((1, 1, 2, 2, 3))):
        turns = tuple(pick(_TURNS) for _ in range(pick((0, 1, 1, 2)))) if number else ()
        steps.append(Step(Verb.APPLY, turns, pick(_WAITS_S), _strikes(random, _SITES, _REACH)))
        if chance() < 0.5:
            verb = Verb.RESOLVE if chance() < 0.8 else Verb.JUDGE
            steps.append(Step(verb, (), pick(_WAITS_S), _strikes(random, _SITES_UNWRITTEN, _REACH_UNWRITTEN)))
    alone = _wished(random, seed, family, tuple(steps))
    if chance() >= _BESIDE_SHARE:
        return alone
    beside = _wished(random, seed, pick(tuple(Family)), tuple(steps))
    # Whether campaigns carry our mark is the platform's, and both may be of one.
    return replace(alone, beside=replace(beside, marked=alone.marked), order=random.randrange(1 << 16))


def _wished(random: Random, seed: int, family: Family, steps: tuple[Step, ...]) -> Script:
    """What is wished of one target at first."""
    chance, pick = random.random, random.choice
    return Script(
        seed=seed,
        family=family,
        rows=pick((0, 1, 2, 3, 4, 5)),
        rows_max=pick((1, 2, 2, 3)),
        steps=steps,
        started=chance() < 0.5,
        marked=chance() < 0.5,
        removes=chance() < 0.3,
        barred=pick((0, 0, 1)),
        named_tasks=chance() < 0.3,
    )


def _strikes(random: Random, sites: Sequence[Site], reach: Sequence[int]) -> tuple[Strike, ...]:
    found = []
    for _ in range(random.choice(_STRIKES)):
        site = random.choice(sites)
        at = int(reach[site] * random.random() * random.random())
        found.append(Strike(random.choice(_FAULTS[site]), at, random.randrange(64)))
    return tuple(found)
