"""Outages of gates: found once, whenever somebody looks; what they let in; how they end (case 24 of the gates page)."""

import asyncio
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from sqlalchemy import text, update

from backend.gates.model import Gate
from backend.gates.outages import ruling_again
from backend.gates.outages.watching import watch_gates
from backend.gates.state import leave_sign, send_touch
from backend.gates.tables import GateDevice
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyring import MemoryKeyRing
from tests.integration.gates.gate_site import Device, make_device
from tests.integration.gates.outage_site import OutageSite
from tests.support.factories import make_policy
from tests.support.phones import fix


async def add_gate(site: OutageSite, keys: MemoryKeyRing, **changes: Any) -> Device:
    """Add a gate at the same entrance, alive from now on."""
    async with site.database.transaction() as tx:
        device = await make_device(tx, site.client, site.clock, keys, site.project_id, site.ground.staff_id)
        if changes:
            await tx.execute(update(GateDevice).where(GateDevice.id == device.id).values(**changes))
    await site.beat(device)
    return device


async def set_policy(site: OutageSite, **body: Any) -> None:
    async with site.database.transaction() as tx:
        await make_policy(tx, site.project_id, site.ground.staff_id, body)


async def test_24_silence_in_working_hours_is_one_outage_with_one_recovery(outage_site: OutageSite) -> None:
    site = outage_site
    await site.live(5)
    last = site.clock.now()
    await site.watch()
    site.wait(3)
    await site.watch()
    assert await site.outages() == []
    site.wait(0.1)
    for _ in range(3):
        await site.watch()
    (outage,) = await site.outages()
    assert (outage["kind"], outage["from_at"], outage["last_sign_at"]) == ("silent", last, last)
    assert outage["recorded_at"] == site.clock.now()
    assert outage["evidence"]["limit_s"] == 180
    assert await site.facts() == ["outage_opened", "phones_let_in"]

    site.wait(60)
    oldest = last + timedelta(minutes=7)
    await site.beat(backlog=41, oldest_unsent_at=oldest.isoformat())
    back = site.clock.now()
    for _ in range(3):
        await site.watch()
        await site.live(1)
    (outage,) = await site.outages()
    assert (outage["ended_at"], outage["cause"]) == (back, "recovered")
    assert (outage["backlog"], outage["oldest_event_at"]) == (41, oldest)
    assert await site.facts() == ["outage_opened", "phones_let_in", "outage_ended", "phones_shut_out"]
    (ended,) = await site.rows("SELECT detail FROM gate_fact WHERE project_id = :project_id AND kind = 'outage_ended'")
    assert ended["detail"]["oldest_event_age_s"] == (back - oldest).total_seconds()
    await site.live(10)
    await site.watch()
    assert len(await site.outages()) == 1


async def test_24_a_gate_without_power_by_night_is_not_down(outage_site: OutageSite) -> None:
    site = outage_site
    site.clock.set(datetime(2026, 3, 16, 13, 30, tzinfo=UTC))  # 21:30 on the site
    await site.live(29)
    await site.watch()
    # That nothing was heard between the fixture's morning and this evening was an outage.
    assert len(await site.outages()) == 1
    for _ in range(15):
        site.wait(30)
        await site.watch()
    assert site.clock.now() == datetime(2026, 3, 16, 21, 29, tzinfo=UTC)
    site.clock.set(datetime(2026, 3, 16, 22, 2, tzinfo=UTC))  # 06:02 on the next day
    await site.beat()
    await site.watch()
    assert len(await site.outages()) == 1


async def test_24_planned_power_off_in_working_hours_opens_nothing(outage_site: OutageSite) -> None:
    site = outage_site
    noon = {"from_at": "10:00:00", "to_at": "14:00:00"}
    await set_policy(site, power_off=[noon])
    await site.live(29)  # until 09:59
    for _ in range(24):
        site.wait(10)
        await site.watch()
    assert await site.outages() == []
    site.wait(5)
    await site.watch()
    (outage,) = await site.outages()
    assert outage["from_at"] == datetime(2026, 3, 16, 6, tzinfo=UTC)  # 14:00 on the site


