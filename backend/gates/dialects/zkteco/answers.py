"""Writes what terminals are answered: their settings, the time, counts, and the four commands that only read (pure)."""

from datetime import datetime, tzinfo
from email.utils import format_datetime
from hashlib import sha256
from typing import Final

from backend.gates.commands.model import Command, command_id, wording
from backend.gates.device_time import count_time, write_local, write_zone
from backend.gates.model import Gate

BLAND: Final = b"OK"
"""The answer to whoever is not known: it says nothing, not even whether the number is known."""

MAX_POST: Final = 1_048_576
"""Bytes of one body that a terminal is asked to keep to."""

_SHORTEST_POLL_S, _LONGEST_POLL_S = 2, 60


def attendance_settings(gate: Gate, zone: tzinfo, now: datetime) -> bytes:
    """Return the settings of the attendance protocol.

    No stamp is ever 0, which would make the terminal send its whole memory again. Operations and passes are asked for,
    photos of passes where the register says that they are wanted, and nothing else: no templates.
    """
    return _lines(
        f"GET OPTION FROM: {gate.serial_no}",
        "ATTLOGStamp=None",
        "OPERLOGStamp=None",
        "ATTPHOTOStamp=None",
        "ErrorDelay=30",
        f"Delay={_poll_s(gate)}",
        "TransTimes=00:00;14:05",
        "TransInterval=1",
        "TransFlag=TransData AttLog\tOpLog" + ("\tAttPhoto" if gate.wants_photos else ""),
        f"TimeZone={write_zone(zone, now, gate.zone_form)}",
        "Realtime=1",
        "Encrypt=None",
        "SupportPing=1",
        "PushOptionsFlag=1",
        f"MaxPostSize={MAX_POST}",
        "Timeout=60",
    )


def security_settings(gate: Gate) -> bytes:
    """Return the settings of the security protocol for a controller that is registered."""
    return _lines("registry=ok", f"RegistryCode={registry_code(gate)}", *_security_lines(gate))


def push_settings(gate: Gate) -> bytes:
    """Return the answer to `/iclock/push`, which follows a registration."""
    return _lines(*_security_lines(gate))


def registry_code(gate: Gate) -> str:
    """Return the code that a controller gets when it registers; always the same, so that a reset one gets it again."""
    return sha256(b"daogang registry code\0" + gate.device_id.bytes).hexdigest()[:32]


def local_time(zone: tzinfo, now: datetime) -> bytes:
    """Return the answer of the attendance protocol to who asks for the time."""
    return f"Time={write_local(zone, now)}".encode()


def counted_time(zone: tzinfo, now: datetime) -> bytes:
    """Return the answer of the security protocol to who asks for the time: the count in UTC, and the zone."""
    return f"DateTime={count_time(now)},ServerTZ={now.astimezone(zone).strftime('%z')}".encode()


def date_header(now: datetime) -> str:
    """Return the `Date` header, by which terminals set their clocks."""
    return format_datetime(now, usegmt=True)


def write_command(command: Command, zone: tzinfo) -> bytes:
    """Return a command as a poll is answered with it; there is no way to write any but the four that only read."""
    return f"C:{command_id(command.number)}:{wording(command, zone)}\n".encode()


def _security_lines(gate: Gate) -> tuple[str, ...]:
    session = sha256(b"daogang session\0" + gate.device_id.bytes).hexdigest()[:32]
    return (
        "ServerVersion=3.1.1",
        "ServerName=daogang",
        "PushProtVer=3.1.1",
        "ErrorDelay=30",
        f"RequestDelay={_poll_s(gate)}",
        "TransTimes=00:00;14:05",
        "TransInterval=1",
        "TransTables=Transaction",
        "Realtime=1",
        f"SessionID={session}",
        "TimeoutSec=10",
    )


def _poll_s(gate: Gate) -> int:
    return min(max(gate.heartbeat_interval_s, _SHORTEST_POLL_S), _LONGEST_POLL_S)


def _lines(*lines: str) -> bytes:
    return ("\n".join(lines) + "\n").encode()
