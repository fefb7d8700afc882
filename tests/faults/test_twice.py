"""Whatever people do to files, names and journals between two runs: nobody is reached twice. The sandbox's log is the truth."""

from __future__ import annotations

import json
import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest

from reconciler.journal.emergency import left_in
from reconciler.journal.entry import Event
from reconciler.reconcile.session import World
from tests.faults.stories import NUMBERS, base, loaded, lynn_campaign, messages, wolkvox_campaign
from tests.faults.test_surroundings import broken_at
from tests.house import AT, House, Said

JOURNAL: Final = ".reconciler/journal.db"
APPLY: Final = ("apply", "--at", AT, "--auto-approve", "--allow-irreversible", "1", "--format", "json")
PLAN: Final = ("plan", "--at", AT, "--format", "json")
STARTED: Final = {"wolkvox": wolkvox_campaign("started"), "lynn": lynn_campaign("started"), "ucontact": ""}
UPLOADS: Final = {"wolkvox": "add_record", "lynn": "AddCampaingData", "ucontact": "SMS.uploadbase"}
CONTAINERS: Final = {"wolkvox": "wolkvox-co", "lynn": "lynn-cl", "ucontact": "ucontact-uy"}
PLATFORMS: Final = pytest.mark.parametrize("platform", list(STARTED))


