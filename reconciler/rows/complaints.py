"""The engine's failure to read a source, as findings that name file and line.

Its complaints quote cells; only the line number and the kind of mistake are taken from them.
"""

from __future__ import annotations

import csv
import re
from dataclasses import replace
from pathlib import Path
from typing import Final

import msgspec

from reconciler.catalogue import say
from reconciler.diagnostics import Finding
from reconciler.personal import mask_text
from reconciler.rows import sql
from reconciler.rows.column import CSV_LINE_MAX_BYTES
from reconciler.rows.engine import Engine, failed
from reconciler.rows.errors import EngineFailed, SourceBroken
from reconciler.rows.opened import JSON_LINE_MAX_BYTES, NESTED, Part, csv_relation
from reconciler.rows.places import Place
from reconciler.rows.source import changed, not_closed, not_encoded, ragged, too_long, unreadable
from reconciler.rows.spec import RowsSpec

FINDINGS_MAX: Final = 10
_OPEN: Final = "unterminated quote"
_CHUNK: Final = 1 << 20
_LINE: Final = re.compile(r"CSV Error on Line: (\d+)")
_REPEATED: Final = re.compile(r"in line (\d+): Object .* has duplicate key", re.DOTALL)
_WIDTHS: Final = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")
_NESTED: Final = re.compile(rf"{NESTED} of <(.*)>\.", re.DOTALL)
_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ANY: Final = msgspec.json.Decoder()


def reread(engine: Engine, part: Part, failure: tuple[str, str]) -> Part | None:
    """The part as it is to be read once more; None where the failure is believed.

    The engine's threads begin in the middle of a csv, and take a line end inside quotes for the end of a row where what
    follows looks like one. They notice when their pieces do not meet, and then blame a line that is right. In order it
    reads every row, but lets a last one go whose quote is not closed: so its rows are counted by the standard reader too.
    """
    if part.place is None or part.place.form != "csv" or part.in_order or failure[0] == "OutOfMemoryException":
        return None
    values, again = sql.Bound(), replace(part, in_order=True)
    found, wrong = engine.attempt(f"SELECT count(*) FROM {csv_relation(values, again)}", values.values)
    return again if wrong is None and _strictly(part) == (found[0][0], 0) else None


def _strictly(part: Part) -> tuple[int, int]:
    """How many rows the standard reader finds, and the line of the first that it cannot read; 0 where there is none."""
    count, line = -1, 1
    with part.path.open(encoding="utf-8", errors="replace", newline="") as file:
        reader = csv.reader(file, delimiter=part.head.delimiter, strict=True)
        try:
            for record in reader:
                count += bool(record)
                line = reader.line_num + 1
        except csv.Error:
            return count, line
    return count, 0


def complaint(engine: Engine, spec: RowsSpec, part: Part, failure: tuple[str, str]) -> SourceBroken | EngineFailed:
    """The engine's failure to read a source, as findings that name file and line and hold no cell."""
    kind, message = failure
    place = part.place
    if kind == "OutOfMemoryException":
        return failed(kind)
    if place is not None and place.changed():
        return SourceBroken([changed(spec, place)])
    if place is None:
        words = say("an inline row holds a list or a mapping")
        return SourceBroken([spec.mistake("SRC002", words, "source.rows", say("write plain values"))])
    if place.form == "jsonl":
        findings = _json_findings(spec, place, part.path, message)
    elif place.form == "csv":
        findings = _csv_findings(engine, spec, replace(part, in_order=True)) or [_csv_finding(spec, part, message)]
    else:
        findings = []
    return SourceBroken(findings or [unreadable(spec, place)])


def _csv_findings(engine: Engine, spec: RowsSpec, part: Part) -> list[Finding]:
    """Several broken lines at once, by the engine's own list of rejected rows."""
    values = sql.Bound()
    scans, errors = engine.fresh("scans"), engine.fresh("errors")
    listing = f", store_rejects = true, rejects_scan = '{scans}', rejects_table = '{errors}', rejects_limit = {FINDINGS_MAX}"
    _, failure = engine.attempt(f"SELECT count(*) FROM {csv_relation(values, part, listing)}", values.values)
    if failure is not None:
        return []
    asked = "line, line_byte_position, error_type::VARCHAR, error_message"
    rows = engine.run(f"SELECT {asked} FROM {errors} ORDER BY line LIMIT {FINDINGS_MAX}")
    engine.drop(scans, errors)
    lined = [(_line_of(part.path, int(at)) if at else int(line), f"{kind} {message}") for line, at, kind, message in rows]
    worded = {line: _csv_words(spec, part, line, message) for line, message in lined}
    return list(worded.values())


