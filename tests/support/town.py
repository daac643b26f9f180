"""A town: one district with one project on which everything there is to see has been made, and an account per role."""

import math
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import UUID, uuid4

from litestar import Litestar
from sqlalchemy import func, insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from backend.evidence.liveness.issuing import Holder as Challenged
from backend.evidence.liveness.issuing import issue_challenge
from backend.evidence.liveness.queries import ChallengeRow
from backend.evidence.photos.tables import PhotoHold
from backend.gates.authentication import key_name
from backend.gates.outages.photos import store_photo
from backend.gates.outages.tables import GateOutage
from backend.gates.registry.key_secrets import GateSecrets
from backend.gates.registry.tables import GateKeyStep, GateSelfTest
from backend.gates.signature import signed_headers
from backend.gates.tables import GateDevice, GateKey, GatePairingWindow, GateState, PersonBinding
from backend.identity.delivery_addresses import NewAddress, set_address
from backend.identity.roles import Role
from backend.identity.tables import PhoneBinding, RoleGrant, SessionFamily
from backend.identity.tokens import Holder
from backend.kit.clock import ManualClock
from backend.kit.db import Database, Tx
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.kit.keyring import KeyRing
from backend.sites.tables import CalendarDay
from backend.sites.working_days import WorkCalendar
from geofences.alignment import AlignmentPlan, build_alignment
from geofences.construction import build_corridor
from geofences.coordinates import WGS84
from geofences.shapes import Circle, Point, WidthRange
from mobile_api.offline.anchors import Anchors
from tests.support.bulletins import publish_day
from tests.support.factories import (
    MADE_AT,
    MadeSite,
    draw_code,
    draw_name,
    draw_number,
    draw_phone,
    draw_uscc,
    grant_role,
    make_company,
    make_section,
    make_site,
    make_staff,
)
from tests.support.ledgers import append, day_key, entry
from tests.support.liveness import actor_of, consent, make_reference
from tests.support.phones import CENTRE, make_fence, make_phone
from tests.support.photos import make_kept_photo, make_uploads
from tests.support.pictures import photo_of
from tests.support.queues import PATH as QUEUE_PATH
from tests.support.queues import QueuePhone, register
from tests.support.rate_things import make_rate_things
from tests.support.requests import make_leave
from tests.support.ways import Ways, make_ways

MINE, THEIRS = "project_manager", "chief_supervisor"
"""Posts of the contractor, whose people owner's and contractor's accounts see here, and of the supervising company,
whose people the supervisor's account sees."""
PHOTO = b"\xff\xd8\xff\xe0 no face \xff\xd9"
PASSWORD = "river-crane-lantern-42"


@dataclass(frozen=True)
class Town:
    """What was made; `ids` are values of path parameters, `others` those of another party of the project."""

    site: MadeSite
    ids: Mapping[str, str]
    others: Mapping[str, str]
    accounts: Mapping[Role, UUID]
    families: Mapping[Role, UUID]
    gate_key: tuple[str, str]
    phone: QueuePhone
    anchors: Anchors
    awaiting: tuple[UUID, UUID]
    company_id: UUID
    colleague: str
    ways: Ways
    challenge: ChallengeRow
    tokens: Any
    clock: ManualClock

    def headers(self, role: Role) -> dict[str, str]:
        """Return the headers of a log-in of the role's account, a live session behind it."""
        person_id = self.site.people[MINE].id if role is Role.KEY_PERSON else None
        holder = Holder(self.accounts[role], person_id, self.families[role], frozenset({role.value}))
        return {"Authorization": f"Bearer {self.tokens.issue(holder, self.clock.now()).token}"}

    def signed(self, path: str, body: bytes, method: str = "POST") -> dict[str, str]:
        """Return the headers of a request signed by the gate, or by the phone where that is asked for."""
        if path == QUEUE_PATH:
            return self.phone.headers(body)
        key_id, secret = self.gate_key
        signed = signed_headers(key_id, secret, method=method, path=path, body=body, at=self.clock.now())
        return {**signed, "Content-Type": "application/json" if method == "POST" else "image/jpeg"}

    def words_of(self, post: str) -> list[str]:
        """Return what must not be read by those who may not see the holder of a post."""
        person = self.site.people[post]
        return [person.number, person.phone, str(person.id)]

    def beside(self, role: Role) -> tuple[dict[str, str], list[str]]:
        """Return what belongs to another party than that of a party-limited account: ids, and what it must not read."""
        if role is Role.SUPERVISOR:
            return dict(self.ids), self.words_of(MINE)
        return {**self.ids, **self.others}, self.words_of(THEIRS)

    @property
    def words(self) -> list[str]:
        """Return what must not be read in another town."""
        project = self.site.project
        return [
            project.registration_no,
            project.name,
            str(project.id),
            *(party.company for party in self.site.parties.values()),
            *self.words_of(MINE),
            *self.words_of(THEIRS),
        ]


