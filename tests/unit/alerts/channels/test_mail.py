from collections.abc import AsyncIterator
from dataclasses import replace

import pytest

from backend.alerts.channels.mail import MailChannel
from backend.alerts.channels.model import DELIVERED, AddressKind, dead, failed, retry
from backend.channel_settings import SmtpServer
from tests.support.alert_messages import NOW, make
from tests.support.mail_servers import Post, mail_server

KIND = AddressKind.EMAIL


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    async with mail_server() as held:
        yield held


def channel_to(port: int) -> MailChannel:
    server = SmtpServer(host="127.0.0.1", port=port, security="plain", sender="到岗 <alerts@daogang.test>")
    return MailChannel(server, board="https://board.daogang.test", timeout_s=5)


async def test_a_mail_says_what_the_inbox_says(post: Post) -> None:
    message = make(KIND, {"to": "zhang@daogang.test"}, repeat=True)
    assert await channel_to(post.port).send([message], NOW) == [DELIVERED]
    (mail,) = post.mails
    assert mail["Subject"] == "【可能重复】关键岗位无人"
    assert mail["To"] == "zhang@daogang.test"
    assert mail["Message-ID"] == f"<{message.delivery_id}@daogang.test>"
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail.get_content().split() == [
        "安全员",
        "09:00",
        "前未到岗",
        f"https://board.daogang.test/alerts/{message.tag}",
    ]


async def test_each_address_has_its_own_outcome(post: Post) -> None:
    post.answers = {
        "gone@daogang.test": "550 5.1.1 no such user",
        "full@daogang.test": "452 4.2.2 mailbox full",
        "barred@daogang.test": "554 5.7.1 not from you",
    }
    names = ("a", "gone", "full", "barred", "b")
    sent = [make(KIND, {"to": f"{name}@daogang.test"}) for name in names]
    assert await channel_to(post.port).send(sent, NOW) == [
        DELIVERED,
        dead("smtp_550"),
        retry("smtp_452"),
        failed("smtp_554"),
        DELIVERED,
    ]
    assert [mail["To"] for mail in post.mails] == ["a@daogang.test", "b@daogang.test"]


async def test_a_server_that_is_not_there_fails_as_a_whole(post: Post) -> None:
    sent = [make(KIND, {"to": "a@daogang.test"}), make(KIND, {"to": "b@daogang.test"})]
    assert await channel_to(1).send(sent, NOW) == [retry("unreachable", whole=True)] * 2
    assert post.mails == []


async def test_a_line_break_in_a_title_makes_no_header(post: Post) -> None:
    message = replace(make(KIND, {"to": "a@daogang.test"}), title="一\r\nBcc: evil@daogang.test")
    assert await channel_to(post.port).send([message], NOW) == [DELIVERED]
    assert post.mails[0]["Bcc"] is None
