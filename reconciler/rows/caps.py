"""How often people were contacted, as columns: all rows are held against limits at once, and none becomes an object.

Everything is counted in days of the person's own calendar, in each zone where the person may be: a week is any seven days in a
row, a month any thirty. That is stricter than the week of the calendar, which is one of them, whatever its first day, and holds
when clocks are set. Seven times 24 hours would be stricter by some hours, and would bar what is loaded once a week whenever it
is loaded a minute earlier than the week before.

A contact that is still to come, such as a message that was scheduled, counts like one that was made. Limits are those of the
countries of a row's numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final, Protocol
from zoneinfo import ZoneInfo

from reconciler.calendar import jumps, known_zone
from reconciler.rows import digest, sql
from reconciler.rows.engine import Engine
from reconciler.rows.prepared import Prepared
from reconciler.rows.spec import RowsSpec
from reconciler.rows.whereabouts import ZONE, country_of
from reconciler.rows.zones import HEAD, placed, steps

CHANNELS: Final = ("voice", "sms", "whatsapp", "email")
SPANS: Final = {"per_day": 1, "per_week": 7, "per_month": 30, "channels_per_week": 7}
"""Days in a row over which a measure counts; `spacing_days` counts over as many as it says."""
DAYS_BACK: Final = 32
"""How far back contacts matter: the longest span, and a day for zones on either side."""
TURNS_MAX: Final = 100
"""Instants of one person that one document is weighed at; whoever has more gets no more."""
_EVERY: Final = (1 << len(CHANNELS)) - 1
_DAY: Final = 1440
_YEARS_AHEAD: Final = 3
_WIDTH: Final = digest.WIDTH
_NEW: Final = -1  # where contacts are that this plan adds
_NO_BOUND: Final = 1_000_000_000
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


class Limit(Protocol):
    """One limit: at most `most` contacts (of `channels` together) or channels in the span of `measure`, or at least so many
    days (`spacing_days`) between two contacts.
    """

    @property
    def measure(self) -> str: ...

    @property
    def most(self) -> int: ...

    @property
    def channels(self) -> frozenset[str]: ...

    @property
    def rules(self) -> tuple[str, ...]: ...


class Known(Protocol):
    """Persons (packed HMACs) contacted at an instant; `channel` is None where it is not known, which counts for every one."""

    @property
    def at(self) -> datetime: ...

    @property
    def channel(self) -> str | None: ...

    @property
    def container(self) -> str: ...

    @property
    def persons(self) -> bytes: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What contacts are held against: the `limits` of each country, for contacts on `channel` out of `container`, made at `now`
    unless their rows say when. `country` and `zone` are the account's, for whoever is nowhere known to be.
    """

    limits: Callable[[str], Sequence[Limit]]
    channel: str
    container: str
    country: str
    zone: str
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Over:
    """A table (`row`, `term`) of the rows that would be one contact too many, and how many of them each limit bars.

    `term` is the place of the strictest limit in `limits`, from 0.
    """

    table: str
    limits: tuple[Limit, ...]
    counts: tuple[int, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """A limit, and the countries (their places in a list) whose people it is for."""

    limit: Limit
    lands: tuple[int, ...]


class Contacts:
    """Who is contacted when and on which channels: what the journal knows, and what a plan adds, document by document.

    `known` is asked once, when somebody is first held against a limit.
    """

    def __init__(self, engine: Engine, known: Callable[[], Iterable[Known]]) -> None:
        self._engine = engine
        self._ask: Callable[[], Iterable[Known]] | None = known
        self._homes: dict[str, int] = {}
        self._table = engine.fresh("contacts")
        engine.run(f"CREATE TABLE {self._table} (person UUID, minute BIGINT, channels INTEGER, home INTEGER)")

    def over(self, prepared: Prepared, rows: str, terms: Terms) -> Over:
        """Which rows of a query (`row`, `person`, `recipient`) are contacts too many, by the journal and what was `count`ed.

        Of the rows of one person those go first that are due first, then by recipient.
        """
        engine, spec = self._engine, prepared.spec
        lands = self._lands(prepared, rows, terms.country)
        held = _held(terms, list(dict.fromkeys(lands.values())))
        asked, where = engine.fresh("asked"), engine.fresh("where")
        if not held:
            return self._weighed(asked, where, (), (), terms)
        self._recall()
        twice = "SELECT person FROM due GROUP BY person HAVING count(*) > 1"
        alone = f" OR person IN ({twice})" if "person" in prepared.beside else ""
        engine.run(
            f"CREATE TABLE {asked} AS WITH due AS ({self._due(prepared.table, spec, rows, terms)}) "
            f"SELECT row, person, recipient::VARCHAR AS place, minute FROM due "
            f"WHERE person IN (SELECT person FROM {self._table} WHERE {_recent(held, terms)}){alone}"
        )
        zones = self._placed(prepared, asked, where, lands, terms.zone)
        return self._weighed(asked, where, zones, held, terms)

    def waiting(self, persons: Sequence[str], terms: Terms) -> Over:
        """Which persons of some tables (`person`) are contacted once too often when what waits for them there goes out.

        That they were loaded there is this very contact, and does not count beside it. They are where the account is.
        """
        engine = self._engine
        held = _held(terms, [terms.country])
        asked, where = engine.fresh("asked"), engine.fresh("where")
        if not held:
            return self._weighed(asked, where, (), (), terms)
        self._recall()
        union = " UNION ".join(f"SELECT person FROM {sql.name(table)} WHERE person IS NOT NULL" for table in persons)
        engine.run(
            f"CREATE TABLE {asked} AS SELECT row_number() OVER () AS row, person, '' AS place, "
            f"{_minute(terms.now)}::BIGINT AS minute FROM ({union})"
        )
        engine.run(f"CREATE TABLE {where} AS SELECT row, 0 AS zone, 0 AS land FROM {asked}")
        return self._weighed(asked, where, [terms.zone], held, terms, moved=True)

    def count(self, prepared: Prepared, rows: str, terms: Terms) -> None:
        """From now on the rows of a query (`row`, `live`, `person`) count as contacts.

        A row that is replaced takes the place of what was loaded; one that is added waits for no start of its own.
        """
        home = f"CASE WHEN live IS NULL THEN {_NEW} ELSE {self._home(terms.container)} END"
        self._engine.run(
            f"INSERT INTO {self._table} SELECT person, minute, {_mask(terms.channel)}, {home} "
            f"FROM ({self._due(prepared.table, prepared.spec, rows, terms)})"
        )

    def _recall(self) -> None:
        """Add what the journal knows, once."""
        if self._ask is None:
            return
        engine, known, self._ask = self._engine, self._ask(), None
        calls: dict[tuple[int, int, int], int] = {}

        def blobs() -> Iterable[tuple[bytes, bytes]]:
            for one in known:
                call = _minute(one.at), _mask(one.channel), self._home(one.container)
                number = calls.setdefault(call, len(calls) + 1)
                yield one.persons, number.to_bytes(_WIDTH) * (len(one.persons) // _WIDTH)

        packed, keys = engine.packed(blobs()), engine.fresh("calls")
        columns = list(zip(*calls, strict=True)) or [(), (), ()]
        names = [f"{number:032x}" for number in calls.values()]
        engine.run(
            f"CREATE TABLE {keys} AS SELECT unnest($1::VARCHAR[])::UUID AS name, unnest($2::BIGINT[]) AS minute, "
            "unnest($3::INTEGER[]) AS channels, unnest($4::INTEGER[]) AS home",
            [names, *map(list, columns)],
        )
        engine.run(
            f"INSERT INTO {self._table} SELECT p.name, k.minute, k.channels, k.home "
            f"FROM {packed} p JOIN {keys} k ON p.content = k.name"
        )
        engine.drop(packed, keys)

    # --- when and where

    def _home(self, container: str) -> int:
        return self._homes.setdefault(container, len(self._homes))

    def _due(self, table: str, spec: RowsSpec, rows: str, terms: Terms) -> str:
        """SQL: rows with the minute of their contact, counted from 1970. What is due in the past goes out now."""
        now = f"{_minute(terms.now)}::BIGINT"
        if not (spec.at or spec.at_column):
            return f"SELECT *, {now} AS minute FROM ({rows}) WHERE person IS NOT NULL"
        minute = f'greatest({now}, coalesce(epoch_ms(try_cast(p."at" AS TIMESTAMPTZ)) // 60000, {now}))'
        return f"SELECT r.*, {minute} AS minute FROM ({rows}) r JOIN {table} p ON p._row = r.row WHERE r.person IS NOT NULL"

    def _lands(self, prepared: Prepared, rows: str, account: str) -> dict[str | None, str]:
        """The countries of the numbers in a query of rows (`row`), by the first digits; None is for rows without a number."""
        joined = f"({rows}) r JOIN {prepared.stored} s ON s.rowid = r.row"
        heads = " UNION ".join(
            f"SELECT left(s.{column}::VARCHAR, {HEAD}) AS head, s.{column} AS number FROM {joined}"
            for column in prepared.phones.values()
        )
        found = self._engine.run(f"SELECT head, min(number) FROM ({heads}) GROUP BY head ORDER BY head") if heads else []
        return {head: country_of(number, account) for head, number in found} | {None: account}

    def _placed(self, prepared: Prepared, asked: str, where: str, lands: Mapping[str | None, str], account: str) -> list[str]:
        """Make a table (`row`, `zone`, `land`): where rows may be, by places in the list of zones that is given, and in that of
        `lands`.
        """
        engine = self._engine
        said = f"coalesce(p.{sql.name(ZONE)}, '')" if ZONE in prepared.beside else "''"
        numbers = [f"s.{column}" for column in prepared.phones.values()] or ["NULL::BIGINT"]
        joined = f"{asked} a LEFT JOIN {prepared.stored} s ON s.rowid = a.row"
        joined += f" LEFT JOIN {prepared.table} p ON p._row = a.row" if said != "''" else ""
        parts = [
            f"SELECT a.row, {said} AS said, {number} AS number FROM {joined}{f' WHERE {number} IS NOT NULL' if place else ''}"
            for place, number in enumerate(numbers)
        ]
        here, kinds = placed(engine, " UNION ALL ".join(parts)), engine.fresh("kinds")
        zones: dict[str, int] = {}
        countries = list(dict.fromkeys(lands.values()))
        found: list[tuple[str, str | None, int | None, int, int]] = []
        for text, head, step in engine.run(f"SELECT DISTINCT said, head, step FROM {here} ORDER BY ALL"):
            places = (text,) if known_zone(text) else (steps()[step][1] if step is not None else ()) or (account,)
            land = countries.index(lands[head])
            found += [(text, head, step, zones.setdefault(zone, len(zones)), land) for zone in places]
        engine.run(
            f"CREATE TABLE {kinds} AS SELECT unnest($1::VARCHAR[]) AS said, unnest($2::VARCHAR[]) AS head, "
            "unnest($3::BIGINT[]) AS step, unnest($4::INTEGER[]) AS zone, unnest($5::INTEGER[]) AS land",
            [list(column) for column in zip(*found, strict=True)] or [[]] * 5,
        )
        engine.run(
            f"CREATE TABLE {where} AS SELECT DISTINCT h.row, k.zone, k.land FROM {here} h JOIN {kinds} k "
            "ON h.said = k.said AND h.head IS NOT DISTINCT FROM k.head AND h.step IS NOT DISTINCT FROM k.step"
        )
        engine.drop(here, kinds)
        return list(zones)

    def _clocks(self, zones: Sequence[str], tables: Sequence[str]) -> str:
        """A table (`zone`, `since`, `offset_min`): what the clocks of the zones add to UTC, from which minute on."""
        engine = self._engine
        bounds = " UNION ALL ".join(f"SELECT min(minute) AS low, max(minute) AS high FROM {table}" for table in tables)
        low, high = engine.run(f"SELECT min(low), max(high) FROM ({bounds})")[0]
        first = _EPOCH + timedelta(minutes=(low or 0) - _DAY)
        last = min(_EPOCH + timedelta(minutes=(high or 0) + _DAY), first + timedelta(days=366 * _YEARS_AHEAD))
        found = []
        for place, zone in enumerate(zones):
            found.append((place, 0, _offset(first, zone)))
            found += [(place, _minute(jump.at), _offset(jump.at, zone)) for jump in jumps(zone, first.date(), last.date())]
        table = engine.fresh("clocks")
        engine.run(
            f"CREATE TABLE {table} AS SELECT unnest($1::INTEGER[]) AS zone, unnest($2::BIGINT[]) AS since, "
            "unnest($3::BIGINT[]) AS offset_min",
            [list(column) for column in zip(*found, strict=True)] or [[], [], []],
        )
        return table

    # --- weighing

    def _weighed(
        self, asked: str, where: str, zones: Sequence[str], held: Sequence[_Held], terms: Terms, *, moved: bool = False
    ) -> Over:
        """Weigh the rows `asked` for, turn by turn: of each person the rows that are due first, then those due next, …"""
        engine = self._engine
        near, over, turn, free = (engine.fresh(stem) for stem in ("near", "over", "turn", "free"))
        engine.run(f"CREATE TABLE {over} (row BIGINT, term INTEGER)")
        if not held:
            return Over(table=over, limits=(), counts=())
        elsewhere = f" AND home <> {self._home(terms.container)}" if moved else ""
        engine.run(
            f"CREATE TABLE {near} AS SELECT person, minute, channels FROM {self._table} "
            f"WHERE {_recent(held, terms)} AND person IN (SELECT person FROM {asked}){elsewhere}"
        )
        clocks = self._clocks(zones, [near, asked])
        for _ in range(TURNS_MAX):
            engine.run(
                f"CREATE TABLE {turn} AS SELECT *, row_number() OVER (PARTITION BY person ORDER BY place, row) AS rank "
                f"FROM (SELECT * FROM {asked} QUALIFY minute = min(minute) OVER (PARTITION BY person))"
            )
            if not engine.count(turn):
                engine.drop(turn)
                break
            self._room(turn, where, near, clocks, held, terms, free)
            engine.run(
                f"INSERT INTO {over} SELECT t.row, f.term FROM {turn} t JOIN {free} f ON f.person = t.person "
                "WHERE t.rank > f.room"
            )
            engine.run(
                f"INSERT INTO {near} SELECT person, minute, {_mask(terms.channel)} FROM {turn} "
                f"WHERE row NOT IN (SELECT row FROM {over})"
            )
            engine.run(f"DELETE FROM {asked} WHERE row IN (SELECT row FROM {turn})")
            engine.drop(turn, free)
        engine.run(f"INSERT INTO {over} SELECT row, 0 FROM {asked}")
        counts = dict(engine.run(f"SELECT term, count(*) FROM {over} GROUP BY term"))
        engine.drop(asked, where, near, clocks)
        limits = tuple(one.limit for one in held)
        return Over(table=over, limits=limits, counts=tuple(counts.get(term, 0) for term in range(len(limits))))

    def _room(self, turn: str, where: str, near: str, clocks: str, held: Sequence[_Held], terms: Terms, free: str) -> None:
        """Make a table (`person`, `room`, `term`): how many contacts more the strictest limit leaves to each of a turn."""
        engine = self._engine
        mine, seen = engine.fresh("mine"), engine.fresh("seen")
        day = f"(o.minute + k.offset_min) // {_DAY} AS day"
        clock = f"ASOF JOIN {clocks} k ON k.zone = o.zone AND o.minute >= k.since"
        asked = f"SELECT t.person, t.minute, w.zone FROM {turn} t JOIN {where} w ON w.row = t.row"
        engine.run(f"CREATE TABLE {mine} AS SELECT DISTINCT o.person, o.zone, {day} FROM ({asked}) o {clock}")
        others = (
            f"SELECT m.person, m.zone, m.day AS here, n.minute, n.channels FROM {mine} m JOIN {near} n ON n.person = m.person"
        )
        engine.run(
            f"CREATE TABLE {seen} AS SELECT o.person, o.zone, o.here, {day}, o.channels, count(*) AS times "
            f"FROM ({others}) o {clock} GROUP BY ALL"
        )
        rooms = " UNION ALL ".join(
            f"SELECT person, room, {term} AS term FROM ({_left(one.limit, seen, mine, _mask(terms.channel))}) "
            f"WHERE person IN (SELECT t.person FROM {turn} t JOIN {where} w ON w.row = t.row "
            f"WHERE w.land IN ({', '.join(map(str, one.lands))}))"
            for term, one in enumerate(held)
        )
        strictest = f"arg_min(term, room::BIGINT * {len(held)} + term) AS term"
        engine.run(f"CREATE TABLE {free} AS SELECT person, min(room) AS room, {strictest} FROM ({rooms}) GROUP BY person")
        engine.drop(mine, seen)


def _held(terms: Terms, countries: Sequence[str]) -> tuple[_Held, ...]:
    """Every limit of some countries once, with the places of those that have it."""
    found: dict[Limit, list[int]] = {}
    for place, country in enumerate(countries):
        for limit in terms.limits(country):
            found.setdefault(limit, []).append(place)
    return tuple(_Held(limit=limit, lands=tuple(lands)) for limit, lands in found.items())


def _recent(held: Sequence[_Held], terms: Terms) -> str:
    """SQL: whether a contact may matter to one that is made at `now` or later."""
    days = max(_span(one.limit) for one in held) + 1  # a day more for zones
    return f"minute >= {_minute(terms.now) - days * _DAY}"


def _left(limit: Limit, seen: str, mine: str, channel: int) -> str:
    """SQL: how many contacts more a limit leaves to each person (`person`, `room`), in the zone that leaves least."""
    counted = sum(_mask(one) for one in limit.channels)
    span = _span(limit)
    hits = f"SELECT * FROM {seen} WHERE (channels & {counted}) <> 0 AND abs(day - here) < {span}"
    if limit.measure == "spacing_days":
        near = f"m.person IN (SELECT person FROM ({hits}))"
        return f"SELECT DISTINCT m.person, CASE WHEN {near} THEN 0 ELSE 1 END AS room FROM {mine} m"
    # Only days in a row that hold the new contact matter, and the fullest of them begin with a contact, be it the new one.
    old = f"SELECT person, zone, here, day, times, channels & {counted} AS channels FROM ({hits})"
    new = f"SELECT person, zone, day AS here, day, 0 AS times, {channel} AS channels FROM {mine}"
    frame = f"OVER (PARTITION BY person, zone ORDER BY day RANGE BETWEEN CURRENT ROW AND {span - 1} FOLLOWING)"
    room = f"{limit.most} - sum(times) {frame}"
    if limit.measure == "channels_per_week":
        room = f"CASE WHEN bit_count(bit_or(channels) {frame}) > {limit.most} THEN 0 ELSE {_NO_BOUND} END"
    windows = f"SELECT person, day, here, {room} AS room FROM ({old} UNION ALL {new})"
    return f"SELECT person, greatest(0, min(room)) AS room FROM ({windows}) WHERE day <= here GROUP BY person"


def _span(limit: Limit) -> int:
    return SPANS.get(limit.measure, limit.most)


def _mask(channel: str | None) -> int:
    return _EVERY if channel not in CHANNELS else 1 << CHANNELS.index(channel)


def _minute(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(minutes=1)


def _offset(moment: datetime, zone: str) -> int:
    return (moment.astimezone(ZoneInfo(zone)).utcoffset() or timedelta()) // timedelta(minutes=1)
