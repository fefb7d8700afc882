"""Which source column fills which of our columns, and every mistake of that, found without reading rows."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from reconciler.catalogue import say
from reconciler.diagnostics import Finding, did_you_mean
from reconciler.personal import mask_text
from reconciler.rows import formats, sql
from reconciler.rows.spec import COMPUTED, RowsSpec

PLACEHOLDER: Final = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_WORD: Final = re.compile(r"[^\W\d_A-Z][^\WA-Z]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class Take:
    """One of our columns: from a source column, or a constant. `sent` is false for what is judged, or only part of texts."""

    name: str
    column: str = ""
    value: str | None = None
    format: str = ""
    phone: bool = False
    sent: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Mapped:
    """All columns of a document, and what is wrong with them. `instant` is the column of each row's instant."""

    takes: tuple[Take, ...]
    findings: tuple[Finding, ...]
    instant: str = ""

    def take(self, name: str) -> Take | None:
        """The column of that name."""
        return next((take for take in self.takes if take.name == name), None)


def placeholders(template: str) -> list[str]:
    """The names in a message, each once, in order."""
    return list(dict.fromkeys(PLACEHOLDER.findall(template)))


def mapped(spec: RowsSpec, source: Sequence[str], types: Mapping[str, str]) -> Mapped:
    """The mapping of a document onto a source with these columns; `types` are the engine's, for typed sources."""
    takes = tuple(_taken(spec, source) if spec.columns is None else _named(spec, spec.columns))
    instant = _instant(spec, takes, source)
    findings = [
        *_unknown(spec, takes, source, types),
        *_missing(spec, takes, source),
        *_clashes(spec, takes),
        *_holes(spec, takes),
    ]
    if spec.at_column and not instant:
        remedy = meant(spec, spec.at_column, source)
        words = say("the source has no column '{name}'", name=spec.at_column)
        findings.append(spec.mistake("SRC001", words, "at.column", remedy))
    return Mapped(takes=takes, findings=tuple(findings), instant=instant)


def _named(spec: RowsSpec, columns: Mapping[str, Any]) -> Iterator[Take]:
    """The columns that a document maps."""
    for ours, wish in columns.items():
        record: Mapping[str, Any] = wish if isinstance(wish, Mapping) else {"column": wish}
        yield _take(
            spec,
            ours,
            column=str(record.get("column") or ""),
            value=None if record.get("value") is None else str(record["value"]),
            format_=str(record.get("format") or ""),
        )


def _taken(spec: RowsSpec, source: Sequence[str]) -> Iterator[Take]:
    """Without a mapping: source columns that have our names."""
    known = {column.name for column in spec.sheet.columns} | set(spec.beside) | set(placeholders(spec.template))
    made = {spec.at_column, *(COMPUTED if spec.template else ())}
    for column in source:
        if column and (column in known or (spec.sheet.others and column not in made)):
            yield _take(spec, column, column=column)


def _take(spec: RowsSpec, ours: str, *, column: str = "", value: str | None = None, format_: str = "") -> Take:
    declared = spec.sheet.column(ours)
    return Take(
        name=ours,
        column=column,
        value=value,
        format=format_,
        phone=declared is not None and declared.phone,
        sent=ours not in spec.beside and (declared is not None or spec.sheet.others),
    )


def asked(spec: RowsSpec) -> tuple[str, ...]:
    """Every name that a document asks of its source, and those that its platform has."""
    wishes = (spec.columns or {}).values()
    mapped_to = [wish.get("column") if isinstance(wish, Mapping) else wish for wish in wishes]
    every = [*mapped_to, *(column.name for column in spec.sheet.columns), spec.at_column, *placeholders(spec.template)]
    return tuple(dict.fromkeys(str(name) for name in every if name))


def names_columns(spec: RowsSpec, names: Iterable[str]) -> bool:
    """Whether a header is surely one: somebody asks for a name in it, or all are single words in small letters. Else it may be
    a row of people, and is not shown.
    """
    found, known = [name for name in names if name], {name.casefold() for name in asked(spec)}
    return any(name.casefold() in known for name in found) or all(map(_WORD.fullmatch, found))


