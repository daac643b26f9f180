"""Districts, projects, parties, people, posts, assignments and accounts with honest defaults, each call making its own.

Every function takes an open transaction or a database (then it commits), and draws codes and numbers at random, so
that tests never meet. ID numbers begin with 990101, an area code nobody has; phone numbers with 1990000.
"""

import itertools
import random
from collections.abc import AsyncGenerator, Iterable, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import insert

from backend.identity.tables import Account, RoleGrant
from backend.identity.tokens import AccessTokens, Holder
from backend.kit.crypto import BlindIndex, Cell, FieldCipher, Looked
from backend.kit.db import Database, Tx
from backend.kit.keyring import KeyRing
from backend.sites.identity_documents import resident_check_character, uscc_check_character
from backend.sites.tables import (
    Assignment,
    Company,
    District,
    Person,
    Post,
    Project,
    ProjectParty,
    Section,
    SitePolicyVersion,
)
from tests.support.databases import TEST_DAY

Target = Tx | Database

MADE_AT = datetime.combine(TEST_DAY - timedelta(days=60), time(1), UTC)
FROM_ON = TEST_DAY - timedelta(days=30)

_draw = random.SystemRandom()


def _each_once(count: int, step: int) -> Iterator[int]:
    """Run from a drawn place through all of 0 … count - 1; a step that shares no factor with count meets each once."""
    first = _draw.randrange(count)
    return ((first + number * step) % count for number in itertools.count())


# Days of birth and serial numbers; the last seven digits of a phone number, without those that tests write out.
_drawn_numbers = _each_once(15_000 * 1000, 7_654_321)
_drawn_phones = _each_once(9_000_000, 3_654_323)
_SURNAMES = "赵钱孙李周吴郑王冯陈褚卫蒋沈韩杨"
_GIVEN = "安博晨达恩方刚海建凯磊明宁平强然胜涛伟祥勇泽"


@dataclass(frozen=True)
class MadeProject:
    """A project as made."""

    id: UUID
    district_id: UUID
    registration_no: str
    name: str


@dataclass(frozen=True)
class MadeParty:
    """A party as made, with its company."""

    id: UUID
    project_id: UUID
    company_id: UUID
    company: str
    kind: str


@dataclass(frozen=True)
class MadePerson:
    """A person as made; number and phone in the clear, since nothing else knows them."""

    id: UUID
    name: str
    number: str
    phone: str
    document_type: str = "01"


@dataclass(frozen=True)
class MadeSite:
    """A project with its three parties, one holder on each of some key posts, and accounts for them."""

    project: MadeProject
    parties: Mapping[str, MadeParty]
    people: Mapping[str, MadePerson]
    posts: Mapping[str, UUID]
    assignments: Mapping[str, UUID]
    accounts: Mapping[str, UUID] = field(default_factory=dict)


def draw_code(length: int = 8) -> str:
    """Draw upper-case letters and digits."""
    return "".join(_draw.choices("ABCDEFGHJKLMNPQRSTUVWXYZ23456789", k=length))


def draw_id_number(birth_on: date = date(1985, 5, 20)) -> str:
    """Draw a resident ID number of an area that does not exist, with its right check character."""
    return _id_number(birth_on, _draw.randrange(1000))


