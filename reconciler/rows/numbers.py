"""E.164 out of what people write, at column speed.

Most numbers of a list are the country's own, written in a few usual ways. For these the engine decides with patterns from
phonenumbers' metadata, and only where every step of `phonenumbers.parse` provably leaves the digits alone: no international
prefix, no national prefix that would be stripped, no doubt about the country code. The distinct rest goes through
phonenumbers itself. A number is held as a BIGINT of its E.164 digits.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Final

import msgspec

from reconciler.rows import sql
from reconciler.rows.engine import Engine

TEXT_MAX: Final = 60
SCIENTIFIC: Final = r"[+-]?[0-9]+([.,][0-9]+)?[eE] ?[+-]?[0-9]+"
"""What a spreadsheet makes of a number that it has no room for; a form on the way may make a blank of its `+`."""
ROUNDED: Final = r"[0-9]([.,][0-9]+)?[eE][+ ][0-9]{2,}"
"""The same of a key, exactly as spreadsheets write it: other keys look alike."""
DECIMAL: Final = r"[0-9]{7,}[.,]0{1,2}"
_SCIENTIFIC: Final = re.compile(SCIENTIFIC)
_NOT_A_NUMBER: Final = re.compile(f"{SCIENTIFIC}|{DECIMAL}")
_TYPES: Final = (
    "mobile",
    "fixed_line",
    "toll_free",
    "premium_rate",
    "shared_cost",
    "voip",
    "personal_number",
    "pager",
    "uan",
    "voicemail",
)
_TAIL: Final = 8
_TAIL_MIN: Final = 7


@dataclass(frozen=True, slots=True)
class Region:
    """What the fast path needs to know of a country. Patterns are in the common subset of Python's re and RE2.

    `lines` are (pattern, lengths) of every type of number, () = any length; `general` is what they have in common.
    `alone` says that no other country has the calling code, so that what is no number here is none at all.
    """

    calling: str
    exit_prefix: str
    exit_is_00: bool
    trunk: str
    general: tuple[str, tuple[int, ...]]
    lines: tuple[tuple[str, tuple[int, ...]], ...]
    alone: bool


@lru_cache(maxsize=64)
def region(country: str) -> Region | None:
    """The metadata of a country that is the main one of its calling code; None for others, which phonenumbers decides."""
    import phonenumbers

    known: Any = phonenumbers.PhoneMetadata.metadata_for_region(country, None) if country else None
    if known is None or phonenumbers.region_code_for_country_code(known.country_code) != country:
        return None
    if not known.general_desc.possible_length:
        return None
    calling = str(known.country_code)
    exit_prefix = known.international_prefix or ""
    starts = [re.match(exit_prefix, f"00{calling}{digit}") for digit in range(10)] if exit_prefix else []
    types = [getattr(known, name) for name in _TYPES]
    lines = [
        (line.national_number_pattern, tuple(line.possible_length))
        for line in types
        if line is not None and line.national_number_pattern
    ]
    return Region(
        calling=calling,
        exit_prefix=exit_prefix,
        exit_is_00=bool(starts) and all(start is not None and start.end() == 2 for start in starts),
        trunk=known.national_prefix_for_parsing or "",
        general=(known.general_desc.national_number_pattern, tuple(known.general_desc.possible_length)),
        lines=tuple(dict.fromkeys(lines)),
        alone=len(phonenumbers.region_codes_for_country_code(known.country_code)) == 1,
    )


def quick(values: sql.Bound, text: str, country: str) -> str:
    """SQL: the number in `text` (a trimmed text column) as BIGINT, 0 where it surely is none, NULL where it has to be asked."""
    known = region(country)
    if known is None or not known.lines:
        return "NULL::BIGINT"
    plain = (
        f"CASE WHEN regexp_full_match({text}, '[0-9]{{4,20}}') THEN {text} "
        f"WHEN regexp_full_match({text}, '[0-9+(][0-9 ().-]{{3,30}}') AND NOT regexp_full_match({text}, {values(DECIMAL)}) "
        f"THEN translate({text}, ' ().-', '') END"
    )
    untouched = "true"
    if known.trunk:  # most trunk patterns begin no number at all, and looking is cheaper than extracting
        trunk = values(f"^(?:{known.trunk})")
        untouched = f"(NOT regexp_matches(s, {trunk}) OR regexp_extract(s, {trunk}) = '')"
    surely = f"WHEN s IS NOT NULL AND (s = d OR starts_with(d, '+')) AND {untouched} THEN 0" if known.alone else ""
    # One-element lists give the steps names inside one expression; the engine has no LET.
    return (
        f"list_transform([{plain}], lambda d: list_transform([{_national(values, known)}], lambda s: "
        f"CASE WHEN {_valid(values, known)} AND {untouched} THEN ('{known.calling}' || s)::BIGINT {surely} END)[1])[1]"
    )


def _national(values: sql.Bound, known: Region) -> str:
    """SQL: the national number in the digits `d`, where every step of parsing is sure to leave just that; else NULL."""
    calling, width = known.calling, len(known.calling)
    general = values(known.general[0])
    cases = [f"WHEN starts_with(d, '+') THEN CASE WHEN starts_with(d, '+{calling}') THEN substr(d, {width + 2}) END"]
    if known.exit_is_00:
        cases.append(f"WHEN starts_with(d, '00{calling}') THEN substr(d, {width + 3})")
    if known.exit_prefix:
        cases.append(f"WHEN regexp_matches(d, {values(f'^(?:{known.exit_prefix})')}) THEN NULL")
    inside = f"CASE WHEN NOT regexp_full_match(d, {general}) THEN substr(d, {width + 1}) END"
    cases.append(f"WHEN starts_with(d, '{calling}') THEN {inside}")
    if known.trunk == "0" and calling[0] != "0":
        cases.append(f"WHEN starts_with(d, '0') THEN CASE WHEN NOT regexp_full_match(d, {general}) THEN substr(d, 2) END")
    return f"CASE {' '.join(cases)} ELSE d END"


def _valid(values: sql.Bound, known: Region) -> str:
    """SQL: whether `s` is a number of some type. Types are asked together, a length at a time: one pattern instead of ten."""
    pattern, lengths = known.general
    kinds = []
    for length in lengths:
        fitting = [f"(?:{line})" for line, fit in known.lines if not fit or length in fit]
        if fitting:
            kinds.append(f"(strlen(s) = {length} AND regexp_full_match(s, {values('|'.join(fitting))}))")
    return f"({' OR '.join(kinds) or 'false'}) AND regexp_full_match(s, {values(pattern)})"


def understood(text: str, country: str) -> int | None:
    """The number as phonenumbers reads it in `country`; None when it is none, or went through a spreadsheet's number form."""
    import phonenumbers

    text = text.strip()
    if not text or len(text) > TEXT_MAX or _NOT_A_NUMBER.fullmatch(text):
        return None
    try:
        parsed = phonenumbers.parse(text, country or None)
    except phonenumbers.NumberParseException:
        return None
    if not phonenumbers.is_valid_number(parsed):
        return None
    return int(phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)[1:])


