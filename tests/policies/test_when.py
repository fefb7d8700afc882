"""`reconciler when` and the clocks of `validate`, through the command line: no network, no secret, a journal for neither."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

import pytest

from reconciler.calendar import instant
from reconciler.catalogue import speak
from reconciler.cli import run
from reconciler.schema import schemas

PROJECT: Final = """\
version: 1
targets:
  wolkvox-co:
    platform: wolkvox
    server: "0010"
    token: {env: NOT_SET_ANYWHERE}
    country: CO
    timezone: America/Bogota
  lynn-cl:
    platform: lynn
    tenant: 1234
    access_token: {env: NOT_SET_ANYWHERE}
    access_token_secret: {env: NOT_SET_ANYWHERE}
    country: CL
    timezone: America/Santiago
  ucontact-uy:
    platform: ucontact
    domain: acme
    user: {env: NOT_SET_ANYWHERE}
    password: {env: NOT_SET_ANYWHERE}
    country: UY
    timezone: America/Montevideo
policies: {}
"""
MORA: Final = """\
kind: campaign
target: wolkvox-co
name: m
state: started
purpose: collection
window: {from: 08:00, to: 20:00}
wolkvox: {type: predictive, skill: "1"}
"""
BY_ITSELF: Final = """\
kind: campaign
target: lynn-cl
name: bienvenida
purpose: service
lynn:
  division: Ventas
  type: single
  category: bienvenida
  execution_mode: scheduled
  start_at: 2026-12-08T09:00:00-03:00
  stop_at: 2026-12-08T12:00:00-03:00
"""
MESSAGE: Final = """\
kind: scheduled_sms
target: ucontact-uy
name: b
campaign: Avisos->
purpose: service
at: {at}
message: "Hola"
source: {{rows: [{{phone: "098344484"}}]}}
"""
AT: Final = "2026-12-07T10:00:00-05:00"

When = Callable[..., tuple[int, str, str]]


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    """The language belongs to the process."""
    yield
    speak("en")


@pytest.fixture
def house(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> When:
    """A project with such documents, and one command in it."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "reconciler.yaml").write_text(PROJECT, "utf-8")
    (tmp_path / "specs").mkdir()

    def command(*words: str, documents: tuple[str, ...] = ()) -> tuple[int, str, str]:
        if documents:
            (tmp_path / "specs" / "a.yaml").write_text("---\n".join(documents), "utf-8")
        code = run(words)
        said = capsys.readouterr()
        return code, said.out, said.err

    return command


def test_a_day_reads_as_a_timeline(house: When) -> None:
    documents = (MORA, BY_ITSELF, MESSAGE.format(at="2026-12-07T15:30:00-03:00"))

    code, out, err = house("when", "--days", "2", "--at", AT, documents=documents)

    assert code == 0
    assert out.splitlines() == [
        "From Mon 2026-12-07 10:00 to Wed 2026-12-09 10:00, in the time of those who are reached.",
        "",
        "Mon 2026-12-07",
        "  10:00–18:55   America/Bogota      dials    wolkvox-co/campaign/m        collection · voice  specs/a.yaml:1",
        "  15:30         America/Montevideo  sends    ucontact-uy/scheduled_sms/b  service · sms  specs/a.yaml:21",
        "  18:55–20:00   America/Bogota      barred   wolkvox-co/campaign/m        collection · voice · CO-1  specs/a.yaml:1",
        "",
        "Tue 2026-12-08  holiday: CL Immaculate Conception, CO Immaculate Conception",
        "  09:00–12:00   America/Santiago  dials    lynn-cl/campaign/bienvenida  service · voice  specs/a.yaml:9",
        "",
        "Wed 2026-12-09",
        "  08:00–10:00   America/Bogota  dials    wolkvox-co/campaign/m  collection · voice  specs/a.yaml:1",
    ]
    assert "judged in a plan" in err


def test_what_goes_out_at_once_and_what_is_not_known(house: When) -> None:
    documents = (MORA.replace("state: started\n", ""), MESSAGE.format(at="on_apply"))

    code, out, _err = house("when", "--at", AT, documents=documents)

    assert code == 0
    assert out.splitlines()[1:] == [
        "",
        "With the next apply",
        "  America/Montevideo  sends    ucontact-uy/scheduled_sms/b  service · sms  specs/a.yaml:8",
        "",
        "Not known here",
        "  wolkvox-co/campaign/m: whether it runs is not written: it dials whenever somebody starts it  specs/a.yaml:1",
    ]


