"""Reports: what is shown of plans, runs and findings, and that nothing of others' making has an effect on who reads it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta, timezone
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.diagnostics import Finding, Severity
from reconciler.diff import Drift, FieldDiff
from reconciler.plan.known import Quota
from reconciler.plan.manual import Manual
from reconciler.plan.reached import Spend
from reconciler.plan.values import Change, People, Permissions, Plan, Reason, RowsChange, Source, TargetState
from reconciler.reports import findings as findings_room
from reconciler.reports import lists
from reconciler.reports.findings import render_findings
from reconciler.reports.markdown import CHARACTERS_MAX
from reconciler.reports.plans import FORMATS, render_plan
from reconciler.reports.printable import clip_pair, plain
from reconciler.reports.report import of_plan
from reconciler.reports.run import RUN_FORMATS, event_line, render_run
from reconciler.reports.style import Style
from reconciler.resource import Action, Address, Origin
from reconciler.rows.sheet import RowsDiff

GOLDEN: Final = Path(__file__).with_name("golden")
BOGOTA: Final = timezone(timedelta(hours=-5))
NOW: Final = datetime(2026, 11, 20, 9, 30, tzinfo=BOGOTA)
SPEC: Final = "specs/cobranza.yaml"
PLAIN: Final = Style()
Check = Callable[[str, str], None]

CAMPAIGN: Final = Address("wolkvox-co", "campaign", "cobranza-mora-30")
BASE: Final = Address("wolkvox-co", "contacts", "cobranza-mora-30-base")
OPTED_OUT: Final = Address("wolkvox-co", "blacklist", "no-llamar")
SMS: Final = Address("ucontact-uy", "scheduled_sms", "recordatorio-cita")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Check:
    """Compares text with a file of tests/golden/, or writes it there under --update-goldens."""

    def check(name: str, text: str) -> None:
        file = GOLDEN / name
        if request.config.getoption("--update-goldens"):
            file.write_text(text, encoding="utf-8")

        assert file.read_text(encoding="utf-8") == text

    return check


def targets() -> tuple[TargetState, ...]:
    wolkvox = TargetState(
        name="wolkvox-co",
        platform="wolkvox",
        url="http://127.0.0.1:9911/wolkvox",
        account="0010",
        simulated=True,
        complete=True,
        read_at=NOW,
        campaigns=3,
        quota=Quota(used=959, left=41, limit=1000),
    )
    lynn = TargetState(
        name="lynn-cl",
        platform="lynn",
        url="https://lynn.example",
        account="1234",
        simulated=False,
        complete=True,
        read_at=NOW,
        campaigns=2,
    )
    ucontact = TargetState(
        name="ucontact-uy",
        platform="ucontact",
        url="https://acme.example",
        account="acme",
        simulated=False,
        complete=True,
        read_at=NOW,
        append_only=True,
    )
    return wolkvox, lynn, ucontact


def update(**values: Any) -> Change:
    fields: dict[str, Any] = {
        "action": Action.UPDATE,
        "address": CAMPAIGN,
        "reason": Reason.FIELDS,
        "diff": (
            FieldDiff(path="speed", before=60, after=80, verifiable=True, origin=Origin(SPEC, 12)),
            FieldDiff(path="window.to", before="20:00", after="18:00", verifiable=False, origin=Origin(SPEC, 9)),
        ),
        "verifiable": False,
        "calls": 1,
        "origin": Origin(SPEC, 3),
    }
    return Change(**fields | values)


def rich() -> Plan:
    """A plan like the design's example, with every section in it."""
    start = Change(
        action=Action.START,
        address=CAMPAIGN,
        reason=Reason.STATE,
        diff=(FieldDiff(path="state", before="stopped", after="started", verifiable=True, origin=Origin(SPEC, 5)),),
        depends_on=(f"blacklist_add {OPTED_OUT}", f"rows_add {BASE}"),
        calls=1,
        origin=Origin(SPEC, 3),
    )
    old = Address("lynn-cl", "campaign", "navidad-2025")
    welcome = Address("lynn-cl", "campaign", "bienvenida")
    address_book = Address("lynn-cl", "contacts", "clientes")
    cleaned = Address("wolkvox-co", "contacts", "encuesta-base")
    base = RowsDiff(
        in_source=12_480,
        to_add=11_926,
        suppressed={"blacklist": 412, "duplicate": 88, "cap": 35, "invalid": 19},
        reasons={"number": 19, "further number": 7},
        examples={"number": ("••• (p:1a2b3c) phone •••••", "••• (p:77aa01) phone •••••••••• / ••••••••••")},
        people=11_926,
        first_time=11_204,
        digest="b1" * 32,
        sample=("+57 ••• ••• ••42 (p:9f3a1c)",),
    )
    changes = (
        Change(action=Action.STOP, address=old, reason=Reason.REMOVED, calls=1),
        Change(
            action=Action.BLACKLIST_ADD,
            address=OPTED_OUT,
            reason=Reason.ROWS,
            count=3,
            calls=1,
            origin=Origin(SPEC, 40),
        ),
        Change(action=Action.DELETE, address=old, reason=Reason.REMOVED, reversible=False, calls=1),
        Change(
            action=Action.CREATE,
            address=welcome,
            reason=Reason.GONE,
            diff=(
                FieldDiff(path="division", before=None, after="Ventas", verifiable=True, origin=Origin("specs/lynn.yaml", 8)),
                FieldDiff(path="tags", before=None, after=["a", "b"], verifiable=True),
            ),
            calls=2,
            origin=Origin("specs/lynn.yaml", 2),
        ),
        update(),
        Change(
            action=Action.ROWS_REMOVE,
            address=cleaned,
            reason=Reason.ROWS,
            reversible=False,
            count=250,
            calls=1,
            origin=Origin("specs/encuesta.yaml", 14),
        ),
        Change(
            action=Action.ROWS_ADD,
            address=BASE,
            reason=Reason.ROWS,
            reversible=False,
            count=11_926,
            calls=2,
            depends_on=(f"blacklist_add {OPTED_OUT}",),
            origin=Origin(SPEC, 21),
        ),
        start,
        Change(
            action=Action.SCHEDULE,
            address=SMS,
            reason=Reason.ROWS,
            reversible=False,
            verifiable=False,
            count=120,
            calls=1,
            origin=Origin("specs/citas.yaml", 1),
        ),
    )
    rows = (
        RowsChange(address=BASE, diff=base, origin=Origin(SPEC, 21)),
        RowsChange(address=OPTED_OUT, diff=RowsDiff(to_add=3, live=1_204, kept=12), origin=Origin(SPEC, 40)),
        RowsChange(
            address=cleaned,
            diff=RowsDiff(in_source=750, unchanged=750, to_remove=250, live=1_000),
            origin=Origin("specs/encuesta.yaml", 14),
        ),
        RowsChange(
            address=SMS,
            diff=RowsDiff(in_source=130, to_add=120, suppressed={"already_sent": 9, "suppress:rne": 1}, people=120),
            origin=Origin("specs/citas.yaml", 1),
        ),
        RowsChange(
            address=address_book,
            diff=RowsDiff(in_source=40, unchanged=38, changed=2, changed_columns={"email": 1, "name": 2}, live=41, kept=1),
            origin=Origin("specs/clientes.yaml", 1),
        ),
    )
    return Plan(
        drift=(
            Drift(address=welcome, path="description", applied="Hola", live="Hola a todos", origin=Origin(SPEC, 30)),
            Drift(address=CAMPAIGN, path="speed", applied=40, live=60, wished=80, managed=True, origin=Origin(SPEC, 12)),
        ),
        changes=changes,
        rows=rows,
        manual=(
            Manual(
                address=SMS,
                key="sms-dialer-recordatorios",
                what="Create the SMS dialer 'Recordatorios->' in the console.",
                origin=Origin("specs/citas.yaml", 4),
            ),
        ),
        findings=(
            Finding(
                code="HRS001",
                severity=Severity.WARN,
                message="the campaign stops at 18:00 and stands still until Monday",
                address=CAMPAIGN,
                origin=Origin(SPEC, 9, 5),
            ),
            Finding(
                code="VOL004",
                severity=Severity.APPROVE,
                message="12,046 people would be contacted; the project allows 10,000",
                remedy="acknowledge with --ack max_people=12046@9f3c2a71, or split the list",
                address=BASE,
                origin=Origin(SPEC, 21, 1),
            ),
            Finding(
                code="OWN001",
                severity=Severity.DENY,
                message="a live campaign 'retencion' exists that this project did not create",
                remedy="run 'reconciler import lynn-cl/campaign/retencion' to adopt it, or choose another name",
                address=Address("lynn-cl", "campaign", "retencion"),
                origin=Origin("specs/lynn.yaml", 30, 7),
            ),
        ),
        targets=targets(),
        people=People(
            total=12_046,
            first_time=11_324,
            by_country={"CL": 120, "CO": 11_926},
            by_channel={"sms": 120, "voice": 11_926},
            by_purpose={"collection": 11_926, "service": 120},
        ),
        cost=Spend(segments=150, amount=Decimal("1.2"), currency="USD"),
        source=Source(commit="4be1f02", dirty=True),
        permissions=Permissions(allow_delete=1, acks=("max_updates=12@9f3c2a71",)),
        created_at=NOW,
        valid_until=NOW.replace(hour=18, minute=0),
        evaluated=({"rule": "max_people", "version": "1", "inputs_digest": "aa", "result": "approve"},),
        journal_head="c0" * 32,
    )


