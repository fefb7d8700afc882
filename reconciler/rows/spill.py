"""The private folder of one engine: what it spills and copies lies there, readable by nobody else, and goes with it.

Each folder is locked by its engine for as long as the process lives; the kernel lets go of the lock however it ends. A folder
that can be locked by somebody else therefore belongs to a process that died, and is removed when the next engine starts.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import stat
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from reconciler.catalogue import say
from reconciler.rows.errors import TooMuch

PREFIX: Final = "rows-"
SPILL_MAX_BYTES: Final = 100 * 1024**3
FREE_MIN_BYTES: Final = 512 * 1024**2
_LOOK_EVERY_BYTES: Final = 64 * 1024**2
_TRIES: Final = 100
_PATIENCE_S: Final = 10.0  # a folder is locked for milliseconds, but by whoever was stopped meanwhile
_NAP_S: Final = 0.02


class Spill:
    """A folder of mode 0700 until `close`. `parent` holds it; without one, a folder of this user below the system's own.

    TimeoutError where somebody else holds the parent and does not let go.
    """

    def __init__(self, parent: Path | None = None) -> None:
        self._parent = parent or _of_this_user()
        self.path, self._lock = self._made()

    def close(self) -> None:
        """Remove the folder with all it holds, and its parent when nothing else is in it."""
        shutil.rmtree(self.path, ignore_errors=True)
        os.close(self._lock)
        with suppress(OSError), _locked(self._parent) as held:
            if held:
                self._parent.rmdir()  # OSError: others are at work in it, or it is somebody's own

    def _made(self) -> tuple[Path, int]:
        for _ in range(_TRIES):
            with suppress(FileExistsError):  # or it was there a moment ago, which is seen when it is locked
                self._parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            # Locked while a folder is made and while the parent is removed, so that nobody finds one that is not locked yet.
            with _locked(self._parent) as held:
                if not held:
                    continue  # removed in between by an engine that ended
                _remove_orphans(self._parent)
                path = Path(tempfile.mkdtemp(prefix=PREFIX, dir=self._parent))
                lock = _opened(path)
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                return path, lock
        raise OSError(f"no private folder could be made in {self._parent}")


class Writer:
    """A file in the private folder that says no before the disk is full. TooMuch when it would take more than is allowed."""

    def __init__(self, path: Path) -> None:
        self._folder = path.parent
        self._written = self._looked = 0
        self._look()
        self._file: BinaryIO = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb")

    def __enter__(self) -> Writer:
        return self

    def __exit__(self, *_: object) -> None:
        try:
            self._file.close()
        except OSError:
            raise _full() from None

    def write(self, data: bytes) -> None:
        """Append bytes."""
        self._written += len(data)
        if self._written - self._looked > _LOOK_EVERY_BYTES:
            self._look()
        if self._written > SPILL_MAX_BYTES:
            words = say("it has more than {most:,} MB", most=SPILL_MAX_BYTES // 1024**2)
            raise TooMuch(words, say("split it into several documents"))
        try:
            self._file.write(data)
        except OSError:
            raise _full() from None

    def _look(self) -> None:
        self._looked = self._written
        if shutil.disk_usage(self._folder).free < FREE_MIN_BYTES:
            words = say("the disk that holds private copies has less than {least:,} MB left", least=FREE_MIN_BYTES // 1024**2)
            raise TooMuch(words, say("free space"))


def _full() -> TooMuch:
    return TooMuch(say("the disk that holds private copies takes no more"), say("free space"))


def _of_this_user() -> Path:
    """One folder for all engines of this user, so that the next one finds what a dead one left. Never somebody else's."""
    path = Path(tempfile.gettempdir()) / f"reconciler-{os.getuid()}"
    for _ in range(_TRIES):
        with suppress(FileExistsError):
            path.mkdir(mode=0o700)
        with suppress(FileNotFoundError):  # an engine that ended took it away in between
            found = path.lstat()
            ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and not stat.S_IMODE(found.st_mode) & 0o077
            return path if ours else Path(tempfile.mkdtemp(prefix="reconciler-"))
    raise OSError(f"no private folder could be made in {path.parent}")


@contextmanager
def _locked(folder: Path) -> Iterator[bool]:
    """Hold a folder's lock; False when the folder is no longer the one at its path. TimeoutError when it is not let go."""
    try:
        descriptor = _opened(folder)
    except FileNotFoundError:
        yield False
        return
    try:
        _wait_for(descriptor)
        yield _is_at(folder, descriptor)
    finally:
        os.close(descriptor)


def _wait_for(descriptor: int) -> None:
    until = time.monotonic() + _PATIENCE_S
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() >= until:
                raise TimeoutError from None
            time.sleep(_NAP_S)
        else:
            return


def _is_at(folder: Path, descriptor: int) -> bool:
    try:
        return os.path.samestat(folder.lstat(), os.fstat(descriptor))
    except FileNotFoundError:
        return False


def _remove_orphans(parent: Path) -> None:
    for path in parent.glob(f"{PREFIX}*"):
        with suppress(OSError):
            descriptor = _opened(path)
            try:
                found = os.fstat(descriptor)
                if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid():
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)  # OSError: it is alive
                    shutil.rmtree(path, ignore_errors=True)
            finally:
                os.close(descriptor)


def _opened(folder: Path) -> int:
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
