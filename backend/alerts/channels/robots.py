"""Sends alerts to groups through the webhook robots of WeCom and DingTalk."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

import httpx

from backend.alerts.channels.marks import repeat_mark
from backend.alerts.channels.model import (
    DELIVERED,
    AddressKind,
    ChannelName,
    Message,
    Outcome,
    dead,
    failed,
    retry,
)
from backend.alerts.channels.port import Pace
from backend.alerts.channels.robot_messages import WINDOW, Pacer, pack, sign

TIMEOUT_S: Final = 10
WECOM_ORIGIN: Final = "https://qyapi.weixin.qq.com"
DINGTALK_ORIGIN: Final = "https://oapi.dingtalk.com"
SHUT_OUT: Final = timedelta(minutes=10)

_WECOM: Final[Mapping[int, Outcome]] = {
    0: DELIVERED,
    93000: dead("webhook_unknown"),
    40001: dead("webhook_unknown"),
}
_WECOM_WAITS: Final[Mapping[int, timedelta]] = {-1: timedelta(seconds=10), 45009: WINDOW, 45033: timedelta(seconds=10)}
_DINGTALK: Final[Mapping[int, Outcome]] = {
    0: DELIVERED,
    300001: dead("token_unknown"),
    400013: dead("group_dissolved"),
    400101: dead("token_unknown"),
    400102: dead("robot_stopped"),
    400106: dead("robot_unknown"),
    # The robot's safety settings: keyword, address or signature; the operator has to look.
    310000: failed("safety_settings"),
}
_DINGTALK_WAITS: Final[Mapping[int, timedelta]] = {
    -1: timedelta(seconds=10),
    90030: SHUT_OUT,
    130101: SHUT_OUT,
    410100: SHUT_OUT,
}


class RobotChannel:
    """Robots of one service; an address is the key of one robot, which an operator set."""

    def __init__(self, kind: AddressKind, origin: str | None = None, *, timeout_s: float = TIMEOUT_S) -> None:
        """Speak to the service of `kind`; `origin` replaces its own for relays."""
        self._is_wecom = kind is AddressKind.WECOM
        self._origin = origin or (WECOM_ORIGIN if self._is_wecom else DINGTALK_ORIGIN)
        self._client = httpx.AsyncClient(timeout=timeout_s, follow_redirects=False, trust_env=False)
        self._pacers: defaultdict[UUID, Pacer] = defaultdict(Pacer)

    @property
    def name(self) -> ChannelName:
        """Return which one it is."""
        return ChannelName.WECOM if self._is_wecom else ChannelName.DINGTALK

    @property
    def missing(self) -> str | None:
        """It has all it needs: keys are the addresses'."""
        return None

    @property
    def pace(self) -> Pace:
        """Take many at a time: what is for one robot goes together."""
        return Pace(batch=200, at_once=1)

    async def send(self, messages: Sequence[Message], now: datetime) -> list[Outcome]:
        """Send each robot its alerts in as few messages as they fit in."""
        outcomes: dict[UUID, Outcome] = {}
        for_robot: defaultdict[UUID, list[Message]] = defaultdict(list)
        for message in messages:
            for_robot[message.address.id].append(message)
        for address_id, own in for_robot.items():
            mark = repeat_mark(own[0].language)
            for text, held in pack(own, 4000 if self._is_wecom else 16_000, mark):
                free_at = self._pacers[address_id].free_at(now)
                outcome = await self._post(text, held, now) if free_at is None else retry("own_pace", free_at)
                outcomes |= {message.delivery_id: outcome for message in held}
        return [outcomes[message.delivery_id] for message in messages]

    async def aclose(self) -> None:
        """Close the connections."""
        await self._client.aclose()

    async def _post(self, text: str, held: Sequence[Message], now: datetime) -> Outcome:
        parts = held[0].address.parts
        if self._is_wecom:
            path, query = "/cgi-bin/webhook/send", {"key": parts["key"]}
            body: dict[str, Any] = {"msgtype": "markdown", "markdown": {"content": text}}
        else:
            path, query = "/robot/send", {"access_token": parts["key"]}
            if parts.get("secret"):
                query["timestamp"], query["sign"] = sign(parts["secret"], now)
            body = {"msgtype": "markdown", "markdown": {"title": held[0].title, "text": text}}
        try:
            answer = await self._client.post(self._origin + path, params=query, json=body)
        except (httpx.ConnectError, httpx.ConnectTimeout):
            return retry("unreachable", whole=True)
        except httpx.TimeoutException:
            return retry("timeout", uncertain=True)
        except httpx.HTTPError:
            return retry("broken_off", uncertain=True)
        return self.judge(answer, now)

    def judge(self, answer: httpx.Response, now: datetime) -> Outcome:
        """Say what an answer means: these services answer 200 to everything and tell the truth in `errcode`."""
        if not answer.is_success:
            return retry("unavailable") if answer.is_server_error else failed(f"status_{answer.status_code}")
        try:
            code = int(answer.json()["errcode"])
        except (ValueError, KeyError, TypeError):
            return retry("answer_unknown", uncertain=True)
        wait = (_WECOM_WAITS if self._is_wecom else _DINGTALK_WAITS).get(code)
        if wait is not None:
            return retry(f"errcode_{code}", now + wait)
        return (_WECOM if self._is_wecom else _DINGTALK).get(code, failed(f"errcode_{code}"))
