"""Edits that meet: where the file and somebody in a console changed the same thing, a person says who is right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any, Final

from reconciler.catalogue import say
from reconciler.diff import Drift
from reconciler.personal import mask_text
from reconciler.plan.values import Plan
from reconciler.policies.looked import Looked, guard
from reconciler.policies.settings import Settings

GUARD: Final = "both_changed"

_VALUE: Final = 80  # characters of a value in a message


def judge(plan: Plan, _settings: Settings, _now: datetime) -> Iterator[Looked]:
    """Each field that both sides changed and that this plan sets; one acknowledgement, by the number of addresses, for all."""
    sets = {(change.address, difference.path.partition(".")[0]) for change in plan.changes for difference in change.diff}
    both = [drift for drift in plan.drift if drift.contested and (drift.address, drift.path.partition(".")[0]) in sets]
    count = len({drift.address for drift in both})
    yield Looked(
        rule="DRF001",
        inputs=[[drift.address, drift.path] for drift in both],
        findings=tuple(
            guard("DRF001", GUARD, count, _told(drift), address=drift.address, origin=drift.origin) for drift in both
        ),
    )


def _told(drift: Drift) -> str:
    return say(
        "both sides changed {path}: applied {applied}, in the console {live}, in the file {wished}",
        path=drift.path,
        applied=_shown(drift.applied),
        live=_shown(drift.live),
        wished=_shown(drift.wished),
    )


def _shown(value: Any) -> str:
    """A setting's value on one short line; what could be a number of somebody's is masked."""
    text = "–" if value is None else value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    text = mask_text(text)
    return text if len(text) <= _VALUE else text[: _VALUE - 1] + "…"
