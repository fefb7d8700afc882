"""Whom a plan reaches and how, as policies look at it: one entry for each address that contacts people.

Counts and facts only. What stands here was worked out from rows, and no row is in it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from typing import TYPE_CHECKING, Any

from reconciler.calendar import Slot
from reconciler.resource import Address, Origin

if TYPE_CHECKING:
    from reconciler.rows.wording import Wording


class Way(Enum):
    """How people are contacted."""

    DIAL = "dial"  # by a campaign that runs, or starts, for as long as its window is open
    SEND = "send"  # at once, by this apply
    SCHEDULE = "schedule"  # at instants of their own


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """`people` who may be in any of `zones` of `country`; "" where no country is known, no zones where none is.

    `instants` are the minutes at which messages to them are due, where rows have instants of their own.
    """

    country: str
    zones: tuple[str, ...]
    people: int
    instants: tuple[datetime, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """The place as the plan's JSON knows it."""
        return {"country": self.country, "zones": list(self.zones), "people": self.people}


@dataclass(frozen=True, slots=True, kw_only=True)
class Spend:
    """What the messages of a plan weigh in segments, and what that costs; no amount where nobody gives a price."""

    segments: int = 0
    amount: Decimal | None = None
    currency: str = ""

    def to_json(self) -> dict[str, Any]:
        """The cost as the plan's JSON knows it; the amount is exact, and therefore text."""
        amount = None if self.amount is None else f"{self.amount.normalize():f}"
        return {"segments": self.segments, "amount": amount, "currency": self.currency or None}


@dataclass(frozen=True, slots=True, kw_only=True)
class Reached:
    """One address by which people are contacted: a campaign that is wished to run, rows loaded into one, or messages.

    `purpose` is the strictest where nobody says one (`purpose_said` is false then). `window` is the campaign's own, with the
    `window_holidays` that it keeps; () = all day, every day. `kept` is what the platform keeps of it by itself; () = nothing,
    and what runs goes on running. `stops` says whether an apply outside its hours stops it: a run state that nobody manages,
    or that no order changes, is left as it is. `between` are the dates within which it runs by itself. `runs` says whether it
    would run now, `begins` whether this plan makes it run or gives it people. `at` bounds the instants of messages, first and
    last. `caller_id` is what people see, "" where nobody says. `columns` are those that stand beside the rows, judged and never
    sent, None where nobody is there whose rows are not judged by themselves; `empty` counts rows that leave one of them empty.
    `known` is false where rows of others are in it that the platform does not list.
    """

    address: Address
    way: Way
    purpose: str
    purpose_said: bool = True
    service: str = ""
    sector: str = ""
    channel: str = "voice"
    places: tuple[Place, ...] = ()
    extra_holidays: frozenset[date] = frozenset()
    window: tuple[Slot, ...] = ()
    window_holidays: frozenset[date] = frozenset()
    kept: tuple[Slot, ...] = ()
    stops: bool = False
    between: tuple[datetime, datetime] | None = None
    runs: bool = False
    begins: bool = False
    at: tuple[datetime, datetime] | None = None
    caller_id: str = ""
    columns: frozenset[str] | None = frozenset()
    empty: Mapping[str, int] = field(default_factory=dict)
    people: int = 0
    first_time: int = 0
    known: bool = True
    wording: Wording | None = None
    campaign: Address | None = None
    origin: Origin | None = None

    @property
    def hours(self) -> tuple[Slot, ...]:
        """The window, where anybody keeps it: one that neither the platform nor an apply keeps is none."""
        return self.window if self.kept or self.stops else ()

    def to_json(self) -> dict[str, Any]:
        """What is known of it as the plan's JSON knows it."""
        return {
            "address": str(self.address),
            "way": self.way.value,
            "purpose": self.purpose,
            "purpose_said": self.purpose_said,
            "service": self.service,
            "sector": self.sector,
            "channel": self.channel,
            "places": [place.to_json() for place in self.places],
            "begins": self.begins,
            "people": self.people,
            "first_time": self.first_time,
            "known": self.known,
            "wording": self.wording.to_json() if self.wording else None,
        }
