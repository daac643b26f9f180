"""The sealer's own memory: the head it signed last, in a file out of reach of whoever rules the database."""

import asyncio
import os
from pathlib import Path

from backend.ledger.seals.heads import HeadMalformed, SignedHead, TreeHead, read_note


class MemoryUnreadable(Exception):
    """The file is there and cannot be read, or does not hold a head."""


class HeadMemory:
    """Keeps one head, as a signed note (C2SP signed-note) that outside tools read too."""

    def __init__(self, path: Path) -> None:
        """Keep it at `path`, whose directory must be there."""
        self.path = path

    async def recall(self) -> TreeHead | None:
        """Return the head kept last, None if none ever was; raises MemoryUnreadable."""
        return await asyncio.to_thread(self._read)

    async def keep(self, head: SignedHead) -> None:
        """Replace what is kept; whole and on the disk when this returns. Raises OSError."""
        await asyncio.to_thread(self._write, head.note())

    def _read(self) -> TreeHead | None:
        try:
            return read_note(self.path.read_text("utf-8"))[0]
        except FileNotFoundError:
            return None
        except (OSError, UnicodeDecodeError, HeadMalformed) as fault:
            msg = f"what the sealer remembers cannot be read from {self.path}: {fault}"
            raise MemoryUnreadable(msg) from fault

    def _write(self, note: str) -> None:
        half = self.path.with_suffix(".part")
        with half.open("w", encoding="utf-8") as file:
            file.write(note)
            file.flush()
            os.fsync(file.fileno())
        half.replace(self.path)
