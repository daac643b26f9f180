"""The command line's side of the demo: runs it, or says in words why it cannot."""

import asyncio
import io
import logging
import sys
from datetime import datetime

from backend.demo.clients import DemoError
from backend.demo.running import Write, run_demo, tell_logins
from backend.kit import messages
from backend.kit.errors import DaogangError
from backend.kit.keyring import KeyRingError
from backend.kit.logs import configure_logs
from backend.settings import Settings


def demo_command(settings: Settings, now: datetime, language: str, write: Write, *, logins: bool) -> int:
    """Load and play the demo, or tell its log-ins; return the exit status (1: it could not, stderr says why)."""
    configure_logs(settings.log_format, logging.WARNING)
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A terminal that cannot show Chinese shows question marks instead of a traceback.
        sys.stdout.reconfigure(errors="replace")
    try:
        if logins:
            asyncio.run(tell_logins(settings, language, write))
        else:
            asyncio.run(run_demo(settings, now, language, write))
    except (DemoError, DaogangError) as error:
        message = messages.text(language, error.code, error.detail)
        sys.stderr.write(f"{message.title}\n{message.advice}\n")
        return 1
    except KeyRingError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0
