"""The rules as a table: every hour of every weekday with its edges, every holiday of two years, and whom each rule binds.

What stands here was written down from the rules themselves and not from the packs, so that neither can change alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from itertools import product
from typing import Final
from zoneinfo import ZoneInfo

import pytest

from reconciler.calendar import WEEKDAYS
from reconciler.kinds.kind import SECTORS
from reconciler.policies.contact import Contact, binding, exceptions
from reconciler.policies.hours import allowed
from reconciler.policies.lawpacks import packs, rules
from reconciler.policies.terms import CHANNELS, PURPOSES, SERVICES
from tests.policies import opinion
from tests.policies.test_hours import CAPITALS

MINUTE: Final = timedelta(minutes=1)
MONDAY: Final = date(2026, 11, 23)  # of a week without a holiday, but for the fourth Thursday of the United States

# Hours by weekday, and whether public holidays count as others do.
HOURS: Final = {
    "CO-1": ({"mon tue wed thu fri": ("07:00", "19:00"), "sat": ("08:00", "15:00")}, False),
    "MX-3": ({"mon tue wed thu fri sat sun": ("07:00", "22:00")}, True),
    "MX-4": ({"mon tue wed thu fri": ("00:00", "24:00")}, True),
    "CL-2": ({"mon tue wed thu fri": ("08:00", "20:00"), "sat": ("10:00", "13:00")}, False),
    "PE-2": ({"mon tue wed thu fri": ("07:00", "20:00")}, False),
    "BR-2": ({"mon tue wed thu fri": ("09:00", "21:00"), "sat": ("10:00", "16:00")}, False),
    "EC-1": ({"mon tue wed thu fri": ("07:00", "20:00")}, False),
    "US-1": ({"mon tue wed thu fri sat sun": ("08:00", "21:00")}, True),
    "HOUSE-1": ({"mon tue wed thu fri": ("09:00", "18:00"), "sat": ("10:00", "13:00")}, False),
    "HOUSE-3": ({"mon tue wed thu fri sat sun": ("07:00", "21:00")}, True),
}

# Country ("" = every one), purposes, sector, channels, first day in force; "" = all, or not said.
BINDS: Final = {
    "CO-1": ("CO", "collection marketing", "", "", "2023-10-10"),
    "CO-2": ("CO", "collection marketing", "", "", "2023-10-10"),
    "CO-3": ("CO", "marketing", "", "", "2024-04-10"),
    "MX-1": ("MX", "marketing", "", "", ""),
    "MX-2": ("MX", "marketing", "finance", "", ""),
    "MX-3": ("MX", "collection", "finance", "", ""),
    "MX-4": ("MX", "collection", "", "", ""),
    "CL-1": ("CL", "collection", "", "", ""),
    "CL-2": ("CL", "collection", "", "", ""),
    "CL-4": ("CL", "", "", "voice", "2025-08-13"),
    "CL-5": ("CL", "marketing", "", "", ""),
    "CL-6": ("CL", "", "", "", "2026-12-01"),
    "AR-1": ("AR", "marketing", "", "", ""),
    "PE-1": ("PE", "marketing", "", "", "2025-05-10"),
    "PE-2": ("PE", "collection", "", "", ""),
    "BR-2": ("BR", "marketing", "telecom", "", ""),
    "UY-1": ("UY", "marketing", "", "", ""),
    "EC-1": ("EC", "collection", "", "", ""),
    "US-1": ("US", "marketing", "", "", ""),
    "US-2": ("US", "", "", "voice sms", ""),
}

# What else a rule says: counts, registers with the days for which a copy counts, columns, prefixes.
SAYS: Final = {
    "CO-2": ["caps voice,sms,whatsapp,email per_day=1 channels_per_week=1", "channel consent_channel"],
    "CO-3": ["register rne"],
    "MX-1": ["register repep 30"],
    "MX-2": ["register reus"],
    "MX-3": ["not hidden"],
    "CL-1": ["caps voice per_week=1", "caps sms,whatsapp,email per_week=2 spacing_days=2"],
    "CL-4": ["prefixes 600,809,56600,56809"],
    "CL-5": ["register no_molestar 1", "note suspension"],
    "CL-6": ["note personal_data"],
    "AR-1": ["register no_llame_ar 30"],
    "PE-1": ["consent consent,consent_at"],
    "BR-2": ["caps voice,sms,whatsapp,email per_day=2 per_month=15"],
    "UY-1": ["register no_llame_uy 30"],
    "EC-1": ["caps voice,sms,whatsapp,email each per_day=1", "not hidden"],
    "US-2": ["note revocation"],
    "HOUSE-2": ["caps voice,sms,whatsapp,email per_day=1 per_week=2"],
}


def country_of(rule: str) -> str:
    """The rule's own country; the house's rules are asked in Uruguay, whose pack has no hours."""
    return "UY" if rule.startswith("HOUSE") else rule[:2]


def contact(rule: str) -> Contact:
    """Somebody in the capital whom the rule looks at."""
    known, country = rules()[rule], country_of(rule)
    return Contact(
        countries=(country,),
        purpose=known.purposes[0] if known.purposes else "marketing",
        channel=known.channels[0] if known.channels else "voice",
        zones=(CAPITALS[country],),
        sector=known.sectors[0] if known.sectors else "",
    )


def minutes(clock: str) -> timedelta:
    """A time of a clock as time since midnight."""
    return timedelta(hours=int(clock[:2]), minutes=int(clock[3:]))


def of_weekday(rule: str, weekday: str) -> tuple[str, str] | None:
    """The hours of a rule on a weekday."""
    return next((hours for days, hours in HOURS[rule][0].items() if weekday in days.split()), None)


# --- hours ---------------------------------------------------------------------------------------------------------------


def test_the_table_has_every_rule_on_hours() -> None:
    assert set(HOURS) == {rule.id for rule in rules().values() if rule.hours} == set(opinion.RULES)


@pytest.mark.parametrize(("rule", "weekday"), list(product(sorted(HOURS), WEEKDAYS)))
def test_each_edge_of_each_weekday(rule: str, weekday: str) -> None:
    """At −1, 0 and +1 minute: open from the first minute on, shut from five minutes before the end on."""
    who, only = contact(rule), rules()[rule]
    day = MONDAY + timedelta(days=WEEKDAYS.index(weekday))
    midnight = datetime.combine(day, datetime.min.time(), ZoneInfo(who.zones[0]))
    told = of_weekday(rule, weekday)
    if told is None:
        asked = [midnight + timedelta(hours=hour) for hour in range(0, 24, 2)]
        assert not any(allowed(who, at, only=only).allowed for at in asked)
        return
    start, end = (midnight + minutes(clock) for clock in told)
    before, after = (of_weekday(rule, WEEKDAYS[(day.weekday() + step) % 7]) for step in (-1, 1))
    from_midnight = told[0] == "00:00" and bool(before and before[1] == "24:00")
    to_midnight = told[1] == "24:00" and bool(after and after[0] == "00:00")
    last = end - 5 * MINUTE

    assert [allowed(who, start + step * MINUTE, only=only).allowed for step in (-1, 0, 1)] == [from_midnight, True, True]
    assert [allowed(who, last + step * MINUTE, only=only).allowed for step in (-1, 0, 1)] == [True, to_midnight, to_midnight]
    assert [allowed(who, end + step * MINUTE, only=only).allowed for step in (-1, 0, 1)] == [to_midnight] * 3


def of_country(country: str) -> list[str]:
    """The rules on hours that can bind there, the house's included."""
    return [rule for rule in HOURS if rule.startswith(("HOUSE", country))]


