"""The head of a source, read without the engine: encoding, header, first rows, and whether several files belong together.

Messages name the file and the line; they quote header names, and never a cell.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

import msgspec

from reconciler.catalogue import say
from reconciler.diagnostics import Finding
from reconciler.personal import mask_text
from reconciler.rows.column import CSV_LINE_MAX_BYTES, column_of, last, nul, undecodable
from reconciler.rows.errors import TooMuch
from reconciler.rows.mapping import asked, names_columns
from reconciler.rows.packing import BROKEN
from reconciler.rows.places import Place
from reconciler.rows.spec import RowsSpec

HEAD_BYTES: Final = 256 * 1024
HEAD_ROWS: Final = 200
DELIMITERS: Final = ",;\t|"
UTF8_MARK: Final = b"\xef\xbb\xbf"
_UTF16_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
_CODECS: Final = {"utf-8": "utf-8-sig", "cp1252": "cp1252", "latin-1": "latin-1"}
_LOOKS_LIKE_DATA: Final = re.compile(r"\d[\d .()-]{5,}\d|@")
_OBJECT: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
csv.field_size_limit(max(csv.field_size_limit(), CSV_LINE_MAX_BYTES))
"""The standard reader's own limit is the process's, and far below what the engine takes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Head:
    """What the head of a source shows. `columns` are the names in its order; for JSON lines those of the first rows, and of
    all rows when `whole`. `blank_lines` stand before the header."""

    columns: tuple[str, ...] = ()
    delimiter: str = ","
    encoding: str = "utf-8"
    blank_lines: int = 0
    blank_bytes: int = 0
    whole: bool = True
    findings: tuple[Finding, ...] = field(default=())


def head(spec: RowsSpec, place: Place) -> Head:
    """The head of a csv or JSON lines file: its names, and the mistakes that its first rows show."""
    try:
        with place.open() as file:
            data = file.read(HEAD_BYTES + 1)
    except TooMuch as much:
        return Head(findings=(too_much(spec, place, much),))
    except BROKEN:
        return Head(findings=(unreadable(spec, place, say("it cannot be unpacked") if place.packing else ""),))
    whole = len(data) <= HEAD_BYTES
    if not whole:
        ends = (b"\n", b"\r") if place.form == "csv" else (b"\n",)
        data = data[: max(data.rfind(end, 0, HEAD_BYTES) for end in ends) + 1] or data[:HEAD_BYTES]
    if not data.removeprefix(UTF8_MARK).strip():
        return Head(findings=(empty(spec, place),))
    encoding = str(spec.source.get("encoding") or "utf-8") if place.form == "csv" else "utf-8"
    text = data.decode(_CODECS[encoding], errors="ignore")
    delimiter = str(spec.source.get("delimiter") or _delimiter(text.lstrip("\r\n"))) if place.form == "csv" else ""
    if wrong := _wrong_bytes(spec, place, data, encoding, delimiter):
        return Head(findings=(wrong,))
    if not whole and not data.endswith((b"\n", b"\r")):  # one line is more than the head
        return Head(findings=(too_long(spec, place, 1, HEAD_BYTES, delimiter),)) if place.form == "csv" else Head(whole=False)
    if place.form == "jsonl":
        return _json_head(spec, place, text, whole)
    return replace(_csv_head(spec, place, text, delimiter, whole), encoding=encoding)


def rows_head(spec: RowsSpec) -> Head:
    """The names of inline rows; an empty list has every name that is asked of it."""
    rows = spec.source["rows"]
    return Head(columns=tuple(dict.fromkeys(name for row in rows for name in row))) if rows else unseen_head(spec)


def unseen_head(spec: RowsSpec) -> Head:
    """The head of rows that are not there yet: every name that is asked of them."""
    return Head(columns=asked(spec), whole=False)


def together(spec: RowsSpec, heads: Sequence[tuple[Place, Head]]) -> Iterator[Finding]:
    """Files of one source that have other columns than the first. In JSON lines any row may leave some out, so they agree."""
    first, wanted = heads[0][0], heads[0][1].columns
    for place, found in heads[1:]:
        if place.form == "jsonl" or sorted(found.columns) == sorted(wanted):
            continue
        lacks = [name for name in wanted if name not in found.columns]
        has = [name for name in found.columns if name not in wanted]
        parts = [
            say("it lacks {names}", names=_shown(spec, wanted, lacks)) if lacks else "",
            say("it alone has {names}", names=_shown(spec, found.columns, has)) if has else "",
        ]
        remedy = say("give all files the columns of '{file}', or narrow the pattern", file=first.shown)
        why = "; ".join(filter(None, parts)) or say("it has other columns than '{file}'", file=first.shown)
        yield unreadable(spec, place, why, remedy=remedy)


