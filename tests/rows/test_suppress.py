"""Who is not contacted, and by which list."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

from reconciler.rows import digest
from reconciler.rows.engine import Engine
from reconciler.rows.prepare import Prepared, prepare
from reconciler.rows.suppress import hold, later, numbers, suppress, unparsable, wished
from tests.rows.conftest import KEY, MESSAGES, NUMBERS, RECORDS, Specs
from tests.rows.test_prepare import row, shown


def listed(engine: Engine, *entries: str, country: str = "CO", dial_prefix: str = "") -> str:
    """A list to suppress by, of these entries as they are written."""
    table = engine.fresh("given")
    engine.run(f"CREATE TABLE {table} AS SELECT unnest($1::VARCHAR[]) AS \"the 'phone'\"", [list(entries)])
    return numbers(engine, table, "the 'phone'", country, dial_prefix)


def keys(engine: Engine, prepared: Prepared) -> list[str]:
    return [key for (key,) in shown(engine, prepared, "key")]


def test_an_own_opt_out_on_any_number_takes_the_row(engine: Engine, specs: Specs) -> None:
    """Main or further, however either side writes it."""
    rows = [row("1"), row("2", "3011234567", phone2="(601) 234-5678"), row("3", "3021234567")]
    prepared = prepare(engine, specs(rows=rows))

    took = suppress(engine, prepared, [("blacklist", listed(engine, "+57 300 1234567", "6012345678", "", "3021234568"))])

    assert (took, prepared.out, prepared.rows) == ({"blacklist": 2}, {"blacklist": 2}, 1)
    assert keys(engine, prepared) == ["3"]


def test_an_own_opt_out_takes_every_row_of_its_person(engine: Engine, specs: Specs) -> None:
    """Where the source says who is who."""
    rows = [row("1") | {"person": "ana"}, row("2", "3011234567") | {"person": "ana"}, row("3", "3021234567") | {"person": ""}]
    prepared = prepare(engine, specs(rows=rows))

    suppress(engine, prepared, [("blacklist", listed(engine, "3001234567"))])

    assert keys(engine, prepared) == ["3"]


def test_a_register_takes_the_number_and_leaves_the_row_its_others(engine: Engine, specs: Specs) -> None:
    """The next number becomes the main one; without one the row goes."""
    rows = [
        row("1", phone2="3101234567"),
        row("2", "3011234567", phone2="3111234567"),
        row("3", "3021234567"),
        row("4", "3031234567"),
    ]
    prepared = prepare(engine, specs(rows=rows))

    table = listed(engine, "3001234567", "3111234567", "3021234567")
    took = suppress(engine, prepared, [("suppress:rne", table)], registers=("suppress:rne",))

    assert took == {"suppress:rne": 1}
    assert shown(engine, prepared, "key", "phone", "phone2", "_numbers") == [
        ("1", "3101234567", "", ["+573101234567"]),
        ("2", "3011234567", "", ["+573011234567"]),
        ("4", "3031234567", "", ["+573031234567"]),
    ]


def test_a_number_that_moves_up_is_not_dialled_twice(engine: Engine, specs: Specs) -> None:
    """A register's work may make two rows share their main number."""
    rows = [row("1", phone2="3101234567"), row("2", "3101234567")]
    prepared = prepare(engine, specs(rows=rows))

    suppress(engine, prepared, [("suppress:rne", listed(engine, "3001234567"))], registers=("suppress:rne",))

    assert prepared.out == {"duplicate": 1}
    assert prepared.rows == engine.count(prepared.table) == 1


def test_where_the_number_is_the_identity_a_register_takes_the_row(engine: Engine, specs: Specs) -> None:
    """Another number would be another recipient."""
    sheet = replace(RECORDS, identity=("phone",))
    prepared = prepare(engine, specs(rows=[row(phone2="3101234567")], sheet=sheet))

    found = suppress(engine, prepared, [("suppress:rne", listed(engine, "3001234567"))], registers=("suppress:rne",))

    assert found == {"suppress:rne": 1}


def test_a_row_goes_by_the_first_list_that_has_it(engine: Engine, specs: Specs) -> None:
    """In the order of the lists; each row is counted once."""
    prepared = prepare(engine, specs(rows=[row("1"), row("2", "3011234567"), row("3", "3021234567")]))
    own, register, other = (
        listed(engine, "3001234567"),
        listed(engine, "3001234567", "3011234567"),
        listed(engine, "3011234567"),
    )

    lists = [("blacklist", own), ("suppress:rne", register), ("blacklist", other)]
    took = suppress(engine, prepared, lists, registers=("suppress:rne",))

    assert took == {"blacklist": 1, "suppress:rne": 1}
    assert keys(engine, prepared) == ["3"]


