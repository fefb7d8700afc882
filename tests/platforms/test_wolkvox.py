"""wolkvox's adapter without a network: the wish in its form, the wire's dialect, judgements, and what cannot be done."""

from __future__ import annotations

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.call import Batch, Call, Ending, Page, Reply, Safety
from reconciler.diagnostics import Finding, Severity
from reconciler.kinds.fields import Record
from reconciler.personal import Secret
from reconciler.platforms.platform import NotReadable
from reconciler.platforms.wolkvox import WOLKVOX, blacklist, campaigns, marker, records, replies, sms, wire
from reconciler.resource import Action, Desired, State
from tests.platforms.wolkvox_story import FRIDAY, desired, done, drive, live, people, reply, row, script, seen, target

VECTORS = json.loads((Path(__file__).parent.parent / "data" / "wolkvox-vectors.json").read_text("utf-8"))["operations"]
WEEK = [
    {"days": ["mon", "tue", "wed", "thu", "fri"], "from": "08:00", "to": "18:00"},
    {"days": ["sat"], "from": "09:00", "to": "13:00"},
]


# --- the wish in the platform's own form


def test_a_wish_is_stored_with_ids_and_without_what_was_not_wished() -> None:
    wish = desired(description=" Mora ", window=WEEK, block={"skill": "cobranza", "speed": 80, "labels": {"opt1": "saldo"}})
    stored = WOLKVOX.as_stored(wish, seen(), target())

    assert stored == {
        "display_name": "cobranza-mora-30",
        "description": "Mora",
        "type": "predictive",
        "skill": "101",
        "speed": 80,
        "labels": {"opt1": "saldo"},
        "window": {"from": "08:00", "to": "18:00"},
    }


@pytest.mark.parametrize(
    ("day", "hours"),
    [
        (20, {"from": "08:00", "to": "18:00"}),  # Friday
        (21, {"from": "09:00", "to": "13:00"}),  # Saturday
        (22, {"from": "08:00", "to": "18:00"}),  # Sunday has no slot: what holds all of them
        (2, {"from": "08:00", "to": "18:00"}),  # a Monday that is a holiday
    ],
)
def test_of_several_slots_the_platform_gets_that_of_the_day(day: int, hours: dict[str, str]) -> None:
    now = datetime(2026, 11, day, 15, tzinfo=UTC)
    stored = WOLKVOX.as_stored(desired(window=WEEK, block={"skill": "101"}), seen(now=now), target())

    assert stored["window"] == hours


def test_hours_are_written_on_the_platforms_own_clock() -> None:
    far = target(timezone="America/Santiago")  # three hours from GMT, the platform's clock is five
    window = [{"from": "10:00", "to": "24:00"}]

    assert campaigns.hours(desired(window=window), far, FRIDAY) == {"from": "08:00", "to": "22:00"}
    assert campaigns.hours(desired(window=[{"from": "00:00", "to": "24:00"}]), far, FRIDAY) == {"from": "00:00", "to": "24:00"}
    assert campaigns.hours(desired(window=window), target(), FRIDAY) == {"from": "10:00", "to": "24:00"}


def test_a_preview_campaign_has_no_hours() -> None:
    stored = WOLKVOX.as_stored(desired(window=WEEK, block={"skill": "101", "type": "preview"}), seen(), target())

    assert "window" not in stored


def test_hours_over_midnight_on_the_platforms_clock_are_a_mistake() -> None:
    wish = desired(window=[{"from": "20:00", "to": "24:00"}], block={"skill": "101"})
    east = target(platform_timezone="America/Sao_Paulo")

    assert codes(WOLKVOX.check_live(wish, seen(), east)) == ["SPC011"]
    assert codes(WOLKVOX.check_live(wish, seen(), target())) == []


