"""Files into the engine, whole or not at all.

The engine reads through a plainly named link in its private folder, so that no letter of a path is ever a pattern to it.
What it cannot read itself (another encoding, a packed file, a mark at the start of JSON lines) becomes a private copy.
Its complaints quote cells; only the line number and the kind of mistake are taken from them.
"""

from __future__ import annotations

import codecs
import gzip
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec

from reconciler.catalogue import say
from reconciler.diagnostics import Finding
from reconciler.rows import sql
from reconciler.rows.engine import Engine, failed, json_rows
from reconciler.rows.errors import EngineFailed, SourceBroken
from reconciler.rows.source import UTF8_MARK, Head, Place, head, locate, not_encoded, ragged, rows_head, unreadable
from reconciler.rows.spec import RowsSpec

FINDINGS_MAX: Final = 10
_CHUNK: Final = 1 << 20
_NESTED: Final = "nested value"
_LINE: Final = re.compile(r"CSV Error on Line: (\d+)")
_REPEATED: Final = re.compile(r"in line (\d+): Object .* has duplicate key", re.DOTALL)
_WIDTHS: Final = re.compile(r"Expected Number of Columns: (\d+) Found: (\d+)")
_NOT_AN_OBJECT: Final = re.compile(rb"^[ \t]*[^{ \t\r\n]", re.MULTILINE)
_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_ANY: Final = msgspec.json.Decoder()


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A source that the engine can read. `types` are the engine's for parquet; everything else is text."""

    path: Path
    place: Place | None
    head: Head
    types: Mapping[str, str]

    @property
    def columns(self) -> tuple[str, ...]:
        """Its column names."""
        return self.head.columns


@dataclass(frozen=True, slots=True, kw_only=True)
class Cells:
    """A relation over an opened source, and the SQL text expression of each wanted column."""

    relation: str
    columns: Mapping[str, str]
    where: str = ""


def open_source(engine: Engine, spec: RowsSpec) -> Opened:
    """Open a document's source. SourceBroken with everything that its path and head show."""
    if spec.source.get("rows") is not None:
        path = engine.folder / (engine.fresh("inline") + ".jsonl")
        encode = msgspec.json.Encoder().encode
        path.write_bytes(b"".join(encode(dict(row)) + b"\n" for row in spec.source["rows"]))
        return Opened(path=path, place=None, head=rows_head(spec), types={})
    place = locate(spec)
    if isinstance(place, Finding):
        raise SourceBroken([place])
    if place.form == "parquet":
        return _open_parquet(engine, spec, place)
    found = head(spec, place)
    if found.findings:
        raise SourceBroken(found.findings)
    path = engine.folder / f"{engine.fresh('source')}.{place.form}"
    _bring_in(spec, place, found, path)
    return Opened(path=path, place=place, head=found, types={})


def all_names(engine: Engine, spec: RowsSpec, opened: Opened) -> tuple[str, ...]:
    """A source's column names. JSON lines may bring new ones in any row, so they are asked where the head does not suffice."""
    if opened.place is None or opened.place.form != "jsonl" or opened.head.whole:
        return opened.columns
    statement = "SELECT DISTINCT unnest(json_keys(json)) FROM read_ndjson_objects($1)"
    rows, failure = engine.attempt(statement, [str(opened.path)])
    if failure is not None:
        raise complaint(engine, spec, opened, failure)
    later = sorted({str(name) for (name,) in rows} - set(opened.columns))
    return (*opened.columns, *later)


def cells(values: sql.Bound, opened: Opened, wanted: Sequence[tuple[str, str]]) -> Cells:
    """How to read the wanted (column, format) pairs as text, keyed by column and format alike; NULL where a cell is empty."""
    names = list(dict.fromkeys(column for column, _ in wanted))
    if opened.types:
        relation = f"read_parquet({values(str(opened.path))}, hive_partitioning = false, filename = false)"
        return Cells(relation=relation, columns={name: sql.name(name) for name in names})
    if opened.place is None or opened.place.form == "jsonl":
        return _json_cells(values, opened, names)
    every = opened.columns
    where = "" if len(every) > 1 else "WHERE c0 IS NOT NULL"  # a blank line of a one-column file is no row
    columns = {name: f"c{every.index(name)}" for name in names}
    return Cells(relation=_csv_relation(values, opened), columns=columns, where=where)


