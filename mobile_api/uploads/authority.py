"""Says whose upload a request is about: the person of a living session, or of the phone whose key signed the request.

A key opens nothing but photos that a recorded punch waits for, and uploads that were begun: bytes cost more than items.
"""

from typing import Any, Final
from uuid import UUID

from litestar import Request
from litestar.datastructures import State
from sqlalchemy import select

from backend.identity.phone_keys import has_signed
from backend.identity.tables import Account, Phone, PhoneKeyRow
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.errors import Forbidden, TokenMissing
from mobile_api.errors import SessionEnded
from mobile_api.offline.errors import KeyUnknown, SignatureWrong
from mobile_api.offline.wire_schema import KEY_HEADER, SIGNATURE_HEADER
from mobile_api.queries import find_live_person

UPLOAD_LABEL: Final = b"daogang.upload.1\n"
OVERRIDE: Final = "x-http-method-override"

AnyRequest = Request[Any, Any, State]


class PhotoUnawaited(Forbidden):
    """No punch waits for this photo, so that the phone's key does not open an upload of it."""

    code = "mobile.photo_unawaited"


def upload_message(method: str, path: str, length: str = "", metadata: str = "") -> bytes:
    """Return what a phone signs for a request: its method and path, `Upload-Length` and `Upload-Metadata` if any."""
    return UPLOAD_LABEL + f"{method}\n{path}\n{length}\n{metadata}".encode()


def method_of(request: AnyRequest) -> str:
    """Return the method that is meant: some networks let nothing but GET and POST through."""
    return request.headers.get(OVERRIDE, "").upper() or str(request.method)


def is_signed(request: AnyRequest) -> bool:
    """Tell whether a request comes by a phone's key, and not by a session."""
    return request.scope.get("user") is None


async def person_behind(tx: Tx, request: AnyRequest, clock: Clock) -> UUID:
    """Return the person whose photos a request is about.

    Raises SessionEnded, TokenMissing, KeyUnknown or SignatureWrong.
    """
    if not is_signed(request):
        actor = request.scope["user"]
        found = await find_live_person(tx, actor.account_id, actor.family_id, clock.now())
        if found is None:
            raise SessionEnded
        return found
    key_id, signature = request.headers.get(KEY_HEADER), request.headers.get(SIGNATURE_HEADER)
    if not key_id or not signature:
        raise TokenMissing
    known = (
        await tx.execute(
            select(PhoneKeyRow.public_key, Account.person_id)
            .join(Phone, Phone.id == PhoneKeyRow.phone_id)
            .join(Account, Account.id == Phone.account_id)
            .where(PhoneKeyRow.id == key_id)
        )
    ).one_or_none()
    if known is None:
        raise KeyUnknown
    public_key, person_id = known
    if person_id is None:  # staff have no phones
        raise KeyUnknown
    told = (request.headers.get(name, "") for name in ("upload-length", "upload-metadata"))
    message = upload_message(method_of(request), request.url.path, *told)
    if not has_signed(bytes(public_key), signature, message):
        raise SignatureWrong
    return person_id
