import os
import stat
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import preparation
from tools.preparation import keep_private


@pytest.fixture
def open_umask() -> Iterator[None]:
    before = os.umask(0)
    yield
    os.umask(before)


@pytest.mark.usefixtures("open_umask")
def test_a_file_with_passwords_is_its_owners_alone_whatever_stood_there(tmp_path: Path) -> None:
    path = tmp_path / "demo-logins-8000.txt"
    path.write_text("from an earlier version")
    path.with_suffix(".new").write_text("left by a start that was cut off")
    keep_private(path, "城市监管 city 密码\n")
    assert path.read_text(encoding="utf-8") == "城市监管 city 密码\n"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.usefixtures("open_umask")
def test_it_is_so_before_the_first_byte_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    modes: list[int] = []

    def watched(handle: int, *_args: object, **_kwargs: object) -> None:
        modes.append(stat.S_IMODE(os.fstat(handle).st_mode))
        os.close(handle)
        raise InterruptedError

    monkeypatch.setattr(preparation.os, "fdopen", watched)
    with pytest.raises(InterruptedError):
        keep_private(tmp_path / "logins.txt", "secret")
    assert modes == [0o600]
    assert not (tmp_path / "logins.txt").exists()
