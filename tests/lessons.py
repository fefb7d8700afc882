"""What a page tells its reader to do, done: ```console blocks are run, ```diff blocks are edits, in the page's order.

In a console block a line that begins with `$ ` is a command, and `# exit 3` at its end the exit code that it must end with
(0 where nothing is said). The lines under it are what the reader sees, messages and data together; `...` stands for
anything, alone for any number of lines. Blanks count once. RUN and OP are what the last `resolve` listed, DIGEST is what
the last plan printed.
"""

from __future__ import annotations

import io
import os
import re
import shlex
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stderr, redirect_stdout
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from unittest.mock import patch

from reconciler import target
from reconciler.cli import run
from reconciler.cli.sandbox import PORT

FENCE: Final = re.compile(r"^```(console|diff)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
EXIT: Final = re.compile(r"\s+# exit (\d+)$")
LATER: Final = re.compile(r"\s{2,}# .*$")
ANYTHING: Final = "..."
LINES: Final = r"(?:.*\n)*?"
KNOWN_AFTER: Final[Mapping[str, re.Pattern[str]]] = {
    "RUN": re.compile(r"^\s+run (\w+)\s+op ", re.MULTILINE),
    "OP": re.compile(r"^\s+run \w+\s+op (\w+)", re.MULTILINE),
    "DIGEST": re.compile(r"^Plan sha256:(\w+)", re.MULTILINE),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """One line that the reader types, what is seen then, and the exit code."""

    words: tuple[str, ...]
    expected: tuple[str, ...]
    code: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Edit:
    """A change of one file by hand: the lines before and after."""

    file: str
    before: str
    after: str


def steps(page: str) -> Iterator[Command | Edit]:
    """What a page tells its reader to do, in order."""
    for language, body in FENCE.findall(page):
        if language == "diff":
            yield from _edits(body)
        else:
            yield from _commands(body)


def _commands(body: str) -> Iterator[Command]:
    for part in re.split(r"^\$ ", body, flags=re.MULTILINE)[1:]:
        line, *expected = part.rstrip("\n").split("\n")
        said = EXIT.search(line)
        line = LATER.sub("", line[: said.start()] if said else line)
        yield Command(words=tuple(shlex.split(line)), expected=tuple(expected), code=int(said[1]) if said else 0)


def _edits(body: str) -> Iterator[Edit]:
    for part in re.split(r"^--- ", body, flags=re.MULTILINE)[1:]:
        name, *lines = part.rstrip("\n").split("\n")
        before = "".join(f"{line[1:]}\n" for line in lines if line[:1] in " -")
        after = "".join(f"{line[1:]}\n" for line in lines if line[:1] in " +")
        yield Edit(file=name.strip(), before=before, after=after)


@dataclass(slots=True)
class Reader:
    """Somebody who does what a page says, in `folder`, with a sandbox that runs already."""

    folder: Path
    url: str
    known: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)

    def follow(self, page: str) -> None:
        """Do all of it. AssertionError where the page says otherwise than what happens."""
        todo = list(steps(page))
        assert todo, "the page tells nobody to do anything"
        for step in todo:
            if isinstance(step, Edit):
                self._edit(step)
            else:
                self._type(step)

    def _edit(self, edit: Edit) -> None:
        path = self.folder / edit.file
        text = path.read_text("utf-8")
        assert text.count(edit.before) == 1, f"{edit.file} does not hold, once:\n{edit.before}"
        path.write_text(text.replace(edit.before, edit.after.replace(f"http://127.0.0.1:{PORT}", self.url)), "utf-8")

    def _type(self, command: Command) -> None:
        first, *rest = (self.known.get(word, word) for word in command.words)
        if first == "cd":
            self.folder /= rest[0]
        elif first == "export":
            name, _, value = rest[0].partition("=")
            self.variables[name] = value
        elif rest[:2] not in (["sandbox", "up"], ["sandbox", "down"]):
            assert first == "reconciler", f"a reader of this page cannot run '{first}'"
            self._run(rest, command)

    def _run(self, words: Sequence[str], command: Command) -> None:
        told = io.StringIO()
        at_once = patch.object(target, "READ_AGAIN_S", 0.0)  # the simulated platforms show what is there
        with _inside(self.folder, self.variables, self.url), at_once, redirect_stdout(told), redirect_stderr(told):
            code = run(words)
        said = told.getvalue()
        self.known |= {name: found[1] for name, pattern in KNOWN_AFTER.items() if (found := pattern.search(said))}
        shown = f"$ {' '.join(command.words)}\n{said}"
        assert code == command.code, f"exit {code}, not {command.code}:\n{shown}"
        missing = unmatched(command.expected, said)
        assert missing is None, f"not seen where the page has it: {missing!r}\n{shown}"


def unmatched(expected: Sequence[str], said: str) -> str | None:
    """The first expected line that is not there in its place, or an unexpected one; None when all are as expected.

    Nothing expected is anything.
    """
    wanted = [line for line in map(_plain, expected) if line]
    if not wanted:
        return None
    seen = "".join(f"{line}\n" for line in map(_plain, said.splitlines()) if line)
    parts = [LINES if line == ANYTHING else f"{_loose(line)}\n" for line in wanted]
    if re.fullmatch("".join(parts), seen):
        return None
    stuck = next((number for number in range(len(parts)) if not re.match("".join(parts[: number + 1]), seen)), None)
    return wanted[stuck] if stuck is not None else seen.splitlines()[-1]


def _loose(line: str) -> str:
    return ".*".join(re.escape(part) for part in line.split(ANYTHING))


def _plain(line: str) -> str:
    return " ".join(line.split())


@contextmanager
def _inside(folder: Path, variables: Mapping[str, str], url: str) -> Iterator[None]:
    """In the folder, with the variables, and with the sandbox noted as `sandbox up` notes it."""
    before = Path.cwd()
    kept = {name: os.environ.get(name) for name in variables}
    state = folder / ".reconciler" / "sandbox.json"
    state.parent.mkdir(exist_ok=True)
    state.write_text(f'{{"pid": {os.getpid()}, "url": "{url}"}}', "ascii")
    os.chdir(folder)
    os.environ.update(variables)
    try:
        yield
    finally:
        os.chdir(before)
        for name, value in kept.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
