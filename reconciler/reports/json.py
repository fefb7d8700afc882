"""A plan or a run for machines: its public JSON as it is, indented, keys in the order of the document."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

from reconciler.reports.style import Style

# Inside strings, the only place where they can stand: what a terminal would obey, and what build logs take for a command.
_OBEYED: Final = re.compile("[\x7f-\x9f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff\ud800-\udfff]|(?<=#)#")


def render(document: Mapping[str, Any], style: Style) -> str:
    """The document with a line break at its end; reads back as equal data. `style` changes nothing."""
    written = json.dumps(document, indent=2, ensure_ascii=False)
    return _OBEYED.sub(lambda found: f"\\u{ord(found.group()):04x}", written) + "\n"
