"""The house as a newcomer meets it: its database, its server and worker, and all of it by one command."""

import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import httpx
import psycopg
import pytest

from tests.support import processes
from tools.clusters import Cluster
from tools.homes import forget
from tools.house import ROOT

# The environment is the one that runs the tests; installing is not what is tested here.
# A shell that starts the tests in the background makes them and their children deaf to Ctrl-C.
RUN = (
    "import signal\n"
    "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
    "from tools import environment, run, say\n"
    "environment.ensure = lambda kind: None\n"
    "raise SystemExit(say.told(run.run))\n"
)


@pytest.fixture
def local(tmp_path: Path) -> Iterator[Path]:
    """Give a folder for local state; what clusters put outside of it is removed."""
    folder = tmp_path / "local"
    yield folder
    for name in ("test", "run"):
        if (folder / "pg" / name).exists():
            Cluster(name, local=folder).stop()
    forget(folder)


def test_a_private_cluster_listens_on_its_socket_only_and_survives_a_crash(local: Path) -> None:
    cluster = Cluster("run", local=local)
    assert cluster.start()
    assert not cluster.start()
    assert stat.S_IMODE(cluster.home.socket_dir.stat().st_mode) == 0o700
    assert len(f"{cluster.home.socket_dir}/.s.PGSQL.5432".encode()) <= 100
    with psycopg.connect(cluster.url, autocommit=True) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
        connection.execute("CREATE TABLE kept (word text)")
        connection.execute("INSERT INTO kept VALUES ('here')")

    pid = int((cluster.home.data / "postmaster.pid").read_text().split()[0])
    os.kill(pid, signal.SIGKILL)
    assert cluster.start()
    with psycopg.connect(cluster.url) as connection:
        assert connection.execute("SELECT word FROM kept").fetchone() == ("here",)
    assert cluster.stop()
    assert not cluster.stop()
    assert not cluster.is_running()


def test_a_pid_file_whose_number_is_a_stranger_s_does_not_stop_the_start(local: Path) -> None:
    """After a crash and a reboot the noted number may belong to anybody, here to this test."""
    cluster = Cluster("test", local=local)
    cluster.start()
    pid_file = cluster.home.data / "postmaster.pid"
    noted = pid_file.read_text()
    cluster.stop()
    pid_file.write_text("\n".join([str(os.getpid()), *noted.split("\n")[1:]]))
    assert not cluster.is_running()
    assert not cluster.stop()
    assert cluster.start()


def test_server_and_worker_stop_on_sigterm(fresh_database: str, tmp_path: Path) -> None:
    with processes.server(fresh_database, tmp_path) as server:
        assert httpx.get(f"{server.base_url}/health/live", trust_env=False).json() == {"status": "ok"}
        settings = processes.environment(fresh_database, tmp_path)
        with processes.started("worker", settings, tmp_path / "worker.log") as worker:
            processes.wait_for_line(worker, "worker.started")
            assert worker.stop() in {0, -signal.SIGTERM}
        assert server.stop() == 0
        with pytest.raises(httpx.ConnectError):
            httpx.get(f"{server.base_url}/health/live", trust_env=False)


def test_a_server_without_its_database_url_says_so(tmp_path: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "DATABASE_URL"}
    ended = subprocess.run(
        [*processes.DAOGANG, "serve"], check=False, cwd=tmp_path, env=environment, capture_output=True, text=True
    )
    assert ended.returncode == 2
    assert "DATABASE_URL is not set" in ended.stderr
    assert "make run" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_one_command_starts_everything_and_ctrl_c_ends_it(local: Path) -> None:
    first = run_until_ready(local)
    assert "loading the demo" in first
    second = run_until_ready(local)
    assert "loading the demo" not in second
    assert "bringing the database" not in second
    assert "building the web apps" not in second


def run_until_ready(local: Path) -> str:
    """Run what `make run` runs until it says that it is ready, look at it, press Ctrl-C; return what it said."""
    port = processes.free_port()
    environment = {k: v for k, v in os.environ.items() if k != "DATABASE_URL" and not k.startswith("DAOGANG_")}
    log = local.parent / f"run-{port}.log"
    with log.open("wb") as output:
        popen = subprocess.Popen(
            [sys.executable, "-c", RUN],
            cwd=ROOT,
            env=environment | {"DAOGANG_LOCAL": str(local), "PORT": str(port)},
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    process = processes.Process(popen, log, f"http://127.0.0.1:{port}")
    try:
        processes.wait_for_line(process, "Ctrl-C stops everything", within_s=300)
        assert httpx.get(f"{process.base_url}/health/ready", trust_env=False).is_success
        for app in ("app", "desk"):
            page = httpx.get(f"{process.base_url}/{app}/", headers={"Accept": "text/html"}, trust_env=False)
            assert page.is_success, page.text
        popen.send_signal(signal.SIGINT)
        assert popen.wait(processes.DOWN_WITHIN_S) == 0
    finally:
        process.kill()
    assert not (local / "run.pids").exists()
    assert not Cluster("run", local=local).is_running()
    return processes.said(process)
