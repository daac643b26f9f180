"""Evidence packs that somebody checks with a bare Python, and who gets them."""

import importlib
import io
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, replace
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest
from httpx import AsyncClient
from sqlalchemy import select

from backend.attendance.person_days import send_fold, settle_fold
from backend.identity.roles import ROLE_SCOPES, Role
from backend.identity.services import make_identity_services
from backend.identity.tables import AuditEvent
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.kit.keyring import MemoryKeyRing
from backend.ledger.model import Entry
from backend.ledger.rulings import NewRuling, write_ruling
from backend.reports.packs.making import Asked, PackTools, make_for_staff
from backend.reports.rendering.renderer import Renderer
from tests.integration.reports.conftest import Attend, Quarter
from tests.support.databases import Databases
from tests.support.factories import MadeSite, bearer, make_officer, make_site
from tests.support.ledgers import append, entry
from tests.support.liveness import actor_of
from tests.support.pdfs import pages_of
from tests.support.seals import AT, SealedLedger, sealed_ledger
from tools.house import ROOT

pytestmark = pytest.mark.anyio
PACKS, SEALS = ROOT / "backend/reports/packs", ROOT / "backend/ledger/seals"
MONTH = {"month": "2026-03", "purpose": "劳动争议举证"}


@dataclass
class Archive:
    """A site whose ledger is sealed, and somebody who may ask for packs of its manager."""

    ledger: SealedLedger
    site: MadeSite
    tools: PackTools
    actor: Actor

    async def pack(self) -> bytes:
        asked = Asked(
            project_id=self.site.project.id,
            person_id=self.site.people["project_manager"].id,
            language="zh-CN",
            **MONTH,
        )
        return await make_for_staff(self.tools, self.actor, asked)

    async def punch(self, hours_ago: int, **known: object) -> Entry:
        at = AT - timedelta(hours=hours_ago)
        person_id = self.site.people["project_manager"].id
        one = entry(self.site.project.id, person_id, at, **known)  # type: ignore[arg-type] - fields by name
        await append(self.ledger.database, [one], AT)
        return one


@pytest.fixture(scope="module")
async def archive(databases: Databases) -> AsyncIterator[Archive]:
    keys, clock = MemoryKeyRing(AT), ManualClock(AT)
    services = make_identity_services(keys, clock, None, sms_console=False)
    with databases.clone("packs") as url:
        async with sealed_ledger(url) as ledger:
            site = await make_site(ledger.database, keys, posts=(("009", "project_manager"),))
            tools = PackTools(database=ledger.database, renderer=Renderer(), services=services, clock=clock)
            city = await make_officer(ledger.database, "city")
            actor = replace(actor_of(city), roles=frozenset({"city"}), scopes=ROLE_SCOPES[Role.CITY])
            found = Archive(ledger, site, tools, actor)
            await found.punch(76, direction="in", signals=("mock_location", "重复坐标"), covered=True, probability=0.75)
            seen = await found.punch(68, direction="out", outcome="review")
            await found.punch(30, outcome="refused", reasons=({"code": "decision.outside_fence", "distance_m": 182},))
            await found.punch(24 * 9000, time_quality="quarantined", received_at=AT, outcome="review")
            await _rule(ledger, seen)
            await ledger.seal()
            yield found


async def _rule(ledger: SealedLedger, one: Entry) -> None:
    """Count a punch, and say whose it is, as named persons do."""
    by, attribution_id = new_id(AT), new_id(AT)
    ruling = NewRuling(
        project_id=one.project_id, punch_id=one.punch_id, seq=1, outcome="counted", by=by, note="看过录像"
    )
    async with ledger.database.connection() as connection, connection.transaction():
        day = await write_ruling(connection, ruling, AT)
        assert day is not None
        await settle_fold(await send_fold(connection, {day}, AT))
        await connection.execute(
            "INSERT INTO attribution (project_id, made_at, attribution_id, punch_id, person_id, made_by, reason)"
            " VALUES (%s, %s, %s, %s, %s, %s, '工号已绑定')",
            (one.project_id, AT, attribution_id, one.punch_id, one.person_id, by),
        )
        await connection.execute(
            "INSERT INTO ledger_outbox (project_id, kind, entry_id, recorded_at) VALUES (%s, 'attribution', %s, %s)",
            (one.project_id, attribution_id, AT),
        )


def check(folder: Path, script: str, *names: str) -> tuple[int, str]:
    """Run a script of the pack with Python's own library and nothing else: -S hides every installed package."""
    said = subprocess.run(
        [sys.executable, "-S", "-E", script, *names],
        cwd=folder,
        env={"PATH": os.defpath},
        check=False,
        capture_output=True,
        text=True,
        encoding="utf-8",
    )
    return said.returncode, said.stdout + said.stderr


