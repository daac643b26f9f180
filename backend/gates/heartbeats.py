"""Takes a device's sign of life: evidence that it worked, and what it still has to deliver."""

import msgspec

from backend.gates.authentication import SignedRequest, authenticate, send_nonce, settle_nonce
from backend.gates.instants import in_utc
from backend.gates.schemas import Heartbeat, HeartbeatAnswer
from backend.gates.state import send_touch, settle_touch
from backend.gates.tools import GateTools
from backend.kit.db import pipelined
from backend.kit.wire import decode

BODY_LIMIT = 10_000

# At most one row per second and device: the application may add rows here, never change them.
KEEP = """
INSERT INTO gate_heartbeat (project_id, device_id, received_at, clock_now, backlog, oldest_unsent_at)
VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING
"""

TELL = """
UPDATE gate_state SET backlog = %s, oldest_unsent_at = %s, firmware = coalesce(%s, firmware),
  disk_free_mb = coalesce(%s, disk_free_mb), reported_count = coalesce(%s, reported_count),
  reported_at = CASE WHEN %s::bigint IS NULL THEN reported_at ELSE %s END
WHERE project_id = %s AND device_id = %s
"""

_heartbeats = msgspec.json.Decoder(Heartbeat, strict=True)


async def take_heartbeat(tools: GateTools, request: SignedRequest) -> HeartbeatAnswer:
    """Verify and keep a heartbeat; durable when this returns.

    Raises what `authenticate` raises, NonceReplayed, BodyTooLarge, MalformedBody, InvalidBody, DatabaseAway, Contended.
    """
    now = tools.clock.now()
    async with tools.database.connection() as connection:
        gate = await authenticate(connection, tools.secrets, request, now)
        told = decode(request.body, _heartbeats, BODY_LIMIT)
        clock_now = in_utc("$.clock_now", told.clock_now)
        oldest = None if told.oldest_unsent_at is None else in_utc("$.oldest_unsent_at", told.oldest_unsent_at)
        key = (gate.project_id, gate.device_id)
        skews_s = ((now - clock_now).total_seconds(),)
        stored = (told.stored, told.stored, now)
        told_values = (told.backlog, oldest, told.firmware, told.disk_free_mb, *stored, *key)
        async with pipelined(connection):
            nonce = await send_nonce(connection, request.signature, now)
            await connection.execute(KEEP, (*key, now.replace(microsecond=0), clock_now, told.backlog, oldest))
            touched = await send_touch(connection, gate, now, skews_s=skews_s, last_event_at=None)
            await connection.execute(TELL, told_values)
            await settle_nonce(nonce)
            expected, _ = await settle_touch(touched)
    return HeartbeatAnswer(
        server_time=now,
        config_rev=gate.config_rev,
        heartbeat_interval_s=gate.heartbeat_interval_s,
        next_expected_seq=expected,
    )
