"""A review held against what would be done now: saved when a plan is made, and judged when it is applied.

First comes what can be known without asking anybody: the file's age and use, the accounts, documents and rows that it was
made from. Then, with the new plan in hand, whether that does no more than the reviewed one.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import TYPE_CHECKING, Final

from reconciler.catalogue import say
from reconciler.cli.planfile import Making, SavedPlan, boot_name
from reconciler.errors import Stale
from reconciler.plan.narrow import Basis, Difference, Excess, narrowing, other_basis
from reconciler.reconcile.propose import Proposal
from reconciler.reconcile.reviewing import basis_of, extent_of, targets_of

if TYPE_CHECKING:
    from reconciler.reconcile.session import Session

_SHOWN: Final = 5


def making(session: Session, proposal: Proposal, basis: Basis, only: tuple[str, ...], at: str | None) -> Making:
    """What a saved plan keeps beside the plan itself. `basis` was taken before the proposal was made."""
    boot, clock_s = session.world.boot()
    targets = targets_of(session, (target.name for target in proposal.plan.targets))
    return Making(
        only=only,
        at=at,
        boot=boot_name(boot),
        clock_s=clock_s,
        basis=replace(basis, targets=targets),
        extent=extent_of(session, proposal),
    )


def still_good(session: Session, saved: SavedPlan, at: datetime | None) -> None:
    """Stale (STL001, STL002, STL003) where a saved plan may not be applied any more; asks no platform. `at` is `--at`."""
    if session.journal.plan_used(saved.seal):
        raise _stale(say("this plan was applied before; a plan is used once"), "STL002")
    # Under `--at` time stands still, so that the boot clock says nothing.
    boot, clock_s = ("", 0.0) if at else session.world.boot()
    if why := saved.too_old(at or session.world.now(), boot, clock_s):
        raise _stale(why, "STL003")
    then = saved.made.basis
    now = replace(basis_of(session, saved.made.only), targets=targets_of(session, then.targets))
    if changed := other_basis(then, now):
        raise _stale(say("the plan was made from something else: {what}", what=_in_words(changed)), "STL001")


def narrowed(session: Session, saved: SavedPlan, proposal: Proposal) -> tuple[Difference, ...]:
    """What the plan of now does less than the saved one; Stale (STL001) where it does anything more, or other."""
    found = narrowing(saved.made.extent, extent_of(session, proposal))
    if not found.within:
        raise _stale(
            say("what would be done now is more than was reviewed, or other: {what}", what=_in_words(found.excess)), "STL001"
        )
    return found.differences


def _in_words(found: Sequence[Excess]) -> str:
    more = [say("and {count:,} more", count=len(found) - _SHOWN)] if len(found) > _SHOWN else []
    return "; ".join([*map(str, found[:_SHOWN]), *more])


def _stale(why: str, code: str) -> Stale:
    return Stale(why, code=code, remedy=say("plan and review again"))
