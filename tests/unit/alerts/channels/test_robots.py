import base64
import hashlib
import hmac
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.alerts.channels.model import DELIVERED, AddressKind, OutcomeKind, dead, failed, retry
from backend.alerts.channels.robot_messages import PER_WINDOW, WINDOW, Pacer, pack
from backend.alerts.channels.robots import SHUT_OUT, RobotChannel
from tests.support.alert_messages import NOW, make
from tests.support.http_services import Answer, HttpService, http_service

FINE = Answer(body={"errcode": 0, "errmsg": "ok"})
WECOM, DINGTALK = AddressKind.WECOM, AddressKind.DINGTALK


@pytest.fixture
def service() -> Iterator[HttpService]:
    with http_service(lambda _: FINE) as served:
        yield served


@pytest.fixture
async def wecom(service: HttpService) -> AsyncIterator[RobotChannel]:
    opened = RobotChannel(WECOM, service.origin, timeout_s=1)
    yield opened
    await opened.aclose()


@pytest.fixture
async def dingtalk(service: HttpService) -> AsyncIterator[RobotChannel]:
    opened = RobotChannel(DINGTALK, service.origin, timeout_s=1)
    yield opened
    await opened.aclose()


async def test_alerts_for_one_robot_go_in_one_message(wecom: RobotChannel, service: HttpService) -> None:
    robot, other = uuid4(), uuid4()
    sent = [make(WECOM, {"key": "k1", "body": f"第 {number} 条"}, robot) for number in range(5)]
    sent.insert(2, make(WECOM, {"key": "k2", "body": "另一条"}, other))
    assert await wecom.send(sent, NOW) == [DELIVERED] * 6
    first, second = service.asked
    assert (first.path, first.query) == ("/cgi-bin/webhook/send", {"key": ["k1"]})
    assert second.query == {"key": ["k2"]}
    assert first.content["msgtype"] == "markdown"
    assert all(f"第 {number} 条" in first.content["markdown"]["content"] for number in range(5))


async def test_dingtalk_is_signed(dingtalk: RobotChannel, service: HttpService) -> None:
    assert await dingtalk.send([make(DINGTALK, {"key": "t", "secret": "SEC1"})], NOW) == [DELIVERED]
    (asked,) = service.asked
    at = str(int(NOW.timestamp() * 1000))
    expected = base64.b64encode(hmac.new(b"SEC1", f"{at}\nSEC1".encode(), hashlib.sha256).digest()).decode()
    assert asked.query == {"access_token": ["t"], "timestamp": [at], "sign": [expected]}
    assert asked.content["markdown"]["title"] == "关键岗位无人"


async def test_names_make_no_markup_and_a_repeat_is_marked(wecom: RobotChannel, service: HttpService) -> None:
    await wecom.send([make(WECOM, {"key": "k", "body": "[点我](http://x) <font>"}, repeat=True)], NOW)
    text = service.asked[0].content["markdown"]["content"]
    assert "［点我］(http://x) ＜font＞" in text
    assert text.startswith("**【可能重复】关键岗位无人**")


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (93000, dead("webhook_unknown")),
        (45009, retry("errcode_45009", NOW + WINDOW)),
        (-1, retry("errcode_-1", NOW + timedelta(seconds=10))),
        (40058, failed("errcode_40058")),
    ],
)
async def test_wecom_tells_the_truth_in_a_200(
    wecom: RobotChannel, service: HttpService, code: int, outcome: object
) -> None:
    service.script = lambda _: Answer(body={"errcode": code, "errmsg": "told so"})
    assert await wecom.send([make(WECOM, {"key": "k"})], NOW) == [outcome]


@pytest.mark.parametrize(
    ("code", "outcome"),
    [
        (400101, dead("token_unknown")),
        (400102, dead("robot_stopped")),
        (310000, failed("safety_settings")),
        (410100, retry("errcode_410100", NOW + SHUT_OUT)),
        (130101, retry("errcode_130101", NOW + SHUT_OUT)),
    ],
)
async def test_so_does_dingtalk(dingtalk: RobotChannel, service: HttpService, code: int, outcome: object) -> None:
    service.script = lambda _: Answer(body={"errcode": code, "errmsg": "told so"})
    assert await dingtalk.send([make(DINGTALK, {"key": "t"})], NOW) == [outcome]


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(status=502), retry("unavailable")),
        (Answer(status=404), failed("status_404")),
        (Answer(body=b"<html>"), retry("answer_unknown", uncertain=True)),
        (Answer(body=[1]), retry("answer_unknown", uncertain=True)),
        (Answer(drop=True), retry("broken_off", uncertain=True)),
    ],
)
async def test_other_answers(wecom: RobotChannel, service: HttpService, answer: Answer, outcome: object) -> None:
    service.script = lambda _: answer
    assert await wecom.send([make(WECOM, {"key": "k"})], NOW) == [outcome]


async def test_a_robot_never_sends_more_than_it_may(wecom: RobotChannel, service: HttpService) -> None:
    robot = uuid4()
    long = [make(WECOM, {"key": "k", "body": "岗" * 1300}, robot) for _ in range(30)]
    outcomes = await wecom.send(long, NOW)
    assert len(service.asked) == PER_WINDOW
    assert [outcome.kind for outcome in outcomes] == [OutcomeKind.DELIVERED] * 18 + [OutcomeKind.RETRY] * 12
    assert outcomes[-1].retry_at == NOW + WINDOW
    assert set(await wecom.send(long[18:], NOW + WINDOW)) == {DELIVERED}


@given(st.lists(st.integers(0, 30), min_size=1, max_size=200))
def test_no_window_has_more(steps: list[int]) -> None:
    pacer, now, sent = Pacer(), NOW, list[object]()
    for step in steps:
        now += timedelta(seconds=step)
        free_at = pacer.free_at(now)
        if free_at is None:
            sent.append(now)
        else:
            assert now < free_at <= now + WINDOW
    assert all(later - first >= WINDOW for first, later in zip(sent, sent[PER_WINDOW:], strict=False))  # type: ignore[operator] - instants


@given(st.lists(st.text(max_size=400), min_size=1, max_size=30), st.integers(100, 900))
def test_every_alert_is_in_one_text_and_no_text_is_too_long(bodies: list[str], longest: int) -> None:
    messages = [make(WECOM, {"key": "k", "body": body}) for body in bodies]
    packed = list(pack(messages, longest, "R"))
    assert [message for _, held in packed for message in held] == messages
    assert all(len(text.encode()) <= longest for text, _ in packed)
