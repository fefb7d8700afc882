"""Campaigns of wolkvox: list, create, edit, speed, start, stop, delete, filter, and the live counters."""

from __future__ import annotations

import json
import re
from typing import Any

from reconciler.sandbox.exchange import Answer, Ask, Turn, json_answer
from reconciler.sandbox.store import next_number
from reconciler.sandbox.wolkvox import dialling
from reconciler.sandbox.wolkvox.wire import Operation, bad, done, found, local, missing, object_body, texts, wanted

TYPES = ("predictive", "preview")
COUNTRIES = frozenset(["ARG", "CHL", "COL", "CRI", "ECU", "ESP", "GTM", "HND", "ITA", "MEX", "NIC", "PAN", "PER"])
LABELS = tuple(f"opt{number}" for number in range(1, 13))
CREATED = frozenset(
    {"campaign_name", "campaign_description", "start_time", "end_time", "skill_id", "amd", "enable_edition", *LABELS}
)
ECHOED = (
    "campaign_name",
    "campaign_description",
    "type_camp",
    "enable_edition",
    "start_time",
    "end_time",
    "skill_id",
    "amd_conf",
    "turbo_dial",
    "routing_recall",
)
EDITED = frozenset({*ECHOED, "camp_dial_order", "optional_labels"})
CLOCK_BARE = re.compile(r"([01]\d|2[0-3])[0-5]\d[0-5]\d")
CLOCK_COLONS = re.compile(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d")
OPERATORS = frozenset(["<", ">", ">=", "<=", "!=", "=", "is", "like"])


def campaign_row(turn: Turn, campaign_id: str) -> dict[str, Any]:
    """The campaign, or the platform's 404."""
    row = (
        turn.db.execute(
            "SELECT id, name, description, type, status, speed, skill_id, hidden FROM wolkvox_campaign "
            "WHERE account = ? AND id = ?",
            (turn.account, int(campaign_id)),
        ).fetchone()
        if campaign_id.isascii() and campaign_id.isdigit() and len(campaign_id) < 16
        else None
    )
    if row is None:
        raise missing(f"THE CAMPAIGN_ID {campaign_id[:20]} DOES NOT EXIST")
    columns = ("id", "name", "description", "type", "status", "speed", "skill_id", "hidden")
    return dict(zip(columns, row, strict=True))


def asked_campaign(turn: Turn, ask: Ask) -> dict[str, Any]:
    """The campaign of the query's `campaign_id`; a `type_campaign` that says otherwise is refused."""
    campaign = campaign_row(turn, wanted(ask, "campaign_id"))
    if ask.query.get("type_campaign", campaign["type"]) != campaign["type"]:
        raise bad("THE TYPE_CAMPAIGN IS NOT VALID FOR THIS CAMPAIGN_ID")
    return campaign


def add_campaign(turn: Turn, *, name: str, type_: str, skill_id: str, description: str = "", **more: Any) -> int:
    """Store a campaign, stopped, and give its id. `more`: status, speed, turbo_dial and what the platform never shows."""
    number = next_number(turn.db, turn.account, "campaign", 23_910)
    hidden = {key: more[key] for key in ("start_time", "end_time", "enable_edition", "amd", "labels") if key in more}
    turn.db.execute(
        "INSERT INTO wolkvox_campaign (account, id, name, description, type, status, speed, dial_mode, last_use, "
        "turbo_dial, skill_id, hidden) VALUES (?, ?, ?, ?, ?, ?, ?, 'autopilot', ?, ?, ?, ?)",
        (
            turn.account, number, name, description, type_, more.get("status", "Stopped"), int(more.get("speed", 50)),
            local(turn.now), more.get("turbo_dial", "no"), skill_id, json.dumps(hidden),
        ),
    )  # fmt: skip
    return number


def audit(turn: Turn, action: str, user: str = "api") -> None:
    turn.db.execute(
        "INSERT INTO wolkvox_audit (account, at, user, action) VALUES (?, ?, ?, ?)",
        (turn.account, turn.now.isoformat(), user, action),
    )


def set_status(turn: Turn, campaign_id: int, status: str) -> None:
    """Start or stop; what a start lets the platform dial is logged as reached."""
    turn.db.execute(
        "UPDATE wolkvox_campaign SET status = ?, last_use = ? WHERE account = ? AND id = ?",
        (status, local(turn.now), turn.account, campaign_id),
    )
    dialling.dial(turn, campaign_id)


def _list(turn: Turn, ask: Ask) -> Answer:
    wished = ask.query.get("campaign", "")
    only = campaign_row(turn, wished)["id"] if wished else None
    counts = dict(
        turn.db.execute("SELECT campaign, count(*) FROM wolkvox_record WHERE account = ? GROUP BY campaign", (turn.account,))
    )
    rows = turn.db.execute(
        "SELECT id, name, description, type, status, speed, dial_mode, last_use, recycled, turbo_dial, skill_id "
        "FROM wolkvox_campaign WHERE account = ? AND (? IS NULL OR id = ?) ORDER BY id LIMIT ?",
        (turn.account, only, only, turn.limits["rows_down"]),
    )
    return found(
        "",
        [
            {
                "campaign_id": str(id_),
                "campaign_name": name,
                "campaign_description": description or " ",
                "type_campaign": type_,
                "status": status,
                "records": str(counts.get(id_, 0)),
                "speed": str(speed),
                "dial_mode": dial_mode,
                "last_use": last_use,
                "recycled": str(recycled),
                "turbo_dial": turbo_dial,
                "skill_id": skill_id,
            }
            for id_, name, description, type_, status, speed, dial_mode, last_use, recycled, turbo_dial, skill_id in rows
        ],
    )


def _create(turn: Turn, ask: Ask) -> Answer:
    type_ = wanted(ask, "type_campaign")
    body = texts(object_body(ask, known=set(CREATED)))
    if type_ not in TYPES or not body.get("campaign_name", "").strip() or not body.get("skill_id"):
        raise bad()
    for key in ("start_time", "end_time"):
        if body.get(key) and not CLOCK_BARE.fullmatch(body[key]):
            raise bad(f"THE FORMAT OF {key.upper()} IS NOT VALID")
    if body.get("enable_edition", "no") not in ("yes", "no"):
        raise bad("ENABLE_EDITION MUST BE YES OR NO")
    if "amd" in body and body["amd"] not in COUNTRIES:
        raise bad("THE AMD IS NOT VALID")
    _check_skill(turn, body["skill_id"])
    number = add_campaign(
        turn,
        name=body["campaign_name"],
        type_=type_,
        skill_id=body["skill_id"],
        description=body.get("campaign_description", ""),
        start_time=_with_colons(body.get("start_time", "")),
        end_time=_with_colons(body.get("end_time", "")),
        enable_edition=body.get("enable_edition", "no"),
        amd=body.get("amd", "default"),
        labels={label: body[label] for label in LABELS if body.get(label)},
    )
    audit(turn, f"create campaign {number}")
    word = turn.limits["created_spelling"]
    data = [{f"id_{word}": str(number), f"name_{word}": body["campaign_name"]}]
    return done(201, f"The {number} campaign_id has been created successfully", data)


def _edit(turn: Turn, ask: Ask) -> Answer:
    campaign = campaign_row(turn, wanted(ask, "campaign_id"))
    body = object_body(ask, known=set(EDITED))
    if not body:
        raise bad()
    labels = body.pop("optional_labels", None)
    wish = texts(body)
    hidden: dict[str, Any] = json.loads(campaign["hidden"])
    _check_edit(turn, wish, hidden)
    if labels is not None:
        known = {f"opt{number}" for number in range(13)}
        if not isinstance(labels, dict) or not set(labels) <= known:
            raise bad("THE OPTIONAL_LABELS ARE NOT VALID")
        hidden["labels"] = hidden.get("labels", {}) | texts(labels)
    shown = {"campaign_name": "name", "campaign_description": "description", "skill_id": "skill_id",
             "turbo_dial": "turbo_dial"}  # fmt: skip
    columns = {column: wish[key] for key, column in shown.items() if key in wish}
    if "type_camp" in wish:
        columns["type"] = wish["type_camp"].lower()
    for key, name in (("amd_conf", "amd"), ("camp_dial_order", "dial_order")):
        if key in wish:
            hidden[name] = wish[key]
    hidden |= {key: wish[key] for key in ("start_time", "end_time", "enable_edition") if key in wish}
    if "routing_recall" in wish:
        hidden["recall_routed"] = wish["routing_recall"] == "no"  # the platform's yes switches it off
    for column, value in (columns | {"hidden": json.dumps(hidden)}).items():
        turn.db.execute(
            f"UPDATE wolkvox_campaign SET {column} = ? WHERE account = ? AND id = ?",
            (value, turn.account, campaign["id"]),
        )
    audit(turn, f"edit campaign {campaign['id']}")
    # Whether the real echo holds settings that were not sent is unknown, so nothing may be learnt from ours.
    echo: dict[str, Any] = {"campaign_id": str(campaign["id"])} | {key: wish.get(key, "") for key in ECHOED}
    echo["optional_labels"] = labels or {}
    return done("200", "Campaign has been updated successfully", [echo])


def _check_edit(turn: Turn, wish: dict[str, str], hidden: dict[str, Any]) -> None:
    choices = {
        "type_camp": {"Predictive", "Preview"},
        "enable_edition": {"yes", "no"},
        "turbo_dial": {"yes", "no"},
        "routing_recall": {"yes", "no"},
        "camp_dial_order": {"linear", "zigzag", "random"},
        "amd_conf": {"default", "none", *COUNTRIES},
    }
    for key, allowed in choices.items():
        if key in wish and wish[key] not in allowed:
            raise bad(f"THE VALUE OF {key.upper()} IS NOT VALID")
    for key in ("start_time", "end_time"):
        if key in wish and not CLOCK_COLONS.fullmatch(wish[key]):
            raise bad(f"THE FORMAT OF {key.upper()} IS NOT VALID")
    first, last = (wish.get(key, hidden.get(key, "")) for key in ("start_time", "end_time"))
    if ("start_time" in wish or "end_time" in wish) and first and last and first >= last:
        raise bad("THE START_TIME MUST BE BEFORE THE END_TIME")
    if "campaign_name" in wish and not wish["campaign_name"].strip():
        raise bad("THE CAMPAIGN_NAME IS NOT VALID")
    if "skill_id" in wish:
        _check_skill(turn, wish["skill_id"])


def _check_skill(turn: Turn, skill_id: str) -> None:
    known = turn.db.execute("SELECT 1 FROM wolkvox_skill WHERE account = ? AND id = ?", (turn.account, skill_id))
    if skill_id != "VAGENT" and known.fetchone() is None:
        raise bad("THE SKILL_ID IS NOT VALID")


def _with_colons(bare: str) -> str:
    return f"{bare[:2]}:{bare[2:4]}:{bare[4:]}" if bare else ""


def _speed(turn: Turn, ask: Ask) -> Answer:
    campaign = asked_campaign(turn, ask)
    speed = str(object_body(ask, known={"speed"}).get("speed", ""))
    if not (speed.isascii() and speed.isdigit() and len(speed) < 4 and int(speed) <= 100):
        raise bad("THE SPEED MUST BE BETWEEN 0 AND 100")
    turn.db.execute(
        "UPDATE wolkvox_campaign SET speed = ? WHERE account = ? AND id = ?", (int(speed), turn.account, campaign["id"])
    )
    audit(turn, f"speed of campaign {campaign['id']}")
    return done(202, f"The speed of {campaign['id']} campaign_id has been updated successfully")


def _start(turn: Turn, ask: Ask) -> Answer:
    campaign = asked_campaign(turn, ask)
    most = turn.limits["started_campaigns"]
    running = turn.db.execute(
        "SELECT count(*) FROM wolkvox_campaign WHERE account = ? AND status = 'Started' AND id != ?",
        (turn.account, campaign["id"]),
    ).fetchone()[0]
    if most and running >= most:
        raise bad("EXCEEDS THE LIMIT OF SIMULTANEOUS CAMPAIGNS")
    set_status(turn, campaign["id"], "Started")
    audit(turn, f"start campaign {campaign['id']}")
    return done(202, f"The {campaign['id']} campaign_id has been started successfully")


def _stop(turn: Turn, ask: Ask) -> Answer:
    campaign = asked_campaign(turn, ask)
    set_status(turn, campaign["id"], "Stopped")
    audit(turn, f"stop campaign {campaign['id']}")
    return done(202, f"The {campaign['id']} campaign_id has been stopped successfully")


def delete_campaign(turn: Turn, campaign_id: int) -> None:
    turn.db.execute("DELETE FROM wolkvox_campaign WHERE account = ? AND id = ?", (turn.account, campaign_id))
    turn.db.execute("DELETE FROM wolkvox_record WHERE account = ? AND campaign = ?", (turn.account, campaign_id))


def _delete(turn: Turn, ask: Ask) -> Answer:
    type_ = wanted(ask, "type_campaign")
    if ask.query.get("campaign_id"):
        if ask.body.strip():
            raise bad("SEND CAMPAIGN_ID OR CAMPAIGN_IDS, NOT BOTH")
        ids = [str(asked_campaign(turn, ask)["id"])]
    else:
        listed = object_body(ask, known={"campaign_ids"}).get("campaign_ids")
        if not isinstance(listed, list) or not listed or not all(isinstance(one, str) for one in listed):
            raise bad()
        ids = listed
    rows = turn.db.execute("SELECT id, type FROM wolkvox_campaign WHERE account = ?", (turn.account,))
    known = {str(id_): kind for id_, kind in rows}
    gone = [int(one) for one in dict.fromkeys(ids) if known.get(one) == type_]
    for one in gone[: turn.taken(len(gone))]:
        delete_campaign(turn, one)
        audit(turn, f"delete campaign {one}")
    return done("200", f"{len(gone)} campaigns deleted successfully. {len(ids) - len(gone)} operations failed.")


def _filter(turn: Turn, ask: Ask) -> Answer:
    campaign = asked_campaign(turn, ask)
    body = object_body(ask, known={"filter_active", "connector", "filters"})
    filters = body.get("filters", [])
    sound = isinstance(filters, list) and all(
        isinstance(one, dict) and set(one) == {"field", "operator", "value"} and one["operator"] in OPERATORS for one in filters
    )
    if body.get("filter_active") not in ("yes", "no") or body.get("connector", "and") not in ("and", "or") or not sound:
        raise bad("THE FILTER IS NOT VALID")
    hidden = json.loads(campaign["hidden"]) | {"filter": body}
    turn.db.execute(
        "UPDATE wolkvox_campaign SET hidden = ? WHERE account = ? AND id = ?",
        (json.dumps(hidden), turn.account, campaign["id"]),
    )
    total, waiting = turn.db.execute(
        "SELECT count(*), coalesce(sum(calls = 0), 0) FROM wolkvox_record WHERE account = ? AND campaign = ?",
        (turn.account, campaign["id"]),
    ).fetchone()
    text = f" {body.get('connector', 'and').upper()} ".join(
        f"{one['field']} {one['operator']} {one['value']}" for one in filters
    )
    data = {"total_records": str(total), "pending_records": str(waiting), "applied_filter": text}
    return done(None, "Campaign filter successfully updated", data)


def _live(turn: Turn, ask: Ask) -> Answer:
    del ask
    rows = turn.db.execute(
        "SELECT c.id, c.name, c.speed, c.status, c.skill_id, c.recycled, count(r.seq), coalesce(sum(r.calls = 0), 0), "
        "coalesce(sum(r.calls), 0), coalesce(sum(r.result = 'ANSWER'), 0), coalesce(sum(r.result = 'NO ANSWER'), 0), "
        "coalesce(sum(r.result IN ('BUSY', 'CONGESTION', 'FAILED')), 0), "
        "coalesce(sum(r.result = 'ANSWER MACHINE'), 0) "
        "FROM wolkvox_campaign c LEFT JOIN wolkvox_record r ON r.account = c.account AND r.campaign = c.id "
        "WHERE c.account = ? GROUP BY c.id ORDER BY c.id",
        (turn.account,),
    )
    return json_answer(
        [
            {
                "campaign": f"{id_} - {name} (tel1: 100%)",
                "speed": str(speed),
                "status": status.lower(),
                "skill_id": skill_id,
                "records": str(records),
                "clean": str(clean),
                "dial": str(dial),
                "answer": str(answer),
                "no_answer": str(no_answer),
                "busy/congestion/failed": str(busy),
                "answer_machine": str(machine),
                "penetration_day": str(100 * (records - clean) // records if records else 0),
                "penetration_now": str(100 * (records - clean) // records if records else 0),
                "hits": str(answer),
                "calls_x_min": "0",
                "recycled": str(recycled),
            }
            for (id_, name, speed, status, skill_id, recycled, records, clean, dial, answer, no_answer, busy, machine)
            in rows
        ]
    )  # fmt: skip


OPERATIONS = (
    Operation(method="GET", script="information", api="campaigns", style="str", answer=_list, reads=True),
    Operation(method="GET", script="real_time", api="campaigns", style="str", answer=_live, reads=True),
    Operation(method="POST", script="campaign", api="create_campaign", style="int", answer=_create),
    Operation(method="PUT", script="campaign", api="edit_campaign", style="str", answer=_edit),
    Operation(method="PUT", script="campaign", api="speed", style="int", answer=_speed),
    Operation(method="PUT", script="campaign", api="start", style="int", answer=_start),
    Operation(method="PUT", script="campaign", api="stop", style="int", answer=_stop),
    Operation(method="DELETE", script="campaign", api="delete_campaign", style="str", answer=_delete),
    Operation(method="PUT", script="campaign", api="campaign_filter", style="str", answer=_filter),
)
