"""Lynn's campaigns: whole objects, and three ways of running.

Assumed beyond the project's table: PUT replaces the whole object, so that a field that is not sent is gone; a campaign
whose `validUntil` is over does not run.
"""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any

from reconciler.sandbox.effects import Reached, log
from reconciler.sandbox.exchange import Answer, Ask, Turn, json_answer
from reconciler.sandbox.lynn.wire import Method, moment, new_id, object_body, problem

CAMPAIGN_TYPES = ("SingleMessage", "MultipleMessage")
MODES = ("Manual", "Scheduled", "AlwaysOn")
TEXTS = ("division", "name", "description", "campaignType", "executionMode", "category")
MOMENTS = ("startDate", "endDate", "validUntil")


def is_running(body: dict[str, Any], started: bool, now: datetime) -> bool:
    """Whether a campaign sends at this moment: by order (Manual), by its dates (Scheduled), or always."""
    until = body["validUntil"]
    if until and datetime.fromisoformat(until) <= now:
        return False
    match body["executionMode"]:
        case "Manual":
            return started
        case "Scheduled":
            first, last = body["startDate"], body["endDate"]
            return bool(first and last) and datetime.fromisoformat(first) <= now < datetime.fromisoformat(last)
        case _:
            return True


def campaign_body(sent: dict[str, Any]) -> dict[str, Any]:
    """The stored object made of what was sent: what was not sent is empty, whatever it was before."""
    body: dict[str, Any] = {name: sent.get(name) or "" for name in TEXTS}
    if not all(isinstance(value, str) for value in body.values()):
        raise problem(400, "Text fields must be strings.")
    body |= {name: moment(sent.get(name), name) for name in MOMENTS}
    for name in ("name", "category", "division"):
        if not body[name].strip():
            raise problem(400, f"{name} is required.")
    if body["campaignType"] not in CAMPAIGN_TYPES or body["executionMode"] not in MODES:
        raise problem(400, "campaignType or executionMode is not valid.")
    if body["executionMode"] == "Scheduled":
        if not body["startDate"] or not body["endDate"]:
            raise problem(400, "A scheduled campaign needs startDate and endDate.")
        if datetime.fromisoformat(body["startDate"]) >= datetime.fromisoformat(body["endDate"]):
            raise problem(400, "startDate must be before endDate.")
    return body


def shown_campaign(turn: Turn, id_: str, body: dict[str, Any], started: bool) -> dict[str, Any]:
    running = {"running": is_running(body, started, turn.now)} if turn.limits["running"] == "shown" else {}
    return {"id": id_} | body | running


def campaign_row(turn: Turn, id_: str) -> tuple[dict[str, Any], bool]:
    row = turn.db.execute(
        "SELECT body, running FROM lynn_campaign WHERE account = ? AND id = ?", (turn.account, id_)
    ).fetchone()
    if row is None:
        raise problem(404, "The campaign does not exist.")
    return json.loads(row[0]), bool(row[1])


def add_campaign(turn: Turn, body: dict[str, Any], *, running: bool = False) -> str:
    id_ = new_id(turn, "campaign")
    turn.db.execute(
        "INSERT INTO lynn_campaign (account, id, body, mode, running) VALUES (?, ?, ?, ?, ?)",
        (turn.account, id_, json.dumps(body), body["executionMode"], int(running)),
    )
    return id_


def write_campaign(turn: Turn, id_: str, body: dict[str, Any], *, running: bool) -> None:
    turn.db.execute(
        "UPDATE lynn_campaign SET body = ?, mode = ?, running = ? WHERE account = ? AND id = ?",
        (json.dumps(body), body["executionMode"], int(running), turn.account, id_),
    )
    send_ready(turn, id_)


