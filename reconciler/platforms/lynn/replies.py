"""What Lynn's answers say: readable or not, done or not, and how a task stands. Nothing is taken for granted from a 200."""

from __future__ import annotations

import re
from collections.abc import Mapping
from enum import Enum
from typing import Any, Final
from urllib.parse import unquote

from reconciler.call import Call, Ending, Flow, Judgement, Reply, Verdict
from reconciler.catalogue import say
from reconciler.personal import mask_text
from reconciler.platforms.lynn.dialect import (
    ID,
    IDENTIFIER,
    POLL_WAITS_S,
    POLLED_BY,
    POLLS_MAX,
    ROUTES,
    TASK_ID,
    TASK_STATUS,
    YES_KEYS,
    YES_WORDS,
    Proof,
    call,
    part,
)
from reconciler.platforms.platform import NotReadable
from reconciler.target import Target

_WORDS_MAX: Final = 160
_UNREADABLE_MAX: Final = 3  # odd answers to polls in a row, after which waiting ends
_BARE_IDENTIFIER: Final = re.compile(r"\d{1,18}|[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}")
_TOO_MANY: Final = re.compile(r"\b(rate|quota|limit|exceeded)\b")
_NOT_JSON: Final = object()


class Progress(Enum):
    """How a background task stands."""

    DONE = "done"
    RUNNING = "running"
    FAILED = "failed"


# --- reads


def content(reply: Reply) -> Any:
    """The JSON of a read's answer. Raises NotReadable for any other answer."""
    if reply.status != 200:
        raise _refused_read(reply)
    value = _json(reply)
    if value is _NOT_JSON:
        raise NotReadable(say("the answer is not JSON"))
    return value


def listed(reply: Reply) -> list[Mapping[str, Any]]:
    """The objects of a list. Raises NotReadable when it is no list of objects: a part of one is not a list."""
    value = content(reply)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise NotReadable(say("the answer is not a list of objects"))
    return value


def single(reply: Reply) -> Mapping[str, Any]:
    """One object with an id. Raises NotReadable for anything else."""
    value = content(reply)
    if not isinstance(value, dict) or not identifier_in(value):
        raise NotReadable(say("the answer is not an object with an id"))
    return value


def shown(reply: Reply) -> Mapping[str, Any]:
    """The object in the answer to a write that was judged done; empty where it shows none."""
    value = _json(reply)
    return value if isinstance(value, dict) else {}


def absent(reply: Reply) -> bool:
    """Whether the platform itself says that there is no such object; a page of a proxy says nothing about it."""
    return reply.status == 404 and not _is_page(reply)


def identifier_in(native: Mapping[str, Any]) -> str:
    """An object's id as text; "" where it has none that could stand in a path."""
    value = part(native, ID)
    found = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return found if IDENTIFIER.fullmatch(found) else ""


def made_id(reply: Reply) -> str:
    """The id in the answer to a write: the object's, or the whole body; "" where there is none."""
    value = _json(reply)
    return identifier_in(value) if isinstance(value, dict) else _bare_identifier(reply)


def _refused_read(reply: Reply) -> NotReadable:
    words = said(reply)
    lower = words.casefold()
    if reply.status == 401:
        return NotReadable(say("the credentials are not accepted"), "PLT008")
    if "maintenance" in lower:
        return NotReadable(say("the platform is under maintenance"), "PLT007")
    if reply.status == 429 or (reply.status == 403 and _TOO_MANY.search(lower)):
        return NotReadable(say("the platform takes no more calls now: {words}", words=words or reply.status), "PLT005")
    if reply.status == 403:
        return NotReadable(say("the credentials do not permit it: {words}", words=words or reply.status), "PLT008")
    if reply.status >= 500:
        return NotReadable(say("the platform answered with status {status}", status=reply.status), "PLT007")
    return NotReadable(say("the platform answered with status {status}: {words}", status=reply.status, words=words))


def said(reply: Reply) -> str:
    """The platform's own words in a refusal, short and with numbers masked; "" where there are none."""
    value = _json(reply)
    if not isinstance(value, dict):
        return ""
    words = next((part(value, name) for name in ("message", "error", "title", "detail") if part(value, name)), "")
    return mask_text(" ".join(words.split()))[:_WORDS_MAX] if isinstance(words, str) else ""


def _json(reply: Reply) -> Any:
    import msgspec  # `validate` has no use for it

    try:
        return msgspec.json.decode(reply.body)
    except (ValueError, RecursionError):
        return _NOT_JSON


def _is_page(reply: Reply) -> bool:
    return "html" in reply.content_type.lower() or reply.body.lstrip()[:1] == b"<"


# --- writes


def judge(written: Call, reply: Reply) -> Judgement:
    """What the reply to a write says. Only what the route's proof asks for is done; what is not sure is in doubt."""
    route = ROUTES[written.operation]
    if reply.status in (401, 403, 429):
        return _judged(Ending.REFUSED, said(reply) or say("status {status}", status=reply.status))
    if reply.status == 404 and route.gone_is_done and not _is_page(reply):
        return _judged(Ending.DONE, say("it was already gone"))
    if reply.status in (400, 404) and not _is_page(reply):
        return _judged(Ending.REFUSED, said(reply) or say("status {status}", status=reply.status))
    if 400 <= reply.status < 500 and reply.status != 408 and isinstance(_json(reply), dict):
        return _judged(Ending.REFUSED, said(reply) or say("status {status}", status=reply.status))
    if not 200 <= reply.status < 300:
        return _judged(Ending.DOUBT, say("status {status}", status=reply.status))
    if route.proof is Proof.TASK:
        task = task_in(reply)
        if task:
            return Judgement(ending=Ending.LATER, why=say("taken as a task"), evidence={"task": task})
        return _judged(Ending.DOUBT, say("the answer names no task"))
    if route.proof is Proof.OBJECT:
        return _judged_object(written, reply)
    taken = reply.status == 204 or _taken(written, reply)
    return _judged(Ending.DONE) if taken else _judged(Ending.DOUBT, say("the answer does not say that it was done"))


