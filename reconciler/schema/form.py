"""The parts that schemas are put together from, in the dialect of draft 07, which every editor knows."""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum
from typing import Any, Final, TypeAlias

Schema: TypeAlias = dict[str, Any]


def exactly(doc: str = "", *, optional: Sequence[str] = (), **fields: Schema) -> Schema:
    """An object that has exactly these fields."""
    return {
        "type": "object",
        **({"description": doc} if doc else {}),
        "properties": fields,
        "required": [name for name in fields if name not in optional],
        "additionalProperties": False,
    }


def list_of(items: Schema, doc: str = "") -> Schema:
    """A list of such items."""
    return {"type": "array", **({"description": doc} if doc else {}), "items": items}


def map_of(value: Schema, doc: str = "") -> Schema:
    """An object with any names, and such values."""
    return {"type": "object", **({"description": doc} if doc else {}), "additionalProperties": value}


def one_of(values: type[Enum]) -> Schema:
    """The value of one of these."""
    return {"type": "string", "enum": [value.value for value in values]}


def or_null(schema: Schema) -> Schema:
    """The same, or null."""
    return schema | {"type": [schema["type"], "null"]}


def described(schema: Schema, doc: str) -> Schema:
    """The same, with words for people."""
    return schema | {"description": doc}


STRING: Final[Schema] = {"type": "string"}
FLAG: Final[Schema] = {"type": "boolean"}
COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
LINE: Final[Schema] = {"type": "integer", "minimum": 1}
INSTANT: Final[Schema] = {"type": "string", "format": "date-time"}
SHA256: Final[Schema] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
HEAD: Final[Schema] = {"type": "string", "pattern": "^([0-9a-f]{64})?$"}
ADDRESS: Final[Schema] = {"type": "string", "pattern": "^[^/]+/[^/]+/.+$"}
ANYTHING: Final[Schema] = {}
VERSION: Final = described({"type": "string", "pattern": r"^1\.\d+$"}, "A higher minor number only adds fields.")
IN_FILE: Final = or_null(STRING)
ON_LINE: Final = or_null(LINE)
