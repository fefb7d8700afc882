"""The alphabet of short messages, and what a text weighs in it: GSM 03.38 (3GPP TS 23.038, 6.2.1), or else UCS-2.

One character outside the alphabet makes a whole message UCS-2, where a segment holds less than half as much. So each such
character has here, where there is one, its plain form: what people write where they have no accents. The same forms are
proposed for wordings and counted in plans. A form never changes what is said: where the nearest one would (`≠`, `½`), there
is none.
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import Final

BASIC: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION: Final = "\f^{}\\[~]|€"
"""Characters behind an escape: they take two septets, which one segment must hold together."""

SINGLE_SEPTETS: Final = 160
PART_SEPTETS: Final = 153  # of a message in several segments, each with a header of six octets
SINGLE_UNITS: Final = 70
PART_UNITS: Final = 67

ASTRAL: Final = "\U00010000-\U0010ffff"
"""The inside of a character class: what takes two code units of UCS-2, which one segment must hold together."""

_ALPHABET: Final = frozenset(BASIC + EXTENSION)
_BASIC: Final = frozenset(BASIC)

# Marks that only carry an accent. Those that strike a character through (U+0334 to U+0338) may negate it, and stay.
_ACCENTS: Final = "\u0300-\u0333\u0339-\u036f"
_ACCENT: Final = re.compile(f"[{_ACCENTS}]")
_MARKED: Final = re.compile(f"([^{_ACCENTS}])[{_ACCENTS}]+")

# Digits in another place than on the line mean another number: `5½` is not `51/2`, and `10²` not `102`.
_RAISED: Final = re.compile("<(super|sub|fraction|circle|square|compat)>")

# What Unicode's own decompositions do not give.
_FORMS: Final = {
    **dict.fromkeys("“”„‟«»〝〞", '"'),
    **dict.fromkeys("‘’‚‛′´`ʼʹ", "'"),
    **dict.fromkeys("‐‑‒–—―−⁃﹘", "-"),
    **dict.fromkeys("•‣▪●◦", "-"),
    **dict.fromkeys("·∙‧", "."),
    **dict.fromkeys("✓✔☑", "OK"),
    **dict.fromkeys("×✕✖", "x"),
    **dict.fromkeys("→⇒➔➜►▶", "->"),
    **dict.fromkeys("⁄∕÷¦｜＼", "/"),
    **dict.fromkeys("【〔［｛", "("),
    **dict.fromkeys("】〕］｝", ")"),
    **dict.fromkeys("\u00ad\u200b\u200e\u200f\u2060\ufeff", ""),
    **dict.fromkeys("\t\u2028\u2029", " "),
    "ł": "l",
    "Ł": "L",
    "đ": "d",
    "Đ": "D",
    "ð": "d",
    "Ð": "D",
    "ħ": "h",
    "Ħ": "H",
    "ı": "i",
    "þ": "th",
    "Þ": "Th",
    "œ": "oe",
    "Œ": "OE",
    "ẞ": "SS",
    "º": "o",
    "ª": "a",
    "©": "(c)",
    "®": "(R)",
    "¢": "c",
    "µ": "u",
    "～": "-",
    "‹": "<",
    "›": ">",
}


def fits(text: str) -> bool:
    """Whether every character is in the alphabet."""
    return _ALPHABET.issuperset(text)


def costly(text: str) -> list[str]:
    """The characters that are not in the alphabet, each once, in order."""
    return [character for character in dict.fromkeys(text) if character not in _ALPHABET]


@cache
def form(character: str) -> str | None:
    """What stands for a character outside the alphabet: basic characters, "" for what nobody sees; None where nothing does."""
    if character in _FORMS:
        return _FORMS[character]
    if _ACCENT.match(character):
        return ""
    apart = unicodedata.normalize("NFKD", character)
    raised = _RAISED.match(unicodedata.decomposition(character))
    if apart == character or (raised and any(one.isdecimal() for one in apart)):
        return None
    found = [one if one in _BASIC else form(one) for one in apart]
    return None if None in found else "".join(one for one in found if one is not None)


def plain(text: str) -> str:
    """A text with each costly character in its plain form. What has none stays; what is in the alphabet is not touched.

    A letter with its accent written apart (`n` and U+0303) is the letter that they make together.
    """
    whole = _MARKED.sub(_composed, text)
    return "".join(one if one in _ALPHABET or (put := form(one)) is None else put for one in whole)


def _composed(found: re.Match[str]) -> str:
    stable = unicodedata.normalize("NFC", found[1]) == found[1]
    return unicodedata.normalize("NFC", found[0]) if stable else found[0]


def segments(text: str) -> int:
    """How many segments one message takes; 1 for an empty one."""
    if fits(text):
        sizes, single, part = [2 if one in EXTENSION else 1 for one in text], SINGLE_SEPTETS, PART_SEPTETS
    else:
        sizes, single, part = [2 if ord(one) > 0xFFFF else 1 for one in text], SINGLE_UNITS, PART_UNITS
    if sum(sizes) <= single:
        return 1
    count, room = 1, part
    for size in sizes:
        if size > room:
            count, room = count + 1, part
        room -= size
    return count


def named(character: str) -> str:
    """A character so that it can be found by eye or by code: `á (U+00E1)`; by name where there is nothing to see."""
    code = f"U+{ord(character):04X}"
    if character.isprintable() and not unicodedata.category(character).startswith(("M", "Z")):
        return f"{character} ({code})"
    return f"{code} {unicodedata.name(character, '')}".strip()
