"""What takes a row out, what stays, and that the order of rows makes no difference."""

from __future__ import annotations

import hmac
import random
import re
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reconciler.calendar import instant
from reconciler.rows import digest
from reconciler.rows.engine import Engine
from reconciler.rows.errors import SourceBroken
from reconciler.rows.prepare import Prepared, prepare
from reconciler.rows.reader import peek
from reconciler.rows.sheet import Column, Sheet
from tests.rows.conftest import KEY, MESSAGES, NUMBERS, RECORDS, Specs

Row = dict[str, str]


def row(key: str = "1", phone: str = "3001234567", **more: str) -> Row:
    return {"key": key, "phone": phone, "phone2": "", "name": "", "opt1": ""} | more


def shown(engine: Engine, prepared: Prepared, *columns: str) -> list[tuple[Any, ...]]:
    return sorted(engine.run(f"SELECT {', '.join(columns)} FROM {prepared.table}"))


def codes(specs: Specs, **fields: Any) -> list[str]:
    return [finding.code for finding in peek(specs(**fields))]


@pytest.mark.parametrize(
    ("country", "form", "prefix", "written", "sent"),
    [
        ("CO", "national", "", "+57 (300) 123-4567", "3001234567"),
        ("CO", "digits", "", "300 123 4567", "573001234567"),
        ("CO", "e164", "", "573001234567", "+573001234567"),
        ("CO", "national", "9", "3001234567", "93001234567"),
        ("CO", "digits", "00", "+13055550123", "0013055550123"),
        ("AR", "digits", "", "011 15 2345-6789", "5491123456789"),
        ("MX", "digits", "", "55 1234 5678", "525512345678"),
        ("EC", "national", "", "0991234567", "0991234567"),
    ],
)
def test_a_number_is_understood_in_its_country_and_sent_in_the_targets_form(
    engine: Engine, specs: Specs, country: str, form: str, prefix: str, written: str, sent: str
) -> None:
    """However it is written."""
    spec = specs(rows=[row(phone=written)], country=country, phone_format=form, dial_prefix=prefix)

    assert shown(engine, prepare(engine, spec), "phone") == [(sent,)]


def test_each_row_that_cannot_be_sent_is_counted_once_with_its_reason(engine: Engine, specs: Specs) -> None:
    """And those that can are there, with numbers, identity and person."""
    sheet = replace(
        RECORDS,
        columns=(
            *RECORDS.columns[:-1],
            Column(name="opt1", pattern=r"[a-z]*", why="small letters"),
            Column(name="zone", required=True),
        ),
        forbidden=r"[;\r\n]",
    )
    good = {"zone": "z"}
    rows = [
        row("1", phone2="601 2345678", **good),
        row("2", "3011234567", phone2="12", **good),
        row("", "3021234567", **good),
        row("4", "", **good),
        row("5", "12345", **good),
        row("6", "5.69667E+10", **good),
        row("7", "3001234567.0", **good),
        row("8", "+13055550123", **good),
        row("9", "3031234567", zone=""),
        row("10", "3041234567", name="a;b", **good),
        row("11", "3051234567", name="x" * 31, **good),
        row("12", "3101234567", opt1="ABC", **good),
        row("13", "3111234568", name="bell \x07", **good),
    ]

    prepared = prepare(engine, specs(rows=rows, sheet=sheet))

    assert prepared.reasons == {
        "no key": 1,
        "empty phone": 1,
        "number": 1,
        "scientific notation": 1,
        "decimal number": 1,
        "number of another country": 1,
        "empty zone": 1,
        "forbidden character": 2,
        "too long": 1,
        "opt1: small letters": 1,
        "further number": 1,
    }
    assert (prepared.in_source, prepared.out, prepared.rows) == (13, {"invalid": 11}, 2)
    assert shown(engine, prepared, "_id", "_e164", "_numbers", "_person", "phone", "phone2") == [
        ("1", "+573001234567", ["+573001234567", "+576012345678"], "+573001234567", "3001234567", "6012345678"),
        ("2", "+573011234567", ["+573011234567"], "+573011234567", "3011234567", ""),
    ]


