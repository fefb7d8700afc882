"""uContact's adapter by hand: what it yields, what it makes of every answer, and what it says cannot be done."""

from __future__ import annotations

import base64
import json
import pickle
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema_rs import Draft202012Validator

from reconciler.call import Batch, Call, Ending, Reply, Safety, Verdict
from reconciler.diagnostics import Finding, Severity
from reconciler.personal import Secret
from reconciler.plan.known import Seen
from reconciler.platforms.platform import Certainty, NotDone, NotReadable
from reconciler.platforms.ucontact import KEYS, UCONTACT, bases, dialect
from reconciler.resource import Action, Desired, Live
from reconciler.rows.spec import BESIDE
from reconciler.target import Target
from tests.platforms.ucontact_wishes import DIGEST, NOTHING_SEEN, NOW, drive, step, target, text, wish


def call(operation: str, **form: str) -> Call:
    route = dialect.ROUTES[operation]
    return Call(operation=operation, method="POST", path=route.path, safety=route.safety, form=form)


def codes(findings: Iterator[Finding] | Sequence[Finding]) -> list[tuple[str, str, int]]:
    return [(found.code, found.severity.value, found.origin.line if found.origin else 0) for found in findings]


def check(desired: Desired, on: Target | None = None) -> list[tuple[str, str, int]]:
    found = list(UCONTACT.check(desired, on or target()))
    assert all(finding.remedy and finding.address == desired.address for finding in found if finding.code != "SPC014")

    return codes(found)


# --- target


def test_a_target_is_told_by_its_domain() -> None:
    fields = {key.name: key for key in KEYS.fields}

    assert KEYS.url.format(domain="acme") == "https://acme.ucontactcloud.com"
    assert fields[KEYS.account].required
    assert {name for name, key in fields.items() if key.secret} == {"user", "password"}
    assert {name for name, key in fields.items() if key.required} == {"domain", "user", "password"}
    assert fields["sms_api"].default == "v2"
    assert fields["email_base"].default is None


@pytest.mark.parametrize(
    ("key", "value", "right"),
    [
        ("domain", "acme", True),
        ("domain", "acme.example/x", False),
        ("domain", "a@b", False),
        ("sms_api", "v1", True),
        ("sms_api", "v3", False),
        ("email_base", "assumed", True),
        ("email_base", "yes", False),
        ("password", "hola", False),
        ("password", {"env": "UCONTACT_PASSWORD"}, True),
        ("agent", "ana.perez", True),
        ("agent", "", False),
    ],
)
def test_target_keys_take_only_what_has_a_meaning(key: str, value: Any, right: bool) -> None:
    field = next(field for field in KEYS.fields if field.name == key)

    assert Draft202012Validator(field.type.schema()).is_valid(value) is right


# --- sessions


@pytest.mark.parametrize(
    "body", ['"dG9rZW4="', '["ana", "dG9rZW4="]', "dG9rZW4=", ' "dG9rZW4=" \n', '[1, null, "dG9rZW4="]', '\ufeff"dG9rZW4="']
)
def test_login_takes_every_form_of_token(body: str) -> None:
    secrets = {"user": Secret("ana"), "password": Secret("clave")}

    calls, headers = drive(UCONTACT.login(target(), secrets), text(body))

    assert [(one.operation, one.method, one.safety) for one in calls] == [("getUserToken", "POST", Safety.SESSION)]
    assert calls[0].form == secrets
    assert headers == {"Authorization": Secret("Basic dG9rZW4=")}


def test_login_unescapes_a_json_string() -> None:
    secrets = {"user": Secret("ana"), "password": Secret("clave")}

    _, headers = drive(UCONTACT.login(target(), secrets), text(r'"a\/b+c="'))

    assert headers == {"Authorization": Secret("Basic a/b+c=")}


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (text("0"), "PLT008"),
        (text('"0"'), "PLT008"),
        (text("[0]"), "PLT008"),
        (text('["0"]'), "PLT008"),
        (text(" 0\r\n"), "PLT008"),
        (text("ERROR"), "PLT008"),
        (text("false"), "PLT008"),
        (text("", 401), "PLT008"),
        (text("Forbidden", 403), "PLT008"),
        (text(""), "PLT006"),
        (text("<html><body>login</body></html>", 200, "text/html"), "PLT006"),
        (text('"dG9rZW4'), "PLT006"),
        (text('["dG9rZW4="'), "PLT006"),
        (text("[]"), "PLT006"),
        (text("null null"), "PLT006"),
        (text('{"token": "dG9rZW4="}'), "PLT006"),
        (text("[" * 100_000), "PLT006"),
        (text("a\nb: c"), "PLT006"),
        (text("x" * 5_000), "PLT006"),
        (text("", 404), "PLT006"),
        (text("", 302), "PLT006"),
        (text("busy", 429), "PLT007"),
        (text("oops", 500), "PLT007"),
        (text("<h1>down</h1>", 503, "text/html"), "PLT007"),
    ],
)
def test_login_that_is_none(reply: Reply, code: str) -> None:
    """Refused credentials come with HTTP 200; nothing of the answer is shown."""
    secrets = {"user": Secret("ana"), "password": Secret("clave")}

    with pytest.raises(NotReadable) as raised:
        drive(UCONTACT.login(target(), secrets), reply)

    assert raised.value.code == code
    assert "dG9rZW4" not in raised.value.why


