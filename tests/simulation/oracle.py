"""The oracle: what may never happen, judged by what happened to people and by nothing that the program believes.

Servers tell it whom a request reached; the disk tells it what was written down; it raises `Violation` at the first thing
that may not be. What a platform did by itself (a request applied twice, an effect that it denies and never shows) and what a
colleague did in the console is not held against us, but may not be called VERIFIED where it can be seen.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from reconciler.apply import Run
from reconciler.call import Call
from reconciler.journal.entry import Entry, Event, Stored
from reconciler.journal.recall import NOT_REACHED
from reconciler.plan.known import Unsettled
from reconciler.resource import Action
from tests.simulation.rows import key_of, names
from tests.simulation.script import Family
from tests.simulation.wishes import Wishes
from tests.simulation.world import Violation, World

if TYPE_CHECKING:
    from tests.simulation.disk import Disk
    from tests.simulation.servers import Server

Edge = tuple[Event | None, Event]

WHOLE_ACCOUNT: Final = ""
ACROSS_GENERATIONS = True  # whether a row that is in doubt in one generation may be in the same campaign in no other either
STALE_SETS = True  # whether one stale reading may prove that a field or run state is as it was set
_LISTED_ROWS: Final = frozenset({"add_record", "post_contact", "bar", "remove_record"})


class Oracle:
    """See the module. It looks at the people of one target."""

    def __init__(self, world: World, target: str) -> None:
        self.world = world
        self.target = target
        self.server: Server
        self.edges: Counter[Edge] = Counter()
        self.results: Counter[str] = Counter()
        self.people: Counter[str] = Counter()  # verdicts of persons
        self.reached_by: dict[bytes, set[int]] = {}  # recipient → requests of ours that reached them
        self.copies: Counter[bytes] = Counter()  # recipient → how often it was done, by whomever
        self.excused: set[bytes] = set()  # the platform lied about them where nobody can look, or a person took them over
        self.touched = False  # a colleague was at work since the last reading
        self.removed: set[tuple[str, int]] = set()  # rows that were taken away, by campaign
        self._meddled: set[str] = set()  # campaigns that a colleague changed: an older look at them is no mistake of ours
        self._stale = False
        self._calls: dict[int, tuple[Call, str]] = {}
        self._made: dict[str, int] = {}
        self._barred_at: dict[str, frozenset[int]] = {}
        self._epoch = 0

    # --- what processes do

    def begins(self, run: str, barred: set[int]) -> None:
        """A run begins; these people have opted out by now."""
        self._barred_at[run] = frozenset(barred)

    def ended(self, run: Run) -> None:
        """A run came to its end."""
        for outcome in run.outcomes:
            self.results[outcome.result.value] += outcome.change.address.target == self.target

    def leaves(self, disk: Disk, call: Call, run: str) -> None:
        """A request leaves a process: its intent must be durable, and nobody else may have the lease."""
        found = list(disk.open_intents(run, self.target))
        mine = [
            number
            for number in found
            if disk.entries[number - 1].entry.call == call.operation
            and (not call.batch or disk.columns[number].recipients == call.batch.recipients)
        ]
        if found and not mine:
            raise Violation(f"{call.operation} left under another call's intent")
        if not mine or mine[-1] > disk.synced:
            raise Violation(f"{call.operation} left before its intent was durable")
        if disk.lease.run != run:
            raise Violation(f"{call.operation} was sent by {run}, and {disk.lease.run or 'nobody'} has the lease")

    def in_order(self, epoch: int) -> None:
        """An entry is written, of whichever target."""
        if epoch < self._epoch:
            raise Violation(f"an entry of epoch {epoch} after one of epoch {self._epoch}")
        self._epoch = epoch

    def recorded(self, disk: Disk, stored: Stored, *, late: bool) -> None:
        """An entry of this target is written."""
        entry = stored.entry
        if entry.event is Event.INTENT and entry.action is Action.BLACKLIST_ADD and entry.run in disk.contacting:
            raise Violation(f"{entry.run} bars people after it began to contact some")
        if not entry.operation:
            return
        before = disk.notes.attempts(entry.container, entry.operation)
        if entry.event is Event.INTENT or not before:
            self.edges[None, entry.event] += 1
        elif not late:
            self.edges[before[-1].event, entry.event] += 1
        if late or self.touched or self._was_meddled_with(entry):
            return
        if entry.event is Event.VERIFIED:
            self._truly_verified(disk, stored)
        elif entry.event is Event.NO_EFFECT:
            self._truly_nothing(disk, stored)

    # --- what the platform does

    def asked(self, request: int, call: Call, run: str) -> None:
        """A request arrived."""
        self._calls[request] = (call, run)

    def looked(self, *, stale: bool) -> None:
        """Somebody read the platform's state, or was shown an older one."""
        self.touched = False
        self._stale = stale

    def lied(self, call: Call) -> None:
        """The platform says more than it does; where nobody can look, its people are lost by its doing."""
        if call.batch and call.operation not in _LISTED_ROWS:
            self.excused.update(names(call.batch.recipients))

    def made(self, identifier: str, request: int) -> None:
        """A campaign was made."""
        self._made[identifier] = request

    def reached(self, name: bytes, request: int, *, present: bool, place: str = "") -> None:
        """A request reached a recipient. `present` = the row was in that place already, where rows can be seen."""
        call, run = self._calls[request]
        requests = self.reached_by.setdefault(name, set())
        by_us = request not in requests
        requests.add(request)
        self.copies[name] += 1
        again = len(requests) > 1
        # An address book contacts nobody: an entry that is there twice, after a doubt, harms nobody.
        if by_us and place != "book" and ((present and (again or ACROSS_GENERATIONS)) if place else again):
            raise Violation(f"{call.operation} reached {key_of(name)} a second time ({place or 'unlisted'}), in {run}")
        if place != "book" and key_of(name) in self._barred_at.get(run, ()):
            raise Violation(f"{call.operation} reached {key_of(name)}, who had opted out before {run}")

    def meddled(self, campaign: str) -> None:
        """A colleague changed a campaign."""
        self._meddled.add(campaign)
        self.touched = True

    def unloaded(self, campaign: str, key: int) -> None:
        """A row was taken out of a campaign."""
        self.removed.add((campaign, key))
        self.touched = True

    # --- what a person sees

    def seen_by_person(self, disk: Disk, server: Server, doubt: Unsettled) -> bool | None:
        """A person's verdict on a doubt: whether it happened; None where they would wait.

        Where it happened for some only, it is done, and the person takes care of the others.
        """
        server.catch_up()
        if doubt.action is Action.CREATE:
            return self._is_made(doubt.facts)
        attempts = [one for one in disk.notes.attempts(doubt.container, doubt.operation) if one.rows_at]
        if doubt.action in NOT_REACHED or not attempts:
            return False
        people = names(disk.columns[attempts[-1].rows_at].recipients)
        if server.at_work_on(people):
            return None
        home = server.now.campaigns.get(doubt.container.rsplit("|", 1)[-1])
        there = [
            name for name in people if (key_of(name) in home.rows if home and doubt.call == "add_record" else self.copies[name])
        ]
        verdict = bool(there)
        self.people["done" if verdict else "not-done"] += 1
        if verdict:
            self.excused.update(name for name in people if name not in there)
        return verdict

    # --- judgements

    def _truly_verified(self, disk: Disk, stored: Stored) -> None:
        """What is VERIFIED must be so: everything there, once."""
        entry, server = stored.entry, self.server
        home = _home(entry)
        attempts = disk.notes.attempts(entry.container, entry.operation)
        rows_at = attempts[-1].rows_at if attempts else 0
        match entry.call:
            case "add_record" | "post_contact" | "bar" | "manage_dnd":
                shown = self._shown(entry.call, home, str(entry.facts.get("campaign", "")))
                for name in names(disk.columns[rows_at].recipients) if rows_at else ():
                    key = key_of(name)
                    if shown.get(key, 0) != 1 and (home, key) not in self.removed:
                        raise Violation(f"{entry.call} is VERIFIED, and {key} is there {shown.get(key, 0)} times")
            case "create":
                if str(entry.facts.get("id", "")) not in server.now.campaigns:
                    raise Violation("a campaign is VERIFIED that is not there")
            case "edit" | "start" | "stop":
                self._truly_set(entry.call, entry.facts)
            case "add_data" | "upload" | "send":
                raise Violation(f"{entry.call} cannot be read back, and is VERIFIED")

    def _truly_nothing(self, disk: Disk, stored: Stored) -> None:
        """What is said to have had no effect had none, where a list is all that says so."""
        entry = stored.entry
        attempts = disk.notes.attempts(entry.container, entry.operation)
        match entry.call:
            case "add_record" if attempts and attempts[-1].rows_at:
                shown = self._shown(entry.call, _home(entry), "")
                for name in names(disk.columns[attempts[-1].rows_at].recipients):
                    if key_of(name) in shown:
                        raise Violation(f"{entry.call} is NO_EFFECT, and {key_of(name)} is there")
            case "create" if self._is_made(entry.facts):
                raise Violation("a campaign is NO_EFFECT that is there")

    def _is_made(self, facts: Mapping[str, Any]) -> bool:
        """Whether there is a campaign that a creation with these facts can have made."""
        before = str(facts.get("namesakes", "")).split(",")
        return any(one.name == facts.get("name") and one.id not in before for one in self.server.now.campaigns.values())

    def _was_meddled_with(self, entry: Entry) -> bool:
        return _home(entry) in self._meddled or str(entry.facts.get("id", "")) in self._meddled

    def _truly_set(self, call: str, facts: Mapping[str, Any]) -> None:
        """A campaign that is VERIFIED has the fields, or the run state, that were set."""
        if self._stale and not STALE_SETS:
            return
        campaign = self.server.now.campaigns.get(str(facts.get("id", "")))
        if campaign is None:
            raise Violation(f"{call} is VERIFIED, and the campaign is not there")
        wished = {name: value for name, value in (facts.get("readable") or {}).items() if name != "state"}
        right = all(campaign.fields.get(name) == value for name, value in wished.items())
        if not right or (call != "edit" and campaign.started != (call == "start")):
            raise Violation(f"{call} is VERIFIED, and the campaign is not so")

    def _shown(self, call: str, home: str, campaign: str) -> Mapping[int, int]:
        state = self.server.now
        if call == "add_record":
            found = state.campaigns.get(home)
            return found.rows if found else {}
        if call == "post_contact":
            return state.book
        return dict.fromkeys(state.barred.get(campaign if call == "manage_dnd" else "", ()), 1)

    def rests(self, disk: Disk, wishes: Wishes) -> None:
        """Everything is quiet: nothing is unknown, nothing of others was changed, and everybody wished was reached once."""
        server = self.server
        if server.foreign_changed():
            raise Violation("somebody else's campaign was changed")
        for attempt in disk.notes.by_number.values():
            if attempt.event in (Event.INTENT, Event.AMBIGUOUS, Event.ACKED):
                raise Violation(f"{attempt.call} of {attempt.run} ends {attempt.event.value}")
        owned = disk.notes.by_address.get(wishes.campaign)
        home = server.now.campaigns.get(owned.id) if owned else None
        barred = wishes.barred | server.now.barred.get(WHOLE_ACCOUNT, set())
        for name in wishes.people(owned.id if owned else "", barred):
            there = key_of(name) in home.rows if home and wishes.family is Family.KEYS else self.copies[name]
            if not there and name not in self.excused:
                raise Violation(f"{key_of(name)} is wished and was never reached")


def _home(entry: Entry) -> str:
    """The live campaign of an entry's container."""
    return entry.container.rsplit("|", 1)[-1]
