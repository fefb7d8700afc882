"""Secrets and people: marked values are put wherever a user can put one, everything is run, and none of them comes out.

Looked through are stdout, stderr, and every file that the program writes: journal, plans, reports, details of bugs.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import stat
from collections.abc import Collection, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any, Final

import pytest

from reconciler import wire
from reconciler.call import Ending
from reconciler.platforms.wolkvox import replies
from reconciler.policies import rules
from reconciler.rows import lists, optouts
from reconciler.rows.feed import Feed
from tests.house import AT, House, Said

SECRETS: Final = {
    "WOLKVOX_TOKEN": "canary-token-w0lkv0x-4417",
    "LYNN_TOKEN": "canary-token-1ynn-8823",
    "LYNN_SECRET": "canary-secret-1ynn-5561",
    "UC_USER": "canary-user-uc-9034",
    "UC_PASSWORD": "canary-password-uc-2718",
    "EXTRA_HEADER": "canary-header-7712",
}
NUMBERS: Final = {
    "wolkvox": (*(f"300771440{last}" for last in range(1, 10)),),
    "lynn": ("961774401", "961774402", "961774403", "961774404"),
    "ucontact": ("94177441", "94177442", "94177443", "94177444"),
}
NAMES: Final = (
    "Zenobia Quintanilla",
    "Anselmo Buitrago",
    "Fermina Ordonez",
    "Hildebrando Paz",
    "Ursulina Vega",
    "Casimiro Luna",
    "Eulogio Íñiguez",
    "Leocadia/Baños",
)
TEXTS: Final = (
    "Su deuda de 778812 pesos",
    "Su cita con el doctor Mendiluce",
    "Clave secreta 55-AB-19",
    "Motivo: embargo judicial",
    "Última cuota: 33417 €",
)
MAILS: Final = ("zenobia.q@correo-canario.example", "anselmo.b@correo-canario.example")
KEYS: Final = tuple(f"CED-8812093{last}" for last in range(1, 8))
CONSENTS: Final = ("CONS-2719-ZQ", "CONS-2720-EI")
CODES: Final = ("57", "+57", "0057", "56", "+56", "598", "+598", "0")

PROJECT: Final = """\
version: 1
targets:
  wolkvox-co:
    platform: wolkvox
    sandbox: true
    url: {url}/wolkvox
    token: {{env: WOLKVOX_TOKEN}}
    extra_headers: {{x-gateway: {{env: EXTRA_HEADER}}}}
    country: CO
    timezone: America/Bogota
    limits: {{settle_s: 0}}
  lynn-cl:
    platform: lynn
    sandbox: true
    url: {url}/lynn
    tenant: 1234
    access_token: {{env: LYNN_TOKEN}}
    access_token_secret: {{env: LYNN_SECRET}}
    country: CL
    timezone: America/Santiago
    limits: {{settle_s: 0}}
  ucontact-uy:
    platform: ucontact
    sandbox: true
    url: {url}/ucontact
    user: {{env: UC_USER}}
    password: {{env: UC_PASSWORD}}
    email_base: assumed
    country: UY
    timezone: America/Montevideo
    limits: {{settle_s: 0}}
policies:
  {lawpacks}
  max_people: 3
  caps: {{per_day: 9}}
  suppress: [{{name: propia, file: data/propia.csv, column: telefono, country: CO}}]
  waivers:
    - {{rule: VOL005, address: "*", reason: "llamar al +57 300 771 4408", owner: "Ana 3007714408", expires: 2026-12-31}}
    - {{rule: VOL005, address: "*", reason: "3007714408", owner: "3007714408", expires: 2020-12-31}}
  rules:
    - {{name: a, expression: 'people.total > 0 && "3007714408" != ""', level: warn, message: "vea el 300-771-4408"}}
