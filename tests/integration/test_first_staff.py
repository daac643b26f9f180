"""The first staff account of an installation: opened on the command line, with its key files, able to log in."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.identity.errors import UsernameTaken
from backend.kit.clock import SystemClock
from backend.kit.keyfiles import FileKeyRing, init_keys
from backend.kit.keyring import SERVER_PURPOSES
from backend.settings import Settings
from backend.staff import add_staff, opening_of
from tests.support.apps import client_of, running_app


async def test_the_first_operator_logs_in_and_his_name_is_taken(fresh_database: str, tmp_path: Path) -> None:
    settings = Settings(database_url=fresh_database, keys_dir=tmp_path / "keys")
    init_keys(settings.keys_dir)
    opening, role = opening_of("First.Operator", "运维", "operator")
    password = await add_staff(settings, opening, role)
    keys = FileKeyRing(settings.keys_dir, SERVER_PURPOSES)
    async with (
        running_app(fresh_database, tmp_path, clock=SystemClock(), keys=keys) as app,
        client_of(app) as client,
    ):
        answer = await client.post("/admin/v1/session", json={"username": "first.operator", "password": password})
        assert (answer.status_code, answer.json()["roles"]) == (201, ["operator"])
        assert datetime.fromisoformat(answer.json()["access_expires_at"]) > datetime.now(UTC)
    with pytest.raises(UsernameTaken):
        await add_staff(settings, opening, role)
