"""A disk that is really full, or read-only: nothing leaves without its intent, and no answer turns into a second message.

Where this machine lets the tests mount, `.reconciler/` is a tmpfs of a few hundred kilobytes; a limit on the size of files,
which leaves room for the emergency file, is tried everywhere. The names of the tests say which of them it was.
"""

from __future__ import annotations

import ctypes
import os
import resource
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import pytest

from reconciler.journal.emergency import left_in
from tests.faults.nursery import Strike
from tests.faults.yard import ALL, APPLY, JOURNAL, PLAN, Picture, Yard, spotless

DISK_BYTES: Final = 1 << 20
PAGE: Final = 4_096
MS_RDONLY, MS_REMOUNT, MNT_DETACH = 1, 32, 2
STORIES: Final = {story.operation: story for story in ALL}
_LIBC: Final = ctypes.CDLL(None, use_errno=True)


def _mount(folder: Path, flags: int = 0) -> bool:
    options = f"size={DISK_BYTES},mode=0700".encode()
    return bool(_LIBC.mount(b"tmpfs", os.fsencode(folder), b"tmpfs", ctypes.c_ulong(flags), options) == 0)


def _unmount(folder: Path) -> None:
    _LIBC.umount2(os.fsencode(folder), MNT_DETACH)


def _may_mount() -> bool:
    with tempfile.TemporaryDirectory() as folder:
        if not _mount(Path(folder)):
            return False
        _unmount(Path(folder))
        return True


MOUNTS: Final = _may_mount()
FULL: Final = ["tmpfs", "file-size"] if MOUNTS else ["file-size"]


@contextmanager
def _little_disk(place: Yard, picture: Picture) -> Iterator[Path]:
    """The story's project with its journal on a tmpfs of its own."""
    place.restore(picture)
    folder = (place.root / JOURNAL).parent
    aside = place.folder / "aside"
    shutil.rmtree(aside, ignore_errors=True)
    shutil.copytree(folder, aside) if folder.exists() else aside.mkdir()
    folder.mkdir(exist_ok=True)
    assert _mount(folder)
    try:
        shutil.copytree(aside, folder, dirs_exist_ok=True)
        yield folder
    finally:
        _unmount(folder)


@contextmanager
def _some_disk(place: Yard, picture: Picture, kind: str) -> Iterator[Path]:
    if kind == "tmpfs":
        with _little_disk(place, picture) as folder:
            yield folder
    else:
        place.restore(picture)
        yield (place.root / JOURNAL).parent


def _fill(folder: Path, but: int = 0) -> Path:
    """Fill a disk to the last byte, `but` so many."""
    filler = folder / "filler"
    with filler.open("wb", buffering=0) as file:
        try:
            while True:
                file.write(bytes(PAGE))
        except OSError:
            file.truncate(max(file.tell() - but, 0))
    return filler


def _exhaust(folder: Path, kind: str, pid: int) -> Path:
    """No room any more for a process that stands still."""
    if kind == "tmpfs":
        return _fill(folder)
    log = folder / f"{Path(JOURNAL).name}-wal"
    limit = log.stat().st_size if log.exists() else PAGE
    resource.prlimit(pid, resource.RLIMIT_FSIZE, (limit, limit))
    return folder / "filler"


@pytest.mark.parametrize("operation", ["send_sms", "add_record"])
@pytest.mark.parametrize("kind", FULL)
def test_full_before_the_intent_nothing_leaves(place: Yard, kind: str, operation: str) -> None:
    picture = place.picture(STORIES[operation])
    with _some_disk(place, picture, kind) as folder:
        first = place.start(*APPLY, strike=Strike(point="intent.before", how="stop"))
        assert first.stopped()
        before = place.taken(operation)
        filler = _exhaust(folder, kind, first.pid)
        first.go_on()
        said = spotless(first.end())

        assert said.code == 8, said.out + said.err
        assert "JRN004" in said.err
        assert place.taken(operation) == before

        filler.unlink(missing_ok=True)
        place.recovered(picture)


@pytest.mark.parametrize("point", ["fence.armed", "request.sent", "outcome.before"])
@pytest.mark.parametrize("operation", ["send_sms", "add_record", "AddCampaingData"])
@pytest.mark.parametrize("kind", FULL)
def test_full_between_the_intent_and_the_answer_it_is_kept_beside_or_in_doubt(
    place: Yard, kind: str, operation: str, point: str
) -> None:
    picture = place.picture(STORIES[operation])
    with _some_disk(place, picture, kind) as folder:
        first = place.start(*APPLY, strike=Strike(point=point, how="stop"))
        assert first.stopped()
        filler = _exhaust(folder, kind, first.pid)
        first.go_on()
        said = spotless(first.end())

        assert said.code == 6, said.out + said.err
        assert "JRN004" in said.err
        assert len(said.json["unknown"]) == 1
        kept = sum((folder / name).stat().st_size for name in left_in(folder))
        if kind == "tmpfs":  # there was no room for that either
            assert kept == 0
            assert place.run(*PLAN).code in (0, 6, 8)
        else:
            assert kept > 0

        taken = place.taken(operation)
        filler.unlink(missing_ok=True)
        again = place.run(*APPLY)

        if kind == "tmpfs" or operation == "AddCampaingData":
            assert again.code == 6
            assert place.taken(operation) == taken
        place.recovered(picture)


@pytest.mark.parametrize("pages", [0, 1, 2, 4, 8, 12, 16, 20, 24, 32, 48, 64] if MOUNTS else [])
def test_a_disk_with_room_for_a_part_of_a_run(place: Yard, pages: int) -> None:
    picture = place.picture(STORIES["send_sms"])
    with _little_disk(place, picture) as folder:
        assert place.run(*PLAN).code == 0
        filler = _fill(folder, but=pages * PAGE)
        said = place.run(*APPLY)

        assert said.code in (0, 5, 6, 8), said.out + said.err
        assert sum(place.effects().values()) <= picture.story.reached
        if said.code == 8:  # before the first call, or when all was done and only the run's end could not be written
            assert sum(place.effects().values()) in (0, picture.story.reached)

        filler.unlink()
        place.recovered(picture)


def test_a_journal_that_may_only_be_read_stops_everything_before_the_first_call(place: Yard) -> None:
    """A tmpfs mounted again read-only; without the right to mount, a folder that may not be written."""
    picture = place.picture(STORIES["send_sms"])
    place.restore(picture)
    assert place.run(*PLAN).code == 0
    folder = (place.root / JOURNAL).parent
    if MOUNTS:
        with _little_disk(place, picture) as folder:
            assert place.run(*PLAN).code == 0
            assert _mount(folder, MS_REMOUNT | MS_RDONLY)
            _refused(place)
            assert _mount(folder, MS_REMOUNT)
            place.recovered(picture)
    else:
        for path in (*folder.iterdir(), folder):
            path.chmod(0o500 if path.is_dir() else 0o400)
        _refused(place)
        for path in (folder, *folder.iterdir()):
            path.chmod(0o700 if path.is_dir() else 0o600)
        place.recovered(picture)


def _refused(place: Yard) -> None:
    before = len(place.sandbox.world.calls())
    said = place.run(*APPLY)

    assert said.code == 8, said.out + said.err
    assert said.json["error"]["code"] == "JRN004"
    assert len(place.sandbox.world.calls()) == before
