"""make_plan as a pure function: what each difference becomes, what blocks it, in which order, and what the digest covers."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import permutations
from typing import Any, Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.call import Verdict
from reconciler.diagnostics import Finding, Severity
from reconciler.kinds import KINDS
from reconciler.plan.known import Memory, Owned, Placed, Quota, Seen, Unsettled
from reconciler.plan.make import Setting, make_plan
from reconciler.plan.manual import Manual
from reconciler.plan.order import ordered
from reconciler.plan.values import Change, People, Permissions, Plan, Reason, Source, TargetState, Wish
from reconciler.resource import Action, Address, Desired, Live, Origin, Reading, State, Support
from reconciler.rows.sheet import RowsDiff

NOW: Final = datetime(2026, 11, 20, 14, 30, tzinfo=UTC)
TARGETS: Final = {"w": "wolkvox", "l": "lynn", "u": "ucontact"}
CONTAINERS: Final = {name: f"{platform}|cuenta-{name}" for name, platform in TARGETS.items()}
ALL: Final = frozenset({Action.CREATE, Action.UPDATE, Action.DELETE, Action.START, Action.STOP})
SUPPORTS: Final[Mapping[str, Mapping[str, Support]]] = {
    # edits only while it stands still, and does not show its window
    "wolkvox": {"campaign": Support(kind="campaign", actions=ALL, unreadable=frozenset({"window"}), marked=True)},
    # edits while it runs, and runs by itself in some modes
    "lynn": {
        "campaign": Support(
            kind="campaign", actions=ALL, running_fields=frozenset({"execution_mode", "start_at"}), edits_while_started=True
        )
    },
    "ucontact": {"campaign": Support(kind="campaign")},
}
PLACE: Final = Origin("specs/a.yaml", 3, 1)


def address(target: str = "w", kind: str = "campaign", name: str = "cobranza") -> Address:
    """Short addresses."""
    return Address(target, kind, name)


COBRANZA: Final = address()
BASE: Final = address(kind="contacts", name="base")
LIST: Final = address(kind="blacklist", name="no-llamar")
SMS: Final = address("u", "scheduled_sms", "aviso")


def desired(at: Address, **fields: Any) -> Desired:
    """A document."""
    origins = {
        "name": Origin("specs/a.yaml", 5, 7),
        "state": Origin("specs/a.yaml", 6, 8),
        "wolkvox.speed": Origin("specs/a.yaml", 9, 10),
    }
    return Desired(address=at, platform=TARGETS[at.target], fields=fields, origin=PLACE, origins=origins)


def campaign(
    at: Address = COBRANZA, *, open_: bool = True, alone: bool = False, state: str | None = None, **stored: Any
) -> Wish:
    """A wish for a campaign with these stored fields."""
    fields = {"state": state} if state else {}
    return Wish(
        desired=desired(at, **fields),
        stored=stored,
        open=open_,
        runs_by_itself=alone,
        marker="ab12cd34",
        container=CONTAINERS[at.target],
    )


def rows(at: Address, campaign_: str = "", **parts: Any) -> Wish:
    """A wish for rows with these counts; `wish` holds parts of the wish itself."""
    wish: Mapping[str, Any] = parts.pop("wish", {})
    fields = {"campaign": campaign_} if campaign_ else {}
    counts: dict[str, Any] = {"in_source": 10, "digest": "aa", **parts}
    return Wish(desired=desired(at, **fields), rows=RowsDiff(**counts), container=CONTAINERS[at.target], **wish)


def live(id_: str = "7", name: str = "cobranza", state: State = State.STOPPED, marker: str = "", **fields: Any) -> Live:
    """A live campaign."""
    return Live(id=id_, name=name, fields=fields, state=state, marker=marker)


def ours(at: Address = COBRANZA, id_: str = "7", **parts: Any) -> Owned:
    """What the journal knows of a campaign of ours."""
    return Owned(address=at, id=id_, container=parts.pop("container", CONTAINERS[at.target]), **parts)


def doubt(at: Address, container: str = "", action: Action = Action.UPDATE) -> Unsettled:
    """A call whose outcome is unknown."""
    return Unsettled(operation="1.1", run="1", address=at, action=action, call="edit", container=container, count=1, since=NOW)


def remembered(*owned: Owned, **parts: Any) -> Memory:
    """A journal that knows these."""
    return Memory(owned={one.address: one for one in owned}, **parts)


def plan(
    wishes: Sequence[Wish], lives: Sequence[Live] = (), memory: Memory | None = None, *, complete: bool = True, **setting: Any
) -> Plan:
    """The plan for these wishes, where target `w` shows these campaigns and the others show none."""
    note = "" if complete else "cut at 100"
    seen = {
        name: Seen(
            campaigns=Reading(live=lives if name == "w" else (), complete=complete or name != "w", read_at=NOW, note=note)
        )
        for name in TARGETS
    }
    seen |= setting.pop("seen", {})
    states = [
        TargetState(
            name=name, platform=platform, url=f"https://{name}", account=name, simulated=True, complete=True, read_at=NOW
        )
        for name, platform in TARGETS.items()
    ]
    values: dict[str, Any] = {
        "shapes": {name: kind.shape for name, kind in KINDS.items()},
        "supports": SUPPORTS,
        "containers": CONTAINERS,
        "states": states,
        "calls": lambda change: 2 if change.count else 1,
    }
    return make_plan(wishes, seen, memory or Memory(), Setting(**(values | setting)), NOW)


def steps(made: Plan) -> list[str]:
    """The changes of a plan in their order: `action reason`, with the address where it is not the usual campaign."""
    return [
        f"{change.action.value} {change.reason.value}" + ("" if change.address == COBRANZA else f" {change.address}")
        for change in made.changes
    ]


def said(made: Plan) -> list[tuple[str, Severity]]:
    """What a plan says beside its changes."""
    return [(finding.code, finding.severity) for finding in made.findings]


# --- objects


def test_nothing_wished_and_nothing_ours_is_an_empty_plan() -> None:
    """What we did not create, we do not touch."""
    made = plan([], [live(), live("8", "otra", State.STARTED)])

    assert made.empty
    assert not made.blocked
    assert made.findings == ()
    assert made.occurrences == {}


def test_a_wished_campaign_that_is_not_there_is_created() -> None:
    """Standing still; what the platform never shows is marked."""
    made = plan([campaign(speed=60, window={"from": "08:00"})])
    (create,) = made.changes

    assert steps(made) == ["create new"]
    assert [(d.path, d.before, d.after, d.verifiable) for d in create.diff] == [
        ("speed", None, 60, True),
        ("window", None, {"from": "08:00"}, False),
    ]
    assert create.diff[0].origin == Origin("specs/a.yaml", 9, 10)
    assert (create.verifiable, create.reversible, create.live_id, create.origin) == (False, True, "", PLACE)
    assert made.occurrences == {str(COBRANZA): 0}


def test_a_campaign_that_is_to_run_is_created_and_then_started() -> None:
    """Two changes: the second waits for the first."""
    made = plan([campaign(state="started", speed=60)])

    assert steps(made) == ["create new", "start state"]
    assert made.changes[1].depends_on == (f"create {COBRANZA}",)
    assert made.changes[1].diff[0].origin == Origin("specs/a.yaml", 6, 8)


@pytest.mark.parametrize(
    "wish", [campaign(state="stopped", speed=60), campaign(speed=60), campaign(state="started", open_=False, speed=60)]
)
def test_a_new_campaign_stands_still_unless_it_is_to_run_now(wish: Wish) -> None:
    """Wished stopped, not managed, or outside its window."""
    assert steps(plan([wish])) == ["create new"]


def test_equal_fields_are_no_change() -> None:
    """Fields that are not wished are not compared."""
    assert plan([campaign(speed=60)], [live(speed=60, skill="ventas")], remembered(ours())).empty


def test_fields_that_differ_are_updated() -> None:
    """Only those, with what was there before."""
    made = plan([campaign(speed=80, skill="ventas")], [live(speed=60, skill="ventas")], remembered(ours()))
    (update,) = made.changes

    assert steps(made) == ["update fields"]
    assert [(d.path, d.before, d.after) for d in update.diff] == [("speed", 60, 80)]
    assert update.live_id == "7"


def test_fields_that_are_never_shown_are_compared_with_what_was_written() -> None:
    """Sent once, marked, and not sent for ever."""
    wish = campaign(window={"from": "08:00"})
    first = plan([wish], [live()], remembered(ours()))
    then = plan([wish], [live()], remembered(ours(fields={"window": {"from": "08:00"}})))
    changed = plan([wish], [live()], remembered(ours(fields={"window": {"from": "09:00"}})))

    assert steps(first) == ["update fields"]
    assert not first.changes[0].verifiable
    assert then.empty
    assert [(d.path, d.before, d.after, d.verifiable) for d in changed.changes[0].diff] == [
        ("window.from", "09:00", "08:00", False)
    ]


def test_what_the_journal_remembers_of_readable_fields_is_not_believed() -> None:
    """The platform shows them, so that a colleague's edit is drift."""
    made = plan([campaign(speed=60)], [live(speed=10)], remembered(ours(fields={"speed": 60})))

    assert steps(made) == ["update fields"]


