"""wolkvox's account-wide lists: do-not-call numbers, SMS sent, skills, services, quota, audit log.

The two `add_dnc` calls write one list. The one in campaign.php has no direction and is taken as outbound.
"""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

from reconciler.sandbox.effects import Reached, log
from reconciler.sandbox.exchange import Answer, Ask, Turn, iso
from reconciler.sandbox.wolkvox import dialling
from reconciler.sandbox.wolkvox.campaigns import audit
from reconciler.sandbox.wolkvox.wire import (
    ZONE,
    Operation,
    bad,
    done,
    found,
    json_body,
    local,
    missing,
    object_body,
    span,
    wanted,
)

DIRECTIONS = {
    "inbound": ("inbound",),
    "outbound": ("outbound",),
    "all": ("inbound", "outbound"),
    "inbound/outbound": ("inbound", "outbound"),
}
SERVICES = (  # noqa: SIM905 - thirty names read better as lines
    "pbx screen_recording video_call stereo_recording gamification text_analytics speech_analytics rsync "
    "wolkvox_storage blob_storage aws_s3 intelligentdial bi customer_prot mr_wizard turbo_dial sso "
    "mailgun whatsapp facebook_page facebook_messenger instagram_page instagram_chat sms_bidireccional "
    "chat_web telegram crm email cobrowsing "
).split()
ON = frozenset(["pbx", "intelligentdial", "turbo_dial", "whatsapp", "email"])


def day_of(moment: datetime) -> str:
    """The quota's day, GMT-5."""
    return local(moment)[:10]


def used_today(turn: Turn, token: str = "") -> int:
    """Calls of the day: of one token, or of the whole operation."""
    row = turn.db.execute(
        "SELECT coalesce(sum(used), 0) FROM wolkvox_quota WHERE account = ? AND day = ? AND (? = '' OR token = ?)",
        (turn.account, day_of(turn.now), token, token),
    ).fetchone()
    return int(row[0])


def add_dnc(turn: Turn, phone: str, direction: str, *, days: int = 0) -> bool:
    """Put a number on the list; false when it was there, in which case its days stay as they are, or begin anew."""
    expires = iso(turn.now + timedelta(days=days)) if days else None
    added = turn.db.execute(
        "INSERT OR IGNORE INTO wolkvox_dnc (account, phone, direction, entered_at, expires_at) VALUES (?, ?, ?, ?, ?)",
        (turn.account, phone, direction, iso(turn.now), expires),
    )
    if not added.rowcount and turn.limits["dnc_again"] == "renewed":
        turn.db.execute(
            "UPDATE wolkvox_dnc SET expires_at = ? WHERE account = ? AND phone = ? AND direction = ?",
            (expires, turn.account, phone, direction),
        )
    return added.rowcount == 1


def _numbers(turn: Turn, value: Any) -> list[str]:
    if not isinstance(value, list) or not value or not all(isinstance(one, str) for one in value):
        raise bad()
    if len(value) > turn.limits["rows_up"]:
        raise bad(f"EXCEEDS THE LIMIT OF RECORDS PER CALL ({turn.limits['rows_up']})")
    if not all(re.fullmatch(r"\d{1,20}", one) for one in value):
        raise bad("THE TELEPHONES ARE NOT VALID")
    return value


def _list(turn: Turn, ask: Ask) -> Answer:
    directions = DIRECTIONS.get(wanted(ask, "type"))
    if directions is None:
        raise bad()
    if turn.limits["dnc_type"] != "heeded":
        directions = DIRECTIONS["all"]
    rows = turn.db.execute(
        "SELECT phone, direction, entered_at FROM wolkvox_dnc WHERE account = ? AND direction IN (?, ?) "
        "ORDER BY phone, direction LIMIT ?",
        (turn.account, directions[0], directions[-1], turn.limits["rows_down"]),
    )
    data = [
        {"phone_number": phone, "type": direction, "date_delete": local(datetime.fromisoformat(entered))}
        for phone, direction, entered in rows
    ]
    if turn.limits["dnc_type"] == "untold":
        data = [{name: value for name, value in row.items() if name != "type"} for row in data]
    return found("200", data)


