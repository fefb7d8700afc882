"""Documents as wishes: targets, paths, tags, defaults, and what documents say of each other."""

from __future__ import annotations

import errno
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import pytest

from reconciler.kinds import KINDS
from reconciler.platforms import PLATFORMS
from reconciler.project import Project, load
from reconciler.reconcile.propose import selected
from reconciler.resource import Address, Desired, Origin, Shape
from reconciler.rows.places import locate
from reconciler.specs import Specs, document_record, rows_spec
from reconciler.specs import load as load_specs

PROJECT: Final = (Path(__file__).parent / "cases" / "project" / "reconciler.yaml").read_text("utf-8")
SKILL: Final = "wolkvox: {skill: cobranza}"
CAMPAIGN: Final = f"kind: campaign\ntarget: wolkvox-co\nname: cobranza\n{SKILL}\n"
LYNN: Final = "kind: campaign\ntarget: lynn-cl\nname: cobranza\nlynn: {division: Ventas, category: mora}\n"
ROWS: Final = 'source: {rows: [{key: C1, phone: "3001230001"}]}\n'
BASE: Final = "kind: contacts\ntarget: wolkvox-co\nname: base\ncampaign: cobranza\n"


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A project with a target on each platform, and no documents yet."""
    (tmp_path / "reconciler.yaml").write_text(PROJECT, "utf-8")
    (tmp_path / "specs").mkdir()
    found, findings = load(tmp_path / "reconciler.yaml", {name: platform.keys for name, platform in PLATFORMS.items()})
    assert findings == []
    assert found is not None
    return found


def read(project: Project, files: Mapping[str, str] | str) -> Specs:
    """What these files of `specs/` wish."""
    for name, text in ({"a.yaml": files} if isinstance(files, str) else files).items():
        path = project.root / "specs" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return load_specs(project, KINDS, PLATFORMS)


def right(project: Project, files: Mapping[str, str] | str) -> dict[str, Desired]:
    """The wishes of files without a mistake, by address."""
    specs = read(project, files)
    assert specs.findings == ()
    assert specs.right
    return {str(desired.address): desired for desired in specs.desired}


def codes(project: Project, text: str) -> list[tuple[str, int]]:
    """The codes and lines of what is wrong with a file."""
    return [(finding.code, finding.origin.line if finding.origin else 0) for finding in read(project, text).findings]


def test_a_folder_comes_where_its_name_does(project: Project) -> None:
    """Name by name, whatever characters follow. A file that is only an ending is hidden; a folder may be called like a file."""
    files = ("a/z.yaml", "a-b.yaml", "a.yaml", "b.yaml/c.yml", ".yaml", "a/.yml", "notes.txt")
    specs = read(project, {name: CAMPAIGN.replace("name: cobranza", f"name: c{number}") for number, name in enumerate(files)})

    assert specs.files == ("specs/a/z.yaml", "specs/a-b.yaml", "specs/a.yaml", "specs/b.yaml/c.yml")
    assert specs.findings == ()


def test_a_folder_that_cannot_be_read_is_a_mistake(project: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its documents would look as if they were gone, and their campaigns be deleted."""
    real = os.scandir

    def scandir(path: Path | str) -> Any:
        if str(path).endswith("closed"):
            raise PermissionError(errno.EACCES, "Permission denied")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    specs = read(project, {"a.yaml": CAMPAIGN, "closed/b.yaml": CAMPAIGN.replace("name: cobranza", "name: otra")})

    assert [(finding.code, str(finding.origin)) for finding in specs.findings] == [("PTH002", "specs/closed:1")]
    assert not specs.right


def test_files_are_read_in_the_order_of_their_paths(project: Project) -> None:
    """From any folder, `.yaml` and `.yml`, any number of documents a file; other files are none of ours."""
    other = CAMPAIGN.replace("name: cobranza", "name: ventas")
    third = CAMPAIGN.replace("name: cobranza", "name: altas")
    specs = read(project, {"b.yaml": CAMPAIGN, "a/z.yml": f"{other}---\n{third}", "notas.txt": "kind: nada\n", "c.yaml": ""})

    assert specs.findings == ()
    assert [desired.address.name for desired in specs.desired] == ["ventas", "altas", "cobranza"]
    assert [desired.origin for desired in specs.desired] == [
        Origin("specs/a/z.yml", 1),
        Origin("specs/a/z.yml", 6),
        Origin("specs/b.yaml", 1),
    ]
    assert specs.files == ("specs/a/z.yml", "specs/b.yaml", "specs/c.yaml")


