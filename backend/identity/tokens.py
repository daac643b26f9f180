"""Issues and verifies access tokens: EdDSA JWTs of fifteen minutes that name their key (RFC 7519, 8037, 9068)."""

from __future__ import annotations

from base64 import urlsafe_b64decode
from collections import OrderedDict
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from hashlib import sha256
from typing import Any, Final
from uuid import UUID

import jwt
import msgspec
from jwt.algorithms import OKPAlgorithm

from backend.identity.errors import (
    TokenExpired,
    TokenForeign,
    TokenForged,
    TokenKeyUnknown,
    TokenMalformed,
    TokenNotYetValid,
)
from backend.identity.roles import scopes_of
from backend.kit.crypto import public_key, signing_key
from backend.kit.guards import Actor
from backend.kit.ids import new_id
from backend.kit.keyring import KeyRing, KeyUnknownError, Purpose

ALGORITHM: Final = "EdDSA"
AUDIENCE: Final = "daogang"
ISSUER: Final = "daogang"
TOKEN_TYPE: Final = "at+jwt"  # noqa: S105 - a media type
LIFETIME: Final = timedelta(minutes=15)
LEEWAY: Final = timedelta(seconds=30)
LONGEST_TOKEN: Final = 4096
REMEMBERED: Final = 8192

# Times are judged by the application's clock, never by the library's own.
_OPTIONS: Final[Any] = {
    "verify_signature": True,
    "verify_exp": False,
    "verify_nbf": False,
    "verify_iat": False,
    "verify_aud": False,
    "verify_iss": False,
    "verify_sub": False,
    "verify_jti": False,
}


class _Header(msgspec.Struct, frozen=True):
    alg: str
    kid: str
    typ: str


class _Claims(msgspec.Struct, frozen=True):
    sub: UUID
    fid: UUID
    roles: list[str]
    aud: str
    iss: str
    iat: int
    exp: int
    jti: UUID
    pid: UUID | None = None


_headers: Final = msgspec.json.Decoder(_Header)


@dataclass(frozen=True, slots=True)
class Holder:
    """Who an access token is issued to."""

    account_id: UUID
    person_id: UUID | None
    family_id: UUID
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class IssuedToken:
    """A signed token and the instant at which it ends."""

    token: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class _Verified:
    actor: Actor
    key_id: str
    not_before: float
    expires: float


class AccessTokens:
    """Issues tokens with the active key and verifies them with every key still usable.

    Verifying a signature costs 100 µs and more, and a client sends the same token many times: the
    tokens verified last are remembered by a SHA-256 of their whole text. A remembered token is still
    refused when it expires or when its key is retired.
    """

    def __init__(self, ring: KeyRing, *, remembered: int = REMEMBERED) -> None:
        """Use the JWT keys of `ring` and remember at most `remembered` verified tokens."""
        self._ring = ring
        self._remembered = remembered
        self._verified: OrderedDict[bytes, _Verified] = OrderedDict()

    def issue(self, holder: Holder, now: datetime) -> IssuedToken:
        """Sign a token for `holder` that holds from `now` for fifteen minutes."""
        key = self._ring.active(Purpose.JWT)
        issued = int(now.timestamp())
        expires = issued + int(LIFETIME.total_seconds())
        claims = {
            "iss": ISSUER,
            "aud": AUDIENCE,
            "sub": str(holder.account_id),
            "fid": str(holder.family_id),
            "roles": sorted(holder.roles),
            "iat": issued,
            "exp": expires,
            "jti": str(new_id(now)),
        }
        if holder.person_id is not None:
            claims["pid"] = str(holder.person_id)
        token = jwt.encode(
            claims,
            signing_key(key.secret),
            algorithm=ALGORITHM,
            headers={"kid": key.id, "typ": TOKEN_TYPE},
        )
        return IssuedToken(token, datetime.fromtimestamp(expires, UTC))

    def verify(self, token: str, now: datetime) -> Actor:
        """Return who `token` speaks for at `now` (aware).

        Raises `TokenMalformed`, `TokenKeyUnknown`, `TokenForged`, `TokenForeign`, `TokenNotYetValid` or
        `TokenExpired`, all with status 401.
        """
        name = sha256(token.encode()).digest()
        known = self._verified.get(name)
        if known is None:
            known = self._verify_anew(token, now)
            if now.timestamp() < known.expires:
                self._remember(name, known)
        else:
            self._require_key(known.key_id, now)
            self._verified.move_to_end(name)
        at = now.timestamp()
        if at >= known.expires:
            self._verified.pop(name, None)
            raise TokenExpired
        if at < known.not_before:
            raise TokenNotYetValid
        return known.actor

    def jwks(self, now: datetime) -> dict[str, list[dict[str, str]]]:
        """Return the public keys that verify tokens at `now` as a JWK set (RFC 7517, RFC 8037)."""
        keys: list[dict[str, str]] = []
        for key in self._ring.usable(Purpose.JWT, now):
            public = OKPAlgorithm.to_jwk(public_key(key.secret), as_dict=True)
            keys.append(
                {
                    "kty": public["kty"],
                    "crv": public["crv"],
                    "x": public["x"],
                    "kid": key.id,
                }
            )
            keys[-1] |= {"use": "sig", "alg": ALGORITHM}
        return {"keys": keys}

    def _verify_anew(self, token: str, now: datetime) -> _Verified:
        header = _read_header(token)
        secret = self._require_key(header.kid, now)
        try:
            payload = jwt.decode(token, public_key(secret), algorithms=[ALGORITHM], options=_OPTIONS)
            claims = msgspec.convert(payload, _Claims, strict=False)
        except jwt.InvalidSignatureError:
            raise TokenForged from None
        except (jwt.PyJWTError, msgspec.ValidationError, ValueError):
            raise TokenMalformed from None
        if claims.aud != AUDIENCE or claims.iss != ISSUER:
            raise TokenForeign
        roles, scopes = _held(tuple(claims.roles))
        actor = Actor(
            account_id=claims.sub,
            person_id=claims.pid,
            family_id=claims.fid,
            roles=roles,
            scopes=scopes,
        )
        return _Verified(actor, header.kid, claims.iat - LEEWAY.total_seconds(), claims.exp)

    def _remember(self, name: bytes, verified: _Verified) -> None:
        self._verified[name] = verified
        while len(self._verified) > self._remembered:
            self._verified.popitem(last=False)

    def _require_key(self, key_id: str, now: datetime) -> bytes:
        try:
            return self._ring.find(Purpose.JWT, key_id, now).secret
        except KeyUnknownError:
            raise TokenKeyUnknown from None


@lru_cache(maxsize=256)
def _held(roles: tuple[str, ...]) -> tuple[frozenset[str], frozenset[str]]:
    """Return the roles and their scopes; thousands of remembered tokens share them."""
    return frozenset(roles), scopes_of(roles)


def _read_header(token: str) -> _Header:
    """Read the unverified header; only what can be ours goes on to the signature."""
    if len(token) > LONGEST_TOKEN or not token.isascii():
        raise TokenMalformed
    # PyJWT's way to the header takes the whole token apart, and `decode` does so again.
    encoded = token.partition(".")[0]
    try:
        header = _headers.decode(urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4)))
    except ValueError:  # of base64 and of msgspec
        raise TokenMalformed from None
    # The algorithm is ours to choose, not the token's (RFC 8725 §3.1).
    if header.alg != ALGORITHM or header.typ != TOKEN_TYPE:
        raise TokenMalformed
    return header
