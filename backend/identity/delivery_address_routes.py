"""Routes by which apps and browsers say where they are pushed to, and administrators set other addresses."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal, cast
from uuid import UUID

from litestar import delete, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, JSONBody
from msgspec import Meta

from backend.identity import delivery_addresses, errors
from backend.identity.authority import require_office
from backend.identity.delivery_addresses import NewAddress
from backend.identity.phone_numbers import read_phone_number
from backend.identity.push_services import are_keys, is_allowed
from backend.identity.roles import Role
from backend.identity.services import IdentityServices
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.kit.keyring import KeyRing, KeyUnknownError, Purpose
from backend.kit.wire import Instant, Wire

WRITE = "identity.accounts.write"
Token = Annotated[str, Meta(min_length=1, max_length=4096, pattern=r"^[\x21-\x7e]+$")]
Email = Annotated[str, Meta(max_length=254, pattern=r"^[^@\s<>\"(),:;\\]{1,64}@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+$")]


class FcmTokenBody(Wire, frozen=True, kw_only=True, tag_field="kind", tag="fcm_token"):
    """An app's registration token of Firebase Cloud Messaging."""

    token: Token


class FcmInstallationBody(Wire, frozen=True, kw_only=True, tag_field="kind", tag="fcm_installation"):
    """An app's Firebase installation id."""

    installation_id: Token


class WebPushBody(Wire, frozen=True, kw_only=True, tag_field="kind", tag="web_push"):
    """A browser's push subscription, as PushSubscription.toJSON() gives it, and the key it was made for."""

    endpoint: Annotated[str, Meta(min_length=1, max_length=2048)]
    p256dh: Annotated[str, Meta(min_length=1, max_length=200)]
    auth: Annotated[str, Meta(min_length=1, max_length=100)]
    key_id: Annotated[str, Meta(min_length=1, max_length=100)]


PushBody = FcmTokenBody | FcmInstallationBody | WebPushBody


class RobotBody(Wire, frozen=True, kw_only=True, tag_field="kind", tag="wecom"):
    """A group robot of WeCom: the key of its webhook."""

    key: Annotated[str, Meta(min_length=8, max_length=200, pattern=r"^[A-Za-z0-9_-]+$")]
    label: Annotated[str, Meta(min_length=1, max_length=100)]


class SigningRobotBody(Wire, frozen=True, kw_only=True, tag_field="kind", tag="dingtalk"):
    """A group robot of DingTalk: the access token of its webhook and the secret that its messages are signed with."""

    access_token: Annotated[str, Meta(min_length=8, max_length=200, pattern=r"^[A-Za-z0-9_-]+$")]
    secret: Annotated[str, Meta(max_length=200, pattern=r"^[\x21-\x7e]*$")] = ""
    label: Annotated[str, Meta(min_length=1, max_length=100)]


class EmailBody(Wire, frozen=True, kw_only=True, tag_field="kind", tag="email"):
    """An e-mail address."""

    email: Email
    label: Annotated[str, Meta(max_length=100)] = ""


class SmsBody(Wire, frozen=True, kw_only=True, tag_field="kind", tag="sms"):
    """A mainland mobile number."""

    phone_number: Annotated[str, Meta(min_length=11, max_length=32)]
    label: Annotated[str, Meta(max_length=100)] = ""


SetBody = RobotBody | SigningRobotBody | EmailBody | SmsBody


class DeliveryAddressAnswer(Wire, frozen=True):
    """An address by its kind and label; what it is, is told to nobody."""

    id: UUID
    kind: Literal["fcm_token", "fcm_installation", "web_push", "wecom", "dingtalk", "email", "sms"]
    label: str
    of_session: bool
    set_at: Instant


class PushAddressAnswer(Wire, frozen=True):
    """Of which kind the session's own address is; null when it has none. What it is, is told to nobody."""

    kind: Literal["fcm_token", "fcm_installation", "web_push"] | None


class DeliveryAddressesAnswer(Wire, frozen=True):
    """An account's addresses."""

    items: list[DeliveryAddressAnswer]


class DeliveryAddressSetAnswer(Wire, frozen=True):
    """The id of what was set."""

    id: UUID


@put(
    "/mobile/v1/me/push-address",
    status_code=204,
    opt={"scope": "mobile.self", "raises": [errors.SessionEnded, errors.AddressNotAllowed]},
    summary="Say where this phone is pushed to",
)
async def name_phone_address(
    data: JSONBody[PushBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    keys: NamedDependency[KeyRing],
    identity_services: NamedDependency[IdentityServices],
) -> None:
    """Take the address in place of the session's last one, and from whoever had it; log-out erases it."""
    address = read_push_address(data, identity_services.push_hosts, keys, clock)
    await delivery_addresses.name_own_address(tx, actor, address, clock=clock, services=identity_services)


@get("/mobile/v1/me/push-address", opt={"scope": "mobile.self"}, summary="Whether the server knows where to push to")
async def show_phone_address(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], clock: NamedDependency[Clock]
) -> PushAddressAnswer:
    """Tell the kind of the session's address, so that an app says "on" only when the server knows it."""
    return PushAddressAnswer(kind=cast("Any", await delivery_addresses.own_address_kind(tx, actor, clock=clock)))