def calm() -> Plan:
    """A plan without changes; a kept row, a step for a person and a warning stay on view."""
    step = Manual(address=SMS, key="base", what="Load the base in the console.")
    kept = RowsChange(address=BASE, diff=RowsDiff(in_source=5, unchanged=5, live=6, kept=1), origin=Origin(SPEC, 21))
    note = Finding(code="UNV001", severity=Severity.INFO, message="the window is not shown", address=CAMPAIGN)
    return Plan(
        rows=(kept,), manual=(step,), findings=(note,), targets=targets(), created_at=NOW, valid_until=NOW, evaluated=({},)
    )


def as_json(plan: Plan) -> dict[str, Any]:
    return plan.to_json("0.1.0")


def many(n: int) -> Plan:
    """A plan of `n` updates, a finding for each."""
    spots = [Address("wolkvox-co", "campaign", f"campaign-{index:05}") for index in range(n)]
    findings = tuple(Finding(code="UNV001", severity=Severity.INFO, message="not shown", address=spot) for spot in spots)
    changes = tuple(update(address=spot) for spot in spots)
    return replace(rich(), changes=changes, rows=(), findings=findings)


@pytest.mark.parametrize(
    ("name", "plan", "format_name", "style"),
    [
        ("plan.txt", rich, "text", PLAIN),
        ("plan-verbose.txt", rich, "text", Style(verbose=1)),
        ("plan-quiet.txt", rich, "text", Style(quiet=True)),
        ("plan-colour.txt", rich, "text", Style(colour=True)),
        ("plan.md", rich, "markdown", PLAIN),
        ("plan.json", rich, "json", PLAIN),
        ("no-changes.txt", calm, "text", PLAIN),
        ("no-changes.md", calm, "markdown", PLAIN),
    ],
)
def test_plan_goldens(golden: Check, name: str, plan: Callable[[], Plan], format_name: str, style: Style) -> None:
    """Each format shows the example plan as its golden file does."""
    golden(name, render_plan(as_json(plan()), format_name, style))


