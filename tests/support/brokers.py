"""A Mosquitto of the test's own on loopback, and terminals that speak to it."""

import asyncio
import json
import socket
import subprocess
import time
from collections.abc import AsyncGenerator, Generator, Mapping
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiomqtt
import pytest

from backend.gates.dialects.mqtt.bridge import BrokerAddress
from backend.gates.dialects.mqtt.broker_files import (
    BRIDGE_LOGIN,
    BrokerLogin,
    bridge_password,
    hash_password,
    write_broker_files,
)
from tests.support.processes import free_port
from tools.brokers import configuration, find_mosquitto
from tools.say import Trouble

UP_WITHIN_S = 60
SOON_S = 60.0
"""How long a test waits for what must come; only a failing one waits so long."""


@dataclass
class Broker:
    """A broker's folder and port; `popen` is None while it is stopped."""

    program: str
    folder: Path
    port: int
    popen: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> BrokerAddress:
        """Return where the bridge finds it."""
        return BrokerAddress("127.0.0.1", self.port, BRIDGE_LOGIN, bridge_password(self.folder))

    def set_logins(self, passwords: Mapping[str, str]) -> None:
        """Write the files for these terminals; a running broker is not told."""
        write_broker_files(self.folder, [BrokerLogin(name, hash_password(word)) for name, word in passwords.items()])

    def start(self) -> None:
        """Start it and wait until it listens; AssertionError with its words when it does not."""
        config, said = self.folder / "mosquitto.conf", self.folder / "mosquitto.log"
        config.write_text(configuration(self.folder, self.port))
        with said.open("ab") as output:
            self.popen = subprocess.Popen([self.program, "-c", str(config)], stdout=output, stderr=output)
        (self.folder / "mosquitto.pid").write_text(str(self.popen.pid))
        until = time.monotonic() + UP_WITHIN_S
        while time.monotonic() < until:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            assert self.popen.poll() is None, said.read_text()
            time.sleep(0.02)
        raise AssertionError(said.read_text())

    def stop(self) -> None:
        """End it and wait for its end."""
        if self.popen is not None:
            self.popen.terminate()
            self.popen.wait(UP_WITHIN_S)
            self.popen = None


@contextmanager
def broker(folder: Path, passwords: Mapping[str, str]) -> Generator[Broker]:
    """Run a broker with these terminals' logins; skips the test where Mosquitto cannot be installed."""
    try:
        program = find_mosquitto()
    except Trouble as trouble:
        pytest.skip(f"Mosquitto is not here and cannot be installed: {trouble}")
    folder.mkdir(exist_ok=True)
    made = Broker(program, folder, free_port())
    made.set_logins(passwords)
    made.start()
    try:
        yield made
    finally:
        made.stop()


@dataclass
class Terminal:
    """A face terminal on line."""

    name: str
    client: aiomqtt.Client

    async def push(self, word: str, operator: str, **info: Any) -> None:
        """Publish under this terminal's own topic."""
        body = json.dumps({"operator": operator, "info": {"facesluiceId": self.name, **info}})
        await self.client.publish(f"mqtt/face/{self.name}/{word}", body, qos=1)

    async def tell(self, topic: str, operator: str) -> None:
        """Publish a sign of life."""
        body = json.dumps({"operator": operator, "info": {"facesluiceId": self.name}})
        await self.client.publish(f"mqtt/face/{topic}", body, qos=1)

    async def heard(self) -> dict[str, Any]:
        """Wait for the next message to this terminal; TimeoutError when none comes."""
        async with asyncio.timeout(SOON_S):
            message = await anext(self.client.messages)
        assert isinstance(message.payload, bytes)
        return json.loads(message.payload)


@asynccontextmanager
async def terminal(made: Broker, name: str, password: str) -> AsyncGenerator[Terminal]:
    """Connect as a terminal that listens to its own topic."""
    async with aiomqtt.Client(
        "127.0.0.1", made.port, username=name, password=password, identifier=f"terminal-{name}"
    ) as client:
        await client.subscribe(f"mqtt/face/{name}", qos=1)
        yield Terminal(name, client)


def lose_line(made: Broker, name: str, password: str) -> None:
    """Connect as a terminal with a last will, and break the connection as a power cut would."""
    will = json.dumps({"operator": "Offline", "info": {"facesluiceId": name}})
    texts = (f"terminal-{name}", "mqtt/face/basic", will, name, password)
    payload = b"".join(len(text.encode()).to_bytes(2, "big") + text.encode() for text in texts)
    # MQTT 3.1.1 §3.1: user name, password, will of QoS 1, clean session; kept alive for 60 s.
    variable = b"\x00\x04MQTT\x04" + bytes([0b11001110]) + (60).to_bytes(2, "big")
    size, length = len(variable) + len(payload), b""
    while True:
        size, low = divmod(size, 128)
        length += bytes([low | (128 if size else 0)])
        if not size:
            break
    with socket.create_connection(("127.0.0.1", made.port), timeout=SOON_S) as line:
        line.sendall(b"\x10" + length + variable + payload)
        assert line.recv(4) == b"\x20\x02\x00\x00", "the broker does not admit the terminal"
