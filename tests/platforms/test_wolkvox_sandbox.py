"""wolkvox's adapter over real HTTP against the sandbox; every request and answer is held against the OpenAPI document."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import httpx
import pytest

from reconciler.call import Call, Flow, Reply, Safety, T
from reconciler.plan.known import Seen
from reconciler.platforms.platform import Certainty, Evidence, NotDone, NotReadable, RowsSeen, Step
from reconciler.platforms.wolkvox import WOLKVOX, records, wire
from reconciler.resource import Action, Desired, Live, State
from reconciler.rows.engine import Engine
from reconciler.rows.sheet import Verb
from reconciler.sandbox.control import Control
from reconciler.sandbox.server import Running, running
from tests.openapi import check_request, check_response
from tests.platforms.wolkvox_story import FRIDAY, NAME, Feed, desired, drive, people, target

PREFIX = "/wolkvox"


@pytest.fixture(scope="module")
def server() -> Iterator[Running]:
    with running() as sandbox:
        yield sandbox


class Account:
    """A tenant of the sandbox, with the adapter's flows driven over HTTP."""

    def __init__(self, url: str, *, checked: bool = True) -> None:
        self.control = Control(url)
        self.control.reset()
        self.client = httpx.Client(base_url=url, timeout=20)
        self.target = target(url=url + PREFIX)
        self.checked = checked
        self.calls: list[Call] = []

    def send(self, call: Call) -> Reply:
        request = self.client.build_request(
            call.method, PREFIX + call.path, params=dict(call.query), json=call.json, headers={"wolkvox-token": "sandbox"}
        )
        path = request.url.raw_path.decode().removeprefix(PREFIX)
        content_type = request.headers.get("content-type")
        if self.checked:
            check_request("wolkvox", call.method, path, dict(request.headers), request.content, content_type)
        response = self.client.send(request)
        if self.checked:
            told = response.headers.get("content-type")
            check_response("wolkvox", call.method, path, response.status_code, response.content, told)
        return Reply(status=response.status_code, body=response.content, content_type=response.headers.get("content-type", ""))

    def run(self, flow: Flow[T], feed: Feed | None = None) -> T | None:
        result, calls = drive(flow, self.send, feed)
        self.calls = calls
        return result

    def seen(self) -> Seen:
        state = self.run(WOLKVOX.read(self.target, frozenset({"campaign", "contacts"}), FRIDAY), Feed({}))
        assert state is not None
        return state

    def live(self, name: str = NAME) -> Live | None:
        return next(iter(self.seen().campaign(name)), None)

    def step(self, action: Action, wish: Desired, feed: Feed | None = None, *, managed: bool = False) -> Step:
        state = self.seen()
        stored = WOLKVOX.as_stored(wish, state, self.target)
        live = next(iter(state.campaign(NAME)), None)
        changed = frozenset(name for name in stored if live is None or live.fields.get(name) != stored[name])
        return Step(
            action=action,
            target=self.target,
            desired=wish,
            stored=stored,
            changed=changed,
            live=live,
            managed=tuple(state.campaigns.live) if managed else (),
            feed=feed,
            seen=state,
            now=FRIDAY,
        )

    def carry_out(self, action: Action, wish: Desired, feed: Feed | None = None, *, managed: bool = False) -> Evidence | None:
        """Write and read back; None when the writing ended badly."""
        step = self.step(action, wish, feed, managed=managed)
        facts = self.run(WOLKVOX.write(step), feed)
        made = len(self.calls)
        if facts is None:
            return None
        evidence = self.run(WOLKVOX.verify(step, facts), feed)
        self.made = made + len(self.calls)
        return evidence

    def rows(self, wish: Desired, feed: Feed) -> RowsSeen:
        result = self.run(WOLKVOX.read_rows(wish, self.target, self.live(), self.seen(), iter(())), feed)
        assert result is not None
        return result


@pytest.fixture
def account(server: Running) -> Iterator[Account]:
    made = Account(server.url)
    yield made
    made.client.close()