CLOCK = st.integers(0, 1439).map(lambda minute: f"{minute // 60:02}:{minute % 60:02}")
PLAIN = st.text(st.characters(codec="utf-8", exclude_categories=["Cs", "Cc"]), max_size=40)
WISHES = st.fixed_dictionaries(
    {
        "block": st.fixed_dictionaries(
            {
                "skill": st.sampled_from(["cobranza", "101", "VAGENT", "nobody"]),
                "type": st.sampled_from(["predictive", "preview"]),
            },
            optional={
                "speed": st.integers(0, 100),
                "amd": st.sampled_from(wire.AMD),
                "editable": st.booleans(),
                "labels": st.dictionaries(st.sampled_from(wire.LABELS), PLAIN),
                "recall_routing": st.booleans(),
                "dial_order": st.sampled_from(wire.DIAL_ORDERS),
                "turbo_dial": st.booleans(),
            },
        ),
    },
    optional={
        "description": PLAIN | st.just("mora [reconciler:0123abcd]"),
        "display_name": st.from_regex(r"\A\S([^\n]*\S)?\Z"),
        "window": st.lists(
            st.tuples(CLOCK, CLOCK, st.lists(st.sampled_from(["mon", "fri", "sun"]), min_size=1)).map(
                lambda slot: {"from": min(slot[:2]), "to": max(slot[:2]), "days": slot[2]}
            ),
            min_size=1,
            max_size=3,
        ),
    },
)


def again(stored: dict[str, Any]) -> Desired:
    """A document that wishes exactly what is stored."""
    own: dict[str, Any] = {name: stored[name] for name in ("display_name", "description") if name in stored}
    if "window" in stored:
        own["window"] = [stored["window"]]
    return desired(block={name: value for name, value in stored.items() if name not in (*own, "window")}, **own)


@given(WISHES)
def test_storing_what_is_stored_changes_nothing(wish: dict[str, Any]) -> None:
    stored = dict(WOLKVOX.as_stored(desired(**wish), seen(), target()))

    assert WOLKVOX.as_stored(again(stored), seen(), target()) == stored


@given(WISHES)
def test_what_create_writes_is_what_the_list_shows(wish: dict[str, Any]) -> None:
    """decode(encode(wish)) is the wish in stored form, for everything that the list shows."""
    stored = WOLKVOX.as_stored(desired(**wish), seen(), target())
    body, later = wire.encode_create(stored, "0123abcd")
    body |= wire.encode_edit({name: stored[name] for name in later})
    shown = row(
        campaign_name=body["campaign_name"],
        campaign_description=body["campaign_description"],
        type_campaign=stored["type"],
        skill_id=body["skill_id"],
        speed=str(stored.get("speed", 50)),
        turbo_dial=body.get("turbo_dial", "no"),
    )
    decoded = campaigns.decode(shown)

    assert decoded.marker == "0123abcd"
    for name in stored.keys() & wire.READABLE:
        assert decoded.fields[name] == stored[name]


def test_create_and_edit_write_the_same_wish_differently() -> None:
    stored = {
        "display_name": "a", "type": "predictive", "skill": "101", "amd": "COL", "editable": True, "labels": {"opt2": "saldo"},
        "recall_routing": True, "dial_order": "zigzag", "turbo_dial": False, "window": {"from": "08:00", "to": "24:00"},
    }  # fmt: skip
    created, later = wire.encode_create(stored, "0123abcd")

    assert created == {
        "campaign_name": "a", "campaign_description": "[reconciler:0123abcd]", "skill_id": "101", "amd": "COL",
        "enable_edition": "yes", "start_time": "080000", "end_time": "235959",
        **dict.fromkeys(wire.LABELS, ""), "opt2": "saldo",
    }  # fmt: skip
    assert later == {"recall_routing", "dial_order", "turbo_dial"}
    assert wire.encode_edit(stored) == {
        "campaign_name": "a", "type_camp": "Predictive", "skill_id": "101", "turbo_dial": "no", "start_time": "08:00:00",
        "end_time": "23:59:59", "amd_conf": "COL", "enable_edition": "yes", "routing_recall": "no",
        "camp_dial_order": "zigzag", "optional_labels": dict.fromkeys(wire.LABELS, "") | {"opt2": "saldo"},
    }  # fmt: skip


def test_what_create_cannot_say_of_amd_is_left_out_or_edited() -> None:
    assert "amd" not in wire.encode_create({"display_name": "a", "amd": "default"}, "0123abcd")[0]
    assert wire.encode_create({"display_name": "a", "amd": "none"}, "0123abcd")[1] == {"amd"}


def test_the_mark_names_container_and_document() -> None:
    wish = desired()

    assert WOLKVOX.marker(wish, target()) == marker(target(), "cobranza-mora-30")
    assert WOLKVOX.marker(wish, target()) != WOLKVOX.marker(wish, target(account="another"))
    assert WOLKVOX.marker(desired("contacts"), target()) == ""
    assert wire.without_marker("  a [reconciler:0123abcd] ") == ("a", "0123abcd")
    assert wire.without_marker(" ") == ("", "")


