"""Secrets have no text form, and numbers none but their mask."""

from __future__ import annotations

import copy
import json
import logging
import pickle
import re
import traceback
from collections.abc import Callable
from typing import Any, Final

import msgspec
import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st

from reconciler.personal import HIDDEN, Secret, dotted, mask_number, mask_person, mask_shape, mask_text, mask_value

VALUE: Final = "tok-9f3a1c77"
SECRET: Final = Secret(VALUE)


@pytest.mark.parametrize(
    "text",
    [
        repr(SECRET),
        str(SECRET),
        f"{SECRET}",
        f"{SECRET!r:>20}",
        f"{SECRET:>40}",
        format(SECRET, "s"),
        "%s %r" % (SECRET, SECRET),  # noqa: UP031 - this way of writing text is what is tested
        "{} {0!s}".replace("{}", "{0}").format(SECRET),
        str([SECRET]),
        str({"token": SECRET}),
        ascii(SECRET),
        " ".join(map(str, [SECRET])),
        repr(SECRET.prefixed("bearer ")),
    ],
)
def test_a_secret_shows_as_stars(text: str) -> None:
    """In every way in which a value becomes text."""
    assert VALUE not in text
    assert HIDDEN in text


@pytest.mark.parametrize(
    "store",
    [
        pickle.dumps,
        copy.copy,
        copy.deepcopy,
        json.dumps,
        msgspec.json.encode,
        rfc8785.dumps,
        vars,
        bytes,
        "".join,
        lambda secret: "token: " + secret,
    ],
)
def test_a_secret_is_not_stored(store: Callable[[Any], object]) -> None:
    """What would write its value fails, and says nothing of it."""
    argument: Any = [SECRET] if store == "".join else SECRET
    with pytest.raises(Exception, match=r".") as failed:
        store(argument)

    assert VALUE not in str(failed.value)


def test_a_secret_does_not_leak_through_a_log_or_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    """Both print arguments and locals as text."""
    logging.getLogger("prueba").warning("token %s", SECRET)
    with pytest.raises(KeyError) as failed:
        {}[SECRET]  # type: ignore[index]  # an exception that carries it is what is tested

    assert VALUE not in caplog.text + "".join(traceback.format_exception(failed.value))


def test_only_reveal_gives_the_value() -> None:
    """For the wire, which writes it into a request."""
    assert SECRET.reveal() == VALUE
    assert SECRET.prefixed("bearer ").reveal() == f"bearer {VALUE}"


def test_secrets_compare_by_value() -> None:
    """So that values that hold one can be compared, and a text never equals one."""
    assert Secret(VALUE) == SECRET
    assert hash(Secret(VALUE)) == hash(SECRET)
    assert Secret("other") != SECRET
    assert SECRET != VALUE
    with pytest.raises(AttributeError):
        SECRET.value = "x"  # type: ignore[attr-defined]  # that it has no such attribute is what is tested


@pytest.mark.parametrize(
    ("number", "mask"),
    [
        ("+573001230042", "+57 ••• ••• ••42"),
        ("+59894123001", "+598 ••• ••• ••01"),
        ("+12025550142", "+1 ••• ••• ••42"),
        ("3001230042", "••• ••• ••42"),
        ("300 123 00 42", "••• ••• ••42"),
        ("(300) 123-0042", "••• ••• ••42"),
        ("12", "••"),
        ("", "••"),
    ],
)
def test_a_number_shows_its_country_and_two_digits(number: str, mask: str) -> None:
    """Enough to recognise one's own, too little to call."""
    assert mask_number(number) == mask


@pytest.mark.parametrize(
    ("text", "masked"),
    [
        ("llamar al 3001230042 hoy", "llamar al ••• ••• ••42 hoy"),
        ("+57 300 123 0042", "+57 ••• ••• ••42"),
        ("+57 (300) 123-00-42", "+57 ••• ••• ••42"),
        ("300  123  0042", "••• ••• ••42"),
        ("tel:3001230042;3001230043", "tel:••• ••• ••42;••• ••• ••43"),
        ("hasta 2026-12-01T10:00:00", "hasta 2026-12-01T10:00:00"),
        ("2026-12-01 3001230042", "2026-12-01 ••• ••• ••42"),
        ("2026-12-0155", "••• ••• ••55"),
        ("línea 12 de 345678", "línea 12 de 345678"),
    ],
)
def test_numbers_in_the_words_of_others_are_masked(text: str, masked: str) -> None:
    """However they are written; dates and short counts stay readable."""
    assert mask_text(text) == masked


@given(st.from_regex(r"\+?[1-9]\d{6,14}", fullmatch=True), st.sampled_from(["", " ", ".", "-", " - "]))
def test_no_number_survives_its_mask(number: str, between: str) -> None:
    """Of any length and grouping that numbers have."""
    written = number[:4] + between + number[4:]

    assert len(re.findall(r"\d", mask_text(f"x {written} y"))) <= 5


def test_a_person_is_a_masked_number_and_the_beginning_of_a_name() -> None:
    """Names are keyed: they tell one from another, and nobody who has no key."""
    assert mask_person("+573001230042", "9f3a1c77" * 4) == "+57 ••• ••• ••42 (p:9f3a1c)"
    assert mask_person(None, "9f3a1c77" * 4) == "••• (p:9f3a1c)"


def test_a_personal_value_only_shows_that_it_is_there() -> None:
    """A name or message is a dot or nothing."""
    assert [mask_value(value) for value in ("Ana Ejemplo", 0, "", None)] == ["•••", "•••", "", ""]


@pytest.mark.parametrize(
    ("text", "shape"),
    [
        ("12345", "•••••"),
        ("5.69667E+10", "•.••••••+••"),
        ("3001234567 / 3017654321", "•••••••••• / ••••••••••"),
        ("01/12/2026 8:30", "••/••/•••• •:••"),
        ("Ana Ejemplo", "••• •••••••"),
        ("٣٠٠", "•••"),
        ("a\x07\u202eb", "••••"),
        ("x" * 31, "•" * 24 + "…"),
        ("", ""),
    ],
)
def test_a_shape_shows_how_a_cell_is_written_and_nothing_of_it(text: str, shape: str) -> None:
    """Whatever could be a letter, a digit or a control is a dot."""
    assert mask_shape(text) == shape


@given(st.text())
def test_no_letter_and_no_digit_survives_a_shape(text: str) -> None:
    """Of any script."""
    assert set(mask_shape(text)) <= set("• +-.,:/()…")


@pytest.mark.parametrize("text", ["a +57 300 123 4567 b", "3001234567", "(601) 234-5678,x", "2026-12-01", "no 123456"])
def test_dotted_text_is_as_long_as_it_was(text: str) -> None:
    """So that what points into it points at the same place."""
    shown = dotted(text)

    assert len(shown) == len(text)
    assert (shown == text) is (text in ("2026-12-01", "no 123456"))
    assert not re.search(r"\d{7}", shown)
