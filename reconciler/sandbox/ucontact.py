"""uContact's older generation: form-encoded calls, answers in plain text, success told by the body alone.

Nothing that is sent here can be listed, changed or taken back, as on the platform. Assumed beyond the pages: an SMS or
e-mail base goes out at once while its dialer plays; a voice base waits for a person to activate it; a base with a bad
row is refused whole; the same file name may be uploaded again and is stored again.
"""

from __future__ import annotations

import base64
import binascii
import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

from reconciler.sandbox.effects import Reached, log
from reconciler.sandbox.exchange import Answer, Ask, Turn, html_answer, json_answer, text_answer
from reconciler.sandbox.store import next_number

DIALERS = (("sms", "Recordatorios->"), ("telephony", "Cobranza<-"), ("email", "Boletin"))
CALLDATE = re.compile(r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01]) ([01]\d|2[0-3]):[0-5]\d:[0-5]\d")
FILENAME = re.compile(r"(?!R)[a-zA-Z0-9_-]{1,50}\.csv")
NUMBER = re.compile(r"\+?\d{3,20}")
PRIORITY = re.compile(r"[1-9]\d{0,3}")
ALTERNATIVES = re.compile(r"((([MWHPU]=\d+=)?\d{3,20})(:(([MWHPU]=\d+=)?\d{3,20}))*)?")
PAIRS = re.compile(r"([^:=;]+=[^:=;]*(:[^:=;]+=[^:=;]*)*)?")
WHAT = {"sms": "sms", "telephony": "call", "email": "email"}
NAMESPACE = uuid.UUID("75636f6e-0000-4000-8000-73616e64626f")


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseRow:
    """One line of an uploaded base."""

    dialer: str
    destination: str
    text: str


def form(ask: Ask) -> dict[str, str]:
    """The form's fields; nothing when the body is not a form. Fields in the query count as well."""
    if not ask.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        return dict(ask.query)
    try:
        return dict(ask.query) | dict(parse_qsl(ask.body.decode(), keep_blank_values=True, strict_parsing=True))
    except ValueError:
        return dict(ask.query)


def new_guid(turn: Turn, kind: str) -> str:
    return str(uuid.uuid5(NAMESPACE, f"{turn.account}/{kind}/{next_number(turn.db, turn.account, kind)}"))


def dialer_named(turn: Turn, channel: str, name: str) -> bool | None:
    """Whether the dialer plays; None when there is none of that name."""
    row = turn.db.execute(
        "SELECT playing FROM ucontact_dialer WHERE account = ? AND channel = ? AND name = ?",
        (turn.account, channel, name),
    ).fetchone()
    return None if row is None else bool(row[0])


def bare(name: str) -> str:
    """A dialer's name without the arrow that a campaign's name carries."""
    return name.removesuffix("->").removesuffix("<-")


def with_arrow(turn: Turn, channel: str, name: str) -> str | None:
    """The campaign whose dialer has this bare name; a name with an arrow is nobody's."""
    for (known,) in turn.db.execute(
        "SELECT name FROM ucontact_dialer WHERE account = ? AND channel = ?", (turn.account, channel)
    ):
        if bare(known) == name:
            return str(known)
    return None


def _get_token(turn: Turn, fields: dict[str, str], credential: str) -> Answer:
    if not fields.get("user") == fields.get("password") == credential:
        return text_answer("0")
    token = base64.b64encode(f"{fields['user']}:{new_guid(turn, 'session')}".encode()).decode()
    turn.db.execute("INSERT INTO ucontact_session (token, account, expired) VALUES (?, ?, 0)", (token, turn.account))
    return json_answer(token)


def _end_session(turn: Turn, fields: dict[str, str]) -> Answer:
    gone = turn.db.execute(
        "UPDATE ucontact_session SET expired = 1 WHERE token = ? AND account = ? AND expired = 0",
        (fields.get("token", ""), turn.account),
    )
    return text_answer("1" if gone.rowcount else "0")


def _campaigns(turn: Turn, fields: dict[str, str]) -> Answer:
    rows = turn.db.execute(
        "SELECT channel, name FROM ucontact_dialer WHERE account = ? AND (agent = '' OR agent = ?) "
        "AND (? = '' OR channel = ?) ORDER BY channel, name",
        (turn.account, fields.get("agent", ""), fields.get("channel", ""), fields.get("channel", "")),
    )
    shown: dict[str, list[str]] = {}
    for channel, name in rows:
        shown.setdefault(channel, []).append(name)
    return json_answer([{"channel": channel, "campaigns": names} for channel, names in shown.items()])


