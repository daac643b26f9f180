"""The SMS gateway's adapter: the bytes that it sends, and what it makes of the answers."""

import hmac
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from types import SimpleNamespace
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.channel_settings import SmsGateway
from backend.identity.log_in import CodeToSend
from backend.identity.services import make_identity_services
from backend.identity.sms import SmsFate, SmsNotTaken
from backend.identity.sms_gateway import HttpSmsSender, judge_answer, read_reason, sign_message
from backend.kit.clock import ManualClock
from backend.kit.keyring import MemoryKeyRing
from backend.kit.retry_after import LONGEST
from backend.settings import read_settings
from backend.variables import SettingsError
from mobile_api import session
from tests.support.http_services import HANG, Answer, HttpService, http_service
from tools.house import ROOT

NOW = datetime(2026, 3, 16, 1, 30, tzinfo=UTC)
ID = UUID("01a1fc7d-5f51-71cb-a3b4-3539f122512d")
NUMBER = "19900000001"
SECRET = "0123456789abcdef0123456789abcdef"
BODY = (
    b'{"message_id":"01a1fc7d-5f51-71cb-a3b4-3539f122512d","phone_number":"19900000001","template":"SMS_1001",'
    b'"parameters":{"code":"012345"}}'
)


@pytest.fixture
def service() -> Iterator[HttpService]:
    with http_service(lambda _: Answer(status=202)) as served:
        yield served


def sender_to(origin: str, *, timeout_s: float = 5) -> HttpSmsSender:
    gateway = SmsGateway(url=f"{origin}/sms?of=us", secret=SECRET, code_template="SMS_1001", alert_template="SMS_1002")
    return HttpSmsSender(gateway, timeout_s=timeout_s)


async def what_becomes(sender: HttpSmsSender) -> SmsNotTaken:
    with pytest.raises(SmsNotTaken) as caught:
        await sender.send_text(ID, NUMBER, "关键岗位无人", NOW)
    assert NUMBER not in str(caught.value)
    return caught.value


async def test_these_are_the_bytes(service: HttpService) -> None:
    await sender_to(service.origin).send_code(ID, NUMBER, "012345", NOW)
    (asked,) = service.asked
    assert (asked.method, asked.path, asked.query) == ("POST", "/sms", {"of": ["us"]})
    assert asked.body == BODY
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["x-daogang-timestamp"] == "1773624600"
    signed = hmac.new(SECRET.encode(), b"1773624600\n" + BODY, sha256).hexdigest()
    assert asked.headers["x-daogang-signature"] == signed


def test_the_document_shows_these_bytes() -> None:
    text = (ROOT / "docs/channels.md").read_text("utf-8")
    assert BODY.decode() in text
    assert SECRET in text
    assert f"X-Daogang-Signature: {sign_message(SECRET, '1773624600', BODY)}" in text


async def test_an_alert_has_a_template_of_its_own(service: HttpService) -> None:
    await sender_to(service.origin).send_text(ID, NUMBER, "关键岗位无人", NOW)
    (asked,) = service.asked
    assert asked.content == {
        "message_id": str(ID),
        "phone_number": NUMBER,
        "template": "SMS_1002",
        "parameters": {"text": "关键岗位无人"},
    }


@pytest.mark.parametrize("status", [200, 201, 202, 204])
async def test_a_message_is_taken_by_any_answer_of_success(service: HttpService, status: int) -> None:
    service.script = lambda _: Answer(status=status)
    await sender_to(service.origin).send_text(ID, NUMBER, "一", NOW)
    assert len(service.asked) == 1


LATER, REFUSED = SmsFate.LATER, SmsFate.REFUSED
IN_A_MINUTE = {"Retry-After": "60"}
MINUTE = NOW + timedelta(minutes=1)


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (Answer(status=500), (LATER, "status_500", None, True, False)),
        (Answer(status=502), (LATER, "status_502", None, True, False)),
        (Answer(status=503, headers=IN_A_MINUTE), (LATER, "status_503", MINUTE, False, False)),
        (Answer(status=429, headers=IN_A_MINUTE), (LATER, "too_many", MINUTE, False, True)),
        (Answer(status=429), (LATER, "too_many", None, False, True)),
        (Answer(status=408), (LATER, "status_408", None, False, False)),
        (Answer(status=401), (LATER, "status_401", None, False, True)),
        (Answer(status=404), (LATER, "status_404", None, False, True)),
        (Answer(status=302, headers={"Location": "/sms"}), (LATER, "status_302", None, False, True)),
        (Answer(status=410), (SmsFate.NO_SUCH_NUMBER, "no_such_number", None, False, False)),
        (Answer(status=422), (REFUSED, "status_422", None, False, False)),
        (Answer(status=422, body={"reason": "template_unknown"}), (REFUSED, "template_unknown", None, False, False)),
        (Answer(status=400, body={"reason": f"no {NUMBER}"}), (REFUSED, "status_400", None, False, False)),
        (Answer(status=400, body=b"<html>" * 9999), (REFUSED, "status_400", None, False, False)),
        (Answer(drop=True), (LATER, "broken_off", None, True, False)),
    ],
    ids=lambda value: f"{value.status}" if isinstance(value, Answer) else "",
)
async def test_each_answer_has_its_meaning(service: HttpService, answer: Answer, expected: tuple[object, ...]) -> None:
    service.script = lambda _: answer
    fault = await what_becomes(sender_to(service.origin))
    assert (fault.fate, fault.reason, fault.retry_at, fault.uncertain, fault.whole) == expected
    assert len(service.asked) == 1


