from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import msgspec
import pytest
from sqlalchemy import text

from backend.kit.clock import ManualClock
from backend.kit.crypto import DataKeys, data_key_label
from backend.kit.db import Database
from backend.kit.ids import new_id
from backend.kit.keyring import MemoryKeyRing
from tests.integration.mobile_api.conftest import MakeGround, Tap
from tests.support.factories import make_assignment, make_party, make_post, make_project
from tests.support.ledgers import count_rows, stored_day
from tests.support.phones import CENTRE, RADIUS_M, Ground, fix, gcj02_fix, metro_shape, open_phone, tap

ONE_EACH = {
    "punch": 1,
    "punch_private": 1,
    "ruling": 1,
    "attribution": 0,
    "punch_dedupe": 1,
    "ledger_outbox": 1,
    "punch_status": 1,
    "person_day": 1,
}


def codes(answer: Any) -> list[str]:
    return [reason["code"] for reason in answer.json()["reasons"]]


async def test_a_tap_inside_is_counted_and_stored_whole(
    ground: Ground, send: Tap, clock: ManualClock, database: Database, keys: MemoryKeyRing
) -> None:
    body = tap(clock.now(), ground.project.id, direction="in")
    answer = await send(ground.owner, body)
    assert answer.status_code == 201, answer.text
    told = answer.json()
    assert (told["outcome"], told["replayed"], codes(answer)) == ("counted", False, ["decision.inside_fence"])
    assert told["day"]["work_on"] == "2026-03-16"
    assert (told["day"]["punches"], told["day"]["valid"]) == (1, False)
    assert await count_rows(database, ground.project.id) == ONE_EACH

    async with database.transaction() as tx:
        ids = {"project": ground.project.id, "punch": UUID(told["punch_id"])}
        row = (await tx.execute(text("SELECT * FROM punch WHERE project_id = :project"), ids)).mappings().one()
        assert row["punch_id"] == ids["punch"]
        assert row["person_id"] == ground.owner.person_id
        assert row["source_id"] == ground.owner.phone_id
        assert (row["direction"], row["direction_source"]) == ("in", "person")
        assert row["fence_version_id"] == ground.fence_version_id
        assert row["covered"] is True
        assert row["signed_distance_m"] == pytest.approx(RADIUS_M, abs=1)
        assert row["time_quality"] == "online"
        private, key = (
            await tx.execute(
                text(
                    "SELECT p.sealed, k.wrapped FROM punch_private p"
                    " JOIN data_key k ON k.project_id = p.project_id AND k.key_id = p.key_id WHERE p.punch_id = :punch"
                ),
                ids,
            )
        ).one()
    unwrapped = DataKeys(keys, clock.now).unwrap(bytes(key), data_key_label(ground.project.id, "2026-03"))
    opened = msgspec.json.decode(unwrapped.open(bytes(private), ids["punch"].bytes))
    assert opened["fixes"][0]["lon"] == CENTRE.lon


async def test_nothing_precise_or_personal_stands_in_the_clear(
    ground: Ground, send: Tap, clock: ManualClock, database: Database
) -> None:
    """The exact fix lies sealed in the private row alone, so that destroying its key forgets it."""
    here = fix(lon=114.000123, lat=30.600456)
    assert (await send(ground.owner, tap(clock.now(), ground.project.id, fixes=[here]))).status_code == 201
    async with database.transaction() as tx:
        for table in ("punch", "ruling", "punch_dedupe", "punch_status", "person_day", "ledger_outbox"):
            rows = await tx.scalar(
                text(f"SELECT string_agg(t::text, ' ') FROM {table} t WHERE project_id = :project"),
                {"project": ground.project.id},
            )
            assert "114.000123" not in rows
            assert "30.600456" not in rows


async def test_the_same_bytes_get_the_same_receipt(
    ground: Ground, send: Tap, clock: ManualClock, database: Database
) -> None:
    body = msgspec.json.encode(tap(clock.now(), ground.project.id))
    first = (await send(ground.owner, body)).json()
    clock.advance(timedelta(hours=5))
    again = await send(ground.owner, body)
    assert again.status_code == 201
    assert again.json()["replayed"] is True
    unmoved = {"punch_id", "project_id", "received_at", "occurred_at", "outcome", "reasons"}
    assert {name: again.json()[name] for name in unmoved} == {name: first[name] for name in unmoved}
    assert await count_rows(database, ground.project.id) == ONE_EACH


