"""The server's settings: one frozen object, read once from the environment by whoever builds the application."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final, Literal, cast
from urllib.parse import unquote, urlsplit

from backend.base_map import BaseMap, BaseMapFaultError, read_base_map

SMS_SECRET_LENGTH: Final = 32
"""Characters that the secret of an SMS gateway has at least."""


class SettingsError(Exception):
    """A setting is missing or cannot be meant like this; the message names the remedy."""


@dataclass(frozen=True, kw_only=True)
class S3Bucket:
    """A bucket of Amazon S3, or of a compatible store at `endpoint`; names in it begin with `prefix`."""

    bucket: str
    prefix: str
    endpoint: str | None
    region: str
    key_id: str
    secret: str = field(repr=False)


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


@dataclass(frozen=True, kw_only=True)
class HeadSettings:
    """Whom the sealer gives the ledger's signed heads: a folder, a mailbox, a bucket; None: nobody.

    `memory` is the file in which the sealer itself keeps the head it signed last; None: it remembers none.
    """

    memory: Path | None = None
    folder: Path | None = None
    mail_to: str | None = None
    bucket: S3Bucket | None = None


@dataclass(frozen=True, kw_only=True)
class Settings:
    """What an installation decides.

    `database_url` is a libpq URL of a role that may become daogang_app; `keys_dir` holds the key rings made by
    `daogang keys init`; `sms_gateway` is where SMS are handed over, `sms_outbox` the file of the development SMS
    adapter, which shows messages on the console too if `sms_console` (both None: no SMS is configured); `blobs` says
    where photos are kept: a folder or an S3 bucket.
    `faces_socket` is where the process that measures faces listens (None: faces are not evaluated), `models_dir` where
    its models lie, `anti_spoof` an operator's description of a model of his own.
    `passkey_rp_id` is the domain for which passkeys are made (None: there are none), `passkey_origins` the pages and
    apps in which they may be used.
    `min_app_version` is what phone apps are asked to be at least; `attestation_dir` holds what attestations of phones'
    keys are checked against (None: none is). `web_dir` is where the built web apps lie, `base_map` what the desk's maps
    show beneath the fences (None: a grid, and nothing is asked of anybody).
    """

    database_url: str
    keys_dir: Path
    environment: str = "production"
    host: str = "127.0.0.1"
    port: int = 8000
    processes: int = 2
    blobs: Path | S3Bucket = Path("blobs")
    sms_outbox: Path | None = None
    sms_console: bool = True
    sms_gateway: SmsGateway | None = None
    log_format: str = "json"
    pool_size: int = 4
    mqtt_host: str = "127.0.0.1"
    mqtt_port: int = 1883
    mqtt_dir: Path = Path("mqtt")
    faces_socket: Path | None = None
    models_dir: Path = Path("models")
    anti_spoof: Path | None = None
    attestation_dir: Path | None = None
    channels: ChannelSettings = ChannelSettings()
    heads: HeadSettings = HeadSettings()
    passkey_rp_id: str | None = None
    passkey_origins: tuple[str, ...] = ()
    min_app_version: str = "0"
    web_dir: Path = Path("web/dist")
    base_map: BaseMap | None = None

    @property
    def is_development(self) -> bool:
        """Tell whether adapters that print instead of sending are allowed."""
        return self.environment == "development"


def read_settings(environment: Mapping[str, str]) -> Settings:
    """Read the settings out of an environment; raises SettingsError naming the variable and the remedy."""
    url = environment.get("DATABASE_URL")
    if not url:
        msg = "DATABASE_URL is not set: give a libpq URL (postgresql://user@host/daogang), or start with `make run`"
        raise SettingsError(msg)
    outbox = environment.get("DAOGANG_SMS_OUTBOX")
    name = environment.get("DAOGANG_ENV", "production")
    if name not in {"production", "development", "test"}:
        msg = f"DAOGANG_ENV is {name!r}: use production, development or test"
        raise SettingsError(msg)
    if outbox and name == "production":
        msg = "DAOGANG_SMS_OUTBOX writes log-in codes to a file: unset it, or set DAOGANG_ENV=development"
        raise SettingsError(msg)
    return Settings(
        database_url=url,
        keys_dir=Path(environment.get("DAOGANG_KEYS_DIR", "keys")),
        blobs=_blobs(environment),
        environment=name,
        host=environment.get("DAOGANG_HOST", "127.0.0.1"),
        port=_whole(environment, "PORT", 8000),
        processes=_whole(environment, "DAOGANG_PROCESSES", 2),
        sms_outbox=Path(outbox) if outbox else None,
        sms_gateway=_sms_gateway(environment),
        log_format=environment.get("DAOGANG_LOG", "json"),
        pool_size=_whole(environment, "DAOGANG_POOL_SIZE", 4),
        mqtt_host=environment.get("DAOGANG_MQTT_HOST", "127.0.0.1"),
        mqtt_port=_whole(environment, "DAOGANG_MQTT_PORT", 1883),
        mqtt_dir=Path(environment.get("DAOGANG_MQTT_DIR", "mqtt")),
        faces_socket=_path(environment, "DAOGANG_FACES_SOCKET"),
        models_dir=Path(environment.get("DAOGANG_MODELS_DIR", "models")),
        anti_spoof=_path(environment, "DAOGANG_ANTI_SPOOF"),
        min_app_version=_version(environment, "DAOGANG_MIN_APP_VERSION"),
        attestation_dir=_path(environment, "DAOGANG_ATTESTATION_DIR"),
        web_dir=Path(environment.get("DAOGANG_WEB_DIR", "web/dist")),
        base_map=_base_map(environment),
        channels=_channels(environment),
        heads=_heads(environment),
        **_passkeys(environment, name),
    )


def _base_map(environment: Mapping[str, str]) -> BaseMap | None:
    try:
        return read_base_map(environment, _secret(environment, "DAOGANG_BASE_MAP_KEY_FILE", "the key of the base map"))
    except BaseMapFaultError as fault:
        raise SettingsError(str(fault)) from fault


def _channels(environment: Mapping[str, str]) -> ChannelSettings:
    credentials = environment.get("DAOGANG_FCM_CREDENTIALS")
    contact = environment.get("DAOGANG_WEB_PUSH_CONTACT") or None
    if contact is not None and not contact.startswith(("mailto:", "https://")):
        msg = f"DAOGANG_WEB_PUSH_CONTACT is {contact!r}: give mailto:somebody@… or an https address"
        raise SettingsError(msg)
    robots = frozenset(_words(environment, "DAOGANG_ROBOTS"))
    if not robots <= {"wecom", "dingtalk"}:
        msg = f"DAOGANG_ROBOTS is {environment['DAOGANG_ROBOTS']!r}: name wecom, dingtalk or both, by a comma"
        raise SettingsError(msg)
    board = environment.get("DAOGANG_BOARD_URL") or None
    return ChannelSettings(
        fcm_credentials=Path(credentials) if credentials else None,
        fcm_endpoint=_origin(environment, "DAOGANG_FCM_ENDPOINT"),
        web_push_contact=contact,
        web_push_hosts=_words(environment, "DAOGANG_WEB_PUSH_HOSTS"),
        robots=robots,
        wecom_endpoint=_origin(environment, "DAOGANG_WECOM_ENDPOINT"),
        dingtalk_endpoint=_origin(environment, "DAOGANG_DINGTALK_ENDPOINT"),
        smtp=_smtp(environment),
        board=None if board is None else board.rstrip("/"),
    )


def _words(environment: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(word.strip() for word in environment.get(name, "").split(",") if word.strip())


def _origin(environment: Mapping[str, str], name: str) -> str | None:
    value = environment.get(name)
    if not value:
        return None
    url = urlsplit(value)
    if url.scheme not in {"http", "https"} or not url.hostname or url.path.strip("/") or url.query:
        msg = f"{name} is {value!r}: give scheme and host only, such as https://relay.example"
        raise SettingsError(msg)
    return value.rstrip("/")


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
        password=_secret(environment, "DAOGANG_SMTP_PASSWORD_FILE", "the password"),
    )


def _sms_gateway(environment: Mapping[str, str]) -> SmsGateway | None:
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
    secret = _secret(environment, "DAOGANG_SMS_SECRET_FILE", "the secret")
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


def _passkeys(environment: Mapping[str, str], name: str) -> dict[str, Any]:
    party = environment.get("DAOGANG_PASSKEY_RP_ID") or ("localhost" if name == "development" else None)
    if party is None:
        return {}
    port = _whole(environment, "PORT", 8000)
    given = environment.get("DAOGANG_PASSKEY_ORIGINS", "")
    origins = tuple(one.strip() for one in given.split(",") if one.strip())
    if not origins:
        origins = (f"http://localhost:{port}",) if party == "localhost" else (f"https://{party}",)
    for origin in origins:
        if not origin.startswith(("https://", "android:apk-key-hash:", "http://localhost:")) or origin.endswith("/"):
            msg = (
                f"DAOGANG_PASSKEY_ORIGINS holds {origin!r}: give https://host (no slash at the end) or "
                "android:apk-key-hash:…, with commas between them"
            )
            raise SettingsError(msg)
    return {"passkey_rp_id": party, "passkey_origins": origins}


def _blobs(environment: Mapping[str, str]) -> Path | S3Bucket:
    where = environment.get("DAOGANG_BLOBS") or "blobs"
    return _s3(environment, "DAOGANG_BLOBS", "DAOGANG_S3") if "://" in where else Path(where)


def _heads(environment: Mapping[str, str]) -> HeadSettings:
    named = "DAOGANG_HEADS_S3"
    return HeadSettings(
        memory=_path(environment, "DAOGANG_SEALER_MEMORY"),
        folder=_path(environment, "DAOGANG_HEADS_DIR"),
        mail_to=environment.get("DAOGANG_HEADS_MAIL") or None,
        bucket=_s3(environment, named, named) if environment.get(named) else None,
    )


def _s3(environment: Mapping[str, str], name: str, of: str) -> S3Bucket:
    """Read a bucket's address from `name`, and its account from the variables that begin with `of`."""
    scheme, _, rest = environment[name].partition("://")
    bucket, _, prefix = rest.partition("/")
    key_id, secret = environment.get(f"{of}_KEY_ID"), _secret(environment, f"{of}_SECRET_FILE", "the secret key")
    if scheme != "s3" or not bucket or not key_id or secret is None:
        folder = "a folder, or " if name != of else ""
        msg = (
            f"{name} is {environment[name]!r}: give {folder}s3://bucket/prefix together with {of}_KEY_ID and "
            f"{of}_SECRET_FILE"
        )
        raise SettingsError(msg)
    return S3Bucket(
        bucket=bucket,
        prefix=prefix,
        endpoint=environment.get(f"{of}_ENDPOINT") or None,
        region=environment.get(f"{of}_REGION", "us-east-1"),
        key_id=key_id,
        secret=secret,
    )


def _secret(environment: Mapping[str, str], name: str, what: str) -> str | None:
    """Read what the file holds that the variable names; None when it names none."""
    file = environment.get(name)
    try:
        return Path(file).read_text("utf-8").strip() if file else None
    except OSError as fault:
        msg = f"{name} cannot be read ({fault.strerror}): name the file that holds {what}"
        raise SettingsError(msg) from fault


def _path(environment: Mapping[str, str], name: str) -> Path | None:
    value = environment.get(name)
    return Path(value) if value else None


def _version(environment: Mapping[str, str], name: str) -> str:
    value = environment.get(name) or "0"
    if re.fullmatch(r"[0-9]+(\.[0-9]+){0,3}", value) is None:
        msg = f"{name} is {value!r}: give numbers with points between them, like 1.4.0"
        raise SettingsError(msg)
    return value


def _whole(environment: Mapping[str, str], name: str, default: int) -> int:
    value = environment.get(name, "")
    if not value:
        return default
    if not value.isdecimal() or int(value) == 0:
        msg = f"{name} is {value!r}: give a whole number above zero"
        raise SettingsError(msg)
    return int(value)
