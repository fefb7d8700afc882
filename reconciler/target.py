"""Targets: accounts on platforms, where they are reached, under which limits, and where their secrets are.

A secret stays a reference until a command that talks to a platform resolves it; `validate` and `show` never do.
"""

from __future__ import annotations

import re
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from ipaddress import ip_address
from pathlib import Path
from typing import Any, Final
from urllib.parse import urlsplit

from reconciler.calendar import known_country, known_day, known_zone
from reconciler.catalogue import say
from reconciler.diagnostics import Finding, did_you_mean, error
from reconciler.document import Node
from reconciler.errors import Mistaken
from reconciler.kinds.fields import (
    ANY_TEXT,
    CODE,
    COUNTRY,
    DAY,
    SECRET,
    ZONE,
    Boolean,
    Either,
    Field,
    Integer,
    ListOf,
    MapOf,
    Number,
    Record,
    Text,
)
from reconciler.kinds.kind import SECTORS
from reconciler.personal import Secret
from reconciler.resource import Origin

_PLAIN_URL: Final = re.compile(r"[a-z]+://([A-Za-z0-9._-]+|\[[0-9a-fA-F:.]+\])(:[0-9]{1,5})?(/[A-Za-z0-9._~/-]*)?")
SETTLE_S: Final = 180.0  # the vendors' 60 s call limit, its tail, and a margin
READ_AGAIN_S: Final = 5.0
IN_FLIGHT_MAX: Final = 8

LIMITS: Final = Record(
    (
        Field(name="rows_per_upload", type=Integer(least=1), doc="Rows in one call; lowers the platform's own limit."),
        Field(name="rows_per_download", type=Integer(least=1), doc="Rows that one read may return and still count as whole."),
        Field(
            name="calls_in_flight",
            type=Integer(least=1, most=IN_FLIGHT_MAX),
            doc="Calls on their way at one time, 1 when left out; never more than the platform takes.",
        ),
        Field(name="calls_per_second", type=Number(least=0.01), doc="Pace of calls."),
        Field(name="calls_per_day", type=Integer(least=1), doc="Calls a day, where the platform does not say it itself."),
        Field(name="campaigns", type=Integer(least=1), doc="Campaigns that the account may hold."),
        Field(name="timeout_s", type=Number(least=0.1, most=600), doc="Seconds to wait for one answer."),
        Field(
            name="settle_s", type=Number(least=0, most=86_400), doc="Seconds after which a lost call can no longer take effect."
        ),
        Field(
            name="memory",
            type=Text(pattern=r"^\d+(\.\d+)?(MB|GB)$", form="a size, such as 4GB"),
            doc="Memory of the rows engine.",
        ),
    )
)


@dataclass(frozen=True, slots=True, kw_only=True)
class TargetKeys:
    """What a platform wants to know about a target: its own keys, which of them are secrets, and where it lives.

    `url` is a template over the keys; `account` names the key that tells one account from another. `calls_in_flight_max` is
    how many calls the platform takes at one time.
    """

    fields: tuple[Field, ...]
    url: str
    account: str
    calls_in_flight_max: int = IN_FLIGHT_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class SecretRef:
    """Where a secret is: an environment variable or a file."""

    env: str = ""
    file: str = ""
    origin: Origin

    def resolve(self, environ: Mapping[str, str], root: Path) -> Secret:
        """The secret itself; Mistaken when it is not there, empty, or readable by others."""
        if self.env:
            value = environ.get(self.env, "").strip()
            if not value:
                raise Mistaken(
                    say("the environment variable {name} is not set", name=self.env),
                    code="SEC002",
                    remedy=say("set it in the shell or in the pipeline's secrets"),
                    place=str(self.origin),
                )
            return Secret(value)
        path = root / Path(self.file).expanduser()
        try:
            mode = path.stat().st_mode
            value = path.read_text("utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise Mistaken(
                say("the secret's file {path} cannot be read", path=self.file),
                code="SEC002",
                remedy=say("create it with the secret as its only line"),
                place=str(self.origin),
            ) from None
        if mode & (stat.S_IRGRP | stat.S_IROTH):
            raise Mistaken(
                say("the secret's file {path} can be read by others", path=self.file),
                code="SEC003",
                remedy=f"chmod 600 {self.file}",
                place=str(self.origin),
            )
        if not value:
            raise Mistaken(
                say("the secret's file {path} is empty", path=self.file),
                code="SEC002",
                remedy=say("write the secret as its only line"),
                place=str(self.origin),
            )
        return Secret(value)


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """One account on one platform. `url` is everything before the vendor's own path; `account` is unique by platform.

    `calls_in_flight` is how many calls may be on their way to it at one time.
    """

    name: str
    platform: str
    url: str
    account: str
    country: str
    timezone: str
    platform_timezone: str
    sandbox: bool = False
    settings: Mapping[str, Any] = field(default_factory=dict)
    limits: Mapping[str, Any] = field(default_factory=dict)
    calls_in_flight: int = 1
    secrets: Mapping[str, SecretRef] = field(default_factory=dict)
    extra_headers: Mapping[str, str | SecretRef] = field(default_factory=dict)
    phone_format: str = "national"
    dial_prefix: str = ""
    extra_holidays: tuple[str, ...] = ()
    sector: str = ""
    test_numbers: tuple[str, ...] | None = None
    origin: Origin

    @property
    def container(self) -> str:
        """What tells this account from every other, whatever the target is called here."""
        return f"{self.platform}|{self.account}"

    def limit(self, name: str, default: float) -> float:
        """A limit of the target, or `default` where none is written."""
        return self.limits.get(name, default)  # type: ignore[no-any-return]  # limits are checked numbers

    @property
    def settle_s(self) -> float:
        """Seconds until a lost call can no longer take effect, and a taken one is shown."""
        return self.limit("settle_s", SETTLE_S)

    @property
    def read_again_s(self) -> float:
        """Seconds between two readings that must agree; 0 where nothing takes time to show, so that one is enough."""
        return min(READ_AGAIN_S, self.settle_s)


