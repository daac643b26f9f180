"""The adapters that the gates' use cases work with, one set per process, joined by the application."""

from dataclasses import dataclass, field
from typing import Protocol

from backend.evidence.photos.examiner import Examiner
from backend.gates.pacing import Pace
from backend.gates.registry.key_secrets import GateSecrets
from backend.gates.uploads import UploadLanes
from backend.kit.blobs import BlobStore
from backend.kit.clock import Clock
from backend.kit.crypto import DataKeys
from backend.kit.db import Database
from backend.ledger.append import DayFolder
from backend.ledger.fingerprints import Fingerprints


class PlaceReader(Protocol):
    """Who turns declared coordinates into WGS-84; the application's wiring names it."""

    def __call__(self, crs: str, x: float, y: float) -> tuple[float, float]:
        """Return (lon, lat) in degrees; raises an InvalidInput error for coordinates that cannot be meant."""
        ...


@dataclass(frozen=True, slots=True)
class GateTools:
    """What the gates' use cases need besides a request.

    `fold_days` is whoever keeps the person-days, `read_place` whoever knows coordinate systems.
    """

    database: Database
    secrets: GateSecrets
    data_keys: DataKeys
    fingerprints: Fingerprints
    fold_days: DayFolder
    read_place: PlaceReader
    clock: Clock
    blobs: BlobStore
    lanes: UploadLanes = field(default_factory=UploadLanes)
    pace: Pace = field(default_factory=Pace)
    examiner: Examiner = field(default_factory=Examiner)
