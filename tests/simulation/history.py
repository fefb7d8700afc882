"""A script played from beginning to end: steps under fire, then peace until nothing is left to do, then the oracle's word."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeVar

from reconciler.journal.lease import LIFE_S
from tests.simulation.actors import meddle, tidy
from tests.simulation.applying import applying
from tests.simulation.disk import Disk
from tests.simulation.oracle import Edge, Oracle
from tests.simulation.platforms import MODELS
from tests.simulation.process import Account, End, Place, Points, Process
from tests.simulation.resolving import judging, resolving
from tests.simulation.script import Fault, Script, Site, Step, Strike, Verb
from tests.simulation.servers import Server
from tests.simulation.wishes import TARGETS, Wishes
from tests.simulation.world import Killed, Violation, World

T = TypeVar("T")

_ROUNDS_MAX: Final = 14  # of peace; then something is never settled
_DEPTH_MAX: Final = 2  # processes that are awake inside one another
_WORK: Final[dict[Verb, Callable[[Process], Points[End]]]] = {
    Verb.APPLY: applying,
    Verb.RESOLVE: resolving,
    Verb.JUDGE: judging,
}
_CONSOLE: Final = frozenset({Fault.EDIT, Fault.SWITCH, Fault.DELETE, Fault.UNLOAD, Fault.BAR})


@dataclass(frozen=True, slots=True)
class Played:
    """What came of a history. `violation` is empty where all is well; the counters are of what was really met."""

    script: Script
    violation: str
    faults: Counter[Fault]
    edges: Counter[Edge]
    results: Counter[str]
    verdicts: Counter[str]
    ends: Counter[End]
    restarts: int
    takeovers: int
    world: World

    def trace(self) -> list[str]:
        """What happened, line by line."""
        return self.world.lines()


def play(script: Script) -> Played:
    """Play a script; the same one gives the same trace."""
    history = _History(script)
    violation = ""
    try:
        history.through()
    except Violation as found:
        violation = str(found)
    except Exception as crash:  # noqa: BLE001 - a crash of the real code is a finding as well
        violation = f"crashed: {crash!r}"
    place = history.place
    oracles = [account.oracle for account in place.accounts.values()]
    return Played(
        script=script,
        violation=violation,
        faults=place.world.met,
        edges=_together(oracle.edges for oracle in oracles),
        results=_together(oracle.results for oracle in oracles),
        verdicts=_together(oracle.people for oracle in oracles),
        ends=history.ends,
        restarts=history.restarts,
        takeovers=history.takeovers,
        world=place.world,
    )


class _History:
    """A script on its way."""

    def __init__(self, script: Script) -> None:
        self.script = script
        self.world = world = World(script.order)
        wished = dict(zip(TARGETS, (script, *([script.beside] if script.beside else [])), strict=False))
        accounts = {target: _account(world, target, one) for target, one in wished.items()}
        disk = Disk(world, {target: account.oracle for target, account in accounts.items()})
        self.place = Place(world, disk, accounts)
        self.ends: Counter[End] = Counter()
        self.restarts = 0
        self.takeovers = 0
        self.awake: list[Process] = []

    def through(self) -> None:
        """Play it all."""
        for step in self.script.steps:
            self._step(step)
        self.world.aim(())
        self.world.pass_s(1_000.0)
        self._peace()
        for account in self.place.accounts.values():
            account.oracle.rests(self.place.disk, account.wishes)

    def _step(self, step: Step) -> None:
        for turn in step.turns:
            self.world.tell("wish:", turn.value)
            for account in self.place.accounts.values():
                account.wishes.turn(turn)
        self.world.pass_s(step.wait_s)
        self.world.aim(step.strikes)
        self._run(step.verb)

    def _peace(self) -> None:
        """Without faults, until an apply finds nothing to do."""
        for _ in range(_ROUNDS_MAX):
            for verb in (Verb.RESOLVE, Verb.JUDGE):
                if self.place.disk.doubtful:
                    self._run(verb)
            end = self._run(Verb.APPLY)
            if end is End.NOTHING:
                return
            if end is End.BLOCKED and not tidy(self.place):
                raise Violation("the plan stays blocked")
        raise Violation("it never comes to rest")

    def _run(self, verb: Verb) -> End | None:
        process = Process(self.place, f"p{self.place.runs + 1}")
        self.world.tell(process.name, verb.value)
        process.work = _WORK[verb](process)
        self._drive(process)
        return process.ended

    def _drive(self, process: Process, points: int = -1) -> None:
        """Let a process work, to its end or for so many points, with whatever strikes it."""
        if process in self.awake:
            return
        self.awake.append(process)
        try:
            while process.alive and points != 0:
                points -= 1
                strike = self.world.strike(Site.POINT)
                if strike:
                    self._happens(strike, process)
                if process.alive:
                    self._advance(process)
        finally:
            self.awake.remove(process)

    def _advance(self, process: Process) -> None:
        assert process.work is not None
        try:
            next(process.work)
        except StopIteration as done:
            process.alive = False
            process.ended = done.value
            self.ends[done.value] += 1
            self.world.tell(process.name, "ends:", done.value.value)
        except Killed:
            self._kill(process)

    def _kill(self, process: Process) -> None:
        """Nothing more of a process happens."""
        process.alive = False
        self.restarts += 1
        if self.place.holder is process:
            self.place.holder = None
        assert process.work is not None
        process.work.close()

    def _happens(self, strike: Strike, process: Process) -> None:
        world, fault = self.world, strike.fault
        match fault:
            case Fault.KILL:
                world.hit(fault)
                self._kill(process)
            case Fault.POWER:
                world.hit(fault)
                for other in (process, *self.awake):
                    if other.alive:
                        self._kill(other)
                self.place.disk.lose_power()
                world.reboot()
            case Fault.STOP:
                world.hit(fault)
                process.asked_to_stop = True
            case Fault.CLOCK_BACK | Fault.CLOCK_AHEAD:
                world.hit(fault)
                jump_s = 60.0 * (1 + strike.size)
                world.wall_ahead_s += jump_s if fault is Fault.CLOCK_AHEAD else -jump_s
            case Fault.FREEZE | Fault.NAP | Fault.SECOND if len(self.awake) < _DEPTH_MAX:
                world.hit(fault)
                self._meanwhile(strike, process)
            case _ if fault in _CONSOLE:
                if meddle(self.place, strike):
                    world.hit(fault)
                else:
                    world.postpone(strike)

    def _meanwhile(self, strike: Strike, process: Process) -> None:
        """A process stands still, while another may be at work; then it wakes, perhaps before the other has ended."""
        if strike.fault is Fault.FREEZE:
            self.world.pass_s(LIFE_S + 1 + strike.size)
        elif strike.fault is Fault.NAP:
            self.world.pass_s(10.0 + strike.size)
            return
        epoch = self.place.disk.lease.epoch
        other = Process(self.place, f"p{self.place.runs + 1}")
        verb = (Verb.APPLY, Verb.RESOLVE)[strike.size % 2]
        self.world.tell(other.name, verb.value, "beside", process.name)
        other.work = _WORK[verb](other)
        self._drive(other, -1 if strike.size < 32 else strike.size - 16)
        if self.place.disk.lease.epoch > epoch:
            self.takeovers += 1
        if process.alive and process.overdue:
            self.world.tell(process.name, "is ended by its timer")
            self._kill(process)
        if other.alive:
            while process.alive:
                self._advance(process)
            self._drive(other)


def _account(world: World, target: str, script: Script) -> Account:
    """A target with what is wished of it."""
    oracle = Oracle(world, target)
    oracle.server = Server(world, oracle, script)
    return Account(oracle, oracle.server, MODELS[script.family](script), Wishes(script, target))


def _together(counters: Iterable[Counter[T]]) -> Counter[T]:
    return sum(counters, Counter())


def shown(script: Script) -> list[str]:
    """A script for people."""
    lines = [_told(script)]
    if script.beside:
        lines.append(f"beside {_told(script.beside)}, in order {script.order}")
    for step in script.steps:
        turns = "".join(f"{turn.value}, " for turn in step.turns)
        wait = f"after {step.wait_s:.0f} s, " if step.wait_s else ""
        strikes = "; ".join(f"{one.fault.title} at {one.fault.site.name.lower()} {one.at} ({one.size})" for one in step.strikes)
        lines.append(f"  {turns}{wait}{step.verb.value}" + (f": {strikes}" if strikes else ""))
    return lines


def _told(script: Script) -> str:
    """What is wished of one target at first."""
    return f"{script.family.value}: {script.rows} rows in calls of {script.rows_max}" + "".join(
        f", {name}"
        for name, on in (
            ("started", script.started),
            ("marked", script.marked),
            ("removes", script.removes),
            ("opted out", script.barred),
            ("named tasks", script.named_tasks),
        )
        if on
    )
