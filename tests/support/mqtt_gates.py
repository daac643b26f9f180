"""A gate as the registry gives it to the bridge."""

import uuid
from datetime import UTC, datetime, time

from backend.gates.model import Gate


def gate(serial_no: str, state: str = "active") -> Gate:
    """Return a face terminal of a project in Wuhan."""
    return Gate(
        project_id=uuid.uuid5(uuid.NAMESPACE_URL, "project"),
        device_id=uuid.uuid5(uuid.NAMESPACE_URL, serial_no),
        device_state=state,
        lane="1",
        default_direction="in",
        paired_at=datetime(2026, 1, 16, tzinfo=UTC),
        heartbeat_interval_s=30,
        time_zone="Asia/Shanghai",
        cutover=time(4),
        policy_version=None,
        data_key_id=None,
        wrapped_data_key=None,
        vendor="mqtt",
        serial_no=serial_no,
        mac=None,
        device_time_zone="Asia/Shanghai",
        zone_form=None,
        config_rev=1,
        wants_photos=False,
    )
