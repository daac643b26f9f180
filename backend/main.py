"""Builds the application: joins routers, guards, dependencies and error handlers; the only caller of Litestar()."""

import asyncio
import gc
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

from litestar import Litestar, Request
from litestar.config.response_cache import ResponseCacheConfig
from litestar.datastructures import State
from litestar.di import Provide
from litestar.router import Router

from backend.alerts.channels.opening import missing_settings
from backend.alerts.channels.routes import channels_router
from backend.alerts.live.feed import LiveFeed
from backend.alerts.live.routes import live_router
from backend.alerts.routes import alerts_router
from backend.attendance.routes import attendance_router
from backend.decision.policy import SitePolicy
from backend.evidence.liveness.receiving import LivenessTools
from backend.evidence.photos.examiner import Examiner
from backend.evidence.references.routes import references_router
from backend.evidence.references.taking import ReferenceTools
from backend.evidence.uploads import UploadTools
from backend.gates.commands.routes import command_router
from backend.gates.dialects.hikvision.routes import hikvision_router
from backend.gates.dialects.mqtt.routes import mqtt_admin_router
from backend.gates.dialects.zkteco.routes import zkteco_router
from backend.gates.envelope_routes import envelope_router
from backend.gates.misuse.routes import misuse_router
from backend.gates.outages.routes import outages_router
from backend.gates.reconciliation.routes import reconciliation_router
from backend.gates.registry.routes import gate_admin_router
from backend.gates.routes import gate_router
from backend.gates.tools import GateTools
from backend.health import health_router
from backend.identity.attestation.model import Attestation
from backend.identity.errors import TOKEN_REFUSALS
from backend.identity.routes import identity_router
from backend.identity.services import IdentityServices
from backend.kit import errors, messages
from backend.kit.clock import Clock, SystemClock
from backend.kit.crypto import BlindIndex, FieldCipher
from backend.kit.db import Database, Tx
from backend.kit.guards import Actor, authorize, require_access_rules
from backend.kit.keyring import KeyRing
from backend.kit.logs import configure_logs
from backend.kit.openapi import ApiDocument, DaogangErrors
from backend.kit.problems import EXCEPTION_HANDLERS
from backend.kit.requests import attend_requests
from backend.kit.strict_json import StrictJSON
from backend.ledger.append import DayFolder
from backend.ledger.routes import ledger_router
from backend.settings import Settings, read_settings
from backend.sites.routes import sites_router
from backend.viewer import viewer_router
from backend.wiring import wire
from geofences.alignment_routes import alignments_router
from geofences.corrections import CorrectionTools
from geofences.evaluation import warm_up
from geofences.file_reader import FileReader
from geofences.map_routes import fence_map_router
from geofences.places import PLACE_ERRORS
from geofences.range_routes import ranges_router
from geofences.routes import fences_router
from geofences.search_routes import fence_search_router
from geofences.simulation import SimulationTools
from mobile_api.alert_routes import phone_alerts_router
from mobile_api.check_in import CheckIns
from mobile_api.liveness.routes import liveness_router
from mobile_api.offline.anchors import Anchors
from mobile_api.offline.routes import offline_router
from mobile_api.offline.sync import Syncs
from mobile_api.phone_care_routes import phone_care_router
from mobile_api.presence.routes import presence_routers
from mobile_api.presence.tools import PresenceTools, make_presence_tools
from mobile_api.routes import mobile_router
from mobile_api.session import session_router
from mobile_api.uploads.routes import uploads_router
from mobile_api.versions import versions_router

SCHEMA_HEAD = "0040"
BODY_LIMIT = 1_000_000
COLLECT_AFTER = (10_000, 20, 20)
"""Garbage collector's thresholds: requests leave few cycles behind, and each collection looks at all that is young."""


async def provide_tx(state: State, request: Request[Any, Any, Any]) -> AsyncGenerator[Tx]:
    """Open the request's one transaction; it commits after the handler and before the answer."""
    if request.method != "GET":
        # A client that sends slowly must not hold a connection, let alone locks: the body comes first.
        await request.body()
    database: Database = state.database
    async with database.transaction() as tx:
        yield tx


def provide_actor(request: Request[Any, Any, Any]) -> Actor:
    """Give the one whom the guard let in."""
    return request.scope["user"]


def provide_clock(state: State) -> Clock:
    """Give the clock."""
    return state.clock


def provide_database(state: State) -> Database:
    """Give the pools, for the routes that run their own transaction."""
    return state.database


def provide_keys(state: State) -> KeyRing:
    """Give the key ring."""
    return state.key_ring


def provide_settings(state: State) -> Settings:
    """Give the settings."""
    return state.settings


def provide_check_ins(state: State) -> CheckIns:
    """Give the desk that takes check-ins."""
    return state.check_ins