def lossy(text: str) -> bool:
    """Whether a text is what a spreadsheet made of a number that it had no room for: digits are gone."""
    return bool(_SCIENTIFIC.fullmatch(text.strip()))


def calling_code(country: str) -> str:
    """A country's calling code, such as 57; "" when it has none."""
    import phonenumbers

    code = phonenumbers.country_code_for_region(country) if country else 0
    return str(code) if code else ""


def ask(engine: Engine, table: str, columns: Iterable[tuple[str, str]], country: str) -> str | None:
    """What the fast path left open in (text, number) columns of `table`, through phonenumbers, each distinct text once.

    Gives a table (value, number) of the texts that are numbers after all, or None when nothing was left open.
    """
    open_texts = " UNION ".join(
        f"SELECT {text} AS value FROM {table} WHERE {number} IS NULL AND {text} <> ''" for text, number in columns
    )
    if not open_texts:
        return None
    encode = msgspec.json.Encoder().encode
    found = 0
    with engine.scratch(".jsonl") as path, path.open("wb") as file:
        for piece in engine.pieces(f"SELECT DISTINCT value FROM ({open_texts})"):
            for (value,) in piece:
                number = understood(value, country)
                if number is not None:
                    file.write(encode({"value": value, "number": number}) + b"\n")
                    found += 1
        file.flush()
        if not found:
            return None
        odd = engine.fresh("odd")
        engine.run(
            f"CREATE TABLE {odd} AS SELECT value, number FROM read_json($1, format = 'newline_delimited', "
            "records = true, columns = {'value': 'VARCHAR', 'number': 'BIGINT'})",
            [str(path)],
        )
    return odd


