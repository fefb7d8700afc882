"""A journal of an older layout opens, is brought up to date in one transaction, and has forgotten nothing."""

from __future__ import annotations

import hmac
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from reconciler.journal import chain, layout
from reconciler.journal.entry import NO_COLUMNS, Columns, Entry, Event
from reconciler.journal.layout import STEPS, VERSION
from reconciler.journal.postgres import PostgresDatabase
from reconciler.journal.recall import recall
from reconciler.journal.sqlite import SqliteDatabase
from reconciler.journal.store import Journal
from tests.journal.histories import NOW, history, saying, started
from tests.journal.places import File, Place, journal_at, refusal, run_python

KEY = bytes(range(32))


def write_with_the_first_step(place: Place, source: Journal) -> None:
    """The journal as a program of the first layout left it, with the same entries as `source`."""
    database = connected(place)
    with closing(database), database.writing():
        for statement in STEPS[0]:
            database.lay(statement)
        for statement in database.guards:
            database.execute(statement)
        database.execute("INSERT INTO schema_version VALUES (1)")
        database.execute("INSERT INTO key VALUES (?)", (source.key,))
        database.execute("INSERT INTO lease VALUES (1, 'ana', 'host', 'run-0', '2026-01-01')")
        previous = chain.START
        for stored in source.entries():
            columns = columns_of(source, stored.number)
            body, again = chain.write(stored.number, previous, stored.entry, columns)
            assert again == stored
            previous = bytes.fromhex(again.hash)
            database.execute("INSERT INTO entries VALUES (?, ?, ?)", (stored.number, body, previous))
            if stored.digests:
                packed = (stored.number, columns.recipients, columns.persons, columns.contents)
                database.execute("INSERT INTO columns VALUES (?, ?, ?, ?)", packed)
        derived = (1, again.number, previous, bytes(32))
        seal = hmac.digest(source.key, repr(derived).encode(), "sha256")
        database.execute("INSERT INTO derived VALUES (1, ?, ?, ?, ?, ?)", (*derived, seal))


def connected(place: Place) -> SqliteDatabase | PostgresDatabase:
    if isinstance(place, File):
        return SqliteDatabase(place.path, lambda *_: None)
    return PostgresDatabase(place.location, place.root, lambda *_: None)


def columns_of(source: Journal, number: int) -> Columns:
    database = vars(source)["_database"]
    with database.reading():
        rows = database.execute("SELECT recipients, persons, contents FROM columns WHERE number = ?", (number,))
    return Columns(recipients=rows[0][0], persons=rows[0][1], contents=rows[0][2]) if rows else NO_COLUMNS


@pytest.fixture
def known(place: Place, tmp_path: Path) -> tuple[object, ...]:
    """What the older journal at `place` says."""
    with journal_at(File(tmp_path / "source")) as source:
        history(source)
        write_with_the_first_step(place, source)
        return saying(source)


def test_a_journal_of_the_first_layout_remembers_everything(place: Place, known: tuple[object, ...]) -> None:
    with journal_at(place, create=False) as journal:
        assert not journal.fresh
        assert saying(journal) == known
        assert journal.memory() == recall(journal.entries())
        assert journal.lease().free
        journal.append(started())
    with journal_at(place) as journal:
        assert journal.verify().entries == len(known[-1]) + 1  # type: ignore[arg-type]  # the entries
    with place.guarded() as execute:
        assert execute("SELECT version FROM schema_version") == [(VERSION,)]


@pytest.mark.parametrize("after", [0, 1, 6, 9, len(STEPS[1])])
def test_a_migration_that_is_killed_has_not_happened(file: File, tmp_path: Path, after: int) -> None:
    with journal_at(File(tmp_path / "source")) as source:
        history(source)
        write_with_the_first_step(file, source)
        known = saying(source)
    before = tables(file)
    program = f"""
from reconciler.journal.sqlite import SqliteDatabase
left = {after}
execute = SqliteDatabase.execute
def lay(database, statement):
    global left
    if not left:
        os.kill(os.getpid(), signal.SIGKILL)
    left -= 1
    database._connection.execute(statement)
def executing(database, query, values=()):
    if not left and query.startswith("DELETE FROM schema_version"):
        os.kill(os.getpid(), signal.SIGKILL)
    return execute(database, query, values)
SqliteDatabase.lay, SqliteDatabase.execute = lay, executing
open_journal({file.location!r}, Path({str(file.root)!r}), now=NOW)
"""
    elsewhere = File(tmp_path / "elsewhere")
    done = run_python(elsewhere, program)

    assert done.returncode == -signal.SIGKILL, done.stderr
    assert tables(file) == before
    with journal_at(file) as journal:
        assert saying(journal) == known


def tables(file: File) -> list[tuple[str, str]]:
    with closing(sqlite3.connect(file.path)) as connection:
        return connection.execute("SELECT name, sql FROM sqlite_master ORDER BY name").fetchall()


def test_a_migration_that_fails_has_not_happened(
    place: Place, known: tuple[object, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as patched:
        patched.setattr(layout, "STEPS", (STEPS[0], (*STEPS[1], "CREATE TABLE entries (number INTEGER) STRICT")))
        assert refusal(place).code == "JRN003"
    with place.guarded() as execute:
        assert execute("SELECT version FROM schema_version") == [(1,)]
        assert execute("SELECT run FROM lease") == [("run-0",)]

    with journal_at(place) as journal:
        assert saying(journal) == known


def test_a_tail_that_is_gone_is_seen_although_the_layout_is_older(place: Place, known: tuple[object, ...]) -> None:
    """How many entries there were is the one derived fact that a migration keeps."""
    assert known
    with place.raw() as execute:
        execute("DELETE FROM entries WHERE number > 20")

    assert refusal(place).place == "21"


def test_both_databases_have_the_same_tables(place: Place) -> None:
    with journal_at(place) as journal:
        journal.append(Entry(event=Event.RUN_ENDED, at=NOW))
    names = "SELECT name FROM sqlite_master WHERE type = 'table'"
    if not isinstance(place, File):
        names = "SELECT tablename FROM pg_tables WHERE schemaname = current_schema()"
    with place.guarded() as execute:
        found = {name for (name,) in execute(names)}

    derived = {
        "pending",
        "settled",
        "sums",
        "tallies",
        "owned",
        "baselines",
        "manual",
        "plans",
        "lists",
        "sources",
        "derived",
        "tail",
    }
    assert found == {"schema_version", "entries", "columns", "key", "checkpoints", "lease", *derived}
