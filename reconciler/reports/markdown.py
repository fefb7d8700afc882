"""A plan for a pull-request comment: how many people it reaches first, then a table a section.

Whatever others wrote goes through `prose` or `code`, which leave no markup, mention or link of theirs alive. A comment has
room for CHARACTERS_MAX; what does not fit is counted, and the least weighty section loses first.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from reconciler.catalogue import say
from reconciler.reports.notices import Notice
from reconciler.reports.printable import clip, clip_pair, joined
from reconciler.reports.report import Item, Report, TargetLine, of_plan
from reconciler.reports.style import Style
from reconciler.reports.words import SEVERITIES, TITLES, counted, spoken

CHARACTERS_MAX: Final = 60_000  # GitHub takes 65,536, and `comment` adds a line of its own
ROWS_OPEN: Final = 20  # longer tables are folded
ROWS_FIRST: Final = 3  # so many rows of every table come before any table gets more
_OMISSION: Final = 100  # more than the line takes that counts what is left out
_VALUE: Final = 120
_WORDS: Final = 600
_NAME: Final = 300
_LISTED: Final = 10

_MARKUP: Final = re.compile(r"""[&<>"'`|*_~\[\](){}\\!#@$^]|:(?=//)|(?<=[wW]{3})\.""")
_REFERENCE: Final = re.compile(r"(?<=[#!~$%&])(?=\w)|(?<=@)(?<!\w@)(?=\w)")  # `n@digest` is no mention, and is copied
_JOINT: Final = "&#8203;"  # takes no width; behind @ or # it keeps a platform from making a mention of it


def prose(text: str) -> str:
    """Text of others inside a sentence or a cell: shown as written, with no effect of its own."""
    return _JOINT.join(map(_inert, _REFERENCE.split(text)))


def code(text: str) -> str:
    """A name or value of others in a fixed-width face; platforms look for no mentions in it, so that it copies exactly."""
    return f"<code>{_inert(text)}</code>" if text else ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Table:
    """A heading with rows below it. `folds` where a long one may be closed at first."""

    title: str
    columns: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]
    folds: bool = True


def render(plan_json: Mapping[str, Any], style: Style) -> str:
    """The plan as GitHub-flavoured Markdown of at most CHARACTERS_MAX characters."""
    report = of_plan(plan_json)
    quiet = [table for table in _tables(report) if not table.folds]
    tables = quiet if style.quiet else list(_tables(report))
    return laid_out(_head(report), tables, _tail(report))


def laid_out(head: str, tables: Sequence[Table], tail: str) -> str:
    """Head, tables, tail; within CHARACTERS_MAX, and with the number of rows that found no room.

    Every table shows its first rows; what room is left goes to the tables in their order, the weightiest first.
    """
    frames = [_frame(table) for table in tables]
    lines = [[f"| {' | '.join(row)} |\n" for row in table.rows] for table in tables]
    taken = [0] * len(tables)
    room = CHARACTERS_MAX - len(head) - len(tail) - sum(len(before) + len(after) + _OMISSION for before, after in frames)
    for most in (ROWS_FIRST, CHARACTERS_MAX):
        for index, rows in enumerate(lines):
            for line in rows[taken[index] : most]:
                if len(line) > room:
                    break
                room -= len(line)
                taken[index] += 1
    parts = [head]
    for (before, after), rows, shown in zip(frames, lines, taken, strict=True):
        missing = len(rows) - shown
        left_out = counted(missing, "{n:,} line left out for want of room", "{n:,} lines left out for want of room")
        parts += [before, *rows[:shown], f"\n_{left_out}._\n" if missing else "", after]
    return "".join([*parts, tail])


def _frame(table: Table) -> tuple[str, str]:
    """What stands before and after the rows of a table."""
    title = f"{table.title} · {len(table.rows):,}"
    header = f"| {' | '.join(table.columns)} |\n|{' --- |' * len(table.columns)}\n"
    if table.folds and len(table.rows) > ROWS_OPEN:
        return f"\n<details><summary><b>{title}</b></summary>\n\n{header}", "\n</details>\n"
    return f"\n#### {title}\n\n{header}", ""


def _inert(text: str) -> str:
    return _MARKUP.sub(lambda found: f"&#{ord(found.group())};", text)


