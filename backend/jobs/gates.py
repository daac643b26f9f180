"""Jobs of gates: their outages, their events, and how they agree with the ledger."""

from typing import Final

import structlog

from backend.attendance.person_days import send_fold
from backend.gates.envelopes import purge_envelopes
from backend.gates.misuse.following import follow_ledger, look_at_days
from backend.gates.outages.ruling_again import RulingTools, continue_ruling
from backend.gates.outages.watching import watch_gates as watch
from backend.gates.reconciliation.checking import reconcile_gates
from backend.gates.strangers import attribute_strangers as attribute
from backend.gates.tasks import forget_nonces as forget
from backend.jobs.tools import JobTools, WorkerJob

log = structlog.get_logger()


async def watch_gates(tools: JobTools) -> None:
    """Find outages of gates and their ends, and rule anew on punches that were made before they were known."""
    await watch(tools.database, tools.clock)
    steps = await continue_ruling(RulingTools(tools.database, send_fold, tools.clock))
    if steps:
        log.info("gates.ruled_again", steps=steps)


async def attribute_strangers(tools: JobTools) -> None:
    """Attribute events of terminals whose numbers were bound since."""
    await attribute(tools.database, send_fold, tools.clock)


async def follow_gate_passes(tools: JobTools) -> None:
    """Look for what speaks of misuse in the passes that were recorded since the last time."""
    looked = await follow_ledger(tools.database, tools.clock)
    if looked:
        log.info("gates.passes_followed", entries=looked)


async def check_gates(tools: JobTools) -> None:
    """Compare gates with the ledger, and look at their days."""
    missed = await reconcile_gates(tools.database, tools.clock)
    log.info("gates.checked", failed=missed + await look_at_days(tools.database, tools.clock))


async def forget_nonces(tools: JobTools) -> None:
    """Drop the nonces of gate requests that can no longer be replayed."""
    async with tools.database.transaction() as tx:
        await forget(tx, tools.clock.now())
    log.info("gates.nonces_forgotten")


async def purge_gate_envelopes(tools: JobTools) -> None:
    """Delete what terminals sent more than two years ago; the events stay."""
    async with tools.database.connection() as connection:
        purged = await purge_envelopes(connection, tools.clock.now())
    log.info("gates.envelopes_purged", envelopes=purged)


JOBS: Final = (
    WorkerJob("watch_gates", "* * * * *", watch_gates),
    WorkerJob("attribute_strangers", "* * * * *", attribute_strangers),
    WorkerJob("follow_gate_passes", "* * * * *", follow_gate_passes),
    WorkerJob("forget_nonces", "*/5 * * * *", forget_nonces),
    WorkerJob("check_gates", "37 * * * *", check_gates),
    WorkerJob("purge_gate_envelopes", "29 3 * * *", purge_gate_envelopes),
)
