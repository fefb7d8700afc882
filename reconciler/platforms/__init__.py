"""The platforms: what they can do, and how a wish becomes calls and a reply becomes values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from reconciler.platforms.lynn import LYNN
from reconciler.platforms.platform import Platform
from reconciler.platforms.ucontact import UCONTACT
from reconciler.platforms.wolkvox import WOLKVOX

PLATFORMS: Final[Mapping[str, Platform]] = {platform.name: platform for platform in (LYNN, WOLKVOX, UCONTACT)}

__all__ = ["PLATFORMS", "Platform"]
