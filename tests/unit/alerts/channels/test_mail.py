from collections.abc import AsyncIterator, Collection, Mapping
from dataclasses import dataclass, field, replace
from uuid import UUID

import pytest

from backend.alerts.channels.mail import MailChannel
from backend.alerts.channels.model import DELIVERED, AddressKind, Enclosure, Message, dead, failed, retry
from backend.alerts.channels.port import Enclosed
from backend.channel_settings import SmtpServer
from tests.support.alert_messages import NOW, make
from tests.support.mail_servers import Post, mail_server

KIND = AddressKind.EMAIL


@pytest.fixture
async def post() -> AsyncIterator[Post]:
    async with mail_server() as held:
        yield held


@dataclass
class Drawer:
    """Prints that are there already; remembers what it was asked for."""

    files: Mapping[Enclosure, Enclosed | None]
    asked: list[set[Enclosure]] = field(default_factory=list[set[Enclosure]])

    async def enclose(self, wanted: Collection[Enclosure]) -> Mapping[Enclosure, Enclosed | None]:
        self.asked.append(set(wanted))
        return {one: self.files[one] for one in wanted if one in self.files}


def channel_to(port: int, encloser: Drawer | None = None) -> MailChannel:
    server = SmtpServer(host="127.0.0.1", port=port, security="plain", sender="到岗 <alerts@daogang.test>")
    return MailChannel(server, board="https://board.daogang.test", encloser=encloser, timeout_s=5)


def told(name: str, of: str) -> Message:
    """Make a mail to somebody who is told of an edition."""
    enclosure = Enclosure(of, UUID(int=sum(name.encode())), "zh-CN")
    return replace(make(KIND, {"to": f"{name}@daogang.test"}), enclosure=enclosure)


async def test_whom_a_call_has_no_time_to_begin_with_is_told_by_the_next(post: Post) -> None:
    server = SmtpServer(host="127.0.0.1", port=post.port, security="plain", sender="alerts@daogang.test")
    channel = MailChannel(server, board=None, timeout_s=5, begin_within_s=-1)
    messages = [make(KIND, {"to": f"{name}@daogang.test"}) for name in ("a", "b")]
    assert await channel.send(messages, NOW) == [retry("not_begun"), retry("not_begun")]
    assert post.mails == []


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


async def test_the_print_goes_with_the_mail_and_the_text_says_its_digest(post: Post) -> None:
    sent = [told(name, "one:1") for name in ("a", "b")]
    file = Enclosed(name="bulletin-daily-20260309-1.pdf", digest="ab" * 32, content=b"%PDF-1.7 \x00\xff\r\n.\r\n")
    drawer = Drawer({one.enclosure: file for one in sent if one.enclosure})
    assert await channel_to(post.port, drawer).send(sent, NOW) == [DELIVERED, DELIVERED]
    assert drawer.asked == [{one.enclosure for one in sent}], "asked once for all of them"
    for mail in post.mails:
        (attached,) = mail.iter_attachments()
        assert attached.get_content() == file.content
        assert (attached.get_content_type(), attached.get_filename()) == ("application/pdf", file.name)
        body = mail.get_body()
        assert body is not None
        said = body.get_content()
        assert file.digest in said
        assert f"https://board.daogang.test/alerts/{sent[0].tag}" in said


async def test_who_may_not_read_it_gets_the_words_and_who_waits_for_it_hears_later(post: Post) -> None:
    barred, early, plain = told("barred", "one:1"), told("early", "two:1"), make(KIND, {"to": "plain@daogang.test"})
    assert barred.enclosure is not None
    drawer = Drawer({barred.enclosure: None})
    outcomes = await channel_to(post.port, drawer).send([barred, early, plain], NOW)
    assert outcomes == [DELIVERED, retry("file_not_ready"), DELIVERED]
    assert [mail["To"] for mail in post.mails] == ["barred@daogang.test", "plain@daogang.test"]
    assert not any(mail.is_multipart() or "SHA-256" in mail.get_content() for mail in post.mails)


@pytest.mark.parametrize(("lacking", "words"), [("too_large", "过大"), ("not_made", "暂未生成")])
async def test_a_print_that_does_not_go_with_it_is_missed_in_words(post: Post, lacking: str, words: str) -> None:
    message = told("a", "one:1")
    assert message.enclosure is not None
    file = Enclosed(name="a.pdf", digest="ab" * 32, lacking=lacking)  # type: ignore[arg-type] - one of its words
    assert await channel_to(post.port, Drawer({message.enclosure: file})).send([message], NOW) == [DELIVERED]
    (mail,) = post.mails
    assert not mail.is_multipart()
    assert words in mail.get_content()
    assert file.digest in mail.get_content()


async def test_a_server_that_takes_less_gets_the_mail_without_the_print() -> None:
    message = told("a", "one:1")
    assert message.enclosure is not None
    file = Enclosed(name="a.pdf", digest="ab" * 32, content=bytes(40_000))
    async with mail_server(most_bytes=20_000) as post:
        assert await channel_to(post.port, Drawer({message.enclosure: file})).send([message], NOW) == [DELIVERED]
    (mail,) = post.mails
    assert not mail.is_multipart()
    assert "过大" in mail.get_content()
