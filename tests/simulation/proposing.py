"""From documents, a reading and memory to a plan and its jobs, as `reconcile.propose` and `reconcile.listing` make them.

The plan itself is made by the real `make_plan`. Only what would ask files, calendars and policies is left out.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final, cast

from reconciler.apply import Job
from reconciler.kinds import KINDS
from reconciler.plan.known import Memory, Seen
from reconciler.plan.make import Setting, make_plan
from reconciler.plan.values import Change, Plan, TargetState, Wish
from reconciler.platforms.platform import NotReadable, Platform
from reconciler.resource import Address, Desired, Live, Shape
from reconciler.rows.sheet import RowsFeed
from reconciler.target import READ_AGAIN_S, Target
from reconciler.wire import LostError
from tests.simulation import rows
from tests.simulation.process import Account, Points, Process

_SHAPES: Final = {name: kind.shape for name, kind in KINDS.items()}


@dataclass(frozen=True, slots=True)
class Proposal:
    """A plan and what carrying it out needs; a target that showed nothing is not in `seen`. `enforced` are entries of a list
    that no platform keeps, which the journal has to remember: by address, their container and packed names.
    """

    plan: Plan
    jobs: tuple[Job, ...]
    seen: Mapping[str, Seen]
    read_at: datetime
    memory: Memory
    enforced: tuple[tuple[Address, str, bytes], ...] = ()


@dataclass(frozen=True, slots=True)
class _Listed:
    """A document's rows with what they were compared with."""

    desired: Desired
    wished: list[int]
    live: Mapping[int, int] | None
    container: str
    compared: rows.Compared


def propose(process: Process) -> Points[Proposal]:
    """Read everything and make the plan."""
    accounts, journal = process.place.accounts, process.journal
    memory = journal.memory()
    read_at = process.world.now()
    seen: dict[str, Seen] = {}
    states: list[TargetState] = []
    wishes: dict[Address, Wish] = {}
    listed: dict[Address, _Listed] = {}
    enforced: list[tuple[Address, str, bytes]] = []
    for name, account in accounts.items():
        documents = account.wishes.documents()
        first = yield from read(process, name, read_at)
        shown = yield from _looked_again(process, account, memory, first)
        states.append(_state(account.wishes.target, shown, read_at))
        if shown is None:
            continue
        seen[name] = shown
        found: dict[Address, Wish] = {}
        for desired in documents:
            if desired.address.kind == "campaign":
                found[desired.address] = Wish(
                    desired=desired,
                    stored=account.model.as_stored(desired),
                    marker=account.model.marker(desired),
                    container=account.wishes.target.container,
                )
        yield from _Lister(process, account, shown, memory, found, listed, enforced).through(documents)
        wishes |= {desired.address: found[desired.address] for desired in documents if desired.address in found}
    setting = Setting(
        shapes=_SHAPES,
        supports={account.wishes.target.platform: account.model.supports for account in accounts.values()},
        containers={name: account.wishes.target.container for name, account in accounts.items()},
        append_only=frozenset(name for name, account in accounts.items() if not account.model.supports["campaign"].actions),
        states=states,
        calls=lambda _change: 1,
    )
    plan = make_plan(list(wishes.values()), seen, memory, setting, read_at)
    jobs = tuple(
        _job(process, change, wishes, listed, seen[change.address.target], memory)
        for change in plan.changes
        if change.address.target in seen
    )
    return Proposal(plan=plan, jobs=jobs, seen=seen, read_at=read_at, memory=memory, enforced=tuple(enforced))


def read(process: Process, target: str, now: datetime) -> Points[Seen | None]:
    """What the target shows; None where it shows nothing (`reading.read_target`)."""
    try:
        return (yield from process.reading(target, process.place.accounts[target].model.read(now)))
    except (NotReadable, LostError):
        return None