def _shown(spec: RowsSpec, header: Sequence[str], names: Sequence[str]) -> str:
    """Some names of a header; how many, where it may be a row of people."""
    if not names_columns(spec, header):
        return say("{count:,} names that nobody asks for", count=len(names))
    return ", ".join(f"'{mask_text(name)}'" for name in names)


def _wrong_bytes(spec: RowsSpec, place: Place, data: bytes, encoding: str, delimiter: str) -> Finding | None:
    if data.startswith(_UTF16_MARKS):
        return unreadable(spec, place, say("it is UTF-16"), remedy=say("save it as UTF-8"))
    if data.startswith(UTF8_MARK) and encoding != "utf-8":
        return utf8_after_all(spec, place, encoding)
    if (at := data.find(b"\0")) >= 0:
        return holds_nul(spec, place, data.count(b"\n", 0, at) + 1, delimiter)
    decoder = codecs.getincrementaldecoder(_CODECS[encoding])()
    try:
        decoder.decode(data)
    except UnicodeDecodeError as wrong:
        return not_encoded(spec, place, encoding, data.count(b"\n", 0, wrong.start) + 1, delimiter)
    seen = Utf8()
    seen.take(data)
    return utf8_after_all(spec, place, encoding) if encoding != "utf-8" and seen.sure else None


class Utf8:
    """Whether bytes can only be UTF-8: there are letters beyond ASCII, and each is written as that has it.

    Other encodings take any byte, and would make two letters of each of these.
    """

    __slots__ = ("_decoder", "sure")

    def __init__(self) -> None:
        self._decoder: codecs.IncrementalDecoder | None = codecs.getincrementaldecoder("utf-8")()
        self.sure = False

    def take(self, data: bytes, *, end: bool = False) -> None:
        """Look at further bytes."""
        if self._decoder is None:
            return
        try:
            text = self._decoder.decode(data, end)
        except UnicodeDecodeError:
            self._decoder, self.sure = None, False
        else:
            self.sure = self.sure or not text.isascii()


def utf8_after_all(spec: RowsSpec, place: Place, encoding: str) -> Finding:
    """The finding for a file that is not what the document says."""
    words = say("it is UTF-8, and the document says {encoding}", encoding=encoding)
    return unreadable(spec, place, words, remedy=say("remove `encoding`"))


def not_encoded(spec: RowsSpec, place: Place, encoding: str, line: int, delimiter: str) -> Finding:
    """The finding for a byte that its encoding does not have."""
    column = column_of(place, line, delimiter, undecodable(_CODECS[encoding]))
    plain = encoding != "utf-8" or place.form != "csv"
    remedy = say("save it as UTF-8") if plain else say("save it as UTF-8, or write encoding: cp1252")
    return unreadable(spec, place, say("it is not {encoding}", encoding=encoding), line=line, column=column, remedy=remedy)


def holds_nul(spec: RowsSpec, place: Place, line: int, delimiter: str) -> Finding:
    """The finding for a NUL byte."""
    return unreadable(spec, place, say("it holds a NUL byte"), line=line, column=column_of(place, line, delimiter, nul))


def not_closed(spec: RowsSpec, place: Place, line: int, delimiter: str) -> Finding:
    """The finding for quotes that do not hold a cell."""
    words = say("a quoted value is not closed, or goes on after its closing quote")
    return unreadable(spec, place, words, line=line, column=column_of(place, line, delimiter, last))


def unreadable(spec: RowsSpec, place: Place, why: str = "", *, line: int = 0, column: int = 0, remedy: str = "") -> Finding:
    """SRC002 at the document's source, with line and column of the data file in words: the line itself is never shown."""
    where = say("'{file}', line {line:,}", file=place.shown, line=line) if line else f"'{place.shown}'"
    why = why or say("it cannot be read")
    why = say("{why} (column {column})", why=why, column=column) if column else why
    return spec.mistake("SRC002", f"{where}: {why}", "source.file", remedy or say("mend the file, or export it again"))


def too_much(spec: RowsSpec, place: Place, wrong: TooMuch) -> Finding:
    """SRC006: more than is believed, or than there is room for."""
    return spec.mistake("SRC006", f"'{place.shown}': {wrong.reason}", "source.file", wrong.remedy)


def changed(spec: RowsSpec, place: Place) -> Finding:
    """SRC005: what was read is neither the old file nor the new one."""
    words = say("'{file}' changed while it was read", file=place.shown)
    return spec.mistake("SRC005", words, "source.file", say("run again when it is written to its end"))


def _json_head(spec: RowsSpec, place: Place, text: str, whole: bool) -> Head:
    names: dict[str, None] = {}
    lines = text.split("\n")
    for number, line in islice(enumerate(lines, 1), HEAD_ROWS):
        if line.strip():
            try:
                names.update(dict.fromkeys(_OBJECT.decode(line)))
            except (msgspec.DecodeError, RecursionError):
                return Head(findings=(unreadable(spec, place, say("it is not a JSON object"), line=number),))
    return Head(columns=tuple(names), whole=whole and len(lines) <= HEAD_ROWS)


