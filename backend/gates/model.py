"""What a batch is judged with: the gate that sent it, and the people that it may name (pure)."""

from dataclasses import dataclass
from datetime import date, datetime, time
from typing import Literal
from uuid import UUID

from msgspec import Struct


@dataclass(frozen=True, slots=True)
class Gate:
    """The gate that signed, with what its events are judged by; the data key is that of the present month."""

    project_id: UUID
    device_id: UUID
    device_state: str
    lane: str
    default_direction: str
    paired_at: datetime | None
    heartbeat_interval_s: int
    time_zone: str
    cutover: time
    policy_version: int | None
    data_key_id: UUID | None
    wrapped_data_key: bytes | None
    vendor: str
    serial_no: str
    mac: str | None
    device_time_zone: str
    """Zone of the times that the device writes without offset; `time_zone` is the project's, which cuts days."""
    zone_form: Literal["hours", "minutes", "seconds"] | None
    """How the device wants its zone written in a handshake."""
    config_rev: int
    wants_photos: bool
    """Whether a terminal that sends photos only where it is told to is told to."""


class Stay(Struct, frozen=True):
    """One assignment on the project: closed range of site-local days, `to_on` None until the exit is confirmed."""

    from_on: date
    to_on: date | None
    section_id: UUID | None


class KnownPerson(Struct, frozen=True):
    """A person that a gate may name, with the assignments on this project."""

    person_id: UUID
    name: str
    stays: tuple[Stay, ...]

    def stay_on(self, day: date) -> Stay | None:
        """Return the first assignment in force on a site-local day."""
        for stay in self.stays:
            if stay.from_on <= day and (stay.to_on is None or day <= stay.to_on):
                return stay
        return None


class Binding(Struct, frozen=True):
    """Whom a device's number means, from `from_at` until before `to_at` (None: without end)."""

    kind: str
    value: str
    from_at: datetime | None
    to_at: datetime | None
    person_id: UUID


@dataclass(frozen=True, slots=True)
class People:
    """The people of one batch."""

    by_id: dict[UUID, KnownPerson]
    bindings: dict[tuple[str, str], list[Binding]]

    def named(self, kind: str, value: str, at: datetime) -> KnownPerson | None:
        """Return whom the gate meant at that instant, None if nobody on this project.

        A person id counts only with an assignment on the project, whatever its dates: a gate names no strangers.
        """
        if kind == "person":
            known = self.by_id.get(UUID(value))
            return known if known is not None and known.stays else None
        for binding in self.bindings.get((kind, value), ()):
            begun = binding.from_at is None or binding.from_at <= at
            if begun and (binding.to_at is None or at < binding.to_at):
                return self.by_id.get(binding.person_id)
        return None