def test_default_fields(project: Project) -> None:
    """Of the kind and of the platform's block; what has no default stays away."""
    (wish,) = right(project, CAMPAIGN).values()

    assert wish.fields == {"channel": "voice"}
    assert wish.block == {"type": "predictive", "skill": "cobranza"}
    assert (wish.protect, wish.tags) == (False, ())
    assert wish.get("state") is None
    assert wish.get("state", "stopped") == "stopped"


def test_defaults_of_every_kind(project: Project) -> None:
    """Keep, report, once."""
    wishes = right(
        project,
        f"{CAMPAIGN}---\n{BASE}{ROWS}---\n"
        "kind: blacklist\ntarget: wolkvox-co\nname: no-llamar\nsource: {rows: [{phone: '3001230001'}]}\n---\n"
        "kind: scheduled_sms\ntarget: wolkvox-co\nname: aviso\nat: on_apply\nmessage: Hola\n"
        "source: {rows: [{phone: '3001230001'}]}\n",
    )

    base = wishes["wolkvox-co/contacts/base"].fields
    assert (base["missing"], base["changed"], base["generation"]) == ("keep", "report", 1)
    assert wishes["wolkvox-co/blacklist/no-llamar"].fields["source"]["encoding"] == "utf-8"
    assert wishes["wolkvox-co/scheduled_sms/aviso"].fields["generation"] == 1


def test_a_window_may_be_one_slot_or_a_list(project: Project) -> None:
    """The wish is the same; holidays are off, and days are left to the purpose."""
    slot = "{from: 08:00, to: 18:00}"
    one = right(project, CAMPAIGN + f"window: {slot}\n")["wolkvox-co/campaign/cobranza"]
    many = right(project, CAMPAIGN + f"window: [{slot}]\n")["wolkvox-co/campaign/cobranza"]

    assert one.fields == many.fields
    assert one.fields["window"] == [{"from": "08:00", "to": "18:00", "holidays": "off"}]


def test_a_list_of_targets_is_a_document_for_each(project: Project) -> None:
    """With its own address, platform and block."""
    text = (
        "kind: campaign\ntarget: [wolkvox-co, ucontact-uy]\nname: cobranza\nprotect: yes\ntags: [mora, urgente]\n"
        "channel: voice\nwolkvox: {skill: cobranza}\n"
    )
    lone = right(project, text.replace("[wolkvox-co, ucontact-uy]", "ucontact-uy").replace(SKILL, "").rstrip() + "\n")

    assert [str(address) for address in lone] == ["ucontact-uy/campaign/cobranza"]
    assert codes(project, text) == [("SPC009", 7)]
    wishes = right(
        project, "kind: blacklist\ntarget: [ucontact-uy, wolkvox-co]\nname: bajas\nsource: {rows: [{phone: '3001230001'}]}\n"
    )
    assert [(str(address), wish.platform) for address, wish in wishes.items()] == [
        ("ucontact-uy/blacklist/bajas", "ucontact"),
        ("wolkvox-co/blacklist/bajas", "wolkvox"),
    ]


def test_the_targets_name_stands_in_paths(project: Project) -> None:
    """`{target}` in a path is the name of the target that the document stands for."""
    (project.root / "data").mkdir()
    for name in ("ucontact-uy", "wolkvox-co"):
        (project.root / "data" / f"{name}.csv").write_text("phone\n", "utf-8")
    text = "kind: blacklist\ntarget: [ucontact-uy, wolkvox-co]\nname: bajas\nsource: {file: '../data/{target}.csv'}\n"

    wishes = right(project, text)

    for wish in wishes.values():
        target = project.targets[wish.address.target]
        places = locate(rows_spec(wish, target, project, PLATFORMS[wish.platform].sheet(wish, target)))
        assert isinstance(places, tuple)
        assert places[0].path == project.root / "data" / f"{target.name}.csv"
    (project.root / "data" / "wolkvox-co.csv").unlink()
    assert codes(project, text) == [("PTH002", 4)]


