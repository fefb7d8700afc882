"""Lynn's adapter by hand: sessions, campaigns as they are read and wished, and what cannot be."""

from __future__ import annotations

import string
from dataclasses import replace
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reconciler.call import Reply, Safety
from reconciler.kinds.fields import Record
from reconciler.personal import Secret
from reconciler.platforms.lynn import LYNN, dialect
from reconciler.platforms.platform import NotReadable
from reconciler.resource import Action, Desired, State
from tests.platforms.lynn_wishes import (
    BOOK,
    GONE,
    HTML,
    ID,
    NOW,
    OTHER,
    TEMPLATE,
    by,
    campaign,
    check,
    codes,
    drive,
    live,
    load,
    native,
    ok,
    operations,
    page,
    seen,
    target,
    wish,
)

SCHEDULED: dict[str, Any] = {"start_at": "2026-12-01T10:00:00Z", "stop_at": "2026-12-02T10:00:00Z"}

# --- session


def test_the_login_sends_both_secrets_and_the_tenant_as_a_number() -> None:
    secrets = {"access_token": Secret("a1"), "access_token_secret": Secret("b2")}
    calls, headers = drive(LYNN.login(target(), secrets), ok({"Token": "jwt"}))

    assert calls[0].path == "/api/LynnService/CreateToken"
    assert calls[0].json == {"accessToken": Secret("a1"), "accessTokenSecret": Secret("b2"), "tenant": 1234}
    assert calls[0].safety is Safety.SESSION
    assert headers == {"Authorization": Secret("bearer jwt")}
    assert "a1" not in repr(calls[0])


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (Reply(status=401), "PLT008"),
        (ok({"token": ""}), "PLT006"),
        (ok({"token": 5}), "PLT006"),
        (ok(["token"]), "PLT006"),
        (HTML, "PLT006"),
        (ok(None, 503), "PLT007"),
    ],
)
def test_a_login_without_a_token_is_no_login(reply: Reply, code: str) -> None:
    with pytest.raises(NotReadable) as failure:
        drive(LYNN.login(target(), {"access_token": Secret("a"), "access_token_secret": Secret("b")}), reply)

    assert failure.value.code == code


def test_a_session_ends_with_401_and_is_ended_by_nothing() -> None:
    assert LYNN.session_over(Reply(status=401))
    assert not LYNN.session_over(Reply(status=403))
    assert not LYNN.busy(Reply(status=429))
    assert drive(LYNN.logout(target(), {})) == ([], None)


def test_target_keys_name_two_secrets_and_the_tenant() -> None:
    keys = {key.name: key for key in LYNN.keys.fields}

    assert {name for name, key in keys.items() if key.secret} == {"access_token", "access_token_secret"}
    assert all(key.required for key in keys.values())
    assert LYNN.keys.account == "tenant"
    assert all(Record(fields).schema()["type"] == "object" for fields in LYNN.blocks.values())


# --- campaigns, read


def test_keys_are_read_in_any_case_and_times_as_instants() -> None:
    shown = {
        "ID": ID, "Name": "uno", "CampaignType": "Single Message", "ExecutionMode": "always on", "Category": "alta",
        "ValidUntil": "2026-12-31T20:59:00.0000000-03:00", "StartDate": "0001-01-01T00:00:00", "EndDate": "2026-12-01T10:00:00",
        "Extra": {"a": [1]},
    }  # fmt: skip
    found = seen(shown).campaigns.live[0]

    assert (found.id, found.name, found.state) == (ID, "uno", State.STARTED)
    assert found.fields == {
        "display_name": "uno",
        "type": "single",
        "execution_mode": "always_on",
        "category": "alta",
        "valid_until": "2026-12-31T23:59:00+00:00",
        "stop_at": "2026-12-01T13:00:00+00:00",
    }
    assert found.native == shown


