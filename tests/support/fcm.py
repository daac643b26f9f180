"""Firebase on loopback: the token endpoint and FCM's HTTP v1 interface, as their documentation describes them."""

import json
from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.support.http_services import Answer, Asked, HttpService, http_service

PROJECT = "daogang-test"
FCM_ERROR = "type.googleapis.com/google.firebase.fcm.v1.FcmError"
BAD_REQUEST = "type.googleapis.com/google.rpc.BadRequest"


@cache
def _private_key() -> str:
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    form = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.private_bytes(*form).decode()


@dataclass
class Fcm:
    """What is behind the address; `answer_to` says what a message to a token gets (None: it is taken)."""

    service: HttpService
    folder: Path
    answer_to: Callable[[str], Answer | None] = lambda _: None
    token_answer: Answer | None = None
    tokens_issued: int = 0
    messages: list[dict[str, Any]] = field(default_factory=list[dict[str, Any]])
    refused_tokens: set[str] = field(default_factory=set[str])
    after_s: float = 0.0

    @property
    def endpoint(self) -> str:
        """What the setting of the channel says."""
        return self.service.origin

    @property
    def credentials_file(self) -> str:
        """A service account whose tokens come from here."""
        path = self.folder / "service-account.json"
        if not path.exists():
            account = {
                "type": "service_account",
                "project_id": PROJECT,
                "private_key_id": "1",
                "private_key": _private_key(),
                "client_email": f"alerts@{PROJECT}.example",
                "client_id": "1",
                "token_uri": f"{self.service.origin}/token",
            }
            path.write_text(json.dumps(account), "utf-8")
            path.chmod(0o600)
        return str(path)

    def reset(self) -> None:
        """Begin again."""
        self.answer_to, self.token_answer, self.tokens_issued, self.after_s = lambda _: None, None, 0, 0.0
        self.service.script, self.service.most_at_once = self.reply, 0
        self.messages.clear()
        self.refused_tokens.clear()

    def reply(self, asked: Asked) -> Answer:
        """Answer one request."""
        if asked.path == "/token":
            self.tokens_issued += 1
            if self.token_answer is not None:
                return self.token_answer
            return Answer(
                body={"access_token": f"token-{self.tokens_issued}", "expires_in": 3600, "token_type": "Bearer"}
            )
        if asked.path != f"/v1/projects/{PROJECT}/messages:send" or asked.method != "POST":
            return Answer(status=404, body={"error": {"status": "NOT_FOUND", "code": 404, "message": "no such path"}})
        bearer = asked.headers.get("authorization", "").removeprefix("Bearer ")
        if not bearer.startswith("token-") or bearer in self.refused_tokens:
            return problem(401, "UNAUTHENTICATED", None)
        message = asked.content["message"]
        answer = self.answer_to(message.get("token") or message["fid"])
        if answer is None:
            answer = Answer(body={"name": f"projects/{PROJECT}/messages/{len(self.messages)}"}, after_s=self.after_s)
        self.messages.append(message)
        return answer


def problem(
    status: int, name: str, code: str | None, *, retry_after: str | None = None, fields: tuple[str, ...] = ()
) -> Answer:
    """Make an error as FCM gives them."""
    details: list[dict[str, Any]] = [] if code is None else [{"@type": FCM_ERROR, "errorCode": code}]
    if fields:
        details.append({"@type": BAD_REQUEST, "fieldViolations": [{"field": one} for one in fields]})
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    error = {"code": status, "message": "told so", "status": name, "details": details}
    return Answer(status=status, body={"error": error}, headers=headers)


@contextmanager
def local_fcm(folder: Path) -> Generator[Fcm]:
    """Serve Firebase for the length of the block; `folder` takes the service account's file."""
    with http_service(lambda _: Answer(status=503)) as service:
        fcm = Fcm(service, folder)
        service.script = fcm.reply
        yield fcm
