"""Every choice about wolkvox's wire that a tenant could contradict, in one place: scripts, verbs, key names, formats, limits.

Nothing here was tried against a live server; the facts come from the vendor's public pages, and each assumption says so. A
tenant that differs is met by changing one line. What is written and how it is shown again stand side by side.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from reconciler.call import Batch, Call, Safety, Sink
from reconciler.target import Target

PREDICTIVE: Final = "predictive"
PREVIEW: Final = "preview"
VAGENT: Final = "VAGENT"  # the skill of campaigns that no person answers; not in the list of skills
DIRECTIONS: Final = ("inbound", "outbound", "all")
DIRECTION_DEFAULT: Final = "outbound"
DIRECTION_OF_DAYS: Final = "outbound"  # assumed: the add with days_block has no selector
AMD: Final = ("default", "none", "ARG", "CHL", "COL", "CRI", "ECU", "ESP", "GTM", "HND", "ITA", "MEX", "NIC", "PAN", "PER")
DIAL_ORDERS: Final = ("linear", "zigzag", "random")
LABELS: Final = tuple(f"opt{number}" for number in range(1, 13))

ROWS_PER_UPLOAD_MAX: Final = 10_000  # documented, a call
ROWS_PER_REMOVAL_MAX: Final = 500  # ours: the vendor names no limit for removals and do-not-call lists
ROWS_VERIFIABLE_MAX: Final = 59_000  # a read returns 60,000 rows and does not say that it was cut
KEY_LENGTH_MAX: Final = 100  # assumed
QUOTA_ZONE: Final = "America/Bogota"  # assumed: GMT-5 is the only zone that the vendor names


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One `api=` of one script."""

    api: str
    method: str
    script: str
    safety: Safety
    sink: Sink | None = None

    @property
    def path(self) -> str:
        """Path below the target's url."""
        return f"/api/v2/{self.script}.php"

    def call(
        self, *, json: Any = None, batch: Batch | None = None, facts: Mapping[str, str] | None = None, **query: str
    ) -> Call:
        """The request; empty query parameters are left out."""
        return Call(
            operation=self.api,
            method=self.method,
            path=self.path,
            safety=self.safety,
            query={"api": self.api, **{name: value for name, value in query.items() if value}},
            json=json,
            sink=self.sink,
            batch=batch,
            facts=facts or {},
        )


# Records: our column, its name in add_record, its name in the export campaign_15 (which is in Spanish).
_RECORD: Final = (
    ("key", "customer_id", "id_cliente"),
    ("name", "customer_name", "nombre_cliente"),
    ("last_name", "customer_last_name", "apellido_cliente"),
    ("id_type", "id_type", "tipo_doc"),
    ("age", "age", "edad"),
    ("gender", "gender", "sexo"),
    ("country", "country", "pais"),
    ("state", "state", "departamento"),
    ("city", "city", "ciudad"),
    ("zone", "zone", "zona"),
    ("address", "address", "direccion"),
    *((label, label, label) for label in LABELS),
    ("phone", "tel1", "tel1"),
    *((f"phone{number}", f"tel{number}", f"tel{number}") for number in range(2, 11)),
)
_RECORD_OF_PREDICTIVE: Final = (
    ("phone_extra", "tel_extra", "tel_extra"),
    ("email", "email", "email"),
    ("recall_at", "recall_date", "rellamada"),
    ("recall_phone", "recall_telephone", "rellamada_tel"),
)
_RECORD_OF_PREVIEW: Final = (("agent", "agent_id", "id_agent"),)

ADDED: Final[Mapping[str, Mapping[str, str]]] = {
    PREDICTIVE: {ours: native for ours, native, _ in (*_RECORD, *_RECORD_OF_PREDICTIVE)},
    PREVIEW: {ours: native for ours, native, _ in (*_RECORD, *_RECORD_OF_PREVIEW)},
}
EXPORTED: Final[Mapping[str, str]] = {
    **{ours: shown for ours, _, shown in (*_RECORD, *_RECORD_OF_PREDICTIVE, *_RECORD_OF_PREVIEW)},
    "_calls": "llamadas",
    "_result": "resultado",
    "_code": "cod_rslt1",
}
EXPORT_TOTAL: Final = "total_records"
RECORD_COUNT: Final = "total_registers"  # in data[0] of the reply to add_record; the vendor's sample shows a blank
CREATED_ID: Final = ("id_campaign", "id_campaing")  # the sample and the table of one page disagree

