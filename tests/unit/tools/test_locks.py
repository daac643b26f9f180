import fcntl
import os
from pathlib import Path

import pytest

from tools.locks import locked
from tools.say import Trouble


def test_who_waits_too_long_is_told_for_whom(tmp_path: Path) -> None:
    path = tmp_path / "one.lock"
    with (
        locked(path, within_s=0.0),
        pytest.raises(Trouble, match=f"process {os.getpid()} has held"),
        locked(path, within_s=0.0),
    ):
        pass
    with locked(path, within_s=0.0):
        assert path.read_text() == f"{os.getpid()}\n"


def test_a_lock_that_is_given_back_is_taken(tmp_path: Path) -> None:
    path = tmp_path / "one.lock"
    with path.open("a") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        fcntl.flock(other, fcntl.LOCK_UN)
        with locked(path, within_s=0.0), pytest.raises(BlockingIOError):
            fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
