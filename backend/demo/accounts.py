"""Keeps the demo's staff passwords, drawn when it was loaded, in a private file, and writes them out for people."""

import os
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from pathlib import Path
from typing import Final

import msgspec

from backend.demo import world
from backend.demo.layout import lay_out
from backend.demo.people import PEOPLE, install_id_of
from backend.demo.state import State, look_at, require_outbox
from backend.kit import messages
from backend.settings import Settings
from backend.sites.posts import POST_KINDS

_ROLES: Final = {
    "operator": "demo.role_operator",
    "city": "demo.role_city",
    "district": "demo.role_district",
    "project_admin": "demo.role_project_admin",
    "supervisor": "demo.role_supervisor",
    "auditor": "demo.role_auditor",
}
SAMPLE_PHONES: Final = ("陆怀舟", "欧阳既明", "傅云开")


class DemoAccount(msgspec.Struct, frozen=True, kw_only=True):
    """One staff log-in."""

    username: str
    role: str
    display_name: str
    password: str


class DemoAccounts(msgspec.Struct, frozen=True, kw_only=True):
    """What the file holds."""

    played_on: date
    accounts: list[DemoAccount]


def accounts_file(outbox: Path) -> Path:
    """Return where the log-ins are kept: beside the development SMS outbox."""
    return outbox.with_name("demo-accounts.json")


def keep_accounts(outbox: Path, passwords: Mapping[world.StaffKey, str], day: date) -> None:
    """Write the log-ins, readable by the owner alone; an older file is replaced."""
    accounts = [
        DemoAccount(
            username=member.username,
            role=member.role,
            display_name=member.display_name,
            password=passwords[member.key],
        )
        for member in world.STAFF
        if member.key in passwords
    ]
    content = msgspec.json.format(msgspec.json.encode(DemoAccounts(played_on=day, accounts=accounts)), indent=1)
    path = accounts_file(outbox)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.unlink(missing_ok=True)
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        file.write(content + b"\n")


def read_accounts(outbox: Path) -> DemoAccounts | None:
    """Return the log-ins, None when the file is not there."""
    path = accounts_file(outbox)
    return msgspec.json.decode(path.read_bytes(), type=DemoAccounts) if path.exists() else None


async def tell_logins(settings: Settings, language: str, write: Callable[[str], None]) -> None:
    """Write the demo's log-ins, or that this database holds no demo."""
    outbox = require_outbox(settings)
    if await look_at(settings) is not State.LOADED:
        write(messages.text(language, "demo.logins_none").title)
        return
    for line in write_logins(outbox, settings.port, language):
        write(line)


def write_logins(outbox: Path, port: int, language: str) -> Iterator[str]:
    """Write the staff log-ins as a table, and how a phone logs in."""

    def say(code: str, **detail: object) -> str:
        return messages.text(language, code, detail).title

    kept = read_accounts(outbox)
    if kept is None:
        yield say("demo.logins_missing", file=str(accounts_file(outbox)))
        return
    yield say("demo.logins_title", url=f"http://127.0.0.1:{port}/admin/v1/session")
    header = [say(code) for code in ("demo.username", "demo.password", "demo.role", "demo.display_name")]
    rows = [(one.username, one.password, say(_ROLES[one.role]), one.display_name) for one in kept.accounts]
    yield from (f"  {line}" for line in lay_out(header, rows))
    yield say("demo.logins_desk", url=f"http://127.0.0.1:{port}/desk/alerts")
    yield say("demo.logins_phone", outbox=str(outbox))
    for who in SAMPLE_PHONES:
        person = PEOPLE[who]
        post = POST_KINDS[person.post]
        where = world.project(person.project).name
        yield f"  {person.phone_number}  {who}  {post.zh if language.startswith('zh') else post.en}  {where}"
    url = f"http://127.0.0.1:{port}/mobile/v1/session"
    # The phone that the demo's day was played with: another one would have to be confirmed first.
    who = SAMPLE_PHONES[0]
    number = PEOPLE[who].phone_number
    send_json = "-H 'Content-Type: application/json' -d"
    yield f'  curl {url}/code {send_json} \'{{"phone_number":"{number}"}}\''
    yield f"  tail -n 1 {outbox}"
    phone = f'{{"install_id":"{install_id_of(who)}","platform":"android"}}'
    yield f'  curl {url} {send_json} \'{{"phone_number":"{number}","code":"……","phone":{phone}}}\''