def test_logout_ends_the_session_with_its_own_token() -> None:
    headers = {"Authorization": dialect.Session("dG9rZW4=", Secret("ana"))}

    calls, _ = drive(UCONTACT.logout(target(), headers), text("0"))

    assert [one.operation for one in calls] == ["EndSession"]
    assert calls[0].form == {"user": Secret("ana"), "token": Secret("dG9rZW4=")}


def test_logout_without_a_session_is_silent() -> None:
    assert drive(UCONTACT.logout(target(), {})) == ([], None)
    assert drive(UCONTACT.logout(target(), {"Authorization": Secret("Basic x")})) == ([], None)


def test_session_shows_nothing() -> None:
    session = dialect.Session("dG9rZW4=", Secret("ana"))

    assert f"{session} {session!r} {session.token} {session.user:>10}".replace("***", "").strip() == ""
    with pytest.raises(TypeError):
        pickle.dumps(session)


def test_only_401_ends_a_session() -> None:
    assert UCONTACT.session_over(text("Unauthorized", 401))
    assert not any(UCONTACT.session_over(text("", status)) for status in (200, 403, 404, 500))
    assert not UCONTACT.busy(text("", 429))


# --- reading


CAMPAIGNS = '[{"channel":"sms","campaigns":["Recordatorios->","Avisos"]},{"channel":"email","campaigns":["Avisos"]}]'


def test_read_asks_only_for_an_agent() -> None:
    calls, seen = drive(UCONTACT.read(target(), frozenset({"campaign", "contacts"}), NOW))

    assert calls == []
    assert seen == NOTHING_SEEN
    assert drive(UCONTACT.read(target(agent="ana"), frozenset({"blacklist"}), NOW)) == ([], NOTHING_SEEN)


def test_read_shows_each_campaign_once() -> None:
    calls, seen = drive(UCONTACT.read(target(agent="ana"), frozenset({"contacts"}), NOW), text(CAMPAIGNS))

    assert [(one.operation, one.safety, one.form) for one in calls] == [
        ("GetCampaigns", Safety.READ, {"agent": "ana", "channel": ""})
    ]
    assert seen.campaigns.complete
    assert [(live.id, live.name, live.native["channels"]) for live in seen.campaigns.live] == [
        ("Recordatorios->", "Recordatorios->", ("sms",)),
        ("Avisos", "Avisos", ("sms", "email")),
    ]


def test_read_where_the_list_is_not_served_shows_nothing() -> None:
    _, seen = drive(UCONTACT.read(target(agent="ana"), frozenset({"campaign"}), NOW), text("<h1>404</h1>", 404))

    assert seen == NOTHING_SEEN


@pytest.mark.parametrize(
    ("reply", "code"),
    [
        (text("", 401), "PLT008"),
        (text("", 500), "PLT007"),
        (text(""), "PLT006"),
        (text("0"), "PLT006"),
        (text("ERROR"), "PLT006"),
        (text(CAMPAIGNS[:-9]), "PLT006"),
        (text('{"campaigns": []}'), "PLT006"),
        (text('[{"canal": "sms", "campaigns": []}]'), "PLT006"),
        (text('[{"channel": "sms", "campaigns": "x"}]'), "PLT006"),
        (text('[{"channel": "sms", "campaigns": [1]}]'), "PLT006"),
        (text("[1]"), "PLT006"),
        (text("<!DOCTYPE html><html></html>"), "PLT006"),
    ],
)
def test_read_that_is_none(reply: Reply, code: str) -> None:
    with pytest.raises(NotReadable) as raised:
        drive(UCONTACT.read(target(agent="ana"), frozenset({"campaign"}), NOW), reply)

    assert raised.value.code == code


def test_rows_are_never_read() -> None:
    asked = iter([{"phone": "099111222"}])

    calls, seen = drive(UCONTACT.read_rows(wish("contacts"), target(), None, NOTHING_SEEN, asked))

    assert calls == []
    assert next(asked)
    assert (seen.tables, seen.known, seen.complete) == ((), (), True)


# --- messages


def scheduled(at: Any = "2026-12-01T10:00:00-03:00", **more: Any) -> Desired:
    fields = {"campaign": "Recordatorios->", "message": "Hola {nombre}; hasta el {fecha}", "at": at}
    return wish("scheduled_sms", **fields | more)


def test_schedule_hands_over_one_message_a_call() -> None:
    at = "2026-12-01T13:00:00Z"
    rows = [{"phone": "098344484", "text": "Hola Ñata", "at": at}, {"phone": "099111222", "text": "Hola 2", "at": at}]

    calls, facts = drive(UCONTACT.write(step(Action.SCHEDULE, scheduled(), rows, target())), text("1"), text(" 1\n"))

    assert facts == {"calls": "2"}
    assert [(one.operation, one.safety, len(one.batch or ())) for one in calls] == [("ScheduleDialerSMS", Safety.BLIND, 1)] * 2
    assert [dict(one.form or {}).keys() for one in calls] == [{"sms"}] * 2
    assert json.loads((calls[0].form or {})["sms"]) == {
        "calldate": "2026-12-01 10:00:00",
        "campaign": "Recordatorios->",
        "destination": "098344484",
        "data": "Hola Ñata",
    }
    assert calls[0].facts == {"campaign": "Recordatorios->", "calldate": "2026-12-01 10:00:00"}