def named(person: str) -> str:
    return f"(p:{digest.keyed(KEY, f'person{digest.UNIT}{person}').hex()[:6]})"


def test_invalid_rows_are_shown_masked_with_the_column_in_which_the_matter_lies(engine: Engine, specs: Specs) -> None:
    """Who it is as in a sample; of a number or an instant that is none, how it is written."""
    sheet = replace(RECORDS, columns=(*RECORDS.columns[:-1], Column(name="opt1", pattern=r"[a-z]*", why="small letters")))
    rows = [
        row("", "3021234567"),
        row("k2", ""),
        row("k3", "300-1234"),
        row("k4", "5.69667E+10"),
        row("k5", "3001234567.0"),
        row("k6", "+13055550123"),
        row("k7", "3031234567", name="bell \x07"),
        row("k8", "3041234567", name="x" * 31),
        row("k9", "3051234567", opt1="ABC"),
        row("k10", "3101234567", phone2="12"),
    ]

    prepared = prepare(engine, specs(rows=rows, sheet=sheet))

    assert prepared.examples == {
        "no key": (f"+57 ••• ••• ••67 {named('+573021234567')} key",),
        "empty phone": (f"••• {named('k2')} phone",),
        "number": (f"••• {named('k3')} phone •••-••••",),
        "scientific notation": (f"••• {named('k4')} phone •.••••••+••",),
        "decimal number": (f"••• {named('k5')} phone ••••••••••.•",),
        "number of another country": (f"+1 ••• ••• ••23 {named('+13055550123')} phone",),
        "forbidden character": (f"+57 ••• ••• ••67 {named('+573031234567')} name",),
        "too long": (f"+57 ••• ••• ••67 {named('+573041234567')} name",),
        "opt1: small letters": (f"+57 ••• ••• ••67 {named('+573051234567')} opt1",),
    }


def test_a_message_without_an_instant_shows_how_it_is_written(engine: Engine, specs: Specs) -> None:
    """A date of another country is seen at once; nothing of it is said."""
    rows = [{"phone": "3001234567", "cuando": "24/12/2026 8:30"}, {"phone": "3011234567", "cuando": ""}]
    fields = {"sheet": MESSAGES, "columns": {"phone": "phone"}, "template": "x"}

    prepared = prepare(engine, specs(rows=rows, at_column="cuando", **fields))

    assert set(prepared.examples["no instant"]) == {
        f"+57 ••• ••• ••67 {named('+573001234567')} at ••/••/•••• •:••",
        f"+57 ••• ••• ••67 {named('+573011234567')} at",
    }


def test_a_name_that_the_source_alone_gives_is_not_said(engine: Engine, specs: Specs) -> None:
    """A file without a header has somebody's name where names of columns should be."""
    rows = [{"phone": "3001234567", "Ana Ejemplo": "bell \x07"}]

    prepared = prepare(engine, specs(rows=rows, sheet=replace(MESSAGES, columns=MESSAGES.columns[1:], others=True)))

    assert prepared.examples == {"forbidden character": (f"+57 ••• ••• ••67 {named('+573001234567')}",)}


def test_five_examples_of_each_reason_are_the_same_in_any_order(engine: Engine, specs: Specs) -> None:
    """Of rows, of columns, and from one file or two; what is told twice is told once."""
    rows = [row(f"k{place:03}", f"1{place:03}", name=f"n{place}") for place in range(60)]
    rows += [row("", "3001234567", name=f"n{place}") for place in range(20)]
    rows += [row(f"q{place:02}", "3001234567", name="x" * (31 + place)) for place in range(3)]
    first = prepare(engine, specs(rows=rows)).examples
    assert {reason: len(some) for reason, some in first.items()} == {"number": 5, "no key": 1, "too long": 1}

    for order in (rows[::-1], rows[1::2] + rows[::2], sorted(rows, key=lambda each: each["name"])):
        halves = (order[:31], order[31:])
        for half, columns in zip(halves, (("key", "phone", "name"), ("name", "key", "phone")), strict=True):
            text = "".join(";".join(each[name] for name in columns) + "\n" for each in half)
            specs(text=f"{';'.join(columns)}\n{text}", name=f"part-{columns[0]}.csv")

        assert prepare(engine, specs(source={"file": "../data/part-*.csv"})).examples == first


