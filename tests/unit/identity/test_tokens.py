"""Access tokens: what is refused, by which code, and that remembering a token never makes it live longer."""

import base64
import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import jwt
import pytest

from backend.identity import tokens as module
from backend.identity.errors import (
    TokenExpired,
    TokenForeign,
    TokenForged,
    TokenKeyUnknown,
    TokenMalformed,
    TokenNotYetValid,
)
from backend.identity.roles import ROLE_SCOPES, Role
from backend.identity.tokens import LEEWAY, LIFETIME, AccessTokens, Holder
from backend.kit.crypto import public_key, signing_key
from backend.kit.keyring import MemoryKeyRing, Purpose

# A day long past: nothing may depend on the machine's clock.
AT = datetime(2021, 3, 2, 8, tzinfo=UTC)
HOLDER = Holder(UUID(int=1), UUID(int=2), UUID(int=3), frozenset({"key_person"}))


def signed(ring: MemoryKeyRing, *, drop: str = "", header: dict[str, Any] | None = None, **claims: object) -> str:
    """Sign any claims with the active key, starting from right ones."""
    key = ring.active(Purpose.JWT)
    whole: dict[str, Any] = {
        "iss": "daogang",
        "aud": "daogang",
        "sub": str(HOLDER.account_id),
        "fid": str(HOLDER.family_id),
        "roles": ["auditor"],
        "iat": int(AT.timestamp()),
        "exp": int(AT.timestamp()) + 900,
        "jti": str(UUID(int=4)),
        **claims,
    }
    whole.pop(drop, None)
    headers = {"kid": key.id, "typ": "at+jwt", **(header or {})}
    return jwt.encode(whole, signing_key(key.secret), algorithm="EdDSA", headers=headers)


@pytest.fixture
def ring() -> MemoryKeyRing:
    return MemoryKeyRing(AT)


@pytest.fixture
def access(ring: MemoryKeyRing) -> AccessTokens:
    return AccessTokens(ring)


def test_a_token_tells_who_holds_it_and_what_he_may(access: AccessTokens) -> None:
    issued = access.issue(HOLDER, AT)
    assert issued.expires_at == AT + LIFETIME == AT + timedelta(minutes=15)
    actor = access.verify(issued.token, AT)
    assert (actor.account_id, actor.person_id, actor.family_id) == (UUID(int=1), UUID(int=2), UUID(int=3))
    assert actor.roles == {"key_person"}
    assert actor.scopes == ROLE_SCOPES[Role.KEY_PERSON]


def test_a_staff_token_names_no_person(access: AccessTokens) -> None:
    issued = access.issue(replace(HOLDER, person_id=None), AT)
    assert access.verify(issued.token, AT).person_id is None


def test_a_token_names_its_key_type_and_a_fresh_id(access: AccessTokens, ring: MemoryKeyRing) -> None:
    one, two = access.issue(HOLDER, AT).token, access.issue(HOLDER, AT).token
    assert jwt.get_unverified_header(one) == {"alg": "EdDSA", "typ": "at+jwt", "kid": ring.active(Purpose.JWT).id}
    assert one != two


def test_a_token_holds_no_personal_data(access: AccessTokens) -> None:
    payload = jwt.decode(access.issue(HOLDER, AT).token, options={"verify_signature": False})
    assert set(payload) == {"iss", "aud", "sub", "pid", "fid", "roles", "iat", "exp", "jti"}


@pytest.mark.parametrize("remembered", [True, False])
def test_a_token_ends_after_fifteen_minutes_remembered_or_not(ring: MemoryKeyRing, *, remembered: bool) -> None:
    access = AccessTokens(ring)
    token = access.issue(HOLDER, AT).token
    if remembered:
        access.verify(token, AT)
    access.verify(token, AT + LIFETIME - timedelta(seconds=1))
    with pytest.raises(TokenExpired):
        (access if remembered else AccessTokens(ring)).verify(token, AT + LIFETIME)


@pytest.mark.parametrize("remembered", [True, False])
def test_a_token_from_the_future_waits_but_for_a_small_leeway(ring: MemoryKeyRing, *, remembered: bool) -> None:
    access = AccessTokens(ring)
    token = access.issue(HOLDER, AT).token
    if remembered:
        access.verify(token, AT)
    access.verify(token, AT - LEEWAY)
    with pytest.raises(TokenNotYetValid):
        access.verify(token, AT - LEEWAY - timedelta(seconds=1))


def test_a_remembered_token_falls_with_its_key(access: AccessTokens, ring: MemoryKeyRing) -> None:
    token = access.issue(HOLDER, AT).token
    old = ring.active(Purpose.JWT).id
    access.verify(token, AT)
    ring.rotate(Purpose.JWT, AT)
    access.verify(token, AT)
    ring.retire(Purpose.JWT, old)
    with pytest.raises(TokenKeyUnknown):
        access.verify(token, AT)


def test_a_signature_is_checked_once_and_memory_is_bounded(
    ring: MemoryKeyRing, monkeypatch: pytest.MonkeyPatch
) -> None:
    checked: list[str] = []

    def counting(token: str, *arguments: Any, **more: Any) -> Any:
        checked.append(token)
        return decode(token, *arguments, **more)

    decode = jwt.decode
    monkeypatch.setattr(module.jwt, "decode", counting)
    access = AccessTokens(ring, remembered=2)
    one, two, three = (access.issue(HOLDER, AT).token for _ in range(3))
    for token in (one, one, two, one, three, one, two):
        access.verify(token, AT)
    # `two` was the least recently used when `three` came, so only it is checked again.
    assert checked == [one, two, three, two]


