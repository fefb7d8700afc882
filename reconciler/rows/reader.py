"""Sources into the engine, whole or not at all.

The engine reads through a plainly named link in its private folder, so that no letter of a path is ever a pattern to it.
What it cannot read itself (another encoding, a packed file, a mark at the start of JSON lines) becomes a private copy, and
so does what comes from a database or an address. A file that changed before its last row was read is not used.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Final

import msgspec

from reconciler.catalogue import say
from reconciler.diagnostics import Finding
from reconciler.personal import mask_text
from reconciler.rows import query, remote, sql
from reconciler.rows.column import CSV_LINE_MAX_BYTES
from reconciler.rows.complaints import FINDINGS_MAX, complaint
from reconciler.rows.engine import Engine
from reconciler.rows.errors import SourceBroken, TooMuch
from reconciler.rows.mapping import Mapped, mapped
from reconciler.rows.opened import JSON_LINE_MAX_BYTES, Part, cells
from reconciler.rows.packing import BROKEN, believed
from reconciler.rows.places import Place, locate
from reconciler.rows.source import (
    UTF8_MARK,
    Head,
    Utf8,
    changed,
    empty,
    head,
    holds_nul,
    no_header,
    not_encoded,
    rows_head,
    together,
    too_long,
    too_much,
    twice,
    unreadable,
    unseen_head,
    utf8_after_all,
)
from reconciler.rows.spec import RowsSpec
from reconciler.rows.spill import Writer

ROW_BYTES_MIN: Final = 8  # what a row of parquet takes at least, once it is read
CELL_MAX_BYTES: Final = 1_000_000
"""What a value of parquet may have. Lines of csv and JSON have a limit of their own."""
_CHUNK: Final = 1 << 20
_NOT_AN_OBJECT: Final = re.compile(rb"^[ \t]*[^{ \t\r\n]", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Opened:
    """A source that the engine can read, a part a file, with all their column names."""

    parts: tuple[Part, ...]
    columns: tuple[str, ...]

    def mapped(self, spec: RowsSpec) -> Mapped:
        """The document's mapping onto this source, with the mistakes of every part."""
        each = [mapped(spec, self.columns, part.types) for part in self.parts]
        findings = dict.fromkeys(finding for one in each for finding in one.findings)
        return Mapped(takes=each[0].takes, instant=each[0].instant, findings=tuple(findings))

    def close(self) -> None:
        """Remove links and private copies."""
        for part in self.parts:
            part.path.unlink(missing_ok=True)


def peek(spec: RowsSpec) -> list[Finding]:
    """What can be said without reading the rows, asking a database or opening an address: path, ending, encoding, header, first
    rows, mapping."""
    if spec.source.get("rows") is not None:
        return list(mapped(spec, rows_head(spec).columns, {}).findings)
    if spec.source.get("sql") is not None or remote.is_address(spec):
        wrong = remote.wrong_address(spec) if spec.source.get("sql") is None else None
        return [wrong] if wrong else _unseen(spec, unseen_head(spec).columns)
    places = locate(spec)
    if isinstance(places, Finding):
        return [places]
    form = places[0].form
    if form == "whole":
        return [empty(spec, place) for place in places if not place.path.stat().st_size]
    if form == "parquet":
        with Engine(key=bytes(32)) as engine:
            try:
                return list(open_source(engine, spec).mapped(spec).findings)
            except SourceBroken as broken:
                return list(broken.findings)
    heads = [(place, head(spec, place)) for place in places]
    findings = [finding for _, found in heads for finding in found.findings]
    if not all(found.columns or found.findings == () for _, found in heads):
        return findings[:FINDINGS_MAX]
    names = tuple(dict.fromkeys(name for _, found in heads for name in found.columns))
    if form == "jsonl" and not all(found.whole for _, found in heads):  # later rows may have further names
        return [*findings, *_unseen(spec, names)]
    return [*(findings or together(spec, heads)), *mapped(spec, names, {}).findings]


def _unseen(spec: RowsSpec, names: Sequence[str]) -> list[Finding]:
    """The mistakes of a mapping onto columns of which only some are known."""
    return [finding for finding in mapped(spec, names, {}).findings if finding.code not in ("SRC001", "SPC014")]


def places(engine: Engine, spec: RowsSpec) -> tuple[Place, ...]:
    """The files of a source; what lies elsewhere is brought into the private folder first."""
    if spec.source.get("sql") is not None:
        found: Place | tuple[Place, ...] | Finding = query.queried(engine, spec)
    elif remote.is_address(spec):
        found = remote.fetched(engine, spec)
    else:
        found = locate(spec)
    if isinstance(found, Finding):
        raise SourceBroken([found])
    return (found,) if isinstance(found, Place) else found