WISH: dict[str, Any] = {
    "description": "Mora de 30 días",
    "window": [{"from": "08:00", "to": "18:00"}],
    "block": {
        "skill": "cobranza", "speed": 80, "amd": "COL", "editable": True, "labels": {"opt1": "saldo"}, "recall_routing": True,
        "dial_order": "random", "turbo_dial": True,
    },
}  # fmt: skip
ROWS = desired("contacts", "base", campaign=NAME, close={"code": "PAGO"})


def test_a_campaign_from_birth_to_death(account: Account) -> None:
    """Create, read back, edit, load, start, read, stop, remove, close, delete; and the wish equals what is shown."""
    wish = desired(**WISH)
    created = account.carry_out(Action.CREATE, wish)

    assert created is not None
    assert created.certainty is Certainty.WEAK
    live = account.live()
    assert live is not None
    stored = WOLKVOX.as_stored(wish, account.seen(), account.target)
    assert live.fields == {name: value for name, value in stored.items() if name in wire.READABLE}
    assert (live.state, live.marker) == (State.STOPPED, WOLKVOX.marker(wish, account.target))

    renamed = desired(**WISH | {"description": "otra", "block": {**WISH["block"], "speed": 60, "amd": "none"}})
    updated = account.carry_out(Action.UPDATE, renamed)
    assert updated is not None
    assert updated.live is not None
    assert (updated.live.fields["description"], updated.live.fields["speed"]) == ("otra", 60)

    loaded = Feed({Verb.ADD: people(30)})
    assert certainty(account.carry_out(Action.ROWS_ADD, ROWS, loaded)) is Certainty.VERIFIED
    assert account.made == WOLKVOX.calls(Action.ROWS_ADD, 30, account.target)
    assert certainty(account.carry_out(Action.START, wish)) is Certainty.VERIFIED
    assert len(account.control.effects(what="call")) == 30
    assert certainty(account.carry_out(Action.ROWS_ADD, ROWS, Feed({Verb.ADD: people(5, 30)}))) is Certainty.VERIFIED
    assert len(account.control.effects(what="call")) == 35
    assert certainty(account.carry_out(Action.STOP, wish)) is Certainty.VERIFIED

    gone = Feed({Verb.REMOVE: people(10), Verb.CLOSE: people(2, 20)})
    assert certainty(account.carry_out(Action.ROWS_REMOVE, ROWS, gone)) is Certainty.WEAK
    feed = Feed({})
    seen = account.rows(ROWS, feed)
    assert (seen.count, seen.complete) == (25, True)
    assert [row["key"] for row in feed.tables[seen.tables[0]] if row["_code"]] == ["C20", "C21"]

    assert certainty(account.carry_out(Action.DELETE, wish)) is Certainty.VERIFIED
    assert account.live() is None


def certainty(evidence: Evidence | None) -> Certainty | None:
    return evidence.certainty if evidence else None


def test_a_plain_campaign_takes_the_calls_that_were_planned(account: Account) -> None:
    plain = desired(block={"skill": "ventas", "speed": 10})

    assert certainty(account.carry_out(Action.CREATE, plain)) is Certainty.VERIFIED
    assert account.made == WOLKVOX.calls(Action.CREATE, 0, account.target)
    for action in (Action.START, Action.STOP, Action.DELETE):
        assert certainty(account.carry_out(action, plain)) is Certainty.VERIFIED
        assert account.made == WOLKVOX.calls(action, 0, account.target)


def test_a_preview_campaign_is_loaded_without_a_status(account: Account) -> None:
    wish = desired(**WISH | {"block": {"skill": "102", "type": "preview"}})
    assert certainty(account.carry_out(Action.CREATE, wish)) is Certainty.VERIFIED

    feed = Feed({Verb.ADD: [row | {"agent": "7"} for row in people(3)]})
    assert certainty(account.carry_out(Action.ROWS_ADD, ROWS, feed)) is Certainty.VERIFIED
    assert account.seen().campaign(NAME)[0].native == {"type": "preview", "records": 3}


