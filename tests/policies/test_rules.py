"""Rules of the project's own: typed when they are read, at the right place of the file, and bounded whatever is written."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import settings as settings_of_hypothesis
from hypothesis import strategies as st

from reconciler.diagnostics import Finding, Severity
from reconciler.document import parse as parse_document
from reconciler.plan.reached import Place, Reached, Way
from reconciler.plan.values import Change, People, Plan, Reason, RowsChange, TargetState
from reconciler.policies import expressions
from reconciler.policies.acks import Ack
from reconciler.policies.expressions import NotEvaluatedError, facts, read
from reconciler.policies.judging import judge
from reconciler.policies.settings import Cost, Settings, parse
from reconciler.policies.vocabulary import MESSAGES, VARIABLES
from reconciler.resource import Action, Address, Origin
from reconciler.rows.sheet import RowsDiff
from reconciler.rows.wording import Wording

NOW: Final = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
SMS: Final = Address("ucontact-uy", "scheduled_sms", "recordatorio")
BASE: Final = Address("wolkvox-co", "contacts", "base")


def plan(**parts: Any) -> Plan:
    """A plan that has something of everything."""
    target = TargetState(
        name="wolkvox-co", platform="wolkvox", url="", account="", simulated=True, complete=True, read_at=NOW, campaigns=3
    )
    usual: dict[str, Any] = {
        "targets": (target,),
        "people": People(total=120, first_time=20),
        "changes": tuple(change(number) for number in range(3)),
        "rows": (RowsChange(address=BASE, diff=RowsDiff(in_source=9, suppressed={"cap": 2}), origin=Origin("a.yaml", 3)),),
        "reached": (
            Reached(
                address=SMS,
                way=Way.SEND,
                purpose="marketing",
                places=(Place(country="UY", zones=("America/Montevideo",), people=7),),
                people=7,
                wording=Wording(messages=7, segments=14),
            ),
            Reached(address=BASE, way=Way.DIAL, purpose="collection", people=113),
        ),
    }
    return Plan(created_at=NOW, valid_until=NOW + timedelta(hours=24), **(usual | parts))


def change(number: int) -> Change:
    """A change without a place in a file."""
    address = Address("wolkvox-co", "campaign", f"c{number}")
    return Change(action=Action.START, address=address, reason=Reason.NEW, count=number, calls=2)


def public(plan_: Plan | None = None) -> Mapping[str, Any]:
    """What expressions see, before it is typed."""
    price = Cost(amount=Decimal(100), currency="USD", per_segment=Decimal("0.5"))
    return judge(plan_ or plan(), Settings(max_cost=price, lawpacks=()), NOW).to_json("0")


def holds(text: str, plan_: Plan | None = None) -> bool:
    """What an expression answers."""
    expression, wrong = read(text)
    assert expression, wrong
    return expression.holds(facts(public(plan_)))


@pytest.mark.parametrize(
    "text",
    [
        "people.total == 120 && people.first_time < 21",
        "changes.exists(c, c.count > 1)",
        "changes.filter(c, c.action == 'start').size() == 3",
        "changes.all(c, c.address.startsWith('wolkvox-co/'))",
        "calls['wolkvox-co'] == 6 && summary.start == 3",
        "summary.delete == 0 && summary['stop'] == 0",
        "rows.exists(r, 'cap' in r.suppressed && r.suppressed['cap'] == 2)",
        "reached.exists(r, r.purpose == 'marketing' && r.places.exists(p, p.country == 'UY'))",
        "reached.exists(r, has(r.wording) && r.wording.segments > 13)",
        "cost.amount == 7.0 && cost.currency == 'USD' && cost.segments == 14",
        "targets.exists(t, t.calls_left == null)",
        "source.commit == null && !source.dirty",
        "irreversible == 0 && deletes == 0 && !empty",
        "changes.exists(c, c.file == null && c.line == null)",
        "rows.exists(r, r.line == 3)",
        "people.total in [1, 120] // the end",
        "changes.all(c, c.depends_on == [] && c.address in ['wolkvox-co/campaign/c' ] == false)",
        "reached.exists(r, r.wording == null || !has(r.wording))",
    ],
)
def test_expressions_see_the_plan(text: str) -> None:
    """Names, types and loops, as the plan's public JSON has them; what the plan does not know is null."""
    assert holds(text)
    assert not holds(f"!({text.partition(' //')[0]})")


