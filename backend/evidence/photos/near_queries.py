"""Finds pictures whose hash differs in few bits from a given one, through the indexes of its bands."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import text

from backend.evidence.photos.hashes import NEAR, bands, near_bands
from backend.kit.db import Tx

MOST_FOUND = 200
"""A picture that so many have is one of the house: a sign, a form. More say nothing new."""

# Each arm reads one index alone; a hash that more than one band finds is one row.
NEAREST = """
WITH met AS (
  SELECT photo_id, frequencies, differences FROM photo_hash WHERE band_1 = ANY(CAST(:first AS integer[]))
    AND bit_count(CAST(frequencies # :wanted AS bit(64))) <= :near
  UNION
  SELECT photo_id, frequencies, differences FROM photo_hash WHERE band_2 = ANY(CAST(:second AS integer[]))
    AND bit_count(CAST(frequencies # :wanted AS bit(64))) <= :near
  UNION
  SELECT photo_id, frequencies, differences FROM photo_hash WHERE band_3 = ANY(CAST(:third AS integer[]))
    AND bit_count(CAST(frequencies # :wanted AS bit(64))) <= :near
  UNION
  SELECT photo_id, frequencies, differences FROM photo_hash WHERE band_4 = ANY(CAST(:last AS integer[]))
    AND bit_count(CAST(frequencies # :wanted AS bit(64))) <= :near
)
SELECT photo_id, frequencies, differences, bit_count(CAST(frequencies # :wanted AS bit(64))) AS bits
FROM met ORDER BY bits, photo_id LIMIT :most
"""


@dataclass(frozen=True, slots=True)
class Near:
    """A photo whose hash of frequencies is near: in how many bits it differs."""

    photo_id: UUID
    frequencies: int
    differences: int
    bits: int


async def find_near(tx: Tx, frequencies: int, *, near: int = NEAR, most: int = MOST_FOUND) -> list[Near]:
    """Return all photos whose hash differs in at most `near` bits (NEAR at most), the nearest first.

    Exact: of two that are so near, one of four bands differs in at most one bit (`near_bands`).
    """
    if not 0 <= near <= NEAR:
        msg = f"the bands find what differs in at most {NEAR} bits"
        raise ValueError(msg)
    asked = {
        name: list(near_bands(band))
        for name, band in zip(("first", "second", "third", "last"), bands(frequencies), strict=True)
    }
    rows = await tx.execute(text(NEAREST), {**asked, "wanted": frequencies, "near": near, "most": most})
    return [Near(*row) for row in rows]
