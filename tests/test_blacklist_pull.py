"""`blacklist pull`: opt-outs that arrived on a platform, written back into the file of its list, as that file is written."""

from __future__ import annotations

import json
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from reconciler.errors import Mistaken
from reconciler.rows import writeback
from tests.contract.test_enforced import notes
from tests.contract.test_promise import counts
from tests.house import House
from tests.test_optouts import ANA, EVA, LUZ, SMS, SOL, campaign, found, house, says_no, told

__all__ = ["house"]  # the project of those tests

NO = "wolkvox-co/blacklist/no"
TODAY = "2026-11-24"


def listed(file: str, more: str = "") -> str:
    """A blacklist whose entries come from a file."""
    return f"kind: blacklist\ntarget: wolkvox-co\nname: no\n{more}source: {{file: ../{file}}}\n---\n"


def pulled(house: House, *words: str) -> Any:
    """Written back, and nothing else to say."""
    said = house.run("blacklist", "pull", "--write", "--format", "json", *words)
    assert said.code == 0, said.out + said.err
    return said.json["lists"]


@pytest.fixture(autouse=True)
def today(monkeypatch: pytest.MonkeyPatch) -> None:
    """A day that does not change."""
    monkeypatch.setattr("reconciler.reconcile.pull._today", lambda *_: __import__("datetime").date(2026, 11, 24))


# --- as the file is written

DIALECTS: dict[str, tuple[bytes, bytes]] = {
    "a header alone": (b"phone\n", b"+573001230002\n"),
    "national": (b"phone\n3001230001\n", b"3001230002\n"),
    "digits": (b"phone\n573001230001\n", b"573001230002\n"),
    "with plus": (b"phone\n+573001230001\n", b"+573001230002\n"),
    "as most of them": (b"phone\n+573001230001\n3001230003\n3001230004\n", b"3001230002\n"),
    "windows": (b"phone,reason\r\n3001230001,x\r\n", b"3001230002,opt-out\r\n"),
    "old mac": (b"phone\r3001230001\r", b"3001230002\r"),
    "no last line end": (b"phone;via\n3001230001;web", b"\n3001230002;wolkvox\n"),
    "semicolons and order": (
        b"since;note;via;phone;reason\n2026-01-02;a;web;3001230001;b\n",
        b"2026-11-24;;wolkvox;3001230002;opt-out\n",
    ),
    "tabs": (b"phone\tsince\n3001230001\t2026-01-02\n", b"3001230002\t2026-11-24\n"),
    "all quoted": (b'"phone","reason"\n"3001230001","x"\n', b'"3001230002","opt-out"\n'),
    "a mark at its start": (b"\xef\xbb\xbfphone,via\n3001230001,web\n", b"3001230002,wolkvox\n"),
}


@pytest.mark.parametrize("name", DIALECTS)
def test_a_csv_is_added_to_in_its_own_way(house: House, name: str) -> None:
    before, added = DIALECTS[name]
    path = house.root / "no.csv"
    path.write_bytes(before)
    says_no(house, LUZ)
    house.spec(campaign() + listed("no.csv"))
    assert pulled(house) == [
        {"address": NO, "file": "../no.csv", "count": 1, "sample": ["+57 ••• ••• ••02"], "added": 1, "note": ""}
    ]

    assert path.read_bytes() == before + added

    assert pulled(house)[0]["count"] == 0  # once is enough
    assert path.read_bytes() == before + added


def test_another_encoding_and_mapped_columns(house: House) -> None:
    path = house.root / "no.csv"
    before = "teléfono;motivo;señal\n3001230001;pidió;sí\n".encode("cp1252")
    path.write_bytes(before)
    says_no(house, LUZ)
    house.spec(
        "kind: blacklist\ntarget: wolkvox-co\nname: no\nsource: {file: ../no.csv, encoding: cp1252}\n"
        "columns: {phone: teléfono, reason: motivo, via: {value: web}}\n---\n"
    )
    pulled(house)

    assert path.read_bytes() == before + b"3001230002;opt-out;\n"


JSON_LINES: dict[str, tuple[str, str]] = {
    "text": ('{"phone": "3001230001", "via": "web"}\n', '{"phone": "3001230002", "via": "wolkvox"}\n'),
    "tight": ('{"via":"web","phone":"+573001230001"}\n', '{"via":"wolkvox","phone":"+573001230002"}\n'),
    "numbers": ('{"phone": 3001230001}', '\n{"phone": 3001230002}\n'),
}


@pytest.mark.parametrize("name", JSON_LINES)
def test_json_lines_too(house: House, name: str) -> None:
    before, added = JSON_LINES[name]
    path = house.write("no.jsonl", before)
    says_no(house, LUZ)
    house.spec(campaign() + listed("no.jsonl"))
    pulled(house)

    assert path.read_text("utf-8") == before + added
    assert pulled(house)[0]["count"] == 0


