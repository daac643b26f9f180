"""Staff routes of photos: what a punch's photos are, looking at one, signals, holds, retention, deletions."""

from typing import Annotated, Any
from uuid import UUID

from litestar import Response, Router, get, post, put
from litestar.di import NamedDependency
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter

from backend.evidence.photos import errors, holding
from backend.evidence.photos import viewing_queries as queries
from backend.evidence.photos.examined import Note, Refusal
from backend.evidence.photos.retention_queries import Rule, current_rules
from backend.evidence.photos.schemas import (
    DeletionOut,
    HoldBody,
    HoldOut,
    LiftBody,
    NoteOut,
    PhotoOut,
    PhotoSignalOut,
    RetentionBody,
    RetentionOut,
    SignalKind,
    ViewBody,
)
from backend.evidence.photos.viewing import ViewingTools, view_photo
from backend.evidence.photos.words import words_of_note, words_of_refusal
from backend.kit import messages
from backend.kit.attachments import JPEG, picture
from backend.kit.blobs import BlobsAway
from backend.kit.clock import Clock
from backend.kit.db import AnyRow, Tx
from backend.kit.guards import Actor
from backend.kit.wire import Page
from backend.sites.errors import ProjectUnknown
from backend.sites.projects import require_project

PROJECT = "/projects/{project_id:uuid}"
PageSize = Annotated[int, QueryParameter(ge=1, le=200)]


@get(
    PROJECT + "/punches/{punch_id:uuid}/photos",
    opt={"scope": queries.READ, "raises": (ProjectUnknown, errors.UseUnknown)},
    summary="The photos that a punch names",
)
async def list_photos(
    project_id: FromPath[UUID],
    punch_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    language: NamedDependency[str],
) -> list[PhotoOut]:
    """List what was found in each photo; the pictures themselves are looked at one by one, with a purpose."""
    await require_project(tx, actor, project_id, scope=queries.READ)
    rows = await queries.photos_of_punch(tx, actor, project_id, punch_id)
    if not rows:
        raise errors.UseUnknown
    return [_photo(row, language) for row in rows]


def _photo(row: AnyRow, language: str) -> PhotoOut:
    state = {"kept": "kept", "refused": "refused", "deleting": "deleted", "deleted": "deleted"}.get(
        row.state, "awaited"
    )
    words = None if row.reason is None else words_of_refusal(language, Refusal(row.reason))
    return PhotoOut(
        photo_id=row.file_id,
        sha256=bytes(row.sha256).hex(),
        state=state,  # pyright: ignore[reportArgumentType] - one of the four above
        reason=row.reason,
        title=None if words is None else words.title,
        advice=None if words is None else words.advice,
        received_at=row.received_at,
        picture_sha256=None if row.picture_sha256 is None else bytes(row.picture_sha256).hex(),
        width=row.picture_width,
        height=row.picture_height,
        notes=[NoteOut(code=note, title=words_of_note(language, Note(note)).title) for note in row.notes or ()],
        measures=row.measures,
        face=row.face,
        chainage=row.chainage,
    )


@post(
    PROJECT + "/punches/{punch_id:uuid}/photos/{photo_id:uuid}/view",
    status_code=200,
    opt={
        "scope": queries.VIEW,
        "raises": (errors.UseUnknown, errors.PhotoGone, errors.ExaminersBusy, BlobsAway),
    },
    summary="Look at a photo",
    media_type=JPEG,
)
async def look_at_photo(
    project_id: FromPath[UUID],
    punch_id: FromPath[UUID],
    photo_id: FromPath[UUID],
    data: JSONBody[ViewBody],
    actor: NamedDependency[Actor],
    photo_viewing: NamedDependency[ViewingTools],
    language: NamedDependency[str],
) -> Response[bytes]:
    """Return a copy with name, time, site, chainage and viewer on it; who looked and for what is in the audit log."""
    copy = await view_photo(photo_viewing, actor, project_id, punch_id, photo_id, data, language=language)
    return picture(copy)


@get(
    PROJECT + "/photo-signals",
    opt={"scope": queries.READ, "raises": (ProjectUnknown,)},
    summary="What speaks against a project's photos",
)
async def list_signals(
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    language: NamedDependency[str],
    punch_id: FromQuery[UUID | None] = None,
    kind: FromQuery[SignalKind | None] = None,
    after: FromQuery[UUID | None] = None,
    limit: PageSize = 50,
) -> Page[PhotoSignalOut]:
    """List signals, latest first, each with its numbers; the other punch is told if it is his own here."""
    await require_project(tx, actor, project_id, scope=queries.READ)
    rows = await queries.list_signals(tx, actor, project_id, punch_id=punch_id, kind=kind, after=after, limit=limit + 1)
    items = [_signal(row, language) for row in rows[:limit]]
    return Page(items=items, next=str(items[-1].id) if len(rows) > limit else None)