@pytest.mark.parametrize(
    ("words", "state"),
    [
        ({"running": True}, State.STARTED),
        ({"running": False}, State.STOPPED),
        ({"running": None}, State.UNKNOWN),
        ({"running": 1}, State.UNKNOWN),
        ({"running": "true"}, State.UNKNOWN),
        ({"executionMode": "AlwaysOn"}, State.STARTED),
        ({"executionMode": "Paused", "running": True}, State.UNKNOWN),
        ({"executionMode": "Scheduled"}, State.UNKNOWN),
        ({"executionMode": "Scheduled", "running": True}, State.STARTED),
        ({"executionMode": "Scheduled", "startDate": "soon", "endDate": "later"}, State.UNKNOWN),
        ({"executionMode": "Scheduled", "startDate": "2026-11-20T15:00:01Z", "endDate": "2026-12-01T00:00:00Z"}, State.STOPPED),
        ({"executionMode": "Scheduled", "startDate": "2026-11-20T15:00:00Z", "endDate": "2026-12-01T00:00:00Z"}, State.STARTED),
        (
            {"executionMode": "Scheduled", "startDate": "2026-11-01T00:00:00Z", "endDate": "2026-11-20T15:00:00Z"},
            State.FINISHED,
        ),
    ],
)
def test_the_run_state_follows_mode_dates_and_order_and_is_never_guessed(words: dict[str, Any], state: State) -> None:
    assert live(**words).state is state


def test_a_word_that_is_not_known_is_shown_as_it_is() -> None:
    fields = live(executionMode="Nightly", campaignType=3, validUntil="until further notice").fields

    assert (fields["execution_mode"], fields["type"], fields["valid_until"]) == ("Nightly", "3", "until further notice")


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (HTML, "PLT006"),
        (Reply(status=200, body=b'[{"id": "'), "PLT006"),
        (Reply(status=200, body=b""), "PLT006"),
        (Reply(status=200, body=b"\xff"), "PLT006"),
        (Reply(status=200, body=b"[" * 100_000), "PLT006"),
        (ok({"campaigns": []}), "PLT006"),
        (ok({"errors": []}), "PLT006"),
        (ok([1]), "PLT006"),
        (ok([{"idV3": ID}]), "PLT006"),
        (ok([native(id="")]), "PLT006"),
        (ok([native(id="..")]), "PLT006"),
        (ok([native(id=True)]), "PLT006"),
        (ok([native(name="")]), "PLT006"),
        (ok([native(), native(id=ID.upper(), name="dos")]), "PLT006"),
        (ok([], 206), "PLT006"),
        (ok({"message": "x"}, 400), "PLT006"),
        (ok(None, 401), "PLT008"),
        (ok(None, 403), "PLT008"),
        (ok({"message": "Rate limit is exceeded."}, 403), "PLT005"),
        (ok({"message": "The service is under maintenance."}, 403), "PLT007"),
        (ok(None, 429), "PLT005"),
        (ok(None, 500), "PLT007"),
    ],
)
def test_a_list_that_is_not_a_whole_list_is_not_read(reply: Reply, code: str) -> None:
    with pytest.raises(NotReadable) as failure:
        drive(LYNN.read(target(), frozenset(), NOW), reply)

    assert failure.value.code == code


def test_a_refusal_is_quoted_short_and_with_numbers_masked() -> None:
    reply = ok({"Message": "no permission for +56 9 6666 6666 " + "x" * 500}, 403)

    with pytest.raises(NotReadable) as failure:
        drive(LYNN.read(target(), frozenset(), NOW), reply)

    assert "6666" not in failure.value.why
    assert len(failure.value.why) < 250


def test_a_campaign_that_the_journal_knows_is_asked_for_before_it_is_believed_gone() -> None:
    wanted = frozenset({"campaign", f"id:{ID.upper()}", f"id:{OTHER}", "id:gone"})
    calls, found = drive(LYNN.read(target(), wanted, NOW), ok([native()]), ok(native(id=OTHER, name="dos")), GONE)

    assert [call.path.rpartition("/")[2] for call in calls] == ["1234", OTHER, "gone"]
    assert [one.name for one in found.campaigns.live] == ["bienvenida", "dos"]
    assert found.campaigns.complete


@pytest.mark.parametrize("reply", [HTML, replace(HTML, status=404), ok(native()), ok(None, 500)])
def test_only_the_platforms_own_404_says_that_a_campaign_is_gone(reply: Reply) -> None:
    with pytest.raises(NotReadable):
        drive(LYNN.read(target(), frozenset({f"id:{OTHER}"}), NOW), ok([]), reply)


