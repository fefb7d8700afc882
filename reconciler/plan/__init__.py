"""The plan: a frozen value that says everything an apply would do, made by one pure function.

`values` are its parts and its JSON, `known` is what goes into it; `objects` compares campaigns; `lists` turns compared rows
into changes; `order` puts changes in the order of carrying out; `make` is the one maker, and not imported by who needs the
values alone. Nothing here knows a clock, a file, a socket or a platform: what is needed of them arrives as values.
"""

from __future__ import annotations

from reconciler.plan.known import Memory, Owned, Quota, Seen, Unsettled
from reconciler.plan.values import Change, Manual, People, Permissions, Plan, Reason, RowsChange, Source, TargetState, Wish

__all__ = [
    "Change",
    "Manual",
    "Memory",
    "Owned",
    "People",
    "Permissions",
    "Plan",
    "Quota",
    "Reason",
    "RowsChange",
    "Seen",
    "Source",
    "TargetState",
    "Unsettled",
    "Wish",
]
