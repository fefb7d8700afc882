"""The rules of the house that no compiler knows: floors and doors, one catalogue, one registry of codes, rooms of a size."""

from __future__ import annotations

import ast
import re
import string
import subprocess
import sys
import tokenize
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Final

import pytest

from reconciler.cli import COMMANDS
from reconciler.diagnostics import CODES

ROOT: Final = Path(__file__).parents[1]
PACKAGE: Final = ROOT / "reconciler"
LINES_MAX: Final = 500
REGISTRIES: Final = ("pypi", "pythonhosted", "npmjs", "crates", "rubygems")
HOST: Final = re.compile(rf"\b(?:{'|'.join(REGISTRIES)})\.(?:org|com|io)\b")
LOCKS: Final = (ROOT / "requirements.lock", ROOT / ".ci" / "requirements-dev.lock")
EMPTY_NAMES: Final = re.compile(r"manager|helpers?|utils?|common|base|core|handler|service|processor|misc")


@cache
def committed() -> tuple[Path, ...]:
    """Every file that is, or would be, part of the repository."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"], cwd=ROOT, capture_output=True, check=True
    )
    paths = (ROOT / name for name in listed.stdout.decode().split("\0") if name)
    return tuple(sorted(path for path in paths if path.is_file()))


@cache
def sources(folder: Path = PACKAGE) -> tuple[tuple[str, ast.Module], ...]:
    """Every module of ours, parsed, by its path."""
    return tuple(
        (str(path.relative_to(ROOT)), ast.parse(path.read_text("utf-8")))
        for path in committed()
        if path.suffix == ".py" and path.is_relative_to(folder)
    )


def calls(name: str) -> Iterator[tuple[str, ast.Call]]:
    """Every call of a function of that name in the package, with its place."""
    for path, tree in sources():
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == name:
                yield f"{path}:{node.lineno}", node


# --- imports -------------------------------------------------------------------------------------------------------------


def test_floors_and_doors_are_kept() -> None:
    """The contracts stand in pyproject.toml."""
    linter = Path(sys.executable).with_name("lint-imports")
    done = subprocess.run([linter, "--no-logo"], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("words", [["--help"], ["--version"], ["explain", "OWN001"]])
def test_help_costs_nothing(words: list[str]) -> None:
    """What is heavy is imported by the command that needs it."""
    code = f"import sys; from reconciler.cli import run; code = run({words!r}); print(*sys.modules); sys.exit(code)"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    loaded = {name.partition(".")[0] for name in done.stdout.splitlines()[-1].split()}

    assert "click" in loaded
    heavy = {"cel_expr_python", "deepdiff", "duckdb", "httpx", "jinja2", "jsonschema", "phonenumbers"}
    heavy |= {"sqlite3", "starlette", "uvicorn"}
    assert loaded & heavy == set()


def test_every_command_is_there() -> None:
    from reconciler.cli import cli

    for name in COMMANDS:
        command = cli.commands.get(name) or cli.get_command(None, name)  # type: ignore[arg-type]  # the group never asks its context
        assert command is not None
        assert command.help, name


# --- what people read ----------------------------------------------------------------------------------------------------


def test_the_page_of_figures_says_what_was_kept() -> None:
    """Nobody mends a figure by hand."""
    from tests.benchmarks.results import kept, page
    from tests.benchmarks.run import PARTS, RESULTS, SUBJECTS

    parts = kept(PARTS)

    assert tuple(parts) == SUBJECTS
    assert RESULTS.read_text("utf-8") == page(list(parts.values()))


def test_every_code_has_an_explanation() -> None:
    used = {
        (node.value, path)
        for path, tree in sources()
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and re.fullmatch(r"[A-Z]{3}\d{3}", node.value)
    }

    assert sorted(f"{code} in {path}" for code, path in used if code not in CODES) == []


def test_explanations_are_whole() -> None:
    for code, entry in CODES.items():
        assert re.fullmatch(r"[A-Z]{3}\d{3}", code)
        assert all((entry.title, entry.why.endswith("."), entry.remedy.endswith("."))), code


def test_sentences_and_their_values_agree() -> None:
    """A sentence of the catalogue names its values, and is given exactly these; it is never put together from pieces."""
    wrong = []
    for place, call in calls("say"):
        sentence = call.args[0]
        if isinstance(sentence, ast.JoinedStr | ast.BinOp):
            wrong.append(f"{place}: not one sentence")
        if not isinstance(sentence, ast.Constant) or any(keyword.arg is None for keyword in call.keywords):
            continue
        named = {name for _text, name, _form, _conversion in string.Formatter().parse(str(sentence.value)) if name is not None}
        given = {keyword.arg for keyword in call.keywords}
        if named != given or len(call.args) != 1:
            wrong.append(f"{place}: {sorted(named, key=str)} in the sentence, {sorted(given, key=str)} given")

    assert wrong == []


# --- form ----------------------------------------------------------------------------------------------------------------


def test_every_module_says_why_it_exists() -> None:
    silent = [path for path, tree in sources() if not ast.get_docstring(tree)]

    assert silent == []


def test_every_room_can_be_read_in_one_sitting() -> None:
    large = [
        str(path.relative_to(ROOT))
        for path in committed()
        if path.suffix == ".py" and path.is_relative_to(PACKAGE) and len(path.read_text("utf-8").splitlines()) > LINES_MAX
    ]

    assert large == []


def test_rooms_are_named_for_what_lives_in_them() -> None:
    words = {(path, word) for path, _tree in sources() for word in re.split(r"[^a-z]+", path.removeprefix("reconciler/"))}

    assert sorted(path for path, word in words if EMPTY_NAMES.fullmatch(word)) == []


def comments() -> Iterator[tuple[str, str]]:
    """Every comment of the project's Python, with its place."""
    for path in committed():
        if path.suffix == ".py":
            with path.open("rb") as file:
                for token in tokenize.tokenize(file.readline):
                    if token.type == tokenize.COMMENT:
                        yield f"{path.relative_to(ROOT)}:{token.start[0]}", token.string


