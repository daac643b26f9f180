"""Keys that phones' makers vouch for: kept with the key, told with each punch, weighed by the site's policy."""

import base64
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from httpx import AsyncClient
from litestar import Litestar
from sqlalchemy import select, update

from backend.identity.attestation.model import Evidence, Subject
from backend.identity.tables import Phone
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.ledger.tables import Punch
from mobile_api.offline.items import key_message
from tests.integration.mobile_api.conftest import MakeGround, Tap
from tests.support.attestations import Makers
from tests.support.phones import Ground, tap
from tests.support.queues import PATH, QueuePhone, Signing

CHALLENGES, KEYS = "/mobile/v1/phone/key-challenges", "/mobile/v1/phone/keys"
REVIEW = {"review_signals": ["attestation_missing", "attestation_failed"]}


@pytest.fixture
def makers(app: Litestar, tmp_path: Path, clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> Makers:
    """Have the application trust makers of our own."""
    made = Makers(tmp_path / "attestation", clock.now())
    monkeypatch.setattr(app.state, "wiring", replace(app.state.wiring, attestation=made.judge()))
    return made


class Registering:
    """A phone that registers its key with what its maker says of it."""

    def __init__(self, client: AsyncClient, ground: Ground, clock: ManualClock) -> None:
        self.client, self.ground, self.clock, self.signing = client, ground, clock, Signing()

    async def challenge(self) -> tuple[str, Subject]:
        headers = self.ground.owner.headers(self.clock.now())
        challenge = (await self.client.post(CHALLENGES, headers=headers)).json()["challenge"]
        message = key_message(challenge, self.signing.id)
        return challenge, Subject(self.signing.der, challenge.encode(), message)

    async def register(self, challenge: str, evidence: Evidence | None) -> dict[str, Any]:
        body = self.signing.prove(challenge)
        if evidence is not None:
            is_token = evidence.kind == "play_integrity"
            parts = [one.decode() if is_token else base64.b64encode(one).decode() for one in evidence.parts]
            body["attestation"] = {"kind": evidence.kind, "parts": parts}
        answer = await self.client.post(KEYS, json=body, headers=self.ground.owner.headers(self.clock.now()))
        assert answer.status_code == 201, answer.text
        return answer.json()

    async def punch(self, app: Litestar) -> dict[str, Any]:
        """Punch without network, and sync."""
        phone = QueuePhone(self.ground.owner.phone_id, self.clock.now(), signing=self.signing)
        phone.fetches_pack(app.state.wiring.anchors)
        phone.passes(timedelta(minutes=5))
        phone.punches(self.ground.project.id)
        self.clock.advance(timedelta(minutes=6))
        phone.passes(timedelta(minutes=1))
        body = phone.body()
        answer = await self.client.post(PATH, content=body, headers=phone.headers(body))
        return answer.json()["results"][0]["punch"]


def codes(punch: dict[str, Any]) -> set[str]:
    return {reason["code"] for reason in punch["reasons"]}


@pytest.mark.parametrize("kind", ["android_key", "app_attest", "play_integrity"])
async def test_an_attested_key_is_trusted_more(
    kind: str,
    makers: Makers,
    make: MakeGround,
    client: AsyncClient,
    clock: ManualClock,
    app: Litestar,
    database: Database,
) -> None:
    ground = await make(policy=REVIEW)
    phone = Registering(client, ground, clock)
    challenge, subject = await phone.challenge()
    evidence, trust = {
        "android_key": (makers.android.attests(phone.signing.private, subject), "hardware"),
        "app_attest": (makers.apple.attests(subject), "app_attest"),
        "play_integrity": (makers.play.attests(subject), "play_integrity"),
    }[kind]
    said = await phone.register(challenge, evidence)
    assert (said["trust"], said["attestation"], said["attestation_fault"]) == (trust, "passed", None)
    assert (await phone.register(challenge, None)) == said, "the same key again changes nothing"
    punch = await phone.punch(app)
    assert (punch["outcome"], codes(punch) & {"decision.attestation_missing"}) == ("counted", set())
    async with database.transaction() as tx:
        assert await tx.scalar(select(Punch.trust).where(Punch.project_id == ground.project.id)) == "attested_key"


async def test_what_proves_nothing_is_told_and_locks_nobody_out(
    makers: Makers, ground: Ground, client: AsyncClient, clock: ManualClock, app: Litestar, send: Tap
) -> None:
    phone = Registering(client, ground, clock)
    challenge, subject = await phone.challenge()
    altered = makers.android.attests(phone.signing.private, subject, locked=False)
    said = await phone.register(challenge, altered)
    assert (said["trust"], said["attestation"], said["attestation_fault"]) == ("software", "failed", "boot")
    punch = await phone.punch(app)
    assert (punch["outcome"], "decision.attestation_failed" in codes(punch)) == ("counted", True)
    online = (await send(ground.owner, tap(clock.now(), ground.project.id))).json()
    assert (online["outcome"], "decision.attestation_failed" in codes(online)) == ("counted", True)


@pytest.mark.parametrize("part", ["!", "AAAA", ""])
async def test_garbage_is_no_attestation(
    part: str, makers: Makers, ground: Ground, client: AsyncClient, clock: ManualClock
) -> None:
    del makers
    for kind in ("android_key", "app_attest", "play_integrity"):
        phone = Registering(client, ground, clock)
        challenge, _ = await phone.challenge()
        body = phone.signing.prove(challenge) | {"attestation": {"kind": kind, "parts": [part]}}
        answer = await client.post(KEYS, json=body, headers=ground.owner.headers(clock.now()))
        assert (answer.status_code, answer.json()["attestation_fault"]) == (201, "malformed")


async def test_absence_is_a_reason_that_the_policy_weighs(
    makers: Makers, make: MakeGround, client: AsyncClient, clock: ManualClock, app: Litestar, send: Tap
) -> None:
    del makers
    for policy, outcome in ((None, "counted"), (REVIEW, "review")):
        ground = await make(policy=policy)
        phone = Registering(client, ground, clock)
        said = await phone.register((await phone.challenge())[0], None)
        assert (said["trust"], said["attestation"]) == ("software", "missing")
        online = (await send(ground.owner, tap(clock.now(), ground.project.id))).json()
        for punch in (await phone.punch(app), online):
            assert (punch["outcome"], "decision.attestation_missing" in codes(punch)) == (outcome, True)


async def test_a_browser_has_nothing_to_show(
    makers: Makers, make: MakeGround, client: AsyncClient, clock: ManualClock, app: Litestar, database: Database
) -> None:
    del makers
    for policy, outcome in ((None, "counted"), (REVIEW, "review")):
        ground = await make(policy=policy)
        async with database.transaction() as tx:
            await tx.execute(update(Phone).where(Phone.id == ground.owner.phone_id).values(platform="web"))
        phone = Registering(client, ground, clock)
        assert (await phone.register((await phone.challenge())[0], None))["attestation"] == "unavailable"
        punch = await phone.punch(app)
        assert (punch["outcome"], "decision.attestation_missing" in codes(punch)) == (outcome, policy is not None)


async def test_where_nothing_is_pinned_nothing_is_remarked(
    ground: Ground, client: AsyncClient, clock: ManualClock, app: Litestar, tmp_path: Path
) -> None:
    phone = Registering(client, ground, clock)
    challenge, subject = await phone.challenge()
    strangers = Makers(tmp_path / "strangers", clock.now())
    said = await phone.register(challenge, strangers.android.attests(phone.signing.private, subject))
    assert (said["trust"], said["attestation"], said["attestation_fault"]) == ("software", "unavailable", None)
    punch = await phone.punch(app)
    assert (punch["outcome"], codes(punch)) == ("counted", {"decision.inside_fence", "decision.recorded_offline"})
