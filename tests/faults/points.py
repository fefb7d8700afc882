"""Named points in the life of a command, and how a process is made to end or to freeze at one of them.

Nothing in the program knows of this: in a child of the nursery the seams between its rooms, and those of the libraries below
it, are wrapped. A point is reached each time its moment comes; a `Strike` names the point and which time. Stages of entries:

    intent, outcome, verdict (read back or settled), human (a person's), begin and end (of the run)

A stage has `.before` (nothing written), `.inside` (written, not committed) and `.after` (durable).
"""

from __future__ import annotations

import fcntl
import io
import json
import os
import signal
import sqlite3
import stat
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from reconciler.call import Answer, Call
from reconciler.journal import emergency, ledger
from reconciler.journal.emergency import SUFFIX, Emergency
from reconciler.journal.entry import Entry, Event
from reconciler.journal.ledger import Ledger
from reconciler.reconcile import carry, session
from reconciler.reconcile.fence import LeaseFence, _Timer
from reconciler.wire import Wire
from tests.faults.nursery import Strike

STAGES: Final = {
    "intent": "intent",
    "acked": "outcome",
    "refused": "outcome",
    "ambiguous": "outcome",
    "verified": "verdict",
    "verified_weak": "verdict",
    "no_effect": "verdict",
    "partial": "verdict",
    "human": "human",
    "run_started": "begin",
    "run_ended": "end",
}

# Every point, in the order in which a run passes them; what each stands for is in its name.
WRITE_POINTS: Final = (
    "intent.before",
    "intent.inside",
    "intent.after",
    "fence.arming",  # what is left of the lease is known, the timer does not run yet
    "fence.armed",
    "request.first",  # before its first byte
    "request.head",  # its headers have left
    "request.half",  # half of its body, too
    "request.sent",  # all of it, and nothing has come back
    "reply.first",  # the platform has answered, and not a byte was read
    "reply.half",  # half of what it answered was read
    "reply.whole",
    "outcome.before",
    "outcome.inside",
    "outcome.after",
    "readback.before",
    "readback.after",
    "verdict.before",
    "verdict.inside",
    "verdict.after",
)
RUN_POINTS: Final = (
    "lock.before",
    "lock.flocked",  # the operating system's lock is held, the lease is not durable
    "lock.inside",
    "lock.after",
    "reading",  # one more answer of the platform, while the plan is made again
    "begin.before",
    "begin.inside",
    "begin.after",
    "end.before",
    "end.inside",
    "end.after",
    "unlock.inside",
    "unlock.after",
)
EMERGENCY_POINTS: Final = ("emergency.before", "emergency.half", "emergency.after")
HUMAN_POINTS: Final = ("human.before", "human.inside", "human.after")  # a person's verdict is recorded
POINTS: Final = frozenset((*RUN_POINTS, *WRITE_POINTS, *EMERGENCY_POINTS, *HUMAN_POINTS))
ARMED: Final = ("fence.armed", "request.first", "request.head", "request.half")  # frozen here, the kernel ends it
LEFT: Final = ("request.sent", "reply.first", "reply.half", "reply.whole", "outcome.before")  # out, and not recorded yet


@dataclass(slots=True)
class Course:
    """How far this process has come."""

    strike: Strike
    reached: Counter[str] = field(default_factory=Counter)
    call: Call | None = None  # the write on its way
    operation: str = ""  # the vendor's name of the last write that was begun
    acknowledged: bool = False
    clock_s: float = 0.0
    expire: Callable[[], None] | None = None  # ends the timer that runs
    full: bool = False

    def due(self, point: str) -> bool:
        """Whether the strike is for this moment."""
        strike, now = self.strike, (point, self.reached[point])
        return strike.how != "census" and now in ((strike.point, strike.occurrence), (strike.then, 0))

    def reach(self, point: str) -> None:
        """This moment has come."""
        assert point in POINTS, point
        if self.strike.census:
            with Path(self.strike.census).open("a", encoding="utf-8") as file:
                file.write(json.dumps([point, self.reached[point], self.operation]) + "\n")
        strikes = self.due(point)
        self.reached[point] += 1
        if strikes:
            self._struck()

    def _struck(self) -> None:
        if self.strike.how == "kill":
            os.kill(os.getpid(), signal.SIGKILL)
        # Time leaps while the process is frozen: on its clocks, and for the kernel's timer, which is over when it goes on.
        # Until then its signal is held back, so that the moment does not depend on how fast the machine is.
        signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
        self.clock_s += self.strike.leap_s
        over = self.expire if self.strike.leap_s else None
        if over:
            over()
        os.kill(os.getpid(), signal.SIGSTOP)
        if over:
            _wait_until_pending(signal.SIGALRM)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGALRM})


