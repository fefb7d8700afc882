"""Whether a plan that was made again does no more than the one that was reviewed.

The world moves between a review and its apply: somebody opts out, another run loads rows, a window closes. A plan that only
became less is carried out, and says so; a plan that does anything more, or anything else, is stale. Two plans are compared
by their substance (what the digest covers) and by the names of those whom they are about: keyed digests, which tell nothing
to who lacks the journal's key. When it cannot be told, it is more.
"""

from __future__ import annotations

import hashlib
from array import array
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, NamedTuple

from reconciler.calendar import instant
from reconciler.catalogue import say
from reconciler.resource import Action, Address
from reconciler.rows.sheet import Verb

NAME_BYTES: Final = 8
REACHED: Final = "start"
"""Beside the verbs of rows: whom the start of a campaign reaches, all who can be dialled in it then."""

_ON_APPLY: Final = "on_apply"
_NO_COUNTS: Final[Mapping[str, int]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Names:
    """Those whom one thing is done to: `count` of them, the SHA-256 (hex) over their sorted 8-byte names, and the names.

    `packed` is None where they are too many to be kept; such sets are equal or not, and nothing more is known of them.
    """

    count: int
    digest: str
    packed: bytes | None = None

    @classmethod
    def of(cls, packed: bytes) -> Names:
        """The set of some sorted names, each once."""
        return cls(count=len(packed) // NAME_BYTES, digest=hashlib.sha256(packed).hexdigest(), packed=packed)

    def within(self, other: Names) -> bool:
        """Whether all of these are surely among the others. At most `NAMES_MAX` names of a file become numbers here."""
        if not self.count or self.digest == other.digest:
            return True
        if self.packed is None or other.packed is None or self.count > other.count:
            return False
        return set(array("Q", self.packed)) <= set(array("Q", other.packed))


NAMES_MAX: Final = 200_000
"""Names that a saved plan keeps, over all its sets; of the sets beyond it only their digests are kept."""
NOBODY: Final = Names.of(b"")
_NO_SETS: Final[Mapping[str, Names]] = {}


@dataclass(frozen=True, slots=True, kw_only=True)
class Basis:
    """What a plan was made from, known without asking a platform: keyed digests, by target and by address.

    `journal` tells one journal's key from another's; under another key none of the others can be compared. `documents` are
    fields as they were understood, `sources` rows as they were read and understood, before anybody was taken out.
    """

    journal: str
    policy: str
    targets: Mapping[str, str] = field(default_factory=dict)
    documents: Mapping[str, str] = field(default_factory=dict)
    sources: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Extent:
    """What a plan does and to whom. `substance` is what its digest covers, `people` how many it reaches.

    By address: `names` by verb (`add`, …) or `start`, `homes` the campaign that rows go into, `suppressed` the rows left out
    by reason, `again` the rows that were loaded before and are gone, `edits` what somebody set in a console where the plan sets
    something else.
    """

    substance: Mapping[str, Any]
    people: int = 0
    names: Mapping[str, Mapping[str, Names]] = field(default_factory=dict)
    homes: Mapping[str, str] = field(default_factory=dict)
    suppressed: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    again: Mapping[str, int] = field(default_factory=dict)
    edits: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def deletes(self) -> int:
        """How many addresses would be deleted."""
        return sum(step.action is Action.DELETE for step in _steps(self).values())

    def of(self, address: str, what: str) -> Names:
        """Those to whom `what` is done at `address`."""
        return self.names.get(address, _NO_SETS).get(what, NOBODY)


@dataclass(frozen=True, slots=True, kw_only=True)
class Excess:
    """Something that is more than was reviewed, or other. `address` is "" for what concerns the plan as a whole."""

    address: str
    what: str

    def __str__(self) -> str:
        return f"{self.address}: {self.what}" if self.address else self.what


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A step that became less, or one that was added because it protects people. Counts are rows, or 1 for an object."""

    address: str
    action: str
    reviewed: int
    now: int
    why: str

    def to_json(self) -> dict[str, Any]:
        """The difference as the run's JSON and the journal know it."""
        return {
            "address": self.address,
            "action": self.action,
            "reviewed": self.reviewed,
            "now": self.now,
            "why": self.why,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Narrowing:
    """A plan against the reviewed one: what is more in it, or, when nothing is, what became less."""

    excess: tuple[Excess, ...] = ()
    differences: tuple[Difference, ...] = ()

    @property
    def within(self) -> bool:
        """Whether the plan does nothing that was not reviewed."""
        return not self.excess


class _Step(NamedTuple):
    """One change as the substance has it."""

    address: str
    action: Action
    live_id: str
    fields: list[Any]
    rows: int

    @property
    def size(self) -> int:
        return self.rows or 1


def other_basis(reviewed: Basis, now: Basis) -> tuple[Excess, ...]:
    """What a plan would be made from now that is not what the reviewed one was made from; () where it is the same."""
    if reviewed.journal != now.journal:
        return (Excess(address="", what=say("the journal is another one, or has another key")),)
    found = [Excess(address="", what=say("the policies were changed"))] if reviewed.policy != now.policy else []
    found += _unlike(reviewed.targets, now.targets, say("the target is another one, or was set up otherwise"))
    found += _unlike(reviewed.documents, now.documents, say("its document was changed, added or removed"))
    found += _unlike(reviewed.sources, now.sources, say("the rows of its source were changed"))
    return tuple(found)


def _unlike(reviewed: Mapping[str, str], now: Mapping[str, str], what: str) -> list[Excess]:
    names = sorted({*reviewed, *now})
    return [Excess(address=name, what=what) for name in names if reviewed.get(name) != now.get(name)]


def narrowing(reviewed: Extent, now: Extent) -> Narrowing:
    """How a plan stands to the reviewed one. Both were made from the same `Basis`; the caller has made sure of it.

    Plans of the same digest may differ as well: whom a start reaches is no part of a digest.
    """
    excess = tuple(dict.fromkeys(_more(reviewed, now)))
    return Narrowing(excess=excess) if excess else Narrowing(differences=tuple(_less(reviewed, now)))


def _steps(extent: Extent) -> dict[str, _Step]:
    """The changes of a plan by their keys."""
    return {
        key: _Step(key.partition(" ")[2], Action(key.partition(" ")[0]), live_id, fields, rows)
        for key, live_id, fields, rows in extent.substance["changes"]
    }


def _more(reviewed: Extent, now: Extent) -> Iterator[Excess]:
    for part in ("format", "targets", "policy"):
        if reviewed.substance[part] != now.substance[part]:
            yield Excess(address="", what=say("the targets, the policies or the form of plans are others"))
    if now.people > reviewed.people:
        more = now.people - reviewed.people
        yield Excess(address="", what=say("{count:,} more people would be contacted", count=more))
    before, here = _steps(reviewed), _steps(now)
    known: set[str] = set()
    for key, step in here.items():
        if not step.action.protects:
            yield from _step_more(step, before.get(key))
            known |= {step.address} if key in before else set()
    yield from _people_more(reviewed, now)
    yield from _meanwhile(reviewed, now, known)
    yield from _unbalanced(reviewed, before, here)
    yield from _judged_otherwise(reviewed, now, known)
    for address in sorted(known & set(now.edits)):
        if not set(now.edits[address]) <= set(reviewed.edits.get(address, ())):
            yield Excess(address=address, what=say("somebody changed it in a console since the review"))


def _step_more(step: _Step, before: _Step | None) -> Iterator[Excess]:
    """A change that was not reviewed, not so, or not for so many."""
    action = step.action.value
    if before is None:
        yield Excess(address=step.address, what=say("'{action}' was not reviewed", action=action))
    elif (step.live_id, step.fields) != (before.live_id, before.fields):
        yield Excess(
            address=step.address, what=say("'{action}' would set other fields, or change another object", action=action)
        )
    elif step.rows > before.rows:
        more = step.rows - before.rows
        yield Excess(address=step.address, what=say("'{action}' of {count:,} more rows", action=action, count=more))


def _people_more(reviewed: Extent, now: Extent) -> Iterator[Excess]:
    """Rows and people that were not among those reviewed. More entries of a blacklist protect."""
    for address, sets in now.names.items():
        for what, names in sets.items():
            then = reviewed.of(address, what)
            if (_kind(address) == "blacklist" and what == Verb.ADD.value) or names.within(then):
                continue
            if then.packed is None:
                words = say("{count:,} were too many to keep their names, so that any difference is stale", count=then.count)
            elif what == REACHED:
                words = say("its start would reach people who were not reviewed")
            elif Verb(what).touches:
                words = say("'{verb}' of rows that were not reviewed, or that somebody changed since", verb=what)
            else:
                words = say("'{verb}' of rows that were not reviewed", verb=what)
            yield Excess(address=address, what=words)


def _meanwhile(reviewed: Extent, now: Extent, known: set[str]) -> Iterator[Excess]:
    """Addresses at which something was carried out since the review, but for rows of which fewer are left. `known` are those
    with something to do that was reviewed.
    """
    counts: Mapping[str, int] = reviewed.substance["occurrences"]
    for address, count in now.substance["occurrences"].items():
        if address not in known:
            continue
        before = counts.get(address, 0)
        fewer = _rows(now, address) < _rows(reviewed, address)
        if count < before or (count > before and not fewer):
            yield Excess(address=address, what=say("something was carried out there since the review"))
        if now.again.get(address, 0) > (reviewed.again.get(address, 0) if count == before else 0):
            yield Excess(address=address, what=say("rows that were loaded before are gone, and would be loaded again"))


def _rows(extent: Extent, address: str) -> int:
    """Rows of an address about which anything would be done."""
    return sum(extent.of(address, verb.value).count for verb in Verb)


def _unbalanced(reviewed: Extent, before: Mapping[str, _Step], here: Mapping[str, _Step]) -> Iterator[Excess]:
    """Starts without the removals that were reviewed with them: why rows are not taken away any more is not known."""
    starts = {step.address for step in here.values() if step.action is Action.START}
    for key, step in before.items():
        left = here[key].rows if key in here else 0
        if step.action is Action.ROWS_REMOVE and left < step.rows and reviewed.homes.get(step.address) in starts:
            yield Excess(address=step.address, what=say("fewer rows would be taken away before their campaign starts"))


def _judged_otherwise(reviewed: Extent, now: Extent, known: set[str]) -> Iterator[Excess]:
    """Windows, purposes and the like that are others, and messages that would go out at another time, later ones excepted."""
    for address, values in now.substance["judged"].items():
        if values != reviewed.substance["judged"].get(address, values):
            yield Excess(address=address, what=say("its window, purpose, channel or caller id is another one"))
    for address, at in now.substance["schedules"].items():
        then = reviewed.substance["schedules"].get(address, "")
        if address in known and at != then and not _later(at, then):
            yield Excess(address=address, what=say("it would be sent at another time"))


def _later(at: str, than: str) -> bool:
    """Whether the first message goes out later, because an earlier one is no longer to be sent."""
    return _ON_APPLY not in (at, than) and bool(at and than) and instant(at) > instant(than)


def _less(reviewed: Extent, now: Extent) -> Iterator[Difference]:
    """What is less than reviewed, in the order of addresses; and what protects people and is more."""
    before, here = _steps(reviewed), _steps(now)
    for key in sorted({*before, *here}, key=lambda key: (key.partition(" ")[2], key)):
        then, left = before.get(key), here.get(key)
        step = left or before[key]
        counts = then.size if then else 0, left.size if left else 0
        if counts[0] != counts[1]:
            why = say("it protects people") if counts[1] > counts[0] else _why(step.address, reviewed, now)
            yield Difference(address=step.address, action=step.action.value, reviewed=counts[0], now=counts[1], why=why)


def _why(address: str, reviewed: Extent, now: Extent) -> str:
    """Why less is to be done at an address, as far as it shows."""
    counts = (extent.substance["occurrences"].get(address, 0) for extent in (reviewed, now))
    then, left = reviewed.suppressed.get(address, _NO_COUNTS), now.suppressed.get(address, _NO_COUNTS)
    reasons = [reason for reason in sorted(left) if left[reason] > then.get(reason, 0)]
    if next(counts) < next(counts):
        return say("another run did it meanwhile")
    if "blacklist" in reasons:
        return say("they are on a blacklist now")
    return say("left out now: {reasons}", reasons=", ".join(reasons)) if reasons else say("it is no longer to be done")


def _kind(address: str) -> str:
    return Address.parse(address).kind
