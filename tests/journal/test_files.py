"""A journal in a file: whose it is, what else may lie there, and what a disk does."""

from __future__ import annotations

import errno
import fcntl
import os
import random
import stat
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from reconciler.errors import JournalBroken
from reconciler.journal.entry import Columns, Event
from reconciler.journal.store import open_journal
from reconciler.resource import Action
from tests.journal.histories import NOW, call, claim, clock, history, saying, started
from tests.journal.places import File, journal_at, opened, refusal, run_python


def test_a_new_journal_is_the_owners_alone(file: File) -> None:
    before = os.umask(0)
    try:
        with journal_at(file):
            for name in ("journal.db", "journal.db-wal", "journal.db-shm"):
                assert stat.S_IMODE((file.path.parent / name).stat().st_mode) == 0o600
            assert stat.S_IMODE(file.path.parent.stat().st_mode) == 0o700
    finally:
        os.umask(before)


@pytest.mark.parametrize("content", [b"name;phone\n", b"SQLite format 3\0" + bytes(4080), b"\xff" * 5000])
def test_a_file_that_is_no_journal(file: File, content: bytes) -> None:
    file.path.parent.mkdir()
    file.path.write_bytes(content)

    assert refusal(file, expected_id="6f2c").code == "JRN003"


def test_a_place_that_cannot_hold_a_file(file: File) -> None:
    file.path.mkdir(parents=True)
    assert refusal(file).code == "JRN004"
    (file.root / "file").touch()
    with pytest.raises(JournalBroken) as caught:
        open_journal("file/journal.db", file.root, now=NOW)
    assert caught.value.code == "JRN004"


def test_a_link_is_the_journal_that_it_leads_to(file: File, tmp_path: Path) -> None:
    link = File(tmp_path / "clone")
    link.path.parent.mkdir(parents=True)
    with journal_at(file) as journal:
        link.path.symlink_to(file.path)
        with journal_at(link, expected_id=journal.id) as linked:
            linked.append(started())
            assert linked.head == journal.head
            assert linked.emergency == journal.emergency
            with journal.lock(claim("run-1"), clock), pytest.raises(Exception, match="run-1"):
                linked.append(started())
    assert list(link.path.parent.iterdir()) == [link.path]


def test_a_disk_that_is_full_takes_no_further_entry(file: File) -> None:
    program = """
import resource
resource.setrlimit(resource.RLIMIT_FSIZE, (200_000, resource.RLIM_INFINITY))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
codes = []
for size in (100_000, 1):
    try:
        journal.append(call(Event.INTENT, "op-1", Action.ROWS_ADD), Columns(recipients=bytes(16) * size))
    except JournalBroken as error:
        codes.append(error.code)
        resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print(*codes)
"""
    done = run_python(file, program)

    assert done.stdout.split() == ["JRN004", "JRN004"], done.stderr
    with journal_at(file) as journal:
        assert journal.verify().entries == 1


def test_a_folder_that_cannot_be_written(file: File) -> None:
    opened(file).close()
    program = f"""
journal.close()
os.chmod({str(file.path)!r}, 0o444)
os.chmod({str(file.path.parent)!r}, 0o555)
if os.geteuid() == 0:
    os.setgroups([]); os.setgid(65534); os.setuid(65534)
try:
    open_journal({str(file.path)!r}, Path("/"), now=NOW).append(started())
except JournalBroken as error:
    print(error.code)
"""
    for folder in (file.root, *file.root.parents):
        if folder.stat().st_uid == os.geteuid() and folder != Path("/"):
            folder.chmod(folder.stat().st_mode | 0o055)
    done = run_python(file, program)
    file.path.parent.chmod(0o700)

    assert done.stdout.split() == ["JRN004"], done.stderr


