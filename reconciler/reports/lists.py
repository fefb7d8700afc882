"""What a plan says about the rows of one address: how many, what happens to them, and who is left out and why."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from reconciler.catalogue import say
from reconciler.reports.printable import joined, plain
from reconciler.reports.words import counted, in_size_order, suppressed

_LOADED: Final = {
    "contacts": "{n:,} to load",
    "blacklist": "{n:,} to add",
    "scheduled_sms": "{n:,} to send",
}
_TOLD_AGAIN: Final = frozenset({"in_doubt", "later", "lapsed"})
_DROPPED: Final = "further number"  # a number that is left out while its row stays


def details(rows: Mapping[str, Any], *, append_only: bool) -> tuple[str, ...]:
    """One line on where the rows come from and one on what happens to them, as far as each has something to say."""
    kind = _kind(rows)
    taken_out = rows.get("suppressed") or {}
    tells_source = kind != "blacklist" or taken_out or rows.get("unchanged")
    lines = [_source(rows, kind, taken_out) if tells_source else "", _effect(rows, kind, append_only=append_only)]
    lines.append(_enforced(rows))
    return tuple(line for line in lines if line)


def standing(rows: Mapping[str, Any]) -> str:
    """What is to be known of rows that nothing happens to; "" where there is nothing to know."""
    taken_out = rows.get("suppressed") or {}
    nobody = rows.get("in_source", 0) and sum(taken_out.values()) == rows["in_source"] and "already_sent" not in taken_out
    told = taken_out if nobody else {reason: n for reason, n in taken_out.items() if reason in _TOLD_AGAIN}
    invalid = rows.get("reasons") or {}
    left = [say("nobody of {n:,} in file", n=rows["in_source"])] if nobody else []
    return joined([_kept(rows), _differing(rows), *left, *_reasons(told, invalid), _enforced(rows)])


def examples(rows: Mapping[str, Any]) -> tuple[str, ...]:
    """A few of the rows that cannot be sent, a line a reason."""
    found: Mapping[str, Any] = rows.get("examples") or {}
    return tuple(
        say("{reason}, for example: {rows}", reason=plain(reason), rows=", ".join(map(plain, some)))
        for reason, some in sorted(found.items())
    )


def _source(rows: Mapping[str, Any], kind: str, taken_out: Mapping[str, int]) -> str:
    reasons = {name: n for name, n in (rows.get("reasons") or {}).items() if name != _DROPPED}
    dropped = (rows.get("reasons") or {}).get(_DROPPED, 0)
    left_out = sum(taken_out.values())
    who = say("{n:,} not: {reasons}", n=left_out, reasons=" · ".join(_reasons(taken_out, reasons))) if left_out else ""
    flow = say(
        "{n:,} in file → {loaded}",
        n=rows.get("in_source", 0),
        loaded=say(_LOADED.get(kind, "{n:,} to add"), n=rows.get("to_add", 0)),
    )
    return joined(
        [
            flow,
            say("{n:,} already there", n=rows["unchanged"]) if rows.get("unchanged") else "",
            _differing(rows),
            who,
            counted(dropped, "{n:,} further number dropped", "{n:,} further numbers dropped") if dropped else "",
        ]
    )


def _effect(rows: Mapping[str, Any], kind: str, *, append_only: bool) -> str:
    added, removed = rows.get("to_add", 0), rows.get("to_remove", 0)
    if kind == "scheduled_sms":
        moves = f"+{added:,}"
    elif kind == "blacklist":
        moves = f"+{added:,}  -{rows.get('to_lift', 0) + removed:,}"
    else:
        moves = f"+{added:,}  ~{rows.get('to_replace', 0):,}  -{removed:,}"
    if rows.get("to_close"):
        moves += "  " + say("{n:,} to close", n=rows["to_close"])
    if not append_only:
        moves += "  " + say("of {n:,} live", n=rows.get("live", 0))
    kept = _kept(rows)
    sample = ", ".join(plain(masked) for masked in rows.get("sample") or ())
    return joined([moves + (f" ({kept})" if kept else ""), say("sample: {people}", people=sample) if sample else ""], "      ")


def _enforced(rows: Mapping[str, Any]) -> str:
    if not rows.get("enforced_by_us"):
        return ""
    return say("the platform has no such list: every row and message of this target is held against it here")


def _kept(rows: Mapping[str, Any]) -> str:
    n = rows.get("kept", 0)
    if not n:
        return ""
    if rows.get("enforced_by_us"):
        return counted(n, "{n:,} more is barred from memory", "{n:,} more are barred from memory")
    if _kind(rows) == "blacklist":
        return counted(n, "{n:,} live entry is not in the file: kept", "{n:,} live entries are not in the file: kept")
    return counted(n, "{n:,} live row is not in the file: kept", "{n:,} live rows are not in the file: kept")


def _differing(rows: Mapping[str, Any]) -> str:
    """How many live rows differ, in which columns, and of how many that is only reported."""
    n, left = rows.get("changed", 0), rows.get("changed", 0) - rows.get("to_replace", 0)
    columns = ", ".join(f"{plain(name)} {count:,}" for name, count in in_size_order(rows.get("changed_columns") or {}))
    if left <= 0 and not columns:
        return ""
    words = counted(n, "{n:,} differs", "{n:,} differ") + (f" ({columns})" if columns else "")
    if left == n:
        return say("{differing}: reported only", differing=words)
    return say("{differing}: {n:,} reported only", differing=words, n=left) if left > 0 else words


def _reasons(taken_out: Mapping[str, int], invalid: Mapping[str, int]) -> list[str]:
    return [suppressed(reason, n, invalid) for reason, n in in_size_order(taken_out)]


def _kind(rows: Mapping[str, Any]) -> str:
    return [*str(rows.get("address", "")).split("/", 2), "", ""][1]
