"""Expressions in CEL over a plan's public JSON: typed when they are read, bounded when they are evaluated. The only door to
the library, which is imported when a project has rules of its own.

Every name is declared with its type, so that a misspelt one is a mistake and not a rule that never trips; what the plan does
not know is null, and comparing it is no answer. The library bounds the depth of an expression and the steps of its loops. What
would let a value grow from loop to loop is left out of the language here: maps, `map`, joining of texts and lists, lists of
anything but constants; and so is comparing whole lists.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from reconciler.catalogue import say
from reconciler.diagnostics import Finding, error
from reconciler.document import Node
from reconciler.personal import dotted, mask_text
from reconciler.policies.vocabulary import MESSAGES, VARIABLES, Shape
from reconciler.resource import Action

_LEFT_OUT: Final = """
name: plan
stdlib:
  exclude_macros: [map]
  exclude_functions:
    - name: _+_
      overloads: [{id: add_string}, {id: add_bytes}]
    - name: dyn
"""

Facts = Mapping[str, Any]

# What the library tells of an expression that it has checked (cel.expr.CheckedExpr), as far as it is looked at here.
_CHECKED: Final[Mapping[str, Mapping[int, tuple[str, str]]]] = {
    "Packed": {2: ("checked", "Checked")},
    "Checked": {
        2: ("references", "list(Referred)"),
        3: ("types", "list(OfType)"),
        4: ("expression", "Node"),
        5: ("written", "Written"),
    },
    "OfType": {1: ("id", "int"), 2: ("type", "Kind")},
    "Kind": {6: ("list", "Constant"), 7: ("map", "Constant"), 9: ("message", "string")},
    "Written": {4: ("places", "list(Placed)")},
    "Placed": {1: ("id", "int"), 2: ("offset", "int")},
    "Referred": {1: ("id", "int"), 2: ("reference", "Reference")},
    "Reference": {3: ("overloads", "list(string)")},
    "Node": {
        2: ("id", "int"),
        3: ("constant", "Constant"),
        4: ("name", "Name"),
        5: ("field", "Selected"),
        6: ("call", "Call"),
        7: ("list", "Items"),
        8: ("mapping", "Constant"),
        9: ("loop", "Loop"),
    },
    "Constant": {},
    "Name": {1: ("name", "string")},
    "Selected": {1: ("operand", "Node")},
    "Call": {1: ("target", "Node"), 2: ("function", "string"), 3: ("arguments", "list(Node)")},
    "Items": {1: ("items", "list(Node)")},
    "Loop": {
        2: ("over", "Node"),
        3: ("result_name", "string"),
        4: ("first", "Node"),
        5: ("condition", "Node"),
        6: ("step", "Node"),
        7: ("result", "Node"),
    },
}

_NEAR: Final = 24  # characters of an expression on each side of a mistake
_COMPARED: Final = {"_==_": 2, "_!=_": 2, "@in": 1}  # functions that compare values whole, and how many arguments they compare
_PACKAGE: Final = "reconciler"
_TYPE: Final = re.compile(r"(?:list\((?P<item>\w+)\)|map\(string, (?P<value>\w+)\)|(?P<one>\w+))(?P<null>\?)?")
_PLACE: Final = re.compile(r"ERROR: <input>:(?P<line>-?\d+):(?P<column>-?\d+): (?P<problem>[^\n]*)")
_NOISE: Final = re.compile(r" expecting \{.*| \(in container ''\)|\s*\[[A-Z_]+\]$|\breconciler\.(?=[A-Z])")
_TOO_DEEP: Final = re.compile(r"recursion")


class LibraryMissingError(Exception):
    """The library is not installed: no rule can be looked at."""


class NotEvaluatedError(Exception):
    """An expression has no answer for this plan; its text says why and quotes nothing of the plan."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Wrong:
    """One mistake in an expression, at a line and a column of it, from 1."""

    line: int
    column: int
    problem: str


class Expression:
    """An expression that is right, ready to be asked."""

    def __init__(self, compiled: Any) -> None:
        self._compiled = compiled

    def holds(self, facts: Facts) -> bool:
        """Whether it is true of a plan; NotEvaluatedError where it has no answer."""
        try:
            answer = self._compiled.eval(data=facts)
        except Exception as failure:  # noqa: BLE001 - the library raises RuntimeError, MemoryError and its own alike
            raise NotEvaluatedError(_reason(str(failure))) from None
        value = answer.value()
        if not isinstance(value, bool):
            raise NotEvaluatedError(_reason(str(value)))
        return value