async def test_a_gate_that_does_not_come_back_in_the_morning_is_down_since_the_hours_began(
    outage_site: OutageSite,
) -> None:
    site = outage_site
    site.clock.set(datetime(2026, 3, 16, 13, 59, tzinfo=UTC))
    await site.beat()
    last = site.clock.now()
    site.clock.set(datetime(2026, 3, 16, 22, 4, tzinfo=UTC))
    await site.watch()
    found = [one for one in await site.outages() if one["last_sign_at"] == last]
    assert [one["from_at"] for one in found] == [datetime(2026, 3, 16, 22, tzinfo=UTC)]


async def test_an_outage_that_is_over_when_the_job_looks_again_is_found_all_the_same(outage_site: OutageSite) -> None:
    site = outage_site
    await site.live(5)
    await site.watch()
    last = site.clock.now()
    site.wait(40)
    await site.beat(backlog=7)
    back = site.clock.now()
    await site.live(30)
    await site.watch()
    await site.watch()
    (outage,) = await site.outages()
    assert (outage["from_at"], outage["ended_at"], outage["backlog"]) == (last, back, 7)
    assert outage["recorded_at"] == outage["end_recorded_at"] == site.clock.now()
    (path,) = await site.paths()
    assert (path["from_at"], path["until_at"]) == (last, back)
    assert await site.facts() == ["outage_opened", "outage_ended", "phones_let_in", "phones_shut_out"]


async def test_events_are_signs_of_life_too(outage_site: OutageSite) -> None:
    site = outage_site
    await site.watch()
    for _ in range(10):
        site.wait(2.5)
        await site.device.deliver(site.device.event(site.ground.owner.person_id))
    await site.watch()
    assert await site.outages() == []


async def test_a_repeated_batch_as_last_sign_opens_one_outage(outage_site: OutageSite) -> None:
    """A repetition leaves no row: what was heard then is known from the device's state alone, until the next sign."""
    site = outage_site
    event = site.device.event(site.ground.owner.person_id)
    await site.device.deliver(event)
    site.wait(1.5)
    await site.device.deliver(event)
    site.wait(3.5)
    await site.watch()
    site.wait(5)
    await site.live(5)
    await site.watch()
    await site.watch()
    (outage,) = await site.outages()
    assert outage["cause"] == "recovered"


@pytest.mark.parametrize("every", [1, 25])
async def test_polls_of_a_terminal_are_signs_of_life_however_rarely_somebody_looks(
    outage_site: OutageSite, every: int
) -> None:
    """They are no heartbeats of ours and bring no events: all that they leave is that the terminal was alive."""
    site = outage_site
    gate = Gate(
        project_id=site.project_id,
        device_id=site.device.id,
        device_state="active",
        lane="1",
        default_direction="in",
        paired_at=None,
        heartbeat_interval_s=60,
        time_zone="Asia/Shanghai",
        cutover=time(4),
        policy_version=None,
        data_key_id=None,
        wrapped_data_key=None,
        vendor="zkteco",
        serial_no="SN1",
        mac=None,
        device_time_zone="Asia/Shanghai",
        zone_form="hours",
        config_rev=1,
        wants_photos=False,
    )

    async def poll() -> None:
        now = site.clock.now()
        async with site.database.connection() as connection, connection.transaction():
            await send_touch(connection, gate, now, skews_s=(), last_event_at=None)
            await leave_sign(connection, gate, now)

    await site.watch()
    for count in range(150):
        site.wait(10 / 60)
        await poll()
        if count % (6 * every) == 0:
            await site.watch()
    await site.watch()
    assert await site.outages() == []
    last = site.clock.now()
    site.wait(10)
    for _ in range(30):
        await poll()
        site.wait(10 / 60)
    await site.watch()
    (outage,) = await site.outages()
    assert abs(outage["from_at"] - last) <= timedelta(seconds=30)
    assert outage["cause"] == "recovered"


