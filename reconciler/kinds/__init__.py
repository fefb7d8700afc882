"""The kinds of documents, one file each. What a kind's fields declare is all that validation, schemas and reading know."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.kinds.blacklist import BLACKLIST
from reconciler.kinds.campaign import CAMPAIGN
from reconciler.kinds.contacts import CONTACTS
from reconciler.kinds.kind import Kind
from reconciler.kinds.scheduled_sms import SCHEDULED_SMS

KINDS: Final[Mapping[str, Kind]] = {kind.name: kind for kind in (CAMPAIGN, CONTACTS, BLACKLIST, SCHEDULED_SMS)}

__all__ = ["BLACKLIST", "CAMPAIGN", "CONTACTS", "KINDS", "SCHEDULED_SMS", "Kind"]
