"""Firebase on loopback, and a channel that speaks to it."""

from collections.abc import AsyncIterator, Iterator

import pytest

from backend.alerts.channels.fcm import FcmChannel
from tests.support.fcm import Fcm, local_fcm


@pytest.fixture(scope="module")
def _served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fcm]:
    with local_fcm(tmp_path_factory.mktemp("fcm")) as served:
        yield served


@pytest.fixture(scope="module")
async def _opened(_served: Fcm) -> AsyncIterator[FcmChannel]:
    opened = FcmChannel(_served.credentials_file, endpoint=_served.endpoint, timeout_s=1, at_once=20)
    yield opened
    await opened.aclose()


@pytest.fixture
def fcm(_served: Fcm) -> Fcm:
    """Serve it, with nothing sent yet and everything taken."""
    _served.reset()
    return _served


@pytest.fixture
def channel(_opened: FcmChannel, fcm: Fcm) -> FcmChannel:
    """Give a channel to it that has no access token yet; opening one anew would take a second."""
    del fcm
    _opened.forget_token()
    return _opened