def test_a_stranger_s_signature_is_refused(access: AccessTokens, ring: MemoryKeyRing) -> None:
    other = MemoryKeyRing(AT)
    token = signed(other, header={"kid": ring.active(Purpose.JWT).id})
    with pytest.raises(TokenForged):
        access.verify(token, AT)


def test_changed_claims_are_refused(access: AccessTokens, ring: MemoryKeyRing) -> None:
    head, body, signature = signed(ring).split(".")
    claims = json.loads(base64.urlsafe_b64decode(body + "=" * (-len(body) % 4)))
    claims["roles"] = ["operator"]
    forged = base64.urlsafe_b64encode(json.dumps(claims).encode()).rstrip(b"=").decode()
    with pytest.raises(TokenForged):
        access.verify(f"{head}.{forged}.{signature}", AT)


def test_the_algorithm_is_ours_to_choose(access: AccessTokens, ring: MemoryKeyRing) -> None:
    key = ring.active(Purpose.JWT)
    claims = jwt.decode(signed(ring), options={"verify_signature": False})
    headers = {"kid": key.id, "typ": "at+jwt"}
    unsigned = jwt.encode(claims, None, algorithm="none", headers=headers)  # type: ignore[arg-type] - PyJWT allows None here
    raw = public_key(key.secret).public_bytes_raw()
    symmetric = jwt.encode(claims, raw, algorithm="HS256", headers=headers)
    for token in (unsigned, symmetric):
        with pytest.raises(TokenMalformed):
            access.verify(token, AT)


@pytest.mark.parametrize("header", [{"kid": None}, {"kid": 7}, {"typ": "JWT"}, {"typ": None}])
def test_a_header_that_is_not_ours_is_refused(
    access: AccessTokens, ring: MemoryKeyRing, header: dict[str, Any]
) -> None:
    key = ring.active(Purpose.JWT)
    whole = {"alg": "EdDSA", "kid": key.id, "typ": "at+jwt", **header}
    whole = {name: value for name, value in whole.items() if value is not None}
    _, body, signature = signed(ring).split(".")
    head = base64.urlsafe_b64encode(json.dumps(whole).encode()).rstrip(b"=").decode()
    with pytest.raises(TokenMalformed):
        access.verify(f"{head}.{body}.{signature}", AT)


def test_an_unknown_key_is_told_apart(access: AccessTokens, ring: MemoryKeyRing) -> None:
    with pytest.raises(TokenKeyUnknown):
        access.verify(signed(ring, header={"kid": "jwt-20210302-00000000"}), AT)


def test_a_key_of_another_purpose_signs_no_token(access: AccessTokens, ring: MemoryKeyRing) -> None:
    anchor = ring.active(Purpose.ANCHOR)
    claims = jwt.decode(signed(ring), options={"verify_signature": False})
    token = jwt.encode(
        claims, signing_key(anchor.secret), algorithm="EdDSA", headers={"kid": anchor.id, "typ": "at+jwt"}
    )
    with pytest.raises(TokenKeyUnknown):
        access.verify(token, AT)


@pytest.mark.parametrize("claims", [{"aud": "another"}, {"iss": "another"}])
def test_a_token_for_or_from_others_is_refused(
    access: AccessTokens, ring: MemoryKeyRing, claims: dict[str, Any]
) -> None:
    with pytest.raises(TokenForeign):
        access.verify(signed(ring, **claims), AT)


@pytest.mark.parametrize("claim", ["iss", "aud", "sub", "fid", "roles", "iat", "exp", "jti"])
def test_every_claim_is_needed(access: AccessTokens, ring: MemoryKeyRing, claim: str) -> None:
    with pytest.raises(TokenMalformed):
        access.verify(signed(ring, drop=claim), AT)


@pytest.mark.parametrize(
    "claims",
    [{"sub": "me"}, {"roles": "operator"}, {"roles": [1]}, {"exp": "soon"}, {"aud": ["daogang"]}, {"pid": 3}],
)
def test_every_claim_is_of_its_type(access: AccessTokens, ring: MemoryKeyRing, claims: dict[str, Any]) -> None:
    with pytest.raises(TokenMalformed):
        access.verify(signed(ring, **claims), AT)


@pytest.mark.parametrize(
    "text",
    ["", ".", "..", "a.b.c", "x" * 5000, "令.牌.牌", "e30.e30.e30", "W10.W10.W10", "\x00", "eyJhbGciOiJFZERTQSJ9"],
)
def test_what_is_no_token_is_refused(access: AccessTokens, text: str) -> None:
    with pytest.raises(TokenMalformed):
        access.verify(text, AT)


def test_an_unknown_role_gives_no_scope(access: AccessTokens, ring: MemoryKeyRing) -> None:
    assert access.verify(signed(ring, roles=["emperor"]), AT).scopes == frozenset()


def test_the_key_set_verifies_tokens_and_shows_no_secret(access: AccessTokens, ring: MemoryKeyRing) -> None:
    before = access.issue(HOLDER, AT).token
    ring.rotate(Purpose.JWT, AT)
    after = access.issue(HOLDER, AT).token
    keys = access.jwks(AT)["keys"]
    assert [set(key) for key in keys] == [{"kty", "crv", "x", "kid", "use", "alg"}] * 2
    by_id = {key["kid"]: jwt.PyJWK(key) for key in keys}
    for token in (before, after):
        key = by_id[jwt.get_unverified_header(token)["kid"]]
        options: Any = {"verify_exp": False}
        assert jwt.decode(token, key, algorithms=["EdDSA"], audience="daogang", options=options)["sub"]
    assert len(access.jwks(AT + timedelta(days=2))["keys"]) == 1
