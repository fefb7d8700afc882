"""uContact's sheets in the rows engine: what a document's rows become, and which of them never reach a file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from reconciler.platforms.ucontact import UCONTACT
from reconciler.resource import Desired
from reconciler.rows.engine import Engine
from reconciler.rows.prepare import prepare
from reconciler.rows.reader import peek
from reconciler.rows.spec import RowsSpec
from tests.platforms.ucontact_wishes import target, wish


def spec(desired: Desired, folder: Path) -> RowsSpec:
    at = desired.get("at", "")
    return RowsSpec(
        address=desired.address,
        sheet=UCONTACT.sheet(desired, target()),
        source=desired.fields["source"],
        columns=desired.get("columns"),
        folder=folder,
        root=folder,
        country="UY",
        phone_format="national",
        template=desired.get("message") or desired.block.get("message") or "",
        at=at if isinstance(at, str) else "",
        at_column=at["column"] if isinstance(at, Mapping) else "",
        origin=desired.origin,
        origins=desired.origins,
    )


def taken(desired: Desired, folder: Path) -> tuple[int, Mapping[str, int]]:
    """How many rows are left, and why the others are not."""
    with Engine(key=bytes(32), folder=folder / "spill") as engine:
        prepared = prepare(engine, spec(desired, folder))
        return engine.count(prepared.table), dict(prepared.reasons)


def contacts(rows: Sequence[Mapping[str, str]], block: Mapping[str, Any] | None = None, **fields: Any) -> Desired:
    return wish("contacts", "uno", block, campaign="Cobranza<-", source={"rows": list(rows)}, **fields)


@pytest.mark.parametrize("value", ["a;b", "a:b", "a=b", "a#b", "a\nb", "a\rb"])
def test_voice_data_that_a_file_cannot_hold_is_left_out(tmp_path: Path, value: str) -> None:
    rows = [{"phone": "099111222", "saldo": value}, {"phone": "099111333", "saldo": "10"}]

    assert taken(contacts(rows), tmp_path) == (1, {"forbidden character": 1})


def test_consent_is_judged_and_never_in_the_way(tmp_path: Path) -> None:
    rows = [{"phone": "099111222", "consent_at": "2026-11-01T10:00:00-03:00", "saldo": "10"}]

    assert taken(contacts(rows), tmp_path) == (1, {})


def test_texts_that_a_file_cannot_hold_are_left_out(tmp_path: Path) -> None:
    rows = [{"phone": "099111222", "nombre": "Ana; B"}, {"phone": "099111333", "nombre": "Beto: x=1"}]

    assert taken(contacts(rows, {"channel": "sms", "message": "Hola {nombre}"}), tmp_path) == (1, {"forbidden character": 1})


def test_priority_and_addresses_have_a_form(tmp_path: Path) -> None:
    voice = [{"phone": "099111222", "priority": "0"}, {"phone": "099111333", "priority": "9999", "agent": "4004"}]
    email = [{"email": "ana@example.com"}, {"email": "nadie"}]

    assert taken(contacts(voice), tmp_path) == (1, {"priority: 1 (first) to 9999 (last)": 1})
    assert taken(contacts(email, {"channel": "email", "message": "Hola"}), tmp_path) == (1, {"email: an e-mail address": 1})


def test_a_message_with_a_hole_is_told_once(tmp_path: Path) -> None:
    """Adapter and rows say the same of the same place, so that the two findings are one."""
    source = {"rows": [{"tel": "099111222", "n": "Ana"}]}
    columns = {"phone": "tel", "nombre": "n"}
    desired = wish("scheduled_sms", campaign="Citas->", message="Hola {nombra}", at="on_apply", source=source, columns=columns)

    found = {*UCONTACT.check(desired, target()), *peek(spec(desired, tmp_path))}

    assert sorted(finding.code for finding in found) == ["SPC013", "SPC014"]


@pytest.mark.parametrize("columns", [{"phone": "tel", "cuando": "fecha"}, {"phone": "tel"}])
def test_instants_by_row(tmp_path: Path, columns: Mapping[str, str]) -> None:
    """`at` names a mapped column, or the source's own."""
    at = {"column": "cuando" if "cuando" in columns else "fecha"}
    source = {"rows": [{"tel": "099111222", "fecha": "2026-12-01T10:00:00-03:00"}]}
    desired = wish("scheduled_sms", campaign="Citas->", message="Hola", at=at, columns=columns, source=source)

    assert peek(spec(desired, tmp_path)) == []


def test_data_that_is_not_named_is_a_mistake(tmp_path: Path) -> None:
    rows = [{"tel": "099111222", "s": "10", "o": "x"}]
    desired = contacts(rows, {"data": ["saldo"]}, columns={"phone": "tel", "saldo": "s", "otra": "o"})

    assert [finding.code for finding in peek(spec(desired, tmp_path))] == ["SPC013"]
