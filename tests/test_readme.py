"""The README says what is so: its commands are run, its plan is the demo's, its tables name what is there."""

from __future__ import annotations

import re
import shutil
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from reconciler.call import Call, Safety
from reconciler.cli import COMMANDS, exits
from reconciler.cli.demo import AT, CONTENT
from reconciler.cli.sandbox import PORT
from reconciler.diagnostics import CODES
from reconciler.kinds import KINDS
from reconciler.platforms import PLATFORMS
from reconciler.policies.settings import RECORD
from reconciler.reports.plans import FORMATS
from reconciler.sandbox.server import Running
from reconciler.wire import Door, Wire, WriteRefusedError
from tests.house import House
from tests.lessons import Reader, unmatched

ROOT: Final = Path(__file__).parents[1]
LOOKING: Final = ("Get", "get", "CreateToken", "EndSession", "campaigns", "skills", "token_info", "campaign_")
README: Final = (ROOT / "README.md").read_text("utf-8")


def section(title: str) -> str:
    """The part of the README under a heading."""
    found = re.search(rf"^## {re.escape(title)}\n(.*?)(?=^## |\Z)", README, re.MULTILINE | re.DOTALL)
    assert found, title
    return found[1]


def test_its_commands_do_what_it_shows(one_sandbox: Running, tmp_path: Path) -> None:
    one_sandbox.world.reset()

    Reader(tmp_path, one_sandbox.url).follow(README)


def demo_in(house: House) -> None:
    """The demo's project, on the house's sandbox."""
    for name in CONTENT:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, house.root / name, dirs_exist_ok=True)
    project = (ROOT / "reconciler.yaml").read_text("utf-8")
    house.write("reconciler.yaml", project.replace(f"http://127.0.0.1:{PORT}", house.url))


def test_its_plan_is_the_demos(house: House) -> None:
    demo_in(house)
    block = re.search(r"^```text\n(.*?)^```$", section("How a plan reads"), re.MULTILINE | re.DOTALL)
    assert block

    said = house.run("plan", "--at", AT)

    missing = unmatched(block[1].splitlines(), said.out)
    assert missing is None, f"{missing!r} is not there:\n{said.out}"


def test_looking_never_changes_anything(house: House) -> None:
    """The first promise: with everything there is to do, nothing but reads and logins reaches a platform."""
    demo_in(house)
    for words in (
        ["validate"],
        ["plan", "--at", AT, "--out", "plan.json"],
        ["show", "plan.json"],
        ["doctor"],
        ["audit", "log"],
    ):
        assert house.run(*words).code == 0, words

    asked = {call["operation"] for call in house.control.calls()}
    assert asked
    assert [name for name in asked if not name.rpartition(".")[2].startswith(LOOKING)] == []
    assert house.control.effects() == []


@pytest.mark.parametrize("safety", [safety for safety in Safety if safety.writes])
def test_the_wire_of_a_plan_refuses_to_write(house: House, safety: Safety) -> None:
    door = Door(url=house.url)
    call = Call(operation="start", method="POST", path="/wolkvox/api/v2/campaign.php", safety=safety)

    with Wire(door) as wire, pytest.raises(WriteRefusedError):
        wire.send(call)

    assert house.control.calls() == []


def test_the_first_screen_has_the_two_commands() -> None:
    assert re.search(r"^make demo .*\nmake test ", README, re.MULTILINE)
    assert README[: README.index("make test")].count("\n") < 40


def fields() -> Iterator[tuple[str, str]]:
    """Every field of the language that a user may write, with where it belongs."""
    for kind in KINDS.values():
        for one in kind.fields:
            yield kind.name, one.name
    for platform in PLATFORMS.values():
        for key in platform.keys.fields:
            yield platform.name, key.name
        for block in platform.blocks.values():
            for one in block:
                yield platform.name, one.name


# Named in the schema and of no use in an overview.
RARE: Final = {"type_of_data", "email_base"}


@pytest.mark.parametrize("name", sorted({name for _place, name in fields()} - RARE))
def test_it_names_every_field(name: str) -> None:
    assert re.search(rf"`[^`\n]*\b{re.escape(name)}\b", README), name


def test_it_names_every_policy() -> None:
    enforced = section("The law and other limits")

    assert [one.name for one in RECORD.fields if f"`{one.name}`" not in enforced] == []


def test_it_names_every_exit_code() -> None:
    table = section("Exit codes")
    codes = [value for name, value in vars(exits).items() if name.isupper() and isinstance(value, int)]

    assert sorted(map(int, re.findall(r"\| (\d+) \|", table))) == sorted(codes)
    assert f"{', '.join(map(str, exits.PRECEDENCE))} is given" in table


def test_what_is_said_to_be_missing_is_missing() -> None:
    text = section("What it does not do yet")
    named = re.search(r"\*\*Commands to come:\*\*(.*?)Reports to come: ([^.]*)\.", text, re.DOTALL)
    assert named
    words = re.findall(r"`([a-z ]+)`", named[1])

    assert not {word for word in words if word in COMMANDS and word != "import"}
    assert not {word for word in re.findall(r"\w+", named[2]) if word in FORMATS}
    assert "import" in COMMANDS


@pytest.mark.parametrize("page", ["README.md", "ARCHITECTURE.md", "CHANGELOG.md", "examples/README.md"])
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        place = ((ROOT / page).parent / path) if path else ROOT / page
        assert place.exists(), target
        if anchor:
            titles = re.findall(r"^#+ (.*)$", place.read_text("utf-8"), re.MULTILINE)
            assert anchor in {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in titles}, target


def test_the_architecture_is_the_houses() -> None:
    """Its floors are the linter's, its rooms and tests are there, and it fits a page."""
    page = (ROOT / "ARCHITECTURE.md").read_text("utf-8")
    with (ROOT / "pyproject.toml").open("rb") as file:
        floors = tomllib.load(file)["tool"]["importlinter"]["contracts"][0]["layers"]
    package = ROOT / "reconciler"
    rooms = {path.stem for path in package.glob("*") if path.suffix in ("", ".py") and path.name[0] not in "_."}

    assert "\n".join(floors) in page
    assert [name for name in re.findall(r"`(tests/[^`]*)`", page) if not (ROOT / name).exists()] == []
    assert [room for room in rooms if f"`{room}/`" not in page and f"`{room}.py`" not in page] == []
    assert page.count("\n") <= 140


def test_commands_and_codes_that_pages_name_exist() -> None:
    pages: list[Any] = [ROOT / "README.md", ROOT / "ARCHITECTURE.md", *sorted((ROOT / "examples").glob("**/README.md"))]
    for page in pages:
        text = page.read_text("utf-8")
        for word in re.findall(r"`reconciler ([a-z]+)", text):
            assert word in COMMANDS, f"{page.name}: {word}"
        for code in re.findall(r"\b[A-Z]{3}\d{3}\b", text):
            assert code in CODES, f"{page.name}: {code}"
