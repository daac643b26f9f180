"""Fills a migrated database with the sites, people, log-ins, fences and gates that the load comes from."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from importlib.resources import files
from math import cos, pi, sin
from typing import Any
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
        seed = Seed(connection, datetime.now(UTC))
        sites = [seed.site(*_metro()), *(seed.site(*_building(number)) for number in range(BUILDINGS))]
        workers = [seed.worker(site) for site in sites for _ in range(PEOPLE_PER_SITE)]
        gate = seed.gate(keys)
        mirror_id = seed.project()
        seed.write()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return World(workers, gate, mirror_id)


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


class Seed:
    """Collects rows by table and writes them in bulk, tables in the order in which they came up."""

    def __init__(self, connection: Connection, now: datetime, *, again: bool = False) -> None:
        """Begin with a company and its staff, unless they are there already."""
        self.connection = connection
        self.now = now
        self._rows: dict[str, list[dict[str, Any]]] = {}
        self.posts: dict[UUID, UUID] = {}
        if again:
            return
        self._district = self.add("district", code="bench", name="试验区", created_at=now)
        self._company = self.add("company", name="试验建设有限公司", created_at=now)
        self._staff = self.add("account", kind="staff", display_name="bench", username="bench", created_at=now)
        self.write()

    def project(self) -> UUID:
        """Make a project that is being built, with a party and a post."""
        project = self.add(
            "project",
            registration_no=f"BENCH-{len(self.posts)}",
            name="试验工程",
            district_id=self._district,
            category="02",
            status="building",
            site_mode="either",
            time_zone="Asia/Shanghai",
            cutover=time(4),
            created_at=self.now,
        )
        party = self.add("project_party", project_id=project, company_id=self._company, kind="009", created_at=self.now)
        self.posts[project] = self.add(
            "post", project_id=project, party_id=party, kind="project_manager", seats=9999, created_at=self.now
        )
        return project

    def site(self, shape: Shape, inside: Sequence[tuple[float, float]]) -> Site:
        """Make a project with one published fence."""
        project, now, done = self.project(), self.now, materialise(shape)
        fence = self.add("fence", project_id=project, name="围栏", created_by=self._staff, created_at=now)
        axis = shapely.LineString(shape.centreline) if isinstance(shape, Corridor) else None
        version = self.add(
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
        self.add(
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
        person, now = self.person(site.project_id), self.now
        account = self.account(person)
        phone = self.phone(account)
        session = self.add(
            "session_family", account_id=account, phone_id=phone, created_at=now, expires_at=now + timedelta(days=1)
        )
        return Worker(site, Holder(account, person, session, frozenset({"key_person"})))

    def gate(self, keys: KeyRing) -> Gate:
        """Make a site's gate, its key, and people whom it knows by number."""
        project, now = self.project(), self.now
        device = self.add(
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
        self.row(
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
            self.row(
                "person_binding",
                project_id=project,
                kind="pin",
                value=number,
                person_id=self.person(project),
                valid_during=TimestamptzRange(now - timedelta(days=1), None),
                bound_by=self._staff,
            )
        groups = [numbers[start : start + GATE_GROUP] for start in range(0, len(numbers), GATE_GROUP)]
        return Gate(project, key_name(key), secret, groups)

    def write(self) -> None:
        """Write what was collected, and forget it."""
        with self.connection.cursor() as cursor:
            for table, rows in self._rows.items():
                columns = SQL(", ").join(map(Identifier, rows[0]))
                statement = SQL("COPY {} ({}) FROM STDIN").format(Identifier(table), columns)
                with cursor.copy(statement) as copy:
                    for row in rows:
                        copy.write_row(tuple(row.values()))
        self._rows.clear()

    def account(self, person: UUID) -> UUID:
        """Make a person's account."""
        return self.add(
            "account",
            kind="person",
            display_name="试验员",
            person_id=person,
            phone_cipher=b"-",
            phone_blind=person.bytes,
            created_at=self.now,
        )

    def phone(self, account: UUID) -> UUID:
        """Make a phone that is bound to an account."""
        now = self.now
        phone = self.add("phone", account_id=account, install_id=new_id(now), platform="android", bound_at=now)
        self.add("phone_binding", phone_id=phone, bound_at=now)
        return phone

    def person(self, project: UUID) -> UUID:
        """Make a person on the project's post."""
        blind = new_id(self.now).bytes
        person = self.add(
            "person",
            name="试验员",
            document_type="01",
            document_cipher=b"-",
            document_blind=blind,
            document_last4_blind=b"-",
            created_at=self.now,
        )
        self.add(
            "assignment",
            project_id=project,
            post_id=self.posts[project],
            person_id=person,
            from_on=FROM_ON,
            created_at=self.now,
        )
        return person

    def add(self, table: str, **values: Any) -> UUID:  # noqa: ANN401 - any table, any column
        """Add a row with an id of its own."""
        made = new_id(self.now)
        self.row(table, id=made, **values)
        return made

    def row(self, table: str, **values: Any) -> None:  # noqa: ANN401 - any table, any column
        """Add a row."""
        self._rows.setdefault(table, []).append(values)


def _ewkb(geometry: shapely.Geometry) -> str:
    """Spell a geometry as PostGIS reads it from text, in EPSG:4326."""
    return shapely.to_wkb(shapely.set_srid(geometry, 4326), hex=True, include_srid=True)
