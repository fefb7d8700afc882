"""What `validate` says: every finding at its place, with the source line and a caret, file by file."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, lru_cache
from itertools import groupby
from typing import Any, Final

from reconciler.catalogue import say
from reconciler.diagnostics import Severity
from reconciler.personal import dotted
from reconciler.reports.notices import Notice, notice
from reconciler.reports.printable import breadth, joined, picture, plain
from reconciler.reports.style import Style
from reconciler.reports.words import SEVERITIES, counted, spoken, tally

Sources = Callable[[str], Sequence[str] | None]

_LAST: Final = "\U0010ffff"  # findings without a file come after all files
_HIDDEN: Final = "•"
_LITERAL: Final = "SEC001"
_SECRET: Final = re.compile(r"(?i)(?:token|secret|password|passwd|authorization|api_?key)[\w-]*[\"']?\s*[:=]\s*(?!\s|\{)")
_PERSONAL: Final = re.compile(r"\b(?:rows|number)[\"']?\s*:")  # keys of documents and cases that hold what is somebody's
_RANKS: Final = {severity.value: severity.rank for severity in Severity}


def render_findings(findings_json: Sequence[Mapping[str, Any]], sources: Sources, style: Style) -> str:
    """Findings by file and place, and a line that counts them.

    `sources` gives the lines of a file as it was read, None where it cannot be shown; it is asked once a file. Inline rows,
    numbers that could be somebody's phone, and literal secrets, are hidden in the lines that are printed.
    """

    @cache
    def lines_of(file: str) -> Sequence[str] | None:
        lines = sources(file)
        return None if lines is None else list(_without_people(lines))

    ordered = sorted(findings_json, key=_order)
    blocks = []
    for file, found in groupby(ordered, key=lambda finding: finding.get("file")):
        source = lines_of(str(file)) if file else None
        blocks.append("\n".join(line for finding in found for line in _finding(finding, source, style)))
    blocks.append(style.paint(_total(ordered), "strong"))
    return "\n\n".join(blocks) + "\n"


def _order(finding: Mapping[str, Any]) -> tuple[str, int, int, int, str, str]:
    rank = _RANKS.get(finding["severity"], len(_RANKS))
    place = (finding.get("file") or _LAST, finding.get("line") or 0, finding.get("column") or 0)
    return (*place, rank, str(finding["code"]), str(finding["message"]))


def _finding(finding: Mapping[str, Any], source: Sequence[str] | None, style: Style) -> Iterator[str]:
    shown = notice(finding)
    line, column = finding.get("line") or 0, finding.get("column") or 0
    where = shown.place + (f":{column}" if line and column else "")
    weight = style.paint(f"{spoken(SEVERITIES, shown.severity)} {shown.code}", shown.severity)
    yield joined([style.paint(where or shown.address, "strong"), weight, shown.message], ": ")
    if style.quiet:
        return
    if source is not None and 0 < line <= len(source):
        yield from _excerpt(source[line - 1].rstrip("\r\n"), line, column, shown, style)
    if shown.remedy:
        yield f"    {say('help: {remedy}', remedy=shown.remedy)}"


def _excerpt(source: str, line: int, column: int, shown: Notice, style: Style) -> Iterator[str]:
    """The source line, or the part of it around `column` that fits, with a caret below."""
    number = str(line).rjust(4)
    text = _hidden(source, column if shown.code == _LITERAL else 0)
    caret = min(max(column - 1, 0), len(text))
    room = max(style.width - len(number) - 6, 20)
    start = max(0, caret - room // 2) if len(text) > room else 0
    end = start + room
    lead = "…" if start else ""
    part = lead + picture(text[start:end]) + ("…" if end < len(text) else "")
    yield style.paint(f" {number} | ", "faint") + part
    if column:
        under = lead + picture(text[start:caret])
        yield style.paint(f" {' ' * len(number)} | ", "faint") + " " * breadth(under) + style.paint("^", shown.severity)


def _without_people(lines: Iterable[str]) -> Iterator[str]:
    """The lines, each as long as it is, with what stands under a personal key as dots."""
    depth: int | None = None  # the column of the key that we are under
    for line in lines:
        column = len(line) - len(line.lstrip(" "))
        under = depth is not None and (column > depth or not line.strip() or (column == depth and line.lstrip()[:1] == "-"))
        if under:
            yield re.sub(r"\w", _HIDDEN, line)
        elif key := _PERSONAL.search(line):
            depth = len(line) - len(line.lstrip(" -"))
            yield line[: key.end()] + re.sub(r"\w", _HIDDEN, line[key.end() :])
        else:
            depth = None
            yield line


@lru_cache(maxsize=16)  # a long line may be wrong in thousands of places
def _hidden(source: str, column: int) -> str:
    """The line with phones and secrets hidden: all from `column` on, or what stands behind a key named like a secret."""
    if column:
        return source[: column - 1] + _HIDDEN * 3
    text = dotted(source)
    secret = _SECRET.search(text)
    return text[: secret.end()] + _HIDDEN * len(text[secret.end() :]) if secret else text


def _total(findings: Sequence[Mapping[str, Any]]) -> str:
    if not findings:
        return say("No mistakes found.")
    files = len({finding["file"] for finding in findings if finding.get("file")})
    counts = ", ".join(tally(str(finding["severity"]) for finding in findings))
    if not files:
        return plain(counts)
    return counted(files, "{counts} in {n:,} file", "{counts} in {n:,} files", counts=counts)
