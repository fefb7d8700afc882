"""A sandbox in a thread, and a client a platform that holds every call and answer against the OpenAPI documents."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from reconciler.sandbox.control import Control
from reconciler.sandbox.server import Running, running
from tests.openapi import check_request, check_response


class Caller:
    """Calls one account of a platform over real HTTP."""

    platform = ""

    def __init__(self, url: str, account: str) -> None:
        self.http = httpx.Client(base_url=f"{url}/{account}", timeout=20)
        self.headers: dict[str, str] = {}

    def close(self) -> None:
        self.http.close()

    def call(
        self,
        method: str,
        path: str,
        *,
        body: bytes = b"",
        content_type: str = "application/json",
        documented: bool = True,
        headers: dict[str, str] | None = None,
    ) -> httpx.Response:
        """`documented=False` for calls that the program never makes, and for answers spoilt by a fault."""
        sent = (self.headers if headers is None else headers) | ({"content-type": content_type} if body else {})
        if documented:
            check_request(self.platform, method, path, sent, body, content_type if body else None)
        reply = self.http.request(method, path, content=body, headers=sent)
        if documented:
            check_response(self.platform, method, path, reply.status_code, reply.content, reply.headers.get("content-type"))
        return reply


class Wolkvox(Caller):
    """`api("PUT", "campaign", "start", campaign_id=…)`."""

    platform = "wolkvox"

    def __init__(self, url: str, account: str = "wolkvox") -> None:
        super().__init__(url, account)
        self.headers = {"wolkvox-token": "sandbox"}

    def api(
        self, method: str, script: str, api: str, *, json_body: Any = None, documented: bool = True, **query: Any
    ) -> httpx.Response:
        path = f"/api/v2/{script}.php?{urlencode({'api': api, **query})}"
        body = b"" if json_body is None else json.dumps(json_body).encode()
        return self.call(method, path, body=body, documented=documented)

    def create(self, name: str = "cobranza", type_campaign: str = "predictive", **fields: str) -> str:
        wish = {"campaign_name": name, "campaign_description": "", "skill_id": "101"} | fields
        reply = self.api("POST", "campaign", "create_campaign", json_body=wish, type_campaign=type_campaign)
        assert reply.status_code == 201, reply.text
        return str(reply.json()["data"][0]["id_campaign"])

    def add(self, campaign_id: str, rows: list[dict[str, str]], **query: Any) -> httpx.Response:
        query = {"type_campaign": "predictive", "campaign_id": campaign_id} | query
        return self.api("POST", "campaign", "add_record", json_body=rows, **query)

    def start(self, campaign_id: str) -> httpx.Response:
        return self.api("PUT", "campaign", "start", campaign_id=campaign_id)

    def campaigns(self) -> list[dict[str, str]]:
        return list(self.api("GET", "information", "campaigns").json()["data"])

    def export(self, campaign_id: str) -> list[dict[str, str]]:
        return list(self.api("GET", "campaign", "campaign_15", campaign_id=campaign_id).json()["records"])


class Lynn(Caller):
    """`method("POST", "PostCampaign", body={…})`; logs in by itself."""

    platform = "lynn"

    def __init__(self, url: str, account: str = "lynn", tenant: int = 1234) -> None:
        super().__init__(url, account)
        self.tenant = tenant
        self.login()

    def login(self) -> None:
        order = {"accessToken": "sandbox", "accessTokenSecret": "sandbox", "tenant": self.tenant}
        reply = self.call("POST", "/api/LynnService/CreateToken", body=json.dumps(order).encode(), headers={})
        assert reply.status_code == 200
        self.headers = {"authorization": f"bearer {reply.json()['token']}"}

    def method(self, verb: str, name: str, id_: str = "", *, json_body: Any = None, documented: bool = True) -> httpx.Response:
        path = f"/api/LynnService/{name}/{self.tenant}" + (f"/{id_}" if id_ else "")
        body = b"" if json_body is None else json.dumps(json_body).encode()
        return self.call(verb, path, body=body, documented=documented)

    def create(self, name: str = "bienvenida", **fields: Any) -> str:
        wish = {"division": "Ventas", "category": "alta", "campaignType": "SingleMessage", "executionMode": "Manual"}
        reply = self.method("POST", "PostCampaign", json_body=wish | {"name": name} | fields)
        assert reply.status_code == 200, reply.text
        return str(reply.json()["id"])

    def contact(self, identifier: str, channel: str = "whatsapp") -> str:
        wish = {"name": "Ana Prueba", "channel": channel, "identifier": identifier, "correlationIds": ["1-9"]}
        return str(self.method("POST", "PostContact", json_body=wish).json()["id"])

    def load(self, campaign: str, *numbers: str) -> httpx.Response:
        rows = [{"Nombre": "Ana", "Telefono": number, "Etiquetas": "", "pedido": "1"} for number in numbers]
        order = {"campaingId": campaign, "templateId": "3c6f10ec-0000-4000-8000-210008f00900", "typeOfData": 0, "data": rows}
        return self.method("POST", "AddCampaingData", json_body=order)


class Ucontact(Caller):
    """`post("/Integra/resources/SMS/SendSMS", destination=…)`; logs in by itself."""

    platform = "ucontact"

    def __init__(self, url: str, account: str = "ucontact") -> None:
        super().__init__(url, account)
        self.login()

    def login(self) -> None:
        self.headers = {}
        self.token = str(self.post("/Integra/resources/auth/getUserToken", user="sandbox", password="sandbox").json())
        self.headers = {"authorization": f"Basic {self.token}"}

    def post(self, path: str, *, documented: bool = True, **fields: Any) -> httpx.Response:
        kind = "application/x-www-form-urlencoded; charset=UTF-8"
        return self.call("POST", path, body=urlencode(fields).encode(), content_type=kind, documented=documented)

    def schedule(self, destination: str = "098344484", **words: str) -> httpx.Response:
        order = {"calldate": "2026-12-01 10:00:00", "campaign": "Recordatorios->", "destination": destination}
        order |= {"data": "Hola", **words}
        return self.post("/Integra/resources/SMS/ScheduleDialerSMS", sms=json.dumps(order))


@pytest.fixture(scope="session")
def shared_sandbox() -> Iterator[Running]:
    with running() as started:
        yield started


@pytest.fixture
def sandbox(shared_sandbox: Running) -> Running:
    shared_sandbox.world.reset()
    return shared_sandbox


@pytest.fixture
def control(sandbox: Running) -> Control:
    return Control(sandbox.url)


@pytest.fixture
def wolkvox(sandbox: Running) -> Iterator[Wolkvox]:
    with closing(Wolkvox(sandbox.url)) as caller:
        yield caller


@pytest.fixture
def lynn(sandbox: Running) -> Iterator[Lynn]:
    with closing(Lynn(sandbox.url)) as caller:
        yield caller


@pytest.fixture
def ucontact(sandbox: Running) -> Iterator[Ucontact]:
    with closing(Ucontact(sandbox.url)) as caller:
        yield caller
