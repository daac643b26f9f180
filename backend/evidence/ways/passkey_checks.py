"""Checks what an authenticator answers to a challenge, by py_webauthn; knows no database and no clock.

Imported when the first passkey is made or shown: the library takes a quarter of a second and 9 MB.
"""

import json
from typing import Any, Final
from uuid import UUID

from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    options_to_json,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.helpers import (
    parse_authentication_credential_json,
    parse_client_data_json,
    parse_registration_credential_json,
)
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticationCredential,
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    RegistrationCredential,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from backend.evidence.ways.passkey_model import AnswerUnfit, Registered, RelyingParty, Shown

TIMEOUT_MS: Final = 120_000


def registration_options(
    party: RelyingParty, challenge: bytes, person_id: UUID, name: str, known: list[bytes]
) -> dict[str, Any]:
    """Return what `navigator.credentials.create` takes; `name` is what the phone shows to its owner."""
    options = generate_registration_options(
        rp_id=party.id,
        rp_name=party.name,
        user_id=person_id.bytes,
        user_name=name,
        user_display_name=name,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        authenticator_selection=AuthenticatorSelectionCriteria(
            resident_key=ResidentKeyRequirement.PREFERRED, user_verification=UserVerificationRequirement.REQUIRED
        ),
        exclude_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
    )
    return json.loads(options_to_json(options))


def assertion_options(party: RelyingParty, challenge: bytes, known: list[bytes]) -> dict[str, Any]:
    """Return what `navigator.credentials.get` takes; the authenticator has to verify its user."""
    options = generate_authentication_options(
        rp_id=party.id,
        challenge=challenge,
        timeout=TIMEOUT_MS,
        allow_credentials=[PublicKeyCredentialDescriptor(id=one) for one in known],
        user_verification=UserVerificationRequirement.REQUIRED,
    )
    return json.loads(options_to_json(options))


def check_registration(party: RelyingParty, challenge: bytes, answer: dict[str, Any]) -> Registered:
    """Return the new credential; raises AnswerUnfit."""
    try:
        credential: RegistrationCredential = parse_registration_credential_json(answer)
        _refuse_frames(credential.response.client_data_json)
        verified = verify_registration_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
            require_user_verification=True,
        )
    except AnswerUnfit:
        raise
    except Exception as fault:  # whatever a stranger's bytes do to parsers of CBOR, X.509 and keys
        raise AnswerUnfit(str(fault)) from fault
    return Registered(
        verified.credential_id,
        verified.credential_public_key,
        verified.sign_count,
        verified.credential_backed_up,
        verified.aaguid,
    )


def named_credential(answer: dict[str, Any]) -> bytes:
    """Return the credential that an assertion names; raises AnswerUnfit."""
    try:
        return _assertion(answer).raw_id
    except Exception as fault:  # likewise
        raise AnswerUnfit(str(fault)) from fault


def check_assertion(
    party: RelyingParty, challenge: bytes, answer: dict[str, Any], *, public_key: bytes, sign_count: int
) -> Shown:
    """Check an assertion with user verification by a known key.

    The counter is looked at only after the signature: otherwise whoever knows a credential's name could have it ended.
    One that does not rise, where it has ever counted, means that the key exists twice (WebAuthn Level 3, 6.1.1).
    """
    try:
        credential = _assertion(answer)
        _refuse_frames(credential.response.client_data_json)
        verified = verify_authentication_response(
            credential=credential,
            expected_challenge=challenge,
            expected_rp_id=party.id,
            expected_origin=list(party.origins),
            credential_public_key=public_key,
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception:  # noqa: BLE001 - likewise; what is wrong is nobody's business but ours
        return Shown(sign_count, "signature")
    counted = verified.new_sign_count
    if (counted or sign_count) and counted <= sign_count:
        return Shown(counted, "cloned")
    return Shown(counted)


def _assertion(answer: dict[str, Any]) -> AuthenticationCredential:
    return parse_authentication_credential_json(answer)


def _refuse_frames(client_data: bytes) -> None:
    """Refuse what was asked for inside somebody else's page."""
    if parse_client_data_json(client_data).cross_origin:
        msg = "the answer was made inside a page of another origin"
        raise WebAuthnException(msg)
