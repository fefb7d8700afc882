"""A document's rows as they would be sent: read, understood, judged one by one, each person and key once.

`prepare` makes a table of numbers and texts, takes out rows that cannot be sent, and keeps of rows that share a key or a
primary number the one with the smallest content digest, so that neither the order of rows nor of files matters. The table is
seen through a view that adds what is derived: the texts of numbers, identity, person and content, computed only where somebody
asks.
"""

from __future__ import annotations

import hashlib
import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from reconciler.calendar import CLOCKS_KNOWN, repeated
from reconciler.rows import digest, formats, numbers, reader, sql
from reconciler.rows.complaints import complaint, reread
from reconciler.rows.duplicates import drop_duplicates
from reconciler.rows.engine import Engine
from reconciler.rows.errors import SourceBroken
from reconciler.rows.examples import examples
from reconciler.rows.mapping import PLACEHOLDER, Mapped, Take, placeholders
from reconciler.rows.opened import Part, cells
from reconciler.rows.prepared import INVALID, Prepared
from reconciler.rows.source import changed, empty
from reconciler.rows.spec import COMPUTED, RowsSpec

FURTHER_NUMBER: Final = "further number"
_BLANKS: Final = " \t\r\n\u00a0\u2007\u202f\ufeff"
_EDGE: Final = "^[^!-~]|[^!-~]$"
_CONTROL: Final = "\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f\\x7f"
_BETWEEN: Final = "~"
_UNEVEN: Final = f"{_EDGE}|{_BETWEEN}[^!-~]|[^!-~]{_BETWEEN}"
"""RE2: cells, with `_BETWEEN` between them, of which one may begin or end with a blank."""
_CLOCK: Final = r"([01]\d|2[0-3]):[0-5]\d"
_INSTANT: Final = rf"(19[7-9]\d|2[01]\d\d)-\d\d-\d\dT{_CLOCK}(:[0-5]\d(\.\d+)?)?(Z|[+-]{_CLOCK})"
"""No more than `calendar.instant` takes: the engine takes 24:00, an offset of a whole day, and years without an end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """What takes a row out: a reason, and SQL for the condition, the name of the column where the matter lies, and the cell
    there, where how it is written says more. `unread` cells are numbers that were none: the stored table lacks them.
    """

    reason: str
    condition: str
    part: str
    cell: str = "''"
    unread: bool = False


def prepare(engine: Engine, spec: RowsSpec) -> Prepared:
    """Read and judge the rows of a document. SourceBroken when the source or its mapping cannot be carried out."""
    if spec.sheet.whole_file:
        return _passed_through(engine, spec)
    opened = reader.open_source(engine, spec)
    try:
        plan = opened.mapped(spec)
        if plan.findings:
            raise SourceBroken(plan.findings)
        raw = engine.fresh("raw")
        for place, part in enumerate(opened.parts):
            _read(engine, spec, plan, part, f"INSERT INTO {raw}" if place else f"CREATE TABLE {raw} AS")
    finally:
        opened.close()
    in_source = engine.count(raw)
    odd = numbers.ask(engine, raw, _open_columns(plan), spec.country)
    prepared = _judge(engine, spec, plan, raw, odd, in_source)
    engine.drop(raw, *([odd] if odd else []))
    drop_duplicates(engine, prepared)
    return prepared


def _passed_through(engine: Engine, spec: RowsSpec) -> Prepared:
    """A file whose content is not ours to read, as one row that its content names. Who is in it is not known."""
    (place,) = reader.places(engine, spec)
    copy = engine.folder / engine.fresh("passed")
    shutil.copyfile(place.path, copy)
    if not place.stamp:
        place.path.unlink()
    if place.changed():
        raise SourceBroken([changed(spec, place)])
    if not copy.stat().st_size:
        raise SourceBroken([empty(spec, place)])
    with copy.open("rb") as file:
        name = hashlib.file_digest(file, "sha256").hexdigest()
    stored, view = engine.fresh("stored"), engine.fresh("rows")
    engine.run(f"CREATE TABLE {stored} AS SELECT $1 AS key", [name])
    derived = {
        "_row": "rowid",
        "_id": "key",
        "_number": "NULL::BIGINT",
        "_e164": "NULL::VARCHAR",
        "_numbers": "[]::VARCHAR[]",
        "_person": "key",
        "_content": f"{digest.content([('_id', 'key')])}::UUID",
    }
    _show(engine, view, stored, derived)
    return Prepared(
        spec=spec, table=view, stored=stored, sent=(), beside=(), phones={}, in_source=1, file=copy, derived=derived
    )


def _show(engine: Engine, view: str, stored: str, derived: Mapping[str, str]) -> None:
    columns = [f"{expression} AS {sql.name(name)}" for name, expression in derived.items()]
    engine.run(f"CREATE VIEW {view} AS SELECT {', '.join(columns)} FROM {stored}")


def _read(engine: Engine, spec: RowsSpec, plan: Mapped, part: Part, into: str) -> None:
    """A part's wanted cells as trimmed texts `t<i>`, with `q<i>` for what the fast path makes of a number.

    One look at all cells of a row says whether it is `even`: nothing to trim, and no character that may be forbidden. Nearly
    all rows are; the others are looked at cell by cell.
    """
    values = sql.Bound()
    wanted = [(take.column, take.format) for take in plan.takes if take.value is None]
    if plan.instant:
        wanted.append((plan.instant, ""))
    reader.weigh(engine, spec, part, (column for column, _ in wanted))
    found_cells = cells(values, part, wanted)

    def text(column: str, pattern: str, *, phone: bool = False) -> str:
        cell = found_cells.columns[column]
        kind = part.types.get(column, "VARCHAR")
        shown = (formats.formatted(values, cell, kind, pattern) if pattern else formats.plain(cell, kind)) or "NULL"
        return formats.as_phone(cell, kind, shown) if phone else shown

    found = {
        f"t{index}": text(take.column, take.format, phone=take.phone) if take.value is None else values(take.value)
        for index, take in enumerate(plan.takes)
    }
    if plan.instant:
        found["moment"] = text(plan.instant, "")
    quick = [
        f", {numbers.quick(values, f't{index}', spec.country)} AS q{index}"
        for index, take in enumerate(plan.takes)
        if take.phone
    ]
    inner = ", ".join(f"{expression} AS {name}" for name, expression in found.items())
    uneven = f"regexp_matches(concat_ws('{_BETWEEN}', {', '.join(found)}), {values(f'{_UNEVEN}|{_forbidden(spec)}')})"
    texts = ", ".join(f"CASE WHEN even THEN coalesce({name}, '') ELSE {trimmed(name)} END AS {name}" for name in found)
    statement = (
        f"{into} SELECT *{''.join(quick)} FROM (SELECT {texts}, even FROM "
        f"(SELECT *, NOT {uneven} AS even FROM (SELECT {inner} FROM {found_cells.relation})))"
    )
    _, failure = engine.attempt(statement, values.values)
    if failure is not None:
        if (again := reread(engine, part, failure)) is not None:
            _read(engine, spec, plan, again, into)
            return
        raise complaint(engine, spec, part, failure)
    reader.read_whole(spec, part)
    part.path.unlink()


def trimmed(text: str) -> str:
    """SQL: a text without blanks at its ends. Looking for one first is much quicker than trimming each."""
    return (
        f"CASE WHEN regexp_matches({text}, '{_EDGE}') THEN trim({text}, {sql.literal(_BLANKS)}) ELSE coalesce({text}, '') END"
    )


def _forbidden(spec: RowsSpec) -> str:
    """RE2: a character that no value may hold."""
    return f"[{_CONTROL}]" + (f"|{spec.sheet.forbidden}" if spec.sheet.forbidden else "")


def _open_columns(plan: Mapped) -> list[tuple[str, str]]:
    return [(f"t{index}", f"q{index}") for index, take in enumerate(plan.takes) if take.phone]


def _judge(engine: Engine, spec: RowsSpec, plan: Mapped, raw: str, odd: str | None, in_source: int) -> Prepared:
    """Numbers and texts as they are sent, into the stored table and its view; rows that cannot be sent are deleted again."""
    columns = list(enumerate(plan.takes))
    phones = sorted((_rank(spec, take), index) for index, take in columns if take.phone)
    order = [index for _, index in phones]
    values = sql.Bound()
    joins, resolved = _resolved(order, odd)
    allowed = None if spec.test_numbers is None else _test_numbers(spec)
    written = {
        index: numbers.written(f"n{index}", form=spec.phone_format, prefix=spec.dial_prefix, country=spec.country)
        for index in order
    }
    fit = {index: _fit(values, spec, index, allowed, first=index == order[0]) for index in order}
    shown = {take.name: written[index] if take.phone else f"t{index}" for index, take in columns}
    computed = _computed(values, spec, plan, shown)
    sent = [*(take.name for take in plan.takes if take.sent), *computed]
    whole = shown | {name: sql.name(name) for name in computed}
    rules = _rules(values, spec, plan, sent, whole, order)
    stored, view = engine.fresh("stored"), engine.fresh("rows")
    kept = [
        *(f"t{index}" for index, take in columns if not take.phone),
        *(f"n{index}" for index in order),
        *map(sql.name, computed),
    ]
    numbered = ", ".join(["*", *(f"{expression} AS n{index}" for index, expression in fit.items())])
    rendered = ", ".join(["*", *(f"{expression} AS {sql.name(name)}" for name, expression in computed.items())])
    met = " ".join(f"WHEN {rule.condition} THEN {code}" for code, rule in enumerate(rules, 1))
    why = f"CASE {met} ELSE 0 END" if met else "0"
    dropped = " + ".join(f"(t{index} <> '' AND n{index} IS NULL)::INTEGER" for index in order[1:]) or "0"

    def judged(rows: str) -> str:
        return (
            f"WITH found AS (SELECT r.*{resolved} FROM {rows} r{joins}), "
            f"numbered AS (SELECT {numbered} FROM found), "
            f"rendered AS (SELECT {rendered} FROM numbered) "
            f"SELECT *, ({why})::USMALLINT AS why, ({dropped})::USMALLINT AS dropped FROM rendered"
        )

    engine.run(f"CREATE TABLE {stored} AS SELECT {', '.join(kept)}, why, dropped FROM ({judged(raw)})", values.values)
    prepared = _view(engine, spec, plan, stored, view, order, sent, computed, in_source)
    for code, count in engine.run(f"SELECT why, count(*) FROM {stored} WHERE why > 0 GROUP BY why ORDER BY why"):
        reason = rules[code - 1].reason
        prepared.reasons[reason] = prepared.reasons.get(reason, 0) + prepared.took(INVALID, count)
    if prepared.reasons:
        wrong = f"(SELECT * FROM {raw} WHERE coalesce(q{order[0]}, 0) = 0)" if order else ""
        prepared.examples = _examples(engine, prepared, rules, judged(wrong) if wrong else "", values)
    if further := engine.one(f"SELECT coalesce(sum(dropped), 0) FROM {stored} WHERE why = 0"):
        prepared.reasons[FURTHER_NUMBER] = int(further)
    if spec.sheet.natural and order:
        prepared.rejected = engine.fresh("rejected")
        text, number = f"t{order[0]}", f"q{order[0]}"
        asked = f"SELECT DISTINCT {text} AS value FROM {raw} WHERE coalesce({number}, 0) = 0 AND {text} <> ''"
        engine.run(f"CREATE TABLE {prepared.rejected} AS {asked}")
    if spec.sheet.readable:
        prepared.named = engine.fresh("named")
        engine.run(f"CREATE TABLE {prepared.named} AS SELECT DISTINCT hash(_id) AS id FROM {view}")
    engine.run(f"DELETE FROM {stored} WHERE why > 0")
    return prepared


def _examples(
    engine: Engine, prepared: Prepared, rules: Sequence[Rule], wrong: str, values: sql.Bound
) -> dict[str, tuple[str, ...]]:
    """A few rows of each reason, from the stored table; and from `wrong`, a query of judged rows, where cells are not in it."""

    def told(rows: str, codes: Mapping[int, Rule]) -> str:
        parts = " ".join(f"WHEN {code} THEN {rule.part}" for code, rule in codes.items())
        cells = " ".join(f"WHEN {code} THEN {rule.cell}" for code, rule in codes.items())
        who = f"{prepared.derived['_person']} AS person, {prepared.derived['_e164']} AS number"
        chosen = f"why IN ({', '.join(map(str, codes))})"
        return f"SELECT why, {who}, CASE why {parts} END AS part, CASE why {cells} END AS cell FROM {rows} WHERE {chosen}"

    met = {code: rule for code, rule in enumerate(rules, 1) if rule.reason in prepared.reasons}
    unread = {code: rule for code, rule in met.items() if rule.unread}
    kept = {code: rule for code, rule in met.items() if not rule.unread}
    queries = [told(prepared.stored, kept)] if kept else []
    queries += [told(f"({wrong})", unread)] if unread else []
    reasons = [rule.reason for rule in rules]
    return examples(engine, " UNION ALL ".join(queries), reasons, values if unread else None)


def _rank(spec: RowsSpec, take: Take) -> int:
    """The platform's order of phone columns; the first is the primary one."""
    return next(place for place, column in enumerate(spec.sheet.columns) if column.name == take.name)


