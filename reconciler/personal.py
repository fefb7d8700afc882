"""Secrets and personal values as types, so that nothing has to search for them in text later.

A `Secret` has no text form but `***`; only the wire asks it for its value. What belongs to a person is shown through
`mask` or not at all.
"""

from __future__ import annotations

import re
from typing import Any, Final, NoReturn

HIDDEN: Final = "***"

# ITU-T E.164: one digit in zones 1 and 7; three where the zone's numbers begin so; else two.
_CALLING_CODE: Final = re.compile(r"[17]|(?:2[1-689]|3[578]|42|5[09]|6[789]|8[0578]|9[679])\d|\d\d")
_DIGITS: Final = re.compile(r"\d")
_CHARACTER: Final = re.compile(r"[^ +\-.,:/()]")  # beside what separates the parts of numbers and dates
_SHAPE_MAX: Final = 24
_NAME_SHOWN: Final = 6
_DATE: Final = r"(?:19|20)\d\d-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?![\d-])"
_LONG_NUMBER: Final = re.compile(rf"(?P<date>{_DATE})|\+?\d(?:[\s().-]{{0,3}}\d){{6,}}")


class Secret:
    """A value that may be sent to its platform and nowhere else."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself. Called by the wire when it writes a request, and by nothing else."""
        return self._value

    def prefixed(self, prefix: str) -> Secret:
        """A secret that reads `prefix` and then this one, for headers such as `bearer <token>`."""
        return Secret(prefix + self._value)

    def __repr__(self) -> str:
        return HIDDEN

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return HIDDEN

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and other._value == self._value

    def __hash__(self) -> int:
        return hash(("secret", self._value))

    def __reduce__(self) -> NoReturn:
        raise TypeError("a secret is not stored")


def mask_number(number: str) -> str:
    """A phone number with all but its country code and last two digits hidden: `+57 ••• ••• ••42`."""
    digits = "".join(_DIGITS.findall(number))
    if len(digits) < 4:
        return "••"
    code = _CALLING_CODE.match(digits)
    lead = f"+{code.group()} " if code and number.strip().startswith("+") else ""
    return f"{lead}••• ••• ••{digits[-2:]}"


def mask_text(text: str) -> str:
    """`text` with everything that could be a phone number (seven digits or more) masked, for words that others wrote.

    Dates (`2026-12-01`) stay.
    """
    return _LONG_NUMBER.sub(lambda found: found["date"] or mask_number(found.group()), text)


def dotted(text: str) -> str:
    """`text` as long as it is, with the digits of everything that could be a phone number as dots; dates stay."""
    return _LONG_NUMBER.sub(lambda found: found["date"] or _DIGITS.sub("•", found.group()), text)


def mask_person(number: str | None, name: str) -> str:
    """Somebody by masked number, where there is one, and the beginning of their keyed name: `+57 ••• ••• ••42 (p:9f3a1c)`."""
    return f"{mask_number(number) if number else '•••'} (p:{name[:_NAME_SHOWN]})"


def mask_shape(text: str) -> str:
    """How a number or a date is written, and nothing of it: `••/••/••••`. Whatever separates no parts of these is a dot."""
    shape = _CHARACTER.sub("•", text[:_SHAPE_MAX])
    return f"{shape}…" if len(text) > _SHAPE_MAX else shape


def mask_value(value: Any) -> str:
    """A personal value of any kind as `•••`; whether there was a value stays visible."""
    return "•••" if value not in (None, "") else ""
