"""Admin routes of reference photos: taken by the project's admin, approved by district or city."""

from typing import Any
from uuid import UUID

from litestar import Request, Response, Router, get, post
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.openapi.spec import OpenAPIMediaType, Operation, Reference, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIFormat, OpenAPIType
from litestar.params import FromPath, JSONBody
from sqlalchemy import exists, select

from backend.evidence.faces.errors import FacesBusy
from backend.evidence.faces.measures import MAX_REFERENCE_BYTES
from backend.evidence.photos.errors import ExaminersBusy
from backend.evidence.references import queries, taking
from backend.evidence.references.errors import OwnReference, ReferenceSettled, ReferenceUnknown, ReferenceUnusable
from backend.evidence.references.model import MOST_PHOTOS
from backend.evidence.references.queries import ReferenceRow
from backend.evidence.references.schemas import ReasonBody, ReferenceAnswer, ReferencesAnswer, StepOut
from backend.evidence.references.taking import ReferenceTools
from backend.identity.consents.errors import ConsentMissing
from backend.identity.consents.service import require_consent
from backend.kit.attachments import JPEG, picture
from backend.kit.blobs import BlobsAway
from backend.kit.clock import Clock
from backend.kit.db import Database, Tx
from backend.kit.errors import MediaTypeUnknown
from backend.kit.guards import Actor
from backend.kit.multipart import MEDIA_TYPE, read_parts
from backend.sites.errors import PersonUnknown, ProjectUnknown
from backend.sites.person_rights import sees_person
from backend.sites.projects import require_project
from backend.sites.tables import Assignment

READ, ENROL, APPROVE = "faces.view", "faces.enrol", "faces.approve"
REFERENCES = "/projects/{project_id:uuid}/people/{person_id:uuid}/face-references"
REFERENCE = REFERENCES + "/{reference_id:uuid}"
KNOWN = (ProjectUnknown, PersonUnknown)
BODY_LIMIT = MOST_PHOTOS * MAX_REFERENCE_BYTES + 10_000


class PhotosOperation(Operation):
    """Documents a form of photos."""

    def __post_init__(self) -> None:
        """Say what the form holds."""
        photo = Schema(type=OpenAPIType.STRING, format=OpenAPIFormat.BINARY)
        fields: dict[str, Reference | Schema] = {
            "photo": Schema(type=OpenAPIType.ARRAY, items=photo, min_items=1, max_items=MOST_PHOTOS)
        }
        form = Schema(type=OpenAPIType.OBJECT, properties=fields, required=["photo"])
        self.request_body = RequestBody(content={MEDIA_TYPE: OpenAPIMediaType(schema=form)}, required=True)


async def require_person(tx: Tx, actor: Actor, project_id: UUID, person_id: UUID, scope: str) -> None:
    """Raise ProjectUnknown or PersonUnknown unless the actor reaches somebody who has a post on the project."""
    await require_project(tx, actor, project_id, scope=scope)
    posted = exists(select(Assignment.id).where(Assignment.project_id == project_id, Assignment.person_id == person_id))
    if not await tx.scalar(select(posted & sees_person(actor, scope, project_id, person_id))):
        raise PersonUnknown


@post(
    REFERENCES,
    opt={
        "scope": ENROL,
        "body": True,
        "raises": (*KNOWN, ConsentMissing, MediaTypeUnknown, ReferenceUnusable, ExaminersBusy, FacesBusy, BlobsAway),
    },
    summary="Take reference photos of a person",
    request_max_body_size=BODY_LIMIT,
    operation_class=PhotosOperation,
)
async def take(
    request: Request[Any, Any, State],
    project_id: FromPath[UUID],
    person_id: FromPath[UUID],
    database: NamedDependency[Database],
    actor: NamedDependency[Actor],
    reference_tools: NamedDependency[ReferenceTools],
) -> ReferenceAnswer:
    """Take one to three photos (`photo` of the form), of which each shows the person alone, from the front.

    They are shrunk, stripped and sealed, and wait for the approval of another office. Best: with a helmet, and without.
    """
    async with database.transaction() as tx:
        await require_person(tx, actor, project_id, person_id, ENROL)
        await require_consent(tx, person_id, "face_reference")
    parts = read_parts(request.headers.get("content-type", ""), await request.body(), MOST_PHOTOS)
    contents = [part.content for part in parts if part.name == "photo"]
    prepared = await taking.prepare_photos(contents, tools=reference_tools)
    async with database.transaction() as tx:
        await require_person(tx, actor, project_id, person_id, ENROL)
        await require_consent(tx, person_id, "face_reference")
        return answer_of(await taking.take_reference(tx, actor, project_id, person_id, prepared, tools=reference_tools))


