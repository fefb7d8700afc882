"""What the contacts of a document are meant for, and how people are reached: as the documents say it, or else the strictest."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Final

from reconciler.calendar import Slot, slots
from reconciler.policies.contact import Contact
from reconciler.resource import Address, Desired
from reconciler.target import Target

STRICTEST: Final = "marketing"
ON_APPLY: Final = "on_apply"
_SMS: Final = "scheduled_sms"


@dataclass(frozen=True, slots=True, kw_only=True)
class Meant:
    """What a document says of its contacts. `said` is false where nobody gives a purpose, and the strictest one is taken.

    `campaign` is the campaign's document, None where there is none. `window` is the campaign's; () = all day, every day.
    """

    purpose: str
    said: bool
    service: str
    sector: str
    channel: str
    caller_id: str
    window: tuple[Slot, ...]
    campaign: Desired | None
    extra_holidays: frozenset[date]


def campaigns_of(documents: Iterable[Desired]) -> Mapping[tuple[str, str], Desired]:
    """The campaign documents by target and by each name that rows may call them."""
    found = [wish for wish in documents if wish.address.kind == "campaign"]
    shown = {(wish.address.target, wish.get("display_name") or wish.address.name): wish for wish in found}
    return shown | {(wish.address.target, wish.address.name): wish for wish in found}


def reaches_people(desired: Desired) -> bool:
    """Whether a document's rows or campaign contact anybody: an address book and a blacklist only know people."""
    kind = desired.address.kind
    return kind in ("campaign", _SMS) or bool(kind == "contacts" and desired.get("campaign"))


def meant(desired: Desired, campaigns: Mapping[tuple[str, str], Desired], target: Target) -> Meant:
    """What a document's contacts are meant for. Rows have their campaign's purpose unless they say their own."""
    campaign = desired if desired.address.kind == "campaign" else campaigns.get((target.name, desired.get("campaign") or ""))
    purpose = _said(desired, campaign, "purpose")
    said_here = desired if desired.get("purpose") or campaign is None else campaign
    window = (campaign.get("window") if campaign else None) or ()
    return Meant(
        purpose=purpose or STRICTEST,
        said=bool(purpose),
        service=said_here.get("service") or "",
        sector=_said(desired, campaign, "sector") or target.sector,
        channel=_channel(desired, campaign),
        caller_id=str((campaign.get("caller_id") if campaign else None) or desired.get("caller_id") or ""),
        window=slots(window, target.timezone, every_day=purpose == "service"),
        campaign=campaign,
        extra_holidays=frozenset(map(date.fromisoformat, target.extra_holidays)),
    )


def _said(desired: Desired, campaign: Desired | None, key: str) -> str:
    return str(desired.get(key) or (campaign.get(key) if campaign else None) or "")


def _channel(desired: Desired, campaign: Desired | None) -> str:
    if desired.address.kind == _SMS:
        return "sms"
    return str(desired.block.get("channel") or (campaign.get("channel") if campaign else None) or "voice")


def contact_with(said: Meant, countries: tuple[str, ...], zones: tuple[str, ...]) -> Contact:
    """Such a contact with people in these places, as the rules look at it."""
    return Contact(
        countries=countries,
        purpose=said.purpose,
        channel=said.channel,
        zones=zones,
        service=said.service,
        sector=said.sector,
        extra_holidays=said.extra_holidays,
    )


def home_of(desired: Desired) -> Address | None:
    """The address of the campaign that rows go into; None for objects, address books and messages."""
    if desired.address.kind != "contacts" or not desired.get("campaign"):
        return None
    return Address(desired.address.target, "campaign", desired.fields["campaign"])