def _csv_relation(values: sql.Bound, opened: Opened, options: str = "") -> str:
    typed = values({f"c{index}": "VARCHAR" for index in range(len(opened.columns))})
    return (
        f"read_csv({values(str(opened.path))}, columns = {typed}, delim = {values(opened.head.delimiter)}, "
        f"quote = '\"', escape = '\"', header = true, auto_detect = false, "
        f"strict_mode = true, null_padding = false, hive_partitioning = false, compression = 'none'{options})"
    )


def _json_cells(values: sql.Bound, opened: Opened, names: Sequence[str]) -> Cells:
    """JSON cells: scalars as text; a list or an object in a wanted column stops the reading."""
    rows = json_rows(values, opened.path, names, kind="JSON")
    columns = {
        name: f"CASE WHEN json_type({cell}) IN ('OBJECT', 'ARRAY') THEN error('{_NESTED}') "
        f"ELSE json_extract_string({cell}, '$') END"
        for name, cell in rows.columns.items()
    }
    return Cells(relation=rows.relation, columns=columns)


def complaint(engine: Engine, spec: RowsSpec, opened: Opened, failure: tuple[str, str]) -> SourceBroken | EngineFailed:
    """The engine's failure to read a source, as findings that name file and line and hold no cell."""
    kind, message = failure
    place = opened.place
    if kind == "OutOfMemoryException":
        return failed(kind)
    if place is None:
        words = say("an inline row holds a list or a mapping")
        return SourceBroken([spec.mistake("SRC002", words, "source.rows", say("write plain values"))])
    if place.form == "jsonl":
        findings = _json_findings(spec, place, opened.path, message)
    elif place.form == "csv":
        findings = _csv_findings(engine, spec, opened) or [_csv_finding(spec, opened, message)]
    else:
        findings = []
    return SourceBroken(findings or [unreadable(spec, place)])


def _open_parquet(engine: Engine, spec: RowsSpec, place: Place) -> Opened:
    path = engine.folder / f"{engine.fresh('source')}.parquet"
    path.symlink_to(place.path)
    rows, failure = engine.attempt("DESCRIBE SELECT * FROM read_parquet($1, hive_partitioning = false)", [str(path)])
    if failure is not None:
        raise SourceBroken([unreadable(spec, place, say("it is not a whole parquet file"))])
    types = {str(row[0]): str(row[1]) for row in rows}
    return Opened(path=path, place=place, head=Head(columns=tuple(types)), types=types)


def _bring_in(spec: RowsSpec, place: Place, found: Head, path: Path) -> None:
    """Link the file, or write a private UTF-8 copy, and look at every byte once for what the engine would take silently."""
    with place.open() as file:
        marked = file.read(len(UTF8_MARK)) == UTF8_MARK
    encoding = found.encoding
    # The engine counts leading blank lines as rows, and loses track where they end in different ways.
    copy = place.compressed or encoding != "utf-8" or marked or bool(found.blank_lines)
    decoder = codecs.getincrementaldecoder(encoding)() if encoding != "utf-8" else None
    line, broken = 1 + found.blank_lines, None
    unpacked = False
    out = path.open("wb") if copy else None
    try:
        with place.open() as file:
            file.read(len(UTF8_MARK) if marked else 0)
            file.read(found.blank_bytes)
            carried = b""
            while chunk := file.read(_CHUNK):
                broken = _seen_wrong(spec, place, chunk, carried, line)
                if broken is not None:
                    break
                if out is not None:
                    out.write(decoder.decode(chunk).encode() if decoder else chunk)
                line += chunk.count(b"\n")
                carried = chunk[-1:]
    except UnicodeDecodeError as wrong:
        at = line + bytes(wrong.object[: wrong.start]).count(b"\n")
        broken = not_encoded(spec, place, encoding, at)
    except (OSError, EOFError, gzip.BadGzipFile):
        unpacked = True
    finally:
        if out is not None:
            out.close()
    if unpacked:
        broken = unreadable(spec, place, say("it cannot be read to its end"))
    if broken is not None:
        raise SourceBroken([broken])
    if not copy:
        path.symlink_to(place.path)


