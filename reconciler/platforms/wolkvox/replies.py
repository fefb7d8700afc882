"""What a reply says: the envelope of reads, and the judgement of writes.

`code` is a number in some operations and text in others, sometimes empty; a 403 means four different things, told apart by
its words alone. HTTP status and body are believed only together.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from reconciler.call import Call, Ending, Judgement, Reply
from reconciler.catalogue import say
from reconciler.personal import mask_text
from reconciler.platforms.platform import NotReadable
from reconciler.platforms.wolkvox import wire

WORDS_MAX: Final = 120  # characters of the platform's own words that are shown

_COUNT: Final = re.compile(r"(\d+)\s+(?:telephones|records)\b")
_DELETED: Final = re.compile(r"(\d+|X)\s+campaigns? deleted\D*(\d+)\s+operations? failed", re.IGNORECASE)
_CREATED: Final = re.compile(r"\bThe (\d+) campaign_id\b")
_DIGITS: Final = re.compile(r"\S*\d\S*")


class NotFound(NotReadable):
    """404: nothing there, or a report without rows; which of them cannot be told."""


class NoSuchApi(NotReadable):
    """The server does not have the operation."""


def envelope(reply: Reply) -> Mapping[str, Any]:
    """The envelope of a successful read; NotReadable for everything else."""
    body = _object(reply)
    refused = refusal(reply.status, body)
    if refused:
        raise refused
    if reply.status != 200 or body is None or code_of(body) not in wire.READ_CODES:
        raise NotReadable(say("the reply (HTTP {status}) is not in wolkvox's own form", status=reply.status))
    return body


def rows_of(reply: Reply) -> list[Mapping[str, str]]:
    """The rows under `data`, their values as text; without `data` there are none."""
    data = envelope(reply).get("data") or []
    if not isinstance(data, list) or not all(isinstance(row, dict) for row in data):
        raise NotReadable(say("the reply has no list of rows under 'data'"))
    return [{str(name): "" if value is None else str(value) for name, value in row.items()} for row in data]


def code_of(body: Mapping[str, Any]) -> str:
    """`code` as text, "" where it is empty or absent."""
    code = body.get("code")
    return "" if code is None else str(code).strip()


def judge(call: Call, reply: Reply) -> Judgement:
    """How the reply to a write reads. Whatever is not clear one way or the other is doubt."""
    body = _object(reply)
    code = code_of(body) if body is not None else ""
    if reply.status in (401, 403, 429):
        return Judgement(ending=Ending.REFUSED, why=_why(call, reply.status, body))
    if 400 <= reply.status < 500 and body is not None and "msg" in body and ("code" in body or "error" in body):
        return Judgement(ending=Ending.REFUSED, why=_why(call, reply.status, body))
    if not 200 <= reply.status < 300 or body is None:
        return _doubt(call, reply.status, body)
    if re.fullmatch(r"4\d\d", code):
        return Judgement(ending=Ending.REFUSED, why=_why(call, int(code), body))
    if code not in ("200", "201", "202") or body.get("error") not in (None, "", "null"):
        return _doubt(call, reply.status, body)
    return _success(call, body)


def _success(call: Call, body: Mapping[str, Any]) -> Judgement:
    """A reply that says success; some operations say it even though nothing, or not all, was done."""
    first = _first(body)
    words = str(body.get("msg") or "")
    if call.operation == wire.CREATE.api:
        identifier = _created_id(body)
        if not identifier:
            return Judgement(ending=Ending.DOUBT, why=say("the platform does not say the new campaign's id"))
        return Judgement(ending=Ending.DONE, evidence={"id": identifier})
    if call.operation == wire.DELETE.api:
        counts = _DELETED.search(words)
        if counts is None:
            return Judgement(ending=Ending.DOUBT, why=say("the platform does not say how many campaigns it deleted"))
        if counts[1].upper() in ("1", "X") and int(counts[2]) == 0:  # the vendor's own sample has an X: the list decides
            return Judgement(ending=Ending.DONE)
        if counts[1] == "0":
            return Judgement(ending=Ending.REFUSED, why=say("the platform says that it deleted nothing"))
        return Judgement(ending=Ending.DOUBT, why=say("the platform's counts of deleted campaigns do not fit the call"))
    if call.operation == wire.ADD_RECORD.api and call.batch is not None:
        taken = str(first.get(wire.RECORD_COUNT, "")).strip()
        if not taken.isdecimal():  # the vendor's own sample is a blank: the export decides
            return Judgement(ending=Ending.DONE)
        if int(taken) != len(call.batch):
            why = say("{sent:,} rows were sent and the platform took {taken:,}", sent=len(call.batch), taken=int(taken))
            return Judgement(ending=Ending.DOUBT, why=why, evidence={"rows": taken})
        return Judgement(ending=Ending.DONE, evidence={"rows": taken})
    counted = _COUNT.search(words)
    return Judgement(ending=Ending.DONE, evidence={"rows": counted[1]} if counted and call.batch is not None else {})


def created_id(reply: Reply) -> str:
    """The id of a campaign just created, from whichever place and spelling holds it; "" where none does."""
    return _created_id(_object(reply) or {})


def _created_id(body: Mapping[str, Any]) -> str:
    first = _first(body)
    for name in wire.CREATED_ID:
        identifier = str(first.get(name) or "").strip()
        if identifier.isdecimal():
            return identifier
    found = _CREATED.search(str(body.get("msg") or ""))
    return found[1] if found else ""


def _first(body: Mapping[str, Any]) -> Mapping[str, Any]:
    data = body.get("data")
    first = data[0] if isinstance(data, list) and data else data
    return first if isinstance(first, dict) else {}


def _object(reply: Reply) -> dict[str, Any] | None:
    """The body as a JSON object; None when it is anything else."""
    try:
        body = json.loads(reply.body)
    except (ValueError, RecursionError):
        return None
    return body if isinstance(body, dict) else None


_REFUSAL_BYTES_MAX: Final = 65_536  # a refusal is a few words; a list of thousands is not parsed twice


def busy(reply: Reply) -> bool:
    """Whether a call was refused only because another one with the same token was on its way."""
    if len(reply.body) > _REFUSAL_BYTES_MAX:
        return False
    body: Mapping[str, Any] = reply.page.envelope if reply.page else _object(reply) or {}
    words = str(body.get("msg") or "").upper()
    return wire.TOO_MANY_AT_ONCE in words and (reply.status == 403 or (reply.status == 200 and code_of(body) == "403"))


def refusal(status: int, body: Mapping[str, Any] | None) -> NotReadable | None:
    """What a refused read means, by its HTTP status or the code in its envelope; None when it was not refused."""
    code = code_of(body or {})
    number = status if status >= 400 else int(code) if re.fullmatch(r"[45]\d\d", code) else 0
    words = str((body or {}).get("msg") or "").upper()
    if not number:
        return None
    if number == 401:
        return NotReadable(say("the platform wants a token"), "PLT008")
    if number == 403:
        return _forbidden(words)
    if number == 404:
        return NotFound(say("the platform answers 404 to a list"), "PLT002")
    if number == 429 or number >= 500:
        return NotReadable(say("the platform does not answer now (HTTP {status})", status=number), "PLT007")
    if wire.NO_SUCH_API in words:
        return NoSuchApi(say("this server does not have the operation"))
    return NotReadable(say("the platform refuses the question: {words}", words=_words(body)))


def _forbidden(words: str) -> NotReadable:
    if wire.QUOTA_GONE in words:
        return NotReadable(say("the account's calls of today are used up"), "PLT005")
    if wire.TOO_MANY_AT_ONCE in words:
        return NotReadable(say("too many calls at one time with this token"), "PLT007")
    if wire.BAD_TOKEN in words:
        return NotReadable(say("the platform does not accept the token"), "PLT008")
    return NotReadable(say("the platform's API is switched off now, perhaps for maintenance"), "PLT007")


def _doubt(call: Call, status: int, body: Mapping[str, Any] | None) -> Judgement:
    if body is None:
        return Judgement(ending=Ending.DOUBT, why=say("HTTP {status} with a body that is not wolkvox's", status=status))
    return Judgement(ending=Ending.DOUBT, why=say("the reply says neither yes nor no: {why}", why=_why(call, status, body)))


def _why(call: Call, status: int, body: Mapping[str, Any] | None) -> str:
    words = _DIGITS.sub("•••", _words(body))  # the platform repeats ids and numbers of the rows that it speaks of
    if call.batch is not None:
        told = {part for row in call.batch.rows for value in row.values() for part in value.split()}
        words = " ".join("•••" if word.strip(",.;:()'\"") in told else word for word in words.split(" "))
    return say("{status}: {words}", status=status, words=words) if words else say("HTTP {status}", status=status)


def _words(body: Mapping[str, Any] | None) -> str:
    """The platform's own words, short, printable and without numbers of people."""
    text = " ".join(str((body or {}).get("msg") or (body or {}).get("error") or "").split())
    return mask_text("".join(character for character in text if character.isprintable()))[:WORDS_MAX]