@pytest.mark.parametrize(
    ("text", "line", "column", "problem"),
    [
        ("people.peple > 1", 1, 7, "undefined field 'peple'"),
        ("pepole.total > 1", 1, 7, "undeclared reference to 'pepole.total'"),
        ("people.total > '3'", 1, 14, "no matching overload"),
        ("people.total >\n  2 &&\n  nobody", 3, 3, "undeclared reference to 'nobody'"),
        ("'á é' == nobody", 1, 10, "undeclared reference to 'nobody'"),
        ("people.total > ", 1, 16, "Syntax error"),
        ("people.total", 1, 1, "it is of type INT"),
        ("cost.amount > 1", 1, 13, "no matching overload"),
        ("changes.exists(c, c.nothing)", 1, 20, "undefined field 'nothing'"),
        ("", 1, 1, "Syntax error"),
    ],
)
def test_what_could_never_trip_is_a_mistake(text: str, line: int, column: int, problem: str) -> None:
    """Unknown names and wrong types are told before any plan is made, where they stand."""
    expression, wrong = read(text)

    assert expression is None
    assert [(one.line, one.column) for one in wrong][:1] == [(line, column)]
    assert problem in wrong[0].problem


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("summary.nothing > 1", "not there"),
        ("calls['lynn-cl'] > 1", "not there"),
        ("changes[999].count > 1", "not there"),
        ("targets.exists(t, t.calls_left < 10)", "does not know"),
        ("1 / deletes == 1", "divides by zero"),
        ("changes.all(a, " * 10 + "true" + ")" * 10, "too many steps"),
    ],
)
def test_no_answer_is_no_pass(text: str, why: str) -> None:
    """An expression that fails says so; nothing of the plan is quoted."""
    many = plan(changes=tuple(change(number) for number in range(200)))

    with pytest.raises(NotEvaluatedError, match=why):
        holds(text, many)


HOSTILE: Final = {
    "depth": "(" * 1900 + "true" + ")" * 1900,
    "calls": "size(" * 700 + "changes" + ")" * 700 + " == 1",
    "questions": "true ? " * 500 + "true" + " : true" * 500,
    "fields": "people" + ".a" * 1900 + " == 1",
    "sums": "1 + " * 900 + "1 == 901",
    "lists": "[" * 1900 + "]" * 1900 + " == []",
    "texts grow": "['" + "x" * 900 + "'].exists(a, (a + a).size() > 1)",
    "lists grow": "[[1, 2]].exists(a, (a + a).size() > 1)",
    "lists of names": "[1].exists(a, [a, a].exists(b, [b, b].exists(c, c == c)))",
    "lists of lists": "[1].exists(a, [[a], [a]].exists(b, b == b))",
    "maps": "{'a': people.total}.a > 1",
    "messages": "People{total: 1}.total > 1",
    "map": "changes.map(c, changes).size() > 1",
    "any": "dyn(changes) == 1",
    "lists compared": "changes.exists(c, changes != changes)",
    "messages compared": "changes.exists(c, c != changes[0])",
    "messages looked for": "changes.all(c, c in changes)",
}


@pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE)
def test_what_would_not_end_is_refused(text: str) -> None:
    """Depth, and whatever lets values grow from loop to loop: told at once."""
    expression, wrong = read(text)

    assert expression is None
    assert wrong
    assert all(one.line == 1 and one.column >= 1 and len(one.problem) < 300 for one in wrong)


def test_loops_over_a_great_plan_end() -> None:
    """Loops within loops over 2,000 changes take their steps and no more."""
    many = facts(public(plan(changes=tuple(change(number) for number in range(2000)))))
    expression, _wrong = read("changes.all(a, changes.all(b, changes.all(c, a.count + b.count + c.count >= 0)))")
    assert expression

    with pytest.raises(NotEvaluatedError, match="too many steps"):
        expression.holds(many)


# --- in settings ---------------------------------------------------------------------------------------------------------


def settings(expression: str, level: str = "deny", extra: str = "") -> tuple[Settings, list[Finding]]:
    """Settings with one rule, whose expression is written as given."""
    text = (
        "rules:\n"
        "  - name: pocos\n"
        f"    expression: {expression}\n"
        f"    level: {level}\n"
        "    message: Demasiadas personas para un viernes.\n"
    )
    nodes, mistakes = parse_document((text + extra).encode(), "reconciler.yaml")
    assert not mistakes
    return parse(nodes[0])


