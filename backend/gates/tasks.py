"""Background jobs of the gates."""

from datetime import datetime, timedelta

import procrastinate
import structlog

log = structlog.get_logger()

# A signature holds from 300 s before to 300 s after its timestamp: a nonce older than that cannot be used again.
NONCE_LIFE = timedelta(minutes=15)

FORGET_NONCES = "DELETE FROM gate_nonce WHERE seen_at < %(before)s"


# Whoever has not called for so long is no terminal that waits to be registered.
STRANGER_LIFE = timedelta(days=90)

FORGET_STRANGERS = "DELETE FROM gate_unknown_seen WHERE last_seen_at < %(before)s"


async def forget_nonces(connector: procrastinate.PsycopgConnector, now: datetime) -> None:
    """Delete the nonces whose signatures have run out, and the strangers who gave up; `now` is aware."""
    await connector.execute_query_async(FORGET_NONCES, before=now - NONCE_LIFE)
    await connector.execute_query_async(FORGET_STRANGERS, before=now - STRANGER_LIFE)
    log.info("gates.nonces_forgotten")
