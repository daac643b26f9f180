"""The OpenAPI document as the code says it, without a database or keys."""

from datetime import UTC, datetime
from pathlib import Path

from backend.kit.clock import ManualClock
from backend.kit.keyring import MemoryKeyRing
from backend.main import create_app
from backend.settings import Settings

NOBODY = "postgresql://nobody@/nowhere"


def openapi_document() -> bytes:
    """Build the application far enough to ask it for its document."""
    at = datetime(2026, 1, 1, tzinfo=UTC)
    settings = Settings(database_url=NOBODY, keys_dir=Path("keys"), environment="test")
    app = create_app(settings, clock=ManualClock(at), keys=MemoryKeyRing(at))
    return bytes(app.state.api_document.text()) + b"\n"