async def close_offices(database: Database, towns: Sequence[Town], clock: ManualClock) -> None:
    """Undo what the towns' officers have done to the whole city, and take from them what they may in it.

    Other tests count working days, and later alerts would be told to all officers there ever were.
    """
    officers = [account for town in towns for account in town.accounts.values()]
    public = WorkCalendar()
    async with database.transaction() as tx:
        of_officers = select(CalendarDay.on_day, func.max(CalendarDay.set_at)).where(CalendarDay.set_by.in_(officers))
        for day, set_at in (await tx.execute(of_officers.group_by(CalendarDay.on_day))).all():
            as_usual = {"working": public.is_working(day), "name": "照常", "set_by": officers[0]}
            row = upsert(CalendarDay).values(on_day=day, set_at=set_at + timedelta(seconds=1), **as_usual)
            await tx.execute(row.on_conflict_do_nothing())
        await tx.execute(
            update(RoleGrant)
            .where(RoleGrant.account_id.in_(officers), RoleGrant.revoked_at.is_(None))
            .values(revoked_at=clock.now())
        )


async def make_town(app: Litestar, database: Database, keys: KeyRing, clock: ManualClock) -> Town:
    """Make and commit a town."""
    site = await make_site(database, keys, posts=(("009", MINE), ("007", THEIRS)))
    project, now = site.project, clock.now()
    entries = {
        post: entry(project.id, site.people[post].id, now - timedelta(hours=1), outcome="review")
        for post in (MINE, THEIRS)
    }
    await append(database, list(entries.values()), now)
    async with database.transaction() as tx:
        accounts = {role: await _account(tx, site, role) for role in Role}
        families = {role: await _session(tx, account, clock) for role, account in accounts.items()}
        awaiting = await _awaiting(tx, site.accounts[THEIRS])
        phone = await _phone(tx, accounts[Role.KEY_PERSON], families[Role.KEY_PERSON], clock)
        clerk = await make_staff(tx)
        address = await _robot(app, tx, clerk, accounts[Role.OPERATOR], clock)
        grant = await grant_role(tx, clerk, "auditor", project_id=project.id)
        fence, published = await _fences(tx, site, clerk)
        correction = await _correction(tx, site, clerk, fence, published, clock)
        gate, key, secret = await _gate(tx, site, clerk, keys, clock)
        outage, declaration = await _outage(tx, site, clerk, gate, clock)
        photo_of_outage = await store_photo(app.state.gate_tools, tx, project.id, declaration, photo_of(1), by=clerk)
        window = await _window(tx, project.id, clerk, clock)
        terminal = await _terminal(tx, project.id, "mqtt")
        push_terminal = await _terminal(tx, project.id, "zkteco")
        task = await _task(tx, project.id, gate, clock)
        day_task = await _day_task(tx, project.id, push_terminal, clock)
        applied = await _applications(tx, project.id, gate, clerk, accounts[Role.OPERATOR], clock)
        tested = await _self_test(tx, project.id, gate, clerk, clock)
        colleague = draw_code().lower()
        await grant_role(tx, await make_staff(tx, username=colleague), "district", district_id=project.district_id)
        group, delegation = await _alert(tx, site, accounts, clock)
        section = await make_section(tx, project.id)
        alignment = await _alignment(tx, project.id, clerk)
        corridor, face = await _corridor_with_face(tx, project.id, clerk)
        company = await make_company(tx)
        ways = await make_ways(
            tx,
            keys,
            project.id,
            (site.people[MINE].id, phone.phone_id),
            (site.people[THEIRS].id, awaiting[0]),
            clerk,
            now,
        )
        me, tools = site.people[MINE].id, app.state.reference_tools
        await consent(tx, me, phone.phone_id, now)
        challenge = await issue_challenge(
            tx, Challenged(project.id, me, phone.phone_id), now=now - timedelta(seconds=9)
        )
        approved = await make_reference(tx, project.id, me, clerk, tools=tools, approved_by=accounts[Role.DISTRICT])
        waiting = await make_reference(tx, project.id, me, clerk, tools=tools)
        bulletin = await publish_day(tx, project.district_id, now.date() - timedelta(days=1), actor_of(clerk), clock)
    misdated = entry(
        project.id,
        site.people[MINE].id,
        datetime(2000, 1, 1, tzinfo=UTC),
        received_at=now,
        source_id=gate,
        time_quality="quarantined",
        outcome="review",
        granted=True,
    )
    await append(database, [misdated], now)
    upload, photo = await make_uploads(app.state.upload_tools, site.people[MINE].id)
    kept = await make_kept_photo(app, site.people[MINE].id, project.id, entries[MINE].punch_id)
    async with database.transaction() as tx:
        asked, asked_beside = await _requests(tx, site, clerk, clock)
        hold = new_id(now)
        rate_ids = await make_rate_things(tx, project.id, clerk, now)
        await tx.execute(
            insert(PhotoHold).values(project_id=project.id, id=hold, reason="调查", placed_by=clerk, placed_at=now)
        )
    ids = {
        "account_id": str(clerk),
        "grant_id": str(grant),
        "address_id": str(address),
        "district_id": str(project.district_id),
        "project_id": str(project.id),
        "section_id": str(section),
        "party_id": str(site.parties["009"].id),
        "fence_id": str(fence),
        "version_id": str(published),
        "alignment_id": str(alignment),
        "corridor_id": str(corridor),
        "face_id": str(face),
        "number": "1",
        "correction_id": str(correction),
        "gate_id": str(gate),
        "key_id": key,
        "phone_id": str(phone.phone_id),
        "window_id": str(window),
        "outage_id": str(outage),
        "declaration_id": str(declaration),
        "outage_digest": photo_of_outage.sha256,
        "misdated_id": str(misdated.punch_id),
        "terminal_id": str(terminal),
        "push_terminal_id": str(push_terminal),
        "task_id": str(task),
        "day_task_id": str(day_task),
        "test_id": str(tested),
        "group_id": str(group),
        "delegation_id": str(delegation),
        "kind": "gate_down",
        "digest": sha256(PHOTO).hexdigest(),
        "application_id": str(applied["applied"]),
        "approved_id": str(applied["approved"]),
        "own_application_id": str(applied["own"]),
        "month": f"{now:%Y-%m}",
        "upload_id": str(upload),
        "challenge_id": str(challenge.id),
        "reference_id": str(waiting.id),
        "approved_reference_id": str(approved.id),
        "sha256": photo,
        "photo_id": str(kept),
        "hold_id": str(hold),
        "bulletin_id": str(bulletin),
        "photo_class": "punch",
        "passkey_id": str(ways.passkey_id),
        "purpose": "face_check",
        "code_id": str(ways.code_id),
        "screen_token": ways.screen_token,
        "request_id": str(ways.request_id),
        **asked,
        **rate_ids,
        **tile_of(CENTRE),
        **_of_post(site, MINE, entries[MINE]),
    }
    return Town(
        site=site,
        ids=ids,
        others={**_of_post(site, THEIRS, entries[THEIRS]), "filing_id": asked_beside},
        accounts=accounts,
        families=families,
        gate_key=(key, secret),
        phone=phone,
        anchors=app.state.wiring.anchors,
        awaiting=awaiting,
        company_id=company,
        colleague=colleague,
        ways=ways,
        challenge=challenge,
        tokens=app.state.verifier,
        clock=clock,
    )


