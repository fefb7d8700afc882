"""The JSON Schemas of everything that users write and machines read.

What users write is described from the same declared fields that `validate` reads with, so that an editor completes exactly
what the program understands. What the program writes (plan, run, journal) is declared here and tested against real output.

An editor types plain scalars by YAML's own rules; our reader takes them as they were written (`0010`, `no`, `+57300…` are
text). So a schema for editors lets a scalar pass in every type that an editor could give to a text that our reader accepts,
be it one of YAML 1.2 or still of 1.1; patterns and descriptions hold for what the editor sees as text. Two things stay
strict: choices, since only 1.1 would not see them as text; and an empty value (null), which passes only where empty text is
right, since a forgotten value is a commoner mistake than the text "null". The draft is 07, which every editor knows.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from enum import Enum
from typing import Any, Final, TypeAlias

from reconciler.apply import Result
from reconciler.diagnostics import Severity
from reconciler.journal.entry import Event
from reconciler.kinds import KINDS
from reconciler.kinds.fields import Boolean, Either, Field, Integer, ListOf, MapOf, Number, Record, Text, Type
from reconciler.plan.values import Reason
from reconciler.platforms import PLATFORMS
from reconciler.policies.settings import RECORD as POLICIES
from reconciler.project import project_record
from reconciler.resource import Action
from reconciler.specs import document_record

Schema: TypeAlias = dict[str, Any]

DRAFT: Final = "http://json-schema.org/draft-07/schema#"


def schemas() -> dict[str, Schema]:
    """Every schema by its file's name."""
    documents = {name: _of_kind(name) for name in KINDS}
    whole = {
        **{name: _titled(name, KINDS[name].doc, schema) for name, schema in documents.items()},
        "document": _titled("document", "A document of any kind: what a file of specs/ holds.", _of_any_kind(documents)),
        "project": _titled("project", "reconciler.yaml: targets, journal and policies.", _project()),
        "plan": _titled("plan", "What `plan --format json` prints and `plan --out` saves.", _plan()),
        "drift": _titled("drift", "What `drift --format json` prints.", _drift()),
        "run": _titled("run", "What `apply --format json` prints.", _run()),
        "journal": _titled("journal", "One entry of the journal, as an export of it holds one a line.", _journal_line()),
    }
    return {f"{name}.schema.json": schema for name, schema in whole.items()}