def test_a_row_of_the_list_becomes_a_campaign() -> None:
    found = campaigns.decode(row(status="STARTED", records=" 12 ", speed="x", turbo_dial="quizás"))

    assert (found.state, found.native) == (State.STARTED, {"type": "predictive", "records": 12})
    assert "speed" not in found.fields
    assert "turbo_dial" not in found.fields
    assert campaigns.decode(row(status="Pausada")).state is State.UNKNOWN
    with pytest.raises(NotReadable):
        campaigns.decode(row(campaign_id=" "))


# --- requests against the vendor's own samples


def vector(method: str, path: str, **query: str) -> dict[str, Any]:
    found = [one for one in VECTORS if (one["method"], one["path"]) == (method, path) and query.items() <= one["query"].items()]
    assert len(found) == 1
    shape: dict[str, Any] = found[0]
    return shape


def fits(value: Any, shape: Any) -> bool:
    """Whether a body has only names of the vendor's sample, with its types."""
    if isinstance(shape, list):
        return isinstance(value, list) and all(fits(one, shape[0]) for one in value)
    if isinstance(shape, dict):
        return (
            isinstance(value, dict)
            and value.keys() <= shape.keys()
            and all(fits(one, shape[name]) for name, one in value.items())
        )
    return isinstance(value, str)


ONE = Batch(rows=people(1))


def every_write() -> list[Call]:
    created, later = wire.encode_create({"display_name": "a", "description": "b", "skill": "1", "editable": True}, "0123abcd")
    assert not later
    return [
        wire.CREATE.call(type_campaign="preview", json=created),
        wire.SPEED.call(campaign_id="1", json={"speed": "10"}),
        wire.START.call(campaign_id="1"),
        wire.STOP.call(campaign_id="1"),
        wire.DELETE.call(type_campaign="preview", json={"campaign_ids": ["1"]}),
        records.add_call(live(), ONE),
        records.add_call(live(type="preview"), ONE),
        records.remove_call(live(), ONE),
        records.close_call(live(), ONE, {"code": "PAGO", "code2": "B"}),
        blacklist.add_call(ONE, "outbound"),
        blacklist.add_for_days_call(ONE, 15),
        blacklist.lift_call(ONE, "outbound"),
        blacklist.block_call("1", ONE),
        sms.send_call(Batch(rows=[{"phone": "3000000001", "text": "Hola"}])),
    ]


@pytest.mark.parametrize("call", every_write(), ids=lambda call: call.operation)
def test_requests_have_the_shape_of_the_vendors_samples(call: Call) -> None:
    told_apart = {name: call.query[name] for name in ("api",)}
    if call.operation == "add_record":
        told_apart["type_campaign"] = call.query["type_campaign"]
    sample = vector(call.method, call.path, **told_apart)

    assert call.query.keys() <= sample["query"].keys() | {"type_campaign"}
    assert call.json is None if sample["body_shape"] is None else fits(call.json, sample["body_shape"])


def test_an_edit_has_the_shape_of_the_vendors_sample() -> None:
    body = wire.encode_edit(
        {"display_name": "a", "window": {"from": "08:00", "to": "09:00"}, "amd": "none", "turbo_dial": True}
    )

    assert fits(body, vector("PUT", "/api/v2/campaign.php", api="edit_campaign")["body_shape"])


def test_a_record_has_every_field_of_its_type_as_text() -> None:
    for type_, others in (("predictive", {"agent_id"}), ("preview", {"tel_extra", "email", "recall_date", "recall_telephone"})):
        sample = vector("POST", "/api/v2/campaign.php", api="add_record", type_campaign=type_)["body_shape"][0]
        (record,) = records.add_call(live(type=type_), ONE).json

        assert record.keys() == sample.keys()
        assert not record.keys() & others
        assert all(isinstance(value, str) for value in record.values())


def test_the_export_is_understood_under_its_own_names() -> None:
    sample = vector("GET", "/api/v2/campaign.php", api="campaign_15")["response"]["shape"]

    assert set(wire.EXPORTED.values()) <= sample["records"][0].keys()
    assert wire.EXPORT.sink is not None
    assert wire.EXPORT.sink.rows_at in sample


