"""Lynn by the letter of what is known of it, and of what was assumed where its pages are silent (platforms.md)."""

from __future__ import annotations

import re
import uuid
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final

from tests.second_opinion.parts import Answer, Asked, Strict, WrongError, all_text

CAMPAIGN: Final = {"id", "division", "name", "description", "campaignType", "executionMode", "category", "startDate", "endDate",
                   "validUntil", "running"}  # fmt: skip
CONTACT: Final = {"id", "name", "channel", "identifier", "correlationIds"}
VERBS: Final = {"Get": "GET", "Put": "PUT", "Delete": "DELETE"}  # all others are POST
BY_ID: Final = {"GetCampaign", "PutCampaign", "DeleteCampaign", "StartCampaignExecution", "StopCampaignExecution", "GetContact",
                "PutContact", "DeleteContact", "GetDnDContact", "GetDndTaskStatus", "GetTaskStatus"}  # fmt: skip
EMPTY: Final = {"StartCampaignExecution", "StopCampaignExecution"}


@dataclass(frozen=True)
class Ways:
    """What the pages leave open. Each field is a legal way to answer."""

    case: str = "camel"  # camel | Pascal | lower
    extra: bool = False  # keys that nobody named
    created: str = "object"  # object | id | bare | raw: what POST answers
    put: str = "object"  # object | id | 204
    done: str = "200"  # 200 | 204 | object | word | true: what start, stop, delete and DnD answer
    task: str = "taskId"  # the key; or bare | raw | number
    status: str = "Status"  # the key; or bare
    number: type = str  # of the task's status
    polls: int = 0  # for how many polls a task runs
    token_life: int = 0  # calls that one token lasts; 0 is for ever
    running: str = "shown"  # shown | absent
    dates: str = "given"  # given | Z | +00:00 | -03:00 | minutes | ticks
    nulls: str = "absent"  # absent | null: fields that are not set
    ids: str = "guid"  # guid | upper | int
    gone: int = 404  # what deleting the unknown answers


