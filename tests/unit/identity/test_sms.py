"""The contract of SMS adapters: ready means sent, and what cannot send says so before a code exists."""

import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from backend.channel_settings import SmsGateway
from backend.identity.errors import SmsNotConfigured
from backend.identity.services import make_identity_services
from backend.identity.sms import NullSmsSender, OutboxSmsSender, SmsSender, read_outbox
from backend.identity.sms_gateway import HttpSmsSender
from backend.kit.clock import ManualClock
from backend.kit.keyring import MemoryKeyRing
from tests.support.http_services import Answer, HttpService, http_service

AT = datetime(2026, 3, 2, 8, tzinfo=UTC)
FIRST, SECOND, THIRD = (UUID(int=number) for number in (1, 2, 3))


@dataclass(frozen=True)
class Adapter:
    """An adapter, and what has arrived at its other end: number, and code or text."""

    sender: SmsSender
    arrived: Callable[[], list[tuple[str, str]]]


def _in_outbox(path: Path) -> list[tuple[str, str]]:
    return [(sms.phone_number, sms.code or sms.text) for sms in read_outbox(path)]


def _at_gateway(service: HttpService) -> list[tuple[str, str]]:
    return [(one.content["phone_number"], *one.content["parameters"].values()) for one in service.asked]


@pytest.fixture(params=["none", "outbox", "gateway"])
def adapter(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Adapter]:
    path = tmp_path / "deep" / "outbox.jsonl"
    with http_service(lambda _: Answer(status=202)) as service:
        gateway = SmsGateway(url=service.origin, secret="s" * 32, code_template="c", alert_template="a")
        senders: dict[str, Adapter] = {
            "none": Adapter(NullSmsSender(), lambda: _in_outbox(path) + _at_gateway(service)),
            "outbox": Adapter(OutboxSmsSender(path, console=False), lambda: _in_outbox(path)),
            "gateway": Adapter(HttpSmsSender(gateway), lambda: _at_gateway(service)),
        }
        yield senders[request.param]


async def test_an_adapter_is_ready_exactly_when_it_sends(adapter: Adapter) -> None:
    sender = adapter.sender
    try:
        sender.require_ready()
    except SmsNotConfigured:
        with pytest.raises(SmsNotConfigured):
            await sender.send_code(FIRST, "19900000001", "012345", AT)
        with pytest.raises(SmsNotConfigured):
            await sender.send_text(SECOND, "19900000001", "关键岗位无人", AT)
        assert adapter.arrived() == []
        return
    await sender.send_code(FIRST, "19900000001", "012345", AT)
    await sender.send_code(SECOND, "19900000002", "543210", AT)
    await sender.send_text(THIRD, "19900000002", "关键岗位无人", AT)
    assert adapter.arrived() == [
        ("19900000001", "012345"),
        ("19900000002", "543210"),
        ("19900000002", "关键岗位无人"),
    ]


async def test_the_outbox_is_private_and_shows_on_the_console(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "outbox.jsonl"
    await OutboxSmsSender(path).send_code(uuid4(), "19900000001", "012345", AT)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [sms.at for sms in read_outbox(path)] == [AT]
    assert "012345" in capsys.readouterr().err


def test_an_outbox_that_nobody_wrote_is_empty(tmp_path: Path) -> None:
    assert read_outbox(tmp_path / "none.jsonl") == []


def test_the_settings_choose_the_adapter(tmp_path: Path) -> None:
    ring, clock = MemoryKeyRing(AT), ManualClock(AT)
    gateway = SmsGateway(url="https://sms.daogang.test", secret="s" * 32, code_template="c", alert_template="a")
    chosen = [
        make_identity_services(ring, clock, None),
        make_identity_services(ring, clock, tmp_path / "sms.jsonl"),
        make_identity_services(ring, clock, None, sms_gateway=gateway),
    ]
    assert [type(one.sms) for one in chosen] == [NullSmsSender, OutboxSmsSender, HttpSmsSender]
