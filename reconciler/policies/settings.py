"""`policies:` of reconciler.yaml: which limits are set. What this version does not enforce is refused, never ignored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal
from typing import Any, Final

from reconciler.catalogue import say
from reconciler.checking import Checker
from reconciler.diagnostics import Finding, error
from reconciler.document import Node
from reconciler.kinds.fields import SHARE, Field, Integer, Record
from reconciler.kinds.fields import Text as Words

_LIMIT: Final = Record(
    (
        Field(name="share", type=SHARE, required=True, doc="Refused above this share of the live objects."),
        Field(name="floor", type=Integer(least=0), default=0, doc="Not looked at below so many live objects."),
    )
)

RECORD: Final = Record(
    (
        Field(name="max_deletes", type=_LIMIT, doc="Campaigns deleted by one plan."),
        Field(name="max_updates", type=_LIMIT, doc="Campaigns updated by one plan."),
        Field(name="max_row_removals", type=_LIMIT, doc="Rows removed, closed or replaced by one plan."),
        Field(name="max_people", type=Integer(least=0), doc="People contacted by one plan."),
        Field(name="max_new_people", type=Integer(least=0), doc="People contacted for the first time by one plan."),
        Field(name="max_lifts", type=Integer(least=0), default=0, doc="Blacklist entries lifted by one plan."),
        Field(name="max_calls", type=Integer(least=0), doc="Calls to the platforms by one plan."),
        Field(name="lawpacks", type=Words(choices=("off",)), doc="off: no law pack is looked at, and every plan says so."),
    )
)

LATER: Final = ("max_cost", "caps", "suppress", "apply_windows", "waivers", "stopper", "rules")


@dataclass(frozen=True, slots=True, kw_only=True)
class Limit:
    """Refused above `share` (0 to 1) of the live objects; not looked at below `floor` of them."""

    share: Decimal  # exact, since a limit must not trip at its own value
    floor: int

    def exceeded(self, count: int, live: int) -> bool:
        """Whether `count` of `live` objects is too much."""
        return live >= self.floor and count > self.share * live


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """The limits of a project; None where a limit is off. `inputs` is what the plan's digest covers."""

    max_deletes: Limit = Limit(share=Decimal("0.3"), floor=10)
    max_updates: Limit = Limit(share=Decimal("0.3"), floor=10)
    max_row_removals: Limit = Limit(share=Decimal("0.1"), floor=50)
    max_people: int | None = None
    max_new_people: int | None = None
    max_lifts: int = 0
    max_calls: int | None = None
    inputs: Mapping[str, Any] = field(default_factory=dict)


def parse(node: Node | None) -> tuple[Settings, list[Finding]]:
    """The settings, and what is wrong with them."""
    if node is None or node.text == "":
        return Settings(), []
    findings = [
        error(
            "POL001",
            say("'{key}' is not enforced by this version", key=name),
            entry.key,
            say("remove it: it would not protect anybody"),
        )
        for name, entry in (node.entries or {}).items()
        if name in LATER or (name == "lawpacks" and entry.node.text != "off")
    ]
    known = {finding.origin for finding in findings}
    values, mistakes = Checker(RECORD).read(node)
    findings += [mistake for mistake in mistakes if mistake.origin not in known and not _of_later(mistake, node)]
    if findings:
        return Settings(), findings
    limits: dict[str, Any] = {
        name: Limit(share=Decimal(values[name]["share"].rstrip("%")) / 100, floor=values[name].get("floor", 0))
        for name in ("max_deletes", "max_updates", "max_row_removals")
        if name in values
    }
    plain: dict[str, Any] = {
        name: values[name] for name in ("max_people", "max_new_people", "max_lifts", "max_calls") if name in values
    }
    return replace(Settings(inputs=values), **{**limits, **plain}), []


def _of_later(mistake: Finding, node: Node) -> bool:
    entry = (node.entries or {}).get("lawpacks")
    return entry is not None and mistake.origin == entry.node.origin
