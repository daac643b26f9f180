"""Fills a migrated database with the sites, people, log-ins, fences and gates that the load comes from."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files
from math import cos, pi, sin
from typing import Any, Protocol
from uuid import UUID

import msgspec
import psycopg
import shapely
from psycopg.sql import SQL, Identifier
from psycopg.types.range import TimestamptzRange

from backend.gates.authentication import key_name
from backend.gates.registry.key_secrets import GateSecrets
from backend.identity.tokens import Holder
from backend.kit.ids import new_id
from backend.kit.keyring import KeyRing
from geofences.materialise import materialise
from geofences.shapes import Corridor, Point, Polygon, Shape, WidthRange

BUILDINGS = 4
PEOPLE_PER_SITE = 1000
GATE_GROUPS, GATE_GROUP = 10, 500
FROM_ON = date(2026, 1, 1)

Connection = psycopg.Connection[Any]


@dataclass(frozen=True)
class Site:
    """A project with its fence: points (lon, lat) that are inside of it, and one that is far outside."""

    project_id: UUID
    inside: Sequence[tuple[float, float]]
    outside: tuple[float, float]


@dataclass(frozen=True)
class Worker:
    """Somebody with a phone: where he is posted, and whom his access tokens name."""

    site: Site
    holder: Holder


class Signs(Protocol):
    """A phone's key pair."""

    @property
    def der(self) -> bytes:
        """The public key as SubjectPublicKeyInfo."""
        ...

    def sign(self, message: bytes) -> str:
        """Sign as WebCrypto does."""
        ...


@dataclass(frozen=True)
class QueueWorker:
    """Somebody whose phone has a key and was without network: what its queue names, and what signs it."""

    site: Site
    phone_id: UUID
    key_id: str
    signer: Signs


@dataclass(frozen=True)
class Gate:
    """A gate, the key that it signs with, and the groups of numbers that it knows people by."""

    project_id: UUID
    key_id: str
    secret: str
    groups: Sequence[Sequence[str]]


@dataclass(frozen=True)
class World:
    """All who send something; `mirror_id` is a project that takes the gate's writes in plain SQL."""

    workers: Sequence[Worker]
    gate: Gate
    mirror_id: UUID


def fill(url: str, keys: KeyRing) -> World:
    """Fill the database of `url` (a superuser's): a metro line, four buildings, and a site with a gate."""
    with psycopg.connect(url) as connection:
        connection.execute("SET ROLE daogang_owner")
        seed = _Seed(connection, datetime.now(UTC))
        sites = [seed.site(*_metro()), *(seed.site(*_building(number)) for number in range(BUILDINGS))]
        workers = [seed.worker(site) for site in sites for _ in range(PEOPLE_PER_SITE)]
        gate = seed.gate(keys)
        mirror_id = seed.project()
        seed.write()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return World(workers, gate, mirror_id)


def fill_queues(url: str, world: World, count: int, draw_key: Callable[[], tuple[Signs, str]]) -> list[QueueWorker]:
    """Add people with keys of their own to the sites of a world, whom nobody has heard of yet."""
    sites = list({worker.site.project_id: worker.site for worker in world.workers}.values())
    with psycopg.connect(url) as connection:
        connection.execute("SET ROLE daogang_owner")
        seed = _Seed(connection, datetime.now(UTC) - timedelta(days=6), again=True)
        for site in sites:
            seed.know(site)
        found = [seed.queue_worker(sites[number % len(sites)], *draw_key()) for number in range(count)]
        seed.write()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return found


def fill_site(url: str, shape: Shape, people: int) -> list[Worker]:
    """Fill the database of `url` (a superuser's) with one site that has a fence of that shape, and its people."""
    with psycopg.connect(url) as connection:
        connection.execute("SET ROLE daogang_owner")
        seed = _Seed(connection, datetime.now(UTC))
        site = seed.site(shape, [])
        workers = [seed.worker(site) for _ in range(people)]
        seed.write()
    return workers