# --- judgements

HTML = b"<html><body>Bad gateway</body></html>"
ADD = records.add_call(live(), Batch(rows=people(3)))
JUDGED: list[tuple[str, Call, Reply, Ending]] = [
    ("int code", wire.START.call(), done(202), Ending.DONE),
    ("text code", wire.START.call(), done("202"), Ending.DONE),
    ("no code", wire.START.call(), reply({"error": None, "msg": "ok"}), Ending.DOUBT),
    ("empty code", wire.START.call(), reply({"code": "", "error": None, "msg": "ok"}), Ending.DOUBT),
    ("null code", wire.START.call(), reply({"code": None, "msg": "ok"}), Ending.DOUBT),
    ("error beside success", wire.START.call(), reply({"code": 202, "error": "BAD REQUEST", "msg": "x"}), Ending.DOUBT),
    ("403 in a 200", wire.START.call(), reply({"code": "403", "error": "FORBIDDEN", "msg": "x"}), Ending.REFUSED),
    ("404 in a 202", wire.START.call(), reply({"code": 404, "error": None, "msg": "x"}, 202), Ending.REFUSED),
    ("500 in a 200", wire.START.call(), reply({"code": 500, "error": "ERROR", "msg": "x"}), Ending.DOUBT),
    ("302 in a 200", wire.START.call(), reply({"code": 302, "error": None, "msg": "x"}), Ending.DOUBT),
    ("401", wire.START.call(), reply(HTML, 401), Ending.REFUSED),
    ("403", wire.START.call(), reply(b"", 403), Ending.REFUSED),
    ("429", wire.START.call(), reply(b"slow down", 429), Ending.REFUSED),
    ("400 of its own", wire.START.call(), reply({"code": "400", "error": "BAD REQUEST", "msg": "x"}, 400), Ending.REFUSED),
    ("400 of a proxy", wire.START.call(), reply(HTML, 400), Ending.DOUBT),
    ("400 of another", wire.START.call(), reply({"detail": "x"}, 400), Ending.DOUBT),
    ("500", wire.START.call(), reply({"code": 500, "error": "x", "msg": "x"}, 500), Ending.DOUBT),
    ("502", wire.START.call(), reply(HTML, 502), Ending.DOUBT),
    ("302", wire.START.call(), reply(b"", 302), Ending.DOUBT),
    ("html", wire.START.call(), reply(HTML), Ending.DOUBT),
    ("empty", wire.START.call(), reply(b""), Ending.DOUBT),
    ("cut", wire.START.call(), reply(b'{"code":202,"err'), Ending.DOUBT),
    ("a list", wire.START.call(), reply([{"code": 202}]), Ending.DOUBT),
    ("deep", wire.START.call(), reply(b"[" * 200_000), Ending.DOUBT),
    ("created", wire.CREATE.call(), done(201, data=[{"id_campaign": "7"}]), Ending.DONE),
    ("created, other spelling", wire.CREATE.call(), done(201, data=[{"id_campaing": 7}]), Ending.DONE),
    ("created, in words", wire.CREATE.call(), done(201, "The 7 campaign_id has been created successfully"), Ending.DONE),
    ("created, no id", wire.CREATE.call(), done(201, "created", data=[{"id_campaign": ""}]), Ending.DOUBT),
    ("all taken", ADD, done("201", data=[{"total_registers": "3"}]), Ending.DONE),
    ("all taken, int", ADD, done("201", data=[{"total_registers": 3}]), Ending.DONE),
    ("taken, uncounted", ADD, done("201", data=[{"total_registers": " "}]), Ending.DONE),
    ("fewer taken", ADD, done("201", data=[{"total_registers": "2"}]), Ending.DOUBT),
    ("more taken", ADD, done("201", data=[{"total_registers": "4"}]), Ending.DOUBT),
    ("deleted", wire.DELETE.call(), done("200", "1 campaigns deleted successfully. 0 operations failed."), Ending.DONE),
    ("not deleted", wire.DELETE.call(), done("200", "0 campaigns deleted successfully. 1 operations failed."), Ending.REFUSED),
    (
        "too many deleted",
        wire.DELETE.call(),
        done("200", "2 campaigns deleted successfully. 0 operations failed."),
        Ending.DOUBT,
    ),
    ("one of two", wire.DELETE.call(), done("200", "1 campaigns deleted successfully. 1 operations failed."), Ending.DOUBT),
    ("deleted, uncounted", wire.DELETE.call(), done("200", "X campaigns deleted successfully."), Ending.DOUBT),
    ("rejected are no refusal", wire.ADD_DNC_FOR_DAYS.call(), done(201, "0 telephones were added"), Ending.DONE),
]