@delete("/mobile/v1/me/push-address", opt={"scope": "mobile.self"}, summary="Push nothing to this phone any more")
async def drop_phone_address(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], clock: NamedDependency[Clock]
) -> None:
    """Erase the session's address."""
    await delivery_addresses.drop_own_address(tx, actor, clock=clock)


@put(
    "/admin/v1/me/push-address",
    status_code=204,
    opt={"scope": "session.self", "raises": [errors.SessionEnded, errors.AddressNotAllowed]},
    summary="Say where this browser is pushed to",
)
async def name_browser_address(
    data: JSONBody[PushBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    keys: NamedDependency[KeyRing],
    identity_services: NamedDependency[IdentityServices],
) -> None:
    """Take the address in place of the session's last one, and from whoever had it; log-out erases it."""
    address = read_push_address(data, identity_services.push_hosts, keys, clock)
    await delivery_addresses.name_own_address(tx, actor, address, clock=clock, services=identity_services)


@delete("/admin/v1/me/push-address", opt={"scope": "session.self"}, summary="Push nothing to this browser any more")
async def drop_browser_address(
    tx: NamedDependency[Tx], actor: NamedDependency[Actor], clock: NamedDependency[Clock]
) -> None:
    """Erase the session's address."""
    await delivery_addresses.drop_own_address(tx, actor, clock=clock)


@get(
    "/admin/v1/accounts/{account_id:uuid}/delivery-addresses",
    opt={"scope": WRITE, "raises": [errors.AccountUnknown, errors.GrantBeyondOwn]},
    summary="List where an account is told of alerts",
)
async def list_delivery_addresses(
    account_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> DeliveryAddressesAnswer:
    """List by kind and label; the addresses themselves are not shown again."""
    await require_office(tx, actor)
    found = await delivery_addresses.list_addresses(tx, account_id, clock=clock)
    return DeliveryAddressesAnswer(
        items=[
            DeliveryAddressAnswer(
                id=one.id, kind=cast("Any", one.kind), label=one.label, of_session=one.of_session, set_at=one.set_at
            )
            for one in found
        ]
    )


@post(
    "/admin/v1/accounts/{account_id:uuid}/delivery-addresses",
    opt={
        "scope": WRITE,
        "raises": [
            errors.AccountUnknown,
            errors.AddressPresent,
            errors.GrantBeyondOwn,
            errors.PhoneNumberMalformed,
        ],
    },
    summary="Set where an account is told of alerts",
)
async def set_delivery_address(
    account_id: FromPath[UUID],
    data: JSONBody[SetBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
    identity_services: NamedDependency[IdentityServices],
) -> DeliveryAddressSetAnswer:
    """Set a robot (operators only), an e-mail address or a number; none leads to a host of the caller's choice."""
    held = await require_office(tx, actor)
    if isinstance(data, RobotBody | SigningRobotBody) and Role.OPERATOR not in held:
        raise errors.GrantBeyondOwn(role=Role.OPERATOR)
    address_id = await delivery_addresses.set_address(
        tx, actor, account_id, read_set_address(data), clock=clock, services=identity_services
    )
    return DeliveryAddressSetAnswer(id=address_id)


@delete(
    "/admin/v1/accounts/{account_id:uuid}/delivery-addresses/{address_id:uuid}",
    opt={"scope": WRITE, "raises": [errors.AddressUnknown, errors.GrantBeyondOwn]},
    summary="Take an address from an account",
)
async def remove_delivery_address(
    account_id: FromPath[UUID],
    address_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> None:
    """Erase it; what was sent to it stays on record."""
    await require_office(tx, actor)
    await delivery_addresses.remove_address(tx, actor, account_id, address_id, clock=clock)


def read_push_address(data: PushBody, hosts: Sequence[str], keys: KeyRing, clock: Clock) -> NewAddress:
    """Return what an app or browser named; raises AddressNotAllowed for what no push service would have given."""
    if isinstance(data, FcmTokenBody):
        return NewAddress("fcm_token", {"to": data.token})
    if isinstance(data, FcmInstallationBody):
        return NewAddress("fcm_installation", {"to": data.installation_id})
    if not is_allowed(data.endpoint, hosts) or not are_keys(data.p256dh, data.auth):
        raise errors.AddressNotAllowed
    try:
        keys.find(Purpose.WEB_PUSH, data.key_id, clock.now())
    except KeyUnknownError:
        raise errors.AddressNotAllowed from None
    parts = {"endpoint": data.endpoint, "p256dh": data.p256dh, "auth": data.auth, "key": data.key_id}
    return NewAddress("web_push", parts)


def read_set_address(data: SetBody) -> NewAddress:
    """Return what an administrator set; raises PhoneNumberMalformed."""
    match data:
        case RobotBody():
            return NewAddress("wecom", {"key": data.key}, data.label)
        case SigningRobotBody():
            return NewAddress("dingtalk", {"key": data.access_token, "secret": data.secret}, data.label)
        case EmailBody():
            return NewAddress("email", {"to": data.email}, data.label)
        case SmsBody():
            return NewAddress("sms", {"to": read_phone_number(data.phone_number)}, data.label)


HANDLERS = [
    show_phone_address,
    name_phone_address,
    drop_phone_address,
    name_browser_address,
    drop_browser_address,
    list_delivery_addresses,
    set_delivery_address,
    remove_delivery_address,
]
