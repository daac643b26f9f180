"""Forgets what gates left behind that can be of no use any more."""

from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import text

from backend.kit.db import Tx

# A signature holds from 300 s before to 300 s after its timestamp: a nonce older than that cannot be used again.
NONCE_LIFE: Final = timedelta(minutes=15)
# Whoever has not called for so long is no terminal that waits to be registered.
STRANGER_LIFE: Final = timedelta(days=90)

FORGET_NONCES: Final = "DELETE FROM gate_nonce WHERE seen_at < :before"
FORGET_STRANGERS: Final = "DELETE FROM gate_unknown_seen WHERE last_seen_at < :before"


async def forget_nonces(tx: Tx, now: datetime) -> None:
    """Delete the nonces whose signatures have run out, and the strangers who gave up; `now` is aware."""
    await tx.execute(text(FORGET_NONCES), {"before": now - NONCE_LIFE})
    await tx.execute(text(FORGET_STRANGERS), {"before": now - STRANGER_LIFE})