STATES: Final = [
    ("started", True, State.STOPPED, ["start state"]),
    ("started", True, State.STOPPING, ["start state"]),
    ("started", True, State.STARTED, []),
    ("started", True, State.STARTING, []),
    ("started", False, State.STARTED, ["stop window"]),
    ("started", False, State.STARTING, ["stop window"]),
    ("started", False, State.STOPPED, []),
    ("stopped", True, State.STARTED, ["stop state"]),
    ("stopped", True, State.STARTING, ["stop state"]),
    ("stopped", True, State.STOPPED, []),
    ("stopped", False, State.STARTED, ["stop state"]),
    ("stopped", True, State.FINISHED, []),
    (None, True, State.STARTED, []),
    (None, True, State.STOPPED, []),
    (None, False, State.STARTED, []),
    (None, True, State.UNKNOWN, []),
]


@pytest.mark.parametrize(("wished", "open_", "seen", "expected"), STATES)
def test_run_states(wished: str | None, open_: bool, seen: State, expected: list[str]) -> None:
    """Transitions count as where they lead; a state that is not wished is not managed."""
    made = plan([campaign(state=wished, open_=open_)], [live(state=seen)], remembered(ours()))

    assert steps(made) == expected
    assert not made.blocked


@pytest.mark.parametrize(
    ("wished", "seen"), [("started", State.UNKNOWN), ("stopped", State.UNKNOWN), ("started", State.FINISHED)]
)
def test_a_state_that_is_not_understood_blocks(wished: str, seen: State) -> None:
    """Nothing is guessed, and a finished campaign is not run again; not even its fields are touched."""
    made = plan([campaign(state=wished, speed=80)], [live(state=seen, speed=60)], remembered(ours()))

    assert made.empty
    assert said(made) == [("PLT003", Severity.DENY)]


@pytest.mark.parametrize(
    ("wished", "last", "expected"),
    [
        ("started", State.STARTED, []),
        ("started", State.STOPPED, ["start state"]),
        ("stopped", State.STARTED, ["stop state"]),
        ("stopped", State.STOPPED, []),
    ],
)
def test_a_state_that_is_not_shown_is_taken_to_be_the_last_one_set(wished: str, last: State, expected: list[str]) -> None:
    """It is said to be so, and no change of it can be verified."""
    made = plan([campaign(state=wished)], [replace(live(state=last), supposed=True)], remembered(ours()))

    assert steps(made) == expected
    assert said(made) == [("UNV001", Severity.INFO)]
    assert not any(change.verifiable for change in made.changes)


def test_a_running_campaign_is_edited_between_a_stop_and_a_start() -> None:
    """Where the platform takes no edits while it runs: all three stand in the plan."""
    made = plan([campaign(state="started", speed=80)], [live(state=State.STARTED, speed=60)], remembered(ours()))

    assert steps(made) == ["stop edit", "update fields", "start edit"]
    assert made.changes[1].depends_on == (f"stop {COBRANZA}",)
    assert made.changes[2].depends_on == (f"update {COBRANZA}",)


def test_a_running_campaign_whose_state_is_not_managed_runs_again_after_an_edit() -> None:
    """As it was found."""
    made = plan([campaign(speed=80)], [live(state=State.STARTED, speed=60)], remembered(ours()))

    assert steps(made) == ["stop edit", "update fields", "start edit"]


def test_a_campaign_that_is_to_stand_still_is_edited_after_its_stop() -> None:
    """And not started again."""
    for wish in (campaign(state="stopped", speed=80), campaign(state="started", open_=False, speed=80)):
        made = plan([wish], [live(state=State.STARTED, speed=60)], remembered(ours()))

        assert [step.split()[0] for step in steps(made)] == ["stop", "update"]
        assert made.changes[1].depends_on == (f"stop {COBRANZA}",)


def test_a_stopped_campaign_is_edited_before_its_start() -> None:
    """It never runs with the old fields."""
    made = plan([campaign(state="started", speed=80)], [live(speed=60)], remembered(ours()))

    assert steps(made) == ["update fields", "start state"]
    assert made.changes[1].depends_on == (f"update {COBRANZA}",)


# --- fields that make an object run by themselves

LYNN: Final = address("l")


def on_lynn(state: State = State.STOPPED, **fields: Any) -> Mapping[str, Seen]:
    """Lynn with one live campaign."""
    return {"l": Seen(campaigns=Reading(live=(live(state=state, **fields),), read_at=NOW))}


