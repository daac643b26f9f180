"""The field pack: what a phone needs for days, told once, anchored anew each time."""

from datetime import timedelta
from uuid import UUID, uuid4

from httpx import AsyncClient, Response
from litestar import Litestar
from sqlalchemy import insert

from backend.evidence.liveness.tables import LivenessAttempt
from backend.gates.outages.tables import PhonePath
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from tests.integration.mobile_api.conftest import MakeGround
from tests.support.liveness import consent
from tests.support.phones import Ground
from tests.support.queues import PATH, QueuePhone, Signing

PACK, CHALLENGES, KEYS = "/mobile/v1/field-pack", "/mobile/v1/phone/key-challenges", "/mobile/v1/phone/keys"


async def key_of(client: AsyncClient, ground: Ground, clock: ManualClock, signing: Signing) -> Response:
    headers = ground.owner.headers(clock.now())
    challenge = (await client.post(CHALLENGES, headers=headers)).json()["challenge"]
    return await client.post(KEYS, json=signing.prove(challenge), headers=headers)


async def test_from_the_key_to_the_counted_punch(ground: Ground, client: AsyncClient, clock: ManualClock) -> None:
    signing = Signing()
    made = await key_of(client, ground, clock, signing)
    assert (made.status_code, made.json()["key"], made.json()["rekeyed"]) == (201, signing.id, False)
    answer = await client.get(PACK, headers=ground.owner.headers(clock.now()))
    pack = answer.json()
    assert [one["project_id"] for one in pack["projects"]] == [str(ground.project.id)]
    project = pack["projects"][0]
    assert (project["phone_path"], project["building"], project["liveness"]) == ("open", True, "not_asked")
    assert [one["version_id"] for one in pack["fences"]] == [str(ground.fence_version_id)]
    assert [one["version_id"] for one in pack["periods"]] == [str(ground.fence_version_id)]
    phone = QueuePhone(ground.owner.phone_id, clock.now(), signing=signing)
    phone.takes(pack["anchor"])
    phone.passes(timedelta(days=2))
    phone.punches(ground.project.id)
    clock.advance(timedelta(days=2, hours=1))
    phone.passes(timedelta(hours=1))
    body = phone.body()
    synced = await client.post(PATH, content=body, headers=phone.headers(body))
    assert [one["punch"]["outcome"] for one in synced.json()["results"]] == ["counted"]


async def test_the_same_key_again_changes_nothing_and_another_one_is_a_rekey(
    ground: Ground, client: AsyncClient, clock: ManualClock
) -> None:
    one, two = Signing(), Signing()
    first = await key_of(client, ground, clock, one)
    clock.advance(timedelta(minutes=1))
    assert (await key_of(client, ground, clock, one)).json() == first.json()
    assert (await key_of(client, ground, clock, two)).json()["rekeyed"]
    again = await key_of(client, ground, clock, one)
    assert (again.status_code, again.json()["code"]) == (409, "offline.key_taken")