def provide_syncs(state: State) -> Syncs:
    """Give the desk that takes phones' queues."""
    return state.syncs


def provide_anchors(state: State) -> Anchors:
    """Give what signs time anchors."""
    return state.wiring.anchors


def provide_min_app_version(state: State) -> str:
    """Give what phone apps are asked to be at least."""
    return state.settings.min_app_version


def provide_attestation(state: State) -> Attestation:
    """Give what looks at attestations of phones' keys."""
    return state.wiring.attestation


def provide_gate_tools(state: State) -> GateTools:
    """Give what taking a gate's batch works with."""
    return state.gate_tools


def provide_simulation_tools(state: State) -> SimulationTools:
    """Give what replaying punches against a fence works with."""
    return state.simulation_tools


def provide_correction_tools(state: State) -> CorrectionTools:
    """Give what corrections of fences work with."""
    return state.correction_tools


def provide_file_reader(state: State) -> FileReader:
    """Give what reads fence files."""
    return state.file_reader


def provide_upload_tools(state: State) -> UploadTools:
    """Give what uploads of photos work with."""
    return state.upload_tools


def provide_presence_tools(state: State) -> PresenceTools:
    """Give what the ways of showing presence work with."""
    return state.presence_tools


def provide_liveness_tools(state: State) -> LivenessTools:
    """Give what liveness works with."""
    return state.liveness_tools


def provide_reference_tools(state: State) -> ReferenceTools:
    """Give what reference photos work with."""
    return state.reference_tools


def provide_missing_channels(state: State) -> dict[str, str | None]:
    """Give each channel's name with the setting that it misses."""
    return state.missing_channels


def provide_live_feed(state: State) -> LiveFeed:
    """Give what boards are told from."""
    return state.live_feed


def provide_field_cipher(state: State) -> FieldCipher:
    """Give the cipher of single columns."""
    return state.wiring.identity.cipher


def provide_blind_index(state: State) -> BlindIndex:
    """Give the keyed index of encrypted columns."""
    return state.wiring.identity.index


def provide_identity_services(state: State) -> IdentityServices:
    """Give what log-in and sessions work with."""
    return state.wiring.identity


def provide_fold_days(state: State) -> DayFolder:
    """Give who folds the days that new entries touch."""
    return state.wiring.fold_days


def provide_language(request: Request[Any, Any, Any]) -> str:
    """Choose the caller's language by Accept-Language."""
    return messages.pick_language(request.headers.get("accept-language"))


DEPENDENCIES = {
    "tx": Provide(provide_tx),
    "actor": Provide(provide_actor, sync_to_thread=False),
    "clock": Provide(provide_clock, sync_to_thread=False),
    "database": Provide(provide_database, sync_to_thread=False),
    "keys": Provide(provide_keys, sync_to_thread=False),
    "settings": Provide(provide_settings, sync_to_thread=False),
    "check_ins": Provide(provide_check_ins, sync_to_thread=False),
    "syncs": Provide(provide_syncs, sync_to_thread=False),
    "anchors": Provide(provide_anchors, sync_to_thread=False),
    "min_app_version": Provide(provide_min_app_version, sync_to_thread=False),
    "attestation": Provide(provide_attestation, sync_to_thread=False),
    "gate_tools": Provide(provide_gate_tools, sync_to_thread=False),
    "simulation_tools": Provide(provide_simulation_tools, sync_to_thread=False),
    "correction_tools": Provide(provide_correction_tools, sync_to_thread=False),
    "file_reader": Provide(provide_file_reader, sync_to_thread=False),
    "upload_tools": Provide(provide_upload_tools, sync_to_thread=False),
    "presence_tools": Provide(provide_presence_tools, sync_to_thread=False),
    "liveness_tools": Provide(provide_liveness_tools, sync_to_thread=False),
    "reference_tools": Provide(provide_reference_tools, sync_to_thread=False),
    "missing_channels": Provide(provide_missing_channels, sync_to_thread=False),
    "live_feed": Provide(provide_live_feed, sync_to_thread=False),
    "field_cipher": Provide(provide_field_cipher, sync_to_thread=False),
    "blind_index": Provide(provide_blind_index, sync_to_thread=False),
    "identity_services": Provide(provide_identity_services, sync_to_thread=False),
    "fold_days": Provide(provide_fold_days, sync_to_thread=False),
    "language": Provide(provide_language, sync_to_thread=False),
}


