"""wolkvox's flows by hand: which calls a change makes, in which order, and what stops them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from reconciler.call import Call, Reply, Verdict
from reconciler.plan.known import Quota
from reconciler.platforms.platform import Certainty, Evidence, NotDone, NotReadable, RowsSeen, Step
from reconciler.platforms.wolkvox import WOLKVOX, marker, wire
from reconciler.resource import Action, Live, State
from reconciler.rows.sheet import Verb
from tests.platforms.wolkvox_story import (
    FRIDAY,
    NAME,
    Feed,
    desired,
    done,
    drive,
    exported,
    listed,
    live,
    people,
    reply,
    row,
    script,
    seen,
    sent,
    step,
    target,
)

CREATED = done(201, data=[{"id_campaign": "23911", "name_campaign": NAME}])
QUOTA = reply(
    {"code": "200", "data": [{"token_limit": "1000", "all_token_today": "959", "available_consumption_options": "41"}]}
)
SKILLS = reply(
    {
        "code": 200,
        "data": [
            {"skill_id": "1", "skill_name": "a"},
            {"skill_id": "2", "skill_name": "b"},
            {"skill_id": "3", "skill_name": "b"},
        ],
    }
)
MISSING = reply({"code": "404", "error": "NOT FOUND", "msg": "x"}, 404)
NO_API = reply({"code": "400", "error": "BAD REQUEST", "msg": "THE API YOU WANT TO CONSULT DOES NOT EXIST"}, 400)
HTML = reply(b"<html>")


# --- reading


def test_a_target_is_read_in_three_calls() -> None:
    state, calls = drive(WOLKVOX.read(target(), frozenset({"campaign"}), FRIDAY), script([listed(row()), SKILLS, QUOTA]))

    assert state is not None
    assert sent(calls) == ["campaigns", "skills", "token_info"]
    assert state.campaigns.complete
    assert [one.marker for one in state.campaigns.live] == [marker(target(), NAME)]
    assert state.references == {"skill": {"a": "1"}, "skill_twice": {"b": "2,3"}}
    assert state.quota == Quota(used=959, left=41, limit=1000, ends=FRIDAY.replace(day=21, hour=5))


def test_skills_are_asked_for_only_where_campaigns_are_wished() -> None:
    state, calls = drive(WOLKVOX.read(target(), frozenset({"blacklist"}), FRIDAY), script([listed(), HTML]))

    assert state is not None
    assert sent(calls) == ["campaigns", "token_info"]
    assert (state.campaigns.complete, state.quota) == (True, None)


@pytest.mark.parametrize("kind", ["contacts", "scheduled_sms"])
def test_who_must_not_be_called_is_read_where_people_are_to_be_contacted(kind: str) -> None:
    feed = Feed({})
    state, calls = drive(WOLKVOX.read(target(), frozenset({kind}), FRIDAY), script([listed(), dnc("3000000001"), QUOTA]), feed)

    assert state is not None
    assert calls[1].query == {"api": "get_dnc", "type": "outbound"}
    assert [row["phone"] for row in feed.tables[state.tables["blacklist"]]] == ["3000000001"]


@pytest.mark.parametrize("answer", [MISSING, NO_API])
def test_a_do_not_call_list_that_is_not_shown_is_left_to_our_own(answer: Reply) -> None:
    state, _ = drive(WOLKVOX.read(target(), frozenset({"contacts"}), FRIDAY), script([listed(), answer, QUOTA]), Feed({}))

    assert state is not None
    assert state.tables == {}


def test_a_404_on_the_list_is_not_emptiness() -> None:
    state, _ = drive(WOLKVOX.read(target(), frozenset({"campaign"}), FRIDAY), script([MISSING, MISSING, QUOTA]))

    assert state is not None
    assert not state.campaigns.complete
    assert state.campaigns.note
    assert state.references == {}


def test_a_list_as_long_as_a_call_may_return_is_not_whole() -> None:
    small = target(limits={"rows_per_download": 2})
    state, _ = drive(WOLKVOX.read(small, frozenset(), FRIDAY), script([listed(row(), row(campaign_id="2")), QUOTA]))

    assert state is not None
    assert not state.campaigns.complete


@pytest.mark.parametrize("last", [reply({"code": 403, "error": "F", "msg": "TOKEN LIMIT EXCEEDED"}, 403), HTML])
def test_a_quota_that_is_gone_is_told(last: Reply) -> None:
    flow = WOLKVOX.read(target(), frozenset(), FRIDAY)
    if last is HTML:
        state, _ = drive(flow, script([listed(), last]))
        assert state is not None
        assert state.quota is None
    else:
        with pytest.raises(NotReadable):
            drive(flow, script([listed(), last]))


def read_rows(kind: str, answers: list[Reply], campaign: Live | None = None, **fields: Any) -> tuple[RowsSeen, list[Call]]:
    flow = WOLKVOX.read_rows(desired(kind, **fields), target(**fields.pop("target", {})), campaign, seen(), iter(()))
    result, calls = drive(flow, script(answers), Feed({}))
    assert result is not None
    return result, calls


def test_records_are_read_from_the_export() -> None:
    rows, calls = read_rows("contacts", [exported(people(3))], live(native={"type": "predictive", "records": 3}))

    assert (rows.tables, rows.count, rows.complete) == (("page_0",), 3, True)
    assert calls[0].query == {"api": "campaign_15", "campaign_id": "23910"}


@pytest.mark.parametrize(
    ("answer", "listed_count"),
    [(exported(people(3), total=4), None), (exported(people(3)), 4), (exported([]), 3), (MISSING, None)],
    ids=["total", "list", "sudden emptiness", "404"],
)
def test_an_export_that_disagrees_is_incomplete(answer: Reply, listed_count: int | None) -> None:
    rows, _ = read_rows("contacts", [answer], live(native={"type": "predictive", "records": listed_count}))

    assert not rows.complete
    assert rows.note


def test_an_export_as_long_as_a_call_may_return_is_incomplete() -> None:
    flow = WOLKVOX.read_rows(desired("contacts"), target(limits={"rows_per_download": 3}), live(), seen(), iter(()))
    rows, _ = drive(flow, script([exported(people(3))]), Feed({}))

    assert rows is not None
    assert not rows.complete


def test_a_server_without_the_export_leaves_rows_to_the_journal() -> None:
    rows, _ = read_rows("contacts", [NO_API], live())

    assert (rows.tables, rows.complete) == ((), True)
    assert rows.note


def test_a_campaign_that_is_not_there_has_no_rows_to_ask_for() -> None:
    assert read_rows("contacts", [], None) == (RowsSeen(), [])
    assert read_rows("scheduled_sms", [], None) == (RowsSeen(), [])


@pytest.mark.parametrize("answer", [HTML, reply({"code": "200", "total_records": "0"}), reply({"code": "200", "records": {}})])
def test_an_export_of_another_shape_is_not_read(answer: Reply) -> None:
    with pytest.raises(NotReadable):
        read_rows("contacts", [answer], live())


def test_what_tells_people_apart_and_who_must_not_be_called_has_to_be_shown() -> None:
    """A column that a server renames would else be empty in every row, and everybody new."""
    export, listed_dnc = wire.EXPORT.sink, wire.list_dnc("outbound").sink

    assert export is not None
    assert listed_dnc is not None
    assert (export.needed, export.expected) == (("key",), ("phone", "_result"))
    assert listed_dnc.needed == ("phone",)


def dnc(*numbers: str, way: str = "outbound") -> Reply:
    return reply({"code": "200", "error": None, "msg": "x", "data": [{"phone_number": one, "type": way} for one in numbers]})


@pytest.mark.parametrize(
    ("fields", "types"),
    [
        ({}, ["outbound"]),
        ({"scope": {"direction": "inbound"}}, ["inbound"]),
        ({"scope": {"direction": "all"}}, ["inbound", "outbound"]),
        ({"days": 30}, ["all"]),
    ],
)
def test_the_do_not_call_list_is_read_by_direction(fields: dict[str, Any], types: list[str]) -> None:
    rows, calls = read_rows("blacklist", [dnc("3000000001"), dnc("3000000001")], **fields)

    assert [call.query["type"] for call in calls] == types
    assert len(rows.tables) == len(types)
    assert rows.complete


def test_a_server_that_overlooks_the_direction_shows_what_was_asked_for_or_nothing() -> None:
    """Rows of the other direction are left out; rows that tell none make the list incomplete, and bar all the same."""
    told = {"code": "200", "error": None, "msg": "x", "data": [{"phone_number": "3000000001", "type": "Inbound"}]}
    untold = told | {"data": [{"phone_number": "3000000001"}, {"phone_number": "3000000002", "type": "entrante"}]}
    feed = Feed({})
    flow = WOLKVOX.read_rows(desired("blacklist"), target(), None, seen(), iter(()))
    rows, _ = drive(flow, script([reply(told)]), feed)

    assert rows is not None
    assert (rows.complete, feed.tables[rows.tables[0]]) == (True, [])
    assert read_rows("blacklist", [reply(untold)])[0] == RowsSeen(
        complete=False, note="2 entries of the list do not say whether they are for calls in or out"
    )

    state, _ = drive(WOLKVOX.read(target(), frozenset({"contacts"}), FRIDAY), script([listed(), reply(untold), QUOTA]), feed)

    assert state is not None
    assert len(feed.tables[state.tables["blacklist"]]) == 2


def test_a_do_not_call_list_that_is_not_found_is_incomplete() -> None:
    assert not read_rows("blacklist", [MISSING])[0].complete
    assert read_rows("blacklist", [dnc()])[0].complete


# --- campaigns


def campaign_step(action: Action, wish: dict[str, Any], **changes: Any) -> Step:
    document = desired(**wish)
    stored = WOLKVOX.as_stored(document, seen(), target())
    values = {"desired": document, "stored": stored, "changed": frozenset(stored), "live": live()}
    return step(action, **values | changes)


WISH: dict[str, Any] = {
    "description": "mora",
    "window": [{"from": "08:00", "to": "18:00"}],
    "block": {"skill": "cobranza", "speed": 80},
}


def test_a_campaign_is_created_and_then_told_its_speed() -> None:
    change = campaign_step(Action.CREATE, WISH, live=None, seen=seen(live(id="9"), live(id="8")))
    facts, calls = drive(WOLKVOX.write(change), script([CREATED, done()]))

    assert facts == {"id": "23911"}
    assert sent(calls) == ["create_campaign", "speed"]
    assert calls[0].query == {"api": "create_campaign", "type_campaign": "predictive"}
    assert calls[0].json["campaign_description"] == f"mora [reconciler:{marker(target(), NAME)}]"
    assert calls[0].facts == {"name": NAME, "marker": marker(target(), NAME), "namesakes": "9,8"}
    assert calls[1].query == {"api": "speed", "type_campaign": "predictive", "campaign_id": "23911"}
    assert calls[1].json == {"speed": "80"}


def test_what_create_does_not_take_is_edited_after_it() -> None:
    wish = {"block": {"skill": "101", "recall_routing": False, "amd": "none"}}
    _, calls = drive(WOLKVOX.write(campaign_step(Action.CREATE, wish, live=None)), script([CREATED, done("200")]))

    assert sent(calls) == ["create_campaign", "edit_campaign"]
    assert calls[1].query == {"api": "edit_campaign", "campaign_id": "23911"}
    assert calls[1].json == {"amd_conf": "none", "routing_recall": "yes"}


def test_an_update_sends_what_differs_and_nothing_else() -> None:
    change = campaign_step(Action.UPDATE, WISH, changed=frozenset({"window"}))
    _, calls = drive(WOLKVOX.write(change), script([done("200")]))

    assert sent(calls) == ["edit_campaign"]
    assert calls[0].json == {"start_time": "08:00:00", "end_time": "18:00:00"}


def test_speed_alone_is_one_call() -> None:
    _, calls = drive(WOLKVOX.write(campaign_step(Action.UPDATE, WISH, changed=frozenset({"speed"}))), script([done()]))

    assert sent(calls) == ["speed"]


def test_an_update_of_nothing_sends_nothing() -> None:
    assert drive(WOLKVOX.write(campaign_step(Action.UPDATE, WISH, changed=frozenset())), script([])) == ({"id": "23910"}, [])


def test_an_adopted_campaign_gets_its_mark_with_its_first_update() -> None:
    unmarked = live(marker="", fields={"description": "de antes"})
    change = campaign_step(Action.UPDATE, {"block": {"skill": "101", "speed": 5}}, changed=frozenset({"speed"}), live=unmarked)
    _, calls = drive(WOLKVOX.write(change), script([done("200"), done()]))

    assert sent(calls) == ["edit_campaign", "speed"]
    assert calls[0].json == {"campaign_description": f"de antes [reconciler:{marker(target(), NAME)}]"}


def test_a_changed_description_keeps_the_mark() -> None:
    change = campaign_step(
        Action.UPDATE, {"description": "nueva", "block": {"skill": "101"}}, changed=frozenset({"description"})
    )
    _, calls = drive(WOLKVOX.write(change), script([done("200")]))

    assert calls[0].json == {"campaign_description": f"nueva [reconciler:{marker(target(), NAME)}]"}


def test_a_changed_type_counts_for_the_speed_that_follows() -> None:
    wish = {"block": {"skill": "101", "type": "preview", "speed": 5}}
    change = campaign_step(Action.UPDATE, wish, changed=frozenset({"type", "speed"}))
    _, calls = drive(WOLKVOX.write(change), script([done("200"), done()]))

    assert calls[0].json == {"type_camp": "Preview"}
    assert calls[1].query["type_campaign"] == "preview"


def test_start_stop_and_delete() -> None:
    asked = []
    for action, answer in (
        (Action.START, done()),
        (Action.STOP, done()),
        (Action.DELETE, done("200", "1 campaigns deleted successfully. 0 operations failed.")),
    ):
        facts, calls = drive(WOLKVOX.write(step(action, live=live())), script([answer]))
        assert facts == {"id": "23910"}
        asked += [(call.method, call.query, call.json) for call in calls]

    one = {"type_campaign": "predictive", "campaign_id": "23910"}
    assert asked == [
        ("PUT", {"api": "start", **one}, None),
        ("PUT", {"api": "stop", **one}, None),
        ("DELETE", {"api": "delete_campaign", "type_campaign": "predictive"}, {"campaign_ids": ["23910"]}),
    ]


@pytest.mark.parametrize("action", [Action.START, Action.STOP, Action.DELETE, Action.UPDATE, Action.ROWS_ADD])
def test_a_campaign_that_is_gone_is_left_alone(action: Action) -> None:
    with pytest.raises(NotDone):
        drive(WOLKVOX.write(step(action, live=None)), script([]))


def verified(change: Step, *answers: Reply, feed: Feed | None = None, **facts: str) -> Evidence:
    result, _ = drive(WOLKVOX.verify(change, facts), script(answers), feed)
    assert result is not None
    return result


def test_a_creation_is_verified_by_what_the_list_shows() -> None:
    shown = campaign_step(Action.CREATE, {"description": "mora", "block": {"skill": "101", "speed": 50}}, live=None)

    assert verified(shown, listed(row()), id="23910").certainty is Certainty.VERIFIED
    assert verified(shown, listed(row(speed="51")), id="23910").certainty is Certainty.WRONG
    assert verified(shown, listed(row(campaign_description="mora")), id="23910").certainty is Certainty.WRONG
    assert verified(shown, listed(), id="23910").certainty is Certainty.UNKNOWN
    assert verified(shown, MISSING, id="23910").certainty is Certainty.UNKNOWN
    assert verified(shown, HTML, id="23910").certainty is Certainty.UNKNOWN
    assert verified(shown).certainty is Certainty.UNKNOWN


def test_what_is_never_shown_is_only_weakly_verified() -> None:
    change = campaign_step(Action.UPDATE, WISH, changed=frozenset({"window"}))
    evidence = verified(change, listed(row()))

    assert (evidence.certainty, evidence.why) == (Certainty.WEAK, "the platform does not show window")


@pytest.mark.parametrize(
    ("action", "status", "certainty"),
    [
        (Action.START, "Started", Certainty.VERIFIED),
        (Action.START, "Stopped", Certainty.WRONG),
        (Action.STOP, "Stopped", Certainty.VERIFIED),
        (Action.STOP, "?", Certainty.UNKNOWN),
    ],
)
def test_a_run_state_is_read_back(action: Action, status: str, certainty: Certainty) -> None:
    assert verified(step(action, live=live()), listed(row(status=status))).certainty is certainty


def test_a_deletion_is_verified_from_the_whole_list() -> None:
    gone = step(Action.DELETE, live=live())

    assert verified(gone, listed(row(campaign_id="1"))).certainty is Certainty.VERIFIED
    assert verified(gone, listed(row())).certainty is Certainty.WRONG
    assert verified(gone, MISSING).certainty is Certainty.UNKNOWN
    _, calls = drive(WOLKVOX.verify(gone, {}), script([listed()]))
    assert calls[0].query == {"api": "campaigns"}


# --- rows


def rows_step(action: Action, feed: Feed, campaign: Live | None = None, **changes: Any) -> Step:
    return step(action, feed=feed, live=campaign or live(), desired=desired("contacts", **changes))


def adding(state: str = "Stopped", total: str = " ") -> Callable[[Call], Reply]:
    def answer(call: Call) -> Reply:
        if call.operation == "add_record":
            return done("201", data=[{"total_registers": total}])
        return listed(row(status=state))

    return answer


def test_25_000_rows_are_three_uploads_and_one_look_at_the_state() -> None:
    feed = Feed({Verb.ADD: people(25_000)})
    facts, calls = drive(WOLKVOX.write(rows_step(Action.ROWS_ADD, feed)), adding())

    assert sent(calls) == ["add_record", "campaigns", "add_record", "add_record"]
    assert [len(call.batch) for call in calls if call.batch] == [10_000, 10_000, 5_000]
    assert facts == {"id": "23910", "rows": "25000"}
    assert len(calls) + 1 == WOLKVOX.calls(Action.ROWS_ADD, 25_000, target())


@pytest.mark.parametrize(
    ("state", "type_", "status"),
    [(State.STOPPED, "predictive", "stop"), (State.STARTED, "predictive", "start"), (State.STARTED, "preview", None)],
)
def test_an_upload_says_the_state_that_the_campaign_is_left_in(state: State, type_: str, status: str | None) -> None:
    change = rows_step(Action.ROWS_ADD, Feed({Verb.ADD: people(1)}), live(state=state, type=type_))
    _, calls = drive(WOLKVOX.write(change), adding(state.value.capitalize()))

    assert calls[0].query.get("campaign_status") == status
    assert len(calls) == (1 if type_ == "preview" else 2)


@pytest.mark.parametrize("answer", [listed(row(status="Started")), listed(), HTML])
def test_nothing_more_is_uploaded_when_the_state_is_not_as_it_was(answer: Reply) -> None:
    feed = Feed({Verb.ADD: people(20_001)})
    with pytest.raises(NotDone, match="10,000"):
        drive(
            WOLKVOX.write(rows_step(Action.ROWS_ADD, feed)), script([done("201", data=[{"total_registers": "10000"}]), answer])
        )


def test_fewer_rows_taken_than_sent_ends_the_upload() -> None:
    feed = Feed({Verb.ADD: people(20_000)})
    facts, calls = drive(WOLKVOX.write(rows_step(Action.ROWS_ADD, feed)), adding(total="9999"))

    assert facts is None
    assert sent(calls) == ["add_record"]


def test_a_column_that_the_type_of_campaign_lacks_is_never_dropped_in_silence() -> None:
    feed = Feed({Verb.ADD: [people(1)[0] | {"email": "ana@example.org"}]})
    with pytest.raises(NotDone, match="email"):
        drive(WOLKVOX.write(rows_step(Action.ROWS_ADD, feed, live(type="preview"))), script([]))


def test_rows_are_removed_by_name_and_closed_one_by_one() -> None:
    rows = {Verb.REMOVE: people(501), Verb.REPLACE: people(2, 600), Verb.CLOSE: people(2, 700)}
    change = rows_step(Action.ROWS_REMOVE, Feed(rows), close={"code": "PAGO", "comment": "pagado"})
    facts, calls = drive(WOLKVOX.write(change), lambda _: done())

    assert sent(calls) == ["codify", "codify", "remove_record", "remove_record", "remove_record"]
    assert calls[0].json == {"cod_act": "PAGO", "comment": "pagado", "customer_id": "C700"}
    assert calls[4].json == {"customer_id": "C600,C601"}
    assert calls[2].json["customer_id"].count(",") == 499
    assert facts == {"id": "23910", "removed": "503", "closed": "2"}


def test_replaced_rows_are_removed_first_and_added_later() -> None:
    worked = [row | {"_calls": "0", "_result": "CLEAN", "_code": ""} for row in people(2)]
    feed = Feed({Verb.REPLACE: worked, Verb.ADD: people(1, 5)})
    _, removed = drive(WOLKVOX.write(rows_step(Action.ROWS_REMOVE, feed)), lambda _: done())
    _, added = drive(WOLKVOX.write(rows_step(Action.ROWS_ADD, feed)), adding())

    assert sent(removed) == ["remove_record"]
    assert sent(added) == ["add_record", "campaigns", "add_record"]


@pytest.mark.parametrize(
    ("there", "total", "certainty"),
    [
        (people(3), None, Certainty.VERIFIED),
        (people(9), None, Certainty.VERIFIED),
        (people(9), 10, Certainty.VERIFIED),  # the reading is not whole, and what we added is in it
        (people(2), None, Certainty.WRONG),
        (people(2), 3, Certainty.UNKNOWN),
        ([*people(3), *people(1)], None, Certainty.WRONG),
    ],
    ids=["all", "and others", "incomplete, all there", "missing", "incomplete", "twice"],
)
def test_added_rows_are_read_back(there: list[dict[str, str]], total: int | None, certainty: Certainty) -> None:
    feed = Feed({Verb.ADD: people(3)})

    assert verified(rows_step(Action.ROWS_ADD, feed), exported(there, total), feed=feed).certainty is certainty


@pytest.mark.parametrize(
    ("there", "total", "certainty"),
    [(people(3, 10), None, Certainty.VERIFIED), (people(1), None, Certainty.WRONG), (people(3, 10), 9, Certainty.UNKNOWN)],
    ids=["gone", "still there", "incomplete"],
)
def test_removed_rows_are_read_back(there: list[dict[str, str]], total: int | None, certainty: Certainty) -> None:
    feed = Feed({Verb.REMOVE: people(3)})

    assert verified(rows_step(Action.ROWS_REMOVE, feed), exported(there, total), feed=feed).certainty is certainty


@pytest.mark.parametrize(
    ("before", "after", "certainty"),
    [(5, 3, Certainty.WEAK), (5, 5, Certainty.UNKNOWN), (None, 5, Certainty.WEAK)],
    ids=["as expected", "too many left", "not counted"],
)
def test_that_replaced_rows_went_is_known_by_their_number_only(before: int | None, after: int, certainty: Certainty) -> None:
    """The feed finds a replaced row by its new content; an old one that stayed would be loaded beside the new."""
    campaign = live(native={"type": "predictive", "records": before})
    change = rows_step(Action.ROWS_REMOVE, feed := Feed({Verb.REPLACE: people(2)}), campaign)

    assert verified(change, exported(people(after, 100)), feed=feed).certainty is certainty


@pytest.mark.parametrize(
    ("verbs", "mapped", "looked_at"),
    [
        ({Verb.ADD}, {"phone": "telefono", "name": "nombre"}, {"key"}),
        ({Verb.ADD, Verb.REPLACE}, {"phone": "telefono", "name": "nombre"}, {"key", "phone", "name"}),
        ({Verb.ADD, Verb.REPLACE}, None, set(wire.EXPORTED)),
    ],
    ids=["added", "replaced, mapped", "replaced, as they are"],
)
def test_a_read_back_takes_from_the_export_what_it_looks_at(
    verbs: set[Verb], mapped: dict[str, str] | None, looked_at: set[str]
) -> None:
    feed = Feed({verb: people(1, 5 * number) for number, verb in enumerate(sorted(verbs, key=lambda verb: verb.value))})
    changes: dict[str, Any] = {"columns": mapped} if mapped else {}
    change = rows_step(Action.ROWS_ADD, feed, **changes)
    _, calls = drive(WOLKVOX.verify(change, {}), script([exported(people(9))]), feed)

    assert calls[0].sink is not None
    assert set(calls[0].sink.columns) == looked_at


def test_closing_is_only_weakly_verified() -> None:
    alone = Feed({Verb.CLOSE: people(1)})
    both = Feed({Verb.CLOSE: people(1), Verb.REMOVE: people(1, 5)})

    assert verified(rows_step(Action.ROWS_REMOVE, alone)).certainty is Certainty.WEAK
    assert verified(rows_step(Action.ROWS_REMOVE, both), exported(people(1)), feed=both).certainty is Certainty.WEAK


@pytest.mark.parametrize(
    ("answer", "certainty"), [(NO_API, Certainty.WEAK), (MISSING, Certainty.UNKNOWN), (HTML, Certainty.UNKNOWN)]
)
def test_rows_that_cannot_be_read_back_are_not_called_verified(answer: Reply, certainty: Certainty) -> None:
    feed = Feed({Verb.ADD: people(1)})

    assert verified(rows_step(Action.ROWS_ADD, feed), answer, feed=feed).certainty is certainty


# --- do-not-call and SMS


def dnc_step(action: Action, feed: Feed, managed: tuple[Live, ...] = (), **fields: Any) -> Step:
    return step(action, feed=feed, desired=desired("blacklist", **fields), managed=managed)


def test_entries_are_added_in_batches_of_500() -> None:
    feed = Feed({Verb.ADD: people(501)}, "phone")
    facts, calls = drive(WOLKVOX.write(dnc_step(Action.BLACKLIST_ADD, feed)), lambda _: done(201, "500 telephones were added"))

    assert [(call.path, call.json["type_call"], len(call.json["telephones"])) for call in calls] == [
        ("/api/v2/configuration.php", "outbound", 500),
        ("/api/v2/configuration.php", "outbound", 1),
    ]
    assert facts == {"added": "501", "marked": "0"}


def test_entries_for_days_go_the_other_way() -> None:
    feed = Feed({Verb.ADD: people(1)}, "phone")
    _, calls = drive(WOLKVOX.write(dnc_step(Action.BLACKLIST_ADD, feed, days=15)), lambda _: done(201))

    assert (calls[0].method, calls[0].path) == ("POST", "/api/v2/campaign.php")
    assert calls[0].json == [{"telephone": "3000000000", "days_block": "15"}]


def test_live_records_with_a_new_entry_are_marked_in_our_predictive_campaigns() -> None:
    feed = Feed({Verb.ADD: people(2)}, "phone")
    managed = (
        live(id="1"),
        live(id="2", type="preview"),
        live(id="3", native={"type": "predictive", "records": 0}),
        live(id="4"),
    )
    records = [{"key": "K1", "phone": "3100000000", "phone3": "3000000001"}, {"key": "K2", "phone": "3100000002"}]
    answers = [done(201), exported(records), done("202"), exported([])]
    facts, calls = drive(WOLKVOX.write(dnc_step(Action.BLACKLIST_ADD, feed, managed)), script(answers), feed)

    assert sent(calls) == ["add_dnc", "campaign_15", "block_predictive_dnc", "campaign_15"]
    assert calls[2].json == {"id_campaing": "1", "id_cliente": ["K1"]}
    assert facts == {"added": "2", "marked": "1"}


def test_entries_that_stand_already_are_marked_without_being_added_again() -> None:
    feed = Feed({Verb.MARK: people(1)}, "phone")
    answers = [exported([{"key": "K1", "phone": "3000000000"}]), done("202")]
    facts, calls = drive(WOLKVOX.write(dnc_step(Action.BLACKLIST_ADD, feed, (live(id="1"),))), script(answers), feed)

    assert sent(calls) == ["campaign_15", "block_predictive_dnc"]
    assert calls[1].json == {"id_campaing": "1", "id_cliente": ["K1"]}
    assert facts == {"added": "0", "marked": "1"}


@pytest.mark.parametrize(
    ("fields", "marks"),
    [({}, True), ({"days": 3}, True), ({"scope": {"direction": "all"}}, True), ({"scope": {"direction": "inbound"}}, False)],
)
def test_what_bars_calls_out_is_marked_on_records_of_predictive_campaigns(fields: dict[str, Any], marks: bool) -> None:
    found = WOLKVOX.sheet(desired("blacklist", **fields), target()).marks_in

    assert found == ({"type": "predictive"} if marks else None)


def test_inbound_entries_mark_no_record() -> None:
    feed = Feed({Verb.ADD: people(1)}, "phone")
    change = dnc_step(Action.BLACKLIST_ADD, feed, (live(),), scope={"direction": "inbound"})

    assert sent(drive(WOLKVOX.write(change), script([done(201)]))[1]) == ["add_dnc"]


def test_a_campaign_that_cannot_be_read_does_not_hold_up_the_others() -> None:
    feed = Feed({Verb.ADD: people(1)}, "phone")
    change = dnc_step(Action.BLACKLIST_ADD, feed, (live(id="1"), live(id="2"), live(id="3")))
    answers = [done(201), HTML, NO_API, exported(people(1)), done("202")]
    with pytest.raises(NotDone, match="the entries were added"):
        drive(WOLKVOX.write(change), script(answers), feed)


@pytest.mark.parametrize(
    ("fields", "type_"), [({}, "outbound"), ({"scope": {"direction": "all"}}, "all"), ({"days": 3}, "outbound")]
)
def test_lifting_names_each_number(fields: dict[str, Any], type_: str) -> None:
    feed = Feed({Verb.LIFT: people(2)}, "phone")
    facts, calls = drive(WOLKVOX.write(dnc_step(Action.BLACKLIST_REMOVE, feed, **fields)), script([done()]))

    assert calls[0].json == {"telephones": ["3000000000", "3000000001"], "type": type_}
    assert facts == {"lifted": "2"}


def test_entries_are_read_back_in_every_direction_wished() -> None:
    both: dict[str, Any] = {"scope": {"direction": "all"}}
    feed = Feed({Verb.ADD: people(1), Verb.LIFT: people(1)}, "phone")
    added, lifted = dnc_step(Action.BLACKLIST_ADD, feed, **both), dnc_step(Action.BLACKLIST_REMOVE, feed, **both)
    there, gone = dnc("3000000000", way="all"), dnc("3000000009", way="all")

    assert verified(added, there, there, feed=feed).certainty is Certainty.VERIFIED
    assert verified(added, there, gone, feed=feed).certainty is Certainty.WRONG
    assert verified(added, there, MISSING, feed=feed).certainty is Certainty.UNKNOWN
    assert verified(lifted, gone, gone, feed=feed).certainty is Certainty.VERIFIED
    assert verified(lifted, gone, there, feed=feed).certainty is Certainty.WRONG
    assert verified(lifted, gone, MISSING, feed=feed).certainty is Certainty.UNKNOWN
    assert verified(added, HTML, feed=feed).certainty is Certainty.UNKNOWN


def test_an_sms_is_a_call_and_a_doubtful_one_ends_the_sending() -> None:
    rows = [{"phone": f"300000000{number}", "text": "Hola"} for number in range(3)]
    change = step(Action.SCHEDULE, feed=Feed({Verb.ADD: rows}), desired=desired("scheduled_sms"))
    facts, calls = drive(WOLKVOX.write(change), lambda _: done(201))
    nothing, stopped = drive(WOLKVOX.write(change), script([done(201), reply(b"", 502)]))

    assert [call.json for call in calls] == [{"telephone": row["phone"], "message": "Hola"} for row in rows]
    assert all(call.batch and len(call.batch) == 1 for call in calls)
    assert facts == {"sent": "3"}
    assert (nothing, len(stopped)) == (None, 2)
    assert verified(change).certainty is Certainty.WEAK


def test_steps_about_rows_need_rows() -> None:
    for change in (
        step(Action.ROWS_ADD, live=live()),
        step(Action.SCHEDULE),
        step(Action.BLACKLIST_ADD, desired=desired("blacklist")),
    ):
        with pytest.raises(ValueError, match="rows"):
            drive(WOLKVOX.write(change), script([]))
    with pytest.raises(ValueError, match="rows"):
        drive(WOLKVOX.verify(step(Action.BLACKLIST_ADD), {}), script([]))


def test_nothing_works_in_the_background() -> None:
    assert drive(WOLKVOX.poll(target(), "add_record", {}), script([])) == (Verdict.ASK, [])


def test_no_text_of_a_failure_holds_a_number() -> None:
    """What a flow raises is shown to people."""
    feed = Feed({Verb.ADD: people(1)}, "phone")
    told = reply({"code": 400, "error": "BAD REQUEST", "msg": "3000000000 is bad"}, 400)
    with pytest.raises(NotDone) as failure:
        drive(WOLKVOX.write(dnc_step(Action.BLACKLIST_ADD, feed, (live(id="1"),))), script([done(201), told]), feed)

    assert "3000000000" not in failure.value.why
