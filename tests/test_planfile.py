"""Only what was reviewed is carried out: saved plans, digests, permissions, and everything that makes a review stale."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

import pytest

from reconciler.cli.planfile import read_plan, sealed
from reconciler.errors import Mistaken, Stale
from reconciler.reconcile import session
from reconciler.sandbox.server import running
from tests.faults.stories import loaded, messages, wolkvox_campaign
from tests.house import AT, House, Said

LATER: Final = "2026-11-25T10:00:01-05:00"  # a day and a second after AT
PLAN: Final = "plan.json"


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
    ],
)
def test_a_sealed_plan_that_is_none_is_stale(house: House, change: dict[str, Any]) -> None:
    path = saved(house)
    content = {**json.loads(path.read_text("utf-8")), **change}
    del content["seal"]
    path.write_text(seal(content), "utf-8")

    assert apply(house).code == 4
    assert writes(house) == []


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    plan = {
        "digest": "ab" * 32,
        "valid_until": "2026-11-25T10:00:00-05:00",
        "permissions": {"allow_delete": 2, "acks": ["max_people=3@abababab"]},
        "text": "ñ • 'quoted'",
    }
    path = tmp_path / PLAN
    path.write_text(sealed(plan, only=["a/*"], at=AT), "utf-8")
    found = read_plan(path)

    assert (found.digest, found.allow_delete, found.acks, found.only, found.at) == (
        "ab" * 32,
        2,
        ("max_people=3@abababab",),
        ("a/*",),
        AT,
    )
    assert found.valid_until.isoformat() == plan["valid_until"]
    assert found.shown == plan


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
    with running(port=0) as other:
        house.write("reconciler.yaml", text.replace(house.url, other.url))
        said = apply(house)

        assert said.code == 4
        assert "STL001" in said.err
        assert other.world.effects() == []


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
            house.write("reconciler.yaml", text.replace("policies: {}", "policies: {max_people: 100}"))
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
    house.write("reconciler.yaml", text.replace("policies: {}", "policies: {max_people: 1}"))
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
