"""How a write is known again, by whichever plan, document or run it is asked for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

import rfc8785

from reconciler.call import Call
from reconciler.personal import Secret


def operation_id(container: str, call: Call, generation: int) -> str:
    """The identity of a write: where, what and which generation; never which plan or document (32 hex digits).

    A batch is named by its keyed digest; a call without rows by its request, secrets left out.
    """
    payload = call.batch.digest if call.batch and call.batch.digest else _request(call)
    return hashlib.sha256(rfc8785.dumps([container, call.operation, payload, generation])).hexdigest()[:32]


def _request(call: Call) -> list[Any]:
    return [call.method, call.path, _open(call.query), _open(call.json), _open(call.form)]


def _open(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _open(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_open(item) for item in value]
    return "" if isinstance(value, Secret) else value if value is None or isinstance(value, bool | int | str) else str(value)
