"""The server's settings: one frozen object, read once from the environment by whoever builds the application."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backend.base_map import BaseMap, read_base_map
from backend.channel_settings import ChannelSettings, SmsGateway, read_channels, read_sms_gateway
from backend.variables import SettingsError, path_of, secret_of, version_of, whole_of, words_of


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
    channels: ChannelSettings = field(default_factory=ChannelSettings)
    heads: HeadSettings = field(default_factory=HeadSettings)
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
        port=whole_of(environment, "PORT", 8000),
        processes=whole_of(environment, "DAOGANG_PROCESSES", 2),
        sms_outbox=Path(outbox) if outbox else None,
        sms_gateway=read_sms_gateway(environment),
        log_format=environment.get("DAOGANG_LOG", "json"),
        pool_size=whole_of(environment, "DAOGANG_POOL_SIZE", 4),
        mqtt_host=environment.get("DAOGANG_MQTT_HOST", "127.0.0.1"),
        mqtt_port=whole_of(environment, "DAOGANG_MQTT_PORT", 1883),
        mqtt_dir=Path(environment.get("DAOGANG_MQTT_DIR", "mqtt")),
        faces_socket=path_of(environment, "DAOGANG_FACES_SOCKET"),
        models_dir=Path(environment.get("DAOGANG_MODELS_DIR", "models")),
        anti_spoof=path_of(environment, "DAOGANG_ANTI_SPOOF"),
        min_app_version=version_of(environment, "DAOGANG_MIN_APP_VERSION"),
        attestation_dir=path_of(environment, "DAOGANG_ATTESTATION_DIR"),
        web_dir=Path(environment.get("DAOGANG_WEB_DIR", "web/dist")),
        base_map=read_base_map(environment),
        channels=read_channels(environment),
        heads=_heads(environment),
        **_passkeys(environment, name),
    )


def _passkeys(environment: Mapping[str, str], name: str) -> dict[str, Any]:
    party = environment.get("DAOGANG_PASSKEY_RP_ID") or ("localhost" if name == "development" else None)
    if party is None:
        return {}
    port = whole_of(environment, "PORT", 8000)
    origins = words_of(environment, "DAOGANG_PASSKEY_ORIGINS")
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
        memory=path_of(environment, "DAOGANG_SEALER_MEMORY"),
        folder=path_of(environment, "DAOGANG_HEADS_DIR"),
        mail_to=environment.get("DAOGANG_HEADS_MAIL") or None,
        bucket=_s3(environment, named, named) if environment.get(named) else None,
    )


def _s3(environment: Mapping[str, str], name: str, of: str) -> S3Bucket:
    """Read a bucket's address from `name`, and its account from the variables that begin with `of`."""
    scheme, _, rest = environment[name].partition("://")
    bucket, _, prefix = rest.partition("/")
    key_id, secret = environment.get(f"{of}_KEY_ID"), secret_of(environment, f"{of}_SECRET_FILE", "the secret key")
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
