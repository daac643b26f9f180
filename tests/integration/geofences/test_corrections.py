"""A wrong fence put right: what would change, who approves, new rulings exactly once, nothing of the past touched."""

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from httpx import AsyncClient, Response
from litestar import Litestar
from sqlalchemy import select, text

from backend.identity.tables import AuditEvent
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import KeyRing
from backend.ledger.append import Connection, Cursor
from backend.ledger.model import DayKey
from geofences import correction_steps
from geofences.correction_steps import advance_correction
from geofences.corrections import CorrectionTools
from geofences.shapes import Circle, Point
from geofences.tables import FenceVersion
from geofences.tasks import continue_corrections
from tests.support.factories import (
    bearer,
    grant_role,
    make_assignment,
    make_officer,
    make_party,
    make_policy,
    make_post,
    make_staff,
)
from tests.support.ledgers import count_rows, stored_day
from tests.support.phones import CENTRE, METRE_EAST, Ground, fix, make_ground, tap

WRONG = Circle(Point(CENTRE.lon + 590 * METRE_EAST, CENTRE.lat), 150.0)
RIGHT = {"kind": "circle", "coordinates": [CENTRE.lon, CENTRE.lat], "radius_m": 150.0}


@dataclass
class Case:
    """A ground whose fence was drawn 590 m off, the right shape as a draft, and those who put it right."""

    client: AsyncClient
    database: Database
    clock: ManualClock
    keys: KeyRing
    ground: Ground
    tools: CorrectionTools
    fence_id: UUID
    author: UUID
    approver: UUID

    def headers(self, account_id: UUID, role: str = "project_admin") -> dict[str, str]:
        return bearer(self.keys, self.clock.now(), account_id, role)

    def path(self, rest: str) -> str:
        return f"/admin/v1/projects/{self.ground.project.id}{rest}"

    async def post(self, rest: str, body: object = None, by: UUID | None = None) -> Response:
        return await self.client.post(self.path(rest), json=body, headers=self.headers(by or self.author))

    async def get(self, rest: str, by: UUID | None = None, role: str = "project_admin", **params: int | str) -> Any:
        headers = self.headers(by or self.author, role)
        answer = await self.client.get(self.path(rest), headers=headers, params=params)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def tap(self, owner: int = 0, east_m: float = 0.0, **later: float) -> tuple[str, str]:
        """Check in; returns the punch's id and outcome."""
        self.clock.advance(timedelta(minutes=1, **later))
        at = self.clock.now()
        body = tap(at, self.ground.project.id, fixes=[fix(east_m)])
        answer = await self.client.post(
            "/mobile/v1/check-ins", json=body, headers=self.ground.owners[owner].headers(at)
        )
        assert answer.status_code == 201, answer.text
        return answer.json()["punch_id"], answer.json()["outcome"]

    async def propose(self, **changes: object) -> Response:
        since = self.clock.now() - timedelta(days=2)
        body = {"number": 2, "valid_from": since.isoformat(), "reason": "围栏偏移 590 米", **changes}
        return await self.post(f"/fences/{self.fence_id}/corrections", body)

    async def proposed(self, **changes: object) -> Any:
        self.clock.advance(timedelta(minutes=2))
        answer = await self.propose(**changes)
        assert answer.status_code == 201, answer.text
        assert answer.json()["state"] == "proposed"
        return answer.json()

    async def approve(self, correction: Any, by: UUID | None = None, **changes: object) -> Response:
        body = {"changes": correction["changes"], **changes}
        return await self.post(f"/fence-corrections/{correction['id']}/approval", body, by or self.approver)

    async def finish(self, correction: Any) -> Any:
        self.clock.advance(timedelta(minutes=3))
        await continue_corrections(self.tools)
        return await self.get(f"/fence-corrections/{correction['id']}")

    async def rulings(self, punch_id: str) -> list[tuple[int, str, UUID | None]]:
        async with self.database.transaction() as tx:
            rows = await tx.execute(
                text("SELECT seq, outcome, ruled_by FROM ruling WHERE project_id = :p AND punch_id = :id ORDER BY seq"),
                {"p": self.ground.project.id, "id": punch_id},
            )
            return [(row.seq, row.outcome, row.ruled_by) for row in rows]