def _seen_wrong(spec: RowsSpec, place: Place, chunk: bytes, before: bytes, line: int) -> Finding | None:
    if (at := chunk.find(b"\0")) >= 0:
        return unreadable(spec, place, say("it holds a NUL byte"), line=line + chunk.count(b"\n", 0, at))
    if place.form == "jsonl":
        start = 0 if before in (b"", b"\n") else chunk.find(b"\n") + 1
        found = _NOT_AN_OBJECT.search(chunk, start) if start or before in (b"", b"\n") else None
        if found:
            words = say("it is not a JSON object")
            return unreadable(spec, place, words, line=line + chunk.count(b"\n", 0, found.start()))
    return None


def _csv_findings(engine: Engine, spec: RowsSpec, opened: Opened) -> list[Finding]:
    """Several broken lines at once, by the engine's own list of rejected rows."""
    values = sql.Bound()
    scans, errors = engine.fresh("scans"), engine.fresh("errors")
    listing = f", store_rejects = true, rejects_scan = '{scans}', rejects_table = '{errors}', rejects_limit = {FINDINGS_MAX}"
    _, failure = engine.attempt(f"SELECT count(*) FROM {_csv_relation(values, opened, listing)}", values.values)
    if failure is not None:
        return []
    rows = engine.run(f"SELECT line, error_type::VARCHAR, error_message FROM {errors} ORDER BY line LIMIT {FINDINGS_MAX}")
    engine.drop(scans, errors)
    worded = {int(line): _csv_words(spec, opened, int(line), f"{kind} {message}") for line, kind, message in rows}
    return list(worded.values())


def _csv_finding(spec: RowsSpec, opened: Opened, message: str) -> Finding:
    found = _LINE.search(message)
    return _csv_words(spec, opened, int(found[1]) if found else 0, message)


def _csv_words(spec: RowsSpec, opened: Opened, line: int, message: str) -> Finding:
    place = opened.place
    if place is None:
        return spec.mistake("SRC002", say("the rows cannot be read"), "source.rows")
    line += opened.head.blank_lines if line else 0
    if widths := _WIDTHS.search(message):
        return ragged(spec, place, line, int(widths[2]), int(widths[1]))
    if "unterminated quote" in message:
        words = say("a quoted value is not closed, or goes on after its closing quote")
        return unreadable(spec, place, words, line=line)
    if "unicode" in message.lower():
        return not_encoded(spec, place, opened.head.encoding, line)
    if "aximum line size" in message or "MAXIMUM LINE" in message.upper():
        return unreadable(spec, place, say("the line is longer than 2,000,000 bytes"), line=line)
    if mixed := _mixed_line_ends(opened.path):
        words = say("lines end in different ways")
        return unreadable(
            spec, place, words, line=mixed + opened.head.blank_lines, remedy=say("save the file with one kind of line end")
        )
    return unreadable(spec, place, say("it cannot be read as csv"), line=line)


def _mixed_line_ends(path: Path) -> int:
    """The first line that ends otherwise than the first one; 0 when all end alike."""
    first = b""
    with path.open("rb") as file:
        for number, text in enumerate(file, 1):
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
    if message.find(_NESTED) >= 0:
        words = say("a mapped column holds a list or an object")
        return [unreadable(spec, place, words, remedy=say("map columns that hold text or numbers"))]
    if repeated := _REPEATED.search(message):
        return [unreadable(spec, place, say("a key stands twice"), line=int(repeated[1]))]
    findings: list[Finding] = []
    with path.open("rb") as file:
        for number, text in enumerate(file, 1):
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
