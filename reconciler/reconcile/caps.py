"""How often people are contacted: which limits hold for a document's contacts, and who would exceed them.

What the journal knows is read once a plan, and only where somebody would be contacted and a limit holds. Documents are weighed
in the order of their addresses, so that of two which load the same person it is always the same one that goes without.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from reconciler.calendar import duration, instant
from reconciler.plan.capped import Capped
from reconciler.policies.caps import Cap, caps
from reconciler.policies.meant import campaigns_of, contact_with, meant, reaches_people
from reconciler.policies.settings import Settings
from reconciler.policies.waivers import Waiver
from reconciler.reconcile.session import Session
from reconciler.resource import Address, Desired, Origin
from reconciler.target import Target

if TYPE_CHECKING:
    from reconciler.rows.caps import Contacts, Limit, Over, Terms
    from reconciler.rows.compare import Compared
    from reconciler.rows.prepared import Prepared


@dataclass(slots=True, kw_only=True)
class Frequency:
    """The limits of a project held against what its journal knows and what this plan adds. `documents` are all of them.

    `capped` tells what became of each limit.
    """

    session: Session
    settings: Settings
    documents: Sequence[Desired]
    now: datetime
    capped: list[Capped] = field(default_factory=list)
    _campaigns: Mapping[tuple[str, str], Desired] = field(init=False)
    _contacts: Contacts | None = None

    def __post_init__(self) -> None:
        self._campaigns = campaigns_of(self.documents)

    def channel(self, desired: Desired, target: Target) -> str:
        """The channel of a document's contacts; "" where it contacts nobody."""
        return meant(desired, self._campaigns, target).channel if reaches_people(desired) else ""

    # --- rows

    def over(self, desired: Desired, target: Target, container: str, prepared: Prepared) -> Callable[[str], Over] | None:
        """What tells which of some rows of a document would be one contact too many; None where no limit can hold."""
        if not (reaches_people(desired) and self._any) or prepared.spec.sheet.whole_file:
            return None
        terms = self._terms(desired, target, container)
        return lambda rows: self._known().over(prepared, rows, terms)

    def take_in(self, desired: Desired, target: Target, prepared: Prepared, compared: Compared) -> None:
        """What became of a document's rows; from now on they count as contacts."""
        contacting = bool(compared.adds or compared.diff.to_replace)
        if not (reaches_people(desired) and self._any and (contacting or compared.diff.suppressed.get("cap"))):
            return
        place = desired.origin_of("source")
        if prepared.spec.sheet.whole_file:
            limits = self._limits(desired, target, target.country)
            self._tell(desired.address, [(cap, 0) for cap in limits], place, known=False)
            return
        self._tell(desired.address, compared.capped, place, left_out=True)
        if self._waivers(desired):
            found = self._known().over(
                prepared, compared.contacts, self._terms(desired, target, compared.container, waived=True)
            )
            self._tell(desired.address, zip(found.limits, found.counts, strict=True), place)
            self.session.engine.drop(found.table)
        self._known().count(prepared, compared.contacts, self._terms(desired, target, compared.container))

    # --- campaigns

    def take_in_start(self, address: Address, container: str, tables: Sequence[str], *, known: bool) -> None:
        """What becomes of those who wait (tables of persons) in a campaign that starts, whose rows are of `container`.

        They cannot be left out where they are. `known` is false where they may not be all.
        """
        desired = next(wish for wish in self.documents if wish.address == address)
        target = self.session.project.targets[address.target]
        if not self._any or not (tables or not known):
            return
        for waived in (False, True) if self._waivers(desired) else (False,):
            counts: Sequence[tuple[Limit, int]] = [
                (cap, 0) for cap in self._limits(desired, target, target.country, waived=waived)
            ]
            if tables and counts:
                found = self._known().waiting(tables, self._terms(desired, target, container, waived=waived))
                counts = list(zip(found.limits, found.counts, strict=True))
                self.session.engine.drop(found.table)
            self._tell(address, counts, desired.origin, known=known)

    # --- both

    @property
    def _any(self) -> bool:
        """Whether any limit may hold in this project."""
        return bool(self.settings.caps) or self.settings.lawpacks != ()

    def _tell(
        self,
        address: Address,
        counts: Iterable[tuple[Limit, int]],
        origin: Origin | None,
        *,
        left_out: bool = False,
        known: bool = True,
    ) -> None:
        self.capped += [
            Capped(
                address=address,
                measure=limit.measure,
                most=limit.most,
                channels=limit.channels,
                rules=limit.rules,
                left_out=count if left_out else 0,
                over=0 if left_out else count,
                known=known,
                origin=origin,
            )
            for limit, count in counts
        ]

    def _limits(self, desired: Desired, target: Target, country: str, *, waived: bool = False) -> tuple[Cap, ...]:
        """The limits that hold for a document's contacts in a country, from today to the last day on which one is due; or those
        that would, were it not for a waiver.
        """
        said = meant(desired, self._campaigns, target)
        judged = country and (self.settings.lawpacks is None or country.lower() in self.settings.lawpacks)
        contact = contact_with(said, (country,) if judged else (), (target.timezone,))
        days, lifted = self._days(desired, target), frozenset(waiver.rule for waiver in self._waivers(desired))
        held = tuple(dict.fromkeys(cap for day in days for cap in caps(contact, day, self.settings.caps, lifted)))
        if not waived:
            return held
        every = dict.fromkeys(cap for day in days for cap in caps(contact, day, self.settings.caps))
        return tuple(cap for cap in every if cap not in held)

    def _waivers(self, desired: Desired) -> list[Waiver]:
        """The waivers that hold for a document."""
        return [one for one in self.settings.waivers if one.holds(self.now) and desired.address.matches(one.address)]

    def _days(self, desired: Desired, target: Target) -> tuple[date, ...]:
        """The first and the last day of a document's contacts, on the account's calendar."""
        at, last = desired.get("at"), self.now
        if isinstance(at, Mapping) and desired.get("horizon"):
            last += duration(desired.get("horizon"))
        elif isinstance(at, str) and at != "on_apply":
            last = max(last, instant(at))
        zone = ZoneInfo(target.timezone)
        return tuple(dict.fromkeys(moment.astimezone(zone).date() for moment in (self.now, last)))

    def _terms(self, desired: Desired, target: Target, container: str, *, waived: bool = False) -> Terms:
        from reconciler.rows.caps import Terms

        return Terms(
            limits=lambda country: self._limits(desired, target, country, waived=waived),
            channel=self.channel(desired, target),
            container=container,
            country=target.country,
            zone=target.timezone,
            now=self.now,
        )

    def _known(self) -> Contacts:
        """What the journal knows, and what was taken in."""
        if self._contacts is None:
            from reconciler.rows.caps import DAYS_BACK, Contacts

            since = self.now - timedelta(days=DAYS_BACK)
            self._contacts = Contacts(self.session.engine, lambda: self.session.journal.contacts(since))
        return self._contacts
