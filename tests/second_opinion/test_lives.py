"""Whole lives of an account, told by the command line to a platform that answers in other legal ways than the sandbox."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from tests.house import House
from tests.second_opinion import lynn, stories, ucontact, wolkvox
from tests.second_opinion.simulator import Simulator
from tests.second_opinion.stories import told

TERSE = wolkvox.Ways(
    read_code="absent",
    registers="blank",
    created="message",
    status="STARTED",
    total="absent",
    sparse=True,
    deleted="sample",
    again="400",
    skills="404",
    left="refused",
)
TYPED = wolkvox.Ways(
    read_code="int",
    write_code="text",
    registers="int",
    created="id_campaing",
    status="started",
    numbers=int,
    filtered=False,
    extra=True,
    total="int",
    http="200",
    deleted="one",
    left="blank",
    dated="ayer",
)


@pytest.mark.parametrize(
    ("ways", "skill", "skipped"),
    [(TERSE, "1201", ""), (TYPED, "cobranza", "start stop close")],
    ids=["terse", "typed"],
)
def test_wolkvox(house: House, simulator: Simulator, ways: wolkvox.Ways, skill: str, skipped: str) -> None:
    simulator.wolkvox.ways = ways
    chapters = (chapter for chapter in stories.wolkvox(skill) if chapter[0] not in skipped.split())

    assert told(house, chapters, simulator) == []
    assert [number for number, _ in simulator.wolkvox.sent] == ["3001230001"]
    assert ("3001230099", "outbound") not in simulator.wolkvox.barred


BRIEF = lynn.Ways(
    created="id",
    put="204",
    done="204",
    task="TaskId",
    polls=2,
    token_life=7,
    dates="ticks",
    nulls="null",
    ids="upper",
    gone=204,
)
ODD = lynn.Ways(
    extra=True,
    created="bare",
    put="id",
    done="word",
    task="raw",
    status="status",
    number=int,
    dates="minutes",
    ids="int",
)


@pytest.mark.parametrize(("ways", "skipped"), [(BRIEF, ""), (ODD, "edit always scheduled")], ids=["brief", "odd"])
def test_lynn(house: House, simulator: Simulator, ways: lynn.Ways, skipped: str) -> None:
    simulator.lynn.ways = ways
    chapters = (chapter for chapter in stories.lynn() if chapter[0].split()[0] not in skipped.split())

    assert told(house, chapters, simulator) == []
    assert sorted(row["Telefono"] for _, row in simulator.lynn.rows) == ["56961240001", "56961240002", "56961240003"]
    assert len(simulator.lynn.barred) == 1  # the other one went with its campaign


@pytest.mark.parametrize("case", ["Pascal", "lower"])
def test_lynn_campaigns_in_another_case(house: House, simulator: Simulator, case: str) -> None:
    simulator.lynn.ways = lynn.Ways(case=case, created="raw", done="object", status="bare", dates="Z")

    assert told(house, stories.lynn_campaigns(), simulator) == []


@pytest.mark.parametrize(
    "ways",
    [
        ucontact.Ways(token='["x", "{}"]', end="\r\n", token_life=2, uploaded="1", sent="{ id: 7 }", campaigns="404"),
        ucontact.Ways(token="{}", end="\n", uploaded='{"id":"7"}', sent='{"id":7}', campaigns="empty", type="text/html"),
    ],
    ids=["array", "raw"],
)
def test_ucontact(house: House, simulator: Simulator, ways: ucontact.Ways) -> None:
    simulator.ucontact.ways = ways

    assert told(house, stories.ucontact(), simulator) == []
    assert _ends(order["destination"] for order in simulator.ucontact.scheduled) == ["1"]
    assert _ends(form["destination"] for form in simulator.ucontact.sent) == ["1", "2"]
    assert _ends(line[1] for _, line in simulator.ucontact.lines if "@" not in line[1]) == ["1", "2", "4", "7"]


def _ends(numbers: Iterable[str]) -> list[str]:
    """Who got something, by the last digit of their number; the third said no."""
    return sorted(number[-1] for number in numbers)


def test_refused_credentials_of_ucontact_send_nothing(house: House, simulator: Simulator) -> None:
    simulator.ucontact.ways = ucontact.Ways(refused='"0"', end="\n")
    project = house.root / "reconciler.yaml"
    project.write_text(project.read_text("utf-8").replace("password: {env: SANDBOX_TOKEN}", "password: {env: HOME}"), "utf-8")
    house.spec(next(stories.ucontact())[1])

    said = house.run("apply", "--auto-approve", "--allow-irreversible", "9", "--at", stories.AT)

    assert said.code == 7
    assert {operation for _, operation in simulator.calls} == {"getUserToken"}


def test_wolkvox_without_exports_loads_rows_once(house: House, simulator: Simulator) -> None:
    simulator.wolkvox.ways = wolkvox.Ways(exports="no", http="200")
    chapters = (chapter for chapter in stories.wolkvox() if chapter[0] in ("create", "start", "rows"))

    assert told(house, chapters, simulator) == []
    assert [len(records) for records in simulator.wolkvox.records.values()] == [4, 0]


def test_wolkvox_a_day_without_calls_is_no_disaster(house: House, simulator: Simulator) -> None:
    simulator.wolkvox.limit = 0
    house.spec(next(stories.wolkvox())[1])

    said = house.run("apply", "--auto-approve", "--allow-irreversible", "9", "--at", stories.AT)

    assert said.code in (3, 7)
    assert simulator.wolkvox.campaigns == {}
    assert simulator.wolkvox.sent == []


def test_lynn_takes_a_file_as_it_is(house: House, simulator: Simulator) -> None:
    simulator.lynn.ways = lynn.Ways(task="bare", polls=1)
    house.write("data/base.cpg", "formato propio\n")
    campaigns = next(stories.lynn_campaigns())[1]
    load = "kind: contacts\ntarget: lynn-cl\nname: archivo\ncampaign: encuesta\nsource: {file: ../data/base.cpg}\n"

    assert told(house, iter([("file", f"{campaigns}---\n{load}")]), simulator) == []
    assert b"formato propio" in simulator.lynn.files[0]