def draw_number() -> str:
    """Draw an ID number that this process has not drawn before: its people share a database."""
    place = next(_drawn_numbers)
    return _id_number(date(1960, 1, 1) + timedelta(days=place // 1000), place % 1000)


def _id_number(birth_on: date, serial: int) -> str:
    first = f"990101{birth_on:%Y%m%d}{serial:03d}"
    return first + resident_check_character(first)


def draw_phone() -> str:
    """Draw a mobile number of a range that is not in use, new in this process: one account can have it."""
    return f"1990{1_000_000 + next(_drawn_phones):07d}"


def draw_uscc() -> str:
    """Draw a unified social credit code of an area that does not exist, with its right check character."""
    first = "91990101" + "".join(_draw.choices("0123456789ABCDEFGHJKLMNPQRTUWXY", k=9))
    return first + uscc_check_character(first)


def draw_name() -> str:
    """Draw a Chinese name."""
    return _draw.choice(_SURNAMES) + "".join(_draw.choices(_GIVEN, k=2))


async def make_district(db: Target, *, name: str | None = None, code: str | None = None) -> UUID:
    """Make a district."""
    code = code or draw_code()
    return await _insert(db, District, code=code, name=name or f"试验区{code}")


async def make_company(db: Target, *, name: str | None = None, uscc: str | None = None) -> UUID:
    """Make a company."""
    return await _insert(db, Company, name=name or f"试验建设{draw_code()}有限公司", uscc=uscc or draw_uscc())


async def make_project(  # a project has this many honest sides
    db: Target,
    *,
    district_id: UUID | None = None,
    name: str | None = None,
    site_mode: str = "either",
    status: str = "building",
    time_zone: str = "Asia/Shanghai",
    cutover: time = time(4),
) -> MadeProject:
    """Make a project that is being built; in a district of its own unless one is given."""
    async with _within(db) as tx:
        district = district_id or await make_district(tx)
        number = f"990101-{draw_code(12)}"
        title = name or f"试验工程{number[-6:]}"
        made = await _insert(
            tx,
            Project,
            registration_no=number,
            name=title,
            district_id=district,
            category="02",
            status=status,
            site_mode=site_mode,
            time_zone=time_zone,
            cutover=cutover,
            starts_on=FROM_ON,
            ends_on=None,
        )
    return MadeProject(made, district, number, title)


async def make_section(
    db: Target, project_id: UUID, *, code: str | None = None, from_m: float = 0.0, to_m: float = 1000.0
) -> UUID:
    """Make a section of a project; chainages in metres."""
    code = code or draw_code(4)
    return await _insert(
        db,
        Section,
        project_id=project_id,
        code=code,
        name=f"{code}标段",
        from_chainage_m=from_m,
        to_chainage_m=to_m,
    )


async def make_party(db: Target, project_id: UUID, *, kind: str = "009", company: str | None = None) -> MadeParty:
    """Make a party of a project (the main contractor unless told otherwise) with a company of its own."""
    async with _within(db) as tx:
        name = company or f"试验建设{draw_code()}有限公司"
        company_id = await make_company(tx, name=name)
        made = await _insert(tx, ProjectParty, project_id=project_id, company_id=company_id, kind=kind)
    return MadeParty(made, project_id, company_id, name, kind)


async def make_person(  # the keys come first: without them a person has no document
    db: Target,
    keys: KeyRing,
    *,
    name: str | None = None,
    number: str | None = None,
    phone: str | None = None,
    created_by: UUID | None = None,
) -> MadePerson:
    """Make a person with a resident ID number and a phone number, encrypted with `keys`."""
    name, number, phone = name or draw_name(), number or draw_number(), phone or draw_phone()
    cipher, index = FieldCipher(keys, _now), BlindIndex(keys, _now)
    made = uuid4()
    await _insert(
        db,
        Person,
        id=made,
        name=name,
        document_type="01",
        document_cipher=cipher.encrypt(number, Cell("person", "document_cipher", made)),
        document_blind=index.whole(Looked.ID_NUMBER, number),
        document_last4_blind=index.last_four(Looked.ID_NUMBER, number),
        phone_cipher=cipher.encrypt(phone, Cell("person", "phone_cipher", made)),
        phone_blind=index.whole(Looked.PHONE_NUMBER, phone),
        phone_last4_blind=index.last_four(Looked.PHONE_NUMBER, phone),
        created_by=created_by,
    )
    return MadePerson(made, name, number, phone)


async def make_post(db: Target, party: MadeParty, *, kind: str = "project_manager", seats: int = 1) -> UUID:
    """Make a post of a party."""
    return await _insert(db, Post, project_id=party.project_id, party_id=party.id, kind=kind, seats=seats)


async def make_assignment(
    db: Target,
    project_id: UUID,
    post_id: UUID,
    person_id: UUID,
    *,
    from_on: date = FROM_ON,
    to_on: date | None = None,
    exit_confirmed_at: datetime | None = None,
    section_id: UUID | None = None,
) -> UUID:
    """Put a person on a post from day to day (inclusive)."""
    return await _insert(
        db,
        Assignment,
        project_id=project_id,
        post_id=post_id,
        person_id=person_id,
        section_id=section_id,
        from_on=from_on,
        to_on=to_on,
        exit_confirmed_at=exit_confirmed_at,
    )


async def make_policy(db: Target, project_id: UUID, set_by: UUID, body: Mapping[str, Any], *, version: int = 1) -> None:
    """Set a version of a site's policy, valid from when the site was made."""
    async with _within(db) as tx:
        await tx.execute(
            insert(SitePolicyVersion).values(
                project_id=project_id,
                version=version,
                valid_from=MADE_AT,
                body=dict(body),
                set_by=set_by,
                set_at=MADE_AT,
            )
        )


async def make_staff(db: Target, *, username: str | None = None, password_hash: str | None = None) -> UUID:
    """Make a staff account without any office (and without a password unless its hash is given)."""
    username = username or f"staff.{draw_code().lower()}"
    return await _insert(
        db,
        Account,
        kind="staff",
        display_name=username,
        username=username,
        password_hash=password_hash,
        state="active",
    )


async def make_person_account(db: Target, keys: KeyRing, person: MadePerson) -> UUID:
    """Make the account with which a person logs in by phone."""
    made = uuid4()
    await _insert(
        db,
        Account,
        id=made,
        kind="person",
        display_name=person.name,
        person_id=person.id,
        phone_cipher=FieldCipher(keys, _now).encrypt(person.phone, Cell("account", "phone_cipher", made)),
        phone_blind=BlindIndex(keys, _now).whole(Looked.PHONE_NUMBER, person.phone),
        state="active",
    )
    return made


async def grant_role(
    db: Target,
    account_id: UUID,
    role: str,
    *,
    district_id: UUID | None = None,
    project_id: UUID | None = None,
    party_id: UUID | None = None,
) -> UUID:
    """Give an account a role over a district, a project, a party of a project, or (naming none) the city."""
    made = uuid4()
    async with _within(db) as tx:
        await tx.execute(
            insert(RoleGrant).values(
                id=made,
                account_id=account_id,
                role=role,
                district_id=district_id,
                project_id=project_id,
                party_id=party_id,
                granted_at=MADE_AT,
            )
        )
    return made


async def make_officer(
    db: Target,
    role: str,
    *,
    district_id: UUID | None = None,
    project_id: UUID | None = None,
    party_id: UUID | None = None,
) -> UUID:
    """Make a staff account that holds one role."""
    async with _within(db) as tx:
        account_id = await make_staff(tx)
        await grant_role(tx, account_id, role, district_id=district_id, project_id=project_id, party_id=party_id)
    return account_id


async def make_site(
    db: Target,
    keys: KeyRing,
    *,
    district_id: UUID | None = None,
    site_mode: str = "either",
    posts: Iterable[tuple[str, str]] = (
        ("009", "project_manager"),
        ("007", "chief_supervisor"),
        ("008", "owner_representative"),
    ),
    accounts: bool = True,
) -> MadeSite:
    """Make a project with parties, posts, and one person with an account on each post.

    `posts` are pairs of party kind and post kind; people, posts and assignments are found by the post kind.
    """
    async with _within(db) as tx:
        project = await make_project(tx, district_id=district_id, site_mode=site_mode)
        parties: dict[str, MadeParty] = {}
        people: dict[str, MadePerson] = {}
        made_posts: dict[str, UUID] = {}
        assignments: dict[str, UUID] = {}
        made_accounts: dict[str, UUID] = {}
        for party_kind, post_kind in posts:
            if party_kind not in parties:
                parties[party_kind] = await make_party(tx, project.id, kind=party_kind)
            people[post_kind] = await make_person(tx, keys)
            made_posts[post_kind] = await make_post(tx, parties[party_kind], kind=post_kind)
            assignments[post_kind] = await make_assignment(tx, project.id, made_posts[post_kind], people[post_kind].id)
            if accounts:
                made_accounts[post_kind] = await make_person_account(tx, keys, people[post_kind])
    return MadeSite(project, parties, people, made_posts, assignments, made_accounts)


def bearer(
    keys: KeyRing, now: datetime, account_id: UUID, *roles: str, person_id: UUID | None = None
) -> dict[str, str]:
    """Return the headers of a log-in that holds at `now`; row rights come from the grants in the database."""
    holder = Holder(account_id, person_id, uuid4(), frozenset(roles or {"key_person"}))
    return {"Authorization": f"Bearer {AccessTokens(keys).issue(holder, now).token}"}


def _now() -> datetime:
    return MADE_AT


@asynccontextmanager
async def _within(db: Target) -> AsyncGenerator[Tx]:
    if isinstance(db, Database):
        async with db.transaction() as tx:
            yield tx
    else:
        yield db


async def _insert(db: Target, table: Any, **values: Any) -> UUID:
    made: UUID = values.pop("id", None) or uuid4()
    async with _within(db) as tx:
        await tx.execute(insert(table).values(id=made, created_at=MADE_AT, **values))
    return made
