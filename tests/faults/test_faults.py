"""Every write of every platform, struck by every fault: nobody is contacted twice, and what is not known is said so.

The sandbox's log of effects is the truth. A fault that surely did nothing ends in 1 or 5; anything else is doubt: exit 6, the
next apply sends nothing, and `resolve` settles it by reading or by a person's word. After that the wish is carried out once.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from typing import Final

import pytest

from reconciler.reconcile.session import World
from reconciler.wire import TRIES
from tests.faults.stories import STORIES, Story
from tests.house import AT, House, Said

WITHOUT_EFFECT: Final = ("drop-before", "500-before", "html")
REFUSED: Final = ("429", "403-quota", "403-concurrency", "403-maintenance", "403-token", "token-expired")
BUSY: Final = ("429", "403-concurrency")  # repeated at once where a state is set
AFTER: Final = ("drop-after", "500-after", "html-after", "truncated", "empty", "shape", "late", "slow")
LATE_S: Final = 30
TIMEOUT_S: Final = 0.4
DETAILS: Final = {"slow": {"ms": 3_000}, "late": {"seconds": LATE_S}}

EACH: Final = pytest.mark.parametrize("story", STORIES, ids=lambda story: story.operation)
MARKING: Final = "block_predictive_dnc"  # once the number itself is listed, nothing shows that records were not marked


def _kinds(story: Story, kinds: Sequence[str], least: int) -> list[str]:
    """All kinds for what reaches people; for other writes some of them, in turn."""
    if story.asked or story.operation == "add_record":
        return list(kinds)
    first = STORIES.index(story)
    return list(dict.fromkeys(kinds[(first + step) % len(kinds)] for step in range(least)))


STRUCK_AFTER: Final = [
    pytest.param(story, kind, id=f"{story.operation}-{kind}")
    for story in STORIES
    for kind in dict.fromkeys(["drop-after", *_kinds(story, AFTER, 1)])
]


@pytest.fixture
def house(house: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """A project that never waits, with every way to reach somebody open."""

    def world(environ: dict[str, str]) -> World:
        return World(environ=environ, sleep=lambda _seconds: None)

    monkeypatch.setattr("reconciler.reconcile.session.World", world)
    project = (
        (house.root / "reconciler.yaml")
        .read_text("utf-8")
        .replace("    country: UY", "    email_base: assumed\n    country: UY")
    )
    house.write("reconciler.yaml", project)
    house.write("data/base.cpg", "formato propio\n")
    return house


def _impatient(house: House) -> None:
    """A slow answer is given up soon; its call stays in flight on the platform's side."""
    project = (house.root / "reconciler.yaml").read_text("utf-8")
    house.write("reconciler.yaml", project.replace("{settle_s: 0}", f"{{settle_s: 0, timeout_s: {TIMEOUT_S}}}"))
    house.control.limits("wolkvox", calls_in_flight=50)


def _begun(house: House, story: Story) -> None:
    """What is there before, and then the wish."""
    if story.operation == "SendSMS":
        project = (
            (house.root / "reconciler.yaml").read_text("utf-8").replace("    country: UY", "    sms_api: v1\n    country: UY")
        )
        house.write("reconciler.yaml", project)
    if story.before:
        house.spec(story.before)
        assert house.apply().code == 0
    house.spec(story.after)
    assert not house.plan()["empty"]


def _apply(house: House, story: Story) -> Said:
    """Apply what is planned now, with whatever it wants acknowledged."""
    words = ["--auto-approve", "--allow-delete", "1", "--allow-irreversible", "1"]
    if story.acks:
        plan = house.plan()
        words = ["--digest", plan["digest"]]
        for guard, value in story.acks.items():
            words += ["--ack", f"{guard}={value}@{plan['digest'][:8]}"]
    return house.run("apply", "--format", "json", "--at", AT, *words)


def _writes(house: House, story: Story) -> int:
    """How many calls of the story's operation the platform got."""
    return sum(call["operation"].endswith(story.operation) for call in house.control.calls())


def _resolved(house: House, *, happened: bool) -> None:
    """Every doubt settled: by reading, and by a person who looked in the console where reading cannot tell."""
    for doubt in house.run("resolve", "--format", "json").json["unknown"]:
        said = house.run("resolve", doubt["run"], "--format", "json")
        for left in said.json["unknown"]:
            verdict = "done" if happened else "not-done"
            house.run("resolve", left["run"], left["operation"], "--verdict", verdict, "--reason", "seen in the console")
        if not said.json["unknown"]:
            break
    assert house.run("resolve").code == 0


