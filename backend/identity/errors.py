"""Every way in which identity refuses, with its code and status."""

from collections.abc import Mapping

from backend.kit.errors import (
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    TooMany,
    Unauthenticated,
    Unavailable,
)


class _TokenRefused(Unauthenticated):
    @property
    def headers(self) -> Mapping[str, str]:
        """Tell the client that its token, not its request, is wrong (RFC 6750 §3.1)."""
        return {"WWW-Authenticate": 'Bearer error="invalid_token"'}


class TokenMalformed(_TokenRefused):
    """What came is not one of our access tokens in form, type, algorithm or claims."""

    code = "identity.token_malformed"


class TokenKeyUnknown(_TokenRefused):
    """The key that is said to have signed is not, or no longer, ours."""

    code = "identity.token_key_unknown"


class TokenForged(_TokenRefused):
    """The signature does not fit the content."""

    code = "identity.token_forged"


class TokenForeign(_TokenRefused):
    """Issued by someone else or for someone else."""

    code = "identity.token_foreign"


class TokenExpired(_TokenRefused):
    """Its time is over; a refresh gives a new one."""

    code = "identity.token_expired"


class TokenNotYetValid(_TokenRefused):
    """Issued in what is the future for this server."""

    code = "identity.token_not_yet_valid"


TOKEN_REFUSALS: tuple[type[Unauthenticated], ...] = (
    TokenMalformed,
    TokenKeyUnknown,
    TokenForged,
    TokenForeign,
    TokenExpired,
    TokenNotYetValid,
)
"""What any route that asks for a token can answer."""


class PhoneLocked(Forbidden):
    """The phone was locked: it is lost, or in the wrong hands."""

    code = "identity.phone_locked"


class PhoneHeld(Forbidden):
    """Nobody used this number for long, and the phone is new: whose number it is by now has to be confirmed first."""

    code = "identity.phone_held"


class CredentialsWrong(Unauthenticated):
    """User name or password is wrong, or the account is disabled; which one is not told."""

    code = "identity.credentials_wrong"


class CodeWrong(Unauthenticated):
    """The SMS code is wrong, used or too old, or nobody has that number; which one is not told."""

    code = "identity.code_wrong"


class CodeExhausted(Unauthenticated):
    """Too many attempts with this code; it is void."""

    code = "identity.code_exhausted"


class SessionEnded(Unauthenticated):
    """The refresh token is unknown or too old, or its session was ended."""

    code = "identity.session_ended"


class SessionRevoked(Unauthenticated):
    """A token was used twice; the session was ended for safety."""

    code = "identity.refresh_reused"


class RefreshExhausted(Unauthenticated):
    """The same token was retried too often; what was already issued stays good."""

    code = "identity.refresh_exhausted"


class CodeTooSoon(TooMany):
    """The last code is too young to send another."""

    code = "identity.code_too_soon"


class TooManyCodes(TooMany):
    """The hour's codes of this number or address are used up."""

    code = "identity.too_many_codes"


class TooManyAttempts(TooMany):
    """Too many failed log-ins of this name or from this address."""

    code = "identity.too_many_attempts"


class SmsNotConfigured(Unavailable):
    """This installation has no way to send SMS."""

    code = "identity.sms_not_configured"
    retry_after_s = 3600


class PhoneNumberMalformed(InvalidInput):
    """Not a mainland mobile number."""

    code = "identity.phone_number_malformed"


class PublicKeyMalformed(InvalidInput):
    """Not an ECDSA P-256 public key in SubjectPublicKeyInfo form, base64url."""

    code = "identity.public_key_malformed"


class PasswordTooWeak(InvalidInput):
    """Too short, too long, or it holds the user name."""

    code = "identity.password_too_weak"


class GrantRowsWrong(InvalidInput):
    """The role must name other rows (a district, a project, a party) than the grant does."""

    code = "identity.grant_rows_wrong"


class GrantTargetUnknown(InvalidInput):
    """The district, project or party of the grant does not exist."""

    code = "identity.grant_target_unknown"


class AccountUnknown(NotFound):
    """No such account."""

    code = "identity.account_unknown"


class GrantUnknown(NotFound):
    """The account has no such live grant."""

    code = "identity.grant_unknown"


class UsernameTaken(Conflict):
    """Another account has this user name."""

    code = "identity.username_taken"


class PhoneNumberTaken(Conflict):
    """Another account has this phone number; a number never inherits a person."""

    code = "identity.phone_number_taken"


class PersonHasAccount(Conflict):
    """This person has an account already."""

    code = "identity.person_has_account"


class GrantPresent(Conflict):
    """The account holds this role on these rows already."""

    code = "identity.grant_present"


class OperatorPresent(Conflict):
    """The installation has an operator, who opens further accounts."""

    code = "identity.operator_present"


class NotStaffAccount(Conflict):
    """Only staff accounts have passwords and granted roles."""

    code = "identity.not_staff_account"


class AddressUnknown(NotFound):
    """The account has no such address."""

    code = "identity.address_unknown"


class AddressPresent(Conflict):
    """The account has this address already."""

    code = "identity.address_present"


class AddressNotAllowed(InvalidInput):
    """This cannot be an address of that kind."""

    code = "identity.address_not_allowed"


class GrantBeyondOwn(Forbidden):
    """The caller's roles may not give or take that role."""

    code = "identity.grant_beyond_own"


class OwnAccount(Forbidden):
    """Nobody changes the rights or the state of his own account."""

    code = "identity.own_account"