def _looked_again(process: Process, account: Account, memory: Memory, seen: Seen | None) -> Points[Seen | None]:
    """A campaign of ours that is gone is looked for once more (`reading.looked_again`)."""
    documents = account.wishes.documents()
    gone = _gone(documents, memory, seen)
    if seen is None or not gone:
        return seen
    process.world.pass_s(READ_AGAIN_S)
    second = yield from read(process, account.wishes.target.name, process.world.now())
    if second is None or _gone(documents, memory, second) == gone:
        return second
    return replace(second, campaigns=replace(second.campaigns, complete=False, note="two readings differ"))


def _gone(documents: list[Desired], memory: Memory, seen: Seen | None) -> set[Address]:
    if seen is None or not seen.campaigns.complete:
        return set()
    ours = ((desired.address, memory.owned.get(desired.address)) for desired in documents)
    return {address for address, owned in ours if owned and not seen.by_id(owned.id)}


def container_of(target: Target, desired: Desired, live: Live | None) -> str:
    """See `reach.container_of`."""
    if desired.address.kind == "blacklist":
        scope = "|".join(f"{name}={value}" for name, value in sorted((desired.get("scope") or {}).items()))
        return f"{target.container}|blacklist|{scope}"
    if desired.address.kind == "contacts" and not desired.get("campaign"):
        return f"{target.container}|contacts"
    return f"{target.container}|{live.id if live else desired.get('campaign', '')}"


class _Lister:
    """The documents with rows, on their way into the plan (`listing._Lister`)."""

    def __init__(
        self,
        process: Process,
        account: Account,
        seen: Seen,
        memory: Memory,
        wishes: dict[Address, Wish],
        listed: dict[Address, _Listed],
        enforced: list[tuple[Address, str, bytes]],
    ) -> None:
        self.process = process
        self.model = account.model
        self.target = account.wishes.target
        self.seen = seen
        self.memory = memory
        self.wishes = wishes
        self.listed = listed
        self.enforced = enforced
        self.barred: set[int] = set()
        self.adding: dict[str, set[int]] = {}

    def through(self, documents: list[Desired]) -> Points[None]:
        """Address books, then blacklists, then everything that they take rows out of."""
        kinds = {"contacts": 2, "scheduled_sms": 2, "blacklist": 1}
        with_rows = [one for one in documents if one.address.kind != "campaign"]
        for desired in sorted(with_rows, key=lambda one: 0 if _is_book(one) else kinds[one.address.kind]):
            yield from self._list(desired)

    def _list(self, desired: Desired) -> Points[None]:
        natural = desired.address.kind == "blacklist"
        enforced = natural and not self.model.supports["blacklist"].actions
        live_campaign = self._live(desired)
        note, complete, live = "", True, None
        if not enforced:
            try:
                live, complete = yield from self.process.reading(self.target.name, self.model.rows(desired, live_campaign))
            except (NotReadable, LostError):
                note, complete = "not readable", False
        keys: list[int] = list(desired.fields["keys"])
        if enforced:
            self._enforce(desired, keys)
        elif natural:
            self.barred |= set(keys) | (set(live) if live else set())
        elif not _is_book(desired):
            keys = [key for key in keys if key not in self.barred]
        container = container_of(self.target, desired, live_campaign)
        adding = self.adding.setdefault(container, set())
        compared = self._compare(desired, keys, live, container, () if natural else adding)
        if compared.diff.again and not natural:
            complete = complete and (yield from self._read_again(desired, live_campaign, keys, container, compared))
        if not natural:
            adding.update(compared.adds)
        diff = replace(compared.diff, to_add=0) if enforced else compared.diff
        self.listed[desired.address] = _Listed(desired, keys, live, container, compared)
        self.wishes[desired.address] = Wish(
            desired=desired,
            rows=diff,
            rows_note=note,
            rows_complete=complete,
            enforced_by_us=enforced,
            verifiable=natural or live is not None,
            at=desired.get("at", ""),
            container=container,
        )

    def _read_again(
        self, desired: Desired, live_campaign: Live | None, keys: list[int], container: str, compared: rows.Compared
    ) -> Points[bool]:
        """Whether a second reading comes to the same (`listing._read_again`)."""
        self.process.world.pass_s(READ_AGAIN_S)
        try:
            live, complete = yield from self.process.reading(self.target.name, self.model.rows(desired, live_campaign))
        except (NotReadable, LostError):
            return False
        second = self._compare(desired, keys, live, container, self.adding[container])
        return complete and (list(second.adds), list(second.removes)) == (list(compared.adds), list(compared.removes))

    def _enforce(self, desired: Desired, keys: list[int]) -> None:
        """A list that no platform keeps: who was on it once stays out, and the journal has to remember the others."""
        container = container_of(self.target, desired, None)
        remembered = self.process.journal.listed(container)
        new = sorted(recipient for key in keys if (recipient := rows.recipient(container, 1, key)) not in remembered)
        self.barred |= set(keys) | set(map(rows.key_of, remembered))
        if new:
            self.enforced.append((desired.address, container, b"".join(new)))

    def _compare(
        self, desired: Desired, keys: list[int], live: Mapping[int, int] | None, container: str, adding: Any
    ) -> rows.Compared:
        return compare(self.process, desired, keys, live, container, adding, anew=self._anew(desired))

    def _anew(self, desired: Desired) -> bool:
        """Whether every entry is written again: the campaign that the list is for is made now (`listing._anew`)."""
        scope = desired.get("scope")
        return bool(scope) and self._live(desired) is None

    def _live(self, desired: Desired) -> Live | None:
        name = desired.get("campaign") or (desired.get("scope") or {}).get("campaign")
        owned = self.memory.owned.get(Address(self.target.name, "campaign", name)) if name else None
        return self.seen.by_id(owned.id) if owned and owned.container == self.target.container else None


