"""What may be printed. Names, values and messages are written by others, and pass through here before anybody sees them.

A terminal obeys control bytes and a build log obeys lines that look like its commands; neither ever gets any from data.
"""

from __future__ import annotations

import json
import unicodedata
from collections.abc import Iterable
from typing import Any, Final

NOTHING: Final = "–"

_PICTURES: Final = 0x2400  # Unicode's pictures of the control characters, in their order
_CONTEXT: Final = 8


def plain(text: object) -> str:
    """`text` on one line, with everything that is not visible written out as an escape (`\\x1b`, `\\u202e`).

    Direction marks, zero-width characters and half surrogates count as invisible. `##` and a leading `::` are broken up:
    build systems take lines with them for commands.
    """
    words = str(text)
    if not words.isprintable():
        words = "".join(sign if sign.isprintable() else _escaped(sign) for sign in words)
    if "##" in words:
        words = words.replace("##", "#\\x23")
    if words.lstrip().startswith("::"):
        words = words.replace("::", ":\\x3a", 1)
    return words


def sentence(text: object) -> str:
    """A message as `plain` text, its line breaks turned into spaces."""
    return plain(" ".join(str(text).split()))


def shown(value: Any) -> str:
    """A field's value: text as it is, lists and mappings as compact JSON, – where there is none."""
    if value is None:
        return NOTHING
    if isinstance(value, str):
        return plain(value) if value.strip() else f'"{plain(value)}"'
    return plain(json.dumps(value, ensure_ascii=False, separators=(", ", ": ")))


def picture(line: str) -> str:
    """A line of a source with one visible character for each of its own, so that a caret below it stands right."""
    if line.isprintable():
        return line
    return "".join(sign if sign.isprintable() else _pictured(sign) for sign in line)


def breadth(text: str) -> int:
    """How many columns of a terminal `text` takes."""
    if text.isascii():
        return len(text)
    return sum(_columns(sign) for sign in text)


def pad(text: str, columns: int) -> str:
    """`text` filled with spaces up to `columns`."""
    return text + " " * (columns - breadth(text))


def clip(text: str, most: int) -> str:
    """`text`, cut with an ellipsis where it is longer than `most` characters."""
    return text if len(text) <= most else text[: most - 1] + "…"


def clip_pair(before: str, after: str, most: int) -> tuple[str, str]:
    """Both texts cut to `most` characters, in such a way that the place where they begin to differ stays in sight."""
    if len(before) <= most and len(after) <= most:
        return before, after
    start = max(0, _common(before, after) - _CONTEXT)
    lead = "…" if start else ""
    return lead + clip(before[start:], most), lead + clip(after[start:], most)


def joined(parts: Iterable[str], link: str = " · ") -> str:
    """The parts that are not empty, linked."""
    return link.join(part for part in parts if part)


def _common(one: str, other: str) -> int:
    same = 0
    for left, right in zip(one, other, strict=False):
        if left != right:
            break
        same += 1
    return same


def _escaped(sign: str) -> str:
    return sign.encode("unicode_escape").decode("ascii")


def _pictured(sign: str) -> str:
    code = ord(sign)
    if code < 0x20:
        return chr(_PICTURES + code)
    return " " if unicodedata.category(sign) == "Zs" else "\N{REPLACEMENT CHARACTER}"


def _columns(sign: str) -> int:
    if unicodedata.combining(sign):
        return 0
    return 2 if unicodedata.east_asian_width(sign) in "WF" else 1