def test_under_another_key_other_examples_are_chosen(specs: Specs) -> None:
    """The choice tells nothing to whom the key is unknown."""
    rows = [row(f"k{place}", f"1{place:03}") for place in range(40)]
    chosen = []
    for key in (KEY, bytes(32)):
        with Engine(key=key, memory="512MB") as made:
            by_name = {digest.keyed(key, f"person{digest.UNIT}k{place}").hex()[:6]: place for place in range(40)}
            found = prepare(made, specs(rows=rows)).examples["number"]
            chosen.append({by_name[text.partition("(p:")[2][:6]] for text in found})

    assert len(chosen[0]) == len(chosen[1]) == 5
    assert chosen[0] != chosen[1]


_SECRETS = st.text(st.characters(categories=["L", "N", "P", "S", "Zs"]), min_size=4, max_size=40).map(lambda text: f"zq{text}")


@settings(deadline=None, max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(
        st.tuples(
            st.one_of(st.just(""), _SECRETS),
            st.one_of(st.just(""), _SECRETS, st.from_regex(r"\+?[0-9]{4,16}", fullmatch=True)),
            st.one_of(_SECRETS, _SECRETS.map(lambda text: text * 9), st.just("zq\x07bell")),
        ),
        max_size=8,
    )
)
def test_no_example_holds_a_key_a_number_or_a_name(specs: Specs, people: list[tuple[str, str, str]]) -> None:
    """Whatever stands in the wrong column."""
    rows = [row(key, phone, name=name) for key, phone, name in people]
    with Engine(key=KEY, memory="512MB") as made:
        prepared = prepare(made, specs(rows=rows))

    assert prepared.examples.keys() == prepared.reasons.keys() - {"further number"}
    for text in [text for some in prepared.examples.values() for text in some]:
        lead, _, rest = text.partition(" (p:")
        assert re.fullmatch(r"•••|(\+\d{1,3} )?••• ••• ••\d\d", lead)
        assert re.fullmatch(r"[0-9a-f]{6}\) (key|phone|name)( [ •+.,:/()…-]+)?", rest)


def test_columns_for_judging_are_accepted_everywhere_and_never_sent(engine: Engine, specs: Specs) -> None:
    """Consent, zone and person stay beside the row; the person counts instead of the number."""
    beside = {
        "consent": "c-1",
        "consent_at": "2026-01-01",
        "consent_channel": "sms",
        "timezone": "America/Bogota",
        "person": "p-9",
    }
    mapping = {name: name for name in ("key", "phone", *beside)}

    prepared = prepare(engine, specs(rows=[row() | beside], columns=mapping))

    assert prepared.sent == ("key", "phone")
    assert shown(engine, prepared, "_person", "consent", "timezone") == [("p-9", "c-1", "America/Bogota")]
    assert (
        codes(specs, rows=[{"phone": "1", "asked_at": "x"}], sheet=NUMBERS, columns={"phone": "phone", "asked_at": "asked_at"})
        == []
    )
    assert codes(specs, rows=[row() | {"asked_at": ""}], columns={"key": "key", "phone": "phone", "asked_at": "asked_at"}) == [
        "SPC013"
    ]


def test_without_a_mapping_columns_with_our_names_are_taken(engine: Engine, specs: Specs) -> None:
    """Others are left out, unless the platform takes any column."""
    rows = [row() | {"foreign": "x", "person": "p"}]

    assert prepare(engine, specs(rows=rows)).sent == ("key", "phone", "phone2", "name", "opt1")
    taken = prepare(engine, specs(rows=rows, sheet=replace(RECORDS, others=True)))
    assert taken.sent == ("key", "phone", "phone2", "name", "opt1", "foreign")