CAMPAIGNS: Final = Operation(api="campaigns", method="GET", script="information", safety=Safety.READ)
SKILLS: Final = Operation(api="skills", method="GET", script="information", safety=Safety.READ)
TOKEN_INFO: Final = Operation(api="token_info", method="GET", script="information", safety=Safety.READ)
CREATE: Final = Operation(api="create_campaign", method="POST", script="campaign", safety=Safety.CREATE)
EDIT: Final = Operation(api="edit_campaign", method="PUT", script="campaign", safety=Safety.SET)
SPEED: Final = Operation(api="speed", method="PUT", script="campaign", safety=Safety.SET)
START: Final = Operation(api="start", method="PUT", script="campaign", safety=Safety.SET)
STOP: Final = Operation(api="stop", method="PUT", script="campaign", safety=Safety.SET)
DELETE: Final = Operation(api="delete_campaign", method="DELETE", script="campaign", safety=Safety.SET)
EXPORT: Final = Operation(
    api="campaign_15",
    method="GET",
    script="campaign",
    safety=Safety.READ,
    sink=Sink(rows_at="records", columns=EXPORTED, empty_without=True, needed=("key",), expected=("phone", "_result")),
)
ADD_RECORD: Final = Operation(api="add_record", method="POST", script="campaign", safety=Safety.MARKER)
REMOVE_RECORD: Final = Operation(api="remove_record", method="DELETE", script="campaign", safety=Safety.SET)
CODIFY: Final = Operation(api="codify", method="PUT", script="campaign", safety=Safety.SET)
LIST_DNC: Final = Operation(api="get_dnc", method="GET", script="information", safety=Safety.READ)
ADD_DNC: Final = Operation(api="add_dnc", method="POST", script="configuration", safety=Safety.SET)
ADD_DNC_FOR_DAYS: Final = Operation(api="add_dnc", method="POST", script="campaign", safety=Safety.SET)
REMOVE_DNC: Final = Operation(api="remove_dnc", method="DELETE", script="configuration", safety=Safety.SET)
BLOCK_RECORDS: Final = Operation(api="block_predictive_dnc", method="PUT", script="configuration", safety=Safety.SET)
SEND_SMS: Final = Operation(api="send_sms", method="POST", script="sms", safety=Safety.BLIND)

# A 404 in the platform's own envelope may be an empty list, a report without rows or an operation that is gone; the words of it
# are not public, and a campaign of the wished name that was not seen would be made a second time. It is never emptiness.
# The list answers an empty code, and so may a server's other reads.
READ_CODES: Final = frozenset({"", "200"})
NO_SUCH_API: Final = "API YOU WANT TO CONSULT DOES NOT EXIST"
QUOTA_GONE: Final = "TOKEN LIMIT"
TOO_MANY_AT_ONCE: Final = "SIMULTANEOUS"
BAD_TOKEN: Final = "TOKEN"  # noqa: S105 - words of a refusal, looked for after the two above
TRUE_WORDS: Final = frozenset({"yes", "si", "sí", "on", "true", "1", "active", "activo", "enabled"})
FALSE_WORDS: Final = frozenset({"no", "off", "false", "0", "", "inactive", "inactivo", "disabled"})

_MARKER: Final = re.compile(r"\s*\[reconciler:([0-9a-f]{8})\]\s*\Z")


def marker(target: Target, name: str) -> str:
    """The ownership mark of the campaign that document `name` wishes on `target`: 8 hex digits."""
    return hashlib.sha256(f"{target.container}|{name}".encode()).hexdigest()[:8]


def with_marker(description: str, mark: str) -> str:
    """The description as it is written; the mark is the one thing of ours that the platform shows again."""
    return f"{description} [reconciler:{mark}]".strip()


def without_marker(description: str) -> tuple[str, str]:
    """The description as people meant it, and the mark that it carried ("" for none). An empty one is shown as a blank."""
    mark = ""
    while description.rstrip().endswith("]") and (found := _MARKER.search(description)):
        mark = mark or found[1]
        description = description[: found.start()]
    return description.strip(), mark


def list_dnc(type_: str) -> Call:
    """The do-not-call list of one direction, or of all.

    A server that overlooks `type=` shows both directions: each row says its own (documented), and one that does not leaves
    it open.
    """
    both = frozenset({"all", "inbound/outbound"})
    meant, others = {type_, *both}, {"inbound", "outbound"} - {type_}
    only = None if type_ in both else ("_direction", tuple(sorted(meant)), tuple(sorted(others)))
    columns = {"phone": "phone_number", "_direction": "type"}
    return replace(
        LIST_DNC.call(type=type_), sink=Sink(rows_at="data", columns=columns, empty_without=True, only=only, needed=("phone",))
    )