def _added(turn: Turn, entries: list[tuple[str, int]], directions: tuple[str, ...]) -> int:
    """Put numbers with their days on the list, as many as the call stores; gives how many the answer calls new."""
    stored = turn.taken(len(entries))
    added = sum(_add_one(turn, phone, directions, days) for phone, days in entries[:stored])
    return turn.told(added + len(entries) - stored, added)


def _add_one(turn: Turn, phone: str, directions: tuple[str, ...], days: int) -> bool:
    new = [add_dnc(turn, phone, direction, days=days) for direction in directions]
    return any(new)


def _add(turn: Turn, ask: Ask) -> Answer:
    body = object_body(ask, known={"type_call", "telephones"})
    directions = DIRECTIONS.get(str(body.get("type_call", "")))
    if directions is None:
        raise bad()
    added = _added(turn, [(one, 0) for one in _numbers(turn, body.get("telephones"))], directions)
    audit(turn, f"add {added} DNC")
    return done(201, f"{added} telephones were added")


def _add_for_days(turn: Turn, ask: Ask) -> Answer:
    body = json_body(ask)
    entries = body if isinstance(body, list) else []
    if not all(isinstance(one, dict) and set(one) <= {"telephone", "days_block"} for one in entries):
        raise bad("INVALID FIELDS")
    numbers = _numbers(turn, [one.get("telephone") for one in entries])
    days = [one.get("days_block", "") for one in entries]
    if not all(isinstance(one, str) and re.fullmatch(r"\d{0,4}", one) for one in days):
        raise bad("THE DAYS_BLOCK IS NOT VALID")
    added = _added(turn, [(number, int(block or 0)) for number, block in zip(numbers, days, strict=True)], ("outbound",))
    audit(turn, f"add {added} DNC")
    counts = {"total_added": added, "total_rejected": len(numbers) - added, "total_sent": len(numbers)}
    return done(201, f"{added} telephones were added", [{name: str(value) for name, value in counts.items()}])


def remove_dnc(turn: Turn, numbers: list[str] | None, directions: tuple[str, ...]) -> int:
    """Take numbers off the list (None = every one there is) and give how many went; what they held back is dialled."""
    first, last = directions[0], directions[-1]
    if numbers is None:
        gone = turn.db.execute(
            "DELETE FROM wolkvox_dnc WHERE account = ? AND direction IN (?, ?)", (turn.account, first, last)
        ).rowcount
    else:
        gone = 0
        for one in numbers:
            deleted = turn.db.execute(
                "DELETE FROM wolkvox_dnc WHERE account = ? AND phone = ? AND direction IN (?, ?)",
                (turn.account, one, first, last),
            )
            gone += deleted.rowcount > 0
    dialling.dial_started(turn)
    return gone


def _remove(turn: Turn, ask: Ask) -> Answer:
    body = object_body(ask, known={"telephones", "type"})
    directions = DIRECTIONS.get(str(body.get("type", "all")))
    if directions is None:
        raise bad()
    telephones = body.get("telephones")
    if telephones in ("All", "all"):  # the vendor's own trap: one word instead of a list empties it
        gone = remove_dnc(turn, None, directions)
    else:
        numbers = _numbers(turn, telephones)
        stored = turn.taken(len(numbers))
        removed = remove_dnc(turn, numbers[:stored], directions)
        gone = turn.told(removed + len(numbers) - stored, removed)
        if not gone and turn.share is None:
            raise missing("THE TELEPHONES DO NOT EXIST")
    audit(turn, f"remove {gone} DNC")
    return done(202, f"{gone} telephones were deleted")


