"""Takes the site codes that people scan, at once or when they are back on line, and records what that shows."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from sqlalchemy import insert

from backend.evidence.ways import errors, site_codes
from backend.evidence.ways.callers import Caller
from backend.evidence.ways.model import LIFE
from backend.evidence.ways.recording import NewProof, RecordedProof, record_proof
from backend.evidence.ways.site_codes import Scan
from backend.evidence.ways.site_screens import find_site_code, open_secret
from backend.evidence.ways.way_tables import SiteCodeScan
from backend.kit.crypto import FieldCipher
from backend.kit.db import AnyRow, Tx, translate_violations

OFFLINE_LIFE: Final = timedelta(days=30)
"""As long as the longest field pack: what was scanned earlier belongs to no queue."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HandedIn:
    """A text that a person has scanned; `proof_id` is the id that his phone gave the scan when there was no network."""

    project_id: UUID
    text: str
    proof_id: UUID | None


async def hand_in(tx: Tx, caller: Caller, scan: HandedIn, *, cipher: FieldCipher, now: datetime) -> RecordedProof:
    """Record that somebody was in front of a site's screen.

    Without a `proof_id` the code has to be the present one. With it the scan was made without network: what the proof
    witnesses is the time for which that code can have been on the screen, and a punch within LIFE of it may take it.
    Raises ScanInvalid, ScanStale, ScanRepeated or ProofIdTaken.
    """
    read = site_codes.read_code(scan.text)
    row = None if read is None else await find_site_code(tx, scan.project_id, read.code_id)
    if read is None or row is None or not site_codes.is_genuine(read, open_secret(row, cipher), scan.project_id):
        raise errors.ScanInvalid
    offline = scan.proof_id is not None
    if not _is_timely(read, row, now, offline=offline):
        raise errors.ScanStale
    begin, end = site_codes.shown_during(read)
    facts: dict[str, Any] = {
        "code_id": str(read.code_id),
        "step": read.step,
        "shown_from": begin.isoformat(),
        "shown_until": end.isoformat(),
    }
    # On line the scan has just been made; without network it was made at some time within these bounds.
    made_at, expires_at = (begin, end + LIFE) if offline else (now, now + LIFE)
    proof = NewProof(
        project_id=scan.project_id,
        person_id=caller.person_id,
        phone_id=caller.phone_id,
        way="site_qr",
        outcome="passed",
        trust="offline" if offline else "online",
        made_at=made_at,
        expires_at=expires_at,
        proof_id=scan.proof_id,
        facts=facts,
    )
    with translate_violations({"pk_presence_proof": errors.ProofIdTaken}):
        proof_id = await record_proof(tx, proof, now=now)
    with translate_violations({"pk_site_code_scan": errors.ScanRepeated}):
        await tx.execute(
            insert(SiteCodeScan).values(
                project_id=scan.project_id,
                code_id=read.code_id,
                step=read.step,
                person_id=caller.person_id,
                proof_id=proof_id,
                scanned_at=now,
            )
        )
    return RecordedProof(proof_id, "site_qr", "passed", made_at, expires_at)


def _is_timely(scan: Scan, row: AnyRow, now: datetime, *, offline: bool) -> bool:
    begin, end = site_codes.shown_during(scan)
    if row.ended_at is not None and begin >= row.ended_at:
        return False
    if end <= row.created_at:
        return False
    if not offline:
        return row.ended_at is None and site_codes.is_current(scan, now)
    return now - OFFLINE_LIFE <= begin <= now