def routers() -> list[Router]:
    """Join the modules' routes."""
    return [
        health_router(),
        viewer_router(),
        identity_router(),
        sites_router(SitePolicy),
        ledger_router(),
        attendance_router(),
        alerts_router(),
        gate_router(),
        envelope_router(),
        zkteco_router(),
        hikvision_router(),
        gate_admin_router(PLACE_ERRORS),
        outages_router(),
        mqtt_admin_router(),
        command_router(),
        reconciliation_router(),
        misuse_router(),
        live_router(),
        channels_router(),
        fences_router(),
        alignments_router(),
        ranges_router(),
        fence_map_router(),
        fence_search_router(),
        session_router(),
        mobile_router(),
        offline_router(),
        uploads_router(),
        *presence_routers(),
        versions_router(),
        references_router(),
        liveness_router(),
        phone_care_router(),
        phone_alerts_router(),
    ]


def create_app(settings: Settings, *, clock: Clock | None = None, keys: KeyRing | None = None) -> Litestar:
    """Build the application.

    `clock` and `keys` replace the machine's clock and the key files (tests, demo). Raises RuntimeError when a route
    does not say who may call it.
    """
    clock = clock or SystemClock()
    wiring = wire(settings, clock, keys)
    database = Database(settings.database_url, max_size=settings.pool_size)
    examiner = Examiner()
    check_ins = CheckIns(database, wiring.fences, wiring.data_keys, wiring.fingerprints, clock)
    syncs = Syncs(database, wiring.fences, wiring.data_keys, wiring.anchors, clock)

    live_feed = LiveFeed(database)

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncGenerator[None]:
        async with database.opened():
            yield
            await live_feed.finish()
            await check_ins.finish()
            await examiner.close()
            await syncs.finish()
            wiring.workbench.close()

    app = Litestar(
        route_handlers=routers(),
        state=State(
            {
                "settings": settings,
                "clock": clock,
                "database": database,
                "key_ring": wiring.keys,
                "wiring": wiring,
                "verifier": wiring.identity.access,
                "check_ins": check_ins,
                "live_feed": live_feed,
                "missing_channels": {
                    name.value: missing
                    for name, missing in missing_settings(settings.channels, wiring.identity.sms).items()
                },
                "syncs": syncs,
                "gate_tools": GateTools(
                    database,
                    wiring.gate_secrets,
                    wiring.data_keys,
                    wiring.fingerprints,
                    wiring.fold_days,
                    wiring.read_place,
                    clock,
                    wiring.blobs,
                    examiner=examiner,
                ),
                "simulation_tools": SimulationTools(database, wiring.data_keys, wiring.workbench, clock),
                "correction_tools": CorrectionTools(
                    database, wiring.data_keys, wiring.workbench, wiring.fold_days, clock
                ),
                "file_reader": FileReader(),
                "upload_tools": UploadTools(
                    database=database, data_keys=wiring.data_keys, blobs=wiring.blobs, clock=clock
                ),
                "presence_tools": make_presence_tools(settings, database, wiring.fences, wiring.identity.cipher, clock),
                "liveness_tools": LivenessTools(
                    database=database,
                    faces=wiring.faces,
                    data_keys=wiring.data_keys,
                    blobs=wiring.blobs,
                    clock=clock,
                ),
                "reference_tools": ReferenceTools(
                    database=database,
                    faces=wiring.faces,
                    examiner=examiner,
                    data_keys=wiring.data_keys,
                    blobs=wiring.blobs,
                    clock=clock,
                ),
                "schema_head": SCHEMA_HEAD,
            }
        ),
        dependencies=DEPENDENCIES,
        guards=[authorize],
        dto=StrictJSON,
        return_dto=None,
        exception_handlers=EXCEPTION_HANDLERS,
        middleware=[],
        lifespan=[lifespan],
        request_max_body_size=BODY_LIMIT,
        # With a configuration Litestar adds routes of its own; the document and its routes are ours.
        openapi_config=None,
        response_cache_config=ResponseCacheConfig(),
        logging_config=None,
        debug=False,
        pdb_on_exception=False,
    )
    require_access_rules(app)
    DaogangErrors.of_tokens = (errors.TokenMissing, *TOKEN_REFUSALS)
    app.state.api_document = ApiDocument(app)
    app.asgi_handler = attend_requests(app.asgi_handler)
    return app


def app_from_environment() -> Litestar:
    """Build the application of a server process; the only place that reads its environment."""
    settings = read_settings(os.environ)
    configure_logs(settings.log_format)
    app = create_app(settings)
    app.on_startup.append(_begin_warming)
    gc.set_threshold(*COLLECT_AFTER)
    return app


async def _begin_warming(app: Litestar) -> None:
    """Warm up beside the first requests, not before them; one that needs it earlier waits for the same import."""
    app.state.warming = asyncio.get_running_loop().run_in_executor(None, _warm_up)


def _warm_up() -> None:
    warm_up()
    # What is there now stays for good: searching through it for garbage took a twentieth of a busy server's time.
    gc.collect()
    gc.freeze()
