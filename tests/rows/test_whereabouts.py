"""Where the people of rows may be: by what rows say, by their numbers, by the account."""

from __future__ import annotations

import random
from typing import Final

import pytest
from phonenumbers import PhoneNumber, region_code_for_number, timezone

from reconciler.rows import digest, people, whereabouts
from reconciler.rows.compare import compare
from reconciler.rows.engine import Engine
from reconciler.rows.prepare import prepare
from reconciler.rows.whereabouts import Group, Whereabouts, of_live, of_rows
from tests.rows.conftest import MESSAGES, RECORDS, Specs
from tests.rows.test_prepare import row

BOGOTA: Final = "America/Bogota"


def found(engine: Engine, specs: Specs, rows: list[dict[str, str]], country: str = "CO", **more: object) -> Whereabouts:
    """Where the people of these rows may be."""
    prepared = prepare(engine, specs(rows=rows, country=country, **({"phone_format": "digits"} | more)))
    compared = compare(engine, prepared, live=None, container="here|1", generation=1)
    return of_rows(engine, prepared, compared.adds, country=country, zone=BOGOTA)


def groups(whereabouts: Whereabouts) -> dict[tuple[str, tuple[str, ...]], int]:
    return {(group.country, group.zones): group.people for group in whereabouts.groups}


def test_a_number_has_its_country_and_its_zones(engine: Engine, specs: Specs) -> None:
    """Mexico has several clocks; a foreign number is of its own country, whatever account dials it."""
    rows = [row("1", "+52 55 1234 5678"), row("2", "+52 664 123 4567"), row("3", "3001234567"), row("4", "+1 212 555 0123")]

    assert groups(found(engine, specs, rows)) == {
        ("MX", ("America/Mexico_City",)): 1,
        ("MX", ("America/Tijuana",)): 1,
        ("CO", (BOGOTA,)): 1,
        ("US", ("America/New_York",)): 1,
    }


def test_every_number_of_a_row_counts(engine: Engine, specs: Specs) -> None:
    """Whoever has two numbers may be at either of them; in one country it is one person."""
    whereabouts = found(engine, specs, [row("1", "+525512345678", phone2="+526641234567")])

    assert groups(whereabouts) == {("MX", ("America/Mexico_City",)): 1, ("MX", ("America/Tijuana",)): 1}
    assert engine.count(whereabouts.table) == 1


def test_a_row_that_says_its_zone_is_believed(engine: Engine, specs: Specs) -> None:
    """And one that says no zone, where a zone belongs, is nowhere."""
    rows = [
        row("1") | {"timezone": "America/New_York"},
        row("2", "3011234567") | {"timezone": "Ana"},
        row("3", "3021234567") | {"timezone": ""},
    ]

    assert groups(found(engine, specs, rows)) == {("CO", ("America/New_York",)): 1, ("CO", ()): 1, ("CO", (BOGOTA,)): 1}


def test_instants_of_rows_are_told_by_the_minute(engine: Engine, specs: Specs) -> None:
    """Each once, whatever offset they are written with."""
    rows = [
        {"phone": "3001234567", "when": "2026-11-24T18:00:30-05:00"},
        {"phone": "3011234567", "when": "2026-11-24T23:00:59+00:00"},
        {"phone": "3021234567", "when": "2026-11-25T10:00:00-05:00"},
    ]
    whereabouts = found(engine, specs, rows, sheet=MESSAGES, template="hola", at_column="when", columns={"phone": "phone"})

    (group,) = whereabouts.groups
    assert [moment.isoformat() for moment in group.instants] == ["2026-11-24T23:00:00+00:00", "2026-11-25T15:00:00+00:00"]


def test_rows_without_a_number_are_where_the_account_is(engine: Engine, specs: Specs) -> None:
    """A key alone says nothing of a place."""
    sheet = RECORDS.__class__(columns=RECORDS.columns[:1], identity=("key",), readable=False)

    assert found(engine, specs, [{"key": "1"}, {"key": "2"}], sheet=sheet).groups == (
        Group(country="CO", zones=(BOGOTA,), people=2),
    )


