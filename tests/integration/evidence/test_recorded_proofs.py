"""Proofs of presence are recorded for good, each way alike, and one is never used twice."""

from datetime import timedelta
from typing import get_args
from uuid import uuid4

import pytest
from sqlalchemy import insert, select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from backend.evidence.ways.model import LIFE, Way
from backend.evidence.ways.recording import NewProof, record_proof
from backend.evidence.ways.tables import PresenceProof, PresenceProofUse
from backend.kit.clock import ManualClock
from backend.kit.db import Database, constraint_of
from backend.kit.keyring import KeyRing
from tests.support.phones import Ground, make_ground


@pytest.fixture
async def ground(database: Database, keys: KeyRing, clock: ManualClock) -> Ground:
    return await make_ground(database, keys, clock.now())


def _new(ground: Ground, clock: ManualClock, way: Way = "face") -> NewProof:
    return NewProof(
        project_id=ground.project.id,
        person_id=ground.owner.person_id,
        phone_id=ground.owner.phone_id,
        way=way,
        outcome="not_evaluated",
        made_at=clock.now(),
        facts={"models": "absent"},
    )


@pytest.mark.parametrize("way", get_args(Way))
async def test_every_way_records_the_same_kind_of_row(
    way: Way, database: Database, ground: Ground, clock: ManualClock
) -> None:
    async with database.transaction() as tx:
        proof_id = await record_proof(tx, _new(ground, clock, way), now=clock.now())
        row = (await tx.execute(select(PresenceProof).where(PresenceProof.id == proof_id))).one()
    assert (row.way, row.outcome, row.trust) == (way, "not_evaluated", "online")
    assert row.expires_at - row.made_at == LIFE
    assert row.facts == {"models": "absent"}


async def test_an_id_that_was_given_out_before_names_one_proof(
    database: Database, ground: Ground, clock: ManualClock
) -> None:
    given = uuid4()
    proof = _new(ground, clock)
    named = NewProof(
        **{name: getattr(proof, name) for name in ("project_id", "person_id", "phone_id", "way", "outcome", "made_at")},
        trust="offline",
        expires_at=clock.now() + timedelta(days=1),
        proof_id=given,
    )
    async with database.transaction() as tx:
        assert await record_proof(tx, named, now=clock.now()) == given
    with pytest.raises(IntegrityError) as refused:
        async with database.transaction() as tx:
            await record_proof(tx, named, now=clock.now())
    assert constraint_of(refused.value) == "pk_presence_proof"


async def test_one_punch_takes_a_proof(database: Database, ground: Ground, clock: ManualClock) -> None:
    async with database.transaction() as tx:
        proof_id = await record_proof(tx, _new(ground, clock), now=clock.now())
        use = {"project_id": ground.project.id, "proof_id": proof_id, "used_at": clock.now()}
        await tx.execute(insert(PresenceProofUse).values(**use, punch_id=uuid4()))
    with pytest.raises(IntegrityError) as refused:
        async with database.transaction() as tx:
            await tx.execute(insert(PresenceProofUse).values(**use, punch_id=uuid4()))
    assert constraint_of(refused.value) == "pk_presence_proof_use"


@pytest.mark.parametrize("table", ["presence_proof", "presence_proof_use"])
@pytest.mark.parametrize("change", ["UPDATE {} SET project_id = project_id", "DELETE FROM {}", "TRUNCATE {} CASCADE"])
async def test_the_server_cannot_change_them(change: str, table: str, database: Database) -> None:
    with pytest.raises(DBAPIError, match="permission denied"):
        async with database.transaction() as tx:
            await tx.execute(text(change.format(table)))
