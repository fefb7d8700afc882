"""What is measured, made from a seed: the same bytes in every run. People and numbers are invented."""

from __future__ import annotations

import json
import random
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

SEED: Final = 20_261_122
TARGET: Final = "wolkvox-co"
BLACKLISTED: Final = 10_000
CAMPAIGN_ROWS: Final = 50_000
"""Rows of one campaign where there are several: an export shows no more than 60,000."""

_PROJECT: Final = """\
version: 1
targets:
  wolkvox-co:
    platform: wolkvox
    sandbox: true
    url: {url}/wolkvox
    token: {{env: SANDBOX_TOKEN}}
    country: CO
    timezone: America/Bogota
policies:
  lawpacks: [off]
"""
_NO_LAWS: Final = "  lawpacks: [off]\n"
_REGISTER: Final = """\
  suppress:
    - {name: registro, file: data/registro.csv, column: telefono, country: CO}
"""
_CAMPAIGN: Final = """\
kind: campaign
target: wolkvox-co
name: cobranza-{number:05d}
state: stopped
description: Cobranza mora {days} días, grupo {number}
purpose: collection
channel: voice
tags: [cobranza, grupo-{group}]
window:
  - {{days: [mon, tue, wed, thu, fri], from: 08:00, to: 18:00}}
  - {{days: [sat], from: 08:00, to: 13:00, holidays: off}}
wolkvox:
  type: predictive
  skill: cobranza
  speed: {speed}
  amd: COL
  editable: true
  dial_order: random
  labels:
    opt1: saldo
    opt2: vencimiento
    opt3: producto
  recall_routing: true
"""
HOME_CAMPAIGN: Final = """\
kind: campaign
target: wolkvox-co
name: lista{part}
state: stopped
purpose: service
service: other
wolkvox: {{skill: cobranza}}
"""
_CONTACTS: Final = """\
kind: contacts
target: wolkvox-co
name: base{part}
campaign: lista{part}
source: {{file: ../data/base{part}.csv}}
columns:
  key: cedula
  phone: telefono
  name: nombre
  last_name: apellido
  opt1: saldo
  opt2: vencimiento
  opt3: producto
  city: ciudad
"""
_BLACKLIST: Final = """\
kind: blacklist
target: wolkvox-co
name: no-llamar
source: {file: ../data/no-llamar.csv}
columns: {phone: telefono}
"""
_OCTODNS: Final = """\
providers:
  config: {class: octodns.provider.yaml.YamlProvider, directory: ./config, default_ttl: 3600, enforce_order: false}
  live: {class: octodns.provider.yaml.YamlProvider, directory: ./live, default_ttl: 3600, enforce_order: false}
zones:
  example.com.:
    sources: [config]
    targets: [live]
"""
_HEADER: Final = "cedula,telefono,nombre,apellido,saldo,vencimiento,producto,ciudad\n"
_CITIES: Final = ("Bogotá", "Medellín", "Cali", "Barranquilla", "Cartagena", "Bucaramanga")
_PREFIXES: Final = (300, 301, 302, 310, 311, 312, 313, 314, 315, 316)


@dataclass(frozen=True, slots=True, kw_only=True)
class Expected:
    """What a plan must find in a file of rows. `listed` are those whom the list of ten million bars."""

    in_source: int
    to_add: int
    invalid: int = 0
    duplicate: int = 0
    blacklist: int = 0
    listed: int = 0
    changed: int = 0


def project(folder: Path, url: str) -> Path:
    """An empty project on the sandbox at `url`."""
    (folder / "specs").mkdir(parents=True)
    (folder / "data").mkdir()
    (folder / "reconciler.yaml").write_text(_PROJECT.format(url=url), "utf-8")
    return folder


def campaigns(folder: Path, count: int) -> None:
    """One document a file."""
    for values in _settings(count):
        (folder / "specs" / f"c{values['number']:05d}.yaml").write_text(_CAMPAIGN.format(**values), "utf-8")


def terraform(folder: Path, count: int) -> Path:
    """The same settings as `terraform_data` resources, as flat values: what is nested costs Terraform far more."""
    folder.mkdir()
    with (folder / "main.tf").open("w", encoding="utf-8") as out:
        for values in _settings(count):
            lines = "".join(f"    {name} = {json.dumps(value)}\n" for name, value in _flat(values).items())
            out.write(f'resource "terraform_data" "c{values["number"]:05d}" {{\n  input = {{\n{lines}  }}\n}}\n')
    return folder