@pytest.mark.parametrize(("call", "answer", "ending"), [one[1:] for one in JUDGED], ids=[one[0] for one in JUDGED])
def test_judgement(call: Call, answer: Reply, ending: Ending) -> None:
    assert WOLKVOX.judge(call, answer).ending is ending


def test_evidence_is_ids_and_counts() -> None:
    assert WOLKVOX.judge(wire.CREATE.call(), done(201, data=[{"id_campaing": "7"}])).evidence == {"id": "7"}
    assert WOLKVOX.judge(ADD, done("201", data=[{"total_registers": "2"}])).evidence == {"rows": "2"}
    assert WOLKVOX.judge(blacklist.add_call(ONE, "all"), done(201, "1 telephones were added")).evidence == {"rows": "1"}


@given(
    st.binary(max_size=60)
    | st.recursive(st.none() | st.integers() | st.text(max_size=8), st.lists).map(lambda it: json.dumps(it).encode())
)
def test_no_strange_body_is_success(body: bytes) -> None:
    assert WOLKVOX.judge(ADD, Reply(status=200, body=body)).ending is Ending.DOUBT


def test_a_refusal_shows_nothing_of_the_rows() -> None:
    """The platform repeats keys, names and numbers; what we pass on has none of them."""
    batch = Batch(rows=[{"key": "AB12", "phone": "3001234567", "name": "Ana Paz"}])
    said = "customer_id AB12 (ana) Ana, Paz 300-123-45-67 +57 300 1234567 \x1b[31m is bad"
    why = WOLKVOX.judge(records.add_call(live(), batch), reply({"code": 400, "error": "BAD REQUEST", "msg": said}, 400)).why

    assert "is bad" in why
    for secret in ("AB12", "Ana", "Paz", "300", "4567", "\x1b"):
        assert secret not in why


# --- refused reads

FORBIDDEN = [
    ("TOKEN LIMIT EXCEEDED", "PLT005"),
    ("EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)", "PLT007"),
    ("PLEASE VALIDATE TOKEN", "PLT008"),
    ("THE TOKEN IS NOT OF THIS OPERATION", "PLT008"),
    ("SERVER UNDER MAINTENANCE", "PLT007"),
    ("", "PLT007"),
]


@pytest.mark.parametrize(("words", "code"), FORBIDDEN)
@pytest.mark.parametrize("status", [200, 403])
def test_a_403_is_told_apart_by_its_words(words: str, code: str, status: int) -> None:
    with pytest.raises(NotReadable) as refused:
        replies.rows_of(reply({"code": "403", "error": "FORBIDDEN", "msg": words}, status))

    assert refused.value.code == code


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        (reply({"code": 401, "error": "UNAUTHORIZED", "msg": "PLEASE ENTER THE WOLKVOX-TOKEN"}, 401), "PLT008"),
        (reply(HTML, 503), "PLT007"),
        (reply(b"", 429), "PLT007"),
        (reply({"code": "500", "error": "x", "msg": "x"}), "PLT007"),
        (reply({"code": 404, "error": "NOT FOUND", "msg": "x"}, 404), "PLT002"),
        (reply({"code": 400, "error": "BAD REQUEST", "msg": "SOME PARAMETERS ARE REQUIRED"}, 400), "PLT006"),
        (reply({"code": 400, "error": "BAD REQUEST", "msg": wire.NO_SUCH_API}, 400), "PLT006"),
        (reply(HTML), "PLT006"),
        (reply(b""), "PLT006"),
        (reply(b'{"code":"200","data":[{"a'), "PLT006"),
        (reply([]), "PLT006"),
        (reply({"code": "200", "data": {"a": 1}}), "PLT006"),
        (reply({"code": "200", "data": ["a"]}), "PLT006"),
        (reply({"code": "201", "data": []}), "PLT006"),
        (reply({"code": "200", "data": []}, 302), "PLT006"),
    ],
)
def test_what_is_not_a_proper_answer_is_not_read(answer: Reply, code: str) -> None:
    with pytest.raises(NotReadable) as refused:
        replies.rows_of(answer)

    assert refused.value.code == code
    assert "<" not in refused.value.why


