"""The command line's side of the demo: runs it, or says in words why it cannot."""

import asyncio
import io
import logging
import sys
from collections.abc import Callable, Mapping
from datetime import datetime

from backend.demo.errors import DemoError
from backend.kit import messages
from backend.kit.errors import DaogangError, DatabaseAway
from backend.kit.keyring import KeyRingError
from backend.kit.logs import configure_logs
from backend.settings import Settings


def demo_command(
    settings: Settings, now: datetime, language: str, write: Callable[[str], None], *, logins: bool
) -> int:
    """Load and play the demo, or tell its log-ins; return the exit status (1: it could not, stderr says why)."""
    configure_logs(settings.log_format, logging.WARNING)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that cannot show Chinese shows question marks instead of a traceback.
        sys.stdout.reconfigure(errors="replace")
    try:
        if logins:
            from backend.demo.accounts import tell_logins  # noqa: PLC0415 - does without the application

            asyncio.run(tell_logins(settings, language, write))
        else:
            from backend.demo.running import run_demo  # noqa: PLC0415 - likewise

            asyncio.run(run_demo(settings, now, language, write))
    except DatabaseAway:
        return _refuse(language, "demo.database_away", {})
    except (DemoError, DaogangError) as error:
        return _refuse(language, error.code, error.detail)
    except KeyRingError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _refuse(language: str, code: str, detail: Mapping[str, object]) -> int:
    message = messages.text(language, code, detail)
    sys.stderr.write(f"{message.title}\n{message.advice}\n")
    return 1
