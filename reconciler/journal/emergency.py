"""The emergency file: where a reply goes that the journal could not take after a call had been sent.

One file a journal, beside whatever journals share its folder, and one line an entry, with the journal's id and a digest of
its own. The next opening of that journal, and of no other, takes the lines in before it does anything else, so that what a
platform answered is not lost with a full disk.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from reconciler.catalogue import say
from reconciler.errors import JournalBroken
from reconciler.journal import canonical, chain
from reconciler.journal.entry import Entry

SUFFIX: Final = ".emergency.jsonl"
UNNAMED: Final = f"journal{SUFFIX}"  # what was kept before these files were named after their journals


@dataclass(frozen=True, slots=True, kw_only=True)
class Emergency:
    """The emergency file of the journal of that id; the journals of several projects may share its folder."""

    folder: Path
    journal: str

    @property
    def path(self) -> Path:
        """The file, which is there only when something was kept."""
        return self.folder / f"journal.{self.journal}{SUFFIX}"


def left_in(folder: Path) -> tuple[str, ...]:
    """The names of the emergency files in a folder that nobody has taken in, whatever journal they are of."""
    return tuple(sorted(path.name for path in folder.glob(f"journal*{SUFFIX}")))


def append_emergency(place: Emergency, entry: Entry) -> None:
    """Keep `entry` in the emergency file of a journal (`Journal.emergency`); returns when it is durable.

    A line that an earlier write left unfinished is dropped: nobody was told that it was kept.
    """
    content = {"journal": place.journal, "entry": chain.entry_json(entry)}
    line = canonical.dumps({**content, "sha256": _digest(content)}) + b"\n"
    path = place.path
    try:
        make_folder(place.folder)
        with _locked(path, os.O_RDWR | os.O_CREAT) as file:
            file.truncate(len(_whole(file.read())))
            file.seek(0, os.SEEK_END)
            file.write(line)
            file.flush()
            os.fsync(file.fileno())
        sync_folder(place.folder)
    except OSError as error:
        raise JournalBroken(
            say("the reply could not be kept in {path} either: {why}", path=path.name, why=error.strerror or ""),
            code="JRN004",
            remedy=say("free space or mend the disk; the call is in doubt, `reconciler resolve` settles it"),
        ) from error


def take_emergency(place: Emergency, append: Callable[[Entry], object]) -> int:
    """Give the whole lines of a journal's emergency file to `append` and put the file away; how many lines there were.

    Killed between the two, the next taking gives the same entries again, which changes nothing in what follows from them.
    JournalBroken (JRN007) where a file is left that does not say whose it is.
    """
    taken, unnamed = 0, place.folder / UNNAMED
    try:
        with suppress(FileNotFoundError):
            taken = _take(place, append)
        whose = unnamed.exists() and _whole(unnamed.read_bytes())
    except OSError as error:
        raise JournalBroken(
            say("the emergency file {path} cannot be taken in: {why}", path=place.path.name, why=error.strerror or ""),
            code="JRN004",
            remedy=say("free space, or mend the disk or its permissions, and run again"),
        ) from error
    if whose:
        raise JournalBroken(
            say("the emergency file {path} does not say which journal it is of", path=UNNAMED),
            code="JRN007",
            remedy=say("when this project's runs left it, rename it to {name}; it is taken in then", name=place.path.name),
        )
    return taken


def _take(place: Emergency, append: Callable[[Entry], object]) -> int:
    """The lines of the file taken in; FileNotFoundError where there is none."""
    path = place.path
    with _locked(path, os.O_RDONLY) as file:
        lines = _whole(file.read()).splitlines()
        entries = [_entry(place, number, line) for number, line in enumerate(lines, start=1)]
        for entry in entries:
            append(entry)
        path.rename(_free(path))
    sync_folder(place.folder)
    return len(entries)


def make_folder(folder: Path) -> None:
    """Make a folder that is its owner's alone, with those above it, where there is none; their names are durable."""
    if not folder.is_dir():
        make_folder(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)
        sync_folder(folder.parent)


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


def _entry(place: Emergency, number: int, line: bytes) -> Entry:
    """The entry of a line. One that names no journal is of the journal that a person named the file after."""
    try:
        data = json.loads(line)
        content, journal = data["entry"], data.get("journal")
        signed = content if journal is None else {"journal": journal, "entry": content}
        entry = chain.entry_from(content) if _digest(signed) == data["sha256"] else None
    except (AttributeError, KeyError, TypeError, ValueError):
        entry = None
    if entry is None:
        raise JournalBroken(
            say("line {number} of the emergency file {path} does not verify", number=number, path=place.path.name),
            code="JRN003",
            remedy=say("restore the line; as long as it is damaged, what a platform answered is not known"),
        )
    if journal not in (None, place.journal):
        raise JournalBroken(
            say("line {number} of the emergency file {path} is of another journal", number=number, path=place.path.name),
            code="JRN002",
            remedy=say("give the file the name that it had: only the journal that a line is of takes it in"),
        )
    return entry


def _digest(content: dict[str, Any]) -> str:
    return hashlib.sha256(canonical.dumps(content)).hexdigest()


def _free(path: Path) -> Path:
    number = 1
    while (taken := path.with_name(f"{path.name}.taken-{number}")).exists():
        number += 1
    return taken