def _wait_until_pending(number: signal.Signals) -> None:
    """Until the kernel holds the signal for this process."""
    while number not in signal.sigpending():
        os.sched_yield()


def install(strike: Strike) -> None:
    """Wrap the seams in this process."""
    # Calls are made in threads, and any of them may take a signal of the process: only the one that was struck ever does.
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGALRM})
    course = Course(strike=strike, clock_s=strike.clock_s)
    _world(course)
    _journal(course)
    _lock(course)
    _fence(course)
    _wire(course)
    _stream(course)
    _emergency(course)


def _replace(owner: object, name: str, by: object) -> None:
    """Put something else in the place of a function, in this process alone."""
    setattr(owner, name, by)


# --- clocks --------------------------------------------------------------------------------------------------------------


def _world(course: Course) -> None:
    """Clocks that can be set forward together, and no waiting."""
    real = session.World

    def world(environ: dict[str, str]) -> session.World:
        plain = real(environ=environ)

        def boot() -> tuple[str, float]:
            name, clock_s = plain.boot()
            return name, clock_s + course.clock_s

        return real(
            environ=environ,
            now=lambda: plain.now() + timedelta(seconds=course.clock_s),
            boot=boot,
            sleep=lambda _seconds: None,
        )

    _replace(session, "World", world)


# --- the journal ---------------------------------------------------------------------------------------------------------


def _journal(course: Course) -> None:
    append, append_all, connect = Ledger.append, Ledger.append_all, sqlite3.connect

    def appending(journal: Ledger, entry: Entry, *words: Any, **named: Any) -> Any:
        if entry.event is Event.INTENT:
            course.operation = entry.call
        _stage(course, [entry.event.value], "before")
        return append(journal, entry, *words, **named)

    def appending_all(journal: Ledger, entries: Sequence[Entry], **named: Any) -> None:
        _stage(course, [entry.event.value for entry in entries], "before")
        append_all(journal, entries, **named)

    class Traced(sqlite3.Connection):
        """A connection that knows what its transaction holds."""

        events: tuple[str, ...] = ()
        leased = False

        def execute(self, sql: str, parameters: Any = (), /) -> sqlite3.Cursor:
            words = sql.lstrip().upper()
            if words.startswith("BEGIN"):
                self.events, self.leased = (), False
            elif words.startswith("INSERT INTO ENTRIES"):
                self.events = (*self.events, *(_event(value) for value in parameters if isinstance(value, bytes)))
            elif words.startswith(("INSERT", "UPDATE")) and " LEASE " in words:
                self.leased = True
            if words != "COMMIT":
                return super().execute(sql, parameters)
            return self._committed(sql)

        def _committed(self, sql: str) -> sqlite3.Cursor:
            events, leased = tuple(filter(None, self.events)), self.leased
            stages = {STAGES[event] for event in events if event in STAGES}
            if course.full or course.strike.broken in stages:
                course.full = True
                failure = sqlite3.OperationalError("database or disk is full")
                failure.sqlite_errorcode = sqlite3.SQLITE_FULL
                raise failure
            _stage(course, events, "inside")
            name = ""
            if leased:
                row = super().execute("SELECT run FROM lease").fetchone()
                name = ("renew" if course.reached["lock.after"] else "lock") if row and row[0] else "unlock"
            if name in ("lock", "unlock"):
                course.reach(f"{name}.inside")
            done = super().execute(sql)
            if name in ("lock", "unlock"):
                course.reach(f"{name}.after")
            _stage(course, events, "after")
            return done

    def connecting(*words: Any, **named: Any) -> sqlite3.Connection:
        if course.strike.busy_s:
            named["timeout"] = course.strike.busy_s
        made: sqlite3.Connection = connect(*words, **named, factory=Traced)
        return made

    _replace(Ledger, "append", appending)
    _replace(Ledger, "append_all", appending_all)
    _replace(sqlite3, "connect", connecting)


def _event(body: bytes) -> str:
    """The event of an entry's body, "" for the other columns of an entry."""
    try:
        content = json.loads(body)
    except ValueError:
        return ""
    return str(content["event"]) if isinstance(content, dict) and "event" in content else ""


def _stage(course: Course, events: Sequence[str], moment: str) -> None:
    for stage in dict.fromkeys(STAGES.get(event, "") for event in events):
        if not stage:
            continue
        course.reach(f"{stage}.{moment}")
        if moment == "after" and stage in ("outcome", "verdict"):
            course.acknowledged = stage == "outcome"


