"""Who is contacted once too often: every limit at its edge, in the person's own days, and against a slow second opinion."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from itertools import chain
from typing import Final
from zoneinfo import ZoneInfo

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from reconciler.rows import digest
from reconciler.rows.caps import CHANNELS, SPANS, Contacts, Terms
from reconciler.rows.compare import Compared, compare
from reconciler.rows.engine import Engine
from reconciler.rows.prepare import prepare
from reconciler.rows.prepared import Prepared
from reconciler.rows.sheet import Sheet
from tests.rows.conftest import KEY, MESSAGES, RECORDS, Specs
from tests.rows.test_compare import BOX, living, recipients, rows_of
from tests.rows.test_prepare import row

BOGOTA: Final = "America/Bogota"
NOW: Final = datetime(2026, 11, 24, 15, tzinfo=UTC)  # ten o'clock in Bogotá
EVERY: Final = frozenset(CHANNELS)
VOICE: Final = frozenset({"voice"})


@dataclass(frozen=True)
class Limit:
    """One limit, as the policies give it."""

    measure: str
    most: int
    channels: frozenset[str] = EVERY
    rules: tuple[str, ...] = ("X-1",)


@dataclass(frozen=True)
class Known:
    """A call of the journal."""

    at: datetime
    channel: str | None
    container: str
    persons: bytes


def people(*names: str) -> bytes:
    return b"".join(digest.keyed(KEY, f"person\x1f{name}") for name in names)


def called(*names: str, at: datetime, channel: str | None = "voice", container: str = "elsewhere|1") -> Known:
    """Somebody was contacted."""
    return Known(at=at, channel=channel, container=container, persons=people(*names))


def terms(*limits: Limit, now: datetime = NOW, channel: str = "voice", zone: str = BOGOTA, container: str = BOX) -> Terms:
    return Terms(limits=lambda _land: limits, channel=channel, container=container, country="CO", zone=zone, now=now)


def against(engine: Engine, prepared: Prepared, contacts: Contacts, held: Terms, live: str | None = None) -> Compared:
    """A document's rows, compared and held against limits."""
    compared = compare(
        engine,
        prepared,
        live=live,
        container=held.container,
        generation=1,
        over=lambda rows: contacts.over(prepared, rows, held),
    )
    contacts.count(prepared, compared.contacts, held)
    return compared


def left(engine: Engine, specs: Specs, limit: Limit, *before: Known) -> int:
    """How often one person may be contacted now: once, or not at all."""
    prepared = prepare(engine, specs(rows=[row("1")]))
    return against(engine, prepared, Contacts(engine, lambda: before), terms(limit)).diff.to_add


ANA: Final = "+573001234567"


@pytest.mark.parametrize("most", [1, 2, 5])
@pytest.mark.parametrize("measure", ["per_day", "per_week", "per_month"])
def test_the_contact_that_reaches_a_limit_is_made_and_the_next_one_is_not(
    engine: Engine, specs: Specs, measure: str, most: int
) -> None:
    for count in (most - 1, most, most + 1):
        before = [called(ANA, at=NOW - timedelta(minutes=1 + minute)) for minute in range(count)]
        assert left(engine, specs, Limit(measure, most), *before) == (1 if count < most else 0)


@pytest.mark.parametrize(("measure", "days"), [("per_day", 1), ("per_week", 7), ("per_month", 30)])
def test_a_span_is_so_many_days_of_the_person_in_a_row(engine: Engine, specs: Specs, measure: str, days: int) -> None:
    """In Bogotá the day begins at five o'clock UTC, whatever the hour of the contact."""
    begins = datetime(2026, 11, 24, 5, tzinfo=UTC) - timedelta(days=days - 1)
    for shift, allowed in ((-1, 1), (0, 0), (1, 0)):
        assert left(engine, specs, Limit(measure, 1), called(ANA, at=begins + timedelta(minutes=shift))) == allowed


@pytest.mark.parametrize("measure", ["per_day", "per_week", "per_month"])
def test_what_is_still_to_come_counts_like_what_was(engine: Engine, specs: Specs, measure: str) -> None:
    """A message that is scheduled for later this day, week or month fills it now."""
    ends = datetime(2026, 11, 24, 5, tzinfo=UTC) + timedelta(days=SPANS[measure])
    assert left(engine, specs, Limit(measure, 1), called(ANA, at=ends - timedelta(minutes=1))) == 0
    assert left(engine, specs, Limit(measure, 1), called(ANA, at=ends)) == 1