def test_a_list_without_data_is_empty() -> None:
    assert replies.rows_of(reply({"code": "", "error": None, "msg": "0 records were found"})) == []
    assert replies.rows_of(reply({"code": 200, "data": [{"a": None, "b": 3}]})) == [{"a": "", "b": "3"}]


# --- dangers


@pytest.mark.parametrize("rows", [[], [{}], [{"key": ""}], [{"key": "a,b"}], [{"key": "a b"}], [{"key": "a\n"}], people(501)])
def test_a_removal_that_would_not_mean_its_keys_cannot_be_made(rows: list[dict[str, str]]) -> None:
    with pytest.raises(ValueError, match="keys"):
        records.remove_call(live(), Batch(rows=rows))


@pytest.mark.parametrize(
    "rows", [[], [{}], [{"phone": "All"}], [{"phone": "all"}], [{"phone": "+573"}], [{"phone": "٣"}], people(501)]
)
def test_the_word_that_empties_the_do_not_call_list_cannot_be_sent(rows: list[dict[str, str]]) -> None:
    for make in (blacklist.lift_call, blacklist.add_call):
        with pytest.raises(ValueError, match="digits"):
            make(Batch(rows=rows), "outbound")
    with pytest.raises(ValueError, match="digits"):
        blacklist.add_for_days_call(Batch(rows=rows), 3)


def test_a_lift_carries_a_list_and_one_known_direction() -> None:
    body = blacklist.lift_call(Batch(rows=people(2)), "outbound").json

    assert body == {"telephones": ["3000000000", "3000000001"], "type": "outbound"}
    with pytest.raises(ValueError, match="direction"):
        blacklist.lift_call(ONE, "All")


def test_nothing_clears_a_campaign() -> None:
    operations = [value for value in vars(wire).values() if isinstance(value, wire.Operation)]

    assert "clear_campaign" not in {operation.api for operation in operations}
    assert {operation.api for operation in operations if operation.safety is Safety.BLIND} == {"send_sms"}
    assert {operation.api for operation in operations if operation.safety is Safety.MARKER} == {"add_record"}
    assert {operation.api for operation in operations if operation.safety is Safety.CREATE} == {"create_campaign"}
    assert all((operation.method == "GET") == (operation.safety is Safety.READ) for operation in operations)


def test_calls_about_nobody_cannot_be_made() -> None:
    with pytest.raises(ValueError, match="add_record"):
        records.add_call(live(), Batch(rows=[]))
    with pytest.raises(ValueError, match="code"):
        records.close_call(live(), ONE, {})
    with pytest.raises(ValueError, match="keys"):
        blacklist.block_call("1", Batch(rows=[]))
    with pytest.raises(ValueError, match="one text"):
        sms.send_call(Batch(rows=[{"phone": "3000000001"}]))


# --- what cannot be done


def codes(findings: Iterable[Finding]) -> list[str]:
    return [finding.code for finding in findings]