@pytest.fixture
async def case(app: Litestar, client: AsyncClient, database: Database, keys: KeyRing, clock: ManualClock) -> Case:
    ground = await make_ground(database, keys, clock.now(), people=3, shape=WRONG)
    project = ground.project.id
    author = await make_officer(database, "project_admin", project_id=project)
    approver = await make_officer(database, "project_admin", project_id=project)
    async with database.transaction() as tx:
        fence_id = await tx.scalar(select(FenceVersion.fence_id).where(FenceVersion.id == ground.fence_version_id))
    assert fence_id is not None
    tools: CorrectionTools = app.state.correction_tools
    made = Case(client, database, clock, keys, ground, tools, fence_id, author, approver)
    drawn = await made.post(f"/fences/{fence_id}/versions", {"crs": "wgs84", "shape": RIGHT})
    assert drawn.status_code == 201, drawn.text
    return made


async def test_from_proposal_to_new_rulings(case: Case) -> None:
    morning, refused = await case.tap()
    assert refused == "refused"
    evening, _ = await case.tap(hours=5)
    far, counted = await case.tap(1, 590.0)
    assert counted == "counted"
    before = await count_rows(case.database, case.ground.project.id)
    correction = await case.proposed()
    assert (correction["examined"], correction["changes"], correction["hidden_changes"]) == (3, 3, 0)
    assert [(one["from_outcome"], one["to_outcome"], one["changes"]) for one in correction["counts"]] == [
        ("counted", "refused", 1),
        ("refused", "counted", 2),
    ]
    changes = (await case.get(f"/fence-corrections/{correction['id']}/changes"))["items"]
    assert [one["punch_id"] for one in changes] == [morning, evening, far]
    assert changes[0]["person_id"] == str(case.ground.owners[0].person_id)
    assert changes[0]["person_name"]
    assert changes[0]["reasons"][0]["code"] == "decision.inside_fence"
    assert changes[2]["reasons"][0]["code"] == "decision.outside_fence"
    assert changes[2]["reasons"][0]["distance_m"] == pytest.approx(440, abs=2)
    assert await count_rows(case.database, case.ground.project.id) == before

    approved = await case.approve(correction)
    assert approved.status_code == 200, approved.text
    assert approved.json()["state"] == "applying"
    assert [one["ruled"] for one in approved.json()["counts"]] == [1, 2]
    assert await case.rulings(morning) == [(1, "refused", None), (2, "counted", case.approver)]
    assert await case.rulings(far) == [(1, "counted", None), (2, "refused", case.approver)]
    after = await count_rows(case.database, case.ground.project.id)
    assert (after["punch"], after["punch_private"]) == (before["punch"], before["punch_private"])
    assert (after["ruling"], after["ledger_outbox"]) == (before["ruling"] + 3, before["ledger_outbox"] + 3)
    (day,) = await stored_day(case.database, case.ground.project.id, case.ground.owners[0].person_id)
    assert (day["punches"], day["valid"], [str(one) for one in day["entries"]]) == (2, True, [morning, evening])
    (day,) = await stored_day(case.database, case.ground.project.id, case.ground.owners[1].person_id)
    assert (day["punches"], day["valid"]) == (0, False)

    assert (await case.finish(correction))["state"] == "applied"
    assert (await case.tap())[1] == "counted"
    versions = (await case.get(f"/fences/{case.fence_id}"))["versions"]
    assert [(one["number"], one["state"]) for one in versions] == [(2, "published"), (1, "superseded")]
    shown = await case.get(f"/punches/{morning}")
    assert shown["rulings"][-1]["note"] == "围栏偏移 590 米"