def _schedule_sms(turn: Turn, fields: dict[str, str]) -> Answer:
    try:
        order = json.loads(fields.get("sms", ""))
    except ValueError:
        return text_answer("0")
    names = {"calldate", "campaign", "destination", "data"}
    if not isinstance(order, dict) or set(order) != names or not all(isinstance(one, str) for one in order.values()):
        return text_answer("0")
    sound = CALLDATE.fullmatch(order["calldate"]) and NUMBER.fullmatch(order["destination"]) and order["data"]
    if not sound or dialer_named(turn, "sms", order["campaign"]) is None:
        return text_answer("0")
    log(
        turn,
        [
            Reached(
                container=order["campaign"],
                recipient=order["destination"],
                what="scheduled_sms",
                text=order["data"],
                due=order["calldate"],
            )
        ],
    )
    return text_answer("1")


def _sent_sms(turn: Turn, fields: dict[str, str]) -> bool:
    campaign, destination, message = (fields.get(name, "") for name in ("campaign", "destination", "message"))
    if not {"agent", "source"} <= set(fields) or not message or not NUMBER.fullmatch(destination):
        return False
    if dialer_named(turn, "sms", campaign) is None:
        return False
    log(turn, [Reached(container=campaign, recipient=destination, what="sms", text=message)])
    return True


def _send_sms(turn: Turn, fields: dict[str, str]) -> Answer:
    return text_answer("OK" if _sent_sms(turn, fields) else "ERROR")


def _send_sms_v2(turn: Turn, fields: dict[str, str]) -> Answer:
    if not _sent_sms(turn, fields):
        return text_answer("ERROR")
    return text_answer(f'{{ id:"{new_guid(turn, "message")}" }}')


# --- bases


def _lines(fields: dict[str, str]) -> list[list[str]] | None:
    """The file's columns line by line; None when name, encoding or content break the rules."""
    if not FILENAME.fullmatch(fields.get("filename", "")):
        return None
    try:
        text = base64.b64decode(fields.get("fileb64", ""), validate=True).decode()
    except (binascii.Error, UnicodeDecodeError):
        return None
    if not text or "\r" in text:
        return None
    return [line.split(";") for line in text.removesuffix("\n").split("\n")]


def _sms_row(columns: list[str], turn: Turn) -> BaseRow | None:
    if len(columns) != 4:
        return None
    dialer, destination, message, priority = columns
    campaign = with_arrow(turn, "sms", dialer)
    if campaign is None or not NUMBER.fullmatch(destination) or not message or not PRIORITY.fullmatch(priority):
        return None
    return BaseRow(dialer=campaign, destination=destination, text=message)


def _voice_row(columns: list[str], turn: Turn) -> BaseRow | None:
    if len(columns) not in (5, 6):
        return None
    dialer, destination, data, alternatives, priority = columns[:5]
    agent = columns[5] if len(columns) == 6 else ""
    sound = (
        NUMBER.fullmatch(destination)
        and PAIRS.fullmatch(data)
        and ALTERNATIVES.fullmatch(alternatives)
        and PRIORITY.fullmatch(priority)
        and (not agent or agent.isalnum())
    )
    if not sound or dialer_named(turn, "telephony", dialer) is None:
        return None
    return BaseRow(dialer=dialer, destination=destination, text=data)


def _email_row(columns: list[str], turn: Turn) -> BaseRow | None:
    if len(columns) != 6:
        return None
    dialer, address, text, empty, members, priority = columns
    try:
        json.loads("{" + members + "}")
    except ValueError:
        return None
    sound = re.fullmatch(r"[^@\s;]+@[^@\s;]+", address) and not empty and PRIORITY.fullmatch(priority)
    if not sound or dialer_named(turn, "email", dialer) is None:
        return None
    return BaseRow(dialer=dialer, destination=address, text=text)


def _upload(turn: Turn, fields: dict[str, str], channel: str, parse: Callable[[list[str], Turn], BaseRow | None]) -> Answer:
    lines = _lines(fields)
    rows = [parse(columns, turn) for columns in lines or ()]
    sound = [row for row in rows if row is not None]
    if not sound or len(sound) != len(rows) or ("cant" in fields and fields["cant"] != str(len(rows))):
        return text_answer("ERROR")
    named = fields.get("campaign", fields.get("dialer", ""))
    if channel == "sms" and any(bare(row.dialer) != named for row in sound):
        return text_answer("ERROR")
    if channel != "sms" and named not in {row.dialer for row in sound}:
        return text_answer("ERROR")
    add_base(turn, channel, named, fields["filename"], sound[: turn.taken(len(sound))])
    return text_answer("OK")


def add_base(turn: Turn, channel: str, dialer: str, filename: str, rows: list[BaseRow]) -> None:
    """Store a base; all but voice go out at once when their dialer plays."""
    base = turn.db.execute(
        "INSERT INTO ucontact_base (account, channel, dialer, filename, rows, active) VALUES (?, ?, ?, ?, ?, 0) RETURNING seq",
        (turn.account, channel, dialer, filename, len(rows)),
    ).fetchone()[0]
    turn.db.executemany(
        "INSERT INTO ucontact_row (account, base, dialer, destination, text, sent) VALUES (?, ?, ?, ?, ?, 0)",
        [(turn.account, base, row.dialer, row.destination, row.text) for row in rows],
    )
    if channel != "telephony" and all(dialer_named(turn, channel, row.dialer) for row in rows):
        activate(turn, base)


