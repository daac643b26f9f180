"""What the ways of showing presence work with."""

from dataclasses import dataclass

from backend.evidence.ways.errors import PasskeysOff
from backend.evidence.ways.passkey_model import RelyingParty
from backend.kit.clock import Clock
from backend.kit.crypto import FieldCipher
from backend.kit.db import Database
from backend.settings import Settings
from geofences.cache import FenceCache

PARTY_NAME = "到岗"


@dataclass(frozen=True, slots=True)
class PresenceTools:
    """Pools, fences in memory, the cipher of site codes' secrets, for whom passkeys are made, and the clock."""

    database: Database
    fences: FenceCache
    cipher: FieldCipher
    party: RelyingParty | None
    clock: Clock

    @property
    def relying_party(self) -> RelyingParty:
        """For whom passkeys are made; raises PasskeysOff where the installation has not said so."""
        if self.party is None:
            raise PasskeysOff
        return self.party


def relying_party_of(settings: Settings) -> RelyingParty | None:
    """Return for whom the installation makes passkeys, None if it makes none."""
    if settings.passkey_rp_id is None:
        return None
    return RelyingParty(settings.passkey_rp_id, PARTY_NAME, settings.passkey_origins)