"""


def specs() -> str:
    """Every kind of document, with a canary wherever something of a person may stand."""
    w, c, u = NUMBERS["wolkvox"], NUMBERS["lynn"], NUMBERS["ucontact"]
    return f"""\
kind: campaign
target: wolkvox-co
name: lista
state: started
purpose: service
wolkvox: {{skill: cobranza, labels: {{opt1: saldo}}}}
---
kind: contacts
target: wolkvox-co
name: base
campaign: lista
changed: replace
missing: remove
source:
  rows:
    - {{key: {KEYS[0]}, phone: "{w[0]}", name: {NAMES[0]}, opt1: "{TEXTS[0]}", email: {MAILS[0]}}}
    - {{key: {KEYS[1]}, phone: "{w[1]}", name: {NAMES[1]}, phone2: "12"}}
    - {{key: "{KEYS[2]},", phone: "{w[2]}"}}
    - {{key: {KEYS[4]}, phone: "{w[4]}", name: {NAMES[6]}, person: {KEYS[6]}, consent: {CONSENTS[0]}}}
    - {{key: {KEYS[5]}, phone: "{w[5]}", name: {NAMES[0]}, timezone: {NAMES[7]}}}
    - {{key: {KEYS[6]}, phone: "{w[6]}", name: {NAMES[1]}, consent_at: {NAMES[2]}}}
