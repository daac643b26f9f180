"""Knows an app's installation again when its storage was cleared, by a secret that the server set in its browser.

Browsers clear what scripts have written after some days without use; a cookie that the server set stays. It opens
nothing by itself: the code that was sent to the person's number is asked for all the same.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from secrets import token_urlsafe
from typing import Final
from uuid import UUID

from sqlalchemy import exists, select, update
from sqlalchemy.orm import aliased

from backend.identity.tables import Phone
from backend.kit.db import Tx

COOKIE: Final = "daogang_installation"
COOKIE_LIFE_S: Final = 400 * 86_400
"""As long as browsers keep any cookie; every log-in sets it anew."""

_FORM: Final = re.compile("[0-9A-Za-z_-]{43}")


@dataclass(frozen=True, slots=True)
class Installation:
    """The secret that an installation keeps from now on; `recognised`: it came back under another install id."""

    secret: str
    recognised: bool

    @property
    def digest(self) -> bytes:
        """What is stored of the secret."""
        return digest_of(self.secret)


def digest_of(secret: str) -> bytes:
    """Return the SHA-256 of a secret: it has 256 random bits, so that nothing slower is needed."""
    return hashlib.sha256(secret.encode()).digest()


async def recognise(tx: Tx, account_id: UUID, install_id: UUID, shown: str | None) -> Installation:
    """Return the secret of the installation that calls itself `install_id` now and shows what it was given before.

    If its storage was cleared, everybody's phones on it take the new install id, and it stays the same phone. A secret
    that nobody was given is replaced. The account's row is locked by the caller.
    """
    if shown is None or _FORM.fullmatch(shown) is None:
        return Installation(token_urlsafe(32), recognised=False)
    held = Phone.install_secret_hash == digest_of(shown)
    rows = (await tx.execute(select(Phone.account_id, Phone.install_id).where(held).order_by(Phone.id))).all()
    if not rows:
        return Installation(token_urlsafe(32), recognised=False)
    if all(row.install_id == install_id for row in rows):
        return Installation(shown, recognised=False)
    taken = aliased(Phone)
    await tx.execute(
        update(Phone)
        .where(
            held,
            Phone.install_id != install_id,
            ~exists(select(taken.id).where(taken.account_id == Phone.account_id, taken.install_id == install_id)),
        )
        .values(install_id=install_id)
    )
    return Installation(shown, recognised=any(row.account_id == account_id for row in rows))
