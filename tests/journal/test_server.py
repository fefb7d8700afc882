"""A journal on a server: what a lost connection leaves, whom it trusts, and what it never says."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from reconciler.errors import JournalBroken, Mistaken
from reconciler.journal import postgres as module
from reconciler.journal.emergency import append_emergency
from reconciler.journal.entry import Event
from reconciler.journal.store import open_journal
from reconciler.resource import Action
from tests.journal.histories import NOW, PLACE, call, claim, clock, history, packed, recipients, rows, saying, started
from tests.journal.places import Schema, journal_at, opened, refusal
from tests.postgres import Server, server


@pytest.fixture
def fragile(tmp_path: Path) -> Iterator[Server]:
    """A server of its own, that may be killed."""
    with server() as running:
        yield running


def broken(place: Schema, url: str) -> JournalBroken:
    with pytest.raises(JournalBroken) as caught:
        open_journal(url, place.root, now=NOW)
    return caught.value


def test_a_server_that_dies_takes_nothing_that_was_synced_with_it(fragile: Server, tmp_path: Path) -> None:
    place = Schema(tmp_path, fragile.url("one"))
    with journal_at(place) as journal:
        journal.append(call(Event.INTENT, "op-1", Action.ROWS_ADD, count=1), rows("a"))
        journal.append_all([call(Event.ACKED, "op-1", Action.ROWS_ADD)])
        journal.append(call(Event.INTENT, "op-2", Action.ROWS_ADD, count=1), rows("b"))
        journal.append_all([call(Event.ACKED, "op-2", Action.ROWS_ADD)], synced=False)
        known = saying(journal)
        fragile.kill()
        for _attempt in range(2):
            with pytest.raises(JournalBroken) as caught:
                journal.append_all([call(Event.VERIFIED, "op-2", Action.ROWS_ADD)])
            assert caught.value.code == "JRN004"
        with pytest.raises(JournalBroken):
            journal.memory()
        # What the server had not on disk yet is kept beside; what could not be added, by whoever asked for it.
        assert journal.emergency.path.read_text("utf-8").count("op-2") == 1
        append_emergency(journal.emergency, call(Event.VERIFIED, "op-2", Action.ROWS_ADD))

        fragile.start()
        with pytest.raises(JournalBroken):
            journal.append(started())  # this opening takes nothing more

    with journal_at(place, expected_id=known[0]) as journal:
        assert recipients(journal.sent(PLACE)) == b"".join(sorted([packed("ra"), packed("rb")]))
        assert journal.memory().unsettled == ()
        assert journal.memory().unread[0].operation == "op-1"
        assert journal.verify().broken == 0


def test_a_lock_ends_with_the_connection(schema: Schema) -> None:
    journal = opened(schema)
    holding = journal.lock(claim("run-9"), clock)
    holding.__enter__()
    with journal_at(schema) as other, schema.guarded() as execute:
        assert execute("SELECT pg_terminate_backend(?, 10000)", (pid(journal),)) == [(True,)]
        with other.lock(claim("run-10"), clock):
            other.append(started())
            with pytest.raises(JournalBroken):
                journal.append(started())
            holding.__exit__(None, None, None)
            assert other.lease().run == "run-10"
    journal.close()


def pid(journal: object) -> int:
    found: int = vars(journal)["_database"]._connection.info.backend_pid
    return found


def test_a_commit_whose_answer_was_lost_is_not_made_again(schema: Schema, monkeypatch: pytest.MonkeyPatch) -> None:
    with journal_at(schema) as journal:
        database = vars(journal)["_database"]

        class Deaf:
            def __init__(self, connection: Any) -> None:
                self.connection = connection
                self.wrote = False

            def __getattr__(self, name: str) -> object:
                return getattr(self.connection, name)

            def execute(self, query: str, *words: Any, **named: Any) -> Any:
                done = self.connection.execute(query, *words, **named)
                self.wrote = self.wrote or query.startswith("INSERT INTO entries")
                if query == "COMMIT" and self.wrote:
                    raise psycopg.OperationalError("the answer is lost")
                return done

        monkeypatch.setattr(database, "_connection", Deaf(database._connection))
        with pytest.raises(JournalBroken) as caught:
            journal.append(call(Event.INTENT, "op", Action.ROWS_ADD, count=1), rows("a"))
        assert caught.value.code == "JRN004"
        with pytest.raises(JournalBroken):
            journal.append(started())

    with journal_at(schema) as journal:
        assert recipients(journal.held()) == packed("ra")  # it had arrived: in doubt, and not sent
        assert journal.verify().entries == 2


def test_two_projects_by_mistake_in_one_schema(schema: Schema) -> None:
    with journal_at(schema) as journal:
        history(journal)
        own = journal.id

    assert refusal(schema, expected_id="0" * 32).code == "JRN002"
    opened(schema, expected_id=own).close()


def test_two_schemas_of_a_database_are_two_journals(schema: Schema) -> None:
    other = Schema(schema.root, f"{schema.location}x")
    with journal_at(schema) as one, journal_at(other) as two:
        assert one.id != two.id
        history(one)
        assert two.memory().owned == {}
        with one.lock(claim("run-1"), clock), two.lock(claim("run-2"), clock):
            two.append(started())


def test_a_server_that_does_not_sync_is_refused(tmp_path: Path) -> None:
    with server("fsync=off") as careless:
        error = refusal(Schema(tmp_path, careless.url()))

    assert error.code == "JRN004"
    assert "fsync" in error.message


def test_commits_are_synced_whatever_the_server_prefers(tmp_path: Path) -> None:
    with server("synchronous_commit=off") as hasty, journal_at(Schema(tmp_path, hasty.url())) as journal:
        database = vars(journal)["_database"]
        setting = "SELECT current_setting('synchronous_commit')"
        with database.writing():
            assert database.execute(setting) == [("on",)]
        with database.writing(synced=False):
            assert database.execute(setting) == [("off",)]
        with database.writing():
            assert database.execute(setting) == [("on",)]


def test_a_database_of_another_encoding_is_refused(postgres: Server, schema: Schema) -> None:
    address = postgres.url().rpartition("&schema=")[0]
    with psycopg.connect(address, autocommit=True) as connection:
        connection.execute("CREATE DATABASE latin ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
        assert "UTF8" in broken(schema, address.replace("/postgres?", "/latin?")).message
        connection.execute("DROP DATABASE latin")


@pytest.mark.parametrize(
    ("url", "encrypted"),
    [
        ("postgresql://ana@db.example/db", True),
        ("postgresql://ana@db.example/db?sslmode=verify-full", True),
        ("postgresql://ana@db.example/db?sslmode=disable", False),
        ("postgresql://ana@10.0.0.7/db", True),
        ("postgresql://ana@127.0.0.1,db.example/db", True),
        ("postgresql:///db?service=team", True),
        ("postgresql://ana@127.0.0.1/db", False),
        ("postgresql://ana@[::1]:5433/db", False),
        ("postgresql://ana@localhost/db", False),
        ("postgresql:///db?host=/run/postgresql", False),
    ],
)
def test_what_leaves_the_machine_is_encrypted(url: str, encrypted: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PGHOST", raising=False)
    options, _schema = module._parsed(url)

    assert options.get("sslmode", "prefer") not in ("prefer", "disable", "allow") or not encrypted
    assert "sslmode" in options or not encrypted
    assert int(options["connect_timeout"]) > 0


def test_a_host_from_the_environment_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "db.example")

    assert module._parsed("postgresql:///db")[0]["sslmode"] == "require"


def test_a_password_is_never_shown(schema: Schema, monkeypatch: pytest.MonkeyPatch) -> None:
    nobody = "postgresql://nobody:s3cr3t@127.0.0.1:1/db?connect_timeout=1"
    first = broken(schema, nobody)
    assert first.code == "JRN004"
    assert "127.0.0.1/db" in first.message

    def refusing(*words: object, **named: object) -> None:
        raise psycopg.OperationalError('FATAL: password "s3cr3t" is wrong for nobody')

    monkeypatch.setattr(psycopg, "connect", refusing)
    for error in (first, broken(schema, nobody)):
        assert "s3cr3t" not in f"{error.message} {error.remedy} {error} {error.__cause__}"


def test_a_server_is_named_by_host_and_database(schema: Schema) -> None:
    opened(schema).close()
    error = refusal(schema, expected_id="6f2c")

    assert f"/postgres?schema={schema.name}" in error.message
    assert "reconciler@" not in error.message


def test_without_its_library_a_server_cannot_be_asked(file: Schema, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    monkeypatch.delitem(sys.modules, "reconciler.journal.postgres")

    with pytest.raises(Mistaken) as caught:
        open_journal("postgresql://ana@db.example/db", file.root, now=NOW)

    assert caught.value.code == "JRN005"
    assert "campaign-reconciler[postgres]" in caught.value.remedy