async def test_who_turns_out_to_have_been_at_no_work_face_is_told_so(case: Case) -> None:
    async with case.database.transaction() as tx:
        await make_policy(tx, case.ground.project.id, case.author, {"review_signals": ["outside_work_face"]})
    strip = {
        "kind": "corridor",
        "coordinates": [[CENTRE.lon - 300 * METRE_EAST, CENTRE.lat], [CENTRE.lon + 300 * METRE_EAST, CENTRE.lat]],
        "widths": [{"from_m": 0, "to_m": None, "left_m": 50, "right_m": 50}],
    }
    drawn = await case.post(f"/fences/{case.fence_id}/versions", {"crs": "wgs84", "shape": strip})
    assert drawn.status_code == 201, drawn.text
    face = {"name": "1号作业面", "begin": "K0+280", "end": "K0+320", "from_on": case.clock.now().date().isoformat()}
    opened = await case.post(f"/fences/{case.fence_id}/work-faces", face)
    assert opened.status_code == 201, opened.text
    at_face, refused = await case.tap()
    elsewhere, also_refused = await case.tap(1, -150.0)
    assert refused == also_refused == "refused", "the wrong fence knows of neither"
    correction = await case.proposed(number=3)
    changes = (await case.get(f"/fence-corrections/{correction['id']}/changes"))["items"]
    assert [(one["punch_id"], one["to_outcome"]) for one in changes] == [(at_face, "counted"), (elsewhere, "review")]
    assert changes[1]["reasons"][0]["code"] == "decision.outside_work_face"
    simulated = await case.post(f"/fences/{case.fence_id}/versions/3/simulation", {"days": 1})
    assert simulated.status_code == 200, simulated.text
    summary = simulated.json()["summary"]
    assert (summary["newly_counted"], summary["simulated"]) == (1, 2)


async def test_what_was_in_force_then_is_known_both_ways(case: Case) -> None:
    punch, _ = await case.tap()
    at = case.clock.now()
    correction = await case.proposed()
    await case.approve(correction)
    asked = {"crs": "wgs84", "x": CENTRE.lon, "y": CENTRE.lat, "accuracy_m": 8.0, "at": at.isoformat()}
    assert (await case.post("/fence-evaluations", asked)).json()["number"] == 2
    then = await case.post("/fence-evaluations", asked | {"known_at": at.isoformat()})
    assert (then.json()["number"], then.json()["side"]) == (1, "outside")
    assert punch


async def test_a_past_period_alone_leaves_the_present(case: Case) -> None:
    inside, _ = await case.tap()
    middle = case.clock.now()
    outside, _ = await case.tap(hours=3)
    correction = await case.proposed(valid_until=(middle + timedelta(hours=1)).isoformat())
    assert correction["changes"] == 1
    await case.approve(correction)
    assert (await case.finish(correction))["state"] == "applied"
    assert [len(await case.rulings(one)) for one in (inside, outside)] == [2, 1]
    assert (await case.tap())[1] == "refused"
    periods = (await case.get(f"/fences/{case.fence_id}/periods"))["periods"]
    assert [one["number"] for one in periods] == [1, 2, 1]