def test_a_platform_that_edits_while_it_runs_is_not_stopped() -> None:
    """In place."""
    made = plan([campaign(LYNN, speed=80)], memory=remembered(ours(LYNN)), seen=on_lynn(State.STARTED, speed=60))

    assert steps(made) == [f"update fields {LYNN}"]


def test_a_campaign_that_runs_by_itself_is_created_without_that() -> None:
    """What makes it run is a start of its own, after its creation."""
    made = plan([campaign(LYNN, alone=True, category="mora", execution_mode="always_on", start_at="2026-12-01")])

    assert steps(made) == [f"create new {LYNN}", f"start goes_live {LYNN}"]
    assert [d.path for d in made.changes[0].diff] == ["category"]
    assert [d.path for d in made.changes[1].diff] == ["execution_mode", "start_at"]


def test_such_fields_of_a_campaign_that_does_not_run_by_itself_are_plain() -> None:
    """Manual mode is written with everything else."""
    made = plan([campaign(LYNN, category="mora", execution_mode="manual")])

    assert [[d.path for d in change.diff] for change in made.changes] == [["category", "execution_mode"]]


def test_a_change_that_makes_it_run_is_a_start() -> None:
    """The rest is updated before."""
    seen = on_lynn(category="alta", execution_mode="manual")
    made = plan(
        [campaign(LYNN, alone=True, category="mora", execution_mode="always_on")], memory=remembered(ours(LYNN)), seen=seen
    )

    assert steps(made) == [f"update fields {LYNN}", f"start goes_live {LYNN}"]
    assert made.changes[1].depends_on == (f"update {LYNN}",)
    assert [d.path for d in made.changes[1].diff] == ["execution_mode"]


def test_a_change_that_makes_it_stand_still_is_a_stop() -> None:
    """From always_on to manual: before anything else."""
    seen = on_lynn(State.STARTED, category="alta", execution_mode="always_on")
    made = plan([campaign(LYNN, category="mora", execution_mode="manual")], memory=remembered(ours(LYNN)), seen=seen)

    assert steps(made) == [f"stop state {LYNN}", f"update fields {LYNN}"]
    assert [d.path for d in made.changes[0].diff] == ["execution_mode"]


def test_moving_the_dates_of_a_scheduled_campaign_is_a_start() -> None:
    """It would run at another time."""
    seen = on_lynn(execution_mode="scheduled", start_at="2026-12-01")
    made = plan(
        [campaign(LYNN, alone=True, execution_mode="scheduled", start_at="2026-12-02")],
        memory=remembered(ours(LYNN)),
        seen=seen,
    )

    assert steps(made) == [f"start goes_live {LYNN}"]


# --- whose it is


def test_a_namesake_that_is_not_ours_blocks() -> None:
    """With the remedy to adopt it; nothing of it is changed."""
    made = plan([campaign(state="started", speed=80)], [live(speed=60)])

    assert made.empty
    assert made.blocked
    assert said(made) == [("OWN001", Severity.DENY)]
    assert "reconciler import w/campaign/cobranza" in made.findings[0].remedy
    assert made.findings[0].origin == Origin("specs/a.yaml", 5, 7)


def test_two_namesakes_block_even_if_one_is_ours() -> None:
    """It cannot be known which is meant."""
    two = [live("7", speed=60), live("8", speed=60)]

    for memory in (Memory(), remembered(ours())):
        made = plan([campaign(speed=80)], two, memory)
        assert made.empty
        assert said(made) == [("OWN002", Severity.DENY)]


def test_our_marker_without_the_journal_blocks() -> None:
    """A lost journal must not make a second campaign, nor take over the first."""
    made = plan([campaign(speed=80)], [live(marker="ab12cd34", speed=60)])
    foreign = plan([campaign(speed=80)], [live(marker="99999999", speed=60)])

    assert made.empty
    assert said(made) == [("OWN003", Severity.DENY)]
    assert "journal" in made.findings[0].remedy
    assert said(foreign) == [("OWN001", Severity.DENY)]


def test_a_campaign_without_a_marker_is_not_taken_for_ours() -> None:
    """Where the platform has no room for one, an empty mark equals nothing."""
    made = plan([replace(campaign(speed=80), marker="")], [live(speed=60)])

    assert said(made) == [("OWN001", Severity.DENY)]


def test_ours_is_known_by_its_id() -> None:
    """A colleague renamed it: the name is one of its fields, and it is not created again."""
    made = plan(
        [campaign(name="cobranza")], [replace(live("7", "renombrada"), fields={"name": "renombrada"})], remembered(ours())
    )

    assert steps(made) == ["update fields"]


def test_ours_renamed_while_a_namesake_took_its_name_blocks() -> None:
    """Renaming ours back would make two."""
    made = plan([campaign(speed=80)], [live("7", "renombrada", speed=60), live("8", "cobranza")], remembered(ours()))

    assert made.empty
    assert said(made) == [("OWN001", Severity.DENY)]


def test_ours_that_somebody_deleted_is_created_again_and_told() -> None:
    """It may have been meant."""
    made = plan([campaign(speed=80)], [], remembered(ours()))

    assert steps(made) == ["create gone"]
    assert said(made) == [("OWN003", Severity.WARN)]
    assert not made.blocked


def test_what_was_ours_on_another_account_is_not_ours_here() -> None:
    """The target was pointed elsewhere: a namesake there blocks, and nothing of the old account is deleted."""
    memory = remembered(ours(container="wolkvox|otra-cuenta"))

    assert said(plan([campaign(speed=80)], [live(speed=60)], memory)) == [("OWN001", Severity.DENY)]
    assert steps(plan([campaign(speed=80)], [], memory)) == ["create new"]
    assert plan([], [live()], memory).empty


def test_a_platform_without_campaigns_of_its_own_plans_nothing() -> None:
    """uContact's campaigns are the portal's: the document is for the policies."""
    made = plan([campaign(address("u"), state="started", speed=80)])

    assert made.empty
    assert made.findings == ()


# --- documents that are gone


def test_ours_without_a_document_is_deleted() -> None:
    """Irreversible, and counted apart from the irreversible steps."""
    made = plan([], [live()], remembered(ours()))
    (delete,) = made.changes

    assert steps(made) == ["delete removed"]
    assert (delete.live_id, delete.reversible, made.deletes, made.irreversible) == ("7", False, 1, 0)


def test_ours_without_a_document_is_stopped_before_it_is_deleted() -> None:
    """Where it runs."""
    for state in (State.STARTED, State.STARTING):
        made = plan([], [live(state=state)], remembered(ours()))

        assert steps(made) == ["stop removed", "delete removed"]
        assert made.changes[1].depends_on == (f"stop {COBRANZA}",)


def test_protected_ones_are_not_deleted() -> None:
    """If the last applied document said so: a denial, and not even a stop."""
    made = plan([], [live(state=State.STARTED)], remembered(ours(protect=True)))

    assert made.empty
    assert said(made) == [("PRO001", Severity.DENY)]