def tile_of(place: Point, zoom: int = 14) -> dict[str, str]:
    """Return zoom, column and row of the map tile in which a place lies."""
    across = (place.lon + 180.0) / 360.0
    down = (1.0 - math.asinh(math.tan(math.radians(place.lat))) / math.pi) / 2.0
    return {"z": str(zoom), "x": str(math.floor(across * 2**zoom)), "y": str(math.floor(down * 2**zoom))}


def _of_post(site: MadeSite, post: str, made: Any) -> dict[str, str]:
    return {
        "person_id": str(site.people[post].id),
        "post_id": str(site.posts[post]),
        "assignment_id": str(site.assignments[post]),
        "punch_id": str(made.punch_id),
        "on": day_key(made).work_on.isoformat(),
    }


async def _requests(tx: Tx, site: MadeSite, clerk: UUID, clock: ManualClock) -> tuple[dict[str, str], str]:
    """Return what the contractor's holder asked for and what he is asked to stand in for, and one of another party."""
    from backend.attendance.requests.tables import LeaveBlackOut

    today, black_out = clock.now().date(), uuid4()
    deputy_id = site.people[MINE].id
    own = await make_leave(tx, site, MINE, today + timedelta(days=20), today + timedelta(days=21), state="deciding")
    make_up = await make_leave(tx, site, MINE, today, today, of="make_up", kind="gate_fault", state="endorsing")
    granted = await make_leave(tx, site, MINE, today + timedelta(days=40), today + timedelta(days=41))
    days = (today + timedelta(days=30), today + timedelta(days=30))
    beside = await make_leave(tx, site, THEIRS, *days, state="deputy", deputy_id=deputy_id)
    await tx.execute(
        insert(LeaveBlackOut).values(
            id=black_out,
            project_id=site.project.id,
            first_on=today,
            last_on=today + timedelta(days=1),
            name="塔吊安装",
            posts=[],
            set_by=clerk,
            set_at=clock.now(),
        )
    )
    ids = {"filing_id": own, "make_up_id": make_up, "granted_id": granted, "black_out_id": black_out}
    return {name: str(one) for name, one in ids.items()}, str(beside)