def compare(
    process: Process,
    desired: Desired,
    keys: list[int],
    live: Mapping[int, int] | None,
    container: str,
    adding: Any = (),
    *,
    anew: bool = False,
) -> rows.Compared:
    """A document's rows against what is live and what the journal remembers (`listing._compare`)."""
    journal = process.journal
    natural = desired.address.kind == "blacklist"
    sent = journal.listed(container) if natural else journal.sent(container)
    return rows.compare(
        keys,
        live=live,
        container=container,
        generation=desired.get("generation", 1),
        sent=set() if natural and live is None and anew else sent,
        held=() if natural else journal.held_back(container),
        loaded=journal.loaded(container),
        adding=adding,
        named=desired.fields["keys"],
        removes=desired.get("missing", "keep") == "remove",
        natural=natural,
    )


def _is_book(desired: Desired) -> bool:
    return desired.address.kind == "contacts" and not desired.get("campaign")


def _state(target: Target, seen: Seen | None, now: datetime) -> TargetState:
    return TargetState(
        name=target.name,
        platform=target.platform,
        url=target.url,
        account=target.account,
        simulated=False,
        complete=bool(seen and seen.campaigns.complete),
        read_at=now,
        note=seen.campaigns.note if seen else "not readable",
    )


def _job(
    process: Process,
    change: Change,
    wishes: Mapping[Address, Wish],
    listed: Mapping[Address, _Listed],
    seen: Seen,
    memory: Memory,
) -> Job:
    account = process.place.accounts[change.address.target]
    wish, target, model = wishes.get(change.address), account.wishes.target, account.model
    found = listed.get(change.address)

    def feed(container: str) -> RowsFeed:
        assert found is not None
        compared = found.compared
        if container != found.container:
            compared = compare(process, found.desired, found.wished, found.live, container)
        return process.feed(target.name, compared, container, found.desired.get("generation", 1))

    def container(live: Live | None) -> str:
        if wish is None or _SHAPES[wish.desired.address.kind] is Shape.OBJECT:
            return f"{target.container}|{live.id if live else ''}"
        return container_of(target, wish.desired, live)

    return Job(
        change=change,
        platform=cast("Platform", model),
        target=target,
        support=model.supports[change.address.kind],
        wish=wish,
        live=_bound(change, seen, memory),
        feed=feed if found else None,
        container=container,
    )


def _bound(change: Change, seen: Seen, memory: Memory) -> Live | None:
    if change.live_id:
        return seen.by_id(change.live_id)
    owned = memory.owned.get(change.campaign or change.address)
    return seen.by_id(owned.id) if owned else None
