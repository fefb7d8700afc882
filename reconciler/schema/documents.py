"""Documents and reconciler.yaml as JSON Schemas, from the same declared fields that `validate` reads with.

An editor completes exactly what the program understands, but it types plain scalars by YAML's own rules; our reader takes
them as they were written (`0010`, `no`, `+57300…` are text). So a schema for editors lets a scalar pass in every type that
an editor could give to a text that our reader accepts, be it one of YAML 1.2 or still of 1.1; patterns and descriptions
hold for what the editor sees as text. Two things stay strict: choices, since only 1.1 would not see them as text; and an
empty value (null), which passes only where empty text is right, since a forgotten value is a commoner mistake than the text
"null".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from reconciler.kinds import KINDS
from reconciler.kinds.fields import Boolean, Either, Field, Integer, ListOf, MapOf, Number, Record, Text, Type
from reconciler.platforms import PLATFORMS
from reconciler.policies.settings import RECORD as POLICIES
from reconciler.project import project_record
from reconciler.schema.form import Schema
from reconciler.specs import document_record


def of_kind(name: str) -> Schema:
    """A document of one kind."""
    record = document_record(KINDS[name], PLATFORMS)
    fields = (replace(field, type=Text(choices=(name,))) if field.name == "kind" else field for field in record.fields)
    return for_editors(Record(tuple(fields)))


def of_any_kind(documents: Mapping[str, Schema]) -> Schema:
    """One file may hold documents of several kinds: `kind` says which rules hold."""
    return {
        "type": "object",
        "properties": {"kind": {"type": "string", "enum": list(documents)}},
        "required": ["kind"],
        "allOf": [
            {
                "if": {"properties": {"kind": {"const": name}}, "required": ["kind"]},
                "then": {"$ref": f"#/definitions/{name}"},
            }
            for name in documents
        ],
        "definitions": dict(documents),
    }


def project() -> Schema:
    """reconciler.yaml."""
    """The project's record, with the policies that it leaves to their own floor."""
    record = project_record({name: platform.keys for name, platform in PLATFORMS.items()})
    fields = (replace(field, type=POLICIES) if field.name == "policies" else field for field in record.fields)
    return for_editors(Record(tuple(fields)))


def for_editors(type_: Type) -> Schema:
    """The schema of what our reader accepts for a type, as an editor that types plain scalars sees it."""
    match type_:
        case Text():
            return _text(type_)
        case Integer():
            return type_.schema() | {"type": ["integer", "string"], "pattern": r"^[+-]?\d{1,18}$"}
        case Number():
            return type_.schema() | {"type": ["number", "string"], "pattern": r"^[+-]?\d{1,18}(\.\d{1,9})?$"}
        case Boolean():
            return {"type": ["boolean", "string"], "pattern": _in_any_case(*_WORDS)}
        case ListOf():
            items = for_editors(type_.item)
            several = type_.schema() | {"items": items}
            return {"if": {"type": "array"}, "then": several, "else": items} if type_.one else several
        case MapOf():
            return type_.schema() | {"additionalProperties": for_editors(type_.value)}
        case Record():
            return type_.schema() | {"properties": {field.name: _described(field) for field in type_.fields}}
        case Either():
            return {"if": {"type": "object"}, "then": for_editors(type_.record), "else": for_editors(type_.scalar)}
    raise TypeError(f"no schema for {type(type_).__name__}")


def _described(field: Field) -> Schema:
    schema = for_editors(field.type) | {"description": field.doc}
    return schema if field.default is None else schema | {"default": field.default}


_WORDS: Final = ("true", "false", "yes", "no", "on", "off")

# Plain scalars that an editor would not take for text, by the type that it gives them. `18:00` is a number in YAML 1.1.
_NUMBERS: Final = (*("0" * length for length in range(1, 19)), "10", "+573001234567", "-1", "1.5", "1e3", "0x1f", "18:00")
_BOOLEANS: Final = tuple(form for word in _WORDS for form in (word, word.capitalize(), word.upper()))


def _text(type_: Text) -> Schema:
    schema = type_.schema()
    if type_.choices:
        return schema
    also = {"number": _NUMBERS, "boolean": _BOOLEANS, "null": ("",)}
    names = [name for name, scalars in also.items() if any(_fits(type_, scalar) for scalar in scalars)]
    return schema | {"type": ["string", *names] if names else "string"}


def _fits(type_: Text, scalar: str) -> bool:
    long_enough = len(scalar) >= type_.length_min and (not type_.length_max or len(scalar) <= type_.length_max)
    return long_enough and (not type_.pattern or re.search(type_.pattern, scalar) is not None)


def _in_any_case(*words: str) -> str:
    """A pattern in ECMA's dialect, which has no flag for it."""
    return "^(" + "|".join("".join(f"[{letter.upper()}{letter}]" for letter in word) for word in words) + ")$"