---
kind: blacklist
target: wolkvox-co
name: no
source: {{rows: [{{phone: "{w[3]}"}}, {{phone: "llamar a {NAMES[2]}"}}]}}
---
kind: scheduled_sms
target: wolkvox-co
name: aviso
purpose: service
at: on_apply
message: "{TEXTS[1]} {{nombre}}"
source: {{rows: [{{phone: "{w[0]}", nombre: {NAMES[0]}}}, {{phone: "{w[1]}", nombre: {NAMES[3]}}}]}}
---
kind: campaign
target: lynn-cl
name: lista
purpose: service
lynn: {{division: Ventas, category: c}}
---
kind: contacts
target: lynn-cl
name: clientes
source: {{rows: [{{identifier: "+56{c[0]}", channel: whatsapp, name: {NAMES[4]}, correlation1: {KEYS[3]}}}]}}
---
kind: contacts
target: lynn-cl
name: carga
campaign: lista
lynn: {{template: 3c6f10ec-0000-4000-8000-210008f00900, fields: {{motivo: motivo}}}}
source: {{file: ../data/lynn.csv}}
columns: {{key: clave, phone: telefono, name: nombre, motivo: motivo}}
---
kind: blacklist
target: lynn-cl
name: no
scope: {{campaign: lista}}
source: {{rows: [{{phone: "+56{c[0]}"}}]}}
---
kind: contacts
target: ucontact-uy
name: correos
campaign: Boletin
purpose: service
ucontact: {{channel: email, message: "{TEXTS[2]}"}}
source: {{rows: [{{key: K1, email: {MAILS[1]}, nombre: {NAMES[5]}}}]}}
---
kind: scheduled_sms
target: ucontact-uy
name: citas
campaign: "Recordatorios->"
purpose: service
at: 2026-12-01T10:00:00-03:00
message: "{TEXTS[4]} {{nombre}}"
source: {{rows: [{{phone: "0{u[0]}", nombre: {NAMES[6]}}}, {{phone: "0{u[1]}", nombre: {NAMES[2]}, person: {KEYS[4]}}}]}}
"""


def canaries() -> list[str]:
    """Every marked value, and every way to write a number."""
    written = [
        form
        for numbers in NUMBERS.values()
        for number in numbers
        for form in (number, *(f"{code}{number}" for code in CODES), " ".join(number), "-".join(re.findall("..", number)))
    ]
    return [*SECRETS.values(), *NAMES, *TEXTS, *MAILS, *KEYS, *CONSENTS, *written]


def found_in(content: bytes) -> list[str]:
    """The canaries in some bytes: as they are, in other encodings of text, numbers in any punctuation and as integers."""
    text = content.decode("latin-1")
    wide = content.decode("utf-16-le", "ignore")
    bare = re.sub(r"(?<=\d)[\s().-]{1,2}(?=\d)", "", text)

    def stands(one: str) -> bool:
        forms = [one.encode(), json.dumps(one)[1:-1].encode()]
        if one.isdigit() and len(one) > 9:
            forms += [int(one).to_bytes(8, "little"), int(one).to_bytes(8, "big")]
        return any(form in content for form in forms) or one in wide or (one.isdigit() and one in bare)

    return [one for one in canaries() if stands(one)]


@pytest.fixture
def house(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """A project full of canaries, whose platforms take every credential."""
    for name, value in SECRETS.items():
        monkeypatch.setenv(name, value)
    house.write("reconciler.yaml", PROJECT.format(url=house.url, lawpacks="lawpacks: off"))
    house.spec(specs())
    listed = [f"{NUMBERS['wolkvox'][4]},{NAMES[6]}", f"llamar a {NAMES[2]},x", f"+56 {NUMBERS['lynn'][3]},{NAMES[4]}"]
    house.write("data/propia.csv", "\n".join(["telefono,nombre", *listed, ""]))
    house.control.drift("wolkvox", "add-dnc", phone=NUMBERS["wolkvox"][6])
    house.control.drift("wolkvox", "add-dnc", phone=f"99{NUMBERS['wolkvox'][7]}")
    house.write("data/lynn.csv", f"clave,telefono,nombre,motivo\n{KEYS[3]},+56{NUMBERS['lynn'][1]},{NAMES[4]},{TEXTS[3]}\n")
    return house


class Watched:
    """Runs commands, and looks through what they say and write."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.leaks: set[str] = set()
        self.codes: list[int] = []

    def run(self, *words: str, shows: Collection[str] = ()) -> Said:
        """One command; `shows` are the canaries that it is there to show."""
        said = self.house.run(*words)
        self.codes.append(said.code)
        for stream, text in (("stdout", said.out), ("stderr", said.err)):
            self.leaks |= {f"{' '.join(words)}: {one} on {stream}" for one in found_in(text.encode()) if one not in shows}
        return said

    def files(self) -> None:
        """Every file that was written. Prepared columns hold numbers as they are, and are private instead."""
        for path in self._written():
            if path.match(".reconciler/cache/numbers-*.parquet"):
                modes = {stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)}
                self.leaks |= {f"{path.name}: readable by others"} if modes != {0o600, 0o700} else set()
            else:
                self.leaks |= {f"{path.name}: {one}" for one in found_in(path.read_bytes())}

    def _written(self) -> Iterator[Path]:
        for folder, _folders, names in os.walk(self.house.root):
            if Path(folder).name not in ("specs", "data"):
                yield from (Path(folder, name) for name in names if name != "reconciler.yaml")


@pytest.fixture
def watched(house: House) -> Iterator[Watched]:
    """What leaks is told at the end, all of it."""
    watching = Watched(house)
    yield watching
    watching.files()

    assert not watching.leaks, "\n".join(sorted(watching.leaks))


