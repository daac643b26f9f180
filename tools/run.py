"""`make run`: environment, database, migrations, demo, server and worker, until Ctrl-C stops them in order."""

from __future__ import annotations

import http.client
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from tools import environment, models, web
from tools.brokers import configuration, find_mosquitto
from tools.children import Children, sweep
from tools.homes import LONGEST_SOCKET_PATH
from tools.house import KEYS, LOCAL, SMS_OUTBOX
from tools.locks import locked_at_once
from tools.postgres import held
from tools.preparation import DAOGANG, prepare
from tools.say import Trouble, say, told

if TYPE_CHECKING:
    from collections.abc import Generator
    from types import FrameType

HOST = "127.0.0.1"
REGISTER = LOCAL / "run.pids"
READY_WITHIN_S = 90


def run() -> int:
    """Bring everything up, wait until somebody ends it, bring everything down."""
    began = time.monotonic()
    port = chosen_port(os.environ.get("PORT", ""))
    with_mqtt = os.environ.get("MQTT", "") not in {"", "0"}
    with ExitStack() as stack:
        stack.enter_context(_only_run())
        stack.enter_context(_terminated_like_ctrl_c())
        sweep(REGISTER)
        require_free(port)
        broker = find_mosquitto() if with_mqtt else ""
        environment.ensure("runtime")
        settings = _settings(stack.enter_context(_database()), port, faces_socket(stack))
        # Beside the database and the demo, which take about as long the first time.
        building = stack.enter_context(ThreadPoolExecutor()).submit(_build)
        logins = prepare(settings, private="DATABASE_URL" not in os.environ)
        children = Children(LOCAL / "log", REGISTER)
        stack.callback(children.stop)
        children.start("server", [DAOGANG, "serve"], settings, nudged=True)
        wait_until_ready(port, children)
        # After the server, because both spend their first seconds on the same few cores.
        children.start("worker", [DAOGANG, "worker"], settings)
        children.start("sealer", [DAOGANG, "sealer"], settings)
        if with_mqtt:
            _start_bridge(children, settings, broker)
        building.result()
        children.start("faces", [DAOGANG, "faces"], settings)
        _announce(settings, port, logins, time.monotonic() - began, with_mqtt=with_mqtt)
        try:
            while True:
                children.check()
                time.sleep(0.3)
        except KeyboardInterrupt:
            sys.stderr.write("\n")
            # A second Ctrl-C, or one that `make` passes on, must not cut the stopping short.
            signal.signal(signal.SIGINT, signal.SIG_IGN)
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
    say("stopped; `make run` starts it again")
    return 0


def _start_bridge(children: Children, settings: dict[str, str], broker: str) -> None:
    """Start the MQTT broker on loopback with the registry's logins, and the bridge to the ledger."""
    folder, port = LOCAL / "mqtt", chosen_port(settings["DAOGANG_MQTT_PORT"])
    require_free(port)
    told = subprocess.run([DAOGANG, "mqtt-files"], env=settings, check=False, capture_output=True, text=True)
    if told.returncode != 0:
        what = f"`daogang mqtt-files` failed: {told.stderr.strip()}"
        raise Trouble(what, "mend what it says, then run it again.")
    config = folder / "mosquitto.conf"
    config.write_text(configuration(folder, port))
    children.start("broker", [broker, "-c", str(config)], settings)
    (folder / "mosquitto.pid").write_text(str(children.pid("broker")))
    children.start("bridge", [DAOGANG, "mqtt-bridge"], settings)


def chosen_port(wanted: str) -> int:
    """Return the port that PORT names, 8000 when it is empty."""
    port = int(wanted) if wanted.isdecimal() else 8000 if not wanted else 0
    if not 0 < port < 65536:  # noqa: PLR2004 - ports end there
        what = f"PORT={wanted} is no port"
        raise Trouble(what, "give a number from 1 to 65535: PORT=8001 make run")
    return port


