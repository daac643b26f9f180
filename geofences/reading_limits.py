"""What reading one file may cost, and how the process that reads says no."""

from typing import Final

import msgspec

CPU_S: Final = 40
"""Seconds of processor; a million positions in the slowest form of all take 24 (docs/geometry.md)."""
WALL_S: Final = 90.0
"""Seconds until the process is ended, whatever it waits for."""
MEMORY_BYTES: Final = 1_500_000_000
"""Address space of the process, with its libraries, which map some 400 MB."""
NICENESS: Final = 10
"""Check-ins go first."""
MAX_AT_ONCE: Final = 1
"""Files being read by one server process at the same time."""
MAX_WAITING: Final = 8
"""Uploads under way or waiting to be read, by one server process."""
UPLOAD_S: Final = 300.0
"""Seconds for a body to arrive."""


class Refusal(msgspec.Struct, frozen=True, tag=True):
    """Why a file is not read: a code of the error tree, with its numbers."""

    code: str
    numbers: dict[str, object]
