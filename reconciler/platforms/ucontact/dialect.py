"""uContact's older generation on the wire: one table of calls, and what its plain texts mean.

Success is told by the body alone. Most of it is known from public client code, not from a promise of the vendor; a tenant
that differs is fitted by one line here.

| choice | assumed | how sure |
| --- | --- | --- |
| paths and form names | `ROUTES` and the calls below it | SMS: vendor's pages; bases, EndSession, GetCampaigns: client code |
| a token is sent as it was given | `Basic <token>`; it is base64 already | vendor's sample, decoded |
| the end of a session | 401 | client code |
| an upload's answer | any short text that names no error | unknown; the portal shows the rows |
| a base without a priority | `PRIORITY_LAST` | vendor-style test suites |
| who uploads a voice base | target's `username`, else `agent`, else `UPLOADER` | a field of that name is sent by clients |
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from reconciler.calendar import instant, naive_in
from reconciler.call import Batch, Call, Ending, Judgement, Reply, Safety
from reconciler.catalogue import say
from reconciler.personal import Secret
from reconciler.platforms.platform import NotReadable

ROWS_MAX: Final = 5_000  # a file; the vendor names no limit
PRIORITY_LAST: Final = "9999"  # 1 goes first
UPLOADER: Final = "reconciler"

REFUSALS: Final = frozenset({"0", "ERROR", "ERRO", "FALSE"})
_REFUSING_STATUSES: Final = frozenset({401, 403, 429})
_TOKEN: Final = re.compile(r"[A-Za-z0-9._~+/:-]{1,4096}=*")
_UNQUOTED_ID: Final = re.compile(r"\{\s*id\s*:\s*(?:\"([^\"]*)\"|(\d+))\s*\}")
_ID: Final = re.compile(r"(?!0$)[A-Za-z0-9._:-]{1,100}")
_TROUBLE: Final = re.compile(r"\berr|exception|fail|fault|denied|invalid|not found", re.IGNORECASE)
_WORDS: Final = (*REFUSALS, "OK", "TRUE")
_ARROWS: Final = ("->", "<-")


# --- what a text means

Taken = Callable[[str], Mapping[str, str] | None]
"""Reads an answer's text: evidence when it says that the call was carried out, else None."""


def _is(word: str) -> Taken:
    def taken(text: str) -> Mapping[str, str] | None:
        return {} if text == word else None

    return taken


def _with_id(text: str) -> Mapping[str, str] | None:
    """`{ id:"…" }` as the vendor prints it, or the same as strict JSON."""
    if found := _UNQUOTED_ID.fullmatch(text):
        given: Any = found.group(1) or found.group(2)
    else:
        answer = _json(text)
        given = answer.get("id") if isinstance(answer, dict) else None
    given = str(given) if isinstance(given, int) and not isinstance(given, bool) else given
    return {"id": given} if isinstance(given, str) and _ID.fullmatch(given) else None


def _short_and_untroubled(text: str) -> Mapping[str, str] | None:
    """Nobody documents what an upload answers: anything short counts, as long as it names no error and is not cut off."""
    if evidence := _with_id(text):
        return evidence
    if text[0] in "{[" and not _whole(text):
        return None
    cut = any(word != text.upper() and word.startswith(text.upper()) for word in _WORDS)
    words = len(text) <= 200 and text.isprintable() and "\ufffd" not in text
    return {} if words and not cut and not _TROUBLE.search(text) else None


def _whole(text: str) -> bool:
    """Whether a text is JSON that holds something, but no word of a refusal and no id that is none."""
    value = _json(text)
    held = list(value.values()) if isinstance(value, dict) and "id" not in value else value if isinstance(value, list) else []
    return bool(held) and not any(str(one).upper() in REFUSALS for one in held)