def _lock(course: Course) -> None:
    lock, flock = Ledger.lock, fcntl.flock

    def locking(journal: Ledger, *words: Any, **named: Any) -> Any:
        course.reach("lock.before")
        return lock(journal, *words, **named)

    def flocking(descriptor: Any, operation: int) -> None:
        flock(descriptor, operation)
        if operation & fcntl.LOCK_NB and not stat.S_ISDIR(os.fstat(descriptor).st_mode):  # of the journal, and of no folder
            course.reach("lock.flocked")

    _replace(Ledger, "lock", locking)
    _replace(fcntl, "flock", flocking)


# --- the wire ------------------------------------------------------------------------------------------------------------


def _fence(course: Course) -> None:
    arm, start, stop = LeaseFence.arm, _Timer.start, _Timer.stop

    def arming(fence: LeaseFence) -> str:
        why = arm(fence)
        if not why:
            course.reach("fence.armed")
        return why

    def starting(timer: _Timer, seconds: float) -> None:
        course.reach("fence.arming")
        start(timer, seconds)
        course.expire = lambda: start(timer, 0.001)

    def stopping(timer: _Timer) -> None:
        stop(timer)
        course.expire = None

    _replace(LeaseFence, "arm", arming)
    _replace(_Timer, "start", starting)
    _replace(_Timer, "stop", stopping)


def _wire(course: Course) -> None:
    send = Wire.send

    def sending(wire: Wire, call: Call) -> Answer:
        outer, course.call = course.call, call if call.safety.writes else None
        after = course.acknowledged and not call.safety.writes
        if after:
            course.reach("readback.before")
        try:
            answer = send(wire, call)
        finally:
            course.call = outer
        if call.safety.writes:
            course.reach("reply.whole")
        elif after:
            course.reach("readback.after")
        else:
            course.reach("reading")
        return answer

    _replace(Wire, "send", sending)


def _stream(course: Course) -> None:
    """The bytes of a write, below the HTTP library."""
    from httpcore._backends.sync import SyncStream

    write, read = SyncStream.write, SyncStream.read
    at: dict[str, Any] = {}

    def begun() -> bool:
        """Whether bytes are those of a write; what is known of the last one is forgotten when another begins."""
        if course.call is None:
            at.clear()
            return False
        if at.get("call") is not course.call:
            at.clear()
            at["call"] = course.call
        return True

    def writing(stream: SyncStream, buffer: bytes, timeout: float | None = None) -> None:
        if not begun() or not buffer:
            write(stream, buffer, timeout)
            return
        if "head" not in at:
            course.reach("request.first")
            write(stream, buffer, timeout)
            at["head"] = True
            course.reach("request.head")
            return
        if "body" not in at:
            at["body"] = True
            if course.due("request.half"):
                write(stream, buffer[: len(buffer) // 2], timeout)
                course.reach("request.half")
                buffer = buffer[len(buffer) // 2 :]
            else:
                course.reach("request.half")
        write(stream, buffer, timeout)

    def reading(stream: SyncStream, max_bytes: int, timeout: float | None = None) -> bytes:
        if not begun():
            return bytes(read(stream, max_bytes, timeout))
        if "sent" not in at:
            at["sent"] = True
            course.reach("request.sent")
            got = bytes(read(stream, max_bytes, timeout))
            course.reach("reply.first")
            if not course.due("reply.half"):
                course.reach("reply.half")
                return got
            at["rest"] = got[len(got) // 2 :]
            return got[: len(got) // 2]
        if "rest" in at:
            course.reach("reply.half")
            return bytes(at.pop("rest"))
        return bytes(read(stream, max_bytes, timeout))

    _replace(SyncStream, "write", writing)
    _replace(SyncStream, "read", reading)


# --- the emergency file --------------------------------------------------------------------------------------------------


def _emergency(course: Course) -> None:
    keep, opened = emergency.append_emergency, os.fdopen

    class Line(io.BufferedRandom):
        """A file whose writer may be struck in the middle of a line."""

        def write(self, data: Any, /) -> int:
            if course.due("emergency.half"):
                super().write(data[: len(data) // 2])
                self.flush()
            course.reach("emergency.half")
            return super().write(data)

    def keeping(place: Emergency, entry: Entry) -> None:
        course.reach("emergency.before")
        keep(place, entry)
        course.reach("emergency.after")

    def opening(descriptor: int, mode: str = "r", *words: Any, **named: Any) -> Any:
        if mode == "r+b" and Path(f"/proc/self/fd/{descriptor}").readlink().name.endswith(SUFFIX):
            return Line(io.FileIO(descriptor, "r+"))
        return opened(descriptor, mode, *words, **named)

    for user in (carry, ledger):
        _replace(user, "append_emergency", keeping)
    _replace(os, "fdopen", opening)
