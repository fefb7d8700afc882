"""What the messages of one document weigh, over the real rows: segments, costly characters and who brings them, an opt-out.

Texts are weighed as a column. A weight is a sum over characters, so it is told from a text's length and the few kinds of
characters that count otherwise. Where one of them may straddle the border of two segments, and only there, the text is cut.
Nothing of a text leaves this room but single characters and counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from reconciler.rows import gsm7, sql
from reconciler.rows.mapping import PLACEHOLDER, placeholders

if TYPE_CHECKING:
    from reconciler.rows.engine import Engine
    from reconciler.rows.prepared import Prepared

COSTLY_MAX: Final = 20

# How people are told to stop it: a phrase in any case, a word to answer with behind its verb, or that word in capitals among
# others that are not. Alone, `baja` is also "low" and `cancelar` also "pay". RE2 and `re` read it alike: where a word could
# go on with an accented letter, \b would not do.
_WORDS: Final = "baja|salir|sair|cancelar|cancel|parar|pare|remover|alto|quit|end"
_CAPITALS: Final = "BAJA|SALIR|SAIR|CANCELAR|CANCEL|PARAR|PARE|REMOVER|QUIT"
_ENDS: Final = r"(?:[^a-zà-ÿ]|$)"
_ASKS: Final = "respond[aeo]r?|contest[ae]r?|env[ií][aeo]r?|escrib[aeo]r?|mand[ae]r?|digit[aeo]r?|text|reply|send"
OPT_OUT: Final = (
    rf"(?i:\bno\s+(?:quiere[sn]?\s+|desea[sn]?\s+|m[aá]s\s+)*recibir(?:l[oa]s?|nos)?{_ENDS}|dejar\s+de\s+recibir"
    rf"|n[aã]o\s+(?:quer\s+|deseja\s+|mais\s+)*receber{_ENDS}|deixar\s+de\s+receber"
    r"|\b(?:dar(?:se|te|me)?|date|d[eé]se)\s+de\s+baja\b|\bsolicit\w+\s+(?:la|su|tu)\s+baja\b"
    r"|\bdescadastr|\bunsubscribe|\bopt[\s-]?out\b|(?:^|[^-\w])stop\b"
    r"|\bcancelar\s+(?:la\s+|tu\s+|su\s+|a\s+|sua\s+)?(?:suscripci|inscri|assinatura|subscri)"
    rf"|\b(?:{_ASKS})[:,]?\s+(?:con\s+|com\s+|with\s+|la\s+palabra\s+|a\s+palavra\s+)?[\"'*(]?(?:{_WORDS})\b"
    rf"|\b(?:para|to|p/)\s+(?:{_WORDS})\s*[,:]?\s*(?:{_ASKS})\b|\b(?:{_WORDS})\s*[:=])"
    rf"|[a-zà-ÿ0-9][.,:;]?\s*[\"'*(]?\b(?:{_CAPITALS})\b|\b(?:{_CAPITALS})\b[\"'*)]?\s+[a-zà-ÿ]"
)

_ESCAPE: Final = "\x1b"  # no text holds one: control characters take a row out
_FIRST: Final = r"\1"  # the first group of what was found


def tells_opt_out(text: str) -> bool:
    """Whether a text says how to be left alone."""
    return re.search(OPT_OUT, text) is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Costly:
    """A character that GSM-7 does not have: in how many messages, and which column brings it; "" where the text itself does."""

    character: str
    column: str
    messages: int

    @property
    def name(self) -> str:
        """The character with its code, by its Unicode name where there is nothing to see: `á (U+00E1)`."""
        return gsm7.named(self.character)

    @property
    def plain(self) -> str | None:
        """What may stand for it in GSM-7; None where nothing does."""
        return gsm7.form(self.character)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wording:
    """What the messages of one document weigh, over the real rows. Segments are those of GSM 03.38 and of UCS-2.

    `segments` is the sum over `messages`, `longest` that of the longest one. `segments_plain` and `longest_plain` are what they
    would be with every costly character replaced that has a plain form. `unicode` counts the messages that need UCS-2,
    `unicode_plain` those that would still. `costly` names the characters in most messages first, at most COSTLY_MAX of them.
    `opt_out` says whether every message tells how to be left alone.
    """

    messages: int = 0
    segments: int = 0
    longest: int = 0
    segments_plain: int = 0
    longest_plain: int = 0
    unicode: int = 0
    unicode_plain: int = 0
    costly: tuple[Costly, ...] = ()
    opt_out: bool = False

    def to_json(self) -> dict[str, Any]:
        """The facts as the plan's JSON knows them."""
        return {
            "messages": self.messages,
            "segments": self.segments,
            "longest": self.longest,
            "segments_plain": self.segments_plain,
            "longest_plain": self.longest_plain,
            "unicode": self.unicode,
            "unicode_plain": self.unicode_plain,
            "costly": [
                {"character": one.name, "column": one.column, "messages": one.messages, "plain": one.plain}
                for one in self.costly
            ],
            "opt_out": self.opt_out,
        }