@pytest.mark.parametrize("format_name", FORMATS)
def test_a_saved_plan_is_shown_like_a_fresh_one(format_name: str) -> None:
    """The public JSON holds all that a format needs."""
    fresh = as_json(rich())

    assert render_plan(json.loads(json.dumps(fresh)), format_name, PLAIN) == render_plan(fresh, format_name, PLAIN)


def test_sections_stand_in_the_order_of_their_weight() -> None:
    """What others did comes first, then what destroys; what only a person can do and what cannot be proved come last."""
    names = [section.name for section in of_plan(as_json(rich())).sections]

    assert names == [
        "drift",
        "delete",
        "irreversible",
        "stop",
        "update",
        "create",
        "rows",
        "start",
        "manual",
        "unverifiable",
        "unchanged",
    ]


def test_symbols_count_what_allow_irreversible_must_name() -> None:
    """As many changes are marked » or × outside DELETE as the plan has irreversible steps."""
    report = of_plan(as_json(rich()))
    marked = [item for section in report.sections if section.name != "delete" for item in section.items if item.symbol in "»×"]

    assert len(marked) == report.irreversible == 3


def test_every_change_is_shown_once() -> None:
    """No action is lost between the sections, whatever it is called; an unknown one of a newer version is shown as it is."""
    plan = as_json(rich())
    plan["changes"].append(plan["changes"][0] | {"action": "pause", "reason": "later_reason", "fields": []})
    plan["summary"]["pause"] = 1
    report = of_plan(plan)
    shown = [item for section in report.sections if section.name != "drift" for item in section.items]

    assert len(shown) == len(plan["changes"]) + len(plan["manual"]) + 1 + 1  # one unverifiable, one unchanged
    assert "1 pause" in report.summary


def test_rows_of_an_address_are_told_once() -> None:
    """Replacing rows is two changes; the counts stand under the one that adds, the other says how many it removes."""
    both = RowsDiff(in_source=10, to_replace=4, changed=4, unchanged=6, live=10)
    removal = Change(action=Action.ROWS_REMOVE, address=BASE, reason=Reason.ROWS, reversible=False, count=4)
    addition = replace(removal, action=Action.ROWS_ADD)
    text = render_plan(
        as_json(replace(rich(), changes=(removal, addition), rows=(RowsChange(address=BASE, diff=both),))), "text", PLAIN
    )

    assert text.count("10 in file") == 1
    assert f"× {BASE}   remove rows: 4 rows" in text
    assert "+0  ~4  -0  of 10 live" in text


def test_an_unreadable_field_says_who_does_not_show_it() -> None:
    """The `?` names the platform, and the field's line in the file stands at the right."""
    text = render_plan(as_json(rich()), "text", PLAIN)
    line = next(line for line in text.splitlines() if "window.to" in line)

    assert re.fullmatch(r"      window.to  20:00 → 18:00   \? wolkvox does not show it +:9", line)
    assert len(line) == PLAIN.width


def test_blocking_findings_stand_first_strongest_first() -> None:
    """A denial is read before what can be acknowledged, and both before everything that would happen."""
    text = render_plan(as_json(rich()), "text", PLAIN)

    assert text.index("BLOCKED · 2") < text.index("OWN001") < text.index("VOL004") < text.index("DELETE · 1")
    assert text.index("UNCHANGED") < text.index("FINDINGS · 1") < text.index("HRS001")


