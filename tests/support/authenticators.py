"""An authenticator in software: makes passkeys and answers challenges, as a phone's system does or as a forger."""

import base64
import hashlib
import json
import secrets
from dataclasses import dataclass, field
from typing import Any

import cbor2
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

ORIGIN, RP_ID = "https://daogang.test", "daogang.test"
USER_PRESENT, USER_VERIFIED, ATTESTED = 0x01, 0x04, 0x40


def base64url(content: bytes) -> str:
    """Spell bytes in base64url without padding."""
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


@dataclass
class Authenticator:
    """One credential with its counter; `counts` unset: it never counts, as synced passkeys do."""

    private: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))
    credential_id: bytes = field(default_factory=lambda: secrets.token_bytes(16))
    count: int = 0
    counts: bool = True

    def clone(self) -> "Authenticator":
        """Copy the credential as it is now."""
        return Authenticator(self.private, self.credential_id, self.count, self.counts)

    def registers(self, options: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """Answer `navigator.credentials.create`."""
        numbers = self.private.public_key().public_numbers()
        cose = {1: 2, 3: -7, -1: 1, -2: numbers.x.to_bytes(32), -3: numbers.y.to_bytes(32)}
        attested = bytes(16) + len(self.credential_id).to_bytes(2) + self.credential_id + cbor2.dumps(cose)
        data = self._data(attested=attested, **{name: changes[name] for name in changes if name in {"flags", "rp_id"}})
        client = self._client("webauthn.create", options, **changes)
        attestation = cbor2.dumps({"fmt": "none", "attStmt": {}, "authData": data})
        return self._spelled({"clientDataJSON": base64url(client), "attestationObject": base64url(attestation)})

    def shows(self, options: dict[str, Any], **changes: Any) -> dict[str, Any]:
        """Answer `navigator.credentials.get`."""
        self.count += self.counts
        data = self._data(**{name: changes[name] for name in changes if name in {"flags", "rp_id"}})
        client = self._client("webauthn.get", options, **changes)
        signature = self.private.sign(data + hashlib.sha256(client).digest(), ec.ECDSA(SHA256()))
        return self._spelled(
            {
                "clientDataJSON": base64url(client),
                "authenticatorData": base64url(data),
                "signature": base64url(signature),
            }
        )

    def _data(self, *, attested: bytes = b"", flags: int = USER_PRESENT | USER_VERIFIED, rp_id: str = RP_ID) -> bytes:
        told = flags | (ATTESTED if attested else 0)
        return hashlib.sha256(rp_id.encode()).digest() + bytes([told]) + self.count.to_bytes(4) + attested

    def _client(
        self,
        kind: str,
        options: dict[str, Any],
        *,
        origin: str = ORIGIN,
        challenge: str | None = None,
        **told: Any,
    ) -> bytes:
        said = {
            "type": told.get("said_kind", kind),
            "challenge": challenge or options["challenge"],
            "origin": origin,
            "crossOrigin": told.get("cross_origin", False),
        }
        return json.dumps(said).encode()

    def _spelled(self, response: dict[str, str]) -> dict[str, Any]:
        named = base64url(self.credential_id)
        return {"id": named, "rawId": named, "type": "public-key", "response": response, "clientExtensionResults": {}}
