"""Records of wolkvox campaigns: add, export, find, close, recall, remove, clear.

A record is kept as the JSON that the export shows: `shown` holds what was uploaded, under the export's Spanish names,
and `worked` what happened since. An export of 50,000 rows is then a concatenation.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

import msgspec

from reconciler.sandbox.exchange import Answer, Ask, Refused, Turn
from reconciler.sandbox.wolkvox import dialling
from reconciler.sandbox.wolkvox.campaigns import asked_campaign, audit, campaign_row, set_status
from reconciler.sandbox.wolkvox.wire import (
    Operation,
    bad,
    done,
    found,
    local,
    missing,
    object_body,
    refused,
    span,
    texts,
    wanted,
)

Hundred = Annotated[str, msgspec.Meta(max_length=100)]
TwoHundred = Annotated[str, msgspec.Meta(max_length=200)]
Telephone = Annotated[str, msgspec.Meta(pattern=r"^[0-9]{0,20}$")]
Moment = Annotated[str, msgspec.Meta(pattern=r"^([0-9]{14})?$")]
Key = Annotated[str, msgspec.Meta(min_length=1, max_length=100)]


class Uploaded(msgspec.Struct, forbid_unknown_fields=True):
    """What both kinds of campaign take in `add_record`; only `customer_id` and `tel1` must hold something."""

    customer_id: Key
    tel1: Annotated[str, msgspec.Meta(pattern=r"^[0-9]{1,20}$")]
    customer_name: str = ""
    customer_last_name: str = ""
    id_type: str = ""
    age: str = ""
    gender: str = ""
    country: str = ""
    state: str = ""
    city: str = ""
    zone: str = ""
    address: str = ""
    opt1: Hundred = ""
    opt2: Hundred = ""
    opt3: Hundred = ""
    opt4: Hundred = ""
    opt5: Hundred = ""
    opt6: Hundred = ""
    opt7: TwoHundred = ""
    opt8: TwoHundred = ""
    opt9: TwoHundred = ""
    opt10: TwoHundred = ""
    opt11: TwoHundred = ""
    opt12: TwoHundred = ""
    tel2: Telephone = ""
    tel3: Telephone = ""
    tel4: Telephone = ""
    tel5: Telephone = ""
    tel6: Telephone = ""
    tel7: Telephone = ""
    tel8: Telephone = ""
    tel9: Telephone = ""
    tel10: Telephone = ""

    def phones(self) -> str:
        """Its numbers, main one first, joined by blanks."""
        numbers = (
            self.tel1, self.tel2, self.tel3, self.tel4, self.tel5, self.tel6, self.tel7, self.tel8, self.tel9,
            self.tel10,
        )  # fmt: skip
        return " ".join(filter(None, numbers))


class Predictive(Uploaded, forbid_unknown_fields=True):
    """A record of a predictive campaign."""

    tel_extra: Telephone = ""
    email: str = ""
    recall_date: Moment = ""
    recall_telephone: Telephone = ""

    def phones(self) -> str:
        return " ".join(filter(None, (Uploaded.phones(self), self.tel_extra)))


class Preview(Uploaded, forbid_unknown_fields=True):
    """A record of a preview campaign, which may be promised to one agent."""

    agent_id: str = ""


EXPORT_NAMES = {
    "customer_name": "nombre_cliente",
    "customer_last_name": "apellido_cliente",
    "id_type": "tipo_doc",
    "customer_id": "id_cliente",
    "age": "edad",
    "gender": "sexo",
    "country": "pais",
    "state": "departamento",
    "city": "ciudad",
    "zone": "zona",
    "address": "direccion",
    "agent_id": "id_agent",
}
WORKED = {
    "resultado": "CLEAN", "fecha": "", "llamadas": "0", "id_call": "", "cod_rslt1": "", "description_cod1": "",
    "cod_rslt2": "", "description_cod2": "", "comentarios": "", "rellamada": "", "rellamada_count": "0",
    "rellamada_tel": "", "last_dial_tele": "", "history_dial_tel": "", "rellamada_info": "",
}  # fmt: skip
FRESH = b"," + msgspec.json.encode(WORKED)[1:]
ENGLISH = {spanish: english for english, spanish in EXPORT_NAMES.items()}
FOUND = (
    "customer_name customer_last_name customer_id country state city zone address "
    + " ".join(f"opt{n}" for n in range(1, 13))
    + " "
    + " ".join(f"tel{n}" for n in range(1, 11))
).split()
DETAILED = [*FOUND, "id_type", "gender", "tel_extra", "agent_id"]
DECODERS: dict[str, msgspec.json.Decoder[Any]] = {
    "predictive": msgspec.json.Decoder(list[Predictive]),
    "preview": msgspec.json.Decoder(list[Preview]),
}


BOTH = len(Uploaded.__struct_fields__)
Shown = msgspec.defstruct(
    "Shown",
    [(name, str) for name in (*Uploaded.__struct_fields__, "tel_extra", "email", "agent_id")],
    rename=EXPORT_NAMES,
)


def _shown(row: Uploaded) -> bytes:
    """The record's uploaded half as open JSON: its closing brace comes with the worked half."""
    own = msgspec.structs.astuple(row)
    extra = (own[BOTH], own[BOTH + 1], "") if isinstance(row, Predictive) else ("", "", own[BOTH])
    return msgspec.json.encode(Shown(*own[:BOTH], *extra))[:-1]


