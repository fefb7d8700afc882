"""How a commit reaches the disk: waited for where it counts, and where it does not, at least safe from a kill.

And what lies beside the database: a file is on disk only when what it holds and its name in the folder are.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.journal.emergency import Emergency, append_emergency
from reconciler.journal.entry import Event
from reconciler.resource import Action
from tests.journal.histories import call, started
from tests.journal.places import File, Place, emergency, journal_at, opened

NORMAL, FULL = 1, 2  # PRAGMA synchronous


def test_only_what_may_be_lost_with_the_power_is_not_waited_for(file: File) -> None:
    with journal_at(file) as journal:
        connection = vars(vars(journal)["_database"])["_connection"]

        def waited() -> int:
            return int(connection.execute("PRAGMA synchronous").fetchone()[0])

        journal.append(call(Event.INTENT, "op", Action.ROWS_ADD))
        assert waited() == FULL
        journal.append_all([call(Event.ACKED, "op", Action.ROWS_ADD)], synced=False)
        assert waited() == NORMAL
        journal.append_all([call(Event.VERIFIED, "op", Action.ROWS_ADD)])
        assert waited() == FULL
        assert connection.execute("PRAGMA journal_mode").fetchone()[0] == "wal"


Sync = tuple[Path, bytes | list[str]]  # what was synced, and what it held: a file's bytes, or a folder's names


@pytest.fixture
def syncs(monkeypatch: pytest.MonkeyPatch) -> list[Sync]:
    """What is synced outside the database from now on, in order."""
    found: list[Sync] = []
    sync = os.fsync

    def noted(descriptor: int) -> None:
        sync(descriptor)
        path = Path(f"/proc/self/fd/{descriptor}").readlink()
        found.append((path, sorted(one.name for one in path.iterdir()) if path.is_dir() else path.read_bytes()))

    monkeypatch.setattr(os, "fsync", noted)
    return found


def test_what_is_kept_beside_the_journal_is_on_disk_and_so_is_its_name(tmp_path: Path, syncs: list[Sync]) -> None:
    place = Emergency(folder=tmp_path, journal="6f2c")
    for lines in (1, 2):
        append_emergency(place, started())
        kept = place.path.read_bytes()

        assert kept.count(b"\n") == lines
        assert syncs == [(place.path, kept), (tmp_path, [place.path.name])]
        syncs.clear()


def test_what_was_taken_in_is_put_away_for_good(place: Place, syncs: list[Sync]) -> None:
    """After its entries are in the journal, and not before."""
    opened(place).close()
    kept = emergency(place)
    append_emergency(kept, started())
    syncs.clear()
    opened(place).close()

    ((folder, names),) = syncs
    assert folder == kept.folder
    assert f"{kept.path.name}.taken-1" in names
    assert kept.path.name not in names


def test_a_new_journal_has_a_name_that_lasts(file: File, syncs: list[Sync]) -> None:
    opened(file).close()

    assert syncs == [(file.root, [".reconciler"]), (file.path.parent, ["journal.db"])]
    syncs.clear()
    opened(file).close()
    assert syncs == []


def test_so_have_all_the_folders_that_were_made_for_it(tmp_path: Path, syncs: list[Sync]) -> None:
    append_emergency(Emergency(folder=tmp_path / "a" / "b", journal="6f2c"), started())

    assert [path for path, _held in syncs] == [
        tmp_path,
        tmp_path / "a",
        tmp_path / "a" / "b" / "journal.6f2c.emergency.jsonl",
        tmp_path / "a" / "b",
    ]
