"""Whoever takes photos in or deletes them may be killed between any two steps: nothing is lost or left behind."""

import signal
import subprocess
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import anyio
import pytest
from sqlalchemy import text

from backend.evidence.photos.deleting import delete_what_is_due
from backend.evidence.photos.intake import take_in_waiting
from backend.evidence.photos.reading import read_kept
from backend.kit.clock import ManualClock
from backend.kit.db import Database
from backend.kit.keyfiles import FileKeyRing, init_keys
from backend.kit.keyring import SERVER_PURPOSES
from tests.support.evidence import House, make_house
from tests.support.factories import make_person
from tests.support.pictures import opened, photo_of
from tools.house import ROOT

MOST_STEPS = 60


async def run_once(url: str, folder: Path, steps: int) -> int:
    """Run the child with a fuse of so many steps; return its exit status."""
    command = [sys.executable, "-m", "tests.support.intake_child", url, str(folder), str(steps)]
    done = await anyio.run_process(command, check=False, cwd=ROOT, stderr=subprocess.STDOUT)
    assert done.returncode in {0, -signal.SIGKILL}, done.stdout.decode()
    return done.returncode


@pytest.fixture
async def killed_house(fresh_database: str, tmp_path: Path) -> AsyncIterator[House]:
    """Give a house whose keys lie in files, by the machine's clock: another process works with both."""
    init_keys(tmp_path / "keys")
    database = Database(fresh_database, max_size=2)
    await database.open()
    ring = FileKeyRing(tmp_path / "keys", SERVER_PURPOSES)
    house = make_house(database, ManualClock(datetime.now(UTC)), tmp_path / "blobs", ring)  # type: ignore[arg-type] - all that it needs of one
    yield house
    await house.examiner.close()
    await database.close()


async def test_whoever_is_killed_at_any_step_is_followed_by_one_who_finishes(
    killed_house: House, fresh_database: str, tmp_path: Path
) -> None:
    """A photo of two years ago goes through everything: examined, kept, its original ended, deleted."""
    house = killed_house
    async with house.database.transaction() as tx:
        person_id = (await make_person(tx, house.keys)).id
    states: list[str] = []
    status = -1
    for steps in range(MOST_STEPS):
        house.clock.advance(-timedelta(days=800))
        photo_id = await house.receive(person_id, photo_of(steps))
        house.clock.advance(timedelta(days=800))
        status = await run_once(fresh_database, tmp_path, steps)
        (row,) = await house.rows("SELECT * FROM photo_file WHERE id = :id", id=photo_id)
        states.append(row["state"])
        if row["state"] == "waiting":  # what came in can still be read, or it would be lost
            (sent,) = await house.rows("SELECT wrapped_key FROM photo WHERE id = :id", id=photo_id)
            assert sent["wrapped_key"] is not None
            assert [name for name in house.files() if photo_id.hex in name and name.startswith("photos/")]
        if row["state"] == "kept":
            assert opened(await read_kept(house.database, house.data_keys, house.blobs, photo_id)).size == (400, 300)
        async with house.database.transaction() as tx:  # the lease of the one who was killed would end in two minutes
            await tx.execute(text("UPDATE photo_file SET try_after = received_at"))
        await take_in_waiting(house.intake)
        await delete_what_is_due(house.deletion)
        assert house.files() == {}, f"left by one who was killed before step {steps}"
        if status == 0:
            break
    assert status == 0, "the fuse is too short"
    assert {"waiting", "kept", "deleting", "deleted"} <= set(states)
    rows = await house.rows(
        "SELECT f.state, r.outcome, e.confirmed_at FROM photo_file f JOIN photo_result r ON r.photo_id = f.id "
        "JOIN photo_deletion_end e ON e.photo_id = f.id"
    )
    assert len(rows) == len(states)
    assert {(row["state"], row["outcome"]) for row in rows} == {("deleted", "kept")}