def written(schema: Schema) -> str:
    """A schema as its file holds it."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def _titled(title: str, doc: str, schema: Schema) -> Schema:
    return {"$schema": DRAFT, "title": title, "description": doc, **schema}


# --- what users write ----------------------------------------------------------------------------------------------------


def _of_kind(name: str) -> Schema:
    record = document_record(KINDS[name], PLATFORMS)
    fields = (replace(field, type=Text(choices=(name,))) if field.name == "kind" else field for field in record.fields)
    return for_editors(Record(tuple(fields)))


def _of_any_kind(documents: Mapping[str, Schema]) -> Schema:
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


def _project() -> Schema:
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


# --- what machines read --------------------------------------------------------------------------------------------------


def _object(doc: str = "", *, optional: Sequence[str] = (), **fields: Schema) -> Schema:
    """An object that has exactly these fields."""
    return {
        "type": "object",
        **({"description": doc} if doc else {}),
        "properties": fields,
        "required": [name for name in fields if name not in optional],
        "additionalProperties": False,
    }


def _list(items: Schema, doc: str = "") -> Schema:
    return {"type": "array", **({"description": doc} if doc else {}), "items": items}


def _map(value: Schema, doc: str = "") -> Schema:
    return {"type": "object", **({"description": doc} if doc else {}), "additionalProperties": value}


def _one_of(values: type[Enum]) -> Schema:
    return {"type": "string", "enum": [value.value for value in values]}


def _or_null(schema: Schema) -> Schema:
    return schema | {"type": [schema["type"], "null"]}


def _doc(schema: Schema, doc: str) -> Schema:
    return schema | {"description": doc}


_STRING: Final[Schema] = {"type": "string"}
_FLAG: Final[Schema] = {"type": "boolean"}
_COUNT: Final[Schema] = {"type": "integer", "minimum": 0}
_LINE: Final[Schema] = {"type": "integer", "minimum": 1}
_INSTANT: Final[Schema] = {"type": "string", "format": "date-time"}
_SHA256: Final[Schema] = {"type": "string", "pattern": "^[0-9a-f]{64}$"}
_HEAD: Final[Schema] = {"type": "string", "pattern": "^([0-9a-f]{64})?$"}
_ADDRESS: Final[Schema] = {"type": "string", "pattern": "^[^/]+/[^/]+/.+$"}
_ANYTHING: Final[Schema] = {}
_VERSION: Final = _doc({"type": "string", "pattern": r"^1\.\d+$"}, "A higher minor number only adds fields.")
_IN_FILE: Final = _or_null(_STRING)
_ON_LINE: Final = _or_null(_LINE)

_FINDING: Final = _object(
    code=_doc({"type": "string", "pattern": r"^[A-Z]{3}\d{3}$"}, "`explain CODE` says more."),
    severity=_one_of(Severity),
    message=_STRING,
    remedy=_STRING,
    address=_or_null(_ADDRESS),
    file=_IN_FILE,
    line=_ON_LINE,
    column=_or_null(_LINE),
)
_PEOPLE: Final = _object(
    "Unique persons who would be contacted.",
    total=_COUNT,
    first_time=_doc(_COUNT, "Those whom the journal has never seen."),
)


_TARGET: Final = _object(
    name=_STRING,
    platform=_STRING,
    url=_STRING,
    account=_STRING,
    simulated=_FLAG,
    complete=_doc(_FLAG, "Whether the target showed its whole state; `note` says why not."),
    read_at=_INSTANT,
    campaigns=_COUNT,
    calls_used=_or_null(_COUNT),
    calls_left=_or_null(_COUNT),
    calls_limit=_or_null(_COUNT),
    note=_STRING,
    append_only=_doc(_FLAG, "Compared with the journal, since the platform does not show what it holds."),
)
_DRIFT: Final = _object(
    "A field of ours that somebody else changed since we last wrote or adopted it.",
    address=_ADDRESS,
    path=_doc(_STRING, "`state` for the run state; empty where the whole object is gone, `applied` is then its name."),
    applied=_doc(_ANYTHING, "As we left it."),
    live=_doc(_ANYTHING, "As it is now."),
    wished=_doc(_ANYTHING, "As the file has it; null where no file says."),
    file=_IN_FILE,
    line=_ON_LINE,
)


def _drift() -> Schema:
    return _object(
        format_version=_VERSION,
        tool_version=_STRING,
        targets=_list(_TARGET),
        drift=_list(_DRIFT),
        in_doubt=_list(_ADDRESS, "Not compared, since the outcome of a call there is unknown."),
        findings=_list(_FINDING),
    )


def _plan() -> Schema:
    difference = _object(
        path=_STRING,
        before=_ANYTHING,
        after=_ANYTHING,
        verifiable=_doc(_FLAG, "Whether the platform shows the field, so that it can be read back."),
        line=_ON_LINE,
    )
    change = _object(
        address=_ADDRESS,
        action=_one_of(Action),
        reason=_one_of(Reason),
        fields=_list(difference),
        count=_doc(_COUNT, "Rows of the action; 0 for objects."),
        reversible=_FLAG,
        verifiable=_FLAG,
        depends_on=_list(_STRING, "Actions and addresses that must have succeeded before."),
        calls=_COUNT,
        file=_IN_FILE,
        line=_ON_LINE,
    )
    rows = _object(
        address=_ADDRESS,
        in_source=_COUNT,
        to_add=_COUNT,
        to_remove=_COUNT,
        to_close=_COUNT,
        to_replace=_COUNT,
        to_lift=_COUNT,
        changed=_doc(_COUNT, "Live rows that differ, whatever is done about them."),
        unchanged=_COUNT,
        live=_COUNT,
        kept=_doc(_COUNT, "Live rows that the source lacks and that stay."),
        suppressed=_map(_COUNT, "Rows not contacted, by reason; each row once."),
        reasons=_map(_COUNT, "What was invalid, told apart."),
        people=_COUNT,
        first_time=_COUNT,
        digest=_STRING,
        sample=_list(_STRING, "Masked numbers."),
        enforced_by_us=_doc(_FLAG, "A blacklist that the platform does not know."),
        file=_IN_FILE,
        line=_ON_LINE,
    )
    permissions = _object(
        "What the reviewer allowed when the plan was made.", allow_delete=_or_null(_COUNT), acks=_list(_STRING)
    )
    basis = _object(
        "Keyed digests of what it was made from, by target and by address.",
        journal=_SHA256,
        policy=_SHA256,
        targets=_map(_SHA256),
        documents=_map(_SHA256),
        sources=_map(_STRING),
    )
    extent = _object(
        "What it does and to whom, for telling a plan that became less from one that became more.",
        substance=_map(_ANYTHING, "What the digest covers."),
        people=_COUNT,
        names=_map(_map(_ANYTHING), "By address and verb: how many, their digest, and their short keyed names in base64."),
        homes=_map(_ADDRESS, "The campaign that rows go into."),
        suppressed=_map(_map(_COUNT)),
        again=_map(_COUNT),
        edits=_map(_list(_STRING), "What somebody set in a console where it sets something else."),
    )
    made_with = _object(
        "Only in a saved plan: how it was made.",
        only=_list(_STRING),
        at=_or_null(_STRING),
        boot=_doc(_STRING, "Which boot of the machine, hashed."),
        clock_s=_doc({"type": "number", "minimum": 0}, "Seconds on the clock of that boot."),
        basis=basis,
        extent=extent,
    )
    return _object(
        optional=("made_with", "seal"),
        format_version=_VERSION,
        tool_version=_STRING,
        digest=_doc(_SHA256, "Names what would be sent and to whom."),
        created_at=_INSTANT,
        valid_until=_INSTANT,
        source=_object("The state of the repository.", commit=_or_null(_STRING), dirty=_FLAG),
        blocked=_doc(_FLAG, "Whether a finding forbids to apply."),
        empty=_doc(_FLAG, "Whether an apply would change nothing."),
        targets=_list(_TARGET),
        drift=_list(_DRIFT, "What somebody else changed on what is ours."),
        changes=_list(change, "Every action, in the order of carrying out."),
        rows=_list(rows, "One for each address with rows."),
        manual=_list(
            _object(address=_ADDRESS, key=_STRING, what=_STRING, file=_IN_FILE, line=_ON_LINE), "Steps that no API can do."
        ),
        findings=_list(_FINDING),
        people=_PEOPLE,
        irreversible=_doc(_COUNT, "The number for --allow-irreversible."),
        deletes=_doc(_COUNT, "The number for --allow-delete."),
        calls=_map(_COUNT, "Calls by target."),
        summary=_map(_COUNT, "Changes by action.") | {"propertyNames": _one_of(Action)},
        permissions=permissions,
        evaluated=_list(
            _object(rule=_STRING, version=_STRING, inputs_digest=_STRING, result=_STRING),
            "Verdicts of rules, passes included.",
        ),
        journal_head=_doc(_HEAD, "The hash of the journal's last entry."),
        made_with=made_with,
        seal=_doc(_SHA256, "Only in a saved plan: over its whole content."),
    )


def _run() -> Schema:
    change = _object(
        address=_ADDRESS,
        action=_one_of(Action),
        outcome=_one_of(Result),
        why=_STRING,
        count=_doc(_COUNT, "Rows; 0 for objects."),
        calls=_COUNT,
        operations=_list(_STRING, "The operations to resolve, where the outcome is unknown."),
    )
    narrowed = _object(address=_ADDRESS, action=_one_of(Action), reviewed=_COUNT, now=_COUNT, why=_STRING)
    return _object(
        format_version=_VERSION,
        tool_version=_STRING,
        run=_STRING,
        digest=_SHA256,
        exit_code=_doc(_COUNT, "As in the table of exit codes."),
        started_at=_INSTANT,
        ended_at=_INSTANT,
        changes=_list(change),
        people=_PEOPLE,
        unknown=_list(_STRING, "Operations whose outcome is unknown: `reconciler resolve`."),
        narrowed=_list(narrowed, "What was done less than reviewed, and what was added because it protects people."),
        simulated=_list(_STRING, "Targets that are the sandbox."),
        journal_head=_HEAD,
    )


def _journal_line() -> Schema:
    entry = _object(
        "What the hash covers. Names that stand at their defaults are left out.",
        optional=(
            *("run", "operation", "address", "action", "call", "container", "generation", "count", "boot", "clock_s", "facts"),
            "columns",
        ),
        number=_doc(_LINE, "From 1, without gaps."),
        event=_one_of(Event),
        at=_INSTANT,
        run=_STRING,
        operation=_doc(_STRING, "Groups the events of one call."),
        address=_ADDRESS,
        action=_one_of(Action),
        call=_doc(_STRING, "The vendor's name of the call."),
        container=_doc(_STRING, "Platform, account and live campaign, in which recipients are remembered."),
        generation=_LINE,
        count=_doc(_COUNT, "Rows of the call."),
        boot=_doc(_STRING, "Which boot of the machine."),
        clock_s=_doc({"type": "number", "minimum": 0}, "Seconds on the clock of that boot."),
        facts=_map(_ANYTHING, "Ids, counts, statuses and settings; nothing personal."),
        columns=_object(
            "SHA-256 of each packed column of HMACs beside the entry.",
            optional=("recipients", "persons", "contents"),
            recipients=_SHA256,
            persons=_SHA256,
            contents=_SHA256,
        ),
    )
    return _object(
        previous=_doc(_SHA256, "The hash before; zeros before the first."),
        hash=_doc(_SHA256, "SHA-256 over the 32 bytes of `previous` and the entry as RFC 8785 canonical JSON."),
        entry=entry,
    )