def test_what_is_gone_on_both_sides_is_nothing() -> None:
    """Somebody deleted it, and nobody wishes it."""
    made = plan([], [], remembered(ours()))

    assert made.empty
    assert made.findings == ()


def test_a_partial_run_deletes_nothing() -> None:
    """It was shown only some documents, so that it cannot know of any that it is gone: it says and denies nothing either."""
    other = address(name="otra")
    memory = remembered(ours(), ours(other, "8", protect=True))
    made = plan([campaign(speed=80)], [live(speed=60), live("8", "otra", State.STARTED)], memory, partial=True)

    assert steps(made) == ["update fields"]
    assert made.findings == ()


def test_a_renamed_document_does_not_delete_what_it_is_bound_to() -> None:
    """Two addresses of the journal lead to one campaign: the one that is wished holds it."""
    new = address(name="cobranza-nueva")
    memory = remembered(ours(COBRANZA, "7"), ours(new, "7"))

    assert plan([campaign(new, speed=60)], [live("7", "cobranza-nueva", speed=60)], memory).empty


def test_a_target_that_was_not_read_is_left_alone() -> None:
    """Neither wishes nor removals of it stand in the plan."""
    memory = remembered(ours(), ours(address("l"), "9"))
    seen = {"l": Seen(campaigns=Reading(read_at=NOW))}
    values: dict[str, Any] = {
        "shapes": {name: kind.shape for name, kind in KINDS.items()},
        "supports": SUPPORTS,
        "containers": CONTAINERS,
    }
    state = TargetState(name="l", platform="lynn", url="", account="", simulated=True, complete=True, read_at=NOW)
    setting = Setting(**values, states=[state], calls=lambda _: 1)
    made = make_plan([campaign(speed=80), rows(BASE, "cobranza", to_add=5)], seen, memory, setting, NOW)

    assert made.empty
    assert made.rows == ()


# --- rows and sends


def test_rows_become_changes_by_what_they_are() -> None:
    """Additions that reach people cannot be undone; blacklist entries can."""
    made = plan(
        [
            campaign(speed=60),
            rows(BASE, "cobranza", to_add=5, to_remove=2, to_close=1),
            rows(LIST, to_add=3, to_lift=1),
            rows(SMS, "Avisos->", to_add=4, wish={"at": "2026-12-01T10:00:00-03:00"}),
            rows(address("l", "contacts", "clientes"), to_add=6, to_replace=2),
        ],
        [live(speed=60)],
        remembered(ours()),
    )
    found = {change.key: (change.reason, change.count, change.reversible, change.calls) for change in made.changes}

    assert found == {
        f"rows_remove {BASE}": (Reason.ROWS, 3, False, 2),
        f"rows_add {BASE}": (Reason.ROWS, 5, False, 2),
        f"blacklist_add {LIST}": (Reason.ROWS, 3, True, 2),
        f"blacklist_remove {LIST}": (Reason.LIFT, 1, True, 2),
        f"schedule {SMS}": (Reason.ROWS, 4, False, 2),
        "rows_remove l/contacts/clientes": (Reason.ROWS, 2, True, 2),
        "rows_add l/contacts/clientes": (Reason.ROWS, 8, True, 2),
    }
    assert made.irreversible == 3
    assert made.calls == {"l": 4, "u": 2, "w": 8}
    assert made.schedules == {str(SMS): "2026-12-01T10:00:00-03:00"}


def test_a_list_that_only_we_enforce_is_shown_and_not_written() -> None:
    """uContact has no call for it."""
    made = plan([rows(address("u", "blacklist", "bajas"), to_add=3, wish={"enforced_by_us": True})])

    assert made.empty
    assert made.rows[0].enforced_by_us


def test_lifting_from_a_list_that_only_we_enforce_is_a_change() -> None:
    """People become reachable again: a reviewer has to see it, and the digest covers it."""
    made = plan([rows(address("u", "blacklist", "bajas"), to_lift=1, live=3, wish={"enforced_by_us": True})])

    assert [(change.action, change.reason, change.count) for change in made.changes] == [
        (Action.BLACKLIST_REMOVE, Reason.LIFT, 1)
    ]


def test_entries_to_mark_are_part_of_the_additions() -> None:
    """What was listed and not marked goes the way of what is listed now, before anything starts."""
    made = plan([rows(address("w", "blacklist", "bajas"), to_add=2, to_mark=3)])

    assert [(change.action, change.count) for change in made.changes] == [(Action.BLACKLIST_ADD, 5)]


@pytest.mark.parametrize(("in_place", "actions"), [(True, [Action.ROWS_ADD]), (False, [Action.ROWS_REMOVE, Action.ROWS_ADD])])
def test_rows_that_are_replaced_in_place_are_not_removed_first(in_place: bool, actions: list[Action]) -> None:
    """A step that does nothing is no step."""
    made = plan([rows(BASE, to_replace=2, changed=2, live=2, wish={"replaced_in_place": in_place})])

    assert [change.action for change in made.changes] == actions


def test_rows_without_a_difference_are_listed_and_no_change() -> None:
    """`rows` has an entry for every address with rows."""
    made = plan(
        [
            rows(BASE, unchanged=10, live=10),
            rows(SMS, wish={"at": "2026-11-01T10:00:00-03:00"}, suppressed={"already_sent": 10}),
        ]
    )

    assert made.empty
    assert [change.address for change in made.rows] == [SMS, BASE]
    assert made.schedules == {}  # a past `at` whose rows all went out is silent


def test_rows_that_went_out_with_other_words_are_told() -> None:
    """Never sent again; where they are scheduled, nobody can take them back."""
    loaded = plan([rows(BASE, old_content=7)])
    scheduled = plan([rows(SMS, old_content=7, wish={"at": "2026-12-01T10:00:00-03:00"})])

    assert said(loaded) == said(scheduled) == [("SND001", Severity.WARN)]
    assert "generation" in loaded.findings[0].remedy
    assert "taken back" not in loaded.findings[0].remedy
    assert "taken back" in scheduled.findings[0].remedy
    assert loaded.empty


def test_held_recipients_are_told() -> None:
    """They are not contacted while an earlier call to them is open."""
    made = plan([rows(BASE, to_add=5, suppressed={"in_doubt": 12})])

    assert ("SND002", Severity.WARN) in said(made)
    assert "12 recipients" in made.findings[0].message


def test_rows_that_were_loaded_before_and_are_gone_are_told() -> None:
    """Loading them again contacts their people again."""
    made = plan([rows(BASE, to_add=5, again=2)])

    assert said(made) == [("SND003", Severity.WARN)]
    assert "2 row(s)" in made.findings[0].message


