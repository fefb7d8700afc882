"""The fence around a write: the lease is held for as long as a call may need, and a process that froze past it dies.

Platforms cannot be told whose turn it is. So the kernel is: a timer runs to the end of the lease while a request is on its
way out. A process that is stopped in between, with its machine or alone, is ended by the timer before its next instruction,
and what it was about to send is never sent. Its intent is in the journal, so the next run knows that it is in doubt.

Calls that are made at once, to whichever targets, share the lease, and so its end: one timer runs for as long as a request of
any of them is on its way out. A renewal only ever moves the end away, for all of them.
"""

from __future__ import annotations

import ctypes
import signal
import threading
import time
from dataclasses import dataclass, field
from typing import Final

from reconciler.catalogue import say
from reconciler.errors import JournalBroken, Stale
from reconciler.journal.lease import Held

MARGIN_S: Final = 10.0  # beside a call's own timeout: connecting, and a slow machine
GAP_S: Final = 0.05  # so much earlier than the lease the timer rings; looking and starting must take less


class LeaseFence:
    """See `wire.Fence`. `call_s` is how long a call to the target may take; `beside` the fence of another target under the same
    lease. Whose request has left is known by its thread: a thread makes one call at a time.
    """

    def __init__(self, held: Held, call_s: float, beside: LeaseFence | None = None) -> None:
        self._held = held
        self._needed_s = call_s + MARGIN_S
        self._line: _Line = beside._line if beside else _Line(timer=_Timer())

    def arm(self) -> str:
        """See `wire.Fence`. Begins the lease anew where what is left of it may not be enough."""
        try:
            if self._held.left_s() < self._needed_s:
                self._held.renew()
        except (Stale, JournalBroken) as lost:
            return lost.message
        with self._line.turn:
            while (left_s := self._held.left_s()) > GAP_S:
                self._line.timer.start(left_s - GAP_S)
                # Whoever froze between looking and starting has a timer that rings too late: look again.
                if left_s - self._held.left_s() < GAP_S:
                    self._line.out.add((self, threading.get_ident()))
                    return ""
            self._line.stop_if_nothing_is_out()
        return say("the lock of this run has ended")

    def disarm(self) -> None:
        """See `wire.Fence`."""
        with self._line.turn:
            self._line.out.discard((self, threading.get_ident()))
            self._line.stop_if_nothing_is_out()


@dataclass(slots=True, kw_only=True)
class _Line:
    """What the fences of a run have in common: the timer, and who has a request on its way out: fence and thread."""

    timer: _Timer
    out: set[tuple[LeaseFence, int]] = field(default_factory=set)
    turn: threading.Lock = field(default_factory=threading.Lock)

    def stop_if_nothing_is_out(self) -> None:
        """Let the process live, unless something may still leave."""
        if not self.out:
            self.timer.stop()


class _Spec(ctypes.Structure):
    """itimerspec of timer_settime(2): an interval and a value, each in seconds and nanoseconds."""

    _fields_ = (
        ("interval_s", ctypes.c_long),
        ("interval_ns", ctypes.c_long),
        ("value_s", ctypes.c_long),
        ("value_ns", ctypes.c_long),
    )


class _Timer:
    """One kernel timer that ends the process: SIGALRM with its default action.

    On Linux it runs on the boot clock, which goes on while the machine sleeps; elsewhere on the process' own real time.
    """

    def __init__(self) -> None:
        signal.signal(signal.SIGALRM, signal.SIG_DFL)
        self._library = ctypes.CDLL(None)
        self._timer: ctypes.c_void_p | None = None
        timer = ctypes.c_void_p()
        clock = getattr(time, "CLOCK_BOOTTIME", None)
        # Without an event of its own a timer sends SIGALRM (timer_create(2)).
        if clock is not None and hasattr(self._library, "timer_create"):
            made = self._library.timer_create(ctypes.c_int(clock), None, ctypes.byref(timer))
            self._timer = timer if made == 0 else None

    def start(self, seconds: float) -> None:
        """End the process after that many seconds."""
        self._set(max(seconds, 0.001))

    def stop(self) -> None:
        """Let the process live."""
        self._set(0.0)

    def _set(self, seconds: float) -> None:
        if self._timer is None:
            signal.setitimer(signal.ITIMER_REAL, seconds)
            return
        whole = int(seconds)
        spec = _Spec(0, 0, whole, int((seconds - whole) * 1e9))
        self._library.timer_settime(self._timer, 0, ctypes.byref(spec), None)

    def __del__(self) -> None:
        if self._timer is not None:
            self._library.timer_delete(self._timer)