def _resolved(order: Sequence[int], odd: str | None) -> tuple[str, str]:
    """Joins to what phonenumbers said, and each phone column's number `r<i>` after it."""
    if odd is None:
        return "", "".join(f", nullif(q{index}, 0) AS r{index}" for index in order)
    joins = "".join(f" LEFT JOIN {odd} o{index} ON q{index} IS NULL AND t{index} = o{index}.value" for index in order)
    return joins, "".join(f", coalesce(nullif(q{index}, 0), o{index}.number) AS r{index}" for index in order)


def _test_numbers(spec: RowsSpec) -> list[int]:
    found = (numbers.understood(text, spec.country) for text in spec.test_numbers or ())
    return [number for number in found if number is not None]


def _fit(values: sql.Bound, spec: RowsSpec, index: int, allowed: list[int] | None, *, first: bool) -> str:
    """A phone column's number as far as it may be used. The primary one stays, so that its reason can be told."""
    if first:
        return f"r{index}"
    doubts = []
    if spec.phone_format == "national":
        doubts.append(numbers.foreign(f"r{index}", spec.country))
    if allowed is not None:
        doubts.append(f"NOT list_contains({values(allowed)}::BIGINT[], r{index})")
    return f"CASE WHEN {' OR '.join(doubts)} THEN NULL ELSE r{index} END" if doubts else f"r{index}"