async def test_a_healthy_site_is_looked_at_seldom_and_at_once_when_a_gate_falls_silent(
    outage_site: OutageSite,
) -> None:
    site = outage_site

    async def looked_at() -> datetime:
        (watch,) = await site.rows("SELECT looked_at FROM gate_watch WHERE project_id = :project_id")
        return watch["looked_at"]

    await watch_gates(site.database, site.clock)
    first = await looked_at()
    assert first == site.clock.now()
    for _ in range(5):
        await site.live(1)
        await watch_gates(site.database, site.clock)
        assert await looked_at() == first
    await site.live(1)
    await watch_gates(site.database, site.clock)
    assert await looked_at() == site.clock.now()
    for _ in range(4):
        site.wait(1)
        await watch_gates(site.database, site.clock)
    assert [one["cause"] for one in await site.outages()] == [None]
    down = await looked_at()
    for _ in range(2):
        site.wait(1)
        await watch_gates(site.database, site.clock)
        assert await looked_at() == down, "where nothing is heard nothing changes"
    await site.beat()
    await watch_gates(site.database, site.clock)
    assert [one["cause"] for one in await site.outages()] == ["recovered"]


async def test_two_who_look_at_once_record_it_once(outage_site: OutageSite) -> None:
    site = outage_site
    await site.live(3)
    site.wait(10)
    await asyncio.gather(*(site.watch() for _ in range(4)))
    assert await site.facts() == ["outage_opened", "phones_let_in"]
    await site.beat()
    await asyncio.gather(*(site.watch() for _ in range(4)))
    assert (await site.facts())[2:] == ["outage_ended", "phones_shut_out"]


async def test_phones_are_let_in_when_no_gate_of_an_entrance_works(
    outage_site: OutageSite, keys: MemoryKeyRing
) -> None:
    site = outage_site
    second = await add_gate(site, keys)
    assert await site.tapped() == ("review", ["decision.gate_site", "decision.inside_fence"])
    await site.live(1, site.device, second)
    await site.live(5, second)
    await site.watch()
    assert [one["device_id"] for one in await site.outages()] == [site.device.id]
    assert await site.tapped(site.ground.owners[1]) == ("review", ["decision.gate_site", "decision.inside_fence"])
    site.wait(5)
    await site.watch()
    answer = await site.tap()
    assert answer.json()["outcome"] == "counted"
    (path,) = await site.paths()
    told = next(one for one in answer.json()["reasons"] if one["code"] == "decision.outage_path")
    assert told["numbers"] == {"path_id": str(path["id"]), "entrance": "东门"}
    # Fence and evidence still hold.
    outcome, codes = await site.tapped(site.ground.owners[2], fixes=[fix(east_m=900)])
    assert (outcome, codes) == ("refused", ["decision.outside_fence", "decision.outage_path"])
    await site.beat(second)
    await site.watch()
    assert await site.tapped() == ("review", ["decision.gate_site", "decision.inside_fence"])


async def test_a_blocked_gate_opens_nothing_and_ends_its_outage(outage_site: OutageSite) -> None:
    site = outage_site
    site.wait(10)
    await site.watch()
    assert (await site.tapped())[0] == "counted"
    async with site.database.transaction() as tx:
        await tx.execute(update(GateDevice).where(GateDevice.id == site.device.id).values(state="blocked"))
    await site.watch()
    assert [one["cause"] for one in await site.outages()] == ["out_of_use"]
    assert (await site.tapped(site.ground.owners[1]))[1][0] == "decision.gate_site"


async def test_a_gate_that_was_never_heard_of_opens_nothing(
    outage_site: OutageSite, keys: MemoryKeyRing, database: Database
) -> None:
    """Whoever registers a gate that does not exist must not open the site to phones."""
    site = outage_site
    async with database.transaction() as tx:
        device = await make_device(tx, site.client, site.clock, keys, site.project_id, site.ground.staff_id)
        await tx.execute(update(GateDevice).where(GateDevice.id == device.id).values(entrance="不存在的门"))
    await site.live(30)
    await site.watch()
    assert await site.outages() == await site.paths() == []


