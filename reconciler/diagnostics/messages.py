"""Codes of what short messages say and weigh: alphabet, segments, and how people are told to stop them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.diagnostics.code import Code

MESSAGES: Final[Mapping[str, Code]] = {
    "SMS001": Code(
        "messages need UCS-2",
        "One character outside GSM-7 leaves a segment room for 70 characters instead of 160, and every segment is paid for. "
        "á í ó ú are outside; é ñ ü ¿ ¡ are not. An accent written apart from its letter (U+0301) is outside too.",
        "`reconciler fmt --fix SMS` proposes a wording; what a column brings is changed in its source. Or leave it as it is.",
    ),
    "SMS002": Code(
        "marketing that does not tell how to stop it",
        "Whoever gets marketing must be told, in the message, how to be left alone.",
        "Add it to every message, such as: Responda BAJA para no recibir mas.",
    ),
    "SMS003": Code(
        "longer than a message can be",
        "A message has at most 255 segments (3GPP TS 23.040, 9.2.3.24.1); what is longer arrives cut, or not at all.",
        "Shorten the text, or the column that makes it long.",
    ),
    "SMS004": Code(
        "longer than the platform is known to take",
        "wolkvox says nothing of texts longer than one segment: they may be split, cut or refused.",
        "Keep every message within one segment, or try it with a number of your own first.",
    ),
}