ROWS: dict[str, Any] = {"source": {"rows": [{"phone": "3000000001"}]}}
MISTAKES: list[tuple[str, Desired, list[str]]] = [
    ("no block", desired(block={}), ["SPC002"]),
    ("amd in preview", desired(block={"skill": "a", "type": "preview", "amd": "COL"}), ["SPC011"]),
    ("virtual agent, no channel", desired(block={"skill": "VAGENT"}), ["SPC002"]),
    ("virtual agent", desired(channel="sms", block={"skill": "VAGENT"}), []),
    ("address book", desired("contacts", **ROWS), ["SPC011"]),
    ("cpg", desired("contacts", campaign="a", source={"file": "a.CPG"}), ["SPC011"]),
    ("close without code", desired("contacts", campaign="a", missing="close", **ROWS), ["SPC002"]),
    ("unknown column", desired("contacts", campaign="a", columns={"key": "a", "phnoe": "b"}, **ROWS), ["SPC013"]),
    ("judged columns", desired("contacts", campaign="a", columns={"key": "a", "consent": "b", "person": "c"}, **ROWS), []),
    ("campaign's list", desired("blacklist", scope={"campaign": "a"}, **ROWS), ["SPC011"]),
    ("category's list", desired("blacklist", scope={"category": "a"}, **ROWS), ["SPC011"]),
    ("days and direction", desired("blacklist", scope={"direction": "outbound"}, days=3, **ROWS), ["SPC012"]),
    ("days", desired("blacklist", days=3, expires="renew", **ROWS), []),
    ("expires without days", desired("blacklist", expires="renew", **ROWS), ["SPC012"]),
    ("verify", desired("blacklist", verify="sample", **ROWS), ["SPC011"]),
    ("lifts", desired("blacklist", lifts={"columns": {"phone": "a", "reason": "b", "nmae": "c"}}, **ROWS), ["SPC013"]),
    ("an instant", desired("scheduled_sms", at="2026-12-01T10:00:00-05:00", message="Hola", **ROWS), ["SPC011"]),
    ("a column of instants", desired("scheduled_sms", at={"column": "a"}, message="Hola", **ROWS), ["SPC011"]),
    ("sms with a campaign", desired("scheduled_sms", at="on_apply", campaign="a", message="Hola", **ROWS), ["SPC011"]),
    ("a hole", desired("scheduled_sms", at="on_apply", message="Hola {nmae} {phone}", **ROWS), ["SPC014"]),
    (
        "a hole, columns",
        desired("scheduled_sms", at="on_apply", message="{b}", columns={"a": "x"}, source={"file": "a.csv"}),
        ["SPC014"],
    ),
    ("a file's own columns", desired("scheduled_sms", at="on_apply", message="{b}", source={"file": "a.csv"}), []),
]


@pytest.mark.parametrize(("wish", "wanted"), [one[1:] for one in MISTAKES], ids=[one[0] for one in MISTAKES])
def test_what_the_documents_alone_show(wish: Desired, wanted: list[str]) -> None:
    findings = list(WOLKVOX.check(wish, target()))

    assert codes(findings) == wanted
    assert all(finding.origin and finding.remedy and finding.address == wish.address for finding in findings)


def test_a_plus_is_no_digit() -> None:
    findings = list(WOLKVOX.check(desired("contacts", campaign="a", **ROWS), target(phone_format="e164")))

    assert [(finding.code, str(finding.origin)) for finding in findings] == [("SPC011", "reconciler.yaml:4")]


def test_an_unknown_skill_is_named_with_the_nearest_one() -> None:
    (unknown,) = WOLKVOX.check_live(desired(block={"skill": "cobransa"}), seen(), target())
    (double,) = WOLKVOX.check_live(desired(block={"skill": "doble"}), seen(), target())

    assert (unknown.code, unknown.remedy) == ("PLT001", "did you mean 'cobranza'?")
    assert (double.code, double.remedy) == ("PLT001", "write its id: 103,104")
    for known in ("cobranza", "102", "104", "VAGENT"):
        assert codes(WOLKVOX.check_live(desired(block={"skill": known}), seen(), target())) == []


def test_columns_of_the_other_type_of_campaign_are_named() -> None:
    wish = desired("contacts", "base", campaign="cobranza-mora-30", columns={"key": "a", "phone": "b", "email": "c"}, **ROWS)
    findings = list(WOLKVOX.check_live(wish, seen(live(type="preview")), target()))

    assert codes(findings) == ["SPC013", "UNV001"]
    assert findings[1].severity is Severity.INFO
    assert codes(WOLKVOX.check_live(wish, seen(live()), target())) == ["UNV001"]


def test_a_virtual_agents_strategy_is_a_persons_step() -> None:
    (step,) = WOLKVOX.manual(desired(block={"skill": "VAGENT"}), seen(), target())

    assert step.key == "wolkvox-co/campaign/cobranza-mora-30#strategy"
    assert list(WOLKVOX.manual(desired(block={"skill": "101"}), seen(), target())) == []


# --- sheets, figures, keys