def activate(turn: Turn, base: int) -> int:
    """What a person does in the portal: the base's rows go out. Gives how many people that reaches."""
    channel, filename = turn.db.execute(
        "SELECT channel, filename FROM ucontact_base WHERE seq = ? AND account = ?", (base, turn.account)
    ).fetchone()
    rows = turn.db.execute(
        "SELECT dialer, destination, text FROM ucontact_row WHERE base = ? AND sent = 0 ORDER BY seq", (base,)
    ).fetchall()
    log(
        turn,
        [
            Reached(container=dialer, recipient=destination, what=WHAT[channel], text=text, key=filename)
            for dialer, destination, text in rows
        ],
    )
    turn.db.execute("UPDATE ucontact_row SET sent = 1 WHERE base = ?", (base,))
    turn.db.execute("UPDATE ucontact_base SET active = 1 WHERE seq = ?", (base,))
    return len(rows)


def _sms_base(turn: Turn, fields: dict[str, str]) -> Answer:
    return _upload(turn, fields, "sms", _sms_row)


def _voice_base(turn: Turn, fields: dict[str, str]) -> Answer:
    if not fields.get("cant") or not fields.get("username"):
        return text_answer("ERROR")
    return _upload(turn, fields, "telephony", _voice_row)


def _email_base(turn: Turn, fields: dict[str, str]) -> Answer:
    if fields.get("channel") != "email" or not fields.get("cant"):
        return text_answer("ERROR")
    return _upload(turn, fields, "email", _email_row)


# --- the dialect

LOGIN = "/Integra/resources/auth/getUserToken"
PATHS: dict[str, tuple[str, Callable[[Turn, dict[str, str]], Answer], bool]] = {
    "/Integra/resources/auth/EndSession": ("EndSession", _end_session, True),
    "/IntegraChannels/resources/AgentResources/GetCampaigns": ("GetCampaigns", _campaigns, True),
    "/Integra/resources/SMS/ScheduleDialerSMS": ("ScheduleDialerSMS", _schedule_sms, False),
    "/Integra/resources/SMS/SendSMS": ("SendSMS", _send_sms, False),
    "/Integra/resources/SMS/SendSMSv2": ("SendSMSv2", _send_sms_v2, False),
    "/Integra/resources/SMS/uploadbase": ("SMS.uploadbase", _sms_base, False),
    "/Integra/resources/Dialers/uploadbase": ("Dialers.uploadbase", _voice_base, False),
    "/IntegraChannels/resources/DialersResources/uploadDialerBase": ("uploadDialerBase", _email_base, False),
}


class Ucontact:
    """The dialect. `Authorization: Basic <token>`, with the token as getUserToken gave it."""

    platform = "ucontact"

    def account(self, prefix: str, path: str, body: bytes) -> str:
        del path, body
        return prefix

    def operation(self, ask: Ask) -> str:
        known = PATHS.get(ask.path)
        return known[0] if known else ask.path.rpartition("/")[2][:40]

    def reads(self, ask: Ask) -> bool:
        known = PATHS.get(ask.path)
        return known[2] if known else True

    def refusal(self, turn: Turn, ask: Ask, credential: str, in_flight: int) -> Answer | None:
        del in_flight
        if ask.path not in {LOGIN, *PATHS} or ask.method != "POST" or self._missing(turn, ask):
            return html_answer(404, "404 Not Found")
        if ask.path == LOGIN:
            return _get_token(turn, form(ask), credential)
        scheme, _, token = ask.headers.get("authorization", "").partition(" ")
        known = turn.db.execute(
            "SELECT 1 FROM ucontact_session WHERE token = ? AND account = ? AND expired = 0", (token, turn.account)
        ).fetchone()
        return None if scheme == "Basic" and known else text_answer("Unauthorized", 401)

    def _missing(self, turn: Turn, ask: Ask) -> bool:
        missing: list[Any] = turn.limits["missing_paths"]
        return any(ask.path.endswith(f"/{one}") for one in missing)

    def answer(self, turn: Turn, ask: Ask) -> Answer:
        return PATHS[ask.path][1](turn, form(ask))

    def due(self, turn: Turn) -> None:
        """Nothing happens here by itself: what was accepted is already in the log."""

    def ordered(self, turn: Turn, kind: str) -> Answer:
        if kind == "token-expired":
            turn.db.execute("UPDATE ucontact_session SET expired = 1 WHERE account = ?", (turn.account,))
        if kind in ("token-expired", "403-token"):
            return text_answer("Unauthorized", 401)
        return text_answer("Forbidden", 403)
