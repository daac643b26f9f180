"""The demo's world as values: districts, projects, staff and gates, all invented but the metro line (pure)."""

from dataclasses import dataclass
from typing import Any, Final, Literal

from backend.demo.people import (
    BUILDER,
    CONSULTANT,
    CONTRACTOR,
    LABOUR,
    LABOUR_KIND,
    METRO_OWNER,
    OWNER,
    SUPERVISOR,
    TOWER_OWNER,
    TUNNELLER,
    Company,
    ProjectKey,
)
from geofences.coordinates import GCJ02, coordinate_system, from_wgs84, to_wgs84

StaffKey = Literal["operator", "city", "district", "line_admin", "tower_admin", "line_supervisor", "auditor"]


@dataclass(frozen=True, slots=True)
class District:
    """A district."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Project:
    """A project with its parties (company and national kind) and the posts that nobody holds."""

    key: ProjectKey
    registration_no: str
    name: str
    category: str
    site_mode: Literal["gate", "phone", "either"]
    parties: tuple[tuple[Company, str], ...]
    vacant: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class StaffMember:
    """A staff account; `reach` names what its role reaches, None the whole city."""

    key: StaffKey
    username: str
    display_name: str
    role: str
    reach: Literal["district", "line", "tower", "line_supervisor_party"] | None


@dataclass(frozen=True, slots=True)
class Section:
    """A section of the line with the chainages that it owns, in metres."""

    code: str
    name: str
    from_m: float
    to_m: float


@dataclass(frozen=True, slots=True)
class Gate:
    """A gate device; `place` in the map's GCJ-02, as somebody picks it on a map."""

    serial_no: str
    name: str
    entrance: str
    lane: str
    place: tuple[float, float]


DISTRICTS: Final = (District("420111", "洪山区"), District("donghu", "东湖高新区"))
HOME_DISTRICT: Final = "donghu"

PROJECTS: Final = (
    Project(
        "line",
        "DEMO-2026-0011",
        "地铁11号线演示工程（线性）",
        "02",
        "phone",
        (
            (METRO_OWNER, OWNER),
            (TUNNELLER, CONTRACTOR),
            (CONSULTANT, SUPERVISOR),
            (LABOUR, LABOUR_KIND),
        ),
        (("007", "chief_deputy"),),
    ),
    Project(
        "tower",
        "DEMO-2026-0102",
        "光谷东研发楼演示工地（房建）",
        "01",
        "gate",
        (
            (TOWER_OWNER, OWNER),
            (BUILDER, CONTRACTOR),
            (CONSULTANT, SUPERVISOR),
            (LABOUR, LABOUR_KIND),
        ),
        (("007", "safety_supervisor"),),
    ),
)
REGISTRATION_NUMBERS: Final = tuple(project.registration_no for project in PROJECTS)

SECTIONS: Final = (
    Section("S1", "一标段", 0.0, 13_500.0),
    Section("S2", "二标段", 13_500.0, 27_000.0),
    Section("S3", "三标段", 27_000.0, 40_700.0),
)

STAFF: Final = (
    StaffMember("operator", "operator", "平台运维 示例", "operator", None),
    StaffMember("city", "city", "市级监管 示例", "city", None),
    StaffMember("district", "donghu", "东湖高新区监管 示例", "district", "district"),
    StaffMember("line_admin", "line11", "11号线项目管理员 示例", "project_admin", "line"),
    StaffMember("tower_admin", "tower", "研发楼项目管理员 示例", "project_admin", "tower"),
    StaffMember("line_supervisor", "supervisor11", "11号线监理单位 示例", "supervisor", "line_supervisor_party"),
    StaffMember("auditor", "auditor", "审计 示例", "auditor", None),
)
OPERATOR: Final = STAFF[0]
# He comes when all is done: his account is the sign that the demo was loaded and played to its end.
AUDITOR: Final = STAFF[-1]

LINE_FENCE: Final = "11号线走廊"
TOWER_FENCE: Final = "研发楼工地"
TOWER_SYSTEM: Final = "EPSG:4547"

# The surveyor's coordinates (easting, northing) of the site's boundary, and of the neighbour's substation inside it.
_BOUNDARY: Final = (
    (545_262.0, 3_374_830.0),
    (545_470.0, 3_374_842.0),
    (545_488.0, 3_374_985.0),
    (545_380.0, 3_375_012.0),
    (545_255.0, 3_374_970.0),
    (545_262.0, 3_374_830.0),
)
_HOLE: Final = (
    (545_420.0, 3_374_930.0),
    (545_420.0, 3_374_955.0),
    (545_450.0, 3_374_955.0),
    (545_450.0, 3_374_930.0),
    (545_420.0, 3_374_930.0),
)
_CENTRE: Final = (545_360.0, 3_374_900.0)
_SOUTH_GATE: Final = (545_365.0, 3_374_838.0)
_EAST_GATE: Final = (545_478.0, 3_374_910.0)


def _placed(easting: float, northing: float) -> tuple[float, float]:
    lon, lat = to_wgs84(coordinate_system(TOWER_SYSTEM), easting, northing)
    return round(float(lon), 7), round(float(lat), 7)


def _on_map(easting: float, northing: float) -> tuple[float, float]:
    lon, lat = from_wgs84(GCJ02, *_placed(easting, northing))
    return round(float(lon), 6), round(float(lat), 6)


TOWER_CENTRE: Final = _placed(*_CENTRE)
"""The middle of the building site: longitude and latitude in degrees, WGS-84."""

GATES: Final = (
    Gate("DEMO-GATE-S1", "南门一号闸机", "南门", "S1", _on_map(*_SOUTH_GATE)),
    Gate("DEMO-GATE-E1", "东门一号闸机", "东门", "E1", _on_map(*_EAST_GATE)),
)
SOUTH, EAST = GATES
HEARTBEAT_S: Final = 1800


def tower_drawing() -> dict[str, Any]:
    """Return the building site's fence as it is sent: a polygon with a hole in the surveyor's coordinates."""
    rings = [[list(point) for point in _BOUNDARY], [list(point) for point in _HOLE]]
    return {"kind": "polygon", "coordinates": [rings]}


def project(key: ProjectKey) -> Project:
    """Return a project by its key."""
    return next(one for one in PROJECTS if one.key == key)
