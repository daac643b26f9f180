"""The port through which faces are measured, with an adapter for the model process and one that says it is none."""

import asyncio
from contextlib import suppress
from hashlib import sha256
from pathlib import Path
from typing import Final, Literal, Protocol, runtime_checkable

import msgspec

from backend.evidence.faces.errors import FacesBusy
from backend.evidence.faces.framing import FramingError, packed, read_told
from backend.evidence.faces.measures import (
    AskCondition,
    Asked,
    Busy,
    Condition,
    Measured,
    NotMeasured,
    ReferenceWanted,
    Series,
    Told,
)

State = Literal["running", "no_models", "away", "off"]
"""How measuring is: with models, without their files, not answering, or not set up."""

CONNECTS_WITHIN_S: Final = 2.0
ANSWERS_WITHIN_S: Final = 10.0
_CONDITION_WITHIN_S: Final = 1.0


class References(Protocol):
    """Loads reference photos when their vectors are not in memory any more."""

    async def __call__(self) -> list[bytes]:
        """Return the photos in their order."""
        ...


@runtime_checkable
class Faces(Protocol):
    """The port."""

    async def measure(
        self, frames: list[bytes], reference: tuple[bytes, ...] = (), load: References | None = None
    ) -> Measured | NotMeasured:
        """Measure pictures of one face, the calm one first, against the photos of the SHA-256s in `reference`.

        `load` is asked for the photos when they are needed. Raises FacesBusy, and what `load` raises.
        """
        ...

    async def state(self) -> State:
        """Tell how measuring is."""
        ...


class NoFaces:
    """Measures nothing, and says so."""

    async def measure(
        self, frames: list[bytes], reference: tuple[bytes, ...] = (), load: References | None = None
    ) -> Measured | NotMeasured:
        """See Faces."""
        del frames, reference, load
        return NotMeasured(reason="off")

    async def state(self) -> State:
        """See Faces."""
        return "off"


class FaceProcess:
    """Has faces measured by the model process behind a Unix socket."""

    def __init__(self, path: Path, *, answers_within_s: float = ANSWERS_WITHIN_S) -> None:
        """Use the socket at `path`; nothing connects before the first call."""
        self._path = path
        self._answers_within_s = answers_within_s

    async def measure(
        self, frames: list[bytes], reference: tuple[bytes, ...] = (), load: References | None = None
    ) -> Measured | NotMeasured:
        """See Faces."""
        series = Series(frames=frames, reference=reference if load is not None else ())
        told = await self._ask(series)
        if isinstance(told, ReferenceWanted) and load is not None:
            photos = await load()
            told = await self._ask(msgspec.structs.replace(series, reference_photos=photos))
        if isinstance(told, Busy):
            raise FacesBusy
        if isinstance(told, Measured | NotMeasured):
            return told
        return NotMeasured(reason="crashed")

    async def state(self) -> State:
        """See Faces."""
        condition = await self.condition()
        if condition is None:
            return "away"
        return "no_models" if condition.missing else "running"

    async def condition(self) -> Condition | None:
        """Return what the process says of itself; None when it does not answer within a second."""
        try:
            async with asyncio.timeout(_CONDITION_WITHIN_S):
                told = await self._exchange(AskCondition())
        except (OSError, FramingError, TimeoutError):
            return None
        if isinstance(told, Busy):
            return Condition(models={}, missing=None, anti_spoof=False, resident_mb=0, waiting=0)
        return told if isinstance(told, Condition) else None

    async def _ask(self, asked: Series) -> Told:
        try:
            async with asyncio.timeout(self._answers_within_s):
                return await self._exchange(asked)
        except TimeoutError as fault:
            raise FacesBusy from fault
        except (FileNotFoundError, ConnectionRefusedError):
            return NotMeasured(reason="away")
        except (OSError, FramingError):
            return NotMeasured(reason="crashed")

    async def _exchange(self, asked: Asked) -> Told:
        async with asyncio.timeout(CONNECTS_WITHIN_S):
            reader, writer = await asyncio.open_unix_connection(str(self._path))
        try:
            writer.write(packed(asked))
            # A process that is busy answers before it has read everything, and closes.
            with suppress(ConnectionError):
                await writer.drain()
            return await read_told(reader)
        finally:
            writer.close()


def reference_name(photos: list[bytes]) -> tuple[bytes, ...]:
    """Return the name under which reference photos are asked for: the SHA-256 of each."""
    return tuple(sha256(photo).digest() for photo in photos)