def _once(house: House, story: Story) -> None:
    """The truth: everybody who was to be reached was, once; what was to be there is there, once."""
    effects = house.control.effects()
    people = Counter((one["container_id"] or one["container"], one["recipient"], one["what"]) for one in effects)

    assert [who for who, times in people.items() if times > 1] == []
    assert len(effects) == story.reached
    assert house.plan()["empty"]
    prefix = TARGET_ACCOUNTS[story.platform]
    counts = next(one["counts"] for one in house.control.status()["accounts"] if one["account"] == prefix)
    assert story.there.items() <= counts.items()


TARGET_ACCOUNTS: Final = {"wolkvox": "wolkvox", "lynn": "lynn/1234", "ucontact": "ucontact"}


@EACH
def test_what_is_surely_refused_has_no_effect_and_is_done_later(house: House, story: Story) -> None:
    _begun(house, story)
    before = house.control.effects()
    for kind in _kinds(story, REFUSED, 1 if story.operation == MARKING else 2):
        again = _again_after_login(story, kind)
        house.control.fault(kind, platform=story.platform, operation=story.operation, count=TRIES if kind in BUSY else 1)
        said = _apply(house, story)
        house.control.clear_faults()

        assert said.code in ((0,) if again else (1, 5)), (kind, said.out)
        if again:  # logged in once more, and the call that was refused is made
            break
        assert house.control.effects() == before
        assert house.run("resolve").code == 0
    assert _apply(house, story).code == 0
    _once(house, story)


def _again_after_login(story: Story, kind: str) -> bool:
    return (
        kind == "token-expired" or (kind == "403-token" and story.platform != "wolkvox")
        if story.platform != "wolkvox"
        else False
    )


@EACH
def test_a_call_without_effect_and_without_an_answer_is_doubt(house: House, story: Story) -> None:
    _begun(house, story)
    for kind in _kinds(story, WITHOUT_EFFECT, 1):
        house.control.fault(kind, platform=story.platform, operation=story.operation)

        assert _apply(house, story).code == 6, kind

        sent = _writes(house, story)

        assert _apply(house, story).code == 6, kind
        assert _writes(house, story) == sent

        _resolved(house, happened=False)
    assert _apply(house, story).code == 0
    _once(house, story)


@pytest.mark.parametrize(("story", "kind"), STRUCK_AFTER)
def test_a_call_with_effect_and_without_a_sound_answer_is_doubt(house: House, story: Story, kind: str) -> None:
    _begun(house, story)
    if kind == "slow":
        _impatient(house)
    house.control.fault(kind, platform=story.platform, operation=story.operation, **DETAILS.get(kind, {}))
    doubt = kind not in story.sound

    assert _apply(house, story).code == (6 if doubt else 0)

    sent = _writes(house, story)
    if doubt:
        assert _apply(house, story).code == 6
        assert _writes(house, story) == sent
        house.control.clock(advance_s=LATE_S)
        _resolved(house, happened=True)
    assert _apply(house, story).code == 0
    _once(house, story)


PARTIAL: Final = {
    "add_record": 6,  # the export shows which are missing
    "remove_record": 5,
    "configuration.add_dnc": 5,
    "ManageDnDByCampaign": 5,
}


@pytest.mark.parametrize("story", [story for story in STORIES if story.operation in PARTIAL], ids=lambda story: story.operation)
def test_a_part_done_and_called_whole_is_seen_in_the_read_back(house: House, story: Story) -> None:
    _begun(house, story)
    house.control.fault("partial", platform=story.platform, operation=story.operation)

    assert _apply(house, story).code == PARTIAL[story.operation]

    if PARTIAL[story.operation] == 6:
        _resolved(house, happened=True)
    left = dict.fromkeys(story.acks, 1)
    assert _apply(house, replace(story, acks=left)).code == 0
    _once(house, story)


