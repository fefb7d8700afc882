"""YAML with positions; the only door to PyYAML.

A document is a tree of `Node`s: every scalar is the text that was written, every node knows its line and column. The tree
is built from the parser's events. The composer would hide anchors and aliases, guess types, and takes the whole process
down at deep nesting; the events show all three, and need less time.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, Final, NamedTuple

import yaml

from reconciler.catalogue import say
from reconciler.diagnostics import Finding, Severity
from reconciler.personal import mask_text
from reconciler.resource import Origin

BYTES_MAX: Final = 1_000_000
DEPTH_MAX: Final = 20

_LOADER: Final[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class Node(NamedTuple):
    """A piece of a document: text, a list of nodes, or a mapping of names to entries.

    `line` and `column` count from 1. `within` is where the first character of a text stands, line and column; None where the
    text is not in the file as it reads, line for line. A tuple, since a project has hundreds of thousands of them and a
    dataclass takes four times as long; places become `Origin`s when somebody asks, and of right documents nobody does.
    """

    value: str | tuple[Node, ...] | dict[str, Entry]  # never changed; asking for dict costs less than for Mapping
    file: str
    line: int
    column: int
    within: tuple[int, int] | None = None

    @property
    def origin(self) -> Origin:
        """Where it stands."""
        return Origin(self.file, self.line, self.column)

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

    def place(self, line: int, column: int) -> Origin:
        """Where a line and a column of the text, both from 1, stand in the file; the node's place where that is not known."""
        if self.within is None:
            return self.origin
        return Origin(self.file, self.within[0] + line - 1, self.within[1] + column - 1)

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


class Entry(NamedTuple):
    """A mapping's name with the place where it was written, and its node."""

    line: int
    column: int
    node: Node

    @property
    def key(self) -> Origin:
        """Where the name stands."""
        return Origin(self.node.file, self.line, self.column)


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
        nodes.extend(_documents(iter(_LOADER(text).get_event, None), file, text, findings))
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

    __slots__ = ("column", "entries", "key", "line", "nodes")

    def __init__(self, line: int, column: int, *, mapping: bool) -> None:
        self.line = line
        self.column = column
        self.entries: dict[str, Entry] | None = {} if mapping else None
        self.nodes: list[Node] = []
        self.key: tuple[str, int, int] | None = None


def _documents(events: Any, file: str, text: str, findings: list[Finding]) -> Iterator[Node]:
    """Build one node a document, without recursion: a hostile depth costs a message, never the stack."""
    stack: list[_Open] = []
    scalar, mapping, sequence, ends = yaml.ScalarEvent, yaml.MappingStartEvent, yaml.SequenceStartEvent, _ENDS
    for event in events:
        kind = type(event)
        if kind is scalar:
            mark = event.start_mark
            line, column = mark.line + 1, mark.column + 1
            if event.anchor is not None or event.tag is not None:
                raise _foreign(event, Origin(file, line, column))
            value: str = event.value
            if stack and (parent := stack[-1]).entries is not None and parent.key is None:
                if value == "<<":
                    message = say("merge keys (<<) are not part of the language")
                    raise _RejectedError(_error("YML005", message, Origin(file, line, column), say("write the keys out")))
                parent.key = value, line, column
                continue
            plainly = not event.style and event.end_mark.line + 1 == line
            done = _node((value, file, line, column, (line, column) if plainly else _within(event, text)))
        elif kind is mapping or kind is sequence:
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
            stack.append(_Open(place.line, place.column, mapping=kind is mapping))
            continue
        elif kind in ends:
            closed = stack.pop()
            inner = tuple(closed.nodes) if closed.entries is None else closed.entries
            done = _node((inner, file, closed.line, closed.column, None))
        elif kind is yaml.AliasEvent:
            message = say("aliases (*{name}) are not part of the language", name=mask_text(event.anchor))
            raise _RejectedError(_error("YML003", message, _place(event, file), say("write the value out")))
        else:
            continue
        if not stack:
            yield done
        elif (entries := stack[-1].entries) is None:
            stack[-1].nodes.append(done)
        else:
            key = stack[-1].key
            assert key is not None, "a value without a key"
            stack[-1].key = None
            if key[0] in entries:
                findings.append(_twice(key, entries, file))
            else:
                entries[key[0]] = _entry((key[1], key[2], done))


