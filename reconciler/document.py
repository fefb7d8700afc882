"""YAML with positions; the only door to PyYAML.

A document is a tree of `Node`s: every scalar is the text that was written, every node knows its line and column. The tree
is built from the parser's events. The composer would hide anchors and aliases, guess types, and takes the whole process
down at deep nesting; the events show all three, and need less time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

import yaml

from reconciler.catalogue import say
from reconciler.diagnostics import Finding, Severity
from reconciler.resource import Origin

BYTES_MAX: Final = 1_000_000
DEPTH_MAX: Final = 20

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclass(frozen=True, slots=True)
class Node:
    """A piece of a document: text, a list of nodes, or a mapping of names to entries."""

    value: str | tuple[Node, ...] | dict[str, Entry]  # never changed; asking for dict costs less than for Mapping
    origin: Origin

    @property
    def text(self) -> str | None:
        """The scalar's text; None for lists and mappings."""
        return self.value if isinstance(self.value, str) else None

    @property
    def items(self) -> tuple[Node, ...] | None:
        """The list's nodes; None for the others."""
        return self.value if isinstance(self.value, tuple) else None

    @property
    def entries(self) -> Mapping[str, Entry] | None:
        """The mapping's entries by name; None for the others."""
        return self.value if isinstance(self.value, dict) else None

    def at(self, path: Iterator[str | int]) -> Node:
        """The node under `path`, or the deepest one on the way that exists."""
        node = self
        for step in path:
            if isinstance(node.value, dict) and step in node.value:
                node = node.value[str(step)].node
            elif isinstance(node.value, tuple) and isinstance(step, int) and step < len(node.value):
                node = node.value[step]
            elif step == 0:  # where a list is wanted, a single item may stand for a list of it
                continue
            else:
                break
        return node


@dataclass(frozen=True, slots=True)
class Entry:
    """A mapping's name with the place where it was written, and its node."""

    key: Origin
    node: Node


class _RejectedError(Exception):
    """A construct that the language does not have; carries the finding."""

    def __init__(self, finding: Finding) -> None:
        super().__init__(finding.code)
        self.finding = finding


def parse(data: bytes, file: str) -> tuple[list[Node], list[Finding]]:
    """All documents of one file, and its mistakes. After the first broken construct the rest of the file is not read.

    Repeated keys are reported and the first one is kept, so that other mistakes of the file are still found.
    """
    start = Origin(file)
    if len(data) > BYTES_MAX:
        message = say("the file has {size:,} bytes; a document file may have {most:,}", size=len(data), most=BYTES_MAX)
        return [], [_error("YML006", message, start, say("move rows into a csv or parquet file and name it under source"))]
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as wrong:
        line = data.count(b"\n", 0, wrong.start) + 1
        return [], [_error("YML008", say("the file is not UTF-8"), Origin(file, line), say("save it as UTF-8"))]
    findings: list[Finding] = []
    nodes: list[Node] = []
    try:
        nodes.extend(_documents(yaml.parse(text, Loader=_LOADER), file, findings))
    except _RejectedError as rejected:
        findings.append(rejected.finding)
    except yaml.MarkedYAMLError as wrong:
        mark = wrong.problem_mark or wrong.context_mark
        place = Origin(file, mark.line + 1, mark.column + 1) if mark else start
        problem = wrong.problem or wrong.context or "unreadable"
        findings.append(_error("YML001", say("this is not YAML: {problem}", problem=problem), place, _REMEDY_SYNTAX))
    except yaml.reader.ReaderError as wrong:
        code = _code_point(wrong.character)
        before = text.partition(chr(code))[0]
        place = Origin(file, before.count("\n") + 1, len(before) - before.rfind("\n"))
        message = say("the file holds a character that YAML does not allow (#x{code:04x})", code=code)
        findings.append(_error("YML001", message, place, say("remove it")))
    return nodes, findings


_REMEDY_SYNTAX: Final = "check the indentation, and quote text that holds ': ' or starts with a special character"


def _code_point(character: object) -> int:
    if isinstance(character, int):
        return character
    return ord(character) if isinstance(character, str) and len(character) == 1 else 0


def _error(code: str, message: str, origin: Origin, remedy: str) -> Finding:
    return Finding(code=code, severity=Severity.ERROR, message=message, remedy=remedy, origin=origin)


class _Open:
    """A list or mapping that is still being read."""

    __slots__ = ("entries", "key", "nodes", "origin")

    def __init__(self, origin: Origin, *, mapping: bool) -> None:
        self.origin = origin
        self.entries: dict[str, Entry] | None = {} if mapping else None
        self.nodes: list[Node] = []
        self.key: tuple[str, Origin] | None = None