def test_who_waits_in_a_campaign_is_found_by_the_numbers_that_it_shows(engine: Engine, specs: Specs) -> None:
    """Whoever asked not to be called again is none of them."""
    engine.run(
        "CREATE TABLE live AS SELECT * FROM (VALUES ('1', '3001234567', '', ''), ('2', '+525512345678', '', ''), "
        "('3', '3021234567', '', 'do-not-call')) t(key, phone, phone2, _result)"
    )

    here = of_live(engine, prepare(engine, specs(rows=[])), "live", country="CO", zone=BOGOTA)

    assert groups(here) == {("CO", (BOGOTA,)): 1, ("MX", ("America/Mexico_City",)): 1}


@pytest.mark.parametrize("share", [1, 3, 50, people.COUNTED_ROWS])
def test_people_are_counted_alike_in_one_share_and_in_many(engine: Engine, share: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Many tables of many people are counted in little memory; nobody is in two shares, and nobody in none."""
    monkeypatch.setattr(people, "COUNTED_ROWS", share)
    named = "SELECT keyed(i::VARCHAR)::UUID AS person, i % 2 = 0 AND i >= 50 AS known"
    tables = [
        people.together(engine, [f"{named}, '{country}' AS country FROM range({start}, {start + 60}) r(i)"])
        for start, country in ((0, "CO"), (30, "MX"), (60, "CO"))
    ]

    assert people.unique(engine, tables) == people.Persons(total=120, first_time=85)
    assert whereabouts.counted(
        engine, [(tables[0], "voice", "sales"), (tables[1], "sms", "sales"), (tables[2], "voice", "service")]
    ) == {
        "country": {"CO": 120, "MX": 60},
        "channel": {"sms": 60, "voice": 120},
        "purpose": {"sales": 90, "service": 60},
    }


@pytest.mark.parametrize("seed", range(2))
def test_country_and_zones_are_those_of_phonenumbers(engine: Engine, seed: int) -> None:
    """A thousand numbers of many countries, one by one beside the column."""
    rng = random.Random(seed)  # noqa: S311 - test data, no secret
    codes = ("52", "57", "56", "54", "51", "55", "598", "593", "506", "1", "34", "44", "7")
    numbers = sorted({int(rng.choice(codes) + str(rng.randrange(2 * 10**9, 10**10))) for _ in range(1_000)})
    engine.run("CREATE TABLE given AS SELECT unnest($1::BIGINT[]) AS number", [numbers])
    told = whereabouts._of(
        engine,
        f"SELECT {digest.person('number::VARCHAR')} AS person, number, '' AS zone, NULL::TIMESTAMPTZ AS due FROM given",
        country="CO",
        zone=BOGOTA,
    )

    expected: dict[str, int] = {}
    for number in numbers:
        code = next(code for code in sorted(codes, key=len, reverse=True) if str(number).startswith(code))
        plain = PhoneNumber(country_code=int(code), national_number=int(str(number)[len(code) :]))
        assert timezone.time_zones_for_number(plain)
        country = region_code_for_number(plain) or {"1": "", "44": "", "7": ""}.get(code) or _only(code)
        expected[country] = expected.get(country, 0) + 1
    counted: dict[str, int] = {}
    for group in told.groups:
        counted[group.country] = counted.get(group.country, 0) + group.people
    assert {name: counted.get(name) for name in expected if name in _SINGLE.values()} == {
        name: count for name, count in expected.items() if name in _SINGLE.values()
    }


_SINGLE: Final = {
    "52": "MX",
    "57": "CO",
    "56": "CL",
    "54": "AR",
    "51": "PE",
    "55": "BR",
    "598": "UY",
    "593": "EC",
    "506": "CR",
    "34": "ES",
}


def _only(code: str) -> str:
    return _SINGLE.get(code, "")