def test_rows_that_could_not_be_compared_are_no_change() -> None:
    """Nothing is known of them: neither counted nor planned."""
    made = plan([replace(rows(BASE), rows=None)])

    assert made.empty
    assert made.rows == ()


def test_what_could_not_be_compared_is_told() -> None:
    """A note of the reading stands in the plan."""
    made = plan([rows(BASE, to_add=5, wish={"rows_note": "compared with the journal only"})])

    assert ("UNV001", Severity.INFO) in said(made)


# --- doubt


def test_a_campaign_in_doubt_is_not_touched() -> None:
    """Neither changed nor deleted, and its rows wait; other addresses go on."""
    other = address(name="otra")
    memory = remembered(ours(), ours(other, "8"), unsettled=[doubt(COBRANZA)])
    lives = [live(speed=60, state=State.STARTED), live("8", "otra", speed=60)]
    made = plan(
        [campaign(state="started", speed=80), campaign(other, speed=80), rows(BASE, "cobranza", to_add=5)], lives, memory
    )
    removed = plan([], [live(), live("8", "otra")], memory)

    assert steps(made) == [f"update fields {other}"]
    assert said(made) == [("DEP001", Severity.WARN)]
    assert "resolve" in made.findings[0].remedy
    assert steps(removed) == [f"delete removed {other}"]
    assert said(removed) == [("DEP001", Severity.WARN)]


@pytest.mark.parametrize(
    ("wish", "known", "expected"),
    [
        (campaign(state="stopped", speed=80), ours(), ["stop state"]),
        (campaign(state="started", open_=False), ours(), ["stop window"]),
        (campaign(state="started"), ours(), []),
        (campaign(), ours(), []),
        (campaign(state="stopped"), ours(protect=True), []),
        (campaign(state="started", open_=False), ours(protect=True), ["stop window"]),
        (campaign(state="stopped"), ours(id_="9"), []),
    ],
)
def test_a_doubt_never_holds_back_a_stop(wish: Wish, known: Owned, expected: list[str]) -> None:
    """To stop twice is to stop once, and who is still dialled is worse than either."""
    made = plan([wish], [live(speed=60, state=State.STARTED)], remembered(known, unsettled=[doubt(COBRANZA)]))

    assert steps(made) == expected
    assert said(made) == [("DEP001", Severity.WARN)]


def test_whose_a_campaign_is_that_may_have_been_made_is_not_asked_before_that_is_known() -> None:
    """The marker is ours, and the journal knows it: as a doubt."""
    memory = Memory(unsettled=[doubt(COBRANZA, action=Action.CREATE)])

    assert said(plan([campaign()], [live(marker="ab12cd34")], memory)) == [("DEP001", Severity.WARN)]


def test_rows_in_doubt_wait_and_so_does_the_start_of_their_campaign() -> None:
    """Other rows may be in it that nobody counted."""
    memory = remembered(ours(), unsettled=[doubt(BASE, f"{CONTAINERS['w']}|7", Action.ROWS_ADD)])
    wishes = [campaign(state="started", speed=80), rows(BASE, "cobranza", to_add=5), rows(LIST, to_add=1)]
    made = plan(wishes, [live(speed=60)], memory)

    assert steps(made) == [f"blacklist_add rows {LIST}", "update fields"]
    assert sorted(said(made)) == sorted([("DEP001", Severity.WARN), ("DEP002", Severity.WARN)])


def test_a_load_in_doubt_holds_every_load_into_its_campaign() -> None:
    """Rows that may still arrive would meet the same people, under whatever document or generation."""
    inside = f"{CONTAINERS['w']}|7"
    memory = remembered(ours(), unsettled=[doubt(address(kind="contacts", name="old-name"), inside, Action.ROWS_ADD)])
    renamed = rows(BASE, "cobranza", to_add=5)
    made = plan([campaign(speed=60), replace(renamed, container=inside)], [live(speed=60)], memory)
    elsewhere = plan([campaign(speed=60), replace(renamed, container=f"{CONTAINERS['w']}|8")], [live(speed=60)], memory)

    assert (steps(made), said(made)) == ([], [("DEP001", Severity.WARN)])
    assert steps(elsewhere) == [f"rows_add rows {BASE}"]


def test_a_list_in_doubt_is_added_to_all_the_same() -> None:
    """To bar somebody twice is to bar them once."""
    memory = remembered(unsettled=[doubt(LIST, CONTAINERS["w"], Action.BLACKLIST_ADD)])
    made = plan([rows(LIST, to_add=2)], memory=memory)

    assert (steps(made), said(made)) == ([f"blacklist_add rows {LIST}"], [("DEP001", Severity.WARN)])


def test_doubt_about_another_account_holds_nothing_here() -> None:
    """The same id on another account is another campaign."""
    memory = remembered(ours(), unsettled=[doubt(address("l", "contacts", "x"), f"{CONTAINERS['l']}|7", Action.ROWS_ADD)])

    assert steps(plan([campaign(state="started")], [live()], memory)) == ["start state"]


def test_rows_wait_for_a_campaign_that_is_blocked() -> None:
    """Rows of a campaign that is not ours go nowhere; blacklist entries do."""
    made = plan([campaign(speed=80), rows(BASE, "cobranza", to_add=5), rows(LIST, to_add=1)], [live(speed=60)])

    assert steps(made) == [f"blacklist_add rows {LIST}"]
    assert made.blocked


CREATION: Final = replace(
    doubt(address(name="antes"), action=Action.CREATE), facts={"name": "cobranza", "container": CONTAINERS["w"]}
)


RENAMED: Final = replace(campaign(speed=60), desired=desired(address(name="ahora"), display_name="cobranza "))


@pytest.mark.parametrize("wish", [campaign(speed=60), RENAMED])
def test_what_may_have_been_made_under_another_address_is_not_made_again(wish: Wish) -> None:
    """A renamed or copied document wishes the same campaign."""
    made = plan([wish, rows(BASE, "cobranza", to_add=5)], memory=Memory(unsettled=[CREATION]))

    assert [change.action for change in made.changes if change.address.kind == "campaign"] == []
    (finding,) = [one for one in made.findings if one.code == "DEP001"]
    assert str(CREATION.address) in finding.message


@pytest.mark.parametrize(
    "other",
    [
        replace(CREATION, action=Action.UPDATE),
        replace(CREATION, facts={**CREATION.facts, "name": "otra"}),
        replace(CREATION, facts={**CREATION.facts, "container": CONTAINERS["l"]}),
        replace(CREATION, facts={}),
    ],
)
def test_another_doubt_elsewhere_does_not_hold_a_creation_back(other: Unsettled) -> None:
    """Of another name, account or action."""
    assert steps(plan([campaign(speed=60)], memory=Memory(unsettled=[other]))) == ["create new"]