def test_a_file_that_another_process_keeps_busy(file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.journal.sqlite.BUSY_S", 0.01)
    with journal_at(file) as journal:
        with file.guarded() as execute:
            execute("BEGIN IMMEDIATE")
            with pytest.raises(JournalBroken) as caught:
                journal.append(started())
            execute("ROLLBACK")
        assert caught.value.code == "JRN004"
        with pytest.raises(JournalBroken):
            journal.append(started())
    with journal_at(file) as journal:
        journal.append(started())
        assert journal.verify().entries == 2


def test_a_new_file_that_another_process_has_open_is_waited_for(file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    """Both make it at once: SQLite says at once that it is locked, and does not wait."""
    file.path.parent.mkdir()
    file.path.touch()
    with file.guarded() as execute:
        monkeypatch.setattr("reconciler.journal.sqlite.BUSY_S", 0.01)
        execute("BEGIN")
        execute("SELECT count(*) FROM sqlite_master")
        assert refusal(file).code == "JRN004"

        # Its own clock alone: a server that another test has left running here tells time by the process's.
        clock = SimpleNamespace(monotonic=lambda: 0.0, sleep=lambda _seconds: execute("ROLLBACK"))
        with monkeypatch.context() as patched:
            patched.setattr("reconciler.journal.sqlite.time", clock)
            opened(file).close()


def test_a_lock_that_the_disk_does_not_give(file: File, monkeypatch: pytest.MonkeyPatch) -> None:
    with journal_at(file) as journal:
        with monkeypatch.context() as patched:
            patched.setattr(fcntl, "flock", refuse)
            with pytest.raises(JournalBroken) as caught, journal.lock(claim("run-1"), clock):
                pytest.fail("nobody may believe to hold it")
        assert caught.value.code == "JRN004"
    with journal_at(file) as journal, journal.lock(claim("run-2"), clock):
        journal.append(started())


def refuse(_descriptor: int, _operation: int) -> None:
    raise OSError(errno.ENOLCK, "No locks available")


def test_damage_that_sqlite_quotes_is_no_text(file: File) -> None:
    """Its complaint holds the bytes that it could not read."""
    opened(file).close()
    with file.guarded() as execute:
        execute("PRAGMA writable_schema = ON")
        execute("UPDATE sqlite_master SET name = CAST(x'ff' AS TEXT), sql = 'CREATE' WHERE name = 'lease'")
    said = refusal(file)

    assert said.code == "JRN003"
    assert "damaged text" in said.message


def test_a_flipped_bit_anywhere_in_the_file_is_seen_or_without_effect(file: File) -> None:
    with journal_at(file) as journal:
        history(journal)
        known = saying(journal)
    whole = file.path.read_bytes()
    chance = random.Random(7)  # noqa: S311 - a sample, not a secret
    for _ in range(150):
        flip(file, whole, chance.randrange(len(whole)), chance.randrange(8), known)


def test_a_flipped_bit_never_lets_an_operation_be_done_twice(file: File) -> None:
    with journal_at(file) as journal:
        history(journal)
        journal.append(call(Event.INTENT, "op-blind", Action.SCHEDULE, count=1, safety="blind"))
        journal.append(call(Event.VERIFIED_WEAK, "op-blind", Action.SCHEDULE))
    whole = file.path.read_bytes()
    chance = random.Random(8)  # noqa: S311 - a sample, not a secret
    places = [at for at in range(len(whole)) if whole[at : at + 8] == b"op-blind" or whole[at : at + 4] in (b"done", b"veri")]
    assert len(places) > 3
    for at in (*places, *(chance.randrange(len(whole)) for _ in range(100))):
        restore(file, flipped(whole, at + chance.randrange(8) % len(whole), chance.randrange(8)))
        try:
            with journal_at(file) as journal:
                journal.append(call(Event.INTENT, "op-blind", Action.SCHEDULE, count=1, safety="blind"))
        except (JournalBroken, ValueError):
            continue
        pytest.fail(f"a flip at {at} let it be done again")


def flip(file: File, whole: bytes, at: int, bit: int, known: tuple[Any, ...]) -> None:
    restore(file, flipped(whole, at, bit))
    try:
        with journal_at(file, expected_id=known[0]) as journal:
            assert saying(journal) == known, (at, bit)
    except JournalBroken:
        return


def flipped(whole: bytes, at: int, bit: int) -> bytes:
    changed = bytearray(whole)
    changed[at % len(whole)] ^= 1 << bit
    return bytes(changed)


def restore(file: File, content: bytes) -> None:
    for leftover in file.path.parent.glob("journal.db-*"):
        leftover.unlink()
    file.path.write_bytes(content)


def test_a_batch_of_rows_is_kept_whole(file: File) -> None:
    packed = os.urandom(16 * 10_000)
    with journal_at(file) as journal:
        journal.append(call(Event.INTENT, "op", Action.ROWS_ADD, count=10_000), Columns(recipients=packed))
    with journal_at(file) as journal:
        assert [columns.recipients for columns in journal.held()] == [packed]