def the_platforms_take_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sandbox knows one word for every secret: it is sent instead, at the last moment."""
    del house
    real = wire._value
    monkeypatch.setattr(wire, "_value", lambda value: "sandbox" if str(real(value)) in SECRETS.values() else real(value))


def test_canaries_are_found_where_they_are() -> None:
    assert len(canaries()) > 40
    assert found_in(b"to +57 300 771 4401 and") != []
    assert found_in("Anselmo Buitrago".encode("utf-16-le")) != []
    assert found_in(b"+57 ... ... ..01") == []


def test_plans_and_reports_in_every_form(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    the_platforms_take_it(watched.house, monkeypatch)
    for shape in ("text", "json"):
        watched.run("validate", "--format", shape)
    for shape, loud in itertools.product(("text", "json", "markdown"), ((), ("-vv",), ("-q",))):
        said = watched.run("plan", "--at", AT, "--format", shape, *loud)

        assert said.code == 3, said.err  # more people than the project allows
        assert "VOL004" in said.out
    watched.run(
        "plan", "--at", AT, "--out", "plan.json", "--output-file", "markdown=plan.md", "--output-file", "json=again.json"
    )
    for shape in ("text", "json", "markdown"):
        watched.run("show", "plan.json", "--format", shape)
    watched.run("doctor", "-vv")
    watched.run("doctor", "--format", "json")
    watched.run("explain", "VOL004")


SLIPS: Final = (
    "source: {rows: [{key: K1, phone 3007714409, name: Zenobia Quintanilla}]}",
    "source: {rows: [{key: K1, 3007714409: Zenobia Quintanilla}]}",
    "source: {3007714409: x}",
    "source:\n  rows:\n    - key: K1\n      3007714409: x\n      3007714409: Zenobia Quintanilla",
    "source:\n  rows:\n  - key: K1\n    phone: 3007714409\n   name: Zenobia Quintanilla",
    "source: {rows: [{key: K1, phone: [3007714409, Zenobia Quintanilla]}]}",
    "source: {rows: [{key: K1, phone: *3007714409, name: Zenobia Quintanilla}]}",
    "source: {rows: [{key: K1, phone: &3007714409 x, name: Zenobia Quintanilla}]}",
    "source: {rows: [{key: K1, phone: !3007714409 x, name: Zenobia Quintanilla}]}",
    'source: {rows: [{key: K1, phone: "3007714409, name: Zenobia Quintanilla}]}',
    "source: {rows: [{key: K1}]}\ncolumns: {phone: '3007714409'}",
)


@pytest.mark.parametrize("slip", SLIPS)
def test_a_slip_in_a_row_quotes_nobody(watched: Watched, slip: str) -> None:
    """A forgotten colon makes a key of a number, and the line that is shown is somebody's."""
    lead = "kind: contacts\ntarget: wolkvox-co\nname: base\ncampaign: lista\n"
    watched.house.spec(specs().partition("---\n")[0] + f"---\n{lead}{slip}\n")
    for words in (("validate",), ("validate", "--format", "json"), ("policy", "check")):
        said = watched.run(*words)

        assert said.code == 1, said.out


CASES: Final = f"""\
- {{name: "{NUMBERS["wolkvox"][0]}", country: CO, purpose: service, number: "+57{NUMBERS["wolkvox"][0]}",
   at: "2026-11-24T10:00:00-05:00", expect: denied}}
- {{rule: CO-1, number: "{NUMBERS["wolkvox"][1]}", at: "2026-11-22T10:00:00-05:00", expect: denied}}
- {{rule: CO-1, number: "{NAMES[0]}", at: "2026-11-22T10:00:00-05:00", expect: denied}}
- {{rule: "{NUMBERS["wolkvox"][2]}", number: "12{NUMBERS["wolkvox"][3]}", at: "{NUMBERS["wolkvox"][4]}", expect: denied}}
"""


