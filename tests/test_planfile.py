"""Only what was reviewed is carried out: saved plans, digests, permissions, and everything that makes a review stale."""

from __future__ import annotations

import hashlib
import json
import signal
from base64 import b64encode
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import pytest
import rfc8785

from reconciler.cli.planfile import Making, boot_name, read_plan, sealed
from reconciler.errors import Mistaken, Stale
from reconciler.plan.narrow import Basis, Extent, Names
from reconciler.reconcile import session
from reconciler.sandbox.control import Control
from reconciler.sandbox.server import running
from tests.faults.processes import called, ended, started, wait_for
from tests.faults.stories import STORIES, barred, loaded, messages, wolkvox_campaign
from tests.house import AT, House, Said

LATER: Final = "2026-11-25T10:00:01-05:00"  # a day and a second after AT
PLAN: Final = "plan.json"
ROWS: Final = "key,phone\nK1,3001230001\nK2,3001230002\n"
FROM_FILE: Final = (
    loaded("wolkvox", 1).split("source:", maxsplit=1)[0]
    + "source: {file: ../data/base.csv}\ncolumns: {key: key, phone: phone}\n"
)


def saved(house: House, text: str = "", *words: str) -> Path:
    house.spec(text or messages("wolkvox", "on_apply", 1, 2))
    assert house.run("plan", "--at", AT, "--out", PLAN, *words).code in (0, 3)
    return house.root / PLAN


def apply(house: House, *words: str) -> Said:
    return house.run("apply", PLAN, *words)


def writes(house: House) -> list[str]:
    """What was sent to a platform that is not a read."""
    operations = [call["operation"] for call in house.control.calls()]
    return [name for name in operations if not name.startswith("information.") and not name.endswith("campaign_15")]


def seal(content: Mapping[str, Any]) -> str:
    """A plan file as somebody could write it who knows how it is sealed."""
    text = json.dumps(content, indent=1, ensure_ascii=False) + "\n"
    return json.dumps({**content, "seal": hashlib.sha256(text.encode()).hexdigest()}, indent=1, ensure_ascii=False) + "\n"


# --- the file ------------------------------------------------------------------------------------------------------------


def test_a_reviewed_plan_is_carried_out_without_a_question_and_once(house: House) -> None:
    saved(house)

    assert apply(house).code == 0

    again = apply(house, "--format", "json")

    assert again.code == 4
    assert again.json["error"]["code"] == "STL002"
    assert len(house.control.effects()) == 2


def test_a_plan_that_changes_nothing_is_used_up_as_well(house: House) -> None:
    house.spec(messages("wolkvox", "on_apply", 1))
    house.applied()
    saved(house, messages("wolkvox", "on_apply", 1))

    assert [apply(house).code, apply(house).code] == [0, 4]