def test_spans_over_midnight_and_unsaid_purposes(house: When) -> None:
    """A window by another clock ends on the next day of the people's."""
    text = MORA.replace("purpose: collection\n", "").replace("to: 20:00}", "to: 24:00, timezone: Pacific/Honolulu}")

    _code, out, _err = house("when", "--days", "1", "--at", "2026-12-10T12:00:00-05:00", documents=(text,))

    assert "  18:55–05:00 +1 America/Bogota  barred   wolkvox-co/campaign/m  marketing (not said) · voice · CO-1" in out
    whole = MORA.replace("to: 20:00}", "to: 24:00}")
    _code, out, _err = house("when", "--days", "1", "--at", "2026-12-10T12:00:00-05:00", documents=(whole,))
    assert "  18:55–24:00   America/Bogota  barred " in out


def test_nothing_to_do_is_said(house: When) -> None:
    assert house("when", "--at", AT, documents=(MORA.replace("started", "stopped"),))[1].endswith(
        "\n\nNothing that is written dials or sends.\n"
    )


def test_json_is_as_its_schema_says(house: When) -> None:
    from jsonschema import Draft7Validator

    documents = (
        MORA,
        BY_ITSELF,
        MESSAGE.format(at="on_apply"),
        MORA.replace("state: started\n", "").replace("name: m", "name: otra"),
    )

    code, out, _err = house("when", "--at", AT, "--format", "json", documents=documents)
    shown: dict[str, Any] = json.loads(out)

    assert code == 0
    Draft7Validator(schemas()["when.schema.json"]).validate(shown)
    assert instant(shown["start"]) == instant(AT)
    assert shown["simulated"] == []
    assert {entry["way"] for entry in shown["entries"]} == {"dial", "send"}
    assert [gap["address"] for gap in shown["unknown"]] == ["wolkvox-co/campaign/otra"]
    assert house("when", "--at", AT, "--format", "markdown")[0] == 64


def test_only_what_is_asked_for(house: When) -> None:
    _code, out, _err = house("when", "--at", AT, "--only", "lynn-cl/*/*", documents=(MORA, BY_ITSELF))

    assert "bienvenida" in out
    assert "mora" not in out


def test_it_speaks_of_holidays_in_spanish(house: When) -> None:
    assert "CO La Inmaculada Concepción" in house("when", "--at", AT, "--lang", "es", documents=(MORA,))[1]


def test_packs_that_are_off_are_said(house: When, tmp_path: Path) -> None:
    (tmp_path / "reconciler.yaml").write_text(PROJECT.replace("policies: {}", "policies: {lawpacks: off}"), "utf-8")

    _code, out, err = house("when", "--at", AT, documents=(MORA,))

    assert "08:00–20:00" in out
    assert "barred" not in out
    assert "turned its law packs off" in err


@pytest.mark.parametrize("words", [("--days", "0"), ("--days", "367"), ("--days", "week")])
def test_days_are_from_one_to_a_year(house: When, words: tuple[str, ...]) -> None:
    assert house("when", *words, documents=(MORA,))[0] == 64


def test_wrong_documents_and_wrong_times_are_errors(house: When) -> None:
    assert house("when", "--at", "tomorrow", documents=(MORA,))[0] == 1
    code, _out, err = house("when", documents=(MORA.replace("kind: campaign", "kind: campain"),))
    assert code == 1
    assert "SPC006" in err


def test_it_leaves_nothing_behind(house: When, tmp_path: Path) -> None:
    """No journal is made where none was."""
    house("when", "--at", AT, documents=(MORA, BY_ITSELF))

    assert not (tmp_path / ".reconciler" / "journal.db").exists()


# --- validate ------------------------------------------------------------------------------------------------------------


def test_validate_says_what_clocks_will_do(house: When) -> None:
    """A warning with its place: Santiago's clock is set forward at midnight once in every year."""
    night = BY_ITSELF.replace("purpose: service\n", "purpose: service\nwindow: {from: 00:30, to: 08:00, holidays: on}\n")
    late = MESSAGE.format(at="2026-12-07T15:30:00-05:00")

    code, out, _err = house("validate", "--format", "json", documents=(night, late))
    found = [(one["code"], one["severity"], one["line"]) for one in json.loads(out)["findings"]]

    assert code == 0
    assert [one for one in found if one[0].startswith("CLK")] == [("CLK001", "warn", 5), ("CLK002", "warn", 19)]


def test_validate_refuses_a_time_that_the_platform_could_take_for_another(house: When, tmp_path: Path) -> None:
    twice = PROJECT.replace("timezone: America/Montevideo", "timezone: America/Santiago")
    (tmp_path / "reconciler.yaml").write_text(twice, "utf-8")

    code, out, _err = house("validate", "--format", "json", documents=(MESSAGE.format(at="2027-04-03T23:30:00-03:00"),))
    (found,) = [one for one in json.loads(out)["findings"] if one["code"] == "CLK003"]

    assert code == 1
    assert (found["severity"], found["line"]) == ("error", 6)
    assert found["remedy"]