def test_paths_are_seen_from_their_document(project: Project) -> None:
    """Not from the project, and not from where the program runs."""
    (project.root / "specs" / "co" / "data").mkdir(parents=True)
    (project.root / "specs" / "co" / "data" / "base.csv").write_text("key,phone\n", "utf-8")
    source = "source: {file: data/base.csv}\n"

    assert right(project, {"a.yaml": CAMPAIGN, "co/b.yaml": f"{BASE}{source}"})
    (project.root / "specs" / "co" / "b.yaml").unlink()
    assert codes(project, f"{CAMPAIGN}---\n{BASE}{source}") == [("PTH002", 10)]


def test_every_place_of_a_document_is_kept(project: Project) -> None:
    """So that whoever finds something wrong later can show where."""
    (wish,) = right(project, f"# nota\n{CAMPAIGN}window:\n  - {{from: 08:00, to: 18:00}}\n").values()

    assert wish.origin_of("wolkvox.skill") == Origin("specs/a.yaml", 5, 18)
    assert wish.origin_of("window.0.to") == Origin("specs/a.yaml", 7, 23)
    assert wish.origin_of("window.0.holidays") == Origin("specs/a.yaml", 7, 5)
    assert wish.origin_of("wolkvox.type") == Origin("specs/a.yaml", 5, 10)
    assert wish.origin_of("state") == wish.origin_of("") == Origin("specs/a.yaml", 2, 1)


@pytest.mark.parametrize(
    ("only", "chosen"),
    [
        ((), True),
        (("wolkvox-co/campaign/cobranza",), True),
        (("wolkvox-co/*",), True),
        (("*/campaign/cob*",), True),
        (("tag:mora",), True),
        (("lynn-cl/*", "tag:urgente"), True),
        (("wolkvox-co",), False),
        (("*/contacts/*",), False),
        (("tag:mor",), False),
        (("tag:*",), False),
        (("Wolkvox-co/*",), False),
    ],
)
def test_only_selects_by_address_and_tag(project: Project, only: tuple[str, ...], chosen: bool) -> None:
    """A glob over the whole address, or exactly one tag; any of several is enough."""
    (wish,) = right(project, f"{CAMPAIGN}tags: [mora, urgente]\n").values()

    assert selected(wish, only) is chosen


def test_a_campaign_is_one_of_the_same_target(project: Project) -> None:
    """A namesake on another account is another campaign."""
    other = "kind: contacts\ntarget: wolkvox-co\nname: base\ncampaign: bienvenida\n"
    lynn = LYNN.replace("name: cobranza", "name: bienvenida")

    assert codes(project, f"{lynn}---\n{other}{ROWS}") == [("SPC010", 9)]
    assert right(project, f"{lynn}---\n{CAMPAIGN}---\n{BASE}{ROWS}")
    finding = read(project, f"{BASE}{ROWS}").findings[0]
    assert "reconciler import wolkvox-co/campaign/cobranza" in finding.remedy


def test_on_ucontact_campaigns_are_the_portals(project: Project) -> None:
    """Contacts may name one that no document is about."""
    text = "kind: contacts\ntarget: ucontact-uy\nname: base\ncampaign: Cobranza<-\nsource: {rows: [{phone: '094123001'}]}\n"

    assert right(project, text)


@pytest.mark.parametrize(
    ("first", "second", "found"),
    [
        ("keep", "keep", []),
        ("keep", "remove", [("SPC012", 18)]),
        ("remove", "keep", [("SPC012", 11)]),
        ("remove", "remove", [("SPC012", 11), ("SPC012", 18)]),
    ],
)
def test_two_loaders_of_one_campaign_must_both_keep(
    project: Project, first: str, second: str, found: list[tuple[str, int]]
) -> None:
    """Each would otherwise take away the other's rows at every apply; told once, where it is written."""
    one = f"{BASE}{ROWS}missing: {first}\n"
    two = f"{BASE.replace('name: base', 'name: otra')}{ROWS}missing: {second}"

    assert codes(project, f"{CAMPAIGN}---\n{one}---\n{two}\n") == found


def test_three_loaders_are_held_against_the_first(project: Project) -> None:
    """And one that stands alone may do as it likes."""
    loaders = [f"{BASE.replace('name: base', f'name: base-{number}')}{ROWS}missing: remove\n" for number in range(3)]

    assert codes(project, f"{CAMPAIGN}---\n{loaders[0]}") == []
    assert codes(project, "---\n".join([CAMPAIGN, *loaders])) == [("SPC012", 11), ("SPC012", 18), ("SPC012", 25)]