@dataclass
class Lynn(Strict):
    """One tenant, 1234."""

    ways: Ways = field(default_factory=Ways)
    campaigns: dict[str, dict[str, Any]] = field(default_factory=dict)
    contacts: dict[str, dict[str, Any]] = field(default_factory=dict)
    barred: set[tuple[str, str]] = field(default_factory=set)
    rows: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    files: list[bytes] = field(default_factory=list)
    tasks: dict[str, int] = field(default_factory=dict)
    token: str = ""
    left: int = 0
    count: int = 100

    def operation(self, asked: Asked) -> str:
        return (asked.path.split("/") + ["?"] * 4)[3]

    def answer(self, asked: Asked) -> Answer:
        try:
            return self._answer(asked)
        except WrongError as wrong:
            return Answer(400, {"message": str(wrong)})

    def _answer(self, asked: Asked) -> Answer:
        parts = asked.path.split("/")
        self.want(parts[:3] == ["", "api", "LynnService"] and not asked.query, f"path {asked.path} {asked.query}")
        name, rest = parts[3], parts[4:]
        prefix = next((verb for verb in VERBS if name.startswith(verb)), "")
        self.want(asked.method == VERBS.get(prefix, "POST"), f"{name}: verb {asked.method}")
        reads = prefix in ("Get", "Delete") or name in EMPTY
        self.want(bool(asked.body) != reads, f"{name}: body {bool(asked.body)}")
        if name == "UploadCampaignDataByTenant":
            self.want(asked.type == "multipart/form-data", f"{name}: {asked.type}")
            self.want(re.search(rb'name="file"; filename="[^"]+\.cpg"', asked.body), f"{name}: form")
        elif asked.body:
            self.want(asked.type == "application/json" and isinstance(asked.json, dict), f"{name}: {asked.type}")
        if name == "CreateToken":
            return self._token(asked.json)
        self.want(rest[:1] == ["1234"] and len(rest) == 1 + (name in BY_ID), f"path {asked.path}")
        self.left -= 1
        scheme, _, token = asked.headers.get("authorization", "").partition(" ")
        self.want(scheme == "bearer", "Authorization: bearer")
        if token != self.token or (self.ways.token_life and self.left < 0):
            return Answer(401)
        method = getattr(self, "_" + re.sub(r"(?<!^)(?=[A-Z][a-z])", "_", name).lower(), None)
        self.want(method, f"method {name}")
        assert method
        answer: Answer = method(
            rest[1] if name in BY_ID else "", asked.json if asked.type == "application/json" else asked.body
        )
        return Answer(answer.status, self._cased(answer.body), answer.type)

    def _token(self, body: Any) -> Answer:
        self.want(set(body) == {"accessToken", "accessTokenSecret", "tenant"} and body["tenant"] == 1234, "CreateToken: keys")
        if (body["accessToken"], body["accessTokenSecret"]) != ("sandbox", "sandbox"):
            return Answer(401)
        self.count += 1
        self.token, self.left = f"eyJ.{self.count}.x", self.ways.token_life
        return Answer(200, self._cased({"token": self.token}))

    # --- how answers look

    def _cased(self, body: Any) -> Any:
        """Keys in the case of this tenant; bytes and scalars as they are."""
        if isinstance(body, list):
            return [self._cased(one) for one in body]
        if not isinstance(body, dict) or "Status" in body:
            return body
        more = {"zzNew": {"deep": [1]}, "tags": ["x"]} if self.ways.extra else {}
        change = {"Pascal": lambda word: word[0].upper() + word[1:], "lower": str.lower}.get(self.ways.case, str)
        return {change(key): value for key, value in (body | more).items()}

    def _shown(self, thing: dict[str, Any], names: set[str]) -> dict[str, Any]:
        shown = {name: thing.get(name) for name in sorted(names)}
        if self.ways.running == "absent":
            shown.pop("running", None)
        for name in ("startDate", "endDate", "validUntil"):
            shown |= {name: self._date(shown[name])} if shown.get(name) else {}
        return {name: value for name, value in shown.items() if value is not None or self.ways.nulls == "null"}

    def _date(self, text: Any) -> str:
        moment = datetime.fromisoformat(text)
        in_zone = moment.astimezone(datetime.fromisoformat("2026-01-01T00:00:00-03:00").tzinfo)
        utc = moment.astimezone(datetime.fromisoformat("2026-01-01T00:00:00+00:00").tzinfo)
        shown = {
            "Z": f"{utc:%Y-%m-%dT%H:%M:%S}Z",
            "+00:00": utc.isoformat(),
            "-03:00": in_zone.isoformat(),
            "minutes": in_zone.isoformat(timespec="minutes"),
            "ticks": f"{utc:%Y-%m-%dT%H:%M:%S}.0000000+00:00",
        }
        return shown.get(self.ways.dates, str(text))

    def _new_id(self) -> str:
        self.count += 1
        guid = str(uuid.uuid5(uuid.NAMESPACE_URL, str(self.count)))
        return {"int": str(self.count), "upper": guid.upper()}.get(self.ways.ids, guid)

    def _made(self, thing: dict[str, Any], names: set[str], how: str) -> Answer:
        identifier = int(thing["id"]) if self.ways.ids == "int" else thing["id"]
        answers: dict[str, Answer] = {
            "id": Answer(200, {"id": identifier}),
            "bare": Answer(200, identifier),
            "raw": Answer(200, str(identifier).encode()),
            "204": Answer(204),
        }
        return answers.get(how) or Answer(200, self._shown({**thing, "id": identifier}, names))

    def _taken(self, thing: Any) -> Answer:
        answers = {"200": Answer(), "204": Answer(204), "word": Answer(200, b"OK", "text/plain"), "true": Answer(200, True)}
        return answers.get(self.ways.done) or Answer(200, thing)

    def _begun(self) -> Answer:
        task = str(self.count + 5_000) if self.ways.task == "number" else self._new_id()
        self.count += 1
        self.tasks[task] = self.ways.polls
        if self.ways.task in ("bare", "raw", "number"):
            return Answer(200, {"bare": task, "number": int(task) if task.isdigit() else 0}.get(self.ways.task, task.encode()))
        return Answer(200, {self.ways.task: task})

    def _polled(self, task: str) -> Answer:
        if task not in self.tasks:
            return Answer(404)
        self.tasks[task] -= 1
        number = self.ways.number("102" if self.tasks[task] >= 0 else "200")
        return Answer(200, number if self.ways.status == "bare" else {self.ways.status: number})

    # --- campaigns

    def _whole(self, body: Any) -> dict[str, Any]:
        known = {name.lower(): name for name in CAMPAIGN}
        given = {known[name.lower()]: value for name, value in body.items() if name.lower() in known}
        strange = {name.lower() for name in body} - set(known) - {"zznew", "tags"}
        self.want(not strange, f"campaign: keys {sorted(strange)}")
        for name in ("division", "name", "campaignType", "executionMode", "category"):
            self.want(isinstance(given.get(name), str) and given[name], f"campaign: {name}")
        self.want(given["campaignType"] in ("SingleMessage", "MultipleMessage"), f"campaign: {given['campaignType']}")
        self.want(given["executionMode"] in ("Manual", "Scheduled", "AlwaysOn"), f"campaign: {given['executionMode']}")
        for name in ("startDate", "endDate", "validUntil"):
            self.want(not given.get(name) or datetime.fromisoformat(given[name]).tzinfo, f"campaign: {name}")
        dated = given["executionMode"] != "Scheduled" or (given.get("startDate") and given.get("endDate"))
        self.want(dated, "campaign: scheduled without dates")
        return given

    def _get_campaigns(self, _: str, body: Any) -> Answer:
        del body
        return Answer(200, [self._shown(self._with_id(one), CAMPAIGN) for one in self.campaigns.values()])

    def _with_id(self, thing: dict[str, Any]) -> dict[str, Any]:
        return {**thing, "id": int(thing["id"])} if self.ways.ids == "int" else thing

    def _get_campaign(self, identifier: str, body: Any) -> Answer:
        del body
        one = self.campaigns.get(identifier.lower())
        return Answer(200, self._shown(self._with_id(one), CAMPAIGN)) if one else Answer(404)

    def _post_campaign(self, _: str, body: Any) -> Answer:
        given = self._whole(body)
        self.want("id" not in given and len(self.campaigns) < 15, "campaign: an id, or a sixteenth")
        identifier = self._new_id()
        self.campaigns[identifier.lower()] = {**given, "id": identifier, "running": False}
        return self._made(self.campaigns[identifier.lower()], CAMPAIGN, self.ways.created)

    def _put_campaign(self, identifier: str, body: Any) -> Answer:
        if identifier.lower() not in self.campaigns:
            return Answer(404)
        given = self._whole(body)
        old = self.campaigns[identifier.lower()]
        self.want(str(given.get("id", old["id"])).lower() == identifier.lower(), "campaign: another id")
        running = old["running"] and given["executionMode"] == "Manual"
        self.campaigns[identifier.lower()] = {**given, "id": old["id"], "running": running}
        return self._made(self.campaigns[identifier.lower()], CAMPAIGN, self.ways.put)

    def _delete_campaign(self, identifier: str, body: Any) -> Answer:
        del body
        gone = self.campaigns.pop(identifier.lower(), None)
        self.barred = {pair for pair in self.barred if pair[1] != identifier.lower()}
        return self._taken(self._shown(gone, CAMPAIGN)) if gone else Answer(self.ways.gone)

    def _start_campaign_execution(self, identifier: str, body: Any, *, running: bool = True) -> Answer:
        del body
        one = self.campaigns.get(identifier.lower())
        if one is None or one["executionMode"] != "Manual":
            return Answer(400, {"message": "execution mode is not Manual"})
        one["running"] = running
        return self._taken(self._shown(one, CAMPAIGN))

    def _stop_campaign_execution(self, identifier: str, body: Any) -> Answer:
        return self._start_campaign_execution(identifier, body, running=False)

    # --- contacts

    def _person(self, body: Any) -> dict[str, Any]:
        known = {name.lower(): name for name in CONTACT}
        given = {known[name.lower()]: value for name, value in body.items() if name.lower() in known}
        strange = {name.lower() for name in body} - set(known) - {"zznew", "tags"}
        self.want(not strange, f"contact: keys {sorted(strange)}")
        self.want(given.get("channel") and given.get("identifier"), "contact: channel and identifier")
        numbers = given.get("correlationIds") or []
        self.want(isinstance(numbers, list) and len(numbers) <= 3 and all_text(numbers), "contact: correlationIds")
        return given

    def _get_contacts(self, _: str, body: Any) -> Answer:
        del body
        return Answer(200, [self._shown(self._with_id(one), CONTACT) for one in self.contacts.values()])

    def _get_contact(self, identifier: str, body: Any) -> Answer:
        del body
        one = self.contacts.get(identifier.lower())
        return Answer(200, self._shown(self._with_id(one), CONTACT)) if one else Answer(404)

    def _post_contact(self, _: str, body: Any) -> Answer:
        given = self._person(body)
        self.want("id" not in given, "contact: an id")
        identifier = self._new_id()
        self.contacts[identifier.lower()] = {**given, "id": identifier}
        return self._made(self.contacts[identifier.lower()], CONTACT, self.ways.created)

    def _put_contact(self, identifier: str, body: Any) -> Answer:
        if identifier.lower() not in self.contacts:
            return Answer(404)
        self.contacts[identifier.lower()] = {**self._person(body), "id": self.contacts[identifier.lower()]["id"]}
        return self._made(self.contacts[identifier.lower()], CONTACT, self.ways.put)

    def _delete_contact(self, identifier: str, body: Any) -> Answer:
        del body
        gone = self.contacts.pop(identifier.lower(), None)
        return self._taken(self._shown(gone, CONTACT)) if gone else Answer(self.ways.gone)

    # --- do not disturb, and rows

    def _get_dnd_contact(self, identifier: str, body: Any) -> Answer:
        del body
        if identifier.lower() not in self.contacts:
            return Answer(404)
        found = [self.campaigns[campaign] for contact, campaign in sorted(self.barred) if contact == identifier.lower()]
        shown = [{"campaignId": self._with_id(one)["id"], "name": one["name"], "category": one["category"]} for one in found]
        return Answer(200, shown)

    def _set_dnd_contact_by_category(self, _: str, body: Any) -> Answer:
        self.want(set(body) == {"contactId", "category"} and body["contactId"].lower() in self.contacts, f"DnD: {body}")
        meant = [key for key, one in self.campaigns.items() if one["category"] == body["category"]]
        self.barred |= {(body["contactId"].lower(), one) for one in meant}
        return self._taken(body)

    def _manage_dnd_by_campaign(self, _: str, body: Any) -> Answer:
        self.want(set(body) == {"campaignId", "data"} and body["campaignId"].lower() in self.campaigns, f"DnD: {sorted(body)}")
        self.want(0 < len(body["data"]) <= 500, "DnD: rows")
        for one in body["data"]:
            self.want(set(one) == {"contactId", "doNotDisturb"} and isinstance(one["doNotDisturb"], bool), "DnD: keys")
            pair = (one["contactId"].lower(), body["campaignId"].lower())
            self.want(pair[0] in self.contacts, "DnD: contact")
            (self.barred.add if one["doNotDisturb"] else self.barred.discard)(pair)
        return self._begun()

    def _add_campaing_data(self, _: str, body: Any) -> Answer:
        self.want(set(body) == {"campaingId", "templateId", "typeOfData", "data"}, f"rows: {sorted(body)}")
        self.want(body["campaingId"].lower() in self.campaigns and body["typeOfData"] == 0, "rows: campaign or type")
        self.want(re.fullmatch(r"[0-9a-fA-F-]{36}", body["templateId"]), "rows: template")
        self.want(0 < len(body["data"]) <= 500 and all_text(body["data"]), "rows: data")
        for row in body["data"]:
            self.want({"Nombre", "Telefono", "Etiquetas"} <= set(row) and row["Telefono"].isdecimal(), f"rows: {sorted(row)}")
            self.rows.append((body["campaingId"].lower(), row))
        return self._begun()

    def _upload_campaign_data_by_tenant(self, _: str, body: Any) -> Answer:
        self.files.append(bytes(body))
        return self._begun()

    def _get_task_status(self, task: str, body: Any) -> Answer:
        del body
        return self._polled(task)

    def _get_dnd_task_status(self, task: str, body: Any) -> Answer:
        del body
        return self._polled(task)