def _metro() -> tuple[Shape, list[tuple[float, float]]]:
    text = (files("backend") / "demo_data" / "wuhan_metro_line11_osm_wgs84.geojson").read_bytes()
    path = msgspec.json.decode(text)["features"][0]["geometry"]["coordinates"]
    axis = shapely.LineString(path)
    along = [axis.interpolate((step + 0.5) / 2000, normalized=True) for step in range(2000)]
    corridor = Corridor(tuple(Point(lon, lat) for lon, lat in path), (WidthRange(0.0, None, 30.0, 30.0),))
    return corridor, [(point.x, point.y) for point in along]


def _building(number: int) -> tuple[Shape, list[tuple[float, float]]]:
    """Draw a star some 500 m wide with 20 to 110 corners."""
    lon, lat, corners = 114.2 + number * 0.05, 30.5, 20 + number * 30
    turns = [2 * pi * corner / corners for corner in range(corners)]
    reach = [0.0026 if corner % 2 else 0.0022 for corner in range(corners)]
    shell = [Point(lon + cos(turn) * r, lat + sin(turn) * r) for turn, r in zip(turns, reach, strict=True)]
    inside = [(lon + 0.0001 * (place % 20 - 10), lat + 0.0001 * (place // 20 - 10)) for place in range(400)]
    return Polygon((*shell, shell[0])), inside


class _Seed:
    """Collects rows by table and writes them in bulk, tables in the order in which they came up."""

    def __init__(self, connection: Connection, now: datetime, *, again: bool = False) -> None:
        self._connection = connection
        self._now = now
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self._posts: dict[UUID, UUID] = {}
        if again:
            return
        self._district = self._add("district", code="bench", name="试验区", created_at=now)
        self._company = self._add("company", name="试验建设有限公司", created_at=now)
        self._staff = self._add("account", kind="staff", display_name="bench", username="bench", created_at=now)
        self.write()

    def project(self) -> UUID:
        """Make a project that is being built, with a party and a post."""
        project = self._add(
            "project",
            registration_no=f"BENCH-{len(self._posts)}",
            name="试验工程",
            district_id=self._district,
            category="02",
            status="building",
            site_mode="either",
            time_zone="Asia/Shanghai",
            cutover=time(4),
            created_at=self._now,
        )
        party = self._add(
            "project_party", project_id=project, company_id=self._company, kind="009", created_at=self._now
        )
        self._posts[project] = self._add(
            "post", project_id=project, party_id=party, kind="project_manager", seats=9999, created_at=self._now
        )
        return project

    def site(self, shape: Shape, inside: Sequence[tuple[float, float]]) -> Site:
        """Make a project with one published fence."""
        project, now, done = self.project(), self._now, materialise(shape)
        fence = self._add("fence", project_id=project, name="围栏", created_by=self._staff, created_at=now)
        axis = shapely.LineString(shape.centreline) if isinstance(shape, Corridor) else None
        version = self._add(
            "fence_version",
            project_id=project,
            fence_id=fence,
            number=1,
            state="published",
            kind="polygon" if axis is None else "corridor",
            crs="wgs84",
            shape="{}",
            shape_digest=bytes(32),
            zone_srid=done.zone,
            buffer_m=0.0,
            area=_ewkb(done.area),
            axis=None if axis is None else _ewkb(axis),
            axis_start_m=None if axis is None else 0.0,
            created_by=self._staff,
            created_at=now,
            published_by=self._staff,
            published_at=now,
        )
        self._add(
            "fence_period",
            project_id=project,
            fence_id=fence,
            version_id=version,
            valid_during=TimestamptzRange(now - timedelta(days=60), None),
            known_during=TimestamptzRange(now - timedelta(days=60), None),
            recorded_by=self._staff,
        )
        west, south, *_ = done.area.bounds
        return Site(project, inside, (west - 0.005, south - 0.005))

    def worker(self, site: Site) -> Worker:
        """Make a person on the site's post, with an account, a phone and a session."""
        person, now = self._person(site.project_id), self._now
        account = self._account(person)
        phone = self._phone(account)
        session = self._add(
            "session_family", account_id=account, phone_id=phone, created_at=now, expires_at=now + timedelta(days=1)
        )
        return Worker(site, Holder(account, person, session, frozenset({"key_person"})))

    def know(self, site: Site) -> None:
        """Look up the post of a site that is there already."""
        row = self._connection.execute("SELECT id FROM post WHERE project_id = %s", [site.project_id]).fetchone()
        self._posts[site.project_id] = (row or [UUID(int=0)])[0]

    def queue_worker(self, site: Site, signer: Signs, key_id: str) -> QueueWorker:
        """Make a person on the site's post whose phone has a key."""
        phone = self._phone(self._account(self._person(site.project_id)))
        self._row(
            "phone_key", id=key_id, phone_id=phone, public_key=signer.der, registered_at=self._now, trust="software"
        )
        self._row("phone_queue", key_id=key_id)
        return QueueWorker(site, phone, key_id, signer)

    def gate(self, keys: KeyRing) -> Gate:
        """Make a site's gate, its key, and people whom it knows by number."""
        project, now = self.project(), self._now
        device = self._add(
            "gate_device",
            project_id=project,
            serial_no="bench-1",
            name="东门",
            entrance="东门",
            lane="1",
            default_direction="in",
            place=_ewkb(shapely.Point(114.2, 30.5)),
            state="active",
            heartbeat_interval_s=60,
            created_at=now,
            paired_at=now,
        )
        key, secrets = new_id(now), GateSecrets(keys, lambda: now)
        secret = secrets.draw()
        self._row(
            "gate_key",
            id=key_name(key),
            project_id=project,
            device_id=device,
            secret_cipher=secrets.encrypt(key, secret),
            state="active",
            issued_at=now,
            issued_by=self._staff,
        )
        numbers = [f"{number:08d}" for number in range(GATE_GROUPS * GATE_GROUP)]
        for number in numbers:
            self._row(
                "person_binding",
                project_id=project,
                kind="pin",
                value=number,
                person_id=self._person(project),
                valid_during=TimestamptzRange(now - timedelta(days=1), None),
                bound_by=self._staff,
            )
        groups = [numbers[start : start + GATE_GROUP] for start in range(0, len(numbers), GATE_GROUP)]
        return Gate(project, key_name(key), secret, groups)

    def write(self) -> None:
        """Write what was collected, and forget it."""
        with self._connection.cursor() as cursor:
            for table, rows in self._rows.items():
                columns = SQL(", ").join(map(Identifier, rows[0]))
                statement = SQL("COPY {} ({}) FROM STDIN").format(Identifier(table), columns)
                with cursor.copy(statement) as copy:
                    for row in rows:
                        copy.write_row(tuple(row.values()))
        self._rows.clear()

    def _account(self, person: UUID) -> UUID:
        return self._add(
            "account",
            kind="person",
            display_name="试验员",
            person_id=person,
            phone_cipher=b"-",
            phone_blind=person.bytes,
            created_at=self._now,
        )

    def _phone(self, account: UUID) -> UUID:
        now = self._now
        phone = self._add("phone", account_id=account, install_id=new_id(now), platform="android", bound_at=now)
        self._add("phone_binding", phone_id=phone, bound_at=now)
        return phone

    def _person(self, project: UUID) -> UUID:
        blind = new_id(self._now).bytes
        person = self._add(
            "person",
            name="试验员",
            document_type="01",
            document_cipher=b"-",
            document_blind=blind,
            document_last4_blind=b"-",
            created_at=self._now,
        )
        self._add(
            "assignment",
            project_id=project,
            post_id=self._posts[project],
            person_id=person,
            from_on=FROM_ON,
            created_at=self._now,
        )
        return person

    def _add(self, table: str, **values: Any) -> UUID:  # noqa: ANN401 - any table, any column
        made = new_id(self._now)
        self._row(table, id=made, **values)
        return made

    def _row(self, table: str, **values: Any) -> None:  # noqa: ANN401 - any table, any column
        self._rows.setdefault(table, []).append(values)


def _ewkb(geometry: shapely.Geometry) -> str:
    """Spell a geometry as PostGIS reads it from text, in EPSG:4326."""
    return shapely.to_wkb(shapely.set_srid(geometry, 4326), hex=True, include_srid=True)