def _signal(row: AnyRow, language: str) -> PhotoSignalOut:
    evidence: dict[str, Any] = dict(row.evidence)
    elsewhere = evidence.pop("other_project_id", None) not in {None, str(row.project_id)}
    if "same_file" in evidence:
        evidence["elsewhere"] = elsewhere
    if elsewhere or "person" in evidence.get("differs", ()):
        # Whose the other photo is may be for others to know; those who may find it by the day.
        del evidence["other_punch_id"], evidence["other_photo_id"]
    words = messages.text(language, f"photo_signal.{row.kind}", evidence)
    return PhotoSignalOut(
        id=row.id,
        punch_id=row.punch_id,
        photo_id=row.photo_id,
        person_id=row.person_id,
        kind=row.kind,
        title=words.title,
        advice=words.advice,
        found_at=row.found_at,
        evidence=evidence,
    )


@get(
    PROJECT + "/photo-holds",
    opt={"scope": queries.HOLD, "raises": (ProjectUnknown,)},
    summary="Holds on a project's photos",
)
async def list_holds(
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    after: FromQuery[UUID | None] = None,
    limit: PageSize = 50,
) -> Page[HoldOut]:
    """List holds, latest first, lifted ones too."""
    await require_project(tx, actor, project_id, scope=queries.HOLD)
    rows = await queries.list_holds(tx, project_id, after=after, limit=limit + 1)
    items = [HoldOut(**{name: getattr(row, name) for name in HoldOut.__struct_fields__}) for row in rows[:limit]]
    return Page(items=items, next=str(items[-1].id) if len(rows) > limit else None)


@post(
    PROJECT + "/photo-holds",
    opt={"scope": queries.HOLD, "raises": (ProjectUnknown, errors.HoldPersonUnknown)},
    summary="Hold photos",
)
async def place_hold(
    project_id: FromPath[UUID],
    data: JSONBody[HoldBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> HoldOut:
    """Keep the photos of a project, or of one person on it, from deletion until somebody else lifts it."""
    return await holding.place_hold(tx, actor, project_id, data, clock=clock)


@post(
    PROJECT + "/photo-holds/{hold_id:uuid}/lift",
    status_code=200,
    opt={
        "scope": queries.HOLD,
        "raises": (ProjectUnknown, errors.HoldUnknown, errors.HoldLifted, errors.HoldNeedsAnother),
    },
    summary="Lift a hold on photos",
)
async def lift_hold(
    project_id: FromPath[UUID],
    hold_id: FromPath[UUID],
    data: JSONBody[LiftBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> HoldOut:
    """End a hold; never by who placed it."""
    return await holding.lift_hold(tx, actor, project_id, hold_id, data, clock=clock)


@get(
    PROJECT + "/photo-deletions",
    opt={"scope": queries.READ, "raises": (ProjectUnknown,)},
    summary="Deletions of a project's photos",
)
async def list_deletions(
    project_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    after: FromQuery[UUID | None] = None,
    limit: PageSize = 50,
) -> Page[DeletionOut]:
    """List which photos were deleted, by which rule, when their keys were destroyed and when the bytes were gone."""
    await require_project(tx, actor, project_id, scope=queries.READ)
    rows = await queries.list_deletions(tx, actor, project_id, after=after, limit=limit + 1)
    items = [
        DeletionOut(
            photo_id=row.photo_id,
            punch_id=row.punch_id,
            photo_class=row[1],
            version=row.version,
            due_at=row.due_at,
            destroyed_at=row.destroyed_at,
            confirmed_at=row.confirmed_at,
            sha256=bytes(row.sha256).hex(),
            picture_sha256=None if row.picture_sha256 is None else bytes(row.picture_sha256).hex(),
            digest=bytes(row.digest).hex(),
        )
        for row in rows[:limit]
    ]
    return Page(items=items, next=str(items[-1].photo_id) if len(rows) > limit else None)


@get("/photo-retention", opt={"scope": queries.READ}, summary="How long photos are kept")
async def list_retention(tx: NamedDependency[Tx]) -> list[RetentionOut]:
    """List the rule in force of every class of photos."""
    return [_rule(rule) for rule in await current_rules(tx)]


@put(
    "/photo-retention/{photo_class:str}",
    opt={"scope": queries.RETAIN, "raises": (errors.PhotoClassUnknown, errors.OriginalsOutlive)},
    summary="Set how long photos are kept",
)
async def set_retention(
    photo_class: FromPath[str],
    data: JSONBody[RetentionBody],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> RetentionOut:
    """Set the rule of a class, for photos that are here too: what a shorter time ends is gone within the hour."""
    return _rule(await holding.set_retention(tx, actor, photo_class, data, clock=clock))


def _rule(rule: Rule) -> RetentionOut:
    return RetentionOut(
        photo_class=rule.photo_class,
        version=rule.version,
        keep_days=rule.keep_days,
        original_days=rule.original_days,
    )


def photos_router() -> Router:
    """Join the routes of this file."""
    return Router(
        path="/admin/v1",
        route_handlers=[
            list_photos,
            look_at_photo,
            list_signals,
            list_holds,
            place_hold,
            lift_hold,
            list_deletions,
            list_retention,
            set_retention,
        ],
        tags=["Photos"],
    )
