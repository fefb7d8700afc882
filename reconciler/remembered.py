"""Documents that were parsed and found right before, known again by the digest of their file.

Nothing rests on this: a file whose bytes differ, another version of this program, other rules for documents, a damaged store
or one that others could have written mean that the file is parsed again. It holds plain data, never code, and may be deleted
at any time. Small projects do without it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from reconciler.checking import Places
from reconciler.resource import Origin

if TYPE_CHECKING:
    import msgspec

FILES_MIN: Final = 200  # below that, parsing is quicker than looking here
NAME: Final = "documents.bin"
FORM: Final = 2  # of what is stored; another one is not read
_SEAL_BYTES: Final = 32
_OTHERS: Final = 0o077  # whoever could write it could change what a reviewed document means; git writes files that all may read


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A document as it was written, once its form is known to be right.

    `fields` are the kind's own, `blocks` those of platforms by the platform's name; both with their defaults.
    """

    kind: str
    name: str
    targets: tuple[str, ...]
    fields: Mapping[str, Any]
    blocks: Mapping[str, Mapping[str, Any]]
    protect: bool
    tags: tuple[str, ...]
    origin: Origin
    places: Places


class Remembered:
    """The documents of one project's files. `made_by` names everything that decided how they were understood."""

    def __init__(self, folder: Path, made_by: str, files: int) -> None:
        self._path = folder / NAME
        self._made_by = f"{FORM} {made_by}"
        self._known: Mapping[str, Any] = {}
        self._used: dict[str, Any] = {}
        self._new = False
        self._wanted = files >= FILES_MIN
        if self._wanted:
            self._known = _read(self._path, self._made_by)

    def find(self, name: str, data: bytes) -> list[Written] | None:
        """The documents of a file of that name and content; None when they are not known."""
        if not self._wanted:
            return None
        key = _key(name, data)
        raw = self._known.get(key)
        if raw is None:
            return None
        documents = _read_back(name, raw)
        if documents is not None:
            self._used[key] = raw
        return documents

    def keep(self, name: str, data: bytes, documents: list[Written]) -> list[Written]:
        """Remember the documents of a file that is right; gives them as they are remembered, which takes less room."""
        if not self._wanted:
            return documents
        import msgspec

        try:
            raw = msgspec.Raw(msgspec.msgpack.encode(list(map(_told, documents))))
        except OverflowError:  # a number that only text can hold: the file is parsed each time
            return documents
        self._used[_key(name, data)] = raw
        self._new = True
        return _documents(name, raw)

    def save(self) -> None:
        """Write what was used and what is new, where the folder can be written; all or nothing."""
        if not self._new and len(self._used) == len(self._known):
            return
        import msgspec

        payload = msgspec.msgpack.encode({"made_by": self._made_by, "files": self._used})
        part = self._path.with_suffix(f".{os.getpid()}")
        with suppress(OSError):
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            try:
                part.touch(mode=0o600)  # rows may stand in documents
                part.write_bytes(hashlib.sha256(payload).digest() + payload)
                part.replace(self._path)
            finally:
                part.unlink(missing_ok=True)


def _key(name: str, data: bytes) -> str:
    return hashlib.sha256(name.encode() + b"\0" + data).hexdigest()


def _read(path: Path, made_by: str) -> Mapping[str, Any]:
    """What is stored, when it is whole, was made by the same rules, and nobody else could have written it."""
    import msgspec

    try:
        with path.open("rb") as file:
            made = os.fstat(file.fileno())
            content = file.read() if made.st_uid == os.geteuid() and not made.st_mode & _OTHERS else b""
        payload = content[_SEAL_BYTES:]
        if hashlib.sha256(payload).digest() != content[:_SEAL_BYTES]:
            return {}
        stored = msgspec.msgpack.decode(payload, type=dict[str, msgspec.Raw])
        if msgspec.msgpack.decode(stored["made_by"], type=str) != made_by:
            return {}
        return msgspec.msgpack.decode(stored["files"], type=dict[str, msgspec.Raw])
    except (OSError, KeyError, msgspec.MsgspecError):
        return {}


def _told(document: Written) -> tuple[Any, ...]:
    """A document as it is stored; its places by themselves, so that they can be left as they are."""
    import msgspec

    return (
        document.kind,
        document.name,
        document.targets,
        document.fields,
        document.blocks,
        document.protect,
        document.tags,
        document.origin.line,
        document.origin.column,
        msgspec.Raw(msgspec.msgpack.encode(document.places.told())),
    )


@cache
def _decoder() -> Any:
    import msgspec

    return msgspec.msgpack.Decoder(
        list[
            tuple[
                str,
                str,
                tuple[str, ...],
                dict[str, Any],
                dict[str, dict[str, Any]],
                bool,
                tuple[str, ...],
                int,
                int,
                msgspec.Raw,
            ]
        ]
    )


def _read_back(file: str, raw: msgspec.Raw) -> list[Written] | None:
    """The documents as they were kept; None where they were kept in another form."""
    import msgspec

    try:
        return _documents(file, raw)
    except msgspec.MsgspecError:
        return None


def _places(raw: msgspec.Raw) -> list[tuple[str, int, int]]:
    import msgspec

    return msgspec.msgpack.decode(raw, type=list[tuple[str, int, int]])


def _documents(file: str, raw: msgspec.Raw) -> list[Written]:
    return [
        Written(
            kind=kind,
            name=name,
            targets=targets,
            fields=fields,
            blocks=blocks,
            protect=protect,
            tags=tags,
            origin=Origin(file, line, column),
            places=Places(file, partial(_places, places)),
        )
        for kind, name, targets, fields, blocks, protect, tags, line, column, places in _decoder().decode(raw)
    ]