@pytest.mark.parametrize(("kind", "shown"), [("VARCHAR", "3001230002"), ("BIGINT", 3001230002)])
def test_parquet_is_written_anew_with_every_row_in_its_place(house: House, kind: str, shown: str | int) -> None:
    path = house.root / "no.parquet"
    rows = f"SELECT (3100000000 + range)::{kind} AS phone, DATE '2026-01-02' AS since, range AS n FROM range(3000, 0, -1)"
    duckdb.sql(f"COPY ({rows}) TO '{path}' (FORMAT parquet, COMPRESSION 'gzip')")
    before = duckdb.sql(f"SELECT * FROM '{path}'").fetchall()
    says_no(house, LUZ)
    house.spec(campaign() + listed("no.parquet"))
    pulled(house)
    after = duckdb.sql(f"SELECT * FROM '{path}'").fetchall()

    assert after[:-1] == before
    assert (after[-1][0], str(after[-1][1]), after[-1][2]) == (shown, TODAY, None)
    assert duckdb.sql(f"SELECT DISTINCT compression FROM parquet_metadata('{path}')").fetchall() == [("GZIP",)]


def test_a_number_of_another_country_is_written_with_plus(house: House) -> None:
    path = house.write("no.csv", "phone\n3001230001\n")
    says_no(house, "+59894123001")
    house.spec(campaign() + listed("no.csv"))
    pulled(house)

    assert path.read_text("utf-8") == "phone\n3001230001\n+59894123001\n"


def test_what_is_no_number_is_written_as_it_stands_there(house: House) -> None:
    path = house.write("no.csv", "phone\n3001230001\n")
    says_no(house, "99930012300029")
    house.spec(campaign() + listed("no.csv"))
    pulled(house)

    assert path.read_text("utf-8") == "phone\n3001230001\n99930012300029\n"
    assert pulled(house)[0]["count"] == 0


# --- all or nothing


def test_what_bars_nobody_is_not_written_again_and_again(house: House) -> None:
    """Somebody's slip in the console: with so few digits it means nobody."""
    path = house.write("no.csv", "phone\n3001230001\n")
    for entry in ("0", "12", "123456"):
        says_no(house, entry)
    house.spec(campaign() + listed("no.csv"))

    for _ in range(2):
        assert [one["count"] for one in pulled(house)] == [0]

    assert path.read_text("utf-8") == "phone\n3001230001\n"


def test_without_write_it_is_shown_masked_and_nothing_is_written(house: House) -> None:
    path = house.write("no.csv", "phone\n3001230001\n")
    for number in (LUZ, EVA):
        says_no(house, number)
    house.spec(campaign() + listed("no.csv"))
    said = house.run("blacklist", "pull", NO)

    assert said.code == 2
    assert "2 opt-out(s) that ../no.csv lacks" in said.out
    assert "+57 ••• ••• ••02" in said.out
    assert not [number for number in (LUZ, EVA) if number in said.out + said.err]
    assert path.read_text("utf-8") == "phone\n3001230001\n"
    assert notes(house) == []


def test_its_rights_and_whoever_links_to_it_stay(house: House) -> None:
    (house.root / "data").mkdir()
    path = house.write("data/no.csv", "phone\n")
    path.chmod(0o640)
    (house.root / "no.csv").symlink_to("data/no.csv")
    says_no(house, LUZ)
    house.spec(campaign() + listed("no.csv"))
    pulled(house)

    assert (house.root / "no.csv").is_symlink()
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert path.read_text("utf-8") == "phone\n+573001230002\n"
    assert sorted(one.name for one in path.parent.iterdir()) == ["no.csv"]


