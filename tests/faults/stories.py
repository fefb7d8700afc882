"""Every write that is made, as a story: what is there before, what is wished then, and the call that carries it out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

TEMPLATE: Final = "3c6f10ec-0000-4000-8000-210008f00900"
NUMBERS: Final = {"wolkvox": "300123{:04d}", "lynn": "+5696123{:04d}", "ucontact": "0941{:05d}"}
TARGETS: Final = {"wolkvox": "wolkvox-co", "lynn": "lynn-cl", "ucontact": "ucontact-uy"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Story:
    """One write. `operation` is the sandbox's name for it; `given` are words for every apply of it."""

    operation: str
    platform: str
    before: str
    after: str
    seed: Mapping[str, Any] = field(default_factory=dict)
    acks: Mapping[str, int] = field(default_factory=dict)


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

STORIES: Final = tuple(
    Story(platform=platform, operation=operation, before=before, after=after, **more)
    for platform, operation, before, after, more in (
        ("wolkvox", "create_campaign", "", wolkvox_campaign(), {}),
        ("wolkvox", "edit_campaign", wolkvox_campaign(), wolkvox_campaign(description="Otra"), {}),
        ("wolkvox", "speed", wolkvox_campaign(), wolkvox_campaign(speed=20), {}),
        ("wolkvox", "start", _all(wolkvox_campaign(), loaded("wolkvox", 1, 2)), _all(_STARTED, loaded("wolkvox", 1, 2)), {}),
        ("wolkvox", "stop", _STARTED, wolkvox_campaign(), {}),
        ("wolkvox", "delete_campaign", wolkvox_campaign(), "", {}),
        ("wolkvox", "add_record", _STARTED, _all(_STARTED, loaded("wolkvox", 1, 2, 3, 4)), {}),
        (
            "wolkvox",
            "remove_record",
            _all(wolkvox_campaign(), loaded("wolkvox", 1, 2, 3, more="missing: remove")),
            _all(wolkvox_campaign(), loaded("wolkvox", 1, more="missing: remove")),
            {"acks": {"max_row_removals": 2}},
        ),
        (
            "wolkvox",
            "codify",
            _all(wolkvox_campaign(), loaded("wolkvox", 1, 2, more="missing: close\nclose: {code: PAGO}")),
            _all(wolkvox_campaign(), loaded("wolkvox", 1, more="missing: close\nclose: {code: PAGO}")),
            {"acks": {"max_row_removals": 1}},
        ),
        ("wolkvox", "configuration.add_dnc", "", barred("wolkvox", "{direction: outbound}", 1, 2), {}),
        (
            "wolkvox",
            "remove_dnc",
            barred("wolkvox", "{direction: outbound}", 1, 2),
            barred("wolkvox", "{direction: outbound}", 1, lifts=2),
            {"acks": {"max_lifts": 1}},
        ),
        (
            "wolkvox",
            "block_predictive_dnc",
            _all(wolkvox_campaign(), loaded("wolkvox", 1, 2)),
            _all(wolkvox_campaign(), loaded("wolkvox", 1, 2), barred("wolkvox", "{direction: outbound}", 2)),
            {},
        ),
        ("wolkvox", "send_sms", "", messages("wolkvox", "on_apply", 1, 2), {}),
        ("lynn", "PostCampaign", "", lynn_campaign(), {}),
        ("lynn", "PutCampaign", lynn_campaign(), lynn_campaign(category="d"), {}),
        (
            "lynn",
            "StartCampaignExecution",
            _all(lynn_campaign(), loaded("lynn", 1, 2)),
            _all(_LYNN_STARTED, loaded("lynn", 1, 2)),
            {},
        ),
        ("lynn", "StopCampaignExecution", _LYNN_STARTED, lynn_campaign(), {}),
        ("lynn", "DeleteCampaign", lynn_campaign(), "", {}),
        ("lynn", "PostContact", book(1), book(1, 2), {}),
        ("lynn", "PutContact", book(1), book(1, name="Otra"), {}),
        ("lynn", "DeleteContact", book(1, 2), book(1), {}),
        (
            "lynn",
            "ManageDnDByCampaign",
            _all(lynn_campaign(), book(1)),
            _all(lynn_campaign(), book(1), barred("lynn", "{campaign: lista}", 1)),
            {},
        ),
        (
            "lynn",
            "SetDnDContactByCategory",
            _all(lynn_campaign(), book(1)),
            _all(lynn_campaign(), book(1), barred("lynn", "{category: c}", 1)),
            {},
        ),
        ("lynn", "AddCampaingData", _LYNN_STARTED, _all(_LYNN_STARTED, loaded("lynn", 1, 2, 3, 4)), {}),
        (
            "lynn",
            "UploadCampaignDataByTenant",
            lynn_campaign(),
            _all(lynn_campaign(), _document("lynn", "contacts", "base", "campaign: lista", "source: {file: ../data/base.cpg}")),
            {},
        ),
        ("ucontact", "ScheduleDialerSMS", "", messages("ucontact", "2026-12-01T10:00:00-03:00", 1, 2), {}),
        ("ucontact", "SendSMSv2", "", messages("ucontact", "on_apply", 1, 2), {}),
        ("ucontact", "SendSMS", "", messages("ucontact", "on_apply", 1, 2), {}),
        ("ucontact", "SMS.uploadbase", "", base("sms", "Recordatorios->", 1, 2, 3, 4), {}),
        ("ucontact", "Dialers.uploadbase", "", base("voice", "Cobranza<-", 1, 2, 3, 4), {}),
        ("ucontact", "uploadDialerBase", "", base("email", "Boletin", 1, 2, 3, 4), {}),
    )
)