def send_ready(turn: Turn, id_: str) -> None:
    """Send every waiting row of a campaign that runs, except to contacts who asked not to be disturbed."""
    body, started = campaign_row(turn, id_)
    if not is_running(body, started, turn.now):
        return
    waiting = turn.db.execute(
        "SELECT seq, phone, data FROM lynn_row WHERE account = ? AND campaign = ? AND state = 'Ready' ORDER BY seq",
        (turn.account, id_),
    ).fetchall()
    if not waiting:
        return
    barred = {
        number
        for (number,) in turn.db.execute(
            "SELECT c.identifier FROM lynn_dnd d JOIN lynn_contact c ON c.id = d.contact "
            "WHERE d.account = ? AND d.campaign = ?",
            (turn.account, id_),
        )
    }
    sent = [(seq, phone, data) for seq, phone, data in waiting if phone not in barred]
    reached = [
        Reached(container=body["name"], container_id=id_, recipient=phone, what="whatsapp", text=data)
        for _, phone, data in sent
    ]
    log(turn, reached)
    turn.db.executemany("UPDATE lynn_row SET state = 'Sent' WHERE seq = ?", [(seq,) for seq, _, _ in sent])
    turn.db.execute(
        "UPDATE lynn_row SET state = 'Canceled' WHERE account = ? AND campaign = ? AND state = 'Ready'",
        (turn.account, id_),
    )


def _campaigns(turn: Turn, ask: Ask, id_: str) -> Answer:
    del ask, id_
    rows = turn.db.execute("SELECT id, body, running FROM lynn_campaign WHERE account = ? ORDER BY seq", (turn.account,))
    return json_answer([shown_campaign(turn, one, json.loads(body), bool(running)) for one, body, running in rows])


def _campaign(turn: Turn, ask: Ask, id_: str) -> Answer:
    del ask
    return json_answer(shown_campaign(turn, id_, *campaign_row(turn, id_)))


def _post_campaign(turn: Turn, ask: Ask, id_: str) -> Answer:
    body = campaign_body(object_body(ask))
    count = turn.db.execute("SELECT count(*) FROM lynn_campaign WHERE account = ?", (turn.account,)).fetchone()[0]
    if count >= turn.limits["campaigns"]:
        raise problem(400, "The tenant holds the maximum number of campaigns.")
    id_ = add_campaign(turn, body)
    return json_answer(shown_campaign(turn, id_, body, False))


def _put_campaign(turn: Turn, ask: Ask, id_: str) -> Answer:
    _, started = campaign_row(turn, id_)
    sent = object_body(ask)
    if sent.get("id", id_) != id_:
        raise problem(400, "The id of the body is not the id of the url.")
    body = campaign_body(sent)
    started = started and body["executionMode"] == "Manual"
    write_campaign(turn, id_, body, running=started)
    return json_answer(shown_campaign(turn, id_, body, started))


def delete_campaign(turn: Turn, id_: str) -> None:
    campaign_row(turn, id_)
    turn.db.execute("DELETE FROM lynn_campaign WHERE account = ? AND id = ?", (turn.account, id_))
    turn.db.execute("DELETE FROM lynn_row WHERE account = ? AND campaign = ?", (turn.account, id_))
    turn.db.execute("DELETE FROM lynn_dnd WHERE account = ? AND campaign = ?", (turn.account, id_))


def _delete_campaign(turn: Turn, ask: Ask, id_: str) -> Answer:
    del ask
    delete_campaign(turn, id_)
    return Answer(status=200)


def set_running(turn: Turn, id_: str, running: bool) -> None:
    body, _ = campaign_row(turn, id_)
    if body["executionMode"] != "Manual":
        raise problem(400, "Only campaigns in manual mode can be started or stopped.")
    write_campaign(turn, id_, body, running=running)


def _start(turn: Turn, ask: Ask, id_: str) -> Answer:
    del ask
    set_running(turn, id_, True)
    return Answer(status=200)


def _stop(turn: Turn, ask: Ask, id_: str) -> Answer:
    del ask
    set_running(turn, id_, False)
    return Answer(status=200)


METHODS = {
    "GetCampaigns": Method(verb="GET", answer=_campaigns, reads=True),
    "GetCampaign": Method(verb="GET", answer=_campaign, by_id=True, reads=True),
    "PostCampaign": Method(verb="POST", answer=_post_campaign),
    "PutCampaign": Method(verb="PUT", answer=_put_campaign, by_id=True),
    "DeleteCampaign": Method(verb="DELETE", answer=_delete_campaign, by_id=True),
    "StartCampaignExecution": Method(verb="POST", answer=_start, by_id=True),
    "StopCampaignExecution": Method(verb="POST", answer=_stop, by_id=True),
}