async def test_the_same_content_in_other_spelling_is_the_same_tap(
    ground: Ground, send: Tap, clock: ManualClock, database: Database
) -> None:
    body = tap(clock.now(), ground.project.id)
    await send(ground.owner, body)
    spelled = msgspec.json.format(msgspec.json.encode(dict(reversed(body.items()))), indent=4)
    assert (await send(ground.owner, spelled)).json()["replayed"] is True
    assert await count_rows(database, ground.project.id) == ONE_EACH


@pytest.mark.parametrize(
    "change",
    [{"direction": "out"}, {"fixes": [fix(1.0)]}, {"fixes": []}, {"claimed_at": "2026-03-16T01:29:59Z"}],
)
async def test_the_same_id_with_other_content_is_refused_and_the_first_stays(
    change: dict[str, Any], ground: Ground, send: Tap, clock: ManualClock, database: Database
) -> None:
    body = tap(clock.now(), ground.project.id)
    first = (await send(ground.owner, body)).json()
    answer = await send(ground.owner, {**body, **change})
    assert answer.status_code == 409
    assert answer.json()["code"] == "ledger.event_conflict"
    assert answer.json()["punch_id"] == first["punch_id"]
    assert await count_rows(database, ground.project.id) == ONE_EACH
    async with database.transaction() as tx:
        revision = await tx.scalar(
            text("SELECT revision FROM person_day WHERE project_id = :id"), {"id": ground.project.id}
        )
    assert revision == 0, "a conflict touches no day"


async def test_a_retry_over_midnight_of_the_month_finds_its_first(
    ground: Ground, send: Tap, clock: ManualClock, database: Database
) -> None:
    clock.set(datetime.fromisoformat("2026-03-31T23:59:59+00:00"))
    body = tap(clock.now(), ground.project.id)
    first = (await send(ground.owner, body)).json()
    clock.advance(timedelta(seconds=2))
    again = (await send(ground.owner, body)).json()
    assert (again["replayed"], again["punch_id"]) == (True, first["punch_id"])
    assert (await count_rows(database, ground.project.id))["punch"] == 1


async def test_a_retry_on_the_next_day_shows_the_day_of_the_punch_and_makes_no_other(
    ground: Ground, send: Tap, clock: ManualClock, database: Database
) -> None:
    body = tap(clock.now(), ground.project.id)
    first = (await send(ground.owner, body)).json()
    clock.advance(timedelta(days=1))
    again = (await send(ground.owner, body)).json()
    assert again["day"] == first["day"]
    (day,) = await stored_day(database, ground.project.id, ground.owner.person_id)
    assert (day["work_on"], day["revision"]) == (date(2026, 3, 16), 0)


async def test_two_phones_may_draw_one_id(ground: Ground, send: Tap, clock: ManualClock, database: Database) -> None:
    """An event id is the phone's own: another phone's is another event, whatever it says."""
    async with database.transaction() as tx:
        second = await open_phone(tx, ground.owner, clock.now())
    body = tap(clock.now(), ground.project.id)
    answers = [(await send(owner, body)).json() for owner in (ground.owner, second)]
    assert [one["replayed"] for one in answers] == [False, False]
    assert answers[0]["punch_id"] != answers[1]["punch_id"]


@pytest.mark.parametrize(
    ("fixes", "outcome", "code"),
    [
        ([fix(RADIUS_M - 5)], "counted", "decision.inside_fence"),
        ([fix(RADIUS_M + 5, accuracy_m=30.0)], "counted", "decision.within_error"),
        ([fix(RADIUS_M + 20, accuracy_m=30.0)], "review", "decision.uncertain_position"),
        ([fix(2000)], "refused", "decision.outside_fence"),
        ([fix(2000, accuracy_m=5.0), fix(0, accuracy_m=6.0)], "counted", "decision.inside_fence"),
        ([fix(0, mock=True)], "review", "decision.mock_location"),
        ([fix(0, age_s=61.0)], "review", "decision.stale_fix"),
        ([fix(0, accuracy_m=0.0)], "counted", "decision.accuracy_implausible"),
        ([fix(0, accuracy_m=5000.0)], "refused", "decision.position_vague"),
        ([fix(2000, accuracy_m=3000.0)], "refused", "decision.position_vague"),
        ([fix(5000, accuracy_m=3000.0)], "refused", "decision.outside_fence"),
        ([gcj02_fix()], "counted", "decision.inside_fence"),
        ([gcj02_fix(crs="wgs84")], "refused", "decision.datum_suspected"),
        ([], "review", "decision.no_fix"),
    ],
)
async def test_a_tap_is_judged(
    fixes: list[dict[str, Any]], outcome: str, code: str, ground: Ground, send: Tap, clock: ManualClock
) -> None:
    answer = await send(ground.owner, tap(clock.now(), ground.project.id, fixes=fixes))
    assert answer.status_code == 201, answer.text
    assert (answer.json()["outcome"], code in codes(answer)) == (outcome, True), answer.text