def worked_json(**changes: str) -> bytes:
    return b"," + msgspec.json.encode(WORKED | changes)[1:]


def work(turn: Turn, seq: int, **changes: str) -> dict[str, str]:
    """Write what happened to a record into its worked half, and give that half as it is now."""
    row = turn.db.execute("SELECT worked FROM wolkvox_record WHERE seq = ?", (seq,)).fetchone()
    now: dict[str, str] = msgspec.json.decode(b"{" + row[0][1:]) | changes
    turn.db.execute(
        "UPDATE wolkvox_record SET worked = ?, result = ?, calls = ? WHERE seq = ?",
        (b"," + msgspec.json.encode(now)[1:], now["resultado"], int(now["llamadas"]), seq),
    )
    return now


def store_rows(turn: Turn, campaign_id: int, rows: list[Any], *, reached: bool = False) -> None:
    """Append records, duplicates included; `reached` marks them as dialled before the story begins (seeding)."""
    turn.db.executemany(
        "INSERT INTO wolkvox_record (account, campaign, customer_id, phones, result, calls, closed, reached, worked, "
        "shown) VALUES (?, ?, ?, ?, 'CLEAN', 0, 0, ?, ?, ?)",
        [
            (
                turn.account, campaign_id, row.customer_id, row.phones(), int(reached),
                worked_json(rellamada=row.recall_date, rellamada_tel=row.recall_telephone)
                if isinstance(row, Predictive) and row.recall_date else FRESH,
                _shown(row),
            )
            for row in rows
        ],
    )  # fmt: skip


def _add(turn: Turn, ask: Ask) -> Answer:
    wanted(ask, "type_campaign")
    campaign = asked_campaign(turn, ask)
    try:
        rows = DECODERS[campaign["type"]].decode(ask.body)
    except msgspec.DecodeError as error:
        raise bad("THE RECORDS ARE NOT VALID") from error
    if not rows:
        raise bad()
    if len(rows) > turn.limits["rows_up"]:
        raise bad(f"EXCEEDS THE LIMIT OF RECORDS PER CALL ({turn.limits['rows_up']})")
    stored = turn.taken(len(rows))
    store_rows(turn, campaign["id"], rows[:stored])
    audit(turn, f"add {len(rows)} records to campaign {campaign['id']}")
    # The page calls it the campaign's current state; the worst reading, that it sets the state, is simulated.
    status = {"start": "Started", "stop": "Stopped"}.get(ask.query.get("campaign_status", ""))
    if status and campaign["type"] == "predictive" and status != campaign["status"]:
        set_status(turn, campaign["id"], status)
    else:
        dialling.dial(turn, campaign["id"])
    return done("201", "All records has been added successfully", [{"total_registers": str(turn.told(len(rows), stored))}])


