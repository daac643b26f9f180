import io
import os

import pytest

from backend.backup.encryption import PIECE, ArchiveUnreadable, DecryptingReader, EncryptingWriter

PASSPHRASE = "a passphrase of some length"
CONTENT = os.urandom(PIECE) + bytes(PIECE + 5)


def sealed(content: bytes) -> bytes:
    target = io.BytesIO()
    writer = EncryptingWriter(target, PASSPHRASE)
    writer.write(content)
    writer.finish()
    return target.getvalue()


def opened(content: bytes, passphrase: str = PASSPHRASE) -> bytes:
    reader = DecryptingReader(io.BytesIO(content), passphrase)
    found = reader.read(10 * PIECE)
    reader.drain()
    return found


SEALED = sealed(CONTENT)


def test_what_was_sealed_is_opened_and_cannot_be_read_before() -> None:
    assert opened(SEALED) == CONTENT
    assert opened(sealed(b"")) == b""
    assert bytes(1000) not in SEALED


@pytest.mark.parametrize("place", [0, 20, 35, 40, 44, 50, PIECE + 100, -1])
def test_no_byte_can_be_altered(place: int) -> None:
    altered = bytearray(SEALED)
    altered[place] ^= 1
    with pytest.raises(ArchiveUnreadable):
        opened(bytes(altered))


def test_nothing_can_be_cut_off_swapped_or_added() -> None:
    head, piece = 17 + 16 + 7, 4 + PIECE + 16
    first, second, last = (
        SEALED[head : head + piece],
        SEALED[head + piece : head + 2 * piece],
        SEALED[head + 2 * piece :],
    )
    for spoilt in (
        SEALED[: head + 2 * piece],
        SEALED[:-1],
        SEALED[:head],
        SEALED[:head] + second + first + last,
        SEALED[:head] + first + last,
        SEALED + last,
    ):
        with pytest.raises(ArchiveUnreadable):
            opened(spoilt)


def test_another_passphrase_and_one_that_is_too_short() -> None:
    with pytest.raises(ArchiveUnreadable, match="the passphrase is another"):
        opened(SEALED, PASSPHRASE + "!")
    with pytest.raises(ValueError, match="at least 16 characters"):
        EncryptingWriter(io.BytesIO(), "short")
    with pytest.raises(ArchiveUnreadable, match="no backup"):
        opened(b"something else")
