"""Where the people of rows may be: countries and zones by what rows say, else by their numbers, else by the account.

A group of people is one country and one set of zones. Numbers are looked up as a column: the country by the first digits, of
which a list has few, the zones by an ASOF join with the steps of the number plan.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final

from reconciler.calendar import known_zone
from reconciler.rows import digest, sql
from reconciler.rows.engine import Engine
from reconciler.rows.keys import keyed_live
from reconciler.rows.people import dialable_numbers, shares, together
from reconciler.rows.prepared import Prepared
from reconciler.rows.zones import placed, steps

ZONE: Final = "timezone"


@dataclass(frozen=True, slots=True, kw_only=True)
class Group:
    """`people` unique persons of one country ("" = not known) who may be in any of `zones`; () where no zone is known.

    `instants` are the distinct minutes at which messages to them are due.
    """

    country: str
    zones: tuple[str, ...]
    people: int
    instants: tuple[datetime, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """The groups behind some rows, and a table (`person`, `country`) of those people."""

    groups: tuple[Group, ...]
    table: str


def of_rows(engine: Engine, prepared: Prepared, adds: str, *, country: str, zone: str) -> Whereabouts:
    """Where the persons of the rows in `adds` (`row`, `person`) may be; `country` and `zone` are the account's own."""
    own = f'p."{ZONE}"' if ZONE in prepared.beside else "''"
    due = 'try_cast(p."at" AS TIMESTAMPTZ)' if prepared.spec.at_column else "NULL::TIMESTAMPTZ"
    rows = f"{sql.name(adds)} m JOIN {prepared.stored} s ON s.rowid = m.row"
    if own != "''" or prepared.spec.at_column:
        rows += f" JOIN {prepared.table} p ON p._row = m.row"
    columns = list(prepared.phones.values()) or ["NULL::BIGINT"]
    first, *further = columns
    parts = [f"SELECT m.person, {first} AS number, {own} AS zone, {due} AS due FROM {rows}"]
    parts += [f"SELECT m.person, {column}, {own}, {due} FROM {rows} WHERE {column} IS NOT NULL" for column in further]
    return _of(engine, " UNION ALL ".join(parts), country=country, zone=zone)


def of_live(engine: Engine, prepared: Prepared, live: str, *, country: str, zone: str, gone: Sequence[str] = ()) -> Whereabouts:
    """Where those may be who can still be dialled in a live table; `gone` are tables (`live`) of rows that are not.

    A row that the document still has is where the document says.
    """
    numbers = dialable_numbers(engine, prepared.spec, live)
    for table in gone:
        engine.run(f"DELETE FROM {numbers} WHERE live IN (SELECT live FROM {table})")
    seen, joined, own = "", "", "''"
    if ZONE in prepared.beside:
        seen = keyed_live(engine, prepared.spec, live)
        joined = f" LEFT JOIN {seen} s ON s.live = n.live LEFT JOIN {prepared.table} p ON p._id = s.key"
        own = f"coalesce(p.{sql.name(ZONE)}, '')"
    whose = f"SELECT *, min(key) OVER (PARTITION BY live) AS whose FROM {numbers}"  # a row is one person, whatever its numbers
    cells = f"{digest.person('n.whose')} AS person, try_cast(n.key AS BIGINT) AS number, {own} AS zone"
    found = _of(engine, f"SELECT {cells}, NULL::TIMESTAMPTZ AS due FROM ({whose}) n{joined}", country=country, zone=zone)
    engine.drop(numbers, *([seen] if seen else []))
    return found


def of_persons(engine: Engine, persons: str, documents: Sequence[Prepared], *, country: str, zone: str) -> Whereabouts:
    """Where persons may be (a table `person`), as documents say that still have them; others are where the account is."""
    known = engine.fresh("known")
    engine.run(f"CREATE TABLE {known} (person UUID, number BIGINT, zone VARCHAR)")
    for prepared in documents:
        own = f"coalesce(p.{sql.name(ZONE)}, '')" if ZONE in prepared.beside else "''"
        for place, number in enumerate(prepared.phones.values()):
            engine.run(
                f"INSERT INTO {known} SELECT r.person, s.{number}, {own} FROM {prepared.table} p "
                f"JOIN {persons} r ON r.person = {digest.person('p._person')} JOIN {prepared.stored} s ON s.rowid = p._row"
                f"{f' WHERE s.{number} IS NOT NULL' if place else ''}"
            )
    others = f"SELECT person, NULL, '', NULL::TIMESTAMPTZ FROM {persons} WHERE person NOT IN (SELECT person FROM {known})"
    query = f"SELECT *, NULL::TIMESTAMPTZ AS due FROM {known} UNION ALL {others}"
    found = _of(engine, query, country=country, zone=zone)
    engine.drop(known)
    return found