def test_schedule_writes_the_clock_of_the_platform() -> None:
    rows = [{"phone": "098344484", "text": "Hola", "at": "2026-12-01T10:00:00-03:00"}]

    calls, _ = drive(UCONTACT.write(step(Action.SCHEDULE, scheduled(), rows, target(platform_timezone="UTC"))), text("1"))

    assert json.loads((calls[0].form or {})["sms"])["calldate"] == "2026-12-01 13:00:00"


def test_a_moment_that_clocks_show_twice_is_never_sent() -> None:
    """The last gate, for rows of which nobody noticed it before."""
    rows = [{"phone": "098344484", "text": "Hola", "at": "2026-04-04T23:30:00-03:00"}]
    on = target(platform_timezone="America/Santiago")

    with pytest.raises(NotDone, match="nothing was sent"):
        drive(UCONTACT.write(step(Action.SCHEDULE, scheduled(), rows, on)), text("1"))


@pytest.mark.parametrize(
    ("sms_api", "operation", "answer", "facts"),
    [
        ("v2", "SendSMSv2", '{ id:"41f0-9" }', {"calls": "1", "last_id": "41f0-9"}),
        ("v1", "SendSMS", "OK", {"calls": "1"}),
    ],
)
def test_on_apply_sends_now(sms_api: str, operation: str, answer: str, facts: Mapping[str, str]) -> None:
    rows = [{"phone": "098344484", "text": "Hola", "at": ""}]

    calls, said = drive(
        UCONTACT.write(step(Action.SCHEDULE, scheduled("on_apply"), rows, target(sms_api=sms_api, source="2606"))), text(answer)
    )

    assert said == facts
    assert [(one.operation, one.safety) for one in calls] == [(operation, Safety.BLIND)]
    assert calls[0].form == {
        "destination": "098344484",
        "message": "Hola",
        "campaign": "Recordatorios->",
        "agent": "",
        "source": "2606",
    }


def test_messages_take_the_campaigns_live_name() -> None:
    live = Live(id="Citas->", name="Citas->", fields={})
    rows = [{"phone": "098344484", "text": "Hola", "at": ""}]

    calls, _ = drive(UCONTACT.write(step(Action.SCHEDULE, scheduled("on_apply"), rows, target(), live)), text('{"id": 7}'))

    assert (calls[0].form or {})["campaign"] == "Citas->"


def test_what_has_no_call_is_not_sent() -> None:
    for action in (Action.START, Action.STOP, Action.DELETE, Action.BLACKLIST_ADD, Action.ROWS_REMOVE):
        with pytest.raises(ValueError, match="no call"):
            drive(UCONTACT.write(step(action, wish("campaign"), [], target())))


# --- bases


def lines(one: Call) -> list[str]:
    return base64.b64decode((one.form or {})["fileb64"], validate=True).decode().split("\n")


def test_voice_base() -> None:
    desired = wish("contacts", "Cobranza de Ñandú", campaign="Cobranza<-")
    rows = [
        {"key": "1", "phone": "099111222", "phone2": "24001122", "phone_extra": "098765432", "saldo": "10", "name": "Ana Ñ"},
        {"key": "2", "phone": "099111333", "priority": "1", "agent": "4004", "consent": "c-1", "timezone": "x"},
    ]

    calls, facts = drive(UCONTACT.write(step(Action.ROWS_ADD, desired, rows, target(agent="ana"))), text("OK"))

    assert facts == {"calls": "1"}
    assert [(one.operation, one.safety) for one in calls] == [("Dialers/uploadbase", Safety.UPLOAD)]
    assert lines(calls[0]) == [
        "Cobranza<-;099111222;saldo=10:name=Ana Ñ;24001122:098765432;9999;",
        "Cobranza<-;099111333;;;1;4004",
    ]
    form = dict(calls[0].form or {})
    assert form.pop("fileb64")
    assert form == {
        "filename": "cobranza-de-nandu_0000000001234567.csv",
        "campaign": "Cobranza<-",
        "cant": "2",
        "username": "ana",
    }
    assert calls[0].facts == {"campaign": "Cobranza<-", "filename": form["filename"]}


def test_voice_base_sends_the_named_data_only() -> None:
    desired = wish("contacts", block={"data": ["saldo", "key"]}, campaign="Cobranza<-")
    rows = [{"key": "7", "phone": "099111222", "nombre": "Ana", "saldo": "10"}]

    calls, _ = drive(UCONTACT.write(step(Action.ROWS_ADD, desired, rows, target(username="ops"))), text("1"))

    assert lines(calls[0]) == ["Cobranza<-;099111222;saldo=10:key=7;;9999;"]
    assert (calls[0].form or {})["username"] == "ops"


def test_a_header_that_is_no_label_is_written_as_one() -> None:
    rows = [{"phone": "099111222", "saldo: total": "10"}]

    calls, _ = drive(UCONTACT.write(step(Action.ROWS_ADD, wish("contacts", campaign="Cobranza<-"), rows, target())), text("OK"))

    assert lines(calls[0]) == ["Cobranza<-;099111222;saldo_ total=10;;9999;"]
    assert (calls[0].form or {})["username"] == "reconciler"