@pytest.mark.parametrize("country", sorted(opinion.HOLIDAYS))
def test_each_holiday_of_two_years_for_each_rule(country: str) -> None:
    """At eleven: shut where the rule keeps holidays, open as on any such weekday where it does not; the next day as ever."""
    days, zone = opinion.holidays(country), ZoneInfo(CAPITALS[country])
    for rule, day in product(of_country(country), sorted(days)):
        known = rules()[rule]
        who = Contact(
            countries=(country,),
            purpose=known.purposes[0],
            channel="voice",
            zones=(CAPITALS[country],),
            sector=known.sectors[0] if known.sectors else "",
        )
        for asked in (day, min(day + timedelta(days=1), date(2027, 12, 31))):
            told = of_weekday(rule, WEEKDAYS[asked.weekday()])
            keeps = asked in days and not HOURS[rule][1]
            noon = datetime.combine(asked, datetime.min.time(), zone) + timedelta(hours=11)
            assert allowed(who, noon, only=known).allowed is (told is not None and not keeps), (rule, asked)


# --- whom a rule binds ---------------------------------------------------------------------------------------------------


def bound(rule: str, country: str, purpose: str, channel: str, sector: str, day: date) -> bool:
    """Whether it binds such a contact in any of its kinds."""
    who = Contact(countries=(country,), purpose=purpose, channel=channel, zones=("UTC",), sector=sector)
    return any(rules()[rule] in binding(kind, country, who, day) for kind in rules()[rule].kinds)


