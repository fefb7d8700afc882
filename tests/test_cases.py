"""Malformed input, one file each in tests/cases/: adding a file adds a test.

Every case is put into the small valid project of `cases/project`: a file of `specs/` as `specs/case.yaml`, a file of
`projects/` as `reconciler.yaml`, and a file of `data/` as the source of one contacts document. The comments of a case say
what is expected of it, for a data file those of the `.expect` beside it:

    # expect: [warn] CODE [line N] [column N] ["part of the message or remedy"] …
    # expect: nothing
    # pad: N            the file is filled up with comments to N bytes
    # rows: N           so many rows are left when the rows themselves are read
    # rows: CODE …      what is found only then
    # reason: WHY N     so many rows are left out for that reason

What is expected is everything that may be found.
"""

from __future__ import annotations

import json
import re
import shutil
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TypeAlias

import pytest

from reconciler.cli import run
from reconciler.diagnostics import CODES
from reconciler.kinds import KINDS
from reconciler.platforms import PLATFORMS
from reconciler.project import load as load_project
from reconciler.rows.engine import Engine
from reconciler.rows.errors import SourceBroken
from reconciler.rows.prepare import prepare
from reconciler.specs import load as load_specs
from reconciler.specs import rows_spec

CASES: Final = Path(__file__).with_name("cases")
SECRET: Final = "literal-secret-of-a-case"
NUMBER: Final = re.compile(r"300 ?123 ?0\d{3}|94123001|961230001")
EXPECTED: Final = re.compile(
    r"(?P<warn>warn )?(?P<code>[A-Z]{3}\d{3})(?: line (?P<line>\d+))?(?: column (?P<column>\d+))?(?P<words>(?: \".*?\")*)$"
)
DOCUMENT: Final = """\
kind: contacts
target: wolkvox-co
name: base
campaign: cobranza
source: {{file: ../data/{file}}}
columns: {{key: clave, phone: telefono, name: nombre}}
"""