def test_the_law_and_the_rules_of_a_project(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """With law packs, with rules that have no answer, and with rules that are wrong; with platforms and without."""
    house = watched.house
    the_platforms_take_it(house, monkeypatch)
    project = PROJECT.format(url=house.url, lawpacks="stopper: cron")
    answerless = '    - {name: b, expression: \'people.by_country["3007714408"] > 0\', level: warn, message: "3007714408"}\n'
    house.write("reconciler.yaml", project + answerless)
    for shape in ("text", "json", "markdown"):
        said = watched.run("plan", "--at", AT, "--format", shape, "-vv")
        assert said.code == 3, said.err
        assert "RUL002" in said.out
        watched.run("when", "--at", AT, "--days", "14", "--format", shape)
    house.write("data/cases.yaml", CASES)
    for shape in ("text", "json"):
        watched.run("policy", "check", "--at", AT, "--format", shape, "-vv")
        assert watched.run("policy", "test", "data/cases.yaml", "--format", shape, "-vv").code == 1
    house.write("data/right.yaml", "\n".join(CASES.splitlines()[:2]) + "\n")
    for shape in ("text", "json"):
        assert "case" in watched.run("policy", "test", "data/right.yaml", "--format", shape).out

    for expression in ('"3007714408" == nobody', "people.total 3007714408", "people.a3007714408 > 1"):
        house.write("reconciler.yaml", project + f"    - {{name: c, expression: '{expression}', level: deny, message: no}}\n")
        for words in (("validate",), ("plan", "--format", "json"), ("policy", "check"), ("when",)):
            said = watched.run(*words)
            assert said.code == 1
            assert "RUL003" in said.out + said.err


def test_a_wording_is_proposed_and_nobody_named(watched: Watched) -> None:
    """The text of a document may be shown to whoever writes it; what its columns hold, and numbers in it, may not."""
    for words in (("--format", "text"), ("--format", "json"), ("-vv",), ("--write",)):
        said = watched.run("fmt", "--fix", "SMS", *words, shows=TEXTS)
        assert said.code == 0, said.err
    assert watched.house.root.joinpath("specs/case.yaml").read_text("utf-8").count("Ultima cuota") == 1


def test_opt_outs_are_written_back_and_shown_masked(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    house = watched.house
    the_platforms_take_it(house, monkeypatch)
    address = "wolkvox-co/blacklist/no"
    assert watched.run("blacklist", "pull", address).code == 1  # its entries stand in the document
    rows = f'{{rows: [{{phone: "{NUMBERS["wolkvox"][3]}"}}, {{phone: "llamar a {NAMES[2]}"}}]}}'
    assert rows in specs()
    house.spec(specs().replace(rows, "{file: ../data/no.csv}"))
    house.write("data/no.csv", f"phone,reason\n{NUMBERS['wolkvox'][3]},{TEXTS[3]}\nllamar a {NAMES[2]},x\n")
    for words in (("-vv",), ("--format", "json"), ("--write", "--format", "json"), ("--write",)):
        said = watched.run("blacklist", "pull", *words)
        assert said.code == (2 if "--write" not in words else 0), said.err
    assert NUMBERS["wolkvox"][6] in house.root.joinpath("data/no.csv").read_text("utf-8")
    assert sorted(path.name for path in (house.root / "data").iterdir()) == ["lynn.csv", "no.csv", "propia.csv"]
    assert watched.run("apply", "--at", AT, "--auto-approve", "--only", address, "-vv").code == 0
    watched.run("drift", "-vv")
    for verb in ("log", "export"):
        watched.run("audit", verb, "--format", "json")


FAULTS: Final[dict[str, tuple[str, dict[str, Any]]]] = {
    "none": ("", {}),
    "drop": ("drop-after", {"only": "writes", "rate": 1.0}),
    "refused": ("403-maintenance", {"only": "writes", "rate": 1.0}),
    "odd": ("shape", {"only": "writes", "rate": 1.0}),
    "html": ("html", {"only": "writes", "rate": 1.0}),
    "cut": ("truncated", {"only": "writes", "rate": 1.0}),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("shape", ["text", "json"])
def test_an_apply_and_all_that_follows_it(watched: Watched, monkeypatch: pytest.MonkeyPatch, fault: str, shape: str) -> None:
    house = watched.house
    the_platforms_take_it(house, monkeypatch)
    plan = house.run("plan", "--at", AT, "--format", "json").json
    ack = f"max_people={plan['people']['total']}@{plan['digest'][:8]}"
    kind, more = FAULTS[fault]
    if kind:
        house.control.fault(kind, **more)
    said = watched.run("apply", "--at", AT, "--format", shape, "--digest", plan["digest"], "--ack", ack, "-vv")

    assert said.code == {"none": 0, "refused": 1}.get(fault, 6), said.out + said.err

    house.control.clear_faults()
    watched.run("resolve", "--format", shape)
    for doubt in house.run("resolve", "--format", "json").json["unknown"]:
        watched.run("resolve", doubt["run"], "-vv")
        watched.run("resolve", doubt["run"], doubt["operation"], "--verdict", "done", "--reason", "seen in the console")
    watched.run("apply", "--at", AT, "--format", shape, "--auto-approve", "-vv")
    watched.run("plan", "--at", AT, "--format", shape, "-vv")
    for verb in ("log", "verify", "export"):
        watched.run("audit", verb, "--format", shape)


def test_words_of_a_platform_that_quotes_people_are_masked(watched: Watched, monkeypatch: pytest.MonkeyPatch) -> None:
    """A refusal that repeats the row it speaks of, as vendors' own samples do."""
    house = watched.house
    the_platforms_take_it(house, monkeypatch)
    quoted = f"row {KEYS[0]} of {NAMES[0]} with {NUMBERS['wolkvox'][0]} and {TEXTS[0]} is not valid"
    real = replies.judge

    def judge(call: Any, reply: Any) -> Any:
        judged = real(call, reply)
        return replace(judged, ending=Ending.REFUSED, why=quoted) if call.operation == "add_record" else judged

    monkeypatch.setattr(replies, "judge", judge)
    only = ("--only", "wolkvox-co/campaign/*", "--only", "wolkvox-co/contacts/*", "--only", "wolkvox-co/blacklist/*")
    plan = house.run("plan", "--at", AT, "--format", "json", *only).json
    said = watched.run("apply", "--at", AT, "--digest", plan["digest"], *only)

    assert said.code == 5, said.out + said.err
    assert "is not valid" in said.out
    watched.run("audit", "log", "--format", "json")


BROKEN: Final[dict[str, tuple[Any, str]]] = {
    "read": (Feed, "count"),
    "write": (Feed, "batches"),
    "list": (lists, "_prepared"),
    "opt_out": (optouts, "blocking"),
    "rule": (rules, "judge"),
}


@pytest.mark.parametrize("place", BROKEN)
@pytest.mark.parametrize("shape", ["text", "json"])
def test_a_bug_that_quotes_people(watched: Watched, monkeypatch: pytest.MonkeyPatch, place: str, shape: str) -> None:
    """Exceptions of others' code carry whatever they were at work on."""
    house = watched.house
    the_platforms_take_it(house, monkeypatch)
    words = f"cannot send {NUMBERS['wolkvox'][0]} {NAMES[0]} {TEXTS[0]} with {SECRETS['WOLKVOX_TOKEN']}"

    def broken(*_words: Any, **_more: Any) -> Any:
        raise KeyError(words)

    monkeypatch.setattr(*BROKEN[place], broken)
    said = watched.run(
        "apply", "--at", AT, "--auto-approve", "--format", shape, "--only", "wolkvox-co/*", "--allow-irreversible", "2", "-vv"
    )

    assert said.code == (5 if place == "write" else 1), said.out + said.err
    assert "BUG001" in said.err
    assert "Traceback" not in said.err
    if shape == "json":
        json.loads(said.out)
    assert list((house.root / ".reconciler").glob("bug-*.txt"))


def test_credentials_that_are_refused_are_not_repeated(watched: Watched) -> None:
    """Here nobody takes the canaries for the sandbox's word."""
    said = watched.run("plan", "--at", AT, "-vv")

    assert said.code == 7
    assert said.out.count("PLT008") == 2  # uContact is asked for nothing before something is sent
    watched.run("doctor", "-vv")
    watched.run("apply", "--at", AT, "--auto-approve", "--format", "json")