def _export(turn: Turn, ask: Ask) -> Answer:
    campaign = campaign_row(turn, wanted(ask, "campaign_id"))
    total = turn.db.execute(
        "SELECT count(*) FROM wolkvox_record WHERE account = ? AND campaign = ?", (turn.account, campaign["id"])
    ).fetchone()[0]
    rows = turn.db.execute(
        "SELECT shown, worked FROM wolkvox_record WHERE account = ? AND campaign = ? ORDER BY seq LIMIT ?",
        (turn.account, campaign["id"], turn.limits["rows_down"]),
    )
    head = f'{{"code":"200","total_records":"{total}","campaign_id":"{campaign["id"]}","records":['
    return Answer(status=200, body=head.encode() + b",".join([shown + worked for shown, worked in rows]) + b"]}")


def _english(shown: bytes) -> dict[str, str]:
    native: dict[str, str] = msgspec.json.decode(shown + b"}")
    return {ENGLISH.get(name, name): value for name, value in native.items()}


def _find(turn: Turn, ask: Ask) -> Answer:
    campaign_id, phone, key = (ask.query.get(name, "") for name in ("campaign_id", "customer_phone", "customer_id"))
    if not phone and not key:
        raise bad()
    only = campaign_row(turn, campaign_id)["id"] if campaign_id else None
    rows = turn.db.execute(
        "SELECT campaign, shown, worked FROM wolkvox_record WHERE account = ? AND (? IS NULL OR campaign = ?) "
        "AND (? = '' OR customer_id = ?) AND (? = '' OR instr(' ' || phones || ' ', ' ' || ? || ' ')) "
        "ORDER BY seq LIMIT ?",
        (turn.account, only, only, key, key, phone, phone, turn.limits["rows_down"]),
    )
    data = []
    for campaign, shown, worked in rows:
        english, state = _english(shown), msgspec.json.decode(b"{" + worked[1:])
        data.append(
            {name: english[name] for name in FOUND}
            | {"date": state["fecha"], "calls": state["llamadas"], "conn_id": state["id_call"]}
            | {"result": state["resultado"], "campaign_id": str(campaign)}
        )
    return found("200", data)


def _detail(turn: Turn, ask: Ask) -> Answer:
    campaign = asked_campaign(turn, ask)
    first, last = (local(moment) for moment in span(turn, ask))
    data = []
    for shown, worked in turn.db.execute(
        "SELECT shown, worked FROM wolkvox_record WHERE account = ? AND campaign = ? AND (calls > 0 OR closed) "
        "ORDER BY seq LIMIT ?",
        (turn.account, campaign["id"], turn.limits["rows_down"]),
    ):
        english, state = _english(shown), msgspec.json.decode(b"{" + worked[1:])
        if not first <= state["fecha"] <= last or (ask.query.get("detail", "default") != "all" and not state["id_call"]):
            continue
        data.append(
            {name: english[name] for name in DETAILED}
            | {"date": state["fecha"], "calls": state["llamadas"], "conn_id": state["id_call"]}
            | {"recall": state["rellamada"], "result": state["resultado"], "cod_act": state["cod_rslt1"]}
            | {"cod_act_2": state["cod_rslt2"], "recall_count": state["rellamada_count"]}
            | {"comments": state["comentarios"]}
        )
    return found("200", data)


def _seqs(turn: Turn, campaign_id: int, customer_id: str) -> list[int]:
    rows = turn.db.execute(
        "SELECT seq FROM wolkvox_record WHERE account = ? AND campaign = ? AND customer_id = ?",
        (turn.account, campaign_id, customer_id),
    )
    found_ = [seq for (seq,) in rows]
    if not found_:
        raise missing("THE CUSTOMER_ID DOES NOT EXIST")
    return found_


def close(turn: Turn, seq: int, code: str, code_2: str = "", comment: str = "") -> None:
    """Code a record, so that it is not dialled again."""
    work(turn, seq, cod_rslt1=code, cod_rslt2=code_2, comentarios=comment, fecha=local(turn.now))
    turn.db.execute("UPDATE wolkvox_record SET closed = 1 WHERE seq = ?", (seq,))