def meant(spec: RowsSpec, name: str, source: Sequence[str]) -> str:
    """The remedy for a column that a source does not have: the nearest one, or all where they may be shown; "" otherwise."""
    return did_you_mean(name, map(mask_text, filter(None, source)), listed=names_columns(spec, source))


def _instant(spec: RowsSpec, takes: Sequence[Take], source: Sequence[str]) -> str:
    """The source column of each row's instant: what is mapped to that name, else the source's column of that name."""
    own = next((take for take in takes if take.name == spec.at_column), None)
    if own is not None and own.column:
        return own.column
    return spec.at_column if spec.at_column in source else ""


def _unknown(spec: RowsSpec, takes: Sequence[Take], source: Sequence[str], types: Mapping[str, str]) -> Iterator[Finding]:
    accepted = {column.name for column in spec.sheet.columns} | set(spec.beside) | set(placeholders(spec.template))
    for take in takes:
        path = f"columns.{take.name}"
        if take.name not in accepted and not spec.sheet.others:
            words = say("there is no column '{name}' here", name=take.name)
            remedy = did_you_mean(take.name, accepted - set(COMPUTED)) or say("remove it: the platform has no place for it")
            yield spec.mistake("SPC013", words, path, remedy)
        if take.value is None and take.column not in source:
            words = say("the source has no column '{name}'", name=mask_text(take.column))
            remedy = meant(spec, take.column, source) or say("correct the name")
            yield spec.mistake("SRC001", words, path, remedy)
            continue
        kind = types.get(take.column, "VARCHAR")
        if not formats.readable(kind):
            words = say("the column '{name}' holds neither text, numbers nor dates", name=mask_text(take.column))
            yield spec.mistake("SRC002", words, path, say("map another, or write it as plain values into the file"))
        elif take.format and formats.formatted(sql.Bound(), "x", kind, take.format) is None:
            words = say("'{format}' is no format for the column '{name}'", format=take.format, name=mask_text(take.column))
            remedy = say("formats are for dates (dd/MM/yyyy) and numbers (#.##0) of parquet; text stays as it is")
            yield spec.mistake("SPC012", words, f"{path}.format", remedy)


def _missing(spec: RowsSpec, takes: Sequence[Take], source: Sequence[str]) -> Iterator[Finding]:
    have = {take.name for take in takes} | (set(COMPUTED) if spec.template else set())
    wanted = [column.name for column in spec.sheet.columns if column.required]
    for name in dict.fromkeys([*wanted, *spec.sheet.identity]):
        if name in have:
            continue
        if spec.columns is None:
            words = say("the source has no column '{name}', and `columns` maps none to it", name=name)
            remedy = meant(spec, name, source) or say("map the source's own columns under `columns`")
            yield spec.mistake("SRC001", words, "source", remedy)
        else:
            words = say("no column is mapped to '{name}'", name=name)
            yield spec.mistake("SPC002", words, "columns", say("add it: every row needs one"))


def _clashes(spec: RowsSpec, takes: Sequence[Take]) -> Iterator[Finding]:
    """The engine knows names without case, and keeps those that begin with `_` for itself."""
    seen: dict[str, str] = {}
    for take in takes:
        first = seen.setdefault(take.name.casefold(), take.name)
        if first is not take.name:
            words = say("'{name}' and '{other}' differ in nothing but case", name=take.name, other=first)
            yield spec.mistake("SPC013", words, f"columns.{take.name}", say("rename or remove one of them"))
        if take.name.startswith("_"):
            words = say("'{name}' begins with '_'", name=take.name)
            yield spec.mistake("SPC013", words, f"columns.{take.name}", say("such names are kept for our own use"))
        if spec.template and take.name in COMPUTED:
            words = say("'{name}' is made from the document and cannot be mapped", name=take.name)
            yield spec.mistake("SPC013", words, f"columns.{take.name}", say("use `message` and `at`"))


def _holes(spec: RowsSpec, takes: Sequence[Take]) -> Iterator[Finding]:
    have = {take.name for take in takes}
    for name in placeholders(spec.template):
        if name not in have:
            words = say("the message has {{{name}}}, and no column is mapped to it", name=name)
            yield spec.mistake("SPC014", words, "message", did_you_mean(name, have))
