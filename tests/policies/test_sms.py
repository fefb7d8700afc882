"""What is said of messages: their alphabet, how to stop them, how long they are; each at its edge."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from reconciler.diagnostics import Finding, Severity
from reconciler.plan.reached import Reached, Way
from reconciler.plan.values import Plan, TargetState
from reconciler.policies.judging import judge
from reconciler.policies.settings import Settings
from reconciler.policies.sms import SEGMENTS_MAX
from reconciler.resource import Address, Origin
from reconciler.rows.wording import Costly, Wording

NOW: Final = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
HERE: Final = Address("ucontact-uy", "scheduled_sms", "aviso")
PLAIN: Final = Wording(messages=10, segments=10, longest=1, segments_plain=10, longest_plain=1, opt_out=True)
ACCENTED: Final = replace(
    PLAIN,
    segments=18,
    longest=2,
    unicode=8,
    costly=(Costly(character="ó", column="", messages=8), Costly(character="\u0301", column="name", messages=1)),
)


def reached(wording: Wording | None, **fields: Any) -> Reached:
    """Messages at one address."""
    settled: dict[str, Any] = {"address": HERE, "way": Way.SEND, "purpose": "marketing", "channel": "sms"}
    return Reached(**(settled | fields), wording=wording, people=10, origin=Origin("specs/aviso.yaml", 7))


def looked(*of: Reached) -> Plan:
    """The plan that sends these messages, judged."""
    targets = tuple(
        TargetState(name=name, platform=platform, url="", account="", simulated=True, complete=True, read_at=NOW)
        for name, platform in (("ucontact-uy", "ucontact"), ("wolkvox-co", "wolkvox"))
    )
    plan = Plan(created_at=NOW, valid_until=NOW + timedelta(hours=24), targets=targets, reached=of)
    return judge(plan, Settings(lawpacks=()), NOW)


def found(*of: Reached) -> dict[str, Finding]:
    """The findings about messages, by code."""
    return {finding.code: finding for finding in looked(*of).findings if finding.code.startswith("SMS")}


def test_plain_messages_that_say_how_to_stop_them_pass_and_are_told_to_have_been_looked_at() -> None:
    judged = looked(reached(PLAIN))

    assert found(reached(PLAIN)) == {}
    results = {entry["rule"]: entry["result"] for entry in judged.evaluated}
    assert {code: results[code] for code in results if code.startswith("SMS")} == {
        "SMS001": "pass",
        "SMS002": "pass",
        "SMS003": "pass",
        "SMS004": "pass",
    }


def test_one_message_in_ucs2_is_told_with_its_characters_and_both_costs() -> None:
    told = found(reached(ACCENTED))["SMS001"]

    assert (told.severity, told.address, told.origin) == (Severity.WARN, HERE, Origin("specs/aviso.yaml", 7))
    assert told.message == (
        "8 of 10 message(s) need UCS-2 for ó (U+00F3) in the text, U+0301 COMBINING ACUTE ACCENT from column name: "
        "18 segment(s), at most 2 a message; in GSM-7 as far as it has them 10, at most 1"
    )
    assert told.remedy == "'reconciler fmt --fix SMS' proposes a wording. Write the column(s) name without them in the source."


@pytest.mark.parametrize(
    ("costly", "remedy"),
    [
        ((Costly(character="😀", column="", messages=1),), "What GSM-7 has nothing for can only be left out."),
        ((Costly(character="ó", column="a", messages=1),), "Write the column(s) a without them in the source."),
    ],
)
def test_the_remedy_is_one_that_helps(costly: tuple[Costly, ...], remedy: str) -> None:
    assert found(reached(replace(ACCENTED, costly=costly)))["SMS001"].remedy == remedy


def test_a_sentence_names_few_characters_and_says_that_there_are_more() -> None:
    costly = tuple(Costly(character=one, column="", messages=1) for one in "áíóúçã")

    told = found(reached(replace(ACCENTED, costly=costly)))["SMS001"]

    assert "ç (U+00E7) in the text, and others" in told.message
    assert "ã" not in told.message


@pytest.mark.parametrize(
    ("purpose", "channel", "wording", "warned"),
    [
        ("marketing", "sms", PLAIN, False),
        ("marketing", "sms", replace(PLAIN, opt_out=False), True),
        ("marketing", "sms", None, True),
        ("marketing", "voice", None, False),
        ("service", "sms", replace(PLAIN, opt_out=False), False),
        ("collection", "sms", None, False),
    ],
)
def test_marketing_by_message_says_how_to_stop_it(purpose: str, channel: str, wording: Wording | None, warned: bool) -> None:
    told = found(reached(wording, purpose=purpose, channel=channel))

    assert ("SMS002" in told) is warned
    assert all(finding.severity is Severity.WARN for finding in told.values())


def test_a_text_that_is_not_known_is_not_said_to_lack_anything() -> None:
    assert "not known" in found(reached(None))["SMS002"].message
    assert "not known" not in found(reached(replace(PLAIN, opt_out=False)))["SMS002"].message


@pytest.mark.parametrize("longest", [SEGMENTS_MAX - 1, SEGMENTS_MAX, SEGMENTS_MAX + 1])
def test_no_message_has_more_segments_than_can_be_counted(longest: int) -> None:
    told = found(reached(replace(PLAIN, longest=longest)))

    assert ("SMS003" in told) is (longest > SEGMENTS_MAX)
    assert all(finding.severity is Severity.DENY for finding in told.values())


@pytest.mark.parametrize(
    ("target", "longest", "warned"), [("wolkvox-co", 1, False), ("wolkvox-co", 2, True), ("ucontact-uy", 2, False)]
)
def test_what_a_platform_does_with_long_messages_is_said_where_nobody_knows(target: str, longest: int, warned: bool) -> None:
    told = found(reached(replace(PLAIN, longest=longest), address=Address(target, "scheduled_sms", "aviso")))

    assert ("SMS004" in told) is warned


def test_every_document_is_told_of_by_itself() -> None:
    other = Address("ucontact-uy", "contacts", "base")
    judged = looked(reached(ACCENTED), reached(ACCENTED, address=other), reached(PLAIN, address=Address("a", "contacts", "b")))

    assert {finding.address for finding in judged.findings if finding.code == "SMS001"} == {HERE, other}
