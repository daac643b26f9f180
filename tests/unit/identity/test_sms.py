"""The contract of SMS adapters: ready means sent, and what cannot send says so before a code exists."""

import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from backend.identity.errors import SmsNotConfigured
from backend.identity.sms import NullSmsSender, OutboxSmsSender, SmsSender, read_outbox

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)

ADAPTERS: dict[str, Callable[[Path], SmsSender]] = {
    "none": lambda _path: NullSmsSender(),
    "outbox": lambda path: OutboxSmsSender(path, console=False),
}


@pytest.mark.parametrize("name", ADAPTERS)
async def test_an_adapter_is_ready_exactly_when_it_sends(name: str, tmp_path: Path) -> None:
    path = tmp_path / "deep" / "outbox.jsonl"
    sender = ADAPTERS[name](path)
    try:
        sender.require_ready()
    except SmsNotConfigured:
        with pytest.raises(SmsNotConfigured):
            await sender.send_code("19900000001", "012345", AT)
        assert not path.exists()
        return
    await sender.send_code("19900000001", "012345", AT)
    await sender.send_code("19900000002", "543210", AT)
    assert [(sms.phone_number, sms.code, sms.at) for sms in read_outbox(path)] == [
        ("19900000001", "012345", AT),
        ("19900000002", "543210", AT),
    ]


async def test_the_outbox_is_private_and_shows_on_the_console(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "outbox.jsonl"
    await OutboxSmsSender(path).send_code("19900000001", "012345", AT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "012345" in capsys.readouterr().err


def test_an_outbox_that_nobody_wrote_is_empty(tmp_path: Path) -> None:
    assert read_outbox(tmp_path / "none.jsonl") == []
