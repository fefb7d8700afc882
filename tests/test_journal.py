"""The journal keeps what was done, shows every change to it, and derives from it who is not contacted again."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import random
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import rfc8785

from reconciler.errors import JournalBroken, Mistaken, Stale
from reconciler.journal import sqlite as sqlite_store
from reconciler.journal.chain import KEY_BYTES
from reconciler.journal.emergency import NAME as EMERGENCY
from reconciler.journal.emergency import append_emergency, take_emergency
from reconciler.journal.entry import Columns, Entry, Event, Verified
from reconciler.journal.recall import recall
from reconciler.journal.store import Journal, open_journal
from reconciler.personal import Secret
from reconciler.plan import Memory
from reconciler.resource import Action, Address

NOW = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
ROOT = Path(__file__).parents[1]
LOCATION = ".reconciler/journal.db"
CAMPAIGN = Address("wolkvox-co", "campaign", "cobranza/mora-30")
BASE = Address("wolkvox-co", "contacts", "base")
LIST = Address("wolkvox-co", "blacklist", "no-llamar")
SMS = Address("ucontact-uy", "scheduled_sms", "citas")
PLACE = "wolkvox|acme|7"


def opened(root: Path, **options: Any) -> Journal:
    return open_journal(LOCATION, root, **{"now": NOW, **options})


@contextmanager
def journal_at(root: Path, **options: Any) -> Iterator[Journal]:
    with closing(opened(root, **options)) as journal:
        yield journal


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[Journal]:
    with journal_at(tmp_path) as journal:
        yield journal


def packed(*names: str) -> bytes:
    return b"".join(hashlib.sha256(name.encode()).digest()[:16] for name in names)


def rows(*names: str) -> Columns:
    return Columns(
        recipients=packed(*(f"r{name}" for name in names)),
        persons=packed(*(f"p{name}" for name in names)),
        contents=packed(*(f"c{name}" for name in names)),
    )


def call(
    event: Event, operation: str, action: Action, address: Address = BASE, container: str = PLACE, count: int = 0, **facts: Any
) -> Entry:
    return Entry(
        event=event,
        at=NOW,
        run="run-1",
        operation=operation,
        address=address,
        action=action,
        call=action.value,
        container=container,
        count=count,
        facts=facts,
    )


def history(journal: Journal) -> None:
    """A run that uses every event and every rule."""
    add, create = Action.ROWS_ADD, Action.CREATE
    journal.append(Entry(event=Event.RUN_STARTED, at=NOW, run="run-1"))
    journal.append(Entry(event=Event.PLAN_USED, at=NOW, run="run-1", facts={"seal": "5ea1"}))
    journal.append(call(Event.INTENT, "op-create", create, CAMPAIGN, "wolkvox|acme", protect=True))
    journal.append(call(Event.ACKED, "op-create", create, CAMPAIGN, "wolkvox|acme", id="7", name="Mora", fields={"amd": True}))
    journal.append(call(Event.VERIFIED, "op-create", create, CAMPAIGN, "wolkvox|acme"))
    for operation, names, ending in (
        ("op-sent", ("a", "b"), Event.VERIFIED),
        ("op-weak", ("c",), Event.VERIFIED_WEAK),
        ("op-refused", ("d",), Event.REFUSED),
        ("op-nothing", ("e",), Event.NO_EFFECT),
        ("op-doubt", ("f",), Event.AMBIGUOUS),
    ):
        journal.append(call(Event.INTENT, operation, add, count=len(names)), rows(*names))
        journal.append(call(ending, operation, add, why="as the platform said"))
    journal.append(call(Event.INTENT, "op-part", add, count=3), rows("g", "h", "i"))
    journal.append(call(Event.PARTIAL, "op-part", add, count=2), rows("g", "h"))
    journal.append(call(Event.INTENT, "op-listed", Action.BLACKLIST_ADD, LIST, count=1), rows("z"))
    journal.append(call(Event.ACKED, "op-listed", Action.BLACKLIST_ADD, LIST))
    journal.append(call(Event.INTENT, "op-sms", Action.SCHEDULE, SMS, "ucontact|acme", count=1), rows("s"))
    journal.append(Entry(event=Event.ADOPTED, at=NOW, address=BASE, container=PLACE, facts={"name": "base"}), rows("there"))
    journal.append(Entry(event=Event.MANUAL_DONE, at=NOW, address=SMS, facts={"key": "activate"}))
    journal.append(Entry(event=Event.RUN_ENDED, at=NOW, run="run-1"))


def loaded(memory: Memory) -> dict[Address, int]:
    """Rows of contacts by address."""
    return {placed.address: placed.count for placed in memory.placed if placed.address.kind == "contacts"}


def recipients(found: Iterator[Columns]) -> bytes:
    return b"".join(sorted(columns.recipients for columns in found))


@contextmanager
def raw(root: Path) -> Iterator[sqlite3.Connection]:
    """The file as somebody would open it who goes around the program and its triggers."""
    with closing(sqlite3.connect(root / LOCATION, isolation_level=None)) as connection:
        names = [name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'")]
        for name in names:
            connection.execute(f"DROP TRIGGER {name}")
        yield connection


def refusal(root: Path, **options: Any) -> JournalBroken:
    with pytest.raises(JournalBroken) as caught:
        opened(root, **options).close()
    assert caught.value.exit_code == 8
    assert caught.value.remedy
    return caught.value


class TestKeeping:
    def test_an_entry_comes_back_as_it_was(self, journal: Journal) -> None:
        entry = Entry(
            event=Event.INTENT,
            at=datetime(2026, 3, 2, 5, 0, 0, 123456, tzinfo=UTC).astimezone(),
            run="run-1",
            operation="op-1",
            address=CAMPAIGN,
            action=Action.UPDATE,
            call="edit_campaign",
            container=PLACE,
            generation=3,
            count=12,
            boot="b00t",
            clock_s=12.5,
            facts={"fields": {"label": "ñandú \u2028", "from": None}, "ids": ["1", "2"], "ratio": 0.1},
        )

        stored = journal.append(entry, rows("a"))

        assert stored.entry == entry
        assert list(journal.entries())[-1] == stored
        assert stored.hash == journal.head
        assert set(stored.digests) == {"recipients", "persons", "contents"}

    def test_what_a_platform_said_can_be_recorded_whatever_it_holds(self, journal: Journal) -> None:
        facts = {"why": "half \ud800 and \x00", "big": 2**60, "nan": float("nan"), "pair": (1, 2), "yes": True}

        stored = journal.append(Entry(event=Event.RUN_ENDED, at=NOW, facts=facts))

        assert stored.entry.facts == {
            "why": "half \ufffd and \x00",
            "big": str(2**60),
            "nan": "nan",
            "pair": [1, 2],
            "yes": True,
        }
        assert list(journal.entries())[-1] == stored

    @pytest.mark.parametrize(
        ("entry", "columns"),
        [
            (Entry(event=Event.RUN_ENDED, at=datetime(2026, 3, 2)), Columns()),  # noqa: DTZ001 - the mistake under test
            (Entry(event=Event.RUN_ENDED, at=NOW, facts={"token": Secret("abc")}), Columns()),
            (Entry(event=Event.INTENT, at=NOW, operation="op"), Columns()),
            (Entry(event=Event.RUN_ENDED, at=NOW), Columns(recipients=b"17 bytes are not!")),
        ],
    )
    def test_what_is_no_entry_is_refused_and_leaves_nothing(self, journal: Journal, entry: Entry, columns: Columns) -> None:
        before = journal.head

        with pytest.raises((TypeError, ValueError)):
            journal.append(entry, columns)

        assert journal.head == before
        journal.append(Entry(event=Event.RUN_ENDED, at=NOW))

    def test_each_entry_holds_the_hash_of_the_one_before(self, tmp_path: Path, journal: Journal) -> None:
        history(journal)
        previous = "00" * 32
        with closing(sqlite3.connect(tmp_path / LOCATION)) as connection:
            bodies = [body for (body,) in connection.execute("SELECT body FROM entries ORDER BY number")]
        for stored, body in zip(journal.entries(), bodies, strict=True):
            assert stored.previous == previous
            assert body == rfc8785.dumps(json.loads(body))
            assert stored.hash == hashlib.sha256(bytes.fromhex(previous) + body).hexdigest()
            previous = stored.hash
        assert journal.verify() == Verified(entries=len(bodies), head=previous)

    def test_entries_of_one_run(self, journal: Journal) -> None:
        history(journal)
        journal.append(Entry(event=Event.RUN_STARTED, at=NOW, run="run-10", facts={"after": "run-1"}))

        assert [stored.entry.run for stored in journal.entries("run-10")] == ["run-10"]
        assert {stored.entry.run for stored in journal.entries("run-1")} == {"run-1"}

    def test_two_processes_may_write_in_turn(self, tmp_path: Path, journal: Journal) -> None:
        with journal_at(tmp_path) as other:
            for writer in (journal, other, other, journal):
                writer.append(Entry(event=Event.RUN_STARTED, at=NOW))

            assert journal.head == other.head
            assert journal.verify().entries == 5
            assert not other.fresh

    def test_threads_may_append_at_once(self, journal: Journal) -> None:
        def write(name: str) -> None:
            for number in range(20):
                journal.append(call(Event.INTENT, f"{name}-{number}", Action.ROWS_ADD, count=1), rows(name))
                journal.append(call(Event.ACKED, f"{name}-{number}", Action.ROWS_ADD))
                assert loaded(journal.memory())[BASE] > number

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(write, "abcd"))

        assert journal.verify() == Verified(entries=161, head=journal.head)
        assert loaded(journal.memory()) == {BASE: 80}

    def test_one_may_append_while_reading(self, journal: Journal) -> None:
        history(journal)
        found = journal.sent(PLACE)
        first = next(found)
        journal.append(call(Event.INTENT, "op-new", Action.ROWS_ADD), rows("new"))

        assert recipients(iter([first, *found])) == recipients(journal.sent(PLACE))

    def test_a_closed_journal_is_not_a_damaged_one(self, tmp_path: Path) -> None:
        journal = opened(tmp_path)
        journal.close()

        with pytest.raises(sqlite3.ProgrammingError):
            journal.memory()

    def test_what_was_appended_survives_a_kill(self, tmp_path: Path) -> None:
        program = f"""
            import os, signal
            from tests.test_journal import *
            journal = opened(Path({str(tmp_path)!r}))
            journal.append(call(Event.INTENT, "op-1", Action.ROWS_ADD), rows("a"))
            os.kill(os.getpid(), signal.SIGKILL)
        """
        done = run_python(program)

        assert done.returncode == -signal.SIGKILL
        with journal_at(tmp_path) as journal:
            assert recipients(journal.held()) == packed("ra")

    def test_a_disk_that_is_full_takes_no_further_entry(self, tmp_path: Path) -> None:
        program = f"""
            import resource
            from tests.test_journal import *
            journal = opened(Path({str(tmp_path)!r}))
            resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
            codes = []
            for size in (100_000, 1):
                try:
                    journal.append(call(Event.INTENT, "op-1", Action.ROWS_ADD), Columns(recipients=bytes(16) * size))
                except JournalBroken as error:
                    codes.append(error.code)
                    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
            print(*codes)
        """
        done = run_python(program)

        assert done.stdout.split() == ["JRN004", "JRN004"], done.stderr
        with journal_at(tmp_path) as journal:
            assert journal.verify().entries == 1


def run_python(program: str) -> subprocess.CompletedProcess[str]:
    lines = "\n".join(
        line.strip() if line.strip().startswith(("import", "from")) else line[12:] for line in program.splitlines()
    )
    return subprocess.run([sys.executable, "-c", lines], capture_output=True, text=True, check=False, timeout=60, cwd=ROOT)


class TestOpening:
    def test_a_new_journal_is_the_owners_alone(self, tmp_path: Path) -> None:
        before = os.umask(0)
        try:
            with journal_at(tmp_path) as journal:
                assert journal.fresh
                assert len(journal.key) == KEY_BYTES
                for name in ("journal.db", "journal.db-wal", "journal.db-shm"):
                    assert stat.S_IMODE((tmp_path / ".reconciler" / name).stat().st_mode) == 0o600
                assert stat.S_IMODE((tmp_path / ".reconciler").stat().st_mode) == 0o700
        finally:
            os.umask(before)

    def test_it_is_the_same_journal_next_time(self, tmp_path: Path) -> None:
        with journal_at(tmp_path) as first:
            history(first)
            known = (first.id, first.key, first.head, first.memory())
        with journal_at(tmp_path, expected_id=known[0], create=False) as second:
            assert (second.id, second.key, second.head, second.memory()) == known
            assert not second.fresh

    def test_a_missing_journal_is_not_replaced(self, tmp_path: Path) -> None:
        assert refusal(tmp_path, expected_id="6f2c").code == "JRN001"
        assert refusal(tmp_path, create=False).code == "JRN001"
        assert not (tmp_path / ".reconciler").exists()

    def test_a_missing_journal_whose_emergency_file_is_there_is_not_replaced(self, tmp_path: Path) -> None:
        (tmp_path / ".reconciler").mkdir()
        append_emergency(tmp_path / ".reconciler", Entry(event=Event.RUN_ENDED, at=NOW))

        assert refusal(tmp_path).code == "JRN001"

    def test_a_foreign_journal_is_refused(self, tmp_path: Path) -> None:
        opened(tmp_path).close()

        assert refusal(tmp_path, expected_id="6f2c").code == "JRN002"

    def test_a_key_kept_outside_must_be_the_same_each_time(self, tmp_path: Path) -> None:
        key = bytes(range(KEY_BYTES))
        with journal_at(tmp_path, key=key) as journal:
            assert journal.key == key
        assert key not in b"".join(path.read_bytes() for path in (tmp_path / ".reconciler").iterdir())
        assert refusal(tmp_path).code == "JRN002"
        assert refusal(tmp_path, key=bytes(KEY_BYTES)).code == "JRN002"
        opened(tmp_path, key=key).close()
        with pytest.raises(ValueError, match="32 bytes"):
            opened(tmp_path, key=b"short")

    def test_another_key_than_the_one_inside_is_refused(self, tmp_path: Path) -> None:
        opened(tmp_path).close()

        assert refusal(tmp_path, key=bytes(KEY_BYTES)).code == "JRN002"

    def test_a_database_server_is_not_built(self, tmp_path: Path) -> None:
        with pytest.raises(Mistaken) as caught:
            open_journal("postgresql://ana@example.invalid/db", tmp_path, now=NOW)

        assert caught.value.code == "JRN001"
        assert "path" in caught.value.remedy

    @pytest.mark.parametrize(
        ("content", "code"),
        [(b"name;phone\n", "JRN003"), (b"SQLite format 3\0" + bytes(4080), "JRN003"), (b"\xff" * 5000, "JRN003")],
    )
    def test_a_file_that_is_no_journal(self, tmp_path: Path, content: bytes, code: str) -> None:
        (tmp_path / ".reconciler").mkdir()
        (tmp_path / LOCATION).write_bytes(content)

        assert refusal(tmp_path, expected_id="6f2c").code == code

    def test_an_empty_file_is_a_new_journal_only_where_none_is_expected(self, tmp_path: Path) -> None:
        (tmp_path / ".reconciler").mkdir()
        (tmp_path / LOCATION).touch()

        assert refusal(tmp_path, expected_id="6f2c").code == "JRN003"
        assert refusal(tmp_path, create=False).code == "JRN003"
        with journal_at(tmp_path) as journal:
            assert journal.fresh

    def test_another_programs_database_is_left_alone(self, tmp_path: Path) -> None:
        (tmp_path / ".reconciler").mkdir()
        with closing(sqlite3.connect(tmp_path / LOCATION)) as connection:
            connection.execute("CREATE TABLE entries (number INTEGER)")

        assert refusal(tmp_path).code == "JRN003"
        with closing(sqlite3.connect(tmp_path / LOCATION)) as connection:
            assert connection.execute("SELECT count(*) FROM sqlite_master").fetchone() == (1,)

    def test_a_place_that_cannot_hold_a_file(self, tmp_path: Path) -> None:
        (tmp_path / LOCATION).mkdir(parents=True)
        assert refusal(tmp_path).code == "JRN004"
        (tmp_path / "file").touch()
        with pytest.raises(JournalBroken) as caught:
            open_journal("file/journal.db", tmp_path, now=NOW)
        assert caught.value.code == "JRN004"

    def test_a_layout_of_a_newer_version_is_refused(self, tmp_path: Path) -> None:
        opened(tmp_path).close()
        with raw(tmp_path) as connection:
            connection.execute("UPDATE schema_version SET version = 99")

        error = refusal(tmp_path)
        assert error.code == "JRN003"
        assert "newer" in error.message


class TestDamage:
    @pytest.mark.parametrize("table", ["entries", "columns", "key"])
    @pytest.mark.parametrize(
        "verb", ["UPDATE {} SET {}", "DELETE FROM {}", "INSERT OR REPLACE INTO {} SELECT * FROM {} LIMIT 1"]
    )
    def test_the_store_refuses_to_change_what_was_written(
        self, tmp_path: Path, journal: Journal, table: str, verb: str
    ) -> None:
        history(journal)
        column = {"entries": "hash = x'00'", "columns": "recipients = x''", "key": "value = x''"}[table]
        if table == "key" and "INSERT" in verb:
            verb = "DELETE FROM {}"
        names = (table, column if "UPDATE" in verb else table)
        with closing(sqlite3.connect(tmp_path / LOCATION)) as connection:
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                connection.execute(verb.format(*names))
            connection.rollback()

        assert journal.verify().broken == 0

    @pytest.mark.parametrize("place", ["last", "middle", "first"])
    @pytest.mark.parametrize("column", ["body", "hash"])
    def test_a_flipped_bit_in_an_entry_is_seen(self, tmp_path: Path, place: str, column: str) -> None:
        with journal_at(tmp_path) as journal:
            history(journal)
            last = journal.verify().entries
        number = {"last": last, "middle": last // 2, "first": 1}[place]
        with raw(tmp_path) as connection:
            (whole,) = connection.execute(f"SELECT {column} FROM entries WHERE number = ?", (number,)).fetchone()
            for at in range(0, len(whole), 1 if column == "hash" else 11):
                flipped = bytearray(whole)
                flipped[at] ^= 1 << at % 8
                connection.execute(f"UPDATE entries SET {column} = ? WHERE number = ?", (bytes(flipped), number))
                error = refusal(tmp_path)
                assert (error.code, error.place) == ("JRN003", str(number))
            connection.execute(f"UPDATE entries SET {column} = ? WHERE number = ?", (whole, number))
        opened(tmp_path).close()

    @pytest.mark.parametrize(
        ("statement", "number"),
        [
            ("DELETE FROM entries WHERE number = 4", 4),
            ("DELETE FROM entries WHERE number = 1", 1),
            ("DELETE FROM entries WHERE number > 20", 21),
            ("UPDATE entries SET number = 900 WHERE number = 9", 9),
            ("UPDATE entries SET number = 0 WHERE number = 9", 9),
            ("INSERT INTO entries SELECT 900, body, hash FROM entries WHERE number = 3", 25),
            ("UPDATE entries SET (body, hash) = (SELECT body, hash FROM entries WHERE number = 3) WHERE number = 9", 9),
        ],
    )
    def test_entries_cannot_be_removed_moved_or_added_unseen(self, tmp_path: Path, statement: str, number: int) -> None:
        with journal_at(tmp_path) as journal:
            history(journal)
            assert journal.verify().entries == 24
        with raw(tmp_path) as connection:
            connection.execute(statement)

        assert (refusal(tmp_path).code, refusal(tmp_path).place) == ("JRN003", str(number))

    @pytest.mark.parametrize("column", ["recipients", "persons", "contents"])
    def test_columns_are_bound_to_their_entry(self, tmp_path: Path, column: str) -> None:
        with journal_at(tmp_path) as journal:
            stored = journal.append(call(Event.INTENT, "op-1", Action.ROWS_ADD), rows("a", "b"))
            journal.append(call(Event.ACKED, "op-1", Action.ROWS_ADD))
        with raw(tmp_path) as connection:
            (whole,) = connection.execute(f"SELECT {column} FROM columns").fetchone()
            for at in range(len(whole)):
                flipped = bytearray(whole)
                flipped[at] ^= 0x10
                connection.execute(f"UPDATE columns SET {column} = ?", (bytes(flipped),))
                with journal_at(tmp_path) as journal:
                    assert journal.verify().broken == stored.number
                    with pytest.raises(JournalBroken) as caught:
                        list(journal.sent(PLACE))
                    assert caught.value.place == str(stored.number)
            connection.execute("DELETE FROM columns")
        with journal_at(tmp_path) as journal:
            assert journal.verify().broken == stored.number

    def test_columns_of_no_entry_are_seen(self, tmp_path: Path) -> None:
        with journal_at(tmp_path) as journal:
            journal.append(Entry(event=Event.RUN_STARTED, at=NOW))
        with raw(tmp_path) as connection:
            connection.execute("INSERT INTO columns VALUES (2, zeroblob(16), x'', x'')")
        with journal_at(tmp_path) as journal:
            assert journal.verify().broken == 2
        with raw(tmp_path) as connection:
            connection.execute("UPDATE columns SET number = 77")
        with journal_at(tmp_path) as journal:
            assert journal.verify().broken == 3

    def test_a_flipped_bit_anywhere_in_the_file_is_seen_or_without_effect(self, tmp_path: Path) -> None:
        with journal_at(tmp_path) as journal:
            history(journal)
            known = saying(journal)
        whole = (tmp_path / LOCATION).read_bytes()
        chance = random.Random(7)  # noqa: S311 - a sample, not a secret
        for _ in range(150):
            flip(tmp_path, whole, chance.randrange(len(whole)), chance.randrange(8), known)

    def test_an_entry_that_another_process_damaged_stops_the_next_append(self, tmp_path: Path, journal: Journal) -> None:
        with journal_at(tmp_path) as other:
            other.append(Entry(event=Event.RUN_STARTED, at=NOW))
        with raw(tmp_path) as connection:
            connection.execute(
                "UPDATE entries SET body = CAST(replace(body, 'run_started', 'run_ended') AS BLOB) WHERE number = 2"
            )

        with pytest.raises(JournalBroken) as caught:
            journal.append(Entry(event=Event.RUN_ENDED, at=NOW))
        assert (caught.value.code, caught.value.place) == ("JRN003", "2")
        with pytest.raises(JournalBroken, match="entry 2"):
            journal.append(Entry(event=Event.RUN_ENDED, at=NOW))

    def test_an_entry_removed_while_the_journal_is_open_is_seen(self, tmp_path: Path, journal: Journal) -> None:
        history(journal)
        with raw(tmp_path) as connection:
            connection.execute("DELETE FROM entries WHERE number = 4")

        assert journal.verify().broken == 4
        with pytest.raises(JournalBroken, match="entry 5"):
            list(journal.entries())
        with pytest.raises(JournalBroken, match="entry 4"):
            journal.rebuild()

    @pytest.mark.parametrize("change", [{"event": "invented later"}, {"number": 77}, {"at": None}])
    def test_an_entry_that_is_not_understood_is_not_passed_over(self, tmp_path: Path, change: dict[str, Any]) -> None:
        with journal_at(tmp_path) as journal:
            stored = journal.append(Entry(event=Event.RUN_STARTED, at=NOW))
        previous = bytes.fromhex(stored.hash)
        body = rfc8785.dumps({"number": 3, "event": "run_ended", "at": NOW.isoformat(), **change})
        with raw(tmp_path) as connection:
            connection.execute("INSERT INTO entries VALUES (3, ?, ?)", (body, hashlib.sha256(previous + body).digest()))

        assert refusal(tmp_path).place == "3"

    def test_a_damaged_key_is_seen(self, tmp_path: Path) -> None:
        opened(tmp_path).close()
        with raw(tmp_path) as connection:
            connection.execute("UPDATE key SET value = zeroblob(32)")

        assert refusal(tmp_path).code == "JRN003"

    def test_a_long_journal_is_verified_from_its_checkpoint(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(sqlite_store, "WHOLE_MAX", 10)
        monkeypatch.setattr(sqlite_store, "CHECKPOINT_EVERY", 5)
        with journal_at(tmp_path) as journal:
            history(journal)
        opened(tmp_path).close()  # leaves a checkpoint
        with raw(tmp_path) as connection:
            assert connection.execute("SELECT number FROM checkpoints").fetchall() == [(24,)]
            connection.execute("UPDATE entries SET hash = zeroblob(32) WHERE number = 8")
            with journal_at(tmp_path) as journal:
                assert journal.verify().broken == 8
                with pytest.raises(JournalBroken):
                    list(journal.sent(PLACE))  # uses the entry
            connection.execute("UPDATE checkpoints SET seal = zeroblob(32)")

        assert refusal(tmp_path).place == "8"


def saying(journal: Journal) -> tuple[Any, ...]:
    """Everything that a journal says."""
    loaded, sent, held = (recipients(found) for found in (journal.rows_loaded(PLACE), journal.sent(PLACE), journal.held()))
    persons = b"".join(sorted(journal.persons()))
    return (
        journal.id,
        journal.key,
        journal.memory(),
        loaded,
        sent,
        held,
        persons,
        journal.plan_used("5ea1"),
        list(journal.entries()),
    )


def flip(root: Path, whole: bytes, at: int, bit: int, known: tuple[Any, ...]) -> None:
    flipped = bytearray(whole)
    flipped[at] ^= 1 << bit
    for leftover in (root / ".reconciler").glob("journal.db-*"):
        leftover.unlink()
    (root / LOCATION).write_bytes(flipped)
    try:
        with journal_at(root, expected_id=known[0]) as journal:
            assert saying(journal) == known, (at, bit)
    except JournalBroken:
        return


class TestMemory:
    """Each rule of what follows from the entries."""

    @pytest.mark.parametrize("event", [Event.ACKED, Event.VERIFIED, Event.VERIFIED_WEAK])
    def test_what_we_created_is_ours(self, journal: Journal, event: Event) -> None:
        journal.append(call(Event.INTENT, "op", Action.CREATE, CAMPAIGN, "wolkvox|acme"))
        assert journal.memory().owned == {}
        facts: dict[str, Any] = {"id": "7", "name": "Mora", "fields": {"amd": True}, "protect": True}

        journal.append(call(event, "op", Action.CREATE, CAMPAIGN, "wolkvox|acme", **facts))

        owned = journal.memory().owned[CAMPAIGN]
        assert (owned.id, owned.name, owned.container, owned.protect, owned.adopted) == (
            "7",
            "Mora",
            "wolkvox|acme",
            True,
            False,
        )
        assert owned.fields == ({} if event is Event.ACKED else {"amd": True})

    def test_what_the_intent_and_the_reply_said_counts_when_it_is_verified(self, journal: Journal) -> None:
        journal.append(call(Event.INTENT, "op", Action.CREATE, CAMPAIGN, name="Mora", fields={"amd": True}, protect=True))
        journal.append(call(Event.ACKED, "op", Action.CREATE, CAMPAIGN, id=7))
        journal.append(call(Event.VERIFIED, "op", Action.CREATE, CAMPAIGN))

        owned = journal.memory().owned[CAMPAIGN]
        assert (owned.id, owned.name, owned.fields, owned.protect) == ("7", "Mora", {"amd": True}, True)

    @pytest.mark.parametrize("action", [Action.UPDATE, Action.START])
    @pytest.mark.parametrize("event", [Event.VERIFIED, Event.VERIFIED_WEAK])
    def test_an_update_adds_what_it_wrote(self, journal: Journal, action: Action, event: Event) -> None:
        own(journal, fields={"amd": True, "window": "8-20"}, protect=True)
        written: dict[str, Any] = {"fields": {"window": "8-18"}, "name": "Mora 30", "protect": False}
        journal.append(call(Event.INTENT, "op", action, CAMPAIGN, **written))
        journal.append(call(Event.ACKED, "op", action, CAMPAIGN))
        assert journal.memory().owned[CAMPAIGN].fields == {"amd": True, "window": "8-20"}

        journal.append(call(event, "op", action, CAMPAIGN))

        owned = journal.memory().owned[CAMPAIGN]
        assert (owned.name, owned.protect) == ("Mora 30", False)
        assert owned.fields == {"amd": True, "window": "8-18"}
        assert owned.id == "7"

    @pytest.mark.parametrize("event", [Event.REFUSED, Event.AMBIGUOUS, Event.NO_EFFECT, Event.PARTIAL])
    def test_a_write_that_is_not_known_to_be_done_makes_nothing_ours(self, journal: Journal, event: Event) -> None:
        journal.append(call(Event.INTENT, "op", Action.CREATE, CAMPAIGN))
        journal.append(call(event, "op", Action.CREATE, CAMPAIGN, id="7"))

        assert journal.memory().owned == {}

    @pytest.mark.parametrize("event", [Event.ACKED, Event.VERIFIED])
    def test_what_we_deleted_is_not_ours(self, journal: Journal, event: Event) -> None:
        own(journal)
        journal.append(call(Event.INTENT, "op", Action.DELETE, CAMPAIGN))
        assert CAMPAIGN in journal.memory().owned

        journal.append(call(event, "op", Action.DELETE, CAMPAIGN))

        assert journal.memory().owned == {}

    def test_what_was_adopted_is_ours_until_it_is_forgotten(self, journal: Journal) -> None:
        own(journal, fields={"speed": 60})
        owned = journal.memory().owned[CAMPAIGN]
        assert (owned.id, owned.adopted, owned.container, owned.fields) == ("7", True, "wolkvox|acme", {"speed": 60})

        journal.append(Entry(event=Event.FORGOTTEN, at=NOW, address=CAMPAIGN))

        assert journal.memory().owned == {}

    def test_a_verdict_counts_like_a_reading(self, journal: Journal) -> None:
        journal.append(call(Event.INTENT, "op", Action.CREATE, CAMPAIGN, container="wolkvox|acme"))
        journal.append(call(Event.AMBIGUOUS, "op", Action.CREATE, CAMPAIGN, container="wolkvox|acme"))
        journal.append(call(Event.HUMAN, "op", Action.CREATE, CAMPAIGN, "wolkvox|acme", id="7", verdict="done", reason="seen"))

        memory = journal.memory()
        assert memory.owned[CAMPAIGN].id == "7"
        assert memory.unsettled == ()
        assert memory.occurrences == {CAMPAIGN: 1}

    @pytest.mark.parametrize(
        ("events", "state"),
        [
            ([], "held"),
            ([Event.AMBIGUOUS], "held"),
            ([Event.ACKED, Event.AMBIGUOUS], "held"),
            ([Event.ACKED], "sent"),
            ([Event.ACKED, Event.VERIFIED], "sent"),
            ([Event.VERIFIED_WEAK], "sent"),
            ([Event.AMBIGUOUS, Event.VERIFIED], "sent"),
            ([Event.REFUSED], "free"),
            ([Event.AMBIGUOUS, Event.NO_EFFECT], "free"),
            ([Event.NO_EFFECT, Event.INTENT], "held"),
            ([Event.REFUSED, Event.INTENT, Event.ACKED], "sent"),
            # The refusal of a repeated call says nothing of the first.
            ([Event.AMBIGUOUS, Event.INTENT, Event.REFUSED], "held"),
            ([Event.AMBIGUOUS, Event.INTENT, Event.REFUSED, Event.NO_EFFECT], "free"),
            ([Event.AMBIGUOUS, Event.INTENT, Event.NO_EFFECT], "free"),
            # What was sent stays sent, whatever comes of a second time.
            ([Event.VERIFIED, Event.INTENT, Event.REFUSED], "sent"),
            ([Event.PARTIAL], "sent"),
        ],
    )
    def test_the_events_of_an_operation_decide_about_its_rows(self, journal: Journal, events: list[Event], state: str) -> None:
        for event in (Event.INTENT, *events):
            columns = rows("a") if event is Event.INTENT else Columns()
            journal.append(call(event, "op", Action.ROWS_ADD, count=1 if event is Event.INTENT else 0), columns)

        memory = journal.memory()
        there = packed("ra")
        assert (there in recipients(journal.sent(PLACE))) == (state == "sent")
        assert (there in recipients(journal.held(PLACE))) == (state == "held")
        assert (there in recipients(journal.rows_loaded(PLACE))) == (state == "sent")
        assert (packed("pa") in set(journal.persons())) == (state != "free")
        assert loaded(memory) == ({BASE: 1} if state == "sent" else {})
        assert len(memory.holds(BASE)) == (state == "held")
        assert (BASE in memory.occurrences) == (state != "free")

    @pytest.mark.parametrize(("verdict", "state"), [("done", "sent"), ("not-done", "free"), ("perhaps", "sent")])
    def test_a_person_frees_rows_only_by_saying_so(self, journal: Journal, verdict: str, state: str) -> None:
        journal.append(call(Event.INTENT, "op", Action.SCHEDULE, SMS, count=1), rows("a"))
        journal.append(call(Event.HUMAN, "op", Action.SCHEDULE, SMS, verdict=verdict, reason="asked the vendor", by="ana"))

        assert recipients(journal.sent(PLACE)) == (packed("ra") if state == "sent" else b"")
        assert recipients(journal.held()) == b""
        assert journal.memory().occurrences == ({SMS: 1} if state == "sent" else {})

    def test_a_part_that_happened_is_named_by_its_own_columns(self, journal: Journal) -> None:
        journal.append(call(Event.INTENT, "op", Action.ROWS_ADD, count=3), rows("a", "b", "c"))
        journal.append(call(Event.PARTIAL, "op", Action.ROWS_ADD, count=2), rows("a", "c"))

        assert recipients(journal.sent(PLACE)) == packed("ra", "rc")
        assert loaded(journal.memory()) == {BASE: 2}

    def test_start_stop_start_is_three_occurrences(self, journal: Journal) -> None:
        for operation, action in (("op-1", Action.START), ("op-2", Action.STOP), ("op-1", Action.START), ("op-2", Action.STOP)):
            journal.append(call(Event.INTENT, operation, action, CAMPAIGN))
            journal.append(call(Event.VERIFIED, operation, action, CAMPAIGN))
        journal.append(call(Event.REFUSED, "op-2", Action.STOP, CAMPAIGN))
        assert journal.memory().occurrences == {CAMPAIGN: 3}

        journal.append(call(Event.INTENT, "op-1", Action.START, CAMPAIGN))

        assert journal.memory().occurrences == {CAMPAIGN: 4}

    def test_a_doubt_says_what_is_in_doubt(self, journal: Journal) -> None:
        journal.append(call(Event.INTENT, "op", Action.ROWS_ADD, count=2, first="x"), rows("a", "b"))
        later = call(Event.AMBIGUOUS, "op", Action.ROWS_ADD, why="no answer", task_id="t-1")
        journal.append(later)

        (doubt,) = journal.memory().unsettled
        assert (doubt.operation, doubt.run, doubt.address, doubt.action) == ("op", "run-1", BASE, Action.ROWS_ADD)
        assert (doubt.container, doubt.count, doubt.since, doubt.why) == (PLACE, 2, NOW, "no answer")
        assert doubt.facts == {"first": "x", "why": "no answer", "task_id": "t-1"}

    def test_a_repeated_doubt_is_one_doubt_that_counts_from_the_last_call(self, journal: Journal) -> None:
        journal.append(call(Event.INTENT, "op", Action.STOP, CAMPAIGN))
        again = NOW + timedelta(minutes=1)
        journal.append(Entry(event=Event.INTENT, at=again, operation="op", address=CAMPAIGN, action=Action.STOP))

        assert [doubt.since for doubt in journal.memory().unsettled] == [again]

    def test_later_entries_need_not_repeat_the_address(self, journal: Journal) -> None:
        journal.append(call(Event.INTENT, "op", Action.CREATE, CAMPAIGN, "wolkvox|acme"))
        journal.append(Entry(event=Event.ACKED, at=NOW, operation="op", facts={"id": "7"}))
        journal.append(Entry(event=Event.ACKED, at=NOW, operation="never begun", facts={"id": "8"}))

        assert {address: owned.container for address, owned in journal.memory().owned.items()} == {CAMPAIGN: "wolkvox|acme"}

    def test_who_was_blacklisted_or_taken_away_was_not_contacted(self, journal: Journal) -> None:
        for number, action in enumerate((Action.ROWS_REMOVE, Action.BLACKLIST_ADD, Action.BLACKLIST_REMOVE)):
            journal.append(call(Event.INTENT, f"op-{number}", action), rows("a"))
        assert len(list(journal.held(PLACE))) == 3

        for number, action in enumerate((Action.ROWS_REMOVE, Action.BLACKLIST_ADD, Action.BLACKLIST_REMOVE)):
            journal.append(call(Event.ACKED, f"op-{number}", action))

        assert recipients(journal.sent(PLACE)) + recipients(journal.rows_loaded(PLACE)) + b"".join(journal.persons()) == b""

    def test_containers_are_told_apart(self, journal: Journal) -> None:
        for number, container in enumerate((PLACE, "wolkvox|acme|8")):
            journal.append(call(Event.INTENT, f"op-{number}", Action.ROWS_ADD, container=container), rows(f"{number}"))
        assert recipients(journal.held("wolkvox|acme|8")) == packed("r1")
        assert len(list(journal.held())) == 2
        journal.append(call(Event.ACKED, "op-1", Action.ROWS_ADD))

        assert recipients(journal.sent(PLACE)) == b""
        assert recipients(journal.sent("wolkvox|acme|8")) == packed("r1")

    def test_rows_that_were_there_at_adoption_may_be_removed_and_were_not_sent(self, journal: Journal) -> None:
        journal.append(Entry(event=Event.ADOPTED, at=NOW, address=BASE, container=PLACE), rows("a"))

        assert recipients(journal.rows_loaded(PLACE)) == packed("ra")
        assert recipients(journal.sent(PLACE)) == b""
        assert loaded(journal.memory()) == {}

    def test_plans_and_manual_steps(self, journal: Journal) -> None:
        assert not journal.plan_used("5ea1")
        history(journal)

        assert journal.plan_used("5ea1")
        assert not journal.plan_used("run-1")
        assert journal.memory().manual_done == {"activate"}

    def test_a_whole_history(self, journal: Journal) -> None:
        history(journal)

        memory = journal.memory()
        assert memory.head == journal.head
        assert set(memory.owned) == {CAMPAIGN, BASE}
        assert [doubt.operation for doubt in memory.unsettled] == ["op-doubt", "op-sms"]
        assert memory.occurrences == {CAMPAIGN: 1, BASE: 4, LIST: 1, SMS: 1}
        assert loaded(memory) == {BASE: 5}
        assert b"".join(columns.recipients for columns in journal.sent(PLACE)) == packed("ra", "rb", "rc", "rg", "rh")
        assert b"".join(journal.persons()) == packed("pa", "pb", "pc", "pf", "pg", "ph", "ps")


def own(journal: Journal, **facts: Any) -> None:
    facts = {"id": "7", "name": "Mora", **facts}
    journal.append(Entry(event=Event.ADOPTED, at=NOW, address=CAMPAIGN, container="wolkvox|acme", facts=facts))


class TestDerivedTables:
    def test_they_say_what_the_entries_say(self, journal: Journal) -> None:
        history(journal)
        assert journal.memory() == recall(journal.entries())

        before = saying(journal)
        journal.rebuild()

        assert saying(journal) == before

    def test_every_order_of_events_gives_the_same_in_tables_and_in_memory(self, journal: Journal) -> None:
        chance = random.Random(11)  # noqa: S311 - a sample, not a secret
        events = [Event.INTENT, *(event for event in Event if event is not Event.GENESIS)]
        for _ in range(300):
            action = chance.choice(list(Action))
            facts: dict[str, Any] = {"id": chance.choice("78"), "fields": {chance.choice("ab"): 1}, "key": "k", "seal": "s"}
            facts["verdict"] = chance.choice(["done", "not-done"])
            address = chance.choice([CAMPAIGN, BASE])
            columns = rows(chance.choice("abc")) if chance.random() < 0.5 else Columns()
            journal.append(
                call(chance.choice(events), f"op-{chance.choice('123')}", action, address, count=1, **facts), columns
            )

        before = saying(journal)
        assert journal.memory() == recall(journal.entries())
        journal.rebuild()
        assert saying(journal) == before

    @pytest.mark.parametrize(
        "statement",
        [
            "UPDATE attempts SET outcome = 'not_done' WHERE operation = 'op-doubt'",
            "DELETE FROM attempts WHERE operation = 'op-sent'",
            "UPDATE owned SET protect = 0",
            "DELETE FROM plans",
            "DELETE FROM derived",
            "UPDATE derived SET sum = zeroblob(32)",
            "UPDATE derived SET rules = rules + 1",
            "UPDATE derived SET number = number + 5",
        ],
    )
    def test_damage_to_them_is_mended_from_the_entries(self, tmp_path: Path, statement: str) -> None:
        with journal_at(tmp_path) as journal:
            history(journal)
            known = saying(journal)
        with raw(tmp_path) as connection:
            connection.execute(statement)

        with journal_at(tmp_path) as journal:
            assert saying(journal) == known

    def test_a_table_that_is_gone_is_seen(self, tmp_path: Path) -> None:
        opened(tmp_path).close()
        with raw(tmp_path) as connection:
            connection.execute("DROP TABLE manual")

        assert refusal(tmp_path).code == "JRN003"


class TestLock:
    def test_a_lock_held_by_another_process_names_it(self, tmp_path: Path, journal: Journal) -> None:
        program = (
            "import sys\nfrom tests.test_journal import *\n"
            f"with journal_at(Path({str(tmp_path)!r})) as journal, journal.lock('run-9', 'ana', NOW):\n"
            "    print('held', flush=True)\n    sys.stdin.read()\n"
        )
        command = [sys.executable, "-c", program]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
            assert process.stdin
            assert process.stdout
            assert process.stdout.readline() == "held\n"
            with pytest.raises(Stale) as caught, journal.lock("run-10", "eva", NOW):
                pass
            process.stdin.close()

        assert (caught.value.code, caught.value.exit_code) == ("LCK001", 4)
        assert all(word in caught.value.message for word in ("ana", "run-9", os.uname().nodename, NOW.isoformat()))
        with journal.lock("run-10", "eva", NOW):
            pass

    def test_a_process_that_died_holds_nothing(self, tmp_path: Path, journal: Journal) -> None:
        program = f"""
            import os, signal
            from tests.test_journal import *
            journal = opened(Path({str(tmp_path)!r}))
            with journal.lock("run-9", "ana", NOW):
                os.kill(os.getpid(), signal.SIGKILL)
        """
        assert run_python(program).returncode == -signal.SIGKILL

        with journal.lock("run-10", "eva", NOW):
            journal.append(Entry(event=Event.RUN_STARTED, at=NOW))

    def test_it_is_given_back_after_an_error(self, tmp_path: Path, journal: Journal) -> None:
        with pytest.raises(ZeroDivisionError), journal.lock("run-1", "ana", NOW):
            raise ZeroDivisionError
        with (
            journal_at(tmp_path) as other,
            other.lock("run-2", "eva", NOW),
            pytest.raises(Stale),
            journal.lock("run-3", "ana", NOW),
        ):
            pass


class TestEmergencyFile:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Path:
        with journal_at(tmp_path) as journal:
            journal.append(call(Event.INTENT, "op", Action.CREATE, CAMPAIGN, "wolkvox|acme"))
        return tmp_path / ".reconciler"

    def test_the_next_opening_takes_it_in_first(self, tmp_path: Path, folder: Path) -> None:
        acked = call(Event.ACKED, "op", Action.CREATE, CAMPAIGN, "wolkvox|acme", id="7", score=5.0)
        append_emergency(folder, acked)
        append_emergency(folder, Entry(event=Event.RUN_ENDED, at=NOW))
        assert stat.S_IMODE((folder / EMERGENCY).stat().st_mode) == 0o600

        with journal_at(tmp_path) as journal:
            assert [stored.entry for stored in journal.entries()][2] == acked
            assert journal.memory().owned[CAMPAIGN].id == "7"
            head = journal.head

        assert not (folder / EMERGENCY).exists()
        assert (folder / f"{EMERGENCY}.taken-1").exists()
        with journal_at(tmp_path) as journal:
            assert journal.head == head

    def test_each_file_is_put_away_under_its_own_name(self, tmp_path: Path, folder: Path) -> None:
        for _ in range(2):
            append_emergency(folder, Entry(event=Event.RUN_ENDED, at=NOW))
            opened(tmp_path).close()

        assert sorted(path.name for path in folder.glob("*.taken-*")) == [f"{EMERGENCY}.taken-1", f"{EMERGENCY}.taken-2"]

    @pytest.mark.parametrize("keep", [1, 40, -1])
    def test_an_unfinished_last_line_was_never_kept(self, tmp_path: Path, folder: Path, keep: int) -> None:
        append_emergency(folder, call(Event.ACKED, "op", Action.CREATE, CAMPAIGN, id="7"))
        whole = (folder / EMERGENCY).read_bytes()
        (folder / EMERGENCY).write_bytes(whole + whole[:keep])
        with journal_at(tmp_path) as journal:
            assert journal.verify().entries == 3

    def test_a_line_after_an_unfinished_one_is_whole(self, tmp_path: Path, folder: Path) -> None:
        (folder / EMERGENCY).write_bytes(b'{"entry":{"at"')
        append_emergency(folder, call(Event.ACKED, "op", Action.CREATE, CAMPAIGN, id="7"))
        with journal_at(tmp_path) as journal:
            assert journal.verify().entries == 3

    @pytest.mark.parametrize(
        "damage", [lambda line: line.replace(b"acked", b"refused"), lambda _: b"{}\n", lambda _: b"\xff\n"]
    )
    def test_a_damaged_line_stops_everything(self, tmp_path: Path, folder: Path, damage: Callable[[bytes], bytes]) -> None:
        append_emergency(folder, call(Event.ACKED, "op", Action.CREATE, CAMPAIGN, id="7"))
        (folder / EMERGENCY).write_bytes(damage((folder / EMERGENCY).read_bytes()))

        assert refusal(tmp_path).code == "JRN003"
        assert (folder / EMERGENCY).exists()

    def test_taking_it_in_twice_changes_nothing(self, tmp_path: Path, folder: Path) -> None:
        append_emergency(folder, call(Event.ACKED, "op", Action.CREATE, CAMPAIGN, "wolkvox|acme", id="7"))
        lines = (folder / EMERGENCY).read_bytes()
        with journal_at(tmp_path) as journal:
            once = journal.memory()
        (folder / EMERGENCY).write_bytes(lines)
        with journal_at(tmp_path) as journal:
            twice = journal.memory()

        assert (once.owned, once.unsettled, once.occurrences) == (twice.owned, twice.unsettled, twice.occurrences)

    def test_a_file_that_another_process_took_in_first(self, folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        append_emergency(folder, Entry(event=Event.RUN_ENDED, at=NOW))
        monkeypatch.setattr(fcntl, "flock", lambda *_: (folder / EMERGENCY).rename(folder / "taken"))

        assert take_emergency(folder, lambda _: pytest.fail("it was taken in already")) == 0

    def test_a_file_that_cannot_be_read(self, tmp_path: Path, folder: Path) -> None:
        (folder / EMERGENCY).mkdir()

        assert refusal(tmp_path).code == "JRN004"

    def test_a_folder_that_takes_nothing(self, tmp_path: Path) -> None:
        with pytest.raises(JournalBroken) as caught:
            append_emergency(tmp_path / "missing", Entry(event=Event.RUN_ENDED, at=NOW))

        assert caught.value.code == "JRN004"
