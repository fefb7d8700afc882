"""Lynn's contacts and their do-not-disturb entries, one by one, by category, and in bulk as a task.

Assumed: channel and identifier are no key, so that a second POST makes a second contact; a category is spread over the
campaigns that have it now; a bulk order takes effect when its task is done.
"""

from __future__ import annotations

import json
from typing import Any

from reconciler.sandbox.exchange import Answer, Ask, Turn, json_answer
from reconciler.sandbox.lynn.campaigns import campaign_row
from reconciler.sandbox.lynn.tasks import new_task, set_dnd, task_status
from reconciler.sandbox.lynn.wire import Method, new_id, object_body, problem


def contact_body(sent: dict[str, Any]) -> tuple[str, str, str, list[str]]:
    name, channel, identifier = (sent.get(key) or "" for key in ("name", "channel", "identifier"))
    correlation = sent.get("correlationIds") or []
    sound = isinstance(correlation, list) and all(isinstance(one, str) for one in correlation)
    if not all(isinstance(one, str) for one in (name, channel, identifier)) or not sound:
        raise problem(400, "Text fields must be strings.")
    if not channel or not identifier:
        raise problem(400, "channel and identifier are required.")
    if len(correlation) > 3:
        raise problem(400, "A contact has at most 3 correlation identifiers.")
    return name, channel, identifier, correlation


def add_contact(turn: Turn, sent: dict[str, Any]) -> str:
    """Store a contact and give its id; one with the same channel and identifier is stored beside the first."""
    name, channel, identifier, correlation = contact_body(sent)
    id_ = new_id(turn, "contact")
    turn.db.execute(
        "INSERT INTO lynn_contact (account, id, name, channel, identifier, correlation) VALUES (?, ?, ?, ?, ?, ?)",
        (turn.account, id_, name, channel, identifier, json.dumps(correlation)),
    )
    return id_


def _shown_contact(row: tuple[str, str, str, str, str]) -> dict[str, Any]:
    id_, name, channel, identifier, correlation = row
    shown = {"id": id_, "name": name, "channel": channel, "identifier": identifier}
    return shown | {"correlationIds": json.loads(correlation)}


CONTACT = "SELECT id, name, channel, identifier, correlation FROM lynn_contact WHERE account = ?"


def contact_row(turn: Turn, id_: str) -> dict[str, Any]:
    row = turn.db.execute(f"{CONTACT} AND id = ?", (turn.account, id_)).fetchone()
    if row is None:
        raise problem(404, "The contact does not exist.")
    return _shown_contact(row)


def _contacts(turn: Turn, ask: Ask, id_: str) -> Answer:
    del ask, id_
    return json_answer([_shown_contact(row) for row in turn.db.execute(f"{CONTACT} ORDER BY seq", (turn.account,))])


def _contact(turn: Turn, ask: Ask, id_: str) -> Answer:
    del ask
    return json_answer(contact_row(turn, id_))


def _post_contact(turn: Turn, ask: Ask, id_: str) -> Answer:
    id_ = add_contact(turn, object_body(ask))
    return json_answer(contact_row(turn, id_))


def _put_contact(turn: Turn, ask: Ask, id_: str) -> Answer:
    contact_row(turn, id_)
    name, channel, identifier, correlation = contact_body(object_body(ask))
    turn.db.execute(
        "UPDATE lynn_contact SET name = ?, channel = ?, identifier = ?, correlation = ? WHERE account = ? AND id = ?",
        (name, channel, identifier, json.dumps(correlation), turn.account, id_),
    )
    return json_answer(contact_row(turn, id_))


def _delete_contact(turn: Turn, ask: Ask, id_: str) -> Answer:
    del ask
    contact_row(turn, id_)
    turn.db.execute("DELETE FROM lynn_contact WHERE account = ? AND id = ?", (turn.account, id_))
    turn.db.execute("DELETE FROM lynn_dnd WHERE account = ? AND contact = ?", (turn.account, id_))
    return Answer(status=200)


def _dnd(turn: Turn, ask: Ask, id_: str) -> Answer:
    del ask
    contact_row(turn, id_)
    rows = turn.db.execute(
        "SELECT c.id, c.body FROM lynn_dnd d JOIN lynn_campaign c ON c.id = d.campaign "
        "WHERE d.account = ? AND d.contact = ? ORDER BY c.seq",
        (turn.account, id_),
    )
    bodies = [(campaign, json.loads(body)) for campaign, body in rows]
    return json_answer([{"campaignId": one, "name": b["name"], "category": b["category"]} for one, b in bodies])


def _dnd_by_campaign(turn: Turn, ask: Ask, id_: str) -> Answer:
    del id_
    body = object_body(ask)
    contact, campaign = str(body.get("contactId", "")), str(body.get("campaignId", ""))
    contact_row(turn, contact)
    campaign_row(turn, campaign)
    set_dnd(turn, contact, campaign, True)
    return Answer(status=200)


def _dnd_by_category(turn: Turn, ask: Ask, id_: str) -> Answer:
    del id_
    body = object_body(ask)
    contact, category = str(body.get("contactId", "")), body.get("category")
    contact_row(turn, contact)
    rows = turn.db.execute("SELECT id, body FROM lynn_campaign WHERE account = ?", (turn.account,)).fetchall()
    hits = [one for one, stored in rows if json.loads(stored)["category"] == category]
    if not category or not hits:
        raise problem(404, "No campaign has this category.")
    for campaign in hits[: turn.taken(len(hits))]:
        set_dnd(turn, contact, campaign, True)
    return Answer(status=200)


def _manage_dnd(turn: Turn, ask: Ask, id_: str) -> Answer:
    del id_
    body = object_body(ask)
    campaign, data = str(body.get("campaignId", "")), body.get("data")
    campaign_row(turn, campaign)
    sound = (
        isinstance(data, list)
        and bool(data)
        and all(
            isinstance(one, dict) and isinstance(one.get("contactId"), str) and isinstance(one.get("doNotDisturb"), bool)
            for one in data
        )
    )
    if not isinstance(data, list) or not sound:
        raise problem(400, "data must list contactId and doNotDisturb.")
    work = [[one["contactId"], campaign, one["doNotDisturb"]] for one in data[: turn.taken(len(data))]]
    return json_answer({"taskId": new_task(turn, "dnd", work)})


METHODS = {
    "GetContacts": Method(verb="GET", answer=_contacts, reads=True),
    "GetContact": Method(verb="GET", answer=_contact, by_id=True, reads=True),
    "PostContact": Method(verb="POST", answer=_post_contact),
    "PutContact": Method(verb="PUT", answer=_put_contact, by_id=True),
    "DeleteContact": Method(verb="DELETE", answer=_delete_contact, by_id=True),
    "GetDnDContact": Method(verb="GET", answer=_dnd, by_id=True, reads=True),
    "SetDnDContactByCampaign": Method(verb="POST", answer=_dnd_by_campaign),
    "SetDnDContactByCategory": Method(verb="POST", answer=_dnd_by_category),
    "ManageDnDByCampaign": Method(verb="POST", answer=_manage_dnd),
    "GetDndTaskStatus": Method(verb="GET", answer=task_status("dnd"), by_id=True, reads=True),
}
