"""What an apply did: a line for every change, and a closing that says what was done, what was not, and what to do next.

A run is never made to sound better than its evidence: what no platform shows is counted apart from what was read back, and
people are said to have been contacted only where every change was carried out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from reconciler.catalogue import say
from reconciler.reports import json
from reconciler.reports.markdown import Table, code, laid_out, prose
from reconciler.reports.printable import breadth, clip, joined, pad, plain, sentence
from reconciler.reports.style import Style
from reconciler.reports.words import ACTIONS, counted, in_size_order, moment, spoken

_MARKS: Final[Mapping[str, str]] = {
    "verified": "✓",
    "unverifiable": "?",
    "unknown": "‼",
    "refused": "✗",
    "failed": "✗",
    "skipped": "–",
    "pending": "·",
}
_OUTCOMES: Final[Mapping[str, str]] = {
    "verified": "verified",
    "unverifiable": "taken, and never shown by the platform",
    "unknown": "OUTCOME UNKNOWN",
    "refused": "refused, without effect",
    "failed": "FAILED",
    "skipped": "skipped",
    "pending": "not begun",
}
_TALLIED: Final[Mapping[str, str]] = {
    "verified": "{n:,} verified",
    "unverifiable": "{n:,} taken but not shown by the platform",
    "refused": "{n:,} refused",
    "failed": "{n:,} failed",
    "skipped": "{n:,} skipped",
    "pending": "{n:,} not begun",
}
_DONE: Final = ("verified", "unverifiable")
_LISTED: Final = 20
_NAME: Final = 300
_WORDS: Final = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class _Change:
    """One change of a run as it is shown."""

    mark: str
    action: str
    address: str
    outcome: str
    extent: str


@dataclass(frozen=True, slots=True, kw_only=True)
class _RunReport:
    """A run as it is shown. `lines` close it, the most important first."""

    title: str
    changes: tuple[_Change, ...]
    narrowed: tuple[str, ...]
    closing: tuple[str, ...]
    next_steps: tuple[str, ...]
    proof: tuple[str, ...]


def event_line(change_json: Mapping[str, Any], style: Style | None = None) -> str:
    """One change of a run on one line without its end, for logs: mark, action, address, outcome, why."""
    change, painter = _change(change_json), style or Style()
    return joined([painter.paint(change.mark, change.mark), change.action, change.address, _result(change)], "  ")


def narrowed_line(difference: Mapping[str, Any]) -> str:
    """One step of which less was done than was reviewed, or more because it protects people."""
    counts = say("{now:,} instead of {reviewed:,}", now=difference["now"], reviewed=difference["reviewed"])
    action, address = spoken(ACTIONS, str(difference["action"])), clip(plain(difference["address"]), _NAME)
    return joined([action, address, counts, sentence(difference["why"])])


def render_run(run_json: Mapping[str, Any], format: str, style: Style) -> str:  # noqa: A002 - the word that users know
    """A run in one of RUN_FORMATS; KeyError for another."""
    return RUN_FORMATS[format](run_json, style)


def _text(run_json: Mapping[str, Any], style: Style) -> str:
    run = _of_run(run_json)
    blocks = [[style.paint(run.title, "strong")]]
    if not style.quiet:
        action = max((breadth(change.action) for change in run.changes), default=0)
        address = max((min(breadth(change.address), style.width // 2) for change in run.changes), default=0)
        blocks[0].extend(
            f"  {style.paint(change.mark, change.mark)} {pad(change.action, action)}  {pad(change.address, address)}  "
            f"{style.paint(_result(change), change.mark if change.mark in '‼✗' else '')}"
            for change in run.changes
        )
        blocks.append([say("Narrowed since the review:"), *(f"  {line}" for line in run.narrowed)] if run.narrowed else [])
    blocks.append([*run.closing, *(style.paint(step, "strong") for step in run.next_steps)])
    blocks.append(list(run.proof))
    return "\n".join("\n".join(block) + "\n" for block in blocks if block)


def _markdown(run_json: Mapping[str, Any], style: Style) -> str:
    run = _of_run(run_json)
    rows = [
        (f"`{change.mark}`", prose(change.action), code(clip(change.address, _NAME)), prose(clip(_result(change), _WORDS)))
        for change in run.changes
    ]
    tables = [Table(title=say("CHANGES"), columns=("", say("Action"), say("Address"), say("Outcome")), rows=rows)]
    if run.narrowed:
        narrowed = [(prose(clip(line, _WORDS)),) for line in run.narrowed]
        tables.append(Table(title=say("NARROWED"), columns=(say("Since the review"),), rows=narrowed))
    head = f"### {prose(clip(run.title, _WORDS))}\n\n" + "<br>\n".join(map(prose, (*run.closing, *run.next_steps))) + "\n"
    return laid_out(head, [] if style.quiet else tables, "\n" + "<br>\n".join(map(code, run.proof)) + "\n")


RUN_FORMATS: Final[Mapping[str, Callable[[Mapping[str, Any], Style], str]]] = {
    "text": _text,
    "json": json.render,
    "markdown": _markdown,
}


def _of_run(run_json: Mapping[str, Any]) -> _RunReport:
    changes: Sequence[Mapping[str, Any]] = run_json["changes"]
    simulated = ", ".join(clip(plain(name), _NAME) for name in (run_json.get("simulated") or ())[:_LISTED])
    period = say("{start} to {end}", start=moment(str(run_json["started_at"])), end=moment(str(run_json["ended_at"])))
    name = say("Run {run}", run=clip(plain(run_json["run"]), _NAME))
    return _RunReport(
        title=joined([name, period, say("SIMULATED: {targets}", targets=simulated) if simulated else ""]),
        changes=tuple(map(_change, changes)),
        narrowed=tuple(map(narrowed_line, run_json.get("narrowed") or ())),
        closing=tuple(_closing(run_json, changes)),
        next_steps=tuple(_next(run_json, changes)),
        proof=tuple(_proof(run_json)),
    )


def _change(change: Mapping[str, Any]) -> _Change:
    outcome = str(change["outcome"])
    rows, calls = change.get("count") or 0, change.get("calls") or 0
    return _Change(
        mark=_MARKS.get(outcome, "?"),
        action=spoken(ACTIONS, str(change["action"])),
        address=plain(change["address"]),
        outcome=joined([spoken(_OUTCOMES, outcome), sentence(change.get("why") or "")], ": "),
        extent=joined(
            [
                counted(rows, "{n:,} row", "{n:,} rows") if rows else "",
                counted(calls, "{n:,} call", "{n:,} calls") if calls else "",
            ]
        ),
    )


def _result(change: _Change) -> str:
    return change.outcome + (f" ({change.extent})" if change.extent else "")


def _noted(item: Any) -> str:
    """One narrowing or one open operation: a sentence, or a mapping whose values say it."""
    if isinstance(item, Mapping):
        return joined([sentence(value) for value in item.values() if value not in (None, "")])
    return sentence(item)


def _closing(run_json: Mapping[str, Any], changes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    counts = _counts(changes)
    done = sum(counts.get(outcome, 0) for outcome in _DONE)
    if not changes:
        yield say("Nothing was to be done.")
    else:
        parts = joined([_part(outcome, counts[outcome]) for outcome in _DONE if counts.get(outcome)], ", ")
        yield counted(
            len(changes),
            "Done: {done:,} of {n:,} change{parts}.",
            "Done: {done:,} of {n:,} changes{parts}.",
            done=done,
            parts=f" ({parts})" if parts else "",
        )
    undone = {outcome: n for outcome, n in counts.items() if outcome not in (*_DONE, "unknown")}
    if undone:
        parts = ", ".join(_part(outcome, n) for outcome, n in in_size_order(undone))
        # a failed change was carried out, and reading it back showed something else
        heading = say("Not done, or not as wished") if undone.get("failed") else say("Not done")
        yield f"{heading}: {sum(undone.values()):,} ({parts})."
    if counts.get("unknown") or run_json.get("unknown"):
        yield say("Unknown: {what}. Perhaps done, perhaps not; nothing of it is repeated.", what=_in_doubt(run_json, counts))
    yield from _people(run_json, whole=done == len(changes))


def _counts(changes: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for change in changes:
        outcome = str(change["outcome"])
        counts[outcome] = counts.get(outcome, 0) + 1
    return counts


def _part(outcome: str, n: int) -> str:
    return say(_TALLIED[outcome], n=n) if outcome in _TALLIED else f"{n:,} {plain(outcome)}"


def _in_doubt(run_json: Mapping[str, Any], counts: Mapping[str, int]) -> str:
    changes = counts.get("unknown", 0)
    operations = [clip(_noted(operation), _NAME) for operation in run_json.get("unknown") or ()]
    more = say("and {n:,} more", n=len(operations) - _LISTED) if len(operations) > _LISTED else ""
    names = joined([*operations[:_LISTED], more], ", ")
    return joined([counted(changes, "{n:,} change", "{n:,} changes") if changes else "", names], ": ")


def _people(run_json: Mapping[str, Any], *, whole: bool) -> Iterator[str]:
    people = run_json.get("people") or {}
    n, first = people.get("total", 0), people.get("first_time", 0)
    if not n:
        return
    if whole:
        yield say("People contacted: {n:,} ({first:,} for the first time).", n=n, first=first)
    else:
        yield say("People in the plan: {n:,} ({first:,} for the first time); not all of it was done.", n=n, first=first)


def _next(run_json: Mapping[str, Any], changes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    counts = _counts(changes)
    if counts.get("unknown") or run_json.get("unknown"):
        yield say("Next: `reconciler resolve {run}`, then plan again.", run=clip(plain(run_json["run"]), _NAME))
    elif any(outcome not in _DONE for outcome in counts):
        yield say("Next: see the reasons above, then plan again with `reconciler plan`; what is done is not done twice.")
    if counts.get("unverifiable"):
        yield say("Marked ?: look in the platform's console where it matters.")


def _proof(run_json: Mapping[str, Any]) -> Iterator[str]:
    yield say("Plan sha256:{digest}", digest=plain(run_json["digest"]))
    if run_json.get("journal_head"):
        yield say("Journal head {hash} · exit code {code}", hash=plain(run_json["journal_head"]), code=run_json["exit_code"])
    else:
        yield say("Exit code {code}", code=run_json["exit_code"])
