"""The one catalogue of what people read.

Every sentence that reaches a person passes through `say`, so that a second language is a file and not a change of code.
English is the language of the sources; a language without a translation falls back to it.
"""

from __future__ import annotations

import gettext
from typing import Any, Final

DOMAIN: Final = "reconciler"
SOURCES: Final = "en"  # what the sentences in the sources are written in

_speaker: gettext.NullTranslations = gettext.NullTranslations()
_language = SOURCES


def speak(language: str) -> None:
    """Choose the language of `say` for this process, by its two-letter code; an unknown one speaks English."""
    global _speaker, _language  # noqa: PLW0603 - the language is a property of the process, set once by the command line
    _language = language
    if language == SOURCES:
        _speaker = gettext.NullTranslations()
        return
    from pathlib import Path

    _speaker = gettext.translation(DOMAIN, Path(__file__).with_name("locale"), [language], fallback=True)


def language() -> str:
    """The language that was chosen, for texts that come in several with the data that holds them."""
    return _language


def say(sentence: str, /, **values: Any) -> str:
    """Translate `sentence` and fill its `{names}`; the values themselves are never read as templates."""
    return _speaker.gettext(sentence).format(**values)
