import base64
import json
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta

import http_ece
import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from backend.alerts.channels.model import DELIVERED, AddressKind, Outcome, dead, failed, retry
from backend.alerts.channels.vapid import vapid_public_key
from backend.alerts.channels.web_push import PAYLOAD, WebPushChannel, payload_of
from backend.identity.push_services import DEFAULT_HOSTS, are_keys, is_allowed
from backend.kit.keyring import MemoryKeyRing
from tests.support.alert_messages import NOW, TAG, make
from tests.support.http_services import HANG, Answer, HttpService, http_service

KIND = AddressKind.WEB_PUSH
AUTH = b"0123456789abcdef"


def encoded(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


@pytest.fixture
def browser() -> ec.EllipticCurvePrivateKey:
    return ec.generate_private_key(ec.SECP256R1())


@pytest.fixture
def service() -> Iterator[HttpService]:
    with http_service(lambda _: Answer(status=201)) as served:
        yield served


@pytest.fixture
def ring() -> MemoryKeyRing:
    return MemoryKeyRing(NOW)


@pytest.fixture
async def channel(service: HttpService, ring: MemoryKeyRing) -> AsyncIterator[WebPushChannel]:
    opened = WebPushChannel(ring, "mailto:operator@daogang.test", (service.origin,), timeout_s=1)
    yield opened
    await opened.aclose()


@pytest.fixture
def parts(service: HttpService, ring: MemoryKeyRing, browser: ec.EllipticCurvePrivateKey) -> dict[str, str]:
    point = browser.public_key().public_bytes(serialization.Encoding.X962, serialization.PublicFormat.UncompressedPoint)
    return {
        "endpoint": f"{service.origin}/push/1",
        "p256dh": encoded(point),
        "auth": encoded(AUTH),
        "key": vapid_public_key(ring)[0],
    }


async def test_only_the_browser_can_read_it_and_the_signature_is_ours(
    channel: WebPushChannel,
    service: HttpService,
    parts: dict[str, str],
    browser: ec.EllipticCurvePrivateKey,
    ring: MemoryKeyRing,
) -> None:
    assert await channel.send([make(KIND, parts)], NOW) == [DELIVERED]
    (asked,) = service.asked
    read = json.loads(http_ece.decrypt(asked.body, private_key=browser, auth_secret=AUTH, version="aes128gcm"))
    assert (read["title"], read["tag"], read["path"]) == ("关键岗位无人", TAG, f"/alerts/{TAG}")
    assert asked.headers["ttl"] == "7200"
    assert asked.headers["urgency"] == "high"
    assert asked.headers["topic"] == TAG.replace("-", "")
    assert asked.headers["content-encoding"] == "aes128gcm"
    said = dict(one.split("=", 1) for one in asked.headers["authorization"].removeprefix("vapid ").split(","))
    assert said["k"] == vapid_public_key(ring)[1]
    point = base64.urlsafe_b64decode(said["k"] + "=" * (-len(said["k"]) % 4))
    key = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), point)
    claims = jwt.decode(said["t"], key, algorithms=["ES256"], audience=service.origin, options={"verify_exp": False})
    assert claims["sub"] == "mailto:operator@daogang.test"
    assert NOW.timestamp() < claims["exp"] <= (NOW + timedelta(hours=24)).timestamp()


@pytest.mark.parametrize(
    ("answer", "outcome"),
    [
        (Answer(status=404), dead("unsubscribed")),
        (Answer(status=410), dead("unsubscribed")),
        (Answer(status=403), dead("other_key")),
        (Answer(status=413), failed("too_large")),
        (Answer(status=400), failed("status_400")),
        (Answer(status=307, headers={"Location": "http://127.0.0.1:1/"}), failed("status_307")),
        (Answer(status=429, headers={"Retry-After": "30"}), retry("too_many", NOW + timedelta(seconds=30))),
        (Answer(status=503), retry("unavailable")),
        (Answer(drop=True), retry("broken_off", uncertain=True)),
        (Answer(after_s=HANG), retry("timeout", uncertain=True)),
    ],
)
async def test_each_answer_has_its_meaning(
    channel: WebPushChannel, service: HttpService, parts: dict[str, str], answer: Answer, outcome: Outcome
) -> None:
    service.script = lambda _: answer
    assert await channel.send([make(KIND, parts)], NOW) == [outcome]
    assert len(service.asked) == 1


async def test_nothing_goes_to_a_host_that_is_not_a_push_service(
    service: HttpService, ring: MemoryKeyRing, parts: dict[str, str]
) -> None:
    channel = WebPushChannel(ring, "mailto:operator@daogang.test", DEFAULT_HOSTS)
    assert await channel.send([make(KIND, parts)], NOW) == [failed("host_not_allowed")]
    assert service.asked == []
    await channel.aclose()


async def test_a_subscription_of_a_retired_key_is_over(
    channel: WebPushChannel, service: HttpService, parts: dict[str, str]
) -> None:
    assert await channel.send([make(KIND, parts | {"key": "gone"})], NOW) == [dead("key_retired")]
    assert service.asked == []


@pytest.mark.parametrize(
    "endpoint",
    [
        "https://fcm.googleapis.com/fcm/send/abc",
        "https://updates.push.services.mozilla.com/wpush/v2/abc",
        "https://web.push.apple.com/abc",
        "https://wns2-par02p.notify.windows.com/w/?token=abc",
        "https://FCM.googleapis.com:443/fcm/send/abc",
    ],
)
def test_browsers_push_services_are_known(endpoint: str) -> None:
    assert is_allowed(endpoint, DEFAULT_HOSTS)


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://fcm.googleapis.com/fcm/send/abc",
        "https://fcm.googleapis.com:8443/fcm/send/abc",
        "https://fcm.googleapis.com@127.0.0.1/",
        "https://user@fcm.googleapis.com/",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://2130706433/",
        "https://localhost/",
        "https://fcm.googleapis.com.evil.example/",
        "https://evilfcm.googleapis.com/",
        "https://push.apple.com/",
        "https://.push.apple.com.evil.example/",
        "https://evil.example/?https://fcm.googleapis.com",
        "https://evil.example\\@fcm.googleapis.com/",
        "https://evil.example#@fcm.googleapis.com/",
        "https:\\\\fcm.googleapis.com/",
        "//fcm.googleapis.com/",
        "file:///etc/passwd",
        "https://fcm.googleapis.com:x/",
        "https://fcm.googleapis.com/\r\nHost: evil",
        "",
        "https://fcm.googleapis.com/" + "a" * 3000,
    ],
)
def test_nothing_else_is_a_push_service(endpoint: str) -> None:
    assert not is_allowed(endpoint, DEFAULT_HOSTS)


@given(st.text(max_size=80))
def test_any_text_is_judged(endpoint: str) -> None:
    assert not is_allowed(f"https://{endpoint}", ())


@given(st.text(max_size=120), st.text(max_size=60))
def test_any_keys_are_judged(p256dh: str, auth: str) -> None:
    are_keys(p256dh, auth)


@given(st.integers(0, 6000), st.sampled_from(["a", "岗", '"', "\n", "😀"]))
def test_a_long_body_is_cut_to_what_push_services_take(length: int, character: str) -> None:
    message = make(KIND, {"endpoint": "e", "body": character * length})
    content = payload_of(message)
    assert len(content) <= PAYLOAD
    assert (
        json.loads(content)["body"].rstrip("…") == (character * length)[: len(json.loads(content)["body"].rstrip("…"))]
    )