_ONE: Final = _is("1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One call of the vendor's, always a POST of a form."""

    path: str
    safety: Safety
    taken: Taken = _ONE


ROUTES: Final[Mapping[str, Route]] = {
    "getUserToken": Route(path="/Integra/resources/auth/getUserToken", safety=Safety.SESSION),
    "EndSession": Route(path="/Integra/resources/auth/EndSession", safety=Safety.SESSION),
    "GetCampaigns": Route(path="/IntegraChannels/resources/AgentResources/GetCampaigns", safety=Safety.READ),
    "ScheduleDialerSMS": Route(path="/Integra/resources/SMS/ScheduleDialerSMS", safety=Safety.BLIND, taken=_ONE),
    "SendSMSv2": Route(path="/Integra/resources/SMS/SendSMSv2", safety=Safety.BLIND, taken=_with_id),
    "SendSMS": Route(path="/Integra/resources/SMS/SendSMS", safety=Safety.BLIND, taken=_is("OK")),
    "SMS/uploadbase": Route(
        path="/Integra/resources/SMS/uploadbase", safety=Safety.BLIND, taken=_short_and_untroubled
    ),  # a dialer that plays sends at once
    "Dialers/uploadbase": Route(
        path="/Integra/resources/Dialers/uploadbase", safety=Safety.UPLOAD, taken=_short_and_untroubled
    ),  # waits for a person to activate it
    "uploadDialerBase": Route(
        path="/IntegraChannels/resources/DialersResources/uploadDialerBase",
        safety=Safety.BLIND,
        taken=_short_and_untroubled,
    ),
}


def judged(call: Call, reply: Reply) -> Judgement:
    """What the reply to a write says: done on the vendor's own word, refused on its own word, else in doubt."""
    text = _text(reply)
    if reply.status in _REFUSING_STATUSES:
        return Judgement(ending=Ending.REFUSED, why=say("uContact refused it (HTTP {status})", status=reply.status))
    if reply.status < 500 and text.upper() in REFUSALS:
        return Judgement(ending=Ending.REFUSED, why=say("uContact answered {word}", word=text.upper()))
    if not 200 <= reply.status < 300:
        return Judgement(ending=Ending.DOUBT, why=say("uContact answered with HTTP {status}", status=reply.status))
    if not text:
        return Judgement(ending=Ending.DOUBT, why=say("uContact answered with nothing"))
    if text.startswith("<"):
        return Judgement(ending=Ending.DOUBT, why=say("a web page came back instead of uContact's answer"))
    evidence = ROUTES[call.operation].taken(text)
    if evidence is None:
        return Judgement(ending=Ending.DOUBT, why=say("uContact's answer is not one that is known"))
    return Judgement(ending=Ending.DONE, evidence=_impersonal(evidence, call))


def _impersonal(evidence: Mapping[str, str], call: Call) -> Mapping[str, str]:
    """An id that a number can be read from is not kept."""
    number = str((call.form or {}).get("destination", ""))[-7:]
    return {name: value for name, value in evidence.items() if not (number and number in value)}


def _text(reply: Reply) -> str:
    """The body without blanks, byte order mark and the quotes of a JSON string."""
    text = reply.body.decode("utf-8-sig", "replace").strip()
    return text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] == '"' else text


