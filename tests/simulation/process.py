"""One process at work on the project: what it has in hand, and how it talks to the platform.

A process is a generator that stops at every point where it could be struck. Whoever drives it may kill it there, freeze it,
or let somebody else act. The fence (`reconcile.fence`) is kept faithfully: the lease is renewed where what is left may not
be enough, a timer of the kernel runs to its end while a request is on its way out, and a process that wakes after it dies.
"""

from __future__ import annotations

from collections.abc import Generator, Mapping
from dataclasses import dataclass
from enum import Enum
from typing import Any, Final, TypeVar

from reconciler.call import Answer, Call, Flow, InDoubt, Refused, Reply, Safety
from reconciler.errors import JournalBroken, Stale
from reconciler.journal.lease import Claim
from reconciler.reconcile.fence import GAP_S, MARGIN_S
from reconciler.wire import TIMEOUT_S, TRIES, LostError
from tests.simulation.disk import Disk, Opened
from tests.simulation.oracle import Oracle
from tests.simulation.platforms import Model
from tests.simulation.rows import Feed
from tests.simulation.servers import Server
from tests.simulation.wishes import Wishes
from tests.simulation.world import World

T = TypeVar("T")

Points = Generator[None, None, T]

PAUSE_S: Final = 1.0
_NEEDED_S: Final = TIMEOUT_S + MARGIN_S
_BUSY: Final = 429


class End(Enum):
    """How a command ended."""

    DONE = "done"
    LOCKED = "somebody else is applying"
    UNSETTLED = "something unknown would be touched"
    BLOCKED = "blocked"
    UNREAD = "the target could not be read"
    STALE = "the lease was lost"
    BROKEN = "the journal takes no more"
    NOTHING = "nothing to do"


@dataclass(frozen=True, slots=True)
class Account:
    """One target: the platform's side and ours, what is wished there, and who looks at what happens to its people."""

    oracle: Oracle
    server: Server
    model: Model
    wishes: Wishes


class Place:
    """Where processes work: one world with one disk, and its targets by name."""

    def __init__(self, world: World, disk: Disk, accounts: Mapping[str, Account]) -> None:
        self.world = world
        self.disk = disk
        self.accounts = accounts
        self.holder: Process | None = None  # whose process has the store's own lock
        self.runs = 0


class Process:
    """See the module. `work` is what it does; `ended` how that came out, None while it lives."""

    def __init__(self, place: Place, name: str) -> None:
        self.place = place
        self.world = place.world
        self.name = name
        place.runs += 1
        self.run = f"run-{place.runs}"
        self.journal: Opened
        self.work: Points[End] | None = None
        self.ended: End | None = None
        self.alive = True
        self.asked_to_stop = False
        self.planning = False
        self.dies_s: float | None = None  # when the kernel's timer ends it, on the clock that nobody sets
        self.out: set[object] = set()  # the requests that are on their way out

    # --- the lock

    def open(self) -> None:
        """Open the journal, which takes in what an emergency file holds."""
        self.journal = Opened(self.place.disk)

    def lock(self) -> None:
        """Be the only one; Stale where somebody else is."""
        holder = self.place.holder
        alive = holder is not None and holder.alive
        self.journal.lock(Claim(run=self.run, holder=self.name, host="here"), alive=alive)
        if not alive:
            self.place.holder = self

    def let_go(self) -> None:
        """Give back what was taken."""
        self.journal.release()
        if self.place.holder is self:
            self.place.holder = None

    # --- the fence

    def arm(self, request: object) -> Points[str]:
        """See `wire.Fence`."""
        held = self.journal.held
        if held is None:
            return "no lease"
        try:
            if held.left_s() < _NEEDED_S:
                held.renew()
        except (Stale, JournalBroken) as lost:
            return lost.message
        while (left_s := held.left_s()) > GAP_S:
            yield
            self.dies_s = self.world.clock_s + left_s - GAP_S
            if left_s - held.left_s() < GAP_S:
                self.out.add(request)
                return ""
        self._stop_if_nothing_is_out()
        return "the lease has ended"

    def disarm(self, request: object) -> None:
        """See `wire.Fence`."""
        self.out.discard(request)
        self._stop_if_nothing_is_out()

    def _stop_if_nothing_is_out(self) -> None:
        if not self.out:
            self.dies_s = None

    @property
    def overdue(self) -> bool:
        """Whether the kernel's timer has rung."""
        return self.dies_s is not None and self.world.clock_s > self.dies_s

    # --- the wire

    def send(self, target: str, call: Call) -> Points[Answer]:
        """One write; what sets a state is repeated where surely nothing happened."""
        account, request = self.place.accounts[target], object()
        for turn in range(TRIES):
            if why := (yield from self.arm(request)):
                return Refused(reason=why, final=True)
            yield
            account.oracle.leaves(self.place.disk, call, self.run)
            answer = account.server.take(call, self.run)
            self.disarm(request)
            self.world.tell(self.name, "sent", call.operation, _short(answer))
            yield
            if turn == TRIES - 1 or not _may_repeat(call.safety, answer):
                break
            self.world.pass_s(PAUSE_S)
        return answer

    def ask(self, target: str, call: Call) -> Points[Answer]:
        """One read."""
        if call.after_s:
            self.world.pass_s(call.after_s)
        yield
        return self.place.accounts[target].server.show(call, planning=self.planning)

    def reading(self, target: str, flow: Flow[T]) -> Points[T]:
        """A flow of reads; LostError where one gets no answer."""
        reply: Reply | None = None
        while True:
            try:
                call = next(flow) if reply is None else flow.send(reply)
            except StopIteration as done:
                return done.value  # type: ignore[no-any-return]  # a generator's value is untyped here
            answer = yield from self.ask(target, call)
            if not isinstance(answer, Reply):
                flow.close()
                raise LostError(answer.reason)
            reply = answer

    def feed(self, target: str, compared: Any, container: str, generation: int) -> Feed:
        """The rows of a document for its writer."""
        return Feed(compared, container, generation, self.place.accounts[target].model.pages.__getitem__)


def _may_repeat(safety: Safety, answer: Answer) -> bool:
    if safety is not Safety.SET:
        return False
    return (isinstance(answer, Refused) and not answer.final) or (isinstance(answer, Reply) and answer.status == _BUSY)


def _short(answer: Answer) -> str:
    if isinstance(answer, Reply):
        return f"{answer.status} {dict(answer.page.envelope) if answer.page else 'no envelope'}"
    return "in doubt" if isinstance(answer, InDoubt) else "refused"