def _judged(ending: Ending, why: str = "") -> Judgement:
    return Judgement(ending=ending, why=why)


def _judged_object(written: Call, reply: Reply) -> Judgement:
    """Done when the object comes back with an id: a new one, or the one that was to be replaced."""
    if reply.status == 204 and written.method == "PUT":
        return _judged(Ending.DONE)
    identifier = made_id(reply)
    if not identifier:
        return _judged(Ending.DOUBT, say("the answer does not show the object"))
    if written.method == "PUT" and _asked_id(written) != identifier.casefold():
        return _judged(Ending.DOUBT, say("the answer shows another object"))
    if written.batch is not None:  # a contact: its batch says whom it is about, and its id may be a number
        return _judged(Ending.DONE)
    return Judgement(ending=Ending.DONE, evidence={"id": identifier})


def _taken(written: Call, reply: Reply) -> bool:
    """Whether a 2xx says yes: nothing at all, a good word or status, or what the call was about."""
    if not reply.body.strip():
        return True
    value = _json(reply)
    if value is _NOT_JSON:
        value = reply.body.decode("utf-8", "replace").strip()
    if not isinstance(value, dict):
        return value is None or value is True or (isinstance(value, str) and value.casefold() in YES_WORDS)
    status = part(value, TASK_STATUS)
    if status is not None:
        return _status_number(status) in range(200, 300) or str(status).casefold() in YES_WORDS
    return (
        not value
        or any(part(value, name) is True for name in YES_KEYS)
        or ("{id}" in ROUTES[written.operation].path and identifier_in(value).casefold() == _asked_id(written))
        or _echoes(value, written.json)
    )


def _asked_id(written: Call) -> str:
    return unquote(written.path.rpartition("/")[2]).casefold()


def _echoes(answer: Mapping[str, Any], sent: Any) -> bool:
    """Whether an answer repeats everything that was sent."""
    return isinstance(sent, dict) and bool(sent) and all(part(answer, name) == value for name, value in sent.items())


# --- tasks


def task_in(reply: Reply) -> str:
    """The id of the task that an answer names, in `taskId` or as the whole body; "" where it names none."""
    value = _json(reply)
    if isinstance(value, dict):
        task = str(part(value, TASK_ID) or "")
        return task if IDENTIFIER.fullmatch(task) else ""
    return _bare_identifier(reply)


def _bare_identifier(reply: Reply) -> str:
    """An id that is the whole body, as JSON or as plain text; "" where it is something else. A word is no id."""
    value = _json(reply)
    if value is _NOT_JSON:
        value = reply.body.decode("utf-8", "replace").strip()
    bare = str(value) if isinstance(value, str | int) and not isinstance(value, bool) else ""
    return bare if _BARE_IDENTIFIER.fullmatch(bare) else ""


def progress(reply: Reply) -> Progress:
    """How the task stands that a poll asked for. Raises NotReadable when the answer does not say it."""
    value = content(reply)
    status = part(value, TASK_STATUS) if isinstance(value, dict) else value
    if not isinstance(status, str | int) or isinstance(status, bool) or not str(status).strip():
        raise NotReadable(say("the answer holds no task status"))
    number = _status_number(status)
    if number is None or number < 200:
        return Progress.RUNNING
    return Progress.DONE if number == 200 else Progress.FAILED if number >= 400 else Progress.RUNNING


def _status_number(status: Any) -> int | None:
    text = str(status).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 6 else None


def awaited(target: Target, operation: str, task: str) -> Flow[Progress]:
    """Poll a task with growing waits until it ends; RUNNING when it has not within a quarter of an hour.

    An odd answer to a poll says nothing about the task; after three in a row the waiting ends.
    """
    unreadable = 0
    for turn in range(POLLS_MAX):
        wait_s = 0.0 if target.sandbox else POLL_WAITS_S[min(turn, len(POLL_WAITS_S) - 1)]
        reply = yield call(target, POLLED_BY[operation], task, after_s=wait_s)
        try:
            stands = progress(reply)
        except NotReadable:
            unreadable += 1
            if unreadable == _UNREADABLE_MAX:
                break
            continue
        unreadable = 0
        if stands is not Progress.RUNNING:
            return stands
    return Progress.RUNNING


def polled(target: Target, operation: str, facts: Mapping[str, str]) -> Flow[Verdict]:
    """How a task stands after a run ended without knowing.

    Do-not-disturb is a state: what failed, or was lost with its id, is simply wished again. Rows are messages to people:
    how many of a failed task's rows went out nobody can say, so a person is asked.
    """
    settled = Verdict.NOT_DONE if operation == "ManageDnDByCampaign" else Verdict.ASK
    task = facts.get("task", "")
    if operation not in POLLED_BY or not task:
        return settled
    reply = yield call(target, POLLED_BY[operation], task)
    if absent(reply):
        return settled
    stands = progress(reply)
    return {Progress.DONE: Verdict.DONE, Progress.RUNNING: Verdict.HOLD}.get(stands, settled)
