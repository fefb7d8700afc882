"""RFC 8785 canonical JSON at the price that an entry may cost.

A fast encoder writes the same bytes as RFC 8785 for nearly everything that an entry holds. What it would write otherwise is
known, and goes to the reference: names that are not ASCII (RFC 8785 orders by UTF-16), and numbers whose shortest form
JavaScript writes in another way.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Final

import rfc8785

SAFE_INTEGER: Final = 2**53 - 1

# Below this Python writes an exponent, and JavaScript does not yet.
_PLAIN_LEAST: Final = 1e-4
_EXPONENT: Final = re.compile(rb"\de-\d")


def dumps(value: Any) -> bytes:
    """`value`, which `plain` gave, as canonical JSON."""
    written = _encoder()(value)
    suspicious = not written.isascii() or _EXPONENT.search(written)
    return rfc8785.dumps(value) if suspicious and not _written_alike(value) else written


def text(value: Any) -> str:
    """`value`, which `plain` gave, as JSON that only has to be the same each time."""
    return _encoder()(value).decode()


def plain(value: Any) -> Any:
    """`value` as JSON knows it; TypeError for what JSON does not know (a `Secret` above all).

    What a platform said must be recordable whatever it holds, so numbers that JSON does not keep exactly become text, and half
    characters become U+FFFD. A whole number is an integer, however it was given.
    """
    kind = type(value)
    if kind is str:
        return value if value.isascii() else _whole_characters(value)
    if kind is dict:
        return {plain(str(name)): plain(item) for name, item in value.items()}
    if value is None or kind is bool:
        return value
    if isinstance(value, int):
        return int(value) if abs(value) <= SAFE_INTEGER else str(value)
    if isinstance(value, float):
        if not abs(value) <= SAFE_INTEGER:  # neither is what is no number
            return str(value)
        return int(value) if value.is_integer() else float(value)
    if isinstance(value, str):
        return _whole_characters(str(value))
    if isinstance(value, Mapping):
        return plain(dict(value))
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    raise TypeError(f"a journal entry cannot hold a {kind.__name__}")


@cache
def _encoder() -> Callable[[Any], bytes]:
    import msgspec  # only who writes pays for it

    return msgspec.json.Encoder(order="deterministic").encode


def _whole_characters(text: str) -> str:
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _written_alike(value: Any) -> bool:
    """Whether both encoders write `value` alike."""
    kind = type(value)
    if kind is dict:
        return all(name.isascii() and _written_alike(item) for name, item in value.items())
    if kind is list:
        return all(map(_written_alike, value))
    return kind is not float or abs(value) >= _PLAIN_LEAST
