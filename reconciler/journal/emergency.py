"""The emergency file: where a reply goes that the journal could not take after a call had been sent.

One line an entry, with a digest of its own. The next opening of the journal takes the lines in before it does anything
else, so that what a platform answered is not lost with a full disk.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, Final

from reconciler.catalogue import say
from reconciler.errors import JournalBroken
from reconciler.journal import canonical, chain
from reconciler.journal.entry import Entry

NAME: Final = "journal.emergency.jsonl"


def append_emergency(folder: Path, entry: Entry) -> None:
    """Keep `entry` in the emergency file of `folder` (`Journal.emergency`); returns when it is durable.

    A line that an earlier write left unfinished is dropped: nobody was told that it was kept.
    """
    content = chain.entry_json(entry)
    line = canonical.dumps({"entry": content, "sha256": _digest(content)}) + b"\n"
    path = folder / NAME
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        with _locked(path, os.O_RDWR | os.O_CREAT) as file:
            file.truncate(len(_whole(file.read())))
            file.seek(0, os.SEEK_END)
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(folder)
    except OSError as error:
        raise JournalBroken(
            say("the reply could not be kept in {path} either: {why}", path=path.name, why=error.strerror or ""),
            code="JRN004",
            remedy=say("free space or mend the disk; the call is in doubt, `reconciler resolve` settles it"),
        ) from error


def take_emergency(folder: Path, append: Callable[[Entry], object]) -> int:
    """Give the whole lines of the emergency file to `append` and put the file away; how many lines there were.

    Killed between the two, the next taking gives the same entries again, which changes nothing in what follows from them.
    """
    path = folder / NAME
    try:
        with _locked(path, os.O_RDONLY) as file:
            entries = [_entry(number, line) for number, line in enumerate(_whole(file.read()).splitlines(), start=1)]
            for entry in entries:
                append(entry)
            path.rename(_free(path))
        sync_folder(folder)
    except FileNotFoundError:
        return 0
    except OSError as error:
        raise JournalBroken(
            say("the emergency file {path} cannot be taken in: {why}", path=path.name, why=error.strerror or ""),
            code="JRN004",
            remedy=say("free space, or mend the disk or its permissions, and run again"),
        ) from error
    return len(entries)


def sync_folder(folder: Path) -> None:
    """Make the names in `folder` durable."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


@contextmanager
def _locked(path: Path, flags: int) -> Iterator[BinaryIO]:
    """The file that `path` names once nobody else has it: who waited for the lock may hold one that was put away."""
    while True:
        with os.fdopen(os.open(path, flags, 0o600), "r+b" if flags & os.O_RDWR else "rb") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            if path.exists() and path.stat().st_ino == os.fstat(file.fileno()).st_ino:
                yield file
                return


def _whole(content: bytes) -> bytes:
    return content[: content.rfind(b"\n") + 1]


def _entry(number: int, line: bytes) -> Entry:
    try:
        data = json.loads(line)
        entry = chain.entry_from(data["entry"]) if _digest(data["entry"]) == data["sha256"] else None
    except (KeyError, TypeError, ValueError):
        entry = None
    if entry is None:
        raise JournalBroken(
            say("line {number} of the emergency file {path} does not verify", number=number, path=NAME),
            code="JRN003",
            remedy=say("restore the line; as long as it is damaged, what a platform answered is not known"),
        )
    return entry


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(canonical.dumps(content)).hexdigest()


def _free(path: Path) -> Path:
    number = 1
    while (taken := path.with_name(f"{path.name}.taken-{number}")).exists():
        number += 1
    return taken