@pytest.mark.parametrize(
    ("written", "line", "column"),
    [
        ("people.peple > 1", 3, 23),
        ("'people.peple > 1'", 3, 24),
        ('"people.peple > 1"', 3, 24),
        ("|\n      people.total > 1 &&\n        people.peple > 1", 5, 15),
        (">\n      people.total > 1 &&\n      people.peple > 1", 3, 17),
        ("people.total > 1 &&\n      people.peple > 1", 3, 17),
        ('"people.t\\u006ftal > 1 && people.peple > 1"', 3, 17),
    ],
    ids=["plain", "quoted", "double quoted", "block", "folded", "plain over lines", "escaped"],
)
def test_a_mistake_has_its_place_in_the_file(written: str, line: int, column: int) -> None:
    """Line and column of the very character, where the text stands in the file as it reads; a caret in the message always."""
    found, findings = settings(written)

    assert found == Settings()
    assert [(one.code, one.severity, one.origin) for one in findings] == [
        ("RUL003", Severity.ERROR, Origin("reconciler.yaml", line, column))
    ]
    assert "people‸.peple > 1" in findings[0].message


def test_every_mistake_of_every_rule_is_told() -> None:
    """All at once, as everywhere."""
    second = "  - {name: otra, expression: nada && nadie, level: warn, message: m}\n"

    _found, findings = settings("people.peple > 1", extra=second)

    assert [one.origin and one.origin.line for one in findings] == [3, 6, 6]


def test_a_long_line_is_cut_around_the_caret() -> None:
    """The message stays short."""
    _found, findings = settings("'" + "people.total > 1 && " * 20 + "nadie" + " && people.total > 1" * 20 + "'")

    assert "‸nadie" in findings[0].message
    assert len(findings[0].message) < 150


@pytest.mark.parametrize("text", ["'3001230001' == nadie", "people.total 3001230001", "people.a3001230001 > 1"])
def test_a_number_in_a_wrong_expression_is_not_quoted(text: str) -> None:
    """Neither in our words nor in the library's."""
    _found, findings = settings(f'"{text}"')

    assert findings
    assert "3001230001" not in "".join(finding.message for finding in findings)


def test_another_number_in_an_expression_is_another_input_and_none_is_shown() -> None:
    """A plan's digest covers what a rule says to the last digit; the saved plan shows no digit of it."""
    low, high = (settings(f"people.total > {number}")[0].inputs for number in (30_012_300, 30_012_301))

    assert low != high
    assert "3001230" not in f"{low}{high}"