def test_sms_base_drops_the_arrow() -> None:
    desired = wish("contacts", block={"channel": "sms", "message": "Hola {nombre}"}, campaign="Recordatorios->")
    rows = [{"phone": "099111222", "nombre": "Ana", "text": "Hola Ana"}]

    calls, _ = drive(UCONTACT.write(step(Action.ROWS_ADD, desired, rows, target())), text("OK"))

    assert [(one.operation, one.safety) for one in calls] == [("SMS/uploadbase", Safety.BLIND)]
    assert lines(calls[0]) == ["Recordatorios;099111222;Hola Ana;9999"]
    assert set(calls[0].form or {}) == {"filename", "fileb64", "campaign"}
    assert (calls[0].form or {})["campaign"] == "Recordatorios"


def test_email_base() -> None:
    desired = wish("contacts", block={"channel": "email", "message": "Hola", "data": ["saldo"]}, campaign="Boletin")
    rows = [{"email": "ana@example.com", "phone": "099111222", "saldo": '1"0', "text": "Hola"}]

    calls, _ = drive(UCONTACT.write(step(Action.ROWS_ADD, desired, rows, target(email_base="assumed"))), text("OK"))

    assert [(one.operation, one.safety) for one in calls] == [("uploadDialerBase", Safety.BLIND)]
    assert lines(calls[0]) == ['Boletin;ana@example.com;Hola;;"saldo":"1\\"0";9999']
    form = calls[0].form or {}
    assert (form["channel"], form["dialer"], form["cant"]) == ("email", "Boletin", "1")


def test_files_hold_as_many_rows_as_allowed() -> None:
    desired = wish("contacts", campaign="Cobranza<-")
    rows = [{"phone": f"09911{number:04}"} for number in range(7)]
    on = target(limits={"rows_per_upload": 3})

    calls, facts = drive(UCONTACT.write(step(Action.ROWS_ADD, desired, rows, on)), *[text("OK")] * 3)

    assert [(one.form or {})["cant"] for one in calls] == ["3", "3", "1"]
    assert len({(one.form or {})["filename"] for one in calls}) == 3
    assert facts["calls"] == "3"
    assert UCONTACT.calls(Action.ROWS_ADD, 7, on) == 3


@pytest.mark.parametrize("value", ["a;b", "a\nb", "a\rb"])
@pytest.mark.parametrize("channel", ["voice", "sms", "email"])
def test_a_broken_line_is_never_sent(channel: str, value: str) -> None:
    """The sheet keeps such values out; should one get through, nothing of its file leaves."""
    desired = wish("contacts", block={"channel": channel}, campaign="Cobranza<-")
    row = {"phone": "099111222", "email": "ana@example.com", "text": value, "priority": value}

    with pytest.raises(ValueError, match="cannot hold"):
        drive(UCONTACT.write(step(Action.ROWS_ADD, desired, [row], target())))


@pytest.mark.parametrize("value", ["a:b", "a=b", "a#b"])
def test_voice_data_never_shifts(value: str) -> None:
    row = {"phone": "099111222", "saldo": value}

    with pytest.raises(ValueError, match="cannot hold"):
        drive(UCONTACT.write(step(Action.ROWS_ADD, wish("contacts", campaign="Cobranza<-"), [row], target())))


NAMES = st.from_regex(r"[A-Za-z_][A-Za-z0-9_]{0,8}", fullmatch=True).filter(
    lambda name: (
        not name.startswith("_") and name not in {*BESIDE, "text", "at", "key", "phone", "priority", "agent", *bases.PHONES}
    )
)
VALUES = st.text(st.characters(exclude_characters=";:=#\r\n", exclude_categories=["Cs"]), min_size=1, max_size=20)


@given(st.lists(st.tuples(st.dictionaries(NAMES, VALUES, max_size=4), st.integers(1, 9999)), min_size=1, max_size=5))
def test_voice_file_reads_back(people: list[tuple[dict[str, str], int]]) -> None:
    """Whatever the sheet lets through, each line has six columns and gives its row back."""
    rows = [{"phone": f"09911{index:04}", "priority": str(priority), **data} for index, (data, priority) in enumerate(people)]

    _, encoded = bases.file_of(Batch(rows=rows, digest=DIGEST), wish("contacts"), "Cobranza<-")

    read = [line.split(";") for line in base64.b64decode(encoded).decode().split("\n")]
    assert [len(line) for line in read] == [6] * len(rows)
    for line, row, (data, _) in zip(read, rows, people, strict=True):
        assert (line[0], line[1], line[4]) == ("Cobranza<-", row["phone"], row["priority"])
        assert dict(pair.split("=") for pair in line[2].split(":") if pair) == data


@given(st.text(max_size=200), st.text("0123456789abcdef", min_size=16, max_size=64))
def test_file_names_are_what_the_portal_takes(document: str, digest: str) -> None:
    name = bases.file_name(document, digest)

    assert re.fullmatch(r"(?!R)[a-zA-Z0-9_-]{1,46}\.csv", name)
    assert name == bases.file_name(document, digest)


