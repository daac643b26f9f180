"""Adds the people whose phones were without network for days, each with a key of its own, to a world."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Protocol
from uuid import UUID

import psycopg

from bench.world import Seed, Site, World


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


def fill_queues(url: str, world: World, count: int, draw_key: Callable[[], tuple[Signs, str]]) -> list[QueueWorker]:
    """Add people with keys of their own to the sites of a world, whom nobody has heard of yet."""
    sites = list({worker.site.project_id: worker.site for worker in world.workers}.values())
    with psycopg.connect(url) as connection:
        connection.execute("SET ROLE daogang_owner")
        seed = Seed(connection, datetime.now(UTC) - timedelta(days=6), again=True)
        for site in sites:
            _know(seed, site)
        found = [_queue_worker(seed, sites[number % len(sites)], *draw_key()) for number in range(count)]
        seed.write()
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM ANALYZE")
    return found


def _know(seed: Seed, site: Site) -> None:
    """Look up the post of a site that is there already."""
    row = seed.connection.execute("SELECT id FROM post WHERE project_id = %s", [site.project_id]).fetchone()
    seed.posts[site.project_id] = (row or [UUID(int=0)])[0]


def _queue_worker(seed: Seed, site: Site, signer: Signs, key_id: str) -> QueueWorker:
    """Make a person on the site's post whose phone has a key."""
    phone = seed.phone(seed.account(seed.person(site.project_id)))
    seed.row("phone_key", id=key_id, phone_id=phone, public_key=signer.der, registered_at=seed.now, trust="software")
    seed.row("phone_queue", key_id=key_id)
    return QueueWorker(site, phone, key_id, signer)
