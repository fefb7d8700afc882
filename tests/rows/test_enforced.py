"""Lists that the journal alone keeps: names of entries, and rows held against them."""

from __future__ import annotations

from reconciler.rows import digest
from reconciler.rows.enforced import entries, hold_against, packed, remembered, set_digest, without
from reconciler.rows.engine import Engine
from reconciler.rows.prepare import prepare
from tests.rows.conftest import KEY, Specs
from tests.rows.test_compare import Kept
from tests.rows.test_prepare import row
from tests.rows.test_suppress import keys, listed

BOX = "ucontact|here|blacklist|"


def kept(engine: Engine, *numbers: str, box: str = BOX, country: str = "CO") -> str:
    """What the journal gives back of a list of these entries."""
    table = entries(engine, [listed(engine, *numbers, country=country)], box)
    return remembered(engine, [Kept(names) for names in packed(engine, table, 2)])


def test_an_entry_is_named_by_its_line_and_one_that_is_no_number_by_its_last_digits(engine: Engine) -> None:
    """Two ways of writing one number are one entry; too few digits bar nobody and have no name."""
    table = entries(engine, [listed(engine, "3001234567", "+57 300 123 4567", "999 0000 01234567", "12")], BOX)

    number, tail = (digest.keyed(KEY, f"{BOX}\x1f1\x1f{entry}") for entry in ("+573001234567", "01234567"))
    assert b"".join(packed(engine, table, 10)) == bytes(4) + tail[4:] + number
    assert [len(names) for names in packed(engine, table, 1)] == [digest.WIDTH, digest.WIDTH]
    assert list(packed(engine, entries(engine, [], BOX), 10)) == []


def test_any_number_of_a_row_takes_it_and_every_row_of_its_person(engine: Engine, specs: Specs) -> None:
    """The main number, a further one, and the tail of an entry that is none; a person goes whole."""
    rows = [
        row("1") | {"person": "ana"},
        row("2", "3011234567", phone2="6012345678") | {"person": "eva"},
        row("3", "3021234567") | {"person": "ana"},
        row("4", "3101234568") | {"person": "luz"},
        row("5", "3031234569") | {"person": "sol"},
    ]
    prepared = prepare(engine, specs(rows=rows))
    memory = kept(engine, "+57 300 1234567", "(601) 234-5678", "999 0000 01234568", "1234-56")

    assert hold_against(engine, prepared, "blacklist", memory, BOX) == 4
    assert (prepared.out, keys(engine, prepared)) == ({"blacklist": 4}, ["5"])


def test_one_line_in_two_forms_is_one_entry(engine: Engine, specs: Specs) -> None:
    """Argentina's mobiles with and without their 9."""
    prepared = prepare(engine, specs(rows=[row("1", "+5491123456789")], country="AR", phone_format="digits"))

    assert hold_against(engine, prepared, "blacklist", kept(engine, "+541123456789", country="AR"), BOX) == 1


def test_names_belong_to_their_container(engine: Engine, specs: Specs) -> None:
    """What one account lists says nothing of another's."""
    prepared = prepare(engine, specs(rows=[row("1")]))

    assert hold_against(engine, prepared, "blacklist", kept(engine, "3001234567", box="other"), BOX) == 0
    assert hold_against(engine, prepared, "blacklist", kept(engine), BOX) == 0
    assert prepared.out == {}


def test_sets_of_names_are_compared_and_have_a_name_of_their_own(engine: Engine) -> None:
    """Whatever their order; the empty set has none."""
    both, one = kept(engine, "3001234567", "3011234567"), kept(engine, "3011234567")

    assert engine.count(without(engine, both, [one])) == 1
    assert engine.count(without(engine, both, [])) == 2
    assert set_digest(engine, without(engine, both, [kept(engine, "3001234567")]), BOX) == set_digest(engine, one, BOX)
    assert len({set_digest(engine, table, BOX) for table in (both, one, without(engine, one, [both]))}) == 3
    assert set_digest(engine, without(engine, one, [both]), BOX) == ""
