"""An encrypted stream under a passphrase: AES-256-GCM in pieces, whose order and end are part of what is checked.

Header: a line that names the format, 16 bytes of salt for scrypt, 7 bytes that all nonces begin with. Then pieces, each
a length (4 bytes) and ciphertext; the nonce goes on with the piece's number (4 bytes) and whether it is the last (1
byte), so that nothing can be left out, put elsewhere or cut off (the STREAM construction).
"""

import os
from typing import BinaryIO, Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.kdf.scrypt import Scrypt

MAGIC: Final = b"daogang backup 1\n"
PIECE: Final = 1 << 20
SHORTEST_PASSPHRASE: Final = 16
_SALT: Final = 16
_PREFIX: Final = 7
_TAG: Final = 16


class ArchiveUnreadable(Exception):
    """The archive was altered or cut off, or the passphrase is another; the message says what is known."""


def _cipher(passphrase: str, salt: bytes) -> AESGCM:
    # 64 MB and some tenths of a second: a guess costs whoever has the archive just as much.
    return AESGCM(Scrypt(salt=salt, length=32, n=1 << 16, r=8, p=1).derive(passphrase.encode()))


class EncryptingWriter:
    """A file-like object for `tarfile`: what is written goes encrypted to `target`; `finish` marks the end."""

    def __init__(self, target: BinaryIO, passphrase: str) -> None:
        """Write the header; raises ValueError for a passphrase that is too short."""
        if len(passphrase) < SHORTEST_PASSPHRASE:
            msg = f"the passphrase needs at least {SHORTEST_PASSPHRASE} characters"
            raise ValueError(msg)
        self._target = target
        salt, self._prefix = os.urandom(_SALT), os.urandom(_PREFIX)
        self._header = MAGIC + salt + self._prefix
        self._aead = _cipher(passphrase, salt)
        self._waiting = bytearray()
        self._number = 0
        target.write(self._header)

    def write(self, content: bytes) -> int:
        """Take bytes."""
        self._waiting += content
        while len(self._waiting) > PIECE:
            self._put(bytes(self._waiting[:PIECE]), last=False)
            del self._waiting[:PIECE]
        return len(content)

    def finish(self) -> None:
        """Write what is left as the last piece."""
        self._put(bytes(self._waiting), last=True)
        self._waiting.clear()

    def _put(self, plain: bytes, *, last: bool) -> None:
        nonce = self._prefix + self._number.to_bytes(4, "big") + bytes([last])
        sealed = self._aead.encrypt(nonce, plain, self._header)
        self._target.write(len(sealed).to_bytes(4, "big") + sealed)
        self._number += 1


class DecryptingReader:
    """A file-like object for `tarfile` over what an EncryptingWriter wrote."""

    def __init__(self, source: BinaryIO, passphrase: str) -> None:
        """Read the header; raises ArchiveUnreadable."""
        self._source = source
        self._header = source.read(len(MAGIC) + _SALT + _PREFIX)
        if not self._header.startswith(MAGIC) or len(self._header) != len(MAGIC) + _SALT + _PREFIX:
            msg = "this is no backup of this format"
            raise ArchiveUnreadable(msg)
        self._prefix = self._header[-_PREFIX:]
        self._aead = _cipher(passphrase, self._header[len(MAGIC) : len(MAGIC) + _SALT])
        self._number = 0
        self._plain = bytearray()
        self._ended = False

    def read(self, size: int) -> bytes:
        """Return up to `size` bytes, fewer only at the end; raises ArchiveUnreadable."""
        while len(self._plain) < size and not self._ended:
            self._plain += self._piece()
        found = bytes(self._plain[:size])
        del self._plain[:size]
        return found

    def drain(self) -> None:
        """Read to the end, so that an archive that was cut off does not pass for whole; raises ArchiveUnreadable."""
        while not self._ended:
            self._piece()
        if self._source.read(1):
            msg = "the archive goes on behind its end"
            raise ArchiveUnreadable(msg)

    def _piece(self) -> bytes:
        length = int.from_bytes(self._source.read(4), "big")
        sealed = self._source.read(length) if _TAG <= length <= PIECE + _TAG else b""
        if not sealed or len(sealed) != length:
            msg = "the archive is cut off or altered"
            raise ArchiveUnreadable(msg)
        for last in (False, True):
            nonce = self._prefix + self._number.to_bytes(4, "big") + bytes([last])
            try:
                plain = self._aead.decrypt(nonce, sealed, self._header)
            except InvalidTag:
                continue
            self._number += 1
            self._ended = last
            return plain
        msg = "the passphrase is another" if self._number == 0 else "the archive was altered"
        raise ArchiveUnreadable(msg)