def open_source(engine: Engine, spec: RowsSpec) -> Opened:
    """Open a document's source. SourceBroken with everything that paths and heads show."""
    if spec.source.get("rows") is not None:
        path = engine.folder / (engine.fresh("inline") + ".jsonl")
        encode = msgspec.json.Encoder().encode
        path.write_bytes(b"".join(encode(dict(row)) + b"\n" for row in spec.source["rows"]))
        found = rows_head(spec)
        return Opened(parts=(Part(path=path, place=None, head=found, types={}),), columns=found.columns)
    parts: list[Part] = []
    here: tuple[Place, ...] = ()
    whole = False
    try:
        here = places(engine, spec)
        parts += _opened(engine, spec, here)
        _none_wrong(together(spec, [(part.place, part.head) for part in parts if part.place]))
        columns = _all_names(engine, spec, parts)
        whole = True
    finally:
        copies = [place.path for place in here if not place.stamp]  # those that had to be copied again
        for path in [*copies, *(() if whole else (part.path for part in parts))]:
            path.unlink(missing_ok=True)
    return Opened(parts=tuple(parts), columns=columns)


def _opened(engine: Engine, spec: RowsSpec, here: Sequence[Place]) -> Iterator[Part]:
    """Each file as the engine can read it, once the heads of all are right."""
    if here[0].form == "parquet":
        yield from (_open_parquet(engine, spec, place) for place in here)
        return
    heads = [(place, head(spec, place)) for place in here]
    _none_wrong(finding for _, found in heads for finding in found.findings)
    for place, found in heads:
        path = engine.folder / f"{engine.fresh('source')}.{place.form}"
        _bring_in(engine, spec, part := Part(path=path, place=place, head=found, types={}))
        yield part


def _none_wrong(findings: Iterable[Finding]) -> None:
    if found := list(islice(findings, FINDINGS_MAX)):
        raise SourceBroken(found)


def read_whole(spec: RowsSpec, part: Part) -> None:
    """To be called after the last row of a part was read: SourceBroken when its file is no longer the one that was opened."""
    if part.place is not None and part.place.changed():
        raise SourceBroken([changed(spec, part.place)])


def _all_names(engine: Engine, spec: RowsSpec, parts: Sequence[Part]) -> tuple[str, ...]:
    """A source's column names. JSON lines may bring new ones in any row, so they are asked where the head does not suffice."""
    names = dict.fromkeys(name for part in parts for name in part.columns)
    for part in parts:
        if part.place is not None and part.place.form == "jsonl" and not part.head.whole:
            statement = "SELECT DISTINCT unnest(json_keys(json)) FROM read_ndjson_objects($1)"
            rows, failure = engine.attempt(statement, [str(part.path)])
            if failure is not None:
                raise complaint(engine, spec, part, failure)
            names.update(dict.fromkeys(sorted(str(name) for (name,) in rows)))
    return tuple(names)


def _open_parquet(engine: Engine, spec: RowsSpec, place: Place) -> Part:
    path = engine.folder / f"{engine.fresh('source')}.parquet"
    _link(place, path)
    rows, failure = engine.attempt("DESCRIBE SELECT * FROM read_parquet($1, hive_partitioning = false)", [str(path)])
    if failure is None:
        schema, failure = engine.attempt("SELECT name, coalesce(num_children, 0) FROM parquet_schema($1)", [str(path)])
    if failure is None:
        count, failure = engine.attempt("SELECT num_rows FROM parquet_file_metadata($1)", [str(path)])
    if failure is None:
        size, failure = engine.attempt("SELECT sum(total_uncompressed_size) FROM parquet_metadata($1)", [str(path)])
    if failure is not None:
        path.unlink()
        words = say("it is not a whole parquet file")
        raise SourceBroken([changed(spec, place) if place.changed() else unreadable(spec, place, words)])
    out_bytes = max(ROW_BYTES_MIN * int(count[0][0]), int(size[0][0] or 0))
    if wrong := next(_unbelieved(spec, place, path, out_bytes), None):
        path.unlink()
        raise SourceBroken([wrong])
    types = {str(row[0]): str(row[1]) for row in rows}
    for name in _top_level(iter(schema)):
        if name not in types:  # the engine has given a second one of that name, in any case of letters, another
            path.unlink()
            remedy = say("rename one of them")
            raise SourceBroken([unreadable(spec, place, twice(spec, tuple(types), name), remedy=remedy)])
    if wrong_names := no_header(spec, place, tuple(types)):
        path.unlink()
        raise SourceBroken([wrong_names])
    return Part(path=path, place=place, head=Head(columns=tuple(types)), types=types)


def weigh(engine: Engine, spec: RowsSpec, part: Part, columns: Iterable[str]) -> None:
    """SourceBroken where texts of parquet are longer than any value, or more than is believed of a file of that size.

    A value that rows share stands there once, and each row that is made of it takes its own copy.
    """
    texts = [name for name in dict.fromkeys(columns) if part.types.get(name) == "VARCHAR"]
    if part.place is None or not texts:
        return
    values = sql.Bound()
    sizes = [f"coalesce({what}(strlen({sql.name(name)})), 0)" for name in texts for what in ("max", "sum")]
    rows, failure = engine.attempt(f"SELECT {', '.join(sizes)} FROM {cells(values, part, ()).relation}", values.values)
    if failure is not None:
        raise complaint(engine, spec, part, failure)
    long = next((name for name, most in zip(texts, rows[0][::2], strict=True) if most > CELL_MAX_BYTES), None)
    if long is not None:
        words = say("the column '{name}' holds a value of more than {most:,} bytes", name=mask_text(long), most=CELL_MAX_BYTES)
        raise SourceBroken([unreadable(spec, part.place, words, remedy=say("map another column, or export it without that"))])
    _none_wrong(_unbelieved(spec, part.place, part.path, int(sum(rows[0][1::2]))))