@pytest.fixture
def house(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """A project that never waits, whose uploads hold two rows each."""
    monkeypatch.setattr(
        "reconciler.reconcile.session.World", lambda environ: World(environ=environ, sleep=lambda _seconds: None)
    )
    house.control.limits("wolkvox", calls_in_flight=50)
    text = (house.root / "reconciler.yaml").read_text("utf-8")
    house.write("reconciler.yaml", text.replace("{settle_s: 0}", "{settle_s: 0, rows_per_upload: 2}"))
    return house


def wish(platform: str, *indexes: int) -> str:
    """Rows into a campaign that is running, or that sends at once."""
    if platform == "ucontact":
        return base("sms", "Recordatorios->", *indexes)
    return "---\n".join((STARTED[platform], loaded(platform, *indexes)))


def reached(house: House) -> Counter[str]:
    """How often each number was reached, by whatever."""
    house.control.clock(advance_s=120)  # Lynn's tasks end, whoever asks
    return Counter(one["recipient"] for one in house.control.effects())


def once(house: House, platform: str, *indexes: int) -> None:
    """Exactly these people were reached, each once."""
    numbers = Counter(NUMBERS[platform].format(index)[-5:] for index in indexes)
    assert Counter(number[-5:] for number in reached(house).elements()) == numbers


def begun(house: House, platform: str, *indexes: int) -> None:
    """The campaign is there; the rows are wished."""
    if STARTED[platform]:
        house.spec(STARTED[platform])
        house.applied()
    house.spec(wish(platform, *indexes))


def settled(house: House, *, happened: bool) -> None:
    """Every doubt, by reading, and by a person who has looked."""
    for doubt in house.run("resolve", "--format", "json").json["unknown"]:
        house.run("resolve", doubt["run"], "--format", "json")
    for doubt in house.run("resolve", "--format", "json").json["unknown"]:
        verdict = "done" if happened else "not-done"
        house.run("resolve", doubt["run"], doubt["operation"], "--verdict", verdict, "--reason", "seen in the console")
    assert house.run("resolve").code == 0


# --- a list that grows while its upload is in doubt -----------------------------------------------------------------------


@PLATFORMS
@pytest.mark.parametrize("happened", [True, False], ids=["it-arrived", "it-was-lost"])
@pytest.mark.parametrize("more", [1, 9], ids=["before", "behind"])
def test_a_list_that_grew_while_in_doubt_reaches_everybody_once(house: House, platform: str, happened: bool, more: int) -> None:
    """One row more moves every batch: what is held is people, whatever uploads they would fall into now."""
    begun(house, platform, 2, 3, 4, 5)
    fault = "drop-after" if happened else "drop-before"
    house.control.fault(fault, platform=platform, operation=UPLOADS[platform], after=1)

    assert house.run(*APPLY).code == 6

    before = reached(house)
    house.spec(wish(platform, *sorted((2, 3, 4, 5, more))))
    plan = house.run(*PLAN)

    assert plan.code in (0, 6)
    assert [finding["code"] for finding in plan.json["findings"] if finding["code"].startswith("DEP")]
    assert house.run(*APPLY).code == 6
    assert reached(house) == before

    settled(house, happened=happened)
    assert house.run(*APPLY).code == 0
    once(house, platform, 2, 3, 4, 5, more)
    house.settled()


@PLATFORMS
def test_other_batches_hold_the_same_people(house: House, platform: str) -> None:
    begun(house, platform, 1, 2, 3, 4, 5)
    house.control.fault("drop-after", platform=platform, operation=UPLOADS[platform], after=1)

    assert house.run(*APPLY).code == 6

    text = (house.root / "reconciler.yaml").read_text("utf-8")
    house.write("reconciler.yaml", text.replace("rows_per_upload: 2", "rows_per_upload: 3"))

    assert house.run(*APPLY).code == 6

    settled(house, happened=True)
    assert house.run(*APPLY).code == 0
    once(house, platform, 1, 2, 3, 4, 5)


# --- other names ---------------------------------------------------------------------------------------------------------


def renamed_file(house: House, platform: str) -> None:
    del platform
    (house.root / "specs" / "case.yaml").rename(house.root / "specs" / "renamed.yaml")


def renamed_document(house: House, platform: str) -> None:
    path = house.root / "specs" / "case.yaml"
    del platform
    path.write_text(path.read_text("utf-8").replace("name: base\n", "name: other\n").replace("name: aviso\n", "name: other\n"))


def renamed_target(house: House, platform: str) -> None:
    name = CONTAINERS[platform]
    for path in (house.root / "reconciler.yaml", house.root / "specs" / "case.yaml"):
        path.write_text(path.read_text("utf-8").replace(name, "other"), "utf-8")


def copied_document(house: House, platform: str) -> None:
    del platform
    text = (house.root / "specs" / "case.yaml").read_text("utf-8")
    rows = text.split("---\n")[-1]
    house.spec(rows.replace("name: base\n", "name: copy\n").replace("name: aviso\n", "name: copy\n"), "copy")


CHANGES: Final = (renamed_file, renamed_document, renamed_target, copied_document)


@PLATFORMS
@pytest.mark.parametrize("change", CHANGES)
@pytest.mark.parametrize("doubtful", [False, True], ids=["done", "in-doubt"])
def test_names_are_no_part_of_who_was_reached(house: House, platform: str, change: object, doubtful: bool) -> None:
    begun(house, platform, 1, 2)
    if doubtful:
        house.control.fault("drop-after", platform=platform, operation=UPLOADS[platform])
    assert house.run(*APPLY).code == (6 if doubtful else 0)
    once(house, platform, 1, 2)

    assert callable(change)
    change(house, platform)
    house.run(*APPLY)
    house.run(*APPLY)

    once(house, platform, 1, 2)


@pytest.mark.parametrize("platform", ["wolkvox", "ucontact"])
@pytest.mark.parametrize("change", CHANGES)
def test_names_are_no_part_of_who_got_a_message(house: House, platform: str, change: object) -> None:
    house.spec(messages(platform, "on_apply", 1, 2))
    house.applied()
    assert callable(change)
    change(house, platform)
    said = house.run(*APPLY)

    assert said.code == 0, said.out + said.err
    once(house, platform, 1, 2)


# --- other projects ------------------------------------------------------------------------------------------------------


def second_project(house: House, journal: str) -> None:
    """Another project file beside the first, for the same accounts and the same documents."""
    text = (house.root / "reconciler.yaml").read_text("utf-8")
    house.write("second.yaml", text.replace("version: 1\n", f"version: 1\njournal: {journal}\n"))


def by_second(house: House, *words: str) -> Said:
    return house.run(*words, "--project", "second.yaml")


@PLATFORMS
def test_a_second_project_that_shares_the_journal_knows_everything(house: House, platform: str) -> None:
    begun(house, platform, 1, 2)
    assert house.run(*APPLY).code == 0
    second_project(house, JOURNAL)

    assert by_second(house, *PLAN).json["empty"]
    assert by_second(house, *APPLY).code == 0
    once(house, platform, 1, 2)


def test_a_second_project_with_a_journal_of_its_own_is_held_back_by_what_is_live(house: House) -> None:
    """The campaign is not its own: nothing of it is touched, and its rows are not loaded again."""
    begun(house, "wolkvox", 1, 2)
    assert house.run(*APPLY).code == 0
    second_project(house, ".reconciler/second.db")
    by_second(house, *APPLY)

    once(house, "wolkvox", 1, 2)

    assert by_second(house, "import", "wolkvox-co/campaign/lista").code == 0
    by_second(house, *APPLY)
    by_second(house, *APPLY)
    once(house, "wolkvox", 1, 2)


@PLATFORMS
def test_where_nothing_can_be_read_a_new_journal_says_that_nothing_is_remembered(house: House, platform: str) -> None:
    begun(house, platform, 1, 2)
    assert house.run(*APPLY).code == 0
    second_project(house, ".reconciler/second.db")
    said = by_second(house, "plan", "--at", AT)

    assert "nothing is remembered" in said.out + said.err


def test_an_answer_that_one_journal_could_not_take_is_no_other_projects(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It waits beside its own journal, whoever plans in the folder meanwhile."""
    house.spec(lynn_campaign(), "other")
    assert house.run(*APPLY).code == 0
    second_project(house, ".reconciler/second.db")
    by_second(house, *PLAN)
    house.spec(wolkvox_campaign())
    with monkeypatch.context() as patched:
        broken_at(Event.ACKED, patched)
        assert house.run(*APPLY).code == 6
    waiting = left_in(house.root / ".reconciler")
    wish = (house.root / "specs" / "case.yaml").rename(house.root / "case.yaml")

    assert by_second(house, *PLAN).json["changes"] == []
    assert left_in(house.root / ".reconciler") == waiting

    wish.rename(house.root / "specs" / "case.yaml")
    assert house.run("resolve").code == 0  # it knows the answer now, and nothing is in doubt
    assert not left_in(house.root / ".reconciler")
    assert "create" not in {change["action"] for change in house.run(*PLAN).json["changes"]}


def test_a_project_begins_no_journal_beside_an_answer_that_waits(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """It may be what is left of the journal that is missing; once its own project has taken it, nothing hinders."""
    house.spec(wolkvox_campaign("stopped"))
    with monkeypatch.context() as patched:
        broken_at(Event.ACKED, patched)
        assert house.run(*APPLY).code == 6
    second_project(house, ".reconciler/second.db")
    said = by_second(house, *PLAN)

    assert (said.code, said.json["error"]["code"]) == (8, "JRN001")
    assert "run that one first" in said.json["error"]["remedy"]

    assert house.run("resolve").code == 0
    assert "error" not in by_second(house, *PLAN).json


# --- other journals ------------------------------------------------------------------------------------------------------


def named(house: House) -> None:
    """The journal's id stands in the project."""
    with closing(sqlite3.connect(house.root / JOURNAL)) as connection:
        (body,) = connection.execute("SELECT body FROM entries WHERE number = 1").fetchone()
    identifier = json.loads(body)["facts"]["id"]
    text = (house.root / "reconciler.yaml").read_text("utf-8")
    house.write("reconciler.yaml", text.replace("version: 1\n", f"version: 1\njournal_id: {identifier}\n"))


def forget(house: House) -> None:
    for path in (house.root / ".reconciler").iterdir():
        if path.name.startswith("journal.db"):
            path.unlink()


@PLATFORMS
def test_a_lost_journal_is_no_fresh_start(house: House, platform: str) -> None:
    begun(house, platform, 1, 2)
    assert house.run(*APPLY).code == 0
    named(house)
    assert house.run(*APPLY).code == 0
    forget(house)
    calls = len(house.control.calls())
    for words in (PLAN, APPLY, ("resolve", "--format", "json")):
        said = house.run(*words)

        assert (said.code, said.json["error"]["code"]) == (8, "JRN001")
    assert len(house.control.calls()) == calls
    once(house, platform, 1, 2)


def test_a_wrong_key_is_no_fresh_start(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (house.root / "reconciler.yaml").read_text("utf-8")
    house.write("reconciler.yaml", text.replace("version: 1\n", "version: 1\njournal_key: {env: JOURNAL_KEY}\n"))
    monkeypatch.setenv("JOURNAL_KEY", "the-right-one-of-thirty-two-chars")
    begun(house, "ucontact", 1, 2)
    assert house.run(*APPLY).code == 0
    monkeypatch.setenv("JOURNAL_KEY", "a-wrong-one-of-thirty-two-letters")
    calls = len(house.control.calls())
    for words in (PLAN, APPLY):
        said = house.run(*words)

        assert (said.code, said.json["error"]["code"]) == (8, "JRN002")
    assert len(house.control.calls()) == calls
    once(house, "ucontact", 1, 2)


def test_a_journal_that_was_copied_is_of_no_use_to_who_still_names_it(house: House) -> None:
    """Another branch, or a runner with an older reconciler.yaml: the old journal does not know what the copy sent."""
    house.spec(lynn_campaign())
    assert house.run(*APPLY).code == 0
    named(house)
    assert house.run("journal", "copy", "new/journal.db").code == 0
    house.spec(messages("wolkvox", "on_apply", 1, 2))
    second_project(house, "new/journal.db")
    assert by_second(house, *APPLY, "--allow-delete", "1").code == 0
    calls = len(house.control.calls())
    said = house.run(*APPLY, "--allow-delete", "1")

    assert (said.code, said.json["error"]["code"]) == (8, "JRN008")
    assert len(house.control.calls()) == calls
    once(house, "wolkvox", 1, 2)


def test_an_old_copy_of_the_journal_loads_no_row_twice_where_rows_can_be_read(house: House, tmp_path: Path) -> None:
    """What the copy does not know is seen live. Where no platform shows it, only the journal knows: keep it."""
    begun(house, "wolkvox", 1, 2)
    copy = tmp_path / "copy.db"
    shutil.copyfile(house.root / JOURNAL, copy)
    assert house.run(*APPLY).code == 0
    forget(house)
    shutil.copyfile(copy, house.root / JOURNAL)
    house.run(*APPLY)

    once(house, "wolkvox", 1, 2)
    house.settled()