def read(text: str) -> tuple[Expression | None, list[Wrong]]:
    """An expression, or all that is wrong with it. LibraryMissingError without the library."""
    environment = _environment()
    try:
        compiled = environment.compile(text)
    except Exception as failure:  # noqa: BLE001 - as above
        return None, list(_told(str(failure)))
    if compiled.return_type().name() != "BOOL":
        told = say("it is of type {type}, and a rule is true or false", type=_NOISE.sub("", compiled.return_type().name()))
        return None, [Wrong(line=1, column=1, problem=told)]
    growing = list(_growing(text, compiled.serialize()))
    return (None, growing) if growing else (Expression(compiled), [])


def mistakes(name: str, written: Node) -> Iterator[Finding]:
    """What is wrong with the expression of the rule `name`, each at its place in the file."""
    text = written.text or ""
    try:
        _expression, wrong = read(text)
    except LibraryMissingError:
        message = say("the rule '{name}' cannot be looked at: its library is not installed", name=name)
        yield error("POL003", message, written.origin, "pip install 'reconciler[rules]'")
        return
    for one in wrong:
        problem = mask_text(one.problem)  # the library's own words, which quote
        message = say("{problem}: {expression}", problem=problem, expression=_caret(text, one.line, one.column))
        yield error("RUL003", message, written.place(one.line, one.column), say("correct the expression"))


def _caret(text: str, line: int, column: int) -> str:
    """The part of an expression around a mistake on one line, with a caret before what is wrong. Numbers are hidden."""
    shown = dotted(text.split("\n")[line - 1]) if line <= text.count("\n") + 1 else ""
    before, after = shown[: column - 1], shown[column - 1 :].rstrip()
    lead = "…" if len(before) > _NEAR else ""
    rest = "…" if len(after) > _NEAR else ""
    return f"{lead}{before[-_NEAR:].lstrip()}‸{after[:_NEAR]}{rest}"


def _told(told: str) -> Iterator[Wrong]:
    found = list(_PLACE.finditer(told))
    if _TOO_DEEP.search(told) or not found:
        yield Wrong(line=1, column=1, problem=_reason(told))
        return
    for one in found:
        if int(one["line"]) > 0:
            yield Wrong(line=int(one["line"]), column=int(one["column"]), problem=_NOISE.sub("", one["problem"]))


def _reason(told: str) -> str:
    """Why there is no answer, in our words where the library's could quote a value of the plan."""
    if _TOO_DEEP.search(told):
        return say("it is nested too deeply")
    if "budget" in told:
        return say("it takes too many steps")
    if "not found" in told or "Index" in told:
        return say("it asks for something that is not there: test for it first")
    if "overload" in told:
        return say("it compares what the plan does not know: test for null first")
    if "divide" in told or "modulus" in told:
        return say("it divides by zero")
    return say("it has no answer")


# --- the library ---------------------------------------------------------------------------------------------------------


@cache
def _environment() -> Any:
    try:
        from cel_expr_python import cel
    except ImportError:
        raise LibraryMissingError from None
    known = {"int": cel.Type.INT, "string": cel.Type.STRING, "bool": cel.Type.BOOL, "double": cel.Type.DOUBLE}

    def of(name: str) -> Any:
        return known[name] if name in known else cel.Type(f"{_PACKAGE}.{name}")

    variables = {}
    for name, text in VARIABLES.items():
        type_ = _typed(text)
        if type_["item"]:
            variables[name] = cel.Type.List(of(type_["item"]))
        elif type_["value"]:
            variables[name] = cel.Type.Map(cel.Type.STRING, of(type_["value"]))
        else:
            variables[name] = of(type_["one"])
    return cel.NewEnv(_pool(), config=cel.NewEnvConfigFromYaml(_LEFT_OUT), variables=variables)


def _typed(text: str) -> Mapping[str, str]:
    found = _TYPE.fullmatch(text)
    assert found, "a type of the tables above"
    return found.groupdict("")


@cache
def _pool() -> Any:
    """The messages as Protocol Buffers, which is how the library knows the fields of a value."""
    try:
        from google.protobuf import descriptor_pb2, descriptor_pool, wrappers_pb2
    except ImportError:
        raise LibraryMissingError from None
    file = descriptor_pb2.FileDescriptorProto(name="plan.proto", package=_PACKAGE, syntax="proto3")
    file.dependency.append("google/protobuf/wrappers.proto")
    for message, shape in MESSAGES.items():
        _declare(file, message, dict(enumerate(shape.items(), 1)))
    for message, fields in _CHECKED.items():
        _declare(file, message, fields)
    pool = descriptor_pool.DescriptorPool()
    pool.AddSerializedFile(wrappers_pb2.DESCRIPTOR.serialized_pb)
    pool.Add(file)
    return pool


