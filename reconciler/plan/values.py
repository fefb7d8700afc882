"""The parts of a plan, the wish that goes into it, and its JSON."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any, Final

import rfc8785

from reconciler.diagnostics import Finding, Severity
from reconciler.diff import Drift, FieldDiff
from reconciler.plan.capped import Capped
from reconciler.plan.known import Quota
from reconciler.plan.manual import Manual, place
from reconciler.plan.reached import Reached, Spend
from reconciler.plan.suppression import Suppression
from reconciler.resource import Action, Address, Desired, Origin
from reconciler.rows.sheet import RowsDiff

FORMAT_VERSION: Final = "1.0"


class Reason(Enum):
    """Why a change is in the plan. Reports translate it; nothing else interprets it."""

    NEW = "new"  # wished, and not there
    GONE = "gone"  # was ours, and somebody removed it
    FIELDS = "fields"  # fields differ
    STATE = "state"  # the run state differs
    WINDOW = "window"  # outside its window, the wish to run is a wish to stand still
    EDIT = "edit"  # stopped, or started again, around an edit
    GOES_LIVE = "goes_live"  # fields that make it run by itself
    REMOVED = "removed"  # the document is gone
    ROWS = "rows"  # rows differ
    LIFT = "lift"  # somebody asked to be reachable again


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A desired document with what planning found out about it beside the platform's state.

    `stored` is the wish in the platform's own form. `open` = inside its window now. `runs_by_itself` = its fields alone make
    it run. `rows` is None for objects, and for rows that could not be compared (`rows_note` says why). `replaced_in_place` = a
    row is replaced without being removed.
    """

    desired: Desired
    stored: Mapping[str, Any] = field(default_factory=dict)
    open: bool = True
    runs_by_itself: bool = False
    rows: RowsDiff | None = None
    rows_note: str = ""
    rows_complete: bool = True
    replaced_in_place: bool = False
    enforced_by_us: bool = False
    verifiable: bool = True
    at: str = ""
    marker: str = ""
    container: str = ""
    manual: Sequence[Manual] = ()
    findings: Sequence[Finding] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One action at one address. `depends_on` holds the keys of changes that come before it, and that must have succeeded
    unless it `protects`.
    """

    action: Action
    address: Address
    reason: Reason
    diff: tuple[FieldDiff, ...] = ()
    reversible: bool = True
    verifiable: bool = True
    depends_on: tuple[str, ...] = ()
    calls: int = 0
    count: int = 0
    origin: Origin | None = None
    live_id: str = ""
    campaign: Address | None = None

    @property
    def key(self) -> str:
        """What other changes depend on."""
        return f"{self.action.value} {self.address}"

    @property
    def protects(self) -> bool:
        """Whether it keeps people from being contacted, whatever becomes of the rest. A stop for the sake of an edit does not:
        without the edit and the start that follow, it would only stand in the way.
        """
        return self.action.protects and self.reason is not Reason.EDIT

    def to_json(self) -> dict[str, Any]:
        """The change as the plan's JSON knows it."""
        return {
            "address": str(self.address),
            "action": self.action.value,
            "reason": self.reason.value,
            "fields": [difference.to_json() for difference in self.diff],
            "count": self.count,
            "reversible": self.reversible,
            "verifiable": self.verifiable,
            "depends_on": list(self.depends_on),
            "calls": self.calls,
            **place(self.origin),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class RowsChange:
    """What would happen to the rows of one address: counts and digests, never rows."""

    address: Address
    diff: RowsDiff
    origin: Origin | None = None
    enforced_by_us: bool = False

    def to_json(self) -> dict[str, Any]:
        """The rows as the plan's JSON knows them."""
        rows = self.diff
        return {
            "address": str(self.address),
            "in_source": rows.in_source,
            "to_add": rows.to_add,
            "to_remove": rows.to_remove,
            "to_close": rows.to_close,
            "to_replace": rows.to_replace,
            "to_lift": rows.to_lift,
            "changed": rows.changed,
            "changed_columns": dict(sorted(rows.changed_columns.items())),
            "unchanged": rows.unchanged,
            "live": rows.live,
            "kept": rows.kept,
            "suppressed": dict(sorted(rows.suppressed.items())),
            "reasons": dict(sorted(rows.reasons.items())),
            "examples": {reason: list(rows.examples[reason]) for reason in sorted(rows.examples)},
            "people": rows.people,
            "first_time": rows.first_time,
            "digest": rows.digest,
            "sample": list(rows.sample),
            "enforced_by_us": self.enforced_by_us,
            **place(self.origin),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetState:
    """One target as the plan saw it. `note` says why a reading is not complete."""

    name: str
    platform: str
    url: str
    account: str
    simulated: bool
    complete: bool
    read_at: datetime
    campaigns: int = 0
    quota: Quota = field(default_factory=Quota)
    note: str = ""
    append_only: bool = False

    def to_json(self) -> dict[str, Any]:
        """The target as the plan's JSON knows it."""
        return {
            "name": self.name,
            "platform": self.platform,
            "url": self.url,
            "account": self.account,
            "simulated": self.simulated,
            "complete": self.complete,
            "read_at": self.read_at.isoformat(),
            "campaigns": self.campaigns,
            "calls_used": self.quota.used,
            "calls_left": self.quota.left,
            "calls_limit": self.quota.limit,
            "note": self.note,
            "append_only": self.append_only,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class People:
    """Unique persons that a plan reaches, and how many of them the journal has never seen.

    A person with numbers in two countries, or reached by two channels, counts in each of them and once in `total`.
    """

    total: int = 0
    first_time: int = 0
    by_country: Mapping[str, int] = field(default_factory=dict)
    by_channel: Mapping[str, int] = field(default_factory=dict)
    by_purpose: Mapping[str, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """The people as the plan's JSON knows them."""
        return {
            "total": self.total,
            "first_time": self.first_time,
            "by_country": dict(self.by_country),
            "by_channel": dict(self.by_channel),
            "by_purpose": dict(self.by_purpose),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """Which state of the repository a plan was made from; empty outside git."""

    commit: str = ""
    dirty: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Permissions:
    """What the reviewer allowed when the plan was made; it is shown, and travels with the saved plan."""

    allow_delete: int | None = None
    acks: tuple[str, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The permissions as the plan's JSON knows them."""
        return {"allow_delete": self.allow_delete, "acks": list(self.acks)}


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Everything that an apply would do, and everything a reviewer needs to know of it."""

    changes: tuple[Change, ...] = ()
    rows: tuple[RowsChange, ...] = ()
    manual: tuple[Manual, ...] = ()
    findings: tuple[Finding, ...] = ()
    targets: tuple[TargetState, ...] = ()
    drift: tuple[Drift, ...] = ()
    people: People = field(default_factory=People)
    source: Source = field(default_factory=Source)
    permissions: Permissions = field(default_factory=Permissions)
    created_at: datetime
    valid_until: datetime
    valid_until_why: str = ""
    policy_inputs: Mapping[str, Any] = field(default_factory=dict)
    occurrences: Mapping[str, int] = field(default_factory=dict)
    sources_before: Mapping[Address, int] = field(default_factory=dict)
    evaluated: tuple[Mapping[str, Any], ...] = ()
    versions: Mapping[str, str] = field(default_factory=dict)
    waivers: tuple[Mapping[str, Any], ...] = ()
    cost: Spend = field(default_factory=Spend)
    journal_head: str = ""
    schedules: Mapping[str, str] = field(default_factory=dict)
    judged: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    reached: tuple[Reached, ...] = ()
    capped: tuple[Capped, ...] = ()
    suppression: Suppression = field(default_factory=Suppression)

    @property
    def empty(self) -> bool:
        """Whether an apply would change nothing."""
        return not self.changes

    @property
    def blocked(self) -> bool:
        """Whether a finding forbids to apply."""
        return any(finding.severity.blocks for finding in self.findings)

    @property
    def complete(self) -> bool:
        """Whether every target showed its whole state."""
        return all(target.complete for target in self.targets)

    @property
    def deletes(self) -> int:
        """How many addresses would be deleted: the number that `--allow-delete` must name."""
        return sum(change.action is Action.DELETE for change in self.changes)

    @property
    def irreversible(self) -> int:
        """Steps marked » or ×, deletes not among them: the number that `--allow-irreversible` must name."""
        return sum(not change.reversible and change.action is not Action.DELETE for change in self.changes)

    @property
    def calls(self) -> dict[str, int]:
        """Calls by target that carrying out the plan takes."""
        totals: dict[str, int] = {}
        for change in self.changes:
            totals[change.address.target] = totals.get(change.address.target, 0) + change.calls
        return dict(sorted(totals.items()))

    @property
    def summary(self) -> dict[str, int]:
        """How many changes of each action."""
        counts: dict[str, int] = {}
        for change in self.changes:
            counts[change.action.value] = counts.get(change.action.value, 0) + 1
        return counts

    @property
    def digest(self) -> str:
        """SHA-256, in hex, over the canonical JSON of what would be sent and to whom (decisions.md of the design, 4)."""
        return hashlib.sha256(rfc8785.dumps(self.substance())).hexdigest()

    def substance(self) -> dict[str, Any]:
        """What the digest covers. Live counters, times of reading, samples, messages and places in files are no part of it."""
        return {
            "format": FORMAT_VERSION,
            "targets": sorted([target.platform, target.url, target.account] for target in self.targets),
            "changes": sorted(
                [change.key, change.live_id, [[d.path, _canonical(d.after)] for d in change.diff], change.count]
                for change in self.changes
            ),
            "rows": sorted([str(rows.address), rows.diff.digest] for rows in self.rows if not rows.diff.empty),
            "schedules": dict(sorted(self.schedules.items())),
            "judged": _canonical(self.judged),
            "policy": _canonical(self.policy_inputs),
            "occurrences": dict(sorted(self.occurrences.items())),
        }

    def to_json(self, tool_version: str) -> dict[str, Any]:
        """The plan as a JSON document (schema/plan.schema.json); holds no row and no unmasked personal value."""
        return {
            "format_version": FORMAT_VERSION,
            "tool_version": tool_version,
            "digest": self.digest,
            "created_at": self.created_at.isoformat(),
            "valid_until": self.valid_until.isoformat(),
            "valid_until_why": self.valid_until_why,
            "source": {"commit": self.source.commit or None, "dirty": self.source.dirty},
            "blocked": self.blocked,
            "empty": self.empty,
            "targets": [target.to_json() for target in self.targets],
            "drift": [drift.to_json() for drift in self.drift],
            "changes": [change.to_json() for change in self.changes],
            "rows": [rows.to_json() for rows in self.rows],
            "manual": [manual.to_json() for manual in self.manual],
            "findings": [finding.to_json() for finding in self.findings],
            "people": self.people.to_json(),
            "reached": [reached.to_json() for reached in self.reached],
            "irreversible": self.irreversible,
            "deletes": self.deletes,
            "calls": self.calls,
            "summary": self.summary,
            "permissions": self.permissions.to_json(),
            "cost": self.cost.to_json(),
            "evaluated": [dict(rule) for rule in self.evaluated],
            "versions": dict(self.versions),
            "waivers": [dict(waiver) for waiver in self.waivers],
            "lists": [one.to_json() for one in self.suppression.read],
            "journal_head": self.journal_head,
        }

    def worst(self) -> Severity | None:
        """The strongest severity among the findings."""
        return min((finding.severity for finding in self.findings), key=lambda severity: severity.rank, default=None)


def _canonical(value: Any) -> Any:
    """Values as RFC 8785 takes them: tuples as lists, everything else as it is."""
    if isinstance(value, Mapping):
        return {str(key): _canonical(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_canonical(item) for item in value]
    return value
