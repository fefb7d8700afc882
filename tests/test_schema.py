"""The schemas are fresh, accept what the reader accepts as an editor sees it, and describe exactly what the program writes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
import rfc8785
import yaml
from jsonschema import Draft7Validator

from reconciler import audit
from reconciler.apply import ChangeOutcome, Result, Run
from reconciler.call import Safety
from reconciler.cli import run
from reconciler.cli.applying import _run_json
from reconciler.cli.planfile import Making, sealed
from reconciler.diagnostics import did_you_mean
from reconciler.document import Node
from reconciler.journal.entry import Columns, Entry, Event
from reconciler.journal.store import open_journal
from reconciler.kinds import KINDS
from reconciler.kinds.fields import Boolean, Either, Integer, ListOf, MapOf, Number, Record, Text, Type
from reconciler.plan.narrow import Basis, Difference, Extent, Names
from reconciler.plan.values import Plan
from reconciler.platforms import PLATFORMS
from reconciler.policies.settings import RECORD as POLICIES
from reconciler.project import project_record
from reconciler.resource import Action, Address
from reconciler.schema import for_editors, schemas, written
from reconciler.specs import document_record
from tests.test_reports import rich

ROOT: Final = Path(__file__).parents[1]
NOW: Final = datetime(2026, 3, 2, 10, 0, tzinfo=UTC)
SCHEMAS: Final = schemas()


def mistakes(name: str, content: Any) -> list[str]:
    """What a schema says against some content, as JSON would carry it."""
    plain = json.loads(json.dumps(content))
    return [f"{error.json_path}: {error.message}" for error in Draft7Validator(SCHEMAS[name]).iter_errors(plain)]


# --- the files -----------------------------------------------------------------------------------------------------------


def test_the_committed_schemas_are_fresh() -> None:
    committed = {path.name: path.read_text("utf-8") for path in (ROOT / "schema").glob("*.schema.json")}

    assert committed == {name: written(schema) for name, schema in SCHEMAS.items()}, "run: make schema"


@pytest.mark.parametrize("name", SCHEMAS)
def test_each_schema_is_one_and_describes_itself(name: str) -> None:
    Draft7Validator.check_schema(SCHEMAS[name])

    assert SCHEMAS[name]["title"] == name.removesuffix(".schema.json")
    assert SCHEMAS[name]["description"]


def test_every_field_that_users_write_says_what_it_is() -> None:
    silent = [
        f"{name} {path}"
        for name in (*KINDS, "project")
        for path, schema in properties(SCHEMAS[f"{name}.schema.json"])
        if not schema.get("description")
    ]

    assert silent == []


def properties(schema: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Every property anywhere in a schema."""
    for key, value in schema.items():
        if key == "properties":
            for name, inner in value.items():
                yield f"{path}.{name}", inner
                yield from properties(inner, f"{path}.{name}")
        elif isinstance(value, dict) and key != "if":
            yield from properties(value, path)