@pytest.mark.parametrize(
    ("plan", "expected"),
    [
        (replace(calm(), manual=()), "No changes. The platforms are as the specs wish."),
        (calm(), "No changes. What is left to do are steps that only a person can do."),
        (
            replace(calm(), targets=(replace(targets()[0], complete=False, note="page 3 was empty"),)),
            "No changes found, but not everything could be read.",
        ),
        (replace(calm(), findings=rich().findings), "No changes can be planned while what is listed under BLOCKED stands."),
    ],
)
def test_an_empty_plan_never_sounds_better_than_what_was_read(plan: Plan, expected: str) -> None:
    """The sentence for an empty plan says so when something was not read, is blocked, or is left to a person."""
    assert expected in render_plan(as_json(plan), "text", PLAIN)


def test_an_incomplete_target_says_why() -> None:
    """Both kinds of target name the reason why a reading is not complete."""
    wolkvox, _, ucontact = targets()
    unread = (replace(wolkvox, complete=False, note="page 3 was empty"), replace(ucontact, complete=False, note="no session"))
    text = render_plan(as_json(replace(calm(), targets=unread)), "text", PLAIN)

    assert "3 campaigns read, INCOMPLETE (page 3 was empty) · 41 calls left of 1,000 today" in text
    assert "with the platform · INCOMPLETE · no session" in text


def test_guards_that_nobody_evaluated_are_not_said_to_pass() -> None:
    """Silence is no pass."""
    evaluated, silent = calm(), replace(calm(), evaluated=())

    assert "Guards: all pass" in render_plan(as_json(evaluated), "text", PLAIN)
    assert "Guards: none evaluated" in render_plan(as_json(silent), "text", PLAIN)


def test_permissions_given_and_still_needed_are_said() -> None:
    """What the reviewer allowed is shown; what apply will still ask for is announced."""
    given = render_plan(as_json(rich()), "text", PLAIN)
    bare = render_plan(as_json(replace(rich(), permissions=Permissions())), "text", PLAIN)

    assert "Permissions given: --allow-delete 1 · --ack max_updates=12@9f3c2a71" in given
    assert "apply needs: --allow-irreversible 3 (with --auto-approve)" in given
    assert "Permissions given" not in bare
    assert "apply needs: --allow-delete 1 · --allow-irreversible 3 (with --auto-approve)" in bare


def test_a_long_plan_is_terse_and_whole() -> None:
    """No address is left out of the text, and notes of one code are grouped."""
    text = render_plan(as_json(many(3_000)), "text", PLAIN)

    assert sum("~ wolkvox-co/campaign/campaign-" in line for line in text.splitlines()) == 3_000
    assert len(text.splitlines()) < 3_060
    assert "speed 60 → 80 · window.to 20:00 → 18:00 ?" in text
    assert "… and 2,997 more of UNV001; -v shows them all" in text


def test_markdown_stays_within_a_comment() -> None:
    """What does not fit is counted, the weightier section is whole, and head and tail are always there."""
    plan = many(3_000)
    delete = Change(action=Action.DELETE, address=CAMPAIGN, reason=Reason.REMOVED, reversible=False)
    text = render_plan(as_json(replace(plan, changes=(*plan.changes, delete))), "markdown", PLAIN)
    written = text.count("campaign-0")
    left_out = [int(n.replace(",", "")) for n in re.findall(r"_([\d,]+) lines? left out", text)]

    assert len(text) <= CHARACTERS_MAX
    assert "12,046 people would be contacted" in text.splitlines()[0]
    assert "#### DELETE · 1" in text
    assert text.count("<details>") == text.count("</details>") == 2
    assert "sms-dialer-recordatorios" in text
    assert "3 campaigns read" in text
    assert written + sum(left_out) == 6_000  # a change and a finding each
    assert text.rstrip().endswith(f"Plan sha256:{plan_digest(text)}</code>")


def test_what_must_be_copied_from_a_comment_copies() -> None:
    """An acknowledgement holds an @ and stays exact; a mention does not stay one."""
    words = "give --ack max_people=9@9f3c2a71 and ask @ana"
    found = Finding(code="VOL004", severity=Severity.APPROVE, message="m", remedy=words)
    text = render_plan(as_json(replace(calm(), findings=(found,))), "markdown", PLAIN)

    assert "max&#95;people=9&#64;9f3c2a71 and ask &#64;&#8203;ana" in text


@pytest.mark.parametrize("format_name", ["text", "markdown"])
def test_quiet_still_says_what_is_simulated_or_unread(format_name: str) -> None:
    """Fewer words never make a plan look more real or more complete than it is."""
    wolkvox, lynn, _ = targets()
    plan = replace(calm(), targets=(wolkvox, replace(lynn, complete=False, note="no answer")))
    text = render_plan(as_json(plan), format_name, Style(quiet=True))

    assert "SIMULATED" in text
    assert "lynn-cl" in text
    assert "UNCHANGED" not in text