def _json(text: str) -> Any:
    """The JSON value of `text`; None when it is none."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


# --- sessions


class Session(Secret):
    """The `Authorization` of a session; it remembers by whom and with which token it was opened, to be closed with them."""

    __slots__ = ("token", "user")

    def __init__(self, token: str, user: Secret) -> None:
        super().__init__(f"Basic {token}")
        self.token = Secret(token)
        self.user = user


def log_in(user: Secret, password: Secret) -> Call:
    """Ask for a token; the user must be a SuperUser."""
    return _post("getUserToken", {"user": user, "password": password})


def log_out(session: Session) -> Call:
    """End a session."""
    return _post("EndSession", {"user": session.user, "token": session.token})


def token_in(reply: Reply) -> str:
    """The token that getUserToken answered: a JSON string, the last string of an array, or the bare text.

    Raises NotReadable: PLT008 for refused credentials, which come with HTTP 200 and the body `0`.
    """
    text = _readable(reply, "getUserToken")
    answer = _json(reply.body.decode("utf-8-sig", "replace"))
    if isinstance(answer, str):
        text = answer.strip()
    elif isinstance(answer, list):
        texts = [item for item in answer if isinstance(item, str)]
        text = texts[-1].strip() if texts else "0" if answer == [0] else ""
    elif isinstance(answer, dict | bool):
        text = "" if answer is not False else "0"
    if text.upper() in REFUSALS:
        raise NotReadable(say("uContact does not accept user and password"), "PLT008")
    if not _TOKEN.fullmatch(text):
        raise NotReadable(say("uContact's answer to getUserToken holds no token"))
    return text


# --- reads


def ask_campaigns(agent: str) -> Call:
    """Ask for the campaigns of one agent, on every channel: the only list there is."""
    return _post("GetCampaigns", {"agent": agent, "channel": ""})


def campaigns_in(reply: Reply) -> Mapping[str, tuple[str, ...]] | None:
    """Campaign names with the channels that they stand under; None where this generation does not serve the list."""
    if reply.status == 404:
        return None
    text = _readable(reply, "GetCampaigns")
    channels = _json(text)
    if not isinstance(channels, list):
        raise NotReadable(say("uContact's answer to GetCampaigns is not a list; is the target's 'agent' right?"))
    found: dict[str, tuple[str, ...]] = {}
    for one in channels:
        channel, names = (one.get("channel"), one.get("campaigns")) if isinstance(one, dict) else (None, None)
        if not isinstance(channel, str) or not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise NotReadable(say("uContact's answer to GetCampaigns has another shape than it used to have"))
        for name in names:
            found[name] = (*found.get(name, ()), channel)
    return found


def _readable(reply: Reply, operation: str) -> str:
    """The text of an answer to a read. Raises NotReadable for everything that is not the vendor's own answer.

    A web page is known by its body: servers of this age label their plain texts as HTML, too.
    """
    if reply.status in (401, 403):
        raise NotReadable(
            say("uContact refuses {operation} (HTTP {status})", operation=operation, status=reply.status), "PLT008"
        )
    if reply.status == 429 or reply.status >= 500:
        message = say("uContact is not available: {operation} gave HTTP {status}", operation=operation, status=reply.status)
        raise NotReadable(message, "PLT007")
    if not 200 <= reply.status < 300:
        raise NotReadable(say("{operation} gave HTTP {status}", operation=operation, status=reply.status))
    text = _text(reply)
    if not text or text.startswith("<"):
        raise NotReadable(say("{operation} gave no answer of uContact's", operation=operation))
    return text


# --- messages


def schedule_sms(batch: Batch, campaign: str, at: str, zone: str) -> Call:
    """Hand one message to the scheduler. `at` is an instant; the vendor wants the wall clock of `zone`."""
    row = batch.rows[0]
    moment = naive_in(instant(at), zone)
    order = {"calldate": moment, "campaign": campaign, "destination": row["phone"], "data": row["text"]}
    facts = {"campaign": campaign, "calldate": moment}
    return _post("ScheduleDialerSMS", {"sms": json.dumps(order, ensure_ascii=False)}, batch=batch, facts=facts)


def send_sms(batch: Batch, campaign: str, settings: Mapping[str, Any]) -> Call:
    """Send one message now, by the generation of the call that the target's `sms_api` names."""
    row = batch.rows[0]
    form = {
        "destination": row["phone"],
        "message": row["text"],
        "campaign": campaign,
        "agent": settings.get("agent") or "",
        "source": settings.get("source") or "",
    }
    operation = "SendSMS" if settings.get("sms_api") == "v1" else "SendSMSv2"
    return _post(operation, form, batch=batch, facts={"campaign": campaign})


# --- bases


def upload_voice(batch: Batch, campaign: str, file: tuple[str, str], settings: Mapping[str, Any]) -> Call:
    """Upload a voice base; `file` is its name and its base64."""
    form = {
        "filename": file[0],
        "fileb64": file[1],
        "campaign": campaign,
        "cant": str(len(batch)),
        "username": settings.get("username") or settings.get("agent") or UPLOADER,
    }
    return _post("Dialers/uploadbase", form, batch=batch, facts={"campaign": campaign, "filename": file[0]})


def upload_sms(batch: Batch, campaign: str, file: tuple[str, str]) -> Call:
    """Upload an SMS base, for the dialer of that name without its arrow."""
    form = {"filename": file[0], "fileb64": file[1], "campaign": campaign}
    return _post("SMS/uploadbase", form, batch=batch, facts={"campaign": campaign, "filename": file[0]})


def upload_email(batch: Batch, campaign: str, file: tuple[str, str]) -> Call:
    """Upload an e-mail base."""
    form = {"channel": "email", "filename": file[0], "fileb64": file[1], "dialer": campaign, "cant": str(len(batch))}
    return _post("uploadDialerBase", form, batch=batch, facts={"campaign": campaign, "filename": file[0]})


def without_arrow(campaign: str) -> str:
    """A dialer's own name: the campaign's without the `->` or `<-` that tells its direction."""
    return next((campaign.removesuffix(arrow) for arrow in _ARROWS if campaign.endswith(arrow)), campaign)


def has_arrow(campaign: str) -> bool:
    """Whether the name tells a direction."""
    return campaign.endswith(_ARROWS)


def _post(
    operation: str, form: Mapping[str, Any], *, batch: Batch | None = None, facts: Mapping[str, str] | None = None
) -> Call:
    route = ROUTES[operation]
    return Call(
        operation=operation,
        method="POST",
        path=route.path,
        safety=route.safety,
        form=form,
        batch=batch,
        facts=facts or {},
    )