async def _account(tx: Tx, site: MadeSite, role: Role) -> UUID:
    project, party, supervising = site.project.id, site.parties["009"].id, site.parties["007"].id
    rows: dict[Role, dict[str, UUID]] = {
        Role.OPERATOR: {},
        Role.CITY: {},
        Role.DISTRICT: {"district_id": site.project.district_id},
        Role.OWNER: {"project_id": project, "party_id": party},
        Role.CONTRACTOR: {"project_id": project, "party_id": party},
        Role.SUPERVISOR: {"project_id": project, "party_id": supervising},
        Role.PROJECT_ADMIN: {"project_id": project},
        Role.VENDOR: {"project_id": project},
        Role.AUDITOR: {"district_id": site.project.district_id},
    }
    if role is Role.KEY_PERSON:
        return site.accounts[MINE]
    account = await make_staff(tx)
    await grant_role(tx, account, role.value, **rows[role])
    return account


async def _session(tx: Tx, account_id: UUID, clock: ManualClock) -> UUID:
    family = uuid4()
    await tx.execute(
        insert(SessionFamily).values(
            id=family, account_id=account_id, created_at=MADE_AT, expires_at=clock.now() + timedelta(days=30)
        )
    )
    return family


async def _alert(tx: Tx, site: MadeSite, accounts: Mapping[Role, UUID], clock: ManualClock) -> tuple[UUID, UUID]:
    """Return an alert about the contractor's holder, told to all who may hear of him, and a delegation."""
    from backend.alerts.model import Finding
    from backend.alerts.recording import record_findings
    from backend.alerts.rulebook import RuleBook, Setting
    from backend.alerts.tables import Alert, AlertDelegation, AlertRule

    now, project = clock.now(), site.project
    told = ["city", "district", "owner", "contractor", "supervisor", "project_admin", "auditor", "operator", "person"]
    body = {"levels": [{"after_s": 0, "roles": told}]}
    rule = uuid4()
    await tx.execute(
        insert(AlertRule).values(
            id=rule,
            kind="post_empty",
            project_id=project.id,
            valid_from=now,
            body=body,
            set_by=accounts[Role.CITY],
            set_at=now,
        )
    )
    book = RuleBook([Setting(rule, "post_empty", None, project.id, now, now, body)], now)
    finding = Finding(
        kind="post_empty",
        project_id=project.id,
        district_id=project.district_id,
        fact_key=f"{site.posts[MINE]}:{now:%Y-%m-%d}",
        group_key=f"{project.district_id}",
        words="alerts.post_empty",
        severity="warning",
        occurred_at=now,
        person_id=site.people[MINE].id,
        party_id=site.parties["009"].id,
        numbers={"project": project.name, "post_kind": MINE, "person": site.people[MINE].name, "by": "09:30"},
        evidence=(f"/admin/v1/projects/{project.id}/on-post",),
    )
    await record_findings(tx, [finding], book, WorkCalendar(), now)
    group = (await tx.execute(select(Alert.group_id).where(Alert.project_id == project.id))).scalar_one()
    delegation = uuid4()
    await tx.execute(
        insert(AlertDelegation).values(
            id=delegation,
            account_id=accounts[Role.DISTRICT],
            delegate_id=accounts[Role.AUDITOR],
            from_at=now + timedelta(days=30),
            until_at=now + timedelta(days=40),
            set_by=accounts[Role.DISTRICT],
            set_at=now,
        )
    )
    return group, delegation