def plan_digest(text: str) -> str:
    found = re.search(r"sha256:([0-9a-f]{64})", text)
    assert found
    return found.group(1)


def test_clipped_values_keep_their_difference_in_sight() -> None:
    """Two long values that differ near their end are not cut to the same text."""
    before, after = clip_pair("x" * 80 + "old", "x" * 80 + "new", 20)

    assert before != after
    assert len(before) <= 21


def test_colour_only_where_wished() -> None:
    """Without colour there is no escape sequence; with it, taking them out gives the same text."""
    plan = as_json(rich())
    bare, painted = render_plan(plan, "text", PLAIN), render_plan(plan, "text", Style(colour=True))

    assert "\x1b" not in bare
    assert re.sub(r"\x1b\[[\d;]*m", "", painted) == bare


# Runs


def run_json(**values: Any) -> dict[str, Any]:
    changes = [
        {"address": str(OPTED_OUT), "action": "blacklist_add", "outcome": "verified", "why": "", "count": 3, "calls": 1},
        {"address": str(CAMPAIGN), "action": "update", "outcome": "unverifiable", "why": "", "count": 0, "calls": 1},
        {"address": str(BASE), "action": "rows_add", "outcome": "unknown", "why": "no answer", "count": 10_000, "calls": 1},
        {"address": str(CAMPAIGN), "action": "start", "outcome": "skipped", "why": "its rows are in doubt", "calls": 0},
        {"address": str(SMS), "action": "schedule", "outcome": "refused", "why": "invalid key", "count": 120, "calls": 1},
        {"address": "lynn-cl/campaign/a", "action": "create", "outcome": "failed", "why": "shows something else", "calls": 2},
        {"address": "lynn-cl/campaign/b", "action": "create", "outcome": "pending", "why": "", "calls": 0},
    ]
    run: dict[str, Any] = {
        "format_version": "1.0",
        "tool_version": "0.1.0",
        "run": "r-7f3a",
        "digest": "9f" * 32,
        "exit_code": 6,
        "started_at": "2026-11-20T09:30:00-05:00",
        "ended_at": "2026-11-20T14:31:00+00:00",
        "changes": changes,
        "people": {"total": 12_046, "first_time": 11_324},
        "unknown": ["op-51c2"],
        "journal_head": "c0" * 32,
        "narrowed": [
            {
                "address": str(BASE),
                "action": "rows_add",
                "reviewed": 12_046,
                "now": 12_044,
                "why": "they are on a blacklist now",
            },
            {"address": str(CAMPAIGN), "action": "stop", "reviewed": 0, "now": 1, "why": "it protects people"},
        ],
        "simulated": ["wolkvox-co"],
    }
    return run | values


def whole_run() -> dict[str, Any]:
    done = [change | {"outcome": "verified", "why": ""} for change in run_json()["changes"]]
    return run_json(changes=done, unknown=[], exit_code=0, narrowed=[], simulated=[])


@pytest.mark.parametrize(
    ("name", "run", "format_name"),
    [
        ("run.txt", run_json, "text"),
        ("run.md", run_json, "markdown"),
        ("run-whole.txt", whole_run, "text"),
    ],
)
def test_run_goldens(golden: Check, name: str, run: Callable[[], dict[str, Any]], format_name: str) -> None:
    """A run is shown as its golden file does."""
    golden(name, render_run(run(), format_name, PLAIN))


def test_a_run_in_doubt_says_what_to_do_and_claims_nothing() -> None:
    """With something unknown, `resolve` is the next step, and nobody is said to have been contacted."""
    text = render_run(run_json(), "text", PLAIN)

    assert "Done: 2 of 7 changes (1 verified, 1 taken but not shown by the platform)." in text
    assert "Not done, or not as wished: 4 (1 failed, 1 not begun, 1 refused, 1 skipped)." in text
    assert "Unknown: 1 change: op-51c2. Perhaps done, perhaps not; nothing of it is repeated." in text
    assert "Next: `reconciler resolve r-7f3a`, then plan again." in text
    assert "People contacted" not in text


def test_a_partial_run_without_doubt_says_to_plan_again() -> None:
    """Refused and skipped changes lead back to a plan, not to `resolve`."""
    changes = [change for change in run_json()["changes"] if change["outcome"] in {"verified", "refused"}]
    text = render_run(run_json(changes=changes, unknown=[], exit_code=5), "text", PLAIN)

    assert "Not done: 1 (1 refused)." in text
    assert "plan again with `reconciler plan`" in text
    assert "resolve" not in text


def test_an_earlier_doubt_is_named_when_nothing_was_to_be_done() -> None:
    """An open operation of an earlier run is still said."""
    text = render_run(run_json(changes=[], people={}), "text", PLAIN)

    assert "Nothing was to be done." in text
    assert "Unknown: op-51c2." in text


