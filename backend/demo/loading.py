"""Loads the demo's world through the admin API, as an operator, a city, a district and two projects would."""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from backend.demo import world
from backend.demo.clients import Connection, Device, Staff
from backend.demo.errors import DemoError
from backend.demo.line import metro_geojson
from backend.demo.people import LINE_PEOPLE, TOWER_PEOPLE, Person, ProjectKey, roster_csv
from backend.demo.phone_plan import HALF_WIDTH_M

ENDED = "汤沐风"
MISPRINT = "白一舟"

Tell = Callable[..., None]


@dataclass(slots=True)
class Loaded:
    """What was made: ids by the world's keys, staff who can be asked, devices with their keys, first passwords."""

    projects: dict[ProjectKey, str] = field(default_factory=dict)
    people: dict[str, str] = field(default_factory=dict)
    staff: dict[world.StaffKey, Staff] = field(default_factory=dict)
    passwords: dict[world.StaffKey, str] = field(default_factory=dict)
    devices: dict[str, Device] = field(default_factory=dict)
    roster_faults: list[dict[str, Any]] = field(default_factory=list)


class Loader:
    """Makes the world step by step; the clock moves between the steps, so that the audit log reads in order."""

    def __init__(self, connection: Connection, day: date, operator_password: str, tell: Tell) -> None:
        """Begin with the first operator, who was opened on the command line; `day` is the day to be played."""
        self._connection = connection
        self._day = day
        self._tell = tell
        self.loaded = Loaded()
        self._districts: dict[str, str] = {}
        self._parties: dict[tuple[ProjectKey, str], str] = {}
        self._accounts: dict[world.StaffKey, str] = {}
        self._seat("operator", operator_password)

    async def load(self) -> Loaded:
        """Make all of it, but the auditor, who comes when the day is over."""
        await self._supervision()
        await self._projects()
        await self._project_staff()
        await self._roster("line", LINE_PEOPLE)
        await self._roster("tower", TOWER_PEOPLE)
        await self._line_fence()
        await self._tower_fence()
        await self._gates()
        return self.loaded

    async def open_auditor(self) -> Staff:
        """Open the auditor's account; what he can see then is the whole demo."""
        await self._open(world.AUDITOR)
        return self.loaded.staff["auditor"]

    async def _supervision(self) -> None:
        operator = self.loaded.staff["operator"]
        for district in world.DISTRICTS:
            made = await operator.call("POST", "/districts", json={"code": district.code, "name": district.name})
            self._districts[district.code] = made["id"]
        await self._open(*(member for member in world.STAFF if member.key in {"city", "district"}))

    async def _projects(self) -> None:
        district = self.loaded.staff["district"]
        companies: dict[str, str] = {}
        for project in world.PROJECTS:
            self._wait()
            body = {
                "registration_no": project.registration_no,
                "name": project.name,
                "district_id": self._districts[world.HOME_DISTRICT],
                "category": project.category,
                "status": "building",
                "site_mode": project.site_mode,
                "starts_on": (self._day - timedelta(days=200)).isoformat(),
            }
            made = await district.call("POST", "/projects", json=body)
            self.loaded.projects[project.key] = made["id"]
            for company, kind in project.parties:
                if company.name not in companies:
                    entered = {"name": company.name, "uscc": company.uscc}
                    companies[company.name] = (await district.call("POST", "/companies", json=entered))["id"]
                party = {"company_id": companies[company.name], "kind": kind}
                made = await district.call("POST", self._at(project.key, "/parties"), json=party)
                self._parties[project.key, kind] = made["id"]

    async def _project_staff(self) -> None:
        await self._open(
            *(member for member in world.STAFF if member.key in {"line_admin", "tower_admin", "line_supervisor"})
        )

    async def _roster(self, key: ProjectKey, people: tuple[Person, ...]) -> None:
        """Import a roster: a dry run of a file with a misprint, then the right one; then posts without anybody."""
        self._wait()
        admin = self._admin(key)
        if key == "line":
            for section in world.SECTIONS:
                body = {
                    "code": section.code,
                    "name": section.name,
                    "from_chainage_m": section.from_m,
                    "to_chainage_m": section.to_m,
                }
                await admin.call("POST", self._at(key, "/sections"), json=body)
            tried = await self._import(admin, key, roster_csv(people, self._day, misprint=MISPRINT), dry_run=True)
            self.loaded.roster_faults = tried["faults"]
        done = await self._import(admin, key, roster_csv(people, self._day), dry_run=False)
        if done["outcome"] != "applied":
            raise DemoError("demo.roster_refused", project=key, faults=done["faults"])
        for kind, post in world.project(key).vacant:
            body = {"party_id": self._parties[key, kind], "kind": post, "seats": 1}
            await admin.call("POST", self._at(key, "/posts"), json=body)
        for assignment in await admin.pages(self._at(key, "/assignments")):
            self.loaded.people[assignment["person_name"]] = assignment["person_id"]
            if assignment["person_name"] == ENDED:
                ending = {"to_on": (self._day - timedelta(days=1)).isoformat(), "confirm_exit": True}
                await admin.call("POST", self._at(key, f"/assignments/{assignment['id']}/end"), json=ending)
        self._tell("demo.roster_done", project=world.project(key).name, people=done["counts"]["people"])

    async def _import(self, admin: Staff, key: ProjectKey, roster: bytes, *, dry_run: bool) -> dict[str, Any]:
        path = self._at(key, "/roster-imports")
        return await admin.call(
            "POST", path, content=roster, media_type="text/csv", params={"dry_run": str(dry_run).lower()}
        )

    async def _line_fence(self) -> None:
        """Import the metro line as an alignment with half-widths, look at it first, then publish by a second person."""
        admin = self._admin("line")
        params = {
            "crs": "wgs84",
            "name": world.LINE_FENCE,
            "left_m": str(HALF_WIDTH_M),
            "right_m": str(HALF_WIDTH_M),
        }
        path, media_type = self._at("line", "/fence-imports"), "application/geo+json"
        seen = await admin.call("POST", path, content=metro_geojson(), media_type=media_type, params=params)
        params["dry_run"] = "false"
        made = await admin.call("POST", path, content=metro_geojson(), media_type=media_type, params=params)
        await self._publish("line", made["fences"][0]["made"])
        preview = seen["fences"][0]["preview"]
        self._tell(
            "demo.line_fence_done",
            kilometres=f"{preview['length_m'] / 1000:.2f}",
            width=f"{HALF_WIDTH_M:.0f}",
            vertices=preview["vertices"],
        )

    async def _tower_fence(self) -> None:
        body = {"name": world.TOWER_FENCE, "crs": world.TOWER_SYSTEM, "shape": world.tower_drawing(), "buffer_m": 5.0}
        made = await self._admin("tower").call("POST", self._at("tower", "/fences"), json=body)
        version = await self._publish("tower", made)
        self._tell("demo.tower_fence_done", area=f"{version['area_m2']:,.0f}", system=world.TOWER_SYSTEM)

    async def _publish(self, key: ProjectKey, made: dict[str, Any]) -> dict[str, Any]:
        self._wait()
        version = self._at(key, f"/fences/{made['fence_id']}/versions/{made['number']}")
        await self._admin(key).call("POST", f"{version}/submission")
        return await self.loaded.staff["district"].call("POST", f"{version}/publication", json={})

    async def _gates(self) -> None:
        """Set the hours, make both gates, apply for keys, have the district approve, bind cards, activate."""
        admin, district = self._admin("tower"), self.loaded.staff["district"]
        hours = {"working_hours": [{"from_at": "06:00:00", "to_at": "20:00:00"}]}
        await district.call("PUT", self._at("tower", "/policy"), json={"policy": hours})
        for gate in world.GATES:
            self._wait()
            body = {
                "serial_no": gate.serial_no,
                "name": gate.name,
                "entrance": gate.entrance,
                "lane": gate.lane,
                "place": {"lon": gate.place[0], "lat": gate.place[1], "crs": "gcj02"},
                "heartbeat_interval_s": world.HEARTBEAT_S,
            }
            path = self._at("tower", "/gates")
            made = await admin.call("POST", path, json=body)
            applied = await admin.call("POST", f"{path}/{made['id']}/key-applications", json={"reason": "新装闸机"})
            application = self._at("tower", f"/key-applications/{applied['id']}")
            await district.call("POST", f"{application}/approval", json={"reason": "现场核对无误"})
            key = await admin.call("POST", f"{application}/issue", json={"reason": "项目管理员领取"})
            await admin.call("PATCH", f"{path}/{made['id']}", json={"state": "active"})
            self.loaded.devices[gate.serial_no] = Device.with_key(self._connection, key["id"], key["secret"])
        bindings = [
            {"kind": "card", "value": person.card, "person_id": self.loaded.people[person.name]}
            for person in TOWER_PEOPLE
        ]
        made = await admin.call("POST", self._at("tower", "/person-bindings"), json={"bindings": bindings})
        self._tell("demo.gates_done", gates=len(world.GATES), cards=made["made"])

    async def _open(self, *members: world.StaffMember) -> None:
        operator = self.loaded.staff["operator"]
        reach = {
            None: dict[str, str](),
            "district": {"district_id": self._districts[world.HOME_DISTRICT]},
            **{key: {"project_id": made} for key, made in self.loaded.projects.items()},
        }
        if party := self._parties.get(("line", "007")):
            reach["line_supervisor_party"] = {"project_id": self.loaded.projects["line"], "party_id": party}
        for member in members:
            self._wait()
            body = {"username": member.username, "display_name": member.display_name}
            opened = await operator.call("POST", "/accounts", json=body)
            grant = {"role": member.role, **reach[member.reach]}
            await operator.call("POST", f"/accounts/{opened['account']['id']}/grants", json=grant)
            self._seat(member.key, opened["first_password"])

    def _seat(self, key: world.StaffKey, password: str) -> None:
        username = next(member.username for member in world.STAFF if member.key == key)
        self.loaded.passwords[key] = password
        self.loaded.staff[key] = Staff(self._connection, username, password)

    def _admin(self, key: ProjectKey) -> Staff:
        return self.loaded.staff["line_admin" if key == "line" else "tower_admin"]

    def _at(self, key: ProjectKey, path: str) -> str:
        return f"/projects/{self.loaded.projects[key]}{path}"

    def _wait(self) -> None:
        self._connection.clock.advance(timedelta(minutes=2))
