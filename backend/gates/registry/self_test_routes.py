"""Staff routes of self-tests: somebody presents himself at a device, and its event must arrive within a minute."""

from uuid import UUID

from litestar import get, post
from litestar.di import NamedDependency
from litestar.params import FromPath

from backend.gates import errors
from backend.gates.registry import queries, self_tests
from backend.gates.registry.device_routes import GATE
from backend.gates.registry.pairing_schemas import SelfTestAnswer
from backend.gates.registry.self_tests import Shown
from backend.kit.clock import Clock
from backend.kit.db import Tx
from backend.kit.guards import Actor
from backend.sites.errors import ProjectUnknown


@post(
    GATE + "/self-tests",
    opt={"scope": queries.WRITE, "raises": (ProjectUnknown, errors.DeviceUnknown, errors.DeviceNotActive)},
    summary="Start a self-test of a gate",
)
async def start_self_test(
    project_id: FromPath[UUID],
    gate_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> SelfTestAnswer:
    """Start a self-test: present a face, card or finger now; the event must arrive within 60 s."""
    return _answer(await self_tests.start_test(tx, actor, project_id, gate_id, clock=clock))


@get(
    GATE + "/self-tests/{test_id:uuid}",
    opt={"scope": queries.READ, "raises": (ProjectUnknown, errors.SelfTestUnknown)},
    summary="What a self-test has shown",
)
async def get_self_test(
    project_id: FromPath[UUID],
    gate_id: FromPath[UUID],
    test_id: FromPath[UUID],
    tx: NamedDependency[Tx],
    actor: NamedDependency[Actor],
    clock: NamedDependency[Clock],
) -> SelfTestAnswer:
    """Tell whether a live event arrived in time; it is looked for each time, and `passed` names it."""
    return _answer(await self_tests.show_test(tx, actor, project_id, gate_id, test_id, clock=clock))


def _answer(shown: Shown) -> SelfTestAnswer:
    test, evidence = shown.test, shown.evidence
    return SelfTestAnswer(
        id=test.id,
        gate_id=test.device_id,
        result=shown.result,
        started_at=test.started_at,
        until_at=test.until_at,
        started_by=test.started_by,
        punch_id=None if evidence is None else evidence.punch_id,
        received_at=None if evidence is None else evidence.received_at,
        person_known=None if evidence is None else evidence.person_known,
    )
