"""What of a wish wolkvox cannot do: what the documents alone show, what only the live account shows, what is a person's."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final

from reconciler.catalogue import say
from reconciler.diagnostics import Finding, Severity, did_you_mean, error
from reconciler.plan.known import Seen
from reconciler.plan.manual import Manual
from reconciler.platforms.wolkvox import blacklist, records, wire
from reconciler.platforms.wolkvox.campaigns import hours, is_skill_id, keeps_hours
from reconciler.resource import Desired
from reconciler.rows.spec import BESIDE, BESIDE_NATURAL
from reconciler.target import Target

_PLACEHOLDER: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


def check(desired: Desired, target: Target) -> Iterator[Finding]:
    """What can be known offline."""
    kind = desired.address.kind
    if kind == "campaign":
        yield from _campaign(desired)
        return
    if target.phone_format == "e164":
        message = say("wolkvox takes numbers of digits alone, and 'phone_format: e164' has a plus")
        yield error("SPC011", message, target.origin, say("use 'digits' or 'national'"))
    yield from {"contacts": _contacts, "blacklist": _blacklist, "scheduled_sms": _sms}[kind](desired)


def _campaign(desired: Desired) -> Iterator[Finding]:
    block = desired.block
    if not block.get("skill"):
        message = say("a campaign on wolkvox needs 'wolkvox.skill'")
        yield _error("SPC002", message, desired, "wolkvox", say("write the name or id of the skill that takes its calls"))
    if block.get("type") == wire.PREVIEW and block.get("amd"):
        message = say("answering machines are detected in predictive campaigns only")
        yield _error("SPC011", message, desired, "wolkvox.amd", say("remove 'amd', or use 'type: predictive'"))
    if block.get("skill") == wire.VAGENT and "channel" not in desired.origins:
        message = say("with the skill VAGENT nothing shows how people are reached; it is judged as voice")
        yield _note("SPC002", Severity.WARN, message, desired, "wolkvox.skill", say("say 'channel'"))


def _contacts(desired: Desired) -> Iterator[Finding]:
    if not desired.get("campaign"):
        message = say("wolkvox has no address book: contacts are rows of a campaign")
        yield _error("SPC011", message, desired, "name", say("name the 'campaign' that the rows are loaded into"))
    if str(desired.get("source", {}).get("file") or "").lower().endswith(".cpg"):
        message = say("files of the form .cpg are Lynn's")
        yield _error("SPC011", message, desired, "source.file", say("use csv, parquet or jsonl"))
    if desired.get("missing") == "close" and not desired.get("close"):
        message = say("'missing: close' needs the code that closes a row")
        yield _error("SPC002", message, desired, "missing", say("write 'close: {{code: CODE}}'"))
    known = (*(column.name for column in records.COLUMNS), *BESIDE)
    yield from _columns(desired, desired.get("columns") or {}, known, "columns")


def _blacklist(desired: Desired) -> Iterator[Finding]:
    scope = desired.get("scope", {})
    for name in ("campaign", "category"):
        if scope.get(name):
            message = say("the do-not-call list of wolkvox is the account's: 'scope.{name}' is Lynn's", name=name)
            yield _error("SPC011", message, desired, f"scope.{name}", say("use 'scope: {{direction: outbound}}', or none"))
    if desired.get("days") and scope.get("direction"):
        message = say("entries for a number of days have no direction on wolkvox")
        yield _error("SPC012", message, desired, "scope.direction", say("remove 'scope.direction' or 'days'"))
    if not desired.get("days") and "expires" in desired.origins:
        message = say("'expires' is about entries that end, and without 'days' they do not")
        yield _error("SPC012", message, desired, "expires", say("remove 'expires', or add 'days'"))
    if desired.get("verify"):
        message = say("'verify' is Lynn's: on wolkvox the whole list is read back")
        yield _error("SPC011", message, desired, "verify", say("remove it"))
    known = (*(column.name for column in blacklist.COLUMNS), *BESIDE, *BESIDE_NATURAL)
    yield from _columns(desired, desired.get("columns") or {}, known, "columns")
    yield from _columns(desired, desired.get("lifts", {}).get("columns") or {}, known, "lifts.columns")


def _sms(desired: Desired) -> Iterator[Finding]:
    if desired.get("at") != "on_apply":
        message = say("wolkvox cannot schedule an SMS: it sends at once")
        yield _error("SPC011", message, desired, "at", say("use 'at: on_apply', or a target that can schedule"))
    if desired.get("campaign"):
        message = say("wolkvox sends an SMS without a campaign: 'campaign' changes nothing")
        yield _note("SPC011", Severity.WARN, message, desired, "campaign", say("remove it"))
    given = _given(desired)
    for name in dict.fromkeys(_PLACEHOLDER.findall(str(desired.get("message", "")))) if given else ():
        if name not in given:
            message = say("the message has a place for '{name}', and no column of that name", name=name)
            yield _error("SPC014", message, desired, "message", did_you_mean(name, given))


def _given(desired: Desired) -> frozenset[str]:
    """The columns that a document has by its own words; none where only its file knows them."""
    columns = desired.get("columns")
    if columns is not None:
        return frozenset(columns)
    return frozenset(name for row in desired.get("source", {}).get("rows") or () for name in row)


def _columns(desired: Desired, columns: Mapping[str, Any], names: Collection[str], path: str) -> Iterator[Finding]:
    for name in columns:
        if name not in names:
            message = say("wolkvox has no column '{name}' here", name=name)
            remedy = did_you_mean(name, names) or say("remove it: the platform has no place for it")
            yield _error("SPC013", message, desired, f"{path}.{name}", remedy)


def check_live(desired: Desired, seen: Seen, target: Target) -> Iterator[Finding]:
    """What only the account shows."""
    if desired.address.kind == "campaign":
        yield from _skill(desired, seen)
        yield from _hours(desired, seen, target)
    elif desired.address.kind == "contacts":
        yield from _columns_of_type(desired, seen)
        message = say("a record filter that somebody set in wolkvox's console may be at work: no API shows it")
        yield Finding(code="UNV001", severity=Severity.INFO, message=message, origin=target.origin)


def _skill(desired: Desired, seen: Seen) -> Iterator[Finding]:
    skill = desired.block.get("skill")
    names, twice = seen.references.get("skill", {}), seen.references.get("skill_twice", {})
    if not skill or is_skill_id(skill, seen) or skill in names:
        return
    if "skill" not in seen.references:  # the server lists no skills: an id is believed, a name means none
        if not skill.isdecimal():
            message = say("this server lists no skills, so that '{name}' cannot be looked up", name=skill)
            yield _error("PLT001", message, desired, "wolkvox.skill", say("write its id, as the console shows it"))
        return
    if skill in twice:
        message = say("several skills are called '{name}'", name=skill)
        yield _error("PLT001", message, desired, "wolkvox.skill", say("write its id: {ids}", ids=twice[skill]))
        return
    remedy = did_you_mean(skill, names) or say("create it in the console")
    yield _error("PLT001", say("there is no skill '{name}'", name=skill), desired, "wolkvox.skill", remedy)


def _hours(desired: Desired, seen: Seen, target: Target) -> Iterator[Finding]:
    if not keeps_hours(desired):
        return
    window = hours(desired, target, seen.campaigns.read_at)
    if window["from"] >= window["to"]:
        message = say(
            "the window is {start} to {end} on the platform's clock ({zone}), and it takes only hours of one day",
            start=window["from"],
            end=window["to"],
            zone=target.platform_timezone,
        )
        yield _error("SPC011", message, desired, "window", say("end the window before midnight there"))


def _columns_of_type(desired: Desired, seen: Seen) -> Iterator[Finding]:
    """Rows for a campaign that is there: predictive and preview ones do not have the same columns."""
    columns = desired.get("columns") or {}
    for live in seen.campaign(desired.get("campaign", "")):
        type_ = str(live.native.get("type"))
        for name in records.not_taken(columns, type_) if type_ in wire.ADDED else ():
            message = say("records of a {type} campaign have no '{name}'", type=type_, name=name)
            yield _error("SPC013", message, desired, f"columns.{name}", say("remove it, or use the other type of campaign"))


def manual(desired: Desired) -> Iterator[Manual]:
    """The dial strategy, which holds channel and text of a virtual agent's campaign, is kept in the console alone."""
    if desired.address.kind == "campaign" and desired.block.get("skill") == wire.VAGENT:
        what = say("set the virtual agent's strategy (channel and text) of this campaign in the console")
        origin = desired.origin_of("wolkvox.skill")
        yield Manual(address=desired.address, key=f"{desired.address}#strategy", what=what, origin=origin)


def _error(code: str, message: str, desired: Desired, path: str, remedy: str) -> Finding:
    return error(code, message, desired.origin_of(path), remedy, desired.address)


def _note(code: str, severity: Severity, message: str, desired: Desired, path: str, remedy: str) -> Finding:
    return Finding(
        code=code,
        severity=severity,
        message=message,
        remedy=remedy,
        address=desired.address,
        origin=desired.origin_of(path),
    )