async def test_punches_of_before_it_was_known_are_ruled_anew_once(outage_site: OutageSite) -> None:
    site = outage_site
    first, second, third = site.ground.owners
    await site.live(3)
    before = await site.tap(first)
    site.wait(1)
    held = await site.tap(second)
    outside = await site.tap(third, fixes=[fix(east_m=900)])
    site.wait(1)
    vague = await site.tap(third, fixes=[fix(accuracy_m=150.0, east_m=200)])
    assert {answer.json()["outcome"] for answer in (before, held)} == {"review"}
    site.wait(2)
    await site.watch()
    await site.rule_again()
    site.wait(2)
    await site.rule_again()
    await site.rule_again()
    found = {str(one["punch_id"]): one for one in await site.states()}

    def stands(answer: Any) -> tuple[str, int, list[str]]:
        one = found[answer.json()["punch_id"]]
        return one["outcome"], one["seq"], [reason["code"] for reason in one["reasons"]]

    # The first tap was made the instant of the last sign of life, which belongs to the outage.
    assert stands(before) == ("counted", 2, ["decision.inside_fence", "decision.outage_path"])
    assert stands(held) == ("counted", 2, ["decision.inside_fence", "decision.outage_path"])
    assert stands(outside) == ("refused", 2, ["decision.outside_fence", "decision.outage_path"])
    assert stands(vague)[1:] == (2, ["decision.uncertain_position", "decision.outage_path"])
    assert all(one["ruled_by"] is None for one in found.values())
    (path,) = await site.paths()
    assert path["ruled"] == 4
    assert path["settled_at"] is not None
    assert (await site.facts()).count("punches_ruled_again") == 1
    assert {(day["person_id"], day["punches"]) for day in await site.days()} >= {
        (first.person_id, 1),
        (second.person_id, 1),
    }


async def test_what_is_held_between_two_outages_of_one_gate_is_ruled_anew_too(
    outage_site: OutageSite, keys: MemoryKeyRing
) -> None:
    """A declared outage expires while the gate is silent already, which is known only minutes later."""
    site = outage_site
    admin = await site.officer(keys)
    expires_at = site.clock.now() + timedelta(minutes=10)
    body = {"gate_ids": [str(site.device.id)], "reason": "断电", "expires_at": expires_at.isoformat()}
    await admin.take("POST", "/gate-outages", body)
    await site.live(9)
    site.wait(1.5)
    held = await site.tap()
    assert held.json()["outcome"] == "review"
    site.wait(3)
    for _ in range(3):
        await site.watch()
        await site.rule_again()
    site.wait(2)
    await site.rule_again()
    (state,) = await site.states()
    assert (state["outcome"], state["seq"]) == ("counted", 2)
    first, second = await site.paths()
    assert first["until_at"] == second["from_at"] == expires_at
    assert second["until_at"] is None


async def test_blocking_the_gate_that_works_lets_nobody_in_for_the_time_before(
    outage_site: OutageSite, keys: MemoryKeyRing
) -> None:
    site = outage_site
    second = await add_gate(site, keys)
    await site.live(10, second)
    assert (await site.tapped())[0] == "review"
    last = site.clock.now()
    site.wait(1)
    async with site.database.transaction() as tx:
        await tx.execute(update(GateDevice).where(GateDevice.id == second.id).values(state="blocked"))
    await site.watch()
    (path,) = await site.paths()
    assert path["from_at"] == last
    assert (await site.tapped(site.ground.owners[1]))[0] == "counted"


class _Killed(Exception):
    """The process ended."""