def test_run_json_is_the_run() -> None:
    """The JSON format adds and takes nothing."""
    assert json.loads(render_run(run_json(), "json", PLAIN)) == run_json()


@pytest.mark.parametrize(
    ("outcome", "expected"),
    [
        ("verified", "✓  add rows  t/contacts/n  verified: w (2 rows · 1 call)"),
        ("unverifiable", "?  add rows  t/contacts/n  taken, and never shown by the platform: w (2 rows · 1 call)"),
        ("unknown", "‼  add rows  t/contacts/n  OUTCOME UNKNOWN: w (2 rows · 1 call)"),
        ("refused", "✗  add rows  t/contacts/n  refused, without effect: w (2 rows · 1 call)"),
        ("skipped", "–  add rows  t/contacts/n  skipped: w (2 rows · 1 call)"),
        ("pending", "·  add rows  t/contacts/n  not begun: w (2 rows · 1 call)"),
    ],
)
def test_event_lines(outcome: str, expected: str) -> None:
    """One line an event, its mark first."""
    change = {"address": "t/contacts/n", "action": "rows_add", "outcome": outcome, "why": "w", "count": 2, "calls": 1}

    assert event_line(change) == expected


# Findings


def finding(code: str, line: int, column: int, /, **values: Any) -> dict[str, Any]:
    base = Finding(code=code, severity=Severity.ERROR, message="m", origin=Origin("specs/a.yaml", line, column)).to_json()
    return base | values


def excerpt(code: str, source: str, column: int, style: Style = PLAIN) -> list[str]:
    text = render_findings([finding(code, 1, column)], lambda _: [source], style)
    return [line.split("| ", 1)[1] for line in text.splitlines() if "| " in line]


def test_findings_golden(golden: Check) -> None:
    """Findings stand file by file, with source, caret and help, and are counted at the end."""
    sources = {
        "specs/a.yaml": ["kind: campaign", "target: wolkvox-co", "  sped: 80"],
        "reconciler.yaml": ["version: 1", "targets:", "  w:", "    token: not-so-secret"],
    }
    findings = [
        finding("SPC001", 3, 3, message="'sped' is not a key here", remedy="did you mean 'speed'?"),
        finding("SPC002", 1, 1, message="'name' is missing", severity="warn"),
        finding("SEC001", 4, 12, message="a literal secret", remedy="write {env: NAME}", file="reconciler.yaml"),
        finding("PTH002", 9, 1, message="the file is not there", file="specs/gone.yaml"),
        finding("PRJ001", 0, 0, message="no project", file=None, line=None, column=None),
    ]
    golden("findings.txt", render_findings(findings, sources.get, PLAIN))


def test_no_findings() -> None:
    """Nothing wrong is said in a line."""
    assert render_findings([], lambda _: None, PLAIN) == "\n\n".join(["No mistakes found."]) + "\n"


def test_a_source_is_asked_for_once_a_file() -> None:
    """However many findings a file has, it is read once."""
    asked: list[str] = []

    def sources(file: str) -> list[str]:
        asked.append(file)
        return ["a", "b"]

    render_findings([finding("SPC001", 1, 1), finding("SPC001", 2, 1)], sources, PLAIN)

    assert asked == ["specs/a.yaml"]


@pytest.mark.parametrize(
    ("source", "column", "caret"),
    [("  sped: 80", 3, 2), ("名前: x", 3, 4), ("\tsped: 80", 2, 1), ("año: x", 4, 3), ("ab", 99, 2)],
)
def test_the_caret_stands_under_its_column(source: str, column: int, caret: int) -> None:
    """Also behind wide characters, tabs, and beyond the end of a line."""
    shown, under = excerpt("SPC001", source, column)

    assert under.index("^") == caret
    assert "\t" not in shown


def test_a_long_line_is_cut_around_its_column() -> None:
    """A line of a megabyte shows the part that matters, caret included."""
    shown, under = excerpt("SPC001", "a" * 500_000 + "X" + "a" * 500_000, 500_001)

    assert len(shown) <= PLAIN.width
    assert shown[under.index("^")] == "X"


@pytest.mark.parametrize(
    ("code", "source", "column", "hidden"),
    [
        ("SEC001", "    token: abc-canary", 12, "canary"),
        ("YML001", "    access_token: abc-canary: x", 20, "canary"),
        ("YML001", "{platform: wolkvox, password: 'canary'}", 1, "canary"),
        ("SPC003", "  - {phone: +57 300 123 4567}", 5, "4567"),
        ("SPC003", "  - {phone: 3001234567}", 5, "4567"),
        ("SPC003", "source: {rows: [{phone: x, name: Ana Canario}]}", 20, "Canario"),
        ("SPC003", "source: {'rows': [{name: ana@canario.example}]}", 20, "canario"),
        ("TST001", "  number: Ana Canario", 3, "Canario"),
    ],
)
def test_secrets_and_numbers_in_source_lines_are_hidden(code: str, source: str, column: int, hidden: str) -> None:
    """A source line is shown without what must not leave, and the caret keeps its place."""
    shown, under = excerpt(code, source, column)

    assert hidden not in shown
    assert under.index("^") == column - 1


