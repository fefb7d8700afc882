"""Lists that nobody may be on: files of tens of millions of numbers, read once and kept as a prepared column.

A list is read whole or not at all. What a spreadsheet left of a number (`5.69667E+10`) has lost digits, so that nobody knows
whom it means: such a list is not whole. What is no number otherwise blocks on its last digits. What comes
of a list, its prepared column, is kept for the next plan (`kept`).
"""

from __future__ import annotations

import csv
import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

import msgspec

from reconciler.catalogue import say
from reconciler.diagnostics import Finding
from reconciler.personal import mask_text
from reconciler.rows import formats, numbers, reader, sql
from reconciler.rows.complaints import complaint, reread
from reconciler.rows.engine import Engine
from reconciler.rows.errors import SourceBroken
from reconciler.rows.kept import KeptColumns, Reading
from reconciler.rows.mapping import meant, names_columns
from reconciler.rows.opened import Part, cells
from reconciler.rows.places import Place
from reconciler.rows.prepare import trimmed
from reconciler.rows.source import changed
from reconciler.rows.spec import RowsSpec

_WHOLE: Final = r"^([0-9]{7,})[.,]0{1,2}$"
"""A number that was exported as a decimal one; all its digits are there."""
_ZEROS: Final = r"[0-9]{3,}00000\.0"
"""What JSON shows of a number that stands there as 5.73001E+11: what the spreadsheet had no room for became zeros."""
_THREAD_BYTES: Final = 150_000_000
"""Memory for each thread of the engine: enough for sixty million numbers, and with more of it none of it takes less time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberList:
    """A list in the engine. `table` is one that `suppress.suppress` takes; `digest` is the SHA-256 of the file, in hex, or of
    the files' digests where there are several. `count` are different entries, `unparsable` those of them that are no numbers,
    and `useless` those of these with too few digits to bar anybody.
    """

    table: str
    digest: str
    count: int
    unparsable: int
    useless: int


def read_list(engine: Engine, spec: RowsSpec, column: str, kept: KeptColumns) -> NumberList:
    """A list, from its prepared column where there is one, else from its files. `column` "" = the only one.

    SourceBroken with everything that is wrong: SUP012 where numbers have lost digits, SUP013 where it is not said which column
    holds the numbers, and what the reader says of files.
    """
    here = reader.places(engine, spec)
    named = digest_of(here)
    form = [f"{place.form} {place.packing}" for place in here]
    written = [str(spec.source.get(name) or "") for name in ("delimiter", "encoding")]
    reading = Reading(name=spec.address.name, digest=named, settings=(*form, *written, column, spec.country))
    if other := [place for place in here if place.changed()]:
        raise SourceBroken([changed(spec, place) for place in other])
    table = kept.find(engine, reading)
    if table is None:
        raw = _read(engine, spec, column, here)
        with engine.sparing(_THREAD_BYTES):
            table = kept.keep(engine, reading, _prepared(engine, raw, spec.country))
            engine.drop(raw)
    counts = "count(*), count(*) FILTER (WHERE odd), count(*) FILTER (WHERE odd AND tail IS NULL)"
    count, odd, useless = engine.run(f"SELECT {counts} FROM {table}")[0]
    return NumberList(table=table, digest=named, count=count, unparsable=odd, useless=useless)


def digest_of(here: Sequence[Place]) -> str:
    """SHA-256 of a file's bytes as they lie there; of several files the SHA-256 of their sorted digests."""
    found = []
    for place in here:
        with place.path.open("rb") as file:
            found.append(hashlib.file_digest(file, "sha256").hexdigest())
    return found[0] if len(found) == 1 else hashlib.sha256("\n".join(sorted(found)).encode()).hexdigest()


def _read(engine: Engine, spec: RowsSpec, column: str, here: Sequence[Place]) -> str:
    """The entries of the files that were found: `t` the text where the fast path leaves it open, `q` the number as BIGINT."""
    opened = reader.open_source(engine, spec)
    try:
        if [part.place for part in opened.parts] != list(here):  # what is read has to be what was digested
            raise SourceBroken([changed(spec, here[0])])
        name = _column(spec, opened.columns, column)
        raw = engine.fresh("entries")
        engine.run(f"CREATE TABLE {raw} (t VARCHAR, q BIGINT)")
        for part in opened.parts:
            _take_in(engine, spec, part, name, raw)
    finally:
        opened.close()
    return raw


def _column(spec: RowsSpec, columns: Sequence[str], asked: str) -> str:
    if asked and asked not in columns:
        words = say("the list has no column '{name}'", name=mask_text(asked))
        remedy = meant(spec, asked, columns) or say("correct the name")
        raise SourceBroken([spec.mistake("SRC001", words, "column", remedy)])
    if not asked and len(columns) != 1:
        words = say("the list has {count} columns, and nobody says which one holds the numbers", count=len(columns))
        remedy = say("write 'column', with the column's name as its first row has it")
        if names_columns(spec, columns):
            remedy = say("write 'column', one of: {names}", names=", ".join(map(mask_text, filter(None, columns))))
        raise SourceBroken([spec.mistake("SUP013", words, "column", remedy)])
    return asked or columns[0]