Found: TypeAlias = Mapping[str, Any]
Validate: TypeAlias = Callable[[], list[Found]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """One finding that a case names."""

    code: str
    severity: str
    line: int | None
    column: int | None
    words: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Expected:
        """Read what stands behind `expect:` or `rows:`."""
        parts = EXPECTED.match(text)
        assert parts, f"not an expectation: {text}"
        return cls(
            code=parts["code"],
            severity="warn" if parts["warn"] else "error",
            line=int(parts["line"]) if parts["line"] else None,
            column=int(parts["column"]) if parts["column"] else None,
            words=tuple(re.findall(r'"(.*?)"', parts["words"])),
        )

    def fits(self, finding: Found) -> bool:
        """Whether a finding is the one that is meant."""
        said = f"{finding['message']} {finding['remedy']}"
        return (
            (finding["code"], finding["severity"]) == (self.code, self.severity)
            and self.line in (None, finding["line"])
            and self.column in (None, finding["column"])
            and all(part in said for part in self.words)
        )


def named(folder: str) -> list[Any]:
    """The cases of a folder, each under its file's name."""
    files = sorted(path for path in (CASES / folder).iterdir() if path.suffix != ".expect")
    return [pytest.param(path, id=path.name) for path in files]


def directives(path: Path, word: str) -> list[str]:
    """What the comments `# word: …` of a case say."""
    lines = path.read_bytes().removeprefix(b"\xef\xbb\xbf").splitlines()
    start = f"# {word}: ".encode()
    return [line.removeprefix(start).decode() for line in lines if line.startswith(start)]


def expectations(path: Path) -> list[Expected]:
    """The findings that a case names; none where it says `nothing`."""
    texts = directives(path, "expect")
    assert texts, f"{path.name} does not say what is expected"
    return [] if texts == ["nothing"] else [Expected.parse(text) for text in texts]


def compare(found: list[Found], expected: list[Expected]) -> None:
    """Every expectation has its finding, and every finding its expectation."""
    left = list(found)
    for wish in expected:
        fitting = next((finding for finding in left if wish.fits(finding)), None)
        assert fitting is not None, f"{wish} is not among {json.dumps(left, indent=1, ensure_ascii=False)}"
        left.remove(fitting)
    assert left == []


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A copy of the valid project."""
    root = tmp_path / "project"
    shutil.copytree(CASES / "project", root)
    (root / "data" / "carpeta.csv").mkdir()
    return root


@pytest.fixture
def validate(project: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Validate:
    """Runs `reconciler validate` on the project as JSON and as text, and looks at what holds for every finding."""
    monkeypatch.chdir(project)
    for name in ("RECONCILER_FORMAT", "RECONCILER_LANG", "CASES_TOKEN"):
        monkeypatch.delenv(name, raising=False)

    def check() -> list[Found]:
        code = run(["validate", "--format", "json", "--project", str(project / "reconciler.yaml")])
        shown, said = capsys.readouterr()
        findings: list[Found] = json.loads(shown)["findings"]
        text_code = run(["validate", "--project", str(project / "reconciler.yaml")])
        text, aside = capsys.readouterr()

        assert code == text_code == (1 if any(finding["severity"] == "error" for finding in findings) else 0)
        for output in (shown, said, text, aside):
            assert "Traceback" not in output
            assert "BUG001" not in output
            assert SECRET not in output
            assert not NUMBER.search(output)
        for finding in findings:
            assert finding["code"] in CODES
            assert finding["file"]
            assert finding["line"] >= 1
            assert finding["column"] >= 1
            assert finding["remedy"], f"{finding['code']} says nothing to do about: {finding['message']}"
            assert f"{finding['file']}:{finding['line']}" in text
        return findings

    return check


@pytest.mark.parametrize("case", named("specs"))
def test_document(case: Path, project: Path, validate: Validate) -> None:
    """A document file is found wrong exactly where and as it says."""
    data = case.read_bytes()
    for size in directives(case, "pad"):
        data += b"#" * (int(size) - len(data))
    (project / "specs" / "case.yaml").write_bytes(data)

    found = validate()

    compare(found, expectations(case))
    assert {finding["file"] for finding in found} <= {"specs/case.yaml"}


@pytest.mark.parametrize("case", named("projects"))
def test_project(case: Path, project: Path, validate: Validate) -> None:
    """A project file is found wrong exactly where and as it says."""
    (project / "specs" / "base.yaml").unlink()
    (project / "reconciler.yaml").write_bytes(case.read_bytes())

    found = validate()

    compare(found, expectations(case))
    assert {finding["file"] for finding in found} <= {"reconciler.yaml"}


@pytest.mark.parametrize("case", named("data"))
def test_data(case: Path, project: Path, validate: Validate) -> None:
    """A data file is found wrong by `validate`, or when its rows are read; and rows that cannot be sent are counted."""
    shutil.copy(case, project / "data" / case.name)
    (project / "specs" / "case.yaml").write_text(DOCUMENT.format(file=case.name), "utf-8")
    notes = case.with_name(f"{case.name.partition('.')[0]}.expect")

    compare(validate(), expectations(notes))

    rows = directives(notes, "rows")
    if not rows:
        return
    keys = {name: platform.keys for name, platform in PLATFORMS.items()}
    known, _ = load_project(project / "reconciler.yaml", keys)
    assert known is not None
    wish = next(wish for wish in load_specs(known, KINDS, PLATFORMS).desired if wish.address.kind == "contacts")
    target = known.targets[wish.address.target]
    spec = rows_spec(wish, target, known, PLATFORMS[target.platform].sheet(wish, target))
    with Engine(key=bytes(32)) as engine:
        if not rows[0].isdecimal():
            with pytest.raises(SourceBroken) as broken:
                prepare(engine, spec)
            compare([finding.to_json() for finding in broken.value.findings], [Expected.parse(text) for text in rows])
            return
        prepared = prepare(engine, spec)
        assert engine.count(prepared.table) == int(rows[0])
        reasons = (text.rpartition(" ") for text in directives(notes, "reason"))
        assert prepared.reasons == {why: int(count) for why, _, count in reasons}


def test_a_link_may_not_lead_a_source_out_of_the_project(project: Path, validate: Validate, tmp_path: Path) -> None:
    """A hostile pull request could otherwise read any file of the machine that runs it."""
    (tmp_path / "outside.csv").write_text("clave,telefono,nombre\n", "utf-8")
    (project / "data" / "case.csv").symlink_to(tmp_path / "outside.csv")
    (project / "specs" / "case.yaml").write_text(DOCUMENT.format(file="case.csv"), "utf-8")

    compare(validate(), [Expected.parse('PTH001 line 5 column 16 "leads out of the project"')])


def test_a_link_may_lead_into_a_data_root(project: Path, validate: Validate, tmp_path: Path) -> None:
    """What the project lists under data_roots may be read."""
    (tmp_path / "bases").mkdir()
    (tmp_path / "bases" / "outside.csv").write_text("clave,telefono,nombre\n", "utf-8")
    (project / "data" / "case.csv").symlink_to(tmp_path / "bases" / "outside.csv")
    (project / "specs" / "case.yaml").write_text(DOCUMENT.format(file="case.csv"), "utf-8")
    file = project / "reconciler.yaml"
    file.write_text(f"{file.read_text('utf-8')}data_roots: [{tmp_path / 'bases'}]\n", "utf-8")

    assert validate() == []


def test_a_link_to_a_document_outside_is_found(project: Path, validate: Validate, tmp_path: Path) -> None:
    """Documents are read from the project alone."""
    (tmp_path / "outside.yaml").write_text("kind: campaign\n", "utf-8")
    (project / "specs" / "case.yaml").symlink_to(tmp_path / "outside.yaml")

    compare(validate(), [Expected.parse('PTH001 line 1 "out of the project"')])


def test_a_link_to_no_document_is_found(project: Path, validate: Validate) -> None:
    """A link that leads to nothing would be a wish left out without a word."""
    (project / "specs" / "case.yaml").symlink_to(project / "specs" / "gone.yaml")

    compare(validate(), [Expected.parse('PTH002 line 1 "leads to nothing"')])


def test_a_folder_of_documents_may_not_be_a_link_that_leaves(project: Path, validate: Validate, tmp_path: Path) -> None:
    """The whole folder cannot be elsewhere either."""
    shutil.rmtree(project / "specs")
    (tmp_path / "elsewhere").mkdir()
    (project / "specs").symlink_to(tmp_path / "elsewhere")

    compare(validate(), [Expected.parse('PTH001 line 1 "leaves the project"')])


def test_all_documents_together_have_a_limit(project: Path, validate: Validate) -> None:
    """Many files of the allowed size are still too much to hold."""
    for number in range(21):
        (project / "specs" / f"case-{number:02}.yaml").write_bytes(b"#" * 999_999)

    compare(validate(), [Expected.parse('SPC015 line 1 "20,000,000 bytes"')])


def test_a_project_that_is_not_there(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """Exit 1, one line, and what to do."""
    code = run(["validate", "--format", "json", "--project", str(tmp_path / "reconciler.yaml")])
    shown, said = capsys.readouterr()

    assert code == 1
    assert json.loads(shown)["error"]["code"] == "PRJ001"
    assert "reconciler init" in said


@pytest.mark.parametrize("name", ["CASES_TOKEN", "SANDBOX_TOKEN"])
def test_a_secret_that_is_not_set_stops_a_plan_and_not_validate(
    name: str, project: Path, validate: Validate, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """`validate` needs no secrets; `plan` names the variable, its place and exits 1 before anything is asked of a platform."""
    monkeypatch.delenv(name, raising=False)
    file = project / "reconciler.yaml"
    file.write_text(file.read_text("utf-8").replace("CASES_TOKEN", name), "utf-8")

    assert validate() == []
    code = run(["plan", "--format", "json", "--project", str(file)])
    shown, said = capsys.readouterr()

    assert code == 1
    assert json.loads(shown)["error"]["code"] == "SEC002"
    assert name in said
    assert "reconciler.yaml:" in said


def test_there_are_enough_cases() -> None:
    """The folder is the language's own memory of what can go wrong."""
    assert len(named("specs")) + len(named("projects")) + len(named("data")) >= 200