def _codify(turn: Turn, ask: Ask) -> Answer:
    campaign = asked_campaign(turn, ask)
    body = texts(object_body(ask, known={"cod_act", "cod_act_2", "comment", "customer_id"}))
    if not body.get("cod_act") or not body.get("customer_id"):
        raise bad()
    for seq in _seqs(turn, campaign["id"], body["customer_id"]):
        close(turn, seq, body["cod_act"], body.get("cod_act_2", ""), body.get("comment", ""))
    audit(turn, f"code a record of campaign {campaign['id']}")
    return done(202, f"customer_id {body['customer_id']} has been coded")


def _recall(turn: Turn, ask: Ask) -> Answer:
    campaign = asked_campaign(turn, ask)
    body = texts(object_body(ask, known={"recall_date", "recall_telephone", "customer_id"}))
    if not all(body.get(name) for name in ("recall_date", "recall_telephone", "customer_id")):
        raise bad()
    if not re.fullmatch(r"\d{14}", body["recall_date"]) or campaign["type"] != "predictive":
        raise bad("INVALID DATE FORMAT")
    for seq in _seqs(turn, campaign["id"], body["customer_id"]):
        work(turn, seq, rellamada=body["recall_date"], rellamada_tel=body["recall_telephone"])
        turn.db.execute("UPDATE wolkvox_record SET reached = 0 WHERE seq = ?", (seq,))
    audit(turn, f"recall a record of campaign {campaign['id']}")
    dialling.dial(turn, campaign["id"])
    return done(
        202,
        f"customer_id {body['customer_id']} has been updated and will be call back on {body['recall_date']} "
        f"to phone {body['recall_telephone']}",
    )


def _redial(turn: Turn, ask: Ask) -> Answer:
    campaign = campaign_row(turn, wanted(ask, "campaign_id"))
    body = texts(object_body(ask, known={"field", "value"}))
    field, value = body.get("field", ""), body.get("value", "")
    columns = {"Cod_Machine": "resultado", "cod_rslt1": "cod_rslt1", "cod_rslt2": "cod_rslt2"}
    if campaign["type"] != "predictive" or field not in columns or not value:
        raise bad()
    wished = re.sub(r"[ _-]", "-", value.upper()) if field == "Cod_Machine" else value
    hits = []
    for seq, worked in turn.db.execute(
        "SELECT seq, worked FROM wolkvox_record WHERE account = ? AND campaign = ?", (turn.account, campaign["id"])
    ).fetchall():
        has = msgspec.json.decode(b"{" + worked[1:])[columns[field]]
        if (re.sub(r"[ _-]", "-", has.upper()) if field == "Cod_Machine" else has) == wished:
            hits.append(seq)
    for seq in hits:
        work(turn, seq, resultado="CLEAN")
        turn.db.execute("UPDATE wolkvox_record SET reached = 0, closed = 0 WHERE seq = ?", (seq,))
    audit(turn, f"recall {len(hits)} records of campaign {campaign['id']}")
    dialling.dial(turn, campaign["id"])
    data = {"campaign_id": str(campaign["id"]), "field": field, "value": value, "normalized_value": wished}
    msg = f"{len(hits)} record(s) have been marked for recall successfully"
    return done("200", msg, [data | {"affected_records": str(len(hits))}])


def remove(turn: Turn, campaign_id: int, customer_ids: list[str]) -> int:
    """Delete every record with one of the ids, its history with it; gives how many ids were there."""
    gone = 0
    for one in customer_ids:
        deleted = turn.db.execute(
            "DELETE FROM wolkvox_record WHERE account = ? AND campaign = ? AND customer_id = ?",
            (turn.account, campaign_id, one),
        )
        gone += deleted.rowcount > 0
    return gone


