"""What a document wishes that Lynn cannot do, said with its place before anything is asked of the platform.

Columns are judged where the rows are read, against the sheet; here is what no sheet can say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from reconciler.calendar import instant
from reconciler.catalogue import say
from reconciler.diagnostics import Finding, Severity, did_you_mean, error
from reconciler.plan.known import Seen
from reconciler.platforms.lynn import campaigns, contacts, loads
from reconciler.platforms.lynn.dialect import CAMPAIGNS_MAX, ROW
from reconciler.resource import Desired
from reconciler.target import Target

_PAGES: Final = frozenset({100, 200, 250, 500, 1_000, 2_000, 2_500, 5_000, 10_000})  # counts at which lists are often cut


def offline(desired: Desired) -> Iterable[Finding]:
    """What can be known without the platform."""
    match desired.address.kind:
        case "campaign":
            return _campaign(desired)
        case "contacts":
            return _load(desired) if desired.get("campaign") else _address_book(desired)
        case "blacklist":
            return _blacklist(desired)
        case _:
            return [
                _impossible(
                    desired, "", say("Lynn schedules no SMS"), say("load rows into a WhatsApp campaign: kind: contacts")
                )
            ]


def _finding(desired: Desired, code: str, path: str, message: str, remedy: str = "") -> Finding:
    return error(code, message, desired.origin_of(path), remedy, desired.address)


def _impossible(desired: Desired, path: str, message: str, remedy: str = "") -> Finding:
    return _finding(desired, "SPC011", path, message, remedy)


# --- campaigns


def _campaign(desired: Desired) -> Iterator[Finding]:
    block = desired.block
    for name in ("division", "category"):
        if not block.get(name):
            yield _finding(desired, "SPC002", "lynn", say("'lynn.{name}' is missing", name=name), say("Lynn asks for it"))
    mode = block.get("execution_mode", "manual")
    state = desired.get("state")
    if state and mode in campaigns.BY_ITSELF:
        message = say("a campaign in mode {mode} runs by itself and cannot be {state} by order", mode=mode, state=state)
        yield _impossible(desired, "state", message, say("remove 'state', or write 'execution_mode: manual'"))
    times, mistakes = _times(desired)
    yield from mistakes
    for name in ("start_at", "stop_at"):
        if mode == "scheduled" and not block.get(name):
            yield _finding(
                desired, "SPC002", "lynn.execution_mode", say("mode scheduled needs 'lynn.{name}'", name=name), say("add it")
            )
        elif mode != "scheduled" and block.get(name):
            message = say("'{name}' belongs to mode scheduled, and the mode is {mode}", name=name, mode=mode)
            yield _finding(desired, "SPC012", f"lynn.{name}", message, say("remove one of them"))
    for early, late in (("start_at", "stop_at"), ("start_at", "valid_until")):
        if early in times and late in times and times[early] >= times[late]:
            message = say("'{late}' must be later than '{early}'", late=late, early=early)
            yield _finding(desired, "SPC004", f"lynn.{late}", message, say("correct one of them"))


def _times(desired: Desired) -> tuple[Mapping[str, datetime], list[Finding]]:
    times, mistakes = {}, []
    for name in ("start_at", "stop_at", "valid_until"):
        if text := desired.block.get(name):
            try:
                times[name] = instant(text)
            except ValueError:
                message = say("'{text}' is not a moment that exists", text=text)
                mistakes.append(_finding(desired, "SPC005", f"lynn.{name}", message, say("correct the date")))
    return times, mistakes


# --- contacts


def _load(desired: Desired) -> Iterator[Finding]:
    block = desired.block
    if loads.is_file(desired):
        given = [f"lynn.{name}" for name in ("template", "fields") if block.get(name)]
        for path in [*given, *(["columns"] if desired.get("columns") else [])]:
            message = say("a .cpg file is passed through as it is; '{path}' has no meaning for it", path=path)
            yield _finding(desired, "SPC012", path, message, say("remove it"))
    else:
        if not block.get("template"):
            message = say("'lynn.template' is missing: rows are loaded by a template")
            remedy = say("copy the template's id from 'Solicitud Json' in the console")
            yield _finding(desired, "SPC002", "lynn", message, remedy)
        yield from _fields(desired)
    remedy = say("rows once loaded cannot be listed, changed or taken back; remove the key")
    if desired.get("missing", "keep") != "keep" or desired.get("close"):
        path = "close" if desired.get("missing", "keep") == "keep" else "missing"
        yield _impossible(desired, path, say("Lynn cannot remove or close rows of a campaign"), remedy)
    if desired.get("changed", "report") != "report":
        yield _impossible(desired, "changed", say("Lynn cannot replace rows of a campaign"), remedy)


def _fields(desired: Desired) -> Iterator[Finding]:
    reserved = {native.casefold(): ours for native, ours in ROW.items()}
    rows = desired.get("source", {}).get("rows")
    known = loads.mapped(desired) | {name for row in rows or () for name in row}
    for native, column in (desired.block.get("fields") or {}).items():
        path = f"lynn.fields.{native}"
        if ours := reserved.get(native.casefold()):
            message = say("'{native}' is filled from '{ours}'", native=native, ours=ours)
            yield _finding(desired, "SPC012", path, message, say("map '{ours}' under columns", ours=ours))
        if rows and column not in known:
            message = say("'{column}' is neither mapped nor a column of the source", column=column)
            yield _finding(desired, "SPC013", path, message, did_you_mean(column, known))


def _address_book(desired: Desired) -> Iterator[Finding]:
    if loads.is_file(desired):
        yield _finding(desired, "SPC002", "source", say("a .cpg file is loaded into a campaign"), say("name the campaign"))
        return
    for name in ("template", "fields"):
        if desired.block.get(name):
            message = say("'lynn.{name}' is for rows of a campaign, and no campaign is named", name=name)
            yield _finding(desired, "SPC012", f"lynn.{name}", message, say("add 'campaign', or remove it"))
    if desired.get("missing") == "close" or desired.get("close"):
        path = "missing" if desired.get("missing") == "close" else "close"
        yield _impossible(
            desired, path, say("contacts of the address book cannot be closed"), say("use 'missing: keep' or 'remove'")
        )


# --- blacklists


def _blacklist(desired: Desired) -> Iterator[Finding]:
    scope = desired.get("scope", {})
    if bool(scope.get("campaign")) == bool(scope.get("category")):
        message = say("a blacklist on Lynn is for one campaign or one category")
        yield _finding(desired, "SPC012", "scope", message, say("write 'scope: {{campaign: NAME}}' or '{{category: NAME}}'"))
    if scope.get("direction"):
        message = say("Lynn blocks contacts from campaigns and knows no direction")
        yield _impossible(desired, "scope.direction", message, say("remove it"))
    if desired.get("days"):
        yield _impossible(desired, "days", say("entries on Lynn do not end by themselves"), say("remove it"))
    if "expires" in desired.origins:
        yield _impossible(desired, "expires", say("entries on Lynn do not end by themselves"), say("remove it"))


# --- against the live platform


def live(desired: Desired, seen: Seen, target: Target) -> Iterator[Finding]:
    """What only the live platform shows to be impossible."""
    kind = desired.address.kind
    if kind == "campaign":
        most = int(target.limit("campaigns", CAMPAIGNS_MAX))
        count = len(seen.campaigns.live)
        if count >= most and not seen.campaign(desired.get("display_name", desired.address.name)):
            message = say("the tenant holds {count} campaigns of at most {most}; one more is refused", count=count, most=most)
            remedy = say("delete one, or raise 'limits.campaigns' where the vendor allows more")
            yield _finding(desired, "PLT004", "name", message, remedy)
    if kind == "contacts" and desired.get("campaign") and not loads.is_file(desired):
        for campaign in seen.campaign(desired.get("campaign")):
            if campaign.fields.get("type") == "multiple":
                message = say("'{name}' is of type multiple; rows of a template go into type single only", name=campaign.name)
                yield _impossible(desired, "campaign", message, say("use a campaign of type single"))
    if kind in ("contacts", "blacklist") and contacts.counted(seen) in _PAGES:
        count = contacts.counted(seen)
        yield Finding(
            code="PLT002",
            severity=Severity.WARN,
            message=say("the list of contacts has exactly {count:,} entries, and may be a page of a longer one", count=count),
            remedy=say("compare with the console"),
            address=desired.address,
            origin=desired.origin,
        )
