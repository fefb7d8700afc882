"""Who may apply: one lease a project, with a holder, an end and an epoch.

The rules are here, as values; each store keeps the one row. A lease that was taken over leaves its former holder with an
older epoch, under which the journal takes no entry. Platforms cannot be told about epochs: for them the wire's fence stands
in (`wire.Fence`), which lets nothing leave after the lease's end.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Final, Protocol

from reconciler.catalogue import say
from reconciler.errors import JournalBroken, Stale

LIFE_S: Final = 180.0  # longer than a call may take, short enough to wait for when a holder has died elsewhere


@dataclass(frozen=True, slots=True, kw_only=True)
class Moment:
    """Now, on the wall's clock and on the boot clock that nobody can set (`boot` is empty where there is none)."""

    now: datetime
    boot: str = ""
    clock_s: float = 0.0


Clock = Callable[[], Moment]


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """Who wants to be the only one, and for how long; `life_s` None = until somebody unlocks. `run` names the lease."""

    run: str
    holder: str
    host: str
    reason: str = ""
    life_s: float | None = LIFE_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """The one row. `run` is empty when nobody holds it; the epoch stays and only grows.

    `until` is None for a person's lock. On the boot that wrote it `until_clock_s` counts, elsewhere the wall's clock. `moved`
    is where the journal lies since it was copied (nothing secret is in it), and empty while it lies here.
    """

    epoch: int = 0
    run: str = ""
    holder: str = ""
    host: str = ""
    reason: str = ""
    since: datetime | None = None
    until: datetime | None = None
    boot: str = ""
    until_clock_s: float = 0.0
    moved: str = ""

    @property
    def free(self) -> bool:
        """Whether nobody holds it."""
        return not self.run

    @property
    def by_person(self) -> bool:
        """Whether a person locked the project, and only a person unlocks it."""
        return bool(self.run) and self.until is None

    def left_s(self, at: Moment) -> float:
        """Seconds until its end; infinite for a person's lock."""
        if self.until is None:
            return float("inf")
        if self.boot and self.boot == at.boot:
            return self.until_clock_s - at.clock_s
        return (self.until - at.now).total_seconds()


def bars(lease: Lease, at: Moment, *, alive: bool) -> bool:
    """Whether it keeps everybody else out.

    `alive` = the holder's process shows that it lives, or cannot be asked from here. An end that has passed frees a lease
    whatever its holder does: a process that is frozen may stay so for ever.
    """
    return not lease.free and (lease.by_person or (alive and lease.left_s(at) > 0))


def taken(before: Lease, claim: Claim, at: Moment, *, alive: bool) -> Lease:
    """The lease after `claim` took it; `held` says who has it. For `alive` see `bars`."""
    if bars(before, at, alive=alive):
        raise held(before)
    return extended(
        Lease(
            epoch=before.epoch + 1,
            run=claim.run,
            holder=claim.holder,
            host=claim.host,
            reason=claim.reason,
            since=at.now,
            boot=at.boot,
        ),
        claim,
        at,
    )


def extended(lease: Lease, claim: Claim, at: Moment) -> Lease:
    """The lease with its whole life before it again."""
    if claim.life_s is None:
        return lease
    until = at.now + timedelta(seconds=claim.life_s)
    return replace(lease, until=until, boot=at.boot, until_clock_s=at.clock_s + claim.life_s)


def released(lease: Lease) -> Lease:
    """The row when nobody holds it any more."""
    return Lease(epoch=lease.epoch)


def moved(lease: Lease, claim: Claim, to: str, at: Moment) -> Lease:
    """The lease of a journal that lies at `to` from now on: a lock of `claim`, which only a person lifts, after `lease`."""
    return replace(taken(released(lease), claim, at, alive=False), moved=to)


def held(lease: Lease) -> Stale | JournalBroken:
    """That somebody else holds the lease: who, where and since when. JournalBroken (JRN008) where the journal has moved."""
    since = lease.since.isoformat(timespec="seconds") if lease.since else "?"
    if lease.moved:
        message = say(
            "the journal lies in {place} now: {holder} moved it, at {since}",
            place=lease.moved,
            holder=lease.holder,
            since=since,
        )
        remedy = say(
            "name that place under 'journal' in reconciler.yaml. Where nothing was ever sent from there, remove it, and "
            "'reconciler unlock {id} --reason TEXT' takes this one back",
            id=lease.run,
        )
        return JournalBroken(message, code="JRN008", remedy=remedy)
    if lease.by_person:
        message = say(
            "{holder} locked the project ({reason}), since {since}", holder=lease.holder, reason=lease.reason, since=since
        )
        remedy = say("'reconciler unlock {id} --reason TEXT' lifts it", id=lease.run)
    else:
        message = say(
            "{holder} on {host} is applying: run {run}, since {since}",
            holder=lease.holder,
            host=lease.host,
            run=lease.run,
            since=since,
        )
        remedy = say("wait for it; when that process is gone, so is the lock")
    return Stale(message, code="LCK001", remedy=remedy)


def lost(lease: Lease) -> Stale:
    """That this run's lease is over, because `lease` has replaced it."""
    message = say("the lock of this run was taken over: run {run} holds it", run=lease.run or "–")
    return Stale(message, code="LCK002", remedy=say("nothing more is sent; run 'reconciler resolve', then plan again"))


class Held(Protocol):
    """A lease in this process' hands. While it is, the journal takes entries under its epoch alone."""

    def left_s(self) -> float:
        """Seconds until its end."""

    def renew(self) -> None:
        """Begin its life anew, durably; Stale (LCK002) when somebody else has it."""
