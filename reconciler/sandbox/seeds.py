"""What an account holds before the story begins, and what it holds now in numbers.

`sow` takes, per platform:
- wolkvox: `skills` [{id, name}], `campaigns` [{name, type?, skill_id?, description?, status?, speed?, records? […]}],
  `dnc` [{phone, direction?, days?}];
- lynn: `campaigns` [{name, division?, category?, campaignType?, executionMode?, startDate?, …, running?}],
  `contacts` [{channel, identifier, name?, correlationIds?}];
- ucontact: `dialers` [{channel: sms|telephony|email, name, agent?, playing?}];
- all: `limits` {…} as in `limits.LIMITS`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from reconciler.sandbox import ucontact
from reconciler.sandbox.exchange import Refused, Turn
from reconciler.sandbox.limits import checked
from reconciler.sandbox.lynn import campaigns as lynn_campaigns
from reconciler.sandbox.lynn import contacts as lynn_contacts
from reconciler.sandbox.store import set_limits
from reconciler.sandbox.wolkvox import SKILLS, lists, records
from reconciler.sandbox.wolkvox import campaigns as wolkvox_campaigns

STANDARD = ("wolkvox", "ucontact")
KNOWN = {
    "wolkvox": {"skills", "campaigns", "dnc", "limits"},
    "lynn": {"campaigns", "contacts", "limits"},
    "ucontact": {"dialers", "limits"},
}


def standard(turn_of: Callable[[str], Turn]) -> None:
    """The accounts that are there from the start; Lynn's tenants appear when they log in."""
    for account in STANDARD:
        turn_of(account)


def first_sight(turn: Turn) -> None:
    """What a new account holds: skills on wolkvox, dialers on uContact, nothing on Lynn."""
    if turn.platform == "wolkvox":
        turn.db.executemany(
            "INSERT OR REPLACE INTO wolkvox_skill (account, id, name, description) VALUES (?, ?, ?, '')",
            [(turn.account, id_, name) for id_, name in SKILLS],
        )
    if turn.platform == "ucontact":
        for channel, name in ucontact.DIALERS:
            _sow_dialer(turn, {"channel": channel, "name": name})


def sow(turn: Turn, content: Mapping[str, Any]) -> dict[str, Any]:
    """Put `content` into the account; answers with the ids made. Raises ValueError on what is not known."""
    unknown = set(content) - KNOWN[turn.platform]
    if unknown:
        raise ValueError(f"unknown seed for {turn.platform}: {', '.join(sorted(unknown))}")
    set_limits(turn.db, turn.account, checked(turn.platform, dict(content.get("limits", {}))))
    makers: dict[tuple[str, str], Callable[[Turn, dict[str, Any]], str]] = {
        ("wolkvox", "skills"): _sow_skill,
        ("wolkvox", "campaigns"): _sow_wolkvox_campaign,
        ("wolkvox", "dnc"): _sow_dnc,
        ("lynn", "campaigns"): _sow_lynn_campaign,
        ("lynn", "contacts"): lynn_contacts.add_contact,
        ("ucontact", "dialers"): _sow_dialer,
    }
    try:
        return {
            what: [makers[turn.platform, what](turn, dict(one)) for one in rows]
            for what, rows in content.items()
            if what != "limits"
        }
    except (Refused, KeyError, TypeError, msgspec.ValidationError) as error:
        raise ValueError(f"the seed does not fit: {type(error).__name__}") from error


def _sow_skill(turn: Turn, one: dict[str, Any]) -> str:
    turn.db.execute(
        "INSERT OR REPLACE INTO wolkvox_skill (account, id, name, description) VALUES (?, ?, ?, '')",
        (turn.account, str(one["id"]), one["name"]),
    )
    return str(one["id"])


def _sow_wolkvox_campaign(turn: Turn, one: dict[str, Any]) -> str:
    rows = one.pop("records", [])
    type_ = one.pop("type", "predictive")
    skill = str(one.pop("skill_id", SKILLS[0][0]))
    made = wolkvox_campaigns.add_campaign(turn, name=one.pop("name"), type_=type_, skill_id=skill, **one)
    records.store_rows(turn, made, records.DECODERS[type_].decode(msgspec.json.encode(rows)), reached=True)
    return str(made)


def _sow_dnc(turn: Turn, one: dict[str, Any]) -> str:
    for direction in lists.DIRECTIONS[one.get("direction", "outbound")]:
        lists.add_dnc(turn, one["phone"], direction, days=int(one.get("days", 0)))
    return str(one["phone"])


