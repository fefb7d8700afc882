"""Every write that is made, as a story: what is there before, what is wished then, and the call that carries it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

NO_BODY: Final = ("empty", "truncated")  # an empty answer is a good one, and half of it is empty too
ANY_TEXT: Final = ("shape",)  # any short text that names no error is a good answer
TEMPLATE: Final = "3c6f10ec-0000-4000-8000-210008f00900"
NUMBERS: Final = {"wolkvox": "300123{:04d}", "lynn": "+5696123{:04d}", "ucontact": "0941{:05d}"}
TARGETS: Final = {"wolkvox": "wolkvox-co", "lynn": "lynn-cl", "ucontact": "ucontact-uy"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One write. `operation` is the sandbox's name for it. `acks` are the guards that its plan trips, with their values.

    `reached` = people who got something when all is done; `there` = what the account holds then, as the sandbox counts it.
    `asked` says that only a person can settle it; `sound` are the faults after which the answer still reads as
    a good one.
    """

    operation: str
    platform: str
    before: str
    after: str
    acks: Mapping[str, int] = field(default_factory=dict)
    reached: int = 0
    there: Mapping[str, int] = field(default_factory=dict)
    asked: bool = False
    sound: tuple[str, ...] = ()


def rows(platform: str, *indexes: int, more: str = "") -> str:
    """Inline rows of made-up people."""
    number = NUMBERS[platform]
    lines = [f'{{key: "K{index}", phone: "{number.format(index)}"{more.format(index)}}}' for index in indexes]
    return "source:\n  rows:\n" + "".join(f"    - {line}\n" for line in lines)


def _document(platform: str, kind: str, name: str, *parts: str) -> str:
    return f"kind: {kind}\ntarget: {TARGETS[platform]}\nname: {name}\n" + "\n".join(part.rstrip("\n") for part in parts) + "\n"


def _all(*documents: str) -> str:
    return "---\n".join(documents)


def wolkvox_campaign(state: str = "stopped", description: str = "Una", speed: int = 10) -> str:
    block = f"wolkvox: {{skill: cobranza, speed: {speed}}}"
    return _document(
        "wolkvox", "campaign", "lista", f"state: {state}", f"description: {description}", "purpose: service", block
    )


def lynn_campaign(state: str = "stopped", category: str = "c") -> str:
    block = f"lynn: {{division: Ventas, category: {category}}}"
    return _document("lynn", "campaign", "lista", f"state: {state}", "purpose: service", block)


def loaded(platform: str, *indexes: int, more: str = "") -> str:
    """Rows into the campaign of a platform."""
    block = {"wolkvox": "", "lynn": f"lynn: {{template: {TEMPLATE}}}"}[platform]
    return _document(platform, "contacts", "base", "campaign: lista", block, more, rows(platform, *indexes))


def book(*indexes: int, name: str = "Una") -> str:
    """Lynn's address book."""
    lines = [f'    - {{identifier: "{NUMBERS["lynn"].format(index)}", channel: whatsapp, name: {name}}}\n' for index in indexes]
    return _document(
        "lynn", "contacts", "clientes", "changed: replace", "missing: remove", "source:\n  rows:\n" + "".join(lines)
    )


def barred(platform: str, scope: str, *indexes: int, lifts: int = 0) -> str:
    """A blacklist."""
    number = NUMBERS[platform]
    lines = "".join(f'    - {{phone: "{number.format(index)}"}}\n' for index in indexes)
    source = f"source:\n  rows:\n{lines}" if lines else "source: {rows: []}"
    asked = f'lifts: {{rows: [{{phone: "{number.format(lifts)}"}}]}}' if lifts else ""
    return _document(platform, "blacklist", "no", f"scope: {scope}", asked, source)


def messages(platform: str, at: str, *indexes: int) -> str:
    """SMS, each a call of its own."""
    campaign = 'campaign: "Recordatorios->"' if platform == "ucontact" else ""
    return _document(
        platform,
        "scheduled_sms",
        "aviso",
        campaign,
        "purpose: service",
        f"at: {at}",
        'message: "Hola"',
        rows(platform, *indexes),
    )


