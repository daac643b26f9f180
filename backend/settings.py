"""The server's settings: one frozen object, read once from the environment by whoever builds the application."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path


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
class Settings:
    """What an installation decides.

    `database_url` is a libpq URL of a role that may become daogang_app; `keys_dir` holds the key rings made by
    `daogang keys init`; `sms_outbox` is the file of the development SMS adapter (None: no SMS is configured), which
    shows messages on the console too if `sms_console`; `blobs` says where photos are kept: a folder or an S3 bucket.
    `faces_socket` is where the process that measures faces listens (None: faces are not evaluated), `models_dir` where
    its models lie, `anti_spoof` an operator's description of a model of his own.
    `attestation_dir` holds what attestations of phones' keys are checked against (None: none is).
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
    log_format: str = "json"
    pool_size: int = 4
    mqtt_host: str = "127.0.0.1"
    mqtt_port: int = 1883
    mqtt_dir: Path = Path("mqtt")
    faces_socket: Path | None = None
    models_dir: Path = Path("models")
    anti_spoof: Path | None = None
    attestation_dir: Path | None = None

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
        log_format=environment.get("DAOGANG_LOG", "json"),
        pool_size=_whole(environment, "DAOGANG_POOL_SIZE", 4),
        mqtt_host=environment.get("DAOGANG_MQTT_HOST", "127.0.0.1"),
        mqtt_port=_whole(environment, "DAOGANG_MQTT_PORT", 1883),
        mqtt_dir=Path(environment.get("DAOGANG_MQTT_DIR", "mqtt")),
        faces_socket=_path(environment, "DAOGANG_FACES_SOCKET"),
        models_dir=Path(environment.get("DAOGANG_MODELS_DIR", "models")),
        anti_spoof=_path(environment, "DAOGANG_ANTI_SPOOF"),
        attestation_dir=_path(environment, "DAOGANG_ATTESTATION_DIR"),
    )


def _blobs(environment: Mapping[str, str]) -> Path | S3Bucket:
    where = environment.get("DAOGANG_BLOBS") or "blobs"
    scheme, there, rest = where.partition("://")
    if not there:
        return Path(where)
    bucket, _, prefix = rest.partition("/")
    key_id, secret_file = environment.get("DAOGANG_S3_KEY_ID"), environment.get("DAOGANG_S3_SECRET_FILE")
    if scheme != "s3" or not bucket or not key_id or not secret_file:
        msg = (
            f"DAOGANG_BLOBS is {where!r}: give a folder, or s3://bucket/prefix together with DAOGANG_S3_KEY_ID and "
            "DAOGANG_S3_SECRET_FILE"
        )
        raise SettingsError(msg)
    try:
        secret = Path(secret_file).read_text("utf-8").strip()
    except OSError as fault:
        msg = f"DAOGANG_S3_SECRET_FILE cannot be read ({fault.strerror}): name the file that holds the secret key"
        raise SettingsError(msg) from fault
    return S3Bucket(
        bucket=bucket,
        prefix=prefix,
        endpoint=environment.get("DAOGANG_S3_ENDPOINT") or None,
        region=environment.get("DAOGANG_S3_REGION", "us-east-1"),
        key_id=key_id,
        secret=secret,
    )


def _path(environment: Mapping[str, str], name: str) -> Path | None:
    value = environment.get(name)
    return Path(value) if value else None


def _whole(environment: Mapping[str, str], name: str, default: int) -> int:
    value = environment.get(name, "")
    if not value:
        return default
    if not value.isdecimal() or int(value) == 0:
        msg = f"{name} is {value!r}: give a whole number above zero"
        raise SettingsError(msg)
    return int(value)
