"""The words that reports put to actions, reasons, outcomes and counts. Plans and runs hold codes; here they become language."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from reconciler.catalogue import say
from reconciler.reports.printable import clip, clip_pair, plain, shown

_VALUE: Final = 48  # characters of a value within a sentence

TITLES: Final[Mapping[str, str]] = {
    "reach": "REACH",
    "blocked": "BLOCKED",
    "drift": "DRIFT",
    "delete": "DELETE",
    "irreversible": "IRREVERSIBLE",
    "stop": "STOP",
    "update": "UPDATE",
    "other": "CHANGE",
    "create": "CREATE",
    "rows": "ROWS",
    "start": "START",
    "manual": "MANUAL",
    "unverifiable": "UNVERIFIABLE",
    "unchanged": "UNCHANGED",
    "findings": "FINDINGS",
}

ACTIONS: Final[Mapping[str, str]] = {
    "stop": "stop",
    "blacklist_add": "add to blacklist",
    "delete": "delete",
    "create": "create",
    "update": "update",
    "rows_remove": "remove rows",
    "rows_add": "add rows",
    "start": "start",
    "schedule": "schedule",
    "blacklist_remove": "lift from blacklist",
}

# The reasons that say more than the action does; the others (new, fields, state, rows) go without a word.
REASONS: Final[Mapping[str, str]] = {
    "gone": "was ours, and somebody removed it",
    "window": "outside its window",
    "edit": "around an edit",
    "goes_live": "runs by itself from then on",
    "removed": "its document is gone",
    "lift": "asked to be reachable again",
}

SUPPRESSED: Final[Mapping[str, str]] = {
    "invalid": "{n:,} invalid",
    "duplicate": "{n:,} duplicate",
    "blacklist": "{n:,} blacklisted",
    "cap": "{n:,} over cap",
    "already_sent": "{n:,} already sent",
    "in_doubt": "{n:,} held: outcome unknown",
    "later": "{n:,} due later",
    "lapsed": "{n:,} ended by time",
}

SEVERITIES: Final[Mapping[str, str]] = {
    "error": "error",
    "deny": "deny",
    "approve": "approve",
    "warn": "warning",
    "info": "note",
}

_TALLIES: Final[Mapping[str, tuple[str, str]]] = {
    "error": ("{n:,} error", "{n:,} errors"),
    "deny": ("{n:,} denied", "{n:,} denied"),
    "approve": ("{n:,} to acknowledge", "{n:,} to acknowledge"),
    "warn": ("{n:,} warning", "{n:,} warnings"),
    "info": ("{n:,} note", "{n:,} notes"),
}


def spoken(table: Mapping[str, str], code: str, **values: Any) -> str:
    """The words for `code`; the code itself where a newer writer used one that is not known here."""
    known = table.get(code)
    return say(known, **values) if known else plain(code)


def counted(n: int, one: str, many: str, **values: Any) -> str:
    """`one` or `many`, by number; both may name `{n}`."""
    return say(one if n == 1 else many, n=n, **values)


def tally(severities: Iterable[str]) -> list[str]:
    """How many of each severity, strongest first: `2 errors`, `1 warning`."""
    found = list(severities)
    counts = [(found.count(severity), words) for severity, words in _TALLIES.items()]
    return [counted(n, *words) for n, words in counts if n]


def suppressed(reason: str, n: int, invalid: Mapping[str, int]) -> str:
    """Rows that are left out for one reason. `invalid` tells invalid rows apart by what is wrong with them."""
    if reason.startswith("suppress:"):
        return say("{n:,} on list {name}", n=n, name=plain(reason.removeprefix("suppress:")))
    if reason == "invalid" and invalid:
        if list(invalid) == ["number"]:
            return say("{n:,} invalid number", n=n)
        kinds = ", ".join(f"{count:,} {plain(kind)}" for kind, count in in_size_order(invalid))
        return say("{n:,} invalid ({kinds})", n=n, kinds=kinds)
    if reason in SUPPRESSED:
        return say(SUPPRESSED[reason], n=n)
    return f"{n:,} {plain(reason)}"


def in_size_order(counts: Mapping[str, int]) -> list[tuple[str, int]]:
    """The counts that are not zero, largest first."""
    return sorted(((name, n) for name, n in counts.items() if n), key=lambda pair: (-pair[1], pair[0]))


def moment(text: str) -> str:
    """An ISO 8601 instant as `2026-11-20 18:00 -05:00`, to the minute; other text as it is."""
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return plain(text)
    offset = found.strftime("%z")
    zone = f"{offset[:3]}:{offset[3:5]}" if offset.strip("+-0") else "UTC" if offset else ""
    return f"{found:%Y-%m-%d %H:%M} {zone}".rstrip()


def place(data: Mapping[str, Any]) -> str:
    """`file:line` of a change, a step or a finding; "" where nobody wrote it."""
    file, line = data.get("file"), data.get("line")
    return plain(f"{file}:{line}" if line else file) if file else ""


def edited(found: Mapping[str, Any], sets: Sequence[str]) -> str:
    """One edit in a console, in words. `sets` = the paths that the plan sets at its address; "" where it makes the object."""
    path = str(found["path"])
    if not path:
        return say("gone from the console; this plan makes it again") if "" in sets else say("gone from the console")
    applied, live = clip_pair(shown(found["applied"]), shown(found["live"]), _VALUE)
    edit = say("{path} {applied} → {live} in the console", path=plain(path), applied=applied, live=live)
    wished = clip(shown(found["wished"]), _VALUE)
    if found["wished"] == found["live"]:
        return say("{edit}, as the file has it", edit=edit)
    if any(one == path or one.startswith(f"{path}.") or path.startswith(f"{one}.") for one in sets if one):
        return say("{edit}; this plan sets it to {wished}", edit=edit, wished=wished)
    if found["wished"] is None:
        return say("{edit}; the file leaves it", edit=edit)
    return say("{edit}; the file has {wished}", edit=edit, wished=wished)
