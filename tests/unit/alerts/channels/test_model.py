from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.alerts.channels.configured import missing_settings
from backend.alerts.channels.model import (
    CHANNEL_OF,
    FIRST_WAIT,
    LONGEST_WAIT,
    AddressKind,
    ChannelName,
    next_attempt_at,
)
from backend.alerts.channels.opening import open_channels
from backend.channel_settings import ChannelSettings
from backend.identity.sms import NullSmsSender
from backend.kit.keyring import MemoryKeyRing
from backend.kit.retry_after import LONGEST, read_retry_after
from backend.settings import read_settings
from backend.variables import SettingsError
from tests.support.alert_messages import NOW, make

LATER = NOW + timedelta(days=1)


@given(st.integers(1, 400), st.floats(0, 1))
def test_waits_grow_to_an_hour_and_never_beyond(attempts: int, spread: float) -> None:
    at = next_attempt_at(attempts, NOW, LATER, None, spread)
    assert at is not None
    assert FIRST_WAIT <= at - NOW <= LONGEST_WAIT * 1.5


@given(st.integers(1, 20), st.floats(0, 1), st.integers(0, 10_000))
def test_the_other_side_is_never_asked_too_early(attempts: int, spread: float, wait_s: int) -> None:
    asked_for = NOW + timedelta(seconds=wait_s)
    at = next_attempt_at(attempts, NOW, LATER, asked_for, spread)
    assert at is not None
    assert at >= asked_for


def test_what_would_come_too_late_is_given_up() -> None:
    assert next_attempt_at(1, NOW, NOW + FIRST_WAIT, None, 0) is None
    assert next_attempt_at(1, NOW, LATER, LATER, 0) is None


@pytest.mark.parametrize(
    ("value", "after_s"),
    [
        ("120", 120),
        (" 7 ", 7),
        ("0", 0),
        ("99999999999999999999", LONGEST.total_seconds()),
        ("Mon, 16 Mar 2026 01:31:00 GMT", 60),
        ("Mon, 16 Mar 2020 01:31:00 GMT", 0),
        ("Mon, 16 Mar 2099 01:31:00 GMT", LONGEST.total_seconds()),
    ],
)
def test_retry_after_is_read(value: str, after_s: float) -> None:
    assert read_retry_after(value, NOW) == NOW + timedelta(seconds=after_s)


@given(st.none() | st.text(max_size=40))
def test_any_retry_after_is_judged(value: str | None) -> None:
    found = read_retry_after(value, NOW)
    assert found is None or NOW <= found <= NOW + LONGEST


def test_every_kind_of_address_has_its_channel() -> None:
    assert set(CHANNEL_OF) == set(AddressKind)
    assert set(CHANNEL_OF.values()) == set(ChannelName)


async def test_what_is_not_configured_says_so_and_sends_nothing() -> None:
    channels = open_channels(ChannelSettings(), MemoryKeyRing(NOW), NullSmsSender())
    assert {name: channel.missing for name, channel in channels.items()} == missing_settings(
        ChannelSettings(), NullSmsSender()
    )
    assert all(channel.missing for channel in channels.values())
    for channel in channels.values():
        with pytest.raises(RuntimeError, match=channel.missing):
            await channel.send([make(AddressKind.EMAIL, {"to": "a@daogang.test"})], NOW)


GIVEN = {
    "DATABASE_URL": "postgresql://somewhere/daogang",
    "DAOGANG_WEB_PUSH_CONTACT": "mailto:operator@daogang.test",
    "DAOGANG_ROBOTS": "wecom, dingtalk",
    "DAOGANG_SMTP_URL": "smtps://alerts%40daogang.test@mail.daogang.test",
    "DAOGANG_SMTP_FROM": "alerts@daogang.test",
}


def test_settings_turn_channels_on() -> None:
    settings = read_settings(GIVEN).channels
    assert {name for name, missing in missing_settings(settings, NullSmsSender()).items() if missing is None} == {
        "web_push",
        "wecom",
        "dingtalk",
        "email",
    }
    assert settings.smtp is not None
    assert (settings.smtp.port, settings.smtp.user) == (465, "alerts@daogang.test")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DAOGANG_WEB_PUSH_CONTACT", "operator"),
        ("DAOGANG_ROBOTS", "telegram"),
        ("DAOGANG_SMTP_URL", "mail.daogang.test"),
        ("DAOGANG_SMTP_URL", "smtp://user:secret@mail.daogang.test"),
        ("DAOGANG_SMTP_PASSWORD_FILE", "/nowhere/at/all"),
        ("DAOGANG_FCM_ENDPOINT", "ftp://relay"),
        ("DAOGANG_FCM_ENDPOINT", "https://relay/with/path"),
    ],
)
def test_settings_that_cannot_be_meant_are_named(name: str, value: str) -> None:
    with pytest.raises(SettingsError, match=name):
        read_settings(GIVEN | {name: value})


def test_dates_of_other_zones_are_read_too() -> None:
    assert read_retry_after("Mon, 16 Mar 2026 09:31:00 +0800", NOW) == datetime(2026, 3, 16, 1, 31, tzinfo=UTC)