def test_contacts_are_listed_once_where_they_are_needed() -> None:
    calls, found = drive(LYNN.read(target(), frozenset({"blacklist", "contacts"}), NOW), ok([]), page(7))

    assert operations(calls) == ["GetCampaigns", "GetContacts"]
    assert calls[1].sink is not None
    assert calls[1].sink.columns["correlation3"] == "/correlationIds/2"
    assert found.tables == {"contacts": "t1"}
    with pytest.raises(NotReadable, match="it is not a list"):
        drive(LYNN.read(target(), frozenset({"contacts"}), NOW), ok([]), replace(ok([{}]), misfit="it is not a list"))


# --- campaigns, wished


@st.composite
def campaigns(draw: st.DrawFn) -> Desired:
    text = st.text(string.printable + "ñá€", min_size=1, max_size=30)
    offsets = st.sampled_from(["Z", "-03:00", "+05:30", "+00:00"])
    instants = st.builds(
        lambda moment, offset: moment.strftime("%Y-%m-%dT%H:%M:%S").zfill(19) + offset,
        st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 - the offset is drawn beside it
        offsets,
    )
    block = {
        "division": draw(text),
        "category": draw(text),
        "type": draw(st.sampled_from(["single", "multiple"])),
        "execution_mode": draw(st.sampled_from(["manual", "scheduled", "always_on"])),
        "start_at": draw(st.none() | instants),
        "stop_at": draw(st.none() | instants),
        "valid_until": draw(st.none() | instants),
    }
    fields = {"display_name": draw(st.none() | text), "description": draw(st.none() | text | st.just(""))}
    return wish("campaign", draw(text), block, **fields)


@given(campaigns())
def test_storing_what_is_stored_changes_nothing(desired: Desired) -> None:
    stored = LYNN.as_stored(desired, seen(), target())

    assert dialect.decoded(dialect.encoded(stored), "America/Santiago") == stored
    assert set(stored) <= LYNN.supports["campaign"].fields
    for name in ("description", "start_at", "valid_until"):
        assert (name in stored) == (desired.get(name, desired.block.get(name)) is not None)


def test_instants_in_any_offset_are_one_instant() -> None:
    one = campaign(valid_until="2026-12-31T23:59:00-03:00")
    other = campaign(valid_until="2027-01-01T02:59:00Z")

    assert LYNN.as_stored(one, seen(), target()) == LYNN.as_stored(other, seen(), target())
    assert LYNN.as_stored(one, seen(), target())["valid_until"] == "2027-01-01T02:59:00+00:00"


@given(st.dictionaries(st.text(string.ascii_letters, min_size=1, max_size=12), st.integers() | st.none() | st.text(max_size=5)))
def test_what_is_not_known_of_an_object_survives_an_update(unknown: dict[str, Any]) -> None:
    known = {name.casefold() for name in native()}
    unknown = {name: value for name, value in unknown.items() if name.casefold() not in known}
    merged = dialect.merged(native() | unknown, dialect.encoded({"description": "nueva"}))

    assert {name: merged[name] for name in unknown} == unknown
    assert merged["description"] == "nueva"
    assert "running" not in merged


def test_a_wish_keeps_the_spelling_of_the_object_that_it_changes() -> None:
    assert dialect.merged({"Id": ID, "DESCRIPTION": "a"}, {"description": "b", "category": "c"}) == {
        "Id": ID,
        "DESCRIPTION": "b",
        "category": "c",
    }


# --- what cannot be