def require_free(port: int) -> None:
    """Raise Trouble when the port cannot be listened on."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except PermissionError as error:
            what = f"only root may listen on port {port}"
            raise Trouble(what, "take one above 1023: PORT=8001 make run") from error
        except OSError as error:
            what = f"port {port} of {HOST} is taken by another program"
            raise Trouble(what, "stop that program, or take another port: PORT=8001 make run") from error


def wait_until_ready(port: int, children: Children) -> None:
    """Wait until /health/ready answers 200; a child that ends first is reported at once."""
    until = time.monotonic() + READY_WITHIN_S
    answer = "nothing"
    while time.monotonic() < until:
        children.check()
        connection = http.client.HTTPConnection(HOST, port, timeout=5)
        try:
            connection.request("GET", "/health/ready")
            response = connection.getresponse()
            answer = f"{response.status} {response.read(400).decode(errors='replace')}"
            if response.status == http.client.OK:
                return
        except (OSError, http.client.HTTPException):
            pass
        finally:
            connection.close()
        time.sleep(0.05)
    what = f"the server was not ready within {READY_WITHIN_S} s; /health/ready said: {answer}"
    raise Trouble(what, f"read {children.log('server')}, then run it again.")


@contextmanager
def _only_run() -> Generator[None]:
    """Hold this checkout's one place for a run."""
    with locked_at_once(LOCAL / "run.lock") as held:
        if not held:
            what = "`make run` runs already in this checkout"
            raise Trouble(what, "stop it with Ctrl-C in its terminal, or work in another checkout.")
        yield


@contextmanager
def _terminated_like_ctrl_c() -> Generator[None]:
    """Treat SIGTERM and a closed terminal as Ctrl-C."""

    def interrupt(_number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)
    yield


@contextmanager
def _database() -> Generator[str]:
    """Yield the URL of DATABASE_URL's database, or of the private cluster, which stops at the end."""
    given = os.environ.get("DATABASE_URL")
    if given:
        say("using the database of DATABASE_URL")
        yield given
        return
    with held("run") as url:
        yield url


def faces_socket(stack: ExitStack, local: Path = LOCAL) -> Path:
    """Return where the process that measures faces listens: in the local state, or elsewhere if that is too long."""
    inside = local / "faces" / "socket"
    if len(str(inside).encode()) <= LONGEST_SOCKET_PATH:
        return inside
    return Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="daogang-faces-"))) / "socket"


def _build() -> None:
    """Build the web apps, then fetch the models: one of them comes by npm, which the apps bring along."""
    web.ensure_built_or_go_on()
    models.ensure_or_go_on()


def _settings(url: str, port: int, faces: Path) -> dict[str, str]:
    """Return the children's environment; what the caller set himself stays."""
    ours = {
        "DATABASE_URL": url,
        "DAOGANG_KEYS_DIR": str(KEYS),
        # Of the private cluster's log; a database of the caller's own may be another one each time.
        **({} if "DATABASE_URL" in os.environ else {"DAOGANG_SEALER_MEMORY": str(LOCAL / "sealed-head.txt")}),
        "DAOGANG_BLOBS": str(KEYS.parent / "blobs"),
        "DAOGANG_SMS_OUTBOX": str(SMS_OUTBOX),
        "DAOGANG_ENV": "development",
        "DAOGANG_FACES_SOCKET": str(faces),
        "DAOGANG_MODELS_DIR": str(models.MODELS),
        "DAOGANG_WEB_DIR": str(web.DIST),
        "DAOGANG_PROCESSES": "1",
        "DAOGANG_MQTT_DIR": str(LOCAL / "mqtt"),
        "DAOGANG_MQTT_PORT": "18830",
        "PORT": str(port),
    }
    return ours | dict(os.environ) | {"DATABASE_URL": url, "PORT": str(port)}


def _mqtt_line(settings: dict[str, str]) -> str:
    return f"\n  MQTT broker    {HOST}:{settings['DAOGANG_MQTT_PORT']}, logins: POST …/gates/{{id}}/broker-login"


def _announce(settings: dict[str, str], port: int, logins: str, took_s: float, *, with_mqtt: bool) -> None:
    base = f"http://{HOST}:{port}"
    sys.stdout.write(
        f"""
Daogang 到岗 is ready, {took_s:.1f} s after you asked for it.

  phone app      {base}/app/
  desk           {base}/desk/
  API            {base}
  its documents  {base}/docs
  health         {base}/health/ready
  database       psql '{settings["DATABASE_URL"]}'
  SMS codes      {settings["DAOGANG_SMS_OUTBOX"]}
  logs           {LOCAL / "log"}{_mqtt_line(settings) if with_mqtt else ""}

{logins}
Ctrl-C stops everything.
"""
    )
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(told(run))