@pytest.mark.parametrize(
    ("verdicts", "words"),
    [
        ([Verdict.DONE, Verdict.DONE], "; as it reads now: it was done"),
        ([Verdict.NOT_DONE, Verdict.NOT_DONE], "; as it reads now: it was not done"),
        ([Verdict.DONE, Verdict.NOT_DONE], ""),
        ([Verdict.ASK, Verdict.HOLD], ""),
    ],
)
@pytest.mark.parametrize("wished", [True, False])
def test_a_doubt_says_how_it_reads_now_and_stays_one(verdicts: list[Verdict], words: str, wished: bool) -> None:
    """In memory only: nothing is settled, and nothing is let go."""
    answers = {f"op-{number}": verdict for number, verdict in enumerate(verdicts)}
    doubts = [replace(doubt(COBRANZA), operation=operation) for operation in answers]
    made = plan(
        [campaign(speed=80)] if wished else [],
        [live(speed=60)],
        remembered(ours(), unsettled=doubts),
        as_read=lambda one, _seen: answers[one.operation],
    )
    (finding,) = made.findings

    assert made.empty
    assert finding.code == "DEP001"
    assert finding.message.endswith(f"2 call(s) to it have an unknown outcome{words}")


# --- what stays

HOUR: Final = timedelta(hours=1)


def placed(at: Address, container: str, latest: datetime = NOW) -> Placed:
    """Something of ours that lies somewhere."""
    return Placed(address=at, container=container, count=3, latest=latest)


@pytest.mark.parametrize(
    ("thing", "words"),
    [
        (placed(BASE, f"{CONTAINERS['w']}|7"), "the 3 row(s) that it loaded stay"),
        (placed(BASE, f"{CONTAINERS['w']}|8"), ""),  # its campaign is gone, and took them along
        (placed(BASE, f"{CONTAINERS['w']}|contacts"), "the contacts that it made stay"),
        (placed(address("u", "contacts", "base"), f"{CONTAINERS['u']}|Mora"), "the 3 row(s) that it loaded stay"),
        (placed(LIST, f"{CONTAINERS['w']}|"), "its entries stay, and nobody is lifted"),
        (placed(SMS, f"{CONTAINERS['u']}|sms", NOW - HOUR), "none of the 3 message(s)"),
        (placed(SMS, f"{CONTAINERS['u']}|sms", NOW - 10_000 * HOUR), ""),  # nobody waits for them any more
        (placed(BASE, "wolkvox|otra|7"), ""),
        (placed(address("x", "contacts", "base"), "x|y|7"), ""),
    ],
)
def test_what_a_removed_document_placed_stays_and_is_said(thing: Placed, words: str) -> None:
    """Rows, entries and messages do not go with their document."""
    made = plan([], [live()], Memory(placed=[thing]), append_only=frozenset({"u"}))
    notes = [finding.message for finding in made.findings if finding.code == "LFT001"]

    assert [words in note for note in notes] == ([True] if words else [])


def test_what_another_document_wishes_or_a_delete_takes_along_does_not_stay() -> None:
    """In the same place, whatever the document is called; and a partial plan was not shown every document."""
    there = placed(BASE, f"{CONTAINERS['w']}|7")
    other = replace(rows(address(kind="contacts", name="otra")), container=there.container)
    kept = plan([other], [live()], Memory(placed=[there]))
    taken = plan([], [live()], remembered(ours(), placed=[there]))
    partial = plan([], [live()], Memory(placed=[there]), partial=True)

    assert [said(made) for made in (kept, taken, partial)] == [[], [], []]


def test_rows_in_a_campaign_that_was_not_shown_may_stay() -> None:
    """The reading was cut: whether it is gone is not known."""
    made = plan([], [], Memory(placed=[placed(BASE, f"{CONTAINERS['w']}|7")]), complete=False)

    assert said(made) == [("LFT001", Severity.INFO)]


@pytest.mark.parametrize(("open_", "blocked"), [(True, True), (False, False)])
def test_protected_ones_are_stopped_by_their_window_alone(open_: bool, blocked: bool) -> None:
    """That a window closes was wished when it was protected."""
    wish = campaign(state="started" if not open_ else "stopped", open_=open_)
    made = plan([wish], [live(state=State.STARTED)], remembered(ours(protect=True)))

    assert made.blocked is blocked
    assert [finding.code for finding in made.findings] == (["PRO001"] if blocked else [])


def test_a_manual_step_has_json_with_its_place() -> None:
    step = Manual(address=COBRANZA, key="k", what="play it", origin=PLACE)

    assert step.to_json() == {
        "address": str(COBRANZA),
        "key": "k",
        "what": "play it",
        "file": "specs/a.yaml",
        "line": 3,
    }


def test_a_plan_is_complete_where_every_target_is() -> None:
    whole, cut = states()[0], replace(states()[1], complete=False)

    assert plan([], states=[whole]).complete
    assert not plan([], states=[whole, cut], seen={}).complete


def test_lists_are_part_of_the_digest_as_they_stand() -> None:
    """Tuples and lists are one."""
    first, second, other = (campaign(labels=labels) for labels in (("a", "b"), ["a", "b"], ["b", "a"]))

    assert plan([first]).digest == plan([second]).digest != plan([other]).digest


# --- incomplete readings


def test_an_incomplete_reading_lets_only_what_protects_pass() -> None:
    """Stops and blacklist additions; what is not seen is not believed to be gone."""
    lives = [live(speed=60, state=State.STARTED), live("8", "vieja", State.STARTED)]
    old = address(name="vieja")
    unseen = address(name="no-vista")
    memory = remembered(ours(), ours(old, "8"), ours(address(name="gone"), "9"))
    wishes = [
        campaign(state="stopped", speed=80),
        campaign(unseen, speed=60),
        rows(address(kind="contacts", name="b2"), "no-vista", to_add=5),
        rows(LIST, to_add=1),
    ]
    made = plan(wishes, lives, memory, complete=False)

    assert steps(made) == ["stop state", f"stop removed {old}", f"blacklist_add rows {LIST}"]
    assert ("PLT002", Severity.WARN) in said(made)
    assert "cut at 100" in made.findings[0].message


def test_an_incomplete_reading_does_not_stop_for_an_edit() -> None:
    """The edit and the start after it would be missing, and the campaign would stand still for nothing."""
    made = plan(
        [campaign(state="started", speed=80)], [live(state=State.STARTED, speed=60)], remembered(ours()), complete=False
    )

    assert made.empty


def test_rows_that_were_not_all_shown_wait() -> None:
    """Their additions could be there already; a blacklist may still grow, and nobody is lifted."""
    held = {"rows_complete": False, "rows_note": "59,000 rows"}
    made = plan([rows(BASE, "cobranza", to_add=5, to_remove=1, wish=held), rows(LIST, to_add=2, to_lift=3, wish=held)])

    assert steps(made) == [f"blacklist_add rows {LIST}"]
    assert said(made).count(("PLT002", Severity.WARN)) == 2


# --- order