async def test_a_wrong_datum_is_named_with_its_shift(ground: Ground, send: Tap, clock: ManualClock) -> None:
    answer = await send(ground.owner, tap(clock.now(), ground.project.id, fixes=[gcj02_fix(crs="wgs84")]))
    (reason,) = answer.json()["reasons"]
    assert reason["numbers"]["suspected_crs"] == "gcj02"
    assert 400 < reason["numbers"]["shift_m"] < 700


async def test_the_refused_are_told_where_to_go_in_their_language(
    ground: Ground, send: Tap, clock: ManualClock
) -> None:
    body = tap(clock.now(), ground.project.id, fixes=[fix(0, -1150)])
    english = (await send(ground.owner, body, **{"Accept-Language": "en-GB,zh;q=0.1"})).json()["reasons"][0]
    chinese = (await send(ground.owner, body)).json()["reasons"][0]
    assert english["numbers"]["direction"] == "N"
    assert english["numbers"]["distance_m"] == pytest.approx(1000, abs=3)
    assert "north" in english["advice"].lower()
    assert "北" in chinese["advice"]
    assert english["numbers"] == chinese["numbers"]


async def test_on_a_corridor_the_chainage_is_kept(make: MakeGround, send: Tap, clock: ManualClock) -> None:
    ground = await make(shape=metro_shape())
    at = metro_shape().centreline[40]
    answer = await send(ground.owner, tap(clock.now(), ground.project.id, fixes=[fix(lon=at.lon, lat=at.lat)]))
    numbers = answer.json()["reasons"][0]["numbers"]
    assert answer.json()["outcome"] == "counted"
    assert numbers["chainage_m"] > 0
    assert abs(numbers["offset_m"]) < 1


async def test_a_clock_that_is_off_is_told_and_the_server_s_time_rules(
    ground: Ground, send: Tap, clock: ManualClock
) -> None:
    late = (clock.now() - timedelta(hours=3)).isoformat()
    answer = await send(ground.owner, tap(clock.now(), ground.project.id, claimed_at=late))
    assert codes(answer) == ["decision.inside_fence", "decision.clock_off"]
    assert datetime.fromisoformat(answer.json()["occurred_at"]) == clock.now()


async def test_a_phone_that_punched_for_somebody_else_is_told(
    make: MakeGround, send: Tap, clock: ManualClock, database: Database
) -> None:
    ground = await make(people=2)
    async with database.transaction() as tx:
        install = await tx.scalar(
            text("SELECT install_id FROM phone WHERE id = :id"), {"id": ground.owners[0].phone_id}
        )
        borrowed = await open_phone(tx, ground.owners[1], clock.now(), install_id=install)
    answer = await send(borrowed, tap(clock.now(), ground.project.id))
    assert "decision.shared_phone" in codes(answer)


@pytest.mark.parametrize(
    ("sides", "code"),
    [
        ({"shape": None}, "decision.no_fence"),
        ({"site_mode": "gate"}, "decision.gate_site"),
        ({"status": "stopped"}, "decision.project_not_building"),
    ],
)
async def test_what_the_site_is_not_ready_for_goes_to_review(
    sides: dict[str, Any], code: str, make: MakeGround, send: Tap, clock: ManualClock
) -> None:
    ground = await make(**sides)
    answer = await send(ground.owner, tap(clock.now(), ground.project.id))
    assert answer.json()["outcome"] == "review"
    assert code in codes(answer)


