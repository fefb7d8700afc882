"""The platforms' side: what they hold, what a request does to it, what they answer, and everything that they do wrong.

One server plays all three families; they differ in which requests ours send. What it did to people it tells the oracle.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from heapq import heappop, heappush
from typing import Any, Final

from reconciler.call import Answer, Call, InDoubt, Page, Refused, Reply
from reconciler.target import READ_AGAIN_S
from tests.simulation.oracle import WHOLE_ACCOUNT, Oracle
from tests.simulation.rows import key_of, names
from tests.simulation.script import Fault, Script, Site
from tests.simulation.world import Killed, World

CALL_S: Final = 0.2
TIMEOUT_S: Final = 65.0
TASK_S: Final = 2.0
STUCK_S: Final = 400.0
LATE_S_MAX: Final = 60
LAG_S: Final = 60.0
LAG_S_MAX: Final = 30
CHANGES_MISSED_MAX: Final = 5
STALE_S: Final = 1.0  # how long a stale replica answers
FRESH_S: Final = 30.0  # how long it takes until one does again: of two looks a few seconds apart, one at most is stale
QUOTA_S: Final = 600.0
# What a plan is made from may be stale, and lag by less than the pause before it looks again. An account that falls back
# further, behind what it has shown already, is more than two looks can notice.
STALE_PLANS = True
PLAN_LAG_S_MAX: Final = READ_AGAIN_S - 1
FOREIGN: Final = "c00"  # somebody else's campaign, which nobody of ours may touch

_HTML: Final = b"<html>"
_TASKS: Final = frozenset({"add_data", "manage_dnd"})
_TASK_FAULTS: Final = frozenset({Fault.TASK_STUCK, Fault.TASK_FAILED, Fault.TASK_FORGOTTEN})
_PLAIN: Final[Mapping[Fault, int]] = {Fault.UNAUTHORISED: 401, Fault.FORBIDDEN: 403, Fault.BUSY: 429, Fault.FAILED_BEFORE: 500}
_PART_FAULTS: Final = frozenset({Fault.FEWER, Fault.FEWER_SAID, Fault.PARTIAL_LOST, Fault.PARTIAL_LATE, Fault.KILLED_HALFWAY})
_STALE_FAULTS: Final = frozenset({Fault.STALE, Fault.LAG})


def _fits(fault: Fault, call: Call) -> bool:
    """Whether a fault can happen to a call: some need a task, some rows of which a part can be done."""
    if fault in _TASK_FAULTS:
        return call.operation in _TASKS
    return fault not in _PART_FAULTS or bool(call.batch and len(call.batch) > 1)


class Campaign:
    """One campaign: its fields, its run state, and how often each row is in it."""

    __slots__ = ("fields", "id", "marker", "name", "rows", "started")

    def __init__(self, identifier: str, name: str, marker: str, fields: dict[str, Any]) -> None:
        self.id = identifier
        self.name = name
        self.marker = marker
        self.fields = fields
        self.started = False
        self.rows: dict[int, int] = {}

    def copy(self) -> Campaign:
        """As it is now."""
        other = Campaign(self.id, self.name, self.marker, dict(self.fields))
        other.started, other.rows = self.started, dict(self.rows)
        return other

    def facts(self) -> tuple[Any, ...]:
        """Everything about it, to be compared."""
        return self.name, self.marker, self.started, tuple(self.fields.items()), tuple(self.rows.items())


class State:
    """What a platform holds: campaigns by id, who is barred (by campaign or in the whole account), and an address book."""

    __slots__ = ("barred", "book", "campaigns")

    def __init__(self) -> None:
        self.campaigns: dict[str, Campaign] = {}
        self.barred: dict[str, set[int]] = {}
        self.book: dict[int, int] = {}

    def copy(self) -> State:
        """As it is now."""
        other = State()
        other.campaigns = {identifier: campaign.copy() for identifier, campaign in self.campaigns.items()}
        other.barred = {scope: set(keys) for scope, keys in self.barred.items()}
        other.book = dict(self.book)
        return other


class Task:
    """Work in the background on some recipients: RUNNING until `ready_s`, then done or failed; or not known any more."""

    __slots__ = ("ends", "people", "ready_s")

    def __init__(self, ready_s: float, ends: str, people: Collection[bytes] = ()) -> None:
        self.ready_s = ready_s
        self.ends = ends
        self.people = frozenset(people)


class Server:
    """One account on one platform."""

    def __init__(self, world: World, oracle: Oracle, script: Script) -> None:
        self.world = world
        self.oracle = oracle
        self.now = State()
        self.tasks: dict[str, Task] = {}
        self.requests = 0
        self._made = 0
        self._late: list[tuple[float, int, Callable[[], object]]] = []
        self._effects = 0
        self._acts_s = 0.0  # when what happens now happens
        self._before: list[tuple[float, State]] = []
        self._remembers = any(strike.fault in _STALE_FAULTS for strike in script.strikes)
        self._stale = (-FRESH_S, self.now)  # until when, and what is shown
        self._lag = (-1.0, 0.0)  # until when, and by how much
        self._shown_s = 0.0  # as of when the newest state was that a reading showed
        self._quota_until_s = -1.0
        foreign = Campaign(FOREIGN, "theirs", "", {"speed": 9, "label": "x"})
        foreign.rows = {900: 1}
        self.now.campaigns[FOREIGN] = foreign
        self._foreign = foreign.facts()

    # --- time

    def catch_up(self) -> None:
        """Let happen what was due by now, each at its own time."""
        while self._late and self._late[0][0] <= self.world.clock_s:
            self._acts_s, _number, effect = heappop(self._late)
            effect()
        self._acts_s = self.world.clock_s

    def later(self, after_s: float, effect: Callable[[], object]) -> None:
        """Let something happen later."""
        self._effects += 1
        heappush(self._late, (self._acts_s + after_s, self._effects, effect))

    def change(self) -> State:
        """The state, about to be changed."""
        if self._remembers:
            self._before.append((self._acts_s, self.now.copy()))
        return self.now

    def foreign_changed(self) -> bool:
        """Whether somebody else's campaign is not as it was."""
        found = self.now.campaigns.get(FOREIGN)
        return found is None or found.facts() != self._foreign

    def at_work_on(self, people: Collection[bytes]) -> bool:
        """Whether a task is still at work on any of these, as the console shows it."""
        return any(self.world.clock_s < task.ready_s and not task.people.isdisjoint(people) for task in self.tasks.values())

    def _as_of(self, clock_s: float) -> State:
        return next((state for changed_s, state in self._before if changed_s > clock_s), self.now)

    # --- writes

    def take(self, call: Call, run: str) -> Answer:
        """One write, and what comes back."""
        world = self.world
        world.pass_s(CALL_S)
        self.catch_up()
        self.requests += 1
        request = self.requests
        self.oracle.asked(request, call, run)
        if world.clock_s < self._quota_until_s:
            return Reply(status=403)
        strike = world.strike(Site.CALL)
        if strike and not _fits(strike.fault, call):
            world.postpone(strike)
            strike = None
        if strike is None:
            return self._answer(self._perform(call, request))
        fault = strike.fault
        world.hit(fault)
        if fault in _PLAIN:
            return Reply(status=_PLAIN[fault])
        if fault in _TASK_FAULTS:
            return self._answer(self._perform(call, request, task=fault))
        return self._struck(fault, strike.size, call, request)

    def _struck(self, fault: Fault, size: int, call: Call, request: int) -> Answer:
        """A write that something is wrong with."""
        world, lost = self.world, InDoubt(reason="no answer")
        first = len(call.batch) // 2 if call.batch else 0
        match fault:
            case Fault.NO_CONNECTION:
                return Refused(reason="no connection")
            case Fault.QUOTA:
                self._quota_until_s = world.clock_s + QUOTA_S
                return Reply(status=403)
            case Fault.LOST_REQUEST:
                world.pass_s(TIMEOUT_S)
                return lost
            case Fault.LATE:
                world.pass_s(TIMEOUT_S)
                self._acts_s = world.clock_s
                self.later(size % LATE_S_MAX, lambda: self._perform(call, request))
                return lost
            case Fault.PARTIAL_LATE:
                self._perform(call, request, until=first)
                world.pass_s(TIMEOUT_S)
                self._acts_s = world.clock_s
                self.later(size % LATE_S_MAX, lambda: self._perform(call, request, since=first))
                return lost
            case Fault.SLOW:
                world.pass_s(TIMEOUT_S - 5)
                return self._answer(self._perform(call, request))
            case Fault.OWN_NO:
                return self._answer({"code": "400"}, status=400)
            case Fault.ERROR_IN_BODY:
                return self._answer({"code": "409"})
            case Fault.HTML_BEFORE:
                return Reply(status=200, body=_HTML)
            case Fault.NOTHING:
                self.oracle.lied(call)
                return self._answer(self._good(call, len(call.batch) if call.batch else 0))
            case Fault.FEWER:
                self.oracle.lied(call)
                self._perform(call, request, until=first)
                return self._answer(self._good(call, len(call.batch or ())))
            case Fault.KILLED_BEFORE:
                raise Killed
            case Fault.KILLED_HALFWAY:
                self._perform(call, request, until=first)
                raise Killed
            case Fault.FEWER_SAID:
                if call.operation in _TASKS:  # a task that is taken says nothing of rows
                    return self._answer(self._perform(call, request, until=first))
                self._perform(call, request, until=first)
                return self._answer(self._good(call, first))
            case Fault.PARTIAL_LOST:
                self._perform(call, request, until=first)
                world.pass_s(TIMEOUT_S)
                return lost
        done = self._perform(call, request)
        match fault:
            case Fault.LOST_RESPONSE:
                world.pass_s(TIMEOUT_S)
                return lost
            case Fault.KILLED_AFTER:
                raise Killed
            case Fault.FAILED_AFTER:
                return Reply(status=502)
            case Fault.HTML_AFTER:
                return Reply(status=200, body=_HTML)
            case Fault.CUT:
                return InDoubt(reason="the answer broke off")
            case Fault.TWICE:  # both at one time: no reading falls between them
                remembers, self._remembers = self._remembers, False
                self._perform(call, request)
                self._remembers = remembers
        return self._answer(done)

    def _answer(self, envelope: Mapping[str, Any], status: int = 200) -> Reply:
        if envelope["code"] == "404":
            status = 404
        return Reply(status=status, page=Page(table="", count=0, envelope=envelope))

    def _good(self, call: Call, rows: int) -> dict[str, Any]:
        """What a platform says that did nothing and says yes."""
        made: dict[str, Any] = {"code": "200", "rows": rows}
        if call.operation == "create":
            made["id"] = "c98"
        if call.operation in _TASKS:
            made["task"] = f"lie-{self.requests}"
            self.tasks[made["task"]] = Task(self.world.clock_s, "done")
        return made

    def _perform(
        self, call: Call, request: int, since: int = 0, until: int | None = None, task: Fault | None = None
    ) -> dict[str, Any]:
        """Do what a request asks, for rows `since` to `until`."""
        good: dict[str, Any] = {"code": "200"}
        order: Mapping[str, Any] = call.json
        campaign = self.now.campaigns.get(order.get("id", ""))
        if "id" in order and campaign is None:
            return {"code": "404"}
        recipients = names(call.batch.recipients)[since:until] if call.batch else []
        good["rows"] = len(recipients)
        match call.operation:
            case "create":
                self._made += 1
                identifier = f"c{self._made:02}"
                made = Campaign(identifier, order["name"], order["marker"], dict(order["fields"]))
                self.change().campaigns[identifier] = made
                self.oracle.made(identifier, request)
                good["id"] = identifier
            case "edit" if campaign:
                self.change()
                campaign.fields |= order["fields"]
            case "start" | "stop" if campaign:
                self.change()
                campaign.started = call.operation == "start"
            case "delete" if campaign:
                self.change().campaigns.pop(campaign.id)
            case "add_record" if campaign:
                self._load(campaign, recipients, request)
            case "remove_record" if campaign:
                self.change()
                for name in recipients:
                    if campaign.rows.pop(key_of(name), 0):
                        self.oracle.unloaded(campaign.id, key_of(name))
            case "bar":
                self.change().barred.setdefault(WHOLE_ACCOUNT, set()).update(map(key_of, recipients))
            case "post_contact":
                book = self.change().book
                for name in recipients:
                    book[key_of(name)] = book.get(key_of(name), 0) + 1
                    self.oracle.reached(name, request, present=book[key_of(name)] > 1, place="book")
            case "add_data" | "manage_dnd":
                good["task"] = self._begin(call, recipients, request, task)
            case "upload" | "send":
                for name in recipients:
                    self.oracle.reached(name, request, present=False)
        return good

    def _load(self, campaign: Campaign, recipients: list[bytes], request: int) -> None:
        self.change()
        for name in recipients:
            key = key_of(name)
            campaign.rows[key] = campaign.rows.get(key, 0) + 1
            self.oracle.reached(name, request, present=campaign.rows[key] > 1, place=campaign.id)

    def _begin(self, call: Call, recipients: list[bytes], request: int, fault: Fault | None) -> str:
        """Begin a task, which does its work a moment later."""
        task = str(call.facts.get("task") or f"task-{request}")
        after_s = STUCK_S if fault is Fault.TASK_STUCK else TASK_S
        ends = {Fault.TASK_FAILED: "failed", Fault.TASK_FORGOTTEN: "unknown"}.get(fault or Fault.SLOW, "done")
        if call.batch and len(recipients) < len(call.batch):
            ends = "failed"
        some = recipients[: len(recipients) // 2] if fault is Fault.TASK_FAILED else recipients
        self.tasks[task] = Task(self._acts_s + after_s, ends, some)
        campaign = self.now.campaigns[call.json["id"]]

        def work() -> None:
            if call.operation == "manage_dnd":
                self.change().barred.setdefault(campaign.id, set()).update(map(key_of, some))
            else:  # rows of a template are never listed, so that nobody can see them twice
                for name in some:
                    self.oracle.reached(name, request, present=False)

        self.later(after_s, work)
        return task

    # --- reads

    def show(self, call: Call, *, planning: bool = False) -> Answer:
        """One read, and what comes back. The wire has repeated it already where that would have helped."""
        world = self.world
        world.pass_s(CALL_S)
        self.catch_up()
        if world.clock_s < self._quota_until_s:
            return Reply(status=403)
        state, incomplete = self.now, False
        fresh = planning and not STALE_PLANS
        strike = world.strike(Site.READ)
        if strike:
            match strike.fault:
                case Fault.READ_LOST:
                    world.hit(strike.fault)
                    world.pass_s(TIMEOUT_S)
                    return InDoubt(reason="no answer")
                case Fault.READ_FAILED:
                    world.hit(strike.fault)
                    return Reply(status=503)
                case Fault.READ_HTML:
                    world.hit(strike.fault)
                    return Reply(status=200, body=_HTML)
                case Fault.STALE | Fault.LAG if fresh:
                    world.postpone(strike)
                case Fault.STALE if world.clock_s < self._stale[0] + FRESH_S:
                    world.postpone(strike)
                case Fault.STALE if self._before:
                    world.hit(strike.fault)
                    changes = min(1 + strike.size % CHANGES_MISSED_MAX, len(self._before))
                    self._stale = (world.clock_s + STALE_S, self._before[-changes][1])
                case Fault.LAG:
                    world.hit(strike.fault)
                    self._lag = (world.clock_s + LAG_S, float(strike.size % LAG_S_MAX))
                case Fault.INCOMPLETE:
                    world.hit(strike.fault)
                    incomplete = True
        if not fresh:
            state = self._seen_state(PLAN_LAG_S_MAX if planning else LAG_S_MAX)
        self.oracle.looked(stale=state is not self.now)
        return self._page(call, state, incomplete=incomplete)

    def _seen_state(self, lag_s_max: float) -> State:
        """What is shown now: what is, unless a stale replica answers or all of them lag."""
        clock_s = self.world.clock_s
        (stale_until_s, stale), (lag_until_s, lag_s) = self._stale, self._lag
        if clock_s <= stale_until_s:
            return stale
        lags = clock_s < lag_until_s
        # What is new may take long to show; what was shown is taken back for a few seconds at most.
        as_of_s = max(clock_s - min(lag_s, lag_s_max), self._shown_s - PLAN_LAG_S_MAX) if lags else clock_s
        self._shown_s = max(self._shown_s, as_of_s)
        return self._as_of(as_of_s) if lags else self.now

    def _page(self, call: Call, state: State, *, incomplete: bool) -> Reply:
        order: Mapping[str, Any] = call.json
        envelope: dict[str, Any] = {"code": "200", "whole": not incomplete}
        match call.operation:
            case "campaigns":
                shown = list(state.campaigns.values())
                envelope["campaigns"] = [campaign.copy() for campaign in (shown[:-1] if incomplete else shown)]
            case "campaign":
                found = state.campaigns.get(order["id"])
                envelope["campaigns"] = [found.copy()] if found else []
            case "records":
                found = state.campaigns.get(order["id"])
                rows = dict(found.rows) if found else {}
                if incomplete and rows:
                    rows.popitem()
                envelope |= {"rows": rows, "code": "200" if found else "404"}
            case "barred":
                envelope["rows"] = dict.fromkeys(state.barred.get(order["scope"], ()), 1)
            case "book":
                envelope["rows"] = dict(state.book)
            case "task":
                envelope["task"] = self._stands(order["task"])
        return Reply(status=200, page=Page(table="", count=0, envelope=envelope))

    def _stands(self, name: str) -> str:
        task = self.tasks.get(name)
        if task is None or task.ends == "unknown":
            return "unknown"
        return "running" if self.world.clock_s < task.ready_s else task.ends
