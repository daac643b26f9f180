"""What the worker's jobs work with: one of each for the whole process."""

from dataclasses import dataclass
from typing import TypeAlias

from procrastinate.manager import JobManager

from backend.evidence.photos.deleting import DeletionTools
from backend.evidence.photos.examiner import Examiner
from backend.evidence.photos.intake import IntakeTools
from backend.kit.clock import Clock
from backend.kit.db import Database
from backend.kit.jobs import Job
from backend.wiring import Wiring


@dataclass(frozen=True, slots=True, kw_only=True)
class JobTools:
    """The database, the clock, the adapters that the settings chose, the process that examines photos, the queue."""

    database: Database
    clock: Clock
    wiring: Wiring
    examiner: Examiner
    queue: JobManager


WorkerJob: TypeAlias = Job[JobTools]


def deletion_tools(tools: JobTools) -> DeletionTools:
    """Return what deleting photos works with."""
    wiring = tools.wiring
    return DeletionTools(database=tools.database, blobs=wiring.blobs, arrivals=wiring.arrivals, clock=tools.clock)


def intake_tools(tools: JobTools) -> IntakeTools:
    """Return what taking photos in works with."""
    wiring = tools.wiring
    return IntakeTools(
        database=tools.database,
        data_keys=wiring.data_keys,
        blobs=wiring.blobs,
        examiner=tools.examiner,
        arrivals=wiring.arrivals,
        clock=tools.clock,
    )
