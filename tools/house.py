"""Where things of this checkout lie."""

from __future__ import annotations

import hashlib
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCAL = ROOT / ".local"
VENV = ROOT / ".venv"
KEYS = LOCAL / "keys"
SMS_OUTBOX = LOCAL / "sms.ndjson"


def checkout_id(root: Path = ROOT) -> str:
    """Twelve hex digits that stand for the checkout's path; two checkouts on one machine never meet."""
    return hashlib.sha256(str(root).encode()).hexdigest()[:12]