def _computed(values: sql.Bound, spec: RowsSpec, plan: Mapped, shown: Mapping[str, str]) -> dict[str, str]:
    """The columns of a message: its text with every placeholder filled, and its instant."""
    computed: dict[str, str] = {}
    if spec.template:
        parts = PLACEHOLDER.split(spec.template)
        pieces = [shown[part] if place % 2 else values(part) for place, part in enumerate(parts) if part]
        computed["text"] = " || ".join(pieces)
    if plan.instant:
        computed["at"] = "moment"
    elif spec.at:
        computed["at"] = values(spec.at)
    return computed


def _rules(
    values: sql.Bound,
    spec: RowsSpec,
    plan: Mapped,
    sent: Sequence[str],
    shown: Mapping[str, str],
    order: Sequence[int],
) -> list[Rule]:
    """What takes a row out, strongest first. A row goes by the first that it meets."""

    def rule(reason: str, condition: str, name: str, cell: str = "''", *, unread: bool = False) -> Rule:
        return Rule(reason=reason, condition=condition, part=sql.literal(name), cell=cell, unread=unread)

    rules: list[Rule] = []
    required = {column.name for column in spec.sheet.columns if column.required} | set(spec.sheet.identity)
    rules += [rule("no key", f"{shown[name]} = ''", name) for name in spec.sheet.identity if name == "key"]
    numbered = {plan.takes[index].name: f"n{index}" for index in order}
    named = dict.fromkeys([*spec.sheet.identity, *(["person"] if "person" in shown else [])])
    rules += [
        rule("scientific notation", f"regexp_full_match({shown[name]}, {values(numbers.ROUNDED)})", name, shown[name])
        for name in named
        if name not in numbered
    ]
    if order:
        first, name = order[0], plan.takes[order[0]].name
        text = f"t{first}"
        if name in required:
            rules.append(rule(f"empty {name}", f"{text} = ''", name))
        missing = f"{text} <> '' AND n{first} IS NULL"
        scientific = f"{missing} AND regexp_full_match({text}, {values(numbers.SCIENTIFIC)})"
        decimal = f"{missing} AND regexp_full_match({text}, {values(numbers.DECIMAL)})"
        for reason, condition in (("scientific notation", scientific), ("decimal number", decimal), ("number", missing)):
            rules.append(rule(reason, condition, name, text, unread=True))
        if spec.phone_format == "national":
            rules.append(rule("number of another country", numbers.foreign(f"n{first}", spec.country), name))
        if spec.test_numbers is not None:
            allowed = values(_test_numbers(spec))
            stranger = f"{text} <> '' AND NOT list_contains({allowed}::BIGINT[], n{first})"
            rules.append(rule("not a test number", stranger, name))
    wanted = [name for name in shown if name in required]
    for name in dict.fromkeys([*wanted, *placeholders(spec.template)]):
        lacking = f"{numbered[name]} IS NULL" if name in numbered else f"{shown[name]} = ''"
        rules.append(rule(f"empty {name}", lacking, name))
    if plan.instant:
        no_instant = f"NOT regexp_full_match(moment, {values(_INSTANT)}) OR try_cast(moment AS TIMESTAMPTZ) IS NULL"
        rules.append(rule("no instant", no_instant, "at", sql.name("at")))
        due = "try_cast(moment AS TIMESTAMPTZ)"
        twice = [
            f"({due} >= {values(start.isoformat())}::TIMESTAMPTZ AND {due} < {values(end.isoformat())}::TIMESTAMPTZ)"
            for start, end in (repeated(spec.sheet.naive_zone, *CLOCKS_KNOWN) if spec.sheet.naive_zone else ())
        ]
        rules += [rule("instant in an hour that comes twice", " OR ".join(twice), "at")] if twice else []
    texts = {name: shown[name] for name in (*sent, *spec.sheet.identity)}
    if texts:
        holds = f"regexp_matches({' || '.join(texts.values())}, {values(_forbidden(spec))})"
        # An even row has no such character in its cells; what the document adds to them may have one.
        adds = re.search(_forbidden(spec), f"{spec.template}{spec.at}{spec.dial_prefix}")
        condition = holds if adds else f"CASE WHEN even THEN false ELSE {holds} END"
        rules.append(Rule(reason="forbidden character", condition=condition, part=_holding(spec, texts)))
    declared = [column for column in spec.sheet.columns if column.name in shown]
    rules += [
        rule("too long", f"length({shown[column.name]}) > {column.length_max}", column.name)
        for column in declared
        if column.length_max
    ]
    rules += [
        rule(
            f"{column.name}: {column.why}" if column.why else f"form of {column.name}",
            f"{shown[column.name]} <> '' AND NOT regexp_full_match({shown[column.name]}, {values(column.pattern)})",
            column.name,
        )
        for column in declared
        if column.pattern
    ]
    return rules


