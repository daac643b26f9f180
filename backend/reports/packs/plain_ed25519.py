"""Verifies Ed25519 signatures (RFC 8032, 5.1.7) with Python alone, for whoever checks a pack without `cryptography`.

Slow and not constant in time, which does no harm: nothing here is secret. The names are those of `cryptography`.
"""

from hashlib import sha512

PRIME = 2**255 - 19
ORDER = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, -1, PRIME) % PRIME
ROOT_OF_MINUS_ONE = pow(2, (PRIME - 1) // 4, PRIME)
KEY_BYTES = 32
SIGNATURE_BYTES = 64
Point = tuple[int, int, int, int]
"""x, y, z and t of extended coordinates: the point is (x/z, y/z), and t = x·y/z."""


class InvalidSignature(Exception):
    """The signature is not one of the key for the message."""


class Ed25519PublicKey:
    """A public key."""

    def __init__(self, content: bytes) -> None:
        """Keep the 32 bytes."""
        self._content = content

    @classmethod
    def from_public_bytes(cls, content: bytes) -> "Ed25519PublicKey":
        """Take a key's 32 bytes; raises ValueError for another number of them."""
        if len(content) != KEY_BYTES:
            raise ValueError("an Ed25519 public key has 32 bytes")
        return cls(content)

    def verify(self, signature: bytes, message: bytes) -> None:
        """Return if the signature is the key's for the message; raises InvalidSignature."""
        if len(signature) != SIGNATURE_BYTES:
            raise InvalidSignature
        key, commitment = _point(self._content), _point(signature[:32])
        scalar = int.from_bytes(signature[32:], "little")
        if key is None or commitment is None or scalar >= ORDER:
            raise InvalidSignature
        digest = sha512(signature[:32] + self._content + message).digest()
        challenge = int.from_bytes(digest, "little") % ORDER
        if not _equal(_times(scalar, BASE), _sum(commitment, _times(challenge, key))):
            raise InvalidSignature


def _point(content: bytes) -> "Point | None":
    """Return the point that 32 bytes stand for (5.1.3); None if they stand for none."""
    number = int.from_bytes(content, "little")
    sign, y = number >> 255, number & ((1 << 255) - 1)
    if y >= PRIME:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, -1, PRIME) % PRIME
    x = pow(square, (PRIME + 3) // 8, PRIME)
    if (x * x - square) % PRIME:
        x = x * ROOT_OF_MINUS_ONE % PRIME
    if (x * x - square) % PRIME or (x == 0 and sign):
        return None
    x = PRIME - x if x & 1 != sign else x
    return x, y, 1, x * y % PRIME


def _sum(one: Point, other: Point) -> Point:
    """Add two points (5.1.4)."""
    a = (one[1] - one[0]) * (other[1] - other[0]) % PRIME
    b = (one[1] + one[0]) * (other[1] + other[0]) % PRIME
    c = 2 * one[3] * other[3] * D % PRIME
    d = 2 * one[2] * other[2] % PRIME
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % PRIME, g * h % PRIME, f * g % PRIME, e * h % PRIME


def _times(number: int, point: Point) -> Point:
    found: Point = (0, 1, 1, 0)
    while number:
        if number & 1:
            found = _sum(found, point)
        point = _sum(point, point)
        number >>= 1
    return found


def _equal(one: Point, other: Point) -> bool:
    return not (one[0] * other[2] - other[0] * one[2]) % PRIME and not (one[1] * other[2] - other[1] * one[2]) % PRIME


BASE: Point = _point((4 * pow(5, -1, PRIME) % PRIME).to_bytes(32, "little")) or (0, 1, 1, 0)
"""The base point: its y is 4/5, its x even."""