def _sow_lynn_campaign(turn: Turn, one: dict[str, Any]) -> str:
    running = bool(one.pop("running", False))
    defaults = {"division": "Ventas", "category": "general", "campaignType": "SingleMessage", "executionMode": "Manual"}
    return lynn_campaigns.add_campaign(turn, lynn_campaigns.campaign_body(defaults | one), running=running)


def _sow_dialer(turn: Turn, one: dict[str, Any]) -> str:
    if one["channel"] not in ucontact.WHAT:
        raise KeyError(one["channel"])
    turn.db.execute(
        "INSERT OR REPLACE INTO ucontact_dialer (account, channel, name, agent, playing) VALUES (?, ?, ?, ?, ?)",
        (turn.account, one["channel"], one["name"], one.get("agent", ""), int(one.get("playing", True))),
    )
    return str(one["name"])


# --- in numbers

COUNTS = {
    "wolkvox": {
        "campaigns": "SELECT count(*) FROM wolkvox_campaign WHERE account = ?",
        "started": "SELECT count(*) FROM wolkvox_campaign WHERE account = ? AND status = 'Started'",
        "records": "SELECT count(*) FROM wolkvox_record WHERE account = ?",
        "dnc": "SELECT count(*) FROM wolkvox_dnc WHERE account = ?",
    },
    "lynn": {
        "campaigns": "SELECT count(*) FROM lynn_campaign WHERE account = ?",
        "contacts": "SELECT count(*) FROM lynn_contact WHERE account = ?",
        "rows": "SELECT count(*) FROM lynn_row WHERE account = ?",
        "dnd": "SELECT count(*) FROM lynn_dnd WHERE account = ?",
    },
    "ucontact": {
        "campaigns": "SELECT count(*) FROM ucontact_dialer WHERE account = ?",
        "bases": "SELECT count(*) FROM ucontact_base WHERE account = ?",
        "bases_waiting": "SELECT count(*) FROM ucontact_base WHERE account = ? AND active = 0",
    },
}


def summary(turn: Turn) -> dict[str, Any]:
    """The account in counts: {account, platform, counts, calls_left?, effects}."""
    counts = {name: turn.db.execute(query, (turn.account,)).fetchone()[0] for name, query in COUNTS[turn.platform].items()}
    reached = turn.db.execute("SELECT count(*) FROM effect WHERE account = ?", (turn.account,)).fetchone()[0]
    calls = turn.db.execute("SELECT count(*) FROM call WHERE account = ?", (turn.account,)).fetchone()[0]
    shown = {"account": turn.account, "platform": turn.platform, "counts": counts, "effects": reached, "calls": calls}
    if turn.platform == "wolkvox":
        most = int(turn.limits["calls_per_day"])
        shown |= {"calls_left": max(0, most - lists.used_today(turn)), "calls_per_day": most}
    return shown


def campaigns(turn: Turn, most: int = 200) -> list[dict[str, Any]]:
    """The account's campaigns for the page: [{id, name, state, detail, rows}], at most `most`."""
    queries = {
        "wolkvox": "SELECT c.id, c.name, c.status, c.type || ' · speed ' || c.speed, "
        "(SELECT count(*) FROM wolkvox_record r WHERE r.account = c.account AND r.campaign = c.id) "
        "FROM wolkvox_campaign c WHERE c.account = ? ORDER BY c.id LIMIT ?",
        "lynn": "SELECT c.id, json_extract(c.body, '$.name'), CASE WHEN c.mode = 'AlwaysOn' OR c.running THEN 'Started' "
        "WHEN c.mode = 'Scheduled' THEN 'Scheduled' ELSE 'Stopped' END, "
        "c.mode || ' · ' || json_extract(c.body, '$.category'), "
        "(SELECT count(*) FROM lynn_row r WHERE r.account = c.account AND r.campaign = c.id) "
        "FROM lynn_campaign c WHERE c.account = ? ORDER BY c.seq LIMIT ?",
        "ucontact": "SELECT '', d.name, CASE WHEN d.playing THEN 'Playing' ELSE 'Stopped' END, d.channel, "
        "(SELECT count(*) FROM ucontact_row r WHERE r.account = d.account AND r.dialer = d.name) "
        "FROM ucontact_dialer d WHERE d.account = ? ORDER BY d.channel, d.name LIMIT ?",
    }
    columns = ("id", "name", "state", "detail", "rows")
    rows = turn.db.execute(queries[turn.platform], (turn.account, most))
    return [dict(zip(columns, row, strict=True)) for row in rows]
