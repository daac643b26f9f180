"""The published vectors are what the code makes, and another implementation finds in them what they say."""

import base64
import hashlib
import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256

from backend.identity.phone_keys import has_signed, read_jwk
from mobile_api.offline.errors import ItemMalformed
from mobile_api.offline.items import item_message, key_message, read_item, sync_message
from mobile_api.offline.vectors import make_vectors
from tools.house import ROOT

PUBLISHED = (ROOT / "docs/offline-vectors.json").read_bytes()
VECTORS: dict[str, Any] = json.loads(PUBLISHED)
KEY = read_jwk(VECTORS["key"]["jwk"]["x"], VECTORS["key"]["jwk"]["y"])


def decoded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def test_the_published_file_is_what_the_command_writes() -> None:
    assert make_vectors() == PUBLISHED


def test_the_thumbprint_is_that_of_rfc_7638() -> None:
    jwk = VECTORS["key"]["jwk"]
    members = json.dumps({name: jwk[name] for name in ("crv", "kty", "x", "y")}, separators=(",", ":"))
    assert decoded(VECTORS["key"]["thumbprint"]) == hashlib.sha256(members.encode()).digest()
    assert KEY.thumbprint == VECTORS["key"]["thumbprint"]


@pytest.mark.parametrize(
    ("vector", "message"),
    [
        (VECTORS["registration"], key_message(VECTORS["registration"]["challenge"], KEY.thumbprint)),
        *((one, item_message(one["text"])) for one in [*VECTORS["items"], VECTORS["with_proof"]]),
        (VECTORS["call"], sync_message(VECTORS["call"]["body"].encode())),
    ],
)
def test_what_is_signed_and_how(vector: dict[str, str], message: bytes) -> None:
    assert bytes.fromhex(vector["signed_message_hex"]) == message
    point = b"\x04" + b"".join(decoded(VECTORS["key"]["jwk"][name]) for name in "xy")
    public = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    public.verify(decoded(vector["signature_der"]), message, ec.ECDSA(SHA256()))
    assert has_signed(KEY.der, vector["signature"], message)
    assert has_signed(KEY.der, vector["signature_der"], message)
    assert not has_signed(KEY.der, vector["signature"], message + b" ")


def test_items_are_chained_and_read() -> None:
    first, second = (
        read_item(json.dumps({"item": one["text"], "signature": one["signature"]}).encode()) for one in VECTORS["items"]
    )
    assert [first.digest, second.digest] == [one["digest"] for one in VECTORS["items"]]
    assert decoded(first.digest) == hashlib.sha256(first.text.encode()).digest()
    assert (first.item.prev, second.item.prev) == (KEY.thumbprint, first.digest)
    assert [first.item.counter, second.item.counter] == [1, 2]


@pytest.mark.parametrize("text", VECTORS["refused"]["spelled_otherwise"])
def test_one_content_has_one_spelling(text: str) -> None:
    json.loads(text)
    with pytest.raises(ItemMalformed):
        read_item(json.dumps({"item": text, "signature": "AA"}).encode())


def test_an_altered_item_is_not_signed() -> None:
    altered = VECTORS["refused"]["altered"]
    read = read_item(json.dumps({"item": altered["text"], "signature": altered["signature"]}).encode())
    assert not has_signed(KEY.der, read.signature, item_message(read.text))


def test_an_item_may_name_a_proof_and_those_without_one_are_as_they_were() -> None:
    told = VECTORS["with_proof"]
    read = read_item(json.dumps({"item": told["text"], "signature": told["signature"]}).encode())
    assert (str(read.item.proof_id), read.digest) == ("019cf597-9b74-7abc-8def-000000000004", told["digest"])
    assert read.item.prev == VECTORS["items"][1]["digest"]
    assert all("proof_id" not in one["text"] for one in VECTORS["items"])
