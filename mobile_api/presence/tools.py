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


def make_presence_tools(
    settings: Settings, database: Database, fences: FenceCache, cipher: FieldCipher, clock: Clock
) -> PresenceTools:
    """Return the tools of one process; without `passkey_rp_id` the installation makes no passkeys."""
    party = None
    if settings.passkey_rp_id is not None:
        party = RelyingParty(settings.passkey_rp_id, PARTY_NAME, settings.passkey_origins)
    return PresenceTools(database, fences, cipher, party, clock)