async def test_a_crash_and_repeated_calls_leave_every_change_settled_once(
    case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    punches = [(await case.tap(number % 3))[0] for number in range(7)]
    correction = await case.proposed()
    monkeypatch.setattr(correction_steps, "RULE_RUN", 2)
    folded = 0

    async def crash(connection: Connection, keys: Iterable[DayKey], now: Any) -> Cursor:
        nonlocal folded
        folded += 1
        if folded == 3:
            msg = "the process dies here"
            raise RuntimeError(msg)
        return await case.tools.fold_days(connection, keys, now)

    tools = CorrectionTools(case.database, case.tools.data_keys, case.tools.workbench, crash, case.clock)
    project, made = case.ground.project.id, UUID(correction["id"])
    monkeypatch.setattr("geofences.correction_routes.STEPS_AT_ONCE", 0)
    assert (await case.approve(correction)).json()["state"] == "applying"
    for _ in range(2):
        assert await advance_correction(tools, project, made)
    with pytest.raises(RuntimeError, match="dies here"):
        await advance_correction(tools, project, made)
    settled = sum(one["ruled"] for one in (await case.get(f"/fence-corrections/{made}"))["counts"])
    assert settled == 4
    # Two at once, and the approval again.
    await asyncio.gather(*(advance_correction(case.tools, project, made) for _ in range(3)))
    assert (await case.approve(correction)).status_code == 200
    assert (await case.finish(correction))["state"] == "applied"
    assert await continue_corrections(case.tools) == 0
    for punch in punches:
        assert [outcome for _, outcome, _ in await case.rulings(punch)] == ["refused", "counted"]
    assert (await case.approve(correction)).json()["state"] == "applied"


async def test_looking_goes_on_where_it_ended(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(5):
        await case.tap(number % 3)
    monkeypatch.setattr(correction_steps, "LOOK_RUN", 2)
    monkeypatch.setattr("geofences.correction_routes.STEPS_AT_ONCE", 1)
    case.clock.advance(timedelta(minutes=2))
    correction = (await case.propose()).json()
    assert (correction["state"], correction["examined"]) == ("looking", 2)
    early = await case.approve(correction)
    assert (early.status_code, early.json()["code"]) == (409, "geofences.state_forbids")
    await continue_corrections(case.tools)
    done = await case.get(f"/fence-corrections/{correction['id']}")
    assert (done["state"], done["examined"], done["changes"]) == ("proposed", 5, 5)


async def test_what_a_person_decided_stands(case: Case) -> None:
    earlier, _ = await case.tap(0)
    later, _ = await case.tap(1)
    district = await make_officer(case.database, "district", district_id=case.ground.project.district_id)

    async def rule(punch: str) -> None:
        answer = await case.client.post(
            case.path(f"/punches/{punch}/rulings"),
            json={"outcome": "refused", "note": "经查不在岗", "seq": 1},
            headers=case.headers(district, "district"),
        )
        assert answer.status_code in {200, 201}, answer.text

    await rule(earlier)
    correction = await case.proposed()
    assert correction["changes"] == 1
    assert {one["reason"]: one["punches"] for one in correction["left_out"]}["decided_by_person"] == 1
    await rule(later)
    await case.approve(correction)
    done = await case.finish(correction)
    assert [(one["ruled"], one["kept"]) for one in done["counts"]] == [(0, 1)]
    assert [outcome for _, outcome, _ in await case.rulings(later)] == ["refused", "refused"]


async def test_punches_between_preview_and_approval_are_ruled_anew_too(case: Case) -> None:
    await case.tap()
    correction = await case.proposed()
    between, outcome = await case.tap(1)
    assert (outcome, correction["changes"]) == ("refused", 1)
    await case.approve(correction)
    done = await case.finish(correction)
    assert (done["state"], done["changes"]) == ("applied", 2)
    assert [outcome for _, outcome, _ in await case.rulings(between)] == ["refused", "counted"]


async def test_a_second_correction_may_change_what_the_first_one_ruled(case: Case) -> None:
    punch, _ = await case.tap()
    first = await case.proposed()
    await case.approve(first)
    await case.finish(first)
    second = await case.proposed(number=1)
    assert second["changes"] == 1
    assert (await case.approve(second)).status_code == 200
    await case.finish(second)
    assert [outcome for _, outcome, _ in await case.rulings(punch)] == ["refused", "counted", "refused"]


async def test_the_proposer_cannot_approve_nor_anybody_what_he_has_not_seen(case: Case) -> None:
    await case.tap()
    correction = await case.proposed()
    own = await case.approve(correction, by=case.author)
    assert (own.status_code, own.json()["code"]) == (403, "geofences.second_person_needed")
    other = await case.approve(correction, changes=7)
    assert (other.status_code, other.json()["code"]) == (409, "geofences.changes_differ")
    assert (other.json()["seen"], other.json()["found"]) == (7, 1)
    await case.post(f"/fences/{case.fence_id}/versions", {"crs": "wgs84", "shape": RIGHT})
    assert (await case.post(f"/fences/{case.fence_id}/versions/3/publication", {})).status_code == 200
    stale = await case.approve(correction)
    assert (stale.status_code, stale.json()["code"]) == (409, "geofences.correction_stale")
    dropped = await case.post(f"/fence-corrections/{correction['id']}/withdrawal")
    assert (dropped.status_code, dropped.json()["state"]) == (200, "dropped")
    gone = await case.approve(correction)
    assert (gone.status_code, gone.json()["code"]) == (409, "geofences.state_forbids")
    assert len((await case.get(f"/fences/{case.fence_id}/corrections"))["corrections"]) == 1


async def test_one_correction_of_a_project_at_a_time(case: Case) -> None:
    await case.tap()
    first = await case.proposed()
    second = await case.proposed()
    assert (await case.approve(first)).status_code == 200
    again = await case.approve(second)
    assert (again.status_code, again.json()["code"]) == (409, "geofences.correction_stale")
    third = await case.proposed(number=1)
    refused = await case.approve(third, by=case.approver)
    assert (refused.status_code, refused.json()["code"]) == (409, "geofences.correction_running")
    await case.finish(first)
    assert (await case.approve(third)).status_code == 200


@pytest.mark.parametrize(
    ("changes", "status", "code"),
    [
        ({"valid_from": "2030-01-01T00:00:00Z"}, 422, "geofences.not_backdated"),
        ({"valid_until": "2020-01-01T00:00:00Z"}, 422, "geofences.period_invalid"),
        ({"number": 9}, 404, "geofences.version_unknown"),
        ({"reason": ""}, 422, "request.invalid"),
        ({"valid_from": "2026-03-01T00:00:00"}, 422, "request.invalid"),
    ],
)
async def test_what_cannot_be_a_correction_is_refused(
    case: Case, changes: dict[str, object], status: int, code: str
) -> None:
    answer = await case.propose(**changes)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert (await case.get(f"/fences/{case.fence_id}/corrections"))["corrections"] == []


async def test_a_party_sees_the_changes_of_its_own_people(case: Case) -> None:
    await case.tap(0)
    await case.tap(1)
    correction = await case.proposed()
    project = case.ground.project.id
    async with case.database.transaction() as tx:
        party = await make_party(tx, project)
        await make_assignment(tx, project, await make_post(tx, party), case.ground.owners[1].person_id)
        contractor = await make_staff(tx)
        await grant_role(tx, contractor, "contractor", project_id=project, party_id=party.id)
    path = f"/fence-corrections/{correction['id']}"
    seen = await case.get(path, contractor, "contractor")
    assert (seen["changes"], seen["hidden_changes"]) == (2, 1)
    items = (await case.get(f"{path}/changes", contractor, "contractor"))["items"]
    assert [one["person_id"] for one in items] == [str(case.ground.owners[1].person_id)]
    first = await case.get(f"{path}/changes", limit=1)
    rest = await case.get(f"{path}/changes", limit=1, after=first["next"])
    assert (len(first["items"]), len(rest["items"]), rest["next"]) == (1, 1, None)


async def test_every_step_of_a_correction_is_in_the_audit_log(case: Case) -> None:
    correction = await case.proposed()
    dropped = await case.proposed()
    await case.post(f"/fence-corrections/{dropped['id']}/withdrawal")
    await case.approve(correction)
    async with case.database.transaction() as tx:
        rows = await tx.execute(
            select(AuditEvent.action, AuditEvent.actor_id).where(
                AuditEvent.project_id == case.ground.project.id, AuditEvent.object_type == "fence_correction"
            )
        )
        found = sorted((row.action, row.actor_id) for row in rows)
    assert found == sorted(
        [
            ("fence_correction.proposed", case.author),
            ("fence_correction.proposed", case.author),
            ("fence_correction.dropped", case.author),
            ("fence_correction.approved", case.approver),
        ]
    )