def _head(report: Report) -> str:
    if not report.people:
        reached = say("nobody would be contacted")
    else:
        reached = counted(
            report.people,
            "{n:,} person would be contacted ({first:,} for the first time)",
            "{n:,} people would be contacted ({first:,} for the first time)",
            first=report.first_time,
        )
    flags = [say("SIMULATED") if report.simulated else "", spoken(TITLES, "blocked") if report.blocking else ""]
    lines = [f"### {joined([*flags, say('Plan: {reached}', reached=reached)])}"]
    if report.people:
        steps = counted(report.irreversible, "{n:,} irreversible step", "{n:,} irreversible steps")
        calls = counted(sum(n for _, n in report.calls), "{n:,} call", "{n:,} calls")
        lines.append("<br>\n".join([*(prose(clip(line, _WORDS)) for line in report.reach), joined([steps, calls])]))
    lines.append(joined([prose(words) for words in report.summary[:_LISTED]]) if report.summary else prose(report.verdict))
    simulated = [] if report.simulated else [target.name for target in report.targets if target.simulated]
    unread = [target.name for target in report.targets if not target.complete]
    for words, names in ((say("SIMULATED"), simulated), (say("Not everything could be read"), unread)):
        if names:
            listed = ", ".join(code(clip(name, _NAME)) for name in names[:_LISTED])
            lines.append(f"**{words}**: {listed}{_and_more(len(names))}")
    return "\n\n".join(lines) + "\n"


def _tables(report: Report) -> Iterator[Table]:
    where = say("Where")
    if report.blocking:
        yield _findings(spoken(TITLES, "blocked"), report.blocking, folds=False)
    for section in report.sections:
        rows = [
            (_sign(item), code(clip(item.address, _NAME)), _what(item), code(clip(item.place, _NAME))) for item in section.items
        ]
        yield Table(title=section.title, columns=("", say("Address"), say("What"), where), rows=rows)
    if report.notices:
        yield _findings(spoken(TITLES, "findings"), report.notices, folds=True)
    if report.targets:
        rows_read = [(code(clip(target.name, _NAME)), _seen(target)) for target in report.targets]
        yield Table(title=say("TARGETS"), columns=(say("Target"), say("Read")), rows=rows_read)


def _findings(title: str, found: Sequence[Notice], *, folds: bool) -> Table:
    rows = [
        (
            joined([prose(spoken(SEVERITIES, one.severity)), code(one.code)], " "),
            code(clip(one.address, _NAME)),
            joined([prose(clip(one.message, _WORDS)), prose(clip(one.remedy, _WORDS))], "<br>"),
            code(clip(one.place, _NAME)),
        )
        for one in found
    ]
    return Table(title=title, columns=(say("Finding"), say("Address"), say("What"), say("Where")), rows=rows, folds=folds)


def _sign(item: Item) -> str:
    return f"`{item.symbol}`" if item.symbol.strip() else ""


def _what(item: Item) -> str:
    """Remark, fields and counts of one change, one a line of its cell."""
    lines = [prose(clip(item.remark, _WORDS))]
    for field in item.fields[:ROWS_OPEN]:
        before, after = clip_pair(field.before, field.after, _VALUE)
        value = f"{code(before)} → {code(after)}" if before else code(after)
        lines.append(joined([code(clip(field.path, _NAME)), value, prose(f"? {field.remark}") if field.remark else ""], " "))
    if len(item.fields) > ROWS_OPEN:
        lines.append(say("and {n:,} more fields", n=len(item.fields) - ROWS_OPEN))
    extra = item.extra if item.symbol == "!" else ()
    lines.extend(prose(clip(detail, _WORDS)) for detail in (*item.details, *item.examples, *extra))
    return joined(lines, "<br>")


def _seen(target: TargetLine) -> str:
    return joined([say("SIMULATED") if target.simulated else "", prose(clip(target.text, _WORDS))])


def _tail(report: Report) -> str:
    calls = [f"{code(clip(target, _NAME))} {n:,}" for target, n in report.calls[:_LISTED]]
    total = sum(n for _, n in report.calls)
    acknowledged = [code(clip(permission, _NAME)) for permission in report.permissions[:_LISTED]]
    lines = [
        joined(
            [
                say("Irreversible steps: {n:,}", n=report.irreversible),
                say("calls: {n:,}", n=total) + (f" ({', '.join(calls)}{_and_more(len(report.calls))})" if calls else ""),
            ]
        ),
        say("Guards: {guards} · valid until {moment}", guards=prose(report.guards), moment=prose(report.valid_until)),
    ]
    if acknowledged:
        lines.append(
            say("Permissions given: {permissions}", permissions=", ".join(acknowledged)) + _and_more(len(report.permissions))
        )
    if report.needs:
        lines.append(say("apply needs: {flags}", flags=code(report.needs)))
    lines.append(code(f"Plan sha256:{clip(report.digest, _NAME)}"))
    return "\n" + "<br>\n".join(lines) + "\n"


def _and_more(n: int) -> str:
    return say(", and {n:,} more", n=n - _LISTED) if n > _LISTED else ""
