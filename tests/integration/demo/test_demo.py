"""The demo on a database of its own: what it counts, and that every figure it prints traces to punches."""

import stat
from collections import Counter
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import pytest

from backend.demo.accounts import accounts_file, read_accounts, tell_logins
from backend.demo.errors import DemoError
from backend.demo.findings import Findings, SourceTally
from backend.demo.layout import width_of
from backend.demo.phone_plan import Lesson
from backend.demo.running import run_demo
from backend.kit.clock import ManualClock
from backend.kit.keyring import MemoryKeyRing
from backend.settings import Settings
from tests.support.apps import client_of, running_app
from tests.support.databases import Databases

NOW = datetime(2026, 3, 17, 2, tzinfo=UTC)
DAY = date(2026, 3, 16)


@dataclass(frozen=True)
class Ran:
    settings: Settings
    keys: MemoryKeyRing
    findings: Findings
    printed: list[str]


def settings_of(url: str, folder: Path) -> Settings:
    outbox = folder / "sms.ndjson"
    return Settings(database_url=url, keys_dir=folder / "keys", environment="test", processes=1, sms_outbox=outbox)


@pytest.fixture(scope="module")
async def ran(anyio_backend: str, databases: Databases, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Ran]:
    del anyio_backend  # tests that are not async themselves need this one's loop
    with databases.clone("demo") as url:
        settings = settings_of(url, tmp_path_factory.mktemp("demo"))
        keys = MemoryKeyRing(datetime(2026, 3, 1, tzinfo=UTC))
        printed: list[str] = []
        findings = await run_demo(settings, NOW, "zh-CN", printed.append, keys=keys)
        assert findings is not None
        yield Ran(settings, keys, findings, printed)


def lessons(ran: Ran) -> dict[Lesson, tuple[int, dict[str, Any]]]:
    taps = ran.findings.played.taps
    return {one.tap.lesson: (one.answer.status, one.answer.body) for one in taps if one.tap.lesson is not None}


def test_what_was_sent_and_what_became_of_it(ran: Ran) -> None:
    assert ran.findings.played.day == DAY
    assert ran.findings.tallies == [
        SourceTally("phone", sent=43, counted=32, review=6, refused=2, replayed=1, conflict=1, rejected=1),
        SourceTally("gate", sent=80, counted=60, review=2, refused=1, replayed=14, conflict=1, rejected=2),
    ]
    assert len(ran.findings.ledger) == 32 + 6 + 2 + 60 + 2 + 1


def test_why(ran: Ran) -> None:
    assert {(tally.outcome, tally.code): tally.count for tally in ran.findings.reasons} == {
        ("counted", "decision.gate_passed"): 60,
        ("counted", "decision.inside_fence"): 33,
        ("review", "decision.person_unknown"): 1,
        ("review", "decision.time_quarantined"): 1,
        ("review", "decision.assignment_not_in_force"): 1,
        ("review", "decision.gate_site"): 1,
        ("review", "decision.mock_location"): 1,
        ("review", "decision.no_fix"): 1,
        ("review", "decision.uncertain_position"): 1,
        ("refused", "decision.gate_refused"): 1,
        ("refused", "decision.datum_suspected"): 1,
        ("refused", "decision.outside_fence"): 1,
    }


def test_what_goes_wrong_on_purpose_is_told(ran: Ran) -> None:
    told = lessons(ran)
    outcomes = {lesson: body["outcome"] for lesson, (status, body) in told.items() if status == 201}
    assert outcomes == {
        "retry": "counted",
        "wrong_datum": "refused",
        "right_datum": "counted",
        "ended_named": "review",
        "outside": "refused",
        "moved_back": "counted",
        "mock": "review",
        "gate_site": "review",
        "held": "review",
        "let_in": "counted",
        "no_fix": "review",
    }
    numbers = {lesson: body["reasons"][0]["numbers"] for lesson, (status, body) in told.items() if status == 201}
    assert numbers["outside"]["distance_m"] == pytest.approx(180, abs=5)
    assert numbers["wrong_datum"]["suspected_crs"] == "gcj02"
    assert numbers["wrong_datum"]["shift_m"] == pytest.approx(588, abs=2)