TARGET_COMMON: Final = (
    Field(name="platform", type=CODE, required=True, doc="lynn, wolkvox or ucontact."),
    Field(
        name="country", type=COUNTRY, required=True, doc="Two capital letters; how numbers are understood and which laws apply."
    ),
    Field(name="timezone", type=ZONE, required=True, doc="The zone that windows and naive times are meant in."),
    Field(
        name="platform_timezone",
        type=ZONE,
        doc="The zone in which the platform understands naive times; the target's when left out.",
    ),
    Field(name="sandbox", type=Boolean(), default=False, doc="A simulated platform on loopback; every output says SIMULATED."),
    Field(
        name="url",
        type=Text(),
        doc="Everything before the vendor's own path; only with sandbox: true may it leave the vendor's hosts.",
    ),
    Field(name="limits", type=LIMITS, doc="Lower limits than the platform's own."),
    Field(name="phone_format", type=Text(choices=("national", "digits", "e164")), doc="How numbers are sent."),
    Field(name="dial_prefix", type=Text(pattern=r"^\d{1,6}$", form="digits"), doc="Digits put in front of every number sent."),
    Field(
        name="extra_headers",
        type=MapOf(Either(ANY_TEXT, SECRET), names=r"^[A-Za-z0-9-]+$"),
        doc="Headers sent with every call.",
    ),
    Field(name="extra_holidays", type=ListOf(DAY), doc="Holidays beside those of the country."),
    Field(name="sector", type=Text(choices=SECTORS), doc="Whose business it is; some laws and codes are for one sector."),
    Field(
        name="environment",
        type=Text(choices=("testing", "production")),
        default="production",
        doc="testing: only test_numbers may be reached.",
    ),
    Field(
        name="test_numbers",
        type=ListOf(Text()),
        doc="With environment: testing, the only numbers that may be reached.",
        personal=True,
    ),
)


def target_record(platforms: Mapping[str, TargetKeys]) -> Record:
    """Every key that a target of any platform may have."""
    own = {key.name: replace(key, required=False) for keys in platforms.values() for key in keys.fields}
    return Record((*TARGET_COMMON, *own.values()))