Encode = Callable[[Any], dict[str, Any] | None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Setting:
    """A campaign's setting: how create takes it, how edit takes it, how the list shows it.

    `create` gives None where create cannot say the value, so that an edit has to follow. `edit` is None for what has a call
    or place of its own. `shown` gives None where the list does not show the value in words that we know; without it the
    platform never shows the setting.
    """

    name: str
    create: Encode
    edit: Encode | None
    shown: Callable[[Mapping[str, str]], Any] | None = None


def yes_no(value: bool) -> str:
    """A switch as the platform writes it."""
    return "yes" if value else "no"


def _word(text: str) -> bool | None:
    word = text.strip().casefold()
    return True if word in TRUE_WORDS else False if word in FALSE_WORDS else None


def _whole(text: str) -> int | None:
    return int(text) if text.strip().isdecimal() else None


def bare_clock(clock: str) -> str:
    """`HH:MM` as create takes it, HHMMSS; the end of the day is its last second."""
    return colon_clock(clock).replace(":", "")


def colon_clock(clock: str) -> str:
    """`HH:MM` as edit takes it, HH:MM:SS."""
    return "23:59:59" if clock == "24:00" else f"{clock}:00"


def all_labels(labels: Mapping[str, str]) -> dict[str, str]:
    """Every label, so that one that is no longer wished is emptied."""
    return {label: labels.get(label, "") for label in LABELS}


SETTINGS: Final = (
    Setting(
        name="display_name",
        create=lambda name: {"campaign_name": name},
        edit=lambda name: {"campaign_name": name},
        shown=lambda row: row.get("campaign_name", "").strip(),
    ),
    Setting(
        name="description",  # written by `with_marker`, since it is never written without the mark
        create=lambda _: {},
        edit=None,
        shown=lambda row: without_marker(row.get("campaign_description", ""))[0],
    ),
    Setting(
        name="type",  # create takes it in the query
        create=lambda _: {},
        edit=lambda type_: {"type_camp": type_.capitalize()},
        shown=lambda row: row.get("type_campaign", "").strip().casefold(),
    ),
    Setting(
        name="skill",
        create=lambda id_: {"skill_id": id_},
        edit=lambda id_: {"skill_id": id_},
        shown=lambda row: row.get("skill_id", "").strip(),
    ),
    Setting(
        name="speed",  # has an operation of its own
        create=lambda _: {},
        edit=None,
        shown=lambda row: _whole(row.get("speed", "")),
    ),
    Setting(
        name="turbo_dial",
        create=lambda _: None,
        edit=lambda on: {"turbo_dial": yes_no(on)},
        shown=lambda row: _word(row["turbo_dial"]) if "turbo_dial" in row else None,
    ),
    Setting(
        name="window",
        create=lambda slot: {"start_time": bare_clock(slot["from"]), "end_time": bare_clock(slot["to"])},
        edit=lambda slot: {"start_time": colon_clock(slot["from"]), "end_time": colon_clock(slot["to"])},
    ),
    Setting(
        name="amd",  # create knows the countries only; leaving it out is the default
        create=lambda amd: {"default": {}, "none": None}.get(amd, {"amd": amd}),
        edit=lambda amd: {"amd_conf": amd},
    ),
    Setting(
        name="editable",
        create=lambda on: {"enable_edition": yes_no(on)},
        edit=lambda on: {"enable_edition": yes_no(on)},
    ),
    Setting(name="labels", create=all_labels, edit=lambda labels: {"optional_labels": all_labels(labels)}),
    Setting(
        name="recall_routing",  # the platform's yes switches the routing of recalls off
        create=lambda _: None,
        edit=lambda on: {"routing_recall": yes_no(not on)},
    ),
    Setting(name="dial_order", create=lambda _: None, edit=lambda order: {"camp_dial_order": order}),
)
READABLE: Final = frozenset(setting.name for setting in SETTINGS if setting.shown)
UNREADABLE: Final = frozenset(setting.name for setting in SETTINGS if not setting.shown)

# What create always sends: which of its fields may be left out is not documented. Without a window a campaign may dial
# all day, and that is how the policies judge it.
CREATED: Final[Mapping[str, str]] = {
    "start_time": "000000",
    "end_time": "235959",
    "enable_edition": "no",
    **all_labels({}),
}


def encode_create(stored: Mapping[str, Any], mark: str) -> tuple[dict[str, Any], frozenset[str]]:
    """The body of create_campaign, and the names of settings that only an edit can say."""
    body: dict[str, Any] = {**CREATED, "campaign_description": with_marker(stored.get("description", ""), mark)}
    later = set()
    for setting in SETTINGS:
        if setting.name in stored:
            said = setting.create(stored[setting.name])
            if said is None:
                later.add(setting.name)
            else:
                body |= said
    return body, frozenset(later)


def encode_edit(changed: Mapping[str, Any]) -> dict[str, Any]:
    """The body of edit_campaign for the settings in `changed`: those alone. The description is the caller's."""
    body: dict[str, Any] = {}
    for setting in SETTINGS:
        if setting.name in changed and setting.edit:
            body |= setting.edit(changed[setting.name]) or {}
    return body


def decode_settings(row: Mapping[str, str]) -> dict[str, Any]:
    """The settings that a row of the list shows; what it says in unknown words is left out."""
    shown = {setting.name: setting.shown(row) for setting in SETTINGS if setting.shown}
    return {name: value for name, value in shown.items() if value is not None}
