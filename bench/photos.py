"""What taking photos in costs: a JPEG of 12 megapixels in the examining process, and finding near ones of a million.

python -m bench.photos [hashes]
"""

import asyncio
import io
import resource
import sys
import time
from datetime import UTC, datetime
from statistics import median
from typing import Final

import numpy as np
import psycopg
from PIL import Image

from backend.evidence.photos.examined import Examined
from backend.evidence.photos.examiner import Examiner
from backend.evidence.photos.hashes import bands
from backend.evidence.photos.near_queries import find_near
from backend.kit.db import Database
from backend.migrate import migrate
from tools.newcomer import recreate
from tools.postgres import held

HASHES: Final = 1_000_000
ROUNDS: Final = 20
BAR_MS: Final = 250.0

FILL = """
INSERT INTO photo_hash (photo_id, frequencies, differences, band_1, band_2, band_3, band_4)
SELECT gen_random_uuid(), f, 0, f >> 48 & 65535, f >> 32 & 65535, f >> 16 & 65535, f & 65535
FROM (SELECT ((random() * 4294967295)::bigint << 32) | (random() * 4294967295)::bigint AS f
      FROM generate_series(1, %s)) drawn
"""


def photo() -> bytes:
    """Draw a JPEG of 4032 x 3024 pixels with noise, of some megabytes as cameras write them."""
    rng = np.random.default_rng(1)
    y, x = np.mgrid[:3024, :4032]
    ground = (127 + 60 * np.sin(x / 97) + 50 * np.cos(y / 61)).astype(np.float32)
    pixels = np.stack([ground + rng.normal(0, 8, ground.shape) for _ in range(3)], -1).clip(0, 255).astype(np.uint8)
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=90)
    return file.getvalue()


async def measure_intake(content: bytes) -> tuple[float, float]:
    """Return milliseconds from bytes to result (median of ROUNDS), and CPU milliseconds of the process for each."""
    examiner = Examiner()
    await examiner.examine(content, "image/jpeg")  # starts the process
    taken: list[float] = []
    for _ in range(ROUNDS):
        began = time.perf_counter()
        found = await examiner.examine(content, "image/jpeg")
        taken.append((time.perf_counter() - began) * 1000)
        if not isinstance(found, Examined):
            raise TypeError(found)
    await examiner.close()
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return median(taken), (used.ru_utime + used.ru_stime) * 1000 / (ROUNDS + 1)


async def measure_search(url: str, hashes: int) -> tuple[float, float]:
    """Return median and slowest milliseconds of a search among so many random hashes."""
    with psycopg.connect(url, autocommit=True) as connection:
        # Only the hashes are wanted here, not a million photos.
        connection.execute("ALTER TABLE photo_hash DROP CONSTRAINT fk_photo_hash_photo")
        connection.execute(FILL, [hashes])
        connection.execute("VACUUM ANALYZE photo_hash")
        wanted = [row[0] for row in connection.execute("SELECT frequencies FROM photo_hash LIMIT 200").fetchall()]
    database, taken = Database(url), list[float]()
    async with database.opened(), database.transaction() as tx:
        for value in wanted:
            began = time.perf_counter()
            found = await find_near(tx, value)
            taken.append((time.perf_counter() - began) * 1000)
            if bands(found[0].frequencies) != bands(value):
                raise ValueError(found)
    return median(taken), max(taken)


def main() -> int:
    """Print the figures; the exit status is 1 when the intake misses its bar."""
    hashes = int(sys.argv[1]) if len(sys.argv) > 1 else HASHES
    content = photo()
    wall_ms, cpu_ms = asyncio.run(measure_intake(content))
    size = len(content) / 1e6
    print(f"intake of 12 megapixels ({size:.1f} MB): {wall_ms:.0f} ms (bar {BAR_MS:.0f}), {cpu_ms:.0f} ms CPU")
    with held("bench") as url:
        recreate(url)
        migrate(url, datetime.now(UTC).date())
        middle, slowest = asyncio.run(measure_search(url, hashes))
    print(f"near ones of {hashes} hashes: {middle:.1f} ms, slowest of 200 {slowest:.1f} ms")
    return int(wall_ms > BAR_MS)


if __name__ == "__main__":
    sys.exit(main())