def test_constants_are_columns(engine: Engine, specs: Specs) -> None:
    """Also where a constant holds quotes, or all columns are constant."""
    wish = {"key": {"value": "k'; --"}, "phone": {"value": "3001234567"}, "name": {"value": 'a"b'}}

    assert shown(engine, prepare(engine, specs(rows=[row()], columns=wish)), "key", "name") == [("k'; --", 'a"b')]


@pytest.mark.parametrize(
    ("columns", "expected"),
    [
        ({"key": "key", "phone": "fone"}, ["SRC001"]),
        ({"key": "key", "phone": "phone", "nmae": "name"}, ["SPC013"]),
        ({"key": "key"}, ["SPC002"]),
        ({"phone": "phone"}, ["SPC002"]),
        ({"key": "key", "phone": "phone", "name": {"column": "name", "format": "dd/MM/yyyy"}}, ["SPC012"]),
    ],
)
def test_mistakes_of_the_mapping_are_found_without_reading_rows(
    engine: Engine, specs: Specs, columns: dict[str, Any], expected: list[str]
) -> None:
    """And again when rows are read, at the same place."""
    spec = specs(rows=[row()], columns=columns)

    assert [finding.code for finding in peek(spec)] == expected
    with pytest.raises(SourceBroken) as broken:
        prepare(engine, spec)
    assert broken.value.findings == tuple(peek(spec))


def test_an_empty_list_is_a_wish_without_rows(engine: Engine, specs: Specs) -> None:
    """Inline, and as a header alone; whether it may be wished is not for this room to say."""
    columns = {"key": "cedula", "phone": {"column": "tel"}, "name": {"value": "x"}}

    assert prepare(engine, specs(rows=[])).in_source == 0
    assert prepare(engine, specs(rows=[], columns=columns)).rows == 0
    assert prepare(engine, specs(text="cedula,tel\n", columns=columns)).rows == 0


def test_a_misspelt_column_is_answered_with_the_nearest(specs: Specs) -> None:
    """The remedy names it."""
    assert "'phone'" in peek(specs(rows=[row()], columns={"key": "key", "phone": "fone"}))[0].remedy


def test_names_that_the_engine_would_confuse_are_mistakes(specs: Specs) -> None:
    """Two names that differ in case, and names of our own."""
    sheet = replace(RECORDS, others=True)
    base = {"key": "key", "phone": "phone"}

    assert codes(specs, rows=[row()], sheet=sheet, columns=base | {"Pedido": "name", "pedido": "name"}) == ["SPC013"]
    assert codes(specs, rows=[row()], sheet=sheet, columns=base | {"_id": "name"}) == ["SPC013"]


def test_a_message_is_written_for_each_row(engine: Engine, specs: Specs) -> None:
    """Placeholders are filled with what is mapped; an empty one takes its row out; braces elsewhere are text."""
    rows = [
        {"phone": "3001234567", "nombre": "Ana", "saldo": "1'000"},
        {"phone": "3011234567", "nombre": "", "saldo": "2"},
    ]
    spec = specs(
        rows=rows,
        sheet=MESSAGES,
        columns={"phone": "phone", "nombre": "nombre", "saldo": "saldo"},
        template="Hola {nombre}: {saldo} {} {1} de {nombre}'s",
        at="2026-12-01T10:00:00-03:00",
    )

    prepared = prepare(engine, spec)

    assert prepared.sent == ("phone", "text", "at")
    assert shown(engine, prepared, "text", '"at"') == [("Hola Ana: 1'000 {} {1} de Ana's", "2026-12-01T10:00:00-03:00")]
    assert prepared.reasons == {"empty nombre": 1}
    assert codes(specs, rows=rows, sheet=MESSAGES, columns={"phone": "phone"}, template="Hola {nombre}") == ["SPC014"]
    assert codes(specs, rows=rows, sheet=MESSAGES, columns={"phone": "phone", "text": "nombre"}, template="x") == [
        "SPC013",
        "SPC013",
    ]


