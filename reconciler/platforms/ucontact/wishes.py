"""What of a wish uContact cannot do, and what a person has to do in its portal instead.

The platform only takes in: rows and messages go out to it, and nothing is shown, changed or taken back. Campaigns are made
and run in the portal; a campaign document here carries what policies look at.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any, Final
from zoneinfo import ZoneInfo

from reconciler.calendar import WEEKDAYS, instant, shown_twice
from reconciler.catalogue import say
from reconciler.diagnostics import Finding, Severity, did_you_mean
from reconciler.plan.known import Seen
from reconciler.plan.manual import Manual
from reconciler.platforms.ucontact.bases import PHONES, channel_of
from reconciler.platforms.ucontact.dialect import has_arrow, without_arrow
from reconciler.resource import Desired
from reconciler.target import Target

VISIBLE: Final = "campaign"  # the reference under which a reading says which campaigns the agent sees

_PLACEHOLDER: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_BREAKS: Final = re.compile(r"[;\r\n]")


def checked(desired: Desired, target: Target) -> Iterator[Finding]:
    """What can be known offline to be impossible or incomplete."""
    if check := _CHECKS.get(desired.address.kind):
        yield from check(desired, target)


def _found(desired: Desired, severity: Severity, code: str, path: str, message: str, remedy: str) -> Finding:
    origin = desired.origin_of(path)
    return Finding(code=code, severity=severity, message=message, remedy=remedy, address=desired.address, origin=origin)


def _impossible(desired: Desired, path: str, message: str, remedy: str) -> Finding:
    return _found(desired, Severity.ERROR, "SPC011", path, message, remedy)


def _odd(desired: Desired, path: str, message: str, remedy: str) -> Finding:
    return _found(desired, Severity.WARN, "SPC011", path, message, remedy)


# --- contacts


def _contacts(desired: Desired, target: Target) -> Iterator[Finding]:
    campaign, channel = desired.get("campaign"), channel_of(desired)
    if not campaign:
        message = say("uContact has no address book")
        yield _impossible(desired, "", message, say("name the campaign that the rows are loaded into, as the portal shows it"))
    elif _BREAKS.search(campaign):
        yield _impossible(
            desired, "campaign", say("a base cannot hold ';' in a campaign's name"), say("rename it in the portal")
        )
    elif channel == "voice" and not has_arrow(campaign):
        message = say("'{name}' does not end in '->' or '<-', as the names of voice dialers do", name=campaign)
        yield _odd(desired, "campaign", message, say("write the name as the portal shows it, arrow included"))
    if desired.get("missing", "keep") != "keep":
        message = say("uContact can neither list nor take away rows")
        yield _impossible(desired, "missing", message, say("write 'missing: keep', and delete the list in the portal"))
    if desired.get("changed", "report") != "report":
        message = say("uContact can neither list nor replace rows")
        yield _impossible(desired, "changed", message, say("write 'changed: report'"))
    if str((desired.get("source") or {}).get("file", "")).lower().endswith(".cpg"):
        yield _impossible(desired, "source.file", say(".cpg files belong to Lynn"), say("give csv, parquet or jsonl"))
    further = [name for name in desired.get("columns") or () if name in PHONES]
    if channel == "voice" and target.phone_format == "e164" and further:
        message = say("a voice base takes further numbers without '+'")
        yield _impossible(
            desired, f"columns.{further[0]}", message, say("write 'phone_format: digits' or 'national' at the target")
        )
    yield from _base_text(desired, channel)
    yield from _base_data(desired, channel)
    if channel == "email" and target.settings.get("email_base") != "assumed":
        message = say("two columns of an e-mail base are not public, so that none is made")
        remedy = say("write 'email_base: assumed' at the target to use columns seen in one sample")
        yield _impossible(desired, "ucontact.channel", message, remedy)


def _base_text(desired: Desired, channel: str) -> Iterator[Finding]:
    text = desired.block.get("message")
    if channel == "voice":
        if text is not None:
            message = say("a voice base has no message")
            yield _impossible(desired, "ucontact.message", message, say("remove it, or write 'channel: sms'"))
        return
    if text is None:
        message = say("'message' is missing: a base of channel {channel} holds a text for each row", channel=channel)
        yield _found(desired, Severity.ERROR, "SPC002", "ucontact", message, say("add it under 'ucontact'"))
        return
    if _BREAKS.search(text):
        message = say("a base cannot hold ';' or a line break in a message")
        yield _impossible(desired, "ucontact.message", message, say("write it on one line, without ';'"))
    yield from _placeholders(desired, text, "ucontact.message")


def _base_data(desired: Desired, channel: str) -> Iterator[Finding]:
    data, mapped = desired.block.get("data"), desired.get("columns")
    if data is not None and channel == "sms":
        yield _impossible(desired, "ucontact.data", say("an SMS base has no data"), say("put the columns into 'message'"))
    elif mapped is not None:
        for index, name in enumerate(data or ()):
            if name not in mapped:
                message = say("'{name}' is not a mapped column", name=name)
                remedy = did_you_mean(name, mapped)
                yield _found(desired, Severity.ERROR, "SPC013", f"ucontact.data.{index}", message, remedy)


# --- blacklist


def _blacklist(desired: Desired, target: Target) -> Iterator[Finding]:
    del target
    if desired.get("scope") is not None:
        message = say("entries are enforced by us on everything that goes to this target, so there is no scope")
        yield _impossible(desired, "scope", message, say("remove 'scope'"))
    for name in ("days", "verify"):
        if desired.get(name) is not None:
            message = say("entries are not written to uContact, so '{key}' has no meaning", key=name)
            yield _impossible(desired, name, message, say("remove '{key}'", key=name))


# --- scheduled_sms


def _scheduled_sms(desired: Desired, target: Target) -> Iterator[Finding]:
    campaign, at = desired.get("campaign"), desired.get("at")
    if not campaign:
        message = say("'campaign' is missing: uContact sends through an SMS dialer")
        yield _found(desired, Severity.ERROR, "SPC002", "", message, say("name the dialer as the portal shows it"))
    elif not campaign.endswith("->"):
        message = say("'{name}' does not end in '->', as the names of SMS campaigns do", name=campaign)
        yield _odd(desired, "campaign", message, say("write the name as the portal shows it, arrow included"))
    yield from _placeholders(desired, desired.get("message", ""), "message")
    if isinstance(at, str) and at != "on_apply":
        yield from _moment(desired, at, target.platform_timezone)


def _moment(desired: Desired, at: str, zone: str) -> Iterator[Finding]:
    """Whether the platform can be told the instant: only its wall clock in `zone` is sent, without an offset."""
    try:
        local = instant(at).astimezone(ZoneInfo(zone))
    except (ValueError, OverflowError):
        remedy = say("write a date of the calendar, such as 2026-12-01T10:00:00-03:00")
        yield _found(desired, Severity.ERROR, "SPC005", "at", say("there is no such moment"), remedy)
        return
    if shown_twice(local, zone):
        message = say("clocks in {zone} show this time twice that day, and uContact takes no offset", zone=zone)
        remedy = say("choose a moment outside the hour that is repeated")
        yield _found(desired, Severity.ERROR, "CLK003", "at", message, remedy)


def _placeholders(desired: Desired, text: str, path: str) -> Iterator[Finding]:
    """Names in a message that no column fills, in the words of the rows' own check, so that a mistake is told once."""
    mapped = desired.get("columns")
    for name in dict.fromkeys(_PLACEHOLDER.findall(text)) if mapped is not None else ():
        if name not in mapped:
            message = say("the message has {{{name}}}, and no column is mapped to it", name=name)
            yield _found(desired, Severity.ERROR, "SPC014", path, message, did_you_mean(name, mapped))