def test_the_same_event_again_is_the_first_receipt_and_other_content_a_conflict(ran: Ran) -> None:
    told = lessons(ran)
    first = next(one for one in ran.findings.played.taps if one.tap.event == "陆怀舟 morning")
    status, again = told["retry"]
    assert (status, again["replayed"], first.answer.body["replayed"]) == (201, True, False)
    receipt = ("punch_id", "received_at", "occurred_at", "outcome", "reasons")
    assert [again[name] for name in receipt] == [first.answer.body[name] for name in receipt]
    status, problem = told["changed"]
    assert (status, problem["code"]) == (409, "ledger.event_conflict")
    status, problem = told["ended"]
    assert (status, problem["code"], len(problem["candidates"])) == (409, "mobile.project_ambiguous", 1)


def test_a_batch_that_comes_twice_counts_once(ran: Ran) -> None:
    batches = {
        (one.delivery.gate.lane, one.delivery.note): Counter(item["status"] for item in one.results)
        for one in ran.findings.played.batches
        if one.delivery.note != "routine"
    }
    assert batches == {
        ("S1", "again"): {"duplicate": 2},
        ("E1", "late"): {"accepted": 11, "quarantined": 1, "rejected": 1},
        ("E1", "again"): {"duplicate": 12, "rejected": 1},
        ("E1", "mended"): {"accepted": 1},
        ("E1", "altered"): {"conflict": 1},
    }
    routine = [one for one in ran.findings.played.batches if one.delivery.note == "routine"]
    assert Counter(item["status"] for one in routine for item in one.results) == {"accepted": 50}


def test_late_passes_are_kept_with_both_times(ran: Ran) -> None:
    rows = {row["punch_id"]: row for row in ran.findings.ledger}
    late = next(one for one in ran.findings.played.batches if one.delivery.note == "late")
    for item, sent in zip(late.results, late.delivery.items, strict=True):
        if item["status"] == "accepted":
            row = rows[item["punch_id"]]
            assert datetime.fromisoformat(row["occurred_at"]) == datetime.fromisoformat(sent.device_time)
            assert datetime.fromisoformat(row["received_at"]) == late.delivery.at
            assert row["signals"] == ["stored"]


def test_a_gate_goes_down_phones_are_let_in_and_its_backlog_is_merged(ran: Ran) -> None:
    (outage,) = ran.findings.outages
    assert (outage["gate_name"], outage["kind"]) == ("东门一号闸机", "silent")
    assert (outage["end"]["cause"], outage["end"]["backlog"], outage["late_events"]) == ("recovered", 13, 12)
    kinds = [fact["kind"] for fact in ran.findings.gate_facts]
    assert kinds == ["outage_opened", "phones_let_in", "punches_ruled_again", "outage_ended", "phones_shut_out"]
    taps = {one.tap.lesson: one.answer.body for one in ran.findings.played.taps}
    codes = [reason["code"] for reason in taps["let_in"]["reasons"]]
    assert codes == ["decision.inside_fence", "decision.outage_path"]
    rows = {row["punch_id"]: row for row in ran.findings.ledger}
    # Held at first, counted since the outage is known; the one before the outage waits for a person.
    assert rows[taps["held"]["punch_id"]]["outcome"] == "counted"
    assert rows[taps["gate_site"]["punch_id"]]["outcome"] == "review"
    (fact,) = [one for one in ran.findings.gate_facts if one["kind"] == "punches_ruled_again"]
    assert fact["detail"]["punches"] == 1
    both = [row for row in ran.findings.on_post["tower"]["lines"] if row["person_name"] == "傅云开"]
    assert both[0]["sources"] == ["gate", "phone"]


def test_who_was_on_post(ran: Ran) -> None:
    line, tower = ran.findings.on_post["line"], ran.findings.on_post["tower"]
    for found in (line, tower):
        assert found["work_on"] == DAY.isoformat()
    figures = ("holders", "present", "valid", "vacant_posts")
    assert [line[name] for name in figures] == [14, 13, 11, 1]
    assert [tower[name] for name in figures] == [22, 20, 18, 1]
    by_name = {row["person_name"]: row for row in (*line["lines"], *tower["lines"])}
    assert {name for name, row in by_name.items() if name and not row["present"]} == {"贺松年", "尹逢春", "孔令田"}
    not_valid = {name for name, row in by_name.items() if row["present"] and not row["valid"]}
    assert not_valid == {"沈若川", "戚安澜", "毛立秋", "龙在野"}
    assert {name for name, row in by_name.items() if row["provisional"]} == {"沈若川"}
    assert "汤沐风" not in by_name  # his assignment ended the day before


