"""Encryption, look-up digests, private rows and signatures: each refuses what it was not made for."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.kit.crypto import (
    BlindIndex,
    Cell,
    DataKeys,
    DecryptionError,
    FieldCipher,
    Looked,
    Sealed,
    Signer,
    data_key_label,
    normal_form,
)
from backend.kit.keyring import SEALER_PURPOSES, MemoryKeyRing, Purpose

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
RING = MemoryKeyRing(AT)
ROW = UUID(int=1)
CELL = Cell("person", "document_cipher", ROW)


def now() -> datetime:
    return AT


def cipher(ring: MemoryKeyRing = RING) -> FieldCipher:
    return FieldCipher(ring, now)


@given(st.text(max_size=200))
def test_what_is_encrypted_comes_back_in_its_own_cell(plain: str) -> None:
    plain = plain.encode("utf-8", "ignore").decode()
    assert cipher().decrypt(cipher().encrypt(plain, CELL), CELL) == plain


def test_equal_texts_give_different_ciphertexts() -> None:
    assert cipher().encrypt("13800000000", CELL) != cipher().encrypt("13800000000", CELL)


@pytest.mark.parametrize(
    "elsewhere",
    [
        Cell("person", "document_cipher", UUID(int=2)),
        Cell("person", "phone_cipher", ROW),
        Cell("account", "document_cipher", ROW),
        Cell("persondocument_cipher", "", ROW),
    ],
)
def test_a_ciphertext_moved_elsewhere_does_not_decrypt(elsewhere: Cell) -> None:
    stored = cipher().encrypt("990101199001011234", CELL)
    with pytest.raises(DecryptionError):
        cipher().decrypt(stored, elsewhere)


def test_every_altered_byte_and_every_cut_is_refused() -> None:
    stored = cipher().encrypt("990101199001011234", CELL)
    for place in range(len(stored)):
        altered = stored[:place] + bytes([stored[place] ^ 1]) + stored[place + 1 :]
        with pytest.raises(DecryptionError):
            cipher().decrypt(altered, CELL)
        with pytest.raises(DecryptionError):
            cipher().decrypt(stored[:place], CELL)


def test_a_replaced_key_goes_on_decrypting_and_is_seen_to_be_old() -> None:
    ring = MemoryKeyRing(AT)
    stored = cipher(ring).encrypt("x", CELL)
    assert cipher(ring).is_current(stored)
    ring.rotate(Purpose.FIELD, AT)
    assert cipher(ring).decrypt(stored, CELL) == "x"
    assert not cipher(ring).is_current(stored)
    assert cipher(ring).is_current(cipher(ring).encrypt("x", CELL))


def test_the_error_holds_neither_text_nor_key() -> None:
    stored = cipher().encrypt("13800000000", CELL)
    with pytest.raises(DecryptionError) as caught:
        cipher(MemoryKeyRing(AT)).decrypt(stored, CELL)
    assert "13800000000" not in str(caught.value)


@pytest.mark.parametrize(
    "spelling",
    ["13800000000", "138 0000 0000", "+86 138-0000-0000", "008613800000000", "8613800000000", "１３８００００００００"],
)
def test_spellings_of_one_phone_number_share_a_digest(spelling: str) -> None:
    index = BlindIndex(RING, now)
    assert normal_form(Looked.PHONE_NUMBER, spelling) == "13800000000"
    assert index.whole(Looked.PHONE_NUMBER, spelling) == index.whole(Looked.PHONE_NUMBER, "13800000000")


def test_spellings_of_one_id_number_share_a_digest() -> None:
    index = BlindIndex(RING, now)
    assert index.whole(Looked.ID_NUMBER, "99010119900101123x") == index.whole(Looked.ID_NUMBER, "990101 19900101 123X")


def test_kind_and_extent_are_separated() -> None:
    index = BlindIndex(RING, now)
    digests = {
        index.whole(Looked.ID_NUMBER, "0000"),
        index.whole(Looked.PHONE_NUMBER, "0000"),
        index.last_four(Looked.ID_NUMBER, "0000"),
        index.last_four(Looked.PHONE_NUMBER, "0000"),
        index.digest("id_number", b"0000"),
    }
    assert len(digests) == 5
    assert {len(digest) for digest in digests} == {32}


def test_last_four_is_shared_by_numbers_that_end_alike() -> None:
    index = BlindIndex(RING, now)
    assert index.last_four(Looked.PHONE_NUMBER, "13800001234") == index.last_four(Looked.PHONE_NUMBER, "19900001234")
    assert index.last_four(Looked.PHONE_NUMBER, "13800001234") != index.last_four(Looked.PHONE_NUMBER, "13800001235")


def test_digests_depend_on_the_key_and_rows_of_the_old_key_are_still_found() -> None:
    ring = MemoryKeyRing(AT)
    index = BlindIndex(ring, now)
    stored_whole = index.whole(Looked.PHONE_NUMBER, "13800000000")
    stored_last = index.last_four(Looked.PHONE_NUMBER, "13800000000")
    ring.rotate(Purpose.BLIND_INDEX, AT)
    assert index.whole(Looked.PHONE_NUMBER, "13800000000") != stored_whole
    assert index.whole_candidates(Looked.PHONE_NUMBER, "13800000000") == [
        index.whole(Looked.PHONE_NUMBER, "13800000000"),
        stored_whole,
    ]
    assert stored_last in index.last_four_candidates(Looked.PHONE_NUMBER, "13800000000")


LABEL = data_key_label(UUID(int=7), "2026-03")


def test_a_data_key_is_stored_wrapped_and_opens_what_it_sealed() -> None:
    keys = DataKeys(RING, now)
    wrapped, made = keys.create_data_key(LABEL)
    sealed = made.seal(b"name and exact place", b"row-1")
    again = DataKeys(RING, now).unwrap(wrapped, LABEL)
    assert again.open(sealed.ciphertext, b"row-1") == b"name and exact place"
    assert again.verify(sealed, b"row-1")
    assert len(sealed.commitment) == 32


def test_a_wrapped_key_serves_only_its_project_and_month() -> None:
    keys = DataKeys(RING, now)
    wrapped, _ = keys.create_data_key(LABEL)
    for other in (data_key_label(UUID(int=8), "2026-03"), data_key_label(UUID(int=7), "2026-04")):
        with pytest.raises(DecryptionError):
            keys.unwrap(wrapped, other)


def test_a_wrapped_key_is_no_field_and_a_field_no_wrapped_key() -> None:
    keys = DataKeys(RING, now)
    wrapped, _ = keys.create_data_key(LABEL)
    with pytest.raises(DecryptionError):
        cipher().decrypt(wrapped, CELL)
    with pytest.raises(DecryptionError):
        keys.unwrap(cipher().encrypt("x" * 32, CELL), LABEL)


def test_equal_rows_get_unlinkable_commitments_and_ciphertexts() -> None:
    _, key = DataKeys(RING, now).create_data_key(LABEL)
    one, two = key.seal(b"same", b"row"), key.seal(b"same", b"row")
    assert one.commitment != two.commitment
    assert one.ciphertext != two.ciphertext


def test_a_private_row_is_bound_to_its_row_key_and_commitment() -> None:
    keys = DataKeys(RING, now)
    (_, key), (_, other) = keys.create_data_key(LABEL), keys.create_data_key(LABEL)
    one, two = key.seal(b"one", b"row-1"), key.seal(b"two", b"row-2")
    with pytest.raises(DecryptionError):
        key.open(one.ciphertext, b"row-2")
    with pytest.raises(DecryptionError):
        other.open(one.ciphertext, b"row-1")
    with pytest.raises(DecryptionError):
        key.open(b"short", b"row-1")
    assert not key.verify(Sealed(one.ciphertext, two.commitment), b"row-1")
    assert not key.verify(one, b"row-2")


def test_signatures_name_their_key_and_hold_for_the_overlap() -> None:
    ring = MemoryKeyRing(AT)
    signer = Signer(ring, Purpose.ANCHOR)
    key_id, signature = signer.sign(b"anchor")
    assert signer.verify(key_id, signature, b"anchor", AT)
    assert not signer.verify(key_id, signature, b"another", AT)
    assert not signer.verify("nobody", signature, b"anchor", AT)
    assert not signer.verify(key_id, signature[:-1], b"anchor", AT)
    ring.rotate(Purpose.ANCHOR, AT)
    assert signer.verify(key_id, signature, b"anchor", AT + timedelta(days=44))
    assert not signer.verify(key_id, signature, b"anchor", AT + timedelta(days=46))


def test_a_signature_of_one_purpose_is_none_of_another() -> None:
    ring = MemoryKeyRing(AT, SEALER_PURPOSES | {Purpose.ANCHOR})
    _, signature = Signer(ring, Purpose.ANCHOR).sign(b"same")
    seal_id, _ = Signer(ring, Purpose.SEAL).sign(b"same")
    assert not Signer(ring, Purpose.SEAL).verify(seal_id, signature, b"same", AT)
