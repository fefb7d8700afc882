"""Documents that were parsed and found right before, known again by the digest of their file.

Nothing rests on this: a file whose bytes differ, another version of this program, other rules for documents or a damaged
store mean that the file is parsed again. It holds plain data, never code, and may be deleted at any time. Small projects do
without it.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from reconciler.resource import Origin

if TYPE_CHECKING:
    import msgspec

FILES_MIN: Final = 200  # below that, parsing is quicker than looking here
NAME: Final = "documents.bin"
_SEAL_BYTES: Final = 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A document as it was written, once its form is known to be right: values as its record understood them."""

    kind: str
    values: Mapping[str, Any]
    origin: Origin
    places: Mapping[str, Origin]


class Remembered:
    """The documents of one project's files. `made_by` names everything that decided how they were understood."""

    def __init__(self, folder: Path, made_by: str, files: int) -> None:
        self._path = folder / NAME
        self._made_by = made_by
        self._known: Mapping[str, Any] = {}
        self._used: dict[str, Any] = {}
        self._new = False
        self._wanted = files >= FILES_MIN
        if self._wanted:
            self._known = _read(self._path, made_by)

    def find(self, name: str, data: bytes) -> list[Written] | None:
        """The documents of a file of that name and content; None when they are not known."""
        if not self._wanted:
            return None
        key = _key(name, data)
        raw = self._known.get(key)
        if raw is None:
            return None
        self._used[key] = raw
        return _documents(name, raw)

    def keep(self, name: str, data: bytes, documents: list[Written]) -> list[Written]:
        """Remember the documents of a file that is right; gives them as they are remembered, which takes less room."""
        if not self._wanted:
            return documents
        import msgspec

        told = [
            (
                document.kind,
                document.values,
                document.origin.line,
                document.origin.column,
                msgspec.Raw(
                    msgspec.msgpack.encode([(path, place.line, place.column) for path, place in document.places.items()])
                ),
            )
            for document in documents
        ]
        try:
            raw = msgspec.Raw(msgspec.msgpack.encode(told))
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
                part.write_bytes(hashlib.sha256(payload).digest() + payload)
                part.replace(self._path)
            finally:
                part.unlink(missing_ok=True)


class _Places(Mapping[str, Origin]):
    """Where each path was written, decoded when somebody asks: most documents have nothing to say."""

    __slots__ = ("_file", "_known", "_raw")

    def __init__(self, file: str, raw: msgspec.Raw) -> None:
        self._file = file
        self._raw = raw
        self._known: dict[str, Origin] | None = None

    def _all(self) -> dict[str, Origin]:
        if self._known is None:
            import msgspec

            places = msgspec.msgpack.decode(self._raw, type=list[tuple[str, int, int]])
            self._known = {path: Origin(self._file, line, column) for path, line, column in places}
        return self._known

    def __getitem__(self, path: str) -> Origin:
        return self._all()[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


def _key(name: str, data: bytes) -> str:
    return hashlib.sha256(name.encode() + b"\0" + data).hexdigest()


def _read(path: Path, made_by: str) -> Mapping[str, Any]:
    """What is stored, when it is whole and was made by the same rules."""
    import msgspec

    try:
        content = path.read_bytes()
        payload = content[_SEAL_BYTES:]
        if hashlib.sha256(payload).digest() != content[:_SEAL_BYTES]:
            return {}
        stored = msgspec.msgpack.decode(payload, type=dict[str, msgspec.Raw])
        if msgspec.msgpack.decode(stored["made_by"], type=str) != made_by:
            return {}
        return msgspec.msgpack.decode(stored["files"], type=dict[str, msgspec.Raw])
    except (OSError, KeyError, msgspec.MsgspecError):
        return {}


def _documents(name: str, raw: msgspec.Raw) -> list[Written]:
    import msgspec

    told = msgspec.msgpack.decode(raw, type=list[tuple[str, dict[str, Any], int, int, msgspec.Raw]])
    return [
        Written(kind=kind, values=values, origin=Origin(name, line, column), places=_Places(name, places))
        for kind, values, line, column, places in told
    ]
