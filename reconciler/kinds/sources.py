"""Where rows come from, as a document says it: a file or several, an address, a query, or rows inline; and their columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final

from reconciler.catalogue import say
from reconciler.kinds.fields import SECRET, Either, Field, ListOf, MapOf, Record, Text
from reconciler.kinds.kind import Mistake

ADDRESS: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*)://")
_QUERY: Final = re.compile(r"(?:\s|--[^\n]*(?:\n|$)|/\*.*?\*/|\()*(?:select|with|values|table)\b", re.IGNORECASE | re.DOTALL)
_SECRETIVE: Final = re.compile(r"//[^/]*@|[?#]")

_PLACE: Final = (
    Field(
        name="file",
        type=Text(),
        doc="Path relative to this document, or an https:// or s3:// address; csv, parquet or jsonl by its ending, packed with "
        ".gz or .zst. A * in the name means every file that fits; {target} stands for the target's name.",
    ),
    Field(name="delimiter", type=Text(length_max=1), doc="The csv separator; found by itself when left out."),
    Field(name="encoding", type=Text(choices=("utf-8", "cp1252", "latin-1")), default="utf-8", doc="The csv encoding."),
    Field(
        name="sha256",
        type=Text(pattern=r"^[0-9a-f]{64}$", form="64 digits of a SHA-256, 0-9 and a-f"),
        doc="What an address must give: the SHA-256 of the file as it lies there.",
    ),
    Field(name="sql", type=Text(length_max=100_000), doc="A query on PostgreSQL; its rows are the source. It can only read."),
    Field(
        name="connection",
        type=SECRET,
        doc="Where and as whom: {env: NAME} of postgresql://user:password@host/base, or for https of https://user:password@host.",
    ),
)
_ROWS: Final = Field(
    name="rows",
    type=ListOf(MapOf(Text(length_min=0))),
    doc="The rows themselves, inline: a list of mappings.",
    personal=True,
)
_WAYS: Final = ("file", "sql", "rows")
SOURCE: Final = Field(
    name="source",
    type=Record((*_PLACE, _ROWS), choose_one_of=_WAYS),
    required=True,
    doc="Where the rows come from: a file, an address, a query, or rows inline.",
)
_COLUMN: Final = Either(
    Text(),
    Record(
        (
            Field(name="column", type=Text(), doc="The source's column."),
            Field(name="format", type=Text(), doc="How a typed value is written, such as dd/MM/yyyy or #.##0."),
            Field(name="value", type=Text(length_min=0), doc="A constant, the same for every row."),
        ),
        choose_one_of=("column", "value"),
    ),
)
COLUMNS: Final = Field(
    name="columns",
    type=MapOf(_COLUMN, names=r"^[A-Za-z_][A-Za-z0-9_]*$"),
    doc="Our field: the source's column, or {value: constant}. Left out: columns with our names are taken.",
)
LIFTS: Final = Field(
    name="lifts",
    type=Record((*_PLACE, _ROWS, COLUMNS), choose_one_of=_WAYS),
    doc="Who asked to be reachable again; absence never lifts anybody.",
)


def source_rules(fields: Mapping[str, Any]) -> Iterator[Mistake]:
    """What a source's fields, each right by itself, do wrong together."""
    for name in ("source", "lifts"):
        source = fields.get(name)
        if source:
            yield from _rules(name, source)


def _rules(name: str, source: Mapping[str, Any]) -> Iterator[Mistake]:
    found = ADDRESS.match(source.get("file") or "")
    scheme = found[1].lower() if found else ""
    sql = source.get("sql")
    if scheme and _SECRETIVE.search(source["file"]):
        remedy = say("name the file itself, give user and password by connection: {{env: NAME}}, and change what is known now")
        yield f"{name}.file", "SEC001", say("the address holds a user, a password, '?' or '#'"), remedy
        return  # whatever else is said of it would show it
    if sql is not None and not source.get("connection"):
        yield name, "SPC002", say("'sql' needs 'connection'"), say("write connection: {{env: NAME}}")
    if sql is not None and not _QUERY.match(sql):
        yield f"{name}.sql", "SPC012", say("a source's query can only read"), say("begin it with SELECT or WITH")
    if scheme and not source.get("sha256"):
        remedy = say("write what `sha256sum` says of the file: what others can change is used only as it was reviewed")
        yield name, "SPC002", say("an address needs 'sha256'"), remedy
    if source.get("sha256") and not scheme:
        yield f"{name}.sha256", "SPC012", say("'sha256' goes with an address"), say("remove it")
    if source.get("connection") and sql is None and scheme not in ("https", "http"):
        remedy = say("remove it; S3 takes AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY from the environment")
        yield f"{name}.connection", "SPC012", say("'connection' goes with 'sql' or an https address"), remedy
    if sql is not None and (source.get("delimiter") or source.get("encoding", "utf-8") != "utf-8"):
        wrong = "delimiter" if source.get("delimiter") else "encoding"
        yield f"{name}.{wrong}", "SPC012", say("'{key}' goes with csv files", key=wrong), say("remove it")