async def unpacked(archive: Archive, folder: Path) -> Path:
    with ZipFile(io.BytesIO(await archive.pack())) as found:
        assert found.testzip() is None
        found.extractall(folder)
    return folder


@pytest.fixture(scope="module")
async def whole(archive: Archive, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a pack in which everything is sealed."""
    return await unpacked(archive, tmp_path_factory.mktemp("whole"))


async def test_a_pack_holds_without_us(whole: Path) -> None:
    status, said = check(whole, "check_pack.py")
    assert status == 0, said
    assert "All 6 rows of 4 entries are in the log" in said
    assert "The keys came with the pack" in said
    kept = whole.parent / "kept-keys.json"
    kept.write_bytes((whole / "keys.json").read_bytes())
    status, said = check(whole, "check_pack.py", str(kept))
    assert (status, "came with the pack" in said) == (0, False)
    status, said = check(whole, "check_proof.py", "proof.json", "keys.json")
    assert status == 0, said


async def test_a_pack_says_each_day_with_its_entries_and_why(whole: Path) -> None:
    month = json.loads((whole / "person-month.json").read_text())
    (rate,) = month["rates"]
    assert rate["post_kind"] == "project_manager"
    days = {day["on"]: day for day in rate["days"]}
    assert [one["outcome"] for one in days["2026-03-13"]["entries"]] == ["counted", "counted"]
    assert days["2026-03-13"]["credit"] == 1000
    assert [one["on"] for one in month["entries"]].count(None) == 1, "of no day, and not left out"
    counted = month["entries"][2]
    assert [one["columns"]["outcome"] for one in counted["rulings"]] == ["review", "counted"]
    assert counted["attributions"][0]["columns"]["reason"] == "工号已绑定"
    assert month["unsealed"] == 0
    number = month["person"]["document_number"]
    assert number[6:14] == "********"
    text = "".join(pages_of((whole / "evidence.pdf").read_bytes()))
    for words in ("考勤证据包", "2026年3月", "看过录像", "未认定", "时间不可信", "如何核验", number):
        assert words in text, words
    assert sha256((whole / "person-month.json").read_bytes()).hexdigest() in text
    assert month["log"]["root"] in text
    assert "check_pack.py KEYS.json" in (whole / "README.txt").read_text()


def _flip(path: Path, place: int) -> None:
    content = bytearray(path.read_bytes())
    content[place] ^= 1
    path.write_bytes(bytes(content))


def _in_month(change: Callable[[dict[str, Any]], object]) -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        path = folder / "person-month.json"
        month = json.loads(path.read_text())
        change(month)
        path.write_text(json.dumps(month, ensure_ascii=False))

    return make


def _byte_of(words: str, name: str = "person-month.json") -> Callable[[Path], None]:
    def make(folder: Path) -> None:
        content = (folder / name).read_bytes()
        _flip(folder / name, content.index(words.encode()) + len(words.encode()) - 1)

    return make


def _leaf(folder: Path) -> None:
    proof = json.loads((folder / "proof.json").read_text())
    leaf = proof["entries"][1]["leaf"]
    proof["entries"][1]["leaf"] = leaf[:60] + ("A" if leaf[60] != "A" else "B") + leaf[61:]
    (folder / "proof.json").write_text(json.dumps(proof))


FORGERIES: dict[str, Callable[[Path], None]] = {
    "a byte of an entry": _byte_of('"event_key": "'),
    "a byte of a signal": _byte_of("mock_locatio"),
    "a byte of an instant": _byte_of('"occurred_at": "2026-03-1'),
    "a byte of a note": _byte_of("看过录"),
    "a byte of a leaf": _leaf,
    "a byte of the head": _byte_of("signed_at 2026-03-1", "head.txt"),
    "an outcome": _in_month(lambda month: month["entries"][3].update(outcome="counted")),
    "a first ruling": _in_month(lambda month: month["entries"][3]["rulings"][0]["columns"].update(outcome="counted")),
    "a ruling left out": _in_month(lambda month: month["entries"][2]["rulings"].pop()),
    "an attribution left out": _in_month(lambda month: month["entries"][2]["attributions"].pop()),
    "an entry left out": _in_month(lambda month: month["entries"].pop(1)),
    "an entry twice": _in_month(lambda month: month["entries"].append(month["entries"][1])),
    "an entry said to wait": _in_month(lambda month: month["entries"][1]["punch"].update(leaf=None)),
    "another instant": _in_month(lambda month: month["entries"][1].update(counts_at="2026-03-12T00:00:00Z")),
    "another person": _in_month(lambda month: month["person"].update(id="01a1f2a9-8b80-7fa0-b4e2-d5e23bd9901a")),
    "another day's list": _in_month(lambda month: month["rates"][0]["days"][12]["entries"].pop()),
    "another log": _in_month(lambda month: month["log"].update(size=99)),
}


def forged(whole: Path, folder: Path, what: str) -> Path:
    for file in whole.iterdir():
        if file.is_file():
            (folder / file.name).write_bytes(file.read_bytes())
    FORGERIES[what](folder)
    return folder


async def test_one_changed_byte_of_an_entry_shows(whole: Path, tmp_path: Path) -> None:
    status, said = check(forged(whole, tmp_path, "a byte of an entry"), "check_pack.py")
    assert (status, "DOES NOT HOLD" in said) == (1, True), said


@pytest.mark.parametrize("what", FORGERIES)
async def test_what_was_altered_does_not_hold(
    what: str, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The script is the same, run in this process: to start one for each forgery would take long."""
    monkeypatch.syspath_prepend(str(SEALS))
    monkeypatch.syspath_prepend(str(PACKS))
    script = importlib.import_module("check_pack")
    assert script.run(forged(whole, tmp_path, what), None) == 1
    assert "DOES NOT HOLD" in capsys.readouterr().out


async def test_what_waits_for_its_seal_is_said_to(whole: Path, archive: Archive, tmp_path: Path) -> None:
    del whole  # made before
    late = await archive.punch(2)
    status, said = check(await unpacked(archive, tmp_path), "check_pack.py")
    assert status == 2, said
    assert "1 rows wait for their seal" in said
    month = json.loads((tmp_path / "person-month.json").read_text())
    (waiting,) = [one for one in month["entries"] if one["punch"]["leaf"] is None]
    assert waiting["punch"]["columns"]["punch_id"] == str(late.punch_id)
    assert month["unsealed"] == 1
    assert "尚未封存" in "".join(pages_of((tmp_path / "evidence.pdf").read_bytes()))


async def test_who_gets_a_pack_and_that_it_is_on_record(
    client: AsyncClient, quarter: Quarter, attend: Attend, database: Database, keys: MemoryKeyRing, clock: ManualClock
) -> None:
    site = quarter.site
    await attend(site, "safety_officer", [0])
    person = site.people["safety_officer"].id
    path = f"/admin/v1/projects/{site.project.id}/people/{person}/evidence-packs"
    assert (await client.post(path, json=MONTH, headers=quarter.foreign)).status_code == 404
    beside = f"/admin/v1/projects/{site.project.id}/people/{new_id(AT)}/evidence-packs"
    assert (await client.post(beside, json=MONTH, headers=quarter.officer)).status_code == 404
    early = await client.post(path, json={**MONTH, "month": "2026-04"}, headers=quarter.officer)
    assert (early.status_code, early.json()["code"]) == (422, "rates.span_invalid")
    answer = await client.post(path, json=MONTH, headers=quarter.officer)
    assert answer.headers["content-type"] == "application/zip"
    with ZipFile(io.BytesIO(answer.content)) as found:
        month = json.loads(found.read("person-month.json"))
    assert month["unsealed"] == len(month["entries"]) == 2, "nothing of this database is sealed"
    async with database.transaction() as tx:
        acts = select(AuditEvent.detail).where(
            AuditEvent.action == "evidence_pack.made", AuditEvent.object_id == str(person)
        )
        (detail,) = await tx.scalars(acts)
    assert (detail["purpose"], detail["month"], detail["unsealed"]) == ("劳动争议举证", "2026-03", 2)
    account = site.accounts["safety_officer"]
    own = bearer(keys, clock.now(), account, "key_person", person_id=person)
    mine = {"project_id": str(site.project.id), "month": "2026-03"}
    taken = await client.post("/mobile/v1/my-month/evidence-pack", json=mine, headers=own)
    assert taken.status_code == 200, taken.text
    with ZipFile(io.BytesIO(taken.content)) as found:
        assert json.loads(found.read("person-month.json"))["entries"] == month["entries"]
    other = {**mine, "project_id": str(new_id(AT))}
    assert (await client.post("/mobile/v1/my-month/evidence-pack", json=other, headers=own)).status_code == 404


async def test_packs_about_one_person_are_few(
    client: AsyncClient, quarter: Quarter, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.reports.packs.making.MOST_AN_HOUR", 1)
    person = quarter.site.people["project_manager"].id
    path = f"/admin/v1/projects/{quarter.site.project.id}/people/{person}/evidence-packs"
    assert (await client.post(path, json=MONTH, headers=quarter.officer)).status_code == 200
    again = await client.post(path, json=MONTH, headers=quarter.officer)
    assert (again.status_code, again.json()["code"]) == (429, "packs.too_many")
    assert (await client.post(path, json=MONTH, headers=quarter.city)).status_code == 200, "counted for each"