def test_files_of_other_rows_have_other_names() -> None:
    assert bases.file_name("uno", DIGEST) != bases.file_name("uno", DIGEST[::-1])
    assert bases.file_name("Retención", DIGEST).startswith("retencion_")
    with pytest.raises(ValueError, match="digest"):
        bases.file_name("uno", "")


# --- what an answer says

HTML = "<!DOCTYPE html><html><body>OK</body></html>"
EVERYWHERE: list[tuple[Reply, Ending]] = [
    (text("", 401), Ending.REFUSED),
    (text("Forbidden", 403), Ending.REFUSED),
    (text("", 429), Ending.REFUSED),
    (text("0"), Ending.REFUSED),
    (text('"0"'), Ending.REFUSED),
    (text(" ERROR \n"), Ending.REFUSED),
    (text("error"), Ending.REFUSED),
    (text("ERRO"), Ending.REFUSED),
    (text("false"), Ending.REFUSED),
    (text("ERROR", 400), Ending.REFUSED),
    (text(""), Ending.DOUBT),
    (text("  \r\n"), Ending.DOUBT),
    (text(HTML, 200, "text/html"), Ending.DOUBT),
    (text(HTML), Ending.DOUBT),
    (text("", 500), Ending.DOUBT),
    (text("ERROR", 500), Ending.DOUBT),
    (text("0", 502), Ending.DOUBT),
    (text(HTML, 404, "text/html"), Ending.DOUBT),
    (text("OK", 302), Ending.DOUBT),
    (text("1", 500), Ending.DOUBT),
    (text('{"error": "x"}'), Ending.DOUBT),
    (text("java.lang.NullPointerException"), Ending.DOUBT),
    (text("ERROR: base"), Ending.DOUBT),
    (text("E"), Ending.DOUBT),
    (text("ER"), Ending.DOUBT),
    (text("fals"), Ending.DOUBT),
    (text("O"), Ending.DOUBT),
    (text('{ id:"4'), Ending.DOUBT),
    (text('{ id:"" }'), Ending.DOUBT),
    (text('{"id": null}'), Ending.DOUBT),
    (text('{"id": "0"}'), Ending.DOUBT),
    (text('{"id": true}'), Ending.DOUBT),
    (text("{ }"), Ending.DOUBT),
    (text("x" * 300), Ending.DOUBT),
    (Reply(status=200, body=b"\xff\xfe<\x00"), Ending.DOUBT),
]
OWN: dict[str, dict[str, Ending]] = {
    "ScheduleDialerSMS": {"1": Ending.DONE, ' "1"\n': Ending.DONE, "OK": Ending.DOUBT, "10": Ending.DOUBT},
    "SendSMS": {"OK": Ending.DONE, '"OK"': Ending.DONE, "1": Ending.DOUBT, "ok": Ending.DOUBT},
    "SendSMSv2": {
        '{ id:"a-1" }': Ending.DONE,
        '{id:"a-1"}': Ending.DONE,
        '{"id": "a-1", "state": "x"}': Ending.DONE,
        '{"id": 12}': Ending.DONE,
        "OK": Ending.DOUBT,
        "1": Ending.DOUBT,
    },
    "SMS/uploadbase": {"OK": Ending.DONE, "1": Ending.DONE, "true": Ending.DONE, "3": Ending.DONE, "Listo": Ending.DONE},
    "Dialers/uploadbase": {"OK": Ending.DONE, "1": Ending.DONE, "[]": Ending.DOUBT},
    "uploadDialerBase": {"OK": Ending.DONE, "1": Ending.DONE},
}


@pytest.mark.parametrize("operation", OWN)
def test_every_odd_answer_is_refused_or_in_doubt(operation: str) -> None:
    for reply, ending in EVERYWHERE:
        judgement = UCONTACT.judge(call(operation, destination="098344484"), reply)

        assert (reply, judgement.ending) == (reply, ending)
        assert judgement.why
        assert judgement.evidence == {}


@pytest.mark.parametrize("operation", OWN)
def test_done_only_on_the_vendors_own_word(operation: str) -> None:
    assert {body: UCONTACT.judge(call(operation), text(body)).ending for body in OWN[operation]} == OWN[operation]


def test_a_text_labelled_as_html_is_still_a_text() -> None:
    assert UCONTACT.judge(call("ScheduleDialerSMS"), text("1", 200, "text/html")).ending is Ending.DONE


def test_the_id_is_evidence_unless_it_tells_the_number() -> None:
    sent = call("SendSMSv2", destination="+59898344484")

    assert UCONTACT.judge(sent, text('{ id:"41f0-9" }')).evidence == {"id": "41f0-9"}
    assert UCONTACT.judge(sent, text('{ id:"20261120-98344484" }')).evidence == {}
    assert UCONTACT.judge(sent, text('{ id:"20261120-98344484" }')).ending is Ending.DONE


@given(st.binary(max_size=60), st.sampled_from([200, 201, 204, 400, 404, 500, 503]), st.sampled_from(sorted(OWN)))
def test_judge_takes_any_bytes(body: bytes, status: int, operation: str) -> None:
    judgement = UCONTACT.judge(call(operation), Reply(status=status, body=body))

    assert judgement.ending is not Ending.LATER
    assert judgement.ending is not Ending.DONE or status < 300


