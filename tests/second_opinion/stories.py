"""One account's life on each platform, told to the command line from the first plan to the last delete.

Every chapter is a state of the documents; after it has been applied, the next plan must be empty.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from tests.house import House
from tests.second_opinion.simulator import Simulator

Chapter = tuple[str, str]  # what happens, and the documents then

_WOLKVOX_CAMPAIGN: Final = """\
kind: campaign
target: wolkvox-co
name: mora
state: {state}
description: {description}
purpose: service
window: {{days: [mon, tue, wed, thu, fri, sat, sun], from: 08:00, to: 18:00, holidays: on}}
wolkvox: {{type: predictive, skill: {skill}, speed: {speed}, amd: COL, editable: true, labels: {{opt1: saldo}}{more}}}
---
"""
_WOLKVOX_PREVIEW: Final = """\
kind: campaign
target: wolkvox-co
name: ventas
state: stopped
purpose: service
wolkvox: {type: preview, skill: "1202"}
---
"""


def _wolkvox_rows(*numbers: int, rules: str = "") -> str:
    rows = "".join(f'    - {{key: "K{n}", phone: "300123{n:04d}", name: Persona {n}, opt1: "10{n}"}}\n' for n in numbers)
    head = "kind: contacts\ntarget: wolkvox-co\nname: base\ncampaign: mora\npurpose: service\n"
    return f"{head}{rules}source:\n  rows:\n{rows}---\n"


def _wolkvox_list(*numbers: int, more: str = "", name: str = "no", scope: str = "scope: {direction: outbound}\n") -> str:
    rows = ", ".join(f'{{phone: "300123{n:04d}"}}' for n in numbers)
    return f"kind: blacklist\ntarget: wolkvox-co\nname: {name}\n{scope}{more}source: {{rows: [{rows}]}}\n---\n"


_WOLKVOX_SMS: Final = """\
kind: scheduled_sms
target: wolkvox-co
name: aviso
purpose: service
at: on_apply
message: "Hola {name}"
source: {rows: [{phone: "3001230001", name: Uno}, {phone: "3001230099", name: Otro}]}
"""


def wolkvox(skill: str = "cobranza") -> Iterator[Chapter]:
    """Two campaigns, rows, who must not be called, and messages."""

    def mora(state: str = "stopped", description: str = "Mora 30", speed: int = 60, more: str = "") -> str:
        return _WOLKVOX_CAMPAIGN.format(state=state, description=description, speed=speed, more=more, skill=skill)

    yield "create", mora() + _WOLKVOX_PREVIEW + _wolkvox_rows(1, 2, 3) + _wolkvox_list(3, 99) + _WOLKVOX_SMS
    no = _wolkvox_list(3, 99)
    edited = mora(description="Mora 60", speed=80, more=", turbo_dial: true, recall_routing: true, dial_order: random")
    yield "edit", edited + _WOLKVOX_PREVIEW + _wolkvox_rows(1, 2, 3) + no
    yield "start", mora("started") + _WOLKVOX_PREVIEW + _wolkvox_rows(1, 2, 3) + no
    yield "stop", mora() + _WOLKVOX_PREVIEW + _wolkvox_rows(1, 2, 3) + no
    yield "rows", mora() + _WOLKVOX_PREVIEW + _wolkvox_rows(1, 2, 4, 5) + no
    yield "remove", mora() + _WOLKVOX_PREVIEW + _wolkvox_rows(1, 2, 4, rules="missing: remove\n") + no
    yield "close", mora() + _WOLKVOX_PREVIEW + _wolkvox_rows(1, 2, rules="missing: close\nclose: {code: PAGO}\n") + no
    days = _wolkvox_list(51, name="dias", scope="days: 15\n")
    more = mora() + _WOLKVOX_PREVIEW + _wolkvox_rows(1, 2)
    yield "blacklist", more + _wolkvox_list(3, 99, 2) + days
    lifts = 'lifts: {rows: [{phone: "3001230099"}]}\n'
    yield "lift", more + _wolkvox_list(3, 2, more=lifts) + days
    yield "delete", mora() + _wolkvox_rows(1, 2) + _wolkvox_list(3, 2) + days


_LYNN_CAMPAIGN: Final = """\
kind: campaign
target: lynn-cl
name: {name}
description: {description}
{state}purpose: service
channel: whatsapp
lynn: {{division: Ventas, category: {category}, valid_until: {until}{more}}}
---
"""


def _lynn_people(*numbers: int, word: str = "Persona", rules: str = "") -> str:
    rows = "".join(
        f'    - {{identifier: "+5696123{n:04d}", channel: whatsapp, name: {word} {n}, correlation1: R{n}}}\n' for n in numbers
    )
    return f"kind: contacts\ntarget: lynn-cl\nname: clientes\n{rules}source:\n  rows:\n{rows}---\n"


def _lynn_rows(*numbers: int) -> str:
    rows = "".join(f'    - {{key: "P{n}", phone: "+5696124{n:04d}", name: Persona, tags: "50", dias: "3"}}\n' for n in numbers)
    return (
        "kind: contacts\ntarget: lynn-cl\nname: carga\ncampaign: bienvenida\n"
        "lynn: {template: 3c6f10ec-0000-4000-8000-210008f00900, fields: {Diascupon: dias}}\n"
        f"source:\n  rows:\n{rows}---\n"
    )


def _lynn_list(*numbers: int, scope: str = "campaign: bienvenida", name: str = "no", more: str = "") -> str:
    rows = ", ".join(f'{{phone: "+5696123{n:04d}"}}' for n in numbers)
    return f"kind: blacklist\ntarget: lynn-cl\nname: {name}\nscope: {{{scope}}}\n{more}source: {{rows: [{rows}]}}\n---\n"


def lynn_campaigns() -> Iterator[Chapter]:
    """Campaigns in every mode, without anybody in them."""
    for name, text in lynn():
        documents = [document for document in text.split("---\n") if document.startswith("kind: campaign")]
        if name not in ("people", "blacklist", "rows"):
            yield name, "---\n".join(documents)


def lynn() -> Iterator[Chapter]:
    """Campaigns in every mode, the address book, rows, and do not disturb by campaign and category."""

    def one(
        name: str, state: str = "state: stopped\n", description: str = "Una", more: str = "", category: str = "alta"
    ) -> str:
        until = "2027-12-31T23:59:00-03:00"
        return _LYNN_CAMPAIGN.format(name=name, state=state, description=description, more=more, category=category, until=until)

    both = one("bienvenida") + one("encuesta", category="otra")
    yield "create", both + _lynn_people(1, 2, 3)
    yield "edit", one("bienvenida", description="Otra") + one("encuesta", category="otra") + _lynn_people(1, 2, 3)
    both = one("bienvenida", description="Otra") + one("encuesta", category="otra")
    yield "people", both + _lynn_people(1, 2, 4, word="Alguien", rules="changed: replace\nmissing: remove\n")
    people = _lynn_people(1, 2, 4, word="Alguien")
    yield "blacklist", both + people + _lynn_list(1) + _lynn_list(2, scope="category: otra", name="otra")
    no = _lynn_list(1) + _lynn_list(2, scope="category: otra", name="otra")
    yield "rows", both + people + no + _lynn_rows(1, 2)
    started = one("bienvenida", "state: started\n", "Otra") + one("encuesta", category="otra")
    yield "start", started + people + no + _lynn_rows(1, 2)
    yield "stop", both + people + no + _lynn_rows(1, 2, 3)
    always = one("encuesta", "", more=", execution_mode: always_on", category="otra")
    yield "always on", one("bienvenida", description="Otra") + always + people + no + _lynn_rows(1, 2, 3)
    dates = ", execution_mode: scheduled, start_at: 2026-12-01T09:00:00-03:00, stop_at: 2026-12-02T18:30:00-03:00"
    scheduled = one("encuesta", "", more=dates, category="otra")
    yield "scheduled", one("bienvenida", description="Otra") + scheduled + people + no + _lynn_rows(1, 2, 3)
    yield "delete", one("bienvenida", description="Otra") + people + _lynn_list(1) + _lynn_rows(1, 2, 3)


_UCONTACT: Final = """\
kind: contacts
target: ucontact-uy
name: voz
campaign: Cobranza<-
purpose: service
ucontact: {{channel: voice, data: [saldo]}}
source:
  rows:
{rows}---
kind: contacts
target: ucontact-uy
name: sms
campaign: Avisos->
purpose: service
ucontact: {{channel: sms, message: "Hola {{nombre}}"}}
source: {{rows: [{{key: S1, phone: "094123007", nombre: Siete}}]}}
---
kind: contacts
target: ucontact-uy
name: correo
campaign: Boletin
purpose: service
ucontact: {{channel: email, message: "Hola"}}
source: {{rows: [{{key: E1, email: persona@example.com}}]}}
---
kind: blacklist
target: ucontact-uy
name: bajas
source: {{rows: [{{phone: "094123003"}}]}}
---
kind: scheduled_sms
target: ucontact-uy
name: cita
campaign: Avisos->
purpose: service
at: 2026-12-01T10:00:00-03:00
message: "Hola {{nombre}}; nos vemos"
source: {{rows: [{{phone: "094123001", nombre: Uno}}, {{phone: "094123003", nombre: Tres}}]}}
---
kind: scheduled_sms
target: ucontact-uy
name: ahora
campaign: Avisos->
purpose: service
at: on_apply
message: "Hola"
source: {{rows: [{{key: A1, phone: "094123001"}}, {{key: A2, phone: "094123002"}}, {{key: A3, phone: "094123003"}}]}}
"""


def ucontact() -> Iterator[Chapter]:
    """Bases of each channel, messages now and later, and who gets none of them."""
    rows = [f'    - {{key: "K{n}", phone: "09412300{n}", phone2: "09912300{n}", saldo: "1.0{n}"}}\n' for n in range(1, 5)]
    yield "load", _UCONTACT.format(rows="".join(rows[:3]))
    yield "more", _UCONTACT.format(rows="".join(rows))


def told(house: House, chapters: Iterator[Chapter], simulator: Simulator, *, weak: frozenset[str] = frozenset()) -> list[str]:
    """Live through the chapters; what went wrong, chapter by chapter (nothing when all is well)."""
    wrong: list[str] = []
    for name, text in chapters:
        house.spec(text)
        first = house.run("plan", "--format", "json", "--at", AT)
        plan: dict[str, Any] = first.json
        if "changes" not in plan:
            return [*wrong, f"{name}: plan {first.code}: {first.out[:900]}{first.err[-600:]}"]
        if not plan["changes"]:
            wrong.append(f"{name}: nothing to do: {[one['message'] for one in plan['findings']]}")
        given = ["--allow-delete", str(plan["deletes"])] if plan["deletes"] else []
        said = house.run("apply", "--format", "json", "--at", AT, "--digest", plan["digest"], *given)
        if said.code and name not in weak:
            wrong.append(f"{name}: apply {said.code}: {said.out[-900:]}{said.err[-900:]}")
            return wrong + simulator.complaints
        again = house.plan()
        if again["changes"] or not again["empty"]:
            what = [(one["action"], one["address"], one.get("fields")) for one in again["changes"]]
            wrong.append(f"{name}: not settled: {what} {[one['message'] for one in again['findings']]}")
    return wrong + simulator.complaints


AT: Final = "2026-11-24T10:00:00-05:00"