def e164(number: str) -> str:
    """SQL: a number as `+` and its digits."""
    return f"('+' || {number}::VARCHAR)"


def written(number: str, *, form: str, prefix: str, country: str) -> str:
    """SQL: a number as it is sent, "" for NULL. National numbers of another country cannot be written: see `foreign`."""
    lead = sql.literal(prefix)
    if form == "e164":
        text = f"'+' || {number}::VARCHAR"
    elif form == "national":
        text = _dialled(f"substr({number}::VARCHAR, {len(calling_code(country)) + 1})", country)
    else:
        text = f"{number}::VARCHAR"
    return f"coalesce({lead} || {text}, '')"


def _dialled(text: str, country: str) -> str:
    """SQL: a national significant number with the 0 that people of some countries dial before it (UY 094…, EC 099…).

    phonenumbers' own formats say for which numbers; formats that move digits about (AR) leave the number as it is.
    """
    cases = []
    for pattern, leading, prefix in _trunks(country):
        whole = f"regexp_full_match({text}, {sql.literal(pattern)})"
        begins = f" AND regexp_matches({text}, {sql.literal(f'^(?:{leading})')})" if leading else ""
        cases.append(f"WHEN {whole}{begins} THEN {sql.literal(prefix)} || {text}")
    return f"CASE {' '.join(cases)} ELSE {text} END" if cases else text


_GROUP: Final = re.compile(r"\\\d|\$\d")  # where a format puts a group of the number


@lru_cache(maxsize=64)
def _trunks(country: str) -> tuple[tuple[str, str, str], ...]:
    """(pattern, leading digits, trunk prefix) of each of the country's formats, the first that fits counts; "" = none."""
    import phonenumbers

    known = phonenumbers.PhoneMetadata.metadata_for_region(country, None)
    found = []
    for form in known.number_format if known else ():
        rule = form.national_prefix_formatting_rule or ""
        moved = re.search(r"\d", _GROUP.sub("", form.format or ""))
        digits = "" if moved else re.sub(r"\D", "", _GROUP.sub("", rule))
        leading = form.leading_digits_pattern[-1] if form.leading_digits_pattern else ""
        found.append((str(form.pattern), leading, digits))
    return tuple(found) if any(prefix for _, _, prefix in found) else ()


def foreign(number: str, country: str) -> str:
    """SQL: whether a number lies outside the country's calling code."""
    return f"NOT starts_with({number}::VARCHAR, {sql.literal(calling_code(country))})"


def canonical(number: str) -> str:
    """SQL: one number for a line that has two E.164 forms: Argentina's mobiles with and without a 9, Brazil's likewise.

    Mexico's old 521 is no number to phonenumbers any more; as an entry to suppress it blocks on its last digits.
    """
    return (
        f"CASE WHEN {number} BETWEEN 5490000000000 AND 5499999999999 THEN 540000000000 + {number} % 10000000000 "
        f"WHEN {number} BETWEEN 5500000000000 AND 5599999999999 AND ({number} // 100000000) % 10 = 9 "
        f"AND ({number} // 10000000) % 10 >= 6 "
        f"THEN ({number} // 1000000000) * 100000000 + {number} % 100000000 ELSE {number} END"
    )


def tails(text: str) -> str:
    """SQL: the last digits on which an entry that is no number blocks: 8, or 7 where it has no more; NULL below."""
    digits = f"regexp_replace({text}, '[^0-9]', '', 'g')"
    return f"CASE WHEN strlen({digits}) >= {_TAIL_MIN} THEN right({digits}, {_TAIL}) END"


def tail_lengths() -> Sequence[int]:
    """The lengths that `tails` gives."""
    return range(_TAIL_MIN, _TAIL + 1)