async def test_one_project_need_not_be_named_two_must(
    ground: Ground, send: Tap, clock: ManualClock, database: Database
) -> None:
    answer = await send(ground.owner, tap(clock.now()))
    assert (answer.status_code, answer.json()["project_id"]) == (201, str(ground.project.id))
    async with database.transaction() as tx:
        other = await make_project(tx)
        post = await make_post(tx, await make_party(tx, other.id))
        await make_assignment(tx, other.id, post, ground.owner.person_id)
    before = await count_rows(database, ground.project.id)
    answer = await send(ground.owner, tap(clock.now()))
    assert (answer.status_code, answer.json()["code"]) == (409, "mobile.project_ambiguous")
    assert {one["project_id"] for one in answer.json()["candidates"]} == {str(ground.project.id), str(other.id)}
    assert await count_rows(database, ground.project.id) == before
    assert await count_rows(database, other.id) == dict.fromkeys(before, 0)


@pytest.mark.parametrize("first_ends", [True, False], ids=["the other fits now", "both fit now"])
async def test_a_repetition_stays_with_the_project_that_took_it(
    ground: Ground,
    send: Tap,
    clock: ManualClock,
    database: Database,
    first_ends: bool,
) -> None:
    body = tap(clock.now())
    first = await send(ground.owner, body)
    assert first.status_code == 201, first.text
    async with database.transaction() as tx:
        other = await make_project(tx)
        post = await make_post(tx, await make_party(tx, other.id))
        await make_assignment(tx, other.id, post, ground.owner.person_id)
        if first_ends:
            await tx.execute(
                text("UPDATE assignment SET to_on = '2026-03-15', exit_confirmed_at = :at WHERE project_id = :id"),
                {"at": clock.now(), "id": ground.project.id},
            )
    again = await send(ground.owner, body)
    assert again.status_code == 201, again.text
    assert again.json() == {**first.json(), "replayed": True}
    assert (await count_rows(database, other.id))["punch"] == 0
    changed = await send(ground.owner, {**body, "direction": "out"})
    assert (changed.status_code, changed.json()["code"]) == (409, "ledger.event_conflict")


async def test_a_foreign_project_is_unknown(
    ground: Ground, make: MakeGround, send: Tap, clock: ManualClock, database: Database
) -> None:
    foreign = await make()
    for project_id in (foreign.project.id, uuid4()):
        answer = await send(ground.owner, tap(clock.now(), project_id))
        assert (answer.status_code, answer.json()["code"]) == (404, "mobile.project_unknown")
    assert (await count_rows(database, foreign.project.id))["punch"] == 0


async def test_an_assignment_that_ended_goes_to_review_only_when_the_exit_is_confirmed(
    make: MakeGround, send: Tap, clock: ManualClock, database: Database
) -> None:
    ground = await make()
    yesterday = date(2026, 3, 15)

    async def file(confirmed_at: datetime | None) -> None:
        async with database.transaction() as tx:
            await tx.execute(
                text("UPDATE assignment SET to_on = :on, exit_confirmed_at = :at WHERE project_id = :id"),
                {"on": yesterday, "at": confirmed_at, "id": ground.project.id},
            )

    await file(None)
    assert codes(await send(ground.owner, tap(clock.now(), ground.project.id))) == ["decision.inside_fence"]
    await file(clock.now())
    answer = await send(ground.owner, tap(clock.now(), ground.project.id))
    assert (answer.json()["outcome"], codes(answer)[0]) == ("review", "decision.assignment_not_in_force")


async def test_too_many_refused_within_an_hour_are_only_counted(
    make: MakeGround, send: Tap, clock: ManualClock, database: Database
) -> None:
    ground = await make(policy={"refused_per_hour": 3})
    away = [fix(3000)]
    for _ in range(3):
        clock.advance(timedelta(minutes=1))
        answer = await send(ground.owner, tap(clock.now(), ground.project.id, fixes=away))
        assert answer.json()["outcome"] == "refused"
    before = await count_rows(database, ground.project.id)
    answer = await send(ground.owner, tap(clock.now(), ground.project.id, fixes=away))
    assert (answer.status_code, answer.json()["code"]) == (429, "mobile.too_many_refused")
    assert answer.headers["retry-after"] == str(answer.json()["retry_after_s"])
    assert await count_rows(database, ground.project.id) == before
    clock.advance(timedelta(hours=1))
    assert (await send(ground.owner, tap(clock.now(), ground.project.id))).status_code == 201


async def test_a_repetition_of_a_refused_tap_is_answered_though_there_were_too_many(
    make: MakeGround, send: Tap, clock: ManualClock
) -> None:
    """A retry asks for a receipt that exists; it adds nothing that a limit could be for."""
    ground = await make(policy={"refused_per_hour": 1})
    body = tap(clock.now(), ground.project.id, fixes=[fix(3000)])
    first = (await send(ground.owner, body)).json()
    again = await send(ground.owner, body)
    assert again.status_code == 201, again.text
    assert (again.json()["replayed"], again.json()["punch_id"]) == (True, first["punch_id"])


