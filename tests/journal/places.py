"""Where a journal lies, in either database: to open it, to look at it behind its back, and to damage it."""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Protocol

import psycopg
import pytest

from reconciler.errors import JournalBroken
from reconciler.journal.emergency import Emergency
from reconciler.journal.store import Journal, open_journal
from tests.journal.histories import NOW

REPOSITORY: Final = Path(__file__).parents[2]
FILE: Final = ".reconciler/journal.db"

LOOKS_MAX: Final = 20_000

Execute = Callable[..., list[tuple[Any, ...]]]


class Place(Protocol):
    """A place of a journal that may not be there yet. `location` is what a project names, `root` where that is seen from."""

    root: Path
    location: str

    def raw(self) -> AbstractContextManager[Execute]:
        """Somebody who goes around the program and its triggers, statement by statement (with `?` for values)."""

    def guarded(self) -> AbstractContextManager[Execute]:
        """Somebody who goes around the program; `RuntimeError` for what the database refuses."""

    def failure(self) -> Exception:
        """What a commit raises whose outcome is unknown."""


def opened(place: Place, **options: Any) -> Journal:
    """The journal there."""
    return open_journal(place.location, place.root, **{"now": NOW, **options})


@contextmanager
def journal_at(place: Place, **options: Any) -> Iterator[Journal]:
    """The journal there, for a while."""
    with closing(opened(place, **options)) as journal:
        yield journal


def refusal(place: Place, **options: Any) -> JournalBroken:
    """Why it does not open."""
    with pytest.raises(JournalBroken) as caught:
        opened(place, **options).close()
    assert caught.value.exit_code == 8
    assert caught.value.remedy
    return caught.value


def folder(place: Place) -> Path:
    """Where its emergency file is."""
    return place.root / ".reconciler"


def emergency(place: Place, identity: str = "") -> Emergency:
    """The emergency file of the journal there, or of another one of that id beside it."""
    if not identity:
        with place.guarded() as execute:
            ((body,),) = execute("SELECT body FROM entries WHERE number = 1")
        identity = json.loads(bytes(body))["facts"]["id"]
    return Emergency(folder=folder(place), journal=identity)


@dataclass(slots=True)
class File:
    """A file of SQLite."""

    root: Path
    location: str = FILE

    @property
    def path(self) -> Path:
        """The file."""
        return self.root / self.location

    @contextmanager
    def raw(self) -> Iterator[Execute]:
        """See `Place`."""
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:
            for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
                connection.execute(f"DROP TRIGGER {name}")
            yield lambda query, values=(): connection.execute(query, values).fetchall()

    @contextmanager
    def guarded(self) -> Iterator[Execute]:
        """See `Place`."""
        with closing(sqlite3.connect(self.path, isolation_level=None)) as connection:

            def execute(query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
                try:
                    return connection.execute(query, values).fetchall()
                except sqlite3.IntegrityError as refused:
                    raise RuntimeError(str(refused)) from refused

            yield execute

    def failure(self) -> Exception:
        """See `Place`."""
        error = sqlite3.OperationalError("disk I/O error")
        error.sqlite_errorcode = sqlite3.SQLITE_IOERR_FSYNC
        return error


@dataclass(slots=True)
class Schema:
    """A schema of a PostgreSQL database."""

    root: Path
    location: str

    @property
    def name(self) -> str:
        """The schema's."""
        return self.location.rpartition("=")[2]

    @contextmanager
    def raw(self) -> Iterator[Execute]:
        """See `Place`."""
        with self.guarded() as execute:
            execute("SET session_replication_role = replica")
            yield execute

    @contextmanager
    def guarded(self) -> Iterator[Execute]:
        """See `Place`."""
        with closing(psycopg.connect(self.location.rpartition("&schema=")[0], autocommit=True)) as connection:
            connection.execute(f"SET search_path TO {self.name}")

            def execute(query: str, values: Sequence[Any] = ()) -> list[tuple[Any, ...]]:
                try:
                    cursor = connection.execute(query.replace("?", "%s"), values)
                except psycopg.errors.RaiseException as refused:
                    raise RuntimeError(str(refused)) from refused
                return cursor.fetchall() if cursor.description else []

            yield execute

    def failure(self) -> Exception:
        """See `Place`."""
        return psycopg.OperationalError("the connection is lost")


def fail_to_commit(place: Place, journal: Journal, monkeypatch: pytest.MonkeyPatch) -> None:
    """From now on every commit of that opening fails, and nobody knows whether it arrived."""

    class Failing:
        def __init__(self, connection: Any) -> None:
            self._connection = connection

        def __getattr__(self, name: str) -> Any:
            return getattr(self._connection, name)

        def execute(self, query: str, *words: Any, **named: Any) -> Any:
            if query == "COMMIT":
                raise place.failure()
            return self._connection.execute(query, *words, **named)

    database: Any = vars(journal)["_database"]
    monkeypatch.setattr(database, "_connection", Failing(database._connection))


def run_python(place: Place, program: str) -> subprocess.CompletedProcess[str]:
    """Another process, that has the journal there as `journal` and may be ended by its own hand."""
    words = [sys.executable, "-c", source(place, program)]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=60, cwd=REPOSITORY)
    if isinstance(place, Schema):
        let_go(place.location)
    return done


def let_go(url: str) -> None:
    """Wait until a server has noticed that a process is gone which held a lock."""
    with closing(psycopg.connect(url.rpartition("&schema=")[0], autocommit=True)) as connection:
        for _look in range(LOOKS_MAX):
            if connection.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone() == (0,):
                return
    raise AssertionError("somebody still holds a lock")


def source(place: Place, program: str) -> str:
    """The source of a program that begins with the journal there opened."""
    return "\n".join(
        (
            "import os, signal, sys",
            "from pathlib import Path",
            "from reconciler.errors import *",
            "from reconciler.journal.entry import *",
            "from reconciler.journal.store import open_journal",
            "from tests.journal.histories import *",
            f"journal = open_journal({place.location!r}, Path({str(place.root)!r}), now=NOW)",
            program,
        )
    )
