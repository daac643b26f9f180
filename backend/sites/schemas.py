"""The wire forms of sites: strict bodies, and answers in which numbers of people are masked."""

from datetime import date, time
from typing import Annotated, Any, Literal, TypeVar
from uuid import UUID

import msgspec
from msgspec import UNSET, Meta, UnsetType

from backend.kit.wire import Instant, Wire
from backend.sites.posts import PartyKind

Answer = TypeVar("Answer", bound=Wire)

# At least one visible character and no control characters, which the database or a terminal would choke on.
_PLAIN = r"^[^\u0000-\u001f\u007f]*[^\s\u0000-\u001f\u007f][^\u0000-\u001f\u007f]*$"

PersonName = Annotated[str, Meta(min_length=1, max_length=100, pattern=_PLAIN)]
Label = Annotated[str, Meta(min_length=1, max_length=200, pattern=_PLAIN)]
SectionCode = Annotated[str, Meta(min_length=1, max_length=40, pattern=_PLAIN)]
DistrictCode = Annotated[str, Meta(pattern="^[0-9A-Za-z_-]{1,32}$")]
NumberText = Annotated[str, Meta(min_length=4, max_length=64, pattern=_PLAIN)]
# Made-up numbers of an area that does not exist, with right check characters.
DocumentNumber = Annotated[str, Meta(min_length=4, max_length=64, pattern=_PLAIN, examples=["990101198505200014"])]
UsccText = Annotated[str, Meta(min_length=18, max_length=64, pattern=_PLAIN, examples=["91990101MA0000000U"])]
RegistrationNo = Annotated[str, Meta(min_length=4, max_length=64, pattern=_PLAIN, examples=["990101-20260316-01"])]
PhoneText = Annotated[str, Meta(min_length=11, max_length=32, pattern=_PLAIN, examples=["19900001234"])]
Category = Annotated[
    str, Meta(pattern="^[0-9]{2}$", description="national code: 01 building, 02 municipal works, 04 railway …")
]
Chainage = Annotated[float, Meta(ge=-10_000_000, le=10_000_000, description="metres along the alignment")]
LocalTime = Annotated[time, Meta(tz=False)]
Status = Literal["preparing", "building", "stopped", "finished"]
SiteMode = Literal["gate", "phone", "either"]
Purpose = Annotated[str, Meta(min_length=4, max_length=500, pattern=_PLAIN)]


def answer(kind: type[Answer], row: object, **more: Any) -> Answer:  # noqa: ANN401 - fields that the row lacks
    """Build an answer from a row's attributes of the same names."""
    values = {field: getattr(row, field) for field in kind.__struct_fields__ if field not in more}
    return kind(**values, **more)


class DistrictBody(Wire, frozen=True):
    """A district to make."""

    code: DistrictCode
    name: PersonName


class DistrictPatch(Wire, frozen=True):
    """What to change of a district."""

    code: DistrictCode | UnsetType = UNSET
    name: PersonName | UnsetType = UNSET


class DistrictAnswer(Wire, frozen=True):
    """A district."""

    id: UUID
    code: str
    name: str


class CompanyBody(Wire, frozen=True):
    """A company to enter; `uscc` is its unified social credit code."""

    name: Label
    uscc: UsccText | None = None


class CompanyAnswer(Wire, frozen=True):
    """A company."""

    id: UUID
    name: str
    uscc: str | None


class ProjectBody(Wire, frozen=True):
    """A project to make; `cutover` is the local time at which its day begins."""

    registration_no: RegistrationNo
    name: Label
    district_id: UUID
    category: Category = "01"
    status: Status = "preparing"
    site_mode: SiteMode = "gate"
    time_zone: Annotated[str, Meta(min_length=1, max_length=64)] = "Asia/Shanghai"
    cutover: LocalTime = time(4)
    starts_on: date | None = None
    ends_on: date | None = None


class ProjectPatch(Wire, frozen=True):
    """What to change of a project; zone and cut-over stay, since past days were counted by them."""

    registration_no: RegistrationNo | UnsetType = UNSET
    name: Label | UnsetType = UNSET
    category: Category | UnsetType = UNSET
    status: Status | UnsetType = UNSET
    site_mode: SiteMode | UnsetType = UNSET
    starts_on: date | UnsetType | None = UNSET
    ends_on: date | UnsetType | None = UNSET


class ProjectAnswer(Wire, frozen=True):
    """A project."""

    id: UUID
    registration_no: str
    name: str
    district_id: UUID
    district_name: str
    category: str
    status: Status
    site_mode: SiteMode
    time_zone: str
    cutover: LocalTime
    starts_on: date | None
    ends_on: date | None
    created_at: Instant


class SectionBody(Wire, frozen=True):
    """A section to make, with the chainages it owns."""

    code: SectionCode
    name: Label
    from_chainage_m: Chainage | None = None
    to_chainage_m: Chainage | None = None


class SectionPatch(Wire, frozen=True):
    """What to change of a section."""

    code: SectionCode | UnsetType = UNSET
    name: Label | UnsetType = UNSET
    from_chainage_m: Chainage | UnsetType | None = UNSET
    to_chainage_m: Chainage | UnsetType | None = UNSET


class SectionAnswer(Wire, frozen=True):
    """A section."""

    id: UUID
    project_id: UUID
    code: str
    name: str
    from_chainage_m: float | None
    to_chainage_m: float | None


class PartyBody(Wire, frozen=True):
    """A company's part in a project."""

    company_id: UUID
    kind: PartyKind


class PartyAnswer(Wire, frozen=True):
    """A party of a project with its company."""

    id: UUID
    project_id: UUID
    kind: PartyKind
    company_id: UUID
    company_name: str
    uscc: str | None


class PersonBody(Wire, frozen=True):
    """A person by his document; `document_type` is a national code (01 resident ID, 08 passport …)."""

    name: PersonName
    document_number: DocumentNumber
    document_type: Annotated[str, Meta(pattern="^[0-9]{2}$")] = "01"
    phone: PhoneText | None = None


class PersonPatch(Wire, frozen=True):
    """What to change of a person; a number that is a log-in is changed at the account."""

    name: PersonName | UnsetType = UNSET
    phone: PhoneText | UnsetType = UNSET


class PersonSearch(Wire, frozen=True):
    """Whom to look for: all that is given must fit. Numbers are whole or their last four characters."""

    name: PersonName | None = None
    document: DocumentNumber | None = None
    phone: Annotated[str, Meta(min_length=4, max_length=32, pattern=_PLAIN)] | None = None
    project_id: UUID | None = None
    after: UUID | None = None
    limit: Annotated[int, Meta(ge=1, le=200)] = 50


class PersonAnswer(Wire, frozen=True):
    """A person, numbers masked."""

    id: UUID
    name: str
    document_type: str
    document_number_masked: str
    phone_masked: str | None
    created_at: Instant


class RenamingAnswer(Wire, frozen=True):
    """That a person was given another name; `renamed_by` is an account."""

    id: UUID
    name_before: str
    name_after: str
    renamed_at: Instant
    renamed_by: UUID


class RevealBody(Wire, frozen=True):
    """Why the numbers are wanted; the purpose is kept in the audit log."""

    purpose: Purpose


class RevealAnswer(Wire, frozen=True):
    """A person's numbers in the clear."""

    id: UUID
    document_type: str
    document_number: str
    phone: str | None


def changes(patch: Wire) -> dict[str, Any]:
    """Return the fields that a PATCH body holds."""
    return {name: value for name, value in msgspec.structs.asdict(patch).items() if value is not UNSET}