def counted(engine: Engine, spread: Sequence[tuple[str, str, str]]) -> Mapping[str, Mapping[str, int]]:
    """Unique persons of (table, channel, purpose), by `country`, `channel` and `purpose`; tables have `person`, `country`."""
    everybody = together(
        engine,
        [
            f"SELECT person, country, {sql.literal(channel)} AS channel, {sql.literal(purpose)} AS purpose FROM {table}"
            for table, channel, purpose in spread
        ],
    )
    found: dict[str, Counter[str]] = {name: Counter() for name in ("country", "channel", "purpose")}
    for share in shares(engine, everybody):
        for name, people in found.items():
            people.update(
                dict(engine.run(f"SELECT {name}, count(DISTINCT person) FROM {everybody} WHERE {share} GROUP BY {name}"))
            )
    engine.drop(everybody)
    return {name: dict(sorted(people.items())) for name, people in found.items()}


def _of(engine: Engine, people: str, *, country: str, zone: str) -> Whereabouts:
    """The groups of a query (`person`, `number`, `zone`, `due`)."""
    here, table = placed(engine, people), engine.fresh("reaching")
    kinds = engine.run(f"SELECT head, step, zone, min(number) FROM {here} GROUP BY head, step, zone ORDER BY ALL")
    places: dict[tuple[str, tuple[str, ...]], int] = {}
    of_kind = []
    for head, step, said, example in kinds:
        where = (country_of(example, country), _zones(said, steps()[step][1] if step is not None else (), zone))
        of_kind.append((head, step, said, places.setdefault(where, len(places)), where[0]))
    groups = _counted(engine, here, table, of_kind)
    engine.drop(here)
    return Whereabouts(
        groups=tuple(
            Group(country=where[0], zones=where[1], people=groups[place][0], instants=groups[place][1])
            for where, place in sorted(places.items())
        ),
        table=table,
    )


def _counted(
    engine: Engine, here: str, table: str, kinds: Sequence[tuple[str | None, int | None, str, int, str]]
) -> Mapping[int, tuple[int, tuple[datetime, ...]]]:
    """People and instants of each place; makes the table of persons and their countries."""
    key = engine.fresh("kinds")
    engine.run(f"CREATE TABLE {key} (head VARCHAR, step BIGINT, zone VARCHAR, place INTEGER, country VARCHAR)")
    for kind in kinds:
        engine.run(f"INSERT INTO {key} VALUES ($1, $2, $3, $4, $5)", kind)
    same = " AND ".join(f"h.{name} IS NOT DISTINCT FROM k.{name}" for name in ("head", "step", "zone"))
    joined = f"{here} h JOIN {key} k ON {same}"
    engine.run(f"CREATE TABLE {table} AS SELECT DISTINCT h.person, k.country FROM {joined}")
    counts = engine.run(
        "SELECT k.place, count(DISTINCT h.person), list_sort(list(DISTINCT epoch_us(h.due) // 60000000) "
        f"FILTER (WHERE h.due IS NOT NULL)) FROM {joined} GROUP BY k.place"
    )
    engine.drop(key)
    return {place: (people, tuple(map(_moment, minutes or ()))) for place, people, minutes in counts}


def _moment(minute: int) -> datetime:
    return datetime.fromtimestamp(60 * minute, UTC)


def country_of(example: int | None, otherwise: str) -> str:
    """The country of a number; "" where its calling code belongs to none. Rows without a number are of the account's."""
    if example is None:
        return otherwise
    from phonenumbers import COUNTRY_CODE_TO_REGION_CODE, PhoneNumber, region_code_for_number

    digits = str(example)
    for length in (1, 2, 3):
        regions = COUNTRY_CODE_TO_REGION_CODE.get(int(digits[:length]))
        if regions and len(regions) == 1:
            return regions[0] if regions[0].isalpha() else ""
        if regions:
            number = PhoneNumber(country_code=int(digits[:length]), national_number=int(digits[length:] or 0))
            found = region_code_for_number(number)
            return found or (otherwise if otherwise in regions else "")
    return ""


def _zones(said: str, of_number: tuple[str, ...], otherwise: str) -> tuple[str, ...]:
    """All zones in which somebody may be; () where the row says one that is none."""
    if said:
        return (said,) if known_zone(said) else ()
    return of_number or (otherwise,)
