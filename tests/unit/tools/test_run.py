"""What `make run` says when it cannot go on."""

import errno
import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from tools import environment, newcomer, run
from tools.house import ROOT
from tools.locks import alone, locked_at_once, shared
from tools.say import Trouble, told


@pytest.mark.parametrize(("wanted", "port"), [("", 8000), ("8001", 8001), ("65535", 65535)])
def test_takes_the_port_that_is_wanted(wanted: str, port: int) -> None:
    assert run.chosen_port(wanted) == port


@pytest.mark.parametrize("wanted", ["0", "65536", "http", "-1", "80.5"])
def test_refuses_what_is_no_port(wanted: str) -> None:
    with pytest.raises(Trouble, match="is no port") as raised:
        run.chosen_port(wanted)
    assert "PORT=8001 make run" in raised.value.remedy


def test_a_taken_port_is_told_before_anything_starts() -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(Trouble, match="is taken by another program"):
            run.require_free(taken.getsockname()[1])


def test_trouble_is_told_with_its_remedy_and_a_status(capsys: pytest.CaptureFixture[str]) -> None:
    def main() -> int:
        raise Trouble("the disk is full", "free some")

    assert told(main) == 1
    assert capsys.readouterr().err == "\nNot possible: the disk is full\n  What to do: free some\n"


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "the disk is full"), (errno.EACCES, "made by another user")]
)
def test_a_disk_that_refuses_is_told_in_words(capsys: pytest.CaptureFixture[str], number: int, words: str) -> None:
    def main() -> int:
        raise OSError(number, os.strerror(number), ".local/run.lock")

    assert told(main) == 1
    said = capsys.readouterr().err
    assert f"Not possible: {os.strerror(number)}: .local/run.lock" in said
    assert words in said


def test_other_errors_keep_their_traceback() -> None:
    def main() -> int:
        raise OSError(errno.EIO, "input/output error")

    with pytest.raises(OSError, match="input/output error"):
        told(main)


def test_a_lock_is_ours_alone_only_when_nobody_shares_it(tmp_path: Path) -> None:
    with shared(tmp_path / "lock") as first:
        with shared(tmp_path / "lock"):
            assert not alone(first)
        assert alone(first)


def test_a_second_run_is_told_at_once_and_the_first_place_is_free_again_later(tmp_path: Path) -> None:
    with locked_at_once(tmp_path / "run.lock") as first:
        assert first
        with locked_at_once(tmp_path / "run.lock") as second:
            assert not second
    with locked_at_once(tmp_path / "run.lock") as later:
        assert later


def test_the_environment_is_made_anew_when_a_requirement_changes(tmp_path: Path) -> None:
    file = tmp_path / "dev.txt"
    file.write_text("pytest==9.0.0\n")
    before = environment.digest_of([file])
    assert environment.digest_of([file]) == before
    file.write_text("pytest==9.0.1\n")
    assert environment.digest_of([file]) != before


def test_an_old_python_is_told_in_words() -> None:
    """The check must be what an old Python meets first, so it is run here as if this one were old."""
    code = "import sys; sys.version_info = (3, 9); sys.path.insert(0, sys.argv[1]); import tools.run"
    ended = subprocess.run([sys.executable, "-c", code, str(ROOT)], check=False, capture_output=True, text=True)
    assert ended.returncode == 1
    assert "daogang needs Python 3.11 or newer" in ended.stderr
    assert "make run PYTHON=" in ended.stderr


def test_a_database_that_is_away_is_told_in_the_driver_s_words(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"postgresql://nobody@/nowhere?host={tmp_path}")
    monkeypatch.setattr(sys, "argv", ["newcomer", "state"])
    assert newcomer.main() == 1
    assert f"{tmp_path}/.s.PGSQL.5432" in capsys.readouterr().err