async def test_who_does_not_answer_may_have_taken_it(service: HttpService) -> None:
    service.script = lambda _: Answer(after_s=HANG)
    fault = await what_becomes(sender_to(service.origin, timeout_s=1))
    assert (fault.fate, fault.reason, fault.uncertain, fault.whole) == (LATER, "timeout", True, False)


async def test_who_is_not_there_takes_nothing() -> None:
    # Bound and not listening: nobody else gets the port meanwhile.
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        fault = await what_becomes(sender_to(f"http://127.0.0.1:{held.getsockname()[1]}"))
    assert (fault.fate, fault.reason, fault.uncertain, fault.whole) == (LATER, "unreachable", False, True)


async def test_a_log_in_code_that_was_not_taken_is_logged_with_its_reason(
    service: HttpService, monkeypatch: pytest.MonkeyPatch
) -> None:
    service.script = lambda _: Answer(status=422, body={"reason": "template_unknown"})
    ring, clock, logged = MemoryKeyRing(NOW), ManualClock(NOW), list[tuple[str, dict[str, object]]]()
    gateway = SmsGateway(url=service.origin, secret=SECRET, code_template="SMS_1001", alert_template="SMS_1002")
    identity = make_identity_services(ring, clock, None, sms_gateway=gateway)
    monkeypatch.setattr(session, "log", SimpleNamespace(error=lambda event, **parts: logged.append((event, parts))))
    await session.send_code(identity, CodeToSend(ID, NUMBER, "012345", NOW))
    assert logged == [("sms.failed", {"cause": "template_unknown"})]
    assert service.asked[0].content["message_id"] == str(ID)


@given(st.integers(100, 599), st.none() | st.text(max_size=12), st.binary(max_size=60))
def test_any_answer_is_judged(status: int, retry_after: str | None, beginning: bytes) -> None:
    headers = {} if retry_after is None else {"retry-after": retry_after}
    if 200 <= status < 300:
        judge_answer(status, headers, beginning, NOW)
        return
    with pytest.raises(SmsNotTaken) as caught:
        judge_answer(status, headers, beginning, NOW)
    fault = caught.value
    assert fault.retry_at is None or NOW <= fault.retry_at <= NOW + LONGEST
    assert fault.fate is LATER or 400 <= status < 500


@given(st.text(max_size=60))
def test_a_reason_never_holds_a_number(text: str) -> None:
    reason = read_reason(json.dumps({"reason": text}).encode())
    assert reason is None or (reason == text and not any(char.isdigit() for char in reason))


@pytest.fixture
def given_settings(tmp_path: Path) -> dict[str, str]:
    secret = tmp_path / "secret"
    secret.write_text(f"{SECRET}\n")
    return {
        "DATABASE_URL": "postgresql://somewhere/daogang",
        "DAOGANG_SMS_URL": "https://sms.daogang.test/send",
        "DAOGANG_SMS_SECRET_FILE": str(secret),
    }


def test_settings_name_a_gateway(given_settings: dict[str, str]) -> None:
    found = read_settings(given_settings | {"DAOGANG_SMS_ALERT_TEMPLATE": "SMS_1002"}).sms_gateway
    assert found == SmsGateway(
        url="https://sms.daogang.test/send", secret=SECRET, code_template="login_code", alert_template="SMS_1002"
    )
    assert SECRET not in repr(found)
    assert read_settings({"DATABASE_URL": "postgresql://somewhere/daogang"}).sms_gateway is None
    here = read_settings(given_settings | {"DAOGANG_SMS_URL": "http://127.0.0.1:9000/send"}).sms_gateway
    assert here is not None


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DAOGANG_SMS_URL", "http://sms.daogang.test/send"),
        ("DAOGANG_SMS_URL", "sms.daogang.test"),
        ("DAOGANG_SMS_URL", "https://user:word@sms.daogang.test/send"),
        ("DAOGANG_SMS_SECRET_FILE", ""),
        ("DAOGANG_SMS_SECRET_FILE", "/nowhere/at/all"),
    ],
)
def test_settings_that_cannot_be_meant_are_named(given_settings: dict[str, str], name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        read_settings(given_settings | {name: value})


def test_a_short_secret_and_two_ways_are_refused(given_settings: dict[str, str], tmp_path: Path) -> None:
    short = tmp_path / "short"
    short.write_text("s" * 31)
    with pytest.raises(SettingsError, match="32 characters"):
        read_settings(given_settings | {"DAOGANG_SMS_SECRET_FILE": str(short)})
    with pytest.raises(SettingsError, match="DAOGANG_SMS_OUTBOX are both set"):
        read_settings(
            given_settings | {"DAOGANG_ENV": "development", "DAOGANG_SMS_OUTBOX": str(tmp_path / "sms.ndjson")}
        )