_CHECKS: Final[Mapping[str, Callable[[Desired, Target], Iterator[Finding]]]] = {
    "contacts": _contacts,
    "blacklist": _blacklist,
    "scheduled_sms": _scheduled_sms,
}


# --- what only the platform shows


def checked_live(desired: Desired, seen: Seen, target: Target) -> Iterator[Finding]:
    """Whether the campaign is among those that the target's agent sees. Others may exist all the same: never an error."""
    kind = desired.address.kind
    name, path = desired.get("campaign", ""), "campaign"
    if kind == "campaign":
        name, path = shown_name(desired), "display_name"
    if not name:
        return
    visible = seen.references.get(VISIBLE)
    if visible is None:
        if kind == "campaign":
            message = say("whether '{name}' exists was not looked up: uContact shows campaigns only to an agent", name=name)
            remedy = say("name one at the target: agent: NAME")
            yield _found(desired, Severity.INFO, "UNV001", path, message, remedy)
    elif not _among(visible, name, desired):
        message = say("'{name}' is not among the campaigns of agent '{agent}'", name=name, agent=target.settings.get("agent"))
        remedy = did_you_mean(name, visible) or say("check the name in the portal, or give the agent the campaign")
        yield _found(desired, Severity.WARN, "UNV001", path, message, remedy)