@pytest.mark.parametrize("kind", ["task-failed", "partial"])
def test_a_task_that_failed_is_asked_about_where_people_may_have_been_reached(house: House, kind: str) -> None:
    story = next(story for story in STORIES if story.operation == "AddCampaingData")
    _begun(house, story)
    house.control.fault(kind, platform="lynn", operation=story.operation)
    said = _apply(house, story)

    assert said.code == (6 if kind == "task-failed" else 0)  # of rows that are never shown, a task's good end is all there is
    if kind == "task-failed":
        assert _apply(house, story).code == 6
        _resolved(house, happened=False)
        assert _apply(house, story).code == 0
        _once(house, story)


@pytest.mark.parametrize("platform", ["wolkvox", "lynn", "ucontact"])
def test_a_quota_that_ends_in_the_middle_stops_the_messages_and_not_the_memory(house: House, platform: str) -> None:
    operation = {"wolkvox": "send_sms", "lynn": "AddCampaingData", "ucontact": "SendSMSv2"}[platform]
    story = next(story for story in STORIES if story.operation == operation)
    _begun(house, story)
    house.control.fault("quota-gone", platform=platform, operation=operation, after=0 if platform == "lynn" else 1)

    assert _apply(house, story).code in (1, 5)

    reached = len(house.control.effects())
    house.control.clear_faults()
    if platform == "wolkvox":
        assert _apply(house, story).code == 7  # nothing is read today any more
        assert len(house.control.effects()) == reached
        house.control.limits("wolkvox", calls_per_day=5_000)
    plan = house.plan()
    assert plan["people"]["total"] == story.reached - reached
    assert house.apply().code == 0
    _once(house, story)


def test_an_address_in_doubt_does_not_hold_back_the_others(house: House) -> None:
    stories = [story for story in STORIES if story.operation in ("send_sms", "PostCampaign", "ScheduleDialerSMS")]
    for story in stories:
        house.spec(story.after, story.platform)
    house.control.fault("drop-after", platform="wolkvox", operation="send_sms")
    said = house.apply()

    assert said.code == 6
    outcomes = {change["address"].split("/")[0]: change["outcome"] for change in said.json["changes"]}
    assert outcomes == {"wolkvox-co": "unknown", "lynn-cl": "verified", "ucontact-uy": "unverifiable"}
    assert Counter(one["platform"] for one in house.control.effects()) == {"wolkvox": 1, "ucontact": 2}


def test_a_doubt_elsewhere_is_named_at_the_end_of_a_partial_run(house: House) -> None:
    """`--only` goes past an address in doubt; that something is unknown is said by every later apply."""
    house.spec(next(story.after for story in STORIES if story.operation == "SendSMSv2"))
    house.control.fault("drop-after", platform="ucontact", operation="SendSMSv2")
    house.apply()
    house.spec(next(story.after for story in STORIES if story.operation == "PostCampaign"), "other")
    said = house.run("apply", "--at", AT, "--auto-approve", "--only", "lynn-cl/*", "--format", "json")

    assert said.code == 6
    assert said.json["exit_code"] == 6
    assert [change["outcome"] for change in said.json["changes"]] == ["verified"]
    assert "resolve" in said.err


def test_a_list_that_is_older_than_the_call_does_not_settle_a_creation(house: House) -> None:
    """One reading may be stale: what would be made again rests on two that agree."""
    house.spec(next(story.after for story in STORIES if story.operation == "create_campaign"))
    house.control.fault("stale", platform="wolkvox", operation="information.campaigns", count=1, after=2)
    house.control.fault("drop-after", platform="wolkvox", operation="create_campaign")
    run = house.apply().json["run"]

    assert house.run("resolve", run).code == 6
    assert house.run("resolve", run).code == 0
    house.applied()  # its speed
    house.settled()
    assert next(one["counts"]["campaigns"] for one in house.control.status()["accounts"] if one["account"] == "wolkvox") == 1


def test_a_rename_while_in_doubt_contacts_nobody_again(house: House) -> None:
    text = next(story.after for story in STORIES if story.operation == "SendSMSv2")
    house.spec(text)
    house.control.fault("drop-after", platform="ucontact", operation="SendSMSv2")

    assert house.apply().code == 6

    house.spec(text.replace("name: aviso", "name: renombrado"))

    assert house.apply().code == 6
    assert len(house.control.effects()) == 1

    shutil.rmtree(house.root / "specs")
    house.spec("")
    assert house.run("resolve").code == 6