def base(channel: str, campaign: str, *indexes: int) -> str:
    """A base of uContact."""
    more = ', email: "persona{}@example.com"' if channel == "email" else ""
    block = f'ucontact: {{channel: {channel}, message: "Hola"}}' if channel != "voice" else "ucontact: {channel: voice}"
    return _document(
        "ucontact",
        "contacts",
        "base",
        f'campaign: "{campaign}"',
        "purpose: service",
        block,
        rows("ucontact", *indexes, more=more),
    )


_STARTED: Final = wolkvox_campaign("started")
_LYNN_STARTED: Final = lynn_campaign("started")

STORIES: Final = (
    Story(platform="wolkvox", operation="create_campaign", before="", after=wolkvox_campaign(), there={"campaigns": 1}),
    Story(
        platform="wolkvox",
        operation="edit_campaign",
        before=wolkvox_campaign(),
        after=wolkvox_campaign(description="Otra"),
        there={"campaigns": 1},
    ),
    Story(
        platform="wolkvox",
        operation="speed",
        before=wolkvox_campaign(),
        after=wolkvox_campaign(speed=20),
        there={"campaigns": 1},
    ),
    Story(
        platform="wolkvox",
        operation="start",
        before=_all(wolkvox_campaign(), loaded("wolkvox", 1, 2)),
        after=_all(_STARTED, loaded("wolkvox", 1, 2)),
        reached=2,
        there={"campaigns": 1, "started": 1, "records": 2},
    ),
    Story(
        platform="wolkvox", operation="stop", before=_STARTED, after=wolkvox_campaign(), there={"campaigns": 1, "started": 0}
    ),
    Story(platform="wolkvox", operation="delete_campaign", before=wolkvox_campaign(), after="", there={"campaigns": 0}),
    Story(
        platform="wolkvox",
        operation="add_record",
        before=_STARTED,
        after=_all(_STARTED, loaded("wolkvox", 1, 2, 3, 4)),
        reached=4,
        there={"campaigns": 1, "records": 4},
    ),
    Story(
        platform="wolkvox",
        operation="remove_record",
        before=_all(wolkvox_campaign(), loaded("wolkvox", 1, 2, 3, more="missing: remove")),
        after=_all(wolkvox_campaign(), loaded("wolkvox", 1, more="missing: remove")),
        acks={"max_row_removals": 2},
        there={"records": 1},
    ),
    Story(
        platform="wolkvox",
        operation="codify",
        before=_all(wolkvox_campaign(), loaded("wolkvox", 1, 2, more="missing: close\nclose: {code: PAGO}")),
        after=_all(wolkvox_campaign(), loaded("wolkvox", 1, more="missing: close\nclose: {code: PAGO}")),
        acks={"max_row_removals": 1},
        there={"records": 2},
    ),
    Story(
        platform="wolkvox",
        operation="configuration.add_dnc",
        before="",
        after=barred("wolkvox", "{direction: outbound}", 1, 2),
        there={"dnc": 2},
    ),
    Story(
        platform="wolkvox",
        operation="remove_dnc",
        before=barred("wolkvox", "{direction: outbound}", 1, 2),
        after=barred("wolkvox", "{direction: outbound}", 1, lifts=2),
        acks={"max_lifts": 1},
        there={"dnc": 1},
    ),
    Story(
        platform="wolkvox",
        operation="block_predictive_dnc",
        before=_all(wolkvox_campaign(), loaded("wolkvox", 1, 2)),
        after=_all(wolkvox_campaign(), loaded("wolkvox", 1, 2), barred("wolkvox", "{direction: outbound}", 2)),
        there={"dnc": 1, "records": 2},
    ),
    Story(
        platform="wolkvox", operation="send_sms", before="", after=messages("wolkvox", "on_apply", 1, 2), reached=2, asked=True
    ),
    Story(platform="lynn", operation="PostCampaign", before="", after=lynn_campaign(), there={"campaigns": 1}),
    Story(
        platform="lynn",
        operation="PutCampaign",
        before=lynn_campaign(),
        after=lynn_campaign(category="d"),
        there={"campaigns": 1},
    ),
    Story(
        platform="lynn",
        operation="StartCampaignExecution",
        before=_all(lynn_campaign(), loaded("lynn", 1, 2)),
        after=_all(_LYNN_STARTED, loaded("lynn", 1, 2)),
        reached=2,
        there={"rows": 2},
        sound=NO_BODY,
    ),
    Story(
        platform="lynn",
        operation="StopCampaignExecution",
        before=_LYNN_STARTED,
        after=lynn_campaign(),
        there={"campaigns": 1},
        sound=NO_BODY,
    ),
    Story(platform="lynn", operation="DeleteCampaign", before=lynn_campaign(), after="", there={"campaigns": 0}, sound=NO_BODY),
    Story(platform="lynn", operation="PostContact", before=book(1), after=book(1, 2), there={"contacts": 2}),
    Story(platform="lynn", operation="PutContact", before=book(1), after=book(1, name="Otra"), there={"contacts": 1}),
    Story(platform="lynn", operation="DeleteContact", before=book(1, 2), after=book(1), there={"contacts": 1}, sound=NO_BODY),
    Story(
        platform="lynn",
        operation="ManageDnDByCampaign",
        before=_all(lynn_campaign(), book(1)),
        after=_all(lynn_campaign(), book(1), barred("lynn", "{campaign: lista}", 1)),
        there={"dnd": 1},
    ),
    Story(
        platform="lynn",
        operation="SetDnDContactByCategory",
        before=_all(lynn_campaign(), book(1)),
        after=_all(lynn_campaign(), book(1), barred("lynn", "{category: c}", 1)),
        there={"dnd": 1},
        sound=NO_BODY,
    ),
    Story(
        platform="lynn",
        operation="AddCampaingData",
        before=_LYNN_STARTED,
        after=_all(_LYNN_STARTED, loaded("lynn", 1, 2, 3, 4)),
        reached=4,
        there={"rows": 4},
        asked=True,
    ),
    Story(
        platform="lynn",
        operation="UploadCampaignDataByTenant",
        before=lynn_campaign(),
        after=_all(
            lynn_campaign(), _document("lynn", "contacts", "base", "campaign: lista", "source: {file: ../data/base.cpg}")
        ),
        reached=1,
        asked=True,
    ),
    Story(
        platform="ucontact",
        operation="ScheduleDialerSMS",
        before="",
        after=messages("ucontact", "2026-12-01T10:00:00-03:00", 1, 2),
        reached=2,
        asked=True,
    ),
    Story(
        platform="ucontact",
        operation="SendSMSv2",
        before="",
        after=messages("ucontact", "on_apply", 1, 2),
        reached=2,
        asked=True,
    ),
    Story(
        platform="ucontact", operation="SendSMS", before="", after=messages("ucontact", "on_apply", 1, 2), reached=2, asked=True
    ),
    Story(
        platform="ucontact",
        operation="SMS.uploadbase",
        before="",
        after=base("sms", "Recordatorios->", 1, 2, 3, 4),
        reached=4,
        there={"bases": 1},
        asked=True,
        sound=ANY_TEXT,
    ),
    Story(
        platform="ucontact",
        operation="Dialers.uploadbase",
        before="",
        after=base("voice", "Cobranza<-", 1, 2, 3, 4),
        there={"bases": 1, "bases_waiting": 1},
        asked=True,
        sound=ANY_TEXT,
    ),
    Story(
        platform="ucontact",
        operation="uploadDialerBase",
        before="",
        after=base("email", "Boletin", 1, 2, 3, 4),
        reached=4,
        there={"bases": 1},
        asked=True,
        sound=ANY_TEXT,
    ),
)