def test_both_spellings_of_a_new_id(account: Account) -> None:
    account.control.limits("wolkvox", created_spelling="campaing")

    assert certainty(account.carry_out(Action.CREATE, desired(block={"skill": "101"}))) is Certainty.VERIFIED


def test_an_unknown_skill_is_refused_and_nothing_was_made(account: Account) -> None:
    assert account.carry_out(Action.CREATE, desired(block={"skill": "nadie"})) is None
    assert account.live() is None


def test_25_000_rows(account: Account) -> None:
    """Three uploads, one look at the state, one export."""
    account.carry_out(Action.CREATE, desired(block={"skill": "101"}))
    account.checked = False  # the schema of 25,000 records says nothing that 30 did not say
    wish, feed = ROWS, CountingFeed({Verb.ADD: people(25_000)})

    assert certainty(account.carry_out(Action.ROWS_ADD, wish, feed)) is Certainty.VERIFIED
    assert account.made == 5 == WOLKVOX.calls(Action.ROWS_ADD, 25_000, account.target)


class CountingFeed(Feed):
    """A feed that looks keys up in a table instead of going through it row by row."""

    def presence(self, verb: Verb, table: str) -> Any:
        self.tables[table] = list({row["key"]: row for row in self.tables[table]}.values())
        there = {row["key"] for row in self.tables[table]}
        here = {row["key"] for row in self.rows[verb]}
        return super().presence(verb, table) if here - there or len(there) < len(here) else Present(len(here))


class Present:
    """Every row is there, once."""

    missing = twice = 0

    def __init__(self, present: int) -> None:
        self.present = present


def test_blacklists(account: Account) -> None:
    """Both ways of adding, live records marked, lifting; and a marked record is not dialled."""
    account.carry_out(Action.CREATE, desired(block={"skill": "101"}))
    account.carry_out(Action.ROWS_ADD, ROWS, Feed({Verb.ADD: people(5)}))
    for fields, rows in (({}, people(1)), ({"scope": {"direction": "all"}}, people(1, 1)), ({"days": 15}, people(1, 2))):
        wish, feed = desired("blacklist", **fields), Feed({Verb.ADD: rows, Verb.LIFT: rows}, "phone")
        assert certainty(account.carry_out(Action.BLACKLIST_ADD, wish, feed, managed=True)) is Certainty.VERIFIED
        assert certainty(account.carry_out(Action.BLACKLIST_ADD, wish, feed)) is Certainty.VERIFIED
        assert account.rows(wish, feed).complete
        assert certainty(account.carry_out(Action.BLACKLIST_REMOVE, wish, feed)) is Certainty.VERIFIED
    account.carry_out(Action.START, desired(block={"skill": "101"}))

    assert [effect["key"] for effect in account.control.effects(what="call")] == ["C3", "C4"]


def test_sms(account: Account) -> None:
    rows = [{"phone": "3000000001", "text": "Hola Ana"}, {"phone": "3000000002", "text": "Hola Eva"}]

    assert certainty(account.carry_out(Action.SCHEDULE, desired("scheduled_sms"), Feed({Verb.ADD: rows}))) is Certainty.WEAK
    assert [(effect["recipient"], effect["text"]) for effect in account.control.effects(what="sms")] == [
        ("3000000001", "Hola Ana"),
        ("3000000002", "Hola Eva"),
    ]


def test_an_older_server_without_the_export(account: Account) -> None:
    account.carry_out(Action.CREATE, desired(block={"skill": "101"}))
    account.control.limits("wolkvox", missing_apis=["campaign_15"])
    feed = Feed({Verb.ADD: people(2)})

    assert certainty(account.carry_out(Action.ROWS_ADD, ROWS, feed)) is Certainty.WEAK
    seen = account.rows(ROWS, feed)
    assert (seen.tables, seen.complete, bool(seen.note)) == ((), True, True)