def weigh(engine: Engine, prepared: Prepared, adds: str) -> Wording:
    """What the messages of the rows in `adds` (a table of `row`; "" = none) weigh. The document must have a message."""
    messages = engine.count(adds) if adds else 0
    if not messages:
        return Wording()
    template = prepared.spec.template
    sent = (
        prepared.table
        if messages == engine.count(prepared.stored)
        else f"{prepared.table} WHERE _row IN (SELECT row FROM {adds})"
    )
    found = _brought(engine, prepared, sent, messages)
    values = sql.Bound()
    weights = _weights(values, sent, {one.character for one in found}, always=any(not one.column for one in found))
    segments, longest, segments_plain, longest_plain, unicode, unicode_plain = engine.run(
        f"SELECT sum(now), max(now), sum(plain), max(plain), count(*) FILTER (uni), count(*) FILTER (still) FROM ({weights})",
        values.values,
    )[0]
    return Wording(
        messages=messages,
        segments=int(segments),
        longest=longest,
        segments_plain=int(segments_plain),
        longest_plain=longest_plain,
        unicode=unicode,
        unicode_plain=unicode_plain,
        costly=tuple(sorted(found, key=lambda one: (-one.messages, one.column, one.character))[:COSTLY_MAX]),
        opt_out=_opt_out(engine, template, sent),
    )


def _brought(engine: Engine, prepared: Prepared, sent: str, messages: int) -> list[Costly]:
    """Every costly character, by whatever brings it: the text itself, or a column that it shows."""
    template = prepared.spec.template
    own = "".join(PLACEHOLDER.split(template)[::2])
    found = [Costly(character=one, column="", messages=messages) for one in gsm7.costly(own)]
    outside, inside = f"[^{_ALPHABET}]", f"[{_ALPHABET}]+"
    for column in placeholders(template):
        if column in prepared.phones:  # digits
            continue
        name = sql.name(column)
        # What is left of a value is short and nearly always the same: few are counted, however many rows there are.
        left = f"SELECT regexp_replace({name}, $1, '', 'g') AS left_over FROM (SELECT * FROM {sent})"
        counted = f"SELECT left_over, count(*) AS times FROM ({left} WHERE regexp_matches({name}, $2)) GROUP BY left_over"
        apart = f"SELECT unnest(list_distinct(string_split(left_over, ''))) AS one, times FROM ({counted})"
        rows = engine.run(f"SELECT one, sum(times) FROM ({apart}) GROUP BY one", [inside, outside])
        found += [Costly(character=one, column=column, messages=int(times)) for one, times in rows]
    return found


def _opt_out(engine: Engine, template: str, sent: str) -> bool:
    """Whether every message has an opt-out: the text itself has one, or each row brings its own."""
    if tells_opt_out(PLACEHOLDER.sub("x", template)):
        return True
    if not PLACEHOLDER.search(template):
        return False
    without = f"SELECT 1 FROM (SELECT text FROM {sent}) WHERE NOT regexp_matches(text, $1) LIMIT 1"
    return not engine.run(without, [OPT_OUT])


def _class(characters: Iterable[str]) -> str:
    """The inside of a character class of RE2."""
    return "".join(f"\\x{{{ord(character):x}}}" for character in sorted(characters))


_EXTENSION: Final = _class(gsm7.EXTENSION)
_ALPHABET: Final = _class(gsm7.BASIC + gsm7.EXTENSION)
_ASTRAL: Final = gsm7.ASTRAL


