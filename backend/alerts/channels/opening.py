"""Makes the channels that the settings name; null ones in the place of the others."""

from __future__ import annotations

from collections.abc import Callable

from backend.alerts.channels.configured import is_set, setting_of
from backend.alerts.channels.fcm import FcmChannel
from backend.alerts.channels.mail import MailChannel
from backend.alerts.channels.model import AddressKind, ChannelName
from backend.alerts.channels.port import Channel, Encloser, NullChannel
from backend.alerts.channels.robots import RobotChannel
from backend.alerts.channels.sms import SmsChannel
from backend.alerts.channels.web_push import WebPushChannel
from backend.channel_settings import ChannelSettings, SmtpServer
from backend.identity.push_services import DEFAULT_HOSTS
from backend.identity.sms import SmsSender
from backend.kit.keyring import KeyRing


def open_channels(
    settings: ChannelSettings, ring: KeyRing, sms: SmsSender, encloser: Encloser | None = None
) -> dict[ChannelName, Channel]:
    """Make every channel, real or null; `encloser` makes what mails enclose, without one they enclose nothing.

    Raises ValueError or OSError for a credentials file that is none.
    """
    return {
        name: _open(name, settings, ring, sms, encloser) or NullChannel(name, setting_of(name)) for name in ChannelName
    }


def _open(
    name: ChannelName, settings: ChannelSettings, ring: KeyRing, sms: SmsSender, encloser: Encloser | None
) -> Channel | None:
    if not is_set(name, settings, sms):
        return None
    hosts = settings.web_push_hosts or DEFAULT_HOSTS
    made: dict[ChannelName, Callable[[], Channel]] = {
        ChannelName.FCM: lambda: FcmChannel(str(settings.fcm_credentials), endpoint=settings.fcm_endpoint),
        ChannelName.WEB_PUSH: lambda: WebPushChannel(ring, str(settings.web_push_contact), hosts),
        ChannelName.WECOM: lambda: RobotChannel(AddressKind.WECOM, settings.wecom_endpoint),
        ChannelName.DINGTALK: lambda: RobotChannel(AddressKind.DINGTALK, settings.dingtalk_endpoint),
        ChannelName.EMAIL: lambda: MailChannel(_given(settings.smtp), board=settings.board, encloser=encloser),
        ChannelName.SMS: lambda: SmsChannel(sms),
    }
    return made[name]()


def _given(server: SmtpServer | None) -> SmtpServer:
    if server is None:
        msg = "no SMTP server is set"
        raise ValueError(msg)
    return server