def test_what_is_an_instant_here_is_one_for_whoever_sends_it(engine: Engine, specs: Specs) -> None:
    """A row that is found wrong only when its batch is written leaves the batch in doubt."""
    years = ("0001", "1969", "1970", "2026", "2199", "2200", "9999")
    clocks = ("00:00", "23:59:59", "10:00:00.123456", "24:00:00", "10:60", "10:00:60", "10:00:00.")
    offsets = ("Z", "-23:59", "+14:00", "-24:00", "+03:60", "-00:00")
    moments = [f"{year}-12-01T{clock}{offset}" for year, clock, offset in product(years, clocks, offsets)]
    rows = [{"phone": f"300123{place:04d}", "cuando": moment} for place, moment in enumerate(moments)]
    fields = {"sheet": MESSAGES, "columns": {"phone": "phone"}, "template": "x"}

    prepared = prepare(engine, specs(rows=rows, at_column="cuando", **fields))

    kept = {moment for (moment,) in shown(engine, prepared, '"at"')}
    assert {instant(moment).year for moment in kept} == {1970, 2026, 2199}
    assert len(kept) == 3 * 3 * 4


def test_each_row_may_have_its_own_instant(engine: Engine, specs: Specs) -> None:
    """An instant without an offset, or none, takes the row out."""
    moments = ["2026-12-01T10:00:00-03:00", "2026-12-01T10:00:00", "tomorrow", "", "2026-13-01T10:00:00Z"]
    moments.append("9999-12-31T23:59:59-12:00")
    rows = [{"phone": f"30{place}1234567", "cuando": moment} for place, moment in enumerate(moments)]
    fields = {"sheet": MESSAGES, "columns": {"phone": "phone"}, "template": "x"}

    prepared = prepare(engine, specs(rows=rows, at_column="cuando", **fields))

    assert shown(engine, prepared, '"at"') == [(moments[0],)]
    assert prepared.reasons == {"no instant": 5}
    assert codes(specs, rows=rows, at_column="when", **fields) == ["SRC001"]


def test_instants_of_an_hour_that_comes_twice_are_not_told_to_a_platform_without_offsets(engine: Engine, specs: Specs) -> None:
    """Santiago's 23:00 of 4 April, from its first minute to its last, however it is written."""
    moments = [
        "2026-04-04T22:59:59-03:00",
        "2026-04-04T23:00:00-03:00",
        "2026-04-05T02:30:00Z",
        "2026-04-04T23:59:59-04:00",
        "2026-04-05T00:00:00-04:00",
    ]
    rows = [{"phone": f"30{place}1234567", "cuando": moment} for place, moment in enumerate(moments)]
    fields = {"columns": {"phone": "phone"}, "template": "x", "rows": rows, "at_column": "cuando"}

    naive = prepare(engine, specs(sheet=replace(MESSAGES, naive_zone="America/Santiago"), **fields))
    exact = prepare(engine, specs(sheet=MESSAGES, **fields))

    assert sorted(shown(engine, naive, '"at"')) == [(moments[0],), (moments[4],)]
    assert naive.reasons == {"instant in an hour that comes twice": 3}
    assert exact.reasons == {}


def test_only_test_numbers_are_reached_where_they_are_listed(engine: Engine, specs: Specs) -> None:
    """Compared as numbers, however the list writes them; further numbers are dropped."""
    rows = [row("1", phone2="3111234567"), row("2", "3021234567")]

    prepared = prepare(engine, specs(rows=rows, test_numbers=("+57 300 123 4567",)))

    assert prepared.reasons == {"not a test number": 1, "further number": 1}
    assert shown(engine, prepared, "key", "phone2") == [("1", "")]


def test_the_content_digest_is_keyed_and_tells_contents_apart(engine: Engine, specs: Specs) -> None:
    """Sixteen bytes over what is sent, by name; empty values and the order of the mapping are no part of it."""

    def content(columns: dict[str, Any] | None = None, **cells: str) -> bytes:
        prepared = prepare(engine, specs(rows=[row(**cells)], columns=columns))
        named: bytes = engine.one(f"SELECT _content FROM {prepared.table}").bytes
        return named

    message = "content\x1f_id:1:1key:1:1name:3:Anaphone:10:3001234567"
    assert content(name="Ana") == hmac.new(KEY, message.encode(), "sha256").digest()[:16]
    assert content(name="Ana") == content({"name": "name", "phone": "phone", "key": "key"}, name="Ana", opt1="beside")
    assert len({content(), content(name="x"), content(opt1="x"), content(name="1", opt1="2"), content(name="12")}) == 5