def _line_of(path: Path, at: int) -> int:
    """The line of a file's byte, both from 1. The engine counts rows, and what stands in quotes may have lines of its own."""
    feeds = returns = 0
    with path.open("rb") as file:
        while chunk := file.read(min(at, _CHUNK)):
            feeds += chunk.count(b"\n")
            returns += chunk.count(b"\r")
            at -= len(chunk)
    return 1 + (feeds or returns)


def _csv_finding(spec: RowsSpec, part: Part, message: str) -> Finding:
    """What the engine says when it reads in pieces, and does not when it reads in order."""
    if (_OPEN in message or _WIDTHS.search(message)) and (line := _strictly(part)[1]):
        return _csv_words(spec, part, line, _OPEN)
    found = _LINE.search(message)
    return _csv_words(spec, part, int(found[1]) if found else 0, message)


def _csv_words(spec: RowsSpec, part: Part, line: int, message: str) -> Finding:
    place = part.place
    if place is None:
        return spec.mistake("SRC002", say("the rows cannot be read"), "source.rows")
    line += part.head.blank_lines if line else 0
    if widths := _WIDTHS.search(message):
        return ragged(spec, place, line, int(widths[2]), int(widths[1]))
    if _OPEN in message:
        return not_closed(spec, place, line, part.head.delimiter)
    if "unicode" in message.lower():
        return not_encoded(spec, place, part.head.encoding, line, part.head.delimiter)
    if "aximum line size" in message or "MAXIMUM LINE" in message.upper():
        return too_long(spec, place, line, CSV_LINE_MAX_BYTES, part.head.delimiter)
    if mixed := _mixed_line_ends(part.path):
        words = say("lines end in different ways")
        return unreadable(
            spec, place, words, line=mixed + part.head.blank_lines, remedy=say("save the file with one kind of line end")
        )
    return unreadable(spec, place, say("it cannot be read as csv"), line=line)


def _mixed_line_ends(path: Path) -> int:
    """The first line that ends otherwise than the first one; 0 when all end alike."""
    first = b""
    with path.open("rb") as file:
        for number, text in enumerate(iter(lambda: file.readline(CSV_LINE_MAX_BYTES), b""), 1):
            body = text.rstrip(b"\n")
            if b"\r" in body[:-1]:
                return number
            end = text[len(body.removesuffix(b"\r")) :]
            if first and text.endswith(b"\n") and end != first:
                return number
            first = first or end
    return 0


def _json_findings(spec: RowsSpec, place: Place, path: Path, message: str) -> list[Finding]:
    """Every line that is no JSON object; read line by line, since something is known to be wrong."""
    if nested := _NESTED.search(message):
        words = say("the column '{name}' holds a list or an object", name=mask_text(nested[1]))
        line = _nested_line(path, nested[1])
        return [unreadable(spec, place, words, line=line, remedy=say("map columns that hold text or numbers"))]
    if repeated := _REPEATED.search(message):
        return [unreadable(spec, place, say("a key stands twice"), line=int(repeated[1]))]
    findings: list[Finding] = []
    with path.open("rb") as file:
        for number, text in enumerate(iter(lambda: file.readline(JSON_LINE_MAX_BYTES), b""), 1):
            if why := _json_mistake(text):
                findings.append(unreadable(spec, place, why, line=number))
            if len(findings) >= FINDINGS_MAX:
                break
    return findings


def _nested_line(path: Path, name: str) -> int:
    """The first line that holds a list or an object under a name; 0 where none does."""
    with path.open("rb") as file:
        for number, text in enumerate(iter(lambda: file.readline(JSON_LINE_MAX_BYTES), b""), 1):
            if not _json_mistake(text) and text.strip() and bytes(_OBJECT.decode(text).get(name, b"")).startswith((b"[", b"{")):
                return number
    return 0


def _json_mistake(text: bytes) -> str:
    if not text.strip():
        return ""
    try:
        text.decode()
        _OBJECT.decode(text)
        _ANY.decode(text)
    except UnicodeDecodeError:
        return say("it is not UTF-8")
    except (msgspec.DecodeError, RecursionError):
        return say("it is not a JSON object")
    return ""