def test_every_write_names_what_an_unknown_outcome_means() -> None:
    assert {name: route.safety for name, route in dialect.ROUTES.items() if route.safety.writes} == {
        "ScheduleDialerSMS": Safety.BLIND,
        "SendSMSv2": Safety.BLIND,
        "SendSMS": Safety.BLIND,
        "SMS/uploadbase": Safety.BLIND,
        "Dialers/uploadbase": Safety.UPLOAD,
        "uploadDialerBase": Safety.BLIND,
    }


# --- capabilities


def test_what_is_sent_is_never_called_verified() -> None:
    done = step(Action.SCHEDULE, scheduled(), [], target())

    calls, evidence = drive(UCONTACT.verify(done, {"calls": "1", "last_id": "7"}))

    assert calls == []
    assert evidence.certainty is Certainty.WEAK
    assert evidence.facts == {"calls": "1", "last_id": "7"}
    assert drive(UCONTACT.poll(target(), "SendSMSv2", {})) == ([], Verdict.ASK)


def test_campaigns_and_blacklists_have_no_action() -> None:
    assert {kind: support.actions for kind, support in UCONTACT.supports.items()} == {
        "campaign": frozenset(),
        "contacts": {Action.ROWS_ADD},
        "blacklist": frozenset(),
        "scheduled_sms": {Action.SCHEDULE},
    }
    assert UCONTACT.blocks["campaign"] == ()


@given(st.dictionaries(st.sampled_from(["state", "description", "display_name"]), st.text(min_size=1), max_size=3))
def test_nothing_of_a_campaign_is_stored(fields: dict[str, Any]) -> None:
    desired = wish("campaign", "c", None, **fields)

    once = UCONTACT.as_stored(desired, NOTHING_SEEN, target())

    assert once == UCONTACT.as_stored(wish("campaign", "c", None, **once), NOTHING_SEEN, target()) == {}
    assert UCONTACT.marker(desired, target()) == ""
    assert not UCONTACT.runs_by_itself(once)


def test_calls_are_counted_as_they_are_made() -> None:
    on = target()

    assert [UCONTACT.calls(Action.ROWS_ADD, rows, on) for rows in (0, 1, 5_000, 5_001, 25_000)] == [0, 1, 1, 2, 5]
    assert UCONTACT.calls(Action.ROWS_ADD, 5_001, target(limits={"rows_per_upload": 9_000})) == 2
    assert UCONTACT.calls(Action.SCHEDULE, 12, on) == 12
    assert UCONTACT.calls(Action.START, 0, on) == UCONTACT.calls(Action.BLACKLIST_ADD, 9, on) == 0


@pytest.mark.parametrize(
    ("fields", "block", "identity"),
    [
        ({"columns": {"key": "cedula", "phone": "tel"}}, {}, ("key",)),
        ({"columns": {"phone": "tel"}, "source": {"rows": [{"key": "1"}]}}, {}, ("phone",)),
        ({"source": {"rows": [{"phone": "1"}, {"phone": "2", "key": "k"}]}}, {}, ("key",)),
        ({"source": {"file": "a.csv"}}, {}, ("phone",)),
        ({"source": {"file": "a.csv"}}, {"channel": "email"}, ("email",)),
    ],
)
def test_sheet_tells_rows_apart(fields: dict[str, Any], block: dict[str, Any], identity: tuple[str, ...]) -> None:
    sheet = UCONTACT.sheet(wish("contacts", block=block, **fields), target())

    assert sheet.identity == identity
    assert not sheet.readable
    assert not sheet.natural


def test_sheets_by_channel() -> None:
    voice = UCONTACT.sheet(wish("contacts"), target(limits={"rows_per_upload": 40}))
    named = UCONTACT.sheet(wish("contacts", block={"data": ["saldo", "priority", "saldo"]}), target())
    sms = UCONTACT.sheet(wish("contacts", block={"channel": "sms"}), target())
    email = UCONTACT.sheet(wish("contacts", block={"channel": "email", "data": ["saldo"]}), target())

    assert (voice.add_max, named.add_max) == (40, 5_000)
    assert (voice.others, named.others, sms.others, email.others) == (True, False, False, False)
    assert [column.name for column in named.columns].count("saldo") == 1
    assert all(re.search(voice.forbidden, value) for value in ("a;b", "a:b", "a=b", "a#b", "a\nb", "a\rb"))
    assert all(re.search(sms.forbidden, value) for value in ("a;b", "a\nb", "a\rb"))
    assert not re.search(sms.forbidden, "a:b=c#d")
    assert {column.name for column in voice.columns if column.phone} == {"phone", *bases.PHONES}
    assert {column.name for column in email.columns if column.required} == {"email"}


@pytest.mark.parametrize(("value", "right"), [("1", True), ("9999", True), ("0", False), ("10000", False), ("01", False)])
def test_priority_goes_from_1_to_9999(value: str, right: bool) -> None:
    column = UCONTACT.sheet(wish("contacts"), target()).column("priority")

    assert column is not None
    assert bool(re.search(column.pattern, value)) is right


