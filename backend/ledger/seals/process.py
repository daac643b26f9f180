"""Keeps sealing until it is stopped, and says so when it cannot."""

import asyncio
import contextlib
from collections.abc import Sequence
from typing import Final

import structlog

from backend.kit.errors import Contended, DaogangError, DatabaseAway
from backend.ledger.seals.outside import OutsideParty
from backend.ledger.seals.publishing import Publishing, publish_heads
from backend.ledger.seals.sealing import Sealing, SealTools, begin_log, seal_next
from backend.ledger.seals.standing import note_trouble

log = structlog.get_logger()

PAUSE_S: Final = 1.0
"""Between two looks while nothing waits."""
LONGEST_PAUSE_S: Final = 60.0
"""Between two tries while something stands in the way."""
TOLD_AFTER: Final = 3
"""So many failures in a row are announced."""


async def keep_sealing(tools: SealTools, parties: Sequence[OutsideParty], stopping: asyncio.Event) -> None:
    """Seal and give heads outside until `stopping` is set; the batch in hand is finished first."""
    state, publishing, failures, told = Sealing(), Publishing(), 0, True
    for party in parties:
        if party.missing is not None:
            log.warning("seals.nobody_outside", party=party.name, missing=party.missing)
    while not stopping.is_set():
        try:
            more = await _step(tools, parties, state, publishing)
        except Exception as error:  # noqa: BLE001 - whatever it was, what is recorded waits and nothing is lost
            failures += 1
            _log_failure(error)
            if failures >= TOLD_AFTER:
                told = await _tell(tools, str(error) or type(error).__name__) or told
            await _pause(stopping, min(PAUSE_S * 2**failures, LONGEST_PAUSE_S))
            continue
        if failures or told:  # at the start too: an earlier process may have told of a trouble
            told = not await _tell(tools, None)
        failures = 0
        if not more:
            await _pause(stopping, PAUSE_S)


async def _step(tools: SealTools, parties: Sequence[OutsideParty], state: Sealing, publishing: Publishing) -> bool:
    if state.peaks is None:
        async with tools.database.connection() as connection:
            await begin_log(connection, tools.clock.now())
    done = await seal_next(tools, state)
    if done.entries:
        log.info("seals.sealed", entries=done.entries)
    if done.absent:
        log.error("seals.entries_absent", entries=done.absent)
        async with tools.database.transaction() as tx:
            trouble = f"{done.absent} recorded entries were not in the ledger"
            await note_trouble(tx, "entries", trouble, tools.clock.now())
    await publish_heads(tools.database, tools.clock, parties, publishing)
    return done.more


def _log_failure(error: Exception) -> None:
    if isinstance(error, DatabaseAway | Contended):
        log.warning("seals.database_away", code=error.code)
    else:
        log.error("seals.failed", exc_info=error)


async def _tell(tools: SealTools, trouble: str | None) -> bool:
    """Announce a trouble or its end; tell whether that was possible."""
    try:
        async with tools.database.transaction() as tx:
            await note_trouble(tx, "log", trouble, tools.clock.now())
    except DaogangError:
        return False
    return True


async def _pause(stopping: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        await asyncio.wait_for(stopping.wait(), seconds)