def test_a_week_is_full_only_where_some_seven_days_in_a_row_are(engine: Engine, specs: Specs) -> None:
    before = called(ANA, at=NOW - timedelta(days=5)), called(ANA, at=NOW + timedelta(days=5))

    assert left(engine, specs, Limit("per_week", 2), *before) == 1
    assert left(engine, specs, Limit("per_week", 2), *before, called(ANA, at=NOW - timedelta(days=1))) == 0


@pytest.mark.parametrize(("days", "allowed"), [(-3, 1), (-2, 1), (-1, 0), (0, 0), (1, 0), (2, 1)])
def test_days_between_two_contacts(engine: Engine, specs: Specs, days: int, allowed: int) -> None:
    assert left(engine, specs, Limit("spacing_days", 2), called(ANA, at=NOW + timedelta(days=days))) == allowed


@pytest.mark.parametrize(
    ("before", "allowed"), [(("voice",), 1), (("sms",), 0), (("voice", "voice"), 1), ((None,), 0), (("sms", "email"), 0)]
)
def test_one_channel_a_week(engine: Engine, specs: Specs, before: tuple[str | None, ...], allowed: int) -> None:
    """What the journal does not know the channel of may have been on any."""
    known = [called(ANA, at=NOW - timedelta(days=6), channel=channel) for channel in before]
    assert left(engine, specs, Limit("channels_per_week", 1), *known) == allowed
    past = [called(ANA, at=NOW - timedelta(days=7), channel=channel) for channel in before]
    assert left(engine, specs, Limit("channels_per_week", 1), *past) == 1


@pytest.mark.parametrize(("channel", "allowed"), [("voice", 0), ("sms", 1), (None, 0)])
def test_only_the_channels_of_a_limit_are_counted(engine: Engine, specs: Specs, channel: str | None, allowed: int) -> None:
    known = called(ANA, at=NOW - timedelta(hours=1), channel=channel)
    assert left(engine, specs, Limit("per_day", 1, VOICE), known) == allowed


@pytest.mark.parametrize(
    ("said", "phone", "hour", "allowed"),
    [
        ("", "3001234567", 4, 1),  # Bogotá: yesterday at 23:59
        ("", "3001234567", 5, 0),
        ("Asia/Tokyo", "3001234567", 14, 1),  # Tokyo's day began at three o'clock in the afternoon of UTC
        ("Asia/Tokyo", "3001234567", 15, 0),
        ("nowhere", "3001234567", 5, 0),
        ("", "+525512345678", 5, 1),  # a number of Mexico City: its day begins at six
        ("", "+525512345678", 6, 0),
        ("", "+525512345678", 7, 0),
        ("", "+12125550123", 4, 1),
        ("", "+18005550123", 8, 0),  # toll-free: anywhere from New York, whose day begins at five …
        ("", "+18005550123", 10, 0),  # … to Honolulu, whose day begins at ten
    ],
)
def test_the_day_is_that_of_the_person(engine: Engine, specs: Specs, said: str, phone: str, hour: int, allowed: int) -> None:
    """The row says where; else the number does, and where it may be several places, each of them must allow it."""
    who = {"+": phone}.get(phone[0], f"+57{phone}")
    prepared = prepare(engine, specs(rows=[row("1", phone, timezone=said or "")], phone_format="digits"))
    before = called(who, at=datetime(2026, 11, 24, hour, 30 if allowed else 0, tzinfo=UTC))
    held = terms(Limit("per_day", 1), now=datetime(2026, 11, 24, 16, tzinfo=UTC))

    compared = against(engine, prepared, Contacts(engine, lambda: [before]), held)

    assert (compared.diff.to_add, compared.diff.suppressed) == (allowed, {} if allowed else {"cap": 1})


def test_days_in_which_clocks_are_set_are_days(engine: Engine, specs: Specs) -> None:
    """Santiago's clock goes forward at midnight of 6 September 2026: that day begins at one o'clock, at four of UTC still."""
    now = datetime(2026, 9, 7, 2, 30, tzinfo=UTC)  # 23:30 of the sixth
    prepared = prepare(engine, specs(rows=[row("1", timezone="America/Santiago")]))
    for shift, allowed in ((-1, 1), (0, 0), (1, 0)):
        before = called(ANA, at=datetime(2026, 9, 6, 4, tzinfo=UTC) + timedelta(minutes=shift))
        held = terms(Limit("per_day", 1), now=now, zone="America/Santiago")
        assert against(engine, prepared, Contacts(engine, [before].copy), held).diff.to_add == allowed


