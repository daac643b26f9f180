import asyncio
import threading
from datetime import datetime, timedelta

import pytest

from backend.alerts.channels.fcm import FcmChannel
from backend.alerts.channels.fcm_messages import QUOTA_PAUSE
from backend.alerts.channels.model import DELIVERED, AddressKind, Outcome, dead, failed, retry
from tests.support.alert_messages import NOW, TAG, make
from tests.support.fcm import Fcm, problem
from tests.support.http_services import HANG, Answer, http_service

TOKEN = AddressKind.FCM_TOKEN
# google-auth keeps the end of a token by the machine's clock.
TODAY = datetime.now(NOW.tzinfo)


async def test_a_message_takes_the_place_of_the_one_before_on_every_kind_of_receiver(
    channel: FcmChannel, fcm: Fcm
) -> None:
    assert await channel.send([make(TOKEN, {"to": "a"})], NOW) == [DELIVERED]
    (sent,) = fcm.messages
    assert sent["token"] == "a"
    assert sent["notification"] == {"title": "关键岗位无人", "body": "安全员 09:00 前未到岗"}
    assert sent["android"]["collapse_key"] == TAG
    assert sent["android"]["notification"]["tag"] == TAG
    assert sent["android"]["priority"] == "high"
    assert sent["android"]["ttl"] == "7200s"
    assert sent["apns"]["headers"]["apns-collapse-id"] == TAG
    assert sent["apns"]["headers"]["apns-expiration"] == str(int((NOW + timedelta(hours=2)).timestamp()))
    assert sent["webpush"]["notification"]["tag"] == TAG
    assert len(sent["webpush"]["headers"]["Topic"]) == 32
    assert sent["data"] == {"tag": TAG, "path": f"/alerts/{TAG}"}