def test_an_export_that_the_server_cut_is_incomplete(account: Account) -> None:
    account.carry_out(Action.CREATE, desired(block={"skill": "101"}))
    account.control.limits("wolkvox", rows_down=5)

    assert certainty(account.carry_out(Action.ROWS_ADD, ROWS, Feed({Verb.ADD: people(9)}))) is Certainty.UNKNOWN
    assert not account.rows(ROWS, Feed({})).complete


@pytest.mark.parametrize(
    ("kind", "code"),
    [
        ("403-quota", "PLT005"),
        ("403-concurrency", "PLT007"),
        ("403-token", "PLT008"),
        ("403-maintenance", "PLT007"),
        ("500-before", "PLT007"),
        ("html", "PLT006"),
        ("truncated", "PLT006"),
        ("empty", "PLT006"),
    ],
)
def test_a_faulty_reading_is_told_apart(account: Account, kind: str, code: str) -> None:
    account.checked = False
    account.control.fault(kind, platform="wolkvox")
    with pytest.raises(NotReadable) as failure:
        account.seen()

    assert failure.value.code == code


@pytest.mark.parametrize("kind", ["500-before", "500-after", "html", "html-after", "truncated", "empty", "partial"])
def test_a_faulty_upload_is_never_called_done(account: Account, kind: str) -> None:
    account.carry_out(Action.CREATE, desired(block={"skill": "101"}))
    account.checked = False
    wish = {"honest": True} if kind == "partial" else {}
    account.control.fault(kind, platform="wolkvox", operation="campaign.add_record", **wish)

    assert account.carry_out(Action.ROWS_ADD, ROWS, Feed({Verb.ADD: people(10)})) is None
    assert len(account.calls) == 1


def test_a_partial_upload_that_calls_itself_whole_is_found_by_reading(account: Account) -> None:
    account.carry_out(Action.CREATE, desired(block={"skill": "101"}))
    account.control.fault("partial", platform="wolkvox", operation="campaign.add_record")

    assert certainty(account.carry_out(Action.ROWS_ADD, ROWS, Feed({Verb.ADD: people(10)}))) is Certainty.WRONG


def test_the_engine_takes_our_sinks(account: Account) -> None:
    account.carry_out(Action.CREATE, desired(block={"skill": "101"}))
    rows = [row | {"opt1": "10.000", "phone_extra": "3100000000", "recall_at": "20261130100000"} for row in people(3)]
    account.carry_out(Action.ROWS_ADD, ROWS, Feed({Verb.ADD: rows}))
    live = account.live()
    assert live is not None
    assert wire.EXPORT.sink is not None
    body = account.send(wire.EXPORT.call(campaign_id=live.id)).body
    with Engine(key=bytes(32)) as engine:
        page = engine.ingest(body, wire.EXPORT.sink)
        shown = engine.run(f"SELECT key, opt1, phone_extra, recall_at, _calls, _result, _code FROM {page.table} ORDER BY key")

    assert page.envelope["total_records"] == "3"
    assert shown[0] == ("C0", "10.000", "3100000000", "20261130100000", "0", "CLEAN", "")


def test_a_colleague_who_starts_the_campaign_stops_the_upload(account: Account) -> None:
    """The run state is looked at after the first batch, before more people are added to a campaign that dials."""
    account.carry_out(Action.CREATE, desired(block={"skill": "101"}))
    small = replace(account.target, limits={"rows_per_upload": 5})
    step = replace(account.step(Action.ROWS_ADD, ROWS, Feed({Verb.ADD: people(10)})), target=small)

    def send(call: Call) -> Reply:
        answer = account.send(call)
        if call.safety is Safety.MARKER:
            account.control.drift("wolkvox", "start")
        return answer

    with pytest.raises(NotDone, match="started"):
        drive(WOLKVOX.write(step), send)
    assert step.live is not None
    body = json.loads(account.send(wire.EXPORT.call(campaign_id=step.live.id)).body)
    assert len(body["records"]) == 5
    assert records.added_max(small) == 5
