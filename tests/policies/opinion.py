"""A second opinion on quiet hours, slow and written another way: the clock on the wall, minute by minute, and rules as code.

It shares nothing with what it checks but the time zone database. Its holidays stand here as they were read.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

HOLIDAYS: Final = {
    "AR": {
        2026: "0101 0216 0217 0323 0324 0402 0403 0501 0525 0615 0620 0709 0710 0817 1012 1109 1123 1207 1208 1225",
        2027: "0101 0208 0209 0324 0325 0326 0402 0501 0525 0620 0621 0709 0816 1011 1120 1208 1225",
    },
    "BR": {
        2026: "0101 0403 0421 0501 0907 1012 1102 1115 1120 1225",
        2027: "0101 0326 0421 0501 0907 1012 1102 1115 1120 1225",
    },
    "CL": {
        2026: "0101 0403 0404 0501 0521 0621 0629 0716 0815 0918 0919 1012 1031 1101 1208 1225",
        2027: "0101 0326 0327 0501 0521 0621 0628 0716 0815 0917 0918 0919 1011 1031 1101 1208 1225",
    },
    "CO": {
        2026: "0101 0112 0323 0402 0403 0501 0518 0608 0615 0629 0713 0720 0807 0817 1012 1102 1116 1208 1225",
        2027: "0101 0111 0322 0325 0326 0501 0510 0531 0607 0705 0712 0720 0807 0816 1018 1101 1115 1208 1225",
    },
    "EC": {
        2026: "0101 0216 0217 0403 0501 0524 0525 0810 1009 1102 1103 1225",
        2027: "0101 0208 0209 0326 0430 0501 0524 0809 0810 1008 1009 1101 1102 1103 1224 1225 1231",
    },
    "MX": {
        2026: "0101 0202 0316 0501 0916 1116 1225",
        2027: "0101 0201 0315 0501 0916 1115 1225",
    },
    "PE": {
        2026: "0101 0402 0403 0405 0501 0607 0629 0723 0728 0729 0806 0830 1008 1101 1208 1209 1225",
        2027: "0101 0325 0326 0328 0501 0607 0629 0723 0728 0729 0806 0830 1008 1101 1208 1209 1225",
    },
    "US": {
        2026: "0101 0119 0216 0525 0619 0703 0704 0907 1012 1111 1126 1225",
        2027: "0101 0118 0215 0531 0618 0619 0704 0705 0906 1011 1111 1125 1224 1225 1231",
    },
    "UY": {
        2026: "0101 0501 0718 0825 1225",
        2027: "0101 0501 0718 0825 1225",
    },
}

Wall = Callable[[datetime, bool], bool]


def holidays(country: str) -> frozenset[date]:
    """The public holidays of 2026 and 2027."""
    return frozenset(
        date(year, int(text[:2]), int(text[2:])) for year, texts in HOLIDAYS[country].items() for text in texts.split()
    )


def between(wall: datetime, first: str, last: str) -> bool:
    """Whether the wall shows a time from `first` to before `last`."""
    return first <= f"{wall.hour:02}:{wall.minute:02}" < last


def co_1(wall: datetime, off: bool) -> bool:
    if off or wall.isoweekday() == 7:
        return False
    return between(wall, "08:00", "15:00") if wall.isoweekday() == 6 else between(wall, "07:00", "19:00")


def mx_3(wall: datetime, _off: bool) -> bool:
    return between(wall, "07:00", "22:00")


def mx_4(wall: datetime, _off: bool) -> bool:
    return wall.isoweekday() < 6


def cl_2(wall: datetime, off: bool) -> bool:
    if off or wall.isoweekday() == 7:
        return False
    return between(wall, "10:00", "13:00") if wall.isoweekday() == 6 else between(wall, "08:00", "20:00")


def pe_2(wall: datetime, off: bool) -> bool:
    return not off and wall.isoweekday() < 6 and between(wall, "07:00", "20:00")


def br_2(wall: datetime, off: bool) -> bool:
    if off or wall.isoweekday() == 7:
        return False
    return between(wall, "10:00", "16:00") if wall.isoweekday() == 6 else between(wall, "09:00", "21:00")


def us_1(wall: datetime, _off: bool) -> bool:
    return between(wall, "08:00", "21:00")


def house_1(wall: datetime, off: bool) -> bool:
    if off or wall.isoweekday() == 7:
        return False
    return between(wall, "10:00", "13:00") if wall.isoweekday() == 6 else between(wall, "09:00", "18:00")


def house_3(wall: datetime, _off: bool) -> bool:
    return between(wall, "07:00", "21:00")


RULES: Final[dict[str, Wall]] = {
    "CO-1": co_1,
    "MX-3": mx_3,
    "MX-4": mx_4,
    "CL-2": cl_2,
    "PE-2": pe_2,
    "EC-1": pe_2,
    "BR-2": br_2,
    "US-1": us_1,
    "HOUSE-1": house_1,
    "HOUSE-3": house_3,
}

# (country, purpose, sector) -> the rules on hours. A service has the house's, wherever it is.
BINDING: Final = {
    ("CO", "collection", ""): ("CO-1",),
    ("CO", "marketing", "finance"): ("CO-1",),
    ("MX", "collection", ""): ("MX-3", "MX-4", "HOUSE-1"),
    ("MX", "collection", "finance"): ("MX-3", "MX-4"),
    ("MX", "collection", "other"): ("MX-4", "HOUSE-1"),
    ("MX", "marketing", ""): ("HOUSE-1",),
    ("CL", "collection", ""): ("CL-2",),
    ("CL", "marketing", ""): ("HOUSE-1",),
    ("AR", "collection", ""): ("HOUSE-1",),
    ("AR", "marketing", ""): ("HOUSE-1",),
    ("PE", "collection", ""): ("PE-2",),
    ("PE", "marketing", ""): ("HOUSE-1",),
    ("BR", "collection", ""): ("HOUSE-1",),
    ("BR", "marketing", ""): ("BR-2", "HOUSE-1"),
    ("BR", "marketing", "telecom"): ("BR-2",),
    ("BR", "marketing", "finance"): ("HOUSE-1",),
    ("UY", "collection", ""): ("HOUSE-1",),
    ("UY", "marketing", ""): ("HOUSE-1",),
    ("EC", "collection", ""): ("EC-1",),
    ("EC", "marketing", ""): ("HOUSE-1",),
    ("US", "collection", ""): ("HOUSE-1",),
    ("US", "marketing", ""): ("US-1",),
    **{(country, "service", ""): ("HOUSE-3",) for country in HOLIDAYS},
}


def free(rules: Sequence[str], at: datetime, zones: Sequence[str], off: frozenset[date]) -> bool:
    """Whether every rule allows this minute and the fifth after it, by the wall clocks of all zones.

    No rule has a stretch or a gap of less than six minutes, so that the minutes between need no look.
    """
    for zone in map(ZoneInfo, zones):
        for minutes in (0, 5):
            wall = (at + timedelta(minutes=minutes)).astimezone(zone)
            if not all(RULES[rule](wall, wall.date() in off) for rule in rules):
                return False
    return True