async def test_an_id_that_is_not_of_version_7_is_no_event_id(
    ground: Ground, send: Tap, clock: ManualClock, database: Database
) -> None:
    answer = await send(ground.owner, tap(clock.now(), ground.project.id, event_id=str(uuid4())))
    assert (answer.status_code, answer.json()["code"]) == (422, "mobile.event_id")
    assert (await count_rows(database, ground.project.id))["punch"] == 0


@pytest.mark.parametrize("years", [-50, -7, 30, 500])
async def test_an_id_may_claim_an_impossible_time(
    years: int, ground: Ground, send: Tap, clock: ManualClock, database: Database
) -> None:
    """The server's time rules; the id's own time only says where its repetitions are looked for."""
    strange = new_id(clock.now() + timedelta(days=365 * years))
    body = tap(clock.now(), ground.project.id, event_id=str(strange))
    first, again = [await send(ground.owner, body) for _ in range(2)]
    assert (first.status_code, again.status_code) == (201, 201), first.text
    assert again.json()["replayed"] is True
    assert (await count_rows(database, ground.project.id))["punch"] == 1


async def test_a_punch_in_a_month_without_partitions_is_stored(
    make: MakeGround, send: Tap, clock: ManualClock, database: Database
) -> None:
    clock.set(datetime.fromisoformat("2035-05-05T01:30:00+00:00"))
    ground = await make()
    async with database.transaction() as tx:
        assert await tx.scalar(text("SELECT to_regclass('punch_203505')")) is None
    answer = await send(ground.owner, tap(clock.now(), ground.project.id))
    assert answer.status_code == 201, answer.text
    assert await count_rows(database, ground.project.id) == ONE_EACH
    async with database.transaction() as tx:
        assert await tx.scalar(text("SELECT to_regclass('punch_203505')")) is not None


@pytest.mark.parametrize("what", ["family", "account"])
async def test_an_ended_session_writes_nothing(
    what: str, ground: Ground, send: Tap, clock: ManualClock, database: Database
) -> None:
    ended = {
        "family": "UPDATE session_family SET revoked_at = :now, revoke_reason = 'test' WHERE account_id = :id",
        "account": "UPDATE account SET state = 'disabled', disabled_at = :now WHERE id = :id",
    }
    async with database.transaction() as tx:
        await tx.execute(text(ended[what]), {"now": clock.now(), "id": ground.owner.account_id})
    answer = await send(ground.owner, tap(clock.now(), ground.project.id))
    assert (answer.status_code, answer.json()["code"]) == (401, "mobile.session_ended")
    assert (await count_rows(database, ground.project.id))["punch"] == 0


@pytest.mark.parametrize(
    ("beyond_m", "language", "title", "advice"),
    [
        (5, "zh-CN", "在围栏外 5 米，未超出定位误差（精度 30 米），予以计入", "围栏在西方向约 5 米处。"),
        (
            5,
            "en",
            "5 m outside the fence, within the error of the position (accuracy 30 m): counted",
            "The fence lies about 5 m to the west.",
        ),
        (20, "zh-CN", "无法确定是否在围栏内", "围栏在西方向约 20 米处；请到开阔处"),
        (20, "en", "it is not certain that you are inside", "The fence lies about 20 m to the west. Go where"),
        (150, "zh-CN", "在围栏外 150 米", "请向西方向移动约 150 米后再打卡。"),
        (150, "en", "150 m outside the fence", "Move about 150 m to the west and check in again."),
    ],
)
async def test_who_is_not_inside_is_told_how_far_and_which_way(
    beyond_m: int, language: str, title: str, advice: str, ground: Ground, send: Tap, clock: ManualClock
) -> None:
    body = tap(clock.now(), ground.project.id, fixes=[fix(RADIUS_M + beyond_m, accuracy_m=30.0)])
    answer = await send(ground.owner, body, **{"Accept-Language": language})
    (reason,) = answer.json()["reasons"]
    assert title in reason["title"]
    assert advice in reason["advice"]
    assert (reason["numbers"]["distance_m"], reason["numbers"]["direction"]) == (beyond_m, "W")
