"""Codes of what the law packs and the house rules bar: hours, frequency, consent, senders."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.diagnostics.code import Code

LAW: Final[Mapping[str, Code]] = {
    "LAW000": Code(
        "no law is looked at",
        "`lawpacks: off` turns every rule off, and a plan that said nothing of it would look as if it were lawful.",
        "Check hours, holidays, do-not-call registers and frequency yourself; this is no legal advice.",
    ),
    "HRS001": Code(
        "outside its window",
        "The wish is to run, and now is outside the window: it is stopped until then.",
        "Nothing, or change the window.",
    ),
    "HRS002": Code(
        "at an hour that a rule bars",
        "People have hours in which nobody may contact them, wherever they may be; they begin five minutes early.",
        "Choose another moment; `reconciler explain` and the rule's id say more.",
    ),
    "HRS003": Code(
        "window reaches into hours that a rule bars",
        "A window is judged from start to end in every zone of its people, and ends five minutes before the rule's.",
        "Narrow the window; `reconciler explain` and the rule's id say more.",
    ),
    "HRS004": Code(
        "has to be stopped in the coming days",
        "A campaign that is left running dials on days and holidays that a rule bars.",
        "Say who stops it in `policies.stopper`, or acknowledge it and stop it by then.",
    ),
    "HRS005": Code(
        "barred at this moment",
        "A campaign that is wished to run stands still while a rule bars contact where it dials.",
        "Nothing: the next `apply` after that starts it.",
    ),
    "REG001": Code(
        "register not consulted",
        "The law asks to look into a do-not-call register before contact.",
        "Add a copy of it to `policies.suppress`, with `register`, `fetched_at` and `file`.",
    ),
    "CAP001": Code(
        "contacted more often than a rule allows",
        "A person counts once for all targets and campaigns of the project.",
        "Wait, or leave the person out.",
    ),
    "CAP002": Code(
        "what limits do not see",
        "The journal knows what this project loads and schedules, and nothing else.",
        "Count the rest in; load everything by this project, and bound the attempts of a campaign on the platform.",
    ),
    "CAP003": Code(
        "left out, being one contact too many",
        "Somebody who was contacted as often as a rule allows is not loaded again.",
        "Nothing: whoever is still in the source is loaded by a later `apply`.",
    ),
    "CON001": Code(
        "consent is not proven",
        "A law asks for consent that can be shown, row by row.",
        "Add the columns `consent` and `consent_at` to the source.",
    ),
    "CON002": Code(
        "authorised channel not said",
        "The law allows only the channels that the person authorised.",
        "Add the column `consent_channel` to the source.",
    ),
    "SID001": Code(
        "sender without the prefix that a rule asks for",
        "People know by the prefix what kind of call it is.",
        "Give a `caller_id` with one of the prefixes.",
    ),
    "SID002": Code("hidden sender", "A rule bars calls with a hidden number.", "Give a `caller_id` that people can call back."),
    "SID003": Code(
        "sender not said",
        "A rule bars hidden numbers, and nobody says here which number people see.",
        "Give the campaign's `caller_id`.",
    ),
    "LAW001": Code(
        "no law pack for the country",
        "Nobody has read this country's law for this program; unknown is not allowed.",
        "Correct the country; there is a pack for AR, BR, CL, CO, EC, MX, PE, US and UY.",
    ),
    "LAW002": Code(
        "word that no rule knows",
        "Purpose, channel, service and sector decide which rules bind; an unknown word would bind none.",
        "Correct it.",
    ),
    "LAW003": Code(
        "zone not known",
        "Hours are those of the place where the person is.",
        "Use a name such as America/Bogota.",
    ),
    "LAW004": Code(
        "holidays not known",
        "A day of which nobody knows whether it is a holiday may be one.",
        "Choose an earlier day, or a country that the calendar knows.",
    ),
    "LAW006": Code(
        "left to a plan",
        "Only rows, or a platform, tell what the rules would have to know.",
        "Nothing: a plan reads them and judges.",
    ),
    "LAW005": Code(
        "rule past its review",
        "Laws change; a rule that was not read again may be an old one.",
        "Use a newer version of this program, and have somebody look who knows the law.",
    ),
}
