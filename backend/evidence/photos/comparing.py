"""Compares the photos that punches name with all that were used before, and writes what speaks against them.

A use is compared once, when its photo was examined. Signals are facts with their numbers; they rule on nothing.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import msgspec
import structlog
from sqlalchemy import text
from sqlalchemy.dialects.postgresql import insert

from backend.evidence.photos import model
from backend.evidence.photos.examined import Facts, Hashes
from backend.evidence.photos.near_queries import find_near
from backend.evidence.photos.reuse import OLD_AFTER_MINUTES, Reuse, Use, find_reuse, minutes_apart, names_an_editor
from backend.evidence.photos.tables import PhotoSignal
from backend.kit.clock import Clock
from backend.kit.crypto import DataKeys
from backend.kit.db import AnyRow, Database, Tx
from backend.kit.ids import new_id
from backend.sites.model import zone_of

log = structlog.get_logger()

AT_ONCE: Final = 20
STEPS: Final = 200
PATIENCE: Final = timedelta(days=30)
"""A photo that is named and has not come for so long is looked for no more."""
MOST_TOLD: Final = 5
"""Earlier uses that one signal names: the nearest."""

WAITING = """
SELECT u.project_id, u.punch_id, u.sha256, u.person_id, u.device_id, u.work_on, u.noted_at, u.occurred_at,
  f.id, f.wrapped_key, r.outcome, r.reason, r.sealed_facts, h.frequencies, h.differences, p.time_zone
FROM photo_use u
JOIN photo_file f ON f.sha256 = u.sha256 AND CASE f.source
  WHEN 'phone' THEN f.person_id = u.person_id ELSE f.project_id = u.project_id AND f.device_id = u.device_id END
JOIN photo_result r ON r.photo_id = f.id
LEFT JOIN photo_hash h ON h.photo_id = f.id
JOIN project p ON p.id = u.project_id
WHERE u.compared_at IS NULL AND u.noted_at > :since
ORDER BY u.noted_at, u.punch_id LIMIT :most FOR UPDATE OF u SKIP LOCKED
"""

COMPARED = """
UPDATE photo_use SET photo_id = :photo_id, compared_at = :now
WHERE project_id = :project_id AND punch_id = :punch_id AND sha256 = :sha256
"""

OF_PUNCH = "UPDATE photo_file SET class = 'punch' WHERE id = :photo_id AND class = 'unused'"

# Uses that were noted before this one: of the same file, whoever sent it, and of pictures that are near.
EARLIER = """
SELECT u.photo_id, u.punch_id, u.project_id, u.person_id, u.device_id, u.work_on, u.noted_at, u.sha256,
  h.frequencies, h.differences
FROM photo_use u LEFT JOIN photo_hash h ON h.photo_id = u.photo_id
WHERE (u.sha256 = :sha256 OR u.photo_id = ANY(CAST(:near AS uuid[]))) AND u.photo_id IS NOT NULL
  AND u.compared_at IS NOT NULL AND (u.project_id, u.punch_id) <> (:project_id, :punch_id)
