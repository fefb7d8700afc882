"""Lynn's campaign rows: each is a message to a person, and none can be listed, changed or taken back.

Assumed: rows go out as soon as their campaign runs, duplicates included; a row whose number belongs to a contact on the
campaign's do-not-disturb list is left out; loading rows makes no contacts; the content of a .cpg file is not looked into.
"""

from __future__ import annotations

import hashlib
import io
import json
import uuid
from typing import Any

from python_multipart import parse_form

from reconciler.sandbox.effects import Reached, log
from reconciler.sandbox.exchange import Answer, Ask, Turn, json_answer
from reconciler.sandbox.lynn.campaigns import campaign_row, send_ready
from reconciler.sandbox.lynn.tasks import new_task, task_status
from reconciler.sandbox.lynn.wire import Method, object_body, problem


def add_rows(turn: Turn, campaign: str, template: str, rows: list[dict[str, str]]) -> None:
    turn.db.executemany(
        "INSERT INTO lynn_row (account, campaign, phone, template, data, state) VALUES (?, ?, ?, ?, ?, 'Ready')",
        [
            (turn.account, campaign, row["Telefono"], template, json.dumps(row, ensure_ascii=False, sort_keys=True))
            for row in rows
        ],
    )
    send_ready(turn, campaign)


def _add_rows(turn: Turn, ask: Ask, id_: str) -> Answer:
    del id_
    body = object_body(ask)
    campaign, data = str(body.get("campaingId", "")), body.get("data")
    stored, _ = campaign_row(turn, campaign) if campaign else (None, False)
    if stored is None:
        raise problem(400, "campaingId is required.")
    if stored["campaignType"] != "SingleMessage":
        raise problem(400, "Template rows go into campaigns of type SingleMessage.")
    try:
        template = str(uuid.UUID(str(body.get("templateId"))))
    except ValueError as error:
        raise problem(400, "templateId must be a GUID.") from error
    if body.get("typeOfData") != 0 or isinstance(body.get("typeOfData"), bool):
        raise problem(400, "typeOfData is not valid.")
    if not isinstance(data, list) or not data or not all(_sound_row(one) for one in data):
        raise problem(400, "data must list flat objects of strings with Nombre, Telefono and Etiquetas.")
    add_rows(turn, campaign, template, data[: turn.taken(len(data))])
    return json_answer({"taskId": new_task(turn, "rows", [])})


def _sound_row(row: Any) -> bool:
    if not isinstance(row, dict) or not all(isinstance(value, str) for value in row.values()):
        return False
    telephone = row.get("Telefono", "")
    return {"Nombre", "Telefono", "Etiquetas"} <= set(row) and telephone.isascii() and telephone.isdigit()


def _upload(turn: Turn, ask: Ask, id_: str) -> Answer:
    del id_
    files: list[tuple[str, bytes]] = []

    def keep(file: Any) -> None:
        file.file_object.seek(0)
        files.append(((file.file_name or b"").decode("utf-8", "replace"), file.file_object.read()))

    headers = {"Content-Type": ask.headers.get("content-type", "").encode()}
    try:
        parse_form(headers, io.BytesIO(ask.body), lambda field: None, keep)
    except ValueError as error:
        raise problem(400, "The body is not a multipart form.") from error
    if len(files) != 1 or not files[0][0].endswith(".cpg") or not files[0][1]:
        raise problem(400, "One .cpg file is required.")
    digest = hashlib.sha256(files[0][1]).hexdigest()
    if not turn.fails:
        log(turn, [Reached(container="UploadCampaignDataByTenant", recipient=digest, what="upload", key=files[0][0])])
    return json_answer({"taskId": new_task(turn, "rows", [])})


METHODS = {
    "AddCampaingData": Method(verb="POST", answer=_add_rows),
    "GetTaskStatus": Method(verb="GET", answer=task_status("rows"), by_id=True, reads=True),
    "UploadCampaignDataByTenant": Method(verb="POST", answer=_upload),
}
