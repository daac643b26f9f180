"""Keys: who is active, who may still check, and who was never loaded."""

from datetime import UTC, datetime, timedelta

import pytest

from backend.kit.keyring import (
    OVERLAP,
    SEALER_PURPOSES,
    SERVER_PURPOSES,
    KeyRingError,
    KeyState,
    KeyTable,
    KeyUnknownError,
    MemoryKeyRing,
    Purpose,
    PurposeNotLoadedError,
    new_key,
    retired,
    rotated,
)

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)


def test_the_server_never_holds_the_seal_key() -> None:
    ring = MemoryKeyRing(AT)
    assert Purpose.SEAL not in SERVER_PURPOSES
    assert frozenset({Purpose.SEAL}) == SEALER_PURPOSES
    for ask in (
        lambda: ring.active(Purpose.SEAL),
        lambda: ring.find(Purpose.SEAL, "seal-1", AT),
        lambda: ring.usable(Purpose.SEAL, AT),
    ):
        with pytest.raises(PurposeNotLoadedError):
            ask()


def test_a_secret_shows_in_no_repr() -> None:
    key = new_key(Purpose.FIELD, AT)
    assert len(key.secret) == 32
    assert repr(key.secret) not in repr(key)


def test_a_key_never_serves_another_purpose() -> None:
    ring = MemoryKeyRing(AT)
    with pytest.raises(KeyUnknownError):
        ring.find(Purpose.ANCHOR, ring.active(Purpose.JWT).id, AT)


def test_after_rotation_the_old_key_checks_for_its_overlap_only() -> None:
    ring = MemoryKeyRing(AT)
    old = ring.active(Purpose.JWT)
    new = ring.rotate(Purpose.JWT, AT)
    overlap = OVERLAP[Purpose.JWT]
    assert overlap is not None
    assert ring.active(Purpose.JWT) == new
    assert new.id != old.id
    assert new.secret != old.secret
    assert ring.find(Purpose.JWT, old.id, AT + overlap - timedelta(seconds=1)).state is KeyState.VERIFY_ONLY
    assert [key.id for key in ring.usable(Purpose.JWT, AT)] == [new.id, old.id]
    with pytest.raises(KeyUnknownError):
        ring.find(Purpose.JWT, old.id, AT + overlap)
    assert [key.id for key in ring.usable(Purpose.JWT, AT + overlap)] == [new.id]


def test_a_replaced_field_key_decrypts_until_someone_retires_it() -> None:
    ring = MemoryKeyRing(AT)
    old = ring.active(Purpose.FIELD)
    ring.rotate(Purpose.FIELD, AT)
    assert ring.find(Purpose.FIELD, old.id, AT + timedelta(days=36500)).id == old.id
    ring.retire(Purpose.FIELD, old.id)
    with pytest.raises(KeyUnknownError):
        ring.find(Purpose.FIELD, old.id, AT)


def test_an_active_or_unknown_key_cannot_be_retired() -> None:
    keys = rotated((), Purpose.JWT, AT)
    with pytest.raises(KeyRingError, match="rotate"):
        retired(keys, keys[0].id)
    with pytest.raises(KeyUnknownError):
        retired(keys, "nobody")


def test_rotation_marks_keys_past_their_overlap_as_retired() -> None:
    first = rotated((), Purpose.JWT, AT)
    second = rotated(first, Purpose.JWT, AT)
    third = rotated(second, Purpose.JWT, AT + timedelta(days=2))
    assert [key.state for key in third] == [KeyState.ACTIVE, KeyState.VERIFY_ONLY, KeyState.RETIRED]


def test_two_active_keys_or_one_id_twice_are_refused() -> None:
    one, two = new_key(Purpose.JWT, AT), new_key(Purpose.JWT, AT)
    with pytest.raises(KeyRingError, match="two active"):
        KeyTable({Purpose.JWT: (one, two)})
    with pytest.raises(KeyRingError, match="twice"):
        KeyTable({Purpose.JWT: (one, one)})


def test_a_purpose_without_active_key_names_the_remedy() -> None:
    with pytest.raises(KeyUnknownError, match="daogang keys rotate jwt"):
        KeyTable({Purpose.JWT: ()}).active(Purpose.JWT)
