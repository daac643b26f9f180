"""What goes out to people is handed to: mail server, SMS gateway, push services, robots, read from the environment."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, Literal, cast
from urllib.parse import unquote, urlsplit

from backend.variables import SettingsError, origin_of, secret_of, words_of

SMS_SECRET_LENGTH: Final = 32
"""Characters that the secret of an SMS gateway has at least."""


@dataclass(frozen=True, kw_only=True)
class SmtpServer:
    """Where mail is handed over; `security`: TLS from the first byte, STARTTLS, or none for a relay on the machine."""

    host: str
    port: int
    security: Literal["tls", "starttls", "plain"]
    sender: str
    user: str | None = None
    password: str | None = field(default=None, repr=False)


@dataclass(frozen=True, kw_only=True)
class SmsGateway:
    """Where SMS are handed over; requests are signed with `secret`, the templates are the gateway's names."""

    url: str
    secret: str = field(repr=False)
    code_template: str
    alert_template: str


@dataclass(frozen=True, kw_only=True)
class ChannelSettings:
    """What alerts are sent through beside the inbox; what is None here is not configured, and says so.

    `fcm_credentials` is a service account's file; `web_push_contact` a mailto: or https: address for push services;
    `web_push_hosts` replaces the list of push services; `robots` names the services whose robots may be used. The
    endpoints replace the services' own, for private relays. `board` is where people find the board.
    """

    fcm_credentials: Path | None = None
    fcm_endpoint: str | None = None
    web_push_contact: str | None = None
    web_push_hosts: tuple[str, ...] = ()
    robots: frozenset[str] = frozenset()
    wecom_endpoint: str | None = None
    dingtalk_endpoint: str | None = None
    smtp: SmtpServer | None = None
    board: str | None = None


def read_channels(environment: Mapping[str, str]) -> ChannelSettings:
    """Read what alerts are sent through; raises SettingsError naming the variable and the remedy."""
    credentials = environment.get("DAOGANG_FCM_CREDENTIALS")
    contact = environment.get("DAOGANG_WEB_PUSH_CONTACT") or None
    if contact is not None and not contact.startswith(("mailto:", "https://")):
        msg = f"DAOGANG_WEB_PUSH_CONTACT is {contact!r}: give mailto:somebody@… or an https address"
        raise SettingsError(msg)
    robots = frozenset(words_of(environment, "DAOGANG_ROBOTS"))
    if not robots <= {"wecom", "dingtalk"}:
        msg = f"DAOGANG_ROBOTS is {environment['DAOGANG_ROBOTS']!r}: name wecom, dingtalk or both, by a comma"
        raise SettingsError(msg)
    board = environment.get("DAOGANG_BOARD_URL") or None
    return ChannelSettings(
        fcm_credentials=Path(credentials) if credentials else None,
        fcm_endpoint=origin_of(environment, "DAOGANG_FCM_ENDPOINT"),
        web_push_contact=contact,
        web_push_hosts=words_of(environment, "DAOGANG_WEB_PUSH_HOSTS"),
        robots=robots,
        wecom_endpoint=origin_of(environment, "DAOGANG_WECOM_ENDPOINT"),
        dingtalk_endpoint=origin_of(environment, "DAOGANG_DINGTALK_ENDPOINT"),
        smtp=_smtp(environment),
        board=None if board is None else board.rstrip("/"),
    )


def _smtp(environment: Mapping[str, str]) -> SmtpServer | None:
    value = environment.get("DAOGANG_SMTP_URL")
    if not value:
        return None
    url = urlsplit(value)
    security = {"smtps": "tls", "smtp": "starttls", "smtp+plain": "plain"}.get(url.scheme)
    sender = environment.get("DAOGANG_SMTP_FROM")
    if security is None or not url.hostname or not sender or url.password is not None:
        msg = (
            "DAOGANG_SMTP_URL wants smtps://user@host (TLS), smtp://user@host (STARTTLS) or smtp+plain://host, with "
            "the sender in DAOGANG_SMTP_FROM and the password in the file DAOGANG_SMTP_PASSWORD_FILE"
        )
        raise SettingsError(msg)
    return SmtpServer(
        host=url.hostname,
        port=url.port or {"tls": 465, "starttls": 587}.get(security, 25),
        security=cast("Literal['tls', 'starttls', 'plain']", security),
        sender=sender,
        user=unquote(url.username) if url.username else None,
        password=secret_of(environment, "DAOGANG_SMTP_PASSWORD_FILE", "the password"),
    )


def read_sms_gateway(environment: Mapping[str, str]) -> SmsGateway | None:
    """Read where SMS are handed over; None: nowhere. Raises SettingsError naming the variable and the remedy."""
    value = environment.get("DAOGANG_SMS_URL")
    if not value:
        return None
    url = urlsplit(value)
    # Log-in codes are in it: in clear no farther than this machine.
    is_private = url.scheme == "https" or (url.scheme == "http" and url.hostname in {"127.0.0.1", "::1", "localhost"})
    if not is_private or not url.hostname or url.username is not None or url.fragment:
        msg = "DAOGANG_SMS_URL wants https://host/path, or http:// on this machine, without a user name or password"
        raise SettingsError(msg)
    if environment.get("DAOGANG_SMS_OUTBOX"):
        msg = "DAOGANG_SMS_URL and DAOGANG_SMS_OUTBOX are both set: unset the one that SMS shall not go through"
        raise SettingsError(msg)
    secret = secret_of(environment, "DAOGANG_SMS_SECRET_FILE", "the secret")
    if secret is None or not secret.isascii() or len(secret) < SMS_SECRET_LENGTH:
        msg = (
            "DAOGANG_SMS_URL wants DAOGANG_SMS_SECRET_FILE, a file with the secret that requests are signed with: "
            f"{SMS_SECRET_LENGTH} characters or more, such as `openssl rand -hex 32` gives"
        )
        raise SettingsError(msg)
    return SmsGateway(
        url=value,
        secret=secret,
        code_template=environment.get("DAOGANG_SMS_CODE_TEMPLATE") or "login_code",
        alert_template=environment.get("DAOGANG_SMS_ALERT_TEMPLATE") or "alert",
    )
