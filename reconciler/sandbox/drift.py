"""The colleague who edits in the console, while nobody looks at the repository. A new action is one line in `ACTIONS`.

An order names what it wants by `campaign` (name or id), `key`, `phone` and so on; what it leaves out is chosen, so that
an order without words makes one visible change to a campaign that exists. What was done is said in one sentence that
holds no phone number.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

import msgspec

from reconciler.sandbox import ucontact
from reconciler.sandbox.exchange import Refused, Turn
from reconciler.sandbox.lynn import campaigns as lynn
from reconciler.sandbox.lynn import contacts as lynn_contacts
from reconciler.sandbox.lynn.tasks import set_dnd
from reconciler.sandbox.wolkvox import SKILLS, campaigns, lists, records
from reconciler.sandbox.wolkvox.wire import local

Order = dict[str, Any]
Act = Callable[[Turn, Order], str]


class Nothing(ValueError):
    """There is nothing on this account that the action could change."""


def _wolkvox(turn: Turn, order: Order) -> dict[str, Any]:
    wished = order.get("campaign")
    row = turn.db.execute(
        "SELECT id, name, status, speed, type FROM wolkvox_campaign WHERE account = ? "
        "AND (? IS NULL OR name = ? OR CAST(id AS TEXT) = ?) ORDER BY id LIMIT 1",
        (turn.account, wished, wished, wished),
    ).fetchone()
    if row is None:
        raise Nothing("there is no such campaign")
    return dict(zip(("id", "name", "status", "speed", "type"), row, strict=True))


def _set(turn: Turn, campaign: int, column: str, value: Any) -> None:
    turn.db.execute(f"UPDATE wolkvox_campaign SET {column} = ? WHERE account = ? AND id = ?", (value, turn.account, campaign))
    campaigns.audit(turn, f"edit campaign {campaign}", user="console")


def _speed(turn: Turn, order: Order) -> str:
    campaign = _wolkvox(turn, order)
    speed = int(order.get("speed", (campaign["speed"] + 15) % 101))
    _set(turn, campaign["id"], "speed", speed)
    return f"A colleague set the speed of {campaign['name']} from {campaign['speed']} to {speed}."


def _rename(turn: Turn, order: Order) -> str:
    campaign = _wolkvox(turn, order)
    name = order.get("name", f"{campaign['name']} (copia)")
    _set(turn, campaign["id"], "name", name)
    return f"A colleague renamed {campaign['name']} to {name}."


def _description(turn: Turn, order: Order) -> str:
    campaign = _wolkvox(turn, order)
    _set(turn, campaign["id"], "description", order.get("description", "editada en la consola"))
    return f"A colleague rewrote the description of {campaign['name']}."


def _wolkvox_status(status: str) -> Act:
    def act(turn: Turn, order: Order) -> str:
        campaign = _wolkvox(turn, order)
        campaigns.set_status(turn, campaign["id"], status)
        campaigns.audit(turn, f"{status.lower()} campaign {campaign['id']}", user="console")
        return f"A colleague {status.lower()} {campaign['name']}."

    return act


def _wolkvox_delete(turn: Turn, order: Order) -> str:
    campaign = _wolkvox(turn, order)
    campaigns.delete_campaign(turn, campaign["id"])
    campaigns.audit(turn, f"delete campaign {campaign['id']}", user="console")
    return f"A colleague deleted {campaign['name']}."


def _wolkvox_add(turn: Turn, order: Order) -> str:
    name = str(order.get("name", "hecha-a-mano"))
    campaigns.add_campaign(
        turn, name=name, type_=str(order.get("type", "predictive")), skill_id=str(order.get("skill_id", SKILLS[0][0]))
    )
    campaigns.audit(turn, "create campaign", user="console")
    return f"A colleague created the campaign {name}."


def _records(turn: Turn, order: Order, campaign: int) -> list[int]:
    """The records meant by `key`, or the first `count` (default 1)."""
    rows = turn.db.execute(
        "SELECT seq FROM wolkvox_record WHERE account = ? AND campaign = ? AND (? IS NULL OR customer_id = ?) "
        "ORDER BY seq LIMIT ?",
        (turn.account, campaign, order.get("key"), order.get("key"), int(order.get("count", 1))),
    )
    seqs = [seq for (seq,) in rows]
    if not seqs:
        raise Nothing("there is no such record")
    return seqs


def _remove_record(turn: Turn, order: Order) -> str:
    campaign = _wolkvox(turn, order)
    seqs = _records(turn, order, campaign["id"])
    turn.db.executemany("DELETE FROM wolkvox_record WHERE seq = ?", [(seq,) for seq in seqs])
    return f"A colleague removed {len(seqs)} record(s) from {campaign['name']}."


def _add_record(turn: Turn, order: Order) -> str:
    campaign = _wolkvox(turn, order)
    row = {"customer_id": str(order.get("key", "manual-1")), "tel1": str(order.get("phone", "3005550100"))}
    decoder = records.DECODERS[campaign["type"]]
    records.store_rows(turn, campaign["id"], decoder.decode(msgspec.json.encode([row])))
    campaigns.set_status(turn, campaign["id"], campaign["status"])
    return f"A colleague added 1 record to {campaign['name']}."


def _dial(turn: Turn, order: Order) -> str:
    campaign = _wolkvox(turn, order)
    result = str(order.get("result", "NO ANSWER"))
    seqs = _records(turn, order, campaign["id"])
    for seq in seqs:
        calls = turn.db.execute("SELECT calls FROM wolkvox_record WHERE seq = ?", (seq,)).fetchone()[0]
        records.work(turn, seq, resultado=result, llamadas=str(calls + 1), fecha=local(turn.now), id_call=f"c{seq}")
        turn.db.execute("UPDATE wolkvox_record SET reached = 1 WHERE seq = ?", (seq,))
    return f"The dialer worked {len(seqs)} record(s) of {campaign['name']}: {result}."


def _lift_dnc(turn: Turn, order: Order) -> str:
    row = turn.db.execute(
        "SELECT phone FROM wolkvox_dnc WHERE account = ? AND (? IS NULL OR phone = ?) ORDER BY phone LIMIT 1",
        (turn.account, order.get("phone"), order.get("phone")),
    ).fetchone()
    if row is None:
        raise Nothing("the do-not-call list has no such number")
    lists.remove_dnc(turn, [row[0]], lists.DIRECTIONS[str(order.get("direction", "all"))])
    return "A colleague took 1 number off the do-not-call list."


def _add_dnc(turn: Turn, order: Order) -> str:
    lists.add_dnc(turn, str(order.get("phone", "3005550199")), str(order.get("direction", "outbound")))
    return "A colleague put 1 number on the do-not-call list."


def _lynn(turn: Turn, order: Order) -> tuple[str, dict[str, Any], bool]:
    wished = order.get("campaign")
    for id_, body, running in turn.db.execute(
        "SELECT id, body, running FROM lynn_campaign WHERE account = ? ORDER BY seq", (turn.account,)
    ).fetchall():
        known = json.loads(body)
        if wished in (None, id_, known["name"]):
            return id_, known, bool(running)
    raise Nothing("there is no such campaign")


def _lynn_description(turn: Turn, order: Order) -> str:
    id_, body, running = _lynn(turn, order)
    wish = {"description": str(order.get("description", "editada en la consola"))}
    lynn.write_campaign(turn, id_, body | wish, running=running)
    return f"A colleague rewrote the description of {body['name']}."


def _lynn_running(running: bool, word: str) -> Act:
    def act(turn: Turn, order: Order) -> str:
        id_, body, _ = _lynn(turn, order)
        lynn.set_running(turn, id_, running)
        return f"A colleague {word} {body['name']}."

    return act


def _lynn_delete(turn: Turn, order: Order) -> str:
    id_, body, _ = _lynn(turn, order)
    lynn.delete_campaign(turn, id_)
    return f"A colleague deleted {body['name']}."


def _lynn_add(turn: Turn, order: Order) -> str:
    name = str(order.get("name", "hecha-a-mano"))
    wish = {"division": "Ventas", "category": "general", "campaignType": "SingleMessage", "executionMode": "Manual"}
    lynn.add_campaign(turn, lynn.campaign_body(wish | {"name": name}))
    return f"A colleague created the campaign {name}."


def _lynn_contact(turn: Turn, order: Order) -> str:
    phone = str(order.get("phone", "56955550100"))
    lynn_contacts.add_contact(turn, {"name": "Contacto", "channel": "whatsapp", "identifier": phone})
    return "A customer wrote in, and became 1 contact."


def _known_contact(turn: Turn, order: Order) -> str:
    """The id of the wished contact; of the first one without a wish."""
    contact = turn.db.execute(
        "SELECT id FROM lynn_contact WHERE account = ? AND (? IS NULL OR identifier = ?) ORDER BY seq LIMIT 1",
        (turn.account, order.get("phone"), order.get("phone")),
    ).fetchone()
    if contact is None:
        raise Nothing("there is no such contact")
    return str(contact[0])


def _lynn_edit(turn: Turn, order: Order) -> str:
    name, id_ = str(order.get("name", "Corregido")), _known_contact(turn, order)
    turn.db.execute("UPDATE lynn_contact SET name = ? WHERE account = ? AND id = ?", (name, turn.account, id_))
    return "A colleague corrected the name of 1 contact."


def _opt_out(turn: Turn, order: Order) -> str:
    id_, body, _ = _lynn(turn, order)
    set_dnd(turn, _known_contact(turn, order), id_, True)
    return f"A contact asked not to be disturbed by {body['name']}."


def _activate(turn: Turn, order: Order) -> str:
    row = turn.db.execute(
        "SELECT seq, filename FROM ucontact_base WHERE account = ? AND active = 0 AND (? IS NULL OR filename = ?) "
        "ORDER BY seq LIMIT 1",
        (turn.account, order.get("filename"), order.get("filename")),
    ).fetchone()
    if row is None:
        raise Nothing("no base waits to be activated")
    reached = ucontact.activate(turn, row[0])
    return f"A colleague activated the base {row[1]}: {reached} people are called."


def _playing(playing: bool) -> Act:
    def act(turn: Turn, order: Order) -> str:
        row = turn.db.execute(
            "SELECT name, channel FROM ucontact_dialer WHERE account = ? AND (? IS NULL OR name = ?) ORDER BY name",
            (turn.account, order.get("campaign"), order.get("campaign")),
        ).fetchone()
        if row is None:
            raise Nothing("there is no such dialer")
        turn.db.execute(
            "UPDATE ucontact_dialer SET playing = ? WHERE account = ? AND name = ?", (playing, turn.account, row[0])
        )
        waiting = turn.db.execute(
            "SELECT DISTINCT b.seq FROM ucontact_base b JOIN ucontact_row r ON r.base = b.seq "
            "WHERE b.account = ? AND b.active = 0 AND b.channel != 'telephony' AND r.dialer = ?",
            (turn.account, row[0]),
        ).fetchall()
        for (base,) in waiting if playing else ():
            ucontact.activate(turn, base)
        return f"A colleague {'started' if playing else 'stopped'} the dialer {row[0]}."

    return act


ACTIONS: MappingProxyType[str, dict[str, Act]] = MappingProxyType(
    {
        "wolkvox": {  # the first action of a platform is the one that an order without words means
            "speed": _speed,
            "rename": _rename,
            "description": _description,
            "stop": _wolkvox_status("Stopped"),
            "start": _wolkvox_status("Started"),
            "delete": _wolkvox_delete,
            "add-campaign": _wolkvox_add,
            "remove-record": _remove_record,
            "add-record": _add_record,
            "dial": _dial,
            "lift-dnc": _lift_dnc,
            "add-dnc": _add_dnc,
        },
        "lynn": {
            "description": _lynn_description,
            "stop": _lynn_running(False, "stopped"),
            "start": _lynn_running(True, "started"),
            "delete": _lynn_delete,
            "add-campaign": _lynn_add,
            "add-contact": _lynn_contact,
            "edit-contact": _lynn_edit,
            "opt-out": _opt_out,
        },
        "ucontact": {"activate": _activate, "stop": _playing(False), "play": _playing(True)},
    }
)


def play(turn_of: Callable[[str], Turn], accounts: list[str], order: Order) -> dict[str, str]:
    """Carry an order out on the first account that it fits; raises ValueError when it fits none.

    `order` = {platform? (a platform or an account), action?, and the action's own words}.
    """
    wished = order.get("platform")
    action = order.get("action")
    reasons: list[str] = []
    for account in accounts:
        turn = turn_of(account)
        if wished not in (None, account, turn.platform):
            continue
        actions = ACTIONS[turn.platform]
        name = str(action) if action else next(iter(actions))
        if name not in actions:
            reasons.append(f"{turn.platform} knows {', '.join(actions)}")
            continue
        try:
            return {"account": account, "action": name, "did": actions[name](turn, order)}
        except Nothing as nothing:
            reasons.append(f"{account}: {nothing}")
        except (Refused, KeyError, msgspec.ValidationError) as error:
            raise ValueError(f"{account}: the platform does not allow that") from error
    raise ValueError("; ".join(dict.fromkeys(reasons)) or f"there is no account {wished!r}")