@get(REFERENCES, opt={"scope": READ, "raises": KNOWN}, summary="Reference photos of a person")
async def list_references(
    project_id: FromPath[UUID], person_id: FromPath[UUID], tx: NamedDependency[Tx], actor: NamedDependency[Actor]
) -> ReferencesAnswer:
    """List what was taken on this project, latest first, with every step."""
    await require_person(tx, actor, project_id, person_id, READ)
    rows = await queries.list_references(tx, project_id, person_id)
    return ReferencesAnswer(references=[answer_of(row) for row in rows])


@get(
    REFERENCE + "/photos/{number:int}",
    opt={"scope": READ, "raises": (*KNOWN, ReferenceUnknown, BlobsAway)},
    summary="One of the reference photos",
    media_type=JPEG,
)
async def show_photo(
    project_id: FromPath[UUID],
    person_id: FromPath[UUID],
    reference_id: FromPath[UUID],
    number: FromPath[int],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    reference_tools: NamedDependency[ReferenceTools],
) -> Response[bytes]:
    """Show a photo, counted from 1; the audit log tells who looked at it."""
    await require_person(tx, actor, project_id, person_id, READ)
    found = await taking.find_reference(tx, project_id, person_id, reference_id)
    content = await taking.read_photo(tx, actor, found, number, tools=reference_tools)
    return picture(content)


@post(
    REFERENCE + "/approval",
    opt={"scope": APPROVE, "raises": (*KNOWN, ReferenceUnknown, OwnReference, ReferenceSettled)},
    status_code=200,
    summary="Approve reference photos",
)
async def approve(
    project_id: FromPath[UUID],
    person_id: FromPath[UUID],
    reference_id: FromPath[UUID],
    data: JSONBody[ReasonBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> ReferenceAnswer:
    """Approve photos that somebody else took, or uphold them where the person disputes them; older ones end."""
    await require_person(tx, actor, project_id, person_id, APPROVE)
    found = await taking.find_reference(tx, project_id, person_id, reference_id)
    step = "upheld" if found.state == "disputed" else "approved"
    return answer_of(await taking.settle_reference(tx, actor, found, step, data.reason, clock=clock))


@post(
    REFERENCE + "/rejection",
    opt={"scope": APPROVE, "raises": (*KNOWN, ReferenceUnknown, OwnReference, ReferenceSettled)},
    status_code=200,
    summary="Reject reference photos",
)
async def reject(
    project_id: FromPath[UUID],
    person_id: FromPath[UUID],
    reference_id: FromPath[UUID],
    data: JSONBody[ReasonBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> ReferenceAnswer:
    """Reject photos that wait or are disputed; their pictures are deleted within the hour."""
    await require_person(tx, actor, project_id, person_id, APPROVE)
    found = await taking.find_reference(tx, project_id, person_id, reference_id)
    return answer_of(await taking.settle_reference(tx, actor, found, "rejected", data.reason, clock=clock))


def answer_of(row: ReferenceRow) -> ReferenceAnswer:
    """Return reference photos as they are answered."""
    return ReferenceAnswer(
        reference_id=row.id,
        person_id=row.person_id,
        state=row.state,
        photos=len(row.digests),
        facts=row.facts,
        taken_at=row.taken_at,
        taken_by=row.taken_by,
        steps=[
            StepOut(
                step=one.step,
                reason=one.reason,
                made_at=one.made_at,
                made_by=one.made_by,
                made_by_name=one.made_by_name,
            )
            for one in row.steps
        ],
    )


def references_router() -> Router:
    """Join the routes of this file."""
    return Router(
        path="/admin/v1",
        route_handlers=[take, list_references, show_photo, approve, reject],
        tags=["Face references"],
        signature_types=[UUID],
    )