def test_limits_are_those_of_the_country_of_a_number(engine: Engine, specs: Specs) -> None:
    """Of every number that a row has; a row without one is where the account is."""
    mexico = "+525512345678"
    rows = [row("1"), row("2", mexico), row("3", mexico.replace("78", "79"), phone2="3011234567")]
    limits = {"CO": [Limit("per_day", 1)], "MX": [Limit("per_day", 2), Limit("per_week", 2)]}
    prepared = prepare(engine, specs(rows=rows, phone_format="digits"))
    before = [called(ANA, mexico, "+525512345679", at=NOW)]

    compared = against(
        engine, prepared, Contacts(engine, before.copy), replace(terms(), limits=lambda land: limits.get(land, []))
    )

    assert {cells["key"] for cells in rows_of(compared)} == {"2"}
    assert dict(compared.capped) == {limits["CO"][0]: 2, limits["MX"][0]: 0, limits["MX"][1]: 0}


def test_the_journal_is_not_asked_where_no_limit_holds(engine: Engine, specs: Specs) -> None:
    asked: list[bool] = []

    def known() -> list[Known]:
        asked.append(True)
        return []

    contacts = Contacts(engine, known)
    prepared = prepare(engine, specs(rows=[row("1")]))

    assert against(engine, prepared, contacts, terms()).capped == ()
    assert not asked
    assert against(engine, prepared, contacts, terms(Limit("per_day", 1))).diff.suppressed == {"cap": 1}
    against(engine, prepared, contacts, terms(Limit("per_day", 1)))
    assert asked == [True]


def test_a_person_is_one_on_every_target(engine: Engine, specs: Specs) -> None:
    """The second document to load somebody is one contact too many; whoever was taken out leaves room for the others."""
    contacts = Contacts(engine, list)
    first = prepare(engine, specs(rows=[row("1"), row("2", "3011234567")]))
    second = prepare(engine, specs(rows=[row("9"), row("8", "3021234567")], sheet=MESSAGES))
    limit = Limit("per_day", 1)

    assert against(engine, first, contacts, terms(limit)).diff.to_add == 2
    there = against(engine, second, contacts, terms(limit, channel="sms", container="another|2"))

    assert (there.diff.to_add, there.diff.suppressed, there.diff.people, there.capped) == (1, {"cap": 1}, 1, ((limit, 1),))
    assert against(engine, first, contacts, terms(Limit("per_day", 2))).diff.to_add == 2, "what was left out is no contact"


def test_of_several_numbers_of_a_person_the_first_are_taken_in_an_order_of_their_own(engine: Engine, specs: Specs) -> None:
    """By the names of the rows, so that neither files nor their order decide."""
    wish = [row(str(place), f"30{place}1234567", person="eva") for place in range(5)]
    kept = []
    for rows in (wish, wish[::-1]):
        prepared = prepare(engine, specs(rows=rows))
        compared = against(engine, prepared, Contacts(engine, list), terms(Limit("per_day", 2)))
        assert (compared.diff.to_add, compared.diff.suppressed, compared.diff.people) == (2, {"cap": 3}, 1)
        kept.append({cells["key"] for cells in rows_of(compared)})
    assert kept[0] == kept[1] == {str(place) for place in sorted(range(5), key=lambda one: recipients(str(one)).recipients)[:2]}


def test_messages_count_when_they_are_due(engine: Engine, specs: Specs) -> None:
    """The earlier ones go first; one that is late goes out now."""
    sheet = Sheet(columns=RECORDS.columns, identity=("key",), readable=False)
    due = {"1": "2026-11-20T10:00:00-05:00", "2": "2026-11-24T23:59:00-05:00", "3": "2026-11-25T00:00:00-05:00"}
    rows = [row(key, f"30{key}1234567", person="eva", when=at) for key, at in due.items()]
    columns = {"key": "key", "phone": "phone", "person": "person"}
    prepared = prepare(engine, specs(rows=rows, sheet=sheet, columns=columns, at_column="when"))

    compared = against(engine, prepared, Contacts(engine, list), terms(Limit("per_day", 1)))

    assert {cells["key"] for cells in rows_of(compared)} == {"1", "3"}
    one = prepare(engine, specs(rows=[row("4", "3041234567", person="eva")], sheet=sheet, at="2026-11-26T10:00:00-05:00"))
    contacts = Contacts(engine, lambda: [called("eva", at=datetime(2026, 11, 25, 15, tzinfo=UTC))])
    assert against(engine, one, contacts, terms(Limit("per_day", 1))).diff.to_add == 1
    assert against(engine, one, contacts, terms(Limit("spacing_days", 2))).diff.to_add == 0


