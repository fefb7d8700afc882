"""Saved plans: the plan's own JSON with a seal over every byte, so that what is applied is what was reviewed.

Beside what everybody may see, a saved plan keeps under `made_with` what its apply needs: how it was made, what it was made
from, and by short keyed names whom it is about, so that a plan that became less can be told from one that became more.
"""

from __future__ import annotations

import hashlib
import json
from base64 import b64decode, b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Final

import rfc8785

from reconciler.catalogue import say
from reconciler.errors import Mistaken, Stale
from reconciler.plan.make import LIFE
from reconciler.plan.narrow import Basis, Extent, Names, narrowing

SEAL: Final = "seal"
SKEW: Final = timedelta(minutes=5)
"""How far the clocks of two machines may be apart. A plan from further in the future says that a clock was turned back."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """How a plan was made: `--only`, `--at`, the boot of the machine (hashed) and the seconds on its boot clock; from what,
    and what for.
    """

    only: tuple[str, ...] = ()
    at: str | None = None
    boot: str = ""
    clock_s: float = 0.0
    basis: Basis
    extent: Extent


@dataclass(frozen=True, slots=True, kw_only=True)
class SavedPlan:
    """A saved plan as it was read. `shown` is the plan's public JSON, `made` says how and from what it was made.

    `allow_delete` and `acks` are what the reviewer allowed; `valid_until` is when the review ends.
    """

    shown: Mapping[str, Any]
    seal: str
    digest: str
    created_at: datetime
    valid_until: datetime
    allow_delete: int | None
    acks: tuple[str, ...]
    made: Making

    def too_old(self, now: datetime, boot: str, clock_s: float) -> str:
        """Why the review has ended by now, in words; "" while it has not. On the same boot the boot clock counts too, which
        nobody can turn back.
        """
        if now > self.valid_until:
            return say("the plan was valid until {when}", when=self.valid_until.isoformat())
        if now < self.created_at - SKEW:
            return say("the plan was made at {when}, which this clock has not reached yet", when=self.created_at.isoformat())
        age_s, life_s = clock_s - self.made.clock_s, (self.valid_until - self.created_at).total_seconds()
        if boot and boot_name(boot) == self.made.boot and not 0 <= age_s <= life_s:
            return say("the plan is older than the clock says: it was turned back")
        return ""


def boot_name(boot: str) -> str:
    """A machine's boot as a plan names it: equal for the same one, and nothing more."""
    return hashlib.sha256(boot.encode()).hexdigest()[:16] if boot else ""


def sealed(plan: Mapping[str, Any], made: Making) -> str:
    """The file's text: the plan, how it was made, and a seal over both."""
    how = {"only": list(made.only), "at": made.at, "boot": made.boot, "clock_s": made.clock_s}
    content = {**plan, "made_with": {**how, "basis": asdict(made.basis), "extent": _extent_json(made.extent)}}
    return _text({**content, SEAL: _seal(content)})


def read_plan(path: Path) -> SavedPlan:
    """A saved plan; Stale (STL002) when a byte of it is not as it was written."""
    try:
        data = path.read_bytes()
    except OSError:
        raise Mistaken(
            say("there is no plan at {path}", path=path), code="PTH002", remedy=say("run 'reconciler plan --out FILE'")
        ) from None
    try:
        content = json.loads(data)
        seal = content.pop(SEAL)
        whole = _seal(content) == seal and _text({**content, SEAL: seal}).encode() == data
        saved = _saved(content, seal)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        whole = False
    if not whole:
        raise Stale(say("the plan file is damaged: its seal does not fit"), code="STL002", remedy=say("plan and review again"))
    return saved


def _saved(content: dict[str, Any], seal: str) -> SavedPlan:
    made_with, permissions = content.pop("made_with"), content["permissions"]
    created_at, valid_until = (datetime.fromisoformat(content[name]) for name in ("created_at", "valid_until"))
    if created_at.tzinfo is None or not created_at <= valid_until <= created_at + LIFE:
        raise ValueError("times that no plan has")
    extent = _extent(made_with["extent"])
    # Names for one substance and a digest of another would let through what nobody saw.
    if hashlib.sha256(rfc8785.dumps(extent.substance)).hexdigest() != content["digest"]:
        raise ValueError("the digest of another plan")
    narrowing(extent, extent)  # whatever has not the form of an extent is found here, and not in the middle of an apply
    return SavedPlan(
        shown=content,
        seal=seal,
        digest=str(content["digest"]),
        created_at=created_at,
        valid_until=valid_until,
        allow_delete=None if permissions["allow_delete"] is None else int(permissions["allow_delete"]),
        acks=tuple(permissions["acks"]),
        made=Making(
            only=tuple(made_with["only"]),
            at=made_with["at"],
            boot=str(made_with["boot"]),
            clock_s=float(made_with["clock_s"]),
            basis=Basis(**made_with["basis"]),
            extent=extent,
        ),
    )


def _extent_json(extent: Extent) -> dict[str, Any]:
    return {
        "substance": extent.substance,
        "people": extent.people,
        "names": {
            address: {what: [names.count, names.digest, _written(names.packed)] for what, names in sets.items()}
            for address, sets in extent.names.items()
        },
        "homes": extent.homes,
        "suppressed": extent.suppressed,
        "again": extent.again,
        "edits": extent.edits,
    }


def _extent(content: Mapping[str, Any]) -> Extent:
    names = {address: {what: _names(*parts) for what, parts in sets.items()} for address, sets in content["names"].items()}
    return Extent(**{**content, "names": names})


def _written(packed: bytes | None) -> str | None:
    return None if packed is None else b64encode(packed).decode("ascii")


def _names(count: int, digest: str, packed: str | None) -> Names:
    """A set of names; ValueError when they are not those that its count and digest are of."""
    if packed is None:
        return Names(count=count, digest=digest)
    names = Names.of(b64decode(packed, validate=True))
    if (names.count, names.digest) != (count, digest):
        raise ValueError("other names than were written")
    return names


def _text(content: Mapping[str, Any]) -> str:
    return json.dumps(content, indent=1, ensure_ascii=False) + "\n"


def _seal(content: Mapping[str, Any]) -> str:
    return hashlib.sha256(_text(content).encode()).hexdigest()
