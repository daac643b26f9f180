"""Where things of this checkout lie; DAOGANG_LOCAL moves the local state (database, keys, logs) elsewhere."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
LOCAL = Path(os.environ.get("DAOGANG_LOCAL") or ROOT / ".local").absolute()
VENV = ROOT / ".venv"
KEYS = LOCAL / "keys"
SMS_OUTBOX = LOCAL / "sms.ndjson"


def local_id(local: Path) -> str:
    """Twelve hex digits that stand for a directory of local state; two checkouts on one machine never meet."""
    return hashlib.sha256(str(local).encode()).hexdigest()[:12]
