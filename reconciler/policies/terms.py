"""The words that law packs and settings have in common."""

from __future__ import annotations

from typing import Final

PACKS: Final = ("ar", "br", "cl", "co", "ec", "mx", "pe", "us", "uy", "house")
HOUSE: Final = "house"
LANGUAGES: Final = ("en", "es")
PURPOSES: Final = ("collection", "marketing", "service")
CHANNELS: Final = ("voice", "sms", "whatsapp", "email")
SERVICES: Final = ("transaction", "requested", "fraud_alert", "appointment", "other")
REGISTERS: Final = ("rne", "repep", "reus", "no_llame_ar", "no_molestar", "no_llame_uy", "nao_perturbe")
