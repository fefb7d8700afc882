"""Drift: what somebody else changed on campaigns of ours since we last wrote or adopted them.

Live is compared with what was applied, not with what is wished: only so can an edit in a console be told from one in a file,
and only so does it show that both sides changed the same thing.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from reconciler.diff import Drift, differences, value_at
from reconciler.plan.known import Memory, Owned, Seen, Unsettled
from reconciler.plan.objects import name_of, written_at
from reconciler.plan.values import Wish
from reconciler.resource import Live, State, Support

STATE: Final = "state"

# A campaign that ended by itself, or whose state is not understood, says nothing about what somebody did.
_SHOWN: Final[Mapping[State, str]] = {
    State.STARTED: State.STARTED.value,
    State.STARTING: State.STARTED.value,
    State.STOPPED: State.STOPPED.value,
    State.STOPPING: State.STOPPED.value,
}


def find_drift(
    wishes: Sequence[Wish],
    seen: Mapping[str, Seen],
    memory: Memory,
    supports: Mapping[str, Support],
    containers: Mapping[str, str],
    *,
    partial: bool,
) -> tuple[Drift, ...]:
    """All drift, by address and path. `supports` = what a target's platform can do for campaigns.

    Where an outcome is unknown, what differs may be our own doing: nothing is said then. A partial run was shown only some
    documents, so that it says nothing of campaigns without one.
    """
    wished = {wish.desired.address: wish for wish in wishes}
    doubtful = {doubt.address for doubt in memory.unsettled}
    claimed = {
        (owned.container, owned.id)
        for address, owned in memory.owned.items()
        if address in wished and address.kind == "campaign"
    }
    found: list[Drift] = []
    for address, owned in memory.owned.items():
        wish, support = wished.get(address), supports.get(address.target)
        here = address.target in seen and owned.container == containers.get(address.target)
        elsewhere = wish is None and (partial or (owned.container, owned.id) in claimed)
        if address.kind != "campaign" or not here or support is None or not support.actions:
            continue
        if elsewhere or address in doubtful:
            continue
        unread = [call for call in memory.unread if call.address == address]
        found += _of_one(wish, owned, seen[address.target], support, unread)
    return tuple(sorted(found, key=lambda drift: (drift.address, drift.path)))


def _of_one(wish: Wish | None, owned: Owned, seen: Seen, support: Support, unread: Sequence[Unsettled]) -> Iterator[Drift]:
    live = seen.by_id(owned.id)
    if live is None:
        if wish is not None and seen.campaigns.complete:  # that nobody wishes it, and it is gone, is as it should be
            name = name_of(wish.desired)
            yield Drift(
                address=owned.address,
                path="",
                applied=owned.name or name,
                live=None,
                wished=name,
                managed=True,
                origin=wish.desired.origin,
            )
        return
    applied = _applied(owned, live, support, unread)
    for path, before, now in differences(applied, {name: live.fields.get(name) for name in applied}):
        yield _drift(owned, wish, path, before, now)
    before, now = owned.applied.get(STATE), None if live.supposed else _SHOWN.get(live.state)
    by_itself = wish is not None and wish.runs_by_itself
    if before and now and before != now and not by_itself and not _ordered(unread, now):
        yield _state_drift(owned, wish, before, now)


def _applied(owned: Owned, live: Live, support: Support, unread: Sequence[Unsettled]) -> dict[str, Any]:
    """The fields as we left them: what a platform took from us and nobody read back counts where it shows."""
    applied = {name: value for name, value in owned.applied.items() if name != STATE and name not in support.unreadable}
    for call in unread:
        for name, value in (call.facts.get("readable") or {}).items():
            if name in applied and live.fields.get(name) == value:
                applied[name] = value
    return applied


def _ordered(unread: Sequence[Unsettled], state: str) -> bool:
    """Whether a call of ours that nobody read back asked for that run state."""
    return any((call.facts.get("readable") or {}).get(STATE) == state for call in unread)


def _drift(owned: Owned, wish: Wish | None, path: str, before: Any, now: Any) -> Drift:
    name = path.partition(".")[0]
    managed = wish is not None and name in wish.stored
    return Drift(
        address=owned.address,
        path=path,
        applied=before,
        live=now,
        wished=value_at(wish.stored, path) if wish is not None and managed else None,
        managed=managed,
        origin=written_at(wish.desired, path) if wish is not None else None,
    )


def _state_drift(owned: Owned, wish: Wish | None, before: str, now: str) -> Drift:
    wished = wish.desired.get(STATE) if wish is not None else None
    stands = wish is not None and not wish.open
    return Drift(
        address=owned.address,
        path=STATE,
        applied=before,
        live=now,
        wished=State.STOPPED.value if wished and stands else wished,
        managed=wished is not None,
        origin=wish.desired.origin_of(STATE) if wish is not None else None,
    )