def greedy(rows: list[tuple[bytes, str, str]]) -> set[bytes]:
    """The slow oracle: by content, a row stays unless it shares a key or a number with one that stays."""
    kept: set[bytes] = set()
    keys: set[str] = set()
    numbers: set[str] = set()
    for content, key, number in sorted(rows):
        if key not in keys and number not in numbers:
            kept.add(content)
            keys.add(key)
            numbers.add(number)
    return kept


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(st.integers(1, 6), st.integers(0, 6), st.sampled_from("abc")), max_size=24), st.randoms())
def test_of_rows_that_share_a_key_or_number_the_same_one_stays(
    engine: Engine, specs: Specs, drawn: list[tuple[int, int, str]], chance: random.Random
) -> None:
    """Whatever the order of the rows, and just as the slow way says."""
    rows = [row(str(key), f"31{number}1234567", name=name) for key, number, name in drawn]

    prepared = prepare(engine, specs(rows=rows))
    kept = shown(engine, prepared, "_content", "key", "phone")

    unique = {(r["key"], r["phone"], r["name"]): r for r in rows}
    digests = {}
    for cells in unique.values():
        alone = prepare(engine, specs(rows=[cells]))
        digests[shown(engine, alone, "_content", "key", "phone")[0]] = cells
    assert {content for content, _, _ in kept} == greedy(list(digests))
    assert prepared.rows == len(kept)
    assert prepared.out.get("duplicate", 0) == len(rows) - len(kept)
    chance.shuffle(rows)
    assert shown(engine, prepare(engine, specs(rows=rows)), "_content", "key", "phone") == kept


def test_of_rows_alike_in_all_that_is_sent_what_stands_beside_decides(engine: Engine, specs: Specs) -> None:
    """So that not even a consent's id depends on the order."""
    rows = [row(name="Ana") | {"consent": consent} for consent in ("c-2", "c-1", "c-3")]

    assert shown(engine, prepare(engine, specs(rows=rows)), "consent") == [("c-1",)]
    assert shown(engine, prepare(engine, specs(rows=rows[::-1])), "consent") == [("c-1",)]


def test_a_line_with_two_forms_of_its_number_is_one_line(engine: Engine, specs: Specs) -> None:
    """Argentina's mobiles with and without their 9; a blacklist keeps both forms."""
    rows = [row("1", "+5491123456789"), row("2", "+541123456789")]

    assert prepare(engine, specs(rows=rows, country="AR")).out == {"duplicate": 1}
    assert prepare(engine, specs(rows=rows, country="AR", sheet=NUMBERS)).rows == 2


def test_a_file_of_the_vendors_own_is_one_row_named_by_its_content(engine: Engine, specs: Specs) -> None:
    """It is not looked into."""
    whole = Sheet(columns=(), identity=("key",), readable=False, whole_file=True)
    one = prepare(engine, specs(text=b"\x00\xff3001234567", name="load.cpg", sheet=whole))
    two = prepare(engine, specs(text=b"\x00\xff3001234568", name="load.cpg", sheet=whole))

    assert (one.in_source, one.rows, one.phones) == (1, 1, {})
    assert shown(engine, one, "_id") != shown(engine, two, "_id")
    assert codes(specs, text=b"", name="load.cpg", sheet=whole) == ["SRC003"]


def test_what_describes_rows_never_shows_them(engine: Engine, specs: Specs) -> None:
    """Not even by the way Python prints values."""
    spec = specs(rows=[row()], template="Hola 3001234567", test_numbers=("3001234567",))

    assert "3001234567" not in repr(spec)
    assert "3001234567" not in repr(prepare(engine, specs(rows=[row()])))
