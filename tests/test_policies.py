"""Guards and schedules: each at −1, 0 and +1, and acknowledgements that fit one guard, one value and one plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

import pytest

from reconciler.diagnostics import Finding, Severity
from reconciler.document import parse as parse_document
from reconciler.plan.reached import Reached, Spend, Way
from reconciler.plan.values import Change, People, Plan, Reason, RowsChange, TargetState
from reconciler.policies.acks import Ack
from reconciler.policies.judging import judge
from reconciler.policies.settings import Cost, Limit, Settings, parse
from reconciler.resource import Action, Address, Origin
from reconciler.rows.sheet import RowsDiff
from reconciler.rows.wording import Wording

NOW: Final = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
BASE: Final = Address("wolkvox-co", "contacts", "base")
SMS: Final = Address("ucontact-uy", "scheduled_sms", "recordatorio")
LIST: Final = Address("wolkvox-co", "blacklist", "no-llamar")
OFF: Final = Limit(share=Decimal(1), floor=10**9)


def campaigns(action: Action, count: int) -> tuple[Change, ...]:
    """So many changes of one action."""
    return tuple(
        Change(action=action, address=Address("wolkvox-co", "campaign", f"c{number}"), reason=Reason.FIELDS, calls=1)
        for number in range(count)
    )


def plan(live: int = 0, **parts: Any) -> Plan:
    """A plan over a target with so many live campaigns."""
    target = TargetState(
        name="wolkvox-co", platform="wolkvox", url="", account="", simulated=True, complete=True, read_at=NOW, campaigns=live
    )
    return Plan(created_at=NOW, valid_until=NOW + timedelta(hours=24), targets=(target,), **parts)


def rows(address: Address = BASE, **counts: Any) -> RowsChange:
    """Compared rows with these counts."""
    return RowsChange(address=address, diff=RowsDiff(**({"in_source": 1} | counts)), origin=Origin("specs/a.yaml", 3))


def reached(segments: int) -> Reached:
    """Messages of so many segments."""
    return Reached(address=SMS, way=Way.SEND, purpose="service", wording=Wording(messages=1, segments=segments))


def found(plan_: Plan, settings: Settings | None = None, *acks: str) -> dict[str, Finding]:
    """What the policies say, by code."""
    judged = judge(plan_, settings or Settings(), NOW, [Ack.parse(text) for text in acks])
    return {finding.code: finding for finding in judged.findings}


@pytest.mark.parametrize(
    ("live", "count", "tripped"),
    [(10, 2, False), (10, 3, False), (10, 4, True), (9, 9, False), (100, 30, False), (100, 31, True)],
)
@pytest.mark.parametrize(
    ("action", "code", "guard"), [(Action.DELETE, "VOL001", "max_deletes"), (Action.UPDATE, "VOL002", "max_updates")]
)
def test_shares_of_live_campaigns(live: int, count: int, tripped: bool, action: Action, code: str, guard: str) -> None:
    """30 % of at least 10 by default: exactly the share passes, fewer live objects than the floor are not looked at."""
    finding = found(plan(live, changes=campaigns(action, count))).get(code)

    assert (finding is not None) is tripped
    if finding:
        assert finding.severity is Severity.APPROVE
        assert f"--ack {guard}={count}@" in finding.remedy


@pytest.mark.parametrize(("live", "gone", "tripped"), [(50, 4, False), (50, 5, False), (50, 6, True), (49, 49, False)])
def test_row_removals(live: int, gone: int, tripped: bool) -> None:
    """Removed, closed and replaced rows count alike, over all documents."""
    for kind in ("to_remove", "to_close", "to_replace"):
        counts: dict[str, Any] = {"live": live, kind: gone}
        assert ("VOL003" in found(plan(rows=(rows(**counts),)))) is tripped
    halves = (rows(live=live - 1, to_remove=gone - 2), rows(LIST, live=1, to_close=1, to_replace=1))
    assert ("VOL003" in found(plan(rows=halves))) is tripped


@pytest.mark.parametrize("share", ["29%", "7%", "0.7%", "33.3%", "100%", "0%"])
def test_a_share_is_exact(share: str) -> None:
    """29 of 100 are 29 %, whatever a binary fraction makes of it."""
    limits, findings = settings(f"max_deletes: {{share: {share}}}")
    exactly = int(Decimal(share.rstrip("%")) * 10)

    assert findings == []
    assert not limits.max_deletes.exceeded(exactly, 1000)
    assert limits.max_deletes.exceeded(exactly + 1, 1000)


@pytest.mark.parametrize(("value", "tripped"), [(99, False), (100, False), (101, True)])
def test_totals(value: int, tripped: bool) -> None:
    """People, new people, calls and lifts: the limit itself passes, one more does not."""
    limits = Settings(max_people=100, max_new_people=100, max_calls=100, max_lifts=100)
    judged = {
        "VOL004": plan(people=People(total=value)),
        "VOL005": plan(people=People(first_time=value)),
        "VOL006": plan(changes=campaigns(Action.START, value)),
        "VOL008": plan(rows=(rows(LIST, to_lift=value),)),
    }

    for code, plan_ in judged.items():
        assert (code in found(plan_, limits)) is tripped


def test_limits_are_off_until_they_are_written_and_lifts_are_not() -> None:
    """`policies: {}` looks at shares, empty wishes and lifts alone."""
    assert found(plan(people=People(total=10**6, first_time=10**6), changes=campaigns(Action.START, 2000))) == {}
    assert set(found(plan(rows=(rows(LIST, to_lift=1),)))) == {"VOL008"}


def test_an_empty_source_of_a_list_that_was_not_empty() -> None:
    """An export that failed looks just like the wish for nobody."""
    emptied = rows(in_source=0, live=12)

    finding = found(plan(rows=(emptied,)))["VOL007"]
    assert (finding.address, finding.origin) == (BASE, Origin("specs/a.yaml", 3))
    assert "VOL007" in found(plan(rows=(rows(in_source=0),), occurrences={str(BASE): 1}))
    assert found(plan(rows=(rows(in_source=0),), occurrences={str(BASE): 0})) == {}
    assert found(plan(rows=(rows(in_source=1, live=12),))) == {}


def test_an_acknowledgement_lets_one_guard_pass() -> None:
    """Copied from the plan as printed, or with more of the digest."""
    tripped = plan(people=People(total=11926))
    limits = Settings(max_people=100)
    refused = found(tripped, limits)["VOL004"]
    digest = tripped.digest

    assert refused.remedy == f"if it is meant: --ack max_people=11926@{digest[:8]}"
    for ack in (f"max_people=11926@{digest[:8]}", f"max_people=11926@{digest}", f" max_people = 11926 @ sha256:{digest[:12]}"):
        passed = found(tripped, limits, ack)["VOL004"]
        assert passed.severity is Severity.INFO
        assert not judge(tripped, limits, NOW, [Ack.parse(ack)]).blocked


@pytest.mark.parametrize(
    "ack",
    ["max_people=11925@{digest}", "max_people=11926@{other}", "max_new_people=11926@{digest}", "max_people=11926@{digest}0"],
)
def test_an_acknowledgement_of_something_else_does_not(ack: str) -> None:
    """Another value, another plan, another guard."""
    tripped = plan(people=People(total=11926))
    limits = Settings(max_people=100)
    text = ack.format(digest=tripped.digest, other=("0" if tripped.digest[0] != "0" else "1") + tripped.digest[1:])

    assert found(tripped, limits, text)["VOL004"].severity is Severity.APPROVE


def test_an_acknowledgement_does_not_outlive_its_plan() -> None:
    """The next plan has another digest, though the value be the same."""
    first = plan(people=People(total=101), changes=campaigns(Action.START, 1))
    second = plan(people=People(total=101), changes=campaigns(Action.START, 2))
    limits = Settings(max_people=100)
    ack = f"max_people=101@{first.digest[:8]}"

    assert found(first, limits, ack)["VOL004"].severity is Severity.INFO
    assert found(second, limits, ack)["VOL004"].severity is Severity.APPROVE


def test_an_empty_wish_is_acknowledged_by_its_address() -> None:
    """Addresses may hold every sign that an acknowledgement is made of."""
    odd = Address("wolkvox-co", "contacts", "a=b@c")
    emptied = plan(rows=(rows(odd, in_source=0, live=12),))
    ack = f"empty_wish={odd}@{emptied.digest[:8]}"

    assert ack in found(emptied)["VOL007"].remedy
    assert found(emptied, None, ack)["VOL007"].severity is Severity.INFO


@pytest.mark.parametrize(
    "text",
    [
        "",
        "max_people",
        "max_people=1",
        "max_people=1@",
        "max_people=1@9f3c2a7",
        "max_people=1@sha256:",
        "max_people=1@sha256:9f3c2a7",
        "max_people=@9f3c2a71",
        "max_people@9f3c2a71",
        "=1@9f3c2a71",
    ],
)
def test_an_acknowledgement_names_guard_value_and_enough_of_the_digest(text: str) -> None:
    """Less than eight digits could be any plan's."""
    with pytest.raises(ValueError, match=r"^"):
        Ack.parse(text)