def test_sheets_of_the_other_kinds() -> None:
    blacklist = UCONTACT.sheet(wish("blacklist"), target())
    messages = UCONTACT.sheet(scheduled(columns={"phone": "tel", "key": "id"}), target())

    assert (blacklist.natural, blacklist.readable, blacklist.identity) == (True, False, ("phone",))
    assert (messages.identity, messages.others, messages.add_max, messages.forbidden) == (("key",), False, 1, "")
    assert [column.name for column in messages.columns] == ["key", "phone"]


def test_an_instant_of_each_row_may_be_mapped() -> None:
    own = UCONTACT.sheet(scheduled(at={"column": "cuando"}, columns={"phone": "tel", "cuando": "fecha"}), target())
    straight = UCONTACT.sheet(scheduled(at={"column": "cuando"}, columns={"phone": "tel"}), target())

    assert own.column("cuando") is not None
    assert straight.column("cuando") is None


# --- what cannot be done


def test_a_sound_wish_has_no_findings() -> None:
    columns = {"phone": "tel", "nombre": "n", "fecha": "f", "consent": "c"}

    assert check(wish("campaign", state="started", description="x")) == []
    assert check(wish("contacts", campaign="Cobranza<-", columns={"phone": "tel", "saldo": "s"})) == []
    assert check(wish("contacts", "x", {"data": ["saldo"]}, campaign="C<-", columns={"phone": "t", "saldo": "s"})) == []
    assert (
        check(
            wish("contacts", block={"channel": "sms", "message": "Hola {nombre} {fecha}"}, campaign="Avisos", columns=columns)
        )
        == []
    )
    assert check(scheduled(columns=columns)) == []
    assert check(scheduled(at={"column": "cuando"}, columns=columns | {"cuando": "c"})) == []
    assert check(wish("blacklist")) == []


@pytest.mark.parametrize(
    ("fields", "block", "expected"),
    [
        ({}, {}, [("SPC011", "error", 1)]),
        ({"campaign": "Cobranza"}, {}, [("SPC011", "warn", 10)]),
        ({"campaign": "Co;b<-"}, {}, [("SPC011", "error", 10)]),
        ({"campaign": "C<-", "missing": "remove"}, {}, [("SPC011", "error", 11)]),
        ({"campaign": "C<-", "missing": "close"}, {}, [("SPC011", "error", 11)]),
        ({"campaign": "C<-", "changed": "replace"}, {}, [("SPC011", "error", 11)]),
        ({"campaign": "C<-", "source": {"file": "a.CPG"}}, {}, [("SPC011", "error", 11)]),
        ({"campaign": "C<-"}, {"message": "Hola"}, [("SPC011", "error", 11)]),
        ({"campaign": "C"}, {"channel": "sms"}, [("SPC002", "error", 1)]),
        ({"campaign": "C"}, {"channel": "sms", "message": "a;b"}, [("SPC011", "error", 12)]),
        ({"campaign": "C"}, {"channel": "sms", "message": "a\n"}, [("SPC011", "error", 12)]),
        ({"campaign": "C"}, {"channel": "sms", "message": "a", "data": ["b"]}, [("SPC011", "error", 13)]),
        ({"campaign": "C"}, {"channel": "email", "message": "a"}, [("SPC011", "error", 11)]),
        (
            {"campaign": "C", "columns": {"phone": "t", "n": "n", "otra": "o"}},
            {"channel": "sms", "message": "Hola {n} {m} {m}"},
            [("SPC014", "error", 13)],
        ),
        ({"campaign": "C<-", "columns": {"phone": "t"}}, {"data": ["saldo"]}, [("SPC013", "error", 12)]),
    ],
)
def test_contacts_that_cannot_be(fields: dict[str, Any], block: dict[str, Any], expected: list[tuple[str, str, int]]) -> None:
    assert check(wish("contacts", block=block, **fields)) == expected


def test_further_numbers_have_no_plus() -> None:
    desired = wish("contacts", campaign="C<-", columns={"phone": "t", "phone2": "u"})

    assert check(desired, target(phone_format="e164")) == [("SPC011", "error", 11)]
    assert check(desired, target(phone_format="digits")) == []


def test_email_is_only_for_those_who_ask() -> None:
    desired = wish("contacts", block={"channel": "email", "message": "Hola"}, campaign="Boletin")

    assert check(desired, target(email_base="assumed")) == []
    assert check(desired) == [("SPC011", "error", 11)]


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"scope": {}}, [("SPC011", "error", 10)]),
        ({"scope": {"direction": "all"}}, [("SPC011", "error", 10)]),
        ({"days": 3}, [("SPC011", "error", 10)]),
        ({"verify": "all"}, [("SPC011", "error", 10)]),
        ({"lifts": {"rows": []}}, []),
        ({"expires": "lapse"}, []),
    ],
)
def test_blacklists_that_cannot_be(fields: dict[str, Any], expected: list[tuple[str, str, int]]) -> None:
    assert check(wish("blacklist", **fields)) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"campaign": None}, [("SPC002", "error", 1)]),
        ({"campaign": "Recordatorios"}, [("SPC011", "warn", 10)]),
        ({"campaign": "Recordatorios<-"}, [("SPC011", "warn", 10)]),
        ({"columns": {"phone": "t", "nombre": "n", "fechas": "f"}}, [("SPC014", "error", 11)]),
    ],
)
def test_messages_that_cannot_be(fields: dict[str, Any], expected: list[tuple[str, str, int]]) -> None:
    assert check(scheduled(**fields)) == expected


