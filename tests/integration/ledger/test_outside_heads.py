"""Whoever is given heads has them afterwards, or it is told; nobody is nobody."""

from collections.abc import AsyncGenerator, Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from uuid import uuid4

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from sqlalchemy import text

from backend.channel_settings import SmtpServer
from backend.kit.blobs import open_s3
from backend.kit.clock import ManualClock
from backend.ledger.seals.heads import SignedHead, TreeHead, find_signer
from backend.ledger.seals.outside import BucketParty, FolderParty, MailParty, NullParty, OutsideParty, PartyAway
from backend.ledger.seals.publishing import RETRY_AFTER, Publishing, publish_heads
from backend.sealer import outside_parties
from backend.settings import read_settings
from backend.variables import SettingsError
from tests.support.ledgers import entry
from tests.support.mail_servers import Post, mail_server
from tests.support.s3 import bucket
from tests.support.seals import AT, SealedLedger, append, sealed_ledger

pytestmark = [pytest.mark.anyio, pytest.mark.enable_socket]

KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
PUBLIC = KEY.public_key().public_bytes_raw()
HEAD = TreeHead("daogang/x/1", 12, sha256(b"root").digest(), datetime(2026, 3, 16, 1, 30, tzinfo=UTC))
SIGNED = SignedHead(HEAD, PUBLIC, KEY.sign(HEAD.text().encode()))
NAME = "2026-03-16-12.head"


@dataclass
class Outside:
    """A party, what it has, and a way to send it away."""

    party: OutsideParty
    kept: Callable[[], list[str]]
    leave: Callable[[], object]


@pytest.fixture
async def post() -> AsyncGenerator[Post]:
    async with mail_server() as served:
        yield served


@contextmanager
def bucket_party() -> Generator[Outside]:
    with bucket("heads") as held:
        store = open_s3("heads", "daogang", endpoint=held.endpoint, region="x", key_id="key", secret="secret")
        yield Outside(
            BucketParty(store),
            lambda: [held.objects[name].decode() for name in (f"daogang/heads/{NAME}",) if name in held.objects],
            lambda: setattr(held, "failing", True),
        )


@pytest.fixture(params=["file", "bucket", "mail"])
def outside(request: pytest.FixtureRequest, tmp_path: Path, post: Post) -> Generator[Outside]:
    if request.param == "bucket":
        with bucket_party() as found:
            yield found
        return
    if request.param == "file":
        folder = tmp_path / "share"
        folder.mkdir()
        files = lambda: [path.read_text("utf-8") for path in folder.glob("*.head")]  # noqa: E731 - read three times
        yield Outside(FolderParty(folder), files, lambda: folder.rename(tmp_path / "gone"))
        return
    server = SmtpServer(host="127.0.0.1", port=post.port, security="plain", sender="ledger@city.example")

    def mails() -> list[str]:
        return list({part.get_content().decode() for mail in post.mails for part in mail.iter_attachments()})

    refuse = {"notary@example.org": "451 not now"}
    yield Outside(MailParty(server, "notary@example.org"), mails, lambda: post.answers.update(refuse))


async def test_a_party_has_what_it_was_given_and_says_when_it_is_away(outside: Outside) -> None:
    assert outside.party.missing is None
    assert outside.kept() == []
    await outside.party.give(SIGNED)
    await outside.party.give(SIGNED)
    assert [find_signer(note, [PUBLIC]) for note in outside.kept()] == [SIGNED]
    outside.leave()
    with pytest.raises(PartyAway):
        await outside.party.give(SIGNED)


async def test_nobody_says_that_it_is_nobody() -> None:
    nobody = NullParty("file", "DAOGANG_HEADS_DIR")
    assert isinstance(nobody, OutsideParty)
    assert nobody.missing == "DAOGANG_HEADS_DIR"
    with pytest.raises(PartyAway, match="nobody is there: DAOGANG_HEADS_DIR is not set"):
        await nobody.give(SIGNED)


def test_settings_name_the_parties(tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.write_text("s3cret\n")
    environment = {
        "DATABASE_URL": "postgresql://x@/y",
        "DAOGANG_HEADS_DIR": str(tmp_path),
        "DAOGANG_HEADS_MAIL": "notary@example.org",
        "DAOGANG_SMTP_URL": "smtp://mail.example",
        "DAOGANG_SMTP_FROM": "ledger@city.example",
        "DAOGANG_HEADS_S3": "s3://heads/city",
        "DAOGANG_HEADS_S3_KEY_ID": "key",
        "DAOGANG_HEADS_S3_SECRET_FILE": str(secret),
    }
    parties = outside_parties(read_settings(environment))
    assert [(one.name, one.missing) for one in parties] == [("file", None), ("bucket", None), ("mail", None)]
    nobody = outside_parties(read_settings({"DATABASE_URL": "postgresql://x@/y"}))
    assert [one.missing for one in nobody] == ["DAOGANG_HEADS_DIR", "DAOGANG_HEADS_S3", "DAOGANG_HEADS_MAIL"]
    with pytest.raises(SettingsError, match="DAOGANG_HEADS_S3_KEY_ID"):
        read_settings(environment | {"DAOGANG_HEADS_S3_KEY_ID": ""})


async def facts(ledger: SealedLedger) -> list[tuple[str, str]]:
    async with ledger.database.transaction() as tx:
        rows = await tx.execute(text("SELECT kind, subject FROM announced_fact ORDER BY id"))
        return [(row.kind, row.subject) for row in rows]


async def test_each_party_gets_one_head_a_day_and_its_absence_is_told_once(fresh_database: str, tmp_path: Path) -> None:
    share, away = tmp_path / "share", tmp_path / "away"
    share.mkdir()
    parties = (FolderParty(share), NullParty("mail", "DAOGANG_HEADS_MAIL"))
    async with sealed_ledger(fresh_database) as ledger:
        clock, state = ManualClock(AT), Publishing()

        async def publish() -> list[str]:
            return await publish_heads(ledger.tools.database, clock, parties, state)

        assert await publish() == [], "there is no head yet"
        await append(ledger.database, [entry(uuid4(), None, AT)])
        await ledger.seal()
        assert await publish() == ["file"]
        state = Publishing()  # the process was started anew
        assert await publish() == []
        clock.set(AT + timedelta(days=1))
        share.rename(away)
        assert await publish() == []
        assert await publish() == [], "not tried again at once"
        for _ in range(2):
            clock.set(clock.now() + RETRY_AFTER)
            assert await publish() == []
        assert await facts(ledger) == [("seals.failed", "outside.file")]
        away.rename(share)
        clock.set(clock.now() + RETRY_AFTER)
        assert await publish() == ["file"]
        assert await facts(ledger) == [("seals.failed", "outside.file"), ("seals.restored", "outside.file")]
        async with ledger.database.transaction() as tx:
            days = await tx.execute(text("SELECT on_day, tree_size FROM seal_publication ORDER BY on_day"))
            given = [(row.on_day, row.tree_size) for row in days]
        assert given == [(AT.date(), 1), (AT.date() + timedelta(days=1), 1)]