@pytest.fixture
def no_library(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A machine on which the extra is not installed."""
    expressions._environment.cache_clear()
    monkeypatch.setitem(sys.modules, "cel_expr_python", None)
    yield
    expressions._environment.cache_clear()


@pytest.mark.usefixtures("no_library")
def test_without_the_library_rules_are_refused() -> None:
    """Never passed over in silence: an error with what to install, at the rule."""
    found, findings = settings("people.total > 1")

    assert found == Settings()
    assert [(one.code, one.severity, one.origin) for one in findings] == [
        ("POL003", Severity.ERROR, Origin("reconciler.yaml", 3, 17))
    ]
    assert findings[0].remedy == "pip install 'reconciler[rules]'"


@pytest.mark.usefixtures("no_library")
def test_without_rules_the_library_is_not_asked_for() -> None:
    """A project without rules of its own needs nothing installed."""
    assert not judge(plan(), Settings(lawpacks=()), NOW).blocked


def test_without_rules_the_library_is_not_imported() -> None:
    """It is larger than all the rest, and few projects need it."""
    code = (
        "import sys\n"
        "from reconciler.document import parse\n"
        "from reconciler.policies.settings import parse as settings\n"
        "print(settings(parse(b'max_people: 5\\n', 'a.yaml')[0][0])[1], *sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    words = done.stdout.split()

    assert words[0] == "[]"
    assert not {"cel_expr_python", "google"} & {word.partition(".")[0] for word in words}


# --- in plans ------------------------------------------------------------------------------------------------------------


def judged(expression: str, level: str, *acks: str, plan_: Plan | None = None) -> Plan:
    """A plan judged by one rule."""
    found, findings = settings(expression, level)
    assert not findings
    return judge(plan_ or plan(), replace(found, lawpacks=()), NOW, [Ack.parse(ack) for ack in acks])


def told(plan_: Plan) -> list[Finding]:
    """What rules of the project's own said."""
    return [finding for finding in plan_.findings if finding.rule == "rule:pocos"]


@pytest.mark.parametrize(("level", "blocked"), [("deny", True), ("approve", True), ("warn", False)])
def test_a_rule_that_is_true_trips(level: str, blocked: bool) -> None:
    """At its level, with its message, its name and its place."""
    plan_ = judged("people.total > 119", level)

    assert [(one.code, one.severity, one.origin) for one in told(plan_)] == [
        ("RUL001", Severity(level), Origin("reconciler.yaml", 2, 5))
    ]
    assert "Demasiadas personas para un viernes." in told(plan_)[0].message
    assert plan_.blocked is blocked
    assert [one["result"] for one in plan_.evaluated if one["rule"] == "rule:pocos"] == [level]


def test_a_rule_that_is_false_passes_and_has_looked() -> None:
    """A pass is evidence too."""
    plan_ = judged("people.total > 120", "deny")

    assert told(plan_) == []
    assert [one["result"] for one in plan_.evaluated if one["rule"] == "rule:pocos"] == ["pass"]


def test_a_rule_that_asks_for_approval_is_acknowledged_by_its_name() -> None:
    """Copied from the plan as printed."""
    asking = judged("people.total > 1", "approve")
    ack = f"rule:pocos=1@{asking.digest[:8]}"

    assert ack in told(asking)[0].remedy
    assert told(judged("people.total > 1", "approve", ack))[0].severity is Severity.INFO


@pytest.mark.parametrize("level", ["deny", "approve", "warn"])
def test_a_rule_without_an_answer_denies_whatever_its_level(level: str) -> None:
    """Unknown is not allowed, and nobody can acknowledge it."""
    ack = f"rule:pocos=1@{plan().digest}"

    plan_ = judged("summary.nothing > 1", level, ack)

    assert [(one.code, one.severity) for one in told(plan_)] == [("RUL002", Severity.DENY)]


def test_the_version_of_a_rule_is_its_text() -> None:
    """Another expression under the same name is another rule."""

    def version(text: str) -> str:
        return str(next(one["version"] for one in judged(text, "warn").evaluated if one["rule"] == "rule:pocos"))

    assert version("people.total > 1") == version("people.total > 1")
    assert version("people.total > 1") != version("people.total > 2")


# --- the vocabulary ------------------------------------------------------------------------------------------------------

NOT_TYPED: Final = {
    "Field": {"before", "after"},
    "Drift": {"applied", "live", "wished"},
    "Rows": {"digest", "examples", "sample"},
}
"""Values of any type, digests and masked people: nothing that a rule could be made of."""


def test_the_vocabulary_is_the_plans_schema() -> None:
    """Every part of the JSON that a variable names is declared, nothing else is, and each has its type."""
    schema = json.loads((Path(__file__).parents[2] / "schema" / "plan.schema.json").read_text())

    found = list(_differences(VARIABLES, {name: schema["properties"][name] for name in VARIABLES}))

    assert found == []


def _differences(shape: Mapping[str, str], properties: Mapping[str, Any], left: frozenset[str] = frozenset()) -> Iterator[str]:
    yield from sorted(shape.keys() ^ (properties.keys() - left))
    for name, text in shape.items():
        inner, schema = text.removesuffix("?"), properties[name]
        kinds = schema["type"] if isinstance(schema["type"], list) else [schema["type"]]
        if text.startswith("list("):
            inner, schema = text[5:-1], schema["items"]
        wanted = {"int": "integer", "string": "string", "bool": "boolean", "double": "string"}
        expected = "array" if text.startswith("list(") else wanted.get(inner, "object")
        optional = text.endswith("?") or text == "Wording"
        if kinds != ([expected, "null"] if optional else [expected]) and not ("enum" in schema and expected == "string"):
            yield f"{name}: {kinds} is not {text}"
        if inner in MESSAGES:
            yield from _differences(MESSAGES[inner], schema["properties"], frozenset(NOT_TYPED.get(inner, ())))


WORDS: Final = st.sampled_from(
    [
        *"()[]{}.,?:!+-*/%<>=&|'\"\\\n\t é😀\x00",
        *("people", "changes", "total", "count", "exists", "filter", "size", "==", "&&", "in", "null", "1", "0.5", "r'", "b'"),
        *("true", "@result", "has", "google.protobuf.Int64Value", "\ud800", "//", "'''", "matches('(a+)+')"),
    ]
)


@given(st.lists(WORDS, max_size=40).map("".join))
@settings_of_hypothesis(max_examples=400, deadline=2000)
def test_whatever_is_written_is_read(text: str) -> None:
    """As an expression that is asked, or as mistakes with places inside it; nothing else comes of it."""
    expression, wrong = read(text)

    assert (expression is None) is bool(wrong)
    assert all(one.line >= 1 and one.column >= 1 and one.problem for one in wrong)
    if expression:
        with suppress(NotEvaluatedError):
            assert expression.holds(FACTS) in (True, False)


FACTS: Final = facts(public())
