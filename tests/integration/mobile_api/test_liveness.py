"""A liveness check from the phone's first call to the punch that takes its proof, and what may come between."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any, get_args
from uuid import UUID

import pytest
from httpx import AsyncClient, Response
from litestar import Litestar
from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError

from backend.evidence.faces.engine import Engine
from backend.evidence.faces.errors import FacesBusy
from backend.evidence.faces.measures import Measured, NotMeasured, ReferenceWanted, Series
from backend.evidence.faces.port import Faces, NoFaces, References, State
from backend.evidence.liveness.challenge import Step
from backend.evidence.liveness.judging import Reason
from backend.evidence.liveness.receiving import KEPT, KIND, purge_frames
from backend.evidence.liveness.tables import LivenessAttempt, LivenessDeletion, LivenessFrame, LivenessFrames
from backend.evidence.sealing import open_pictures
from backend.evidence.ways.tables import PresenceProof
from backend.kit import messages
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from tests.integration.mobile_api.conftest import MakeGround, Tap
from tests.support import faces as people
from tests.support.erasures import erasures_of
from tests.support.factories import make_staff
from tests.support.liveness import MovedFaces, consent, frames_form, make_reference, picture
from tests.support.phones import Ground, Owner, open_phone, tap

Check = Callable[..., Awaitable[Response]]
Use = Callable[[Faces], None]


@pytest.fixture
async def use(app: Litestar) -> AsyncIterator[Use]:
    """Let the application measure faces with something else until the test ends."""
    liveness, references = app.state.liveness_tools, app.state.reference_tools

    def used(faces: Faces) -> None:
        app.state.liveness_tools = replace(liveness, faces=faces)
        app.state.reference_tools = replace(references, faces=faces)

    yield used
    app.state.liveness_tools, app.state.reference_tools = liveness, references


@pytest.fixture
def moved(use: Use) -> MovedFaces:
    """Measure people who do as they are asked."""
    faces = MovedFaces()
    use(faces)
    return faces


@pytest.fixture
async def ground(make: MakeGround, app: Litestar, database: Database, clock: ManualClock) -> Ground:
    """Make a ground that requires proofs, its first person with approved reference photos."""
    ground = await make(people=2, policy={"presence": "required"})
    await agreed(ground, database, clock)
    await enrol(ground, ground.owner, app, database)
    return ground


async def agreed(ground: Ground, database: Database, clock: ManualClock) -> None:
    async with database.transaction() as tx:
        for owner in ground.owners:
            await consent(tx, owner.person_id, owner.phone_id, clock.now())


async def enrol(ground: Ground, owner: Owner, app: Litestar, database: Database, photo: bytes | None = None) -> UUID:
    async with database.transaction() as tx:
        approver = await make_staff(tx)
        row = await make_reference(
            tx,
            ground.project.id,
            owner.person_id,
            ground.staff_id,
            tools=app.state.reference_tools,
            approved_by=approver,
            photo=photo,
        )
    return row.id


@pytest.fixture
def ask(client: AsyncClient, clock: ManualClock) -> Check:
    """Ask for a challenge."""

    async def asked(ground: Ground, owner: Owner | None = None, path: str = "challenges") -> Response:
        headers = (owner or ground.owner).headers(clock.now())
        body = {"project_id": str(ground.project.id)}
        return await client.post(f"/mobile/v1/liveness/{path}", json=body, headers=headers)

    return asked


@pytest.fixture
def answer(client: AsyncClient, clock: ManualClock) -> Check:
    """Send frames for a challenge."""

    async def answered(
        owner: Owner, challenge: dict[str, Any], frames: list[bytes] | None = None, made_at: str | None = None
    ) -> Response:
        sent = frames or [picture() for _ in challenge["steps"]]
        media_type, body = frames_form(challenge, sent, made_at=made_at)
        path = f"/mobile/v1/liveness/challenges/{challenge['challenge_id']}/frames"
        headers = {**owner.headers(clock.now()), "Content-Type": media_type}
        return await client.post(path, content=body, headers=headers)

    return answered


async def begun(ask: Check, ground: Ground, clock: ManualClock, faces: MovedFaces | None = None) -> dict[str, Any]:
    """Ask for a challenge, and let the person do what it says: eight seconds pass."""
    told = (await ask(ground)).json()
    if faces is not None:
        faces.steps = [one["step"] for one in told["steps"]]
    clock.advance(timedelta(seconds=8))
    return told


async def count(database: Database, table: Any, challenge: dict[str, Any]) -> int:
    async with database.transaction() as tx:
        found = await tx.scalar(
            select(func.count()).select_from(table).where(table.challenge_id == UUID(challenge["challenge_id"]))
        )
    return int(found or 0)


def codes(told: Response) -> list[str]:
    return [one["code"] for one in told.json()["reasons"]]


async def test_who_shows_what_was_asked_has_a_proof_that_a_punch_takes(
    ground: Ground, ask: Check, answer: Check, send: Tap, moved: MovedFaces, clock: ManualClock, database: Database
) -> None:
    challenge = await begun(ask, ground, clock, moved)
    assert challenge["kind"] == "online"
    assert challenge["steps"][0] == {"step": "neutral", "words": "正对镜头"}
    told = await answer(ground.owner, challenge)
    assert told.status_code == 200, told.text
    assert (told.json()["outcome"], told.json()["trust"], codes(told)) == ("passed", "online", [])
    async with database.transaction() as tx:
        proof = (await tx.execute(select(PresenceProof).where(PresenceProof.id == UUID(told.json()["proof_id"])))).one()
        attempt = (
            await tx.execute(
                select(LivenessAttempt).where(LivenessAttempt.challenge_id == UUID(challenge["challenge_id"]))
            )
        ).one()
    assert (proof.way, proof.outcome, proof.phone_id) == ("face", "passed", ground.owner.phone_id)
    assert proof.facts["scores"]["reference"] == attempt.scores["reference"] == 0.31
    assert proof.facts["models"] == attempt.models == {"made up": "00"}
    assert attempt.thresholds == proof.facts["thresholds"]
    punch = await send(ground.owner, tap(clock.now(), ground.project.id, proof_id=told.json()["proof_id"]))
    assert punch.json()["outcome"] == "counted"


async def test_the_same_frames_again_get_the_same_answer_and_others_none(
    ground: Ground, ask: Check, answer: Check, moved: MovedFaces, clock: ManualClock, client: AsyncClient
) -> None:
    challenge = await begun(ask, ground, clock, moved)
    frames = [picture() for _ in range(5)]
    first, second = await answer(ground.owner, challenge, frames), await answer(ground.owner, challenge, frames)
    assert second.json() == {**first.json(), "replayed": True}
    third = await answer(ground.owner, challenge)
    assert (third.status_code, third.json()["code"]) == (409, "evidence.challenge_used")
    state = await client.get(
        f"/mobile/v1/liveness/challenges/{challenge['challenge_id']}", headers=ground.owner.headers(clock.now())
    )
    assert state.json()["result"] == {**first.json(), "replayed": True}


async def test_two_answers_at_once_leave_one(
    ground: Ground, ask: Check, answer: Check, moved: MovedFaces, clock: ManualClock, database: Database
) -> None:
    challenge = await begun(ask, ground, clock, moved)
    told = await asyncio.gather(*(answer(ground.owner, challenge) for _ in range(3)))
    assert sorted(one.status_code for one in told) == [200, 409, 409]
    assert await count(database, LivenessFrames, challenge) == 1
    assert await count(database, LivenessFrame, challenge) == 5


async def test_a_challenge_ends_after_a_minute(
    ground: Ground, ask: Check, answer: Check, moved: MovedFaces, clock: ManualClock, database: Database
) -> None:
    challenge = await begun(ask, ground, clock, moved)
    clock.advance(timedelta(seconds=53))
    late = await answer(ground.owner, challenge)
    assert (late.status_code, late.json()["code"]) == (409, "evidence.challenge_expired")
    assert await count(database, LivenessAttempt, challenge) == 0


async def test_nobody_answers_within_two_seconds(ground: Ground, ask: Check, answer: Check, moved: MovedFaces) -> None:
    challenge = (await ask(ground)).json()
    moved.steps = [one["step"] for one in challenge["steps"]]
    told = await answer(ground.owner, challenge)
    assert (told.json()["outcome"], codes(told)) == ("failed", ["liveness.times_wrong"])


async def test_a_challenge_is_for_one_person_and_one_phone(
    ground: Ground, ask: Check, answer: Check, moved: MovedFaces, clock: ManualClock, database: Database
) -> None:
    challenge = await begun(ask, ground, clock, moved)
    assert (await answer(ground.owners[1], challenge)).status_code == 404
    async with database.transaction() as tx:
        other_phone = await open_phone(tx, ground.owner, clock.now())
    assert (await answer(other_phone, challenge)).status_code == 404
    wrong = await answer(ground.owner, {**challenge, "nonce": "A" * 22})
    assert (wrong.status_code, wrong.json()["code"]) == (422, "evidence.frames_invalid")
    assert (await answer(ground.owner, challenge)).json()["outcome"] == "passed"


async def test_no_challenge_without_a_post(ground: Ground, make: MakeGround, ask: Check, moved: MovedFaces) -> None:
    elsewhere = await make()
    refused = await ask(elsewhere, ground.owner)
    assert (refused.status_code, refused.json()["code"]) == (404, "mobile.project_unknown")
    assert moved.asked == []


@pytest.mark.parametrize(
    ("frames", "reason"),
    [([b"x"] * 4, "count"), ([b"x"] * 4 + [b""], "size"), ([b"x" * 1_500_001, *[b"x"] * 4], "size")],
)
async def test_frames_that_cannot_be_are_refused_and_use_nothing_up(
    frames: list[bytes], reason: str, ground: Ground, ask: Check, answer: Check, moved: MovedFaces, clock: ManualClock
) -> None:
    challenge = await begun(ask, ground, clock, moved)
    refused = await answer(ground.owner, challenge, frames)
    assert (refused.status_code, refused.json()["reason"]) == (422, reason)
    assert (await answer(ground.owner, challenge)).json()["outcome"] == "passed"


async def test_frames_of_an_earlier_day_are_known(
    ground: Ground, ask: Check, answer: Check, moved: MovedFaces, clock: ManualClock
) -> None:
    frames = [picture() for _ in range(5)]
    first = await begun(ask, ground, clock, moved)
    assert (await answer(ground.owner, first, frames)).json()["outcome"] == "passed"
    clock.advance(timedelta(days=20))
    second = await begun(ask, ground, clock, moved)
    told = await answer(ground.owner, second, [picture(), *frames[1:3], picture(), picture()])
    assert (told.json()["outcome"], codes(told)) == ("failed", ["liveness.replayed"])
    assert not told.json()["again"]


async def test_without_models_nobody_passes(
    ground: Ground, ask: Check, answer: Check, send: Tap, use: Use, clock: ManualClock
) -> None:
    use(NoFaces())
    challenge = await begun(ask, ground, clock)
    told = await answer(ground.owner, challenge)
    assert (told.json()["outcome"], codes(told)) == ("not_evaluated", ["liveness.no_models"])
    punch = await send(ground.owner, tap(clock.now(), ground.project.id, proof_id=told.json()["proof_id"]))
    assert punch.json()["outcome"] == "review"


async def test_without_reference_photos_nobody_passes(
    make: MakeGround, ask: Check, answer: Check, moved: MovedFaces, clock: ManualClock, database: Database
) -> None:
    ground = await make()
    await agreed(ground, database, clock)
    challenge = await begun(ask, ground, clock, moved)
    told = await answer(ground.owner, challenge)
    assert (told.json()["outcome"], codes(told)) == ("not_evaluated", ["liveness.reference_missing"])


async def test_the_database_refuses_a_pass_of_which_nothing_was_measured(
    ground: Ground, ask: Check, database: Database, clock: ManualClock
) -> None:
    challenge = await begun(ask, ground, clock)
    with pytest.raises(DBAPIError, match="ck_liveness_attempt_passed"):
        async with database.transaction() as tx:
            await tx.execute(
                text(
                    "INSERT INTO liveness_attempt (project_id, challenge_id, person_id, received_at, made_at,"
                    " frames_digest, outcome, reasons, again, scores, models, thresholds)"
                    " VALUES (:project, :id, :person, :now, :now, decode(repeat('00', 32), 'hex'), 'passed', '{}',"
                    " false, '{}', '{}', 'x')"
                ),
                {
                    "project": ground.project.id,
                    "id": UUID(challenge["challenge_id"]),
                    "person": ground.owner.person_id,
                    "now": clock.now(),
                },
            )


async def test_without_consent_nobody_is_checked(make: MakeGround, ask: Check, moved: MovedFaces) -> None:
    ground = await make()
    for path in ("challenges", "challenges-ahead"):
        refused = await ask(ground, path=path)
        assert (refused.status_code, refused.json()["code"]) == (409, "consent.missing")
    assert moved.asked == []


async def test_overload_uses_nothing_up(
    ground: Ground, ask: Check, answer: Check, use: Use, clock: ManualClock
) -> None:
    class Busy(NoFaces):
        async def measure(
            self, frames: list[bytes], reference: tuple[bytes, ...] = (), load: References | None = None
        ) -> Measured | NotMeasured:
            del frames, reference, load
            raise FacesBusy

    use(Busy())
    challenge = await begun(ask, ground, clock)
    busy = await answer(ground.owner, challenge)
    assert (busy.status_code, busy.headers["Retry-After"]) == (503, "3")
    faces = MovedFaces()
    faces.steps = [one["step"] for one in challenge["steps"]]
    use(faces)
    assert (await answer(ground.owner, challenge)).json()["outcome"] == "passed"


async def test_who_asks_too_often_waits(ground: Ground, ask: Check, clock: ManualClock) -> None:
    told = [await ask(ground) for _ in range(11)]
    assert [one.status_code for one in told] == [201] * 10 + [429]
    clock.advance(timedelta(seconds=int(told[-1].headers["Retry-After"])))
    assert (await ask(ground)).status_code == 201


async def test_dust_ends_before_a_person(
    ground: Ground, ask: Check, answer: Check, moved: MovedFaces, clock: ManualClock
) -> None:
    moved.changes = {0: {"width_px": 90.0}}
    outcomes: list[tuple[str, bool]] = []
    for _ in range(3):
        challenge = await begun(ask, ground, clock, moved)
        told = (await answer(ground.owner, challenge)).json()
        outcomes.append((told["outcome"], told["again"]))
    assert outcomes == [("failed", True), ("failed", True), ("review", False)]


async def test_challenges_ahead_are_three_and_each_is_good_once(
    ground: Ground, ask: Check, answer: Check, moved: MovedFaces, clock: ManualClock, send: Tap
) -> None:
    first = (await ask(ground, path="challenges-ahead")).json()["challenges"]
    again = (await ask(ground, path="challenges-ahead")).json()["challenges"]
    assert len(first) == 3
    assert first == again
    used = first[0]
    moved.steps = [one["step"] for one in used["steps"]]
    clock.advance(timedelta(days=2))
    made_at = clock.now() - timedelta(hours=5)
    told = (await answer(ground.owner, used, made_at=made_at.isoformat())).json()
    assert (told["outcome"], told["trust"]) == ("passed", "offline")
    left = (await ask(ground, path="challenges-ahead")).json()["challenges"]
    assert used["challenge_id"] not in {one["challenge_id"] for one in left}
    assert len(left) == 3
    punch = await send(ground.owner, tap(clock.now(), ground.project.id, proof_id=told["proof_id"]))
    assert punch.json()["outcome"] != "counted", "what was shown five hours ago says nothing of now"


@pytest.mark.parametrize(
    ("days", "made", "status"),
    [
        (2, None, 422),
        (2, timedelta(days=1), 422),
        (2, timedelta(days=-3), 422),
        (9, timedelta(days=-1), 409),
        (40, timedelta(days=-35), 409),
    ],
    ids=["no instant", "in the future", "before it was issued", "after it expired", "too late"],
)
async def test_challenges_ahead_have_their_time(
    days: int,
    made: timedelta | None,
    status: int,
    ground: Ground,
    ask: Check,
    answer: Check,
    moved: MovedFaces,
    clock: ManualClock,
) -> None:
    challenge = (await ask(ground, path="challenges-ahead")).json()["challenges"][0]
    moved.steps = [one["step"] for one in challenge["steps"]]
    clock.advance(timedelta(days=days))
    about = {} if made is None else {"made_at": (clock.now() + made).isoformat()}
    assert (await answer(ground.owner, challenge, **about)).status_code == status


async def test_frames_are_sealed_and_go_after_ninety_days_and_what_was_concluded_stays(
    ground: Ground, ask: Check, answer: Check, moved: MovedFaces, clock: ManualClock, database: Database, app: Litestar
) -> None:
    tools = app.state.liveness_tools
    challenge = await begun(ask, ground, clock, moved)
    frames = [picture() for _ in range(5)]
    await answer(ground.owner, challenge, frames)
    challenge_id = UUID(challenge["challenge_id"])
    async with database.transaction() as tx:
        kept = (await tx.execute(select(LivenessFrames).where(LivenessFrames.challenge_id == challenge_id))).one()
    stored = [await tools.blobs.get(name) for name in kept.blobs]
    assert not any(frame[:200] in content for frame in frames for content in stored)
    opened = await open_pictures(
        KIND, challenge_id, kept.wrapped_key, kept.blobs, data_keys=tools.data_keys, blobs=tools.blobs
    )
    assert opened == frames
    clock.advance(KEPT - timedelta(minutes=1))
    await purge_frames(tools)
    assert await count(database, LivenessFrames, challenge) == 1
    clock.advance(timedelta(minutes=2))
    assert await purge_frames(tools) >= 1
    assert await count(database, LivenessFrames, challenge) == 0
    assert await count(database, LivenessDeletion, challenge) == 1
    assert await erasures_of(database, challenge_id) == [
        ("frames", "term is over", [hashlib.sha256(kept.wrapped_key).digest()])
    ]
    assert await count(database, LivenessAttempt, challenge) == 1
    folder = {name.rpartition("/")[0] for name in kept.blobs}
    left = [name for one in folder for name in await tools.blobs.names(one)]
    assert not set(kept.blobs) & set(left)


@pytest.mark.parametrize("table", ["liveness_challenge", "liveness_attempt", "liveness_frame", "liveness_deletion"])
async def test_what_was_concluded_is_never_changed(table: str, database: Database) -> None:
    for statement in (f"UPDATE {table} SET project_id = project_id", f"DELETE FROM {table}"):
        with pytest.raises(DBAPIError, match="permission denied"):
            async with database.transaction() as tx:
                await tx.execute(text(statement))


def test_every_reason_and_step_has_words() -> None:
    for language in messages.LANGUAGES:
        known = set(messages.catalogue(language))
        assert {f"liveness.{one}" for one in get_args(Reason)} <= known
        assert {f"liveness_step.{one}" for one in get_args(Step)} <= known


class RealFaces:
    """The models, in this process."""

    def __init__(self) -> None:
        self._engine = Engine(people.networks())

    async def measure(
        self, frames: list[bytes], reference: tuple[bytes, ...] = (), load: References | None = None
    ) -> Measured | NotMeasured:
        told = self._engine.measure(Series(frames=frames, reference=reference))
        if isinstance(told, ReferenceWanted) and load is not None:
            photos = await load()
            told = self._engine.measure(Series(frames=frames, reference=reference, reference_photos=photos))
        assert not isinstance(told, ReferenceWanted)
        return told

    async def state(self) -> State:
        return "running"


def living(who: people.Sitter, steps: list[str]) -> list[bytes]:
    """Return what a camera sees of somebody who does as asked."""
    shown = {
        "neutral": lambda: who.picture,
        "turn_left": lambda: people.turned(who, 25),
        "turn_right": lambda: people.turned(who, -25),
        "look_up": lambda: people.turned(who, 0, 16),
        "look_down": lambda: people.turned(who, 0, -16),
        "open_mouth": lambda: people.open_mouthed(who),
    }
    return [people.jpeg(shown[step](), seed) for seed, step in enumerate(steps)]


def held_up(who: people.Sitter, steps: list[str]) -> list[bytes]:
    """Return what a camera sees of a flat photo that is turned as asked."""
    turns = {
        "neutral": (0, 0),
        "turn_left": (45, 0),
        "turn_right": (-45, 0),
        "look_up": (0, 35),
        "look_down": (0, -35),
        "open_mouth": (0, 0),
    }
    return [people.jpeg(people.held_photo(who, *turns[step]), seed) for seed, step in enumerate(steps)]


@people.needs_models
async def test_the_person_passes_a_photo_and_somebody_else_do_not(
    make: MakeGround, ask: Check, answer: Check, use: Use, clock: ManualClock, app: Litestar, database: Database
) -> None:
    ground = await make()
    await agreed(ground, database, clock)
    await enrol(ground, ground.owner, app, database, people.jpeg(people.sitter().picture, 77))
    use(RealFaces())

    async def shown(who: people.Sitter, how: Callable[[people.Sitter, list[str]], list[bytes]]) -> Response:
        challenge = await begun(ask, ground, clock)
        frames = await asyncio.to_thread(how, who, [one["step"] for one in challenge["steps"]])
        return await answer(ground.owner, challenge, frames)

    passed = await shown(people.sitter(), living)
    assert (passed.json()["outcome"], codes(passed)) == ("passed", [])
    flat = await shown(people.sitter(), held_up)
    assert flat.json()["outcome"] == "failed"
    assert "liveness.step_not_shown" in codes(flat)
    other = await shown(people.somebody_else(people.sitter()), living)
    assert other.json()["outcome"] in {"failed", "review"}
    assert {"liveness.reference_mismatch", "liveness.reference_near"} & set(codes(other))