def _documents(events: Any, file: str, findings: list[Finding]) -> Iterator[Node]:
    """Build one node a document, without recursion: a hostile depth costs a message, never the stack."""
    stack: list[_Open] = []
    for event in events:
        kind = type(event)
        if kind is yaml.ScalarEvent:
            place = _place(event, file)
            if event.anchor is not None or event.tag is not None:
                raise _foreign(event, place)
            if stack and (parent := stack[-1]).entries is not None and parent.key is None:
                parent.key = _key(event.value, place), place
                continue
            done = Node(event.value, place)
        elif kind is yaml.MappingStartEvent or kind is yaml.SequenceStartEvent:
            place = _place(event, file)
            if event.anchor is not None or event.tag is not None:
                raise _foreign(event, place)
            if len(stack) >= DEPTH_MAX:
                message = say("the document is nested deeper than {most} levels", most=DEPTH_MAX)
                raise _RejectedError(_error("YML007", message, place, say("flatten it")))
            if stack and stack[-1].entries is not None and stack[-1].key is None:
                raise _RejectedError(
                    _error("YML001", say("a key must be text"), place, say("write a plain word before the colon"))
                )
            stack.append(_Open(place, mapping=kind is yaml.MappingStartEvent))
            continue
        elif kind is yaml.MappingEndEvent or kind is yaml.SequenceEndEvent:
            closed = stack.pop()
            done = Node(tuple(closed.nodes) if closed.entries is None else closed.entries, closed.origin)
        elif kind is yaml.AliasEvent:
            message = say("aliases (*{name}) are not part of the language", name=event.anchor)
            raise _RejectedError(_error("YML003", message, _place(event, file), say("write the value out")))
        else:
            continue
        if not stack:
            yield done
        else:
            _put(stack[-1], done, findings)


def _put(parent: _Open, node: Node, findings: list[Finding]) -> None:
    if parent.entries is None:
        parent.nodes.append(node)
        return
    assert parent.key is not None, "a value without a key"
    name, place = parent.key
    parent.key = None
    if name in parent.entries:
        first = parent.entries[name].key
        message = say("the key '{name}' stands twice, first on line {line}", name=name, line=first.line)
        findings.append(_error("YML002", message, place, say("keep one of them")))
    else:
        parent.entries[name] = Entry(place, node)


def _key(name: str, place: Origin) -> str:
    if name == "<<":
        message = say("merge keys (<<) are not part of the language")
        raise _RejectedError(_error("YML005", message, place, say("write the keys out")))
    return name


def _place(event: Any, file: str) -> Origin:
    mark = event.start_mark
    return Origin(file, mark.line + 1, mark.column + 1)


def _foreign(event: Any, place: Origin) -> _RejectedError:
    """An anchor, or else a tag."""
    if event.anchor is not None:
        message = say("anchors (&{name}) are not part of the language", name=event.anchor)
        return _RejectedError(_error("YML003", message, place, say("write the value out where it is needed")))
    message = say("tags ({tag}) are not part of the language", tag=event.tag)
    return _RejectedError(_error("YML004", message, place, say("remove it: a field's type says how its value is read")))


def write(documents: Sequence[Mapping[str, Any]]) -> str:
    """Documents as YAML text in the order of their keys; every scalar reads back as the same text."""
    return "---\n".join(
        yaml.dump(
            _plain(document),
            Dumper=_Writer,
            sort_keys=False,
            allow_unicode=True,
            width=10_000,
            default_flow_style=False,
        )
        for document in documents
    )


class _Writer(yaml.SafeDumper):
    """Writes text plainly wherever our own parser reads the same text back."""

    def increase_indent(self, flow: bool = False, indentless: bool = False) -> None:
        super().increase_indent(flow, False)

    def ignore_aliases(self, data: Any) -> bool:
        return True


def _represented(writer: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    """Text with one of YAML's rarer line breaks is written in escapes: PyYAML would fold it into a blank."""
    style = '"' if _RARE_BREAKS & set(text) else None
    return writer.represent_scalar("tag:yaml.org,2002:str", text, style=style)


_RARE_BREAKS: Final = frozenset("\x85\u2028\u2029")
_Writer.yaml_implicit_resolvers = {}
_Writer.add_representer(str, _represented)


def _plain(value: Any) -> Any:
    """Numbers and booleans as the text that our reader expects, whatever YAML would make of it."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item) for item in value]
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)
