"""What an intent says of those whom a call contacts: on which channel, and when. Who counts how often reads it back."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from reconciler.calendar import instant
from reconciler.call import Call
from reconciler.policies.meant import ON_APPLY


def contact_facts(channel: str | None, call: Call, now: datetime, judged: datetime) -> dict[str, Any]:
    """`channel` of the people of a batch, "" where the call contacts nobody; `due`, when it does not contact them `now`.

    `judged` is the time for which the plan was made: that of the clock, but for plans that are tried out. Where the channel
    is not known nothing is said of it: such a contact counts for every one.
    """
    if call.batch is None or channel == "":
        return {} if call.batch is None else {"channel": ""}
    said = (row.get("at", "") for row in call.batch.rows)
    due = {max(judged, instant(at)) if at not in ("", ON_APPLY) else judged for at in said} or {judged}
    facts: dict[str, Any] = {} if channel is None else {"channel": channel}
    return facts if due == {now} else {**facts, "due": [at.isoformat() for at in sorted(due)]}
