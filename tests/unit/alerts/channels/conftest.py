"""Firebase on loopback."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.fcm import Fcm, local_fcm


@pytest.fixture
def fcm(tmp_path: Path) -> Iterator[Fcm]:
    """Serve it."""
    with local_fcm(tmp_path) as served:
        yield served
