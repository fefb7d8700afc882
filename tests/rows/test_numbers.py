"""The fast path for numbers agrees with phonenumbers, digit by digit."""

from __future__ import annotations

from collections.abc import Iterator

import phonenumbers
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.rows import numbers, sql
from reconciler.rows.engine import Engine

COUNTRIES = ("CO", "MX", "CL", "AR", "PE", "BR", "UY", "EC", "CR", "US")
TYPES = (
    phonenumbers.PhoneNumberType.MOBILE,
    phonenumbers.PhoneNumberType.FIXED_LINE,
    phonenumbers.PhoneNumberType.TOLL_FREE,
    phonenumbers.PhoneNumberType.PREMIUM_RATE,
)
LEADS = ("", "+{cc}", "{cc}", "00{cc}", "0", "00", "011{cc}", "+", "1", "01", "015", "9", "15", "521", "+521", "549", "+549", "0{cc}")


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with Engine(key=b"k" * 32) as made:
        yield made


def by_phonenumbers(text: str, country: str) -> int | None:
    try:
        parsed = phonenumbers.parse(text, country)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return int(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)[1:])


def decided(engine: Engine, texts: list[str], country: str) -> list[tuple[str, int | None]]:
    """What the fast path says of each text: a number, 0 for none, None for "ask"."""
    values = sql.Bound()
    listed = values(texts)
    quick = numbers.quick(values, "text", country)
    return engine.run(f"SELECT text, {quick} FROM (SELECT unnest({listed}::VARCHAR[]) AS text)", values.values)


@st.composite
def near_numbers(draw: st.DrawFn) -> tuple[str, str]:
    """A country, and a text near one of its numbers: another lead, digits changed, added or lost, separators."""
    country = draw(st.sampled_from(COUNTRIES))
    example = phonenumbers.example_number_for_type(country, draw(st.sampled_from(TYPES)))
    digits = list(str(example.national_number) if example else "3001234567")
    for _ in range(draw(st.integers(0, 7))):
        digits[draw(st.integers(0, len(digits) - 1))] = draw(st.sampled_from("0123456789"))
    cut = draw(st.integers(-2, 2))
    if cut < 0:
        digits = digits[:cut]
    digits += draw(st.lists(st.sampled_from("0123456789"), min_size=max(cut, 0), max_size=max(cut, 0)))
    lead = draw(st.sampled_from(LEADS)).format(cc=phonenumbers.country_code_for_region(country))
    for place in sorted(draw(st.lists(st.integers(0, len(digits)), max_size=3)), reverse=True):
        digits.insert(place, draw(st.sampled_from([" ", "-", ".", ") ", " ("])))
    return country, lead + "".join(digits)


@settings(max_examples=60, deadline=None)
@given(st.lists(near_numbers(), min_size=80, max_size=200))
def test_what_is_decided_fast_is_what_phonenumbers_says(engine: Engine, cases: list[tuple[str, str]]) -> None:
    """A number is the same number, and what is refused is refused there too; the open ones are asked anyway."""
    for country in COUNTRIES:
        texts = [text.strip() for where, text in cases if where == country]
        for text, fast in decided(engine, texts, country) if texts else ():
            if fast is not None:
                assert by_phonenumbers(text, country) == (fast or None), (country, text)