def terraform_state(folder: Path, count: int) -> None:
    """The state that an apply of these resources leaves: ten thousand of them would take Terraform minutes."""
    with (folder / "terraform.tfstate").open("w", encoding="utf-8") as out:
        out.write(f'{{"version": 4, "serial": 1, "lineage": "{uuid.UUID(int=SEED)}", "outputs": {{}}, "check_results": null,')
        out.write(' "resources": [')
        for number, resource in enumerate(_in_state(count)):
            out.write(",\n" if number else "\n")
            json.dump(resource, out)
        out.write("]}\n")


def _in_state(count: int) -> Iterator[dict[str, Any]]:
    types = {str: "string", int: "number", bool: "bool"}
    for values in _settings(count):
        flat = _flat(values)
        value = {"value": flat, "type": ["object", {name: types[type(told)] for name, told in flat.items()}]}
        identifier = str(uuid.UUID(int=values["number"] + 1))
        attributes = {"id": identifier, "input": value, "output": value, "triggers_replace": None}
        yield {
            "mode": "managed",
            "type": "terraform_data",
            "name": f"c{values['number']:05d}",
            "provider": 'provider["terraform.io/builtin/terraform"]',
            "instances": [{"schema_version": 0, "attributes": attributes, "sensitive_attributes": []}],
        }


def octodns(folder: Path, count: int) -> Path:
    """`count` A records of two addresses, from one YAML folder into another."""
    for name in ("config", "live"):
        (folder / name).mkdir(parents=True)
    (folder / "config.yaml").write_text(_OCTODNS, "utf-8")
    records = ["---\n"]
    for values in _settings(count):
        number, network = values["number"], f"10.{values['number'] % 250}.{values['number'] // 250}"
        records.append(
            f"cobranza-{number:05d}:\n  ttl: {values['speed'] * 60}\n  type: A\n  values: [{network}.1, {network}.2]\n"
        )
    (folder / "config" / "example.com.yaml").write_text("".join(records), "utf-8")
    return folder


