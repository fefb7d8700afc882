"""Everything live that the rows of a plan are held against, asked of all targets at once.

Platforms answer slowly, and an export of fifty thousand rows takes them long. Each target is asked in threads of its own, as
many as it takes calls at a time; what comes back waits until a document asks for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass

from reconciler.plan.known import Seen
from reconciler.reconcile.abreast import abreast
from reconciler.reconcile.documents import BLACKLIST, Documents
from reconciler.reconcile.optouts import Heard, hear
from reconciler.reconcile.reach import loaded_by
from reconciler.reconcile.session import Session
from reconciler.resource import Address, Desired, Live
from reconciler.target import Target


@dataclass(frozen=True, slots=True)
class _Errand:
    """The live rows of one document."""

    documents: Documents
    desired: Desired
    live: Live | None


def listen(session: Session, names: Sequence[str], seen: Mapping[str, Seen]) -> dict[str, Heard]:
    """Who said no on each of these targets."""
    targets = session.project.targets
    return dict(zip(names, abreast(lambda name: hear(session, targets[name], seen.get(name)), names), strict=True))


def fetch(accounts: Sequence[Documents], selected: Collection[Address]) -> None:
    """Put the live rows that these accounts are asked for into them (`Documents.fetched`)."""
    queues: dict[str, deque[_Errand]] = {}
    targets: dict[str, Target] = {}
    for documents in accounts:
        errands = deque(_errands(documents, selected))
        if errands:
            queues[documents.target.name], targets[documents.target.name] = errands, documents.target

    def work(name: str) -> None:
        queue = queues[name]
        while queue:
            try:
                errand = queue.popleft()
            except IndexError:  # another thread of the target took the last one
                return
            errand.documents.fetch(errand.desired, errand.live)

    abreast(work, [name for name, queue in queues.items() for _ in range(min(targets[name].calls_in_flight, len(queue)))])


def _errands(documents: Documents, selected: Collection[Address]) -> Iterator[_Errand]:
    """What is read whatever the rows of the documents come to. Lists that can only be asked entry by entry come later."""
    platform, target = documents.platform, documents.target
    homes = set()
    for desired in documents.documents:
        if desired.address.kind == "campaign" or not platform.sheet(desired, target).readable:
            continue
        live = documents.live(desired)
        if desired.address.kind == BLACKLIST:
            if platform.supports[BLACKLIST].actions:
                yield _Errand(documents, desired, live)
        elif desired.address in selected and live is not None:
            homes.add(Address(target.name, "campaign", desired.get("campaign")))
            yield _Errand(documents, desired, live)
    for address in sorted(documents.starting - homes):
        owned = documents.memory.owned.get(address)
        live = documents.seen.by_id(owned.id) if owned and address.target == target.name else None
        desired = loaded_by(target, address, documents.documents)
        if live is not None and platform.sheet(desired, target).readable:
            yield _Errand(documents, desired, live)
