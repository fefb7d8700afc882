"""Lynn's wire, as far as it is known: every verb, path, key, word and proof of success stands here once.

The vendor prints the urls of CreateToken, AddCampaingData and GetTaskStatus, and names the other methods. Verbs, the other
paths and the keys of campaigns and contacts are assumptions (platforms.md of the design), so that a tenant that differs is
fitted by one line of a table. Keys are read in any case; what is not known is kept, and sent back as it came.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import Any, Final
from urllib.parse import quote
from zoneinfo import ZoneInfo

from reconciler.call import Batch, Call, Safety, Sink
from reconciler.target import Target

ROWS_MAX: Final = 500  # rows or contacts of one call; the vendor names no limit
CAMPAIGNS_MAX: Final = 15  # campaigns of a tenant, more by asking the vendor
CORRELATIONS_MAX: Final = 3

POLLS_MAX: Final = 33  # with the waits below: a quarter of an hour
POLL_WAITS_S: Final = (2.0, 4.0, 8.0, 16.0, 30.0)  # before each poll; the last one goes on
POLLS_USUAL: Final = 2  # what a plan reckons with for one task


class Proof(Enum):
    """What in a 2xx answer shows that a write was done."""

    OBJECT = "object"  # the object with its id
    TAKEN = "taken"  # an empty body, null, true, a good word or status, or what the call was about
    TASK = "task"  # the id of a task that goes on


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """One method of the vendor's. `proof` is None for what writes nothing."""

    method: str
    path: str
    safety: Safety
    proof: Proof | None = None
    gone_is_done: bool = False  # a 404 says that what was to go is not there


_BY_TENANT: Final = "/api/LynnService/{operation}/{tenant}"
_BY_ID: Final = "/api/LynnService/{operation}/{tenant}/{id}"

ROUTES: Final[Mapping[str, Route]] = {
    "CreateToken": Route(method="POST", path="/api/LynnService/CreateToken", safety=Safety.SESSION),
    "GetCampaigns": Route(method="GET", path=_BY_TENANT, safety=Safety.READ),
    "GetCampaign": Route(method="GET", path=_BY_ID, safety=Safety.READ),
    "PostCampaign": Route(method="POST", path=_BY_TENANT, safety=Safety.CREATE, proof=Proof.OBJECT),
    "PutCampaign": Route(method="PUT", path=_BY_ID, safety=Safety.SET, proof=Proof.OBJECT),
    "DeleteCampaign": Route(method="DELETE", path=_BY_ID, safety=Safety.SET, proof=Proof.TAKEN, gone_is_done=True),
    "StartCampaignExecution": Route(method="POST", path=_BY_ID, safety=Safety.SET, proof=Proof.TAKEN),
    "StopCampaignExecution": Route(method="POST", path=_BY_ID, safety=Safety.SET, proof=Proof.TAKEN),
    "GetContacts": Route(method="GET", path=_BY_TENANT, safety=Safety.READ),
    "GetContact": Route(method="GET", path=_BY_ID, safety=Safety.READ),
    "PostContact": Route(method="POST", path=_BY_TENANT, safety=Safety.CREATE, proof=Proof.OBJECT),
    "PutContact": Route(method="PUT", path=_BY_ID, safety=Safety.SET, proof=Proof.OBJECT),
    "DeleteContact": Route(method="DELETE", path=_BY_ID, safety=Safety.SET, proof=Proof.TAKEN, gone_is_done=True),
    "GetDnDContact": Route(method="GET", path=_BY_ID, safety=Safety.READ),
    "SetDnDContactByCategory": Route(method="POST", path=_BY_TENANT, safety=Safety.SET, proof=Proof.TAKEN),
    "ManageDnDByCampaign": Route(method="POST", path=_BY_TENANT, safety=Safety.TASK, proof=Proof.TASK),
    "GetDndTaskStatus": Route(method="GET", path=_BY_ID, safety=Safety.READ),
    "AddCampaingData": Route(method="POST", path=_BY_TENANT, safety=Safety.BLIND, proof=Proof.TASK),
    "UploadCampaignDataByTenant": Route(method="POST", path=_BY_TENANT, safety=Safety.BLIND, proof=Proof.TASK),
    "GetTaskStatus": Route(method="GET", path=_BY_ID, safety=Safety.READ),
}

POLLED_BY: Final[Mapping[str, str]] = {
    "ManageDnDByCampaign": "GetDndTaskStatus",
    "AddCampaingData": "GetTaskStatus",
    "UploadCampaignDataByTenant": "GetTaskStatus",
}

TOKEN: Final = "token"  # noqa: S105 - the name of a key, not a secret
ID: Final = "id"
IDENTIFIER: Final = re.compile(r"(?!\.{1,2}$)[^\x00-\x20\x7f]{1,100}")  # GUIDs, as far as is known; never a path's dots
RUNNING: Final = "running"
SHOWN_ONLY: Final = frozenset({RUNNING})  # never sent back: a copy that is a second old must not start what was stopped
TASK_ID: Final = "taskId"
TASK_STATUS: Final = "Status"  # "200" done, 400 and more failed, anything else under way
YES_KEYS: Final = ("ok", "success", "succeeded")  # true in an answer that says nothing else
YES_WORDS: Final = frozenset({"ok", "success", "succeeded", "done", "accepted", "200"})
UPLOAD_FIELD: Final = "file"
DND_CAMPAIGN: Final = "campaignId"

