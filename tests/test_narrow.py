"""Apply may do less than was reviewed, never more: the comparison of two plans, and what it means on the platforms."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final

import pytest
from hypothesis import event, given
from hypothesis import strategies as st

from reconciler.plan import narrow
from reconciler.plan.narrow import NAME_BYTES, NOBODY, REACHED, Basis, Excess, Extent, Names, narrowing, other_basis
from tests.faults.stories import barred, loaded, lynn_campaign, messages, wolkvox_campaign
from tests.house import AT, House, Said, actions

BASE: Final = "t/contacts/base"
LIST: Final = "t/blacklist/no"
HOME: Final = "t/campaign/lista"
SMS: Final = "t/scheduled_sms/aviso"


def named(*people: int) -> Names:
    return Names.of(b"".join(person.to_bytes(NAME_BYTES, "big") for person in sorted({*people})))


def step(action: str, address: str, rows: int = 0, live_id: str = "", **fields: Any) -> list[Any]:
    return [f"{action} {address}", live_id, [[name, value] for name, value in fields.items()], rows]


def extent(
    *steps: list[Any],
    names: Mapping[str, Mapping[str, Names]] | None = None,
    people: int = 9,
    homes: Mapping[str, str] | None = None,
    again: Mapping[str, int] | None = None,
    edits: Mapping[str, list[str]] | None = None,
    suppressed: Mapping[str, Mapping[str, int]] | None = None,
    **substance: Any,
) -> Extent:
    touched = {str(made[0]).partition(" ")[2] for made in steps}
    whole = {
        "format": "1.0",
        "targets": [["wolkvox", "https://example.test", "1"]],
        "changes": sorted(steps),
        "rows": [],
        "schedules": {},
        "judged": {},
        "policy": {},
        "occurrences": dict.fromkeys(sorted(touched), 0),
    }
    return Extent(
        substance=whole | substance,
        people=people,
        names=names or {},
        homes=homes or {},
        again=again or {},
        edits=edits or {},
        suppressed=suppressed or {},
    )


def added(*people: int, **more: Any) -> Extent:
    """A plan that adds rows to a campaign."""
    return extent(step("rows_add", BASE, len(people)), names={BASE: {"add": named(*people)}}, **more)


def told(reviewed: Extent, now: Extent) -> list[str]:
    return [str(excess) for excess in narrowing(reviewed, now).excess]


def less(reviewed: Extent, now: Extent) -> list[tuple[str, str, int, int, str]]:
    found = narrowing(reviewed, now)
    assert found.within, found.excess
    return [tuple(difference.to_json().values()) for difference in found.differences]


# --- sets of names -------------------------------------------------------------------------------------------------------


def test_a_set_is_within_itself_and_whatever_holds_it() -> None:
    assert named(1, 2).within(named(1, 2, 3))
    assert named(1, 2).within(named(1, 2))
    assert NOBODY.within(named(1))
    assert not named(1, 4).within(named(1, 2, 3))
    assert not named(1, 2, 3).within(named(1, 2))


def test_a_set_whose_names_were_not_kept_is_only_equal_or_not() -> None:
    whole = named(1, 2, 3)
    kept_by_digest = Names(count=3, digest=whole.digest)

    assert whole.within(kept_by_digest)
    assert kept_by_digest.within(whole)
    assert not named(1).within(kept_by_digest)
    assert not kept_by_digest.within(named(1, 2, 3, 4))


# --- what a plan was made from -------------------------------------------------------------------------------------------


def test_an_equal_basis_differs_in_nothing() -> None:
    basis = Basis(journal="j", policy="p", targets={"t": "1"}, documents={BASE: "2"}, sources={BASE: "3"})

    assert other_basis(basis, basis) == ()


def test_another_basis_is_told_part_by_part() -> None:
    reviewed = Basis(journal="j", policy="p", targets={"t": "1"}, documents={BASE: "2", HOME: "2"}, sources={BASE: "3"})
    now = Basis(journal="j", policy="q", targets={}, documents={BASE: "2", SMS: "2"}, sources={BASE: "4"})

    assert [excess.address for excess in other_basis(reviewed, now)] == ["", "t", HOME, SMS, BASE]


def test_under_another_key_nothing_else_can_be_compared() -> None:
    reviewed = Basis(journal="j", policy="p", documents={BASE: "2"})

    assert len(other_basis(reviewed, Basis(journal="k", policy="q"))) == 1


# --- less ----------------------------------------------------------------------------------------------------------------


def test_an_equal_plan_is_within_and_nothing_is_less() -> None:
    assert less(added(1, 2), added(1, 2)) == []


def test_fewer_rows_say_why() -> None:
    reviewed = added(1, 2, 3, suppressed={BASE: {"blacklist": 1}})
    row = (BASE, "rows_add", 3, 2)

    assert less(reviewed, added(1, 2, suppressed={BASE: {"blacklist": 2}})) == [(*row, "they are on a blacklist now")]
    assert less(reviewed, added(1, 2, suppressed={BASE: {"later": 1, "cap": 2}})) == [(*row, "left out now: cap, later")]
    assert less(reviewed, added(1, 2, suppressed={BASE: {"blacklist": 1}})) == [(*row, "it is no longer to be done")]
    assert less(reviewed, added(1, 2, occurrences={BASE: 1})) == [(*row, "another run did it meanwhile")]


def test_a_change_that_is_gone_and_a_stop_that_came() -> None:
    reviewed = extent(step("delete", HOME, live_id="7"), step("update", "t/campaign/otra", live_id="8", speed=3))
    now = extent(
        step("update", "t/campaign/otra", live_id="8", speed=3), step("stop", "t/campaign/otra", live_id="8", state="x")
    )

    assert less(reviewed, now) == [
        (HOME, "delete", 1, 0, "it is no longer to be done"),
        ("t/campaign/otra", "stop", 0, 1, "it protects people"),
    ]
    assert (reviewed.deletes, now.deletes) == (1, 0)


def test_more_may_be_barred_and_nobody_else_lifted() -> None:
    reviewed = extent(step("blacklist_add", LIST, 1), step("blacklist_remove", LIST, 2), names={LIST: {"lift": named(1, 2)}})

    assert less(reviewed, extent(step("blacklist_add", LIST, 5), names={LIST: {"add": named(7)}}, occurrences={LIST: 3})) == [
        (LIST, "blacklist_add", 1, 5, "it protects people"),
        (LIST, "blacklist_remove", 2, 0, "another run did it meanwhile"),
    ]
    other = extent(step("blacklist_remove", LIST, 1), names={LIST: {"lift": named(3)}})
    assert told(reviewed, other) == [f"{LIST}: 'lift' of rows that were not reviewed"]


# --- more ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", ["format", "targets", "policy"])
def test_other_targets_or_policies_are_other(part: str) -> None:
    assert told(added(1), added(1, **{part: ["another"]})) == ["the targets, the policies or the form of plans are others"]


def test_more_people_are_more_whoever_they_are() -> None:
    assert told(added(1, people=1), added(1, people=3)) == ["2 more people would be contacted"]


def test_a_change_that_was_not_reviewed() -> None:
    start = extent(step("start", HOME, live_id="7"), names={HOME: {REACHED: named(1)}})

    assert told(extent(), start) == [
        f"{HOME}: 'start' was not reviewed",
        f"{HOME}: its start would reach people who were not reviewed",
    ]


@pytest.mark.parametrize(
    "other",
    [
        step("update", HOME, live_id="8", speed=3),
        step("update", HOME, live_id="7", speed=4),
        step("update", HOME, live_id="7", speed=3, name="x"),
    ],
)
def test_another_object_or_other_fields(other: list[Any]) -> None:
    reviewed = extent(step("update", HOME, live_id="7", speed=3))

    assert told(reviewed, extent(other)) == [f"{HOME}: 'update' would set other fields, or change another object"]


def test_more_rows_and_other_rows() -> None:
    assert told(added(1, 2), added(1, 2, 3)) == [
        f"{BASE}: 'rows_add' of 1 more rows",
        f"{BASE}: 'add' of rows that were not reviewed",
    ]
    assert told(added(1, 2), added(3)) == [f"{BASE}: 'add' of rows that were not reviewed"]


def test_a_row_under_another_verb_is_another_row() -> None:
    reviewed = extent(step("rows_add", BASE, 2), names={BASE: {"replace": named(1), "add": named(2)}})
    now = extent(step("rows_add", BASE, 2), names={BASE: {"add": named(1, 2)}})

    assert told(reviewed, now) == [f"{BASE}: 'add' of rows that were not reviewed"]


def test_too_many_names_make_any_difference_stale() -> None:
    whole = named(1, 2, 3)
    reviewed = extent(step("rows_add", BASE, 3), names={BASE: {"add": Names(count=3, digest=whole.digest)}})

    assert told(reviewed, added(1, 2)) == [f"{BASE}: 3 were too many to keep their names, so that any difference is stale"]
    assert less(reviewed, added(1, 2, 3)) == []


def test_a_start_reaches_nobody_else() -> None:
    """People whom another run loaded meanwhile count at the start, even where as many are gone elsewhere."""
    start = step("start", HOME, live_id="7")
    reviewed = extent(start, names={HOME: {REACHED: named(1, 2)}})

    assert less(reviewed, extent(start, names={HOME: {REACHED: named(2)}})) == []
    assert told(reviewed, extent(start, names={HOME: {REACHED: named(2, 3)}})) == [
        f"{HOME}: its start would reach people who were not reviewed"
    ]


def test_what_was_carried_out_meanwhile_is_stale_but_for_rows_that_became_fewer() -> None:
    words = "something was carried out there since the review"
    start = step("start", HOME, live_id="7")
    whom = {HOME: {REACHED: named(1, 2)}}

    assert told(added(1, 2), added(1, 2, occurrences={BASE: 1})) == [f"{BASE}: {words}"]
    assert told(added(1, 2, occurrences={BASE: 2}), added(1, occurrences={BASE: 1})) == [f"{BASE}: {words}"]
    assert told(extent(start, names=whom), extent(start, names={HOME: {REACHED: named(1)}}, occurrences={HOME: 1})) == [
        f"{HOME}: {words}"
    ]
    assert less(added(1, 2), extent(occurrences={BASE: 1}))[0][-1] == "another run did it meanwhile"


def test_rows_that_were_loaded_and_are_gone_again_are_not_loaded_again() -> None:
    """A colleague took them away after another run had loaded them: their people were perhaps called."""
    words = f"{BASE}: rows that were loaded before are gone, and would be loaded again"
    reviewed = added(1, 2, again={BASE: 1})

    assert told(added(1, 2), added(1, occurrences={BASE: 1}, again={BASE: 1})) == [words]
    assert told(reviewed, added(1, occurrences={BASE: 1}, again={BASE: 1})) == [words]
    assert told(reviewed, added(1, 2, again={BASE: 2})) == [words]
    assert less(reviewed, added(1, again={BASE: 1})) != []


def test_a_start_needs_the_removals_that_were_reviewed_with_it() -> None:
    start = step("start", HOME, live_id="7")
    whom = {HOME: {REACHED: named(1, 2)}, BASE: {"remove": named(3, 4)}}
    reviewed = extent(start, step("rows_remove", BASE, 2), names=whom, homes={BASE: HOME})
    words = f"{BASE}: fewer rows would be taken away before their campaign starts"

    assert told(reviewed, extent(start, names=whom)) == [words]
    assert told(reviewed, extent(start, step("rows_remove", BASE, 1), names=whom, homes={BASE: HOME})) == [words]
    assert less(reviewed, extent(step("rows_remove", BASE, 1), names={BASE: {"remove": named(3)}})) != []


def test_windows_and_purposes_are_those_of_the_review() -> None:
    reviewed = added(1, judged={BASE: {"purpose": "service"}})

    assert told(reviewed, added(1, judged={BASE: {"purpose": "marketing"}})) == [
        f"{BASE}: its window, purpose, channel or caller id is another one"
    ]
    assert less(reviewed, added(1, judged={HOME: {"purpose": "service"}})) == []


def test_what_somebody_set_in_a_console_was_seen_by_the_reviewer() -> None:
    update = step("update", HOME, live_id="7", speed=3)
    seen = {HOME: ["speed=5"]}

    assert less(extent(update, edits=seen), extent(update, edits=seen)) == []
    assert less(extent(update, edits=seen), extent(update)) == []
    assert less(extent(), extent(edits=seen)) == []
    for other in ({HOME: ["speed=6"]}, {HOME: ["name=x", "speed=5"]}):
        assert told(extent(update, edits=seen), extent(update, edits=other)) == [
            f"{HOME}: somebody changed it in a console since the review"
        ]


@pytest.mark.parametrize(
    ("then", "at", "fits"),
    [
        ("2026-12-01T10:00:00-05:00", "2026-12-01T10:00:00-05:00", True),
        ("2026-12-01T10:00:00-05:00", "2026-12-01T15:00:01+00:00", True),
        ("2026-12-01T10:00:00-05:00", "2026-12-01T14:59:59+00:00", False),
        ("2026-12-01T10:00:00-05:00", "on_apply", False),
        ("on_apply", "2026-12-01T10:00:00-05:00", False),
        ("", "2026-12-01T10:00:00-05:00", False),
    ],
)
def test_messages_go_out_when_they_were_to_or_later(then: str, at: str, fits: bool) -> None:
    send = step("schedule", SMS, 1)
    reviewed = extent(send, names={SMS: {"add": named(1)}}, schedules={SMS: then} if then else {})
    now = extent(send, names={SMS: {"add": named(1)}}, schedules={SMS: at})

    assert told(reviewed, now) == ([] if fits else [f"{SMS}: it would be sent at another time"])
    assert told(reviewed, extent(schedules={SMS: at})) == []


# --- whatever the plans --------------------------------------------------------------------------------------------------

PEOPLE: Final = st.frozensets(st.integers(1, 5), max_size=4)
VERBS: Final = ("add", "remove", "close", "replace", "lift", REACHED)


@st.composite
def extents(draw: st.DrawFn) -> Extent:
    addresses = draw(st.lists(st.sampled_from([BASE, LIST, HOME, SMS]), unique=True, max_size=3))
    sets = {
        address: {verb: draw(PEOPLE) for verb in draw(st.lists(st.sampled_from(VERBS), unique=True, max_size=2))}
        for address in addresses
    }
    kept = draw(st.booleans())
    steps = [
        step(action, address, draw(st.integers(0, 2)), live_id=draw(st.sampled_from("78")))
        for address in addresses
        for action in draw(
            st.lists(st.sampled_from(["stop", "start", "rows_add", "rows_remove", "blacklist_add"]), unique=True)
        )
    ]
    return extent(
        *steps,
        names={
            address: {
                verb: named(*people) if kept else Names(count=len(people), digest=named(*people).digest)
                for verb, people in found.items()
            }
            for address, found in sets.items()
        },
        people=draw(st.integers(0, 3)),
        occurrences={address: draw(st.integers(0, 1)) for address in addresses},
        homes=dict.fromkeys(addresses, HOME),
    )


def whom(plan: Extent) -> set[tuple[str, str, str]]:
    """Everybody whom a plan is about, but those whom it bars; a set without names as one of its digest."""
    return {
        (address, what, name)
        for address, sets in plan.names.items()
        for what, names in sets.items()
        if (address, what) != (LIST, "add") and names.count
        for name in _each(names)
    }


def _each(names: Names) -> list[str]:
    packed = names.packed
    return [names.digest] if packed is None else [packed[at : at + 8].hex() for at in range(0, len(packed), NAME_BYTES)]


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Extent, Extent]:
    """A plan, and one made later: with steps less and more, and fewer and other people."""
    reviewed = draw(extents())
    more = st.builds(step, st.sampled_from(["stop", "blacklist_add", "start"]), st.sampled_from([HOME, LIST]))
    kept = [made for made in reviewed.substance["changes"] if draw(st.integers(0, 3))]
    extra = [made for made in draw(st.lists(more, max_size=1)) if made[0] not in {found[0] for found in kept}]
    names = {
        address: {what: draw(st.sampled_from([NOBODY, found, named(2), named(1, 2, 9)])) for what, found in sets.items()}
        for address, sets in reviewed.names.items()
    }
    occurrences = {address: draw(st.integers(0, 1)) for address in reviewed.substance["occurrences"]}
    return reviewed, extent(*kept, *extra, names=names, people=draw(st.integers(0, 2)), occurrences=occurrences)


@given(pairs() | st.tuples(extents(), extents()))
def test_whatever_is_within_is_about_nobody_else(plans: tuple[Extent, Extent]) -> None:
    reviewed, now = plans
    event("within" if narrowing(reviewed, now).within else "more")
    if not narrowing(reviewed, now).within:
        return
    digests = {(address, what): names.digest for address, sets in reviewed.names.items() for what, names in sets.items()}
    for address, what, name in whom(now) - whom(reviewed):
        assert digests[address, what] == now.of(address, what).digest, name
    assert now.people <= reviewed.people
    assert now.deletes <= reviewed.deletes
    before = {made[0] for made in reviewed.substance["changes"]}
    for made in now.substance["changes"]:
        assert made[0] in before or made[0].split()[0] in ("stop", "blacklist_add")


@given(extents())
def test_every_plan_is_within_itself(plan: Extent) -> None:
    assert narrowing(plan, plan).differences == ()
    assert narrowing(plan, plan).within


def test_an_excess_of_the_whole_plan_names_no_address() -> None:
    assert str(Excess(address="", what="more")) == "more"
    assert narrow.NAMES_MAX == 200_000


# --- on the platforms ----------------------------------------------------------------------------------------------------

PLAN: Final = "plan.json"
NO: Final = barred("wolkvox", "{direction: outbound}", 9)


def number(index: int) -> str:
    return f"300123{index:04d}"


def saved(house: House, *documents: str, words: tuple[str, ...] = ()) -> dict[str, Any]:
    """A plan of these documents, saved as it is reviewed."""
    house.spec("---\n".join(documents))
    assert house.run("plan", "--at", AT, "--out", PLAN, *words).code in (0, 3)
    plan: dict[str, Any] = json.loads((house.root / PLAN).read_text("utf-8"))
    return plan


def apply(house: House, *words: str) -> Said:
    return house.run("apply", PLAN, "--format", "json", *words)


def narrowed(said: Said) -> list[tuple[str, str, int, int, str]]:
    assert said.code == 0, said.out + said.err
    return [tuple(difference.values()) for difference in said.json["narrowed"]]


def reached(house: House) -> list[str]:
    return sorted(effect["recipient"] for effect in house.control.effects())


def there(house: House) -> dict[str, int]:
    """What the account on wolkvox holds."""
    counts: dict[str, int] = next(one for one in house.control.status()["accounts"] if one["platform"] == "wolkvox")["counts"]
    return counts


def stale(house: House, *words: str) -> str:
    """Nothing is written, and what is said why."""
    before, effects = written(house), house.control.effects()
    said = apply(house, *words)
    assert (said.code, said.json["error"]["code"]) == (4, "STL001"), said.out + said.err
    assert (written(house), house.control.effects()) == (before, effects)
    return str(said.json["error"]["message"])


def written(house: House) -> list[str]:
    operations = [str(call["operation"]) for call in house.control.calls()]
    return [name for name in operations if not name.startswith("information.") and not name.endswith("campaign_15")]


def test_who_opted_out_since_the_review_is_left_out_and_the_rest_is_sent(house: House) -> None:
    saved(house, NO, messages("wolkvox", "on_apply", 1, 2, 3))
    house.control.drift("wolkvox", "add-dnc", phone=number(2))
    said = apply(house)

    assert narrowed(said) == [("wolkvox-co/scheduled_sms/aviso", "schedule", 3, 2, "they are on a blacklist now")]
    assert "narrowed: schedule" in said.err
    assert "2 instead of 3" in said.err
    assert reached(house) == [number(1), number(3)]
    assert said.json["people"]["total"] == 2
    assert apply(house).code == 4


def test_what_became_less_is_in_the_journal_and_in_every_form(house: House) -> None:
    plan = saved(house, NO, messages("wolkvox", "on_apply", 1, 2))
    house.control.drift("wolkvox", "add-dnc", phone=number(2))
    said = house.run("apply", PLAN)

    assert said.code == 0
    assert "Narrowed since the review:" in said.out
    assert "1 instead of 2" in said.out

    lines = house.run("audit", "log", "--format", "json").json["entries"]
    facts = next(entry["facts"] for entry in lines if entry["event"] == "run_started")

    assert facts["reviewed"] == plan["digest"] != facts["digest"]
    assert [(item["action"], item["reviewed"], item["now"]) for item in facts["narrowed"]] == [("schedule", 2, 1)]


@pytest.mark.parametrize("platform", ["wolkvox", "lynn"])
def test_rows_that_another_run_loaded_are_not_loaded_again_and_their_campaign_starts(house: House, platform: str) -> None:
    campaign = wolkvox_campaign if platform == "wolkvox" else lynn_campaign
    house.spec(campaign())
    house.applied()
    plan = saved(house, campaign("started"), loaded(platform, 1, 2))
    kinds = [action for action, _address in actions(plan)]
    once = ("--auto-approve", "--allow-irreversible", "1")
    assert house.run("apply", "--at", AT, *once, "--only", "*/contacts/base").code == 0
    said = apply(house)

    assert kinds == ["rows_add", "start"]
    assert [(action, then, now) for _address, action, then, now, _why in narrowed(said)] == [("rows_add", 2, 0)]
    assert len(reached(house)) == len(set(reached(house))) == 2
    house.settled()


def test_all_that_was_reviewed_was_done_by_another_run(house: House) -> None:
    saved(house, messages("wolkvox", "on_apply", 1, 2))
    house.applied()
    said = apply(house)

    assert [row[1:] for row in narrowed(said)] == [("schedule", 2, 0, "another run did it meanwhile")]
    assert reached(house) == [number(1), number(2)]
    assert apply(house).code == 4


def test_a_row_that_a_colleague_removed_would_be_loaded_again_and_was_not_reviewed(house: House) -> None:
    house.spec("---\n".join([wolkvox_campaign("started"), loaded("wolkvox", 1, 2)]))
    house.applied()
    saved(house, wolkvox_campaign("started"), loaded("wolkvox", 1, 2, 3))
    house.control.drift("wolkvox", "remove-record", key="K1")

    why = stale(house)

    assert "'rows_add' of 1 more rows" in why
    assert "would be loaded again" in why
    assert reached(house) == [number(1), number(2)]


def test_a_row_that_went_as_another_came_is_another_row(house: House) -> None:
    """The counts are equal, and the people are not."""
    house.spec("---\n".join([NO, wolkvox_campaign("started"), loaded("wolkvox", 1, 2)]))
    house.applied()
    saved(house, NO, wolkvox_campaign("started"), loaded("wolkvox", 1, 2, 3))
    house.control.drift("wolkvox", "remove-record", key="K1")
    house.control.drift("wolkvox", "add-dnc", phone=number(3))

    assert "'add' of rows that were not reviewed" in stale(house)


def test_a_start_does_not_reach_who_was_put_in_by_a_colleague(house: House) -> None:
    """One more in the campaign, one fewer by an opt-out: as many people, and not the same."""
    house.spec(wolkvox_campaign())
    house.applied()
    saved(house, NO, wolkvox_campaign("started"), loaded("wolkvox", 1, 2))
    house.control.drift("wolkvox", "add-dnc", phone=number(2))
    house.control.drift("wolkvox", "add-record")

    assert "its start would reach people who were not reviewed" in stale(house)


def test_a_start_that_reaches_more_is_stale_though_the_digest_is_the_same(house: House) -> None:
    house.spec("---\n".join([wolkvox_campaign(), loaded("wolkvox", 1, 2)]))
    house.applied()
    digest = saved(house, wolkvox_campaign("started"), loaded("wolkvox", 1, 2))["digest"]
    house.control.drift("wolkvox", "add-record")

    assert house.plan()["digest"] == digest
    assert "1 more people would be contacted" in stale(house)

    house.control.drift("wolkvox", "remove-record", key="manual-1")

    assert apply(house).code == 0
    assert reached(house) == [number(1), number(2)]


def test_an_edit_in_the_console_since_the_review_is_for_a_person_to_judge(house: House) -> None:
    house.spec(wolkvox_campaign())
    house.applied()
    saved(house, wolkvox_campaign(description="Otra"))
    house.control.drift("wolkvox", "description")

    assert "somebody changed it in a console since the review" in stale(house)


def test_a_campaign_that_a_colleague_started_is_stopped_as_well(house: House) -> None:
    house.spec(wolkvox_campaign())
    house.applied()
    saved(house, wolkvox_campaign(), messages("wolkvox", "on_apply", 1))
    house.control.drift("wolkvox", "start")

    assert narrowed(apply(house)) == [("wolkvox-co/campaign/lista", "stop", 0, 1, "it protects people")]
    assert reached(house) == [number(1)]
    house.settled()


def test_an_entry_that_a_colleague_lifted_is_barred_again(house: House) -> None:
    house.spec(NO)
    house.applied()
    saved(house, NO, messages("wolkvox", "on_apply", 1))
    house.control.drift("wolkvox", "lift-dnc", phone=number(9))

    assert narrowed(apply(house)) == [("wolkvox-co/blacklist/no", "blacklist_add", 0, 1, "it protects people")]
    assert there(house)["dnc"] == 1


@pytest.mark.parametrize(("words", "code"), [((), 0), (("--allow-delete", "1"), 0), (("--allow-delete", "3"), 3)])
def test_fewer_deletes_than_were_allowed(house: House, words: tuple[str, ...], code: int) -> None:
    other = wolkvox_campaign().replace("name: lista", "name: otra")
    house.spec("---\n".join([wolkvox_campaign(), other]))
    house.applied()
    saved(house, "", words=("--allow-delete", "2"))
    house.control.drift("wolkvox", "delete")
    said = apply(house, *words)

    assert said.code == code
    assert there(house)["campaigns"] == (0 if code == 0 else 1)


def test_a_delete_that_nobody_allowed_stays_forbidden_when_another_is_gone(house: House) -> None:
    other = wolkvox_campaign().replace("name: lista", "name: otra")
    house.spec("---\n".join([wolkvox_campaign(), other]))
    house.applied()
    saved(house, "")
    house.control.drift("wolkvox", "delete")

    assert apply(house).code == 3
    assert apply(house, "--allow-delete", "1").code == 0


def test_what_was_acknowledged_for_more_people_holds_for_fewer(house: House) -> None:
    text = (house.root / "reconciler.yaml").read_text("utf-8")
    house.write("reconciler.yaml", text.replace("policies: {lawpacks: off}", "policies: {lawpacks: off, max_people: 1}"))
    documents = NO, messages("wolkvox", "on_apply", 1, 2, 3)
    digest = saved(house, *documents)["digest"]
    saved(house, *documents, words=("--ack", f"max_people=3@{digest[:8]}"))
    house.control.drift("wolkvox", "add-dnc", phone=number(2))

    assert [row[1:4] for row in narrowed(apply(house))] == [("schedule", 3, 2)]
    assert reached(house) == [number(1), number(3)]


def test_what_blocks_now_blocks_a_narrower_plan_too_and_does_not_use_it_up(house: House) -> None:
    """A campaign of that name, which is not ours, is there now: nothing is created, and a person has to look."""
    saved(house, wolkvox_campaign(), messages("wolkvox", "on_apply", 1))
    house.control.drift("wolkvox", "add-campaign", name="lista")

    assert apply(house).code == 3
    assert reached(house) == []

    house.control.drift("wolkvox", "delete", campaign="lista")

    assert apply(house).code == 0
    assert reached(house) == [number(1)]


def test_too_many_to_keep_their_names(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.reconcile.reviewing.NAMES_MAX", 2)
    saved(house, NO, messages("wolkvox", "on_apply", 1, 2, 3))
    house.control.drift("wolkvox", "add-dnc", phone=number(2))

    assert "were too many to keep their names" in stale(house)

    house.control.drift("wolkvox", "lift-dnc", phone=number(2))

    assert apply(house).code == 0
    assert len(reached(house)) == 3


def test_a_digest_alone_knows_no_less(house: House) -> None:
    digest = saved(house, NO, messages("wolkvox", "on_apply", 1, 2))["digest"]
    house.control.drift("wolkvox", "add-dnc", phone=number(2))

    assert house.run("apply", "--at", AT, "--digest", digest).code == 4
    assert reached(house) == []


def test_at_most_five_reasons_are_named(house: House) -> None:
    names = [f"c{index}" for index in range(8)]
    campaigns = [wolkvox_campaign().replace("name: lista", f"name: {name}") for name in names]
    house.spec("---\n".join(campaigns))
    house.applied()
    saved(house, *campaigns)
    for name in names:
        house.control.drift("wolkvox", "description", campaign=name)
    said = house.run("apply", PLAN)

    assert said.code == 4
    assert said.err.count("'update' was not reviewed") == 5
    assert "and 3 more" in said.err
    assert "UPDATE" in said.out
