"""Routes of the phone by which somebody shows that he is there: passkeys and site codes."""

from uuid import UUID

from litestar import Router, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody

from backend.evidence.ways import errors, passkeys, scanning
from backend.evidence.ways.callers import find_caller, require_post
from backend.evidence.ways.recording import RecordedProof
from backend.evidence.ways.routes import ways_router
from backend.evidence.ways.schemas import (
    PasskeyAnswer,
    PasskeyBody,
    PasskeyOptionsAnswer,
    ProjectBody,
    ProofAnswer,
    ScanBody,
)
from backend.identity.consents.routes import consents_router
from backend.identity.errors import SessionEnded
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.ids import id_instant
from backend.sites.errors import ProjectUnknown
from mobile_api.errors import EventIdInvalid
from mobile_api.presence.consent_routes import CONSENT_HANDLERS
from mobile_api.presence.tools import PresenceTools
from mobile_api.presence.witness_routes import WITNESS_HANDLERS
from mobile_api.presence.words import proof_answer

SELF = "mobile.self"
CALLER = (SessionEnded, errors.PhoneNotConfirmed)
PASSKEYS = "/presence/passkeys"


@post(
    PASSKEYS + "/challenges",
    opt={"scope": SELF, "raises": (*CALLER, errors.PasskeysOff, errors.PasskeysTooMany, errors.AskedEnough)},
    summary="Begin to make a passkey",
)
async def begin_registration(
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    presence_tools: NamedDependency[PresenceTools],
) -> PasskeyOptionsAnswer:
    """Give what the phone's system is asked to make a passkey with; the phone has to be confirmed as the person's."""
    now = clock.now()
    caller = await find_caller(tx, actor, now, confirmed=True)
    issued = await passkeys.begin_registration(tx, caller, presence_tools.relying_party, now)
    return PasskeyOptionsAnswer(challenge_id=issued.id, expires_at=issued.expires_at, options=issued.options)


@post(
    PASSKEYS,
    opt={
        "scope": SELF,
        "raises": (
            *CALLER,
            errors.PasskeysOff,
            errors.ChallengeUnknown,
            errors.PasskeyMalformed,
            errors.PasskeyKnown,
            errors.PasskeysTooMany,
        ),
    },
    summary="Keep a passkey",
)
async def register_passkey(
    data: JSONBody[PasskeyBody],
    actor: NamedDependency[Actor],
    presence_tools: NamedDependency[PresenceTools],
) -> PasskeyAnswer:
    """Keep a passkey that was just made; its challenge is used up, whatever comes of it."""
    now, database, party = presence_tools.clock.now(), presence_tools.database, presence_tools.relying_party
    async with database.transaction() as tx:
        caller = await find_caller(tx, actor, now, confirmed=True)
        taken = await passkeys.take_challenge(tx, "register", data.challenge_id, caller, now)
    async with database.transaction() as tx:
        row = await passkeys.register(tx, caller, taken, data.credential, party, now)
    return PasskeyAnswer(passkey_id=row.id, synced=row.synced, created_at=row.created_at, last_used_at=None)


@get(PASSKEYS, opt={"scope": SELF, "raises": CALLER}, summary="My passkeys")
async def list_passkeys(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], clock: NamedDependency[Clock]
) -> list[PasskeyAnswer]:
    """List my passkeys, oldest first."""
    caller = await find_caller(tx, actor, clock.now())
    return [
        PasskeyAnswer(passkey_id=row.id, synced=row.synced, created_at=row.created_at, last_used_at=row.last_used_at)
        for row in await passkeys.list_passkeys(tx, caller.person_id)
    ]


@delete(
    PASSKEYS + "/{passkey_id:uuid}",
    opt={"scope": SELF, "raises": (*CALLER, errors.PasskeyUnknown)},
    summary="Take a passkey off",
)
async def remove_passkey(
    passkey_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> None:
    """Take one of my passkeys off; it shows nothing any more."""
    caller = await find_caller(tx, actor, clock.now())
    await passkeys.remove(tx, caller.person_id, passkey_id, clock.now())


@post(
    "/presence/passkey-challenges",
    opt={
        "scope": SELF,
        "raises": (*CALLER, ProjectUnknown, errors.PasskeysOff, errors.NoPasskey, errors.AskedEnough),
    },
    summary="Begin to show a passkey",
)
async def begin_showing(
    data: JSONBody[ProjectBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    presence_tools: NamedDependency[PresenceTools],
) -> PasskeyOptionsAnswer:
    """Give the challenge that a passkey has to sign, with its user verified by the phone, for one project."""
    now = clock.now()
    caller = await find_caller(tx, actor, now)
    await require_post(tx, caller.person_id, data.project_id, now)
    issued = await passkeys.begin_showing(tx, caller, data.project_id, presence_tools.relying_party, now)
    return PasskeyOptionsAnswer(challenge_id=issued.id, expires_at=issued.expires_at, options=issued.options)


@post(
    "/presence/passkey-proofs",
    opt={"scope": SELF, "raises": (*CALLER, errors.PasskeysOff, errors.ChallengeUnknown)},
    summary="Show a passkey",
)
async def show_passkey(
    data: JSONBody[PasskeyBody],
    actor: NamedDependency[Actor],
    presence_tools: NamedDependency[PresenceTools],
    language: NamedDependency[str],
) -> ProofAnswer:
    """Record what the answer to a challenge shows; one that fails is on record too, and its challenge is used up."""
    now, database, party = presence_tools.clock.now(), presence_tools.database, presence_tools.relying_party
    async with database.transaction() as tx:
        caller = await find_caller(tx, actor, now)
        taken = await passkeys.take_challenge(tx, "show", data.challenge_id, caller, now)
    async with database.transaction() as tx:
        proof = await passkeys.show(tx, caller, taken, data.credential, party, now)
    return proof_answer(language, proof)


@post(
    "/presence/site-code-proofs",
    opt={
        "scope": SELF,
        "raises": (
            *CALLER,
            ProjectUnknown,
            EventIdInvalid,
            errors.ScanInvalid,
            errors.ScanStale,
            errors.ScanRepeated,
            errors.ProofIdTaken,
        ),
    },
    summary="Hand in a scanned site code",
)
async def hand_in_scan(
    data: JSONBody[ScanBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    presence_tools: NamedDependency[PresenceTools],
    language: NamedDependency[str],
) -> ProofAnswer:
    """Show that I stand in front of the site's screen, or stood there when there was no network."""
    now = clock.now()
    if data.proof_id is not None:
        try:
            id_instant(data.proof_id)
        except ValueError as error:
            raise EventIdInvalid from error
    caller = await find_caller(tx, actor, now)
    if data.proof_id is None:
        await require_post(tx, caller.person_id, data.project_id, now)
    scan = scanning.HandedIn(project_id=data.project_id, text=data.code, proof_id=data.proof_id)
    proof: RecordedProof = await scanning.hand_in(tx, caller, scan, cipher=presence_tools.cipher, now=now)
    return proof_answer(language, proof)


def presence_routers() -> list[Router]:
    """Join the routes of this package, and those by which staff see what came of them."""
    mine = Router(
        path="/mobile/v1",
        route_handlers=[
            begin_registration,
            register_passkey,
            list_passkeys,
            remove_passkey,
            begin_showing,
            show_passkey,
            hand_in_scan,
            *WITNESS_HANDLERS,
            *CONSENT_HANDLERS,
        ],
        tags=["Presence"],
    )
    return [mine, ways_router(), consents_router()]