def test_everything_that_reaches_people_waits_for_every_blacklist() -> None:
    """On every target: who said no on one is not called by another."""
    bajas = address("l", "blacklist", "no-molestar")
    made = plan(
        [
            campaign(state="started", speed=60),
            rows(BASE, "cobranza", to_add=5),
            rows(SMS, "Avisos->", to_add=4),
            rows(LIST, to_add=3),
            rows(bajas, to_add=3),
        ],
        [live(speed=60)],
        remembered(ours()),
    )

    assert steps(made) == [
        f"blacklist_add rows {bajas}",
        f"blacklist_add rows {LIST}",
        f"rows_add rows {BASE}",
        "start state",
        f"schedule rows {SMS}",
    ]
    for change in made.changes[2:]:
        assert {f"blacklist_add {bajas}", f"blacklist_add {LIST}"} <= set(change.depends_on)
    assert f"rows_add {BASE}" in made.changes[3].depends_on


def test_a_new_campaign_gets_its_rows_before_its_start() -> None:
    """Creation, entries that need it, rows, start."""
    made = plan([campaign(state="started", speed=60), rows(BASE, "cobranza", to_add=5), rows(LIST, to_add=3)])

    assert steps(made) == ["create new", f"blacklist_add rows {LIST}", f"rows_add rows {BASE}", "start state"]
    assert made.changes[1].depends_on == (f"create {COBRANZA}",)
    assert set(made.changes[2].depends_on) == {f"blacklist_add {LIST}", f"create {COBRANZA}"}


def test_an_address_book_comes_before_the_blacklist_that_may_need_it() -> None:
    """A platform may bar only those whom it knows; being in the book contacts nobody."""
    book = address("l", "contacts", "clientes")
    bar = address("l", "blacklist", "no-molestar")
    made = plan([rows(bar, to_add=1), rows(book, to_add=1)])

    assert steps(made) == [f"rows_add rows {book}", f"blacklist_add rows {bar}"]


def test_stops_come_first_and_lifts_last() -> None:
    """The order of the actions, where nothing else decides."""
    old = address(name="vieja")
    made = plan(
        [
            campaign(state="stopped"),
            campaign(address(name="nueva")),
            rows(LIST, to_lift=1),
            rows(BASE, "cobranza", to_remove=1),
        ],
        [live(state=State.STARTED), live("8", "vieja")],
        remembered(ours(), ours(old, "8")),
    )

    assert [change.action for change in made.changes] == [
        Action.STOP,
        Action.DELETE,
        Action.CREATE,
        Action.ROWS_REMOVE,
        Action.BLACKLIST_REMOVE,
    ]


NAMES: Final = st.sampled_from(["a", "b", "c"])


@st.composite
def changes(draw: st.DrawFn) -> list[Change]:
    """Changes of any kind, one each of its action and address."""
    made = []
    for action in draw(st.lists(st.sampled_from(Action), max_size=12)):
        target = draw(st.sampled_from(sorted(TARGETS)))
        kind = {
            Action.BLACKLIST_ADD: "blacklist",
            Action.BLACKLIST_REMOVE: "blacklist",
            Action.ROWS_ADD: "contacts",
            Action.ROWS_REMOVE: "contacts",
            Action.SCHEDULE: "scheduled_sms",
        }.get(action, "campaign")
        home = address(target, name=draw(NAMES)) if kind == "contacts" and draw(st.booleans()) else None
        made.append(Change(action=action, address=address(target, kind, draw(NAMES)), reason=Reason.ROWS, campaign=home))
    return list({change.key: change for change in made}.values())


@settings(deadline=None)
@given(changes(), st.randoms(use_true_random=False))
def test_the_order_is_topological_and_the_same_for_any_order_of_wishes(made: list[Change], random: Any) -> None:
    """Every change comes after all that it depends on, and nothing is lost."""
    result = ordered(made)
    shuffled = list(made)
    random.shuffle(shuffled)
    again = ordered(shuffled)

    assert {change.key for change in result} == {change.key for change in made}
    place = {change.key: number for number, change in enumerate(result)}
    for change in result:
        assert all(place[other] < place[change.key] for other in change.depends_on)
    assert [change.key for change in again] == [change.key for change in result]
    first = next(
        (number for number, change in enumerate(result) if change.action in (Action.START, Action.SCHEDULE)), len(result)
    )
    assert all(change.action is not Action.BLACKLIST_ADD for change in result[first:])


# --- what a plan says of itself


def test_a_plan_lives_a_day() -> None:
    """Policies may shorten it."""
    assert plan([]).valid_until == NOW + timedelta(hours=24)


def test_manual_steps_that_were_done_are_gone() -> None:
    """By their keys, as `resolve` closes them."""
    step = Manual(address=COBRANZA, key=f"{COBRANZA}#play", what="play it")
    wish = replace(campaign(speed=60), manual=(step,))

    assert plan([wish]).manual == (step,)
    assert plan([wish], memory=Memory(manual_done=frozenset({step.key}))).manual == ()


def test_findings_of_everybody_are_in_the_plan_once_strongest_first() -> None:
    """Of the setting, the wishes and the comparison."""
    note = Finding(code="UNV001", severity=Severity.INFO, message="nota", origin=PLACE)
    wrong = Finding(code="PLT001", severity=Severity.ERROR, message="skill", origin=PLACE)
    made = plan(
        [replace(campaign(speed=60), findings=(note, wrong)), replace(campaign(LYNN), findings=(note,))],
        [live()],
        findings=[note],
    )

    assert [finding.code for finding in made.findings] == ["PLT001", "OWN001", "UNV001"]
    assert made.worst() is Severity.ERROR


def test_a_plan_has_json_without_rows() -> None:
    """Counts, digests and masked samples; what it was told of the world stands in it."""
    made = plan(
        [campaign(speed=60), rows(BASE, "cobranza", to_add=5, sample=("+57 ••• ••• ••42",))],
        people=People(total=5, first_time=3, by_country={"CO": 5}),
        source=Source(commit="abc", dirty=True),
        permissions=Permissions(allow_delete=1, acks=("x",)),
    )
    shown = made.to_json("1.2.3")

    assert shown["digest"] == made.digest
    assert shown["source"] == {"commit": "abc", "dirty": True}
    assert shown["people"] == {"total": 5, "first_time": 3, "by_country": {"CO": 5}, "by_channel": {}, "by_purpose": {}}
    assert shown["permissions"] == {"allow_delete": 1, "acks": ["x"]}
    assert shown["summary"] == {"create": 1, "rows_add": 1}
    assert [change["action"] for change in shown["changes"]] == ["create", "rows_add"]
    assert shown["rows"][0]["sample"] == ["+57 ••• ••• ••42"]


# --- the digest