def test_whoever_has_a_hundred_instants_gets_no_more(engine: Engine, specs: Specs) -> None:
    """A column mapped by mistake makes everybody one person; the plan ends all the same."""
    sheet = Sheet(columns=RECORDS.columns, identity=("key",), readable=False)
    start = datetime(2026, 12, 1, 15, tzinfo=UTC)
    rows = [
        row(str(place), f"30012{place:05}", person="all", when=(start + timedelta(minutes=place)).isoformat())
        for place in range(120)
    ]
    columns = {"key": "key", "phone": "phone", "person": "person"}
    prepared = prepare(engine, specs(rows=rows, sheet=sheet, columns=columns, at_column="when"))

    compared = against(engine, prepared, Contacts(engine, list), terms(Limit("per_day", 110)))

    assert (compared.diff.to_add, compared.diff.suppressed) == (100, {"cap": 20})


def test_a_row_is_replaced_only_where_that_is_no_contact_too_many(engine: Engine, specs: Specs) -> None:
    """What lives stays as it is then."""
    live = living(engine, row("1", name="old"), row("2", "3011234567", name="old"))
    prepared = prepare(engine, specs(rows=[row("1", name="new"), row("2", "3011234567", name="new")]))
    contacts, limit = Contacts(engine, lambda: [called(ANA, at=NOW)]), Limit("per_day", 1)

    compared = compare(
        engine,
        prepared,
        live=live,
        container=BOX,
        generation=1,
        changed="replace",
        loaded=[recipients("1", "2")],
        over=lambda rows: contacts.over(prepared, rows, terms(limit)),
    )

    assert (compared.diff.to_replace, compared.diff.changed, compared.diff.suppressed, compared.capped) == (
        1,
        2,
        {},
        ((limit, 1),),
    )


def test_who_waits_in_a_campaign_is_weighed_as_of_its_start(engine: Engine, specs: Specs) -> None:
    """What was loaded there is the contact that a start makes; what was loaded elsewhere counts beside it."""
    live = living(engine, row("1"), row("2", "3011234567"), row("3", "3021234567"))
    names = ANA, "+573011234567", "+573021234567"
    prepared = prepare(engine, specs(rows=[]))
    before = [called(*names, at=NOW, container=BOX), called(names[1], at=NOW)]
    compared = compare(engine, prepared, live=live, container=BOX, generation=1)
    engine.run(f"INSERT INTO {compared.persons} SELECT unnest([{', '.join(_uuid(name) for name in names)}]), true")

    contacts = Contacts(engine, lambda: before)

    assert contacts.waiting([compared.persons], terms(Limit("per_day", 1))).counts == (1,)
    assert contacts.waiting([compared.persons] * 2, terms(Limit("per_day", 2))).counts == (0,)
    assert contacts.waiting([compared.persons], terms(Limit("per_day", 1), container="other")).counts == (3,)


def _uuid(name: str) -> str:
    return f"'{digest.keyed(KEY, f'person{digest.UNIT}{name}').hex()}'::UUID"


# --- a second opinion

ZONES: Final = (BOGOTA, "America/Santiago", "Asia/Tokyo")
PEOPLE: Final = ("ana", "eva", "luz")
HOURS: Final = st.integers(-24 * 33, 24 * 8)


@dataclass(frozen=True)
class Wanted:
    """A row: who, how many hours from now, and where."""

    person: str
    hours: int
    zone: str


def opinion(
    before: Iterable[Known], rows: Sequence[tuple[Wanted, bytes]], limits: Sequence[Limit], channel: str
) -> list[bytes]:
    """Row after row, contact after contact, as the rules are told in words."""
    made = {who: [(one.at, one.channel) for one in before if people(who) == one.persons] for who in PEOPLE}
    kept = []
    for wanted, name in sorted(rows, key=lambda one: (max(0, one[0].hours), one[1])):
        at = NOW + timedelta(hours=max(0, wanted.hours))
        others = made[wanted.person]
        if all(_keeps(limit, others, at, channel, ZoneInfo(wanted.zone)) for limit in limits):
            others.append((at, channel))
            kept.append(name)
    return sorted(kept)


def _keeps(limit: Limit, others: Iterable[tuple[datetime, str | None]], at: datetime, channel: str, zone: ZoneInfo) -> bool:
    here = at.astimezone(zone).date()
    told = [(moment.astimezone(zone).date(), word) for moment, word in others if word is None or word in limit.channels]
    if limit.measure == "spacing_days":
        return all(abs((day - here).days) >= limit.most for day, _word in told)
    span = SPANS[limit.measure]
    return all(
        _fits(limit, [one for one in told if first <= one[0] < first + timedelta(days=span)], channel)
        for first in (here - timedelta(days=back) for back in range(span))
    )