def _remove(turn: Turn, ask: Ask) -> Answer:
    wanted(ask, "type_campaign")
    campaign = asked_campaign(turn, ask)
    body = texts(object_body(ask, known={"customer_id"}))
    ids = [one for one in body.get("customer_id", "").split(",") if one.strip()]
    if not ids:
        raise bad()
    if len(ids) > turn.limits["rows_up"]:
        raise bad(f"EXCEEDS THE LIMIT OF RECORDS PER CALL ({turn.limits['rows_up']})")
    if not remove(turn, campaign["id"], ids[: turn.taken(len(ids))]) and turn.share is None:
        raise missing("THE CUSTOMER_ID DOES NOT EXIST")
    audit(turn, f"remove {len(ids)} records of campaign {campaign['id']}")
    return done(202, f"customer_id {','.join(ids)} has been deleted successfully")


def _clear(turn: Turn, ask: Ask) -> Answer:
    wanted(ask, "type_campaign")
    campaign = asked_campaign(turn, ask)
    result = re.sub(r"[ _-]", " ", ask.query.get("result", "").upper())
    turn.db.execute(
        "DELETE FROM wolkvox_record WHERE account = ? AND campaign = ? AND (? = '' OR replace(result, '-', ' ') = ?)",
        (turn.account, campaign["id"], result, result),
    )
    audit(turn, f"clear campaign {campaign['id']}")
    return done(202, f"All records has been deleted of campaign_id {campaign['id']} successfully")


def _block(turn: Turn, ask: Ask) -> Answer:
    body = object_body(ask, known={"id_campaing", "id_cliente"})
    ids = body.get("id_cliente")
    if not isinstance(body.get("id_campaing"), str) or not isinstance(ids, list) or not ids:
        raise bad()
    if not all(isinstance(one, str) for one in ids):
        raise bad("INVALID FIELDS")
    campaign = campaign_row(turn, body["id_campaing"])
    if campaign["type"] != "predictive":
        raise Refused(refused(400, "THE CAMPAIGN IS NOT PREDICTIVE"))
    marked = 0
    for one in ids[: turn.taken(len(ids))]:
        for (seq,) in turn.db.execute(
            "SELECT seq FROM wolkvox_record WHERE account = ? AND campaign = ? AND customer_id = ?",
            (turn.account, campaign["id"], one),
        ).fetchall():
            work(turn, seq, resultado=dialling.DO_NOT_CALL, fecha=local(turn.now))
            marked += 1
    audit(turn, f"mark {marked} records of campaign {campaign['id']}")
    return done("202", f"{marked} records were successfully marked as DO-NOT-CALL in campaign {campaign['id']}")


def _recalls(turn: Turn, ask: Ask) -> Answer:
    if wanted(ask, "type") not in ("all", "manual", "auto"):
        raise bad()
    rows = turn.db.execute(
        "SELECT campaign, worked FROM wolkvox_record WHERE account = ? AND instr(CAST(worked AS TEXT), ?) = 0",
        (turn.account, '"rellamada":""'),
    )
    data = []
    for campaign, worked in rows:
        state = msgspec.json.decode(b"{" + worked[1:])
        data.append(
            {"type_recall": "auto", "date_recall": state["rellamada"], "phone_number": state["rellamada_tel"]}
            | {"id_campaing": str(campaign), "id_agent": ""}
        )
    return found("200", data)


OPERATIONS = (
    Operation(method="POST", script="campaign", api="add_record", style="str", answer=_add),
    Operation(method="GET", script="campaign", api="campaign_15", style="str", answer=_export, reads=True),
    Operation(method="GET", script="campaign", api="find_record", style="str", answer=_find, reads=True),
    Operation(method="GET", script="campaign", api="detail", style="str", answer=_detail, reads=True),
    Operation(method="PUT", script="campaign", api="codify", style="int", answer=_codify),
    Operation(method="PUT", script="campaign", api="recall", style="int", answer=_recall),
    Operation(method="PUT", script="campaign", api="recall_records", style="str", answer=_redial),
    Operation(method="DELETE", script="campaign", api="remove_record", style="int", answer=_remove),
    Operation(method="DELETE", script="campaign", api="clear_campaign", style="int", answer=_clear),
    Operation(method="PUT", script="configuration", api="block_predictive_dnc", style="str", answer=_block),
    Operation(method="GET", script="real_time", api="recall", style="str", answer=_recalls, reads=True),
)