def read_target(
    name: str, values: dict[str, Any], node: Node, platforms: Mapping[str, TargetKeys]
) -> tuple[Target | None, list[Finding]]:
    entries = node.entries or {}
    place = {key: entry.node.origin for key, entry in entries.items()}
    platform = values["platform"]
    if platform not in platforms:
        message = say("'{platform}' is not a platform", platform=platform)
        return None, [error("PRJ005", message, place["platform"], did_you_mean(platform, platforms))]
    keys = platforms[platform]
    own = {key.name for key in keys.fields} | {key.name for key in TARGET_COMMON}
    findings = [
        error(
            "SPC001",
            say("'{key}' is not a key of {platform}", key=key, platform=platform),
            entries[key].key,
            did_you_mean(key, own),
        )
        for key in values
        if key in entries and key not in own
    ]
    sandbox, url = values["sandbox"], values.get("url", "")
    replaced = {keys.account} if url and f"{{{keys.account}}}" in keys.url else set()
    findings += [
        error("PRJ006", say("the target '{name}' needs '{key}'", name=name, key=key.name), node.origin, key.doc)
        for key in keys.fields
        if key.required and key.name not in values and key.name not in replaced
    ]
    findings += [
        error("PRJ004", say("'{zone}' is not a zone", zone=values[key]), place[key], say("use a name such as America/Bogota"))
        for key in ("timezone", "platform_timezone")
        if key in values and not known_zone(values[key])
    ]
    if not known_country(values["country"]):
        message = say("'{code}' is not a country", code=values["country"])
        findings.append(error("SPC004", message, place["country"], say("write its ISO 3166 code, such as CO")))
    findings += [
        error("SPC005", say("there is no day '{day}'", day=day), place["extra_holidays"], say("correct the date"))
        for day in values.get("extra_holidays", ())
        if not known_day(day)
    ]
    template = keys.url
    if not findings and not url:
        url = template.format(**{key: values.get(key, "") for key in own})
    mistake = "" if findings else _url_mistake(url, template, sandbox)
    if mistake and _carries_credentials(url):
        remedy = say("remove them, and change them: they are known now")
        findings.append(error("SEC001", say("the url carries credentials"), place["url"], remedy))
    elif mistake:
        findings.append(
            error(
                "PRJ003",
                mistake,
                place.get("url", node.origin),
                say("remove 'url', or set 'sandbox: true' for a loopback address"),
            )
        )
    if findings:
        return None, findings
    parts = urlsplit(url)
    port = "" if parts.port in (None, 443) else f":{parts.port}"
    home = f"{parts.hostname}{port}{parts.path.rstrip('/')}"
    account = home if f"{{{keys.account}}}" in template else f"{home}|{values.get(keys.account) or ''}"
    return Target(
        name=name,
        platform=platform,
        url=url.rstrip("/"),
        account=account,
        country=values["country"],
        timezone=values["timezone"],
        platform_timezone=values.get("platform_timezone") or values["timezone"],
        sandbox=sandbox,
        settings={key.name: values.get(key.name, key.default) for key in keys.fields if not key.secret},
        limits=values.get("limits", {}),
        calls_in_flight=min(values.get("limits", {}).get("calls_in_flight", 1), keys.calls_in_flight_max),
        secrets={
            key.name: SecretRef(**values[key.name], origin=place[key.name])
            for key in keys.fields
            if key.secret and key.name in values
        },
        extra_headers={
            header: SecretRef(**value, origin=place["extra_headers"]) if isinstance(value, dict) else value
            for header, value in values.get("extra_headers", {}).items()
        },
        phone_format=values.get("phone_format") or ("digits" if platform == "lynn" else "national"),
        dial_prefix=values.get("dial_prefix", ""),
        extra_holidays=tuple(values.get("extra_holidays", ())),
        sector=values.get("sector", ""),
        test_numbers=tuple(values.get("test_numbers", ())) if values.get("environment") == "testing" else None,
        origin=node.origin,
    ), []


def _carries_credentials(url: str) -> bool:
    return "@" in url.partition("://")[2].partition("/")[0]


def _url_mistake(url: str, template: str, sandbox: bool) -> str:
    """Why `url` may not be talked to; "" when it may. A vendor's host is one that the platform's template can give."""
    try:
        parts = urlsplit(url)
        host, port = parts.hostname or "", parts.port
    except ValueError:
        return say("the url is not well formed")
    if _carries_credentials(url):
        return say("the url carries credentials")
    if parts.query or parts.fragment:
        return say("the url carries a query or fragment")
    if not _PLAIN_URL.fullmatch(url):  # signs that other readers of urls could take for an end of the host
        return say("the url is not well formed")
    if sandbox:
        return (
            ""
            if parts.scheme in ("http", "https") and _loopback(host)
            else say("with 'sandbox: true' the url must be on loopback")
        )
    suffix = template.partition("://")[2].rpartition("}")[2].partition("/")[0]
    vendor = (
        host.endswith(suffix) and len(host) > len(suffix) if suffix.startswith(".") else host == urlsplit(template).hostname
    )
    if parts.scheme != "https" or not vendor or port not in (None, 443):
        return say("the url is not a host of the vendor, reached by https")
    return ""


def _loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


def shared_accounts(targets: Mapping[str, Target]) -> list[Finding]:
    seen: dict[str, Target] = {}
    findings = []
    for target in targets.values():
        first = seen.setdefault(target.container, target)
        if first is not target:
            message = say("'{one}' and '{two}' are the same account", one=first.name, two=target.name)
            findings.append(error("PRJ002", message, target.origin, say("keep one of them")))
    return findings