def rows(folder: Path, count: int, *, clean: bool = False) -> Expected:
    """A campaign and `count` rows for it; unless `clean`, 1 % of them without a right number, 2 % with one that is there
    already, and a list of 10,000 numbers not to be called, half of which are among the rows.
    """
    draw = random.Random(SEED)  # noqa: S311 - invented data
    (folder / "specs" / "lista.yaml").write_text((HOME_CAMPAIGN + "---\n" + _CONTACTS).format(part=""), "utf-8")
    barred: list[int] = []
    invalid = duplicate = 0
    last = _number(0)
    every = max(1, count // (BLACKLISTED // 2) - 1)
    with (folder / "data" / "base.csv").open("w", encoding="utf-8", newline="") as out:
        out.write(_HEADER)
        for index in range(count):
            kind = 1.0 if clean or index == 0 else draw.random()
            if kind < 0.01:
                number, invalid = str(draw.randrange(100, 99_999)), invalid + 1
            elif kind < 0.03:
                number, duplicate = _written(last, draw), duplicate + 1
            elif not clean and index % every == 0 and len(barred) < BLACKLISTED // 2:
                barred.append(_number(index))
                number = _written(barred[-1], draw)
            else:
                last = _number(index)
                number = _written(last, draw)
            out.write(_line(index, number, draw))
    if not clean:
        _blacklist(folder, barred)
    left = count - invalid - duplicate - len(barred)
    return Expected(in_source=count, to_add=left, invalid=invalid, duplicate=duplicate, blacklist=len(barred))


def campaigns_of_rows(folder: Path, count: int, *, drifted: bool = False) -> Expected:
    """`count` rows for campaigns of 50,000 each, one document and file a campaign; all numbers are right, and none comes twice.

    `drifted` is the same list later: in 2 % of the rows the balance is another one, 1 % are other people.
    """
    draw, others = random.Random(SEED), random.Random(SEED + 1)  # noqa: S311 - invented data
    changed = added = 0
    for part, start in enumerate(range(0, count, CAMPAIGN_ROWS)):
        document = (HOME_CAMPAIGN + "---\n" + _CONTACTS).format(part=f"-{part:03d}")
        (folder / "specs" / f"lista-{part:03d}.yaml").write_text(document, "utf-8")
        with (folder / "data" / f"base-{part:03d}.csv").open("w", encoding="utf-8", newline="") as out:
            out.write(_HEADER)
            for index in range(start, min(start + CAMPAIGN_ROWS, count)):
                line = _line(index, _written(_number(index), draw), draw)
                if drifted and index % 50 == 7:
                    line, changed = line.replace(",2026-12-", "1,2026-12-"), changed + 1
                elif drifted and index % 100 == 9:
                    line, added = _line(count + index, str(_number(count + index)), others), added + 1
                out.write(line)
    return Expected(in_source=count, to_add=added if drifted else count, changed=changed)


def register(folder: Path, count: int, rows: int) -> int:
    """A list of `count` numbers that nobody may contact, 1,000 of which are those of rows; gives how many are."""
    settings = folder / "reconciler.yaml"
    settings.write_text(settings.read_text("utf-8").replace(_NO_LAWS, _NO_LAWS + _REGISTER), "utf-8")
    inside = range(0, rows, max(1, rows // 1_000))
    with (folder / "data" / "registro.csv").open("w", encoding="utf-8") as out:
        out.write("telefono\n")
        out.writelines(f"{_number(index)}\n" for index in inside)
        first = 3_170_000_000  # prefixes of mobiles that no row has
        out.writelines(f"{number}\n" for number in range(first, first + count - len(inside)))
    return len(inside)


def _blacklist(folder: Path, barred: list[int]) -> None:
    (folder / "specs" / "no-llamar.yaml").write_text(_BLACKLIST, "utf-8")
    elsewhere = range(3_200_000_000, 3_200_000_000 + BLACKLISTED - len(barred))
    numbers = "".join(f"{number}\n" for number in (*barred, *elsewhere))
    (folder / "data" / "no-llamar.csv").write_text("telefono\n" + numbers, "utf-8")


def _settings(count: int) -> Iterator[dict[str, int]]:
    draw = random.Random(SEED)  # noqa: S311 - invented data
    for number in range(count):
        yield {"number": number, "days": draw.randrange(30, 120), "group": number % 20, "speed": draw.randrange(10, 100)}


def _flat(values: Mapping[str, int]) -> dict[str, str | int | bool]:
    """A campaign's settings as Terraform is given them."""
    return {
        "name": f"cobranza-{values['number']:05d}",
        "state": "stopped",
        "description": f"Cobranza mora {values['days']} dias, grupo {values['number']}",
        "purpose": "collection",
        "channel": "voice",
        "tags": f"cobranza,grupo-{values['group']}",
        "type": "predictive",
        "skill": "cobranza",
        "window1": "mon-fri 08:00-18:00",
        "window2": "sat 08:00-13:00 holidays off",
        "speed": values["speed"],
        "amd": "COL",
        "editable": True,
        "dial_order": "random",
        "opt1": "saldo",
        "opt2": "vencimiento",
        "opt3": "producto",
        "recall_routing": True,
    }


def _line(index: int, number: str, draw: random.Random) -> str:
    """A row of a list."""
    return (
        f"CC{10_000_000 + index},{number},Persona{draw.randrange(10_000)},Ejemplo{draw.randrange(10_000)},"
        f"{draw.randrange(20_000, 900_000)},2026-12-{draw.randrange(1, 29):02d},crédito,{_CITIES[index % len(_CITIES)]}\n"
    )


def _number(index: int) -> int:
    """A mobile number of Colombia, a different one for each of ten million."""
    return _PREFIXES[index % len(_PREFIXES)] * 10_000_000 + 1_000_000 + index // len(_PREFIXES)


def _written(number: int, draw: random.Random) -> str:
    """A number as people write it, now this way and now that."""
    text, way = str(number), draw.random()
    if way < 0.7:
        return text
    if way < 0.85:
        return f"+57 {text[:3]} {text[3:6]} {text[6:]}"
    return f"({text[:3]}) {text[3:6]}-{text[6:]}" if way < 0.95 else f"57{text}"
