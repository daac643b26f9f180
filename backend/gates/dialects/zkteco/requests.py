"""What a terminal asked for: path, query by lower-case name, and which of the two protocols speaks (pure)."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

_NUMBER: Final = re.compile(r"\d{1,9}")
_SERIAL: Final = re.compile(r"[0-9A-Za-z._:-]{3,64}")
_TABLE: Final = re.compile(r"[0-9A-Za-z_]{1,40}")
_SECURITY_VERSION: Final = re.compile(r"(?:ver\s*)?[3-9]\.")


@dataclass(frozen=True, slots=True)
class Ask:
    """A request's query; names of parameters in lower case, of several equal ones the first counts."""

    query: Mapping[str, str]

    @property
    def serial_no(self) -> str | None:
        """Return the serial number, None if there is none that a device could have."""
        value = self.query.get("sn", "").strip()
        return value if _SERIAL.fullmatch(value) else None

    @property
    def table(self) -> str:
        """Return the table's name in lower case, empty if none is named."""
        return self._word("table")

    @property
    def table_name(self) -> str:
        """Return the name of an uploaded table, as it was written: the answer repeats it."""
        value = self.query.get("tablename", "").strip()
        return value if _TABLE.fullmatch(value) else ""

    @property
    def kind(self) -> str:
        """Return `type` in lower case."""
        return self._word("type")

    @property
    def count(self) -> int | None:
        """Return how many records the terminal says that it sends."""
        value = self.query.get("count", "").strip()
        return int(value) if _NUMBER.fullmatch(value) else None

    @property
    def packed(self) -> bool:
        """Tell whether the terminal says that its body is packed."""
        return self._word("contenttype") in {"tgz", "gzip", "gz", "zip", "tar"}

    @property
    def security(self) -> bool:
        """Tell whether a handshake is one of the security protocol."""
        version = self.query.get("pushver", "").strip().lower()
        return self._word("devicetype") == "acc" or _SECURITY_VERSION.match(version) is not None

    def _word(self, name: str) -> str:
        value = self.query.get(name, "").strip().lower()
        return value if _TABLE.fullmatch(value) else ""


def read_ask(pairs: Sequence[tuple[str, str]]) -> Ask:
    """Make an Ask of a query's pairs."""
    query: dict[str, str] = {}
    for name, value in pairs:
        query.setdefault(name.lower(), value)
    return Ask(query)


def count_of_info(info: str) -> int | None:
    """Return the number of stored events that the poll after a start tells: the fourth of its values."""
    parts = info.split(",")
    value = parts[3].strip() if len(parts) > 3 else ""  # noqa: PLR2004 - version, users, fingerprints, events
    return int(value) if _NUMBER.fullmatch(value) else None


def firmware_of_info(info: str) -> str | None:
    """Return the firmware that the poll after a start tells: the first of its values."""
    return _firmware(info.split(",", 1)[0])


def read_options(text: str) -> dict[str, str]:
    """Return the parameters that a terminal tells of itself, by lower-case name without the leading tilde."""
    parts = re.split(r"[,\t\r\n]", text[:20_000])
    pairs = (part.partition("=") for part in parts if "=" in part)
    return {name.strip().lstrip("~").lower(): value.strip() for name, _, value in pairs}


def mac_of(options: Mapping[str, str]) -> str | None:
    """Return the network card's address among the options, spelled as the registry does."""
    found = re.fullmatch(r"([0-9A-Fa-f]{2}[:-]?){5}[0-9A-Fa-f]{2}", options.get("mac", ""))
    digits = re.sub(r"[^0-9a-f]", "", found[0].lower()) if found else ""
    return ":".join(re.findall("..", digits)) or None


def firmware_of(options: Mapping[str, str]) -> str | None:
    """Return the firmware among the options."""
    return _firmware(options.get("firmver") or options.get("fwversion") or "")


def _firmware(text: str) -> str | None:
    return "".join(sign for sign in text if sign.isprintable()).strip()[:100] or None
