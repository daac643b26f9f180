"""Writes what Mosquitto needs to know of the registry: one login per terminal, and which topics it may use.

The folder holds `passwords` and `acl` for the broker, and `bridge.secret`, the bridge's own password. A change is taken
up by the broker on SIGHUP; it then also ends the connections of logins that are gone.
"""

import hashlib
import os
import secrets
import signal
from base64 import b64encode
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

from msgspec import Struct

BRIDGE_LOGIN: Final = "bridge@daogang"
"""No serial number holds an @, so that no terminal's login can be this one."""

ITERATIONS: Final = 1000
"""Few, because passwords here are drawn with 96 bits and more: they withstand guessing without them."""

_SALT_BYTES: Final = 12
"""Neither more nor fewer: Mosquitto drops a line with another salt."""

ACL: Final = f"""# Written by daogang: a terminal speaks under its own name, and on the two topics that all share.
user {BRIDGE_LOGIN}
topic readwrite mqtt/face/#

pattern readwrite mqtt/face/%u/#
pattern write mqtt/face/basic
pattern write mqtt/face/heartbeat
"""


class BrokerLogin(Struct, frozen=True):
    """A login of the broker: the terminal's serial number and the hash of its password."""

    name: str
    password_hash: str


def hash_password(password: str, salt: bytes | None = None) -> str:
    """Return a password as Mosquitto 2 keeps it: `$7$iterations$salt$hash`, PBKDF2 with HMAC-SHA512."""
    salt = secrets.token_bytes(_SALT_BYTES) if salt is None else salt
    key = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, ITERATIONS)
    return f"$7${ITERATIONS}${b64encode(salt).decode()}${b64encode(key).decode()}"


def render_passwords(logins: Iterable[BrokerLogin]) -> str:
    """Return the password file, one line for each login."""
    return "".join(f"{login.name}:{login.password_hash}\n" for login in sorted(logins, key=lambda login: login.name))


def bridge_password(folder: Path) -> str:
    """Return the bridge's own password, drawn when the folder has none."""
    file = folder / "bridge.secret"
    if not file.exists():
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        _write(file, secrets.token_urlsafe(24))
    return file.read_text()


def write_broker_files(folder: Path, logins: Iterable[BrokerLogin]) -> bool:
    """Bring the folder's files to these logins and the bridge's own; tell whether anything changed."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    # A salt of its own digest keeps the line the same from one writing to the next.
    password = bridge_password(folder)
    salt = hashlib.sha256(password.encode()).digest()[:_SALT_BYTES]
    own = BrokerLogin(BRIDGE_LOGIN, hash_password(password, salt))
    changed = [_write(folder / "passwords", render_passwords([own, *logins])), _write(folder / "acl", ACL)]
    return any(changed)


def reload_broker(folder: Path) -> bool:
    """Have the broker of this folder read its files again (SIGHUP to `mosquitto.pid`); tell whether there was one."""
    with suppress(FileNotFoundError, ProcessLookupError, ValueError):
        os.kill(int((folder / "mosquitto.pid").read_text()), signal.SIGHUP)
        return True
    return False


def _write(file: Path, text: str) -> bool:
    """Write a file that is its owner's alone, whole or not at all, unless it holds this text already."""
    with suppress(FileNotFoundError):
        if file.read_text() == text:
            return False
    half = file.with_suffix(".new")
    half.unlink(missing_ok=True)
    with os.fdopen(os.open(half, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as opened:
        opened.write(text)
    half.replace(file)
    return True
