"""The application in memory: the real one, on a database of the tests, spoken to over ASGI."""

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from httpx import ASGITransport, AsyncClient

if TYPE_CHECKING:
    from litestar import Litestar

    from backend.kit.clock import Clock
    from backend.kit.keyring import KeyRing

BASE_URL = "http://daogang.test"


@asynccontextmanager
async def running_app(url: str, folder: Path, *, clock: "Clock", keys: "KeyRing") -> AsyncGenerator["Litestar"]:
    """Yield the application after its start-up; its shutdown follows. `folder` takes its files (SMS outbox)."""
    from backend.main import create_app
    from backend.settings import Settings

    settings = Settings(
        database_url=url,
        keys_dir=folder / "keys",
        blobs=folder / "blobs",
        environment="test",
        processes=1,
        sms_outbox=folder / "sms.ndjson",
        passkey_rp_id="daogang.test",
        passkey_origins=("https://daogang.test", "android:apk-key-hash:invented"),
    )
    app = create_app(settings, clock=clock, keys=keys)
    async with app.lifespan():
        yield app


def client_of(app: "Litestar") -> AsyncClient:
    """Return a client that sees what a caller over the network would see, a 500 too instead of its exception."""
    # httpx and Litestar spell the ASGI types differently.
    return AsyncClient(transport=ASGITransport(cast("Any", app), raise_app_exceptions=False), base_url=BASE_URL)
