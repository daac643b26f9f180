"""Passkeys over HTTP: made while logged in, shown with user verification, once for each challenge."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from httpx import AsyncClient, Response
from sqlalchemy import select, update

from backend.evidence.ways.model import LIFE
from backend.evidence.ways.passkeys import CHALLENGE_LIFE, MOST, forget_challenges
from backend.evidence.ways.tables import PresenceProof
from backend.evidence.ways.way_tables import PasskeyChallenge, PresenceSignal
from backend.identity.tables import PhoneBinding
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from tests.integration.mobile_api.conftest import MakeGround, Tap
from tests.integration.mobile_api.ways import PRESENCE, Speaker
from tests.support.authenticators import USER_PRESENT, Authenticator
from tests.support.phones import Ground, open_phone, tap


@pytest.fixture
async def ground(make: MakeGround) -> Ground:
    """Make a ground of two people that requires proofs."""
    return await make(people=2, policy={"presence": "required"})


@pytest.fixture
def me(client: AsyncClient, clock: ManualClock, ground: Ground) -> Speaker:
    """Give the first person."""
    return Speaker(client, clock, ground.owners[0])


@pytest.fixture
def other(client: AsyncClient, clock: ManualClock, ground: Ground) -> Speaker:
    """Give the second person."""
    return Speaker(client, clock, ground.owners[1])


def refused(answer: Response, status: int, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text


async def _facts(database: Database, proof_id: str) -> dict[str, Any]:
    async with database.transaction() as tx:
        return (await tx.execute(select(PresenceProof.facts).where(PresenceProof.id == proof_id))).scalar_one()


async def test_made_shown_and_taken_by_a_punch(
    me: Speaker, ground: Ground, send: Tap, clock: ManualClock, database: Database
) -> None:
    made = await me.makes_passkey()
    assert made.status_code == 201, made.text
    clock.advance(timedelta(seconds=5))
    proof = (await me.shows_passkey(ground.project.id)).json()
    assert (proof["way"], proof["outcome"]) == ("passkey", "passed")
    assert proof["title"]
    answer = await send(me.owner, tap(clock.now(), ground.project.id, proof_id=proof["proof_id"]))
    assert answer.json()["outcome"] == "counted"
    facts = await _facts(database, proof["proof_id"])
    assert (facts["passkey_id"], facts["sign_count"]) == (made.json()["passkey_id"], 1)
    (listed,) = (await me.get("/passkeys")).json()
    assert listed["last_used_at"] == proof["made_at"]


async def test_the_options_ask_for_a_verified_user_of_our_domain(me: Speaker, ground: Ground) -> None:
    begun = await me.begins("/passkeys/challenges")
    options = begun["options"]
    assert options["rp"] == {"id": "daogang.test", "name": "到岗"}
    assert options["authenticatorSelection"]["userVerification"] == "required"
    await me.makes_passkey()
    shown = (await me.begins("/passkey-challenges", project_id=str(ground.project.id)))["options"]
    assert (shown["rpId"], shown["userVerification"], len(shown["allowCredentials"])) == ("daogang.test", "required", 1)
    assert shown["challenge"] != options["challenge"]
    again = (await me.begins("/passkeys/challenges"))["options"]
    assert [one["id"] for one in again["excludeCredentials"]] == [one["id"] for one in shown["allowCredentials"]]


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "https://daogang.test.evil.example"},
        {"origin": "http://daogang.test"},
        {"challenge": "A" * 43},
        {"rp_id": "evil.example"},
        {"flags": USER_PRESENT},
        {"flags": 0},
        {"said_kind": "webauthn.get"},
        {"cross_origin": True},
    ],
)
async def test_what_was_not_asked_for_is_not_kept(changes: dict[str, Any], me: Speaker) -> None:
    refused(await me.makes_passkey(**changes), 422, "ways.passkey_malformed")
    assert (await me.get("/passkeys")).json() == []


@pytest.mark.parametrize(
    "changes",
    [
        {"origin": "https://daogang.test.evil.example"},
        {"challenge": "A" * 43},
        {"rp_id": "evil.example"},
        {"flags": USER_PRESENT},
        {"said_kind": "webauthn.create"},
        {"cross_origin": True},
    ],
)
async def test_what_shows_nothing_is_on_record_as_failed(
    changes: dict[str, Any], me: Speaker, ground: Ground, database: Database
) -> None:
    await me.makes_passkey()
    answer = await me.shows_passkey(ground.project.id, **changes)
    assert (answer.status_code, answer.json()["outcome"]) == (201, "failed")
    assert (await _facts(database, answer.json()["proof_id"]))["cause"] == "signature"
    # The forger's attempt ends nothing: the person's own key goes on.
    assert (await me.shows_passkey(ground.project.id)).json()["outcome"] == "passed"


@pytest.mark.parametrize(
    "credential",
    [
        {},
        {"id": 7},
        {"id": "AA", "rawId": "AA", "type": "public-key", "response": {}},
        {
            "id": "AA",
            "rawId": "AA",
            "type": "public-key",
            "response": {"attestationObject": "!!", "clientDataJSON": ""},
        },
        {"id": [], "rawId": {}, "response": "x" * 10_000},
    ],
)
async def test_garbage_is_a_clear_answer(credential: dict[str, Any], me: Speaker, ground: Ground) -> None:
    begun = await me.begins("/passkeys/challenges")
    answer = await me.post("/passkeys", challenge_id=begun["challenge_id"], credential=credential)
    refused(answer, 422, "ways.passkey_malformed")
    await me.makes_passkey()
    begun = await me.begins("/passkey-challenges", project_id=str(ground.project.id))
    answer = await me.post("/passkey-proofs", challenge_id=begun["challenge_id"], credential=credential)
    assert (answer.status_code, answer.json()["outcome"]) == (201, "failed")


async def test_a_challenge_is_answered_once_whatever_the_answer_was(me: Speaker, ground: Ground) -> None:
    begun = await me.begins("/passkeys/challenges")
    credential = me.authenticator.registers(begun["options"])
    bad = me.authenticator.registers(begun["options"], origin="https://evil.example")
    refused(
        await me.post("/passkeys", challenge_id=begun["challenge_id"], credential=bad), 422, "ways.passkey_malformed"
    )
    answer = await me.post("/passkeys", challenge_id=begun["challenge_id"], credential=credential)
    refused(answer, 404, "ways.challenge_unknown")
    await me.makes_passkey()
    begun = await me.begins("/passkey-challenges", project_id=str(ground.project.id))
    credential = me.authenticator.shows(begun["options"])
    first = await me.post("/passkey-proofs", challenge_id=begun["challenge_id"], credential=credential)
    assert first.json()["outcome"] == "passed"
    again = await me.post("/passkey-proofs", challenge_id=begun["challenge_id"], credential=credential)
    refused(again, 404, "ways.challenge_unknown")


async def test_a_recorded_answer_is_worth_nothing_for_a_new_challenge(me: Speaker, ground: Ground) -> None:
    me.authenticator.counts = False
    await me.makes_passkey()
    begun = await me.begins("/passkey-challenges", project_id=str(ground.project.id))
    recorded = me.authenticator.shows(begun["options"])
    assert (await me.post("/passkey-proofs", challenge_id=begun["challenge_id"], credential=recorded)).json()[
        "outcome"
    ] == "passed"
    begun = await me.begins("/passkey-challenges", project_id=str(ground.project.id))
    replayed = await me.post("/passkey-proofs", challenge_id=begun["challenge_id"], credential=recorded)
    assert replayed.json()["outcome"] == "failed"


async def test_anothers_challenge_phone_and_passkey_are_worth_nothing(
    me: Speaker, other: Speaker, ground: Ground, clock: ManualClock, database: Database
) -> None:
    await me.makes_passkey()
    await other.makes_passkey()
    begun = await me.begins("/passkey-challenges", project_id=str(ground.project.id))
    mine = me.authenticator.shows(begun["options"])
    answer = await other.post("/passkey-proofs", challenge_id=begun["challenge_id"], credential=mine)
    refused(answer, 404, "ways.challenge_unknown")
    async with database.transaction() as tx:
        second = await open_phone(tx, me.owner, clock.now())
    elsewhere = replace(me, owner=second)
    answer = await elsewhere.post("/passkey-proofs", challenge_id=begun["challenge_id"], credential=mine)
    refused(answer, 404, "ways.challenge_unknown")
    theirs = other.authenticator.shows(begun["options"])
    answer = await me.post("/passkey-proofs", challenge_id=begun["challenge_id"], credential=theirs)
    assert answer.json()["outcome"] == "failed"
    assert (await _facts(database, answer.json()["proof_id"]))["cause"] == "unknown"


async def test_a_challenge_of_one_purpose_is_none_of_the_other(me: Speaker, ground: Ground) -> None:
    begun = await me.begins("/passkeys/challenges")
    credential = me.authenticator.registers(begun["options"])
    answer = await me.post("/passkey-proofs", challenge_id=begun["challenge_id"], credential=credential)
    refused(answer, 404, "ways.challenge_unknown")
    assert (await me.post("/passkeys", challenge_id=begun["challenge_id"], credential=credential)).status_code == 201
    begun = await me.begins("/passkey-challenges", project_id=str(ground.project.id))
    answer = await me.post("/passkeys", challenge_id=begun["challenge_id"], credential=credential)
    refused(answer, 404, "ways.challenge_unknown")


async def test_a_late_answer_comes_too_late(
    me: Speaker, ground: Ground, clock: ManualClock, database: Database
) -> None:
    await me.makes_passkey()
    begun = await me.begins("/passkey-challenges", project_id=str(ground.project.id))
    clock.advance(CHALLENGE_LIFE)
    credential = me.authenticator.shows(begun["options"])
    answer = await me.post("/passkey-proofs", challenge_id=begun["challenge_id"], credential=credential)
    refused(answer, 404, "ways.challenge_unknown")
    async with database.transaction() as tx:
        assert await forget_challenges(tx, clock.now() + timedelta(seconds=1)) >= 1
        assert (
            await tx.execute(select(PasskeyChallenge).where(PasskeyChallenge.id == begun["challenge_id"]))
        ).all() == []


async def test_a_counter_that_does_not_rise_ends_the_key_and_raises_a_signal(
    me: Speaker, ground: Ground, database: Database
) -> None:
    await me.makes_passkey()
    copy = me.authenticator.clone()
    for _ in range(3):
        assert (await me.shows_passkey(ground.project.id)).json()["outcome"] == "passed"
    thief = replace(me, authenticator=copy)
    answer = await thief.shows_passkey(ground.project.id)
    assert answer.json()["outcome"] == "failed"
    assert (await _facts(database, answer.json()["proof_id"]))["cause"] == "cloned"
    refused(await me.post("/passkey-challenges", project_id=str(ground.project.id)), 409, "ways.no_passkey")
    async with database.transaction() as tx:
        signal = (await tx.execute(select(PresenceSignal).where(PresenceSignal.project_id == ground.project.id))).one()
    assert (signal.kind, signal.person_id) == ("passkey_cloned", me.owner.person_id)
    assert signal.evidence == {"counter_known": 3, "counter_shown": 1}


async def test_a_forger_cannot_end_a_key_by_its_name(me: Speaker, ground: Ground) -> None:
    """Whoever knows the credential's id, but not its key, sends a low counter: nothing happens to it."""
    await me.makes_passkey()
    await me.shows_passkey(ground.project.id)
    forger = replace(me, authenticator=Authenticator(credential_id=me.authenticator.credential_id))
    forger.authenticator.count = -1
    assert (await forger.shows_passkey(ground.project.id)).json()["outcome"] == "failed"
    assert (await me.shows_passkey(ground.project.id)).json()["outcome"] == "passed"


