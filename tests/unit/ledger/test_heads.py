import base64
from datetime import UTC, datetime
from hashlib import sha256

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from backend.ledger.seals import heads
from backend.ledger.seals.heads import HeadMalformed, SignedHead, TreeHead

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
HEAD = TreeHead("daogang/x/1", 12, sha256(b"root").digest(), datetime(2026, 3, 16, 1, 30, 0, 7, tzinfo=UTC))
SIGNED = SignedHead(HEAD, PUBLIC, KEY.sign(HEAD.text().encode()))


def test_the_signed_bytes_are_these() -> None:
    root = base64.b64encode(HEAD.root).decode()
    assert HEAD.text() == f"daogang/x/1\n12\n{root}\nsigned_at 2026-03-16T01:30:00.000007Z\n"
    assert SIGNED.is_genuine()


def test_a_note_is_read_as_it_was_written_and_names_its_signer() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32)).public_key().public_bytes_raw()
    assert heads.find_signer(SIGNED.note(), [other, PUBLIC]) == SIGNED
    assert heads.find_signer(SIGNED.note(), [other]) is None
    assert heads.find_signer(SIGNED.note(), []) is None


@pytest.mark.parametrize(
    ("old", "new"),
    [("\n12\n", "\n13\n"), ("30:00.000007", "30:01.000007"), ("daogang/x/1\n12", "daogang/x/2\n12")],
)
def test_no_line_can_be_altered(old: str, new: str) -> None:
    altered = SIGNED.note().replace(old, new)
    if new.startswith("daogang"):
        with pytest.raises(HeadMalformed):
            heads.find_signer(altered, [PUBLIC])
    else:
        assert heads.find_signer(altered, [PUBLIC]) is None


@pytest.mark.parametrize(
    "note",
    [
        "",
        "a\n\n",
        SIGNED.note().replace("\n12\n", "\n+12\n"),
        SIGNED.note().replace("\n12\n", "\n-1\n"),
        SIGNED.note().replace("\n12\n", "\ntwelve\n"),
        SIGNED.note().replace("\u2014 daogang", "- daogang"),
        SIGNED.note().replace(base64.b64encode(HEAD.root).decode(), "AAAA"),
    ],
)
def test_what_is_no_head_is_refused(note: str) -> None:
    with pytest.raises(HeadMalformed):
        heads.read_note(note)