def test_what_is_waived_says_why() -> None:
    """`# noqa: CODE - reason`, `# type: ignore[code]  # reason`."""
    reasoned = re.compile(r"noqa: [A-Z]+\d+(, ?[A-Z]+\d+)* - \S|type: ignore\[[\w-]+(, ?[\w-]+)*\] +# \S|pragma: no cover - \S")
    waived = re.compile(r"#\s*(noqa|type:\s*ignore|pragma)")

    assert [place for place, text in comments() if waived.search(text) and not reasoned.search(text)] == []


def test_nothing_is_left_for_later() -> None:
    assert [place for place, text in comments() if re.search(r"\b(TODO|FIXME|XXX|HACK)\b", text)] == []


def test_tests_do_not_sleep_and_are_not_skipped() -> None:
    """The clock is an argument."""
    forbidden = {("time", "sleep"), ("mark", "skip"), ("mark", "skipif"), ("pytest", "skip")}
    found = []
    for path, tree in sources(ROOT / "tests"):
        for node in ast.walk(tree):
            if isinstance(node, ast.Attribute):
                owner = node.value.attr if isinstance(node.value, ast.Attribute) else getattr(node.value, "id", "")
                if (owner, node.attr) in forbidden:
                    found.append(f"{path}:{node.lineno}")

    assert found == []


# --- dependencies --------------------------------------------------------------------------------------------------------


def test_no_file_names_a_package_registrys_host() -> None:
    """A machine's own settings say where packages come from."""
    found = [str(path.relative_to(ROOT)) for path in committed() if HOST.search(path.read_text("utf-8", errors="replace"))]

    assert found == []


def pins(lock: Path) -> dict[str, str]:
    """The pinned versions of a lock by package."""
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", lock.read_text("utf-8"), re.MULTILINE))


def test_locks_pin_with_hashes_and_name_no_place() -> None:
    for lock in LOCKS:
        text = lock.read_text("utf-8")
        requirements = [line for line in text.splitlines() if line and line[0] not in " #"]

        assert requirements
        assert all(line.endswith("\\") for line in requirements), "a hash follows"
        assert "://" not in text
        assert "-index" not in text


def test_the_two_locks_agree() -> None:
    runtime, dev = map(pins, LOCKS)

    assert runtime.items() <= dev.items()


# --- tests ---------------------------------------------------------------------------------------------------------------


def test_no_test_moves_the_clock_of_the_whole_process() -> None:
    """A sandbox may run in a thread beside it, and would wait for an hour that does not come."""
    moved = re.compile(r"""setattr\((?:time,|["'](?:[\w.]+\.)?time\.\w+["'])""")
    assert moved.search('patched.setattr("reconciler.journal.sqlite.time.monotonic", lambda: 0.0)')
    assert list(lines_of_tests(moved, "*.py")) == []


def test_no_test_asks_how_fast_the_machine_is() -> None:
    """It may be slow for a while; speed is measured in tests/benchmarks."""
    assert list(lines_of_tests(re.compile("perf_counter|process_time"), "test_*.py")) == []


def lines_of_tests(pattern: re.Pattern[str], names: str) -> Iterator[str]:
    """Where a pattern stands in files below tests, but for this one."""
    for path in committed():
        if path.is_relative_to(ROOT / "tests") and path.match(names) and path != Path(__file__):
            for number, line in enumerate(path.read_text("utf-8").splitlines(), 1):
                if pattern.search(line):
                    yield f"{path.relative_to(ROOT)}:{number}"