def _csv_head(spec: RowsSpec, place: Place, text: str, delimiter: str, whole: bool) -> Head:
    body = text.lstrip("\r\n")
    blank_bytes = len(text) - len(body)
    blank_lines = len(text[:blank_bytes].splitlines())
    records = _records(body, delimiter)
    try:
        _, header = next(records)
    except (StopIteration, csv.Error):
        return Head(findings=(unreadable(spec, place, say("its header is not closed"), line=1 + blank_lines),))
    columns = tuple(cell.strip() for cell in header)
    if wrong := no_header(spec, place, columns):
        return Head(findings=(wrong,))
    findings = list(_header_mistakes(spec, place, columns))
    try:
        for number, record in islice(records, HEAD_ROWS):
            if record and len(record) != len(columns):
                line = number + blank_lines
                findings.append(ragged(spec, place, line, len(record), len(columns)))
                if len(findings) >= 10:
                    break
    except csv.Error as broken:
        if whole:
            findings.append(not_closed(spec, place, broken.args[0] + blank_lines, delimiter))
    return Head(
        columns=columns,
        delimiter=delimiter,
        blank_lines=blank_lines,
        blank_bytes=blank_bytes,
        findings=tuple(findings),
    )


def empty(spec: RowsSpec, place: Place) -> Finding:
    """The finding for a file that holds nothing."""
    remedy = say("write a header and rows") if place.form == "csv" else say("write its content")
    return spec.mistake("SRC003", say("'{file}' is empty", file=place.shown), "source.file", remedy)


def too_long(spec: RowsSpec, place: Place, line: int, most: int, delimiter: str) -> Finding:
    """The finding for a line that is no row of a list, with the column that does not end."""
    column = column_of(place, line, delimiter, last)
    words = say("the line is longer than {most:,} bytes", most=most)
    remedy = say("look for a quote that is not closed, or a missing line end")
    return unreadable(spec, place, words, line=line, column=column, remedy=remedy)


def ragged(spec: RowsSpec, place: Place, line: int, found: int, wanted: int) -> Finding:
    """The finding for a row with more or fewer cells than the header."""
    words = say("it has {found} cells and the header has {wanted}", found=found, wanted=wanted)
    return unreadable(spec, place, words, line=line, remedy=say("mend the row; a value that holds the delimiter needs quotes"))


def no_header(spec: RowsSpec, place: Place, columns: Sequence[str]) -> Finding | None:
    """A first line that names no columns. Its cells may be somebody's data, so nothing is said about them one by one."""
    remedy = say("write the columns' names into the first line")
    if place.form != "csv" and any(_LOOKS_LIKE_DATA.search(name) for name in columns):
        return unreadable(spec, place, say("its columns are called like a row's cells"), remedy=say("write it with a header"))
    if any(_LOOKS_LIKE_DATA.search(name) for name in columns):
        words = say("its first line looks like a row, not like a header")
        return unreadable(spec, place, words, line=1, remedy=remedy)
    if not any(columns):
        return unreadable(spec, place, say("its header has no names"), line=1, remedy=remedy)
    return None


def _header_mistakes(spec: RowsSpec, place: Place, columns: Sequence[str]) -> Iterator[Finding]:
    for name in dict.fromkeys(name for name in columns if name and columns.count(name) > 1):
        words = twice(spec, columns, name)
        yield unreadable(spec, place, words, line=1, remedy=say("rename one of them"))


def twice(spec: RowsSpec, columns: Sequence[str], name: str) -> str:
    """What is said of a name that two columns have."""
    if names_columns(spec, columns):
        return say("the column '{name}' stands twice in the header", name=mask_text(name))
    return say("two columns have the same name")


def _delimiter(text: str) -> str:
    """The separator under which header and first rows agree on the most columns; a comma where there is one column."""

    def score(delimiter: str) -> tuple[int, bool]:
        widths: list[int] = []
        with suppress(csv.Error):  # what stands before a broken row tells, too
            widths.extend(len(record) for _, record in islice(_records(text, delimiter), 20) if record)
        width = widths[0] if widths else 0
        return (width if width > 1 else 0, len(set(widths)) == 1)

    scores = {delimiter: score(delimiter) for delimiter in DELIMITERS}
    even = [delimiter for delimiter in DELIMITERS if scores[delimiter][0] and scores[delimiter][1]]
    return max(even or DELIMITERS, key=lambda delimiter: scores[delimiter][0])


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Records with the line on which each begins, from 1. csv.Error with the line of the first that cannot be read."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    line = 1
    try:
        for record in reader:
            yield line, record
            line = reader.line_num + 1
    except csv.Error:
        raise csv.Error(line) from None
