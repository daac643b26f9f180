"""The broker's files say what the registry says, and are their owner's alone."""

import os
import signal
from pathlib import Path

import pytest

from backend.gates.dialects.mqtt import broker_files
from backend.gates.dialects.mqtt.broker_files import BRIDGE_LOGIN, BrokerLogin, hash_password, write_broker_files

LOGIN = BrokerLogin("005a213b000b93cc", hash_password("secret", bytes(12)))


def test_a_password_is_kept_as_mosquitto_keeps_it() -> None:
    kind, iterations, salt, key = hash_password("secret", bytes(12))[1:].split("$")
    assert (kind, int(iterations), salt, len(key)) == ("7", 1000, "AAAAAAAAAAAAAAAA", 88)
    assert hash_password("secret") != hash_password("secret")


def test_files_name_every_login_and_the_bridge(tmp_path: Path) -> None:
    assert write_broker_files(tmp_path, [LOGIN])
    names = [line.split(":")[0] for line in (tmp_path / "passwords").read_text().splitlines()]
    assert names == ["005a213b000b93cc", BRIDGE_LOGIN]
    assert {path.stat().st_mode & 0o777 for path in tmp_path.iterdir()} == {0o600}


def test_nothing_is_written_when_nothing_changed(tmp_path: Path) -> None:
    write_broker_files(tmp_path, [LOGIN])
    assert not write_broker_files(tmp_path, [LOGIN])
    assert write_broker_files(tmp_path, [])


def test_the_broker_is_told_when_there_is_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not broker_files.reload_broker(tmp_path)
    told: list[tuple[int, int]] = []
    monkeypatch.setattr(os, "kill", lambda pid, number: told.append((pid, number)))
    (tmp_path / "mosquitto.pid").write_text("4711\n")
    assert broker_files.reload_broker(tmp_path)
    assert told == [(4711, signal.SIGHUP)]
