"""Bases: the files of rows that uContact takes, one line a row, `;` between columns, and no way to escape anything.

What the file cannot hold is kept out of it by the sheet, which takes such rows out with a reason; the writers here stop
when something got through, since a shifted column would call the wrong person.
"""

from __future__ import annotations

import base64
import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from reconciler.call import Batch
from reconciler.platforms.ucontact.dialect import PRIORITY_LAST, ROWS_MAX, without_arrow
from reconciler.resource import Desired
from reconciler.rows.sheet import Column, Sheet
from reconciler.rows.spec import BESIDE, COMPUTED
from reconciler.target import Target

FILE_NAME_MAX: Final = 50  # characters, ending included; the portal allows them in the name alone
PHONES: Final = (*(f"phone{number}" for number in range(2, 11)), "phone_extra")

_BREAKS: Final = re.compile(r"[;\r\n]")
_NOT_IN_DATA: Final = re.compile(r"[:=#;\r\n]")
_DIGEST: Final = re.compile(r"[0-9a-f]{16,}")

_KEY: Final = Column(name="key")
_PHONE: Final = Column(name="phone", phone=True, required=True)
_PRIORITY: Final = Column(name="priority", pattern=r"^[1-9][0-9]{0,3}$", why="1 (first) to 9999 (last)")

COLUMNS: Final[Mapping[str, tuple[Column, ...]]] = {
    "voice": (
        _KEY,
        _PHONE,
        *(Column(name=name, phone=True) for name in PHONES),
        _PRIORITY,
        Column(name="agent", pattern=r"^[A-Za-z0-9]+$", why="the extension of an agent: letters and digits"),
    ),
    "sms": (_KEY, _PHONE, _PRIORITY),
    "email": (
        _KEY,
        Column(name="email", required=True, pattern=r"^[^@\s;]+@[^@\s;]+$", why="an e-mail address"),
        Column(name="phone", phone=True),
        _PRIORITY,
    ),
}

FORBIDDEN: Final[Mapping[str, str]] = {"voice": r"[;:=#\r\n]", "sms": r"[;\r\n]", "email": r"[;\r\n]"}


def channel_of(desired: Desired) -> str:
    """What a contacts document fills: a voice, sms or email base."""
    return str(desired.block.get("channel") or "voice")


def sheet_of(desired: Desired, target: Target) -> Sheet:
    """How a base's rows are held: columns of the channel, and data under any other name unless `data` names it."""
    channel = channel_of(desired)
    columns = COLUMNS[channel]
    data = desired.block.get("data")
    named = dict.fromkeys(name for name in data or () if name not in {column.name for column in columns})
    return Sheet(
        columns=(*columns, *(Column(name=name) for name in named)),
        identity=identity(desired, "email" if channel == "email" else "phone"),
        readable=False,
        others=channel != "sms" and data is None,
        forbidden=FORBIDDEN[channel],
        add_max=rows_max(target),
    )


def identity(desired: Desired, otherwise: str) -> tuple[str, ...]:
    """What tells rows apart where only the journal remembers them: the key where there is one."""
    mapped = desired.get("columns")
    if mapped is not None:
        return ("key",) if "key" in mapped else (otherwise,)
    rows: Iterable[Mapping[str, Any]] = desired.get("source", {}).get("rows") or ()
    return ("key",) if any("key" in row for row in rows) else (otherwise,)


def rows_max(target: Target) -> int:
    """Rows of one file on this target."""
    return min(ROWS_MAX, int(target.limit("rows_per_upload", ROWS_MAX)))


def file_of(batch: Batch, desired: Desired, campaign: str) -> tuple[str, str]:
    """Name and base64 of the file for one batch. `campaign` is the name that the file's lines carry."""
    line, names = _LINES[channel_of(desired)], desired.block.get("data")
    text = "\n".join(_joined(line(campaign, row, names)) for row in batch.rows)
    return file_name(desired.address.name, batch.digest), base64.b64encode(text.encode()).decode()


def file_name(document: str, digest: str) -> str:
    """`<document>_<16 hex of the batch>.csv`: the same for the same rows, and never one that begins with `R`.

    Raises ValueError for a batch without a digest: two files must not share a name.
    """
    if not _DIGEST.match(digest):
        raise ValueError("a batch without a digest")
    tail = f"_{digest[:16]}.csv"
    plain = unicodedata.normalize("NFKD", document).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9_-]+", "-", plain).strip("-") or "base"
    return slug[: FILE_NAME_MAX - len(tail)] + tail


def _joined(fields: Iterable[str]) -> str:
    """One line. Raises ValueError when a field would end it, or begin another field."""
    columns = list(fields)
    if any(_BREAKS.search(column) for column in columns):
        raise ValueError("a value that a base cannot hold")
    return ";".join(columns)


def _voice(campaign: str, row: Mapping[str, str], names: Iterable[str] | None) -> list[str]:
    """campaign;phone;k=v:k2=v2;alternatives;priority;agentPhone"""
    data = _data(row, names, "voice")
    if any(_NOT_IN_DATA.search(value) for value in data.values()):
        raise ValueError("a value that a voice base cannot hold")
    return [
        campaign,
        row["phone"],
        ":".join(f"{name}={value}" for name, value in data.items()),
        ":".join(row[name] for name in PHONES if row.get(name)),
        row.get("priority") or PRIORITY_LAST,
        row.get("agent", ""),
    ]


def _sms(campaign: str, row: Mapping[str, str], names: Iterable[str] | None) -> list[str]:
    """dialer;destination;message;priority"""
    del names
    return [without_arrow(campaign), row["phone"], row["text"], row.get("priority") or PRIORITY_LAST]


def _email(campaign: str, row: Mapping[str, str], names: Iterable[str] | None) -> list[str]:
    """dialer;address;text;;"name":"value","name":"value";priority. Columns three and four are assumed."""
    members = json.dumps(_data(row, names, "email"), ensure_ascii=False, separators=(",", ":"))[1:-1]
    return [campaign, row["email"], row["text"], "", members, row.get("priority") or PRIORITY_LAST]


_LINES: Final[Mapping[str, Callable[[str, Mapping[str, str], Iterable[str] | None], list[str]]]] = {
    "voice": _voice,
    "sms": _sms,
    "email": _email,
}


def _data(row: Mapping[str, str], names: Iterable[str] | None, channel: str) -> dict[str, str]:
    """The columns of a row that go along as data: those that `data` names, else all that have no place of their own.

    A header's name may hold what a label cannot; it is written with `_` instead.
    """
    own = {*BESIDE, *COMPUTED, *(column.name for column in COLUMNS[channel])}
    wanted = names if names is not None else (name for name in row if name not in own and not name.startswith("_"))
    return {_NOT_IN_DATA.sub("_", name): row[name] for name in wanted if row.get(name)}