def _unbelieved(spec: RowsSpec, place: Place, path: Path, out_bytes: int) -> Iterator[Finding]:
    try:
        believed(out_bytes, path.stat().st_size)
    except OSError:
        yield changed(spec, place)
    except TooMuch as wrong:
        yield too_much(spec, place, wrong)


def _top_level(schema: Iterator[tuple[str, int]]) -> list[str]:
    """The columns of a parquet schema, which is written depth first."""

    def skip(count: int) -> None:
        for _ in range(count):
            skip(next(schema)[1])

    names = []
    for _ in range(next(schema)[1]):
        name, inner = next(schema)
        names.append(name)
        skip(inner)
    return names


def _bring_in(engine: Engine, spec: RowsSpec, part: Part) -> None:
    """Link the file, or write a private UTF-8 copy, and look at every byte once for what the engine would take silently."""
    place, found = part.place, part.head
    if place is None:
        return
    broken: Finding | None = None
    copy = False
    try:
        with place.open() as file:
            marked = file.read(len(UTF8_MARK)) == UTF8_MARK
        # The engine counts leading blank lines as rows, and loses track where they end in different ways.
        copy = bool(place.packing) or found.encoding != "utf-8" or marked or bool(found.blank_lines)
        if copy:
            with Writer(part.path) as out:
                broken = _looked_at(spec, place, found, marked=marked, out=out)
        else:
            broken = _looked_at(spec, place, found, marked=False, out=None)
    except TooMuch as wrong:
        broken = too_much(spec, place, wrong)
    except BROKEN:
        broken = unreadable(spec, place, say("it cannot be read to its end"))
    if broken is not None:
        part.path.unlink(missing_ok=True)
        raise SourceBroken([changed(spec, place) if place.changed() else broken])
    if not copy:
        _link(place, part.path)


def _link(place: Place, path: Path) -> None:
    """Let the engine read a file by a plain name; a private copy takes that name itself."""
    if place.stamp:
        path.symlink_to(place.path)
    else:
        place.path.rename(path)


def _looked_at(spec: RowsSpec, place: Place, found: Head, *, marked: bool, out: Writer | None) -> Finding | None:
    """Every byte of a file, seen once and written to `out` as UTF-8; the first thing that is wrong with it."""
    decoder = codecs.getincrementaldecoder(found.encoding)() if found.encoding != "utf-8" else None
    seen = Utf8()
    line, carried, run = 1 + found.blank_lines, b"", 0
    most, ends = (CSV_LINE_MAX_BYTES, b"\n\r") if place.form == "csv" else (JSON_LINE_MAX_BYTES, b"\n")
    with place.open() as file:
        file.read(len(UTF8_MARK) if marked else 0)
        file.read(found.blank_bytes)
        while chunk := file.read(_CHUNK):
            if (wrong := _seen_wrong(spec, place, chunk, carried, line, found.delimiter)) is not None:
                return wrong
            ended = max(chunk.rfind(end) for end in ends)
            first = len(chunk) if ended < 0 else min(at for end in ends if (at := chunk.find(end)) >= 0)
            if run + first > most:
                return too_long(spec, place, line, most, found.delimiter)
            run = run + len(chunk) if ended < 0 else len(chunk) - ended - 1
            try:
                text = decoder.decode(chunk).encode() if decoder else chunk
            except UnicodeDecodeError as broken:
                return not_encoded(spec, place, found.encoding, line + chunk.count(b"\n", 0, broken.start), found.delimiter)
            if decoder is not None:
                seen.take(chunk)
            if out is not None:
                out.write(text)
            line += chunk.count(b"\n")
            carried = chunk[-1:]
    seen.take(b"", end=True)
    return utf8_after_all(spec, place, found.encoding) if seen.sure else None


def _seen_wrong(spec: RowsSpec, place: Place, chunk: bytes, before: bytes, line: int, delimiter: str) -> Finding | None:
    if (at := chunk.find(b"\0")) >= 0:
        return holds_nul(spec, place, line + chunk.count(b"\n", 0, at), delimiter)
    if place.form == "jsonl":
        start = 0 if before in (b"", b"\n") else chunk.find(b"\n") + 1
        found = _NOT_AN_OBJECT.search(chunk, start) if start or before in (b"", b"\n") else None
        if found:
            words = say("it is not a JSON object")
            return unreadable(spec, place, words, line=line + chunk.count(b"\n", 0, found.start()))
    return None
