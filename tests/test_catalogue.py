"""What people read passes one catalogue, and what it quotes is never read as a template."""

from __future__ import annotations

import gettext
from collections.abc import Iterator

import pytest

from reconciler import catalogue
from reconciler.catalogue import say, speak


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    """The language belongs to the process."""
    yield
    speak("en")


def test_a_sentence_is_filled_with_its_values() -> None:
    """By their names, with the forms that a sentence asks for."""
    assert say("{count:,} people in {share:.0%}", count=11926, share=0.3) == "11,926 people in 30%"
    assert say("write {{env: NAME}}") == "write {env: NAME}"


@pytest.mark.parametrize("hostile", ["{count}", "{0}", "{name.__class__}", "%s", "{", "}}", "{{name}}"])
def test_a_value_is_never_a_template(hostile: str) -> None:
    """A campaign may be called anything."""
    assert say("'{name}' is not ours", name=hostile) == f"'{hostile}' is not ours"


def test_a_missing_value_is_a_mistake_of_ours() -> None:
    """Never a sentence with a hole in it."""
    with pytest.raises(KeyError):
        say("'{name}' is not ours")


@pytest.mark.parametrize("language", ["en", "es", "qu", ""])
def test_a_language_without_a_translation_speaks_english(language: str) -> None:
    """A missing catalogue is no error."""
    speak(language)

    assert say("keep one of them")


def test_a_translation_is_used_and_falls_back_sentence_by_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a translation lacks is said in English."""

    class Spanish(gettext.NullTranslations):
        def gettext(self, message: str) -> str:
            return {"keep {count} of them": "deje {count}"}.get(message, message)

    monkeypatch.setattr(catalogue, "_speaker", Spanish())

    assert say("keep {count} of them", count=1) == "deje 1"
    assert say("remove it") == "remove it"