_ENDS: Final = frozenset({yaml.MappingEndEvent, yaml.SequenceEndEvent})


# What their own constructors do in a Python function more, sixty times a document.
_node: Final = partial(tuple.__new__, Node)
_entry: Final = partial(tuple.__new__, Entry)


def _twice(key: tuple[str, int, int], entries: Mapping[str, Entry], file: str) -> Finding:
    name, line, column = key
    message = say("the key '{name}' stands twice, first on line {line}", name=mask_text(name), line=entries[name].line)
    return _error("YML002", message, Origin(file, line, column), say("keep one of them"))


def _place(event: Any, file: str) -> Origin:
    mark = event.start_mark
    return Origin(file, mark.line + 1, mark.column + 1)


def _within(event: Any, text: str) -> tuple[int, int] | None:
    """Where the text of a scalar begins that is not plainly there: behind the quote, or on the first line of a block."""
    start, end = event.start_mark, event.end_mark
    line = start.line
    if event.style == "|":
        first = next(iter(text.split("\n", line + 2)[line + 1 : line + 2]), "")
        indent = len(first) - len(first.lstrip(" "))
        return (line + 2, indent + 1) if event.value.startswith(first.strip()) else None
    if line != end.line:
        return None
    plainly = end.column - start.column == len(event.value) + 2  # no escape stands for another character
    return (line + 1, start.column + 2) if plainly else None


def _foreign(event: Any, place: Origin) -> _RejectedError:
    """An anchor, or else a tag."""
    if event.anchor is not None:
        message = say("anchors (&{name}) are not part of the language", name=mask_text(event.anchor))
        return _RejectedError(_error("YML003", message, place, say("write the value out where it is needed")))
    message = say("tags ({tag}) are not part of the language", tag=mask_text(event.tag))
    return _RejectedError(_error("YML004", message, place, say("remove it: a field's type says how its value is read")))


def rewritten(data: bytes, place: Origin, before: str, change: Callable[[str], str]) -> bytes | None:
    """A file with the text `before`, which begins at `place`, changed, and nothing else: quotes, folds and comments stay.

    `change` is asked about the text and about pieces of it. Where it cannot be made on the text as it was written, the text is
    written anew in double quotes. None where the file would not read as it did but for that change, or holds another text.
    """
    text, scalar = data.decode("utf-8-sig"), None
    events = _read(text)
    for index, event in enumerate(events):
        if isinstance(event, yaml.ScalarEvent) and _place(event, place.file) == place and event.value == before:
            scalar = index
    if scalar is None:
        return None
    event = events[scalar]
    start, end, wanted = event.start_mark.index, event.end_mark.index, change(before)
    said = [_said(event) for event in events]
    said[scalar] = (*said[scalar][:1], wanted)
    tries = [_as_it_stands(text[start:end], event.style, change)]
    if event.style not in _BLOCKS:
        tries.append(json.dumps(wanted, ensure_ascii=False))
    for tried in tries:
        whole = text[:start] + tried + text[end:]
        try:
            same = [_said(event) for event in _read(whole)] == said
        except yaml.YAMLError:
            continue
        if same:
            return data[: len(data) - len(text.encode())] + whole.encode()
    return None


_BLOCKS: Final = ("|", ">")


def _read(text: str) -> list[Any]:
    return list(yaml.parse(text, Loader=_LOADER))


def _said(event: Any) -> tuple[Any, ...]:
    """What an event means, wherever it stands and however it is written."""
    return type(event), getattr(event, "value", None)


def _as_it_stands(raw: str, style: str | None, change: Callable[[str], str]) -> str:
    """A scalar with its own text changed, within the quotes that it has."""
    if style in _BLOCKS:
        head, line_end, content = raw.partition("\n")  # the head may hold a comment
        return head + line_end + change(content)
    if style not in _QUOTES:
        return change(raw)
    escaped = _QUOTES[style]
    inside = change(raw[1:-1].replace(escaped, "\0")).replace(style, escaped)  # YAML has no NUL
    return style + inside.replace("\0", escaped) + style


_QUOTES: Final = {'"': '\\"', "'": "''"}


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