async def _awaiting(tx: Tx, account_id: UUID) -> tuple[UUID, UUID]:
    """Return a colleague's phone that waits to be confirmed, and its binding."""
    phone_id, binding_id = await make_phone(tx, account_id, MADE_AT, bound=False), uuid4()
    await tx.execute(
        insert(PhoneBinding).values(id=binding_id, phone_id=phone_id, bound_at=MADE_AT, awaits="replacement")
    )
    return phone_id, binding_id


async def _robot(app: Litestar, tx: Tx, account_id: UUID, operator_id: UUID, clock: ManualClock) -> UUID:
    """Give the clerk's group a robot."""
    operator = Actor(
        account_id=operator_id, person_id=None, family_id=uuid4(), roles=frozenset({"operator"}), scopes=frozenset()
    )
    robot = NewAddress("wecom", {"key": str(uuid4())}, "城建群")
    return await set_address(tx, operator, account_id, robot, clock=clock, services=app.state.wiring.identity)


async def _phone(tx: Tx, account_id: UUID, family_id: UUID, clock: ManualClock) -> QueuePhone:
    phone_id = await make_phone(tx, account_id, clock.now() - timedelta(days=1))
    await tx.execute(update(SessionFamily).where(SessionFamily.id == family_id).values(phone_id=phone_id))
    return await register(tx, QueuePhone(phone_id, clock.now()))


async def _fences(tx: Tx, site: MadeSite, by: UUID) -> tuple[UUID, UUID]:
    from sqlalchemy import select

    from geofences.tables import FenceVersion

    published = await make_fence(tx, site.project.id, by, Circle(CENTRE, 100.0), shape=CIRCLE, buffer_m=0.0)
    fence = (await tx.execute(select(FenceVersion.fence_id).where(FenceVersion.id == published))).scalar_one()
    columns = [column.name for column in FenceVersion.__table__.columns]
    changed = {"id": uuid4(), "number": 2, "state": "draft"}
    unset = {"published_by", "published_at"}
    kept = [name for name in columns if name not in {*changed, *unset}]
    row = await tx.execute(select(*(getattr(FenceVersion, name) for name in kept)).where(FenceVersion.id == published))
    await tx.execute(insert(FenceVersion).values(**dict(row.mappings().one()), **changed))
    return fence, published


async def _alignment(tx: Tx, project_id: UUID, by: UUID) -> UUID:
    from geofences.alignment_tables import AlignmentRow, AlignmentVersion

    plan = AlignmentPlan(system=WGS84, line=AXIS, prefix="K", start="K0+000")
    line, alignment_id = build_alignment(plan), uuid4()
    made: dict[str, Any] = {"project_id": project_id, "created_by": by, "created_at": MADE_AT}
    named = {"id": alignment_id, "name": draw_code(), "prefix": "K", "carriageway": "whole"}
    await tx.execute(insert(AlignmentRow).values(**named, **made))
    await tx.execute(
        insert(AlignmentVersion).values(
            id=uuid4(),
            alignment_id=alignment_id,
            number=1,
            crs="wgs84",
            drawing={},
            drawing_digest=bytes(32),
            zone_srid=line.zone,
            line=func.ST_GeomFromWKB(line.wkb, 4326),
            from_m=line.chainage_m[0].item(),
            to_m=line.chainage_m[-1].item(),
            equation_back_m=[],
            equation_ahead_m=[],
            stakes=[],
            valid_during=func.tstzrange(MADE_AT, None),
            **made,
        )
    )
    return alignment_id


