"""Child processes are watched, stopped in order and never left behind."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools import children
from tools.children import Children, sweep
from tools.say import Trouble

WAITS = [sys.executable, "-c", "import signal; print('up', flush=True); signal.pause()"]
STUBBORN = [
    sys.executable,
    "-c",
    "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN)\nprint('up', flush=True)\nwhile True: signal.pause()",
]


def until_up(log: Path, child: subprocess.Popen[bytes] | None = None) -> None:
    """Wait until the child wrote its line."""
    while "up" not in (log.read_text() if log.exists() else ""):
        assert child is None or child.poll() is None


def check_until_trouble(family: Children) -> None:
    while True:
        family.check()


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_stops_its_children_and_forgets_them(tmp_path: Path) -> None:
    register = tmp_path / "pids"
    family = Children(tmp_path / "log", register)
    for name in ("server", "worker"):
        family.start(name, WAITS, os.environ)
        until_up(family.log(name))
    pids = json.loads(register.read_text())
    family.check()
    family.stop()
    assert len(pids) == 2
    assert not any(map(alive, pids))
    assert not register.exists()


def test_tells_the_last_words_of_a_child_that_ended_by_itself(tmp_path: Path) -> None:
    family = Children(tmp_path, tmp_path / "pids")
    family.start("server", [sys.executable, "-c", "raise SystemExit('the disk is full')"], os.environ)
    with pytest.raises(Trouble, match=r"the server ended by itself with status 1(.|\n)*the disk is full"):
        check_until_trouble(family)
    family.stop()


def test_kills_what_does_not_stop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(children, "PATIENCE_S", 0.2)
    family = Children(tmp_path, tmp_path / "pids")
    family.start("server", STUBBORN, os.environ)
    until_up(family.log("server"))
    (pid,) = json.loads((tmp_path / "pids").read_text())
    family.stop()
    assert not alive(pid)


@pytest.mark.parametrize("named", ["venv/bin/daogang", "local/mqtt/mosquitto.conf"])
def test_ends_what_a_killed_run_left_behind_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, named: str
) -> None:
    """Ours is known by its command line naming the environment or the local state; a recycled number is left alone."""
    monkeypatch.setattr(children, "VENV", tmp_path / "venv")
    monkeypatch.setattr(children, "LOCAL", tmp_path / "local")
    log = tmp_path / "log"
    with log.open("wb") as out:
        ours = subprocess.Popen([*WAITS, str(tmp_path / named)], stdout=out, start_new_session=True)
        stranger = subprocess.Popen(WAITS, stdout=subprocess.DEVNULL, start_new_session=True)
    try:
        until_up(log, ours)
        register = tmp_path / "pids"
        register.write_text(json.dumps([ours.pid, stranger.pid]))
        sweep(register)
        assert ours.wait(10) != 0
        assert stranger.poll() is None
        assert not register.exists()
    finally:
        for child in (ours, stranger):
            child.kill()
            child.wait()