def test_every_figure_of_the_list_traces_to_punches(ran: Ran) -> None:
    for found in ran.findings.on_post.values():
        for line in found["lines"]:
            own = [
                datetime.fromisoformat(row["occurred_at"])
                for row in ran.findings.ledger
                if line["person_id"] is not None
                and row["person_id"] == line["person_id"]
                and row["outcome"] == "counted"
            ]
            assert line["punches"] == len(own)
            first, last = (line[name] and datetime.fromisoformat(line[name]) for name in ("first_at", "last_at"))
            assert (first, last) == ((min(own), max(own)) if own else (None, None))


def test_a_night_shift_is_one_day(ran: Ran) -> None:
    day, entries = ran.findings.traced_day, ran.findings.traced_entries
    assert (day["work_on"], day["punches"], day["valid"]) == (DAY.isoformat(), 2, True)
    occurred = [datetime.fromisoformat(entry["punch"]["occurred_at"]) for entry in entries]
    assert [entry["punch"]["punch_id"] for entry in entries] == day["entries"]
    assert [at.astimezone(UTC).isoformat() for at in occurred] == [
        "2026-03-16T14:02:02+00:00",  # 22:02 in Wuhan
        "2026-03-16T19:24:02+00:00",  # 03:24 on the next calendar day
    ]
    assert day["span_s"] == (occurred[1] - occurred[0]).total_seconds()


def test_times_of_receipt_are_those_of_the_day(ran: Ran) -> None:
    received = [datetime.fromisoformat(row["received_at"]) for row in ran.findings.ledger]
    assert min(received).isoformat() == "2026-03-15T22:54:00+00:00"  # 06:54 in Wuhan
    assert max(received).isoformat() == "2026-03-16T19:31:02+00:00"  # 03:31 on the next calendar day


def test_the_misprint_was_found_by_the_dry_run(ran: Ran) -> None:
    assert any("第 9 行“证件号码”一栏" in line for line in ran.printed)


def test_the_report_speaks_and_its_tables_line_up(ran: Ran) -> None:
    place = next(index for index, line in enumerate(ran.printed) if line.startswith("来源"))
    table = ran.printed[place : place + 5]
    assert [line.split() for line in table[2:]] == [
        ["手机", "43", "32", "6", "2", "1", "1", "1"],
        ["闸机", "80", "60", "2", "1", "14", "1", "2"],
        ["合计", "123", "92", "8", "3", "15", "2", "3"],
    ]
    assert len({width_of(line) for line in table}) == 1
    # A message without an entry in the catalogue would show its code.
    assert not [line for line in ran.printed if "demo." in line]


async def test_a_second_time_it_does_nothing(ran: Ran) -> None:
    printed: list[str] = []
    assert await run_demo(ran.settings, NOW, "en", printed.append, keys=ran.keys) is None
    assert printed == [
        "This database holds the demo already; nothing was changed. `daogang demo --logins` shows the accounts"
    ]


async def test_the_log_ins_are_private_and_work(ran: Ran, tmp_path: Path) -> None:
    outbox = ran.settings.sms_outbox
    assert outbox is not None
    assert stat.S_IMODE(accounts_file(outbox).stat().st_mode) == 0o600
    kept = read_accounts(outbox)
    assert kept is not None
    assert {one.username for one in kept.accounts} == {
        "operator",
        "city",
        "donghu",
        "line11",
        "tower",
        "supervisor11",
        "auditor",
    }
    printed: list[str] = []
    await tell_logins(ran.settings, "en", printed.append)
    async with (
        running_app(ran.settings.database_url, tmp_path, clock=ManualClock(NOW), keys=ran.keys) as app,
        client_of(app) as client,
    ):
        for one in kept.accounts:
            assert any(one.username in line and one.password in line for line in printed)
            body = {"username": one.username, "password": one.password}
            answer = await client.post("/admin/v1/session", json=body)
            assert (answer.status_code, answer.json()["roles"]) == (201, [one.role])


