"""uContact's older generation by the letter of ucontact.md, sections 1 to 4."""

from __future__ import annotations

import base64
import binascii
import json
import re
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

from tests.second_opinion.parts import Answer, Asked, Strict, WrongError

FORMS: Final = {
    "/Integra/resources/auth/getUserToken": {"user", "password"},
    "/Integra/resources/auth/EndSession": {"user", "token"},
    "/Integra/resources/SMS/ScheduleDialerSMS": {"sms"},
    "/Integra/resources/SMS/SendSMS": {"destination", "message", "campaign", "agent", "source"},
    "/Integra/resources/SMS/SendSMSv2": {"destination", "message", "campaign", "agent", "source"},
    "/Integra/resources/SMS/uploadbase": {"filename", "fileb64", "campaign"},
    "/Integra/resources/Dialers/uploadbase": {"filename", "fileb64", "campaign", "cant", "username"},
    "/IntegraChannels/resources/DialersResources/uploadDialerBase": {"channel", "filename", "fileb64", "dialer", "cant"},
    "/IntegraChannels/resources/AgentResources/GetCampaigns": {"agent", "channel"},
}


@dataclass(frozen=True)
class Ways:
    """What the pages leave open. Each field is a legal way to answer; `end` is what every text ends with."""

    token: str = '"{}"'
    end: str = ""
    refused: str = "0"
    token_life: int = 0  # calls that one token lasts; 0 is for ever
    uploaded: str = "OK"
    sent: str = '{ id:"7" }'
    campaigns: str = "yes"  # yes | 404 | empty
    type: str = "text/plain"


@dataclass
class Ucontact(Strict):
    """One instance."""

    ways: Ways = field(default_factory=Ways)
    scheduled: list[dict[str, str]] = field(default_factory=list)
    sent: list[dict[str, str]] = field(default_factory=list)
    lines: list[tuple[str, list[str]]] = field(default_factory=list)  # campaign, columns
    files: set[str] = field(default_factory=set)
    token: str = ""
    left: int = 0
    count: int = 0

    def operation(self, asked: Asked) -> str:
        return asked.path.rpartition("/")[2]

    def answer(self, asked: Asked) -> Answer:
        try:
            return self._answer(asked)
        except WrongError:
            return self._said("ERROR")

    def _said(self, text: str) -> Answer:
        return Answer(200, (text + self.ways.end).encode(), self.ways.type)

    def _answer(self, asked: Asked) -> Answer:
        keys = FORMS.get(asked.path)
        if keys is None:
            self.complaints.append(f"path {asked.path}")
            return Answer(404)
        name = self.operation(asked)
        self.want(asked.method == "POST" and not asked.query, f"{name}: {asked.method} {asked.query}")
        self.want(asked.type == "application/x-www-form-urlencoded", f"{name}: {asked.type}")
        pairs = parse_qsl(asked.body.decode("ascii"), keep_blank_values=True, strict_parsing=True)
        form = dict(pairs)
        self.want(len(form) == len(pairs) and set(form) == keys, f"{name}: form {sorted(form)}")
        if name == "getUserToken":
            return self._logged_in(form)
        self.left -= 1
        good = self.token and asked.headers.get("authorization") == f"Basic {self.token}"
        if not good or (self.ways.token_life and self.left < 0 and name != "EndSession"):
            return Answer(401)
        return self._carried_out(name, form)

    def _logged_in(self, form: dict[str, str]) -> Answer:
        if form != {"user": "sandbox", "password": "sandbox"}:
            return self._said(self.ways.refused)
        self.count += 1
        self.token = base64.b64encode(f"sandbox:{self.count}-4f+/x".encode()).decode()
        self.left = self.ways.token_life
        return self._said(self.ways.token.format(self.token))

    def _carried_out(self, name: str, form: dict[str, str]) -> Answer:
        if name == "EndSession":
            self.token = "" if form["token"] == self.token else self.token
            return self._said("1")
        if name == "GetCampaigns":
            shown = [
                {"channel": "telephony", "campaigns": ["Cobranza<-"], "n": 1},
                {"channel": "sms", "campaigns": ["Avisos->"]},
            ]
            body = json.dumps(shown if self.ways.campaigns == "yes" else []) + self.ways.end
            return Answer(404) if self.ways.campaigns == "404" else Answer(200, body.encode())
        if name == "ScheduleDialerSMS":
            order: Any = json.loads(form["sms"])
            self.want(set(order) == {"calldate", "campaign", "destination", "data"}, f"{name}: {sorted(order)}")
            self.want(re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", order["calldate"]), f"{name}: calldate")
            self.want(order["destination"].isdecimal() and order["data"], f"{name}: destination")
            self.scheduled.append(order)
            return self._said("1")
        if name in ("SendSMS", "SendSMSv2"):
            self.want(form["destination"].isdecimal() and form["message"] and form["campaign"], f"{name}: fields")
            self.sent.append(form)
            return self._said("OK" if name == "SendSMS" else self.ways.sent)
        return self._uploaded(name, form)

    def _uploaded(self, name: str, form: dict[str, str]) -> Answer:
        stem, dot, ending = form["filename"].rpartition(".")
        fits = re.fullmatch(r"[a-zA-Z0-9_-]+", stem) and not stem.startswith("R") and len(form["filename"]) <= 54
        self.want(fits and dot and ending == "csv", f"{name}: file name {form['filename']}")
        self.want(form["filename"] not in self.files, f"{name}: a file name twice")
        self.files.add(form["filename"])
        try:
            text = base64.b64decode(form["fileb64"], validate=True).decode()
        except (binascii.Error, UnicodeDecodeError):
            text = ""
        lines = [line.split(";") for line in text.rstrip("\n").split("\n")]
        campaign = form.get("campaign") or form["dialer"]
        voice = "username" in form
        widths = {5, 6} if voice else {6} if "dialer" in form else {4}
        self.want("\r" not in text and all(len(line) in widths for line in lines), f"{name}: lines")
        self.want(all(line[0] == campaign for line in lines), f"{name}: first column")
        self.want("cant" not in form or form["cant"] == str(len(lines)), f"{name}: cant")
        place = 4 if voice else -1
        self.want(all(1 <= int(line[place]) <= 9999 for line in lines), f"{name}: priority")
        self.want(voice or not campaign.endswith(("->", "<-")) or "dialer" in form, f"{name}: an arrow")
        self.lines += [(campaign, line) for line in lines]
        return self._said(self.ways.uploaded)
