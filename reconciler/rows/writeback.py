"""Numbers written back into the file that a list comes from, as that file writes them, and all or nothing.

The file keeps its separator, quotes, line ends, encoding and order of columns; what it holds stays byte for byte where its form
allows. It is copied beside itself, added to, and put in its own place at once; where it is no longer the file that was read,
nothing is written.
"""

from __future__ import annotations

import csv
import hashlib
import io
import json
import os
import re
import secrets
import stat
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, Final

from reconciler.catalogue import say
from reconciler.diagnostics import Finding
from reconciler.errors import Mistaken, Stale
from reconciler.rows import numbers, remote, sql
from reconciler.rows.engine import Engine
from reconciler.rows.mapping import mapped
from reconciler.rows.places import Place, locate
from reconciler.rows.reader import open_source
from reconciler.rows.source import Head, head
from reconciler.rows.spec import RowsSpec

SAMPLE_ROWS: Final = 200
SAMPLE_BYTES: Final = 256 * 1024
_PIECE: Final = 1 << 20
_CODECS: Final = {"utf-8": "utf-8-sig", "cp1252": "cp1252", "latin-1": "latin-1"}
_PLAIN: Final = re.compile(r"[0-9][0-9 ().-]{0,30}")  # what may stand in a cell although it is no number
_WHOLE_NUMBERS: Final = frozenset({"BIGINT", "UBIGINT", "HUGEINT", "UHUGEINT"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Book:
    """A source's only file, with the SHA-256 of what it held when it was looked at."""

    place: Place
    sha256: str


def book(spec: RowsSpec) -> Book:
    """The file of a source; Mistaken (OPT004) where nothing can be written back to it."""
    if spec.source.get("rows") is not None:
        raise _not_here(spec, say("its entries stand in the document itself"), say("move them to a csv file"))
    if spec.source.get("sql") is not None:
        raise _not_here(spec, say("its entries come from a query"), say("add them in the database"))
    if remote.is_address(spec):
        raise _not_here(spec, say("its entries come from an address"), say("add them where the file is made"))
    found = locate(spec)
    if isinstance(found, Finding):
        raise Mistaken(found.message, code=found.code, remedy=found.remedy, place=_place(spec))
    if len(found) > 1:
        remedy = say("add a file of its own for them, and a document that names it")
        raise _not_here(spec, say("its entries come from {count:,} files", count=len(found)), remedy)
    place = found[0]
    if place.packing:
        raise _not_here(spec, say("its file is packed"), say("unpack it, and name the unpacked file"))
    return Book(place=place, sha256=_sha256(place.path))


def append(engine: Engine, spec: RowsSpec, into: Book, entries: Sequence[str], said: Mapping[str, str]) -> int:
    """Add entries to a file, each `+` and digits, or as a platform writes what is no number. Gives how many were added.

    `said` has what else is known of them, under our names of columns. Stale where the file changed since it was looked at;
    Mistaken where it cannot be written. What a column of whole numbers cannot hold is left out.
    """
    form = into.place.form
    with _Beside(spec, into) as part:
        count = _parquet(engine, spec, part, entries, said) if form == "parquet" else _text(engine, spec, part, entries, said)
        if count:
            part.put()
    return count


# --- one file, in its own place or not at all


class _Beside:
    """A private file beside the one that is added to."""

    def __init__(self, spec: RowsSpec, into: Book) -> None:
        self.spec, self.into = spec, into
        self.path = into.place.path.with_name(f".{into.place.path.name}.{secrets.token_hex(4)}.part")

    def __enter__(self) -> _Beside:
        return self

    def __exit__(self, *_failure: object) -> None:
        self.path.unlink(missing_ok=True)

    def create(self) -> BinaryIO:
        """The empty private file."""
        try:
            return os.fdopen(os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        except OSError:
            raise self.unwritable() from None

    def unwritable(self) -> Mistaken:
        """The error of a folder or a disk that takes no file."""
        words = say("'{file}' cannot be written", file=self.into.place.shown)
        return Mistaken(words, code="OPT004", remedy=say("make its folder writable"), place=_place(self.spec))

    def put(self) -> None:
        """Put it where the other file is, with that one's rights; Stale where that one is not what was looked at."""
        path = self.into.place.path
        try:
            now = path.stat()
            self.path.chmod(stat.S_IMODE(now.st_mode))
            with suppress(PermissionError):  # only the superuser may give a file to somebody else
                os.chown(self.path, now.st_uid, now.st_gid)
            with self.path.open("rb") as file:
                os.fsync(file.fileno())
            if self.into.place.changed() or _sha256(path) != self.into.sha256:
                raise self.stale()
            self.path.replace(path)
            folder = os.open(path.parent, os.O_RDONLY)
            try:
                os.fsync(folder)
            finally:
                os.close(folder)
        except OSError:
            raise self.unwritable() from None

    def stale(self) -> Stale:
        """The error of a file that somebody else wrote meanwhile."""
        words = say("'{file}' changed meanwhile; nothing was written", file=self.into.place.shown)
        return Stale(words, code="SRC005", remedy=say("run it again"), place=_place(self.spec))


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
    return digest.hexdigest()


def _not_here(spec: RowsSpec, why: str, remedy: str) -> Mistaken:
    words = say("{address}: {why}; nothing can be written back", address=spec.address, why=why)
    return Mistaken(words, code="OPT004", remedy=remedy, place=_place(spec))


def _place(spec: RowsSpec) -> str:
    origin = spec.origin_of("source")
    return f"{origin.file}:{origin.line}" if origin.line else origin.file


# --- numbers, as the file writes them


def _column(spec: RowsSpec, found: Head, types: Mapping[str, str]) -> str:
    """The column of numbers; Mistaken where there is none to write to."""
    plan = mapped(spec, found.columns, types)
    take = plan.take(spec.sheet.identity[0])
    if plan.findings or take is None or not take.column:
        raise _not_here(spec, say("it has no column of numbers"), say("map one"))
    return take.column


def _further(spec: RowsSpec, found: Head, types: Mapping[str, str], said: Mapping[str, str]) -> dict[str, str]:
    """What is said of the entries, under the file's own names."""
    plan = mapped(spec, found.columns, types)
    takes = ((plan.take(ours), value) for ours, value in said.items())
    return {take.column: value for take, value in takes if take is not None and take.column}


def _written(engine: Engine, spec: RowsSpec, entries: Sequence[str], sample: Sequence[str]) -> list[str]:
    """The entries as most of the sample is written: with `+`, as digits, or as the country dials them.

    A number that would be understood as another one that way is written with `+`.
    """
    form = _form(sample, spec.country)
    values = sql.Bound()
    text = numbers.written("n", form=form, prefix="", country=spec.country)
    abroad = numbers.foreign("n", spec.country)
    listed = values([int(entry[1:]) for entry in entries if entry.startswith("+")])
    asked = f"SELECT n, CASE WHEN {abroad} THEN '' ELSE {text} END FROM (SELECT unnest({listed}::BIGINT[]) AS n)"
    shown: dict[int, str] = dict(engine.run(asked, values.values))
    found = []
    for entry in entries:
        if not entry.startswith("+"):
            found.append(entry)
            continue
        number = int(entry[1:])
        found.append(shown[number] if numbers.understood(shown[number], spec.country) == number else entry)
    return found


def _form(sample: Sequence[str], country: str) -> str:
    """How most of these are written; with `+` where there are none."""
    forms: Counter[str] = Counter()
    for text in sample:
        number = numbers.understood(text, country)
        if number is not None:
            plain = re.sub(r"[^0-9+]", "", text)
            forms["e164" if plain.startswith("+") else "digits" if plain == str(number) else "national"] += 1
    return max(("e164", "digits", "national"), key=lambda form: forms[form])


def _harmless(entries: Sequence[str]) -> list[str]:
    """Without what no list of numbers should hold, whoever put it on the platform's."""
    return [entry for entry in entries if entry.startswith("+") or _PLAIN.fullmatch(entry)]


# --- csv and JSON lines


def _text(engine: Engine, spec: RowsSpec, part: _Beside, entries: Sequence[str], said: Mapping[str, str]) -> int:
    """Copy the file and add lines to it."""
    place = part.into.place
    found = head(spec, place)
    column, further = _column(spec, found, {}), _further(spec, found, {}, said)
    with place.path.open("rb") as file:
        begin = file.read(SAMPLE_BYTES)
    make = _csv_lines if place.form == "csv" else _json_lines
    added = make(engine, spec, found, begin, column, further, _harmless(entries))
    digest = hashlib.sha256()
    with place.path.open("rb") as source, part.create() as target:
        last = b""
        while piece := source.read(_PIECE):
            digest.update(piece)
            target.write(piece)
            last = piece[-1:]
        if digest.hexdigest() != part.into.sha256:
            raise part.stale()
        if last not in (b"\n", b"\r", b""):
            target.write(_line_end(begin).encode())
        try:
            target.write("".join(added).encode(found.encoding))
        except UnicodeEncodeError:
            raise part.unwritable() from None
    return len(added)


def _line_end(begin: bytes) -> str:
    """The line ends of a file, from its beginning."""
    if b"\r\n" in begin:
        return "\r\n"
    return "\r" if b"\r" in begin and b"\n" not in begin else "\n"


def _csv_lines(
    engine: Engine, spec: RowsSpec, found: Head, begin: bytes, column: str, further: Mapping[str, str], entries: Sequence[str]
) -> list[str]:
    text = begin.decode(_CODECS[found.encoding], errors="ignore").lstrip("\r\n")
    rows = list(islice(_records(text, found.delimiter), SAMPLE_ROWS))
    place = found.columns.index(column)
    sample = [row[place] for row in rows[1:] if len(row) == len(found.columns)]
    style = _quoting(text, found.delimiter, rows)
    lines = []
    for number in _written(engine, spec, entries, sample):
        cells = {**further, column: number}
        line = io.StringIO()
        writer = csv.writer(line, delimiter=found.delimiter, quoting=style, lineterminator=_line_end(begin))
        writer.writerow([cells.get(name, "") for name in found.columns])
        lines.append(line.getvalue())
    return lines


def _records(text: str, delimiter: str) -> Iterator[list[str]]:
    """The records of the beginning of a file; the last one may be cut, and is given up."""
    with suppress(csv.Error):
        yield from csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)


def _quoting(text: str, delimiter: str, rows: Sequence[Sequence[str]]) -> Any:
    """The way of quoting under which most of the lines would look as they do."""
    lines = Counter(text.splitlines())

    def alike(style: Any) -> int:
        written = []
        for row in rows:
            line = io.StringIO()
            csv.writer(line, delimiter=delimiter, quoting=style, lineterminator="").writerow(row)
            written.append(line.getvalue())
        return (lines & Counter(written)).total()

    return max((csv.QUOTE_MINIMAL, csv.QUOTE_ALL), key=alike)


def _json_lines(
    engine: Engine, spec: RowsSpec, found: Head, begin: bytes, column: str, further: Mapping[str, str], entries: Sequence[str]
) -> list[str]:
    text = begin.decode("utf-8-sig", errors="ignore")
    lines = [line for line in text.splitlines() if line.strip()][:SAMPLE_ROWS]
    rows = []
    for line in lines:
        with suppress(ValueError):  # the last one may be cut
            rows.append((line, json.loads(line)))
    sample = [row[column] for _, row in rows if column in row]
    whole = bool(sample) and all(isinstance(value, int) for value in sample)
    tight = bool(rows) and json.dumps(rows[0][1], ensure_ascii=False, separators=(",", ":")) == rows[0][0].strip()
    added = []
    for number in _written(engine, spec, entries, [str(value) for value in sample]):
        value = _as_whole(number, spec.country) if whole else number
        if value is None:
            continue
        cells = {**further, column: value}
        ordered = {name: cells[name] for name in found.columns if name in cells}
        shown = json.dumps(ordered, ensure_ascii=False, separators=(",", ":") if tight else (", ", ": "))
        added.append(shown + _line_end(begin))
    return added


def _as_whole(text: str, country: str) -> int | None:
    """A number as a whole number, where it still means the same."""
    digits = text.removeprefix("+")
    if not digits.isdecimal() or digits.startswith("0"):
        return None
    return int(digits) if numbers.understood(digits, country) == numbers.understood(text, country) else None


# --- parquet


def _parquet(engine: Engine, spec: RowsSpec, part: _Beside, entries: Sequence[str], said: Mapping[str, str]) -> int:
    """Write the file anew with rows added: its form knows no adding."""
    opened = open_source(engine, spec)
    try:
        (one,) = opened.parts
        column = _column(spec, one.head, one.types)
        further = _further(spec, one.head, one.types, said)
        name, kind = sql.name(column), one.types[column]
        first = engine.run(
            f"SELECT {name}::VARCHAR FROM read_parquet($1, hive_partitioning = false) WHERE {name} IS NOT NULL LIMIT $2",
            [str(one.path), SAMPLE_ROWS],
        )
        written: Sequence[Any] = _written(engine, spec, _harmless(entries), [text for (text,) in first])
        if kind in _WHOLE_NUMBERS:
            written = [value for value in (_as_whole(text, spec.country) for text in written) if value is not None]
        elif kind != "VARCHAR":
            raise _not_here(spec, say("its column of numbers is of type {kind}", kind=kind), say("make it text"))
        if written:
            _rewrite(engine, part, str(one.path), [str(value) for value in written], (name, kind), further, one.types)
        return len(written)
    finally:
        opened.close()


def _rewrite(
    engine: Engine,
    part: _Beside,
    path: str,
    written: Sequence[str],
    column: tuple[str, str],
    further: Mapping[str, str],
    types: Mapping[str, str],
) -> None:
    """All rows in their order and then the new ones, packed as the file was; nothing is kept of it when a row is missing."""
    part.create().close()
    cells = {sql.name(name): f"try_cast({sql.literal(value)} AS {types[name]})" for name, value in further.items()}
    cells[column[0]] = f"value::{column[1]}"
    old = f"SELECT * FROM read_parquet({sql.literal(path)}, hive_partitioning = false)"
    fresh = engine.fresh("added")
    engine.run(f"CREATE TABLE {fresh} AS SELECT unnest($1::VARCHAR[]) AS value", [list(written)])
    new = f"SELECT {', '.join(f'{cell} AS {name}' for name, cell in cells.items())} FROM {fresh}"
    codec = str(engine.one("SELECT any_value(compression) FROM parquet_metadata($1)", [path]) or "ZSTD").lower()
    known = codec if codec in ("snappy", "gzip", "zstd", "lz4_raw", "brotli", "uncompressed") else "zstd"
    before = int(engine.one(f"SELECT count(*) FROM ({old})"))
    engine.run("SET preserve_insertion_order = true")
    try:
        target = sql.literal(str(part.path))
        _, failure = engine.attempt(f"COPY ({old} UNION ALL BY NAME {new}) TO {target} (FORMAT parquet, COMPRESSION '{known}')")
    finally:
        engine.run("SET preserve_insertion_order = false")
        engine.drop(fresh)
    if failure is not None:
        raise part.unwritable()
    now = f"SELECT * FROM read_parquet({sql.literal(str(part.path))}, hive_partitioning = false)"
    lost = int(engine.one(f"SELECT count(*) FROM ({old} EXCEPT ALL {now})"))
    if lost or int(engine.one(f"SELECT count(*) FROM ({now})")) != before + len(written):
        raise part.unwritable()