def _holding(spec: RowsSpec, texts: Mapping[str, str]) -> str:
    """SQL: the first column that holds a forbidden character. Names that the source alone gives may be anything: they stay
    unsaid.
    """
    said = {column.name for column in spec.sheet.columns} | {*(spec.columns or ()), *placeholders(spec.template), *COMPUTED}
    cases = [
        f"WHEN regexp_matches({text}, {sql.literal(_forbidden(spec))}) THEN {sql.literal(name if name in said else '')}"
        for name, text in texts.items()
    ]
    return f"CASE {' '.join(cases)} END"


def _view(
    engine: Engine,
    spec: RowsSpec,
    plan: Mapped,
    stored: str,
    view: str,
    order: Sequence[int],
    sent: Sequence[str],
    computed: Mapping[str, str],
    in_source: int,
) -> Prepared:
    """The stored table under users' names, with what is derived from it."""
    shown = {
        take.name: numbers.written(f"n{index}", form=spec.phone_format, prefix=spec.dial_prefix, country=spec.country)
        if take.phone
        else f"t{index}"
        for index, take in enumerate(plan.takes)
    } | {name: sql.name(name) for name in computed}
    exact = shown | {plan.takes[index].name: f"coalesce({numbers.e164(f'n{index}')}, '')" for index in order}
    identity = f" || {sql.literal(digest.UNIT)} || ".join(exact[name] for name in spec.sheet.identity)
    number = f"n{order[0]}" if order else "NULL::BIGINT"
    every = ", ".join(numbers.e164(f"n{index}") for index in order)
    person = f"nullif({exact['person']}, '')" if "person" in exact else "NULL"
    derived = {
        "_row": "rowid",
        "_id": identity,
        "_number": number,
        "_e164": numbers.e164(number),
        "_numbers": f"list_filter([{every}]::VARCHAR[], lambda x: x IS NOT NULL)",
        "_person": f"coalesce({person}, {numbers.e164(number)}, {identity})",
        "_content": f"{digest.content([('_id', identity), *((name, shown[name]) for name in sent)])}::UUID",
    }
    _show(engine, view, stored, derived | shown)
    return Prepared(
        spec=spec,
        table=view,
        stored=stored,
        sent=tuple(sent),
        beside=tuple(take.name for take in plan.takes if take.name in spec.beside),
        phones={plan.takes[index].name: f"n{index}" for index in order},
        in_source=in_source,
        derived=derived | shown,
    )


__all__ = ["Prepared", "RowsSpec", "prepare"]
