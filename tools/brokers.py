"""Finds Mosquitto, or has Debian install it with its own service kept off; writes a broker's configuration."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from tools import debian
from tools.say import Trouble, say

UNIT_MASK = Path("/etc/systemd/system/mosquitto.service")
POLICY = Path("/usr/sbin/policy-rc.d")
BY_HAND = (
    "install Mosquitto 2 (Debian, Ubuntu: sudo apt-get install mosquitto; macOS: brew install mosquitto), "
    "or say where it is: MOSQUITTO=/path/to/mosquitto, then run the same command again."
)
# Bytes of one message: a record with a photo is below half of that.
MESSAGE_LIMIT = 2_000_000


def find_mosquitto() -> str:
    """Return the broker's program, installing Debian's when there is none and we may."""
    program = installed_mosquitto()
    if program is None and "MOSQUITTO" in os.environ:
        what = f"MOSQUITTO={os.environ['MOSQUITTO']} is no program"
        raise Trouble(what, "correct or unset it.")
    if program is None and debian.can_install():
        install_mosquitto()
        program = installed_mosquitto()
    if program is None:
        what = "the MQTT broker Mosquitto is not installed"
        raise Trouble(what, BY_HAND)
    return program


def installed_mosquitto() -> str | None:
    """Return the program that MOSQUITTO names, else the one on the path or in /usr/sbin."""
    told = os.environ.get("MOSQUITTO")
    if told:
        return shutil.which(told)
    return shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto") or shutil.which("/usr/local/sbin/mosquitto")


def install_mosquitto() -> None:
    """Have apt install the broker; its service, which would listen on port 1883, is neither started nor enabled.

    The unit stays masked afterwards (`systemctl unmask mosquitto` for a service of one's own). Without systemd a
    policy-rc.d holds the start back meanwhile, where none does already.
    """
    say("no Mosquitto here; installing Debian's package (about 1 MB), with its own service off")
    debian.link_as_root(str(UNIT_MASK), "/dev/null")
    ours = not POLICY.exists()
    if ours:
        debian.write_as_root(
            str(POLICY), "#!/bin/sh\n# Written by daogang while it installs mosquitto.\nexit 101\n", "755"
        )
    try:
        debian.install("mosquitto")
    finally:
        if ours:
            debian.remove_as_root(str(POLICY))


def configuration(folder: Path, port: int) -> str:
    """Return a configuration for loopback: logins and topics from the folder's files, nothing kept on disk.

    Messages for the bridge wait in memory while it is away or busy (at most 20 000, or 256 MB): terminals that are not
    told to repeat would lose them. They go out at the bridge's QoS, so that the broker waits for its acknowledgement.
    """
    lines = (
        f"listener {port} 127.0.0.1",
        "allow_anonymous false",
        f"password_file {folder / 'passwords'}",
        f"acl_file {folder / 'acl'}",
        "persistence false",
        f"message_size_limit {MESSAGE_LIMIT}",
        "max_inflight_messages 100",
        "max_queued_messages 20000",
        "max_queued_bytes 268435456",
        "queue_qos0_messages true",
        "upgrade_outgoing_qos true",
        "set_tcp_nodelay true",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
        "log_type notice",
        # As root Mosquitto would become its own user, who may not read the files.
        *(["user root"] if os.geteuid() == 0 else []),
    )
    return "\n".join((*lines, ""))