LIMIT 1000
"""

# Two at once would not see each other's use: one after the other, in their order.
ALONE = "SELECT pg_advisory_xact_lock(hashtextextended('photo-comparison', 0))"

_facts = msgspec.json.Decoder(Facts)


@dataclass(frozen=True, kw_only=True, slots=True)
class ComparisonTools:
    """What comparing works with."""

    database: Database
    data_keys: DataKeys
    clock: Clock


async def compare_uses(tools: ComparisonTools) -> int:
    """Compare the uses whose photos were examined since the last call; return how many those were."""
    done = 0
    for _ in range(STEPS):
        async with tools.database.transaction() as tx:
            step = await _step(tx, tools)
        done += step
        if step < AT_ONCE:
            break
    return done


async def _step(tx: Tx, tools: ComparisonTools) -> int:
    now = tools.clock.now()
    await tx.execute(text(ALONE))
    rows = (await tx.execute(text(WAITING), {"since": now - PATIENCE, "most": AT_ONCE})).all()
    for row in rows:
        use = _use_of(row, row[8], hashes=_hashes(row[13], row[14]))
        await _write(tx, use, await _signals(tx, tools, row, use), now)
        keys = {"project_id": use.project_id, "punch_id": use.punch_id, "sha256": use.sha256}
        await tx.execute(text(COMPARED), {**keys, "photo_id": use.photo_id, "now": now})
        await tx.execute(text(OF_PUNCH), {"photo_id": use.photo_id})
    return len(rows)


async def _signals(tx: Tx, tools: ComparisonTools, row: AnyRow, use: Use) -> list[tuple[str, str, dict[str, Any]]]:
    """Return (kind, subject, evidence) of what speaks against a use."""
    if row[10] == "refused":
        return [("photo_refused", row[11], {"reason": row[11]})]
    found = [("photo_reused", str(one.earlier.punch_id), _evidence(one)) for one in await _reuses(tx, use)]
    if row[9] is not None:
        key = tools.data_keys.unwrap_once(bytes(row[9]), model.kept_key_label(use.photo_id))
        facts = _facts.decode(key.open(bytes(row[12]), model.facts_label(use.photo_id)))
        found += _claims(facts, row[7].astimezone(zone_of(row[15])))
    return found


def _claims(facts: Facts, occurred_at: datetime) -> list[tuple[str, str, dict[str, Any]]]:
    found: list[tuple[str, str, dict[str, Any]]] = []
    if facts.taken_local is not None:
        try:
            minutes = minutes_apart(facts.taken_local, facts.taken_offset, occurred_at)
        except ValueError:  # a 31st of June
            minutes = 0
        if minutes >= OLD_AFTER_MINUTES:
            found.append(("photo_old", "taken", {"minutes": minutes}))
    if names_an_editor(facts.software):
        found.append(("photo_edited", "software", {"software": facts.software}))
    return found


async def _reuses(tx: Tx, use: Use) -> list[Reuse]:
    near = [] if use.hashes is None else await find_near(tx, use.hashes.frequencies)
    asked = {
        "sha256": use.sha256,
        "near": [one.photo_id for one in near if one.photo_id != use.photo_id],
        "project_id": use.project_id,
        "punch_id": use.punch_id,
    }
    rows = (await tx.execute(text(EARLIER), asked)).all()
    earlier = [
        Use(
            photo_id=row[0],
            punch_id=row[1],
            project_id=row[2],
            person_id=row[3],
            device_id=row[4],
            work_on=row[5],
            noted_at=row[6],
            sha256=bytes(row[7]),
            hashes=_hashes(row[8], row[9]),
        )
        for row in rows
    ]
    found = [reuse for one in earlier if (reuse := find_reuse(use, one)) is not None]
    return sorted(found, key=lambda one: (not one.same_file, one.bits, one.earlier.noted_at))[:MOST_TOLD]


def _use_of(row: AnyRow, photo_id: UUID, *, hashes: Hashes | None) -> Use:
    return Use(
        photo_id=photo_id,
        punch_id=row[1],
        project_id=row[0],
        person_id=row[3],
        device_id=row[4],
        work_on=row[5],
        noted_at=row[6],
        hashes=hashes,
        sha256=bytes(row[2]),
    )


def _hashes(frequencies: int | None, differences: int | None) -> Hashes | None:
    if frequencies is None or differences is None:
        return None
    return Hashes(frequencies=frequencies, differences=differences)


def _evidence(reuse: Reuse) -> dict[str, Any]:
    return {
        "same_file": reuse.same_file,
        "bits": reuse.bits,
        "differs": list(reuse.differs),
        "other_project_id": str(reuse.earlier.project_id),
        "other_punch_id": str(reuse.earlier.punch_id),
        "other_photo_id": str(reuse.earlier.photo_id),
        "other_work_on": reuse.earlier.work_on.isoformat(),
    }


async def _write(tx: Tx, use: Use, signals: Sequence[tuple[str, str, Mapping[str, Any]]], now: datetime) -> None:
    if not signals:
        return
    rows = [
        {
            "project_id": use.project_id,
            "id": new_id(now),
            "punch_id": use.punch_id,
            "photo_id": use.photo_id,
            "person_id": use.person_id,
            "kind": kind,
            "subject": subject,
            "found_at": now,
            "evidence": evidence,
        }
        for kind, subject, evidence in signals
    ]
    await tx.execute(insert(PhotoSignal).on_conflict_do_nothing(constraint="uq_photo_signal_subject"), rows)
    log.info("photos.signals", project_id=use.project_id, signals=len(rows))