async def test_an_installation_is_named_as_one(channel: FcmChannel, fcm: Fcm) -> None:
    assert await channel.send([make(AddressKind.FCM_INSTALLATION, {"to": "c8VQ1gYtT0qZ"})], NOW) == [DELIVERED]
    assert (fcm.messages[0]["fid"], fcm.messages[0].get("token")) == ("c8VQ1gYtT0qZ", None)


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (problem(404, "NOT_FOUND", "UNREGISTERED"), dead("unregistered")),
        (problem(403, "PERMISSION_DENIED", "SENDER_ID_MISMATCH"), dead("sender_id_mismatch")),
        (problem(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", fields=("message.token",)), dead("address_malformed")),
        (problem(400, "INVALID_ARGUMENT", "INVALID_ARGUMENT", fields=("message.data",)), failed("invalid_argument")),
        (problem(401, "UNAUTHENTICATED", "THIRD_PARTY_AUTH_ERROR"), failed("third_party_auth")),
        (problem(403, "PERMISSION_DENIED", None), retry("not_allowed", whole=True)),
        (
            problem(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED", retry_after="90"),
            retry("quota_exceeded", TODAY + timedelta(seconds=90), whole=True),
        ),
        (
            problem(429, "RESOURCE_EXHAUSTED", "QUOTA_EXCEEDED"),
            retry("quota_exceeded", TODAY + QUOTA_PAUSE, whole=True),
        ),
        (
            problem(503, "UNAVAILABLE", "UNAVAILABLE", retry_after="7"),
            retry("unavailable", TODAY + timedelta(seconds=7), uncertain=True),
        ),
        (problem(500, "INTERNAL", "INTERNAL"), retry("unavailable", uncertain=True)),
        (Answer(status=502, body=b"<html>bad gateway</html>"), retry("unavailable", uncertain=True)),
        (Answer(after_s=HANG), retry("timeout", uncertain=True)),
        (Answer(drop=True), retry("unavailable", uncertain=True)),
        (Answer(status=200, body=b"not json"), retry("answer_unknown", uncertain=True)),
        (Answer(status=200, body={}), retry("answer_unknown", uncertain=True)),
    ],
)
async def test_each_answer_has_its_meaning(channel: FcmChannel, fcm: Fcm, answer: Answer, outcome: Outcome) -> None:
    fcm.answer_to = lambda _: answer
    assert await channel.send([make(TOKEN, {"to": "a"})], TODAY) == [outcome]


@pytest.mark.parametrize("status", [500, 503])
async def test_the_library_repeats_nothing_behind_our_back(channel: FcmChannel, fcm: Fcm, status: int) -> None:
    fcm.answer_to = lambda _: problem(status, "INTERNAL", None)
    await channel.send([make(TOKEN, {"to": "a"})], TODAY)
    assert len(fcm.messages) == 1


async def test_each_address_has_its_own_outcome(channel: FcmChannel, fcm: Fcm) -> None:
    gone = problem(404, "NOT_FOUND", "UNREGISTERED")
    fcm.answer_to = lambda token: gone if token == "7" else None
    outcomes = await channel.send([make(TOKEN, {"to": str(number)}) for number in range(300)], NOW)
    assert [number for number, outcome in enumerate(outcomes) if outcome != DELIVERED] == [7]
    assert fcm.tokens_issued == 1
    assert fcm.service.most_at_once <= 20


async def test_a_strange_answer_touches_no_other_message(channel: FcmChannel, fcm: Fcm) -> None:
    fcm.answer_to = lambda token: Answer(status=200, body=b"not json") if token == "0" else None
    outcomes = await channel.send([make(TOKEN, {"to": str(number)}) for number in range(20)], NOW)
    assert outcomes == [retry("answer_unknown", uncertain=True)] + [DELIVERED] * 19


async def test_a_malformed_message_keeps_no_other_from_being_sent(channel: FcmChannel, fcm: Fcm) -> None:
    outcomes = await channel.send([make(TOKEN, {"to": to}) for to in ("a", "", "b")], NOW)
    assert outcomes == [DELIVERED, failed("malformed"), DELIVERED]
    assert [message["token"] for message in fcm.messages] == ["a", "b"]


async def test_the_loop_goes_on_while_the_access_token_is_fetched(channel: FcmChannel, fcm: Fcm) -> None:
    asked, go_on = threading.Event(), threading.Event()
    given = fcm.service.script

    def slowly(request: object) -> Answer:
        if request.path == "/token":  # type: ignore[attr-defined] - httpx' request
            asked.set()
            go_on.wait(20)
        return given(request)  # type: ignore[arg-type] - likewise

    fcm.service.script = slowly
    sending = asyncio.ensure_future(channel.send([make(TOKEN, {"to": "a"})], TODAY))
    await asyncio.to_thread(asked.wait, 20)
    # Only a loop that runs comes here before the token does.
    assert not sending.done()
    go_on.set()
    assert await sending == [DELIVERED]


async def test_a_refused_access_token_is_replaced_for_the_next_call(channel: FcmChannel, fcm: Fcm) -> None:
    assert await channel.send([make(TOKEN, {"to": "a"})], TODAY) == [DELIVERED]
    fcm.refused_tokens.add("token-1")
    assert await channel.send([make(TOKEN, {"to": "a"})], TODAY) == [retry("token_refused", whole=True)]
    assert await channel.send([make(TOKEN, {"to": "a"})], TODAY) == [DELIVERED]
    assert fcm.tokens_issued == 2


async def test_without_an_access_token_nothing_is_sent(channel: FcmChannel, fcm: Fcm) -> None:
    fcm.token_answer = Answer(status=400, body={"error": "invalid_grant", "error_description": "told so"})
    assert await channel.send([make(TOKEN, {"to": "a"})], TODAY) == [retry("no_token", whole=True)]
    assert fcm.messages == []


async def test_a_server_that_is_not_there_is_no_doubt(fcm: Fcm) -> None:
    with http_service(lambda _: Answer()) as gone:
        origin = gone.origin
    channel = FcmChannel(fcm.credentials_file, endpoint=origin, timeout_s=1)
    assert await channel.send([make(TOKEN, {"to": "a"})], TODAY) == [retry("unreachable", whole=True)]
    await channel.aclose()


def test_a_file_that_is_no_service_account_is_refused(tmp_path: object) -> None:
    path = f"{tmp_path}/none.json"
    with pytest.raises(OSError, match=r"none\.json"):
        FcmChannel(path)