def _take_in(engine: Engine, spec: RowsSpec, part: Part, column: str, raw: str) -> None:
    """The entries of one file, after those of the files before it. SourceBroken where digits are lost."""
    values = sql.Bound()
    found = cells(values, part, [(column, "")])
    cell, kind = found.columns[column], part.types.get(column, "VARCHAR")
    if not formats.readable(kind):
        words = say("the column '{name}' holds neither text nor numbers", name=column)
        raise SourceBroken([spec.mistake("SRC002", words, "column", say("name another column"))])
    reader.weigh(engine, spec, part, [column])
    written = f"SELECT {formats.as_phone(cell, kind, formats.plain(cell, kind))} AS t FROM {found.relation}"
    zeros = part.place is not None and part.place.form == "jsonl"
    lost = f"WHEN regexp_full_match(t, {values(_ZEROS)}) THEN format('{{:E}}', t::DOUBLE)" if zeros else ""
    pointed = (
        f"CASE {lost} WHEN contains(t, '.') OR contains(t, ',') THEN regexp_replace(t, {values(_WHOLE)}, '\\1') ELSE t END"
    )
    entries = f"SELECT {pointed} AS t FROM (SELECT {trimmed('t')} AS t FROM ({written})) WHERE t <> ''"
    quick = f"SELECT t, {numbers.quick(values, 't', spec.country)} AS q FROM ({entries})"
    read = f"SELECT t, coalesce(q, 0) = 0 AS odd, q FROM ({quick})"
    _, failure = engine.attempt(f"INSERT INTO {raw} SELECT CASE WHEN odd THEN t END, q FROM ({read})", values.values)
    if failure is not None:
        if (again := reread(engine, part, failure)) is not None:
            _take_in(engine, spec, again, column, raw)
            return
        raise complaint(engine, spec, part, failure)
    reader.read_whole(spec, part)
    if count := int(engine.one(f"SELECT count(*) FROM {raw} WHERE regexp_full_match(t, $1)", [numbers.SCIENTIFIC])):
        raise SourceBroken([_lossy(spec, part, column, count)])


def _prepared(engine: Engine, raw: str, country: str) -> str:
    """A table (`number`, `tail`): each number once, in one form a line, and the last digits of what is no number."""
    odd = numbers.ask(engine, raw, [("t", "q")], country)
    taken = engine.fresh("list")
    late, never = ("", "t IS NOT NULL")
    if odd is not None:
        late = f" UNION ALL SELECT number FROM {odd}"
        never = f"t IS NOT NULL AND t NOT IN (SELECT value FROM {odd})"
    engine.run(
        f"CREATE TABLE {taken} AS SELECT DISTINCT {numbers.canonical('n')} AS number, NULL::VARCHAR AS tail "
        f"FROM (SELECT q AS n FROM {raw} WHERE q > 0{late}) "
        f"UNION ALL SELECT NULL, {numbers.tails('t')} FROM (SELECT DISTINCT t FROM {raw} WHERE {never})"
    )
    engine.drop(*([odd] if odd else []))
    return taken


# --- saying where a list is not whole


def _lossy(spec: RowsSpec, part: Part, column: str, count: int) -> Finding:
    line = 0
    with suppress(csv.Error):  # a field too long for it; then the file alone is named
        line = next(_lossy_lines(part, column), 0)
    file = part.place.shown if part.place else ""
    where = say("'{file}', line {line:,}", file=file, line=line) if line else f"'{file}'"
    words = say("{where}: {count:,} numbers were written as 5.69667E+10, which has lost digits", where=where, count=count)
    remedy = say("export the list again with the column as text: whom these entries mean cannot be known any more")
    return spec.mistake("SUP012", words, "source.file", remedy)


def _lossy_lines(part: Part, column: str) -> Iterator[int]:
    """The lines of a text file whose entry has lost digits; nothing for parquet, which has none."""
    if part.types:
        return
    with part.path.open(encoding="utf-8", newline="") as file:
        if part.place is not None and part.place.form == "csv":
            rows = csv.reader(file, delimiter=part.head.delimiter)
            at = part.columns.index(column)
            for row in rows:
                if len(row) > at and numbers.lossy(row[at]):
                    yield rows.line_num + part.head.blank_lines
            return
        for line, text in enumerate(file, 1):
            entry = str(msgspec.json.decode(text).get(column, "")) if text.strip() else ""
            if numbers.lossy(entry) or re.fullmatch(_ZEROS, entry):
                yield line
