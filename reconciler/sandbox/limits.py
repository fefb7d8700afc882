"""What each vendor allows, and the few behaviours that differ from server to server; all can be set per account."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

LIMITS: MappingProxyType[str, dict[str, Any]] = MappingProxyType(
    {
        "wolkvox": {
            "rows_up": 10_000,  # rows one call may upload
            "rows_down": 60_000,  # rows one call returns; the rest is silently cut
            "calls_in_flight": 2,  # a token
            "calls_per_day": 1_000,  # an operation, over all of its tokens; the day ends at midnight, GMT-5
            "days_per_query": 31,
            "started_campaigns": 0,  # campaigns that may run at once; 0 = any
            "created_spelling": "campaign",  # or "campaing": both are printed for the reply of create_campaign
            "missing_apis": [],  # api= names that an older server does not know
            "dnc_type": "heeded",  # by get_dnc; or "overlooked": both directions are shown; or "untold": and rows lack it
            "dnc_again": "kept",  # the days of a number that is added again; or "renewed"
        },
        "lynn": {
            "campaigns": 15,
            "task_polls": 1,  # polls that answer "102" before a task is done
            "task_s": 60.0,  # a task that nobody polls is done after this many seconds
            "running": "shown",  # in answers about campaigns; or "hidden"
        },
        "ucontact": {
            "missing_paths": [],  # resources that this generation of the product does not serve (404)
        },
    }
)


def checked(platform: str, wished: dict[str, Any]) -> dict[str, Any]:
    """`wished` when every name and type is known for the platform, else ValueError."""
    known = LIMITS[platform]
    for name, value in wished.items():
        if name not in known:
            raise ValueError(f"unknown limit {name!r} for {platform}; known: {', '.join(sorted(known))}")
        number = isinstance(known[name], int | float)
        fits = (
            isinstance(value, int | float) and not isinstance(value, bool) and value >= 0
            if number
            else isinstance(value, type(known[name]))
        )
        if not fits:
            raise ValueError(f"limit {name!r} wants {'a number' if number else type(known[name]).__name__}")
    return wished
