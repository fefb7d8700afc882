"""Where a number may be: as phonenumbers says, never fewer zones, and the same in a column."""

from __future__ import annotations

from itertools import pairwise, product
from typing import Any, Final

import phonenumbers
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from phonenumbers import timezone

from reconciler.calendar import known_zone
from reconciler.rows.engine import Engine
from reconciler.rows.zones import filled, possible, steps, zones_of

LENGTHS: Final = {
    "AR": (10,),
    "BR": (10, 11),
    "CL": (9,),
    "CO": (10,),
    "EC": (8, 9),
    "MX": (10,),
    "PE": (8, 9),
    "US": (10,),
    "UY": (8,),
}


@st.composite
def numbers_of(draw: st.DrawFn) -> tuple[str, phonenumbers.PhoneNumber]:
    """A country, and a valid number of it: an example of any type with its last digits, or most of them, drawn anew."""
    country = draw(st.sampled_from(sorted(LENGTHS)))
    kind = draw(st.sampled_from(phonenumbers.PhoneNumberType.values()))
    found = phonenumbers.example_number_for_type(country, kind)
    assume(found is not None)
    example: Any = found
    digits = str(example.national_number)
    kept = draw(st.integers(0, len(digits)))
    digits = digits[:kept] + "".join(
        draw(st.lists(st.sampled_from("0123456789"), min_size=len(digits) - kept, max_size=len(digits) - kept))
    )
    number = phonenumbers.PhoneNumber(country_code=example.country_code, national_number=int(digits))
    assume(phonenumbers.is_valid_number_for_region(number, country))
    return country, number


def written(number: phonenumbers.PhoneNumber) -> int:
    """Its E.164 digits."""
    return int(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)[1:])


@given(numbers_of())
def test_no_number_has_fewer_zones_than_phonenumbers_says(drawn: tuple[str, phonenumbers.PhoneNumber]) -> None:
    _country, number = drawn

    assert set(timezone.time_zones_for_number(number)) <= set(zones_of(written(number)))


# Where more zones are given than phonenumbers knows: Chile's south, and two shared-cost prefixes that look like an area code.
MORE: Final = ("5661", "5667", "554370", "554864")


@pytest.mark.parametrize(("country", "lengths"), LENGTHS.items())
def test_the_lines_of_people_agree_with_phonenumbers(country: str, lengths: tuple[int, ...]) -> None:
    """Fixed and mobile numbers with every first digits."""
    code = phonenumbers.country_code_for_region(country)
    looked = 0
    for lead, length in product(range(1000, 10_000, 3), lengths):
        number = phonenumbers.PhoneNumber(country_code=code, national_number=int(f"{lead}2345678"[:length]))
        if phonenumbers.number_type(number) > phonenumbers.PhoneNumberType.FIXED_LINE_OR_MOBILE:
            continue
        if phonenumbers.region_code_for_number(number) != country:
            continue
        looked += 1
        more = str(written(number)).startswith(MORE)
        assert (set(zones_of(written(number))) == set(timezone.time_zones_for_number(number))) is not more, written(number)

    assert looked > 50


@pytest.mark.parametrize(
    ("number", "zones"),
    [
        (573001234567, {"America/Bogota"}),
        (5491123456789, {"America/Buenos_Aires"}),
        (51987654321, {"America/Lima"}),
        (59894123456, {"America/Montevideo"}),
        (525512345678, {"America/Mexico_City"}),
        (526641234567, {"America/Tijuana"}),
        (526561234567, {"America/Ciudad_Juarez"}),
        (529981234567, {"America/Cancun"}),
        (56221234567, {"America/Santiago"}),
        (56612234567, {"America/Punta_Arenas", "America/Santiago"}),
        (56672234567, {"America/Coyhaique", "America/Santiago"}),
        (5511987654321, {"America/Sao_Paulo"}),
        (5592987654321, {"America/Manaus"}),
        (12125550123, {"America/New_York"}),
        (18085550123, {"Pacific/Honolulu"}),
        (59322123456, {"America/Guayaquil"}),
        (59352521234, {"America/Guayaquil", "Pacific/Galapagos"}),
        (593991234567, {"America/Guayaquil", "Pacific/Galapagos"}),
        (999123456, set()),
    ],
)
def test_where_numbers_are(number: int, zones: set[str]) -> None:
    assert set(zones_of(number)) == zones


def test_a_number_without_a_place_has_all_zones_of_its_calling_code() -> None:
    assert {"Pacific/Honolulu", "America/New_York", "America/St_Johns"} <= set(zones_of(18005550123))
    assert len(zones_of(528001234567)) == 8


def test_every_zone_is_known() -> None:
    assert {zone for _first, zones in steps() for zone in zones if not known_zone(zone)} == set()


def test_steps_ascend_and_change() -> None:
    firsts = [first for first, _zones in steps()]

    assert firsts == sorted(set(firsts))
    assert all(one != other for (_a, one), (_b, other) in pairwise(steps()))


def test_a_row_knows_better_than_its_number_and_that_better_than_the_target() -> None:
    assert possible("America/Tijuana", 573001234567, "America/Lima") == ("America/Tijuana",)
    assert possible("", 573001234567, "America/Lima") == ("America/Bogota",)
    assert possible("", 999123456, "America/Lima") == ("America/Lima",)
    assert possible("", None, "America/Lima") == ("America/Lima",)


def test_a_column_of_numbers_is_joined() -> None:
    """One ASOF join gives what the search gives."""
    numbers = [573001234567, 526641234567, 593991234567, 12125550123, 5592987654321, 56221234567, 999123456]
    firsts, zones = zip(*steps(), strict=True)
    with Engine(key=b"k" * 32, memory="512MB") as engine:
        engine.run(
            "CREATE TABLE steps AS SELECT unnest($1::BIGINT[]) AS first, unnest($2::VARCHAR[][]) AS zones",
            [list(firsts), [list(names) for names in zones]],
        )
        found = engine.run(
            f"SELECT number, zones FROM (SELECT unnest($1::BIGINT[]) AS number) n "
            f"ASOF JOIN steps s ON {filled('n.number')} >= s.first ORDER BY number",
            [numbers],
        )

    assert [(number, tuple(names)) for number, names in found] == [(number, zones_of(number)) for number in sorted(numbers)]
