"""Key posts that nobody has filled by the cutoff: one by one, and several of a project at once (pure)."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID

from backend.alerts.model import Finding, Number, Site
from backend.alerts.settings import PostSettings, PostsSettings


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the duty on a post that day: his first counted punch, and whether one is in review or elsewhere."""

    person_id: UUID
    name: str
    first_at: datetime | None = None
    in_review: bool = False
    elsewhere: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PostFact:
    """A post of a site on one day with its holders; none: it is vacant."""

    site: Site
    on: date
    post_id: UUID
    post_kind: str
    party_id: UUID
    company_name: str
    holders: tuple[Holder, ...]


def is_there(holder: Holder, settings: PostSettings, by: datetime) -> bool:
    """Tell whether a holder counts as present by an instant."""
    if holder.in_review or (holder.elsewhere and settings.elsewhere_counts):
        return True
    return holder.first_at is not None and holder.first_at <= by


def is_empty(post: PostFact, settings: PostSettings, by: datetime) -> bool:
    """Tell whether the rule takes a post for empty at an instant."""
    if post.post_kind not in settings.posts:
        return False
    if not post.holders:
        return settings.vacant
    return not any(is_there(holder, settings, by) for holder in post.holders)


def empty_posts(
    posts: Iterable[PostFact], settings: PostSettings, by: datetime, together: PostsSettings | None
) -> list[Finding]:
    """Return the empty posts of one site; none when there are so many that `posts_together` tells them."""
    posts = list(posts)
    if together is not None and len(_empty(posts, together, by)) >= together.together:
        return []
    return [_of_one(post, settings, by) for post in _empty(posts, settings, by)]


def posts_together(posts: Iterable[PostFact], settings: PostsSettings, by: datetime) -> list[Finding]:
    """Return one finding when so many key posts of one site are empty at once."""
    empty = _empty(posts, settings, by)
    if len(empty) < settings.together:
        return []
    first = empty[0]
    return [
        Finding(
            kind="posts_empty",
            project_id=first.site.project_id,
            district_id=first.site.district_id,
            fact_key=first.on.isoformat(),
            group_key=f"{first.site.district_id}:{first.on}",
            words="alerts.posts_empty",
            severity=settings.severity,
            occurred_at=by,
            numbers={
                "project": first.site.project_name,
                "posts": len(empty),
                "post_kinds": ",".join(post.post_kind for post in empty),
                "by": first.site.local(by),
            },
            evidence=_evidence(first),
        )
    ]


def _empty(posts: Iterable[PostFact], settings: PostSettings, by: datetime) -> list[PostFact]:
    found = [post for post in posts if is_empty(post, settings, by)]
    return sorted(found, key=lambda post: (post.post_kind, post.post_id))


def _of_one(post: PostFact, settings: PostSettings, by: datetime) -> Finding:
    numbers: dict[str, Number] = {
        "project": post.site.project_name,
        "post_kind": post.post_kind,
        "company": post.company_name,
        "by": post.site.local(by),
    }
    if post.holders:
        numbers["person"] = _names(post.holders)
    week = post.on.isocalendar()
    return Finding(
        kind="post_empty",
        project_id=post.site.project_id,
        district_id=post.site.district_id,
        fact_key=f"{post.post_id}:{post.on}" if post.holders else f"{post.post_id}:{week.year}-W{week.week:02}",
        group_key=f"{post.site.district_id}:{post.on}",
        words="alerts.post_empty" if post.holders else "alerts.post_vacant",
        severity=settings.severity,
        occurred_at=by,
        person_id=post.holders[0].person_id if len(post.holders) == 1 else None,
        party_id=post.party_id,
        numbers=numbers,
        evidence=_evidence(post),
    )


def _names(holders: Sequence[Holder]) -> str:
    return "、".join(holder.name for holder in holders[:3])


def _evidence(post: PostFact) -> tuple[str, ...]:
    return (f"/admin/v1/projects/{post.site.project_id}/on-post?on={post.on}",)