async def test_a_key_needs_proof(ground: Ground, client: AsyncClient, clock: ManualClock, make: MakeGround) -> None:
    signing, headers = Signing(), ground.owner.headers(clock.now())
    other = await make()
    challenge = (await client.post(CHALLENGES, headers=headers)).json()["challenge"]
    theirs = (await client.post(CHALLENGES, headers=other.owner.headers(clock.now()))).json()["challenge"]
    good = signing.prove(challenge)
    bad = {
        "another's signature": {**good, "proof": Signing().prove(challenge)["proof"]},
        "another's key": {**good, "jwk": Signing().jwk},
        "another's challenge": signing.prove(theirs),
        "no challenge of ours": signing.prove("a.b.c"),
    }
    for name, body in bad.items():
        answer = await client.post(KEYS, json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (403, "offline.proof_wrong"), name
    off_curve = {**good, "jwk": {**good["jwk"], "x": "A" * 43}}
    assert (await client.post(KEYS, json=off_curve, headers=headers)).json()["code"] == "identity.public_key_malformed"
    clock.advance(timedelta(minutes=6))
    late = await client.post(KEYS, json=good, headers=ground.owner.headers(clock.now()))
    assert late.json()["code"] == "offline.proof_wrong"


async def test_a_phone_without_a_key_gets_no_pack(ground: Ground, client: AsyncClient, clock: ManualClock) -> None:
    answer = await client.get(PACK, headers=ground.owner.headers(clock.now()))
    assert (answer.status_code, answer.json()["code"]) == (409, "offline.key_missing")


async def test_an_unchanged_pack_is_an_anchor_alone(
    ground: Ground, client: AsyncClient, clock: ManualClock, app: Litestar
) -> None:
    await key_of(client, ground, clock, Signing())
    first = await client.get(PACK, headers=ground.owner.headers(clock.now()))
    version = first.json()["fences"][0]["version_id"]
    clock.advance(timedelta(hours=3))
    headers = ground.owner.headers(clock.now()) | {"If-None-Match": first.headers["etag"]}
    second = await client.get(PACK, params={"has": version}, headers=headers)
    assert (second.status_code, second.content) == (304, b"")
    token = second.headers["x-daogang-anchor"].split('"token":"')[1].rstrip('"}')
    anchor = app.state.wiring.anchors.read(token, clock.now())
    assert anchor is not None
    assert anchor.phone_id == ground.owner.phone_id
    assert anchor.expires_at - anchor.at == 7 * 86_400_000
    whole = await client.get(PACK, params={"has": [version, str(uuid4())]}, headers=ground.owner.headers(clock.now()))
    assert (whole.json()["fences"], len(whole.json()["dropped"])) == ([], 1)


async def test_a_site_that_asks_for_presence_gives_challenges_with_the_pack(
    make: MakeGround, client: AsyncClient, clock: ManualClock, database: Database
) -> None:
    ground = await make(policy={"presence": "review_without"})
    owner = ground.owner
    await key_of(client, ground, clock, Signing())

    async def fetch(tag: str = "") -> Response:
        return await client.get(PACK, headers=owner.headers(clock.now()) | {"If-None-Match": tag})

    bare = await fetch()
    assert (bare.json()["projects"][0]["liveness"], bare.json()["projects"][0]["challenges"]) == ("no_consent", [])
    async with database.transaction() as tx:
        await consent(tx, owner.person_id, owner.phone_id, clock.now())
    first = await fetch(bare.headers["etag"])
    project = first.json()["projects"][0]
    held = {one["challenge_id"]: one for one in project["challenges"]}
    assert (project["liveness"], len(held)) == ("ready", 3)
    assert {len(one["steps"]) for one in held.values()} == {5}
    assert len({one["nonce"] for one in held.values()}) == 3
    # What is not used stays, and so does the tag: for days a pack is an anchor alone.
    clock.advance(timedelta(days=3))
    assert (await fetch(first.headers["etag"])).status_code == 304
    # Used is what frames were judged for.
    used = min(held)
    async with database.transaction() as tx:
        await tx.execute(
            insert(LivenessAttempt).values(
                project_id=ground.project.id,
                challenge_id=UUID(used),
                person_id=owner.person_id,
                received_at=clock.now(),
                made_at=clock.now(),
                frames_digest=bytes(32),
                outcome="not_evaluated",
                reasons=[],
                again=False,
                scores={},
                models={},
                thresholds="1",
            )
        )
    second = await fetch(first.headers["etag"])
    left = {one["challenge_id"] for one in second.json()["projects"][0]["challenges"]}
    assert (second.status_code, len(left), used in left, len(left & set(held))) == (200, 3, False, 2)
    # Those with less than half of their life ahead stay good, and others come beside them.
    clock.advance(timedelta(days=1))
    third = (await fetch()).json()["projects"][0]["challenges"]
    assert len(third) == 5
    assert left < {one["challenge_id"] for one in third}


async def test_a_site_of_gates_opens_with_its_outage_and_the_tag_says_so(
    make: MakeGround, client: AsyncClient, clock: ManualClock, database: Database
) -> None:
    ground = await make(site_mode="gate", policy={"pack_days": 2})
    await key_of(client, ground, clock, Signing())
    before = await client.get(PACK, headers=ground.owner.headers(clock.now()))
    assert before.json()["projects"][0]["phone_path"] == "closed"
    assert before.json()["anchor"]["expires_at_ms"] - before.json()["anchor"]["server_time_ms"] == 2 * 86_400_000
    now = clock.now()
    async with database.transaction() as tx:
        await tx.execute(
            insert(PhonePath).values(
                project_id=ground.project.id,
                id=uuid4(),
                entrance="东门",
                from_at=now - timedelta(hours=1),
                known_at=now,
                outage_ids=[uuid4()],
                cursor_at=now,
                cursor_id=uuid4(),
            )
        )
    headers = ground.owner.headers(clock.now()) | {"If-None-Match": before.headers["etag"]}
    after = await client.get(PACK, headers=headers)
    assert after.json()["projects"][0]["phone_path"] == "open"
