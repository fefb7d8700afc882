"""The engine's failure to read a source, as findings that name file and line.

Its complaints quote cells; only the line number and the kind of mistake are taken from them.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import msgspec

from reconciler.catalogue import say
from reconciler.diagnostics import Finding
from reconciler.rows import sql
from reconciler.rows.engine import Engine, failed
from reconciler.rows.errors import EngineFailed, SourceBroken
from reconciler.rows.opened import CSV_LINE_MAX_BYTES, JSON_LINE_MAX_BYTES, NESTED, Part, csv_relation
from reconciler.rows.places import Place
from reconciler.rows.source import changed, not_encoded, ragged, too_long, unreadable
from reconciler.rows.spec import RowsSpec

FINDINGS_MAX: Final = 10
_LINE: Final = re.compile(r"CSV Error on Line: (\d+)")
_REPEATED: Final = re.compile(r"in line (\d+): Object .* has duplicate key", re.DOTALL)
_WIDTHS: Final = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")
_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ANY: Final = msgspec.json.Decoder()


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
        findings = _csv_findings(engine, spec, part) or [_csv_finding(spec, part, message)]
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
    rows = engine.run(f"SELECT line, error_type::VARCHAR, error_message FROM {errors} ORDER BY line LIMIT {FINDINGS_MAX}")
    engine.drop(scans, errors)
    worded = {int(line): _csv_words(spec, part, int(line), f"{kind} {message}") for line, kind, message in rows}
    return list(worded.values())


def _csv_finding(spec: RowsSpec, part: Part, message: str) -> Finding:
    found = _LINE.search(message)
    return _csv_words(spec, part, int(found[1]) if found else 0, message)


def _csv_words(spec: RowsSpec, part: Part, line: int, message: str) -> Finding:
    place = part.place
    if place is None:
        return spec.mistake("SRC002", say("the rows cannot be read"), "source.rows")
    line += part.head.blank_lines if line else 0
    if widths := _WIDTHS.search(message):
        return ragged(spec, place, line, int(widths[2]), int(widths[1]))
    if "unterminated quote" in message:
        words = say("a quoted value is not closed, or goes on after its closing quote")
        return unreadable(spec, place, words, line=line)
    if "unicode" in message.lower():
        return not_encoded(spec, place, part.head.encoding, line)
    if "aximum line size" in message or "MAXIMUM LINE" in message.upper():
        return too_long(spec, place, line, CSV_LINE_MAX_BYTES)
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
    if message.find(NESTED) >= 0:
        words = say("a mapped column holds a list or an object")
        return [unreadable(spec, place, words, remedy=say("map columns that hold text or numbers"))]
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
