"""Phone numbers are read in any spelling, masked in answers; phone keys are P-256 and nothing else."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from backend.identity.errors import PhoneNumberMalformed, PublicKeyMalformed
from backend.identity.masking import mask_document_number, mask_phone_number
from backend.identity.phone_keys import key_thumbprint, read_public_key
from backend.identity.phone_numbers import read_phone_number


@pytest.mark.parametrize("text", ["19900000001", "+86 199 0000 0001", "86-199-0000-0001", " 199\u30000000 0001"])
def test_spellings_of_a_number(text: str) -> None:
    assert read_phone_number(text) == "19900000001"


@pytest.mark.parametrize(
    "text",
    ["", "1990000000", "199000000011", "12900000001", "+1 199 0000 0001", "1990000000x", "1" * 100, "١٩٩٠٠٠٠٠٠٠١"],
)
def test_what_is_no_mainland_mobile_number(text: str) -> None:
    with pytest.raises(PhoneNumberMalformed):
        read_phone_number(text)


def test_masks() -> None:
    assert mask_phone_number("13800000000") == "138****0000"
    assert mask_phone_number("85212345678901") == "85**********01"
    assert mask_document_number("99010119900101123X") == "990101********123X"
    assert mask_document_number("E12345678") == "E1*****78"
    assert mask_document_number("1234") == "****"
    assert mask_document_number("") == ""


def spki(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    der = key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return base64.urlsafe_b64encode(der).decode()


def test_a_p256_key_is_read_with_or_without_padding() -> None:
    text = spki(ec.generate_private_key(ec.SECP256R1()))
    der = base64.urlsafe_b64decode(text)
    assert read_public_key(text) == der
    assert read_public_key(text.rstrip("=")) == der
    assert len(key_thumbprint(der)) == 64


@pytest.mark.parametrize(
    "kind", ["p384", "ed25519", "compressed garbage", "not base64", "off the curve", "long", "empty"]
)
def test_any_other_key_is_refused(kind: str) -> None:
    good = base64.urlsafe_b64decode(spki(ec.generate_private_key(ec.SECP256R1())))
    texts = {
        "p384": spki(ec.generate_private_key(ec.SECP384R1())),
        "ed25519": spki(ed25519.Ed25519PrivateKey.generate()),
        "compressed garbage": base64.urlsafe_b64encode(good[:40]).decode(),
        "not base64": "!!" + base64.urlsafe_b64encode(good).decode(),
        "off the curve": base64.urlsafe_b64encode(good[:-64] + bytes([1] * 64)).decode(),
        "long": "A" * 201,
        "empty": "",
    }
    with pytest.raises(PublicKeyMalformed):
        read_public_key(texts[kind])