CONTACT: Final[Mapping[str, str]] = {"name": "name", "channel": "channel", "identifier": "identifier"}
CORRELATIONS: Final = "correlationIds"
CORRELATION: Final = tuple(f"correlation{number}" for number in range(1, CORRELATIONS_MAX + 1))
CONTACTS: Final = Sink(
    rows_at="",
    columns={"_contact_id": ID, **CONTACT, **{name: f"/{CORRELATIONS}/{place}" for place, name in enumerate(CORRELATION)}},
    needed=("channel", "identifier"),
)
ROW: Final[Mapping[str, str]] = {"Nombre": "name", "Telefono": "phone", "Etiquetas": "tags"}


# --- campaign fields: what is sent and what is shown, side by side


@dataclass(frozen=True, slots=True, kw_only=True)
class Key:
    """One field of a campaign: our name, theirs, and both directions. `decode` takes the zone of times without an offset."""

    ours: str
    native: str
    encode: Callable[[Any], Any]
    decode: Callable[[Any, str], Any]


def _text_out(value: Any) -> Any:
    return str(value)


def _text_in(value: Any, zone: str) -> Any:
    del zone
    return "" if value is None else str(value)


def _words(table: Mapping[str, str], *also: tuple[str, str]) -> tuple[Callable[[Any], Any], Callable[[Any, str], Any]]:
    """Both directions of a closed list of words; a word that is not in it is shown as it is, and so never taken for ours."""
    known = {_folded(native): ours for ours, native in table.items()} | dict(also)

    def out(value: Any) -> Any:
        return table.get(value, value)

    def back(value: Any, zone: str) -> Any:
        del zone
        return known.get(_folded(str(value)), str(value))

    return out, back


def _folded(word: str) -> str:
    return "".join(letter for letter in word.casefold() if letter.isalnum())


def _instant_out(value: Any) -> Any:
    return _instant_in(value, "UTC")


def _instant_in(value: Any, zone: str) -> Any:
    """An instant as `YYYY-MM-DDTHH:MM:SS+00:00`; None where there is none (the year 1 is .NET's word for it).

    What is not an instant is shown as it is.
    """
    if value in (None, ""):
        return None
    try:
        moment = datetime.fromisoformat(str(value))
        if moment.year == 1:
            return None
        aware = moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone))
        return aware.astimezone(UTC).isoformat(timespec="seconds")
    except (ValueError, OverflowError):
        return str(value)


_TYPES: Final = _words({"single": "SingleMessage", "multiple": "MultipleMessage"}, ("simplemessage", "single"))
_MODES: Final = _words({"manual": "Manual", "scheduled": "Scheduled", "always_on": "AlwaysOn"})

CAMPAIGN: Final = (
    Key(ours="display_name", native="name", encode=_text_out, decode=_text_in),
    Key(ours="description", native="description", encode=_text_out, decode=_text_in),
    Key(ours="division", native="division", encode=_text_out, decode=_text_in),
    Key(ours="type", native="campaignType", encode=_TYPES[0], decode=_TYPES[1]),
    Key(ours="execution_mode", native="executionMode", encode=_MODES[0], decode=_MODES[1]),
    Key(ours="category", native="category", encode=_text_out, decode=_text_in),
    Key(ours="start_at", native="startDate", encode=_instant_out, decode=_instant_in),
    Key(ours="stop_at", native="endDate", encode=_instant_out, decode=_instant_in),
    Key(ours="valid_until", native="validUntil", encode=_instant_out, decode=_instant_in),
)


def encoded(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Our campaign fields as the vendor's."""
    return {key.native: key.encode(fields[key.ours]) for key in CAMPAIGN if key.ours in fields}


def decoded(native: Mapping[str, Any], zone: str) -> dict[str, Any]:
    """The vendor's campaign fields as ours; dates that are not set are left out."""
    found = {name.casefold(): value for name, value in native.items()}
    fields = {key.ours: key.decode(found[key.native.casefold()], zone) for key in CAMPAIGN if key.native.casefold() in found}
    return {name: value for name, value in fields.items() if value is not None}


def merged(native: Mapping[str, Any], wished: Mapping[str, Any]) -> dict[str, Any]:
    """A whole object to put back: as it came, but for what is wished, under the spelling in which it came."""
    body = {name: value for name, value in native.items() if name.casefold() not in SHOWN_ONLY}
    spelled = {name.casefold(): name for name in body}
    return body | {spelled.get(name.casefold(), name): value for name, value in wished.items()}


def part(native: Mapping[str, Any], name: str) -> Any:
    """The value of a key in any case; None where it is missing."""
    return next((value for key, value in native.items() if key.casefold() == name.casefold()), None)


# --- calls


def call(
    target: Target,
    operation: str,
    identifier: str = "",
    *,
    safety: Safety | None = None,
    json: Any = None,
    file: tuple[str, str, bytes] | None = None,
    sink: Sink | None = None,
    batch: Batch | None = None,
    facts: Mapping[str, str] | None = None,
    after_s: float = 0.0,
) -> Call:
    """A call of the table. Raises ValueError where the path wants an id and gets none: it would mean something else."""
    route = ROUTES[operation]
    wants = "{id}" in route.path
    if wants != bool(identifier) or (wants and not IDENTIFIER.fullmatch(identifier)):
        raise ValueError(f"{operation}: an id is needed exactly where the path has one")
    path = route.path.format(
        operation=operation, tenant=quote(str(target.settings["tenant"]), safe=""), id=quote(identifier, safe="")
    )
    return Call(
        operation=operation,
        method=route.method,
        path=path,
        safety=safety or route.safety,
        json=json,
        file=file,
        sink=sink,
        batch=batch,
        facts=facts or {},
        after_s=after_s,
    )
