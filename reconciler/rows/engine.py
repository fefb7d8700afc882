"""The one door to the columnar engine: DuckDB in memory, spilling into a private folder.

DuckDB is imported when an engine is made, so that a plan without rows never pays for it. An engine is used by one thread at
a time. Its own messages quote rows, so none of them leaves this module but as a kind of failure.
"""

from __future__ import annotations

import os
from array import array
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import compress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import msgspec

from reconciler.call import Page, Sink
from reconciler.catalogue import say
from reconciler.rows import digest, sql
from reconciler.rows.errors import EngineFailed, PageBroken
from reconciler.rows.spill import SPILL_MAX_BYTES, Spill

MEMORY_MIN_BYTES: Final = 512 * 1024 * 1024
_UNITS: Final = {"MB": 1_000_000, "GB": 1_000_000_000}
_CGROUP: Final = Path("/sys/fs/cgroup/memory.max")
_PIECE_ROWS: Final = 4_096
_GLOB: Final = frozenset("*?[]{}")
_LINE_ENDS: Final = bytes.maketrans(b"\r\n", b"  ")
_WIDE: Final = 2 * digest.WIDTH
_OPENING: Final = ord("{")
_NESTED: Final = frozenset(b"{[")

_object: Final = msgspec.json.Decoder(dict[str, msgspec.Raw])
_array: Final = msgspec.json.Decoder(list[msgspec.Raw])
_NO_ARRAY: Final = msgspec.Raw(b"[]")


