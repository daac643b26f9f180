"""Tells a device the settings that the register holds of it, so that nobody has to enter them on site again."""

from backend.gates.authentication import SignedRequest, authenticate, send_nonce, settle_nonce
from backend.gates.schemas import DeviceConfig
from backend.gates.tools import GateTools


async def tell_config(tools: GateTools, request: SignedRequest) -> DeviceConfig:
    """Return what the register says of the device that signed.

    Raises what `authenticate` raises, NonceReplayed, DatabaseAway or Contended.
    """
    now = tools.clock.now()
    async with tools.database.connection() as connection:
        gate = await authenticate(connection, tools.secrets, request, now)
        await settle_nonce(await send_nonce(connection, request.signature, now))
    return DeviceConfig(
        config_rev=gate.config_rev,
        gate_id=gate.device_id,
        project_id=gate.project_id,
        serial_no=gate.serial_no,
        lane=gate.lane,
        default_direction=gate.default_direction,
        heartbeat_interval_s=gate.heartbeat_interval_s,
        time_zone=gate.device_time_zone,
        wants_photos=gate.wants_photos,
        server_time=now,
    )