def test_an_entry_that_is_no_number_blocks_on_its_last_digits(engine: Engine, specs: Specs) -> None:
    """Eight, or seven where it has no more; fewer say nothing. They are counted."""
    rows = [row("1"), row("2", "3011234568"), row("3", "3021234569")]
    prepared = prepare(engine, specs(rows=rows))
    table = listed(engine, "999 0000 01234567", "123-4568", "234569", "someone")

    assert unparsable(engine, table) == 4
    assert suppress(engine, prepared, [("blacklist", table)]) == {"blacklist": 2}
    assert keys(engine, prepared) == ["3"]


def test_both_readings_of_an_entry_with_a_dial_prefix_block(engine: Engine, specs: Specs) -> None:
    """What a platform lists may have been loaded with the prefix in front."""
    prepared = prepare(engine, specs(rows=[row("1"), row("2", "3011234567")], dial_prefix="9"))

    assert suppress(engine, prepared, [("blacklist", listed(engine, "93001234567", dial_prefix="9"))]) == {"blacklist": 1}
    assert suppress(engine, prepared, [("blacklist", listed(engine, "3011234567", dial_prefix="9"))]) == {"blacklist": 1}


def test_one_line_in_two_forms_is_blocked_in_both(engine: Engine, specs: Specs) -> None:
    """Argentina's mobiles with and without their 9, Mexico's old 521."""
    both = [row("1", "+5491123456789"), row("2", "+541123456780")]
    prepared = prepare(engine, specs(rows=both, country="AR", phone_format="digits"))
    assert suppress(engine, prepared, [("blacklist", listed(engine, "+541123456789", "+5491123456780"))]) == {"blacklist": 2}

    prepared = prepare(engine, specs(rows=[row(phone="55 1234 5678")], country="MX"))
    assert suppress(engine, prepared, [("blacklist", listed(engine, "+52 1 55 1234 5678", country="MX"))]) == {"blacklist": 1}


def test_what_a_blacklist_wishes_blocks_even_where_its_platform_would_not_take_it(engine: Engine, specs: Specs) -> None:
    """Entries that are no numbers are no rows, and count all the same."""
    entries = [{"phone": "3001234567"}, {"phone": "01234568"}, {"phone": "+1 (305) 555-0123 ext 9"}]
    blacklist = prepare(engine, specs(rows=entries, sheet=NUMBERS))
    table = wished(engine, blacklist)

    assert (blacklist.rows, unparsable(engine, table)) == (1, 1)
    prepared = prepare(engine, specs(rows=[row("1"), row("2", "3101234568"), row("3", "3021234567")]))
    assert suppress(engine, prepared, [("blacklist", table)]) == {"blacklist": 2}
    assert keys(engine, prepared) == ["3"]


def test_recipients_in_doubt_are_held(engine: Engine, specs: Specs) -> None:
    """By identity in its container and generation, never by content."""
    prepared = prepare(engine, specs(rows=[row("1"), row("2", "3011234567")]))
    name = digest.keyed(KEY, "box\x1f1\x1f1")

    assert hold(engine, prepared, "in_doubt", [name], "other box", 1) == 0
    assert hold(engine, prepared, "in_doubt", [name], "box", 2) == 0
    assert hold(engine, prepared, "in_doubt", [b"", name], "box", 1) == 1
    assert (prepared.out, keys(engine, prepared)) == ({"in_doubt": 1}, ["2"])


def test_messages_due_later_wait(engine: Engine, specs: Specs) -> None:
    """Compared as instants, whatever their offset."""
    moments = ["2026-12-01T10:00:00-03:00", "2026-12-01T13:00:00Z", "2026-12-01T10:30:00-05:00"]
    rows = [{"phone": f"31{place}1234567", "key": str(place), "when": moment} for place, moment in enumerate(moments)]
    spec = specs(rows=rows, sheet=MESSAGES, columns={"phone": "phone", "key": "key"}, template="x", at_column="when")
    prepared = prepare(engine, spec)

    assert later(engine, prepared, datetime(2026, 12, 1, 14, 0, tzinfo=UTC)) == 1
    assert (prepared.out, keys(engine, prepared)) == ({"later": 1}, ["0", "1"])