class Engine:
    """One in-memory database with the journal's key. Tables have names of ours; users' names appear as columns only."""

    def __init__(
        self, *, key: bytes, memory: str = "", folder: Path | None = None, environ: Mapping[str, str] | None = None
    ) -> None:
        """`key` = 32 bytes; `memory` as in `4GB`, "" = a quarter of the machine; `folder` holds a private one until close.

        `environ` is where sources beyond files find whom they ask as.
        """
        import duckdb

        self.key = key
        self.environ = environ or {}
        self._duckdb: Any = duckdb
        # The engine would take a letter of the path for a pattern.
        try:
            self._spill = Spill(None if folder is None or _GLOB & set(str(folder)) else folder)
        except TimeoutError:
            words = say("another run stands still in the moment in which it makes its private folder")
            raise EngineFailed(words, code="SRC006", remedy=say("let it go on, or end it; then run this again")) from None
        except OSError:
            words, remedy = say("no private folder can be made"), say("make '{folder}' writable", folder=folder or "TMPDIR")
            raise EngineFailed(words, code="SRC006", remedy=remedy) from None
        self.folder = self._spill.path
        self._counter = 0
        self._columns: dict[str, Sequence[str]] = {}
        quiet = {"autoinstall_known_extensions": "false", "autoload_known_extensions": "false"}
        self._connection: Any = duckdb.connect(":memory:", config=quiet | {"temp_directory": str(self.folder)})
        self._memory_bytes = _bytes(memory) if memory else memory_bytes()
        try:
            self.run("SET max_temp_directory_size = $1", [f"{SPILL_MAX_BYTES}B"])
            self.run("SET memory_limit = $1", [f"{self._memory_bytes}B"])
            self.run("SET TimeZone = 'UTC'")
            self.run("SET preserve_insertion_order = false")
            self.run("SET enable_progress_bar = false")
            # Rows are known by their rowid from statement to statement, and a checkpoint that tidies deleted rows away moves
            # others. There is nothing to keep here that one would be needed for.
            self.run("SET checkpoint_threshold = '1TB'")
            digest.install(self._connection, key)
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self.close()

    def close(self) -> None:
        """Forget everything: the database, and what lies in the private folder."""
        self._connection.close()
        self._spill.close()

    @contextmanager
    def sparing(self, thread_bytes: int) -> Iterator[None]:
        """Work in no more memory than that for each thread, and spill the sooner; no effect where no more is allowed anyhow."""
        memory_bytes = thread_bytes * int(self.one("SELECT current_setting('threads')"))
        lowered = memory_bytes < self._memory_bytes
        if lowered:
            self.attempt("SET memory_limit = $1", [f"{memory_bytes}B"])
        try:
            yield
        finally:
            if lowered:
                self.run("SET memory_limit = $1", [f"{self._memory_bytes}B"])

    def run(self, statement: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
        """Carry out one statement and give all its rows; for results of a batch's size at most. EngineFailed without data."""
        rows, failure = self.attempt(statement, values)
        if failure is not None:
            raise failed(failure[0])
        return rows

    def attempt(self, statement: str, values: Sequence[Any] = ()) -> tuple[list[tuple[Any, ...]], tuple[str, str] | None]:
        """Like `run`, but gives a failure as (kind, message). The message may quote rows: read it, never show it."""
        try:
            self._connection.execute(statement, list(values))
            return self._connection.fetchall(), None
        except self._duckdb.Error as wrong:
            return [], (type(wrong).__name__, str(wrong))

    def pieces(self, statement: str, values: Sequence[Any] = (), size: int = 10_000) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a query in pieces. Nothing else may be run before the last piece was taken."""
        return self._pieces(self._connection, statement, values, size)

    def stream(self, statement: str, size: int) -> Iterator[list[tuple[Any, ...]]]:
        """The rows of a query in pieces, as they were when the first was asked for, whatever is run in between.

        It has a connection of its own, to which the key is not told: names can be read in it, and not made.
        """
        aside = self._connection.cursor()
        try:
            aside.execute("SET TimeZone = 'UTC'")
            yield from self._pieces(aside, statement, (), size)
        finally:
            aside.close()

    def _pieces(self, connection: Any, statement: str, values: Sequence[Any], size: int) -> Iterator[list[tuple[Any, ...]]]:
        failure: str | None = None
        try:
            connection.execute(statement, list(values))
        except self._duckdb.Error as wrong:
            failure = type(wrong).__name__
        while failure is None:
            rows: list[tuple[Any, ...]] = []
            try:
                rows = connection.fetchmany(size)
            except self._duckdb.Error as wrong:
                failure = type(wrong).__name__
            if failure is None and not rows:
                return
            yield rows
        raise failed(failure)

    def one(self, statement: str, values: Sequence[Any] = ()) -> Any:
        """The single value that a query gives."""
        return self.run(statement, values)[0][0]

    def count(self, table: str) -> int:
        """Rows of a table."""
        return int(self.one(f"SELECT count(*) FROM {sql.name(table)}"))

    def columns(self, table: str) -> Sequence[str]:
        """Column names of a table or view, in order. Asked for once: a table keeps the columns that it is made with."""
        if table not in self._columns:
            statement = "SELECT column_name FROM duckdb_columns() WHERE table_name = $1 ORDER BY column_index"
            self._columns[table] = [column for (column,) in self.run(statement, [table])]
        return self._columns[table]

    def fresh(self, stem: str) -> str:
        """A name that no table and no file of this engine has."""
        self._counter += 1
        return f"{stem}_{self._counter}"

    def drop(self, *tables: str) -> None:
        """Forget tables that are no longer needed."""
        for table in tables:
            self.run(f"DROP TABLE IF EXISTS {sql.name(table)}")
            self._columns.pop(table, None)

    @contextmanager
    def scratch(self, suffix: str) -> Iterator[Path]:
        """A private file that is gone afterwards."""
        path = self.folder / (self.fresh("scratch") + suffix)
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    def packed(self, blobs: Iterable[tuple[bytes, bytes]]) -> str:
        """Packed 16-byte HMACs as a table (name, content), both UUID; `content` is NULL where the second blob is empty."""
        table = self.fresh("packed")
        with self.scratch(".hex") as path:
            with path.open("wb") as file:
                for first, second in blobs:
                    if first:
                        lines = _side_by_side(first, second).hex("\n", _WIDE) if second else first.hex("\n", digest.WIDTH)
                        file.write(lines.encode())
                        file.write(b"\n")
            self.run(
                f"CREATE TABLE {table} AS SELECT left(line, 32)::UUID AS name, "
                "CASE WHEN strlen(line) > 32 THEN right(line, 32)::UUID END AS content "
                "FROM read_csv($1, columns = {'line': 'VARCHAR'}, header = false, auto_detect = false)",
                [str(path)],
            )
        return table

    def ingest(self, body: bytes, sink: Sink) -> Page:
        """A JSON page as a table of text columns under our names; no object a row survives. PageBroken when it does not fit.

        A native key that begins with `/` is a JSON pointer into the row (`/correlationIds/0`).
        """
        envelope, rows = _sliced(body, sink)
        if bad := next((place for place, row in enumerate(rows, 1) if memoryview(row)[0] != _OPENING), 0):
            raise PageBroken(say("element {place:,} of the rows is not an object", place=bad))
        _check_total(envelope, sink, len(rows))
        table = self.fresh("page")
        with self.scratch(".jsonl") as path:
            odd = _written(path, rows, sink)
            values = sql.Bound()
            natives = self._spelled(path, sink) if odd else sink.columns
            source = json_rows(values, path, list(dict.fromkeys(natives.values())))
            chosen = ", ".join(
                f"coalesce({source.columns[native]}, '') AS {sql.name(ours)}" for ours, native in natives.items()
            )
            _, failure = self.attempt(f"CREATE TABLE {table} AS SELECT {chosen} FROM {source.relation}", values.values)
            if failure is None:
                self._check_shape(table, len(rows), path, natives, sink)
        if failure is not None:
            if failure[0] == "OutOfMemoryException":
                raise failed(failure[0])
            raise PageBroken(say("its rows are not whole JSON"))
        if self.count(table) != len(rows):
            raise PageBroken(say("its rows could not be taken over one by one"))
        return Page(table=table, count=len(rows), envelope=envelope, untold=self._only(table, sink))

    def _check_shape(self, table: str, rows: int, path: Path, natives: Mapping[str, str], sink: Sink) -> None:
        """PageBroken when rows lack what is relied on. Where a column looks suspicious, its rows are looked at as they came."""
        relied = [*sink.needed, *sink.expected]
        if not relied:
            return
        odd = "{0} = '' OR left({0}, 1) IN ('{{', '[')"
        looks = [f"bool_or({odd.format(sql.name(name))})" for name in sink.needed]
        looks += [f"bool_and({odd.format(sql.name(name))})" for name in sink.expected]
        (found,) = self.run(f"SELECT {', '.join(looks)} FROM {table}")
        for column in compress(relied, found):
            native, needed = natives[column], column in sink.needed
            place = native if native.startswith("/") else pointer(native)
            plain = "json_exists(json, $2) AND json_type(json, $2) NOT IN ('OBJECT', 'ARRAY')"
            good = self.one(f"SELECT count(*) FILTER (WHERE {plain}) FROM read_ndjson_objects($1)", [str(path), place])
            if good < (rows if needed else 1):
                words = say("{count:,} of its {rows:,} rows show no '{key}'", count=rows - good, rows=rows, key=native)
                raise PageBroken(words)

    def _only(self, table: str, sink: Sink) -> int:
        """Leave out the rows of `table` that the sink does not mean; how many of the others do not tell."""
        if sink.only is None:
            return 0
        column, meant, others = sink.only
        word = f"lower(trim({sql.name(column)}))"
        self.run(f"DELETE FROM {table} WHERE list_contains($1::VARCHAR[], {word})", [list(others)])
        return int(self.one(f"SELECT count(*) FROM {table} WHERE NOT list_contains($1::VARCHAR[], {word})", [list(meant)]))

    def _spelled(self, path: Path, sink: Sink) -> Mapping[str, str]:
        """The sink's native keys as this page spells them: a server may write them in another case."""
        found, failure = self.attempt("SELECT DISTINCT unnest(json_keys(json)) FROM read_ndjson_objects($1)", [str(path)])
        if failure is not None:
            return sink.columns  # what is wrong with the page is told by reading it
        shown = {str(key) for (key,) in found}
        folded = {key.casefold(): key for key in sorted(shown)}
        keys = {native: _key(native) for native in sink.columns.values()}
        spelled = {key: key if key in shown else folded.get(key.casefold(), key) for key in keys.values()}
        return {ours: native.replace(keys[native], spelled[keys[native]], 1) for ours, native in sink.columns.items()}


class JsonRows:
    """A relation over a file of JSON lines, and the SQL expression of each native key in it."""

    __slots__ = ("columns", "relation")

    def __init__(self, relation: str, columns: Mapping[str, str]) -> None:
        self.relation = relation
        self.columns = columns


def json_rows(values: sql.Bound, path: Path, keys: Sequence[str], kind: str = "VARCHAR") -> JsonRows:
    """JSON lines read as text, or as JSON.

    Keys that differ only in case, and pointers, need the slower way of looking into objects.
    """
    pointed = kind == "VARCHAR" and any(key.startswith("/") for key in keys)
    if not keys or pointed or len({key.casefold() for key in keys}) < len(keys):
        pointers = {key: key if pointed and key.startswith("/") else pointer(key) for key in keys}
        relation = f"read_ndjson_objects({values(str(path))})"
        look = "json_extract" if kind == "JSON" else "json_extract_string"
        return JsonRows(relation, {key: f"{look}(json, {values(found)})" for key, found in pointers.items()})
    typed = values(dict.fromkeys(keys, kind))
    relation = f"read_json({values(str(path))}, columns = {typed}, format = 'newline_delimited', records = true)"
    return JsonRows(relation, {key: sql.name(key) for key in keys})


def pointer(key: str) -> str:
    """A key of the row as a JSON pointer."""
    return "/" + key.replace("~", "~0").replace("/", "~1")


def memory_bytes() -> int:
    """A quarter of what this machine, or this container, has; at least 512 MB."""
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    if _CGROUP.is_file():
        limit = _CGROUP.read_text(encoding="ascii").strip()
        total = min(total, int(limit)) if limit.isdigit() else total
    return max(total // 4, MEMORY_MIN_BYTES)


def _bytes(size: str) -> int:
    """A size such as `4GB` or `1.5MB`."""
    return round(float(size[:-2]) * _UNITS[size[-2:]])


def _sliced(body: bytes, sink: Sink) -> tuple[dict[str, Any], list[msgspec.Raw]]:
    """The envelope's scalars, and each row's own bytes on one line."""
    flat = body.translate(_LINE_ENDS) if b"\n" in body or b"\r" in body else body  # never inside a JSON string
    envelope: dict[str, Any] = {}
    try:
        found: bytes | msgspec.Raw = flat
        if sink.rows_at:
            top = _object.decode(flat)
            if sink.rows_at not in top and not sink.empty_without:
                raise PageBroken(say("it has no '{key}'", key=sink.rows_at))
            found = top.pop(sink.rows_at, _NO_ARRAY)
            if sink.empty_without and bytes(found) == b"null":
                found = _NO_ARRAY
            scalars = {key: raw for key, raw in top.items() if memoryview(raw)[0] not in _NESTED}
            envelope = {key: msgspec.json.decode(raw) for key, raw in scalars.items()}
        rows: Any = _array.decode(found)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        rows = None
    if rows is None:
        where = say("'{key}' is not a list", key=sink.rows_at) if envelope else say("it is not JSON of the expected form")
        raise PageBroken(where)
    return envelope, rows


def _written(path: Path, rows: Sequence[msgspec.Raw], sink: Sink) -> bool:
    """Write a row a line; whether keys that the first row lacks may stand in others in another case of letters.

    Looking for their bytes is much quicker than listing the keys of every row.
    """
    lacking = {_key(native).encode() for native in sink.columns.values()}
    lacking -= {key.encode() for key in _object.decode(rows[0])} if rows else lacking
    as_meant: set[bytes] = set()
    somehow: set[bytes] = set()
    with path.open("wb") as file:
        for start in range(0, len(rows), _PIECE_ROWS):
            piece = b"\n".join(rows[start : start + _PIECE_ROWS])
            file.write(piece)
            file.write(b"\n")
            as_meant |= {key for key in lacking - as_meant if b'"%b":' % key in piece}
            if open_keys := lacking - as_meant - somehow:
                lowered = piece.lower()
                somehow |= {key for key in open_keys if b'"%b"' % key.lower() in lowered}
    return bool(somehow - as_meant)


def _key(native: str) -> str:
    """The key of the row that a native key or pointer begins with."""
    return native.split("/")[1] if native.startswith("/") else native


def _check_total(envelope: Mapping[str, Any], sink: Sink, received: int) -> None:
    told = str(envelope.get(sink.total_at, "") or "").strip() if sink.total_at else ""
    if sink.total_at and envelope.get(sink.total_at) == 0:
        told = "0"
    if not told:
        return
    if not told.isdecimal():
        raise PageBroken(say("its '{key}' is not a number", key=sink.total_at))
    if int(told) != received:
        words = say("it says {told:,} rows and holds {received:,}", told=int(told), received=received)
        raise PageBroken(words)


def _side_by_side(first: bytes, second: bytes) -> bytes:
    """Two packed columns, interleaved row by row, without an object a row."""
    wide = array("Q", bytes(2 * len(first)))
    left = array("Q", first)
    wide[0::4], wide[1::4] = left[0::2], left[1::2]
    right = array("Q", second)
    wide[2::4], wide[3::4] = right[0::2], right[1::2]
    return wide.tobytes()


def failed(kind: str) -> EngineFailed:
    """An engine's failure by its kind alone."""
    if kind == "OutOfMemoryException":
        message = say("the rows do not fit into the memory that is allowed, nor into the folder they spill into")
        return EngineFailed(message, code="SRC006", remedy=say("raise limits.memory, or free space"))
    return EngineFailed(say("the rows engine failed ({kind})", kind=kind), code="BUG001")
