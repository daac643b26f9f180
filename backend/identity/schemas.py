"""The wire forms of identity: what comes in is strict, what goes out holds no secret but the tokens themselves."""

from typing import Annotated, Any, Literal
from uuid import UUID

from msgspec import Meta

from backend.identity.accounts import AccountView
from backend.identity.log_in import PhoneSession
from backend.identity.queries import AuditRow, GrantRow
from backend.identity.roles import Role, scopes_of
from backend.identity.sessions import Session
from backend.kit.wire import Instant, Name, Wire

Username = Annotated[str, Meta(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{1,62}$", description="kept in lower case")]
Password = Annotated[str, Meta(min_length=1, max_length=128)]
NewPassword = Annotated[str, Meta(min_length=10, max_length=128)]
PhoneNumber = Annotated[str, Meta(min_length=11, max_length=32, description="mainland mobile number, +86 allowed")]
SmsCodeText = Annotated[str, Meta(pattern="^[0-9]{6}$", description="six digits")]
RefreshTokenText = Annotated[str, Meta(min_length=1, max_length=200)]


class PasswordLogInBody(Wire, frozen=True):
    """A staff log-in."""

    username: Annotated[str, Meta(min_length=1, max_length=100)]
    password: Password


class RefreshBody(Wire, frozen=True):
    """A refresh token to exchange."""

    refresh_token: RefreshTokenText


class SmsCodeBody(Wire, frozen=True):
    """A phone number that wants a log-in code."""

    phone_number: PhoneNumber


class PhoneBody(Wire, frozen=True):
    """What an app says of itself: a random id made at installation, and its platform.

    `public_key` is not looked at: a phone shows that it has a key by `POST /mobile/v1/phone/keys`. Older apps send it.
    """

    install_id: UUID
    platform: Literal["android", "ios", "web"]
    public_key: Annotated[str, Meta(max_length=1000)] | None = None


class SmsLogInBody(Wire, frozen=True):
    """A code typed into a phone app."""

    phone_number: PhoneNumber
    code: SmsCodeText
    phone: PhoneBody


class CodeRequestedAnswer(Wire, frozen=True):
    """The same for every number: whether anybody has it is not told."""

    expires_at: Instant
    resend_after_s: int


class SessionAnswer(Wire, frozen=True):
    """A session: send `access_token` as bearer token, keep `refresh_token` safe, exchange it once."""

    access_token: str
    access_expires_at: Instant
    refresh_token: str
    refresh_expires_at: Instant
    account_id: UUID
    person_id: UUID | None
    phone_id: UUID | None
    roles: list[str]
    scopes: list[str]


class PhoneSessionAnswer(SessionAnswer, frozen=True):
    """A session on a bound phone.

    `awaits_confirmation`: what is punched with it is in review until the project admin or a colleague has confirmed it.
    """

    phone_has_key: bool
    awaits_confirmation: bool
    other_phones: int
    other_accounts: int


class GrantAnswer(Wire, frozen=True):
    """A live grant; without district and project it reaches the whole city."""

    id: UUID
    role: str
    district_id: UUID | None
    project_id: UUID | None
    party_id: UUID | None
    granted_at: Instant


class AccountAnswer(Wire, frozen=True):
    """An account; its phone number is masked."""

    id: UUID
    kind: Literal["staff", "person"]
    display_name: str
    username: str | None
    person_id: UUID | None
    phone_number_masked: str | None
    state: Literal["active", "disabled"]
    created_at: Instant
    disabled_at: Instant | None
    grants: list[GrantAnswer]


class MeAnswer(Wire, frozen=True):
    """Who is asking, and what the token allows."""

    account: AccountAnswer
    roles: list[str]
    scopes: list[str]


class OpenAccountBody(Wire, frozen=True):
    """A staff account to open; leave the password out to have one drawn."""

    username: Username
    display_name: Name
    password: NewPassword | None = None


class OpenedAccountAnswer(Wire, frozen=True):
    """The new account; a drawn password is told this once."""

    account: AccountAnswer
    first_password: str | None


class GrantBody(Wire, frozen=True):
    """A role and the rows it reaches."""

    role: Role
    district_id: UUID | None = None
    project_id: UUID | None = None
    party_id: UUID | None = None


class NewPhoneNumberBody(Wire, frozen=True):
    """The number an account logs in with from now on."""

    phone_number: PhoneNumber


class DrawnPasswordAnswer(Wire, frozen=True):
    """A drawn password, told this once."""

    password: str


class ChangePasswordBody(Wire, frozen=True):
    """One's own password: the current and the new one."""

    current: Password
    new: NewPassword


class AuditEventAnswer(Wire, frozen=True):
    """One administrative act; `actor_id` null is the installation itself or a log-in."""

    id: UUID
    at: Instant
    actor_id: UUID | None
    action: str
    object_type: str
    object_id: str
    project_id: UUID | None
    detail: dict[str, Any]
    request_id: str | None


class JsonWebKey(Wire, frozen=True):
    """A public key (RFC 7517, RFC 8037)."""

    kty: str
    crv: str
    x: str
    kid: str
    use: str
    alg: str


class JsonWebKeys(Wire, frozen=True):
    """The public keys that verify access tokens now."""

    keys: list[JsonWebKey]


def session_answer(session: Session) -> SessionAnswer:
    """Show a session."""
    return SessionAnswer(**_session_members(session))


def phone_session_answer(outcome: PhoneSession) -> PhoneSessionAnswer:
    """Show a session on a bound phone."""
    return PhoneSessionAnswer(
        **_session_members(outcome.session),
        phone_has_key=outcome.phone.has_key,
        awaits_confirmation=outcome.phone.binding.awaits is not None,
        other_phones=outcome.phone.other_phones,
        other_accounts=outcome.phone.other_accounts,
    )


def account_answer(view: AccountView) -> AccountAnswer:
    """Show an account."""
    return AccountAnswer(
        id=view.id,
        kind="staff" if view.kind == "staff" else "person",
        display_name=view.display_name,
        username=view.username,
        person_id=view.person_id,
        phone_number_masked=view.phone_number_masked,
        state="active" if view.state == "active" else "disabled",
        created_at=view.created_at,
        disabled_at=view.disabled_at,
        grants=[_grant_answer(grant) for grant in view.grants],
    )


def audit_answer(row: AuditRow) -> AuditEventAnswer:
    """Show an act."""
    return AuditEventAnswer(
        id=row.id,
        at=row.at,
        actor_id=row.actor_id,
        action=row.action,
        object_type=row.object_type,
        object_id=row.object_id,
        project_id=row.project_id,
        detail=row.detail,
        request_id=row.request_id,
    )


def _grant_answer(grant: GrantRow) -> GrantAnswer:
    return GrantAnswer(
        id=grant.id,
        role=grant.role,
        district_id=grant.district_id,
        project_id=grant.project_id,
        party_id=grant.party_id,
        granted_at=grant.granted_at,
    )


def _session_members(session: Session) -> dict[str, Any]:
    return {
        "access_token": session.access_token,
        "access_expires_at": session.access_expires_at,
        "refresh_token": session.refresh_token,
        "refresh_expires_at": session.refresh_expires_at,
        "account_id": session.account_id,
        "person_id": session.person_id,
        "phone_id": session.phone_id,
        "roles": sorted(session.roles),
        "scopes": sorted(scopes_of(session.roles)),
    }