async def _corridor_with_face(tx: Tx, project_id: UUID, by: UUID) -> tuple[UUID, UUID]:
    from sqlalchemy import select

    from geofences.alignment_tables import WorkFaceRow
    from geofences.tables import FenceVersion

    shape = build_corridor(WGS84, AXIS, [WidthRange(0.0, None, 20.0, 20.0)])
    version = await make_fence(tx, project_id, by, shape)
    fence = (await tx.execute(select(FenceVersion.fence_id).where(FenceVersion.id == version))).scalar_one()
    face_id = uuid4()
    face = {"id": face_id, "fence_id": fence, "name": "1号作业面", "begin_label": "K0+000.000"}
    rest = {"end_label": "K0+100.000", "from_on": MADE_AT.date(), "created_by": by, "created_at": MADE_AT}
    await tx.execute(insert(WorkFaceRow).values(project_id=project_id, **face, **rest))
    return fence, face_id


AXIS: list[list[float]] = [[CENTRE.lon, CENTRE.lat], [CENTRE.lon + 0.004, CENTRE.lat + 0.001]]


async def _correction(tx: Tx, site: MadeSite, by: UUID, fence: UUID, version: UUID, clock: ManualClock) -> UUID:
    from geofences.correction_tables import FenceCorrection

    now, made = clock.now(), uuid4()
    await tx.execute(
        insert(FenceCorrection).values(
            project_id=site.project.id,
            id=made,
            fence_id=fence,
            version_id=version,
            state="proposed",
            valid_from=now - timedelta(days=2),
            valid_until=now - timedelta(days=1),
            reason="位置有误",
            proposed_by=by,
            proposed_at=now,
            look_until=now,
            cursor_at=now,
            cursor_id=uuid4(),
        )
    )
    return made


CIRCLE: dict[str, Any] = {"kind": "circle", "coordinates": [CENTRE.lon, CENTRE.lat], "radius_m": 100.0}


async def _gate(tx: Tx, site: MadeSite, by: UUID, keys: KeyRing, clock: ManualClock) -> tuple[UUID, str, str]:
    gate, row_id = uuid4(), new_id(clock.now())
    gate_secrets = GateSecrets(keys, clock.now)
    secret = gate_secrets.draw()
    await tx.execute(
        insert(GateDevice).values(
            project_id=site.project.id,
            id=gate,
            serial_no=f"SN{draw_code(12)}",
            name="1号门",
            entrance="东门",
            lane="1",
            default_direction="in",
            place=func.ST_SetSRID(func.ST_MakePoint(CENTRE.lon, CENTRE.lat), 4326),
            state="active",
            heartbeat_interval_s=60,
            created_at=MADE_AT,
            paired_at=MADE_AT,
        )
    )
    await tx.execute(
        insert(GateKey).values(
            id=key_name(row_id),
            project_id=site.project.id,
            device_id=gate,
            secret_cipher=gate_secrets.encrypt(row_id, secret),
            state="active",
            issued_at=MADE_AT,
            issued_by=by,
        )
    )
    await tx.execute(
        insert(PersonBinding).values(
            project_id=site.project.id,
            kind="pin",
            value="1001",
            person_id=site.people[MINE].id,
            valid_during=func.tstzrange(MADE_AT, None),
            bound_by=by,
        )
    )
    return gate, key_name(row_id), secret


async def _outage(tx: Tx, site: MadeSite, by: UUID, gate: UUID, clock: ManualClock) -> tuple[UUID, UUID]:
    """Declare an outage of a second gate; the first one is alive."""
    project, now, second, outage = site.project.id, clock.now(), uuid4(), new_id(clock.now())
    declaration = uuid4()
    await tx.execute(
        insert(GateDevice).values(
            project_id=project,
            id=second,
            serial_no=f"SN{draw_code(12)}",
            name="2号门",
            entrance="西门",
            lane="2",
            default_direction="out",
            place=func.ST_SetSRID(func.ST_MakePoint(CENTRE.lon, CENTRE.lat), 4326),
            state="active",
            heartbeat_interval_s=60,
            created_at=MADE_AT,
            paired_at=MADE_AT,
        )
    )
    for device in (gate, second):
        await tx.execute(insert(GateState).values(project_id=project, device_id=device, last_seen_at=now))
    await tx.execute(
        insert(GateOutage).values(
            project_id=project,
            id=outage,
            device_id=second,
            kind="declared",
            from_at=now,
            recorded_at=now,
            evidence={},
            declaration_id=declaration,
            declared_by=by,
            reason="断电",
            expires_at=now + timedelta(hours=8),
        )
    )
    return outage, declaration


