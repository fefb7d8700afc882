"""A node against its declared fields: every mistake at once, each at its place.

The compiled validator says quickly whether there is any mistake; only then does jsonschema look, whose errors say exactly
which rule was broken where. Python's own patterns would let a line break at the end of a name pass, and digits of other
scripts; so both ask the compiled one about patterns. A test holds the two against each other.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, partial
from typing import Any

import jsonschema_rs

from reconciler.catalogue import say
from reconciler.diagnostics import Finding, did_you_mean, error
from reconciler.document import Node
from reconciler.kinds.fields import Record
from reconciler.personal import mask_text
from reconciler.resource import Origin


class Checker:
    """The rules of one record, compiled once."""

    __slots__ = ("_fast", "record", "schema")

    def __init__(self, record: Record) -> None:
        self.record = record
        self.schema = record.schema()
        self._fast = jsonschema_rs.Draft202012Validator(self.schema)

    def read(self, node: Node) -> tuple[Any, list[Finding]]:
        """The values of `node` as this record, and its mistakes; only without mistakes are the values right."""
        values = self.record.read(node)
        if self._fast.is_valid(values):
            return values, []
        mistakes = _explaining()(self.schema).iter_errors(values)
        findings = dict.fromkeys(finding for mistake in mistakes for finding in _worded(mistake, node))
        assert findings, "a mistake was found that cannot be explained"
        return values, list(findings)


@cache
def _explaining() -> Any:
    """The validator that explains, with the other one's understanding of patterns."""
    from jsonschema import Draft202012Validator, ValidationError, validators

    def pattern(_validator: Any, wanted: str, instance: Any, _schema: Any) -> Iterator[ValidationError]:
        if not _pattern(wanted).is_valid(instance):
            yield ValidationError(f"does not match {wanted}")

    untyped: Any = validators
    return untyped.extend(Draft202012Validator, {"pattern": pattern})


@cache
def _pattern(wanted: str) -> jsonschema_rs.Draft202012Validator:
    return jsonschema_rs.Draft202012Validator({"pattern": wanted})


def _worded(mistake: Any, root: Node) -> Iterator[Finding]:
    """One broken rule in words. The path leads to the node, the schema beside it says what would have been right."""
    path = list(mistake.absolute_path)
    node = root.at(iter(path))
    where = _last_name(path, root)
    rule, wanted, found = mistake.validator, mistake.validator_value, mistake.instance
    if rule == "additionalProperties":
        known = mistake.schema.get("properties", {})
        for name, entry in (node.entries or {}).items():
            if name not in known:
                remedy = did_you_mean(name, known) or say("remove it")
                yield error("SPC001", say("'{key}' is not a key here", key=mask_text(name)), entry.key, remedy)
    elif rule == "required":
        for name in wanted:
            if name not in found:
                yield error("SPC002", say("'{key}' is missing", key=name), node.origin, _doc(mistake.schema, name))
    elif rule == "type":
        yield error(
            "SPC003",
            say("{what} must be {type}", what=where, type=_TYPES.get(str(wanted), str(wanted))),
            node.origin,
            _shown(found),
        )
    elif rule == "enum":
        yield error(
            "SPC004",
            say("{what} may not be {value}", what=where, value=_quoted(found)),
            node.origin,
            did_you_mean(str(found), wanted),
        )
    elif rule == "pattern" and found == "" and "minLength" in mistake.schema:
        return  # that it is empty is told already
    elif rule == "pattern" and mistake.schema.get("title"):
        yield error(
            "SPC005", say("{what} must be {form}", what=where, form=mistake.schema["title"]), node.origin, _shown(found)
        )
    elif rule == "pattern":
        broken = (node.entries or {}).get(str(found))
        yield error(
            "SPC005",
            say("{name} is not allowed as a name here", name=_quoted(found)),
            broken.key if broken else node.origin,
            say("use letters, digits and '_'"),
        )
    elif rule == "minLength":
        yield error("SPC005", say("{what} is empty", what=where), node.origin, say("write a value, or remove the key"))
    elif rule == "minItems":
        yield error("SPC002", say("{what} is empty", what=where), node.origin, say("write at least one"))
    elif rule == "anyOf":
        choice = [name for option in wanted for name in option["required"]]
        message = say("{what} needs one of {names}", what=where, names=_listed(choice))
        yield error("SPC002", message, node.origin, " ".join(f"{name}: {_doc(mistake.schema, name)}" for name in choice))
    elif rule == "not":
        choice = [name for option in wanted.get("anyOf", (wanted,)) for name in option["required"]]
        given = [name for name in dict.fromkeys(choice) if name in found]
        message = say("{what} takes one of {names}, not both", what=where, names=_listed(given))
        yield error("SPC012", message, node.origin, say("remove one of them"))
    else:
        words = {"minimum": say("at least"), "maximum": say("at most"), "maxLength": say("at most")}
        unit = say(" characters") if rule == "maxLength" else ""
        message = say("{what} must be {bound} {limit}{unit}", what=where, bound=words.get(rule, rule), limit=wanted, unit=unit)
        yield error("SPC004", message, node.origin, say("shorten it") if rule == "maxLength" else _shown(found))