async def test_keys_that_never_count_are_as_good(me: Speaker, ground: Ground) -> None:
    me.authenticator.counts = False
    await me.makes_passkey()
    for _ in range(2):
        assert (await me.shows_passkey(ground.project.id)).json()["outcome"] == "passed"


async def test_one_answer_twenty_times_at_once_is_one_proof(me: Speaker, ground: Ground, database: Database) -> None:
    await me.makes_passkey()
    begun = await me.begins("/passkey-challenges", project_id=str(ground.project.id))
    credential = me.authenticator.shows(begun["options"])
    answers = await asyncio.gather(
        *(me.post("/passkey-proofs", challenge_id=begun["challenge_id"], credential=credential) for _ in range(20))
    )
    assert sorted(answer.status_code for answer in answers) == [201] + [404] * 19
    async with database.transaction() as tx:
        rows = (await tx.execute(select(PresenceProof.id).where(PresenceProof.person_id == me.owner.person_id))).all()
    assert len(rows) == 1


async def test_a_credential_is_one_persons(me: Speaker, other: Speaker) -> None:
    assert (await me.makes_passkey()).status_code == 201
    other.authenticator = me.authenticator
    refused(await other.makes_passkey(), 409, "ways.passkey_known")


async def test_so_many_and_no_more_and_removed_ones_show_nothing(me: Speaker, other: Speaker, ground: Ground) -> None:
    kept: list[str] = []
    for _ in range(MOST):
        me.authenticator = Authenticator()
        kept.append((await me.makes_passkey()).json()["passkey_id"])
    refused(await me.post("/passkeys/challenges"), 409, "ways.passkeys_too_many")
    headers = other.owner.headers(other.clock.now())
    gone = await other.client.delete(f"{PRESENCE}/passkeys/{kept[-1]}", headers=headers)
    refused(gone, 404, "ways.passkey_unknown")
    headers = me.owner.headers(me.clock.now())
    assert (await me.client.delete(f"{PRESENCE}/passkeys/{kept[-1]}", headers=headers)).status_code == 204
    assert len((await me.get("/passkeys")).json()) == MOST - 1
    assert (await me.shows_passkey(ground.project.id)).json()["outcome"] == "failed"


async def test_a_phone_that_waits_to_be_confirmed_makes_no_passkey(me: Speaker, database: Database) -> None:
    async with database.transaction() as tx:
        await tx.execute(
            update(PhoneBinding).where(PhoneBinding.phone_id == me.owner.phone_id).values(awaits="replacement")
        )
    refused(await me.post("/passkeys/challenges"), 403, "ways.phone_not_confirmed")


async def test_only_on_ones_own_projects(me: Speaker, make: MakeGround) -> None:
    await me.makes_passkey()
    elsewhere = await make()
    answer = await me.post("/passkey-challenges", project_id=str(elsewhere.project.id))
    refused(answer, 404, "sites.project_unknown")


async def test_a_proof_ends_after_its_life(me: Speaker, ground: Ground, send: Tap, clock: ManualClock) -> None:
    await me.makes_passkey()
    proof = (await me.shows_passkey(ground.project.id)).json()
    clock.advance(LIFE + timedelta(seconds=1))
    answer = (await send(me.owner, tap(clock.now(), ground.project.id, proof_id=proof["proof_id"]))).json()
    assert answer["reasons"][0]["code"] == "decision.presence_expired"
