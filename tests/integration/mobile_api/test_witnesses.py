"""Witnesses over HTTP: a second bound person on site, within five minutes, both judged by the fence, with limits."""

import asyncio
from datetime import timedelta
from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import insert, select, update

from backend.evidence.ways.tables import PresenceProof
from backend.evidence.ways.way_tables import PresenceSignal, WitnessStatement
from backend.evidence.ways.witnessing import A_DAY, ASKING, OFTEN
from backend.identity.tables import PhoneBinding, SessionFamily
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from tests.integration.mobile_api.conftest import MakeGround, Tap
from tests.integration.mobile_api.ways import Speaker
from tests.support.phones import Ground, open_phone, tap


@pytest.fixture
async def ground(make: MakeGround) -> Ground:
    """Make a ground of many people that requires proofs."""
    return await make(people=A_DAY + 3, policy={"presence": "required"})


@pytest.fixture
def people(client: AsyncClient, clock: ManualClock, ground: Ground) -> list[Speaker]:
    """Give the people of the ground."""
    return [Speaker(client, clock, owner) for owner in ground.owners]


def refused(answer: Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def test_both_are_told_and_the_punch_counts(
    people: list[Speaker], ground: Ground, send: Tap, clock: ManualClock
) -> None:
    me, witness, *_ = people
    asked = (await me.asks(ground.project.id)).json()
    assert asked["title"]
    state = (await me.get(f"/witness-requests/{asked['request_id']}")).json()
    assert (state["state"], state["proof"]) == ("waiting", None)
    looked = (await witness.post("/witness-looks", code=asked["code"])).json()
    assert looked["person_name"] in looked["title"]
    stated = await witness.confirms(asked["code"])
    assert (stated.status_code, stated.json()["outcome"]) == (201, "passed")
    assert looked["person_name"] in stated.json()["title"]
    state = (await me.get(f"/witness-requests/{asked['request_id']}")).json()
    assert (state["state"], state["proof"]["outcome"], state["proof"]["way"]) == ("confirmed", "passed", "witness")
    answer = await send(me.owner, tap(clock.now(), ground.project.id, proof_id=state["proof"]["proof_id"]))
    assert answer.json()["outcome"] == "counted"
    # The witness has nothing of it, and nobody else learns how it stands.
    answer = await send(witness.owner, tap(clock.now(), ground.project.id, proof_id=state["proof"]["proof_id"]))
    assert answer.json()["outcome"] == "refused"
    refused(await witness.get(f"/witness-requests/{asked['request_id']}"), 404, "ways.witness_request_unknown")


@pytest.mark.parametrize(
    ("mine", "theirs", "outcome"),
    [
        ({"east_m": 3000.0}, {}, "failed"),
        ({}, {"east_m": 3000.0}, "failed"),
        ({"mock": True}, {}, "review"),
        ({}, {"mock": True}, "review"),
    ],
)
async def test_both_fences_are_judged(
    mine: dict[str, Any], theirs: dict[str, Any], outcome: str, people: list[Speaker], ground: Ground
) -> None:
    me, witness, *_ = people
    asked = (await me.asks(ground.project.id, **mine)).json()
    stated = (await witness.confirms(asked["code"], **theirs)).json()
    assert (stated["outcome"], bool(stated["title"])) == (outcome, True)
    state = (await me.get(f"/witness-requests/{asked['request_id']}")).json()
    assert state["proof"]["outcome"] == outcome


async def test_without_a_fix_people_look_at_it(people: list[Speaker], ground: Ground) -> None:
    me, witness, *_ = people
    asked = (await me.post("/witness-requests", project_id=str(ground.project.id), fixes=[])).json()
    assert (await witness.confirms(asked["code"])).json()["outcome"] == "review"


async def test_nobody_is_his_own_witness_nor_with_the_same_phone(
    people: list[Speaker], ground: Ground, clock: ManualClock, database: Database, client: AsyncClient
) -> None:
    me, other, *_ = people
    asked = (await me.asks(ground.project.id)).json()
    refused(await me.confirms(asked["code"]), 403, "ways.own_witness")
    async with database.transaction() as tx:
        second = await open_phone(tx, me.owner, clock.now())
        from backend.identity.tables import Phone

        install = await tx.scalar(select(Phone.install_id).where(Phone.id == me.owner.phone_id))
        assert install is not None
        borrowed = await open_phone(tx, other.owner, clock.now(), install_id=install)
    refused(await Speaker(client, clock, second).confirms(asked["code"]), 403, "ways.own_witness")
    refused(await Speaker(client, clock, borrowed).confirms(asked["code"]), 403, "ways.own_witness")
    assert (await other.confirms(asked["code"])).status_code == 201


async def test_only_whoever_is_posted_there_with_a_confirmed_phone(
    people: list[Speaker], ground: Ground, make: MakeGround, clock: ManualClock, client: AsyncClient, database: Database
) -> None:
    me, unconfirmed, logged_out, *_ = people
    asked = (await me.asks(ground.project.id)).json()
    stranger = Speaker(client, clock, (await make()).owner)
    refused(await stranger.post("/witness-looks", code=asked["code"]), 403, "ways.witness_elsewhere")
    refused(await stranger.confirms(asked["code"]), 403, "ways.witness_elsewhere")
    async with database.transaction() as tx:
        await tx.execute(
            update(PhoneBinding).where(PhoneBinding.phone_id == unconfirmed.owner.phone_id).values(awaits="dormant")
        )
        await tx.execute(
            update(SessionFamily)
            .where(SessionFamily.id == logged_out.owner.family_id)
            .values(revoked_at=clock.now(), revoke_reason="logged_out")
        )
    refused(await unconfirmed.confirms(asked["code"]), 403, "ways.phone_not_confirmed")
    refused(await logged_out.confirms(asked["code"]), 401, "identity.session_ended")
    refused(await stranger.asks(ground.project.id), 404, "mobile.project_unknown")


async def test_five_minutes_and_one_answer(people: list[Speaker], ground: Ground, clock: ManualClock) -> None:
    me, witness, third, *_ = people
    asked = (await me.asks(ground.project.id)).json()
    clock.advance(ASKING - timedelta(seconds=1))
    assert (await witness.confirms(asked["code"])).status_code == 201
    refused(await third.confirms(asked["code"]), 404, "ways.witness_request_unknown")
    late = (await me.asks(ground.project.id)).json()
    clock.advance(ASKING)
    refused(await witness.confirms(late["code"]), 404, "ways.witness_request_unknown")
    refused(await witness.post("/witness-looks", code="nothing"), 404, "ways.witness_request_unknown")
    state = (await me.get(f"/witness-requests/{late['request_id']}")).json()
    assert (state["state"], state["proof"]) == ("expired", None)
    assert state["advice"]


async def test_twenty_statements_at_once_are_one(people: list[Speaker], ground: Ground, database: Database) -> None:
    me, *witnesses = people
    asked = (await me.asks(ground.project.id)).json()
    answers = await asyncio.gather(*(witnesses[n % len(witnesses)].confirms(asked["code"]) for n in range(20)))
    assert sorted(answer.status_code for answer in answers) == [201] + [404] * 19
    async with database.transaction() as tx:
        proofs = await tx.execute(select(PresenceProof.id).where(PresenceProof.person_id == me.owner.person_id))
        assert len(proofs.all()) == 1


async def test_a_witness_has_so_many_statements_in_a_day(
    people: list[Speaker], ground: Ground, clock: ManualClock
) -> None:
    witness, *others = people
    codes = [(await one.asks(ground.project.id)).json()["code"] for one in others]
    # At once too: the day's limit is one, whoever asks.
    answers = await asyncio.gather(*(witness.confirms(code) for code in codes))
    assert sorted(answer.status_code for answer in answers) == [201] * A_DAY + [429] * (len(codes) - A_DAY)
    (told,) = {answer.json()["title"] for answer in answers if answer.status_code == 429}
    assert str(A_DAY) in told
    clock.advance(timedelta(days=1))
    # The day after his log-in's token is another one, and so is the code.
    again = (await others[0].asks(ground.project.id)).json()["code"]
    assert (await witness.confirms(again)).status_code == 201


async def test_a_pair_that_always_witnesses_for_each_other_is_a_signal(
    people: list[Speaker], ground: Ground, clock: ManualClock, database: Database
) -> None:
    me, witness, *_ = people
    async with database.transaction() as tx:
        before = await tx.execute(select(PresenceSignal).where(PresenceSignal.project_id == ground.project.id))
        assert before.all() == []
    for _ in range(OFTEN):
        for one, two in ((me, witness), (witness, me)):
            asked = (await one.asks(ground.project.id)).json()
            assert (await two.confirms(asked["code"])).json()["outcome"] == "passed"
        clock.advance(timedelta(hours=7))
    async with database.transaction() as tx:
        rows = (await tx.execute(select(PresenceSignal).where(PresenceSignal.project_id == ground.project.id))).all()
    (signal,) = rows
    assert (signal.kind, signal.evidence["in_return"]) == ("witnesses_in_turn", OFTEN)
    assert signal.evidence["witness_id"] in {str(me.owner.person_id), str(witness.owner.person_id)}


async def test_the_database_refuses_who_witnesses_for_himself(
    people: list[Speaker], ground: Ground, clock: ManualClock, database: Database
) -> None:
    from sqlalchemy.exc import IntegrityError

    me = people[0]
    with pytest.raises(IntegrityError, match="ck_witness_statement_other"):
        async with database.transaction() as tx:
            await tx.execute(
                insert(WitnessStatement).values(
                    project_id=ground.project.id,
                    request_id=ground.project.id,
                    person_id=me.owner.person_id,
                    witness_id=me.owner.person_id,
                    witness_phone_id=me.owner.phone_id,
                    place="counted",
                    proof_id=ground.project.id,
                    stated_at=clock.now(),
                )
            )
