"""Builds the application: joins routers, guards, dependencies and error handlers; the only caller of Litestar()."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.config.response_cache import ResponseCacheConfig
from litestar.datastructures import State
from litestar.router import Router

from backend.alerts.channels.configured import missing_settings
from backend.alerts.channels.routes import channels_router
from backend.alerts.live.feed import LiveFeed
from backend.alerts.live.routes import live_router
from backend.alerts.routes import alerts_router
from backend.alerts.set_aside_routes import set_aside_router
from backend.attendance.rates.routes import rates_router
from backend.attendance.requests.routes import requests_router
from backend.attendance.reviews.routes import reviews_router
from backend.attendance.routes import attendance_router
from backend.decision.policy import SitePolicy
from backend.dependencies import DEPENDENCIES
from backend.evidence.liveness.receiving import LivenessTools
from backend.evidence.photos.examiner import Examiner
from backend.evidence.photos.routes import photos_router
from backend.evidence.photos.viewing import Easel, ViewingTools
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
from backend.identity.errors import TOKEN_REFUSALS
from backend.identity.routes import identity_router
from backend.kit import errors
from backend.kit.clock import Clock, SystemClock
from backend.kit.db import Database
from backend.kit.garbage import collect_less, keep_what_is_there
from backend.kit.guards import authorize, require_access_rules
from backend.kit.keyring import KeyRing
from backend.kit.logs import configure_logs
from backend.kit.openapi import ApiDocument, DaogangErrors
from backend.kit.problems import EXCEPTION_HANDLERS
from backend.kit.requests import attend_requests
from backend.kit.stopping import when_about_to_stop
from backend.kit.strict_json import StrictJSON
from backend.ledger.routes import ledger_router
from backend.ledger.seals.routes import seals_router
from backend.pages.routes import pages_router
from backend.pages.shelf import Shelf
from backend.reports.bulletins.issuing import BulletinTools
from backend.reports.bulletins.routes import bulletins_router
from backend.reports.packs.making import PackTools
from backend.reports.packs.routes import packs_router
from backend.reports.rendering.renderer import Renderer
from backend.reports.service_records.routes import service_records_router
from backend.settings import Settings, read_settings
from backend.sites.routes import sites_router
from backend.viewer import viewer_router
from backend.wiring import wire
from geofences.alignment_routes import alignments_router
from geofences.base_map_routes import base_map_router
from geofences.corrections import CorrectionTools
from geofences.evaluation import warm_up
from geofences.file_reader import FileReader
from geofences.map_routes import fence_map_router
from geofences.places import PLACE_ERRORS
from geofences.punch_map_routes import punch_map_router
from geofences.range_routes import ranges_router
from geofences.routes import fences_router
from geofences.search_routes import fence_search_router
from geofences.simulation import SimulationTools
from mobile_api.alert_routes import phone_alerts_router
from mobile_api.check_in import CheckIns
from mobile_api.liveness.routes import liveness_router
from mobile_api.my_month.routes import my_month_router
from mobile_api.offline.routes import offline_router
from mobile_api.offline.sync import Syncs
from mobile_api.phone_care_routes import phone_care_router
from mobile_api.presence.routes import presence_routers
from mobile_api.presence.tools import make_presence_tools
from mobile_api.requests.routes import phone_requests_router
from mobile_api.routes import mobile_router
from mobile_api.session import session_router
from mobile_api.uploads.routes import uploads_router
from mobile_api.versions import versions_router

SCHEMA_HEAD = "0053"
BODY_LIMIT = 1_000_000


def routers() -> list[Router]:
    """Join the modules' routes."""
    return [
        health_router(),
        viewer_router(),
        pages_router(),
        identity_router(),
        sites_router(SitePolicy),
        ledger_router(),
        seals_router(),
        attendance_router(),
        requests_router(),
        reviews_router(),
        rates_router(),
        alerts_router(),
        set_aside_router(),
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
        bulletins_router(),
        packs_router(),
        service_records_router(),
        fences_router(),
        alignments_router(),
        ranges_router(),
        fence_map_router(),
        base_map_router(),
        fence_search_router(),
        punch_map_router(),
        session_router(),
        mobile_router(),
        offline_router(),
        uploads_router(),
        photos_router(),
        *presence_routers(),
        versions_router(),
        references_router(),
        liveness_router(),
        phone_care_router(),
        phone_alerts_router(),
        phone_requests_router(),
        my_month_router(),
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
    easel = Easel()
    renderer = Renderer()

    @asynccontextmanager
    async def lifespan(_app: Litestar) -> AsyncGenerator[None]:
        async with database.opened():
            when_about_to_stop(live_feed.end_boards)
            yield
            await live_feed.finish()
            await check_ins.finish()
            await examiner.close()
            await syncs.finish()
            wiring.workbench.close()
            easel.close()

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
                "photo_viewing": ViewingTools(
                    database=database, data_keys=wiring.data_keys, blobs=wiring.blobs, easel=easel, clock=clock
                ),
                "shelf": Shelf(settings.web_dir),
                "map_origins": () if settings.base_map is None else settings.base_map.origins,
                "bulletin_tools": BulletinTools(database=database, renderer=renderer, clock=clock),
                "pack_tools": PackTools(database=database, renderer=renderer, services=wiring.identity, clock=clock),
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
    collect_less()
    return app


async def _begin_warming(app: Litestar) -> None:
    """Warm up beside the first requests, not before them; one that needs it earlier waits for the same import."""
    app.state.warming = asyncio.get_running_loop().run_in_executor(None, _warm_up)


def _warm_up() -> None:
    warm_up()
    # Searching through it for garbage took a twentieth of a busy server's time.
    keep_what_is_there()
