"""A plan for a terminal or a log: one thing a line, its place in the files at the right.

Long plans stay readable by getting terser, never by leaving an address out: what a reviewer does not see is not reviewed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from reconciler.catalogue import say
from reconciler.reports.notices import Notice
from reconciler.reports.printable import breadth, clip, clip_pair, joined, pad
from reconciler.reports.report import FieldLine, Item, Report, Section, TargetLine, of_plan
from reconciler.reports.style import Style
from reconciler.reports.words import SEVERITIES, TITLES, counted, spoken

CHANGES_SHORT: Final = 200  # above so many changes the fields of a change share one line
NOTICES_SHORT: Final = 10  # above so many warnings or notes of one code only the first few are written out
_SHOWN_FIRST: Final = 3
_VALUE: Final = 48
_INLINE: Final = 72
_SEVERITY: Final = 8


def render(plan_json: Mapping[str, Any], style: Style) -> str:
    """The plan as text that ends with a line break. Without `style.colour` it holds no control byte but line breaks."""
    report = of_plan(plan_json)
    blocks = [target_lines(report.targets, style), _reach(report, style), _blocked(report, style)]
    if not style.quiet:
        terse = report.changes > CHANGES_SHORT and not style.verbose
        blocks.extend(section_lines(section, style, terse=terse) for section in report.sections)
        blocks.append(_notices(report, style))
    blocks.append([style.paint(report.verdict, "strong")] if report.verdict else [])
    blocks.append(list(_closing(report, style)))
    return "\n".join("\n".join(block) + "\n" for block in blocks if block)


def target_lines(found: Sequence[TargetLine], style: Style) -> list[str]:
    """The targets; under -q those that make the plan mean something else than it seems to."""
    targets = [target for target in found if target.simulated or not target.complete or not style.quiet]
    names = [target.name + (f" ({say('SIMULATED')})" if target.simulated else "") for target in targets]
    column = max(map(breadth, names), default=0) + 2
    lines = []
    for name, target in zip(names, targets, strict=True):
        lines.append(style.paint(pad(name, column), "strong") + style.paint(target.text, "" if target.complete else "error"))
        if style.verbose and target.detail:
            lines.append(" " * column + style.paint(target.detail, "faint"))
    return lines


def _reach(report: Report, style: Style) -> list[str]:
    """How many people, first of all."""
    if not report.people:
        return []
    heading = f"{spoken(TITLES, 'reach')} · {counted(report.people, '{n:,} person', '{n:,} people')}"
    steps = counted(report.irreversible, "{n:,} irreversible step", "{n:,} irreversible steps")
    calls = counted(sum(n for _, n in report.calls), "{n:,} call", "{n:,} calls")
    return [style.paint(heading, "strong"), *(f"    {line}" for line in report.reach), f"    {joined([steps, calls])}"]


def _blocked(report: Report, style: Style) -> list[str]:
    if not report.blocking:
        return []
    heading = style.paint(f"{spoken(TITLES, 'blocked')} · {len(report.blocking):,}", "deny")
    return [heading, *(line for found in report.blocking for line in _notice(found, style))]


def section_lines(section: Section, style: Style, *, terse: bool = False) -> list[str]:
    """A heading with its count, and its items; `terse` puts the fields of an item on one line."""
    lines = [style.paint(f"{section.title} · {len(section.items):,}", "strong")]
    for item in section.items:
        lines.extend(_item(item, style, terse=terse))
    return lines


def _item(item: Item, style: Style, *, terse: bool) -> Iterator[str]:
    remarks = [item.remark, clip(_inline(item.fields), _INLINE) if terse else ""]
    head = joined([item.address, joined(remarks)], "   ")
    yield _placed(f"  {style.paint(item.symbol, item.symbol)} {head}", 4 + breadth(head), item.place, style)
    if not terse:
        yield from _fields(item.fields, style)
    examples = item.examples if style.verbose else ()
    extra = item.extra if style.verbose or item.symbol == "!" else ()
    for detail in (*item.details, *examples, *extra):
        yield f"      {detail}"


def _inline(fields: Sequence[FieldLine]) -> str:
    """Fields side by side. One that cannot be verified is marked, as it is where there is room."""
    return " · ".join(f"{_movement(field, _VALUE // 2)}{' ?' if field.remark else ''}" for field in fields)


def _movement(field: FieldLine, most: int) -> str:
    before, after = clip_pair(field.before, field.after, most)
    return f"{field.path} {before} → {after}" if field.before else f"{field.path} {after}"


def _fields(fields: Sequence[FieldLine], style: Style) -> Iterator[str]:
    most = 10_000 if style.verbose else _VALUE
    column = max((breadth(field.path) for field in fields), default=0) + 2
    moves = [clip_pair(field.before, field.after, most) for field in fields]
    values = [f"{before} → {after}" if before else after for before, after in moves]
    remarks_at = max((breadth(value) for field, value in zip(fields, values, strict=True) if field.remark), default=0) + 3
    for field, value in zip(fields, values, strict=True):
        line = "      " + pad(field.path, column) + value
        length = breadth(line)
        if field.remark:
            line += " " * (remarks_at - breadth(value)) + style.paint(f"? {field.remark}", "?")
            length += remarks_at - breadth(value) + 2 + breadth(field.remark)
        yield _placed(line, length, field.place, style)


def _notices(report: Report, style: Style) -> list[str]:
    if not report.notices:
        return []
    lines = [style.paint(f"{spoken(TITLES, 'findings')} · {len(report.notices):,}", "strong")]
    codes: dict[tuple[str, str], list[Notice]] = {}
    for found in report.notices:
        codes.setdefault((found.severity, found.code), []).append(found)
    for (_, code), alike in codes.items():
        whole = style.verbose or len(alike) <= NOTICES_SHORT
        for found in alike if whole else alike[:_SHOWN_FIRST]:
            lines.extend(_notice(found, style))
        if not whole:
            more = say("… and {n:,} more of {code}; -v shows them all", n=len(alike) - _SHOWN_FIRST, code=code)
            lines.append("  " + style.paint(more, "faint"))
    return lines


def _notice(found: Notice, style: Style) -> Iterator[str]:
    severity = pad(spoken(SEVERITIES, found.severity), _SEVERITY)
    head = joined([found.code, found.address or found.message], "  ")
    yield _placed(f"  {style.paint(severity, found.severity)} {head}", 3 + breadth(severity + head), found.place, style)
    if found.address:
        yield f"      {found.message}"
    if found.remedy:
        yield f"      {say('help: {remedy}', remedy=found.remedy)}"


def _closing(report: Report, style: Style) -> Iterator[str]:
    people = say(
        "People contacted by this plan: {n:,} ({first:,} for the first time)", n=report.people, first=report.first_time
    )
    calls = ", ".join(f"{target} {n:,}" for target, n in report.calls)
    if style.quiet and report.summary:
        yield say("Changes: {summary}", summary=joined(report.summary))
    yield joined(
        [
            style.paint(people if report.people else say("People contacted by this plan: 0"), "strong"),
            say("irreversible steps: {n:,}", n=report.irreversible),
            say("calls: {calls}", calls=calls) if calls else "",
        ],
        "   ",
    )
    yield say("Guards: {guards} · valid until {moment}", guards=report.guards, moment=report.valid_until)
    if report.permissions:
        yield say("Permissions given: {permissions}", permissions=joined(report.permissions))
    if report.needs:
        yield say("apply needs: {flags}", flags=report.needs)
    if style.verbose:
        yield from (style.paint(line, "faint") for line in report.extra)
    yield say("Plan sha256:{digest}", digest=report.digest)


def _placed(line: str, length: int, place: str, style: Style) -> str:
    """`line`, which takes `length` columns, with `place` at the right edge, or behind it where there is no room."""
    if not place:
        return line
    gap = max(style.width - length - breadth(place), 2)
    return line + " " * gap + style.paint(place, "faint")
