"""Which PostgreSQL is taken, and how Debian's is installed."""

from pathlib import Path

import pytest

from tools import debian, servers
from tools.say import Trouble


def make_server(folder: Path, version: str, *, postgis: bool = True) -> Path:
    """Lay out a directory that looks like an installed PostgreSQL."""
    bindir = folder / "bin"
    bindir.mkdir(parents=True)
    for name in servers.NEEDED:
        (bindir / name).write_text(f"#!/bin/sh\necho 'postgres (PostgreSQL) {version}'\n")
        (bindir / name).chmod(0o755)
    if postgis:
        (folder / "share/extension").mkdir(parents=True)
        (folder / "share/extension/postgis.control").touch()
    return bindir


def test_takes_the_server_that_pg_bindir_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bindir = make_server(tmp_path, "17.2 (Debian 17.2-1)")
    monkeypatch.setenv("PG_BINDIR", str(bindir))
    assert servers.find_server() == servers.Server(bindir, 17)


@pytest.mark.parametrize(("version", "postgis"), [("14.9", True), ("16.1", False)])
def test_refuses_a_server_that_is_old_or_has_no_postgis(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, version: str, *, postgis: bool
) -> None:
    monkeypatch.setenv("PG_BINDIR", str(make_server(tmp_path, version, postgis=postgis)))
    with pytest.raises(Trouble, match=r"PG_BINDIR=.* has no PostgreSQL 15 or newer with PostGIS") as raised:
        servers.find_server()
    assert "sudo apt-get install postgresql" in raised.value.remedy


def test_says_what_to_install_where_it_may_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PG_BINDIR", raising=False)
    monkeypatch.setattr(servers, "_places", lambda: iter(()))
    monkeypatch.setattr(debian, "can_install", lambda: False)
    with pytest.raises(Trouble, match="PostgreSQL 15 or newer with PostGIS is not installed") as raised:
        servers.find_server()
    assert "brew install postgis" in raised.value.remedy
    assert "make clean" not in raised.value.remedy


def test_data_of_a_version_that_went_away_need_it_back_or_make_clean(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PG_BINDIR", raising=False)
    monkeypatch.setattr(servers, "_places", lambda: iter(()))
    monkeypatch.setattr(debian, "can_install", lambda: False)
    with pytest.raises(Trouble, match="PostgreSQL 15 with PostGIS is not installed") as raised:
        servers.find_server(major=15)
    assert "make clean" in raised.value.remedy


def test_chooses_the_newest_package_or_the_one_of_an_installed_server() -> None:
    names = ["postgresql-13-postgis-3", "postgresql-15-postgis-3", "postgresql-17-postgis-3"]
    assert servers.newest_postgis_package(names, None) == (17, "postgresql-17-postgis-3")
    assert servers.newest_postgis_package(names, 15) == (15, "postgresql-15-postgis-3")
    assert servers.newest_postgis_package(names, 13) is None
    assert servers.newest_postgis_package([], None) is None


class Apt:
    """Stands for Debian's package manager and remembers what it was asked, in order."""

    def __init__(self, *, fails_on: str = "") -> None:
        self.asked: list[str] = []
        self.fails_on = fails_on

    def install(self, *packages: str) -> None:
        self.asked.append(f"install {' '.join(packages)}")
        if self.fails_on in packages:
            raise Trouble("no network", "mend it")

    def write(self, path: str, content: str) -> None:
        self.asked.append(f"write {path}: {content.splitlines()[-1]}")

    def remove(self, path: str) -> None:
        self.asked.append(f"remove {path}")

    def replace(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(debian, "refresh", lambda: None)
        monkeypatch.setattr(debian, "available", lambda _pattern: ["postgresql-99-postgis-3"])
        monkeypatch.setattr(debian, "install", self.install)
        monkeypatch.setattr(debian, "write_as_root", self.write)
        monkeypatch.setattr(debian, "remove_as_root", self.remove)


def test_no_cluster_of_debian_is_made_while_the_server_is_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    apt = Apt()
    apt.replace(monkeypatch)
    servers.install_server(99)
    rule = "/etc/postgresql-common/createcluster.d/daogang.conf"
    assert apt.asked == [
        "install postgresql-common",
        f"write {rule}: create_main_cluster = false",
        "install postgresql-99 postgresql-99-postgis-3",
        f"remove {rule}",
    ]


def test_the_rule_against_clusters_goes_away_when_the_installation_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    apt = Apt(fails_on="postgresql-99")
    apt.replace(monkeypatch)
    with pytest.raises(Trouble, match="no network"):
        servers.install_server(99)
    assert apt.asked[-1].startswith("remove ")
