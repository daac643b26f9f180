from collections.abc import Iterator
from datetime import timedelta

import pytest

from backend.alerts.channels.configured import missing_settings
from backend.alerts.channels.model import DELIVERED, AddressKind, ChannelName, Outcome, dead, failed, retry
from backend.alerts.channels.opening import open_channels
from backend.alerts.channels.sms import LONGEST, SmsChannel
from backend.channel_settings import ChannelSettings, SmsGateway
from backend.identity.sms_gateway import HttpSmsSender
from backend.kit.keyring import MemoryKeyRing
from tests.support.alert_messages import NOW, make
from tests.support.http_services import Answer, HttpService, http_service

SMS = AddressKind.SMS


@pytest.fixture
def service() -> Iterator[HttpService]:
    with http_service(lambda _: Answer(status=202)) as served:
        yield served


@pytest.fixture
def sender(service: HttpService) -> HttpSmsSender:
    gateway = SmsGateway(url=f"{service.origin}/sms", secret="s" * 32, code_template="code", alert_template="alert")
    return HttpSmsSender(gateway, timeout_s=5)


async def test_an_alert_is_told_by_the_gateway(sender: HttpSmsSender, service: HttpService) -> None:
    channel = open_channels(ChannelSettings(), MemoryKeyRing(NOW), sender)[ChannelName.SMS]
    assert missing_settings(ChannelSettings(), sender)[ChannelName.SMS] is None
    assert channel.missing is None
    first, second = make(SMS, {"to": "19900000001"}), make(SMS, {"to": "19900000002", "body": "岗" * 400}, repeat=True)
    assert await channel.send([first, second], NOW) == [DELIVERED, DELIVERED]
    told, again = (one.content for one in service.asked)
    assert (told["message_id"], told["phone_number"]) == (str(first.delivery_id), "19900000001")
    assert told["parameters"] == {"text": "关键岗位无人: 安全员 09:00 前未到岗"}
    assert again["parameters"]["text"].startswith("【可能重复】关键岗位无人: 岗")
    assert len(again["parameters"]["text"]) == LONGEST


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(status=410), dead("no_such_number")),
        (Answer(status=422, body={"reason": "template_unknown"}), failed("template_unknown")),
        (
            Answer(status=503, headers={"Retry-After": "90"}),
            retry("status_503", NOW + timedelta(seconds=90)),
        ),
        (Answer(status=500), retry("status_500", uncertain=True)),
    ],
    ids=["410", "422", "503", "500"],
)
async def test_an_answer_is_the_outcome_of_its_message_alone(
    sender: HttpSmsSender, service: HttpService, answer: Answer, outcome: Outcome
) -> None:
    answers = [answer, Answer(status=202)]
    service.script = lambda _: answers.pop(0)
    sent = [make(SMS, {"to": "19900000001"}), make(SMS, {"to": "19900000002"})]
    assert await SmsChannel(sender).send(sent, NOW) == [outcome, DELIVERED]


async def test_a_gateway_that_takes_nothing_is_asked_once(sender: HttpSmsSender, service: HttpService) -> None:
    service.script = lambda _: Answer(status=429, headers={"Retry-After": "30"})
    sent = [make(SMS, {"to": f"1990000000{number}"}) for number in range(3)]
    later = retry("too_many", NOW + timedelta(seconds=30), whole=True)
    assert await SmsChannel(sender).send(sent, NOW) == [later, later, later]
    assert len(service.asked) == 1
