"""wolkvox by the letter of its pages (wolkvox.md, sections 1 to 6)."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, Final

from tests.second_opinion.parts import Answer, Asked, Strict, WrongError, all_text

TOKEN: Final = "sandbox"  # the word that the tests give as every secret
OPTS: Final = tuple(f"opt{n}" for n in range(1, 13))
TELS: Final = tuple(f"tel{n}" for n in range(1, 11))
PERSON: Final = ("customer_name", "customer_last_name", "id_type", "customer_id", "age", "gender", "country", "state", "city",
                 "zone", "address")  # fmt: skip
SPANISH: Final = ("nombre_cliente", "apellido_cliente", "tipo_doc", "id_cliente", "edad", "sexo", "pais", "departamento",
                  "ciudad", "zona", "direccion")  # fmt: skip
RECORD: Final = {
    "predictive": {*PERSON, *OPTS, *TELS, "tel_extra", "email", "recall_date", "recall_telephone"},
    "preview": {*PERSON, *OPTS, *TELS, "agent_id"},
}
TO_EXPORT: Final = dict(zip(PERSON, SPANISH, strict=True)) | {
    "agent_id": "id_agent", "recall_date": "rellamada", "recall_telephone": "rellamada_tel"}  # fmt: skip
EDIT: Final = {"campaign_name", "campaign_description", "type_camp", "enable_edition", "start_time", "end_time", "skill_id",
               "amd_conf", "turbo_dial", "routing_recall", "camp_dial_order", "optional_labels"}  # fmt: skip
AMD: Final = {"ARG", "CHL", "COL", "CRI", "ECU", "ESP", "GTM", "HND", "ITA", "MEX", "NIC", "PAN", "PER"}

# api -> verb, script, query beside `api` (a name ending in ? may be left out)
CALLS: Final[dict[tuple[str, str], tuple[str, tuple[str, ...]]]] = {
    ("information", "campaigns"): ("GET", ("campaign?",)),
    ("information", "skills"): ("GET", ("skill?",)),
    ("information", "token_info"): ("GET", ()),
    ("information", "get_dnc"): ("GET", ("type",)),
    ("campaign", "create_campaign"): ("POST", ("type_campaign",)),
    ("campaign", "edit_campaign"): ("PUT", ("campaign_id",)),
    ("campaign", "speed"): ("PUT", ("campaign_id", "type_campaign?")),
    ("campaign", "start"): ("PUT", ("campaign_id", "type_campaign?")),
    ("campaign", "stop"): ("PUT", ("campaign_id", "type_campaign?")),
    ("campaign", "delete_campaign"): ("DELETE", ("type_campaign", "campaign_id?")),
    ("campaign", "add_record"): ("POST", ("type_campaign", "campaign_id", "campaign_status?")),
    ("campaign", "remove_record"): ("DELETE", ("type_campaign", "campaign_id")),
    ("campaign", "codify"): ("PUT", ("type_campaign", "campaign_id")),
    ("campaign", "campaign_15"): ("GET", ("campaign_id",)),
    ("campaign", "add_dnc"): ("POST", ()),
    ("configuration", "add_dnc"): ("POST", ()),
    ("configuration", "remove_dnc"): ("DELETE", ()),
    ("configuration", "block_predictive_dnc"): ("PUT", ()),
    ("sms", "send_sms"): ("POST", ()),
}


@dataclass(frozen=True)
class Ways:
    """What the pages leave open. Each field is a legal way to answer."""

    read_code: str = "text"  # text | int | empty | absent | null
    write_code: str = "int"  # int | text
    nothing: str = "list"  # list | absent | null | 404: a list without rows
    registers: str = "text"  # text | int | blank | all: how many records the campaign has now
    created: str = "id_campaign"  # id_campaign | id_campaing | int | message | unsaid
    status: str = "Started"  # the case of this word is the case of the answers
    numbers: type = str  # str | int
    filtered: bool = True  # whether campaign= is heeded
    extra: bool = False  # keys that no page names
    exports: str = "yes"  # yes | no: whether the server has campaign_15
    total: str = "text"  # text | int | blank | absent
    sparse: bool = False  # the export leaves out what is empty
    http: str = "mirrors"  # mirrors | 200: the status of refusals
    left: str = "number"  # number | blank | refused
    again: str = "accepted"  # accepted | 400: start when started
    deleted: str = "counts"  # counts | sample | one
    dated: str = "2026-11-24 10:00:00"
    skills: str = "yes"  # yes | 404 | 400
    direction: str = "own"  # own | both: what an entry for all directions is shown as


@dataclass
class Wolkvox(Strict):
    """One operation (tenant) of wolkvox."""

    ways: Ways = field(default_factory=Ways)
    campaigns: dict[str, dict[str, Any]] = field(default_factory=dict)
    records: dict[str, list[dict[str, str]]] = field(default_factory=dict)
    barred: dict[tuple[str, str], str] = field(default_factory=dict)
    marked: set[tuple[str, str]] = field(default_factory=set)
    sent: list[tuple[str, str]] = field(default_factory=list)
    used: int = 0
    limit: int = 1_000
    last_id: int = 7_000

    def operation(self, asked: Asked) -> str:
        return dict(asked.query).get("api", "?")

    def too_many(self) -> Answer:
        return self._no(403, "FORBIDDEN", "EXCEEDS THE LIMIT OF SIMULTANEOUS REQUESTS PER TOKEN (2)")

    def answer(self, asked: Asked) -> Answer:
        """The reply to one request, or the refusal that the pages print."""
        try:
            return self._answer(asked)
        except WrongError:
            return self._no(400, "BAD REQUEST", "SOME PARAMETERS ARE REQUIRED")

    def _answer(self, asked: Asked) -> Answer:
        if "wolkvox-token" not in asked.headers:
            return self._no(401, "UNAUTHORIZED", "PLEASE ENTER THE WOLKVOX-TOKEN")
        if asked.headers["wolkvox-token"] != TOKEN:
            return self._no(403, "FORBIDDEN", "PLEASE VALIDATE TOKEN")
        self.used += 1
        if self.used > self.limit:
            return self._no(403, "FORBIDDEN", "TOKEN LIMIT EXCEEDED")
        query = dict(asked.query)
        self.want(len(query) == len(asked.query), f"a parameter twice: {asked.query}")
        script = re.fullmatch(r"/api/v2/([a-z_]+)\.php", asked.path)
        self.want(script, f"path {asked.path}")
        assert script
        api = query.pop("api", "")
        call = CALLS.get((script[1], api))
        self.want(call, f"{script[1]}.php?api={api}")
        assert call
        verb, names = call
        self.want(asked.method == verb, f"{api}: verb {asked.method}")
        known = {name.rstrip("?") for name in names}
        needed = {name for name in names if not name.endswith("?")}
        self.want(needed <= set(query) <= known, f"{api}: query {sorted(query)}")
        self.want(all(query.values()), f"{api}: empty query {query}")
        has_body = verb != "GET" and api not in ("start", "stop") and not (api == "delete_campaign" and "campaign_id" in query)
        self.want(bool(asked.body) == has_body, f"{api}: body {bool(asked.body)}")
        if has_body:
            self.want(asked.type == "application/json", f"{api}: content type {asked.type}")
            self.want(asked.json is not None and all_text(asked.json), f"{api}: values that are not text")
        if "type_campaign" in query:
            self.want(query["type_campaign"] in RECORD, f"{api}: type {query['type_campaign']}")
        if "campaign_id" in query and query["campaign_id"] not in self.campaigns:
            return self._no(404, "NOT FOUND", "CAMPAIGN NOT FOUND")
        answer: Answer = getattr(self, f"_{script[1]}_{api}")(query, asked.json)
        return answer

    # --- how answers look

    def _no(self, code: int, error: str, words: str) -> Answer:
        status = 200 if self.ways.http == "200" else code
        return Answer(status, {"code": str(code), "error": error, "msg": words})

    def _rows(self, rows: list[dict[str, Any]]) -> Answer:
        if not rows and self.ways.nothing == "404":
            return self._no(404, "NOT FOUND", "NO RECORDS WERE FOUND")
        if self.ways.extra:
            rows = [{**row, "zz_new": "1", "list": [{"a": 1}], "nil": None} for row in rows]
        body: dict[str, Any] = {"error": None, "msg": f" {len(rows)} records were found", "data": rows}
        if not rows and self.ways.nothing != "list":
            body.pop("data")
            if self.ways.nothing == "null":
                body["data"] = None
        return Answer(200, self._coded(body))

    def _coded(self, body: dict[str, Any]) -> dict[str, Any]:
        how = self.ways.read_code
        code: Any = {"text": "200", "int": 200, "empty": "", "null": None}.get(how)
        return body if how == "absent" else {"code": code, **body}

    def _did(self, code: int, words: str, data: Any = None) -> Answer:
        body: dict[str, Any] = {"code": str(code) if self.ways.write_code == "text" else code, "error": None, "msg": words}
        if self.ways.extra:
            body["server"] = {"node": 3}
        return Answer(code, body | ({} if data is None else {"data": data}))

    def _number(self, value: Any) -> Any:
        return int(value) if self.ways.numbers is int and str(value).isdecimal() else str(value)

    # --- information.php

    def _information_campaigns(self, query: dict[str, str], body: Any) -> Answer:
        del body
        one = query.get("campaign") if self.ways.filtered else None
        shown = []
        for identifier, campaign in self.campaigns.items():
            if one in (None, identifier):
                words = {True: "Started", False: "Stopped"}[campaign["running"]]
                words = words.upper() if self.ways.status.isupper() else words.lower() if self.ways.status.islower() else words
                shown.append({
                    "campaign_id": self._number(identifier), "campaign_name": campaign["campaign_name"],
                    "campaign_description": campaign["campaign_description"] or " ", "type_campaign": campaign["type"],
                    "status": words, "records": self._number(len(self.records[identifier])),
                    "speed": self._number(campaign["speed"]), "dial_mode": "phone1 – ring: 60(seg)", "last_use": " ",
                    "recycled": self._number(0), "turbo_dial": campaign["turbo_dial"],
                    "skill_id": self._number(campaign["skill_id"]),
                })  # fmt: skip
        return self._rows(shown)

    def _information_skills(self, query: dict[str, str], body: Any) -> Answer:
        del query, body
        if self.ways.skills == "404":
            return self._no(404, "NOT FOUND", "NO RECORDS WERE FOUND")
        if self.ways.skills == "400":
            return self._no(400, "BAD REQUEST", "THE API YOU WANT TO CONSULT DOES NOT EXIST")
        return self._rows([
            {"skill_id": self._number(id_), "skill_name": name, "skill_description": " ", "last_use": ""}
            for id_, name in (("1201", "cobranza"), ("1202", "ventas"))
        ])  # fmt: skip

    def _information_token_info(self, query: dict[str, str], body: Any) -> Answer:
        del query, body
        if self.ways.left == "refused":
            return self._no(400, "BAD REQUEST", "THE API YOU WANT TO CONSULT DOES NOT EXIST")
        figures = (self.limit, self.used, self.used, self.limit - self.used)
        names = ("token_limit", "token_use_today", "all_token_today", "available_consumption_options")
        shown = {name: " " if self.ways.left == "blank" else f" {number} " for name, number in zip(names, figures, strict=True)}
        return self._rows([{"description": " ", **shown}])

    def _information_get_dnc(self, query: dict[str, str], body: Any) -> Answer:
        del body
        wished = query["type"]
        self.want(wished in ("inbound", "outbound", "all"), f"get_dnc: type {wished}")
        shown = [
            {"phone_number": self._number(number), "type": type_, "date_delete": date}
            for (number, type_), date in self.barred.items()
            if wished in ("all", type_)
        ]
        return self._rows(shown)

    # --- campaign.php

    def _campaign_create_campaign(self, query: dict[str, str], body: Any) -> Answer:
        allowed = {
            "campaign_name",
            "campaign_description",
            "start_time",
            "end_time",
            "skill_id",
            *OPTS,
            "amd",
            "enable_edition",
        }
        self.want(isinstance(body, dict) and set(body) <= allowed, f"create: keys {sorted(body)}")
        self.want(allowed - {"amd"} <= set(body), f"create: keys missing {sorted(allowed - set(body))}")
        self.want(
            all(re.fullmatch(r"([01]\d|2[0-3])[0-5]\d[0-5]\d", body[key]) for key in ("start_time", "end_time")), "hhiiss"
        )
        self.want(body["start_time"] < body["end_time"], "create: order of times")
        self.want(body["skill_id"].isdecimal() or body["skill_id"] == "VAGENT", f"create: skill {body['skill_id']}")
        self.want(body["enable_edition"] in ("yes", "no"), "create: yes or no")
        self.want("amd" not in body or (body["amd"] in AMD and query["type_campaign"] == "predictive"), "create: amd")
        self.last_id += 1
        identifier = str(self.last_id)
        self.campaigns[identifier] = {
            **body,
            "type": query["type_campaign"],
            "speed": "0",
            "turbo_dial": "no",
            "running": False,
        }
        self.records[identifier] = []
        said = {"id_campaign": identifier, "name_campaign": body["campaign_name"]}
        if self.ways.created == "id_campaing":
            said = {"id_campaing": identifier, "name_campaing": body["campaign_name"]}
        elif self.ways.created in ("message", "unsaid"):
            said = {"id_campaign": "", "name_campaign": ""}
        shown = [{name: self._number(v) if self.ways.created == "int" else v for name, v in said.items()}]
        number = "#" if self.ways.created == "unsaid" else identifier
        return self._did(201, f"The {number} campaign_id has been created successfully", shown)

    def _campaign_edit_campaign(self, query: dict[str, str], body: Any) -> Answer:
        self.want(isinstance(body, dict) and body and set(body) <= EDIT, f"edit: keys {sorted(body)}")
        for key in ("start_time", "end_time"):
            self.want(key not in body or re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d", body[key]), f"edit: {key}")
        self.want(body.get("type_camp", "Preview") in ("Predictive", "Preview"), "edit: type_camp")
        for key in ("enable_edition", "turbo_dial", "routing_recall"):
            self.want(body.get(key, "no") in ("yes", "no"), f"edit: {key}")
        self.want(body.get("camp_dial_order", "linear") in ("linear", "zigzag", "random"), "edit: order")
        self.want(body.get("amd_conf", "none") in {"default", "none", *AMD}, "edit: amd_conf")
        self.want(set(body.get("optional_labels", {})) <= {"opt0", *OPTS}, "edit: labels")
        campaign = self.campaigns[query["campaign_id"]]
        campaign |= {key: value for key, value in body.items() if key != "type_camp"}
        campaign["type"] = body.get("type_camp", campaign["type"]).lower()
        return self._did(200, "Campaign has been updated successfully", [{"campaign_id": query["campaign_id"], **body}])

    def _campaign_speed(self, query: dict[str, str], body: Any) -> Answer:
        self.want(set(body) == {"speed"} and body["speed"].isdecimal() and int(body["speed"]) <= 100, f"speed: {body}")
        self.campaigns[query["campaign_id"]]["speed"] = body["speed"]
        return self._did(202, f"The speed of {query['campaign_id']} campaign_id has been updated successfully")

    def _campaign_start(self, query: dict[str, str], body: Any, running: bool = True) -> Answer:
        del body
        campaign = self.campaigns[query["campaign_id"]]
        if campaign["running"] is running and self.ways.again == "400":
            return self._no(400, "BAD REQUEST", "THE CAMPAIGN IS ALREADY IN THAT STATE")
        campaign["running"] = running
        words = "started" if running else "stopped"
        return self._did(202, f"The {query['campaign_id']} campaign_id has been {words} successfully")

    def _campaign_stop(self, query: dict[str, str], body: Any) -> Answer:
        return self._campaign_start(query, body, running=False)

    def _campaign_delete_campaign(self, query: dict[str, str], body: Any) -> Answer:
        ids: Any = [query["campaign_id"]] if "campaign_id" in query else (body or {}).get("campaign_ids")
        self.want(isinstance(ids, list) and ids and len(ids) == len(set(ids)), f"delete: {body}")
        gone = [self.campaigns.pop(one, None) for one in ids]
        done = len([one for one in gone if one])
        if self.ways.deleted == "sample":
            return self._did(200, "X campaigns deleted successfully. 0 operations failed.")
        noun = "campaign" if self.ways.deleted == "one" else "campaigns"
        return self._did(200, f"{done} {noun} deleted successfully. {len(ids) - done} operations failed.")

    def _campaign_add_record(self, query: dict[str, str], body: Any) -> Answer:
        campaign = self.campaigns[query["campaign_id"]]
        self.want(query["type_campaign"] == campaign["type"], "add_record: type")
        self.want(isinstance(body, list) and 0 < len(body) <= 10_000, "add_record: rows")
        self.want(all(set(row) <= RECORD[campaign["type"]] for row in body), f"add_record: keys {sorted(body[0])}")
        self.want(all(row.get("customer_id") and row.get("tel1", "").isdecimal() for row in body), "add_record: id and tel1")
        status = query.get("campaign_status")
        self.want((status is None) == (campaign["type"] == "preview"), f"add_record: status {status}")
        self.want(status in (None, "start", "stop"), f"add_record: status {status}")
        for row in body:
            for number, name in enumerate(OPTS, 1):
                self.want(len(row.get(name, "")) <= (100 if number <= 6 else 200), f"add_record: {name}")
            self.want(re.fullmatch(r"(\d{14})?", row.get("recall_date", "")), "add_record: recall_date")
        if status:
            campaign["running"] = status == "start"
        records = self.records[query["campaign_id"]]
        records += body
        count = len(records) if self.ways.registers == "all" else len(body)
        said: Any = {"blank": " ", "int": count}.get(self.ways.registers, str(count))
        return self._did(201, "All records has been added successfully", [{"total_registers": said}])

    def _campaign_remove_record(self, query: dict[str, str], body: Any) -> Answer:
        self.want(isinstance(body, dict) and set(body) == {"customer_id"} and body["customer_id"], f"remove: {body}")
        ids = body["customer_id"].split(",")
        records = self.records[query["campaign_id"]]
        if not {row["customer_id"] for row in records} >= set(ids):
            return self._no(404, "NOT FOUND", "CUSTOMER_ID NOT FOUND")
        self.records[query["campaign_id"]] = [row for row in records if row["customer_id"] not in ids]
        return self._did(202, f"customer_id {body['customer_id']} has been deleted successfully")

    def _campaign_codify(self, query: dict[str, str], body: Any) -> Answer:
        must = {"cod_act", "comment", "customer_id"}
        self.want(must <= set(body) <= {*must, "cod_act_2"}, f"codify: keys {sorted(body)}")
        for row in self.records[query["campaign_id"]]:
            if row["customer_id"] == body["customer_id"]:
                row["cod_rslt1"] = body["cod_act"]
                return self._did(202, f"customer_id {body['customer_id']} has been coded")
        return self._no(404, "NOT FOUND", "CUSTOMER_ID NOT FOUND")

    def _campaign_campaign_15(self, query: dict[str, str], body: Any) -> Answer:
        del body
        if self.ways.exports == "no":
            return self._no(400, "BAD REQUEST", "THE API YOU WANT TO CONSULT DOES NOT EXIST")
        rows = [self._exported(query["campaign_id"], row) for row in self.records[query["campaign_id"]]]
        if not rows and self.ways.nothing == "404":
            return self._no(404, "NOT FOUND", "NO RECORDS WERE FOUND")
        shown: dict[str, Any] = {"campaign_id": query["campaign_id"], "records": rows}
        if self.ways.total != "absent":
            shown["total_records"] = {"int": len(rows), "blank": ""}.get(self.ways.total, str(len(rows)))
        return Answer(200, self._coded(shown))

    def _exported(self, identifier: str, row: dict[str, str]) -> dict[str, Any]:
        names = (*PERSON, *OPTS, *TELS, "tel_extra", "email", "agent_id", "recall_date", "recall_telephone")
        shown: dict[str, Any] = {TO_EXPORT.get(name, name): self._number(row.get(name, "")) for name in names}
        barred = (identifier, row["customer_id"]) in self.marked
        own = ("resultado", "fecha", "llamadas", "id_call", "cod_rslt1", "description_cod1", "cod_rslt2", "description_cod2",
               "comentarios", "rellamada_count", "last_dial_tele", "history_dial_tel", "rellamada_info")  # fmt: skip
        shown |= dict.fromkeys(own, "")
        shown |= {"resultado": "DO NOT CALL" if barred else "CLEAN", "llamadas": self._number(0)}
        shown |= {"cod_rslt1": row.get("cod_rslt1", "")}
        if self.ways.extra:
            shown |= {"canal": "voz", "nil": None}
        return {name: value for name, value in shown.items() if value != "" or not self.ways.sparse}

    def _campaign_add_dnc(self, query: dict[str, str], body: Any) -> Answer:
        del query
        self.want(isinstance(body, list) and 0 < len(body) <= 10_000, "add_dnc: rows")
        self.want(all(set(row) == {"telephone", "days_block"} for row in body), "add_dnc: keys")
        self.want(all(row["telephone"].isdecimal() and row["days_block"].isdecimal() for row in body), "add_dnc: digits")
        added = self._bar([row["telephone"] for row in body], ("outbound",))
        counts = {"total_added": str(added), "total_rejected": str(len(body) - added), "total_sent": str(len(body))}
        return self._did(201, f"{added} telephones were added", [counts])

    # --- configuration.php and sms.php

    def _bar(self, numbers: list[str], types: tuple[str, ...]) -> int:
        new = [number for number in numbers if any((number, type_) not in self.barred for type_ in types)]
        self.barred |= {(number, type_): self.ways.dated for number in new for type_ in types}
        return len(new)

    def _types(self, word: str) -> tuple[str, ...]:
        self.want(word in ("inbound", "outbound", "all", "inbound/outbound"), f"dnc: type {word}")
        return ("inbound", "outbound") if word in ("all", "inbound/outbound") else (word,)

    def _numbers(self, numbers: Any) -> list[str]:
        self.want(isinstance(numbers, list) and numbers, "dnc: telephones must be a list that is not empty")
        self.want(all(number.isdecimal() for number in numbers), "dnc: digits")
        self.want(len(numbers) == len(set(numbers)), "dnc: a number twice")
        return list(numbers)

    def _configuration_add_dnc(self, query: dict[str, str], body: Any) -> Answer:
        del query
        self.want(isinstance(body, dict) and set(body) == {"type_call", "telephones"}, f"add_dnc: {sorted(body)}")
        added = self._bar(self._numbers(body["telephones"]), self._types(body["type_call"]))
        return self._did(201, f"{added} telephones were added")

    def _configuration_remove_dnc(self, query: dict[str, str], body: Any) -> Answer:
        del query
        self.want(
            isinstance(body, dict) and {"telephones"} <= set(body) <= {"telephones", "type"}, f"remove_dnc: {sorted(body)}"
        )
        types = self._types(body.get("type", "all"))
        gone = [self.barred.pop((number, type_), None) for number in self._numbers(body["telephones"]) for type_ in types]
        return self._did(202, f"{len([one for one in gone if one])} telephones were deleted")

    def _configuration_block_predictive_dnc(self, query: dict[str, str], body: Any) -> Answer:
        del query
        self.want(isinstance(body, dict) and set(body) == {"id_campaing", "id_cliente"}, f"block: {sorted(body)}")
        self.want(isinstance(body["id_cliente"], list) and body["id_cliente"], "block: id_cliente")
        self.want(self.campaigns[body["id_campaing"]]["type"] == "predictive", "block: predictive")
        self.marked |= {(body["id_campaing"], one) for one in body["id_cliente"]}
        words = f"{len(body['id_cliente'])} records were successfully marked as DO-NOT-CALL in campaign {body['id_campaing']}"
        return self._did(202, words)

    def _sms_send_sms(self, query: dict[str, str], body: Any) -> Answer:
        del query
        self.want(isinstance(body, dict) and set(body) == {"telephone", "message"}, f"send_sms: {sorted(body)}")
        self.want(body["telephone"].isdecimal() and body["message"], "send_sms: digits and a text")
        self.sent.append((body["telephone"], body["message"]))
        return self._did(201, "Message has been sent successfully")
