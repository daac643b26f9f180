"""Phone numbers are read in any spelling, masked in answers; phone keys are P-256 and nothing else."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from backend.identity.errors import PhoneNumberMalformed, PublicKeyMalformed
from backend.identity.masking import mask_document_number, mask_phone_number
from backend.identity.phone_keys import key_thumbprint, read_jwk
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


def coordinates(key: ec.EllipticCurvePrivateKey) -> tuple[str, str]:
    numbers = key.public_key().public_numbers()
    x, y = (base64.urlsafe_b64encode(one.to_bytes(32)).decode().rstrip("=") for one in (numbers.x, numbers.y))
    return x, y


def test_a_p256_key_is_read_from_its_coordinates() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    read = read_jwk(*coordinates(key))
    assert read.der == key.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    assert (len(read.thumbprint), len(key_thumbprint(read.der))) == (43, 64)


@pytest.mark.parametrize("kind", ["off the curve", "long", "short", "padded", "not base64", "empty"])
def test_what_is_no_point_of_the_curve_is_refused(kind: str) -> None:
    x, y = coordinates(ec.generate_private_key(ec.SECP256R1()))
    given = {
        "off the curve": ("A" * 43, y),
        "long": (x + "AAAA", y),
        "short": (x[:-3], y),
        "padded": (x + "=", y),
        "not base64": ("!" + x[1:], y),
        "empty": ("", ""),
    }
    with pytest.raises(PublicKeyMalformed):
        read_jwk(*given[kind])