def test_one_changed_byte_anywhere_is_noticed_before_anybody_is_asked(house: House) -> None:
    """Each place with one bit turned over; and the file cut, lengthened, emptied and written otherwise."""
    path = saved(house)
    whole = path.read_bytes()
    before = len(house.control.calls())
    places = range(0, len(whole), max(1, len(whole) // 300))
    damaged = [bytes((*whole[:at], whole[at] ^ (1 << at % 7), *whole[at + 1 :])) for at in places]
    compact = json.dumps(json.loads(whole), ensure_ascii=False).encode()
    for content in (*damaged, whole[:-1], whole + b"\n", b"", b"{}", b"[]", b"null", b"\xff\xfe", compact, b"[" * 100_000):
        path.write_bytes(content)
        with pytest.raises(Stale):
            read_plan(path)

    path.write_bytes(damaged[len(damaged) // 2])

    assert apply(house).code == 4
    assert house.run("show", PLAN).code == 4
    assert len(house.control.calls()) == before


@pytest.mark.parametrize(
    "change",
    [
        {"digest": "0" * 64},
        {"valid_until": "2099-01-01T00:00:00"},
        {"valid_until": None},
        {"permissions": {}},
        {"permissions": None},
        {"made_with": {}},
        {"made_with": {"only": None, "at": None}},
        {"created_at": "2026-11-24T10:00:00"},
        {"created_at": "2026-11-26T10:00:00-05:00"},
        {"valid_until": "2026-11-25T10:00:01-05:00"},
    ],
)
def test_a_sealed_plan_that_is_none_is_stale(house: House, change: dict[str, Any]) -> None:
    path = saved(house)
    content = {**json.loads(path.read_text("utf-8")), **change}
    del content["seal"]
    path.write_text(seal(content), "utf-8")

    assert apply(house).code == 4
    assert writes(house) == []


SUBSTANCE: Final[dict[str, Any]] = {
    "format": "1.0",
    "targets": [],
    "changes": [],
    "rows": [],
    "schedules": {},
    "judged": {},
    "policy": {},
    "occurrences": {},
}
NAMES: Final = Names.of(bytes(8) + b"\x01" * 8)


def written() -> tuple[dict[str, Any], Making]:
    """A small plan, with everything that a file can hold."""
    plan = {
        "digest": hashlib.sha256(rfc8785.dumps(SUBSTANCE)).hexdigest(),
        "created_at": "2026-11-24T10:00:00-05:00",
        "valid_until": "2026-11-25T10:00:00-05:00",
        "permissions": {"allow_delete": 2, "acks": ["max_people=3@abababab"]},
        "text": "ñ • 'quoted'",
    }
    extent = Extent(
        substance=SUBSTANCE,
        people=3,
        names={"t/contacts/a": {"add": NAMES, "remove": replace(NAMES, packed=None)}},
        homes={"t/contacts/a": "t/campaign/b"},
        suppressed={"t/contacts/a": {"blacklist": 1}},
        again={"t/contacts/a": 1},
        edits={"t/campaign/b": ["speed=3"]},
    )
    basis = Basis(journal="j", policy="p", targets={"t": "1"}, documents={"t/contacts/a": "2"}, sources={"t/contacts/a": "3"})
    return plan, Making(only=("a/*",), at=AT, boot="b", clock_s=1.5, basis=basis, extent=extent)


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    plan, made = written()
    path = tmp_path / PLAN
    path.write_text(sealed(plan, made), "utf-8")
    found = read_plan(path)

    assert (found.digest, found.allow_delete, found.acks) == (plan["digest"], 2, ("max_people=3@abababab",))
    assert (found.created_at.isoformat(), found.valid_until.isoformat()) == (plan["created_at"], plan["valid_until"])
    assert found.shown == plan
    assert found.made == made


def test_every_byte_of_a_small_plan_counts(tmp_path: Path) -> None:
    path = tmp_path / PLAN
    whole = sealed(*written()).encode()
    for at in range(len(whole)):
        path.write_bytes(bytes((*whole[:at], whole[at] ^ (1 << at % 8), *whole[at + 1 :])))
        with pytest.raises(Stale):
            read_plan(path)


@pytest.mark.parametrize(
    "change",
    [
        {"names": {"t/contacts/a": {"add": [2, NAMES.digest, b64encode(bytes(16)).decode()]}}},
        {"names": {"t/contacts/a": {"add": [3, NAMES.digest, b64encode(NAMES.packed or b"").decode()]}}},
        {"names": {"t/contacts/a": {"add": [2, NAMES.digest, "***"]}}},
        {"names": {"t/contacts/a": [2]}},
        {"names": None},
        {"substance": {**SUBSTANCE, "policy": {"max_people": 1}}},
        {"substance": {}},
        {"more": 1},
    ],
)
def test_names_and_substance_are_those_of_the_plan(tmp_path: Path, change: dict[str, Any]) -> None:
    """Who knows how a plan is sealed cannot put other people under its digest by mistake."""
    content = json.loads(sealed(*written()))
    content["made_with"]["extent"] |= change
    del content["seal"]
    path = tmp_path / PLAN
    path.write_text(seal(content), "utf-8")

    with pytest.raises(Stale):
        read_plan(path)


def test_a_substance_that_is_none_is_stale_under_its_own_digest(tmp_path: Path) -> None:
    content = json.loads(sealed(*written()))
    for substance in ({}, {**SUBSTANCE, "changes": [["fly t/contacts/a", "", [], 0]]}):
        content["made_with"]["extent"]["substance"] = substance
        content["digest"] = hashlib.sha256(rfc8785.dumps(substance)).hexdigest()
        content.pop("seal", None)
        path = tmp_path / PLAN
        path.write_text(seal(content), "utf-8")

        with pytest.raises(Stale):
            read_plan(path)


def test_the_file_names_nobody(house: House) -> None:
    """Numbers, keys, texts: not as they are, and not as a hash that could be guessed by trying all of them."""
    text = saved(
        house, messages("wolkvox", "on_apply", 1) + "---\n" + barred("wolkvox", "{direction: outbound}", 2)
    ).read_text()

    for word in ("3001230001", "573001230001", "3001230002", "K1", "Hola"):
        assert (f'"{word}"' if len(word) < 4 else word) not in text  # two letters stand in names made of digests by chance
        for plain in (hashlib.sha256(word.encode()), hashlib.md5(word.encode(), usedforsecurity=False)):
            assert plain.hexdigest()[:16] not in text
            assert b64encode(plain.digest()[:8]).decode()[:10] not in text


def test_a_plan_that_is_not_there(tmp_path: Path, house: House) -> None:
    with pytest.raises(Mistaken):
        read_plan(tmp_path / "none.json")

    assert apply(house).code == 1


# --- what makes a review stale -------------------------------------------------------------------------------------------


def test_an_expired_plan_is_stale(house: House) -> None:
    saved(house)
    said = apply(house, "--at", LATER, "--format", "json")

    assert (said.code, said.json["error"]["code"]) == (4, "STL003")
    assert writes(house) == []


def test_a_plan_ends_with_the_window_that_it_was_made_in(house: House) -> None:
    window = "window: {days: [tue], from: 08:00, to: 11:00}\npurpose: collection"
    saved(house, wolkvox_campaign("started").replace("purpose: service", window))

    assert apply(house, "--at", "2026-11-24T11:00:01-05:00").code == 4
    assert writes(house) == []


def test_a_plan_of_another_project_is_stale(house: House) -> None:
    """The same document, against another account: the digest names where it was to be sent."""
    saved(house)
    text = (house.root / "reconciler.yaml").read_text("utf-8")
    before = house.control.calls()
    with running(port=0) as other:
        house.write("reconciler.yaml", text.replace(house.url, other.url))
        said = apply(house)

        assert said.code == 4
        assert "STL001" in said.err
        assert (other.world.effects(), Control(other.url).calls()) == ([], [])
    assert house.control.calls() == before


def from_file(house: House) -> None:
    """A saved plan that loads two rows of a file into a campaign that runs."""
    house.write("data/base.csv", ROWS)
    house.spec(wolkvox_campaign("started"), "campaign")
    house.applied()
    saved(house, FROM_FILE)


def swapped(name: str, old: str, new: str) -> Callable[[House], None]:
    def change(house: House) -> None:
        text = (house.root / name).read_text("utf-8")
        assert old in text
        house.write(name, text.replace(old, new, 1))

    return change


def another_project(house: House) -> None:
    """Another project file in the same folder, on the same journal, that calls the account otherwise."""
    text = (house.root / "reconciler.yaml").read_text("utf-8")
    house.write("reconciler.yaml", text.replace("  wolkvox-co:", "  wolkvox-dos:"))
    for path in (house.root / "specs").iterdir():
        path.write_text(path.read_text("utf-8").replace("wolkvox-co", "wolkvox-dos"), "utf-8")


CHANGED: Final[Mapping[str, tuple[Callable[[House], Any], str]]] = {
    "a row's number": (swapped("data/base.csv", "3001230002", "3001230003"), "the rows of its source"),
    "a row more": (swapped("data/base.csv", "K2,", "K3,3001230003\nK2,"), "the rows of its source"),
    "a row less": (swapped("data/base.csv", "K2,3001230002\n", ""), "the rows of its source"),
    "a field": (swapped("specs/case.yaml", "columns:", "missing: remove\ncolumns:"), "its document"),
    "another document's field": (swapped("specs/campaign.yaml", "Una", "Otra"), "its document"),
    "a document more": (lambda house: house.spec(messages("wolkvox", "on_apply", 1), "sms"), "its document"),
    "a document less": (lambda house: (house.root / "specs/case.yaml").unlink(), "its document"),
    "a policy": (swapped("reconciler.yaml", "{lawpacks: off}", "{lawpacks: off, max_people: 100}"), "the policies"),
    "a zone": (swapped("reconciler.yaml", "America/Bogota", "America/Lima"), "the target"),
    "a test number": (swapped("reconciler.yaml", "    country: CO", "    dial_prefix: '9'\n    country: CO"), "the target"),
    "another project": (another_project, "the target"),
    "another journal": (lambda house: (house.root / ".reconciler/journal.db").unlink(), "the journal"),
}


@pytest.mark.parametrize("name", CHANGED)
def test_what_a_plan_was_made_from_is_looked_at_before_the_first_call(house: House, name: str) -> None:
    """Not even a read leaves."""
    change, words = CHANGED[name]
    from_file(house)
    change(house)
    before = house.control.calls()
    said = apply(house, "--format", "json")

    assert (said.code, said.json["error"]["code"]) == (4, "STL001")
    assert words in said.json["error"]["message"]
    assert house.control.calls() == before


def test_what_changes_nothing_is_no_change(house: House) -> None:
    """Another order of rows, a row that cannot be sent, a comment, a limit, a name of a secret."""
    from_file(house)
    house.write("data/base.csv", "key,phone\nK2,300 123 0002\nK1,3001230001\nK9,12\n")
    swapped("specs/case.yaml", "kind:", "# a comment\nkind:")(house)
    swapped("reconciler.yaml", "settle_s: 0", "settle_s: 0, timeout_s: 9")(house)

    assert apply(house).code == 0
    assert sorted(effect["recipient"] for effect in house.control.effects()) == ["3001230001", "3001230002"]


def test_rows_in_a_document_may_stand_in_another_order(house: House) -> None:
    saved(house, messages("wolkvox", "on_apply", 1, 2))
    house.spec(messages("wolkvox", "on_apply", 2, 1))

    assert apply(house).code == 0
    assert len(house.control.effects()) == 2


def test_a_file_that_is_passed_through_is_known_by_its_content(house: House) -> None:
    story = next(story for story in STORIES if story.operation == "UploadCampaignDataByTenant")
    house.write("data/base.cpg", "one")
    house.spec(story.before)
    house.applied()
    saved(house, story.after)
    house.write("data/base.cpg", "two")
    before = house.control.calls()

    assert apply(house).code == 4
    assert house.control.calls() == before

    house.write("data/base.cpg", "one")

    assert apply(house).code == 0


def test_whose_a_row_is_belongs_to_it(house: House) -> None:
    """Persons are never sent, and decide who is counted and who is left out."""
    house.write("data/base.csv", "key,phone,who\nK1,3001230001,P1\nK2,3001230002,P2\n")
    house.spec(wolkvox_campaign("started"), "campaign")
    house.applied()
    saved(house, FROM_FILE.replace("phone: phone}", "phone: phone, person: who}"))
    swapped("data/base.csv", "P2", "P1")(house)
    before = house.control.calls()

    assert apply(house).code == 4
    assert house.control.calls() == before

    swapped("data/base.csv", "3001230002,P1", "3001230002,P2")(house)

    assert apply(house).code == 0


def test_lifts_are_rows_as_well(house: House) -> None:
    house.spec(barred("wolkvox", "{direction: outbound}", 1, 2))
    house.applied()
    saved(house, barred("wolkvox", "{direction: outbound}", 1, lifts=2))
    house.spec(barred("wolkvox", "{direction: outbound}", 1, lifts=3))
    before = house.control.calls()

    assert apply(house).code == 4
    assert house.control.calls() == before


@pytest.mark.parametrize("words", [("--at", LATER), ("--at", "2026-11-24T09:54:59-05:00")])
def test_an_age_that_cannot_be_asks_nobody(house: House, words: tuple[str, ...]) -> None:
    """A day later; and five minutes before it was made, which says that a clock was turned back."""
    saved(house)
    before = house.control.calls()
    said = apply(house, *words, "--format", "json")

    assert (said.code, said.json["error"]["code"]) == (4, "STL003")
    assert house.control.calls() == before


@pytest.mark.parametrize(
    ("passed_s", "now_s", "boot", "words"),
    [
        (0, 0, "boot", ""),
        (86_400, 86_400, "boot", ""),
        (86_400, -299, "boot", ""),  # two machines' clocks may be five minutes apart
        (10, -301, "boot", "has not reached"),
        (86_401, 86_401, "boot", "valid until"),
        (86_401, 60, "boot", "turned back"),  # the true time counts on the same boot
        (86_401, 60, "another", ""),
        (86_401, 60, "", ""),
        (-1, 60, "boot", "turned back"),
    ],
)
def test_the_true_time_counts_where_it_is_known(tmp_path: Path, passed_s: float, now_s: float, boot: str, words: str) -> None:
    plan, made = written()
    path = tmp_path / PLAN
    path.write_text(sealed(plan, replace(made, boot=boot_name("boot"), clock_s=1000)), "utf-8")
    now = datetime(2026, 11, 24, 15, tzinfo=UTC) + timedelta(seconds=now_s)

    why = read_plan(path).too_old(now, boot, 1000 + passed_s)

    assert words in why
    assert bool(why) == bool(words)


# --- one use -------------------------------------------------------------------------------------------------------------


def used(house: House) -> str:
    """The code with which a plan is refused that was used, without a call."""
    before = house.control.calls()
    said = apply(house, "--format", "json")
    assert (said.code, house.control.calls()) == (4, before)
    return str(said.json["error"]["code"])


def test_a_plan_is_dead_after_a_partial_run(house: House) -> None:
    saved(house, wolkvox_campaign() + "---\n" + messages("wolkvox", "on_apply", 1))
    house.control.fault("429", platform="wolkvox", operation="create_campaign", count=9)

    assert apply(house).code in (1, 5)
    assert used(house) == "STL002"


def test_a_plan_is_dead_after_a_run_that_was_killed(house: House) -> None:
    saved(house, messages("wolkvox", "on_apply", 1, 2, 3))
    house.control.fault("slow", operation="send_sms", ms=5_000)
    with started(house, "apply", PLAN) as process:
        wait_for(called(house, "send_sms"), process)
        process.kill()
        process.wait()
    reached = len(house.control.effects())

    assert used(house) == "STL002"
    assert len(house.control.effects()) == reached


def test_a_plan_is_dead_after_a_run_that_was_interrupted(house: House) -> None:
    saved(house, messages("wolkvox", "on_apply", 1, 2, 3))
    house.control.fault("slow", operation="send_sms", ms=600)
    with started(house, "apply", PLAN) as process:
        wait_for(called(house, "send_sms"), process)
        process.send_signal(signal.SIGINT)
        code, _out, _err = ended(process)

    assert code == 130
    assert used(house) == "STL002"
    assert len(house.control.effects()) == 1


def test_a_run_that_was_refused_before_its_first_call_uses_nothing_up(house: House) -> None:
    """Blocked by a permission (3), stale (4), at a target that is away (7): then it may, and once."""
    house.spec(wolkvox_campaign())
    house.applied()
    house.spec("")
    assert house.run("plan", "--at", AT, "--out", PLAN).code == 0

    assert apply(house).code == 3
    assert apply(house, "--at", LATER, "--allow-delete", "1").code == 4

    house.control.fault("403-maintenance", platform="wolkvox", count=20)
    away = apply(house, "--allow-delete", "1").code
    house.control.clear_faults()

    assert away == 7
    assert apply(house, "--allow-delete", "1").code == 0
    assert used(house) == "STL002"


def test_only_belongs_to_the_plan(house: House) -> None:
    saved(house)
    said = apply(house, "--only", "wolkvox-co/*")

    assert said.code == 64
    assert writes(house) == []


def test_a_plan_against_another_journal_is_used_by_its_digest_alone(house: House) -> None:
    """The rows of a plan are named under the journal's key: nobody can tell that they are the same."""
    saved(house)
    (house.root / ".reconciler" / "journal.db").unlink()

    assert apply(house).code == 4
    assert writes(house) == []


@pytest.mark.parametrize("changed", ["data", "text", "document", "purpose", "policy", "live"])
def test_what_changed_since_the_review_is_not_sent(house: House, changed: str) -> None:
    house.write("data/base.csv", "key,phone\nK1,3001230001\n")
    rows = loaded("wolkvox", 1).split("source:")[0] + "source: {file: ../data/base.csv}\ncolumns: {key: key, phone: phone}\n"
    house.spec(wolkvox_campaign("started"), "campaign")
    house.applied()
    house.spec(rows, "base")
    house.spec(messages("wolkvox", "on_apply", 9), "sms")
    assert house.run("plan", "--at", AT, "--out", PLAN).code == 0
    sent = writes(house)
    match changed:
        case "data":
            house.write("data/base.csv", "key,phone\nK1,3001230001\nK2,3001230002\n")
        case "text":
            house.spec(messages("wolkvox", "on_apply", 9).replace("Hola", "Adios"), "sms")
        case "document":
            house.spec(wolkvox_campaign("started", description="Otra"), "campaign")
        case "purpose":
            (house.root / "specs/sms.yaml").unlink()
        case "policy":
            text = (house.root / "reconciler.yaml").read_text("utf-8")
            house.write("reconciler.yaml", text.replace("{lawpacks: off}", "{lawpacks: off, max_people: 100}"))
        case "live":
            house.control.drift("wolkvox", "description")
    said = apply(house, "--format", "json")

    assert said.code == 4
    assert said.json["error"]["code"] == "STL001"
    assert writes(house) == sent


def test_mistakes_in_a_document_come_before_everything(house: House) -> None:
    saved(house)
    house.spec(messages("wolkvox", "on_apply", 1) + "unknown: key\n")
    before = len(house.control.calls())

    assert apply(house).code == 1
    assert len(house.control.calls()) == before


# --- digests -------------------------------------------------------------------------------------------------------------


def test_a_digest_that_was_reviewed_is_carried_out(house: House) -> None:
    house.spec(messages("wolkvox", "on_apply", 1))
    digest = house.plan()["digest"]

    assert house.run("apply", "--at", AT, "--digest", f"sha256:{digest[:8].upper()}").code == 0
    assert len(house.control.effects()) == 1


@pytest.mark.parametrize("word", ["", "abc1234", "x" * 8, "0" * 65, "12345678 "])
def test_a_digest_that_says_too_little_is_wrong_usage(house: House, word: str) -> None:
    house.spec(messages("wolkvox", "on_apply", 1))
    said = house.run("apply", "--at", AT, "--digest", word, "--format", "json")

    assert said.code == 64
    assert "--digest" in said.json["error"]["message"]
    assert house.control.calls() == []


def test_another_digest_is_stale(house: House) -> None:
    house.spec(messages("wolkvox", "on_apply", 1))

    assert house.run("apply", "--at", AT, "--digest", "0" * 64).code == 4
    assert writes(house) == []


def test_a_plan_and_a_digest_must_be_the_same(house: House) -> None:
    digest = json.loads(saved(house).read_text("utf-8"))["digest"]

    assert apply(house, "--digest", "0" * 8).code == 4
    assert apply(house, "--digest", digest).code == 0


# --- permissions ---------------------------------------------------------------------------------------------------------


def test_what_a_reviewer_allowed_travels_with_the_plan(house: House) -> None:
    house.spec(wolkvox_campaign())
    house.applied()
    house.spec("")
    assert house.run("plan", "--at", AT, "--out", PLAN, "--allow-delete", "1").code == 0

    assert json.loads((house.root / PLAN).read_text("utf-8"))["permissions"]["allow_delete"] == 1
    assert apply(house).code == 0
    house.settled()


def test_a_delete_that_nobody_allowed_is_blocked(house: House) -> None:
    house.spec(wolkvox_campaign())
    house.applied()
    house.spec("")
    assert house.run("plan", "--at", AT, "--out", PLAN).code == 0

    refused = apply(house, "--format", "json")

    assert (refused.code, refused.json["error"]["code"]) == (3, "APR002")
    assert apply(house, "--allow-delete", "2").code == 3
    assert apply(house, "--allow-delete", "1").code == 0


def test_an_acknowledgement_travels_with_the_plan(house: House) -> None:
    text = (house.root / "reconciler.yaml").read_text("utf-8")
    house.write("reconciler.yaml", text.replace("policies: {lawpacks: off}", "policies: {lawpacks: off, max_people: 1}"))
    saved(house)
    digest = house.plan()["digest"]

    assert apply(house).code == 3

    saved(house, "", "--ack", f"max_people=2@{digest[:8]}")

    assert apply(house).code == 0
    assert len(house.control.effects()) == 2


def test_what_was_left_out_of_a_plan_stays_out(house: House) -> None:
    house.spec(wolkvox_campaign(), "campaign")
    saved(house, "", "--only", "wolkvox-co/scheduled_sms/*")

    assert apply(house).code == 0
    assert [call for call in writes(house) if "create" in call] == []
    assert len(house.control.effects()) == 2


@pytest.mark.parametrize(("words", "code"), [((), 3), (("--allow-irreversible", "2"), 3), (("--allow-irreversible", "1"), 0)])
def test_what_nobody_looked_at_needs_its_number(house: House, words: tuple[str, ...], code: int) -> None:
    house.spec(messages("wolkvox", "on_apply", 1, 2))

    assert house.run("apply", "--at", AT, "--auto-approve", *words).code == code
    assert len(house.control.effects()) == (2 if code == 0 else 0)


# --- at a terminal -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("answer", "code"), [("yes", 0), ("YES ", 0), ("y", 3), ("", 3), ("no", 3)])
def test_a_person_is_asked_and_only_yes_is_yes(house: House, monkeypatch: pytest.MonkeyPatch, answer: str, code: int) -> None:
    house.spec(messages("wolkvox", "on_apply", 1))
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.prompt", lambda *_words, **_more: answer)
    said = house.run("apply", "--at", AT)

    assert said.code == code
    assert len(house.control.effects()) == (1 if code == 0 else 0)


def test_an_answer_that_comes_after_an_hour_is_too_late(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.spec(messages("wolkvox", "on_apply", 1))
    passed = [timedelta(0)]
    real = session.World

    def answered(*_words: object, **_more: object) -> str:
        passed[0] = timedelta(minutes=61)
        return "yes"

    def world(environ: Mapping[str, str]) -> session.World:
        made = real(environ=environ)
        return real(environ=environ, now=lambda: made.now() + passed[0])

    monkeypatch.setattr(session, "World", world)
    monkeypatch.setattr("sys.stdin.isatty", lambda: True, raising=False)
    monkeypatch.setattr("sys.stderr.isatty", lambda: True, raising=False)
    monkeypatch.setattr("click.prompt", answered)

    assert house.run("apply", "--at", AT).code == 4
    assert writes(house) == []
