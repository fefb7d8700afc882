"""Rows named without being shown: HMAC-SHA256 under the journal's key, cut to 16 bytes, made inside the engine.

Four things have such a name: a row's identity in its container and generation (`recipient`), a person, the content that is
sent, and what is told of an example. A plain hash would be guessed by trying all phone numbers; without the key these
cannot be.
"""

from __future__ import annotations

import hmac
from collections.abc import Iterable, Sequence
from typing import Any, Final

from reconciler.rows import sql

UNIT: Final = "\x1f"
WIDTH: Final = 16
_BLOCK: Final = 64
_UNIT_SQL: Final = "chr(31)"


def install(connection: Any, key: bytes) -> None:
    """Teach the engine `keyed(text)`: 32 hex digits. The key is a session variable, never part of a statement."""
    padded = key.ljust(_BLOCK, b"\0")
    connection.execute("SET VARIABLE key_inner = $1", [bytes(octet ^ 0x36 for octet in padded)])
    connection.execute("SET VARIABLE key_outer = $1", [bytes(octet ^ 0x5C for octet in padded)])
    connection.execute(
        "CREATE MACRO keyed(message) AS left(sha256(getvariable('key_outer') || "
        "unhex(sha256(getvariable('key_inner') || encode(message)))), 32)"
    )


def keyed(key: bytes, message: str) -> bytes:
    """What the engine's `keyed` gives, as bytes."""
    return hmac.digest(key, message.encode(), "sha256")[:WIDTH]


def batch_digest(key: bytes, recipients: bytes, contents: bytes) -> str:
    """The name of a batch, in hex."""
    return hmac.digest(key, b"batch" + recipients + contents, "sha256").hex()


def recipient(identity: str, container: str, generation: str) -> str:
    """SQL: the 16 bytes, as UUID, of an identity inside a container and generation (both placed by the caller)."""
    return f"keyed({container} || {_UNIT_SQL} || {generation} || {_UNIT_SQL} || {identity})::UUID"


def person(expression: str) -> str:
    """SQL: the 16 bytes, as UUID, of a person."""
    return f"keyed('person' || {_UNIT_SQL} || {expression})::UUID"


def content(columns: Sequence[tuple[str, str]]) -> str:
    """SQL: 32 hex digits over (name, expression) pairs, by name. Empty values are no part of it; lengths keep values apart."""
    parts = [
        f"CASE WHEN {value} <> '' THEN {sql.literal(f'{name}:')} || strlen({value}) || ':' || {value} ELSE '' END"
        for name, value in sorted(columns)
    ]
    return f"keyed('content' || {_UNIT_SQL} || {' || '.join(parts) if parts else repr('')})"


def example(expressions: Iterable[str]) -> str:
    """SQL: 32 hex digits over what is told of an example, by which it is chosen."""
    return f"keyed(concat_ws({_UNIT_SQL}, 'example', {', '.join(expressions)}))"


def as_number(expression: str) -> str:
    """SQL: a UUID as a 128-bit number, for sums that do not depend on order."""
    return f"({expression})::UUID::UHUGEINT"


def as_hex(expression: str) -> str:
    """SQL: a UUID as 32 hex digits."""
    return f"replace({expression}::VARCHAR, '-', '')"