_TYPES = {
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "string": "text",
    "array": "a list",
    "object": "a mapping",
}


def _doc(schema: dict[str, Any], name: str) -> str:
    return str(schema.get("properties", {}).get(name, {}).get("description", ""))


def _listed(names: list[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def _last_name(path: list[str | int], root: Node) -> str:
    names = [step for step in path if isinstance(step, str)]
    if not names:
        return say("the document")
    last = path[-1]
    if isinstance(last, int) and root.at(iter(path[:-1])).items is not None:
        return say("entry {number} of '{name}'", number=last + 1, name=names[-1])
    return f"'{names[-1]}'"


def _quoted(value: Any) -> str:
    text = mask_text(str(value))
    return f"'{text[:40]}…'" if len(text) > 40 else f"'{text}'"


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return say("it is a list")
    if isinstance(value, dict):
        return say("it is a mapping")
    return say("it is {value}", value=_quoted(value)) if value != "" else say("it is empty")


class Places(Mapping[str, Origin]):
    """Where each dotted path of a document was written, by `told` (path, line, column), which is asked when somebody asks: only
    findings and changes do, and most documents have none.
    """

    __slots__ = ("_file", "_known", "told")

    def __init__(self, file: str, told: Callable[[], Sequence[tuple[str, int, int]]]) -> None:
        self._file = file
        self._known: dict[str, Origin] | None = None
        self.told = told

    def _all(self) -> dict[str, Origin]:
        if self._known is None:
            self._known = {path: Origin(self._file, line, column) for path, line, column in self.told()}
        return self._known

    def __getitem__(self, path: str) -> Origin:
        return self._all()[path]

    def __iter__(self) -> Iterator[str]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())


def places(node: Node) -> Places:
    """Every dotted path below a node with the place of its value."""
    return Places(node.file, partial(_below, node))


def _below(node: Node) -> list[tuple[str, int, int]]:
    found: list[tuple[str, int, int]] = []
    _collect(node, "", found)
    return found


def _collect(node: Node, path: str, found: list[tuple[str, int, int]]) -> None:
    """Add what is below a node. A list is filled faster than generators in one another give: a document has dozens of nodes."""
    value = node.value
    assert not isinstance(value, str), "nothing is below a text"
    steps: Iterable[tuple[str | int, Node]]
    steps = [(name, entry.node) for name, entry in value.items()] if isinstance(value, dict) else enumerate(value)
    for step, inner in steps:
        there = f"{path}{step}"
        found.append((there, inner.line, inner.column))
        if not isinstance(inner.value, str):
            _collect(inner, f"{there}.", found)
