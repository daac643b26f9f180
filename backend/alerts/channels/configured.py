"""Which channels the settings name, and what the others miss; opens none, so that a server need not load them."""

from backend.alerts.channels.model import ChannelName
from backend.channel_settings import ChannelSettings
from backend.identity.errors import SmsNotConfigured
from backend.identity.sms import SmsSender


def missing_settings(settings: ChannelSettings, sms: SmsSender) -> dict[ChannelName, str | None]:
    """Return each channel with the setting that it misses, without opening any."""
    return {name: None if is_set(name, settings, sms) else setting_of(name) for name in ChannelName}


def setting_of(name: ChannelName) -> str:
    """Return the setting that turns a channel on."""
    return {
        ChannelName.FCM: "DAOGANG_FCM_CREDENTIALS",
        ChannelName.WEB_PUSH: "DAOGANG_WEB_PUSH_CONTACT",
        ChannelName.WECOM: "DAOGANG_ROBOTS",
        ChannelName.DINGTALK: "DAOGANG_ROBOTS",
        ChannelName.EMAIL: "DAOGANG_SMTP_URL",
        ChannelName.SMS: "DAOGANG_SMS_URL",
    }[name]


def is_set(name: ChannelName, settings: ChannelSettings, sms: SmsSender) -> bool:
    """Tell whether the settings name what a channel needs."""
    if name is ChannelName.SMS:
        try:
            sms.require_ready()
        except SmsNotConfigured:
            return False
        return True
    given = {
        ChannelName.FCM: settings.fcm_credentials,
        ChannelName.WEB_PUSH: settings.web_push_contact,
        ChannelName.EMAIL: settings.smtp,
    }
    return name.value in settings.robots or given.get(name) is not None