async def _terminal(tx: Tx, project_id: UUID, vendor: str) -> UUID:
    made = uuid4()
    lane = {"name": "3号门", "entrance": "南门", "lane": "1", "default_direction": "in", "heartbeat_interval_s": 30}
    await tx.execute(
        insert(GateDevice).values(
            project_id=project_id,
            id=made,
            serial_no=f"SN{draw_code(12)}",
            vendor=vendor,
            place=func.ST_SetSRID(func.ST_MakePoint(CENTRE.lon, CENTRE.lat), 4326),
            state="active",
            created_at=MADE_AT,
            paired_at=MADE_AT,
            **lane,
        )
    )
    return made


async def _task(tx: Tx, project_id: UUID, gate: UUID, clock: ManualClock) -> UUID:
    from backend.gates.reconciliation.tables import GateTask

    made, now = new_id(clock.now()), clock.now()
    evidence = {"from_no": 3, "to_no": 4, "found_at": now.isoformat()}
    values = {"device_id": gate, "kind": "numbers_missing", "subject": f"gap:{made}", "opened_at": now}
    await tx.execute(insert(GateTask).values(project_id=project_id, id=made, evidence=evidence, **values))
    return made


async def _day_task(tx: Tx, project_id: UUID, gate: UUID, clock: ManualClock) -> UUID:
    from backend.gates.reconciliation.tables import GateTask

    made, now = new_id(clock.now()), clock.now()
    on = (now - timedelta(days=1)).date().isoformat()
    numbers = {"reported": 5, "held": 3, "missing": 2, "counted_from_at": None, "counted_to_at": None}
    values = {"device_id": gate, "kind": "events_missing", "subject": f"day:{gate}:{on}", "opened_at": now}
    evidence = {"work_on": on, **numbers}
    await tx.execute(insert(GateTask).values(project_id=project_id, id=made, evidence=evidence, **values))
    return made


async def _window(tx: Tx, project_id: UUID, by: UUID, clock: ManualClock) -> UUID:
    window, now = new_id(clock.now()), clock.now()
    opened = {"from_at": now, "to_at": now + timedelta(minutes=15), "reason": "新装闸机", "opened_by": by}
    serial_no = f"SN{draw_code(12)}"
    await tx.execute(
        insert(GatePairingWindow).values(
            project_id=project_id, id=window, vendor="zkteco", serial_no=serial_no, **opened
        )
    )
    return window


async def _applications(
    tx: Tx, project_id: UUID, gate: UUID, by: UUID, operator: UUID, clock: ManualClock
) -> dict[str, UUID]:
    made: dict[str, UUID] = {}
    for name, steps, who in (
        ("applied", ("applied",), by),
        ("approved", ("applied", "approved"), by),
        ("own", ("applied",), operator),
    ):
        made[name] = new_id(clock.now())
        for step in steps:
            about = {"project_id": project_id, "device_id": gate, "application_id": made[name]}
            said = {"step": step, "credential": "signing_key", "made_at": clock.now(), "made_by": who, "reason": "新装"}
            await tx.execute(insert(GateKeyStep).values(id=new_id(clock.now()), **about, **said))
    return made


async def _self_test(tx: Tx, project_id: UUID, gate: UUID, by: UUID, clock: ManualClock) -> UUID:
    test, now = new_id(clock.now()), clock.now()
    during = {"started_at": now, "until_at": now + timedelta(seconds=60), "started_by": by}
    await tx.execute(insert(GateSelfTest).values(project_id=project_id, id=test, device_id=gate, **during))
    return test


def fresh_person() -> dict[str, str]:
    """Return the body of a person whom nobody knows yet."""
    return {"name": draw_name(), "document_type": "01", "document_number": draw_number(), "phone": draw_phone()}


def fresh_company() -> dict[str, str]:
    """Return the body of a company that nobody knows yet."""
    return {"name": f"试验建设{draw_code()}有限公司", "uscc": draw_uscc()}


def fresh_name() -> str:
    """Return a user name that nobody has."""
    return f"staff.{secrets.token_hex(6)}"
