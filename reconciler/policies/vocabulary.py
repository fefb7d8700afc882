"""What a rule of the project's own may name: the parts of the plan's public JSON, each with its type.

A part that is not declared here is unknown to every rule, and a rule that names it is wrong. Types are those of CEL; `?` marks
what the plan may not know, which is null then.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

Shape = Mapping[str, str]

VARIABLES: Final[Shape] = {
    "people": "People",
    "irreversible": "int",
    "deletes": "int",
    "empty": "bool",
    "changes": "list(Change)",
    "rows": "list(Rows)",
    "targets": "list(Target)",
    "reached": "list(Reached)",
    "manual": "list(Manual)",
    "drift": "list(Drift)",
    "calls": "map(string, int)",
    "summary": "map(string, int)",
    "cost": "Cost",
    "source": "Source",
}
"""What an expression may name. `summary` has every action, those of which there is none too."""

MESSAGES: Final[Mapping[str, Shape]] = {
    "People": {
        "total": "int",
        "first_time": "int",
        "by_country": "map(string, int)",
        "by_channel": "map(string, int)",
        "by_purpose": "map(string, int)",
    },
    "Field": {"path": "string", "verifiable": "bool", "line": "int?"},
    "Drift": {"address": "string", "path": "string", "file": "string?", "line": "int?"},
    "Change": {
        "address": "string",
        "action": "string",
        "reason": "string",
        "fields": "list(Field)",
        "count": "int",
        "reversible": "bool",
        "verifiable": "bool",
        "depends_on": "list(string)",
        "calls": "int",
        "file": "string?",
        "line": "int?",
    },
    "Rows": {
        "address": "string",
        "in_source": "int",
        "to_add": "int",
        "to_remove": "int",
        "to_close": "int",
        "to_replace": "int",
        "to_lift": "int",
        "changed": "int",
        "changed_columns": "map(string, int)",
        "unchanged": "int",
        "live": "int",
        "kept": "int",
        "suppressed": "map(string, int)",
        "reasons": "map(string, int)",
        "people": "int",
        "first_time": "int",
        "enforced_by_us": "bool",
        "file": "string?",
        "line": "int?",
    },
    "Target": {
        "name": "string",
        "platform": "string",
        "url": "string",
        "account": "string",
        "simulated": "bool",
        "complete": "bool",
        "read_at": "string",
        "campaigns": "int",
        "calls_used": "int?",
        "calls_left": "int?",
        "calls_limit": "int?",
        "note": "string",
        "append_only": "bool",
    },
    "Place": {"country": "string", "zones": "list(string)", "people": "int"},
    "Costly": {"character": "string", "plain": "string?", "column": "string", "messages": "int"},
    "Wording": {
        "messages": "int",
        "segments": "int",
        "longest": "int",
        "segments_plain": "int",
        "longest_plain": "int",
        "unicode": "int",
        "unicode_plain": "int",
        "costly": "list(Costly)",
        "opt_out": "bool",
    },
    "Reached": {
        "address": "string",
        "way": "string",
        "purpose": "string",
        "purpose_said": "bool",
        "service": "string",
        "sector": "string",
        "channel": "string",
        "places": "list(Place)",
        "begins": "bool",
        "people": "int",
        "first_time": "int",
        "known": "bool",
        "wording": "Wording",
    },
    "Manual": {"address": "string", "key": "string", "what": "string", "file": "string?", "line": "int?"},
    "Cost": {"segments": "int", "amount": "double?", "currency": "string?"},
    "Source": {"commit": "string?", "dirty": "bool"},
}
