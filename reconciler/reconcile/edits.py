"""What somebody else changed on campaigns of ours: live against the last applied. Nothing but reads, and no rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from reconciler.diagnostics import Finding
from reconciler.diff import Drift
from reconciler.plan.drift import find_drift
from reconciler.plan.known import Memory
from reconciler.plan.values import TargetState
from reconciler.reconcile.propose import object_wish, selected, written
from reconciler.reconcile.reading import read_targets
from reconciler.reconcile.session import Session
from reconciler.resource import Address, Desired


@dataclass(frozen=True, slots=True, kw_only=True)
class Edits:
    """What was found. At `in_doubt` an outcome is unknown, so that nothing is said of those addresses."""

    drift: tuple[Drift, ...]
    targets: tuple[TargetState, ...]
    in_doubt: tuple[Address, ...]
    findings: tuple[Finding, ...]

    @property
    def complete(self) -> bool:
        """Whether every target showed its whole state."""
        return not self.findings and all(target.complete for target in self.targets)


def find_edits(session: Session, only: Sequence[str]) -> Edits:
    """Compare what is live with what was applied, for the addresses that `only` names; all when it is empty."""
    specs, settings = written(session)
    managed = {
        name for name, target in session.project.targets.items() if session.platform(target).supports["campaign"].actions
    }
    campaigns = [
        wish
        for wish in specs.desired
        if wish.address.kind == "campaign" and wish.address.target in managed and selected(wish, only)
    ]
    now = session.world.now()
    memory = _of_these(session.journal.memory(), campaigns, specs.desired, only)
    readings = read_targets(session, campaigns, memory, now, partial=False)
    seen = {reading.target.name: reading.seen for reading in readings if reading.seen}
    drift = find_drift(
        [
            object_wish(session, wish, seen[wish.address.target], settings, now)
            for wish in campaigns
            if wish.address.target in seen
        ],
        seen,
        memory,
        supports={name: session.platform(session.project.targets[name]).supports["campaign"] for name in managed},
        containers={name: target.container for name, target in session.project.targets.items()},
        partial=False,
    )
    return Edits(
        drift=drift,
        targets=tuple(reading.state for reading in readings),
        in_doubt=tuple(sorted({doubt.address for doubt in memory.unsettled})),
        findings=tuple(reading.finding for reading in readings if reading.finding),
    )


def _of_these(memory: Memory, campaigns: Sequence[Desired], documents: Sequence[Desired], only: Sequence[str]) -> Memory:
    """What is remembered of the campaigns that are asked for; those whose document is gone are asked for by their address."""
    chosen, documented = {wish.address for wish in campaigns}, {wish.address for wish in documents}

    def asked_for(address: Address) -> bool:
        return not only or any(address.matches(glob) for glob in only)

    owned = {
        address: known
        for address, known in memory.owned.items()
        if address.kind == "campaign" and (address in chosen or (address not in documented and asked_for(address)))
    }
    doubts = [doubt for doubt in memory.unsettled if doubt.address in chosen or asked_for(doubt.address)]
    return replace(memory, owned=owned, unsettled=doubts)
