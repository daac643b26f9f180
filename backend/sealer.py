"""The process of the sealer: its own role of the database, its own key, nothing else of the server's."""

import asyncio
import signal
from collections.abc import Sequence

import structlog

from backend.kit.clock import SystemClock
from backend.kit.db import Database
from backend.kit.keyfiles import FileKeyRing
from backend.kit.keyring import SEALER_PURPOSES
from backend.kit.logs import configure_logs
from backend.ledger.seals.memory import HeadMemory
from backend.ledger.seals.outside import BucketParty, FolderParty, MailParty, NullParty, OutsideParty
from backend.ledger.seals.process import keep_sealing
from backend.ledger.seals.sealing import SealTools
from backend.settings import Settings
from backend.wiring import open_bucket

log = structlog.get_logger()

ROLE = "daogang_sealer"


def run_sealer(settings: Settings) -> None:
    """Run until SIGTERM or SIGINT; raises KeyFileError when the seal key cannot be read."""
    configure_logs(settings.log_format)
    keys = FileKeyRing(settings.keys_dir, SEALER_PURPOSES)
    memory = None if settings.heads.memory is None else HeadMemory(settings.heads.memory)
    if memory is None:
        log.warning("sealer.remembers_nothing", missing="DAOGANG_SEALER_MEMORY")
    tools = SealTools(Database(settings.database_url, max_size=2, role=ROLE), keys, SystemClock(), memory)
    asyncio.run(_run(tools, outside_parties(settings)))


async def _run(tools: SealTools, parties: Sequence[OutsideParty]) -> None:
    stopping, loop = asyncio.Event(), asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with tools.database.opened():
        log.info("sealer.started")
        await keep_sealing(tools, parties, stopping)
    log.info("sealer.stopped")


def outside_parties(settings: Settings) -> tuple[OutsideParty, ...]:
    """Return who is given heads, by the settings; who is not configured says which setting is missing."""
    heads, smtp = settings.heads, settings.channels.smtp
    parties: list[OutsideParty] = [
        NullParty("file", "DAOGANG_HEADS_DIR") if heads.folder is None else FolderParty(heads.folder),
        NullParty("bucket", "DAOGANG_HEADS_S3") if heads.bucket is None else BucketParty(open_bucket(heads.bucket)),
    ]
    if heads.mail_to is None or smtp is None:
        parties.append(NullParty("mail", "DAOGANG_HEADS_MAIL" if heads.mail_to is None else "DAOGANG_SMTP_URL"))
    else:
        parties.append(MailParty(smtp, heads.mail_to))
    return tuple(parties)
