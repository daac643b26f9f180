"""Chooses adapters by settings and says which handler acts on which fact; nothing else knows both sides."""

from dataclasses import dataclass

from backend.kit.clock import Clock
from backend.kit.guards import TokenVerifier
from backend.kit.keyfiles import FileKeyRing
from backend.kit.keyring import SERVER_PURPOSES, KeyRing
from backend.settings import Settings


@dataclass(frozen=True, kw_only=True)
class Wiring:
    """The adapters and caches of one process."""

    keys: KeyRing
    verifier: TokenVerifier


def wire(settings: Settings, clock: Clock, keys: KeyRing | None = None) -> Wiring:
    """Build the adapters; `keys` replaces the key files (tests, demo)."""
    del clock
    ring = keys or FileKeyRing(settings.keys_dir, SERVER_PURPOSES)
    return Wiring(keys=ring, verifier=None)  # type: ignore[arg-type]
