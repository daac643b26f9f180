"""Where private clusters live."""

import os
import stat
from pathlib import Path

import pytest

from tools import homes
from tools.say import Trouble


@pytest.fixture
def outside(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Put the place outside the checkout into the test's folder."""
    place = tmp_path / "outside"
    place.mkdir()
    monkeypatch.setattr(homes, "OUTSIDE", place)
    return place


def test_data_and_socket_lie_in_the_local_folder_and_are_closed_to_others() -> None:
    import tempfile

    with tempfile.TemporaryDirectory(dir="/tmp") as short:
        home = homes.home_of("test", homes.Runner(), local=Path(short))
        assert home == homes.Home(Path(short, "pg/test/data"), Path(short, "pg/test/socket"))
        assert stat.S_IMODE(home.socket_dir.stat().st_mode) == 0o700
        assert homes.home_of("test", homes.Runner(), local=Path(short)) == home


def test_a_long_path_keeps_the_data_and_moves_the_socket(tmp_path: Path, outside: Path) -> None:
    local = tmp_path / ("deep" * 20)
    home = homes.home_of("test", homes.Runner(), local=local)
    assert home.data == local / "pg/test/data"
    assert home.socket_dir.is_relative_to(outside)


def test_data_move_outside_when_the_server_s_user_cannot_reach_them(
    tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(homes.Runner, "reaches", lambda _self, directory: not directory.is_relative_to(tmp_path / "x"))
    home = homes.home_of("test", homes.Runner(), local=tmp_path / "x")
    assert home.data.is_relative_to(outside)
    assert (tmp_path / "x/pg/test.where").read_text() == f"{home.data.parent}\n"


def test_a_place_that_a_stranger_prepared_is_refused(
    tmp_path: Path, outside: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(homes.Runner, "reaches", lambda _self, _directory: False)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (outside / f"daogang-{homes.local_id(tmp_path / 'x')}").symlink_to(elsewhere)
    with pytest.raises(Trouble, match="belongs to somebody else"):
        homes.home_of("test", homes.Runner(), local=tmp_path / "x")


def test_settings_of_the_caller_do_not_reach_the_database_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGPORT", "1")
    monkeypatch.setenv("PGHOST", "elsewhere")
    seen = homes.Runner().run("env").stdout.splitlines()
    assert not [line for line in seen if line.startswith("PG")]
    assert f"PATH={os.environ['PATH']}" in seen