def test_every_rule_has_a_line() -> None:
    """The house's rules and the exception have tests of their own."""
    assert set(BINDS) == {name for name in rules() if not name.startswith("HOUSE") and name != "CO-5"}


@pytest.mark.parametrize("rule", sorted(BINDS))
def test_whom_a_rule_binds(rule: str) -> None:
    """Every country, purpose, channel and sector; an unsaid sector may be any. On its first day, and not on the day before."""
    country, purposes, sector, channels, since = BINDS[rule]
    day = date.fromisoformat(since or "2026-11-20")
    everywhere = (pack.country for pack in packs().values() if pack.country)
    for where, purpose, channel, said in product(everywhere, PURPOSES, CHANNELS, ("", *SECTORS)):
        expected = (
            where == country
            and (not purposes or purpose in purposes.split())
            and (not channels or channel in channels.split())
            and (not sector or said in ("", sector))
        )
        assert bound(rule, where, purpose, channel, said, day) is expected, (where, purpose, channel, said)
        if since:
            assert not bound(rule, where, purpose, channel, said, day - timedelta(days=1))


@pytest.mark.parametrize(("country", "service", "purpose"), list(product(("CO", "MX", "PE"), ("", *SERVICES), PURPOSES)))
def test_whom_colombias_exception_excepts(country: str, service: str, purpose: str) -> None:
    """CO-5: three services, in Colombia, since the law is in force; no word makes marketing a service."""
    who = Contact(countries=(country,), purpose=purpose, channel="sms", zones=("UTC",), service=service)
    excepted = country == "CO" and purpose == "service" and service in ("transaction", "requested", "fraud_alert")

    for kind, day in product(("hours", "caps"), (date(2023, 10, 10), date(2023, 10, 9))):
        found = [rule.id for rule in exceptions(kind, country, who, day)]
        assert found == (["CO-5"] if excepted and day.day == 10 else [])


# Where the house's rules stand for want of a country's own: hours and counts, by purpose and sector.
HOUSE_HOURS: Final = {
    "collection": "AR BR UY US MX/ MX/other MX/telecom",
    "marketing": "AR CL EC MX PE UY BR/ BR/finance BR/other",
    "service": "AR BR CL CO EC MX PE US UY",
}
HOUSE_CAPS: Final = {
    "collection": "AR BR MX PE UY US",
    "marketing": "AR CL EC MX PE UY US BR/ BR/finance BR/other",
    "service": "",
}


def listed(table: dict[str, str], country: str, purpose: str, sector: str) -> bool:
    """Whether the house's rule stands there; without a slash, for every sector."""
    return bool({country, f"{country}/{sector}"} & set(table[purpose].split()))


@pytest.mark.parametrize(("kind", "table"), [("hours", HOUSE_HOURS), ("caps", HOUSE_CAPS)])
def test_where_the_house_fills_in(kind: str, table: dict[str, str]) -> None:
    day = date(2026, 11, 20)
    everywhere = (pack.country for pack in packs().values() if pack.country)
    for country, purpose, sector in product(everywhere, PURPOSES, ("", *SECTORS)):
        who = Contact(countries=(country,), purpose=purpose, channel="voice", zones=("UTC",), sector=sector)
        found = any(rule.basis == "house" for rule in binding(kind, country, who, day))
        assert found is listed(table, country, purpose, sector), (country, purpose, sector)


def said(rule: str) -> Iterator[str]:
    """What a rule says beside hours, in the table's words."""
    known = rules()[rule]
    for caps in known.caps:
        measures = ("per_day", "per_week", "per_month", "spacing_days", "channels_per_week")
        counts = (f"{name}={getattr(caps, name)}" for name in measures if getattr(caps, name) is not None)
        yield " ".join(("caps", ",".join(caps.channels), *(["each"] if caps.each_channel else []), *counts))
    if known.register:
        yield " ".join(["register", known.register.name, str(known.register.valid_days or "")]).rstrip()
    if known.consent:
        yield f"consent {','.join(known.consent)}"
    if known.channel:
        yield f"channel {known.channel}"
    if known.sender and known.sender.prefixes:
        yield f"prefixes {','.join(known.sender.prefixes)}"
    if known.sender and not known.sender.hidden:
        yield "not hidden"
    if known.note:
        yield f"note {known.note}"


@pytest.mark.parametrize("rule", sorted(rules()))
def test_what_a_rule_says_beside_hours(rule: str) -> None:
    assert list(said(rule)) == SAYS.get(rule, [])
