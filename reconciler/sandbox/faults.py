"""What can go wrong, ordered for the next calls or at a seeded rate. A new fault is one line in `FAULTS`.

A fault waits until a call fits it (platform or account, operation, reads or writes), lets `after` such calls pass, and
then strikes `count` times; with `rate` it strikes by a seeded draw on each fitting call until it is removed.
"""

from __future__ import annotations

import fnmatch
import json
import random
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from reconciler.sandbox.limits import LIMITS

Stage = Literal["before", "during", "after"]
Only = Literal["any", "reads", "writes"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Kind:
    """`stage` says when it strikes: `before` means surely no effect, `after` means surely the whole effect."""

    stage: Stage
    only: Only
    doc: str


FAULTS: MappingProxyType[str, Kind] = MappingProxyType(
    {
        "drop-before": Kind(stage="before", only="any", doc="the connection closes without an answer, nothing was done"),
        "drop-after": Kind(stage="after", only="writes", doc="the connection closes without an answer, all was done"),
        "500-before": Kind(stage="before", only="any", doc="HTTP 500, nothing was done"),
        "500-after": Kind(stage="after", only="writes", doc="HTTP 500, all was done"),
        "partial": Kind(
            stage="during",
            only="writes",
            doc="a bulk write does a part (share, default 0.5) and answers as if whole, or with the true count (honest)",
        ),
        "task-failed": Kind(stage="during", only="writes", doc="Lynn: the task that the call begins ends in 500, undone"),
        "late": Kind(
            stage="during",
            only="writes",
            doc="the connection closes; the effect comes after `calls` more calls to the account (default 2) or "
            "`seconds` on the sandbox's clock",
        ),
        "slow": Kind(stage="after", only="any", doc="the answer comes `ms` (default 1000) milliseconds later"),
        "429": Kind(stage="before", only="any", doc="HTTP 429 with Retry-After, nothing was done"),
        "403-quota": Kind(stage="before", only="any", doc="the vendor's words for a day's calls used up, this once"),
        "403-concurrency": Kind(stage="before", only="any", doc="the vendor's words for too many calls in flight"),
        "403-token": Kind(stage="before", only="any", doc="the vendor's words for credentials it does not accept"),
        "403-maintenance": Kind(stage="before", only="any", doc="the interface is switched off for maintenance"),
        "html": Kind(stage="before", only="any", doc="HTTP 200 with a proxy's HTML page, nothing was done"),
        "html-after": Kind(stage="after", only="writes", doc="HTTP 200 with a proxy's HTML page, all was done"),
        "truncated": Kind(stage="after", only="any", doc="the answer's body stops half way, under a valid length"),
        "empty": Kind(stage="after", only="any", doc="the answer's body is empty"),
        "shape": Kind(stage="after", only="any", doc="the answer's JSON has other names than it used to have"),
        "stale": Kind(stage="during", only="reads", doc="reads show the state as it was when the fault was ordered"),
        "token-expired": Kind(stage="before", only="any", doc="every session of the account ends, this call included"),
        "quota-gone": Kind(stage="before", only="any", doc="the account's calls of the day are used up, until tomorrow"),
    }
)

DETAILS: MappingProxyType[str, tuple[str, ...]] = MappingProxyType(
    {"partial": ("share", "honest"), "late": ("calls", "seconds"), "slow": ("ms",), "429": ("retry_after_s",)}
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Strike:
    """A fault that struck this call."""

    id: int
    kind: str
    details: Mapping[str, Any]

    @property
    def stage(self) -> Stage:
        return FAULTS[self.kind].stage


def order(db: sqlite3.Connection, wish: dict[str, Any]) -> int:
    """Put a fault in the table and give its id; raises ValueError when the wish makes no sense.

    `wish` = {kind, platform? (a platform, an account or "*"), operation? (a glob), after?, count?, rate?, seed?, only?}
    and the kind's own details.
    """
    wish = dict(wish)
    kind = str(wish.pop("kind", ""))
    if kind not in FAULTS:
        raise ValueError(f"unknown fault {kind!r}; known: {', '.join(FAULTS)}")
    platform = str(wish.pop("platform", "*"))
    if platform != "*" and not platform.startswith(tuple(LIMITS)):
        raise ValueError(f"unknown platform {platform!r}; known: {', '.join(LIMITS)} and their accounts")
    operation = str(wish.pop("operation", None) or "*")
    only = str(wish.pop("only", None) or FAULTS[kind].only)
    if only not in ("any", "reads", "writes"):
        raise ValueError("only is one of any, reads, writes")
    skip = int(wish.pop("after", None) or 0)
    rate = wish.pop("rate", None)
    seed = int(wish.pop("seed", None) or 0)
    count = wish.pop("count", None)
    if rate is not None and not 0 <= float(rate) <= 1:
        raise ValueError("rate lies between 0 and 1")
    if skip < 0 or (count is not None and int(count) < 1):
        raise ValueError("after is at least 0, count at least 1")
    left = int(count) if count is not None else (-1 if rate is not None else 1)
    unknown = set(wish) - set(DETAILS.get(kind, ()))
    if unknown:
        raise ValueError(f"the fault {kind} has no setting {', '.join(sorted(unknown))}")
    if kind == "partial" and not 0 <= float(wish.get("share", 0.5)) <= 1:
        raise ValueError("share lies between 0 and 1")
    made = db.execute(
        "INSERT INTO fault (platform, kind, operation, only, skip, left, rate, seed, draws, fired, details) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0, 0, ?) RETURNING id",
        (platform, kind, operation, only, skip, left, rate, seed, json.dumps(wish)),
    ).fetchone()
    return int(made[0])


def draw(db: sqlite3.Connection, *, platform: str, account: str, operation: str, reads: bool) -> list[Strike]:
    """The faults that strike this call: at most one, and `slow` beside it. Counts are taken down as they strike."""
    strikes: list[Strike] = []
    for row in db.execute(
        "SELECT id, platform, kind, operation, only, skip, left, rate, seed, draws, details FROM fault "
        "WHERE left != 0 ORDER BY id"
    ).fetchall():
        id_, where, kind, glob, only, skip, left, rate, seed, draws, details = row
        if any((strike.kind == "slow") == (kind == "slow") for strike in strikes):
            continue
        if where not in ("*", platform, account) or only == ("writes" if reads else "reads"):
            continue
        if not matches(operation, glob):
            continue
        if skip > 0:
            db.execute("UPDATE fault SET skip = skip - 1 WHERE id = ?", (id_,))
            continue
        if rate is not None:
            db.execute("UPDATE fault SET draws = draws + 1 WHERE id = ?", (id_,))
            if random.Random(f"{seed}/{draws}").random() >= rate:  # noqa: S311 - repeatable, not secret
                continue
        db.execute("UPDATE fault SET fired = fired + 1, left = ? WHERE id = ?", (left - 1 if left > 0 else left, id_))
        strikes.append(Strike(id=id_, kind=kind, details=json.loads(details)))
    return strikes


def matches(operation: str, glob: str) -> bool:
    """`campaign.add_record` is matched by itself, by `add_record` and by globs over either."""
    return fnmatch.fnmatchcase(operation, glob) or fnmatch.fnmatchcase(operation.rpartition(".")[2], glob)


def listed(db: sqlite3.Connection) -> list[dict[str, Any]]:
    """Every fault ordered since the last reset, spent ones too (`left` 0; -1 = until removed)."""
    columns = ("id", "platform", "kind", "operation", "only", "after", "left", "rate", "seed", "fired", "details")
    rows = db.execute(
        "SELECT id, platform, kind, operation, only, skip, left, rate, seed, fired, details FROM fault ORDER BY id"
    )
    return [dict(zip(columns, row, strict=True)) | {"details": json.loads(row[-1])} for row in rows]