def _fits(limit: Limit, told: Sequence[tuple[date, str | None]], channel: str) -> bool:
    if limit.measure != "channels_per_week":
        return len(told) < limit.most
    used = set(chain.from_iterable(limit.channels if word is None else (word,) for _day, word in told)) | {channel}
    return len(used) <= limit.most


LIMITS: Final = st.lists(
    st.builds(
        Limit,
        st.sampled_from([*SPANS, "spacing_days"]),
        st.integers(1, 3),
        st.sets(st.sampled_from(CHANNELS)).map(lambda some: frozenset({"voice", *some})),
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=30, phases=[p for p in Phase if p is not Phase.shrink])
@given(
    before=st.lists(st.tuples(st.sampled_from(PEOPLE), HOURS, st.sampled_from([*CHANNELS, None])), max_size=12),
    wished=st.lists(st.tuples(st.sampled_from(PEOPLE), st.integers(-2, 24 * 8)), min_size=1, max_size=8),
    zones=st.tuples(*[st.sampled_from(ZONES)] * len(PEOPLE)),
    limits=LIMITS,
)
def test_the_columns_say_what_a_slow_count_says(
    shared: Engine,
    shared_specs: Specs,
    before: list[tuple[str, int, str | None]],
    wished: list[tuple[str, int]],
    zones: tuple[str, ...],
    limits: list[Limit],
) -> None:
    known = [called(who, at=NOW + timedelta(hours=hours), channel=channel) for who, hours, channel in before]
    home = dict(zip(PEOPLE, zones, strict=True))
    wanted = [Wanted(who, hours, home[who]) for who, hours in wished]
    rows = [
        row(
            str(place),
            f"300123{place:04}",
            person=one.person,
            timezone=one.zone,
            when=(NOW + timedelta(hours=one.hours)).isoformat(),
        )
        for place, one in enumerate(wanted)
    ]
    sheet = Sheet(columns=RECORDS.columns, identity=("key",), readable=False)
    columns = {name: name for name in ("key", "phone", "person", "timezone")}
    prepared = prepare(shared, shared_specs(rows=rows, sheet=sheet, columns=columns, at_column="when"))

    compared = against(shared, prepared, Contacts(shared, lambda: known), terms(*limits))

    named = [(one, recipients(str(place)).recipients) for place, one in enumerate(wanted)]
    expected = opinion(known, named, limits, "voice")
    kept = sorted(recipients(cells["key"]).recipients for cells in rows_of(compared))
    assert kept == expected
    assert (compared.diff.to_add, sum(count for _limit, count in compared.capped)) == (
        len(expected),
        len(wanted) - len(expected),
    )


@pytest.fixture(scope="module")
def shared() -> Iterable[Engine]:
    """One engine for all examples."""
    with Engine(key=KEY, memory="512MB") as made:
        yield made


@pytest.fixture(scope="module")
def shared_specs(tmp_path_factory: pytest.TempPathFactory) -> Specs:
    """As `specs`, for all examples."""
    from tests.rows.conftest import specs_in

    return specs_in(tmp_path_factory.mktemp("caps"))


def test_a_million_people_are_weighed_as_columns(engine: Engine, specs: Specs) -> None:
    """Half of them were contacted today; nobody becomes an object."""
    count = 1_000_000
    table, persons = engine.fresh("adds"), engine.fresh("seen")
    prepared = prepare(engine, specs(rows=[row("1")]))
    engine.run(
        f"CREATE TABLE {table} AS SELECT range AS row, md5(range::VARCHAR)::UUID AS person, "
        f"md5('r' || range)::UUID AS recipient FROM range({count})"
    )
    engine.run(f"CREATE TABLE {persons} AS SELECT person FROM {table} WHERE row % 2 = 0")
    packed = b"".join(
        bytes.fromhex("".join(name for (name,) in piece))
        for piece in engine.pieces(f"SELECT {digest.as_hex('person')} FROM {persons}")
    )
    contacts = Contacts(engine, lambda: [Known(at=NOW, channel="voice", container="elsewhere|1", persons=packed)])

    over = contacts.over(prepared, f"SELECT * FROM {table}", terms(Limit("per_day", 1), Limit("channels_per_week", 1)))

    assert over.counts == (count // 2, 0)
    assert engine.one(f"SELECT count(*) FROM {over.table} WHERE row % 2 = 0") == count // 2