def test_a_moment_that_clocks_show_twice() -> None:
    """Chile's clocks went back at midnight of 4 April 2026: 23:30 came round again."""
    on = target(platform_timezone="America/Santiago")

    assert check(scheduled("2026-04-04T23:30:00-03:00"), on) == [("CLK003", "error", 12)]
    assert check(scheduled("2026-04-04T23:30:00-04:00"), on) == [("CLK003", "error", 12)]
    assert UCONTACT.sheet(scheduled(), on).naive_zone == "America/Santiago"
    assert check(scheduled("2026-04-05T00:00:00-04:00"), on) == []
    assert check(scheduled("2026-04-04T22:59:00-03:00"), on) == []
    assert check(scheduled("on_apply"), on) == []


@pytest.mark.parametrize("at", ["2026-02-30T10:00:00-03:00", "0001-01-01T00:00:00+14:00", "9999-12-31T23:00:00-14:00"])
def test_a_moment_that_does_not_exist(at: str) -> None:
    assert check(scheduled(at)) == [("SPC005", "error", 12)]


def test_no_finding_shows_a_message() -> None:
    secret = "Pague ya; {total}"
    desired = wish("contacts", block={"channel": "sms", "message": secret}, campaign="C", columns={"phone": "t"})

    found = list(UCONTACT.check(desired, target()))

    assert len(found) == 2
    assert all("Pague" not in finding.message + finding.remedy for finding in found)


# --- what only the platform shows


def visible(*names: str) -> Seen:
    answer = text(json.dumps([{"channel": "sms", "campaigns": list(names)}]))
    _, seen = drive(UCONTACT.read(target(agent="ana"), frozenset({"campaign"}), NOW), answer)
    return seen


@pytest.mark.parametrize(
    ("desired", "expected"),
    [
        (wish("campaign", "Recordatorios->"), []),
        (wish("campaign", "r", display_name="Recordatorios->"), []),
        (wish("campaign", "Recordatorios"), [("UNV001", "warn", 1)]),
        (wish("contacts", campaign="Recordatorios->"), []),
        (wish("contacts", campaign="Recordatorios"), [("UNV001", "warn", 10)]),
        (wish("contacts", block={"channel": "sms"}, campaign="Recordatorios"), []),
        (wish("contacts", block={"channel": "sms"}, campaign="Otra"), [("UNV001", "warn", 10)]),
        (wish("blacklist"), []),
        (scheduled(), []),
        (scheduled(campaign="Otra->"), [("UNV001", "warn", 10)]),
    ],
)
def test_campaigns_that_the_agent_does_not_see_are_said(desired: Desired, expected: list[tuple[str, str, int]]) -> None:
    assert codes(list(UCONTACT.check_live(desired, visible("Recordatorios->"), target(agent="ana")))) == expected


def test_a_campaign_that_was_not_looked_up_is_said_once() -> None:
    assert codes(list(UCONTACT.check_live(wish("campaign"), NOTHING_SEEN, target()))) == [("UNV001", "info", 1)]
    assert codes(list(UCONTACT.check_live(scheduled(), NOTHING_SEEN, target()))) == []


def test_nothing_live_is_ever_an_error() -> None:
    for seen in (NOTHING_SEEN, visible(), visible("x")):
        for desired in (wish("campaign"), wish("contacts", campaign="C"), scheduled(), wish("blacklist")):
            found = UCONTACT.check_live(desired, seen, target(agent="ana"))

            assert all(finding.severity in (Severity.WARN, Severity.INFO) for finding in found)


# --- what is left for a person


def steps(desired: Desired) -> list[tuple[str, int]]:
    return [
        (one.key.removeprefix(str(desired.address)), one.origin.line if one.origin else 0)
        for one in UCONTACT.manual(desired, NOTHING_SEEN, target())
    ]


def test_steps_for_a_person() -> None:
    assert steps(wish("campaign", "c", purpose="service", channel="voice")) == []
    assert steps(wish("campaign", "c", state="started")) == [("#state=started", 10)]
    assert steps(wish("campaign", "c", state="stopped")) == [("#state=stopped", 10)]
    assert steps(wish("contacts", campaign="C<-")) == [("#activate", 10)]
    assert steps(wish("contacts", block={"channel": "email"}, campaign="C")) == [("#activate", 10)]
    assert steps(wish("contacts", block={"channel": "sms"}, campaign="C")) == []
    assert steps(wish("blacklist")) == [("#portal", 1)]
    assert steps(scheduled()) == []


def test_another_wish_is_another_step() -> None:
    one, other = wish("campaign", "c", description="uno"), wish("campaign", "c", description="dos")

    assert steps(one) != steps(other)
    assert steps(one) == steps(wish("campaign", "c", description="uno"))


def test_a_window_is_told_in_the_portals_words() -> None:
    slots = [{"from": "08:00", "to": "18:00", "days": ["mon", "tue"]}, {"from": "09:00", "to": "12:00"}]
    desired = wish("campaign", "c", window=slots)

    (what,) = [one.what for one in UCONTACT.manual(desired, NOTHING_SEEN, target())]

    assert "mon,tue;08:00-18:00 + mon,tue,wed,thu,fri;09:00-12:00" in what