def _declare(file: Any, message: str, fields: Mapping[int, tuple[str, str]]) -> None:
    from google.protobuf.descriptor_pb2 import FieldDescriptorProto as Kind

    plain = {"int": Kind.TYPE_INT64, "string": Kind.TYPE_STRING, "bool": Kind.TYPE_BOOL, "double": Kind.TYPE_DOUBLE}
    wrapped = {"int": "Int64Value", "string": "StringValue", "double": "DoubleValue"}
    declared = file.message_type.add(name=message)
    for number, (name, text) in fields.items():
        type_ = _typed(text)
        several = type_["item"] or type_["value"]
        field = declared.field.add(name=name, number=number, label=Kind.LABEL_REPEATED if several else Kind.LABEL_OPTIONAL)
        wanted = type_["item"] or type_["one"]
        if type_["value"]:
            entry = declared.nested_type.add(name=f"{name.title().replace('_', '')}Entry")
            entry.options.map_entry = True
            entry.field.add(name="key", number=1, label=Kind.LABEL_OPTIONAL, type=Kind.TYPE_STRING)
            entry.field.add(name="value", number=2, label=Kind.LABEL_OPTIONAL, type=plain[type_["value"]])
            field.type, field.type_name = Kind.TYPE_MESSAGE, f".{_PACKAGE}.{message}.{entry.name}"
        elif type_["null"]:
            field.type, field.type_name = Kind.TYPE_MESSAGE, f".google.protobuf.{wrapped[wanted]}"
        elif wanted in plain:
            field.type = plain[wanted]
        else:
            field.type, field.type_name = Kind.TYPE_MESSAGE, f".{_PACKAGE}.{wanted}"


def _growing(text: str, serialized: bytes) -> Iterator[Wrong]:
    """What of a checked expression would let values grow, or compares a whole list at every step of a loop."""
    checked = _message("Packed").FromString(serialized).checked
    if not checked.expression.ByteSize():
        yield Wrong(line=1, column=1, problem=say("this version of the library does not tell what it understood"))
    known = _Known(
        joins=frozenset(one.id for one in checked.references if "add_list" in one.reference.overloads),
        large=frozenset(one.id for one in checked.types if one.type.ListFields()),
    )
    places = {one.id: one.offset for one in checked.written.places}
    for node, problem in _grown(checked.expression, known, ""):
        before = text[: places.get(node, 0)]
        yield Wrong(line=before.count("\n") + 1, column=len(before) - before.rfind("\n"), problem=problem)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """The nodes of an expression that join lists, and those that are a list, a map or a message."""

    joins: frozenset[int]
    large: frozenset[int]


def _grown(node: Any, known: _Known, result_name: str) -> Iterator[tuple[int, str]]:
    """The nodes that do, and why. A loop that filters joins what it kept, under a name that nobody can write."""
    call = node.call
    if node.HasField("mapping"):
        yield node.id, say("it makes a map or a message: compare fields one by one")
    if len(node.list.items) > 1 and not all(map(_constant, node.list.items)):
        yield node.id, say("a list that is written out holds constants alone")
    if node.id in known.joins and not any(one.name.name == result_name for one in call.arguments if result_name):
        yield node.id, say("it joins lists: look at one after the other")
    compared = call.arguments[: _COMPARED.get(call.function, 0)]
    if any(one.id in known.large for one in compared) and not any(map(_constant, compared)):
        yield node.id, say("it compares whole lists or messages: compare fields one by one")
    for one in (node.field.operand, call.target, *call.arguments, *node.list.items):
        if one.ByteSize():
            yield from _grown(one, known, result_name)
    if node.HasField("loop"):
        loop = node.loop
        for one in (loop.over, loop.first, loop.condition, loop.result):
            yield from _grown(one, known, result_name)
        yield from _grown(loop.step, known, loop.result_name)


def _constant(node: Any) -> bool:
    return node.HasField("constant") or (node.HasField("list") and all(map(_constant, node.list.items)))


def facts(plan: Mapping[str, Any]) -> Facts:
    """A plan's public JSON as expressions see it; LibraryMissingError without the library."""
    counted = {**plan, "summary": dict.fromkeys((action.value for action in Action), 0) | plan["summary"]}
    return {name: _value(text, counted[name]) for name, text in VARIABLES.items()}


def _value(text: str, given: Any) -> Any:
    """What JSON holds, as the type that was declared for it."""
    type_ = _typed(text)
    if type_["item"]:
        return [_value(type_["item"], item) for item in given]
    if type_["value"]:
        return dict(given)
    if type_["one"] in MESSAGES:
        return _message(type_["one"])(**dict(_fields(MESSAGES[type_["one"]], given)))
    if type_["null"]:
        return {"value": float(given) if type_["one"] == "double" else given}
    return given


def _fields(shape: Shape, given: Mapping[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, text in shape.items():
        if given[name] is not None:
            yield name, _value(text, given[name])


@cache
def _message(name: str) -> Any:
    from google.protobuf import message_factory

    return message_factory.GetMessageClass(_pool().FindMessageTypeByName(f"{_PACKAGE}.{name}"))