def _weights(values: sql.Bound, sent: str, present: set[str], *, always: bool) -> str:
    """SQL: each text's segments `now` and `plain`, whether it is `uni`code, and whether it is `still` where it is plain.

    `present` are the costly characters that there are: what is not there costs nothing to look for. `always` = the text itself
    has one of them, so that every message needs UCS-2.
    """
    forms = {one: form for one in present if (form := gsm7.form(one)) is not None}
    kept = present - forms.keys()
    wide = _ASTRAL if any(ord(one) > 0xFFFF for one in present) else ""
    wide_kept = _class(one for one in kept if ord(one) > 0xFFFF)
    by_length: dict[int, list[str]] = {}
    for one, form in forms.items():
        by_length.setdefault(len(form), []).append(one)
    resized = {length: _class(ones) for length, ones in sorted(by_length.items()) if length != 1}

    uni = "true" if always else f"regexp_matches(text, {values(f'[^{_ALPHABET}]')})" if present else "false"
    still = f"regexp_matches(text, {values(f'[{_class(kept)}]')})" if kept else "false"
    more = "".join(f" + {length - 1} * {_count(values, inside)}" for length, inside in resized.items())
    facts = (
        f"length(text) AS len, {_count(values, _EXTENSION)} AS ext, {_count(values, wide)} AS pairs, "
        f"{uni} AS uni, {still} AS still, "
        f"length(text){more} AS len_plain, {_count(values, wide_kept)} AS pairs_plain"
    )
    shape = _shape(values, resized)
    septets, units = (gsm7.SINGLE_SEPTETS, gsm7.PART_SEPTETS), (gsm7.SINGLE_UNITS, gsm7.PART_UNITS)
    now = (
        f"CASE WHEN uni THEN {_parts(values, 'len', 'pairs', 'text', wide, *units)} "
        f"ELSE {_parts(values, 'len', 'ext', 'text', _EXTENSION, *septets)} END"
    )
    plain = (
        "CASE WHEN NOT uni THEN now "
        f"WHEN still THEN {_parts(values, 'len_plain', 'pairs_plain', shape, wide_kept, *units)} "
        f"ELSE {_parts(values, 'len_plain', 'ext', shape, _EXTENSION, *septets)} END"
    )
    return f"SELECT uni, still, {now} AS now, {plain} AS plain FROM (SELECT text, {facts} FROM {sent})"


def _count(values: sql.Bound, inside: str) -> str:
    """SQL: how many characters of a class a text has. Most have none, and looking for one first is much quicker."""
    if not inside:
        return "0"
    found = values(f"[{inside}]")
    return (
        f"CASE WHEN regexp_matches(text, {found}) THEN length(text) - length(regexp_replace(text, {found}, '', 'g')) ELSE 0 END"
    )


def _shape(values: sql.Bound, resized: Mapping[int, str]) -> str:
    """SQL: a text in which each character is as long as its plain form; what it is does not matter where only length does."""
    text = "text"
    for length, inside in resized.items():
        text = f"regexp_replace({text}, {values(f'[{inside}]')}, '{'x' * length}', 'g')"
    return text


def _parts(values: sql.Bound, length: str, doubles: str, text: str, inside: str, single: int, part: int) -> str:
    """SQL: segments of a text of so many characters, `doubles` of which, those of the class, count twice and are never cut.

    A segment that one of them would straddle stays one short: at most one a segment and one a double. Where even so many
    leave the count as it is, nothing has to be cut.
    """
    size = f"({length} + {doubles})"
    least = f"(({size} + {part - 1}) // {part})"
    if not inside:
        return f"CASE WHEN {size} <= {single} THEN 1 ELSE {least} END"
    # Behind an escape each such character is as long as it counts, and a segment ends where it can, but not at an escape.
    opened = f"regexp_replace({text}, {values(f'([{inside}])')}, {values(f'{_ESCAPE}{_FIRST}')}, 'g')"
    cut = f"len(regexp_extract_all({opened}, {values(f'(?s).{{0,{part - 1}}}[^{_ESCAPE}]')}))"
    sure = f"{least} * {part} >= {size} + least({doubles}, {least} - 1)"
    return f"CASE WHEN {size} <= {single} THEN 1 WHEN {sure} THEN {least} ELSE {cut} END"