def test_a_mistake_is_told_once(project: Project) -> None:
    """What the platform says of a column or a text is not said again by the reading of rows."""
    text = (
        "kind: scheduled_sms\ntarget: wolkvox-co\nname: aviso\nat: on_apply\nmessage: Hola {nombre}\n"
        "source: {rows: [{telefono: '3001230001'}]}\ncolumns: {phone: telefono}\n"
    )

    assert codes(project, text) == [("SPC014", 5)]
    assert codes(project, f"{CAMPAIGN}---\n{BASE}{ROWS}columns: {{key: key, phone: phone, fone: phone}}\n") == [("SPC013", 11)]


def test_the_lifts_of_a_blacklist_have_their_own_places(project: Project) -> None:
    """Columns and file of `lifts` are not those of the list itself."""
    text = (
        "kind: blacklist\ntarget: wolkvox-co\nname: no-llamar\nsource: {rows: [{phone: '3001230001'}]}\n"
        "lifts:\n  file: ../nada.csv\n  columns:\n    phone: telefono\n"
    )
    rows = text.replace("file: ../nada.csv", "rows: [{celular: '3001230002'}]")

    assert codes(project, text) == [("PTH002", 6)]
    assert codes(project, rows) == [("SRC001", 8)]


def test_a_wrong_document_hides_no_other(project: Project) -> None:
    """All mistakes of all files in one go, by file and line."""
    found = [
        (finding.code, str(finding.origin))
        for finding in read(
            project,
            {
                "b.yaml": f"{CAMPAIGN}estate: started\n---\n{BASE}source: {{file: nada.csv}}\n",
                "a.yaml": "kind: nada\n---\n- lista\n---\n" + CAMPAIGN.replace("wolkvox-co", "marte") + "---\na: &b c\n",
            },
        ).findings
    ]

    assert found == [
        ("SPC006", "specs/a.yaml:1"),
        ("SPC003", "specs/a.yaml:3"),
        ("SPC007", "specs/a.yaml:6"),
        ("YML003", "specs/a.yaml:10"),
        ("SPC001", "specs/b.yaml:5"),
        ("SPC010", "specs/b.yaml:10"),
        ("PTH002", "specs/b.yaml:11"),
    ]


def test_findings_carry_the_address_that_they_are_about(project: Project) -> None:
    """Where it is known."""
    (finding,) = read(project, CAMPAIGN.replace(SKILL, "")).findings

    assert finding.address == Address("wolkvox-co", "campaign", "cobranza")


def test_rows_are_read_as_the_target_and_the_document_say(project: Project) -> None:
    """Country and form of numbers are the target's, message and instant the document's."""
    text = (
        "kind: scheduled_sms\ntarget: ucontact-uy\nname: aviso\ncampaign: Avisos->\nat: 2026-12-01T10:00:00-03:00\n"
        "message: Hola {nombre}\nsource: {rows: [{phone: '094123001', nombre: Ana Ejemplo}]}\ngeneration: 3\n"
    )
    (wish,) = right(project, text).values()
    target = project.targets["ucontact-uy"]
    spec = rows_spec(wish, target, project, PLATFORMS["ucontact"].sheet(wish, target))

    assert (spec.country, spec.phone_format, spec.generation) == ("UY", "national", 3)
    assert (spec.template, spec.at, spec.at_column) == ("Hola {nombre}", "2026-12-01T10:00:00-03:00", "")
    assert "3001" not in repr(spec)
    assert "094" not in repr(spec)
    by_column = text.replace("2026-12-01T10:00:00-03:00", "{column: cuando}").replace(
        "nombre: Ana Ejemplo", "nombre: A, cuando: x"
    )
    (wish,) = right(project, by_column).values()
    assert rows_spec(wish, target, project, PLATFORMS["ucontact"].sheet(wish, target)).at_column == "cuando"


def test_every_kind_and_block_has_its_fields() -> None:
    """The record that reads a document knows the kind's fields and every platform's block for it."""
    for name, kind in KINDS.items():
        fields = {field.name for field in document_record(kind, PLATFORMS).fields}
        assert {"kind", "target", "name", "protect", "tags"} <= fields
        assert {field.name for field in kind.fields} <= fields
        assert {platform for platform, table in PLATFORMS.items() if table.blocks.get(name)} <= fields
    assert {name: kind.shape for name, kind in KINDS.items()} == {
        "campaign": Shape.OBJECT,
        "contacts": Shape.SET,
        "blacklist": Shape.SET,
        "scheduled_sms": Shape.SEND,
    }