def _among(visible: Collection[str], name: str, desired: Desired) -> bool:
    """Whether the campaign is visible. An SMS base wants the name without its arrow, so that either way of writing is right."""
    if desired.address.kind == "contacts" and channel_of(desired) == "sms":
        return without_arrow(name) in {without_arrow(one) for one in visible}
    return name in visible


def shown_name(desired: Desired) -> str:
    """The portal's name of a campaign document."""
    return str(desired.get("display_name") or desired.address.name)


# --- what is left for a person


def manual_steps(desired: Desired) -> Iterator[Manual]:
    """Steps in the portal that the wish needs and no API can do."""
    kind = desired.address.kind
    if kind == "campaign":
        yield from _campaign_steps(desired)
    elif kind == "contacts" and channel_of(desired) != "sms":
        what = say(
            "activate the uploaded lists of '{campaign}' in the portal, and play its dialer if it stands still",
            campaign=desired.get("campaign"),
        )
        yield _step(desired, "activate", what, "campaign")
    elif kind == "blacklist":
        what = say(
            "we leave these numbers out of every row and message of this target; to block them for agents and other lists, "
            "too, enter them into the portal's own blacklist"
        )
        yield _step(desired, "portal", what, "")


def _campaign_steps(desired: Desired) -> Iterator[Manual]:
    name = shown_name(desired)
    if state := desired.get("state"):
        verb = say("start") if state == "started" else say("stop")
        what = say("{verb} the dialer '{name}' in the portal", verb=verb, name=name)
        yield _step(desired, f"state={state}", what, "state")
    if slots := desired.get("window"):
        what = say("set the schedule of '{name}' in the portal to {schedule}", name=name, schedule=_schedule(desired, slots))
        yield _step(desired, f"window={_mark(slots)}", what, "window")
    for field, words in (("description", say("description")), ("caller_id", say("caller id"))):
        if wished := desired.get(field):
            what = say("set the {field} of '{name}' in the portal as the document has it", field=words, name=name)
            yield _step(desired, f"{field}={_mark(wished)}", what, field)


def _schedule(desired: Desired, slots: list[Mapping[str, Any]]) -> str:
    """The window in the portal's own way of writing it: `mon,tue;08:00-18:00`."""
    usual = WEEKDAYS if desired.get("purpose") == "service" else WEEKDAYS[:5]
    return " + ".join(f"{','.join(slot.get('days') or usual)};{slot['from']}-{slot['to']}" for slot in slots)


def _mark(value: Any) -> str:
    """Eight hex digits of a wish, so that another wish is another step."""
    return hashlib.sha256(repr(value).encode()).hexdigest()[:8]


def _step(desired: Desired, step: str, what: str, path: str) -> Manual:
    address = desired.address
    return Manual(address=address, key=f"{address}#{step}", what=what, origin=desired.origin_of(path))
