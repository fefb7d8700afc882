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
    suspicious = not written.isascii() or (b"e-" in written and _EXPONENT.search(written))
    return rfc8785.dumps(value) if suspicious and not _written_alike(value) else written


def text(value: Any) -> str:
    """`value`, which `plain` gave, as JSON that only has to be the same each time."""
    return _encoder()(value).decode()


def plain(value: Any) -> Any:
    """`value` as JSON knows it, itself where it is that already; TypeError for what JSON does not know (a `Secret` above all).

    What a platform said must be recordable whatever it holds, so numbers that JSON does not keep exactly become text, and half
    characters become U+FFFD. A whole number is an integer, however it was given.
    """
    return value if _is_plain(value) else _made_plain(value)


def _is_plain(value: object) -> bool:
    """Whether it is surely plain: told quickly for nearly everything that an entry holds."""
    if type(value) is str:
        return value.isascii() or value.isprintable()  # half characters are neither
    if type(value) is dict:
        for name, item in value.items():
            if not (type(name) is str and name.isascii()):
                return False
            if not (type(item) is str and item.isascii()) and not _is_plain(item):
                return False
        return True
    if type(value) is list:
        return all(map(_is_plain, value))
    if type(value) is int:
        return abs(value) <= SAFE_INTEGER
    return value is None or type(value) is bool


def _made_plain(value: Any) -> Any:
    kind = type(value)
    if kind is dict:
        return {_made_plain(str(name)): _made_plain(item) for name, item in value.items()}
    if value is None or kind is bool:
        return value
    if isinstance(value, str):
        return _whole_characters(str(value))
    if isinstance(value, int):
        return int(value) if abs(value) <= SAFE_INTEGER else str(value)
    if isinstance(value, float):
        if not abs(value) <= SAFE_INTEGER:  # neither is what is no number
            return str(value)
        return int(value) if value.is_integer() else float(value)
    if isinstance(value, list | tuple):
        return [_made_plain(item) for item in value]
    if isinstance(value, Mapping):
        return _made_plain(dict(value))
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