@pytest.mark.parametrize(
    ("after_s", "code"),
    [(-86_400, "EXP001"), (-1, "EXP001"), (0, "EXP002"), (1, "EXP002"), (119, "EXP002"), (120, None), (121, None)],
)
def test_a_schedule_lies_far_enough_ahead(after_s: int, code: str | None) -> None:
    """The past is denied, and so is what is nearer than two minutes: the platform moves its queue by the minute."""
    at = (NOW + timedelta(seconds=after_s)).isoformat()

    judged = found(plan(schedules={str(SMS): at}, rows=(rows(SMS, to_add=1),)))

    assert list(judged) == ([code] if code else [])
    if code:
        assert judged[code].severity is Severity.DENY
        assert (judged[code].address, judged[code].origin) == (SMS, Origin("specs/a.yaml", 3))


def test_a_schedule_is_judged_by_its_own_offset() -> None:
    """The same moment, written elsewhere."""
    assert found(plan(schedules={str(SMS): "2026-11-20T11:32:00-03:00"})) == {}
    assert set(found(plan(schedules={str(SMS): "2026-11-20T14:32:00+00:01"}))) == {"EXP002"}
    assert found(plan(schedules={str(SMS): "on_apply"})) == {}


def test_a_denial_cannot_be_acknowledged() -> None:
    """Only guards have acknowledgements; nothing is sent into the past."""
    late = plan(schedules={str(SMS): "2026-11-20T14:00:00Z"})
    ack = f"EXP001=1@{late.digest[:8]}"

    assert found(late, None, ack)["EXP001"].severity is Severity.DENY