@pytest.mark.parametrize(
    ("desired", "expected"),
    [
        (campaign(fields={"state": "started"}), []),
        (campaign(execution_mode="scheduled", **SCHEDULED), []),
        (wish("campaign"), [("SPC002", 1), ("SPC002", 1)]),
        (campaign(fields={"state": "started"}, execution_mode="always_on"), [("SPC011", 10)]),
        (campaign(fields={"state": "stopped"}, execution_mode="scheduled", **SCHEDULED), [("SPC011", 10)]),
        (campaign(execution_mode="scheduled"), [("SPC002", 13), ("SPC002", 13)]),
        (campaign(**SCHEDULED), [("SPC012", 14), ("SPC012", 15)]),
        (campaign(execution_mode="scheduled", start_at=SCHEDULED["stop_at"], stop_at=SCHEDULED["start_at"]), [("SPC004", 15)]),
        (campaign(execution_mode="scheduled", **SCHEDULED, valid_until="2026-12-01T09:00:00Z"), [("SPC004", 16)]),
        (campaign(valid_until="2026-02-31T09:00:00Z"), [("SPC005", 14)]),
        (wish("scheduled_sms"), [("SPC011", 1)]),
        (load(), []),
        (load(block={"type_of_data": 0}), [("SPC002", 1)]),
        (load(block={"template": TEMPLATE, "fields": {"nombre": "name"}}, columns={"phone": "t"}), [("SPC012", 13)]),
        (load(missing="remove"), [("SPC011", 12)]),
        (load(close={"code": "PAGO"}), [("SPC011", 12)]),
        (load(changed="replace", missing="keep"), [("SPC011", 12)]),
        (load(source={"file": "a.cpg"}), [("SPC012", 13), ("SPC012", 14), ("SPC012", 11)]),
        (load(source={"rows": [{"pedidos": "1"}]}, columns={"phone": "pedidos"}), [("SPC013", 14)]),
        (BOOK, []),
        (wish("contacts", source={"file": "a.cpg"}), [("SPC002", 10)]),
        (wish("contacts", block={"template": TEMPLATE}), [("SPC012", 10)]),
        (wish("contacts", missing="close"), [("SPC011", 10)]),
        (wish("contacts", close={"code": "x"}), [("SPC011", 10)]),
        (wish("contacts", missing="remove", changed="replace"), []),
        (by(campaign="uno"), []),
        (by(), [("SPC012", 10)]),
        (by(campaign="uno", category="dos"), [("SPC012", 10)]),
        (by(campaign="uno", direction="inbound"), [("SPC011", 10)]),
        (wish("blacklist", scope={"campaign": "uno"}, days=3, expires="renew"), [("SPC011", 11), ("SPC011", 12)]),
    ],
)  # fmt: skip
def test_what_lynn_cannot_do_is_said_with_its_place(desired: Desired, expected: list[tuple[str, int]]) -> None:
    assert check(desired) == expected


def test_what_only_the_live_platform_shows_to_be_impossible() -> None:
    full = seen(*(native(id=f"{n}", name=f"c{n}") for n in range(15)))
    multiple = seen(native(campaignType="MultipleMessage"))

    assert codes(LYNN.check_live(campaign(), full, target())) == [("PLT004", 1)]
    assert codes(LYNN.check_live(campaign("c3"), full, target())) == []
    assert codes(LYNN.check_live(campaign(), full, target(limits={"campaigns": 20}))) == []
    assert codes(LYNN.check_live(load(), multiple, target())) == [("SPC011", 10)]
    assert codes(LYNN.check_live(load(), seen(native()), target())) == []
    assert codes(LYNN.check_live(by(campaign="uno"), seen(), target())) == []


def test_nothing_is_left_to_a_person_and_nothing_is_marked() -> None:
    assert list(LYNN.manual(campaign(), seen(), target())) == []
    assert LYNN.marker(campaign(), target()) == ""


@pytest.mark.parametrize(
    ("action", "rows", "desired", "expected"),
    [
        (Action.CREATE, 0, campaign(), 2),
        (Action.UPDATE, 0, campaign(), 3),
        (Action.DELETE, 0, None, 2),
        (Action.START, 0, campaign(), 2),
        (Action.START, 0, campaign(execution_mode="always_on"), 3),
        (Action.STOP, 0, None, 3),
        (Action.ROWS_ADD, 1001, load(), 10),
        (Action.ROWS_ADD, 0, load(source={"file": "a.cpg"}), 4),
        (Action.ROWS_ADD, 7, BOOK, 8),
        (Action.ROWS_ADD, 7, None, 8),
        (Action.ROWS_REMOVE, 7, BOOK, 8),
        (Action.BLACKLIST_ADD, 501, by(campaign="uno"), 508),
        (Action.BLACKLIST_ADD, 3_000, by(campaign="uno"), 219),
        (Action.BLACKLIST_ADD, 10, by(category="uno"), 22),
        (Action.BLACKLIST_REMOVE, 10, by(category="uno"), 16),
        (Action.SCHEDULE, 10, None, 0),
    ],
)
def test_the_number_of_calls_is_known_before(action: Action, rows: int, desired: Desired | None, expected: int) -> None:
    assert LYNN.calls(action, rows, target(), desired) == expected
