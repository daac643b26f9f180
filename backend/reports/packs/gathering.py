"""Reads what an evidence pack is made of, whoever asks: punches, rulings, attributions, days and their proofs."""

import base64
from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, cast
from uuid import UUID

from sqlalchemy import and_, or_, select

from backend.attendance.rates.explaining import explain_rates
from backend.attendance.rates.figures import Span
from backend.identity.masking import mask_document_number
from backend.identity.services import IdentityServices
from backend.kit.crypto import Cell
from backend.kit.db import Tx
from backend.ledger.queries import OF_STATUS
from backend.ledger.seals.leaves import read_leaf
from backend.ledger.seals.log_reading import Connection
from backend.ledger.seals.proofs import ProofFile, prove_punches, read_head, read_key_set
from backend.ledger.seals.public_keys import PublicKeys
from backend.ledger.tables import Attribution, Punch, PunchStatus, Ruling
from backend.reports.packs.content import (
    Pack,
    PackEntry,
    PackHead,
    PackPerson,
    PackProject,
    PackSpan,
    Places,
    count_unsealed,
    id_in,
    recorded,
)
from backend.sites.model import day_bounds, work_on
from backend.sites.queries import ProjectRow
from backend.sites.tables import Person

Rows = Sequence[Mapping[str, Any]]


async def gather(
    tx: Tx,
    project: ProjectRow,
    person_id: UUID,
    span: Span,
    *,
    now: datetime,
    language: str,
    services: IdentityServices,
) -> tuple[Pack, ProofFile, PublicKeys]:
    """Return a person's month with its proofs and the log's keys; the transaction must see one moment.

    Otherwise a ruling that comes in between would be proved and not be in the month.
    """
    punches = await _punches(tx, project, person_id, span)
    keys = [(row["project_id"], row["punch_id"]) for row in punches]
    connection = cast("Connection", (await tx.get_raw_connection()).driver_connection)
    proof = await prove_punches(connection, keys)
    head = await read_head(connection)
    entries = _entries(
        project,
        punches,
        await _of_punches(tx, Ruling, Ruling.seq, keys),
        await _of_punches(tx, Attribution, Attribution.made_at, keys),
        places_of(proof),
    )
    pack = Pack(
        made_at=now,
        language=language,
        project=PackProject(
            id=project.id,
            registration_no=project.registration_no,
            name=project.name,
            district=project.district_name,
            time_zone=project.time_zone,
            cutover=f"{project.cutover:%H:%M}",
        ),
        person=await _person(tx, person_id, services),
        span=PackSpan(first=span.first, last=span.last, until=span.until),
        rates=await explain_rates(
            tx,
            person_id,
            project,
            span,
            today=work_on(now, project.time_zone, project.cutover),
            language=language,
        ),
        entries=entries,
        unsealed=count_unsealed(entries),
        log=None
        if head is None
        else PackHead(origin=head[0].origin, size=head[0].size, root=head[0].root.hex(), signed_at=head[0].signed_at),
    )
    return pack, proof, await read_key_set(connection)


def places_of(proof: ProofFile) -> Places:
    """Return where the proved entries stand."""
    return {(one.kind, id_in(one.kind, read_leaf(base64.b64decode(one.leaf)))): one.index for one in proof.entries}


async def _punches(tx: Tx, project: ProjectRow, person_id: UUID, span: Span) -> Rows:
    """Return the punches that count for the person's days, and those of the month that have no time that can be."""
    begin, _ = day_bounds(span.first, project.time_zone, project.cutover)
    _, end = day_bounds(span.last, project.time_zone, project.cutover)
    dated = and_(PunchStatus.quarantined.is_(False), PunchStatus.occurred_at >= begin, PunchStatus.occurred_at < end)
    undated = and_(PunchStatus.quarantined, PunchStatus.received_at >= begin, PunchStatus.received_at < end)
    query = (
        select(
            Punch,
            PunchStatus.outcome.label("now_outcome"),
            PunchStatus.occurred_at.label("now_at"),
            PunchStatus.quarantined,
        )
        .join(PunchStatus, OF_STATUS)
        .where(PunchStatus.project_id == project.id, PunchStatus.person_id == person_id, or_(dated, undated))
        .order_by(PunchStatus.occurred_at, PunchStatus.punch_id)
    )
    return [dict(row) for row in (await tx.execute(query)).mappings()]


async def _of_punches(
    tx: Tx,
    table: type[Ruling] | type[Attribution],
    order: Any,  # noqa: ANN401 - a column of the table
    keys: Sequence[tuple[UUID, UUID]],
) -> Mapping[UUID, Rows]:
    found: defaultdict[UUID, list[Mapping[str, Any]]] = defaultdict(list)
    if keys:
        query = (
            select(table)
            .where(table.project_id == keys[0][0], table.punch_id.in_([punch_id for _, punch_id in keys]))
            .order_by(table.punch_id, order)
        )
        for row in (await tx.execute(query)).mappings():
            found[row["punch_id"]].append(dict(row))
    return found


def _entries(
    project: ProjectRow, punches: Rows, rulings: Mapping[UUID, Rows], attributions: Mapping[UUID, Rows], places: Places
) -> list[PackEntry]:
    found: list[PackEntry] = []
    for row in punches:
        at: datetime | None = None if row["quarantined"] else row["now_at"]
        found.append(
            PackEntry(
                on=None if at is None else work_on(at, project.time_zone, project.cutover),
                counts_at=at,
                outcome=row["now_outcome"],
                punch=recorded("punch", row, places),
                rulings=[recorded("ruling", one, places) for one in rulings.get(row["punch_id"], ())],
                attributions=[recorded("attribution", one, places) for one in attributions.get(row["punch_id"], ())],
            )
        )
    return found


async def _person(tx: Tx, person_id: UUID, services: IdentityServices) -> PackPerson:
    row = (
        await tx.execute(
            select(Person.name, Person.document_type, Person.document_cipher).where(Person.id == person_id)
        )
    ).one()
    number = services.cipher.decrypt(row.document_cipher, Cell("person", "document_cipher", person_id))
    return PackPerson(
        id=person_id,
        name=row.name,
        document_type=row.document_type,
        document_number=mask_document_number(number),
    )