@asynccontextmanager
async def asking_as(
    ran: Ran, username: str, folder: Path
) -> AsyncGenerator[Callable[[str], Awaitable[dict[str, Any]]]]:
    """Run the server on the demo's database the morning after, and give what asks it in somebody's name."""
    kept = read_accounts(ran.settings.sms_outbox or folder)
    assert kept is not None
    password = next(one.password for one in kept.accounts if one.username == username)
    async with (
        running_app(ran.settings.database_url, folder, clock=ManualClock(NOW), keys=ran.keys) as app,
        client_of(app) as client,
    ):
        log_in = {"username": username, "password": password}
        token = (await client.post("/admin/v1/session", json=log_in)).json()["access_token"]

        async def told(path: str) -> dict[str, Any]:
            answer = await client.get(f"/admin/v1{path}", headers={"Authorization": f"Bearer {token}"})
            assert answer.status_code == 200, answer.text
            return answer.json()

        yield told


async def test_its_day_has_a_bulletin_requests_wait_and_everything_is_sealed(ran: Ran, tmp_path: Path) -> None:
    async with asking_as(ran, "city", tmp_path) as told:
        (bulletin,) = (await told("/bulletins"))["items"]
        content = (await told(f"/bulletins/{bulletin['id']}"))["content"]
        waiting = (await told("/requests?which=mine"))["items"]
        head = await told("/ledger/head")
    assert (bulletin["kind"], bulletin["from_on"]) == ("daily", DAY.isoformat())
    assert [one["name"] for one in content["rule_sets"]] == ["武汉到岗规则（演示）"]
    assert (content["totals"]["all_posts"]["valid"], content["totals"]["all_posts"]["due"]) == (18, 22)
    assert Counter(one["kind"] for one in waiting) == {"leave": 1, "make_up": 1}
    assert head["size"] == content["ledger"]["log_size"] == len(ran.findings.ledger) + 1, (
        "a ruling after the outage too"
    )


async def test_an_alert_waits_to_be_acknowledged(ran: Ran, tmp_path: Path) -> None:
    """The simulated position of the day, judged by the rule and nobody else: not put in by hand."""
    async with asking_as(ran, "donghu", tmp_path) as told:
        inbox = await told("/alerts")
        (entry,) = inbox["items"]
        (alert,) = (await told(f"/alerts/{entry['id']}"))["alerts"]
        (evidence,) = [one["path"] for one in alert["evidence"]]
        punch = await told(evidence.removeprefix("/admin/v1"))
    assert (entry["kind"], entry["state"], inbox["unread"]) == ("forgery_signs", "open", 1)
    assert "童晓峰" in alert["title"]
    assert punch["punch"]["signals"] == ["mock_location"], punch


async def test_other_data_is_left_alone(databases: Databases, tmp_path: Path) -> None:
    keys = MemoryKeyRing(datetime(2026, 3, 1, tzinfo=UTC))
    with databases.clone("foreign") as url:
        async with running_app(url, tmp_path, clock=ManualClock(NOW), keys=keys) as app:
            from backend.identity.accounts import StaffOpening
            from backend.identity.roles import Role
            from backend.staff import open_first_staff

            state = app.state
            opening = StaffOpening("somebody", "某人")
            services = state.wiring.identity
            await open_first_staff(state.database, opening, Role.OPERATOR, clock=state.clock, services=services)
        settings = settings_of(url, tmp_path)
        with pytest.raises(DemoError) as refusal:
            await run_demo(settings, NOW, "zh-CN", print, keys=keys)
        assert refusal.value.code == "demo.not_empty"
        printed: list[str] = []
        await tell_logins(settings, "zh-CN", printed.append)
        assert printed == ["此数据库中没有演示，因此没有演示账号；首个管理员用 `daogang staff add` 开通"]


async def test_a_demo_that_broke_off_is_not_taken_for_a_whole_one(
    fresh_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def breaks_off(*_: object) -> None:
        raise DemoError("demo.no_sms", outbox="-")

    monkeypatch.setattr("backend.demo.running.play_day", breaks_off)
    settings, keys = settings_of(fresh_database, tmp_path), MemoryKeyRing(datetime(2026, 3, 1, tzinfo=UTC))
    for code in ("demo.no_sms", "demo.unfinished"):
        with pytest.raises(DemoError) as refusal:
            await run_demo(settings, NOW, "zh-CN", print, keys=keys)
        assert refusal.value.code == code


async def test_without_an_outbox_it_says_what_it_needs(fresh_database: str, tmp_path: Path) -> None:
    settings = Settings(database_url=fresh_database, keys_dir=tmp_path)
    with pytest.raises(DemoError) as refusal:
        await run_demo(settings, NOW, "zh-CN", print)
    assert refusal.value.code == "demo.needs_outbox"
