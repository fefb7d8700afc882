"""Whom a start reaches beside the rows that a plan adds: everybody in the campaign who can still be dialled.

Where the platform lists rows, they are read; where it does not, the journal knows ours, and the plan says that the rows of
others are unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from reconciler.catalogue import say
from reconciler.diagnostics import Finding, Severity
from reconciler.plan.known import Memory, Seen
from reconciler.platforms.platform import RowsSeen
from reconciler.reconcile.listed import Waiting
from reconciler.reconcile.session import Session
from reconciler.resource import Address, Desired, Live, Origin
from reconciler.rows.sheet import Sheet
from reconciler.specs import rows_spec
from reconciler.target import Target

if TYPE_CHECKING:
    from reconciler.rows.spec import RowsSpec


def container_of(target: Target, desired: Desired, live: Live | None) -> str:
    """Where recipients of a document's rows are remembered: platform, account and live campaign, never our own names."""
    if desired.address.kind == "blacklist":
        scope = "|".join(f"{name}={value}" for name, value in sorted((desired.get("scope") or {}).items()))
        return f"{target.container}|blacklist|{scope}"
    if desired.address.kind == "contacts" and not desired.get("campaign"):
        return f"{target.container}|contacts"
    return f"{target.container}|{live.id if live else desired.get('campaign', '')}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """One target's campaigns that would start, and who is in them; `waiting` collects their live rows. `read` shows those of a
    document, `silent` gives tables of those that the platform will not dial.
    """

    session: Session
    target: Target
    seen: Seen
    memory: Memory
    waiting: dict[Address, list[Waiting]]
    read: Callable[[Desired, Live], RowsSeen]
    silent: Callable[[Address, RowsSpec, str], tuple[str, ...]]

    def of_start(self, address: Address, documents: Sequence[Desired]) -> tuple[str, Finding | None]:
        """A table of the persons that starting `address` reaches, "" where nobody is known, and what is not known of them."""
        owned = self.memory.owned.get(address)
        live = self.seen.by_id(owned.id) if owned else None
        if live is None:
            return "", None
        desired = loaded_by(self.target, address, documents)
        sheet = self.session.platform(self.target).sheet(desired, self.target)
        found = self.read(desired, live) if sheet.readable else None
        if found and (found.tables or not found.complete):
            return self._listed(address, desired, sheet, found)
        message = say(
            "{platform} does not list its rows: whom rows of others reach is not known", platform=self.target.platform
        )
        unknown = Finding(code="UNV001", severity=Severity.INFO, message=message, address=address)
        return self._remembered(container_of(self.target, desired, live)), unknown

    def _listed(self, address: Address, desired: Desired, sheet: Sheet, found: RowsSeen) -> tuple[str, Finding | None]:
        unknown = None
        if not found.complete:
            message = say("the reading is not complete: {note}", note=found.note)
            unknown = Finding(code="PLT002", severity=Severity.WARN, message=message, address=address)
        if not found.tables:
            return "", unknown
        from reconciler.rows.people import dialable
        from reconciler.rows.prepare import prepare

        engine = self.session.engine
        live_table = found.tables[0]
        if not engine.count(live_table):  # nobody waits, and there is nothing to judge
            return "", unknown
        prepared = prepare(engine, rows_spec(desired, self.target, self.session.project, sheet))
        gone = self.silent(address, prepared.spec, live_table)
        self.waiting.setdefault(address, []).append(Waiting(prepared=prepared, live=live_table, gone=gone))
        return dialable(engine, live_table, prepared, self.session.known, gone), unknown

    def _remembered(self, container: str) -> str:
        from reconciler.rows.people import Known, known_persons

        packed = [columns.persons for columns in self.session.journal.sent(container) if columns.persons]
        if not packed:
            return ""
        engine = self.session.engine
        memory = engine.packed((persons, b"") for persons in packed)
        reached = known_persons(engine, f"SELECT name AS person FROM {memory}", Known(engine, packed))
        engine.drop(memory)
        return reached


def loaded_by(target: Target, address: Address, documents: Sequence[Desired]) -> Desired:
    """A document that loads rows into a campaign, or one that loads none."""
    loads = (wish for wish in documents if wish.address.kind == "contacts" and wish.get("campaign") == address.name)
    return next(loads, None) or no_rows(target, address.name)


def no_rows(target: Target, campaign: str) -> Desired:
    """A contacts document of a campaign that has none: it wishes no rows, and knows how rows are read."""
    fields: Mapping[str, object] = {"campaign": campaign, "source": {"rows": []}, "missing": "keep", "generation": 1}
    place = Address(target.name, "contacts", campaign)
    return Desired(address=place, platform=target.platform, fields=fields, origin=Origin(""))