def test_what_the_plan_says_already_stays_and_weighs_in_order() -> None:
    """Policies add findings, and change nothing else of a plan."""
    note = Finding(code="UNV001", severity=Severity.INFO, message="not shown")
    before = plan(10, findings=(note,), changes=campaigns(Action.DELETE, 4), schedules={str(SMS): "2026-11-20T14:00:00Z"})

    after = judge(before, Settings(), NOW)

    assert [finding.code for finding in after.findings] == ["EXP001", "VOL001", "POL004", "UNV001"]
    assert replace(after, findings=before.findings, evaluated=(), versions={}) == before
    assert after.digest == before.digest


def test_every_rule_has_a_verdict() -> None:
    """Passes, too: what was looked at can be seen later."""
    judged = judge(plan(people=People(total=101)), Settings(max_people=100), NOW)
    verdicts = {one["rule"]: one["result"] for one in judged.evaluated}

    assert verdicts.pop("VOL004") == "approve"
    assert set(verdicts.values()) == {"pass"}
    guards = {f"VOL{number:03}" for number in range(1, 12)} - {"VOL004"}
    assert verdicts.keys() >= {*guards, "EXP001", "EXP002", "DRF001", "APW001"}


@pytest.mark.parametrize(
    ("segments", "tripped"), [((29_999,), False), ((30_000,), False), ((10_000, 20_000), False), ((30_001,), True)]
)
def test_what_messages_cost(segments: tuple[int, ...], tripped: bool) -> None:
    """Exact: 30,000 segments at 0.008 are 240 and no more; one more is too dear."""
    price = Cost(amount=Decimal(240), currency="USD", per_segment=Decimal("0.008"))
    sent = plan(reached=tuple(reached(count) for count in segments))

    judged = judge(sent, Settings(max_cost=price), NOW)
    finding = {finding.code: finding for finding in judged.findings}.get("VOL010")

    assert judged.cost == Spend(segments=sum(segments), amount=Decimal("0.008") * sum(segments), currency="USD")
    assert (finding is not None) is tripped
    if finding:
        assert finding.severity is Severity.APPROVE
        assert "--ack max_cost=240.008@" in finding.remedy
        ack = Ack.parse(f"max_cost=240.008@{sent.digest}")
        assert not judge(sent, Settings(max_cost=price), NOW, [ack]).blocked