def test_sheets() -> None:
    rows = WOLKVOX.sheet(desired("contacts"), target())
    numbers = WOLKVOX.sheet(desired("blacklist"), target())
    keyed = WOLKVOX.sheet(desired("scheduled_sms", columns={"key": "a"}), target())

    assert (rows.identity, rows.readable, rows.natural, rows.add_max, rows.remove_max) == (("key",), True, False, 10_000, 500)
    assert (numbers.identity, numbers.readable, numbers.natural, numbers.add_max) == (("phone",), True, True, 500)
    assert (keyed.identity, keyed.readable, keyed.others, keyed.add_max) == (("key",), False, True, 1)
    assert WOLKVOX.sheet(desired("scheduled_sms", **ROWS), target()).identity == ("phone",)
    assert WOLKVOX.sheet(desired("scheduled_sms", source={"rows": [{"key": "1"}]}), target()).identity == ("key",)
    assert [column.name for column in rows.columns if column.phone] == [
        "phone", *(f"phone{number}" for number in range(2, 11)), "phone_extra", "recall_phone"
    ]  # fmt: skip
    assert [rows.column(name).length_max for name in ("opt6", "opt7", "name")] == [100, 200, 0]  # type: ignore[union-attr] # they are there


def test_limits_of_the_target_lower_the_batches() -> None:
    small = target(limits={"rows_per_upload": 100})
    sheet = WOLKVOX.sheet(desired("contacts"), small)

    assert (sheet.add_max, sheet.remove_max) == (100, 100)
    assert WOLKVOX.sheet(desired("contacts"), target(limits={"rows_per_upload": 90_000})).add_max == 10_000


@pytest.mark.parametrize(
    ("action", "rows", "calls"),
    [
        (Action.CREATE, 0, 3),
        (Action.UPDATE, 0, 2),
        (Action.START, 0, 2),
        (Action.DELETE, 0, 2),
        (Action.ROWS_ADD, 25_000, 5),
        (Action.ROWS_REMOVE, 501, 3),
        (Action.BLACKLIST_ADD, 500, 2),
        (Action.SCHEDULE, 7, 7),
    ],
)
def test_how_many_calls_a_change_takes(action: Action, rows: int, calls: int) -> None:
    assert WOLKVOX.calls(action, rows, target()) == calls


def test_keys_and_blocks_have_schemas() -> None:
    for fields in (WOLKVOX.keys.fields, *WOLKVOX.blocks.values()):
        assert Record(fields).schema()["properties"]
    assert WOLKVOX.keys.url.format(server="0010") == "https://wv0010.wolkvox.com"
    assert WOLKVOX.supports["campaign"].unreadable == {"window", "amd", "editable", "labels", "recall_routing", "dial_order"}


def test_the_token_is_the_only_header_and_never_a_text() -> None:
    headers, calls = drive(WOLKVOX.login(target(), {"token": Secret("abc")}), script([]))

    assert headers == {"wolkvox-token": Secret("abc")}
    assert calls == []
    assert "abc" not in repr(headers)
    with pytest.raises(NotReadable):
        drive(WOLKVOX.login(target(), {}), script([]))
    assert drive(WOLKVOX.logout(target(), {}), script([])) == (None, [])
    assert not WOLKVOX.session_over(reply(b"", 401))
    assert not WOLKVOX.runs_by_itself({"type": "predictive"})


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (reply({"code": "403", "msg": "EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)"}, 403), True),
        (reply({"code": 403, "msg": "Exceeds the limit of simultaneous requests per token (2)"}, 200), True),
        (Reply(status=200, page=Page(table="t", count=0, envelope={"code": "403", "msg": "SIMULTANEOUS REQUESTS"})), True),
        (reply({"code": "403", "msg": "TOKEN LIMIT EXCEEDED"}, 403), False),
        (reply({"code": "403", "msg": "PLEASE VALIDATE TOKEN"}, 403), False),
        (reply({"code": "202", "msg": "campaign simultaneous started"}, 200), False),
        (reply(b"<html>SIMULTANEOUS", 403), False),
    ],
)
def test_too_many_at_once_is_told_by_its_words(answer: Reply, expected: bool) -> None:
    assert WOLKVOX.busy(answer) is expected


def test_a_window_moves_with_the_clock_of_its_zone() -> None:
    """The same wall clock in Santiago is another hour in Bogota in winter."""
    far = target(timezone="America/Santiago")
    window = desired(window=[{"from": "10:00", "to": "12:00"}])

    assert campaigns.hours(window, far, FRIDAY)["from"] == "08:00"
    assert campaigns.hours(window, far, FRIDAY - timedelta(days=150))["from"] == "09:00"
