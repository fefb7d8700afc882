"""Compared rows as their writer gets them: batches in a fixed order, and the read-back of what was written.

A verb's rows are a table of where they stand (in the source, live, or both) and their names. They are put in the order of
their recipients once, when the first batch is asked for, so that equal rows are cut into equal batches, whatever file they
came from. From then on they stream: rows become objects one batch at a time, and a batch costs the same in a long list.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from reconciler.call import Batch
from reconciler.rows import digest, sql
from reconciler.rows.attach import attach
from reconciler.rows.engine import Engine
from reconciler.rows.keys import NO_NAMES, keyed_live
from reconciler.rows.people import dialable_numbers
from reconciler.rows.prepared import Prepared
from reconciler.rows.sheet import BEFORE, Presence, Verb

_WISHED: Final = frozenset({Verb.ADD, Verb.REPLACE})


@dataclass(slots=True, kw_only=True)
class Marked:
    """The rows under one verb: a table of `row` (in the source), `live` (there), `id`, `recipient`, `person`, `content`."""

    table: str
    count: int


class Feed:
    """The rows of one document for its writer (a `RowsFeed`). Lives as long as its engine."""

    def __init__(
        self, engine: Engine, prepared: Prepared, live: str | None, live_identity: Mapping[str, str] = NO_NAMES
    ) -> None:
        self.engine = engine
        self.prepared = prepared
        self.live = live
        self.live_identity = live_identity
        self.marked: dict[Verb, Marked] = {}
        self.asked: Prepared | None = None  # the rows of the document's lifts

    def mark(self, verb: Verb, table: str) -> int:
        """Put a table of rows under a verb; gives how many they are."""
        self.marked[verb] = Marked(table=table, count=self.engine.count(table))
        return self.marked[verb].count

    def count(self, verb: Verb) -> int:
        """Rows under `verb`."""
        marked = self.marked.get(verb)
        return marked.count if marked else 0

    def batches(self, verb: Verb, rows_max: int) -> Iterator[Batch]:
        """The rows under `verb` by recipient, at most `rows_max` a batch, made as they are asked for."""
        marked = self.marked.get(verb)
        if marked is None or not marked.count:
            return
        unseen = verb is Verb.LIFT and self.live is None  # what is not listed is known by our own rows alone
        wished = self._rows(verb).sent if verb in _WISHED or unseen else ()
        shown = self._live_columns(verb)
        before = self._before(verb)
        cells = [f"p.{name}" for name in map(sql.name, wished)] + [f"l.{name}" for name in map(sql.name, [*shown, *before])]
        names = [f"m.{name}::VARCHAR" for name in ("recipient", "person", "content")]
        joins = f"JOIN {self._rows(verb).table} p ON p._row = m.row " if wished else ""
        joins += f"JOIN {sql.name(self.live)} l ON l.rowid = m.live " if (shown or before) and self.live else ""
        found = self.engine.stream(
            f"SELECT {', '.join(names + cells)} FROM {marked.table} m {joins}ORDER BY m.recipient, m.content, m.id", rows_max
        )
        columns = [*wished, *shown, *(BEFORE + name for name in before)]
        for rows in found:
            yield self._batch(columns, rows)

    def reviewed(self, verb: Verb) -> str:
        """SQL: (`recipient`, `content`) of the rows under `verb`, as 128-bit numbers. Of a row that is replaced or taken away
        the content covers what it showed, too: it is another one when somebody edits it.
        """
        table, recipient, content = self.marked[verb].table, digest.as_number("recipient"), digest.as_number("content")
        if not verb.touches or self.live is None:
            return f"SELECT {recipient} AS recipient, {content} AS content FROM {table}"
        shown = compared_columns(self.engine, self.prepared, self.live)
        stands = digest.as_number(digest.content([(name, f"coalesce(l.{sql.name(name)}, '')") for name in shown]))
        return (
            f"SELECT {recipient} AS recipient, xor(coalesce({content}, 0), {stands}) AS content "
            f"FROM {table} m JOIN {sql.name(self.live)} l ON l.rowid = m.live"
        )

    def attach(self, table: str) -> None:
        """Look up anew which contacts the rows mean."""
        for rows in (self.prepared, *([self.asked] if self.asked else [])):
            attach(self.engine, rows, table)
        for verb, marked in self.marked.items():
            gone = f"row IS NOT NULL AND row NOT IN (SELECT _row FROM {self._rows(verb).table})"
            self.engine.run(f"DELETE FROM {marked.table} WHERE {gone}")
            marked.count = self.engine.count(marked.table)

    def matches(self, verb: Verb, table: str, rows_max: int) -> Iterator[Batch]:
        """Live rows of `table` that can still be dialled and hold a number of the rows under `verb`, in whichever phone
        column; each is its `key`.
        """
        marked = self.marked.get(verb)
        if marked is None or not marked.count:
            return
        held = dialable_numbers(self.engine, self.prepared.spec, table)
        rows_of = f"SELECT live FROM {held} WHERE key IN (SELECT id FROM {marked.table})"
        keys = f"SELECT DISTINCT key FROM {sql.name(table)} WHERE rowid IN ({rows_of}) AND key <> '' ORDER BY key"
        rows = [{"key": key} for (key,) in self.engine.run(keys)]
        self.engine.drop(held)
        for start in range(0, len(rows), rows_max):
            yield Batch(rows=rows[start : start + rows_max])

    def presence(self, verb: Verb, table: str) -> Presence:
        """How many of the rows under `verb` a live table shows, does not show, shows twice.

        A replaced row is present when it shows the new content.
        """
        marked = self.marked.get(verb)
        if marked is None or not marked.count:
            return Presence(present=0, missing=0, twice=0)
        seen = keyed_live(self.engine, self.prepared.spec, table, self.live_identity)
        relation = f"SELECT m.id, count(*) AS times FROM {marked.table} m JOIN {seen} s ON m.id = s.key"
        if verb is Verb.REPLACE and (shown := compared_columns(self.engine, self.prepared, table)):
            same = " AND ".join(f"coalesce(p.{name}, '') = coalesce(l.{name}, '')" for name in map(sql.name, shown))
            relation += (
                f" JOIN {sql.name(table)} l ON l.rowid = s.live JOIN {self.prepared.table} p ON p._row = m.row WHERE {same}"
            )
        statement = f"SELECT count(*), count(*) FILTER (WHERE times > 1) FROM ({relation} GROUP BY m.id)"
        present, twice = self.engine.run(statement)[0]
        self.engine.drop(seen)
        return Presence(present=present, missing=marked.count - present, twice=twice)

    def _rows(self, verb: Verb) -> Prepared:
        """Where the rows of a verb stand in our own tables: entries that are lifted are in the document's lifts."""
        return self.asked if verb is Verb.LIFT and self.asked is not None else self.prepared

    def _batch(self, columns: list[str], found: list[tuple[Any, ...]]) -> Batch:
        rows = [{name: value for name, value in zip(columns, values[3:], strict=True) if value} for values in found]
        recipients, persons, contents = (_packed(values[place] for values in found) for place in range(3))
        return Batch(
            rows=rows,
            recipients=recipients,
            persons=persons,
            contents=contents,
            digest=digest.batch_digest(self.engine.key, recipients, contents),
            content=self.prepared.file.read_bytes() if self.prepared.file is not None else b"",
        )

    def _live_columns(self, verb: Verb) -> Sequence[str]:
        """What a batch shows of the live row: all of it when that is what is written about, else what is ours to know."""
        if self.live is None or verb is Verb.ADD:
            return []
        columns = self.engine.columns(self.live)
        return [name for name in columns if name.startswith("_")] if verb is Verb.REPLACE else columns

    def _before(self, verb: Verb) -> Sequence[str]:
        """The columns of the live row that its replacement in place is held against."""
        if self.live is None or verb is not Verb.REPLACE or not self.prepared.spec.sheet.replaced_in_place:
            return []
        return _shown(self.engine, self.prepared, self.live)


def compared_columns(engine: Engine, prepared: Prepared, live: str) -> list[str]:
    """The columns in which a wished and a live row can differ: what the source names and the platform shows."""
    return [name for name in _shown(engine, prepared, live) if name not in prepared.spec.sheet.identity]


def _shown(engine: Engine, prepared: Prepared, live: str) -> list[str]:
    """What the source names and the platform shows."""
    shown = set(engine.columns(live))
    return [name for name in prepared.sent if name in shown]


def _packed(names: Iterator[str | None]) -> bytes:
    """UUIDs as they are written, 16 bytes each."""
    return bytes.fromhex("".join(name or "" for name in names).replace("-", ""))