def test_schema_writes_the_files_and_check_says_which_are_stale(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = str(tmp_path / "schemas")

    assert run(["schema", "--check", "--out", folder]) == 1
    assert len(capsys.readouterr().out.splitlines()) == len(SCHEMAS)
    assert not Path(folder).exists()
    assert run(["schema", "--out", folder]) == 0
    assert run(["schema", "--check", "--out", folder]) == 0
    (tmp_path / "schemas" / "run.schema.json").write_text("{}", "utf-8")
    capsys.readouterr()
    assert run(["schema", "--check", "--out", folder, "--format", "json"]) == 1
    assert json.loads(capsys.readouterr().out)["stale"] == [f"{folder}/run.schema.json"]


# --- what users write ----------------------------------------------------------------------------------------------------


class Core(yaml.SafeLoader):
    """Types plain scalars as YAML 1.2 does, and so as editors do."""


Core.yaml_implicit_resolvers = {}
for tag, form in (
    ("null", r"null|Null|NULL|~|"),
    ("bool", r"true|True|TRUE|false|False|FALSE"),
    ("int", r"[-+]?[0-9]+|0o[0-7]+|0x[0-9a-fA-F]+"),
    ("float", r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?"),
):
    Core.add_implicit_resolver(f"tag:yaml.org,2002:{tag}", re.compile(rf"^(?:{form})$"), None)


def edited(text: str, loader: type[yaml.SafeLoader] = Core) -> Any:
    """A scalar or a document as an editor sees it; dates, which JSON does not have, as text."""
    return json.loads(json.dumps(yaml.load(text, Loader=loader), default=lambda day: day.isoformat()))  # noqa: S506 - subclasses of the safe loader


def own_files() -> list[Path]:
    return [ROOT / "reconciler.yaml", *sorted((ROOT / "specs").rglob("*.yaml"))]


@pytest.mark.parametrize("path", own_files(), ids=lambda path: path.name)
def test_the_projects_own_files_are_right_in_an_editor(path: Path) -> None:
    text = path.read_text("utf-8")
    modeline = re.match(r"# yaml-language-server: \$schema=(\S+)\n", text)
    assert modeline, "the first line names the schema"
    named = (path.parent / modeline.group(1)).resolve()

    assert named.parent == ROOT / "schema"
    for document in yaml.load_all(text, Loader=Core):
        assert mistakes(named.name, document) == []


def leaves(type_: Type, path: str) -> Iterator[tuple[str, Type]]:
    """Every scalar type of a record, with where it stands."""
    match type_:
        case Record():
            for field in type_.fields:
                yield from leaves(field.type, f"{path}.{field.name}")
        case ListOf():
            yield from leaves(type_.item, f"{path}[]")
        case MapOf():
            yield from leaves(type_.value, f"{path}.*")
        case Either():
            yield from leaves(type_.scalar, path)
            yield from leaves(type_.record, path)
        case _:
            yield path, type_


RECORDS: Final = {
    **{name: document_record(kind, PLATFORMS) for name, kind in KINDS.items()},
    "project": project_record({name: platform.keys for name, platform in PLATFORMS.items()}),
    "policies": POLICIES,
}
LEAVES: Final = [leaf for name, record in RECORDS.items() for leaf in leaves(record, name)]
WORDS: Final = (
    *("''", "no", "NO", "Yes", "on", "off", "true", "FALSE", "y", "0", "007", "0010", "1234", "-5", "+3", "1.5", "1e3", ".5"),
    *("0x1f", "0o17", "18:00", "08:00", "24:00", "+573001234567", "0573001", "2026-12-01", "2026-12-01T10:00:00-05:00"),
    *("30%", "24h", "4GB", "CO", "America/Bogota", "cobranza", "a b", "3c6f10ec-0000-4000-8000-210008f00900", "100"),
)


@pytest.mark.parametrize(("path", "type_"), LEAVES, ids=[path for path, _type in LEAVES])
def test_an_editor_accepts_what_the_reader_accepts(path: str, type_: Type) -> None:
    """Under YAML 1.2 always; under 1.1 wherever the field is not a choice of words."""
    reader, editor = Draft7Validator(type_.schema()), Draft7Validator(for_editors(type_))
    for word in WORDS:
        right = reader.is_valid(type_.read(Node("" if word == "''" else word, path, 1, 1)))
        if right:
            assert editor.is_valid(edited(word)), word
        if right and not (isinstance(type_, Text) and type_.choices):
            assert editor.is_valid(edited(word, yaml.SafeLoader)), word


@pytest.mark.parametrize(
    ("type_", "wrong"),
    [
        (Text(), ["''", "[a]", "{a: b}", "null"]),
        (Text(choices=("on", "off")), ["yes", "true", "1"]),
        (Text(pattern=r"^\d+[hd]$", form="a duration"), ["24", "true", "a"]),
        (Integer(least=1, most=9), ["0", "10", "1.5", "many", "true"]),
        (Number(), ["many", "1,5", "true"]),
        (Boolean(), ["maybe", "1", "null"]),
        (ListOf(Text(), one=True, least=1), ["[]", "{a: b}", "[[a]]"]),
    ],
)
def test_an_editor_still_points_at_what_is_wrong(type_: Type, wrong: list[str]) -> None:
    validator = Draft7Validator(for_editors(type_))

    assert [word for word in wrong if validator.is_valid(edited(word))] == []


def test_one_item_stands_for_a_list() -> None:
    campaign = {"kind": "campaign", "target": "a", "name": "b", "window": {"from": "08:00", "to": "18:00"}}

    assert mistakes("campaign.schema.json", campaign) == []
    assert mistakes("campaign.schema.json", campaign | {"target": ["a", "b"], "window": [campaign["window"]]}) == []


def test_a_document_is_judged_by_its_kind() -> None:
    right = {"kind": "blacklist", "target": "a", "name": "b", "source": {"file": "a.csv"}}

    assert mistakes("document.schema.json", right) == []
    assert mistakes("document.schema.json", right | {"message": "hola"}) != []
    assert mistakes("document.schema.json", right | {"kind": "list"}) != []
    assert mistakes("campaign.schema.json", right) != []


def test_a_kind_says_its_name() -> None:
    for name in KINDS:
        assert SCHEMAS[f"{name}.schema.json"]["properties"]["kind"]["enum"] == [name]
        assert name in SCHEMAS["document.schema.json"]["properties"]["kind"]["enum"]


def test_policies_are_completed_in_an_editor() -> None:
    known = SCHEMAS["project.schema.json"]["properties"]["policies"]["properties"]

    assert set(known) == {field.name for field in POLICIES.fields}
    assert did_you_mean("max_people", known) == "did you mean 'max_people'?"


# --- what machines read --------------------------------------------------------------------------------------------------


def test_a_plan_is_as_its_schema_says() -> None:
    empty = Plan(created_at=NOW, valid_until=NOW)

    assert mistakes("plan.schema.json", rich().to_json("0.1.0")) == []
    assert mistakes("plan.schema.json", empty.to_json("0.1.0")) == []


def test_a_saved_plan_too() -> None:
    names = Names.of(bytes(8))
    extent = Extent(
        substance=json.loads(rfc8785.dumps(rich().substance())),
        names={"t/contacts/a": {"add": names, "remove": replace(names, packed=None)}},
        homes={"t/contacts/a": "t/campaign/b"},
        suppressed={"t/contacts/a": {"blacklist": 1}},
        again={"t/contacts/a": 1},
        edits={"t/campaign/b": ["speed=3"]},
    )
    basis = Basis(journal="a" * 64, policy="b" * 64, targets={"t": "c" * 64}, sources={"t/contacts/a": "d" * 64})
    made = Making(only=("*/campaign/*",), at=NOW.isoformat(), boot="e", clock_s=1.5, basis=basis, extent=extent)
    saved = json.loads(sealed(rich().to_json("0.1.0"), made))

    assert mistakes("plan.schema.json", saved) == []


def outcome(result: Result) -> ChangeOutcome:
    change = rich().changes[0]
    return ChangeOutcome(change=change, result=result, why="why", calls=2, sent=3, operations=("op-1",))


def run_json() -> dict[str, Any]:
    done = Run(id="r1", digest="a" * 64, started_at=NOW, ended_at=NOW, outcomes=tuple(map(outcome, Result)))
    less = Difference(address="t/contacts/a", action="rows_add", reviewed=2, now=1, why="why")
    return _run_json(done, rich().to_json("0.1.0"), "b" * 64, [less])


def test_a_run_is_as_its_schema_says() -> None:
    assert mistakes("run.schema.json", run_json()) == []


@pytest.fixture
def journal_lines(tmp_path: Path) -> list[dict[str, Any]]:
    """A journal with an entry of every event, the last one with everything that an entry can hold."""
    with closing(open_journal("journal.db", tmp_path, now=NOW)) as journal:
        address = Address("wolkvox-co", "contacts", "base/mora")
        for event in Event:
            if event not in (Event.GENESIS, Event.INTENT):
                journal.append(Entry(event=event, at=NOW, run="run-1"))
        whole = Entry(
            event=Event.INTENT,
            at=NOW,
            run="run-1",
            operation="op-1",
            address=address,
            action=Action.ROWS_ADD,
            call="add_record",
            container="wolkvox|acme|7",
            generation=2,
            count=1,
            boot="b",
            clock_s=1.5,
            facts={"safety": Safety.MARKER.value, "fields": {"speed": 3}},
        )
        journal.append(whole, Columns(recipients=bytes(16), persons=bytes(16), contents=bytes(16)))
        return [json.loads(line) for line in audit.export(journal)]


def test_a_journal_is_as_its_schema_says(journal_lines: list[dict[str, Any]]) -> None:
    for line in journal_lines:
        assert mistakes("journal.schema.json", line) == []
    entry = SCHEMAS["journal.schema.json"]["properties"]["entry"]

    assert set(journal_lines[-1]["entry"]) == set(entry["properties"]), "an entry that holds everything"


def test_what_machines_read_is_declared_exactly(journal_lines: list[dict[str, Any]]) -> None:
    """A name too many is as wrong as a name too few, on every level that has fixed names."""
    for name, content in (
        ("plan.schema.json", json.loads(json.dumps(rich().to_json("0.1.0")))),
        ("run.schema.json", json.loads(json.dumps(run_json()))),
        ("journal.schema.json", journal_lines[0]),
    ):
        assert mistakes(name, content | {"more": 1}) != []
        for key in content:
            assert mistakes(name, {other: value for other, value in content.items() if other != key}) != [], key
        for path, schema in properties(SCHEMAS[name]):
            fixed = schema.get("type") == "object"
            assert not fixed or "additionalProperties" in schema, path