WISHES: Final = (
    campaign(state="started", speed=80, window={"from": "08:00"}),
    campaign(LYNN, alone=True, category="mora", execution_mode="always_on"),
    rows(BASE, "cobranza", to_add=5, digest="d1"),
    rows(LIST, to_add=3, digest="d2"),
    rows(SMS, "Avisos->", to_add=4, digest="d3", wish={"at": "2026-12-01T10:00:00-03:00"}),
)
LIVES: Final = (live(speed=60),)
MEMORY: Final = remembered(ours(), occurrences={COBRANZA: 2, BASE: 1})


def made_of(wishes: Iterable[Wish] = WISHES, lives: Sequence[Live] = LIVES, memory: Memory = MEMORY, **setting: Any) -> str:
    """The digest of the example, or of one that differs from it in something."""
    return plan(tuple(wishes), lives, memory, **setting).digest


DIGEST: Final = made_of()


def with_rows(at: Address, **counts: Any) -> tuple[Wish, ...]:
    """The example, with other counts at one address."""
    return tuple(
        replace(wish, rows=replace(wish.rows, **counts)) if wish.rows and wish.desired.address == at else wish
        for wish in WISHES
    )


def test_the_digest_does_not_depend_on_the_order_of_wishes() -> None:
    """Files may be split, joined and renamed."""
    assert {made_of(order) for order in permutations(WISHES)} == {DIGEST}


SAME: Final[Mapping[str, Callable[[], str]]] = {
    "live counters": lambda: made_of(with_rows(BASE, live=900, kept=3, unchanged=7)),
    "suppressed": lambda: made_of(with_rows(BASE, suppressed={"blacklist": 9}, reasons={"number": 1})),
    "examples": lambda: made_of(with_rows(BASE, examples={"number": ("••• (p:9f3a1c) phone •••",)})),
    "columns that differ": lambda: made_of(with_rows(BASE, changed=2, changed_columns={"name": 2})),
    "samples": lambda: made_of(with_rows(BASE, sample=("+57 ••• ••• ••42",))),
    "source size": lambda: made_of(with_rows(BASE, in_source=99)),
    "people": lambda: made_of(people=People(total=5, first_time=1)),
    "quota": lambda: made_of(
        states=[replace(state, quota=Quota(used=1, left=2, limit=3), campaigns=9, note="x") for state in states()]
    ),
    "time of reading": lambda: made_of(states=[replace(state, read_at=NOW + timedelta(hours=1)) for state in states()]),
    "order of targets": lambda: made_of(states=list(reversed(states()))),
    "source": lambda: made_of(source=Source(commit="abc", dirty=True)),
    "permissions": lambda: made_of(permissions=Permissions(allow_delete=1, acks=("a",))),
    "findings": lambda: made_of(findings=[Finding(code="UNV001", severity=Severity.INFO, message="x")]),
    "calls": lambda: made_of(calls=lambda _: 9),
    "head of the journal": lambda: made_of(memory=replace(MEMORY, head="abc")),
    "occurrences elsewhere": lambda: made_of(memory=replace(MEMORY, occurrences={**MEMORY.occurrences, address(name="x"): 7})),
    "places in files": lambda: made_of(
        replace(wish, desired=replace(wish.desired, origin=Origin("otro.yaml", 99), origins={})) for wish in WISHES
    ),
    "tags": lambda: made_of(replace(wish, desired=replace(wish.desired, tags=("x",))) for wish in WISHES),
    "what is live beside it": lambda: made_of(lives=(*LIVES, live("99", "ajena", State.STARTED))),
    "what was there before": lambda: made_of(lives=(live(speed=70),)),
}


def states() -> list[TargetState]:
    """The targets of the example."""
    return [
        TargetState(
            name=name, platform=platform, url=f"https://{name}", account=name, simulated=True, complete=True, read_at=NOW
        )
        for name, platform in TARGETS.items()
    ]


@pytest.mark.parametrize("same", SAME.values(), ids=SAME.keys())
def test_what_the_digest_does_not_cover(same: Callable[[], str]) -> None:
    """A review stays right while counters move and files are tidied."""
    assert same() == DIGEST


def test_the_digest_does_not_depend_on_when_the_plan_was_made() -> None:
    """An apply plans again, later."""
    later = replace(plan(WISHES, LIVES, MEMORY), created_at=NOW + timedelta(hours=2), valid_until=NOW + timedelta(hours=3))

    assert later.digest == DIGEST


OTHER: Final[Mapping[str, Callable[[], str]]] = {
    "a field": lambda: made_of((campaign(state="started", speed=81, window={"from": "08:00"}), *WISHES[1:])),
    "a field that is never shown": lambda: made_of(
        (campaign(state="started", speed=80, window={"from": "09:00"}), *WISHES[1:])
    ),
    "a run state": lambda: made_of((campaign(state="stopped", speed=80, window={"from": "08:00"}), *WISHES[1:])),
    "a window that closed": lambda: made_of((replace(WISHES[0], open=False), *WISHES[1:])),
    "a document more": lambda: made_of((*WISHES, campaign(address(name="otra"), speed=1))),
    "a document less": lambda: made_of(WISHES[:-1]),
    "who the campaign is": lambda: made_of(
        lives=(live("8", speed=60),), memory=remembered(ours(id_="8"), occurrences=MEMORY.occurrences)
    ),
    "what the campaign became": lambda: made_of(lives=(live(speed=60, state=State.STARTED),)),
    "rows": lambda: made_of(with_rows(BASE, digest="d9")),
    "rows of a blacklist": lambda: made_of(with_rows(LIST, digest="d9")),
    "rows of a message": lambda: made_of(with_rows(SMS, digest="d9")),
    "how many rows": lambda: made_of(with_rows(BASE, to_add=6)),
    "when it is sent": lambda: made_of((*WISHES[:-1], replace(WISHES[-1], at="2026-12-01T10:01:00-03:00"))),
    "policy inputs": lambda: made_of(policy_inputs={"max_people": 5}),
    "a target's url": lambda: made_of(states=[replace(state, url="https://x") for state in states()]),
    "a target's account": lambda: made_of(states=[replace(state, account="x") for state in states()]),
    "a target's platform": lambda: made_of(
        states=[replace(state, platform="lynn") if state.name == "u" else state for state in states()]
    ),
    "how often it was carried out": lambda: made_of(memory=replace(MEMORY, occurrences={COBRANZA: 3, BASE: 1})),
    "how often rows were loaded": lambda: made_of(memory=replace(MEMORY, occurrences={COBRANZA: 2, BASE: 2})),
}


@pytest.mark.parametrize("other", OTHER.values(), ids=OTHER.keys())
def test_what_the_digest_covers(other: Callable[[], str]) -> None:
    """What would be sent, to whom, when, under which rules, and how often before."""
    assert other() != DIGEST


def test_a_digest_is_sha_256_in_hex() -> None:
    """Sixty-four digits."""
    assert len(DIGEST) == 64
    assert set(DIGEST) <= set("0123456789abcdef")