def test_without_a_price_segments_are_counted_and_cost_nothing_known() -> None:
    """Unknown is null, and not nought."""
    judged = judge(plan(reached=(reached(3), replace(reached(1), wording=None))), Settings(), NOW)

    assert judged.to_json("0")["cost"] == {"segments": 3, "amount": None, "currency": None}


@pytest.mark.parametrize(
    ("before", "now", "tripped"),
    [(1000, 501, False), (1000, 500, False), (1000, 499, True), (11, 5, True), (10, 4, True), (9, 1, False), (0, 1, False)],
)
def test_a_source_that_lost_more_than_half(before: int, now: int, tripped: bool) -> None:
    """Against what it had when it was last applied; of fewer than ten rows nothing is said."""
    shrunk = plan(rows=(rows(in_source=now),), sources_before={BASE: before})

    finding = found(shrunk).get("VOL011")

    assert (finding is not None) is tripped
    if finding:
        assert (finding.address, finding.origin) == (BASE, Origin("specs/a.yaml", 3))
        ack = f"shrunk_wish={BASE}@{shrunk.digest[:8]}"
        assert ack in finding.remedy
        assert found(shrunk, None, ack)["VOL011"].severity is Severity.INFO


def test_an_emptied_source_is_told_once() -> None:
    """As empty, and not as shrunk too."""
    assert set(found(plan(rows=(rows(in_source=0, live=100),), sources_before={BASE: 100}))) == {"VOL007"}


@pytest.mark.parametrize(("dialled", "tripped"), [(0, False), (1, True)])
def test_rows_that_were_dialled_take_their_history_along(dialled: int, tripped: bool) -> None:
    """Below every share: even one wants to be acknowledged."""
    removal = plan(rows=(rows(live=1000, to_remove=1, dialled=dialled),))

    assert ("VOL009" in found(removal)) is tripped
    if tripped:
        assert found(removal, None, f"erase_history=1@{removal.digest[:8]}")["VOL009"].severity is Severity.INFO


def settings(text: str) -> tuple[Settings, list[Finding]]:
    """The settings of a `policies:` block."""
    nodes, _ = parse_document(text.encode(), "reconciler.yaml")
    return parse(nodes[0] if nodes else None)


@pytest.mark.parametrize("text", ["", "{}", "# nada\n"])
def test_no_policies_are_the_defaults(text: str) -> None:
    """As policy.md shows them."""
    limits, findings = settings(text)

    assert findings == []
    assert limits == Settings()
    assert (limits.waivers, limits.rules, limits.apply_windows, limits.max_cost) == ((), (), (), None)
    assert limits.max_deletes == limits.max_updates == Limit(share=Decimal("0.3"), floor=10)
    assert limits.max_row_removals == Limit(share=Decimal("0.1"), floor=50)
    assert (limits.max_lifts, limits.max_people, limits.max_new_people, limits.max_calls) == (0, None, None, None)


def test_written_limits_are_taken() -> None:
    """And are what the plan's digest covers."""
    limits, findings = settings("max_deletes: {share: 12.5%, floor: 5}\nmax_people: 20000\nmax_lifts: 3\nlawpacks: off\n")

    assert findings == []
    assert limits.max_deletes == Limit(share=Decimal("0.125"), floor=5)
    assert (limits.max_people, limits.max_lifts) == (20000, 3)
    assert limits.inputs == {
        "max_deletes": {"share": "12.5%", "floor": 5},
        "max_people": 20000,
        "max_lifts": 3,
        "lawpacks": ["off"],
    }


MISTAKES: Final[Mapping[str, str]] = {
    "max_peple: 1": "SPC001",
    "max_people: many": "SPC003",
    "max_people: -1": "SPC004",
    "max_deletes: 30%": "SPC003",
    "max_deletes: {floor: 10}": "SPC002",
    "max_deletes: {share: 130%}": "SPC005",
    "- max_people": "SPC003",
}


@pytest.mark.parametrize(("text", "code"), MISTAKES.items())
def test_mistakes_in_policies(text: str, code: str) -> None:
    """Each has its place, and no setting is taken from what is half right."""
    limits, findings = settings(text)

    assert [finding.code for finding in findings] == [code]
    assert findings[0].origin is not None
    assert limits == Settings()
