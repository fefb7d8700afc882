"""Fields and their types, declared once.

Reading, JSON Schema, defaults and documentation all follow from a declaration here. A type reads a node into a JSON-like
value without ever failing: what does not fit stays as it was written, and the schema then says what is wrong with it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from itertools import combinations
from typing import Any, Final, Protocol

from reconciler.document import Node

_INTEGER: Final = re.compile(r"[+-]?\d{1,18}")
_NUMBER: Final = re.compile(r"[+-]?\d{1,18}(\.\d{1,9})?")
_TRUE: Final = frozenset({"true", "yes", "on"})
_FALSE: Final = frozenset({"false", "no", "off"})


class Type(Protocol):
    """How a node becomes a value, and which values are right."""

    def read(self, node: Node) -> Any:
        """The node's value; the text as written where it does not fit."""

    def schema(self) -> dict[str, Any]:
        """The JSON Schema of right values."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Field:
    """A name in a document. `personal` values appear masked, `secret` ones never; `doc` goes into schema and editor."""

    name: str
    type: Type
    doc: str
    required: bool = False
    default: Any = None
    personal: bool = False
    secret: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Text:
    """Text as it was written. `form` describes the pattern in words for messages."""

    pattern: str = ""
    form: str = ""
    choices: tuple[str, ...] = ()
    length_min: int = 1
    length_max: int = 0

    def read(self, node: Node) -> Any:
        return plain(node)

    def schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "string"}
        if self.choices:
            return schema | {"enum": list(self.choices)}
        if self.pattern:
            schema |= {"pattern": self.pattern, "title": self.form}
        if self.length_min:
            schema["minLength"] = self.length_min
        if self.length_max:
            schema["maxLength"] = self.length_max
        return schema


@dataclass(frozen=True, slots=True, kw_only=True)
class Integer:
    """A whole number."""

    least: int | None = None
    most: int | None = None

    def read(self, node: Node) -> Any:
        text = node.text
        return int(text) if text is not None and _INTEGER.fullmatch(text) else plain(node)

    def schema(self) -> dict[str, Any]:
        return {"type": "integer"} | _bounds(self.least, self.most)


@dataclass(frozen=True, slots=True, kw_only=True)
class Number:
    """A number, with or without decimals."""

    least: float | None = None
    most: float | None = None

    def read(self, node: Node) -> Any:
        text = node.text
        if text is None or not _NUMBER.fullmatch(text):
            return plain(node)
        return float(text) if "." in text else int(text)

    def schema(self) -> dict[str, Any]:
        return {"type": "number"} | _bounds(self.least, self.most)


def _bounds(least: float | None, most: float | None) -> dict[str, Any]:
    return {name: bound for name, bound in (("minimum", least), ("maximum", most)) if bound is not None}


@dataclass(frozen=True, slots=True)
class Boolean:
    """true or false; yes, no, on and off are understood."""

    def read(self, node: Node) -> Any:
        word = (node.text or "").lower()
        if word in _TRUE or word in _FALSE:
            return word in _TRUE
        return plain(node)

    def schema(self) -> dict[str, Any]:
        return {"type": "boolean"}


CLOCK: Final = Text(pattern=r"^([01]\d|2[0-3]):[0-5]\d$|^24:00$", form="a time of day, HH:MM")
DAY: Final = Text(pattern=r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])$", form="a date, YYYY-MM-DD")
INSTANT: Final = Text(
    pattern=r"^\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])T([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?(Z|[+-]([01]\d|2[0-3]):[0-5]\d)$",
    form="an instant with its offset, such as 2026-12-01T10:00:00-05:00",
)
DURATION: Final = Text(pattern=r"^[1-9]\d{0,4}[smhd]$", form="a duration, such as 90s, 15m, 24h or 7d")
SHARE: Final = Text(pattern=r"^(100|\d{1,2})(\.\d+)?%$", form="a share, such as 30%")
ZONE: Final = Text(pattern=r"^[A-Za-z_]+(/[A-Za-z0-9_+-]+)*$", form="a zone name, such as America/Bogota")
COUNTRY: Final = Text(pattern=r"^[A-Z]{2}$", form="a country's two capital letters, such as CO")
NAME: Final = Text(pattern=r"^\S(.*\S)?$", form="a name without blanks at its ends", length_max=200)
CODE: Final = Text(pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]*$", form="letters, digits, '_', '-' and '.'", length_max=100)
ANY_TEXT: Final = Text(length_min=0)


@dataclass(frozen=True, slots=True)
class ListOf:
    """A list. With `one`, a single item stands for a list of it."""

    item: Type
    one: bool = False
    least: int = 0

    def read(self, node: Node) -> Any:
        if node.items is not None:
            return [self.item.read(item) for item in node.items]
        return [self.item.read(node)] if self.one else plain(node)

    def schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "array", "items": self.item.schema()}
        return schema | ({"minItems": self.least} if self.least else {})


@dataclass(frozen=True, slots=True)
class MapOf:
    """A mapping of names that the user chooses to values of one type."""

    value: Type
    names: str = ""

    def read(self, node: Node) -> Any:
        if node.entries is None:
            return plain(node)
        return {name: self.value.read(entry.node) for name, entry in node.entries.items()}

    def schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = {"type": "object", "additionalProperties": self.value.schema()}
        return schema | ({"propertyNames": {"pattern": self.names}} if self.names else {})


@dataclass(frozen=True, slots=True)
class Record:
    """A mapping with declared fields; other names are mistakes. Of the names in `choose_one_of` exactly one is given."""

    fields: tuple[Field, ...]
    choose_one_of: tuple[str, ...] = ()
    _types: Mapping[str, Type] = dataclass_field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_types", {field.name: field.type for field in self.fields})  # made once, not at each reading

    def field(self, name: str) -> Field | None:
        """The field of that name."""
        return next((field for field in self.fields if field.name == name), None)

    def read(self, node: Node) -> Any:
        if node.entries is None:
            return plain(node)
        known = self._types
        return {
            name: known[name].read(entry.node) if name in known else plain(entry.node) for name, entry in node.entries.items()
        }

    def schema(self) -> dict[str, Any]:
        schema: dict[str, Any] = {
            "type": "object",
            "properties": {field.name: _described(field) for field in self.fields},
            "additionalProperties": False,
        }
        required = [field.name for field in self.fields if field.required]
        if required:
            schema["required"] = required
        if self.choose_one_of:
            schema["anyOf"] = [{"required": [name]} for name in self.choose_one_of]
            pairs = [{"required": list(pair)} for pair in combinations(self.choose_one_of, 2)]
            schema["not"] = pairs[0] if len(pairs) == 1 else {"anyOf": pairs}
        return schema


def _described(field: Field) -> dict[str, Any]:
    schema = field.type.schema() | {"description": field.doc}
    return schema if field.default is None else schema | {"default": field.default}


@dataclass(frozen=True, slots=True)
class Either:
    """A plain value, or a record that says more. An if/then/else, so that a mistake has one exact message."""

    scalar: Type
    record: Record

    def read(self, node: Node) -> Any:
        return self.scalar.read(node) if node.text is not None else self.record.read(node)

    def schema(self) -> dict[str, Any]:
        return {"if": {"type": "object"}, "then": self.record.schema(), "else": self.scalar.schema()}


SECRET: Final = Record(
    (
        Field(
            name="env",
            type=Text(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$", form="the name of an environment variable"),
            doc="Name of the environment variable that holds the secret.",
        ),
        Field(name="file", type=Text(), doc="Path of a file that holds the secret and nobody else can read."),
    ),
    choose_one_of=("env", "file"),
)


def plain(node: Node) -> Any:
    """A node as it was written: text, lists, mappings."""
    value = node.value
    if isinstance(value, str):
        return value
    if isinstance(value, tuple):
        return [plain(item) for item in value]
    return {name: plain(entry.node) for name, entry in value.items()}


def with_defaults(values: Mapping[str, Any], fields: Sequence[Field]) -> dict[str, Any]:
    """`values` with the declared defaults of what was left out, inside nested records too."""
    filled = dict(values)
    for field in fields:
        name = field.name
        value = filled.get(name)
        if value is None:
            filled.pop(name, None)
            if field.default is not None:
                filled[name] = field.default
        elif isinstance(value, str):
            continue
        elif isinstance(field.type, Record) and isinstance(value, dict):
            filled[name] = with_defaults(value, field.type.fields)
        elif isinstance(field.type, ListOf) and isinstance(field.type.item, Record):
            inner = field.type.item.fields
            filled[name] = [with_defaults(item, inner) if isinstance(item, dict) else item for item in value]
    return filled