@pytest.mark.parametrize("indent", [0, 2])
def test_rows_in_source_lines_are_hidden_to_their_end(indent: int) -> None:
    """Whichever line of them is wrong; what stands after them is shown again."""
    rows = ["- {key: K1, name: Ana Canario}", "- key: K2", "", "  name: Ana Canario"]
    lines = ["source:", "  rows:", *(f"{' ' * (2 + indent)}{row}" for row in rows), "  delimiter: Canario"]
    findings = [finding("SPC003", number, 3) for number in range(1, len(lines) + 1)]

    text = render_findings(findings, lambda _: lines, PLAIN)

    assert text.count("Canario") == 1
    assert "delimiter: Canario" in text
    assert "K1" not in text


def test_a_long_line_that_is_wrong_everywhere_is_looked_at_once() -> None:
    """A document of one line may hold thousands of mistakes."""
    source = "[" + ", ".join(f"3001234{number:03d}x" for number in range(1_000)) + "]"
    calls = findings_room._hidden.cache_info().misses

    render_findings([finding("SPC003", 1, column) for column in range(2, 10_000, 100)], lambda _: [source], PLAIN)

    assert findings_room._hidden.cache_info().misses == calls + 1


def test_dates_and_references_in_source_lines_are_shown() -> None:
    """A date is no phone number, and a reference to a secret is no secret."""
    assert excerpt("EXP001", "at: 2026-12-01T10:00:00-03:00", 5)[0] == "at: 2026-12-01T10:00:00-03:00"
    assert excerpt("SPC001", "token: {env: NAME}", 8)[0] == "token: {env: NAME}"


# Hostile data

HOSTILE: Final = st.text(
    alphabet=st.one_of(
        st.sampled_from("\x1b\x07\x08\r\n\t\x00\x7f\x9b\u202e\u200b\u2028\ud800|`<>&@#*_[]()!~$\\/:.-"),
        st.characters(),
    ),
    min_size=1,
    max_size=24,
)
CONTROL: Final = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u202a-\u202e\u2028\u2029\ud800-\udfff]")
OWN_MARKUP: Final = re.compile(r"</?(?:code|b|details|summary)>|<br>")


def hostile(words: str) -> Plan:
    """The example plan with `words` wherever others may write."""
    spot, origin = Address("wolkvox-co", "campaign", words), Origin(words, 1)
    diff = FieldDiff(path=words, before=words, after=[words, {"a": words}], verifiable=False, origin=origin)
    counts = RowsDiff(
        in_source=2,
        to_add=1,
        changed=1,
        changed_columns={words: 1},
        suppressed={f"suppress:{words}": 1, words: 1},
        reasons={words: 1},
        examples={words: (words,)},
        sample=(words,),
    )
    return Plan(
        changes=(update(address=spot, diff=(diff,), origin=origin), update(address=spot, action=Action.ROWS_ADD, diff=())),
        rows=(RowsChange(address=spot, diff=counts, origin=origin),),
        manual=(Manual(address=spot, key=words, what=words, origin=origin),),
        findings=tuple(
            Finding(code=words, severity=severity, message=words, remedy=words, address=spot, origin=origin)
            for severity in Severity
        ),
        targets=tuple(replace(target, name=words, note=words, complete=False, url=words) for target in targets()[:1]),
        source=Source(commit=words),
        permissions=Permissions(acks=(words,)),
        created_at=NOW,
        valid_until=NOW,
        evaluated=({"rule": words, "version": words, "result": words},),
        journal_head=words,
    )


def hostile_run(words: str) -> Mapping[str, Any]:
    change = {"address": words, "action": words, "outcome": words, "why": words, "count": 1, "calls": 1}
    narrowed = {"address": words, "action": words, "reviewed": 2, "now": 1, "why": words}
    return run_json(changes=[change], unknown=[words], narrowed=[narrowed], run=words, simulated=[words])


@settings(deadline=None, max_examples=150)
@given(HOSTILE)
def test_no_control_byte_of_data_reaches_a_terminal(words: str) -> None:
    """Names, values, messages and source lines are visible text, in every format and in logs; the text can be encoded."""
    plan = as_json(replace(hostile(words), occurrences={})) if encodable(words) else as_json(hostile("x")) | named(words)
    outputs = [render_plan(plan, name, style) for name in FORMATS for style in (PLAIN, Style(verbose=2))]
    outputs += [render_run(hostile_run(words), name, PLAIN) for name in RUN_FORMATS]
    outputs += [event_line(hostile_run(words)["changes"][0])]
    outputs += [render_findings([finding(words, 1, 3, file=words, message=words, remedy=words)], lambda _: [words], PLAIN)]
    for output in outputs:
        assert not CONTROL.search(output)
        output.encode("utf-8")