@pytest.mark.parametrize("before", ["INSERT INTO ruling", "UPDATE phone_path", "COMMIT"])
async def test_a_worker_that_is_killed_rules_once_all_the_same(
    outage_site: OutageSite, before: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = outage_site
    site.wait(1)
    for owner in site.ground.owners:
        assert (await site.tapped(owner))[0] == "review"
    site.wait(5)
    await site.watch()
    plain = ruling_again.take_step

    async def killed(tools: Any, connection: Any, *rest: Any) -> bool:
        execute = connection.execute

        async def die(statement: str, *values: Any, **options: Any) -> Any:
            if before in statement:
                raise _Killed
            return await execute(statement, *values, **options)

        with monkeypatch.context() as patched:
            patched.setattr(connection, "execute", die)
            await plain(tools, connection, *rest)
        raise _Killed

    with monkeypatch.context() as patched:
        patched.setattr(ruling_again, "take_step", killed)
        with pytest.raises(_Killed):
            await site.rule_again()
    assert {state["seq"] for state in await site.states()} == {1}
    await asyncio.gather(site.rule_again(), site.rule_again())
    site.wait(2)
    await site.rule_again()
    assert [(state["outcome"], state["seq"]) for state in await site.states()] == [("counted", 2)] * 3
    (path,) = await site.paths()
    assert path["ruled"] == 3


async def test_what_a_person_decided_in_between_stands(outage_site: OutageSite, database: Database) -> None:
    site = outage_site
    await site.live(2)
    site.wait(1)
    answer = await site.tap()
    punch_id = answer.json()["punch_id"]
    statement = (
        "WITH ruled AS (INSERT INTO ruling (project_id, ruled_at, ruling_id, punch_id, seq, outcome, reasons, "
        "policy_version, ruled_by, note) SELECT project_id, :now, gen_random_uuid(), punch_id, 2, 'refused', '[]', 0, "
        ":by, '查无此人' FROM punch_status WHERE punch_id = :punch_id RETURNING *) "
        "UPDATE punch_status s SET ruling_id = r.ruling_id, seq = 2, outcome = 'refused' FROM ruled r "
        "WHERE s.project_id = r.project_id AND s.punch_id = r.punch_id"
    )
    async with database.transaction() as tx:
        await tx.execute(text(statement), {"now": site.clock.now(), "by": site.ground.staff_id, "punch_id": punch_id})
    site.wait(5)
    await site.watch()
    await site.rule_again()
    (state,) = await site.states()
    assert (state["outcome"], state["seq"]) == ("refused", 2)


@pytest.mark.parametrize("looks", [1, 2])
async def test_a_gate_that_is_alive_but_passes_nobody_is_mute(outage_site: OutageSite, looks: int) -> None:
    """09:30 to 11:30: people are assigned and the gate never passed anybody since it was set up."""
    site = outage_site
    await site.watch()
    for _ in range(looks):
        await site.live(119 // looks)
        await site.watch()
    assert await site.outages() == []
    await site.live(3)
    await site.watch()
    (outage,) = await site.outages()
    assert outage["kind"] == "mute"
    assert outage["evidence"]["people_assigned"] == 3
    assert (await site.tapped())[0] == "counted"
    await site.device.deliver(site.device.event(site.ground.owner.person_id))
    await site.watch()
    (outage,) = await site.outages()
    assert (outage["cause"], outage["ended_at"]) == ("recovered", site.clock.now())


async def test_a_lull_where_nobody_usually_passes_is_no_muteness(outage_site: OutageSite) -> None:
    site = outage_site
    await site.device.deliver(site.device.event(site.ground.owner.person_id))
    await site.live(150)
    await site.watch()
    assert await site.outages() == []


async def test_whom_the_gate_did_not_let_in_does_not_end_muteness(outage_site: OutageSite) -> None:
    site = outage_site
    await site.live(125)
    await site.watch()
    await site.device.deliver(site.device.event(site.ground.owner.person_id, granted=False))
    await site.watch()
    assert [one["cause"] for one in await site.outages()] == [None]


async def test_night_hours_and_other_zones_are_the_sites_own(outage_site: OutageSite, clock: ManualClock) -> None:
    site = outage_site
    whole_day = {"from_at": time(0).isoformat(), "to_at": time(0).isoformat()}
    await set_policy(site, working_hours=[whole_day], mute_after_s=0)
    clock.set(datetime(2026, 3, 16, 18, tzinfo=UTC))  # 02:00 on the site
    await site.beat()
    site.wait(5)
    await site.watch()
    assert "silent" in {one["kind"] for one in await site.outages() if one["cause"] is None}
