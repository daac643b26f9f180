"""Mosquitto is found or installed without a service of its own, and listens on loopback alone."""

from pathlib import Path

import pytest

from tools import brokers, debian
from tools.say import Trouble


def test_the_named_program_is_the_only_one(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("MOSQUITTO", str(tmp_path / "none"))
    with pytest.raises(Trouble, match="is no program"):
        brokers.find_mosquitto()
    program = tmp_path / "mosquitto"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    monkeypatch.setenv("MOSQUITTO", str(program))
    assert brokers.find_mosquitto() == str(program)


def test_says_how_to_install_it_by_hand(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("MOSQUITTO", raising=False)
    monkeypatch.setattr(brokers, "installed_mosquitto", lambda: None)
    monkeypatch.setattr(debian, "can_install", lambda: False)
    with pytest.raises(Trouble) as raised:
        brokers.find_mosquitto()
    assert "apt-get install mosquitto" in raised.value.remedy


@pytest.mark.parametrize("policy_there", [False, True])
def test_its_own_service_is_neither_started_nor_enabled(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    policy_there: bool,
) -> None:
    asked: list[str] = []

    def fail(*packages: str) -> None:
        asked.append(f"install {' '.join(packages)}")
        raise Trouble("no network", "mend it")

    policy = tmp_path / "policy-rc.d"
    if policy_there:
        policy.touch()
    monkeypatch.setattr(brokers, "POLICY", policy)
    monkeypatch.setattr(debian, "install", fail)
    monkeypatch.setattr(debian, "link_as_root", lambda path, target: asked.append(f"link {path} {target}"))
    monkeypatch.setattr(debian, "write_as_root", lambda *given: asked.append(f"write {given[0]} {given[2]}"))
    monkeypatch.setattr(debian, "remove_as_root", lambda path: asked.append(f"remove {path}"))
    with pytest.raises(Trouble, match="no network"):
        brokers.install_mosquitto()
    mask = "link /etc/systemd/system/mosquitto.service /dev/null"
    held = [] if policy_there else [f"write {policy} 755"]
    assert asked == [mask, *held, "install mosquitto", *([] if policy_there else [f"remove {policy}"])]


def test_the_configuration_admits_nobody_from_outside_and_nobody_without_login(tmp_path: Path) -> None:
    lines = brokers.configuration(tmp_path, 18830).splitlines()
    assert [line for line in lines if line.startswith(("listener", "allow"))] == [
        "listener 18830 127.0.0.1",
        "allow_anonymous false",
    ]
    assert f"acl_file {tmp_path / 'acl'}" in lines
