"""Which files may be read: paths that stay inside, patterns, endings; and whether a file is still the one that was found."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import BinaryIO, Final, Literal, cast

from reconciler.catalogue import say
from reconciler.diagnostics import Finding
from reconciler.rows import packing
from reconciler.rows.spec import RowsSpec

Form = Literal["csv", "jsonl", "parquet", "whole"]

FILES_MAX: Final = 1_000
_PATTERN: Final = frozenset("*?[")


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """A file that may be read. `path` is real and absolute; `shown` is as the document writes it.

    `stamp` is the state of the file when it was found; () for a private copy, which nobody else writes.
    """

    path: Path
    shown: str
    form: Form
    packing: packing.Packing = ""
    stamp: tuple[int, ...] = ()

    def open(self) -> BinaryIO:
        """Its bytes, unpacked."""
        return packing.opened(self.path, self.packing)

    def changed(self) -> bool:
        """Whether the file is no longer what it was when it was found."""
        try:
            return bool(self.stamp) and stamp(self.path.stat()) != self.stamp
        except OSError:
            return True


def stamp(found: os.stat_result) -> tuple[int, ...]:
    """What differs once a file was written or replaced."""
    return found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns, found.st_ctime_ns


def locate(spec: RowsSpec) -> tuple[Place, ...] | Finding:
    """The files that a source names, by name, or what is wrong with them (PTH001, PTH002, SRC002, SRC004, SRC006).

    Symlinks are followed first and judged by where they lead. A `*`, `?` or `[` in the file's name is a pattern, unless a
    file has that very name.
    """
    shown = str(spec.source["file"]).replace("{target}", spec.target)
    form, packed = ("whole", "") if spec.sheet.whole_file else form_of(shown)
    if form is None:
        return unknown_form(spec, shown)
    if spec.sheet.whole_file or not _PATTERN & set(shown.rpartition("/")[2]) or os.path.lexists(spec.folder / shown):
        found = _place(spec, shown, form, packed)
        return found if isinstance(found, Finding) else (found,)
    names = sorted(_fitting(spec, shown))
    if len(names) > FILES_MAX:
        words = say("more than {most:,} files fit '{file}'", most=FILES_MAX, file=shown)
        return spec.mistake("SRC006", words, "source.file", say("narrow the pattern"))
    places = []
    for name in names:
        found = _place(spec, name, form, packed)
        if isinstance(found, Finding):
            return found
        places.append(found)
    if not places:
        words = say("no file fits '{file}'", file=shown)
        return spec.mistake("PTH002", words, "source.file", say("correct the pattern, or add the files"))
    return tuple(places)


def form_of(shown: str) -> tuple[Form | None, packing.Packing]:
    """The form that a file's ending says, and how it is packed."""
    packed: packing.Packing = ""
    name = shown.lower()
    if name.endswith((".gz", ".zst")):
        name, _, ending = name.rpartition(".")
        packed = cast(packing.Packing, ending)
    ending = name.rpartition(".")[2]
    if ending in ("csv", "jsonl"):
        return cast(Form, ending), packed
    return ("parquet", packed) if ending == "parquet" and not packed else (None, packed)


def unknown_form(spec: RowsSpec, shown: str) -> Finding:
    """The finding for an ending that says no form."""
    words = say("'{file}' is none of csv, jsonl and parquet", file=shown)
    remedy = say("convert the file, and give it one of these endings; csv and jsonl may be packed as .gz or .zst")
    return spec.mistake("SRC004", words, "source.file", remedy)


def _fitting(spec: RowsSpec, shown: str) -> Iterator[str]:
    """The files that a pattern names, written as the pattern is. Only where the folder may be read at all."""
    folder, slash, pattern = shown.rpartition("/")
    where = _inside(spec, folder or slash or ".")
    if where is None or not where.is_dir():
        return
    with suppress(PermissionError), os.scandir(where) as entries:
        for entry in entries:
            if fnmatchcase(entry.name, pattern) and (not entry.name.startswith(".") or pattern.startswith(".")):
                yield f"{folder}{slash}{entry.name}"


def _inside(spec: RowsSpec, shown: str) -> Path | None:
    """Where a path really leads; None where that may not be read."""
    if "\0" in shown:
        return None
    path = Path(os.path.realpath(spec.folder / shown))
    roots = [Path(os.path.realpath(root)) for root in (spec.root, *(spec.root / folder for folder in spec.data_roots))]
    return path if any(path.is_relative_to(root) for root in roots) else None


def _place(spec: RowsSpec, shown: str, form: Form, packed: packing.Packing) -> Place | Finding:
    path = _inside(spec, shown)
    if path is None:
        return spec.mistake(
            "PTH001",
            say("'{file}' leads out of the project", file=shown),
            "source.file",
            say("keep the file inside the project, or list its folder under data_roots"),
        )
    try:
        found = path.stat()
    except OSError:
        return spec.mistake(
            "PTH002", say("there is no file '{file}'", file=shown), "source.file", say("correct the path, or add the file")
        )
    if not stat.S_ISREG(found.st_mode):
        return spec.mistake("SRC002", say("'{file}' is not a file", file=shown), "source.file", say("name a file"))
    if not os.access(path, os.R_OK):
        words = say("'{file}' may not be read", file=shown)
        return spec.mistake("SRC002", words, "source.file", say("give the program the right to read it"))
    return Place(path=path, shown=shown, form=form, packing=packed, stamp=stamp(found))