def _send_sms(turn: Turn, ask: Ask) -> Answer:
    body = object_body(ask, known={"telephone", "message"})
    telephone, message = str(body.get("telephone", "")), body.get("message")
    if not re.fullmatch(r"\d{1,20}", telephone) or not isinstance(message, str) or not message:
        raise bad()
    turn.db.execute(
        "INSERT INTO wolkvox_sms (account, at, telephone, message) VALUES (?, ?, ?, ?)",
        (turn.account, iso(turn.now), telephone, message),
    )
    log(turn, [Reached(container="sms", recipient=telephone, what="sms", text=message)])
    return done(201, "Message has been sent successfully")


def _sms_report(turn: Turn, ask: Ask) -> Answer:
    first, last = span(turn, ask)
    rows = turn.db.execute(
        "SELECT seq, at, telephone, message FROM wolkvox_sms WHERE account = ? AND at BETWEEN ? AND ? ORDER BY seq LIMIT ?",
        (turn.account, iso(first), iso(last + timedelta(seconds=1)), turn.limits["rows_down"]),
    )
    data = [
        {
            "agent_id": "",
            "agent_name": "",
            "date": local(datetime.fromisoformat(at)),
            "destiny": "",
            "telephone": telephone,
            "message": message,
            "channel": "SMS",
            "customer_id": "",
            "conn_id": str(seq),
        }
        for seq, at, telephone, message in rows
    ]
    return found(200, data)


def _skills(turn: Turn, ask: Ask) -> Answer:
    wished = ask.query.get("skill", "")
    rows = turn.db.execute(
        "SELECT id, name, description FROM wolkvox_skill WHERE account = ? AND (? = '' OR id = ?) ORDER BY id",
        (turn.account, wished, wished),
    )
    return found(
        200,
        [
            {"skill_id": id_, "skill_name": name, "skill_description": description or " ", "last_use": " "}
            for id_, name, description in rows
        ],
    )


def _services(turn: Turn, ask: Ask) -> Answer:
    del ask
    licenses = str(max(1, turn.limits["calls_per_day"] // 1_000))
    return found("200", [{"licenses": licenses} | {name: "yes" if name in ON else "no" for name in SERVICES}])


def _token_info(turn: Turn, ask: Ask) -> Answer:
    most, all_used = turn.limits["calls_per_day"], used_today(turn)
    values = {
        "description": "sandbox",
        "token_limit": most,
        "token_use_today": used_today(turn, ask.headers.get("wolkvox-token", "")),
        "all_token_today": all_used,
        "available_consumption_options": max(0, most - all_used),
    }
    return done("200", " 1 records were found", [{name: str(value) for name, value in values.items()}])


def _audit_log(turn: Turn, ask: Ask) -> Answer:
    first, last = span(turn, ask)
    rows = turn.db.execute(
        "SELECT at, user, action FROM wolkvox_audit WHERE account = ? ORDER BY seq LIMIT ?",
        (turn.account, turn.limits["rows_down"]),
    )
    data = [
        {
            "date": local(datetime.fromisoformat(at)),
            "ip": "127.0.0.1",
            "user": user,
            "action": action,
            "workstation": "sandbox",
        }
        for at, user, action in rows
        if first <= datetime.fromisoformat(at) < (last + timedelta(seconds=1)).astimezone(ZONE)
    ]
    return found(200, data)


OPERATIONS = (
    Operation(method="GET", script="information", api="get_dnc", style="str", answer=_list, reads=True),
    Operation(method="POST", script="configuration", api="add_dnc", style="int", answer=_add),
    Operation(method="POST", script="campaign", api="add_dnc", style="int", answer=_add_for_days),
    Operation(method="DELETE", script="configuration", api="remove_dnc", style="int", answer=_remove),
    Operation(method="POST", script="sms", api="send_sms", style="int", answer=_send_sms),
    Operation(method="GET", script="reports_manager", api="cdr_3", style="int", answer=_sms_report, reads=True),
    Operation(method="GET", script="information", api="skills", style="int", answer=_skills, reads=True),
    Operation(method="GET", script="information", api="services", style="str", answer=_services, reads=True),
    Operation(method="GET", script="information", api="token_info", style="str", answer=_token_info, reads=True),
    Operation(method="GET", script="information", api="audit_log", style="int", answer=_audit_log, reads=True),
)