def encodable(words: str) -> bool:
    """Half surrogates cannot be digested, so that a plan with them can only come from a file."""
    return not re.search("[\ud800-\udfff]", words)


def named(words: str) -> dict[str, Any]:
    found = {"code": words, "severity": "deny", "message": words, "remedy": words, "address": words, "file": words, "line": 1}
    return {"findings": [found]}


@settings(deadline=None, max_examples=150)
@given(HOSTILE.filter(encodable))
def test_markdown_holds_no_markup_of_data(words: str) -> None:
    """Tables keep their columns, and no tag, code span, mention or link comes from data."""
    outputs = [render_plan(as_json(hostile(words)), "markdown", PLAIN), render_run(hostile_run(words), "markdown", PLAIN)]
    for output in outputs:
        bare = OWN_MARKUP.sub("", output)

        assert not re.search(r"[<>@\\\[\]]", bare)
        for line in output.splitlines():
            if line.startswith("|"):
                assert line.count("|") in {2, 3, 5}
                assert re.sub(r"\| `.` \|", "", line).count("`") == 0


@given(HOSTILE)
def test_json_is_equal_data(words: str) -> None:
    """Escaping for terminals changes no value."""
    assert json.loads(FORMATS["json"]({words: [words]}, PLAIN)) == {words: [words]}


@pytest.mark.parametrize(
    "name", ["::error file=a::x", " ::add-mask::x", "##[command]x", "##vso[task.setvariable variable=a]b", "###[x"]
)
def test_build_logs_take_no_command_from_data(name: str) -> None:
    """A file named like a workflow command does not become one."""
    outputs = [render_plan(as_json(hostile(name)), form, PLAIN) for form in FORMATS]
    outputs += [
        render_findings([finding("SPC001", 1, 1, file=name)], lambda _: None, PLAIN),
        event_line({**EVENT, "why": name}),
    ]
    for output in outputs:
        assert not any(line.lstrip().startswith("::") for line in output.splitlines())
        assert "##[" not in output
        assert "##vso" not in output


EVENT: Final = {"address": "t/campaign/n", "action": "create", "outcome": "refused", "calls": 1}


def test_ordinary_names_stay_as_they_are() -> None:
    """Accents, other scripts and punctuation are nobody's danger."""
    for name in ("Cobranza mora 30 días", "名前", "a::b", "#1 (nuevo)", "C:\\datos"):
        assert plain(name) == name


def test_times_in_utc_say_so() -> None:
    """An instant is shown to the minute with its offset."""
    plan = replace(calm(), valid_until=datetime(2026, 11, 20, 23, 0, tzinfo=UTC))

    assert "valid until 2026-11-20 23:00 UTC" in render_plan(as_json(plan), "text", PLAIN)
    assert "valid until 2026-11-20 18:00 -05:00" in render_plan(as_json(rich()), "text", PLAIN)


@pytest.mark.parametrize(
    ("changed", "replaced", "columns", "words"),
    [
        (0, 0, {}, ""),
        (1, 0, {}, "1 differs: reported only"),
        (2, 0, {"opt1": 1, "name": 2}, "2 differ (name 2, opt1 1): reported only"),
        (5, 3, {"name": 5}, "5 differ (name 5): 2 reported only"),
        (3, 3, {"name": 3}, "3 differ (name 3)"),
        (3, 3, {}, ""),
    ],
)
def test_rows_that_differ_say_in_which_columns(changed: int, replaced: int, columns: dict[str, int], words: str) -> None:
    """The most frequent first; plans that were saved before have counts alone."""
    counts = {"address": "t/contacts/base", "changed": changed, "to_replace": replaced, "changed_columns": columns}

    assert lists.standing(counts) == words


def test_examples_of_invalid_rows_are_shown_where_there_is_room() -> None:
    """With -v, in Markdown and in JSON; a reason a line."""
    line = "number, for example: ••• (p:1a2b3c) phone •••••, ••• (p:77aa01) phone •••••••••• / ••••••••••"
    plan = as_json(rich())

    assert line not in render_plan(plan, "text", PLAIN)
    assert f"      {line}\n" in render_plan(plan, "text", Style(verbose=1))
    assert render_plan(plan, "markdown", PLAIN).count("number, for example: ••• &#40;p:1a2b3c&#41; phone •••••") == 1
    assert json.loads(render_plan(plan, "json", PLAIN))["rows"][0]["examples"].keys() == {"number"}


def test_a_list_of_which_nobody_is_loaded_says_so() -> None:
    """Nothing disappears in silence, not even where nothing is left to do."""
    counts = {
        "address": "t/contacts/base",
        "in_source": 3,
        "suppressed": {"invalid": 1, "blacklist": 2},
        "reasons": {"number": 1},
    }

    assert lists.standing(counts) == "nobody of 3 in file · 2 blacklisted · 1 invalid number"
    assert lists.standing(counts | {"in_source": 4}) == ""
    assert lists.standing(counts | {"suppressed": {"already_sent": 3}}) == ""