@pytest.mark.parametrize("moment", ["_sha256", "_text"])
def test_a_file_that_somebody_else_writes_meanwhile_is_left_to_them(
    house: House, moment: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = house.write("no.csv", "phone\n3001230001\n")
    says_no(house, LUZ)
    house.spec(campaign() + listed("no.csv"))
    theirs = "phone\n3001230001\n3001230009\n"
    before: Callable[..., Any] = getattr(writeback, moment)

    def disturbed(*values: Any) -> Any:
        result = before(*values)
        path.write_text(theirs, "utf-8")
        return result

    monkeypatch.setattr(writeback, moment, disturbed)
    said = house.run("blacklist", "pull", "--write")

    assert said.code == 4
    assert "SRC005" in said.err
    assert path.read_text("utf-8") == theirs
    assert [one.name for one in house.root.glob(".no.csv*")] == []


def test_a_folder_that_takes_no_file_is_an_error_and_the_file_stays(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    path = house.write("no.csv", "phone\n")
    says_no(house, LUZ)
    house.spec(campaign() + listed("no.csv"))

    def full(_self: Path, _target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    said = house.run("blacklist", "pull", "--write")
    monkeypatch.undo()

    assert said.code == 1
    assert "OPT004" in said.err
    assert path.read_text("utf-8") == "phone\n"
    assert [one.name for one in house.root.glob(".no.csv*")] == []


REFUSED = {
    "rows": 'source: {rows: [{phone: "3001230001"}]}\n',
    "several files": "source: {file: ../*.csv}\n",
    "packed": "source: {file: ../a.csv.gz}\n",
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_added_to_is_refused_with_a_remedy(house: House, name: str) -> None:
    import gzip

    house.write("a.csv", "phone\n3001230001\n")
    house.write("b.csv", "phone\n3001230003\n")
    (house.root / "a.csv.gz").write_bytes(gzip.compress(b"phone\n3001230001\n"))
    says_no(house, LUZ)
    house.spec(f"kind: blacklist\ntarget: wolkvox-co\nname: no\n{REFUSED[name]}")
    said = house.run("blacklist", "pull", "--write", "--format", "json")

    assert said.code == 1
    assert said.json["error"]["code"] == "OPT004"
    assert said.json["error"]["remedy"]


def test_queries_and_addresses_are_refused_too(house: House) -> None:
    house.spec(campaign() + listed("no.csv"))
    from dataclasses import replace

    from reconciler.kinds import KINDS
    from reconciler.platforms import PLATFORMS
    from reconciler.project import load
    from reconciler.specs import load as load_specs
    from reconciler.specs import rows_spec

    project, _ = load(house.root / "reconciler.yaml", {name: platform.keys for name, platform in PLATFORMS.items()})
    assert project
    desired = next(one for one in load_specs(project, KINDS, PLATFORMS).desired if one.address.kind == "blacklist")
    target = project.targets["wolkvox-co"]
    spec = rows_spec(desired, target, project, PLATFORMS["wolkvox"].sheet(desired, target))
    for source in ({"sql": "SELECT 1", "connection": {"env": "X"}}, {"file": "https://example.com/no.csv", "sha256": "0" * 64}):
        with pytest.raises(Mistaken) as refused:
            writeback.book(replace(spec, source=source))
        assert refused.value.code == "OPT004"


# --- which ones


def test_what_is_wished_ours_or_lifted_is_left_alone(house: House) -> None:
    path = house.write("no.csv", "phone\n3001230001\n3001230003\n")
    house.spec(campaign() + listed("no.csv"))
    house.applied()
    path.write_text("phone\n3001230001\n", "utf-8")  # ours stays on the platform's list, and out of the file
    for number in (LUZ, SOL):
        says_no(house, number)
    house.spec(campaign() + listed("no.csv", f'lifts: {{rows: [{{phone: "{SOL}"}}]}}\n'))
    pulled(house)

    assert path.read_text("utf-8") == "phone\n3001230001\n3001230002\n"


def test_then_the_plan_is_silent_and_they_stay_out_everywhere(house: House) -> None:
    house.write("no.csv", "phone\n3001230004\n")
    says_no(house, LUZ)
    house.spec(campaign() + listed("no.csv") + told(ANA, LUZ))

    assert len(found(house.plan(), "OPT001")) == 1

    pulled(house, NO)
    plan = house.plan()

    assert notes(house) == [("blacklist_add", 1)]
    assert found(plan, "OPT001") == []
    assert counts(plan, SMS)["suppressed"] == {"opt_out": 1}
    assert counts(plan, NO)["to_add"] == 1  # 3001230004, and not the one that stands there


@pytest.mark.parametrize(
    ("address", "code"), [("wolkvox-co/blacklist/otra", "SPC010"), ("ucontact-uy/blacklist/bajas", "OPT004")]
)
def test_an_address_that_cannot_be_meant(house: House, address: str, code: str) -> None:
    house.write("no.csv", "phone\n")
    bajas = "kind: blacklist\ntarget: ucontact-uy\nname: bajas\nsource: {file: ../no.csv}\n"
    house.spec(campaign() + listed("no.csv") + bajas)
    said = house.run("blacklist", "pull", address, "--format", "json")

    assert (said.code, said.json["error"]["code"]) == (1, code)


def test_a_list_that_cannot_be_read_writes_nothing(house: House) -> None:
    path = house.write("no.csv", "phone\n")
    says_no(house, LUZ)
    house.spec(campaign() + listed("no.csv"))
    house.control.fault("html", platform="wolkvox", operation="get_dnc", rate=1.0)
    said = house.run("blacklist", "pull", "--write", "--format", "json")

    assert (said.code, said.json["error"]["code"]) == (7, "PLT007")
    assert path.read_text("utf-8") == "phone\n"


def test_no_news_is_said(house: House) -> None:
    house.write("no.csv", "phone\n3001230001\n")
    house.spec(campaign() + listed("no.csv"))
    said = house.run("blacklist", "pull")

    assert said.code == 0
    assert "No opt-out has arrived" in said.out
    assert json.loads(house.run("blacklist", "pull", "--format", "json").out)["lists"][0]["count"] == 0
