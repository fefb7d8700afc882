"""The fast path for numbers agrees with phonenumbers, digit by digit."""

from __future__ import annotations

import random
from collections.abc import Iterator

import phonenumbers
import pytest
from hypothesis import Phase, given, settings
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
LEADS = (
    "",
    "+{cc}",
    "{cc}",
    "00{cc}",
    "0",
    "00",
    "011{cc}",
    "+",
    "1",
    "01",
    "015",
    "9",
    "15",
    "521",
    "+521",
    "549",
    "+549",
    "0{cc}",
)


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


@settings(max_examples=25, deadline=None, phases=[Phase.explicit, Phase.reuse, Phase.generate])  # shrinking takes minutes
@given(st.lists(near_numbers(), min_size=80, max_size=200))
def test_what_is_decided_fast_is_what_phonenumbers_says(engine: Engine, cases: list[tuple[str, str]]) -> None:
    """A number is the same number, and what is refused is refused there too; the open ones are asked anyway."""
    wrong = [
        (country, text)
        for country in COUNTRIES
        for text, fast in decided(engine, [text.strip() for where, text in cases if where == country], country)
        if fast is not None and by_phonenumbers(text, country) != (fast or None)
    ]

    assert wrong == []


def written_by_people(draw: random.Random, country: str) -> str:
    """A number of the country or near one: often a right one, written in one of the ways in which people write it."""
    code = phonenumbers.country_code_for_region(country)
    example = phonenumbers.example_number_for_type(country, draw.choice(TYPES))
    digits = list(str(example.national_number) if example else "3001234567")
    for _ in range(draw.choice((0, 2, 4, 8))):
        digits[draw.randrange(len(digits) // 3, len(digits))] = draw.choice("0123456789")
    if draw.random() < 0.15:
        digits[draw.randrange(0, 3)] = draw.choice("0123456789")
    if draw.random() < 0.06:
        digits = digits[:-1] if draw.random() < 0.5 else [*digits, draw.choice("0123456789")]
    national = "".join(digits)
    if draw.random() < 0.3:
        first, second = draw.choice(((2, 5), (3, 6), (1, 4)))
        form = draw.choice(("({}) {}-{}", "{} {} {}", "{}-{}-{}", "{}.{}.{}"))
        national = form.format(national[:first], national[first:second], national[second:])
    return draw.choice(("", "", "", "+{cc}", "+{cc} ", "{cc}", "00{cc}", *LEADS)).format(cc=code) + national


@pytest.mark.parametrize("country", COUNTRIES)
def test_twenty_thousand_numbers_of_each_country_are_read_as_phonenumbers_reads_them(engine: Engine, country: str) -> None:
    """Through both paths, as rows are: most are decided fast, the rest is asked, and neither changes what a text means."""
    draw = random.Random(f"numbers of {country}")  # noqa: S311 - invented data
    texts: dict[str, None] = {}
    while len(texts) < 20_000:
        texts[written_by_people(draw, country).strip()] = None
    engine.run("CREATE OR REPLACE TABLE texts (text VARCHAR, number BIGINT)")
    values = sql.Bound()
    quick = numbers.quick(values, "text", country)
    listed = values(list(texts))
    engine.run(f"INSERT INTO texts SELECT text, {quick} FROM (SELECT unnest({listed}::VARCHAR[]) AS text)", values.values)
    odd = numbers.ask(engine, "texts", [("text", "number")], country)
    joined = f"FROM texts t LEFT JOIN {odd} o ON t.number IS NULL AND text = value"

    found = dict(engine.run(f"SELECT text, coalesce(nullif(t.number, 0), o.number) {joined}"))

    assert found == {text: by_phonenumbers(text, country) for text in texts}
    right = sum(number is not None for number in found.values())
    asked = int(engine.one("SELECT count(*) FROM texts WHERE number IS NULL"))
    assert 0.2 < right / len(found) < 0.9
    assert asked / len(found) < 0.75  # where countries share a calling code, what is none here may be one there


def asked_for(engine: Engine, texts: list[str], country: str) -> set[str]:
    """The texts that the fast path leaves to phonenumbers."""
    return {text for text, fast in decided(engine, texts, country) if fast is None}


@pytest.mark.parametrize("country", COUNTRIES)
def test_the_usual_ways_to_write_a_number_are_decided_fast(engine: Engine, country: str) -> None:
    """Mobiles and landlines, national and international, with and without separators; and what is too short for any."""
    code = phonenumbers.country_code_for_region(country)
    for kind in TYPES[:2]:
        example = phonenumbers.example_number_for_type(country, kind)
        assert example is not None
        national = str(example.national_number)
        ways = [national, f"+{code}{national}", f"({national[:2]}) {national[2:5]}-{national[5:]}", f"+{code} {national}"]
        assert asked_for(engine, ways, country) == set()
    if country != "US":
        assert asked_for(engine, ["22222", "+" + str(code) + "22222"], country) == set()


@pytest.mark.parametrize(("country", "text"), [("EC", "0991234567"), ("PE", "01 2345678"), ("UY", "099 123 456")])
def test_a_trunk_zero_is_decided_fast(engine: Engine, country: str, text: str) -> None:
    """It is how people there write their numbers."""
    assert decided(engine, [text], country) == [(text, by_phonenumbers(text, country))]


@pytest.mark.parametrize(
    "text", ["5.69667E+10", "3,00E9", "3001234567.0", "3001234567,00", "", "x" * 100, "ext 5", "\N{ARABIC-INDIC DIGIT THREE}"]
)
def test_what_went_through_a_spreadsheet_is_no_number(engine: Engine, text: str) -> None:
    """Digits may have been lost on the way; asking would make another number of it."""
    assert numbers.understood(text, "CO") is None
    assert (decided(engine, [text], "CO")[0][1] or None) is None


def test_other_countries_numbers_are_asked_and_understood(engine: Engine) -> None:
    """Also where the country shares its code, or is none."""
    assert numbers.understood("+1 305 555 0123", "CO") == 13055550123
    assert numbers.understood("3001234567", "") is None
    assert asked_for(engine, ["8095550123"], "DO") == {"8095550123"}
    assert numbers.understood("8095550123", "DO") == 18095550123


@pytest.mark.parametrize(
    ("number", "line"),
    [
        (5491123456789, 541123456789),
        (541123456789, 541123456789),
        (5511987654321, 551187654321),
        (551133334444, 551133334444),
        (5511912345678, 5511912345678),
        (573001234567, 573001234567),
    ],
)
def test_a_line_has_one_canonical_number(engine: Engine, number: int, line: int) -> None:
    """Whichever of its two E.164 forms is given."""
    assert engine.one(f"SELECT {numbers.canonical('n')} FROM (SELECT $1::BIGINT AS n)", [number]) == line
