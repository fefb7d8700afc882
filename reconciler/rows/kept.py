"""Prepared columns: the numbers of a list, kept for the next plan under the digest of the bytes that they were read from.

Ten million numbers take seconds to read from their file, and a tenth of one from here. A file of this folder holds people's
numbers as they are: **it is as personal as the list itself, and to be protected like the journal**. It is readable by its
owner alone, lies where nothing is committed (`.reconciler/cache`), and goes when its list goes. It may be deleted at any time.

Nothing rests on it. A file's name tells the list and the digest of its bytes, and ends in a seal over that and the content
under the journal's key: what another project, another version of this program or a damaged disk left there is made again.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import shutil
from collections.abc import Callable, Collection
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from reconciler import __version__
from reconciler.rows import digest, sql

if TYPE_CHECKING:
    from reconciler.rows.engine import Engine

RULES: Final = 1  # raised with every change of what a prepared column holds
_LEAD: Final = "numbers-"
_ENDING: Final = ".parquet"
_PARTS: Final = 3  # of a file's name: the list, what it was read from, the seal


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """What a column was made from: a list's name, the SHA-256 of its bytes in hex, and how they were read."""

    name: str
    digest: str
    settings: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """A digest over all of it, and over everything in this program that decides what comes out."""
        made_by = (str(RULES), __version__, version("phonenumbers"))
        return hashlib.sha256(digest.UNIT.join((self.name, self.digest, *made_by, *self.settings)).encode()).hexdigest()


class KeptColumns:
    """The prepared columns of one project."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def find(self, engine: Engine, reading: Reading) -> str | None:
        """A list as `suppress.suppress` takes it; None where nothing credible is kept."""
        for path in self._folder.glob(f"{_LEAD}*.{reading.key}.*{_ENDING}"):
            if path.is_symlink() or not path.is_file():  # what we keep is neither, and reading might never end
                continue
            own = engine.folder / (engine.fresh("column") + _ENDING)
            with suppress(OSError):
                _put(path, own)  # what is read is what was checked, whatever becomes of the other
                if path.name == _named(engine, reading, own):
                    return _view(engine, own)
            own.unlink(missing_ok=True)
        return None

    def keep(self, engine: Engine, reading: Reading, table: str) -> str:
        """Take over a table (`number`, `tail`) and keep it where the folder can be written; gives what `find` gives."""
        own = engine.folder / (engine.fresh("column") + _ENDING)
        engine.run(
            f"COPY (SELECT number, tail FROM {table} ORDER BY number, tail) TO {sql.literal(str(own))} "
            "(FORMAT parquet, COMPRESSION zstd, PARQUET_VERSION V2)"
        )
        engine.drop(table)
        own.chmod(0o600)
        with suppress(OSError):
            self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if self._folder.is_symlink():  # whoever made it chose where numbers would lie
                return _view(engine, own)
            self._folder.chmod(0o700)
            part = self._folder / f"{_LEAD}{os.getpid()}"
            part.unlink(missing_ok=True)
            try:
                _put(own, part)
                self._forget(lambda name: name == reading.name)
                part.replace(self._folder / _named(engine, reading, own))
            finally:
                part.unlink(missing_ok=True)
        return _view(engine, own)

    def only(self, names: Collection[str]) -> None:
        """Forget the columns of every other list."""
        self._forget(lambda name: name not in names)

    def _forget(self, whose: Callable[[str], bool]) -> None:
        with suppress(OSError):
            for path in self._folder.glob(f"{_LEAD}*{_ENDING}"):
                parts = path.name.removeprefix(_LEAD).removesuffix(_ENDING).rsplit(".", _PARTS - 1)
                if len(parts) == _PARTS and whose(parts[0]):
                    path.unlink(missing_ok=True)


def _named(engine: Engine, reading: Reading, path: Path) -> str:
    """The name that a file of this content has."""
    with path.open("rb") as file:
        content = hashlib.file_digest(file, "sha256").digest()
    seal = hmac.digest(engine.key, b"column" + bytes.fromhex(reading.key) + content, "sha256").hex()
    return f"{_LEAD}{reading.name}.{reading.key}.{seal[:32]}{_ENDING}"


def _put(path: Path, there: Path) -> None:
    """The same file in another place; a copy where a disk ends between the two."""
    try:
        os.link(path, there)
    except OSError:
        shutil.copyfile(path, there)
        there.chmod(0o600)


def _view(engine: Engine, path: Path) -> str:
    """A column as a view (`number`, `tail`, `odd`) that is read from its file as it is needed; what is no number is little."""
    column, tails, view = f"read_parquet({sql.literal(str(path))})", engine.fresh("tails"), engine.fresh("list")
    engine.run(f"CREATE TABLE {tails} AS SELECT tail FROM {column} WHERE number IS NULL")
    engine.run(
        f"CREATE VIEW {view} AS SELECT number, NULL::VARCHAR AS tail, false AS odd FROM {column} WHERE number IS NOT NULL "
        f"UNION ALL SELECT NULL::BIGINT, tail, true FROM {tails}"
    )
    return view
