"""Takes photos in and ends itself with SIGKILL before a step that is chosen: a power cut that a test can repeat.

    python -m tests.support.intake_child URL FOLDER STEP

STEP counts the calls to the store and the commits. Keys are those of the folder's `keys`.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from backend.evidence.photos.arrivals import PhoneArrivals
from backend.evidence.photos.deleting import DeletionTools, delete_what_is_due
from backend.evidence.photos.examiner import Examiner
from backend.evidence.photos.intake import IntakeTools, take_in_waiting
from backend.kit.blobs import DiskBlobs
from backend.kit.clock import SystemClock
from backend.kit.crypto import DataKeys
from backend.kit.db import Database, Tx
from backend.kit.keyfiles import FileKeyRing
from backend.kit.keyring import SERVER_PURPOSES


class Fuse:
    """Burns down by one with each step."""

    def __init__(self, steps: int) -> None:
        """Last for so many steps."""
        self.steps = steps

    def burn(self) -> None:
        """End the process at once when it is down."""
        self.steps -= 1
        if self.steps < 0:
            os.kill(os.getpid(), signal.SIGKILL)


class FusedBlobs(DiskBlobs):
    """A disk before each of whose calls a step is counted."""

    fuse: Fuse

    async def put(self, name: str, content: bytes) -> None:
        """Count, store."""
        self.fuse.burn()
        await super().put(name, content)

    async def get(self, name: str) -> bytes:
        """Count, read."""
        self.fuse.burn()
        return await super().get(name)

    async def delete(self, name: str) -> None:
        """Count, delete."""
        self.fuse.burn()
        await super().delete(name)


class FusedDatabase(Database):
    """A database before each of whose commits a step is counted."""

    fuse: Fuse

    @asynccontextmanager
    async def transaction(self) -> AsyncGenerator[Tx]:
        """Count before the commit."""
        async with super().transaction() as tx:
            yield tx
            self.fuse.burn()


async def run(url: str, folder: Path, steps: int) -> None:
    """Take in what waits, then delete what is due."""
    clock, fuse = SystemClock(), Fuse(steps)
    blobs, database = FusedBlobs(folder / "blobs"), FusedDatabase(url, max_size=2)
    blobs.fuse = database.fuse = fuse
    data_keys = DataKeys(FileKeyRing(folder / "keys", SERVER_PURPOSES), clock.now)
    arrivals = {"phone": PhoneArrivals(blobs, data_keys)}
    examiner = Examiner()
    async with database.opened():
        intake = IntakeTools(
            database=database, data_keys=data_keys, blobs=blobs, examiner=examiner, arrivals=arrivals, clock=clock
        )
        await take_in_waiting(intake)
        await delete_what_is_due(DeletionTools(database=database, blobs=blobs, arrivals=arrivals, clock=clock))
    await examiner.close()


if __name__ == "__main__":
    asyncio.run(run(sys.argv[1], Path(sys.argv[2]), int(sys.argv[3])))
